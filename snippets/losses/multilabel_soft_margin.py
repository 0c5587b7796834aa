# --8<-- [start:run]
import torch
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    multilabel_soft_margin_loss,
)

x = torch.tensor([[0.5, 2.0, 0.0, -3.0]], requires_grad=True)
t = torch.tensor([[1.0, 0, 0, 1]])  # labels 0 and 3
for loss in (multilabel_soft_margin_loss, binary_cross_entropy_with_logits):
    out = loss(x, t)
    (g,) = torch.autograd.grad(out, x)
    print(round(out.item(), 4), g[0])
print("(σ(x) - t) / 4", ((torch.sigmoid(x) - t) / 4)[0].detach())
# --8<-- [end:run]
torch.testing.assert_close(g, ((torch.sigmoid(x) - t) / 4).detach())

# --8<-- [start:trap-padding]
x = torch.zeros(1, 4, requires_grad=True)
padded = torch.tensor([[2, 3, -1, -1]])  # labels 2 and 3, as indices
(g,) = torch.autograd.grad(multilabel_soft_margin_loss(x, padded), x)
print("gradient", g[0])
optimizer = torch.optim.SGD([x], lr=1.0)
for step in range(400):
    optimizer.zero_grad()
    loss = multilabel_soft_margin_loss(x, padded)
    loss.backward()
    optimizer.step()
print(
    f"after 400 steps: loss {loss.item():.0f}, logits", x[0].detach().round()
)
# --8<-- [end:trap-padding]
assert (g[0] < 0).tolist() == [True, True, False, False]


# --8<-- [start:fix-padding]
def zeros_and_ones(indices, classes):
    """Class indices that end at the first -1, as rows of 0 and 1."""
    real = (indices >= 0).cumprod(-1)
    rows = torch.zeros(*indices.shape[:-1], classes, device=indices.device)
    return rows.scatter_reduce(
        -1, indices.clamp(min=0).long(), real.to(rows.dtype), "amax"
    )


hot = zeros_and_ones(padded, 4)
x = torch.zeros(1, 4, requires_grad=True)
(g,) = torch.autograd.grad(multilabel_soft_margin_loss(x, hot), x)
print(hot.tolist(), g[0])
# --8<-- [end:fix-padding]
assert hot.tolist() == [[0, 0, 1, 1]]
assert (g[0] < 0).tolist() == [False, False, True, True]
more = torch.tensor(
    [[0, -1, 3, -1], [-1, 0, 1, 2], [3, 2, 1, 0], [1, 1, -1, -1]]
)
assert zeros_and_ones(more, 4).int().tolist() == [
    [1, 0, 0, 0],
    [0, 0, 0, 0],
    [1, 1, 1, 1],
    [0, 1, 0, 0],
]

for dtype in (torch.int8, torch.int16, torch.int32):
    assert zeros_and_ones(padded.to(dtype), 4).equal(hot)
assert zeros_and_ones(more.to("meta"), 4).is_meta
assert torch.equal(
    torch.func.vmap(lambda row: zeros_and_ones(row, 4))(more),
    zeros_and_ones(more, 4),
)

# --8<-- [start:far]
inf = float("inf")
for value, t in (1000.0, 1.0), (1000.0, 0.0), (inf, 0.0), (inf, 1.0):
    x = torch.tensor([value], requires_grad=True)
    out = multilabel_soft_margin_loss(x, torch.tensor([t]))
    (g,) = torch.autograd.grad(out, x)
    print(f"x={value}, t={t}: loss {out.item()}, gradient {g.item()}")
    bce = binary_cross_entropy_with_logits(x, torch.tensor([t]))
    torch.testing.assert_close(out, bce, equal_nan=True)
x = torch.full((1, 4000), 20.0).half().requires_grad_()
t = torch.zeros(1, 4000).half()
out = multilabel_soft_margin_loss(x, t)
bce = binary_cross_entropy_with_logits(x, t)
print(f"float16, 4000 times 20: {out.item()}, BCE {bce.item()}")
# --8<-- [end:far]
mine, its = (torch.autograd.grad(loss, x)[0] for loss in (out, bce))
assert out.isinf()
torch.testing.assert_close(mine, its)
x = torch.tensor([inf], requires_grad=True)
out = multilabel_soft_margin_loss(x, torch.ones(1))
assert out.isnan() and torch.autograd.grad(out, x)[0] == 0
x, one = torch.tensor([-inf], requires_grad=True), torch.ones(1)
out, bce = (
    loss(x, one)
    for loss in (multilabel_soft_margin_loss, binary_cross_entropy_with_logits)
)
assert out == inf and torch.autograd.grad(out, x)[0] == -1 and bce.isnan()
out = multilabel_soft_margin_loss(x, 0 * one)
assert out.isnan() and torch.autograd.grad(out, x)[0] == 0

