"""Hinges with a target of ±1: margin_ranking and hinge_embedding."""

import torch
from sympy import Symbol

from livedocs.declare import INF, MINUS_INF, NAN, VJP, Piece, Pieces, normal, oo, x

m = Symbol("m", real=True)


def sign(generator: torch.Generator, shape: tuple[int, ...]) -> torch.Tensor:
    """Targets of −1 and 1: integers, since a target is not differentiated."""
    return 2 * torch.randint(0, 2, shape, generator=generator) - 1


def at(y: str, **inputs: str) -> dict[str, str]:
    """A special point: inputs and their target."""
    tensors = {name: f"torch.tensor({text}, dtype=torch.float64)" for name, text in inputs.items()}
    return {**tensors, "y": f"torch.tensor({y})"}


def _ranking(v, a, b, y):
    slope = -y * (y * (a - b) < 0).to(v.dtype) * v / y.numel()
    return slope, -slope


def _hinge(v, x, y):
    return (v * torch.where(y == 1, 1.0, -(x < 1).to(v.dtype)) / y.numel(),)


EMPTY = "torch.tensor([], dtype=torch.float64)"
PAIRS = [dict.fromkeys(("a", "b", "y"), shape) for shape in ((), (5,), (2, 3))]
SINGLES = [dict.fromkeys(("x", "y"), shape) for shape in ((), (5,), (2, 3))]

RULES = [
    VJP(
        "torch.nn.functional.margin_ranking_loss",
        "torch.nn.functional.margin_ranking_loss(a, b, y)",
        formula=r"\ell = \texttt{margin\_ranking\_loss}(a, b, y) = \frac1N \sum_i \max(0,\ m - y_i (a_i - b_i))",
        gradient=r"\bar{a}_i = -\frac{\bar{\ell}}{N}\, y_i\, [\,y_i (a_i - b_i) < m\,] \qquad \bar{b}_i = -\bar{a}_i",
        vjp=_ranking,
        inputs={"a": normal, "b": normal, "y": sign},
        shapes=PAIRS,
        special={
            "equal inputs, y = 1": at("1", a="2.", b="2."),
            "equal inputs, y = -1": at("-1", a="2.", b="2."),
            "y = 0": at("0", a="2.", b="0."),
            "a = inf": at("-1", a=INF, b="0."),
            "a = b = inf": at("1", a=INF, b=INF),
            "NaN": at("1", a=NAN, b="0."),
            "empty batch": {"a": EMPTY, "b": EMPTY, "y": "torch.tensor([], dtype=torch.int64)"},
        },
        also=("torch.margin_ranking_loss",),
    ),
    Pieces(
        "torch.nn.functional.margin_ranking_loss",
        "torch.nn.functional.margin_ranking_loss(x, 0 * x, torch.ones_like(x), margin=1.0, reduction='none')",
        variant="y=1, reduction=none",
        pieces=[Piece(m - x, -oo, m), Piece(0, m, oo)],
        parameters={m: 1},
        points=("0.0",),
    ),
    Pieces(
        "torch.nn.functional.margin_ranking_loss",
        "torch.nn.functional.margin_ranking_loss(x, 0 * x, torch.ones_like(x), margin=-1.0, reduction='none')",
        variant="y=1, negative margin",
        pieces=[Piece(m - x, -oo, m), Piece(0, m, oo)],
        parameters={m: -1},
        points=("0.0",),
        plot=False,
    ),
    VJP(
        "torch.nn.functional.hinge_embedding_loss",
        "torch.nn.functional.hinge_embedding_loss(x, y)",
        formula=r"\ell = \texttt{hinge\_embedding\_loss}(x, y) = \frac1N \sum_i \begin{cases} x_i & y_i = 1 \\"
        r" \max(0,\ m - x_i) & y_i = -1 \end{cases}",
        gradient=r"\bar{x}_i = \frac{\bar{\ell}}{N} \begin{cases} 1 & y_i = 1 \\ -[\,x_i < m\,] & y_i = -1 \end{cases}",
        vjp=_hinge,
        inputs={"x": normal, "y": sign},
        shapes=SINGLES,
        special={
            "y = 1, x = 0": at("1", x="0."),
            "y = -1, at the margin": at("-1", x="1."),
            "y = 0, below the margin": at("0", x="0.5"),
            "y = 0, at the margin": at("0", x="1."),
            "y = 0, above the margin": at("0", x="2."),
            "y = 1, NaN": at("1", x=NAN),
            "y = -1, NaN": at("-1", x=NAN),
        },
        also=("torch.hinge_embedding_loss",),
    ),
    Pieces(
        "torch.nn.functional.hinge_embedding_loss",
        "torch.nn.functional.hinge_embedding_loss(x, -torch.ones_like(x), margin=2.0, reduction='none')",
        variant="y=-1, reduction=none",
        pieces=[Piece(m - x, -oo, m), Piece(0, m, oo)],
        parameters={m: 2},
        points=("0.0", INF, MINUS_INF),
    ),
]
