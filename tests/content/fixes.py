"""The functions that pages offer to be copied, in one list, and what each is held to (test_fixes.py)."""

from __future__ import annotations

import contextlib
import functools
import io
import runpy
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from tests.conftest import ROOT

Inputs = tuple[torch.Tensor, ...]


@dataclass(frozen=True)
class Fix:
    """A function of a snippet, and inputs that it takes.

    Args:
        page: the page, and its snippet: ``"edges/sqrt"``.
        name: the function.
        draw: regular inputs, float64, given a generator and the shape of a batch. The first dimensions of each input
            are the batch.
        call: how it is called with these inputs; itself if it is None.
        extremes: inputs at which value and gradient are to be finite, in each dtype that has these numbers.
        leaves_out: checks that it does not pass, each with the words with which its docstring, or the page, says so.
        reduces: whether it gives one number for the whole batch.
    """

    page: str
    name: str
    draw: Callable[[torch.Generator, tuple[int, ...]], Inputs]
    call: Callable[..., torch.Tensor] | None = None
    extremes: Sequence[tuple[Any, ...]] = ()
    leaves_out: Mapping[str, str] = field(default_factory=dict)
    reduces: bool = False

    @property
    def function(self) -> Callable[..., torch.Tensor]:
        return names_of(self.page)[self.name]

    def __call__(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.call(self.function, *inputs) if self.call else self.function(*inputs)

    def inputs(self, batch: tuple[int, ...], dtype: torch.dtype = torch.float64) -> Inputs:
        generator = torch.Generator().manual_seed(0)
        return tuple(x.to(dtype) if x.is_floating_point() else x for x in self.draw(generator, batch))


@functools.cache
def names_of(page: str) -> dict[str, Any]:
    """What a snippet defines."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return runpy.run_path(str(ROOT / "snippets" / f"{page}.py"))


def normal(generator: torch.Generator, shape: tuple[int, ...]) -> torch.Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def numbers(count: int = 1, *, low: float | None = None, high: float | None = None) -> Callable:
    """So many inputs of numbers: standard normal, or uniform between two bounds."""

    def draw(generator: torch.Generator, batch: tuple[int, ...]) -> Inputs:
        if low is None:
            return tuple(normal(generator, batch) for _ in range(count))
        uniform = (torch.rand(batch, generator=generator, dtype=torch.float64) for _ in range(count))
        return tuple(low + (high - low) * u for u in uniform)

    return draw


def vectors(count: int, size: int) -> Callable:
    """So many inputs of vectors in the last dimension."""

    def draw(generator: torch.Generator, batch: tuple[int, ...]) -> Inputs:
        return tuple(normal(generator, (*batch, size)) for _ in range(count))

    return draw


def images(generator: torch.Generator, batch: tuple[int, ...]) -> Inputs:
    """Gray images, as many as the first dimension of the batch has."""
    count = batch[0] if batch else 1
    return (torch.rand((count, 1, 5, 5), generator=generator, dtype=torch.float64),)


ZERO, LARGE = 0.0, 1e4  # the largest that float16 has too

FIXES = [
    Fix("edges/sqrt", "safe_sqrt", numbers(low=0.1, high=3.0), extremes=[(ZERO,), (-1.0,), (LARGE,)]),
    Fix("edges/division", "safe_divide", numbers(2), extremes=[(1.0, ZERO), (ZERO, ZERO)]),
    Fix("images/tensor", "edges_safe", images),
    Fix("images/tensor", "total_variation_safe", images),
]
