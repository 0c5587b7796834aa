"""The site folder: replaced as a whole, by one build at a time, and never at the cost of what is not a site's."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from livedocs.errors import DocsError
from livedocs.publish.folder import SiteFolder

BUILDS = 12


def built(place: Path, text: str) -> SiteFolder:
    folder = SiteFolder(place)
    partial = folder.begin()
    for name in ("index.html", "a.css", "b.css"):
        (partial / name).write_text(text)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_builds_at_once_have_folders_of_their_own(tmp_path: Path) -> None:
    place = tmp_path / "site"
    first, second = built(place, "first"), built(place, "second")
    first.publish()
    assert (place / "index.html").read_text() == "first"
    second.publish()
    assert {path.read_text() for path in place.iterdir()} == {"second"}
    assert names(tmp_path) == ["site"]


def test_many_builds_that_end_at_once_leave_one_whole_site(tmp_path: Path) -> None:
    place = tmp_path / "site"
    folders = [built(place, str(number)) for number in range(BUILDS)]
    with ThreadPoolExecutor(BUILDS) as pool:
        list(pool.map(SiteFolder.publish, folders))
    assert names(tmp_path) == ["site"] and names(place) == ["a.css", "b.css", "index.html"]
    assert len({path.read_text() for path in place.iterdir()}) == 1


@pytest.mark.parametrize(
    ("there", "told"),
    [
        ({"index.html", ".git"}, ".git"),
        ({"index.html", "CNAME"}, "CNAME"),
        ({"max.py", "min.py"}, "max.py, min.py"),
        ({"a", "b", "c", "d", "e", "f"}, "a, b, c, d and 2 more"),
    ],
)
def test_what_is_not_a_site_stays(there: set[str], told: str, tmp_path: Path) -> None:
    place = tmp_path / "site"
    place.mkdir()
    for name in there:
        (place / name).write_text("mine")
    with pytest.raises(DocsError, match="holds what is no site's") as error:
        SiteFolder(place).begin()
    assert f"got:    {told}\n" in str(error.value) and set(names(place)) == there and names(tmp_path) == ["site"]


@pytest.mark.parametrize("there", [set(), {"index.html", "404.html"}])
def test_an_empty_folder_and_an_earlier_site_are_replaced(there: set[str], tmp_path: Path) -> None:
    place = tmp_path / "site"
    place.mkdir()
    for name in there:
        (place / name).write_text("old")
    built(place, "new").publish()
    assert (place / "index.html").read_text() == "new" and "404.html" not in names(place)


def test_what_a_killed_build_has_left_is_swept_and_what_runs_is_not(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for name in (
        f"site.partial.{dead.pid}-0a1b2c",
        f"site.old.{dead.pid}-0a1b2c",
        f"site.partial.{os.getpid()}-0a1b2c",
    ):
        (tmp_path / name).mkdir()
    (tmp_path / "site.partial.mine").mkdir()
    built(tmp_path / "site", "new").publish()
    assert names(tmp_path) == ["site", f"site.partial.{os.getpid()}-0a1b2c", "site.partial.mine"]


def test_a_build_that_was_killed_between_two_renames_has_cost_nothing(tmp_path: Path) -> None:
    """The old site has been moved away, the new one was not in its place yet: the old one is there again."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    old = tmp_path / f"site.old.{dead.pid}-0a1b2c"
    old.mkdir()
    (old / "index.html").write_text("old")
    folder = SiteFolder(tmp_path / "site")
    folder.begin()
    assert (tmp_path / "site/index.html").read_text() == "old" and not old.exists()
    folder.discard()
    assert names(tmp_path) == ["site"]
