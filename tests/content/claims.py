"""What a page claims of more than one case, and where its snippet tests that.

A sentence with *every, only, any, never, always, nothing, the same* or *from … on* is wider than an example. Its page's
snippet quotes it and tests the whole range, outside of the sections that the page shows::

    # claim: An entry of weight 0 gets the gradient 0.
    for dtype in (torch.float64, torch.float32):
        assert …

A quotation may be a part of the sentence, without marks for code, formulas, links and emphasis. It may go on in
further comments, indented by three spaces: ``#   like this``.

``python -m tests.content.claims docs/kinks/clamp.md …`` prints the sentences of pages that no claim quotes.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

WIDE = re.compile(
    r"\b(every|everything|everywhere|only|any|never|always|nothing|no other|the same)\b|\bfrom \S+( \S+){0,3} on\b",
    re.IGNORECASE,
)
CITED = ("Where it changed", "Elsewhere", "Where people met it", "See also")  # what stands there has a link
START = re.compile(r"# claim: (.+)")
GOES_ON = re.compile(r"#   (\S.*)")
TESTED = re.compile(r"\bassert\b|\bassert_close\(|\bgradcheck\(|\bgradgradcheck\(|\bcheck\w*\(")


@dataclass(frozen=True)
class Claim:
    """A sentence that a snippet quotes: where, its words, and whether something is asserted before the next one."""

    file: Path
    line: int
    text: str
    tested: bool


def claims_of(snippet: Path) -> list[Claim]:
    """The claims of a snippet, in order."""
    lines = snippet.read_text(encoding="utf-8").splitlines()
    starts = [number for number, line in enumerate(lines) if START.fullmatch(line.strip())]
    found = []
    for start, end in pairwise([*starts, len(lines)]):
        words = [START.fullmatch(lines[start].strip())[1]]
        for line in lines[start + 1 : end]:
            if not (more := GOES_ON.fullmatch(line.strip())):
                break
            words.append(more[1])
        below = "\n".join(line for line in lines[start + 1 : end] if not line.strip().startswith("#"))
        found.append(Claim(snippet, start + 1, plain(" ".join(words)), bool(TESTED.search(below))))
    return found


def wide_sentences(page: Path) -> list[str]:
    """The sentences, cells and headings of a page that claim a range, as ``plain`` writes them."""
    text = re.sub(r"(?ms)\A---\n.*?^---\n", "", page.read_text(encoding="utf-8"))
    text = re.sub(r"(?ms)^(`{3,}).*?^\1", "\n", text)
    text = re.sub(r"(?ms)^\$\$.*?\$\$", "\n", text)
    parts = re.split(r"(?m)^## (.+)$", text)
    kept = [parts[0]] + [body for title, body in zip(parts[1::2], parts[2::2], strict=True) if title not in CITED]
    found = []
    for block in re.split(r"\n\s*\n|^- |\|", "\n".join(kept), flags=re.MULTILINE):
        for sentence in re.split(r"(?<=[.:;!?])\s+", block):
            if WIDE.search(re.sub(r"`[^`]*`|\$[^$]*\$", "…", sentence)):
                found.append(plain(sentence))
    return found


def plain(text: str) -> str:
    """A text without the marks of Markdown, and with single spaces: as it is compared."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"[`*$\\]|\{[^{}]*#[\w-]+\s*\}", "", text)
    return re.sub(r"\s+", " ", text).strip()


def snippet_of(page: Path, docs: Path, snippets: Path) -> Path:
    """The snippet of a page: the same place in the other folder."""
    return (snippets / page.relative_to(docs)).with_suffix(".py")


def unclaimed(page: Path, snippet: Path) -> list[str]:
    """The sentences of a page that claim a range and that no claim of its snippet quotes."""
    claims = [claim.text for claim in claims_of(snippet)] if snippet.exists() else []
    return [sentence for sentence in wide_sentences(page) if not any(claim in sentence for claim in claims)]


if __name__ == "__main__":
    for given in map(Path, sys.argv[1:]):
        docs = Path(*given.parts[: given.parts.index("docs") + 1])
        for sentence in unclaimed(given, snippet_of(given, docs, docs.with_name("snippets"))):
            print(f"{given}: {sentence}")
