"""Convolutions: each gradient is a convolution again."""

import torch
from torch.nn.functional import fold, unfold

from livedocs.declare import VJP, normal


def _tensor(text: str) -> str:
    return f"torch.tensor({text}, dtype=torch.float64)"


def _window(stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1):
    """The two gradients by matrices: the windows of x as columns, times the cotangent."""

    def vjp(v, x, w):
        where = {"kernel_size": w.shape[2:], "stride": stride, "padding": padding, "dilation": dilation}
        v = v.flatten(2).unflatten(1, (groups, -1))  # n, group, output channel, window
        columns = unfold(x, **where).unflatten(1, (groups, -1))  # n, group, entry of the window, window
        kernel = w.flatten(1).unflatten(0, (groups, -1))
        back = torch.einsum("ngow,gok->ngkw", v, kernel).flatten(1, 2)
        return fold(back, x.shape[2:], **where), torch.einsum("ngow,ngkw->gok", v, columns).reshape(w.shape)

    return vjp


def _plane(vjp):
    """The same for one channel of one image."""

    def one(v, x, w):
        dx, dw = vjp(v[None, None], x[None, None], w[None, None])
        return dx[0, 0], dw[0, 0]

    return one


def _with_bias(v, x, w, b):
    return *_plane(_window())(v, x, w), v.sum()[None]


def _one_dimension(v, x, w):
    dx, dw = _plane(_window())(v[None], x[None], w[None])
    return dx[0], dw[0]


def _transposed(stride: int):
    """The gradient of a transposed convolution is the convolution that it transposes."""

    def vjp(v, x, w):
        columns = unfold(v, w.shape[2:], stride=stride)
        dx = torch.einsum("ck,nkw->ncw", w.flatten(1), columns).reshape(x.shape)
        return dx, torch.einsum("ncw,nkw->ck", x.flatten(2), columns).reshape(w.shape)

    return vjp


IMAGE = _tensor("[[1., 2., 3.], [4., 5., 6.]]")
KERNEL = _tensor("[[1., -1.], [2., 0.]]")
SPECIAL = {
    "all-zero kernel": {"x": IMAGE, "w": _tensor("[[0., 0.], [0., 0.]]")},
    "constant image": {"x": _tensor("[[5., 5., 5.], [5., 5., 5.]]"), "w": KERNEL},
    "NaN pixel": {"x": _tensor("[[1., 2., float('nan')], [4., 5., 6.]]"), "w": KERNEL},
    "NaN weight": {"x": IMAGE, "w": _tensor("[[1., -1.], [float('nan'), 0.]]")},
}
SHAPES = [{"x": (5, 4), "w": (3, 2)}, {"x": (4, 4), "w": (3, 3)}, {"x": (3, 5), "w": (2, 2)}]
BACK = [{"x": (3, 2), "w": (3, 2)}, {"x": (3, 3), "w": (2, 2)}, {"x": (1, 1), "w": (2, 3)}]
GROUPS = [
    {"x": (1, 2, 5, 4), "w": (2, 1, 3, 2)},
    {"x": (2, 4, 4, 4), "w": (2, 2, 3, 3)},
    {"x": (1, 2, 3, 3), "w": (4, 1, 2, 2)},
]


