"""Runs snippet files and hands back what each section printed and drew."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import itertools
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from livedocs.errors import DocsError
from livedocs.measured import MeasuredRule
from livedocs.sections import Section, read_sections

TIME_LIMIT = 20.0  # seconds for one file
RULES_TIME_LIMIT = 120.0  # seconds for one module of rules
LARGEST_OUTPUT = 20_000  # bytes for one section: more than that nobody reads on a page

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Figure:
    """A figure that a section drew: its SVG (light and dark in one) and its alt text."""

    svg: str
    alt: str


@dataclass(frozen=True)
class Output:
    """What one section printed and drew."""

    text: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Snippet:
    """A snippet file that ran to its end: its sections in order, and what each gave."""

    where: str
    source: str
    sections: tuple[Section, ...]
    outputs: dict[str, Output]


class Runner:
    """Runs snippets of one project, each file once for as long as nothing it depends on changes.

    Args:
        root: the project's root; messages name files relative to it.
        limit: seconds that one file may take.
        method: ``"fork"`` or ``"spawn"``; None takes fork where the system has it.

    The helper process starts with the first file and ends with ``close`` or with this process.
    """

    def __init__(self, root: Path, *, limit: float = TIME_LIMIT, method: str | None = None) -> None:
        self.root = Path(root).resolve()
        self.limit = limit
        self.method = method
        self.runs = 0  # files executed, for benchmarks and tests
        self._helper: subprocess.Popen[str] | None = None
        self._numbers = itertools.count()
        self._waiting: dict[int, Future] = {}
        self._lock = threading.Lock()
        self._known: dict[Path | str, tuple[dict[str, str], Future]] = {}  # by snippet or module of rules

    def start(self) -> None:
        """Start the helper process now, so that it imports torch while others do something else."""
        with self._lock:
            self._start()

    def submit(self, path: Path) -> Future:
        """Start a file if it has not run in its present state; ``result()`` gives its Snippet.

        ``result()`` raises DocsError for whatever went wrong with the file.
        """
        path = Path(path).resolve()
        known = self._known.get(path)
        if known is not None:
            state, future = known
            if _state(state) == state:
                return future
        future = Future()
        where = path.relative_to(self.root).as_posix()
        state = _state([str(path)])
        self._known[path] = (state, future)
        try:
            source = read_source(path, where)
            sections = read_sections(source, where)
        except DocsError as error:
            future.set_exception(error)
            return future

        def read(folder: Path, answer: dict) -> Snippet:
            imports, snippet = _read_result(folder, where, source, sections, answer, self.limit)
            state.update(_state(imports))
            return snippet

        job = {
            "file": str(path),
            "where": where,
            "sections": [[s.name, s.start, s.end] for s in sections],
            "limit": self.limit,
            "uses": uses(source),
        }
        self._send(job, read, future)
        return future

    def derive(self, module: str) -> Future:
        """Start measuring a module of rules (``"rules.kinks.relu"``) if it, what all rules share, or the glue changed.

        ``result()`` gives a list of MeasuredRule, one for each rule (livedocs.measure.derive), or raises
        DocsError for the first declaration that is wrong.
        """
        own = self.root / (module.replace(".", "/") + ".py")
        shared = sorted((self.root / "rules").glob("*.py"))
        files = [own, *shared, *sorted(Path(__file__).parent.rglob("*.py"))]
        state = _state(map(str, files))
        known = self._known.get(module)
        if known is not None and known[0] == state:
            return known[1]
        future: Future = Future()
        self._known[module] = (state, future)

        def read(folder: Path, answer: dict) -> list[MeasuredRule]:
            where = module.replace(".", "/") + ".py"
            result_file = folder / "result.json"
            if answer["hung"] or not result_file.exists():
                raise _died(folder, where, answer, RULES_TIME_LIMIT, 0, _text(folder / "stderr"))
            result = json.loads(result_file.read_text(encoding="utf-8"))
            if result["error"]:
                error = result["error"]
                raise DocsError(
                    error["where"], error["line"], error["problem"], got=error["got"], wanted=error["wanted"]
                )
            state.update(_state(result["imports"]))
            return [MeasuredRule.from_dict(rule) for rule in result["rules"]]

        job = {"module": module, "limit": RULES_TIME_LIMIT, "uses": ["torch", "torch.func", "rules"]}
        self._send(job, read, future)
        return future

    def run(self, path: Path) -> Snippet:
        """Run a file, or give its result again if nothing it depends on has changed."""
        return self.submit(path).result()

    def close(self) -> None:
        """End the helper process."""
        helper, self._helper = self._helper, None
        if helper is not None:
            with contextlib.suppress(OSError):  # it may have ended by itself
                helper.stdin.close()
            helper.wait()

    def _send(self, job: dict, read: Callable[[Path, dict], object], future: Future) -> None:
        """Have a job done in a child; ``read`` turns its folder and the helper's answer into the future's result."""
        folder = Path(tempfile.mkdtemp(prefix="livedocs-"))
        answer: Future = Future()

        def finish(done: Future) -> None:
            try:
                future.set_result(read(folder, done.result()))
            except BaseException as error:
                future.set_exception(error)
            finally:
                shutil.rmtree(folder, ignore_errors=True)

        answer.add_done_callback(finish)
        job = {**job, "root": str(self.root), "folder": str(folder)}
        with self._lock:
            helper = self._start()
            number = next(self._numbers)
            self._waiting[number] = answer
            self.runs += 1
            try:
                helper.stdin.write(json.dumps({"id": number, **job}) + "\n")
                helper.stdin.flush()
            except OSError:  # it has ended already
                self._fail(number, helper.wait())

    def _start(self) -> subprocess.Popen[str]:
        if self._helper is None or self._helper.poll() is not None:
            command = [sys.executable, "-m", "livedocs.helper"]
            if self.method:
                command.append(self.method)
            self._helper = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
                cwd=Path(__file__).parent.parent,
                start_new_session=True,  # Ctrl-C is for the server; the helper ends with its input
            )
            threading.Thread(target=self._listen, args=(self._helper,), daemon=True).start()
            atexit.register(self.close)
        return self._helper

    def _listen(self, helper: subprocess.Popen[str]) -> None:
        with helper.stdout:
            for line in helper.stdout:
                answer = json.loads(line)
                self._waiting.pop(answer["id"]).set_result(answer)
        code = helper.wait()
        for number in list(self._waiting):
            self._fail(number, code)

    def _fail(self, number: int, code: int) -> None:
        """Tell who waits for an answer that the helper has ended with this exit code."""
        answer = self._waiting.pop(number, None)
        if answer is not None:
            answer.set_exception(
                DocsError(
                    "livedocs/helper.py",
                    None,
                    "the helper process ended",
                    got=f"exit code {code}",
                    wanted="a process that imports torch and stays (its message stands above)",
                )
            )


def modules(root: Path) -> list[str]:
    """The names of a project's modules of rules, in the folders of their pages: ``rules.kinks.clamp``, …"""
    folder = root / "rules"
    paths = sorted(path.relative_to(root).with_suffix("") for path in folder.glob("*/*.py"))
    return [".".join(path.parts) for path in paths]


