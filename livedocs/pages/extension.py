"""The Markdown extension: below every fence that includes a snippet stands what the snippet printed.

It needs nothing but Python-Markdown and pymdownx:

    markdown.markdown(
        text,
        extensions=["pymdownx.snippets", "pymdownx.superfences", "livedocs"],
        extension_configs={"pymdownx.snippets": {"base_path": "snippets"}, "livedocs": {"root": "."}},
    )

pymdownx puts the code into the fence; this extension runs it and adds the output.
"""

from __future__ import annotations

import functools
import html
import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

from markdown import Markdown
from markdown.extensions import Extension
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from pymdownx.blocks import BlocksExtension

from livedocs.errors import DocsError
from livedocs.pages.blocks import BLOCKS
from livedocs.pages.fences import find_fences, includes, refuse_bare_includes
from livedocs.pages.formulas import FormulaTreeprocessor
from livedocs.pages.page import Page
from livedocs.pages.project import Project
from livedocs.run import figures
from livedocs.run.outcome import Output
from livedocs.run.runner import Runner

_FOLDED = "<summary>Code of this plot</summary>"


def render_output(output: Output, later: Callable[[str], str]) -> str:
    """Output and figures of a section as HTML. The text is escaped: it cannot become markup."""
    parts = []
    if output.text.strip():
        parts.append(render_text(output.text.rstrip("\n")))
    parts.extend(later(figures.render(figure.svg, figure.alt)) for figure in output.figures)
    return "\n".join(parts)


def render_text(text: str) -> str:
    """Printed text as an output block."""
    escaped = html.escape(text, quote=False)
    return f'<pre class="output" role="group" aria-label="Output" tabindex="0"><samp>{escaped}\n</samp></pre>'


class _Run(Preprocessor):
    """Runs what fences include and leaves a token below each fence; before pymdownx expands them."""

    def __init__(self, md: Markdown, page: Page, outputs: dict[str, str]) -> None:
        super().__init__(md)
        self.page = page
        self.outputs = outputs

    def run(self, lines: list[str]) -> list[str]:
        page = self.page
        page.lines, page.open = list(lines), []
        above: dict[int, str] = {}
        below: dict[int, str] = {}
        fences = list(find_fences(lines, page.name, page.offset))
        refuse_bare_includes(lines, fences, page.name, page.offset)
        for fence in fences:
            found = includes(fence, page.name, page.offset)
            outputs = [
                page.snippet(include).outputs[include.section] for include in found if include.path.endswith(".py")
            ]
            rendered = "\n".join(filter(None, (render_output(output, page.later) for output in outputs)))
            if any(output.figures for output in outputs):
                above[fence.first] = fence.indent + self._token(f'<details class="plot-code">{_FOLDED}')
                rendered = f"</details>\n{rendered}"
            if rendered:
                below[fence.last] = fence.indent + self._token(rendered)
        result = []
        for number, line in enumerate(lines):
            if number in above:
                result += ["", above[number], ""]
            result.append(line)
            if number in below:
                result += ["", below[number], ""]
        return result

    def _token(self, markup: str) -> str:
        """What stands for the HTML until Markdown is done: it must not read what a program printed."""
        token = f"livedocs{uuid.uuid4().hex}"
        self.outputs[token] = markup
        return token


class _Place(Postprocessor):
    """Puts the outputs where their tokens are."""

    def __init__(self, md: Markdown, outputs: dict[str, str]) -> None:
        super().__init__(md)
        self.outputs = outputs

    def run(self, text: str) -> str:
        if not self.outputs:
            return text
        pattern = re.compile(r"<p>\s*(livedocs[0-9a-f]{32})\s*</p>|(livedocs[0-9a-f]{32})")
        return pattern.sub(lambda m: self.outputs.get(m[1] or m[2], m[0]), text)


class _Closed(Treeprocessor):
    """Refuses a block that nothing closes: the rest of the page would stand inside of it."""

    def __init__(self, md: Markdown, page: Page) -> None:
        super().__init__(md)
        self.page = page

    def run(self, root: ET.Element) -> None:
        for block in self.page.open:
            wanted = "/// on a line of its own below it"
            raise DocsError(self.page.name, block.line, "a block never closes", got=block.head, wanted=wanted)


class _Blocks(BlocksExtension):
    """Registers the blocks that take their content from the rules."""

    def __init__(self, page: Page) -> None:
        self.page = page
        super().__init__()

    def extendMarkdownBlocks(self, md: Markdown, block_mgr) -> None:  # noqa: N802  pymdownx's name
        for block in BLOCKS:
            block_mgr.register(block, {"page": self.page})


@functools.cache
def _runner(root: Path) -> Runner:
    """One for all pages: each has a process that imports torch, and a site has a hundred pages."""
    return Runner(root)


class LivedocsExtension(Extension):
    """Options: ``root`` and ``snippets`` (folders), ``name`` (the page's, for messages), or a whole ``page``."""

    def __init__(self, **kwargs) -> None:
        self.config = {
            "root": [".", "The project's root; messages name files relative to it."],
            "snippets": ["snippets", "The folder of the snippets, below the root."],
            "name": ["page.md", "The name of the page in messages."],
            "page": ["", "A Page, which takes what rendering gathers; instead of the other options."],
        }
        super().__init__(**kwargs)

    def extendMarkdown(self, md: Markdown) -> None:
        page = self.getConfig("page")
        if not page:
            root = Path(self.getConfig("root")).resolve()
            page = Page(Project(root, root / self.getConfig("snippets"), _runner(root)), self.getConfig("name"))
        outputs: dict[str, str] = {}
        # pymdownx.snippets has priority 32: the includes must still be there to be read.
        md.preprocessors.register(_Run(md, page, outputs), "livedocs-run", 33)
        _Blocks(page).extendMarkdown(md)
        md.treeprocessors.register(_Closed(md, page), "livedocs-closed", 25)
        # After the inline patterns (20), before the table of contents (5).
        md.treeprocessors.register(FormulaTreeprocessor(md, page), "livedocs-formulas", 15)
        md.postprocessors.register(_Place(md, outputs), "livedocs-place", 1)


def makeExtension(**kwargs) -> LivedocsExtension:
    return LivedocsExtension(**kwargs)
