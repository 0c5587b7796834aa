# --8<-- [start:roots]
import torch


def gradient(f, *inputs):
    xs = [torch.as_tensor(x).clone().requires_grad_() for x in inputs]
    grads = torch.autograd.grad(f(*xs).sum(), xs)
    return grads[0] if len(grads) == 1 else grads


x = torch.tensor([4.0, 1.0, 0.25, 0.0])
print("sqrt    ", gradient(torch.sqrt, x))
print("rsqrt   ", gradient(torch.rsqrt, x))
print("x**0.5  ", gradient(lambda x: x**0.5, x))
print("x**(1/2)", gradient(lambda x: x ** (1 / 2), x))
# --8<-- [end:roots]
inf, nan = float("inf"), float("nan")
torch.manual_seed(0)
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
for dtype in dtypes:
    for n in (1, 3, 16, 33, 1001):
        x = torch.tensor([4, 1, 0.25, 0, -0.0, -1]).repeat(n).to(dtype)
        for f, last in (
            (torch.sqrt, [0.25, 0.5, 1, inf, -inf, nan]),
            (torch.rsqrt, [-0.0625, -0.5, -4, -inf, inf, nan]),
            (
                lambda x: x**0.5,
                [0.25, 0.5, 1, inf, (-inf, inf)[dtype == torch.float16], nan],
            ),
        ):
            want = torch.tensor(last).repeat(n).to(dtype)
            torch.testing.assert_close(gradient(f, x), want, equal_nan=True)
        for zero in (0.0, -0.0):
            x = torch.full((n,), zero, dtype=dtype)
            assert (gradient(lambda x: x ** (1 / 3), x) == inf).all()
            assert gradient(lambda x: (x**2).sum().sqrt(), x).isnan().all()
            assert (gradient(torch.linalg.vector_norm, x) == 0).all()

# --8<-- [start:anomaly]
import warnings

x = torch.tensor([0.0, 0.0], requires_grad=True)
blamed = []
with torch.autograd.set_detect_anomaly(True), warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the traceback of the forward call
    for name, loss in {
        "norm by hand": (x**2).sum().sqrt(),
        "the same    ": (x * x).sum().sqrt(),
        "root of mse ": torch.nn.functional.mse_loss(x, x.detach()).sqrt(),
        "root of abs ": x.abs().sqrt().sum(),
        "times 0     ": (0 * x.sqrt()).sum(),
        "below 0     ": (x - 1).sqrt().sum(),
    }.items():
        try:
            loss.backward()
        except RuntimeError as error:
            blamed.append(str(error).split("'")[1])
            print(f"{name} {error}")
