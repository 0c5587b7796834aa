# --8<-- [start:roots]
import torch


def gradient(f, *values):
    x = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    f(x).sum().backward()
    return x.grad.tolist()


print("sqrt    ", gradient(torch.sqrt, 4, 1, 0.25, 0))
print("rsqrt   ", gradient(torch.rsqrt, 4, 1, 0.25, 0))
print("x**0.5  ", gradient(lambda x: x**0.5, 4, 1, 0.25, 0))
print("x**(1/2)", gradient(lambda x: x ** (1 / 2), 4, 1, 0.25, 0))
# --8<-- [end:roots]
inf = float("inf")
assert gradient(torch.sqrt, 4, 1, 0.25, 0) == [0.25, 0.5, 1, inf]
assert gradient(torch.rsqrt, 4, 1, 0.25, 0) == [-0.0625, -0.5, -4, -inf]
assert gradient(lambda x: x**0.5, 4, 1, 0.25, 0) == [0.25, 0.5, 1, inf]

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
]

# --8<-- [start:fix-norm]
x = torch.tensor([0.0, 0.0], requires_grad=True)
torch.linalg.vector_norm(x).backward()
print(x.grad)
# --8<-- [end:fix-norm]
assert x.grad.tolist() == [0, 0]
assert gradient(torch.linalg.vector_norm, -0.0, -0.0) == [0, 0]


# --8<-- [start:fix-where]
def safe_sqrt(x):
    positive = x > 0
    inside = torch.where(positive, x, torch.ones_like(x))
    return torch.where(positive, inside.sqrt(), torch.zeros_like(x))


print("at 0, 1, 4, -1:", gradient(safe_sqrt, 0, 1, 4, -1))

x = torch.tensor([0.0, 0.0], requires_grad=True)
safe_sqrt((x**2).sum()).backward()
print("sum of squares:", x.grad.tolist())
# --8<-- [end:fix-where]
assert gradient(safe_sqrt, 0, 1, 4, -1) == [0, 0.5, 0.25, 0]
assert x.grad.tolist() == [0, 0]

# --8<-- [start:fix-eps]
tiny = 1e-12


def inside(x):
    return torch.sqrt((x**2).sum() + tiny)


def outside(x):
    return torch.sqrt((x**2).sum()) + tiny


for length in (inside, outside):
    print(f"{length.__name__:7}", gradient(length, 0, 0))
# --8<-- [end:fix-eps]
assert gradient(inside, 0, 0) == [0, 0]
assert all(g != g for g in gradient(outside, 0, 0))


# --8<-- [start:cube-fix]
def cube_root(x, at_zero=0.0):
    inside = torch.where(x == 0, torch.ones_like(x), x)
    root = inside.sign() * inside.abs() ** (1 / 3)
    return torch.where(x == 0, at_zero * x, root)


g = gradient(cube_root, -8, -1, 1, 8, 0)
print("gradient", [round(slope, 4) for slope in g])
# --8<-- [end:cube-fix]
assert [round(12 * slope, 9) for slope in g] == [1, 4, 4, 1, 0]

# --8<-- [start:growth]
for exponent in (0, 4, 8, 12, 16):
    print(f"x = 1e-{exponent:<2}", *gradient(torch.sqrt, 10**-exponent))
# --8<-- [end:growth]
assert gradient(torch.sqrt, 1e-16) == [5e7]

# --8<-- [start:minus-zero]
print("sqrt          ", torch.sqrt(torch.tensor(-0.0)).item())
print("its gradient  ", gradient(torch.sqrt, -0.0))
print("x + 0 first   ", gradient(lambda x: torch.sqrt(x + 0.0), -0.0))

half = torch.tensor(0.5)
print("x**0.5        ", gradient(lambda x: x**0.5, -0.0))
print("x**tensor(0.5)", gradient(lambda x: x**half, -0.0))
# --8<-- [end:minus-zero]
assert gradient(torch.sqrt, -0.0) == [-inf]
assert gradient(lambda x: torch.sqrt(x + 0.0), -0.0) == [inf]
assert gradient(lambda x: x**half, -0.0) == [inf]

# --8<-- [start:negative]
x = torch.tensor([-1.0, 4.0], requires_grad=True)
y = torch.sqrt(x)
y.sum().backward()
print(y.detach(), x.grad)
# --8<-- [end:negative]
assert y[0].isnan() and x.grad[0].isnan() and x.grad[1] == 0.25

# --8<-- [start:complex]
z = torch.tensor(-4.0 + 0j, dtype=torch.complex128, requires_grad=True)
w = torch.sqrt(z)
(g,) = torch.autograd.grad(w, z, torch.ones_like(w))
print("root    ", w.item())
print("1/(2w)  ", (1 / (2 * w)).item())
print("gradient", g.item(), "its conjugate")
# --8<-- [end:complex]
torch.testing.assert_close(g, (1 / (2 * w)).conj().detach())


# --8<-- [start:cube]
def cube_root(x):
    return x.sign() * x.abs() ** (1 / 3)


x = torch.tensor([-8.0, -1, 1, 8], dtype=torch.float64)
print("pow", (x ** (1 / 3)).round(decimals=4).tolist())
print("own", cube_root(x).round(decimals=4).tolist())

g = gradient(cube_root, -8, -1, 1, 8, 0)
print("gradient", [round(slope, 4) for slope in g])
# --8<-- [end:cube]
assert [round(12 * slope, 9) for slope in g[:4]] == [1, 4, 4, 1]
assert g[4] != g[4]

# --8<-- [start:chain]
x = torch.tensor([0.0, 0.0], requires_grad=True)
squares = (x**2).sum()
length = squares.sqrt()
g_squares, g_x = torch.autograd.grad(length, (squares, x))
print("slope of sqrt at 0", g_squares)
print("slope of x**2 at 0", 2 * x.detach())
print("their product     ", g_x)
# --8<-- [end:chain]
assert g_squares == inf and g_x.isnan().all()
