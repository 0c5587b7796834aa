# --8<-- [start:corners]
import torch
from torch.nn.functional import hardshrink, hardsigmoid, hardswish, softshrink


def gradient(f, *inputs):
    xs = [torch.as_tensor(x).clone().requires_grad_() for x in inputs]
    grads = torch.autograd.grad(f(*xs).sum(), xs)
    return grads[0] if len(grads) == 1 else grads


x = torch.tensor([-3.0, -2.0, 2.0, 3.0])
for f in (hardsigmoid, hardswish):
    print(f"{f.__name__:11} at", x.tolist(), "has", gradient(f, x))
# --8<-- [end:corners]
assert gradient(hardsigmoid, x)[[0, 3]].tolist() == [0, 0]
assert gradient(hardswish, x)[[0, 3]].tolist() == [0, 1]
DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
for dtype in DTYPES:
    x = x.to(dtype).repeat(17)
    assert not gradient(hardsigmoid, x)[0::4].any()
    assert not gradient(hardswish, x)[0::4].any()
    assert (gradient(hardswish, x)[3::4] == 1).all()

# --8<-- [start:shrink]
x = torch.tensor([-2.0, -0.5, 0.25, 0.5, 2.0], requires_grad=True)
for f in (hardshrink, softshrink):
    y = f(x, 0.5)
    (g,) = torch.autograd.grad(y.sum(), x)
    print(f.__name__, (y + 0).tolist(), "gradient", g.tolist())
# --8<-- [end:shrink]
for f in (hardshrink, softshrink):
    g = gradient(lambda x, f=f: f(x, 0.5), x)
    assert g.tolist() == [1, 0, 0, 0, 1]


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
torch.manual_seed(0)
# claim: At −3 and below, hardsigmoid passes nothing back
for dtype in DTYPES:
    low = torch.cat([torch.full((33,), -3.0), -3 - 9 * torch.rand(1001)])
    assert not gradient(hardsigmoid, low.to(dtype)).any()

for kind, decay, still in (
    (torch.optim.SGD, 0.0, True),
    (torch.optim.Adam, 0.0, True),
    (torch.optim.AdamW, 0.01, False),
):
    w = torch.tensor(-3.0, requires_grad=True)
    optimizer = kind([w], lr=0.1, weight_decay=decay)
    for step in range(9):
        optimizer.zero_grad()
        ((hardsigmoid(w) - 0.75) ** 2).backward()
        optimizer.step()
    assert (w == -3) == still

# --8<-- [start:fix-gate]
opened = open_gate(torch.sigmoid, -3.0)
print("sigmoid, from -3", opened)
# --8<-- [end:fix-gate]
assert opened == 0.75


# --8<-- [start:fix-second]
def hardsigmoid_twice(x):
    """hardsigmoid with a second derivative, and a slope of 1/6 in float64."""
    return (torch.nn.functional.hardtanh(x, -3.0, 3.0) + 3) / 6


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
# claim: At numbers, the values and the gradients are the same up to rounding
assert gradient(hardsigmoid_twice, float("nan")) > 0.16  # hardsigmoid: 0
for dtype in DTYPES:
    x = torch.tensor([-3.0, 3.0, -1e4, 1e4, float("inf"), float("-inf")])
    x = torch.cat([x, 3 * torch.randn(3, 5).flatten()]).to(dtype)
    near = 3 - torch.finfo(dtype).eps * torch.arange(-4.0, 5.0).double()
    x = torch.cat([x, near.to(dtype), -near.to(dtype)])
    eps = torch.finfo(dtype).eps
    for f, g in (
        (hardsigmoid_twice(x), hardsigmoid(x)),
        (gradient(hardsigmoid_twice, x), gradient(hardsigmoid, x)),
    ):
        torch.testing.assert_close(f, g, rtol=0, atol=max(2 * eps, 1e-8))
x = torch.randn(2, 3, dtype=torch.float64).requires_grad_()
assert torch.autograd.gradgradcheck(hardsigmoid_twice, (x,))

