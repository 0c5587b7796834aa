# --8<-- [start:run]
import torch
from torch.linalg import matrix_norm, vector_norm


def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


inf = float("inf")
print("p      at (0, 0)    at (3, 0)    at (3, -3)")
for p in (0.5, 1, 2, 3, inf, -inf):
    row = [
        gradient(lambda x, p=p: vector_norm(x, p), torch.tensor(x)).tolist()
        for x in ([0.0, 0.0], [3.0, 0.0], [3.0, -3.0])
    ]
    print(f"{p:<5}", *[f"({a:4.2g}, {b:5.2g})" for a, b in row])
# --8<-- [end:run]
nan = float("nan")
torch.manual_seed(0)
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
orders = (0.5, 1, 1.5, 2, 3, 10, inf, -inf)


def vector(p):
    return lambda x: vector_norm(x, p)


def matrix(ord):
    return lambda x: matrix_norm(x, ord)


# claim: At zero the gradient is 0 for each p
for dtype in dtypes:
    for n in (1, 3, 17, 33, 1001):
        for p in orders:
            x = torch.zeros(n, dtype=dtype)
            for f in (vector(p), lambda x, p=p: torch.norm(x, p)):
                assert (gradient(f, x) == 0).all()
        # With p = inf and -inf equal entries share.
        x = torch.full((n,), -0.3, dtype=dtype)
        x[::2] = 0.3
        for p in (inf, -inf):
            g = gradient(vector(p), x).double()
            torch.testing.assert_close(
                g, x.double().sign() / n, rtol=1e-2, atol=1e-6
            )
            assert (g.sign() == x.double().sign()).all()

# --8<-- [start:trap-half]
x = torch.tensor([1.0, 1e-12, 0.0])
print("p = 0.5:", gradient(lambda x: vector_norm(x, 0.5), x).tolist())
# --8<-- [end:trap-half]
g = gradient(vector(0.5), x)
assert g[1] > 9e5 and g[2] == 0
# In a vector of zeros the slope of one entry is 1.
for size in (1e-3, 1e-6, 1e-12):
    x = torch.tensor([size, 0.0], dtype=torch.float64)
    torch.testing.assert_close(vector_norm(x, 0.5) / size, 0 * x[0] + 1)
# Beside an entry of 1 it grows without bound toward 0; at 0 PyTorch gives 0.
for p in (0.1, 0.3, 0.5, 0.9):
    slopes = [
        gradient(
            vector(p), torch.tensor([1.0, 10.0**-k], dtype=torch.float64)
        )[1].item()
        for k in (10, 50, 100, 200)
    ]
    assert slopes == sorted(slopes) and slopes[-1] > 1e9
    for dtype in dtypes:
        for n in (1, 3, 33):
            x = torch.zeros(n + 1, dtype=dtype)
            x[0] = 0.7
            g = gradient(vector(p), x)
            assert (g[1:] == 0).all() and g[0].isfinite()


# --8<-- [start:fix-half]
def sparsity(x, p=0.5, eps=1e-3):
    """The sum of |x|**p, 0 < p <= 1, with slopes up to p * eps**(p - 1).

    In float16 an eps of 2.9e-8 is 0, and the gradient at 0 NaN.
    """
    return ((x.abs() + eps) ** p - eps**p).sum()


x = torch.tensor([1.0, 1e-12, 0.0])
print("sparsity:", sparsity(x).item(), gradient(sparsity, x).tolist())
# --8<-- [end:fix-half]
for dtype in dtypes:
    for p in (0.1, 0.5, 1.0):
        x = torch.logspace(-12, 4, 33, dtype=torch.float64).to(dtype)
        g = gradient(lambda x, p=p: sparsity(x, p), x)
        assert (g <= 1.02 * p * 1e-3 ** (p - 1)).all() and (g >= 0).all()
    assert gradient(sparsity, torch.zeros(3, dtype=dtype)).tolist() == [0] * 3
for eps, kind in ((2.9e-8, torch.isnan), (3.1e-8, torch.isfinite)):
    x = torch.zeros(3).half()
    assert kind(gradient(lambda x, e=eps: sparsity(x, 0.5, e), x)).all()

# --8<-- [start:trap-nuclear]
w = torch.zeros(2, 2, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.5)
for step in range(4):
    loss = matrix_norm(w, "nuc")
    print(step, "loss", loss.item(), w.tolist())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
# --8<-- [end:trap-nuclear]
# claim: The nuclear norm of a zero matrix has a gradient of length √n
for n in (1, 2, 3, 17):
    for shape in ((n, n), (n, n + 3), (n + 3, n)):
        for dtype in (torch.float64, torch.float32):
            x = torch.zeros(shape, dtype=dtype)
            g = gradient(matrix("nuc"), x)
            assert abs(vector_norm(g) - n**0.5) < 1e-5
            g = gradient(matrix(2), x)
            assert abs(vector_norm(g) - n**-0.5) < 1e-5
            for ord in (1, -1, inf, -inf, "fro"):
                assert (gradient(matrix(ord), x) == 0).all()

# --8<-- [start:fix-nuclear]
eps = 1e-3
w = torch.zeros(2, 2, requires_grad=True)
singular = torch.linalg.svdvals(w)
loss = (singular**2 + eps**2).sqrt().sum()
loss.backward()
print("loss", loss.item(), "gradient", w.grad.tolist())
# --8<-- [end:fix-nuclear]
assert (w.grad == 0).all()


