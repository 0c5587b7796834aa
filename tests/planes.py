"""Rules of two numbers, for the tests of their pictures."""

from __future__ import annotations

from livedocs.declare import VJP, Plane, normal


def number(text: str) -> str:
    """A float64 scalar as a rule writes it."""
    return f"torch.tensor({text}, dtype=torch.float64)"


def of_two(call: str, plane: Plane | None, **points: tuple[str, str]) -> VJP:
    """A rule of ``x`` and ``y``; each point gives both."""
    special = {label: {"x": number(a), "y": number(b)} for label, (a, b) in points.items()}
    inputs = {"x": normal, "y": normal}
    return VJP("torch.add", call, "z", "g", vjp=lambda v, x, y: (v, v), inputs=inputs, special=special, plane=plane)


def of_vector(call: str, at: str, **points: str) -> VJP:
    """A rule of the vector ``x``."""
    special = {label: {"x": number(text)} for label, text in points.items()}
    inputs = {"x": normal}
    return VJP("torch.add", call, "z", "g", vjp=lambda v, x: (v,), inputs=inputs, special=special, plane=Plane(at))
