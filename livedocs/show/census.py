"""PyTorch held against its own rules for non-differentiable points: the plainest examples, and the whole table."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from markdown.util import AtomicString

from livedocs import verdicts
from livedocs.measured import MeasuredRule, MeasuredRules, Point
from livedocs.show.markdown import escape_cell, table_lines
from livedocs.show.numbers import with_plain_zeros
from livedocs.show.tensors import text_lines, text_of
from livedocs.verdicts import Verdict

# The six rules of the autograd note, said in our own words.
RULES = {
    1: "Where the function is differentiable: the gradient.",
    2: "Where it is convex: the subgradient of minimum norm.",
    3: "Where it is concave: the supergradient of minimum norm.",
    4: "Where it is defined: the limit of the gradient, infinities included; one of them if there are several.",
    5: "Where it is undefined: anything.",
    6: "Where it is not a deterministic function: non-differentiable.",
}

# Why a verdict is held against no rule.
REASONS = {
    Verdict.NONE: "have no gradient: the output has no graph, or backward() raises an error",
    Verdict.UNJUDGED: "are not judged: an input, or a value there or beside it, is not finite or does not exist",
}

COLUMNS = ("Function", "Point", "PyTorch", "Verdict", "Rule", "Left", "Right")
FAMILIAR = ("relu", "abs", "sqrt", "round", "clamp", "log", "pow", "where", "max", "dropout")  # by how well known
SHOWN = 2  # examples of each kind


@dataclass(frozen=True)
class Row:
    """A special point: the number of the rule that applies (None if none does), and whether PyTorch follows it."""

    rule: MeasuredRule
    point: Point
    number: int | None
    follows: bool

    @property
    def breaks(self) -> bool:
        """Whether a rule applies and PyTorch does something else."""
        return self.number is not None and not self.follows

    @property
    def name(self) -> str:
        return self.rule.name.removeprefix("torch.")

    def cells(self) -> list[str]:
        """What the table says, after the name of the function and the point."""
        point = self.point
        gradient, left, right = (text_lines(with_plain_zeros(one)) for one in (point.gradient, point.left, point.right))
        last = "–" if self.number is None else f"{self.number}: {'does not' if self.breaks else 'follows'}"
        return ["no gradient" if point.gradient is None else gradient, point.verdict.words, last, left, right]


@dataclass(frozen=True)
class Example:
    """One of the six rules: its number, what it says and how many points follow it, and points of each kind."""

    number: int
    texts: tuple[str, str]
    rows: list[Row]


def all_rows(rules: Iterable[MeasuredRule]) -> list[Row]:
    """Every special point of these rules."""
    return [
        Row(
            rule,
            point,
            verdicts.applying_rule(point.verdict, random=rule.random),
            verdicts.is_followed(point.verdict, random=rule.random),
        )
        for rule in rules
        for point in rule.points
    ]


def examples(rules: MeasuredRules) -> Iterator[Example]:
    """For each of the six rules what follows it and what does not."""
    rows = all_rows(rules.values())
    for number, text in RULES.items():
        follow = [row for row in rows if row.number == number and row.follows]
        do_not = [row for row in rows if row.number == number and not row.follows]
        counted = f"{len(follow)} special points on this site follow it, {len(do_not)} do not."
        yield Example(number, (text, counted), [*plainest(follow), *plainest(do_not)])


def uncounted(rules: MeasuredRules) -> Iterator[tuple[str, int]]:
    """Why no rule was applied to some special points, and to how many."""
    rows = [row for row in all_rows(rules.values()) if row.number is None]
    for verdict in dict.fromkeys(row.point.verdict for row in rows):
        yield REASONS[verdict], sum(row.point.verdict is verdict for row in rows)


def plainest(rows: Iterable[Row]) -> list[Row]:
    """The points that need the fewest words, of so many functions: known ones of one variable before all others."""

    def plainness(row: Row) -> tuple:
        rule, name = row.rule, row.rule.short
        known = FAMILIAR.index(name) if name in FAMILIAR else len(FAMILIAR)
        said = len(row.point.label) + len(text_of(row.point.gradient))
        return not rule.scalar, known, bool(rule.variant), len(rule.parameters), said, len(name)

    best = {row.name: row for row in sorted(rows, key=plainness, reverse=True)}  # the plainest of each function
    return sorted(best.values(), key=plainness)[:SHOWN]


def add_examples(parent: ET.Element, rules: MeasuredRules, page: str) -> None:
    """Add a heading, its texts and a table for each of the six rules; the arguments are those of ``add_folds``."""
    for example in examples(rules):
        ET.SubElement(parent, "h3", {"id": f"rule-{example.number}"}).text = f"Rule {example.number}"
        for text in example.texts:
            ET.SubElement(parent, "p").text = text
        if example.rows:
            body = _table(parent, COLUMNS)
            for row in example.rows:
                line = _line(body, row)
                _link(ET.SubElement(line, "th", {"scope": "row"}), row, page, row.name)
                _text(line, "td", row.point.label)
                _cells(line, row)
    ET.SubElement(parent, "h3", {"id": "without-a-rule"}).text = "Without a rule"
    ET.SubElement(parent, "p").text = _uncounted_text(rules)


def _uncounted_text(rules: MeasuredRules) -> str:
    parts = [f"{count} {reason}" for reason, count in uncounted(rules)]
    counted = sum(row.number is not None for row in all_rows(rules.values()))
    return f"{counted} special points are counted above. Of the others, {'; '.join(parts)}."


def add_folds(parent: ET.Element, rules: MeasuredRules, page: str) -> None:
    """Add all special points, folded by function: elements and not text, since MkDocs turns their links into addresses.

    Args:
        parent: takes the filter, which docs/assets/census.js brings to life, and the folds.
        rules: all rules.
        page: the name of the page that shows them, as ``MeasuredRule.link`` takes it.
    """
    _add_filter(parent)
    by_name = sorted(rules.values(), key=lambda rule: (rule.short.lower(), rule.name))
    for name, group in groupby(all_rows(by_name), key=lambda row: row.name):
        rows = list(group)
        broken = {"class": "broken"} if any(row.breaks for row in rows) else {}
        fold = ET.SubElement(parent, "details", {"data-search-exclude": "true", **broken})
        summary = ET.SubElement(fold, "summary")
        _text(summary, "code", name)
        _text(summary, "span", tally(rows))
        body = _table(fold, COLUMNS[1:], rows[0], page)
        for row in rows:
            line = _line(body, row)
            _text(line, "th", row.point.label, {"scope": "row"})
            _cells(line, row)


def tally(rows: list[Row]) -> str:
    """How many of a function's points follow their rule: ``2 follow, 1 does not``."""
    follow = sum(row.number is not None and row.follows for row in rows)
    do_not = sum(row.breaks for row in rows)
    neither = len(rows) - follow - do_not
    if follow == len(rows):
        return f"all {follow} follow" if follow > 1 else "1 follows"
    parts = [
        (follow, "follows" if follow == 1 else "follow"),
        (do_not, "does not" if do_not == 1 else "do not"),
        (neither, "without a rule"),
    ]
    return ", ".join(f"{count} {word}" for count, word in parts if count)


