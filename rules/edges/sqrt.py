"""Roots: the slope grows without end as x falls to 0, and there is no root to the left of it."""

from sympy import Rational, sqrt

from livedocs.declare import INF, MINUS_INF, NAN, Defect, Piece, Pieces, oo, x


def _minus_zero(what: str, gradient: float) -> tuple[Defect, ...]:
    return (Defect("x = -0", what, {"gradient": {"x": gradient}, "forward": {"x": gradient}}),)


RULES = [
    Pieces(
        "torch.sqrt",
        "torch.sqrt(x)",
        pieces=[Piece(sqrt(x), 0, oo)],
        points=("-0.0", "-1.0", INF, NAN),
        span=(-1.0, 4.0),
        also=("torch.Tensor.sqrt",),
        complex=True,
        defects=_minus_zero(
            "The root of -0.0 is -0.0, so dividing by it gives -inf. The only slope there is, from the right, is inf.",
            -float("inf"),
        ),
    ),
    Pieces(
        "torch.rsqrt",
        "torch.rsqrt(x)",
        pieces=[Piece(1 / sqrt(x), 0, oo, derivative=-1 / (2 * x ** Rational(3, 2)))],
        points=("-0.0", "-1.0", INF, NAN),
        span=(-1.0, 4.0),
        also=("torch.Tensor.rsqrt",),
        complex=True,
        defects=_minus_zero(
            "rsqrt(-0.0) is -inf, and the gradient, minus one half of its cube, is inf."
            " The only slope there is, from the right, is -inf.",
            float("inf"),
        ),
    ),
    Pieces(
        "torch.pow",
        "torch.pow(x, 0.5)",
        variant="exponent 1/2",
        pieces=[Piece(sqrt(x), 0, oo)],
        points=("-0.0", "-1.0", INF, MINUS_INF),
        span=(-1.0, 4.0),
        complex=True,
        plot=False,
        defects=_minus_zero(
            "pow(-0.0, 0.5) is computed as sqrt(-0.0), and its gradient with rsqrt(-0.0), which is -inf."
            " With the exponent in a tensor the gradient is inf.",
            -float("inf"),
        ),
    ),
    Pieces(
        "torch.pow",
        "torch.pow(x, 1 / 3)",
        variant="exponent 1/3",
        pieces=[Piece(x ** Rational(1, 3), 0, oo, derivative=1 / (3 * x ** Rational(2, 3)))],
        points=("-0.0", "-1.0", INF, MINUS_INF),
        span=(-1.0, 4.0),
        complex=True,
    ),
]
