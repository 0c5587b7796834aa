"""The sheet of functions: its plots against the rules, and the page that shows it."""

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
from livedocs.show.plot import HEIGHT, small_plot
from tests.conftest import ROOT


@pytest.fixture
def page(runner: Runner) -> Page:
    page = Page(Project(ROOT, ROOT / "snippets", runner), "docs/basics/common.md")
    page.lines = ["# Sheet", "", "/// sheet | torch.abs, torch.abc", "///"]
    return page


def subpaths(drawing: str, kind: str) -> list[list[tuple[float, float]]]:
    """The points of a curve in a plot, by its pieces."""
    path = re.search(rf'<path class="{kind}" d="([^"]*)"', drawing)[1]
    return [[tuple(map(float, point.split())) for point in piece.split("L")] for piece in path.split("M")[1:]]


def test_abs_is_drawn_as_two_lines_that_meet_and_two_that_do_not(page: Page) -> None:
    drawing = small_plot(page.rules["torch.abs"])
    (left, right), (below, above) = subpaths(drawing, "own"), subpaths(drawing, "slope")
    assert len(left) == len(right) == len(below) == len(above) == 2, "a line has two ends"
    assert left[1] == right[0] and left[0][1] < left[1][1] > right[1][1], "y grows downwards"
    assert below[0][1] == below[1][1] > above[0][1] == above[1][1]
    assert drawing.count("<circle") == 1 and "at x = 0 the gradient is 0" in drawing


def test_a_pole_leaves_the_plot_and_comes_back(page: Page) -> None:
    left, right = subpaths(small_plot(page.rules["torch.reciprocal"]), "own")
    assert left[-1][1] > HEIGHT and right[0][1] < 0


def test_a_sheet_names_only_functions_of_one_variable(page: Page) -> None:
    with pytest.raises(DocsError, match="torch.abs") as caught:
        sheet_rules(page, "torch.abs, torch.abc")
    assert (caught.value.where, caught.value.line) == ("docs/basics/common.md", 3) and caught.value.got == "torch.abc"
    with pytest.raises(DocsError):
        sheet_rules(page, "torch.maximum")
    names = [rule.name for rule in sheet_rules(page, "torch.where(x > 0, x, 0), torch.abs")]
    assert names == ["torch.where(x > 0, x, 0)", "torch.abs"]


def test_the_page_has_as_many_functions_as_it_says(site: Path) -> None:
    soup = BeautifulSoup((site / "basics/common/index.html").read_text(encoding="utf-8"), "html.parser")
    entries = soup.select("ul.sheet > li")
    said = int(re.search(r"Below are (\d+) functions", soup.find("article").text)[1])
    assert len(entries) == said >= 40
    for entry in entries:
        assert len(entry.find_all("math")) >= 2 and entry.select_one("svg[role=img][aria-label]") and entry.a["href"]
