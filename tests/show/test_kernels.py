"""What the plain kernels change: as the file has it, and as the page shows it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

from livedocs.measured import MeasuredRule, MeasuredRules
from livedocs.show import kernels
from livedocs.show.kernels import Other

LOG = MeasuredRule("torch.log2", "complex", "", "rules/sheets/complex.py", 1, False, "", "", ())
SGN = replace(LOG, function="torch.sgn")
RULES = MeasuredRules([LOG, SGN])
FOUND = [
    Other("torch.log2(complex)", "two threads", kernels.point_in_words("inf", "output"), "[∞, 0]", "[∞, NaN]"),
    Other("snippets/norms/layers.py", "AVX-512", "output", "a <b> | c", "d"),
    Other("torch.sgn(complex)", "two threads", kernels.point_in_words("inf", "output"), "[∞, 0]", "[∞, NaN]"),
]


def test_each_release_has_its_own(tmp_path: Path) -> None:
    file = tmp_path / "kernels.json"
    assert kernels.read(file, "2.15") is None
    kernels.write(file, "2.15", FOUND)
    kernels.write(file, "2.14", [])
    assert kernels.read(file, "2.15") == FOUND
    assert kernels.read(file, "2.14") == [] and kernels.read(file, "2.13") is None


def test_a_row_leads_to_its_cards_or_page() -> None:
    parent = ET.Element("div")
    kernels.add_table(parent, FOUND, RULES, "docs/foundations/elsewhere.md")
    assert parent.find("p").text == "3 differences."
    assert [link.get("href") for link in parent.iter("a")] == [
        "../sheets/complex.md#torch.log2-complex",
        "../sheets/complex.md#torch.sgn-complex",
        "../norms/layers.md",
    ]
    rows = [["".join(cell.itertext()) for cell in row] for row in parent.iter("tr")]
    assert rows == [
        list(kernels.COLUMNS),
        ["two threads"],
        ["log2(complex), sgn(complex)", "inf: value", "[∞, NaN]", "[∞, 0]"],
        ["AVX-512"],
        ["norms/layers.py", "output", "d", "a <b> | c"],
    ]


def test_a_notebook_has_the_same_rows() -> None:
    lines = [line for line in kernels.table_markdown(FOUND, RULES, "docs/foundations/elsewhere.md") if line]
    assert lines[0] == "3 differences."
    names = ", ".join(f"[`{name}(complex)`](../sheets/complex.md#torch.{name}-complex)" for name in ("log2", "sgn"))
    assert lines[3] == f"| {names} | two threads | inf: value | [∞, NaN] | [∞, 0] |"
    assert lines[4] == r"| [`norms/layers.py`](../norms/layers.md) | AVX-512 | output | d | a \<b> \| c |"


def test_a_release_that_nobody_has_looked_at_says_so() -> None:
    parent = ET.Element("div")
    kernels.add_table(parent, None, RULES, "docs/foundations/elsewhere.md")
    assert [element.tag for element in parent] == ["p"] and parent[0].text.startswith("Nobody has looked")
    kernels.add_table(parent, [], RULES, "docs/foundations/elsewhere.md")
    assert [element.tag for element in parent] == ["p", "p"] and parent[1].text == "0 differences."
