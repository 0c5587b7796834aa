"""Factors of a matrix, and the systems that are solved with them: what fails is a zero on a diagonal."""

import warnings

import torch

from livedocs.declare import VJP, Defect, at, normal

with warnings.catch_warnings():  # it warns, once in a process, that it is deprecated
    warnings.simplefilter("ignore")
    torch.triangular_solve(torch.eye(1), torch.eye(1))


def _qr_square(q_bar, r_bar, q, r):
    """Walter and Lehmann (2010), for at least as many rows as columns."""
    m = r @ r_bar.triu().mT - q_bar.mT @ q
    inside = m.tril() + m.tril(-1).mT
    return torch.linalg.solve_triangular(r.mT, q_bar + q @ inside, upper=False, left=False)


def _qr(v, x):
    q, r = torch.linalg.qr(x)
    q_bar, r_bar = v.split([x.shape[-2], x.shape[-1]], -2)
    return (_qr_square(q_bar, r_bar, q, r),)


def _qr_wide(v, x):
    """Further columns are y = Q V, so that V = Qᵀ y."""
    q, r = torch.linalg.qr(x)
    m = x.shape[-2]
    q_bar, first, rest = v.split([m, m, x.shape[-1] - m], -1)
    square = _qr_square(q_bar + x[..., m:] @ rest.mT, first, q, r[..., :m])
    return (torch.cat([square, q @ rest], -1),)


def _lu_of(l_bar, u_bar, x):
    """The gradient of x = P L U from those of L and U; of the places that are fixed it takes none."""
    p, low, up = torch.linalg.lu(x)
    k = min(x.shape[-2:])
    square, triangle = low[..., :k, :], up[..., :k]
    below = torch.linalg.solve_triangular(triangle.mT, l_bar[..., k:, :], upper=False, left=False)
    beside = torch.linalg.solve_triangular(square.mT, u_bar[..., k:], upper=True)
    l_bar = l_bar[..., :k, :] - beside @ up[..., k:].mT
    u_bar = u_bar[..., :k] - low[..., k:, :].mT @ below
    inside = (square.mT @ l_bar).tril(-1) + (u_bar @ triangle.mT).triu()
    half = torch.linalg.solve_triangular(square.mT, inside, upper=True)
    first = torch.linalg.solve_triangular(triangle.mT, half, upper=False, left=False)
    return p @ torch.cat(
        [torch.cat([first, beside], -1), torch.cat([below, x.new_zeros(below.shape[:-1] + beside.shape[-1:])], -1)], -2
    )


def _lu(v, x):
    return (_lu_of(*v.split([x.shape[-2], x.shape[-1]], -2), x),)


def _lu_wide(v, x):
    return (_lu_of(*v.split([x.shape[-2], x.shape[-1]], -1), x),)


def _lu_compact(v, x):
    k = min(x.shape[-2:])
    return (_lu_of(v[..., :k].tril(-1), v[..., :k, :].triu(), x),)


def _lu_unpack(v, x):
    l_bar, u_bar = v.chunk(2, -2)
    return (l_bar.tril(-1) + u_bar.triu(),)


def _eigvals(v, x):
    q = torch.linalg.eig(x).eigenvectors
    inside = torch.view_as_complex(v.contiguous()).unsqueeze(-1) * q.mH
    return (torch.linalg.solve(q.mH, inside).real,)


def _largest(v, x):
    u = torch.linalg.eigh(x + x.mT).eigenvectors[..., -1:]
    return (2 * v.unsqueeze(-1) * u @ u.mT,)


def _projector(v, x):
    """The gradient of u uᵀ: through the other eigenvectors, each over its distance from the largest eigenvalue."""
    values, q = torch.linalg.eigh(x + x.mT)
    p = q[..., -1:] @ q[..., -1:].mT
    others = q[..., :-1] / (values[..., -1:] - values[..., :-1]).unsqueeze(-2) @ q[..., :-1].mT
    inside = others @ v @ p + p @ v @ others
    return (inside + inside.mT,)


def _itself(v, x):
    return (v,)


def _cholesky(v, x):
    factor = torch.linalg.cholesky(x + x.mT)
    inside = (factor.mT @ v.tril()).tril()
    inside = inside - torch.diag_embed(inside.diagonal(dim1=-2, dim2=-1)) / 2
    half = torch.linalg.solve_triangular(factor.mT, inside, upper=True)
    both = torch.linalg.solve_triangular(factor, half, upper=False, left=False)
    return (both + both.mT,)


def _cholesky_inverse(v, x, u):
    factor = x.tril()
    z = torch.linalg.inv(factor @ factor.mT)
    return (-(z @ (v + v.mT) @ z @ factor).tril(),)


def _cholesky_solve(v, y, x, u):
    factor = x.tril()
    whole = factor @ factor.mT
    dy = torch.linalg.solve(whole, v)
    dx = -dy @ torch.linalg.solve(whole, y).mT
    return dy.sum_to_size(y.shape), ((dx + dx.mT) @ factor).tril().sum_to_size(x.shape)


def _reflections(v, x, y, last):
    """The gradient of H₁ H₂ ⋯ times ``last``, with Hᵢ = 1 − yᵢ h hᵀ and h the column i of x below a 1."""
    unit = torch.eye(x.shape[-2], dtype=x.dtype)
    vectors = [x[..., i].clone() for i in range(y.shape[-1])]
    for i, h in enumerate(vectors):
        h[..., :i], h[..., i] = 0, 1
    factors = [unit - y[..., i, None, None] * h.unsqueeze(-1) * h.unsqueeze(-2) for i, h in enumerate(vectors)]
    after = [last]
    for factor in reversed(factors):
        after.append(factor @ after[-1])
    after.reverse()
    dx, dy = torch.zeros_like(x), torch.zeros_like(y)
    for i, h in enumerate(vectors):
        outer = v @ after[i + 1].mT
        slope = -y[..., i, None] * ((outer + outer.mT) @ h.unsqueeze(-1)).squeeze(-1)
        dx[..., i + 1 :, i] = slope[..., i + 1 :]
        dy[..., i] = -(h.unsqueeze(-2) @ outer @ h.unsqueeze(-1))[..., 0, 0]
        v = factors[i].mT @ v
    return dx, dy, v


