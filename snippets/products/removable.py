# --8<-- [start:run]
import torch
from torch.func import grad, vmap

quotients = {
    "(exp(x) - 1) / x  ": lambda x: (x.exp() - 1) / x,
    "expm1(x) / x      ": lambda x: x.expm1() / x,
    "log(1 + x) / x    ": lambda x: (1 + x).log() / x,
    "log1p(x) / x      ": lambda x: x.log1p() / x,
    "x / (1 - exp(-x)) ": lambda x: x / (1 - (-x).exp()),
    "x / -expm1(-x)    ": lambda x: x / -(-x).expm1(),
}
x = torch.tensor([0.0, 1e-8, 1e-4])
for name, f in quotients.items():
    print(name, f(x).tolist(), vmap(grad(f))(x).tolist())
# --8<-- [end:run]
torch.manual_seed(0)
inf, nan = float("inf"), float("nan")
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


def backward(f, x):
    x = x.detach().clone().requires_grad_()
    (g,) = torch.autograd.grad(f(x).sum(), x, create_graph=True)
    (h,) = torch.autograd.grad(g.sum(), x)
    return g.detach(), h


# At 0 all six forms are NaN, in value and gradient.
for dtype in dtypes:
    for zero in (0.0, -0.0):
        x = torch.full((3,), zero, dtype=dtype)
        for f in quotients.values():
            assert f(x).isnan().all() and backward(f, x)[0].isnan().all()


# --8<-- [start:trap-where]
def constant(x):
    inside = torch.where(x == 0, 1.0, x)
    return torch.where(x == 0, 1.0, inside.expm1() / inside)


x = torch.tensor([0.0, 1e-8, 1e-4])
print(constant(x), vmap(grad(constant))(x))
# --8<-- [end:trap-where]
assert vmap(grad(constant))(x)[0] == 0


# --8<-- [start:fix-where]
def expm1_over_x_where(x):
    """Not for float16; right at 0, gradient without digits near 0."""
    inside = torch.where(x == 0, 1.0, x)
    return torch.where(x == 0, 1 + x / 2, inside.expm1() / inside)


print(expm1_over_x_where(x), vmap(grad(expm1_over_x_where))(x))
# --8<-- [end:fix-where]
for dtype in dtypes:
    zeros = torch.tensor([0.0, -0.0], dtype=dtype)
    g = backward(lambda x: expm1_over_x_where(x) + x**2, zeros)[0]
    assert (g == 0.5).all() and (expm1_over_x_where(zeros) == 1).all()
    assert (backward(expm1_over_x_where, zeros)[1] == 0).all()  # not 1/3

x = torch.tensor([1e-8], dtype=torch.float64)
assert abs(vmap(grad(expm1_over_x_where))(x) - 0.5) < 0.01
x = torch.arange(1, 999).half() * 2.0**-24
g = vmap(grad(expm1_over_x_where))(x)
assert (g.isnan() == (x <= 2.0**-16)).all()

# --8<-- [start:fix-series]
from math import factorial


def near_zero(x, coefficients, f, radius=1.0):
    """A polynomial for |x| < radius, and f for the rest."""
    small = x.abs() < radius
    inside, far = torch.where(small, x, 0.0), torch.where(small, radius, x)
    y = torch.zeros_like(x)
    for c in reversed(coefficients):
        y = c + inside * y
    return torch.where(small, y, f(far))


EXPM1 = [1 / factorial(k + 1) for k in range(20)]
LOG1P = [(-1) ** k / (k + 1) for k in range(32)]


def expm1_over_x(x):
    """(exp(x) - 1) / x, as long as exp(x) does not overflow."""
    return near_zero(x, EXPM1, lambda x: x.expm1() / x)


def log1p_over_x(x):
    """log(1 + x) / x for finite x > -1."""
    return near_zero(x, LOG1P, lambda x: x.log1p() / x, radius=0.25)


x = torch.tensor([0.0, 1e-8, 1e-4])
for f in expm1_over_x, log1p_over_x:
    print(f.__name__, f(x).tolist(), vmap(grad(f))(x).tolist())
print("second", vmap(grad(grad(expm1_over_x)))(x).tolist())
# --8<-- [end:fix-series]

# --8<-- [start:fix-bernoulli]
BERNOULLI = [1, 1 / 2, 1 / 12, 0, -1 / 720, 0, 1 / 30240, 0, -1 / 1209600, 0]
BERNOULLI += [1 / 47900160, 0, -691 / 1307674368000, 0, 1 / 74724249600, 0]
BERNOULLI += [-3617 / 10670622842880000, 0, 43867 / 5109094217170944000]


def x_over_1_minus_exp(x):
    """x / (1 - exp(-x)) for finite x."""
    return near_zero(x, BERNOULLI, far_from_zero, radius=0.5)


def far_from_zero(x):  # exp(-abs(x)) does not overflow
    return x.abs() / -(-x.abs()).expm1() * x.clamp(max=0).exp()


