# --8<-- [start:run]
import math

import torch
from torch.func import grad, hessian, vmap

quotients = {
    "torch.sinc(x)": torch.sinc,
    "sin(x)/x": lambda x: x.sin() / x,
    "(1-cos(x))/x**2": lambda x: (1 - x.cos()) / x**2,
}
x = torch.tensor([0.0, 1.0])
for name, f in quotients.items():
    print(f"{name:15}", f(x), vmap(grad(f))(x))
    print("        second", vmap(grad(grad(f)))(x), vmap(hessian(f))(x))
# --8<-- [end:run]
torch.manual_seed(0)
inf, nan = float("inf"), float("nan")
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


def backward(f, x):
    x = x.detach().clone().requires_grad_()
    (g,) = torch.autograd.grad(f(x).sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x)
    return g.detach(), h


for dtype in dtypes:
    for n in (1, 3, 33, 1001):
        for zero in (0.0, -0.0):
            x = torch.full((n,), zero, dtype=dtype)
            assert (torch.sinc(x) == 1).all()
            for g in (
                vmap(grad(torch.sinc))(x),
                backward(torch.sinc, x)[0],
                torch.func.jvp(torch.sinc, (x,), (x + 1,))[1],
            ):
                assert (g == 0).all()
            # claim: two backward passes give NaN, and hessian 0
            assert backward(torch.sinc, x)[1].isnan().all()
            assert (vmap(hessian(torch.sinc))(x) == 0).all()
            for f in list(quotients.values())[1:]:
                assert f(x).isnan().all() and vmap(grad(f))(x).isnan().all()

# --8<-- [start:trap-where]
x = torch.tensor([0.0, 0.5])


def one_where(x):
    return torch.where(x == 0, 1.0, x.sin() / x)


print(one_where(x), vmap(grad(one_where))(x))
# --8<-- [end:trap-where]
assert vmap(grad(one_where))(x)[0].isnan()


# --8<-- [start:fix-where]
def sinc_where(x):
    """sin(x)/x, not for float16; gradient without digits near 0."""
    inside = torch.where(x == 0, 1.0, x)
    return torch.where(x == 0, 1.0, inside.sin() / inside)


x = torch.tensor([0.0, 0.5])
print(sinc_where(x), vmap(grad(sinc_where))(x))
print("second", vmap(grad(grad(sinc_where)))(x))
# --8<-- [end:fix-where]
for dtype in dtypes:
    top = torch.finfo(dtype).max
    x = torch.tensor([1e-30, 1e-4, 0.3, 1, 50, top], dtype=dtype)
    assert sinc_where(torch.cat([x, -x])).isfinite().all()
    zeros = torch.tensor([0.0, -0.0], dtype=dtype)
    assert (sinc_where(zeros) == 1).all()
    for g in backward(sinc_where, zeros):
        assert (g == 0).all() and g.dtype == dtype
x = torch.arange(1, 999).half() * 2.0**-24  # every number up to 6e-5
g = vmap(grad(sinc_where))(x)
assert (g.isnan() == (x <= 2.0**-16)).all() and 1.52e-5 < 2.0**-16 < 1.53e-5


# --8<-- [start:fix-series]
def sin_over_x(x):
    """sin(x)/x for finite x, and its derivatives, also at 0 and near it."""
    small = x.abs() < 1
    square = torch.where(small, x, 0.0) ** 2
    series = 1 - square / 342
    for k in range(8, 0, -1):
        series = 1 - square / (2 * k * (2 * k + 1)) * series
    inside = torch.where(small, 1.0, x)
    return torch.where(small, series, inside.sin() / inside)


x = torch.tensor([0.0, 0.5])
print(sin_over_x(x), vmap(grad(sin_over_x))(x))
print("second", vmap(grad(grad(sin_over_x)))(x))
# --8<-- [end:fix-series]


def exactly(x):
    """Value, gradient and second derivative of sin(x)/x, in float64."""
    x = x.double()
    if x.abs().max() >= 1:
        s, c = x.sin() / x, x.cos() / x
        return s, c - s / x, -s - 2 * (c - s / x) / x
    square, terms = x**2, [[], [], []]
    for k in range(12):
        a = (-1) ** k / math.factorial(2 * k + 1)
        n = 2 * k
        terms[0].append(a * square**k)
        if k:
            terms[1].append(a * n * x * square ** (k - 1))
            terms[2].append(a * n * (n - 1) * square ** (k - 1))
    return [sum(reversed(t)) for t in terms]


