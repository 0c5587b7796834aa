"""Products with a logarithm: xlogy, xlog1py, entr and kl_div, where the factor is 0."""

import math

import torch
from sympy import log

from livedocs.declare import INF, NAN, VJP, Defect, Piece, Pieces, Plane, normal, oo, same_shapes, uniform, x


def _pair(first: str, second: str, names: tuple[str, str] = ("x", "y")) -> dict[str, str]:
    return {
        name: f"torch.tensor({value}, dtype=torch.float64)" for name, value in zip(names, (first, second), strict=True)
    }


def _zero_zero(point: str) -> Defect:
    return Defect(
        point,
        "With x = 0 the function is 0 for every number y, so its slope in y is 0. PyTorch divides 0 by 0.",
        {"gradient": {"x": 0.0, "y": math.nan}, "forward": {"x": math.nan, "y": math.nan}},
    )


def _one_zero(point: str) -> Defect:
    return Defect(
        point,
        "Reverse mode returns the limits, −inf and inf. Forward mode multiplies a tangent of 0 by inf: NaN for x.",
        {"gradient": {"x": -math.inf, "y": math.inf}, "forward": {"x": math.nan, "y": math.inf}},
    )


RULES = [
    VJP(
        "torch.xlogy",
        "torch.xlogy(x, y)",
        formula=r"z = \texttt{xlogy}(x, y) = \begin{cases} 0 & x = 0 \\ x \log y & x \neq 0 \end{cases}",
        gradient=r"\bar{x} = \bar{z} \begin{cases} 0 & x = 0,\ y \le 0 \\ \log y & \text{otherwise} \end{cases}"
        r" \qquad \bar{y} = \bar{z}\, \frac{x}{y}",
        plane=Plane("x = 0, y = 0"),
        vjp=lambda v, x, y: (v * torch.log(y), v * x / y),
        inputs={"x": normal, "y": uniform(0.2, 4.0)},
        shapes=same_shapes("x", "y"),
        special={
            "x = 0, y = 2": _pair("0.", "2."),
            "x = 0, y = 0": _pair("0.", "0."),
            "x = 1, y = 0": _pair("1.", "0."),
        },
        also=("torch.special.xlogy", "torch.Tensor.xlogy"),
        defects=(_zero_zero("x = 0, y = 0"), _one_zero("x = 1, y = 0")),
    ),
    VJP(
        "torch.special.xlog1py",
        "torch.special.xlog1py(x, y)",
        formula=r"z = \texttt{xlog1py}(x, y) = \begin{cases} 0 & x = 0 \\ x \log(1 + y) & x \neq 0 \end{cases}",
        gradient=r"\bar{x} = \bar{z} \begin{cases} 0 & x = 0,\ y \le -1 \\ \log(1 + y) & \text{otherwise} \end{cases}"
        r" \qquad \bar{y} = \bar{z}\, \frac{x}{1 + y}",
        vjp=lambda v, x, y: (v * torch.log1p(y), v * x / (1 + y)),
        inputs={"x": normal, "y": uniform(-0.8, 3.0)},
        shapes=same_shapes("x", "y"),
        special={
            "x = 0, y = 1": _pair("0.", "1."),
            "x = 0, y = -1": _pair("0.", "-1."),
            "x = 1, y = -1": _pair("1.", "-1."),
        },
        defects=(_zero_zero("x = 0, y = -1"), _one_zero("x = 1, y = -1")),
    ),
    Pieces(
        "torch.special.entr",
        "torch.special.entr(x)",
        pieces=[Piece(-x * log(x), 0, oo)],
        points=("-0.0", "1.0", "-1.0", INF, NAN),
        span=(0.0, 3.0),
    ),
    VJP(
        "torch.nn.functional.kl_div",
        'torch.nn.functional.kl_div(x, t, reduction="none")',
        variant="reduction=none",
        formula=r"z = \texttt{kl\_div}(x, t) = \texttt{xlogy}(t, t) - t x",
        gradient=r"\bar{x} = -\bar{z}\, t \qquad \bar{t} = \bar{z}\, (\log t + 1 - x)",
        vjp=lambda v, x, t: (-v * t, v * (torch.log(t) + 1 - x)),
        inputs={"x": normal, "t": uniform(0.1, 1.0)},
        shapes=same_shapes("x", "t"),
        special={
            "t = 1": _pair("-1.", "1.", ("x", "t")),
            "t = 0": _pair("-1.", "0.", ("x", "t")),
            "t = 0, x = -inf": _pair("float('-inf')", "0.", ("x", "t")),
        },
        defects=(
            Defect(
                "t = 0",
                "The slope in t tends to −inf. PyTorch adds the two partial derivatives of xlogy(t, t), 0 and NaN.",
                {"gradient": {"x": 0.0, "t": math.nan}},
            ),
        ),
    ),
    VJP(
        "torch.nn.functional.kl_div",
        'torch.nn.functional.kl_div(x, t, reduction="none", log_target=True)',
        variant="reduction=none, log_target=True",
        formula=r"z = \texttt{kl\_div}(x, t) = e^t (t - x)",
        gradient=r"\bar{x} = -\bar{z}\, e^t \qquad \bar{t} = \bar{z}\, e^t (t - x + 1)",
        vjp=lambda v, x, t: (-v * t.exp(), v * t.exp() * (t - x + 1)),
        inputs={"x": normal, "t": uniform(-3.0, 0.0)},
        shapes=same_shapes("x", "t"),
        special={
            "t = 0": _pair("-1.", "0.", ("x", "t")),
            "t = -inf": _pair("-1.", "float('-inf')", ("x", "t")),
        },
    ),
]
