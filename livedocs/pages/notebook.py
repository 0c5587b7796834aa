"""Turns a Markdown page into a notebook: its prose, formulas and code, with the outputs that the page shows.

Jupyter's Markdown knows links, tables and formulas, and not what Python-Markdown's extensions add. Those become what
it knows: an admonition a quotation, a tab its title and content, a footnote a line at the end, a card its formulas and
its table. A Python fence becomes a code cell wherever it stands, so the notebook runs from top to bottom.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any
from urllib.parse import quote

from livedocs.errors import DocsError
from livedocs.pages.blocks import (
    chapter_entries,
    functions_without_gradient,
    is_missing,
    missing_words,
    of_other_kernels,
    own_rules,
    sheet_rules,
    site_counts,
    symptom_kind,
    way_up,
)
from livedocs.pages.fences import PYTHON, Fence, expand, find_fences, includes
from livedocs.pages.page import Page
from livedocs.run import figures
from livedocs.show import (
    atlas,
    card,
    census,
    chapter,
    defects,
    elsewhere,
    kernels,
    no_gradient,
    points,
    sheet,
    supply,
    symptoms,
    tally,
)

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}

_FENCE = re.compile(r"^(?P<before>.*)\0(?P<number>\d+)$")  # stands for a fence while the text around it is read
_ADMONITION = re.compile(r'^(?P<indent>\s*)(?:!!!|\?\?\?\+?)\s+(?P<kind>\w[\w -]*?)(?:\s+"(?P<title>.*)")?\s*$')
_TAB = re.compile(r'^(?P<indent>\s*)===[!+]*\s+"(?P<title>.*)"\s*$')
_BLOCK = re.compile(r"^(?P<indent>\s*)(?P<marks>/{3,})\s*(?P<kind>[\w-]+)\s*(?:\|\s*(?P<argument>.*?))?\s*$")
_DEFINITION = re.compile(r"^(?P<indent>\s*):\s+(?P<text>\S.*)$")
_FOOTNOTE = re.compile(r"^\[\^(?P<name>[^\]]+)\]:\s*(?P<text>.*)$")

# What stands in a text as it is: fenced code, inline code, formulas.
_VERBATIM = re.compile(
    r"(?P<fenced>^[ \t>]*(?P<marks>`{3,}|~{3,})[^\n]*\n.*?^[ \t>]*(?P=marks)[ \t]*$)"
    r"|(?P<ticks>(?<!`)`+(?!`))(?P<code>(?:(?!\n\s*\n).)+?)(?<!`)(?P=ticks)(?!`)"
    r"|\$\$.+?\$\$|(?<![\\$])\$(?! )(?:(?!\n\s*\n)[^$])+?(?<! )\$"
    r"|\\\((?P<inline>.+?)\\\)|(?<!\S)\\\[(?P<display>.+?)\\\]",
    re.DOTALL | re.MULTILINE,
)
_ATTRIBUTE = r"(?:[#.][\w:-]+|[\w:-]+=(?:\"[^\"]*\"|'[^']*'|[^\s\"'}]+))"
_ATTRIBUTES = re.compile(rf"[ \t]*\{{:?\s*{_ATTRIBUTE}(?:\s+{_ATTRIBUTE})*\s*\}}")
_LINK = re.compile(
    r"(?P<before>\]\(\s*<?|\b(?:href|src)=\"|^[ ]{0,3}\[[^\]^][^\]]*\]:\s+<?)(?P<target>[^)\s>\"]+)", re.MULTILINE
)
_REFERENCE = re.compile(r"\[\^([^\]]+)\]")


def to_notebook(markdown: str, page: Page, link: Callable[[str], str], about: str) -> str:
    """The text of an ``.ipynb`` file: two calls with the same arguments and results give the same bytes.

    Args:
        markdown: the page, without its front matter.
        page: the page, once it is rendered.
        link: the address of what the page links to, given the link as it is written.
        about: a last cell, in Markdown: where the notebook comes from.
    """
    reader = _Reader(markdown, page, link)
    parts = list(reader.parts())  # all of them before the first text: footnotes stand below what calls them
    cells: list[dict[str, Any]] = []
    for is_fence, group in groupby(parts, lambda part: isinstance(part, Fence)):
        if is_fence:
            cells.extend(_code(fence, page) for fence in group)
        else:
            cells.extend(_markdown(reader.inline("\n".join(group))))
    cells.extend(_markdown("\n\n".join([*reader.footnotes(), about])))
    return _write(cells)


def for_download(executed: dict[str, Any], link: Callable[[str], str], about: str) -> str:
    """An executed notebook with links that lead somewhere; the arguments are those of ``to_notebook``."""
    cells = copy.deepcopy(executed["cells"])
    for cell in cells:
        if cell["cell_type"] == "markdown":
            cell["source"] = _lines(_inline("".join(cell["source"]), lambda prose: _links(prose, link)))
    return _write([*cells, *_markdown(about)])


def _write(cells: list[dict[str, Any]]) -> str:
    """The cells as a file: each with an id that depends on nothing but its text, and numbered as they ran."""
    seen: Counter[str] = Counter()
    count = 0
    for cell in cells:
        text = cell["cell_type"] + "".join(cell["source"])
        cell["id"] = hashlib.sha256(f"{seen[text]} {text}".encode()).hexdigest()[:12]
        seen[text] += 1
        if cell["cell_type"] == "code":
            count += 1
            cell["execution_count"] = count
    whole = {"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def colab_address(repo_url: str, branch: str, uri: str) -> str | None:
    """Where Colab opens a notebook of the site, once the site stands on a branch of its GitHub repository.

    Args:
        repo_url: the repository's address; None is returned for one that is not on GitHub.
        branch: the branch that holds the built site.
        uri: the notebook's path in the built site.
    """
    match = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?", repo_url)
    if match is None:
        return None
    return f"https://colab.research.google.com/github/{match[1]}/blob/{quote(branch)}/{quote(uri)}"


def _markdown(text: str) -> Iterator[dict[str, Any]]:
    """A cell of prose, if there is any."""
    text = re.sub(r"\n{3,}", "\n\n", text).strip("\n")
    if text.strip():
        yield {"cell_type": "markdown", "metadata": {}, "source": _lines(text)}


def _code(fence: Fence, page: Page) -> dict[str, Any]:
    """A cell of code with what it printed and drew."""
    found = includes(fence, page.name)
    text, drawn = "", []
    for include in found:
        output = page.snippet(include).outputs[include.section]
        text += output.text
        drawn += output.figures
    outputs: list[dict[str, Any]] = []
    if text:
        outputs.append({"name": "stdout", "output_type": "stream", "text": _lines(text)})
    for figure in drawn:
        data = {"image/svg+xml": _lines(figures.standalone(figure.svg, figure.alt)), "text/plain": _lines(figure.alt)}
        outputs.append({"data": data, "metadata": {}, "output_type": "display_data"})
    source = "\n".join(expand(fence.body, page.project.snippets) if found else fence.body).strip("\n")
    return {"cell_type": "code", "metadata": {}, "outputs": outputs, "source": _lines(source)}


def _lines(text: str) -> list[str]:
    """A text as the notebook format writes it: a list of lines with their ends."""
    return text.splitlines(keepends=True)


class _Reader:
    """Reads one page: see to_notebook."""

    def __init__(self, markdown: str, page: Page, link: Callable[[str], str]) -> None:
        self.page = page
        self.link = link
        self.notes: dict[str, str] = {}
        self.numbers: dict[str, int] = {}
        lines = markdown.split("\n")
        self.fences = list(find_fences(lines, page.name))
        for number, fence in reversed(list(enumerate(self.fences))):
            lines[fence.first : fence.last + 1] = [f"{fence.indent}\0{number}"]
        self.lines = lines

    def parts(self) -> Iterator[str | Fence]:
        """The page as lines of Markdown and Python fences, in order."""
        yield from self._read(self.lines)

    def _read(self, lines: list[str]) -> Iterator[str | Fence]:
        rest = list(lines)
        while rest:
            line = rest.pop(0)
            if match := _FENCE.match(line):
                yield from self._fence(match, rest)
            elif match := _ADMONITION.match(line):
                title = match["kind"].split()[0].capitalize() if match["title"] is None else match["title"]
                yield from _quoted(title, self._read(_take_indented(rest, match["indent"] + "    ")))
            elif match := _TAB.match(line):
                yield from _titled(match["title"], self._read(_take_indented(rest, match["indent"] + "    ")))
            elif match := _BLOCK.match(line):
                yield from self._block(match, rest)
            elif match := _FOOTNOTE.match(line):
                text = "\n".join([match["text"], *_take_indented(rest, "    ")]).strip()
                if "\0" in text:  # a fence
                    got, wanted = f"[^{match['name']}]:", "the fence in the text, and words in the footnote"
                    where = self.page.line_of(lambda line, got=got: line.startswith(got))
                    raise DocsError(self.page.name, where, "a fence in a footnote", got=got, wanted=wanted)
                self.notes[match["name"]] = text
            elif match := _DEFINITION.match(line):
                yield f"{match['indent']}- {match['text']}"
            else:
                yield line

    def _fence(self, match: re.Match[str], rest: list[str]) -> Iterator[str | Fence]:
        fence, before = self.fences[int(match["number"])], match["before"]
        if fence.language in PYTHON:
            yield fence
            if before and not before.strip():  # the list item goes on in a cell of its own
                yield from self._read(_take_indented(rest, before))
        else:
            body = expand(fence.body, self.page.project.snippets) if includes(fence, self.page.name) else fence.body
            marks = "`" * max([3, *(len(run) + 1 for line in body for run in re.findall("`{3,}", line))])
            yield from ["", *(before + text for text in (marks + fence.language, *body, marks)), ""]

    def _block(self, match: re.Match[str], rest: list[str]) -> Iterator[str | Fence]:
        """A block of pymdownx (``///``): ours from the rules, any other by its title and content."""
        end = next((n for n, line in enumerate(rest) if line.strip() == match["marks"]), len(rest))
        body = rest[:end]
        del rest[: end + 1]
        kind, argument = match["kind"], match["argument"] or ""
        if kind == "rule":
            if is_missing(next((line.partition(":")[2] for line in body if line.strip().startswith("without:")), "")):
                yield from ["", f"`{argument}`{missing_words()}", ""]
                return
            rule = self.page.project.find_rule(argument, self.page.source)
            if rule is None:
                line = self.page.line_of(re.compile(r"\s*/{3,}\s*rule\s*(\||$)").match)
                wanted = "/// rule | the name of a rule"
                raise DocsError(self.page.name, line, "a card of an unknown rule", got=argument, wanted=wanted)
            yield from card.markdown(rule)
        elif kind == "points":
            yield from points.of_page_markdown(own_rules(self.page))
        elif kind == "six-rules":
            yield from self._six_rules(argument)
        elif kind == "elsewhere":
            yield from elsewhere.table_markdown(self.page.rules, self.page.name)
        elif kind == "sheet":
            yield from sheet.markdown(sheet_rules(self.page, argument), self.page.name)
        elif kind == "atlas":
            yield from atlas.table_markdown(self.page.rules.values(), self.page.name)
        elif kind == "defects":
            yield from defects.list_markdown(self.page.rules.values(), self.page.name)
        elif kind == "pages":
            yield from chapter.entries_markdown(chapter_entries(self.page), self.page.name)
        elif kind == "symptoms":
            found = self.page.project.listing.symptoms(self.page.project.chapters)
            yield from symptoms.table_markdown(symptom_kind(self.page, argument), found, way_up(self.page))
        elif kind == "counts":
            yield from tally.table_markdown(site_counts(self.page))
        elif kind == "not-differentiable":
            found = functions_without_gradient(self.page)
            yield from no_gradient.tables_markdown(found, self.page.rules, self.page.name)
        elif kind == "kernels":
            yield from kernels.table_markdown(of_other_kernels(self.page), self.page.rules, self.page.name)
        elif kind == "licenses":
            yield from supply.tables_markdown()
        else:
            _take_indented(body, "    ")  # its options
            if any(line.strip() for line in body):
                yield from _quoted(argument or kind.capitalize(), self._read(body))
            else:
                yield from ["", f"[{kind.capitalize()}, on the site](#)", ""]

    def _six_rules(self, argument: str) -> Iterator[str]:
        if argument == "table":
            return census.table_markdown(census.all_rows(self.page.rules.values()), self.page.name)
        return census.examples_markdown(self.page.rules, self.page.name)

    def inline(self, text: str) -> str:
        """Markdown text as Jupyter reads it: links that lead somewhere, no attributes, no footnotes."""
        return _inline(text, self._prose)

    def _prose(self, text: str) -> str:
        text = _ATTRIBUTES.sub("", text)
        text = re.sub(r"(<[a-zA-Z][^<>]*?)\s+markdown(?:=\"\w*\")?(?=[\s>])", r"\1", text)
        return _REFERENCE.sub(self._reference, _links(text, self.link))

    def _reference(self, match: re.Match[str]) -> str:
        if match[1] not in self.notes:
            return match[0]
        return f"<sup>{self.numbers.setdefault(match[1], len(self.numbers) + 1)}</sup>"

    def footnotes(self) -> list[str]:
        """The footnotes that the text has called, each a paragraph."""
        texts: dict[str, str] = {}
        while new := [name for name in self.numbers if name not in texts]:  # a footnote may call another one
            texts.update((name, self.inline(self.notes[name])) for name in new)
        return [f"<sup>{self.numbers[name]}</sup> {text}" for name, text in texts.items()]


def _inline(text: str, change: Callable[[str], str]) -> str:
    """Markdown text with its prose changed, and its code and formulas as they are."""
    result, at = [], 0
    for match in _VERBATIM.finditer(text):
        result += [change(text[at : match.start()]), _verbatim(match)]
        at = match.end()
    return "".join([*result, change(text[at:])])


def _links(prose: str, link: Callable[[str], str]) -> str:
    return _LINK.sub(lambda match: match["before"] + link(match["target"]), prose)


def _verbatim(match: re.Match[str]) -> str:
    """Code and formulas, with the delimiters that Jupyter knows."""
    if match["inline"]:
        return f"${match['inline'].strip()}$"
    if match["display"]:
        return f"$${match['display']}$$"
    if match["code"]:
        code = re.sub(r"^(?:#!|:::)\w+\s+", "", match["code"])
        return f"{match['ticks']}{code}{match['ticks']}"
    return match[0]


def _take_indented(rest: list[str], indent: str) -> list[str]:
    """Take the lines that are indented at least so far off the front of a text; without that indentation."""
    end = 0
    for number, line in enumerate(rest, 1):
        if line.startswith(indent):
            end = number
        elif line.strip():
            break
    taken = [line[len(indent) :] for line in rest[:end]]
    del rest[:end]
    return taken


def _titled(title: str, parts: Iterable[str | Fence]) -> Iterator[str | Fence]:
    yield from ["", f"**{title}**", ""]
    yield from parts
    yield ""


def _quoted(title: str, parts: Iterable[str | Fence]) -> Iterator[str | Fence]:
    """A quotation, closed before each code cell. In HTML: with ``>`` before its lines a formula would hold that."""
    if title:
        parts = _titled(title, parts)
    for is_fence, group in groupby(parts, lambda part: isinstance(part, Fence)):
        lines = list(group)
        if is_fence or not any(line.strip() for line in lines):
            yield from lines
        else:
            yield from ["", "<blockquote>", "", *lines, "", "</blockquote>", ""]
