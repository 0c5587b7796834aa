"""max and its relatives: several entries, or several arguments, that are equally large."""

import torch

from livedocs.declare import VJP, Plane, normal, same_shapes


def _even(v, x):
    ties = (x == x.max()).to(x.dtype)
    return (v * ties / ties.sum(),)


def _one(v, x):
    index = x.argmax(0, keepdim=True)
    return (torch.zeros_like(x).scatter(0, index, v.unsqueeze(0)),)


def _pairwise(v, x, y):
    share = 0.5 * ((x > y).to(x.dtype) - (y > x).to(x.dtype)) + 0.5
    return v * share, v * (1 - share)


def _pool(v, x):
    index = x.unfold(0, 2, 2).argmax(1) + 2 * torch.arange(x.shape[0] // 2)
    return (torch.zeros_like(x).scatter(0, index, v[0]),)


TWO = {"x": "torch.tensor([1., 4., 4.], dtype=torch.float64)"}
THREE = {"x": "torch.tensor([2., 2., 2.], dtype=torch.float64)"}
NAN_ENTRY = {"x": "torch.tensor([1., float('nan')], dtype=torch.float64)"}
SPECIAL = {"two-way tie": TWO, "three-way tie": THREE, "NaN": NAN_ENTRY}
VECTORS = [{"x": (5,)}, {"x": (1,)}, {"x": (7,)}]

RULES = [
    VJP(
        "torch.max",
        "torch.max(x)",
        formula=r"m = \texttt{max}(x) = \max_j x_j",
        gradient=r"\bar{x}_i = \frac{\bar{m}}{k}\,[x_i = m], \quad k = \lvert\{j : x_j = m\}\rvert",
        vjp=_even,
        inputs={"x": normal},
        shapes=[{"x": (5,)}, {"x": (2, 3)}, {"x": ()}],
        special=SPECIAL,
        also=("torch.Tensor.max",),
    ),
    VJP(
        "torch.max",
        "torch.max(x, dim=0).values",
        variant="dim",
        formula=r"m, \texttt{index} = \texttt{max}(x, \texttt{dim})",
        gradient=r"\bar{x}_i = \bar{m}\,[i = \texttt{index}]",
        vjp=_one,
        inputs={"x": normal},
        shapes=[{"x": (5,)}, {"x": (4, 3)}, {"x": (2, 3, 2)}],
        special=SPECIAL,
    ),
    VJP(
        "torch.amax",
        "torch.amax(x, 0)",
        formula=r"m = \texttt{amax}(x) = \max_j x_j",
        gradient=r"\bar{x}_i = \frac{\bar{m}}{k}\,[x_i = m], \quad k = \lvert\{j : x_j = m\}\rvert",
        vjp=lambda v, x: (v * (x == x.amax(0)) / (x == x.amax(0)).sum(0),),
        inputs={"x": normal},
        shapes=[{"x": (5,)}, {"x": (4, 3)}, {"x": (2, 3, 2)}],
        special=SPECIAL,
        also=("torch.Tensor.amax",),
    ),
    VJP(
        "torch.maximum",
        "torch.maximum(x, y)",
        formula=r"z_i = \texttt{maximum}(x, y)_i = \max(x_i, y_i)",
        gradient=r"\bar{x}_i = \bar{z}_i \begin{cases} 1 & x_i > y_i \\ \tfrac12 & x_i = y_i \\ 0 & x_i < y_i"
        r" \end{cases} \qquad \bar{y}_i = \bar{z}_i - \bar{x}_i",
        vjp=_pairwise,
        plane=Plane("tie"),
        inputs={"x": normal, "y": normal},
        shapes=same_shapes("x", "y"),
        special={
            "tie": {
                "x": "torch.tensor(4., dtype=torch.float64)",
                "y": "torch.tensor(4., dtype=torch.float64)",
            },
            "NaN": {
                "x": "torch.tensor(4., dtype=torch.float64)",
                "y": "torch.tensor(float('nan'), dtype=torch.float64)",
            },
        },
    ),
    VJP(
        "torch.nn.functional.max_pool1d",
        "torch.nn.functional.max_pool1d(x[None], 2)",
        formula=r"z_w = \texttt{max\_pool1d}(x)_w = \max_{j \in w} x_j",
        gradient=r"\bar{x}_i = \sum_{w} \bar{z}_w\,[i = \texttt{index}_w]",
        vjp=_pool,
        inputs={"x": normal},
        shapes=[{"x": (6,)}, {"x": (2,)}, {"x": (8,)}],
        special={
            "tie in a window": {"x": "torch.tensor([4., 4.], dtype=torch.float64)"},
            "tie across windows": {"x": "torch.tensor([1., 4., 4., 2.], dtype=torch.float64)"},
        },
    ),
]
