"""The list of known defects."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET

from livedocs.measured import KnownDefect, MeasuredRules
from livedocs.show.defects import Row, add_list, all_defects, list_markdown


def test_each_defect_has_an_entry_with_its_point(rules: MeasuredRules) -> None:
    rows = all_defects(rules.values())
    assert len(rows) == sum(len(rule.defects) for rule in rules.values()) > 0
    assert all(row.point is not None for row in rows), [row.rule.name for row in rows if row.point is None]
    whole = ET.Element("div")
    add_list(whole, rules.values(), "docs/defects.md")
    lines = whole.findall("ul/li")
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows, strict=True):
        assert row.defect.what in "".join(line.itertext()) and row.rule.call in "".join(line.itertext())
        links = [link.get("href") for link in line.iter("a")]
        assert links == [row.rule.link("docs/defects.md"), *filter(None, [row.defect.reported])]
    texts = list(list_markdown(rules.values(), "docs/defects.md"))
    assert sum(text.startswith("- [") for text in texts) == len(rows)


def test_a_report_is_named_by_its_number(rules: MeasuredRules) -> None:
    rule = next(iter(rules.values()))

    def name(link: str) -> str:
        return Row(rule, KnownDefect("zero", "It is wrong.", link), None).report

    assert name("https://github.com/pytorch/pytorch/issues/104675") == "#104675"
    assert name("https://github.com/pytorch/pytorch/pull/12#issuecomment-3") == "#12"
    assert name("https://github.com/jax-ml/jax/issues/7") == "jax#7"
    assert name("https://discuss.pytorch.org/t/x/1") == "report"
    assert Row(dataclasses.replace(rule, call="f(x)"), KnownDefect("zero", "It."), None).run == "f(x)"
