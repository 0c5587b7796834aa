"""elu and its relatives: a line on the right, an exponential that levels off on the left."""

from sympy import Symbol, exp

from livedocs.declare import INF, MINUS_INF, NAN, Piece, Pieces, oo, x

alpha = Symbol("alpha", positive=True)
scale = Symbol("lambda", positive=True)

POINTS = ("-0.0", INF, MINUS_INF, NAN)
CORNER = [Piece(alpha * (exp(x) - 1), -oo, 0), Piece(x, 0, oo)]

RULES = [
    Pieces(
        "torch.nn.functional.elu",
        "torch.nn.functional.elu(x)",
        pieces=[Piece(exp(x) - 1, -oo, 0), Piece(x, 0, oo)],
        points=POINTS,
        also=("torch.nn.functional.elu_",),
    ),
    Pieces(
        "torch.nn.functional.elu",
        "torch.nn.functional.elu(x, 2.0)",
        variant="alpha=2",
        pieces=CORNER,
        parameters={alpha: 2},
        points=POINTS,
    ),
    Pieces(
        "torch.nn.functional.elu",
        "torch.nn.functional.elu(x, 0.5)",
        variant="alpha=0.5",
        pieces=CORNER,
        parameters={alpha: 0.5},
        points=POINTS,
    ),
    Pieces(
        "torch.nn.functional.selu",
        "torch.nn.functional.selu(x)",
        pieces=[Piece(scale * alpha * (exp(x) - 1), -oo, 0), Piece(scale * x, 0, oo)],
        parameters={alpha: 1.6732632423543772, scale: 1.0507009873554805},
        points=POINTS,
        also=("torch.selu", "torch.selu_"),
    ),
    Pieces(
        "torch.nn.functional.celu",
        "torch.nn.functional.celu(x, 2.0)",
        pieces=[Piece(alpha * (exp(x / alpha) - 1), -oo, 0), Piece(x, 0, oo)],
        parameters={alpha: 2},
        points=POINTS,
        also=("torch.celu", "torch.celu_"),
    ),
]
