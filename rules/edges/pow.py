"""Powers: with a number as exponent, with a number as base, and with tensors for both."""

import torch
from sympy import Integer, Rational

from livedocs.declare import INF, MINUS_INF, NAN, VJP, Defect, Piece, Pieces, Plane, oo, same_shapes, uniform, x


def _pow(v, x, y):
    base = v * y * x ** (y - 1)
    exponent = v * x**y * torch.log(x)
    zero = torch.zeros_like(v)
    return torch.where(y == 0, zero, base), torch.where((x == 0) & (y >= 0), zero, exponent)


def _point(x: str, y: str) -> dict[str, str]:
    return {"x": f"torch.tensor({x}, dtype=torch.float64)", "y": f"torch.tensor({y}, dtype=torch.float64)"}


nan, inf = float("nan"), float("inf")

FORMULA = r"z = \texttt{%s}(x, y) = x^y"
GRADIENT = (
    r"\begin{aligned} \bar{x} &= \bar{z} \cdot \begin{cases} 0 & y = 0 \\ y\,x^{y-1} & y \ne 0 \end{cases} \\"
    r" \bar{y} &= \bar{z} \cdot \begin{cases} 0 & x = 0,\ y \ge 0 \\ x^y \ln x & \text{otherwise} \end{cases}"
    r" \end{aligned}"
)
ZERO_TANGENT = (
    "Forward mode adds the parts of base and exponent. The part of the exponent is NaN even when its tangent is 0,"
    " so the derivative along x is NaN as well."
)

RULES = [
    Pieces(
        "torch.pow",
        "torch.pow(x, 0)",
        variant="exponent 0",
        pieces=[Piece(Integer(1), -oo, oo)],
        points=("0.0", INF, NAN),
        complex=True,
        plot=False,
    ),
    Pieces(
        "torch.pow",
        "torch.pow(x, 1)",
        variant="exponent 1",
        pieces=[Piece(x, -oo, oo)],
        points=("0.0", INF, NAN),
        complex=True,
        plot=False,
    ),
    Pieces(
        "torch.pow",
        "torch.pow(x, 1.5)",
        variant="exponent 3/2",
        pieces=[Piece(x ** Rational(3, 2), 0, oo)],
        points=("-0.0", "-1.0", INF),
        span=(-1.0, 4.0),
        complex=True,
    ),
    Pieces(
        "torch.pow",
        "torch.pow(x, 2)",
        variant="exponent 2",
        pieces=[Piece(x**2, -oo, oo)],
        points=("0.0", "-1.0", INF, NAN),
        span=(-2.0, 2.0),
        complex=True,
        plot=False,
    ),
    Pieces(
        "torch.square",
        "torch.square(x)",
        pieces=[Piece(x**2, -oo, oo)],
        points=("0.0", "-1.0", INF, NAN),
        span=(-2.0, 2.0),
        also=("torch.Tensor.square",),
        complex=True,
    ),
    Pieces(
        "torch.pow",
        "torch.pow(2, x)",
        variant="base 2",
        pieces=[Piece(2**x, -oo, oo)],
        points=("0.0", MINUS_INF, INF),
        span=(-3.0, 2.0),
        complex=True,
    ),
    Pieces(
        "torch.pow",
        "torch.pow(0, x)",
        variant="base 0",
        pieces=[Piece(Integer(0), 0, oo)],
        points=("2.0", "-1.0", INF),
        span=(0.0, 3.0),
        plot=False,
        excluded={"gradgradcheck": "The second derivative is NaN: see the known defect."},
        defects=(
            Defect(
                "x = 2",
                "At x = 2 the function is 0 on both sides, and its second derivative is returned as NaN: 0 times the"
                " square of log(0). The gradient itself is guarded.",
                {"gradient": {"x": 0.0}, "second": {"x": nan}},
                reported="https://github.com/pytorch/pytorch/issues/95180",
            ),
        ),
    ),
    VJP(
        "torch.pow",
        "torch.pow(x, y)",
        formula=FORMULA % "pow",
        gradient=GRADIENT,
        plane=Plane("zero to the zero"),
        vjp=_pow,
        inputs={"x": uniform(0.5, 2.0), "y": uniform(-2.0, 3.0)},
        shapes=same_shapes("x", "y"),
        special={
            "zero to the zero": _point("0.", "0."),
            "zero squared": _point("0.", "2."),
            "root of zero": _point("0.", "0.5"),
            "one over zero": _point("0.", "-1."),
            "exponent 0": _point("2.", "0."),
            "negative base": _point("-2.", "2."),
            "root of a negative": _point("-2.", "0.5"),
        },
        also=("torch.Tensor.pow",),
        defects=(
            Defect(
                "zero squared",
                "The derivatives of the exponent's gradient, with respect to exponent and base, are NaN. Both are 0.",
                {"second": {"x": 2.0, "y": nan}},
                reported="https://github.com/pytorch/pytorch/issues/95180",
            ),
            Defect(
                "root of zero",
                "At 0**0.5 forward mode along y multiplies the infinite slope of the base by its tangent, 0.",
                {"gradient": {"x": inf, "y": 0.0}, "forward": {"x": inf, "y": nan}},
            ),
            Defect(
                "one over zero",
                "At 0**-1 the power along y is ∞ on both sides and has no slope. Reverse mode returns -inf. "
                + ZERO_TANGENT,
                {"gradient": {"x": -inf, "y": -inf}, "forward": {"x": nan, "y": nan}},
            ),
            Defect(
                "negative base",
                "At (-2)**2 the power along y is real at the integers only: NaN is as good as any number. "
                + ZERO_TANGENT,
                {"gradient": {"x": -4.0, "y": nan}, "forward": {"x": nan, "y": nan}},
            ),
        ),
    ),
    VJP(
        "torch.float_power",
        "torch.float_power(x, y)",
        formula=FORMULA % r"float\_power",
        gradient=GRADIENT,
        vjp=_pow,
        inputs={"x": uniform(0.5, 2.0), "y": uniform(-2.0, 3.0)},
        shapes=same_shapes("x", "y"),
        special={"zero to the zero": _point("0.", "0."), "exponent 0": _point("2.", "0.")},
        also=("torch.Tensor.float_power",),
    ),
]
