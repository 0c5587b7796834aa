"""Runs a snippet's top-level statements in a child, and notes where each section's output ends."""

from __future__ import annotations
import __future__

import ast
import atexit
import gc
import linecache
import os
import sys
import threading
import traceback
import types
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from livedocs import chance
from livedocs.errors import DocsError
from livedocs.progress import Progress, files_of_streams
from livedocs.run import limits
from livedocs.run.aside import put_aside
from livedocs.run.sections import first_line
from livedocs.run.threads import Threads

FUTURE_FLAGS = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
WANTED = "a snippet that runs to its end, silently"


def run(folder: Path, *, file: str, where: str, source: str, sections: list[list]) -> dict[str, Any]:
    """Run a snippet.

    Args:
        folder: takes what is noted of the top-level statement that runs now (livedocs.progress).
        file: its absolute path.
        where: the path that tracebacks show.
        source: its text when it was asked for: what it may have become since then, no page shows.
        sections: name, first line and last line of each.

    Returns:
        ``sections``, with the places of each one's output in the standard output and its figures; and ``stray``, the
        line of the first statement between the sections that printed or drew, or None.

    Raises:
        DocsError: for whatever the snippet raised.
    """
    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=file, __builtins__=__builtins__, __annotations__={}, __cached__=None)
    sys.modules["__main__"] = main
    sys.argv = [where]
    root = Path(__file__).parents[2]  # this project is no library of its snippets: readers do not have it
    sys.path[:] = [str(Path(file).parent), *(path for path in sys.path if path and Path(path) != root)]
    lines = source.splitlines(keepends=True)
    linecache.cache[where] = (len(source), None, lines, where)  # tracebacks that a snippet prints
    progress = Progress(folder)

    put_aside()
    streams, files, room, own = (sys.stdout, sys.stderr), files_of_streams(), Path.cwd(), limits.own()
    threads, at_exit = Threads(where), _noted_at_exit(where)
    finalizers = set(weakref.finalize._registry)
    numbers = chance.Chance()
    shown = [{"name": name, "output": [], "figures": []} for name, _, _ in sections]
    stray = cut = None
    after = _written()
    try:
        flags = compile(source, where, "exec", dont_inherit=True).co_flags & FUTURE_FLAGS
        body = ast.parse(source, where).body
        for node in body:
            line = first_line(node)
            progress.at(line)
            before = after  # what another process prints may come between two statements
            # A text that stands alone is the file's only at its head, and would be a module's at the head of that.
            above = [] if node is body[0] else [ast.copy_location(ast.Pass(), node)]
            code = compile(ast.Module([*above, node], []), where, "exec", flags=flags, dont_inherit=True)
            exec(code, main.__dict__)
            _check_streams(streams, files, where, line)
            _check_place(room, own, where, line)
            _flush()
            after = _written()
            if cut is None and after < before:
                cut = line
            home = next((s for s, (_, a, b) in zip(shown, sections, strict=True) if a <= line <= b), None)
            if numbers.drawn() and home is None:  # what a section draws is seen: its output is compared
                got = "a statement between the sections that draws from PyTorch's generator"
                raise DocsError(where, line, chance.PROBLEM, got=got, wanted=chance.WANTED)
            figures = _figures()
            if home is not None:
                home["output"].append((before, after))
                home["figures"].extend(figures)
            elif stray is None and (after > before or figures):
                stray = line
        if body:
            progress.at(line)  # it has ended: what it started or said is noted
    except DocsError:
        raise
    except BaseException as error:  # SystemExit and KeyboardInterrupt too: nothing may pass
        raise _explained(error, where) from None
    if late := threads.left():
        wanted = "a snippet that joins its threads: what they do later is on no page"
        raise DocsError(where, line, "the snippet left a thread behind", got=", ".join(late), wanted=wanted)
    if alone := threads.never_joined():
        wanted = "a snippet that joins its threads: where on a page they print would be left to chance"
        raise DocsError(where, line, "the snippet does not join a thread", got=", ".join(alone), wanted=wanted)
    if at_exit:
        wanted = "a snippet that has done all when its last line has run"
        raise DocsError(
            where, at_exit[0], "the snippet registers an exit function", got="atexit.register", wanted=wanted
        )
    if cut is not None:
        wanted = "what was printed to stay: the page shows it"
        raise DocsError(where, cut, "the snippet cuts its output off", got="a shorter standard output", wanted=wanted)
    if _unshown():
        got = f"{_unshown()} open at the end of the file"
        raise DocsError(where, line, "a figure is drawn but not shown", got=got, wanted=WANTED)
    if late := _let_go(main, finalizers, after):
        wanted = "a snippet that has printed all when its last line has run"
        raise DocsError(where, line, "the snippet prints after its last line", got=f"{late} bytes", wanted=wanted)
    return {"sections": shown, "stray": stray}


