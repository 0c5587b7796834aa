# --8<-- [start:exponents]
import torch


def gradient(f, *inputs):
    xs = [torch.as_tensor(x).clone().requires_grad_() for x in inputs]
    grads = torch.autograd.grad(f(*xs).sum(), xs)
    return grads[0] if len(grads) == 1 else grads


x = torch.tensor([-2.0, 0.0, 2.0])
print("x =         ", x)
for exponent in (-1, 0, 0.5, 1, 1.5, 2, 3):
    slope = gradient(lambda x, p=exponent: x**p, x)
    print(f"x**{exponent:<4} slope", slope)
# --8<-- [end:exponents]
inf = float("inf")
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
for dtype in dtypes:
    for n in (1, 33):
        zero = torch.zeros(n, dtype=dtype)
        for p, slope in (
            *((0, 0), (1, 1), (-1, -inf), (-0.5, -inf)),
            *((p, inf) for p in (0.1, 0.5, 0.9)),
            *((p, 0) for p in (1.1, 1.5, 2, 2.5, 3, 10, 6e4)),
        ):
            assert (gradient(lambda x, p=p: x**p, zero) == slope).all()
            y = torch.full((n,), p).to(dtype)
            dx, dy = gradient(torch.pow, zero, y)
            assert (dx == slope).all() and (dy == (-inf, 0)[p >= 0]).all()


# --8<-- [start:both]
def value_and_gradient(x, y):
    x, y = torch.tensor([x, y], dtype=torch.float64)
    z, (dx, dy) = x**y, gradient(torch.pow, x, y)
    return [round(t.item(), 4) for t in (z, dx, dy)]


print("  x    y     x**y, by x, by y")
for x, y in ((2.0, 3.0), (2.0, 0.0), (0.0, 2.0), (0.0, 1.0), (0.0, 0.0)):
    print(f"{x:4} {y:5}    ", *value_and_gradient(x, y))
# --8<-- [end:both]
assert value_and_gradient(2.0, 3.0) == [8, 12, 5.5452]
assert value_and_gradient(0.0, 1.0) == [0, 1, 0]
assert value_and_gradient(0.0, 0.0) == [1, 0, 0]
# A negative base gives the exponent NaN, even where the value is fine.
for dtype in dtypes:
    for y in (-2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 2.5, 3.0, inf, -inf):
        for x in (-1e-3, -0.5, -1.0, -2.0, -7.3, -1e3, -inf):
            base = torch.full((9,), x).to(dtype)
            assert gradient(torch.pow, base, torch.tensor(y))[1].isnan()

# --8<-- [start:trap-exponent]
x = torch.tensor([-2.0, 1.0, 3.0])
p = torch.tensor(2.0, requires_grad=True)

mean = (x**p).mean()
mean.backward()
print("mean", round(mean.item(), 3), "gradient of p", p.grad.item())

with torch.no_grad():
    p -= 0.1 * p.grad  # one step
print("p is now", p.item())
# --8<-- [end:trap-exponent]
assert mean.isfinite() and p.isnan()

# --8<-- [start:fix-exponent]
p = torch.tensor(2.0, requires_grad=True)
mean = (x.clamp(min=1e-6) ** p).mean()  # or x.abs().clamp(min=1e-6)
mean.backward()
print("mean", round(mean.item(), 3), "gradient of p", round(p.grad.item(), 3))
# --8<-- [end:fix-exponent]
torch.testing.assert_close(p.grad, 3 * torch.tensor(3.0).log())
for dtype in dtypes:
    base = torch.tensor([[-2.0, 1.0], [3.0, 0.0]], dtype=dtype)
    for keep in (
        lambda x: x.clamp(min=1e-6),
        lambda x: x.abs().clamp(min=1e-6),
    ):
        for q in (0.0, 0.5, 1.0, 2.0, 2.5):
            by_x, by_q = gradient(
                lambda x, q, f=keep: f(x) ** q, base, torch.tensor(q)
            )
            want = keep(base.double()) ** q * keep(base.double()).log()
            torch.testing.assert_close(
                by_q, want.sum().float(), rtol=0.02, atol=1e-3
            )
            assert by_x.isfinite().all()


# --8<-- [start:trap-basis]
def curvature(f, at):
    x = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(f(x), x, create_graph=True)
    if not slope.requires_grad:  # a constant, as for x**0
        return 0.0
    (curve,) = torch.autograd.grad(slope, x)
    return curve.item()


powers = torch.arange(4)


def polynomial(x):
    return (x**powers).sum()  # 1 + x + x**2 + x**3


for at in (3.0, 0.0):
    print("at", at, "second derivative", curvature(polynomial, at))
# --8<-- [end:trap-basis]
assert curvature(polynomial, 3.0) == 20
assert curvature(polynomial, 0.0) != curvature(polynomial, 0.0)


# --8<-- [start:fix-basis]
def polynomial(x):
    return torch.stack([x**k for k in range(4)]).sum()


for at in (3.0, 0.0):
    print("at", at, "second derivative", curvature(polynomial, at))
