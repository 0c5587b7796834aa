# --8<-- [start:run]
import torch

x = torch.eye(2, requires_grad=True)
svd = torch.linalg.svd(x)
same = svd.U * svd.S @ svd.Vh  # x again
print("value   ", same.tolist())
print("gradient", torch.autograd.grad(same[0, 1], x)[0].tolist())

values = torch.linalg.svdvals(x)
print("sum of the singular values", values.sum().item())
print("gradient", torch.autograd.grad(values.sum(), x)[0].tolist())
# --8<-- [end:run]
double = torch.float64


# --8<-- [start:trap-function]
def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


def root_by_eigh(a):
    values, q = torch.linalg.eigh(a)
    return q * values.sqrt() @ q.mT


covariance = torch.diag(torch.tensor([4.0, 4.0, 1.0], dtype=torch.float64))
print("value   ", root_by_eigh(covariance).diagonal().tolist())
print("gradient", gradient(root_by_eigh, covariance)[0].tolist())
# --8<-- [end:trap-function]
assert gradient(root_by_eigh, covariance).isnan().all()


# --8<-- [start:fix-function]
def matrix_function(a, f, slope):
    """f of a real symmetric matrix (..., n, n), by its eigenvalues. slope is
    the derivative of f, finite at each. Eigenvalues may be equal. It has no
    second derivative, and no half type, since eigh has none."""
    fixed = a.detach()
    values, q = torch.linalg.eigh(fixed)
    y, d = f(values), slope(values)
    gap, rise = (t.unsqueeze(-1) - t.unsqueeze(-2) for t in (values, y))
    x2, y2, d2 = (
        t.abs().unsqueeze(-1) + t.abs().unsqueeze(-2) for t in (values, y, d)
    )
    limit = torch.finfo(a.dtype).eps ** (1 / 3)  # below it rounding counts
    middle = slope(values.unsqueeze(-1) - gap / 2)
    bend = (2 * middle - d.unsqueeze(-1) - d.unsqueeze(-2)).abs()
    lost = torch.maximum(rise.abs(), gap.abs() * d2) <= limit * y2
    near = (lost | (gap.abs() <= limit * x2)) & (bend <= limit * d2)
    quotient = torch.where(near, middle, rise / torch.where(near, 1, gap))
    change = q.mT @ (a - fixed) @ q  # zeros, with a gradient
    return q @ (torch.diag_embed(y) + quotient * change) @ q.mT


def root(a):
    return matrix_function(a, torch.sqrt, lambda x: 0.5 / x.sqrt())


print("value   ", root(covariance).diagonal().tolist())
print("gradient", gradient(root, covariance)[0].tolist())
# --8<-- [end:fix-function]
torch.manual_seed(0)
for n in (1, 2, 3, 8):
    for spread in (1.0, 1e-3, 1e-6, 1e-9, 0.0):
        q = torch.linalg.qr(torch.randn(n, n, dtype=double)).Q
        values = 2 + spread * torch.rand(n, dtype=double)
        a = q * values @ q.mT
        w = torch.randn(n, n, dtype=double)
        got = gradient(lambda a, w=w: root(a) * w, a)
        # The root r solves r r = a, so that r dr + dr r = da.
        r = root(a)
        eye = torch.eye(n, dtype=double)
        both = torch.kron(r, eye) + torch.kron(eye, r)
        right = torch.linalg.solve(both, w.reshape(-1)).view(n, n)
        torch.testing.assert_close(got, right, rtol=1e-6, atol=1e-9)
    a = torch.randn(n, n, dtype=double)
    a = a @ a.mT + torch.eye(n, dtype=double)
    torch.testing.assert_close(root(a) @ root(a), a)
    torch.testing.assert_close(
        matrix_function(a, torch.exp, torch.exp), torch.linalg.matrix_exp(a)
    )
    torch.testing.assert_close(
        gradient(lambda a: matrix_function(a, torch.exp, torch.exp)[0], a),
        gradient(lambda a: torch.linalg.matrix_exp(a)[0], a),
        rtol=1e-6,
        atol=1e-6,
    )
# Eigenvalues of a kernel, by rounding: the differences of exp are lost.
for dtype in (double, torch.float32):
    for tiny in (0.0, 1e-17, 1e-12, 1e-8, 1e-6, 1e-3, 0.1):
        a = torch.diag(torch.tensor([tiny, -2 * tiny, 1.0, 1.1], dtype=dtype))
        a = a.to(dtype)
        got = gradient(lambda a: matrix_function(a, torch.exp, torch.exp), a)
        right = gradient(torch.linalg.matrix_exp, a.double()).to(dtype)
        close = 1e-8 if dtype == double else 1e-4
        torch.testing.assert_close(got, right, rtol=close, atol=close)
