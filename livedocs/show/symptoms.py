"""Symptoms, sorted by what people paste or see, as tables that lead to the pages that answer them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markdown.util import AtomicString

from livedocs.show.markdown import escape_cell, table_lines

# Each kind with the head of its column.
KINDS = {
    "error": "PyTorch says",
    "node": "Anomaly mode says",
    "warning": "PyTorch warns",
    "nan": "What you see",
    "zero": "What you see",
    "other": "What you see",
}
PRINTED = ("error", "node", "warning")  # texts that PyTorch prints; the others are said in words

_NODE = re.compile(r"\b(\w+Backward\d+)\b")


@dataclass(frozen=True)
class Place:
    """Where a symptom is answered: a page below the folder of pages, a heading on it or nothing, the page's title."""

    page: str
    anchor: str
    title: str

    def link(self, up: str) -> str:
        """The place, as a page links to it that is this far below the folder of pages: nothing, or ``../``."""
        return f"{up}{self.page}" + (f"#{self.anchor}" if self.anchor else "")


@dataclass(frozen=True)
class Symptom:
    """What a person has in front of them.

    Args:
        kind: one of KINDS.
        text: what PyTorch printed, or what a person sees, in words with code between backticks.
        places: where it is answered, the best first.
        older: whether only older releases print it.
    """

    kind: str
    text: str
    places: tuple[Place, ...]
    older: bool = False

    @property
    def note(self) -> str:
        """What stands behind the text."""
        return ", in older releases" if self.older else ""

    @property
    def markup(self) -> str:
        """The text in Markdown: what was printed is code."""
        if self.kind not in PRINTED:
            parts = self.text.split("`")  # markup is none outside of code either
            return "`".join(part if number % 2 else part.replace("<", r"\<") for number, part in enumerate(parts))
        if "`" in self.text:
            return f"`` {self.text} ``{self.note}"
        return f"`{self.text}`{self.note}"


def kind_in_words(text: str) -> str:
    """The kind of what a person sees: NaN and infinity before 0, and 0 before any other number."""
    if re.search(r"\b(nan|inf)\b|∞|infinit", text, re.IGNORECASE):
        return "nan"
    if re.search(r"(?<![\d.])0(?![\d.])|\b(never|stuck|none)\b|\bno gradient\b|not change", text, re.IGNORECASE):
        return "zero"
    return "other"


def in_order(symptoms: Iterable[Symptom]) -> list[Symptom]:
    """The symptoms by kind: what was printed by its letters, without case, marks and numbers; what is seen as given."""

    def key(symptom: Symptom) -> tuple:
        if symptom.kind not in PRINTED:
            return list(KINDS).index(symptom.kind), "", "", ""
        node = _NODE.search(symptom.text) if symptom.kind == "node" else None
        letters = re.sub(r"[\W\d_]+", " ", symptom.text).strip().casefold()
        return list(KINDS).index(symptom.kind), node[1].casefold() if node else "", letters, symptom.text

    return sorted(symptoms, key=key)


def add_table(parent: ET.Element, kind: str, symptoms: Iterable[Symptom], up: str) -> None:
    """Add a table of the symptoms of one kind: elements and not text, since MkDocs turns their links into addresses.

    Args:
        parent: takes the table.
        kind: one of KINDS.
        symptoms: those of any kind, in order.
        up: from the page that shows them to the folder of pages: nothing, or ``../``.
    """
    table = ET.SubElement(parent, "table")
    head = ET.SubElement(ET.SubElement(table, "thead"), "tr")
    for column in (KINDS[kind], "Page"):
        ET.SubElement(head, "th").text = column
    body = ET.SubElement(table, "tbody")
    for symptom in symptoms:
        if symptom.kind == kind:
            line = ET.SubElement(body, "tr")
            add_text(ET.SubElement(line, "td"), symptom)
            cell = ET.SubElement(line, "td")
            for number, place in enumerate(symptom.places):
                if number:
                    cell[-1].tail = " · "
                ET.SubElement(cell, "a", {"href": place.link(up)}).text = AtomicString(place.title)


def add_text(parent: ET.Element, symptom: Symptom) -> None:
    """Add what was printed, or is seen, as text that Markdown does not read again."""
    printed = symptom.kind in PRINTED
    for number, part in enumerate(["", symptom.text, symptom.note] if printed else symptom.text.split("`")):
        if number % 2:
            ET.SubElement(parent, "code").text = AtomicString(part)
        elif len(parent):
            parent[-1].tail = AtomicString(part)
        else:
            parent.text = AtomicString(part)


def table_markdown(kind: str, symptoms: Iterable[Symptom], up: str) -> Iterator[str]:
    """The lines of ``add_table`` in a notebook."""
    rows = [
        [
            symptom.markup.replace("|", r"\|"),
            " · ".join(f"[{escape_cell(place.title)}]({place.link(up)})" for place in symptom.places),
        ]
        for symptom in symptoms
        if symptom.kind == kind
    ]
    return table_lines((KINDS[kind], "Page"), rows)