# --8<-- [start:minus-one]
for x in (-3.0, 0.0, 3.0):
    x = torch.tensor([x], requires_grad=True)
    out = multilabel_soft_margin_loss(x, torch.tensor([-1.0]))
    (g,) = torch.autograd.grad(out, x)
    print(f"x={x.item()}: loss {out.item():.3f}, gradient {g.item():.3f}")
# --8<-- [end:minus-one]
for size in (1, 4, 33):
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        x = torch.linspace(-200, 200, size, dtype=dtype, requires_grad=True)
        out = multilabel_soft_margin_loss(x, torch.full_like(x, -1))
        (g,) = torch.autograd.grad(out, x)
        exact = (x.detach().sigmoid() + 1) / size
        torch.testing.assert_close(g, exact, rtol=0.01, atol=0)
        assert (g >= 0.99 / size).all() and (g <= 2.01 / size).all()
low = torch.tensor([-1e30])
assert multilabel_soft_margin_loss(low, -torch.ones(1)) < -1e29

# --8<-- [start:shape]
torch.manual_seed(0)
x, t = torch.randn(5, 4), torch.rand(5, 4)
mine = multilabel_soft_margin_loss(x, t, reduction="none")
bce = binary_cross_entropy_with_logits(x, t, reduction="none")
print(tuple(mine.shape), "and", tuple(bce.shape))
# --8<-- [end:shape]
torch.testing.assert_close(mine, bce.mean(-1))
torch.testing.assert_close(multilabel_soft_margin_loss(x, t), bce.mean())
pixels = torch.zeros(2, 3, 4, 5)
rows = multilabel_soft_margin_loss(pixels, pixels, reduction="none")
assert rows.shape == (2, 3, 4)

# --8<-- [start:bool]
torch.manual_seed(0)
x, t = torch.randn(5, 4), torch.rand(5, 4)
try:
    multilabel_soft_margin_loss(x, t > 0.5)
except (RuntimeError, NotImplementedError) as error:
    print(str(error).partition(" If you")[0])
print(round(multilabel_soft_margin_loss(x, (t > 0.5).long()).item(), 4))
# --8<-- [end:bool]
torch.testing.assert_close(
    multilabel_soft_margin_loss(x, (t > 0.5).long()),
    multilabel_soft_margin_loss(x, (t > 0.5).float()),
)

for dtype in (torch.uint8, torch.int8, torch.int32, torch.int64):
    whole = (t > 0.5).to(dtype)
    torch.testing.assert_close(
        multilabel_soft_margin_loss(x, whole),
        multilabel_soft_margin_loss(x, whole.float()),
    )

# --8<-- [start:weights]
weight = torch.tensor([0.0, 5.0, 1.0, 1.0])
x = torch.zeros(2, 4, requires_grad=True)
loss = multilabel_soft_margin_loss(x, torch.ones(2, 4), weight=weight)
print(torch.autograd.grad(loss, x)[0] + 0)
# --8<-- [end:weights]
assert not torch.autograd.grad(
    multilabel_soft_margin_loss(x, torch.ones(2, 4), weight=weight), x
)[0][:, 0].any()
torch.testing.assert_close(loss, 7 / 4 * torch.tensor(2.0).log())
for bad in float("nan"), inf, -inf:
    for t in (0.0, 0.5, 1.0):
        start = torch.tensor([[bad, 0.0, 0.0, 0.0]], requires_grad=True)
        t = torch.tensor([[t, 1, 1, 1]])
        out = multilabel_soft_margin_loss(start, t, weight=weight)
        (g,) = torch.autograd.grad(out, start)
        kept = g[0, 0].isnan() if bad != bad else g[0, 0] == 0
        assert out.isnan() and kept

# --8<-- [start:twice]
x = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)
t = torch.ones(2, 4)
print(torch.autograd.gradgradcheck(multilabel_soft_margin_loss, (x, t)))
tangent = torch.ones(2, 4, dtype=torch.float64)
_, slope = torch.func.jvp(
    multilabel_soft_margin_loss, (x.detach(), t), (tangent, torch.zeros(2, 4))
)
print(slope.item() < 0)
# --8<-- [end:twice]

# --8<-- [start:source]
import inspect

code = inspect.getsource(multilabel_soft_margin_loss).splitlines()
start = next(i for i, line in enumerate(code) if "loss = -" in line)
print(*code[start : start + 8], sep="\n")
# --8<-- [end:source]
