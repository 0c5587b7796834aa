"""The functions that have no gradient, by reason, with the words that PyTorch has for it.

``rules/no_gradient.json`` holds them for each release that was looked at: ``python -m tests.content.every --write``
calls all public functions of torch and writes it, and a test holds it to the installed torch.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from markdown.util import AtomicString

from livedocs.errors import DocsError
from livedocs.measured import MeasuredRule, MeasuredRules
from livedocs.show.markdown import escape_cell, table_lines

FILE = "rules/no_gradient.json"
COLUMNS = ("What it says", "Functions")


class Reason(StrEnum):
    """Why a function has no gradient, in the order in which the page has them."""

    NO_FORMULA = "PyTorch has no formula for the derivative"
    RAISES = "The backward pass raises"
    CUT = "It returns a tensor that is not part of the graph"
    REFUSES = "It refuses a tensor that requires grad"
    CONSTANT = "What it returns does not depend on what it is given"
    NO_FLOATS_OUT = "It returns no floating-point numbers"
    NO_FLOATS = "It takes no floating-point numbers"
    NO_TENSOR = "It returns no tensor"
    UNCALLED = "No call of it succeeded"


ABOUT = {
    Reason.NO_FORMULA: "The call or the backward pass raises an error, which names the operation.",
    Reason.RAISES: "The output has a grad_fn, and its backward pass fails.",
    Reason.CUT: "The output has no grad_fn. The graph ends here, without an error until backward() is called.",
    Reason.REFUSES: "The call raises an error. On the detached tensor it works, and has no gradient.",
    Reason.CONSTANT: "The gradient exists and is 0, in each call that was made: other inputs gave the same output.",
    Reason.NO_FLOATS_OUT: "Integers, truth values and quantized numbers cannot require grad.",
    Reason.NO_FLOATS: "The call raises an error for floating-point tensors. Others cannot require grad.",
    Reason.NO_TENSOR: "Numbers, sizes and other objects are not part of a graph.",
    Reason.UNCALLED: "It needs a device, a library or an object that was not there.",
}


@dataclass(frozen=True)
class Row:
    """The functions of one reason that have the same words: each with its names."""

    words: str
    functions: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Listed:
    """All functions without a gradient, as they were found with one release of torch."""

    release: str
    groups: Mapping[Reason, tuple[Row, ...]]

    def count(self, *, called: bool) -> int:
        """How many functions could be called, or could not."""
        groups = [rows for reason, rows in self.groups.items() if (reason is not Reason.UNCALLED) == called]
        return sum(len(row.functions) for rows in groups for row in rows)

    @property
    def sentence(self) -> str:
        """How many there are, and with which release they were found."""
        uncalled = self.count(called=False)
        rest = f" {uncalled} more could not be called." if uncalled else ""
        return f"{self.count(called=True)} functions, found with PyTorch {self.release}.{rest}"


def read(file: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """What a file holds: by release and name the names, the reason and the words; nothing where there is no file."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for entry in json.loads(file.read_text(encoding="utf-8")) if file.exists() else []:
        for release in entry["releases"]:
            found.setdefault(release, {})[entry["name"]] = {key: entry[key] for key in ("names", "reason", "words")}
    return found


def listed(root: Path, release: str) -> Listed:
    """The functions of a project's file for a release, or for the nearest one before it.

    Raises:
        DocsError: if the file has none.
    """
    found = read(root / FILE)
    near = [name for name in in_order(found) if _number(name) <= _number(release)]
    if not near:
        wanted = "python -m tests.content.every --write"
        raise DocsError(FILE, None, "no functions of this release", got=", ".join(found) or "no file", wanted=wanted)
    entries = sorted(found[near[-1]].items(), key=lambda item: (item[0].startswith("torch.Tensor."), item[0].lower()))
    groups = {}
    for reason in Reason:
        rows: dict[str, list[tuple[str, ...]]] = {}
        for _, entry in entries:
            if entry["reason"] == reason:
                rows.setdefault(entry["words"], []).append(tuple(entry["names"]))
        if rows:
            groups[reason] = tuple(Row(words, tuple(functions)) for words, functions in rows.items())
    return Listed(near[-1], groups)


