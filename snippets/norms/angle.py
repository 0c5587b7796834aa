# --8<-- [start:run]
import torch


def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


y, x = torch.tensor([3.0, 0.0]), torch.tensor([4.0, 0.0])
for f in (torch.hypot, torch.atan2):
    print(f"{f.__name__:6}", f(y, x).tolist())
    for name, g in zip("yx", gradient(f, y, x), strict=True):
        print("  in", name, g.tolist())
# --8<-- [end:run]
inf, nan = float("inf"), float("nan")
torch.manual_seed(0)
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
# claim: At the origin the gradient of hypot is NaN, and that of atan2 is 0.
for dtype in dtypes:
    for n in (1, 3, 17, 33, 1001):
        for a in (0.0, -0.0):
            for b in (0.0, -0.0):
                y, x = (torch.full((n,), t, dtype=dtype) for t in (a, b))
                for g in gradient(torch.hypot, y, x):
                    assert g.isnan().all()
                for g in gradient(torch.atan2, y, x):
                    assert (g == 0).all()

# --8<-- [start:trap]
flow = torch.tensor([[3.0, 4.0], [0.0, 0.0]], requires_grad=True)
speed = torch.hypot(flow[:, 0], flow[:, 1])
speed.mean().backward()
print(speed.tolist(), flow.grad.tolist())
# --8<-- [end:trap]


# --8<-- [start:fix-hypot]
def safe_hypot(x, y):
    """The hypotenuse, with the gradient 0 at the origin."""
    zero = (x == 0) & (y == 0)
    length = torch.hypot(torch.where(zero, 1.0, x), y)
    return torch.where(zero, 0.0, length)


print(gradient(lambda v: safe_hypot(v[:, 0], v[:, 1]).mean(), flow).tolist())
print(
    gradient(
        lambda v: torch.linalg.vector_norm(v, dim=1).mean(), flow
    ).tolist()
)
# --8<-- [end:fix-hypot]
for dtype in dtypes:
    for n in (1, 3, 17, 33):
        zero = torch.zeros(n, dtype=dtype)
        for g in gradient(safe_hypot, zero, -zero):
            assert (g == 0).all()
        a, b = torch.randn(2, n).to(dtype)
        for mine, its in zip(
            gradient(safe_hypot, a, b),
            gradient(torch.hypot, a, b),
            strict=True,
        ):
            torch.testing.assert_close(mine, its)
# claim: There the second derivatives of safe_hypot are 0. vector_norm gives 0
#   too, but NaN in a second backward pass
for dtype in dtypes:
    for n in (1, 3, 33):
        v = torch.zeros(n, 2, dtype=dtype, requires_grad=True)
        for f, kind in (
            (lambda v: safe_hypot(v[:, 0], v[:, 1]), torch.logical_not),
            (lambda v: torch.linalg.vector_norm(v, dim=1), torch.isnan),
        ):
            (g,) = torch.autograd.grad(f(v).sum(), v, create_graph=True)
            assert not g.any()
            assert kind(torch.autograd.grad(g.sum(), v)[0]).all()
        x, y = torch.zeros(2, n, dtype=dtype)
        twice = torch.func.hessian(lambda x, y: safe_hypot(x, y).sum(), (0, 1))
        assert not any(h.any() for rows in twice(x, y) for h in rows)
a, b = torch.randn(2, 17, dtype=torch.float64)
assert torch.autograd.gradgradcheck(
    safe_hypot, (a.requires_grad_(), b.requires_grad_())
)

# --8<-- [start:trap-half]
for dtype in (torch.float32, torch.float16):
    for size in (1e-4, 1e-3, 1.0, 300.0):
        y, x = torch.full((2, 1), size, dtype=dtype)
        print(dtype, size, gradient(torch.atan2, y, x)[0].item())
# --8<-- [end:trap-half]


# --8<-- [start:fix-half]
def scaled_atan2(y, x):
    """atan2 of finite numbers, and 0 at the origin."""
    zero = (y == 0) & (x == 0)
    y, x = torch.where(zero, 0.0, y), torch.where(zero, 1.0, x)
    size = torch.maximum(y.abs(), x.abs()).detach()
    return torch.atan2(y / size, x / size)