def _add_filter(parent: ET.Element) -> None:
    controls = ET.SubElement(parent, "div", {"class": "census-filter", "role": "search", "aria-label": "The table"})
    label = ET.SubElement(controls, "label")
    _text(label, "span", "Filter")
    ET.SubElement(label, "input", {"type": "search", "placeholder": "sqrt, not the limit, …", "autocomplete": "off"})
    label = ET.SubElement(controls, "label")
    ET.SubElement(label, "input", {"type": "checkbox", "autocomplete": "off"}).tail = "only those that do not follow"
    ET.SubElement(controls, "output")


def _table(parent: ET.Element, columns: Iterable[str], row: Row | None = None, page: str = "") -> ET.Element:
    """Add a table, below a link to the card of a function if there is one, and return its body."""
    holder = ET.SubElement(
        parent, "div", {"class": "points", "role": "group", "aria-label": "Special points", "tabindex": "0"}
    )
    holder.set("data-search-exclude", "true")  # a search for a function is to find its own page
    table = ET.SubElement(holder, "table", {"class": "special"})
    if row:
        _link(ET.SubElement(table, "caption"), row, page, row.name, before="The card of ")
    head = ET.SubElement(ET.SubElement(table, "thead"), "tr")
    for column in columns:
        ET.SubElement(head, "th", {"scope": "col"}).text = column
    return ET.SubElement(table, "tbody")


def _line(body: ET.Element, row: Row) -> ET.Element:
    return ET.SubElement(body, "tr", {"class": "broken"} if row.breaks else {})


def _cells(line: ET.Element, row: Row) -> None:
    for column, text in zip(COLUMNS[2:], row.cells(), strict=True):
        kind = "verdict" if column == "Verdict" else "rule-kept" if column == "Rule" else ""
        kind = "tensor" if "\n" in text else kind
        _text(line, "td", text, {"class": kind} if kind else None)


def _link(parent: ET.Element, row: Row, page: str, name: str, before: str = "") -> None:
    link = ET.SubElement(parent, "a", {"href": row.rule.link(page)})
    link.text = before
    _text(link, "code", name)


def _text(parent: ET.Element, tag: str, text: str, attributes: dict[str, str] | None = None) -> None:
    """Add an element with a text that is no Markdown."""
    ET.SubElement(parent, tag, attributes or {}).text = AtomicString(text)


def examples_markdown(rules: MeasuredRules, page: str) -> Iterator[str]:
    """The lines of ``add_examples`` in a notebook."""
    for example in examples(rules):
        yield from [f"### Rule {example.number}", ""]
        for text in example.texts:
            yield from [text, ""]
        yield from table_markdown(example.rows, page)
    yield from ["### Without a rule", "", _uncounted_text(rules), ""]


def table_markdown(rows: Iterable[Row], page: str) -> Iterator[str]:
    """The lines of a table of special points in a notebook."""
    texts = [
        [
            f"[{escape_cell(row.name)}]({row.rule.link(page)})",
            *(escape_cell(text).replace("\n", "<br>") for text in (row.point.label, *row.cells())),
        ]
        for row in rows
    ]
    return table_lines(COLUMNS, texts)
