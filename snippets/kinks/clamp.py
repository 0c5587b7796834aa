# --8<-- [start:outside]
import torch

x = torch.tensor([1.0, 2, 3, 4, 5, 6, 7], requires_grad=True)
y = torch.clamp(x, 1.5, 5.5)
y.sum().backward()
print(y.detach())
print(x.grad)
# --8<-- [end:outside]
assert x.grad.tolist() == [0, 1, 1, 1, 1, 0, 0]

# --8<-- [start:trap]
x = torch.tensor(1.2, requires_grad=True)
for step in range(100):
    loss = (torch.clamp(x, 0.0, 1.0) - 0.25) ** 2
    (g,) = torch.autograd.grad(loss, x)
    x = (x - 0.25 * g).detach().requires_grad_()
print(x.item(), loss.item())
# --8<-- [end:trap]
assert g == 0 and abs(x.item() - 1.2) < 1e-6


# --8<-- [start:fix]
class Clip(torch.autograd.Function):
    """Clip in the forward pass, the identity in the backward pass."""

    @staticmethod
    def forward(ctx, x, low, high):
        return x.clamp(low, high)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output, None, None


x = torch.tensor(1.2, requires_grad=True)
for step in range(100):
    loss = (Clip.apply(x, 0.0, 1.0) - 0.25) ** 2
    (g,) = torch.autograd.grad(loss, x)
    x = (x - 0.25 * g).detach().requires_grad_()
print(x.item(), loss.item())
# --8<-- [end:fix]
torch.testing.assert_close(x.detach(), torch.tensor(0.25))

# --8<-- [start:at-bound]
from torch.nn.functional import hardtanh, relu6

release = ".".join(torch.__version__.split(".")[:2])
x = torch.tensor([1.5, 5.5], requires_grad=True)

(at_bound,) = torch.autograd.grad(torch.clamp(x, 1.5, 5.5).sum(), x)
print("PyTorch", release, "clamp   ", at_bound)

(relative,) = torch.autograd.grad(hardtanh(x, 1.5, 5.5).sum(), x)
print("PyTorch", release, "hardtanh", relative)

x = torch.tensor([0.0, 6.0], requires_grad=True)
(relative,) = torch.autograd.grad(relu6(x).sum(), x)
print("PyTorch", release, "relu6   ", relative)
# --8<-- [end:at-bound]
old = release == "2.13"
assert at_bound.tolist() == ([1, 1] if old else [0, 0])
assert relative.tolist() == [0, 0]

# Figure: Left: clamp rises with slope 1 between the bounds 1.5 and 5.5 and is
# flat outside. Right: its gradient is 1 between the bounds and 0 outside; open
# dots where the pieces end, filled dots where PyTorch puts the value at the
# bounds.
# --8<-- [start:picture]
import matplotlib.pyplot as plt

bound = torch.tensor([1.5, 5.5])
inside = torch.tensor([1.0, 1.0])
outside = torch.tensor([0.0, 0.0])
steps = ([0, 1.5], [0, 0]), ([1.5, 5.5], [1, 1]), ([5.5, 7], [0, 0])

fig, (left, right) = plt.subplots(1, 2)
grid = torch.linspace(0, 7, 141)
left.plot(grid, grid.clamp(1.5, 5.5))
left.set_title("clamp(x, 1.5, 5.5)")
for xs, ys in steps:
    right.plot(xs, ys, color="C0")
for ends in (inside, outside):
    right.plot(bound, ends, "o", color="C0", mfc="white")
right.plot(bound, at_bound, "o", color="C1")
right.set_title("its gradient")
plt.show()
# --8<-- [end:picture]

# --8<-- [start:tensor-bounds]
x = torch.tensor([0.0, 2.0, 4.0, 6.0, 9.0], requires_grad=True)
low = torch.full((5,), 2.0, requires_grad=True)
high = torch.full((5,), 6.0, requires_grad=True)
y = torch.clamp(x, low, high)
dx, dlow, dhigh = torch.autograd.grad(y.sum(), (x, low, high))
print("x   ", dx)
print("low ", dlow)
print("high", dhigh)
# --8<-- [end:tensor-bounds]
share = 1 if old else 0.5
assert dx.tolist() == [0, share, 1, share, 0]
assert dlow.tolist() == [1, 1 - share, 0, 0, 0]
assert (dx + dlow + dhigh).tolist() == [1, 1, 1, 1, 1]