x = torch.tensor([0.0, 1e-8, 1e-4, -1000.0, 1000.0])
f = x_over_1_minus_exp
print(f(x).tolist(), vmap(grad(f))(x).tolist())
# --8<-- [end:fix-bernoulli]

# The series against the formulas where these are exact, and against 60 terms
# in float64 where they are not.
from fractions import Fraction

bernoulli = []
for k in range(60):
    known = sum(b / factorial(k + 1 - j) for j, b in enumerate(bernoulli))
    bernoulli.append(Fraction(k == 0) - known)
bernoulli[1] *= -1
coefficients = {
    expm1_over_x: [Fraction(1, factorial(k + 1)) for k in range(60)],
    log1p_over_x: [Fraction((-1) ** k, k + 1) for k in range(60)],
    x_over_1_minus_exp: bernoulli,
}


def series(f, x):
    """Value, gradient and second derivative."""
    terms = coefficients[f]
    for _ in range(3):
        y = torch.zeros_like(x)
        for c in reversed(terms):
            y = float(c) + x * y
        yield y
        terms = [k * c for k, c in enumerate(terms)][1:]


forms = {
    expm1_over_x: (lambda x: x.expm1() / x, (-30.0, 9.0), (1, 1 / 2, 1 / 3)),
    log1p_over_x: (
        lambda x: x.log1p() / x,
        (-0.9, 30.0),
        (1, -1 / 2, 2 / 3),
    ),
    x_over_1_minus_exp: (
        lambda x: x / -(-x).expm1(),
        (-9.0, 30.0),
        (1, 1 / 2, 1 / 6),
    ),
}
for f, (formula, (low, high), at_zero) in forms.items():
    x = torch.cat(
        [torch.linspace(low, -0.1, 99), torch.linspace(0.1, high, 99)]
    )
    x = x.double()
    far = formula(x), *backward(formula, x)
    for mine, right in zip((f(x), *backward(f, x)), far, strict=True):
        torch.testing.assert_close(mine, right, rtol=1e-11, atol=1e-12)
    # claim: Below 1, and of log1p below ¼, value, gradient and second
    #   derivative are right up to rounding, in each dtype
    end = {log1p_over_x: 0.25, x_over_1_minus_exp: 0.5}.get(f, 1.0)
    for dtype in dtypes:
        eps = torch.finfo(dtype).eps
        near = torch.logspace(-12, 1.4, 400, dtype=torch.float64)
        x = torch.cat([torch.zeros(1), near[near < high], -near[near < -low]])
        ends = torch.linspace(end, 1.2 * end, 9999, dtype=torch.float64)
        x = torch.cat([x, ends, -ends])
        x = x.to(dtype)
        exact = f(x.double()), *backward(f, x.double())
        found = f(x), *backward(f, x)
        # beyond that off by up to 20 eps and 150 eps, of 0.1 at least
        scales = (2, 20, 150)
        for mine, right, n in zip(found, exact, scales, strict=True):
            assert mine.dtype == dtype
            off = (mine.double() - right).abs() / right.abs().clamp(min=0.1)
            assert (off <= n * eps).all()
        inside = torch.cat([x, torch.linspace(-end, end, 999).to(dtype)])
        inside = inside[inside.abs() < end]
        by_terms = series(f, inside.double())
        for mine, right in zip(
            (f(inside), *backward(f, inside)), by_terms, strict=True
        ):
            off = (mine.double() - right).abs() / right.abs().clamp(min=0.1)
            assert (off <= (6 if dtype == torch.float64 else 3) * eps).all()
    for dtype in dtypes[2:]:  # compute it in float32
        eps = torch.finfo(dtype).eps
        x = near[near < high].to(dtype)
        wider = backward(lambda x, f=f, d=dtype: f(x.float()).to(d), x)
        for mine, right in zip(wider, backward(f, x.double()), strict=True):
            off = (mine.double() - right).abs() / right.abs().clamp(min=0.1)
            assert (off <= 2 * eps).all()
        for mine, right in zip(found, at_zero, strict=True):
            torch.testing.assert_close(
                mine[0].double().item(), float(right), rtol=eps, atol=0
            )
# claim: It stays finite for every finite number of the dtype.
for dtype in dtypes:
    top = torch.finfo(dtype).max
    x = torch.cat([torch.logspace(0, 38, 99), torch.tensor([89.0, 11.2, top])])
    x = torch.cat([x, -x]).to(dtype)
    x = x[x.isfinite()]
    y, (g, h) = x_over_1_minus_exp(x), backward(x_over_1_minus_exp, x)
    assert y.isfinite().all() and g.isfinite().all() and h.isfinite().all()
    assert (y >= 0).all()