def uses(source: str) -> list[str]:
    """What the helper should import before a child runs this source; a guess that only costs time if it is wrong."""
    words = {"matplotlib": "matplotlib", "torch.testing": "assert_close", "torch.func": "torch.func"}
    return ["torch", *(name for name, word in words.items() if word in source)]


def read_source(path: Path, where: str) -> str:
    """The text of a snippet, with ``\\n`` line ends whatever the file has."""
    try:
        with path.open(encoding="utf-8") as file:
            return file.read()
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise DocsError(
            where, line, "the snippet is not UTF-8", got=f"byte {error.object[error.start]:#04x}", wanted="UTF-8 text"
        ) from None
    except OSError as error:
        raise DocsError(
            where, None, "the snippet cannot be read", got=error.strerror or str(error), wanted="a readable file"
        ) from None


def _state(paths) -> dict[str, str]:
    """The content of the files that a result depends on, as digests."""
    digests = {}
    for name in paths:
        try:
            digests[name] = hashlib.sha256(Path(name).read_bytes()).hexdigest()
        except OSError:
            digests[name] = "missing"
    return digests


def _read_result(folder, where, source, sections, answer, limit) -> tuple[list[str], Snippet]:
    """Turn what a child left in its folder into a Snippet, or into the DocsError it stands for."""
    printed = (folder / "stdout").read_bytes() if (folder / "stdout").exists() else b""
    complaints = _text(folder / "stderr")
    result_file = folder / "result.json"
    if answer["hung"] or not result_file.exists():
        raise _died(folder, where, answer, limit, len(printed), complaints)
    result = json.loads(result_file.read_text(encoding="utf-8"))
    error = result["error"]
    if error is not None:
        if len(printed) > LARGEST_OUTPUT:
            raise _too_much(where, error["line"], len(printed))
        raise DocsError(
            where, error["line"], error["problem"], got=error["got"], wanted="a snippet that runs to its end, silently"
        )
    if answer["left_behind"]:
        raise DocsError(
            where,
            None,
            "the snippet left a process behind",
            got="a child process that still ran after the last line",
            wanted="a snippet that waits for what it starts",
        )
    if complaints:
        raise DocsError(
            where, None, "the snippet wrote to standard error", got=complaints[:2000].rstrip(), wanted="nothing there"
        )
    if result["stray"] is not None:
        raise DocsError(
            where,
            result["stray"],
            "output outside every section",
            got="a statement that prints or draws between the sections",
            wanted="it inside a section, so that a page shows it",
        )
    outputs = {}
    for section, shown in zip(sections, result["sections"], strict=True):
        raw = b"".join(printed[a:b] for a, b in shown["output"])
        outputs[section.name] = Output(
            _checked(raw, where, section), tuple(Figure(**figure) for figure in _described(shown, where, section))
        )
    return result["imports"], Snippet(where, source, tuple(sections), outputs)


