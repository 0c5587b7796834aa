# --8<-- [start:corners]
import torch
from torch.nn.functional import hardshrink, hardsigmoid, hardswish, softshrink


def slope(f, at, *rest):
    """The gradient of f(x, *rest) at a number, in float64, rounded."""
    x = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    (g,) = torch.autograd.grad(f(x, *rest), x)
    return round(g.item(), 4)


for at in (-3.0, -2.0, 2.0, 3.0):
    print(
        at,
        "hardsigmoid",
        slope(hardsigmoid, at),
        "hardswish",
        slope(hardswish, at),
    )
# --8<-- [end:corners]
assert [slope(hardsigmoid, at) for at in (-3.0, 3.0)] == [0, 0]
assert [slope(hardswish, at) for at in (-3.0, 3.0)] == [0, 1]

# --8<-- [start:shrink]
x = torch.tensor([-2.0, -0.5, 0.25, 0.5, 2.0], requires_grad=True)
for f in (hardshrink, softshrink):
    y = f(x, 0.5)
    (g,) = torch.autograd.grad(y.sum(), x)
    print(f.__name__, (y + 0).tolist(), "gradient", g.tolist())
# --8<-- [end:shrink]
for f in (hardshrink, softshrink):
    assert [slope(f, at, 0.5) for at in (-2.0, -0.5, 0.5, 2.0)] == [1, 0, 0, 1]


# --8<-- [start:trap-gate]
def open_gate(gate, start):
    """Raise w until gate(w) is 0.75, in 100 steps."""
    w = torch.tensor(start, requires_grad=True)
    for step in range(100):
        loss = (gate(w) - 0.75) ** 2
        (g,) = torch.autograd.grad(loss, w)
        w = (w - 4 * g).detach().requires_grad_()
    return round(gate(w).item(), 3)


shut, opened = open_gate(hardsigmoid, -3.0), open_gate(hardsigmoid, -2.9)
print("hardsigmoid, from -3  ", shut)
print("hardsigmoid, from -2.9", opened)
# --8<-- [end:trap-gate]
assert shut == 0 and opened == 0.75

# --8<-- [start:fix-gate]
opened = open_gate(torch.sigmoid, -3.0)
print("sigmoid, from -3", opened)
# --8<-- [end:fix-gate]
assert opened == 0.75


# --8<-- [start:fix-second]
def hardsigmoid_twice(x):
    """hardsigmoid with a second derivative, and a slope of 1/6 in float64."""
    return torch.nn.functional.relu6(x + 3) / 6


x = torch.tensor(
    [-4.0, -3.0, 1.0, 3.0, 4.0], dtype=torch.float64, requires_grad=True
)
torch.testing.assert_close(hardsigmoid_twice(x), hardsigmoid(x))
(g,) = torch.autograd.grad(hardsigmoid_twice(x).sum(), x, create_graph=True)
(second,) = torch.autograd.grad(g.sum(), x)
print("first ", g.detach())
print("second", second)
print("1/6 in float64", g[2].item() == 1 / 6)
# --8<-- [end:fix-second]
assert g[2].item() == 1 / 6 and not second.any()

# --8<-- [start:fix-infinity]
minus_inf = torch.tensor(float("-inf"), requires_grad=True)
y = hardswish(torch.clamp(minus_inf, min=-3))
(g,) = torch.autograd.grad(y, minus_inf)
print("value", (y + 0).item(), "gradient", g.item())
# --8<-- [end:fix-infinity]
assert y == 0 and g == 0


# --8<-- [start:trap-dead]
def fit(shrink, start):
    """Fit shrink(w) to the target 1, in 100 steps."""
    w = torch.tensor(start, requires_grad=True)
    for step in range(100):
        loss = (shrink(w) - 1) ** 2
        (g,) = torch.autograd.grad(loss, w)
        w = (w - 0.25 * g).detach().requires_grad_()
    return round(w.item(), 4)


print("from 0.25:", fit(hardshrink, 0.25))
# --8<-- [end:trap-dead]
assert fit(hardshrink, 0.25) == 0.25


# --8<-- [start:fix-dead]
def through(w):
    """hardshrink in the forward pass, the identity in the backward pass."""
    return w + (hardshrink(w) - w).detach()


print("from 0.25:", fit(through, 0.25))
# --8<-- [end:fix-dead]
assert fit(through, 0.25) == 1

# --8<-- [start:valley]
for at in (-2.999, -1.5, 2.999):
    print(at, slope(hardswish, at))
# --8<-- [end:valley]
assert slope(hardswish, -1.5) == 0

# --8<-- [start:lambd-zero]
for f in (hardshrink, softshrink):
    x = torch.tensor([-1.0, 0.0, 1.0], requires_grad=True)
    y = f(x, 0.0)
    (g,) = torch.autograd.grad(y.sum(), x)
    print(f.__name__, torch.equal(y, x), g)
# --8<-- [end:lambd-zero]
assert g.tolist() == [1, 0, 1] and torch.equal(y, x)

# --8<-- [start:sixth]
x = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
(g,) = torch.autograd.grad(hardsigmoid(x), x)
print(g.dtype)
print("1/6 in float64", g.item() == 1 / 6)
print("1/6 in float32", g.item() == (torch.tensor(1.0) / 6).item())
# --8<-- [end:sixth]
assert g.item() == (torch.tensor(1.0) / 6).item()

# --8<-- [start:second]
x = torch.tensor(1.0, requires_grad=True)
(g,) = torch.autograd.grad(hardsigmoid(x), x, create_graph=True)
try:
    g.backward()
except RuntimeError as error:
    print(error)
    message = str(error)
# --8<-- [end:second]
assert "hardsigmoid_backward is not implemented" in message

# --8<-- [start:minus-infinity]
y = hardswish(minus_inf)
(g,) = torch.autograd.grad(y, minus_inf)
print("hardswish(-1e9)", (hardswish(torch.tensor(-1e9)) + 0).item())
print("hardswish(-inf)", y.item(), "gradient", g.item())
# --8<-- [end:minus-infinity]
assert y.isnan() and g == 0

# --8<-- [start:nan]
for f in (hardsigmoid, hardswish, hardshrink, softshrink):
    x = torch.full((1001,), float("nan"), requires_grad=True)
    y = f(x)
    (g,) = torch.autograd.grad(y.sum(), x)
    values = sorted({str(value) for value in g.tolist()})
    print(
        f.__name__, "output NaN:", y.isnan().all().item(), "gradients", values
    )
# --8<-- [end:nan]
assert values == ["0.0", "1.0"]

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in ("hardsigmoid(", "hardswish(", "hardshrink(", "softshrink("):
    print(*text[text.index(f"- name: {name}") :].splitlines()[:2], sep="\n")
# --8<-- [end:source]
