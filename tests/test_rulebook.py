"""Verdicts on known corners, one-sided slopes, and declarations that are wrong."""

from __future__ import annotations

import math

import pytest
import torch
from sympy import Symbol, log, sqrt

from livedocs import derivatives, verdicts
from livedocs.cards import number, render, values
from livedocs.declare import NAN, VJP, Defect, Piece, Pieces, normal, oo, x
from livedocs.errors import DocsError
from livedocs.extension import Book
from livedocs.measure import one_sided
from livedocs.rulebook import derive_rule
from livedocs.runner import Runner
from livedocs.verdicts import nearest, of_scalar, of_vector
from tests.conftest import ROOT

HERE = "test_rulebook.py"


@pytest.mark.parametrize(
    ("gradient", "left", "right", "verdict"),
    [
        (1.0, 1.0, 1.0, verdicts.GRADIENT),
        (0.5, 1.0, 1.0, verdicts.WRONG),
        (math.nan, 1.0, 1.0, verdicts.WRONG),
        (0.0, -1.0, 1.0, verdicts.MINIMUM_SUB),
        (1.0, -1.0, 1.0, verdicts.OTHER_SUB),
        (2.0, -1.0, 1.0, verdicts.OUTSIDE),
        (0.1, 0.1, 1.0, verdicts.MINIMUM_SUB),  # leaky_relu at 0
        (1.0, 0.0, 1.0, verdicts.OTHER_SUB),  # clamp at its lower bound, up to 2.13
        (1.0, 1.0, 0.0, verdicts.OTHER_SUPER),  # and at its upper bound
        (0.0, 1.0, 0.0, verdicts.MINIMUM_SUPER),
        (2.0, 2.0, 1.0, verdicts.OTHER_SUPER),  # leaky_relu with slope 2 at 0
        (1.0, 2.0, 1.0, verdicts.MINIMUM_SUPER),
        (math.inf, None, math.inf, verdicts.LIMIT),  # sqrt at 0
        (math.nan, None, math.inf, verdicts.NOT_LIMIT),
        (0.0, None, None, verdicts.ARBITRARY),
    ],
)
def test_verdict_on_a_corner(gradient: float, left: float | None, right: float | None, verdict: str) -> None:
    assert of_scalar(gradient, left, right, value=0.0, continuous=True) == verdict


def test_verdict_at_a_jump_and_where_undefined() -> None:
    assert of_scalar(0.0, 0.0, 0.0, value=1.0, continuous=False) == verdicts.LIMIT
    assert of_scalar(1.0, 0.0, 0.0, value=1.0, continuous=False) == verdicts.NOT_LIMIT
    assert of_scalar(-1.0, 1.0, 1.0, value=math.nan, continuous=True) == verdicts.ARBITRARY


def test_a_corner_between_curves_that_bend_the_other_way_follows_rule_four() -> None:
    """elu(alpha=2) at 0: slopes 2 and 1, as at a concave corner, but the left piece is convex."""
    assert of_scalar(2.0, 2.0, 1.0, value=0.0, continuous=True, curvature=[2.0, 0.0]) == verdicts.LIMIT
    assert of_scalar(1.5, 2.0, 1.0, value=0.0, continuous=True, curvature=[2.0, 0.0]) == verdicts.NOT_LIMIT
    assert of_scalar(2.0, 2.0, 1.0, value=0.0, continuous=True, curvature=[-2.0, 0.0]) == verdicts.OTHER_SUPER


def slopes(hull: list[list[float]], choose) -> list:
    """Directions, and the slopes of the largest (max) or the smallest (min) of linear functions along them."""
    along = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [-1.0, 0.5], [-1.0, -2.0], [1.0, -1.0], [-1.0, 1.0]]
    return [(v, choose(g[0] * v[0] + g[1] * v[1] for g in hull)) for v in along]


