"""Derives everything that is shown of a rule from its declaration, and refuses declarations that are not true.

This runs in a child of the helper process, next to torch: ``derive`` turns a module of rules into plain data.
"""

from __future__ import annotations

import functools
import importlib
import math
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import sympy
import torch

from livedocs import curves, derivatives, plots, verdicts
from livedocs.declare import Pieces
from livedocs.errors import DocsError
from livedocs.measure import Function, Point, differentiable, evaluate, flat, listed, measure
from livedocs.names import other_names

DIRECTIONS = 16  # along which the surroundings of a point are looked at, both ways
NEAR = 1e-7  # how far away
SAMPLES = 4  # regular inputs a piece is checked at during the build; the tests take more


def load(root: Path, module: str) -> list:
    """The rules of a module.

    Raises:
        DocsError: for a module that does not import, or has no RULES.
    """
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    where = module.replace(".", "/") + ".py"
    try:
        loaded = importlib.import_module(module)
    except Exception as error:
        lines = [f.tb_lineno for f in _frames(error.__traceback__) if f.tb_frame.f_code.co_filename.endswith(where)]
        line = lines[-1] if lines else getattr(error, "lineno", None)
        raise DocsError(
            where, line, "the rules do not import", got=f"{type(error).__name__}: {error}", wanted="declarations"
        ) from None
    if not hasattr(loaded, "RULES"):
        raise DocsError(where, None, "a module of rules without RULES", got="no such list", wanted="RULES = [...]")
    return loaded.RULES


def derive(root: Path, module: str, *, plot: bool = True) -> list[dict[str, Any]]:
    """What is shown of the rules of a module, as plain data, in their order.

    Raises:
        DocsError: for a declaration that is wrong, with the rule's name, file and line.
    """
    return [derive_rule(root, rule, plot=plot) for rule in load(root, module)]


def derive_rule(root: Path, rule, *, plot: bool = True) -> dict[str, Any]:
    """What is shown of one rule, as plain data."""
    where = place(root, rule)
    _known(rule, where)
    scalar = isinstance(rule, Pieces)
    if scalar:
        pieces = _Pieces(rule, where)
        points = [pieces.measured(*p) for p in pieces.special()]
        latex = {"formula": pieces.formula(points), "gradient": pieces.gradient(points)}
        picture = plots.draw(pieces, points) if plot and rule.plot else None
    else:
        points = list(_measured_vjp(rule, where))
        latex = {"formula": rule.formula, "gradient": rule.gradient}
        picture = None
    labels = [p.point for p in points]
    for defect in rule.defects:
        if defect.point not in labels:
            raise _error(rule, where, "a defect at no special point", defect.point, f"one of: {', '.join(labels)}")
    output = _regular_output(rule)
    return {
        "name": rule.name,
        "function": rule.function,
        "variant": rule.variant,
        "also": list(rule.also),
        "names": other_names(rule, output),
        "call": rule.call,
        "file": where[0],
        "line": where[1],
        "random": rule.random,
        "kind": "pieces" if scalar else "vjp",
        "parameters": [[sympy.latex(s), float(v)] for s, v in rule.parameters.items()] if scalar else [],
        "latex": latex,
        "points": [asdict(p) for p in points],
        "labels": [pieces.label(p) for p in points] if scalar else [None] * len(points),
        "derivatives": derivatives.lines_of(output),
        "excluded": dict(rule.excluded),
        "defects": [asdict(d) for d in rule.defects if d.releases is None or release() in d.releases],
        "plot": picture,
        "curve": curves.sample(pieces, points) if plot and scalar else None,
    }


def release() -> str:
    """The running torch as ``major.minor``."""
    return ".".join(torch.__version__.split(".")[:2])


def place(root: Path, rule) -> tuple[str, int]:
    """File (relative to the project) and line of a declaration."""
    file, line = rule.place
    path = Path(file)
    return (path.relative_to(root).as_posix() if root in path.parents else path.name), line


def _frames(traceback) -> Iterator:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _error(rule, where: tuple[str, int], problem: str, got: Any, wanted: str) -> DocsError:
    return DocsError(where[0], where[1], f"rule {rule.name}: {problem}", got=str(got), wanted=wanted)


def _known(rule, where) -> None:
    """Every public name that a rule gives must exist in torch."""
    for name in (rule.function, *rule.also):
        found: Any = torch
        for part in name.split(".")[1:]:
            found = getattr(found, part, None)
        if not name.startswith("torch.") or found is None:
            raise _error(rule, where, "an unknown torch function", name, "a public name, such as torch.clamp")


