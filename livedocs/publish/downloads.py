"""One zip of all that a reader needs of the built site, away from a server.

docs/assets/offline.js does the rest: it names the files behind links and runs the search without a worker.
"""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

from livedocs.publish import search

ARCHIVE = "pytorch-gradients.zip"
_SERVER_ONLY = {
    ARCHIVE,
    "404.html",
    "_headers",
    "robots.txt",
    "sitemap.xml",
    "sitemap.xml.gz",
    search.INDEX,
    search.SECTIONS,
}
_DEVELOPERS = ".map"  # what only the theme's developers read


def write_archive(site: Path, *, whole: bool = True) -> Path:
    """Zip what a reader needs of a built site. The same files give the same bytes: no dates, one order.

    Args:
        site: the built site.
        whole: False for a site that is built again with every save: its zip says where the whole one comes from.
    """
    archive = site / ARCHIVE
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        if not whole:
            _add(target, "README.txt", b"make build writes the whole site into this file; make serve does not.\n")
            return archive
        for path in sorted(site.rglob("*")):
            name = path.relative_to(site).as_posix()
            if not (path.is_dir() or name in _SERVER_ONLY or path.suffix == _DEVELOPERS):
                _add(target, name, path.read_bytes())
    return archive


def _add(target: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add a file that depends on nothing but its name and content."""
    entry = zipfile.ZipInfo(f"{PurePosixPath(ARCHIVE).stem}/{name}", date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # Unix, also where this runs on Windows: the rights below are Unix's
    entry.external_attr = 0o100644 << 16
    target.writestr(entry, content)