# --8<-- [start:digits]
x = torch.logspace(-9, 0, 20000)
exact = vmap(grad(expm1_over_x))(x.double())
for name, f in {
    "(exp(x) - 1) / x  ": quotients["(exp(x) - 1) / x  "],
    "expm1(x) / x      ": quotients["expm1(x) / x      "],
    "two where         ": expm1_over_x_where,
    "series            ": expm1_over_x,
}.items():
    error = (vmap(grad(f))(x) - exact).abs() / exact
    wrong = x[error > 0.01]
    below = f"{wrong.max():.1g}" if len(wrong) else "never"
    print(name, f"largest error {error.max():.1g}, above 1% below", below)
# --8<-- [end:digits]
assert error.max() < 1e-6

# --8<-- [start:float16]
x = torch.tensor([1e-4, 1e-2, 0.1], dtype=torch.float16)
for name in "(exp(x) - 1) / x  ", "expm1(x) / x      ":
    print(name, vmap(grad(quotients[name]))(x).tolist())
print("series            ", vmap(grad(expm1_over_x))(x).tolist())
# --8<-- [end:float16]
# claim: For x > 0 in float16, errors of 1% reach up to 0.30, with expm1 0.29.
for dtype, ends in (torch.float16, (0.30, 0.29)), (torch.bfloat16, (3.7, 6.6)):
    x = torch.arange(32768).short().view(dtype)  # each number from 0 on
    x = x[(x > 0) & (x < 8)]
    exact = vmap(grad(expm1_over_x))(x.double())
    names = "(exp(x) - 1) / x  ", "expm1(x) / x      "
    for name, end in zip(names, ends, strict=True):
        wrong = (vmap(grad(quotients[name]))(x) - exact).abs() / exact
        last = x[(wrong > 0.01) | wrong.isnan()].max().item()
        assert abs(last / end - 1) < 0.02, (dtype, name, last)
for name, end in zip(names, (0.368, 0.326), strict=True):
    x = -torch.arange(1, 17408).short().view(torch.float16)  # down to -4
    exact = vmap(grad(expm1_over_x))(x.double())
    wrong = (vmap(grad(quotients[name]))(x) - exact).abs() / exact
    last = x[(wrong > 0.01) | wrong.isnan()].abs().max().item()
    assert abs(last / end - 1) < 0.02, (name, last)
# In float32, between 1e-38 and 2.5e-8: of the first two about 1/x
x = torch.cat(
    [torch.logspace(-37.92, -9, 99), torch.logspace(-9, -7.6021, 999)]
)
x = torch.cat([x, -x])
for name, f in quotients.items():
    y, g = f(x), vmap(grad(f))(x)
    if "1p" in name or "m1" in name:
        assert (y == 1).all() and (g == 0).all(), name
    elif name[0] != "x":
        torch.testing.assert_close(g, 1 / x)


# --8<-- [start:far]
def naive(x):
    return x / -(-x).expm1()


x = torch.tensor([-88.0, -89.0, -1000.0])
print("naive", naive(x).tolist(), vmap(grad(naive))(x).tolist())
f = x_over_1_minus_exp
print("own  ", f(x).tolist(), vmap(grad(f))(x).tolist())
# --8<-- [end:far]
assert vmap(grad(naive))(x).isnan().tolist() == [False, True, True]
edge = torch.tensor([-88.72283, -88.72284])
assert vmap(grad(naive))(edge).isnan().tolist() == [False, True]
assert (naive(edge) == 0).tolist() == [False, True]


# --8<-- [start:boxcox]
def box_cox(y, power):
    """(y**power - 1) / power for y > 0, and log(y) at power 0."""
    return y.log() * expm1_over_x(power * y.log())


y, power = torch.tensor([0.5, 3.0]), torch.tensor([0.0, 0.0])
plain = grad(lambda power, y: ((y**power - 1) / power).sum())
print("plain  ", plain(power, y))
print("box_cox", grad(lambda power, y: box_cox(y, power).sum())(power, y))
# --8<-- [end:boxcox]
torch.testing.assert_close(box_cox(y, power), y.log())
g = grad(lambda power, y: box_cox(y, power).sum())(power, y)
torch.testing.assert_close(g, y.log() ** 2 / 2)
for power in (-2.0, -0.5, 0.3, 2.0):
    y = 0.2 + 5 * torch.rand(33, dtype=torch.float64)
    power = torch.full_like(y, power)
    torch.testing.assert_close(box_cox(y, power), (y**power - 1) / power)
    g = vmap(grad(box_cox))(y, power)
    torch.testing.assert_close(g, y ** (power - 1))

# --8<-- [start:xlogx]
x = torch.tensor([0.0, 1e-8, 1e-4])


def x_log_x(x):
    inside = torch.where(x == 0, 1.0, x)
    return torch.where(x == 0, 0.0, inside * inside.log())


print("x * log(x)", vmap(grad(lambda x: x * x.log()))(x))
print("two where ", vmap(grad(x_log_x))(x))
# --8<-- [end:xlogx]
g = vmap(grad(x_log_x))(x)
assert g[0] == 0 and g[1] < -17
