"""LaTeX as MathML, and the characters that it needs of the font.

math-core converts; what it writes as style becomes a class, which strict content policies allow.
"""

from __future__ import annotations

import functools
import html
import re
import unicodedata
import xml.etree.ElementTree as ET

from math_core import LatexError, LatexToMathML

from livedocs.measured import MeasuredRule

_CONVERTER = LatexToMathML(fancy_error=False)

# What math-core writes as style, and the class that says it. justify-items repeats text-align.
_CLASSES = {
    "text-align:left": "math-left",
    "text-align:right": "math-right",
    "text-align:center": "math-center",
    "justify-items:start": "",
    "justify-items:end": "",
    "justify-items:center": "",
    "padding-left:0": "math-tight-left",
    "padding-right:0": "math-tight-right",
    "padding-left:1em": "math-wide-left",
}


@functools.cache
def to_mathml(latex: str, *, display: bool) -> str:
    """MathML for a formula.

    Args:
        latex: the formula without its dollar signs.
        display: True for a formula on lines of its own.

    Raises:
        ValueError: for LaTeX that math-core cannot convert, and for the spacing argument of ``\\\\``,
            which math-core 0.9 would print as text.
    """
    if re.search(r"\\\\\s*\[", latex):
        raise ValueError(r"a line break with a length, \\[…]")
    try:
        mathml = _CONVERTER.convert_with_local_state(latex, displaystyle=display)
    except LatexError as error:
        raise ValueError(str(error)) from None
    mathml = re.sub(r"&(?!lt;|gt;|amp;|quot;|apos;)\w+;", lambda m: html.unescape(m[0]), mathml)
    # A line above is math-core's combining low line, which no text may begin with: the overline stretches as well.
    mathml = mathml.replace(">\u0332</mo></mover>", ">\u203e</mo></mover>")
    return re.sub(r' style="([^"]*)"', _style_to_class, mathml)


def _style_to_class(match: re.Match[str]) -> str:
    """The classes (in docs/assets/site.css) that say what a ``style`` says: strict content policies forbid that."""
    declarations = [re.sub(r"\s*:\s*", ":", d.strip()) for d in match[1].split(";") if d.strip()]
    unknown = [d for d in declarations if d not in _CLASSES]
    if unknown:
        raise ValueError(f"a style without a class: {'; '.join(unknown)}")
    return f' class="{" ".join(_CLASSES[d] for d in declarations if _CLASSES[d])}"'


# A letter to the slanted one that MathML shows for it when it stands alone in <mi> (text-transform: math-auto).
_SLANTED = {
    chr(int(unicodedata.decomposition(chr(code)).split()[1], 16)): chr(code)
    for code in (*range(0x1D434, 0x1D468), 0x1D6A4, 0x1D6A5, *range(0x1D6E2, 0x1D71C))
    if unicodedata.decomposition(chr(code))
} | {"h": "\u210e"}


@functools.cache
def glyphs_of(mathml: str) -> frozenset[str]:
    """The characters that a formula needs of the math font; code inside it is in the code font."""
    found: set[str] = set()

    def visit(element: ET.Element) -> None:
        text = element.text or ""
        if element.tag == "mi" and len(text) == 1 and element.get("mathvariant") != "normal":
            text = _SLANTED.get(text, text)
        found.update(text)
        for child in element:
            if child.tag != "code":
                visit(child)
            found.update(child.tail or "")

    visit(ET.fromstring(mathml))
    return frozenset(found)


# About how wide a character is, in em: a letter, one of a word, one of code, a fence, and an operator with its spaces.
_LETTER, _WORD, _CODE, _FENCE, _OPERATOR = 0.52, 0.5, 0.6, 0.4, 1.25
_UNSEEN = dict.fromkeys([0x2061, 0x2063])  # "applied to" and "separated", which nothing is drawn for


@functools.cache
def width_of(mathml: str) -> float:
    """About how wide a formula is, in em; in a browser it has 0.75 to 1.3 of that."""

    def measure(element: ET.Element) -> float:
        parts = [measure(child) for child in element]
        match element.tag:
            case "mfrac" | "mtable" | "munder" | "mover" | "munderover":
                return max(parts, default=0)
            case "msub" | "msup" | "msubsup":
                return parts[0] + 0.7 * max(parts[1:])
            case "mspace":
                return float(element.get("width", "0em").removesuffix("em"))
        text = (element.text or "").strip().translate(_UNSEEN)
        fence = text in "()[]{}|,⌊⌋⌈⌉‖" or element.get("lspace") == "0"
        widths = {"mo": _FENCE if fence else _OPERATOR, "mtext": _WORD, "code": _CODE, "mtd": 0}
        return widths.get(element.tag, _LETTER) * len(text) + (1 if element.tag == "mtd" else 0) + sum(parts)

    return measure(ET.fromstring(mathml))


def typeset(rule: MeasuredRule, latex: str, glyphs: set[str], *, display: bool) -> str:
    """LaTeX from a rule as MathML, in an element of its own.

    Args:
        rule: the rule that the formula is from.
        latex: the formula.
        glyphs: takes the characters of the formula.
        display: whether it stands by itself.

    Raises:
        DocsError: for LaTeX that does not convert, with the rule's name, file and line.
    """
    try:
        mathml = to_mathml(latex, display=display)
    except ValueError as error:
        problem = "its LaTeX does not convert"
        raise rule.error(problem, f"{latex}\n{error}", "LaTeX that math-core reads") from None
    glyphs.update(glyphs_of(mathml))
    tag = "div" if display else "span"
    return f'<{tag} class="math">{mathml}</{tag}>'
