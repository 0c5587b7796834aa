"""abs, the same function written with where, and the loss that is made of it."""

import torch
from sympy import oo

from livedocs.declare import INF, MINUS_INF, NAN, VJP, Piece, Pieces, normal, same_shapes, x


def _l1(v, x, y):
    dx = v * torch.sign(x - y) / x.numel()
    return dx, -dx


def _pair(x: str, y: str) -> dict[str, str]:
    return {name: f"torch.tensor({text}, dtype=torch.float64)" for name, text in (("x", x), ("y", y))}


CORNER = [Piece(-x, -oo, 0), Piece(x, 0, oo)]

RULES = [
    Pieces(
        "torch.abs",
        "torch.abs(x)",
        pieces=CORNER,
        points=("-0.0", NAN, INF, MINUS_INF),
        also=("torch.absolute", "torch.Tensor.abs"),
    ),
    Pieces(
        "torch.where",
        "torch.where(x >= 0, x, -x)",
        variant="x >= 0, x, -x",
        pieces=CORNER,
        points=("-0.0", NAN),
    ),
    VJP(
        "torch.nn.functional.l1_loss",
        "torch.nn.functional.l1_loss(x, y)",
        formula=r"L = \texttt{l1\_loss}(x, y) = \frac{1}{n} \sum_{i=1}^{n} \lvert x_i - y_i \rvert",
        gradient=r"\bar{x}_i = \frac{\bar{L}}{n}\,\operatorname{sgn}(x_i - y_i), \qquad \bar{y}_i = -\bar{x}_i,"
        r" \qquad \operatorname{sgn}(0) = 0",
        vjp=_l1,
        inputs={"x": normal, "y": normal},
        shapes=same_shapes("x", "y"),
        special={
            "one entry hit": _pair("[1., 2.]", "[1., 0.]"),
            "all hit": _pair("[1., 2.]", "[1., 2.]"),
            "NaN": _pair("[float('nan'), 2.]", "[1., 0.]"),
            "both infinite": _pair("[float('inf'), 2.]", "[float('inf'), 0.]"),
        },
    ),
]
