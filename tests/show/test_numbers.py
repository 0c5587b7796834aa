"""Numbers as text."""

from __future__ import annotations

import math

from livedocs.show.numbers import format_number


def test_numbers_as_text() -> None:
    shown = [format_number(v) for v in (0.0, -1.0, 0.5, 1 / 3, math.inf, -math.inf, math.nan, None, 1e12, -2.5e-7)]
    assert shown == ["0", "−1", "0.5", "0.3333", "∞", "−∞", "NaN", "–", "10¹²", "−2.5·10⁻⁷"]
