"""What tests that kill, starve and interrupt a build share: a tiny project, and who runs in a temporary folder."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from tests import projects
from tests.conftest import WAIT

# It starts a process that would outlive it, in a session of its own, and waits for it.
SNIPPET = """# --8<-- [start:number]
import subprocess
import time

other = subprocess.Popen(["sleep", "600"], start_new_session=True)
time.sleep({seconds})
other.kill()
_ = other.wait()
print({number})
# --8<-- [end:number]
"""
PAGE = """---
title: Home
description: A number.
---
# Home

```python
--8<-- "index.py:number"
```
"""


def tiny(folder: Path) -> Path:
    """A project of one page, whose snippet imports no torch: it builds in seconds."""
    return projects.with_pages(folder, {"index.md": PAGE}, {"index.py": SNIPPET.format(number=0, seconds=0.5)})


def count(project: Path, number: int, seconds: float = 0.5) -> None:
    """Have the snippet print another number, after so many seconds."""
    (project / "snippets/index.py").write_text(SNIPPET.format(number=number, seconds=seconds), encoding="utf-8")


def temporary(folder: Path) -> dict[str, str]:
    """The environment of a process whose temporary files, and those of what it starts, are in this folder."""
    folder.mkdir(exist_ok=True)
    return {**os.environ, "NO_MKDOCS_2_WARNING": "1", "TMPDIR": str(folder)}


def inside(folder: Path) -> list[int]:
    """The processes that run with this folder as their temporary one, and what they have started."""
    wanted = f"TMPDIR={folder}".encode()
    return [pid for pid in _numbers() if any(part.startswith(wanted) for part in _read(pid, "environ").split(b"\0"))]


def children(parent: int) -> list[int]:
    """The children of a process."""
    return [pid for pid in _numbers() if _stat(pid)[1:2] == [str(parent)]]


def resident(pid: int) -> int:
    """The memory of a process, in KiB."""
    lines = _read(pid, "status").decode().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def until(condition: Callable[[], bool], otherwise: Callable[[], object]) -> None:
    """Wait for a condition; if it never holds, say what is the case instead."""
    end = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < end, otherwise()
        time.sleep(0.02)


def commands(pids: list[int]) -> list[str]:
    """What processes were started as."""
    return [_read(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace") for pid in pids]


def _numbers() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def _stat(pid: int) -> list[str]:
    """The fields of a process from its state on; none for one that has ended, also if nobody has asked for it yet."""
    fields = _read(pid, "stat").decode(errors="replace").rpartition(")")[2].split()
    return [] if fields[:1] == ["Z"] else fields


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""
