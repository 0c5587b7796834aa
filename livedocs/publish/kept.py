"""Keeps what a build has rendered for the next one, while it is made of the same: in this process, and on disk.

MkDocs renders all pages again for one that was saved. What a page is made of is said by a signature: its Markdown, the
snippets that it includes, the rules that it shows, the names of all pages, mkdocs.yml, and the code that renders. What
is made of a rendered page is kept as well: its template, filled; what the search reads of it; its faults; its notebook.
"""

from __future__ import annotations

import copy
import logging
import os
import traceback
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import TemplateNotFound

from livedocs.errors import DocsError
from livedocs.pages.page import Page
from livedocs.run.store import Store, digest


@dataclass
class Rendered:
    """What rendering a page gives: to MkDocs (content, contents, title, anchors, links), and to us (page).

    ``toc`` is a list of entries: id, title, level, and the entries below it. ``anchors`` is None for a notebook:
    mkdocs-jupyter sets the title itself, and no anchors.
    """

    content: str
    toc: list[dict[str, Any]]
    title: str | None
    anchors: list[str] | None
    links: dict[str, dict[str, str]]
    page: dict[str, Any]


class Kept:
    """What earlier builds have made.

    Args:
        root: the project's root.
        store: keeps them between processes.
    """

    def __init__(self, root: Path, store: Store) -> None:
        self.root = root
        self.store = store
        self.common = ""  # what all that ``lasting`` keeps depends on; each build sets it
        self._pages: dict[str, tuple[str, Rendered]] = {}
        self._made: dict[Hashable, tuple[Hashable, Any]] = {}

    def once(self, name: Hashable, made_of: Hashable, make: Callable[[], Any]) -> Any:
        """What ``make`` gave when it was last called under this name, if that was of the same; for this process."""
        known = self._made.get(name)
        if known is None or known[0] != made_of:
            known = self._made[name] = made_of, make()
        return known[1]

    def lasting(self, subject: str, made_of: Iterable[str], make: Callable[[], Any]) -> Any:
        """What ``make`` gave, if that was of the same; for later processes too, so it must be what JSON holds.

        Args:
            subject: a name for it, a path below ``made/`` in the store.
            made_of: what it depends on, beside ``common``.
            make: makes it.
        """
        found = self.find(subject, key := self.key(made_of))
        if found is None:
            self.keep(subject, key, found := make())
        return found

    def key(self, made_of: Iterable[str]) -> str:
        """What ``find`` and ``keep`` want for something that is made of these texts."""
        return digest(self.common, *made_of)

    def find(self, subject: str, key: str) -> Any:
        """What was kept under a key, or None."""
        known = self._made.get(subject)
        if known is not None and known[0] == key:
            return known[1]
        stored = self.store.get(self.root, f"made/{subject}", key)
        if stored is None:
            return None
        self._made[subject] = key, stored[1]
        return stored[1]

    def keep(self, subject: str, key: str, made: Any) -> None:
        """Keep what was made: in this process, and on disk."""
        self._made[subject] = key, made
        self.store.put(f"made/{subject}", key, {}, made)

    def render(self, theirs: Any, page: Page, signature: str | None, render: Callable[[], None], toc: Callable) -> None:
        """Render a page, or give MkDocs and us what that gave before.

        A page whose rendering warned is rendered again each time: its warning must be heard each time.

        Args:
            theirs: MkDocs' page.
            page: ours, which takes what rendering gathers.
            signature: equal for two builds exactly if the rendering must be; None if it is not to be kept.
            render: MkDocs' own rendering of ``theirs``.
            toc: makes MkDocs' table of contents of our entries.
        """
        uri = theirs.file.src_uri
        subject = f"pages/{uri}"
        if signature is None:
            render()
            return
        known = self._pages.get(uri)
        found = known[1] if known and known[0] == signature else None
        if found is None:
            stored = self.store.get(self.root, subject, signature)
            found = Rendered(**stored[1]) if stored else None
        if found is None:
            with _warnings() as warned:
                render()
            found = _of(theirs, page)
            if warned:
                self._pages.pop(uri, None)
                return
            self.store.put(subject, signature, {}, vars(found))
        else:
            _give(found, theirs, page)
            theirs.toc = toc(copy.deepcopy(found.toc))  # others write into it
        self._pages[uri] = signature, found


