"""Every page as a notebook: what the page shows is in it, what was accepted, and it runs."""

from __future__ import annotations

import os
import re
import warnings
from importlib.metadata import version
from pathlib import Path

import jupytext
import nbformat
import pytest
from bs4 import BeautifulSoup, SoupStrainer
from nbclient import NotebookClient
from nbformat import NotebookNode

from livedocs.pages.fences import PYTHON, expand, find_fences, includes
from livedocs.run.accept import accepted_file, release
from livedocs.run.sections import read_sections
from tests.conftest import PATIENCE, ROOT

TORCH = release(version("torch"))

SOURCES = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "docs" / "notebooks").glob("*.py")]
PAGES = sorted(source.relative_to(ROOT / "docs").with_suffix("").as_posix() for source in SOURCES)
Block = tuple[str, str, int]  # the code, what it printed, how many figures it drew


def folder(site: Path, page: str) -> Path:
    """Where a page stands in the site."""
    return site / (page.rpartition("/")[0] if page.rpartition("/")[2] == "index" else page)


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


def notebook_of(site: Path, page: str) -> NotebookNode:
    return nbformat.read(folder(site, page) / f"{page.rpartition('/')[2]}.ipynb", as_version=4)


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


def accepted(name: str) -> dict[str, tuple[str, int]]:
    """What each section of a snippet is to print, and how many figures it is to draw: see livedocs.accept."""
    path = ROOT / "snippets" / name
    text = accepted_file(ROOT, path, TORCH).read_text(encoding="utf-8")
    names = [section.name for section in read_sections(path.read_text(encoding="utf-8"), name)]
    heads = "|".join(re.escape(name or "whole file") for name in names)
    _, *parts = re.split(rf"(?m)(?:\A|\n)^\[(?:{heads})\]\n", text)
    figure = re.compile(r"(?m)^\[figure: .*\]\n")
    found = [(figure.sub("", part).rstrip("\n"), len(figure.findall(part))) for part in parts]
    return dict(zip(names, found, strict=True))


def wanted(page: Path) -> list[Block]:
    """The Python fences of a page, as they are to be shown: their includes expanded, what was accepted below them."""
    found = []
    for fence in find_fences(page.read_text(encoding="utf-8").split("\n"), page.name):
        if fence.language in PYTHON:
            named = includes(fence, page.name)
            outputs = [accepted(include.path)[include.section] for include in named]
            code = "\n".join(expand(fence.body, ROOT / "snippets") if named else fence.body)
            texts = [text for text, _ in outputs if text]
            found.append((code.strip("\n"), "\n".join(texts), sum(drawn for _, drawn in outputs)))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_the_cells_of_a_notebook_are_the_code_of_its_page_and_what_was_accepted(page: str, site: Path) -> None:
    """What was accepted is what the snippets print, and the code runs as one program: other tests say so."""
    source = ROOT / "docs" / page
    if source.with_suffix(".md").exists():
        assert cells(notebook_of(site, page)) == wanted(source.with_suffix(".md"))
    else:  # the build has executed it
        own = jupytext.read(source.with_suffix(".py"), fmt="py:percent").cells
        code = [cell.source.strip("\n") for cell in own if cell.cell_type == "code"]
        assert [cell[0] for cell in cells(notebook_of(site, page))] == code


@pytest.mark.parametrize("page", ["ties/max", "losses/cross_entropy", "notebooks/linear_regression"])
def test_a_notebook_runs_from_top_to_bottom_and_gives_the_outputs_of_the_page(page: str, site: Path, tmp_path) -> None:
    """In Jupyter's own kernel: a page with figures, one of losses, and a notebook."""
    notebook = notebook_of(site, page)
    stored = cells(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(
        notebook,
        timeout=PATIENCE,
        startup_timeout=PATIENCE,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(tmp_path)}},
    )
    # torch warns of its own use of torch.jit.script when forward mode is used for the first time.
    quiet = "ignore:`torch.jit.script` is deprecated"
    backend = "module://livedocs.run.backend"
    client.execute(env={**os.environ, "MPLBACKEND": backend, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": quiet})
    assert stored and cells(notebook) == stored


def test_a_notebook_page_weighs_no_more_than_another_one(site: Path) -> None:
    """Its HTML is light, and it asks for no file that a Markdown page does not ask for."""
    html = (site / "notebooks/linear_regression/index.html").read_text(encoding="utf-8")
    assert len(html.encode()) < 150_000

    def wanted(page: str) -> set[str]:
        head = BeautifulSoup((site / page / "index.html").read_text(encoding="utf-8"), "html.parser")
        files = {e.get("src") or e.get("href") for e in head.select("script[src], link[rel=stylesheet], img")}
        return files | {style.get_text() for style in head.select("style")}

    assert wanted("notebooks/linear_regression") == wanted("ties/max")
