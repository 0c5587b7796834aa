"""The measured values as data: one row for each special point, and a file for each curve of the explorer.

``data/gradients.json`` and ``data/gradients.csv`` hold the rows; non-finite numbers are the strings "nan", "inf" and
"-inf": JSON has none. The schema stands beside them in docs/data/gradients.schema.json.

A file of the explorer is JSON inside one call of a function, so that a script element can load it: that works in a
folder on disk too, where a page may not fetch. docs/assets/explorer.js draws it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from livedocs.measured import CurvePoint, MeasuredRules
from livedocs.show.numbers import format_number, to_compact_value, to_json_value

QUANTITIES = ("output", "gradient", "forward", "create_graph", "second", "hessian", "left", "right")
EXPLORER = "data/explorer"


def data_rows(rules: MeasuredRules, url: Callable[[str], str]) -> list[dict[str, Any]]:
    """One row for each function and special point.

    Args:
        rules: all of them.
        url: the address of a page, given its source below docs/ (``"kinks/clamp.md"``).
    """
    return [
        {
            "function": rule.function,
            "variant": rule.variant,
            "call": rule.call,
            "inputs": point.inputs,
            "point": point.label,
            **{name: to_json_value(getattr(point, name)) for name in QUANTITIES},
            "verdict": point.verdict.words,
            "elsewhere": [to_json_value(vars(one)) for one in point.elsewhere],
            "page": f"{url(rule.page)}#{rule.anchor}",
        }
        for rule in rules.values()
        for point in rule.points
    ]


def to_json(rows: list[dict[str, Any]]) -> str:
    """The rows with what they were measured with."""
    whole = {"torch": version("torch"), "dtype": "float64", "device": "cpu", "rows": rows}
    return json.dumps(whole, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def to_csv(rows: list[dict[str, Any]]) -> str:
    """The rows as a table; what is nested is written as JSON."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: v if isinstance(v, str) else json.dumps(v) for key, v in row.items()})
    return text.getvalue()


def explorer_files(rules: MeasuredRules, url: Callable[[str], str]) -> dict[str, str]:
    """The explorer's data files by name; the arguments are those of ``data_rows``.

    Raises:
        DocsError: for two functions of one address.
    """
    written: dict[str, str] = {}
    for rule in rules.with_curve().values():
        name = f"{EXPLORER}/{rule.anchor}.js"
        if name in written:
            wanted = "a variant whose letters and digits tell it apart"
            raise rule.error("its address in the explorer is taken", rule.anchor, wanted)
        curve = rule.curve
        first, last = format_number(curve.x[0]), format_number(curve.x[-1])
        value = {
            "id": rule.anchor,
            "name": rule.name,
            "call": rule.call,
            "card": f"{url(rule.page)}#{rule.anchor}",
            "alt": f"{rule.short} and its gradient for x from {first} to {last}",
            "view": to_compact_value(curve.view),
            "ticks": to_compact_value(curve.ticks),
            "points": [_explorer_point(point) for point in curve.points],
            **{key: to_compact_value(getattr(curve, key)) for key in ("x", "f", "g")},
        }
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        written[name] = f"explorer({text})\n"
    return written


def _explorer_point(point: CurvePoint) -> dict[str, Any]:
    measured = {name: to_compact_value(getattr(point, name)) for name in ("x", "f", "g", "left", "right")}
    limits = to_compact_value(point.limits)
    return {**measured, "break": point.is_break, "limits": limits, "verdict": point.verdict.words}
