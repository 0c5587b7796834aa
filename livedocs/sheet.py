"""A sheet of functions: of each one its formula, its gradient and a small plot, taken from the rules.

A page names the functions in a pymdownx block. Their cards are elsewhere; each entry links to its own:

    /// sheet | torch.sqrt, torch.rsqrt, torch.square
    ///

A plot shows f and f′ in one panel, with a dot where PyTorch puts the gradient at a breakpoint. It is drawn from the
values that torch computed for the explorer (livedocs.curves).
"""

from __future__ import annotations

import html
import math
import posixpath
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from markdown.util import AtomicString
from pymdownx.blocks.block import Block

from livedocs import cards
from livedocs.explorer import short, source

if TYPE_CHECKING:
    from livedocs.extension import Book

WIDTH, HEIGHT = 150, 90  # of a plot, in the units of its viewBox
FLAT = 0.15  # samples that are so close to the line between two others say nothing


def latex(card: dict[str, Any]) -> tuple[str, str]:
    """The formula and the gradient of a function, each as an equation in LaTeX."""
    formula, gradient = card["latex"]["formula"], card["latex"]["gradient"]
    return f"f(x) = {formula}", rf"\frac{{\mathrm{{d}}f}}{{\mathrm{{d}}x}} = {gradient}"


def settings(card: dict[str, Any]) -> str:
    """The values of a function's parameters in LaTeX; empty if it has none."""
    return r", \quad ".join(f"{symbol} = {value:.4g}" for symbol, value in card["parameters"])


def named(book: Book, argument: str) -> list[dict[str, Any]]:
    """The cards that a sheet names; only scalar functions of one variable have a curve."""
    known = {card["name"]: card for card in book.cards().values() if card["curve"]}
    return cards.named(book, "sheet", argument, known, "a sheet names no function of one variable")


class SheetBlock(Block):
    """``/// sheet | torch.sqrt, torch.square``: an entry for each function."""

    NAME = "sheet"
    ARGUMENT = True

    def on_create(self, parent: ET.Element) -> ET.Element:
        book: Book = self.config["book"]
        whole = ET.SubElement(parent, "ul", {"class": "sheet", "data-search-exclude": "true"})
        for card in named(book, self.argument):
            entry = ET.SubElement(whole, "li")
            target = posixpath.relpath(f"docs/{source(card)}", posixpath.dirname(book.page))
            link = ET.SubElement(ET.SubElement(entry, "p"), "a", {"href": f"{target}#{cards.anchor(card)}"})
            link.text = AtomicString(short(card["name"]))
            body = ET.SubElement(entry, "div")
            texts = filter(None, (*latex(card), settings(card)))
            formulas = [cards.typeset(card, text, book.glyphs, display=True) for text in texts]
            body.text = AtomicString(self.md.htmlStash.store(book.later("".join([*formulas, plot(card)]))))
        return whole


def plot(card: dict[str, Any]) -> str:
    """f and f′ as a small SVG, in colours that docs/assets/site.css sets."""
    curve = card["curve"]
    first, last = curve["view"]["x"]
    low = min(curve["view"][name][0] for name in "fg")
    high = max(curve["view"][name][1] for name in "fg")

    def place(x: float, y: float | None) -> tuple[float, float] | None:
        if y is None or math.isnan(y):
            return None
        # Far outside is all the same, and SVG knows no infinity.
        return (x - first) / (last - first) * WIDTH, max(-1.0, min(2.0, (high - y) / (high - low))) * HEIGHT

    breaks = {point["x"]: point for point in curve["points"] if point["break"] and str(point["x"]) != "-0.0"}
    limits = {x: point["limits"] for x, point in breaks.items()}
    slopes = {x: (point["left"], point["right"]) for x, point in breaks.items()}
    drawn = [
        ("axis", f"M0 {_short(place(0, 0)[1])}h{WIDTH}"),
        ("axis", f"M{_short(place(0, 0)[0])} 0v{HEIGHT}" if first < 0 < last else ""),
        ("own", _path(_pieces(curve["x"], curve["f"], limits), place)),
        ("slope", _path(_pieces(curve["x"], curve["g"], slopes), place)),
    ]
    dots = [place(x, point["g"]) for x, point in breaks.items() if first <= x <= last]
    label = html.escape(_describe(card, breaks))
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">'
        + "".join(f'<path class="{kind}" d="{d}"/>' for kind, d in drawn if d)
        + "".join(f'<circle cx="{_short(dot[0])}" cy="{_short(dot[1])}" r="3.5"/>' for dot in dots if dot)
        + "</svg>"
    )


def _pieces(xs: list[float], ys: list[float | None], limits: dict[float, Any]) -> Iterable[list[tuple]]:
    """The samples (x, y) of each piece between two breakpoints; at its ends stand the limits from its side."""
    piece: list[tuple] = []
    for x, y in zip(xs, ys, strict=True):
        if x in limits:
            before, after = limits[x]
            yield [*piece, (x, before)]
            piece = [(x, after)]
        else:
            piece.append((x, y))
    yield piece


def _path(pieces: Iterable[list[tuple]], place) -> str:
    """The ``d`` of a path through the samples."""
    d = []
    for piece in pieces:
        run: list[tuple[float, float]] = []
        for point in [*(place(*sample) for sample in piece), None]:
            if point is not None:
                run.append(point)
            elif len(run) > 1:
                d.append("M" + "L".join(f"{_short(x)} {_short(y)}" for x, y in _straightened(run)))
                run = []
            else:
                run = []
    return "".join(d)


def _straightened(run: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points without those that lie on a line between others (Ramer, Douglas and Peucker)."""
    (x0, y0), (x1, y1) = run[0], run[-1]
    far, at = 0.0, 0
    for number, (x, y) in enumerate(run[1:-1], 1):
        away = abs(y - (y0 + (y1 - y0) * (x - x0) / (x1 - x0)))
        if away > far:
            far, at = away, number
    if far <= FLAT:
        return [run[0], run[-1]]
    return [*_straightened(run[: at + 1])[:-1], *_straightened(run[at:])]


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _describe(card: dict[str, Any], breaks: dict[float, dict]) -> str:
    """Alt text: the function, the interval, and PyTorch's gradient at each breakpoint."""
    first, last = card["curve"]["x"][0], card["curve"]["x"][-1]
    known = {x: point["g"] for x, point in breaks.items() if point["g"] is not None}
    said = [f"at x = {cards.number(x)} the gradient is {cards.number(g)}" for x, g in known.items()]
    text = f"{short(card['name'])} and its gradient for x from {cards.number(first)} to {cards.number(last)}"
    return f"{text}; {', '.join(said)}" if said else text
