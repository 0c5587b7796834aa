"""The picture of a function of two numbers: its contours, arrows, and the gradients close to the point."""

from __future__ import annotations

import json
import math

import pytest

from livedocs.declare import VJP, Plane
from livedocs.errors import DocsError
from livedocs.measure.derive import derive_rule
from livedocs.measured import MeasuredRule, Surface
from tests.conftest import ROOT
from tests.planes import of_two, of_vector


def surface(rule: VJP) -> Surface:
    return derive_rule(ROOT, rule).surface


def test_the_hull_of_a_tie_is_a_segment() -> None:
    found = surface(of_two("torch.maximum(x, y)", Plane("tie"), tie=("4.", "4.")))
    assert sorted(found.hull) == [(0.0, 1.0), (1.0, 0.0)] and found.gradient == (0.5, 0.5)
    assert found.axes == ("x", "y") and found.place == (4.0, 4.0) and not found.entry
    assert found.view["x"] == [2.0, 6.0] and 4.0 in found.ticks["x"]


@pytest.mark.parametrize(
    ("order", "corners"),
    [
        ("1", {(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)}),
        ("float('inf')", {(-1.0, 0.0), (0.0, -1.0), (1.0, 0.0), (0.0, 1.0)}),
    ],
)
def test_the_hull_of_a_norm_at_zero_is_the_ball_of_the_dual_norm(order: str, corners: set) -> None:
    found = surface(of_vector(f"torch.linalg.vector_norm(x, {order})", "zero", zero="[0., 0.]"))
    assert set(found.hull) == corners and len(found.hull) == 4 and found.axes == ("x₀", "x₁")
    turns = [
        (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        for a, b, c in zip(found.hull, found.hull[1:] + found.hull[:1], found.hull[2:] + found.hull[:2], strict=True)
    ]
    assert min(turns) > 0, "counterclockwise"


def test_the_hull_of_a_length_at_zero_is_a_disk() -> None:
    found = surface(of_two("torch.hypot(x, y)", Plane("zero"), zero=("0.", "0.")))
    assert len(found.hull) == 64 and all(abs(math.hypot(*corner) - 1) < 1e-3 for corner in found.hull)
    (x0, x1), (y0, y1) = found.view["gx"], found.view["gy"]
    assert math.isclose(x1 - x0, y1 - y0), "a circle looks like one"


def test_a_smooth_point_has_one_gradient_close_by() -> None:
    found = surface(of_two("x * y", Plane("p"), p=("3.", "-2.")))
    assert found.hull == [(-2.0, 3.0)] and found.gradient == (-2.0, 3.0)


@pytest.mark.parametrize("call", ["torch.atan2(x, y)", "torch.sqrt(x.abs() + y.abs())", "torch.xlogy(x, y)"])
def test_gradients_that_are_not_bounded_have_no_hull(call: str) -> None:
    found = surface(of_two(call, Plane("zero"), zero=("0.", "0.")))
    assert found.hull == [] and found.arrows and found.contours


def test_a_contour_is_where_the_function_has_that_value() -> None:
    found = surface(of_two("torch.hypot(x, y)", Plane("zero"), zero=("0.", "0.")))
    assert len(found.contours) > 3
    for level, lines in found.contours:
        assert all(abs(math.hypot(*spot) - level) < 0.01 for line in lines for spot in line)


def test_an_arrow_is_the_gradient_at_its_place() -> None:
    found = surface(of_two("x * x + 3 * y", Plane("p"), p=("1.", "1.")))
    assert len(found.arrows) == 80, "nine times nine, without the point itself"
    assert all(math.isclose(gx, 2 * x, abs_tol=2e-3) and gy == 3 for x, _, gx, gy in found.arrows)


def test_no_contour_runs_along_a_jump() -> None:
    found = surface(of_two("torch.atan2(x, y)", Plane("zero"), zero=("0.", "0.")))
    spots = [spot for _, lines in found.contours for line in lines for spot in line]
    assert spots and not any(y < -0.1 and abs(x) < 0.04 for x, y in spots), "the cut of atan2(x, y) is y < 0"


def test_of_several_outputs_it_shows_the_first() -> None:
    found = surface(of_vector("torch.softmax(x, 0)", "equal", equal="[0., 0.]"))
    assert found.entry and found.gradient == (0.25, -0.25) and found.hull == [(0.25, -0.25)]


def test_a_call_without_a_batching_rule_is_drawn_too() -> None:
    """``item()`` cannot run under vmap."""
    found = surface(of_two("x * y * (1 if x.item() < 9 else 2)", Plane("p"), p=("1.", "1.")))
    assert found.contours and found.gradient == (1.0, 1.0)


def test_it_survives_json() -> None:
    rule = derive_rule(ROOT, of_two("torch.hypot(x, y)", Plane("zero"), zero=("0.", "0.")))
    again = MeasuredRule.from_dict(json.loads(json.dumps(rule.to_dict())))
    assert repr(again.surface) == repr(rule.surface)


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (of_two("x * y", Plane("q"), p=("1.", "1.")), "a plane at no special point"),
        (of_two("x * y", Plane("p"), p=("1.", "float('inf')")), "two finite numbers"),
        (of_two("x * y", Plane("p"), p=("[1., 2.]", "1.")), "two finite numbers"),
        (of_two("(x > y) * 1.0", Plane("p"), p=("1.", "1.")), "no gradient there"),
    ],
)
def test_a_plane_that_cannot_be_drawn_is_refused(rule: VJP, problem: str) -> None:
    with pytest.raises(DocsError, match=problem):
        derive_rule(ROOT, rule)
