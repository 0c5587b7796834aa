"""The picture of a function of two numbers: contours, PyTorch's gradients as arrows, the gradients close to a point.

A dot marks the special point on the left, and on the right the gradient that PyTorch returns there. Where the
gradients close to the point are all the one that is returned, there is nothing to compare: the caption says it.
Colors are variables of docs/assets/site.css, so that one drawing serves light and dark.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape

from livedocs.measured import MeasuredRule, Surface, short_name
from livedocs.show.axes import EDGE, TEXT, TITLE, framed, inner_size, room_for, short
from livedocs.show.numbers import format_number
from livedocs.verdicts import Verdict

WIDTH = 290  # of a panel, in CSS pixels: two stand side by side, below each other on a phone
LONGEST = 21  # of an arrow; nine of them stand side by side
HEAD = 4.5  # of an arrow, each of its two strokes
SHORTEST = 1.5  # a gradient that is shorter is drawn as a dot
FLAT = 0.5  # points that are so close to the line between two others say nothing
LETTERS = 32  # of a title
APART = 30  # between two labels of contours
DIGIT, TALL = 6, 13  # about the width of a digit of a label, and the height of one
LINES, POINT = "var(--plot-1)", "var(--plot-2)"
Spot = tuple[float, float]
Place = Callable[[float, float], Spot]  # of two numbers in a panel


def plane_plot(rule: MeasuredRule) -> str:
    """Both panels as one image, with a caption that says how to read it."""
    surface = rule.surface
    left = max(room_for(surface.ticks[axis]) for axis in ("y", "gy"))  # the panels stand below each other on a phone
    panels = [_contour_panel(rule, surface, left)]
    if surface.hull and not _is_smooth(surface):
        panels.append(_gradient_panel(surface, left))
    label = escape(_alt_text(rule, surface))
    return (
        f'<figure class="plot"><div class="panels" role="img" aria-label="{label}">{"".join(panels)}</div>'
        f"<figcaption>{escape(_caption(surface))}</figcaption></figure>"
    )


def _size(left: int) -> tuple[tuple[int, int], int]:
    """The size of a panel whose drawing, which begins at ``left``, is a square; and the side of that."""
    side = WIDTH - left - EDGE
    size = WIDTH, side + TITLE + 20
    assert inner_size(size, left, title=True) == (side, side)
    return size, side


def _contour_panel(rule: MeasuredRule, surface: Surface, left: int) -> str:
    size, side = _size(left)
    view = surface.view["x"], surface.view["y"]

    def place(x: float, y: float) -> Spot:
        return _placed(x, y, view, side)

    title = short_name(rule.call).replace("float('inf')", "inf") + ("[0]" if surface.entry else "")
    title = title if len(title) <= LETTERS else rule.short
    inside = "".join(
        [
            *_contours(surface, place),
            _arrows(surface, place),
            _axis_names(surface.axes, side),
            _levels(surface, place, side),
            *_special(surface, place),
        ]
    )
    return framed(size, left, view, (surface.ticks["x"], surface.ticks["y"]), inside, escape(title))


def _gradient_panel(surface: Surface, left: int) -> str:
    size, side = _size(left)
    view = surface.view["gx"], surface.view["gy"]
    corners = [_placed(x, y, view, side) for x, y in surface.hull]
    path = "M" + "L".join(f"{short(x)} {short(y)}" for x, y in corners) + ("z" if len(corners) > 2 else "")
    if len(corners) == 1:
        (x, y), *_ = corners
        parts = [f'<circle cx="{short(x)}" cy="{short(y)}" r="7" stroke="{LINES}" stroke-width="2"/>']
    else:
        parts = [f'<path stroke="{LINES}" stroke-width="3" fill="{LINES}" fill-opacity=".2" d="{path}"/>']
    if _is_finite(surface.gradient):
        x, y = _placed(*surface.gradient, view, side)
        parts.append(_dot(x, y))
    parts.append(_axis_names((f"∂/∂{surface.axes[0]}", f"∂/∂{surface.axes[1]}"), side))
    ticks = surface.ticks["gx"], surface.ticks["gy"]
    return framed(size, left, view, ticks, "".join(parts), "gradients near that point")


def _placed(x: float, y: float, view: tuple[Sequence[float], Sequence[float]], side: float) -> Spot:
    (first, last), (low, high) = view
    return (x - first) / (last - first) * side, (high - y) / (high - low) * side


def _on_frame(x: float, y: float, view: tuple[Sequence[float], Sequence[float]]) -> bool:
    """Whether a place is on the edge of the panel: a line along it would be taken for its frame."""
    across, up = (1e-3 * (high - low) for low, high in view)
    (first, last), (low, high) = view
    return min(abs(x - first), abs(x - last)) < across or min(abs(y - low), abs(y - high)) < up


def _contours(surface: Surface, place: Place) -> Iterator[str]:
    """A path for each level."""
    view = surface.view["x"], surface.view["y"]
    for _, lines in surface.contours:
        inside = [line for line in lines if not all(_on_frame(x, y, view) for x, y in line)]
        drawn = [_straightened([place(x, y) for x, y in line]) for line in inside]
        d = "".join("M" + "L".join(f"{short(x)} {short(y)}" for x, y in line) for line in drawn)
        if d:
            yield f'<path stroke="{LINES}" stroke-width="1.2" d="{d}"/>'


def _levels(surface: Surface, place: Place, side: float) -> str:
    """The numbers of the levels, where there is room: each as far from the arrows as its line allows."""
    taken = [place(*surface.place), (10.0, 9.0), (side - 10, side - 9)]  # the dot, and the names of the axes
    arrows = [place(x, y) for x, y, _, _ in surface.arrows]
    labels = []
    for level, lines in surface.contours:
        spots = [place(x, y) for line in lines for x, y in line]
        inner = [s for s in spots if all(14 <= number <= side - 14 for number in s)]
        free = [s for s in inner if all(math.dist(s, other) > APART for other in taken)]
        if free:
            x, y = max(free, key=lambda spot: round(min((math.dist(spot, arrow) for arrow in arrows), default=0)))
            taken.append((x, y))
            name = format_number(level)
            wide = DIGIT * len(name) + 2
            corner = f"{short(x - wide / 2)} {short(y - TALL / 2)}"
            paper = f'<path fill="var(--plot-paper)" d="M{corner}h{wide}v{TALL}h-{wide}z"/>'
            labels.append(f'{paper}<text x="{short(x)}" y="{short(y + 4)}">{name}</text>')
    look = f'font-size="{TEXT - 1}" text-anchor="middle" fill="{LINES}"'
    return f"<g {look}>{''.join(labels)}</g>"


def _arrows(surface: Surface, place: Place) -> str:
    """All arrows as one path, each with its place in its middle; what is longer than nine tenths of them is cut."""
    dots, d = [], []
    for x, y, gx, gy in surface.arrows:
        start = place(x, y)
        length = _length(surface, gx, gy)
        if length < SHORTEST:
            dots.append(f"M{short(start[0])} {short(start[1])}h.1")
        else:
            half = length / 2 / math.hypot(gx, gy)
            d.append(_arrow((start[0] - half * gx, start[1] + half * gy), gx, gy, length))
    arrows = f'<path stroke-width="1.2" d="{"".join(d)}"/>'
    flat = f'<path stroke-width="3" stroke-linecap="round" d="{"".join(dots)}"/>'
    return f'<g stroke="currentColor" stroke-opacity=".75">{arrows}{flat}</g>'


def _length(surface: Surface, gx: float, gy: float) -> float:
    """Of an arrow, in CSS pixels."""
    lengths = sorted(math.hypot(ax, ay) for _, _, ax, ay in surface.arrows)
    most = lengths[len(lengths) * 9 // 10] or 1.0
    return LONGEST * min(1.0, math.hypot(gx, gy) / most)


def _arrow(start: Spot, gx: float, gy: float, length: float) -> str:
    angle = math.atan2(-gy, gx)  # on the screen y grows downwards
    end = start[0] + length * math.cos(angle), start[1] + length * math.sin(angle)
    head = min(HEAD, 0.6 * length)
    strokes = [(end[0] - head * math.cos(angle + turn), end[1] - head * math.sin(angle + turn)) for turn in (0.5, -0.5)]
    (ax, ay), (bx, by) = strokes
    tip = f"{short(end[0])} {short(end[1])}"
    return f"M{short(start[0])} {short(start[1])}L{tip}M{short(ax)} {short(ay)}L{tip}L{short(bx)} {short(by)}"


def _special(surface: Surface, place: Place) -> Iterator[str]:
    """The special point, with PyTorch's gradient as an arrow of its own."""
    x, y = place(*surface.place)
    if _is_finite(surface.gradient) and (length := _length(surface, *surface.gradient)) >= SHORTEST:
        d = _arrow((x, y), *surface.gradient, length + 5)
        yield f'<path stroke="{POINT}" stroke-width="2.5" d="{d}"/>'
    yield _dot(x, y)


