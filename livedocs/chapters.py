"""Puts all pages of a chapter on one page, for paper: ``kinks/print/`` holds what ``kinks/`` has.

A chapter is a section of the navigation with more than one page. Its print page is a page like any other, so the theme
and all other steps of the build treat it as one; only its content is taken from the pages. Ids get the name of the page
that they come from, links among the pages become links inside, and headings move one level down.
"""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from livedocs.errors import DocsError

NAME = "print"

_SOURCE = """\
---
title: "{title}: the whole chapter"
description: "The {count} pages of the chapter “{title}” one after the other, on one page for printing."
robots: noindex
search:
  exclude: true
---

# {title} {{#chapter}}

All {count} pages of this chapter, for paper.
"""

_BASE = "https://site.invalid/"  # urljoin wants a host; it never leaves this module
_TAG = re.compile(r"""<(/?)([a-zA-Z][\w:-]*)((?:[^<>"']|"[^"]*"|'[^']*')*)>""")
_ATTRIBUTE = re.compile(r'([\w:-]+)="([^"]*)"')
_MARK = re.compile(r"<!-- part (\S+) -->(.*?)<!-- end of part -->", re.DOTALL)
_IDS = {"id", "for", "headers", "list", "aria-labelledby", "aria-describedby", "aria-controls", "aria-owns"}
_LINKS = {"href", "src", "xlink:href"}


@dataclass(frozen=True)
class Chapter:
    """A section of the navigation, its pages in order, and the page that holds them all."""

    title: str
    pages: list[Page]
    whole: Page

    def fill(self) -> None:
        """Give the print page its content, once every page has its own.

        The parts stand between comments. What changes ids and links waits for ``unite``: other steps may still
        put something into the parts.
        """
        items = "".join(f'<li><a href="#{_name(p)}">{html.escape(str(p.title))}</a></li>' for p in self.pages)
        parts = "".join(f"<!-- part {p.file.src_uri} -->{p.content}<!-- end of part -->" for p in self.pages)
        self.whole.content = f'{self.whole.content}<ol class="chapter-contents">{items}</ol>{parts}'
        self.whole.canonical_url = self.whole.abs_url = None  # the sitemap leaves out a page without an address

    def unite(self, output: str) -> str:
        """The finished HTML of the print page: its parts made into one document."""
        pages = {page.file.src_uri: page for page in self.pages}
        inside = {page.url: _name(page) for page in self.pages}

        def part(match: re.Match[str]) -> str:
            page = pages[match[1]]
            body = _TAG.sub(lambda tag: _rewrite(tag, page, inside, self.whole.url), match[2])
            return f'<section class="chapter-part" id="{_name(page)}">{body}</section>'

        return _MARK.sub(part, output)


def plan(nav: Navigation, files: Files, config: MkDocsConfig) -> list[Chapter]:
    """The chapters of the navigation; a print page for each is added to ``files``.

    Raises:
        DocsError: where a page has the address that a print page needs.
    """
    chapters = []
    for section in nav.items:
        pages = list(_pages(section)) if isinstance(section, Section) else []
        if len(pages) < 2:
            continue
        folder = posixpath.commonpath([posixpath.dirname(page.file.src_uri) for page in pages])
        uri = posixpath.join(folder or re.sub(r"\W+", "-", section.title.lower()).strip("-"), f"{NAME}.md")
        if files.get_file_from_path(uri) is not None:
            raise DocsError(
                f"docs/{uri}",
                None,
                f"the print page of the chapter “{section.title}” needs this address",
                got="a page with this name, or another chapter in this folder",
                wanted="each chapter in a folder of its own, and another name for the page",
            )
        source = _SOURCE.format(title=section.title.replace('"', "”"), count=len(pages))
        file = File.generated(config, uri, content=source, inclusion=InclusionLevel.NOT_IN_NAV)
        files.append(file)
        chapters.append(Chapter(section.title, pages, Page(None, file, config)))
    return chapters


def _pages(section: Section) -> Iterator[Page]:
    for child in section.children:
        if isinstance(child, Section):
            yield from _pages(child)
        elif isinstance(child, Page):
            yield child


def _name(page: Page) -> str:
    """The id of a page on the print page. No slug holds two hyphens in a row, so ``name--slug`` is unique."""
    return posixpath.splitext(page.file.src_uri)[0].replace("/", "-")


def _rewrite(tag: re.Match[str], page: Page, inside: dict[str, str], here: str) -> str:
    """A tag of ``page`` as it stands on the print page at ``here``."""
    close, name, attributes = tag.groups()
    if re.fullmatch(r"h[1-5]", name):
        name = f"h{int(name[1]) + 1}"
    prefix = _name(page) + "--"

    def attribute(match: re.Match[str]) -> str:
        key, value = match.groups()
        if key in _IDS or (key == "name" and name == "input"):  # a radio group of one page is not that of the next
            value = " ".join(prefix + one for one in value.split())
        elif key in _LINKS:
            value = _link(value, page, inside, here)
        elif "url(#" in value:
            value = value.replace("url(#", f"url(#{prefix}")
        return f'{key}="{value}"'

    return f"<{close}{name}{_ATTRIBUTE.sub(attribute, attributes)}>"


def _link(value: str, page: Page, inside: dict[str, str], here: str) -> str:
    """A link of ``page`` as it stands on the print page: inside it where its target is there."""
    link = urlsplit(html.unescape(value))
    if link.scheme or link.netloc or link.path.startswith("/"):
        return value
    target = urljoin(_BASE + page.url, link.path).removeprefix(_BASE) if link.path else page.url
    if target in inside and not link.query:
        return f"#{inside[target]}" + (f"--{html.escape(link.fragment)}" if link.fragment else "")
    moved = link._replace(path=get_relative_url(target, here))
    return html.escape(moved.geturl())
