"""``python -m benchmarks.build``: time the build of a synthetic site beside its peers.

Every build is a fresh process. The builds take turns, so that a busy minute of the machine meets them all, and the
fastest of each counts: what else runs on a machine only ever adds. The table is printed, and everything is written to
benchmarks/results/build.json.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks import tree

TURNS = 4
SAVES = 5
PAGES = 30
MANY = 100
FEW = 4  # pages for mkdocs-jupyter, which takes seconds for each
PATIENCE = 600.0  # seconds until a server that gives no answer counts as broken

OURS = "livedocs"
PLAIN = "(a) code not executed"
JUPYTER = "(b) mkdocs-jupyter"
EXEC = "(c) markdown-exec"
MORE = f"livedocs, {MANY} pages"
IMPORT = "import torch"
SERVE_OURS = "save to page, livedocs"
SERVE_PLAIN = "save to page, (a)"


@dataclass(frozen=True)
class Row:
    """A line of the table: the seconds that count, those of each run, and the number of pages (0: it has none)."""

    name: str
    pages: int
    seconds: float
    runs: list[float]

    @property
    def per_page(self) -> float | None:
        return self.seconds / self.pages if self.pages else None


@dataclass(frozen=True)
class Target:
    """A promise, what was measured for it, and whether that keeps it."""

    promise: str
    measured: str
    reached: bool


def main() -> None:
    """Measure, print, and write the results."""
    with tempfile.TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as name:
        rows = measure(Path(name))
    found = targets(rows)
    print(table(rows), end="\n\n")
    for target in found:
        print(f"{'reached' if target.reached else 'MISSED':<8} {target.promise}: {target.measured}")
    save(rows, found)


def measure(folder: Path) -> dict[str, Row]:
    """All rows, by name."""
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONUTF8": "1", "TMPDIR": str(folder)}
    trees = {
        OURS: (tree.write(folder, "livedocs", PAGES), PAGES),
        PLAIN: (tree.write(folder, "unexecuted", PAGES), PAGES),
        JUPYTER: (tree.write(folder, "mkdocs-jupyter", FEW), FEW),
        EXEC: (tree.write(folder, "markdown-exec", PAGES), PAGES),
        MORE: (tree.write(folder, "livedocs", MANY), MANY),
    }
    runs: dict[str, list[float]] = {name: [] for name in [*trees, IMPORT]}
    for turn in range(1, TURNS + 1):
        for name, (site, _) in trees.items():
            progress(f"turn {turn} of {TURNS}: {name}")
            runs[name].append(build(site, environment))
            check(site, executed=name != PLAIN)
        runs[IMPORT].append(timed([sys.executable, "-c", "import torch"], folder, environment))
    pages = {name: count for name, (_, count) in trees.items()}
    rows = {name: Row(name, pages.get(name, 0), min(times), times) for name, times in runs.items()}
    for name, site, expected in (
        (SERVE_OURS, trees[OURS][0], lambda scale: f"twice the scale: {2 * scale}\n"),
        (SERVE_PLAIN, trees[PLAIN][0], lambda scale: f">{scale}</span>"),
    ):
        progress(name)
        times = save_to_page(site, environment, expected)
        # Not the fastest: it is the one whose save happened to meet the server as it looked.
        rows[name] = Row(name, PAGES, statistics.median(times), times)
    return rows


def build(site: Path, environment: dict[str, str]) -> float:
    """Seconds that a build from nothing takes."""
    shutil.rmtree(site / "site", ignore_errors=True)
    return timed([sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"], site, environment)


def timed(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    """Seconds that a command takes; what it says is shown only if it fails."""
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{' '.join(command)} in {folder.name} ended with {done.returncode}:\n{done.stdout}")
    return seconds


def check(site: Path, *, executed: bool) -> None:
    """End the benchmark unless every page shows what its code printed: a time for something else is worth nothing."""
    for number in range(1, int(site.name.rpartition("-")[2]) + 1):
        text = (site / "site" / tree.stem(number) / "index.html").read_text(encoding="utf-8")
        if (f"twice the scale: {2 * number}\n" in text) != executed:
            sys.exit(f"{site.name}: {tree.stem(number)} {'lacks' if executed else 'has'} the output of its code")


def save_to_page(site: Path, environment: dict[str, str], expected: Callable[[int], str]) -> list[float]:
    """Seconds from saving a snippet to its page being served anew, by a real ``mkdocs serve``.

    Args:
        site: a tree.
        environment: of the server.
        expected: gives the text that the page has once a scale has arrived there.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    url = f"http://{address}/{tree.stem(1)}/"
    command = [sys.executable, "-m", "mkdocs", "serve", "--quiet", "--dev-addr", address]
    server = subprocess.Popen(command, cwd=site, env=environment)
    try:
        wait_for(url, expected(1), server)
        runs = []
        for number in range(SAVES):
            # The server looks for changes twice a second; each save meets another moment between two looks.
            time.sleep(2 + number / (2 * SAVES))
            scale = 1001 + number
            start = time.perf_counter()
            (site / "snippets" / f"{tree.stem(1)}.py").write_text(tree.snippet(scale), encoding="utf-8")
            wait_for(url, expected(scale), server)
            runs.append(time.perf_counter() - start)
        return runs
    finally:
        server.terminate()
        server.wait()


