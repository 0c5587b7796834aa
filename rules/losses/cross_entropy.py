"""cross_entropy, nll_loss and linear_cross_entropy with class indices: softmax minus one-hot."""

import math

import torch

from livedocs.declare import VJP, Defect, normal

CLASSES = 3


def indices(generator, shape):
    """Class indices, of which every class has its share."""
    return torch.randint(CLASSES, shape, generator=generator)


def class_dimension(x):
    return min(1, x.dim() - 1)


def one_hot(x, t):
    """As large as ``x``, with a 1 where the class dimension is at the target."""
    d = class_dimension(x)
    return torch.zeros_like(x).scatter(d, t.unsqueeze(d), 1.0)


def _mean(v, x, t):
    return (v * (x.softmax(class_dimension(x)) - one_hot(x, t)) / t.numel(),)


def _none(v, x, t):
    d = class_dimension(x)
    return (v.unsqueeze(d) * (x.softmax(d) - one_hot(x, t)),)


def _nll(v, x, t):
    return (-v * one_hot(x, t) / t.numel(),)


def _linear(v, x, w, b, t):
    (delta,) = _mean(v, x @ w.T + b, t)
    rows, inputs = delta.reshape(-1, len(b)), x.reshape(-1, x.shape[-1])
    return delta @ w, rows.T @ inputs, rows.sum(0)


SHAPES = [{"x": (CLASSES,), "t": ()}, {"x": (4, CLASSES), "t": (4,)}, {"x": (2, CLASSES, 2, 3), "t": (2, 2, 3)}]


def row(values: str, target: str = "0") -> dict[str, str]:
    """One row of logits and its target."""
    return {"x": f"torch.tensor([{values}], dtype=torch.float64)", "t": f"torch.tensor({target})"}


SPECIAL = {
    "equal logits": row("0., 0."),
    "saturated, right": row("1000., 0."),
    "saturated, wrong": row("0., 1000."),
    "-inf, another class": row("0., 0., float('-inf')"),
    "-inf, the target": row("float('-inf'), 0., 0."),
    "all -inf": row("float('-inf'), float('-inf')"),
    "inf": row("float('inf'), 0."),
    "NaN": row("0., float('nan')"),
    "empty batch": {
        "x": "torch.zeros(0, 2, dtype=torch.float64)",
        "t": "torch.zeros(0, dtype=torch.int64)",
    },
}

LINEAR = {
    "equal logits": {
        "x": "torch.tensor([2.], dtype=torch.float64)",
        "w": "torch.tensor([[1.], [1.]], dtype=torch.float64)",
        "b": "torch.tensor([0., 0.], dtype=torch.float64)",
        "t": "torch.tensor(0)",
    },
    "saturated, right": {
        "x": "torch.tensor([1.], dtype=torch.float64)",
        "w": "torch.tensor([[1000.], [0.]], dtype=torch.float64)",
        "b": "torch.tensor([0., 0.], dtype=torch.float64)",
        "t": "torch.tensor(0)",
    },
    "target ignored": {
        "x": "torch.tensor([[1.]], dtype=torch.float64)",
        "w": "torch.tensor([[1.], [0.]], dtype=torch.float64)",
        "b": "torch.tensor([0., 0.], dtype=torch.float64)",
        "t": "torch.tensor([-100])",
    },
}

LINEAR_SHAPES = [
    {"x": (2,), "w": (CLASSES, 2), "b": (CLASSES,), "t": ()},
    {"x": (4, 2), "w": (CLASSES, 2), "b": (CLASSES,), "t": (4,)},
    {"x": (2, 4), "w": (CLASSES, 4), "b": (CLASSES,), "t": (2,)},
]

LINEAR_FORMULA = (
    r"\begin{aligned} y &= x W^\top + b \\"
    r" z &= -\frac{1}{N} \sum_{n} \log \texttt{softmax}(y_n)_{t_n} \end{aligned}"
)
LINEAR_GRADIENT = (
    r"\begin{aligned} \bar{y}_{nc} &= \frac{\bar{z}}{N} \bigl( \texttt{softmax}(y_n)_c - [c = t_n] \bigr) \\"
    r" \bar{x} &= \bar{y} W \qquad \bar{W} = \bar{y}^\top x \\"
    r" \bar{b}_c &= \sum_n \bar{y}_{nc} \end{aligned}"
)

