"""What happens inside the child process that runs one snippet, or measures one module of rules.

The child has a session of its own, an empty working folder, and warnings as errors. Everything it
learns goes into files in its folder: they are still there when the snippet kills the process.

``stdout``, ``stderr``  what was written to the two streams
``line``                the line of the top-level statement that runs now
``trace``               faulthandler's report of a deadly signal or of the time limit
``result.json``         written last: where each section's output ends, its figures, the exception
"""

from __future__ import annotations
import __future__

import ast
import faulthandler
import io
import itertools
import json
import linecache
import os
import sys
import traceback
import types
import warnings
from pathlib import Path
from typing import Any

from livedocs.errors import DocsError
from livedocs.sections import first_line

# A snippet that prints without end must not fill the disk. Far above what a page may show.
LARGEST_FILE = 64 * 1024 * 1024
FUTURE_FLAGS = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)


def run(job: dict[str, Any]) -> None:
    """Do one job and write ``result.json``.

    Args:
        job: ``folder`` (an empty folder), ``limit`` (seconds), ``root`` (the project's root), and for a snippet
            ``file`` (absolute path), ``where`` (the path that tracebacks show) and ``sections`` (name, first
            line, last line), for rules ``module``.
    """
    folder = Path(job["folder"])
    _enter(folder, job["limit"])
    result = _snippet(job, folder) if "sections" in job else _rules(job)
    faulthandler.cancel_dump_traceback_later()
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # no atexit handlers, no waiting for threads: the job is over


def _rules(job: dict[str, Any]) -> dict[str, Any]:
    """Derive the cards of a module of rules."""
    from livedocs.measure.derive import derive

    warnings.simplefilter("ignore")  # measuring provokes what PyTorch warns of
    try:
        return {"error": None, **derive(Path(job["root"]), job["module"])}
    except DocsError as error:
        return {"error": {key: getattr(error, key) for key in ("where", "line", "problem", "got", "wanted")}}


def _snippet(job: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Run a snippet."""
    source = io.TextIOWrapper(io.BytesIO(Path(job["file"]).read_bytes()), encoding="utf-8").read()
    progress = os.open(folder / "line", os.O_WRONLY | os.O_CREAT, 0o600)
    known = len(sys.modules)
    result = _execute(source, job, progress)
    result["imports"] = _project_imports(Path(job["root"]), Path(job["file"]), known)
    return result


def _enter(folder: Path, limit: float) -> None:
    """Make this process a clean room: own session, own streams, own folder, a clock that runs."""
    if hasattr(os, "setsid"):
        os.setsid()
    for number, name in ((1, "stdout"), (2, "stderr")):
        target = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(target, number)
        os.close(target)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdin = open(0, encoding="utf-8", closefd=False)
    sys.stdout = open(1, "w", encoding="utf-8", newline="\n", closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", newline="\n", closefd=False)
    trace = (folder / "trace").open("wb")
    faulthandler.enable(trace, all_threads=False)
    faulthandler.dump_traceback_later(limit, exit=True, file=trace)
    try:
        import resource  # not on Windows
    except ImportError:
        pass
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    room = folder / "room"
    room.mkdir()
    os.chdir(room)
    warnings.resetwarnings()
    warnings.simplefilter("error")
    # torch warns of its own use of torch.jit.script when forward mode is used for the first time.
    warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated", module=r"torch\.jit\._script")


def _execute(source: str, job: dict[str, Any], progress: int) -> dict[str, Any]:
    """Run the top-level statements one after another and note where each section's output ends."""
    where = job["where"]
    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=job["file"], __builtins__=__builtins__)
    sys.modules["__main__"] = main
    sys.argv = [where]
    sys.path.insert(0, str(Path(job["file"]).parent))
    lines = source.splitlines(keepends=True)
    linecache.cache[where] = (len(source), None, lines, where)  # tracebacks that a snippet prints

    shown = [{"name": name, "output": [], "figures": []} for name, _, _ in job["sections"]]
    stray = None
    try:
        flags = compile(source, where, "exec", dont_inherit=True).co_flags & FUTURE_FLAGS
        for node in ast.parse(source, where).body:
            line = first_line(node)
            os.lseek(progress, 0, os.SEEK_SET)
            os.write(progress, b"%-9d" % line)
            before = _written()
            code = compile(ast.Module([node], []), where, "exec", flags=flags, dont_inherit=True)
            exec(code, main.__dict__)
            sys.stdout.flush()
            after = _written()
            home = next((s for s, (_, a, b) in zip(shown, job["sections"], strict=True) if a <= line <= b), None)
            figures = _figures()
            if home is not None:
                home["output"].append((before, after))
                home["figures"].extend(figures)
            elif stray is None and (after > before or figures):
                stray = line
    except BaseException as error:  # SystemExit and KeyboardInterrupt too: nothing may pass
        return {"error": _explain(error, where)}
    if _unshown():
        problem, got = "a figure is drawn but not shown", f"{_unshown()} open at the end of the file"
        return {"error": {"line": line, "problem": problem, "got": got}}
    return {"error": None, "sections": shown, "stray": stray}


def _written() -> int:
    return os.fstat(1).st_size


def _figures() -> list[dict[str, str]]:
    """The figures that the last statement has shown, as SVG with their alt texts."""
    backend = sys.modules.get("livedocs.backend")
    return backend.take_figures() if backend else []


def _unshown() -> int:
    """How many figures were drawn and never shown."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    return len(pyplot.get_fignums()) if pyplot else 0


def _explain(error: BaseException, where: str) -> dict[str, Any]:
    """Line, kind and text of an exception, as seen from the snippet."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == where]
    line = frames[-1].lineno if frames else getattr(error, "lineno", None)
    if isinstance(error, SystemExit):
        problem = "the snippet called exit"
    elif isinstance(error, Warning):
        problem = "the snippet warned"
    elif isinstance(error, UnicodeEncodeError):
        problem = "the snippet printed what UTF-8 cannot hold"
    else:
        problem = "the snippet raised"
    try:
        got = "".join(traceback.format_exception_only(error)).strip()
    except Exception as second:  # an exception whose own text raises
        got = f"{type(error).__name__}, whose text raised {type(second).__name__}"
    return {"line": line, "problem": problem, "got": got[:2000].encode("utf-8", "backslashreplace").decode()}


def _project_imports(root: Path, own: Path, known: int) -> list[str]:
    """Files of the project that the snippet has imported: its output depends on them too.

    Only the modules that came after the first ``known``: to touch one that is shared with the helper is to copy it.
    """
    inside, glue = f"{root}{os.sep}", f"{Path(__file__).parent}{os.sep}"
    new = list(itertools.islice(sys.modules.values(), known, None))
    files = [getattr(module, "__file__", None) for module in new]
    return sorted(
        {
            file
            for file in files
            if isinstance(file, str)
            and file.startswith(inside)
            and not file.startswith(glue)
            and file != str(own)
            and f"{os.sep}site-packages{os.sep}" not in file
        }
    )
