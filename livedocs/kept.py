"""Keeps what ``mkdocs serve`` has rendered and compiled, for as long as nothing that it is made of changes.

MkDocs renders all pages again for one that was saved. What a page is made of: its Markdown, the snippets that it
includes, the rules if it shows any, the names of all pages, and mkdocs.yml.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Hashable
from dataclasses import dataclass
from types import CodeType
from typing import TYPE_CHECKING

from jinja2.bccache import Bucket, BytecodeCache

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page
    from mkdocs.structure.toc import TableOfContents

    from livedocs.extension import Book


@dataclass
class _Rendered:
    """What rendering a page gives: to MkDocs, and to the book."""

    made_of: Hashable
    content: str
    toc: TableOfContents
    title: str | None
    anchors: set[str] | None
    links: dict[str, dict[str, str]]
    shown: set[tuple[str, str]]
    placed: dict[str, str]
    glyphs: set[str]
    late: dict[str, str]


class _Warnings(logging.Handler):
    """Counts the warnings of one rendering."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1


_pages: dict[str, _Rendered] = {}


class Templates(BytecodeCache):
    """Keeps compiled templates between the builds of one process; MkDocs makes a new environment for each."""

    def __init__(self) -> None:
        self.compiled: dict[str, tuple[str, CodeType]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self.compiled.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.compiled[bucket.key] = bucket.checksum, bucket.code


TEMPLATES = Templates()


def keep(page: Page, book: Book, made_of: Hashable) -> None:
    """Have ``page.render`` give what it gave the last time, if the page is made of the same.

    A page whose rendering warned is rendered again each time: its warning must be heard each time.

    Args:
        page: the page, before it is rendered.
        book: what the rendering adds to.
        made_of: equal for two builds exactly if the rendering must be.
    """
    render = page.render

    def render_or_take(config: MkDocsConfig, files: Files) -> None:
        known = _pages.get(page.file.src_uri)
        if known is None or known.made_of != made_of:
            known = _render(page, book, made_of, lambda: render(config, files))
        page.content = known.content
        page.toc = copy.deepcopy(known.toc)  # others write into it
        if known.anchors is None:  # a notebook: mkdocs-jupyter sets the title itself, and no anchors
            page.title = known.title
        else:
            page._title_from_render = known.title
            page.present_anchor_ids = set(known.anchors)
        page.links_to_anchors = {files.get_file_from_path(uri): links for uri, links in known.links.items()}
        book.shown |= known.shown
        book.placed |= known.placed
        book.glyphs |= known.glyphs
        book.late |= known.late

    page.render = render_or_take


def _render(page: Page, book: Book, made_of: Hashable, render) -> _Rendered:
    """Render with a book that is empty but for the cards, to see what this page adds to it."""
    before = book.shown, book.placed, book.glyphs, book.late
    book.shown, book.glyphs, book.late = set(), set(), {}
    book.placed = dict(before[1])  # a second card of a rule is an error
    warnings = _Warnings()
    logging.getLogger("mkdocs").addHandler(warnings)
    try:
        render()
        links = {file.src_uri: links for file, links in (page.links_to_anchors or {}).items()}
        placed = {name: where for name, where in book.placed.items() if name not in before[1]}
        rendered = _Rendered(
            made_of,
            page.content,
            copy.deepcopy(page.toc),
            page.title if page.present_anchor_ids is None else page._title_from_render,
            page.present_anchor_ids,
            links,
            book.shown,
            placed,
            book.glyphs,
            book.late,
        )
    finally:
        logging.getLogger("mkdocs").removeHandler(warnings)
        book.shown, book.placed, book.glyphs, book.late = before
    _pages.pop(page.file.src_uri, None)
    if not warnings.count:
        _pages[page.file.src_uri] = rendered
    return rendered
