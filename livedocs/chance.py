"""Tells when something has drawn random numbers that nobody seeded: the next run would get others."""

from __future__ import annotations

import sys
from typing import Any

PROBLEM = "random numbers that are not seeded"
WANTED = "torch.manual_seed(…) before them, or a torch.Generator with a seed: each run is then the same"


class Chance:
    """Watches the generator that PyTorch's random functions draw from when they are given no other (of the CPU).

    PyTorch seeds it anew in each process, and does not say whether a program has: that the seed is still the first one
    says that it has not.
    """

    def __init__(self) -> None:
        self._seed: int | None = None
        self._state: Any = None
        self.drawn()

    def drawn(self) -> bool:
        """Whether numbers were drawn since this was asked last, while the generator still had its first seed.

        Always False before torch is imported, and where a program has sown a seed at all.
        """
        torch = sys.modules.get("torch")
        if not hasattr(torch, "default_generator"):
            return False
        seed, state = torch.default_generator.initial_seed(), torch.default_generator.get_state()
        if self._seed is None:
            self._seed, self._state = seed, state
            return False
        before, self._state = self._state, state
        return seed == self._seed and not torch.equal(state, before)
