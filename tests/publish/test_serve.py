"""``mkdocs serve`` in a process of its own: it follows every edit."""

from __future__ import annotations

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
from tests.projects import edit

pytestmark = pytest.mark.site


class Served:
    """A running ``mkdocs serve`` on a project."""

    def __init__(self, project: Path) -> None:
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
                env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(project)},
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
