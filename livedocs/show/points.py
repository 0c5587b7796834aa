"""Tables of special points: those of one rule on its card, and those of all rules of a page, by function."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from html import escape

from livedocs import verdicts
from livedocs.measured import MeasuredRule, Point, Quantity
from livedocs.show.markdown import escape_cell, portable_latex, table_lines
from livedocs.show.mathml import typeset
from livedocs.show.numbers import are_equal, with_plain_zeros
from livedocs.show.tensors import html_of, html_of_input, text_of

COLUMNS = ("Point", "Value", "Gradient", "Verdict", "Left", "Right", "Forward", "Second")
ANSWER = COLUMNS[:4]  # what a page shows of all its rules in one table

Typeset = Callable[..., str]  # typeset of one rule: the formula and whether it is on display


def of_rule(rule: MeasuredRule, formula: Typeset) -> str:
    """Each special point: one row, or one for each input that has a gradient."""
    # A point without a formula stands on a line of its own, above its row: with no other, no column is for points.
    columns = COLUMNS if any(point.latex for point in rule.points) else COLUMNS[1:]
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    rows = []
    for point in rule.points:
        names = _inputs_of(point)
        span = f' rowspan="{len(names)}"' if len(names) > 1 else ""
        start = f'<th scope="row"{span}>{point_name(point, formula)}</th><td{span}>{html_of(point.output)}</td>'
        if not point.latex:  # the inputs need the whole width
            inputs = f"{point_name(point, formula)}: <code>{escape(inputs_text(point))}</code>"
            rows.append(f'<tr class="point"><th colspan="{len(columns)}" scope="rowgroup">{inputs}</th></tr>')
            nothing = f"<td{span}></td>" if columns is COLUMNS else ""
            start = f"{nothing}<td{span}>{html_of(point.output)}</td>"
        verdict = f'<td class="{_verdict_kind(rule, point)}"{span}>{escape(point.verdict.words)}</td>'
        for name in names:
            said = name if len(names) > 1 else ""
            own = with_plain_zeros(point.gradient or {}).get(name)
            gradient = "no gradient" if point.gradient is None else html_of_input(said, own)
            left, right, forward, second = (
                _beside(quantity, name, point) for quantity in (point.left, point.right, point.forward, point.second)
            )
            kind = ' class="disagrees"' if modes_disagree(point) else ""
            slopes = f"<td>{left}</td><td>{right}</td><td{kind}>{forward}</td><td>{second}</td>"
            row = f'{start}<td class="gradient">{gradient}</td>{verdict}{slopes}'
            rows.append(f'<tr class="{"point" if start.startswith("<th") else "input"}">{row}</tr>')
            start = verdict = ""  # what all inputs share
    return (
        '<div class="points" role="group" aria-label="Special points" tabindex="0"><table class="special">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _inputs_of(point: Point) -> list[str]:
    """The inputs of which something was measured; one without a name where nothing was."""
    found = {name for quantity in (point.gradient, point.forward, point.left, point.right) for name in quantity or ()}
    return [name for name in point.inputs if name in found] or [""]


def _beside(quantity: Quantity | None, name: str, point: Point) -> str:
    """What was measured of one input, beside its gradient."""
    found, gradient = (with_plain_zeros(one or {}).get(name) for one in (quantity, point.gradient))
    return html_of_input("", found, gradient)


def point_name(point: Point, formula: Typeset) -> str:
    """The name of a special point as HTML: a formula where it has one."""
    if not point.latex:
        return escape(point.label)
    spoken = escape(point.label.replace("-", "−"))  # not all that read aloud read MathML
    return formula(point.latex, display=False).replace("<math", f'<math aria-label="{spoken}"', 1)


def in_sentence(*labels: str) -> str:
    """Points in a sentence: ``x = 0, “on the axis”``. Words are quoted, so that it may say "at" before them."""
    return ", ".join(f"“{label}”" if " " in label and "=" not in label else label for label in labels)


def _verdict_kind(rule: MeasuredRule, point: Point) -> str:
    return "verdict broken" if breaks_rule(rule, point) else "verdict"


def of_page(rules: Iterable[MeasuredRule], glyphs: set[str]) -> str:
    """The special points of several rules as one table: point, value, gradient and verdict, by function."""
    head = "".join(f'<th scope="col">{column}</th>' for column in ANSWER)
    bodies = []
    for rule in rules:
        formula = functools.partial(typeset, rule, glyphs=glyphs)
        name = f'<a href="#{rule.anchor}"><code>{escape(rule.short)}</code></a>'
        rows = [f'<tr><th class="function" colspan="{len(ANSWER)}" scope="rowgroup">{name}</th></tr>']
        for point in rule.points:
            gradient = "no gradient" if point.gradient is None else html_of(with_plain_zeros(point.gradient))
            rows.append(
                f'<tr><th scope="row">{point_name(point, formula)}</th><td>{html_of(point.output)}</td>'
                f'<td class="gradient">{gradient}</td>'
                f'<td class="{_verdict_kind(rule, point)}">{escape(point.verdict.words)}</td></tr>'
            )
        if rule.points:
            bodies.append(f"<tbody>{''.join(rows)}</tbody>")
    return (
        '<div class="points" role="group" aria-label="All special points of this page" tabindex="0">'
        f'<table class="special all"><thead><tr>{head}</tr></thead>{"".join(bodies)}</table></div>'
    )


def of_page_markdown(rules: Iterable[MeasuredRule]) -> Iterator[str]:
    """The same table as the lines of Markdown in a notebook."""
    rows = []
    for rule in rules:
        for point in rule.points:
            name = f"${portable_latex(point.latex)}$" if point.latex else escape_cell(point.label)
            cells = map(escape_cell, row_of(point)[: len(ANSWER) - 1])
            rows.append([f"[`{rule.short}`](#{rule.anchor})", name, *cells])
    yield from table_lines(("Function", *ANSWER), rows)


def row_of(point: Point) -> list[str]:
    """What the table of special points says of one of them, after its name: a text for each other column."""
    slopes = (text_of(with_plain_zeros(one)) for one in (point.left, point.right, point.forward, point.second))
    return [text_of(point.output), gradient_text(point), point.verdict.words, *slopes]


def gradient_text(point: Point) -> str:
    """The gradient that PyTorch returns."""
    return "no gradient" if point.gradient is None else text_of(with_plain_zeros(point.gradient))


def inputs_text(point: Point) -> str:
    """The inputs of a special point, in short: ``x = [1., 4., 4.]``."""
    texts = []
    for name, text in point.inputs.items():
        short = re.sub(r"^torch\.tensor\((.*?)(, dtype=torch\.float64)?\)$", r"\1", text)
        short = re.sub(r"float\('(-?[a-z]+)'\)", r"\1", short)
        texts.append(f"{name} = {short}")
    return ", ".join(texts)


def of_rule_markdown(rule: MeasuredRule) -> Iterator[str]:
    """The table of a card as the lines of Markdown in a notebook."""
    rows = []
    for point in rule.points:
        inputs = inputs_text(point).replace("|", r"\|")
        name = f"${portable_latex(point.latex)}$" if point.latex else f"{escape_cell(point.label)}: `{inputs}`"
        rows.append([name, *map(escape_cell, row_of(point))])
    yield from table_lines(COLUMNS, rows)


def breaks_rule(rule: MeasuredRule, point: Point) -> bool:
    """Whether a rule of the note applies, and PyTorch does something else."""
    applies = verdicts.applying_rule(point.verdict, random=rule.random) is not None
    return applies and not verdicts.is_followed(point.verdict, random=rule.random)


def modes_disagree(point: Point) -> bool:
    return point.forward is not None and not are_equal(point.forward, point.gradient)