# --8<-- [end:fix-basis]
for at in (-2.0, -0.3, 0.0, -0.0, 0.3, 3.0):
    assert abs(curvature(polynomial, at) - (2 + 6 * at)) < 1e-12
    curve = torch.func.grad(torch.func.grad(polynomial))(torch.tensor(at))
    torch.testing.assert_close(curve, torch.tensor(2 + 6 * at))
    curve = torch.func.hessian(lambda x: (x**powers).sum())(torch.tensor(at))
    torch.testing.assert_close(curve, torch.tensor(2 + 6 * at))

# --8<-- [start:anomaly]
import warnings

x = torch.tensor([-2.0, 3.0], requires_grad=True)
p = torch.tensor(2.0, requires_grad=True)
blamed = []
with torch.autograd.set_detect_anomaly(True), warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the traceback of the forward call
    for power in (x**p, x**1.5):
        try:
            power.sum().backward()
        except RuntimeError as error:
            blamed.append(str(error).split("'")[1])
            print(error)
# --8<-- [end:anomaly]
assert blamed == ["PowBackward1", "PowBackward0"]
assert type((2**x).grad_fn).__name__ == "PowBackward2"

# --8<-- [start:by-hand]
for name, f in {
    "x**y        ": torch.pow,
    "exp(y*log x)": lambda x, y: (y * x.log()).exp(),
}.items():
    dx, dy = gradient(f, 0.0, 2.0)
    print(name, f(*torch.tensor([0.0, 2.0])).item(), dx.item(), dy.item())
# --8<-- [end:by-hand]
assert dx.isnan() and dy.isnan()

# --8<-- [start:reciprocal]
for y in (-2.0, -1.0, -0.5, 0.5):
    print(f"0**{y:<4}", *value_and_gradient(0.0, y))
# --8<-- [end:reciprocal]
assert value_and_gradient(0.0, -1.0) == [inf, -inf, -inf]
assert value_and_gradient(0.0, 0.5) == [0, inf, 0]

# --8<-- [start:negative]
for y in (2.0, 3.0, 2.5):
    print(f"(-2)**{y}", *value_and_gradient(-2.0, y))
print("number as exponent", gradient(lambda x: x**3, -2.0).item())
# --8<-- [end:negative]
z, dx, dy = value_and_gradient(-2.0, 3.0)
assert (z, dx) == (-8, 12) and dy != dy
assert gradient(lambda x: x**3, -2.0) == 12

# --8<-- [start:forward]
from torch.func import jvp

x, y = torch.tensor(-2.0), torch.tensor(2.0)
one, zero = torch.tensor(1.0), torch.tensor(0.0)

_, exact = jvp(lambda x: x**y, (x,), (one,))
_, mixed = jvp(torch.pow, (x, y), (one, zero))
print("along x, y is a constant:   ", exact.item())
print("along x, y has a tangent, 0:", mixed.item())
# --8<-- [end:forward]
assert exact == -4 and mixed.isnan()

# --8<-- [start:second]
for p in (0, 1, 1.5, 2):
    number = curvature(lambda x, p=p: x**p, 0.0)
    tensor = curvature(lambda x, p=p: x ** torch.tensor(p), 0.0)
    print(f"x**{p:<3}  number {number}  tensor {tensor}")
print("0**x at 2", curvature(lambda x: 0**x, 2.0))
# --8<-- [end:second]
assert curvature(lambda x: x**0, 0.0) == 0
x = torch.tensor(0.0, requires_grad=True)
(slope,) = torch.autograd.grad(x**0, x, create_graph=True)
assert slope == 0 and not slope.requires_grad  # a constant, without a graph
assert curvature(lambda x: x**1.5, 0.0) == inf
assert curvature(lambda x: x**2, 0.0) == 2
for zero in (0, 0.0):
    curve = curvature(lambda x, p=zero: x ** torch.tensor(p), 0.0)
    assert curve != curve and curvature(lambda x, p=zero: x**p, 0.0) == 0
for p in (0.5, 1, 1.5, 2, 2.5, 3):
    number = curvature(lambda x, p=p: x**p, 0.0)
    assert number == curvature(lambda x, p=p: x ** torch.tensor(p), 0.0)
# 0**x: NaN at 2, and elsewhere.
for at in (0.0, 1e-300, 0.3, 1.0, 2.0, 7.0, 100.0):
    assert curvature(lambda x: 0**x, at) != curvature(lambda x: 0**x, at)
# claim: torch.func.hessian gives 0 for all three.
for zero in torch.tensor(0.0), torch.tensor(0):
    for f in lambda x: x**0, lambda x, p=zero: x**p:
        assert torch.func.hessian(f)(torch.tensor(0.0)) == 0
for at in (0.0, 1e-30, 0.3, 1.0, 2.0, 7.0, 100.0):
    assert torch.func.hessian(lambda x: 0**x)(torch.tensor(at)) == 0

# --8<-- [start:float-power]
x = torch.tensor([2.0, -8.0], requires_grad=True)
y = torch.float_power(x, 2)
y.sum().backward()
print(y.dtype, y.tolist())
print(x.grad.dtype, x.grad.tolist())
print(torch.float_power(x, 1 / 3).isnan().tolist())
# --8<-- [end:float-power]
assert y.dtype == torch.float64 and x.grad.dtype == torch.float32
assert x.grad.tolist() == [4, -16]
for dtype in (*dtypes, torch.int32):
    x = torch.tensor([2], dtype=dtype)
    assert torch.float_power(x, 2).dtype == torch.float64
