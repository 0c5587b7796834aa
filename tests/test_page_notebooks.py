"""Every page as a notebook: what the page shows is in it, and it runs from top to bottom."""

from __future__ import annotations

import json
import os
import re
import warnings
from pathlib import Path

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup, SoupStrainer
from nbformat import NotebookNode

from livedocs.pages.notebook import colab_address, to_notebook
from livedocs.pages.page import Page
from livedocs.pages.project import Project
from livedocs.run import figures
from livedocs.run.runner import Runner
from tests import kernels
from tests.conftest import ROOT, run_mkdocs
from tests.test_site import project  # noqa: F401

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


def test_the_links_when_the_project_says_where_it_is(project: Path) -> None:  # noqa: F811
    """With ``site_url`` links lead to the site, with ``repo_url`` Colab can open it; builds give the same bytes."""
    config = yaml.safe_load((project / "mkdocs.yml").read_text(encoding="utf-8"))
    config["site_url"] = "https://example.org/gradients/"
    built = []
    for extra in ({}, {"repo_url": "https://github.com/someone/gradients"}):
        (project / "mkdocs.yml").write_text(yaml.safe_dump({**config, **extra}, sort_keys=False), encoding="utf-8")
        done = run_mkdocs("build", "--strict", cwd=project)
        assert done.returncode == 0, done.stderr
        built.append({path.name: path.read_bytes() for path in (project / "site").rglob("*.ipynb")})
        page = BeautifulSoup((project / "site/ties/max/index.html").read_text(encoding="utf-8"), "html.parser")
        colab = page.find("a", string="Open in Colab")
        assert (colab is None) == (not extra)
    github = "https://colab.research.google.com/github/someone/gradients/blob/gh-pages/"
    assert colab["href"] == github + "ties/max/max.ipynb"
    assert built[0] == built[1] and len(built[0]) == 4
    prose = json.loads(built[0]["clamp.ipynb"])["cells"]
    addresses = set(re.findall(r"\]\(([^)]+)\)", "".join("".join(c["source"]) for c in prose)))
    assert "https://example.org/gradients/kinks/clamp/#torch.clamp" in addresses
    assert all(address.startswith("https://") for address in addresses), addresses


EVERYTHING = r"""
# A page { #top .wide }

See [another](other.md#part), <a href="other.md">too</a>, a note[^why] and `#!python [x](other.md){.a}`.{ .small }
In a formula \(x_{a=1}\) stays $y_{#b}$.

\[ [a](b.md) \]

Term
:   what it means

!!! warning "Take care"

    Not *this*:

    ```python
    --8<-- "index.py:half"
    ```

    but $a > b$.

??? note

    ```text
    !!! {.x} [l](other.md) [^why]
    ```

=== "First"

    One.

1.  An item

    ~~~py
    y = 2
    ~~~

    goes on.

/// details | More
    type: tip

Inside.
///

/// odd | Something new
///

[ref]: other.md

[^why]: Because of [that](other.md).
"""


def test_what_jupyter_does_not_know_becomes_what_it_knows(runner: Runner) -> None:
    page = Page(Project(ROOT, ROOT / "snippets", runner))
    links = []

    def link(target: str) -> str:
        links.append(target)
        return "https://example.org/" + target

    text = to_notebook(EVERYTHING, page, link, "About.")
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert text == to_notebook(EVERYTHING, page, link, "About.")
    assert [(cell.source.split("\n")[0], cell.execution_count) for cell in notebook.cells if "outputs" in cell] == [
        ("import torch", 1),
        ("y = 2", 2),
    ]
    assert notebook.cells[1].outputs[0].text == "tensor([0.0000, 0.5000, 0.5000])\n"
    before, between, after, last = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert before == (
        "# A page\n\n"
        "See [another](https://example.org/other.md#part), "
        '<a href="https://example.org/other.md">too</a>, a note<sup>1</sup> and `[x](other.md){.a}`.\n'
        "In a formula $x_{a=1}$ stays $y_{#b}$.\n\n"
        "$$ [a](b.md) $$\n\n"
        "Term\n- what it means\n\n"
        "<blockquote>\n\n**Take care**\n\nNot *this*:\n\n</blockquote>"
    )
    assert between == (
        "<blockquote>\n\nbut $a > b$.\n\n</blockquote>\n\n"
        "<blockquote>\n\n**Note**\n\n```text\n!!! {.x} [l](other.md) [^why]\n```\n\n</blockquote>\n\n"
        "**First**\n\nOne.\n\n"
        "1.  An item"
    )
    assert after.startswith(
        "goes on.\n\n<blockquote>\n\n**More**\n\nInside.\n\n</blockquote>\n\n[Odd, on the site](https://example.org/#)\n\n"
        "[ref]: https://example.org/other.md"
    )
    assert last == "<sup>1</sup> Because of [that](https://example.org/other.md).\n\nAbout."


def test_a_figure_in_a_notebook_needs_no_style_sheet(runner: Runner) -> None:
    (figure,) = runner.run(ROOT / "snippets/ties/max.py").outputs["minimum-norm"].figures
    alone = figures.standalone(figure.svg, 'a "label"')
    assert "var(" not in alone and "currentColor" not in alone
    assert figures.themed(alone) == figures.render(figure.svg, 'a "label"')


@pytest.mark.parametrize("repo_url", ["", "https://gitlab.com/a/b", "https://github.com/a"])
def test_colab_opens_what_is_on_github(repo_url: str) -> None:
    assert colab_address(repo_url, "gh-pages", "a.ipynb") is None
    assert colab_address("https://github.com/a/b.git", "built", "c d.ipynb") == (
        "https://colab.research.google.com/github/a/b/blob/built/c%20d.ipynb"
    )


def test_a_notebook_page_weighs_no_more_than_another_one(site: Path) -> None:
    """Its HTML is light, and it asks for no file that a Markdown page does not ask for."""
    html = (site / "notebooks/linear_regression/index.html").read_text(encoding="utf-8")
    assert len(html.encode()) < 150_000

    def wanted(page: str) -> set[str]:
        head = BeautifulSoup((site / page / "index.html").read_text(encoding="utf-8"), "html.parser")
        files = {e.get("src") or e.get("href") for e in head.select("script[src], link[rel=stylesheet], img")}
        return files | {style.get_text() for style in head.select("style")}

    assert wanted("notebooks/linear_regression") == wanted("ties/max")
