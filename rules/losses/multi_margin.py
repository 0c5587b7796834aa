"""Hinges over classes: multi_margin and multilabel_margin."""

import torch

from livedocs.declare import INF, NAN, VJP, Defect, normal

WEIGHT = "torch.tensor([0., 2., 1.], dtype=torch.float64)"
ONCE = {
    "gradgradcheck": "PyTorch has no second derivative of it.",
    "forward": "Not implemented in PyTorch.",
}


def _class(generator: torch.Generator, shape: tuple[int, ...]) -> torch.Tensor:
    """One of three classes for each row."""
    return torch.randint(0, 3, shape, generator=generator)


def _classes(generator: torch.Generator, shape: tuple[int, ...]) -> torch.Tensor:
    """One or two classes for each row, then −1; behind that is one more, which does not count."""
    order = torch.rand(shape, generator=generator).argsort(-1)
    end = torch.randint(1, 3, shape[:-1], generator=generator)
    return order.masked_fill(torch.arange(shape[-1]) == end[..., None], -1)


def _multi(v, x, y, p, weight=None):
    target = y[..., None]
    slack = 1 - x.gather(-1, target) + x
    slope = (slack > 0).to(v.dtype) * (1 if p == 1 else 2 * slack)
    slope = slope.scatter(-1, target, 0.0)
    slope = slope.scatter(-1, target, -slope.sum(-1, keepdim=True))
    if weight is not None:
        slope = slope * weight[target]
    return (v * slope / x.numel(),)


def _multilabel(v, x, y):
    grad = torch.zeros_like(x)
    for row, classes, g in zip(x.view(-1, 3), y.view(-1, 3).tolist(), grad.view(-1, 3), strict=True):
        targets = classes[: classes.index(-1)]
        for j in targets:
            for i in set(range(3)) - set(targets):
                if 1 - row[j] + row[i] > 0:
                    g[j] -= 1
                    g[i] += 1
    return (v * grad / x.numel(),)


def _row(x: str, y: str) -> dict[str, str]:
    return {"x": f"torch.tensor({x}, dtype=torch.float64)", "y": f"torch.tensor({y})"}


ROWS = [{"x": (3,), "y": ()}, {"x": (4, 3), "y": (4,)}, {"x": (1, 3), "y": (1,)}]
MULTI = {
    "one at the margin": _row("[2., 1., 0.]", "0"),
    "two at the margin": _row("[1., 0., 0.]", "0"),
    "all equal": _row("[0., 0., 0.]", "0"),
    "one inf": _row(f"[1., {INF}, 0.]", "0"),
    "NaN": _row(f"[1., {NAN}, 0.]", "0"),
}
NAN_IS_ZERO = Defect(
    "NaN",
    "Here the loss is 0: NaN is not greater than 0, so a hinge whose slack is NaN adds nothing.",
    {"output": 0.0, "gradient": {"x": [0.0, 0.0, 0.0]}},
)


def _multi_rule(call: str, p: int, **options) -> VJP:
    weight = torch.tensor([0.0, 2.0, 1.0], dtype=torch.float64) if "weight" in call else None
    power = "" if p == 1 else "^2"
    slope = r"[\,s_{ni} > 0\,]" if p == 1 else r"2 \max(0, s_{ni})"
    w = "" if weight is None else r"w_{y_n}\,"
    return VJP(
        "torch.nn.functional.multi_margin_loss",
        call,
        formula=r"\ell = \texttt{multi\_margin\_loss}(x, y) = \frac{1}{NC} \sum_n "
        rf"{w}\sum_{{i \ne y_n}} \max(0, s_{{ni}}){power}, \quad s_{{ni}} = m - x_{{n y_n}} + x_{{ni}}",
        gradient=rf"\bar{{x}}_{{ni}} = \frac{{\bar{{\ell}}}}{{NC}}\, {w}{slope} \quad (i \ne y_n)"
        r" \qquad \bar{x}_{n y_n} = -\sum_{i \ne y_n} \bar{x}_{ni}",
        vjp=lambda v, x, y: _multi(v, x, y, p, weight),
        inputs={"x": normal, "y": _class},
        shapes=ROWS,
        excluded=ONCE,
        **options,
    )


RULES = [
    _multi_rule("torch.nn.functional.multi_margin_loss(x, y)", 1, special=MULTI, defects=(NAN_IS_ZERO,)),
    _multi_rule(
        "torch.nn.functional.multi_margin_loss(x, y, p=2)", 2, variant="p=2", special=MULTI, defects=(NAN_IS_ZERO,)
    ),
    _multi_rule(
        "torch.nn.functional.multi_margin_loss(x, y, weight=w)",
        1,
        variant="weight",
        fixed={"w": WEIGHT},
        special={
            "weight 0": _row("[0., 0., 0.]", "0"),
            "weight 2": _row("[0., 0., 0.]", "1"),
            "weight 2, at the margin": _row("[0., 1., 1.]", "1"),
        },
    ),
    VJP(
        "torch.nn.functional.multilabel_margin_loss",
        "torch.nn.functional.multilabel_margin_loss(x, y)",
        formula=r"\begin{aligned} \ell &= \texttt{multilabel\_margin\_loss}(x, y) = \frac{1}{NC} \sum_n"
        r" \sum_{j \in T_n} \sum_{i \notin T_n} \max(0,\ 1 - x_{nj} + x_{ni}) \\"
        r" T_n &= (y_{n1}, y_{n2}, \dots) \text{ up to the first } -1 \end{aligned}",
        gradient=r"\begin{aligned} \bar{x}_{ni} &= \frac{\bar{\ell}}{NC} \sum_{j \in T_n} [\,x_{nj} - x_{ni} < 1\,]"
        r" & (i &\notin T_n) \\ \bar{x}_{nj} &= -\frac{\bar{\ell}}{NC}\, m"
        r" \sum_{i \notin T_n} [\,x_{nj} - x_{ni} < 1\,] & (j &\text{ stands } m \text{ times in } T_n) \end{aligned}",
        vjp=_multilabel,
        inputs={"x": normal, "y": _classes},
        shapes=[{"x": shape, "y": shape} for shape in ((3,), (4, 3), (1, 3))],
        special={
            "one at the margin": _row("[2., 1., 0.]", "[0, -1, -1]"),
            "all equal": _row("[0., 0., 0.]", "[0, -1, -1]"),
            "a class behind the -1": _row("[0., 0., 0.]", "[0, -1, 1]"),
            "a class twice": _row("[0., 0., 0.]", "[0, 0, -1]"),
            "no class": _row("[0., 0., 0.]", "[-1, -1, -1]"),
            "every class": _row("[0., 0., 0.]", "[0, 1, 2]"),
            "NaN": _row(f"[1., {NAN}, 0.]", "[0, -1, -1]"),
        },
        excluded=ONCE,
        defects=(NAN_IS_ZERO,),
    ),
]
