"""The one process that imports torch, and lends it to a child per job.

It reads a job a line (JSON) on standard input and answers each with a line on standard output. Where
``fork`` exists a child starts with torch already imported; elsewhere the same code runs in a
spawned process. It ends when its standard input does, so it cannot outlive its parent.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

from livedocs.run import aside, child, leftovers, network
from livedocs.run.limits import Limits, asleep, cores

# A child at the end of its patience gets a signal that makes it say where it is; it may take so long over that.
GRACE = 3.0


@dataclass
class _Child:
    """A child that runs: its process, its job's number and folder, how long it may sleep, and since when it runs."""

    process: multiprocessing.Process
    number: int
    folder: Path
    patience: float
    since: float
    told: float | None = None  # when it was told to end

    def left(self) -> float:
        """Seconds that it may go on sleeping; it cannot sleep for longer than it is there."""
        now = time.monotonic()
        if self.told is not None:
            return self.told + GRACE - now
        return self.patience - asleep(self.process.pid, now - self.since)

    def end(self) -> None:
        """End it: with a signal that makes it say where it is, and if it is deaf to that, for good."""
        if self.told is None and hasattr(signal, "SIGXCPU"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGXCPU)
        else:
            _end_group(self.process.pid)  # its own processes may be all that is left of it
            self.process.kill()
        self.told = time.monotonic()


class Helper:
    """Runs jobs in children, one on each core.

    Args:
        method: ``"fork"`` or ``"spawn"``.
        answers: where a line goes for each job that has ended.
    """

    def __init__(self, method: str, answers) -> None:
        self.context = multiprocessing.get_context(method)
        self.answers = answers
        self.waiting: deque[dict] = deque()
        self.running: dict[int, _Child] = {}  # by sentinel
        self.children = cores()
        self.imported: set[str] = set()
        self.folder = leftovers.room()
        tempfile.tempdir = os.environ["TMPDIR"] = str(self.folder)  # of libraries and of children: removed with it
        # Hidden from Python, so that no output depends on it. What a snippet starts inherits it all the same.
        os.environ._data.pop(os.environ.encodekey(leftovers.MARK), None)
        leftovers.look_after_orphans()

    def serve(self) -> None:
        """Work until standard input ends: then nobody waits for an answer any more."""
        rest = b""
        while True:
            self._start_some()
            wanted = self._most_wanted()
            ready = wait([*self.running, 0], timeout=0 if wanted else self._patience())
            if 0 in ready:
                data = os.read(0, 1 << 16)
                if not data:
                    break
                *lines, rest = (rest + data).split(b"\n")
                self.waiting.extend(json.loads(line) for line in lines)
            self._end(ready)
            if wanted:
                self.import_([wanted])

    def stop(self) -> None:
        """End the children that still run, and remove what all of them left."""
        for running in self.running.values():
            running.process.kill()
            running.process.join()
            _end_group(running.process.pid)
        leftovers.end_children()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start_some(self) -> None:
        """Fill the free places with jobs whose modules are there."""
        for job in [job for job in self.waiting if self._missing(job) == []]:
            if len(self.running) >= self.children:
                break
            self.waiting.remove(job)
            self._start(job)

    def _most_wanted(self) -> str | None:
        """Of the modules that waiting jobs miss the one that most of them do: children run while it is imported."""
        wanted = Counter(name for job in self.waiting for name in self._missing(job))
        return max(wanted, key=wanted.__getitem__, default=None)

    def _missing(self, job: dict) -> list[str]:
        """What has to be imported before a child is forked for a job. A spawned child imports for itself."""
        fork = self.context.get_start_method() == "fork"
        return [name for name in job["uses"] if name not in self.imported] if fork else []

    def _patience(self) -> float | None:
        """Seconds until somebody has to be looked at: the first child that can have been asleep for too long."""
        return min((max(0.0, running.left()) for running in self.running.values()), default=None)

    def _start(self, job: dict) -> None:
        folder = self.folder / str(job["id"])
        folder.mkdir()
        answers = self.answers.fileno() if self.context.get_start_method() == "fork" else None
        process = self.context.Process(target=_child, args=(job, folder, answers, os.getpid()))
        process.start()
        patience = Limits(**job["limits"]).patience
        self.running[process.sentinel] = _Child(process, job["id"], folder, patience, time.monotonic())

    def _end(self, ready: list) -> None:
        """Answer for the children that have ended, and end those that sleep for longer than they may."""
        for sentinel, running in list(self.running.items()):
            if sentinel not in ready:
                if running.left() <= 0:
                    running.end()
                continue
            process = running.process
            process.join()
            del self.running[sentinel]
            left_behind = _end_group(process.pid)
            if not (running.folder / child.RESULT).exists():  # one that ends well has seen to what it detached
                leftovers.end_children([other.process.pid for other in self.running.values()])
            answer = {
                "id": running.number,
                "folder": str(running.folder),
                "exit": process.exitcode,
                "asleep": running.told is not None,
                "left_behind": left_behind,
            }
            self.answers.write(json.dumps(answer) + "\n")
            self.answers.flush()

    def import_(self, uses: list[str]) -> None:
        """Import what a job uses before its child is forked: once, and not in every child."""
        new = [name for name in dict.fromkeys(uses) if name not in self.imported]
        for name in new:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a library's own warnings are not a snippet's
                if name.startswith("livedocs"):
                    importlib.import_module("torch")  # so that what it brings is not taken for theirs
                with contextlib.nullcontext() if name == "torch" else aside.noting():
                    WARM.get(name, lambda name=name: importlib.import_module(name))()
            self.imported.add(name)
        if new:
            gc.freeze()  # a child's collections need not walk, and so copy, what is shared with it


