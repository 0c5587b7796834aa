# --8<-- [start:zero]
import torch

x = torch.tensor([-1.7, -0.2, 0.4, 1.6], requires_grad=True)
for f in (torch.round, torch.floor, torch.ceil, torch.trunc, torch.fix):
    y = f(x)
    (g,) = torch.autograd.grad(y.sum(), x)
    print(f.__name__.ljust(5), y.int().tolist(), g.tolist())
    assert g.tolist() == [0, 0, 0, 0]
# --8<-- [end:zero]
# claim: The gradient of torch.round, floor, ceil, trunc and fix is 0 at every
#   input, at the jumps too.
special = [
    0,
    -0.0,
    0.5,
    -1.5,
    2,
    1e-30,
    1e30,
    torch.inf,
    -torch.inf,
    torch.nan,
]
torch.manual_seed(0)
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for size in (0, 1, 3, 17, 1001):
        v = torch.cat([100 * torch.randn(size), torch.tensor(special)])
        v = v.to(dtype).requires_grad_()
        for f in torch.round, torch.floor, torch.ceil, torch.trunc, torch.fix:
            assert (torch.autograd.grad(f(v).sum(), v)[0] == 0).all()
        g = torch.autograd.grad(torch.round(v, decimals=2).sum(), v)[0]
        assert (g == 0).all()

# --8<-- [start:frac]
x = torch.tensor([-1.75, -0.25, 0.5, 1.5], requires_grad=True)
y = torch.frac(x)
y.sum().backward()
print(y.tolist())
print(x.grad.tolist())
# --8<-- [end:frac]
assert x.grad.tolist() == [1, 1, 1, 1]
# claim: The gradient of torch.frac is 1 at every input.
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for size in (0, 1, 3, 17, 1001):
        v = torch.cat([100 * torch.randn(size), torch.tensor(special)])
        v = v.to(dtype).requires_grad_()
        assert (torch.autograd.grad(v.frac().sum(), v)[0] == 1).all()
assert y.tolist() == (x - torch.trunc(x)).tolist()

# --8<-- [start:trap]
w = torch.tensor(2.6, requires_grad=True)
for step in range(100):
    loss = (torch.round(w) - 1) ** 2
    (g,) = torch.autograd.grad(loss, w)
    w = (w - 0.125 * g).detach().requires_grad_()
print("w", round(w.item(), 2), "loss", loss.item(), "gradient", g.item())
# --8<-- [end:trap]
assert g == 0 and loss == 4
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    leaf = torch.full((17,), 2.5, dtype=dtype, requires_grad=True)
    (torch.round(leaf) - 1).square().sum().backward()
    torch.optim.SGD([leaf], lr=0.1).step()
    assert (leaf == 2.5).all()


# --8<-- [start:straight-through]
def round_st(x):
    """round a finite x in the forward pass, the identity in the backward."""
    return x + (torch.round(x) - x).detach()


w = torch.tensor(2.6, requires_grad=True)
for step in range(100):
    loss = (round_st(w) - 1) ** 2
    (g,) = torch.autograd.grad(loss, w)
    w = (w - 0.125 * g).detach().requires_grad_()
print("round(w)", torch.round(w).item(), "loss", loss.item())
# --8<-- [end:straight-through]
assert torch.round(w) == 1 and loss == 0
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    v = (50 * torch.randn(3, 1001)).to(dtype).requires_grad_()
    assert torch.equal(round_st(v), torch.round(v))
    assert (torch.autograd.grad(round_st(v).sum(), v)[0] == 1).all()

# --8<-- [start:smooth]
from math import pi


def round_soft(x, sharp=0.9):
    """A smooth staircase: a straight line for sharp=0."""
    return x - sharp * torch.sin(2 * pi * x) / (2 * pi)


x = torch.tensor([1.0, 1.25, 1.5], dtype=torch.float64, requires_grad=True)
y = round_soft(x)
(g,) = torch.autograd.grad(y.sum(), x)
print([round(v, 3) for v in y.tolist()])
print([round(v, 3) for v in g.tolist()])
# --8<-- [end:smooth]
torch.testing.assert_close(g, 1 - 0.9 * torch.cos(2 * pi * x.detach()))
assert torch.autograd.gradcheck(round_soft, x)

# --8<-- [start:jump]
x = torch.tensor([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5], requires_grad=True)
y = torch.round(x)
y.sum().backward()
print((y + 0).tolist())  # + 0 turns -0. into 0.
print(x.grad.tolist())
# --8<-- [end:jump]
assert y.tolist() == [-2, -2, 0, 0, 2, 2]
assert x.grad.tolist() == [0, 0, 0, 0, 0, 0]

# --8<-- [start:decimals]
x = torch.tensor([0.12, 0.38], dtype=torch.float64, requires_grad=True)
y = torch.round(x, decimals=1)
(g,) = torch.autograd.grad(y.sum(), x)
print(y.tolist(), g.tolist())

x = torch.tensor([149.0, 151.0], requires_grad=True)
y = torch.round(x, decimals=-2)
(g,) = torch.autograd.grad(y.sum(), x)
print(y.tolist(), g.tolist())
# --8<-- [end:decimals]
assert y.tolist() == [100, 200] and g.tolist() == [0, 0]

# --8<-- [start:nan]
nan, inf = float("nan"), float("inf")
x = torch.tensor([nan, inf, -inf], requires_grad=True)
for f in (torch.round, torch.frac):
    y = f(x)
    (g,) = torch.autograd.grad(y.sum(), x)
    print(f.__name__, y.tolist(), g.tolist())
# --8<-- [end:nan]
assert y.isnan().all() and g.tolist() == [1, 1, 1]

# --8<-- [start:zero-not-none]
w = torch.tensor(2.6, requires_grad=True)
print("before", w.grad)
torch.round(w).backward()
print("after ", w.grad)
torch.optim.SGD([w], lr=0.5, weight_decay=1.0).step()
print("w     ", round(w.item(), 2))
# --8<-- [end:zero-not-none]
assert w.grad == 0 and abs(w.item() - 1.3) < 1e-6
w.grad = None
torch.optim.SGD([w], lr=0.5, weight_decay=1.0).step()
assert abs(w.item() - 1.3) < 1e-6

# --8<-- [start:theorem]
x = torch.linspace(0.25, 3.25, 301, dtype=torch.float64, requires_grad=True)
for f in (torch.floor, torch.frac):
    y = f(x)
    (g,) = torch.autograd.grad(y.sum(), x)
    area = torch.trapezoid(g, x.detach()).item()
    rise = (y[-1] - y[0]).item()
    print(
        f.__name__, "rises by", rise, "its gradient's area is", round(area, 6)
    )
# --8<-- [end:theorem]
assert rise == 0 and abs(area - 3) < 1e-9
