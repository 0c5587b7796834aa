"""Samples a function of two numbers around a special point: contours, gradients on a grid and close to the point."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import contourpy
import numpy
import torch

from livedocs.declare import VJP
from livedocs.measure.checks import Where, declaration_error
from livedocs.measure.curve import TICK_STEPS, TICKS, multiples, rounded
from livedocs.measure.modes import evaluate, flat
from livedocs.measure.tensors import NEAR
from livedocs.measured import Point, Surface
from livedocs.verdicts import Verdict

SAMPLES = 81  # along each axis; an odd number has the point itself among them
ARROWS = 9  # along each axis
LEVELS = 6  # contours, about
AROUND = 64  # directions in which the gradients close to the point are taken
BOUNDED = 1e3  # gradients that are larger than this, so close to the point, grow without bound
Pair = tuple[float, float]


def sample_surface(rule: VJP, where: Where, points: Sequence[Point]) -> Surface:
    """The picture that a rule's plane asks for.

    Raises:
        DocsError: for a plane at no special point, at one without two finite numbers, or one that no gradient reaches.
    """
    plane = rule.plane
    point = next((p for p in points if p.label == plane.at), None)
    if point is None:
        raise declaration_error(
            rule, where, "a plane at no special point", plane.at, f"one of: {', '.join(rule.special)}"
        )
    values = {name: evaluate(point.inputs[name]) for name in rule.inputs}
    place = [number for value in values.values() for number in flat(value.tolist())]
    if len(place) != 2 or not all(map(math.isfinite, place)):
        raise declaration_error(rule, where, f"the plane at '{plane.at}'", f"inputs {place}", "two finite numbers")
    if point.gradient is None:
        raise declaration_error(rule, where, f"the plane at '{plane.at}'", "no gradient there", "a gradient")
    several = len(flat(point.output)) > 1
    function = _of_two_numbers(rule, values)
    edges = [(number - plane.reach, number + plane.reach) for number in place]
    hull = _hull_around(function, place)
    own = flat([point.gradient[name] for name in rule.inputs]) if not several else list(_gradient(function, place))
    gradient = rounded(own[0]), rounded(own[1])
    drawn = [gradient] if all(map(math.isfinite, gradient)) else []
    view = {"x": list(edges[0]), "y": list(edges[1])}
    for axis, index in (("gx", 0), ("gy", 1)):
        seen = [0.0, *(corner[index] for corner in hull), *(pair[index] for pair in drawn)]
        view[axis] = [min(seen), max(seen)]
    side = max(0.5, *(view[axis][1] - view[axis][0] for axis in ("gx", "gy"))) * 1.3  # a circle is to look like one
    for axis in ("gx", "gy"):
        middle = sum(view[axis]) / 2
        view[axis] = [rounded(middle - side / 2), rounded(middle + side / 2)]
    names = list(rule.inputs)
    return Surface(
        axes=(names[0], names[1]) if len(names) == 2 else (f"{names[0]}₀", f"{names[0]}₁"),
        at=plane.at,
        place=(place[0], place[1]),
        entry=several,
        view=view,
        ticks={axis: multiples(*view[axis], TICKS, TICK_STEPS) for axis in view},
        contours=_contours(function, edges),
        arrows=_arrows(function, edges, place),
        hull=hull,
        gradient=gradient,
        verdict=point.verdict if not several else Verdict.UNJUDGED,
    )


def _of_two_numbers(rule: VJP, values: dict[str, torch.Tensor]) -> Callable[[torch.Tensor], torch.Tensor]:
    """The call, or the first entry of its output, as a function of a tensor of shape (2,)."""
    constants = {name: evaluate(text) for name, text in rule.fixed.items()}
    sizes = [value.numel() for value in values.values()]

    def function(both: torch.Tensor) -> torch.Tensor:
        parts = zip(values, both.split(sizes), strict=True)
        names = {name: part.reshape(values[name].shape) for name, part in parts}
        return evaluate(rule.call, {**names, **constants}).reshape(-1)[0]

    return function


def _gradient(function: Callable[[torch.Tensor], torch.Tensor], place: Sequence[float]) -> Pair:
    both = torch.tensor(place, dtype=torch.float64, requires_grad=True)
    output = function(both)
    if not output.requires_grad:
        return math.nan, math.nan
    x, y = torch.autograd.grad(output, both)[0].tolist()
    return x, y


def _hull_around(function: Callable[[torch.Tensor], torch.Tensor], place: Sequence[float]) -> list[Pair]:
    """The corners of the convex hull of the gradients close to a place, in order; none where they are not bounded."""
    found = set()
    for number in range(AROUND):
        angle = 2 * math.pi * (number + 0.5) / AROUND  # not along an axis, where many functions have a kink
        near = [place[0] + NEAR * math.cos(angle), place[1] + NEAR * math.sin(angle)]
        x, y = _gradient(function, near)
        if not (abs(x) < BOUNDED and abs(y) < BOUNDED):
            return []
        found.add((round(x, 4) + 0.0, round(y, 4) + 0.0))
    return _convex_hull(sorted(found))


def _convex_hull(points: list[Pair]) -> list[Pair]:
    """The corners of the hull of sorted points, counterclockwise (Andrew's monotone chain, 1979)."""
    if len(points) < 3:
        return points

    def chain(points: list[Pair]) -> list[Pair]:
        corners: list[Pair] = []
        for p in points:
            while len(corners) > 1 and _turn(corners[-2], corners[-1], p) <= 1e-9:
                corners.pop()
            corners.append(p)
        return corners[:-1]

    return chain(points) + chain(points[::-1])


def _turn(a: Pair, b: Pair, c: Pair) -> float:
    """Above 0 where the way from a over b to c turns left."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _contours(
    function: Callable[[torch.Tensor], torch.Tensor], edges: Sequence[Pair]
) -> list[tuple[float, list[list[Pair]]]]:
    """The lines along which the function is a round number; where it is not finite there is none."""
    xs, ys = (numpy.linspace(*edge, SAMPLES) for edge in edges)
    grid = torch.from_numpy(numpy.stack(numpy.meshgrid(xs, ys), -1)).view(-1, 2)
    with torch.no_grad():
        try:
            rows = torch.func.vmap(function)(grid)
        except (RuntimeError, NotImplementedError, ValueError):  # not every call has a batching rule
            rows = torch.stack([function(both) for both in grid])
    finite = rows.isfinite()
    heights = numpy.ma.array(
        torch.where(finite, rows, 0).view(SAMPLES, SAMPLES).numpy(), mask=~finite.view(SAMPLES, SAMPLES).numpy()
    )
    known = numpy.sort(heights.compressed())
    if not len(known) or known[0] == known[-1]:
        return []
    low, high = known[len(known) // 50], known[-1 - len(known) // 50]  # what is steep at one corner says little
    lines_at = contourpy.contour_generator(xs, ys, _without_jumps(heights, high - low)).lines
    contours = []
    for level in multiples(float(low), float(high), LEVELS, TICK_STEPS):
        lines = [[(round(x, 3), round(y, 3)) for x, y in line] for line in map(numpy.ndarray.tolist, lines_at(level))]
        if lines:
            contours.append((level, lines))
    return contours


def _without_jumps(heights: numpy.ma.MaskedArray, range_: float) -> numpy.ma.MaskedArray:
    """Heights that are not known beside a jump of half of the range: no contour runs along it."""
    jumps = numpy.zeros(heights.shape, dtype=bool)
    for axis in (0, 1):
        wide = numpy.ma.filled(abs(numpy.ma.diff(heights, axis=axis)) > range_ / 2, False)
        both = numpy.moveaxis(jumps, axis, 0)  # a view
        both[:-1] |= numpy.moveaxis(wide, axis, 0)
        both[1:] |= numpy.moveaxis(wide, axis, 0)
    return numpy.ma.array(heights, mask=numpy.ma.getmaskarray(heights) | jumps)


def _arrows(
    function: Callable[[torch.Tensor], torch.Tensor], edges: Sequence[Pair], place: Sequence[float]
) -> list[tuple[float, float, float, float]]:
    """PyTorch's gradients on a grid that has the point in its middle; not there, and not where they are not finite."""
    found = []
    for row in range(ARROWS):
        for column in range(ARROWS):
            at = [low + (high - low) * (k + 0.5) / ARROWS for (low, high), k in zip(edges, (column, row), strict=True)]
            slopes = _gradient(function, at)
            if all(map(math.isfinite, slopes)) and math.dist(at, place) > 1e-9:
                found.append((*(round(number, 3) for number in at), *map(rounded, slopes)))
    return found
