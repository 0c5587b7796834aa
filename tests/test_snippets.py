"""Every snippet prints what was accepted, prints the same when it runs alone, and is readable on a page."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import pytest

from livedocs.errors import DocsError
from livedocs.run.accept import accept, accepted_file, release, transcript
from livedocs.run.runner import Runner
from tests.conftest import ROOT

SNIPPETS = sorted((ROOT / "snippets").rglob("*.py"))
TORCH = release(version("torch"))


def name(path: Path) -> str:
    return path.relative_to(ROOT / "snippets").as_posix()


@pytest.mark.parametrize("path", SNIPPETS, ids=name)
def test_prints_what_was_accepted(path: Path, runner: Runner) -> None:
    accepted = accepted_file(ROOT, path, TORCH)
    wanted = accepted.read_text(encoding="utf-8") if accepted.exists() else "(no such file)"
    got = transcript(runner.run(path))
    hint = f"make accept{'' if accepted.exists() else ' writes it'}, then read the diff of {accepted.relative_to(ROOT)}"
    assert got == wanted, hint


def run_alone(path: Path) -> subprocess.CompletedProcess[str]:
    """``python snippets/…``, as a reader types it."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", path.relative_to(ROOT).as_posix()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "MPLBACKEND": "agg"},
    )


def test_every_snippet_prints_the_same_when_it_runs_alone(runner: Runner) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # each waits for an import of torch
        for path, done in zip(SNIPPETS, pool.map(run_alone, SNIPPETS), strict=True):
            assert done.returncode == 0, done.stderr
            shown = "".join(output.text for output in runner.run(path).outputs.values())
            assert done.stdout == shown, name(path)


@pytest.mark.parametrize("path", SNIPPETS, ids=name)
def test_fits_on_a_page(path: Path) -> None:
    """Lines under 80 columns: a phone in landscape shows them without scrolling."""
    lines = path.read_text(encoding="utf-8").splitlines()
    long = [f"{name(path)}:{number}: {len(line)} columns" for number, line in enumerate(lines, 1) if len(line) >= 80]
    assert not long, "\n".join(long)


@pytest.mark.parametrize("path", SNIPPETS, ids=name)
def test_proves_its_claim(path: Path) -> None:
    """A snippet does not only print: it asserts."""
    source = path.read_text(encoding="utf-8")
    assert "assert" in source or "gradcheck" in source, f"{name(path)} asserts nothing"


def test_every_accepted_output_has_its_snippet() -> None:
    """No output of a snippet that is gone."""
    outputs = ROOT / "tests" / "outputs"
    for path in outputs.rglob("*.txt"):
        parts = path.relative_to(outputs).parts
        own = Path(*parts[1:]) if parts[0].startswith("torch-") else Path(*parts)
        assert (ROOT / "snippets" / own).with_suffix(".py").exists(), path


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """A project with one snippet, constraints that name release 9.9, and its runner."""
    root = tmp_path_factory.mktemp("other")
    (root / "snippets" / "a").mkdir(parents=True)
    (root / "constraints.txt").write_text("numpy==2.0\ntorch==9.9.0\n")
    runner = Runner(root)
    yield runner
    runner.close()


def test_accept_writes_the_default_release_and_then_only_differences(other: Runner) -> None:
    root = other.root
    snippet = root / "snippets" / "a" / "b.py"
    snippet.write_text("print('one')\n")
    assert accept(root, "9.9", other) == ["tests/outputs/a/b.txt"]
    assert accept(root, "9.9", other) == []
    assert accept(root, "9.8", other) == []  # it prints the same: no file of its own
    snippet.write_text("print('two')\n")
    assert accept(root, "9.8", other) == ["tests/outputs/torch-9.8/a/b.txt"]
    assert accepted_file(root, snippet, "9.8").read_text() == "[whole file]\ntwo\n"
    assert accepted_file(root, snippet, "9.9").read_text() == "[whole file]\none\n"
    assert accept(root, "9.9", other) == ["tests/outputs/a/b.txt"]
    assert accept(root, "9.8", other) == ["tests/outputs/torch-9.8/a/b.txt"]  # the same again: it goes
    assert not (root / "tests/outputs/torch-9.8/a/b.txt").exists()


def test_accept_writes_nothing_if_a_snippet_fails(other: Runner) -> None:
    good, bad = (other.root / "snippets" / "a" / name for name in ("b.py", "c.py"))
    good.write_text("print('new')\n")
    bad.write_text("print(1 / 0)\n")
    with pytest.raises(DocsError, match="c.py"):
        accept(other.root, "9.9", other)
    bad.unlink()
    assert "new" not in accepted_file(other.root, good, "9.9").read_text()


def test_accept_forgets_a_snippet_that_is_gone(other: Runner) -> None:
    (other.root / "snippets" / "a" / "b.py").unlink()
    assert accept(other.root, "9.9", other) == ["tests/outputs/a/b.txt"]
    assert not (other.root / "tests/outputs/a/b.txt").exists()
