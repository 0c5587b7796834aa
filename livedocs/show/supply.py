"""What the built site ships that others have made, with version and license, read from the installed packages."""

from __future__ import annotations

import functools
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import metadata
from importlib.util import find_spec
from pathlib import Path

from livedocs.errors import DocsError
from livedocs.show.markdown import escape_cell, table_lines
from livedocs.show.tally import add_rows

COLUMNS = ("What", "From", "License", "Where")
THEME = "mkdocs-material"
# What the theme has in its script and its style sheets. Its source maps name the packages and no license: these are
# those of the packages' own package.json. A package that is not here stops the build.
BUNDLED = {
    "clipboard": "MIT",
    "escape-html": "MIT",
    "focus-visible": "W3C",
    "material-design-color": "MIT",
    "rxjs": "Apache-2.0",
    "tslib": "0BSD",
}
ICONS = {"fontawesome": "Font Awesome", "material": "Material Design Icons", "octicons": "Octicons"}
# What writes the pages. Of these the site ships the output, and no file.
WRITERS = {
    "mkdocs": "the site",
    "Markdown": "pages",
    "pymdown-extensions": "blocks, tabs, code",
    "Pygments": "the colors of code",
    "math-core": "formulas, as MathML",
    "matplotlib": "figures",
    "sympy": "formulas of rules",
    "torch": "outputs and measured values",
}


@dataclass(frozen=True)
class Part:
    """Something that others have made: what it is, the name and version of what it comes from, and where it is."""

    what: str
    origin: str
    license: str
    where: str

    @property
    def cells(self) -> tuple[str, str, str, str]:
        return self.what, self.origin, self.license, self.where


@functools.cache
def shipped() -> tuple[Part, ...]:
    """All that stands in the site's files.

    Raises:
        DocsError: for a package in the theme's files whose license is not known.
    """
    theme = Part("Theme", _named(THEME), license_of(THEME), "templates, assets/stylesheets, assets/javascripts")
    bundled = [Part("Script and style of the theme", name, _license(name), where) for name, where in bundle().items()]
    icons = [
        Part("Icons", f"{name}, in {_named(THEME)}", _license_of_icons(folder), "templates, assets/stylesheets")
        for folder, name in ICONS.items()
    ]
    return (theme, *bundled, *icons, _font())


@functools.cache
def writers() -> tuple[Part, ...]:
    """What writes the pages."""
    return tuple(Part(what, _named(name), license_of(name), "") for name, what in WRITERS.items())


def theme_folder() -> Path:
    """Where the theme's templates and assets are installed."""
    return Path(find_spec("material").submodule_search_locations[0], "templates")


def bundle() -> dict[str, str]:
    """The packages that the theme's script and style sheets are made of, each with the files that it is in."""
    found: dict[str, list[str]] = {}
    for pattern in ("javascripts/bundle.*.map", "stylesheets/*.map"):
        for path in sorted(theme_folder().glob(f"assets/{pattern}")):
            sources = "\n".join(json.loads(path.read_text(encoding="utf-8"))["sources"])
            for name in dict.fromkeys(re.findall(r"node_modules/((?:@[^/\n]+/)?[^/\n]+)", sources)):
                found.setdefault(name, []).append(f"assets/{path.parent.name}/{path.name.removesuffix('.map')}")
    return {name: ", ".join(files) for name, files in sorted(found.items())}


def license_of(package: str) -> str:
    """The license that an installed package gives, in its own words."""
    found = metadata(package)
    text = found["License-Expression"] or found["License"] or ""
    if text and "\n" not in text and len(text) < 60:
        return text
    named = [line.rpartition(" :: ")[2] for line in found.get_all("Classifier") or () if line.startswith("License")]
    return ", ".join(named) or text.partition("\n")[0]


def _license(package: str) -> str:
    """The license of a package in the theme's files.

    Raises:
        DocsError: if it is not known.
    """
    if package not in BUNDLED:
        problem, wanted = "the theme ships a package without an entry", f"one of: {', '.join(BUNDLED)}"
        raise DocsError("livedocs/show/supply.py", None, problem, got=package, wanted=wanted)
    return BUNDLED[package]


def _named(package: str) -> str:
    found = metadata(package)
    return f"{found['Name']} {found['Version']}"


def _license_of_icons(folder: str) -> str:
    """The license of a set of icons, by the file beside them: what it says of icons, or else its first line."""
    text = next((theme_folder() / ".icons" / folder).glob("LICENSE*")).read_text(encoding="utf-8")
    found = re.search(r"^# Icons: (.*?)(?: License)? \(", text, re.MULTILINE)
    return found[1] if found else text.partition("\n")[0]


def _font() -> Part:
    """The font of the formulas, as it says of itself."""
    from fontTools.ttLib import TTFont

    fonts = Path(find_spec("ziamath").submodule_search_locations[0], "fonts")  # found, not imported: only a file of it
    names = TTFont(fonts / "STIXTwoMath-Regular.ttf", lazy=True)["name"]
    license = re.search(r"SIL Open Font License, Version [\d.]*\d", names.getDebugName(13))[0]
    origin = f"{names.getDebugName(1)} {names.getDebugName(5).split()[1]}, in {_named('ziamath')}"
    return Part("Font of the formulas", origin, license, "assets/math.woff2")


def add_tables(parent: ET.Element) -> None:
    """Add two tables: what is shipped, and what writes the pages."""
    add_rows(parent, COLUMNS, (part.cells for part in shipped()))
    add_rows(parent, ("What it writes", *COLUMNS[1:3]), (part.cells[:3] for part in writers()))


def tables_markdown() -> Iterator[str]:
    """The same tables as lines of Markdown."""
    yield from table_lines(COLUMNS, _escaped(part.cells for part in shipped()))
    yield from table_lines(("What it writes", *COLUMNS[1:3]), _escaped(part.cells[:3] for part in writers()))


def _escaped(rows: Iterable[Iterable[str]]) -> Iterator[list[str]]:
    return ([escape_cell(cell) for cell in row] for row in rows)
