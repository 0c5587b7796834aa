"""Tensors put together, and padded: the gradient of each is the part of the cotangent where it stands."""

import torch

from livedocs.declare import INF, NAN, VJP, at, normal, same_shapes


def _apart(dim):
    """The gradients of a concatenation: the cotangent, cut where the first tensor ends."""

    def vjp(v, x, y):
        return tuple(
            part.reshape(one.shape) for part, one in zip(_cut(v, dim, x.numel(), y.numel()), (x, y), strict=True)
        )

    return vjp


def _cut(v, dim, first, second):
    size = v.shape[dim] * first // (first + second)
    return v.narrow(dim, 0, size), v.narrow(dim, size, v.shape[dim] - size)


def _stacked(v, x, y):
    return v.unbind()


def _columns(v, x, y):
    return v[:, 0], v[:, 1]


def _grid(first):
    """The gradients of two grids, of which ``first`` is the dimension of ``x``."""

    def vjp(v, x, y):
        return v[0].sum(1 - first), v[1].sum(first)

    return vjp


def _padded(v, x, y):
    return v[0, : len(x)], v[1, : len(y)]


def _packed(v, x):
    """Two sequences in columns, of the lengths 2 and 1: one step of both, then one of the first."""
    grad = torch.zeros_like(x)
    grad[0, 0], grad[0, 1], grad[1, 0] = v
    return (grad,)


def _unpacked(v, x):
    inside = torch.zeros_like(x)
    inside[0], inside[1, 0] = v[0], v[1, 0]
    return (inside,)


def _second(v, x):
    grad = torch.zeros_like(x)
    grad[1, :1] = v
    return (grad,)


def _by_steps(v, x, y):
    """The steps of two sequences in turn; the first one is not the shorter one."""
    steps = [(0, t) if one == 0 else (1, t) for t in range(len(x)) for one in range(1 + (t < len(y)))]
    parts = [[entry for (one, _), entry in zip(steps, v, strict=True) if one == which] for which in (0, 1)]
    return tuple(torch.stack(part) for part in parts)


EACH = r"\bar{x} = \bar{z} \text{ where } x \text{ stands} \qquad \bar{y} = \bar{z} \text{ where } y \text{ stands}"
VECTORS = [{"x": (n,), "y": (m,)} for n, m in ((1, 1), (2, 3), (4, 1))]
SQUARES = same_shapes("x", "y")
JOINED = {
    "two and one": at("[1., 2.]", y="[3.]"),
    "two and none": at("[1., 2.]", y="[]"),
    "a NaN, an infinity": at(f"[{NAN}]", y=f"[{INF}, 1.]"),
}
EQUALS = {
    "two and two": at("[1., 2.]", y="[3., 4.]"),
    "one and one": at("[1.]", y="[3.]"),
    "a NaN, an infinity": at(f"[{NAN}, 1.]", y=f"[{INF}, 1.]"),
}
SEQUENCES = [{"x": shape} for shape in ((2, 2), (2, 2, 3), (2, 2, 1))]
LENGTHS = {"two steps and one": "[[1., 2.], [3., 0.]]", "a NaN in the padding": f"[[1., 2.], [3., {NAN}]]"}
PADDING = r"\bar{x} = \begin{cases} \bar{z} \text{ of its place} & \text{in a sequence} \\ 0 & \text{in the padding}"
PADDING += r" \end{cases}"
NO_FORWARD = "Forward mode of _pack_padded_sequence is not implemented."
NUMBERS = {"two numbers, 0-d": at("1.", y="2.")}


def _two(function, call, formula, vjp, shapes, special, gradient=EACH, **rule):
    return VJP(
        function,
        call,
        formula=formula,
        gradient=gradient,
        vjp=vjp,
        inputs={"x": normal, "y": normal},
        shapes=shapes,
        special=special,
        **rule,
    )


def _one(function, call, formula, gradient, vjp, shapes, special, **rule):
    return VJP(
        function,
        call,
        formula=formula,
        gradient=gradient,
        vjp=vjp,
        inputs={"x": normal},
        shapes=shapes,
        special={label: at(text) for label, text in special.items()},
        **rule,
    )


