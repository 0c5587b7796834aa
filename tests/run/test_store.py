"""Results on disk: one that is truncated, foreign or made of something else is computed again, never believed."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from livedocs.errors import DocsError
from livedocs.run import store
from livedocs.run.runner import Runner
from livedocs.run.store import MODE, Store, open_store

pytestmark = pytest.mark.site

CODE = "import random\nprint(random.random())\n"  # another number each time it really runs


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "snippets").mkdir()
    (tmp_path / "snippets" / "a.py").write_text(CODE)
    return tmp_path


def printed(root: Path) -> str:
    """What a process that has run nothing yet shows of the snippet."""
    runner = Runner(root)
    try:
        return runner.run(root / "snippets" / "a.py").outputs[""].text
    finally:
        runner.close()


def entry(root: Path) -> Path:
    (file,) = (root / ".cache" / "livedocs").rglob("snippets/a.py.json")
    return file


def test_a_second_process_shows_what_the_first_has_run(root: Path) -> None:
    first = printed(root)
    assert printed(root) == first
    runner = Runner(root)
    assert runner.run(root / "snippets" / "a.py").outputs[""].text == first
    assert runner.runs == 0 and runner._helper is None, "nothing has to run, so torch is not imported"


def test_a_changed_file_runs_again(root: Path) -> None:
    first = printed(root)
    (root / "snippets" / "a.py").write_text(CODE + "# changed\n")
    assert printed(root) != first


def test_a_changed_import_runs_it_again(root: Path) -> None:
    (root / "snippets" / "helper_of_a.py").write_text("VALUE = 1\n")
    (root / "snippets" / "a.py").write_text("import helper_of_a\n" + CODE)
    first = printed(root)
    assert printed(root) == first
    (root / "snippets" / "helper_of_a.py").write_text("VALUE = 2\n")
    assert printed(root) != first


def test_a_file_that_is_imported_in_another_place_runs_it_again(root: Path) -> None:
    """The file that was imported is gone, and one of its name is found elsewhere."""
    (root / "helper_of_a.py").write_text("VALUE = 1\n")
    (root / "snippets" / "a.py").write_text(f"import sys\nsys.path.append({str(root)!r})\nimport helper_of_a\n" + CODE)
    first = printed(root)
    (root / "helper_of_a.py").unlink()
    (root / "snippets" / "helper_of_a.py").write_text("VALUE = 2\n")
    assert printed(root) != first


DAMAGE = {
    "empty": lambda text: "",
    "truncated": lambda text: text[: len(text) // 2],
    "a list": lambda text: "[1, 2]",
    "null": lambda text: "null",
    "not UTF-8": lambda text: b"\xff\xfe",
    "another key": lambda text: json.dumps({**json.loads(text), "key": "0" * 64}),
    "another result": lambda text: text.replace("0.", "7."),
    "no imports": lambda text: json.dumps({k: v for k, v in json.loads(text).items() if k != "imports"}),
    "no checksum": lambda text: json.dumps({k: v for k, v in json.loads(text).items() if k != "checksum"}),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_entry_is_not_believed(damage: str, root: Path) -> None:
    first = printed(root)
    changed = DAMAGE[damage](entry(root).read_text())
    entry(root).write_bytes(changed if isinstance(changed, bytes) else changed.encode())
    second = printed(root)
    assert second != first and not second.startswith("7.")
    assert printed(root) == second, "it is computed once, and kept"


def test_an_entry_of_another_file_is_not_believed(root: Path) -> None:
    first = printed(root)
    (root / "snippets" / "b.py").write_text("print('b')\n")
    runner = Runner(root)
    runner.run(root / "snippets" / "b.py")
    runner.close()
    entry(root).write_bytes(entry(root).with_name("b.py.json").read_bytes())
    assert printed(root) not in (first, "b\n")


def test_another_environment_has_a_store_of_its_own(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = printed(root)
    monkeypatch.setattr("livedocs.run.store._folder_name", lambda: "torch-9.9.9-other")
    assert printed(root) != first
    assert {folder.name for folder in (root / ".cache" / "livedocs").iterdir()} > {"torch-9.9.9-other"}


def test_the_environment_switches_it_off_or_has_everything_computed(root: Path, monkeypatch) -> None:
    first = printed(root)
    monkeypatch.setenv(MODE, "off")
    assert printed(root) != first
    monkeypatch.setenv(MODE, "fresh")
    fresh = printed(root)
    assert fresh != first
    monkeypatch.delenv(MODE)
    assert printed(root) == fresh, "what was computed anew is kept"


def test_a_store_that_cannot_be_written_costs_nothing(root: Path) -> None:
    (root / ".cache").write_text("a file in its place")
    assert printed(root) != printed(root)


def test_what_fails_is_not_kept(root: Path) -> None:
    (root / "snippets" / "a.py").write_text("1 / 0\n")
    for _ in range(2):
        with pytest.raises(Exception, match="a.py"):
            printed(root)
    assert not list((root / ".cache").rglob("a.py.json"))


def test_the_folder_of_a_release_that_is_long_gone_is_forgotten(root: Path) -> None:
    names = ("torch-1.0-0123456789ab", "torch-2.0-0123456789ab", "somebody-elses")
    old, new, other = (root / ".cache" / "livedocs" / name for name in names)
    for folder in (old, new, other):
        folder.mkdir(parents=True)
    for folder in (old, other):
        os.utime(folder, (0, 0))
    open_store(root)
    assert not old.exists() and new.exists() and other.exists(), "what is not ours stays"


def test_an_unknown_way_to_use_it_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODE, "Fresh")
    with pytest.raises(DocsError, match="unknown way"):
        open_store(root)


def test_a_file_that_is_saved_while_it_runs_is_not_kept(root: Path) -> None:
    """Which state of it ran, nobody knows."""
    (root / "snippets" / "helper_of_a.py").write_text("VALUE = 1\n")
    code = "import pathlib, time\nimport helper_of_a\n_ = pathlib.Path({!r}).write_text('')\ntime.sleep(1)\n"
    (root / "snippets" / "a.py").write_text(code.format(str(root / "started")) + "print(helper_of_a.VALUE)\n")
    runner = Runner(root)
    future = runner.submit(root / "snippets" / "a.py")
    while not (root / "started").exists():
        time.sleep(0.01)
    (root / "snippets" / "helper_of_a.py").write_text("VALUE = 2\n")
    assert future.result().outputs[""].text == "1\n"
    assert runner.run(root / "snippets" / "a.py").outputs[""].text == "2\n"
    runner.close()
    assert printed(root) == "2\n"


def test_a_library_reads_another_variable(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = store._folder_name.__wrapped__()
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "default")
    assert store._folder_name.__wrapped__() != before
    monkeypatch.delenv("ATEN_CPU_CAPABILITY")
    monkeypatch.setenv("PYTHONOPTIMIZE", "1")  # which children never see
    assert store._folder_name.__wrapped__() == before


def test_nothing_is_kept_without_a_folder(root: Path) -> None:
    nothing = Store(None)
    nothing.put("a", "key", {}, 1)
    assert nothing.get(root, "a", "key") is None
