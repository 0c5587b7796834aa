"""Shapes, order, copies and dtypes: each output is one entry of the input, so each entry gets the sum of its copies."""

import torch

from livedocs.declare import INF, NAN, VJP, Defect, Piece, Pieces, at, normal, oo, x


def _both(first: str, second: str) -> dict[str, str]:
    return at(first, y=second)


def _back(v, x):
    return (v.reshape(x.shape),)


def _sum_to(v, shape):
    """The sum over all copies that broadcasting to the cotangent's shape makes."""
    while v.ndim > len(shape):
        v = v.sum(0)
    stretched = tuple(d for d, size in enumerate(shape) if size == 1 and v.shape[d] != 1)
    return v.sum(stretched, keepdim=True) if stretched else v


def _copies(v, shape, repeats):
    """The sum over the copies of a tensor that is laid like tiles, ``repeats`` of them along each dimension."""
    shape = (1,) * (len(repeats) - len(shape)) + tuple(shape)
    paired = [size for pair in zip(repeats, shape, strict=True) for size in pair]
    return v.reshape(paired).sum(tuple(range(0, len(paired), 2)))


def _rot90(v, x):
    return (v.flip(0).transpose(0, 1),)


def _fill(v, x, y):
    return torch.zeros_like(x), v.sum()


def _swap(v, x):
    return (v.transpose(0, 1),)


def _broadcast(v, x, y):
    return _sum_to(v[0], x.shape), _sum_to(v[1], y.shape)


NUMBERS = at(f"[[1., {NAN}], [{INF}, -0.]]")
MATRICES = [{"x": shape} for shape in ((2, 3), (1, 4), (3, 1))]
SQUARE = {
    "a NaN, an infinity, −0": NUMBERS,
    "one row": at("[[1., 2.]]"),
    "no rows": at((0, 2)),
}
ONE_NUMBER = {"one number, 0-d": at("3.")}
EMPTY = {"empty": at((0,))}
ANY = SQUARE | ONE_NUMBER
SHAPES = [{"x": shape} for shape in ((), (5,), (2, 3), (2, 1, 3))]
LINES = [{"x": shape} for shape in ((1,), (4,), (2, 3))]
LINE = {"two entries": at("[1., 2.]"), "a NaN, an infinity": at(f"[{NAN}, {INF}, 1.]"), **EMPTY}
SMALL = {"1 and 1/3": at("[1., 1 / 3]"), "1e-50 becomes 0": at("[1e-50, 1.]")}
POINTS = ("0.0", "-0.0", INF, NAN)

SAME = r"\bar{x} = \bar{z} \text{ in the shape of } x"
TURNED = r"\bar{x}_{ij} = \bar{z}_{ji}"
OTHERS = r"\bar{x}_{i} = \sum_{k} \bar{z}_{ki}"


def _rule(function, call, formula, gradient, vjp, shapes, special, **rule):
    return VJP(
        function,
        call,
        formula=formula,
        gradient=gradient,
        vjp=vjp,
        inputs={"x": normal},
        shapes=shapes,
        special=special,
        **rule,
    )


def _reshaped(function, call, words, shapes=SHAPES, special=ANY, **rule):
    """A rule for a function that leaves the entries in their order."""
    return _rule(function, call, rf"z = {words}", SAME, _back, shapes, special, **rule)


def _permuted(function, call, formula, gradient, vjp, shapes=MATRICES, special=SQUARE, **rule):
    return _rule(function, call, formula, gradient, vjp, shapes, special, **rule)


