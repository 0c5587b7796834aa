"""A percent-format notebook as a page: executed in a child, rendered by mkdocs-jupyter, in the site's own markup."""

from __future__ import annotations

import base64
import html
import os.path
import re
from concurrent.futures import Future
from dataclasses import asdict
from pathlib import Path

from bs4 import BeautifulSoup, Tag

from livedocs.errors import DocsError
from livedocs.pages.extension import render_text
from livedocs.pages.formulas import HEADINGS
from livedocs.pages.page import Page
from livedocs.run import figures
from livedocs.run.limits import NOTEBOOK
from livedocs.run.runner import Runner
from livedocs.show.mathml import glyphs_of, to_mathml

SVG = "data:image/svg+xml;base64,"  # how mkdocs-jupyter writes a figure


def execute(runner: Runner, path: Path) -> Future:
    """Start executing a notebook that has changed; ``result()`` gives it as JSON holds it (livedocs.run.notebook)."""
    where = Path(os.path.realpath(path)).relative_to(runner.root).as_posix()
    limits = asdict(NOTEBOOK)
    return runner.call(
        "livedocs.run.notebook:run",
        {"file": str(path), "where": where, "limits": limits},
        about=where,
        glue=("run", "chance.py", "errors.py", "progress.py"),
        limits=NOTEBOOK,
        uses=["torch", "torch.testing", "torch.func", "matplotlib", "livedocs.run.notebook", *KERNEL],
    )


# What a kernel imports with its first cell.
KERNEL = ["ipykernel.kernelapp", "IPython.core.completerlib", "IPython.core.debugger", "debugpy.server.api"]


def to_site_html(rendered: str, page: Page) -> str:
    """mkdocs-jupyter's HTML in the site's own markup: the same code blocks, outputs, formulas and links.

    Its style sheet (more than half a megabyte on every page) and its scripts are left out.

    Args:
        rendered: the HTML that mkdocs-jupyter made of an executed notebook.
        page: takes the characters of the formulas, and what stands aside until the page is finished.
    """
    soup = BeautifulSoup(rendered, "html.parser")
    parts = []
    for cell in soup.select(".jp-Cell"):
        if cell.find_parent(class_="jp-Cell"):
            continue
        for text in cell.select(".jp-RenderedMarkdown"):
            _formulas(text, page)
            _split_paragraphs(text)
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
                parts.append(page.later(figure))
    return "\n".join(parts)


def _split_paragraphs(text: Tag) -> None:
    """Have a formula on lines of its own end the paragraph that it stands in: a paragraph holds no blocks."""
    for paragraph in text.select("p:has(> div.math)"):
        parts: list[Tag] = []
        for node in list(paragraph.contents):
            if isinstance(node, Tag) and node.name == "div":
                parts.append(node.extract())
            elif parts and parts[-1].name == "p":
                parts[-1].append(node.extract())
            elif isinstance(node, Tag) or node.strip():
                parts.append(BeautifulSoup("<p></p>", "html.parser").p)
                parts[-1].append(node.extract())
        paragraph.replace_with(*parts)


def _formulas(text: Tag, page: Page) -> None:
    """Replace ``$…$`` and ``$$…$$`` in a rendered Markdown cell by MathML."""
    for node in list(text.find_all(string=lambda s: "$" in s)):
        if node.find_parent(["code", "pre"]):
            continue

        heading = node.find_parent(HEADINGS) is not None

        def convert(match: re.Match[str], heading: bool = heading) -> str:
            display = match[1] is not None
            latex = html.unescape(match[1] or match[2]).strip()
            try:
                mathml = to_mathml(latex, display=display)
            except ValueError as error:
                raise DocsError(
                    page.name,
                    None,
                    "a formula does not convert",
                    got=f"{latex}\n{error}",
                    wanted="LaTeX that math-core reads",
                ) from None
            page.glyphs.update(glyphs_of(mathml))
            tag = "div" if display else "span"
            if heading:  # the table of contents is made of headings, without what stands aside
                return f'<{tag} class="math" data-search-exclude="true">{mathml}</{tag}>'
            return f'<{tag} class="math">{page.later(mathml)}</{tag}>'

        escaped = html.escape(str(node), quote=False)
        replaced = re.sub(r"\$\$(.+?)\$\$|\$([^$]+?)\$", convert, escaped, flags=re.DOTALL)
        node.replace_with(BeautifulSoup(replaced, "html.parser"))
