"""kl_div with its reductions: what divides the sum, targets of 0, and the gradient behind log_softmax."""

import math

import torch

from livedocs.declare import VJP, Defect, normal, uniform

SHAPES = [{"x": s, "t": s} for s in ((3,), (2, 3), (2, 3, 2))]
LOG_HALF = "-0.69314718056"


def _at(first: str, second: str, names: str = "xt") -> dict[str, str]:
    return {
        name: f"torch.tensor({value}, dtype=torch.float64)" for name, value in zip(names, (first, second), strict=True)
    }


def _over(divisor, vjp):
    """The rule of the sum, divided by the number of entries or of rows."""
    return lambda v, x, t: tuple(g / divisor(x) for g in vjp(v, x, t))


def _plain(v, x, t):
    return -v * t, v * (torch.log(t) + 1 - x)


def _log(v, x, t):
    return -v * t.exp(), v * t.exp() * (t - x + 1)


def _logits(v, z, t):
    q = torch.softmax(z, -1)
    return v / len(z) * (q * t.sum(-1, keepdim=True) - t), v / len(z) * (torch.log(t) + 1 - torch.log(q))


def _zero(gradient: dict) -> Defect:
    return Defect(
        "target 0",
        "The slope in a target of 0 tends to −∞. PyTorch adds the two partial derivatives of xlogy(t, t), 0 and NaN."
        " In forward mode that NaN reaches every entry, through a tangent of 0.",
        {"gradient": gradient, "forward": {name: [[math.nan, math.nan]] for name in gradient}},
        "https://github.com/pytorch/pytorch/issues/89558",
    )


SPECIAL = {
    "equal distributions": _at(f"[[{LOG_HALF}, {LOG_HALF}]]", "[[0.5, 0.5]]"),
    "target 0": _at(f"[[{LOG_HALF}, {LOG_HALF}]]", "[[1., 0.]]"),
    "input -inf, target 0": _at("[[0., float('-inf')]]", "[[1., 0.]]"),
    "empty batch": _at("[]", "[]"),
}
NAN_TARGET = 1 + math.log(2)

RULES = [
    VJP(
        "torch.nn.functional.kl_div",
        "torch.kl_div(x, t, reduction=1)",  # 1 is mean, here without the warning
        formula=r"L = \frac{1}{n} \sum_{ij} t_{ij} (\log t_{ij} - x_{ij}), \quad n = \text{number of entries}",
        gradient=r"\bar{x}_{ij} = -\frac{\bar{L}}{n}\, t_{ij} \qquad"
        r" \bar{t}_{ij} = \frac{\bar{L}}{n}\, (\log t_{ij} + 1 - x_{ij})",
        vjp=_over(torch.numel, _plain),
        inputs={"x": normal, "t": uniform(0.1, 1.0)},
        shapes=SHAPES,
        special=SPECIAL,
        defects=(_zero({"x": [[-0.5, 0.0]], "t": [[NAN_TARGET / 2, math.nan]]}),),
    ),
    VJP(
        "torch.nn.functional.kl_div",
        "torch.nn.functional.kl_div(x, t, reduction='batchmean')",
        variant="reduction=batchmean",
        formula=r"L = \frac{1}{N} \sum_{ij} t_{ij} (\log t_{ij} - x_{ij}), \quad N = \texttt{input.size(0)}",
        gradient=r"\bar{x}_{ij} = -\frac{\bar{L}}{N}\, t_{ij} \qquad"
        r" \bar{t}_{ij} = \frac{\bar{L}}{N}\, (\log t_{ij} + 1 - x_{ij})",
        vjp=_over(len, _plain),
        inputs={"x": normal, "t": uniform(0.1, 1.0)},
        shapes=SHAPES,
        special=SPECIAL,
        defects=(_zero({"x": [[-1.0, 0.0]], "t": [[NAN_TARGET, math.nan]]}),),
    ),
    VJP(
        "torch.nn.functional.kl_div",
        "torch.nn.functional.kl_div(torch.log_softmax(z, -1), t, reduction='batchmean')",
        variant="reduction=batchmean, of logits",
        formula=r"L = \frac{1}{N} \sum_{ij} t_{ij} (\log t_{ij} - \log q_{ij}), \quad q = \mathrm{softmax}(z)",
        gradient=r"\bar{z}_{ij} = \frac{\bar{L}}{N} \Bigl( q_{ij} \sum_k t_{ik} - t_{ij} \Bigr) \qquad"
        r" \bar{t}_{ij} = \frac{\bar{L}}{N}\, (\log t_{ij} + 1 - \log q_{ij})",
        vjp=_logits,
        inputs={"z": normal, "t": uniform(0.1, 1.0)},
        shapes=[{"z": s, "t": s} for s in ((1, 4), (2, 3), (2, 3, 2))],
        special={
            "equal distributions": _at("[[1., 1.]]", "[[0.5, 0.5]]", "zt"),
            "logit -200": _at("[[0., -200.]]", "[[0.5, 0.5]]", "zt"),
            "target of sum 2": _at("[[0., 0.]]", "[[1.5, 0.5]]", "zt"),
        },
    ),
    VJP(
        "torch.nn.functional.kl_div",
        "torch.nn.functional.kl_div(x, t, reduction='sum', log_target=True)",
        variant="reduction=sum, log_target=True",
        formula=r"L = \sum_{ij} e^{t_{ij}} (t_{ij} - x_{ij})",
        gradient=r"\bar{x}_{ij} = -\bar{L}\, e^{t_{ij}} \qquad"
        r" \bar{t}_{ij} = \bar{L}\, e^{t_{ij}} (t_{ij} + 1 - x_{ij})",
        vjp=_log,
        inputs={"x": normal, "t": uniform(-3.0, 0.0)},
        shapes=SHAPES,
        special={
            "equal distributions": _at(f"[{LOG_HALF}, {LOG_HALF}]", f"[{LOG_HALF}, {LOG_HALF}]"),
            "log target -200": _at(f"[{LOG_HALF}, {LOG_HALF}]", "[0., -200.]"),
            "log target -inf": _at(f"[{LOG_HALF}, {LOG_HALF}]", "[0., float('-inf')]"),
        },
    ),
    VJP(
        "torch.nn.functional.kl_div",
        "torch.nn.functional.kl_div(x, t, reduction='batchmean', log_target=True)",
        variant="reduction=batchmean, log_target=True",
        formula=r"L = \frac{1}{N} \sum_{ij} e^{t_{ij}} (t_{ij} - x_{ij}), \quad N = \texttt{input.size(0)}",
        gradient=r"\bar{x}_{ij} = -\frac{\bar{L}}{N}\, e^{t_{ij}} \qquad"
        r" \bar{t}_{ij} = \frac{\bar{L}}{N}\, e^{t_{ij}} (t_{ij} + 1 - x_{ij})",
        vjp=_over(len, _log),
        inputs={"x": normal, "t": uniform(-3.0, 0.0)},
        shapes=SHAPES,
        special={"empty batch": _at("[]", "[]")},
    ),
]
