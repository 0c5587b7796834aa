"""exp and the functions made of it: they overflow on one side, and lose their slope on the other."""

from sympy import Integer, cosh, exp, log, sinh, tanh

from livedocs.declare import INF, MINUS_INF, NAN, Piece, Pieces, oo, x

POINTS = ("0.0", INF, MINUS_INF, NAN)

RULES = [
    Pieces(
        "torch.exp",
        "torch.exp(x)",
        pieces=[Piece(exp(x), -oo, oo)],
        points=POINTS,
        also=("torch.Tensor.exp",),
        complex=True,
    ),
    Pieces(
        "torch.exp2",
        "torch.exp2(x)",
        pieces=[Piece(Integer(2) ** x, -oo, oo, derivative=Integer(2) ** x * log(2))],
        points=POINTS,
        also=("torch.special.exp2", "torch.Tensor.exp2"),
        complex=True,
    ),
    Pieces(
        "torch.expm1",
        "torch.expm1(x)",
        pieces=[Piece(exp(x) - 1, -oo, oo)],
        points=POINTS,
        also=("torch.special.expm1", "torch.Tensor.expm1"),
        complex=True,
    ),
    Pieces(
        "torch.sinh",
        "torch.sinh(x)",
        pieces=[Piece(sinh(x), -oo, oo)],
        points=POINTS,
        also=("torch.Tensor.sinh",),
        complex=True,
    ),
    Pieces(
        "torch.cosh",
        "torch.cosh(x)",
        pieces=[Piece(cosh(x), -oo, oo)],
        points=POINTS,
        also=("torch.Tensor.cosh",),
        complex=True,
    ),
    Pieces(
        "torch.tanh",
        "torch.tanh(x)",
        pieces=[Piece(tanh(x), -oo, oo, derivative=1 - tanh(x) ** 2)],
        points=POINTS,
        also=("torch.nn.functional.tanh", "torch.Tensor.tanh"),
        complex=True,
    ),
    Pieces(
        "torch.sigmoid",
        "torch.sigmoid(x)",
        pieces=[Piece(1 / (1 + exp(-x)), -oo, oo, derivative=exp(-x) / (1 + exp(-x)) ** 2)],
        points=POINTS,
        also=("torch.special.expit", "torch.nn.functional.sigmoid", "torch.Tensor.sigmoid"),
        complex=True,
    ),
]
