"""The clean room in which one job runs: a child process with a session, streams, a folder and limits of its own.

Everything that it learns goes into files in its folder: they are still there when a snippet kills the process.

``stdout``, ``stderr``  what was written to the two streams
``trace``               faulthandler's report of a deadly signal or of a limit
``result.json``         written last: what the job's function gave, or the DocsError that it raised
"""

from __future__ import annotations

import errno
import faulthandler
import importlib
import itertools
import json
import os
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from livedocs.errors import DocsError
from livedocs.run import leftovers
from livedocs.run.limits import Limits, lower, restrict

# A snippet that prints without end must not fill the disk. Far above what a page may show.
LARGEST_FILE = 64 * 1024 * 1024
RESULT = "result.json"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # what the system says of a disk that takes no more
FULL = 75  # the exit code of a child that cannot say anything else, for want of room (EX_TEMPFAIL)
IMPORTED: list[str] = []  # files that a process of the job's own has imported, or that failed as they were imported


def run(job: dict[str, Any], folder: Path) -> None:
    """Do one job, write ``result.json``, and end this process.

    Args:
        job: ``call`` (``"module:function"``, called with the folder and ``arguments``), ``arguments`` (by name),
            ``limits`` (livedocs.run.limits), ``root`` (the project's root) and ``own`` (the file that it is about).
        folder: an empty folder.
    """
    end = os._exit  # taken now: a snippet may put something else in its place
    try:
        _run(job, folder)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        end(FULL)
    end(0)  # no atexit handlers, no waiting for threads: the job is over


def _run(job: dict[str, Any], folder: Path) -> None:
    _enter(folder, Limits(**job["limits"]))
    dumps, time_used, modules = json.dumps, time.process_time, sys.modules  # for the same reason
    known = len(modules)
    module, _, name = job["call"].partition(":")
    result: dict[str, Any] = {"error": None, "value": None}
    try:
        result["value"] = getattr(importlib.import_module(module), name)(folder, **job["arguments"])
    except DocsError as error:
        result["error"] = error.to_dict()
        IMPORTED.extend(_files_of(error))
    faulthandler.cancel_dump_traceback_later()
    result["cpu"] = round(time_used(), 3)
    # What is in its process group the helper kills; this has left the group, and would live on.
    result["left_behind"] = leftovers.end_children(own_group=False)
    result["imports"] = _project_imports(Path(job["root"]), job["own"], known, modules)
    _flush_streams()
    partial = folder / f"{RESULT}.part"
    partial.write_text(dumps(result), encoding="utf-8")
    partial.replace(folder / RESULT)  # whole or not at all


def _files_of(error: BaseException | None) -> Iterator[str]:
    """The files that an error, and those in front of it, come from: Python forgets a module that fails."""
    for _ in range(20):  # errors may stand in a ring
        if error is None:
            return
        if isinstance(error, SyntaxError) and error.filename:
            yield error.filename
        step = error.__traceback__
        while step is not None:
            yield step.tb_frame.f_code.co_filename
            step = step.tb_next
        error = error.__cause__ or error.__context__


def _flush_streams() -> None:
    """Have written what a snippet has left in its streams.

    Raises:
        OSError: if that cannot be written.
    """
    for name in ("stdout", "stderr"):
        try:
            getattr(sys, name).flush()
        except OSError:
            raise
        except Exception:  # a snippet may have closed it, or put something else there
            continue


def _enter(folder: Path, limits: Limits) -> None:
    """Make this process a clean room."""
    if hasattr(os, "setsid"):
        os.setsid()
    for number, name in ((1, "stdout"), (2, "stderr")):
        target = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(target, number)
        os.close(target)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdin = open(0, encoding="utf-8", closefd=False)
    # By lines, as on a terminal: a process that is forked must not print again what waits in a buffer.
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", newline="\n", closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", newline="\n", closefd=False)
    trace = (folder / "trace").open("wb")
    faulthandler.enable(trace, all_threads=False)
    restrict(limits, trace)
    try:
        import resource  # not on Windows
    except ImportError:
        pass
    else:
        lower(resource.RLIMIT_FSIZE, LARGEST_FILE, LARGEST_FILE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    room = folder / "room"
    room.mkdir()
    os.chdir(room)
    warnings.resetwarnings()
    warnings.simplefilter("error")
    # torch warns of its own use of torch.jit.script when forward mode is used for the first time.
    warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated", module=r"torch\.jit\._script")


def _project_imports(root: Path, own: str, known: int, modules: dict[str, Any]) -> list[str]:
    """Files of the project that the job has imported, below its root: its result depends on them too.

    Only the modules that came after the first ``known``: to touch one that is shared with the helper is to copy it.
    The glue itself counts by its code (livedocs.run.store.digest_of_glue).
    """
    inside, glue = f"{root}{os.sep}", f"{Path(__file__).parent.parent}{os.sep}"
    new = list(itertools.islice(modules.values(), known, None))
    files = {*(getattr(module, "__dict__", {}).get("__file__") for module in new), *IMPORTED}
    return sorted(
        Path(file).relative_to(root).as_posix()
        for file in files
        if isinstance(file, str)
        and file.startswith(inside)
        and not file.startswith(glue)
        and file != own
        and f"{os.sep}site-packages{os.sep}" not in file
    )
