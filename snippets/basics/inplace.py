# --8<-- [start:run]
import textwrap

import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
y = x.exp()
y += 1  # in place
try:
    y.sum().backward()
except RuntimeError as error:
    text = str(error)
print(textwrap.fill(text, 72, break_on_hyphens=False))
# --8<-- [end:run]
assert (
    "modified by an inplace operation" in text
    and "version 1; expected version 0" in text
)

# --8<-- [start:trap]
from torch import nn


def attempt(loss_of):
    """The error of the backward pass, or "no error"."""
    try:
        loss_of().backward()
        return "no error"
    except RuntimeError as error:
        return str(error)


for first in (nn.Sigmoid(), nn.Softmax(0), nn.Tanh(), nn.Linear(2, 2)):
    net = nn.Sequential(first, nn.ReLU(inplace=True))
    text = attempt(lambda net=net: net(x).sum())
    print(f"{type(first).__name__:8} then ReLU(inplace=True):", text[:19])
# --8<-- [end:trap]

# --8<-- [start:fix]
net = nn.Sequential(nn.Sigmoid(), nn.ReLU())
print(attempt(lambda: net(x).sum()))
# --8<-- [end:fix]
assert attempt(lambda: net(x).sum()) == "no error"

# --8<-- [start:gan]
torch.manual_seed(0)
G, D = nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
step_g = torch.optim.SGD(G.parameters(), lr=0.1)
step_d = torch.optim.SGD(D.parameters(), lr=0.1)
noise, real = torch.randn(4, 2), torch.ones(4, 2)

fake = G(noise)
score = D(fake)  # one call of D for both losses
(score.mean() - D(real).mean()).backward(retain_graph=True)
step_d.step()  # changes the weights that D's graph has saved
text = attempt(lambda: -score.mean())
print(textwrap.fill(text, 72, break_on_hyphens=False))
# --8<-- [end:gan]
assert "modified by an inplace operation" in text

# --8<-- [start:gan-fix]
fake = G(noise)
step_d.zero_grad()
(D(fake.detach()).mean() - D(real).mean()).backward()  # for D: fake is data
step_d.step()
step_g.zero_grad()
(-D(fake).mean()).backward()  # for G: a second call, with the new weights
step_g.step()
print("steps done, gradient of G:", G.weight.grad.abs().sum().item() > 0)
# --8<-- [end:gan-fix]

# --8<-- [start:version]
y = x.exp()
print(y._version, y.grad_fn._saved_result._version)
y += 1
print(y._version)
# --8<-- [end:version]


# --8<-- [start:table]
def changed(function):
    y = function(x)
    y += 1  # in place
    return y.sum()


functions = {
    "exp": torch.exp,
    "sigmoid": torch.sigmoid,
    "sqrt": torch.sqrt,
    "x / 2": lambda x: x / 2,
    "x * x": lambda x: x * x,
    "sin": torch.sin,
    "relu": torch.relu,
    "log": torch.log,
}


def named(text):
    """The operation in the text of the error."""
    _, found, rest = text.partition("output 0 of ")
    return f"error: output 0 of {rest.partition(',')[0]}" if found else text


for name, function in functions.items():
    text = attempt(lambda function=function: changed(function))
    print(f"{name:8}", named(text))
# --8<-- [end:table]
of_result = torch.exp, torch.tanh, torch.sqrt, torch.rsqrt, torch.reciprocal
# Where the formula uses it, the text names the operation that saved it
for function in (*of_result, torch.expm1, torch.relu, torch.cumprod):
    arguments = [0] if function is torch.cumprod else []
    text = attempt(lambda f=function, a=arguments: changed(lambda x: f(x, *a)))
    assert named(text) == f"error: output 0 of {function.__name__.title()}"


# --8<-- [start:input]
def late(function):
    h = 2 * x
    y = function(h)
    h.zero_()  # after function has saved it
    return y.sum()


for name, function in functions.items():
    text = attempt(lambda function=function: late(function))
    print(f"{name:8}", named(text))
# --8<-- [end:input]


def written(function, write):
    h = 2 * x
    y = function(h)
    write(h)
    return y.sum()


