"""Limits of a Pieces rule: what values decide, and what they leave to SymPy."""

from __future__ import annotations

import math

import pytest
import sympy
from sympy import Rational, erf, exp, log, oo, pi, sin, sqrt, tanh

from livedocs.declare import x
from livedocs.measure.pieces import limit_by_values


def in_mpmath(expression):
    return sympy.lambdify(x, expression, ["mpmath"])


@pytest.mark.parametrize(
    ("expression", "point", "side", "limit"),
    [
        (1 / x, 0, "+", math.inf),
        (1 / x, 0, "-", -math.inf),
        (1 / sqrt(x), 0, "+", math.inf),
        (log(x), 0, "+", -math.inf),
        (log(x), oo, "-", math.inf),
        (tanh(x), -oo, "+", -1.0),
        (x * (1 + erf(x)) / 2, -oo, "+", 0.0),
        (2**x, -oo, "+", 0.0),  # SymPy 1.14 says oo
        (exp(-x), -oo, "+", math.inf),
        ((exp(x) - 1) / x, 0, "+", 1.0),
        (x * (sqrt(x**2 + 1) - x), oo, "-", 0.5),
        (sqrt(2 / pi) + 0 * x + exp(-x), oo, "-", math.sqrt(2 / math.pi)),
        ((exp(x - Rational(1, 3)) - 1) / (x - Rational(1, 3)), Rational(1, 3), "-", 1.0),
    ],
)
def test_a_limit_that_values_decide(expression, point, side: str, limit: float) -> None:
    assert limit_by_values(in_mpmath(expression), sympy.sympify(point), side) == limit


@pytest.mark.parametrize("expression", [sin(x), 1 / log(x), log(log(x)), sqrt(-x)])
def test_a_limit_that_values_leave_open(expression) -> None:
    assert limit_by_values(in_mpmath(expression), oo, "-") is None
