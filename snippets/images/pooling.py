# --8<-- [start:run]
import torch
from torch.nn.functional import (
    adaptive_avg_pool2d,
    adaptive_max_pool2d,
    avg_pool2d,
    max_pool2d,
)


def weights(pool, x, *args, **options):
    """How much each pixel counts in the sum of the result."""
    x = torch.as_tensor(x, dtype=torch.float64).clone().requires_grad_()
    (g,) = torch.autograd.grad(pool(x[None], *args, **options).sum(), x)
    return g


x = torch.tensor([[0.0, 1, 0], [1, 5, 1], [0, 1, 0]])
print("max, windows apart\n", weights(max_pool2d, x[:2, :2], 2))
print("max, stride 1\n", weights(max_pool2d, x, 2, stride=1))
print("avg, stride 1\n", weights(avg_pool2d, x, 2, stride=1))
# --8<-- [end:run]
assert weights(max_pool2d, x, 2, stride=1)[1, 1] == 4
assert weights(avg_pool2d, x, 2, stride=1).sum() == 4
corner = torch.zeros(3, 3)
corner[0, 0] = 5
assert weights(max_pool2d, corner, 2, stride=1)[0, 0] == 1


# --8<-- [start:trap]
def revive(pool):
    """Pull the pooled value of a dead plane up from 0 to 1."""
    x = torch.zeros(1, 4, 4, requires_grad=True)
    for step in range(100):
        loss = ((pool(x, 4) - 1) ** 2).sum()
        (g,) = torch.autograd.grad(loss, x)
        x = (x - 0.25 * g).detach().requires_grad_()
    return loss.item(), x.detach()[0]


loss, x = revive(max_pool2d)
print(f"loss {loss:.2f}")
print(x)
# --8<-- [end:trap]
assert x[0, 0] == 1 and x.sum() == 1

# --8<-- [start:fix]
loss, x = revive(avg_pool2d)
print(f"avg: loss {loss:.2f}, pixels from {x.min():.2f} to {x.max():.2f}")


def even_max_pool(x, size):
    """max_pool2d(x, size) in which equal maxima share."""
    return x.unfold(-2, size, size).unfold(-2, size, size).amax((-2, -1))


loss, x = revive(even_max_pool)
print(f"amax: loss {loss:.2f}, pixels from {x.min():.2f} to {x.max():.2f}")
# --8<-- [end:fix]
assert loss < 0.01 and x.min() == x.max() > 0.9
torch.manual_seed(0)
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for shape in ((1, 4, 4), (2, 3, 5, 7), (0, 3, 4, 4), (2, 17, 33, 33)):
        x = torch.randn(shape).to(dtype)
        assert torch.equal(even_max_pool(x, 2), max_pool2d(x, 2))
batch = torch.randn(2, 3, 4, 4, dtype=torch.float64, requires_grad=True)
assert torch.autograd.gradcheck(lambda x: even_max_pool(x, 2), batch)
spoiled = torch.zeros(4, 4)
spoiled[1, 1] = torch.nan
assert weights(even_max_pool, spoiled, 4).isnan().all()

# Where windows overlap an even share is longer than another subgradient.
row = torch.zeros(3, dtype=torch.float64, requires_grad=True)
(even,) = torch.autograd.grad(row.unfold(0, 2, 1).amax(1).sum(), row)
assert even.tolist() == [0.5, 1, 0.5]
shares = torch.tensor([2 / 3, 1 / 3, 0]) + torch.tensor([0, 1 / 3, 2 / 3])
assert shares.square().sum() < even.square().sum()

# --8<-- [start:ties]
ones = torch.ones(4, 4)
print("one 4 × 4 window\n", weights(max_pool2d, ones, 4).int())
print("3 × 3 windows, stride 1\n", weights(max_pool2d, ones, 3, 1).int())
# --8<-- [end:ties]
assert weights(max_pool2d, ones, 4)[0, 0] == 1
# claim: Among equal maxima the first in reading order gets everything
layouts = (torch.contiguous_format, torch.channels_last)
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for layout in layouts:
        for value in (1, 0, -torch.inf):
            x = torch.full((2, 17, 8, 8), value, dtype=dtype)
            x = x.contiguous(memory_format=layout).requires_grad_()
            for y in max_pool2d(x, 4), adaptive_max_pool2d(x, 2):
                (g,) = torch.autograd.grad(y.sum(), x)
                assert g[:, :, ::4, ::4].eq(1).all() and g.sum() == y.numel()

# --8<-- [start:nan]
nan, inf = float("nan"), float("inf")
x = torch.tensor([[1.0, 2, 3], [4, nan, 6], [7, 8, 9]])
print("max value\n", max_pool2d(x[None], 2, 1)[0])
print("max gradient\n", weights(max_pool2d, x, 2, 1))
print("avg value\n", avg_pool2d(x[None], 2, 1)[0])
print("avg gradient\n", weights(avg_pool2d, x, 2, 1))
# --8<-- [end:nan]
assert weights(max_pool2d, x, 2, 1)[1, 1] == 4
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for layout in layouts:
        x = torch.randn(2, 17, 4, 4).to(dtype)
        x[:, :, 1, 1] = x[:, :, 2, 3] = nan
        x = x.contiguous(memory_format=layout).requires_grad_()
        for y in max_pool2d(x, 4), adaptive_max_pool2d(x, 1):
            (g,) = torch.autograd.grad(y.sum(), x)
            assert g[:, :, 2, 3].eq(1).all() and g.sum() == y.numel()