def _of(theirs: Any, page: Page) -> Rendered:
    """What a rendering has left in MkDocs' page and in ours."""
    anchors = theirs.present_anchor_ids
    return Rendered(
        theirs.content,
        list(map(_entry, theirs.toc)),
        theirs.title if anchors is None else theirs._title_from_render,
        None if anchors is None else sorted(anchors),
        {file.src_uri: links for file, links in (theirs.links_to_anchors or {}).items()},
        page.gathered(),
    )


def _entry(item: Any) -> dict[str, Any]:
    return {"id": item.id, "title": item.title, "level": item.level, "children": list(map(_entry, item.children))}


def _give(found: Rendered, theirs: Any, page: Page) -> None:
    """Put a rendering into MkDocs' page and into ours."""
    theirs.content = found.content
    if found.anchors is None:
        theirs.title = found.title
    else:
        theirs._title_from_render = found.title
        theirs.present_anchor_ids = set(found.anchors)
    theirs.links_to_anchors = found.links  # by the names of files: who calls this knows them
    page.take(found.page)


class _Counter(logging.Handler):
    """Notes whether there were warnings."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(record.getMessage())


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """The warnings that MkDocs logs inside the block, also those that nobody else is to hear (``mkdocs --quiet``)."""
    logger, counter = logging.getLogger("mkdocs"), _Counter()
    level, others = logger.level, list(logger.handlers)

    def heard(record: logging.LogRecord) -> bool:
        return record.levelno >= level

    for handler in others:
        handler.addFilter(heard)
    logger.addHandler(counter)
    logger.setLevel(min(level, logging.WARNING))
    try:
        yield counter.seen
    finally:
        logger.setLevel(level)
        logger.removeHandler(counter)
        for handler in others:
            handler.removeFilter(heard)


class KeptTemplate:
    """A template that gives again what it gave for a page in which nothing changed.

    Args:
        template: the template.
        kept: what earlier builds have made.
        shared: what all pages depend on: the menu, mkdocs.yml, the templates.
    """

    def __init__(self, template: Any, kept: Kept, shared: str) -> None:
        self.template, self.kept, self.shared = template, kept, shared

    def render(self, context: dict) -> str:
        """The filled template.

        Raises:
            DocsError: for whatever happens in the template, with its file and line.
        """
        page = context.get("page")
        if page is None:  # the page for lost addresses
            return self._fill(context)
        toc = [(item.title, item.id) for item in page.toc]
        made_of = self.shared, page.content, str(page.title), repr(page.meta), repr(toc), repr(context.get("notebook"))
        return self.kept.lasting(f"filled/{page.file.src_uri}", made_of, lambda: self._fill(context))

    def _fill(self, context: dict) -> str:
        with in_templates(self.kept.root, is_filled=True):
            return self.template.render(context)


@contextmanager
def in_templates(root: Path, *, is_filled: bool = False) -> Iterator[None]:
    """Tell what happens in a template with its file and line.

    Args:
        root: the project's root.
        is_filled: False where a template is looked for: that there is none MkDocs tells, or an include ignores.

    Raises:
        DocsError: for any other exception inside the block.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, TemplateNotFound) and not is_filled:
            raise
        frames = traceback.extract_tb(error.__traceback__)  # jinja has put the templates' own lines in it
        where = [(frame.filename.removeprefix(f"{root}{os.sep}"), frame.lineno) for frame in frames]
        name, line = next((one for one in reversed(where) if one[0].startswith("overrides")), where[-1])
        got = f"{type(error).__name__}: {error}"
        raise DocsError(name, line, "a template cannot be filled", got=got, wanted="one that can") from None


def digest_of_folder(folder: Path) -> str:
    """What the files below a folder hold, and what they are called."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return digest(*(part for path in files for part in (path.relative_to(folder).as_posix(), path.read_bytes())))
