"""Sixty mutants, none of which is published although it is wrong; and the judge sees what it is there to see."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator

import pytest

from tests.fuzz.building import Ran
from tests.fuzz.judge import BAD
from tests.fuzz.mutant import KINDS, Mutant, kind_of, mutate
from tests.fuzz.run import Fuzz, table
from tests.fuzz.tree import PAGES, Tree, make

pytestmark = pytest.mark.site

SEED = int(os.environ.get("FUZZ_SEED", "1"))  # another seed builds other mutants
COUNT = 60
PAGE = f"docs/{PAGES[1]}.md"
BUILT = f"site/{PAGES[1]}/index.html"


@pytest.fixture(scope="module")
def fuzz(tmp_path_factory) -> Iterator[Fuzz]:
    fuzz = Fuzz(tmp_path_factory.mktemp("fuzz") / "project")
    yield fuzz
    fuzz.close()


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Tree:
    return Tree(make(tmp_path_factory.mktemp("tree") / "project"))


def test_no_kind_leaves_the_project_as_it_was_and_each_is_undone(tree: Tree) -> None:
    assert len(KINDS) > 100
    for name, change in KINDS.items():
        for seed in range(3):
            mutant = change(tree, random.Random(f"{seed}/{name}"))
            assert tree.files() != tree.sound or "line" in name or "bytes" in name, name  # some find nothing
            assert mutant.what and not mutant.file.startswith("/"), name
            tree.put_back()
            assert tree.files() == tree.sound, name


def test_a_seed_and_a_number_give_one_mutant(tree: Tree) -> None:
    assert {kind_of(3, number) for number in range(len(KINDS))} == set(KINDS)
    for number in (0, 17, 200):
        found = []
        for _ in range(2):
            found.append((mutate(tree, 3, number), tree.files()))
            tree.put_back()
        assert found[0] == found[1]


def changed(fuzz: Fuzz, name: str, old: str, new: str) -> str:
    """The verdict on a site whose pages say something else, as if a snippet had a fault."""
    path = fuzz.tree.root / name
    before = path.read_text(encoding="utf-8")
    assert old in before
    path.write_text(before.replace(old, new, 1), encoding="utf-8")
    try:
        return fuzz.judge.judge(Mutant(f"snippets/{PAGES[1]}.py", "planted"), Ran(ok=True)).outcome
    finally:
        path.write_text(before, encoding="utf-8")


def test_the_judge(fuzz: Fuzz) -> None:
    """Before any mutant has taken the site away: planted faults of each sort are seen, and a sound site has none."""
    assert fuzz.judge.judge(Mutant(PAGE, "nothing"), Ran(ok=True)).outcome == "harmless"
    assert (
        changed(fuzz, BUILT, "tensor([0.0000, 0.0000, 0.0000, 0.5000", "tensor([0.0000, 0.0000, 0.0000, 0.6000")
        == "SILENT"
    )
    assert changed(fuzz, BUILT, "</article>", "<script>x</script></article>") == "SILENT"
    assert changed(fuzz, BUILT, "</article>", '<a href="nope/">x</a></article>') == "SILENT"
    assert changed(fuzz, BUILT, "Two equal maxima get", "") == "SILENT"
    assert changed(fuzz, BUILT, '<pre class="output"', '<pre class="gone"') == "SILENT"
    assert changed(fuzz, BUILT, "</article>", "/// rule</article>") == "SILENT"
    assert changed(fuzz, "site/index.html", "</article>", "More.</article>") == "NEIGHBOR"
    assert changed(fuzz, "site/ties/max/max.ipynb", "{", "") == "SILENT"
    rules = Mutant(f"rules/{PAGES[1]}.py", "planted")
    data = fuzz.tree.root / "site/data/gradients.json"
    before = data.read_text(encoding="utf-8")
    assert fuzz.judge.judge(rules, Ran(ok=True)).outcome == "harmless"
    data.write_text(re.sub(r'("gradient": \{\s*"x": \[\s*(?:0\.0,\s*)*)0\.5', r"\g<1>0.6", before), encoding="utf-8")
    assert data.read_text(encoding="utf-8") != before
    assert fuzz.judge.judge(rules, Ran(ok=True)).outcome == "SILENT"
    data.write_text(before, encoding="utf-8")


@pytest.mark.parametrize(
    ("log", "outcome"),
    [
        (f"{PAGE}:3: wrong", "told"),
        (f"{PAGE}: wrong", "told without line"),
        ("Doc file 'ties/max.md' contains a link", "told without line"),
        ("wrong", "told without file"),
    ],
)
def test_how_well_a_fault_is_told(log: str, outcome: str, fuzz: Fuzz) -> None:
    assert fuzz.judge.judge(Mutant(PAGE, "planted"), Ran(ok=False, log=log)).outcome == outcome
    assert fuzz.judge.judge(Mutant(PAGE, "planted"), Ran(ok=False, log=log, trace="x")).outcome == "TRACEBACK"
    assert fuzz.judge.judge(Mutant(PAGE, "planted"), Ran(ok=False, log=log, hung=True)).outcome == "HANG"


def test_mutants(fuzz: Fuzz) -> None:
    """Each is told, or harmless. ``FUZZ_SEED=7 pytest tests/fuzz -s`` builds others and prints the table."""
    print(f"FUZZ_SEED={SEED}")
    results = [fuzz.result(SEED, number) for number in range(COUNT)]
    print(table(results))
    bad = [result.recipe() for result in results if result.verdict.outcome in BAD]
    assert not bad, f"FUZZ_SEED={SEED}\n" + "\n".join(bad)
