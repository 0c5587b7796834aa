"""Where things stand in the site: from a page's source to its address, to links between pages, and to the menu."""

from __future__ import annotations

import posixpath
from typing import Any


def notebook_uri(source: str, destination: str) -> str:
    """Where the notebook of a page stands in the site: beside the page, under its name.

    Args:
        source: the page's file below the folder of pages.
        destination: its HTML file in the site.
    """
    name = posixpath.splitext(posixpath.basename(source))[0]
    return posixpath.join(posixpath.dirname(destination), name + ".ipynb")


def relative(target: str, here: str) -> str:
    """The address of ``target`` as a link on the page at ``here``; a folder ends in ``/``."""
    found = posixpath.relpath(target or ".", posixpath.dirname(here) or ".")
    return found + "/" if target.endswith("/") or not target else found


def menu_sections(nav: list | None) -> dict[str, str]:
    """Each page of the menu (``nav`` in mkdocs.yml) with the title of the section it is in, or its own, in order."""
    found: dict[str, str] = {}

    def walk(entry: Any, title: str) -> None:
        if isinstance(entry, str):
            found[entry] = title
        elif isinstance(entry, dict):
            for name, below in entry.items():
                walk(below, title or name)
        elif isinstance(entry, list):
            for below in entry:
                walk(below, title)

    walk(nav, "")
    return found
