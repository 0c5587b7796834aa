"""Renders a rule as a card: formula, gradient, table of special points, plot, PyTorch's own lines.

A page places a card with a pymdownx block:

    /// rule | torch.clamp
    ///
"""

from __future__ import annotations

import difflib
import html
import math
import posixpath
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

from markdown.util import AtomicString
from pymdownx.blocks.block import Block

from livedocs import figures, verdicts
from livedocs.errors import DocsError
from livedocs.formulas import glyphs_of, to_mathml

if TYPE_CHECKING:
    from livedocs.extension import Book

COLUMNS = ("Point", "Left", "Right", "Reverse", "Verdict", "Forward", "Second")


def anchor(card: dict[str, Any]) -> str:
    """The id of a card on its page: the function's name, and the variant if there is one."""
    variant = re.sub(r"[^a-z0-9.]+", "-", card["variant"].lower()).strip("-")
    return f"{card['function']}-{variant}" if variant else card["function"]


def number(value: Any) -> str:
    """A number as text: integers without a point, a true minus sign, ∞, NaN; – where there is none."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.0f}" if value == round(value) and abs(value) < 1e6 else f"{value:.4g}"
    return text.replace("-", "−")


def values(found: Any) -> str:
    """A measured quantity as text: a number, nested lists, or one of these for each input."""
    if isinstance(found, dict):
        if len(found) == 1:
            return values(next(iter(found.values())))
        return "; ".join(f"{name}: {values(value)}" for name, value in found.items())
    if isinstance(found, list):
        return "[" + ", ".join(values(value) for value in found) + "]"
    return number(found)


def same(a: Any, b: Any) -> bool:
    """Whether two measured quantities are equal, NaN to NaN, up to rounding."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if a is None or b is None:
        return a is b
    return a == b or (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)


def equations(card: dict[str, Any]) -> tuple[str, str]:
    """The formula and the gradient of a rule in LaTeX, with what they are equal to."""
    short = card["function"].rpartition(".")[2].replace("_", r"\_")
    formula, gradient = card["latex"]["formula"], card["latex"]["gradient"]
    if card["kind"] != "pieces":
        return formula, gradient
    left = rf"\texttt{{{short}}}(x)"
    return f"{left} = {formula}", rf"\frac{{\mathrm{{d}}}}{{\mathrm{{d}}x}}\,{left} = {gradient}"


def cells(point: dict[str, Any]) -> list[str]:
    """What the table of special points says of one of them, after its name: a text for each other column."""
    left, right, gradient, forward, second = (
        values(point[name]) for name in ("left", "right", "gradient", "forward", "second")
    )
    if point["gradient"] is None:
        gradient = "no gradient"
    return [left, right, gradient, point["verdict"], forward, second]


def inputs(point: dict[str, Any]) -> str:
    """The inputs of a special point, in short: ``x = [1., 4., 4.]``."""
    texts = []
    for name, text in point["inputs"].items():
        short = re.sub(r"^torch\.tensor\((.*?)(, dtype=torch\.float64)?\)$", r"\1", text)
        short = re.sub(r"float\('(-?[a-z]+)'\)", r"\1", short)
        texts.append(f"{name} = {short}")
    return ", ".join(texts)


def typeset(card: dict[str, Any], latex: str, glyphs: set[str], *, display: bool) -> str:
    """LaTeX from a rule as MathML, in an element of its own.

    Args:
        card: a rule as livedocs.rulebook derives it.
        latex: the formula.
        glyphs: takes the characters of the formula.
        display: whether it stands by itself.

    Raises:
        DocsError: for LaTeX that does not convert, with the rule's name, file and line.
    """
    try:
        mathml = to_mathml(latex, display=display)
    except ValueError as error:
        raise DocsError(
            card["file"],
            card["line"],
            f"rule {card['name']}: its LaTeX does not convert",
            got=f"{latex}\n{error}",
            wanted="LaTeX that math-core reads",
        ) from None
    glyphs.update(glyphs_of(mathml))
    tag = "div" if display else "span"
    return f'<{tag} class="math">{mathml}</{tag}>'


def render(card: dict[str, Any], glyphs: set[str]) -> str:
    """The inside of a card as HTML; the arguments and errors are those of ``typeset``."""

    def formula(latex: str, *, display: bool) -> str:
        return typeset(card, latex, glyphs, display=display)

    parts = [
        *(formula(latex, display=True) for latex in equations(card)),
        _measured_with(card, formula),
        _table(card, formula),
        _remarks(card),
    ]
    if card["plot"]:
        parts.append(figures.render_panels(card["plot"]["panels"], card["plot"]["alt"]))
    if card["derivatives"]:
        lines = "\n\n".join("\n".join(entry) for entry in card["derivatives"])
        parts.append(
            "<details><summary>PyTorch’s own lines (derivatives.yaml)</summary>"
            f'<pre class="own" role="group" aria-label="derivatives.yaml" tabindex="0"><code>{html.escape(lines)}\n'
            "</code></pre></details>"
        )
    return "".join(parts)


def _measured_with(card: dict[str, Any], formula) -> str:
    settings = ", ".join(formula(f"{s} = {v:g}", display=False) for s, v in card["parameters"])
    names = ", ".join(f"<code>{html.escape(name)}</code>" for name in card["also"])
    text = f"Measured: <code>{html.escape(card['call'])}</code>"
    text += f", {settings}" if settings else ""
    return f'<p class="measured">{text}. {f"Also {names}." if names else ""}</p>'