for dtype in dtypes:
    eps = torch.finfo(dtype).eps
    near = torch.logspace(-12, 0, 999, dtype=torch.float64)
    far = 1 + 30 * torch.rand(999, dtype=torch.float64)
    for x in (near[:-1].to(dtype), -near[:-1].to(dtype), far.to(dtype)):
        x = x[(x.abs() < 1) == (x.abs()[0] < 1)]
        found = sin_over_x(x), *backward(sin_over_x, x)
        for mine, right in zip(found, exactly(x), strict=True):
            torch.testing.assert_close(
                mine.double(), right, rtol=0, atol=4 * eps
            )
        if x.abs()[0] < 1:
            # Relative to the number itself, the gradient too is exact.
            # (Below its normal range a dtype has fewer digits.)
            normal = x.abs() > 4 * torch.finfo(dtype).smallest_normal
            torch.testing.assert_close(
                found[1].double()[normal],
                exactly(x)[1][normal],
                rtol=6 * eps,
                atol=0,
            )
    zeros = torch.tensor([0.0, -0.0], dtype=dtype)
    assert (sin_over_x(zeros) == 1).all()
    g, h = backward(sin_over_x, zeros)
    assert (g == 0).all()
    torch.testing.assert_close(h, torch.full_like(h, -1 / 3))
    assert g.dtype == h.dtype == dtype

# --8<-- [start:fix-normalized]
x = torch.tensor([0.0, 1e-4, 0.5])


def sinc(x):
    return sin_over_x(math.pi * x)


print("torch.sinc", vmap(grad(torch.sinc))(x))
print("sinc      ", vmap(grad(sinc))(x))
# --8<-- [end:fix-normalized]
for dtype in dtypes:
    eps = torch.finfo(dtype).eps
    x = (0.5 + 9 * torch.rand(999, dtype=torch.float64)).to(dtype)
    for mine, its in (
        (sinc(x), torch.sinc(x.double())),
        (backward(sinc, x)[0], backward(torch.sinc, x.double())[0]),
    ):
        torch.testing.assert_close(mine.double(), its, rtol=0, atol=4 * eps)
x = torch.arange(0, 20_849, 16).half()
assert x[-1] == 20_848
for zeros in (sinc(x) - torch.sinc(x), backward(sinc, x)[0][20:]):
    assert zeros.isfinite().all() and (zeros.abs() < 4e-3).all()
assert sinc(torch.tensor(20_864.0).half()).isnan()

# --8<-- [start:trap-cos]
x = torch.tensor([0.0, 1e-4, 0.5])


def one_minus_cos_where(x):
    inside = torch.where(x == 0, 1.0, x)
    return torch.where(x == 0, 0.5, (1 - inside.cos()) / inside**2)


print(one_minus_cos_where(x), vmap(grad(one_minus_cos_where))(x))
# --8<-- [end:trap-cos]
assert one_minus_cos_where(x)[1] == 0


# --8<-- [start:fix-cos]
def one_minus_cos_over_x2(x):
    """(1 - cos(x)) / x**2 for finite x, with two derivatives."""
    return sin_over_x(x / 2) ** 2 / 2


f = one_minus_cos_over_x2
print(f(x), vmap(grad(f))(x))
print("second", vmap(grad(grad(f)))(x))
# --8<-- [end:fix-cos]
for dtype in dtypes:
    eps = torch.finfo(dtype).eps
    x = torch.cat([torch.zeros(1), torch.logspace(-12, -2, 99)]).to(dtype)
    y, (g, h) = f(x), backward(f, x)
    d = x.double()
    near = {"rtol": 8 * eps, "atol": torch.finfo(dtype).smallest_normal * 4}
    series = 1 / 2 - d**2 / 24 + d**4 / 720
    torch.testing.assert_close(y.double(), series, **near)
    slope = -d / 12 + d**3 / 180 - d**5 / 6720
    torch.testing.assert_close(g.double(), slope, **near)
    bend = -1 / 12 + d**2 / 60 - d**4 / 1344
    torch.testing.assert_close(h.double(), bend, **near)
    x = (1 + 9 * torch.rand(99, dtype=torch.float64)).to(dtype)
    right = (1 - x.double().cos()) / x.double() ** 2
    torch.testing.assert_close(f(x).double(), right, rtol=0, atol=8 * eps)

# --8<-- [start:near]
x = torch.tensor([1e-2, 1e-3, 1e-4, 1e-5])
right = vmap(grad(sinc))(x.double())
print("float32", vmap(grad(torch.sinc))(x).tolist())
print("right  ", right.float().tolist())
print("second ", vmap(grad(grad(torch.sinc)))(x).tolist())
# --8<-- [end:near]
assert vmap(grad(torch.sinc))(x)[2] / right[2] > 2.8
for middle in (1e-4, 1.9e-4, 3e-4, 1e-3):  # up to about 3 eps / (pi * x)**2
    x = middle * torch.linspace(0.9, 1.1, 20001)
    right = vmap(grad(sinc))(x.double())
    off = (vmap(grad(torch.sinc))(x) / right - 1).abs().max()
    most = 3 * torch.finfo(torch.float32).eps / (math.pi * middle) ** 2
    assert 0.7 * most < off < 1.1 * most
    assert (0.9 < most < 1.1) == (middle == 1.9e-4)

