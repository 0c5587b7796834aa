"""cross_entropy with probabilities as targets, and with label smoothing."""

import math

from livedocs.declare import VJP, Defect, normal, uniform
from rules.losses.cross_entropy import CLASSES, SHAPES, class_dimension, indices, one_hot

EPSILON = 0.1


def _probabilities(v, x, p):
    d = class_dimension(x)
    count = x.numel() // x.shape[d]
    return (
        v * (x.softmax(d) * p.sum(d, keepdim=True) - p) / count,
        -v * x.log_softmax(d) / count,
    )


def _smoothed(v, x, t):
    q = (1 - EPSILON) * one_hot(x, t) + EPSILON / CLASSES
    return (v * (x.softmax(class_dimension(x)) - q) / t.numel(),)


def _pair(x: str, p: str) -> dict[str, str]:
    return {name: f"torch.tensor([{values}], dtype=torch.float64)" for name, values in (("x", x), ("p", p))}


def _row(x: str) -> dict[str, str]:
    return {"x": f"torch.tensor([{x}], dtype=torch.float64)", "t": "torch.tensor(0)"}


RULES = [
    VJP(
        "torch.nn.functional.cross_entropy",
        "torch.nn.functional.cross_entropy(x, p)",
        variant="probabilities",
        formula=r"z = -\frac{1}{N} \sum_{n} \sum_c p_{nc} \log \texttt{softmax}(x_n)_c",
        gradient=r"\begin{aligned}"
        r" \bar{x}_{nc} &= \frac{\bar{z}}{N} \Bigl( \texttt{softmax}(x_n)_c \sum_k p_{nk} - p_{nc} \Bigr) \\"
        r" \bar{p}_{nc} &= -\frac{\bar{z}}{N} \log \texttt{softmax}(x_n)_c \end{aligned}",
        vjp=_probabilities,
        inputs={"x": normal, "p": uniform(0.1, 1.0)},
        shapes=[dict.fromkeys(("x", "p"), shapes["x"]) for shapes in SHAPES],
        special={
            "one-hot": _pair("0., 0.", "1., 0."),
            "sum of 2": _pair("0., 0.", "2., 0."),
            "sum of 0": _pair("0., 0.", "1., -1."),
            "p = 0, x = -inf": _pair("0., float('-inf')", "1., 0."),
            "p > 0, x = -inf": _pair("0., float('-inf')", "0.5, 0.5"),
            "NaN in p": _pair("0., 0.", "1., float('nan')"),
        },
        defects=(
            Defect(
                "p = 0, x = -inf",
                "The loss is NaN, as 0 times −inf is. With the index 0 in place of (1, 0) it is 0.",
                {"output": math.nan, "gradient": {"x": [0.0, 0.0], "p": [0.0, math.inf]}},
            ),
        ),
    ),
    VJP(
        "torch.nn.functional.cross_entropy",
        f"torch.nn.functional.cross_entropy(x, t, label_smoothing={EPSILON})",
        variant=f"label_smoothing={EPSILON}",
        formula=r"\begin{aligned} z &= -\frac{1}{N} \sum_{n} \sum_c q_{nc} \log \texttt{softmax}(x_n)_c \\"
        r" q_{nc} &= (1 - \varepsilon)\,[c = t_n] + \frac{\varepsilon}{C}, \quad \varepsilon = 0.1 \end{aligned}",
        gradient=r"\bar{x}_{nc} = \frac{\bar{z}}{N} \bigl( \texttt{softmax}(x_n)_c - q_{nc} \bigr)",
        vjp=_smoothed,
        inputs={"x": normal, "t": indices},
        shapes=SHAPES,
        special={
            "equal logits": _row("0., 0."),
            "saturated, right": _row("1000., 0."),
            "saturated, wrong": _row("0., 1000."),
            "-inf, another class": _row("0., float('-inf')"),
            "NaN": _row("0., float('nan')"),
        },
    ),
]