def _householder(v, x, y):
    last = torch.eye(*x.shape[-2:], dtype=x.dtype).expand(x.shape)
    return _reflections(v, x, y, last)[:2]


def _lstsq(v, x, y):
    """Golub and Pereyra (1973), for a matrix whose rank does not change."""
    p = torch.linalg.pinv(x)
    z, dy = p @ y, p.mT @ v
    return -dy @ z.mT + (y - x @ z) @ v.mT @ p @ p.mT + p.mT @ z @ (v - x.mT @ dy).mT, dy


def _residuals(v, x, y):
    z = torch.linalg.pinv(x) @ y
    dy = 2 * (y - x @ z) * v.unsqueeze(-2)
    return -dy @ z.mT, dy


def _lu_solve(v, x, y):
    low = x.tril(-1) + torch.eye(x.shape[-1], dtype=x.dtype)
    up = x.triu()
    dy = torch.linalg.solve((low @ up).mT, v)
    da = -dy @ (torch.linalg.inv(low @ up) @ y).mT
    return ((da @ up.mT).tril(-1) + (low.mT @ da).triu()).sum_to_size(x.shape), dy.sum_to_size(y.shape)


def _solve_upper(v, x, y):
    dy = torch.linalg.solve(x.triu().mT, v)
    return (-dy @ (torch.linalg.inv(x.triu()) @ y).mT).triu().sum_to_size(x.shape), dy.sum_to_size(y.shape)


def _solve_lower(v, x, y):
    dy = torch.linalg.solve(x.tril().mT, v)
    return (-dy @ (torch.linalg.inv(x.tril()) @ y).mT).tril().sum_to_size(x.shape), dy.sum_to_size(y.shape)


def _solve_unit(v, x, y):
    a = x.triu(1) + torch.eye(x.shape[-1], dtype=x.dtype)
    dy = torch.linalg.solve(a.mT, v)
    return (-dy @ (torch.linalg.inv(a) @ y).mT).triu(1).sum_to_size(x.shape), dy.sum_to_size(y.shape)


def _solve_right(v, x, y):
    dx, dy = _solve_lower(v.mT, x.mT, y.mT)
    return dx.mT, dy.mT


def _inv(v, x):
    z = torch.linalg.inv(x)
    return (-z.mT @ v @ z.mT,)


def _solve(v, x, y):
    dy = torch.linalg.solve(x.mT, v)
    return (-dy @ torch.linalg.solve(x, y).mT).sum_to_size(x.shape), dy.sum_to_size(y.shape)


def _values(v, x):
    u, _, vh = torch.linalg.svd(x, full_matrices=False)
    return ((u * v.unsqueeze(-2)) @ vh,)


def _centered_values(v, x):
    (g,) = _values(v, x - x.mean(-2, keepdim=True))
    return (g - g.mean(-2, keepdim=True),)


def _positive(generator, shape):
    """Half of a positive definite matrix, and a part that x + xᵀ takes out again."""
    x = torch.randn(shape, generator=generator, dtype=torch.float64)
    return (x @ x.mT + torch.eye(x.shape[-1], dtype=torch.float64)) / 2 + x - x.mT


def _heavy_diagonal(generator, shape):
    """A matrix whose diagonal is well away from 0."""
    x = torch.randn(shape, generator=generator, dtype=torch.float64)
    return x + 3 * torch.eye(*shape[-2:], dtype=torch.float64)


def _nothing(generator, shape):
    return torch.zeros(shape, dtype=torch.int64)


ALL_NAN = [[float("nan")] * 2] * 2
WARNED = " The documentation warns of it."
VECTORS = "The product is x, and smooth. PyTorch differentiates the vectors, and divides by a difference of 0." + WARNED
WARNED_OF_LU = " The documentation of linalg.lu and linalg.lu_factor warns of it."
LAST_PIVOT = (
    "L and U are smooth here: nothing is divided by the last pivot. PyTorch divides by it, and it is 0." + WARNED_OF_LU
)
NO_PIVOT = "Both pivots are 0. PyTorch divides by them." + WARNED_OF_LU
TURN = (
    "The factors jump here. Next to this matrix an entry below the diagonal turns the sign of the first"
    " column, and the slope is {}. PyTorch gives the slope without that turn."
)
LAST_COLUMN = (
    "The last column of a square matrix is not reflected: Q and R are smooth here. PyTorch divides by its 0 in R."
    + WARNED
)
ABOVE = "What is above the diagonal is not read, but the backward pass multiplies by it: 40 instead of −2."
ROOT_OF_0 = (
    "A square root of 0 has an infinite slope in one place. PyTorch gives NaN in all of them, and info = 2: the"
    " factorization was not completed."
)
RANK = "The rank changes here, and the solution jumps. PyTorch gives the slope among the matrices of this rank."
BASIS = "The random basis has a column that the matrix maps to 0. PyTorch divides by the length of what is left of it."


def _sqrth(v, x):
    """A Sylvester equation, z S + S z = the symmetric part of the cotangent, in the basis of the eigenvectors."""
    values, q = torch.linalg.eigh(x + x.mT)
    roots = values.sqrt()
    return (q @ (q.mT @ (v + v.mT) @ q / (roots.unsqueeze(-1) + roots.unsqueeze(-2))) @ q.mT,)


def _polar(v, x):
    """In the bases of the singular vectors; what is outside of the columns of U is divided by one singular value."""
    u, s, vh = torch.linalg.svd(x, full_matrices=False)
    of_u, of_h = v.split([x.shape[-2], x.shape[-1]], -2)
    b, n = u.mT @ of_u @ vh.mT, vh @ (of_h + of_h.mT) @ vh.mT
    inside = (b - b.mT + s.unsqueeze(-1) * n) / (s.unsqueeze(-1) + s.unsqueeze(-2))
    outside = (of_u @ vh.mT - u @ b) / s.unsqueeze(-2)
    return ((u @ inside + outside) @ vh,)


