"""The page that holds PyTorch against its own rules for non-differentiable points, generated from all rules.

A page places it with a pymdownx block:

    /// six-rules
    ///

and the table of all special points with ``/// six-rules | table``.
"""

from __future__ import annotations

import posixpath
import xml.etree.ElementTree as ET
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

Row = tuple[dict[str, Any], dict[str, Any]]


class SixRulesBlock(Block):
    """For each rule a function that follows it and one that does not; with the argument ``table``, all of them."""

    NAME = "six-rules"
    ARGUMENT = None

    def on_create(self, parent: ET.Element) -> ET.Element:
        book: Book = self.config["book"]
        cards = list(book.cards().values())
        rows = [(card, point) for card in cards for point in card["points"]]
        section = ET.SubElement(parent, "div", {"class": "census"})
        if self.argument == "table":
            _table(section, [("follows" if follows_rule(*row) else "does not", row) for row in rows], book.page)
            return section
        for number, text in RULES.items():
            ET.SubElement(section, "h3", {"id": f"rule-{number}"}).text = f"Rule {number}"
            ET.SubElement(section, "p").text = text
            follows, breaks = examples(rows, number)
            counted = f"{len(follows)} special points on this site follow it, {len(breaks)} do not."
            ET.SubElement(section, "p").text = counted
            shown = [("follows", row) for row in follows[:1]] + [("does not", row) for row in breaks[:1]]
            if shown:
                _table(section, shown, book.page)
        return section


def rule_of(card: dict[str, Any], point: dict[str, Any]) -> int | None:
    """The rule that applies at a special point; None where the output is an integer, which no rule speaks of."""
    if card["random"]:
        return 6
    return verdicts.RULE.get(point["verdict"])


def follows_rule(card: dict[str, Any], point: dict[str, Any]) -> bool:
    if card["random"]:
        return point["verdict"] == verdicts.NONE
    return point["verdict"] in verdicts.FOLLOWS


def examples(rows: list[Row], number: int) -> tuple[list[Row], list[Row]]:
    """The special points that a rule applies to: those that follow it, those that do not."""
    mine = [row for row in rows if rule_of(*row) == number]
    return [row for row in mine if follows_rule(*row)], [row for row in mine if not follows_rule(*row)]


def _table(parent: ET.Element, rows: list[tuple[str, Row]], page: str) -> None:
    holder = ET.SubElement(
        parent, "div", {"class": "points", "role": "group", "aria-label": "Special points", "tabindex": "0"}
    )
    table = ET.SubElement(holder, "table")
    head = ET.SubElement(ET.SubElement(table, "thead"), "tr")
    for column in ("Function", "Point", "Left", "Right", "PyTorch", "Verdict", "Rule"):
        ET.SubElement(head, "th", {"scope": "col"}).text = column
    body = ET.SubElement(table, "tbody")
    for judged, (card, point) in rows:
        row = ET.SubElement(body, "tr", {"class": judged.replace(" ", "-")})
        cell = ET.SubElement(row, "th", {"scope": "row"})
        target = card["file"].replace("rules/", "docs/", 1).removesuffix(".py") + ".md"
        link = posixpath.relpath(target, posixpath.dirname(page))
        ET.SubElement(cell, "a", {"href": f"{link}#{anchor(card)}"}).text = card["name"].removeprefix("torch.")
        gradient = "no gradient" if point["gradient"] is None else values(point["gradient"])
        number = rule_of(card, point)
        cells = [point["point"], values(point["left"]), values(point["right"]), gradient, point["verdict"]]
        for text in (*cells, "–" if number is None else f"{number}: {judged}"):
            ET.SubElement(row, "td").text = text
