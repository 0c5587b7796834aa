"""LaTeX as MathML."""

from __future__ import annotations

from livedocs.show.mathml import to_mathml, width_of


def test_a_line_above_is_no_combining_character() -> None:
    """HTML wants none at the start of a text."""
    assert ">\u203e</mo></mover>" in to_mathml(r"\overline{w z}", display=False)
    assert "\u0332" not in to_mathml(r"\overline{w} + \overline{e\, z^{e - 1}}", display=True)


def test_the_width_of_a_formula_is_that_of_its_widest_line() -> None:
    """In em; seen in a browser by tests/reading/phone.py, where a row of all functions has room for its formula."""

    def width(latex: str) -> float:
        return width_of(to_mathml(latex, display=False))

    assert width("x") == 0.52 < width("x^2") < width("x + y") < width(r"\log(x + y)")
    assert width(r"\frac{x + y}{z}") <= width("x + y")
    lines = r"\begin{cases} x & x < 0 \\ x^2 + 2 x & x \ge 0 \end{cases}"
    assert width(lines) < 1.5 * width(r"x^2 + 2 x \quad x \ge 0")
