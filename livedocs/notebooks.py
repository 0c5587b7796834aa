"""Executes the notebooks of the site: percent-format Python files become ``.ipynb`` with outputs.

mkdocs-jupyter then renders them. Executing here and not there makes every error fatal with its file
and line, and shows the figures in the site's style.
"""

from __future__ import annotations

import base64
import html
import json
import re
from pathlib import Path

import jupytext
import nbformat
import yaml
from bs4 import BeautifulSoup, Tag
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from livedocs import figures, formulas
from livedocs.errors import DocsError
from livedocs.extension import Book, render_text
from livedocs.limits import NOTEBOOK, environment

SVG = "data:image/svg+xml;base64,"  # how mkdocs-jupyter writes a figure


def execute(path: Path, where: str) -> nbformat.NotebookNode:
    """Run a percent-format notebook from top to bottom in a fresh kernel.

    Args:
        path: the ``.py`` file.
        where: its name in error messages.

    Returns:
        The executed notebook. What stood in its front matter, as on a page, is in ``metadata.front_matter``.

    Raises:
        DocsError: for front matter that is no mapping, and for a cell that raises, warns, writes to standard
            error, runs for longer than it may, or ends its kernel.
    """
    source = path.read_text(encoding="utf-8")
    notebook = jupytext.reads(source, fmt="py:percent")
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata.pop("jupytext", None)
    for index, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{index}"
    notebook.metadata["front_matter"] = _take_front_matter(notebook, where)
    starts = _cell_lines(source)
    variables = {**environment(), "MPLBACKEND": "module://livedocs.backend"}
    # The kernel's own log level: it warns of a transport without encryption, on this machine's loopback.
    quiet = ["--log-level=ERROR"]
    client = NotebookClient(
        notebook,
        extra_arguments=quiet,
        timeout=round(NOTEBOOK.patience),
        kernel_name="python3",
        coalesce_streams=True,  # else a slow cell's text comes in parts, each a block of its own
        resources={"metadata": {"path": str(path.parent)}},
    )
    with client.setup_kernel(env=variables):
        for index, cell in enumerate(notebook.cells):
            line = starts[index] if index < len(starts) else None
            try:
                if cell.cell_type == "code":
                    client.execute_cell(cell, index)
            except CellExecutionError as error:
                raise _cell_error(where, line, cell, error) from None
            except (CellTimeoutError, DeadKernelError) as error:
                raise DocsError(
                    where,
                    line,
                    "a notebook cell did not end well",
                    got=str(error).splitlines()[0],
                    wanted=f"an end within {NOTEBOOK.patience:g} s",
                ) from None
            for output in cell.get("outputs", []):
                if output.output_type == "stream" and output.name == "stderr":
                    raise DocsError(
                        where,
                        line,
                        "a notebook cell wrote to standard error",
                        got=output.text.strip(),
                        wanted="nothing there",
                    )
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times of day: two builds of one source must agree
    return notebook


def to_site_html(page: str, where: str, book: Book) -> str:
    """mkdocs-jupyter's HTML in the site's own markup: the same code blocks, outputs, formulas and links.

    Its style sheet (more than half a megabyte on every page) and its scripts are left out.

    Args:
        page: the HTML that mkdocs-jupyter made of an executed notebook.
        where: the page's name in error messages.
        book: takes the characters of the formulas, and what stands aside until the page is finished.
    """
    soup = BeautifulSoup(page, "html.parser")
    parts = []
    for cell in soup.select(".jp-Cell"):
        if cell.find_parent(class_="jp-Cell"):
            continue
        for text in cell.select(".jp-RenderedMarkdown"):
            _formulas(text, where, book)
            for anchor in text.select("a.anchor-link"):
                anchor["class"], anchor["title"] = "headerlink", "Link to this section"
                anchor.string = "#"
            parts.append(text.decode_contents())
        for code in cell.select(".jp-InputArea .highlight-ipynb pre"):
            inner = f"<pre><span></span><code>{code.decode_contents()}</code></pre>"
            parts.append(f'<div class="language-python highlight">{inner}</div>')
        for output in cell.select(".jp-OutputArea-output"):
            if output.pre:
                text = output.pre.get_text().rstrip("\n")
                parts.append(render_text(text))
            for image in output.select(f'img[src^="{SVG}"]'):
                figure = figures.themed(base64.b64decode(image["src"].removeprefix(SVG)).decode())
                parts.append(book.later(figure))
    return "\n".join(parts)


def _formulas(text: Tag, where: str, book: Book) -> None:
    """Replace ``$…$`` and ``$$…$$`` in a rendered Markdown cell by MathML."""
    for node in list(text.find_all(string=lambda s: "$" in s)):
        if node.find_parent(["code", "pre"]):
            continue

        heading = node.find_parent(formulas.HEADINGS) is not None

        def convert(match: re.Match[str], heading: bool = heading) -> str:
            display = match[1] is not None
            latex = html.unescape(match[1] or match[2]).strip()
            try:
                mathml = formulas.to_mathml(latex, display=display)
            except ValueError as error:
                raise DocsError(
                    where,
                    None,
                    "a formula does not convert",
                    got=f"{latex}\n{error}",
                    wanted="LaTeX that math-core reads",
                ) from None
            book.glyphs.update(formulas.glyphs_of(mathml))
            tag = "div" if display else "span"
            if heading:  # the table of contents is made of headings, without what stands aside
                return f'<{tag} class="math" data-search-exclude="true">{mathml}</{tag}>'
            return f'<{tag} class="math">{book.later(mathml)}</{tag}>'

        escaped = html.escape(str(node), quote=False)
        replaced = re.sub(r"\$\$(.+?)\$\$|\$([^$]+?)\$", convert, escaped, flags=re.DOTALL)
        node.replace_with(BeautifulSoup(replaced, "html.parser"))


def front_matter(executed: Path) -> dict:
    """What stood in the front matter of an executed notebook."""
    return json.loads(executed.read_text(encoding="utf-8"))["metadata"]["front_matter"]


def _take_front_matter(notebook: nbformat.NotebookNode, where: str) -> dict:
    """Take the front matter, which jupytext reads as a raw cell, off a notebook."""
    if not notebook.cells or notebook.cells[0].cell_type != "raw":
        return {}
    text = notebook.cells.pop(0).source.strip().strip("-")
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        found = None
    if not isinstance(found, dict):
        raise DocsError(
            where, 1, "the front matter of a notebook", got=text.strip(), wanted="name: value, line by line"
        )
    return found


def _cell_lines(source: str) -> list[int]:
    """The line of each cell's ``# %%`` marker."""
    return [n for n, line in enumerate(source.split("\n"), 1) if re.match(r"# %%", line)]


def _cell_error(where: str, start: int | None, cell, error: CellExecutionError) -> DocsError:
    """The error of a cell, with the line of the file and not that of the cell."""
    match = re.search(
        r"(?:Cell In\[\d+\], line|File <ipython-input[^>]*>:?|, line) ?(\d+)",
        re.sub(r"\x1b\[[0-9;]*m", "", error.traceback),
    )
    line = start + int(match[1]) if start and match else start
    return DocsError(
        where,
        line,
        "a notebook cell raised",
        got=f"{error.ename}: {error.evalue}",
        wanted="a cell that runs to its end",
    )
