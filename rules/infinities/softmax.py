"""softmax, log_softmax, softmin: rows with entries of ±inf."""

import torch

from livedocs.declare import VJP, normal


def _first(x):
    """1 in the first entry of each column."""
    one = torch.zeros_like(x)
    one[0] = 1
    return one


def _softmax(v, x):
    p = x.softmax(0)
    return (v * p[0] * (_first(x) - p),)


def _log_softmax(v, x):
    return (v * (_first(x) - x.softmax(0)),)


def _softmin(v, x):
    p = (-x).softmax(0)
    return (v * p[0] * (p - _first(x)),)


def _special(*, hides: str) -> dict:
    other = "inf" if hides == "-inf" else "-inf"

    def row(*entries: str) -> dict[str, str]:
        return {"x": "torch.tensor([" + ", ".join(f"float('{e}')" for e in entries) + "], dtype=torch.float64)"}

    return {
        f"an entry of {hides}": row("0", "1", hides),
        f"the entry itself {hides}": row(hides, "0", "1"),
        "one number": row("0", hides, hides),
        f"nothing but {hides}": row(hides, hides),
        f"an entry of {other}": row("0", "1", other),
        "NaN": row("0", "1", "nan"),
    }


SHAPES = [{"x": (5,)}, {"x": (4, 3)}, {"x": (1,)}]

RULES = [
    VJP(
        "torch.nn.functional.softmax",
        "torch.nn.functional.softmax(x, 0)[0]",
        formula=r"p_i = \texttt{softmax}(x)_i = \frac{e^{x_i}}{\sum_j e^{x_j}}",
        gradient=r"\bar{x}_i = p_i \Bigl( \bar{p}_i - \sum_j p_j \bar{p}_j \Bigr)",
        vjp=_softmax,
        inputs={"x": normal},
        shapes=SHAPES,
        special=_special(hides="-inf"),
        also=("torch.softmax", "torch.Tensor.softmax", "torch.special.softmax"),
    ),
    VJP(
        "torch.nn.functional.log_softmax",
        "torch.nn.functional.log_softmax(x, 0)[0]",
        formula=r"\ell_i = \texttt{log\_softmax}(x)_i = x_i - \log \sum_j e^{x_j}",
        gradient=r"\bar{x}_i = \bar{\ell}_i - e^{\ell_i} \sum_j \bar{\ell}_j",
        vjp=_log_softmax,
        inputs={"x": normal},
        shapes=SHAPES,
        special=_special(hides="-inf"),
        also=("torch.log_softmax", "torch.Tensor.log_softmax", "torch.special.log_softmax"),
    ),
    VJP(
        "torch.nn.functional.softmin",
        "torch.nn.functional.softmin(x, 0)[0]",
        formula=r"p_i = \texttt{softmin}(x)_i = \frac{e^{-x_i}}{\sum_j e^{-x_j}}",
        gradient=r"\bar{x}_i = -p_i \Bigl( \bar{p}_i - \sum_j p_j \bar{p}_j \Bigr)",
        vjp=_softmin,
        inputs={"x": normal},
        shapes=SHAPES,
        special=_special(hides="inf"),
    ),
]
