"""A small project with one module of rules, for tests."""

from __future__ import annotations

from pathlib import Path

from livedocs.pages.page import Page
from livedocs.pages.project import Project
from livedocs.run.runner import Runner

HEAD = "from livedocs.declare import Piece, Pieces, oo, x\n\n"
RULE = 'Pieces("torch.abs", "torch.abs(x)", pieces=[Piece(-x, -oo, 0), Piece(x, 0, oo)])'


def make_project(root: Path) -> Runner:
    """A project without rules yet, and the runner that measures them."""
    (root / "rules" / "a").mkdir(parents=True)
    (root / "snippets").mkdir()
    (root / "rules" / "__init__.py").write_text('"""Rules."""\n')
    return Runner(root)


def write_rules(runner: Runner, text: str, name: str = "b.py") -> Page:
    """Write a module of rules; a page of the project."""
    (runner.root / "rules" / "a" / name).write_text(text)
    return Page(Project(runner.root, runner.root / "snippets", runner))
