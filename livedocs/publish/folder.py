"""The site folder, all or nothing: a build goes into a folder beside it, which takes its place when all is well."""

from __future__ import annotations

import shutil
from pathlib import Path

from livedocs.errors import DocsError


class SiteFolder:
    """Where the site is to be.

    Args:
        place: the folder that readers, or a host, know.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        self.partial = place.with_name(place.name + ".partial")

    def begin(self) -> Path:
        """An empty folder beside the site folder, for the build.

        Raises:
            DocsError: if there can be no folder.
        """
        try:
            if self.place.exists() and not self.place.is_dir():
                raise NotADirectoryError(None, "it is a file")
            shutil.rmtree(self.partial, ignore_errors=True)
            self.partial.mkdir(parents=True)
        except OSError as error:
            raise self._unwritable(error) from None
        return self.partial

    def publish(self) -> None:
        """Put the finished build in its place.

        Raises:
            DocsError: if the folder that is there cannot be moved.
        """
        old = self.place.with_name(self.place.name + ".old")
        try:
            shutil.rmtree(old, ignore_errors=True)
            if self.place.exists():
                self.place.rename(old)
            self.partial.rename(self.place)
            shutil.rmtree(old, ignore_errors=True)
        except OSError as error:
            raise self._unwritable(error) from None

    def discard(self) -> None:
        """Leave nothing half-made behind."""
        shutil.rmtree(self.partial, ignore_errors=True)

    def _unwritable(self, error: OSError) -> DocsError:
        return DocsError(
            str(self.place),
            None,
            "the site folder cannot be written",
            got=error.strerror or str(error),
            wanted="a folder that can be made here (site_dir in mkdocs.yml, or --site-dir)",
        )
