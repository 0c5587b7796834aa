# --8<-- [start:at-zero]
import torch

x = torch.tensor([-2.0, 0.0, 3.0], requires_grad=True)
torch.abs(x).sum().backward()
print(x.grad)
# --8<-- [end:at-zero]
assert x.grad.tolist() == [-1, 0, 1]


# --8<-- [start:seven]
def slope(f, at):
    x = torch.tensor(at, requires_grad=True)
    (g,) = torch.autograd.grad(f(x), x)
    return g.item()


ways = {
    "abs(x)              ": torch.abs,
    "maximum(x, -x)      ": lambda x: torch.maximum(x, -x),
    "relu(x) + relu(-x)  ": lambda x: torch.relu(x) + torch.relu(-x),
    "x * sign(x)         ": lambda x: x * torch.sign(x),
    "where(x >= 0, x, -x)": lambda x: torch.where(x >= 0, x, -x),
    "where(x > 0, x, -x) ": lambda x: torch.where(x > 0, x, -x),
    "sqrt(x * x)         ": lambda x: torch.sqrt(x * x),
}
for name, f in ways.items():
    print(name, slope(f, 0.0))
# --8<-- [end:seven]
found = [slope(f, 0.0) for f in ways.values()]
assert found[:6] == [0, 0, 0, 0, 1, -1] and found[6] != found[6]
for f in ways.values():
    assert [slope(f, at) for at in (-2.0, 3.0)] == [-1, 1]


# --8<-- [start:trap-where]
def descend(f, start, steps=6):
    w = torch.tensor(start, requires_grad=True)
    path = [w.item()]
    for step in range(steps):
        (g,) = torch.autograd.grad(f(w), w)
        w = (w - 0.25 * g).detach().requires_grad_()
        path.append(w.item())
    return path


print(descend(lambda w: torch.where(w >= 0, w, -w), 0.0))
# --8<-- [end:trap-where]
assert descend(ways["where(x >= 0, x, -x)"], 0.0) == [0, -0.25] * 3 + [0]

# --8<-- [start:fix-where]
print(descend(torch.abs, 0.0))
# --8<-- [end:fix-where]
assert descend(torch.abs, 0.0) == [0] * 7

# --8<-- [start:trap-step]
print(descend(torch.abs, 0.625))
# --8<-- [end:trap-step]
assert descend(torch.abs, 0.625)[-2:] == [-0.125, 0.125]

# --8<-- [start:fix-step]
from torch.nn.functional import softshrink

w = torch.tensor(0.625)
path = [w.item()]
for step in range(6):
    w = softshrink(w, 0.25)  # the step of size 0.25 on |w|, done exactly
    path.append(w.item())
print(path)
# --8<-- [end:fix-step]
assert path[3:] == [0, 0, 0, 0]

# --8<-- [start:trap-sqrt]
x = torch.tensor([-2.0, 0.0, 3.0], requires_grad=True)
torch.sqrt(x * x).sum().backward()
print(x.grad)
# --8<-- [end:trap-sqrt]
assert x.grad[1].isnan()

# --8<-- [start:fix-sqrt]
x.grad = None
torch.abs(x).sum().backward()
print("abs      ", x.grad)

x.grad = None
torch.sqrt(x * x + 1e-6).sum().backward()
print("smoothed ", x.grad)
# --8<-- [end:fix-sqrt]
torch.testing.assert_close(x.grad, torch.tensor([-1.0, 0, 1]))

# --8<-- [start:special]
nan, inf = float("nan"), float("inf")
x = torch.tensor([-0.0, nan, inf, -inf], requires_grad=True)
y = torch.abs(x)
y.sum().backward()
print(y.detach())
print(x.grad)
# --8<-- [end:special]
assert x.grad.tolist() == [0, 0, 1, -1]

# --8<-- [start:l1]
from torch.nn.functional import l1_loss

x = torch.tensor([1.0, 2.0, 5.0], requires_grad=True)
target = torch.tensor([1.0, 4.0, 3.0])
l1_loss(x, target, reduction="sum").backward()
print(x.grad)
# --8<-- [end:l1]
assert x.grad.tolist() == [0, -1, 1]

# --8<-- [start:l1-nan]
x = torch.tensor([nan, 2.0], requires_grad=True)
loss = l1_loss(x, torch.tensor([1.0, 0.0]))
loss.backward()
print(loss.item(), x.grad)
# --8<-- [end:l1-nan]
assert loss.isnan() and x.grad.tolist() == [0, 0.5]

# --8<-- [start:sgn]
x = torch.tensor([-2.0, 0.0, 3.0, nan], requires_grad=True)
(g,) = torch.autograd.grad(torch.abs(x).sum(), x, create_graph=True)
print("sgn     ", torch.sgn(x).detach())
print("gradient", g.detach())

(second,) = torch.autograd.grad(g.sum(), x)
print("second  ", second)
# --8<-- [end:sgn]
assert torch.equal(torch.sgn(x), g) and not second.any()

# --8<-- [start:complex]
z = torch.tensor([0j, 3 + 4j], requires_grad=True)
torch.abs(z).sum().backward()
print(z.grad)
# --8<-- [end:complex]
torch.testing.assert_close(z.grad, torch.tensor([0j, 0.6 + 0.8j]))

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
print(*text[text.index("- name: abs(") :].splitlines()[:2], sep="\n")
# --8<-- [end:source]
