"""How much the site holds: the counts of the page, and the same counted in another way."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from livedocs.measured import MeasuredRules
from livedocs.show import tally
from tests.conftest import ROOT
from tests.content.claims import claims_of
from tests.content.fixes import FIXES


@pytest.mark.site
def test_the_numbers_of_the_page_are_those_of_the_project(site: Path) -> None:
    page = BeautifulSoup((site / "testing/index.html").read_text(encoding="utf-8"), "html.parser")
    cells = [[cell.get_text() for cell in row.select("td, th")] for row in page.select(".counts tbody tr")]
    got = {what: int(number.replace(",", "")) for number, what, _ in cells}
    snippets = sorted((ROOT / "snippets").rglob("*.py"))
    texts = [path.read_text(encoding="utf-8") for path in snippets]
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2].partition("\n\n")[0]
    points = json.loads((site / "data/gradients.json").read_text(encoding="utf-8"))["rows"]
    assert got == {
        "pages": len(re.findall(r"\S+\.(?:md|ipynb)\b", menu)),
        "snippets": len(snippets),
        "sections of snippets": sum(len(re.findall(r"(?m)^# --8<-- \[start:", text)) or 1 for text in texts),
        "rules": len({(row["function"], row["variant"]) for row in points}),
        "special points": len(points),
        "claims": sum(len(claims_of(path)) for path in snippets),
        "functions to copy": len(FIXES),
    }


def test_a_project_that_has_nothing_of_a_kind_does_not_count_it(tmp_path: Path) -> None:
    (tmp_path / "snippets").mkdir()
    text = "# --8<-- [start:one]\nprint(1)\n# --8<-- [end:one]\n# claim: It is 1.\nassert True\n"
    (tmp_path / "snippets/page.py").write_text(text, encoding="utf-8")
    found = tally.counts(tmp_path, tmp_path / "snippets", ["page.md", "page.md"], MeasuredRules([]))
    assert [(count.number, count.what) for count in found] == [
        (1, "pages"),
        (1, "snippets"),
        (1, "sections of snippets"),
        (1, "claims"),
    ]
    assert list(tally.table_markdown(found))[3] == f"| 1 | pages | {found[0].held} |"
