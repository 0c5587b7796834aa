"""What a child process may use: threads, processor time, memory, patience.

A limit counts the child's own work and not the clock of the machine that it runs on: whoever builds on a busy or slow
one gets the same site.
"""

from __future__ import annotations

import faulthandler
import functools
import math
import os
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# One thread for each child. What a sum of many numbers rounds to depends on how many threads share it, and threads of
# two children that spin for each other on two cores cost more than they give.
THREADS = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")}

# Vectors of one length. With AVX-512 they hold twice as many numbers: others are the last ones, which another piece of
# code takes, and sums and functions round otherwise. Who sets one of these variables gets that.
VECTORS = {"ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"}

CONTROL_GROUP = Path("/sys/fs/cgroup")  # of a container; elsewhere it has no limits
CPUS = Path("/proc/cpuinfo")
MEMORY = 2 * 1024**3  # bytes beyond what a child shares with the helper: no example needs more than a small part of it
DEAR = 3.0  # seconds of processor time from which a snippet is too dear: readers wait for it too


@dataclass(frozen=True)
class Limits:
    """What one kind of child may use.

    Args:
        cpu: seconds of processor time.
        patience: seconds that it may sleep; by default ten times ``cpu``. Waiting for a core is not sleeping.
        memory: bytes that it may take by itself.
    """

    cpu: float
    patience: float = 0.0
    memory: int = MEMORY

    def __post_init__(self) -> None:
        if not self.patience:
            object.__setattr__(self, "patience", 10 * self.cpu)


SNIPPET = Limits(cpu=20)  # far above DEAR, for a processor that is seven times slower
RULES = Limits(cpu=120)  # a module of rules
NOTEBOOK = Limits(cpu=60)  # all cells of a notebook


def environment() -> dict[str, str]:
    """The environment of a process that imports torch: it must be set before that.

    Hashes, and so the order of sets, are the same everywhere, and ``assert`` is never switched off: it proves what a
    page says. What is set for a build is not for what it runs.
    """
    own = {name: value for name, value in os.environ.items() if name != "PYTHONOPTIMIZE" and "LIVEDOCS_" not in name}
    return {**vectors(), **own, **THREADS, "PYTHONHASHSEED": "0"}


def vectors() -> dict[str, str]:
    """``VECTORS`` on a processor with AVX-512, where the system tells (Linux); nothing elsewhere."""
    return VECTORS if has_avx512() else {}


@functools.cache
def has_avx512() -> bool:
    """Whether the processor has AVX-512, and so AVX2 too."""
    try:
        return re.search(r"(?m)^flags\b.*\bavx512f\b", CPUS.read_text(encoding="utf-8")) is not None
    except OSError:
        return False


def cores() -> int:
    """How many children run at once: one on each core that this process may use.

    Counted are the affinity mask and, in a container, the quota of its control group.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota()
    return allowed if quota is None else max(1, min(allowed, math.ceil(quota)))


def _quota() -> float | None:
    """Cores' worth of time that the control group grants; None where there is no such limit."""
    for name in ("cpu.max", "cpu/cpu.cfs_quota_us"):  # version 2, version 1
        try:
            text = (CONTROL_GROUP / name).read_text(encoding="ascii")
            if name == "cpu.max":
                quota, period = text.split()
            else:
                quota = text.strip()
                period = (CONTROL_GROUP / "cpu/cpu.cfs_period_us").read_text(encoding="ascii")
            return None if quota in ("max", "-1") else int(quota) / int(period)
        except (OSError, ValueError):
            continue
    return None


def restrict(limits: Limits, trace) -> None:
    """Put this process under its limits; what breaks the one on time leaves its Python stack in ``trace``, a file.

    Where the system has no such limits (Windows) the clock alone holds: ``patience``.
    """
    if not hasattr(signal, "SIGXCPU"):
        faulthandler.dump_traceback_later(limits.patience, exit=True, file=trace)
        return
    import resource

    # The system sends the signal at the limit, the helper at the end of its patience. The handler is C code: it also
    # works inside a call that never comes back to Python.
    faulthandler.register(signal.SIGXCPU, file=trace, all_threads=False, chain=True)
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])  # a spawned child has imported torch by now
    soft = math.ceil(used + limits.cpu)
    lower(resource.RLIMIT_CPU, soft, soft + 2)  # two seconds later nothing helps a deaf process
    shared = _data()
    if shared is not None:
        lower(resource.RLIMIT_DATA, shared + limits.memory, shared + limits.memory)


def lower(what: int, soft: int, hard: int) -> None:
    """Set a limit; a process that has one already (a kernel in a child) can only make it smaller."""
    import resource

    _, highest = resource.getrlimit(what)
    if highest != resource.RLIM_INFINITY:
        soft, hard = min(soft, highest), min(hard, highest)
    resource.setrlimit(what, (soft, hard))


def own() -> dict[str, tuple[int, int]]:
    """The system's limits of this process, by their names; none where it has no such limits (Windows)."""
    try:
        import resource
    except ImportError:
        return {}
    names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    return {name: resource.getrlimit(getattr(resource, name)) for name in names}


def _data() -> int | None:
    """Bytes of private memory that this process has, as RLIMIT_DATA counts them; None where that is not known."""
    try:
        text = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("VmData:")), None)


def asleep(pid: int, elapsed: float) -> float:
    """Seconds of the last ``elapsed`` ones, its whole life, in which a child neither ran nor waited for a core.

    What its threads do counts, and what the processes do that it has started: whoever waits for them does not sleep.
    On a system that does not tell (all but Linux) it is all of the seconds.
    """
    busy = 0
    for session, tasks in _processes():
        if session != pid:  # a child leads a session of its own
            continue
        for task in tasks.glob("*/schedstat"):
            try:
                ran, waited, _ = task.read_text(encoding="ascii").split()
            except (OSError, ValueError):
                continue
            busy += int(ran) + int(waited)
    return max(0.0, elapsed - busy / 1e9)


def _processes() -> Iterator[tuple[int, Path]]:
    """Each process that can be seen: its session, and the folder of its threads."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            yield int(fields[3]), folder / "task"
        except (OSError, ValueError, IndexError):
            continue
