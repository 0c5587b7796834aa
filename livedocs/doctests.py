"""A pytest plugin: pytest-markdown-docs reads a page as a reader who pastes its code blocks, one after the other.

pytest-markdown-docs takes the tokens of a markdown-it parser. This one yields a fence token for every
Python fence, also those inside admonitions and tabs, with its includes expanded by pymdownx itself. All
but the first continue the one before: the page is one program.
"""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path

import pytest
from markdown_it.token import Token
from pytest_markdown_docs._runners import DefaultRunner, register_runner

from livedocs.errors import DocsError
from livedocs.fences import PYTHON, expand, find_fences, includes

_parser: PageParser


def pytest_configure(config: pytest.Config) -> None:
    global _parser
    _parser = PageParser(config.rootpath / "snippets")
    os.environ.setdefault("MPLBACKEND", "module://livedocs.backend")  # plt.show() must not wait for a window


@pytest.hookimpl(tryfirst=True)  # before the default of pytest-markdown-docs itself
def pytest_markdown_docs_markdown_it() -> PageParser:
    return _parser


@register_runner(default=True)
class QuietRunner(DefaultRunner):
    """Runs a code block without its output: pytest-markdown-docs switches capturing off while a block runs."""

    def runtest(self, test, args, **rest):
        with contextlib.redirect_stdout(io.StringIO()):
            super().runtest(test, args, **rest)


class PageParser:
    """Stands in for ``markdown_it.MarkdownIt``: ``parse`` is all that pytest-markdown-docs calls.

    Args:
        snippets: the folder that includes are relative to.
    """

    def __init__(self, snippets: Path) -> None:
        self.snippets = snippets

    def parse(self, text: str) -> list[Token]:
        """A token for each Python fence of a page, in order.

        Raises:
            pytest.Collector.CollectError: for a fence that no test could run as it is shown.
        """
        lines = text.split("\n")
        tokens = []
        try:
            for fence in find_fences(lines, "line"):
                if fence.language in PYTHON:
                    info = "python continuation" if tokens else "python"
                    body = expand(fence.body, self.snippets) if includes(fence, "line") else fence.body
                    where = [fence.first, fence.last + 1]
                    tokens.append(Token("fence", "code", 0, info=info, content="\n".join(body) + "\n", map=where))
        except DocsError as error:
            raise pytest.Collector.CollectError(str(error)) from None
        return tokens
