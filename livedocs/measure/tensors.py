"""Measures the special points of a VJP rule, and finds the active pieces around a point."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch

from livedocs.declare import VJP
from livedocs.measure.checks import Where, check_inputs, checked_call, declaration_error
from livedocs.measure.modes import Function, Measurement, differentiable, evaluate, flat, measure

DIRECTIONS = 16  # along which the surroundings of a point are looked at, both ways
NEAR = 1e-7  # how far away


def regular_inputs(rule: VJP, shapes: Mapping[str, tuple[int, ...]], generator: torch.Generator) -> dict[str, Any]:
    """Inputs of a VJP rule, drawn as it declares, float64, with gradients on."""
    drawn = {name: draw(generator, shapes[name]) for name, draw in rule.inputs.items()}
    drawn = {name: t.requires_grad_() if differentiable(t) else t for name, t in drawn.items()}
    return {**drawn, **{name: evaluate(text) for name, text in rule.fixed.items()}}


def measure_tensors(rule: VJP, where: Where) -> Iterator[Measurement]:
    """Measure the special points of a VJP rule.

    Raises:
        DocsError: for a declaration that is wrong.
    """
    for problem, given in (("no inputs", rule.inputs), ("no special points", rule.special)):
        if not given:
            raise declaration_error(rule, where, problem, "an empty mapping", "one at least")
    generator = torch.Generator().manual_seed(0)
    for shapes in rule.shapes:
        names = regular_inputs(rule, shapes, generator)
        if not torch.isfinite(checked_call(rule, where, names)).all():
            raise declaration_error(
                rule, where, "a regular sample that is not finite", f"shapes {shapes}", "finite outputs"
            )
    for label in rule.active:
        if label not in rule.special:
            raise declaration_error(
                rule, where, "active pieces at no special point", label, f"one of: {', '.join(rule.special)}"
            )
    for label, inputs in rule.special.items():
        wrong = set(inputs) ^ set(rule.inputs)
        if wrong:
            raise declaration_error(rule, where, f"the inputs of '{label}'", ", ".join(inputs), ", ".join(rule.inputs))
        check_inputs(rule, where, {**inputs, **rule.fixed})
        checked_call(rule, where, {n: evaluate(t) for n, t in {**inputs, **rule.fixed}.items()})
        yield measure(rule.call, label, inputs, rule.fixed)


def find_surroundings(rule: VJP, point: Measurement) -> tuple[list[list[float]], list[tuple[list[float], float]], bool]:
    """What is found close to a point.

    Returns:
        The gradients, each once; the directions they were found in with the slopes along them; and whether the
        function jumps at the point.
    """
    values = {name: evaluate(text) for name, text in point.inputs.items() if name not in rule.fixed}
    constants = {name: evaluate(text) for name, text in rule.fixed.items()}
    names = [name for name, value in values.items() if differentiable(value)]
    function = Function(rule.call, values, constants, names)
    generator = torch.Generator().manual_seed(0)
    hull: list[list[float]] = []
    slopes = []
    jumps = False
    value = sum(flat(point.output))
    for _ in range(DIRECTIONS):
        directions = [torch.randn(values[n].shape, generator=generator, dtype=torch.float64) for n in names]
        for side in (1.0, -1.0):
            near = [(values[n] + side * NEAR * d).requires_grad_() for n, d in zip(names, directions, strict=True)]
            output = function(*near)
            jumps = jumps or abs(float(output.detach().sum()) - value) > 1e-4 * max(1.0, abs(value))
            grads = torch.autograd.grad(output, near, torch.ones_like(output), allow_unused=True)
            known_grads = [torch.zeros_like(t) if g is None else g for g, t in zip(grads, near, strict=True)]
            whole = torch.cat([g.reshape(-1) for g in known_grads])
            entries = whole.tolist()
            if all(map(math.isfinite, entries)):
                if not any(_are_alike(entries, known) for known in hull):
                    hull.append(entries)
                direction = side * torch.cat([d.reshape(-1) for d in directions])
                slopes.append((direction.tolist(), float(whole @ direction)))
    return hull, slopes, jumps


def _are_alike(a: list[float], b: list[float]) -> bool:
    """Whether two gradients are one, up to the curvature between two places that are ``NEAR``."""
    return all(abs(x - y) <= 1e-4 * max(1.0, abs(x), abs(y)) for x, y in zip(a, b, strict=True))
