"""The card of a rule."""

from __future__ import annotations

import pytest

from livedocs.declare import VJP, normal
from livedocs.errors import DocsError
from livedocs.measure.derive import derive_rule
from livedocs.show import card, points
from tests.conftest import ROOT


def test_latex_that_does_not_convert_names_the_rule() -> None:
    rule = VJP(
        "torch.abs",
        "torch.abs(x)",
        formula=r"\frac{1}{",
        vjp=lambda v, x: (v * x.sign(),),
        inputs={"x": normal},
        special={"zero": {"x": "torch.zeros(1, dtype=torch.float64)"}},
    )
    with pytest.raises(DocsError, match="test_card") as caught:
        card.html(derive_rule(ROOT, rule), set())
    assert "rule torch.abs: its LaTeX does not convert" in caught.value.problem


def test_a_card_of_a_sheet_says_formula_and_gradient_once_above_its_fold() -> None:
    zero = {"zero": {"x": "torch.zeros(1, dtype=torch.float64)"}}
    declared = VJP(
        "torch.abs",
        "torch.abs(x)",
        formula=r"z = \lvert x \rvert",
        gradient=r"\bar{x} = \bar{z} \operatorname{sgn} x",
        vjp=lambda v, x: (v * x.sign(),),
        inputs={"x": normal},
        special=zero,
    )
    rule = derive_rule(ROOT, declared)
    above = card.formulas(rule, set())
    assert above and card.html(rule, set()).startswith(above)
    inside = card.html(rule, set(), formulas_above=True)
    assert above + inside == card.html(rule, set())
    assert "<math" not in card.summary(rule, set(), formulas_above=True)


def test_a_point_in_words_is_quoted_in_a_sentence() -> None:
    assert points.in_sentence("x = 0", "NaN") == "x = 0, NaN"
    zeros = "torch.zeros(2, dtype=torch.float64)"
    declared = VJP(
        "torch.prod",
        "torch.prod(x)",
        formula=r"z = \prod_i x_i",
        vjp=lambda v, x: (v * x.flip(0),),
        inputs={"x": normal},
        special={"on both axes": {"x": zeros}},
    )
    assert "<li>At “on both axes” the Hessian is [0, 1], [1, 0].</li>" in card.html(derive_rule(ROOT, declared), set())
