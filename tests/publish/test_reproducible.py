"""One commit gives one site: elsewhere, on another day, in another language and time zone, with other cores.

An order of a set, a date, a path of the machine or a rounding by threads in a page would show here.
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from livedocs.run.store import MODE
from tests import projects
from tests.conftest import PATIENCE, ROOT
from tests.projects import edit

pytestmark = pytest.mark.site

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


def built(project: Path, environment: dict[str, str], *, umask: int, cores: set[int]) -> dict[str, bytes]:
    """The files of a site that is built in a process of its own, nothing kept."""
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict"],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        umask=umask,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONUTF8": "1", MODE: "off", **environment},
        preexec_fn=(lambda: os.sched_setaffinity(0, cores)) if hasattr(os, "sched_setaffinity") else None,
    )
    assert done.returncode == 0, done.stderr
    site = project / "site"
    files = {path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()}
    files["sitemap.xml.gz"] = gzip.decompress(files["sitemap.xml.gz"])  # its head holds the day
    return files


def test_two_builds_of_one_commit_are_the_same_byte_for_byte(tmp_path: Path) -> None:
    """Pages, notebooks, figures, the search, the data and the archive."""
    first = projects.make(tmp_path / "one")
    (first / "docs/notebooks").mkdir()
    text = (ROOT / "docs/notebooks/linear_regression.py").read_text(encoding="utf-8")
    here = text.replace("../losses/regression.md", "../ties/max.md")  # of the pages this project has only that one
    (first / "docs/notebooks/small.py").write_text(here, encoding="utf-8")
    edit(first / "mkdocs.yml", "- ties/max.md\n", "- ties/max.md\n- notebooks/small.ipynb\n")
    edit(first / "mkdocs.yml", "site_url: ''", "site_url: https://example.org/")  # with a sitemap, and robots.txt
    second = tmp_path / "zwei Öfen"
    shutil.copytree(first, second)
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    one = built(first, HERE, umask=0o022, cores=cores)
    other = built(second, THERE, umask=0o077, cores=set(sorted(cores)[:1]))
    assert one.keys() == other.keys()
    assert not [name for name in one if one[name] != other[name]]
    assert {
        "pytorch-gradients.zip",
        "data/gradients.json",
        "ties/max/max.ipynb",
        "notebooks/small/index.html",
    } <= one.keys()