# The text names the last recorded operation that wrote into it
for function in (torch.sin, torch.log, lambda h: h * h, lambda h: h**2):
    for write, operation in (
        (torch.Tensor.zero_, "Zero"),
        (lambda h: h.add_(1), "Add"),
        (lambda h: h.mul_(3), "Mul"),
        (torch.relu_, "Relu"),
        (lambda h: h.mul_(3).add_(1), "Add"),
    ):
        text = attempt(lambda f=function, w=write: written(f, w))
        assert named(text) == f"error: output 0 of {operation}"
    for write in (
        lambda h: h.__setitem__(0, 5),
        lambda h: h[:1].mul_(3),
        lambda h: h.view(2).zero_(),
    ):
        text = attempt(lambda f=function, w=write: written(f, w))
        assert named(text).endswith("CopySlices")

    def quietly(h):
        with torch.no_grad():
            h.zero_()

    for write in (
        quietly,
        lambda h: h.detach().zero_(),
        lambda h: h.view(torch.int32).zero_(),  # not recorded either
    ):
        text = attempt(lambda f=function, w=write: written(f, w))
        assert named(text) == "error: output 0 of Mul"
    text = attempt(lambda f=function: written(f, lambda h: quietly(h.add_(1))))
    assert named(text) == "error: output 0 of Add"  # zeroed last, unrecorded
    # A saved view is named AsStrided, where no complex numbers take part
    for of_view in (lambda h, f=function: f(h[:1]), lambda h: h.t().sin()):
        text = attempt(lambda f=of_view: written(f, torch.Tensor.zero_))
        assert named(text) == "error: output 0 of AsStrided"
# a linear layer whose weight is trained
layer = nn.Linear(2, 3)
assert "modified" in attempt(lambda: written(layer, torch.Tensor.zero_))
layer.requires_grad_(False)
assert attempt(lambda: written(layer, torch.Tensor.zero_)) == "no error"


def stepped(data):
    layer = nn.Linear(2, 3)
    y = layer(data)
    with torch.no_grad():
        layer.weight.zero_()
    return y.sum()


assert "modified" in attempt(lambda: stepped(2 * x))
assert attempt(lambda: stepped(torch.ones(4, 2))) == "no error"


def by_numpy():
    y = x.exp()
    y.detach().numpy()[:] = 0
    return y.sum()


assert attempt(by_numpy) == "no error"


def by_apply():
    y = x.exp()
    y.detach().apply_(lambda number: 0.0)  # in place, and not counted
    return y.sum()


assert attempt(by_apply) == "no error"

# --8<-- [start:view]
h = x * 1
y = h.exp()
view = y[:1]
view.zero_()  # the view shares its memory, and its version, with y
print(y._version, attempt(lambda: y.sum())[:29])
for part in (h.unbind()[0], x[:1]):
    try:
        part += 1
    except RuntimeError as error:
        print(textwrap.fill(str(error), 72, break_on_hyphens=False))
# --8<-- [end:view]
for part in (h.split(1)[0], h.chunk(2)[0]):
    try:
        part.add_(1)
    except RuntimeError as error:
        assert "function that returns multiple views" in str(error)
    else:
        raise AssertionError("not refused")
for part in (h.unbind()[0], h.split(1)[0], h.chunk(2)[0]):
    part.clone().add_(1)
with torch.no_grad():  # not recorded: it may
    for part in (h.unbind()[0], h.split(1)[0], h.chunk(2)[0], x.detach()[:1]):
        part.add_(0)
constant = torch.ones(4)  # requires no gradient
for part in (constant.split(2)[0], constant.chunk(2)[0], constant.unbind()[0]):
    part.add_(1)
constant[:1].add_(1)
assert constant.tolist() == [5, 3, 1, 1]


# --8<-- [start:index]
def recurrent(read):
    h = torch.ones(3, 2)
    for t in range(1, 3):
        h[t] = read(h[t - 1]) * x  # saves what was read, then writes into h
    return h.sum()


print("a view of h is saved:", attempt(lambda: recurrent(lambda v: v))[:19])
print("a clone is saved:    ", attempt(lambda: recurrent(torch.clone)))


