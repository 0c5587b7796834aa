"""Pooling with a norm in each window: powers of the pixels, not of their absolute values."""

import math

from livedocs.declare import VJP, Defect, at, uniform
from rules.images.pooling import NAN_PIXEL, declared, fixed, winner


def _power(p: float):
    def share(cells, *_):
        return cells ** (p - 1) * (cells**p).sum() ** (1 / p - 1)

    return share


def _as_full(p: float, size: int):
    """A cut window, with its mean counted as often as a full one has pixels."""

    def share(cells, *_):
        return (size / cells.numel()) ** (1 / p) * _power(p)(cells)

    return share


def _largest(cells, *_):
    return winner(cells.abs()) * cells.sign()


NORM = r"y_w = \Bigl(\sum_{j \in w} x_j^{%s}\Bigr)^{1/%s}"
NORM_BACK = r"\bar{x}_j = \sum_{w \ni j} \bar{y}_w\, \frac{x_j^{%s}}{y_w^{%s}}"

ZERO = {"x": [[0.0, 0.0], [0.0, 0.0]]}
NOT_A_NUMBER = {"x": [[math.nan, math.nan], [math.nan, math.nan]]}


def _rule(*what, **more) -> VJP:
    return VJP(**declared(*what, **more))


RULES = [
    _rule(
        "lp_pool2d",
        "2.0, 2, stride=1",
        _power(2.0),
        fixed(2, 1),
        NORM % ("2", "2"),
        NORM_BACK % ("", ""),
        {
            "zero window": at("[[0., 0.], [0., 0.]]"),
            "negative": at("[[-3., -4.], [0., 0.]]"),
            "NaN": NAN_PIXEL,
        },
        variant="norm_type=2",
        defects=(
            Defect(
                "zero window",
                "Reverse mode returns the subgradient 0. Forward mode multiplies 0 by an infinite slope: NaN.",
                {"gradient": ZERO, "forward": NOT_A_NUMBER},
            ),
        ),
    ),
    _rule(
        "lp_pool2d",
        "2.0, 2, ceil_mode=True",
        _as_full(2.0, 4),
        fixed(2, 2, ceil=True),
        r"y_w = \Bigl(\frac{4}{\lvert w \rvert} \sum_{j \in w} x_j^2\Bigr)^{1/2}",
        r"\bar{x}_j = \bar{y}_w\, \frac{4}{\lvert w \rvert}\, \frac{x_j}{y_w}, \quad j \in w",
        {
            "a cut window": at("[[3., 0., 1.], [4., 0., 1.]]"),
            "one pixel": at("[[3.]]"),
            "NaN": NAN_PIXEL,
        },
        variant="norm_type=2, ceil_mode=True",
        defects=(
            Defect(
                "a cut window",
                "The mean of two pixels counts as four pixels: the value is 2 and not √2, the gradient 1 and not 1/√2.",
                {"output": [[5.0, 2.0]], "gradient": {"x": [[0.6, 0.0, 1.0], [0.8, 0.0, 1.0]]}},
            ),
            Defect(
                "one pixel",
                "The pixel counts as four: the value is 6 and not 3, the gradient 2 and not 1.",
                {"output": [[6.0]], "gradient": {"x": [[2.0]]}},
            ),
        ),
    ),
    _rule(
        "lp_pool2d",
        "3.0, 2, stride=1",
        _power(3.0),
        fixed(2, 1),
        NORM % ("3", "3"),
        NORM_BACK % ("2", "2"),
        {
            "zero window": at("[[0., 0.], [0., 0.]]"),
            "negative": at("[[-3., -4.], [0., 0.]]"),
        },
        variant="norm_type=3",
        defects=(
            Defect(
                "zero window",
                "The value is NaN to the left and rises with slope 1 to the right. PyTorch sets the gradient to 0.",
                {"gradient": ZERO, "forward": NOT_A_NUMBER},
            ),
        ),
        draw=uniform(0.2, 2.0),
    ),
    _rule(
        "lp_pool2d",
        "0.5, 2, stride=1",
        _power(0.5),
        fixed(2, 1),
        NORM % (r"0.5", r"0.5"),
        NORM_BACK % ("-0.5", "-0.5"),
        {
            "zero window": at("[[0., 0.], [0., 0.]]"),
            "one zero": at("[[1., 0.], [1., 1.]]"),
        },
        variant="norm_type=0.5",
        defects=(
            Defect(
                "zero window",
                "The documentation promises the gradient 0 for a sum of 0. Reverse mode gives NaN, forward mode 0.",
                {"gradient": NOT_A_NUMBER, "forward": ZERO},
            ),
        ),
        draw=uniform(0.2, 2.0),
    ),
    _rule(
        "lp_pool2d",
        'float("inf"), 2, stride=1',
        _largest,
        fixed(2, 1),
        r"y_w = \max_{j \in w} \lvert x_j \rvert",
        r"\bar{x}_j = \operatorname{sign}(x_j) \sum_w \bar{y}_w\,[\,j = \texttt{index}_w\,]",
        {
            "zero window": at("[[0., 0.], [0., 0.]]"),
            "tie of signs": at("[[-3., 3.], [0., 0.]]"),
        },
        variant="norm_type=inf",
    ),
]