def _table(card: dict[str, Any], formula) -> str:
    head = "".join(f'<th scope="col">{column}</th>' for column in COLUMNS)
    rows = []
    for point, label in zip(card["points"], card["labels"], strict=True):
        name = formula(label, display=False) if label else _inputs(point)
        spoken = html.escape(point["point"].replace("-", "−"))  # not all that read aloud read MathML
        name = name.replace("<math", f'<math aria-label="{spoken}"', 1)
        left, right, gradient, verdict, forward, second = cells(point)
        disagrees = point["forward"] is not None and not same(point["forward"], point["gradient"])
        broken = verdicts.rule_of(card, point) is not None and not verdicts.follows(card, point)
        shown = [
            ("", left),
            ("", right),
            ("reverse", gradient),
            ("verdict broken" if broken else "verdict", verdict),
            ("disagrees" if disagrees else "", forward),
            ("", second),
        ]
        body = "".join(
            f'<td class="{kind}">{html.escape(cell)}</td>' if kind else f"<td>{html.escape(cell)}</td>"
            for kind, cell in shown
        )
        rows.append(f'<tr><th scope="row">{name}</th>{body}</tr>')
    return (
        '<div class="points" role="group" aria-label="Special points" tabindex="0"><table class="special">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _inputs(point: dict[str, Any]) -> str:
    """A named special point and its inputs."""
    return f"{html.escape(point['point'])}<br><code>{html.escape(inputs(point))}</code>"


def _remarks(card: dict[str, Any]) -> str:
    """Where modes disagree, what is known to be wrong, what is not checked and why."""
    remarks = []
    reasons: dict[tuple[str, str], list[str]] = {}
    for point in card["points"]:
        if point["forward"] is not None and not same(point["forward"], point["gradient"]):
            remarks.append(
                f"At {point['point']} reverse mode gives {values(point['gradient'])}, "
                f"forward mode {values(point['forward'])}."
            )
        if point["create_graph"] is not None and not same(point["create_graph"], point["gradient"]):
            remarks.append(
                f"At {point['point']} the gradient is {values(point['gradient'])}, "
                f"and {values(point['create_graph'])} with create_graph=True."
            )
        for what, reason in point["reasons"].items():
            if what != "gradient" or "does not require grad" not in reason:
                reasons.setdefault((what.replace("_", " "), reason), []).append(point["point"])
    for (what, reason), where in reasons.items():
        everywhere = len(where) == len(card["points"])
        remarks.append(f"{'Everywhere' if everywhere else 'At ' + ', '.join(where)}, {what}: {reason}")
    items = [f"<li>{html.escape(remark)}</li>" for remark in dict.fromkeys(remarks)]
    for defect in card["defects"]:
        link = f' <a href="{html.escape(defect["reported"])}">Reported.</a>' if defect["reported"] else ""
        items.append(f"<li><strong>Known defect.</strong> {html.escape(defect['what'])}{link}</li>")
    for check, reason in card["excluded"].items():
        items.append(f"<li>Not checked: {html.escape(check)}. {html.escape(reason)}</li>")
    return f"<ul>{''.join(items)}</ul>" if items else ""


class RuleBlock(Block):
    """``/// rule | torch.clamp``: the card of a rule, under a heading that is its permalink."""

    NAME = "rule"
    ARGUMENT = True

    def on_create(self, parent: ET.Element) -> ET.Element:
        book: Book = self.config["book"]
        card = book.card(self.argument.strip())
        section = ET.SubElement(parent, "div", {"class": "rule"})
        heading = ET.SubElement(section, "h3", {"id": anchor(card)})
        heading.text = AtomicString(card["name"])
        body = ET.SubElement(section, "div")
        body.text = AtomicString(self.md.htmlStash.store(book.later(render(card, book.glyphs))))
        if book.explorer and card["curve"]:
            target = posixpath.relpath(book.explorer, posixpath.dirname(book.page))
            last = ET.SubElement(section, "p", {"class": "measured"})
            link = ET.SubElement(last, "a", {"href": f"{target}#{anchor(card)}"})
            link.text = AtomicString(f"Explore {card['name']} point by point")
        return section


def nearest_names(name: str, names: list[str]) -> str:
    """What to say was wanted when a rule's name is not known."""
    near = difflib.get_close_matches(name, names, n=4, cutoff=0.5)
    return "one of: " + ", ".join(near or names)


def named(book: Book, block: str, argument: str, known: dict[str, dict], problem: str) -> list[dict[str, Any]]:
    """The cards that a block names in its argument, between commas.

    Args:
        book: the page.
        block: the block's name.
        argument: what it names; a comma inside parentheses belongs to a name.
        known: the cards that it may name.
        problem: what is wrong with a name that is not known.

    Raises:
        DocsError: for such a name, with the line of the block.
    """
    names = [name.strip() for name in re.split(r",(?![^()]*\))", argument)]
    for name in names:
        if name not in known:
            lines = [
                n for n, text in enumerate(book.text, 1) if text.lstrip().startswith(f"/// {block}") and name in text
            ]
            line = book.offset + lines[0] if lines else None
            raise DocsError(book.page, line, problem, got=name, wanted=nearest_names(name, list(known)))
    return [known[name] for name in names]
