"""The one process that imports torch, and lends it to a child per job.

It reads a job a line (JSON) on standard input and answers each with a line on standard output. Where
``fork`` exists a child starts with torch already imported; elsewhere the same code runs in a
spawned process. It ends when its standard input does, so it cannot outlive its parent.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import signal
import sys
import time
import warnings
from collections import deque
from multiprocessing.connection import wait

from livedocs import worker

# A child ends itself at its time limit; this is how long it may take over that.
GRACE = 3.0
CHILDREN = min(4, os.cpu_count() or 1)


class Helper:
    """Runs jobs in children, a few at a time.

    Args:
        method: ``"fork"`` or ``"spawn"``.
        answers: where a line goes for each job that has ended.
    """

    def __init__(self, method: str, answers) -> None:
        self.context = multiprocessing.get_context(method)
        self.answers = answers
        self.waiting: deque[dict] = deque()
        self.running: dict[int, tuple] = {}  # sentinel to child, job, deadline
        self.imported: set[str] = set()

    def serve(self) -> None:
        """Work until standard input ends: then nobody waits for an answer any more."""
        rest = b""
        while True:
            ready = wait([*self.running, 0], timeout=self._patience())
            if 0 in ready:
                data = os.read(0, 1 << 16)
                if not data:
                    break
                *lines, rest = (rest + data).split(b"\n")
                self.waiting.extend(json.loads(line) for line in lines)
            self._end(ready)
            while self.waiting and len(self.running) < CHILDREN:
                self._start(self.waiting.popleft())

    def stop(self) -> None:
        """End the children that still run."""
        for child, _, _ in self.running.values():
            child.kill()
            child.join()
            _end_group(child.pid)

    def _patience(self) -> float | None:
        deadlines = [deadline for _, _, deadline in self.running.values()]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _start(self, job: dict) -> None:
        if self.context.get_start_method() == "fork":
            self.import_(job["uses"])
        child = self.context.Process(target=worker.run, args=(job,))
        child.start()
        self.running[child.sentinel] = child, job, time.monotonic() + job["limit"] + GRACE

    def _end(self, ready: list) -> None:
        """Answer for the children that have ended, and end those that are past their time."""
        now = time.monotonic()
        for sentinel, (child, job, deadline) in list(self.running.items()):
            hung = sentinel not in ready and now >= deadline
            if sentinel not in ready and not hung:
                continue
            if hung:
                child.kill()
            child.join()
            del self.running[sentinel]
            answer = {"id": job["id"], "exit": child.exitcode, "hung": hung, "left_behind": _end_group(child.pid)}
            self.answers.write(json.dumps(answer) + "\n")
            self.answers.flush()

    def import_(self, uses: list[str]) -> None:
        """Import what a job uses before its child is forked: once, and not in every child."""
        new = [name for name in IMPORTS if name in uses and name not in self.imported]
        for name in new:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a library's own warnings are not a snippet's
                IMPORTS[name]()
            self.imported.add(name)
        if new:
            gc.freeze()  # a child's collections need not walk, and so copy, what is shared with it


def _torch() -> None:
    import torch  # noqa: F401


def _matplotlib() -> None:
    import matplotlib.pyplot as plt

    plt.switch_backend(os.environ["MPLBACKEND"])


def _testing() -> None:
    import torch

    torch.testing.assert_close(torch.ones(1), torch.ones(1))


def _func() -> None:
    import torch

    torch.func.grad(torch.sum)(torch.ones(1))
    torch.func.jvp(torch.sin, (torch.ones(1),), (torch.ones(1),))


def _rules() -> None:
    import sympy  # noqa: F401

    import livedocs.measure.derive  # noqa: F401


# What jobs may use, in the order of import. Torch imports parts of itself only when they are used for the first
# time: those are used here, once.
IMPORTS = {"torch": _torch, "matplotlib": _matplotlib, "torch.testing": _testing, "torch.func": _func, "rules": _rules}


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
    os.environ["MPLBACKEND"] = "module://livedocs.backend"
    helper = Helper(method, answers)
    if method == "fork":
        helper.import_(["torch"])
    helper.serve()
    helper.stop()
    os._exit(0)  # nothing to save: no teardown of libraries, and no reports of theirs


if __name__ == "__main__":
    main()
