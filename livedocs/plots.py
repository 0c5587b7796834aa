"""The plot of a card: f and f′, with a dot where PyTorch puts the value at each breakpoint."""

from __future__ import annotations

import math
from typing import Any

import sympy
from matplotlib.ticker import MaxNLocator

from livedocs.measure.curve import window_of
from livedocs.run import figures

WIDTH, HEIGHT = 3.2, 2.2  # inches, of each panel: two fit side by side, and one fits a phone
LARGEST = 6.0  # where a function grows without end, the plot stops here


def draw(pieces, points) -> dict[str, Any]:
    """The plot of a Pieces rule: ``panels``, the SVG of f and that of f′, and ``alt``.

    Args:
        pieces: the rule with its parameters put in (livedocs.measure.pieces).
        points: its measured special points.
    """
    values = {p.label: p.output for p in points}
    slopes = {p.label: p.gradient["x"] for p in points if p.gradient and p.gradient["x"] is not None}
    panels = [
        _panel("f(x)", pieces, pieces.values, values),
        _panel("f′(x)", pieces, pieces.slopes, slopes),
    ]
    return {"panels": panels, "alt": _describe(pieces, slopes)}


def _panel(title: str, pieces, expressions, dots) -> str:
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(WIDTH, HEIGHT), layout="none")  # a solver for 200 plots is slow
    figure.subplots_adjust(left=0.12, right=0.98, bottom=0.12, top=0.89)
    figure.set_label(f"{title} of {pieces.rule.name}")  # the ids in the SVG of two equal drawings must differ
    try:
        _branches(axis, pieces, expressions, dots)
        axis.set_title(title, fontsize=11)
        axis.margins(0.04)
        for scale in (axis.xaxis, axis.yaxis):
            scale.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))  # each tick costs a millisecond to draw
        return figures.to_svg(figure)
    finally:
        plt.close(figure)


def _branches(axis, pieces, expressions, dots) -> None:
    """Draw each branch, open dots where it ends, and filled dots where PyTorch puts the value."""
    first, last = window_of(pieces)
    for low, high, expression in zip(pieces.low, pieces.high, expressions, strict=True):
        start, stop = max(float(low), first), min(float(high), last)
        if start >= stop:
            continue
        compute = sympy.lambdify(pieces.x, expression, ["mpmath"])
        xs, ys = [], []
        steps = 1 if sympy.diff(expression, pieces.x, 2) == 0 else 60  # a line has two ends
        for number in range(steps + 1):
            at = start + (stop - start) * (1e-3 + (1 - 2e-3) * number / steps)
            y = _real(compute, at)
            xs.append(at)
            ys.append(y if y is not None and abs(y) <= LARGEST else math.nan)
        axis.plot(xs, ys, color=figures.CURVES[0])
        for end, side in ((low, "+"), (high, "-")):
            if end.is_finite and first <= float(end) <= last:
                y = pieces.limit(expression, end, side)
                if math.isfinite(y) and abs(y) <= LARGEST:
                    axis.plot([float(end)], [y], "o", color=figures.CURVES[0], mfc=figures.PAPER, ms=5.5)
    for label, value in dots.items():
        at = float(label.removeprefix("x = "))
        inside = math.isfinite(at) and first <= at <= last
        if inside and isinstance(value, float) and math.isfinite(value) and abs(value) <= LARGEST:
            axis.plot([at], [value], "o", color=figures.CURVES[1], ms=5.5)


def _real(compute, at: float) -> float | None:
    try:
        y = complex(compute(at))
    except (ZeroDivisionError, ValueError, OverflowError, TypeError):
        return None
    return y.real if abs(y.imag) < 1e-12 else None


def _describe(pieces, slopes: dict[str, float]) -> str:
    """Alt text: what the two curves show, from the measured values."""
    name = pieces.rule.name.removeprefix("torch.").removeprefix("nn.functional.")
    first, last = window_of(pieces)
    said = [f"at {label} PyTorch gives {value:g}" for label, value in slopes.items() if "nan" not in label]
    at = "; ".join(said)
    return f"{name} and its derivative for x from {first:g} to {last:g}" + (f". Derivative: {at}." if at else ".")
