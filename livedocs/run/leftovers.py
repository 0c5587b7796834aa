"""What would be left when a process is killed: folders and processes that say whose they are, swept by the next one.

A temporary folder has the number of its process in its name, all that a builder starts has the builder's in its
environment. Processes that a snippet has detached are found as well where the system is Linux: they become children of
who looks after them. Elsewhere a session of their own hides them.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

PREFIX = "livedocs-"
MARK = "LIVEDOCS_BUILDER"  # in the environment of what a builder starts: its number, and a word for each start
SERVED, NOTE = "mkdocs_", ".livedocs-"  # MkDocs' own temporary folder for a served site, and our note in it
_SUBREAPER, _DEATH_SIGNAL = 36, 1  # prctl's numbers


def room() -> Path:
    """A new temporary folder of this process. The next builder removes it, if this process cannot."""
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))


def mark() -> str:
    """A new mark for the environment of a process that is about to be started."""
    return f"{os.getpid()}-{secrets.token_hex(4)}"


def runs(process: int) -> bool:
    """Whether there is a process of that number."""
    if not hasattr(os, "fork"):
        return True  # on Windows to ask for a process is to end it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return _fields(process)[:1] != ["Z"]  # a container may have nobody who asks how it ended


def note_served(site: Path) -> None:
    """Leave a note in the folder that MkDocs serves: should this process be killed, the next builder removes it.

    MkDocs leaves hidden files where they are when it empties the folder.
    """
    if site.name.startswith(SERVED) and site.parent == Path(tempfile.gettempdir()):
        with contextlib.suppress(OSError):  # a full disk is told by what has to be written
            (site / f"{NOTE}{os.getpid()}").touch()


def sweep() -> None:
    """Remove what processes that were killed have left: their folders, and what they had started."""
    temporary = Path(tempfile.gettempdir())
    for folder in temporary.glob(f"{PREFIX}*-*"):
        if _is_of_the_dead(folder.name.removeprefix(PREFIX)):
            shutil.rmtree(folder, ignore_errors=True)
    for note in temporary.glob(f"{SERVED}*/{NOTE}*"):
        if _is_of_the_dead(note.name.removeprefix(NOTE)):
            shutil.rmtree(note.parent, ignore_errors=True)
    _kill_marked(_is_of_the_dead)


def kill_marked(wanted: str) -> None:
    """Kill all that was started under a mark, and what that has started."""
    _kill_marked(lambda found: found == wanted)


def _is_of_the_dead(name: str) -> bool:
    """Whether a name begins with the number of a process that there is no more."""
    number = name.partition("-")[0]
    return number.isdecimal() and not runs(int(number))


def _kill_marked(is_meant: Callable[[str], bool]) -> None:
    while meant := [process for process, found in _marked() if is_meant(found)]:  # one may have forked meanwhile
        for process in meant:
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.01)


def _marked() -> Iterator[tuple[int, str]]:
    """Each process with a mark in its environment, where the system tells (Linux)."""
    key = f"{MARK}=".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        for variable in variables:
            if variable.startswith(key):
                yield int(folder.name), variable.removeprefix(key).decode(errors="replace")


def look_after_orphans() -> None:
    """From now on what a descendant of this process leaves behind becomes a child of this process (Linux)."""
    _prctl(_SUBREAPER, 1)


def end_with(parent: int) -> None:
    """Have the system end this process with its parent, which has this number (Linux)."""
    if _prctl(_DEATH_SIGNAL, signal.SIGKILL) and os.getppid() != parent:
        os._exit(1)  # it has ended already


def end_children(known: Collection[int] = (), *, own_group: bool = True) -> bool:
    """Kill the children of this process, and theirs; True if any of them still ran. Needs ``look_after_orphans``.

    Args:
        known: those that are to live.
        own_group: False to spare those that are in the process group of this one.
    """
    ran = False
    while found := [pid for pid in _children() if pid not in known and (own_group or not _in_own_group(pid))]:
        for pid in found:
            with contextlib.suppress(OSError):
                if os.waitpid(pid, os.WNOHANG) == (0, 0):
                    ran = True
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)  # its children are ours now
    return ran


def _in_own_group(pid: int) -> bool:
    try:
        return os.getpgid(pid) == os.getpgrp()
    except OSError:
        return True  # it has just ended


def _children() -> list[int]:
    """The children of this process; none where the system does not tell."""
    found: list[int] = []
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except (AttributeError, ChildProcessError):
        return found  # there are none: nearly always, and without looking at every process
    for folder in Path("/proc").glob("[0-9]*"):
        if _fields(int(folder.name))[1:2] == [str(os.getpid())]:
            found.append(int(folder.name))
    return found


def _fields(process: int) -> list[str]:
    """What the system says of a process, from its state and its parent on; nothing where it does not tell."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _prctl(option: int, value: int) -> bool:
    return sys.platform == "linux" and ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0
