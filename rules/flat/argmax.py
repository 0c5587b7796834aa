"""Functions whose output is an index or a count: it has no gradient."""

import torch

from livedocs.declare import NAN, VJP, normal

BOUNDS = {"b": "torch.tensor([0., 1., 2.], dtype=torch.float64)"}
VECTORS = [{"x": (5,)}, {"x": (3,)}, {"x": (2, 3)}]


def _indices(generator, shape):
    return torch.randint(0, 3, shape, generator=generator)


def _vector(*entries):
    return {"x": f"torch.tensor([{', '.join(entries)}], dtype=torch.float64)"}


ORDINARY = {"no tie": _vector("3.", "1.", "2."), "tie": _vector("2.", "1.", "2.")}
ON_BOUND = {"on a bound": _vector("1."), "between two": _vector("1.5"), "NaN": _vector(NAN)}


def _rule(function, call, formula, special, also=(), fixed=None, inputs=None, shapes=None):
    return VJP(
        function,
        call,
        formula=formula,
        gradient=r"\bar{x}\ \text{does not exist: the output does not require grad}",
        inputs=inputs or {"x": normal},
        fixed=fixed or {},
        shapes=shapes or VECTORS,
        special=special,
        also=also,
    )


RULES = [
    _rule(
        "torch.argmax",
        "torch.argmax(x)",
        r"i = \texttt{argmax}(x) \quad\text{with}\quad x_i = \max_j x_j",
        ORDINARY,
        also=("torch.Tensor.argmax",),
    ),
    _rule(
        "torch.argmin",
        "torch.argmin(x)",
        r"i = \texttt{argmin}(x) \quad\text{with}\quad x_i = \min_j x_j",
        ORDINARY,
        also=("torch.Tensor.argmin",),
    ),
    _rule(
        "torch.argsort",
        "torch.argsort(x, stable=True)",
        r"\pi = \texttt{argsort}(x) \quad\text{with}\quad x_{\pi_1} \le x_{\pi_2} \le \dots",
        ORDINARY,
        also=("torch.Tensor.argsort",),
    ),
    _rule(
        "torch.searchsorted",
        "torch.searchsorted(b, x)",
        r"i_j = \texttt{searchsorted}(b, x)_j = \lvert\{k : b_k < x_j\}\rvert",
        ON_BOUND,
        fixed=BOUNDS,
    ),
    _rule(
        "torch.bucketize",
        "torch.bucketize(x, b)",
        r"i_j = \texttt{bucketize}(x, b)_j = \lvert\{k : b_k < x_j\}\rvert",
        ON_BOUND,
        fixed=BOUNDS,
    ),
    _rule(
        "torch.nn.functional.one_hot",
        "torch.nn.functional.one_hot(x, 3)",
        r"z_{jk} = \texttt{one\_hot}(x)_{jk} = [x_j = k]",
        {"an index": {"x": "torch.tensor([2])"}},
        inputs={"x": _indices},
    ),
    _rule(
        "torch.histc",
        "torch.histc(x, 4, -4.0, 4.0)",
        r"z_k = \texttt{histc}(x)_k = \lvert\{j : x_j \text{ in bin } k\}\rvert",
        {"between two edges": _vector("1."), "on an edge": _vector("2.")},
        also=("torch.Tensor.histc",),
    ),
    _rule(
        "torch.Tensor.long",
        "x.long()",
        r"n = \texttt{long}(x) = \operatorname{trunc}(x)",
        {"between two integers": _vector("1.5"), "integer": _vector("2.")},
        also=("torch.Tensor.int", "torch.Tensor.short", "torch.Tensor.char", "torch.Tensor.byte"),
    ),
]
