"""The explorer: its place on a page, and a file of values for each function that it can show.

A page places it with a pymdownx block, whose argument names the plots that stand there without JavaScript. The first
of them is the function that a visitor meets first:

    /// explorer | torch.nn.functional.relu, torch.clamp
    ///

docs/assets/explorer.js draws what the files hold (livedocs.curves). Each is JSON inside one call of a function, so that
a script element can load it: that works in a folder on disk too, where a page may not fetch.
"""

from __future__ import annotations

import json
import posixpath
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from markdown.util import AtomicString
from pymdownx.blocks.block import Block

from livedocs import figures
from livedocs.cards import anchor, named, number
from livedocs.data import finite
from livedocs.errors import DocsError

if TYPE_CHECKING:
    from livedocs.extension import Book

FOLDER = "data/explorer"
COLUMNS = ("x", "f(x)", "PyTorch’s gradient", "Left slope", "Right slope")
PANELS = ("f(x)", "f′(x)")
LEGEND = {"own": "PyTorch’s value, and its slope", "side": "slopes on the left and the right", "limit": "a limit"}
SHAPES = {  # as docs/assets/explorer.js draws them
    "own": [("path", {"d": "M2 11 26 3"}), ("circle", {"cx": "14", "cy": "7", "r": "4"})],
    "side": [("path", {"d": "M2 11 26 3"})],
    "limit": [("circle", {"cx": "14", "cy": "7", "r": "4"})],
}


def explorable(book: Book) -> list[dict[str, Any]]:
    """The cards with a curve, in the order of the menu."""
    order = {page: number for number, page in enumerate(book.chapters)}
    cards = [card for card in book.cards().values() if card["curve"]]
    return sorted(cards, key=lambda card: order.get(source(card), len(order)))


def source(card: dict[str, Any]) -> str:
    """The page of a card, below docs/."""
    return card["file"].removeprefix("rules/").removesuffix(".py") + ".md"


def short(name: str) -> str:
    """A rule's name as people type it: without the modules."""
    for module in ("torch.", "nn.functional.", "special."):
        name = name.removeprefix(module)
    return name


def chapters(nav: list | None) -> dict[str, str]:
    """Each page of MkDocs' ``nav`` with the title of the section it is in, or its own, in the menu's order."""
    found: dict[str, str] = {}

    def walk(entry: Any, title: str) -> None:
        if isinstance(entry, str):
            found[entry] = title
        elif isinstance(entry, dict):
            for name, below in entry.items():
                walk(below, title or name)
        elif isinstance(entry, list):
            for below in entry:
                walk(below, title)

    walk(nav, "")
    return found


def files(book: Book, url: Callable[[str], str]) -> dict[str, str]:
    """The explorer's data files by name.

    Args:
        book: the rules.
        url: the address of a page below the site's root, given its source below docs/.

    Raises:
        DocsError: for two functions of one address.
    """
    written: dict[str, str] = {}
    for card in explorable(book):
        name = f"{FOLDER}/{anchor(card)}.js"
        if name in written:
            raise DocsError(
                card["file"],
                card["line"],
                f"rule {card['name']}: its address in the explorer is taken",
                got=anchor(card),
                wanted="a variant whose letters and digits tell it apart",
            )
        curve = card["curve"]
        first, last = number(curve["x"][0]), number(curve["x"][-1])
        value = {
            "id": anchor(card),
            "name": card["name"],
            "call": card["call"],
            "card": f"{url(source(card))}#{anchor(card)}",
            "alt": f"{short(card['name'])} and its gradient for x from {first} to {last}",
            **{key: compact(curve[key]) for key in ("view", "ticks", "points", "x", "f", "g")},
        }
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        written[name] = f"explorer({text})\n"
    return written


def compact(value: Any) -> Any:
    """A value as JSON holds it: integers without a point, and strings where JSON has no number of its own.

    −0 is one of them: it is a number of JSON, but not every reader keeps its sign.
    """
    if isinstance(value, dict):
        return {name: compact(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [compact(entry) for entry in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e6:
        return "-0" if str(value) == "-0.0" else int(value)
    return finite(value)


class ExplorerBlock(Block):
    """``/// explorer | torch.clamp``: the controls, and what a reader without JavaScript gets in their place."""

    NAME = "explorer"
    ARGUMENT = True

    def on_create(self, parent: ET.Element) -> ET.Element:
        book: Book = self.config["book"]
        shown = _named(book, self.argument)
        whole = ET.SubElement(parent, "div", {"data-search-exclude": ""})
        _controls(whole, explorable(book), book.chapters, anchor(shown[0]))
        self._without_script(ET.SubElement(whole, "noscript"), shown, book)
        return whole

    def _without_script(self, parent: ET.Element, shown: list[dict[str, Any]], book: Book) -> None:
        _text(
            parent,
            "p",
            "Without JavaScript nothing moves. These are plots of a few functions; the cards have the others.",
        )
        for card in shown:
            figure = ET.SubElement(parent, "div")
            title = _link(ET.SubElement(figure, "p"), card, book.page)
            title.text = AtomicString(card["name"])
            holder = ET.SubElement(figure, "div")
            holder.text = AtomicString(self.md.htmlStash.store(book.later(figures.render_panels(**card["plot"]))))
        entries = ET.SubElement(parent, "ul")
        for card in explorable(book):
            entry = ET.SubElement(entries, "li", {"id": anchor(card)})  # the address that cards link to
            _link(entry, card, book.page).text = AtomicString(card["name"])


def _named(book: Book, argument: str) -> list[dict[str, Any]]:
    """The cards that a page names for readers without JavaScript."""
    drawn = {card["name"]: card for card in explorable(book) if card["plot"]}
    return named(book, "explorer", argument, drawn, "the explorer names no function with a plot")


def _controls(parent: ET.Element, cards: list[dict], groups: dict[str, str], first: str) -> None:
    box = ET.SubElement(parent, "div", {"class": "explorer"})
    pick = ET.SubElement(box, "p", {"class": "explorer-pick"})
    _text(pick, "label", "Function", {"for": "explorer-function"})
    select = ET.SubElement(pick, "select", {"id": "explorer-function", "autocomplete": "off"})
    for card in cards:
        title = groups.get(source(card), "Functions")
        group = select[-1] if len(select) and select[-1].get("label") == title else None
        if group is None:
            group = ET.SubElement(select, "optgroup", {"label": title})
        chosen = {"selected": "selected"} if anchor(card) == first else {}
        _text(group, "option", short(card["name"]), {"value": anchor(card), **chosen})
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
    slide = ET.SubElement(box, "p", {"class": "explorer-slide"})
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
    table = ET.SubElement(box, "table", {"class": "explorer-values", "aria-label": "Values at x"})
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


def _text(parent: ET.Element, tag: str, text: str, attributes: dict[str, str] | None = None) -> ET.Element:
    element = ET.SubElement(parent, tag, attributes or {})
    element.text = AtomicString(text)
    return element


def _link(parent: ET.Element, card: dict[str, Any], page: str) -> ET.Element:
    """A link from a page to a card; MkDocs turns the source into an address."""
    target = posixpath.relpath(f"docs/{source(card)}", posixpath.dirname(page))
    return ET.SubElement(parent, "a", {"href": f"{target}#{anchor(card)}"})
