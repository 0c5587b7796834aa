"""Builds mutants, one after the other or several at once, and counts what became of them."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import code, declared, kernel, settings, written  # noqa: F401  they register their kinds
from tests.fuzz.building import Builder, Ran
from tests.fuzz.judge import BAD, GOOD, Judge, Verdict
from tests.fuzz.mutant import Mutant, kind_of, mutate
from tests.fuzz.plain import Plain
from tests.fuzz.tree import Tree, make


@dataclass(frozen=True)
class Result:
    """A mutant, how its build went, and the verdict."""

    seed: int
    number: int
    kind: str
    mutant: Mutant
    ran: Ran
    verdict: Verdict

    @property
    def bad(self) -> bool:
        """Whether it is a fault of the project."""
        return self.verdict.outcome in BAD

    def recipe(self) -> str:
        """How to have it again, and why it is what it is."""
        why = self.verdict.why.strip()[-3000:].replace("\n", "\n    ")
        place = f"{self.mutant.file}:{self.mutant.line or '-'}"
        return (
            f"{self.verdict.outcome}  make fuzz SEED={self.seed} ONLY={self.number}\n"
            f"    {self.kind}, {place}: {self.mutant.what[:300]}\n    {why}"
        )


class Fuzz:
    """A small project without a fault, built once, and what is needed to break it, build it and judge it.

    Args:
        folder: where the project is made; it must not be there yet.
        like: the folder of another one that has been built: what its builds have kept is taken.

    Raises:
        RuntimeError: if the project without a fault does not build.
    """

    def __init__(self, folder: Path, like: Path | None = None) -> None:
        make(folder)
        if like is not None:
            shutil.copytree(like / ".cache", folder / ".cache")
        self.tree, self.plain = Tree(folder.resolve()), Plain()
        self.builder = Builder(self.tree.root)
        sound = self.builder.build()
        if not sound.ok or sound.trace:
            self.close()
            raise RuntimeError(f"the project without a fault does not build\n{sound.log}\n{sound.trace}")
        self.judge = Judge(self.tree, self.plain)

    def result(self, seed: int, number: int) -> Result:
        """Build one mutant; the project is sound again afterwards."""
        self.tree.put_back()
        try:
            mutant = mutate(self.tree, seed, number)
            ran = self.builder.build()
            verdict = self.judge.judge(mutant, ran)
        finally:
            self.tree.put_back()
        return Result(seed, number, kind_of(seed, number), mutant, ran, verdict)

    def close(self) -> None:
        """End the processes."""
        self.builder.end()
        self.plain.close()


def run(seed: int, numbers: Iterable[int], jobs: int) -> Iterator[Result]:
    """Build these mutants of a seed, and give the results in their order.

    Args:
        seed: what chance starts from.
        numbers: which.
        jobs: how many processes, each with a project of its own.
    """
    with tempfile.TemporaryDirectory(prefix="fuzz-", ignore_cleanup_errors=True) as name:
        first = Path(name, "first")
        Fuzz(first).close()
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(jobs, context, initializer=_begin, initargs=(name, first)) as pool:
            yield from pool.map(_result, *zip(*((seed, number) for number in numbers), strict=True))


_fuzz: list[Fuzz] = []  # of a process of the pool


def _begin(folder: str, first: Path) -> None:
    _fuzz.append(Fuzz(Path(tempfile.mkdtemp(dir=folder), "project"), like=first))


def _result(seed: int, number: int) -> Result:
    return _fuzz[0].result(seed, number)


def table(results: Iterable[Result]) -> str:
    """How many mutants of each kind came to what."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for result in results:
        counts[result.kind][result.verdict.outcome] += 1
        counts["all"][result.verdict.outcome] += 1
    names = [name for name in (*GOOD, *BAD) if counts["all"][name]]
    width = max(map(len, counts), default=3)
    rows = [" " * width + "".join(f"  {name}" for name in names)]
    for kind, found in sorted(counts.items(), key=lambda entry: (entry[0] == "all", entry[0])):
        rows.append(f"{kind:{width}}" + "".join(f"  {found[name] or '':>{len(name)}}" for name in names))
    return "\n".join(rows)
