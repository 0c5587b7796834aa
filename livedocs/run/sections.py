"""Reads the ``--8<--`` section markers of a snippet file.

The marker grammar is pymdownx's own (https://facelessuser.github.io/pymdown-extensions/extensions/snippets/).
pymdownx forgives a section that never ends, or that starts twice; a page would then show more, or
less, than what ran. So the rules here are stricter: every section starts once and ends once,
sections do not nest, and each holds whole top-level statements.
"""

from __future__ import annotations

import ast
import functools
import re
from dataclasses import dataclass

from livedocs.errors import DocsError

WHOLE_FILE = ""


@dataclass(frozen=True)
class Section:
    """A named run of top-level statements.

    ``start`` and ``end`` are the first and last line of its code, counted from 1. A file without
    markers is one section, named ``WHOLE_FILE``. ``figures`` are the texts of what it draws, for those who do not see
    it: a comment above the marker, ``# Figure: A line that rises.``, one for each figure, which readers do not copy.
    """

    name: str
    start: int
    end: int
    figures: tuple[str, ...] = ()


@functools.lru_cache(maxsize=256)  # each include on a page asks again
def read_sections(source: str, where: str) -> tuple[Section, ...]:
    """The sections of a snippet, in the order in which they stand.

    Args:
        source: the text of the file, with ``\\n`` line ends.
        where: the file's name in error messages.

    Raises:
        DocsError: for Python that does not parse, a marker that has no partner, stands twice, is
            nested or is not a comment line of its own, a section without code, a statement that
            crosses a marker, and a file without any code.
    """
    from pymdownx.snippets import SnippetPreprocessor  # not at the head: a snippet's process has no use for Markdown

    statements = _statements(source, where)
    sections: list[Section] = []
    open_name, open_line = "", 0
    starts: dict[str, int] = {}
    lines = source.split("\n")
    for number, line in enumerate(lines, 1):
        match = SnippetPreprocessor.RE_SNIPPET_SECTION.match(line) if "8<-" in line else None
        if match is None or match["escape"]:
            continue
        if match["pre"] != "# " or match["post"]:
            raise DocsError(
                where,
                number,
                "section marker is not a comment line of its own",
                got=line.strip(),
                wanted=f"# --8<-- [{match['type']}:{match['name']}]",
            )
        name = match["name"]
        if match["type"].lower() == "start":
            if open_name:
                raise DocsError(
                    where,
                    number,
                    f"section '{name}' starts inside section '{open_name}'",
                    got=f"[start:{name}] before [end:{open_name}] (started on line {open_line})",
                    wanted="one section to end before the next starts",
                )
            if name in starts:
                raise DocsError(
                    where,
                    number,
                    f"section '{name}' starts twice",
                    got=f"[start:{name}] here and on line {starts[name]}",
                    wanted="every section name once in a file",
                )
            open_name, open_line = name, number
            starts[name] = number
        else:
            if name != open_name:
                raise DocsError(
                    where,
                    number,
                    f"section '{name}' ends but is not open",
                    got=line.strip(),
                    wanted=f"[end:{open_name}]" if open_name else f"[start:{name}] above it",
                )
            sections.append(Section(name, open_line + 1, number - 1, _figures(lines[: open_line - 1])))
            open_name = ""
    if open_name:
        raise DocsError(
            where,
            open_line,
            f"section '{open_name}' never ends",
            got=f"[start:{open_name}] and the end of the file",
            wanted=f"# --8<-- [end:{open_name}]",
        )
    if not statements:
        raise DocsError(where, 1, "the file has no code", got="no statement", wanted="Python code that runs")
    if not sections:
        return (Section(WHOLE_FILE, 1, source.count("\n") + 1),)
    _check_statements(statements, sections, where)
    return tuple(sections)


def _figures(above: list[str]) -> tuple[str, ...]:
    """The texts of figures in the comment that ends these lines."""
    comment: list[str] = []
    for line in reversed(above):
        if not line.startswith("# ") or "8<-" in line:
            break
        comment.insert(0, line.removeprefix("# "))
    return tuple(" ".join(text.split()) for text in re.split(r"(?:^|\s)Figure: ", " ".join(comment))[1:])


def _statements(source: str, where: str) -> list[tuple[int, int]]:
    """First and last line of every top-level statement."""
    try:
        body = ast.parse(source, where).body
    except (SyntaxError, ValueError) as error:  # ValueError: a NUL byte
        line = getattr(error, "lineno", None) or 1
        raise DocsError(
            where,
            line,
            "the snippet is not Python",
            got=f"{type(error).__name__}: {getattr(error, 'msg', error)}",
            wanted="code that compiles",
        ) from None
    return [(first_line(node), node.end_lineno or node.lineno) for node in body]


def first_line(node: ast.stmt) -> int:
    """The line on which a statement starts, its decorators included."""
    return min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])


def _check_statements(statements: list[tuple[int, int]], sections: list[Section], where: str) -> None:
    for section in sections:
        inside = [s for s in statements if section.start <= s[0] <= section.end]
        crossing = [s for s in statements if s[0] < section.start <= s[1]] + [s for s in inside if s[1] > section.end]
        if crossing:
            first, last = crossing[0]
            raise DocsError(
                where,
                first,
                f"a statement crosses a marker of section '{section.name}'",
                got=f"a statement on lines {first} to {last}, the section on lines {section.start} to {section.end}",
                wanted="whole top-level statements in a section",
            )
        if not inside:
            raise DocsError(
                where,
                section.start - 1,
                f"section '{section.name}' is empty",
                got="no statement between its markers",
                wanted="code that runs, or no section",
            )
