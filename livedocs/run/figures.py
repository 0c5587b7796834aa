"""The look of the site's plots: one matplotlib style, and SVG that follows the page's palette.

matplotlib writes fixed colors. The style below draws with a few marker colors, and ``to_svg``
turns each into a CSS variable (or ``currentColor``), so that one file serves light and dark. The
variables are set in docs/assets/site.css. Text stays text, in the page's font.
"""

from __future__ import annotations

import hashlib
import html
import io
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#101112"
GRID = "#c8c9ca"
CURVES = ("#1565c0", "#c62828", "#2e7d32", "#8e24aa", "#b26a00", "#00796b")
PAPER = "#ffffff"  # the fill of an open dot

_VARIABLES = {
    INK: "currentColor",
    GRID: "var(--plot-grid)",
    PAPER: "var(--plot-paper)",
    **{color: f"var(--plot-{number})" for number, color in enumerate(CURVES, 1)},
}

STYLE = {
    "figure.figsize": (4.8, 2.9),  # on a phone it shrinks by a quarter, and its text can still be read
    "figure.facecolor": "none",
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "livedocs",
    "axes.facecolor": "none",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.prop_cycle": "cycler('color', " + repr(list(CURVES)) + ")",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 2.0,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "font.size": 11.0,
}

_PLAIN = ' font-family="sans-serif"><rect width="100%" height="100%" fill="white"/>'  # the end of a file's <svg …>

_RUNS = re.compile(r"<(?:script|foreignObject)\b|<[^>]*(?:\son\w+\s*=|javascript:)", re.IGNORECASE)
_SVG = "http://www.w3.org/2000/svg"
_LINK = "{http://www.w3.org/1999/xlink}href"
ET.register_namespace("", _SVG)


def to_svg(figure: Figure) -> str:
    """The figure as an ``<svg>`` element for use inside a page: no prolog, no fixed colors.

    Ids are made unique by a digest of the drawing and its name, so that several figures can share a page, equal
    drawings of two functions too.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    root = ET.fromstring(buffer.getvalue())
    digest = "f" + hashlib.sha256(buffer.getvalue() + figure.get_label().encode()).hexdigest()[:8]  # an id is a name
    for metadata in root.findall(f"{{{_SVG}}}metadata"):
        root.remove(metadata)
    used = set(re.findall(rb'(?:url\(#|xlink:href="#)([^")]+)', buffer.getvalue()))
    for element in root.iter():
        _style_to_attributes(element)
        name = element.attrib.pop("id", None)
        if name is not None and name.encode() in used:
            element.set("id", f"{digest}-{name}")
        if _LINK in element.attrib:
            element.set("href", f"#{digest}-{element.attrib.pop(_LINK)[1:]}")
        element.attrib.pop("font-family", None)
        for key, value in element.attrib.items():
            if value.startswith("url(#"):
                element.set(key, f"url(#{digest}-{value[5:]}")
    _, _, width, height = root.attrib["viewBox"].split()
    root.set("width", f"{float(width) * 4 / 3:.0f}")  # points to CSS pixels
    root.set("height", f"{float(height) * 4 / 3:.0f}")
    root.attrib.pop("version", None)
    for defs in root.findall(f"{{{_SVG}}}defs"):  # its one <style> would reach the whole page
        for style in defs.findall(f"{{{_SVG}}}style"):
            defs.remove(style)
    _flatten(root)
    root.set("stroke-linejoin", "round")
    root.set("stroke-linecap", "butt")
    for element in root.iter():
        for key, value in element.attrib.items():
            element.set(key, _rounded(value))
        if not (element.text or "").strip():
            element.text = None
        element.tail = None
    return re.sub(r' transform="rotate\(-0 [^"]*"', "", ET.tostring(root, encoding="unicode"))


def _rounded(attribute: str) -> str:
    """Coordinates to a hundredth of a point, single spaces between them. Text is not touched: torch computed it."""
    short = re.sub(r"\d+\.\d{3,}", lambda m: f"{float(m[0]):.2f}".rstrip("0").rstrip("."), attribute)
    return re.sub(r"\s+", " ", short).strip()


def render(svg: str, alt: str) -> str:
    """A figure as HTML: the drawing is one image, and ``alt`` is its text."""
    label = html.escape(" ".join(alt.split()))
    return '<figure class="plot">' + svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1) + "</figure>"


def standalone(svg: str, alt: str) -> str:
    """A figure as an SVG file for where the site's style sheet is not: in a notebook. Fixed colors, on white."""
    fixed = {variable: color for color, variable in _VARIABLES.items()}
    drawn = re.sub(r'(?<=")(currentColor|var\(--[\w-]+\))(?=")', lambda m: fixed[m[0]], svg)
    label = html.escape(" ".join(alt.split()))
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1).replace(">", _PLAIN, 1)


def is_standalone(svg: str) -> bool:
    """Whether a file is one of ``standalone``, and nothing in it would run."""
    return _PLAIN in svg and not _RUNS.search(svg)


def themed(svg: str) -> str:
    """What ``render`` makes of a figure, from what ``standalone`` made of it."""
    drawn = re.sub(r'(?<=")#[0-9a-f]{6}(?=")', lambda m: _VARIABLES.get(m[0], m[0]), svg.replace(_PLAIN, ">", 1))
    return f'<figure class="plot">{drawn}</figure>'


def _invisible(element: ET.Element) -> bool:
    """Whether an element draws nothing: matplotlib writes the outlines of what has no background, and empty defs."""
    if element.tag == f"{{{_SVG}}}path":
        return element.get("fill") == "none" and element.get("stroke", "none") == "none" and "id" not in element.attrib
    return element.tag in (f"{{{_SVG}}}g", f"{{{_SVG}}}defs") and len(element) == 0


def _flatten(element: ET.Element) -> None:
    """Leave out what draws nothing, and groups that group for no reason: half of the elements."""
    children = []
    for child in element:
        _flatten(child)
        if child.tag == f"{{{_SVG}}}g" and not child.attrib:
            children.extend(child)
        elif not _invisible(child):
            children.append(child)
    element[:] = children


def _style_to_attributes(element: ET.Element) -> None:
    """Spell ``style`` as presentation attributes: a strict content security policy forbids the former."""
    for declaration in element.attrib.pop("style", "").split(";"):
        key, _, value = declaration.partition(":")
        key, value = key.strip(), value.strip()
        if key == "font":  # "11px 'DejaVu Sans', …": keep the size, take the page's family
            element.set("font-size", value.split()[0])
        elif key and key != "font-family":
            element.set(key, _VARIABLES.get(value.lower(), value))
