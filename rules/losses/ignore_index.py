"""cross_entropy and nll_loss with targets that are ignored, and with weights."""

import math

import torch

from livedocs.declare import VJP, Defect, normal
from rules.losses.cross_entropy import CLASSES, SHAPES, class_dimension, one_hot, row

IGNORED = -1
WEIGHTS = [1.0, 3.0, 0.0]


def some_ignored(generator, shape):
    """Class indices and -1, but never nothing but -1."""
    t = torch.randint(IGNORED, CLASSES, shape, generator=generator)
    t.view(-1)[0].clamp_(min=0)
    return t


def weighty(generator, shape):
    """Class indices without the last class, whose weight is 0."""
    return torch.randint(CLASSES - 1, shape, generator=generator)


def _kept(x, t):
    """1 at the rows that count, in the class dimension's place."""
    return (t != IGNORED).to(x.dtype).unsqueeze(class_dimension(x))


def _ignore(v, x, t):
    kept = _kept(x, t)
    p = x.softmax(class_dimension(x))
    return (v * kept * (p - one_hot(x, t.clamp(min=0))) / kept.sum(),)


def _ignore_nll(v, x, t):
    kept = _kept(x, t)
    return (-v * kept * one_hot(x, t.clamp(min=0)) / kept.sum(),)


def _weights_of(x, t):
    return torch.tensor(WEIGHTS, dtype=x.dtype)[t].unsqueeze(class_dimension(x))


def _weight(v, x, t):
    w = _weights_of(x, t)
    return (v * w * (x.softmax(class_dimension(x)) - one_hot(x, t)) / w.sum(),)


def _weight_nll(v, x, t):
    w = _weights_of(x, t)
    return (-v * w * one_hot(x, t) / w.sum(),)


def _rows(values: str, targets: str) -> dict[str, str]:
    return {"x": f"torch.tensor([{values}], dtype=torch.float64)", "t": f"torch.tensor([{targets}])"}


def _leak(point: str, what: str) -> Defect:
    return Defect(
        point,
        what,
        {
            "gradient": {"x": [[-0.5, 0.5], [math.nan, math.nan]]},
            "forward": {"x": [[-0.5, 0.5], [0.0, 0.0]]},
        },
        reported="https://github.com/pytorch/pytorch/issues/11551",
    )


ALL = "all ignored"
MINUS_INF = "ignored row: all -inf"
NAN = "ignored row: NaN"
NAN_FORWARD = Defect(
    ALL,
    "The loss is 0/0, NaN. Reverse mode gives 0 and forward mode NaN.",
    {
        "gradient": {"x": [[0.0, 0.0], [0.0, 0.0]]},
        "forward": {"x": [[math.nan, math.nan], [math.nan, math.nan]]},
    },
)
IGNORE_SPECIAL = {
    "one of two ignored": _rows("[0., 0.], [0., 0.]", "0, -1"),
    ALL: _rows("[0., 0.], [0., 0.]", "-1, -1"),
    "ignored row: one -inf": _rows("[0., 0.], [0., float('-inf')]", "0, -1"),
    MINUS_INF: _rows("[0., 0.], [float('-inf'), float('-inf')]", "0, -1"),
    NAN: _rows("[0., 0.], [0., float('nan')]", "0, -1"),
}
WEIGHT_TEXT = f"torch.tensor({WEIGHTS}, dtype=torch.float64)"
WEIGHT_SPECIAL = {
    "weights 1 and 3": _rows("[0., 0., -900.], [0., 0., -900.]", "0, 1"),
    "one row": row("0., 0., -900.", "1"),
    "one weight of 0": _rows("[0., 0., -900.], [0., 0., -900.]", "0, 2"),
    "all weights 0": row("0., 0., -900.", "2"),
}

KEPT = r" \\ k_n &= [t_n \neq \texttt{ignore\_index}] \end{aligned}"

RULES = [
    VJP(
        "torch.nn.functional.cross_entropy",
        f"torch.nn.functional.cross_entropy(x, t, ignore_index={IGNORED})",
        variant="ignore_index",
        formula=r"\begin{aligned} z &= -\frac{1}{\sum_n k_n} \sum_{n} k_n \log \texttt{softmax}(x_n)_{t_n}" + KEPT,
        gradient=r"\bar{x}_{nc} = \frac{\bar{z}\, k_n}{\sum_m k_m} \bigl( \texttt{softmax}(x_n)_c - [c = t_n] \bigr)",
        vjp=_ignore,
        inputs={"x": normal, "t": some_ignored},
        shapes=SHAPES,
        special=IGNORE_SPECIAL,
        defects=(
            NAN_FORWARD,
            _leak(
                MINUS_INF,
                "The loss does not depend on the ignored row, so its gradient is 0, as forward mode says. Reverse mode"
                " subtracts softmax times 0, and the softmax is NaN.",
            ),
            _leak(NAN, "A NaN in the ignored row does the same."),
        ),
    ),
    VJP(
        "torch.nn.functional.nll_loss",
        f"torch.nn.functional.nll_loss(x, t, ignore_index={IGNORED})",
        variant="ignore_index",
        formula=r"\begin{aligned} z &= -\frac{1}{\sum_n k_n} \sum_{n} k_n\, x_{n t_n}" + KEPT,
        gradient=r"\bar{x}_{nc} = -\frac{\bar{z}\, k_n}{\sum_m k_m}\, [c = t_n]",
        vjp=_ignore_nll,
        inputs={"x": normal, "t": some_ignored},
        shapes=SHAPES,
        special=IGNORE_SPECIAL,
        defects=(NAN_FORWARD,),
    ),
    VJP(
        "torch.nn.functional.cross_entropy",
        "torch.nn.functional.cross_entropy(x, t, weight=w)",
        variant="weight",
        formula=r"z = -\frac{1}{\sum_n w_{t_n}} \sum_{n} w_{t_n} \log \texttt{softmax}(x_n)_{t_n}",
        gradient=r"\bar{x}_{nc} = \frac{\bar{z}\, w_{t_n}}{\sum_m w_{t_m}}"
        r" \bigl( \texttt{softmax}(x_n)_c - [c = t_n] \bigr)",
        vjp=_weight,
        inputs={"x": normal, "t": weighty},
        fixed={"w": WEIGHT_TEXT},
        shapes=SHAPES,
        special=WEIGHT_SPECIAL,
    ),
    VJP(
        "torch.nn.functional.nll_loss",
        "torch.nn.functional.nll_loss(x, t, weight=w)",
        variant="weight",
        formula=r"z = -\frac{1}{\sum_n w_{t_n}} \sum_{n} w_{t_n}\, x_{n t_n}",
        gradient=r"\bar{x}_{nc} = -\frac{\bar{z}\, w_{t_n}}{\sum_m w_{t_m}}\, [c = t_n]",
        vjp=_weight_nll,
        inputs={"x": normal, "t": weighty},
        fixed={"w": WEIGHT_TEXT},
        shapes=SHAPES,
        special=WEIGHT_SPECIAL,
    ),
]