def _positive(generator, shape):
    """The half of a symmetric matrix whose eigenvalues are above 1."""
    a = normal(generator, shape)
    return (a @ a.mT + torch.eye(shape[-1], dtype=torch.float64)) / 2


def _nan(point, what):
    return Defect(point, what, {"gradient": {"x": ALL_NAN}})


def _x(rows):
    return at(f"[{rows}]")


def _system(rows, right="[1.], [1.]"):
    return at(f"[{rows}]", y=f"[{right}]")


SQUARE = [{"x": shape} for shape in ((2, 2), (3, 3), (2, 3, 3), (1, 1))]
TALL = [*SQUARE, {"x": (4, 2)}]
WIDE = [{"x": shape} for shape in ((2, 3), (1, 3), (3, 5), (2, 2, 3))]
SYSTEMS = [
    {"x": x, "y": y}
    for x, y in (
        ((2, 2), (2, 1)),
        ((3, 3), (3, 2)),
        ((2, 3, 3), (2, 3, 1)),
        ((1, 1), (1, 1)),
        ((2, 2), (3, 2, 1)),
        ((2, 2, 2), (2, 2)),
    )
]
ONES = "torch.arange(1, x.shape[-1] + 1, dtype=torch.int32).expand(x.shape[:-1])"

REGULAR = {"regular": _x("[3., 0.], [4., 5.]")}
JUMP = {"upper triangular": _x("[2., 1.], [0., 4.]")}
PIVOT = {"rank 1": _x("[2., 2.], [1., 1.]")}
RANK_ONE = {"rank 1": _x("[3., 0.], [4., 0.]")}  # exact: no processor rounds a column of zeros
ZEROS = {"zeros": _x("[0., 0.], [0., 0.]")}
TRIANGULAR = {
    "regular": _system("[2., 1.], [0.5, 4.]"),
    "0 on the diagonal": _system("[2., 1.], [1., 0.]"),
    "zeros": _system("[0., 0.], [0., 0.]"),
}

START = "torch.eye(x.shape[-1], dtype=x.dtype)[:, :1].expand(*x.shape[:-1], 1).clone()"
LOBPCG = f"torch.lobpcg(x + x.mT, X={START}, tol=1e-12, niter=30)"
TIES = {
    "6, 2 and 1": _x("[3., 0., 0.], [0., 1., 0.], [0., 0., 0.5]"),
    "6, 2 and 2": _x("[3., 0., 0.], [0., 1., 0.], [0., 0., 1.]"),
    "2, 2 and 0": _x("[1., 0., 0.], [0., 1., 0.], [0., 0., 0.]"),
    "zeros": at((3, 3)),
}
ONE_TOLERANCE = {"float32": "Its tolerance is one for float64."}

EXACT_START = (
    "The iteration starts at the eigenvector, and has nothing to do. Forward mode follows the iteration, and returns 0;"
    " from another start it is right."
)
EQUAL_ROOTS = "The second derivative exists. PyTorch differentiates vectors, which are not unique here."
POSITIVE = " The documentation asks for a positive-definite matrix."
NO_RANK = "U is not unique here, and PyTorch divides by 0: the gradient of H alone is NaN too{}." + WARNED

# PyTorch 2.13 has neither.
NEWER = (
    [
        VJP(
            "torch.linalg.matrix_sqrth",
            "torch.linalg.matrix_sqrth(x + x.mT)",
            formula=r"z^2 = x + x^\top, \quad z = Q \operatorname{diag}(\sqrt{\lambda})\, Q^\top",
            gradient=r"\bar{x} = Q\, T\, Q^\top, \quad T_{ij} = \frac{B_{ij} + B_{ji}}{\sqrt{\lambda_i} +"
            r" \sqrt{\lambda_j}}, \quad B = Q^\top \bar{z}\, Q",
            vjp=_sqrth,
            inputs={"x": _positive},
            shapes=[{"x": (3, 3)}, {"x": (1, 1)}, {"x": (2, 2, 2)}],
            special={
                "9 and 4": _x("[4.5, 0.], [0., 2.]"),
                "the identity": _x("[0.5, 0.], [0., 0.5]"),
                "4 and 0": _x("[2., 0.], [0., 0.]"),
                "4 and -1": _x("[2., 0.], [0., -0.5]"),
                "zeros": _x("[0., 0.], [0., 0.]"),
            },
            defects=(
                Defect("the identity", EQUAL_ROOTS, {"second": {"x": ALL_NAN}}),
                Defect(
                    "4 and 0",
                    "One slope is infinite. The others, 0.5 and 1 (with 0 for a negative eigenvalue), come out as NaN."
                    + POSITIVE,
                    {"gradient": {"x": [[float("nan")] * 2, [float("nan"), float("inf")]]}},
                ),
                Defect(
                    "4 and -1",
                    "There is no real root. PyTorch takes 0 for −1, and says nothing." + POSITIVE,
                    {"output": [[2.0, 0.0], [0.0, 0.0]]},
                ),
                _nan("zeros", "The slopes are infinite here." + POSITIVE),
            ),
        ),
        VJP(
            "torch.linalg.polar",
            "torch.cat(torch.linalg.polar(x), -2)",
            formula=r"U H = x, \quad U^\top U = 1, \quad H = V \operatorname{diag}(\sigma)\, V^\top",
            gradient=r"\bar{x} = (W T + \bar{U} V \sigma^{-1} - W B\, \sigma^{-1})\, V^\top, \quad T_{ij} ="
            r" \frac{B_{ij} - B_{ji} + \sigma_i N_{ij}}{\sigma_i + \sigma_j}, \quad B = W^\top \bar{U} V, \quad N ="
            r" V^\top (\bar{H} + \bar{H}^\top) V, \quad x = W \sigma V^\top",
            vjp=_polar,
            inputs={"x": normal},
            shapes=TALL,
            special={
                "3 and 1": _x("[3., 0.], [0., 1.]"),
                "a reflection": _x("[1., 0.], [0., -1.]"),
                "one column": _x("[3.], [4.]"),
                "3 and 0": _x("[3., 0.], [0., 0.]"),
                "zeros": _x("[0., 0.], [0., 0.]"),
            },
            defects=(
                Defect("a reflection", EQUAL_ROOTS, {"second": {"x": ALL_NAN}}),
                _nan("3 and 0", NO_RANK.format(", although its first row and column have slopes")),
                _nan("zeros", NO_RANK.format("")),
            ),
        ),
    ]
    if hasattr(torch.linalg, "polar")
    else []
)

