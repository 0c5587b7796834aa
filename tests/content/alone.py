"""Runs each file as ``python FILE`` would, in a fork of a Python that has imported torch and matplotlib.

It knows nothing of livedocs. For each file that has ended it prints a line of JSON: ``file``, ``exit``, ``stdout`` and
``stderr``.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import sys
import tempfile
import traceback

import matplotlib.pyplot  # noqa: F401
import torch


def warm_up() -> None:
    """Have torch import the parts of itself that it imports when they are used for the first time."""
    one = torch.ones(1)
    torch.testing.assert_close(one, one)
    torch.func.grad(torch.sum)(one)
    torch.func.jvp(torch.sin, (one,), (one,))
    gc.freeze()  # a collection in a fork need not walk, and so copy, what it shares


def start(file: str, streams: list) -> int:
    """Run a file in a fork of this process; its process id."""
    pid = os.fork()
    if pid:
        return pid
    for number, stream in enumerate(streams, 1):
        os.dup2(stream.fileno(), number)
    sys.argv, sys.path[0] = [file], os.path.dirname(os.path.abspath(file))
    code = 0
    try:
        runpy.run_path(file, run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main(files: list[str]) -> None:
    warm_up()
    waiting, running = files[::-1], {}
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            file, streams = waiting.pop(), [tempfile.TemporaryFile("w+", encoding="utf-8") for _ in range(2)]
            running[start(file, streams)] = file, streams
        pid, status = os.wait()
        file, streams = running.pop(pid)
        texts = []
        for stream in streams:
            stream.seek(0)
            texts.append(stream.read())
            stream.close()
        answer = {"file": file, "exit": os.waitstatus_to_exitcode(status), "stdout": texts[0], "stderr": texts[1]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(0)  # no teardown of libraries, and no reports of theirs
