"""Verdicts on known corners, ties and jumps."""

from __future__ import annotations

import math

import pytest

from livedocs.measure.judge import judge_slope, judge_vector
from livedocs.verdicts import WORDS, Verdict


def test_every_verdict_has_words_of_its_own() -> None:
    assert set(WORDS) == set(Verdict) and len(set(WORDS.values())) == len(Verdict)


@pytest.mark.parametrize(
    ("gradient", "left", "right", "verdict"),
    [
        (1.0, 1.0, 1.0, Verdict.GRADIENT),
        (0.5, 1.0, 1.0, Verdict.WRONG),
        (math.nan, 1.0, 1.0, Verdict.WRONG),
        (0.0, -1.0, 1.0, Verdict.MINIMUM_SUB),
        (1.0, -1.0, 1.0, Verdict.OTHER_SUB),
        (2.0, -1.0, 1.0, Verdict.OUTSIDE),
        (0.1, 0.1, 1.0, Verdict.MINIMUM_SUB),  # leaky_relu at 0
        (1.0, 0.0, 1.0, Verdict.OTHER_SUB),  # clamp at its lower bound, up to 2.13
        (1.0, 1.0, 0.0, Verdict.OTHER_SUPER),  # and at its upper bound
        (0.0, 1.0, 0.0, Verdict.MINIMUM_SUPER),
        (2.0, 2.0, 1.0, Verdict.OTHER_SUPER),  # leaky_relu with slope 2 at 0
        (1.0, 2.0, 1.0, Verdict.MINIMUM_SUPER),
        (math.inf, None, math.inf, Verdict.LIMIT),  # sqrt at 0
        (math.nan, None, math.inf, Verdict.NOT_LIMIT),
        (0.0, None, None, Verdict.ARBITRARY),
    ],
)
def test_verdict_on_a_corner(gradient: float, left: float | None, right: float | None, verdict: Verdict) -> None:
    assert judge_slope(gradient, left, right, value=0.0, continuous=True) == verdict


def test_verdict_at_a_jump_and_where_undefined() -> None:
    assert judge_slope(0.0, 0.0, 0.0, value=1.0, continuous=False) == Verdict.LIMIT
    assert judge_slope(1.0, 0.0, 0.0, value=1.0, continuous=False) == Verdict.NOT_LIMIT
    assert judge_slope(-1.0, 1.0, 1.0, value=math.nan, continuous=True) == Verdict.ARBITRARY


def test_a_corner_between_curves_that_bend_the_other_way_follows_rule_four() -> None:
    """elu(alpha=2) at 0: slopes 2 and 1, as at a concave corner, but the left piece is convex."""
    assert judge_slope(2.0, 2.0, 1.0, value=0.0, continuous=True, curvature=[2.0, 0.0]) == Verdict.LIMIT
    assert judge_slope(1.5, 2.0, 1.0, value=0.0, continuous=True, curvature=[2.0, 0.0]) == Verdict.NOT_LIMIT
    assert judge_slope(2.0, 2.0, 1.0, value=0.0, continuous=True, curvature=[-2.0, 0.0]) == Verdict.OTHER_SUPER


def slopes(hull: list[list[float]], choose) -> list:
    """Directions, and the slopes of the largest (max) or the smallest (min) of linear functions along them."""
    along = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [-1.0, 0.5], [-1.0, -2.0], [1.0, -1.0], [-1.0, 1.0]]
    return [(v, choose(g[0] * v[0] + g[1] * v[1] for g in hull)) for v in along]


def test_verdict_on_a_tie() -> None:
    hull = [[1.0, 0.0], [0.0, 1.0]]
    convex, concave = slopes(hull, max), slopes(hull, min)
    saddle = convex[:3] + concave[3:]
    assert judge_vector([0.5, 0.5], hull, convex) == Verdict.MINIMUM_SUB
    assert judge_vector([1.0, 0.0], hull, convex) == Verdict.OTHER_SUB
    assert judge_vector([1.0, 1.0], hull, convex) == Verdict.OUTSIDE
    assert judge_vector([0.5, 0.5], hull, concave) == Verdict.MINIMUM_SUPER
    assert judge_vector([1.0, 0.0], hull, saddle) == Verdict.LIMIT
    assert judge_vector([1.0, 0.0], [[1.0, 0.0]], convex) == Verdict.GRADIENT
    assert judge_vector([1.0, 0.1], [[1.0, 0.0]], convex) == Verdict.WRONG
    assert judge_vector([math.inf, 0.0], hull, convex) == Verdict.NOT_LIMIT
