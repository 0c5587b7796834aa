"""Puts the sites that several PyTorch releases built into one tree, with a switch between the releases on every page.

The first release is the root of the tree, so that its addresses stay when the next one takes its place. Each release,
that one too, has a folder for links that are to stay with it. Search engines see the root: pages of other releases name
it as their canonical address, and the sitemap is the root's.

    python -m livedocs.publish.versions published 2.15=site 2.13=site-2.13
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from livedocs.errors import DocsError
from livedocs.publish import policy
from livedocs.publish.folder import SiteFolder
from livedocs.publish.inventory import FUNCTIONS

ROOT_ONLY = ("404.html", "_headers", "robots.txt", "sitemap.xml", "sitemap.xml.gz")  # what hosts and robots read there
RELEASE = re.compile(r"\d+\.\d+")
_PLACE = re.compile(r"(?=<form [^>]*\bdata-palette\b)")  # in the header, before the button of the palette
_SCOPE = re.compile(r'(?<=__md_scope=new URL\(")(?=[^"]*",location)')
_CANONICAL = re.compile(r'(?<=<link rel="canonical" href=")[^"]*|(?<=<meta property="og:url" content=")[^"]*')


@dataclass(frozen=True)
class Release:
    """A release and the site that it built: the folder, and the names of its pages in it."""

    name: str
    site: Path
    pages: frozenset[str]


def join(place: Path, sites: Mapping[str, Path]) -> None:
    """Put sites into one tree, which takes its place when all is well.

    Args:
        place: the folder of the tree.
        sites: the folder of each release's site, the default release first.

    Raises:
        DocsError: for a release without a site, for a page that has no place for the switch, and if the tree cannot
            be written.
    """
    releases = [_read(name, site) for name, site in sites.items()]
    folder = SiteFolder(place)
    tree = folder.begin()
    try:
        shutil.copytree(releases[0].site, tree, dirs_exist_ok=True)
        for release in releases:
            inside = tree / release.name
            shutil.copytree(release.site, inside, ignore=shutil.ignore_patterns(*ROOT_ONLY))
            for page in sorted(release.pages):
                _rewrite(inside / page, page, release, releases, inside=True)
            policy.enforce(inside)  # one of its inline scripts is another one now
        for page in sorted(releases[0].pages):
            _rewrite(tree / page, page, releases[0], releases, inside=False)
        folder.publish()
    except BaseException:
        folder.discard()
        raise


def _read(name: str, site: Path) -> Release:
    if not (site / "index.html").is_file():
        raise DocsError(str(site), None, f"no site of {name}", got="no index.html", wanted="a folder that was built")
    own = (path for path in site.rglob("*.html") if not path.is_relative_to(site / FUNCTIONS))  # those lead to others
    pages = {path.relative_to(site).as_posix() for path in own}
    return Release(name, site, frozenset(pages - set(ROOT_ONLY)))


def _rewrite(path: Path, page: str, release: Release, releases: Sequence[Release], *, inside: bool) -> None:
    """Give a page the switch, and one in a release's folder the canonical address and the settings of the root."""
    text = path.read_text(encoding="utf-8")
    text, found = _PLACE.subn(switch(page, release, releases, inside=inside), text, count=1)
    if not found:
        raise DocsError(
            f"{release.name}/{page}", None, "no place for the switch", got="none", wanted="a palette's form"
        )
    if inside:
        # What a reader has chosen, such as the palette, is kept for the whole tree.
        text = _SCOPE.sub("../", text)
        if page in releases[0].pages:
            text = _CANONICAL.sub(lambda match: _canonical(match[0], page, release), text)
    path.write_text(text, encoding="utf-8", newline="\n")


def _canonical(address: str, page: str, release: Release) -> str:
    """The address of a page in the root, of its address in a release's folder or in the root."""
    own = _address(page)
    return (
        address.removesuffix(f"{release.name}/{own}") + own if address.endswith(f"/{release.name}/{own}") else address
    )


def switch(page: str, release: Release, releases: Sequence[Release], *, inside: bool) -> str:
    """The switch of a page: links to the same page of each release, or to its home where the page is not there.

    Args:
        page: its file, below the site's folder.
        release: the one that built it.
        releases: all of them, the one in the root first.
        inside: True for a page in the folder of its release, False for one in the root.
    """
    up = "../" * (page.count("/") + inside)
    entries = []
    for other in releases:
        folder = "" if other is releases[0] else f"{other.name}/"
        link = up + folder + (_address(page) if page in other.pages else "") or "./"
        current = ' aria-current="true"' if other is release else ""
        note = " (newest)" if other is releases[0] else ""
        entries.append(f'<li><a href="{escape(link)}"{current}>PyTorch {other.name}{note}</a></li>')
    name = f'<summary title="Another release"><span>PyTorch </span>{release.name}</summary>'
    return f'<details class="releases">{name}<ul>{"".join(entries)}</ul></details>'


def _address(page: str) -> str:
    """The address of a page, below that of its site."""
    return page.removesuffix("index.html") if page == "index.html" or page.endswith("/index.html") else page


def main(arguments: Sequence[str]) -> None:
    """The command line.

    Raises:
        SystemExit: for arguments that do not fit, and for what ``join`` says.
    """
    pairs = [argument.partition("=")[::2] for argument in arguments[1:]]
    names = [name for name, _ in pairs]
    if not pairs or not all(RELEASE.fullmatch(name) and site for name, site in pairs) or len({*names}) < len(names):
        raise SystemExit("usage: python -m livedocs.publish.versions FOLDER 2.15=SITE 2.13=SITE …: each release once")
    try:
        join(Path(arguments[0]), {name: Path(site) for name, site in pairs})
    except DocsError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main(sys.argv[1:])
