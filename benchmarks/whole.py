"""``python -m benchmarks.whole``: time this site's own builds, and how soon a saved file is on its page.

Builds from nothing, again after one snippet has changed, and again after nothing has; then ``mkdocs serve``, with five
saves each of prose, a snippet and a rule. ``--beside COMMIT`` builds an older commit in turns with this one, so that a
busy minute meets both. The table is printed, and everything is written to benchmarks/results/whole.json.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.build import wait_for
from livedocs.run.limits import THREADS
from livedocs.run.store import MODE

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("docs", "snippets", "rules", "livedocs", "overrides", "mkdocs.yml", "constraints.txt", "pyproject.toml")
TURNS = 3
SAVES = 5


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--beside", metavar="COMMIT", help="build this commit from nothing too, in turns")
    parser.add_argument("--turns", type=int, default=TURNS, help="builds from nothing of each")
    options = parser.parse_args()
    rows: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        project = copy(folder / "site")
        old = commit(folder / "old", options.beside) if options.beside else None
        for turn in range(options.turns):
            say(f"from nothing, turn {turn + 1} of {options.turns}")
            if old:
                rows.setdefault(f"from nothing, {options.beside}", []).append(build(old))
            rows.setdefault("from nothing", []).append(build(project, cache="fresh"))
        say("again")
        rows["again, nothing changed"] = [build(project) for _ in range(3)]
        rows["again, one snippet changed"] = [build(changed(project, turn)) for turn in range(3)]
        say("serve")
        for what, times in saves(project).items():
            rows[f"save to page, {what}"] = times
    for what, times in rows.items():
        shown = " ".join(f"{seconds:.2f}" for seconds in times)
        print(f"{what:<44} median {statistics.median(times):6.2f} s   ({shown})")
    file = ROOT / "benchmarks" / "results" / "whole.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def copy(folder: Path) -> Path:
    """A copy of this project, without what it has kept."""
    folder.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / part)
    return folder


def commit(folder: Path, name: str) -> Path:
    """An older commit of this project, with its own entry point for Markdown."""
    folder.mkdir()
    archive = subprocess.run(["git", "archive", name], cwd=ROOT, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x"], cwd=folder, input=archive, check=True)
    entry = re.search(r'(?m)^livedocs = "(.*)"$', (folder / "pyproject.toml").read_text(encoding="utf-8"))[1]
    info = folder / "pytorch_gradients-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pytorch-gradients\nVersion: 0\n")
    (info / "entry_points.txt").write_text(f"[markdown.extensions]\nlivedocs = {entry}\n")
    return folder


def environment(folder: Path, cache: str = "on") -> dict[str, str]:
    """Of a process that builds the project in this folder, with the code that is in it."""
    return {**os.environ, **THREADS, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(folder), MODE: cache}


def build(folder: Path, cache: str = "on") -> float:
    """Seconds that a build takes."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment(folder, cache), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"the build in {folder.name} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return time.perf_counter() - start


def changed(folder: Path, turn: int) -> Path:
    """The project with one snippet changed."""
    with (folder / "snippets" / "kinks" / "abs.py").open("a", encoding="utf-8") as file:
        file.write(f"# Changed {turn}.\n")
    return folder


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple[str, subprocess.Popen]]:
    """The address of a running ``mkdocs serve``, and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-m", "mkdocs", "serve", "--quiet", "--dev-addr", address]
    server = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(folder),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored in what nohup or & has started
    )
    try:
        wait_for(f"http://{address}/", "</html>", server)
        yield f"http://{address}/", server
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


# What is saved: the file, what is in it and what comes in its place, the page and what it shows then; {} is the number.
EDITS = {
    "prose": ("docs/kinks/relu.md", "## Why\n", "## Why\n\nSaved {} times.\n", "kinks/relu/", "Saved {} times."),
    "a snippet": (
        "snippets/index.py",
        "print(x.grad.item())",
        'print("saved {}", x.grad.item())',
        "",
        "<samp>saved {} ",
    ),
    "a rule": ("rules/ties/max.py", '"two-way tie"', '"saved {} times"', "ties/max/", "saved {} times"),
}


def saves(folder: Path) -> dict[str, list[float]]:
    """Seconds from each save to the page with it, by what was saved."""
    found = {}
    with served(folder) as (url, server):
        for what, (file, old, new, page, shown) in EDITS.items():
            path = folder / file
            text = path.read_text(encoding="utf-8")
            if old not in text:
                sys.exit(f"{file} does not hold {old!r}: nothing to save")
            found[what] = []
            for number in range(SAVES):
                # The server looks for changes twice a second; each save meets another moment between two looks.
                time.sleep(1.5 + number / (2 * SAVES))
                start = time.perf_counter()
                path.write_text(text.replace(old, new.format(number)), encoding="utf-8")
                wait_for(url + page, shown.format(number), server)
                found[what].append(time.perf_counter() - start)
    return found


def say(what: str) -> None:
    """Say on standard error what is being measured."""
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
