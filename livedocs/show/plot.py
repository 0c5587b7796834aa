"""The plot of a scalar function: f and f′ as small SVGs, from the samples of its curve.

A filled dot is what PyTorch returns at a special point, an open one a limit that it does not return. Where that lies
beyond the edge of the plot, a triangle points there. Colors are variables of docs/assets/site.css, so that one drawing
serves light and dark.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from livedocs.measured import Curve, CurvePoint, MeasuredRule
from livedocs.show.axes import framed, inner_size, room_for, short
from livedocs.show.numbers import format_number

CARD = 300, 180  # width and height in CSS pixels: two panels side by side, below each other on a phone
SHEET = 240, 140
FLAT = 0.15  # samples that are so close to the line between two others say nothing
F, G = "var(--plot-1)", "var(--plot-2)"

Sample = tuple[float, float | None]
Place = Callable[[float, float | None], tuple[float, float] | None]  # of a sample in a panel; None where there is none


@dataclass(frozen=True)
class _Layer:
    """A curve: its color, its pieces from left to right, and its dots."""

    color: str
    pieces: Sequence[Sequence[Sample]]
    filled: Sequence[Sample]
    open: Sequence[Sample] = ()
    dashed: bool = False


def card_plot(rule: MeasuredRule) -> str:
    """f and f′ in a panel each, as one image."""
    curve = rule.curve
    left = max(room_for(curve.ticks["f"]), room_for(curve.ticks["g"]))  # the axes of x stand below each other
    panels = [
        _panel(CARD, left, curve, curve.view["f"], curve.ticks["f"], [_value_layer(curve)], "f(x)"),
        _panel(CARD, left, curve, curve.view["g"], curve.ticks["g"], [_slope_layer(curve)], "f′(x)"),
    ]
    label = escape(_alt_text(rule))
    return f'<figure class="plot"><div class="panels" role="img" aria-label="{label}">{"".join(panels)}</div></figure>'


def small_plot(rule: MeasuredRule) -> str:
    """f and f′ in one panel, f′ dashed, with PyTorch's gradient at each breakpoint."""
    curve = rule.curve
    low = min(curve.view[name][0] for name in "fg")
    high = max(curve.view[name][1] for name in "fg")
    taller = max("fg", key=lambda name: curve.view[name][1] - curve.view[name][0])
    breaks = _breaks(curve)
    layers = [
        _Layer(F, _pieces(curve.x, curve.f, [(p, p.limits) for p in breaks]), ()),
        _Layer(G, _slope_layer(curve).pieces, [(p.x, p.g) for p in breaks], dashed=True),
    ]
    ticks = curve.ticks[taller]
    panel = _panel(SHEET, room_for(ticks), curve, (low, high), ticks, layers)
    return panel.replace("<svg ", f'<svg role="img" aria-label="{escape(_short_alt_text(rule))}" ', 1)


def _breaks(curve: Curve) -> list[CurvePoint]:
    """The points where pieces begin or end, inside the plot; −0 is drawn as 0."""
    return [p for p in _special(curve) if p.is_break]


def _special(curve: Curve) -> list[CurvePoint]:
    return [p for p in curve.points if curve.x[0] <= p.x <= curve.x[-1] and str(p.x) != "-0.0"]


def _value_layer(curve: Curve) -> _Layer:
    """f, with dots where it jumps."""
    breaks = _breaks(curve)
    jumps = [p for p in breaks if any(limit is not None and not _same(limit, p.f) for limit in p.limits)]
    return _Layer(
        F,
        _pieces(curve.x, curve.f, [(p, p.limits) for p in breaks]),
        [(p.x, p.f) for p in jumps],
        [(p.x, limit) for p in jumps for limit in p.limits if not _same(limit, p.f)],
    )


def _slope_layer(curve: Curve) -> _Layer:
    """f′, with a dot at each special point."""
    breaks = _breaks(curve)
    return _Layer(
        G,
        _pieces(curve.x, curve.g, [(p, (p.left, p.right)) for p in breaks]),
        [(p.x, p.g) for p in _special(curve)],
        [(p.x, slope) for p in breaks for slope in (p.left, p.right) if not _same(slope, p.g)],
    )


def _same(a: float | None, b: float | None) -> bool:
    """Equal as far as a reader can see."""
    return a == b or (a is not None and b is not None and math.isclose(a, b, rel_tol=1e-3, abs_tol=1e-9))


