# --8<-- [start:edges]
import torch
from torch import special


def gradient(f, *inputs):
    xs = [torch.as_tensor(x).clone().requires_grad_() for x in inputs]
    grads = torch.autograd.grad(f(*xs).sum(), xs)
    return grads[0] if len(grads) == 1 else grads


for name, f, places in (
    ("erfinv  at -1, 1  ", torch.erfinv, [-1.0, 1.0]),
    ("ndtri   at 0, 1   ", special.ndtri, [0.0, 1.0]),
    ("lgamma  at 0, -0.0", torch.lgamma, [0.0, -0.0]),
    ("lgamma  at -1, -2 ", torch.lgamma, [-1.0, -2.0]),
    ("digamma at 0, -0.0", torch.digamma, [0.0, -0.0]),
):
    print(name, gradient(f, torch.tensor(places)))
# --8<-- [end:edges]
torch.manual_seed(0)
inf, nan = float("inf"), float("nan")
for dtype in (torch.float64, torch.float32):
    for n in (1, 33):
        for f, places, want in (
            (torch.erfinv, [-1, 1], [inf, inf]),
            (special.ndtri, [0, 1], [inf, inf]),
            (torch.lgamma, [0, -0.0], [-inf, inf]),
            (torch.lgamma, [-1, -2, -3, -100], 4 * [nan]),
        ):
            x = torch.tensor(places, dtype=dtype).repeat(n)
            want = torch.tensor(want, dtype=dtype).repeat(n)
            torch.testing.assert_close(gradient(f, x), want, equal_nan=True)


# --8<-- [start:trap]
def log_cdf(x):
    return torch.distributions.Normal(0.0, 1.0).cdf(x).log()


x = torch.tensor([-5.0, -10.0, -20.0])
print("value   ", log_cdf(x))
print("gradient", gradient(log_cdf, x))
# --8<-- [end:trap]
assert log_cdf(x)[2] == -inf and gradient(log_cdf, x)[2].isnan()

# --8<-- [start:fix]
print("value   ", special.log_ndtr(x))
print("gradient", gradient(special.log_ndtr, x))
# --8<-- [end:fix]


def exact(x):
    """The gradient of log_ndtr, by a form that subtracts nothing."""
    return (2 / torch.pi) ** 0.5 / special.erfcx(-x.double() * 0.5**0.5)


# claim: log_ndtr is the same function without the detour.
many = torch.linspace(-5, 8, 1001, dtype=torch.float64)
torch.testing.assert_close(special.log_ndtr(many), log_cdf(many))
torch.testing.assert_close(
    gradient(special.log_ndtr, many), gradient(log_cdf, many)
)
torch.testing.assert_close(gradient(special.log_ndtr, many), exact(many))
for dtype in (torch.float16, torch.bfloat16):
    try:
        special.log_ndtr(torch.zeros(1, dtype=dtype))
    except NotImplementedError as error:
        assert "log_ndtr_cpu" in str(error)
    else:
        raise AssertionError(dtype)
off = gradient(log_cdf, -5.0) / exact(torch.tensor(-5.0)) - 1
assert 0.035 < -off < 0.045


# --8<-- [start:tail-fix]
def right(f, x):
    """Is the gradient right to one percent? Far out it is -x."""
    return bool((gradient(f, x) / -x - 1).abs() < 0.011)