RULES = [
    _two(
        "torch.cat",
        "torch.cat((x, y))",
        r"z = (x_1, \dots, x_n, y_1, \dots, y_m)",
        _apart(0),
        [*VECTORS, {"x": (2, 3), "y": (4, 3)}],
        JOINED,
        also=("torch.concat", "torch.concatenate"),
    ),
    _two(
        "torch.cat",
        "torch.cat((x, x, y))",
        r"z = (x, x, y)",
        lambda v, x, y: (v[: len(x)] + v[len(x) : 2 * len(x)], v[2 * len(x) :]),
        [*VECTORS, {"x": (2, 3), "y": (4, 3)}],
        {"two, twice, and one": at("[1., 2.]", y="[3.]"), "a NaN, twice": at(f"[{NAN}]", y="[3.]")},
        gradient=r"\bar{x} = \bar{z} \text{ where } x \text{ stands first} + \bar{z} \text{ where it stands again}",
        variant="one tensor twice",
    ),
    _two("torch.stack", "torch.stack((x, y))", r"z_1 = x, \quad z_2 = y", _stacked, SQUARES, EQUALS | NUMBERS),
    _two(
        "torch.hstack",
        "torch.hstack((x, y))",
        r"z = (x_1, \dots, x_n, y_1, \dots, y_m)",
        _apart(-1),
        [*VECTORS, {"x": (), "y": ()}, {"x": (2, 3), "y": (2, 1)}],
        JOINED | NUMBERS,
    ),
    _two(
        "torch.vstack",
        "torch.vstack((x, y))",
        r"z = \begin{pmatrix} x \\ y \end{pmatrix}",
        _apart(0),
        [*SQUARES, {"x": (1, 3), "y": (2, 3)}],
        EQUALS | NUMBERS,
        also=("torch.row_stack",),
    ),
    _two(
        "torch.dstack",
        "torch.dstack((x, y))",
        r"z_{ij} = (x_{ij}, y_{ij})",
        _apart(-1),
        SQUARES,
        EQUALS | NUMBERS,
    ),
    _two(
        "torch.column_stack",
        "torch.column_stack((x, y))",
        r"z_i = (x_i, y_i)",
        _columns,
        [{"x": (n,), "y": (n,)} for n in (1, 3, 4)],
        EQUALS,
    ),
    *(
        _two(
            "torch.meshgrid",
            f"torch.stack(torch.meshgrid(x, y, indexing='{how}'))",
            formula,
            _grid(first),
            VECTORS,
            {
                "two and one": at("[1., 2.]", y="[3.]"),
                "two and none": at("[1., 2.]", y="[]"),
                "a NaN, an infinity": at(f"[{NAN}]", y=f"[{INF}, 1.]"),
            },
            gradient=gradient,
            variant=how,
        )
        for how, first, formula, gradient in (
            (
                "ij",
                0,
                r"z_{1ij} = x_i, \quad z_{2ij} = y_j",
                r"\bar{x}_i = \sum_j \bar{z}_{1ij} \qquad \bar{y}_j = \sum_i \bar{z}_{2ij}",
            ),
            (
                "xy",
                1,
                r"z_{1ji} = x_i, \quad z_{2ji} = y_j",
                r"\bar{x}_i = \sum_j \bar{z}_{1ji} \qquad \bar{y}_j = \sum_i \bar{z}_{2ji}",
            ),
        )
    ),
    _one(
        "torch.constant_pad_nd",
        "torch.constant_pad_nd(x, (1, 2), 7.)",
        r"z = (7, x_1, \dots, x_n, 7, 7)",
        r"\bar{x}_i = \bar{z}_{i+1}",
        lambda v, x: (v[..., 1:-2],),
        [{"x": shape} for shape in ((1,), (4,), (2, 3))],
        {"two entries": "[1., 2.]", "empty": "[]", "a NaN": f"[1., {NAN}]"},
    ),
    _one(
        "torch.constant_pad_nd",
        "torch.constant_pad_nd(x, (-1, 1), 7.)",
        r"z = (x_2, \dots, x_n, 7)",
        r"\bar{x}_1 = 0, \quad \bar{x}_i = \bar{z}_{i-1}",
        lambda v, x: (torch.cat((torch.zeros_like(v[..., :1]), v[..., :-1]), -1),),
        [{"x": shape} for shape in ((2,), (4,), (2, 3))],
        {"two entries": "[1., 2.]", "a NaN is cut off": f"[{NAN}, 2.]", "a NaN stays": f"[1., {NAN}]"},
        variant="negative",
    ),
    _two(
        "torch.nn.utils.rnn.pad_sequence",
        "torch.nn.utils.rnn.pad_sequence([x, y], batch_first=True)",
        r"z_1 = (x, 0, \dots), \quad z_2 = (y, 0, \dots)",
        _padded,
        VECTORS,
        {
            "two and one": at("[1., 2.]", y="[3.]"),
            "two and none": at("[1., 2.]", y="[]"),
            "a NaN, an infinity": at(f"[{NAN}]", y=f"[{INF}, 1.]"),
        },
    ),
    _two(
        "torch.nn.utils.rnn.pack_sequence",
        "torch.nn.utils.rnn.pack_sequence([x, y]).data",
        r"z = (x_1, y_1, x_2, y_2, \dots)",
        _by_steps,
        [{"x": (n,), "y": (m,)} for n, m in ((1, 1), (3, 2), (4, 1))],
        {"two and one": at("[1., 2.]", y="[3.]"), "a NaN, an infinity": at(f"[{NAN}, 1.]", y=f"[{INF}]")},
        excluded={"forward": NO_FORWARD},
    ),
    _one(
        "torch.nn.utils.rnn.pack_padded_sequence",
        "torch.nn.utils.rnn.pack_padded_sequence(x, [2, 1]).data",
        r"z = (x_{11}, x_{12}, x_{21})",
        PADDING,
        _packed,
        SEQUENCES,
        LENGTHS,
        excluded={"forward": NO_FORWARD},
    ),
    _one(
        "torch.nn.utils.rnn.pad_packed_sequence",
        "torch.nn.utils.rnn.pad_packed_sequence(torch.nn.utils.rnn.pack_padded_sequence(x, [2, 1]))[0]",
        r"z = x \text{, with } 0 \text{ for the padding}",
        PADDING,
        _unpacked,
        SEQUENCES,
        LENGTHS,
        excluded={"forward": NO_FORWARD},
    ),
    _one(
        "torch.nn.utils.rnn.unpad_sequence",
        "torch.nn.utils.rnn.unpad_sequence(x, torch.tensor([2, 1]), batch_first=True)[1]",
        r"z = x_{21} \text{, the second of two sequences}",
        r"\bar{x}_{21} = \bar{z}, \quad \bar{x} = 0 \text{ elsewhere}",
        _second,
        SEQUENCES,
        LENGTHS,
    ),
]
