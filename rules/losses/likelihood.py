"""poisson_nll_loss: rates at the ends of their range."""

import math

import torch

from livedocs.declare import INF, MINUS_INF, NAN, VJP, Defect, normal, same_shapes, uniform

EPS = 0.5  # the default, 1e-8, is too small to look left and right of the pole


def _pair(x: str, t: str) -> dict[str, str]:
    return {name: f"torch.tensor({text}, dtype=torch.float64)" for name, text in (("x", x), ("t", t))}


def _stirling(v, x, t):
    return v * (x.exp() - t), v * (torch.where(t > 1, t.log() + 1 / (2 * t), 0.0) - x)


PAIR = {"x": normal, "t": uniform(0.2, 4.0)}
RULES = [
    VJP(
        "torch.nn.functional.poisson_nll_loss",
        "torch.nn.functional.poisson_nll_loss(x, t, reduction='none')",
        formula=r"z = \texttt{poisson\_nll\_loss}(x, t) = e^x - t x",
        gradient=r"\bar{x} = \bar{z}\,(e^x - t) \qquad \bar{t} = -\bar{z}\, x",
        vjp=lambda v, x, t: (v * (x.exp() - t), -v * x),
        inputs=PAIR,
        shapes=same_shapes("x", "t"),
        special={
            "rate is the target": _pair("0.", "1."),
            "target 0": _pair("0.", "0."),
            "rate 0": _pair(MINUS_INF, "2."),
            "rate 0, target 0": _pair(MINUS_INF, "0."),
            "x = inf": _pair(INF, "2."),
            "NaN": _pair(NAN, "2."),
        },
    ),
    VJP(
        "torch.nn.functional.poisson_nll_loss",
        "torch.nn.functional.poisson_nll_loss(x, t, log_input=False, eps=0.5, reduction='none')",
        variant="log_input=False",
        formula=r"z = \texttt{poisson\_nll\_loss}(x, t) = x - t \log(x + \varepsilon), \qquad \varepsilon = \tfrac12",
        gradient=r"\bar{x} = \bar{z} \Bigl(1 - \frac{t}{x + \varepsilon}\Bigr) \qquad"
        r" \bar{t} = -\bar{z} \log(x + \varepsilon)",
        vjp=lambda v, x, t: (v * (1 - t / (x + EPS)), -v * (x + EPS).log()),
        inputs={"x": uniform(0.3, 4.0), "t": uniform(0.2, 4.0)},
        shapes=same_shapes("x", "t"),
        special={
            "rate 0": _pair("0.", "2."),
            "rate 0, target 0": _pair("0.", "0."),
            "rate = -eps": _pair("-0.5", "2."),
            "rate = -eps, target 0": _pair("-0.5", "0."),
            "negative rate": _pair("-1.", "2."),
            "x = inf": _pair(INF, "2."),
        },
    ),
    VJP(
        "torch.nn.functional.poisson_nll_loss",
        "torch.nn.functional.poisson_nll_loss(x, t, full=True, reduction='none')",
        variant="full=True",
        formula=r"z = e^x - t x + \begin{cases} 0 & t \le 1 \\"
        r" t \log t - t + \frac12 \log(2 \pi t) & t > 1 \end{cases}",
        gradient=r"\bar{x} = \bar{z}\,(e^x - t) \qquad \bar{t} = \bar{z} \Bigl(-x + \begin{cases} 0 & t \le 1 \\"
        r" \log t + \frac{1}{2t} & t > 1 \end{cases}\Bigr)",
        vjp=_stirling,
        inputs=PAIR,
        shapes=same_shapes("x", "t"),
        special={
            "target 3": _pair("0.", "3."),
            "target 1": _pair("0.", "1."),
            "target 0": _pair("0.", "0."),
            "negative target": _pair("0.", "-1."),
        },
        defects=tuple(
            Defect(
                point,
                "The term is masked to 0 up to 1, its gradient is not: reverse mode multiplies 0 by the logarithm of"
                " the target, −∞ or NaN.",
                {"gradient": {"x": x, "t": math.nan}, "forward": {"x": x, "t": 0.0}},
            )
            for point, x in (("target 0", 1.0), ("negative target", 2.0))
        ),
    ),
]