def _let_go(main: types.ModuleType, finalizers: set[weakref.finalize], before: int) -> int:
    """Let go of what a snippet holds, in the order in which Python does it at its end.

    Args:
        main: its module.
        finalizers: those that were there before it: they are not its own.
        before: how many bytes stood on standard output after its last statement.

    Returns:
        How many bytes have come since: a ``__del__``, a finalizer, a ``finally`` of a generator, a buffer of its own.
    """
    warnings.resetwarnings()
    warnings.simplefilter("ignore")  # by default Python does not show those of its end
    values = main.__dict__
    names = [name for name in values if name != "__builtins__"]
    for name in sorted(names, key=lambda name: not (name.startswith("_") and not name.startswith("__"))):
        values[name] = None
    gc.collect()
    # A child ends without calling these, as it does without exit functions.
    for finalizer in list(weakref.finalize._registry):
        if finalizer not in finalizers and finalizer.atexit:
            finalizer()
    if "multiprocessing.util" in sys.modules:
        sys.modules["multiprocessing.util"]._run_finalizers()
    _flush()
    return _written() - before


def _noted_at_exit(where: str) -> list[int]:
    """The lines of a snippet that register exit functions, filled as it runs: a child ends without calling them."""
    lines: list[int] = []

    def noted(register: Callable) -> Callable:
        def register_and_note(function: Any, *args: Any, **kwargs: Any) -> Any:
            caller = sys._getframe(1)
            if caller.f_code.co_filename == where:
                lines.append(caller.f_lineno)
            return register(function, *args, **kwargs)

        return register_and_note

    atexit.register = noted(atexit.register)
    if hasattr(threading, "_register_atexit"):
        threading._register_atexit = noted(threading._register_atexit)
    return lines


def _check_streams(streams: tuple[Any, Any], files: list, where: str, line: int) -> None:
    """Refuse what hides the output of a snippet from its page.

    Raises:
        DocsError: where standard output or standard error is another stream after a statement, closed, or detached.
    """
    wanted = "the streams as they were: the page shows what they get"
    for name, stream, file, now_file in zip(("stdout", "stderr"), streams, files, files_of_streams(), strict=True):
        now = getattr(sys, name, None)
        if now is not stream:
            got = f"sys.{name} is {type(now).__name__}" if hasattr(sys, name) else f"no sys.{name}"
            raise DocsError(where, line, "the snippet puts something in place of a stream", got=got, wanted=wanted)
        try:
            closed = now_file is None or stream.closed
        except ValueError:  # a stream that was detached
            closed = True
        if not closed and now_file != file:
            problem, got = "the snippet puts something in place of a stream", f"another file behind sys.{name}"
            raise DocsError(where, line, problem, got=got, wanted=wanted)
        if closed:
            raise DocsError(where, line, "the snippet closes a stream", got=f"sys.{name} is closed", wanted=wanted)


def _check_place(room: Path, own: dict[str, tuple[int, int]], where: str, line: int) -> None:
    """Refuse what a reader's process would fail at later, and this one, which has all that it needs open, does not.

    Raises:
        DocsError: where the folder that a snippet works in is gone after a statement, or a limit is another.
    """
    if not room.is_dir():
        got, wanted = "no such folder any more", "the folder as it was: what follows runs there"
        raise DocsError(where, line, "the snippet removes its working folder", got=got, wanted=wanted)
    for name, now in limits.own().items():
        if now != own[name]:
            got, wanted = f"resource.{name} is {now}", "the limits as they were: what follows runs under them"
            raise DocsError(where, line, "the snippet changes a limit of its process", got=got, wanted=wanted)


def _flush() -> None:
    """Have written what waits in buffers: Python's, and that of C code, which Python does not know."""
    sys.stdout.flush()
    if sys.stderr is not None:
        sys.stderr.flush()
    if "ctypes" in sys.modules:
        sys.modules["ctypes"].CDLL(None).fflush(None)


def _written() -> int:
    return os.fstat(1).st_size


def _figures() -> list[dict[str, str]]:
    """The figures that the last statement has shown, as SVG with their alt texts."""
    backend = sys.modules.get("livedocs.run.backend")
    return backend.take_figures() if backend else []


def _unshown() -> int:
    """How many figures were drawn and never shown."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    return len(pyplot.get_fignums()) if pyplot else 0


def _explained(error: BaseException, where: str) -> DocsError:
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
    got = got[:2000].encode("utf-8", "backslashreplace").decode()
    return DocsError(where, line, problem, got=got, wanted=WANTED)
