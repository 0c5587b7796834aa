"""Finds the point of a convex hull that is nearest to another one."""

from __future__ import annotations

import torch


def distance_to_hull(point: torch.Tensor, vertices: torch.Tensor) -> float:
    """The distance of a point, shape (n,), from the convex hull of the rows of ``vertices``, shape (m, n)."""
    return float(torch.linalg.vector_norm(point - nearest_point(point, vertices)))


def nearest_point(point: torch.Tensor, vertices: torch.Tensor) -> torch.Tensor:
    """The point of a convex hull that is nearest to ``point``; vertices are rows.

    Wolfe's algorithm (Finding the nearest point in a polytope, 1976, https://doi.org/10.1007/BF01580381): a few
    vertices whose weights are positive; the one that lies farthest toward ``point`` joins them, and those whose weight
    would become negative leave. It ends after finitely many steps; for a dozen vertices, after about as many.
    """
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
        while (least := _nearest_of_plane(corners[chosen])).min() <= 1e-12:
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


def _nearest_of_plane(corners: torch.Tensor) -> torch.Tensor:
    """The weights, with sum 1, of the point nearest to 0 on the plane through these corners (rows)."""
    count = len(corners)
    system = torch.ones(count + 1, count + 1, dtype=corners.dtype)
    system[:count, :count] = corners @ corners.T
    system[count, count] = 0.0
    wanted = torch.zeros(count + 1, 1, dtype=corners.dtype)
    wanted[count] = 1.0
    return torch.linalg.lstsq(system, wanted, driver="gelsd").solution[:count, 0]
