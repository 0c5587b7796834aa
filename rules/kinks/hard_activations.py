"""Activations made of straight pieces: hardsigmoid, hardswish and the two shrinkages."""

from sympy import Rational, Symbol, oo

from livedocs.declare import MINUS_INF, NAN, Defect, Piece, Pieces, x

lam = Symbol("lambda", positive=True)


def _identity(name: str) -> Pieces:
    """A shrinkage by 0."""
    return Pieces(
        f"torch.nn.functional.{name}",
        f"torch.nn.functional.{name}(x, 0.0)",
        variant="lambd=0",
        pieces=[Piece(x, -oo, oo)],
        points=("0.0",),
        defects=(
            Defect(
                "x = 0",
                "Shrinking by 0 changes nothing, so the slope is 1 everywhere; at 0 PyTorch returns 0.",
                measured={"gradient": {"x": 0.0}},
                reported="https://github.com/pytorch/pytorch/issues/80803" if name == "hardshrink" else "",
            ),
        ),
        plot=False,
    )


RULES = [
    Pieces(
        "torch.nn.functional.hardsigmoid",
        "torch.nn.functional.hardsigmoid(x)",
        pieces=[Piece(0, -oo, -3), Piece(x / 6 + Rational(1, 2), -3, 3), Piece(1, 3, oo)],
        points=("0.0", NAN),
        span=(-5.0, 5.0),
        excluded={"gradgradcheck": "PyTorch has no second derivative of hardsigmoid"},
        defects=(
            Defect(
                "x = 0",
                "The slope 1/6 is rounded to float32, for float64 inputs too: it is right to 7 digits.",
                measured={"gradient": {"x": 0.1666666716337204}, "forward": {"x": 0.1666666716337204}},
            ),
        ),
    ),
    Pieces(
        "torch.nn.functional.hardswish",
        "torch.nn.functional.hardswish(x)",
        pieces=[
            Piece(0, -oo, -3),
            Piece(x * (x + 3) / 6, -3, 3, derivative=x / 3 + Rational(1, 2)),
            Piece(x, 3, oo),
        ],
        points=("-1.5", NAN, MINUS_INF),
        span=(-5.0, 5.0),
    ),
    Pieces(
        "torch.nn.functional.hardshrink",
        "torch.nn.functional.hardshrink(x, 0.5)",
        pieces=[Piece(x, -oo, -lam), Piece(0, -lam, lam), Piece(x, lam, oo)],
        parameters={lam: 0.5},
        jumps=(-lam, lam),
        points=(NAN,),
        span=(-2.0, 2.0),
        also=("torch.hardshrink", "torch.Tensor.hardshrink"),
    ),
    Pieces(
        "torch.nn.functional.softshrink",
        "torch.nn.functional.softshrink(x, 0.5)",
        pieces=[Piece(x + lam, -oo, -lam), Piece(0, -lam, lam), Piece(x - lam, lam, oo)],
        parameters={lam: 0.5},
        points=(NAN,),
        span=(-2.0, 2.0),
    ),
    _identity("hardshrink"),
    _identity("softshrink"),
]
