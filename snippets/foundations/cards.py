# --8<-- [start:row]
import torch


def f(x):
    return torch.relu(x)


x = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
value = f(x)
(gradient,) = torch.autograd.grad(value, x, create_graph=True)
if gradient.requires_grad:
    (second,) = torch.autograd.grad(gradient, x)
else:
    second = torch.zeros_like(x)  # no graph: a constant
point = x.detach()
_, forward = torch.func.jvp(f, (point,), (torch.ones_like(point),))
step = 2.0**-20
left = (f(point - step) - f(point - 2 * step)) / step
right = (f(point + 2 * step) - f(point + step)) / step
print("value", value.item(), "gradient", gradient.item())
print("left", left.item(), "right", right.item())
print("forward", forward.item(), "second", second.item())
# --8<-- [end:row]
assert (gradient, left, right, forward, second) == (0, 0, 1, 0, 0)
# claim: Where a function is smooth, they should be the same number.
for f in (torch.exp, torch.sin, torch.tanh, lambda x: x**3):
    for at in (-1.3, -0.2, 0.7, 1.1):
        x = torch.tensor(at, dtype=torch.float64, requires_grad=True)
        (g,) = torch.autograd.grad(f(x), x)
        point = x.detach()
        _, forward = torch.func.jvp(f, (point,), (torch.ones_like(point),))
        sides = [(f(point + h) - f(point)) / h for h in (-1e-6, 1e-6)]
        for slope in (forward, *sides):
            torch.testing.assert_close(slope, g, rtol=1e-4, atol=1e-4)

# --8<-- [start:sum]
x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
torch.softmax(x, 0).sum().backward()
print("sum        ", [round(g, 4) + 0.0 for g in x.grad.tolist()])
x.grad = None
torch.softmax(x, 0)[0].backward()
print("first entry", [round(g, 4) for g in x.grad.tolist()])
# --8<-- [end:sum]
assert abs(x.grad.sum()) < 1e-15 and x.grad[0] > 0.19
torch.manual_seed(0)
for size in (1, 2, 7, 33):
    x = torch.randn(size, dtype=torch.float64, requires_grad=True)
    torch.softmax(x, 0).sum().backward()
    assert x.grad.abs().max() < 1e-15

# --8<-- [start:many]
for entries in (1, 1001):
    x = torch.full((entries,), torch.nan, requires_grad=True)
    torch.nn.functional.elu(x).sum().backward()
    print(
        f"elu, {entries:4} entries: the first has gradient", x.grad[0].item()
    )
# --8<-- [end:many]
