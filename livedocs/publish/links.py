"""Checks that every link inside a built site leads somewhere: to a file that is there, and to one place that is on it.

MkDocs looks at links of Markdown, and makes those of the menu. This looks at the HTML of what a page says, so that a
link in raw HTML, in a card or in a table counts too.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Container, Iterator
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

from livedocs.errors import DocsError

# A value may hold < and >, and text in it looks like a tag.
_TAG = re.compile(r"""<([a-z][\w:-]*)((?:\s(?:"[^"]*"|'[^']*'|[^"'<>])*)?)>""", re.IGNORECASE)
_VALUE = r"""\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))"""  # HTML in a page may have any of these marks
_LINK = re.compile(rf"\s(?:href|src){_VALUE}", re.IGNORECASE)
_LINKING = {"a", "img", "link", "script", "iframe", "source", "audio", "video"}
_ARTICLE = re.compile(r"<article\b.*?</article>", re.DOTALL | re.IGNORECASE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_DRAWING = re.compile(r"<svg\b.*?</svg>", re.DOTALL)  # the parts of a drawing are no places of a page
_ID = re.compile(rf"\sid{_VALUE}", re.IGNORECASE)


def check(site: Path, site_url: str, docs: Path) -> None:
    """Look at all links of all pages.

    Args:
        site: the folder of the built site.
        site_url: the address it is made for, or an empty text.
        docs: the folder of the sources, which messages name.

    Raises:
        DocsError: for the first link, in the order of the pages, that leads nowhere, and for an id that is there twice.
    """
    root = urlsplit(site_url).path.rstrip("/")
    pages = {
        path.relative_to(site).as_posix(): path.read_text(encoding="utf-8") for path in sorted(site.rglob("*.html"))
    }
    ids = {name: _values(_ID, _DRAWING.sub("", text)) for name, text in pages.items()}
    for name, found in ids.items():
        if len(found) != len(set(found)):
            twice = next(place for place, count in Counter(found).items() if count > 1)
            file, line = _source(name, twice, docs)
            wanted = "each id once on a page: a link leads to one place"
            raise DocsError(file, line, "an id that is there twice", got=twice, wanted=wanted)
    places = {name: set(_values(_ID, text)) for name, text in pages.items()}
    files = {path.relative_to(site).as_posix() for path in site.rglob("*")}
    for name, text in sorted(pages.items(), key=lambda page: "print/" in page[0]):  # which are made of the others
        said = _ARTICLE.search(text)
        for link in dict.fromkeys(_values(_LINK, said[0], _LINKING) if said else ()):
            if lost := _lost(link, name, root, files, places):
                file, line = _source(name, link, docs)
                raise DocsError(file, line, "a link that leads nowhere", got=link, wanted=lost)


def _values(attribute: re.Pattern[str], text: str, tags: Container[str] | None = None) -> list[str]:
    """What an attribute has, once for each tag that has it: of all, or of some."""
    found = (attribute.search(rest) for tag, rest in _TAG.findall(text) if tags is None or tag.lower() in tags)
    return [unescape("".join(filter(None, match.groups()))) for match in found if match]


def _lost(link: str, page: str, root: str, files: set[str], places: dict[str, set[str]]) -> str:
    """What a link of a page wants that is not there, or nothing."""
    if _ELSEWHERE.match(link):
        return ""
    path, _, place = link.partition("#")
    path = unquote(path.partition("?")[0])
    if path.startswith("/"):
        target = path.removeprefix(root).lstrip("/")
    else:
        target = f"{page.rpartition('/')[0]}/{path}" if path else page
    if path.endswith("/") or path.rpartition("/")[2] in ("", ".", "..") and path:
        target += "/index.html"
    target = posixpath.normpath(target.lstrip("/"))
    if target not in files and f"{target}/index.html" in files:
        target += "/index.html"
    if target not in files:
        return "a file of the site"
    if place and target in places and unquote(place) not in places[target]:
        return f"a heading or another place of {target}"
    return ""


def _source(name: str, link: str, docs: Path) -> tuple[str, int | None]:
    """The source of a page, and the line that holds a link, as far as they can be told."""
    stem = name.removesuffix("/index.html") if name != "index.html" else "index"
    for source in (docs / f"{stem}.md", docs / stem / "index.md", docs / f"{stem}.py"):
        if source.is_file():
            return f"docs/{source.relative_to(docs).as_posix()}", next(_lines_with(source, link), None)
    return name, None


def _lines_with(source: Path, link: str) -> Iterator[int]:
    last = unescape(link).rstrip("/").rpartition("/")[2]
    lines = source.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        if last and last in line:
            yield number
    for number, line in reversed(list(enumerate(lines, 1))):  # a heading, whose id is made of its words
        if last and "#" in line and re.sub(r"\W+", "-", line.lower()).strip("-") == last:
            yield number
