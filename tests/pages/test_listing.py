"""What a rendered page says of itself: symptoms that are declared, and those that its outputs hold."""

from __future__ import annotations

import html
from typing import Any

import pytest

from livedocs.measured import MeasuredRules
from livedocs.pages.listing import Listing, Reader
from livedocs.show.symptoms import Symptom

CONTENT = """<h1 id="top">T</h1><p>Older: <code>an old text &lt;3
of two lines</code>.</p>
<h2 id="first">F</h2>{first}<h2 class="x" id="second">S</h2>{second}"""


def output(text: str) -> str:
    return f'<pre class="output" role="group"><samp>{html.escape(text, quote=False)}\n</samp></pre>'


def reader(symptoms: Any, first: str = "", second: str = "", source: str = "a/b.md", front: str = "") -> Reader:
    content = CONTENT.format(first=output(first), second=output(second))
    meta = {"title": "T: all", "description": "It is 0.5 &quot;so&quot;. More.", "symptoms": symptoms}
    return Reader(f"docs/{source}", source, front.split("\n"), meta, "T", content, ["torch.abs"])


def collected(*readers: Reader) -> list[Symptom]:
    listing = Listing()
    for one in readers:
        assert listing.add(one) == []
    return listing.symptoms(one.source for one in readers)


def places(symptom: Symptom) -> list[tuple[str, str]]:
    return [(place.page, place.anchor) for place in symptom.places]


def test_a_declared_text_is_answered_under_the_heading_of_its_output() -> None:
    texts = ["a folded text", {"text": "b text", "at": "first"}, {"text": "an old text <3 of two lines", "older": True}]
    folded, old, other = collected(reader(texts, second="x: a folded\n   text\nb text"))
    assert (folded.text, places(folded)) == ("a folded text", [("a/b.md", "second")])
    assert (old.text, old.older, places(old)) == ("an old text <3 of two lines", True, [("a/b.md", "")])
    assert places(other) == [("a/b.md", "first")]


def test_what_is_not_declared_is_found_in_the_outputs() -> None:
    node = "Function 'PowBackward0' returned nan values in its 0th output."
    found = collected(
        reader([], first=f"3 ValueError: bad <3 shape\nmul {node}", second="UserWarning: odd"),
        reader([], second=f"{node}\nFunction 'PowBackward1' returned nan values in its 0th output.", source="a/c.md"),
    )
    assert [(s.kind, s.text) for s in found] == [
        ("error", "bad <3 shape"),
        ("node", node),
        ("node", node.replace("0'", "1'")),
        ("warning", "odd"),
    ]
    assert places(found[1]) == [("a/b.md", "first"), ("a/c.md", "second")], "two pages reproduce it"


def test_a_text_stands_once_with_every_page_that_prints_it() -> None:
    one = reader(["Target 5 is out"], first="IndexError: Target 5 is out of bounds.")
    two = reader(
        [{"text": "an old text <3", "older": True}], second="IndexError: Target 5 is out of it", source="a/c.md"
    )
    three = reader([], first="IndexError: Target -1 is out\nTypeError: an old text <3", source="a/d.md")
    old, target = collected(one, two, three)
    assert target.text == "Target 5 is out", "a declared text is a part of a line, and its number does not count"
    assert places(target) == [("a/b.md", "first"), ("a/c.md", "second"), ("a/d.md", "first")]
    assert old.text == "an old text <3" and not old.older, "a page prints it after all"
    assert places(old) == [("a/c.md", ""), ("a/d.md", "first")]


def test_what_is_seen_has_a_kind_and_a_warning_is_one() -> None:
    said = [
        {"see": "it is NaN"},
        {"see": "it is 7 NaN", "as": "other", "at": "second"},
        {"text": "old ways", "warning": True},
        "odd",
    ]
    found = collected(reader(said, first="old ways", second="FutureWarning: odd"))
    assert [(s.kind, s.text) for s in found] == [
        ("warning", "odd"),
        ("warning", "old ways"),
        ("nan", "it is NaN"),
        ("other", "it is 7 NaN"),
    ]


@pytest.mark.parametrize(
    ("entry", "problem", "wanted"),
    [
        ("no such text", "a symptom that no output of the page holds", "such as: a text that is printed"),
        ({"text": "such", "at": "nowhere"}, "a symptom is answered under no heading", "one of: first, second"),
        ({"text": "never", "older": True}, "a text that the page does not quote", "a text that stands on the page"),
        ({"see": "it", "as": "error"}, "a kind of symptom", "one of: nan, zero, other"),
        ({"see": "it", "text": "it"}, "a symptom", "a mapping with text or see"),
        ({"text": "printed", "where": "first"}, "a symptom", "a mapping with text or see"),
        (7, "a symptom", "a mapping with text or see"),
    ],
)
def test_an_error_names_the_line_what_was_got_and_what_was_wanted(entry: Any, problem: str, wanted: str) -> None:
    front = "---\ntitle: T\nsymptoms:\n  - printed\n  - wrong\n---\n\n# T"
    read = reader(["printed", entry], first="a text that is printed", front=front)
    read.listed()
    (error,) = read.errors
    assert (error.where, error.line, error.problem) == ("docs/a/b.md", 5, problem)
    assert wanted in error.wanted


def test_the_lines_of_a_notebook_are_comments() -> None:
    front = "# ---\n# symptoms:\n#   - printed\n#   - {text: wrong,\n#      older: true}\n# ---\n\n# %%\n"
    read = reader(["printed", {"text": "wrong", "older": True}], first="printed", front=front)
    read.listed()
    assert [error.line for error in read.errors] == [4]


def test_an_entry_has_a_sentence_and_what_the_page_answers(rules: MeasuredRules) -> None:
    listing = Listing()
    for source in ("a/b.md", "a/c.md", "d/e.md"):
        listing.add(reader([], first="ValueError: bad", source=source))
    first, second = listing.entries("a", rules, ["a/c.md", "d/e.md", "a/b.md"])
    assert [first.page, second.page] == ["a/c.md", "a/b.md"], "as the menu has them"
    assert (first.title, first.sentence) == ("T: all", 'It is 0.5 "so".')
    assert [rule.name for rule in first.rules] == ["torch.abs"]
    assert [first.place(symptom).page for symptom in first.symptoms] == ["a/c.md"]


def test_a_text_between_lines_is_no_front_matter() -> None:
    read = reader([], front="# T\n\n`a` is text\n\n---\n\nMore.")
    assert read.listed().declared == () and read.errors == []
