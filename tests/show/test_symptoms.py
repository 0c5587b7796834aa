"""The list of symptoms: its order, and the same table as HTML and as Markdown."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from livedocs.show.symptoms import Place, Symptom, add_table, in_order, kind_in_words, table_markdown

HERE = (Place("a/b.md", "why", "b, c"), Place("a/d.md", "", "d"))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("`hardswish` returns NaN", "nan"),
        ("the loss is inf", "nan"),
        ("the loss goes to −∞", "nan"),
        ("the loss is NaN and the gradient is 0", "nan"),
        ("the gradient of `clamp` is 0", "zero"),
        ("a weight never moves", "zero"),
        ("`.grad` is None after `backward()`", "zero"),
        ("the gradient of `max` is 0.5", "other"),
        ("only information", "other"),
    ],
)
def test_what_a_person_sees_has_a_kind(text: str, kind: str) -> None:
    assert kind_in_words(text) == kind


def test_texts_stand_by_their_letters_and_nodes_by_their_names() -> None:
    texts = ["Target 5 is out", '"b_cpu" not implemented', "(got: 3", "a leaf", "[7] apples"]
    nodes = ["Function 'PowBackward0' returned", "Error detected in AbsBackward0", "Function 'AbsBackward0' returned"]
    given = [Symptom("other", "z", HERE), Symptom("other", "a", HERE)]
    given += [Symptom("node", text, HERE) for text in nodes] + [Symptom("error", text, HERE) for text in texts]
    assert [symptom.text for symptom in in_order(given)] == [
        "a leaf",
        "[7] apples",
        '"b_cpu" not implemented',
        "(got: 3",
        "Target 5 is out",
        "Error detected in AbsBackward0",
        "Function 'AbsBackward0' returned",
        "Function 'PowBackward0' returned",
        "z",
        "a",
    ]


def test_a_table_holds_its_kind_and_a_link_for_each_place() -> None:
    symptoms = [Symptom("error", "a | `b`", HERE, older=True), Symptom("nan", "`f` is NaN, *not* 0", HERE)]
    parent = ET.Element("div")
    add_table(parent, "error", symptoms, "../")
    (row,) = parent.findall("table/tbody/tr")
    assert row[0].find("code").text == "a | `b`" and row[0].find("code").tail == ", in older releases"
    assert [(a.get("href"), a.text) for a in row[1]] == [("../a/b.md#why", "b, c"), ("../a/d.md", "d")]
    assert list(table_markdown("error", symptoms, "../"))[3] == (
        r"| `` a \| `b` ``, in older releases | [b, c](../a/b.md#why) · [d](../a/d.md) |"
    )
    other = ET.Element("div")
    add_table(other, "nan", symptoms, "")
    (cell,) = other.findall("table/tbody/tr/td[1]")
    assert [cell.text, cell[0].text, cell[0].tail] == ["", "f", " is NaN, *not* 0"]
