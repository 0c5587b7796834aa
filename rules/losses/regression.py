"""mse_loss, and what l1_loss, smooth_l1_loss and huber_loss do when they reduce: mean, sum, weights."""

import math

import torch

from livedocs.declare import INF, MINUS_INF, NAN, VJP, Defect, Piece, Pieces, normal, oo, same_shapes, uniform, x

EMPTY = "torch.tensor([], dtype=torch.float64)"


def _at(x: str, y: str, **more: str) -> dict[str, str]:
    return {name: f"torch.tensor({text}, dtype=torch.float64)" for name, text in {"x": x, "y": y, **more}.items()}


def _pulls(slope, scale):
    """The vjp of a loss of x − y with this slope, reduced with this scale."""

    def vjp(v, x, y):
        dx = v * scale(x) * slope(x - y)
        return dx, -dx

    return vjp


def _mean(x):
    return 1 / x.numel()


def _sum(x):
    return 1.0


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


FORWARD = (
    "Reverse mode returns the limit. Forward mode adds the target's share, −inf times a tangent of 0, and that is NaN."
)
PAIR = {"x": normal, "y": normal}
TRIPLE = {**PAIR, "w": uniform(0.5, 2.0)}
MEAN = {
    "one entry hit": _at("[1., 5.]", "[1., 2.]"),
    "infinite input": _at("[float('inf'), 5.]", "[0., 2.]"),
    "both infinite": _at("[float('inf'), 5.]", "[float('inf'), 2.]"),
    "NaN": _at("[float('nan'), 5.]", "[0., 2.]"),
    "integer target": {"x": "torch.tensor([1., 5.], dtype=torch.float64)", "y": "torch.tensor([1, 2])"},
    "empty batch": {"x": EMPTY, "y": EMPTY},
}
FEW = {name: MEAN[name] for name in ("one entry hit", "infinite input", "NaN", "empty batch")}
WEIGHTS = {
    "weights 1 and 3": _at("[1., 5.]", "[0., 2.]", w="[1., 3.]"),
    "a weight of 0": _at("[1., 5.]", "[0., 2.]", w="[0., 3.]"),
    "a weight of 0, input infinite": _at("[float('inf'), 5.]", "[0., 2.]", w="[0., 3.]"),
    "all weights 0": _at("[1., 5.]", "[0., 2.]", w="[0., 0.]"),
}

RULES = [
    VJP(
        "torch.nn.functional.mse_loss",
        "torch.nn.functional.mse_loss(x, y)",
        formula=r"L = \texttt{mse\_loss}(x, y) = \frac{1}{n} \sum_{i=1}^{n} (x_i - y_i)^2",
        gradient=r"\bar{x}_i = \frac{2 \bar{L}}{n}\,(x_i - y_i), \qquad \bar{y}_i = -\bar{x}_i",
        vjp=_pulls(lambda d: 2 * d, _mean),
        inputs=PAIR,
        shapes=same_shapes("x", "y"),
        special=MEAN,
        defects=(
            Defect(
                "infinite input",
                FORWARD,
                {
                    "gradient": {"x": [math.inf, 3.0], "y": [-math.inf, -3.0]},
                    "forward": {"x": [math.nan] * 2, "y": [math.nan] * 2},
                },
            ),
        ),
    ),
    Pieces(
        "torch.nn.functional.mse_loss",
        "torch.nn.functional.mse_loss(x, torch.zeros_like(x), reduction='none')",
        variant="reduction=none",
        pieces=[Piece(x**2, -oo, oo)],
        points=("0.0", INF, MINUS_INF, NAN),
        defects=(Defect("x = inf", FORWARD, {"gradient": {"x": math.inf}, "forward": {"x": math.nan}}),),
    ),
    VJP(
        "torch.nn.functional.mse_loss",
        "torch.nn.functional.mse_loss(x, y, reduction='sum')",
        variant="reduction=sum",
        formula=r"L = \texttt{mse\_loss}(x, y) = \sum_{i=1}^{n} (x_i - y_i)^2",
        gradient=r"\bar{x}_i = 2 \bar{L}\,(x_i - y_i), \qquad \bar{y}_i = -\bar{x}_i",
        vjp=_pulls(lambda d: 2 * d, _sum),
        inputs=PAIR,
        shapes=same_shapes("x", "y"),
        special={name: MEAN[name] for name in ("one entry hit", "infinite input")},
    ),
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
        "torch.nn.functional.l1_loss(x, y, reduction='sum')",
        variant="reduction=sum",
        formula=r"L = \texttt{l1\_loss}(x, y) = \sum_{i=1}^{n} \lvert x_i - y_i \rvert",
        gradient=r"\bar{x}_i = \bar{L}\,\operatorname{sgn}(x_i - y_i), \qquad \bar{y}_i = -\bar{x}_i,"
        r" \qquad \operatorname{sgn}(0) = 0",
        vjp=_pulls(torch.sign, _sum),
        inputs=PAIR,
        shapes=same_shapes("x", "y"),
        special={name: MEAN[name] for name in ("one entry hit", "NaN")},
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
        special={"one entry hit": _at("[1., 5.]", "[1., 2.]", w="[1., 3.]"), **WEIGHTS},
    ),
    VJP(
        "torch.nn.functional.smooth_l1_loss",
        "torch.nn.functional.smooth_l1_loss(x, y)",
        variant="reduction=mean",
        formula=r"L = \texttt{smooth\_l1\_loss}(x, y) = \frac{1}{n} \sum_{i=1}^{n} h(x_i - y_i), \qquad"
        r" h(d) = \begin{cases} \frac12 d^2 & \lvert d \rvert < 1 \\ \lvert d \rvert - \frac12 & \lvert d \rvert \ge 1"
        r" \end{cases}",
        gradient=r"\bar{x}_i = \frac{\bar{L}}{n} \min(\max(x_i - y_i, -1), 1), \qquad \bar{y}_i = -\bar{x}_i",
        vjp=_pulls(lambda d: d.clamp(-1, 1), _mean),
        inputs=PAIR,
        shapes=same_shapes("x", "y"),
        special=FEW,
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
