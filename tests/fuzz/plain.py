"""What plain Python prints: a process that has imported torch, and nothing of this project, forks for each script.

It is what ``python file.py`` does, threads and exit functions included, without the import of torch each time.
"""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
import sys
import tempfile
import tokenize
from dataclasses import dataclass
from pathlib import Path

from livedocs.run.limits import environment

PATIENCE = 120  # seconds for one script
MARKER = re.compile(r"# -+8<-+ \[ *(start|end) *: *([\w-]+) *\]\s*$", re.IGNORECASE)  # as pymdownx reads it
# What a front end shows in place of what it has shown, and names that a kernel alone has.
OF_A_KERNEL = re.compile(r"display_id|clear_output|get_ipython|(?m:^\s*(?:In|Out|_i+|_[io]h|_\d+)\b)")
MARK = re.compile(rb"\x1d(start|end) ([^\x1d]*)\x1d")
SERVER = r"""
import builtins, ctypes, io, json, os, resource, signal, sys, time, warnings
import torch

def mark(text, sys=sys, os=os, libc=ctypes.CDLL(None)):
    if sys.stdout is not None:
        sys.stdout.flush()
    libc.fflush(None)
    os.write(1, b"\x1d" + text.encode() + b"\x1d")

builtins.mark_ = mark
# torch warns of its own use of torch.jit.script when forward mode is used for the first time.
warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated")

def serve(os=os, sys=sys, io=io, json=json, resource=resource, builtins_=builtins):
    for line in sys.stdin:
        job = json.loads(line)
        pid = os.fork()
        if not pid:
            os.setsid()
            for number, name in ((1, "stdout"), (2, "stderr")):
                os.dup2(os.open(job["folder"] + "/" + name, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            resource.setrlimit(resource.RLIMIT_CPU, (60, 62))
            resource.setrlimit(resource.RLIMIT_DATA, (4 << 30, 4 << 30))
            resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 20, 64 << 20))
            os.closerange(3, 256)  # a script that is started by hand has no more descriptors than these
            os.chdir(job["folder"] + "/room")
            sys.stdin, sys.stderr = open(0, closefd=False), open(2, "w", closefd=False)
            # Nothing waits in a buffer: what a child process prints comes where a terminal would show it.
            sys.stdout = io.TextIOWrapper(open(1, "wb", 0, closefd=False), write_through=True)
            sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
            sys.argv, sys.path[0] = [job["file"]], os.path.dirname(job["file"])
            with open(job["script"], encoding="utf-8") as file:
                code = compile(file.read(), job["file"], "exec", dont_inherit=True)
            values = sys.modules["__main__"].__dict__
            values.clear()
            values.update(__name__="__main__", __doc__=None, __package__=None, __loader__=None, __spec__=None)
            values.update(__builtins__=builtins_, __file__=job["file"], __annotations__={}, __cached__=None)
            return code, values
        end, status = time.monotonic() + job["patience"], None
        while time.monotonic() < end and status is None:
            found, code = os.waitpid(pid, os.WNOHANG)
            status = os.waitstatus_to_exitcode(code) if found else None
            time.sleep(0.005)
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        if status is None:
            os.waitpid(pid, 0)
        answers.write(json.dumps(status) + "\n")
        answers.flush()

def go(serve=serve, run=exec):
    job = serve()
    if job:
        run(*job)

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
go()
"""


@dataclass(frozen=True)
class Said:
    """What a script printed.

    Args:
        status: its exit code, None for one that did not end.
        parts: by section, in the order in which they stand.
        outside: what it printed between them, and at its end.
        complaints: its standard error.
    """

    status: int | None
    parts: dict[str, str]
    outside: str
    complaints: str


class Plain:
    """The process that forks."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[str] | None = None

    def snippet(self, file: Path) -> Said:
        """What the sections of a snippet print."""
        return self._run(file, with_marks(file.read_text(encoding="utf-8")))

    def notebook(self, file: Path) -> Said | None:
        """What the cells of a notebook print, by their numbers; None for one that is more than Python."""
        script = as_script(file.read_text(encoding="utf-8"))
        return None if script is None else self._run(file, script)

    def script(self, file: Path, text: str) -> Said:
        """What a text prints, run in place of a file."""
        return self._run(file, text)

    def close(self) -> None:
        """End the process."""
        if self._server is not None:
            with self._server:  # it ends with its input
                pass
            self._server = None

    def _run(self, file: Path, script: str) -> Said:
        with tempfile.TemporaryDirectory(prefix="plain-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            (folder / "room").mkdir()
            (folder / "script.py").write_text(script, encoding="utf-8")
            job = {"file": str(file), "script": f"{folder}/script.py", "folder": name, "patience": PATIENCE}
            status = self._ask(job)
            printed = (folder / "stdout").read_bytes() if (folder / "stdout").exists() else b""
            complaints = (folder / "stderr").read_bytes() if (folder / "stderr").exists() else b""
        return _said(status, printed, complaints.decode(errors="replace"))

    def _ask(self, job: dict) -> int | None:
        if self._server is not None and self._server.poll() is not None:
            self.close()
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, "-c", SERVER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**environment(), "MPLBACKEND": "template"},
                start_new_session=True,
            )
        self._server.stdin.write(json.dumps(job) + "\n")
        self._server.stdin.flush()
        return json.loads(self._server.stdout.readline() or "null")


def with_marks(source: str) -> str:
    """A snippet whose markers say where they are; its lines keep their numbers."""
    lines = source.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        match = MARKER.match(token.string) if token.type == tokenize.COMMENT and token.start[1] == 0 else None
        if match:
            lines[token.start[0] - 1] = f'mark_("{match[1].lower()} {match[2]}")'
    return "\n".join(lines)


def as_script(source: str) -> str | None:
    """A notebook as a script that prints what each cell prints and ends with; None if it is more than Python."""
    parts = []
    if OF_A_KERNEL.search(source):
        return None
    for number, (kind, body) in enumerate(cells(source)):
        if kind:
            continue
        try:
            compile(body, "cell", "exec")  # which refuses await outside of a function, and parsing does not
            statements = ast.parse(body).body
        except (SyntaxError, ValueError):
            return None
        last = statements[-1] if statements else None
        if isinstance(last, ast.Expr) and not body.rstrip().endswith(";"):
            rest = "\n".join(body.split("\n")[: last.lineno - 1])
            shown = f"(lambda value: value is None or print(repr(value)))({ast.get_source_segment(body, last)})"
            body = f"{rest}\n{shown}"
        parts += [f'mark_("start {number}")', body, f'mark_("end {number}")']
    return "\n".join(parts)


def cells(source: str) -> list[tuple[str, str]]:
    """The cells of a notebook: the kind, nothing for code, and the text."""
    found = []
    for part in re.split(r"(?m)^(?=# %%)", source)[1:]:
        head, _, body = part.partition("\n")
        found.append((head.removeprefix("# %%").strip(), body.strip("\n")))
    return found


def _said(status: int | None, printed: bytes, complaints: str) -> Said:
    parts: dict[str, list[bytes]] = {}
    outside, name, at = [], None, 0
    for match in [*MARK.finditer(printed), None]:
        text = printed[at : match.start()] if match else printed[at:]
        (outside if name is None else parts.setdefault(name, [])).append(text)
        if match:
            name, at = (match[2].decode() if match[1] == b"start" else None), match.end()
            if name is not None:
                parts.setdefault(name, [])
    joined = {key: b"".join(found).decode(errors="replace") for key, found in parts.items()}
    return Said(status, joined, b"".join(outside).decode(errors="replace"), complaints)
