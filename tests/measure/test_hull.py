"""The nearest point of a convex hull."""

from __future__ import annotations

import pytest
import torch

from livedocs.measure.hull import nearest_point


def test_nearest_point_of_a_hull() -> None:
    zero = torch.zeros(3, dtype=torch.float64)
    torch.testing.assert_close(nearest_point(zero, torch.eye(3, dtype=torch.float64)), torch.full((3,), 1 / 3).double())
    box = torch.tensor([[1.0, -1, 2], [1, 1, 2], [3, 0, 2]]).double()
    torch.testing.assert_close(nearest_point(zero, box), torch.tensor([1.0, 0, 2]).double())
    inside = torch.tensor([0.2, 0.2, 0.2]).double()
    corners = torch.cat([torch.eye(3), torch.zeros(1, 3)]).double()
    torch.testing.assert_close(nearest_point(inside, corners), inside)


@pytest.mark.parametrize("scale", [1.0, 1e6])
@pytest.mark.parametrize(("count", "size"), [(1, 3), (2, 1), (8, 2), (40, 12), (12, 40)])
def test_no_vertex_lies_further_towards_the_point_than_the_nearest_one(count: int, size: int, scale: float) -> None:
    """What makes a point of a convex hull the nearest one."""
    generator = torch.Generator().manual_seed(count)
    for spread in (3.0, 0.5):  # with the point inside, where there are enough vertices, and outside
        vertices = scale * (torch.randn(count, size, generator=generator).double() + 1 / spread)
        point = scale * spread * torch.randn(size, generator=generator).double()
        found = nearest_point(point, vertices)
        assert ((vertices - found) @ (point - found)).max() <= 1e-8 * scale**2
