"""What differs from a card in other dtypes and longer tensors: a line on the card, and the list of all of them."""

from __future__ import annotations

import posixpath
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from markdown.util import AtomicString

from livedocs.measured import Elsewhere, MeasuredRule, MeasuredRules, Point
from livedocs.show.markdown import escape_cell, table_lines
from livedocs.show.numbers import with_plain_zeros
from livedocs.show.points import in_sentence
from livedocs.show.tensors import text_of

COLUMNS = ("Function, point", "On the card", "Elsewhere")
MISSING = ("Function", "Error", "Dtype")
Line = tuple[MeasuredRule, list[str]]  # of a table: its rule, its point and its other cells
QUANTITIES = {"output": "value", "gradient": "gradient", "forward": "forward mode"}


@dataclass(frozen=True)
class Difference:
    """One thing that differs at one point, in all settings that show it.

    Args:
        rule, point: where.
        seen: what was measured there, one for each dtype.
    """

    rule: MeasuredRule
    point: Point
    seen: tuple[Elsewhere, ...]

    @property
    def error(self) -> str:
        return self.seen[0].error

    @property
    def where(self) -> str:
        """``in float16``, or ``from 8 entries of float64, 16 of float32``."""
        by_length: dict[tuple[int, bool], list[str]] = {}
        for one in self.seen:
            by_length.setdefault((one.copies, one.strided), []).append(one.dtype)
        parts = []
        what = "entries" if self._is_number else "copies"
        for (copies, strided), dtypes in by_length.items():
            gaps = " with gaps in memory" if strided else ""
            first = copies > 1 and not any(part.startswith("from") for part in parts)
            length = f"from {copies} {what} of " if first else f"{copies} of " if copies > 1 else "in "
            parts.append(f"{length}{_and(dtypes)}{gaps}")
        return ", ".join(parts)

    @property
    def point_name(self) -> str:
        """The point as a text: ``x = −∞``."""
        label = self.point.label
        return label.replace("-", "−").replace("inf", "∞").replace("nan", "NaN") if self.rule.scalar else label

    @property
    def here(self) -> str:
        """What the card says of the quantities that differ."""
        return _quantities(self.point, self._names)

    @property
    def there(self) -> str:
        """What was measured elsewhere."""
        return _without_dtype(self.error) or _quantities(self.seen[0], self._names)

    @property
    def _names(self) -> list[str]:
        return [name for name in QUANTITIES if getattr(self.seen[0], name) is not None]

    @property
    def _is_number(self) -> bool:
        return not any(isinstance(value, list) for value in (self.point.gradient or {}).values())


def differences(rule: MeasuredRule) -> list[Difference]:
    """What differs at the special points of a rule, the settings that show the same together."""
    found = []
    for point in rule.points:
        groups: dict[str, list[Elsewhere]] = {}
        for one in point.elsewhere:
            said = repr((one.output, one.gradient, one.forward, _without_dtype(one.error)))
            groups.setdefault(said, []).append(one)
        found += [Difference(rule, point, tuple(group)) for group in groups.values()]
    return found


def sentences(rule: MeasuredRule) -> Iterator[str]:
    """What a card says of other dtypes and longer tensors; what holds at all points is said once."""
    points: dict[str, list[str]] = {}
    for one in differences(rule):
        points.setdefault(f"{one.there}, {one.where}.", []).append(one.point_name)
    for said, labels in points.items():
        where = "Everywhere" if len(labels) == len(rule.points) else f"At {in_sentence(*labels)}"
        yield f"{where}: {said}"


def rows(rules: Iterable[MeasuredRule], *, errors: bool) -> list[Difference]:
    """All differences of these rules: those with an error, or those with a value."""
    return [one for rule in rules for one in differences(rule) if bool(one.error) is errors]


def add_table(parent: ET.Element, rules: MeasuredRules, page: str) -> None:
    """Add the list of values that differ, and below it the functions that some dtypes do not have, folded by chapter.

    Args:
        parent: takes the folds: a heading row and a table for each chapter of both lists.
        rules: all rules.
        page: the name of the page that shows them, as ``MeasuredRule.link`` takes it.
    """
    for head, lines in _tables(rules):
        by_chapter = sorted(lines, key=lambda line: posixpath.dirname(line[0].page))  # stable: in the order of the page
        for chapter, group in groupby(by_chapter, key=lambda line: posixpath.dirname(line[0].page)):
            found = list(group)
            fold = ET.SubElement(parent, "details", {"data-search-exclude": "true"})  # search finds the function's page
            summary = ET.SubElement(fold, "summary")
            ET.SubElement(summary, "code").text = AtomicString(f"{chapter}/")
            functions = len({rule.name for rule, _ in found})
            what = "difference" if head is COLUMNS else "error"
            ET.SubElement(summary, "span").text = f"{_counted(len(found), what)} of {_counted(functions, 'function')}"
            _add_lines(fold, head, found, page)


def _add_lines(parent: ET.Element, head: tuple[str, ...], lines: list[Line], page: str) -> None:
    """Add the table of one fold."""
    holder = ET.SubElement(parent, "div", {"class": "points", "role": "group", "aria-label": head[-1], "tabindex": "0"})
    holder.set("data-search-exclude", "true")
    table = ET.SubElement(holder, "table", {"class": "special"})
    line = ET.SubElement(ET.SubElement(table, "thead"), "tr")
    for column in head:
        ET.SubElement(line, "th", {"scope": "col"}).text = column
    body = ET.SubElement(table, "tbody")
    for rule, (point, *cells) in lines:
        line = ET.SubElement(body, "tr")
        name = ET.SubElement(line, "th", {"scope": "row"})
        link = ET.SubElement(name, "a", {"href": rule.link(page)})
        ET.SubElement(link, "code").text = AtomicString(rule.short)
        if point:
            ET.SubElement(name, "span", {"class": "line"}).text = AtomicString(point)
        for cell in cells:
            box = ET.SubElement(line, "td")
            for text in cell.split("\n"):
                ET.SubElement(box, "span", {"class": "line"}).text = AtomicString(text)


def table_markdown(rules: MeasuredRules, page: str) -> Iterator[str]:
    """The same as lines of Markdown in a notebook."""
    for head, lines in _tables(rules):
        texts = [
            [
                f"[`{rule.short}`]({rule.link(page)}) {point}",
                *(escape_cell(cell).replace("\n", "<br>") for cell in cells),
            ]
            for rule, (point, *cells) in lines
        ]
        yield from table_lines(head, texts)
        yield ""


def _tables(rules: MeasuredRules) -> Iterator[tuple[tuple[str, ...], list[Line]]]:
    """Two tables: the head, and for each line its rule, its point and its other cells."""
    values = rows(rules.values(), errors=False)
    yield COLUMNS, [(one.rule, [one.point_name, one.here, f"{one.there}\n{one.where}"]) for one in values]
    missing = {(one.rule.name, one.where): one for one in rows(rules.values(), errors=True)}
    yield MISSING, [(one.rule, ["", one.there, one.where.removeprefix("in ")]) for one in missing.values()]


def _quantities(found: Point | Elsewhere, names: list[str]) -> str:
    """Some quantities in a few words; those that say the same together."""
    said: dict[str, list[str]] = {}
    for name in names:
        value = getattr(found, name)
        said.setdefault(text_of(value if name == "output" else with_plain_zeros(value)), []).append(QUANTITIES[name])
    return "; ".join(f"{_and(which)} {text}" for text, which in said.items())


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _and(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _without_dtype(error: str) -> str:
    """An error's text without the dtype that it names: ``not implemented for 'Half'``."""
    return error.partition(" for '")[0]
