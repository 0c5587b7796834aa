"""The one process that imports torch, and lends it to a child per snippet.

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
import warnings

from livedocs import worker

# A child ends itself at its time limit; this is how long it may take over that.
GRACE = 3.0


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints while it is imported is not an answer
    method = "fork" if hasattr(os, "fork") else "spawn"
    if len(sys.argv) > 1:
        method = sys.argv[1]
    context = multiprocessing.get_context(method)
    os.environ["MPLBACKEND"] = "module://livedocs.backend"
    if method == "fork":
        _import_what_snippets_use()
    for request in sys.stdin:
        job = json.loads(request)
        answer = {"id": job["id"], **_run(context, job)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    os._exit(0)  # nothing to save: no teardown of libraries, and no reports of theirs


def _import_what_snippets_use() -> None:
    """Import torch and matplotlib, and use once what torch imports only when it is used for the first time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a library's own warnings are not a snippet's
        import matplotlib.pyplot as plt
        import torch
        import torch.func

        plt.switch_backend(os.environ["MPLBACKEND"])
        one = torch.ones(1)
        torch.testing.assert_close(one, one)
        torch.func.grad(torch.sum)(one)
        torch.func.jvp(torch.sin, (one,), (one,))
    gc.freeze()  # a child's collections need not walk, and so copy, what is shared with it


def _run(context, job: dict) -> dict:
    """Run one job in a child; tell how the child ended and whether it left others behind."""
    child = context.Process(target=worker.run, args=(job,))
    child.start()
    child.join(job["limit"] + GRACE)
    hung = child.is_alive()
    if hung:
        child.kill()
        child.join()
    return {"exit": child.exitcode, "hung": hung, "left_behind": _end_group(child.pid)}


def _end_group(pid: int) -> bool:
    """Kill what is left of a child's process group; True if anything was."""
    if not hasattr(os, "killpg"):
        return False
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
