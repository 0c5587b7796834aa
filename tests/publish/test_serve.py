"""``mkdocs serve`` in a process of its own: it follows every edit."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from mkdocs.utils.yaml import yaml_load

from tests import projects
from tests.conftest import PATIENCE, ROOT
from tests.processes import children, commands, count, inside, resident, temporary, tiny, until
from tests.projects import edit

pytestmark = pytest.mark.site

REBUILDS = int(os.environ.get("LIVEDOCS_REBUILDS", "30"))


class Served:
    """A running ``mkdocs serve`` on a project; what is temporary can have a folder of its own."""

    def __init__(self, project: Path, room: Path | None = None) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        self.url = f"http://{address}/"
        self.log = project / "serve.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mkdocs", "serve", "--dev-addr", address],
                cwd=project,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={
                    **(temporary(room) if room else os.environ),
                    "NO_MKDOCS_2_WARNING": "1",
                    "PYTHONPATH": os.pathsep.join([str(project), *filter(None, [os.environ.get("PYTHONPATH")])]),
                },
                # What nohup or & has started ignores SIGINT, and so would the server, which close() ends by it.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    def read(self, page: str) -> str:
        """A page as it is now; empty while nothing answers."""
        try:
            with urllib.request.urlopen(self.url + page, timeout=PATIENCE) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    def wait_for(self, page: str, text: str) -> None:
        """Wait until a page holds a text."""
        self._wait(lambda: text in self.read(page), f"no {text!r} on /{page}")

    def wait_for_log(self, text: str) -> None:
        self._wait(lambda: text in self.log.read_text(), f"no {text!r} in the log")

    def _wait(self, condition, otherwise: str) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            assert self.process.poll() is None, f"the server ended: {otherwise}\n{self.log.read_text()}"
            assert time.monotonic() < end, f"{otherwise}\n{self.log.read_text()}"
            time.sleep(0.05)

    def close(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=PATIENCE)


@pytest.mark.skipif(sys.platform == "win32", reason="the server is ended by a signal that Windows does not have")
def test_serve_follows_an_edit_of_snippet_page_and_glue(tmp_path: Path) -> None:
    project = projects.make(tmp_path)
    shutil.copytree(ROOT / "livedocs", project / "livedocs", ignore=shutil.ignore_patterns("__pycache__"))
    own = yaml_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    nav = yaml_load((project / "mkdocs.yml").read_text(encoding="utf-8"))["nav"] + ["symptoms.md"]
    (project / "docs/symptoms.md").write_text("# Symptoms\n\n/// symptoms | other\n///\n", encoding="utf-8")
    projects.configure(project, nav=nav, hooks=own["hooks"], watch=own["watch"])
    served = Served(project)
    try:
        served.wait_for("ties/max/", "<samp>tensor([0.0000")
        page = served.read("")
        assert "livereload(" in page and "Content-Security-Policy" not in page, "the policy would stop the reloading"
        edit(project / "snippets/index.py", "print(x.grad.item())", 'print("edited", x.grad.item())')
        served.wait_for("", "<samp>edited 0.0")
        edit(project / "docs/index.md", "Three numbers that surprise", "Three odd numbers")
        served.wait_for("", "Three odd numbers")
        edit(project / "rules/ties/max.py", '"two-way tie"', '"tie of two"')
        served.wait_for("ties/max/", "tie of two")
        edit(project / "docs/basics/backward.md", "## Why", "## Why so")
        served.wait_for("basics/backward/", "Why so")
        assert "tie of two" in served.read("ties/max/")
        edit(project / "docs/basics/backward.md", "is twice what it should be", "is two times too large")
        served.wait_for("symptoms/", "is two times too large")
        edit(project / "livedocs/pages/extension.py", 'class="output"', 'class="output edited-glue"')
        served.wait_for("", "edited-glue")
        edit(project / "snippets/index.py", 'print("edited", x.grad.item())', "print(x.grad.items())")
        served.wait_for_log("has no attribute 'items'")
        edit(project / "snippets/index.py", "print(x.grad.items())", 'print("mended", x.grad.item())')
        served.wait_for("", "<samp>mended 0.0")
    finally:
        served.close()
    assert "Traceback" not in served.log.read_text()


def test_what_is_saved_during_the_first_build_is_served(tmp_path: Path) -> None:
    """The watcher starts when the first build has ended; until then nobody looks."""
    project = projects.make(tmp_path)
    edit(project / "snippets/index.py", "print(x.grad.item())", "import time; time.sleep(8); print(x.grad.item())")
    nav = yaml_load((project / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    projects.configure(project, nav=nav, watch=["snippets"])
    served = Served(project)
    try:
        served.wait_for_log("Building documentation")
        served.wait_for_log("snippets run")
        edit(project / "docs/index.md", "Three numbers that surprise", "Saved early")
        served.wait_for("", "Saved early")
    finally:
        served.close()


def test_a_taken_address_is_told_before_anything_is_built(tmp_path: Path) -> None:
    project, room = tiny(tmp_path / "project"), tmp_path / "tmp"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        command = [sys.executable, "-m", "mkdocs", "serve", "--dev-addr", address]
        done = subprocess.run(
            command, cwd=project, env=temporary(room), capture_output=True, text=True, timeout=PATIENCE
        )
    assert done.returncode != 0 and f"{address}: the site cannot be served here" in done.stderr, done.stderr
    assert "got:    Address already in use" in done.stderr and "Traceback" not in done.stderr
    assert not list((project / ".cache").rglob("*.json")), "a snippet has run"
    assert not inside(room) and not list(room.iterdir())


MOMENTS = ["in the first build", "in a later one", "while it waits", "twice", "twice in haste"]


@pytest.mark.skipif(sys.platform != "linux", reason="this system does not tell who started whom")
@pytest.mark.parametrize("moment", MOMENTS)
def test_interrupted_it_leaves_nothing(moment: str, tmp_path: Path) -> None:
    """The signal goes to the whole group, as from a terminal."""
    project, room = tiny(tmp_path / "project"), tmp_path / "tmp"
    if moment == "in the first build":
        count(project, 0, seconds=60)
    served = Served(project, room)

    def a_snippet_runs() -> bool:
        return any("sleep 600" in command for command in commands(inside(room)))

    try:
        if moment == "in the first build":
            until(a_snippet_runs, served.log.read_text)
        else:
            served.wait_for("", "<samp>0")
        if moment == "in a later one":
            count(project, 1, seconds=60)
            until(a_snippet_runs, served.log.read_text)
        os.killpg(served.process.pid, signal.SIGINT)
        if moment.startswith("twice"):
            time.sleep(0 if moment == "twice" else 0.0003)  # just before MkDocs asks its thread to end
            with contextlib.suppress(ProcessLookupError):
                os.killpg(served.process.pid, signal.SIGINT)
        served.process.wait(timeout=PATIENCE)
        until(lambda: not inside(room), lambda: commands(inside(room)))
    finally:
        served.process.kill()
        served.process.wait()
    assert "Traceback" not in served.log.read_text()
    assert not list(room.iterdir()) and not list(project.glob("site*"))


@pytest.mark.skipif(sys.platform != "linux", reason="this system does not tell what a process holds")
def test_many_rebuilds_hold_no_more_than_a_few(tmp_path: Path) -> None:
    """Memory and open files of the server and of the helper, and the processes and folders that there are."""
    project, room = tiny(tmp_path / "project"), tmp_path / "tmp"
    served = Served(project, room)

    def held() -> dict[str, int]:
        until(lambda: len(inside(room)) == 2, lambda: commands(inside(room)))
        (helper,) = children(served.process.pid)
        return {
            "server": resident(served.process.pid),
            "helper": resident(helper),
            "files": len(list(Path(f"/proc/{served.process.pid}/fd").iterdir())),
            "files of the helper": len(list(Path(f"/proc/{helper}/fd").iterdir())),
            "folders": sum(1 for path in room.rglob("*") if path.is_dir()),
        }

    try:
        served.wait_for("", "<samp>0")
        settled: dict[str, int] = {}
        for number in range(1, REBUILDS + 1):
            count(project, number)
            served.wait_for("", f"<samp>{number}\n")
            if number == 10:  # what is loaded late, and kept of the first builds, is there
                settled = held()
        after = held()
        print(settled, after)
        assert after["server"] <= 1.1 * settled["server"], f"{settled} became {after}"
        assert after["helper"] <= 1.1 * settled["helper"], f"{settled} became {after}"
        for what in ("files", "files of the helper", "folders"):
            assert after[what] <= settled[what] + 2, f"{settled} became {after}"
    finally:
        served.close()
    until(lambda: not inside(room), lambda: commands(inside(room)))
    assert not list(room.iterdir())


def test_a_title_that_becomes_code_is_code_in_the_menu_of_every_page(tmp_path: Path) -> None:
    """The text of the title stays the same; what the menu shows does not."""
    pages = {"index.md": "# Home\n", "relu.md": "# The relu function\n"}
    project = projects.with_pages(tmp_path / "project", pages, {"unused.txt": ""})
    served = Served(project)
    try:
        served.wait_for("", "The relu function")
        edit(project / "docs/relu.md", "# The relu function", "# The `relu` function")
        served.wait_for("relu/", "<code>relu</code>")
        served.wait_for("", "The <code>relu</code> function")
    finally:
        served.close()
