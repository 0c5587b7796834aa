"""Runs a call at one point in every mode: value, reverse and forward gradient, second order, one-sided slopes.

It needs torch alone, nothing else of this project, so that the very same file can be run in other releases.
Everything is float64 on the CPU. A quantity is kept per input, as nested lists, so that it can be written as
JSON: ``{"x": [0.5, 0.5]}``. None stands for a quantity that does not exist, and ``reasons`` says why.
"""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

Values = dict[str, Any]

STEPS = [2.0**-k for k in range(6, 27, 4)]  # for one-sided slopes; float64 leaves room for all of them
SHRINK = 16  # from one step to the next
WHOLE = 4  # entries of all inputs, at most, whose Hessian is kept whole

_GLOBALS = {"torch": torch}


@dataclass
class Measurement:
    """What PyTorch gave at one point.

    ``label`` names the point, ``inputs`` is its Python text. ``output`` is a nested list. ``gradient``, ``forward``,
    ``create_graph``, ``second``, ``left`` and ``right`` map each input to a nested list, or are None. ``second`` is
    the derivative of each entry's gradient with respect to that entry. ``hessian`` is the whole matrix over the
    entries of all inputs in their order, where there are 2 to 4 of them.
    """

    label: str
    inputs: dict[str, str]
    output: Any = None
    gradient: Values | None = None
    forward: Values | None = None
    create_graph: Values | None = None
    second: Values | None = None
    hessian: list[list[float]] | None = None
    left: Values | None = None
    right: Values | None = None
    reasons: dict[str, str] = field(default_factory=dict)


def evaluate(text: str, names: Mapping[str, Any] | None = None) -> Any:
    """The value of a rule's Python text: it may use ``torch`` and the given names, nothing else."""
    return eval(_compiled(text), _GLOBALS, dict(names or {}))


@functools.cache
def _compiled(text: str) -> types.CodeType:
    return compile(text, text, "eval")


def differentiable(tensor: torch.Tensor) -> bool:
    return tensor.is_floating_point() or tensor.is_complex()


def measure(call: str, label: str, inputs: Mapping[str, str], fixed: Mapping[str, str]) -> Measurement:
    """Run a call at one point, in every mode.

    Args:
        call: the rule's call.
        label: the name of the point.
        inputs: name to Python text of a tensor.
        fixed: further arguments, which are not differentiated.
    """
    found = Measurement(label, {**inputs, **fixed})
    constants = {name: evaluate(text) for name, text in fixed.items()}
    values = {name: evaluate(text) for name, text in inputs.items()}
    names = [name for name, value in values.items() if differentiable(value)]
    plain = Function(call, values, constants, names)
    found.output = listed(plain(*[values[name] for name in names]))

    leaves = [values[name].clone().requires_grad_() for name in names]
    output = plain(*leaves)
    if not output.requires_grad:
        found.reasons["gradient"] = "the output does not require grad"
        return found
    found.gradient = _try(found, "gradient", lambda: _reverse(output, names, leaves))
    if found.gradient is None:
        return found
    _twice(found, plain, names, values)
    found.forward = _try(found, "forward", lambda: _forward(plain, names, values))
    total = _total(plain, names, values)
    found.left = {name: _slopes(total, name, values[name], -1.0) for name in names}
    found.right = {name: _slopes(total, name, values[name], 1.0) for name in names}
    return found


class Function:
    """A call as a function of its differentiable inputs."""

    def __init__(self, call: str, values: Mapping, constants: Mapping, names: list[str]) -> None:
        self.call, self.names = call, names
        self.others = {**values, **constants}

    def __call__(self, *tensors: torch.Tensor) -> torch.Tensor:
        return evaluate(self.call, {**self.others, **dict(zip(self.names, tensors, strict=True))})


def _try(found: Measurement, what: str, measurement: Callable[[], Values]) -> Values | None:
    """A measurement, or None with PyTorch's own words for why there is none."""
    try:
        return measurement()
    except (RuntimeError, NotImplementedError) as error:
        found.reasons[what] = str(error).strip().splitlines()[0]
        return None


def _reverse(output: torch.Tensor, names: list[str], leaves: list[torch.Tensor]) -> Values:
    grads = torch.autograd.grad(output, leaves, torch.ones_like(output), allow_unused=True)
    return {name: None if grad is None else listed(grad) for name, grad in zip(names, grads, strict=True)}


def _twice(found: Measurement, function: Function, names: list[str], values: Mapping[str, torch.Tensor]) -> None:
    """The gradient under ``create_graph=True``, and its derivatives, each entry with respect to itself."""
    leaves = [values[name].clone().requires_grad_() for name in names]

    def first() -> Values:
        output = function(*leaves)
        grads = torch.autograd.grad(output, leaves, torch.ones_like(output), create_graph=True, allow_unused=True)
        first.grads = grads
        return {name: None if g is None else listed(g.detach()) for name, g in zip(names, grads, strict=True)}

    def second() -> Values:
        rows = [row for grad, leaf in zip(first.grads, leaves, strict=True) for row in _rows(grad, leaf, leaves)]
        if not rows:
            return {name: listed(values[name]) for name in names}  # empty inputs
        hessian = torch.stack(rows)
        if 1 < len(rows) <= WHOLE:
            found.hessian = listed(hessian)
        parts = hessian.diagonal().split([leaf.numel() for leaf in leaves])
        return {name: listed(part.view(values[name].shape)) for name, part in zip(names, parts, strict=True)}

    found.create_graph = _try(found, "create_graph", first)
    if found.create_graph is not None:
        found.second = _try(found, "second", second)


