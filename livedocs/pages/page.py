"""A page while it is rendered: where it stands, its lines, and what rendering it gathers."""

from __future__ import annotations

import hashlib
import os.path
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from livedocs.errors import DocsError
from livedocs.measured import MeasuredRule, MeasuredRules
from livedocs.pages.fences import Include
from livedocs.pages.project import Project
from livedocs.run.outcome import Snippet


@dataclass
class Page:
    """One page.

    Args:
        project: what it is made of.
        name: its name in error messages, ``docs/ties/max.md``.
        offset: lines that stand in the file above ``lines`` (its front matter).
        aside: whether markup stands aside until the page is finished (see ``later``).
    """

    project: Project
    name: str = "page.md"
    offset: int = 0
    aside: bool = False
    lines: list[str] = field(default_factory=list)
    shown: set[tuple[str, str]] = field(default_factory=set)  # sections: (file, name)
    placed: dict[str, int | None] = field(default_factory=dict)  # the rules whose cards it has, with their lines
    glyphs: set[str] = field(default_factory=set)  # the characters of its formulas
    late: dict[str, str] = field(default_factory=dict)  # what stands aside, by its key
    open: list[Any] = field(default_factory=list)  # the blocks that have begun and not ended (livedocs.pages.blocks)

    def gathered(self) -> dict[str, Any]:
        """What rendering has gathered, as JSON holds it."""
        return {
            "lines": self.lines,
            "shown": sorted(self.shown),
            "placed": self.placed,
            "glyphs": "".join(sorted(self.glyphs)),
            "late": self.late,
        }

    def take(self, gathered: Mapping[str, Any]) -> None:
        """Take what an earlier rendering of the same has gathered."""
        self.lines = list(gathered["lines"])
        self.shown = {(file, section) for file, section in gathered["shown"]}
        self.placed = dict(gathered["placed"])
        self.glyphs = set(gathered["glyphs"])
        self.late = dict(gathered["late"])

    @property
    def source(self) -> str:
        """Its path below the folder of pages: ``ties/max.md``."""
        return self.name.partition("/")[2]

    @property
    def rules(self) -> MeasuredRules:
        """All measured rules of the project."""
        return self.project.rules

    def later(self, markup: str) -> str:
        """The markup itself, or a comment in its place that ``fill`` turns into it.

        Formulas, cards and drawings are most of a page's bytes and none of what a search looks for. MkDocs'
        plugins parse each page again; with the comments they meet a tenth of it, and the index stays clean.
        """
        if not self.aside:
            return markup
        key = hashlib.sha256(markup.encode()).hexdigest()[:32]
        self.late[key] = markup
        return f"<!--livedocs {key}-->"

    def line_of(self, matches: Callable[[str], object]) -> int | None:
        """The first line of the file that matches; None if there is none."""
        return next((n for n, line in enumerate(self.lines, self.offset + 1) if matches(line)), None)

    def line_of_block(self, block: str, name: str) -> int | None:
        """The line on which a block begins that names a rule; None if there is none."""
        head = re.compile(rf"\s*/// {block} \|.*(?<![\w.]){re.escape(name)}\s*(,|$)")
        return self.line_of(head.match)

    def place(self, name: str) -> MeasuredRule:
        """The rule of a card that stands on this page.

        Raises:
            DocsError: for a name that no rule has, and for one whose card, or id, stands on the page already.
        """
        line = self.line_of_block("rule", name)
        rule = self.project.find_rule(name, self.source)
        if rule is None:
            wanted = self.rules.nearest_names(name)
            raise DocsError(self.name, line, "a card of an unknown rule", got=name, wanted=wanted)
        for other in self.placed:  # a variant of inf and one of -inf can have one id
            if self.project.find_rule(other, self.source).anchor == rule.anchor:
                wanted = "one card of each id, since it is its address; a variant in other words has another"
                raise DocsError(
                    self.name, line, "a second card of a rule", got=f"{name}, beside {other}", wanted=wanted
                )
        self.placed[name] = line
        return rule

    def find(self, include: Include) -> Path:
        """The file that an include names.

        Raises:
            DocsError: for an absolute path, one that leaves the snippets folder, and no such file.
        """
        base = self.project.snippets
        line = self.offset + include.line + 1
        path = Path(os.path.realpath(base / include.path))
        folder = base.relative_to(self.project.root).as_posix()
        if Path(include.path).is_absolute() or base not in path.parents:
            wanted = f"a path inside {folder}/"
            raise DocsError(self.name, line, f"an include leaves {folder}/", got=include.path, wanted=wanted)
        if not path.is_file():
            names = sorted(p.relative_to(base).as_posix() for p in base.rglob("*.py"))
            wanted = "one of: " + ", ".join(names) if names else f"a file in {base.name}/ (it has none)"
            raise DocsError(self.name, line, "an include names no file", got=f"{folder}/{include.path}", wanted=wanted)
        return path

    def missing(self, what: str) -> DocsError:
        """The error for an include that pymdownx could not expand: one outside of a fence, or of no Python file.

        Args:
            what: its own words, with the path or the section between quotation marks.
        """
        name = next(iter(re.findall("'([^']*)'", what)), "")
        whole = re.compile(rf"{re.escape(name)}(?![\w/.])")  # a folder's name stands in the paths of its files too
        line = self.line_of(lambda line: "8<-" in line and whole.search(line) is not None)
        return DocsError(self.name, line, "an include names nothing", got=name, wanted="a file, or a section of one")

    def snippet(self, include: Include) -> Snippet:
        """The snippet that an include names, once it has run; the section is noted as shown.

        Raises:
            DocsError: for whatever is wrong with the include, the file, or its run.
        """
        path = self.find(include)
        line = self.offset + include.line + 1
        try:
            snippet = self.project.runner.run(path)
        except DocsError as error:
            raise error.on_page(f"{self.name}:{line}") from None
        if include.section not in snippet.outputs:
            known = ", ".join(name or "the whole file (it has no sections)" for name in snippet.outputs)
            whole = "an include of the whole file, which has sections"
            problem = f"{snippet.where} has no section '{include.section}'" if include.section else whole
            raise DocsError(self.name, line, problem, got=include.written, wanted=f"one of: {known}")
        self.shown.add((snippet.where, include.section))
        return snippet


def second_cards(pages: Iterable[Page]) -> list[DocsError]:
    """One error for every card of a rule that has one on an earlier page already."""
    first: dict[str, Page] = {}
    errors = []
    for page in pages:
        for name, line in page.placed.items():
            other = first.setdefault(name, page)
            if other is not page:
                got, wanted = f"one on {other.name} too", "one card, and links to it"
                errors.append(DocsError(page.name, line, f"a second card of {name}", got=got, wanted=wanted))
    return errors


def fill(finished: str, late: Mapping[str, str]) -> str:
    """A finished page with what stood aside."""
    return re.sub(r"<!--livedocs ([0-9a-f]{32})-->", lambda match: late.get(match[1], match[0]), finished)
