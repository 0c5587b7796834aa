"""Every page as a notebook: what the page shows is in it, and it runs from top to bottom."""

from __future__ import annotations

import os
import re
import warnings
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup, SoupStrainer
from nbformat import NotebookNode

from tests import kernels
from tests.conftest import ROOT

SOURCES = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "docs" / "notebooks").glob("*.py")]
PAGES = sorted(source.relative_to(ROOT / "docs").with_suffix("").as_posix() for source in SOURCES)
Block = tuple[str, str, int]  # the code, what it printed, how many figures it drew


def folder(site: Path, page: str) -> Path:
    """Where a page stands in the site."""
    return site if page == "index" else site / page


def blocks(article: BeautifulSoup) -> list[Block]:
    """The Python code blocks of a page with their outputs, as a reader sees them."""
    found = []
    for element in article.select("div.language-python.highlight, pre.output, figure.plot > svg"):
        if element.name == "div":
            found.append((element.get_text().strip("\n"), "", 0))
        else:
            code, text, drawn = found[-1]
            is_figure = element.name == "svg"
            found[-1] = (code, text if is_figure else element.get_text().rstrip("\n"), drawn + is_figure)
    return found


def cells(notebook: NotebookNode) -> list[Block]:
    """The same of a notebook. An output that no page shows, such as a warning, counts as text."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            drawn = [o for o in cell.outputs if o.output_type == "display_data" and "image/svg+xml" in o.data]
            rest = [o for o in cell.outputs if o not in drawn]
            text = "".join(o.text if o.get("name") == "stdout" else f"[{o}]" for o in rest)
            found.append((cell.source.strip("\n"), text.rstrip("\n"), len(drawn)))
    return found


@pytest.fixture(scope="session")
def executed(site: Path) -> dict[Path, NotebookNode | Exception]:
    """Every notebook of the site that has code, executed."""
    if not hasattr(os, "fork"):
        pytest.skip("kernels are forked, and this system has no fork")
    paths = [path for path in sorted(site.rglob("*.ipynb")) if '"cell_type": "code"' in path.read_text("utf-8")]
    return kernels.execute(paths)


@pytest.mark.parametrize("page", PAGES)
def test_the_notebook_of_a_page_holds_what_the_page_shows(page: str, site: Path) -> None:
    html = (folder(site, page) / "index.html").read_text(encoding="utf-8")
    article = BeautifulSoup(html, "html.parser", parse_only=SoupStrainer("article"))
    link = article.find("a", string="Download notebook", download=True)
    path = folder(site, page) / link["href"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        notebook = nbformat.read(path, as_version=4)  # warns of a cell without an id
    nbformat.validate(notebook)
    assert cells(notebook) == blocks(article)
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert prose.startswith("# ")
    assert not re.search(r"--8<--|^\s*(?:///|!!!|\?\?\?|===) ?|\0|\]\([^)]*\.md|^title:", prose, re.MULTILINE)
    cards = article.select(".rule > h3")
    assert [f"### `{card.find(string=True)}`" for card in cards] == re.findall(
        r"^### `torch\..*`$", prose, re.MULTILINE
    )
    assert prose.count("[The card, with its plot](") == len(cards)


@pytest.mark.parametrize("page", PAGES)
def test_a_notebook_runs_from_top_to_bottom_and_gives_the_outputs_of_the_page(page: str, site: Path, executed) -> None:
    path = folder(site, page) / f"{page.rpartition('/')[2]}.ipynb"
    stored = cells(nbformat.read(path, as_version=4))
    if stored:
        got = executed[path]
        if isinstance(got, Exception):
            pytest.fail(f"{path.name} does not run to its end\n{got}", pytrace=False)
        assert cells(got) == stored


def test_a_notebook_page_weighs_no_more_than_another_one(site: Path) -> None:
    """Its HTML is light, and it asks for no file that a Markdown page does not ask for."""
    html = (site / "notebooks/linear_regression/index.html").read_text(encoding="utf-8")
    assert len(html.encode()) < 150_000

    def wanted(page: str) -> set[str]:
        head = BeautifulSoup((site / page / "index.html").read_text(encoding="utf-8"), "html.parser")
        files = {e.get("src") or e.get("href") for e in head.select("script[src], link[rel=stylesheet], img")}
        return files | {style.get_text() for style in head.select("style")}

    assert wanted("notebooks/linear_regression") == wanted("ties/max")