def in_order(releases: Iterable[str]) -> list[str]:
    """Releases, the oldest first."""
    return sorted(releases, key=_number)


def _number(release: str) -> list[int]:
    return [int(part) for part in release.split(".")]


def add_tables(parent: ET.Element, found: Listed, rules: MeasuredRules, page: str) -> None:
    """Add a heading, a sentence and a table for each reason.

    Args:
        parent: takes them.
        found: the functions.
        rules: all rules: a function that has one is linked to its card.
        page: the name of the page that shows them, as ``MeasuredRule.link`` takes it.
    """
    cards = _cards(rules)
    ET.SubElement(parent, "p").text = found.sentence
    for reason, rows in found.groups.items():
        ET.SubElement(parent, "h3", {"id": _anchor(reason)}).text = AtomicString(reason)
        ET.SubElement(parent, "p").text = AtomicString(ABOUT[reason])
        table = ET.SubElement(parent, "table", {"data-search-exclude": "true"})  # not in searches
        head = ET.SubElement(ET.SubElement(table, "thead"), "tr")
        for column in COLUMNS:
            ET.SubElement(head, "th", {"scope": "col"}).text = column
        body = ET.SubElement(table, "tbody")
        for row in rows:
            line = ET.SubElement(body, "tr")
            words = ET.SubElement(line, "td")
            if row.words:
                ET.SubElement(words, "code").text = AtomicString(row.words)
            _add_functions(ET.SubElement(line, "td"), row, cards, page)


def _add_functions(cell: ET.Element, row: Row, cards: Mapping[str, MeasuredRule], page: str) -> None:
    """Add the names of functions to a cell, with commas between them."""
    for number, names in enumerate(row.functions):
        rule = _card(names, cards)
        holder = ET.SubElement(cell, "a", {"href": rule.link(page)}) if rule else cell
        code = ET.SubElement(holder, "code")
        code.text = AtomicString(names[0])
        last = holder if rule else code
        last.tail = _others(names) + (", " if number < len(row.functions) - 1 else "")


def tables_markdown(found: Listed, rules: MeasuredRules, page: str) -> Iterator[str]:
    """The same as lines of Markdown."""
    cards = _cards(rules)
    yield from [found.sentence, ""]
    for reason, rows in found.groups.items():
        yield from [f"### {reason}", "", ABOUT[reason]]
        cells = []
        for row in rows:
            functions = []
            for names in row.functions:
                rule = _card(names, cards)
                name = escape_cell(names[0])
                functions.append((f"[{name}]({rule.link(page)})" if rule else name) + escape_cell(_others(names)))
            cells.append([escape_cell(row.words), ", ".join(functions)])
        yield from table_lines(COLUMNS, cells)


def _cards(rules: MeasuredRules) -> dict[str, MeasuredRule]:
    """The first rule of each function, by all of its names."""
    cards: dict[str, MeasuredRule] = {}
    for rule in rules.values():
        for name in (rule.function, *rule.also):
            cards.setdefault(name, rule)
    return cards


def _card(names: Iterable[str], cards: Mapping[str, MeasuredRule]) -> MeasuredRule | None:
    return next((cards[name] for name in names if name in cards), None)


def _others(names: tuple[str, ...]) -> str:
    """What else a function is called, in parentheses: the same name in another module is none, nor is one in place."""
    first, *rest = (name.rpartition(".")[2].removesuffix("_") for name in names)
    others = dict.fromkeys(name for name in rest if name != first.removesuffix("_"))
    return f" ({', '.join(others)})" if others else ""


def _anchor(reason: Reason) -> str:
    return re.sub(r"[^a-z0-9]+", "-", reason.lower()).strip("-")
