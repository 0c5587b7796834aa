"""Every rule against autograd: regular inputs, special points, both modes, both orders, other dtypes.

What is shown is measured once (livedocs.measure); here it is held against torch again, another way.
"""

from __future__ import annotations

import importlib
import math
import re
from importlib.metadata import version

import pytest
import sympy
import torch

from livedocs.declare import VJP, Pieces
from livedocs.measure.modes import Function, evaluate, flat, listed, measure
from livedocs.measure.pieces import regular_points
from livedocs.measure.tensors import regular_inputs
from livedocs.measured import MeasuredRules
from livedocs.pages.project import rule_modules
from livedocs.run.accept import release
from livedocs.show.numbers import are_equal
from livedocs.verdicts import Verdict
from tests.conftest import ROOT

TORCH = release(version("torch"))
RULES = [(module, rule) for module in rule_modules(ROOT) for rule in importlib.import_module(module).RULES]
NAMES = [f"{module.removeprefix('rules.')}:{rule.name}" for module, rule in RULES]
PIECES = [rule for _, rule in RULES if isinstance(rule, Pieces)]
VJPS = [rule for _, rule in RULES if isinstance(rule, VJP)]


def each(rules):
    return pytest.mark.parametrize("rule", rules, ids=[r.name for r in rules])


@pytest.fixture(scope="session")
def measured(rules: MeasuredRules) -> MeasuredRules:
    return rules


