"""A child is limited by its own work: threads, cores, memory, and a patience that counts sleep only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from livedocs.run import limits
from livedocs.run.limits import Limits
from livedocs.run.runner import Runner

pytestmark = pytest.mark.site

THREADS = """
import os
import torch
print(torch.get_num_threads(), os.environ["OMP_NUM_THREADS"], os.environ["MKL_NUM_THREADS"])
"""


@pytest.fixture(scope="module")
def runner(tmp_path_factory):
    runner = Runner(tmp_path_factory.mktemp("project"), limits=Limits(cpu=5, patience=4))
    (runner.root / "snippets").mkdir()
    yield runner
    runner.close()


def run(runner: Runner, code: str, name: str = "a.py") -> str:
    path = runner.root / "snippets" / name
    path.write_text(code)
    return runner.run(path).outputs[""].text


def test_a_snippet_does_not_see_what_is_set_for_the_build(tmp_path: Path, monkeypatch) -> None:
    """Under make its output would be another one."""
    monkeypatch.setenv("LIVEDOCS_CACHE", "fresh")
    (tmp_path / "snippets").mkdir()
    runner = Runner(tmp_path)
    try:
        assert run(runner, "import os\nprint([name for name in os.environ if 'LIVEDOCS' in name])") == "[]\n"
    finally:
        runner.close()


def test_a_child_has_one_thread(runner: Runner) -> None:
    assert run(runner, THREADS) == "1 1 1\n"


def test_vectors_are_never_longer_than_those_of_avx2(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With AVX-512 other entries are the last of a vector, and an output that shows it is another one."""
    assert run(runner, "import torch\nprint(torch.backends.cpu.get_cpu_capability())", "v.py") != "AVX512\n"
    for flags, wanted in (("fpu avx2 avx512f", limits.VECTORS), ("fpu avx2", {}), (None, {})):
        monkeypatch.setattr(limits, "CPUS", tmp_path / f"{flags}")
        if flags:
            limits.CPUS.write_text(f"processor\t: 0\nflags\t\t: {flags}\nbugs\t\t: none\n")
        limits.has_avx512.cache_clear()
        assert limits.vectors() == wanted
    limits.has_avx512.cache_clear()
    monkeypatch.setattr(limits, "has_avx512", lambda: True)
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "default")
    assert limits.environment()["ATEN_CPU_CAPABILITY"] == "default", "who sets it gets that"
    assert limits.environment()["ONEDNN_MAX_CPU_ISA"] == "AVX2"


def test_there_are_as_many_children_as_cores_that_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_quota", lambda: None)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    assert limits.cores() == 3
    for quota, cores in ((1.5, 2), (0.2, 1), (64.0, 3)):
        monkeypatch.setattr(limits, "_quota", lambda quota=quota: quota)
        assert limits.cores() == cores


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0.5),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu.max": "nonsense\n"}, None),
        ({}, None),
    ],
)
def test_the_quota_of_a_container_is_read(files: dict, quota: float | None, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(limits, "CONTROL_GROUP", tmp_path)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert limits._quota() == quota


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot pin a process to a core")
def test_what_waits_for_a_core_does_not_sleep(runner: Runner, tmp_path: Path) -> None:
    """A child that shares its core with six busy loops works for longer than it may sleep, and waits for as long."""
    code = "import time\nwhile time.process_time() < 3.0:\n    sum(range(1000))\nprint('done')\n"
    (runner.root / "snippets" / "busy.py").write_text(code)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    crowded = Runner(runner.root, limits=Limits(cpu=20, patience=1.5))
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(6)]
    try:
        assert crowded.run(runner.root / "snippets" / "busy.py").outputs[""].text == "done\n"
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
        os.sched_setaffinity(0, before)
        crowded.close()


def test_sleep_is_noticed_beside_work(runner: Runner) -> None:
    code = "import time\n\nwhile time.process_time() < 0.5:\n    pass\ntime.sleep(999)\n"
    with pytest.raises(Exception, match="did not end") as caught:
        run(runner, code, "sleeps.py")
    assert caught.value.line == 5 and caught.value.got == "asleep for 4 s"


WAITING = {
    "for a thread": "import threading\nt = threading.Thread(target=work)\nt.start()\nt.join()\n",
    "for a process": "import subprocess, sys\n_ = subprocess.run([sys.executable, '-c', CODE])\n",
}


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="this system does not tell sleep from work")
@pytest.mark.parametrize("what", WAITING)
def test_who_waits_for_work_does_not_sleep(what: str, runner: Runner) -> None:
    work = "CODE = 'import time\\nwhile time.process_time() < 3: pass'\n"
    work += "def work():\n    import hashlib\n    hashlib.pbkdf2_hmac('sha256', b'', b'', 4_000_000)\n"
    patient = Runner(runner.root, limits=Limits(cpu=60, patience=1.5))
    try:
        assert run(patient, work + WAITING[what] + "print('done')\n", "waits.py") == "done\n"
    finally:
        patient.close()


def test_a_helper_that_is_killed_is_told_and_replaced(tmp_path: Path) -> None:
    (tmp_path / "snippets").mkdir()
    sleeps, works = tmp_path / "snippets" / "a.py", tmp_path / "snippets" / "b.py"
    sleeps.write_text("import time\ntime.sleep(60)\n")
    works.write_text("print('works')\n")
    again = Runner(tmp_path)
    try:
        future = again.submit(sleeps)
        os.kill(again._helper.pid, signal.SIGKILL)
        with pytest.raises(Exception, match="helper process ended"):
            future.result(timeout=60)
        assert again.run(works).outputs[""].text == "works\n"
    finally:
        again.close()


def test_asserts_cannot_be_switched_off(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONOPTIMIZE", "1")
    strict = Runner(runner.root)
    try:
        with pytest.raises(Exception, match="the snippet raised"):
            run(strict, "x = 1\nassert x == 2\n", "asserts.py")
    finally:
        strict.close()


def test_nothing_is_left_of_a_runner_that_is_killed(tmp_path: Path) -> None:
    """The helper notices that nobody listens any more, and takes its folder with it."""
    (tmp_path / "snippets").mkdir()
    (tmp_path / "snippets" / "a.py").write_text("import time\ntime.sleep(60)\n")
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom livedocs.run.runner import Runner\n"
        "runner = Runner(Path(sys.argv[1]))\nrunner.submit(Path(sys.argv[1], 'snippets/a.py'))\n"
        "print(runner._helper.pid, flush=True)\ntime.sleep(60)\n"
    )
    root = Path(__file__).parent.parent.parent
    builder = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=root, stdout=subprocess.PIPE, text=True)
    helper = int(builder.stdout.readline())
    pattern = f"livedocs-{helper}-*"
    _until(lambda: any(folder.glob("*/line") for folder in Path(tempfile.gettempdir()).glob(pattern)))
    builder.send_signal(signal.SIGKILL)
    builder.wait()
    _until(lambda: not list(Path(tempfile.gettempdir()).glob(pattern)))
    builder.stdout.close()


def _until(condition) -> None:
    end = time.monotonic() + 600
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
