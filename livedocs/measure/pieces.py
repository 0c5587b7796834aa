"""Checks a Pieces rule against torch, and finds its limits and slopes with SymPy."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import replace

import mpmath
import sympy
import torch
from sympy.functions.elementary.trigonometric import TrigonometricFunction

from livedocs.declare import Pieces
from livedocs.errors import DocsError
from livedocs.measure.checks import Where, check_inputs, checked_call, declaration_error
from livedocs.measure.judge import close, judge_pieces
from livedocs.measure.modes import Measurement, evaluate, measure
from livedocs.verdicts import Verdict

POWERS = (10, 20, 40)  # of ten: how close the values are that a limit is read off from, and how far out
DIGITS = 150  # of these values, so that differences of large numbers keep some
SAMPLES = 4  # regular inputs a piece is checked at during the build; the tests take more


def regular_points(rule: Pieces, count: int) -> list[float]:
    """``count`` regular inputs in each piece of a Pieces rule, away from its ends, from a fixed seed."""
    generator = torch.Generator().manual_seed(0)
    found = []
    for piece in rule.pieces:
        low = max(float(with_parameters(rule, piece.low)), rule.span[0])
        high = min(float(with_parameters(rule, piece.high)), rule.span[1])
        if low < high:
            share = 0.05 + 0.9 * torch.rand(count, generator=generator, dtype=torch.float64)
            found += (low + (high - low) * share).tolist()
    return found


def with_parameters(rule: Pieces, value: sympy.Expr | float) -> sympy.Expr:
    """A SymPy value with the parameters put in."""
    return sympy.sympify(value).subs({symbol: _exact_number(v) for symbol, v in rule.parameters.items()})


@functools.cache
def _exact_number(value: float) -> sympy.Expr:
    return sympy.nsimplify(value, rational=True)


class CheckedPieces:
    """A Pieces rule with its parameters put in, checked."""

    def __init__(self, rule: Pieces, where: Where) -> None:
        self.rule, self.where = rule, where
        self._limits: dict[tuple, float] = {}
        self._functions: dict[sympy.Expr, Callable] = {}
        self.x = sympy.Symbol("x", real=True)
        self.low = [with_parameters(rule, p.low) for p in rule.pieces]
        self.high = [with_parameters(rule, p.high) for p in rule.pieces]
        self.values = [with_parameters(rule, p.formula) for p in rule.pieces]
        self.slopes = [sympy.diff(value, self.x) for value in self.values]
        self.jumps = [with_parameters(rule, j) for j in rule.jumps]
        if not rule.pieces:
            raise self._error("no pieces", "an empty list", "one piece at least")
        self._check_intervals()
        self._check_samples()

    def _error(self, problem: str, got: object, wanted: str) -> DocsError:
        return declaration_error(self.rule, self.where, problem, got, wanted)

    def _check_intervals(self) -> None:
        for number, (low, high) in enumerate(zip(self.low, self.high, strict=True)):
            if not low < high:
                raise self._error("an empty piece", f"piece {number + 1} from {low} to {high}", "low < high")
        for number, (high, low) in enumerate(zip(self.high, self.low[1:], strict=False)):
            if high != low:
                problem = "the pieces leave a gap" if high < low else "the pieces overlap"
                got = f"piece {number + 1} ends at {high}, piece {number + 2} begins at {low}"
                raise self._error(problem, got, "each to begin where the one before ends")
            if high not in self.jumps:
                left, right = self.limit(self.values[number], high, "-"), self.limit(self.values[number + 1], high, "+")
                if not close(left, right):
                    got = f"{left:g} from the left and {right:g} from the right at x = {high}"
                    raise self._error("the pieces do not meet", got, "equal limits, or the point in jumps")
        inner = set(self.high[:-1])
        for jump in self.jumps:
            if jump not in inner:
                raise self._error("a jump at no breakpoint", jump, f"one of: {sorted(inner)}")

    def _check_samples(self) -> None:
        """The formula and its derivative against torch at a few regular inputs."""
        rule, where = self.rule, self.where
        for piece in rule.pieces:
            if piece.derivative is not None:
                self._check_derivative(piece)
        for sample in regular_points(rule, SAMPLES):
            leaf = torch.tensor(sample, dtype=torch.float64, requires_grad=True)
            output = checked_call(rule, where, {"x": leaf})
            number = next(n for n, (a, b) in enumerate(zip(self.low, self.high, strict=True)) if a < sample < b)
            wanted = [self.value_at(e, sample) for e in (self.values[number], self.slopes[number])]
            if not all(map(math.isfinite, wanted)):
                raise self._error("a regular sample that is not finite", f"{wanted} at x = {sample:g}", "finite")
            slope = torch.autograd.grad(output, leaf)[0].item() if output.requires_grad else 0.0
            for what, got, want in zip(("value", "derivative"), (output.item(), slope), wanted, strict=True):
                if not math.isclose(got, want, rel_tol=1e-6, abs_tol=1e-8):
                    raise self._error(
                        f"the {what} is not torch's",
                        f"{got:.10g} from torch at x = {sample:g}",
                        f"{want:.10g} by the formula",
                    )

    def value_at(self, expression: sympy.Expr, at: float) -> float:
        """An expression at a number; NaN where it is not real."""
        try:
            value = complex(self._function(expression)(at))
        except (ArithmeticError, TypeError, ValueError):
            return math.nan
        return value.real if abs(value.imag) <= 1e-12 * max(1.0, abs(value.real)) else math.nan

    def _function(self, expression: sympy.Expr) -> Callable:
        """An expression as a function of numbers."""
        if expression not in self._functions:
            self._functions[expression] = sympy.lambdify(self.x, expression, ["mpmath"])
        return self._functions[expression]

    def _check_derivative(self, piece) -> None:
        rule = self.rule
        written, derived = (
            with_parameters(rule, piece.derivative),
            sympy.diff(with_parameters(rule, piece.formula), self.x),
        )
        inside = [
            s
            for s in regular_points(rule, SAMPLES)
            if with_parameters(rule, piece.low) < s < with_parameters(rule, piece.high)
        ]
        for sample in inside:
            a, b = (complex(sympy.N(e.subs(self.x, sample))) for e in (written, derived))
            if abs(a - b) > 1e-9 * max(1.0, abs(b)):
                got = f"{piece.derivative} gives {a.real:.10g} at x = {sample:g}"
                raise self._error("the written derivative is not SymPy's", got, f"{b.real:.10g} ({derived})")

    def limit(self, expression: sympy.Expr, point: sympy.Expr, side: str) -> float:
        """A one-sided limit as a float, NaN where there is none; each is computed once.

        Args:
            expression: of x.
            point: a number, or an infinity.
            side: ``"-"`` for the limit from the left, ``"+"`` for that from the right.
        """
        key = expression, point, side
        if key not in self._limits:
            self._limits[key] = self._limit(*key)
        return self._limits[key]

    def _limit(self, expression: sympy.Expr, point: sympy.Expr, side: str) -> float:
        """By substitution where that is finite; else by values ever closer; SymPy decides where these leave doubt."""
        function = self._function(expression)
        if point.is_Rational:
            value = _value_at(function, point)
            if value is not None:
                return value
        elif point.is_finite:
            direct = expression.subs(self.x, point)
            if direct.is_finite and direct.is_real:
                return float(direct)
        found = None if expression.has(TrigonometricFunction) else limit_by_values(function, point, side)
        if found is not None:
            return found
        try:
            return float(sympy.limit(expression, self.x, point, side))
        except (NotImplementedError, TypeError, ValueError):
            return math.nan

    def special(self) -> list[tuple[str, str]]:
        """Label and Python text of every special point: the breakpoints, then the declared ones."""
        ends = [p for p in dict.fromkeys([*self.low, *self.high]) if p.is_finite]
        check_inputs(self.rule, self.where, {"x": f"({', '.join(self.rule.points)},)"} if self.rule.points else {})
        texts = [repr(float(p)) for p in sorted(ends)] + list(self.rule.points)
        return [(f"x = {label_text(text)}", text) for text in dict.fromkeys(texts)]

    def sides(self, at: float) -> tuple[float | None, float | None, list[float]]:
        """Slopes left and right of a point as SymPy has them (None where undefined), and the limits of the value."""
        if math.isnan(at):
            return None, None, []
        exact = sympy.nsimplify(at, rational=True) if math.isfinite(at) else sympy.oo * int(math.copysign(1, at))
        ends = [p for p in (*self.low, *self.high) if p.is_finite and float(p) == at]
        exact = ends[0] if ends else exact
        left = right = None
        limits = []
        for low, high, value, slope in zip(self.low, self.high, self.values, self.slopes, strict=True):
            if low < exact <= high:
                left = self.limit(slope, exact, "-")
                limits.append(self.limit(value, exact, "-"))
            if low <= exact < high:
                right = self.limit(slope, exact, "+")
                limits.append(self.limit(value, exact, "+"))
        return left, right, limits

    def curvature(self, at: float) -> list[float]:
        """The second derivative close to a point, on each side."""
        found = []
        for near in (at - 1e-4, at + 1e-4):
            for low, high, slope in zip(self.low, self.high, self.slopes, strict=True):
                if low < near < high:
                    found.append(self.value_at(sympy.diff(slope, self.x), near))
        return found

    def measure(self, label: str, text: str) -> tuple[Measurement, Verdict]:
        """Measure a special point, hold the slopes against SymPy's and take these, and give the verdict."""
        rule, where = self.rule, self.where
        inputs = {"x": f"torch.tensor({text}, dtype=torch.float64)"}
        check_inputs(rule, where, inputs)
        found = measure(rule.call, label, inputs, {})
        at = evaluate(text)
        left, right, limits = self.sides(at)
        for side, slope in (("left", left), ("right", right)):
            seen = getattr(found, side)
            seen = seen["x"] if seen else math.nan
            if slope is not None and not math.isnan(seen) and not _are_near(seen, slope):
                problem = f"the {side} slope at {label} is not torch's"
                raise self._error(problem, f"{seen:g} measured", f"{slope:g} (SymPy)")
        slopes: dict[str, dict[str, float] | None] = {}
        for side, slope in (("left", left), ("right", right)):
            seen = getattr(found, side)
            if slope is not None:
                slopes[side] = {"x": slope}
            elif seen and not math.isnan(seen["x"]):  # beyond a declaration's end SymPy has no slope, PyTorch may have
                slopes[side] = seen
            else:
                slopes[side] = None
        found = replace(found, **slopes)
        corner = None not in (left, right) and not close(left, right)
        curvature = self.curvature(at) if corner else ()
        return found, judge_pieces(found, at, left, right, limits, curvature)


