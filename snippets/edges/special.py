# --8<-- [start:edges]
import torch
from torch import special


def gradient(f, *values, dtype=torch.float64):
    x = torch.tensor(values, dtype=dtype, requires_grad=True)
    return torch.autograd.grad(f(x).sum(), x)[0].tolist()


print("erfinv  at -1, 1   ", gradient(torch.erfinv, -1, 1))
print("ndtri   at 0, 1    ", gradient(special.ndtri, 0, 1))
print("lgamma  at 0, -0.0 ", gradient(torch.lgamma, 0, -0.0))
print("lgamma  at -1, -2  ", gradient(torch.lgamma, -1, -2))
print("digamma at 0, -0.0 ", gradient(torch.digamma, 0, -0.0))
# --8<-- [end:edges]
nan, inf = float("nan"), float("inf")
assert gradient(torch.lgamma, 0, -0.0) == [-inf, inf]
assert gradient(special.ndtri, 0, 1) == [inf, inf]

# --8<-- [start:trap]
normal = torch.distributions.Normal(0.0, 1.0)
for value in -5.0, -10.0, -20.0:
    x = torch.tensor(value, requires_grad=True)
    y = normal.cdf(x).log()
    y.backward()
    print(value, f"{y.item():.2f}", f"{x.grad.item():.2f}")
# --8<-- [end:trap]
assert y == -inf and x.grad.isnan()

# --8<-- [start:fix]
for value in -5.0, -10.0, -20.0:
    x = torch.tensor(value, requires_grad=True)
    y = special.log_ndtr(x)
    y.backward()
    print(value, f"{y.item():.2f}", f"{x.grad.item():.2f}")
# --8<-- [end:fix]
assert abs(x.grad.item() - 20.05) < 0.01


# --8<-- [start:tail-fix]
def right(f, value, dtype):
    """Is the gradient right to one percent? Far out it is -value."""
    (found,) = gradient(f, value, dtype=dtype)
    return abs(found / -value - 1) < 0.011


class LogNdtr(torch.autograd.Function):
    """log_ndtr, with a backward pass that subtracts nothing."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return special.log_ndtr(x)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        scaled = special.erfcx(-x * 0.5**0.5)
        return grad_output * (2 / torch.pi) ** 0.5 / scaled


for value in -10.0, -100.0, -1e4, -1e5, -1e8:
    single = right(LogNdtr.apply, value, torch.float32)
    double = right(LogNdtr.apply, value, torch.float64)
    print(f"{value:12}  float32 {single!s:5}  float64 {double}")
    assert single and double
# --8<-- [end:tail-fix]
assert gradient(LogNdtr.apply, inf, -inf) == [0, inf]

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

# --8<-- [start:garbage]
for dtype in torch.float64, torch.float32:
    (found,) = gradient(torch.digamma, -1, dtype=dtype)
    print(dtype, f"{found:.0e}")
# --8<-- [end:garbage]
assert 1e15 < found < 2e15

# --8<-- [start:infinity]
for n in 1, 2:
    x = torch.tensor(float("inf"), requires_grad=True)
    value = torch.polygamma(n, x)
    (found,) = torch.autograd.grad(value, x)
    print("polygamma", n, value.item(), "gradient", found.item())
# --8<-- [end:infinity]
assert value.isnan() and found.isnan()

# --8<-- [start:tail]
for value in -10.0, -100.0, -1e4, -1e5, -1e8:
    single = right(special.log_ndtr, value, torch.float32)
    double = right(special.log_ndtr, value, torch.float64)
    print(f"{value:12}  float32 {single!s:5}  float64 {double}")
# --8<-- [end:tail]
assert not single and not double

# --8<-- [start:scaled]
for value in 10, 1000, 10000:
    (double,) = gradient(special.erfcx, value)
    (single,) = gradient(special.erfcx, value, dtype=torch.float32)
    print(f"{value:5}  float64 {double:.2e}  float32 {single:.2e}")
# --8<-- [end:scaled]
assert abs(single) < 1e-9

# --8<-- [start:gamma-zero]
a = torch.tensor([0.5, 1.0, 2.0])
x = torch.zeros(3, requires_grad=True)
(g,) = torch.autograd.grad(special.gammainc(a, x).sum(), x)
print(g)
# --8<-- [end:gamma-zero]
assert g[0].isinf() and g[1].isnan() and g[2] == 0

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
# --8<-- [end:silent]
assert not y.requires_grad
release = ".".join(torch.__version__.split(".")[:2])
old = release in ("2.13", "2.14")
assert special.bessel_j0(x).requires_grad != old
