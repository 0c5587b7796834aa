"""Padding: the gradient of an entry is the sum over its copies."""

import torch

from livedocs.declare import VJP, normal


def _tensor(text: str) -> str:
    return f"torch.tensor({text}, dtype=torch.float64)"


def _copies(index):
    """Padding copies entries; each gets the sum of what its copies got."""

    def vjp(v, x):
        places = torch.arange(-2, x.shape[0] + 2)
        return (torch.zeros_like(x).index_add(0, index(places, x.shape[0]), v),)

    return vjp


def _pad(mode: str, formula: str, index, special) -> VJP:
    return VJP(
        "torch.nn.functional.pad",
        f'torch.nn.functional.pad(x[None], (2, 2), mode="{mode}")[0]',
        variant=mode,
        formula=rf"y_i = x_{{r(i)}}, \quad {formula}, \quad -2 \le i < n + 2",
        gradient=r"\bar{x}_j = \sum_{i\,:\,r(i) = j} \bar{y}_i",
        vjp=_copies(index),
        inputs={"x": normal},
        shapes=[{"x": (5,)}, {"x": (3,)}, {"x": (4,)}],
        special=special,
    )


RULES = [
    VJP(
        "torch.nn.functional.pad",
        "torch.nn.functional.pad(x, (2, 2))",
        variant="constant",
        formula=r"y_i = \begin{cases} x_i & 0 \le i < n \\ 0 & \text{otherwise} \end{cases}, \quad -2 \le i < n + 2",
        gradient=r"\bar{x}_j = \bar{y}_j",
        vjp=lambda v, x: (v[..., 2:-2],),
        inputs={"x": normal},
        shapes=[{"x": (5,)}, {"x": (2, 3)}, {"x": (1,)}],
        special={
            "three entries": {"x": _tensor("[1., 2., 3.]")},
            "NaN": {"x": _tensor("[1., float('nan'), 3.]")},
        },
    ),
    _pad(
        "reflect",
        r"r(i) = n - 1 - \bigl\lvert n - 1 - \lvert i \rvert \bigr\rvert",
        lambda i, n: n - 1 - (n - 1 - i.abs()).abs(),
        {
            "three entries": {"x": _tensor("[1., 2., 3.]")},
            "NaN at the border": {"x": _tensor("[float('nan'), 2., 3.]")},
        },
    ),
    _pad(
        "replicate",
        r"r(i) = \min(\max(i, 0), n - 1)",
        lambda i, n: i.clamp(0, n - 1),
        {
            "three entries": {"x": _tensor("[1., 2., 3.]")},
            "one entry": {"x": _tensor("[1.]")},
        },
    ),
    _pad(
        "circular",
        r"r(i) = i \bmod n",
        lambda i, n: i % n,
        {
            "three entries": {"x": _tensor("[1., 2., 3.]")},
            "as wide as the padding": {"x": _tensor("[1., 2.]")},
        },
    ),
]
