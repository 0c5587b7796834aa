"""The table of all functions."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET

from livedocs.measured import MeasuredRule, MeasuredRules
from livedocs.show.atlas import COLUMNS, add_table, modes_in_words, modes_of

CHAPTERS = {"kinks/abs.md": "Kinks", "kinks/clamp.md": "Kinks", "edges/log.md": "Edges"}


def without(rule: MeasuredRule, check: str) -> MeasuredRule:
    return dataclasses.replace(rule, excluded={check: "a reason"})


def test_a_mode_that_is_not_tested_is_not_among_them(rules: MeasuredRules) -> None:
    rule = dataclasses.replace(rules["torch.abs"], excluded={}, complex=False)
    assert modes_of(rule) == ["reverse", "forward", "second"] and modes_in_words(rule) == "all"
    assert modes_in_words(without(rule, "forward")) == "no forward"
    assert modes_in_words(without(rule, "gradgradcheck")) == "no second"
    assert modes_in_words(without(rule, "gradcheck")) == "no second"  # gradgradcheck follows it, forward does not
    assert modes_in_words(dataclasses.replace(rule, complex=True)) == "all, complex too"
    nowhere = tuple(dataclasses.replace(point, gradient=None) for point in rule.points)
    assert modes_in_words(dataclasses.replace(rule, points=nowhere)) == "no gradient"


def test_each_rule_has_a_row_by_name_with_what_the_filter_needs(rules: MeasuredRules) -> None:
    shown = [rule for rule in rules.values() if rule.page in CHAPTERS]
    whole = ET.Element("div")
    add_table(whole, shown, "docs/functions.md", CHAPTERS, set(), lambda markup: "stashed")
    rows = whole.findall(".//tbody/tr")
    assert len(rows) == len(shown) > 5
    names = [row.find("th/a/code").text for row in rows]
    assert names == sorted(names, key=str.lower) and "clamp" in names
    assert all(len(row) == len(COLUMNS) for row in rows)
    options = {select.get("data-by"): len(select) - 1 for select in whole.findall(".//select")}
    for by, count in options.items():
        used = {int(value) for row in rows for value in row.get(f"data-{by}").split()}
        assert used == set(range(count)), by
    clamp = rows[names.index("clamp")]
    assert "clip" in clamp.find("th/small").text and clamp.find("th/a").get("href") == "kinks/clamp.md#torch.clamp"
