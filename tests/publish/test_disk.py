"""Builds without room and without rights: a full disk, read-only folders, a damaged cache, no shared memory.

Where the system allows it a disk is a small file system in memory that really is full, in a mount namespace of the
build's own. Everywhere a full disk is also simulated: each file below a folder that Python opens to write is refused
with ENOSPC, which a disk that fills up in the midst of a file does not do.
"""

from __future__ import annotations

import ctypes
import os
import random
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from livedocs.publish import site as livedocs_site
from tests import projects
from tests.conftest import PATIENCE, ROOT, WAIT, run_mkdocs
from tests.processes import inside, temporary, tiny
from tests.projects import build

resource = pytest.importorskip("resource", reason="this system has no limits for a process")
pytestmark = pytest.mark.site

NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")
REFUSE = """
import errno, os, sys
ROOM = {room!r}

def refuse(event, arguments):
    if event == "open" and not isinstance(arguments[0], int):
        path, writes = os.fsdecode(arguments[0]), arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes and os.path.abspath(path).startswith(ROOM + os.sep):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

sys.addaudithook(refuse)
"""
NO_SEMAPHORES = """
import _multiprocessing
import _posixshmem

def refuse(*args, **kwargs):
    raise OSError(38, "Function not implemented")

_multiprocessing.SemLock = _posixshmem.shm_open = refuse
"""


def has_namespaces() -> bool:
    if not shutil.which("unshare"):
        return False
    command = [*NAMESPACE, "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(command, capture_output=True, timeout=WAIT).returncode == 0


WAYS = ["a disk", "refused"] if sys.platform == "linux" and has_namespaces() else ["refused"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tiny(tmp_path / "project")


def run(project: Path, *options: str, before: str = "", **settings) -> subprocess.CompletedProcess[str]:
    """``mkdocs build --strict``; ``before`` it a shell does something in a mount namespace of the build's own."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", *options]
    if before:
        # What is in the namespace is gone with it: it is looked at from inside.
        script = f'{before}; "$@"; code=$?; find "$DISK" -mindepth 1 > "$SEEN"; exit $code'
        command = [*NAMESPACE, "sh", "-ec", f"set +e; {script}", "sh", *command]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=PATIENCE, **settings)


def on_a_full_disk(
    project: Path, disk: Path, way: str, kilobytes: int
) -> tuple[subprocess.CompletedProcess, list[str]]:
    """A build with a folder that has only so much room; and what there is in it then."""
    seen, room = project.parent / "seen", project.parent / "tmp"
    environment = {**temporary(room), "DISK": str(disk), "SEEN": str(seen)}
    if disk == room:
        environment["TMPDIR"] = str(disk)
    options = ["--site-dir", str(disk / "site")] if disk.name == "out" else []
    if way == "a disk":
        # It has few blocks left: what is to be there is copied to it first.
        before = 'cp -a "$DISK" "$DISK.kept"; '
        before += f'mount -t tmpfs -o size={kilobytes}k none "$DISK" && cp -a "$DISK.kept/." "$DISK"'
        done = run(project, *options, before=before, env=environment)
        return done, [line.removeprefix(f"{disk}/") for line in seen.read_text().splitlines()]
    code = project.parent / "refuse"
    code.mkdir()
    (code / "sitecustomize.py").write_text(REFUSE.format(room=str(disk)))
    paths = os.pathsep.join(filter(None, [str(code), environment.get("PYTHONPATH")]))
    done = run(project, *options, env={**environment, "PYTHONPATH": paths})
    return done, [str(path.relative_to(disk)) for path in disk.rglob("*")]


def is_told(done: subprocess.CompletedProcess[str]) -> bool:
    return done.returncode != 0 and "No space left on device" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("way", WAYS)
def test_a_cache_on_a_full_disk_costs_the_next_build_its_time_and_this_one_nothing(way: str, project: Path) -> None:
    (project / ".cache").mkdir()
    done, there = on_a_full_disk(project, project / ".cache", way, 8)
    assert done.returncode == 0, done.stderr
    assert "<samp>0\n" in (project / "site/index.html").read_text(encoding="utf-8")
    assert not [name for name in there if ".partial." in name or name.endswith(".tmp")]


@pytest.mark.parametrize("way", WAYS)
def test_a_site_on_a_full_disk_is_told_and_the_old_one_stays(way: str, project: Path) -> None:
    out = project / "out"
    (out / "site").mkdir(parents=True)
    (out / "site/index.html").write_text("old")
    done, there = on_a_full_disk(project, out, way, 300)
    assert is_told(done), done.stderr
    assert "a file cannot be read or written\n  got:    No space left on device" in done.stderr
    assert sorted(there) == ["site", "site/index.html"]


@pytest.mark.parametrize("way", WAYS)
def test_without_room_for_temporary_files_a_build_says_so(way: str, project: Path) -> None:
    """Where there is no such disk, a limit of 8 bytes for each file: Python takes a folder that refuses for none."""
    room = project.parent / "tmp"
    room.mkdir()
    if way == "a disk":
        done, there = on_a_full_disk(project, room, way, 4)
        assert is_told(done) and there == [], done.stderr
        assert not (project / "site").exists()
    else:
        code = "import sys\nfrom pathlib import Path\nfrom livedocs.run.runner import Runner\n"
        code += "Runner(Path('.')).run(Path('snippets/index.py'))\n"
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=project,
            env={**temporary(room), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8)),
        )
        assert "snippets/index.py: what it gives cannot be written" in done.stderr, done.stderr
    assert "room in the folder for temporary files" in done.stderr and not list(room.iterdir())


def test_what_may_be_written_to_a_file_is_less_than_it_takes(project: Path) -> None:
    """A limit on the size of each file, as quotas have it: files are cut off, and then refused with EFBIG."""
    done = run(
        project,
        env=temporary(project.parent / "tmp"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000)),
    )
    assert done.returncode != 0 and "File too large" in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert not list(project.glob("site*"))


def without_the_rights_of_root() -> None:
    """Before a program starts: it may do with files what their modes say, and no more, also if it is root's."""
    for capability in (1, 2, 3) if sys.platform == "linux" else ():  # DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


def freeze(folder: Path) -> Callable[[], None]:
    """Make a folder and all in it read-only; gives what undoes that."""
    paths = [folder, *folder.rglob("*")]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in paths}
    for path in paths:
        path.chmod(modes[path] & ~0o222)

    def undo() -> None:
        for path, mode in modes.items():
            path.chmod(mode)

    return undo


def test_a_read_only_cache_is_read_and_costs_nothing(project: Path) -> None:
    for kept in (False, True):
        if kept:
            assert run_mkdocs("build", "--strict", cwd=project).returncode == 0
        (project / ".cache").mkdir(exist_ok=True)
        undo = freeze(project / ".cache")
        try:
            before = sorted((project / ".cache").rglob("*"))
            done = run(project, preexec_fn=without_the_rights_of_root)
            assert done.returncode == 0, done.stderr
            assert sorted((project / ".cache").rglob("*")) == before, "it could be written: nothing was tested"
        finally:
            undo()


def test_a_read_only_site_folder_is_told_and_stays(project: Path) -> None:
    out = project / "out"
    (out / "site").mkdir(parents=True)
    (out / "site/index.html").write_text("old")
    undo = freeze(out)
    try:
        done = run(project, "--site-dir", "out/site", preexec_fn=without_the_rights_of_root)
    finally:
        undo()
    assert done.returncode != 0 and "the site folder cannot be written\n  got:    Permission denied" in done.stderr
    assert "Traceback" not in done.stderr
    assert [str(path.relative_to(out)) for path in sorted(out.rglob("*"))] == ["site", "site/index.html"]


DAMAGE: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "truncated": lambda content, chance: content[: chance.randrange(len(content))],
    "one byte": lambda content, chance: _with_another_byte(content, chance.randrange(len(content))),
    "zeros": lambda content, chance: bytes(len(content)),
}


