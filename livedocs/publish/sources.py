"""Checks sources: before anything is rendered what they say, and at the end that none has changed meanwhile."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import yaml

from livedocs.errors import DocsError

FENCE = re.compile(r"---[ \t]*\n(?P<text>.*?)^(?:---|\.\.\.)[ \t]*\n", re.M | re.S)
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # Markdown puts two of them around what it sets aside
HELD = re.compile(r"(<!--)?livedocs ?[0-9a-f]{32}(-->)?")  # what stands for markup until a page is done
MARKUP = re.compile(r"<[a-zA-Z/!]|&#?\w+;")  # a title stands in the menu, in links and in the tab: it would be markup


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_plain(value: Any) -> bool:
    return _is_text(value) and not MARKUP.search(value)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


KEYS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "title": (_is_plain, "a text without markup"),
    "description": (_is_plain, "a text without markup"),
    "summary": (_is_plain, "a text without markup"),
    "names": (_are_texts, "a list of texts"),
    "symptoms": (lambda value: isinstance(value, list), "a list"),
    "search": (lambda value: isinstance(value, dict), "a mapping, such as {boost: 0.5}"),
    "hide": (_are_texts, "a list of texts"),
    "scripts": (_are_texts, "a list of files below docs/"),
    "styles": (_are_texts, "a list of files below docs/"),
}


def check_titles(config: Mapping[str, Any], where: str) -> None:
    """Check what mkdocs.yml calls the site, its chapters and its pages: the theme's templates write it as it is.

    Args:
        config: the settings.
        where: the name of their file in messages.

    Raises:
        DocsError: for a title with markup, and for a name of the site, which stands in attributes, with a quote.
    """
    for title in _menu_titles(config["nav"]):
        if MARKUP.search(title):
            raise DocsError(where, None, "a title with markup", got=title, wanted="a text without markup")
    for name in ("site_name", "site_description"):
        if MARKUP.search(config[name] or "") or '"' in (config[name] or ""):
            raise DocsError(where, None, name, got=config[name], wanted="a text without markup and double quotes")


def _menu_titles(nav: Any) -> Iterator[str]:
    """The titles of chapters and pages in a menu."""
    for entry in nav if isinstance(nav, list) else []:
        for title, below in entry.items() if isinstance(entry, dict) else []:
            yield str(title)
            yield from _menu_titles(below)


def check(read: Callable[[], str], name: str, docs: Path) -> None:
    """Check a page's source.

    Args:
        read: gives its text.
        name: its name in messages.
        docs: the folder of pages.

    Raises:
        DocsError: for a file that is not readable UTF-8, and for front matter that says something else than it means.
    """
    try:
        text = read()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        got = f"the byte 0x{error.object[error.start]:02x}"
        raise DocsError(name, line, "a page that is not UTF-8", got=got, wanted="text in UTF-8") from None
    except OSError as error:
        raise DocsError(name, None, "a page that cannot be read", got=str(error.strerror), wanted="a file") from None
    if odd := CONTROL.search(text):
        line, got = text.count("\n", 0, odd.start()) + 1, f"U+{ord(odd[0]):04X}"
        raise DocsError(name, line, "a control character in a page", got=got, wanted="text that can be seen")
    if own := HELD.search(text):
        line, wanted = text.count("\n", 0, own.start()) + 1, "another word: the build puts something else in its place"
        raise DocsError(name, line, "a mark of the build's own in a page", got=own[0], wanted=wanted)
    if not re.match(r"---[ \t]*\n", text):
        if re.match(rf"(?:{'|'.join(KEYS)}):[ \t]", text):
            got, wanted = text.split("\n")[0], "--- on the first line"
            raise DocsError(name, 1, "front matter without its first mark", got=got, wanted=wanted)
        return
    match = FENCE.match(text)
    if match is None:
        raise DocsError(name, 1, "front matter that never ends", got="---", wanted="a second line with ---")
    check_values(_read(match["text"], name), name, docs, text)


def check_data(path: Path, name: str) -> None:
    """Check that a file which is published as it is can be read as what its name says: JSON, or XML.

    Raises:
        DocsError: for the first place where it cannot.
    """
    try:
        if path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
        elif path.suffix in (".svg", ".xml"):
            ElementTree.parse(path)
    except json.JSONDecodeError as error:
        raise DocsError(name, error.lineno, "a file that is no JSON", got=error.msg, wanted="JSON") from None
    except ElementTree.ParseError as error:
        raise DocsError(name, error.position[0], "a file that is no XML", got=error.msg, wanted="XML") from None
    except (OSError, ValueError) as error:
        raise DocsError(name, None, "a file that cannot be read", got=str(error), wanted="text in UTF-8") from None


def check_notebook(path: Path, name: str) -> None:
    """Check that a notebook which is kept as one has cells; what they hold is for who shows it.

    Raises:
        DocsError: for a file that is no notebook.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DocsError(name, None, "a notebook that cannot be read", got=str(error), wanted="JSON") from None
    if not isinstance(found, dict) or not isinstance(found.get("cells"), list) or "nbformat" not in found:
        wanted = "a mapping with cells and nbformat, as Jupyter writes it"
        raise DocsError(name, None, "a notebook without cells", got=str(found)[:80], wanted=wanted)


