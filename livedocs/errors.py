"""The one exception that every failure of a build or a test is told with."""

from __future__ import annotations

from typing import Any


class DocsError(Exception):
    """A failure that names the file, the line, what was got and what was wanted.

    Args:
        where: the file, relative to the project root, with ``/`` between its parts.
        line: the line in that file, counted from 1, or None where no single line is at fault.
        problem: what is wrong, in a few words.
        got: what was found.
        wanted: what would have been right.
        page: ``file:line`` of the place on a page that asked for it, where there is one.
    """

    def __init__(
        self,
        where: str,
        line: int | None,
        problem: str,
        *,
        got: str,
        wanted: str,
        page: str | None = None,
    ) -> None:
        self.where = where
        self.line = line
        self.problem = problem
        self.got = got
        self.wanted = wanted
        self.page = page
        super().__init__(where, line, problem)

    def to_dict(self) -> dict[str, Any]:
        """The error as JSON can hold it: it crosses from a child's process to the build's."""
        return {name: getattr(self, name) for name in ("where", "line", "problem", "got", "wanted", "page")}

    @classmethod
    def from_dict(cls, found: dict[str, Any]) -> DocsError:
        """The error that ``to_dict`` has described."""
        return cls(**found)

    def on_page(self, page: str) -> DocsError:
        """The same error, with the place on a page that asked for what failed."""
        return DocsError(**{**self.to_dict(), "page": page})

    def __str__(self) -> str:
        place = self.where if self.line is None else f"{self.where}:{self.line}"
        rows = [
            f"{place}: {self.problem}",
            _row("got", self.got),
            _row("wanted", self.wanted),
        ]
        if self.page:
            rows.append(_row("page", self.page))
        return "\n".join(rows)


def _row(label: str, text: str) -> str:
    """One labeled row; further lines of ``text`` line up under the first."""
    indent = " " * 10
    return f"  {label + ':':<8}" + text.replace("\n", "\n" + indent)