def _call(rule, where, names: dict[str, Any]) -> torch.Tensor:
    """The call at some inputs."""
    try:
        value = evaluate(rule.call, names)
    except Exception as error:
        raise _error(
            rule, where, "the call does not evaluate", f"{rule.call}: {type(error).__name__}: {error}", "Python text"
        ) from None
    if not isinstance(value, torch.Tensor):
        raise _error(rule, where, "the call gives no tensor", f"{rule.call}: {type(value).__name__}", "one tensor")
    return value


def _inputs(rule, where, texts: dict[str, str]) -> None:
    """Every input's text must evaluate to a tensor (or, for fixed arguments, to anything)."""
    for name, text in texts.items():
        try:
            evaluate(text)
        except Exception as error:
            got = f"{name} = {text}: {type(error).__name__}: {error}"
            raise _error(rule, where, "an input does not evaluate", got, "Python text that needs only torch") from None


def _regular_output(rule) -> torch.Tensor | None:
    """The call at a regular input with gradients on: its graph names PyTorch's formulas."""
    generator = torch.Generator().manual_seed(0)
    if isinstance(rule, Pieces):
        sample = regular_points(rule, 1)[0]
        return evaluate(rule.call, {"x": torch.tensor(sample, dtype=torch.float64, requires_grad=True)})
    if not rule.shapes:
        return None
    return evaluate(rule.call, regular_inputs(rule, rule.shapes[-1], generator))


def regular_inputs(rule, shapes: dict[str, tuple[int, ...]], generator: torch.Generator) -> dict[str, Any]:
    """Inputs of a VJP rule, drawn as it declares, float64, with gradients on."""
    drawn = {name: draw(generator, shapes[name]) for name, draw in rule.inputs.items()}
    drawn = {name: t.requires_grad_() if differentiable(t) else t for name, t in drawn.items()}
    return {**drawn, **{name: evaluate(text) for name, text in rule.fixed.items()}}


def regular_points(rule, count: int) -> list[float]:
    """``count`` regular inputs in each piece of a Pieces rule, away from its ends, from a fixed seed."""
    generator = torch.Generator().manual_seed(0)
    found = []
    for piece in rule.pieces:
        low = max(float(_number(rule, piece.low)), rule.span[0])
        high = min(float(_number(rule, piece.high)), rule.span[1])
        if low < high:
            share = 0.05 + 0.9 * torch.rand(count, generator=generator, dtype=torch.float64)
            found += (low + (high - low) * share).tolist()
    return found


def _float(expression: sympy.Expr) -> float:
    """A SymPy number as a float; NaN where it is not real."""
    value = complex(sympy.N(expression))
    return value.real if abs(value.imag) <= 1e-12 * max(1.0, abs(value.real)) else math.nan


def _number(rule, value) -> sympy.Expr:
    """A SymPy value with the parameters put in."""
    return sympy.sympify(value).subs({symbol: _exact(v) for symbol, v in rule.parameters.items()})


@functools.cache
def _exact(value: float) -> sympy.Expr:
    return sympy.nsimplify(value, rational=True)


