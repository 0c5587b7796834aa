"""The Markdown extension: below every fence that includes a snippet stands what the snippet printed.

It needs nothing but Python-Markdown and pymdownx:

    markdown.markdown(
        text,
        extensions=["pymdownx.snippets", "pymdownx.superfences", "livedocs"],
        extension_configs={"pymdownx.snippets": {"base_path": "snippets"}, "livedocs": {"root": "."}},
    )

pymdownx puts the code into the fence; this extension runs it and adds the output.
"""

from __future__ import annotations

import hashlib
import html
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from markdown import Markdown
from markdown.extensions import Extension
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from pymdownx.blocks import BlocksExtension

from livedocs import figures
from livedocs.errors import DocsError
from livedocs.fences import Include, find_fences, includes
from livedocs.formulas import FormulaTreeprocessor
from livedocs.measured import MeasuredRule, MeasuredRules
from livedocs.pages.blocks import BLOCKS
from livedocs.runner import Runner, Snippet, modules


@dataclass
class Book:
    """What the pages of one build share: the runner, what they have shown, the glyphs of their formulas.

    ``page`` and ``offset`` name the page that is being converted, and how many lines of the file
    (its front matter) were cut off above ``text``, its lines. ``placed`` maps each rule to the page of its card.
    ``late`` is what stands aside until a page is finished (see ``later``); None puts all in its place at once.
    ``chapters`` maps each page to the title of its section of the menu; ``explorer`` names the page that holds the
    explorer, if there is one.
    """

    root: Path
    snippets: Path
    runner: Runner
    page: str = "page.md"
    offset: int = 0
    text: list[str] = field(default_factory=list)
    shown: set[tuple[str, str]] = field(default_factory=set)
    glyphs: set[str] = field(default_factory=set)
    placed: dict[str, str] = field(default_factory=dict)
    gathered: MeasuredRules | None = None
    chapters: dict[str, str] = field(default_factory=dict)
    explorer: str = ""
    late: dict[str, str] | None = None

    def later(self, markup: str) -> str:
        """The markup itself, or a comment in its place that ``fill`` turns into it.

        Formulas, cards and drawings are most of a page's bytes and none of what a search looks for. MkDocs'
        plugins parse each page again; with the comments they meet a tenth of it, and the index stays clean.
        """
        if self.late is None:
            return markup
        key = hashlib.sha256(markup.encode()).hexdigest()[:32]
        self.late[key] = markup
        return f"<!--livedocs {key}-->"

    def fill(self, page: str) -> str:
        """A finished page with what stood aside."""
        late = self.late or {}
        return re.sub(r"<!--livedocs ([0-9a-f]{32})-->", lambda m: late.get(m[1], m[0]), page)

    def find(self, include: Include) -> Path:
        """The file that an include names.

        Raises:
            DocsError: for an absolute path, one that leaves the snippets folder, and no such file.
        """
        name = include.path
        line = self.offset + include.line + 1
        base = self.snippets.resolve()
        path = (base / name).resolve()
        folder = base.relative_to(self.root).as_posix()
        if Path(name).is_absolute() or base not in path.parents:
            raise DocsError(
                self.page, line, f"an include leaves {folder}/", got=name, wanted=f"a path inside {folder}/"
            )
        if not path.is_file():
            raise DocsError(
                self.page, line, "an include names no file", got=f"{folder}/{name}", wanted=_names(base, "*.py")
            )
        return path

    def output(self, include: Include) -> str:
        """The HTML of what an included section printed and drew; empty if it did neither."""
        path = self.find(include)
        place = f"{self.page}:{self.offset + include.line + 1}"
        try:
            snippet = self.runner.run(path)
        except DocsError as error:
            raise DocsError(
                error.where, error.line, error.problem, got=error.got, wanted=error.wanted, page=place
            ) from None
        if include.section not in snippet.outputs:
            known = ", ".join(name or "the whole file (it has no sections)" for name in snippet.outputs)
            whole = "the whole file, which has sections"
            raise DocsError(
                self.page,
                self.offset + include.line + 1,
                f"{snippet.where} has no section '{include.section}'" if include.section else "an include of " + whole,
                got=include.written,
                wanted=f"one of: {known}",
            )
        self.shown.add((snippet.where, include.section))
        return render_output(snippet, include.section, self.later)

    @property
    def rules(self) -> MeasuredRules:
        """All rules of the project, measured; gathered once for a build.

        Raises:
            DocsError: for a declaration that is wrong, and for two rules of one name.
        """
        if self.gathered is None:
            futures = [self.runner.derive(module) for module in modules(self.root)]
            self.gathered = MeasuredRules(rule for future in futures for rule in future.result())
        return self.gathered

    def place(self, name: str) -> MeasuredRule:
        """The rule that a page places a card of.

        Raises:
            DocsError: for an unknown one, and for one that another page has placed.
        """
        line = self.line_of("rule", name)
        if name not in self.rules:
            wanted = self.rules.nearest_names(name)
            raise DocsError(self.page, line, "a card of an unknown rule", got=name, wanted=wanted)
        if self.placed.setdefault(name, self.page) != self.page:
            got, wanted = f"one on {self.placed[name]} too", "one card, and links to it"
            raise DocsError(self.page, line, f"a second card of {name}", got=got, wanted=wanted)
        return self.rules[name]

    def line_of(self, block: str, name: str) -> int | None:
        """The line of the page on which a block begins that names a rule; None if there is none."""
        for number, text in enumerate(self.text, self.offset + 1):
            if re.match(rf"\s*/// {block} \|.*(?<![\w.]){re.escape(name)}\s*(,|$)", text):
                return number
        return None

    def unplaced(self) -> list[DocsError]:
        """One error for every rule whose card is on no page."""
        return [
            DocsError(
                rule.file, rule.line, f"rule {name} is on no page", got="no card of it", wanted=f"/// rule | {name}"
            )
            for name, rule in self.rules.items()
            if name not in self.placed
        ]

    def unshown(self) -> list[DocsError]:
        """One error for every section of every snippet that no page has shown."""
        errors = []
        for path in sorted(self.snippets.resolve().rglob("*.py")):
            snippet = self.runner.run(path)
            for section in snippet.sections:
                if (snippet.where, section.name) not in self.shown:
                    name = f"section '{section.name}'" if section.name else "the file"
                    errors.append(
                        DocsError(
                            snippet.where,
                            section.start,
                            f"{name} is on no page",
                            got="no page that includes it",
                            wanted="a page that shows it, or no such section",
                        )
                    )
        return errors


