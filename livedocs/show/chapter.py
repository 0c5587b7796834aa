"""The pages of a chapter, each with its sentence, its functions and the symptoms that it answers."""

from __future__ import annotations

import posixpath
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markdown.util import AtomicString

from livedocs.measured import MeasuredRule
from livedocs.show.markdown import escape_cell
from livedocs.show.symptoms import Place, Symptom, add_text


@dataclass(frozen=True)
class Entry:
    """A page of a chapter: its file below the folder of pages, its title, and what it says of itself in a sentence.

    Args:
        rules: those whose cards stand on it.
        symptoms: what it answers.
    """

    page: str
    title: str
    sentence: str
    rules: tuple[MeasuredRule, ...]
    symptoms: tuple[Symptom, ...]

    def place(self, symptom: Symptom) -> Place:
        """Where on this page a symptom is answered."""
        return next(place for place in symptom.places if place.page == self.page)

    @property
    def count(self) -> str:
        """How many symptoms it answers, in words."""
        return f"{len(self.symptoms)} symptom{'s' * (len(self.symptoms) != 1)} that this page answers"


def add_entries(parent: ET.Element, entries: Iterable[Entry], page: str) -> None:
    """Add a chapter's pages: elements and not text, since MkDocs turns their links into addresses.

    Args:
        parent: takes them.
        entries: the pages, in order.
        page: the name of the page that shows them, as ``MeasuredRule.link`` takes it.
    """
    # A search is to find the pages themselves. On a list in a list the theme's search plugin fails: hence the box.
    box = ET.SubElement(parent, "div", {"class": "chapter-pages", "data-search-exclude": "true"})
    whole = ET.SubElement(box, "ul")
    for entry in entries:
        item = ET.SubElement(whole, "li")
        link = ET.SubElement(ET.SubElement(item, "p"), "a", {"href": _link(entry.page, page)})
        link.text = AtomicString(entry.title)
        ET.SubElement(item, "p").text = AtomicString(entry.sentence)
        if entry.rules:
            functions = ET.SubElement(item, "p", {"class": "chapter-functions"})
            for number, rule in enumerate(entry.rules):
                if number:
                    functions[-1].tail = ", "
                target = ET.SubElement(functions, "a", {"href": rule.link(page)})
                ET.SubElement(target, "code").text = AtomicString(rule.short)
        if entry.symptoms:
            folded = ET.SubElement(item, "details")
            ET.SubElement(folded, "summary").text = entry.count
            answers = ET.SubElement(folded, "ul")
            for symptom in entry.symptoms:
                target = _link(entry.place(symptom).link(""), page)
                add_text(ET.SubElement(ET.SubElement(answers, "li"), "a", {"href": target}), symptom)


def entries_markdown(entries: Iterable[Entry], page: str) -> Iterator[str]:
    """The lines of ``add_entries`` in a notebook."""
    for entry in entries:
        yield from ["", f"**[{escape_cell(entry.title)}]({_link(entry.page, page)})**", ""]
        yield from [escape_cell(entry.sentence), ""]
        if entry.rules:
            yield from [", ".join(f"[`{rule.short}`]({rule.link(page)})" for rule in entry.rules), ""]
        if entry.symptoms:
            yield from [f"{entry.count}:", ""]
        for symptom in entry.symptoms:
            yield f"- [{symptom.markup}]({_link(entry.place(symptom).link(''), page)})"
        yield ""


def _link(target: str, page: str) -> str:
    """A page below the folder of pages, with or without an anchor, as the page of this name links to it."""
    return posixpath.relpath(target, posixpath.dirname(page.partition("/")[2]) or ".")
