"""sinc: a quotient that is 0/0 at 0, where its function has a value and all derivatives."""

from sympy import cos, oo, pi, sin

from livedocs.declare import INF, NAN, Defect, Piece, Pieces, x

SINC = sin(pi * x) / (pi * x)
SLOPE = (pi * x * cos(pi * x) - sin(pi * x)) / (pi * x**2)

RULES = [
    Pieces(
        "torch.sinc",
        "torch.sinc(x)",
        pieces=[Piece(SINC, -oo, 0, derivative=SLOPE), Piece(SINC, 0, oo, derivative=SLOPE)],
        points=("-0.0", "1e-8", "1.0", INF, NAN),
        also=("torch.special.sinc", "torch.Tensor.sinc"),
        defects=(
            Defect(
                "x = 0",
                "The second derivative at 0 is NaN; it is −π²/3.",
                {"second": {"x": float("nan")}},
                "https://github.com/pytorch/pytorch/issues/196703",
            ),
            Defect(
                "x = -0",
                "The second derivative at −0.0 is NaN; it is −π²/3.",
                {"second": {"x": float("nan")}},
                "https://github.com/pytorch/pytorch/issues/196703",
            ),
            Defect(
                "x = 1e-08",
                "Close to 0 the digits are lost: the gradient is −3.29·10⁻⁸, the second derivative −3.29.",
                {"gradient": {"x": -2.1063981330815398e-08}, "second": {"x": -5.2119816946063}},
            ),
        ),
    ),
]
