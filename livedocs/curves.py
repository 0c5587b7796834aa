"""Samples the curve of a Pieces rule for the explorer: x, f(x) and the gradient, by torch, in float64.

This runs next to torch, like livedocs.rulebook; livedocs.explorer writes what it finds into files.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from livedocs import plots
from livedocs.errors import DocsError
from livedocs.measure import Point, evaluate, listed

SAMPLES = 160  # about so many steps from end to end: on a phone one is two pixels wide
STEPS = (1.0, 2.0, 2.5, 5.0)  # times a power of ten, so that every x that can be reached is a short number
TICKS, TICK_STEPS = 5, (1.0, 2.0, 5.0)
TALL = 10.0  # where a function grows beyond this, and nothing special follows, its curve ends
POLE = 6.0  # beside a pole a panel shows at least this much


def sample(pieces, points: list[Point]) -> dict[str, Any]:
    """What the explorer needs of a Pieces rule.

    Args:
        pieces: the rule with its parameters put in (livedocs.rulebook).
        points: its measured special points.

    Returns:
        ``x``, ``f`` and ``g`` (the gradient; None where there is none), from left to right; ``view``, the lowest and
        highest of each that the panels show; ``ticks``, the round numbers between these; ``points``, the special ones.
    """
    special = sorted((_special(pieces, point) for point in points), key=lambda p: _order(p["x"]))
    first, last = _window(pieces)
    measured = {p["x"]: p for p in special if str(p["x"]) != "-0.0"}
    inside = {x for x in measured if first <= x <= last}
    xs = sorted(inside.union(_grid(first, last)))
    values, slopes = _by_torch(pieces, xs)
    for number, x in enumerate(xs):
        if x in inside:  # what was measured at the very point
            values[number], slopes[number] = measured[x]["f"], measured[x]["g"]
    ends = [p for p in special if p["break"] and first <= p["x"] <= last]
    limits = [v for p in ends for v in p["limits"]]
    margin = 0.04 * (last - first)  # a dot at an end stands free of the edge
    view = {
        "x": [_short(first - margin), _short(last + margin)],
        "f": _view([*values, *limits]),
        "g": _view([*slopes, *(p[side] for p in ends for side in ("left", "right"))]),
    }
    return {
        "x": xs,
        "f": [_short(v) for v in values],
        "g": [_short(v) for v in slopes],
        "view": view,
        "ticks": {name: _multiples(*view[name], TICKS, TICK_STEPS) for name in view},
        "points": special,
    }


def _order(x: float) -> tuple[float, float]:
    """By size, −0 before 0, and NaN at the end."""
    return (math.inf, math.inf) if math.isnan(x) else (x, math.copysign(1.0, x))


def _special(pieces, point: Point) -> dict[str, Any]:
    """A special point: its values, the slopes and the limits of the value on both sides, the verdict."""
    x = evaluate(point.inputs["x"]).item()
    before = after = None
    for low, high, value in zip(pieces.low, pieces.high, pieces.values, strict=True):
        if high.is_finite and float(high) == x:
            before = pieces.limit(value, high, "-")
        if low.is_finite and float(low) == x:
            after = pieces.limit(value, low, "+")
    return {
        "x": x,
        "f": _short(float(point.output)),
        **{
            name: _short(slopes["x"]) if slopes else None
            for name, slopes in (("g", point.gradient), ("left", point.left), ("right", point.right))
        },
        "break": before is not None or after is not None,
        "limits": [_short(before), _short(after)],
        "verdict": point.verdict,
    }


def _window(pieces) -> tuple[float, float]:
    """The plot's interval, without the ends where the function is so tall that the rest would look flat."""
    first, last = plots.window(pieces)
    ends = [float(p) for p in (*pieces.low, *pieces.high) if p.is_finite]
    middle = (first + last) / 2
    while last - 0.5 >= max([middle, *(e + 1 for e in ends)]) and _tall(pieces, last):
        last -= 0.5
    while first + 0.5 <= min([middle, *(e - 1 for e in ends)]) and _tall(pieces, first):
        first += 0.5
    return first, last


def _tall(pieces, x: float) -> bool:
    return abs(float(evaluate(pieces.rule.call, {"x": torch.tensor(x, dtype=torch.float64)}))) > TALL


def _grid(first: float, last: float) -> list[float]:
    """The multiples of a short number in an interval, about SAMPLES of them, and the interval's ends."""
    return [first, *(x for x in _multiples(first, last, SAMPLES, STEPS) if first < x < last), last]


def _by_torch(pieces, xs: list[float]) -> tuple[list[float], list[float | None]]:
    """Values and gradients at all x at once: a Pieces rule is a function of each entry by itself."""
    leaf = torch.tensor(xs, dtype=torch.float64, requires_grad=True)
    output = evaluate(pieces.rule.call, {"x": leaf})
    if output.shape != leaf.shape:
        raise DocsError(
            *pieces.where,
            f"rule {pieces.rule.name}: the call does not work entry by entry",
            got=f"shape {tuple(output.shape)} for an x of shape {tuple(leaf.shape)}",
            wanted="the shape of x",
        )
    if not output.requires_grad:
        return output.tolist(), [None] * len(xs)
    return output.tolist(), listed(torch.autograd.grad(output.sum(), leaf)[0])


def _view(values: list[float | None]) -> list[float]:
    """The lowest and highest value that a panel shows; 0 is among them, and poles are cut."""
    known = [v for v in values if v is not None and not math.isnan(v)]
    finite = sorted(abs(v) for v in known if math.isfinite(v))
    if len(finite) < len(known):
        most = max(POLE, 3 * finite[len(finite) // 2])
        known = [v for v in known if abs(v) <= most]
    low, high = min([0.0, *known]), max([0.0, *known])
    if low == high:
        low, high = -1.0, 1.0
    margin = 0.06 * (high - low)
    return [_short(low - margin), _short(high + margin)]


def _multiples(low: float, high: float, about: int, steps: tuple[float, ...]) -> list[float]:
    """The multiples of a short number in an interval: about so many."""
    power = 10.0 ** math.floor(math.log10((high - low) / about))
    step = min((s * power * t for s in steps for t in (1, 10)), key=lambda s: abs((high - low) / s - about))
    return [round(k * step, 12) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _short(value: float | None) -> float | None:
    """Four significant digits: more than a screen shows, and a third of the bytes."""
    return None if value is None else float(f"{value:.4g}")
