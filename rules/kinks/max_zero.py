"""max(x, 0) written with a condition: by torch.where, and by a product with a mask."""

from sympy import Integer

from livedocs.declare import INF, MINUS_INF, NAN, Piece, Pieces, oo, x

POSITIVE_PART = [Piece(Integer(0), -oo, 0), Piece(x, 0, oo)]
POINTS = ("-0.0", INF, MINUS_INF, NAN)

RULES = [
    Pieces(
        "torch.where",
        "torch.where(x > 0, x, 0)",
        variant="x > 0, x, 0",
        pieces=POSITIVE_PART,
        points=POINTS,
    ),
    Pieces(
        "torch.mul",
        "x * (x > 0)",
        variant="x, x > 0",
        pieces=POSITIVE_PART,
        points=POINTS,
    ),
]
