"""softplus and the other smooth cousins of relu: no kink, but infinities, NaN and overflow."""

import math

import torch
from sympy import Integer, Symbol, erf, exp, log, pi, sqrt, tanh

from livedocs.declare import INF, MINUS_INF, NAN, VJP, Defect, Piece, Pieces, Plane, normal, oo, same_shapes, x

nan = float("nan")
c = Symbol("c", positive=True)
k = Symbol("k", positive=True)
t = Symbol("t", positive=True)

POINTS = ("0.0", INF, MINUS_INF, NAN)
SIGMOID = 1 / (1 + exp(-x))
SOFTPLUS = log(1 + exp(x))
INNER = k * (x + c * x**3)  # x (1 + tanh(INNER / 2)) / 2 is x / (1 + exp(-INNER))
GELU = "https://github.com/pytorch/pytorch/issues/185770"
SILU = "https://github.com/pytorch/pytorch/issues/160876"


def _infinite(reported: str = "") -> tuple[Defect, Defect]:
    """The two infinities of a product x · s(x) whose formula meets ∞ · 0."""
    return (
        Defect("x = inf", "At ∞ the gradient is NaN; its limit is 1.", {"gradient": {"x": nan}}, reported),
        Defect("x = -inf", "At −∞ value and gradient are NaN; their limits are 0.", {"gradient": {"x": nan}}, reported),
    )


def _scalars(a: str, b: str) -> dict[str, str]:
    return {name: f"torch.tensor({text}, dtype=torch.float64)" for name, text in (("x", a), ("y", b))}


RULES = [
    Pieces(
        "torch.nn.functional.softplus",
        "torch.nn.functional.softplus(x)",
        pieces=[Piece(SOFTPLUS, -oo, 20, derivative=SIGMOID), Piece(x, 20, oo)],
        jumps=(Integer(20),),
        points=POINTS,
        span=(-10.0, 30.0),
    ),
    Pieces(
        "torch.nn.functional.softplus",
        "torch.nn.functional.softplus(x, threshold=2.0)",
        variant="threshold=2",
        pieces=[Piece(SOFTPLUS, -oo, t, derivative=SIGMOID), Piece(x, t, oo)],
        parameters={t: 2},
        jumps=(t,),
    ),
    VJP(
        "torch.logaddexp",
        "torch.logaddexp(x, y)",
        formula=r"z = \texttt{logaddexp}(x, y) = \log(e^{x} + e^{y})",
        gradient=r"\bar{x} = \frac{\bar{z}}{1 + e^{y - x}} \qquad \bar{y} = \frac{\bar{z}}{1 + e^{x - y}}",
        plane=Plane("x = y", reach=4.0),
        vjp=lambda v, x, y: (v * torch.sigmoid(x - y), v * torch.sigmoid(y - x)),
        inputs={"x": normal, "y": normal},
        shapes=same_shapes("x", "y"),
        special={
            "x = y": _scalars("0.", "0."),
            "x far above y": _scalars("1000.", "0."),
            "both -inf": _scalars(MINUS_INF, MINUS_INF),
            "NaN": _scalars(NAN, "0."),
        },
        defects=(
            Defect(
                "x far above y",
                "The derivatives of the gradient of y, with respect to y and to x, are NaN. Both are 0 here.",
                {"second": {"x": 0.0, "y": nan}},
                "https://github.com/pytorch/pytorch/issues/196704",
            ),
            Defect(
                "both -inf",
                "Where both are −∞ the gradient is NaN; every share (t, 1 − t) is a limit.",
                {"gradient": {"x": nan, "y": nan}},
            ),
        ),
    ),
    Pieces(
        "torch.nn.functional.logsigmoid",
        "torch.nn.functional.logsigmoid(x)",
        pieces=[Piece(-log(1 + exp(-x)), -oo, oo, derivative=1 / (1 + exp(x)))],
        points=POINTS,
    ),
    Pieces(
        "torch.nn.functional.gelu",
        "torch.nn.functional.gelu(x)",
        pieces=[
            Piece(
                x * (1 + erf(x / sqrt(2))) / 2,
                -oo,
                oo,
                derivative=(1 + erf(x / sqrt(2))) / 2 + x * exp(-(x**2) / 2) / sqrt(2 * pi),
            )
        ],
        points=("0.0", "-0.0", INF, MINUS_INF, NAN),
        defects=_infinite(GELU),
    ),
    Pieces(
        "torch.nn.functional.gelu",
        "torch.nn.functional.gelu(x, approximate='tanh')",
        variant="approximate=tanh",
        pieces=[
            Piece(
                x / (1 + exp(-INNER)),
                -oo,
                oo,
                derivative=1 / (1 + exp(-INNER)) + x * k * (1 + 3 * c * x**2) * exp(-INNER) / (1 + exp(-INNER)) ** 2,
            )
        ],
        parameters={k: 2 * (2 / math.pi) ** 0.5, c: 0.044715},
        points=("0.0", "1e200", INF, MINUS_INF, NAN),
        defects=(
            Defect("x = 1e+200", "At 1e200, a finite input, the gradient is NaN; it is 1.", {"gradient": {"x": nan}}),
            *_infinite(GELU),
        ),
    ),
    Pieces(
        "torch.nn.functional.silu",
        "torch.nn.functional.silu(x)",
        pieces=[Piece(x / (1 + exp(-x)), -oo, oo, derivative=SIGMOID + x * exp(-x) / (1 + exp(-x)) ** 2)],
        points=("0.0", "-0.0", INF, MINUS_INF, NAN),
        defects=_infinite(SILU),
    ),
    Pieces(
        "torch.nn.functional.mish",
        "torch.nn.functional.mish(x)",
        pieces=[
            Piece(
                x * tanh(SOFTPLUS),
                -oo,
                oo,
                derivative=tanh(SOFTPLUS) + x * SIGMOID * (1 - tanh(SOFTPLUS) ** 2),
            )
        ],
        points=("0.0", "1000.0", INF, MINUS_INF, NAN),
        defects=(
            Defect("x = 1000", "At 1000 the second derivative is NaN; it is 0.", {"second": {"x": nan}}),
            *_infinite(),
        ),
    ),
]
