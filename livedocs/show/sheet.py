"""A sheet of functions: of each one its formula, its gradient and a small plot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from livedocs.measured import MeasuredRule
from livedocs.show.markdown import escape_cell, portable_latex, table_lines
from livedocs.show.mathml import typeset
from livedocs.show.plot import small_plot


def html(rule: MeasuredRule, glyphs: set[str]) -> str:
    """An entry of a sheet, below its name; the arguments and errors are those of ``typeset``."""
    texts = filter(None, (*equations(rule), settings(rule)))
    formulas = [typeset(rule, text, glyphs, display=True) for text in texts]
    return "".join([*formulas, small_plot(rule)])


def markdown(rules: Iterable[MeasuredRule], page: str) -> Iterator[str]:
    """The lines of a sheet in a notebook, without its plots.

    Args:
        rules: the functions.
        page: the name of the page that shows them, as ``MeasuredRule.link`` takes it.
    """
    rows = []
    for rule in rules:
        link = f"[{escape_cell(rule.short)}]({rule.link(page)})"
        texts = [portable_latex(text).replace("|", r"\vert ") for text in (settings(rule), *equations(rule))]
        values, *formulas = (f"${text}$" if text else "" for text in texts)
        rows.append([f"{link} {values}".strip(), *formulas])
    return table_lines(("Function", "Formula", "Gradient"), rows)


def equations(rule: MeasuredRule) -> tuple[str, str]:
    """The formula and the gradient of a function, each as an equation in LaTeX."""
    return f"f(x) = {rule.formula}", rf"\frac{{\mathrm{{d}}f}}{{\mathrm{{d}}x}} = {rule.gradient}"


def settings(rule: MeasuredRule) -> str:
    """The values of a function's parameters in LaTeX; empty if it has none."""
    return r", \quad ".join(f"{symbol} = {value:.4g}" for symbol, value in rule.parameters)
