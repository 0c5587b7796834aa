"""Refuses what must not be in a page's content: scripts, handlers, styles, includes and fences that never ran."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from livedocs.errors import DocsError
from livedocs.pages.fences import PYTHON, find_fences, includes

SUSPECT = re.compile(r"<script|<style|<iframe|\son\w+\s*=|\sstyle\s*=|javascript:|>\s*/{3,}\s|\[\^", re.I)
INCLUDE = re.compile(r"-+8<-+")
BLOCK = re.compile(r"^\s*/{3,}\s*\S.*", re.M)
FOOTNOTE = re.compile(r"\[\^[^\]\s]+\]")
SHOWN = re.compile(r'class="language-python highlight"|class="highlight-ipynb')


def faults(content: str, lines: list[str], name: str) -> Iterator[DocsError]:
    """What is wrong with the HTML of a page.

    Args:
        content: the HTML, as Markdown gave it.
        lines: the page's source; none for a notebook.
        name: of the page, in messages.
    """
    content = re.sub(r"<!--.*?-->", "", content, flags=re.S)  # nobody sees what stands in a comment
    if SUSPECT.search(content) or "--8&lt;-" in re.sub(r"<[^>]*>", "", content):
        reader = _Reader()
        reader.feed(content)
        for problem, got, wanted in reader.found:
            yield DocsError(name, _line_with(got, lines), problem, got=got, wanted=wanted)
    wanted = sum(fence.language in PYTHON and any(includes(fence, name)) for fence in find_fences(lines, name))
    shown = len(SHOWN.findall(content))
    if lines and shown < wanted:
        got = f"{shown} of {wanted} fences with code are shown as code"
        yield DocsError(
            name, None, "a fence that is not shown", got=got, wanted="no fence in a comment or a code block"
        )


class _Reader(HTMLParser):
    """Notes each fault with the text that is at fault."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self.inside: list[str] = []
        self.code = ""  # what has been read of a block of code: its words are elements of their own

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.inside.append(tag)
        if tag in ("script", "style", "iframe"):
            self._refuse(f"<{tag}>", "a file that the front matter names under scripts or styles")
        for key, value in attributes:
            if key.startswith("on") or key == "style":
                self._refuse(f'{key}="{value or ""}"', "no such attribute: the policy of the site forbids it")
            elif key in ("href", "src") and (value or "").strip().lower().startswith("javascript:"):
                self._refuse(value, "an address")

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass
        if tag == "pre":
            self._look_for_includes(self.code)
            self.code = ""

    def handle_data(self, data: str) -> None:
        if "pre" in self.inside:
            self.code += data
        elif "code" not in self.inside:  # in a line of text it is code that speaks of an include
            self._look_for_includes(data)
            if block := BLOCK.search(data):
                self.found.append(("a block that is shown as text", block[0].strip(), "a block of this project"))
        if "code" not in self.inside and (lost := FOOTNOTE.search(data)):
            self.found.append(("a footnote without its text", lost[0], f"a line that begins with {lost[0]}:"))

    def _look_for_includes(self, text: str) -> None:
        for line in filter(INCLUDE.search, text.split("\n")):
            self.found.append(("an include that is shown as text", line.strip()[:80], "a line of its own in a fence"))

    def _refuse(self, got: str, wanted: str) -> None:
        self.found.append(("markup that is not published", got, wanted))


def _line_with(text: str, lines: list[str]) -> int | None:
    start = text.split("\n")[0].strip().rstrip(">")
    return next((number for number, line in enumerate(lines, 1) if start and start in line), None)
