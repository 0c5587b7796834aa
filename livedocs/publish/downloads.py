"""One zip of all that a reader needs of the built site, away from a server.

docs/assets/offline.js does the rest: it names the files behind links and runs the search without a worker.
"""

from __future__ import annotations

import zipfile
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from livedocs.publish import search

ARCHIVE = "pytorch-gradients.zip"
_SERVER_ONLY = {ARCHIVE, "404.html", "robots.txt", "sitemap.xml", "sitemap.xml.gz", search.INDEX, search.SECTIONS}
_UNUSED = ("*.map", "assets/javascripts/lunr/*")  # for the theme's developers, and for other languages


def write_archive(site: Path) -> Path:
    """Zip what a reader needs of a built site. The same files give the same bytes: no dates, one order."""
    archive = site / ARCHIVE
    top = PurePosixPath(ARCHIVE).stem
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for path in sorted(site.rglob("*")):
            name = path.relative_to(site).as_posix()
            if path.is_dir() or name in _SERVER_ONLY or any(fnmatch(name, pattern) for pattern in _UNUSED):
                continue
            entry = zipfile.ZipInfo(f"{top}/{name}", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, also where this runs on Windows: the rights below are Unix's
            entry.external_attr = 0o100644 << 16
            target.writestr(entry, path.read_bytes())
    return archive
