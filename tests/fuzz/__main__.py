"""``python -m tests.fuzz``: build mutants of a small project, and say what became of each.

``make fuzz N=1000`` builds a thousand, ``SEED=3`` those of another seed, ``make fuzz SEED=3 ONLY=17`` one of them again
with all that was said of it, ``KIND=hangs`` those whose kind has that word in its name.
"""

from __future__ import annotations

import argparse
import sys
import time

from livedocs.run.limits import cores
from tests.fuzz.mutant import KINDS, kind_of
from tests.fuzz.run import run, table


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("-n", type=int, default=100, help="how many mutants (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000, help="default: of the clock")
    parser.add_argument("--first", type=int, default=0, help="the number of the first one (default: %(default)s)")
    parser.add_argument("--only", default="", help="the numbers of those to build, and to tell all of: 17 or 17,20")
    parser.add_argument("--kind", default="", help="a part of the names of the kinds to build")
    parser.add_argument("--jobs", type=int, default=cores(), help="how many at once (default: %(default)s)")
    options = parser.parse_args()
    numbers = list(range(options.first, options.first + options.n))
    if options.only:
        numbers = [int(number) for number in options.only.split(",")]
    elif options.kind:
        fitting = (n for n in range(options.n * len(KINDS)) if options.kind in kind_of(options.seed, n))
        numbers = [n for n, _ in zip(fitting, range(options.n), strict=False)]
    print(f"SEED={options.seed}, {len(numbers)} of {len(KINDS)} kinds", flush=True)
    results = []
    for result in run(options.seed, numbers, min(options.jobs, len(numbers))):
        results.append(result)
        if options.only or result.bad:
            print(result.recipe(), flush=True)
        elif result.verdict.outcome in ("told without line", "told without file"):
            said = " ".join(result.verdict.why.split())[:300]
            what = f"{result.kind}: {result.mutant.what[:120]}"
            print(f"{result.verdict.outcome}  {result.number}  {what}\n    {said}", flush=True)
    print(f"\n{table(results)}\nSEED={options.seed}")
    return any(result.bad for result in results)


if __name__ == "__main__":
    sys.exit(main())
