"""binary_cross_entropy of probabilities and of logits: the ends 0 and 1, infinite logits, the target."""

import math

import torch
from sympy import exp, log

from livedocs.declare import INF, MINUS_INF, NAN, VJP, Defect, Piece, Pieces, normal, oo, uniform, x

EPS = float(torch.tensor(1e-12, dtype=torch.float32))  # in PyTorch it is a float, for float64 tensors too

# The function raises outside [0, 1]; a slope from there is NaN.
INSIDE = "((p.clamp(0, 1) == p) & (y.clamp(0, 1) == y)).all()"
OUTSIDE = "(p * y).mean() * float('nan')"


def of_probabilities(v, p, y, weight=1.0):
    """The rule of binary_cross_entropy, of the sum."""
    dp = (p - y) / (p * (1 - p)).clamp(min=EPS)
    dy = torch.log(1 - p) - torch.log(p)
    return v * weight * dp, v * weight * dy


def _mean(vjp):
    return lambda v, x, y: tuple(g / x.numel() for g in vjp(v, x, y))


def of_logits(v, x, y, weight=1.0, pos_weight=1.0):
    """The rule of binary_cross_entropy_with_logits, of the sum."""
    s = torch.sigmoid(x)
    dx = (1 - y) * s - pos_weight * y * (1 - s)
    dy = pos_weight * torch.nn.functional.softplus(-x) - torch.nn.functional.softplus(x)
    return v * weight * dx, v * weight * dy


def at(first: str, second: str, names: str = "py") -> dict[str, str]:
    """A special point: one input and its target."""
    return {
        name: f"torch.tensor({value}, dtype=torch.float64)" for name, value in zip(names, (first, second), strict=True)
    }


REPORTED = "https://github.com/pytorch/pytorch/issues/103316"


def _end(point: str, p: float, y: float, what: str) -> Defect:
    """What is wrong at p = 0 and p = 1, with the gradients that reverse mode returns."""
    measured = {"gradient": {"p": p, "y": y}, "forward": {"p": math.nan, "y": y}}
    return Defect(point, what, measured, REPORTED if p else "")


RULES = [
    Pieces(
        "torch.nn.functional.binary_cross_entropy",
        "torch.nn.functional.binary_cross_entropy(x, torch.ones_like(x), reduction='none') if 0 <= x.min() <= x.max()"
        " <= 1 else x * float('nan')",
        variant="target=1, reduction=none",
        pieces=[Piece(-log(x), 0, 1)],
        span=(0.0, 1.0),
        defects=(
            Defect(
                "x = 0",
                "The value is 100, for the logarithm is clamped at −100. The gradient is −1e12 instead of −∞: its"
                " denominator is clamped at 1e−12.",
                {"gradient": {"x": -1 / EPS}},
                REPORTED,
            ),
            Defect(
                "x = 1",
                "The slope is −1. PyTorch divides x − 1 = 0 by 1e−12.",
                {"gradient": {"x": 0.0}},
            ),
        ),
    ),
    VJP(
        "torch.nn.functional.binary_cross_entropy",
        f"torch.nn.functional.binary_cross_entropy(p, y) if {INSIDE} else {OUTSIDE}",
        formula=r"L = -\frac{1}{N} \sum_i \bigl( y_i \max(\log p_i, -100) + (1 - y_i) \max(\log(1 - p_i), -100) \bigr)",
        gradient=r"\bar{p}_i = \frac{\bar{L}}{N}\, \frac{p_i - y_i}{\max(p_i (1 - p_i),\, 10^{-12})} \qquad"
        r" \bar{y}_i = \frac{\bar{L}}{N}\, \log\frac{1 - p_i}{p_i}",
        vjp=_mean(of_probabilities),
        inputs={"p": uniform(0.1, 0.9), "y": uniform(0.0, 1.0)},
        shapes=[{"p": s, "y": s} for s in ((), (5,), (2, 3))],
        special={
            "p = 0, y = 1": at("0.", "1."),
            "p = 0, y = 0": at("0.", "0."),
            "p = 1, y = 0": at("1.", "0."),
            "p = 1, y = 1": at("1.", "1."),
            "p = y": at("0.25", "0.25"),
            "empty batch": at("[]", "[]"),
        },
        also=("torch.nn.BCELoss",),
        defects=(
            _end(
                "p = 0, y = 1",
                -1 / EPS,
                math.inf,
                "PyTorch returns −1e12 for p, where the logarithm has −∞. It returns ∞ for y, where the clamped value"
                " has the slope 100. Forward mode multiplies that ∞ by a tangent of 0.",
            ),
            _end("p = 0, y = 0", 0.0, math.inf, "The slope in p is 1. PyTorch divides p − y = 0 by 1e−12."),
            _end("p = 1, y = 0", 1 / EPS, -math.inf, "As at p = 0, y = 1, with the other signs."),
            _end("p = 1, y = 1", 0.0, -math.inf, "The slope in p is −1. PyTorch divides p − y = 0 by 1e−12."),
        ),
    ),
    Pieces(
        "torch.nn.functional.binary_cross_entropy_with_logits",
        "torch.nn.functional.binary_cross_entropy_with_logits(x, torch.ones_like(x), reduction='none')",
        variant="target=1, reduction=none",
        pieces=[Piece(log(1 + exp(-x)), -oo, oo, derivative=-1 / (1 + exp(x)))],
        points=("0.0", "-200.0", "200.0", MINUS_INF, INF, NAN),
        defects=(
            Defect(
                "x = inf",
                "The value tends to 0. PyTorch multiplies 1 − y = 0 by the infinite logit.",
                {"output": math.nan},
                "https://github.com/pytorch/pytorch/issues/102894",
            ),
        ),
    ),
    VJP(
        "torch.nn.functional.binary_cross_entropy_with_logits",
        "torch.nn.functional.binary_cross_entropy_with_logits(z, y)",
        formula=r"L = \frac{1}{N} \sum_i \bigl( (1 - y_i)\, z_i + \log(1 + e^{-z_i}) \bigr)",
        gradient=r"\bar{z}_i = \frac{\bar{L}}{N}\, (\sigma(z_i) - y_i) \qquad \bar{y}_i = -\frac{\bar{L}}{N}\, z_i",
        vjp=_mean(of_logits),
        inputs={"z": normal, "y": uniform(0.0, 1.0)},
        shapes=[{"z": s, "y": s} for s in ((), (5,), (2, 3))],
        special={
            "z = -104, y = 1": at("-104.", "1.", "zy"),
            "z = 20, y = 0": at("20.", "0.", "zy"),
            "z = -inf, y = 0": at("float('-inf')", "0.", "zy"),
            "z = inf, y = 0": at("float('inf')", "0.", "zy"),
            "NaN": at("float('nan')", "1.", "zy"),
            "y = 2": at("1.", "2.", "zy"),
            "empty batch": at("[]", "[]", "zy"),
        },
        also=("torch.nn.BCEWithLogitsLoss",),
        defects=(
            Defect(
                "z = -inf, y = 0",
                "The value tends to 0. PyTorch subtracts −∞ from −∞.",
                {"output": math.nan, "gradient": {"z": 0.0, "y": math.inf}},
                "https://github.com/pytorch/pytorch/issues/49844",
            ),
        ),
    ),
]