def _value_at(function: Callable, point: sympy.Rational) -> float | None:
    """The value at a rational point where that is finite and real, else None; SymPy takes seconds at exp(10**200)."""
    with mpmath.workdps(DIGITS):
        try:
            value = mpmath.mpmathify(function(mpmath.mpf(point.p) / point.q))
        except (ArithmeticError, NotImplementedError, TypeError, ValueError):
            return None
        return float(mpmath.re(value)) if mpmath.isfinite(value) and not mpmath.im(value) else None


def limit_by_values(function: Callable, point: sympy.Expr, side: str) -> float | None:
    """A one-sided limit from values at three places, each so close that the logarithm of the distance doubles.

    SymPy's own limits take up to a second at infinity, and most are plain to see. Three places say nothing of what
    oscillates: that is not to be asked.

    Args:
        function: of mpmath's numbers.
        point, side: as ``CheckedPieces.limit`` takes them.

    Returns:
        The limit, or None unless the values leave no doubt: they agree to 17 digits; or they come so close to an
        integer that nobody would mean another number; or they grow at least as fast as a logarithm.
    """
    with mpmath.workdps(DIGITS):
        places = [mpmath.mpf(10) ** power for power in POWERS]
        if point.is_finite:
            at = mpmath.mpf(sympy.N(point, DIGITS))
            places = [at + 1 / p if side == "+" else at - 1 / p for p in places]
        elif point < 0:
            places = [-p for p in places]
        try:
            values = [mpmath.mpmathify(function(place)) for place in places]
        except (ArithmeticError, NotImplementedError, TypeError, ValueError):
            return None
        if any(mpmath.im(value) for value in values) or not all(map(mpmath.isfinite, values)):
            return None
        first, second, third = map(mpmath.re, values)
        if abs(third - second) <= mpmath.mpf(10) ** -17 * abs(third):
            return float(third)
        near = mpmath.nint(third)
        if abs(third - near) < mpmath.mpf(10) ** -12 and abs(second - near) < mpmath.mpf(10) ** -6:
            return float(near)
        if abs(third) > 1.9 * abs(second) > 3.61 * abs(first) > 3.61 and first * second > 0 < second * third:
            return math.copysign(math.inf, third)
    return None


def _are_near(a: float, b: float) -> bool:
    return a == b or (math.isfinite(a) and math.isfinite(b) and abs(a - b) <= 1e-4 * max(1.0, abs(b)))


def label_text(text: str) -> str:
    """A point's Python text as it is said: 0.0 is 0, float('inf') is inf."""
    value = evaluate(text)
    return f"{value:g}"
