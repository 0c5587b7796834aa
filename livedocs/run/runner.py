"""Has jobs done in children of the helper process: each once, for as long as nothing that it depends on changes."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import io
import itertools
import json
import os.path
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from livedocs.errors import DocsError
from livedocs.progress import noted
from livedocs.run import leftovers
from livedocs.run.limits import SNIPPET, Limits, environment
from livedocs.run.outcome import Ended, Snippet, imports_of, read_result, read_snippet, refuse_complaints
from livedocs.run.sections import read_sections
from livedocs.run.store import Store, digest, digest_of_glue, digests, open_store


@dataclass
class _Known:
    """A job that was asked for: the digest of what it is made of, the project files it imported, its result."""

    key: str
    future: Future
    imports: dict[str, str] = field(default_factory=dict)


class Runner:
    """Runs snippets and other jobs of one project.

    Args:
        root: the project's root; messages name files relative to it.
        limits: what one snippet may use.
        method: ``"fork"`` or ``"spawn"``; None takes fork where the system has it.
        store: keeps results between processes; None takes the project's own (livedocs.run.store.open_store).

    The helper process starts with the first job that has to be done and ends with ``close`` or with this process.
    ``asked`` and ``done`` count jobs by the folder of their subject, ``runs`` those that a child was started for.
    """

    def __init__(
        self, root: Path, *, limits: Limits = SNIPPET, method: str | None = None, store: Store | None = None
    ) -> None:
        self.root = Path(root).resolve()
        self.limits = limits
        self.method = method
        self.store = open_store(self.root) if store is None else store
        self.runs = 0
        self.asked: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self._helper: subprocess.Popen[str] | None = None
        self._numbers = itertools.count()
        self._waiting: dict[int, Future] = {}  # of the helper that runs now: answers by number
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}  # by subject: a path below the root
        leftovers.sweep()

    def submit(self, path: Path) -> Future:
        """Start a snippet file if it has not run in its present state; ``result()`` gives its Snippet.

        ``result()`` raises DocsError for whatever went wrong with the file.
        """
        path = Path(os.path.realpath(path))  # unlike resolve, it bears a link to itself
        where = path.relative_to(self.root).as_posix()
        call = "livedocs.run.script:run"
        try:
            content, source = read_source(path, where)
            sections = read_sections(source, where)
        except DocsError as error:
            future: Future = Future()
            future.set_exception(error)
            return future
        marks = [[section.name, section.start, section.end] for section in sections]
        return self._once(
            where,
            digest(
                call,
                source,
                digest_of_glue("run", "chance.py", "errors.py", "progress.py"),
                json.dumps(asdict(self.limits)),
            ),
            {
                "call": call,
                "arguments": {"file": str(path), "where": where, "source": source, "sections": marks},
                "limits": asdict(self.limits),
                "uses": uses(source),
            },
            content=content,
            read=lambda ended: read_snippet(ended, where, source, sections, self.limits),
            keep=Snippet.to_dict,
            take=lambda found: Snippet.from_dict(where, source, sections, found),
        )

    def call(
        self,
        call: str,
        arguments: dict[str, Any],
        *,
        about: str,
        glue: tuple[str, ...],
        limits: Limits,
        uses: list[str],
    ) -> Future:
        """Have a function called in a child, if it was not called with what it is made of now.

        Args:
            call: ``"module:function"``; it is called with an empty folder and the arguments, and gives JSON.
            arguments: by name, as JSON can hold them.
            about: the file that it reads, below the root; its result also depends on what it imports of the project.
            glue: the files and folders of the glue that it depends on (livedocs.run.store.digest_of_glue).
            limits: what it may use.
            uses: modules that the helper imports before it forks the child.

        Returns:
            A future of what the function gave. Its ``result()`` raises the DocsError that the function raised, or
            one that says how the child died.
        """
        try:
            content = (self.root / about).read_bytes()
        except OSError:
            content = b""  # the function says so

        def read(ended: Ended) -> Any:
            result = read_result(ended, about, limits)
            if result["error"]:
                raise DocsError.from_dict(result["error"])
            if ended.left_behind or result["left_behind"]:
                got, wanted = "a child process that still ran at the end", "a file that waits for what it starts"
                line = noted(ended.folder, "started")
                raise DocsError(about, line, "it left a process behind", got=got, wanted=wanted)
            refuse_complaints(ended, about, noted(ended.folder, "complained"))
            return result["value"]

        return self._once(
            about,
            # Where the project lies makes no difference.
            digest(
                call,
                json.dumps(arguments).replace(str(self.root), ""),
                content,
                digest_of_glue(*glue),
                json.dumps(asdict(limits)),
            ),
            {"call": call, "arguments": arguments, "limits": asdict(limits), "uses": uses},
            content=content,
            read=read,
            keep=lambda value: value,
            take=lambda value: value,
        )

    def signature(self, subject: str) -> str:
        """A digest of all that a result is made of, once it is there: its file, its imports, the glue, the machine.

        Args:
            subject: the file that it is a result of, below the root.
        """
        known = self._known[subject]
        return digest(self.store.shared, known.key, json.dumps(known.imports, sort_keys=True))

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

    def _once(
        self,
        subject: str,
        key: str,
        job: dict[str, Any],
        *,
        content: bytes,
        read: Callable[[Ended], Any],
        keep: Callable[[Any], Any],
        take: Callable[[Any], Any],
    ) -> Future:
        """The future of a job: the one that is known, one from the store, or a new one."""
        known = self._known.get(subject)
        if known is not None and known.key == key and digests(self.root, known.imports) == known.imports:
            return known.future
        entry = self._known[subject] = _Known(key, Future())
        kind = subject.partition("/")[0]
        self.asked[kind] += 1
        entry.future.add_done_callback(lambda _: self.done.update([kind]))
        stored = self.store.get(self.root, subject, key)
        if stored is not None:
            imports, value = stored
            entry.imports.update(imports)
            entry.future.set_result(take(value))
            return entry.future

        own, since = {subject: hashlib.sha256(content).hexdigest()}, time.time_ns()

        def finish(answer: dict[str, Any]) -> Any:
            ended = Ended(Path(answer["folder"]), answer["exit"], answer["asleep"], answer["left_behind"])
            files: list[str] = []
            try:
                files = imports_of(ended)  # a file that fails depends on them too
                entry.imports.update(digests(self.root, files))
                result = read(ended)
            finally:
                shutil.rmtree(ended.folder, ignore_errors=True)
                is_other = digests(self.root, [subject]) != own
                saved = is_other or any(_saved(self.root / file) > since for file in (subject, *files))
                if saved:
                    entry.key = ""  # it was saved while it ran: which state ran, or failed, nobody knows
            if not saved:
                self.store.put(subject, key, entry.imports, keep(result))
            return result

        self._send({**job, "root": str(self.root), "own": str(self.root / subject)}, finish, entry.future)
        return entry.future

    def _send(self, job: dict[str, Any], finish: Callable[[dict[str, Any]], Any], future: Future) -> None:
        """Have a job done in a child; ``finish`` turns the helper's answer into the future's result."""
        answer: Future = Future()

        def hand_over(done: Future) -> None:
            try:
                future.set_result(finish(done.result()))
            except BaseException as error:
                future.set_exception(error)

        answer.add_done_callback(hand_over)
        with self._lock:
            helper = self._start()
            number = next(self._numbers)
            self._waiting[number] = answer
            self.runs += 1
            try:
                helper.stdin.write(json.dumps({"id": number, **job}) + "\n")
                helper.stdin.flush()
            except OSError:  # it has ended already
                self._fail(self._waiting, number, helper.wait())

    def _start(self) -> subprocess.Popen[str]:
        if self._helper is None or self._helper.poll() is not None:
            command = [sys.executable, "-m", "livedocs.run.helper"]
            if self.method:
                command.append(self.method)
            mark = leftovers.mark()
            self._helper = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
                cwd=Path(__file__).parent.parent.parent,
                env={**environment(), leftovers.MARK: mark},
                start_new_session=True,  # Ctrl-C is for the server; the helper ends with its input
            )
            self._waiting = {}
            threading.Thread(target=self._listen, args=(self._helper, self._waiting, mark), daemon=True).start()
            atexit.register(self.close)
        return self._helper

    def _listen(self, helper: subprocess.Popen[str], waiting: dict[int, Future], mark: str) -> None:
        with helper.stdout:
            for line in helper.stdout:
                answer = json.loads(line)
                waiting.pop(answer["id"]).set_result(answer)
        code = helper.wait()
        if code:  # it was killed: nobody looks after what it had started
            leftovers.kill_marked(mark)
            leftovers.sweep()
        for number in list(waiting):
            self._fail(waiting, number, code)

    def _fail(self, waiting: dict[int, Future], number: int, code: int) -> None:
        """Tell who waits for an answer that the helper has ended with this exit code."""
        answer = waiting.pop(number, None)
        if answer is not None:
            answer.set_exception(
                DocsError(
                    "livedocs/run/helper.py",
                    None,
                    "the helper process ended",
                    got=f"exit code {code}",
                    wanted="a process that imports torch and stays (its message stands above)",
                )
            )


# By what the helper should import before a child runs a source, the words that tell. Torch imports some 500 modules
# when it compares tensors or meets a complex number, and 900 with the first optimizer or function transform: each costs
# a child a second, and the helper once.
WORDS = {
    "torch": ("torch",),
    "matplotlib": ("matplotlib",),
    "torch.testing": ("assert_close", "gradcheck", "gradgradcheck", "complex", "1j", "autograd.functional", "unpool"),
    "torch.func": ("torch.func", "torch.optim"),
}


def _saved(path: Path) -> int:
    """When a file was written, in nanoseconds; 0 if it is not there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def uses(source: str) -> list[str]:
    """What the helper should import before a child runs this source; a guess that only costs time if it is wrong."""
    return [name for name, words in WORDS.items() if any(word in source for word in words)]


def _sort(where: str) -> str:
    return "the snippet" if where.startswith("snippets/") else "the file"


def read_source(path: Path, where: str) -> tuple[bytes, str]:
    """The content of a snippet, or another file of code, and its text, with ``\\n`` line ends whatever the file has."""
    try:
        content = path.read_bytes()
        return content, io.TextIOWrapper(io.BytesIO(content), encoding="utf-8").read()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DocsError(
            where,
            line,
            f"{_sort(where)} is not UTF-8",
            got=f"byte {error.object[error.start]:#04x}",
            wanted="UTF-8 text",
        ) from None
    except OSError as error:
        raise DocsError(
            where, None, f"{_sort(where)} cannot be read", got=error.strerror or str(error), wanted="a readable file"
        ) from None
