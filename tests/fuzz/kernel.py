"""Faults in a notebook: its cells, its prose, and outputs of kinds that a site cannot show as they are."""

from __future__ import annotations

import random
import re

from tests.fuzz.mutant import Mutant, data, kind
from tests.fuzz.tree import NOTEBOOK, Tree
from tests.fuzz.written import FRONT, HTML, MARKDOWN

OUTPUTS: list[str] = data("cells.yaml")
CELLS = {
    "no space": lambda line: line.replace("# %%", "#%%"),
    "three signs": lambda line: line.replace("%%", "%%%"),
    "one sign": lambda line: line.replace("%%", "%"),
    "another kind": lambda line: "# %% [raw]",
    "a misspelled kind": lambda line: "# %% [markdwn]",
    "a title": lambda line: line + " A title",
    "a title with markup": lambda line: line + " <script>x</script>",
    "tags": lambda line: line + ' tags=["hide-input"]',
    "a tag that skips": lambda line: line + ' tags=["skip-execution"]',
    "a tag that lets errors pass": lambda line: line + ' tags=["raises-exception"]',
    "a tag that removes": lambda line: line + ' tags=["remove_cell"]',
    "broken tags": lambda line: line + " tags=[",
    "indented": lambda line: " " + line,
    "the other kind": lambda line: "# %% [markdown]" if line == "# %%" else "# %%",
    "twice": lambda line: f"{line}\n{line}",
    "a name of its own": lambda line: line + ' id="x" name="y"',
    "other brackets": lambda line: line.replace("[markdown]", "(markdown)"),
    "of other case": lambda line: line.replace("markdown", "Markdown"),
    "short": lambda line: line.replace("markdown", "md"),
    "gone": lambda line: "#",
    "behind code": lambda line: "x = 1  " + line,
    "a magic": lambda line: "# + [markdown]",
    "an end": lambda line: "# -\n" + line,
}


def _starts(tree: Tree, pattern: str) -> list[int]:
    return [n for n, line in enumerate(tree.lines(NOTEBOOK)) if re.match(pattern, line)]


@kind("notebook: odd output")
def odd_output(tree: Tree, rng: random.Random) -> Mutant:
    lines, at = tree.lines(NOTEBOOK), rng.choice(_starts(tree, r"# %%$")[1:])
    deed = rng.choice(OUTPUTS)
    end = next((n for n in range(at + 1, len(lines)) if lines[n].startswith("# %%")), len(lines))
    while not lines[end - 1].strip():
        end -= 1
    lines[end:end] = ["", "# %%", *deed.split("\n")]
    tree.write(NOTEBOOK, lines)
    return Mutant(NOTEBOOK, f"a cell: {deed!r}", end + 3)


@kind("notebook: a broken marker of a cell")
def marker(tree: Tree, rng: random.Random) -> Mutant:
    lines, at = tree.lines(NOTEBOOK), rng.choice(_starts(tree, "# %%"))
    how = rng.choice(sorted(CELLS))
    lines[at : at + 1] = CELLS[how](lines[at]).split("\n")
    tree.write(NOTEBOOK, lines)
    return Mutant(NOTEBOOK, f"the marker of a cell: {how}", at + 1)


@kind("notebook: odd prose")
def prose(tree: Tree, rng: random.Random) -> Mutant:
    lines, at = tree.lines(NOTEBOOK), rng.choice(_starts(tree, "# ## "))
    more = [
        "It costs $5 and then $6 more.",
        "[x](nope.ipynb)",
        "[x](../ties/max.md#nope)",
        "![x](nope.png)",
        "$\\nope{$",
    ]
    text = rng.choice([*HTML, *MARKDOWN, *more])
    lines[at:at] = [*("# " + line if line else "#" for line in text.split("\n")), "#"]
    tree.write(NOTEBOOK, lines)
    return Mutant(NOTEBOOK, f"prose: {text!r}", at + 1)


@kind("notebook: wrong front matter")
def front_matter(tree: Tree, rng: random.Random) -> Mutant:
    lines = tree.lines(NOTEBOOK)
    how = rng.choice(sorted(FRONT))
    new = FRONT[how][1].split("\n")
    lines[1:2] = ["# " + line for line in new]
    tree.write(NOTEBOOK, lines)
    return Mutant(NOTEBOOK, how, 2)


@kind("notebook: broken marks of front matter")
def front_marks(tree: Tree, rng: random.Random) -> Mutant:
    lines = tree.lines(NOTEBOOK)
    end = next(n for n, line in enumerate(lines[1:], 1) if line.startswith("# ---"))
    at = rng.choice((0, end))
    how = rng.choice(["#", "---", "# --", "# ----", "# ...", "", "# --- x", "#---", "#  ---"])
    lines[at] = how
    tree.write(NOTEBOOK, lines)
    return Mutant(NOTEBOOK, f"{how!r} for a mark of front matter", at + 1)
