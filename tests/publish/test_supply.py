"""What the built site ships that others have made: each file, package and icon has an entry with its license."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from livedocs.errors import DocsError
from livedocs.show import supply
from tests.conftest import ROOT

pytestmark = pytest.mark.site

GENERATED = {"assets/math.woff2", "assets/picture.png"}  # a font with an entry, and this site's own drawing
OTHERS = re.compile(r"copyright|\(c\) *\d{4}|@license|licen[cs]ed|/\*!|\.min\.", re.IGNORECASE)


def foreign(site: Path) -> list[str]:
    """The files in assets/ that are neither this project's own nor the theme's as it is installed."""
    found = []
    for path in sorted(path for path in (site / "assets").rglob("*") if path.is_file()):
        name = path.relative_to(site).as_posix()
        known = (ROOT / "docs" / name, supply.theme_folder() / name)
        if name not in GENERATED and not any(k.is_file() and k.read_bytes() == path.read_bytes() for k in known):
            found.append(name)
    return found


def icons(site: Path) -> Iterator[str]:
    """The drawings in style sheets, and in pages outside of what they say."""
    for path in (site / "assets").rglob("*.css"):
        yield from re.findall(r"\bd='([^']+)'", path.read_text(encoding="utf-8"))
    for name in ("index.html", "404.html", "kinks/relu/index.html"):
        page = re.sub(r"(?s)<article.*?</article>", "", (site / name).read_text(encoding="utf-8"))
        yield from re.findall(r'\bd="([^"]+)"', page)


@pytest.fixture(scope="module")
def rows(site: Path) -> list[list[str]]:
    """The first table of licenses, as the page has it."""
    page = BeautifulSoup((site / "testing/index.html").read_text(encoding="utf-8"), "html.parser")
    return [[cell.get_text() for cell in row.find_all(["td", "th"])] for row in page.select(".licenses table")[0]("tr")]


def test_every_file_is_our_own_or_has_an_entry(site: Path, rows: list[list[str]]) -> None:
    assert foreign(site) == []
    assert {"Theme", "Icons", "Font of the formulas"} < {row[0] for row in rows[1:]}
    assert all(all(cell.strip() for cell in row) for row in rows)


def test_a_file_without_an_entry_is_found(site: Path, tmp_path: Path) -> None:
    shutil.copytree(site / "assets", tmp_path / "assets")
    (tmp_path / "assets/plot.min.js").write_text("/*! someone's */", encoding="utf-8")
    (tmp_path / "assets/stylesheets/extra.css").write_text("", encoding="utf-8")
    changed = next((tmp_path / "assets/javascripts").glob("bundle.*.js"))
    changed.write_text("", encoding="utf-8")
    names = ["assets/plot.min.js", "assets/stylesheets/extra.css", changed.relative_to(tmp_path).as_posix()]
    assert foreign(tmp_path) == sorted(names)


def test_our_own_files_were_written_here() -> None:
    """A library that somebody copied into docs/ or overrides/ would say whose it is."""
    for path in (path for name in ("docs/assets", "overrides") for path in (ROOT / name).rglob("*") if path.is_file()):
        if path.name != "copyright.html":  # the foot of the page, under the theme's own name
            said = OTHERS.search(f"{path.name}\n{path.read_text(encoding='utf-8')}")
            assert said is None, f"{path.relative_to(ROOT)}: {said[0]}"


def test_every_package_in_the_theme_has_an_entry(rows: list[list[str]]) -> None:
    assert supply.bundle().keys() == supply.BUNDLED.keys(), "a package came or went with this theme"
    assert {name: license_ for _, name, license_, _ in rows if name in supply.BUNDLED} == supply.BUNDLED


def test_a_package_without_an_entry_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    supply.shipped.cache_clear()
    monkeypatch.delitem(supply.BUNDLED, "rxjs")
    with pytest.raises(DocsError, match="the theme ships a package without an entry\n *got: *rxjs"):
        supply.shipped()


def test_every_icon_is_of_a_set_that_has_an_entry(site: Path, rows: list[list[str]]) -> None:
    drawings = {
        d: path.relative_to(supply.theme_folder() / ".icons").parts[0]
        for path in (supply.theme_folder() / ".icons").rglob("*.svg")
        for d in re.findall(r'\bd="([^"]+)"', path.read_text(encoding="utf-8"))
    }
    for path in (ROOT / "overrides/.icons").glob("*.svg"):
        drawings |= dict.fromkeys(re.findall(r'\bd="([^"]+)"', path.read_text(encoding="utf-8")), "our own")
    sets = {drawings.get(d, f"no icon of the theme: {d[:60]}") for d in icons(site)}
    assert sets - {"our own"} == supply.ICONS.keys()
    assert sum(row[0] == "Icons" for row in rows) == len(supply.ICONS)


def test_licenses_are_those_of_the_installed_packages() -> None:
    assert supply.license_of("mkdocs-material") == "MIT"  # a License-Expression
    assert supply.license_of("ziamath") == "MIT"  # the older field
    assert supply.license_of("matplotlib") == "Python Software Foundation License"  # a whole text; its classifier