def _rows(grad: torch.Tensor | None, leaf: torch.Tensor, leaves: list[torch.Tensor]) -> list[torch.Tensor]:
    """For each entry of a gradient its derivatives with respect to the entries of all inputs."""
    if grad is None or not grad.requires_grad:
        return [torch.zeros(sum(other.numel() for other in leaves), dtype=leaf.dtype)] * leaf.numel()
    rows = []
    for entry in grad.reshape(-1):
        found = torch.autograd.grad(entry, leaves, retain_graph=True, allow_unused=True)
        known = [torch.zeros_like(other) if one is None else one for one, other in zip(found, leaves, strict=True)]
        rows.append(torch.cat([one.reshape(-1) for one in known]))
    return rows


def _forward(function: Function, names: list[str], values: Mapping[str, torch.Tensor]) -> Values:
    """The gradient by forward mode: one pass for each entry of each input."""
    primals = tuple(values[name] for name in names)
    result = {}
    for number, name in enumerate(names):
        entries = []
        for index in range(primals[number].numel()):
            tangents = [torch.zeros_like(p) for p in primals]
            tangents[number].view(-1)[index] = 1.0
            _, tangent = torch.func.jvp(function, primals, tuple(tangents))
            entries.append(tangent.sum())
        result[name] = listed(torch.stack(entries).view_as(primals[number]) if entries else primals[number])
    return result


def _total(function: Function, names: list[str], values: Mapping[str, torch.Tensor]) -> Callable:
    """The sum of the outputs as a number, with one input replaced."""

    def total(name: str, tensor: torch.Tensor) -> float:
        with torch.no_grad():
            return float(function(*[tensor if n == name else values[n] for n in names]).sum())

    return total


def _slopes(total: Callable, name: str, value: torch.Tensor, side: float) -> Any:
    """The slope on one side of every entry of an input: the limit of the derivative from there."""
    if value.is_complex():
        return None
    entries = []
    moved = value.clone()
    flattened = moved.view(-1)
    for index, start in enumerate(value.reshape(-1).tolist()):

        def along(step: float, index: int = index, start: float = start) -> float:
            flattened[index] = start + step
            return total(name, moved)

        entries.append(one_sided(along, start, side))
        flattened[index] = start
    return listed(torch.tensor(entries, dtype=torch.float64).view(value.shape))


def one_sided(along: Callable[[float], float], start: float, side: float) -> float:
    """The limit of a function's slope as its argument tends to 0 from one side.

    The slope between one and two steps away is taken for ever smaller steps, so that a jump at 0 itself does no
    harm; Richardson's extrapolation removes the curvature. A slope that grows at every step is infinite.

    Args:
        along: the function of the step.
        start: where the step begins; infinities and NaN have no slope.
        side: −1 for the left, 1 for the right.

    Returns:
        The slope, ±inf, or NaN where there is none (the function is undefined there, or it oscillates).
    """
    if not math.isfinite(start):
        return math.nan
    scale = max(1.0, abs(start))
    slopes = []
    for step in STEPS:
        h = step * scale
        slopes.append(side * (along(2 * side * h) - along(side * h)) / h)
    if not all(map(math.isfinite, slopes)):
        return math.nan
    better = [(SHRINK * b - a) / (SHRINK - 1) for a, b in zip(slopes, slopes[1:], strict=False)]
    errors = [abs(b - a) for a, b in zip(better, better[1:], strict=False)]
    best = min(range(len(errors)), key=errors.__getitem__)
    if errors[best] <= 1e-5 * max(1.0, abs(better[best + 1])):
        slope = better[best + 1]
        return slope if abs(slope) > 1e-5 else 0.0  # what is smaller than the error allowed is no slope
    growth = [abs(b) / abs(a) if a else math.inf for a, b in zip(slopes, slopes[1:], strict=False)]
    if all(g > 1.02 for g in growth):
        return math.copysign(math.inf, slopes[-1])
    return math.nan


def listed(tensor: torch.Tensor) -> Any:
    """A tensor as nested lists of Python numbers; −0.0 stays what it is, complex numbers become pairs."""
    tensor = torch.empty_like(tensor, requires_grad=False).copy_(tensor.detach())  # materializes lazy zeros too
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor)
    return tensor.tolist()


def flat(values: Any) -> list[float]:
    """Nested lists, or a mapping of them, as one flat list."""
    if isinstance(values, Mapping):
        return [entry for value in values.values() for entry in flat(value)]
    if isinstance(values, list):
        return [entry for value in values for entry in flat(value)]
    return [values]
