"""A build of which a process is killed: the site stays whole, the next build is right, and nothing is left behind."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from livedocs.publish import site as livedocs_site
from tests.conftest import PATIENCE
from tests.processes import children, commands, count, inside, temporary, tiny, until
from tests.projects import build

pytestmark = [
    pytest.mark.site,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="this system does not tell who started whom"),
]

MOMENTS = int(os.environ.get("LIVEDOCS_MOMENTS", "8"))
SEED = int(os.environ.get("LIVEDOCS_SEED", random.randrange(2**32)))
VICTIMS = ("builder", "helper", "child")


def content(site: Path) -> dict[str, bytes]:
    files = (path for path in site.rglob("*") if path.is_file() and path.name != "sitemap.xml.gz")
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in files}


def started(project: Path, room: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    return subprocess.Popen(command, cwd=project, env=temporary(room), stderr=subprocess.DEVNULL)


def victim(kind: str, builder: subprocess.Popen) -> int | None:
    """The process of this kind, once it is there; None if the build has ended before."""
    end = time.monotonic() + PATIENCE
    while builder.poll() is None and time.monotonic() < end:
        helpers = [] if kind == "builder" else children(builder.pid)
        found = {"builder": [builder.pid], "helper": helpers, "child": [c for h in helpers for c in children(h)]}[kind]
        if found:
            return found[0]
        time.sleep(0.03)
    return None


def test_killed_at_any_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a build in a process of its own; the next one is built in this process."""
    chance = random.Random(SEED)
    print(f"LIVEDOCS_SEED={SEED}")
    project, room = tiny(tmp_path / "project"), tmp_path / "tmp"
    begin = time.monotonic()
    first = started(project, room)
    assert first.wait(PATIENCE) == 0
    lasts = time.monotonic() - begin
    whole = content(project / "site")
    monkeypatch.setenv("TMPDIR", str(room))
    monkeypatch.setattr(tempfile, "tempdir", str(room))
    killed = 0
    for number in range(1, MOMENTS + 1):
        count(project, number)
        before = content(project / "site")
        builder = started(project, room)
        kind = VICTIMS[number % 3]
        process = victim(kind, builder)
        time.sleep(chance.uniform(0, lasts if kind == "builder" else 0.8))
        if process is not None and builder.poll() is None:
            try:
                os.kill(process, signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                pass  # it has just ended by itself
        builder.wait(PATIENCE)
        until(lambda: not inside(room), lambda: commands(inside(room)))
        after = content(project / "site")
        what = f"moment {number}, the {kind}"
        if after != before and project.joinpath("site").exists():
            assert after.keys() == whole.keys() and f"<samp>{number}\n".encode() in after["index.html"], what

        try:
            done = build(project)
            assert done.ok, f"{what}: {done.log}"
        finally:
            livedocs_site.close()
            livedocs_site._room.cache_clear()
        site = content(project / "site")
        assert site.keys() == whole.keys() and f"<samp>{number}\n".encode() in site["index.html"], what
        assert all(text.rstrip().endswith(b"</html>") for name, text in site.items() if name.endswith(".html")), what
        assert not list(project.glob("site.*")), what
        until(lambda: not inside(room), lambda: commands(inside(room)))
        mine = f"livedocs-{os.getpid()}-"  # the room of this process, which ends later
        left = [path.name for path in room.iterdir() if not path.name.startswith(mine)]
        assert not left, f"{what}: {left}"
        assert not list((project / ".cache").rglob("*.partial.*")), what
    assert killed >= MOMENTS / 2, "most builds had ended before: nothing was tested"
    count(project, 0)
    monkeypatch.setenv("LIVEDOCS_CACHE", "off")
    assert build(project).ok and content(project / "site") == whole
    livedocs_site.close()