def _child(job: dict, folder: Path, answers: int | None, helper: int) -> None:
    """Do a job in a child. One that is forked must not keep the helper's answers open when the helper has ended."""
    leftovers.end_with(helper)
    leftovers.look_after_orphans()
    if answers is not None:
        os.close(answers)
    network.refuse()
    child.run(job, folder)


def _matplotlib() -> None:
    import matplotlib  # noqa: F401  alone, as a snippet may import it

    with aside.noting(["matplotlib", "mpl_toolkits"]):
        import matplotlib.pyplot as plt

        plt.switch_backend(os.environ["MPLBACKEND"])
        figure, axes = plt.subplots(num="warm")  # fonts are found, and the parser of powers of ten is made, once
        axes.loglog([1, 10, 100], [1, 10, 100])
        plt.show()
    sys.modules["livedocs.run.backend"].take_figures()


def _testing() -> None:
    import torch

    torch.testing.assert_close(torch.ones(1), torch.ones(1))


def _func() -> None:
    import torch

    torch.func.grad(torch.sum)(torch.ones(1))
    torch.func.jvp(torch.sin, (torch.ones(1),), (torch.ones(1),))


# What takes more than an import: torch imports parts of itself only when they are used for the first time.
WARM: dict[str, Callable[[], None]] = {"matplotlib": _matplotlib, "torch.testing": _testing, "torch.func": _func}


def _end_group(pid: int) -> bool:
    """Kill what is left of a child's process group; True if anything was."""
    if not hasattr(os, "killpg"):
        return False
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints while it is imported is not an answer
    method = sys.argv[1] if len(sys.argv) > 1 else "fork" if hasattr(os, "fork") else "spawn"
    os.environ["MPLBACKEND"] = "module://livedocs.run.backend"
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # a kernel imports its debugger, which has something to say
    network.leave()
    helper = Helper(method, answers)
    try:
        helper.serve()
    finally:
        helper.stop()
    os._exit(0)  # nothing to save: no teardown of libraries, and no reports of theirs


if __name__ == "__main__":
    main()
