"""A measured value in a cell of a table: a matrix as lines, and a tensor of equal entries in a word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from livedocs.show.numbers import are_equal, format_number

SHORT = 4  # entries of a line that is never broken


def lines_of(value: Any) -> list[str]:
    """A number or a tensor as lines: one for each row of a matrix, ``all NaN (2 × 3)`` where many entries are equal.

    Args:
        value: a number, nested lists of numbers, or None where there is no value.
    """
    if not isinstance(value, list):
        return [format_number(value)]
    entries = [format_number(entry) for entry in _entries(value)]
    shape = list(_shape(value))
    if len(set(entries)) == 1 and len(entries) > (SHORT if len(shape) == 1 else 2):
        return [f"all {entries[0]} ({' × '.join(map(str, shape))})"]
    return [f"[{', '.join(format_number(entry) for entry in row)}]" for row in _rows(value)]


def text_lines(quantity: Any) -> str:
    """A value, or one for each input, as text with line breaks: a line for each row of a matrix."""
    if isinstance(quantity, Mapping) and len(quantity) > 1:
        return "\n".join(f"{name}: {text_lines(value)}" for name, value in quantity.items())
    value = next(iter(quantity.values())) if isinstance(quantity, Mapping) and quantity else quantity
    return "\n".join(lines_of(value))


def text_of(quantity: Any) -> str:
    """A value, or one for each input, on one line."""
    if isinstance(quantity, Mapping):
        if len(quantity) == 1:
            return text_of(next(iter(quantity.values())))
        return "; ".join(f"{name}: {text_of(value)}" for name, value in quantity.items())
    return ", ".join(lines_of(quantity))


def html_of(quantity: Any, beside: Any = None) -> str:
    """A value, or one for each input, as HTML for a cell: each row of a matrix is a line.

    Args:
        quantity: the value.
        beside: the value of another cell of its row; a tensor that is equal to it is called the same.
    """
    if isinstance(quantity, Mapping):
        others = beside if isinstance(beside, Mapping) else {}
        several = len(quantity) > 1
        return "".join(
            html_of_input(name if several else "", value, others.get(name)) for name, value in quantity.items()
        )
    return html_of_input("", quantity, beside)


def html_of_input(name: str, value: Any, beside: Any = None) -> str:
    """The value of one input, with its name before it if it has one."""
    # What is written alike is the same: a slope that was measured is not exact.
    alike = isinstance(beside, list) and lines_of(value) == lines_of(beside)
    same = isinstance(value, list) and beside is not None and (alike or are_equal(value, beside))
    first, *others = map(_line, ["the same"] if same else lines_of(value))
    if name:
        first = f'<span class="input">{escape(name)}:</span> {first}'
    if not name and not others:
        return first
    further = "line further" if name else "line"  # below the name, not below its row
    return f'<span class="line">{first}</span>' + "".join(f'<span class="{further}">{row}</span>' for row in others)


def _line(text: str) -> str:
    whole = text.count(",") < SHORT and text[0] in "[a"  # a row, or "all 0 (2 × 3)"
    return f'<span class="whole">{escape(text)}</span>' if whole else escape(text)


def _shape(value: Any) -> Iterator[int]:
    while isinstance(value, list):
        yield len(value)
        value = value[0] if value else None


def _entries(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for entry in value:
            yield from _entries(entry)
    else:
        yield value


def _rows(value: list) -> Iterator[list]:
    """The innermost lists."""
    if any(isinstance(entry, list) for entry in value):
        for entry in value:
            yield from _rows(entry)
    else:
        yield value
