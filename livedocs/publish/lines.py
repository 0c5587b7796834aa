"""Finds the line of a source that a fault in its page comes from, and adds it to what MkDocs says of links."""

from __future__ import annotations

import logging
import re
from pathlib import Path

# Where MkDocs says what is wrong with a link.
LINKS = "mkdocs.structure.pages"
_SAID = re.compile(r"Doc file '(?P<page>[^']+)' contains an? .*?link (?:to )?'(?P<link>[^']+)'")
_WORD = re.compile(r"\w+")


def line_with(text: str, lines: list[str]) -> int | None:
    """The first line that has a text, which may have lost its markup on the way to the page.

    Args:
        text: what stands in the page; its first line counts.
        lines: the source.

    Returns:
        The number of the line, from 1: the first one that has the text as it is; or else the one that has most of its
        words, at least two and more than half of them, if no other has as many; or None.
    """
    start = text.split("\n")[0].strip().rstrip(">")
    if not start:
        return None
    for number, line in enumerate(lines, 1):
        if start in line:
            return number
    words = set(_WORD.findall(start))
    shared = [len(words.intersection(_WORD.findall(line))) for line in lines]
    most = max(shared, default=0)
    if most < 2 or 2 * most <= len(words) or shared.count(most) > 1:
        return None
    return shared.index(most) + 1


class WithLines(logging.Filter):
    """Puts file and line in front of what MkDocs says of a link.

    Args:
        docs: the folder of pages.
    """

    def __init__(self, docs: Path) -> None:
        super().__init__()
        self.docs = docs

    def install(self) -> None:
        """Listen to MkDocs, in place of the one of the build before."""
        logger = logging.getLogger(LINKS)
        for other in [other for other in logger.filters if type(other).__name__ == type(self).__name__]:
            logger.removeFilter(other)  # its module may have been loaded anew since
        logger.addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the message; none is kept back."""
        message = record.getMessage()
        if said := _SAID.match(message):
            source = self.docs / said["page"]
            if source.suffix == ".ipynb":  # a notebook is written as Python
                source = source.with_suffix(".py")
            if source.is_file():
                lines = source.read_text(encoding="utf-8", errors="replace").split("\n")
                number = next((number for number, line in enumerate(lines, 1) if said["link"] in line), None)
                if number is not None:
                    name = source.relative_to(self.docs.parent).as_posix()
                    record.msg, record.args = f"{name}:{number}: {message}", ()
        return True
