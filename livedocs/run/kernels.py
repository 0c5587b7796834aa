"""Runs a notebook in a Jupyter kernel that a child of the helper forks: torch is imported already.

nbclient is the client and ipykernel the kernel, as in Jupyter; only how the kernel starts is ours.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import re
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from ipykernel.kernelapp import IPKernelApp
from jupyter_client import AsyncKernelManager, KernelProvisionerBase
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from livedocs import chance
from livedocs.progress import Progress, files_of_streams
from livedocs.run.leftovers import end_with
from livedocs.run.limits import Limits, own, restrict
from livedocs.run.outcome import TRACEBACK
from livedocs.run.threads import Threads

# What a kernel is asked last: how many figures are open, and the files of its modules, but for those of Python and of
# installed packages. Their __dict__ is looked into, since some modules import others when they are asked for an
# attribute.
_LAST = """
import json as _json, sys as _sys
_files = [getattr(module, "__dict__", {}).get("__file__") for module in list(_sys.modules.values())]
_own = [file for file in _files if isinstance(file, str) and "site-packages" not in file]
_plot = _sys.modules.get("matplotlib.pyplot")
_open = len(_plot.get_fignums()) if _plot else 0
print(_json.dumps([_open, [file for file in _own if not file.startswith(_sys.base_prefix)]]))
"""

STREAMS = {1: "stdout", 2: "stderr"}  # files in the kernel's folder: what is written past Python
REFUSED = "refused"  # a file in the kernel's folder; when a cell has done what none may: the problem, and what it was


class CellFailed(Exception):
    """A cell that did not end well: its index, what it raised, and the line inside it where that is known."""

    def __init__(self, index: int, problem: str, got: str, line: int | None = None) -> None:
        self.index, self.problem, self.got, self.line = index, problem, got, line
        super().__init__(problem)


class ForkedKernel(KernelProvisionerBase):
    """What jupyter_client asks of who starts a kernel: here a process that was forked before and waits."""

    process: multiprocessing.Process
    start: Any  # the pipe that tells it where its connection file is
    launched = False

    @property
    def has_process(self) -> bool:
        return self.launched

    async def pre_launch(self, **kwargs):
        self.parent.write_connection_file()
        self.connection_info = self.parent.get_connection_info()
        return {**kwargs, "cmd": []}

    async def launch_kernel(self, cmd, **kwargs):
        self.start.send(self.parent.connection_file)
        self.launched = True
        return self.connection_info

    async def poll(self):
        return self.process.exitcode

    async def wait(self):
        self.process.join()

    async def send_signal(self, signum):
        if self.process.is_alive():
            os.kill(self.process.pid, signum)

    async def kill(self, restart=False):
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart=False):
        await self.send_signal(signal.SIGTERM)

    async def cleanup(self, restart=False):
        self.process.join()


def execute(notebook: nbformat.NotebookNode, folder: Path, limits: Limits, noted: Path, lines: list[int]) -> list[str]:
    """Run the code cells of a notebook from top to bottom in a kernel of its own; their outputs go into it.

    This process must not have an event loop yet: the kernel is forked from it.

    Args:
        notebook: changed in place.
        folder: where the kernel works.
        limits: what it may use, for all cells together.
        noted: a folder that takes the line of the cell that runs (livedocs.progress).
        lines: where each cell begins.

    Returns:
        The files of all modules that its cells imported.

    Raises:
        CellFailed: for a cell that raises, uses up a limit, or ends its kernel, a draw from a generator that
            nobody has seeded, and for a thread that outlives all.
    """
    theirs, ours = multiprocessing.Pipe(duplex=False)
    # Short: the path of a socket has 100 characters. It is in the helper's folder, which is removed as a whole.
    with tempfile.TemporaryDirectory(prefix="k", ignore_cleanup_errors=True) as private:
        trace = Path(private, "trace")
        arguments = (theirs, folder, limits, trace, os.getpid())
        process = multiprocessing.get_context("fork").Process(target=_kernel, args=arguments)
        process.start()
        progress = Progress(noted, lambda: process.pid)
        # The kernel talks over sockets in a folder that only this user can open.
        manager = AsyncKernelManager(transport="ipc", connection_file=f"{private}/kernel.json")
        manager.provisioner = ForkedKernel(parent=manager)
        manager.provisioner.process, manager.provisioner.start = process, ours
        client = NotebookClient(
            notebook,
            manager,
            timeout=round(limits.patience),
            startup_timeout=round(limits.patience),
            skip_cells_with_tag="",  # what a page shows has run
            resources={"metadata": {"path": str(folder)}},
            shutdown_kernel="immediate",
        )
        try:
            with client.setup_kernel():
                for index, cell in enumerate(notebook.cells):
                    if cell.cell_type == "code":
                        progress.at(lines[min(index, len(lines) - 1)])
                        _execute_cell(client, cell, index, limits, trace)
                        _look_at(trace.parent, index)
                asked = nbformat.v4.new_code_cell(_LAST)
                notebook.cells.append(asked)  # nbclient wants it there
                _execute_cell(client, notebook.cells[-1], len(notebook.cells) - 1, limits, trace)
                said = notebook.cells.pop().outputs
                progress.at(lines[-1])
                last = max((n for n, cell in enumerate(notebook.cells) if cell.cell_type == "code"), default=0)
                _look_at(trace.parent, last)
                return _printed_files(said, last)
        finally:
            with contextlib.suppress(ValueError):
                process.kill()
            process.join()


def _look_at(folder: Path, index: int) -> None:
    """Look at what a kernel has noted of a cell, and at what was written past the streams of Python.

    What a child process or C code writes comes at a time of its own: it would stand in another cell in each run.

    Raises:
        CellFailed: if there is any of it.
    """
    if refused := (folder / REFUSED).read_text(encoding="utf-8").splitlines():
        raise CellFailed(index, *refused[:2])
    for name in STREAMS.values():
        if written := (folder / name).read_text(encoding="utf-8", errors="replace"):
            got = TRACEBACK.sub("", written).strip()[:2000]  # of the kernel, which cannot send what a cell has printed
            raise CellFailed(index, f"wrote past sys.{name}, as a child process or C code does", got)


def _printed_files(outputs: list, index: int) -> list[str]:
    """The files that a kernel has printed when it was asked last; the index is that of the last cell before.

    Raises:
        CellFailed: if it has printed something else, since a cell has changed what a kernel says; and if a figure is
            open, which no page shows.
    """
    text = "".join(output.text for output in outputs if output.get("name") == "stdout")
    others = [output for output in outputs if output.get("name") != "stdout"]
    with contextlib.suppress(ValueError, TypeError):  # no JSON, or other JSON
        if not others:
            unshown, files = json.loads(text)
            if unshown:
                raise CellFailed(index, "drew a figure that is not shown", f"{unshown} open at the end of the notebook")
            return files
    got = (others[0].get("text", others[0].output_type) if others else text).strip()[:300]
    raise CellFailed(index, "changed what a kernel says", got or "nothing")


def _execute_cell(client: NotebookClient, cell, index: int, limits: Limits, trace: Path) -> None:
    try:
        client.execute_cell(cell, index)
    except CellExecutionError as error:
        raise CellFailed(index, "raised", f"{error.ename}: {error.evalue}", _line(error.traceback)) from None
    except CellTimeoutError:
        raise CellFailed(index, "did not end", f"still there after {limits.patience:g} s") from None
    except DeadKernelError:
        text = trace.read_text(encoding="utf-8", errors="replace") if trace.exists() else ""
        if "SIGXCPU" in text or "most recent call first" in text:
            raise CellFailed(index, "did not end", f"{limits.cpu:g} s of processor time used") from None
        raise CellFailed(index, "ended its kernel", "no answer any more") from None


def _refuse_forks(tell: Callable[[str, str], None]) -> None:
    """End what a cell forks of the kernel, which would run the rest of the cell too; multiprocessing knows what to do.

    Args:
        tell: called when that happens, with the problem and what it was.
    """
    base = sys._getframe(1)  # the kernel itself was forked by multiprocessing

    def is_own() -> bool:
        frame = sys._getframe(2)
        while frame is not None and frame is not base:
            if frame.f_code.co_filename.endswith(("popen_fork.py", "forkserver.py")):
                return False
            frame = frame.f_back
        return True

    def note() -> None:  # by the kernel: its answer may come before the child has run
        if is_own():
            tell("forked its kernel", "os.fork")

    def end() -> None:
        if is_own():
            os._exit(0)

    os.register_at_fork(before=note, after_in_child=end)


def _line(traceback: str) -> int | None:
    """The line inside a cell that a traceback of IPython names last."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", traceback)
    match = re.search(r"(?:Cell In\[\d+\], line|File <ipython-input[^>]*>:?|, line) ?(\d+)", plain)
    return int(match[1]) if match else None


