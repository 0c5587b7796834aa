"""where: it selects, forward and backward; the branch that is not taken gets a 0, and multiplies it by its slope."""

import torch
from sympy import Integer, exp, sin, sqrt

from livedocs.declare import VJP, Defect, Piece, Pieces, normal, oo, same_shapes, x

nan = float("nan")


def _mask(generator, shape):
    return torch.rand(shape, generator=generator) > 0.4


def _three(c, x, y):
    text = "torch.tensor({}, dtype=torch.float64)"
    return {"c": f"torch.tensor({c})", "x": text.format(x), "y": text.format(y)}


def _leak(point, slope):
    return Defect(
        point,
        f"The branch that is not taken has the slope {slope} there, and reverse mode multiplies it by the cotangent 0:"
        " NaN. Forward mode selects, and returns 0.",
        {"gradient": {"x": nan}, "forward": {"x": 0.0}},
        "https://github.com/pytorch/pytorch/issues/23395",
    )


RULES = [
    VJP(
        "torch.where",
        "torch.where(c, x, y)",
        formula=r"z_i = \texttt{where}(c, x, y)_i = \begin{cases} x_i & c_i \\ y_i & \text{otherwise} \end{cases}",
        gradient=r"\bar{x}_i = \begin{cases} \bar{z}_i & c_i \\ 0 & \text{otherwise} \end{cases} \qquad"
        r" \bar{y}_i = \begin{cases} 0 & c_i \\ \bar{z}_i & \text{otherwise} \end{cases}",
        vjp=lambda v, c, x, y: (v.masked_fill(~c, 0), v.masked_fill(c, 0)),
        inputs={"c": _mask, "x": normal, "y": normal},
        shapes=same_shapes("c", "x", "y"),
        special={
            "x is taken": _three("True", "1.", "2."),
            "y is taken": _three("False", "1.", "2."),
            "an infinity is not taken": _three("True", "1.", "float('inf')"),
            "a NaN is not taken": _three("True", "1.", "float('nan')"),
            "a NaN is taken": _three("False", "1.", "float('nan')"),
        },
        also=("torch.Tensor.where",),
    ),
    Pieces(
        "torch.where",
        "torch.where(x > 0, torch.sqrt(x), 0)",
        variant="x > 0, sqrt(x), 0",
        pieces=[Piece(Integer(0), -oo, 0), Piece(sqrt(x), 0, oo)],
        points=("-1.0",),
        span=(0.1, 4.0),
        defects=(_leak("x = 0", "inf"), _leak("x = -1", "NaN")),
    ),
    Pieces(
        "torch.where",
        "torch.where(x != 0, torch.sin(x) / x, 1)",
        variant="x != 0, sin(x)/x, 1",
        pieces=[Piece(sin(x) / x, -oo, 0), Piece(sin(x) / x, 0, oo)],
        defects=(_leak("x = 0", "NaN"),),
    ),
    Pieces(
        "torch.where",
        "torch.where(x < 9, torch.exp(x), 0)",
        variant="x < 9, exp(x), 0",
        pieces=[Piece(exp(x), -oo, 9), Piece(Integer(0), 9, oo)],
        jumps=(9,),
        points=("1000.0",),
        span=(-4.0, 12.0),
        plot=False,
        defects=(_leak("x = 1000", "inf"),),
    ),
]