class LogNdtr(torch.autograd.Function):
    """log_ndtr, with a backward pass that subtracts nothing.

    Not for forward mode, nor for a second derivative far out.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return special.log_ndtr(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        scaled = special.erfcx(-x * 0.5**0.5)
        return grad_output * (2 / torch.pi) ** 0.5 / scaled


print("right?        float32 and float64, then with LogNdtr")
for value in -10.0, -100.0, -1e4, -1e5, -1e8:
    x = torch.tensor(value)
    f, g = special.log_ndtr, LogNdtr.apply
    told = [right(h, x.to(d)) for h in (f, g) for d in (x.dtype, torch.double)]
    print(f"{value:12} ", *told)
    assert told[2:] == [True, True]
# --8<-- [end:tail-fix]
assert told[:2] == [False, False]
for dtype, last in (torch.float32, 13), (torch.float64, 37):
    x = torch.linspace(-60, last, 2001, dtype=dtype)
    x = torch.cat([x, -torch.logspace(1, 30, 99, dtype=dtype)])
    g = gradient(LogNdtr.apply, x)
    inside = (x**2 / 2).double().clamp(max=700).neg().exp() * 0.39894228
    want = torch.where(x > 5, inside, exact(x))
    torch.testing.assert_close(g.double(), want, rtol=2e-5, atol=1e-44)
x = torch.randn(2, 3, dtype=torch.float64)
assert torch.autograd.gradcheck(LogNdtr.apply, x.clone().requires_grad_())
assert torch.autograd.gradgradcheck(LogNdtr.apply, x.clone().requires_grad_())
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of log_ndtr under vmap: it is slow
    slopes = torch.func.vmap(torch.func.grad(LogNdtr.apply))(x[0])
torch.testing.assert_close(slopes, exact(x[0]))
assert gradient(LogNdtr.apply, x[:0]).shape == (0, 3)

# --8<-- [start:sample]
scale = torch.tensor(2.0, requires_grad=True)
u = torch.tensor([0.0, 0.5, 0.75])  # torch.rand can return exactly 0
sample = scale * special.ndtri(u)
print(torch.autograd.grad(sample.sum(), scale)[0])

eps = torch.finfo(u.dtype).eps
sample = scale * special.ndtri(u.clamp(eps, 1 - eps))
(g,) = torch.autograd.grad(sample.sum(), scale)
print(g)
# --8<-- [end:sample]
assert g.isfinite()
for dtype in (torch.float32, torch.float64):
    eps = torch.finfo(dtype).eps
    ends = torch.tensor([0, 1 - eps / 2, 1], dtype=dtype).clamp(eps, 1 - eps)
    assert special.ndtri(ends).isfinite().all()
    assert gradient(special.ndtri, ends).isfinite().all()

# --8<-- [start:garbage]
for dtype in torch.float64, torch.float32, torch.float16:
    found = gradient(torch.digamma, torch.tensor(-1, dtype=dtype))
    print(dtype, f"{found.item():.0e}")
# --8<-- [end:garbage]
assert found == inf
assert 1e15 < gradient(torch.digamma, -1.0) < 2e15

# --8<-- [start:infinity]
for n in 1, 2:
    x = torch.tensor(torch.inf)
    found = gradient(lambda x, n=n: torch.polygamma(n, x), x)
    value = torch.polygamma(n, x)
    print("polygamma", n, value.item(), "gradient", found.item())
# --8<-- [end:infinity]
for dtype in (torch.float64, torch.float32):
    x = torch.tensor(inf, dtype=dtype)
    assert torch.polygamma(1, x) == 0 and torch.polygamma(2, x).isnan()
    assert gradient(lambda x: torch.polygamma(1, x), x).isnan()

# In float32 errors of a percent begin at −362.1: all numbers down from −361.
bits = [torch.tensor(v).view(torch.int32).item() for v in (361.0, 363.0)]
x = -torch.arange(*bits, dtype=torch.int32).view(torch.float32)
error = (gradient(special.log_ndtr, x) / exact(x) - 1).abs()
assert -362.1 < x[error > 0.01].max() < -362
x = -torch.linspace(0, 361, 9999)
assert ((gradient(special.log_ndtr, x) / exact(x) - 1).abs() < 0.01).all()
far = gradient(special.log_ndtr, -5000.0) / exact(torch.tensor(-5000.0))
assert 0.64 < far < 0.66
x = -torch.logspace(1, 6, 9999, dtype=torch.float64)
assert (gradient(special.log_ndtr, x) / exact(x) - 1).abs().max() < 0.01

# --8<-- [start:scaled]
for value in 10.0, 1000.0, 10000.0:
    single = gradient(special.erfcx, torch.tensor(value)).item()
    double = gradient(special.erfcx, torch.tensor(value).double()).item()
    print(f"{value:7}  float64 {double:.2e}  float32 {single:.2e}")
# --8<-- [end:scaled]
assert single == 0
# claim: From 50 on -1/(sqrt{pi}, x^2) is right to a tenth of a percent.
x = torch.logspace(1.7, 5, 999, dtype=torch.float64)
limit = -1 / (torch.pi**0.5 * x**2)
torch.testing.assert_close(
    gradient(special.erfcx, x), limit, rtol=1e-3, atol=0
)

# --8<-- [start:gamma-zero]
a = torch.tensor([0.5, 1.0, 2.0])
print(gradient(lambda x: special.gammainc(a, x), torch.zeros(3)))
print("1 - exp(-x)", gradient(lambda x: -torch.expm1(-x), 0.0))
# --8<-- [end:gamma-zero]
for dtype in (torch.float64, torch.float32):
    x = torch.zeros(7, dtype=dtype)
    for f, side in (special.gammainc, 1), (special.gammaincc, -1):
        a = torch.tensor([0.1, 0.5, 0.99, 1, 1.01, 2, 30], dtype=dtype)
        g = side * gradient(lambda x, a=a, f=f: f(a, x), x)
        assert (g[:3] == inf).all() and g[3].isnan() and (g[4:] == 0).all()
x = torch.linspace(0, 9, 99, dtype=torch.float64)
one = torch.ones_like(x)
torch.testing.assert_close(-torch.expm1(-x), special.gammainc(one, x))

# --8<-- [start:missing]
a = torch.tensor(2.0, requires_grad=True)
x = torch.tensor(1.5)
for f in special.zeta, special.gammainc, special.gammaincc:
    try:
        f(a, x).backward()
    except NotImplementedError as error:
        print(error)

from torch.func import jvp

zero, one = torch.tensor(0.0), torch.tensor(1.0)
for f in special.zeta, special.gammainc:
    try:
        jvp(f, (torch.tensor(2.0), x), (zero, one))
    except NotImplementedError as error:
        print(str(error).splitlines()[0])
# --8<-- [end:missing]

# --8<-- [start:silent]
x = torch.tensor(1.5, requires_grad=True)
y = special.chebyshev_polynomial_t(x, 3)
print(y, y.requires_grad)
try:
    y.backward()
except RuntimeError as error:
    print(error)


def chebyshev_t(x, n):
    """The same numbers by recurrence, for n >= 1."""
    before, now = x, torch.ones_like(x)
    for _ in range(n):
        before, now = now, 2 * x * now - before
    return now


print(chebyshev_t(x, 3), gradient(lambda x: chebyshev_t(x, 3), x))
# --8<-- [end:silent]
assert not y.requires_grad
for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
    many = torch.linspace(-1, 1, 33).to(dtype)
    for n in (1, 2, 3, 7):
        y = chebyshev_t(many, n)
        assert y.dtype == dtype
        want = special.chebyshev_polynomial_t(many.double(), n)
        torch.testing.assert_close(y.double(), want, rtol=0, atol=0.2)
        if dtype == torch.float64:
            torch.testing.assert_close(y, want)
            torch.testing.assert_close(
                gradient(lambda x, n=n: chebyshev_t(x, n), many),
                n * special.chebyshev_polynomial_u(many, n - 1),
            )
assert chebyshev_t(torch.zeros(0), 3).shape == (0,)
cut = (
    *(f"chebyshev_polynomial_{k}" for k in "tuvw"),
    *(f"shifted_chebyshev_polynomial_{k}" for k in "tuvw"),
    *("hermite_polynomial_h", "hermite_polynomial_he"),
    *("laguerre_polynomial_l", "legendre_polynomial_p"),
    *("airy_ai", "spherical_bessel_j0"),
    *("scaled_modified_bessel_k0", "scaled_modified_bessel_k1"),
)
for name in cut:
    f = getattr(special, name)
    assert not (f(x, 3) if "polynomial" in name else f(x)).requires_grad
# claim: In a sum with other terms nothing is reported.
for name in cut:
    f = getattr(special, name)
    total = x**2 + (f(x, 3) if "polynomial" in name else f(x))
    assert torch.autograd.grad(total, x)[0] == 2 * x
release = ".".join(torch.__version__.split(".")[:2])
old = release in ("2.13", "2.14")
for name in (
    *(f"bessel_{kind}" for kind in ("j0", "j1", "y0", "y1")),
    *(f"modified_bessel_{kind}" for kind in ("i0", "i1", "k0", "k1")),
):
    assert getattr(special, name)(x).requires_grad != old