def stacked():
    h = [torch.ones(2)]
    for _ in range(2):
        h.append(h[-1] * x)
    return torch.stack(h).sum()


print("a list, then stack:  ", attempt(stacked))
# --8<-- [end:index]
a, b = (
    torch.autograd.grad(f(), x)[0]
    for f in (lambda: recurrent(torch.clone), stacked)
)
torch.testing.assert_close(a, b)

# --8<-- [start:step]
w = nn.Parameter(torch.tensor([1.0, 2.0]))
optimizer = torch.optim.SGD([w], lr=0.1)
loss = (w * w).sum()
loss.backward(retain_graph=True)
optimizer.step()
print(attempt(lambda: loss)[:30])
print(attempt(lambda: (w * w).sum()))  # the loss, computed again
# --8<-- [end:step]
# With fused=True the step is not counted, and the pass is wrong
for kind in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW):
    fused = nn.Parameter(torch.tensor([1.0, 2.0]))
    optimizer = kind([fused], lr=0.1, fused=True)
    loss = (fused * fused).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    optimizer.zero_grad()
    assert (
        fused._version == 0 and attempt(lambda kept=loss: kept) == "no error"
    )
    assert torch.equal(fused.grad, 2 * fused) and fused.grad[0] < 2

# claim: does not compare: no error comes, and the gradient can be wrong.
from torch.autograd.graph import save_on_cpu, saved_tensors_hooks
from torch.utils.checkpoint import checkpoint


def exp_changed(x):
    y = x.exp()
    y += 1  # in place
    return y.sin()


right = (x.exp() * torch.cos(x.exp() + 1)).detach()
wrong = ((x.exp() + 1) * torch.cos(x.exp() + 1)).detach()
(g,) = torch.autograd.grad(
    checkpoint(exp_changed, x, use_reentrant=False).sum(), x
)
torch.testing.assert_close(g, wrong)
for hooks in (saved_tensors_hooks(lambda t: t, lambda t: t), save_on_cpu()):
    with hooks:
        (g,) = torch.autograd.grad(exp_changed(x).sum(), x)
    torch.testing.assert_close(g, wrong)
# Positional inputs of checkpoint are compared: a block that begins in place
for block in (lambda h: h.add_(1).sin(), nn.ReLU(inplace=True)):
    text = attempt(
        lambda block=block: checkpoint(block, 2 * x, use_reentrant=False).sum()
    )
    assert "modified by an inplace operation" in text
kept = checkpoint(lambda h: h.add_(1).sin(), h=2 * x, use_reentrant=False)
(g,) = torch.autograd.grad(kept.sum(), x)  # a keyword: not compared, wrong
assert not torch.allclose(g, (2 * torch.cos(2 * x + 1)).detach())
with saved_tensors_hooks(torch.clone, lambda t: t):
    (g,) = torch.autograd.grad(exp_changed(x).sum(), x)
torch.testing.assert_close(g, right)


# a leaf is not the output of an operation, and the text names none
def written_leaf(leaf):
    y = x * leaf
    with torch.no_grad():
        leaf.zero_()
    return y.sum()


for leaf in (torch.ones(2), torch.ones(2, requires_grad=True)):
    text = attempt(lambda leaf=leaf: written_leaf(leaf))
    assert "[torch.FloatTensor [2]] is at version 1" in text
    assert "output" not in text
with torch.inference_mode():
    uncounted = torch.ones(2)
try:
    count = uncounted._version
    raise AssertionError(count)
except RuntimeError as error:
    assert "do not track version counter" in str(error)
h = torch.ones(2, requires_grad=True) * 1
assert "output 0 of Mul" in attempt(lambda: written_leaf(h))

# --8<-- [start:anomaly]
import warnings


def spoiled():
    y = torch.exp(x)
    y += 1  # in place
    return y.sum()


with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    with torch.autograd.detect_anomaly():
        attempt(spoiled)
lines = str(caught[-1].message).splitlines()
print(lines[0])
frame = next(line for line in reversed(lines) if "in spoiled" in line)
print(frame.rpartition(", ")[2])
# --8<-- [end:anomaly]
