"""Samples the curve of a Pieces rule: x, f(x) and the gradient, by torch, in float64; what its panels show."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from livedocs.measure.checks import declaration_error
from livedocs.measure.modes import evaluate, listed
from livedocs.measure.pieces import CheckedPieces
from livedocs.measured import Curve, CurvePoint, Point

SAMPLES = 160  # about so many steps from end to end: on a phone one is two pixels wide
STEPS = (1.0, 2.0, 2.5, 5.0)  # times a power of ten, so that every x that can be reached is a short number
TICKS, TICK_STEPS = 5, (1.0, 2.0, 5.0)
TALL = 10.0  # where a function grows beyond this, and nothing special follows, its curve ends
POLE = 6.0  # beside a pole a panel shows at least this much


def sample_curve(pieces: CheckedPieces, points: Sequence[Point]) -> Curve:
    """The curve of a rule, with its special points.

    Raises:
        DocsError: for a call that does not work entry by entry.
    """
    special = sorted((_special_point(pieces, point) for point in points), key=lambda p: _order(p.x))
    first, last = _shown_interval(pieces)
    measured = {p.x: p for p in special if str(p.x) != "-0.0"}
    inside = {x for x in measured if first <= x <= last}
    xs = sorted(inside.union(_grid(first, last)))
    values, slopes = _by_torch(pieces, xs)
    for number, x in enumerate(xs):
        if x in inside:  # what was measured at the very point
            values[number], slopes[number] = measured[x].f, measured[x].g
    ends = [p for p in special if p.is_break and first <= p.x <= last]
    limits = [v for p in ends for v in p.limits]
    margin = 0.04 * (last - first)  # a dot at an end stands free of the edge
    view = {
        "x": [rounded(first - margin), rounded(last + margin)],
        "f": _view([*values, *limits]),
        "g": _view([*slopes, *(v for p in ends for v in (p.left, p.right))]),
    }
    return Curve(
        x=xs,
        f=[rounded(v) for v in values],
        g=[rounded(v) for v in slopes],
        view=view,
        ticks={name: multiples(*view[name], TICKS, TICK_STEPS) for name in view},
        points=tuple(special),
    )


def _order(x: float) -> tuple[float, float]:
    """By size, −0 before 0, and NaN at the end."""
    return (math.inf, math.inf) if math.isnan(x) else (x, math.copysign(1.0, x))


def _special_point(pieces: CheckedPieces, point: Point) -> CurvePoint:
    x = evaluate(point.inputs["x"]).item()
    before = after = None
    for low, high, value in zip(pieces.low, pieces.high, pieces.values, strict=True):
        if high.is_finite and float(high) == x:
            before = pieces.limit(value, high, "-")
        if low.is_finite and float(low) == x:
            after = pieces.limit(value, low, "+")
    g, left, right = (rounded(slopes["x"]) if slopes else None for slopes in (point.gradient, point.left, point.right))
    return CurvePoint(
        x=x,
        f=rounded(float(point.output)),
        g=g,
        left=left,
        right=right,
        is_break=before is not None or after is not None,
        limits=(rounded(before), rounded(after)),
        verdict=point.verdict,
    )


def window_of(pieces: CheckedPieces) -> tuple[float, float]:
    """The interval of interest: the span, cut to where the function is defined, with all breakpoints."""
    ends = [float(p) for p in (*pieces.low, *pieces.high) if p.is_finite]
    first, last = pieces.rule.span
    if ends:
        first, last = min(first, min(ends) - 1), max(last, max(ends) + 1)
    return max(first, float(pieces.low[0])), min(last, float(pieces.high[-1]))


def _shown_interval(pieces: CheckedPieces) -> tuple[float, float]:
    """The window, without the ends where the function is so tall that the rest would look flat."""
    first, last = window_of(pieces)
    ends = [float(p) for p in (*pieces.low, *pieces.high) if p.is_finite]
    middle = (first + last) / 2
    while last - 0.5 >= max([middle, *(e + 1 for e in ends)]) and _is_tall(pieces, last):
        last -= 0.5
    while first + 0.5 <= min([middle, *(e - 1 for e in ends)]) and _is_tall(pieces, first):
        first += 0.5
    return first, last


def _is_tall(pieces: CheckedPieces, x: float) -> bool:
    return abs(float(evaluate(pieces.rule.call, {"x": torch.tensor(x, dtype=torch.float64)}))) > TALL


def _grid(first: float, last: float) -> list[float]:
    """The multiples of a short number in an interval, about SAMPLES of them, and the interval's ends."""
    return [first, *(x for x in multiples(first, last, SAMPLES, STEPS) if first < x < last), last]


def _by_torch(pieces: CheckedPieces, xs: list[float]) -> tuple[list[float], list[float | None]]:
    """Values and gradients at all x at once: a Pieces rule is a function of each entry by itself."""
    leaf = torch.tensor(xs, dtype=torch.float64, requires_grad=True)
    output = evaluate(pieces.rule.call, {"x": leaf})
    if output.shape != leaf.shape:
        got = f"shape {tuple(output.shape)} for an x of shape {tuple(leaf.shape)}"
        problem = "the call does not work entry by entry"
        raise declaration_error(pieces.rule, pieces.where, problem, got, "the shape of x")
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
    return [rounded(low - margin), rounded(high + margin)]


def multiples(low: float, high: float, about: int, steps: tuple[float, ...]) -> list[float]:
    """The multiples of a short number in an interval: about so many."""
    power = 10.0 ** math.floor(math.log10((high - low) / about))
    step = min((s * power * t for s in steps for t in (1, 10)), key=lambda s: abs((high - low) / s - about))
    return [round(k * step, 12) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def rounded(value: float | None) -> float | None:
    """Four significant digits: more than a screen shows, and a third of the bytes."""
    if value is None:
        return None
    short = float(f"{value:.4g}")
    # The largest float, rounded up, would be an infinity.
    return math.copysign(1.797e308, value) if math.isinf(short) and math.isfinite(value) else short
