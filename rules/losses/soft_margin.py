"""soft_margin_loss: the logistic loss of targets ±1, and where its exponential overflows."""

import math

import torch
from sympy import exp, log

from livedocs.declare import INF, MINUS_INF, NAN, VJP, Defect, Piece, Pieces, normal, oo, x
from rules.losses.ranking import SINGLES, at, sign


def _soft(v, x, y):
    return (-v * y * torch.sigmoid(-y * x) / y.numel(),)


RULES = [
    VJP(
        "torch.nn.functional.soft_margin_loss",
        "torch.nn.functional.soft_margin_loss(x, y)",
        formula=r"\ell = \texttt{soft\_margin\_loss}(x, y) = \frac1N \sum_i \log(1 + e^{-y_i x_i})",
        gradient=r"\bar{x}_i = -\frac{\bar{\ell}}{N}\, \frac{y_i}{1 + e^{y_i x_i}}",
        vjp=_soft,
        inputs={"x": normal, "y": sign},
        shapes=SINGLES,
        special={
            "x = 0": at("1", x="0."),
            "y = 0": at("0", x="2."),
            "NaN": at("1", x=NAN),
        },
    ),
    Pieces(
        "torch.nn.functional.soft_margin_loss",
        "torch.nn.functional.soft_margin_loss(x, torch.ones_like(x), reduction='none')",
        variant="y=1, reduction=none",
        pieces=[Piece(log(1 + exp(-x)), -oo, oo, derivative=-1 / (1 + exp(x)))],
        points=("0.0", "800.0", "-800.0", INF, MINUS_INF),
        defects=(
            Defect(
                "x = -800",
                "The loss is 800 and its slope −1. PyTorch computes the exponential, which overflows: inf and NaN.",
                {"gradient": {"x": math.nan}, "forward": {"x": math.nan}},
            ),
            Defect(
                "x = -inf",
                "The slope tends to −1. PyTorch returns NaN.",
                {"gradient": {"x": math.nan}, "forward": {"x": math.nan}},
            ),
        ),
    ),
]