def regular(rule, generator: torch.Generator) -> list[dict]:
    """Regular inputs of a rule: at least three shapes of each input."""
    if isinstance(rule, VJP):
        return [regular_inputs(rule, shapes, generator) for shapes in rule.shapes]
    points = torch.tensor(regular_points(rule, 4), dtype=torch.float64)
    return [{"x": p.clone().requires_grad_()} for p in (points[0], points, points[: len(points) // 2 * 2].view(2, -1))]


def call(rule, names: dict) -> torch.Tensor:
    return evaluate(rule.call, names)


def leaves_of(names: dict) -> list[torch.Tensor]:
    return [t for t in names.values() if isinstance(t, torch.Tensor) and t.requires_grad]


def test_there_are_rules_and_their_names_are_their_own() -> None:
    assert RULES and len({rule.name for _, rule in RULES}) == len(RULES)


@each(PIECES)
def test_the_formula_of_pieces_is_torchs(rule) -> None:
    """Value and derivative by SymPy against torch, in three shapes."""
    x = sympy.Symbol("x", real=True)
    exact = {s: sympy.nsimplify(v, rational=True) for s, v in rule.parameters.items()}
    pieces = [
        (*(sympy.sympify(e).subs(exact) for e in (p.low, p.high, p.formula)), sympy.diff(p.formula, x).subs(exact))
        for p in rule.pieces
    ]
    for names in regular(rule, torch.Generator().manual_seed(1)):
        leaf = names["x"]
        output = call(rule, names)
        (grad,) = torch.autograd.grad(output.sum(), leaf) if output.requires_grad else (torch.zeros_like(leaf),)
        for at, value, slope in zip(*(flat([listed(t)]) for t in (leaf, output, grad)), strict=True):
            _, _, formula, derivative = next(p for p in pieces if p[0] < at < p[1])
            assert value == pytest.approx(float(sympy.N(formula.subs(x, at))), rel=1e-7, abs=1e-9)
            assert slope == pytest.approx(float(sympy.N(derivative.subs(x, at))), rel=1e-7, abs=1e-9)


@each(VJPS)
def test_the_vjp_is_autograds(rule) -> None:
    """The lines of torch that stand beside the LaTeX against autograd, with a cotangent that is not ones."""
    assert len(rule.shapes) >= 3 or "shapes" in rule.excluded
    generator = torch.Generator().manual_seed(1)
    for names in regular(rule, generator):
        output = call(rule, names)
        leaves = leaves_of(names)
        if "gradient" in rule.excluded:
            with pytest.raises(RuntimeError) as raised:
                torch.autograd.grad(output, leaves, torch.ones_like(output))
            assert rule.excluded["gradient"].removeprefix("PyTorch says: ") in str(raised.value)
            continue
        if rule.vjp is None:
            assert not output.requires_grad, "a rule without a vjp is one whose output does not require grad"
            continue
        v = torch.randn(output.shape, generator=generator, dtype=torch.float64)
        wanted = torch.autograd.grad(output, leaves, v, allow_unused=True)
        got = rule.vjp(v, *[names[name].detach() for name in rule.inputs])
        assert len(got) == len(leaves)
        for mine, autograds, leaf in zip(got, wanted, leaves, strict=True):
            torch.testing.assert_close(mine, torch.zeros_like(leaf) if autograds is None else autograds)


def checkable(rule, check: str, names: dict) -> list[torch.Tensor]:
    """The leaves to check, or none where the rule says why not."""
    if check in rule.excluded:
        return []
    return leaves_of(names) if call(rule, names).requires_grad else []


@each([rule for _, rule in RULES])
def test_gradcheck_at_regular_inputs(rule) -> None:
    for names in regular(rule, torch.Generator().manual_seed(2)):
        leaves = checkable(rule, "gradcheck", names)
        keys = [key for key, t in names.items() if any(t is leaf for leaf in leaves)]

        def function(*tensors, names=names, keys=keys):
            return call(rule, {**names, **dict(zip(keys, tensors, strict=True))})

        if leaves:
            assert torch.autograd.gradcheck(function, leaves)
            if "gradgradcheck" not in rule.excluded:
                assert torch.autograd.gradgradcheck(function, leaves)


@each([rule for _, rule in RULES])
def test_forward_mode_is_reverse_mode_at_regular_inputs(rule) -> None:
    for names in regular(rule, torch.Generator().manual_seed(3)):
        if not checkable(rule, "forward", names):
            continue
        keys = [key for key, t in names.items() if isinstance(t, torch.Tensor) and t.requires_grad]
        values = {key: names[key].detach() for key in keys}
        others = {key: t for key, t in names.items() if key not in keys}
        function = Function(rule.call, values, others, keys)
        primals = tuple(values[key] for key in keys)
        tangents = tuple(
            torch.randn(p.shape, dtype=p.dtype, generator=torch.Generator().manual_seed(4)) for p in primals
        )
        output, tangent = torch.func.jvp(function, primals, tangents)
        grads = torch.autograd.grad(call(rule, names).sum(), [names[key] for key in keys], allow_unused=True)
        wanted = sum((g * t).sum() for g, t in zip(grads, tangents, strict=True) if g is not None)
        torch.testing.assert_close(tangent.sum(), torch.as_tensor(wanted, dtype=tangent.dtype))


@each([rule for _, rule in RULES if rule.complex])
def test_complex_inputs(rule) -> None:
    generator = torch.Generator().manual_seed(5)
    for shape in ((), (5,), (2, 3)):
        z = torch.complex(*(0.3 + 0.4 * torch.rand(shape, generator=generator, dtype=torch.float64) for _ in "ab"))
        assert torch.autograd.gradcheck(lambda z: call(rule, {"x": z}), (z.requires_grad_(),))


def half(texts: dict[str, str]) -> dict[str, str]:
    return {name: text.replace("float64", "float32") for name, text in texts.items()}


@each([rule for _, rule in RULES])
def test_float32_agrees_at_the_special_points(rule, measured) -> None:
    if "float32" in rule.excluded:
        return
    fixed = rule.fixed if isinstance(rule, VJP) else {}
    for point in measured[rule.name].points:
        inputs = {name: text for name, text in point.inputs.items() if name not in fixed}
        single = measure(rule.call, point.label, half(inputs), half(fixed))
        assert close32(single.gradient, point.gradient), point.label


def close32(a, b) -> bool:
    if a is None or b is None:
        return a is b
    pairs = list(zip(flat(a), flat(b), strict=True))
    return all(
        x is y or are_equal(x, y) or (None not in (x, y) and math.isclose(x, y, rel_tol=1e-4, abs_tol=1e-6))
        for x, y in pairs
    )


@each([rule for _, rule in RULES])
def test_known_defects_are_still_there(rule, measured) -> None:
    """When PyTorch changes, the declaration and the page must follow."""
    points = {point.label: point for point in measured[rule.name].points}
    for defect in rule.defects:
        if defect.releases is not None and TORCH not in defect.releases:
            continue
        for quantity, wanted in defect.measured.items():
            got = getattr(points[defect.point], quantity)
            assert are_equal(got, wanted), f"{defect.what} at {defect.point}: {quantity} is {got}, declared {wanted}"


def test_wrong_gradients_are_declared_as_defects(measured) -> None:
    """A gradient that is wrong at a smooth point, or outside the subdifferential, is not passed over in silence."""
    declared = {(rule.name, d.point) for _, rule in RULES for d in rule.defects}
    bad = (Verdict.WRONG, Verdict.OUTSIDE, Verdict.NOT_LIMIT)
    silent = [
        f"{name} at {point.label}: {point.verdict.words}"
        for name, rule in measured.items()
        for point in rule.points
        if point.verdict in bad and (name, point.label) not in declared
    ]
    assert not silent, "\n".join(silent)


def test_every_card_is_on_the_page_of_its_module(site, measured) -> None:
    for rule in measured.values():
        page = site / rule.page.removesuffix(".md") / "index.html"
        assert page.exists(), f"{rule.file} has no page of its name"
        assert f'id="{rule.anchor}"' in page.read_text(encoding="utf-8"), f"{rule.name} is not on {page}"


def test_regular_inputs_are_real_inputs() -> None:
    for _, rule in RULES:
        for names in regular(rule, torch.Generator().manual_seed(6)):
            assert all(t.dtype == torch.float64 for t in leaves_of(names)), rule.name
            assert torch.isfinite(call(rule, names)).all(), rule.name


def test_every_loss_has_a_card(measured) -> None:
    losses = [n for n in dir(torch.nn.functional) if re.search("loss|entropy|kl_div", n) and not n.startswith("_")]
    assert len(losses) >= 22
    known = {rule.function for rule in measured.values()}
    assert [name for name in losses if f"torch.nn.functional.{name}" not in known] == []