def _dot(x: float, y: float) -> str:
    look = f'fill="{POINT}" stroke="var(--plot-paper)" stroke-width="1.5"'
    return f'<circle cx="{short(x)}" cy="{short(y)}" r="5" {look}/>'


def _axis_names(axes: Sequence[str], side: float) -> str:
    look = f'fill="currentColor" font-size="{TEXT}" font-style="italic" stroke="var(--plot-paper)" stroke-width="6"'
    across = f'<text x="{short(side - 4)}" y="{short(side - 5)}" text-anchor="end">{axes[0]}</text>'
    return f'<g {look} paint-order="stroke">{across}<text x="5" y="13">{axes[1]}</text></g>'


def _straightened(line: list[Spot]) -> list[Spot]:
    """The points without those that lie on a line between others (Ramer, Douglas and Peucker); it may be closed."""
    first, last = line[0], line[-1]
    far, at = 0.0, 0
    for number, spot in enumerate(line[1:-1], 1):
        away = _distance(spot, first, last)
        if away > far:
            far, at = away, number
    if far <= FLAT:
        return [first, last]
    return [*_straightened(line[: at + 1])[:-1], *_straightened(line[at:])]


def _distance(spot: Spot, first: Spot, last: Spot) -> float:
    """From a spot to the line through two others, or to the first where they are one."""
    length = math.dist(first, last)
    if length < 1e-9:
        return math.dist(spot, first)
    cross = (last[0] - first[0]) * (spot[1] - first[1]) - (last[1] - first[1]) * (spot[0] - first[0])
    return abs(cross) / length