RULES = [
    VJP(
        "torch.nn.functional.cross_entropy",
        "torch.nn.functional.cross_entropy(x, t)",
        formula=r"z = -\frac{1}{N} \sum_{n} \log \texttt{softmax}(x_n)_{t_n}",
        gradient=r"\bar{x}_{nc} = \frac{\bar{z}}{N} \bigl( \texttt{softmax}(x_n)_c - [c = t_n] \bigr)",
        vjp=_mean,
        inputs={"x": normal, "t": indices},
        shapes=SHAPES,
        special=SPECIAL,
    ),
    VJP(
        "torch.nn.functional.cross_entropy",
        "torch.nn.functional.cross_entropy(x, t, reduction='none')",
        variant="reduction=none",
        formula=r"z_n = -\log \texttt{softmax}(x_n)_{t_n} = -x_{n t_n} + \log \sum_c e^{x_{nc}}",
        gradient=r"\bar{x}_{nc} = \bar{z}_n \bigl( \texttt{softmax}(x_n)_c - [c = t_n] \bigr)",
        vjp=_none,
        inputs={"x": normal, "t": indices},
        shapes=SHAPES,
        special={
            "two rows": {
                "x": "torch.tensor([[0., 0.], [0., 1000.]], dtype=torch.float64)",
                "t": "torch.tensor([0, 0])",
            },
        },
    ),
    VJP(
        "torch.nn.functional.nll_loss",
        "torch.nn.functional.nll_loss(x, t)",
        formula=r"z = -\frac{1}{N} \sum_{n} x_{n t_n}",
        gradient=r"\bar{x}_{nc} = -\frac{\bar{z}}{N}\, [c = t_n]",
        vjp=_nll,
        inputs={"x": normal, "t": indices},
        shapes=SHAPES,
        special={
            "finite": row("-1., -2."),
            "-inf, another class": row("-1., float('-inf')"),
            "-inf, the target": row("float('-inf'), -1."),
            "NaN, another class": row("-1., float('nan')"),
            "NaN, the target": row("float('nan'), -1."),
            "empty batch": SPECIAL["empty batch"],
        },
    ),
    VJP(
        "torch.nn.functional.linear_cross_entropy",
        "torch.nn.functional.linear_cross_entropy(x, w, t, linear_bias=b)",
        formula=LINEAR_FORMULA,
        gradient=LINEAR_GRADIENT,
        vjp=_linear,
        inputs={"x": normal, "w": normal, "b": normal, "t": indices},
        shapes=LINEAR_SHAPES,
        special=LINEAR,
    ),
    VJP(
        "torch.nn.functional.linear_cross_entropy",
        "torch.nn.functional.linear_cross_entropy("
        "x, w, t, linear_bias=b, options=torch.nn.LinearCrossEntropyOptions())",
        variant="options",
        formula=LINEAR_FORMULA,
        gradient=LINEAR_GRADIENT,
        vjp=_linear,
        inputs={"x": normal, "w": normal, "b": normal, "t": indices},
        shapes=LINEAR_SHAPES,
        special=LINEAR,
        excluded={
            "gradcheck": "It calls backward twice, which this implementation refuses.",
            "gradgradcheck": "There is no second derivative.",
            "forward": "It returns 0, see above.",
        },
        defects=(
            Defect(
                "equal logits",
                "Forward mode returns 0 and does not say that it is not supported. The gradient has no graph:"
                " hessian() puts 0 there, where another backward pass raises.",
                {
                    "forward": {"x": [0.0], "w": [[0.0], [0.0]], "b": [0.0, 0.0]},
                    "second": {"x": [0.0], "w": [[0.0], [0.0]], "b": [0.0, 0.0]},
                },
            ),
            Defect(
                "target ignored",
                "The gradient is NaN where that of the same call without options is 0.",
                {"gradient": {"x": [[math.nan]], "w": [[math.nan], [math.nan]], "b": [math.nan, math.nan]}},
            ),
        ),
    ),
]
