"""multilabel_soft_margin_loss: binary cross-entropy of logits, averaged over the classes."""

import torch

from livedocs.declare import INF, NAN, VJP, normal, uniform

WEIGHT = "torch.tensor([0., 2., 1.], dtype=torch.float64)"


def _soft(v, x, t, weight=1.0):
    return v * weight * (torch.sigmoid(x) - t) / x.numel(), -v * weight * x / x.numel()


def _soft_row(x: str, t: str) -> dict[str, str]:
    return {"x": f"torch.tensor({x}, dtype=torch.float64)", "t": f"torch.tensor({t}, dtype=torch.float64)"}


RULES = [
    VJP(
        "torch.nn.functional.multilabel_soft_margin_loss",
        "torch.nn.functional.multilabel_soft_margin_loss(x, t)",
        formula=r"\begin{aligned} \ell &= \texttt{multilabel\_soft\_margin\_loss}(x, t) \\"
        r" &= -\frac{1}{NC} \sum_{n,i} \bigl( t_{ni} \log \sigma(x_{ni})"
        r" + (1 - t_{ni}) \log \sigma(-x_{ni}) \bigr) \end{aligned}",
        gradient=r"\bar{x}_{ni} = \frac{\bar{\ell}}{NC}\, (\sigma(x_{ni}) - t_{ni}) \qquad"
        r" \bar{t}_{ni} = -\frac{\bar{\ell}}{NC}\, x_{ni}",
        vjp=_soft,
        inputs={"x": normal, "t": uniform(0.0, 1.0)},
        shapes=[dict.fromkeys(("x", "t"), shape) for shape in ((3,), (4, 3), (1, 3))],
        special={
            "x = 0": _soft_row("[0., 0.]", "[0., 1.]"),
            "large and right": _soft_row("[-1000., 1000.]", "[0., 1.]"),
            "large and wrong": _soft_row("[1000., -1000.]", "[0., 1.]"),
            "t = -1": _soft_row("[0., 3.]", "[-1., -1.]"),
            "inf, right": _soft_row(f"[{INF}, 0.]", "[1., 1.]"),
            "inf, wrong": _soft_row(f"[{INF}, 0.]", "[0., 1.]"),
            "NaN": _soft_row(f"[{NAN}, 0.]", "[1., 1.]"),
        },
    ),
    VJP(
        "torch.nn.functional.multilabel_soft_margin_loss",
        "torch.nn.functional.multilabel_soft_margin_loss(x, t, weight=w)",
        variant="weight",
        formula=r"\begin{aligned} \ell &= \texttt{multilabel\_soft\_margin\_loss}(x, t, w) \\"
        r" &= -\frac{1}{NC} \sum_{n,i} w_i \bigl( t_{ni} \log \sigma(x_{ni})"
        r" + (1 - t_{ni}) \log \sigma(-x_{ni}) \bigr) \end{aligned}",
        gradient=r"\bar{x}_{ni} = \frac{\bar{\ell}}{NC}\, w_i\, (\sigma(x_{ni}) - t_{ni}) \qquad"
        r" \bar{t}_{ni} = -\frac{\bar{\ell}}{NC}\, w_i\, x_{ni}",
        vjp=lambda v, x, t: _soft(v, x, t, torch.tensor([0.0, 2.0, 1.0], dtype=torch.float64)),
        inputs={"x": normal, "t": uniform(0.0, 1.0)},
        fixed={"w": WEIGHT},
        shapes=[dict.fromkeys(("x", "t"), shape) for shape in ((3,), (4, 3), (1, 3))],
        special={"weights 0, 2, 1": _soft_row("[0., 0., 0.]", "[1., 1., 1.]")},
    ),
]