# --8<-- [start:fix-infinity]
minus_inf = torch.tensor(float("-inf"), requires_grad=True)
y = hardswish(torch.clamp(minus_inf, min=-3))
(g,) = torch.autograd.grad(y, minus_inf)
print("value", (y + 0).item(), "gradient", g.item())
# --8<-- [end:fix-infinity]
assert y == 0 and g == 0
# claim: Below −3 nothing depends on x
for dtype in DTYPES:
    x = torch.tensor([-3.0, -5.5, -1e4, -2.9, 0.3, 4.0], dtype=dtype)
    x = x.repeat(7)
    below = x <= -3
    assert not hardswish(x)[below].any()
    assert not gradient(hardswish, x)[below].any()

    def cut(x):
        return hardswish(torch.clamp(x, min=-3))

    assert torch.equal(cut(x), hardswish(x))
    assert torch.equal(gradient(cut, x), gradient(hardswish, x))
    low = torch.full((33,), float("-inf"), dtype=dtype)
    assert not cut(low).any() and not gradient(cut, low).any()


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
    """hardshrink of a finite w, the identity in the backward pass."""
    return w + (hardshrink(w) - w).detach()


print("from 0.25:", fit(through, 0.25))
# --8<-- [end:fix-dead]
assert fit(through, 0.25) == 1
for dtype in DTYPES:
    w = (2 * torch.randn(3, 5)).to(dtype)
    assert (gradient(through, w) == 1).all()
    gap = (through(w) - hardshrink(w)).abs()
    assert (gap <= 2 * torch.finfo(dtype).eps * w.abs()).all()

# --8<-- [start:valley]
x = torch.tensor([-2.999, -1.5, 2.999])
print(gradient(hardswish, x))
# --8<-- [end:valley]
assert gradient(hardswish, -1.5) == 0

# --8<-- [start:lambd-zero]
for f in (hardshrink, softshrink):
    x = torch.tensor([-1.0, 0.0, 1.0], requires_grad=True)
    y = f(x, 0.0)
    (g,) = torch.autograd.grad(y.sum(), x)
    print(f.__name__, torch.equal(y, x), g)
# --8<-- [end:lambd-zero]
assert g.tolist() == [1, 0, 1] and torch.equal(y, x)
# claim: Shrinking by 0 changes no number
# the output equals the input and the slope is 1, but at 0 PyTorch returns 0
for dtype in DTYPES:
    x = torch.randn(1001).to(dtype)
    x[::10] = 0
    for f in (hardshrink, softshrink):
        assert torch.equal(f(x, 0.0), x)
        g = gradient(lambda x, f=f: f(x, 0.0), x)
        assert torch.equal(g, (x != 0).to(dtype))

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
    x = torch.full((1001,), float("nan"))
    g = gradient(f, x)
    print(f"{f.__name__:11} first {g[0]}, last {g[-1]}, alone", end=" ")
    print(gradient(f, float("nan")).item())
# --8<-- [end:nan]
for dtype in DTYPES:
    for n in (1, 3, 65, 1001):
        x = torch.full((n,), float("nan"), dtype=dtype)
        for f in (hardsigmoid, hardswish, hardshrink, softshrink):
            g = gradient(f, x)
            assert f(x).isnan().all()
            if f is hardsigmoid:
                assert not g.any()
            else:
                assert g[-1] == 1 and (g[0] == 1) == (n <= 3)
                assert g[0].isnan() == (f is hardswish and n > 3)

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in ("hardsigmoid(", "hardswish(", "hardshrink(", "softshrink("):
    print(*text[text.index(f"- name: {name}") :].splitlines()[:2], sep="\n")
# --8<-- [end:source]
assert "- name: hardswish_backward(" in text
assert "- name: hardsigmoid_backward(" not in text
# claim: A corner with slopes ell on the left and r on the right
#   of two straight lines has every number between them as a subgradient
y = torch.linspace(-1, 1, 201, dtype=torch.float64)
for left, right in ((0.0, 1 / 6), (1 / 6, 0.0), (1.5, 1.0), (-0.5, 0.25)):
    f = torch.where(y < 0, left * y, right * y)
    for g in torch.linspace(-2, 2, 41, dtype=torch.float64):
        inside = min(left, right) <= g <= max(left, right)
        if left < right:
            assert (f >= g * y).all() == inside
        else:
            assert (f <= g * y).all() == inside
# the middle piece of hardswish is convex: no neighborhood is concave
for at in (-3.0, 3.0):
    x = torch.tensor([0.01, 0.02, 0.03], dtype=torch.float64)
    a, b, c = hardswish(at + (x if at < 0 else -x))
    assert b < (a + c) / 2
