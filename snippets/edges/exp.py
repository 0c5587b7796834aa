# --8<-- [start:edges]
import torch

inf = float("inf")
functions = "exp", "exp2", "expm1", "sinh", "cosh", "tanh", "sigmoid"
for name in functions:
    x = torch.tensor([-inf, 0.0, inf], requires_grad=True)
    y = getattr(torch, name)(x)
    (g,) = torch.autograd.grad(y.sum(), x)
    print(f"{name:8}", y.detach(), g)
# --8<-- [end:edges]
assert g.tolist() == [0, 0.25, 0]

# --8<-- [start:trap-where]
x = torch.tensor([-1.0, 2.0, 100.0], requires_grad=True)
y = torch.where(x <= 0, torch.exp(x), 1 + x)
(g,) = torch.autograd.grad(y.sum(), x)
print(y.detach())
print(g)
# --8<-- [end:trap-where]
assert y.isfinite().all() and g[2].isnan()

# --8<-- [start:fix-where]
small = torch.where(x <= 0, x, 0.0)  # the exponential never sees 100
y = torch.where(x <= 0, torch.exp(small), 1 + x)
(g,) = torch.autograd.grad(y.sum(), x)
print(y.detach())
print(g)
# --8<-- [end:fix-where]
assert g.isfinite().all() and g[1:].tolist() == [1, 1]


# --8<-- [start:trap-sigmoid]
def by_minus(x):
    return 1 / (1 + torch.exp(-x))


def by_plus(x):
    return torch.exp(x) / (1 + torch.exp(x))


for f in by_minus, by_plus, torch.sigmoid:
    x = torch.tensor([-200.0, 0.0, 200.0], requires_grad=True)
    y = f(x)
    (g,) = torch.autograd.grad(y.sum(), x)
    print(f"{f.__name__:8} {y.tolist()} {g.tolist()}")
# --8<-- [end:trap-sigmoid]
assert g.tolist() == [0, 0.25, 0]

# --8<-- [start:trap-clamp]
x = torch.tensor([0.5, 100.0], requires_grad=True)
(late,) = torch.autograd.grad(torch.exp(x).clamp(max=10).sum(), x)
(early,) = torch.autograd.grad(torch.exp(x.clamp(max=2)).sum(), x)
print("clamp after exp ", late)
print("clamp before exp", early)
# --8<-- [end:trap-clamp]
assert late[1].isnan() and early[1] == 0

# --8<-- [start:trap-log]
from torch.nn.functional import logsigmoid

x = torch.tensor(20.0, requires_grad=True)
loss = -torch.log(1 - torch.sigmoid(x))
(g,) = torch.autograd.grad(loss, x)
print("log of sigmoid", loss.item(), g.item())

loss = -logsigmoid(-x)
(g,) = torch.autograd.grad(loss, x)
print("logsigmoid    ", loss.item(), g.item())
# --8<-- [end:trap-log]
assert loss.item() == 20 and g.item() == 1
with_logits = torch.nn.functional.binary_cross_entropy_with_logits
loss = with_logits(x, torch.tensor(0.0))
(g,) = torch.autograd.grad(loss, x)
assert loss.item() == 20 and g.item() == 1

# --8<-- [start:thresholds]
dtypes = torch.float64, torch.float32, torch.bfloat16, torch.float16


def gradients(name, x):
    x = x.clone().requires_grad_()
    y = getattr(torch, name)(x)
    return torch.autograd.grad(y.sum(), x)[0]


def row(name, side, wanted):
    """Where the gradient is first so, in steps of an eighth."""
    found = []
    for dtype in dtypes:
        x = side * torch.arange(0, 1200, 0.125).to(dtype)
        hit = wanted(gradients(name, x))
        found.append(x[hit][0].item())
    print(f"{name:8}", *(f"{value:9}" for value in found))
    return found


print("gradient:   float64   float32  bfloat16   float16")
print("infinite from")
table = {}
for name in "exp", "exp2", "expm1":
    table[name] = row(name, 1, torch.isinf)
print("zero from")
for name in "exp", "exp2", "sigmoid":
    table[name, -1] = row(name, -1, lambda g: g == 0)
for name in "tanh", "sigmoid":
    table[name, 1] = row(name, 1, lambda g: g == 0)
# --8<-- [end:thresholds]
for dtype, found in zip(dtypes, table["exp"], strict=True):
    largest = torch.tensor(torch.finfo(dtype).max, dtype=torch.float64)
    assert largest.log() < found <= largest.log() + 0.5
    for name in "sinh", "cosh":
        (beyond,) = gradients(name, torch.tensor([found + 1], dtype=dtype))
        (before,) = gradients(name, torch.tensor([found - 1], dtype=dtype))
        assert beyond.isinf() and before.isfinite()
assert table["sigmoid", 1][1] == 16.75 and table["sigmoid", -1][1] < -80

# --8<-- [start:saturated]
x = torch.tensor([-18.0, 18.0])
for name in "sigmoid", "expm1":
    print(f"{name:8}", gradients(name, x))
# --8<-- [end:saturated]
assert gradients("sigmoid", x)[1] == 0
assert gradients("expm1", x)[0] == 0

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in ("exp(", "expm1(", "sinh(", "sigmoid(", "sigmoid_backward("):
    lines = text[text.index(f"- name: {name}") :].splitlines()
    print(lines[0][8:], lines[1], sep="\n")
# --8<-- [end:source]
