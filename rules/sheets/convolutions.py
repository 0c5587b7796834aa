"""Convolutions, windows as columns, rearranged pixels and images of another size: sums over taps, read backward.

What is linear in its input has the same gradient at every input. Its special points are zeros, NaN, infinities, entries
in no window, and empty batches.
"""

import math
from itertools import product
from pathlib import Path

import torch
import torchgen
from torch.nn.functional import pad

from livedocs.declare import INF, NAN, VJP, Defect, at, normal, uniform

YAML = (Path(torchgen.__file__).parent / "packaged" / "autograd" / "derivatives.yaml").read_text(encoding="utf-8")


def _taps(kernel, windows, stride, dilation):
    """Each tap of a kernel, and the entries of the padded input that it meets, one for each window."""
    for tap in product(*map(range, kernel)):
        reach = (
            slice(k * dilation, k * dilation + stride * (n - 1) + 1, stride) for k, n in zip(tap, windows, strict=True)
        )
        yield (..., *tap), (..., *reach)


def _crop(x, padding, dims):
    return pad(x, [-padding] * (2 * dims))


# Convolutions


def _convolved(stride=1, padding=0, dilation=1, groups=1):
    """The gradients of input, weight and bias, tap by tap."""

    def vjp(v, x, w, b):
        dims = w.dim() - 2
        wide = pad(x, [padding] * (2 * dims)).unflatten(1, (groups, -1))  # n, group, channel, …
        dx, dw = torch.zeros_like(wide), torch.zeros_like(w)
        kernel, by_group = w.unflatten(0, (groups, -1)), v.unflatten(1, (groups, -1))
        for tap, cells in _taps(w.shape[2:], v.shape[2:], stride, dilation):
            dx[cells] += torch.einsum("ngo...,goc->ngc...", by_group, kernel[tap])
            met = wide[cells].flatten(3)
            dw[tap] = torch.einsum("ngos,ngcs->goc", by_group.flatten(3), met).flatten(0, 1)
        return _crop(dx.flatten(1, 2), padding, dims), dw, v.flatten(2).sum((0, 2))

    return vjp


def _transposed(stride=1, padding=0, dilation=1, groups=1):
    """The gradients of a transposed convolution: x takes the convolution that it transposes."""

    def vjp(v, x, w, b):
        dims = w.dim() - 2
        wide = pad(v, [padding] * (2 * dims)).unflatten(1, (groups, -1))
        dx, dw = torch.zeros_like(x).unflatten(1, (groups, -1)), torch.zeros_like(w)
        kernel, by_group = w.unflatten(0, (groups, -1)), x.unflatten(1, (groups, -1))
        for tap, cells in _taps(w.shape[2:], x.shape[2:], stride, dilation):
            dx += torch.einsum("ngo...,gco->ngc...", wide[cells], kernel[tap])
            dw[tap] = torch.einsum("ngcs,ngos->gco", by_group.flatten(3), wide[cells].flatten(3)).flatten(0, 1)
        return dx.flatten(1, 2), dw, v.flatten(2).sum((0, 2))

    return vjp


def _time_first(v, x, w, b):
    """conv_tbc: time, batch, channel, and a kernel whose last dimension is the output's channel."""
    dx, dw, db = _convolved(padding=1)(v.permute(1, 2, 0), x.permute(1, 2, 0), w.permute(2, 1, 0), b)
    return dx.permute(2, 0, 1), dw.permute(2, 1, 0), db


def _complex(v, x, w):
    """Of a complex kernel the gradient has the conjugate."""
    v, x, w = (torch.view_as_complex(t.contiguous()) for t in (v, x, w))
    dx, dw = torch.zeros_like(x), torch.zeros_like(w)
    for tap in range(len(w)):
        cells = slice(tap, tap + len(v))
        dx[cells] += v * w[tap].conj()
        dw[tap] = (v * x[cells].conj()).sum()
    return torch.view_as_real(dx), torch.view_as_real(dw)


def _sizes(*sizes):
    return [dict(zip("xwb", shapes, strict=True)) for shapes in sizes]


def _at(x, w, b="[0.]"):
    return at(x, w=w, b=b)


