"""Turns the formulas of a page into MathML while the site is built: no script, no formula that appears late.

pymdownx.arithmatex (generic mode) finds the formulas, livedocs.show.mathml converts them.
"""

from __future__ import annotations

import html
import xml.etree.ElementTree as ET

from markdown import Markdown
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString

from livedocs.errors import DocsError
from livedocs.pages.page import Page
from livedocs.show.mathml import glyphs_of, to_mathml

HEADINGS = {f"h{level}" for level in range(1, 7)}


class FormulaTreeprocessor(Treeprocessor):
    """Replaces the text of every ``.arithmatex`` element by MathML."""

    def __init__(self, md: Markdown, page: Page) -> None:
        super().__init__(md)
        self.page = page

    def run(self, root: ET.Element) -> None:
        # Headings keep theirs: the table of contents is made of them, without what stands aside.
        headings = {e for h in root.iter() if h.tag in HEADINGS for e in h.iter()}
        for element in list(root.iter()):
            if element.get("class") != "arithmatex":
                continue
            text = html.unescape(element.text or "").strip()  # arithmatex has escaped & and <
            latex, display = text[2:-2].strip(), text.startswith(r"\[")
            try:
                text = to_mathml(latex, display=display)
                mathml = ET.fromstring(text)
            except (ValueError, ET.ParseError) as error:
                first = latex.split("\n")[0].strip()
                raise DocsError(
                    self.page.name,
                    self.page.line_of(lambda line, first=first: first in line),
                    "a formula does not convert",
                    got=f"{latex}\n{error}",
                    wanted="LaTeX that math-core reads",
                ) from None
            self.page.glyphs.update(glyphs_of(text))
            element.text = None
            element.set("class", "math")
            element.set("data-search-exclude", "true")
            if element in headings or not self.page.aside:
                element.append(mathml)
            else:
                element.text = AtomicString(self.md.htmlStash.store(self.page.later(text)))
