"""Common functions that stand in no other chapter: smooth wherever they are finite."""

from sympy import cos, pi, sin, tan

from livedocs.declare import INF, MINUS_INF, NAN, Piece, Pieces, oo, x

POINTS = ("0.0", INF, MINUS_INF, NAN)

RULES = [
    Pieces(
        "torch.sin",
        "torch.sin(x)",
        pieces=[Piece(sin(x), -oo, oo)],
        points=POINTS,
        also=("torch.Tensor.sin",),
        complex=True,
    ),
    Pieces(
        "torch.cos",
        "torch.cos(x)",
        pieces=[Piece(cos(x), -oo, oo)],
        points=POINTS,
        also=("torch.Tensor.cos",),
        complex=True,
    ),
    Pieces(
        "torch.tan",
        "torch.tan(x)",
        pieces=[Piece(tan(x), -oo, oo, derivative=1 / cos(x) ** 2)],
        points=POINTS,
        span=(-1.4, 1.4),  # one branch; no float64 lies on a pole
        also=("torch.Tensor.tan",),
        complex=True,
    ),
    Pieces(
        "torch.neg",
        "torch.neg(x)",
        pieces=[Piece(-x, -oo, oo)],
        points=POINTS,
        also=("torch.negative", "torch.Tensor.neg"),
        complex=True,
    ),
    Pieces(
        "torch.pow",
        "torch.pow(x, 3)",
        variant="exponent 3",
        pieces=[Piece(x**3, -oo, oo)],
        points=POINTS,
        complex=True,
    ),
    Pieces(
        "torch.deg2rad",
        "torch.deg2rad(x)",
        pieces=[Piece(x * pi / 180, -oo, oo)],
        points=POINTS,
        also=("torch.Tensor.deg2rad",),
    ),
]
