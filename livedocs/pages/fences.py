"""Finds the fenced code blocks of a Markdown page, and what each of them includes.

Line by line, at any indentation: a fence inside an admonition, a tab, a list or a quote counts too.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown import Markdown
from pymdownx.snippets import SnippetExtension, SnippetPreprocessor

from livedocs.errors import DocsError

_FENCE = re.compile(r"^(?P<indent>[ \t>]*)(?P<marks>`{3,}|~{3,})(?P<info>.*)$")
_LIST_ITEM = re.compile(r"^[ \t>]*(?:[-*+]|\d+[.)])[ \t]+(?:`{3,}|~{3,})")
PYTHON = ("python", "py", "python3")


@dataclass(frozen=True)
class Fence:
    """A fenced block.

    ``first`` and ``last`` are the indices of its opening and closing line, counted from 0;
    ``language`` is the first word of its info string; ``body`` holds its lines without indentation.
    """

    first: int
    last: int
    indent: str
    language: str
    body: list[str]


@dataclass(frozen=True)
class Include:
    """A ``--8<-- "path:section"`` line; ``line`` is its index on the page, counted from 0."""

    line: int
    path: str
    section: str
    written: str


def find_fences(lines: list[str], where: str, offset: int = 0) -> Iterator[Fence]:
    """Every fence of a page that is not itself inside a fence.

    Args:
        lines: the page.
        where: the page's name in error messages.
        offset: lines that stand above ``lines`` in the file (its front matter).

    Raises:
        DocsError: for a fence that never closes, and one that opens on the line of a list marker
            (Markdown processors disagree on those, so it could be shown but not tested).
    """
    number = 0
    while number < len(lines):
        if _LIST_ITEM.match(lines[number]):
            raise DocsError(
                where,
                offset + number + 1,
                "a fence on the line of a list marker",
                got=lines[number].strip(),
                wanted="the fence on a line of its own, indented",
            )
        match = _FENCE.match(lines[number])
        if match is None or "`" in match["info"]:
            number += 1
            continue
        indent, marks = match["indent"], match["marks"]
        close = re.compile(rf"^{re.escape(indent.rstrip())}[ \t]*{re.escape(marks[0])}{{{len(marks)},}}[ \t]*$")
        last = next((n for n in range(number + 1, len(lines)) if close.match(lines[n])), None)
        if last is None:
            raise DocsError(
                where,
                offset + number + 1,
                "a fence never closes",
                got=lines[number].strip(),
                wanted=f"a line with {marks}",
            )
        info = match["info"].strip().strip("{}").split()
        language = info[0].lstrip(".").lower() if info else ""
        body = [_unindent(line, indent) for line in lines[number + 1 : last]]
        yield Fence(number, last, indent, language, body)
        number = last + 1


def refuse_bare_includes(lines: list[str], fences: list[Fence], where: str, offset: int = 0) -> None:
    """Refuse a snippet that is included outside of a fence: it would be read as Markdown, and what it prints be lost.

    Args:
        lines: the page.
        fences: what ``find_fences`` found in it.
        where: the page's name in error messages.
        offset: lines that stand above ``lines`` in the file (its front matter).

    Raises:
        DocsError: for the first one.
    """
    inside = {number for fence in fences for number in range(fence.first, fence.last + 1)}
    for number, line in enumerate(lines):
        match = SnippetPreprocessor.RE_ALL_SNIPPETS.match(line) if "8<-" in line and number not in inside else None
        if match and not match["escape"] and re.search(r"\.py\b", match["snippet"] or ""):
            problem, wanted = "an include outside of a fence", "a line with ```python above it, and one with ``` below"
            raise DocsError(where, offset + number + 1, problem, got=line.strip(), wanted=wanted)


def includes(fence: Fence, where: str, offset: int = 0) -> list[Include]:
    """The snippets that a fence includes, in order; empty for a fence of literal text.

    Raises:
        DocsError: for an include beside literal code (the page would show a mixture that never
            ran), a block of includes, a line range, a snippet in a fence that is not Python.
    """
    found: list[Include] = []
    literal = None
    for index, line in enumerate(fence.body):
        at = fence.first + 1 + index
        match = SnippetPreprocessor.RE_ALL_SNIPPETS.match(line) if "8<-" in line else None
        if match is None or match["escape"]:
            if line.strip() and literal is None:
                literal = at
            continue
        if match["block_marker"]:
            raise DocsError(
                where,
                offset + at + 1,
                "a block of includes",
                got=line.strip(),
                wanted='--8<-- "folder/file.py:section"',
            )
        written = match["snippet"][1:-1]
        path, _, section = written.partition(":")
        if re.fullmatch(r"[-0-9:,]+", section):
            raise DocsError(
                where,
                offset + at + 1,
                "an include of a line range",
                got=written,
                wanted="a section: line numbers drift, names do not",
            )
        if any((path, section) == (other.path, other.section) for other in found):
            problem, wanted = "a section twice in one fence", "each section once: it has run once"
            raise DocsError(where, offset + at + 1, problem, got=written, wanted=wanted)
        found.append(Include(at, path, section, written))
    if not found:
        return []
    first = offset + found[0].line + 1
    if literal is not None:
        raise DocsError(
            where,
            offset + literal + 1,
            "code beside an include in one fence",
            got=fence.body[literal - fence.first - 1].strip(),
            wanted="includes only, or code only",
        )
    if fence.language not in PYTHON and any(i.path.endswith(".py") for i in found):
        raise DocsError(
            where,
            first,
            "a snippet in a fence that is not Python",
            got=f"```{fence.language}",
            wanted="```python, so that it is run",
        )
    return found


def expand(lines: list[str], snippets: Path) -> list[str]:
    """The lines with their includes expanded by pymdownx's own preprocessor."""
    return _preprocessor(snippets).run(lines)


@functools.cache
def _preprocessor(snippets: Path) -> SnippetPreprocessor:
    extension = SnippetExtension(base_path=[str(snippets)], check_paths=True)
    return SnippetPreprocessor(extension.getConfigs(), Markdown())


def _unindent(line: str, indent: str) -> str:
    return line[len(indent) :] if line.startswith(indent) else line.lstrip(" \t>")
