"""Sparse layouts: what is not stored has no gradient, and what is stored has one even if it is 0."""

import warnings

import torch

from livedocs.declare import INF, MINUS_INF, NAN, VJP, Defect, at, normal


def _stored(v, x):
    """What is not 0 is stored, and what is stored gets its cotangent."""
    return (torch.where(x == 0, 0.0, v),)


def _rows(v, x):
    """A row that has an entry other than 0 is stored whole."""
    return (torch.where((x == 0).flatten(1).all(1).view(-1, *[1] * (x.ndim - 1)), 0.0, v),)


def _blocks(rows, columns):
    """A block that has an entry other than 0 is stored whole."""

    def vjp(v, x):
        def blocked(t):
            return t.view(t.shape[0] // rows, rows, t.shape[1] // columns, columns)

        is_stored = (blocked(x) != 0).any(1, keepdim=True).any(3, keepdim=True)
        return (torch.where(is_stored, blocked(v), 0.0).view(x.shape),)

    return vjp


def _same(v, x):
    return (v,)


def _diagonal(v, x):
    return (v * torch.eye(len(x), dtype=x.dtype),)


def _scattered(v, x):
    """The entries of a vector go back to where x is not 0, in the order of the rows."""
    grad = torch.zeros_like(x)
    grad[x != 0] = v
    return (grad,)


def _entries(v, x):
    return (torch.stack([v[0, 0], v[0, 1], v[1, 1]]),)


def _twice(v, x):
    """The first two share a place."""
    return (torch.stack([v[0, 1], v[0, 1], v[1, 0]]),)


def _twice_values(v, x):
    return (torch.stack([v[0], v[0], v[1]]),)


def _cubed(v, x):
    return (3 * x**2 * torch.stack([v[0, 0], v[0, 1], v[1, 1]]),)


def _cubed_values(v, x):
    return (3 * x**2 * v,)


def _sum_all(v, x):
    return _stored(v.expand_as(x), x)


def _sum_rows(v, x):
    return _stored(v.unsqueeze(1).expand_as(x), x)


def _softmax(v, x):
    """The softmax of what is stored; what is not stored counts as −∞."""
    y = torch.softmax(torch.where(x == 0, -torch.inf, x), 1)
    return (y * (v - (v * y).sum(1, keepdim=True)),)


def _log_softmax(v, x):
    y = torch.softmax(torch.where(x == 0, -torch.inf, x), 1)
    v = torch.where(x == 0, 0.0, v)
    return (v - y * v.sum(1, keepdim=True),)


def _dense(x, empty):
    """Three entries that are stored as a matrix: in the first row two."""
    return torch.stack([x[0], x[1], torch.full_like(x[0], empty), x[2]]).view(2, 2)


def _softmax_entries(v, x):
    y = torch.softmax(_dense(x, -torch.inf), 1)
    return _entries(y * (v - (v * y).sum(1, keepdim=True)), x)


def _log_softmax_entries(v, x):
    y = torch.softmax(_dense(x, -torch.inf), 1)
    v = _dense(_entries(v, x)[0], 0.0)
    return _entries(v - y * v.sum(1, keepdim=True), x)


def _rounded(v, x):
    return (v.float().double(),)


with warnings.catch_warnings():  # said once in a process, then no more
    warnings.filterwarnings("ignore", "Sparse .* tensor support is in beta state")
    for layout in (torch.sparse_csr, torch.sparse_csc):
        torch.ones(1, 1).to_sparse(layout=layout)
    for layout in (torch.sparse_bsr, torch.sparse_bsc):
        torch.ones(1, 1).to_sparse(layout=layout, blocksize=(1, 1))

COO = "torch.sparse_coo_tensor(torch.tensor([[0, 0, 1], [0, 1, 1]]), x, (2, 2, *x.shape[1:]), check_invariants=True)"
TWO = "torch.sparse_coo_tensor(torch.tensor([[0, 0, 1], [1, 1, 0]]), x, (2, 2, *x.shape[1:]), check_invariants=True)"
LOST = (
    "The second derivative is 6 x. The backward pass with create_graph=True returns a gradient without a graph,"
    " and torch.autograd.functional.hessian returns 0."
)
ZERO = "The function is the identity. The gradient of a 0, which is not stored, is 0, not 1."
SUMMED = "The function is the sum. The gradient of a 0, which is not stored, is 0, not 1."
BY_ROW = SUMMED + " to_dense(masked_grad=False) does not change that."
MASKED = "https://github.com/pytorch/pytorch/issues/95550"

MATRICES = [{"x": shape} for shape in ((1, 1), (2, 2), (2, 3))]
EVEN = [{"x": shape} for shape in ((2, 2), (2, 4), (4, 2))]
TRIPLES = [{"x": shape} for shape in ((3,), (3, 2), (3, 1))]
FLAT = [{"x": (3,)}] * 3
POINTS = {
    "no zero": at(x="[[3., 1.]]"),
    "one zero": at(x="[[3., 0.]]"),
    "−0": at(x="[[3., -0.]]"),
    "NaN and inf": at(x=f"[[{NAN}, {INF}]]"),
}
ENTRIES = {
    "regular": at(x="[3., 1., 2.]"),
    "a zero that is stored": at(x="[3., 0., 2.]"),
    "NaN and inf": at(x=f"[{NAN}, {INF}, 2.]"),
}


def _zero(*points: str, what: str = ZERO, grad=((1.0, 0.0),), reported: str = MASKED) -> tuple[Defect, ...]:
    """The gradient 0 of what is not stored; to_dense is the one whose masking is reported."""
    wanted = [list(row) for row in grad]
    return tuple(Defect(point, what, {"gradient": {"x": wanted}}, reported=reported) for point in points)


def _no_forward(name: str) -> dict[str, str]:
    return {"forward": f"“Trying to use forward AD with {name} that does not support it”"}


def _to(layout, arguments, vjp, gradient, shapes, special, defects):
    return VJP(
        f"torch.Tensor.to_sparse_{layout}",
        f"x.to_sparse_{layout}({arguments}).to_dense()",
        formula=r"z = x",
        gradient=gradient,
        vjp=vjp,
        inputs={"x": normal},
        shapes=shapes,
        special=special,
        excluded=_no_forward(f"_to_sparse_{layout}"),
        defects=defects,
    )


BY_ENTRY = r"\bar{x}_{ij} = \bar{z}_{ij}\,[x_{ij} \ne 0]"
BLOCK_ZEROS = {
    "a zero in a stored block": at(x="[[3., 0.]]"),
    "a block of zeros": at(x="[[3., 1., 0., 0.]]"),
    "NaN and inf": at(x=f"[[{NAN}, {INF}]]"),
}
BLOCK_ZEROS_T = {
    "a zero in a stored block": at(x="[[3.], [0.]]"),
    "a block of zeros": at(x="[[3.], [1.], [0.], [0.]]"),
    "NaN and inf": at(x=f"[[{NAN}], [{INF}]]"),
}
COMPRESSED = {"gradgradcheck": "“is_coalesced expected sparse coordinate tensor layout but got Sparse{}”"}
BUILT = _no_forward("sparse_compressed_tensor")
COO_BUILT = {"forward": "“Cannot access data pointer of Tensor that doesn't have storage”"}
SECOND_LOST = {"gradgradcheck": "the gradient that create_graph=True returns has no graph"}


def _built(layout, title, call, formula, gradient, vjp, shapes, special):
    return VJP(
        f"torch.sparse_{layout}_tensor",
        f"torch.sparse_{layout}_tensor({call}, check_invariants=True).to_dense()",
        formula=formula,
        gradient=gradient,
        vjp=vjp,
        inputs={"x": normal},
        shapes=shapes,
        special=special,
        excluded=BUILT | {"gradgradcheck": COMPRESSED["gradgradcheck"].format(title)},
    )


NUMBERS = [{"x": (n,)} for n in (1, 3, 4)]
LINE = {
    "regular": at(x="[3., 1.]"),
    "a zero that is stored": at(x="[3., 0.]"),
    "NaN and inf": at(x=f"[{NAN}, {INF}]"),
}
BLOCKS = [{"x": shape} for shape in ((1, 1, 1), (2, 1, 2), (2, 2, 2))]
BLOCK_LINE = {
    "regular": at(x="[[[3., 1.]], [[2., 4.]]]"),
    "a block of zeros that is stored": at(x="[[[3., 1.]], [[0., 0.]]]"),
    "NaN and inf": at(x=f"[[[{NAN}, {INF}]]]"),
}
LONG_ROW = "torch.tensor([0, len(x), len(x)]), torch.arange(len(x)), x"  # the second row is empty
SOFT = {
    "no zero": at(x="[[3., 1.]]"),
    "one zero": at(x="[[3., 0., 1.]]"),
    "a row of zeros": at(x="[[0., 0.]]"),
    "−inf": at(x=f"[[{MINUS_INF}, 1.]]"),
    "NaN": at(x=f"[[{NAN}, 1.]]"),
}


RULES = [
    VJP(
        "torch.Tensor.to_sparse",
        "x.to_sparse().to_dense()",
        formula=r"z = x",
        gradient=BY_ENTRY.replace("_{ij}", "_i"),
        vjp=_stored,
        inputs={"x": normal},
        shapes=[{"x": shape} for shape in ((), (4,), (2, 3), (2, 1, 2))],
        special=POINTS | {"empty": at(x="[]")},
        also=("torch.Tensor.to_sparse_coo",),
        excluded=_no_forward("_to_sparse"),
        defects=_zero("one zero", "−0"),
    ),
    VJP(
        "torch.Tensor.to_sparse",
        "x.to_sparse(1).to_dense()",
        variant="sparse_dim=1",
        formula=r"z = x",
        gradient=r"\bar{x}_i = \bar{z}_i\,[\text{row } x_i \ne 0]",
        vjp=_rows,
        inputs={"x": normal},
        shapes=[{"x": shape} for shape in ((2, 2), (3, 1), (2, 2, 3))],
        special={
            "a zero in a stored row": at(x="[[3., 0.]]"),
            "a row of zeros": at(x="[[3., 1.], [0., 0.]]"),
            "NaN and inf": POINTS["NaN and inf"],
        },
        excluded=_no_forward("_to_sparse"),
        defects=_zero("a row of zeros", what=ZERO.replace("a 0, which", "a row of 0, which"), grad=((1, 1), (0, 0))),
    ),
    *(_to(layout, "", _stored, BY_ENTRY, MATRICES, POINTS, _zero("one zero", "−0")) for layout in ("csr", "csc")),
    _to(
        "bsr",
        "(1, 2)",
        _blocks(1, 2),
        r"\bar{x}_{ij} = \bar{z}_{ij}\,[\text{its block} \ne 0]",
        EVEN,
        BLOCK_ZEROS,
        _zero("a block of zeros", what=ZERO.replace("a 0, which", "a block of 0, which"), grad=((1, 1, 0, 0),)),
    ),
    _to(
        "bsc",
        "(2, 1)",
        _blocks(2, 1),
        r"\bar{x}_{ij} = \bar{z}_{ij}\,[\text{its block} \ne 0]",
        EVEN,
        BLOCK_ZEROS_T,
        _zero(
            "a block of zeros", what=ZERO.replace("a 0, which", "a block of 0, which"), grad=((1,), (1,), (0,), (0,))
        ),
    ),
    VJP(
        "torch.Tensor.to_dense",
        "x.to_dense()",
        formula=r"z = x, \quad x \text{ dense: the same tensor}",
        gradient=r"\bar{x} = \bar{z}",
        vjp=_same,
        inputs={"x": normal},
        shapes=[{"x": shape} for shape in ((), (4,), (2, 3))],
        special={label: POINTS[label] for label in ("one zero", "NaN and inf")},
        excluded={"forward": "In 2.15 torch.func.jvp returns 0."},
        defects=tuple(
            Defect(
                point,
                "The function is the identity. torch.func.jvp returns 0, torch.autograd.forward_ad 1.",
                {"forward": {"x": [[0.0, 0.0]]}},
                releases=("2.14", "2.15"),
            )
            for point in ("one zero", "NaN and inf")
        ),
    ),
    VJP(
        "torch.Tensor.to_dense",
        "x.to_sparse().to_dense(masked_grad=False)",
        variant="masked_grad=False",
        formula=r"z = x",
        gradient=r"\bar{x} = \bar{z}",
        vjp=_same,
        inputs={"x": normal},
        shapes=[{"x": shape} for shape in ((), (4,), (2, 3))],
        special={label: POINTS[label] for label in ("one zero", "−0", "NaN and inf")},
        excluded=_no_forward("_to_sparse"),
    ),
    VJP(
        "torch.Tensor.to_dense",
        "x.to_sparse_csr().to_dense(masked_grad=False)",
        variant="CSR, masked_grad=False",
        formula=r"z = x",
        gradient=r"\bar{x} = \bar{z}",
        vjp=_same,
        inputs={"x": normal},
        shapes=MATRICES,
        special={label: POINTS[label] for label in ("one zero", "−0", "NaN and inf")},
        excluded=_no_forward("_to_sparse_csr"),
    ),
    *(
        VJP(
            "torch.Tensor.sparse_mask",
            f"{x}.sparse_mask(torch.eye(len(x), dtype=x.dtype).to_sparse()).to_dense()",
            variant=variant,
            formula=r"z_{ij} = x_{ij}\,[i = j], \quad \text{the mask stores the diagonal}",
            gradient=r"\bar{x}_{ij} = \bar{z}_{ij}\,[i = j]",
            vjp=_diagonal,
            inputs={"x": normal},
            shapes=[{"x": (n, n)} for n in (1, 2, 3)],
            special={
                "regular": at(x="[[3., 1.], [4., 2.]]"),
                "a zero on the diagonal": at(x="[[0., 1.], [4., 2.]]"),
                "NaN and inf, masked": at(x=f"[[3., {NAN}], [{INF}, 2.]]"),
            },
            excluded=_no_forward(name)
            | {"gradgradcheck": "“derivative for aten::_sparse_mask_projection is not implemented”"},
            defects=defects,
        )
        for x, variant, name, defects in (
            ("x", "", "sparse_mask", ()),
            ("x.to_sparse()", "a sparse tensor", "_to_sparse", ()),
        )
    ),
    VJP(
        "torch.Tensor.values",
        "x.to_sparse().values()",
        formula=r"z = \text{the entries of } x \text{ that are not } 0",
        gradient=r"\bar{x}_i = \bar{z}_{k} \text{ where } z_k \text{ is } x_i, \text{ else } 0",
        vjp=_scattered,
        inputs={"x": normal},
        shapes=[{"x": shape} for shape in ((), (4,), (2, 3))],
        special=POINTS,
        excluded=_no_forward("_to_sparse"),
        defects=_zero(
            "one zero", "−0", what="The sum of the values is the sum of x. A 0 gets the gradient 0, not 1.", reported=""
        ),
    ),
    VJP(
        "torch.Tensor.values",
        f"{TWO}.coalesce().values()",
        variant="a place twice",
        formula=r"z = (x_0 + x_1, x_2)",
        gradient=r"\bar{x} = (\bar{z}_0, \bar{z}_0, \bar{z}_1)",
        vjp=_twice_values,
        inputs={"x": normal},
        shapes=TRIPLES,
        special=ENTRIES,
        excluded=COO_BUILT | SECOND_LOST,
    ),
    VJP(
        "torch.Tensor.values",
        f"torch.sparse_csr_tensor({LONG_ROW}, (2, len(x)), check_invariants=True).values() ** 3",
        variant="CSR, cubed",
        formula=r"z_i = x_i^3",
        gradient=r"\bar{x}_i = 3 x_i^2\, \bar{z}_i",
        vjp=_cubed_values,
        inputs={"x": normal},
        shapes=NUMBERS,
        special={
            "regular": LINE["regular"],
            "zeros that are stored": at(x="[0., 0.]"),
        },
        excluded=BUILT | SECOND_LOST,
        defects=(Defect("regular", LOST, {"second": {"x": [0.0, 0.0]}}),),
    ),
    VJP(
        "torch.sparse_coo_tensor",
        f"{COO}.to_dense()",
        formula=r"z = \begin{pmatrix} x_0 & x_1 \\ 0 & x_2 \end{pmatrix}",
        gradient=r"\bar{x} = (\bar{z}_{00}, \bar{z}_{01}, \bar{z}_{11})",
        vjp=_entries,
        inputs={"x": normal},
        shapes=TRIPLES,
        special=ENTRIES,
        excluded=COO_BUILT | SECOND_LOST,
    ),
    VJP(
        "torch.sparse_coo_tensor",
        f"{TWO}.to_dense()",
        variant="a place twice",
        formula=r"z = \begin{pmatrix} 0 & x_0 + x_1 \\ x_2 & 0 \end{pmatrix}",
        gradient=r"\bar{x} = (\bar{z}_{01}, \bar{z}_{01}, \bar{z}_{10})",
        vjp=_twice,
        inputs={"x": normal},
        shapes=TRIPLES,
        special={
            "regular": ENTRIES["regular"],
            "the sum is 0": at(x="[3., -3., 2.]"),
            "NaN and inf": ENTRIES["NaN and inf"],
        },
        excluded=COO_BUILT | SECOND_LOST,
    ),
    VJP(
        "torch.sparse_coo_tensor",
        f"{COO}.to_dense() ** 3",
        variant="cubed",
        formula=r"z = \begin{pmatrix} x_0^3 & x_1^3 \\ 0 & x_2^3 \end{pmatrix}",
        gradient=r"\bar{x} = (3 x_0^2\, \bar{z}_{00}, 3 x_1^2\, \bar{z}_{01}, 3 x_2^2\, \bar{z}_{11})",
        vjp=_cubed,
        inputs={"x": normal},
        shapes=TRIPLES,
        special={"regular": ENTRIES["regular"], "zeros that are stored": at(x="[0., 0., 0.]")},
        excluded=COO_BUILT | SECOND_LOST,
        defects=(Defect("regular", LOST, {"second": {"x": [0.0, 0.0, 0.0]}}),),
    ),
    _built(
        "csr",
        "Csr",
        f"{LONG_ROW}, (2, len(x))",
        r"z = \begin{pmatrix} x_0 & \dots & x_{n-1} \\ 0 & \dots & 0 \end{pmatrix}",
        r"\bar{x}_j = \bar{z}_{0j}",
        lambda v, x: (v[0],),
        NUMBERS,
        LINE,
    ),
    _built(
        "csc",
        "Csc",
        f"{LONG_ROW}, (len(x), 2)",
        r"z = \begin{pmatrix} x_0 & \dots & x_{n-1} \\ 0 & \dots & 0 \end{pmatrix}^\top",
        r"\bar{x}_i = \bar{z}_{i0}",
        lambda v, x: (v[:, 0],),
        NUMBERS,
        LINE,
    ),
    _built(
        "bsr",
        "Bsr",
        f"{LONG_ROW}, (2 * x.shape[1], len(x) * x.shape[2])",
        r"z = \begin{pmatrix} x_0 & \dots & x_{n-1} \\ 0 & \dots & 0 \end{pmatrix} \text{ of blocks}",
        r"\bar{x}_j = \text{block } \bar{z}_{0j}",
        lambda v, x: (torch.stack(v[: x.shape[1]].split(x.shape[2], 1)),),
        BLOCKS,
        BLOCK_LINE,
    ),
    _built(
        "bsc",
        "Bsc",
        f"{LONG_ROW}, (len(x) * x.shape[1], 2 * x.shape[2])",
        r"z = \begin{pmatrix} x_0 & 0 \\ \vdots & \vdots \\ x_{n-1} & 0 \end{pmatrix} \text{ of blocks}",
        r"\bar{x}_i = \text{block } \bar{z}_{i0}",
        lambda v, x: (torch.stack(v[:, : x.shape[2]].split(x.shape[1], 0)),),
        BLOCKS,
        BLOCK_LINE,
    ),
    VJP(
        "torch.sparse.sum",
        "torch.sparse.sum(x.to_sparse())",
        formula=r"z = \sum_i x_i",
        gradient=r"\bar{x}_i = \bar{z}\,[x_i \ne 0]",
        vjp=_sum_all,
        inputs={"x": normal},
        shapes=[{"x": shape} for shape in ((4,), (2, 3), (2, 1, 2))],
        special=POINTS,
        excluded=_no_forward("_to_sparse"),
        defects=_zero("one zero", "−0", what=SUMMED, reported=""),
    ),
    VJP(
        "torch.sparse.sum",
        "torch.sparse.sum(x.to_sparse(), 1).to_dense()",
        variant="dim=1",
        formula=r"z_i = \sum_j x_{ij}",
        gradient=r"\bar{x}_{ij} = \bar{z}_i\,[x_{ij} \ne 0]",
        vjp=_sum_rows,
        inputs={"x": normal},
        shapes=[{"x": shape} for shape in ((2, 2), (3, 1), (2, 3))],
        special=POINTS | {"a row of zeros": at(x="[[3., 1.], [0., 0.]]")},
        excluded=_no_forward("_to_sparse")
        | {"gradgradcheck": "“derivative for aten::_sparse_sum_backward is not implemented”"},
        defects=(
            *_zero("one zero", "−0", what=BY_ROW, reported=""),
            *_zero("a row of zeros", what=BY_ROW, grad=((1, 1), (0, 0)), reported=""),
        ),
    ),
    *(
        VJP(
            f"torch.sparse.{name}",
            f"torch.sparse.{name}(x.to_sparse(), 1).to_dense()",
            formula=formula + r", \quad \text{a } 0 \text{ counts as } -\infty",
            gradient=gradient,
            vjp=vjp,
            inputs={"x": normal},
            shapes=[{"x": shape} for shape in ((1, 3), (2, 3), (3, 1))],
            # log_softmax jumps where an entry becomes 0, and is no longer stored.
            special={label: SOFT[label] for label in SOFT if name == "softmax" or label != "one zero"},
            excluded=_no_forward("_to_sparse")
            | {"gradgradcheck": f"“derivative for aten::_sparse_{name}_backward_data is not implemented”"},
        )
        for name, formula, gradient, vjp in (
            (
                "softmax",
                r"z_{ij} = \frac{\mathrm{e}^{x_{ij}}}{\sum_{k} \mathrm{e}^{x_{ik}}}",
                r"\bar{x}_{ij} = z_{ij} \left(\bar{z}_{ij} - \sum_k \bar{z}_{ik}\, z_{ik}\right)",
                _softmax,
            ),
            (
                "log_softmax",
                r"z_{ij} = x_{ij} - \log \sum_{k} \mathrm{e}^{x_{ik}} \text{ where } x_{ij} \ne 0",
                r"\bar{x}_{ij} = \bar{z}_{ij} - \mathrm{e}^{z_{ij}} \sum_{x_{ik} \ne 0} \bar{z}_{ik}"
                r" \text{ where } x_{ij} \ne 0",
                _log_softmax,
            ),
        )
    ),
    *(
        VJP(
            f"torch.sparse.{name}",
            f"torch.sparse.{name}({COO}, 1).to_dense()",
            variant="values",
            formula=formula,
            gradient=gradient,
            vjp=vjp,
            inputs={"x": normal},
            shapes=FLAT,
            special=ENTRIES,
            excluded=COO_BUILT | SECOND_LOST,
            defects=defects,
        )
        for name, formula, gradient, vjp, defects in (
            (
                "softmax",
                r"z_{0j} = \frac{\mathrm{e}^{x_j}}{\mathrm{e}^{x_0} + \mathrm{e}^{x_1}}, \quad z_{11} = 1",
                r"\bar{x}_j = z_{0j} \left(\bar{z}_{0j} - \bar{z}_{00} z_{00} - \bar{z}_{01} z_{01}\right),"
                r" \quad \bar{x}_2 = 0",
                _softmax_entries,
                (),
            ),
            (
                "log_softmax",
                r"z_{0j} = x_j - \log\left(\mathrm{e}^{x_0} + \mathrm{e}^{x_1}\right), \quad z_{11} = 0",
                r"\bar{x}_j = \bar{z}_{0j} - \mathrm{e}^{z_{0j}} (\bar{z}_{00} + \bar{z}_{01}), \quad \bar{x}_2 = 0",
                _log_softmax_entries,
                tuple(
                    Defect(
                        point,
                        "The second derivative of the sum is −2 p (1 − p) for the softmax p. The gradient that"
                        " create_graph=True returns has no graph.",
                        {"second": {"x": [0.0, 0.0, 0.0]}},
                    )
                    for point in ("regular", "a zero that is stored")
                ),
            ),
        )
    ),
    *(
        VJP(
            f"torch.sparse.{name}",
            f"torch.sparse.{name}(x.to_sparse(), -1).to_dense()",
            variant="dim=-1",
            formula=formula,
            gradient=gradient,
            vjp=vjp,
            inputs={"x": normal},
            shapes=[{"x": (n, 1)} for n in (1, 2, 3)],  # in rows of one entry the gradient is right
            special={
                "one in a row": at(x="[[3.], [1.]]"),
                "two in a row": at(x="[[1., 1.]]"),
                "two rows": at(x="[[1., 1.], [2., 2.]]"),
            },
            active={"two in a row": [[0.0, 0.0]], "two rows": [[0.0] * 4]},
            excluded=_no_forward("_to_sparse")
            | {"gradgradcheck": f"“derivative for aten::_sparse_{name}_backward_data is not implemented”"},
            defects=tuple(
                Defect(point, what, {"gradient": {"x": [[wrong, wrong]] * rows}})
                for point, rows in (("two in a row", 1), ("two rows", 2))
            ),
        )
        for name, formula, gradient, vjp, what, wrong in (
            (
                "softmax",
                r"z_{ij} = \frac{\mathrm{e}^{x_{ij}}}{\sum_{k} \mathrm{e}^{x_{ik}}}, \quad \text{no entry is } 0",
                r"\bar{x}_{ij} = z_{ij} \left(\bar{z}_{ij} - \sum_k \bar{z}_{ik}\, z_{ik}\right)",
                _softmax,
                "Each row sums to 1, so the gradient is 0. With a negative dim the sum in the gradient has one term:"
                " z (v − z v) instead of z (v − Σ z v).",
                0.25,
            ),
            (
                "log_softmax",
                r"z_{ij} = x_{ij} - \log \sum_{k} \mathrm{e}^{x_{ik}}, \quad \text{no entry is } 0",
                r"\bar{x}_{ij} = \bar{z}_{ij} - \mathrm{e}^{z_{ij}} \sum_{k} \bar{z}_{ik}",
                _log_softmax,
                "The gradient of the sum is 1 − 2 · 1/2 = 0. With a negative dim the sum in the gradient has one"
                " term: v − p v instead of v − p Σ v.",
                0.5,
            ),
        )
    ),
    VJP(
        "torch.Tensor.to_mkldnn",
        "x.float().to_mkldnn().to_dense().double()",
        formula=r"z = x, \quad \text{of float32}",
        gradient=r"\bar{x} = \bar{z}",
        vjp=_rounded,
        inputs={"x": normal},
        shapes=[{"x": shape} for shape in ((1,), (4,), (2, 3))],
        special={"zeros": at(x="[0., -0.]"), "NaN and inf": at(x=f"[{NAN}, {INF}]")},
        excluded=_no_forward("to_mkldnn")
        | {
            "gradcheck": "it takes float32 and smaller, whose steps are too coarse",
            "gradgradcheck": "it takes float32 and smaller, whose steps are too coarse",
        },
    ),
]
