"""Parts of a tensor, windows and diagonals: what is left out, or overwritten, has the gradient 0."""

import torch

from livedocs.declare import NAN, VJP, Defect, at, normal


def _part(*where):
    """The gradient of a part: the cotangent in its place, and 0 elsewhere."""

    def vjp(v, x):
        grad = torch.zeros_like(x)
        grad[where] = v
        return (grad,)

    return vjp


def _into(*where):
    """The gradients of a function that overwrites a part: what was overwritten has none."""

    def vjp(v, x, y):
        outside = v.clone()
        outside[where] = 0
        return outside, v[where]

    return vjp


def _windows(size):
    def vjp(v, x):
        grad = torch.zeros_like(x)
        for start in range(len(v)):
            grad[start : start + size] += v[start].movedim(-1, 0)
        return (grad,)

    return vjp


def _first(v, x):
    grad = torch.zeros_like(x)
    grad[0] = v[0]
    return (grad,)


def _on_diagonal(v, x):
    grad = torch.zeros_like(x)
    for i in range(len(v)):
        grad[i, i] = v[i]
    return (grad,)


def _off_diagonal(v, x, y):
    outside = v.clone()
    for i in range(len(y)):
        outside[i, i] = 0
    return outside, torch.stack([v[i, i] for i in range(len(y))])


def _triangle(keep):
    def vjp(v, x):
        rows, columns = (torch.arange(size) for size in x.shape[-2:])
        return (torch.where(keep(columns, rows.unsqueeze(-1)), v, torch.zeros_like(v)),)

    return vjp


INSIDE = r"\bar{x}_i = \begin{cases} \bar{z} \text{ of its place} & x_i \text{ is in } z \\ 0 & \text{otherwise}"
INSIDE += r" \end{cases}"
OVER = r"\bar{x}_i = \begin{cases} 0 & x_i \text{ is overwritten} \\ \bar{z}_i & \text{otherwise} \end{cases}"
OVER += r" \qquad \bar{y}_k = \bar{z} \text{ of its place}"
LINES = [{"x": shape} for shape in ((4,), (5,), (4, 2))]
FOUR = {
    "1, 2, 3, 4": at("[1., 2., 3., 4.]"),
    "a NaN is left out": at(f"[{NAN}, {NAN}, 3., 4.]"),
    "a NaN is in it": at(f"[1., 2., {NAN}, 4.]"),
}
GRIDS = {
    "two rows": at("[[1., 2.], [3., 4.]]"),
    "a NaN is left out": at(f"[[{NAN}, 2.], [3., 4.]]"),
    "a NaN is in it": at(f"[[1., 2.], [3., {NAN}]]"),
}
MATRICES = [{"x": shape} for shape in ((2, 2), (2, 3), (3, 2))]
SQUARES = {
    "two by two": at("[[1., 2.], [3., 4.]]"),
    "one row": at("[[1., 2.]]"),
    "a NaN off the diagonal": at(f"[[1., {NAN}], [3., 4.]]"),
    "no columns": at((2, 0)),
}
VECTORS = [{"x": shape} for shape in ((1,), (2,), (3,))]
VECTOR = {
    "two entries": at("[1., 2.]"),
    "a NaN": at(f"[1., {NAN}]"),
    "empty": at((0,)),
}


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


def _one_part(function, call, formula, where, shapes=LINES, special=FOUR, **rule):
    """A rule for a function that returns one part."""
    return _rule(function, call, rf"z = {formula}", INSIDE, _part(*where), shapes, special, **rule)


def _overwritten(function, call, formula, vjp, shapes, special, **rule):
    """A rule for a function that writes ``y`` into a part of ``x``."""
    return VJP(
        function,
        call,
        formula=formula,
        gradient=OVER,
        vjp=vjp,
        inputs={"x": normal, "y": normal},
        shapes=shapes,
        special=special,
        **rule,
    )


