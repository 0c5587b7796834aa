"""``python -m benchmarks.twice``: build this site twice where nothing is alike but the commit, and compare each byte.

The builds differ in folder, seed of hashes, time zone, language, date, umask, cores, and width of the terminal.
Neither reads an earlier result. ``tests/publish/test_reproducible.py`` does the same with a small site.
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.whole import copy
from livedocs.run.store import MODE

HERE = {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": "1750000000"}
THERE = {
    "PYTHONHASHSEED": "4242",
    "TZ": "Pacific/Kiritimati",
    "LC_ALL": "C",
    "LANG": "zh_CN.UTF-8",
    "SOURCE_DATE_EPOCH": "1950000000",
    "COLUMNS": "40",
    "PYTHONUNBUFFERED": "1",
    "OMP_NUM_THREADS": "2",
    "MPLBACKEND": "agg",
}
PUBLISHED = {"SITE_URL": "https://example.org/"}  # with a sitemap, a feed, and robots.txt


def main() -> None:
    """Build, compare, print; exit with 1 if a build fails, or a file is another one."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    with tempfile.TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as name:
        first = copy(Path(name, "one"))
        second = shutil.copytree(first, Path(name, "zwei Öfen"))
        start = time.perf_counter()
        try:
            one = built(first, HERE | PUBLISHED, umask=0o022, cores=cores)
            other = built(second, THERE | PUBLISHED, umask=0o077, cores=set(sorted(cores)[:1]))
        except RuntimeError as error:
            sys.exit(str(error))
        seconds = time.perf_counter() - start
    apart = differences(one, other)
    size = sum(map(len, one.values())) / 1e6
    print(f"{len(one)} files, {size:.1f} MB, two builds in {seconds:.0f} s: {len(apart)} differ", *apart, sep="\n")
    sys.exit(bool(apart))


def built(project: Path, environment: dict[str, str], *, umask: int, cores: set[int]) -> dict[str, bytes]:
    """The files of the site of a project, built in a process of its own, nothing kept.

    Args:
        project: its folder; the code that builds it is its own, where it has one.
        environment: what the process has besides this one's.
        umask: of the process.
        cores: that it may use; all for an empty set.

    Raises:
        RuntimeError: for a build that fails, with what it said.
    """
    path = {"PYTHONPATH": str(project)} if (project / "livedocs").is_dir() else {}
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict"],
        cwd=project,
        capture_output=True,
        text=True,
        umask=umask,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONUTF8": "1", MODE: "off", **path, **environment},
        preexec_fn=(lambda: os.sched_setaffinity(0, cores)) if cores else None,
    )
    if done.returncode:
        raise RuntimeError(f"the build in {project.name} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    site = project / "site"
    files = {path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()}
    if "sitemap.xml.gz" in files:
        files["sitemap.xml.gz"] = gzip.decompress(files["sitemap.xml.gz"])  # its head holds the day
    return files


def differences(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    """The files that two sites do not have alike."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


if __name__ == "__main__":
    main()
