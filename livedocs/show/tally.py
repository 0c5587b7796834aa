"""How much the site holds, counted in the project's own files: pages, snippets, rules, and what is held to a test."""

from __future__ import annotations

import ast
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown.util import AtomicString

from livedocs.measured import MeasuredRules
from livedocs.run.sections import read_sections
from livedocs.show.markdown import escape_cell, table_lines

COLUMNS = ("Number", "What", "What holds it")
CLAIM = re.compile(r"^ *# claim: \S", re.MULTILINE)
CONTRACTS = ("tests/content/fixes.py", "FIXES")  # the list of the functions that readers copy


@dataclass(frozen=True)
class Count:
    """A number of things, and what is done with each of them."""

    number: int
    what: str
    held: str

    @property
    def cells(self) -> tuple[str, str, str]:
        return f"{self.number:,}", self.what, self.held


def counts(root: Path, snippets: Path, pages: Iterable[str], rules: MeasuredRules) -> list[Count]:
    """What a project holds, kind by kind; no kind that it has nothing of.

    Args:
        root: the project's root.
        snippets: the folder of its snippets.
        pages: the pages of its menu.
        rules: all of them, measured.

    Raises:
        DocsError: for a snippet whose sections cannot be read.
    """
    texts = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in snippets.rglob("*.py")}
    found = [
        Count(len(set(pages)), "pages", "built from nothing, its links followed, its HTML validated"),
        Count(len(texts), "snippets", "run in a process of its own; what it prints is compared"),
        Count(
            sum(len(read_sections(text, where)) for where, text in texts.items()),
            "sections of snippets",
            "shown on a page with what it printed; one that no page shows stops the build",
        ),
        Count(len(rules), "rules", "compared with autograd; gradcheck and gradgradcheck"),
        Count(
            sum(len(rule.points) for rule in rules.values()),
            "special points",
            "measured by reverse and forward mode and by differences, in four dtypes and longer tensors",
        ),
        Count(sum(len(CLAIM.findall(text)) for text in texts.values()), "claims", "tested over their whole range"),
        Count(_contracts(root), "functions to copy", "run in both modes, batches, half precision, vmap, torch.compile"),
    ]
    return [count for count in found if count.number]


def _contracts(root: Path) -> int:
    """How many functions a project's list of contracts has."""
    file, name = root / CONTRACTS[0], CONTRACTS[1]
    if not file.is_file():
        return 0
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return len(node.value.elts)
    return 0


def add_table(parent: ET.Element, found: Iterable[Count]) -> None:
    """Add the counts as a table."""
    add_rows(parent, COLUMNS, (count.cells for count in found))


def table_markdown(found: Iterable[Count]) -> Iterator[str]:
    """The same table as lines of Markdown."""
    return table_lines(COLUMNS, ([escape_cell(cell) for cell in count.cells] for count in found))


def add_rows(parent: ET.Element, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Add a table of texts."""
    table = ET.SubElement(parent, "table")
    head = ET.SubElement(ET.SubElement(table, "thead"), "tr")
    for column in columns:
        ET.SubElement(head, "th").text = AtomicString(column)
    body = ET.SubElement(table, "tbody")
    for row in rows:
        line = ET.SubElement(body, "tr")
        for cell in row:
            ET.SubElement(line, "td").text = AtomicString(cell)