def _conv(name, arguments, vjp, shapes, special, formula, gradient, **more):
    return VJP(
        f"torch.nn.functional.{name}",
        f"torch.nn.functional.{name}(x, w, b{arguments})",
        formula=formula,
        gradient=gradient,
        vjp=vjp,
        inputs={"x": normal, "w": normal, "b": normal},
        shapes=_sizes(*shapes),
        special=special,
        **more,
    )


BIAS = r" \qquad \bar{b}_o = \sum_{n,i} \bar{y}_{noi}"
CONV = r"y_{oi} = b_o + \sum_{c,k} w_{ock}\, x_{c,\,%s}"
CONV_BACK = (
    r"\bar{x}_{cp} = \sum_{o,i,k} w_{ock}\, \bar{y}_{oi}\,[\,p = %s\,] \qquad"
    r" \bar{w}_{ock} = \sum_{n,i} \bar{y}_{noi}\, x_{nc,\,%s}" + BIAS
)
BACKWARD = r"y_{op} = b_o + \sum_{c,i,k} x_{ci}\, w_{cok}\,[\,p = %s\,]"
BACKWARD_BACK = (
    r"\bar{x}_{ci} = \sum_{o,k} w_{cok}\, \bar{y}_{o,\,%s} \qquad"
    r" \bar{w}_{cok} = \sum_{n,i} x_{nci}\, \bar{y}_{no,\,%s} \qquad \bar{b}_o = \sum_{n,p} \bar{y}_{nop}"
)
GROUPED = r", \quad c \text{ in the group of } o"
OUTSIDE = r", \quad x = 0 \text{ outside}"
VOXELS = r", \quad i, k, p \text{ are triples}"

