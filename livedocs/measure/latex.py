"""Writes the formulas of a Pieces rule: numbers, conditions, cases."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import sympy

from livedocs.measure.judge import close
from livedocs.measure.modes import Measurement
from livedocs.measure.pieces import CheckedPieces, label_text, with_parameters

ROUNDING = 1e-12


def formula_of(pieces: CheckedPieces, points: Sequence[Measurement]) -> str:
    """LaTeX of the function, by cases; a breakpoint belongs to the piece that has its value there, not only near it."""
    rows = [sympy.latex(piece.formula) for piece in pieces.rule.pieces]
    return _cases(pieces, rows, {point.label: point.output for point in points}, pieces.values, pieces.values)


def gradient_of(pieces: CheckedPieces, points: Sequence[Measurement]) -> str:
    """LaTeX of the derivative, with PyTorch's values at the breakpoints worked in."""
    written = [
        piece.derivative if piece.derivative is not None else sympy.simplify(sympy.diff(piece.formula, pieces.x))
        for piece in pieces.rule.pieces
    ]
    values = {point.label: point.gradient["x"] for point in points if point.gradient}
    shown = [with_parameters(pieces.rule, formula) for formula in written]
    return _cases(pieces, [sympy.latex(formula) for formula in written], values, pieces.slopes, shown)


def label_of(pieces: CheckedPieces, label: str) -> str:
    """LaTeX of a special point's label, with the parameter's name where the breakpoint is one."""
    for piece in pieces.rule.pieces:
        for end in (piece.low, piece.high):
            number = with_parameters(pieces.rule, end)
            if number.is_finite and label == f"x = {label_text(repr(float(number)))}":
                exact = sympy.sympify(end)
                value = "" if exact.is_number else f" = {latex_number(float(number))}"
                return f"x = {sympy.latex(exact)}{value}"
    return label.replace("inf", r"\infty").replace("nan", r"\text{NaN}")


def latex_number(value: float | None) -> str:
    """A number as LaTeX: integers below 10⁹ and simple fractions exactly, others with four digits."""
    if value is None:
        return r"\text{–}"
    if math.isnan(value):
        return r"\text{NaN}"
    if math.isinf(value):
        return r"\infty" if value > 0 else r"-\infty"
    if value == round(value) and abs(value) < 1e9:
        return str(round(value))
    fraction = sympy.Rational(value).limit_denominator(12)
    if abs(float(fraction) - value) < 1e-12 and abs(value) < 1e3:
        sign = "-" if fraction < 0 else ""
        return rf"{sign}\tfrac{{{abs(fraction.p)}}}{{{fraction.q}}}"
    mantissa, _, exponent = f"{value:.4g}".partition("e")
    if not exponent:
        return mantissa
    power = f"10^{{{int(exponent)}}}"
    return {"1": power, "-1": f"-{power}"}.get(mantissa, rf"{mantissa} \cdot {power}")


def _cases(
    pieces: CheckedPieces,
    rows: list[str],
    values: Mapping[str, float | None],
    expressions: list[sympy.Expr],
    shown: list[sympy.Expr],
) -> str:
    """LaTeX of a function given on pieces and at the points between them."""
    closed_low, closed_high, extra = set(), set(), {}
    off: dict[tuple[int, str], float] = {}  # how far PyTorch's value is from that of a piece, at an end that has it
    for number, (low, high) in enumerate(zip(pieces.low, pieces.high, strict=True)):
        for point, side, closed in ((low, "+", closed_low), (high, "-", closed_high)):
            value = values.get(f"x = {label_text(repr(float(point)))}") if point.is_finite else None
            if value is None:
                continue
            there = pieces.value_at(shown[number], float(point))  # NaN for 0/0, whose limit may be the value
            limit = pieces.limit(expressions[number], point, side)
            if math.isfinite(value) and close(value, limit) and close(value, there):
                closed.add(number)
                off[number, side] = abs(value - there) / max(1.0, abs(value))
            else:
                extra.setdefault(point, value)
    for number, (high, low) in enumerate(zip(pieces.high, pieces.low[1:], strict=False)):
        if number in closed_high or number + 1 in closed_low:
            extra.pop(high, None)  # one of the two pieces has the value
        if number in closed_high and number + 1 in closed_low:
            # Both have it up to a small number: it is said once, of the nearer one. Rounding makes none nearer.
            if off[number, "-"] < off[number + 1, "+"] - ROUNDING:
                closed_low.discard(number + 1)
            else:
                closed_high.discard(number)
        assert high == low
    for end, closed in ((pieces.low[0], 0 in closed_low), (pieces.high[-1], len(rows) - 1 in closed_high)):
        if closed:
            extra.pop(end, None)
    lines = []
    for number, (row, piece) in enumerate(zip(rows, pieces.rule.pieces, strict=True)):
        low, high = sympy.sympify(piece.low), sympy.sympify(piece.high)
        if pieces.low[number] in extra:
            lines.append((latex_number(extra.pop(pieces.low[number])), f"x = {sympy.latex(low)}"))
        lines.append((row, _condition(low, high, number in closed_low, number in closed_high)))
        if number == len(rows) - 1 and pieces.high[number] in extra:
            lines.append((latex_number(extra.pop(pieces.high[number])), f"x = {sympy.latex(high)}"))
    if len(lines) == 1:
        row, condition = lines[0]
        return row if not condition else rf"{row}, \quad {condition}"
    return r"\begin{cases} " + r" \\ ".join(f"{row} & {condition}" for row, condition in lines) + r" \end{cases}"


def _condition(low: sympy.Expr, high: sympy.Expr, closed_low: bool, closed_high: bool) -> str:
    """LaTeX of an interval as a condition on x; empty for the whole line."""
    less, more = (r"\le" if c else "<" for c in (closed_low, closed_high))
    if low == -sympy.oo and high == sympy.oo:
        return ""
    if low == -sympy.oo:
        return rf"x {more} {sympy.latex(high)}"
    if high == sympy.oo:
        return rf"x {less.replace('<', '>').replace('le', 'ge')} {sympy.latex(low)}"
    return rf"{sympy.latex(low)} {less} x {more} {sympy.latex(high)}"