def test_verdict_on_a_tie() -> None:
    hull = [[1.0, 0.0], [0.0, 1.0]]
    convex, concave = slopes(hull, max), slopes(hull, min)
    saddle = convex[:3] + concave[3:]
    assert of_vector([0.5, 0.5], hull, convex) == verdicts.MINIMUM_SUB
    assert of_vector([1.0, 0.0], hull, convex) == verdicts.OTHER_SUB
    assert of_vector([1.0, 1.0], hull, convex) == verdicts.OUTSIDE
    assert of_vector([0.5, 0.5], hull, concave) == verdicts.MINIMUM_SUPER
    assert of_vector([1.0, 0.0], hull, saddle) == verdicts.LIMIT
    assert of_vector([1.0, 0.0], [[1.0, 0.0]], convex) == verdicts.GRADIENT
    assert of_vector([1.0, 0.1], [[1.0, 0.0]], convex) == verdicts.WRONG
    assert of_vector([math.inf, 0.0], hull, convex) == verdicts.NOT_LIMIT


def test_the_gradient_of_an_empty_input_is_empty() -> None:
    rule = VJP(
        "torch.square",
        "torch.square(x)",
        vjp=lambda v, x: (2 * v * x,),
        inputs={"x": normal},
        shapes=[{"x": (2,)}],
        special={"empty": {"x": "torch.zeros(0, dtype=torch.float64)"}},
    )
    (point,) = derive_rule(ROOT, rule)["points"]
    assert point["gradient"] == {"x": []} and point["verdict"] == verdicts.GRADIENT


def test_a_function_that_is_neither_convex_nor_concave_follows_rule_four() -> None:
    """min(max(x, y), z) where all are equal: along every line it bends one way, and yet it is no concave function."""
    clamp = VJP(
        "torch.clamp",
        "torch.clamp(x, y, z)",
        variant="all equal",
        inputs={"x": normal, "y": normal, "z": normal},
        special={"x = y = z": {name: "torch.tensor(1., dtype=torch.float64)" for name in "xyz"}},
    )
    (point,) = derive_rule(ROOT, clamp, plot=False)["points"]
    assert point["verdict"] in (verdicts.LIMIT, verdicts.OUTSIDE)


def test_a_jump_in_several_variables_follows_rule_four() -> None:
    rule = VJP(
        "torch.remainder",
        "torch.remainder(x, y)",
        inputs={"x": normal, "y": normal},
        special={"6 and 3": {n: f"torch.tensor({v}, dtype=torch.float64)" for n, v in (("x", "6."), ("y", "3."))}},
    )
    (point,) = derive_rule(ROOT, rule, plot=False)["points"]
    assert point["verdict"] == verdicts.LIMIT


def test_nearest_point_of_a_hull() -> None:
    zero = torch.zeros(3, dtype=torch.float64)
    torch.testing.assert_close(nearest(zero, torch.eye(3, dtype=torch.float64)), torch.full((3,), 1 / 3).double())
    box = torch.tensor([[1.0, -1, 2], [1, 1, 2], [3, 0, 2]]).double()
    torch.testing.assert_close(nearest(zero, box), torch.tensor([1.0, 0, 2]).double())
    inside = torch.tensor([0.2, 0.2, 0.2]).double()
    corners = torch.cat([torch.eye(3), torch.zeros(1, 3)]).double()
    torch.testing.assert_close(nearest(inside, corners), inside)


@pytest.mark.parametrize("scale", [1.0, 1e6])
@pytest.mark.parametrize(("count", "size"), [(1, 3), (2, 1), (8, 2), (40, 12), (12, 40)])
def test_no_vertex_lies_further_towards_the_point_than_the_nearest_one(count: int, size: int, scale: float) -> None:
    """What makes a point of a convex hull the nearest one."""
    generator = torch.Generator().manual_seed(count)
    for spread in (3.0, 0.5):  # with the point inside, where there are enough vertices, and outside
        vertices = scale * (torch.randn(count, size, generator=generator).double() + 1 / spread)
        point = scale * spread * torch.randn(size, generator=generator).double()
        found = nearest(point, vertices)
        assert ((vertices - found) @ (point - found)).max() <= 1e-8 * scale**2