def check_values(values: Mapping[Any, Any], name: str, docs: Path, text: str = "") -> None:
    """Check front matter that has been read; the arguments are those of ``check``, and the text for its lines.

    Raises:
        DocsError: for an unknown key, and for a value that does not fit.
    """
    for key, value in values.items():
        line = _line_of(key, text)
        if key not in KEYS:
            raise DocsError(
                name, line, "an unknown key in front matter", got=str(key), wanted=f"one of: {', '.join(KEYS)}"
            )
        fits, wanted = KEYS[key]
        if not fits(value):
            raise DocsError(name, line, f"front matter: {key}", got=repr(value), wanted=wanted)
        for lost in (path for path in value if not (docs / path).is_file()) if key in ("scripts", "styles") else ():
            raise DocsError(name, line, f"front matter: {key}", got=f"{lost}, which is no file", wanted=wanted)


def stamps(paths: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    """When each file at these paths or below them was written, and its size; Python's own files are no sources."""
    files = (file for path in paths for file in ([path] if path.is_file() else path.rglob("*")))
    found = {file: file.stat() for file in files if file.is_file() and "__pycache__" not in file.parts}
    return {file: (stat.st_mtime_ns, stat.st_size) for file, stat in found.items()}


def check_unchanged(before: Mapping[Path, tuple[int, int]], root: Path) -> None:
    """Check that no source is another one than when the build began: a page would be of neither.

    Args:
        before: what ``stamps`` gave then.
        root: the project, for names in messages.

    Raises:
        DocsError: for the first that was changed or removed, by a snippet, a rule, a notebook, or somebody else.
    """
    for file, stamp in before.items():
        now = file.stat() if file.is_file() else None
        if now is None or (now.st_mtime_ns, now.st_size) != stamp:
            where = file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)
            got = "it was removed" if now is None else "it was written again"
            wanted = "a file that stays as it is until the site is built"
            raise DocsError(where, None, "a source changed while the site was built", got=got, wanted=wanted)


@functools.lru_cache(maxsize=1024)  # under serve that of all pages is read again after each save
def _read(text: str, name: str) -> dict[str, Any]:
    """The front matter as a mapping."""
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else None  # the first line is the fence
        got = str(getattr(error, "problem", None) or error)
        wanted = "YAML; a text with a colon stands in quotes"
        raise DocsError(name, line, "front matter that is not YAML", got=got, wanted=wanted) from None
    if not isinstance(found, dict):
        raise DocsError(name, 2, "front matter that is no mapping", got=repr(found)[:80], wanted="key: value")
    return found


def _line_of(key: Any, text: str) -> int | None:
    lines = text.split("\n")
    return next((number for number, line in enumerate(lines, 1) if re.match(rf"{re.escape(str(key))}\s*:", line)), None)
