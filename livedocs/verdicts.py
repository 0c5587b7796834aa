"""Says which of the rules for non-differentiable points a measured gradient follows.

The rules are those of PyTorch's autograd note
(https://docs.pytorch.org/docs/stable/notes/autograd.html#gradients-for-non-differentiable-functions), in order:
1. differentiable: the gradient; 2. locally convex: the subgradient of minimum norm; 3. locally concave: the
supergradient of minimum norm; 4. defined: by continuity, infinities included; 5. undefined: arbitrary; 6. not a
deterministic function: marked as non-differentiable.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch  # imported where it is used: the process that renders pages needs the names, not torch

GRADIENT = "the gradient"
MINIMUM_SUB = "the minimum-norm subgradient"
OTHER_SUB = "a subgradient, not the minimum-norm one"
MINIMUM_SUPER = "the minimum-norm supergradient"
OTHER_SUPER = "a supergradient, not the minimum-norm one"
LIMIT = "the limit"
OUTSIDE = "outside the subdifferential"
NOT_LIMIT = "not the limit"
NAN = "NaN, although the function has a limit here"
ARBITRARY = "arbitrary: the function is undefined here"
NAN_INPUT = "arbitrary: the input is NaN"
UNJUDGED = "not judged: no slope to compare with"
WRONG = "wrong at a smooth point"
NONE = "no gradient"

RULE = {
    GRADIENT: 1,
    WRONG: 1,
    MINIMUM_SUB: 2,
    OTHER_SUB: 2,
    MINIMUM_SUPER: 3,
    OTHER_SUPER: 3,
    OUTSIDE: 4,
    LIMIT: 4,
    NOT_LIMIT: 4,
    NAN: 4,
    ARBITRARY: 5,
    NAN_INPUT: 5,
}
FOLLOWS = {GRADIENT, MINIMUM_SUB, MINIMUM_SUPER, LIMIT, ARBITRARY, NAN_INPUT}

TOLERANCE = 1e-6


def rule_of(card: dict[str, Any], point: dict[str, Any]) -> int | None:
    """The rule that applies at a special point; None where the output is an integer, which no rule speaks of."""
    return 6 if card["random"] else RULE.get(point["verdict"])


def follows(card: dict[str, Any], point: dict[str, Any]) -> bool:
    """Whether what PyTorch returned is what that rule asks for."""
    return point["verdict"] == NONE if card["random"] else point["verdict"] in FOLLOWS


def close(a: float, b: float) -> bool:
    """Equal up to rounding; infinities only to themselves, NaN to nothing."""
    return a == b or (math.isfinite(a) and math.isfinite(b) and abs(a - b) <= TOLERANCE * max(1.0, abs(a), abs(b)))


def of_scalar(
    gradient: float,
    left: float | None,
    right: float | None,
    *,
    value: float,
    continuous: bool,
    curvature: Sequence[float] = (),
) -> str:
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
        return ARBITRARY
    if not continuous or len(sides) == 1 or not all(map(math.isfinite, sides)) or math.isinf(value):
        return LIMIT if any(close(gradient, slope) for slope in sides) else NOT_LIMIT
    if close(left, right):
        return GRADIENT if close(gradient, left) else WRONG
    bends = [c for c in curvature if abs(c) > TOLERANCE]
    if any((c < 0) == (left < right) for c in bends):  # neither convex nor concave: rule 4
        return LIMIT if close(gradient, left) or close(gradient, right) else NOT_LIMIT
    low, high = min(left, right), max(left, right)
    least = min(max(low, 0.0), high)  # the number of [low, high] that is nearest to 0
    inside = low - TOLERANCE <= gradient <= high + TOLERANCE
    if left < right:
        return MINIMUM_SUB if close(gradient, least) else OTHER_SUB if inside else OUTSIDE
    return MINIMUM_SUPER if close(gradient, least) else OTHER_SUPER if inside else OUTSIDE


def of_vector(
    gradient: Sequence[float], hull: Sequence[Sequence[float]], slopes: Sequence[tuple[Sequence[float], float]]
) -> str:
    """The verdict on a gradient with several entries.

    A convex function's slope along v is the largest product of v with a vertex of its subdifferential; a concave
    function's is the smallest.

    Args:
        gradient: what PyTorch returns, as a flat list.
        hull: the gradients of the active pieces; the subdifferential is their convex hull.
        slopes: directions, and the one-sided derivative of the function along each.
    """
    import torch

    if any(not math.isfinite(g) for g in gradient) or not hull:
        return NOT_LIMIT
    vertices = torch.tensor(hull, dtype=torch.float64)
    point = torch.tensor(gradient, dtype=torch.float64)
    if len(vertices) == 1:
        return GRADIENT if distance_to_hull(point, vertices) < 1e-5 else WRONG
    inside = distance_to_hull(point, vertices) < 1e-5
    products = [(slope, vertices @ torch.tensor(v, dtype=torch.float64)) for v, slope in slopes]
    if all(abs(slope - float(p.max())) < 1e-4 * max(1.0, abs(slope)) for slope, p in products):
        names = MINIMUM_SUB, OTHER_SUB
    elif all(abs(slope - float(p.min())) < 1e-4 * max(1.0, abs(slope)) for slope, p in products):
        names = MINIMUM_SUPER, OTHER_SUPER
    else:  # neither convex nor concave: rule 4, one of the limits, or anything between them
        return LIMIT if inside else OUTSIDE
    least = nearest(torch.zeros_like(point), vertices)
    if torch.linalg.vector_norm(point - least) < 1e-5:
        return names[0]
    return names[1] if inside else OUTSIDE


def distance_to_hull(point: torch.Tensor, vertices: torch.Tensor) -> float:
    """The distance of a point from the convex hull of the rows of ``vertices``."""
    import torch

    return float(torch.linalg.vector_norm(point - nearest(point, vertices)))


def nearest(point: torch.Tensor, vertices: torch.Tensor) -> torch.Tensor:
    """The point of a convex hull that is nearest to ``point``; vertices are rows.

    Wolfe's algorithm (Finding the nearest point in a polytope, 1976, https://doi.org/10.1007/BF01580381): a few
    vertices whose weights are positive; the one that lies furthest towards ``point`` joins them, and those whose weight
    would become negative leave. It ends after finitely many steps; for a dozen vertices, after about as many.
    """
    import torch

    corners = torch.unique(vertices.round(decimals=9), dim=0) - point
    size = max(1e-300, float(torch.linalg.vector_norm(corners, dim=1).max()))
    corners = corners / size
    chosen = [int(corners.square().sum(1).argmin())]
    weights = torch.ones(1, dtype=corners.dtype)
    for _ in range(1000):
        found = weights @ corners[chosen]
        closer = corners @ found
        joins = int(closer.argmin())
        if joins in chosen or closer[joins] >= found @ found - 1e-12:
            break
        chosen.append(joins)
        weights = torch.cat([weights, weights.new_zeros(1)])
        while (least := _affine(corners[chosen])).min() <= 1e-12:
            falls = least <= 1e-12
            share = float((weights[falls] / (weights[falls] - least[falls]).clamp(min=1e-300)).min())
            weights = weights + min(share, 1.0) * (least - weights)
            stays = weights > 1e-12
            stays[weights.argmax()] = True
            chosen = [index for index, kept in zip(chosen, stays.tolist(), strict=True) if kept]
            weights = weights[stays] / weights[stays].sum()
            if len(chosen) == 1:
                least = weights
                break
        weights = least
    return point + size * (weights @ corners[chosen])


def _affine(corners: torch.Tensor) -> torch.Tensor:
    """The weights, with sum 1, of the point nearest to 0 on the plane through these corners (rows)."""
    import torch

    count = len(corners)
    system = torch.ones(count + 1, count + 1, dtype=corners.dtype)
    system[:count, :count] = corners @ corners.T
    system[count, count] = 0.0
    wanted = torch.zeros(count + 1, 1, dtype=corners.dtype)
    wanted[count] = 1.0
    return torch.linalg.lstsq(system, wanted, driver="gelsd").solution[:count, 0]
