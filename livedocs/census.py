"""The page that holds PyTorch against its own rules for non-differentiable points, generated from all rules.

A page places it with a pymdownx block:

    /// six-rules
    ///

and the table of all special points with ``/// six-rules | table``.
"""

from __future__ import annotations

import posixpath
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pymdownx.blocks.block import Block

from livedocs import verdicts
from livedocs.cards import anchor, values

if TYPE_CHECKING:
    from livedocs.extension import Book

# The six rules of the autograd note, said in our own words.
RULES = {
    1: "Where the function is differentiable: the gradient.",
    2: "Where it is convex: the subgradient of minimum norm.",
    3: "Where it is concave: the supergradient of minimum norm.",
    4: "Where it is defined: the limit of the gradient, infinities included; one of them if there are several.",
    5: "Where it is undefined: anything.",
    6: "Where it is not a deterministic function: non-differentiable.",
}

COLUMNS = ("Function", "Point", "Left", "Right", "PyTorch", "Verdict", "Rule")

Row = tuple[dict[str, Any], dict[str, Any]]


class SixRulesBlock(Block):
    """For each rule a function that follows it and one that does not; with the argument ``table``, all of them."""

    NAME = "six-rules"
    ARGUMENT = None

    def on_create(self, parent: ET.Element) -> ET.Element:
        book: Book = self.config["book"]
        section = ET.SubElement(parent, "div", {"class": "census"})
        if self.argument == "table":
            _table(section, judged(book.cards()), book.page)
            return section
        for number, texts, shown in rule_by_rule(book.cards()):
            ET.SubElement(section, "h3", {"id": f"rule-{number}"}).text = f"Rule {number}"
            for text in texts:
                ET.SubElement(section, "p").text = text
            if shown:
                _table(section, shown, book.page)
        return section


def judged(cards: dict[str, dict]) -> list[tuple[str, Row]]:
    """Every special point, with ``"follows"`` or ``"does not"``."""
    rows = [(card, point) for card in cards.values() for point in card["points"]]
    return [("follows" if verdicts.follows(*row) else "does not", row) for row in rows]


def rule_by_rule(cards: dict[str, dict]) -> Iterator[tuple[int, tuple[str, str], list[tuple[str, Row]]]]:
    """For each rule its number, what it says and how many follow it, and an example of each kind."""
    rows = [row for _, row in judged(cards)]
    for number, text in RULES.items():
        follows, breaks = examples(rows, number)
        counted = f"{len(follows)} special points on this site follow it, {len(breaks)} do not."
        shown = [("follows", row) for row in follows[:1]] + [("does not", row) for row in breaks[:1]]
        yield number, (text, counted), shown


def examples(rows: list[Row], number: int) -> tuple[list[Row], list[Row]]:
    """The special points that a rule applies to: those that follow it, those that do not."""
    mine = [row for row in rows if verdicts.rule_of(*row) == number]
    return [row for row in mine if verdicts.follows(*row)], [row for row in mine if not verdicts.follows(*row)]


def _table(parent: ET.Element, rows: list[tuple[str, Row]], page: str) -> None:
    holder = ET.SubElement(
        parent, "div", {"class": "points", "role": "group", "aria-label": "Special points", "tabindex": "0"}
    )
    holder.set("data-search-exclude", "true")  # a search for a function is to find its own page
    table = ET.SubElement(holder, "table", {"class": "special"})
    head = ET.SubElement(ET.SubElement(table, "thead"), "tr")
    for column in COLUMNS:
        ET.SubElement(head, "th", {"scope": "col"}).text = column
    body = ET.SubElement(table, "tbody")
    for judgement, (card, point) in rows:
        row = ET.SubElement(body, "tr", {"class": judgement.replace(" ", "-")})
        cell = ET.SubElement(row, "th", {"scope": "row"})
        ET.SubElement(cell, "a", {"href": link(card, page)}).text = card["name"].removeprefix("torch.")
        for text in cells(judgement, card, point):
            ET.SubElement(row, "td").text = text


def link(card: dict[str, Any], page: str) -> str:
    """The card, as a page links to it."""
    target = card["file"].replace("rules/", "docs/", 1).removesuffix(".py") + ".md"
    return f"{posixpath.relpath(target, posixpath.dirname(page))}#{anchor(card)}"


def cells(judgement: str, card: dict[str, Any], point: dict[str, Any]) -> list[str]:
    """What the table says of a special point, after the name of the function."""
    gradient = "no gradient" if point["gradient"] is None else values(point["gradient"])
    number = verdicts.rule_of(card, point)
    measured = [point["point"], values(point["left"]), values(point["right"]), gradient, point["verdict"]]
    return [*measured, "–" if number is None else f"{number}: {judgement}"]
