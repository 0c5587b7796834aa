"""Gives the verdict on a measured gradient, from the slopes or the active pieces around its point."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from livedocs.declare import VJP
from livedocs.measure.hull import distance_to_hull, nearest_point
from livedocs.measure.modes import Measurement, differentiable, evaluate, flat
from livedocs.measure.tensors import find_surroundings
from livedocs.verdicts import Verdict

TOLERANCE = 1e-6
NEAR_HULL = 1e-5  # a gradient so close to the subdifferential is in it


def close(a: float, b: float) -> bool:
    """Equal up to rounding; infinities only to themselves, NaN to nothing."""
    return a == b or (math.isfinite(a) and math.isfinite(b) and abs(a - b) <= TOLERANCE * max(1.0, abs(a), abs(b)))


def judge_slope(
    gradient: float,
    left: float | None,
    right: float | None,
    *,
    value: float,
    continuous: bool,
    curvature: Sequence[float] = (),
) -> Verdict:
    """The verdict on the derivative of a function of one variable.

    Args:
        gradient: what PyTorch returns.
        left, right: the slope on each side; None where the function is not defined on that side.
        value: the function's value.
        continuous: whether the value is the limit from every side that exists.
        curvature: the second derivative close by, on each side: a convex corner between curves that are
            concave makes no convex function.
    """
    sides = [slope for slope in (left, right) if slope is not None]
    if math.isnan(value) or not sides:
        return Verdict.ARBITRARY
    if not continuous or len(sides) == 1 or not all(map(math.isfinite, sides)) or math.isinf(value):
        return Verdict.LIMIT if any(close(gradient, slope) for slope in sides) else Verdict.NOT_LIMIT
    if close(left, right):
        return Verdict.GRADIENT if close(gradient, left) else Verdict.WRONG
    bends = [c for c in curvature if abs(c) > TOLERANCE]
    if any((c < 0) == (left < right) for c in bends):  # neither convex nor concave: rule 4
        return Verdict.LIMIT if close(gradient, left) or close(gradient, right) else Verdict.NOT_LIMIT
    low, high = min(left, right), max(left, right)
    least = min(max(low, 0.0), high)  # the number of [low, high] that is nearest to 0
    inside = low - TOLERANCE <= gradient <= high + TOLERANCE
    if left < right:
        return Verdict.MINIMUM_SUB if close(gradient, least) else Verdict.OTHER_SUB if inside else Verdict.OUTSIDE
    return Verdict.MINIMUM_SUPER if close(gradient, least) else Verdict.OTHER_SUPER if inside else Verdict.OUTSIDE


def judge_vector(
    gradient: Sequence[float], hull: Sequence[Sequence[float]], slopes: Sequence[tuple[Sequence[float], float]]
) -> Verdict:
    """The verdict on a gradient with several entries.

    A convex function's slope along v is the largest product of v with a vertex of its subdifferential; a concave
    function's is the smallest.

    Args:
        gradient: what PyTorch returns, as a flat list.
        hull: the gradients of the active pieces; the subdifferential is their convex hull.
        slopes: directions, and the one-sided derivative of the function along each.
    """
    if any(not math.isfinite(g) for g in gradient) or not hull:
        return Verdict.NOT_LIMIT
    vertices = torch.tensor(hull, dtype=torch.float64)
    point = torch.tensor(gradient, dtype=torch.float64)
    if len(vertices) == 1:
        return Verdict.GRADIENT if distance_to_hull(point, vertices) < NEAR_HULL else Verdict.WRONG
    inside = distance_to_hull(point, vertices) < NEAR_HULL
    products = [(slope, vertices @ torch.tensor(v, dtype=torch.float64)) for v, slope in slopes]
    if all(abs(slope - float(p.max())) < 1e-4 * max(1.0, abs(slope)) for slope, p in products):
        names = Verdict.MINIMUM_SUB, Verdict.OTHER_SUB
    elif all(abs(slope - float(p.min())) < 1e-4 * max(1.0, abs(slope)) for slope, p in products):
        names = Verdict.MINIMUM_SUPER, Verdict.OTHER_SUPER
    else:  # neither convex nor concave: rule 4, one of the limits, or anything between them
        return Verdict.LIMIT if inside else Verdict.OUTSIDE
    least = nearest_point(torch.zeros_like(point), vertices)
    if torch.linalg.vector_norm(point - least) < NEAR_HULL:
        return names[0]
    return names[1] if inside else Verdict.OUTSIDE


def judge_pieces(
    measurement: Measurement,
    at: float,
    left: float | None,
    right: float | None,
    limits: Sequence[float],
    curvature: Sequence[float],
) -> Verdict:
    """The verdict at a special point of a Pieces rule.

    Args:
        measurement: what PyTorch gave there.
        at: the point.
        left, right, curvature: those of ``judge_slope``.
        limits: of the value, from every side that exists.
    """
    if measurement.gradient is None or measurement.gradient["x"] is None:
        return Verdict.NONE
    if math.isnan(at):
        return Verdict.NAN_INPUT
    value = float(measurement.output)
    if math.isnan(value) and limits and all(map(math.isfinite, limits)):
        gradient = measurement.gradient["x"]
        if any(close(gradient, slope) for slope in (left, right) if slope is not None):
            return Verdict.LIMIT_ALONE
        return Verdict.NAN if math.isnan(gradient) else Verdict.NOT_LIMIT
    continuous = all(close(value, limit) for limit in limits)
    return judge_slope(measurement.gradient["x"], left, right, value=value, continuous=continuous, curvature=curvature)


def judge_tensors(rule: VJP, measurement: Measurement) -> Verdict:
    """The verdict at a special point of a VJP rule."""
    if measurement.gradient is None or any(g is None for g in measurement.gradient.values()):
        return Verdict.NONE
    inputs = [evaluate(text) for name, text in measurement.inputs.items() if name not in rule.fixed]
    if any(torch.isnan(t).any() for t in inputs if differentiable(t)):
        return Verdict.NAN_INPUT
    output = flat(measurement.output)
    if any(map(math.isnan, output)):
        return Verdict.ARBITRARY
    if not all(torch.isfinite(t).all() for t in inputs if differentiable(t)):
        return Verdict.UNJUDGED
    gradient, left, right = flat(measurement.gradient), flat(measurement.left), flat(measurement.right)
    if not gradient:
        return Verdict.GRADIENT  # of an empty input, which has no direction to leave the point in
    if not all(map(math.isfinite, (*gradient, *left, *right, *output))):
        return _judge_infinite(gradient, left, right)
    hull, slopes, jumps = find_surroundings(rule, measurement)
    if jumps:
        near = torch.tensor(gradient, dtype=torch.float64)
        inside = bool(hull) and distance_to_hull(near, torch.tensor(hull, dtype=torch.float64)) < NEAR_HULL
        return Verdict.LIMIT if inside else Verdict.NOT_LIMIT
    return judge_vector(gradient, rule.active.get(measurement.label) or hull, slopes)


def _judge_infinite(gradient: list[float], left: list[float], right: list[float]) -> Verdict:
    """The verdict where the value, a slope or an entry of the gradient is infinite: entry by entry."""
    sides = list(zip(gradient, left, right, strict=True))
    judged = [(g, a, b) for g, a, b in sides if not (math.isnan(a) and math.isnan(b))]
    if not all(close(g, a) or close(g, b) for g, a, b in judged):
        return Verdict.NOT_LIMIT
    return Verdict.UNJUDGED if len(judged) < len(sides) else Verdict.LIMIT
