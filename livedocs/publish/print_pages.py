"""Puts all pages of a chapter on one page, for paper: ``kinks/print/`` holds what ``kinks/`` has.

A chapter is a section of the menu, with tabs a section in one of them, that has more than one page beside the list of
them. Its print page is a page like any other, so the theme and all other steps of the build treat it as one; only its
content is taken from the pages. Ids get the name of the page that they come from, links among the pages become links
inside, and headings move one level down.
"""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from livedocs.errors import DocsError
from livedocs.publish.addresses import relative

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
_IDS = ("id", "for", "headers", "list", "aria-labelledby", "aria-describedby", "aria-controls", "aria-owns")
_LINKS = ("href", "src", "xlink:href")
# Of the tags of a page one in ten has something to rewrite. In an attribute < and > are always escaped.
_TAG = re.compile(
    r"<(/?)(?:(h[1-5])(?=[\s>])|(?=[^<>]*(?:\s(?:" + "|".join((*_IDS, *_LINKS)) + r")=|<input|url\(#)))([^<>]*)>"
)
_ATTRIBUTE = re.compile(r'(?<=\s)([\w:-]+)="([^"]*)"')
_MARK = re.compile(r"<!-- part (\S+) -->(.*?)<!-- end of part -->", re.DOTALL)


@dataclass(frozen=True)
class Part:
    """A page of a chapter: its file below the folder of pages, and its address."""

    source: str
    url: str

    @property
    def name(self) -> str:
        """Its id on the print page. No slug holds two hyphens in a row, so ``name--slug`` is unique."""
        return posixpath.splitext(self.source)[0].replace("/", "-")


@dataclass(frozen=True)
class Chapter:
    """A section of the menu with more than one page, and the page that holds them all: pages as MkDocs has them.

    ``lists`` are pages of the section that list the others: they are not for paper, where a list stands at the top.
    """

    pages: list[Any]
    whole: Any
    lists: list[Any] = field(default_factory=list)

    @property
    def all(self) -> list[Any]:
        """The pages that lead to the print page."""
        return [*self.pages, *self.lists]

    @property
    def parts(self) -> list[Part]:
        """Its pages, as this module knows them."""
        return [Part(page.file.src_uri, page.url) for page in self.pages]

    def fill(self) -> None:
        """Give the print page its content, once every page has its own."""
        content = [(part, str(page.title), page.content) for part, page in zip(self.parts, self.pages, strict=True)]
        self.whole.content = with_parts(self.whole.content, content)
        self.whole.canonical_url = self.whole.abs_url = None  # the sitemap leaves out what has no address


def print_uri(title: str, sources: list[str], taken: Callable[[str], bool]) -> str:
    """The file of a chapter's print page, below the folder of pages.

    Args:
        title: the chapter's.
        sources: the files of its pages.
        taken: whether a file of this name is there.

    Raises:
        DocsError: where a page has the address that the print page needs.
    """
    folder = posixpath.commonpath([posixpath.dirname(source) for source in sources])
    uri = posixpath.join(folder or re.sub(r"\W+", "-", title.lower()).strip("-"), f"{NAME}.md")
    if taken(uri):
        raise DocsError(
            f"docs/{uri}",
            None,
            f"the print page of the chapter “{title}” needs this address",
            got="a page with this name, or another chapter in this folder",
            wanted="each chapter in a folder of its own, and another name for the page",
        )
    return uri


def source_text(title: str, count: int) -> str:
    """The Markdown of a print page, before its parts are in it."""
    return _SOURCE.format(title=title.replace('"', "”"), count=count)


def with_parts(content: str, parts: list[tuple[Part, str, str]]) -> str:
    """The content of a print page: a list of its parts, and the parts, each between comments.

    What changes ids and links waits for ``unite``: other steps may still put something into the parts.

    Args:
        content: what its Markdown gives.
        parts: each page with its title and its content.
    """
    items = "".join(f'<li><a href="#{part.name}">{html.escape(title)}</a></li>' for part, title, _ in parts)
    bodies = "".join(f"<!-- part {part.source} -->{body}<!-- end of part -->" for part, _, body in parts)
    return f'{content}<ol class="chapter-contents">{items}</ol>{bodies}'


def unite(output: str, parts: list[Part], here: str) -> str:
    """The finished HTML of a print page, at the address ``here``: its parts made into one document."""
    pages = {part.source: part for part in parts}
    inside = {part.url: part.name for part in parts}

    def united(match: re.Match[str]) -> str:
        part = pages[match[1]]
        return f'<section class="chapter-part" id="{part.name}">{_rewritten(match[2], part, inside, here)}</section>'

    return _MARK.sub(united, output)


def _rewritten(body: str, part: Part, inside: dict[str, str], here: str) -> str:
    """The HTML of a page as it stands on the print page at ``here``."""
    prefix = part.name + "--"

    def tag(match: re.Match[str]) -> str:
        close, heading, rest = match.groups()
        radio = rest.startswith("input")  # a radio group of one page is not that of the next

        def attribute(match: re.Match[str]) -> str:
            key, value = match.groups()
            if key in _IDS or (key == "name" and radio):
                value = " ".join(prefix + one for one in value.split())
            elif key in _LINKS:
                value = _link(value, part, inside, here)
            elif "url(#" in value:
                value = value.replace("url(#", f"url(#{prefix}")
            else:
                return match[0]
            return f'{key}="{value}"'

        name = f"h{int(heading[1]) + 1}" if heading else ""
        return f"<{close}{name}{_ATTRIBUTE.sub(attribute, rest)}>"

    return _TAG.sub(tag, body)


def _link(value: str, part: Part, inside: dict[str, str], here: str) -> str:
    """A link of a page as it stands on the print page: inside it where its target is there."""
    link = urlsplit(html.unescape(value))
    if link.scheme or link.netloc or link.path.startswith("/"):
        return value
    target = urljoin(_BASE + part.url, link.path).removeprefix(_BASE) if link.path else part.url
    if target in inside and not link.query:
        return f"#{inside[target]}" + (f"--{html.escape(link.fragment)}" if link.fragment else "")
    return html.escape(link._replace(path=relative(target, here)).geturl())