def _is_smooth(surface: Surface) -> bool:
    """Whether the gradients close to the point are one, and PyTorch returns it."""
    if len(surface.hull) != 1 or not _is_finite(surface.gradient):
        return False
    return all(math.isclose(a, b, abs_tol=1e-9) for a, b in zip(*surface.hull, surface.gradient, strict=True))


def _is_finite(pair: Sequence[float]) -> bool:
    return all(map(math.isfinite, pair))


def _pair(pair: Sequence[float]) -> str:
    return f"({format_number(pair[0] + 0.0)}, {format_number(pair[1] + 0.0)})"


def _close_by(surface: Surface) -> str:
    """What the gradients close to the point are, in words."""
    corners = surface.hull
    if not corners:
        return "are not bounded"
    if len(corners) == 1:
        return f"tend to {_pair(corners[0])}"
    if len(corners) == 2:
        return f"span the segment from {_pair(corners[0])} to {_pair(corners[1])}"
    if len(corners) < 7:
        return f"span the area between {', '.join(map(_pair, corners))}"
    sizes = [math.hypot(*corner) for corner in corners]
    if max(sizes) < 1.01 * min(sizes):
        return f"span the disk of radius {format_number(round(max(sizes), 2))}"
    return f"span an area that reaches to {format_number(round(max(sizes), 2))} from 0"


def _returned(surface: Surface) -> str:
    judged = surface.verdict is not Verdict.UNJUDGED and surface.hull and _is_finite(surface.gradient)
    return _pair(surface.gradient) + (f", {surface.verdict.words}" if judged else "")


def _caption(surface: Surface) -> str:
    point = f"the special point, {_pair(surface.place)}"
    lines = "lines of equal value; arrows are PyTorch’s gradients, long ones shortened; the red dot is"
    if not surface.hull or _is_smooth(surface):
        near = f"The gradients near it {_close_by(surface)}. There PyTorch returns {_returned(surface)}."
        return f"{lines[0].upper()}{lines[1:]} {point}. {near}"
    right = f"Right, each gradient is a point: those near the special point, blue, {_close_by(surface)}."
    red = "The red one is what PyTorch returns there:" if _is_finite(surface.gradient) else "There PyTorch returns"
    return f"Left: {lines} {point}. {right} {red} {_returned(surface)}."


def _alt_text(rule: MeasuredRule, surface: Surface) -> str:
    """What the panels show."""
    names = f"{surface.axes[0]} and {surface.axes[1]}"
    return (
        f"Contours of {rule.short} over {names} around {_pair(surface.place)}, with PyTorch’s gradients as arrows. "
        f"Gradients close to that point {_close_by(surface)}. At the point PyTorch returns {_returned(surface)}."
    )
