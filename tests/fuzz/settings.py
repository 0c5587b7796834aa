"""Faults in mkdocs.yml, in the templates and in the assets."""

from __future__ import annotations

import random

from tests.fuzz.mutant import Mutant, data, kind
from tests.fuzz.tree import Tree

LINES = data("settings.yaml")


@kind("settings: a wrong one")
def setting(tree: Tree, rng: random.Random) -> Mutant:
    text = tree.text("mkdocs.yml")
    old, new = rng.choice(LINES["settings"])
    assert old in text, old
    tree.write("mkdocs.yml", text.replace(old, new, 1))
    return Mutant("mkdocs.yml", f"{old.strip()!r} is {new.strip()!r}", text[: text.index(old)].count("\n") + 1)


@kind("templates: a wrong line")
def template(tree: Tree, rng: random.Random) -> Mutant:
    files = sorted(name for name in tree.sound if name.startswith("overrides/") and name.endswith((".html", ".xml")))
    file = rng.choice(files)
    lines = tree.lines(file)
    at, new = rng.randrange(len(lines)), rng.choice(LINES["templates"])
    lines[at] = new
    tree.write(file, lines)
    return Mutant(file, f"line {at + 1} is {new!r}", at + 1)


@kind("assets: a wrong file")
def asset(tree: Tree, rng: random.Random) -> Mutant:
    files = sorted(name for name in tree.sound if name.startswith(("docs/assets/", "docs/data/", "overrides/.icons/")))
    file = rng.choice([name for name in files if tree.sound[name] is not None])
    how = rng.choice(("deleted", "empty", "cut off", "a folder", "not text", "a link to nowhere"))
    path, content = tree.root / file, tree.sound[file]
    path.unlink()
    if how == "a folder":
        path.mkdir()
    elif how == "a link to nowhere":
        path.symlink_to("nowhere")
    elif how != "deleted":
        tree.write(file, {"empty": b"", "cut off": content[: len(content) // 2], "not text": b"\xff\xfe\0"}[how])
    return Mutant(file, how, None, ("mkdocs.yml",))
