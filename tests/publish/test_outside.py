"""Links to other sites, asked for at a small server on this machine."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from livedocs.publish import outside

pytestmark = pytest.mark.site


class _Host(http.server.BaseHTTPRequestHandler):
    """Answers as the path says, and notes what it was asked for."""

    asked: list[str] = []

    def do_HEAD(self) -> None:
        self._answer({"/no-head": 404}.get(self.path))

    def do_GET(self) -> None:
        self._answer(None)

    def _answer(self, status: int | None) -> None:
        self.asked.append(f"{self.command} {self.path}")
        if self.path == "/slow":
            time.sleep(2)
        known = {"/gone": 404, "/shy": 403, "/broken": 503, "/moved": 301, "/elsewhere-today": 302, "/round": 301}
        self.send_response(status or known.get(self.path, 200))
        if self.path in ("/moved", "/elsewhere-today"):
            self.send_header("Location", "/here")
        if self.path == "/round":
            self.send_header("Location", "/round")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args) -> None:
        pass


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(_Host, "asked", [])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> str:
    """An address at which nothing listens."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{found.getsockname()[1]}"


def test_links_are_those_of_the_prose_with_their_places(tmp_path: Path) -> None:
    (tmp_path / "docs/kinks").mkdir(parents=True)
    page = (
        "[a](https://a.example/x#part), <https://b.example/y>.\n\n```sh\ncurl https://code.example\n```\n\n"
        "`https://span.example` and [c](https://c.example/F_(x)): https://a.example/x.\n[here](../index.md)\n"
    )
    (tmp_path / "docs/kinks/relu.md").write_text(page, encoding="utf-8")
    notebook = "# %% [markdown]\n# See [d](https://d.example/).\n# %%\nx = 'https://string.example'\n"
    (tmp_path / "docs/one.py").write_text(notebook, encoding="utf-8")
    assert outside.links(tmp_path / "docs") == {
        "https://a.example/x": ["docs/kinks/relu.md:1", "docs/kinks/relu.md:7"],
        "https://b.example/y": ["docs/kinks/relu.md:1"],
        "https://c.example/F_(x)": ["docs/kinks/relu.md:7"],
        "https://d.example/": ["docs/one.py:2"],
    }


def test_each_state_is_told_apart(host: str) -> None:
    paths = ("here", "no-head", "gone", "shy", "broken", "moved", "elsewhere-today", "round")
    got = outside.check([f"{host}/{path}" for path in paths], pause=0, timeout=60)
    kinds = {address.rpartition("/")[2]: (state.kind, state.said) for address, state in got.items()}
    assert kinds == {
        "here": (outside.FINE, "200"),
        "no-head": (outside.FINE, "200"),
        "gone": (outside.DEAD, "404"),
        "shy": (outside.UNCLEAR, "403"),
        "broken": (outside.UNCLEAR, "503"),
        "moved": (outside.MOVED, "301"),
        "elsewhere-today": (outside.FINE, "302"),
        "round": (outside.DEAD, "TooManyRedirects"),
    }
    assert got[f"{host}/moved"].to == got[f"{host}/elsewhere-today"].to == f"{host}/here"


def test_a_host_that_says_nothing_is_left_alone(host: str) -> None:
    (state,) = outside.check([f"{host}/slow"], pause=0, timeout=0.2).values()
    assert (state.kind, state.said, state.reached) == (outside.UNCLEAR, "no answer in 0.2 s", False)


def test_one_request_at_a_time_goes_to_a_host(host: str) -> None:
    began = time.monotonic()
    outside.check([f"{host}/{n}" for n in range(4)], pause=0.1)
    assert _Host.asked == [f"HEAD /{n}" for n in range(4)]
    assert time.monotonic() - began >= 0.4


def test_a_dead_link_is_the_exit_status(host: str, closed: str, tmp_path: Path, capsys) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "page.md").write_text(f"[a]({host}/here)\n", encoding="utf-8")
    assert outside.main([str(folder), "--pause", "0"]) == 0
    assert capsys.readouterr().out == (
        f"fine      200  {host}/here  (docs/page.md:1)\n1 links: 0 dead, 0 unclear, 0 moved, 1 fine\n"
    )
    (folder / "page.md").write_text(f"[a]({host}/here)\n[b]({host}/gone)\n[c]({closed}/)\n", encoding="utf-8")
    assert outside.main([str(folder), "--pause", "0"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert sorted(lines[:2]) == sorted(
        [f"dead      404  {host}/gone  (docs/page.md:2)", f"dead    no connection  {closed}/  (docs/page.md:3)"]
    )
    assert lines[-1] == "3 links: 2 dead, 0 unclear, 0 moved, 1 fine"


def test_without_a_network_nothing_is_called_dead(closed: str, tmp_path: Path, capsys) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "page.md").write_text(f"[a]({closed}/a) [b]({closed}/b)\n", encoding="utf-8")
    assert outside.main([str(folder), "--pause", "0"]) == 2
    assert capsys.readouterr().out.startswith("No network is reachable: none of 2 links answered")
