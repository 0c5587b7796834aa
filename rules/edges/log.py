"""Logarithms: a pole at the edge of the domain, and numbers beyond it."""

from sympy import Symbol, log

from livedocs.declare import INF, NAN, Defect, Piece, Pieces, oo, x

nan, inf = float("nan"), float("inf")
epsilon = Symbol("epsilon", positive=True)


def _minus_zero(slope: str) -> Defect:
    return Defect(
        "x = -0",
        f"Minus zero counts as 0 for the value and as negative for the gradient, {slope}."
        " The only slope there is, from the right, is inf.",
        {"gradient": {"x": -inf}, "forward": {"x": -inf}},
    )


def _flat(point: str) -> Defect:
    return Defect(
        point,
        f"Around {point} the function is constant, and its second derivative is returned as NaN: a where selects 0,"
        " and the formula that it does not select divides by x(1 - x) = 0.",
        {"gradient": {"x": 0.0}, "second": {"x": nan}},
    )


def _second(point: str, limit: str) -> Defect:
    return Defect(
        point, f"At {point} the second derivative tends to {limit}, and is returned as NaN.", {"second": {"x": nan}}
    )


RULES = [
    Pieces(
        "torch.log",
        "torch.log(x)",
        pieces=[Piece(log(x), 0, oo)],
        points=("-0.0", "-1.0", INF, NAN),
        span=(-1.0, 4.0),
        also=("torch.Tensor.log",),
        complex=True,
        defects=(_minus_zero("1/x"),),
    ),
    Pieces(
        "torch.log1p",
        "torch.log1p(x)",
        pieces=[Piece(log(1 + x), -1, oo)],
        points=("0.0", "-2.0", INF),
        span=(-2.0, 4.0),
        also=("torch.special.log1p", "torch.Tensor.log1p"),
        complex=True,
    ),
    Pieces(
        "torch.log2",
        "torch.log2(x)",
        pieces=[Piece(log(x, 2), 0, oo, derivative=1 / (x * log(2)))],
        points=("-0.0", "-1.0", INF),
        span=(-1.0, 4.0),
        also=("torch.Tensor.log2",),
        complex=True,
        plot=False,
        defects=(_minus_zero("1/(x log 2)"),),
    ),
    Pieces(
        "torch.log10",
        "torch.log10(x)",
        pieces=[Piece(log(x, 10), 0, oo, derivative=1 / (x * log(10)))],
        points=("-0.0", "-1.0", INF),
        span=(-1.0, 4.0),
        also=("torch.Tensor.log10",),
        complex=True,
        plot=False,
        defects=(_minus_zero("1/(x log 10)"),),
    ),
    Pieces(
        "torch.logit",
        "torch.logit(x)",
        pieces=[Piece(log(x / (1 - x)), 0, 1, derivative=1 / (x * (1 - x)))],
        points=("-0.0", "-1.0", "2.0", NAN),
        span=(0.0, 1.0),
        also=("torch.special.logit", "torch.Tensor.logit"),
        defects=(
            _second("x = 0", "-inf"),
            _second("x = 1", "inf"),
            Defect(
                "x = -0",
                "At x = -0 reverse mode returns inf. Forward mode, and the gradient with create_graph=True, use another"
                " formula, which returns -inf.",
                {"gradient": {"x": inf}, "forward": {"x": -inf}, "create_graph": {"x": -inf}},
            ),
        ),
    ),
    Pieces(
        "torch.logit",
        "torch.logit(x, 0.25)",
        variant="eps",
        pieces=[
            Piece(log(epsilon / (1 - epsilon)), -oo, epsilon),
            Piece(log(x / (1 - x)), epsilon, 1 - epsilon, derivative=1 / (x * (1 - x))),
            Piece(log((1 - epsilon) / epsilon), 1 - epsilon, oo),
        ],
        parameters={epsilon: 0.25},
        points=("0.0", "1.0", "-1.0", NAN),
        span=(-0.5, 1.5),
        defects=(
            _flat("x = 0"),
            _flat("x = 1"),
            Defect(
                "x = nan",
                "At NaN reverse mode returns NaN. Forward mode and create_graph=True use another formula and return 0.",
                {"gradient": {"x": nan}, "forward": {"x": 0.0}, "create_graph": {"x": 0.0}},
            ),
        ),
    ),
]
