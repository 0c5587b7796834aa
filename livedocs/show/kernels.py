"""What PyTorch gives otherwise on a processor without vectors, or with longer ones: special points, and outputs.

``rules/kernels.json`` holds it for each release that was looked at: ``python -m benchmarks.settings --write`` measures
and runs all again in each setting, and writes it.
"""

from __future__ import annotations

import json
import posixpath
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from markdown.util import AtomicString

from livedocs.measured import MeasuredRules
from livedocs.show.elsewhere import QUANTITIES
from livedocs.show.markdown import escape_cell, table_lines

FILE = "rules/kernels.json"
COLUMNS = ("Function or example", "What", "Otherwise", "On this site")


@dataclass(frozen=True)
class Other:
    """One thing that differs.

    Args:
        subject: the name of a rule, or the file of a snippet.
        setting: what was set otherwise, such as ``two threads``.
        what: the point and the quantity, or ``output``.
        here: what a build of this site gives.
        there: what the setting gives.
    """

    subject: str
    setting: str
    what: str
    here: str
    there: str


def read(file: Path, release: str) -> list[Other] | None:
    """What differs in a release; None if nobody has looked."""
    found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return [Other(**entry) for entry in found[release]] if release in found else None


def write(file: Path, release: str, others: Iterable[Other]) -> None:
    """Write what differs in a release, and leave the others as they are."""
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    found[release] = [vars(other) for other in others]
    text = json.dumps(dict(sorted(found.items())), indent=1, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8", newline="\n")


def point_in_words(label: str, name: str) -> str:
    """Where a measured point differs, and in which quantity: ``inf: value``."""
    return f"{label}: {QUANTITIES.get(name, name.replace('_', ' '))}"


def add_table(parent: ET.Element, found: list[Other] | None, rules: MeasuredRules, page: str) -> None:
    """Add a sentence with the number, and the table.

    Args:
        parent: takes them.
        found: what differs.
        rules: all rules, whose cards are linked to.
        page: the name of the page that shows them, as ``MeasuredRule.link`` takes it.
    """
    ET.SubElement(parent, "p").text = sentence(found)
    if not found:
        return
    holder = ET.SubElement(
        parent, "div", {"class": "points", "role": "group", "aria-label": "What is otherwise", "tabindex": "0"}
    )
    holder.set("data-search-exclude", "true")
    table = ET.SubElement(holder, "table", {"class": "special"})
    head = ET.SubElement(ET.SubElement(table, "thead"), "tr")
    for column in COLUMNS:
        ET.SubElement(head, "th", {"scope": "col"}).text = column
    for setting, group in groupby(rows(found), key=lambda row: row[1][0]):
        body = ET.SubElement(table, "tbody")
        above = ET.SubElement(ET.SubElement(body, "tr"), "th", {"scope": "rowgroup", "colspan": str(len(COLUMNS))})
        above.text = AtomicString(setting)
        for subjects, (_, *texts) in group:
            line = ET.SubElement(body, "tr")
            name = ET.SubElement(line, "th", {"scope": "row"})
            for subject in subjects:
                cell = ET.SubElement(name, "a", {"href": _link(subject, rules, page)})
                ET.SubElement(cell, "code").text = AtomicString(_short(subject, rules))
                if subject != subjects[-1]:
                    cell.tail = ", "
            for text in texts:
                ET.SubElement(line, "td").text = AtomicString(text)


def table_markdown(found: list[Other] | None, rules: MeasuredRules, page: str) -> Iterator[str]:
    """The same as lines of Markdown in a notebook."""
    yield from [sentence(found), ""]
    cells = []
    for subjects, texts in rows(found or []):
        names = (f"[`{_short(subject, rules)}`]({_link(subject, rules, page)})" for subject in subjects)
        cells.append([", ".join(names), *map(escape_cell, texts)])
    if cells:
        yield from table_lines((COLUMNS[0], "Setting", *COLUMNS[1:]), cells)


def sentence(found: list[Other] | None) -> str:
    """How much differs."""
    if found is None:
        return "Nobody has looked with this release of PyTorch."
    return f"{len(found)} difference{'' if len(found) == 1 else 's'}."


def rows(found: Iterable[Other]) -> Iterator[tuple[list[str], tuple[str, str, str, str]]]:
    """The subjects that share a row, and its texts: setting, what, there and here."""
    subjects: dict[tuple[str, str, str, str], list[str]] = {}
    for other in found:
        subjects.setdefault((other.setting, other.what, other.there, other.here), []).append(other.subject)
    yield from ((names, texts) for texts, names in subjects.items())


def _short(subject: str, rules: Mapping[str, Any]) -> str:
    return rules[subject].short if subject in rules else subject.removeprefix("snippets/")


def _link(subject: str, rules: MeasuredRules, page: str) -> str:
    """The card of a rule, or the page of a snippet, which has its name."""
    if subject in rules:
        return rules[subject].link(page)
    own = subject.removeprefix("snippets/").removesuffix(".py") + ".md"
    return posixpath.relpath(own, posixpath.dirname(page.partition("/")[2]))
