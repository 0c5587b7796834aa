"""A rule as a card: what it says when folded, formula, gradient, special points, plot, PyTorch's own lines."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from livedocs.measured import MeasuredRule, Point
from livedocs.show import elsewhere, points
from livedocs.show.markdown import portable_latex
from livedocs.show.mathml import typeset
from livedocs.show.numbers import are_equal, with_plain_zeros
from livedocs.show.plane import plane_plot
from livedocs.show.plot import card_plot
from livedocs.show.tensors import text_of

SHORT = 60  # characters of LaTeX that fit into the one line of a folded card


def summary(rule: MeasuredRule, glyphs: set[str], *, formulas_above: bool = False) -> str:
    """A card in one line, as HTML: its formula where that is short, and its verdicts in a few words.

    The arguments are those of ``html``.
    """
    formula, verdicts = equations(rule)[0], f'<span class="verdicts">{escape(verdicts_in_words(rule))}</span>'
    if formulas_above or len(formula) > SHORT or r"\begin" in formula:
        return verdicts
    return f"{typeset(rule, formula, glyphs, display=False)} {verdicts}"


def verdicts_in_words(rule: MeasuredRule) -> str:
    """How many special points a rule has, and what is odd at them: ``5 special points, 1 against the note``."""
    count = len(rule.points)
    words = [f"{count} special point{'' if count == 1 else 's'}"] if count else ["no special point"]
    if broken := sum(points.breaks_rule(rule, point) for point in rule.points):
        words.append(f"{broken} against PyTorch’s note")
    if apart := sum(map(points.modes_disagree, rule.points)):
        words.append(f"{apart} where forward mode differs")
    if rule.defects:
        words.append("known defect")
    return ", ".join(words)


def formulas(rule: MeasuredRule, glyphs: set[str]) -> str:
    """Formula and gradient on lines of their own, as HTML; the arguments and errors are those of ``typeset``."""
    return "".join(typeset(rule, latex, glyphs, display=True) for latex in equations(rule))


def html(rule: MeasuredRule, glyphs: set[str], *, formulas_above: bool = False) -> str:
    """The inside of a card as HTML; the first arguments and the errors are those of ``typeset``.

    Args:
        rule: what the card is about.
        glyphs: takes the characters that its formulas need.
        formulas_above: True where formula and gradient stand above the fold already.
    """

    def formula(latex: str, *, display: bool) -> str:
        return typeset(rule, latex, glyphs, display=display)

    parts = [
        "" if formulas_above else formulas(rule, glyphs),
        _measured_with(rule, formula),
        points.of_rule(rule, formula),
        _remarks(rule),
    ]
    if rule.plot:
        parts.append(card_plot(rule))
    if rule.surface:
        parts.append(plane_plot(rule))
    if rule.derivatives:
        lines = "\n\n".join("\n".join(entry) for entry in rule.derivatives)
        parts.append(
            '<details class="lines"><summary>PyTorch’s own lines (derivatives.yaml)</summary>'
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
    yield from points.of_rule_markdown(rule)


def equations(rule: MeasuredRule) -> tuple[str, str]:
    """The formula and the gradient of a rule in LaTeX, with what they are equal to."""
    if not rule.scalar:
        return rule.formula, rule.gradient
    name = rule.function.rpartition(".")[2].replace("_", r"\_")
    left = rf"\texttt{{{name}}}(x)"
    return f"{left} = {rule.formula}", rf"\frac{{\mathrm{{d}}}}{{\mathrm{{d}}x}}\,{left} = {rule.gradient}"


def _measured_with(rule: MeasuredRule, formula: points.Typeset) -> str:
    settings = ", ".join(formula(f"{s} = {v:g}", display=False) for s, v in rule.parameters)
    names = ", ".join(f"<code>{escape(name)}</code>" for name in rule.also)
    text = f"Measured: <code>{escape(rule.call)}</code>"
    text += f", {settings}" if settings else ""
    return f'<p class="measured">{text}. {f"Also {names}." if names else ""}</p>'


def _hessian(point: Point) -> str:
    """The Hessian at a point in a text, where it says more than the second derivatives in the table."""
    rows = with_plain_zeros(point.hessian or [])
    mixed = [entry for i, row in enumerate(rows) for j, entry in enumerate(row) if i != j]
    return text_of(rows) if any(entry != 0 for entry in mixed) else ""


def _remarks(rule: MeasuredRule) -> str:
    """Where modes disagree, what is known to be wrong, what is not checked and why."""
    remarks = []
    reasons: dict[tuple[str, str], list[str]] = {}
    for point in rule.points:
        name = points.in_sentence(point.label)
        if point.create_graph is not None and not are_equal(point.create_graph, point.gradient):
            gradient, other = points.gradient_text(point), text_of(point.create_graph)
            remarks.append(f"At {name} the gradient is {gradient}, and {other} with create_graph=True.")
        if mixed := _hessian(point):
            remarks.append(f"At {name} the Hessian is {mixed}.")
        for what, reason in point.reasons.items():
            if what != "gradient" or "does not require grad" not in reason:
                reasons.setdefault((what.replace("_", " "), reason), []).append(point.label)
    for (what, reason), where in reasons.items():
        place = "Everywhere" if len(where) == len(rule.points) else f"At {points.in_sentence(*where)}"
        remarks.append(f"{place}, {what}: {reason}")
    items = [f"<li>{escape(remark)}</li>" for remark in dict.fromkeys(remarks)]
    for defect in rule.defects:
        link = f' <a href="{escape(defect.reported)}">Reported.</a>' if defect.reported else ""
        name = f"<strong>Known defect at {escape(points.in_sentence(defect.point))}.</strong>"
        items.append(f"<li>{name} {escape(defect.what)}{link}</li>")
    for said in elsewhere.sentences(rule):
        items.append(f"<li><strong>Elsewhere.</strong> {escape(said)}</li>")
    for check, reason in rule.excluded.items():
        items.append(f"<li>Not checked: {escape(check)}. {escape(reason)}</li>")
    return f"<ul>{''.join(items)}</ul>" if items else ""