CONVOLUTIONS = [
    _conv(
        "conv1d",
        ", stride=2, padding=1",
        _convolved(stride=2, padding=1),
        [((1, 1, 5), (1, 1, 3), (1,)), ((2, 2, 6), (3, 2, 2), (3,)), ((1, 1, 1), (1, 1, 1), (1,))],
        {
            "two entries in no window": _at("[[[1., 2., 3.]]]", "[[[1.]]]"),
            "all-zero kernel": _at("[[[1., 2., 3.]]]", "[[[0., 0.]]]"),
            "inf times weight 0": _at(f"[[[1., {INF}, 3.]]]", "[[[0., 1.]]]"),
            "NaN weight": _at("[[[1., 2., 3.]]]", f"[[[1., {NAN}]]]"),
            "empty batch": _at((0, 1, 3), "[[[1., 2.]]]"),
        },
        CONV % "2i+k-1" + OUTSIDE,
        CONV_BACK % (("2i+k-1",) * 2),
        variant="stride=2, padding=1",
        also=("torch.conv1d",),
    ),
    _conv(
        "conv1d",
        ", dilation=2, groups=2",
        _convolved(dilation=2, groups=2),
        [((1, 2, 5), (2, 1, 3), (2,)), ((2, 4, 4), (2, 2, 2), (2,)), ((1, 2, 3), (4, 1, 2), (4,))],
        {
            "a gap in each window": _at("[[[1., 2., 3.], [4., 5., 6.]]]", "[[[1., 1.]], [[1., 1.]]]", "[0., 0.]"),
            "NaN in one group": _at(f"[[[1., 2., 3.], [{NAN}, 5., 6.]]]", "[[[1., 1.]], [[1., 1.]]]", "[0., 0.]"),
            "NaN in the gap": _at(f"[[[1., {NAN}, 3.], [4., 5., 6.]]]", "[[[1., 1.]], [[1., 1.]]]", "[0., 0.]"),
        },
        CONV % "i+2k" + GROUPED,
        CONV_BACK % (("i+2k",) * 2),
        variant="dilation=2, groups=2",
    ),
    _conv(
        "conv1d",
        ', padding="same", dilation=2',
        _convolved(padding=2, dilation=2),
        [((1, 1, 5), (1, 1, 3), (1,)), ((2, 2, 4), (3, 2, 3), (3,)), ((1, 1, 1), (1, 1, 3), (1,))],
        {
            "one entry": _at("[[[2.]]]", "[[[3., 5., 7.]]]"),
            "zeros": _at("[[[0., 0., 0.]]]", "[[[3., 5., 7.]]]"),
            "NaN": _at(f"[[[1., {NAN}, 2.]]]", "[[[3., 5., 7.]]]"),
        },
        CONV % "i+2k-2" + OUTSIDE,
        CONV_BACK % (("i+2k-2",) * 2),
        variant="padding=same, three taps, dilation=2",
    ),
    VJP(
        "torch.nn.functional.conv1d",
        "torch.view_as_real(torch.nn.functional.conv1d(torch.view_as_complex(x)[None],"
        " torch.view_as_complex(w)[None, None])[0])",
        variant="complex",
        formula=r"y_i = \sum_k w_k\, x_{i+k}, \quad x, w, y \in \mathbb{C}",
        gradient=r"\bar{x}_p = \sum_k w_k^*\, \bar{y}_{p-k} \qquad \bar{w}_k = \sum_i \bar{y}_i\, x_{i+k}^* \qquad"
        r" {}^* \text{: the conjugate}",
        vjp=_complex,
        inputs={"x": normal, "w": normal},
        shapes=[{"x": (n, 2), "w": (k, 2)} for n, k in ((5, 3), (4, 4), (3, 1))],
        special={
            "kernel i": at("[[1., 2.]]", w="[[0., 1.]]"),
            "zeros": at("[[0., 0.]]", w="[[0., 0.]]"),
            "NaN real part": at(f"[[{NAN}, 2.]]", w="[[0., 1.]]"),
        },
        excluded={"float32": "The call views pairs of float64 numbers as complex128."},
    ),
    _conv(
        "conv3d",
        "",
        _convolved(),
        [
            ((1, 1, 2, 3, 2), (1, 1, 2, 2, 1), (1,)),
            ((2, 2, 2, 2, 3), (3, 2, 1, 2, 2), (3,)),
            ((1, 1, 1, 1, 1), (1, 1, 1, 1, 1), (1,)),
        ],
        {
            "one voxel": _at("[[[[[2.]]]]]", "[[[[[3.]]]]]"),
            "all-zero kernel": _at("[[[[[1., 2., 3.]]]]]", "[[[[[0., 0.]]]]]"),
            "NaN voxel": _at(f"[[[[[1., 2., {NAN}]]]]]", "[[[[[1., 2.]]]]]"),
            "empty batch": _at((0, 1, 1, 1, 3), "[[[[[1., 2.]]]]]"),
        },
        CONV % "i+k" + VOXELS,
        CONV_BACK % (("i+k",) * 2),
        also=("torch.conv3d",),
    ),
    _conv(
        "conv3d",
        ", stride=2, dilation=2, groups=2",
        _convolved(stride=2, dilation=2, groups=2),
        [
            ((1, 2, 3, 3, 2), (2, 1, 2, 1, 1), (2,)),
            ((2, 4, 3, 2, 3), (2, 2, 2, 1, 2), (2,)),
            ((1, 2, 1, 1, 4), (4, 1, 1, 1, 2), (4,)),
        ],
        {
            "a column in no window": _at("[[[[[1., 2.]]], [[[3., 4.]]]]]", "[[[[[1.]]]], [[[[1.]]]]]", "[0., 0.]"),
            "zeros": _at("[[[[[0.]]], [[[0.]]]]]", "[[[[[1.]]]], [[[[1.]]]]]", "[0., 0.]"),
            "NaN in one group": _at(f"[[[[[1.]]], [[[{NAN}]]]]]", "[[[[[1.]]]], [[[[1.]]]]]", "[0., 0.]"),
        },
        CONV % "2i+2k" + GROUPED + VOXELS,
        CONV_BACK % (("2i+2k",) * 2),
        variant="stride=2, dilation=2, groups=2",
    ),
    _conv(
        "conv_transpose1d",
        "",
        _transposed(),
        [((1, 1, 4), (1, 1, 3), (1,)), ((2, 2, 3), (2, 3, 2), (3,)), ((1, 1, 1), (1, 1, 1), (1,))],
        {
            "windows overlap": _at("[[[1., 1.]]]", "[[[1., 1.]]]"),
            "all-zero kernel": _at("[[[1., 2.]]]", "[[[0., 0.]]]"),
            "inf times weight 0": _at(f"[[[{INF}, 1.]]]", "[[[1., 0.]]]"),
            "NaN": _at(f"[[[1., {NAN}]]]", "[[[1., 2.]]]"),
            "empty batch": _at((0, 1, 2), "[[[1., 2.]]]"),
        },
        BACKWARD % "i+k",
        BACKWARD_BACK % (("i+k",) * 2),
        also=("torch.conv_transpose1d",),
    ),
    _conv(
        "conv_transpose1d",
        ", stride=2, padding=1, output_padding=1, groups=2, dilation=2",
        _transposed(stride=2, padding=1, groups=2, dilation=2),
        [((1, 2, 4), (2, 1, 3), (2,)), ((2, 4, 3), (4, 2, 2), (4,)), ((1, 2, 2), (2, 3, 1), (6,))],
        {
            "cut off by the padding": _at("[[[1., 2.], [3., 4.]]]", "[[[1.]], [[1.]]]", "[0., 0.]"),
            "zeros": _at("[[[0., 0.], [0., 0.]]]", "[[[1.]], [[1.]]]", "[0., 0.]"),
            "NaN in one group": _at(f"[[[1., 2.], [3., {NAN}]]]", "[[[1.]], [[1.]]]", "[0., 0.]"),
        },
        BACKWARD % "2i+2k-1" + r", \quad o \text{ in the group of } c",
        BACKWARD_BACK % (("2i+2k-1",) * 2),
        variant="stride=2, padding=1, output_padding=1, groups=2, dilation=2",
    ),
    _conv(
        "conv_transpose3d",
        ", stride=2",
        _transposed(stride=2),
        [
            ((1, 1, 2, 1, 2), (1, 1, 2, 3, 1), (1,)),
            ((2, 2, 1, 2, 2), (2, 3, 1, 2, 2), (3,)),
            ((1, 1, 1, 1, 1), (1, 1, 1, 1, 1), (1,)),
        ],
        {
            "windows overlap": _at("[[[[[1., 1.]]]]]", "[[[[[1., 1., 1.]]]]]"),
            "windows meet": _at("[[[[[1., 1.]]]]]", "[[[[[1., 1.]]]]]"),
            "all-zero kernel": _at("[[[[[1., 2.]]]]]", "[[[[[0., 0.]]]]]"),
            "NaN": _at(f"[[[[[1., {NAN}]]]]]", "[[[[[1., 2.]]]]]"),
        },
        BACKWARD % "2i+k" + VOXELS,
        BACKWARD_BACK % (("2i+k",) * 2),
        variant="stride=2",
        also=("torch.conv_transpose3d",),
    ),
    VJP(
        "torch.conv_tbc",
        "torch.conv_tbc(x, w, b, 1)",
        formula=r"y_{ino} = b_o + \sum_{c,k} w_{kco}\, x_{i+k-1,\,n,\,c}" + OUTSIDE,
        gradient=r"\bar{x}_{pnc} = \sum_{o,k} w_{kco}\, \bar{y}_{p-k+1,\,n,\,o} \qquad"
        r" \bar{w}_{kco} = \sum_{i,n} \bar{y}_{ino}\, x_{i+k-1,\,n,\,c} \qquad"
        r" \bar{b}_o = \sum_{i,n} \bar{y}_{ino}",
        vjp=_time_first,
        inputs={"x": normal, "w": normal, "b": normal},
        shapes=_sizes(((4, 1, 1), (3, 1, 1), (1,)), ((3, 2, 2), (2, 2, 3), (3,)), ((1, 1, 1), (1, 1, 1), (1,))),
        special={
            "one time step": _at("[[[2.]]]", "[[[3.]]]"),
            "zeros": _at("[[[0.]], [[0.]]]", "[[[3.]]]"),
            "NaN": _at(f"[[[1.]], [[{NAN}]]]", "[[[3.]]]"),
        },
        excluded={"forward": "PyTorch has no forward mode for conv_tbc."},
    ),
]

