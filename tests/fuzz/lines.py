"""Faults that any text can have: lines deleted, doubled, swapped, cut off; odd characters; other encodings."""

from __future__ import annotations

import random

from tests.fuzz.mutant import Mutant, kind
from tests.fuzz.tree import LIST, NOTEBOOK, PAGES, Tree

TEXTS = {
    "page": ["docs/index.md", f"docs/{LIST}", *(f"docs/{page}.md" for page in PAGES)],
    "snippet": [f"snippets/{page}.py" for page in PAGES],
    "rules": [f"rules/{page}.py" for page in PAGES],
    "notebook": [NOTEBOOK],
    "settings": ["mkdocs.yml"],
}
ODD = {
    "a zero-width space": "\u200b",
    "a mark that turns the direction": "\u202e",
    "a combining accent": "e\u0301",
    "an emoji": "🧨",
    "a character beyond the plane": "𝔸",
    "a NUL": "\0",
    "an escape": "\x1b[31m",
    "a byte order mark": "\ufeff",
    "a space that does not break": "\u00a0",
    "a carriage return": "\r",
    "a line separator": "\u2028",
    "a next line": "\x85",
    "a form feed": "\x0c",
    "a vertical tab": "\x0b",
    "a soft hyphen": "\u00ad",
    "a full-width letter": "ａ",
    "a private character": "\ue000",
    "a character of Markdown's own": "\x02wzxhzdk:0\x03",
    "a tab": "\t",
}


def choose_line(tree: Tree, file: str, rng: random.Random) -> int:
    """The index of a line that is not blank."""
    return rng.choice([n for n, line in enumerate(tree.lines(file)) if line.strip()])


def _define(sort: str) -> None:
    @kind(f"{sort}: a line deleted")
    def delete(tree: Tree, rng: random.Random) -> Mutant:
        file = rng.choice(TEXTS[sort])
        at, lines = choose_line(tree, file, rng), tree.lines(file)
        tree.write(file, lines[:at] + lines[at + 1 :])
        return Mutant(file, f"without {lines[at].strip()!r}", at + 1, _others(sort, lines[at], file))

    @kind(f"{sort}: a line doubled")
    def double(tree: Tree, rng: random.Random) -> Mutant:
        file = rng.choice(TEXTS[sort])
        at, lines = choose_line(tree, file, rng), tree.lines(file)
        tree.write(file, lines[: at + 1] + lines[at:])
        return Mutant(file, f"twice {lines[at].strip()!r}", at + 2)

    @kind(f"{sort}: two lines swapped")
    def swap(tree: Tree, rng: random.Random) -> Mutant:
        file = rng.choice(TEXTS[sort])
        lines = tree.lines(file)
        at = choose_line(tree, file, rng)
        to = min(at + rng.choice((1, 1, 2, 7)), len(lines) - 1)
        lines[at], lines[to] = lines[to], lines[at]
        tree.write(file, lines)
        return Mutant(file, f"swapped {lines[at].strip()!r} and {lines[to].strip()!r}", at + 1)

    @kind(f"{sort}: cut off")
    def cut(tree: Tree, rng: random.Random) -> Mutant:
        file = rng.choice(TEXTS[sort])
        text = tree.text(file)
        end = rng.randrange(len(text))
        tree.write(file, text[:end])
        at = text.count("\n", 0, end) + 1
        others = tuple(f"{folder}/{page}.py" for page in PAGES for folder in ("snippets", "rules"))
        return Mutant(file, f"cut off in line {at}", at, others if sort in ("page", "settings") else ())

    @kind(f"{sort}: an odd character")
    def odd(tree: Tree, rng: random.Random) -> Mutant:
        file = rng.choice(TEXTS[sort])
        lines, at = tree.lines(file), choose_line(tree, file, rng)
        name = rng.choice(sorted(ODD))
        place = rng.randrange(len(lines[at]) + 1)
        lines[at] = lines[at][:place] + ODD[name] + lines[at][place:]
        tree.write(file, lines)
        return Mutant(file, f"{name} in {lines[at].strip()!r}", at + 1)

    @kind(f"{sort}: a character lost")
    def lost(tree: Tree, rng: random.Random) -> Mutant:
        file = rng.choice(TEXTS[sort])
        lines, at = tree.lines(file), choose_line(tree, file, rng)
        marks = [n for n, c in enumerate(lines[at]) if not c.isalnum() and not c.isspace()] or range(len(lines[at]))
        place = rng.choice(marks)
        lines[at] = lines[at][:place] + lines[at][place + 1 :]
        tree.write(file, lines)
        return Mutant(file, f"left of a line: {lines[at].strip()!r}", at + 1, _others(sort, lines[at], file))

    @kind(f"{sort}: in other bytes")
    def encode(tree: Tree, rng: random.Random) -> Mutant:
        file = rng.choice(TEXTS[sort])
        text = tree.text(file)
        how = rng.choice(sorted(ENCODINGS))
        tree.write(file, ENCODINGS[how](text))
        return Mutant(file, how, None)

    @kind(f"{sort}: no such file")
    def gone(tree: Tree, rng: random.Random) -> Mutant:
        file = rng.choice(TEXTS[sort])
        path = tree.root / file
        path.unlink()
        how = rng.choice(
            ("deleted", "a folder", "empty", "a link to nowhere", "a link to itself", "blank", "a comment")
        )
        if how == "a folder":
            path.mkdir()
        elif how == "a link to nowhere":
            path.symlink_to("nowhere")
        elif how == "a link to itself":
            path.symlink_to(path.name)
        elif how != "deleted":
            tree.write(file, {"empty": "", "blank": " \n\n", "a comment": "# nothing\n"}[how])
        others = {"page": ("mkdocs.yml", *_made_for(file)), "snippet": tuple(TEXTS["page"]), "rules": _page_of(file)}
        return Mutant(file, how, None, (*others.get(sort, ()), "mkdocs.yml"))


def _page_of(file: str) -> tuple[str, ...]:
    return (f"docs/{file.partition('/')[2].removesuffix('.py')}.md",)


def _made_for(file: str) -> tuple[str, ...]:
    """The snippet and the rules of a page, which no page shows if that is gone."""
    stem = file.removeprefix("docs/").removesuffix(".md")
    return f"snippets/{stem}.py", f"rules/{stem}.py", *TEXTS["page"]


def _others(sort: str, line: str, file: str) -> tuple[str, ...]:
    """Where the loss of a line may show as well: a section, or a rule, that no page has any more."""
    if sort == "page" and ("8<" in line or "```" in line or "///" in line or "#" in line):
        return _made_for(file)
    if sort == "snippet" and "8<" in line or sort == "rules":
        return _page_of(file)
    return ()


ENCODINGS = {
    "Latin-1": lambda text: (text + "# é\n").encode("latin-1", "replace"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-32 without a mark": lambda text: text.encode("utf-32-le"),
    "ends of DOS": lambda text: text.replace("\n", "\r\n").encode(),
    "ends of an old Mac": lambda text: text.replace("\n", "\r").encode(),
    "mixed ends": lambda text: text.replace("\n\n", "\r\n\n").encode(),
    "a byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "no end of the last line": lambda text: text.rstrip("\n").encode(),
    "a surrogate": lambda text: text.encode() + b"\n\xed\xa0\x80\n",
    "NULs at its end": lambda text: text.encode() + b"\0" * 512,
    "spaces at the ends of lines": lambda text: text.replace("\n", "   \n").encode(),
    "tabs": lambda text: text.replace("    ", "\t").encode(),
}

for _sort in TEXTS:
    _define(_sort)
