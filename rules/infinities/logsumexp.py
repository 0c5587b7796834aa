"""logsumexp and its relatives: rows of nothing but -inf, and of +inf."""

import math

import torch

from livedocs.declare import VJP, Defect, normal, same_shapes

NAN = math.nan
ISSUE = "https://github.com/pytorch/pytorch/issues/"
SECOND = "The derivatives of the gradient of y, with respect to y and to x, are NaN. Both are 0 here."


def _row(*entries: str) -> dict[str, str]:
    return {"x": "torch.tensor([" + ", ".join(f"float('{e}')" for e in entries) + "], dtype=torch.float64)"}


def _scalars(x: str, y: str) -> dict[str, str]:
    return {name: f"torch.tensor(float('{e}'), dtype=torch.float64)" for name, e in (("x", x), ("y", y))}


def _cumulative(v, x):
    y = x.logcumsumexp(0)
    past = torch.ones(x.shape[0], x.shape[0], dtype=torch.bool).tril()
    past = past.reshape(past.shape + (1,) * (x.dim() - 1))
    return ((v[:, None] * torch.where(past, (x[None] - y[:, None]).exp(), 0)).sum(0),)


RULES = [
    VJP(
        "torch.logsumexp",
        "torch.logsumexp(x, 0)",
        formula=r"z = \texttt{logsumexp}(x) = \log \sum_j e^{x_j}",
        gradient=r"\bar{x}_i = \bar{z}\, e^{x_i - z}",
        vjp=lambda v, x: (v * (x - x.logsumexp(0)).exp(),),
        inputs={"x": normal},
        shapes=[{"x": (5,)}, {"x": (4, 3)}, {"x": (1,)}],
        special={
            "an entry of -inf": _row("0", "1", "-inf"),
            "nothing but -inf": _row("-inf", "-inf"),
            "an entry of inf": _row("0", "1", "inf"),
            "NaN": _row("0", "nan"),
            "empty": {"x": "torch.zeros(0, dtype=torch.float64)"},
        },
        also=("torch.Tensor.logsumexp", "torch.special.logsumexp"),
        defects=(
            Defect(
                "nothing but -inf",
                "The value is right, and the gradient is −∞ minus −∞, NaN. Each share of 1 is a limit.",
                {"gradient": {"x": [NAN, NAN]}, "output": -math.inf},
                ISSUE + "31829",
            ),
            Defect(
                "an entry of inf",
                "The gradient at +∞ is ∞ minus ∞, NaN; the limit is 1. Forward mode is NaN for the numbers too.",
                {"gradient": {"x": [0.0, 0.0, NAN]}, "forward": {"x": [NAN, NAN, NAN]}},
                ISSUE + "49724",
            ),
        ),
    ),
    VJP(
        "torch.logcumsumexp",
        "torch.logcumsumexp(x, 0)",
        formula=r"z_i = \texttt{logcumsumexp}(x)_i = \log \sum_{j \le i} e^{x_j}",
        gradient=r"\bar{x}_j = \sum_{i \ge j} \bar{z}_i\, e^{x_j - z_i}",
        vjp=_cumulative,
        inputs={"x": normal},
        shapes=[{"x": (5,)}, {"x": (4, 3)}, {"x": (1,)}],
        special={
            "-inf first": _row("-inf", "0", "1"),
            "-inf last": _row("0", "1", "-inf"),
            "30 after 0": _row("0", "30"),
            "nothing but -inf": _row("-inf", "-inf"),
            "inf last": _row("0", "inf"),
            "NaN": _row("0", "nan"),
            "empty": {"x": "torch.zeros(0, dtype=torch.float64)"},
        },
        also=("torch.Tensor.logcumsumexp",),
        defects=(
            Defect(
                "-inf first",
                "Reverse mode is NaN for the leading −∞, forward mode 0.",
                {"gradient": {"x": [NAN, 1.268941421369995, 0.7310585786300049]}},
                ISSUE + "31829",
            ),
            Defect(
                "30 after 0",
                "Forward mode is wrong: it divides by a sum that is relative to the largest entry of the whole row,"
                " plus 1e-13. The slope is 1.",
                {"forward": {"x": [0.4834076468947083, 0.9999999999998066]}},
                ISSUE + "196705",
            ),
        ),
    ),
    VJP(
        "torch.logaddexp2",
        "torch.logaddexp2(x, y)",
        formula=r"z = \texttt{logaddexp2}(x, y) = \log_2(2^{x} + 2^{y})",
        gradient=r"\bar{x} = \frac{\bar{z}}{1 + 2^{y - x}} \qquad \bar{y} = \frac{\bar{z}}{1 + 2^{x - y}}",
        vjp=lambda v, x, y: (v / (1 + 2 ** (y - x)), v / (1 + 2 ** (x - y))),
        inputs={"x": normal, "y": normal},
        shapes=same_shapes("x", "y"),
        special={
            "x = y": _scalars("0", "0"),
            "x far above y": _scalars("1100", "0"),
            "y is -inf": _scalars("0", "-inf"),
            "both -inf": _scalars("-inf", "-inf"),
            "x is inf": _scalars("inf", "0"),
            "NaN": _scalars("nan", "0"),
        },
        also=("torch.Tensor.logaddexp2",),
        defects=(
            Defect("x far above y", SECOND, {"second": {"x": 0.0, "y": NAN}}, ISSUE + "196704"),
            Defect("y is -inf", SECOND, {"second": {"x": 0.0, "y": NAN}}, ISSUE + "196704"),
            Defect(
                "both -inf",
                "The value is right, and the gradient is NaN. Each share (t, 1 − t) is a limit.",
                {"gradient": {"x": NAN, "y": NAN}, "output": -math.inf},
                ISSUE + "49724",
            ),
        ),
    ),
]
