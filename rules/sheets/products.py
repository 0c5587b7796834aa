"""Products of vectors and matrices: bilinear, so that each factor's gradient is a product with the other one."""

import warnings

import torch

from livedocs.declare import INF, NAN, VJP, Defect, at, normal

inf, nan = float("inf"), float("nan")


def _mm(v, x, y):
    return v @ y.mT, x.mT @ v


def _matmul(v, x, y):
    """A vector on the left is a row, one on the right a column."""
    rows, columns = x if x.ndim > 1 else x.unsqueeze(0), y if y.ndim > 1 else y.unsqueeze(1)
    v = v if y.ndim > 1 else v.unsqueeze(-1)
    v = v if x.ndim > 1 else v.unsqueeze(-2)
    return (
        (v @ columns.mT).sum_to_size(rows.shape).view(x.shape),
        (rows.mT @ v).sum_to_size(columns.shape).view(y.shape),
    )


def _vdot(v, x, y):
    x, y, v = (torch.complex(t[..., 0], t[..., 1]) for t in (x, y, v))
    return torch.view_as_real(v.conj() * y), torch.view_as_real(v * x)


def _inner(v, x, y):
    left, right = x.reshape(-1, x.shape[-1]), y.reshape(-1, y.shape[-1])
    v = v.reshape(len(left), len(right))
    return (v @ right).view(x.shape), (v.T @ left).view(y.shape)


def _kron(v, x, y):
    """Every entry of x stands before a block that is y: its dimensions and those of y take turns."""
    size = max(x.ndim, y.ndim)
    left, right = ((1,) * (size - t.ndim) + t.shape for t in (x, y))
    v = v.reshape([n for pair in zip(left, right, strict=True) for n in pair])
    of_x, of_y = range(1, 2 * size, 2), range(0, 2 * size, 2)
    x_wide = x.reshape([n for pair in zip(left, (1,) * size, strict=True) for n in pair])
    y_wide = y.reshape([n for pair in zip((1,) * size, right, strict=True) for n in pair])
    return (v * y_wide).sum(tuple(of_x)).view(x.shape), (v * x_wide).sum(tuple(of_y)).view(y.shape)


def _tensordot(v, x, y):
    """The two last dimensions of x with the two first of y."""
    left, right = x.reshape(-1, x.shape[-2] * x.shape[-1]), y.reshape(y.shape[0] * y.shape[1], -1)
    v = v.reshape(len(left), -1)
    return (v @ right.T).view(x.shape), (left.T @ v).view(y.shape)


def _form(v, x, y, w):
    """The rows of x and of w in the bilinear form of the matrix y."""
    v = v.unsqueeze(-1)
    return v * (w @ y.T), (v * x).T @ w, v * (x @ y)


def _add(product, beta, alpha):
    """The rule of beta x + alpha (a product of y and w)."""

    def vjp(v, x, y, w):
        return ((beta * v).sum_to_size(x.shape), *product(alpha * v, y, w))

    return vjp


def _mv(v, x, y):
    return v.unsqueeze(1) * y, x.T @ v


def _outer(v, x, y):
    return v @ y, v.T @ x


def _addbmm(v, x, y):
    return v @ y.mT, x.mT @ v  # the sum over the batch gives each matrix of it the same cotangent


def _chain(v, x, y, w):
    return v @ (y @ w).T, x.T @ v @ w.T, (x @ y).T @ v


def _cartesian(v, x, y):
    v = v.view(len(x), len(y), 2)
    return v[..., 0].sum(1), v[..., 1].sum(0)


def _pairs(offset):
    def vjp(v, x):
        i, j = torch.triu_indices(len(x), len(x), offset)
        return (torch.zeros_like(x).index_add(0, i, v[:, 0]).index_add(0, j, v[:, 1]),)

    return vjp


def _linear(v, x, w, b):
    rows = v.reshape(-1, v.shape[-1])
    return v @ w, rows.T @ x.reshape(-1, x.shape[-1]), rows.sum(0)


def _bilinear(v, x, y, w, b):
    of_x = torch.stack([v[:, k : k + 1] * (y @ w[k].T) for k in range(len(w))]).sum(0)
    of_y = torch.stack([v[:, k : k + 1] * (x @ w[k]) for k in range(len(w))]).sum(0)
    of_w = torch.stack([(v[:, k : k + 1] * x).T @ y for k in range(len(w))])
    return of_x, of_y, of_w, v.sum(0)


def _dense(x):
    """The matrix whose entries x has: places (0, 0), (0, 1) and (1, 1) of two rows and two columns."""
    return torch.stack([x[0], x[1], torch.zeros_like(x[0]), x[2]]).view(2, 2)


def _at_places(g):
    return torch.stack([g[0, 0], g[0, 1], g[1, 1]])


def _sparse(v, x, y):
    return _at_places(v @ y.T), _dense(x).T @ v


