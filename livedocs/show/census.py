"""PyTorch held against its own rules for non-differentiable points: an example of each kind, and the whole table."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from livedocs import verdicts
from livedocs.measured import MeasuredRule, MeasuredRules, Point
from livedocs.show.markdown import escape_cell, table_lines
from livedocs.show.numbers import format_quantity
from livedocs.show.points import gradient_text

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


@dataclass(frozen=True)
class Row:
    """A special point: the number of the rule that applies (None if none does), and whether PyTorch follows it."""

    rule: MeasuredRule
    point: Point
    number: int | None
    follows: bool

    @property
    def judgement(self) -> str:
        return "follows" if self.follows else "does not"

    @property
    def name(self) -> str:
        return self.rule.name.removeprefix("torch.")

    def cells(self) -> list[str]:
        """What the table says, after the name of the function."""
        point = self.point
        slopes = [format_quantity(slope) for slope in (point.left, point.right)]
        last = "–" if self.number is None else f"{self.number}: {self.judgement}"
        return [point.label, *slopes, gradient_text(point), point.verdict.words, last]


@dataclass(frozen=True)
class Example:
    """One of the six rules: its number, what it says and how many points follow it, and a point of each kind."""

    number: int
    texts: tuple[str, str]
    rows: list[Row]


def all_rows(rules: MeasuredRules) -> list[Row]:
    """Every special point of every rule."""
    return [
        Row(
            rule,
            point,
            verdicts.applying_rule(point.verdict, random=rule.random),
            verdicts.is_followed(point.verdict, random=rule.random),
        )
        for rule in rules.values()
        for point in rule.points
    ]


def examples(rules: MeasuredRules) -> Iterator[Example]:
    """For each of the six rules what follows it and what does not."""
    rows = all_rows(rules)
    for number, text in RULES.items():
        follow = [row for row in rows if row.number == number and row.follows]
        do_not = [row for row in rows if row.number == number and not row.follows]
        counted = f"{len(follow)} special points on this site follow it, {len(do_not)} do not."
        yield Example(number, (text, counted), [*follow[:1], *do_not[:1]])


def add_examples(parent: ET.Element, rules: MeasuredRules, page: str) -> None:
    """Add a heading, its texts and a table for each of the six rules; the arguments are those of ``add_table``."""
    for example in examples(rules):
        ET.SubElement(parent, "h3", {"id": f"rule-{example.number}"}).text = f"Rule {example.number}"
        for text in example.texts:
            ET.SubElement(parent, "p").text = text
        if example.rows:
            add_table(parent, example.rows, page)


def add_table(parent: ET.Element, rows: Iterable[Row], page: str) -> None:
    """Add a table of special points: elements and not text, since MkDocs turns their links into addresses.

    Args:
        parent: takes the table.
        rows: the points.
        page: the name of the page that shows them, as ``MeasuredRule.link`` takes it.
    """
    holder = ET.SubElement(
        parent, "div", {"class": "points", "role": "group", "aria-label": "Special points", "tabindex": "0"}
    )
    holder.set("data-search-exclude", "true")  # a search for a function is to find its own page
    table = ET.SubElement(holder, "table", {"class": "special"})
    head = ET.SubElement(ET.SubElement(table, "thead"), "tr")
    for column in COLUMNS:
        ET.SubElement(head, "th", {"scope": "col"}).text = column
    body = ET.SubElement(table, "tbody")
    for row in rows:
        line = ET.SubElement(body, "tr", {"class": row.judgement.replace(" ", "-")})
        name = ET.SubElement(line, "th", {"scope": "row"})
        ET.SubElement(name, "a", {"href": row.rule.link(page)}).text = row.name
        for text in row.cells():
            ET.SubElement(line, "td").text = text


def examples_markdown(rules: MeasuredRules, page: str) -> Iterator[str]:
    """The lines of ``add_examples`` in a notebook."""
    for example in examples(rules):
        yield from [f"### Rule {example.number}", ""]
        for text in example.texts:
            yield from [text, ""]
        yield from table_markdown(example.rows, page)


def table_markdown(rows: Iterable[Row], page: str) -> Iterator[str]:
    """The lines of ``add_table`` in a notebook."""
    texts = [[f"[{escape_cell(row.name)}]({row.rule.link(page)})", *map(escape_cell, row.cells())] for row in rows]
    return table_lines(COLUMNS, texts)
