# --8<-- [start:at-zero]
import torch
from torch.nn.functional import (
    leaky_relu,
    prelu,
    relu,
    relu6,
    rrelu,
    threshold,
)

x = torch.tensor([-2.0, 0.0, 3.0], requires_grad=True)
y = relu(x)
y.sum().backward()
print(y.detach())
print(x.grad)
# --8<-- [end:at-zero]
assert x.grad.tolist() == [0, 0, 1]


# --8<-- [start:family]
def slope(f, at, *rest):
    """The gradient of f(x, *rest) at a number, in float64, rounded."""
    x = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    (g,) = torch.autograd.grad(f(x, *rest), x)
    return round(g.item(), 4)


w = torch.tensor([0.25], dtype=torch.float64)
print("relu      ", slope(relu, 0.0))
print("relu6     ", slope(relu6, 0.0))
print("leaky_relu", slope(leaky_relu, 0.0, 0.1))
print("prelu     ", slope(prelu, 0.0, w))
print("rrelu     ", slope(rrelu, 0.0))
print("threshold ", slope(threshold, 0.0, 0.0, 0.0))
# --8<-- [end:family]
assert slope(relu, 0.0) == slope(relu6, 0.0) == 0
assert slope(leaky_relu, 0.0, 0.1) == 0.1
assert slope(prelu, 0.0, w) == 0.25
assert slope(rrelu, 0.0) == round(11 / 48, 4)


# --8<-- [start:trap]
def train(activation, start):
    """Fit activation(w) to the target 1, in 100 steps."""
    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    for step in range(100):
        loss = (activation(w) - 1) ** 2
        (g,) = torch.autograd.grad(loss, w)
        w = (w - 0.25 * g).detach().requires_grad_()
    return round(w.item(), 4)


print("from  0  ", train(relu, 0.0))
print("from -0.5", train(relu, -0.5))
# --8<-- [end:trap]
assert train(relu, 0.0) == 0 and train(relu, -0.5) == -0.5

# --8<-- [start:fix]
print("a small start     ", train(relu, 0.01))
print("leaky_relu, from 0", train(lambda w: leaky_relu(w, 0.1), 0.0))
print("and from -0.5     ", train(lambda w: leaky_relu(w, 0.1), -0.5))
# --8<-- [end:fix]
assert train(relu, 0.01) == train(lambda w: leaky_relu(w, 0.1), 0.0) == 1
assert train(lambda w: leaky_relu(w, 0.1), -0.5) == 1

# --8<-- [start:fix-modes]
from torch.func import jvp


def prelu_both(x, w):
    """prelu whose two modes agree at 0."""
    return torch.where(x > 0, x, w * x)


x = torch.tensor(0.0, dtype=torch.float64)
_, forward = jvp(lambda x: prelu_both(x, w), (x,), (torch.ones_like(x),))
print("reverse", slope(prelu_both, 0.0, w.squeeze()))
print("forward", forward.item())
# --8<-- [end:fix-modes]
assert forward == 0.25 == slope(prelu_both, 0.0, w.squeeze())

# --8<-- [start:special]
nan, inf = float("nan"), float("inf")
for at in (-0.0, nan, inf, -inf):
    print(at, "relu", slope(relu, at), "leaky", slope(leaky_relu, at))
# --8<-- [end:special]
assert slope(relu, -0.0) == 0 and slope(relu, nan) == slope(relu, inf) == 1
assert slope(leaky_relu, nan) == 0.01

# --8<-- [start:six]
print("relu6 at 0, 3, 6:", [slope(relu6, at) for at in (0.0, 3.0, 6.0)])
# --8<-- [end:six]
assert [slope(relu6, at) for at in (0.0, 3.0, 6.0)] == [0, 1, 0]

# --8<-- [start:slopes]
for s in (0.1, -0.5, 2.0):
    print("negative_slope", s, "gives", slope(leaky_relu, 0.0, s))
# --8<-- [end:slopes]
for s in (0.1, -0.5, 2.0):
    assert slope(leaky_relu, 0.0, s) == s

# --8<-- [start:prelu]
x = torch.tensor(0.0, dtype=torch.float64)
_, forward = jvp(lambda x: prelu(x, w), (x,), (torch.ones_like(x),))
print("reverse", slope(prelu, 0.0, w))
print("forward", forward.item())
# --8<-- [end:prelu]
assert forward == 1

# --8<-- [start:prelu-weight]
x = torch.tensor([-2.0, -1.0, 0.0, 3.0], requires_grad=True)
weight = torch.tensor([0.25], requires_grad=True)
prelu(x, weight).sum().backward()
print("x     ", x.grad)
print("weight", weight.grad)
# --8<-- [end:prelu-weight]
assert x.grad.tolist() == [0.25, 0.25, 0.25, 1] and weight.grad.tolist() == [
    -3
]

# --8<-- [start:rrelu]
torch.manual_seed(0)
x = torch.tensor([-1.0, -1.0, 0.0, 2.0], requires_grad=True)

y = rrelu(x)
(g,) = torch.autograd.grad(y.sum(), x)
print("evaluation", g)

y = rrelu(x, training=True)
(g,) = torch.autograd.grad(y.sum(), x)
print(
    "training: between 1/8 and 1/3",
    ((g[:3] > 1 / 8) & (g[:3] < 1 / 3)).tolist(),
)
print("training: the drawn slope", torch.equal(g[:2], -y[:2]))
# --8<-- [end:rrelu]
assert torch.equal(g[:2], -y[:2]) and g[0] != g[1] and g[3] == 1

# --8<-- [start:threshold]
x = torch.tensor([0.5, 1.0, 1.5], requires_grad=True)
y = threshold(x, 1.0, 3.0)
y.sum().backward()
print(y.detach())
print(x.grad)
# --8<-- [end:threshold]
assert y.tolist() == [3, 3, 1.5] and x.grad.tolist() == [0, 0, 1]

# --8<-- [start:in-place]
x = torch.tensor([-1.0, 2.0], requires_grad=True)
y = leaky_relu(x.clone(), -0.5, inplace=True)
try:
    y.sum().backward()
except RuntimeError as error:
    print(error)
    message = str(error)
# --8<-- [end:in-place]
assert "call out-of-place version" in message


# --8<-- [start:chain]
def line(x):
    """x, written as a difference."""
    return relu(x) - relu(-x)


def leaky_line(x):
    """1.01 x, written as a difference."""
    return leaky_relu(x) - leaky_relu(-x)


for at in (-0.5, 0.0, 0.5):
    print(at, "gives", slope(line, at), "and", slope(leaky_line, at))
# --8<-- [end:chain]
assert [slope(line, at) for at in (-0.5, 0.0, 0.5)] == [1, 0, 1]
assert [slope(leaky_line, at) for at in (-0.5, 0.0, 0.5)] == [1.01, 0.02, 1.01]

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in ("relu(", "leaky_relu(", "_prelu_kernel("):
    print(*text[text.index(f"- name: {name}") :].splitlines()[:3], sep="\n")
# --8<-- [end:source]