def _sparse_mean(v, x, y):
    return _sparse(v / torch.tensor([[2.0], [1.0]]), x, y)


def _sparse_extreme(sign):
    def vjp(v, x, y):
        """The first row has two products, and passes its cotangent to the larger one; at a tie to the first."""
        first = sign * x[0] * y[0] >= sign * x[1] * y[1]
        to_first, to_second = torch.where(first, v[0], 0.0), torch.where(first, 0.0, v[0])
        grad = torch.stack([to_first @ y[0], to_second @ y[1], v[1] @ y[1]])
        return grad, torch.stack([to_first * x[0], to_second * x[1] + v[1] * x[2]])

    return vjp


def _sampled(beta, alpha):
    def vjp(v, x, y, w):
        v = torch.stack([v[0, 0], v[0, 1], v[1, 1]])  # what stands at the other places is 0, not a value
        full = alpha * _dense(v)
        return beta * v, full @ w.T, y.T @ full

    return vjp


def _matrices(*triples):
    return [{"x": (n, k), "y": (k, m)} for n, k, m in triples]


INNER = _matrices((2, 3, 4), (1, 5, 1), (3, 1, 2))
BATCHES = [{"x": (b, n, k), "y": (b, k, m)} for b, n, k, m in ((2, 2, 3, 4), (1, 1, 2, 1), (3, 2, 1, 2))]
FACTORS = {
    "zeros": at(x="[[0., 0.]]", y="[[1.], [2.]]"),
    "zero times inf": at(x="[[0., 1.]]", y=f"[[{INF}], [2.]]"),
    "zero times NaN": at(x="[[0., 1.]]", y=f"[[{NAN}], [2.]]"),
    "no inner dimension": at(x=(1, 0), y=(0, 2)),
}
VECTORS = {
    "zeros": at(x="[0., 0.]", y="[1., 2.]"),
    "zero times inf": at(x="[0., 1.]", y=f"[{INF}, 2.]"),
    "zero times NaN": at(x="[0., 1.]", y=f"[{NAN}, 2.]"),
    "empty": at(x=(0,), y=(0,)),
}


def _batched(points):
    return {
        label: {name: text.replace("([[", "([[[").replace("]],", "]]],") for name, text in point.items()}
        for label, point in points.items()
        if not label.startswith("no ")
    } | {"no inner dimension": at(x=(1, 1, 0), y=(1, 0, 2)), "no batch": at(x=(0, 1, 2), y=(0, 2, 1))}


def _grouped(v, x, w, i):
    """In float32, as the function: each group of rows with its own matrix."""
    v, rows, matrices = v.float(), x.float(), w.float()
    dx, dw, start = torch.zeros_like(rows), torch.zeros_like(matrices), 0
    for group, end in enumerate(i.tolist()):
        dx[start:end] = v[start:end] @ matrices[group].mT
        dw[group] = rows[start:end].mT @ v[start:end]
        start = end
    return dx.to(x.dtype), dw.to(w.dtype)


def _two_each(generator, shape):
    return 2 * torch.arange(1, shape[0] + 1, dtype=torch.int32)


def _sums(x, y, w, none):
    """Points of beta x + alpha (a product of y and w); each is given by how deep its brackets are."""

    def nested(depth, text):
        return "[" * depth + text + "]" * depth

    def point(*texts):
        return at(**{n: nested(d, t) for n, d, t in zip("xyw", (x, y, w), texts, strict=True)})

    return {
        "NaN in x": point(NAN, "2.", "3."),
        "inf in a factor": point("1.", INF, "3."),
        "zero times inf": point("1.", "0.", INF),
    } | none


def _both(name, call, formula, product, of_factors, shapes, points, also, **more):
    """The rule of a sum with a product, and that with beta = 0."""
    common = {"inputs": {"x": normal, "y": normal, "w": normal}, "shapes": shapes, "special": points}
    return [
        VJP(
            f"torch.{name}",
            call.format("beta=2, alpha=3"),
            formula=rf"z = \texttt{{{name}}}(x, y, w) = \beta x + \alpha\, {formula}, \quad \beta = 2, \; \alpha = 3",
            gradient=rf"\bar{{x}} = \beta\, \bar{{z}} \text{{ (summed where x is broadcast)}}, \quad {of_factors}",
            vjp=_add(product, 2, 3),
            also=also,
            **common,
            **more,
        ),
        VJP(
            f"torch.{name}",
            call.format("beta=0, alpha=3"),
            variant="beta=0",
            formula=rf"z = \alpha\, {formula}, \quad \alpha = 3",
            gradient=rf"\bar{{x}} = 0, \quad {of_factors}",
            vjp=_add(product, 0, 3),
            **common,
            **more,
        ),
    ]


def _three(*shapes):
    return [dict(zip("xyw", triple, strict=True)) for triple in shapes]


