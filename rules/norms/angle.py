"""Polar coordinates: the length and the angle of a pair, of a real and of a complex number."""

import math

from sympy import pi

from livedocs.declare import INF, MINUS_INF, NAN, VJP, Defect, Piece, Pieces, Plane, normal, oo, same_shapes, x


def _at(y: str, x: str) -> dict[str, str]:
    return {"y": f"torch.tensor({y}, dtype=torch.float64)", "x": f"torch.tensor({x}, dtype=torch.float64)"}


POINTS = {
    "origin": _at("0.", "0."),
    "on the negative axis": _at("0.", "-1."),
    "inf": _at(INF, "1."),
    "NaN": _at(NAN, "1."),
}


def _hypot(v, y, x):
    r = (y * y + x * x).sqrt()
    return v * y / r, v * x / r


def _atan2(v, y, x):
    s = y * y + x * x
    return v * x / s, -v * y / s


RULES = [
    VJP(
        "torch.hypot",
        "torch.hypot(y, x)",
        formula=r"r = \texttt{hypot}(y, x) = \sqrt{y^2 + x^2}",
        gradient=r"\bar{y} = \bar{r}\, \frac{y}{r} \qquad \bar{x} = \bar{r}\, \frac{x}{r}",
        vjp=_hypot,
        plane=Plane("origin"),
        inputs={"y": normal, "x": normal},
        shapes=same_shapes("y", "x"),
        special=POINTS,
        also=("torch.Tensor.hypot",),
        defects=(
            Defect(
                "origin",
                "The gradient divides 0 by the length 0. 0 is the subgradient of minimum norm; vector_norm returns it.",
                {"gradient": {"y": math.nan, "x": math.nan}, "forward": {"y": math.nan, "x": math.nan}},
            ),
        ),
    ),
    VJP(
        "torch.atan2",
        "torch.atan2(y, x)",
        formula=r"\varphi = \texttt{atan2}(y, x), \text{ the angle of } (x, y)",
        gradient=r"\bar{y} = \bar{\varphi}\, \frac{x}{x^2 + y^2} \qquad \bar{x} = -\bar{\varphi}\, \frac{y}{x^2 + y^2}",
        vjp=_atan2,
        plane=Plane("origin"),
        inputs={"y": normal, "x": normal},
        shapes=same_shapes("y", "x"),
        special=POINTS,
        also=("torch.arctan2", "torch.Tensor.atan2"),
        defects=(
            Defect(
                "origin",
                "Reverse mode gives 0, forward mode 0/0.",
                {"gradient": {"y": 0.0, "x": 0.0}, "forward": {"y": math.nan, "x": math.nan}},
            ),
        ),
    ),
    Pieces(
        "torch.angle",
        "torch.angle(x)",
        pieces=[Piece(pi, -oo, 0), Piece(0 * x, 0, oo)],
        jumps=(0,),
        points=("-0.0", INF, MINUS_INF, NAN),
        also=("torch.Tensor.angle",),
    ),
]
