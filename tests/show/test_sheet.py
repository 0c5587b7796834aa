"""The sheet of functions: what it may name, and the page that shows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from livedocs.errors import DocsError
from livedocs.pages.blocks import sheet_rules
from livedocs.pages.page import Page
from livedocs.pages.project import Project
from livedocs.run.runner import Runner
from tests.conftest import ROOT


@pytest.fixture
def page(runner: Runner) -> Page:
    page = Page(Project(ROOT, ROOT / "snippets", runner), "docs/basics/common.md")
    page.lines = ["# Sheet", "", "/// sheet | torch.abs, torch.abc", "///"]
    return page


def test_a_sheet_names_only_functions_of_one_variable(page: Page) -> None:
    with pytest.raises(DocsError, match="torch.abs") as caught:
        sheet_rules(page, "torch.abs, torch.abc")
    assert (caught.value.where, caught.value.line) == ("docs/basics/common.md", 3) and caught.value.got == "torch.abc"
    with pytest.raises(DocsError):
        sheet_rules(page, "torch.maximum")
    names = [rule.name for rule in sheet_rules(page, "torch.where(x > 0, x, 0), torch.abs")]
    assert names == ["torch.where(x > 0, x, 0)", "torch.abs"]


@pytest.mark.parametrize("page", ["basics/common", "basics/activations"])
def test_the_page_has_as_many_functions_as_it_says(site: Path, page: str) -> None:
    soup = BeautifulSoup((site / page / "index.html").read_text(encoding="utf-8"), "html.parser")
    entries = soup.select("ul.sheet > li")
    said = int(re.search(r"Below are (\d+) ", soup.find("article").text)[1])
    assert len(entries) == said >= 20
    for entry in entries:
        assert len(entry.find_all("math")) >= 2 and entry.select_one("svg[role=img][aria-label]") and entry.a["href"]
