"""Jupyter kernels that start in a fraction of a second: forked from a process that has imported torch already.

A notebook gets a kernel of its own, so that nothing of another one is in it. What it shares with the others is what
``import torch`` leaves behind.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager, KernelProvisionerBase
from nbclient import NotebookClient

TOGETHER = 2  # kernels that run at the same time
TIME_LIMIT = 60  # seconds for a cell


class ForkedKernel(KernelProvisionerBase):
    """Starts a kernel in a child of ``multiprocessing``'s forkserver: what jupyter_client asks of a provisioner."""

    process = None

    @property
    def has_process(self) -> bool:
        return self.process is not None

    async def pre_launch(self, **kwargs):
        self.parent.write_connection_file()
        self.connection_info = self.parent.get_connection_info()
        return {**kwargs, "cmd": []}

    async def launch_kernel(self, cmd, *, cwd, **kwargs):
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.preloaded"])
        self.process = context.Process(target=_kernel, args=(self.parent.connection_file, cwd), daemon=True)
        self.process.start()
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


def _kernel(connection_file: str, folder: str) -> None:
    """Be a kernel, until the client has had enough."""
    from ipykernel.kernelapp import IPKernelApp

    os.chdir(folder)
    os.environ["MPLBACKEND"] = "module://livedocs.run.backend"
    app = IPKernelApp.instance(connection_file=connection_file, parent_handle=os.getppid(), log_level="ERROR")
    app.initialize(["--HistoryManager.enabled=False"])
    app.start()


def execute(paths: list[Path]) -> dict[Path, nbformat.NotebookNode | Exception]:
    """Each notebook, run by nbclient from top to bottom without the outputs that it came with; or what stopped it."""

    async def one(path: Path, number: int, folder: str, turn: asyncio.Semaphore) -> nbformat.NotebookNode | Exception:
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        resources = {"metadata": {"path": folder}}
        async with turn:
            manager = AsyncKernelManager(transport="ipc", connection_file=f"{folder}/{number}.json")
            manager.provisioner = ForkedKernel(parent=manager)
            client = NotebookClient(
                notebook, manager, timeout=TIME_LIMIT, resources=resources, shutdown_kernel="immediate"
            )
            try:
                return await client.async_execute(cleanup_kc=True)
            except Exception as error:
                return error

    async def all_of_them() -> list[nbformat.NotebookNode | Exception]:
        turn = asyncio.Semaphore(TOGETHER)
        with tempfile.TemporaryDirectory(prefix="kernels-") as folder:
            return await asyncio.gather(*(one(path, number, folder, turn) for number, path in enumerate(paths)))

    # In a thread: the browser of other tests may have an event loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(lambda: asyncio.run(all_of_them())).result()
    return dict(zip(paths, found, strict=True))
