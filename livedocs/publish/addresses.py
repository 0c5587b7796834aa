"""Where things stand in the site: from a page's source to its address, to links between pages, and to the menu."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote, urljoin


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


def menu_sections(nav: list | None, *, tabs: bool = False) -> dict[str, str]:
    """Each page of the menu with the title of its chapter, or its own title where it is in none, in order.

    Args:
        nav: the menu, as mkdocs.yml has it.
        tabs: whether its top level are tabs. Then the sections in them are the chapters.
    """
    found: dict[str, str] = {}

    def walk(entry: Any, title: str, level: int) -> None:
        if isinstance(entry, str):
            found[entry] = title
        elif isinstance(entry, dict):
            for name, below in entry.items():
                is_tab = tabs and level == 1 and isinstance(below, list)
                walk(below, "" if is_tab else title or name, level)
        elif isinstance(entry, list):
            for below in entry:
                walk(below, title, level + 1)

    walk(nav, "", 0)
    return found


def address_of(link: str, page: Any, files: Any, site_url: str | None) -> str:
    """The address of what a page links to, for its notebook: on the site, or relative to where the notebook stands.

    Args:
        link: as it is written on the page.
        page: MkDocs' page.
        files: MkDocs' files.
        site_url: of the published site, if it is known.
    """
    path, mark, anchor = link.partition("#")
    source = posixpath.normpath(posixpath.join(posixpath.dirname(page.file.src_uri), unquote(path)))
    file = files.get_file_from_path(source) if path else page.file
    if file is None:  # none of the site's
        return link
    here = posixpath.dirname(page.file.dest_uri) or "."
    address = urljoin(site_url, file.url) if site_url else quote(posixpath.relpath(file.dest_uri, here))
    return address + mark + anchor if anchor else address


def with_addresses(html: str, page: Any, files: Any, lost: Callable[[str], None]) -> str:
    """A notebook's HTML with addresses for its links to ``.md`` files, as MkDocs does it on its own pages.

    Args:
        html: what mkdocs-jupyter has rendered.
        page: MkDocs' page.
        files: MkDocs' files.
        lost: told of each link that leads to no page.
    """

    def address(match: re.Match[str]) -> str:
        target = files.get_file_from_path(
            posixpath.normpath(posixpath.join(posixpath.dirname(page.file.src_uri), match[1]))
        )
        if target is None:
            lost(match[1])
            return match[0]
        return f'href="{target.url_relative_to(page.file)}{match[2] or ""}"'

    return re.sub(r'href="([^":#?]+\.md)(#[^"]*)?"', address, html)