# Flat at both eigenvalues and not in between, or steep for its size.
for f, slope, ends in (
    (torch.tanh, lambda x: torch.cosh(x) ** -2, (-20.0, 20.0)),
    (torch.cos, lambda x: -x.sin(), (0.0, torch.pi)),
    (lambda x: x**3 - 3 * x, lambda x: 3 * x**2 - 3, (-1.0, 1.0)),
    (torch.exp, torch.exp, (80.0, 80.7)),
):
    for dtype in (double, torch.float32):
        low, high = torch.tensor(ends, dtype=double)
        right = (f(high) - f(low)) / (high - low)
        a = torch.diag(torch.tensor(ends, dtype=dtype))
        got = gradient(lambda a, f=f, s=slope: matrix_function(a, f, s)[0], a)
        got = got[0, 1].double()
        torch.testing.assert_close(got, right, rtol=1e-5, atol=0)


# --8<-- [start:trap-polar]
def polar_by_svd(a):
    u, s, vh = torch.linalg.svd(a, full_matrices=False)
    return u @ vh


turned = torch.tensor([[0.6, -0.8], [0.8, 0.6]], dtype=torch.float64)
print("value   ", [round(v, 9) for v in polar_by_svd(turned)[0].tolist()])
eye = torch.eye(2, dtype=torch.float64)
print("gradient", gradient(lambda a: polar_by_svd(a)[0, 1], eye).tolist())
# --8<-- [end:trap-polar]


# --8<-- [start:fix-polar]
def polar(a):
    """The orthogonal matrix u @ vh nearest to a real a (..., m, n), m >= n, of
    full rank. Singular values may be equal. It has no second derivative, and
    no half type, since svd has none."""
    fixed = a.detach()
    u, s, vh = torch.linalg.svd(fixed, full_matrices=False)
    change = (a - fixed) @ vh.mT  # zeros, with a gradient
    inside = u.mT @ change
    turn = (inside - inside.mT) / (s.unsqueeze(-1) + s.unsqueeze(-2))
    outside = (change - u @ inside) / s.unsqueeze(-2)
    return (u + u @ turn + outside) @ vh


print("gradient", gradient(lambda a: polar(a)[0, 1], eye).tolist())
# --8<-- [end:fix-polar]
for m, n in ((1, 1), (2, 2), (3, 3), (5, 2), (8, 8)):
    for same in (False, True):
        a = torch.randn(m, n, dtype=double)
        if same:  # all singular values are equal
            a = 3 * torch.linalg.qr(a).Q
        torch.testing.assert_close(polar(a), polar_by_svd(a))
        w = torch.randn(m, n, dtype=double)
        got = gradient(lambda a, w=w: (polar(a) * w).sum(), a)
        numeric = torch.zeros(m, n, dtype=double)
        h = 1e-5
        for k in range(m * n):
            step = torch.zeros(m * n, dtype=double)
            step[k] = h
            step = step.view(m, n)
            ends = [(polar_by_svd(a + s * step) * w).sum() for s in (1, -1)]
            numeric.view(-1)[k] = (ends[0] - ends[1]) / (2 * h)
        torch.testing.assert_close(got, numeric, rtol=1e-5, atol=1e-6)

try:
    polar(torch.full((2, 2), torch.nan))
except RuntimeError as error:
    assert "failed to converge" in str(error)
else:
    raise AssertionError("no error")

# --8<-- [start:near]
for gap in (1e-1, 1e-4, 1e-8, 1e-12, 0.0):
    a = torch.diag(torch.tensor([1.0 + gap, 1.0], dtype=torch.float64))
    of_vector = gradient(lambda a: torch.linalg.eigh(a)[1][0], a)
    of_value = gradient(lambda a: torch.linalg.eigh(a)[0][0], a)
    print(gap, of_vector.abs().max().item(), of_value.tolist())
# --8<-- [end:near]
# claim: that of an eigenvector, or of a singular vector, grows as 1 over the
#   gap
for gap in (1e-2, 1e-4, 1e-6):
    a = torch.diag(torch.tensor([1.0 + gap, 1.0], dtype=double))
    for vectors in (
        lambda a: torch.linalg.eigh(a)[1][0],
        lambda a: torch.linalg.svd(a).U[0],
    ):
        g = gradient(vectors, a).abs().max()
        assert 0.4 < g * gap < 1.1
# The gradient of the values stays bounded
for gap in (1e-2, 1e-9, 1e-15, 0.0):
    values = torch.tensor([1.0 + gap, 1.0, 0.5], dtype=double)
    q = torch.linalg.qr(torch.randn(3, 3, dtype=double)).Q
    for f in (torch.linalg.eigvalsh, torch.linalg.svdvals):
        for k in range(3):
            g = gradient(lambda a, f=f, k=k: f(a)[k], q * values @ q.mT)
            assert g.abs().max() < 1 + 1e-9

# --8<-- [start:rounded]
angle = torch.tensor(2.0)
c, s = angle.cos(), angle.sin()
rotation = torch.stack([c, -s, s, c]).view(2, 2)  # float32
print("values - 1", (torch.linalg.svdvals(rotation) - 1).tolist())
for f in (polar_by_svd, polar):
    g = gradient(lambda a, f=f: f(a)[0, 1], rotation)
    print(f.__name__, [round(v, 6) for v in g.flatten().tolist()])
# --8<-- [end:rounded]
w = torch.tensor([[0.0, 1.0], [0.0, 0.0]])
right = (w - rotation @ w.mT @ rotation) / 2
torch.testing.assert_close(g, right)

