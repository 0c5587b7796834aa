"""Faults in code that runs: lines that do what an example must not, in a snippet, a module of rules, a notebook."""

from __future__ import annotations

import random
import re

from tests.fuzz.lines import TEXTS, choose_line
from tests.fuzz.mutant import Mutant, data, kind
from tests.fuzz.tree import NOTEBOOK, Tree

DEEDS: dict[str, list[str]] = data("code.yaml")
OF_SNIPPETS = {"draws", "looks at itself", "imports", "does something at its end", "prints by C"}
START = re.compile(r"# --8<-- \[start:")
END = re.compile(r"# --8<-- \[end:")


def _insert(tree: Tree, file: str, at: int, deed: str, what: str) -> Mutant:
    """Put a deed before a line."""
    lines = tree.lines(file)
    added = deed.replace("{root!r}", repr(str(tree.root))).replace("{{", "{").replace("}}", "}").split("\n")
    tree.write(file, lines[:at] + added + lines[at:])
    return Mutant(file, f"{what}: {deed!r}", at + 1)


def _define_snippets(name: str) -> None:
    @kind(f"snippet: {name}")
    def add(tree: Tree, rng: random.Random) -> Mutant:
        file = rng.choice(TEXTS["snippet"])
        lines = tree.lines(file)
        if rng.random() < 0.8:  # as the last lines of a section: the page shows them
            place = rng.choice([n for n, line in enumerate(lines) if END.match(line)])
        else:  # between sections
            place = rng.choice([n for n, line in enumerate(lines) if START.match(line)][1:])
            while lines[place - 1].startswith("# "):  # the text of a figure stands there
                place -= 1
        return _insert(tree, file, place, rng.choice(DEEDS[name]), name)


def _define_rules(name: str) -> None:
    @kind(f"rules: {name}")
    def add(tree: Tree, rng: random.Random) -> Mutant:
        file = rng.choice(TEXTS["rules"])
        lines = tree.lines(file)
        starts = [n for n, line in enumerate(lines) if line.startswith(("RULES", "POINTS", "TWO", "def "))]
        place = rng.choice([*starts, len(lines) - 1])
        deed = rng.choice(DEEDS[name])
        head = "" if re.search(r"(?m)^import torch$", tree.text(file)) else "import torch\n"
        return _insert(tree, file, place, head + deed, name)


def _define_notebooks(name: str) -> None:
    @kind(f"notebook: {name}")
    def add(tree: Tree, rng: random.Random) -> Mutant:
        lines = tree.lines(NOTEBOOK)
        cells = [n for n, line in enumerate(lines) if line == "# %%"][1:]
        place = rng.choice(cells)
        return _insert(tree, NOTEBOOK, place + 1, rng.choice(DEEDS[name]), name)


for _name in DEEDS:
    _define_snippets(_name)
for _name in sorted(set(DEEDS) - OF_SNIPPETS):
    _define_rules(_name)
    _define_notebooks(_name)


@kind("snippet: a wrong name")
def wrong_name(tree: Tree, rng: random.Random) -> Mutant:
    file = rng.choice(TEXTS["snippet"])
    lines, at = tree.lines(file), choose_line(tree, file, rng)
    while not (words := re.findall(r"\b[a-z_]{3,}\b", lines[at])) or lines[at].startswith("#"):
        at = choose_line(tree, file, rng)
    word = rng.choice(words)
    end = rng.choice(("z" if word.endswith("x") else "x", "", "_1"))
    lines[at] = re.sub(rf"\b{word}\b", word[:-1] + end, lines[at], count=1)
    tree.write(file, lines)
    return Mutant(file, f"{word} misspelled in {lines[at].strip()!r}", at + 1, (f"docs/{file[9:-3]}.md",))


@kind("snippet: a wrong number")
def wrong_number(tree: Tree, rng: random.Random) -> Mutant:
    file = rng.choice(TEXTS["snippet"])
    lines = tree.lines(file)
    at = rng.choice([n for n, line in enumerate(lines) if re.search(r"\d", line) and not line.startswith("#")])
    there = re.search(r"\d+", lines[at])
    other = rng.choice([number for number in ("0", "1", "77", there[0] + "0", "-1") if number != there[0]])
    lines[at] = lines[at][: there.start()] + other + lines[at][there.end() :]
    tree.write(file, lines)
    return Mutant(file, f"another number in {lines[at].strip()!r}", at + 1)


