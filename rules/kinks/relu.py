"""relu and its family: two lines that meet at 0, or at a threshold."""

import torch
from sympy import Rational, Symbol, oo

from livedocs.declare import INF, MINUS_INF, NAN, VJP, Defect, Piece, Pieces, normal, x

a = Symbol("a", real=True)
t = Symbol("t", real=True)
c = Symbol("c", real=True)


def _leaky(slope: float, variant: str = "") -> Pieces:
    return Pieces(
        "torch.nn.functional.leaky_relu",
        f"torch.nn.functional.leaky_relu(x, {slope})",
        variant=variant,
        pieces=[Piece(a * x, -oo, 0), Piece(x, 0, oo)],
        parameters={a: slope},
        points=(NAN,),
    )


def _prelu(v, x, w):
    per_channel = w.view(1, -1, *[1] * (x.dim() - 2)) if x.dim() > 1 else w
    dx = torch.where(x > 0, v, per_channel * v).view(x.shape)
    dw = torch.where(x > 0, 0, x * v)
    return dx, dw.sum([d for d in range(x.dim()) if d != 1]) if len(w) > 1 else dw.sum().view(1)


def _rrelu(v, x):
    torch.manual_seed(0)
    drawn = torch.nn.functional.rrelu(x, training=True) / x  # 1 on the right, r on the left
    return (v * drawn,)


def _number(text: str) -> str:
    return f"torch.tensor({text}, dtype=torch.float64)"


RULES = [
    Pieces(
        "torch.nn.functional.relu",
        "torch.nn.functional.relu(x)",
        pieces=[Piece(0, -oo, 0), Piece(x, 0, oo)],
        points=("-0.0", NAN, INF, MINUS_INF),
        also=("torch.relu", "torch.Tensor.relu"),
    ),
    Pieces(
        "torch.nn.functional.relu6",
        "torch.nn.functional.relu6(x)",
        pieces=[Piece(0, -oo, 0), Piece(x, 0, 6), Piece(6, 6, oo)],
        points=(NAN,),
        span=(-3.0, 9.0),
    ),
    _leaky(0.1),
    _leaky(-0.5, "negative_slope=-0.5"),
    _leaky(2.0, "negative_slope=2"),
    VJP(
        "torch.nn.functional.prelu",
        "torch.nn.functional.prelu(x, w)",
        formula=r"y = \texttt{prelu}(x, w), \quad y_i = \begin{cases} x_i & x_i > 0 \\ w\,x_i & x_i \le 0"
        r" \end{cases}",
        gradient=r"\bar{x}_i = \bar{y}_i \begin{cases} 1 & x_i > 0 \\ w & x_i \le 0 \end{cases}"
        r" \qquad \bar{w} = \sum_{x_i \le 0} \bar{y}_i\,x_i",
        vjp=_prelu,
        inputs={"x": normal, "w": normal},
        shapes=[
            {"x": (), "w": (1,)},
            {"x": (5,), "w": (1,)},
            {"x": (2, 3), "w": (3,)},
            {"x": (2, 3, 4), "w": (3,)},
        ],
        special={
            "x = 0, w = ¼": {"x": _number("0."), "w": _number("[0.25]")},
            "x = 0, w = 2": {"x": _number("0."), "w": _number("[2.]")},
            "x = 0, w = −½": {"x": _number("0."), "w": _number("[-0.5]")},
            "x = −2, w = 0": {"x": _number("-2."), "w": _number("[0.]")},
            "x = NaN": {"x": _number("float('nan')"), "w": _number("[0.25]")},
        },
        also=("torch.prelu", "torch.Tensor.prelu"),
        defects=(
            Defect(
                "x = 0, w = ¼",
                "Reverse mode returns the left slope at 0, forward mode the right one, for every w:"
                " one formula compares with x > 0, the other with x ≥ 0.",
                measured={"gradient": {"x": 0.25, "w": [0.0]}, "forward": {"x": 1.0, "w": [0.0]}},
            ),
        ),
    ),
    Pieces(
        "torch.nn.functional.rrelu",
        "torch.nn.functional.rrelu(x)",
        pieces=[Piece(Rational(11, 48) * x, -oo, 0), Piece(x, 0, oo)],
        points=(NAN,),
        also=("torch.rrelu",),
    ),
    VJP(
        "torch.nn.functional.rrelu",
        "(torch.manual_seed(0), torch.nn.functional.rrelu(x, training=True))[1]",
        variant="training=True",
        random=True,
        formula=r"y = \texttt{rrelu}(x), \quad y_i = \begin{cases} x_i & x_i > 0 \\ r_i\,x_i & x_i \le 0"
        r" \end{cases} \qquad r_i \sim \mathcal{U}(\tfrac18, \tfrac13)",
        gradient=r"\bar{x}_i = \bar{y}_i \begin{cases} 1 & x_i > 0 \\ r_i & x_i \le 0 \end{cases}",
        vjp=_rrelu,
        inputs={"x": normal},
        shapes=[{"x": ()}, {"x": (5,)}, {"x": (2, 3)}],
        special={
            "x = −1": {"x": _number("-1.")},
            "x = 0": {"x": _number("0.")},
            "x = NaN": {"x": _number("float('nan')")},
        },
        excluded={"float32": "the same seed draws other slopes in float32"},
    ),
    Pieces(
        "torch.nn.functional.threshold",
        "torch.nn.functional.threshold(x, 1.0, 3.0)",
        pieces=[Piece(c, -oo, t), Piece(x, t, oo)],
        parameters={t: 1.0, c: 3.0},
        jumps=(t,),
        points=(NAN,),
        also=("torch.threshold",),
    ),
]
