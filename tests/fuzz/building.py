"""Builds a mutant in this process, with short limits, and notes all that could go wrong: errors, tracebacks, hangs."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment

from livedocs.pages import jupyter
from livedocs.pages import project as livedocs_project
from livedocs.publish import site as livedocs_site
from livedocs.run.limits import Limits
from livedocs.run.runner import Runner
from tests import projects

SNIPPET = Limits(cpu=4, patience=4)
RULES = Limits(cpu=20, patience=6)
NOTEBOOK = Limits(cpu=8, patience=15)
OURS = ("livedocs", "mkdocs", "pymdownx", "markdown", "ipykernel", "tornado", "nbclient", "jinja2")
DEADLINE = 900  # seconds by the clock, on a machine that is busy: far above what the limits allow


class Hung(BaseException):
    """A build that was still there at its deadline."""


@dataclass(frozen=True)
class Ran:
    """How a build went: whether it published, its warnings and errors, and the traceback of what it did not expect."""

    ok: bool
    log: str = ""
    trace: str = ""
    hung: bool = False
    seconds: float = 0.0


class Builder:
    """Builds a project again and again. Its helper process stays, as under ``mkdocs serve``.

    Args:
        root: the project.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._said = tempfile.TemporaryFile(prefix="fuzz-")
        self._prepare()

    def _prepare(self) -> None:
        livedocs_site._runners[self.root] = Runner(self.root, limits=SNIPPET)

    def build(self) -> Ran:
        """Build it."""
        began, start = self._said.seek(0, os.SEEK_END), time.monotonic()
        found: dict = {"ok": False}
        threads: list[str] = []
        done = None
        hook, threading.excepthook = threading.excepthook, lambda args: threads.append(_told(args.exc_value))
        try:
            with self._aside(), _short_limits(), _listed_once(self.root), _deadline():
                done = projects.build(self.root)
            found = {"ok": done.ok, "log": "\n".join(_spoken(done.log))}
        except Hung:
            found["hung"] = True
            self.end()
            self._prepare()
        except BaseException as error:  # what MkDocs would show with a traceback
            told = _told(error)
            found["log" if "/livedocs/" not in told else "trace"] = told  # the rest is MkDocs' own
        finally:
            threading.excepthook = hook
        self._said.seek(began)
        said = self._said.read().decode(errors="replace")
        traces = [found.pop("trace", ""), *threads, *_traces(said), *(_traces(found["log"]) if done else ())]
        trace = "\n".join(filter(None, traces))
        return Ran(**found, trace=trace, seconds=time.monotonic() - start)

    def end(self) -> None:
        """End the helper process, whatever it does."""
        runner = livedocs_site._runners.get(self.root)
        if runner is not None and runner._helper is not None:
            runner._helper.kill()
        livedocs_site.close()

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """What this process and the helper write to standard error goes to a file."""
        before = os.dup(2)
        os.dup2(self._said.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(before, 2)
            os.close(before)


@contextmanager
def _short_limits() -> Iterator[None]:
    before = livedocs_project.RULES, jupyter.NOTEBOOK
    livedocs_project.RULES, jupyter.NOTEBOOK = RULES, NOTEBOOK
    try:
        yield
    finally:
        livedocs_project.RULES, jupyter.NOTEBOOK = before


_listed: dict[tuple, list[str]] = {}


@contextmanager
def _listed_once(root: Path) -> Iterator[None]:
    """The theme has 14,000 files, and MkDocs lists them for each build: here once, as under ``mkdocs serve``."""
    plain = Environment.list_templates
    settings = root / "mkdocs.yml"
    names = sorted((str(path), path.is_file()) for path in (root / "overrides").rglob("*"))
    key = settings.read_bytes() if settings.is_file() else b"", tuple(names)

    def list_templates(self: Environment, *args, **options) -> list[str]:
        if key not in _listed:
            _listed[key] = plain(self, *args, **options)
        return _listed[key]

    Environment.list_templates = list_templates
    try:
        yield
    finally:
        Environment.list_templates = plain


@contextmanager
def _deadline() -> Iterator[None]:
    def ring(*_: object) -> None:
        raise Hung

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, DEADLINE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-4000:]


def _spoken(log: str) -> Iterator[str]:
    """The lines of warnings and errors, and those that go on from them."""
    level = "ERROR"
    for line in log.split("\n"):
        head = line.partition(" - ")[0]
        level = head if head in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL") else level
        if level not in ("DEBUG", "INFO"):
            yield line


def _traces(text: str) -> Iterator[str]:
    """The tracebacks in a text that lead through this project or the libraries that it calls."""
    if "Traceback (most recent call last)" in text or "Fatal Python error" in text:
        lines = [line for line in text.split("\n") if line.strip()]
        if any('File "' in line and any(f"/{name}/" in line for name in OURS) for line in lines):
            yield "\n".join(lines[-60:])
