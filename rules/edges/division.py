"""Division: a pole where the divisor is 0, and 0/0, which is nothing at all."""

from livedocs.declare import INF, NAN, VJP, Defect, Piece, Pieces, normal, oo, same_shapes, uniform, x


def _div(v, x, y):
    return v / y, -v * x / y**2


def _point(x: str, y: str) -> dict[str, str]:
    return {"x": f"torch.tensor({x}, dtype=torch.float64)", "y": f"torch.tensor({y}, dtype=torch.float64)"}


nan, inf = float("nan"), float("inf")


def _pole(label: str, text: str, x: float, y: float) -> Defect:
    over = "1/0" if x > 0 else "1/(-0)"
    return Defect(
        label,
        f"At {text} the quotient is infinite for every x nearby and has no slope along x; reverse mode returns {over}."
        " Forward mode along x subtracts the tangent of y, 0, times the infinite quotient: NaN.",
        {"gradient": {"x": x, "y": y}, "forward": {"x": nan, "y": y}},
    )


RULES = [
    Pieces(
        "torch.reciprocal",
        "torch.reciprocal(x)",
        pieces=[Piece(1 / x, -oo, 0), Piece(1 / x, 0, oo)],
        jumps=(0,),
        points=("-0.0", INF, NAN),
        span=(-2.0, 2.0),
        also=("torch.Tensor.reciprocal",),
        complex=True,
    ),
    VJP(
        "torch.div",
        "torch.div(x, y)",
        formula=r"z = \texttt{div}(x, y) = \frac{x}{y}",
        gradient=r"\bar{x} = \frac{\bar{z}}{y}, \qquad \bar{y} = -\bar{z}\,\frac{x}{y^2}",
        vjp=_div,
        inputs={"x": normal, "y": uniform(0.5, 2.0)},
        shapes=same_shapes("x", "y"),
        special={
            "one by zero": _point("1.", "0."),
            "one by minus zero": _point("1.", "-0."),
            "minus one by zero": _point("-1.", "0."),
            "zero by zero": _point("0.", "0."),
            "zero by two": _point("0.", "2."),
        },
        also=("torch.divide", "torch.true_divide", "torch.Tensor.div", "torch.Tensor.true_divide"),
        defects=(
            _pole("one by zero", "1/0", inf, -inf),
            _pole("one by minus zero", "1/(-0)", -inf, -inf),
            _pole("minus one by zero", "-1/0", inf, inf),
        ),
    ),
]