def smooth(x):
    return (torch.linalg.svdvals(x) ** 2 + 1e-2).sqrt().sum()


for x in (torch.randn(3, 4), torch.diag(torch.tensor([2.0, 0, 0]))):
    assert torch.autograd.gradcheck(smooth, x.double().requires_grad_())

# --8<-- [start:matrices]
ones, eye = torch.ones(2, 2), torch.eye(2)
for ord in ("fro", "nuc", 2, -2, 1, -1, inf, -inf):
    row = [
        gradient(lambda x, o=ord: matrix_norm(x, o), x) for x in (0 * eye, eye)
    ]
    print(f"{ord!s:4} at 0 {row[0].tolist()}", f"at I {row[1].tolist()}")
# --8<-- [end:matrices]

# --8<-- [start:zero-order]
x = torch.tensor([3.0, 0.0], requires_grad=True)
count = vector_norm(x, 0)
count.backward()
print(count.item(), count.grad_fn.name(), x.grad)
try:
    torch.autograd.grad(vector_norm(x, 0), x)
except RuntimeError as error:
    print(error)
# --8<-- [end:zero-order]
assert x.grad is None

# --8<-- [start:extremes]
for p, x in ((3, [1e-30]), (10, [1e5]), (10, [1e5, 1.0])):
    x = torch.tensor(x)
    g = gradient(lambda x, p=p: vector_norm(x, p), x)
    print(p, x, vector_norm(x, p).item(), g)
for x in ([300.0, 400.0], [0.001, 0.002]):
    x = torch.tensor(x).half()
    g = gradient(lambda x: vector_norm(x, 3), x)
    print("float16", x.tolist(), vector_norm(x, 3).item(), g.tolist())
x = torch.ones(301).half()
x[0] = 0
g = gradient(lambda x: vector_norm(x, 0.5), x)
print("float16, 300 ones", vector_norm(x, 0.5).item(), g[:2].tolist())
# --8<-- [end:extremes]
assert g[0].isnan() and (g[1:] == inf).all()
assert gradient(vector(0.5), x.float())[0] == 0
# claim: In float16 with p = 3, up to three numbers of 300 or of 0.0001 have
#   the gradient NaN, of 0.001 inf.
for size, kind in (
    (300.0, torch.isnan),
    (400.0, torch.isnan),
    (1e-4, torch.isnan),
    (1e-3, torch.isinf),
):
    for n in (1, 2, 3):
        x = torch.full((n,), size).half()
        assert kind(gradient(vector(3), x)).all(), (size, n)
for dtype, small in ((torch.float32, 1e-30), (torch.float64, 1e-200)):
    g = gradient(vector(3), torch.tensor([small], dtype=dtype))
    assert g.isnan() and vector_norm(torch.tensor([small]).to(dtype), 3) >= 0

# --8<-- [start:nan]
x = torch.tensor([float("nan"), 1.0])
for p in (0.5, 1, 2, inf):
    g = gradient(lambda x, p=p: vector_norm(x, p), x)
    print(p, vector_norm(x, p).item(), g.tolist())
try:
    vector_norm(torch.zeros(0), inf)
except RuntimeError as error:
    print(error)
# --8<-- [end:nan]
# claim: From vector_norm with p = 1 and p = ±∞ a NaN gets the gradient 0
#   although the norm is NaN
for dtype in dtypes:
    for n in (2, 3, 17, 33):
        x = torch.rand(n).to(dtype) + 1
        x[1] = nan
        for p in (1, inf, -inf):
            assert vector_norm(x, p).isnan() and gradient(vector(p), x)[1] == 0
        for p in (0.5, 2, 3):
            assert gradient(vector(p), x).isnan().all()
        for p in (1, -1, inf, -inf, "fro"):  # matrix_norm gives NaN
            square = torch.stack([x, x + 1]).to(torch.float64)
            assert matrix_norm(square, p).isnan()
            assert gradient(matrix(p), square).isnan().any()
        for p in ("nuc", 2, -2):  # the decomposition raises
            try:
                matrix_norm(square, p)
                raise AssertionError
            except torch.linalg.LinAlgError as error:
                assert "non-finite values" in str(error)

# --8<-- [start:second]
for ord in ("nuc", 2):
    x = torch.eye(2, requires_grad=True)
    g = torch.autograd.grad(matrix_norm(x, ord), x, create_graph=True)[0]
    print(ord, torch.autograd.grad(g.sum(), x)[0].tolist())
# --8<-- [end:second]
for x in (torch.eye(2), torch.eye(3, 4), torch.zeros(2, 2)):
    assert torch.func.hessian(smooth)(x).isnan().any()

# --8<-- [start:minimum]
x = torch.tensor([3.0, -3.0])
g = gradient(lambda x: vector_norm(x, inf), x)
t = torch.linspace(0, 1, 11)
hull = torch.stack([t, t - 1], 1)  # between (1, 0) and (0, -1)
shortest = hull[vector_norm(hull, dim=1).argmin()]
print("gradient", g.tolist(), "shortest", shortest.tolist())
# --8<-- [end:minimum]
torch.testing.assert_close(g, shortest)