for dtype in (torch.float32, torch.float16):
    for size in (1e-4, 1e-3, 1.0, 300.0):
        y, x = torch.full((2, 1), size, dtype=dtype)
        print(dtype, size, gradient(scaled_atan2, y, x)[0].item())
# --8<-- [end:fix-half]
for dtype in dtypes:
    eps = torch.finfo(dtype).eps
    for n in (1, 3, 17, 33):
        a, b = torch.randn(2, n, dtype=torch.float64).sign() + 0.3
        for size in (1e-4, 1e-3, 1e-2, 0.7, 90.0, 1e4):
            y, x = (size * a).to(dtype), (size * b).to(dtype)
            exact = gradient(torch.atan2, y.double(), x.double())
            for mine, its in zip(
                gradient(scaled_atan2, y, x), exact, strict=True
            ):
                torch.testing.assert_close(
                    mine.double(), its, rtol=8 * eps, atol=1e-7
                )
# claim: Its slope along that factor is 0, so the factor can be detached, for
#   second derivatives too.
y, x = torch.randn(2, 17, dtype=torch.float64)
y[0], y[1] = x[0], 0.0
leaves = (y.requires_grad_(), x.requires_grad_())
assert torch.autograd.gradcheck(scaled_atan2, leaves)
assert torch.autograd.gradgradcheck(scaled_atan2, leaves)
for dtype in dtypes:  # at the origin all is 0, twice and in forward mode too
    for n in (1, 3, 33):
        for y, x in ((0.0, 0.0), (-0.0, 0.0), (0.0, -0.0), (-0.0, -0.0)):
            y, x = (torch.full((n,), t, dtype=dtype) for t in (y, x))
            leaves = y.requires_grad_(), x.requires_grad_()
            out = scaled_atan2(y, x)
            first = torch.autograd.grad(out.sum(), leaves, create_graph=True)
            total = first[0].sum() + first[1].sum()
            second = torch.autograd.grad(total, leaves)
            ones = torch.ones_like(y), torch.ones_like(x)
            at = y.detach(), x.detach()
            slope = torch.func.jvp(scaled_atan2, at, ones)[1]
            for found in (out, *first, *second, slope):
                assert (found == 0).all()


# --8<-- [start:range]
t = torch.arange(1, 31744, dtype=torch.int16).view(torch.float16)
g = gradient(torch.atan2, t, t)[0]  # at each positive number of float16
for name, which in {"inf": g.isinf(), "not 0": (g > 0) & g.isfinite()}.items():
    low, high = t[which].aminmax()
    print(f"float16 {name:5} from {low.item():.5f} to {high.item():.5f}")
for size in (1e-24, 1e-22, 1e-18, 1e18, 1e20):
    y = x = torch.tensor([size])
    print(f"float32 {size:5.0e}", gradient(torch.atan2, y, x)[0].item())
# --8<-- [end:range]
# claim: For two equal numbers in float16 the gradient of atan2 is 0 up to
#   0.00017, ±inf up to 0.00277, and 0 from 181 on.
assert torch.equal(gradient(torch.atan2, t, t)[1], -g)
assert (g[t < 0.00017] == 0).all() and (g[t > 180.9] == 0).all()
assert g[(t > 0.000174) & (t < 0.00276)].isinf().all()
middle = (t > 0.00277) & (t < 180.8)
torch.testing.assert_close(
    g[middle].double(), 0.5 / t[middle].double(), rtol=0.01, atol=1e-6
)
# claim: In float32 it is ±inf from 2.65·10⁻²³ to 3.83·10⁻²⁰.
for low, high, kind in (
    (1e-30, 2.64e-23, 0.0),
    (2.65e-23, 3.83e-20, inf),
    (1.305e19, 1e30, 0.0),
):
    t = torch.logspace(0, 1, 1001, base=high / low, dtype=torch.float64)
    t = (low * t).float()
    for g, sign in zip(gradient(torch.atan2, t, t), (1, -1), strict=True):
        assert (sign * g == kind).all(), kind
