"""Turns the LaTeX of a page into MathML while the site is built: no script, no formula that appears late.

pymdownx.arithmatex (generic mode) finds the formulas, math-core converts them. The font is STIX Two Math
(SIL Open Font License), which the package ziamath ships, cut down to the glyphs that the formulas use.
"""

from __future__ import annotations

import functools
import html
import io
import xml.etree.ElementTree as ET
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from fontTools import subset
from fontTools.ttLib import TTFont
from markdown import Markdown
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString

from livedocs.errors import DocsError
from livedocs.show.mathml import glyphs_of, to_mathml

if TYPE_CHECKING:
    from livedocs.extension import Book


@functools.lru_cache(maxsize=4)
def math_font(text: str) -> bytes:
    """STIX Two Math as WOFF2, with the glyphs of ``text``, their stretched variants, and the root sign.

    ``<msqrt>`` holds no character: without U+221A its sign would vanish. Instructions for coarse screens are left
    out. So are the second drawings of every letter for subscripts and superscripts, half of all bytes: scaled letters
    are read as well. Only primes keep theirs, since the first ones are drawn raised already.
    """
    package = find_spec("ziamath").submodule_search_locations[0]  # found, not imported: only the file is wanted
    # Without the time of the build in it: two builds of one source must agree.
    font = TTFont(Path(package, "fonts", "STIXTwoMath-Regular.ttf"), recalcTimestamp=False)
    _keep_small_primes(font)
    options = subset.Options(flavor="woff2", layout_features=["ssty"], hinting=False, notdef_outline=True)
    options.name_IDs += [13, 14]  # the licence, which the font asks to stay with it
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=text + "\u221a")
    subsetter.subset(font)
    font.flavor = "woff2"
    target = io.BytesIO()
    font.save(target)
    return target.getvalue()


def _keep_small_primes(font: TTFont) -> None:
    """Of the feature ``ssty``, drawings for subscripts and superscripts, leave those of primes."""
    primes = {font.getBestCmap()[code] for code in (0x2032, 0x2033, 0x2034)}
    table = font["GSUB"].table
    features = [r.Feature for r in table.FeatureList.FeatureRecord if r.FeatureTag == "ssty"]
    for number in {index for feature in features for index in feature.LookupListIndex}:
        for part in table.LookupList.Lookup[number].SubTable:
            part.alternates = {glyph: others for glyph, others in part.alternates.items() if glyph in primes}


HEADINGS = {f"h{level}" for level in range(1, 7)}


class FormulaTreeprocessor(Treeprocessor):
    """Replaces the text of every ``.arithmatex`` element by MathML."""

    def __init__(self, md: Markdown, book: Book) -> None:
        super().__init__(md)
        self.book = book

    def run(self, root: ET.Element) -> None:
        # Headings keep theirs: the table of contents is made of them, without what stands aside.
        headings = {e for h in root.iter() if h.tag in HEADINGS for e in h.iter()}
        for element in list(root.iter()):
            if element.get("class") != "arithmatex":
                continue
            text = html.unescape(element.text or "").strip()  # arithmatex has escaped & and <
            latex, display = text[2:-2].strip(), text.startswith(r"\[")
            try:
                text = to_mathml(latex, display=display)
                mathml = ET.fromstring(text)
            except (ValueError, ET.ParseError) as error:
                raise DocsError(
                    self.book.page,
                    self._line(latex),
                    "a formula does not convert",
                    got=f"{latex}\n{error}",
                    wanted="LaTeX that math-core reads",
                ) from None
            self.book.glyphs.update(glyphs_of(text))
            element.text = None
            element.set("class", "math")
            element.set("data-search-exclude", "true")
            if element in headings or self.book.late is None:
                element.append(mathml)
            else:
                element.text = AtomicString(self.md.htmlStash.store(self.book.later(text)))

    def _line(self, latex: str) -> int | None:
        """The line of the page on which a formula starts."""
        first = latex.split("\n")[0].strip()
        for number, line in enumerate(self.book.text, self.book.offset + 1):
            if first in line:
                return number
        return None
