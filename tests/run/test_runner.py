"""Whatever a snippet does, the runner says in a few lines what it was, where, and what was wanted."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from pathlib import Path

import pytest

from livedocs.errors import DocsError
from livedocs.run.limits import Limits
from livedocs.run.outcome import LARGEST_OUTPUT
from livedocs.run.runner import Runner


@pytest.fixture(scope="module")
def runner(tmp_path_factory):
    runner = Runner(tmp_path_factory.mktemp("project"), limits=Limits(cpu=2, patience=3))
    yield runner
    runner.close()


def write(runner: Runner, code: str, name: str = "a.py") -> Path:
    path = runner.root / "snippets" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(textwrap.dedent(code).lstrip("\n").encode())
    return path


def failure(runner: Runner, code: str) -> DocsError:
    with pytest.raises(DocsError) as caught:
        runner.run(write(runner, code))
    return caught.value


def text(runner: Runner, code: str) -> str:
    return "".join(output.text for output in runner.run(write(runner, code)).outputs.values())


def test_sections_run_top_to_bottom_in_one_process(runner: Runner) -> None:
    snippet = runner.run(
        write(
            runner,
            """
            # --8<-- [start:one]
            import torch
            x = torch.tensor(2.0, requires_grad=True)
            print("one", x.item())
            # --8<-- [end:one]
            x.square().backward()
            # --8<-- [start:two]
            print("two", x.grad.item())
            # --8<-- [end:two]
            """,
        )
    )
    assert {name: output.text for name, output in snippet.outputs.items()} == {"one": "one 2.0\n", "two": "two 4.0\n"}


def test_each_file_starts_clean(runner: Runner) -> None:
    runner.run(write(runner, "import torch\ntorch.set_default_dtype(torch.float64)\nleft = 1\n", "first.py"))
    code = "import torch\nprint(torch.get_default_dtype(), 'left' in globals(), __name__)\n"
    assert text(runner, code) == "torch.float32 False __main__\n"


def test_an_unchanged_file_runs_once_and_a_changed_one_again(runner: Runner) -> None:
    path = write(runner, "print('before')\n", "once.py")
    runner.run(path)
    runs = runner.runs
    runner.run(path)
    assert runner.runs == runs
    path.write_text("print('after')\n")
    assert runner.run(path).outputs[""].text == "after\n"


def test_a_file_runs_again_when_what_it_imports_has_changed(runner: Runner) -> None:
    write(runner, "VALUE = 1\n", "shared_value.py")
    path = write(runner, "import shared_value\nprint(shared_value.VALUE)\n", "importer.py")
    assert runner.run(path).outputs[""].text == "1\n"
    write(runner, "VALUE = 22\n", "shared_value.py")
    assert runner.run(path).outputs[""].text == "22\n"


def test_what_a_forked_process_prints_is_seen_once(runner: Runner) -> None:
    """It may come while no statement runs, and must not print again what its parent has printed."""
    fork = "if os.fork() == 0:\n    time.sleep({})\n    print('child')\n    os._exit(0)\nos.wait()\n"
    for seconds in (0, 0.01):
        code = "import os, sys, time\nfor _ in [1]:\n    print('one')\n" + fork.format(seconds) + "print('two')\n"
        assert text(runner, code) == "one\nchild\ntwo\n"
    inside = (
        "import os, sys\nfor n in [1, 2]:\n    print(n)\n    if os.fork() == 0:\n        print('child', flush=True)\n"
    )
    assert text(runner, inside + "        os._exit(0)\n    os.wait()\n") == "1\nchild\n2\nchild\n"


def test_a_failure_of_a_file_that_was_saved_meanwhile_is_not_kept(runner: Runner) -> None:
    """What ran was another state than the one that was asked for, even if that is there again."""
    code = (
        "import pathlib, time\ntime.sleep(0.5)\nassert pathlib.Path(__file__).read_text()[-1] != '#'\nprint('well')\n"
    )
    path = write(runner, code, "saved.py")
    asked = runner.submit(path)
    write(runner, code + "#", "saved.py")
    with pytest.raises(DocsError, match="AssertionError"):
        asked.result()
    write(runner, code, "saved.py")
    assert runner.run(path).outputs[""].text == "well\n"


def test_what_a_c_library_prints_is_seen_too(runner: Runner) -> None:
    code = "import os\nprint('a')\nos.write(1, b'b\\n')\nprint('c')\n"
    assert text(runner, code) == "a\nb\nc\n"


def test_crlf_is_read_as_lf(runner: Runner) -> None:
    path = runner.root / "snippets" / "crlf.py"
    path.write_bytes(b"# --8<-- [start:a]\r\nprint('''x\r\ny''')\r\n# --8<-- [end:a]\r\n")
    assert runner.run(path).outputs["a"].text == "x\ny\n"


def test_a_text_that_stands_alone_is_no_docstring(runner: Runner) -> None:
    assert text(runner, "x = 1\n'alone'\nprint(__doc__)\n") == "None\n"
    assert text(runner, "'of the file'\nx = 1\nprint(__doc__)\n") == "of the file\n"


def test_a_future_import_holds_for_the_whole_file(runner: Runner) -> None:
    code = "from __future__ import annotations\ndef f(x: unknown): ...\nprint(f.__annotations__)\n"
    assert text(runner, code) == "{'x': 'unknown'}\n"


def test_tracebacks_that_a_snippet_prints_name_the_file_as_a_reader_does(runner: Runner) -> None:
    code = "import traceback\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    print(traceback.format_exc())\n"
    printed = text(runner, code)
    assert 'File "snippets/a.py", line 3' in printed and "1 / 0" in printed


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork to compare with")
def test_a_spawned_process_gives_the_same(tmp_path: Path) -> None:
    """Where fork does not exist, the helper spawns."""
    spawning = Runner(tmp_path, method="spawn")
    try:
        assert text(spawning, "import torch\nprint(torch.ones(2).sum().item(), __name__)\n") == "2.0 __main__\n"
        error = failure(spawning, "x = 1\n1 / 0\n")
        assert (error.line, error.problem) == (2, "the snippet raised")
    finally:
        spawning.close()


FAILURES = {
    "exception": ("x = 1\ndef f():\n    return x / 0\nf()\n", 3, "the snippet raised", "ZeroDivisionError"),
    "torch error": ("import torch\ntorch.ones(2) @ torch.ones(3)\n", 2, "the snippet raised", "RuntimeError"),
    "assertion": ("x = 1\nassert x == 2\n", 2, "the snippet raised", "AssertionError"),
    "warning": ("import warnings\nwarnings.warn('old')\n", 2, "the snippet warned", "UserWarning: old"),
    "torch warning": (
        "import torch\nx = torch.ones(1, requires_grad=True)\n(x * 2).grad\n",
        3,
        "the snippet warned",
        "The .grad attribute of a Tensor",
    ),
    "syntax error": ("x = 1\nif x\n    pass\n", 2, "the snippet is not Python", "SyntaxError: expected ':'"),
    "null byte": ("x = 1\0\n", 1, "the snippet is not Python", "null"),
    "endless loop": ("x = 1\nwhile True:\n    x += 1\n", (2, 3), "the snippet did not end", "2 s of processor time"),
    "endless sleep": ("import time\ntime.sleep(999)\n", 2, "the snippet did not end", "asleep for 3 s"),
    "endless C code": (
        "import hashlib\nx = 1\nhashlib.pbkdf2_hmac('sha256', b'', b'', 2**31 - 1)\n",
        3,
        "the snippet did not end",
        "2 s of processor time",
    ),
    "deaf to the limit": (
        "import signal, time\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass\n",
        3,
        "the snippet died of a signal",
        "SIGKILL",
    ),
    "all of the memory": ("x = 1\ny = bytearray(2**33)\n", 2, "the snippet raised", "MemoryError"),
    "a tensor too large": ("import torch\ntorch.ones(2**31)\n", 2, "the snippet raised", "allocate memory"),
    "exit": ("import sys\nprint(1)\nsys.exit(0)\n", 3, "the snippet called exit", "SystemExit: 0"),
    "hard exit": ("import os\nprint(1)\nos._exit(0)\n", 3, "the snippet ended its process", "exit code 0"),
    "segfault": ("import ctypes\nctypes.string_at(0)\n", 2, "the snippet died of a signal", "SIGSEGV"),
    "abort": ("import os\n\nos.abort()\n", 3, "the snippet died of a signal", "SIGABRT"),
    "kill": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", 2, "the snippet died of a signal", "SIGKILL"),
    "child left behind": (
        "import subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n",
        (2, None),  # not each system tells of children
        "the snippet left a process behind",
        "still ran after the last line",
    ),
    "10 MB": ("for i in range(10):\n    print('x' * 1_000_000)\n", 1, "the snippet printed too much", "10,000,010"),
    "no end of output": (
        "while True:\n    print('x' * 1_000_000)\n",
        (1, 2),
        "the snippet printed too much",
        "bytes",
    ),
    "10 MB and an exception": (
        "print('x' * 10_000_000)\n1 / 0\n",
        2,
        "the snippet printed too much",
        "10,000,001 bytes",
    ),
    "color codes": ("print('\\x1b[31mred\\x1b[0m')\n", 1, "the output holds a control character", "'\\x1b'"),
    "lone surrogate": ("x = 1\nprint('\\ud800')\n", 2, "the snippet printed what UTF-8 cannot hold", "surrogates"),
    "bytes": ("import os\nos.write(1, b'\\xff')\n", 1, "the output is not UTF-8", "0xff"),
    "standard error": ("x = 1\nimport os\nos.write(2, b'oops')\n", 3, "the snippet wrote to standard error", "oops"),
    "a destructor that prints": (
        "class K:\n    def __del__(self):\n        print('gone')\nkept = K()\nx = 1\n",
        5,
        "the snippet prints after its last line",
        "5 bytes",
    ),
    "a finalizer that prints": (
        "import weakref\nkept = type('K', (), {})()\nweakref.finalize(kept, print, 'gone')\n",
        3,
        "the snippet prints after its last line",
        "5 bytes",
    ),
    "a generator that is never closed": (
        "def f():\n    try:\n        yield 1\n    finally:\n        print('closed')\ng = f()\nnext(g)\n",
        7,
        "the snippet prints after its last line",
        "7 bytes",
    ),
    "a thread that is not joined": (
        "import threading, time\nthreading.Thread(target=print, args=('late',), name='t').start()\ntime.sleep(0.2)\n",
        3,
        "the snippet does not join a thread",
        "t",
    ),
    "an exit function of threads": (
        "import threading\nx = 1\nthreading._register_atexit(print, 'bye')\n",
        3,
        "the snippet registers an exit function",
        "register",
    ),
    "a finalizer of multiprocessing": (
        "from multiprocessing.util import Finalize\n_ = Finalize(None, print, ('bye',), exitpriority=1)\n",
        2,
        "the snippet prints after its last line",
        "4 bytes",
    ),
    "a finalizer of what outlives it": (
        "import sys\nimport weakref\nweakref.finalize(sys, print, 'bye')\n",
        3,
        "the snippet prints after its last line",
        "4 bytes",
    ),
    "a buffer of its own": (
        "out = open(1, 'w', closefd=False, buffering=9999)\nout.write('late')\n",
        2,
        "the snippet prints after its last line",
        "4 bytes",
    ),
    "a stream in place of the output": (
        "import io, sys\nsys.stdout = io.StringIO()\nprint(1)\n",
        2,
        "the snippet puts something in place of a stream",
        "sys.stdout is StringIO",
    ),
    "no stream": (
        "import sys\ndel sys.stderr\n",
        2,
        "the snippet puts something in place of a stream",
        "no sys.stderr",
    ),
    "a closed descriptor": ("import os\nos.close(1)\n", 2, "the snippet closes a stream", "sys.stdout is closed"),
    "another descriptor in place of the output": (
        "import os\nos.dup2(2, 1)\nprint(1)\n",
        2,
        "the snippet puts something in place of a stream",
        "another file behind sys.stdout",
    ),
    "a closed stream": ("import sys\nsys.stderr.close()\n", 2, "the snippet closes a stream", "sys.stderr is closed"),
    "the project's own modules": ("import torch\nimport tests\n", 2, "the snippet raised", "No module named 'tests'"),
    "output that is cut off": (
        "import os\nprint('first')\nos.ftruncate(1, 0)\nprint(2)\n",
        3,
        "the snippet cuts its output off",
        "shorter",
    ),
    "a result that it writes itself": (
        "import os\nwith open('../result.json', 'w') as file:\n    _ = file.write('{')\nos._exit(0)\n",
        4,
        "the snippet ended its process",
        "exit code 0",
    ),
    "a smaller stack": (
        "import resource\nx = 1\nresource.setrlimit(resource.RLIMIT_STACK, (2**22, 2**23))\n",
        3,
        "the snippet changes a limit of its process",
        "RLIMIT_STACK is (4194304, 8388608)",
    ),
    "no more files": (
        "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))\nx = 1\n",
        2,
        "the snippet ended its process",
        "Too many open files",
    ),
    "no folder": (
        "import os, shutil\nx = 1\nshutil.rmtree(os.getcwd())\nprint(1)\n",
        3,
        "the snippet removes its working folder",
        "no such folder",
    ),
    "all that is around it": (
        "import shutil\nx = 1\nshutil.rmtree('..', ignore_errors=True)\n",
        3,
        "the snippet removes its working folder",
        "no such folder",
    ),
    "a part of Python that nothing imports": (
        "import xml\nx = 1  # before matplotlib\nprint(xml.etree)\n",
        3,
        "the snippet raised",
        "AttributeError: module 'xml' has no attribute 'etree'",
    ),
    "a module that nothing imports": (
        "import matplotlib\nx = 1\nprint(matplotlib.pyplot)\n",
        3,
        "the snippet raised",
        "AttributeError: module 'matplotlib' has no attribute 'pyplot'",
    ),
    "standard input": ("x = 1\ninput()\n", 2, "the snippet raised", "EOFError"),
    "not shown": (
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots(num='a')\n",
        2,
        "a figure is drawn but not shown",
        "1 open",
    ),
    "no alt text": (
        "import matplotlib.pyplot as plt\nplt.subplots()\nplt.show()\n",
        1,
        "a figure without alt text",
        "without a name",
    ),
    "one text for two figures": (
        "# Figure: A.\n# --8<-- [start:a]\nimport matplotlib.pyplot as plt\nfor _ in range(2):\n"
        "    plt.subplots()\nplt.show()\n# --8<-- [end:a]\n",
        2,
        "each figure has one text",
        "1 of `# Figure: …` above the section, and 2 figures in it",
    ),
    "exception without a text": (
        "class Bad(Exception):\n    def __str__(self): raise ValueError\nraise Bad\n",
        3,
        "the snippet raised",
        "Bad",
    ),
    "output between sections": (
        "# --8<-- [start:a]\nprint(1)\n# --8<-- [end:a]\nprint(2)\n",
        4,
        "output outside every section",
        "between the sections",
    ),
    "claim by an unseeded draw": (
        "# --8<-- [start:a]\nimport torch\nx = torch.randn(3)\n# --8<-- [end:a]\nassert len(torch.rand(2)) == 2\n",
        5,
        "random numbers that are not seeded",
        "draws from PyTorch's generator",
    ),
}


def test_a_draw_from_a_seeded_generator_may_stand_anywhere(runner: Runner) -> None:
    code = """
        import torch
        generator = torch.Generator().manual_seed(0)
        assert torch.randn(2, generator=generator).isfinite().all()
        torch.manual_seed(0)
        assert torch.randn(2).isfinite().all()
        # --8<-- [start:a]
        print(torch.nn.Linear(1, 1).weight.numel())
        # --8<-- [end:a]
        """
    assert text(runner, code) == "1\n"


@pytest.mark.parametrize("name", FAILURES)
def test_failure_names_line_got_and_wanted(name: str, runner: Runner) -> None:
    code, line, problem, got = FAILURES[name]
    error = failure(runner, code)
    assert error.where == "snippets/a.py"
    assert error.line in line if isinstance(line, tuple) else error.line == line
    assert error.problem == problem
    assert got in error.got
    first, second, third = str(error).splitlines()[0], str(error).splitlines()[1], str(error).splitlines()[-1]
    assert first.startswith("snippets/a.py") and second.startswith("  got:") and third.startswith("  wanted:")
    assert "Traceback" not in str(error) and "livedocs" not in str(error)


def test_what_a_snippet_does_to_python_does_not_reach_the_runner(runner: Runner) -> None:
    """Its own changes hold for itself; what the runner needs at the end was taken before."""
    code = """
    import json, os, sys, time
    print("shown")
    json.dumps = lambda *a, **k: "{}"
    time.process_time = lambda: "now"
    os._exit = sys.exit = print
    """
    assert text(runner, code) == "shown\n"
    assert text(runner, "import sys\nprint(1)\nsys.modules.clear()\n") == "1\n"


def test_the_runner_works_on_after_every_failure(runner: Runner) -> None:
    for code, *_ in (FAILURES["segfault"], FAILURES["hard exit"], FAILURES["exception"]):
        failure(runner, code)
    assert text(runner, "print('still here')\n") == "still here\n"


def test_a_child_left_behind_is_killed(runner: Runner) -> None:
    pid_file = runner.root / "pid"
    code = f"""
    import pathlib, subprocess, sys
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    _ = pathlib.Path({str(pid_file)!r}).write_text(str(child.pid))
    """
    failure(runner, code)
    stat = Path(f"/proc/{pid_file.read_text()}/stat")
    deadline = time.monotonic() + 5
    while stat.exists() and stat.read_text().split()[2] != "Z" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not stat.exists() or stat.read_text().split()[2] == "Z"


def test_output_up_to_the_limit_is_shown(runner: Runner) -> None:
    assert len(text(runner, f"print('x' * {LARGEST_OUTPUT - 1})\n")) == LARGEST_OUTPUT


def test_a_file_that_is_not_utf8(runner: Runner) -> None:
    path = runner.root / "snippets" / "latin.py"
    path.write_bytes(b"x = 1\ny = '\xe9'\n")
    with pytest.raises(DocsError, match="not UTF-8") as caught:
        runner.run(path)
    assert caught.value.line == 2


def test_a_helper_that_cannot_start_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 7\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    runner = Runner(tmp_path)
    try:
        error = failure(runner, "print(1)\n")
        assert error.problem == "the helper process ended" and error.got == "exit code 7"
    finally:
        runner.close()


MARKERS = {
    "never ends": ("x = 0\n# --8<-- [start:a]\nx = 1\n", 2, "section 'a' never ends"),
    "not open": ("x = 1\n# --8<-- [end:a]\n", 2, "section 'a' ends but is not open"),
    "twice": (
        "# --8<-- [start:a]\nx = 1\n# --8<-- [end:a]\n# --8<-- [start:a]\nx = 2\n# --8<-- [end:a]\n",
        4,
        "section 'a' starts twice",
    ),
    "nested": (
        "# --8<-- [start:a]\nx = 1\n# --8<-- [start:b]\nx = 2\n# --8<-- [end:b]\n# --8<-- [end:a]\n",
        3,
        "section 'b' starts inside section 'a'",
    ),
    "wrong end": ("# --8<-- [start:a]\nx = 1\n# --8<-- [end:b]\n", 3, "section 'b' ends but is not open"),
    "empty": ("x = 1\n# --8<-- [start:a]\n# only a comment\n# --8<-- [end:a]\n", 2, "section 'a' is empty"),
    "crossing": (
        "# --8<-- [start:a]\nif True:\n    x = 1\n# --8<-- [end:a]\n    y = 2\n",
        2,
        "a statement crosses a marker of section 'a'",
    ),
    "after code": ("x = 1  # --8<-- [start:a]\n", 1, "section marker is not a comment line of its own"),
    "no code": ("# a comment\n", 1, "the file has no code"),
}


@pytest.mark.parametrize("name", MARKERS)
def test_markers(name: str, runner: Runner) -> None:
    code, line, problem = MARKERS[name]
    error = failure(runner, code)
    assert (error.where, error.line, error.problem) == ("snippets/a.py", line, problem)
