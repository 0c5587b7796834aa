"""sign and sgn, heaviside, and the comparisons: one step at 0, and three ways to give it no slope."""

from livedocs.declare import INF, NAN, VJP, Defect, Piece, Pieces, normal, oo, same_shapes


def _pair(first, second):
    return {"x": f"torch.tensor({first}, dtype=torch.float64)", "y": f"torch.tensor({second}, dtype=torch.float64)"}


def _comparison(name, symbol, alias):
    return VJP(
        f"torch.{name}",
        f"torch.{name}(x, y)",
        formula=rf"z_i = \texttt{{{name}}}(x, y)_i = [x_i {symbol} y_i]",
        gradient=r"\bar{x},\ \bar{y}\ \text{do not exist: } z \text{ is a tensor of booleans}",
        inputs={"x": normal, "y": normal},
        shapes=same_shapes("x", "y"),
        special={"x > y": _pair("2.", "1."), "x = y": _pair("1.", "1."), "NaN": _pair(NAN, "1.")},
        also=(*([f"torch.{alias}"] if alias else []), f"torch.Tensor.{name}"),
    )


STEP = [Piece(-1, -oo, 0), Piece(1, 0, oo)]

RULES = [
    Pieces(
        "torch.sign",
        "torch.sign(x)",
        pieces=STEP,
        jumps=(0,),
        points=("-0.0", "1.0", INF, NAN),
        span=(-2.0, 2.0),
        also=("torch.Tensor.sign",),
    ),
    Pieces(
        "torch.sgn",
        "torch.sgn(x)",
        pieces=STEP,
        jumps=(0,),
        points=("-0.0", "1.0", INF, NAN),
        span=(-2.0, 2.0),
        also=("torch.Tensor.sgn",),
        plot=False,  # that of sign
        defects=(
            Defect(
                "x = 1",
                "For a real, contiguous leaf .grad becomes a ZeroTensor: clip_grad_norm_, a second backward() and"
                " zero_grad(set_to_none=False) raise “ZeroTensors are immutable.”",
                measured={"gradient": {"x": 0.0}},
                reported="https://github.com/pytorch/pytorch/issues/89034",
            ),
        ),
    ),
    VJP(
        "torch.heaviside",
        "torch.heaviside(x, y)",
        formula=r"z_i = \texttt{heaviside}(x, y)_i ="
        r" \begin{cases} 0 & x_i < 0 \\ y_i & x_i = 0 \\ 1 & x_i > 0 \end{cases}",
        gradient=r"\bar{x},\ \bar{y}\ \text{are not implemented}",
        inputs={"x": normal, "y": normal},
        special={"x > 0": _pair("1.", "0.5"), "x = 0": _pair("0.", "0.5")},
        also=("torch.Tensor.heaviside",),
        excluded={"shapes": "Its output requires grad, but there is no derivative that could be compared."},
    ),
    _comparison("gt", ">", "greater"),
    _comparison("ge", r"\ge", "greater_equal"),
    _comparison("lt", "<", "less"),
    _comparison("le", r"\le", "less_equal"),
    _comparison("eq", "=", ""),
    _comparison("ne", r"\ne", "not_equal"),
]
