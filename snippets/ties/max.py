# --8<-- [start:even-split]
import torch

x = torch.tensor([1.0, 2, 3, 4, 4, 0], requires_grad=True)
torch.max(x).backward()
print(x.grad)
# --8<-- [end:even-split]
assert x.grad.tolist() == [0, 0, 0, 0.5, 0.5, 0]

# --8<-- [start:one-index]
x.grad = None
value, index = torch.max(x, dim=0)
value.backward()
print("index", index.item())
print(x.grad)
# --8<-- [end:one-index]
assert index == 3 and x.grad.tolist() == [0, 0, 0, 1, 0, 0]

# --8<-- [start:relatives]
from torch.nn.functional import max_pool1d


def gradient(f, x):
    x = torch.tensor(x, requires_grad=True)
    f(x).sum().backward()
    return x.grad.tolist()


x = [1.0, 2, 3, 4, 4, 0]
print("max()     ", gradient(lambda x: x.max(), x))
print("amax(0)   ", gradient(lambda x: x.amax(0), x))
print("max(0)    ", gradient(lambda x: x.max(0).values, x))
print("max_pool1d", gradient(lambda x: max_pool1d(x[None], 6), x))
# --8<-- [end:relatives]
assert gradient(lambda x: x.amax(0), x) == [0, 0, 0, 0.5, 0.5, 0]
assert gradient(lambda x: max_pool1d(x[None], 6), x) == [0, 0, 0, 1, 0, 0]

# --8<-- [start:trap]
w = torch.tensor([0.0, 0.0], requires_grad=True)
for step in range(100):
    loss = -torch.max(w)  # pull the larger one up
    (g,) = torch.autograd.grad(loss, w)
    w = (w - 0.125 * g).detach().requires_grad_()
print(w.detach())
# --8<-- [end:trap]
assert w[0] == w[1]

# --8<-- [start:fix]
w = torch.tensor([0.0, 0.0], requires_grad=True)
for step in range(100):
    loss = -torch.max(w, dim=0).values  # one of them, always
    (g,) = torch.autograd.grad(loss, w)
    w = (w - 0.125 * g).detach().requires_grad_()
print(w.detach())
# --8<-- [end:fix]
assert w[0] > 12 and w[1] == 0

# --8<-- [start:every-maximum]
x = torch.tensor([1.0, 2, 3, 4, 4, 0], requires_grad=True)
is_max = x.detach() == x.detach().max()
x[is_max].sum().backward()
print(x.grad)
# --8<-- [end:every-maximum]
assert x.grad.tolist() == [0, 0, 0, 1, 1, 0]

# --8<-- [start:smooth]
x = torch.tensor([1.0, 2, 3, 4, 4, 0], requires_grad=True)
torch.logsumexp(10 * x, dim=0).div(10).backward()
print(x.grad.round(decimals=3) + 0)
# --8<-- [end:smooth]
torch.testing.assert_close(x.grad, torch.softmax(10 * x.detach(), 0))

# --8<-- [start:three]
x = [2.0, 2, 2]
print("max() ", gradient(lambda x: x.max(), x))
print("amax()", gradient(lambda x: x.amax(), x))
print("max(0)", gradient(lambda x: x.max(0).values, x))
# --8<-- [end:three]
torch.testing.assert_close(
    torch.tensor(gradient(torch.max, x)), torch.ones(3) / 3
)
assert gradient(lambda x: x.max(0).values, x) == [1, 0, 0]

# --8<-- [start:maximum]
a = torch.tensor([1.0, 4.0, 2.0], requires_grad=True)
b = torch.tensor([3.0, 4.0, 0.0], requires_grad=True)
torch.maximum(a, b).sum().backward()
print(a.grad)
print(b.grad)
# --8<-- [end:maximum]
assert a.grad.tolist() == [0, 0.5, 1] and b.grad.tolist() == [1, 0.5, 0]

# --8<-- [start:windows]
x = [1.0, 2, 3, 4, 4, 0]
print(gradient(lambda x: max_pool1d(x[None], 2), x))
print(gradient(lambda x: max_pool1d(x[None], 2, stride=1), x))
# --8<-- [end:windows]
assert gradient(lambda x: max_pool1d(x[None], 2), x) == [0, 1, 0, 1, 1, 0]
assert gradient(lambda x: max_pool1d(x[None], 2, stride=1), x) == [
    0,
    1,
    1,
    2,
    1,
    0,
]

# --8<-- [start:nan]
x = [1.0, float("nan"), float("nan")]
print("max() ", gradient(lambda x: x.max(), x))
print("amax()", gradient(lambda x: x.amax(), x))
print("max(0)", gradient(lambda x: x.max(0).values, x))
# --8<-- [end:nan]

# --8<-- [start:pieces]
x = torch.tensor([1.0, 2, 3, 4, 4, 0], requires_grad=True)
a = x.max().item()  # a number: nothing flows through it
torch.where(x < a, a, x).sum().backward()
print(x.grad)
# --8<-- [end:pieces]
assert x.grad.tolist() == [0, 0, 0, 1, 1, 0]

# --8<-- [start:one-and-one]
x = torch.tensor([4.0, 4.0])
y = torch.tensor([5.0, 5.0])
for g in ([1.0, 1.0], [1.0, 0.0], [0.5, 0.5]):
    plane = x.max() + torch.tensor(g) @ (y - x)
    print(g, "promises", plane.item(), "and max(y) is", y.max().item())
# --8<-- [end:one-and-one]
assert x.max() + torch.ones(2) @ (y - x) > y.max()

# Figure: The length of (t, 1 - t) for t from 0 to 1. It is 1 at both ends and
# smallest, 0.71, in the middle, at t = 0.5, the value torch.max gives.
# --8<-- [start:minimum-norm]
import matplotlib.pyplot as plt

t = torch.linspace(0, 1, 101)  # the gradient (t, 1 - t)
norm = torch.stack([t, 1 - t]).norm(dim=0)
best = t[norm.argmin()].item()

fig, ax = plt.subplots()
ax.plot(t, norm)
ax.plot(best, norm.min(), "o", color="C1", label="torch.max(x)")
ax.plot([0, 1], [1, 1], "o", color="C2", label="torch.max(x, dim=0)")
ax.set_xlabel("share t of the first maximum")
ax.set_ylabel("length of the gradient")
ax.legend()
plt.show()
print(best)
# --8<-- [end:minimum-norm]
assert best == 0.5

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in ("max(Tensor self)", "max.dim(", "amax("):
    lines = text[text.index(f"- name: {name}") :].splitlines()
    print(lines[0][8:], *lines[1:2], sep="\n")
# --8<-- [end:source]
