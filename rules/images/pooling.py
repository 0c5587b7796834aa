"""Pooling: windows that overlap or not, with a maximum or a mean in each."""

import math
from typing import Any

import torch

from livedocs.declare import VJP, at, normal


def _windows(n: int, size: int, stride: int, padding: int = 0, *, ceil: bool = False) -> list[tuple[int, int]]:
    """From where to where each window reaches along an axis; padding lies outside 0 to n."""
    count = ((n + 2 * padding - size + (stride - 1 if ceil else 0)) // stride) + 1
    if ceil and (count - 1) * stride >= n + padding:
        count -= 1  # a window may not begin in the padding on the right
    return [(i * stride - padding, i * stride - padding + size) for i in range(count)]


def _adaptive(n: int, m: int) -> list[tuple[int, int]]:
    return [(math.floor(i * n / m), math.ceil((i + 1) * n / m)) for i in range(m)]


def _pool(share, axis):
    """Each window hands its cotangent to its pixels, in the shares that it says."""

    def vjp(v, x):
        grad = torch.zeros_like(x)
        height, width = x.shape
        for i, (top, bottom) in enumerate(axis(height, 0)):
            for j, (left, right) in enumerate(axis(width, 1)):
                cells = slice(max(top, 0), min(bottom, height)), slice(max(left, 0), min(right, width))
                grad[cells] += v[i, j] * share(x[cells], (top, bottom, left, right), x.shape)
        return (grad,)

    return vjp


def winner(cells, *_):
    shares = torch.zeros_like(cells)
    shares.view(-1)[cells.reshape(-1).argmax()] = 1  # the first of equals
    return shares


def _all(cells, *_):
    return torch.full_like(cells, 1 / cells.numel())


def _with_padding(padding: int):
    """Zeros that were padded count; what ceil_mode adds beyond them does not."""

    def share(cells, reach, shape):
        top, bottom, left, right = reach
        rows = min(bottom, shape[0] + padding) - top
        columns = min(right, shape[1] + padding) - left
        return torch.full_like(cells, 1 / (rows * columns))

    return share


PEAK = at("[[0., 1., 0.], [1., 5., 1.], [0., 1., 0.]]")
FLAT = at("[[2., 2.], [2., 2.]]")
NAN_PIXEL = at("[[1., 2.], [3., float('nan')]]")
NOTHING = at("[[float('-inf'), float('-inf')], [float('-inf'), float('-inf')]]")
ROW = at("[[1., 2., 9., 2., 1.]]")
SHAPES = [{"x": (3, 4)}, {"x": (2, 2)}, {"x": (5, 3)}]


def declared(name: str, arguments: str, share, axis, formula: str, gradient: str, special, **more) -> dict[str, Any]:
    """What a rule of windows declares; a rule belongs to the page of the module that makes a VJP of it."""
    return {
        "function": f"torch.nn.functional.{name}",
        "call": f"torch.nn.functional.{name}(x[None], {arguments})[0]",
        "formula": formula,
        "gradient": gradient,
        "vjp": _pool(share, axis),
        "inputs": {"x": more.pop("draw", normal)},
        "shapes": more.pop("shapes", SHAPES),
        "special": special,
        **more,
    }


def _rule(*what, **more) -> VJP:
    return VJP(**declared(*what, **more))


def fixed(size: int, stride: int, padding: int = 0, *, ceil: bool = False):
    return lambda n, axis: _windows(n, size, stride, padding, ceil=ceil)


def _to(*sizes: int):
    return lambda n, axis: _adaptive(n, sizes[axis])


MAX = r"y_w = \max_{j \in w} x_j"
MAX_BACK = r"\bar{x}_j = \sum_w \bar{y}_w\,[\,j = \texttt{index}_w\,]"
MEAN = r"y_w = \frac{1}{d_w} \sum_{j \in w} x_j, \quad d_w = %s"
MEAN_BACK = r"\bar{x}_j = \sum_{w \ni j} \frac{\bar{y}_w}{d_w}"
BINS = r", \quad w_i = \bigl[\lfloor i\, n / m \rfloor, \lceil (i + 1)\, n / m \rceil\bigr)"
RULES = [
    _rule(
        "max_pool2d",
        "2, stride=1",
        winner,
        fixed(2, 1),
        MAX,
        MAX_BACK,
        {
            "a pixel wins four windows": PEAK,
            "four-way tie": FLAT,
            "NaN": NAN_PIXEL,
            "all −inf": NOTHING,
        },
        also=("torch.max_pool2d",),
    ),
    _rule(
        "max_pool2d",
        "2, padding=1",
        winner,
        fixed(2, 2, 1),
        MAX + r"\text{, without the padding}",
        MAX_BACK,
        {"negative": at("[[-1., -2.], [-3., -4.]]"), "all −inf": NOTHING},
        variant="padding=1",
    ),
    _rule(
        "avg_pool2d",
        "2, stride=1",
        _all,
        fixed(2, 1),
        MEAN % r"\lvert w \rvert",
        MEAN_BACK,
        {"windows overlap": PEAK, "NaN": NAN_PIXEL},
    ),
    _rule(
        "avg_pool2d",
        "2, padding=1, ceil_mode=True",
        _with_padding(1),
        fixed(2, 2, 1, ceil=True),
        MEAN % r"\text{pixels of } w \text{, padding included}",
        MEAN_BACK,
        {"corners": FLAT, "an odd width": at("[[1., 2., 3.]]")},
        variant="padding=1, ceil_mode=True",
    ),
    _rule(
        "avg_pool2d",
        "2, padding=1, count_include_pad=False",
        _all,
        fixed(2, 2, 1),
        MEAN % r"\text{pixels of } w \text{ in the image}",
        MEAN_BACK,
        {"corners": FLAT, "an odd width": at("[[1., 2., 3.]]")},
        variant="padding=1, count_include_pad=False",
    ),
    _rule(
        "avg_pool2d",
        "2, divisor_override=1",
        lambda cells, *_: torch.ones_like(cells),
        fixed(2, 2),
        MEAN % "1",
        MEAN_BACK,
        {"one window": FLAT, "a row that is left over": at("[[1., 2.], [3., 4.], [5., 6.]]")},
        variant="divisor_override=1",
    ),
    _rule(
        "adaptive_avg_pool2d",
        "(2, 3)",
        _all,
        _to(2, 3),
        MEAN % r"\lvert w \rvert" + BINS,
        MEAN_BACK,
        {"five to three": ROW, "two to three": FLAT, "NaN": NAN_PIXEL},
    ),
    _rule(
        "adaptive_max_pool2d",
        "(1, 2)",
        winner,
        _to(1, 2),
        MAX + BINS,
        MAX_BACK,
        {
            "a pixel wins both windows": ROW,
            "ties": at("[[2., 2., 2., 2., 2.]]"),
            "NaN": NAN_PIXEL,
            "all −inf": NOTHING,
        },
    ),
]
