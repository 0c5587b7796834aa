"""clamp and its relatives: a line between two bounds, flat outside."""

import torch
from sympy import Symbol

from livedocs.declare import INF, NAN, VJP, Defect, Piece, Pieces, at, normal, oo, x

a = Symbol("a", real=True)
b = Symbol("b", real=True)


def _low(generator: torch.Generator, shape: tuple[int, ...]) -> torch.Tensor:
    return normal(generator, shape) - 0.5


def _high(generator: torch.Generator, shape: tuple[int, ...]) -> torch.Tensor:
    return normal(generator, shape) + 0.5


def _between(v, x, a, b):
    high = torch.maximum(x, a) > b  # also where the bounds cross: b has the last word
    low = (x < a) & ~high
    return v * (~low & ~high), v * low, v * high


def _above(v, x, a):
    return v * (x > a), v * (x < a)


def _below(v, x, b):
    return v * (x < b), v * (x > b)


BOUNDED = [Piece(a, -oo, a), Piece(x, a, b), Piece(b, b, oo)]

RULES = [
    Pieces(
        "torch.clamp",
        "torch.clamp(x, 1.5, 5.5)",
        pieces=BOUNDED,
        parameters={a: 1.5, b: 5.5},
        points=(NAN,),
        span=(0.0, 7.0),
        also=("torch.clip", "torch.Tensor.clamp", "torch.Tensor.clip"),
    ),
    Pieces(
        "torch.clamp_min",
        "torch.clamp_min(x, 1.5)",
        pieces=[Piece(a, -oo, a), Piece(x, a, oo)],
        parameters={a: 1.5},
        points=(NAN, INF),
        also=("torch.Tensor.clamp_min",),
    ),
    Pieces(
        "torch.clamp_max",
        "torch.clamp_max(x, 1.5)",
        pieces=[Piece(x, -oo, b), Piece(b, b, oo)],
        parameters={b: 1.5},
        points=(NAN, INF),
        also=("torch.Tensor.clamp_max",),
    ),
    Pieces(
        "torch.nn.functional.hardtanh",
        "torch.nn.functional.hardtanh(x, 1.5, 5.5)",
        pieces=BOUNDED,
        parameters={a: 1.5, b: 5.5},
        points=(NAN,),
        span=(0.0, 7.0),
    ),
    VJP(
        "torch.clamp",
        "torch.clamp(x, a, b)",
        variant="tensor bounds",
        formula=r"y_i = \texttt{clamp}(x, a, b)_i = \min(\max(x_i, a_i), b_i)",
        gradient=r"(\bar{x}_i, \bar{a}_i, \bar{b}_i) = \bar{y}_i \begin{cases} (1, 0, 0) & a_i < x_i < b_i \\"
        r" (0, 1, 0) & x_i < a_i < b_i \\ (0, 0, 1) & b_i < \max(x_i, a_i) \end{cases}",
        vjp=_between,
        inputs={"x": normal, "a": _low, "b": _high},
        shapes=[dict.fromkeys(("x", "a", "b"), shape) for shape in ((), (5,), (4, 6))],
        special={
            "x = a": at(x="2.", a="2.", b="6."),
            "x = b": at(x="6.", a="2.", b="6."),
            "a = b, x below": at(x="0.", a="4.", b="4."),
            "a > b": at(x="4.", a="5.", b="3."),
            "x is NaN": at(x="float('nan')", a="2.", b="6."),
            "a is NaN": at(x="4.", a="float('nan')", b="6."),
        },
        defects=(
            Defect(
                "a = b, x below",
                "In 2.13 reverse mode loses the gradient: neither x nor a nor b gets any. Forward mode gives 1 to a.",
                measured={
                    "gradient": {"x": 0.0, "a": 0.0, "b": 0.0},
                    "forward": {"x": 0.0, "a": 1.0, "b": 0.0},
                },
                releases=("2.13",),
            ),
        ),
    ),
    VJP(
        "torch.clamp",
        "torch.clamp(x, a)",
        variant="one tensor bound",
        formula=r"y_i = \texttt{clamp}(x, a)_i = \max(x_i, a_i)",
        gradient=r"\bar{x}_i = \bar{y}_i\,[x_i > a_i], \qquad \bar{a}_i = \bar{y}_i\,[x_i < a_i]"
        r" \qquad (x_i \ne a_i)",
        vjp=_above,
        inputs={"x": normal, "a": normal},
        shapes=[dict.fromkeys(("x", "a"), shape) for shape in ((), (5,), (4, 6))],
        special={
            "x = a": at(x="2.", a="2."),
            "x is NaN": at(x="float('nan')", a="2."),
            "a is NaN": at(x="2.", a="float('nan')"),
        },
        defects=(
            Defect(
                "x = a",
                "In 2.13 reverse mode gives the whole gradient to x, and forward mode gives it to a.",
                measured={"gradient": {"x": 1.0, "a": 0.0}, "forward": {"x": 0.0, "a": 1.0}},
                releases=("2.13",),
            ),
        ),
    ),
    VJP(
        "torch.clamp_min",
        "torch.clamp_min(x, a)",
        variant="tensor bound",
        formula=r"y_i = \texttt{clamp\_min}(x, a)_i = \max(x_i, a_i)",
        gradient=r"\bar{x}_i = \bar{y}_i\,[x_i > a_i], \qquad \bar{a}_i = \bar{y}_i\,[x_i < a_i]"
        r" \qquad (x_i \ne a_i)",
        vjp=_above,
        inputs={"x": normal, "a": normal},
        shapes=[dict.fromkeys(("x", "a"), shape) for shape in ((), (5,), (4, 6))],
        special={"x = a": at(x="2.", a="2."), "x is NaN": at(x="float('nan')", a="2.")},
    ),
    VJP(
        "torch.clamp_max",
        "torch.clamp_max(x, b)",
        variant="tensor bound",
        formula=r"y_i = \texttt{clamp\_max}(x, b)_i = \min(x_i, b_i)",
        gradient=r"\bar{x}_i = \bar{y}_i\,[x_i < b_i], \qquad \bar{b}_i = \bar{y}_i\,[x_i > b_i]"
        r" \qquad (x_i \ne b_i)",
        vjp=_below,
        inputs={"x": normal, "b": normal},
        shapes=[dict.fromkeys(("x", "b"), shape) for shape in ((), (5,), (4, 6))],
        special={"x = b": at(x="2.", b="2."), "x is NaN": at(x="float('nan')", b="2.")},
    ),
]