class _Pieces:
    """A Pieces rule with its parameters put in, checked."""

    def __init__(self, rule, where: tuple[str, int]) -> None:
        self.rule, self.where = rule, where
        self._limits: dict[tuple, float] = {}
        self.x = sympy.Symbol("x", real=True)
        self.low = [_number(rule, p.low) for p in rule.pieces]
        self.high = [_number(rule, p.high) for p in rule.pieces]
        self.values = [_number(rule, p.formula) for p in rule.pieces]
        self.slopes = [sympy.diff(value, self.x) for value in self.values]
        self.jumps = [_number(rule, j) for j in rule.jumps]
        if not rule.pieces:
            raise _error(rule, where, "no pieces", "an empty list", "one piece at least")
        self._check_intervals()
        self._check_samples()

    def _check_intervals(self) -> None:
        rule, where = self.rule, self.where
        for number, (low, high) in enumerate(zip(self.low, self.high, strict=True)):
            if not low < high:
                raise _error(rule, where, "an empty piece", f"piece {number + 1} from {low} to {high}", "low < high")
        for number, (high, low) in enumerate(zip(self.high, self.low[1:], strict=False)):
            if high != low:
                problem = "the pieces leave a gap" if high < low else "the pieces overlap"
                got = f"piece {number + 1} ends at {high}, piece {number + 2} begins at {low}"
                raise _error(rule, where, problem, got, "each to begin where the one before ends")
            if high not in self.jumps:
                left, right = self.limit(self.values[number], high, "-"), self.limit(self.values[number + 1], high, "+")
                if not verdicts.close(left, right):
                    got = f"{left:g} from the left and {right:g} from the right at x = {high}"
                    raise _error(rule, where, "the pieces do not meet", got, "equal limits, or the point in jumps")
        inner = set(self.high[:-1])
        for jump in self.jumps:
            if jump not in inner:
                raise _error(rule, where, "a jump at no breakpoint", jump, f"one of: {sorted(inner)}")

    def _check_samples(self) -> None:
        """The formula and its derivative against torch at a few regular inputs."""
        rule, where = self.rule, self.where
        for piece in rule.pieces:
            if piece.derivative is not None:
                self._check_derivative(piece)
        for sample in regular_points(rule, SAMPLES):
            leaf = torch.tensor(sample, dtype=torch.float64, requires_grad=True)
            output = _call(rule, where, {"x": leaf})
            number = next(n for n, (a, b) in enumerate(zip(self.low, self.high, strict=True)) if a < sample < b)
            wanted = [_float(e.subs(self.x, sample)) for e in (self.values[number], self.slopes[number])]
            if not all(map(math.isfinite, wanted)):
                raise _error(
                    rule, where, "a regular sample that is not finite", f"{wanted} at x = {sample:g}", "finite"
                )
            slope = torch.autograd.grad(output, leaf)[0].item() if output.requires_grad else 0.0
            for what, got, want in zip(("value", "derivative"), (output.item(), slope), wanted, strict=True):
                if not math.isclose(got, want, rel_tol=1e-6, abs_tol=1e-8):
                    raise _error(
                        rule,
                        where,
                        f"the {what} is not torch's",
                        f"{got:.10g} from torch at x = {sample:g}",
                        f"{want:.10g} by the formula",
                    )

    def _check_derivative(self, piece) -> None:
        rule, where = self.rule, self.where
        written, derived = _number(rule, piece.derivative), sympy.diff(_number(rule, piece.formula), self.x)
        inside = [s for s in regular_points(rule, SAMPLES) if _number(rule, piece.low) < s < _number(rule, piece.high)]
        for sample in inside:
            a, b = (complex(sympy.N(e.subs(self.x, sample))) for e in (written, derived))
            if abs(a - b) > 1e-9 * max(1.0, abs(b)):
                got = f"{piece.derivative} gives {a.real:.10g} at x = {sample:g}"
                raise _error(rule, where, "the written derivative is not SymPy's", got, f"{b.real:.10g} ({derived})")

    def limit(self, expression: sympy.Expr, point: sympy.Expr, side: str) -> float:
        """A one-sided limit as a float; each is computed once."""
        key = expression, point, side
        if key not in self._limits:
            self._limits[key] = self._limit(*key)
        return self._limits[key]

    def _limit(self, expression: sympy.Expr, point: sympy.Expr, side: str) -> float:
        """By substitution where that is finite, else by SymPy's series."""
        if point.is_finite:
            direct = expression.subs(self.x, point)
            if direct.is_finite and direct.is_real:
                return float(direct)
        try:
            found = sympy.limit(expression, self.x, point, side)
            return float(found)
        except (NotImplementedError, TypeError, ValueError):
            return math.nan

    def special(self) -> list[tuple[str, str]]:
        """Label and Python text of every special point: the breakpoints, then the declared ones."""
        ends = [p for p in dict.fromkeys([*self.low, *self.high]) if p.is_finite]
        _inputs(self.rule, self.where, {"x": f"({', '.join(self.rule.points)},)"} if self.rule.points else {})
        texts = [repr(float(p)) for p in sorted(ends)] + list(self.rule.points)
        return [(f"x = {_short(text)}", text) for text in dict.fromkeys(texts)]

    def label(self, point: Point) -> str:
        """LaTeX of a special point, with the parameter's name where the breakpoint is one."""
        for piece in self.rule.pieces:
            for end in (piece.low, piece.high):
                number = _number(self.rule, end)
                if number.is_finite and point.point == f"x = {_short(repr(float(number)))}":
                    exact = sympy.sympify(end)
                    value = "" if exact.is_number else f" = {latex_number(float(number))}"
                    return f"x = {sympy.latex(exact)}{value}"
        return point.point.replace("inf", r"\infty").replace("nan", r"\text{NaN}")

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
                    found.append(_float(sympy.diff(slope, self.x).subs(self.x, near)))
        return found

    def measured(self, label: str, text: str) -> Point:
        """Measure a special point, hold the slopes against SymPy's, and give the verdict."""
        rule, where = self.rule, self.where
        inputs = {"x": f"torch.tensor({text}, dtype=torch.float64)"}
        _inputs(rule, where, inputs)
        found = measure(rule.call, label, inputs, {})
        at = evaluate(text)
        left, right, limits = self.sides(at)
        for side, slope in (("left", left), ("right", right)):
            seen = getattr(found, side)
            seen = seen["x"] if seen else math.nan
            if slope is not None and not math.isnan(seen) and not _near(seen, slope):
                raise _error(
                    rule,
                    where,
                    f"the {side} slope at {label} is not torch's",
                    f"{seen:g} measured",
                    f"{slope:g} (SymPy)",
                )
            setattr(found, side, None if slope is None else {"x": slope})
        if found.gradient is None or found.gradient["x"] is None:
            found.verdict = verdicts.NONE
        else:
            value = float(found.output)
            continuous = all(verdicts.close(value, limit) for limit in limits)
            if math.isnan(at):
                found.verdict = verdicts.NAN_INPUT
            elif math.isnan(value) and limits and all(map(math.isfinite, limits)):
                found.verdict = verdicts.NAN
            else:
                found.verdict = verdicts.of_scalar(
                    found.gradient["x"],
                    left,
                    right,
                    value=value,
                    continuous=continuous,
                    curvature=self.curvature(at) if None not in (left, right) else (),
                )
        return found

    def formula(self, points: list[Point]) -> str:
        """LaTeX of the function, by cases; a breakpoint belongs to the piece whose limit is its value."""
        rows = [sympy.latex(p.formula) for p in self.rule.pieces]
        return _cases(self, rows, {p.point: p.output for p in points}, self.values)

    def gradient(self, points: list[Point]) -> str:
        """LaTeX of the derivative, with PyTorch's values at the breakpoints worked in."""
        written = [
            p.derivative if p.derivative is not None else sympy.simplify(sympy.diff(p.formula, self.x))
            for p in self.rule.pieces
        ]
        values = {p.point: p.gradient["x"] for p in points if p.gradient}
        return _cases(self, [sympy.latex(w) for w in written], values, self.slopes)