x = torch.arange(1, 9999).half() * 2.0**-20
bad = x[backward(torch.sinc, x)[1].isnan()]
assert 0.0022 < bad.max() < 0.00221 and (x[: len(bad)] == bad).all()
assert (vmap(hessian(torch.sinc))(bad) == 0).all()
x = torch.logspace(-44, -10, 9999)
bad = x[backward(torch.sinc, x)[1].isnan()]
assert 3.0e-20 < bad.max() < 3.06e-20 and (x[: len(bad)] == bad).all()
assert (1 / (math.pi * bad.max() ** 2)).isinf()

# --8<-- [start:digits]
for dtype in torch.float64, torch.float32, torch.bfloat16, torch.float16:
    x = torch.logspace(-12, 0, 20000, dtype=torch.float64).to(dtype)
    right = vmap(grad(sinc))(x.double())
    off = ((vmap(grad(torch.sinc))(x) - right) / right).abs() > 0.01
    print(f"{dtype}: more than 1% off up to x = {x[off].max():.2g}")
# --8<-- [end:digits]

# Figure: Relative error of two gradients of sinc in float32, both axes
# logarithmic, x from 1e-6 to 1. That of torch.sinc rises unevenly as x falls,
# from about 1e-7 near 1 to a peak of 2.4 just below 1e-4, and is 1 below 8e-5.
# That of the series stays below 1e-6.
# --8<-- [start:figure]
import matplotlib.pyplot as plt

x = torch.logspace(-6, 0, 80)
right = vmap(grad(sinc))(x.double())
fig, ax = plt.subplots(figsize=(4.8, 3.2))
for name, f in {"torch.sinc": torch.sinc, "series": sinc}.items():
    error = ((vmap(grad(f))(x) - right) / right).abs()
    ax.loglog(x, error, label=name)
ax.set_xlabel("x")
ax.set_ylabel("relative error of the gradient")
ax.minorticks_off()
ax.legend()
plt.show()
# --8<-- [end:figure]
assert error.max() < 1e-6
error = ((vmap(grad(torch.sinc))(x) - right) / right).abs()
assert (error[x < 8e-5] == 1).all() and error[-8:].max() < 3e-7
assert 2.3 < error.max() < 2.4 and 8e-5 < x[error.argmax()] < 1e-4


# --8<-- [start:rotation]
def rotate(v, p):
    """Turn p around the axis v, by the length of v; also rows of p or v."""
    v, p = torch.broadcast_tensors(v, p)
    angle = torch.linalg.vector_norm(v, dim=-1, keepdim=True)
    once = torch.linalg.cross(v, p)
    twice = torch.linalg.cross(v, once)
    return p + sin_over_x(angle) * once + one_minus_cos_over_x2(angle) * twice


p = torch.tensor([1.0, 2.0, 3.0])
print(torch.func.jacrev(rotate)(torch.zeros(3), p))
# --8<-- [end:rotation]
cross = torch.stack([torch.linalg.cross(e, p) for e in torch.eye(3)], 1)
assert (torch.func.jacrev(rotate)(torch.zeros(3), p) == cross).all()
q = rotate(torch.tensor([0.0, 0.0, math.pi / 2]), torch.eye(3)[0])
torch.testing.assert_close(q, torch.eye(3)[1], rtol=0, atol=1e-6)
for dtype in dtypes[:2]:
    v, p = torch.randn(2, 5, 3, dtype=dtype)
    v[0] = 0.0
    rows = torch.stack([rotate(a, b) for a, b in zip(v, p, strict=True)])
    torch.testing.assert_close(rotate(v, p), rows)
    torch.testing.assert_close(rotate(v[1], p)[1], rows[1])
    torch.testing.assert_close(rotate(v, p[1])[1], rows[1])
    turns = torch.linalg.matrix_exp(
        torch.linalg.cross(v[:, None], torch.eye(3, dtype=dtype)[None]).mT
    )
    torch.testing.assert_close(rows, (turns @ p[..., None])[..., 0])
    # claim: the Jacobian at no rotation is right, and so is its hessian.
    zero, one = torch.zeros(3, dtype=dtype), p[1]
    e = torch.eye(3, dtype=dtype)
    twice = torch.linalg.cross(
        e[:, None].expand(3, 3, 3),
        torch.linalg.cross(e, one.expand(3, 3))[None].expand(3, 3, 3),
    )
    right = (twice + twice.transpose(0, 1)) / 2
    found = hessian(rotate)(zero, one)
    torch.testing.assert_close(found.permute(1, 2, 0), right)
    # claim: Two backward passes give NaN.
    assert (
        torch.func.jacrev(torch.func.jacrev(rotate))(zero, one).isnan().all()
    )

# --8<-- [start:infinite]
x = torch.tensor([1e38, 2e38, torch.inf])
print("torch.sinc", torch.sinc(x), vmap(grad(torch.sinc))(x))
# --8<-- [end:infinite]
for dtype in dtypes:
    x = torch.tensor([inf, -inf], dtype=dtype)
    for f in (torch.sinc, sin_over_x, sinc_where):
        assert f(x).isnan().all() and backward(f, x)[0].isnan().all()
assert torch.sinc(torch.tensor(nan)).isnan()
