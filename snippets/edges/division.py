# --8<-- [start:quotient]
import torch


def gradients(x, y):
    x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    y = torch.tensor(y, dtype=torch.float64, requires_grad=True)
    z = x / y
    dx, dy = torch.autograd.grad(z, (x, y))
    return [v.item() + 0.0 for v in (z, dx, dy)]


print("   x    y   x/y, by x, by y")
for x, y in ((3.0, 2.0), (3.0, 0.25), (3.0, 0.0), (-3.0, 0.0), (0.0, 0.0)):
    print(f"{x:4} {y:4}  ", *gradients(x, y))
# --8<-- [end:quotient]
inf = float("inf")
assert gradients(3.0, 2.0) == [1.5, 0.5, -0.75]
assert gradients(3.0, 0.0) == [inf, inf, -inf]
assert gradients(-3.0, 0.0) == [-inf, inf, inf]
value, dx, dy = gradients(0.0, 0.0)
assert value != value and dx == inf and dy != dy


# --8<-- [start:fix-where]
def safe_divide(x, n, otherwise=0.0):
    ok = n != 0
    divisor = torch.where(ok, n, 1.0)
    return torch.where(ok, x / divisor, otherwise)


x = torch.tensor([1.0, 1.0], requires_grad=True)
n = torch.tensor([2.0, 0.0], requires_grad=True)
y = safe_divide(x, n)
y.sum().backward()
print(y.tolist(), x.grad.tolist(), n.grad.tolist())
# --8<-- [end:fix-where]
assert x.grad.tolist() == [0.5, 0] and n.grad.tolist() == [-0.25, 0]

# --8<-- [start:fix-select]
x = torch.tensor([1.0, 1.0], requires_grad=True)
ok = n != 0
loss = (x[ok] / n[ok]).sum()
loss.backward()
print(loss.item(), x.grad.tolist())
# --8<-- [end:fix-select]
assert x.grad.tolist() == [0.5, 0]

# --8<-- [start:fix-eps]
eps = 1e-6
x = torch.tensor([1.0, 1.0], dtype=torch.float64, requires_grad=True)
n = torch.tensor([2.0, 0.0], dtype=torch.float64, requires_grad=True)
y = x / (n + eps)
y.sum().backward()
print("x.grad", [round(g, 3) for g in x.grad.tolist()])
print("n.grad", [round(g, 3) for g in n.grad.tolist()])
# --8<-- [end:fix-eps]
assert x.grad.isfinite().all() and n.grad[1] < -1e11


# --8<-- [start:mean]
def masked_mean(x, mask):
    return (x * mask).sum() / mask.sum()


def safe_masked_mean(x, mask):
    return (x * mask).sum() / mask.sum().clamp(min=1)


for f in (masked_mean, safe_masked_mean):
    for mask in (torch.tensor([1, 0]), torch.tensor([0, 0])):
        x = torch.tensor([3.0, 5.0], requires_grad=True)
        mean = f(x, mask)
        mean.backward()
        print(f.__name__, mask.tolist(), mean.item(), x.grad.tolist())
# --8<-- [end:mean]
assert mean == 0 and x.grad.tolist() == [0, 0]

# --8<-- [start:anomaly]
import warnings

x = torch.tensor([1.0, 0.0], requires_grad=True)
n = torch.tensor([2.0, 0.0], requires_grad=True)
blamed = []
with torch.autograd.set_detect_anomaly(True), warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the traceback of the forward call
    for name, loss in {
        "masked  ": torch.where(ok, x / n.detach(), 0.0).sum(),
        "0/0     ": (x.detach() / n).sum(),
        "1/n     ": torch.where(ok, n.reciprocal(), 0.0).sum(),
    }.items():
        try:
            loss.backward()
        except RuntimeError as error:
            blamed.append(str(error).split("'")[1])
            print(name, error)
# --8<-- [end:anomaly]
assert blamed == ["DivBackward0", "DivBackward0", "ReciprocalBackward0"]

# --8<-- [start:reciprocal]
x = torch.tensor([2.0, 0.0, -0.0, torch.inf], requires_grad=True)
y = torch.reciprocal(x)
y.sum().backward()
print(y.tolist())
print((x.grad + 0.0).tolist())
# --8<-- [end:reciprocal]
assert y.tolist() == [0.5, inf, -inf, 0]
assert x.grad.tolist() == [-0.25, -inf, -inf, 0]

# --8<-- [start:same]
x = torch.tensor([2.0, 0.0], requires_grad=True)
y = x / x
y.sum().backward()
print(y.tolist(), x.grad.tolist())
# --8<-- [end:same]
assert x.grad[0] == 0 and x.grad[1].isnan()

# --8<-- [start:forward]
from torch.func import jvp

x, y = torch.tensor(1.0), torch.tensor(0.0)
one, zero = torch.tensor(1.0), torch.tensor(0.0)

_, exact = jvp(lambda x: x / y, (x,), (one,))
_, mixed = jvp(torch.div, (x, y), (one, zero))
print("along x, y is a constant:   ", exact.item())
print("along x, y has a tangent, 0:", mixed.item())
# --8<-- [end:forward]
assert exact == inf and mixed.isnan()

# --8<-- [start:complex]
z = torch.tensor(0j, dtype=torch.complex128, requires_grad=True)
w = 1 / z
(g,) = torch.autograd.grad(w, z, torch.ones_like(w))
print("value NaN:", w.isnan().item(), "gradient NaN:", g.isnan().item())
# --8<-- [end:complex]
assert w.isnan() and g.isnan()

# --8<-- [start:trap]
n = torch.tensor([2.0, 0.0])  # the second one is not to count
ok = n != 0

for name, mask in {
    "where      ": lambda y: torch.where(ok, y, 0.0),
    "masked_fill": lambda y: y.masked_fill(~ok, 0.0),
    "y[ok]      ": lambda y: y[ok],
    "nan_to_num ": lambda y: y.nan_to_num(0.0, 0.0, 0.0),
    "times mask ": lambda y: y * ok,
}.items():
    x = torch.tensor([1.0, 1.0], requires_grad=True)
    loss = mask(x / n).sum()
    loss.backward()
    print(name, loss.item(), x.grad.tolist())
    assert x.grad[1].isnan()
# --8<-- [end:trap]

# --8<-- [start:unused]
x = torch.tensor([1.0, 1.0], requires_grad=True)
y = x / n
y[0].backward()  # y[1] is not in the loss at all
print(x.grad.tolist())
# --8<-- [end:unused]
assert x.grad[0] == 0.5 and x.grad[1].isnan()
divisor = torch.tensor([2.0, 0.0], requires_grad=True)
torch.where(divisor != 0, 3 / divisor, 0.0).sum().backward()
assert divisor.grad[1].isnan()