def _died(folder, where, answer, limit, printed, complaints) -> DocsError:
    """The error for a child that ended without a result: time limit, signal, or an early exit."""
    trace = _text(folder / "trace")
    lines = re.findall(rf'File "{re.escape(where)}", line (\d+)', trace)
    statement = _text(folder / "line").strip()
    line = int(lines[0]) if lines else int(statement) if statement else None
    if answer["hung"] or trace.startswith("Timeout"):
        return DocsError(
            where, line, "the snippet did not end", got=f"still running after {limit:g} s", wanted="an end before that"
        )
    if printed > LARGEST_OUTPUT:
        return _too_much(where, line, printed)
    code = answer["exit"]
    if code is not None and code < 0:
        got = f"{signal.Signals(-code).name} ({signal.strsignal(-code)})"
        return DocsError(where, line, "the snippet died of a signal", got=got, wanted="a snippet that runs to its end")
    got = f"exit code {code} before the last line"
    if complaints:
        got += "\n" + complaints[-2000:].rstrip()
    return DocsError(where, line, "the snippet ended its process", got=got, wanted="a snippet that runs to its end")


def _too_much(where: str, line: int | None, size: int) -> DocsError:
    return DocsError(
        where, line, "the snippet printed too much", got=f"{size:,} bytes", wanted=f"at most {LARGEST_OUTPUT:,} bytes"
    )


def _checked(raw: bytes, where: str, section: Section) -> str:
    """The output of a section as text that a page can show."""
    if len(raw) > LARGEST_OUTPUT:
        raise _too_much(where, section.start, len(raw))
    try:
        text = raw.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise DocsError(
            where,
            section.start,
            "the output is not UTF-8",
            got=f"byte {error.object[error.start]:#04x}",
            wanted="UTF-8 text",
        ) from None
    match = _CONTROL.search(text)
    if match:
        around = text[max(0, match.start() - 10) : match.end() + 10]
        raise DocsError(
            where,
            section.start,
            "the output holds a control character",
            got=f"{match[0]!r} in {around!r}",
            wanted="plain text: colours and cursor codes mean nothing on a page",
        )
    return text


def _described(shown: dict, where: str, section: Section) -> list[dict[str, str]]:
    for figure in shown["figures"]:
        if not figure["alt"].strip():
            raise DocsError(
                where,
                section.start,
                "a figure without alt text",
                got="plt.figure() or plt.subplots() without a name",
                wanted='what is seen, as the figure\'s name: plt.subplots(num="…")',
            )
    return shown["figures"]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