def _with_another_byte(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def test_no_entry_of_the_cache_that_is_damaged_is_believed(tmp_path: Path) -> None:
    """Of each kind, in three ways: the site is the same byte for byte."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    project = projects.make(tmp_path / "project")
    assert build(project).ok
    livedocs_site.close()
    whole = {path: path.read_bytes() for path in (project / "site").rglob("*") if path.is_file()}
    entries = [path for path in (project / ".cache").rglob("*") if path.is_file()]
    kinds = {path.relative_to(project / ".cache/livedocs").parts[1] for path in entries}
    assert kinds == {"snippets", "rules", "pages", "made", "templates"}
    for name, damage in DAMAGE.items():
        for entry in entries:
            entry.write_bytes(damage(entry.read_bytes(), chance))
        done = build(project)
        livedocs_site.close()
        assert done.ok, f"{name}: {done.log}"
        again = {path: path.read_bytes() for path in (project / "site").rglob("*") if path.is_file()}
        assert [path for path in whole if again.get(path) != whole[path]] == [], name


@pytest.mark.parametrize("way", WAYS)
def test_a_build_needs_no_shared_memory(way: str, project: Path) -> None:
    """A container may have no /dev/shm; as Python sees it, it can make no semaphore."""
    (project / "snippets/index.py").write_text(
        "# --8<-- [start:number]\nimport torch\n\nprint(torch.ones(2).sum().item())\n# --8<-- [end:number]\n"
    )
    code = project.parent / "code"
    code.mkdir()
    environment = temporary(project.parent / "tmp")
    if way == "a disk":
        names = {"DISK": str(code), "SEEN": str(project.parent / "seen")}
        before = 'mount --bind "$DISK" /dev/shm && mount -o remount,bind,ro /dev/shm'
        done = run(project, before=before, env={**environment, **names})
    else:
        (code / "sitecustomize.py").write_text(NO_SEMAPHORES)
        paths = os.pathsep.join(filter(None, [str(code), environment.get("PYTHONPATH")]))
        done = run(project, env={**environment, "PYTHONPATH": paths})
    assert done.returncode == 0, done.stderr
    assert "<samp>2.0\n" in (project / "site/index.html").read_text(encoding="utf-8")
    assert not inside(project.parent / "tmp")
