"""Pooling: a mean, a norm or the largest entry of each window, in one, two and three dimensions."""

import math
from itertools import product

import torch
from torch.nn.functional import one_hot

from livedocs.declare import INF, NAN, VJP, Defect, at, normal


def _rule(name, call, vjp, shapes, special, formula, gradient, **more):
    return VJP(
        f"torch.nn.functional.{name}",
        f"torch.nn.functional.{call}",
        formula=formula,
        gradient=gradient,
        vjp=vjp,
        inputs={"x": normal},
        shapes=[{"x": shape} for shape in shapes],
        special={label: at(x) for label, x in special.items()},
        **more,
    )


def _windows(size, stride=1, padding=0, *, ceil=False, dilation=1):
    """Where each window begins and ends along an axis."""

    def axis(n, _):
        reach = dilation * (size - 1) + 1
        count = (n + 2 * padding - reach + (stride - 1 if ceil else 0)) // stride + 1
        if ceil and (count - 1) * stride >= n + padding:
            count -= 1  # a window may not begin in the padding on the right
        return [(i * stride - padding, i * stride - padding + reach) for i in range(count)]

    return axis


def _bins(*sizes):
    return lambda n, axis: [(i * n // sizes[axis], -(-(i + 1) * n // sizes[axis])) for i in range(sizes[axis])]


def _fractional(kernel, sizes):
    """With random samples of 0 the first window begins at 0; the last one ends at the end."""
    return lambda n, axis: [(0, kernel[axis])] * (sizes[axis] - 1) + [(n - kernel[axis], n)]


def _pooled(dims, axis, share, step=1):
    """Each window hands its cotangent to its entries, in the shares that it says."""

    def vjp(v, x):
        grad = torch.zeros_like(x)
        sizes = x.shape[-dims:]
        reaches = [axis(n, number) for number, n in enumerate(sizes)]
        for place in product(*(range(len(found)) for found in reaches)):
            reach = [found[i] for found, i in zip(reaches, place, strict=True)]
            inside = (slice(max(low, 0), min(high, n), step) for (low, high), n in zip(reach, sizes, strict=True))
            cells = (..., *inside)
            handed = v[(..., *place)].reshape(*x.shape[:-dims], *[1] * dims)
            grad[cells] += handed * share(x[cells], reach, sizes)
        return (grad,)

    return vjp


def _mean(dims):
    return lambda cells, *_: torch.ones_like(cells) / math.prod(cells.shape[-dims:])


def _mean_with(*padding):
    """Zeros that were padded count; what ceil_mode adds beyond them does not."""

    def share(cells, reach, sizes):
        axes = zip(reach, sizes, padding, strict=True)
        counted = math.prod(min(high, n + padded) - low for (low, high), n, padded in axes)
        return torch.ones_like(cells) / counted

    return share


def _winner(dims):
    """1 for the first of the largest."""

    def share(cells, *_):
        rows = cells.flatten(-dims)
        return one_hot(rows.argmax(-1), rows.shape[-1]).to(cells.dtype).view(cells.shape)

    return share


def _norm(dims, p):
    def share(cells, *_):
        sums = (cells**p).sum(tuple(range(-dims, 0)), keepdim=True)
        return cells ** (p - 1) * sums ** (1 / p - 1)

    return share


def _largest(cells, *_):
    return _winner(1)(cells.abs()) * cells.sign()


MEAN = r"y_w = \frac{1}{d_w} \sum_{j \in w} x_j, \quad d_w = "
MEAN_BACK = r"\bar{x}_j = \sum_{w \ni j} \frac{\bar{y}_w}{d_w}"
IN_ALL, IN_INPUT = r"\lvert w \rvert", r"\text{entries of } w \text{ in the input}"
WITH_PADDING = r"\text{entries of } w \text{ in the input and its padding}"
BIN = r", \quad w_i = \bigl[\lfloor i\, n / m \rfloor, \lceil (i + 1)\, n / m \rceil\bigr)"
MAX = r"y_w = \max_{j \in w} x_j, \quad \texttt{index}_w = \text{its place}"
MAX_BACK = r"\bar{x}_j = \sum_w \bar{y}_w\,[\,j = \texttt{index}_w\,]"
NORM = r"y_w = \Bigl(\sum_{j \in w} x_j^{%s}\Bigr)^{1/%s}"
NORM_BACK = r"\bar{x}_j = \sum_{w \ni j} \bar{y}_w\, \frac{x_j^{%s}}{y_w^{%s}} \text{, } 0 \text{ where } y_w = 0"
LINE = {
    "windows overlap": "[[1., 2., 3.]]",
    "zeros": "[[0., 0., 0.]]",
    "NaN": f"[[1., {NAN}, 3.]]",
    "inf": f"[[1., 2., {INF}]]",
}
SPACE = {
    "zeros": "[[[[0., 0.], [0., 0.]]]]",
    "NaN": f"[[[[1., {NAN}], [3., 4.]]]]",
    "empty batch": (0, 1, 1, 2, 2),
}
LINES = [(1, 5), (2, 4), (2, 3, 3)]
SPACES = [(1, 2, 3, 2), (2, 2, 2, 3), (2, 1, 3, 2, 2)]
REVERSE_ONLY = "Reverse mode returns the subgradient 0. Forward mode multiplies 0 by an infinite slope: NaN."
ABSOLUTE = (
    "The function is the sum, whose slope is 1. PyTorch takes it apart into its sign and its absolute value, and at 0"
    " the sign is 0."
)

RULES = [
    _rule(
        "avg_pool1d",
        "avg_pool1d(x, 2, stride=1)",
        _pooled(1, _windows(2), _mean(1)),
        LINES,
        LINE,
        MEAN + IN_ALL,
        MEAN_BACK,
        also=("torch.avg_pool1d",),
    ),
    _rule(
        "avg_pool1d",
        "avg_pool1d(x, 2, padding=1, ceil_mode=True)",
        _pooled(1, _windows(2, 2, 1, ceil=True), _mean_with(1)),
        LINES,
        {"both ends": "[[1., 2.]]", "one entry": "[[1.]]", "NaN": f"[[1., {NAN}, 3.]]"},
        MEAN + WITH_PADDING,
        MEAN_BACK,
        variant="padding=1, ceil_mode=True",
    ),
    _rule(
        "avg_pool1d",
        "avg_pool1d(x, 2, padding=1, count_include_pad=False)",
        _pooled(1, _windows(2, 2, 1), _mean(1)),
        LINES,
        {"both ends": "[[1., 2.]]", "one entry": "[[1.]]", "an odd number": "[[1., 2., 3.]]"},
        MEAN + IN_INPUT,
        MEAN_BACK,
        variant="padding=1, count_include_pad=False",
    ),
    _rule(
        "avg_pool3d",
        "avg_pool3d(x, (1, 2, 2), stride=1)",
        _pooled(3, lambda n, axis: _windows((1, 2, 2)[axis])(n, axis), _mean(3)),
        SPACES,
        SPACE,
        MEAN + IN_ALL,
        MEAN_BACK,
    ),
    _rule(
        "avg_pool3d",
        "avg_pool3d(x, (1, 1, 2), padding=(0, 0, 1), ceil_mode=True)",
        _pooled(
            3,
            lambda n, axis: _windows(*((1,), (1,), (2, 2, 1))[axis], ceil=axis == 2)(n, axis),
            _mean_with(0, 0, 1),
        ),
        SPACES,
        {"both ends": "[[[[1., 2.]]]]", "zeros": "[[[[0., 0.]]]]", "NaN": f"[[[[1., {NAN}]]]]"},
        MEAN + WITH_PADDING,
        MEAN_BACK,
        variant="padding=(0, 0, 1), ceil_mode=True",
    ),
    _rule(
        "avg_pool3d",
        "avg_pool3d(x, (1, 1, 2), divisor_override=1)",
        _pooled(3, lambda n, axis: _windows(*((1, 1), (1, 1), (2, 2))[axis])(n, axis), lambda cells, *_: cells * 0 + 1),
        SPACES,
        {"an entry in no window": "[[[[1., 2., 3.]]]]", "zeros": "[[[[0., 0.]]]]", "NaN": f"[[[[1., {NAN}]]]]"},
        MEAN + "1",
        MEAN_BACK,
        variant="divisor_override=1",
    ),
    _rule(
        "adaptive_avg_pool1d",
        "adaptive_avg_pool1d(x, 2)",
        _pooled(1, _bins(2), _mean(1)),
        LINES,
        {"three to two": "[[1., 2., 3.]]", "one to two": "[[1.]]", "NaN": f"[[1., {NAN}, 3.]]"},
        MEAN + IN_ALL + BIN,
        MEAN_BACK,
        also=("torch.adaptive_avg_pool1d",),
    ),
    _rule(
        "adaptive_avg_pool3d",
        "adaptive_avg_pool3d(x, (1, 1, 2))",
        _pooled(3, _bins(1, 1, 2), _mean(3)),
        SPACES,
        {"three to two": "[[[[1., 2., 3.]]]]", "one to two": "[[[[1.]]]]", "NaN": f"[[[[1., {NAN}, 3.]]]]"},
        MEAN + IN_ALL + BIN,
        MEAN_BACK,
    ),
    _rule(
        "lp_pool1d",
        "lp_pool1d(x, 2.0, 2, stride=1)",
        _pooled(1, _windows(2), _norm(1, 2.0)),
        LINES,
        {"zero window": "[[0., 0.]]", "negative": "[[-3., -4.]]", "one zero": "[[0., 3.]]", "NaN": f"[[1., {NAN}]]"},
        NORM % ("2", "2"),
        NORM_BACK % ("", ""),
        variant="norm_type=2",
        defects=(
            Defect("zero window", REVERSE_ONLY, {"gradient": {"x": [[0.0, 0.0]]}, "forward": {"x": [[math.nan] * 2]}}),
        ),
    ),
    _rule(
        "lp_pool1d",
        "lp_pool1d(x, 1.0, 2, stride=1)",
        _pooled(1, _windows(2), lambda cells, *_: torch.ones_like(cells)),
        LINES,
        {"sum of 0": "[[1., -1.]]", "zeros": "[[0., 0.]]", "negative": "[[-3., -4.]]"},
        r"y_w = \sum_{j \in w} x_j",
        r"\bar{x}_j = \sum_{w \ni j} \bar{y}_w",
        variant="norm_type=1",
        defects=tuple(Defect(point, ABSOLUTE, {"gradient": {"x": [[0.0, 0.0]]}}) for point in ("sum of 0", "zeros")),
    ),
    _rule(
        "lp_pool1d",
        'lp_pool1d(x, float("inf"), 2, stride=1)',
        _pooled(1, _windows(2), _largest),
        LINES,
        {"zero window": "[[0., 0.]]", "tie of signs": "[[-3., 3.]]", "tie": "[[2., 2.]]"},
        r"y_w = \max_{j \in w} \lvert x_j \rvert",
        r"\bar{x}_j = \operatorname{sign}(x_j) \sum_w \bar{y}_w\,[\,j = \texttt{index}_w\,]",
        variant="norm_type=inf",
    ),
    _rule(
        "lp_pool3d",
        "lp_pool3d(x, 2.0, (1, 1, 2), stride=1)",
        _pooled(3, lambda n, axis: _windows((1, 1, 2)[axis])(n, axis), _norm(3, 2.0)),
        SPACES,
        {"zero window": "[[[[0., 0.]]]]", "negative": "[[[[-3., -4.]]]]", "NaN": f"[[[[1., {NAN}]]]]"},
        NORM % ("2", "2"),
        NORM_BACK % ("", ""),
        variant="norm_type=2",
        defects=(
            Defect(
                "zero window",
                REVERSE_ONLY,
                {"gradient": {"x": [[[[0.0, 0.0]]]]}, "forward": {"x": [[[[math.nan] * 2]]]}},
            ),
        ),
    ),
    *(
        _rule(
            f"max_pool{dims}d_with_indices",
            f"max_pool{dims}d_with_indices(x, {size}, stride=1, dilation=2)[0]",
            _pooled(dims, lambda n, axis, reach=reach: _windows(reach[axis], 1, dilation=2)(n, axis), _winner(dims), 2),
            shapes,
            {
                label: "[" * (dims - 1) + text + "]" * (dims - 1)
                for label, text in {
                    "a gap in the window": "[[1., 9., 3.]]",
                    "tie": "[[2., 2., 2.]]",
                    "NaN in the gap": f"[[1., {NAN}, 3.]]",
                    "NaN": f"[[1., 2., {NAN}]]",
                    "all −inf": f"[[-{INF}, -{INF}, -{INF}]]",
                }.items()
            },
            MAX,
            MAX_BACK,
            variant="dilation=2",
            also=(f"torch.max_pool{dims}d_with_indices",) if dims == 1 else (),
        )
        for dims, size, reach, shapes in (
            (1, "2", (2,), [(1, 5), (2, 4), (2, 3, 3)]),
            (2, "(1, 2)", (1, 2), [(1, 2, 5), (2, 1, 4), (2, 1, 3, 3)]),
            (3, "(1, 1, 2)", (1, 1, 2), [(1, 2, 1, 5), (2, 1, 2, 4), (2, 1, 1, 3, 3)]),
        )
    ),
    *(
        _rule(
            f"adaptive_max_pool{dims}d_with_indices",
            f"adaptive_max_pool{dims}d_with_indices(x, {size})[0]",
            _pooled(dims, _bins(*bins), _winner(dims)),
            shapes,
            {
                label: "[" * (dims - 1) + text + "]" * (dims - 1)
                for label, text in {
                    "an entry wins both windows": "[[1., 9., 3.]]",
                    "tie": "[[2., 2., 2.]]",
                    "NaN": f"[[1., 2., {NAN}]]",
                }.items()
            },
            MAX + BIN,
            MAX_BACK,
        )
        for dims, size, bins, shapes in (
            (1, "2", (2,), LINES),
            (2, "(1, 2)", (1, 2), [(1, 2, 5), (2, 1, 4), (2, 1, 3, 3)]),
            (3, "(1, 1, 2)", (1, 1, 2), SPACES),
        )
    ),
    *(
        _rule(
            f"fractional_max_pool{dims}d_with_indices",
            f"fractional_max_pool{dims}d_with_indices(x[None], {size}, output_size={size},"
            f" _random_samples=torch.zeros(1, x.shape[0], {dims}, dtype=x.dtype))[0][0]",
            _pooled(dims, _fractional(kernel, kernel), _winner(dims)),
            shapes,
            special,
            MAX + r"\text{, windows at random places}",
            MAX_BACK,
        )
        for dims, size, kernel, shapes, special in (
            (
                2,
                "2",
                (2, 2),
                [(1, 3, 4), (2, 3, 3), (2, 5, 4)],
                {
                    "a tie": "[[[5., 5., 0.], [1., 2., 3.], [4., 0., 9.]]]",
                    "NaN": f"[[[{NAN}, 2., 3.], [4., {NAN}, 6.], [7., 8., 9.]]]",
                },
            ),
            (
                3,
                "(1, 1, 2)",
                (1, 1, 2),
                [(1, 2, 3, 4), (2, 2, 2, 5), (2, 3, 2, 4)],
                {"all equal": "[[[[2., 2., 2., 2.]] * 2] * 2]", "zeros": "[[[[0., 0., 0., 0.]] * 2] * 2]"},
            ),
        )
    ),
]
