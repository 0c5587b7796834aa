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
def weighted_mean(loss, x, y, w):
    """What has weight 0 is not read. A mask is a weight of 0 and 1.

    x and y have one shape.
    """
    w = w.expand_as(x)
    wide = torch.promote_types(x.dtype, torch.float32)  # half sums overflow
    x, y = (torch.where(w != 0, v, 0).to(wide) for v in (x, y))
    terms = loss(x, y, reduction="none") * w
    total = w.to(terms.dtype).sum()
    return terms.sum() / torch.where(total == 0, 1, total)  # all 0: 0


for chosen in (mask, 0 * mask):
    loss = weighted_mean(mse_loss, p, torch.zeros(8), chosen)
    (g,) = torch.autograd.grad(loss, p)
    print(loss.item(), g[:3].tolist())
# --8<-- [end:fix-mask]
assert g.tolist() == [0] * 8
for chosen in (mask, mask.bool(), mask.long()):
    loss = weighted_mean(mse_loss, p, torch.zeros(8), chosen)
    assert torch.autograd.grad(loss, p)[0].tolist() == [1, 1] + 6 * [0]
tokens = torch.tensor([[1, 1, 0], [1, 0, 0]]).bool()  # 2 sequences, 3 long
torch.manual_seed(0)
a, b = torch.rand(2, 3, 4), torch.rand(2, 3, 4)
loss = weighted_mean(mse_loss, a, b, tokens[..., None])
torch.testing.assert_close(loss, mse_loss(a[tokens], b[tokens]))
rows = torch.func.vmap(lambda *row: weighted_mean(mse_loss, *row))(
    a[0], b[0], (a[0] > 0.5).float()
)
torch.testing.assert_close(
    rows[1], weighted_mean(mse_loss, a[0, 1], b[0, 1], a[0, 1] > 0.5)
)
ten, many = torch.full((1000,), 10.0).half(), torch.ones(70000).half()
assert weighted_mean(mse_loss, ten, 0 * ten, many[:1000]) == 100
assert weighted_mean(mse_loss, many, 0 * many, many) == 1
z = torch.tensor([3 + 4j, torch.nan], requires_grad=True)  # l1_loss takes it
loss = weighted_mean(l1_loss, z, torch.zeros(2), torch.tensor([2, 0]))
(g,) = torch.autograd.grad(loss, z)
assert loss == 5 and abs(g[0] - (0.6 + 0.8j)) < 1e-6 and g[1] == 0
assert torch.autograd.gradcheck(
    lambda x: weighted_mean(mse_loss, x, torch.zeros(4), tokens[0, :1]),
    torch.rand(4, dtype=torch.float64, requires_grad=True),
)

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
for bad in (inf, -inf, torch.nan):
    start = torch.tensor([bad, 5.0], requires_grad=True)
    for loss in (mse_loss, l1_loss, huber_loss):
        mean = loss(start, y, weight=one)
        (g,) = torch.autograd.grad(mean, start)
        stays = loss is mse_loss or (loss is huber_loss and bad != bad)
        assert mean.isnan() and (g[0].isnan() if stays else g[0] == 0)

# --8<-- [start:fix-zero]
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
signed = torch.tensor([1.0, -2.0])
torch.testing.assert_close(
    weighted_mean(mse_loss, x, y, signed), mse_loss(x, y, weight=signed)
)

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
for signed in ([1.0, 3.0], [3.0, -1.0], [-3.0, 1.0]):
    w_n = torch.tensor(signed, requires_grad=True)
    for loss in (mse_loss, l1_loss):
        mean, each = loss(x, y, weight=w_n), loss(x, y, reduction="none")
        (g,) = torch.autograd.grad(mean, w_n)
        assert ((g < 0) == (each < mean)).all() == (w_n.sum() > 0)
for loss in (mse_loss, l1_loss):  # one loss is the mean: 0
    even = torch.ones(3, requires_grad=True)
    mean = loss(torch.tensor([1.0, 1, 1]), torch.zeros(3), weight=even)
    assert not torch.autograd.grad(mean, even)[0].any()
zero = torch.tensor([0.0, 3.0], requires_grad=True)
(g,) = torch.autograd.grad(weighted_mean(mse_loss, x, y, zero), zero)
(full,) = torch.autograd.grad(mse_loss(x, y, weight=zero), zero)
torch.testing.assert_close(full - g, torch.tensor([1 / 3, 0.0]))
# claim: With huber_loss it is the entry's loss, divided by n.
for size in (1, 3, 17, 1001):
    for dtype in (torch.float64, torch.float32):
        a, b = torch.randn(2, size, dtype=dtype)
        a[0] = b[0]  # has none
        w_n = torch.randn(size, dtype=dtype, requires_grad=True)
        (g,) = torch.autograd.grad(huber_loss(a, b, weight=w_n), w_n)
        each = huber_loss(a, b, reduction="none")
        torch.testing.assert_close(g, each / size)
        assert ((g > 0) == (each > 0)).all() and g[0] == 0


# --8<-- [start:subclass]


class Named(torch.Tensor):
    pass


w, x = torch.tensor([1.0, 0.0]), x.detach()
for loss in (mse_loss, l1_loss, huber_loss):
    plain = loss(x, y, weight=w).item()
    named = loss(x.as_subclass(Named), y, weight=w).item()
    with torch.device("cpu"):
        inside = loss(x, y, weight=w).item()
    print(f"{loss.__name__:10} {plain}, subclass {named}, device {inside}")
# --8<-- [end:subclass]
assert l1_loss(x, y, weight=w) == 1
assert l1_loss(x.as_subclass(Named), y, weight=w) == l1_loss(x, y) == 2
assert l1_loss(x, y.as_subclass(Named), weight=w) == 2
torch.set_default_device("cpu")
assert l1_loss(x, y, weight=w) == 2
torch.set_default_device(None)
assert l1_loss(x, y, weight=w) == l1_loss(torch.nn.Buffer(x), y, weight=w) == 1
with torch.device("cpu"):
    assert weighted_mean(l1_loss, x, y, w) == 1

# --8<-- [start:errors]
for options in (
    {"weight": torch.ones(1)},
    {"reduction": "avg"},
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
import warnings

warnings.simplefilter("ignore")  # of sizes that differ
# claim: Weights and input must have the same size.
for loss in (mse_loss, l1_loss, huber_loss):
    for kind in ("none", "sum", "mean"):
        for size in ((3, 3), (1, 1), (3,), (1,), (1, 3), (3, 1, 1), ()):
            try:
                loss(
                    torch.zeros(3, 1),
                    torch.ones(3),
                    weight=torch.ones(size),
                    reduction=kind,
                )
            except ValueError as error:
                assert "must have the same size" in str(error)
            else:
                raise AssertionError(size)
