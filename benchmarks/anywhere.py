"""``python -m benchmarks.anywhere``: build this site where it is hard, and compare the sites byte for byte.

On one core; beside four busy loops; at the lowest priority beside one of them; and with 2 GB of memory, which a control
group enforces where this process may make one. Elsewhere the memory of the whole build is watched instead: what each of
its processes has by itself, and its share of what they have together. Nothing is read from earlier runs.
"""

from __future__ import annotations

import contextlib
import filecmp
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from livedocs.run.limits import CONTROL_GROUP
from livedocs.run.store import MODE

ROOT = Path(__file__).resolve().parent.parent
MEMORY = 2 * 1024**3  # bytes


def main() -> None:
    """Build everywhere; exit with 1 if a build failed, or gave another site."""
    failed = False
    with tempfile.TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for number, (place, settings) in enumerate(PLACES.items()):
            site = folder / str(number)
            seconds, code, log, peak = build(site, **settings)
            same = code == 0 and not differences(folder / "0", site)
            failed |= not same
            note = f", at most {peak / 1024**3:.2f} GB" if peak else ""
            print(f"{place:<44} exit {code} after {seconds:.0f} s, {'the same site' if same else 'ANOTHER SITE'}{note}")
            if code:
                print(log[-2000:])
    sys.exit(failed)


def build(
    site: Path, *, loops: int = 0, before: Callable[[], None] | None = None, memory: int | None = None
) -> tuple[float, int, str, int]:
    """Build the site in a fresh process.

    Args:
        site: the folder to build it in.
        loops: how many busy loops run beside it.
        before: what the process does first.
        memory: bytes that all of it may take.

    Returns:
        Seconds, exit code, what it said, and the most memory that it took, where that is enforced or watched.
    """
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(site)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", MODE: "off"}
    with busy(loops), limited(memory) as group, tempfile.TemporaryFile("w+") as log:

        def first() -> None:
            if group is not None:
                (group / "cgroup.procs").write_text(str(os.getpid()))
            if before is not None:
                before()

        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=log, preexec_fn=first, start_new_session=True
        )
        peak = watch(process, group) if memory else 0
        code = process.wait()
        seconds = time.perf_counter() - start
        log.seek(0)
        text = log.read()
    if memory and peak > memory:
        code, text = code or 1, f"{text}\nit took {peak / 1024**3:.2f} GB"
    return seconds, code, text, peak


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """Endless loops beside what is measured."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


@contextlib.contextmanager
def limited(memory: int | None) -> Iterator[Path | None]:
    """A control group (version 2) with so much memory and no swap; None where there can be none."""
    group = CONTROL_GROUP / f"livedocs-benchmark-{os.getpid()}"
    try:
        if memory is None or not (CONTROL_GROUP / "cgroup.controllers").exists():  # version 1 is another world
            raise OSError
        group.mkdir()
        (group / "memory.max").write_text(str(memory))
        with contextlib.suppress(OSError):
            (group / "memory.swap.max").write_text("0")
    except OSError:
        with contextlib.suppress(OSError):
            group.rmdir()
        yield None
        return
    try:
        yield group
    finally:
        time.sleep(1)  # a process that was killed is still leaving
        group.rmdir()


def watch(process: subprocess.Popen, group: Path | None) -> int:
    """The most memory that a build takes until it ends, in bytes."""
    peak = 0
    done = threading.Event()

    def look() -> None:
        nonlocal peak
        while not done.wait(0.2):
            peak = max(peak, sum(map(_share, _family(process.pid))))

    if group is not None:
        process.wait()
        with contextlib.suppress(OSError):
            return int((group / "memory.peak").read_text())
        return 0
    thread = threading.Thread(target=look)
    thread.start()
    process.wait()
    done.set()
    thread.join()
    return peak


def _family(pid: int) -> list[int]:
    """A process and all that come from it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in task.read_text().split():
                found += _family(int(child))
    return found


def _share(pid: int) -> int:
    """A process's own memory and its share of what it has with others (PSS), in bytes."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:")), 0)


def differences(one: Path, other: Path) -> list[str]:
    """The files that two folders do not have alike."""
    names = {path.relative_to(folder) for folder in (one, other) for path in folder.rglob("*") if path.is_file()}
    _, changed, missing = filecmp.cmpfiles(one, other, names, shallow=False)
    return sorted(map(str, [*changed, *missing]))


def one_core() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


PLACES = {
    "here": {},
    "on one core": {"before": one_core},
    "beside four busy loops": {"loops": 4},
    "at the lowest priority, beside a busy loop": {"loops": 1, "before": lambda: os.nice(19)},
    "with 2 GB of memory": {"memory": MEMORY},
}


if __name__ == "__main__":
    main()
