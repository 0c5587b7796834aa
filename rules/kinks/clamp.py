"""clamp and its relatives: a line between two bounds, flat outside."""

from sympy import Symbol

from rules.declare import NAN, Piece, Pieces, oo, x

a = Symbol("a", real=True)
b = Symbol("b", real=True)

RULES = [
    Pieces(
        "torch.clamp",
        "torch.clamp(x, 1.5, 5.5)",
        pieces=[Piece(a, -oo, a), Piece(x, a, b), Piece(b, b, oo)],
        parameters={a: 1.5, b: 5.5},
        points=(NAN,),
        span=(0.0, 7.0),
        also=("torch.clip", "torch.Tensor.clamp"),
    ),
]
