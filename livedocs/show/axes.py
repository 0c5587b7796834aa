"""Axes with numbers around a drawing, as a small SVG: what the plots of cards have in common."""

from __future__ import annotations

from collections.abc import Sequence

from livedocs.show.numbers import format_number

TEXT = 12  # font size: on a phone nothing shrinks
CHARACTER = 7  # about the width of a digit; a minus sign is wider
EDGE = 8  # room for half a number at the right and at the top
TITLE = 24  # room for a title


def room_for(ticks: Sequence[float]) -> int:
    """The width of the numbers at the left of a panel."""
    return max(len(format_number(tick)) for tick in ticks) * CHARACTER + 9


def inner_size(size: tuple[int, int], left: int, *, title: bool) -> tuple[int, int]:
    """The width and height of the drawing in a panel, in CSS pixels.

    Args:
        size: of the whole panel.
        left: where the drawing begins.
        title: whether one stands above.
    """
    return size[0] - left - EDGE, size[1] - (TITLE if title else EDGE) - 20


def framed(
    size: tuple[int, int],
    left: int,
    view: tuple[Sequence[float], Sequence[float]],
    ticks: tuple[Sequence[float], Sequence[float]],
    inside: str,
    title: str = "",
) -> str:
    """A drawing with its axes.

    Args:
        size: width and height of the panel in CSS pixels.
        left: where the drawing begins.
        view: the lowest and highest x, and the lowest and highest y.
        ticks: the numbers below, and those at the left.
        inside: the elements of the drawing; its size is ``inner_size``.
        title: stands above.
    """
    (width, height), ((first, last), (low, high)) = size, view
    top = TITLE if title else EDGE
    wide, tall = inner_size(size, left, title=bool(title))

    def across(x: float) -> float:
        return left + (x - first) / (last - first) * wide

    def down(y: float) -> float:
        return top + (high - y) / (high - low) * tall

    xs = [(short(across(x)), format_number(x)) for x in ticks[0]]
    ys = [(down(y), format_number(y)) for y in ticks[1]]
    grid = "".join([f"M{x} {top}v{tall}" for x, _ in xs] + [f"M{left} {short(y)}h{wide}" for y, _ in ys])
    axis = f"M{left} {short(down(0.0))}h{wide}" if low <= 0 <= high else ""
    axis += f"M{short(across(0.0))} {top}v{tall}" if first <= 0 <= last else ""
    numbers = [f'<text x="{x}" y="{height - 5}" text-anchor="middle">{name}</text>' for x, name in xs]
    numbers += [f'<text x="{left - 5}" y="{short(y + 4)}" text-anchor="end">{name}</text>' for y, name in ys]
    head = f'<text x="{left}" y="14" font-weight="600">{title}</text>' if title else ""
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" fill="none" stroke-linejoin="round">'
        f'<path stroke="var(--plot-grid)" d="{grid}"/><path stroke="currentColor" stroke-opacity=".6" d="{axis}"/>'
        f'<g fill="currentColor" font-size="{TEXT}">{head}{"".join(numbers)}</g>'
        f'<svg x="{left}" y="{top}" width="{wide}" height="{tall}">{inside}</svg></svg>'
    )


def short(value: float) -> str:
    """A coordinate with one digit after the point, which is more than a screen shows."""
    return f"{value:.1f}".removesuffix(".0")