with warnings.catch_warnings():  # said once in a process, then no more
    warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta state")
    warnings.filterwarnings("ignore", "torch.chain_matmul is deprecated")
    torch.chain_matmul(*[torch.ones(1, 1)] * 3)
    torch.ones(1, 1).to_sparse_csr()

COO = "torch.sparse_coo_tensor(torch.tensor([[0, 0, 1], [0, 1, 1]]), x, (2, 2), check_invariants=True)"
CSR = "torch.sparse_csr_tensor(torch.tensor([0, 2, 3]), torch.tensor([0, 1, 1]), x, (2, 2), check_invariants=True)"
SPARSE = [{"x": (3,), "y": (2, m)} for m in (1, 2, 3)]
PLACES = {
    "regular": at(x="[3., 1., 2.]", y="[[5.], [2.]]"),
    "a zero that is stored": at(x="[0., 1., 2.]", y="[[5.], [2.]]"),
    "a stored zero times inf": at(x="[0., 1., 2.]", y=f"[[{INF}], [2.]]"),
    "an infinite factor": at(x="[3., 1., 2.]", y=f"[[{INF}], [2.]]"),
}
TIES = {
    "regular": PLACES["regular"],
    "tie": at(x="[1., 1., 2.]", y="[[2.], [2.]]"),
    "NaN": at(x=f"[3., {NAN}, 2.]", y="[[5.], [2.]]"),
}
FORWARD_COO = {"forward": "forward mode does not support sparse_coo_tensor"}
FORWARD_CSR = {"forward": "forward mode does not support sparse_csr_tensor"}
TWICE = FORWARD_CSR | {"gradgradcheck": "“Sparse CSR tensors do not have strides”"}
REDUCED = FORWARD_CSR | {"gradgradcheck": "“is_coalesced expected sparse coordinate tensor layout but got SparseCsr”"}
SPARSE_FORMULA = r"z_{ij} = \sum_{(i,k) \text{ stored}} x_{ik}\, y_{kj}"
SPARSE_GRADIENT = r"\bar{x}_{ik} = \sum_j \bar{z}_{ij}\, y_{kj} \text{ where stored}, \quad \bar{y} = x^\top \bar{z}"


def _extreme(name, sign):
    return VJP(
        "torch.sparse.mm",
        f"torch.sparse.mm({CSR}, y, {name!r})",
        variant=name,
        formula=rf"z_{{ij}} = \{name[1:]}_{{(i,k) \text{{ stored}}}} x_{{ik}}\, y_{{kj}}",
        gradient=r"\bar{x}_{ik} = \sum_j \bar{z}_{ij}\, y_{kj}\,[k = k_{ij}], \quad"
        r" \bar{y}_{kj} = \sum_i \bar{z}_{ij}\, x_{ik}\,[k = k_{ij}], \quad k_{ij} \text{ the place of } z_{ij}",
        vjp=_sparse_extreme(sign),
        inputs={"x": normal, "y": normal},
        shapes=SPARSE,
        special=TIES,
        excluded=REDUCED,
    )


ROWS = "torch.ones(2, 4, dtype=torch.float64)"
EYES = "torch.stack([torch.eye(4, dtype=torch.float64), 2 * torch.eye(4, dtype=torch.float64)])"
ENDS = "torch.tensor([{}], dtype=torch.int32)"