RULES = [
    _reshaped(
        "torch.reshape",
        "torch.reshape(x, (-1, 1))",
        r"x \text{ as one column}",
        special=SQUARE | ONE_NUMBER | {"no rows": at((0, 1))},
        also=("torch.Tensor.reshape", "torch.Tensor.reshape_as"),
    ),
    _reshaped(
        "torch.Tensor.view",
        "x.view(x.numel(), 1)",
        r"x \text{ as one column}",
        also=("torch.Tensor.view_as", "torch.view_copy"),
    ),
    _rule(
        "torch.Tensor.view",
        "torch.view_as_real(x.view(torch.complex128))",
        r"z = (x_1, x_2), \dots \text{, each pair read as one complex number}",
        r"\text{none: the output is detached, although } z \text{ has the entries of } x",
        None,
        [{"x": shape} for shape in ((2,), (4,), (3, 2))],
        {"one pair": at("[1., 2.]")},
        variant="dtype",
        excluded={"float32": "Two numbers of float32 make no complex128."},
        defects=(
            Defect(
                "one pair",
                "The output does not require grad, and nothing says so. view_as_complex has a gradient.",
                {"gradient": None},
                reported="https://github.com/pytorch/pytorch/issues/68208",
            ),
        ),
    ),
    _reshaped("torch.flatten", "torch.flatten(x)", r"(x_1, \dots, x_n)", also=("torch.Tensor.flatten",), complex=True),
    _reshaped("torch.ravel", "torch.ravel(x)", r"(x_1, \dots, x_n)", also=("torch.Tensor.ravel",), complex=True),
    _reshaped(
        "torch.unflatten",
        "torch.unflatten(x, 0, (-1, 2))",
        r"x \text{ in rows of } 2",
        shapes=[{"x": shape} for shape in ((2,), (6,), (4, 3))],
        special={"two rows": at("[1., 2., 3., 4.]"), "one row": at("[1., 2.]"), "a NaN": at(f"[1., {NAN}]")},
        also=("torch.Tensor.unflatten",),
    ),
    _reshaped(
        "torch.squeeze",
        "torch.squeeze(x)",
        r"x \text{ without the dimensions of size } 1",
        shapes=[{"x": shape} for shape in ((), (1, 4), (2, 1, 3))],
        also=("torch.Tensor.squeeze", "torch.squeeze_copy"),
        complex=True,
    ),
    _reshaped(
        "torch.unsqueeze",
        "torch.unsqueeze(x, 0)",
        r"(x)",
        also=("torch.Tensor.unsqueeze", "torch.unsqueeze_copy"),
        complex=True,
    ),
    *(
        _reshaped(
            f"torch.atleast_{n}d",
            f"torch.atleast_{n}d(x)",
            rf"x \text{{ with {n} dimension{'s' * (n > 1)} or more}}",
            complex=True,
        )
        for n in (1, 2, 3)
    ),
    _permuted(
        "torch.Tensor.mT",  # torch.t and Tensor.T are names of one letter, which the search does not look for
        "x.mT",
        r"z = x^\top",
        r"\bar{x} = \bar{z}^\top",
        lambda v, x: (v.transpose(-2, -1),),
        shapes=[*MATRICES, {"x": (2, 3, 2)}],
        also=("torch.t_copy",),
    ),
    _permuted(
        "torch.transpose",
        "torch.transpose(x, 0, 1)",
        r"z_{ji} = x_{ij}",
        TURNED,
        _swap,
        shapes=[*MATRICES, {"x": (2, 3, 2)}],
        also=(
            "torch.Tensor.transpose",
            "torch.transpose_copy",
            "torch.swapaxes",
            "torch.Tensor.swapaxes",
            "torch.swapdims",
            "torch.Tensor.swapdims",
        ),
    ),
    _permuted(
        "torch.adjoint",
        "torch.adjoint(x)",
        r"z = x^\mathsf{H}, \quad z_{ji} = x_{ij} \text{ for real numbers}",
        TURNED,
        lambda v, x: (v.transpose(-2, -1),),
        shapes=[*MATRICES, {"x": (2, 3, 2)}],
        also=("torch.Tensor.adjoint", "torch.Tensor.mH"),
    ),
    _permuted(
        "torch.permute",
        "torch.permute(x, (2, 0, 1))",
        r"z_{kij} = x_{ijk}",
        r"\bar{x}_{ijk} = \bar{z}_{kij}",
        lambda v, x: (v.transpose(0, 1).transpose(1, 2),),
        shapes=[{"x": shape} for shape in ((2, 3, 4), (1, 2, 3), (2, 2, 1))],
        special={
            "two by one by two": at("[[[1., 2.]], [[3., 4.]]]"),
            "a NaN": at(f"[[[1., {NAN}]]]"),
            "empty": at((0, 1, 2)),
        },
        also=("torch.Tensor.permute", "torch.permute_copy"),
    ),
    _permuted(
        "torch.movedim",
        "torch.movedim(x, 0, -1)",
        r"z_{jki} = x_{ijk}",
        r"\bar{x}_{ijk} = \bar{z}_{jki}",
        lambda v, x: (v.transpose(1, 2).transpose(0, 1),),
        shapes=[{"x": shape} for shape in ((2, 3, 4), (1, 2, 3), (2, 2, 1))],
        special={
            "two by one by two": at("[[[1., 2.]], [[3., 4.]]]"),
            "a NaN": at(f"[[[1., {NAN}]]]"),
            "empty": at((0, 1, 2)),
        },
        also=("torch.Tensor.movedim", "torch.moveaxis", "torch.Tensor.moveaxis"),
    ),
    _permuted(
        "torch.flip",
        "torch.flip(x, (0,))",
        r"z_i = x_{n+1-i}",
        r"\bar{x}_i = \bar{z}_{n+1-i}",
        lambda v, x: (torch.stack(v.unbind()[::-1]) if len(v) else v,),
        shapes=LINES,
        special=LINE,
        also=("torch.Tensor.flip",),
    ),
    _permuted(
        "torch.flipud",
        "torch.flipud(x)",
        r"z_{ij} = x_{n+1-i,\,j}",
        r"\bar{x}_{ij} = \bar{z}_{n+1-i,\,j}",
        lambda v, x: (torch.stack(v.unbind()[::-1]),),
        also=("torch.Tensor.flipud",),
    ),
    _permuted(
        "torch.fliplr",
        "torch.fliplr(x)",
        r"z_{ij} = x_{i,\,m+1-j}",
        r"\bar{x}_{ij} = \bar{z}_{i,\,m+1-j}",
        lambda v, x: (torch.stack(v.unbind(1)[::-1], 1),),
        also=("torch.Tensor.fliplr",),
    ),
    _permuted(
        "torch.roll",
        "torch.roll(x, 1, 0)",
        r"z_i = x_{i-1}, \quad z_1 = x_n",
        r"\bar{x}_i = \bar{z}_{i+1}, \quad \bar{x}_n = \bar{z}_1",
        lambda v, x: (torch.cat([v[1:], v[:1]]),),
        shapes=LINES,
        special=LINE,
        also=("torch.Tensor.roll",),
    ),
    _permuted(
        "torch.rot90",
        "torch.rot90(x)",
        r"z_{ij} = x_{j,\,m+1-i}",
        r"\bar{x}_{ij} = \bar{z}_{m+1-j,\,i}",
        _rot90,
        also=("torch.Tensor.rot90",),
    ),
    _rule(
        "torch.Tensor.expand",
        "x.expand(3, *x.shape)",
        r"z_{ki} = x_i, \quad 1 \le k \le 3",
        OTHERS,
        lambda v, x: (v.sum(0),),
        SHAPES,
        ANY,
        also=("torch.Tensor.expand_as", "torch.expand_copy"),
        complex=True,
    ),
    _rule(
        "torch.broadcast_to",
        "torch.broadcast_to(x, (3, 2))",
        r"z_{ij} = x_{ij} \text{, or the one entry that there is along a dimension}",
        r"\bar{x} = \sum_{\text{copies}} \bar{z}",
        lambda v, x: (_sum_to(v, x.shape),),
        [{"x": shape} for shape in ((), (1,), (2,), (3, 1), (1, 1), (3, 2))],
        {
            "one number": at("3."),
            "one column": at("[[1.], [2.], [3.]]"),
            "one row": at("[[1., 2.]]"),
            "a NaN, an infinity": at(f"[{NAN}, {INF}]"),
        },
        also=("torch.Tensor.broadcast_to",),
    ),
    VJP(
        "torch.broadcast_tensors",
        "torch.stack(torch.broadcast_tensors(x, y))",
        formula=r"z_1 = x \text{ and } z_2 = y, \text{ in their common shape}",
        gradient=r"\bar{x} = \sum_{\text{copies of } x} \bar{z}_1 \qquad"
        r" \bar{y} = \sum_{\text{copies of } y} \bar{z}_2",
        vjp=_broadcast,
        inputs={"x": normal, "y": normal},
        shapes=[{"x": a, "y": b} for a, b in (((2,), ()), ((2, 1), (3,)), ((1, 3), (2, 3)), ((3,), (3,)))],
        special={
            "a row and a column": _both("[1., 2.]", "[[1.], [2.]]"),
            "one number and two": _both("3.", "[1., 2.]"),
            "a NaN and two": _both(NAN, "[1., 2.]"),
            "one and none": _both("[3.]", "[]"),
        },
    ),
    _rule(
        "torch.Tensor.repeat",
        "x.repeat(2, 3)",
        r"z = \begin{pmatrix} x & x & x \\ x & x & x \end{pmatrix}",
        r"\bar{x}_{ij} = \sum_{\text{copies}} \bar{z}",
        lambda v, x: (_copies(v, x.shape, (2, 3)).reshape(x.shape),),
        [{"x": shape} for shape in ((1,), (2,), (2, 2), (1, 3))],
        {"one row": at("[1., 2.]"), "a NaN, an infinity": at(f"[{NAN}, {INF}]"), **EMPTY},
    ),
    _rule(
        "torch.tile",
        "torch.tile(x, (2,))",
        r"z = (x, x)",
        r"\bar{x}_{i} = \sum_{\text{copies}} \bar{z}",
        lambda v, x: (_copies(v, x.shape, (1,) * (x.ndim - 1) + (2,)).reshape(x.shape),),
        SHAPES,
        LINE | ONE_NUMBER,
        also=("torch.Tensor.tile",),
    ),
    _rule(
        "torch.repeat_interleave",
        "torch.repeat_interleave(x, 2)",
        r"z = (x_1, x_1, x_2, x_2, \dots)",
        r"\bar{x}_i = \bar{z}_{2i-1} + \bar{z}_{2i}",
        lambda v, x: (v.reshape(-1, 2).sum(1).reshape(x.shape),),
        SHAPES,
        LINE | ONE_NUMBER,
        also=("torch.Tensor.repeat_interleave",),
    ),
    VJP(
        "torch.repeat_interleave",
        "torch.repeat_interleave(x, n, 0)",
        variant="counts",
        formula=r"z = (x_1, \dots, x_1, x_2, \dots, x_2, \dots), \quad x_i \ n_i \text{ times}",
        gradient=r"\bar{x}_i = \sum_{n_i \text{ copies}} \bar{z}",
        vjp=lambda v, x, n: (torch.stack([part.sum(0) for part in v.split(n.tolist())]),),
        inputs={"x": normal, "n": lambda generator, shape: torch.randint(0, 4, shape, generator=generator)},
        shapes=[{"x": (n,), "n": (n,)} for n in (1, 4, 6)] + [{"x": (3, 2), "n": (3,)}],
        special={
            "twice and once": at("[1., 2.]", n="torch.tensor([2, 1])"),
            "not at all, and three times": at("[1., 2.]", n="torch.tensor([0, 3])"),
            "a NaN that is left out": at(f"[{NAN}, 2.]", n="torch.tensor([0, 1])"),
            "none of them": at("[1., 2.]", n="torch.tensor([0, 0])"),
        },
    ),
    Pieces(
        "torch.clone",
        "torch.clone(x)",
        pieces=[Piece(x, -oo, oo)],
        points=POINTS,
        also=("torch.Tensor.clone", "torch.alias_copy"),
        complex=True,
        plot=False,
    ),
    Pieces(
        "torch.Tensor.contiguous",
        "x.contiguous()",
        pieces=[Piece(x, -oo, oo)],
        points=POINTS,
        complex=True,
        plot=False,
    ),
    *(
        _rule(
            "torch.Tensor.to",
            f"x.to(torch.{dtype})",
            rf"z_i = {rounded}",
            r"\bar{x} = \bar{z} \text{ in the dtype of } x",
            lambda v, x, dtype=dtype: (v.to(getattr(torch, dtype)).to(x.dtype),),
            [{"x": shape} for shape in ((), (5,), (2, 3))],
            SMALL | {f"{large} overflows": at(f"[{large}, 1.]"), "a NaN, an infinity": at(f"[{NAN}, {INF}]")}
            if dtype == "float32"  # the steps of the others are larger than those of the slopes
            else {f"{large} overflows": at(f"[{large}, 1.]"), "a NaN, an infinity": at(f"[{NAN}, {INF}]")},
            variant=dtype,
            also=(f"torch.Tensor.{method}",),
            excluded={
                "gradcheck": "Rounding is a staircase, and differences see its steps.",
                "forward": "The tangent is rounded too.",
            },
        )
        for dtype, method, large, rounded in (
            ("float32", "float", "1e39", r"\text{the number of float32 nearest to } x_i"),
            ("float16", "half", "1e5", r"x_i \text{ rounded to float32, then to float16}"),
            ("bfloat16", "bfloat16", "1e39", r"x_i \text{ rounded to float32, then to bfloat16}"),
        )
    ),
    Pieces(
        "torch.Tensor.double",
        "x.double()",
        pieces=[Piece(x, -oo, oo)],
        points=POINTS,
        plot=False,
    ),
]
