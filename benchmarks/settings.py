"""``python -m benchmarks.settings``: does PyTorch give the same with two threads, and with shorter or longer vectors?

Every snippet runs again, and every rule is measured again, in processes that differ from those of a build in one
setting. A line of output that is another text, and a row that differs by more than rounding, are listed; ``--write``
writes them where the site finds them (livedocs.show.kernels). AVX-512 is left as it is where the processor has none.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from livedocs.measured import Elsewhere, MeasuredRule, Point
from livedocs.pages.project import Project
from livedocs.run import limits
from livedocs.run.accept import release, transcript
from livedocs.run.runner import Runner
from livedocs.show import elsewhere, kernels
from livedocs.show.data import QUANTITIES
from livedocs.show.tensors import text_of

ROOT = Path(__file__).resolve().parent.parent
THREADS = "LIVEDOCS_BENCHMARK_THREADS"
PLAIN, LONG = "the plain kernels", "AVX-512"
# In the order of the page: what most readers have comes first.
SETTINGS = {
    LONG: {"ATEN_CPU_CAPABILITY": "avx512", "MKL_ENABLE_INSTRUCTIONS": "AVX512", "ONEDNN_MAX_CPU_ISA": "ALL"},
    PLAIN: {"ATEN_CPU_CAPABILITY": "default"},
    # Threads that wait do not spin: on a busy machine they would use up their limit.
    "two threads": {THREADS: "2", "OMP_WAIT_POLICY": "passive"},
}
# What code for another processor may round otherwise, relative to a number; slopes are quotients of small differences.
EXACT, SLOPE = 1e-9, 1e-6
EPS = {"float64": EXACT, "complex128": EXACT, "float32": 1e-5, "complex64": 1e-5, "float16": 0.01, "bfloat16": 0.1}


def main() -> None:
    """Measure, print, and write the results; exit with 1 for a difference that rules/kernels.json does not have."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="*", help="modules of rules, such as rules.kinks.relu; then no snippet runs")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)  # what ``again`` starts
    parser.add_argument("--write", action="store_true", help=f"write what differs to {kernels.FILE}")
    options = parser.parse_args()
    if options.one:
        json.dump(one(options.modules), sys.stdout)
        return
    base, file, torch = again({}, options.modules), ROOT / kernels.FILE, release(version("torch"))
    listed = kernels.read(file, torch) or []
    whole: list[kernels.Other] = []
    for name, setting in SETTINGS.items():
        if name == LONG and not limits.has_avx512():
            print(f"{name}: this processor has none; what is listed stays")
            whole += [one for one in listed if one.setting == name]
            continue
        other = again(setting, options.modules)
        found = differences(base, other, name)
        points = sum(len(rule["points"]) for rule in other["rules"])
        about = f"{other['kernels']}, {other['threads']} threads at most, beside {base['kernels']}, {base['threads']}"
        print(f"{name} ({about}): {points} points, {len(other['outputs'])} snippets, {len(found)} differences")
        print(*(f"  {one.subject}, {one.what}: {one.here} is {one.there}" for one in found), sep="\n")
        whole += found
    if options.write:
        kernels.write(file, torch, whole)
    sys.exit(not set(whole) <= set(listed))


def again(setting: dict[str, str], modules: Sequence[str]) -> dict[str, Any]:
    """What a process with a setting gives: each output, each rule, and what PyTorch says of itself."""
    command = [sys.executable, "-m", "benchmarks.settings", "--one", *modules]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **setting}, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.returncode)  # what it said stands above
    return json.loads(done.stdout)