def wait_for(url: str, text: str, server: subprocess.Popen) -> None:
    """Ask for a page until it has the text."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if server.poll() is not None:
            sys.exit(f"mkdocs serve ended with {server.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                if text in answer.read().decode("utf-8"):
                    return
        except urllib.error.URLError:
            pass  # it does not listen yet
        time.sleep(0.02)
    sys.exit(f"mkdocs serve did not show {text!r} on {url} within {PATIENCE:g} s")


def targets(rows: dict[str, Row]) -> list[Target]:
    """The three promises of the build's speed."""
    ours, more = rows[OURS].seconds, rows[MORE].seconds
    limit = 1.5 * rows[PLAIN].seconds + rows[IMPORT].seconds
    faster = rows[JUPYTER].per_page / rows[OURS].per_page
    growth = more / ours
    return [
        Target("at most 1.5 times (a) plus one import of torch", f"{ours:.2f} s of {limit:.2f} s", ours <= limit),
        Target("at least 10 times faster per page than (b)", f"{faster:.1f} times", faster >= 10),
        Target(f"{MANY} pages take at most 3.6 times {PAGES} pages", f"{growth:.2f} times", growth <= 3.6),
    ]


def table(rows: dict[str, Row]) -> str:
    """The rows as aligned text. The last column compares builds with (a), and rebuilds with the rebuild of (a)."""
    lines = [["", "pages", "seconds", "per page", "ratio to (a)"]]
    for row in rows.values():
        base = rows[SERVE_PLAIN if row.name in (SERVE_OURS, SERVE_PLAIN) else PLAIN]
        if row.per_page is None:
            pages, per_page, ratio = "", "", row.seconds / base.seconds
        else:
            pages, per_page, ratio = str(row.pages), f"{row.per_page:.3f}", row.per_page / base.per_page
        lines.append([row.name, pages, f"{row.seconds:.2f}", per_page, f"{ratio:.2f}"])
    first, *others = (max(map(len, column)) for column in zip(*lines, strict=True))
    text = []
    for name, *cells in lines:
        text.append("  ".join([name.ljust(first), *map(str.rjust, cells, others)]))
    text.append(
        f"The fastest of {TURNS} builds, the median of {SAVES} saves. Ratios are of the time per page, if there is one."
    )
    text.append(f"(b) builds {FEW} pages only: it starts a Jupyter kernel for each.")
    return "\n".join(text)


def save(rows: dict[str, Row], found: list[Target]) -> None:
    """Write everything that was measured, and on what, to benchmarks/results/build.json."""
    data = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "torch": version("torch"),
        "cpus": os.cpu_count(),
        "rows": [asdict(row) | {"per_page": row.per_page} for row in rows.values()],
        "targets": [asdict(target) for target in found],
    }
    file = tree.ROOT / "benchmarks" / "results" / "build.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def progress(what: str) -> None:
    """Say on standard error what is being measured."""
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
