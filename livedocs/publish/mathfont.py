"""The font of the formulas: STIX Two Math (SIL Open Font License), cut down to the glyphs that the site uses.

The package ziamath ships it.
"""

from __future__ import annotations

import functools
import io
from importlib.util import find_spec
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont


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
    options.name_IDs += [13, 14]  # the license, which the font asks to stay with it
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