def one(modules: Sequence[str]) -> dict[str, Any]:
    """The same, in this process. Results are kept: the store has a folder for each setting."""
    limits.THREADS.update(dict.fromkeys(limits.THREADS, os.environ.get(THREADS, "1")))
    runner = Runner(ROOT, limits=limits.NOTEBOOK)  # plain code is slower
    project = Project(ROOT, ROOT / "snippets", runner)
    try:
        about = runner.call(
            "benchmarks.settings:itself",
            {},
            about="benchmarks/settings.py",
            glue=("run",),
            limits=limits.SNIPPET,
            uses=["torch"],
        )
        files = [f"{module.replace('.', '/')}.py" for module in modules] or list(project.rule_files().values())
        measured = [project.measure(file) for file in files]
        snippets = [] if modules else sorted((ROOT / "snippets").rglob("*.py"))
        ran = [runner.submit(path) for path in snippets]
        return {
            **about.result(),
            "rules": [rule for future in measured for rule in future.result()],
            "outputs": {future.result().where: transcript(future.result()) for future in ran},
        }
    finally:
        runner.close()


def itself(folder: Path) -> dict[str, Any]:
    """What PyTorch says of itself in a child: which kernels it has chosen, and how many threads it uses."""
    import torch

    return {"kernels": torch.backends.cpu.get_cpu_capability(), "threads": torch.get_num_threads()}


def differences(base: dict[str, Any], other: dict[str, Any], setting: str) -> list[kernels.Other]:
    """What a process with a setting gives otherwise: special points, then lines of outputs."""
    rows = other_rows(base["rules"], other["rules"], setting)
    return [*rows, *other_outputs(base["outputs"], other["outputs"], setting)]


def other_outputs(base: dict[str, str], other: dict[str, str], setting: str) -> Iterator[kernels.Other]:
    """The lines of outputs that are another text."""
    for where, text in base.items():
        for was, now in itertools.zip_longest(text.split("\n"), other[where].split("\n"), fillvalue=""):
            if was != now:
                yield kernels.Other(where, setting, "output", was, now)


def other_rows(base: list[dict[str, Any]], other: list[dict[str, Any]], setting: str) -> Iterator[kernels.Other]:
    """What differs at special points by more than rounding."""
    for one, two in zip(map(MeasuredRule.from_dict, base), map(MeasuredRule.from_dict, other), strict=True):
        for point, now in zip(one.points, two.points, strict=True):
            for name in differing(point, now):
                here, there = _said(one, point, name), _said(two, now, name)
                texts = (
                    "; ".join(line for line in lines if line not in others) or "as on the card"
                    for lines, others in ((here, there), (there, here))
                )
                yield kernels.Other(one.name, setting, kernels.point_in_words(point.label, name), *texts)


def _said(rule: MeasuredRule, point: Point, name: str) -> list[str]:
    """A quantity of a point as texts."""
    if name == "verdict":
        return [point.verdict.words]
    if name == "elsewhere":
        return [f"{one.there}, {one.where}" for one in elsewhere.differences(rule) if one.point is point]
    return [text_of(getattr(point, name))]


def differing(one: Point, two: Point) -> Iterator[str]:
    """The quantities of a point that differ by more than rounding, its verdict, and what it is elsewhere."""
    for name in QUANTITIES:
        if not are_alike(getattr(one, name), getattr(two, name), SLOPE if name in ("left", "right") else EXACT):
            yield name
    if one.verdict != two.verdict:
        yield "verdict"
    if len(one.elsewhere) != len(two.elsewhere) or not all(map(_same_elsewhere, one.elsewhere, two.elsewhere)):
        yield "elsewhere"


def _same_elsewhere(one: Elsewhere, two: Elsewhere) -> bool:
    place = (one.dtype, one.copies, one.strided, one.error)
    return place == (two.dtype, two.copies, two.strided, two.error) and all(
        are_alike(getattr(one, name), getattr(two, name), EPS[one.dtype]) for name in ("output", "gradient", "forward")
    )


def are_alike(one: Any, two: Any, tolerance: float) -> bool:
    """Whether two quantities are the same numbers, but for rounding; NaN is like NaN."""
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(are_alike(one[name], two[name], tolerance) for name in one)
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(are_alike(a, b, tolerance) for a, b in zip(one, two, strict=True))
    if isinstance(one, float) and isinstance(two, float):
        both_nan = math.isnan(one) and math.isnan(two)
        return both_nan or math.isclose(one, two, rel_tol=tolerance, abs_tol=tolerance)
    return one == two


if __name__ == "__main__":
    main()
