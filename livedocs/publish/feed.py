"""The changelog as an Atom feed: one entry for each date."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from urllib.parse import urljoin

from bs4 import BeautifulSoup

from livedocs.errors import DocsError

FEED = "feed.xml"
_ATOM = "http://www.w3.org/2005/Atom"


def of_changelog(html: str, where: str, url: str, site_url: str, name: str) -> str:
    """The feed (RFC 4287).

    Args:
        html: the page, rendered: a heading of the second order for each date (``26 November 2026``), the newest first.
        where: the page in messages.
        url: the address of the page.
        site_url: the address of the site.
        name: of the site.

    Raises:
        DocsError: for a heading that is no date.
    """
    soup = BeautifulSoup(html, "html.parser")
    for link in soup.find_all("a", href=True):
        link["href"] = urljoin(url, link["href"])
    entries = []
    for heading in soup.find_all("h2"):
        for mark in heading.find_all("a", class_="headerlink"):
            mark.decompose()
        title = heading.get_text(strip=True)
        try:
            day = datetime.strptime(title, "%d %B %Y").replace(tzinfo=UTC)
        except ValueError:
            wanted = "a date, such as 26 November 2026"
            raise DocsError(where, None, "a heading of the changelog is no date", got=title, wanted=wanted) from None
        below = []
        for part in heading.next_siblings:
            if part.name == "h2":
                break
            below.append(str(part))
        entries.append((title, day.strftime("%Y-%m-%dT%H:%M:%SZ"), f"{url}#{heading['id']}", "".join(below).strip()))
    feed = ET.Element("feed", xmlns=_ATOM)
    _add(feed, "title", f"{name}: what is new")
    _add(feed, "id", url)
    ET.SubElement(feed, "link", rel="self", href=urljoin(site_url, FEED))
    ET.SubElement(feed, "link", rel="alternate", type="text/html", href=url)
    _add(feed, "updated", entries[0][1] if entries else "1970-01-01T00:00:00Z")
    _add(ET.SubElement(feed, "author"), "name", name)
    for title, day, address, content in entries:
        entry = ET.SubElement(feed, "entry")
        _add(entry, "title", title)
        _add(entry, "id", address)
        ET.SubElement(entry, "link", rel="alternate", type="text/html", href=address)
        _add(entry, "updated", day)
        _add(entry, "content", content).set("type", "html")
    ET.indent(feed)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(feed, encoding="unicode") + "\n"


def _add(parent: ET.Element, tag: str, text: str) -> ET.Element:
    child = ET.SubElement(parent, tag)
    child.text = text
    return child
