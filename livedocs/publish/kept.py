"""Keeps what a build has rendered and compiled for the next build of the same process, while it is made of the same.

MkDocs renders all pages again for one that was saved. What a page is made of: its Markdown, the snippets that it
includes, the rules that it shows, the names of all pages, and mkdocs.yml.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from types import CodeType
from typing import Any

from jinja2.bccache import Bucket, BytecodeCache

from livedocs.pages.page import Page


@dataclass
class _Rendered:
    """What rendering a page gives: to MkDocs (content, contents, title, anchors, links), and to us (page)."""

    made_of: Hashable
    content: str
    toc: Any
    title: str | None
    anchors: set[str] | None
    links: dict[str, dict[str, str]]
    page: Page


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


def keep(theirs: Any, page: Page, made_of: Hashable, take: Callable[[Page], None]) -> None:
    """Have MkDocs' ``render`` of a page give what it gave the last time, if the page is made of the same.

    A page whose rendering warned is rendered again each time: its warning must be heard each time.

    Args:
        theirs: MkDocs' page, before it is rendered.
        page: ours, which takes what rendering gathers.
        made_of: equal for two builds exactly if the rendering must be.
        take: told of the page that was kept, in place of ``page``.
    """
    render = theirs.render

    def render_or_take(config: Any, files: Any) -> None:
        known = _pages.get(theirs.file.src_uri)
        if known is None or known.made_of != made_of:
            known = _render(theirs, page, made_of, lambda: render(config, files))
        else:
            known.page.project = page.project
            take(known.page)
        theirs.content = known.content
        theirs.toc = copy.deepcopy(known.toc)  # others write into it
        if known.anchors is None:  # a notebook: mkdocs-jupyter sets the title itself, and no anchors
            theirs.title = known.title
        else:
            theirs._title_from_render = known.title
            theirs.present_anchor_ids = set(known.anchors)
        theirs.links_to_anchors = {files.get_file_from_path(uri): links for uri, links in known.links.items()}

    theirs.render = render_or_take


def _render(theirs: Any, page: Page, made_of: Hashable, render: Callable[[], None]) -> _Rendered:
    """Render, and keep what that gave unless it warned."""
    warnings = _Warnings()
    logging.getLogger("mkdocs").addHandler(warnings)
    try:
        render()
    finally:
        logging.getLogger("mkdocs").removeHandler(warnings)
    rendered = _Rendered(
        made_of,
        theirs.content,
        copy.deepcopy(theirs.toc),
        theirs.title if theirs.present_anchor_ids is None else theirs._title_from_render,
        theirs.present_anchor_ids,
        {file.src_uri: links for file, links in (theirs.links_to_anchors or {}).items()},
        page,
    )
    _pages.pop(theirs.file.src_uri, None)
    if not warnings.count:
        _pages[theirs.file.src_uri] = rendered
    return rendered
