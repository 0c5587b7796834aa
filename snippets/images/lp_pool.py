# --8<-- [start:run]
import torch
from torch.nn.functional import lp_pool2d


def gradient(x, p, pool=lp_pool2d):
    """The gradient of the one window of x, its first row."""
    x = torch.tensor([x], dtype=torch.float64, requires_grad=True)
    (g,) = torch.autograd.grad(pool(x, p, 2).sum(), x)
    return g[0, 0] + 0


x = [[3.0, 4], [0, 0]]
for p in (1, 2, 3, float("inf")):
    value = lp_pool2d(torch.tensor([x]), p, 2).item()
    print(f"p={p:<3} {value:.2f} {gradient(x, p).round(decimals=2).tolist()}")
# --8<-- [end:run]
torch.testing.assert_close(gradient(x, 2), torch.tensor([0.6, 0.8]).double())

# --8<-- [start:trap]
x = [[-3.0, -4], [0, 0]]
print(lp_pool2d(torch.tensor([x]), 3, 2).item(), gradient(x, 3).tolist())
# --8<-- [end:trap]
assert gradient(x, 3).isnan().all()


# --8<-- [start:fix]
def lp_norm(x, p, size):
    """lp_pool2d of the absolute values: a norm for every p."""
    return lp_pool2d(x.abs(), p, size)


value = lp_norm(torch.tensor([x]), 3, 2).item()
print(f"{value:.2f}", gradient(x, 3, lp_norm).round(decimals=2).tolist())
# --8<-- [end:fix]
power = torch.tensor([3.0, 4]).double() ** 2 / 91 ** (2 / 3)
torch.testing.assert_close(gradient(x, 3, lp_norm), -power)

# --8<-- [start:range]
for size in (1e-30, 1e30):
    x = torch.tensor([[[size, 0.0], [0, 0]]], requires_grad=True)
    y = lp_pool2d(x, 2, 2)
    (g,) = torch.autograd.grad(y.sum(), x)
    print(f"{size}: value {y.item()}, gradient {g[0, 0, 0].item()}")
# --8<-- [end:range]
assert g[0, 0, 0] == 0 and y.isinf()


# --8<-- [start:range-fix]
def in_range(x, p, size):
    """The norm of x / s, times s: no power leaves the range."""
    s = x.detach().abs().amax().clamp_min(torch.finfo(x.dtype).tiny)
    return s * lp_pool2d(x / s, p, size)


for size in (1e-30, 1e30):
    x = torch.tensor([[[size, 0.0], [0, 0]]], requires_grad=True)
    y = in_range(x, 2, 2)
    (g,) = torch.autograd.grad(y.sum(), x)
    print(f"{size}: value {y.item():.3g}, gradient {g[0, 0, 0].item()}")
    assert g[0, 0, 0] == 1
# --8<-- [end:range-fix]

# --8<-- [start:lp]
windows = {
    "zeros": [[0.0, 0], [0, 0]],
    "3, 4": [[3.0, 4], [0, 0]],
    "-3, 4": [[-3.0, 4], [0, 0]],
    "-3, -4": [[-3.0, -4], [0, 0]],
}
for p in (1, 2, 3, float("inf"), 0.5):
    for name, x in windows.items():
        value = lp_pool2d(torch.tensor([x]), p, 2).item()
        first, second = gradient(x, p).tolist()
        print(f"p={p:<4} {name:6} {value:6.2f} [{first:.2f}, {second:.2f}]")
# --8<-- [end:lp]
assert gradient(windows["zeros"], 2).tolist() == [0, 0]
assert gradient(windows["zeros"], 0.5).isnan().all()