def render_output(snippet: Snippet, section: str, later: Callable[[str], str]) -> str:
    """Output and figures of a section as HTML. The text is escaped: it cannot become markup."""
    output = snippet.outputs[section]
    parts = []
    if output.text.strip():
        parts.append(render_text(output.text.rstrip("\n")))
    parts.extend(later(figures.render(figure.svg, figure.alt)) for figure in output.figures)
    return "\n".join(parts)


def render_text(text: str) -> str:
    """Printed text as an output block."""
    escaped = html.escape(text, quote=False)
    return f'<pre class="output" role="group" aria-label="Output" tabindex="0"><samp>{escaped}\n</samp></pre>'


def _names(folder: Path, pattern: str) -> str:
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob(pattern))
    return "one of: " + ", ".join(names) if names else f"a file in {folder.name}/ (it has none)"


class _Run(Preprocessor):
    """Runs what fences include and leaves a token below each fence; before pymdownx expands them."""

    def __init__(self, md: Markdown, book: Book, outputs: dict[str, str]) -> None:
        super().__init__(md)
        self.book = book
        self.outputs = outputs

    def run(self, lines: list[str]) -> list[str]:
        book = self.book
        book.text = list(lines)
        below: dict[int, str] = {}
        for fence in find_fences(lines, book.page, book.offset):
            found = includes(fence, book.page, book.offset)
            rendered = "\n".join(filter(None, [book.output(i) for i in found if i.path.endswith(".py")]))
            if rendered:
                # A token and not the HTML itself: Markdown must not read what a program printed.
                token = f"livedocs{uuid.uuid4().hex}"
                self.outputs[token] = rendered
                below[fence.last] = fence.indent + token
        result = []
        for number, line in enumerate(lines):
            result.append(line)
            if number in below:
                result += ["", below[number], ""]
        return result


class _Place(Postprocessor):
    """Puts the outputs where their tokens are."""

    def __init__(self, md: Markdown, outputs: dict[str, str]) -> None:
        super().__init__(md)
        self.outputs = outputs

    def run(self, text: str) -> str:
        if not self.outputs:
            return text
        pattern = re.compile(r"<p>\s*(livedocs[0-9a-f]{32})\s*</p>|(livedocs[0-9a-f]{32})")
        return pattern.sub(lambda m: self.outputs.get(m[1] or m[2], m[0]), text)


class _Blocks(BlocksExtension):
    """Registers the blocks that take their content from the rules."""

    def __init__(self, book: Book) -> None:
        self.book = book
        super().__init__()

    def extendMarkdownBlocks(self, md: Markdown, block_mgr) -> None:  # noqa: N802  pymdownx's name
        for block in BLOCKS:
            block_mgr.register(block, {"book": self.book})


class LivedocsExtension(Extension):
    """Options: ``root`` and ``snippets`` (folders), ``page`` (a name for messages), ``book`` (a shared Book)."""

    def __init__(self, **kwargs) -> None:
        self.config = {
            "root": [".", "The project's root; messages name files relative to it."],
            "snippets": ["snippets", "The folder of the snippets, below the root."],
            "page": ["page.md", "The name of the page in messages."],
            "book": ["", "A Book that several conversions share."],
        }
        super().__init__(**kwargs)

    def extendMarkdown(self, md: Markdown) -> None:
        book = self.getConfig("book")
        if not book:
            root = Path(self.getConfig("root")).resolve()
            book = Book(root, root / self.getConfig("snippets"), Runner(root), self.getConfig("page"))
        outputs: dict[str, str] = {}
        # pymdownx.snippets has priority 32: the includes must still be there to be read.
        md.preprocessors.register(_Run(md, book, outputs), "livedocs-run", 33)
        _Blocks(book).extendMarkdown(md)
        # After the inline patterns (20), before the table of contents (5).
        md.treeprocessors.register(FormulaTreeprocessor(md, book), "livedocs-formulas", 15)
        md.postprocessors.register(_Place(md, outputs), "livedocs-place", 1)


def makeExtension(**kwargs) -> LivedocsExtension:
    return LivedocsExtension(**kwargs)
