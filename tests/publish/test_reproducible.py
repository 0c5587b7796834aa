"""One commit gives one site: elsewhere, on another day, in another language and time zone, with other cores.

An order of a set, a date, a path of the machine or a rounding by threads in a page would show here.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from benchmarks.twice import HERE, THERE, built, differences
from tests import projects
from tests.conftest import ROOT
from tests.projects import edit

pytestmark = pytest.mark.site


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
    assert differences(one, other) == []
    assert {
        "pytorch-gradients.zip",
        "data/gradients.json",
        "ties/max/max.ipynb",
        "notebooks/small/index.html",
    } <= one.keys()