# --8<-- [start:minus-inf]
x = torch.full((2, 2), -inf)
print("one window   ", weights(max_pool2d, x, 2).tolist())
print("with padding ", weights(max_pool2d, x, 2, padding=1).tolist())
below = torch.tensor([[-1.0, -2], [-3, -4]])
print("negative     ", weights(max_pool2d, below, 2, padding=1).tolist())
# --8<-- [end:minus-inf]
assert weights(max_pool2d, x, 2, padding=1).sum() == 4
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for layout in layouts:
        x = torch.full((2, 17, 6, 6), -inf, dtype=dtype)
        x = x.contiguous(memory_format=layout).requires_grad_()
        y = max_pool2d(x, 3, stride=2, padding=1)
        (g,) = torch.autograd.grad(y.sum(), x)
        first = torch.tensor([1.0, 1, 0, 1, 0, 0])
        assert torch.equal(g[0, 0].float(), torch.outer(first, first))

# A window of padding alone; its backward pass writes where no pixel is.
for n, dilation in (2, 3), (1, 2):
    alone, index = max_pool2d(
        torch.ones(1, n, n), 2, 1, 1, dilation, return_indices=True
    )
    assert alone.item() == -inf and index.item() >= n * n

# --8<-- [start:divisor]
ones = torch.ones(3, 3)
for options in (
    {},
    {"count_include_pad": False},
    {"divisor_override": 1},
):
    g = weights(avg_pool2d, ones, 3, stride=1, padding=1, **options)
    print(options, "corner, center:", end=" ")
    print([round(v, 3) for v in (g[0, 0].item(), g[1, 1].item())])
# --8<-- [end:divisor]
assert g[0, 0] == 4 and g[1, 1] == 9
# --8<-- [start:ceil]
for options in {}, {"ceil_mode": True}:
    for pool in avg_pool2d, max_pool2d:
        g = weights(pool, ones, 2, **options)
        print(pool.__name__, options, g.tolist())
# --8<-- [end:ceil]
assert weights(avg_pool2d, ones, 2, ceil_mode=True)[2, 2] == 1

# --8<-- [start:adaptive]
for size in (3, 7):
    g = weights(adaptive_avg_pool2d, torch.ones(1, 5), (1, size))
    print(f"avg, 5 to {size}:", [round(v, 2) for v in g[0].tolist()])
peak = torch.tensor([[1.0, 2, 9, 2, 1]])
g = weights(adaptive_max_pool2d, peak, (1, 2))
print("max, 5 to 2:", g[0].tolist())
# --8<-- [end:adaptive]
assert g[0].tolist() == [0, 0, 2, 0, 0]
for n in range(1, 9):
    for m in range(1, 9):
        ends = [(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]
        g = weights(adaptive_avg_pool2d, torch.ones(1, n), (1, m))[0]
        wanted = [
            sum(1 / (b - a) for a, b in ends if a <= j < b) for j in range(n)
        ]
        torch.testing.assert_close(g, torch.tensor(wanted).double())
        shared = any(a < b for (_, b), (a, _) in zip(ends, ends[1:]))
        assert shared == (n % m != 0)
        assert (g.max() - g.min() > 1e-6) == shared or m > n

# --8<-- [start:unpool]
from torch.nn.functional import max_unpool2d

small = torch.tensor([[[5.0, 7.0]]], requires_grad=True)
index = torch.tensor([[[1, 1]]])  # overlapping windows that one pixel won
large = max_unpool2d(small, index, (1, 2), output_size=(1, 4))
(g,) = torch.autograd.grad(large.sum(), small)
print("values that are left:", large.count_nonzero().item())
print("gradient of the two:", g[0, 0].tolist())
# --8<-- [end:unpool]
assert sorted(large[0, 0].tolist()) in ([0, 0, 0, 5], [0, 0, 0, 7])
assert g[0, 0].tolist() == [1, 1]

# --8<-- [start:errors]
plane = torch.ones(1, 2, 2)
for call in (
    lambda: max_pool2d(plane, 2, padding=2),
    lambda: avg_pool2d(plane, 3),
    lambda: max_pool2d(plane[0], 2),
    lambda: max_pool2d(plane, 2, stride=0),
    lambda: avg_pool2d(plane, 2, divisor_override=0),
):
    try:
        call()
    except RuntimeError as error:
        print(error)
# --8<-- [end:errors]

# --8<-- [start:sums]
x = torch.arange(9.0).view(3, 3)
windows = x.unfold(0, 2, 1).unfold(1, 2, 1).reshape(4, 4)
place = torch.arange(9).view(3, 3).unfold(0, 2, 1).unfold(1, 2, 1)
won = place.reshape(4, 4).gather(1, windows.argmax(1, keepdim=True))
votes = torch.zeros(9, dtype=torch.float64)
votes.index_add_(0, won[:, 0], torch.ones(4, dtype=torch.float64))
print(votes.view(3, 3).int().tolist())
print(weights(max_pool2d, x, 2, 1).int().tolist())
# --8<-- [end:sums]
assert votes.view(3, 3).tolist() == weights(max_pool2d, x, 2, 1).tolist()
# So a pixel counts how many windows it wins.
for dtype in (torch.float64, torch.float32):
    for layout in layouts:
        for size in (1, 2, 15, 16, 17, 45, 46):
            x = torch.zeros(1, 8, 93, 93, dtype=dtype)
            x[:, :, 46, 46] = 1
            x = x.contiguous(memory_format=layout).requires_grad_()
            (g,) = torch.autograd.grad(max_pool2d(x, size, 1).sum(), x)
            assert g[:, :, 46, 46].eq(size**2).all()

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in (
    "max_pool2d_with_indices(",
    "avg_pool2d(",
    "adaptive_max_pool2d(",
):
    lines = text[text.index(f"- name: {name}") :].splitlines()
    print(lines[1])
# --8<-- [end:source]
