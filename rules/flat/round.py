"""round and its relatives: staircases, flat between their jumps, and frac, the sawtooth between them."""

from sympy import Rational

from livedocs.declare import NAN, Piece, Pieces, x

HALF = Rational(1, 2)


def _stairs(values, edges, step=1):
    """A piece for each value between neighboring edges, in units of ``step``."""
    return [Piece(v * step, a * step, b * step) for v, a, b in zip(values, edges, edges[1:], strict=False)]


ROUND = [-5 * HALF, -3 * HALF, -HALF, HALF, 3 * HALF, 5 * HALF]
WHOLE = [-2, -1, 0, 1, 2]
TENTH = Rational(1, 10)

RULES = [
    Pieces(
        "torch.round",
        "torch.round(x)",
        pieces=_stairs([-2, -1, 0, 1, 2], ROUND),
        jumps=tuple(ROUND[1:-1]),
        points=("1.0", "-0.0", NAN),
        span=(-2.5, 2.5),
        also=("torch.special.round", "torch.Tensor.round"),
    ),
    Pieces(
        "torch.round",
        "torch.round(x, decimals=1)",
        variant="decimals",
        pieces=_stairs([-1, 0, 1, 2], ROUND[1:], TENTH),
        jumps=tuple(e * TENTH for e in ROUND[2:-1]),
        points=("0.1", NAN),
        span=(-0.15, 0.25),
        plot=False,  # round, ten times smaller
    ),
    Pieces(
        "torch.floor",
        "torch.floor(x)",
        pieces=_stairs([-2, -1, 0, 1], WHOLE),
        jumps=(-1, 0, 1),
        points=("0.5", "-0.0", NAN),
        span=(-2.0, 2.0),
        also=("torch.Tensor.floor",),
    ),
    Pieces(
        "torch.ceil",
        "torch.ceil(x)",
        pieces=_stairs([-1, 0, 1, 2], WHOLE),
        jumps=(-1, 0, 1),
        points=("0.5", "-0.0", NAN),
        span=(-2.0, 2.0),
        also=("torch.Tensor.ceil",),
    ),
    Pieces(
        "torch.trunc",
        "torch.trunc(x)",
        pieces=[Piece(-1, -2, -1), Piece(0, -1, 1), Piece(1, 1, 2)],
        jumps=(-1, 1),
        points=("0.0", "-0.0", NAN),
        span=(-2.0, 2.0),
        also=("torch.fix", "torch.Tensor.trunc", "torch.Tensor.fix"),
    ),
    Pieces(
        "torch.frac",
        "torch.frac(x)",
        pieces=[Piece(x + 1, -2, -1), Piece(x, -1, 1), Piece(x - 1, 1, 2)],
        jumps=(-1, 1),
        points=("0.0", "-0.0", NAN),
        span=(-2.0, 2.0),
        also=("torch.Tensor.frac",),
    ),
]
