"""All functions in one table: formula, special points, modes and page; with what docs/assets/atlas.js filters by."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator, Mapping

from markdown.util import AtomicString

from livedocs.measured import MeasuredRule, short_name
from livedocs.show.card import equations, verdicts_in_words
from livedocs.show.markdown import escape_cell, portable_latex, table_lines
from livedocs.show.mathml import to_mathml, typeset, width_of

COLUMNS = ("Function", "Special points", "Formula", "Modes")  # a phone shows the first two
LONG = 120  # characters of LaTeX that a row has room for
WIDEST = 23  # em that a row has room for on a phone, as width_of reckons
# The modes beside reverse, and the checks in which they are tested: a rule that leaves one out has not that mode.
_MODES = {"forward": {"forward"}, "second": {"gradcheck", "gradgradcheck"}}


def modes_of(rule: MeasuredRule) -> list[str]:
    """The modes in which a rule was held against autograd: ``["reverse", "forward", "second", "complex"]``.

    The first three are those of the tests; one that a rule leaves out, with a reason on its card, is missing.
    """
    if all(point.gradient is None for point in rule.points):
        return []
    modes = ["reverse", *(mode for mode, checks in _MODES.items() if not checks & rule.excluded.keys())]
    return [*modes, "complex"] if rule.complex else modes


def modes_in_words(rule: MeasuredRule) -> str:
    """What is special about the modes of a rule: ``all``, ``all, complex too``, ``no second``."""
    modes = modes_of(rule)
    if not modes:
        return "no gradient"
    words = [f"no {mode}" for mode in _MODES if mode not in modes] or ["all"]
    return ", ".join([*words, "complex too"] if "complex" in modes else words)


def _formula(rule: MeasuredRule) -> str:
    """The formula in LaTeX, where a row has room for it."""
    formula = equations(rule)[0]
    return formula if len(formula) <= LONG or r"\begin{cases}" in formula else ""


def _short(rule: MeasuredRule) -> str:
    """The formula in LaTeX, where a row of a phone has room for it."""
    formula = _formula(rule)
    return formula if formula and width_of(to_mathml(formula, display=False)) <= WIDEST else ""


def add_table(
    parent: ET.Element,
    rules: Iterable[MeasuredRule],
    page: str,
    chapters: Mapping[str, str],
    glyphs: set[str],
    stash: Callable[[str], str],
) -> None:
    """Add the filter and the table: elements and not text, since MkDocs turns their links into addresses.

    Args:
        parent: takes them.
        rules: all of them.
        page: the name of the page that shows them, as ``MeasuredRule.link`` takes it.
        chapters: each page with the title of its chapter, in the order of the menu.
        glyphs: takes the characters that the formulas need.
        stash: keeps HTML from being read as Markdown.
    """
    rows = sorted(rules, key=lambda rule: (rule.short.lower(), rule.name))
    families = list(dict.fromkeys(chapters[rule.page] for rule in _in_order(rows, chapters)))
    verdicts = sorted({point.verdict.words for rule in rows for point in rule.points})
    modes = list(dict.fromkeys(mode for rule in rows for mode in modes_of(rule)))
    _add_filter(parent, {"Chapter": families, "Verdict": verdicts, "Mode": modes})
    holder = ET.SubElement(parent, "div", {"class": "points", "role": "group", "aria-label": "Functions"})
    holder.set("tabindex", "0")
    table = ET.SubElement(holder, "table", {"class": "special functions"})
    head = ET.SubElement(ET.SubElement(table, "thead"), "tr")
    for column in COLUMNS:
        ET.SubElement(head, "th", {"scope": "col"}).text = column
    body = ET.SubElement(table, "tbody")
    for rule in rows:
        said = {verdicts.index(point.verdict.words) for point in rule.points}
        line = ET.SubElement(body, "tr")
        line.set("data-chapter", str(families.index(chapters[rule.page])) if rule.page in chapters else "")
        line.set("data-verdict", " ".join(map(str, sorted(said))))
        line.set("data-mode", " ".join(str(modes.index(mode)) for mode in modes_of(rule)))
        name = ET.SubElement(line, "th", {"scope": "row"})
        link = ET.SubElement(ET.SubElement(name, "a", {"href": rule.link(page)}), "code")
        link.text = AtomicString(rule.short)
        if also := dict.fromkeys(short for short in map(short_name, rule.also) if short != rule.short):
            ET.SubElement(name, "small").text = AtomicString(", ".join(also))
        shown = stash(typeset(rule, formula, glyphs, display=False)) if (formula := _short(rule)) else "on its card"
        ET.SubElement(line, "td").text = AtomicString(verdicts_in_words(rule))
        ET.SubElement(line, "td", {"class": "formula"}).text = AtomicString(shown)
        ET.SubElement(line, "td").text = modes_in_words(rule)


def _in_order(rules: Iterable[MeasuredRule], chapters: Mapping[str, str]) -> list[MeasuredRule]:
    order = {page: number for number, page in enumerate(chapters)}
    return sorted((rule for rule in rules if rule.page in order), key=lambda rule: order[rule.page])


def _add_filter(parent: ET.Element, choices: Mapping[str, list[str]]) -> None:
    controls = ET.SubElement(parent, "div", {"class": "census-filter", "role": "search", "aria-label": "The table"})
    label = ET.SubElement(controls, "label")
    ET.SubElement(label, "span").text = "Filter"
    ET.SubElement(label, "input", {"type": "search", "placeholder": "clip, softmax, …", "autocomplete": "off"})
    for name, options in choices.items():
        label = ET.SubElement(controls, "label")
        ET.SubElement(label, "span").text = name
        select = ET.SubElement(label, "select", {"data-by": name.lower(), "autocomplete": "off"})
        ET.SubElement(select, "option", {"value": ""}).text = "any"
        for number, option in enumerate(options):
            ET.SubElement(select, "option", {"value": str(number)}).text = AtomicString(option)
    ET.SubElement(controls, "output")


def table_markdown(rules: Iterable[MeasuredRule], page: str) -> Iterator[str]:
    """The table in a notebook."""
    rows = []
    for rule in sorted(rules, key=lambda rule: (rule.short.lower(), rule.name)):
        formula = portable_latex(_formula(rule)).replace("|", r"\vert ")
        rows.append(
            [
                f"[{escape_cell(rule.short)}]({rule.link(page)})",
                verdicts_in_words(rule),
                f"${formula}$" if formula else "on its card",
                modes_in_words(rule),
            ]
        )
    return table_lines(COLUMNS, rows)