def _kernel(start, folder: Path, limits: Limits, trace: Path, client: int) -> None:
    """Be a kernel, once the client says where, until it has had enough."""
    end_with(client)
    warnings.resetwarnings()  # as in a kernel that was started by hand: a cell's warnings go to its standard error
    os.chdir(folder)
    os.environ["MPLBACKEND"] = "module://livedocs.run.backend"
    os.environ["IPYTHONDIR"] = str(trace.parent)  # not the start-up files of whoever builds
    restrict(limits, trace.open("wb"))
    refused = os.open(trace.with_name(REFUSED), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def tell(problem: str, got: str) -> None:  # a cell may leave no number for a file that is opened later
        os.write(refused, f"{problem}\n{got}\n".encode())

    _refuse_forks(tell)
    for number, name in STREAMS.items():
        target = os.open(trace.with_name(name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(target, number)
        os.close(target)
    sys.argv = ["ipykernel"]
    options = {"parent_handle": os.getppid(), "log_level": "ERROR", "capture_fd_output": False}
    app = IPKernelApp.instance(connection_file=start.recv(), **options)
    app.initialize(["--HistoryManager.enabled=False"])
    numbers, limited, streams = chance.Chance(), own(), files_of_streams()
    threads: list[Threads] = []  # from its first cell on: by then its own run

    def look(_: Any) -> None:
        if app.shell.exit_now:
            tell("ended its kernel", "exit or quit")
        elif files_of_streams() != streams:
            tell("closed a stream", "a descriptor that is closed, or stands for another file")
        elif late := threads[0].left():
            tell("left a thread behind", ", ".join(late))
        elif numbers.drawn():
            tell(f"has {chance.PROBLEM}", "a draw from PyTorch's generator")
        elif changed := [name for name, limit in own().items() if limit != limited[name]]:
            tell("changed a limit of its process", ", ".join(changed))

    app.shell.events.register("pre_run_cell", lambda _: threads or threads.append(Threads()))
    app.shell.events.register("post_run_cell", look)
    app.start()
