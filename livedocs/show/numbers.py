"""Measured numbers as readers see them and as JSON holds them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

RAISED = str.maketrans("−0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def format_number(value: float | bool | None) -> str:
    """A number as text: integers without a point, a true minus sign, powers of ten, ∞, NaN; – where there is none."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.0f}" if value == round(value) and abs(value) < 1e6 else f"{value:.4g}"
    factor, _, power = text.replace("-", "−").partition("e")
    if not power:
        return factor
    power = power.lstrip("+0").translate(RAISED).replace("⁻⁰", "⁻")
    return f"{factor}·10{power}" if factor not in ("1", "−1") else f"{factor[:-1]}10{power}"


def with_plain_zeros(value: Any) -> Any:
    """A gradient, or nested lists, or a mapping of them, with 0 for −0: of a slope the sign of 0 says nothing."""
    if isinstance(value, Mapping):
        return {name: with_plain_zeros(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [with_plain_zeros(entry) for entry in value]
    return 0.0 if value == 0 else value


def are_equal(a: Any, b: Any) -> bool:
    """Whether two measured quantities are equal, NaN to NaN, up to rounding."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(are_equal(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(are_equal, a, b))
    if a is None or b is None:
        return a is b
    return a == b or (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)


def to_json_value(value: Any) -> Any:
    """A measured quantity as JSON can hold it: what is not finite becomes the text "nan", "inf" or "-inf"."""
    if isinstance(value, Mapping):
        return {name: to_json_value(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [to_json_value(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value


def to_compact_value(value: Any) -> Any:
    """The same in fewer bytes: integers without a point, and −0 as text, since not every reader keeps its sign."""
    if isinstance(value, Mapping):
        return {name: to_compact_value(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [to_compact_value(entry) for entry in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e6:
        return "-0" if str(value) == "-0.0" else int(value)
    return to_json_value(value)
