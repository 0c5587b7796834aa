"""Notes in a job's folder which line runs now, and which line did what no message could name a line for at the end.

``line``        the line that runs now
``started``     the last one that left a process running behind it
``complained``  the first one that wrote to standard error
"""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class Progress:
    """What is noted of a file that runs in this process.

    Args:
        folder: of the job.
        other: the number of another process that runs the file's code, a kernel.
    """

    def __init__(self, folder: Path, other: Callable[[], int | None] = lambda: None) -> None:
        self._files = {
            name: os.open(folder / name, os.O_WRONLY | os.O_CREAT, 0o600) for name in ("line", "started", "complained")
        }
        self._other = other
        self._line = 0
        self._children = self._now()
        self._said = _written()
        self._complained = False
        self.closed: int | None = None  # the first line that closed standard output or error, or put another there
        self._streams = files_of_streams()

    def at(self, line: int) -> None:
        """The line before this one has ended, and this one begins."""
        before, self._children = self._children, self._now()
        if self._line and self._children - before:
            self._note("started", self._line)
        if self._line and not self._complained and _written() > self._said:
            self._complained = True
            self._note("complained", self._line)
        if self._line and self.closed is None and files_of_streams() != self._streams:
            self.closed = self._line
        self._line = line
        self._note("line", line)

    @contextmanager
    def following(self, where: str) -> Iterator[None]:
        """Note the lines of a module that is imported in this block, by the end of its file's name."""

        def call(frame: types.FrameType, event: str, argument: object) -> Callable | None:
            is_it = frame.f_code.co_name == "<module>" and frame.f_code.co_filename.endswith(where)
            return line if is_it else None

        def line(frame: types.FrameType, event: str, argument: object) -> Callable:
            if event == "line":
                self.at(frame.f_lineno)
            return line

        before = sys.gettrace()
        sys.settrace(call)
        try:
            yield
        finally:
            sys.settrace(before)
            self.at(self._line)

    def _now(self) -> set[int]:
        other = self._other()
        return (started_by(os.getpid()) | (started_by(other) if other else set())) - {other}

    def _note(self, name: str, line: int) -> None:
        os.lseek(self._files[name], 0, os.SEEK_SET)
        os.write(self._files[name], b"%-9d" % line)


def noted(folder: Path, name: str) -> int | None:
    """The line that was noted under a name of a job's folder; None if none was."""
    try:
        return int((folder / name).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def started_by(process: int) -> set[int]:
    """The processes that this one has started and not waited for; none where the system does not tell."""
    try:
        return set(map(int, Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()))
    except OSError:
        return set()


def files_of_streams() -> list[tuple[int, int] | None]:
    """What the descriptors of standard output and standard error stand for; None for one that is closed."""
    found: list[tuple[int, int] | None] = []
    for descriptor in (1, 2):
        try:
            status = os.fstat(descriptor)
        except OSError:
            found.append(None)
        else:
            found.append((status.st_dev, status.st_ino))
    return found


def _written() -> int:
    """Bytes on standard error; none where a line has closed it."""
    try:
        return os.fstat(2).st_size
    except OSError:
        return 0