# --8<-- [end:anomaly]
assert blamed == [
    "PowBackward0",
    "MulBackward0",
    "MseLossBackward0",
    "AbsBackward0",
    "SqrtBackward0",
    "SqrtBackward0",
]
# At a negative input a square above the root is named, for its NaN.
for above, name in (lambda y: 3 * y, "Sqrt"), (torch.square, "Pow"):
    with torch.autograd.set_detect_anomaly(True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        blamed.clear()
        try:
            above((x - 1).sqrt()).sum().backward()
        except RuntimeError as error:
            blamed.append(str(error).split("'")[1])
    assert blamed == [f"{name}Backward0"]


# --8<-- [start:fix-norm]
def rmse(x, y):
    """Of floating-point tensors; NaN without entries. The squares, in
    float32 or wider, can overflow, or underflow to 0."""
    d = x - y
    wide = torch.promote_types(d.dtype, torch.float32)
    length = torch.linalg.vector_norm(d, dtype=wide)  # no sum in float16
    return (length / d.numel() ** 0.5).to(d.dtype)


x = torch.tensor([0.0, 0.0])
print("norm", gradient(torch.linalg.vector_norm, x))
print("RMSE", gradient(rmse, x, x)[0])
# --8<-- [end:fix-norm]
for dtype in dtypes:
    for shape in ((2,), (), (3, 4), (0,)):
        x = torch.rand(shape).to(dtype)
        for g in gradient(rmse, x, x):
            assert (g == 0).all() and g.dtype == dtype
a, b = (torch.randn(3, 4, dtype=torch.float64) for _ in range(2))
torch.testing.assert_close(
    rmse(a, b[:1]), torch.nn.functional.mse_loss(a, b[:1].expand(3, 4)).sqrt()
)
assert torch.autograd.gradcheck(
    rmse, (a.requires_grad_(), b.requires_grad_()), check_batched_grad=True
)
rows = torch.func.vmap(torch.func.grad(rmse))(a.detach(), b.detach())
torch.testing.assert_close(
    rows[1], gradient(rmse, a[1].detach(), b[1].detach())[0]
)
assert (
    torch.func.grad(rmse)(b.detach(), b.detach()).tolist() == [[0.0] * 4] * 3
)
empty, wide = torch.zeros(0), torch.zeros(2)
assert rmse(empty, empty).isnan() and rmse(wide + 1e20, wide) == inf
for small, large in (2e-23, 1.4e19), (1e-30, 1e30):  # squared, 0 and inf
    for at in small, large:
        assert (gradient(torch.linalg.vector_norm, wide + at) == 0).all()
        assert (gradient(rmse, wide + at, wide)[0] == 0).all()
for n in (1, 2, 33):
    x = torch.zeros(n, requires_grad=True)
    (g,) = torch.autograd.grad(
        torch.linalg.vector_norm(x), x, create_graph=True
    )
    (g,) = torch.autograd.grad(g[0], x)
    assert g.isnan().all()


# --8<-- [start:fix-where]
def safe_sqrt(x):
    zero = x == 0
    inside = torch.where(zero, 1.0, x)
    return torch.where(zero, 0.0, inside.sqrt())


x = torch.tensor([0.0, 1.0, 4.0, -1.0])
print("at 0, 1, 4, -1:", gradient(safe_sqrt, x))
x = torch.tensor([0.0, 0.0])
print("sum of squares:", gradient(lambda x: safe_sqrt((x**2).sum()), x))
# --8<-- [end:fix-where]
# claim: Exact everywhere else
for dtype in dtypes:
    x = torch.tensor([1e-7, 0.3, 1.0, 7.0, 6e4, inf, -0.3, -inf, nan])
    x = torch.cat([x, torch.rand(33)]).to(dtype)
    for mine, its in (
        (safe_sqrt(x), torch.sqrt(x)),
        (gradient(safe_sqrt, x), gradient(torch.sqrt, x)),
    ):
        torch.testing.assert_close(mine, its, rtol=0, atol=0, equal_nan=True)
    zeros = torch.tensor([0.0, -0.0], dtype=dtype)
    assert gradient(safe_sqrt, zeros).tolist() == [0, 0]
    assert safe_sqrt(zeros).dtype == dtype
for empty in (torch.zeros(0), torch.zeros(2, 0)):
    assert gradient(safe_sqrt, empty).shape == empty.shape
wide = torch.rand(2, 3, dtype=torch.float64)
assert torch.autograd.gradcheck(safe_sqrt, wide.clone().requires_grad_())
assert torch.autograd.gradgradcheck(safe_sqrt, wide.clone().requires_grad_())
assert torch.func.vmap(torch.func.grad(safe_sqrt))(torch.zeros(3)).sum() == 0

# --8<-- [start:fix-eps]
tiny = 1e-12


def inside(x):
    return torch.sqrt((x**2).sum() + tiny)


def outside(x):
    return torch.sqrt((x**2).sum()) + tiny


x = torch.tensor([0.0, 0.0])
for length in (inside, outside):
    print(f"{length.__name__:7}", length(x).item(), gradient(length, x))
print("float16", gradient(inside, x.half()))
# --8<-- [end:fix-eps]
assert gradient(inside, x).tolist() == [0, 0]
assert gradient(outside, x).isnan().all()
assert gradient(inside, x.half()).isnan().all()
assert torch.tensor(1e-12, dtype=torch.float16) == 0


# --8<-- [start:smooth]
from torch.func import grad, jacfwd, jacrev
from torch.linalg import vector_norm

zero = torch.zeros(3)


def by_angle(v):
    length = vector_norm(v)
    return v / (length + 1e-6) * torch.sin(length)


def by_sinc(v):
    return v * torch.sinc(vector_norm(v) / torch.pi)


def kernel(v):
    return torch.exp(-(vector_norm(v) ** 2))


def square(v):
    return torch.exp(-v.square().sum())


print("v / length * sin(length)", jacrev(by_angle)(zero)[0])
print("v * sinc(length / pi)   ", jacrev(by_sinc)(zero)[0])
print("exp(-length²)       ", jacfwd(grad(kernel))(zero)[0])
print("exp(-sum of squares)", jacfwd(grad(square))(zero)[0])
# --8<-- [end:smooth]
# Two backward passes, or by_angle without its 1e-6, give NaN.
for v in (zero, zero.double()):
    assert jacrev(grad(kernel))(v).isnan().all()
    bare = jacrev(lambda v: v / vector_norm(v) * torch.sin(vector_norm(v)))(v)
    assert bare.isnan().all()
for v in (zero, torch.tensor([0.3, -0.2, 0.1]), torch.tensor([0, 1e-3, 0])):
    # claim: With sinc the Jacobian is exact at 0, with the square the
    #   Hessian.
    length = vector_norm(v.double()) + 1e-300
    unit, eye = v.double() / length, torch.eye(3, dtype=torch.float64)
    part = torch.sin(length) / length if length > 1e-9 else 1.0
    along = torch.outer(unit, unit) * (torch.cos(length) - part)
    torch.testing.assert_close(jacrev(by_sinc)(v.double()), along + part * eye)
    exact = square(v) * (4 * torch.outer(v, v) - 2 * torch.eye(3))
    for twice in (jacfwd(grad(square)), jacrev(grad(square))):
        torch.testing.assert_close(twice(v), exact)


# --8<-- [start:cube-fix]
def cube_root(x, at_zero=0.0):
    inside = torch.where(x == 0, 1.0, x)
    root = inside.sign() * inside.abs() ** (1 / 3)
    return torch.where(x == 0, at_zero * x, root)


x = torch.tensor([-8.0, -1.0, 1.0, 8.0, 0.0])
print("gradient", gradient(cube_root, x))
# --8<-- [end:cube-fix]
# claim: The same two where, with the slope at 0 of your choice.
for dtype in dtypes:
    for slope in (0.0, 1.0, -2.5):
        zeros = torch.tensor([0.0, -0.0], dtype=dtype)
        g = gradient(lambda x, s=slope: cube_root(x, s), zeros)
        assert g.tolist() == [slope, slope] and g.dtype == dtype
    x = torch.tensor([-8.0, -1.0, 1.0, 8.0, inf, -inf], dtype=dtype)
    g = gradient(cube_root, x)
    want = torch.tensor([1, 4, 4, 1, 0, 0]).to(dtype) / 12
    torch.testing.assert_close(g, want)
    assert cube_root(x)[4:].tolist() == [inf, -inf]
    assert gradient(cube_root, torch.tensor([nan], dtype=dtype)).isnan()
signed = torch.randn(2, 5, dtype=torch.float64).sign() * (0.5 + wide[:, :1])
assert torch.autograd.gradcheck(cube_root, signed.requires_grad_())
assert torch.func.vmap(torch.func.grad(cube_root))(torch.zeros(3)).sum() == 0

# --8<-- [start:growth]
for exponent in (0, 4, 8, 12, 16):
    x = torch.tensor(10.0**-exponent, dtype=torch.float64)
    print(f"x = 1e-{exponent:<2}", gradient(torch.sqrt, x).item())
# --8<-- [end:growth]
for dtype in dtypes:
    info = torch.finfo(dtype)
    least = info.smallest_normal * info.eps  # the smallest subnormal number
    x = torch.tensor([least, info.smallest_normal, 1, info.max], dtype=dtype)
    assert (x > 0).all() and gradient(torch.sqrt, x).isfinite().all()

# --8<-- [start:minus-zero]
zero = torch.tensor(-1.0 * 0.0)
half = torch.tensor(0.5)
for name, f in {
    "sqrt          ": torch.sqrt,
    "x + 0 first   ": lambda x: torch.sqrt(x + 0.0),
    "x**0.5        ": lambda x: x**0.5,
    "x**tensor(0.5)": lambda x: x**half,
}.items():
    print(name, f(zero).item(), gradient(f, zero).item())
print("x**0.5, float16", gradient(lambda x: x**0.5, zero.half()).item())
# --8<-- [end:minus-zero]
for dtype in dtypes:
    for n in (1, 33):
        x = torch.full((n,), -0.0, dtype=dtype)
        assert (gradient(torch.sqrt, x) == -inf).all()
        assert (gradient(lambda x: torch.sqrt(x + 0.0), x) == inf).all()
        assert (gradient(lambda x: x**half, x) == inf).all()

# --8<-- [start:negative]
x = torch.tensor([-1.0, 4.0])
print(torch.sqrt(x), gradient(torch.sqrt, x))
# --8<-- [end:negative]
y, g = torch.sqrt(x), gradient(torch.sqrt, x)
assert y[0].isnan() and g[0].isnan() and g[1] == 0.25

# --8<-- [start:complex]
z = torch.tensor(-4.0 + 0j, dtype=torch.complex128, requires_grad=True)
w = torch.sqrt(z)
(g,) = torch.autograd.grad(w, z, torch.ones_like(w))
print("root    ", w.item())
print("1/(2w)  ", (1 / (2 * w)).item())
print("gradient", g.item(), "its conjugate")
# --8<-- [end:complex]
z = torch.randn(99, dtype=torch.complex128, requires_grad=True)
w = torch.sqrt(z)
torch.testing.assert_close(w * w, z)
(g,) = torch.autograd.grad(w, z, torch.ones_like(w))
torch.testing.assert_close(g, (1 / (2 * w)).conj().detach())


# --8<-- [start:cube]
def cube_root(x):
    return x.sign() * x.abs() ** (1 / 3)


x = torch.tensor([-8.0, -1.0, 1.0, 8.0, 0.0])
print("pow", x ** (1 / 3))
print("own", cube_root(x))
print("gradient", gradient(cube_root, x))
# --8<-- [end:cube]
g = gradient(cube_root, x)
torch.testing.assert_close(g[:4], torch.tensor([1.0, 4, 4, 1]) / 12)
assert g[4].isnan()

# --8<-- [start:chain]
x = torch.tensor([0.0, 0.0], requires_grad=True)
squares = (x**2).sum()
length = squares.sqrt()
g_squares, g_x = torch.autograd.grad(length, (squares, x))
print("slope of sqrt at 0", g_squares)
print("slope of x**2 at 0", 2 * x.detach())
print("their product     ", g_x)
# --8<-- [end:chain]
for dtype in dtypes:
    x = torch.zeros(3, dtype=dtype)
    assert g_squares == inf and g_x.isnan().all()
    for f in (
        lambda x: (x**2).sum().sqrt(),
        lambda x: (x - x.detach()).square().sum().sqrt(),  # a distance
        lambda x: 0 * x.sqrt(),
        lambda x: torch.where(x > 0, x.sqrt(), 0.0),
        lambda x: x.abs().sqrt(),
    ):
        assert gradient(f, x).isnan().all()
