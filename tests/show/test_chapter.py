"""The list of a chapter's pages, as HTML and as Markdown."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from livedocs.measured import MeasuredRule
from livedocs.show.chapter import Entry, add_entries, entries_markdown
from livedocs.show.symptoms import Place, Symptom

RULE = MeasuredRule("torch.abs", "", "torch.abs(x)", "rules/a/b.py", 3, True, "", "", ())
SYMPTOMS = (
    Symptom("error", "no <abs>", (Place("c/d.md", "", "D"), Place("a/b.md", "why", "B"))),
    Symptom("zero", "`abs` is 0", (Place("a/b.md", "", "B"),)),
)
ENTRIES = [
    Entry("a/b.md", "abs: the gradient", "It is *0*.", (RULE,), SYMPTOMS),
    Entry("a/e.md", "nothing", "No card.", (), ()),
]


def test_a_page_has_its_sentence_its_functions_and_its_symptoms() -> None:
    parent = ET.Element("div")
    add_entries(parent, ENTRIES, "docs/a/index.md")
    full, empty = parent.findall("div/ul/li")
    links = [(a.get("href"), "".join(a.itertext())) for a in full.iter("a")]
    assert links == [
        ("b.md", "abs: the gradient"),
        ("b.md#torch.abs", "abs"),
        ("b.md#why", "no <abs>"),
        ("b.md", "abs is 0"),
    ]
    assert full.find("details/summary").text == "2 symptoms that this page answers"
    assert full.findall("p")[1].text == "It is *0*."
    assert empty.find("details") is None and len(empty.findall("p")) == 2


def test_a_notebook_has_the_same_links() -> None:
    text = "\n".join(entries_markdown(ENTRIES, "docs/index.md"))
    assert "**[abs: the gradient](a/b.md)**" in text and r"It is \*0\*." in text
    assert "[`abs`](a/b.md#torch.abs)" in text
    assert "2 symptoms that this page answers:" in text and text.count("that this page answers") == 1
    assert "- [`no <abs>`](a/b.md#why)\n- [`abs` is 0](a/b.md)" in text