def _near(a: float, b: float) -> bool:
    return a == b or (math.isfinite(a) and math.isfinite(b) and abs(a - b) <= 1e-4 * max(1.0, abs(b)))


def _short(text: str) -> str:
    """A point's Python text as it is said: 0.0 is 0, float('inf') is inf."""
    value = evaluate(text)
    return f"{value:g}"


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


def _cases(pieces: _Pieces, rows: list[str], values: dict[str, Any], expressions: list) -> str:
    """LaTeX of a function given on pieces and at the points between them."""
    closed_low, closed_high, extra = set(), set(), {}
    for number, (low, high) in enumerate(zip(pieces.low, pieces.high, strict=True)):
        for point, side, closed in ((low, "+", closed_low), (high, "-", closed_high)):
            value = values.get(f"x = {_short(repr(float(point)))}") if point.is_finite else None
            if value is None:
                continue
            if verdicts.close(value, pieces.limit(expressions[number], point, side)) and math.isfinite(value):
                closed.add(number)
            else:
                extra.setdefault(point, value)
    for number, (high, low) in enumerate(zip(pieces.high, pieces.low[1:], strict=False)):
        if number in closed_high or number + 1 in closed_low:
            extra.pop(high, None)  # one of the two pieces has the value
        if number in closed_high and number + 1 in closed_low:
            closed_high.discard(number)  # both have: it is said once
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


def _condition(low, high, closed_low: bool, closed_high: bool) -> str:
    """LaTeX of an interval as a condition on x; empty for the whole line."""
    less, more = (r"\le" if c else "<" for c in (closed_low, closed_high))
    if low == -sympy.oo and high == sympy.oo:
        return ""
    if low == -sympy.oo:
        return rf"x {more} {sympy.latex(high)}"
    if high == sympy.oo:
        return rf"x {less.replace('<', '>').replace('le', 'ge')} {sympy.latex(low)}"
    return rf"{sympy.latex(low)} {less} x {more} {sympy.latex(high)}"


