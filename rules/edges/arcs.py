"""The inverse functions asin, acos, atan, asinh, acosh, atanh: slopes without bound at the ends of their domains."""

from sympy import acos, acosh, asin, asinh, atan, atanh, sqrt

from livedocs.declare import INF, MINUS_INF, NAN, Piece, Pieces, oo, x


def _names(name: str) -> tuple[str, ...]:
    """The long alias of a function, and both as methods: arcsin, Tensor.asin, Tensor.arcsin."""
    long = name.replace("a", "arc", 1)
    return f"torch.{long}", f"torch.Tensor.{name}", f"torch.Tensor.{long}"


RULES = [
    Pieces(
        "torch.asin",
        "torch.asin(x)",
        pieces=[Piece(asin(x), -1, 1)],
        points=("0.0", "1.1", NAN),
        span=(-1.0, 1.0),
        also=_names("asin"),
        complex=True,
    ),
    Pieces(
        "torch.acos",
        "torch.acos(x)",
        pieces=[Piece(acos(x), -1, 1)],
        points=("0.0", "1.1", NAN),
        span=(-1.0, 1.0),
        also=_names("acos"),
        complex=True,
    ),
    Pieces(
        "torch.atan",
        "torch.atan(x)",
        pieces=[Piece(atan(x), -oo, oo)],
        points=("0.0", INF, MINUS_INF, NAN),
        also=_names("atan"),
        complex=True,
    ),
    Pieces(
        "torch.asinh",
        "torch.asinh(x)",
        pieces=[Piece(asinh(x), -oo, oo)],
        points=("0.0", INF, MINUS_INF, NAN),
        also=_names("asinh"),
        complex=True,
    ),
    Pieces(
        "torch.acosh",
        "torch.acosh(x)",
        pieces=[Piece(acosh(x), 1, oo, derivative=1 / sqrt(x**2 - 1))],
        points=("0.0", "-1.0", "-1.1", INF, NAN),
        span=(1.0, 5.0),
        also=_names("acosh"),
        complex=True,
    ),
    Pieces(
        "torch.atanh",
        "torch.atanh(x)",
        pieces=[Piece(atanh(x), -1, 1)],
        points=("0.0", "1.1", "2.0", INF, NAN),
        span=(-1.0, 1.0),
        also=_names("atanh"),
        complex=True,
    ),
]
