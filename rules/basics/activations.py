"""Activations that stand in no other chapter: smooth wherever they are finite."""

from sympy import tanh

from livedocs.declare import Piece, Pieces, oo, x
from rules.basics.common import POINTS

RULES = [
    Pieces(
        "torch.nn.functional.softsign",
        "torch.nn.functional.softsign(x)",
        pieces=[
            Piece(x / (1 - x), -oo, 0, derivative=1 / (1 - x) ** 2),
            Piece(x / (1 + x), 0, oo, derivative=1 / (1 + x) ** 2),
        ],
        points=POINTS,
    ),
    Pieces(
        "torch.nn.functional.tanhshrink",
        "torch.nn.functional.tanhshrink(x)",
        pieces=[Piece(x - tanh(x), -oo, oo, derivative=tanh(x) ** 2)],
        points=POINTS,
    ),
]