RULES = [
    _one_part(
        "torch.narrow",
        "torch.narrow(x, 0, 2, 2)",
        r"(x_3, x_4)",
        (slice(2, 4),),
        also=("torch.Tensor.narrow", "torch.narrow_copy"),
    ),
    _one_part(
        "torch.Tensor.__getitem__",
        "x[2::2]",
        r"(x_3, x_5, \dots)",
        (slice(2, None, 2),),
        variant="slice",
        also=("torch.slice_copy",),
    ),
    _one_part(
        "torch.select",
        "torch.select(x, 0, 2)",
        r"x_3",
        (2,),
        also=("torch.Tensor.select", "torch.select_copy"),
    ),
    _one_part(
        "torch.unbind",
        "torch.unbind(x)[2]",
        r"x_3",
        (2,),
        also=("torch.Tensor.unbind", "torch.unbind_copy"),
    ),
    _one_part(
        "torch.split",
        "torch.split(x, 2)[1]",
        r"(x_3, x_4)",
        (slice(2, 4),),
        also=("torch.Tensor.split", "torch.split_copy", "torch.unsafe_split"),
    ),
    _one_part(
        "torch.split_with_sizes",
        "torch.split_with_sizes(x, (2, len(x) - 2))[1]",
        r"(x_3, x_4, \dots)",
        (slice(2, None),),
        also=("torch.Tensor.split_with_sizes", "torch.split_with_sizes_copy", "torch.unsafe_split_with_sizes"),
    ),
    _one_part(
        "torch.chunk",
        "torch.chunk(x[:4], 2)[1]",
        r"(x_3, x_4)",
        (slice(2, 4),),
        also=("torch.Tensor.chunk", "torch.unsafe_chunk"),
    ),
    _one_part(
        "torch.tensor_split",
        "torch.tensor_split(x, (2, 9))[1]",
        r"(x_3, x_4, \dots)",
        (slice(2, None),),
        also=("torch.Tensor.tensor_split",),
    ),
    _one_part(
        "torch.hsplit",
        "torch.hsplit(x, (1,))[1]",
        r"x \text{ without its first column}",
        (slice(None), slice(1, None)),
        [{"x": shape} for shape in ((2, 2), (1, 3), (2, 4))],
        GRIDS,
        also=("torch.Tensor.hsplit",),
    ),
    _one_part(
        "torch.vsplit",
        "torch.vsplit(x, (1,))[1]",
        r"x \text{ without its first row}",
        (slice(1, None),),
        [{"x": shape} for shape in ((2, 2), (3, 1), (4, 2))],
        GRIDS,
        also=("torch.Tensor.vsplit",),
    ),
    _one_part(
        "torch.dsplit",
        "torch.dsplit(x, (1,))[1]",
        r"x_{ijk}, \quad k \ge 2",
        (slice(None), slice(None), slice(1, None)),
        [{"x": shape} for shape in ((1, 1, 2), (2, 1, 3), (2, 2, 2))],
        {
            "one by one by two": at("[[[1., 2.]]]"),
            "a NaN is left out": at(f"[[[{NAN}, 2.]]]"),
            "a NaN is in it": at(f"[[[1., {NAN}]]]"),
        },
        also=("torch.Tensor.dsplit",),
    ),
    _rule(
        "torch.Tensor.unfold",
        "x.unfold(0, 3, 1)",
        r"z_{k} = (x_k, x_{k+1}, x_{k+2})",
        r"\bar{x}_i = \bar{z}_{i,1} + \bar{z}_{i-1,2} + \bar{z}_{i-2,3}",
        _windows(3),
        [{"x": shape} for shape in ((3,), (6,), (4, 2))],
        {
            "two windows": at("[1., 2., 3., 4.]"),
            "one window": at("[1., 2., 3.]"),
            "a NaN": at(f"[1., {NAN}, 3., 4.]"),
        },
        also=("torch.unfold_copy",),
    ),
    _rule(
        "torch.as_strided",
        "torch.as_strided(x, (len(x) - 1, 2), (1, 1))",
        r"z_{k} = (x_k, x_{k+1})",
        r"\bar{x}_i = \bar{z}_{i,1} + \bar{z}_{i-1,2}",
        _windows(2),
        [{"x": shape} for shape in ((2,), (3,), (6,))],
        {
            "two windows": at("[1., 2., 3.]"),
            "one window": at("[1., 2.]"),
            "a NaN": at(f"[1., {NAN}, 3.]"),
        },
        also=("torch.Tensor.as_strided", "torch.as_strided_copy"),
    ),
    _rule(
        "torch.as_strided",
        "torch.as_strided(x.expand(3), (3,), (0,))",
        r"z_k = x, \quad 1 \le k \le 3",
        r"\bar{x} = \sum_k \bar{z}_k",
        lambda v, x: (v.sum(0, keepdim=True).reshape(x.shape),),
        [{"x": shape} for shape in ((), (1,))],
        {"one number": at("[2.]"), "a NaN": at(f"[{NAN}]")},
        variant="copies of one number",
        excluded={"shapes": "One number has two shapes."},
    ),
    _rule(
        "torch.as_strided",
        "torch.as_strided(x[:1], (len(x),), (1,))",
        r"z = x \text{, read through } x_1 \text{ alone}",
        r"\bar{x}_1 = \bar{z}_1, \quad \bar{x}_i = 0 \text{ for } i > 1, \text{ although } z_i = x_i",
        _first,
        [{"x": (n,)} for n in (1, 2, 4)],
        {"one of two": at("[1., 2.]"), "one of one": at("[1.]"), "a NaN": at(f"[1., {NAN}]")},
        variant="outside of its input",
        active={"one of two": [[1.0, 1.0]]},
        excluded={
            "gradcheck": "The gradient of what is outside of the input is lost.",
            "forward": "Forward mode reads outside of the input too.",
        },
        defects=(
            Defect(
                "one of two",
                "The view reads the memory of x beyond the one entry that it was given. Reverse mode gives that entry"
                " alone a gradient, forward mode both.",
                {"gradient": {"x": [1.0, 0.0]}, "forward": {"x": [1.0, 1.0]}},
            ),
        ),
    ),
    VJP(
        "torch.as_strided_scatter",
        "torch.as_strided_scatter(x.to(y.dtype), y, (2,), (1,))",
        formula=r"z = (y_1, y_2, x_3, x_4, \dots)",
        gradient=OVER,
        vjp=lambda v, x, y: (v[:2],),
        # PyTorch's gradient of x is wrong at regular inputs too: these are integers, so only y is compared there.
        inputs={"x": lambda generator, shape: torch.randint(9, shape, generator=generator), "y": normal},
        shapes=[{"x": (n,), "y": (2,)} for n in (2, 3, 5)],
        special={
            "two of three are overwritten": at("[1., 2., 3.]", y="[7., 8.]"),
            "both are overwritten": at("[1., 2.]", y="[7., 8.]"),
            "a NaN is overwritten": at(f"[{NAN}, 2., 3.]", y="[7., 8.]"),
        },
        active={
            "two of three are overwritten": [[0.0, 0.0, 1.0, 1.0, 1.0]],
            "both are overwritten": [[0.0, 0.0, 1.0, 1.0]],
        },
        also=("torch.Tensor.as_strided_scatter",),
        defects=(
            Defect(
                "two of three are overwritten",
                "The overwritten entries of x get the gradient 1, and the entry that is still there gets 0. It is the"
                " other way round: forward mode is right.",
                {
                    "gradient": {"x": [1.0, 1.0, 0.0], "y": [1.0, 1.0]},
                    "forward": {"x": [0.0, 0.0, 1.0], "y": [1.0, 1.0]},
                },
            ),
            Defect(
                "both are overwritten",
                "Nothing of x is left, and its gradient is 1.",
                {"gradient": {"x": [1.0, 1.0], "y": [1.0, 1.0]}, "forward": {"x": [0.0, 0.0], "y": [1.0, 1.0]}},
            ),
        ),
    ),
    _overwritten(
        "torch.select_scatter",
        "torch.select_scatter(x, y, 0, 1)",
        r"z = x, \text{ then } z_2 = y",
        _into(1),
        [{"x": (n, *rest), "y": rest} for n, rest in ((2, ()), (4, ()), (3, (2,)))],
        {
            "one of two is overwritten": at("[1., 2.]", y="7."),
            "a NaN is overwritten": at(f"[1., {NAN}]", y="7."),
            "a NaN is written": at("[1., 2.]", y=NAN),
        },
        also=("torch.Tensor.select_scatter",),
    ),
    _overwritten(
        "torch.slice_scatter",
        "torch.slice_scatter(x, y, 0, 1)",
        r"z = (x_1, y_1, y_2, \dots)",
        _into(slice(1, None)),
        [{"x": (n, *rest), "y": (n - 1, *rest)} for n, rest in ((2, ()), (4, ()), (3, (2,)))],
        {
            "one of two is overwritten": at("[1., 2.]", y="[7.]"),
            "a NaN is overwritten": at(f"[1., {NAN}]", y="[7.]"),
            "nothing is overwritten": at("[1.]", y="[]"),
        },
        also=("torch.Tensor.slice_scatter",),
    ),
    _overwritten(
        "torch.diagonal_scatter",
        "torch.diagonal_scatter(x, y)",
        r"z = x, \text{ then } z_{ii} = y_i",
        _off_diagonal,
        [{"x": (n, m), "y": (min(n, m),)} for n, m in ((2, 2), (2, 3), (3, 1))],
        {
            "two by two": at("[[1., 2.], [3., 4.]]", y="[7., 8.]"),
            "a NaN is overwritten": at(f"[[{NAN}, 2.], [3., 4.]]", y="[7., 8.]"),
            "one row": at("[[1., 2.]]", y="[7.]"),
        },
        also=("torch.Tensor.diagonal_scatter",),
    ),
    _rule(
        "torch.diagonal",
        "torch.diagonal(x)",
        r"z_i = x_{ii}",
        r"\bar{x}_{ij} = \bar{z}_i\,[i = j]",
        _on_diagonal,
        MATRICES,
        SQUARES,
        also=("torch.Tensor.diagonal", "torch.linalg.diagonal", "torch.diagonal_copy"),
    ),
    _rule(
        "torch.diag",
        "torch.diag(x)",
        r"z_i = x_{ii}",
        r"\bar{x}_{ij} = \bar{z}_i\,[i = j]",
        _on_diagonal,
        MATRICES,
        SQUARES,
        variant="of a matrix",
        also=("torch.Tensor.diag",),
    ),
    *(
        _rule(
            f"torch.{name}",
            f"torch.{name}(x)",
            r"z_{ij} = x_i\,[i = j]",
            r"\bar{x}_i = \bar{z}_{ii}",
            lambda v, x: (torch.stack([v[i, i] for i in range(len(x))]),),
            VECTORS,
            VECTOR,
            variant=variant,
            also=(f"torch.Tensor.{name}",),
        )
        for name, variant in (("diag", "of a vector"), ("diagflat", ""))
    ),
    _rule(
        "torch.diag_embed",
        "torch.diag_embed(x)",
        r"z_{bij} = x_{bi}\,[i = j]",
        r"\bar{x}_{bi} = \bar{z}_{bii}",
        lambda v, x: (torch.stack([v[..., i, i] for i in range(x.shape[-1])], -1),),
        [{"x": shape} for shape in ((1,), (3,), (2, 2), (2, 1, 3))],
        VECTOR,
        also=("torch.Tensor.diag_embed",),
    ),
    *(
        _rule(
            f"torch.{name}",
            f"torch.{name}(x)",
            rf"z_{{ij}} = \begin{{cases}} x_{{ij}} & j {sign} i \\ 0 & \text{{otherwise}} \end{{cases}}",
            rf"\bar{{x}}_{{ij}} = \begin{{cases}} \bar{{z}}_{{ij}} & j {sign} i \\ 0 &"
            r" \text{otherwise} \end{cases}",
            _triangle(keep),
            [*MATRICES, {"x": (2, 3, 3)}],
            SQUARES | {"a NaN is left out": at(left_out)},
            also=(f"torch.Tensor.{name}",),
        )
        for name, sign, keep, left_out in (
            ("tril", r"\le", torch.le, f"[[1., {NAN}]]"),
            ("triu", r"\ge", torch.ge, f"[[1., 2.], [{NAN}, 4.]]"),
        )
    ),
]