RULES = [
    VJP(
        "torch.mm",
        "torch.mm(x, y)",
        formula=r"z = \texttt{mm}(x, y) = x\, y",
        gradient=r"\bar{x} = \bar{z}\, y^\top, \quad \bar{y} = x^\top \bar{z}",
        vjp=_mm,
        inputs={"x": normal, "y": normal},
        shapes=INNER,
        special=FACTORS,
        also=("torch.Tensor.mm",),
    ),
    VJP(
        "torch.bmm",
        "torch.bmm(x, y)",
        formula=r"z_b = \texttt{bmm}(x, y)_b = x_b\, y_b",
        gradient=r"\bar{x}_b = \bar{z}_b\, y_b^\top, \quad \bar{y}_b = x_b^\top \bar{z}_b",
        vjp=_mm,
        inputs={"x": normal, "y": normal},
        shapes=BATCHES,
        special=_batched(FACTORS),
        also=("torch.Tensor.bmm",),
    ),
    VJP(
        "torch.matmul",
        "torch.matmul(x, y)",
        formula=r"z = \texttt{matmul}(x, y) = x\, y, \quad \text{a vector on the left is a row, on the right a column}",
        gradient=r"\bar{x} = \bar{z}\, y^\top, \quad \bar{y} = x^\top \bar{z} \quad"
        r" \text{(summed where the batch is broadcast)}",
        vjp=_matmul,
        inputs={"x": normal, "y": normal},
        shapes=[
            {"x": x, "y": y}
            for x, y in (((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 1, 2, 3), (4, 3, 2)), ((2, 3), (4, 3, 2)))
        ],
        special={
            "zero times inf": FACTORS["zero times inf"],
            "two vectors": at(x="[0., 0.]", y="[1., 2.]"),
            "one matrix for two": at(x="[[1.]]", y="[[[2.]], [[3.]]]"),
            "no inner dimension": at(x=(2, 0), y=(0,)),
        },
        also=("torch.Tensor.matmul", "torch.linalg.matmul"),
    ),
    VJP(
        "torch.mv",
        "torch.mv(x, y)",
        formula=r"z = \texttt{mv}(x, y) = x\, y",
        gradient=r"\bar{x} = \bar{z}\, y^\top, \quad \bar{y} = x^\top \bar{z}",
        vjp=_mv,
        inputs={"x": normal, "y": normal},
        shapes=[{"x": (n, k), "y": (k,)} for n, k in ((2, 3), (1, 5), (3, 1))],
        special={
            "zeros": at(x="[[0., 0.]]", y="[1., 2.]"),
            "zero times inf": at(x="[[0., 1.]]", y=f"[{INF}, 2.]"),
            "no inner dimension": at(x=(2, 0), y=(0,)),
        },
        also=("torch.Tensor.mv",),
    ),
    VJP(
        "torch.dot",
        "torch.dot(x, y)",
        formula=r"z = \texttt{dot}(x, y) = \sum_j x_j\, y_j",
        gradient=r"\bar{x} = \bar{z}\, y, \quad \bar{y} = \bar{z}\, x",
        vjp=lambda v, x, y: (v * y, v * x),
        inputs={"x": normal, "y": normal},
        shapes=[{"x": (n,), "y": (n,)} for n in (3, 1, 5)],
        special=VECTORS,
        also=("torch.Tensor.dot",),
    ),
    VJP(
        "torch.vdot",
        "torch.view_as_real(torch.vdot(torch.complex(x[..., 0], x[..., 1]), torch.complex(y[..., 0], y[..., 1])))",
        formula=r"z = \texttt{vdot}(x, y) = \sum_j x_j^*\, y_j \quad \text{of complex x and y}",
        gradient=r"\bar{x} = \bar{z}^*\, y, \quad \bar{y} = \bar{z}\, x",
        vjp=_vdot,
        inputs={"x": normal, "y": normal},
        shapes=[{"x": (n, 2), "y": (n, 2)} for n in (3, 1, 5)],
        special={
            "i and i": at(x="[[0., 1.]]", y="[[0., 1.]]"),
            "1 and i": at(x="[[1., 0.]]", y="[[0., 1.]]"),
            "zero and inf": at(x="[[0., 0.]]", y=f"[[{INF}, 0.]]"),
            "empty": at(x=(0, 2), y=(0, 2)),
        },
        also=("torch.Tensor.vdot",),
    ),
    VJP(
        "torch.inner",
        "torch.inner(x, y)",
        formula=r"z_{ij} = \texttt{inner}(x, y)_{ij} = \sum_k x_{ik}\, y_{jk}",
        gradient=r"\bar{x} = \bar{z}\, y, \quad \bar{y} = \bar{z}^\top x",
        vjp=_inner,
        inputs={"x": normal, "y": normal},
        shapes=[{"x": x, "y": y} for x, y in (((3,), (3,)), ((2, 3), (4, 3)), ((2, 2, 3), (3,)))],
        special=VECTORS | {"no last dimension": at(x=(1, 0), y=(2, 0))},
        also=("torch.Tensor.inner",),
    ),
    VJP(
        "torch.outer",
        "torch.outer(x, y)",
        formula=r"z_{ij} = \texttt{outer}(x, y)_{ij} = x_i\, y_j",
        gradient=r"\bar{x} = \bar{z}\, y, \quad \bar{y} = \bar{z}^\top x",
        vjp=_outer,
        inputs={"x": normal, "y": normal},
        shapes=[{"x": (n,), "y": (m,)} for n, m in ((3, 2), (1, 1), (1, 4))],
        special={
            "zeros": at(x="[0.]", y="[1., 2.]"),
            "zero times inf": at(x="[0.]", y=f"[{INF}, 2.]"),
            "one is empty": at(x=(0,), y="[1., 2.]"),
        },
        also=("torch.ger", "torch.Tensor.outer", "torch.Tensor.ger"),
    ),
    VJP(
        "torch.kron",
        "torch.kron(x, y)",
        formula=r"z = \texttt{kron}(x, y), \quad \text{the block at } (i, j) \text{ is } x_{ij}\, y",
        gradient=r"\bar{x}_{ij} = \sum_{kl} \bar{z}_{(i,k),(j,l)}\, y_{kl}, \quad"
        r" \bar{y}_{kl} = \sum_{ij} \bar{z}_{(i,k),(j,l)}\, x_{ij}",
        vjp=_kron,
        inputs={"x": normal, "y": normal},
        shapes=[{"x": x, "y": y} for x, y in (((2, 2), (2, 3)), ((3,), (2,)), ((2, 2), (3,)), ((2, 1, 2), (2, 3)))],
        special={
            "zeros": at(x="[[0., 0.]]", y="[[1.]]"),
            "zero times inf": at(x="[[0., 1.]]", y=f"[[{INF}]]"),
            "one is empty": at(x=(0, 2), y="[[1., 2.]]"),
        },
        also=("torch.Tensor.kron",),
    ),
    VJP(
        "torch.tensordot",
        "torch.tensordot(x, y, 2)",
        formula=r"z_{ij} = \texttt{tensordot}(x, y)_{ij} = \sum_{kl} x_{ikl}\, y_{klj}",
        gradient=r"\bar{x}_{ikl} = \sum_j \bar{z}_{ij}\, y_{klj}, \quad \bar{y}_{klj} = \sum_i \bar{z}_{ij}\, x_{ikl}",
        vjp=_tensordot,
        inputs={"x": normal, "y": normal},
        shapes=[
            {"x": x, "y": y}
            for x, y in (((2, 3, 2), (3, 2, 4)), ((3, 2), (3, 2)), ((2, 1, 3), (1, 3)), ((1, 1), (1, 1)))
        ],
        special={
            "zeros": at(x="[[0., 0.]]", y="[[1., 2.]]"),
            "zero times inf": at(x="[[0., 1.]]", y=f"[[{INF}, 2.]]"),
            "no inner dimension": at(x=(1, 2, 0), y=(2, 0, 1)),
        },
    ),
    VJP(
        "torch.einsum",
        "torch.einsum('bi,ij,bj->b', x, y, w)",
        formula=r"z_b = \texttt{einsum}(\text{bi, ij, bj → b})_b = \sum_{ij} x_{bi}\, y_{ij}\, w_{bj}",
        gradient=r"\bar{x}_{bi} = \bar{z}_b \sum_j y_{ij}\, w_{bj}, \quad"
        r" \bar{y}_{ij} = \sum_b \bar{z}_b\, x_{bi}\, w_{bj}, \quad \bar{w}_{bj} = \bar{z}_b \sum_i x_{bi}\, y_{ij}",
        vjp=_form,
        inputs={"x": normal, "y": normal, "w": normal},
        shapes=[{"x": (b, n), "y": (n, m), "w": (b, m)} for b, n, m in ((2, 3, 2), (1, 1, 1), (3, 2, 4))],
        special={
            "zeros": at(x="[[0.]]", y="[[2.]]", w="[[3.]]"),
            "zero times inf": at(x="[[0.]]", y=f"[[{INF}]]", w="[[3.]]"),
            "two zeros": at(x="[[0.]]", y="[[2.]]", w="[[0.]]"),
        },
    ),
    VJP(
        "torch.einsum",
        "torch.einsum('ii->i', x)",
        variant="a repeated index",
        formula=r"z_i = \texttt{einsum}(\text{ii → i})_i = x_{ii}",
        gradient=r"\bar{x}_{ij} = \bar{z}_i\,[i = j]",
        vjp=lambda v, x: (torch.diag(v),),
        inputs={"x": normal},
        shapes=[{"x": (n, n)} for n in (3, 1, 2)],
        special={"NaN beside it": at(x=f"[[1., {NAN}], [2., 3.]]"), "empty": at(x=(0, 0))},
    ),
    *_both(
        "addmm",
        "torch.addmm(x, y, w, {})",
        r"y\, w",
        _mm,
        r"\bar{y} = \alpha\, \bar{z}\, w^\top, \quad \bar{w} = \alpha\, y^\top \bar{z}",
        _three(((2, 4), (2, 3), (3, 4)), ((4,), (2, 3), (3, 4)), ((), (1, 2), (2, 1))),
        _sums(2, 2, 2, {"no inner dimension": at(x="[[1.]]", y=(1, 0), w=(0, 1))}),
        ("torch.Tensor.addmm",),
    ),
    VJP(
        "torch.addmm",
        "torch.addmm(x, y, w, alpha=0)",
        variant="alpha=0",
        formula=r"z = x + 0 \cdot y\, w",
        gradient=r"\bar{x} = \bar{z}, \quad \bar{y} = \bar{w} = 0",
        vjp=_add(_mm, 1, 0),
        inputs={"x": normal, "y": normal, "w": normal},
        shapes=_three(((2, 4), (2, 3), (3, 4)), ((4,), (2, 3), (3, 4)), ((), (1, 2), (2, 1))),
        special={
            "finite": at(x="[[1.]]", y="[[2.]]", w="[[3.]]"),
            "inf in a factor": at(x="[[1.]]", y=f"[[{INF}]]", w="[[3.]]"),
            "NaN in a factor": at(x="[[1.]]", y=f"[[{NAN}]]", w="[[3.]]"),
        },
        defects=tuple(
            Defect(
                f"{what} in a factor",
                f"The value is x. The backward pass multiplies {what} by 0: the gradient of the other factor is NaN.",
                {"output": [[1.0]], "gradient": {"x": [[1.0]], "y": [[0.0]], "w": [[nan]]}},
            )
            for what in ("inf", "NaN")
        ),
    ),
    *_both(
        "addmv",
        "torch.addmv(x, y, w, {})",
        r"y\, w",
        _mv,
        r"\bar{y} = \alpha\, \bar{z}\, w^\top, \quad \bar{w} = \alpha\, y^\top \bar{z}",
        _three(((2,), (2, 3), (3,)), ((1,), (2, 3), (3,)), ((), (1, 2), (2,))),
        _sums(1, 2, 1, {"no inner dimension": at(x="[1.]", y=(1, 0), w=(0,))}),
        ("torch.Tensor.addmv",),
    ),
    *_both(
        "addr",
        "torch.addr(x, y, w, {})",
        r"y\, w^\top",
        _outer,
        r"\bar{y} = \alpha\, \bar{z}\, w, \quad \bar{w} = \alpha\, \bar{z}^\top y",
        _three(((2, 3), (2,), (3,)), ((3,), (2,), (3,)), ((), (1,), (1,))),
        _sums(2, 1, 1, {"no rows": at(x=(0, 1), y=(0,), w="[3.]")}),
        ("torch.Tensor.addr",),
    ),
    *_both(
        "addbmm",
        "torch.addbmm(x, y, w, {})",
        r"\sum_b y_b\, w_b",
        _addbmm,
        r"\bar{y}_b = \alpha\, \bar{z}\, w_b^\top, \quad \bar{w}_b = \alpha\, y_b^\top \bar{z}",
        _three(((2, 4), (2, 2, 3), (2, 3, 4)), ((4,), (3, 2, 3), (3, 3, 4)), ((), (1, 1, 2), (1, 2, 1))),
        _sums(2, 3, 3, {"no batch": at(x="[[1.]]", y=(0, 1, 2), w=(0, 2, 1))}),
        ("torch.Tensor.addbmm",),
    ),
    *_both(
        "baddbmm",
        "torch.baddbmm(x, y, w, {})",
        r"y_b\, w_b \text{ for each } b",
        _mm,
        r"\bar{y}_b = \alpha\, \bar{z}_b\, w_b^\top, \quad \bar{w}_b = \alpha\, y_b^\top \bar{z}_b",
        _three(((2, 2, 4), (2, 2, 3), (2, 3, 4)), ((4,), (3, 2, 3), (3, 3, 4)), ((), (1, 1, 2), (1, 2, 1))),
        _sums(3, 3, 3, {"no inner dimension": at(x="[[[1.]]]", y=(1, 1, 0), w=(1, 0, 1))}),
        ("torch.Tensor.baddbmm",),
    ),
    VJP(
        "torch.chain_matmul",
        "torch.chain_matmul(x, y, w)",
        formula=r"z = \texttt{chain\_matmul}(x, y, w) = x\, y\, w",
        gradient=r"\bar{x} = \bar{z}\, (y w)^\top, \quad \bar{y} = x^\top \bar{z}\, w^\top, \quad"
        r" \bar{w} = (x y)^\top \bar{z}",
        vjp=_chain,
        inputs={"x": normal, "y": normal, "w": normal},
        shapes=_three(((2, 3), (3, 4), (4, 2)), ((1, 5), (5, 1), (1, 5)), ((4, 1), (1, 2), (2, 3))),
        special={
            "a zero factor": at(x="[[2.]]", y="[[0.]]", w="[[3.]]"),
            "two zero factors": at(x="[[0.]]", y="[[0.]]", w="[[3.]]"),
            "zero times inf": at(x="[[0.]]", y=f"[[{INF}]]", w="[[3.]]"),
        },
    ),
    VJP(
        "torch.nn.functional.linear",
        "torch.nn.functional.linear(x, w, b)",
        formula=r"z = \texttt{linear}(x, w, b) = x\, w^\top + b",
        gradient=r"\bar{x} = \bar{z}\, w, \quad \bar{w} = \bar{z}^\top x, \quad \bar{b} = \sum_n \bar{z}_n",
        vjp=_linear,
        inputs={"x": normal, "w": normal, "b": normal},
        shapes=[{"x": (*n, 3), "w": (2, 3), "b": (2,)} for n in ((4,), (), (2, 5))],
        special={
            "zeros": at(x="[[0.]]", w="[[0.]]", b="[0.]"),
            "zero times inf": at(x="[[0.]]", w=f"[[{INF}]]", b="[1.]"),
            "NaN in the bias": at(x="[[2.]]", w="[[3.]]", b=f"[{NAN}]"),
            "no features": at(x=(1, 0), w=(1, 0), b="[1.]"),
            "no rows": at(x=(0, 1), w="[[2.]]", b="[1.]"),
        },
    ),
    VJP(
        "torch.nn.functional.bilinear",
        "torch.nn.functional.bilinear(x, y, w, b)",
        formula=r"z_{nk} = \texttt{bilinear}(x, y, w, b)_{nk} = x_n^\top w_k\, y_n + b_k",
        gradient=r"\bar{x}_n = \sum_k \bar{z}_{nk}\, w_k\, y_n, \quad \bar{y}_n = \sum_k \bar{z}_{nk}\, w_k^\top x_n,"
        r" \quad \bar{w}_k = \sum_n \bar{z}_{nk}\, x_n\, y_n^\top, \quad \bar{b} = \sum_n \bar{z}_n",
        vjp=_bilinear,
        inputs={"x": normal, "y": normal, "w": normal, "b": normal},
        shapes=[
            {"x": (n, i), "y": (n, j), "w": (k, i, j), "b": (k,)}
            for n, i, j, k in ((4, 2, 3, 2), (1, 1, 1, 1), (2, 3, 1, 3))
        ],
        special={
            "zeros": at(x="[[0.]]", y="[[0.]]", w="[[[2.]]]", b="[1.]"),
            "zero times inf": at(x="[[0.]]", y=f"[[{INF}]]", w="[[[2.]]]", b="[1.]"),
            "no rows": at(x=(0, 1), y=(0, 1), w="[[[2.]]]", b="[1.]"),
        },
        also=("torch.bilinear",),
    ),
    VJP(
        "torch.cartesian_prod",
        "torch.cartesian_prod(x, y)",
        formula=r"z = \texttt{cartesian\_prod}(x, y), \quad \text{rows } (x_i, y_j)",
        gradient=r"\bar{x}_i = \sum_j \bar{z}_{(i,j),1}, \quad \bar{y}_j = \sum_i \bar{z}_{(i,j),2}",
        vjp=_cartesian,
        inputs={"x": normal, "y": normal},
        shapes=[{"x": (n,), "y": (m,)} for n, m in ((3, 2), (1, 1), (1, 4))],
        special={
            "NaN": at(x=f"[1., {NAN}]", y="[3.]"),
            "equal": at(x="[2., 2.]", y="[2.]"),
            "one is empty": at(x=(0,), y="[1., 2.]"),
        },
    ),
    VJP(
        "torch.combinations",
        "torch.combinations(x)",
        formula=r"z = \texttt{combinations}(x), \quad \text{rows } (x_i, x_j), \; i < j",
        gradient=r"\bar{x}_i = \sum_{j > i} \bar{z}_{(i,j),1} + \sum_{j < i} \bar{z}_{(j,i),2}",
        vjp=_pairs(1),
        inputs={"x": normal},
        shapes=[{"x": (n,)} for n in (3, 2, 5)],
        special={"equal": at(x="[2., 2., 2.]"), "NaN": at(x=f"[1., {NAN}, 3.]"), "one entry": at(x="[1.]")},
    ),
    VJP(
        "torch.combinations",
        "torch.combinations(x, with_replacement=True)",
        variant="with_replacement",
        formula=r"\text{rows } (x_i, x_j), \; i \le j",
        gradient=r"\bar{x}_i = \sum_{j \ge i} \bar{z}_{(i,j),1} + \sum_{j \le i} \bar{z}_{(j,i),2}",
        vjp=_pairs(0),
        inputs={"x": normal},
        shapes=[{"x": (n,)} for n in (3, 2, 5)],
        special={"equal": at(x="[2., 2.]"), "one entry": at(x="[1.]")},
    ),
    VJP(
        "torch.block_diag",
        "torch.block_diag(x, y)",
        formula=r"z = \texttt{block\_diag}(x, y) = \begin{pmatrix} x & 0 \\ 0 & y \end{pmatrix}",
        gradient=r"\bar{x}, \bar{y} = \text{their blocks of } \bar{z}",
        vjp=lambda v, x, y: (v[: len(x), : x.shape[1]], v[len(x) :, x.shape[1] :]),
        inputs={"x": normal, "y": normal},
        shapes=[{"x": x, "y": y} for x, y in (((2, 2), (1, 3)), ((1, 1), (1, 1)), ((3, 2), (2, 1)))],
        special={
            "NaN": at(x=f"[[1., {NAN}]]", y="[[3.]]"),
            "numbers": at(x="1.", y="2."),
            "one is empty": at(x=(0,), y="[[1.]]"),
        },
    ),
    VJP(
        "torch.sparse.mm",
        f"torch.sparse.mm({COO}, y)",
        formula=SPARSE_FORMULA,
        gradient=SPARSE_GRADIENT,
        vjp=_sparse,
        inputs={"x": normal, "y": normal},
        shapes=SPARSE,
        special=PLACES,
        excluded=FORWARD_COO,
    ),
    VJP(
        "torch.sparse.mm",
        f"torch.sparse.mm({CSR}, y)",
        variant="CSR",
        formula=SPARSE_FORMULA,
        gradient=SPARSE_GRADIENT,
        vjp=_sparse,
        inputs={"x": normal, "y": normal},
        shapes=SPARSE,
        special=PLACES,
        excluded=TWICE,
    ),
    VJP(
        "torch.sparse.mm",
        f"torch.sparse.mm({CSR}, y, 'mean')",
        variant="mean",
        formula=r"z_{ij} = \text{the mean of } x_{ik}\, y_{kj} \text{ over the } n_i \text{ stored places of row } i",
        gradient=r"\bar{x}_{ik} = \sum_j \frac{\bar{z}_{ij}}{n_i}\, y_{kj}, \quad"
        r" \bar{y}_{kj} = \sum_i \frac{\bar{z}_{ij}}{n_i}\, x_{ik}",
        vjp=_sparse_mean,
        inputs={"x": normal, "y": normal},
        shapes=SPARSE,
        special=TIES,
        excluded=REDUCED,
    ),
    _extreme("amax", 1),
    _extreme("amin", -1),
    VJP(
        "torch.nn.functional.grouped_mm",
        "torch.nn.functional.grouped_mm(x.float(), w.float(), offs=i).double()",
        formula=r"z_r = x_r\, w_g \text{ for the rows } i_{g-1} \le r < i_g, \quad i_{-1} = 0",
        gradient=r"\bar{x}_r = \bar{z}_r\, w_g^\top, \quad \bar{w}_g = \sum_{i_{g-1} \le r < i_g} x_r^\top \bar{z}_r",
        vjp=_grouped,
        inputs={"x": normal, "w": normal, "i": _two_each},
        shapes=[{"x": (2 * n, 4), "w": (n, 4, k), "i": (n,)} for n, k in ((1, 4), (2, 4), (3, 8))],
        special={
            "one row each": at(ROWS, w=EYES, i=ENDS.format("1, 2")),
            "the first group is empty": at(ROWS, w=EYES, i=ENDS.format("0, 2")),
            "the second group is empty": at(ROWS, w=EYES, i=ENDS.format("2, 2")),
            "zero times inf": at((2, 4), w=f"torch.full((2, 4, 4), {INF}, dtype=torch.float64)", i=ENDS.format("1, 2")),
        },
        excluded={
            "gradcheck": "It takes no float64, and float32 is too coarse.",
            "forward": "Not implemented in PyTorch.",
        },
    ),
    VJP(
        "torch.sparse.addmm",
        f"torch.sparse.addmm(w, {COO}, y, beta=2, alpha=3)",
        formula=r"z = \beta w + \alpha\, x\, y, \quad x \text{ sparse}, \quad \beta = 2, \; \alpha = 3",
        gradient=r"\bar{w} = \beta\, \bar{z}, \quad \bar{x} = \alpha\, \bar{z}\, y^\top \text{ where stored}, \quad"
        r" \bar{y} = \alpha\, x^\top \bar{z}",
        vjp=lambda v, w, x, y: (2 * v, *_sparse(3 * v, x, y)),
        inputs={"w": normal, "x": normal, "y": normal},
        shapes=[shapes | {"w": (2, shapes["y"][1])} for shapes in SPARSE],
        special={label: at(w="[[1.], [1.]]") | point for label, point in PLACES.items()},
        excluded=FORWARD_COO,
    ),
    *(
        VJP(
            "torch.sparse.sampled_addmm",
            f"torch.sparse.sampled_addmm({CSR}, y, w, beta={beta}, alpha=3).to_dense()",
            variant="" if beta else "beta=0",
            formula=rf"z_{{ij}} = \beta\, x_{{ij}} + \alpha \sum_k y_{{ik}}\, w_{{kj}} \text{{ where x is stored}},"
            rf" \quad \beta = {beta}, \; \alpha = 3",
            gradient=r"\bar{x} = \beta\, \bar{z}, \quad \bar{y} = \alpha\, \bar{z}\, w^\top, \quad"
            r" \bar{w} = \alpha\, y^\top \bar{z}, \quad \text{with } \bar{z} \text{ where x is stored}",
            vjp=_sampled(beta, 3),
            inputs={"x": normal, "y": normal, "w": normal},
            shapes=[{"x": (3,), "y": (2, k), "w": (k, 2)} for k in (1, 2, 3)],
            special={
                "regular": at(x="[3., 1., 2.]", y="[[1.], [2.]]", w="[[5., 2.]]"),
                "NaN in x": at(x=f"[{NAN}, 1., 2.]", y="[[1.], [2.]]", w="[[5., 2.]]"),
                "zero times inf, not stored": at(x="[3., 1., 2.]", y="[[1.], [0.]]", w=f"[[{INF}, 2.]]"),
            },
            excluded=REDUCED,
        )
        for beta in (2, 0)
    ),
]