RULES = [
    VJP(
        "torch.nn.functional.conv2d",
        "torch.nn.functional.conv2d(x[None], w[None, None], b)[0]",
        formula=r"y = b + w \star x, \qquad y_{ij} = b + \sum_{k,l} w_{kl}\, x_{i+k,\,j+l}",
        gradient=r"\bar{x}_{pq} = \sum_{k,l} w_{kl}\, \bar{y}_{p-k,\,q-l} \qquad"
        r" \bar{w}_{kl} = \sum_{i,j} \bar{y}_{ij}\, x_{i+k,\,j+l} \qquad \bar{b} = \sum_{i,j} \bar{y}_{ij}",
        vjp=_with_bias,
        inputs={"x": normal, "w": normal, "b": normal},
        shapes=[{**shapes, "b": (1,)} for shapes in SHAPES],
        special={label: {**inputs, "b": _tensor("[0.]")} for label, inputs in SPECIAL.items()},
        also=("torch.conv2d",),
    ),
    VJP(
        "torch.nn.functional.conv2d",
        "torch.nn.functional.conv2d(x[None], w[None, None], stride=2, padding=1)[0]",
        variant="stride=2, padding=1",
        formula=r"y_{ij} = \sum_{k,l} w_{kl}\, x_{2i+k-1,\,2j+l-1}",
        gradient=r"\bar{x}_{pq} = \sum_{i,j} w_{p+1-2i,\,q+1-2j}\, \bar{y}_{ij} \qquad"
        r" \bar{w}_{kl} = \sum_{i,j} \bar{y}_{ij}\, x_{2i+k-1,\,2j+l-1}",
        vjp=_plane(_window(stride=2, padding=1)),
        inputs={"x": normal, "w": normal},
        shapes=SHAPES,
        special={
            "all-zero kernel": SPECIAL["all-zero kernel"],
            "columns in no window": {"x": _tensor("[[1., 2., 3., 4.]]"), "w": _tensor("[[1.], [1.], [1.]]")},
        },
    ),
    VJP(
        "torch.nn.functional.conv2d",
        "torch.nn.functional.conv2d(x[None], w[None, None], dilation=2)[0]",
        variant="dilation=2",
        formula=r"y_{ij} = \sum_{k,l} w_{kl}\, x_{i+2k,\,j+2l}",
        gradient=r"\bar{x}_{pq} = \sum_{k,l} w_{kl}\, \bar{y}_{p-2k,\,q-2l} \qquad"
        r" \bar{w}_{kl} = \sum_{i,j} \bar{y}_{ij}\, x_{i+2k,\,j+2l}",
        vjp=_plane(_window(dilation=2)),
        inputs={"x": normal, "w": normal},
        shapes=[{**shapes, "x": (6, 5)} for shapes in SHAPES],
        special={
            "a column in no window": {"x": _tensor("[[1., 2., 3.]]"), "w": _tensor("[[1., 1.]]")},
            "NaN in no window": {"x": _tensor("[[1., float('nan'), 3.]]"), "w": _tensor("[[1., 1.]]")},
        },
    ),
    VJP(
        "torch.nn.functional.conv2d",
        "torch.nn.functional.conv2d(x, w, groups=2)",
        variant="groups=2",
        formula=r"y_o = \sum_{c \,\in\, \text{group of } o} w_{oc} \star x_c",
        gradient=r"\bar{x}_c = \sum_{o \,\in\, \text{group of } c} \texttt{conv\_transpose2d}(\bar{y}_o, w_{oc})"
        r" \qquad \bar{w}_{oc} = \bar{y}_o \star x_c",
        vjp=_window(groups=2),
        inputs={"x": normal, "w": normal},
        shapes=GROUPS,
        special={
            "NaN in one group": {
                "x": _tensor("[[[[1., 2.]], [[3., float('nan')]]]]"),
                "w": _tensor("[[[[1.]]], [[[1.]]]]"),
            },
            "zero weight in one group": {
                "x": _tensor("[[[[1., 2.]], [[3., 4.]]]]"),
                "w": _tensor("[[[[1.]]], [[[0.]]]]"),
            },
            "empty batch": {
                "x": "torch.zeros(0, 2, 1, 2, dtype=torch.float64)",
                "w": _tensor("[[[[1.]]], [[[1.]]]]"),
            },
        },
    ),
    VJP(
        "torch.nn.functional.conv_transpose2d",
        "torch.nn.functional.conv_transpose2d(x[None], w[None, None])[0]",
        formula=r"y_{pq} = \sum_{k,l} w_{kl}\, x_{p-k,\,q-l}",
        gradient=r"\bar{x}_{ij} = \sum_{k,l} w_{kl}\, \bar{y}_{i+k,\,j+l} \qquad"
        r" \bar{w}_{kl} = \sum_{i,j} x_{ij}\, \bar{y}_{i+k,\,j+l}",
        vjp=_plane(_transposed(stride=1)),
        inputs={"x": normal, "w": normal},
        shapes=BACK,
        special={label: SPECIAL[label] for label in ("all-zero kernel", "NaN pixel")},
        also=("torch.conv_transpose2d",),
    ),
    VJP(
        "torch.nn.functional.conv_transpose2d",
        "torch.nn.functional.conv_transpose2d(x[None], w[None, None], stride=2)[0]",
        variant="stride=2",
        formula=r"y_{pq} = \sum_{i,j} w_{p-2i,\,q-2j}\, x_{ij}",
        gradient=r"\bar{x}_{ij} = \sum_{k,l} w_{kl}\, \bar{y}_{2i+k,\,2j+l} \qquad"
        r" \bar{w}_{kl} = \sum_{i,j} x_{ij}\, \bar{y}_{2i+k,\,2j+l}",
        vjp=_plane(_transposed(stride=2)),
        inputs={"x": normal, "w": normal},
        shapes=BACK,
        special={
            "windows overlap": {"x": _tensor("[[1., 1., 1.]]"), "w": _tensor("[[1., 1., 1.]]")},
            "windows meet": {"x": _tensor("[[1., 1., 1.]]"), "w": _tensor("[[1., 1.]]")},
        },
    ),
    VJP(
        "torch.nn.functional.conv1d",
        "torch.nn.functional.conv1d(x[None], w[None, None])[0]",
        formula=r"y_i = \sum_k w_k\, x_{i+k}",
        gradient=r"\bar{x}_p = \sum_k w_k\, \bar{y}_{p-k} \qquad \bar{w}_k = \sum_i \bar{y}_i\, x_{i+k}",
        vjp=_one_dimension,
        inputs={"x": normal, "w": normal},
        shapes=[{"x": (5,), "w": (3,)}, {"x": (4,), "w": (4,)}, {"x": (3,), "w": (1,)}],
        special={
            "all-zero kernel": {"x": _tensor("[1., 2., 3.]"), "w": _tensor("[0., 0.]")},
            "NaN entry": {"x": _tensor("[1., 2., float('nan')]"), "w": _tensor("[1., 2.]")},
        },
        also=("torch.conv1d",),
    ),
]
