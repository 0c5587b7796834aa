"""mse_loss, l1_loss and huber_loss with weights: two divide by their sum, the third by the number of entries."""

import torch

from livedocs.declare import VJP, normal, same_shapes, uniform
from rules.losses.regression import at


def _weighted(value, slope):
    """The vjp of a mean that divides by the sum of the weights: the weights get a gradient too."""

    def vjp(v, x, y, w):
        d, total = x - y, w.sum()
        dx = v * w * slope(d) / total
        return dx, -dx, v * (value(d) - (w * value(d)).sum() / total) / total

    return vjp


def _weighted_huber(v, x, y, w):
    d = x - y
    dx = v * w * d.clamp(-1, 1) / x.numel()
    value = torch.where(d.abs() < 1, d**2 / 2, d.abs() - 0.5)
    return dx, -dx, v * value / x.numel()


TRIPLE = {"x": normal, "y": normal, "w": uniform(0.5, 2.0)}
WEIGHTS = {
    "weights 1 and 3": at("[1., 5.]", "[0., 2.]", w="[1., 3.]"),
    "a weight of 0": at("[1., 5.]", "[0., 2.]", w="[0., 3.]"),
    "a weight of 0, input infinite": at("[float('inf'), 5.]", "[0., 2.]", w="[0., 3.]"),
    "all weights 0": at("[1., 5.]", "[0., 2.]", w="[0., 0.]"),
}

RULES = [
    VJP(
        "torch.nn.functional.mse_loss",
        "torch.nn.functional.mse_loss(x, y, weight=w)",
        variant="weight",
        formula=r"L = \texttt{mse\_loss}(x, y, w) = \frac{1}{W} \sum_{i=1}^{n} w_i (x_i - y_i)^2,"
        r" \qquad W = \sum_{i=1}^{n} w_i",
        gradient=r"\bar{x}_i = \frac{2 \bar{L}\, w_i}{W}\,(x_i - y_i), \qquad \bar{y}_i = -\bar{x}_i, \qquad"
        r" \bar{w}_i = \frac{\bar{L}}{W}\,\bigl((x_i - y_i)^2 - L\bigr)",
        vjp=_weighted(lambda d: d**2, lambda d: 2 * d),
        inputs=TRIPLE,
        shapes=same_shapes("x", "y", "w"),
        special=WEIGHTS,
    ),
    VJP(
        "torch.nn.functional.l1_loss",
        "torch.nn.functional.l1_loss(x, y, weight=w)",
        variant="weight",
        formula=r"L = \texttt{l1\_loss}(x, y, w) = \frac{1}{W} \sum_{i=1}^{n} w_i \lvert x_i - y_i \rvert,"
        r" \qquad W = \sum_{i=1}^{n} w_i",
        gradient=r"\bar{x}_i = \frac{\bar{L}\, w_i}{W}\,\operatorname{sgn}(x_i - y_i), \qquad \bar{y}_i = -\bar{x}_i,"
        r" \qquad \bar{w}_i = \frac{\bar{L}}{W}\,\bigl(\lvert x_i - y_i \rvert - L\bigr)",
        vjp=_weighted(torch.abs, torch.sign),
        inputs=TRIPLE,
        shapes=same_shapes("x", "y", "w"),
        special={"one entry hit": at("[1., 5.]", "[1., 2.]", w="[1., 3.]"), **WEIGHTS},
    ),
    VJP(
        "torch.nn.functional.huber_loss",
        "torch.nn.functional.huber_loss(x, y, weight=w)",
        variant="weight",
        formula=r"L = \texttt{huber\_loss}(x, y, w) = \frac{1}{n} \sum_{i=1}^{n} w_i\, h(x_i - y_i), \qquad"
        r" h(d) = \begin{cases} \frac12 d^2 & \lvert d \rvert < 1 \\ \lvert d \rvert - \frac12 & \lvert d \rvert \ge 1"
        r" \end{cases}",
        gradient=r"\bar{x}_i = \frac{\bar{L}\, w_i}{n} \min(\max(x_i - y_i, -1), 1), \qquad \bar{y}_i = -\bar{x}_i,"
        r" \qquad \bar{w}_i = \frac{\bar{L}}{n}\, h(x_i - y_i)",
        vjp=_weighted_huber,
        inputs=TRIPLE,
        shapes=same_shapes("x", "y", "w"),
        special=WEIGHTS,
    ),
]
