"""Declarations that are wrong, modules that are wrong, and what measuring gives."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import pytest
from sympy import Integer, exp, log, sin, sqrt

from livedocs.declare import NAN, VJP, Defect, Piece, Pieces, normal, oo, x
from livedocs.errors import DocsError
from livedocs.measure.derive import derive_rule
from livedocs.measure.latex import latex_number
from livedocs.measured import MeasuredRule
from livedocs.run.runner import Runner
from livedocs.verdicts import Verdict
from tests.conftest import ROOT
from tests.rule_project import HEAD, RULE, make_project, write_rules

HERE = "test_derive.py"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory):
    runner = make_project(tmp_path_factory.mktemp("project"))
    yield runner
    runner.close()


def test_the_gradient_of_an_empty_input_is_empty() -> None:
    rule = VJP(
        "torch.square",
        "torch.square(x)",
        vjp=lambda v, x: (2 * v * x,),
        inputs={"x": normal},
        shapes=[{"x": (2,)}],
        special={"empty": {"x": "torch.zeros(0, dtype=torch.float64)"}},
    )
    (point,) = derive_rule(ROOT, rule).points
    assert point.gradient == {"x": []} and point.verdict == Verdict.GRADIENT


def test_a_function_that_is_neither_convex_nor_concave_follows_rule_four() -> None:
    """min(max(x, y), z) where all are equal: along every line it bends one way, and yet it is no concave function."""
    clamp = VJP(
        "torch.clamp",
        "torch.clamp(x, y, z)",
        variant="all equal",
        inputs={"x": normal, "y": normal, "z": normal},
        special={"x = y = z": {name: "torch.tensor(1., dtype=torch.float64)" for name in "xyz"}},
    )
    (point,) = derive_rule(ROOT, clamp).points
    assert point.verdict in (Verdict.LIMIT, Verdict.OUTSIDE)


def test_a_jump_in_several_variables_follows_rule_four() -> None:
    rule = VJP(
        "torch.remainder",
        "torch.remainder(x, y)",
        inputs={"x": normal, "y": normal},
        special={"6 and 3": {n: f"torch.tensor({v}, dtype=torch.float64)" for n, v in (("x", "6."), ("y", "3."))}},
    )
    (point,) = derive_rule(ROOT, rule).points
    assert point.verdict == Verdict.LIMIT


def test_a_removable_point_is_a_case_of_its_own() -> None:
    """The formula beside it is 0/0 there: its limit is the value, and it has none."""
    quotient = Piece(sin(x) / x, -oo, 0), Piece(sin(x) / x, 0, oo)
    rule = Pieces("torch.where", "torch.where(x != 0, torch.sin(x) / x, 1.0)", pieces=list(quotient))
    formula = derive_rule(ROOT, rule).formula
    assert "1 & x = 0" in formula and r"x \geq 0" not in formula


ABS = [Piece(-x, -oo, 0), Piece(x, 0, oo)]
WRONG = {
    "a gap": (lambda: Pieces("torch.abs", "torch.abs(x)", pieces=[Piece(-x, -oo, -1), Piece(x, 0, oo)]), "leave a gap"),
    "an overlap": (lambda: Pieces("torch.abs", "torch.abs(x)", pieces=[Piece(-x, -oo, 1), Piece(x, 0, oo)]), "overlap"),
    "no meeting": (
        lambda: Pieces("torch.abs", "torch.abs(x)", pieces=[Piece(-x - 1, -oo, 0), Piece(x, 0, oo)]),
        "the pieces do not meet",
    ),
    "an empty piece": (lambda: Pieces("torch.abs", "torch.abs(x)", pieces=[Piece(x, 1, 0)]), "an empty piece"),
    "no pieces": (lambda: Pieces("torch.abs", "torch.abs(x)"), "no pieces"),
    "a jump elsewhere": (
        lambda: Pieces("torch.abs", "torch.abs(x)", pieces=ABS, jumps=(1,)),
        "a jump at no breakpoint",
    ),
    "an unknown function": (
        lambda: Pieces("torch.absolutely", "torch.abs(x)", pieces=ABS),
        "an unknown torch function",
    ),
    "an unknown alias": (
        lambda: Pieces("torch.abs", "torch.abs(x)", pieces=ABS, also=("torch.Tensor.absolutely",)),
        "an unknown torch function",
    ),
    "a call that fails": (lambda: Pieces("torch.abs", "torch.abs(y)", pieces=ABS), "the call does not evaluate"),
    "a call without a tensor": (lambda: Pieces("torch.abs", "x.item()", pieces=ABS), "the call gives no tensor"),
    "an input that fails": (
        lambda: Pieces("torch.abs", "torch.abs(x)", pieces=ABS, points=("one",)),
        "an input does not evaluate",
    ),
    "a wrong value": (
        lambda: Pieces("torch.abs", "torch.abs(x)", pieces=[Piece(-2 * x, -oo, 0), Piece(x, 0, oo)]),
        "the value is not torch's",
    ),
    "a wrong derivative": (
        lambda: Pieces("torch.abs", "torch.abs(x)", pieces=[Piece(-x, -oo, 0, derivative=-x), Piece(x, 0, oo)]),
        "the written derivative is not SymPy's",
    ),
    "a sample that is not finite": (
        lambda: Pieces("torch.log", "torch.log(x)", pieces=[Piece(log(x), -oo, 0)]),
        "a regular sample that is not finite",
    ),
    "a defect nowhere": (
        lambda: Pieces("torch.abs", "torch.abs(x)", pieces=ABS, defects=(Defect("x = 7", "odd", {}),)),
        "a defect at no special point",
    ),
    "no special points": (
        lambda: VJP("torch.abs", "torch.abs(x)", inputs={"x": normal}, shapes=[{"x": (2,)}]),
        "no special points",
    ),
    "inputs of another name": (
        lambda: VJP("torch.abs", "torch.abs(x)", inputs={"x": normal}, special={"zero": {"y": "torch.zeros(1)"}}),
        "the inputs of 'zero'",
    ),
    "a special input that fails": (
        lambda: VJP("torch.abs", "torch.abs(x)", inputs={"x": normal}, special={"zero": {"x": "torch.zero(1)"}}),
        "an input does not evaluate",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_declaration_names_rule_file_and_line(name: str) -> None:
    declare, problem = WRONG[name]
    rule = declare()
    with pytest.raises(DocsError) as caught:
        derive_rule(ROOT, rule)
    assert problem in caught.value.problem and caught.value.problem.startswith(f"rule {rule.name}: ")
    assert caught.value.where.endswith(HERE)
    assert caught.value.line == declare.__code__.co_firstlineno or caught.value.line == rule.place[1]
    assert caught.value.got and caught.value.wanted


def test_two_rules_of_one_name(project: Runner) -> None:
    page = write_rules(project, f"{HEAD}RULES = [\n    {RULE},\n    {RULE},\n]\n")
    with pytest.raises(DocsError) as caught:
        list(page.rules)
    assert (caught.value.where, caught.value.line) == ("rules/a/b.py", 5)
    assert caught.value.problem == "rule torch.abs: the name is taken" and "rules/a/b.py:4" in caught.value.got


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (f"{HEAD}RULES = [1 / 0]\n", 3, "the rules do not import"),
        (f"{HEAD}RULES = [\n", 3, "the rules do not import"),
        (HEAD, None, "a module of rules without RULES"),
        (
            f"{HEAD}RULES = [\n    {RULE.replace('x, 0, oo', 'x, 1, oo')},\n]\n",
            4,
            "rule torch.abs: the pieces leave a gap",
        ),
    ],
    ids=["exception", "syntax", "no list", "gap"],
)
def test_a_module_that_is_wrong(text: str, line: int | None, problem: str, project: Runner) -> None:
    with pytest.raises(DocsError) as caught:
        list(write_rules(project, text).rules)
    assert (caught.value.where, caught.value.line, caught.value.problem) == ("rules/a/b.py", line, problem)


def test_unchanged_rules_are_measured_once(project: Runner) -> None:
    text = f"{HEAD}RULES = [{RULE}]\n"
    list(write_rules(project, text).rules)
    runs = project.runs
    assert list(write_rules(project, text).rules) == ["torch.abs"] and project.runs == runs
    assert write_rules(project, f"{HEAD}RULES = []\n").rules == {} and project.runs == runs + 1


def test_beyond_a_declarations_end_the_slope_is_the_measured_one() -> None:
    stairs = [Piece(-1, -1, 0), Piece(0, 0, 1)]
    low, middle, high = derive_rule(ROOT, Pieces("torch.floor", "torch.floor(x)", pieces=stairs, jumps=(0,))).points
    assert all(p.left == p.right == {"x": 0.0} for p in (low, middle, high))


def test_an_infinite_slope_is_the_limit() -> None:
    rule = Pieces("torch.sqrt", "torch.sqrt(x)", pieces=[Piece(sqrt(x), 0, oo)], points=("-1.0", NAN))
    measured = derive_rule(ROOT, rule)
    zero, below, nan = measured.points
    assert zero.gradient == {"x": math.inf} and zero.right == {"x": math.inf} and zero.left is None
    assert [p.verdict for p in (zero, below, nan)] == [Verdict.LIMIT, Verdict.ARBITRARY, Verdict.NAN_INPUT]
    assert r"\infty & x = 0" in measured.gradient


def test_the_rule_in_the_readme_works_as_pasted(project: Runner) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Add a rule")[2]
    page = write_rules(project, text.partition("```python\n")[2].partition("```")[0])
    assert [point.verdict for point in page.rules["torch.relu"].points] == [Verdict.MINIMUM_SUB]


def test_a_rule_is_the_same_after_json() -> None:
    rule = Pieces("torch.sqrt", "torch.sqrt(x)", pieces=[Piece(sqrt(x), 0, oo)], points=("-1.0", NAN, "-0.0"))
    measured = derive_rule(ROOT, rule)
    again = MeasuredRule.from_dict(json.loads(json.dumps(measured.to_dict())))
    assert repr(again) == repr(measured)  # NaN is not NaN
    assert all(isinstance(point.verdict, Verdict) for point in (*again.points, *again.curve.points))


def test_a_rule_that_draws_without_a_seed_is_refused(project: Runner) -> None:
    seeded = RULE.replace('"torch.abs(x)"', '"(torch.manual_seed(0), torch.abs(x))[1]"')
    drawn = RULE.replace("x, 0, oo)]", 'x, 0, oo)], points=("torch.rand(1).item()",)')
    text = f"{HEAD}RULES = [{seeded}, {drawn}]\n"
    with pytest.raises(DocsError) as caught:
        list(write_rules(project, text, "drawn.py").rules)
    (project.root / "rules" / "a" / "drawn.py").unlink()
    assert (caught.value.where, caught.value.line) == ("rules/a/drawn.py", 3)
    assert caught.value.problem == "rule torch.abs: random numbers that are not seeded"


def test_a_module_that_imports_another_one_is_measured_again_when_that_changes(project: Runner) -> None:
    (project.root / "deeper.py").write_text("NAMES = ['torch.abs']\n")
    (project.root / "shared.py").write_text("import deeper\n\n\nNAMES = deeper.NAMES\n")
    text = f"from shared import NAMES\n{HEAD}RULES = [rule for rule in [{RULE}] if rule.name in NAMES]\n"
    assert list(write_rules(project, text).rules) == ["torch.abs"]
    (project.root / "deeper.py").write_text("NAMES = []\n")
    assert list(write_rules(project, text).rules) == []


@pytest.mark.parametrize("wrong", ["1 / 0\n", "1 /\n", "from b import nothing\n"])
def test_rules_whose_import_fails_are_measured_again_when_it_is_mended(wrong: str, project: Runner) -> None:
    """Of a module that fails Python keeps nothing, that of a package too."""
    text = f"from b import NAMES\n{HEAD}RULES = [{RULE}]\n"
    package = project.root / "b" / "__init__.py"
    package.parent.mkdir(exist_ok=True)
    package.write_text("NAMES = []\n")
    for broken, right in ((package, "NAMES = []\n"), (project.root / "rules" / "__init__.py", "")):
        before = broken.read_text() if broken.exists() else None
        broken.write_text(wrong)
        with pytest.raises(DocsError):
            list(write_rules(project, text).rules)
        broken.write_text(right if before is None else before)
        assert list(write_rules(project, text).rules) == ["torch.abs"]


def test_the_processes_that_render_pages_need_no_torch() -> None:
    code = "import sys, livedocs.pages.blocks; print(sorted({'torch', 'sympy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize(
    ("call", "signs"),
    [
        ("torch.where(x <= 20, torch.log1p(torch.exp(x)), x)", (r"x \le 20", "x > 20")),
        ("torch.where(x < 20, torch.log1p(torch.exp(x)), x)", ("x < 20", r"x \ge 20")),
    ],
)
def test_a_breakpoint_belongs_to_the_nearer_of_two_pieces(call: str, signs: tuple[str, str]) -> None:
    """At 20 the two pieces are 2e-9 apart, which passes for rounding."""
    curve = log(exp(x) + 1)
    pieces = [Piece(curve, -oo, 20, derivative=1 / (1 + exp(-x))), Piece(x, 20, oo)]
    derived = derive_rule(ROOT, Pieces("torch.where", call, pieces=pieces, jumps=(Integer(20),), span=(-10, 30)))
    for formula in (derived.formula, derived.gradient):
        assert all(sign in formula for sign in signs), formula


def test_numbers_in_latex() -> None:
    assert latex_number(1 / 3) == r"\tfrac{1}{3}"
    assert latex_number(-1000000003995.8) == "-10^{12}"
    assert latex_number(2.5e-7) == r"2.5 \cdot 10^{-7}"