@kind("snippet: two sections swapped")
def swap_sections(tree: Tree, rng: random.Random) -> Mutant:
    file = rng.choice(TEXTS["snippet"])
    lines = tree.lines(file)
    starts = [n for n, line in enumerate(lines) if START.match(line)]
    one, two = sorted(rng.sample(starts, 2))
    end_one = next(n for n in range(one, len(lines)) if END.match(lines[n])) + 1
    end_two = next(n for n in range(two, len(lines)) if END.match(lines[n])) + 1
    tree.write(file, lines[:one] + lines[two:end_two] + lines[end_one:two] + lines[one:end_one] + lines[end_two:])
    return Mutant(file, f"{lines[one]!r} and {lines[two]!r} swapped", one + 1)


MARKERS = {
    "deleted": lambda line: None,
    "twice": lambda line: f"{line}\n{line}",
    "renamed": lambda line: re.sub(r"(start|end):([\w-]+)", r"\1:other-\2", line),
    "without a space": lambda line: line.replace("# --8", "#--8"),
    "of other case": lambda line: line.replace("start", "START").replace("end:", "End:"),
    "indented": lambda line: "    " + line,
    "behind code": lambda line: f"pass  {line}",
    "in a text": lambda line: f'"""\n{line}\n"""',
    "with a space in it": lambda line: line.replace("[", "[ ").replace(":", " : "),
    "escaped": lambda line: line.replace("--8", ";--8"),
    "of fewer hyphens": lambda line: line.replace("--8<--", "-8<-"),
    "without a name": lambda line: re.sub(r":[\w-]+", "", line),
    "with an empty name": lambda line: re.sub(r":[\w-]+", ":", line),
    "of a long hyphen": lambda line: line.replace("--8<--", "–8<–"),
    "with words behind it": lambda line: f"{line} here",
    "turned around": lambda line: (
        line.replace("start:", "end:") if "start:" in line else line.replace("end:", "start:")
    ),
    "with a name of Unicode": lambda line: re.sub(r":([\w-]+)", r":\1é", line),
    "open": lambda line: line.replace("]", ""),
}


@kind("snippet: a broken marker")
def broken_marker(tree: Tree, rng: random.Random) -> Mutant:
    file = rng.choice(TEXTS["snippet"])
    lines = tree.lines(file)
    at = rng.choice([n for n, line in enumerate(lines) if START.match(line) or END.match(line)])
    how = rng.choice(sorted(MARKERS))
    old, new = lines[at], MARKERS[how](lines[at])
    lines[at : at + 1] = [] if new is None else new.split("\n")
    tree.write(file, lines)
    return Mutant(file, f"{old!r} {how}", at + 1, (f"docs/{file[9:-3]}.md",))


@kind("snippet: another file")
def another_file(tree: Tree, rng: random.Random) -> Mutant:
    name, text = rng.choice(
        [
            ("snippets/ties/forgotten.py", "print(1)\n"),
            ("snippets/ties/random.py", "x = 1\n"),
            ("snippets/ties/torch.py", "x = 1\n"),
            ("snippets/ties/__init__.py", ""),
            ("snippets/ties/__init__.py", "# a package\n"),
            ("snippets/ties/.hidden.py", "x = 1\n"),
            ("snippets/ties/two words.py", "x = 1\n"),
            ("snippets/ties/é.py", "x = 1\n"),
            ("snippets/ties/max.PY", "x = 1\n"),
            ("snippets/ties/conftest.py", "x = 1\n"),
            ("snippets/ties/text.md", "text\n"),
            ("snippets/sitecustomize.py", "1 / 0\n"),
            ("snippets/ties/warnings.py", "x = 1\n"),
            ("snippets/ties/json.py", "x = 1\n"),
            ("rules/ties/forgotten.py", "RULES = []\n"),
            ("rules/ties/forgotten.py", "x = 1\n"),
            ("rules/ties/__init__.py", "1 / 0\n"),
            ("rules/other.py", "RULES = []\n"),
            ("rules/__init__.py", "1 / 0\n"),
            ("rules/ties/two words.py", "RULES = []\n"),
            ("rules/ties/a.b.py", "RULES = []\n"),
            ("torch.py", "x = 1\n"),
            ("sympy.py", "x = 1\n"),
            ("livedocs/declare.py", "x = 1\n"),
            ("sitecustomize.py", "1 / 0\n"),
        ]
    )
    tree.write(name, text)
    return Mutant(name, f"a new file that holds {text!r}")
