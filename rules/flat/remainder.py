"""Division that rounds, and the remainders that it leaves: with respect to the dividend and to the divisor."""

import torch

from livedocs.declare import NAN, VJP, Defect, same_shapes, uniform


def _pair(first, second):
    return {"x": f"torch.tensor({first}, dtype=torch.float64)", "y": f"torch.tensor({second}, dtype=torch.float64)"}


def _zeros(v, x, y):
    return torch.zeros_like(v), torch.zeros_like(v)


def _remainder(v, x, y):
    return v, -v * torch.floor(x / y)


def _fmod(v, x, y):
    return v, -v * torch.trunc(x / y)


INPUTS = {"x": uniform(-6.0, 6.0), "y": uniform(1.0, 2.0)}
SPECIAL = {
    "between two jumps": _pair("7.", "3."),
    "negative dividend": _pair("-7.", "3."),
    "negative divisor": _pair("7.", "-3."),
}
ZERO_DIVISOR = {"divisor 0": _pair("1.", "0."), "0 by 0": _pair("0.", "0.")}
NOT_IMPLEMENTED = r"\bar{x},\ \bar{y}\ \text{are not implemented}"
NOTHING = {"shapes": "Its output requires grad, but there is no derivative that could be compared."}

RULES = [
    VJP(
        "torch.div",
        "torch.div(x, y, rounding_mode='floor')",
        variant="floor",
        formula=r"z = \texttt{div}(x, y, \texttt{floor}) = \lfloor x / y \rfloor",
        gradient=r"\bar{x} = 0 \qquad \bar{y} = 0",
        vjp=_zeros,
        inputs=INPUTS,
        shapes=same_shapes("x", "y"),
        special={**SPECIAL, "0 by 0": ZERO_DIVISOR["0 by 0"]},
    ),
    VJP(
        "torch.div",
        "torch.div(x, y, rounding_mode='trunc')",
        variant="trunc",
        formula=r"z = \texttt{div}(x, y, \texttt{trunc}) = \operatorname{trunc}(x / y)",
        gradient=r"\bar{x} = 0 \qquad \bar{y} = 0",
        vjp=_zeros,
        inputs=INPUTS,
        shapes=same_shapes("x", "y"),
        special={**SPECIAL, "0 by 0": ZERO_DIVISOR["0 by 0"]},
    ),
    VJP(
        "torch.floor_divide",
        "torch.floor_divide(x, y)",
        formula=r"z = \texttt{floor\_divide}(x, y) = \lfloor x / y \rfloor",
        gradient=NOT_IMPLEMENTED,
        inputs=INPUTS,
        special={"between two jumps": _pair("7.", "3.")},
        excluded=NOTHING,
        also=("torch.Tensor.floor_divide",),
    ),
    VJP(
        "torch.remainder",
        "torch.remainder(x, y)",
        formula=r"z = \texttt{remainder}(x, y) = x - y \lfloor x / y \rfloor",
        gradient=r"\bar{x} = \bar{z} \qquad \bar{y} = -\bar{z}\,\lfloor x / y \rfloor",
        vjp=_remainder,
        inputs=INPUTS,
        shapes=same_shapes("x", "y"),
        special={
            **SPECIAL,
            "x = 1, y = 0.1": _pair("1.", "0.1"),
            **ZERO_DIVISOR,
            "NaN": _pair(NAN, "3."),
        },
        active={"x = 1, y = 0.1": [[1.0, -9.0]]},  # the double next to 0.1 is above it: 9 divisors
        also=("torch.Tensor.remainder",),
    ),
    VJP(
        "torch.remainder",
        "torch.remainder(7, y)",
        variant="number, tensor",
        formula=r"z = \texttt{remainder}(7, y) = 7 - y \lfloor 7 / y \rfloor",
        gradient=r"\bar{y}\ \text{is not implemented}",
        inputs={"y": INPUTS["y"]},
        special={"between two jumps": {"y": "torch.tensor(3., dtype=torch.float64)"}},
        excluded=NOTHING,
    ),
    VJP(
        "torch.fmod",
        "torch.fmod(x, y)",
        formula=r"z = \texttt{fmod}(x, y) = x - y \operatorname{trunc}(x / y)",
        gradient=r"\bar{x} = \bar{z} \qquad \bar{y} = -\bar{z}\,\operatorname{trunc}(x / y)",
        vjp=_fmod,
        inputs=INPUTS,
        shapes=same_shapes("x", "y"),
        special={
            **SPECIAL,
            "x = 1, y = 0.1": _pair("1.", "0.1"),
            **ZERO_DIVISOR,
            "NaN": _pair(NAN, "3."),
        },
        active={"x = 1, y = 0.1": [[1.0, -9.0]]},
        also=("torch.Tensor.fmod",),
        defects=(
            Defect(
                "x = 1, y = 0.1",
                "The value counts 9 divisors, the gradient 10: 1 / 0.1 rounds up to 10, and the gradient divides.",
                measured={"gradient": {"x": 1.0, "y": -10.0}, "forward": {"x": 1.0, "y": -10.0}},
            ),
        ),
    ),
]
