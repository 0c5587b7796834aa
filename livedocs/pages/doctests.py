"""A pytest plugin: pytest-markdown-docs runs a page as a reader who pastes its code blocks, one after the other.

pytest-markdown-docs takes the tokens of a markdown-it parser. This one yields a single token for a page: the program
that its Python fences are together, those inside admonitions and tabs too, with includes expanded by pymdownx itself.
Each line keeps its number. What the program prints must be what the page shows.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from markdown_it.token import Token
from pytest_markdown_docs._runners import DefaultRunner, register_runner

from livedocs.errors import DocsError
from livedocs.pages.fences import PYTHON, Fence, expand, find_fences, includes
from livedocs.run.accept import accepted_sections, release
from livedocs.run.limits import THREADS, vectors

_parser: PageParser


def pytest_configure(config: pytest.Config) -> None:
    global _parser
    _parser = PageParser(config.rootpath / "snippets")
    os.environ.update({**vectors(), **os.environ, **THREADS})  # before anything imports torch
    os.environ.setdefault("MPLBACKEND", "module://livedocs.run.backend")  # plt.show() must not wait for a window


@pytest.hookimpl(tryfirst=True)  # before the default of pytest-markdown-docs itself
def pytest_markdown_docs_markdown_it() -> PageParser:
    return _parser


@register_runner(default=True)
class PageRunner(DefaultRunner):
    """Runs a page's program and holds what it prints against the accepted outputs of the sections it includes.

    pytest-markdown-docs switches capturing off while a program runs, so that its output is caught here.
    """

    def runtest(self, test, args, **rest):
        if "torch.distributions" in sys.modules:  # torch.compile, in a test before, switches its checks off
            sys.modules["torch.distributions"].Distribution.set_default_validate_args(True)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            super().runtest(test, args, **rest)
        shown = _parser.shown(test.source_path.read_text(encoding="utf-8"))
        if shown is not None and printed.getvalue() != shown:
            raise AssertionError(_difference(printed.getvalue(), shown))


class PageParser:
    """Stands in for ``markdown_it.MarkdownIt``: ``parse`` is all that pytest-markdown-docs calls.

    Args:
        snippets: the folder that includes are relative to; ``tests/outputs`` beside it holds what they print.
    """

    def __init__(self, snippets: Path) -> None:
        self.snippets = snippets

    def fences(self, text: str) -> list[Fence]:
        """The Python fences of a page, in order.

        Raises:
            DocsError: for a fence that could be shown and not run.
        """
        return [fence for fence in find_fences(text.split("\n"), "line") if fence.language in PYTHON]

    def parse(self, text: str) -> list[Token]:
        """One token for the program of a page; none if it has no Python fence.

        Raises:
            pytest.Collector.CollectError: for a fence that no test could run as it is shown.
        """
        try:
            fences = self.fences(text)
            if not fences:
                return []
            first = fences[0].first
            lines: list[str] = []
            for fence in fences:
                body = expand(fence.body, self.snippets) if includes(fence, "line") else fence.body
                # An include is longer than its line: then what follows moves down, and is looked for in the program.
                lines += [""] * (fence.first - first - len(lines)) + body
        except DocsError as error:
            raise pytest.Collector.CollectError(str(error)) from None
        content = "\n".join(lines) + "\n"
        return [Token("fence", "code", 0, info="python", content=content, map=[first, fences[-1].last + 1])]

    def shown(self, text: str) -> str | None:
        """What the program of a page prints according to tests/outputs; None if some of its code is no include."""
        parts = []
        for fence in self.fences(text):
            found = includes(fence, "line")
            if not found:
                return None
            for include in found:
                snippet = self.snippets / include.path
                parts.append(
                    accepted_sections(self.snippets.parent, snippet, release(version("torch")))[include.section]
                )
        return "".join(parts)


def _difference(printed: str, shown: str) -> str:
    """The first line in which two outputs differ."""
    got, wanted = printed.splitlines(), shown.splitlines()
    number = next((n for n, pair in enumerate(zip(got, wanted, strict=False)) if pair[0] != pair[1]), None)
    if number is None:
        number = min(len(got), len(wanted))
    line = [lines[number] if number < len(lines) else "(the end)" for lines in (got, wanted)]
    return f"pasted as a whole the page prints something else\n  got:    {line[0]}\n  wanted: {line[1]}"
