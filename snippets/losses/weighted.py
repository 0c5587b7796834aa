# --8<-- [start:run]
import torch
from torch.nn.functional import huber_loss, l1_loss, mse_loss

x = torch.tensor([1.0, 5.0], requires_grad=True)
y, w = torch.tensor([0.0, 2.0]), torch.tensor([1.0, 3.0])
for loss in (mse_loss, l1_loss, huber_loss):
    mean = loss(x, y, weight=w)
    (g,) = torch.autograd.grad(mean, x)
    total = (loss(x, y, reduction="none") * w).sum()
    print(
        f"{loss.__name__:10}", mean.item(), g, "divisor", (total / mean).item()
    )
# --8<-- [end:run]
assert mse_loss(x, y, weight=w) == (1 * 1 + 3 * 9) / w.sum()
assert l1_loss(x, y, weight=w) == (1 * 1 + 3 * 3) / w.sum()
assert huber_loss(x, y, weight=w) == (1 * 0.5 + 3 * 2.5) / 2

# --8<-- [start:trap-mask]
mask = torch.tensor([1.0, 1, 0, 0, 0, 0, 0, 0])  # the rest is padding
for padding in (0.0, torch.nan):
    p = torch.tensor([1.0, 1] + 6 * [padding], requires_grad=True)
    loss = (mse_loss(p, torch.zeros(8), reduction="none") * mask).mean()
    (g,) = torch.autograd.grad(loss, p)
    print(loss.item(), g[:2].tolist())
# --8<-- [end:trap-mask]
assert loss.isnan()


# --8<-- [start:fix-mask]
def masked_mse(x, y, mask):
    keep = mask.bool()
    total = mse_loss(x[keep], y[keep], reduction="sum")
    return total / keep.sum().clamp(min=1)  # 0, not NaN, if none is kept


for chosen in (mask, 0 * mask):
    loss = masked_mse(p, torch.zeros(8), chosen)
    (g,) = torch.autograd.grad(loss, p)
    print(loss.item(), g[:3].tolist())
# --8<-- [end:fix-mask]
assert g.tolist() == [0] * 8
(g,) = torch.autograd.grad(masked_mse(p, torch.zeros(8), mask), p)
assert g.tolist() == [1, 1, 0, 0, 0, 0, 0, 0]

# --8<-- [start:trap-zero]
inf = float("inf")
far = torch.tensor([inf, 5.0])
nothing, one = torch.tensor([0.0, 0.0]), torch.tensor([0.0, 1.0])
for loss in (mse_loss, l1_loss, huber_loss):
    off = loss(x, y, weight=nothing).item()
    hidden = loss(far, y, weight=one).item()
    print(f"{loss.__name__:10} all 0: {off}, 0 where x is inf: {hidden}")
# --8<-- [end:trap-zero]
assert huber_loss(x, y, weight=nothing) == 0
assert mse_loss(far, y, weight=one).isnan()


# --8<-- [start:fix-zero]
def weighted_mean(loss, x, y, w):
    keep = w != 0
    terms = loss(x[keep], y[keep], reduction="none") * w[keep]
    return terms.sum() / w.sum().clamp(min=torch.finfo(w.dtype).tiny)


for weights in (w, one, nothing):
    mean = weighted_mean(mse_loss, far if weights is one else x, y, weights)
    print(mean.item())
# --8<-- [end:fix-zero]
assert mean == 0
(g,) = torch.autograd.grad(mean, x)
assert g.tolist() == [0, 0]
for loss in (mse_loss, l1_loss):
    mine, its = weighted_mean(loss, x, y, w), loss(x, y, weight=w)
    torch.testing.assert_close(mine, its)
    (a,), (b,) = (torch.autograd.grad(v, x) for v in (mine, its))
    torch.testing.assert_close(a, b)

# --8<-- [start:scale]
for factor in (1, 10):
    means = [f(x, y, weight=factor * w) for f in (mse_loss, huber_loss)]
    print(f"weights times {factor:2}:", *[mean.item() for mean in means])
# --8<-- [end:scale]
assert means[0] == mse_loss(x, y, weight=w)
assert means[1] == 10 * huber_loss(x, y, weight=w)

# --8<-- [start:learned]
learned = w.clone().requires_grad_()
for loss in (mse_loss, l1_loss, huber_loss):
    (g,) = torch.autograd.grad(loss(x, y, weight=learned), learned)
    print(f"{loss.__name__:10}", g.tolist())
# --8<-- [end:learned]
each = mse_loss(x, y, reduction="none")
mean = mse_loss(x, y, weight=w)
(g,) = torch.autograd.grad(mse_loss(x, y, weight=learned), learned)
torch.testing.assert_close(g, (each - mean) / w.sum())


# --8<-- [start:subclass]
class Named(torch.Tensor):
    pass


w, x = torch.tensor([1.0, 0.0]), x.detach()
for loss in (mse_loss, l1_loss, huber_loss):
    plain = loss(x, y, weight=w).item()
    named = loss(x.as_subclass(Named), y, weight=w).item()
    print(f"{loss.__name__:10} Tensor {plain}, subclass {named}")
# --8<-- [end:subclass]
assert l1_loss(x, y, weight=w) == 1
assert l1_loss(x.as_subclass(Named), y, weight=w) == l1_loss(x, y) == 2

# --8<-- [start:errors]
for options in (
    {"weight": torch.ones(1)},
    {"weight": w, "reduction": "avg"},
):
    try:
        mse_loss(x, y, **options)
    except ValueError as error:
        print(error)
try:
    torch.nn.MSELoss(weight=w)
except TypeError as error:
    print(str(error).partition("got")[2])
# --8<-- [end:errors]