# --8<-- [start:ties]
eye = torch.eye(2)
print("largest value", gradient(lambda a: torch.linalg.svdvals(a)[0], eye))
print("spectral norm", gradient(lambda a: torch.linalg.matrix_norm(a, 2), eye))
# --8<-- [end:ties]

# --8<-- [start:zero]
zero = torch.zeros(2, 2)
print("svdvals", gradient(torch.linalg.svdvals, zero).tolist())
print("pinv   ", gradient(torch.linalg.pinv, zero).tolist())
print("svd.U  ", gradient(lambda a: torch.linalg.svd(a).U, zero).tolist())
for rows in (2, 3):
    a = torch.eye(rows, 2) * torch.tensor([2.0, 0.0])
    g = gradient(lambda a: torch.linalg.svd(a, full_matrices=False).U, a)
    print(f"{rows} rows, values 2 and 0", g.tolist())
# --8<-- [end:zero]
# claim: For a matrix that is not square the backward pass of the longer
#   vectors divides by \sigma too, and one 0 is enough
for dtype in (double, torch.float32):
    for m, n in ((2, 1), (3, 2), (17, 3), (2, 3), (3, 17)):
        k = min(m, n)
        a = torch.eye(m, n, dtype=dtype)
        a[range(k), range(k)] = torch.arange(k, dtype=dtype).flip(0)
        for full in (True, False):
            for i in (0, 2):
                g = gradient(
                    lambda a, i=i, f=full: torch.linalg.svd(a, f)[i], a
                )
                longer = i == (0 if m > n else 2)
                assert g.isnan().any() if longer else g.isfinite().all()
        square = torch.diag(torch.arange(k, dtype=dtype))
        for i in (0, 2):
            g = gradient(lambda a, i=i: torch.linalg.svd(a)[i], square)
            assert g.isfinite().all()
# claim: The gradient of the singular values is finite for every finite matrix
for dtype in (double, torch.float32):
    for shape in ((1, 1), (2, 2), (3, 5), (17, 17), (5, 33)):
        for a in (
            torch.zeros(shape, dtype=dtype),
            torch.ones(shape, dtype=dtype),
            torch.eye(*shape, dtype=dtype),
            torch.randn(shape, dtype=dtype),
            torch.full(shape, 1e-30, dtype=dtype),
            torch.full(shape, 1e30, dtype=dtype),
            torch.full(shape, torch.finfo(dtype).max, dtype=dtype),
        ):
            assert gradient(torch.linalg.svdvals, a).isfinite().all()
            square = a @ a.mT
            if square.isfinite().all():
                g = gradient(torch.linalg.eigvalsh, square)
                assert g.isfinite().all()

# --8<-- [start:full]
tall = torch.tensor([[1.0, 2.0], [0.0, 1.0], [3.0, 1.0]], dtype=torch.float64)


def weight_of_row(a):
    """The square of the first entry of the direction that no column has."""
    return torch.linalg.svd(a).U[0, 2].square()


def by_projection(a):
    u = torch.linalg.svd(a, full_matrices=False).U
    return 1 - u[0].square().sum()


for name, f in {"full": weight_of_row, "thin": by_projection}.items():
    g = [
        [round(v, 4) + 0.0 for v in row] for row in gradient(f, tall).tolist()
    ]
    print(name, round(f(tall).item(), 4), g)
# --8<-- [end:full]
# claim: the gradient of the extra columns of `U` and rows of `Vh` is 0
for shape in ((3, 2), (5, 1), (2, 3), (33, 17)):
    a, k = torch.randn(shape, dtype=double), min(shape)
    g = gradient(lambda a, k=k: torch.linalg.svd(a).U[:, k:], a)
    h = gradient(lambda a, k=k: torch.linalg.svd(a).Vh[k:], a)
    assert (g == 0).all() and (h == 0).all()

# --8<-- [start:second]
for name, values in (("1, 1", [1.0, 1.0]), ("2, 1", [2.0, 1.0])):
    a = torch.diag(torch.tensor(values)).requires_grad_()
    for f in (torch.linalg.svdvals, torch.linalg.eigvalsh):
        y = f(a).square().sum()  # the sum of the squares of all entries
        (g,) = torch.autograd.grad(y, a, create_graph=True)
        (second,) = torch.autograd.grad(g[0, 0], a)
        print(name, f.__name__.removeprefix("linalg_"), second.tolist())
# --8<-- [end:second]

# --8<-- [start:errors]
z = torch.tensor([[1.0, 2j], [0.5, 1.0]], requires_grad=True)
for f in (
    lambda: torch.linalg.svd(z).U.real.sum(),
    lambda: torch.linalg.eigh(z @ z.mH).eigenvectors.real.sum(),
    lambda: torch.linalg.eig(z).eigenvectors.real.sum(),
):
    try:
        f().backward()
        print("no error")
    except RuntimeError as error:
        print(error)
try:
    torch.linalg.svd(torch.full((2, 2), float("nan")))
except RuntimeError as error:
    print(f"{type(error).__name__}: {error}")
# --8<-- [end:errors]