@pytest.mark.parametrize(
    ("function", "start", "left", "right"),
    [
        (abs, 0.0, -1.0, 1.0),
        (math.exp, 0.0, 1.0, 1.0),
        (lambda t: 0.0 if t < 0 else 1.0, 0.0, 0.0, 0.0),
        (lambda t: math.copysign(abs(t) ** 0.5, t), 0.0, math.inf, math.inf),
        (lambda t: math.log(t) if t > 0 else math.nan, 0.0, math.nan, math.inf),
        (lambda t: t * math.sin(1 / t) if t else 0.0, 0.0, math.nan, math.nan),
        (lambda t: (3 + t) ** 2, 3.0, 6.0, 6.0),
    ],
)
def test_one_sided_slopes(function, start: float, left: float, right: float) -> None:
    for side, wanted in ((-1.0, left), (1.0, right)):
        got = one_sided(function, start, side)
        assert (math.isnan(got) and math.isnan(wanted)) or got == pytest.approx(wanted, abs=1e-6)


A = Symbol("a", real=True)
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
        derive_rule(ROOT, rule, plot=False)
    assert problem in caught.value.problem and caught.value.problem.startswith(f"rule {rule.name}: ")
    assert caught.value.where.endswith(HERE)
    assert caught.value.line == declare.__code__.co_firstlineno or caught.value.line == rule.place[1]
    assert caught.value.got and caught.value.wanted


