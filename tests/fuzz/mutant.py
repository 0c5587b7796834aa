"""What a mutant is, and how its kind and its details follow from a seed and a number."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.fuzz.tree import Tree


@dataclass(frozen=True)
class Mutant:
    """A fault in one file.

    Args:
        file: the file, below the root of the project.
        what: the fault, in a few words.
        line: where it is, counted from 1; None where it is in no line, so that a message needs none.
        others: files that a message may name as well, since the fault shows there.
    """

    file: str
    what: str
    line: int | None = 1
    others: tuple[str, ...] = ()


Kind = Callable[[Tree, random.Random], Mutant]
KINDS: dict[str, Kind] = {}


def data(name: str) -> Any:
    """What a file of this folder holds: the texts that mutants are made with."""
    return yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def kind(name: str) -> Callable[[Kind], Kind]:
    """Register a function that breaks a project: it gets the project and the source of chance."""

    def register(function: Kind) -> Kind:
        assert name not in KINDS
        KINDS[name] = function
        return function

    return register


def kind_of(seed: int, number: int) -> str:
    """The name of a mutant's kind: each kind comes once before one comes again."""
    turn, place = divmod(number, len(KINDS))
    names = sorted(KINDS)
    random.Random(f"{seed}/{turn}").shuffle(names)
    return names[place]


def mutate(tree: Tree, seed: int, number: int) -> Mutant:
    """Break a sound project in the way that belongs to a seed and a number."""
    name = kind_of(seed, number)
    return KINDS[name](tree, random.Random(f"{seed}/{number}/{name}"))
