"""The built site: outputs, formulas, notebooks, and how much there is to load."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup

from livedocs.run.runner import Runner
from tests.conftest import ROOT


def test_every_page_is_there_with_its_outputs(site: Path, runner: Runner) -> None:
    max_page = BeautifulSoup((site / "ties/max/index.html").read_text(encoding="utf-8"), "html.parser")
    outputs = [samp.get_text() for samp in max_page.select("pre.output samp")]
    printed = [o.text.rstrip("\n") for o in runner.run(ROOT / "snippets/ties/max.py").outputs.values() if o.text]
    assert sorted(output.rstrip("\n") for output in outputs) == sorted(printed)


def test_formulas_are_in_headings_and_the_contents_and_not_in_the_search_index(site: Path) -> None:
    page = BeautifulSoup((site / "edges/special/index.html").read_text(encoding="utf-8"), "html.parser")
    heading = page.find(id="gammainc-at-x0")
    assert heading.math is not None and heading.math.get_text() == "x=0"
    links = page.select('.md-sidebar--secondary a[href="#gammainc-at-x0"]')
    assert links and all(link.math is not None for link in links)
    index = (site / "search/sections.json").read_text(encoding="utf-8")
    assert not re.search(r"<math|<svg|livedocs [0-9a-f]{32}", index)
    assert not re.search("[\U0001d400-\U0001d7ff]", index), "mathematical letters: a formula is in the index"
    for file in site.rglob("*.html"):
        assert "<!--livedocs" not in file.read_text(encoding="utf-8"), f"{file}: something was never put in its place"


def test_the_process_that_renders_pages_does_not_import_torch() -> None:
    code = "import sys, livedocs.publish.site; sys.exit(not {'torch', 'nbclient', 'nbformat'}.isdisjoint(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_the_notebook_is_executed_and_downloadable(site: Path) -> None:
    page = BeautifulSoup((site / "notebooks/linear_regression/index.html").read_text(encoding="utf-8"), "html.parser")
    link = page.select_one("a[download]")
    notebook = nbformat.read(site / "notebooks/linear_regression" / link["href"], as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    shown = [samp.get_text().rstrip("\n") for samp in page.select("article samp")]
    printed = [o.text.rstrip("\n") for cell in code for o in cell.outputs if o.output_type == "stream"]
    assert shown == printed and len(printed) >= 4
    assert len(page.select("article figure.plot > svg[aria-label]")) == 2
    assert page.select("article math") and "$" not in page.article.get_text().replace("$…$", "")
    assert not page.select("article style") and not page.select("article script")


def test_the_footer_names_the_release(site: Path) -> None:
    from importlib.metadata import version

    assert f"PyTorch {version('torch')}" in (site / "index.html").read_text(encoding="utf-8")


def test_the_search_index_holds_outputs_and_error_texts(site: Path) -> None:
    sections = json.loads((site / "search/sections.json").read_text(encoding="utf-8"))["sections"]
    text = " ".join(section["text"] for section in sections)
    assert "grad can be implicitly created only for scalar outputs" in text


def test_every_figure_is_small(site: Path) -> None:
    """A phone on a slow line waits for each of them: 15 kB at most, before compression. Both panels of a card count."""
    sizes = {}
    for page in site.rglob("index.html"):
        if page.parent.name == "print":
            continue  # the same figures, with longer ids
        for figure in re.findall(r'<figure class="plot">.*?</figure>', page.read_text(encoding="utf-8"), re.DOTALL):
            sizes[page.relative_to(site).as_posix(), re.search(r'aria-label="(.*?)"', figure)[1][:60]] = len(figure)
    assert len(sizes) > 100
    assert {where: size for where, size in sizes.items() if size > 15_000} == {}


def test_the_font_of_the_formulas_is_small(site: Path) -> None:
    """Every page with a formula waits for it."""
    assert (site / "assets/math.woff2").stat().st_size < 25_000
