"""Every snippet prints what was accepted, prints the same when it runs alone, and is readable on a page."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import pytest

from livedocs.accept import accepted_file, release, transcript
from livedocs.runner import Runner
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
