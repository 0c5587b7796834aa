"""Nothing outlives who answers for it: processes that were detached, folders of those that were killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from livedocs.errors import DocsError
from livedocs.run import leftovers
from livedocs.run.limits import Limits
from livedocs.run.runner import Runner
from livedocs.run.store import Store
from tests.conftest import ROOT, WAIT
from tests.processes import children, commands, inside, temporary, until

pytestmark = [
    pytest.mark.site,
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a session of its own hides a process"),
]

DETACHED = 'import subprocess\nother = subprocess.Popen(["sleep", "600"], start_new_session=True)\n'
# A daemon: its parent ends at once.
TWICE = """import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", "600"])
    os._exit(0)
_ = os.wait()
"""


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files, by which all processes of a test are known."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def snippet(root: Path, code: str, name: str = "a.py") -> Path:
    (root / "snippets").mkdir(exist_ok=True)
    path = root / "snippets" / name
    path.write_text(code)
    return path


def sleepers(room: Path) -> list[int]:
    pids = inside(room)
    return [pid for pid, command in zip(pids, commands(pids), strict=True) if "sleep 600" in command]


@pytest.mark.parametrize("code", [DETACHED, TWICE], ids=["a session of its own", "a daemon"])
def test_a_process_that_was_detached_is_told_and_ended(code: str, tmp_path: Path, room: Path) -> None:
    runner = Runner(tmp_path)
    try:
        with pytest.raises(DocsError, match="the snippet left a process behind"):
            runner.run(snippet(tmp_path, code))
        assert not sleepers(room)
    finally:
        runner.close()


ENDS = {
    "killed": ("import signal\nos.kill(os.getpid(), signal.SIGKILL)\n", "died of a signal"),
    "exits": ("os._exit(0)\n", "ended its process"),
    "asleep": ("import time\ntime.sleep(600)\n", "did not end"),
}


@pytest.mark.parametrize("end", ENDS)
def test_it_is_ended_with_a_child_that_does_not_end_well(end: str, tmp_path: Path, room: Path) -> None:
    code, told = ENDS[end]
    runner = Runner(tmp_path, limits=Limits(cpu=5, patience=2))
    try:
        with pytest.raises(DocsError, match=told):
            runner.run(snippet(tmp_path, "import os\n" + TWICE + code))
        assert not sleepers(room)
        assert runner.run(snippet(tmp_path, "print(1)\n", "b.py")).outputs[""].text == "1\n"
    finally:
        runner.close()


def test_one_that_was_waited_for_is_nobodys_fault(tmp_path: Path, room: Path) -> None:
    runner = Runner(tmp_path)
    try:
        assert runner.run(snippet(tmp_path, DETACHED + "other.kill()\nother.wait()\nprint(1)\n")).outputs
        assert runner.run(snippet(tmp_path, DETACHED.replace("600", "0") + "print(2)\nother.wait()\n", "b.py")).outputs
    finally:
        runner.close()


def test_the_children_of_one_snippet_are_not_taken_for_those_of_another(tmp_path: Path, room: Path) -> None:
    """While one runs, with a daemon that it will end itself, another one dies."""
    note = "import pathlib\n        _ = pathlib.Path('pid').write_text(str(os.getpid()))\n        os.execvp"
    daemon = TWICE.replace("os.execvp", note)
    go = f"pathlib.Path({str(tmp_path / 'go')!r})"
    waits = f"import pathlib, signal, time\nwhile not {go}.exists():\n    time.sleep(0.01)\n"
    waits += "pid = int(pathlib.Path('pid').read_text())\n"
    ends = "os.kill(pid, 0)\nos.kill(pid, signal.SIGKILL)\nos.waitpid(pid, 0)\nprint('alive')\n"
    runner = Runner(tmp_path)
    try:
        future = runner.submit(snippet(tmp_path, daemon + waits + ends))
        until(lambda: bool(sleepers(room)), lambda: "no daemon")
        with pytest.raises(DocsError, match="died of a signal"):
            runner.run(snippet(tmp_path, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", "b.py"))
        (tmp_path / "go").touch()
        assert future.result().outputs[""].text == "alive\n"
    finally:
        runner.close()


def test_nothing_is_left_of_a_helper_that_is_killed(tmp_path: Path, room: Path) -> None:
    """Neither its children, nor what they have detached, nor its folder."""
    runner = Runner(tmp_path)
    try:
        future = runner.submit(snippet(tmp_path, DETACHED + TWICE + "import time\ntime.sleep(600)\n"))
        until(lambda: len(sleepers(room)) == 2, lambda: commands(inside(room)))
        os.kill(runner._helper.pid, signal.SIGKILL)
        with pytest.raises(DocsError, match="the helper process ended"):
            future.result(timeout=WAIT)
        until(lambda: not inside(room), lambda: commands(inside(room)))
        assert not list(room.iterdir())
    finally:
        runner.close()


def test_nothing_is_left_of_a_builder_and_a_helper_that_are_killed_at_once(tmp_path: Path, room: Path) -> None:
    """The next builder sees to it."""
    file = snippet(tmp_path, DETACHED + TWICE + "import time\ntime.sleep(600)\n")
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom livedocs.run.runner import Runner\n"
        "runner = Runner(Path(sys.argv[1]))\nrunner.submit(Path(sys.argv[2]))\ntime.sleep(600)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path), str(file)]
    builder = subprocess.Popen(command, cwd=ROOT, env=temporary(room))
    until(lambda: len(sleepers(room)) == 2, lambda: commands(inside(room)))
    (helper,) = children(builder.pid)
    for pid in (builder.pid, helper):
        os.kill(pid, signal.SIGSTOP)  # so that none notices that the other has ended
    for pid in (helper, builder.pid):
        os.kill(pid, signal.SIGKILL)
    builder.wait()
    until(lambda: len(inside(room)) == len(sleepers(room)) == 2, lambda: commands(inside(room)))
    assert list(room.iterdir())
    Runner(tmp_path)
    until(lambda: not inside(room), lambda: commands(inside(room)))
    assert not list(room.iterdir())


def dead() -> int:
    """The number of a process that there was."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_folders_of_the_dead_are_swept_and_no_others(tmp_path: Path, room: Path) -> None:
    number, served = dead(), leftovers.SERVED
    own = f"livedocs-{os.getpid()}-b"
    for name in (f"livedocs-{number}-a", own, "livedocs-notes", "mkdocs_a", "mkdocs_b", "other"):
        (room / name).mkdir()
    (room / f"{served}a/{leftovers.NOTE}{number}").touch()
    leftovers.note_served(room / f"{served}b")
    leftovers.note_served(room / "other")
    leftovers.sweep()
    assert sorted(path.name for path in room.iterdir()) == [own, "livedocs-notes", "mkdocs_b", "other"]
    assert not list((room / "other").iterdir())


def test_a_file_that_was_half_written_is_swept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put("snippets/a.py", "key", {}, 1)
    half = [store.folder / f"snippets/b.py.json.partial.{number}" for number in (dead(), os.getpid())]
    for file in half:
        file.write_text("{")
    again = Store(tmp_path)
    assert [file.exists() for file in half] == [False, True], "the second one is being written"
    assert again.get(tmp_path, "snippets/a.py", "key") == ({}, 1)


def test_a_snippet_that_is_saved_while_it_is_queued_runs_as_it_was_read(tmp_path: Path) -> None:
    """Its code and its output stand side by side on the page: both are of one state."""
    runner = Runner(tmp_path)
    try:
        path = snippet(tmp_path, "print('before')\n")
        helper = None
        first = runner.submit(snippet(tmp_path, "print(0)\n", "b.py"))
        first.result()
        helper = runner._helper.pid
        os.kill(helper, signal.SIGSTOP)
        future = runner.submit(path)
        path.write_text("# one line more\nprint('after')\n")
        os.kill(helper, signal.SIGCONT)
        found = future.result()
        assert (found.source, found.outputs[""].text) == ("print('before')\n", "before\n")
        assert runner.run(path).outputs[""].text == "after\n"
    finally:
        runner.close()
