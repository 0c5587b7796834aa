"""poisson_nll_loss and gaussian_nll_loss: rates and variances at the ends of their ranges."""

import math

import torch

from livedocs.declare import INF, MINUS_INF, NAN, VJP, Defect, normal, same_shapes, uniform

EPS = 0.5  # the default, 1e-8, is too small to look left and right of the pole


def _pair(x: str, t: str) -> dict[str, str]:
    return {name: f"torch.tensor({text}, dtype=torch.float64)" for name, text in (("x", x), ("t", t))}


def _three(x: str, t: str, s: str) -> dict[str, str]:
    return {**_pair(x, t), "s": f"torch.tensor({s}, dtype=torch.float64)"}


def _gaussian(v, x, t, s):
    d = x - t
    dx = v * d / s
    return dx, -dx, v * (1 / s - d**2 / s**2) / 2


def _stirling(v, x, t):
    return v * (x.exp() - t), v * (torch.where(t > 1, t.log() + 1 / (2 * t), 0.0) - x)


FLAT = (
    "Below eps the loss does not depend on var: its slope there is 0, and forward mode says so. Reverse mode returns"
    " the slope at var = eps."
)
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
                "The term is masked to 0 below 1, its gradient is not: reverse mode multiplies 0 by a NaN.",
                {"gradient": {"x": x, "t": math.nan}, "forward": {"x": x, "t": 0.0}},
            )
            for point, x in (("target 0", 1.0), ("negative target", 2.0))
        ),
    ),
    VJP(
        "torch.nn.functional.gaussian_nll_loss",
        "torch.nn.functional.gaussian_nll_loss(x, t, s, reduction='none')",
        formula=r"z = \texttt{gaussian\_nll\_loss}(x, t, s) = \frac12 \Bigl(\log m + \frac{(x - t)^2}{m}\Bigr), \qquad"
        r" m = \max(s, 10^{-6})",
        gradient=r"\bar{x} = \bar{z}\, \frac{x - t}{m} \qquad \bar{t} = -\bar{x} \qquad"
        r" \bar{s} = \frac{\bar{z}}{2} \Bigl(\frac{1}{m} - \frac{(x - t)^2}{m^2}\Bigr)",
        vjp=_gaussian,
        inputs={"x": normal, "t": normal, "s": uniform(0.3, 3.0)},
        shapes=same_shapes("x", "t", "s"),
        special={
            "var is the squared error": _three("3.", "1.", "4."),
            "no error": _three("1.", "1.", "4."),
            "var = inf": _three("3.", "1.", INF),
            "NaN": _three("3.", "1.", NAN),
        },
    ),
    VJP(
        "torch.nn.functional.gaussian_nll_loss",
        "torch.nn.functional.gaussian_nll_loss(x, t, s, eps=0.5, reduction='none')",
        variant="eps=0.5",
        formula=r"z = \texttt{gaussian\_nll\_loss}(x, t, s) = \frac12 \Bigl(\log m + \frac{(x - t)^2}{m}\Bigr), \qquad"
        r" m = \max(s, \tfrac12)",
        gradient=r"\bar{x} = \bar{z}\, \frac{x - t}{m} \qquad \bar{t} = -\bar{x} \qquad"
        r" \bar{s} = \frac{\bar{z}}{2} \Bigl(\frac{1}{m} - \frac{(x - t)^2}{m^2}\Bigr)",
        vjp=_gaussian,
        inputs={"x": normal, "t": normal, "s": uniform(0.6, 3.0)},
        shapes=same_shapes("x", "t", "s"),
        special={
            "var = eps": _three("3.", "1.", "0.5"),
            "var below eps": _three("3.", "1.", "0.25"),
            "var below eps, no error": _three("1.", "1.", "0.25"),
        },
        active={
            "var = eps": [[4, -4, 0], [4, -4, -7]],
            "var below eps": [[4, -4, 0]],
            "var below eps, no error": [[0, 0, 0]],
        },
        defects=(
            Defect(
                "var below eps",
                FLAT,
                {
                    "gradient": {"x": 4.0, "t": -4.0, "s": -7.0},
                    "forward": {"x": 4.0, "t": -4.0, "s": 0.0},
                },
            ),
            Defect(
                "var below eps, no error",
                "The same, with the other sign: reverse mode pushes var further down, where nothing is gained.",
                {"gradient": {"x": 0.0, "t": 0.0, "s": 1.0}, "forward": {"x": 0.0, "t": 0.0, "s": 0.0}},
            ),
        ),
    ),
]
