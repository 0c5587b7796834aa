"""The site folder, all or nothing: a build goes into a folder beside it, which takes its place when all is well."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from livedocs.errors import DocsError
from livedocs.run.leftovers import runs

PARTIAL, OLD = ".partial.", ".old."  # between the name of the site folder and that of the build


class SiteFolder:
    """Where the site is to be.

    Each build has a folder of its own beside it, so that two builds at once do not meet: the later one stays.

    Args:
        place: the folder that readers, or a host, know.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        build = f"{os.getpid()}-{secrets.token_hex(3)}"  # another container may have the same number
        self.partial = place.with_name(f"{place.name}{PARTIAL}{build}")
        self.old = place.with_name(f"{place.name}{OLD}{build}")

    def begin(self) -> Path:
        """An empty folder beside the site folder, for the build.

        Raises:
            DocsError: if there can be no folder, or if the site folder holds what is no site's.
        """
        try:
            if self.place.exists() and not self.place.is_dir():
                raise NotADirectoryError(None, "it is a file")
            self._refuse_what_is_not_ours()
            self._sweep()
            self.partial.mkdir(parents=True)
        except OSError as error:
            raise self._unwritable(error) from None
        return self.partial

    def _refuse_what_is_not_ours(self) -> None:
        """The site folder is replaced as a whole: what somebody has put there would be gone."""
        names = sorted(entry.name for entry in self.place.iterdir()) if self.place.exists() else []
        foreign = [name for name in names if name.startswith(".") or name == "CNAME"]
        if names and "index.html" not in names:
            foreign = names
        if foreign:
            got = ", ".join(foreign[:4]) + (f" and {len(foreign) - 4} more" if len(foreign) > 4 else "")
            wanted = "an empty folder, or a site that was built before (site_dir in mkdocs.yml, or --site-dir)"
            raise DocsError(str(self.place), None, "the site folder holds what is no site's", got=got, wanted=wanted)

    def _sweep(self) -> None:
        """Remove what builds that were killed have left. One that was killed between two renames has left the site."""
        for sort in (OLD, PARTIAL):
            for folder in self.place.parent.glob(f"{self.place.name}{sort}*-*"):
                number = folder.name.rpartition(sort)[2].partition("-")[0]
                if not number.isdecimal() or runs(int(number)):
                    continue
                if sort == OLD and not self.place.exists():
                    folder.rename(self.place)
                else:
                    shutil.rmtree(folder, ignore_errors=True)

    def publish(self) -> None:
        """Put the finished build in its place.

        Raises:
            DocsError: if the folder that is there cannot be moved.
        """
        try:
            with _one_at_a_time(self.place.parent):
                if self.place.exists():
                    self.place.rename(self.old)
                self.partial.rename(self.place)
            shutil.rmtree(self.old, ignore_errors=True)
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


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Wait until no other build moves its site into this folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
