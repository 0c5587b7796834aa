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
    """lp_pool2d of the absolute values: a norm for p >= 1."""
    return lp_pool2d(x.abs(), p, size)


value = lp_norm(torch.tensor([x]), 3, 2).item()
print(f"{value:.2f}", gradient(x, 3, lp_norm).round(decimals=2).tolist())
# --8<-- [end:fix]
power = torch.tensor([3.0, 4]).double() ** 2 / 91 ** (2 / 3)
torch.testing.assert_close(gradient(x, 3, lp_norm), -power)
torch.manual_seed(0)
for p in (1, 1.5, 2, 3, 7.3):
    a, b = torch.randn(2, 50, 1, 2, 2, dtype=torch.float64)
    bound = lp_norm(a, p, 2) + lp_norm(b, p, 2)
    assert (lp_norm(a + b, p, 2) <= bound * (1 + 1e-12)).all()  # rounding
    torch.testing.assert_close(lp_norm(-3 * a, p, 2), 3 * lp_norm(a, p, 2))
apart = gradient([[3.0, 0], [4, 0]], 0.5, lp_norm)
assert apart[0].isfinite() and apart[1].isnan()
batch = torch.randn(2, 3, 4, 4, dtype=torch.float64, requires_grad=True)
for p in (1.5, 2.5, 3.0):
    assert lp_pool2d(batch, p, 2).isnan().any()
    assert torch.autograd.gradcheck(lambda x, p=p: lp_norm(x, p, 2), (batch,))


# --8<-- [start:range]
def one_window(pool, size, dtype):
    """Value and gradient of the window in which all four are size."""
    x = torch.full((1, 2, 2), size, dtype=dtype, requires_grad=True)
    y = pool(x, 2, 2)
    (g,) = torch.autograd.grad(y.sum(), x)
    return f"{y.item():.3g}", g[0, 0, 0].item()


extreme = (
    (torch.float16, 127),
    (torch.float16, 128),
    (torch.float16, 1e-4),
    (torch.float32, 9.2e18),
    (torch.float32, 1e19),
    (torch.float32, 1e-23),
)
for dtype, size in extreme:
    print(f"{dtype}, {size}:", *one_window(lp_pool2d, size, dtype))
# --8<-- [end:range]
for dtype, size in extreme:
    fine = size in (127, 9.2e18)
    assert one_window(lp_pool2d, size, dtype)[1] == (0.5 if fine else 0)
# With p = 3 the factor of a large pixel can overflow too.
large = torch.full((1, 2, 2), 1e20, requires_grad=True)
assert (
    torch.autograd.grad(lp_pool2d(large, 3, 2).sum(), large)[0].isnan().all()
)


# --8<-- [start:range-fix]
def wide(x, p, size):
    """In float64, and back."""
    return lp_pool2d(x.double(), p, size).to(x.dtype)


for dtype, size in extreme:
    print(f"{dtype}, {size}:", *one_window(wide, size, dtype))
# --8<-- [end:range-fix]
for dtype, size in extreme:
    assert one_window(wide, size, dtype)[1] == 0.5
cases = [(torch.float32, v) for v in (1.2e-38, 1e-30, 1e30, 3.4e38)]
cases += [(torch.float16, v) for v in (6e-8, 1e-4, 65504.0)]
for p in (1, 1.5, 2, 3, 8):
    for dtype, size in cases:
        x = torch.tensor([[[size, 0.0], [0, 0]]], dtype=dtype)
        x.requires_grad_()
        y = wide(x, p, 2)
        torch.testing.assert_close(y.item(), x[0, 0, 0].item())
        (g,) = torch.autograd.grad(y.sum(), x)
        torch.testing.assert_close(g[0, 0, 0].item(), 1.0)
for size in (2.8e38, 1.2e-38):  # four of 3.4e38 are too large for the result
    x = torch.full((1, 2, 2), size, requires_grad=True)
    (g,) = torch.autograd.grad(wide(x, 8, 2).sum(), x)
    torch.testing.assert_close(g, torch.full_like(x, 4 ** (1 / 8 - 1)))
pair = torch.ones(2, 1, 2, 2)
pair[0, 0, 0, 0] = torch.inf
assert wide(pair, 2, 2).flatten().tolist() == [torch.inf, 2]
assert wide(pair[:0], 2, 2).shape == (0, 1, 1, 1)
torch.testing.assert_close(
    torch.func.vmap(lambda x: wide(x, 2, 2))(pair[1:]), wide(pair[1:], 2, 2)
)

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
for p in (0.1, 0.5, 0.9):
    assert gradient(windows["zeros"], p).isnan().all()
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for pixel in (-1e-3, -1.0, -100.0):
        image = torch.tensor([[[[pixel, 1.0], [1.0, 1.0]]]], dtype=dtype)
        assert lp_pool2d(image, 1.5, 2).isnan().all()
for p in (1, 1.5, 2, 3, 5, 8):
    assert gradient(windows["zeros"], p).tolist() == [0, 0]
# --8<-- [start:cancel]
for p, x in (
    (1, [[-3.0, 3], [0, 0]]),
    (3, [[-3.0, 3], [1, -1]]),
    (3, [[-3.0, 2], [2, 0]]),
    (1.5, [[-3.0, 4], [0, 0]]),
):
    value = lp_pool2d(torch.tensor([x]), p, 2).item()
    print(f"p={p}, window {x}: {value} {gradient(x, p).tolist()}")
# --8<-- [end:cancel]
for p in (1, 3, 5):
    assert gradient([[-3.0, 3], [1, -1]], p).tolist() == [0, 0]
# Rounding can leave a rest where the exact sum is 0.
rest = [[0.7, 0.1], [-0.7, -0.1]]
assert gradient(rest, 1).tolist() == [1, 1]
assert (gradient(rest, 3) > 1e9).all()
assert (gradient(windows["-3, 4"], 2) != 0).all()  # even: none cancel

# --8<-- [start:cut]
from torch.nn.functional import lp_pool1d

row = torch.ones(1, 5, requires_grad=True)
for p in (1, 2, float("inf")):
    y = lp_pool1d(row, p, 2, ceil_mode=True)
    (g,) = torch.autograd.grad(y.sum(), row)
    print(f"p={p:<3}", y.detach()[0], g[0])
# --8<-- [end:cut]
y = lp_pool1d(row, 1, 2, ceil_mode=True)
assert y.tolist() == [[2, 2, 2]]

# --8<-- [start:ties]
x = [[-3.0, 3], [3, -3]]
for p in (float("inf"), -float("inf")):
    print(f"p={p}:", gradient(x, p).tolist())
try:
    gradient(x, 0)
except (ValueError, ZeroDivisionError) as error:
    print("p=0:", error)
# --8<-- [end:ties]
