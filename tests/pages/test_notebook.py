"""A page as a notebook: what Jupyter does not know becomes what it knows."""

from __future__ import annotations

import nbformat
import pytest

from livedocs.pages.notebook import colab_address, to_notebook
from livedocs.pages.page import Page
from livedocs.pages.project import Project
from livedocs.run import figures
from livedocs.run.runner import Runner
from tests.conftest import ROOT

pytestmark = pytest.mark.site

EVERYTHING = r"""
# A page { #top .wide }

See [another](other.md#part), <a href="other.md">too</a>, a note[^why] and `#!python [x](other.md){.a}`.{ .small }
In a formula \(x_{a=1}\) stays $y_{#b}$, and x\[mask\] is none.

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
        "In a formula $x_{a=1}$ stays $y_{#b}$, and x\\[mask\\] is none.\n\n"
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