t = torch.logspace(-19.415, 19.115, 1001, dtype=torch.float64)
torch.testing.assert_close(
    gradient(torch.atan2, t.float(), t.float())[0].double() * 2 * t,
    torch.ones_like(t),
    rtol=1e-3,
    atol=0,
)

# claim: in float16 a cotangent of 1024, as from a loss scale, gives inf for
#   300.
for f, kind in (
    (torch.hypot, torch.isinf),
    (safe_hypot, torch.isinf),
    (
        lambda y, x: torch.linalg.vector_norm(torch.stack([y, x])),
        torch.isfinite,
    ),
):
    y = x = torch.tensor([300.0]).half()
    for g in gradient(lambda y, x, f=f: 1024 * f(y, x), y, x):
        assert kind(g)

# --8<-- [start:modes]
zero, one = torch.tensor(0.0), torch.tensor(1.0)
print("backward", gradient(torch.atan2, zero, zero)[0].item())
print("forward ", torch.func.jvp(torch.atan2, (zero, zero), (one, zero))[1])
# --8<-- [end:modes]
# claim: At the origin backward gives 0 and forward mode NaN.
for dtype in dtypes:
    for n in (1, 3, 33):
        y, x = torch.zeros(2, n, dtype=dtype)
        tangent = torch.func.jvp(torch.atan2, (y, x), (y + 1, x + 1))[1]
        assert tangent.isnan().all()

# --8<-- [start:cut]
for y in (0.0, -0.0):
    y, x = torch.tensor([y]), torch.tensor([-1.0])
    print(
        torch.atan2(y, x).item(),
        [g.item() for g in gradient(torch.atan2, y, x)],
    )
# --8<-- [end:cut]

# --8<-- [start:angle]
x = torch.tensor([-2.0, -0.0, 0.0, 2.0])
print(torch.angle(x), gradient(torch.angle, x))
z = torch.tensor([-2 + 0j, 0j, 2 + 0j, 3 + 4j], requires_grad=True)
(g,) = torch.autograd.grad(torch.angle(z).sum(), z)
print(torch.angle(z).detach(), g)
(g,) = torch.autograd.grad(z.abs().sum(), z)
print(z.abs().detach(), g)
# --8<-- [end:angle]
# claim: The angle of a real number is 0 or π, and its gradient 0
for dtype in dtypes:
    for n in (1, 3, 17, 33):
        x = torch.randn(n).to(dtype)
        assert (gradient(torch.angle, x) == 0).all()
        pi = torch.tensor(torch.pi, dtype=dtype)
        assert ((torch.angle(x) == 0) | (torch.angle(x) == pi)).all()

# --8<-- [start:small-angle]
z = torch.tensor([3e-13 + 4e-13j, 3e-25 + 4e-25j], requires_grad=True)
(g,) = torch.autograd.grad(torch.angle(z).sum(), z)
print("angle", g.tolist())
v = torch.view_as_real(z.detach())
print("atan2", gradient(lambda v: torch.atan2(v[:, 1], v[:, 0]), v).tolist())
print("scaled", gradient(lambda v: scaled_atan2(v[:, 1], v[:, 0]), v).tolist())
# --8<-- [end:small-angle]

# --8<-- [start:inf]
inf, nan = float("inf"), float("nan")
for y, x in ((inf, 1.0), (inf, inf), (nan, 1.0), (nan, inf)):
    y, x = torch.tensor([y]), torch.tensor([x])
    for f in (torch.hypot, torch.atan2):
        g = [g.item() for g in gradient(f, y, x)]
        print(f"{f.__name__:6}", y.item(), x.item(), f(y, x).item(), g)
# --8<-- [end:inf]

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in ("hypot(", "atan2("):
    lines = text[text.index(f"- name: {name}") :].splitlines()
    print(*lines[1:3], sep="\n")
# --8<-- [end:source]