def test_latex_that_does_not_convert_names_the_rule() -> None:
    rule = VJP(
        "torch.abs",
        "torch.abs(x)",
        formula=r"\frac{1}{",
        vjp=lambda v, x: (v * x.sign(),),
        inputs={"x": normal},
        special={"zero": {"x": "torch.zeros(1, dtype=torch.float64)"}},
    )
    with pytest.raises(DocsError, match="test_rulebook") as caught:
        render(derive_rule(ROOT, rule, plot=False), set())
    assert "rule torch.abs: its LaTeX does not convert" in caught.value.problem


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with a module of rules, and the runner that derives it."""
    root = tmp_path_factory.mktemp("project")
    (root / "rules" / "a").mkdir(parents=True)
    (root / "snippets").mkdir()
    (root / "rules" / "__init__.py").write_text('"""Rules."""\n')
    runner = Runner(root)
    yield runner
    runner.close()


RULE = 'Pieces("torch.abs", "torch.abs(x)", pieces=[Piece(-x, -oo, 0), Piece(x, 0, oo)])'
HEAD = "from livedocs.declare import Piece, Pieces, oo, x\n\n"


def write(runner: Runner, text: str) -> Book:
    (runner.root / "rules" / "a" / "b.py").write_text(text)
    return Book(runner.root, runner.root / "snippets", runner)


def test_two_rules_of_one_name(project: Runner) -> None:
    book = write(project, f"{HEAD}RULES = [\n    {RULE},\n    {RULE},\n]\n")
    with pytest.raises(DocsError) as caught:
        book.cards()
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
        write(project, text).cards()
    assert (caught.value.where, caught.value.line, caught.value.problem) == ("rules/a/b.py", line, problem)


def test_unchanged_rules_are_measured_once(project: Runner) -> None:
    text = f"{HEAD}RULES = [{RULE}]\n"
    write(project, text).cards()
    runs = project.runs
    assert list(write(project, text).cards()) == ["torch.abs"] and project.runs == runs
    assert write(project, f"{HEAD}RULES = []\n").cards() == {} and project.runs == runs + 1


def test_an_infinite_slope_is_the_limit() -> None:
    rule = Pieces("torch.sqrt", "torch.sqrt(x)", pieces=[Piece(sqrt(x), 0, oo)], points=("-1.0", NAN))
    card = derive_rule(ROOT, rule, plot=False)
    zero, below, nan = card["points"]
    assert zero["gradient"] == {"x": math.inf} and zero["right"] == {"x": math.inf} and zero["left"] is None
    assert [p["verdict"] for p in (zero, below, nan)] == [verdicts.LIMIT, verdicts.ARBITRARY, verdicts.NAN_INPUT]
    assert r"\infty & x = 0" in card["latex"]["gradient"]


def test_pytorchs_own_lines_are_found_by_the_graph() -> None:
    leaf = torch.ones(1, requires_grad=True)
    (clamp,), (relu,) = derivatives.lines_of(leaf.clamp(0, 2)), derivatives.lines_of(leaf.relu())
    assert clamp[0].startswith("clamp(Tensor self, Scalar? min") and "clamp_backward" in clamp[1]
    assert relu[0].startswith("relu(Tensor self)")


def test_numbers_as_text() -> None:
    shown = [number(v) for v in (0.0, -1.0, 0.5, 1 / 3, math.inf, -math.inf, math.nan, None, 1e12)]
    assert shown == ["0", "−1", "0.5", "0.3333", "∞", "−∞", "NaN", "–", "1e+12"]
    assert values({"x": [1.0, [0.5]]}) == "[1, [0.5]]" and values({"x": 1.0, "y": 2.0}) == "x: 1; y: 2"


def page_with(project: Runner, text: str, page: str = "docs/a/b.md") -> tuple[Book, str]:
    from markdown import Markdown

    book = write(project, f"{HEAD}RULES = [\n    {RULE},\n    {RULE.replace('torch.abs', 'torch.absolute')},\n]\n")
    book.page = page
    md = Markdown(extensions=["pymdownx.arithmatex", "toc", "livedocs"], extension_configs={"livedocs": {"book": book}})
    return book, md.convert(text)


def test_a_card_has_formula_table_plot_and_permalink(project: Runner) -> None:
    book, html = page_with(project, "# Title\n\n/// rule | torch.abs\n///\n")
    assert 'id="torch.abs"' in html and html.count("<math") >= 3
    assert html.count("<svg") == 2 and '<div class="panels" role="img" aria-label="abs and its derivative' in html
    assert "the minimum-norm subgradient" in html and "self: grad * self.sgn()" in html
    assert book.placed == {"torch.abs": "docs/a/b.md"}
    (missing,) = book.unplaced()
    assert (missing.where, missing.line) == ("rules/a/b.py", 5) and "torch.absolute" in missing.problem


def test_a_card_of_an_unknown_rule(project: Runner) -> None:
    with pytest.raises(DocsError) as caught:
        page_with(project, "# Title\n\n/// rule | torch.abc\n///\n")
    assert (caught.value.where, caught.value.line) == ("docs/a/b.md", 3)
    assert caught.value.problem == "a card of an unknown rule" and "torch.abs" in caught.value.wanted


def test_a_second_card_on_another_page(project: Runner) -> None:
    book, _ = page_with(project, "/// rule | torch.abs\n///\n")
    book.page = "docs/a/c.md"
    with pytest.raises(DocsError, match="docs/a/c.md") as caught:
        book.card("torch.abs")
    assert caught.value.problem == "a second card of torch.abs" and "docs/a/b.md" in caught.value.got


def test_the_six_rules_count_what_follows_and_what_does_not(project: Runner) -> None:
    _, html = page_with(project, "/// six-rules\n///\n\n/// six-rules | table\n///\n", page="docs/foundations/rules.md")
    assert "2 special points on this site follow it, 0 do not." in html
    assert 'href="../a/b.md#torch.abs"' in html and html.count("2: follows") == 3  # one example, two in the table


def test_the_explorer_names_what_it_cannot_show(project: Runner) -> None:
    with pytest.raises(DocsError) as caught:
        page_with(project, "# Title\n\n/// explorer | torch.abs, torch.abc\n///\n", page="docs/explorer.md")
    assert (caught.value.where, caught.value.line) == ("docs/explorer.md", 3)
    assert caught.value.got == "torch.abc" and "torch.abs" in caught.value.wanted


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
    curve = derive_rule(ROOT, rule)["curve"]
    assert curve["x"][0] == -2.0 and curve["x"][-1] == 2.0 and {-0.025, 0.0, 0.025} <= set(curve["x"])
    assert curve["f"][curve["x"].index(-0.5)] == -2.0 and curve["g"][curve["x"].index(-0.5)] == -4.0
    assert [str(p["x"]) for p in curve["points"]] == ["-1.0", "-0.0", "0.0", "nan"]
    zero = curve["points"][2]
    assert zero["break"] and zero["limits"] == [-math.inf, math.inf] and zero["f"] == math.inf
    low, high = curve["view"]["f"]
    assert -7 < low < -5 and 5 < high < 7 and 0 in curve["ticks"]["f"]


def test_the_rule_in_the_readme_works_as_pasted(project: Runner) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Add a rule")[2]
    book = write(project, text.partition("```python\n")[2].partition("```")[0])
    assert [point["verdict"] for point in book.cards()["torch.relu"]["points"]] == [verdicts.MINIMUM_SUB]
