"""huber_loss and smooth_l1_loss: a parabola between two knees, lines outside. x is input − target."""

from sympy import Symbol

from livedocs.declare import INF, MINUS_INF, NAN, Piece, Pieces, oo, x

beta = Symbol("beta", positive=True)
delta = Symbol("delta", positive=True)

POINTS = ("0.0", INF, MINUS_INF, NAN)

RULES = [
    Pieces(
        "torch.nn.functional.huber_loss",
        "torch.nn.functional.huber_loss(x, torch.zeros_like(x), reduction='none', delta=2.0)",
        pieces=[
            Piece(-delta * x - delta**2 / 2, -oo, -delta),
            Piece(x**2 / 2, -delta, delta),
            Piece(delta * x - delta**2 / 2, delta, oo),
        ],
        parameters={delta: 2},
        points=POINTS,
    ),
    Pieces(
        "torch.nn.functional.smooth_l1_loss",
        "torch.nn.functional.smooth_l1_loss(x, torch.zeros_like(x), reduction='none', beta=2.0)",
        pieces=[
            Piece(-x - beta / 2, -oo, -beta),
            Piece(x**2 / (2 * beta), -beta, beta),
            Piece(x - beta / 2, beta, oo),
        ],
        parameters={beta: 2},
        points=POINTS,
    ),
    Pieces(
        "torch.nn.functional.smooth_l1_loss",
        "torch.nn.functional.smooth_l1_loss(x, torch.zeros_like(x), reduction='none', beta=0.0)",
        variant="beta=0",
        pieces=[Piece(-x, -oo, 0), Piece(x, 0, oo)],
        points=POINTS,
    ),
]
