# --8<-- [start:run]
import torch


def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


singular = torch.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=torch.float64)
print("det      ", torch.linalg.det(singular).item())
print("gradient ", gradient(torch.linalg.det, singular).tolist())
nearly = singular + torch.tensor([[1e-6, 0.0], [0.0, 0.0]])
print(
    "close by ", gradient(torch.linalg.det, nearly).round(decimals=4).tolist()
)
# --8<-- [end:run]
double = torch.float64
dtypes = (double, torch.float32)
torch.manual_seed(0)


def cofactors(a):
    """The gradient of the determinant, minor by minor."""
    n = len(a)
    out = torch.empty_like(a)
    for i in range(n):
        for j in range(n):
            rows = [k for k in range(n) if k != i]
            columns = [k for k in range(n) if k != j]
            minor = torch.linalg.det(a[rows][:, columns])
            out[i, j] = (-1) ** (i + j) * minor
    return out


def of_rank(n, rank):
    a = torch.randint(-2, 3, (n, rank)).double()
    return a @ torch.randint(-2, 3, (rank, n)).double()


# claim: From 2 × 2 on backward() returns 0 where the determinant comes out
#   as 0.
apart = 0
for n in (2, 3, 4):
    for k in range(40):
        a = of_rank(n, n - 1)
        if k % 2:
            a = torch.randn(n, n - 1, dtype=double)
            a = a @ torch.randn(n - 1, n, dtype=double)
        got = gradient(torch.linalg.det, a)
        if torch.linalg.det(a) == 0:
            assert (got == 0).all(), (a, got)
        elif k % 2:
            # claim: Where rounding leaves 10⁻¹⁷, the gradient of det is right
            apart += 1
            torch.testing.assert_close(got, cofactors(a))
assert apart > 20  # of 60
assert gradient(torch.linalg.det, torch.zeros(1, 1)) == 1

# --8<-- [start:trap-train]
points = torch.tensor([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])  # on one line
points.requires_grad_()
area = torch.linalg.det(points[1:] - points[0]) / 2
area.backward()
print("area", area.item(), "gradient", points.grad.tolist())
# --8<-- [end:trap-train]
assert (points.grad == 0).all()


# --8<-- [start:fix-det]
def determinant(a):
    """The determinant of real square matrices (..., n, n), with the cofactors
    as its gradient, also where it is 0. NaN, the value too, where a product
    of singular values overflows. No second derivative, and no half type,
    since svd has none."""
    fixed = a.detach()
    u, s, vh = torch.linalg.svd(fixed)
    sign = torch.linalg.det(u) * torch.linalg.det(vh)
    one = torch.ones_like(s[..., :1])
    before = torch.cat([one, s[..., :-1]], -1).cumprod(-1)
    after = torch.cat([s[..., 1:], one], -1).flip(-1).cumprod(-1).flip(-1)
    others = (before * after).unsqueeze(-2)  # of each, the product of the rest
    cofactors = sign[..., None, None] * (u * others @ vh)
    change = (cofactors * (a - fixed)).sum((-2, -1))  # 0, with a gradient
    return torch.linalg.det(fixed) + change


print("gradient", gradient(determinant, singular).round(decimals=6).tolist())
points.grad = None
(determinant(points[1:] - points[0]) / 2).backward()
print("of the area", points.grad.round(decimals=6).tolist())
# --8<-- [end:fix-det]
for n in (1, 2, 3, 4, 5):
    for a in (
        torch.randn(n, n, dtype=double),
        -torch.eye(n, dtype=double),
        torch.zeros(n, n, dtype=double),
        torch.ones(n, n, dtype=double),
        of_rank(n, max(n - 1, 1)),
        of_rank(n, max(n - 2, 1)),
    ):
        got = gradient(determinant, a)
        want = cofactors(a) if n > 1 else torch.ones_like(a)
        torch.testing.assert_close(got, want, rtol=1e-7, atol=1e-7)
        assert torch.equal(determinant(a), torch.linalg.det(a))