# Windows as columns, and columns as windows


def _columns(kernel, stride=1, padding=0, dilation=1):
    """unfold reads each tap once for each window; backward adds it up."""

    def vjp(v, x):
        wide = torch.zeros_like(pad(x, [padding] * 4))
        counts = [(n - dilation * (k - 1) - 1) // stride + 1 for n, k in zip(wide.shape[-2:], kernel, strict=True)]
        by_tap = v.unflatten(-1, counts).unflatten(1, (x.shape[1], *kernel))
        for (_, i, j), cells in _taps(kernel, counts, stride, dilation):
            wide[cells] += by_tap[:, :, i, j]
        return (_crop(wide, padding, 2),)

    return vjp


def _back_to_columns(kernel, counts, stride=1, padding=0, dilation=1):
    """The gradient of fold is unfold: each column reads its place."""

    def vjp(v, x):
        wide = pad(v, [padding] * 4)
        found = x.new_zeros(x.shape[0], v.shape[1], *kernel, *counts)
        for (_, i, j), cells in _taps(kernel, counts, stride, dilation):
            found[:, :, i, j] = wide[cells]
        return (found.view_as(x),)

    return vjp


def _linear(name, call, vjp, shapes, special, formula, gradient, **more):
    return VJP(
        name,
        call,
        formula=formula,
        gradient=gradient,
        vjp=vjp,
        inputs={"x": more.pop("draw", normal)},
        shapes=[{"x": shape} for shape in shapes],
        special={label: at(x) for label, x in special.items()},
        **more,
    )


F = "torch.nn.functional."
UNFOLD = r"y_{(c,k),\,i} = x_{c,\,%s}"
UNFOLD_BACK = r"\bar{x}_{cp} = \sum_{i,k} \bar{y}_{(c,k),\,i}\,[\,p = %s\,]"
FOLD = r"y_{cp} = \sum_{i,k} x_{(c,k),\,i}\,[\,p = %s\,]"
FOLD_BACK = r"\bar{x}_{(c,k),\,i} = \bar{y}_{c,\,%s}"
PAIRS = r", \quad i, k, p \text{ are pairs}"

COLUMNS = [
    _linear(
        F + "unfold",
        F + "unfold(x, (1, 2))",
        _columns((1, 2)),
        [(1, 1, 1, 3), (2, 2, 3, 4), (1, 3, 2, 2)],
        {
            "windows overlap": "[[[[1., 2., 3.]]]]",
            "zeros": "[[[[0., 0.]]]]",
            "NaN": f"[[[[1., {NAN}, 3.]]]]",
            "empty batch": (0, 1, 1, 3),
        },
        UNFOLD % "i+k" + PAIRS,
        UNFOLD_BACK % "i+k",
    ),
    _linear(
        F + "unfold",
        F + "unfold(x, (2, 2), dilation=2, padding=1, stride=2)",
        _columns((2, 2), 2, 1, 2),
        [(1, 1, 3, 3), (2, 2, 4, 3), (1, 3, 2, 5)],
        {
            "both entries in no window": "[[[[1.], [2.]]]]",
            "NaN": f"[[[[1.], [{NAN}]]]]",
            "zeros": "[[[[0., 0.], [0., 0.]]]]",
        },
        UNFOLD % "2i+2k-1" + PAIRS + OUTSIDE,
        UNFOLD_BACK % "2i+2k-1",
        variant="dilation=2, padding=1, stride=2",
    ),
    _linear(
        F + "fold",
        F + "fold(x, (1, 3), (1, 2))",
        _back_to_columns((1, 2), (1, 2)),
        [(1, 2, 2), (2, 4, 2), (3, 2, 2)],
        {
            "windows overlap": "[[[1., 2.], [3., 4.]]]",
            "zeros": "[[[0., 0.], [0., 0.]]]",
            "NaN": f"[[[1., 2.], [{NAN}, 4.]]]",
            "empty batch": (0, 2, 2),
        },
        FOLD % "i+k" + PAIRS,
        FOLD_BACK % "i+k",
    ),
    _linear(
        F + "fold",
        F + "fold(x, (1, 3), (1, 2), padding=(0, 1), stride=(1, 3))",
        lambda v, x: (_padded_columns(v, x),),
        [(1, 2, 2), (2, 4, 2), (3, 2, 2)],
        {
            "columns in the padding": "[[[1., 2.], [3., 4.]]]",
            "NaN in the padding": f"[[[{NAN}, 2.], [3., 4.]]]",
            "zeros": "[[[0., 0.], [0., 0.]]]",
        },
        FOLD % "3i+k-1",
        FOLD_BACK % "3i+k-1" + r", \quad 0 \text{ in the padding}",
        variant="padding=(0, 1), stride=(1, 3)",
    ),
]


def _padded_columns(v, x):
    """Two windows of two columns, three apart, on three columns between two that are padded."""
    wide = pad(v, [1, 1])
    return torch.stack([wide[..., 0, 0:4:3], wide[..., 0, 1:5:3]], 2).reshape(x.shape)


# Pixels that move, and images of another size


def _shuffled(v, x):
    """Each block of 2 × 2 pixels goes back to four channels."""
    blocks = v.unflatten(-2, (-1, 2)).unflatten(-1, (-1, 2))  # …, channel, row, i, column, j
    return (blocks.movedim((-3, -1), (-4, -3)).flatten(-5, -3),)


def _unshuffled(v, x):
    blocks = v.unflatten(-3, (-1, 2, 2))  # …, channel, i, j, row, column
    return (blocks.movedim((-4, -3), (-3, -1)).flatten(-2).flatten(-3, -2),)


def _unmixed(v, x):
    """Two groups of channels that took turns stand one after the other again."""
    return (torch.cat([v[:, 0::2], v[:, 1::2]], 1),)


def _resized(weights):
    """Along the last two axes the transposed matrix of weights."""

    def vjp(v, x):
        for axis in (-2, -1):
            n, m = x.shape[axis], v.shape[axis]
            matrix = x.new_tensor([[weights(i, j, n, m) for i in range(m)] for j in range(n)])
            v = torch.tensordot(v, matrix, ([axis], [1])).movedim(-1, axis)
        return (v,)

    return vjp


def _nearest(i, j, n, m):
    return float(j == i * n // m)


def _hat(place, j, n):
    return max(0.0, 1 - abs(min(max(place, 0.0), n - 1.0) - j))


def _corners(i, j, n, m):
    return _hat(i * (n - 1) / (m - 1) if m > 1 else 0.0, j, n)


def _scaled(i, j, n, m):
    """The scale factor that was given places the pixels, not the ratio of the sizes."""
    return _hat((i + 0.5) / 1.5 - 0.5, j, n)


NO_BATCH = Defect(
    "empty batch",
    "The gradient is as empty as the input. On the CPU pixel_unshuffle returns what is empty in the shape of its input,"
    " and the backward pass raises an error.",
    {"gradient": None},
    reported="https://github.com/pytorch/pytorch/pull/192816",
)
IMAGES = [(1, 1, 3, 2), (2, 1, 2, 2), (1, 3, 1, 3)]
PIXELS = {"two pixels": "[[[[1., 2.]]]]", "one pixel": "[[[[1.]]]]", "NaN": f"[[[[1., {NAN}]]]]"}
RESIZED = r"y = A\, x\, B^\top"
RESIZED_BACK = r"\bar{x} = A^\top\, \bar{y}\, B, \qquad A_{ij} = "
HAT = r"\max\bigl(0, 1 - \lvert s_i - j \rvert\bigr), \quad s_i = "

SIZES = [
    _linear(
        F + "pixel_shuffle",
        F + "pixel_shuffle(x, 2)",
        _shuffled,
        [(4, 1, 1), (4, 2, 3), (2, 8, 2, 1)],
        {
            "one pixel": "[[[1.]], [[2.]], [[3.]], [[4.]]]",
            "zeros": "[[[0.]], [[0.]], [[0.]], [[0.]]]",
            "NaN": f"[[[1.]], [[{NAN}]], [[3.]], [[4.]]]",
            "empty batch": (0, 4, 1, 1),
        },
        r"y_{c,\,2h+i,\,2w+j} = x_{4c+2i+j,\,h,\,w}, \quad i, j \in \{0, 1\}",
        r"\bar{x}_{4c+2i+j,\,h,\,w} = \bar{y}_{c,\,2h+i,\,2w+j}",
        defects=(NO_BATCH,),
        also=("torch.pixel_shuffle",),
    ),
    _linear(
        F + "pixel_unshuffle",
        F + "pixel_unshuffle(x, 2)",
        _unshuffled,
        [(1, 2, 2), (2, 4, 2), (2, 1, 2, 6)],
        {
            "four pixels": "[[[1., 2.], [3., 4.]]]",
            "zeros": "[[[0., 0.], [0., 0.]]]",
            "NaN": f"[[[1., {NAN}], [3., 4.]]]",
            "empty batch": (0, 1, 2, 2),
        },
        r"y_{4c+2i+j,\,h,\,w} = x_{c,\,2h+i,\,2w+j}, \quad i, j \in \{0, 1\}",
        r"\bar{x}_{c,\,2h+i,\,2w+j} = \bar{y}_{4c+2i+j,\,h,\,w}",
        defects=(NO_BATCH,),
        also=("torch.pixel_unshuffle",),
    ),
    _linear(
        F + "channel_shuffle",
        F + "channel_shuffle(x, 2)",
        _unmixed,
        [(1, 4, 1), (2, 2, 3), (1, 6, 2, 2)],
        {
            "four channels": "[[[1.], [2.], [3.], [4.]]]",
            "zeros": "[[[0.], [0.], [0.], [0.]]]",
            "NaN": f"[[[1.], [{NAN}], [3.], [4.]]]",
        },
        r"y_{2c+g} = x_{g\,C/2+c}, \quad g \in \{0, 1\}",
        r"\bar{x}_{g\,C/2+c} = \bar{y}_{2c+g}",
        also=("torch.channel_shuffle",),
    ),
    VJP(
        "torch.nn.functional.native_channel_shuffle",
        F + "native_channel_shuffle(x, 2)",
        formula=r"y_{2c+g} = x_{g\,C/2+c}, \quad g \in \{0, 1\}",
        gradient=r"\bar{x}\ \text{is not implemented}",
        inputs={"x": normal},
        special={"four channels": at("[[[1.], [2.], [3.], [4.]]]")},
        also=("torch.native_channel_shuffle",),
        excluded={"shapes": "Its output requires grad, but there is no derivative that could be compared."},
    ),
    _linear(
        F + "interpolate",
        F + 'interpolate(x, size=(2, 3), mode="nearest")',
        _resized(_nearest),
        IMAGES,
        PIXELS,
        RESIZED,
        RESIZED_BACK + r"[\,j = \lfloor i\, n / m \rfloor\,]",
        variant="nearest, two axes",
        also=(F + "upsample_nearest",),
    ),
    _linear(
        F + "interpolate",
        F + 'interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)',
        _resized(_corners),
        IMAGES,
        PIXELS,
        RESIZED,
        RESIZED_BACK + HAT + r"i\, \frac{n - 1}{2 n - 1}",
        variant="bilinear, align_corners=True, scale_factor=2",
        also=(F + "upsample_bilinear",),
    ),
    _linear(
        F + "interpolate",
        F + 'interpolate(x, scale_factor=1.5, mode="bilinear")',
        _resized(_scaled),
        IMAGES,
        {"three to four": "[[[[1., 2., 3.]]]]", "one pixel": "[[[[1.]]]]", "NaN": f"[[[[1., {NAN}]]]]"},
        RESIZED,
        RESIZED_BACK + HAT + r"\frac{i + \frac12}{1.5} - \tfrac12 \text{, clipped to } [0, n - 1]",
        variant="bilinear, scale_factor=1.5",
    ),
]


def _between(place, n, padding):
    """The two entries that a place reads along an axis: index, weight, slope of the weight."""
    place, slope = (place + 1) * n / 2 - 0.5, n / 2
    if padding == "border" and not 0 < place < n - 1:
        place, slope = min(max(place, 0.0), n - 1.0), 0.0
    left = math.floor(place)
    return [(left, left + 1 - place, -slope), (left + 1, place - left, slope)]


def _closest(place, n, padding):
    return [(round((place + 1) * n / 2 - 0.5), 1.0, 0.0)]


def _sampled(taps, padding):
    """Of each place the gradient of the voxels that it reads, and of its three coordinates."""

    def vjp(v, x, g):
        dx, dg = torch.zeros_like(x), torch.zeros_like(g)
        for p, place in enumerate(g.tolist()):
            axes = [taps(at, n, padding) for at, n in zip(place, x.shape[::-1], strict=True)]
            for (k, wx, sx), (j, wy, sy), (i, wz, sz) in product(*axes):
                if all(0 <= at < n for at, n in zip((i, j, k), x.shape, strict=True)):
                    dx[i, j, k] += v[p] * wx * wy * wz
                    slopes = x.new_tensor([sx * wy * wz, wx * sy * wz, wx * wy * sz])
                    dg[p] += v[p] * slopes * x[i, j, k]
        return dx, dg

    return vjp


def _grid(mode, padding, taps, formula, gradient, special):
    options = f'mode="{mode}", padding_mode="{padding}", align_corners=False'
    return VJP(
        F + "grid_sample",
        F + f"grid_sample(x[None, None], g[None, None, None], {options}).flatten()",
        variant=f"volume, {mode}, {padding}",
        formula=formula,
        gradient=gradient,
        vjp=_sampled(taps, padding),
        inputs={"x": normal, "g": uniform(-1.4, 1.4)},
        shapes=[{"x": (2, 3, 4), "g": (3, 3)}, {"x": (2, 2, 2), "g": (4, 3)}, {"x": (3, 1, 2), "g": (2, 3)}],
        special={label: at("[[[1., 4., 9.]]]", g=f"[[{place}, 0., 0.]]") for label, place in special.items()},
        excluded={}
        if "grid_sampler_3d_jvp" in YAML
        else {"forward": "grid_sample of a volume has no forward mode in this release."},
    )


PLACE = r"u = \tfrac{W}{2}(g_x + 1) - \tfrac12 \text{, } q, r \text{ likewise}"
VOLUME = r"y = \sum_{i,j,k} h(q - i)\, h(r - j)\, h(u - k)\, x_{ijk}, \quad h(t) = \max(0, 1 - \lvert t \rvert), \quad "
VOLUME_BACK = (
    r"\bar{x}_{ijk} = h(q - i)\, h(r - j)\, h(u - k)\, \bar{y} \qquad"
    r" \bar{g}_x = \tfrac{W}{2}\, \bar{y} \sum_{i,j} h(q - i)\, h(r - j)\,"
    r" \bigl(x_{ij,\lfloor u \rfloor + 1} - x_{ij,\lfloor u \rfloor}\bigr)"
)
GRIDS = [
    _grid(
        "bilinear",
        "zeros",
        _between,
        VOLUME + PLACE,
        VOLUME_BACK,
        {"between voxels along x": "0.25", "on a voxel": "0.", "beyond": "2.", "NaN": NAN},
    ),
    _grid(
        "bilinear",
        "border",
        _between,
        VOLUME + PLACE + r" \text{, clipped}",
        VOLUME_BACK + r", \quad 0 \text{ where } u \text{ was clipped}",
        {"between voxels along x": "0.25", "at the border": "1.", "beyond": "2.", "NaN": NAN},
    ),
    _grid(
        "nearest",
        "zeros",
        _closest,
        r"y = x_{q'r'u'} \text{, } 0 \text{ outside}, \quad (q', r', u') = \operatorname{round}(q, r, u), \quad "
        + PLACE,
        r"\bar{x}_{ijk} = \bar{y}\,[\,i = q',\ j = r',\ k = u'\,] \qquad \bar{g} = 0",
        {"on a voxel": "0.", "beyond": "2.", "NaN": NAN},
    ),
]

RULES = [*CONVOLUTIONS, *COLUMNS, *SIZES, *GRIDS]
