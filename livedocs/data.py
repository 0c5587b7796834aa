"""The measured values as data: ``data/gradients.json`` and ``data/gradients.csv``, one row for each special point.

Non-finite numbers are the strings "nan", "inf" and "-inf": JSON has none. The schema stands beside them in
docs/data/gradients.schema.json.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from livedocs.cards import anchor

QUANTITIES = ("output", "gradient", "forward", "create_graph", "second", "left", "right")


def rows(cards: dict[str, dict], url: Callable[[str], str]) -> list[dict[str, Any]]:
    """One row for each function and special point.

    Args:
        cards: the rules by name (livedocs.rulebook.derive).
        url: the address of a page, given its source below docs/ (``"kinks/clamp.md"``).
    """
    found = []
    for card in cards.values():
        page = card["file"].removeprefix("rules/").removesuffix(".py") + ".md"
        for point in card["points"]:
            found.append(
                {
                    "function": card["function"],
                    "variant": card["variant"],
                    "call": card["call"],
                    "inputs": point["inputs"],
                    "point": point["point"],
                    **{name: finite(point[name]) for name in QUANTITIES},
                    "verdict": point["verdict"],
                    "page": f"{url(page)}#{anchor(card)}",
                }
            )
    return found


def finite(value: Any) -> Any:
    """A measured quantity as JSON can hold it."""
    if isinstance(value, dict):
        return {name: finite(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [finite(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value


def to_json(found: list[dict[str, Any]]) -> str:
    """The rows with what they were measured with."""
    whole = {"torch": version("torch"), "dtype": "float64", "device": "cpu", "rows": found}
    return json.dumps(whole, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def to_csv(found: list[dict[str, Any]]) -> str:
    """The rows as a table; what is nested is written as JSON."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(found[0]) if found else [], lineterminator="\n")
    writer.writeheader()
    for row in found:
        writer.writerow({key: v if isinstance(v, str) else json.dumps(v) for key, v in row.items()})
    return text.getvalue()
