"""The samples of a curve, and what its panels show."""

from __future__ import annotations

import math
import sys

from livedocs.declare import NAN, Piece, Pieces, oo, x
from livedocs.measure.curve import rounded
from livedocs.measure.derive import derive_rule
from tests.conftest import ROOT


def test_the_curve_of_a_rule() -> None:
    """Short numbers x that meet the breakpoint, values and limits of both sides, a panel that cuts the pole."""
    rule = Pieces(
        "torch.reciprocal",
        "torch.reciprocal(x)",
        pieces=[Piece(1 / x, -oo, 0), Piece(1 / x, 0, oo)],
        jumps=(0,),
        points=("-0.0", NAN, "-1.0"),
        span=(-2.0, 2.0),
    )
    curve = derive_rule(ROOT, rule).curve
    assert curve.x[0] == -2.0 and curve.x[-1] == 2.0 and {-0.025, 0.0, 0.025} <= set(curve.x)
    assert curve.f[curve.x.index(-0.5)] == -2.0 and curve.g[curve.x.index(-0.5)] == -4.0
    assert [str(p.x) for p in curve.points] == ["-1.0", "-0.0", "0.0", "nan"]
    zero = curve.points[2]
    assert zero.is_break and zero.limits == (-math.inf, math.inf) and zero.f == math.inf
    low, high = curve.view["f"]
    assert -7 < low < -5 and 5 < high < 7 and 0 in curve.ticks["f"]


def test_the_largest_float_stays_finite() -> None:
    largest = sys.float_info.max
    assert rounded(largest) == 1.797e308 and rounded(-largest) == -1.797e308
    assert rounded(float("inf")) == float("inf") and rounded(0.123456) == 0.1235