RULES = [
    VJP(
        "torch.linalg.qr",
        "torch.cat(torch.linalg.qr(x), -2)",
        formula=r"Q R = x, \quad Q^\top Q = 1, \quad R \text{ upper triangular}",
        gradient=r"\bar{x} = (\bar{Q} + Q\, S)\, R^{-\top}, \quad S = \text{the lower half of } R \bar{R}^\top"
        r" - \bar{Q}^\top Q, \text{ mirrored}",
        vjp=_qr,
        inputs={"x": normal},
        shapes=TALL,
        special=REGULAR | JUMP | ZEROS,
        also=("torch.qr", "torch.Tensor.qr"),
        defects=(
            Defect("upper triangular", TURN.format("−3.5"), {"gradient": {"x": [[1.0, 1.0], [1.5, 1.0]]}}),
            _nan("zeros", "The factors jump here, and PyTorch divides by the zeros of R." + WARNED),
        ),
    ),
    VJP(
        "torch.linalg.qr",
        "torch.linalg.qr(x).R",
        variant="R",
        formula=r"R = Q^\top x",
        gradient=r"\bar{x} = Q\, S\, R^{-\top}, \quad S = \text{the lower half of } R \bar{R}^\top, \text{ mirrored}",
        vjp=lambda v, x: (lambda q, r: (_qr_square(torch.zeros_like(q), v, q, r),))(*torch.linalg.qr(x)),
        inputs={"x": normal},
        shapes=TALL,
        special=REGULAR | JUMP | RANK_ONE | {"one column": _x("[3.], [4.]")},
        defects=(
            Defect("upper triangular", TURN.format("−2.5"), {"gradient": {"x": [[1.0, 1.0], [1.5, 1.0]]}}),
            _nan("rank 1", LAST_COLUMN),
        ),
    ),
    VJP(
        "torch.linalg.qr",
        "torch.cat(torch.linalg.qr(x), -1)",
        variant="wide",
        formula=r"(x, y) = Q\, (R, V), \quad x \text{ square}",
        gradient=r"\bar{y} = Q \bar{V}, \quad \bar{x} = (A + Q\, S)\, R^{-\top}, \quad"
        r" A = \bar{Q} + y \bar{V}^\top, \quad"
        r" S = \text{the lower half of } R \bar{R}^\top - A^\top Q, \text{ mirrored}",
        vjp=_qr_wide,
        inputs={"x": normal},
        shapes=WIDE,
        special={"regular": _x("[3., 0., 1.], [4., 5., 0.]"), "a zero column": _x("[3., 0., 1.], [4., 0., 2.]")},
        defects=(
            Defect(
                "a zero column",
                LAST_COLUMN + " Forward mode is right.",
                {
                    "gradient": {"x": [[float("nan"), float("nan"), -1.4], [float("nan"), float("nan"), -0.2]]},
                    "forward": {"x": [[0.008, -1.4, -1.4], [-1.256, -0.2, -0.2]]},
                },
            ),
        ),
    ),
    VJP(
        "torch.linalg.lu",
        "torch.cat(torch.linalg.lu(x)[1:], -2)",
        formula=r"P L U = x, \quad L_{ii} = 1, \quad x \text{ square}",
        gradient=r"\bar{x} = P L^{-\top} \bigl(\text{lower } L^\top \bar{L} + \text{upper } \bar{U} U^\top\bigr)"
        r" \, U^{-\top}",
        vjp=_lu,
        inputs={"x": normal},
        shapes=TALL,
        special=REGULAR | {"two pivots tie": _x("[1., 2.], [-1., 3.]")} | PIVOT | ZEROS,
        defects=(_nan("rank 1", LAST_PIVOT), _nan("zeros", NO_PIVOT)),
    ),
    VJP(
        "torch.linalg.lu",
        "torch.cat(torch.linalg.lu(x)[1:], -1)",
        variant="wide",
        formula=r"P L\, (U, V) = (x, y), \quad x \text{ square}",
        gradient=r"\bar{y} = P L^{-\top} \bar{V}, \quad \bar{x} = P L^{-\top} \bigl(\text{lower } (L^\top \bar{L}"
        r" - \bar{V} V^\top) + \text{upper } \bar{U} U^\top\bigr)\, U^{-\top}",
        vjp=_lu_wide,
        inputs={"x": normal},
        shapes=WIDE,
        special={"regular": _x("[3., 0., 1.], [4., 5., 0.]"), "equal columns": _x("[2., 2., 0.], [1., 1., 1.]")},
        defects=(
            Defect(
                "equal columns",
                LAST_PIVOT,
                {"gradient": {"x": [[float("nan"), float("nan"), 0.5], [float("nan"), float("nan"), 1.0]]}},
            ),
        ),
    ),
    VJP(
        "torch.linalg.lu_factor",
        "torch.linalg.lu_factor(x).LU",
        formula=r"z = L - 1 + U, \quad P L U = x",
        gradient=r"\bar{x} \text{ of } \bar{L} = \text{lower } \bar{z}, \; \bar{U} = \text{upper } \bar{z}",
        vjp=_lu_compact,
        inputs={"x": normal},
        shapes=[*TALL, *WIDE],
        special=REGULAR | {"two pivots tie": _x("[1., 2.], [-1., 3.]"), "nearly singular": _x("[1., 0.], [0., 1e-3]")},
    ),
    VJP(
        "torch.linalg.lu_factor_ex",
        "torch.linalg.lu_factor_ex(x).LU",
        formula=r"z = L - 1 + U, \quad P L U = x",
        gradient=r"\bar{x} \text{ of } \bar{L} = \text{lower } \bar{z}, \; \bar{U} = \text{upper } \bar{z}",
        vjp=_lu_compact,
        inputs={"x": normal},
        shapes=[*TALL, *WIDE],
        special=REGULAR | PIVOT | ZEROS,
        also=("torch.lu", "torch.Tensor.lu"),
        defects=(_nan("rank 1", LAST_PIVOT), _nan("zeros", NO_PIVOT)),
    ),
    VJP(
        "torch.lu_unpack",
        f"torch.cat(torch.lu_unpack(x, {ONES})[1:], -2)",
        formula=r"L = 1 + \text{lower } x, \quad U = \text{upper } x",
        gradient=r"\bar{x} = \text{lower } \bar{L} + \text{upper } \bar{U}",
        vjp=_lu_unpack,
        inputs={"x": normal},
        shapes=SQUARE,
        special={"regular": _x("[2., 1.], [0.5, 4.]")} | ZEROS,
    ),
    VJP(
        "torch.linalg.eigvals",
        "torch.view_as_real(torch.linalg.eigvals(x))",
        formula=r"x\, V = V \operatorname{diag}(\lambda)",
        gradient=r"\bar{x} = \operatorname{Re} V^{-\mathrm{H}} \operatorname{diag}(\bar{\lambda})\, V^{\mathrm{H}}",
        vjp=_eigvals,
        inputs={"x": normal},
        shapes=SQUARE,
        special={
            "2 and 4": _x("[2., 1.], [0., 4.]"),
            "a complex pair": _x("[0., -1.], [1., 0.]"),
            "equal": _x("[1., 0.], [0., 1.]"),
            "one eigenvector": _x("[1., 1.], [0., 1.]"),
        },
    ),
    VJP(
        "torch.lobpcg",
        f"{LOBPCG}[0]",
        variant="the largest",
        formula=r"z = \lambda_1 = \max_u \frac{u^\top (x + x^\top)\, u}{u^\top u}",
        gradient=r"\bar{x} = 2\, \bar{z}\, u u^\top, \quad (x + x^\top)\, u = \lambda_1 u, \; \lVert u \rVert = 1",
        vjp=_largest,
        inputs={"x": normal},
        shapes=[{"x": shape} for shape in ((3, 3), (4, 4), (2, 3, 3))],
        special=TIES,
        excluded=ONE_TOLERANCE,
        random=True,  # is not repeated: many matrices take a loop each
    ),
    VJP(
        "torch.lobpcg",
        f"(lambda u: u @ u.mT)({LOBPCG}[1])",
        variant="U Uh",
        formula=r"z = u u^\top, \quad (x + x^\top)\, u = \lambda_1 u, \; \lVert u \rVert = 1",
        gradient=r"\bar{x} = G + G^\top, \quad G = R\, \bar{z}\, z + z\, \bar{z}\, R, \quad R = \sum_{i > 1}"
        r" \frac{q_i q_i^\top}{\lambda_1 - \lambda_i}",
        vjp=_projector,
        inputs={"x": normal},
        shapes=[{"x": shape} for shape in ((3, 3), (4, 4), (2, 3, 3))],
        special={label: TIES[label] for label in ("6, 2 and 1", "6, 2 and 2")},
        excluded=ONE_TOLERANCE,
        defects=tuple(
            Defect(point, EXACT_START, {"forward": {"x": [[0.0] * 3] * 3}}) for point in ("6, 2 and 1", "6, 2 and 2")
        ),
        random=True,  # is not repeated: many matrices take a loop each
    ),
    VJP(
        "torch.linalg.eig",
        "(lambda values, v: (v * values.unsqueeze(-2) @ torch.linalg.inv(v)).real)(*torch.linalg.eig(x))",
        variant="V L Vinv",
        formula=r"V \operatorname{diag}(\lambda)\, V^{-1} = x",
        gradient=r"\bar{x} = \bar{z}",
        vjp=_itself,
        inputs={"x": normal},
        shapes=SQUARE,
        special={
            "2 and 4": _x("[2., 1.], [0., 4.]"),
            "a complex pair": _x("[0., -1.], [1., 0.]"),
            "equal": _x("[1., 0.], [0., 1.]"),
            "zeros": _x("[0., 0.], [0., 0.]"),
        },
        defects=(_nan("equal", VECTORS), _nan("zeros", VECTORS)),
    ),
    VJP(
        "torch.linalg.cholesky_ex",
        "torch.linalg.cholesky_ex(x + x.mT).L",
        formula=r"L L^\top = x + x^\top",
        gradient=r"\bar{x} = S + S^\top, \quad S = L^{-\top}\, T\, L^{-1},"
        r" \quad T = \text{the lower half of } L^\top \bar{L}, \text{ its diagonal halved}",
        vjp=_cholesky,
        inputs={"x": _positive},
        shapes=SQUARE,
        special={
            "regular": _x("[2., 0.], [1., 4.]"),
            "singular": _x("[2., 0.], [0., 0.]"),
            "zeros": _x("[0., 0.], [0., 0.]"),
        },
        defects=(
            _nan("singular", ROOT_OF_0),
            _nan(
                "zeros",
                "Square roots of 0 have infinite slopes. PyTorch gives NaN, and info = 1: the factorization was not"
                " completed.",
            ),
        ),
    ),
    VJP(
        "torch.linalg.cholesky_ex",
        "torch.linalg.cholesky_ex(x + x.mT, upper=True).L",
        variant="upper",
        formula=r"U^\top U = x + x^\top",
        gradient=r"\bar{x} \text{ of } L = U^\top, \; \bar{L} = \bar{U}^\top",
        vjp=lambda v, x: _cholesky(v.mT, x),
        inputs={"x": _positive},
        shapes=SQUARE,
        special={"regular": _x("[2., 0.], [1., 4.]"), "singular": _x("[2., 0.], [0., 0.]")},
        defects=(_nan("singular", ROOT_OF_0),),
    ),
    VJP(
        "torch.cholesky_inverse",
        "torch.cholesky_inverse(x.tril() + u)",
        formula=r"z = (L L^\top)^{-1}, \quad L = \text{the lower half of } x",
        gradient=r"\bar{x} = -\text{lower half of } z\, (\bar{z} + \bar{z}^\top)\, z\, L",
        vjp=_cholesky_inverse,
        inputs={"x": _heavy_diagonal, "u": _nothing},
        shapes=[{"x": s, "u": s} for s in ((2, 2), (3, 3), (2, 3, 3), (1, 1))],
        special={
            "regular": at("[[1., 0.], [2., 1.]]", u="torch.tensor([[0, 0], [0, 0]])"),
            "7 above the diagonal": at("[[1., 0.], [2., 1.]]", u="torch.tensor([[0, 7], [0, 0]])"),
        },
        also=("torch.Tensor.cholesky_inverse",),
        excluded={"forward": "it is wrong, see the known defect"},
        defects=(
            Defect(
                "regular",
                "Forward mode multiplies two matrices in the wrong order.",
                {"forward": {"x": [[-78.0, 0.0], [26.0, -10.0]]}},
                reported="https://github.com/pytorch/pytorch/issues/196682",
            ),
            Defect("7 above the diagonal", ABOVE, {"gradient": {"x": [[-6.0, 0.0], [2.0, 40.0]]}}),
        ),
    ),
    VJP(
        "torch.cholesky_solve",
        "torch.cholesky_solve(y, x.tril() + u)",
        formula=r"z = (L L^\top)^{-1} y, \quad L = \text{the lower half of } x",
        gradient=r"\bar{y} = (L L^\top)^{-1} \bar{z}, \quad \bar{x} = -\text{lower half of } (\bar{y} z^\top + z"
        r" \bar{y}^\top)\, L",
        vjp=_cholesky_solve,
        inputs={"y": normal, "x": _heavy_diagonal, "u": _nothing},
        shapes=[shapes | {"u": shapes["x"]} for shapes in SYSTEMS[:-1]],
        special={
            "regular": _system("[1., 0.], [2., 1.]") | at(u="torch.tensor([[0, 0], [0, 0]])"),
            "7 above the diagonal": _system("[1., 0.], [2., 1.]") | at(u="torch.tensor([[0, 7], [0, 0]])"),
            "2 × 2 × 2 and 2 × 2": at(
                "[[[1., 0.], [2., 1.]], [[1., 0.], [0., 1.]]]",
                y="[[1., 0.], [0., 1.]]",
                u="torch.tensor([[0, 0], [0, 0]])",
            ),
        },
        also=("torch.Tensor.cholesky_solve",),
        defects=(
            Defect(
                "7 above the diagonal", ABOVE, {"gradient": {"x": [[-6.0, 0.0], [2.0, 40.0]], "y": [[3.0], [-1.0]]}}
            ),
            Defect(
                "2 × 2 × 2 and 2 × 2",
                "Forward mode takes the rows of y for one vector for each matrix.",
                {
                    "forward": {
                        "x": [[[-52.0, 0.0], [14.0, 12.0]], [[-4.0, 0.0], [-2.0, 0.0]]],
                        "y": [[4.0, 4.0], [0.0, 0.0]],
                    }
                },
                reported="https://github.com/pytorch/pytorch/issues/196694",
            ),
        ),
    ),
    VJP(
        "torch.linalg.householder_product",
        "torch.linalg.householder_product(x, y)",
        formula=r"z = H_1 \cdots H_k\, E, \quad H_i = 1 - y_i\, h_i h_i^\top, \quad"
        r" h_i = (0, \dots, 1, x_{i+1,i}, \dots), \quad E = \text{the first columns of } 1",
        gradient=r"\bar{y}_i = -h_i^\top \bar{H}_i h_i, \quad \bar{h}_i = -y_i\, (\bar{H}_i + \bar{H}_i^\top)\, h_i,"
        r" \quad \bar{H}_i = (H_1 \cdots H_{i-1})^\top \bar{z}\, (H_{i+1} \cdots H_k\, E)^\top",
        vjp=_householder,
        inputs={"x": normal, "y": normal},
        shapes=[
            {"x": (2, 2), "y": (2,)},
            {"x": (4, 3), "y": (2,)},
            {"x": (2, 3, 2), "y": (2, 2)},
            {"x": (1, 1), "y": (1,)},
        ],
        special={
            "regular": at("[[1., 0.], [2., 1.]]", y="[0.5, 2.]"),
            "zeros": at("[[0., 0.], [0., 0.]]", y="[0., 0.]"),
            "a reflection": at("[[1.], [1.]]", y="[1.]"),
        },
        also=("torch.orgqr", "torch.Tensor.orgqr"),
    ),
    VJP(
        "torch.ormqr",
        "torch.ormqr(x, y, c)",
        formula=r"z = H_1 \cdots H_k\, c, \quad H_i = 1 - y_i\, h_i h_i^\top",
        gradient=r"\bar{c} = H_k \cdots H_1\, \bar{z}, \quad \bar{y}_i, \bar{h}_i \text{ of } \bar{H}_i = (H_1 \cdots"
        r" H_{i-1})^\top \bar{z}\, (H_{i+1} \cdots H_k\, c)^\top",
        vjp=_reflections,
        inputs={"x": normal, "y": normal, "c": normal},
        shapes=[
            {"x": (2, 2), "y": (2,), "c": (2, 1)},
            {"x": (4, 2), "y": (2,), "c": (4, 3)},
            {"x": (2, 3, 2), "y": (2, 2), "c": (2, 3, 1)},
        ],
        special={
            "regular": at("[[1., 0.], [2., 1.]]", y="[0.5, 2.]", c="[[1.], [1.]]"),
            "zeros": at("[[0., 0.], [0., 0.]]", y="[0., 0.]", c="[[1.], [1.]]"),
        },
        also=("torch.Tensor.ormqr",),
        excluded={"forward": "not implemented: Trying to use forward AD with ormqr that does not support it"},
    ),
    VJP(
        "torch.linalg.lstsq",
        "torch.linalg.lstsq(x, y).solution",
        formula=r"z = x^{+} y",
        gradient=r"\bar{y} = x^{+\top} \bar{z}, \quad \bar{x} = -\bar{y} z^\top + (y - x z)\, \bar{z}^\top x^{+}"
        r" x^{+\top}"
        r" + x^{+\top} z\, (\bar{z} - x^\top \bar{y})^\top",
        vjp=_lstsq,
        inputs={"x": normal, "y": normal},
        shapes=[
            {"x": x, "y": y}
            for x, y in (((2, 2), (2, 1)), ((4, 2), (4, 2)), ((2, 4), (2, 1)), ((2, 3, 2), (2, 3, 1)), ((1, 1), (1, 1)))
        ],
        special={
            "tall": _system("[1.], [1.]", "[1.], [3.]"),
            "wide": _system("[1., 1.]", "[2.]"),
            "rank 1": _system("[1., 1.], [1., 1.]", "[1.], [3.]"),
            "zeros": _system("[0., 0.], [0., 0.]"),
        },
        defects=(
            Defect(
                "rank 1",
                RANK,
                {"gradient": {"x": [[-0.75, -0.75], [-0.25, -0.25]], "y": [[0.5], [0.5]]}},
            ),
            Defect("zeros", RANK, {"gradient": {"x": [[0.0, 0.0], [0.0, 0.0]], "y": [[0.0], [0.0]]}}),
        ),
    ),
    VJP(
        "torch.linalg.lstsq",
        'torch.linalg.lstsq(x, y, driver="gelsd").residuals',
        variant="residuals",
        formula=r"r_j = \sum_i (x z - y)_{ij}^2, \quad z = x^{+} y",
        gradient=r"\bar{y} = 2\, (y - x z) \operatorname{diag}(\bar{r}), \quad \bar{x} = -\bar{y} z^\top",
        vjp=_residuals,
        inputs={"x": normal, "y": normal},
        shapes=[{"x": x, "y": y} for x, y in (((3, 2), (3, 1)), ((4, 2), (4, 2)), ((2, 3, 2), (2, 3, 1)))],
        special={
            "regular": _system("[1.], [1.]", "[1.], [3.]"),
            "solved exactly": _system("[1.], [0.]", "[2.], [0.]"),
            "rank 0": _system("[0.], [0.]", "[1.], [3.]"),
        },
    ),
    VJP(
        "torch.linalg.lu_solve",
        f"torch.linalg.lu_solve(x, {ONES}, y)",
        formula=r"z = U^{-1} L^{-1} y, \quad L = 1 + \text{lower } x, \quad U = \text{upper } x",
        gradient=r"\bar{y} = L^{-\top} U^{-\top} \bar{z}, \quad \bar{x} = \text{lower } (A\, U^\top) + \text{upper }"
        r" (L^\top"
        r" A), \quad A = -\bar{y} z^\top",
        vjp=_lu_solve,
        inputs={"x": _heavy_diagonal, "y": normal},
        shapes=[*SYSTEMS[:-2], SYSTEMS[-1]],
        special=TRIANGULAR,
        also=("torch.lu_solve", "torch.Tensor.lu_solve"),
    ),
    VJP(
        "torch.linalg.solve_triangular",
        "torch.linalg.solve_triangular(x, y, upper=True)",
        variant="upper",
        formula=r"z = U^{-1} y, \quad U = \text{the upper half of } x",
        gradient=r"\bar{y} = U^{-\top} \bar{z}, \quad \bar{x} = -\text{upper half of } \bar{y} z^\top",
        vjp=_solve_upper,
        inputs={"x": _heavy_diagonal, "y": normal},
        shapes=SYSTEMS,
        special=TRIANGULAR,
    ),
    VJP(
        "torch.linalg.solve_triangular",
        "torch.linalg.solve_triangular(x, y, upper=False)",
        variant="lower",
        formula=r"z = L^{-1} y, \quad L = \text{the lower half of } x",
        gradient=r"\bar{y} = L^{-\top} \bar{z}, \quad \bar{x} = -\text{lower half of } \bar{y} z^\top",
        vjp=_solve_lower,
        inputs={"x": _heavy_diagonal, "y": normal},
        shapes=SYSTEMS,
        special=TRIANGULAR,
    ),
    VJP(
        "torch.linalg.solve_triangular",
        "torch.linalg.solve_triangular(x, y, upper=True, left=False)",
        variant="left=False",
        formula=r"z = y\, U^{-1}, \quad U = \text{the upper half of } x",
        gradient=r"\bar{y} = \bar{z}\, U^{-\top}, \quad \bar{x} = -\text{upper half of } z^\top \bar{y}",
        vjp=_solve_right,
        inputs={"x": _heavy_diagonal, "y": normal},
        shapes=[{"x": s["x"], "y": (*s["y"][:-2], s["y"][-1], s["y"][-2])} for s in SYSTEMS],
        special={label: point | at(y="[[1., 1.]]") for label, point in TRIANGULAR.items()},
    ),
    VJP(
        "torch.linalg.solve_triangular",
        "torch.linalg.solve_triangular(x, y, upper=True, unitriangular=True)",
        variant="unitriangular",
        formula=r"z = U^{-1} y, \quad U = 1 + \text{what is above the diagonal of } x",
        gradient=r"\bar{y} = U^{-\top} \bar{z}, \quad \bar{x} = -\text{what is above the diagonal of } \bar{y} z^\top",
        vjp=_solve_unit,
        inputs={"x": normal, "y": normal},
        shapes=SYSTEMS,
        special=TRIANGULAR,
    ),
    VJP(
        "torch.triangular_solve",
        "torch.triangular_solve(y, x).solution",
        formula=r"z = U^{-1} y, \quad U = \text{the upper half of } x",
        gradient=r"\bar{y} = U^{-\top} \bar{z}, \quad \bar{x} = -\text{upper half of } \bar{y} z^\top",
        vjp=_solve_upper,
        inputs={"x": _heavy_diagonal, "y": normal},
        shapes=SYSTEMS,
        special=TRIANGULAR,
        also=("torch.Tensor.triangular_solve",),
        excluded={"forward": "it is wrong, see the known defect"},
        defects=(
            Defect(
                "regular",
                "The place below the diagonal is not read. Forward mode gives it a slope.",
                {"forward": {"x": [[-0.1875, -0.125], [-0.046875, -0.03125]], "y": [[0.5], [0.125]]}},
            ),
        ),
    ),
    VJP(
        "torch.linalg.inv_ex",
        "torch.linalg.inv_ex(x).inverse",
        formula=r"z = x^{-1}",
        gradient=r"\bar{x} = -z^\top\, \bar{z}\, z^\top",
        vjp=_inv,
        inputs={"x": _heavy_diagonal},
        shapes=SQUARE,
        special={"regular": _x("[2., 0.], [0., 4.]"), "a zero row": _x("[2., 0.], [0., 0.]")} | ZEROS,
    ),
    VJP(
        "torch.linalg.solve_ex",
        "torch.linalg.solve_ex(x, y).result",
        formula=r"z = x^{-1} y",
        gradient=r"\bar{y} = x^{-\top} \bar{z}, \quad \bar{x} = -\bar{y}\, z^\top",
        vjp=_solve,
        inputs={"x": _heavy_diagonal, "y": normal},
        shapes=SYSTEMS[:-1],
        special={
            "regular": _system("[2., 0.], [0., 4.]"),
            "a zero row": _system("[2., 0.], [0., 0.]"),
            "zeros": TRIANGULAR["zeros"],
        },
        defects=(
            Defect(
                "a zero row",
                "With create_graph=True the backward pass raises that the matrix is singular; otherwise it does not.",
                {"create_graph": None},
            ),
        ),
    ),
    VJP(
        "torch.svd",
        "(lambda u, s, v: (u * s.unsqueeze(-2)) @ v.mT)(*torch.svd(x))",
        variant="U S V",
        formula=r"U \operatorname{diag}(\sigma)\, V^\top = x",
        gradient=r"\bar{x} = \bar{z}",
        vjp=_itself,
        inputs={"x": normal},
        shapes=TALL,
        special={
            "3 and 1": _x("[3., 0.], [0., 1.]"),
            "equal": _x("[1., 0.], [0., 1.]"),
            "one zero": _x("[2., 0.], [0., 0.]"),
        },
        also=("torch.Tensor.svd",),
        defects=(_nan("equal", VECTORS),),
    ),
    VJP(
        "torch.svd_lowrank",
        "(torch.manual_seed(0), torch.svd_lowrank(x, min(x.shape[-2:])))[1][1]",
        variant="S",
        formula=r"\sigma = \text{the singular values of } x, \text{ as many as } x \text{ has}",
        gradient=r"\bar{x} = U \operatorname{diag}(\bar{\sigma})\, V^\top",
        vjp=_values,
        inputs={"x": normal},
        shapes=[*TALL, {"x": (2, 4)}],
        special={
            "3 and 1": _x("[3., 0.], [0., 1.]"),
            "equal": _x("[1., 0.], [0., 1.]"),
            "one zero": _x("[2., 0.], [0., 0.]"),
        },
        defects=(_nan("one zero", BASIS),),
    ),
    VJP(
        "torch.svd_lowrank",
        "(torch.manual_seed(0), (lambda u, s, v: u @ s.diag_embed() @ v.mT)(*torch.svd_lowrank(x, x.shape[-1])))[1]",
        variant="U S V",
        formula=r"U \operatorname{diag}(\sigma)\, V^\top = x",
        gradient=r"\bar{x} = \bar{z}",
        vjp=_itself,
        inputs={"x": normal},
        shapes=SQUARE,
        special={
            "3 and 1": _x("[3., 0.], [0., 1.]"),
            "one zero": _x("[2., 0.], [0., 0.]"),
            "zeros": _x("[0., 0.], [0., 0.]"),
        },
        defects=(_nan("one zero", BASIS), _nan("zeros", BASIS)),
    ),
    VJP(
        "torch.pca_lowrank",
        "(torch.manual_seed(0), torch.pca_lowrank(x))[1][1]",
        variant="S",
        formula=r"\sigma = \text{the singular values of } x - \text{the mean of its rows}",
        gradient=r"\bar{x} = \bar{y} - \text{the mean of its rows}, \quad \bar{y} = U"
        r" \operatorname{diag}(\bar{\sigma})\, V^\top",
        vjp=_centered_values,
        inputs={"x": normal},
        shapes=[{"x": shape} for shape in ((4, 2), (5, 3), (2, 4, 2), (3, 1))],
        special={
            "tall": _x("[1.], [2.], [6.]"),
            "3 rows, 2 columns": _x("[3., 0.], [-3., 1.], [0., -1.]"),
            "equal rows": _x("[1.], [1.], [1.]"),
        },
        defects=(
            Defect(
                "equal rows",
                BASIS,
                {"gradient": {"x": [[float("nan")]] * 3}},
            ),
        ),
    ),
    *NEWER,
]
