"""Every snippet prints what was accepted, prints the same when it runs alone, and is readable on a page."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from livedocs.run.accept import accepted_file, release, transcript
from livedocs.run.runner import Runner
from tests.conftest import PATIENCE, ROOT

SNIPPETS = sorted((ROOT / "snippets").rglob("*.py"))
TORCH = release(version("torch"))


def name(path: Path) -> str:
    return path.relative_to(ROOT / "snippets").as_posix()


@pytest.mark.parametrize("path", SNIPPETS, ids=name)
def test_prints_what_was_accepted(path: Path, runner: Runner, record_property) -> None:
    accepted = accepted_file(ROOT, path, TORCH)
    wanted = accepted.read_text(encoding="utf-8") if accepted.exists() else "(no such file)"
    snippet = runner.run(path)
    record_property("cpu", [name(path), snippet.cpu])
    got = transcript(snippet)
    hint = f"make accept{'' if accepted.exists() else ' writes it'}, then read the diff of {accepted.relative_to(ROOT)}"
    assert got == wanted, hint


def python(*arguments: str) -> str:
    """What Python prints with these arguments, one thread, and no window for figures."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def printed(path: Path, runner: Runner) -> str:
    """What a page shows of a whole file."""
    return "".join(output.text for output in runner.run(path).outputs.values())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the files are run in forks, and this system has no fork")
def test_every_snippet_prints_the_same_when_it_runs_alone(runner: Runner) -> None:
    """Without livedocs: see tests/content/alone.py."""
    files = [path.relative_to(ROOT).as_posix() for path in SNIPPETS]
    answers = [json.loads(line) for line in python("tests/content/alone.py", *files).splitlines()]
    assert sorted(answer["file"] for answer in answers) == sorted(files)
    failed = [f"{answer['file']}: exit {answer['exit']}\n{answer['stderr']}" for answer in answers if answer["exit"]]
    assert not failed, "\n".join(failed)
    for answer in answers:
        assert answer["stdout"] == printed(ROOT / answer["file"], runner), answer["file"]


@pytest.mark.parametrize("file", ["snippets/index.py", "snippets/ties/max.py"], ids=["text", "figures"])
def test_a_snippet_prints_the_same_as_a_reader_starts_it(file: str, runner: Runner) -> None:
    """``python snippets/…``, in a process of its own from the start."""
    assert python(file) == printed(ROOT / file, runner)


@pytest.mark.parametrize("path", SNIPPETS, ids=name)
def test_fits_on_a_page(path: Path) -> None:
    """Lines under 80 columns: a phone in landscape shows them without scrolling."""
    lines = path.read_text(encoding="utf-8").splitlines()
    long = [f"{name(path)}:{number}: {len(line)} columns" for number, line in enumerate(lines, 1) if len(line) >= 80]
    assert not long, "\n".join(long)


@pytest.mark.parametrize("path", SNIPPETS, ids=name)
def test_draws_the_same_numbers_each_time(path: Path) -> None:
    """An assert over random numbers that holds nearly always fails now and then, and nobody knows why."""
    source = path.read_text(encoding="utf-8")
    if re.search(r"\btorch\.(rand|randn|randint|randperm|bernoulli|normal|multinomial)(_like)?\(", source):
        assert "manual_seed(" in source, f"{name(path)} draws random numbers, and seeds nothing"


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


def test_compile_switches_the_checks_of_distributions_off() -> None:
    """As infinities/softmax.md says; a snippet would pay two seconds for it."""
    program = (
        "import torch\n"
        "from torch.distributions import Categorical\n"
        "hidden = torch.full((3,), -torch.inf)\n"
        "torch.compile(torch.sin, backend='eager')\n"
        "print(Categorical(logits=hidden).entropy().item())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0 and done.stdout == "nan\n", done.stderr
