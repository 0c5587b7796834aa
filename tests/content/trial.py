"""Whether a function of torch is differentiable: decided by calling it, and by what forward and backward say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._pytree import tree_leaves

from livedocs.show.no_gradient import Reason
from tests.content.calls import Call, Made, is_floating, seed
from tests.content.functions import Family

LONGEST = 200  # letters of a message
# Other inputs: the first has other signs, the second stays between 0 and 1.
CHANGES = (lambda tensor: 0.3 - 1.7 * tensor, lambda tensor: 0.1 + 0.5 * tensor)


@dataclass(frozen=True)
class Found:
    """What calling a function has shown.

    Args:
        name: of its family.
        names: all of the family.
        state: ``"differentiable"``, ``"without"`` a gradient, ``"itself"`` if it returns what it is given, or
            ``"uncalled"`` if no call succeeded.
        reason: why it has no gradient (livedocs.show.no_gradient.Reason).
        words: PyTorch's own; of one that could not be called, those of the first error.
        how: the call that had a gradient (``Call.how``).
    """

    name: str
    names: list[str]
    state: str
    reason: str = ""
    words: str = ""
    how: str = ""


def try_(family: Family, stages: Iterator[Iterator[Call]]) -> Found:
    """Call a function in these ways until one has a gradient, or a stage has shown why none has."""
    trial = Trial()
    for attempts in stages:
        for call in attempts:
            if trial.differentiates(call):
                return Found(family.name, family.spoken, "differentiable", how=call.how)
        if trial.shown and Reason.CONSTANT not in trial.shown:
            break
    if trial.itself:
        return Found(family.name, family.spoken, "itself")
    for reason in Reason:
        if reason in trial.shown:
            return Found(family.name, family.spoken, "without", reason, trial.shown[reason])
    return Found(family.name, family.spoken, "uncalled", Reason.UNCALLED, trial.first)


class Trial:
    """What the calls of one function have shown so far.

    ``shown`` has the reasons why one had no gradient, with PyTorch's words. ``itself`` says whether one returned its
    argument, ``first`` is the first error, ``floats`` the first one about floating-point tensors.
    """

    def __init__(self) -> None:
        self.shown: dict[Reason, str] = {}
        self.itself = False
        self.first = self.floats = ""

    def differentiates(self, call: Call) -> bool:
        """Whether a call has a gradient: of what its sample marks, of all its floating-point tensors, or of one."""
        floats = call.floats
        everything = list(range(len(floats)))
        given = [number for number in everything if floats[number].requires_grad]
        if any(self._try(call, leaves) for leaves in (given, everything) if leaves):
            return True
        if Reason.NO_FORMULA in self.shown and any(self._try(call, [number]) for number in everything):
            return True
        if not self.shown:
            self._try(call, [])  # is it only that nothing may require grad?
        return False

    def _try(self, call: Call, leaves: list[int]) -> bool:
        made = output = None
        for cloned in (False, True):
            seed()
            try:
                made = call.made(leaves, cloned=cloned)
                new, output = made.run()
                break
            except Exception as error:
                if cloned or "a leaf V" not in str(error):  # else it writes to its argument
                    self._note_error(words_of(error), bool(leaves))
                    return False
        graph = [tensor for tensor in new if tensor.requires_grad]
        if graph:
            return self._has_gradient(call, leaves, cloned, made, graph)
        tensors = [value for value in tree_leaves(output) if isinstance(value, torch.Tensor)]
        if len(new) < len(tensors):
            self.itself = self.itself or bool(leaves)
        else:
            self._note_output(output, tensors, bool(leaves))
        return False

    def _note_error(self, words: str, leaves: bool) -> None:
        self.first = self.first or words
        if re.search(r"derivative|automatic differentiation", words):
            self.shown.setdefault(Reason.NO_FORMULA, words)
        elif leaves and re.search(r"requires? grad", words):
            self.shown.setdefault(Reason.REFUSES, words)
        elif leaves:
            self.floats = self.floats or words

    def _note_output(self, output: Any, tensors: list[torch.Tensor], leaves: bool) -> None:
        """Note why what a call has returned has no gradient, and what backward says."""
        if not leaves and self.floats:
            self.shown.setdefault(Reason.NO_FLOATS, self.floats)
        elif not tensors:
            self.shown.setdefault(Reason.NO_TENSOR, backward_words(next(iter(tree_leaves(output)), None)))
        else:
            floating = [tensor for tensor in tensors if is_floating(tensor)]
            reason = Reason.CUT if floating else Reason.NO_FLOATS_OUT
            self.shown.setdefault(reason, backward_words((floating or tensors)[0]))

    def _has_gradient(self, call: Call, leaves: list[int], cloned: bool, made: Made, graph: list) -> bool:
        found = self._gradients(graph, made.leaves)
        if any(map(_is_nonzero, found)):
            return True
        if found and not _is_constant(call, leaves, cloned, graph):
            return True
        if found:
            self.shown.setdefault(Reason.CONSTANT, "")
        return False

    def _gradients(self, graph: list[torch.Tensor], leaves: list[torch.Tensor]) -> list[torch.Tensor]:
        """The gradients of all outputs, or of the first that has some."""
        for outputs in (graph, *([tensor] for tensor in graph if len(graph) > 1)):
            try:
                gradients = torch.autograd.grad(
                    outputs, leaves, [_cotangent(t) for t in outputs], allow_unused=True, retain_graph=True
                )
                return [gradient for gradient in gradients if gradient is not None and gradient.numel()]
            except Exception as error:
                words = words_of(error)
                kind = Reason.NO_FORMULA if "derivative" in words else Reason.RAISES
                self.shown.setdefault(kind, words)
        return []


def _cotangent(output: torch.Tensor) -> torch.Tensor:
    """Ones; of an output that is not dense the output itself, which has its layout."""
    dense = output.layout is torch.strided and not output.is_nested
    return torch.ones_like(output) if dense else output.detach().clone()


def _is_nonzero(gradient: torch.Tensor) -> bool:
    return bool((_dense(gradient) != 0).any())


def _dense(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor without a layout of its own, which cannot compare."""
    if tensor.is_nested:
        return torch.cat([part.flatten() for part in tensor.unbind()])
    return tensor if tensor.layout is torch.strided else tensor.to_dense()


def _is_constant(call: Call, leaves: list[int], cloned: bool, before: list[torch.Tensor]) -> bool:
    """Whether other inputs give the same output; where there are none in its domain there is nothing to compare."""
    for change in CHANGES:
        seed()
        try:
            new, _ = call.made(leaves, change=change, cloned=cloned).run()
        except Exception:
            continue
        after = [_dense(tensor).detach() for tensor in new if tensor.requires_grad]
        pairs = zip([_dense(tensor).detach() for tensor in before], after, strict=True)
        return all(a.shape == b.shape and torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in pairs)
    return True


def backward_words(output: Any) -> str:
    """What ``output.backward()`` says."""
    try:
        output.backward(*([torch.ones_like(output)] if isinstance(output, torch.Tensor) else []))
    except Exception as error:
        return words_of(error)
    return ""


def words_of(error: Exception) -> str:
    """What an error says: its first line, of a long one the first sentence."""
    line = str(error).strip().partition("\n")[0]
    words = line if len(line) <= LONGEST else re.match(r".*?[.:;](?= |$)|.*", line)[0]
    return f"{type(error).__name__}: {words}"
