"""LaTeX as MathML."""

from __future__ import annotations

from livedocs.show.mathml import to_mathml


def test_a_line_above_is_no_combining_character() -> None:
    """HTML wants none at the start of a text."""
    assert ">\u203e</mo></mover>" in to_mathml(r"\overline{w z}", display=False)
    assert "\u0332" not in to_mathml(r"\overline{w} + \overline{e\, z^{e - 1}}", display=True)
