"""Tables and formulas in the Markdown that Jupyter reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence


def table_lines(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table, with an empty one above and below."""
    yield ""
    for row in (columns, ["---"] * len(columns), *rows):
        yield f"| {' | '.join(row)} |"
    yield ""


def escape_cell(text: str) -> str:
    """A text for a cell of a table."""
    return re.sub(r"([|*_<])", r"\\\1", text)


def portable_latex(latex: str) -> str:
    r"""LaTeX that MathJax and KaTeX both print: they disagree about ``\_`` in ``\texttt``, and agree in ``\mathtt``."""
    return latex.replace(r"\texttt{", r"\mathtt{")
