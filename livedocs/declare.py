"""What a rule says: ``Pieces`` for a scalar function of one variable, ``VJP`` for everything else.

A module in a project's ``rules/`` lists its rules in ``RULES``. Everything that readers see of a rule (formula, table,
plot, data) and everything that tests check is derived from its declaration.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field

import sympy
import torch

x = sympy.Symbol("x", real=True)
oo = sympy.oo

NAN = "float('nan')"
INF = "float('inf')"
MINUS_INF = "float('-inf')"


@dataclass(frozen=True)
class Piece:
    """``formula`` (SymPy, in ``x`` and parameters) on the interval from ``low`` to ``high``.

    ``derivative`` is a form of the derivative that reads better than SymPy's own; it is checked against that.
    """

    formula: sympy.Expr
    low: sympy.Expr | float
    high: sympy.Expr | float
    derivative: sympy.Expr | None = None


@dataclass(frozen=True)
class Defect:
    """A place where PyTorch is wrong, or where its modes disagree, with the values that were measured.

    A test fails when PyTorch changes: then the declaration and the page have to follow.

    Args:
        point: the label of the special point (``"x = 0"``, ``"two-way tie"``).
        what: one sentence that says what is wrong.
        measured: the measured quantities that prove it (``"gradient"``, ``"forward"``, ``"second"``, …) with
            their values, per input: ``{"forward": {"x": 1.0}}``.
        reported: a link to the report, if there is one.
        releases: the releases that have it (``("2.13",)``); None for all.
    """

    point: str
    what: str
    measured: Mapping[str, Mapping[str, object]]
    reported: str = ""
    releases: tuple[str, ...] | None = None


@dataclass(frozen=True)
class _Rule:
    """What both kinds of rule have.

    Args:
        function: the public name, ``"torch.clamp"``.
        call: Python text that needs only ``torch`` and the named inputs.
        variant: what tells two rules of one function apart, ``"alpha=2"``.
        also: other public names of the same function: ``("torch.clip", "torch.Tensor.clamp")``.
        excluded: checks that are left out (``"gradcheck"``, ``"gradgradcheck"``, ``"forward"``, ``"complex"``)
            with the reason, which the card shows.
        random: True for a function of random numbers; its call seeds them, so that it can be run again.
        complex: True if complex128 is supported and to be checked.
        defects: known defects of PyTorch.
    """

    function: str
    call: str
    _: KW_ONLY
    variant: str = ""
    also: tuple[str, ...] = ()
    excluded: Mapping[str, str] = field(default_factory=dict)
    random: bool = False
    complex: bool = False
    defects: tuple[Defect, ...] = ()
    place: tuple[str, int] = field(default=("", 0), compare=False)

    def __post_init__(self) -> None:
        frame = sys._getframe(1)
        while frame.f_globals.get("__name__") in (__name__, "dataclasses") or frame.f_code.co_filename == "<string>":
            frame = frame.f_back
        object.__setattr__(self, "place", (frame.f_code.co_filename, frame.f_lineno))

    @property
    def name(self) -> str:
        """The rule's own name: the function's, and the variant if there is one."""
        return f"{self.function}({self.variant})" if self.variant else self.function


@dataclass(frozen=True)
class Pieces(_Rule):
    """A scalar function of one variable: SymPy expressions between breakpoints.

    The formula's LaTeX, the derivative and the one-sided derivatives at the breakpoints come from SymPy; the
    values at the breakpoints come from running torch.

    Args:
        pieces: from left to right, each ending where the next begins.
        parameters: values for the symbols other than ``x``, in the order of the LaTeX.
        jumps: the breakpoints where the pieces do not meet; everywhere else they must.
        points: special points besides the breakpoints, as Python text: ``("float('nan')", "-0.0")``.
        span: regular inputs are drawn from this interval, where it meets the pieces.
        plot: False for a function whose plot says nothing.
    """

    pieces: Sequence[Piece] = ()
    parameters: Mapping[sympy.Symbol, float] = field(default_factory=dict)
    jumps: tuple = ()
    points: tuple[str, ...] = ()
    span: tuple[float, float] = (-4.0, 4.0)
    plot: bool = True


@dataclass(frozen=True)
class Plane:
    """The picture of a function of two numbers: contours, arrows, and the gradients around a special point.

    Args:
        at: the label of the special point in its middle; its inputs have two entries in all.
        reach: how far the picture goes from there, to each side.
    """

    at: str
    reach: float = 2.0


@dataclass(frozen=True)
class VJP(_Rule):
    """A function of tensors: the LaTeX of its rule beside the few lines of torch that compute it.

    Args:
        formula: LaTeX of the function.
        gradient: LaTeX of its gradient, or of the vector-Jacobian product.
        vjp: ``vjp(v, *inputs)`` with the cotangent first; a tuple with one gradient for each differentiable
            input, in the order of ``inputs``.
        inputs: how regular inputs are drawn: name to ``draw(generator, shape)``.
        fixed: arguments that are not differentiated and not drawn, name to Python text.
        shapes: the shapes of regular inputs, one entry for each test; each maps a name to its shape.
        special: named special inputs: label to input name to Python text.
        active: the gradients of the active pieces at a special input, whose convex hull is the
            subdifferential: label to a list of gradients, each one a flat list over all inputs. Where it is
            missing the hull is measured from gradients near the point.
        plane: what is drawn, for a function of two numbers; of several outputs it is the first.
    """

    formula: str = ""
    gradient: str = ""
    vjp: Callable[..., tuple[torch.Tensor, ...]] | None = None
    inputs: Mapping[str, Callable] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    shapes: Sequence[Mapping[str, tuple[int, ...]]] = ()
    special: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    active: Mapping[str, Sequence[Sequence[float]]] = field(default_factory=dict)
    plane: Plane | None = None


Rule = Pieces | VJP
Values = str | tuple[int, ...]


def normal(generator: torch.Generator, shape: tuple[int, ...]) -> torch.Tensor:
    """Standard normal numbers, float64."""
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def uniform(low: float, high: float) -> Callable:
    """A draw of uniform numbers between ``low`` and ``high``, float64."""

    def draw(generator: torch.Generator, shape: tuple[int, ...]) -> torch.Tensor:
        return low + (high - low) * torch.rand(shape, generator=generator, dtype=torch.float64)

    return draw


def at(x: Values = "", /, **inputs: Values) -> dict[str, str]:
    """A special input: for each name of an input the Python text of its tensor.

    ``at("[1., 2.]")`` and ``at(x="[1., 2.]")`` are ``{"x": "torch.tensor([1., 2.], dtype=torch.float64)"}``.

    Args:
        x: that of the input ``x``.
        inputs: those of all others, or of all. Each is the text of float64 numbers (``"[1., 2.]"``), text of torch
            (``"torch.tensor(1)"``), which is taken as it is, or the shape of a tensor of zeros, for those that have no
            entries: ``(0, 2)``.
    """
    if x != "":
        inputs = {"x": x, **inputs}
    return {name: _text(values) for name, values in inputs.items()}


def _text(values: Values) -> str:
    if isinstance(values, tuple):
        return f"torch.zeros({', '.join(map(str, values))}, dtype=torch.float64)"
    return values if values.startswith("torch") else f"torch.tensor({values}, dtype=torch.float64)"


def same_shapes(*names: str) -> list[dict[str, tuple[int, ...]]]:
    """Three regular shapes, the same for each of these inputs: a scalar, a vector, a matrix."""
    return [dict.fromkeys(names, shape) for shape in ((), (5,), (2, 3))]
