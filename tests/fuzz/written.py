"""Faults in what pages say: fences, includes, blocks, front matter, HTML, links, notes, formulas, headings, tables."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from tests.fuzz.lines import TEXTS
from tests.fuzz.mutant import Mutant, data, kind
from tests.fuzz.tree import PAGES, Tree

FENCE, INCLUDE = re.compile(r"^```python$"), re.compile(r"^--8<--")
BLOCK = re.compile(r"^/// ")
Change = Callable[[str], str]


def _pages(tree: Tree, pattern: re.Pattern[str], rng: random.Random) -> tuple[str, list[str], int]:
    """A page that has such a line, its lines, and the index of one of them."""
    files = [file for file in TEXTS["page"] if any(pattern.search(line) for line in tree.lines(file))]
    file = rng.choice(files)
    lines = tree.lines(file)
    return file, lines, rng.choice([n for n, line in enumerate(lines) if pattern.search(line)])


def _own(file: str) -> tuple[str, ...]:
    """The snippet and the rules of a page: a section, or a rule, that it does not show any more is told there."""
    stem = file.removeprefix("docs/").removesuffix(".md")
    return f"snippets/{stem}.py", f"rules/{stem}.py"


def _define(name: str, pattern: str, changes: dict[str, Change], last: int = 0) -> None:
    """A kind that changes a line (and ``last`` lines behind it, as one text) in one of these ways."""

    @kind(f"page: {name}")
    def change(tree: Tree, rng: random.Random) -> Mutant:
        file, lines, at = _pages(tree, re.compile(pattern), rng)
        how = rng.choice(sorted(changes))
        lines[at : at + 1 + last] = changes[how]("\n".join(lines[at : at + 1 + last])).split("\n")
        tree.write(file, lines)
        return Mutant(file, f"{name}: {how}", at + 1, _own(file))


def swap(old: str, new: str) -> Change:
    return lambda text: text.replace(old, new)


def lines_with(before: str) -> Change:
    """Something before each line."""
    return lambda text: "\n".join(before + line for line in text.split("\n"))


_define(
    "a broken fence",
    FENCE.pattern,
    {
        "not closed": swap("\n```", "\n"),
        "not opened": swap("```python\n", ""),
        "of two marks": swap("```", "``"),
        "closed by others": lambda text: re.sub("```$", "~~~", text),
        "opened by more": swap("```python", "````python"),
        "closed by more": lambda text: text + "`",
        "with words behind its end": lambda text: text + " end",
        "indented end": lambda text: re.sub("```$", "    ```", text),
        "indented by one": lines_with(" "),
        "indented by three": lines_with("   "),
        "indented by four": lines_with("    "),
        "indented by a tab": lines_with("\t"),
        "in a quotation": lines_with("> "),
        "in a comment": lambda text: f"<!--\n{text}\n-->",
        "behind a list marker": lambda text: "- " + text.replace("\n", "\n  "),
        "in a list": lambda text: "- item\n\n" + "\n".join("    " + line for line in text.split("\n")),
        "in an admonition": lambda text: '!!! note "Look"\n\n' + "\n".join("    " + line for line in text.split("\n")),
        "in a fold": lambda text: '??? note "Look"\n\n' + "\n".join("    " + line for line in text.split("\n")),
        "in a tab": lambda text: '=== "One"\n\n' + "\n".join("    " + line for line in text.split("\n")),
        "in HTML": lambda text: f"<div>\n{text}\n</div>",
        "in HTML with Markdown": lambda text: f'<div markdown="1">\n\n{text}\n\n</div>',
        "in pre": lambda text: f"<pre>\n{text}\n</pre>",
        "in details": lambda text: f"<details>\n<summary>x</summary>\n{text}\n</details>",
        "in another fence": lambda text: f"````text\n{text}\n````",
        "twice": lambda text: f"{text}\n\n{text}",
        "right below text": lambda text: f"Some text.\n{text}",
        "right above text": lambda text: f"{text}\nSome text.",
        "in a table": lambda text: "| a |\n|---|\n| " + text.replace("\n", " ") + " |",
        "in a footnote": lambda text: "Note[^1].\n\n[^1]:\n" + "\n".join("    " + line for line in text.split("\n")),
        "in a definition": lambda text: "Term\n:   what it is\n\n" + "\n".join("    " + n for n in text.split("\n")),
        "of a heading": lambda text: "# " + text,
        "in a span": lambda text: f"`{text}`",
        "hidden": lambda text: f'<div hidden markdown="1">\n\n{text}\n\n</div>',
        "in a block that is none": lambda text: f"/// note\n{text}\n///",
        "in a template": lambda text: f"<template>\n{text}\n</template>",
        "in a noscript": lambda text: f'<noscript markdown="1">\n\n{text}\n\n</noscript>',
    },
    2,
)
_define(
    "another language of a fence",
    FENCE.pattern,
    {
        word or "none": swap("```python", f"```{word}")
        for word in (
            *("", "pycon", "text", "Python", "PYTHON", "python3", "py", "python ", " python", "{.python}", "console"),
            *("{ .python .annotate }", 'python title="x"', "python linenums=1", 'python hl_lines="1"', "pyton"),
            *("python {nope", "mermaid", "math", "html", "diff", "python title=<b>", "ipython", "pytb", "{.python"),
        )
    },
)
_define(
    "a broken include",
    INCLUDE.pattern,
    {
        "an unknown section": lambda text: text[:-1] + '-x"',
        "an unknown file": swap(".py", "x.py"),
        "a file of other case": lambda text: text.replace("max", "Max"),
        "no quotation marks": swap('"', ""),
        "one quotation mark": lambda text: text.rstrip('"'),
        "other quotation marks": swap('"', "'"),
        "curly quotation marks": lambda text: text.replace('"', "“", 1).replace('"', "”"),
        "a line range": lambda text: re.sub(r":[\w-]+", ":1:3", text),
        "no section": lambda text: re.sub(r":[\w-]+", "", text),
        "an empty section": lambda text: re.sub(r":[\w-]+", ":", text),
        "escaped": lambda text: ";" + text,
        "a comment behind it": lambda text: text + "  # here",
        "a word before it": lambda text: "x = " + text,
        "fewer hyphens": swap("--8<--", "-8<-"),
        "more hyphens": swap("--8<--", "---8<---"),
        "long hyphens": swap("--8<--", "–8<–"),
        "another number": swap("8<", "9<"),
        "no space": swap('-- "', '--"'),
        "many spaces": swap('-- "', '--     "'),
        "indented": lambda text: "    " + text,
        "twice": lambda text: f"{text}\n{text}",
        "with code above": lambda text: f"x = 1\n{text}",
        "with a blank line": lambda text: f"\n{text}\n",
        "up and down": lambda text: text.replace('"', '"../snippets/', 1),
        "of the settings": lambda text: '--8<-- "../mkdocs.yml"',
        "of a URL": lambda text: '--8<-- "https://example.org/a.py"',
        "of an absolute path": lambda text: '--8<-- "/etc/hostname"',
        "of a folder": lambda text: '--8<-- "ties"',
        "of nothing": lambda text: '--8<-- ""',
        "as a block": lambda text: f"--8<--\n{text[8:-1]}\n--8<--",
        "of two": lambda text: text[:-1] + '; index.py:half"',
        "with a space in its path": lambda text: text.replace('"', '" ', 1),
        "with a dot in its path": lambda text: text.replace('"', '"./', 1),
        "with two slashes": swap("/", "//"),
        "with backslashes": swap("/", "\\"),
        "of a page": lambda text: '--8<-- "../docs/index.md"',
        "of itself as text": lambda text: f"# {text}",
        "with a NUL": lambda text: text[:-1] + '\0"',
        "with a space before the section": lambda text: text.replace(":", ": "),
        "of another page's section": lambda text: '--8<-- "index.py:half"',
        "of a section that another fence shows": lambda text: re.sub(r':[\w-]+"', ':source"', text),
    },
)
_define(
    "a broken block",
    BLOCK.pattern,
    {
        "two slashes": lambda text: text[1:],
        "four slashes": lambda text: "/" + text,
        "never closed": lambda text: text.removesuffix("\n///"),
        "closed by two": lambda text: text[:-1],
        "closed by four": lambda text: text + "/",
        "no space": lambda text: text.replace("/// ", "///"),
        "indented": lines_with("  "),
        "indented by four": lines_with("    "),
        "in a quotation": lines_with("> "),
        "in a comment": lambda text: f"<!--\n{text}\n-->",
        "right below text": lambda text: f"Some text.\n{text}",
        "right above text": lambda text: f"{text}\nSome text.",
        "text in it": lambda text: text.replace("\n", "\n\nSome text.\n\n", 1),
        "an unknown option in it": lambda text: text.replace("\n", "\n    nope: 3\n\n", 1),
        "attrs in it": lambda text: text.replace("\n", "\n    attrs: {onclick: x, style: 'color: red', id: a}\n\n", 1),
        "an unknown name": lambda text: re.sub(r"/// [\w-]+", "/// nope", text),
        "a name of other case": lambda text: re.sub(r"/// ([\w-]+)", lambda m: m[0].upper(), text),
        "a word doubled": lambda text: re.sub(r"/// ([\w-]+)", r"/// \1 \1", text),
        "twice": lambda text: f"{text}\n\n{text}",
        "in another block": lambda text: f"//// rule | torch.max\n{text}\n////",
        "an unknown argument": lambda text: re.sub(r"( \| .*)?\n", " | torch.nope\n", text, count=1),
        "no argument": lambda text: re.sub(r" \| .*\n", "\n", text, count=1),
        "an empty argument": lambda text: re.sub(r"( \| .*)?\n", " | \n", text, count=1),
        "a space too many": lambda text: re.sub(r" \| ", " |  ", text),
        "no bar": lambda text: re.sub(r" \| ", " ", text),
        "an argument of other case": lambda text: text.replace("torch", "Torch"),
        "two arguments": lambda text: re.sub(r"( \| .*)?\n", " | torch.max, torch.amax\n", text, count=1),
        "markup in its argument": lambda text: re.sub(r"( \| .*)?\n", " | <b>x</b>\n", text, count=1),
        "a comma at its end": lambda text: text.replace("\n", ",\n", 1),
        "in a list": lambda text: "- " + text.replace("\n", "\n  "),
        "on one line": swap("\n", " "),
        "of sheets": lambda text: "/// sheet | torch.max\n///",
        "of a sheet of nothing": lambda text: "/// sheet\n///",
        "of symptoms": lambda text: "/// symptoms | nope\n///",
        "of the explorer": lambda text: "/// explorer | torch.nope\n///",
        "of six rules": lambda text: "/// six-rules | tabel\n///",
        "of an admonition": lambda text: "/// note | Look\nText.\n///",
    },
    1,
)
_define(
    "a broken link",
    r"\]\([^)]*\)",
    {
        "to no page": lambda text: re.sub(r"\]\([^)]*\)", "](nope.md)", text, count=1),
        "to no heading": lambda text: re.sub(r"\]\([^)]*\)", "](#nope)", text, count=1),
        "to no heading of another page": lambda text: re.sub(r"\]\([^)]*\)", "](/index.md#nope)", text, count=1),
        "to a page from the root": lambda text: re.sub(r"\]\([^)]*\)", "](/ties/max.md)", text, count=1),
        "to a built page": lambda text: re.sub(r"\]\([^)]*\)", "](../ties/max/index.html)", text, count=1),
        "to no file": lambda text: re.sub(r"\]\([^)]*\)", "](nope.png)", text, count=1),
        "to a source": lambda text: re.sub(r"\]\([^)]*\)", "](../../snippets/ties/max.py)", text, count=1),
        "to nothing": lambda text: re.sub(r"\]\([^)]*\)", "]()", text, count=1),
        "not closed": lambda text: re.sub(r"(\]\([^)]*)\)", r"\1", text, count=1),
        "not opened": lambda text: text.replace("[", "", 1),
        "with a space": lambda text: text.replace("](", "] (", 1),
        "turned around": lambda text: re.sub(r"\[([^]]*)\]\(([^)]*)\)", r"(\1)[\2]", text, count=1),
        "to a reference": lambda text: re.sub(r"\]\([^)]*\)", "][nope]", text, count=1),
        "to a script": lambda text: re.sub(r"\]\([^)]*\)", "](javascript:alert(1))", text, count=1),
        "to a script with a tab": lambda text: re.sub(r"\]\([^)]*\)", "](java&#9;script:alert(1))", text, count=1),
        "to data": lambda text: re.sub(r"\]\([^)]*\)", "](data:text/html,x)", text, count=1),
        "to vbscript": lambda text: re.sub(r"\]\([^)]*\)", "](vbscript:x)", text, count=1),
        "to a file of the machine": lambda text: re.sub(r"\]\([^)]*\)", "](file:///etc/passwd)", text, count=1),
        "of a scheme without slashes": lambda text: re.sub(r"\]\([^)]*\)", "](http:example.org)", text, count=1),
        "of a misspelled scheme": lambda text: re.sub(r"\]\([^)]*\)", "](htps://example.org)", text, count=1),
        "without a scheme": lambda text: re.sub(r"\]\([^)]*\)", "](www.example.org)", text, count=1),
        "to another host": lambda text: re.sub(r"\]\([^)]*\)", "](//example.org/x)", text, count=1),
        "as an image": lambda text: text.replace("[", "![", 1),
        "an image of another host": lambda text: re.sub(
            r"\[[^]]*\]\([^)]*\)", "![](https://x.org/a.png)", text, count=1
        ),
        "without words": lambda text: re.sub(r"\[[^]]*\]\(", "[](", text, count=1),
        "with a title not closed": lambda text: re.sub(r"\]\(([^)]*)\)", r'](\1 "title)', text, count=1),
        "to a folder": lambda text: re.sub(r"\]\([^)]*\)", "](../ties/)", text, count=1),
        "to itself": lambda text: re.sub(r"\]\([^)]*\)", "](.)", text, count=1),
        "encoded": lambda text: re.sub(r"\.md", "%2Emd", text, count=1),
        "in HTML": lambda text: re.sub(r"\[([^]]*)\]\(([^)]*)\)", r'<a href="\2">\1</a>', text, count=1),
        "in HTML to no page": lambda text: re.sub(r"\[([^]]*)\]\(([^)]*)\)", r"<a href='nope/'>\1</a>", text, count=1),
        "in HTML without marks": lambda text: re.sub(r"\[([^]]*)\]\(([^)]*)\)", r"<a href=nope/>\1</a>", text, count=1),
        "in HTML in capitals": lambda text: re.sub(r"\[([^]]*)\]\(([^)]*)\)", r'<A HREF="nope/">\1</A>', text, count=1),
    },
)
_define(
    "a broken formula",
    r"(?<!\\)\$[^$`]+\$",
    {
        "not closed": lambda text: text[::-1].replace("$", "", 1)[::-1],
        "not opened": lambda text: text.replace("$", "", 1),
        "a space inside": lambda text: re.sub(r"\$([^$]+)\$", r"$ \1 $", text, count=1),
        "an unknown command": lambda text: text.replace("$", r"$\nope ", 1),
        "an open brace": lambda text: text.replace("$", "${", 1),
        "a brace too many": lambda text: text.replace("$", "$}", 1),
        "two dollars": lambda text: re.sub(r"\$([^$]+)\$", r"$$\1$$", text, count=1),
        "round brackets": lambda text: re.sub(r"\$([^$]+)\$", r"\\(\1\\)", text, count=1),
        "square brackets": lambda text: re.sub(r"\$([^$]+)\$", r"\\[\1\\]", text, count=1),
        "empty": lambda text: re.sub(r"\$([^$]+)\$", "$$", text, count=1),
        "letters beside it": lambda text: re.sub(r"\$([^$]+)\$", r"a$\1$b", text, count=1),
        "an open environment": lambda text: text.replace("$", r"$\begin{cases} 1 ", 1),
        "markup in it": lambda text: text.replace("$", "$<b>", 1),
        "an ampersand": lambda text: text.replace("$", "$a & b ", 1),
        "a line of its own": lambda text: re.sub(r"\$([^$]+)\$", r"\n$$\n\1\n$$\n", text, count=1),
        "in code": lambda text: re.sub(r"\$([^$]+)\$", r"`$\1$`", text, count=1),
        "a percent sign": lambda text: text.replace("$", "$50% ", 1),
        "a number before a dollar": lambda text: text + " It costs $5 and $6.",
        "of text": lambda text: text.replace("$", r"$\text{é < 中} ", 1),
        "a begin outside": lambda text: text + "\n\n\\begin{align}\nx\n\\end{align}\n",
    },
)
_define(
    "a broken heading",
    r"^##+ ",
    {
        "no space": lambda text: text.replace("# ", "#"),
        "none": lambda text: text.lstrip("# "),
        "of the first level": lambda text: "# " + text.lstrip("# "),
        "of the seventh level": lambda text: "####### " + text.lstrip("# "),
        "empty": lambda text: re.sub(" .*", " ", text),
        "twice": lambda text: f"{text}\n\n{text}",
        "with an id": lambda text: text + " { #own }",
        "with the id of another": lambda text: text + " { #why }",
        "with the id of a card": lambda text: text + " { #torch.max }",
        "with the id of the theme": lambda text: text + " { #__search }",
        "with an id that is none": lambda text: text + ' { #"a b" }',
        "with a handler": lambda text: text + " { onclick=alert(1) }",
        "with a style": lambda text: text + ' { style="color: red" }',
        "with a formula": lambda text: text + " $x^2$",
        "with a broken formula": lambda text: text + r" $\nope{$",
        "with a link": lambda text: text + " [x](nope.md)",
        "with markup": lambda text: text + " <b>x",
        "with a script": lambda text: text + " <script>alert(1)</script>",
        "with a footnote": lambda text: text + "[^9]",
        "with an entity": lambda text: text + " &lt;b&gt; &nope;",
        "right below text": lambda text: f"Some text.\n{text}",
        "with the attribute hidden": lambda text: text + " { hidden }",
        "underlined": lambda text: text.lstrip("# ") + "\n---",
        "closed": lambda text: text + " ##",
        "with an image": lambda text: text + " ![x](nope.png)",
        "with emphasis that is open": lambda text: text + " **x",
        "with code that is open": lambda text: text + " `x",
    },
)
_define(
    "a broken table",
    r"^\|.*\|$",
    {
        "without its last bar": lambda text: text[:-1],
        "without its first bar": lambda text: text[1:],
        "without a bar": lambda text: text.replace(" | ", " ", 1),
        "with a cell too many": lambda text: text + " x |",
        "with bars in code": lambda text: text.replace("| ", "| `a | b` ", 1),
        "with a bar in a formula": lambda text: text.replace("| ", "| $|x|$ ", 1),
        "with an open code": lambda text: text.replace("| ", "| `x ", 1),
        "blank": lambda text: "",
        "after a blank line": lambda text: "\n" + text,
        "with text below": lambda text: text + "\nSome text.",
        "indented": lambda text: "    " + text,
        "with empty cells": lambda text: re.sub(r"[^|]", " ", text),
        "with markup": lambda text: text.replace("| ", "| <div> ", 1),
        "with a script": lambda text: text.replace("| ", "| <script>x</script> ", 1),
        "escaped": lambda text: text.replace("|", r"\|"),
    },
)
TEXT = data("pages.yaml")
HTML: list[str] = TEXT["html"]
MARKDOWN: list[str] = TEXT["markdown"]
FRONT: dict[str, list[str]] = TEXT["front matter"]


def _add(name: str, texts: list[str]) -> None:
    @kind(f"page: {name}")
    def add(tree: Tree, rng: random.Random) -> Mutant:
        file, lines, at = _pages(tree, re.compile("^## "), rng)
        text = rng.choice(texts)
        lines[at:at] = [*text.split("\n"), ""]
        tree.write(file, lines)
        return Mutant(file, f"{name}: {text!r}", at + 1)


_add("raw HTML", HTML)
_add("odd Markdown", MARKDOWN)


@kind("page: raw HTML in a line")
def html_in_a_line(tree: Tree, rng: random.Random) -> Mutant:
    file, lines, at = _pages(tree, re.compile(r"^[A-Z][^|]{20}"), rng)
    text = rng.choice(HTML)
    places = [match.start() for match in re.finditer(" ", lines[at])]
    place = rng.choice(places)
    lines[at : at + 1] = (lines[at][:place] + " " + text + lines[at][place:]).split("\n")
    tree.write(file, lines)
    return Mutant(file, f"{text!r} in a line of text", at + 1)


@kind("page: two sections swapped")
def swap_sections(tree: Tree, rng: random.Random) -> Mutant:
    file = f"docs/{rng.choice(PAGES)}.md"
    parts = re.split(r"(?m)^(?=## )", tree.text(file))
    one, two = sorted(rng.sample(range(len(parts)), 2))
    parts[one], parts[two] = parts[two], parts[one]
    tree.write(file, "".join(parts))
    return Mutant(file, f"parts {one} and {two} swapped", "".join(parts[:one]).count("\n") + 1)


@kind("page: wrong front matter")
def front_matter(tree: Tree, rng: random.Random) -> Mutant:
    file = rng.choice(TEXTS["page"])
    lines = tree.lines(file)
    how = rng.choice(sorted(FRONT))
    key, new = FRONT[how]
    at = next(n for n, line in enumerate(lines) if line.startswith(f"{key}:"))
    lines[at : at + 1] = new.split("\n")
    tree.write(file, lines)
    return Mutant(file, how, at + 1)


MARKS = {
    "no first mark": lambda text: text.removeprefix("---\n"),
    "no second mark": lambda text: text.replace("\n---\n", "\n", 1),
    "a blank line above": lambda text: "\n" + text,
    "a space above": lambda text: " " + text,
    "a byte order mark above": lambda text: "\ufeff" + text,
    "four hyphens": lambda text: "-" + text,
    "two hyphens": lambda text: text[1:],
    "long hyphens": lambda text: text.replace("---", "—", 2),
    "dots below": lambda text: text.replace("\n---\n", "\n...\n", 1),
    "words behind the mark": lambda text: text.replace("---\n", "--- yaml\n", 1),
    "an empty one": lambda text: "---\n---\n" + text[text.index("\n---\n", 3) + 5 :],
    "none": lambda text: text[text.index("\n---\n", 3) + 5 :],
    "twice": lambda text: text[: text.index("\n---\n", 3) + 5] + text,
    "a blank line in it": lambda text: text.replace("\n", "\n\n", 1),
    "a line of text in it": lambda text: text.replace("\n", "\nsome text\n", 1),
    "spaces behind the mark": lambda text: text.replace("---\n", "---   \n", 1),
    "of plus signs": lambda text: text.replace("---", "+++", 2),
    "a comment above": lambda text: "<!-- x -->\n" + text,
    "a list": lambda text: "---\n- a\n---\n" + text[text.index("\n---\n", 3) + 5 :],
    "a number": lambda text: "---\n3\n---\n" + text[text.index("\n---\n", 3) + 5 :],
    "a carriage return": lambda text: text.replace("---\n", "---\r\n", 2),
}


@kind("page: broken marks of front matter")
def front_marks(tree: Tree, rng: random.Random) -> Mutant:
    file = rng.choice(TEXTS["page"])
    how = rng.choice(sorted(MARKS))
    tree.write(file, MARKS[how](tree.text(file)))
    return Mutant(file, how, 1)


@kind("page: another file")
def another_file(tree: Tree, rng: random.Random) -> Mutant:
    name, text = rng.choice(
        [
            ("docs/ties/new.md", "# New\n"),
            ("docs/ties/README.md", "# New\n"),
            ("docs/ties/index.md", "# New\n"),
            ("docs/ties/max.html", "<p>x</p>"),
            ("docs/ties/max/index.html", "<p>x</p>"),
            ("docs/ties/max/max.ipynb", "{}"),
            ("docs/ties/MAX.md", "# New\n"),
            ("docs/ties/max.markdown", "# New\n"),
            ("docs/ties/max.txt", "text"),
            ("docs/index.html", "<p>x</p>"),
            ("docs/ties/.hidden.md", "# New\n"),
            ("docs/two words.md", "# New\n"),
            ("docs/é.md", "# New\n"),
            ("docs/a#b.md", "# New\n"),
            ("docs/a?b.md", "# New\n"),
            ("docs/404.html", "x"),
            ("docs/robots.txt", "x"),
            ("docs/sitemap.xml", "x"),
            ("docs/search/search_index.json", "{}"),
            ("docs/data/gradients.json", "{}"),
            ("docs/data/gradients.csv", "x"),
            ("docs/pytorch-gradients.zip", "x"),
            ("docs/assets/math.woff2", "x"),
            ("docs/assets/javascripts/bundle.js", "x"),
            ("docs/kinks/print.md", "# New\n"),
            ("docs/print.md", "# New\n"),
            ("docs/notebooks/raw.ipynb", "{}"),
            ("docs/notebooks/new.py", "# %%\nprint(1)\n"),
            ("docs/notebooks/line.md", "# New\n"),
            ("docs/ties/helper.py", "x = 1\n"),
            ("docs/notebooks/plain.py", "x = 1\n"),
            ("docs/_headers", ""),
            ("docs/ties/templates.html.j2", "{{ x }}"),
        ]
    )
    tree.write(name, text)
    return Mutant(name, f"a new file that holds {text!r}", None)