def _measured_vjp(rule, where) -> Iterator[Point]:
    """Measure the special points of a VJP rule, and give the verdicts."""
    for problem, given in (("no inputs", rule.inputs), ("no special points", rule.special)):
        if not given:
            raise _error(rule, where, problem, "an empty mapping", "one at least")
    generator = torch.Generator().manual_seed(0)
    for shapes in rule.shapes:
        names = regular_inputs(rule, shapes, generator)
        if not torch.isfinite(_call(rule, where, names)).all():
            raise _error(rule, where, "a regular sample that is not finite", f"shapes {shapes}", "finite outputs")
    for label in rule.active:
        if label not in rule.special:
            raise _error(rule, where, "active pieces at no special point", label, f"one of: {', '.join(rule.special)}")
    for label, inputs in rule.special.items():
        wrong = set(inputs) ^ set(rule.inputs)
        if wrong:
            raise _error(rule, where, f"the inputs of '{label}'", ", ".join(inputs), ", ".join(rule.inputs))
        _inputs(rule, where, {**inputs, **rule.fixed})
        _call(rule, where, {n: evaluate(t) for n, t in {**inputs, **rule.fixed}.items()})
        point = measure(rule.call, label, inputs, rule.fixed)
        point.verdict = _vjp_verdict(rule, point)
        yield point


def _vjp_verdict(rule, point: Point) -> str:
    if point.gradient is None or any(g is None for g in point.gradient.values()):
        return verdicts.NONE
    inputs = [evaluate(text) for name, text in point.inputs.items() if name not in rule.fixed]
    if any(torch.isnan(t).any() for t in inputs if differentiable(t)):
        return verdicts.NAN_INPUT
    if any(math.isnan(value) for value in flat(point.output)):
        return verdicts.ARBITRARY
    if not all(torch.isfinite(t).all() for t in inputs if differentiable(t)):
        return verdicts.UNJUDGED
    gradient, left, right = flat(point.gradient), flat(point.left), flat(point.right)
    if not gradient:
        return verdicts.GRADIENT  # of an empty input, which has no direction to leave the point in
    infinite = [not math.isfinite(v) for v in (*gradient, *left, *right)]
    if any(infinite) or not all(map(math.isfinite, flat(point.output))):
        sides = list(zip(gradient, left, right, strict=True))
        unknown = [math.isnan(a) and math.isnan(b) for _, a, b in sides]
        judged = [side for side, u in zip(sides, unknown, strict=True) if not u]
        if not all(verdicts.close(g, a) or verdicts.close(g, b) for g, a, b in judged):
            return verdicts.NOT_LIMIT
        return verdicts.UNJUDGED if any(unknown) else verdicts.LIMIT
    hull, slopes, jumps = _surroundings(rule, point)
    if jumps:
        near = torch.tensor(gradient, dtype=torch.float64)
        inside = verdicts.distance_to_hull(near, torch.tensor(hull, dtype=torch.float64)) < 1e-5 if hull else False
        return verdicts.LIMIT if inside else verdicts.NOT_LIMIT
    return verdicts.of_vector(gradient, rule.active.get(point.point) or hull, slopes)


def _surroundings(rule, point: Point) -> tuple[list[list[float]], list[tuple[list[float], float]], bool]:
    """What is found close to a point.

    Returns:
        The gradients, each once; the directions they were found in with the slopes along them; and whether the
        function jumps at the point.
    """
    values = {name: evaluate(text) for name, text in point.inputs.items() if name not in rule.fixed}
    constants = {name: evaluate(text) for name, text in rule.fixed.items()}
    names = [name for name, value in values.items() if differentiable(value)]
    function = Function(rule.call, values, constants, names)
    generator = torch.Generator().manual_seed(0)
    hull: list[list[float]] = []
    slopes = []
    jumps = False
    value = sum(flat(point.output))
    for _ in range(DIRECTIONS):
        directions = [torch.randn(values[n].shape, generator=generator, dtype=torch.float64) for n in names]
        for side in (1.0, -1.0):
            sides = [side * d for d in directions]
            near = [(values[n] + NEAR * d).requires_grad_() for n, d in zip(names, sides, strict=True)]
            output = function(*near)
            jumps = jumps or abs(float(output.detach().sum()) - value) > 1e-4 * max(1.0, abs(value))
            grads = torch.autograd.grad(output, near, torch.ones_like(output), allow_unused=True)
            whole = [torch.zeros_like(t) if g is None else g for g, t in zip(grads, near, strict=True)]
            entries = flat([listed(g) for g in whole])
            if all(map(math.isfinite, entries)):
                if not any(_alike(entries, known) for known in hull):
                    hull.append(entries)
                slope = sum(float((g * d).sum()) for g, d in zip(whole, sides, strict=True))
                slopes.append((flat([d.tolist() for d in sides]), slope))
    return hull, slopes, jumps


def _alike(a: list[float], b: list[float]) -> bool:
    """Whether two gradients are one, up to the curvature between two places that are ``NEAR``."""
    return all(abs(x - y) <= 1e-4 * max(1.0, abs(x), abs(y)) for x, y in zip(a, b, strict=True))
