"""What runs for a page has no network: not by Python, not by a process that it starts, and not in a notebook."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer

import pytest

from livedocs.run.limits import NOTEBOOK
from livedocs.run.runner import Runner
from tests.conftest import ROOT, WAIT

pytestmark = pytest.mark.site

REACH = """
import socket
def attempt(what, *arguments):
    try:
        found = what(*arguments)
    except OSError as error:
        print(error)
    else:
        print("reached", found)
with socket.socket() as stream:
    stream.settimeout(5)
    attempt(stream.connect, ("192.0.2.1", 80))
    attempt(super(socket.socket, stream).connect, ("192.0.2.1", 80))
with socket.socket(socket.AF_INET6) as six, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as packet:
    attempt(six.connect, ("2001:db8::1", 80))
    attempt(packet.sendto, b"x", ("192.0.2.1", 53))
attempt(socket.create_connection, ("example.org", 80), 5)
attempt(socket.gethostbyname, "example.org")
"""
UNREACHABLE, UNKNOWN = "[Errno 101] Network is unreachable\n", "[Errno -3] Temporary failure in name resolution\n"
LOOPBACK = """
import socket
server = socket.create_server(("127.0.0.1", 0))
with socket.create_connection(("localhost", server.getsockname()[1])):
    print("reached itself")
one, other = socket.socketpair()
one.send(b"x")
print(other.recv(1))
"""
# A process of its own has no audit hook: only the system can keep it from the server of the test.
PROCESS = """
import subprocess, sys
code = '''
import socket
try:
    print(socket.create_connection(("127.0.0.1", {port}), 5).recv(5))
except OSError as error:
    print(type(error).__name__)
'''
print(subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True).stdout, end="")
"""
DISTRIBUTED = """
import torch
import torch.distributed as dist
dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
one = torch.ones(1)
dist.all_reduce(one)
print(one.item())
dist.destroy_process_group()
"""


@pytest.fixture(scope="module")
def runner(tmp_path_factory):
    runner = Runner(tmp_path_factory.mktemp("project"))
    (runner.root / "snippets").mkdir()
    yield runner
    runner.close()


@pytest.fixture(scope="module")
def port():
    """A server of this machine, on its loopback device."""

    class Greets(BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(b"hello")

    with ThreadingTCPServer(("127.0.0.1", 0), Greets) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def run(runner: Runner, code: str) -> str:
    path = runner.root / "snippets" / "a.py"
    path.write_text(code)
    return runner.run(path).outputs[""].text


def test_python_reaches_no_other_machine(runner: Runner) -> None:
    assert run(runner, REACH) == 4 * UNREACHABLE + 2 * UNKNOWN


def test_neither_does_a_spawned_child(tmp_path: Path) -> None:
    (tmp_path / "snippets").mkdir()
    runner = Runner(tmp_path, method="spawn")
    try:
        assert run(runner, REACH) == 4 * UNREACHABLE + 2 * UNKNOWN
    finally:
        runner.close()


def test_a_snippet_reaches_itself(runner: Runner) -> None:
    assert run(runner, LOOPBACK) == "reached itself\nb'x'\n"


def test_a_process_of_a_snippet_has_no_network_either(runner: Runner, port: int) -> None:
    """The namespace alone does that. Where the system grants none the process reaches the server, as README.md says."""
    leave = "import sys; from livedocs.run import network; sys.exit(not network.leave())"
    granted = subprocess.run([sys.executable, "-c", leave], cwd=ROOT, timeout=WAIT).returncode == 0
    code = PROCESS.replace("{port}", str(port))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=WAIT)
    assert done.stdout == "b'hello'\n"  # outside of the runner it is there
    assert run(runner, code) == ("ConnectionRefusedError\n" if granted else "b'hello'\n")


def test_torch_distributed_works_without_it(runner: Runner) -> None:
    assert run(runner, DISTRIBUTED) == "1.0\n"


def test_a_notebook_has_none(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("# %%\n" + REACH)
    runner = Runner(tmp_path)
    arguments = {"file": str(tmp_path / "a.py"), "where": "a.py", "limits": vars(NOTEBOOK)}
    call = "livedocs.run.notebook:run"
    try:
        found = runner.call(call, arguments, about="a.py", glue=("run",), limits=NOTEBOOK, uses=[]).result()
    finally:
        runner.close()
    assert "".join(found["cells"][0]["outputs"][0]["text"]) == 4 * UNREACHABLE + 2 * UNKNOWN
