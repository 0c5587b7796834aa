"""The site as a host serves it: deploy/nginx.conf in a real nginx, and docs/_headers, which says the same elsewhere."""

from __future__ import annotations

import contextlib
import http.client
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.conftest import ROOT, WAIT

pytestmark = pytest.mark.site

CONFIGURATION = (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8")
HEADERS = ROOT / "docs/_headers"
SAID = re.compile(r"add_header (?P<name>[\w-]+) (?P<value>.*) always;")
HOUR = "public, max-age=3600"


@pytest.fixture(scope="module")
def host(site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[http.client.HTTPConnection]:
    """A connection to nginx, which serves the built site on a free port."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
    if not nginx:
        pytest.skip("no nginx: apt-get install nginx-light")
    folder = tmp_path_factory.mktemp("nginx")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    text = CONFIGURATION
    changes = {"listen 8080;": f"listen 127.0.0.1:{port};", "root /usr/share/nginx/html;": f"root {site.resolve()};"}
    for old, new in {
        **changes,
        "/tmp/nginx": f"{folder}/nginx",
        "worker_processes": "user root;\nworker_processes",
    }.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    command = [nginx, "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stderr=log) as server:
        try:
            end = time.monotonic() + WAIT
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=WAIT).close()
                    break
                except OSError:
                    assert server.poll() is None, (folder / "log").read_text()
                    assert time.monotonic() < end
                    time.sleep(0.05)
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT)) as connection:
                yield connection
        finally:
            server.terminate()


def asked(host: http.client.HTTPConnection, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """The status, the headers and the body of an answer."""
    host.request("GET", path, headers=headers)
    answer = host.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()


def test_a_page_comes_with_what_it_cannot_say_of_itself(host, site) -> None:
    status, headers, body = asked(host, "/kinks/relu/")
    assert status == 200 and body == (site / "kinks/relu/index.html").read_bytes()
    assert headers["Content-Type"] == "text/html; charset=utf-8" and headers["Cache-Control"] == "no-cache"
    for name, value in SAID.findall(CONFIGURATION):
        if name != "Cache-Control":
            assert headers[name] == value.strip('"'), name
    assert "nginx/" not in headers["Server"], "the version is nobody's business"


def test_a_page_that_is_the_same_is_not_sent_again(host) -> None:
    _, headers, _ = asked(host, "/")
    status, _, body = asked(host, "/", **{"If-None-Match": headers["ETag"]})
    assert (status, body) == (304, b"")


TEXTS = ["/", "/assets/site.js", "/assets/site.css", "/search/sections.json", "/index.ipynb", "/index.md"]


@pytest.mark.parametrize("path", [*TEXTS, "/data/gradients.csv", "/llms.txt"])
def test_text_is_sent_compressed(host, path: str) -> None:
    whole = asked(host, path)[2]
    _, headers, body = asked(host, path, **{"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip" and len(body) < len(whole) / 2
    assert headers["Cache-Control"] == (HOUR if path.startswith("/assets/") else "no-cache")


@pytest.mark.parametrize(
    "path, kind",
    [("/index.md", "text/markdown"), ("/data/gradients.csv", "text/csv"), ("/llms.txt", "text/plain")],
)
def test_text_is_shown_in_a_browser_and_not_offered_as_a_file(host, path: str, kind: str) -> None:
    assert asked(host, path)[1]["Content-Type"] == f"{kind}; charset=utf-8"


def test_no_file_of_the_site_is_of_an_unknown_kind(host, site) -> None:
    others = ("", ".map", ".inv")  # for programs, which look at no type
    kinds = {file.suffix: file for file in site.rglob("*") if file.is_file() and file.suffix not in others}
    unknown = {
        suffix: file.name
        for suffix, file in kinds.items()
        if asked(host, f"/{file.relative_to(site).as_posix()}")[1]["Content-Type"] == "application/octet-stream"
    }
    assert unknown == {}


def test_an_address_without_its_slash_leads_to_the_page(host) -> None:
    """Below whatever host, scheme and port the reader sees: the address is a path."""
    status, headers, _ = asked(host, "/kinks/relu")
    assert (status, headers["Location"]) == (301, "/kinks/relu/")


def test_a_lost_address_gets_the_sites_own_page(host, site) -> None:
    status, headers, body = asked(host, "/nowhere/")
    assert status == 404 and body == (site / "404.html").read_bytes()
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_other_hosts_are_told_the_same(site) -> None:
    assert (site / "_headers").read_bytes() == HEADERS.read_bytes()
    lines = HEADERS.read_text(encoding="utf-8").splitlines()
    told = dict(re.findall(r"^  ([\w-]+): (.*)$", "\n".join(lines[: lines.index("/assets/*")]), re.MULTILINE))
    said = {name: value.strip('"') for name, value in SAID.findall(CONFIGURATION)}
    assert told == {**said, "Cache-Control": "no-cache"}
    assert lines[-1].strip() == f"Cache-Control: {HOUR}" and f'~^/assets/ "{HOUR}";' in CONFIGURATION
