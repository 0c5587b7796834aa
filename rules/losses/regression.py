"""mse_loss, and what l1_loss and smooth_l1_loss do when they reduce: mean, sum."""

import math

import torch

from livedocs.declare import INF, MINUS_INF, NAN, VJP, Defect, Piece, Pieces, normal, oo, same_shapes, x

EMPTY = "torch.tensor([], dtype=torch.float64)"


def at(x: str, y: str, **more: str) -> dict[str, str]:
    """A special point: one list of numbers for each argument."""
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


FORWARD = (
    "Reverse mode returns the limit. Forward mode adds the target's share, −inf times a tangent of 0, and that is NaN."
)
PAIR = {"x": normal, "y": normal}
MEAN = {
    "one entry hit": at("[1., 5.]", "[1., 2.]"),
    "infinite input": at("[float('inf'), 5.]", "[0., 2.]"),
    "both infinite": at("[float('inf'), 5.]", "[float('inf'), 2.]"),
    "NaN": at("[float('nan'), 5.]", "[0., 2.]"),
    "integer target": {"x": "torch.tensor([1., 5.], dtype=torch.float64)", "y": "torch.tensor([1, 2])"},
    "empty batch": {"x": EMPTY, "y": EMPTY},
}
FEW = {name: MEAN[name] for name in ("one entry hit", "infinite input", "NaN", "empty batch")}

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
]
