"""Sorts: the gradient goes back where each value came from; of equals, where the sort found them."""

import torch

from livedocs.declare import VJP, normal

NAN, INF = "float('nan')", "float('inf')"
SHAPES = [{"x": (5,)}, {"x": (4, 3)}, {"x": (2, 3, 2)}]


def vector(text):
    return {"x": f"torch.tensor([{text}], dtype=torch.float64)"}


SPECIAL = {
    "two-way tie": vector("4., 1., 1."),
    "three-way tie": vector("2., 2., 2."),
    "0 and −0": vector("0., -0."),
    "NaN": vector(f"{NAN}, 1., {NAN}"),
    "±inf": vector(f"{INF}, 1., -{INF}"),
}
LARGEST = {**SPECIAL, "two-way tie": vector("1., 4., 4.")}


def _first(descending, count=1):
    """The gradient of the first values of a stable sort."""

    def vjp(v, x):
        index = x.argsort(dim=-1, descending=descending, stable=True)[..., :count]
        return (torch.zeros_like(x).scatter(-1, index, v if count > 1 else v.unsqueeze(-1)),)

    return vjp


def _rule(function, call, formula, vjp, special=SPECIAL, **more):
    return VJP(
        function,
        call,
        formula=formula,
        gradient=more.pop("gradient", r"\bar{x}_i = \bar{y}_0\,[i = \texttt{index}_0]"),
        vjp=vjp,
        inputs={"x": normal},
        shapes=SHAPES,
        special=special,
        **more,
    )


RULES = [
    _rule(
        "torch.sort",
        "torch.sort(x).values[..., 0]",
        r"y, \texttt{index} = \texttt{sort}(x), \quad y_0 \text{ is the least}",
        _first(False),
        also=("torch.Tensor.sort",),
    ),
    _rule(
        "torch.sort",
        "torch.sort(x, stable=True, descending=True).values[..., 0]",
        r"y, \texttt{index} = \texttt{sort}(x), \quad y_0 \text{ is the greatest}",
        _first(True),
        LARGEST,
        variant="stable, descending",
    ),
    VJP(
        "torch.msort",
        "torch.msort(x)[0]",
        formula=r"y = \texttt{msort}(x) \text{, sorted along the first dimension}",
        gradient=r"\bar{x}_i = \bar{y}_0\,[i = \texttt{index}_0]",
        vjp=lambda v, x: (torch.zeros_like(x).scatter(0, x.argmin(0, keepdim=True), v.unsqueeze(0)),),
        inputs={"x": normal},
        shapes=SHAPES,
        special=SPECIAL,
        also=("torch.Tensor.msort",),
    ),
    _rule(
        "torch.topk",
        "torch.topk(x, 1).values[..., 0]",
        r"y, \texttt{index} = \texttt{topk}(x, 1)",
        _first(True),
        LARGEST,
        also=("torch.Tensor.topk",),
    ),
    _rule(
        "torch.topk",
        "torch.topk(x, 2).values",
        r"y, \texttt{index} = \texttt{topk}(x, 2)",
        _first(True, 2),
        LARGEST,
        gradient=r"\bar{x}_i = \sum_j \bar{y}_j\,[i = \texttt{index}_j]",
        variant="k=2",
    ),
]
