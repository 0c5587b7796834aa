"""A rule as a card: formula, gradient, table of special points, plot, PyTorch's own lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape

from livedocs import verdicts
from livedocs.measured import MeasuredRule, Point
from livedocs.show.markdown import escape_cell, portable_latex, table_lines
from livedocs.show.mathml import glyphs_of, to_mathml
from livedocs.show.numbers import are_equal, format_quantity
from livedocs.show.plot import card_plot

COLUMNS = ("Point", "Left", "Right", "Reverse", "Verdict", "Forward", "Second")

Typeset = Callable[..., str]  # typeset of one rule: the formula and whether it is on display


def html(rule: MeasuredRule, glyphs: set[str]) -> str:
    """The inside of a card as HTML; the arguments and errors are those of ``typeset``."""

    def formula(latex: str, *, display: bool) -> str:
        return typeset(rule, latex, glyphs, display=display)

    parts = [
        *(formula(latex, display=True) for latex in equations(rule)),
        _measured_with(rule, formula),
        _points_table(rule, formula),
        _remarks(rule),
    ]
    if rule.plot:
        parts.append(card_plot(rule))
    if rule.derivatives:
        lines = "\n\n".join("\n".join(entry) for entry in rule.derivatives)
        parts.append(
            "<details><summary>PyTorch’s own lines (derivatives.yaml)</summary>"
            f'<pre class="own" role="group" aria-label="derivatives.yaml" tabindex="0"><code>{escape(lines)}\n'
            "</code></pre></details>"
        )
    return "".join(parts)


def markdown(rule: MeasuredRule) -> Iterator[str]:
    """The lines of a card in a notebook: formulas, what it was measured with, special points, and a link to it."""
    yield from [f"### `{rule.name}`", ""]
    for latex in equations(rule):
        yield from [f"$${portable_latex(latex)}$$", ""]
    settings = "".join(f", ${name} = {value:g}$" for name, value in rule.parameters)
    yield f"Measured: `{rule.call}`{settings}. [The card, with its plot](#{rule.anchor})"
    rows = []
    for point in rule.points:
        inputs = inputs_text(point).replace("|", r"\|")
        name = f"${portable_latex(point.latex)}$" if point.latex else f"{escape_cell(point.label)}: `{inputs}`"
        rows.append([name, *map(escape_cell, points_row(point))])
    yield from table_lines(COLUMNS, rows)


def equations(rule: MeasuredRule) -> tuple[str, str]:
    """The formula and the gradient of a rule in LaTeX, with what they are equal to."""
    if not rule.scalar:
        return rule.formula, rule.gradient
    name = rule.function.rpartition(".")[2].replace("_", r"\_")
    left = rf"\texttt{{{name}}}(x)"
    return f"{left} = {rule.formula}", rf"\frac{{\mathrm{{d}}}}{{\mathrm{{d}}x}}\,{left} = {rule.gradient}"


def points_row(point: Point) -> list[str]:
    """What the table of special points says of one of them, after its name: a text for each other column."""
    left, right, forward, second = map(format_quantity, (point.left, point.right, point.forward, point.second))
    return [left, right, gradient_text(point), point.verdict.words, forward, second]


def gradient_text(point: Point) -> str:
    """The gradient that PyTorch returns."""
    return "no gradient" if point.gradient is None else format_quantity(point.gradient)


def inputs_text(point: Point) -> str:
    """The inputs of a special point, in short: ``x = [1., 4., 4.]``."""
    texts = []
    for name, text in point.inputs.items():
        short = re.sub(r"^torch\.tensor\((.*?)(, dtype=torch\.float64)?\)$", r"\1", text)
        short = re.sub(r"float\('(-?[a-z]+)'\)", r"\1", short)
        texts.append(f"{name} = {short}")
    return ", ".join(texts)


def typeset(rule: MeasuredRule, latex: str, glyphs: set[str], *, display: bool) -> str:
    """LaTeX from a rule as MathML, in an element of its own.

    Args:
        rule: the rule that the formula is from.
        latex: the formula.
        glyphs: takes the characters of the formula.
        display: whether it stands by itself.

    Raises:
        DocsError: for LaTeX that does not convert, with the rule's name, file and line.
    """
    try:
        mathml = to_mathml(latex, display=display)
    except ValueError as error:
        problem = "its LaTeX does not convert"
        raise rule.error(problem, f"{latex}\n{error}", "LaTeX that math-core reads") from None
    glyphs.update(glyphs_of(mathml))
    tag = "div" if display else "span"
    return f'<{tag} class="math">{mathml}</{tag}>'


def _measured_with(rule: MeasuredRule, formula: Typeset) -> str:
    settings = ", ".join(formula(f"{s} = {v:g}", display=False) for s, v in rule.parameters)
    names = ", ".join(f"<code>{escape(name)}</code>" for name in rule.also)
    text = f"Measured: <code>{escape(rule.call)}</code>"
    text += f", {settings}" if settings else ""
    return f'<p class="measured">{text}. {f"Also {names}." if names else ""}</p>'


def _points_table(rule: MeasuredRule, formula: Typeset) -> str:
    head = "".join(f'<th scope="col">{column}</th>' for column in COLUMNS)
    rows = []
    for point in rule.points:
        name = formula(point.latex, display=False) if point.latex else _named_inputs(point)
        spoken = escape(point.label.replace("-", "−"))  # not all that read aloud read MathML
        name = name.replace("<math", f'<math aria-label="{spoken}"', 1)
        kinds = [
            "",
            "",
            "reverse",
            "verdict broken" if _breaks_rule(rule, point) else "verdict",
            "disagrees" if _modes_disagree(point) else "",
            "",
        ]
        body = "".join(
            f'<td class="{kind}">{escape(cell)}</td>' if kind else f"<td>{escape(cell)}</td>"
            for kind, cell in zip(kinds, points_row(point), strict=True)
        )
        rows.append(f'<tr><th scope="row">{name}</th>{body}</tr>')
    return (
        '<div class="points" role="group" aria-label="Special points" tabindex="0"><table class="special">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _named_inputs(point: Point) -> str:
    """A named special point and its inputs."""
    return f"{escape(point.label)}<br><code>{escape(inputs_text(point))}</code>"


def _breaks_rule(rule: MeasuredRule, point: Point) -> bool:
    """Whether a rule of the note applies, and PyTorch does something else."""
    applies = verdicts.applying_rule(point.verdict, random=rule.random) is not None
    return applies and not verdicts.is_followed(point.verdict, random=rule.random)


def _modes_disagree(point: Point) -> bool:
    return point.forward is not None and not are_equal(point.forward, point.gradient)


def _remarks(rule: MeasuredRule) -> str:
    """Where modes disagree, what is known to be wrong, what is not checked and why."""
    remarks = []
    reasons: dict[tuple[str, str], list[str]] = {}
    for point in rule.points:
        gradient = format_quantity(point.gradient)
        if _modes_disagree(point):
            forward = format_quantity(point.forward)
            remarks.append(f"At {point.label} reverse mode gives {gradient}, forward mode {forward}.")
        if point.create_graph is not None and not are_equal(point.create_graph, point.gradient):
            other = format_quantity(point.create_graph)
            remarks.append(f"At {point.label} the gradient is {gradient}, and {other} with create_graph=True.")
        for what, reason in point.reasons.items():
            if what != "gradient" or "does not require grad" not in reason:
                reasons.setdefault((what.replace("_", " "), reason), []).append(point.label)
    for (what, reason), where in reasons.items():
        everywhere = len(where) == len(rule.points)
        remarks.append(f"{'Everywhere' if everywhere else 'At ' + ', '.join(where)}, {what}: {reason}")
    items = [f"<li>{escape(remark)}</li>" for remark in dict.fromkeys(remarks)]
    for defect in rule.defects:
        link = f' <a href="{escape(defect.reported)}">Reported.</a>' if defect.reported else ""
        items.append(f"<li><strong>Known defect.</strong> {escape(defect.what)}{link}</li>")
    for check, reason in rule.excluded.items():
        items.append(f"<li>Not checked: {escape(check)}. {escape(reason)}</li>")
    return f"<ul>{''.join(items)}</ul>" if items else ""
