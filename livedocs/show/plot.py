"""The plot of a scalar function: f and f′ as one small SVG, from the samples of its curve."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from html import escape

from livedocs.measured import CurvePoint, MeasuredRule
from livedocs.show.numbers import format_number

WIDTH, HEIGHT = 150, 90  # of a plot, in the units of its viewBox
FLAT = 0.15  # samples that are so close to the line between two others say nothing

Place = Callable[[float, float | None], tuple[float, float] | None]  # of a sample on the drawing, if it has one


def small_plot(rule: MeasuredRule) -> str:
    """f and f′ as a small SVG, in colours that docs/assets/site.css sets."""
    curve = rule.curve
    first, last = curve.view["x"]
    low = min(curve.view[name][0] for name in "fg")
    high = max(curve.view[name][1] for name in "fg")

    def place(x: float, y: float | None) -> tuple[float, float] | None:
        if y is None or math.isnan(y):
            return None
        # Far outside is all the same, and SVG knows no infinity.
        return (x - first) / (last - first) * WIDTH, max(-1.0, min(2.0, (high - y) / (high - low))) * HEIGHT

    breaks = {point.x: point for point in curve.points if point.is_break and str(point.x) != "-0.0"}
    limits = {x: point.limits for x, point in breaks.items()}
    slopes = {x: (point.left, point.right) for x, point in breaks.items()}
    drawn = [
        ("axis", f"M0 {_rounded(place(0, 0)[1])}h{WIDTH}"),
        ("axis", f"M{_rounded(place(0, 0)[0])} 0v{HEIGHT}" if first < 0 < last else ""),
        ("own", _path(_between_breaks(curve.x, curve.f, limits), place)),
        ("slope", _path(_between_breaks(curve.x, curve.g, slopes), place)),
    ]
    dots = [place(x, point.g) for x, point in breaks.items() if first <= x <= last]
    label = escape(_describe(rule, breaks))
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">'
        + "".join(f'<path class="{kind}" d="{d}"/>' for kind, d in drawn if d)
        + "".join(f'<circle cx="{_rounded(dot[0])}" cy="{_rounded(dot[1])}" r="3.5"/>' for dot in dots if dot)
        + "</svg>"
    )


def _between_breaks(xs: list[float], ys: list[float | None], limits: Mapping[float, tuple]) -> Iterable[list[tuple]]:
    """The samples (x, y) of each piece between two breakpoints; at its ends stand the limits from its side."""
    piece: list[tuple] = []
    for x, y in zip(xs, ys, strict=True):
        if x in limits:
            before, after = limits[x]
            yield [*piece, (x, before)]
            piece = [(x, after)]
        else:
            piece.append((x, y))
    yield piece


def _path(pieces: Iterable[list[tuple]], place: Place) -> str:
    """The ``d`` of a path through the samples."""
    d = []
    for piece in pieces:
        run: list[tuple[float, float]] = []
        for point in [*(place(*sample) for sample in piece), None]:
            if point is not None:
                run.append(point)
            elif len(run) > 1:
                d.append("M" + "L".join(f"{_rounded(x)} {_rounded(y)}" for x, y in _straightened(run)))
                run = []
            else:
                run = []
    return "".join(d)


def _straightened(run: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points without those that lie on a line between others (Ramer, Douglas and Peucker)."""
    (x0, y0), (x1, y1) = run[0], run[-1]
    far, at = 0.0, 0
    for number, (x, y) in enumerate(run[1:-1], 1):
        away = abs(y - (y0 + (y1 - y0) * (x - x0) / (x1 - x0)))
        if away > far:
            far, at = away, number
    if far <= FLAT:
        return [run[0], run[-1]]
    return [*_straightened(run[: at + 1])[:-1], *_straightened(run[at:])]


def _rounded(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _describe(rule: MeasuredRule, breaks: Mapping[float, CurvePoint]) -> str:
    """Alt text: the function, the interval, and PyTorch's gradient at each breakpoint."""
    first, last = rule.curve.x[0], rule.curve.x[-1]
    known = {x: point.g for x, point in breaks.items() if point.g is not None}
    said = [f"at x = {format_number(x)} the gradient is {format_number(g)}" for x, g in known.items()]
    text = f"{rule.short} and its gradient for x from {format_number(first)} to {format_number(last)}"
    return f"{text}; {', '.join(said)}" if said else text