# --8<-- [start:trap-small]
small = 0.1 * torch.eye(400, dtype=torch.float64)
print("det", torch.linalg.det(small).item())
print("gradient of log(det)", gradient(lambda a: a.det().log(), small)[0, :2])
# --8<-- [end:trap-small]

# --8<-- [start:fix-small]
sign, log = torch.linalg.slogdet(small)
print("slogdet", sign.item(), round(log.item(), 3))
print("gradient", gradient(lambda a: torch.linalg.slogdet(a)[1], small)[0, :2])
# --8<-- [end:fix-small]
assert torch.linalg.det(small) == 0 and small.logdet() == log
assert determinant(10 * torch.eye(400)).isnan()  # the cofactors overflow
scales = torch.tensor([1e-200, 1e200, 1e200, 1e-200], dtype=double).diag()
assert torch.linalg.det(scales) == 1  # no cofactor does, and a product does
assert determinant(scales).isnan()
try:
    determinant(torch.full((2, 2), torch.nan))
except RuntimeError as error:
    assert "contained non-finite values" in str(error)
else:
    raise AssertionError("no error")
for seed in range(9):  # singular on paper, and by rounding not
    torch.manual_seed(seed)
    a = torch.randn(3, 2, dtype=double) @ torch.randn(2, 3, dtype=double)
    if torch.linalg.det(a) != 0:
        g = gradient(lambda a: torch.linalg.slogdet(a)[1], a)
        assert 1e14 < g.abs().max() < 1e19
        g = gradient(torch.linalg.inv, a)
        assert 1e14 < torch.linalg.inv(a).abs().max() < 1e20
        assert 1e27 < g.abs().max() < 1e38
        # of logdet 0 where rounding leaves a negative determinant
        g = gradient(torch.logdet, a)
        assert (g == 0).all() == (torch.linalg.det(a) < 0)
        b = a.float()
        if torch.linalg.det(b) != 0:  # in float32 10⁷ stands for 10¹⁶
            g = gradient(lambda b: torch.linalg.slogdet(b)[1], b)
            assert 1e5 < g.abs().max() < 1e11
# claim: slogdet has ±∞ there, and raises an error under create_graph=True
for dtype in dtypes:
    a = singular.to(dtype)
    assert gradient(lambda a: torch.linalg.slogdet(a)[1], a).isinf().all()
    a.requires_grad_()
    y = torch.linalg.slogdet(a)[1]
    try:
        torch.autograd.grad(y, a, create_graph=True)
        raise AssertionError("no error")
    except RuntimeError as error:
        assert "the input matrix is singular" in str(error)

# --8<-- [start:jitter]
for jitter in (0.0, 1e-6):
    covariance = singular + jitter * torch.eye(2)
    try:
        g = gradient(torch.linalg.cholesky, covariance)
        print(jitter, "gradient up to", f"{g.abs().max().item():.3g}")
    except RuntimeError as error:
        print(jitter, error)
# --8<-- [end:jitter]
assert g.isfinite().all()
# In float32 10⁻⁶ can be too little: 20 samples of 500 numbers.
torch.manual_seed(0)
samples = torch.randn(20, 500, dtype=double)
for dtype, jitter, passes in (
    (double, 1e-6, True),
    (torch.float32, 1e-6, False),
    (torch.float32, 1e-4, True),
):
    a = samples.to(dtype).T.cov()
    a = a + jitter * a.diagonal().mean() * torch.eye(500, dtype=dtype)
    assert (torch.linalg.cholesky_ex(a).info == 0) == passes

# --8<-- [start:modes]
x = singular.clone().requires_grad_()
y = torch.linalg.det(x)
(plain,) = torch.autograd.grad(y, x, retain_graph=True)
(graph,) = torch.autograd.grad(y, x, create_graph=True)
print("backward()       ", plain.tolist())
print("create_graph=True", graph.detach().round(decimals=6).tolist())
ones = torch.ones(2, 2, dtype=torch.float64)
try:
    _, forward = torch.func.jvp(torch.linalg.det, (singular,), (ones,))
    print("forward mode     ", forward.item())
