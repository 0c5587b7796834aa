"""The explorer: its controls, and what readers without JavaScript get in their place."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Mapping

from markdown.util import AtomicString

from livedocs.measured import MeasuredRule, MeasuredRules
from livedocs.show.plot import card_plot

COLUMNS = ("x", "f(x)", "PyTorch’s gradient", "Left slope", "Right slope")
PANELS = ("f(x)", "f′(x)")
LEGEND = {"own": "PyTorch’s value, and its slope", "side": "slopes on the left and the right", "limit": "a limit"}
SHAPES = {  # as docs/assets/explorer.js draws them
    "own": [("path", {"d": "M2 11 26 3"}), ("circle", {"cx": "14", "cy": "7", "r": "4"})],
    "side": [("path", {"d": "M2 11 26 3"})],
    "limit": [("circle", {"cx": "14", "cy": "7", "r": "4"})],
}


def add_controls(parent: ET.Element, rules: MeasuredRules, sections: Mapping[str, str], first: MeasuredRule) -> None:
    """Add what a visitor picks, moves and reads; docs/assets/explorer.js brings it to life.

    Args:
        parent: takes the elements.
        rules: the functions to pick from, in this order.
        sections: the title under which those of a page stand together, by page.
        first: the function that a visitor meets first.
    """
    box = ET.SubElement(parent, "div", {"class": "explorer"})
    pick = ET.SubElement(box, "p", {"class": "explorer-pick"})
    _text(pick, "label", "Function", {"for": "explorer-function"})
    select = ET.SubElement(pick, "select", {"id": "explorer-function", "autocomplete": "off"})
    for rule in rules.values():
        title = sections.get(rule.page, "Functions")
        group = select[-1] if len(select) and select[-1].get("label") == title else None
        if group is None:
            group = ET.SubElement(select, "optgroup", {"label": title})
        chosen = {"selected": "selected"} if rule is first else {}
        _text(group, "option", rule.short, {"value": rule.anchor, **chosen})
    ET.SubElement(pick, "span", {"class": "explorer-card"})
    points = ET.SubElement(
        box, "p", {"class": "explorer-points", "role": "group", "aria-labelledby": "explorer-special"}
    )
    _text(points, "span", "Special points, x =", {"id": "explorer-special"})
    ET.SubElement(points, "span")
    panels = ET.SubElement(box, "div", {"class": "explorer-panels", "role": "img", "aria-label": "The plot"})
    for title in PANELS:
        panel = ET.SubElement(panels, "div")
        _text(panel, "p", title)
        ET.SubElement(panel, "svg", {"viewBox": "0 0 360 200"})
    dock = ET.SubElement(box, "div", {"class": "explorer-dock"})  # on a phone it stays in sight
    slide = ET.SubElement(dock, "p", {"class": "explorer-slide"})
    _text(slide, "label", "x", {"for": "explorer-x"})
    ET.SubElement(
        slide,
        "input",
        {
            "id": "explorer-x",
            "type": "range",
            "min": "0",
            "list": "explorer-ticks",
            "autocomplete": "off",
            "disabled": "disabled",  # until there are values
        },
    )
    ET.SubElement(slide, "datalist", {"id": "explorer-ticks"})
    table = ET.SubElement(dock, "table", {"class": "explorer-values", "aria-label": "Values at x"})
    head = ET.SubElement(ET.SubElement(table, "thead"), "tr")
    row = ET.SubElement(ET.SubElement(table, "tbody"), "tr")
    for column in COLUMNS:
        _text(head, "th", column, {"scope": "col"})
        _text(row, "td", "–")
    _text(box, "p", "The values are being loaded.", {"class": "explorer-verdict", "role": "status"})
    legend = ET.SubElement(box, "p", {"class": "explorer-legend", "aria-hidden": "true"})
    for kind, said in LEGEND.items():
        entry = ET.SubElement(legend, "span")
        drawing = ET.SubElement(entry, "svg", {"viewBox": "0 0 28 14", "class": kind})
        for tag, attributes in SHAPES[kind]:
            ET.SubElement(drawing, tag, attributes)
        _text(entry, "span", said)


def add_fallback(
    parent: ET.Element,
    shown: Iterable[MeasuredRule],
    rules: MeasuredRules,
    page: str,
    stash: Callable[[str], str],
) -> None:
    """Add what stands there without JavaScript: plots of a few functions, and links to the cards of all.

    Args:
        parent: takes the elements.
        shown: the functions with plots.
        rules: those of the links.
        page: the name of the page, as ``MeasuredRule.link`` takes it.
        stash: the text that stands for some HTML while Markdown reads the page.
    """
    _text(
        parent,
        "p",
        "Without JavaScript nothing moves. These are plots of a few functions; the cards have the others.",
    )
    for rule in shown:
        figure = ET.SubElement(parent, "div")
        _text(ET.SubElement(figure, "p"), "a", rule.name, {"href": rule.link(page)})
        _text(figure, "div", stash(card_plot(rule)))
    entries = ET.SubElement(parent, "ul")
    for rule in rules.values():
        entry = ET.SubElement(entries, "li", {"id": rule.anchor})  # the address that cards link to
        _text(entry, "a", rule.name, {"href": rule.link(page)})


def _text(parent: ET.Element, tag: str, text: str, attributes: Mapping[str, str] | None = None) -> None:
    """Add an element with a text that is no Markdown."""
    ET.SubElement(parent, tag, dict(attributes or {})).text = AtomicString(text)
