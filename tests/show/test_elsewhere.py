"""What a card and the list say of other dtypes and longer tensors."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from livedocs.measured import Elsewhere, MeasuredRule, MeasuredRules, Point
from livedocs.show import elsewhere

NAN = float("nan")


@pytest.fixture
def rule(rules: MeasuredRules) -> MeasuredRule:
    """One with three points: at the first two the gradient is another elsewhere, the last has no float16."""
    there = [("float64", 8), ("float32", 16), ("bfloat16", 32), ("float16", 32)]
    differs = tuple(Elsewhere(dtype, n, False, gradient={"x": NAN}, forward={"x": NAN}) for dtype, n in there)
    missing = (Elsewhere("float16", 1, False, error="no such code for 'Half'"),)
    points = [
        Point("x = -0", {"x": "…"}, output=1.0, gradient={"x": 1.0}, forward={"x": 2.0}, elsewhere=differs),
        Point("x = nan", {"x": "…"}, output=1.0, gradient={"x": 1.0}, forward={"x": 2.0}, elsewhere=differs),
        Point("x = inf", {"x": "…"}, output=1.0, gradient={"x": 1.0}, forward={"x": 1.0}, elsewhere=missing),
    ]
    return replace(rules["torch.nn.functional.elu"], points=tuple(points))


def test_a_card_says_at_which_points_from_which_length_on(rule) -> None:
    assert list(elsewhere.sentences(rule)) == [
        "At x = −0, x = NaN: gradient and forward mode NaN, "
        "from 8 entries of float64, 16 of float32, 32 of bfloat16 and float16.",
        "At x = ∞: no such code, in float16.",
    ]


def test_what_holds_everywhere_is_said_so(rule) -> None:
    everywhere = replace(rule, points=rule.points[2:])
    assert list(elsewhere.sentences(everywhere)) == ["Everywhere: no such code, in float16."]


def test_the_list_shows_both_sides(rule) -> None:
    parent = ET.Element("div")
    elsewhere.add_table(parent, MeasuredRules([rule]), "docs/foundations/elsewhere.md")
    values, missing = parent.findall(".//table")
    texts = [["".join(cell.itertext()) for cell in line] for line in values.findall(".//tr")[1:]]
    assert len(texts) == 2, "a line for each point"
    assert texts[0][0] == "elux = −0" and texts[0][1] == "gradient 1; forward mode 2"
    assert texts[0][2].startswith("gradient and forward mode NaNfrom 8 entries of float64")
    assert [link.get("href") for link in parent.iter("a")][0] == "../kinks/elu.md#torch.nn.functional.elu"
    assert "no such code" in "".join(missing.itertext())
    folds = ["".join(summary.itertext()) for summary in parent.iter("summary")]
    assert folds == ["kinks/2 differences of 1 function", "kinks/1 error of 1 function"]


def test_every_difference_of_the_site_is_in_the_list(rules: MeasuredRules) -> None:
    listed = [
        seen for errors in (True, False) for one in elsewhere.rows(rules.values(), errors=errors) for seen in one.seen
    ]
    assert len(listed) == sum(len(point.elsewhere) for rule in rules.values() for point in rule.points) > 50