except RuntimeError as error:
    print("forward mode     ", error)
# --8<-- [end:modes]

# --8<-- [start:singular]
flat = torch.tensor([[2.0, 0.0], [0.0, 0.0]], dtype=torch.float64)
turned = torch.tensor([[2.0, 0.0], [0.0, -1.0]], dtype=torch.float64)
for name, f in {
    "slogdet": lambda a: torch.linalg.slogdet(a)[1],
    "logdet": torch.logdet,
    "cond": torch.linalg.cond,
    "pinv": torch.linalg.pinv,
    "inv_ex": lambda a: torch.linalg.inv_ex(a)[0],
    "cholesky_ex": lambda a: torch.linalg.cholesky_ex(a)[0],
}.items():
    print(name, "value", f(flat).sum().item(), gradient(f, flat).tolist())
indefinite = torch.tensor([[0.1, 0.3], [0.3, 0.6]], dtype=torch.float64)
factor, info = torch.linalg.cholesky_ex(indefinite)
g = gradient(lambda a: torch.linalg.cholesky_ex(a)[0], indefinite)
print("indefinite: info", info.item(), "finite", g.isfinite().all().item())
print("logdet of", turned.diagonal().tolist())
print("value", torch.logdet(turned).item(), gradient(torch.logdet, turned))
# --8<-- [end:singular]

# --8<-- [start:pinv]
for entry in (1e-10, 1e-14, 1e-17, 0.0):
    a = torch.diag(torch.tensor([2.0, entry], dtype=torch.float64))
    g = gradient(torch.linalg.pinv, a)
    print(entry, torch.linalg.pinv(a)[1, 1].item(), g[1, 1].item())
# --8<-- [end:pinv]

# --8<-- [start:half]
a = torch.tensor([[4.0, 7.0], [2.0, 3.0]], dtype=torch.float64)
other = torch.tensor([[4.0, 100.0], [2.0, 3.0]], dtype=torch.float64)
same = torch.equal(torch.linalg.cholesky(a), torch.linalg.cholesky(other))
print("the upper half does not count:", same)
for f in (torch.linalg.cholesky, torch.linalg.eigvalsh):
    print(gradient(lambda x, f=f: f(x)[..., 0], a).tolist())
# --8<-- [end:half]
# claim: The gradient of each is symmetric all the same.
for n in (2, 3, 17):
    x = torch.randn(n, n, dtype=double)
    a = x @ x.mT + torch.eye(n, dtype=double)
    a = a + torch.randn(n, n, dtype=double).triu(1)
    w = torch.randn(n, n, dtype=double)
    for f in (
        torch.linalg.cholesky,
        torch.linalg.eigvalsh,
        lambda x: torch.linalg.eigh(x).eigenvectors,
    ):
        g = gradient(lambda x, f=f, w=w: f(x) * w, a)
        torch.testing.assert_close(g, g.mT)
    # with upper=True or UPLO="U" the upper one
    for f in (
        lambda x: torch.linalg.cholesky(x, upper=True),
        lambda x: torch.linalg.eigvalsh(x, UPLO="U"),
        lambda x: torch.linalg.eigh(x, UPLO="U").eigenvalues,
    ):
        assert torch.equal(f(a.mT), f(a.mT.triu()))
        g = gradient(lambda x, f=f, w=w: f(x) * w, a.mT)
        torch.testing.assert_close(g, g.mT)

# --8<-- [start:errors]
for f in (
    torch.linalg.inv,
    lambda a: torch.linalg.solve(a, torch.ones(2, dtype=torch.float64)),
    torch.linalg.cholesky,
    lambda a: torch.linalg.qr(torch.ones(3, 2) * a[0, 0], mode="complete")[0],
):
    try:
        f(singular.clone().requires_grad_()).sum().backward()
    except RuntimeError as error:
        print(f"{type(error).__name__}: {error}")
# --8<-- [end:errors]
