# --8<-- [start:exponents]
import torch


def gradient(f, *values):
    x = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    f(x).sum().backward()
    return [g + 0.0 for g in x.grad.tolist()]  # + 0.0: no minus zero


print("x =         ", [-2.0, 0.0, 2.0])
for exponent in (-1, 0, 0.5, 1, 1.5, 2, 3):
    slopes = gradient(lambda x, p=exponent: x**p, -2, 0, 2)
    print(f"x**{exponent:<4} slope", [round(slope, 3) for slope in slopes])
# --8<-- [end:exponents]
inf = float("inf")
assert gradient(lambda x: x**0, 0) == [0]
assert gradient(lambda x: x**0.5, 0) == [inf]
assert gradient(lambda x: x**1, 0) == [1]
assert gradient(lambda x: x**1.5, 0) == [0]
assert gradient(lambda x: x**2, -2, 0) == [-4, 0]
assert gradient(lambda x: x**-1, 0) == [-inf]


# --8<-- [start:both]
def gradients(x, y):
    x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    y = torch.tensor(y, dtype=torch.float64, requires_grad=True)
    z = x**y
    dx, dy = torch.autograd.grad(z, (x, y))
    return z.item(), round(dx.item(), 4), round(dy.item(), 4)


print("  x    y     x**y, by x, by y")
for x, y in ((2.0, 3.0), (2.0, 0.0), (0.0, 2.0), (0.0, 1.0), (0.0, 0.0)):
    print(f"{x:4} {y:5}    ", *gradients(x, y))
# --8<-- [end:both]
assert gradients(2.0, 3.0) == (8, 12, 5.5452)
assert gradients(0.0, 1.0) == (0, 1, 0)
assert gradients(0.0, 0.0) == (1, 0, 0)

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
assert curvature(polynomial, 3.0) == 20 and curvature(polynomial, 0.0) == 2

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

# --8<-- [start:by-hand]
x = torch.tensor(0.0, requires_grad=True)
y = torch.tensor(2.0, requires_grad=True)
for name, z in {
    "x**y        ": x**y,
    "exp(y*log x)": (y * x.log()).exp(),
}.items():
    dx, dy = torch.autograd.grad(z, (x, y))
    print(name, z.item(), dx.item(), dy.item())
# --8<-- [end:by-hand]
assert dx.isnan() and dy.isnan()

# --8<-- [start:reciprocal]
for y in (-2.0, -1.0, -0.5, 0.5):
    print(f"0**{y:<4}", *gradients(0.0, y))
# --8<-- [end:reciprocal]
assert gradients(0.0, -1.0) == (inf, -inf, -inf)
assert gradients(0.0, 0.5) == (0, inf, 0)

# --8<-- [start:negative]
for y in (2.0, 3.0, 2.5):
    print(f"(-2)**{y}", *gradients(-2.0, y))
print("number as exponent", *gradient(lambda x: x**3, -2))
# --8<-- [end:negative]
z, dx, dy = gradients(-2.0, 3.0)
assert (z, dx) == (-8, 12) and dy != dy
assert gradient(lambda x: x**3, -2) == [12]

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
assert curvature(lambda x: x**1.5, 0.0) == inf
assert curvature(lambda x: x**2, 0.0) == 2
assert curvature(lambda x: x ** torch.tensor(0), 0.0) != 0

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
