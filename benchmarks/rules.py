"""``python -m benchmarks.rules``: how fast the special points are measured, and what share of a build that takes.

The imports of torch and SymPy are part of it. The share is the time of measuring alone against the
time of a whole build of the site, each the median of three; in a build the two overlap with everything else.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from livedocs.pages.project import Project
from livedocs.run.runner import Runner
from livedocs.run.store import Store

ROOT = Path(__file__).resolve().parent.parent
TURNS = 3


def measure_all(root: Path) -> tuple[float, int, int]:
    """Seconds that measuring every rule takes, and how many rules and special points there are."""
    runner = Runner(root, store=Store(None))
    try:
        start = time.perf_counter()
        rules = Project(root, root / "snippets", runner).rules
        seconds = time.perf_counter() - start
    finally:
        runner.close()
    return seconds, len(rules), sum(len(rule.points) for rule in rules.values())


def build(root: Path) -> float:
    """Seconds that a build of the whole site takes, in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", f"{folder}/site"],
            cwd=root,
            check=True,
            capture_output=True,
            env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        )
        return time.perf_counter() - start


def main() -> None:
    """Measure, print, and write benchmarks/results/rules.json."""
    runs = [measure_all(ROOT) for _ in range(TURNS)]
    seconds = statistics.median(run[0] for run in runs)
    _, rules, points = runs[0]
    whole = statistics.median(build(ROOT) for _ in range(TURNS))
    found = {
        "torch": version("torch"),
        "cpus": os.cpu_count(),
        "rules": rules,
        "points": points,
        "seconds": round(seconds, 3),
        "points_per_second": round(points / seconds, 1),
        "build_seconds": round(whole, 2),
        "share_of_the_build": round(seconds / whole, 3),
    }
    for name, value in found.items():
        print(f"{name.replace('_', ' '):<20} {value}")
    reached = found["points_per_second"] >= 60
    print("reached" if reached else "MISSED", "at least 60 points a second")
    folder = ROOT / "benchmarks" / "results"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rules.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