def _pieces(
    xs: Sequence[float], ys: Sequence[float | None], ends: Sequence[tuple[CurvePoint, tuple]]
) -> list[list[Sample]]:
    """The samples of each piece between two breakpoints; at its ends stand the limits from its side."""
    limits = {point.x: sides for point, sides in ends}
    pieces: list[list[Sample]] = [[]]
    for x, y in zip(xs, ys, strict=True):
        if x in limits:
            before, after = limits[x]
            pieces[-1].append((x, before))
            pieces.append([(x, after)])
        else:
            pieces[-1].append((x, y))
    return pieces


def _panel(
    size: tuple[int, int],
    left: int,
    curve: Curve,
    view: Sequence[float],
    ticks: Sequence[float],
    layers: Sequence[_Layer],
    title: str = "",
) -> str:
    """Axes with numbers, and curves.

    Args:
        size: width and height.
        left: where the plot begins.
        curve: gives what is shown of x, and the ticks there.
        view: the lowest and highest y.
        ticks: the numbers at the left.
        layers: the curves, the last one on top.
        title: stands above.
    """
    (first, last), (low, high) = curve.view["x"], view
    wide, tall = inner_size(size, left, title=bool(title))

    def place(x: float, y: float | None) -> tuple[float, float] | None:
        if y is None or math.isnan(y):
            return None
        # Far outside is all the same, and SVG knows no infinity.
        return (x - first) / (last - first) * wide, max(-1.0, min(2.0, (high - y) / (high - low))) * tall

    inside = "".join(part for layer in layers for part in _drawn(layer, place, tall))
    return framed(size, left, (curve.view["x"], view), (curve.ticks["x"], ticks), inside, title)


def _drawn(layer: _Layer, place: Place, tall: float) -> Iterator[str]:
    """The elements of a curve and its dots."""
    dashes = ' stroke-dasharray="5 2.5"' if layer.dashed else ""
    yield f'<path stroke="{layer.color}" stroke-width="2"{dashes} d="{_path(layer.pieces, place)}"/>'
    for samples, look in (
        (layer.open, f'fill="var(--plot-paper)" stroke="{layer.color}" stroke-width="1.5"'),
        (layer.filled, f'fill="{layer.color}"'),
    ):
        for spot in dict.fromkeys(filter(None, (place(*sample) for sample in samples))):
            x, y = spot
            if 0 <= y <= tall:
                yield f'<circle cx="{short(x)}" cy="{short(y)}" r="4" {look}/>'
            elif samples is layer.filled:
                yield f'<path {look} d="M{short(x)} {"1l5 8" if y < 0 else f"{short(tall - 1)}l5-8"}h-10z"/>'


def _path(pieces: Iterable[Sequence[Sample]], place: Place) -> str:
    """The ``d`` of a path through the samples."""
    d = []
    for piece in pieces:
        run: list[tuple[float, float]] = []
        for spot in [*(place(*sample) for sample in piece), None]:
            if spot is not None:
                run.append(spot)
            elif len(run) > 1:
                d.append("M" + "L".join(f"{short(x)} {short(y)}" for x, y in _straightened(run)))
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


def _alt_text(rule: MeasuredRule) -> str:
    """What the two panels show: the interval, and PyTorch's derivative at each special point."""
    first, last = rule.curve.x[0], rule.curve.x[-1]
    known = {p.label: p.gradient["x"] for p in rule.points if p.gradient and p.gradient["x"] is not None}
    said = "; ".join(f"at {label} PyTorch gives {value:g}" for label, value in known.items() if "nan" not in label)
    shown = f"{rule.short} and its derivative for x from {first:g} to {last:g}"
    return f"{shown}. Derivative: {said}." if said else f"{shown}."


def _short_alt_text(rule: MeasuredRule) -> str:
    """The function, the interval, and PyTorch's gradient at each breakpoint."""
    curve = rule.curve
    first, last = format_number(curve.x[0]), format_number(curve.x[-1])
    known = {p.x: p.g for p in curve.points if p.is_break and str(p.x) != "-0.0" and p.g is not None}
    said = [f"at x = {format_number(x)} the gradient is {format_number(g)}" for x, g in known.items()]
    text = f"{rule.short} and its gradient for x from {first} to {last}"
    return f"{text}; {', '.join(said)}" if said else text
