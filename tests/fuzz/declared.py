"""Faults in declarations: wrong names, arguments, formulas and values of rules."""

from __future__ import annotations

import random
import re

from tests.fuzz.mutant import Mutant, data, kind
from tests.fuzz.tree import Tree

PIECES, VJPS = "rules/kinks/max_zero.py", "rules/ties/max.py"
CHANGE = "\nfrom dataclasses import replace\n\nRULES[{at}] = replace(RULES[{at}], {what})\n"
SAID: dict[str, list[str]] = data("rules.yaml")


def _appended(tree: Tree, file: str, added: str, what: str) -> Mutant:
    text = tree.text(file)
    tree.write(file, text + added)
    return Mutant(file, what, text.count("\n") + 1, _page_of(file))


def _page_of(file: str) -> tuple[str, ...]:
    """The page of a module of rules: what it names, and there is not, is told there."""
    return (f"docs/{file.removeprefix('rules/').removesuffix('.py')}.md",)


def _define(sort: str, file: str) -> None:
    @kind(f"rules: a wrong argument of {sort}")
    def change(tree: Tree, rng: random.Random) -> Mutant:
        what = rng.choice(SAID[sort])
        at = rng.randrange(2 if file == PIECES else 5)
        return _appended(tree, file, CHANGE.format(at=at, what=what), f"RULES[{at}] with {what}")


_define("any rule", VJPS)
_define("Pieces", PIECES)
_define("VJP", VJPS)


@kind("rules: no list of rules")
def no_list(tree: Tree, rng: random.Random) -> Mutant:
    what = rng.choice(SAID["module"])
    return _appended(tree, rng.choice((PIECES, VJPS)), f"\n{what}\n", what)


@kind("rules: a keyword misspelled")
def keyword(tree: Tree, rng: random.Random) -> Mutant:
    file = rng.choice((PIECES, VJPS))
    lines = tree.lines(file)
    at = rng.choice([n for n, line in enumerate(lines) if re.match(r"\s+\w+=", line)])
    lines[at] = re.sub(r"(\w+)=", r"\1x=", lines[at], count=1)
    tree.write(file, lines)
    return Mutant(file, f"{lines[at].strip()!r}", at + 1, _page_of(file))


@kind("rules: another number or sign")
def number(tree: Tree, rng: random.Random) -> Mutant:
    file = rng.choice((PIECES, VJPS))
    lines = tree.lines(file)
    at = rng.choice([n for n, line in enumerate(lines) if re.search(r"\d|[<>]| [-+*/] |==", line) and n > 3])
    old = lines[at]
    swaps = {"<": ">", ">": "<", "==": "!=", " + ": " - ", " - ": " + ", " * ": " / ", " / ": " * "}
    marks = [mark for mark in swaps if mark in old]
    if marks and rng.random() < 0.6:
        mark = rng.choice(marks)
        lines[at] = old.replace(mark, swaps[mark], 1)
    else:
        lines[at] = re.sub(r"\d", lambda match: str((int(match[0]) + 1) % 10), old, count=1)
    tree.write(file, lines)
    return Mutant(file, f"{old.strip()!r} is {lines[at].strip()!r}", at + 1, _page_of(file))