# --8<-- [start:equal-bounds]
x = torch.tensor([0.0, 4.0, 9.0], requires_grad=True)
low = torch.full((3,), 4.0, requires_grad=True)
high = torch.full((3,), 4.0, requires_grad=True)
y = torch.clamp(x, low, high)
dx, dlow, dhigh = torch.autograd.grad(y.sum(), (x, low, high))
print("PyTorch", release)
print("x   ", dx)
print("low ", dlow)
print("high", dhigh)
# --8<-- [end:equal-bounds]
assert dx.tolist() == [0, 1, 0]
assert (dx + dlow + dhigh).tolist() == ([0, 1, 1] if old else [1, 1, 1])

# --8<-- [start:one-sided]
from torch.nn.functional import relu

x = torch.tensor(0.0, requires_grad=True)
zero = torch.tensor(0.0, requires_grad=True)

(g,) = torch.autograd.grad(relu(x), x)
print("relu(x)           ", g.item())

(g,) = torch.autograd.grad(torch.clamp_min(x, 0.0), x)
print("clamp_min(x, 0.0) ", g.item())

g = torch.autograd.grad(torch.clamp_min(x, zero), (x, zero))
print("clamp_min(x, zero)", [share.item() for share in g])

g = torch.autograd.grad(torch.maximum(x, zero), (x, zero))
print("maximum(x, zero)  ", [share.item() for share in g])
# --8<-- [end:one-sided]
assert [share.item() for share in g] == [0.5, 0.5]
g = torch.autograd.grad(torch.clamp_min(x, zero), (x, zero))
assert [share.item() for share in g] == ([1, 0] if old else [0.5, 0.5])

# --8<-- [start:crossed]
x = torch.tensor([2.0, 4.0, 6.0], requires_grad=True)
y = torch.clamp(x, min=5.0, max=3.0)
y.sum().backward()
print(y.detach(), x.grad)
try:
    hardtanh(x, 5.0, 3.0)
except ValueError as error:
    print(error)
    message = str(error)
# --8<-- [end:crossed]
assert y.tolist() == [3, 3, 3] and x.grad.tolist() == [0, 0, 0]
assert "min_val cannot be greater than max_val" in message

# --8<-- [start:nan]
nan = float("nan")
x = torch.tensor([nan, 0.5], requires_grad=True)
y = torch.clamp(x, 0.0, 1.0)
y.sum().backward()
print("input nan:", y.detach(), x.grad)

x = torch.tensor([0.5, 2.0], requires_grad=True)
y = torch.clamp(x, nan, 1.0)
y.sum().backward()
print("bound nan:", y.detach(), x.grad)
# --8<-- [end:nan]
assert y.isnan().all() and x.grad.tolist() == [0, 0]

# --8<-- [start:nan-tensor]
x = torch.tensor([nan, 0.5], requires_grad=True)
low = torch.tensor([0.0, nan], requires_grad=True)
high = torch.tensor([1.0, 1.0])
y = torch.clamp(x, low, high)
dx, dlow = torch.autograd.grad(y.sum(), (x, low))
print("PyTorch", release, "x", dx, "low", dlow)
# --8<-- [end:nan-tensor]
assert dx.tolist() == ([0, 0] if old else [1, 1]) and not dlow.any()

# --8<-- [start:nan-hardtanh]
x = torch.full((1001,), nan, requires_grad=True)
hardtanh(x).sum().backward()
print("hardtanh, 1001 times NaN:", x.grad.unique())

x.grad = None
torch.clamp(x, -1.0, 1.0).sum().backward()
print("clamp,    1001 times NaN:", x.grad.unique())
# --8<-- [end:nan-hardtanh]
assert x.grad.unique().tolist() == [0]

# --8<-- [start:modes]
from torch.func import jvp

x = torch.tensor([1.5, 3.0, 5.5], requires_grad=True)
(reverse,) = torch.autograd.grad(torch.clamp(x, 1.5, 5.5).sum(), x)
_, forward = jvp(lambda x: torch.clamp(x, 1.5, 5.5), (x,), (torch.ones(3),))
print("reverse", reverse)
print("forward", forward.detach())
# --8<-- [end:modes]
torch.testing.assert_close(reverse, forward.detach())

# --8<-- [start:modes-tensor]
x = torch.tensor(2.0, requires_grad=True)
low = torch.tensor(2.0, requires_grad=True)
y = torch.clamp(x, low)
reverse = [g.item() for g in torch.autograd.grad(y, (x, low))]

one, none = torch.tensor(1.0), torch.tensor(0.0)
forward = [
    jvp(torch.clamp, (x, low), tangents)[1].item()
    for tangents in ((one, none), (none, one))
]
print("PyTorch", release, "reverse", reverse, "forward", forward)
# --8<-- [end:modes-tensor]
assert reverse == ([1, 0] if old else [0.5, 0.5])
assert forward == ([0, 1] if old else [0.5, 0.5])
