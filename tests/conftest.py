"""What all tests share: the site, built once and served; a browser; no silent skips."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from filelock import FileLock

from livedocs.measured import MeasuredRules
from livedocs.pages.project import Project
from livedocs.run.limits import DEAR
from livedocs.run.runner import Runner

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent
# No test is about speed. These end what hangs, in seconds, and are far above what a busy machine needs.
PATIENCE = 1200  # for a process that builds the site, or runs every snippet
WAIT = 120  # for something to happen in a browser, or on a page that is served


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="a skipped test is a failed test")
    parser.addoption("--site", metavar="FOLDER", help="check the site that is built in this folder: build none")


def pytest_configure(config: pytest.Config) -> None:
    built = config.getoption("--site")
    if built and not (config.invocation_params.dir / built / "index.html").is_file():
        raise pytest.UsageError(f"--site: no built site in {built}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    report = yield
    if report.skipped and item.config.getoption("--no-skips"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and --no-skips was given: {report.longrepr}"
    return report


def pytest_terminal_summary(terminalreporter) -> None:
    """Print the ten dearest snippets: a page, and every build, waits for them."""
    reports = [report for found in terminalreporter.stats.values() for report in found if hasattr(report, "when")]
    spent = {tuple(value) for r in reports for key, value in getattr(r, "user_properties", []) if key == "cpu"}
    if spent:
        terminalreporter.section(f"processor time of the ten dearest of {len(spent)} snippets")
        for name, seconds in sorted(spent, key=lambda entry: -entry[1])[:10]:
            terminalreporter.write_line(f"{seconds:6.2f} s  {name}{'  too dear' if seconds > DEAR else ''}")


@pytest.fixture(scope="session")
def runner():
    runner = Runner(ROOT)
    yield runner
    runner.close()


@pytest.fixture(scope="session")
def rules(runner: Runner) -> MeasuredRules:
    """All rules of the site, measured."""
    return Project(ROOT, ROOT / "snippets", runner).rules


def run_mkdocs(
    *arguments: str, cwd: Path = ROOT, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """``python -m mkdocs`` with these arguments, as a user runs it, and with more in its environment."""
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", **(env or {})},
    )


@pytest.fixture(scope="session")
def site(pytestconfig: pytest.Config, tmp_path_factory, worker_id: str) -> Path:
    """The built site: one for all the processes that run tests, built by the first that asks for it."""
    if built := pytestconfig.getoption("--site"):
        return (pytestconfig.invocation_params.dir / built).resolve()
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "built" / "site"
    failure = folder.with_name("failure.txt")
    with FileLock(folder.parent.with_suffix(".lock")):
        if not folder.exists() and not failure.exists():
            done = run_mkdocs("build", "--strict", "--site-dir", str(folder))
            if done.returncode:
                failure.parent.mkdir(exist_ok=True)
                failure.write_text(done.stderr, encoding="utf-8")
    if failure.exists():
        pytest.fail(f"the site does not build\n{failure.read_text(encoding='utf-8')}", pytrace=False)
    return folder


@pytest.fixture(scope="session")
def served(site: Path):
    """The address of the built site on this machine."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        # What hosts of static sites answer to an address that is not there.
        error_message_format = (site / "404.html").read_text(encoding="utf-8").replace("%", "%%")

        def log_message(self, *args) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium."""
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip(f"no browser: none of {', '.join(names)} is on the path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-background-networking"]
        )
        browser.new_context, browser.new_page = patient(browser.new_context), patient(browser.new_page)
        yield browser
        browser.close()


# The site's scripts leave to idle moments what a reader does not see yet: a page of 60 boxes would take seconds to be
# tested. They do the same here, in the same order, and at once.
HURRY = "self.requestIdleCallback = (work) => setTimeout(() => work({ didTimeout: false, timeRemaining: () => 50 }));"


def patient(open_):
    """Opens a context or a page of the browser that waits long, and leaves nothing to idle moments."""

    def opened(**options):
        found = open_(**options)
        found.set_default_timeout(WAIT * 1000)
        found.add_init_script(HURRY)
        return found

    return opened
