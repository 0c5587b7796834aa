# --8<-- [start:leak]
import torch

x = torch.tensor([4.0, 0.0, -1.0], requires_grad=True)
y = torch.where(x > 0, x.sqrt(), 0.0)
y.sum().backward()
print("value   ", y.tolist())
print("gradient", x.grad.tolist())
# --8<-- [end:leak]
nan, inf = float("nan"), float("inf")
torch.manual_seed(0)
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
sizes = (1, 3, 17, 33, 1001)
assert y.tolist() == [2, 0, 0]
assert x.grad[0] == 0.25 and x.grad[1:].isnan().all()


# --8<-- [start:fix-double]
def where_safe(ok, f, x, inside, otherwise):
    """f(x) where ok, otherwise elsewhere.

    f works entry by entry, and is smooth at the number inside.
    """
    y = f(torch.where(ok, x, inside))  # f sees only ok entries, and inside
    return torch.where(ok, y, otherwise)


x = torch.tensor([4.0, 0.0, -1.0], requires_grad=True)
y = where_safe(x > 0, torch.sqrt, x, inside=1.0, otherwise=0.0)
y.sum().backward()
print("value   ", y.tolist())
print("gradient", x.grad.tolist())
# --8<-- [end:fix-double]
assert y.tolist() == [2, 0, 0] and x.grad.tolist() == [0.25, 0, 0]
for dtype in dtypes:
    for n in sizes:
        for bad in (0.0, -0.0, -0.7, -inf, nan):
            entries = (torch.rand(n) + 0.1).to(dtype)
            entries[n // 2] = bad
            entries.requires_grad_()
            root = where_safe(entries > 0, torch.sqrt, entries, 1.0, 0.0)
            (g,) = torch.autograd.grad(root.sum(), entries)
            assert root.dtype == g.dtype == dtype
            assert root[n // 2] == 0 and g[n // 2] == 0
            others = torch.arange(n) != n // 2
            want = 0.5 * entries[others].rsqrt()
            torch.testing.assert_close(g[others], want)

# --8<-- [start:traps]
from torch import acos, exp, log, reciprocal, sin, sqrt

# name: at, condition, branch, a harmless number for it, otherwise
traps = {
    "sqrt(x)   ": (0.0, lambda x: x > 0, sqrt, 1.0, 0.0),
    "sin(x) / x": (0.0, lambda x: x != 0, lambda x: sin(x) / x, 1.0, 1.0),
    "log(x)    ": (0.0, lambda x: x > 0, log, 1.0, 0.0),
    "1 / x     ": (0.0, lambda x: x != 0, reciprocal, 1.0, 0.0),
    "x ** 0.3  ": (0.0, lambda x: x > 0, lambda x: x**0.3, 1.0, 0.0),
    "exp(x)    ": (1000.0, lambda x: x < 9, exp, 0.0, 0.0),
    "acos(x)   ": (1.0, lambda x: x < 1, acos, 0.0, 0.0),
}
for name, (at, condition, f, inside, otherwise) in traps.items():
    x = torch.tensor(at, requires_grad=True)
    ok = condition(x)
    once = torch.where(ok, f(x), otherwise)
    (g,) = torch.autograd.grad(once, x)
    print(f"{name} value {once.item()}, gradient {g.item()}")
    assert g.isnan()
# --8<-- [end:traps]

# --8<-- [start:fix-traps]
for name, (at, condition, f, inside, otherwise) in traps.items():
    x = torch.tensor(at, requires_grad=True)
    twice = where_safe(condition(x), f, x, inside, otherwise)
    (g,) = torch.autograd.grad(twice, x)
    print(f"{name} value {twice.item()}, gradient {g.item()}")
    assert twice == otherwise and g == 0
# --8<-- [end:fix-traps]
for at, condition, f, inside, otherwise in traps.values():
    for dtype in dtypes:
        for n in sizes:
            x = torch.full((n,), min(at, 1e4)).to(dtype).requires_grad_()
            once = torch.where(condition(x), f(x), otherwise)
            assert torch.autograd.grad(once.sum(), x)[0].isnan().all()
            twice = where_safe(condition(x), f, x, inside, otherwise)
            assert (twice == otherwise).all()
            assert (torch.autograd.grad(twice.sum(), x)[0] == 0).all()
_, condition, f, inside, otherwise = traps["sin(x) / x"]
for dtype, near in zip(
    dtypes, ("-0.00033", "-0.00037", "0", "0"), strict=True
):
    x = torch.tensor(1e-3, dtype=dtype, requires_grad=True)  # next to 0
    y = where_safe(condition(x), f, x, inside, otherwise)
    assert f"{torch.autograd.grad(y, x)[0].item():.2g}" == near

# --8<-- [start:fix-inside]
x = torch.tensor([4.0, 0.0, -1.0], requires_grad=True)
y = torch.where(x > 0, x, 0.0).sqrt()
y.sum().backward()
print("value   ", y.tolist())
print("gradient", x.grad.tolist())
# --8<-- [end:fix-inside]
assert y.tolist() == [2, 0, 0] and x.grad.tolist() == [0.25, 0, 0]

# --8<-- [start:builtin]
x = torch.tensor([0.0, 1000.0], requires_grad=True)
for name, y in {
    "torch.sinc(x)             ": torch.sinc(x[0]),
    "torch.linalg.vector_norm  ": torch.linalg.vector_norm(x[:1]),
    "torch.nn.functional.elu   ": torch.nn.functional.elu(x[1]),
}.items():
    (g,) = torch.autograd.grad(y, x)
    print(name, g.tolist())
# --8<-- [end:builtin]
assert g.tolist() == [0, 1]

# --8<-- [start:anomaly]
import warnings

x = torch.tensor([4.0, 0.0], requires_grad=True)
with torch.autograd.set_detect_anomaly(True), warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the traceback of the forward call
    for y in (x.sqrt(), x.log()):
        try:
            torch.where(x > 0, y, 0.0).sum().backward()
        except RuntimeError as error:
            print("RuntimeError:", error)
# --8<-- [end:anomaly]

# --8<-- [start:shared]
data = torch.tensor([4.0, 0.0, -1.0])
w = torch.tensor(1.0, requires_grad=True)
once = torch.where(data > 0, (w * data).sqrt(), 0.0)
zero = where_safe(data > 0, lambda d: (w * d).sqrt(), data, 0.0, 0.0)
safe = where_safe(data > 0, lambda d: (w * d).sqrt(), data, 1.0, 0.0)
print("one where      ", *torch.autograd.grad(once.sum(), w))
print("two, 0.0 inside", *torch.autograd.grad(zero.sum(), w))
print("two, 1.0 inside", *torch.autograd.grad(safe.sum(), w))
# --8<-- [end:shared]
for inside in (1.0, 0.3, 7.0):
    for dtype in dtypes:
        weight = torch.tensor(1.3, dtype=dtype, requires_grad=True)

        def root(d, weight=weight):
            return (weight * d).sqrt()

        entries = data.to(dtype)
        y = where_safe(entries > 0, root, entries, inside, 0.0)
        (g,) = torch.autograd.grad(y.sum(), weight)
        torch.testing.assert_close(g, 0.5 * (4 / weight.detach()).sqrt())
for optimizer in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW):
    weight = torch.ones(2, requires_grad=True)
    weight.grad = torch.tensor([nan, 1.0])
    optimizer([weight]).step()
    assert weight.isnan().tolist() == [True, False]
for inside in (0.0, 1.0, -0.7, inf, nan):
    for dtype in dtypes:
        x = data.to(dtype).requires_grad_()
        y = where_safe(x > 0, torch.sqrt, x, inside, 0.0)
        assert y.isfinite().all()
        g = torch.autograd.grad(y.sum(), x)[0]
        assert g.tolist() == [0.25, 0, 0]
# claim: One entry with a NaN is enough: a weight that all entries share
#   has a NaN gradient.
for dtype in dtypes:
    for n in sizes:
        for at in {0, n // 2, n - 1}:
            for bad in (0.0, -0.7):
                entries = torch.rand(n, dtype=dtype) + 0.1
                entries[at] = bad
                weight = torch.tensor(1.3, dtype=dtype, requires_grad=True)
                root = torch.where(entries > 0, (weight * entries).sqrt(), 0)
                assert root.isfinite().all()
                root.sum().backward()
                assert weight.grad.isnan()

# --8<-- [start:branches]
from torch import asin, atan, relu, sigmoid, square, tanh
from torch.nn.functional import softplus

points = torch.tensor([0.0, -1.0, 1.0, 100.0, torch.inf, torch.nan])
smooth = (square, exp, sin, tanh, sigmoid, softplus, atan, relu, torch.abs)
print("x =               0   -1    1  100  inf  nan")
for f in (sqrt, log, reciprocal, asin, *smooth):
    x = points.clone().requires_grad_()
    never = torch.where(x > torch.inf, f(x), 0.0)
    (g,) = torch.autograd.grad(never.sum(), x)
    print(f"{f.__name__:12}", *(f"{v:4.0f}" for v in g + 0.0))
# --8<-- [end:branches]


def slope(f, x, cotangent):
    x = x.clone().requires_grad_()
    (g,) = torch.autograd.grad(f(x), x, torch.full_like(x, cotangent))
    return g


# claim: It is 0 where PyTorch has a finite slope for f, whatever the value
for f in (sqrt, log, reciprocal, asin, *smooth):
    for dtype in dtypes:
        at = [0.0, -0.0, 1e-30, 0.3, -0.7, 1e30, -1e30, inf, -inf, nan]
        for x in (torch.tensor(at).to(dtype), torch.randn(1001).to(dtype)):
            finite = slope(f, x, 1.0).isfinite()
            assert (slope(f, x, 0.0)[finite] == 0).all()
# claim: In a chain each step counts
for f, at in (
    (lambda x: (1 + x.exp()).log(), 1000.0),
    (lambda x: x.square().sqrt().square(), 0.0),
):
    assert slope(f, torch.tensor(at), 0.0).isnan()
assert slope(softplus, torch.tensor(1000.0), 1.0) == 1
# The slope of gelu's tanh form at 2e19 is 1; PyTorch has NaN for it.
gelu = torch.nn.functional.gelu
for cotangent in (0.0, 1.0):
    at = torch.tensor(2e19)
    assert slope(lambda x: gelu(x, approximate="tanh"), at, cotangent).isnan()

# --8<-- [start:modes]
from torch.func import grad, jacfwd


def outer(x):
    return torch.where(x > 0, x.sqrt(), 0.0)


def inner(x):
    return torch.where(x > 0, x, 0.0).sqrt()


def both(x):
    return where_safe(x > 0, torch.sqrt, x, 1.0, 0.0)


print("at x = 0                  outer  inner  both")
derivatives = {
    "reverse                 ": grad,
    "forward                 ": jacfwd,
    "reverse twice           ": lambda f: grad(grad(f)),
    "forward over reverse    ": lambda f: jacfwd(grad(f)),
    "reverse over forward    ": lambda f: grad(jacfwd(f)),
    "forward twice           ": lambda f: jacfwd(jacfwd(f)),
    "reverse twice, x * f(x) ": lambda f: grad(grad(lambda x: x * f(x))),
}
for name, derivative in derivatives.items():
    results = [derivative(f)(torch.tensor(0.0)) for f in (outer, inner, both)]
    print(name, *(f"{g.item():6}" for g in results))
# --8<-- [end:modes]
found = {}
for dtype in dtypes:
    zero = torch.tensor(0.0, dtype=dtype)
    for f in (outer, inner, both):
        assert f(zero) == 0
        results = [derivative(f)(zero) for derivative in derivatives.values()]
        assert all(g == 0 or g.isnan() for g in results)
        found[f] = [not g.isnan() for g in results]
    # The outer alone, the inner one with 0 inside, and both.
    assert found[outer] == [0, 1, 0, 0, 0, 1, 0]
    assert found[inner][:2] == [1, 0] and not found[inner][6]
    assert all(found[both])
    quarter = torch.tensor(4.0, dtype=dtype)
    for f in (outer, inner, both):
        for derivative in (grad, jacfwd):
            assert derivative(f)(quarter) == 0.25
            assert derivative(derivative(f))(quarter) == -1 / 32

# --8<-- [start:vmap]
from torch.func import vmap


def branch(x):
    return x.sqrt() if x > 0 else 0 * x


print([grad(branch)(x).item() for x in torch.tensor([4.0, 0.0, -1.0])])
try:
    vmap(branch)(torch.tensor([4.0, 0.0, -1.0]))
except RuntimeError as error:
    print("RuntimeError:", error)
# --8<-- [end:vmap]

# --8<-- [start:errors]
x = torch.ones(2)
try:
    torch.where(torch.tensor([1.0, 0.0]), x, 0.0)
except RuntimeError as error:
    print("RuntimeError:", error)
print(torch.where(x > 0, x.half(), 0.0).dtype)
print(torch.where(x > 0, x.half(), torch.zeros(2)).dtype)
# --8<-- [end:errors]
# A NaN in z̄ does not pass to the side that is not taken.
for cotangent in (nan, inf):
    for dtype in dtypes:
        a, b = torch.ones(2, 33, dtype=dtype).requires_grad_()
        taken = torch.rand(33) > 0.5
        v = torch.full((33,), cotangent, dtype=dtype)
        ga, gb = torch.autograd.grad(torch.where(taken, a, b), (a, b), v)
        assert (ga[~taken] == 0).all() and (gb[taken] == 0).all()
# A real number does not change the dtype of a floating-point vector; a vector
# of a wider floating-point dtype does.
for narrow in dtypes:
    scalars = [torch.zeros((), dtype=dtype) for dtype in dtypes]
    for number in (0.0, 1, 1e30, inf, *scalars):
        y = torch.where(x > 0, x.to(narrow), number)
        assert y.dtype == narrow
    whole = torch.zeros(2, dtype=torch.long)  # 64 bits
    assert torch.where(x > 0, x.to(narrow), whole).dtype == narrow
    wide = torch.where(x > 0, x.to(narrow), torch.zeros(2, dtype=dtypes[0]))
    assert wide.dtype == dtypes[0]

# --8<-- [start:chain]
x = torch.tensor(0.0, requires_grad=True)
root = x.sqrt()
once = [x, root, torch.where(x > 0, root, 0.0)]
inner = torch.where(x > 0, x, 1.0)
root = inner.sqrt()
twice = [x, inner, root, torch.where(x > 0, root, 0.0)]

chains = {}
for name, steps in {"one where": once, "two where": twice}.items():
    values = [v.item() for v in steps]
    grads = [g.item() for g in torch.autograd.grad(steps[-1], steps)]
    chains[name] = values, grads
    print(name, "forward: ", *values)
    print(name, "backward:", *grads)
# --8<-- [end:chain]
assert str(chains["one where"]) == "([0.0, 0.0, 0.0], [nan, 0.0, 1.0])"
assert chains["two where"] == ([0, 1, 1, 0], [0, 0, 0, 1])

# Figure: Two chains at x = 0. One where: x goes through sqrt and where to
# y. The values above the arrows are 0, 0, 0; the cotangents below them, on
# arrows from y back to x, are 1, 0, and NaN between sqrt and x. Two where: x
# goes through where, sqrt and where to y, with the values 0, 1, 1, 0; the
# cotangents are 1, 0, 0, 0.
# --8<-- [start:graph]
import matplotlib.pyplot as plt


def arrow(ax, start, end, height, text, color):
    shape = {"arrowstyle": "->", "color": color}
    ax.annotate("", (end, height), (start, height), arrowprops=shape)
    ax.text((start + end) / 2, 4 * height, text, ha="center", va="center")


fig, axes = plt.subplots(2, 1, figsize=(4.8, 3))
nodes = [["x", "sqrt", "where", "y"], ["x", "where", "sqrt", "where", "y"]]
for ax, row, (name, chain) in zip(axes, nodes, chains.items(), strict=True):
    for n, node in enumerate(row):
        ax.text(n, 0, node, ha="center", va="center")
    for n, (value, cotangent) in enumerate(zip(*chain, strict=True)):
        arrow(ax, n + 0.28, n + 0.72, 0.1, f"{value:.0f}", "C0")
        arrow(ax, n + 0.72, n + 0.28, -0.1, f"{cotangent:.0f}", "C1")
    ax.set(title=name, xlim=(-0.3, 4.3), ylim=(-0.6, 0.6))
    ax.axis("off")
plt.show()
# --8<-- [end:graph]
