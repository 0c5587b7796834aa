# --8<-- [start:late]
import torch

x = torch.tensor([4.0, 0.0, -1.0], requires_grad=True)
y = (1 / x.sqrt()).nan_to_num(0.0, 0.0, 0.0)
y.sum().backward()
print("value   ", y.tolist())
print("gradient", x.grad.tolist())
# --8<-- [end:late]
nan, inf = float("nan"), float("inf")
torch.manual_seed(0)
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
assert y.tolist() == [0.5, 0, 0] and x.grad[1:].isnan().all()

# --8<-- [start:fix-late]
x = torch.tensor([4.0, 0.0, -1.0], requires_grad=True)
ok = x > 0
y = torch.where(ok, 1 / torch.where(ok, x, 1.0).sqrt(), 0.0)
y.sum().backward()
print("value   ", y.tolist())
print("gradient", x.grad.tolist())
# --8<-- [end:fix-late]
assert y.tolist() == [0.5, 0, 0] and x.grad.tolist() == [-1 / 16, 0, 0]

# --8<-- [start:mse]
target = torch.tensor([1.0, 2.0, torch.nan])
w = torch.tensor(3.0, requires_grad=True)
for name, loss in {
    "nansum    ": torch.nansum((w - target) ** 2),
    "nanmean   ": torch.nanmean((w - target) ** 2),
    "nan_to_num": ((w - target) ** 2).nan_to_num().sum(),
}.items():
    (g,) = torch.autograd.grad(loss, w)
    print(name, loss.item(), g.item())
    assert g.isnan()
# --8<-- [end:mse]


# --8<-- [start:fix-mse]
def nan_mse(x, target):
    """The mean over the targets that are not NaN; 0 if there is none.

    In float16 the sum of the squares has to stay below 65504.
    """
    d = x - target
    seen = ~target.isnan().expand_as(d)
    d = torch.where(seen, d, 0.0)  # before the square
    return (d**2).sum() / seen.sum().clamp(min=1)


loss = nan_mse(w, target)
print("nan_mse   ", loss.item(), torch.autograd.grad(loss, w)[0].item())
# --8<-- [end:fix-mse]
assert loss == torch.nanmean((w - target) ** 2) == 2.5
for dtype in dtypes:
    for n in (1, 3, 17, 33, 1001):
        t = torch.randn(n).to(dtype)
        t[torch.rand(n) < 0.4] = nan
        y = torch.randn(n).to(dtype).requires_grad_()
        loss = nan_mse(y, t)
        (g,) = torch.autograd.grad(loss, y)
        seen = ~t.isnan()
        assert loss.isfinite() and (g[~seen] == 0).all()
        want = 2 * (y - t)[seen].detach() / max(1, int(seen.sum()))
        torch.testing.assert_close(g[seen], want)
# claim: A NaN of the model at a known target still shows up in the loss.
assert nan_mse(torch.tensor([nan, 1.0]), torch.ones(2)).isnan()
assert nan_mse(torch.tensor([nan, 1.0]), torch.tensor([nan, 1.0])) == 0
# claim: For equal shapes, F.mse_loss(x[seen], target[seen]) is this mean, and
#   NaN without a known target.
F = torch.nn.functional
for n in (3, 17, 1001):
    t, y = torch.randn(2, n)
    t[1::3] = nan
    seen = ~t.isnan()
    torch.testing.assert_close(nan_mse(y, t), F.mse_loss(y[seen], t[seen]))
assert F.mse_loss(y[:0], t[:0]).isnan()
rows, t = torch.rand(4, 3), torch.tensor([0.3, 1.7, nan])  # broadcast
torch.testing.assert_close(nan_mse(rows, t), torch.nanmean((rows - t) ** 2))
big = torch.full((1001,), 10.0, dtype=torch.float16)
assert nan_mse(big, big * 0).isinf()
assert nan_mse(big[:600], big[:600] * 0) == 100
row = torch.tensor([[nan, nan], [1.0, nan]])
both = torch.func.vmap(torch.func.grad(nan_mse))(torch.zeros(2, 2), row)
assert both.tolist() == [[0, 0], [-2, 0]]

# --8<-- [start:fix-early]
for name, loss in {
    "nan_to_num, square": ((w - target).nan_to_num() ** 2).sum(),
    "nansum of abs     ": torch.nansum((w - target).abs()),
}.items():
    (g,) = torch.autograd.grad(loss, w)
    print(name, loss.item(), g.item())
# --8<-- [end:fix-early]
assert ((w - target).nan_to_num() ** 2).sum() == 5 and g == 2
for dtype in dtypes:  # a target of inf
    for infinite in (inf, -inf):
        y = torch.tensor([0.3], dtype=dtype, requires_grad=True)
        square = (y - infinite).nan_to_num() ** 2
        assert torch.autograd.grad(square, y)[0].isnan()
    x = torch.tensor([-1.0], dtype=dtype)  # made a NaN, with the slope -1
    x.requires_grad_()
    assert torch.autograd.grad(x.log().nan_to_num(), x)[0] == 0
for dtype in dtypes:  # the gradient of abs at NaN
    for n in (1, 3, 17, 33, 1001):
        y = torch.full((n,), nan, dtype=dtype, requires_grad=True)
        (g,) = torch.autograd.grad(torch.nansum(y.abs()), y)
        assert (g == 0).all()

# --8<-- [start:hook]
data = torch.tensor([4.0, 0.0, -1.0])


def loss_of(w):
    return torch.where(data > 0, (w * data).sqrt(), 0.0).sum()


w = torch.tensor(1.0, requires_grad=True)
w.register_hook(torch.nan_to_num)
loss_of(w).backward()
print("NaN becomes", w.grad.item(), "and not 1.0")

w = torch.tensor(0.0, requires_grad=True)
w.register_hook(torch.nan_to_num)
w.sqrt().backward()
print("inf becomes", w.grad.item())
# --8<-- [end:hook]
assert w.grad == torch.finfo(torch.float32).max

# --8<-- [start:fix-hook]
w = torch.tensor(1.0, requires_grad=True)
product = w * data
product.register_hook(lambda g: torch.where(data > 0, g, 0.0))
torch.where(data > 0, product.sqrt(), 0.0).sum().backward()
print("gradient", w.grad.item())
# --8<-- [end:fix-hook]
assert w.grad == 1


# --8<-- [start:table]
def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


from torch import nan_to_num, nanmean, nanmedian, nansum

for x in (
    torch.tensor([1.0, torch.nan, 3.0]),
    torch.tensor([torch.nan, torch.nan]),
    torch.tensor([1.0, torch.inf, torch.nan]),
):
    print(x)
    for f in (nansum, nanmean, nanmedian):
        print(f"  {f.__name__:9} {f(x).item():4}", gradient(f, x).tolist())
# --8<-- [end:table]
for dtype in dtypes:
    for n in (1, 3, 17, 33, 1001):
        x = torch.randn(n).to(dtype)
        x[torch.rand(n) < 0.4] = nan
        seen = (~x.isnan()).to(dtype)
        assert torch.equal(gradient(nansum, x), seen)
        if seen.any():
            want = seen / int(seen.sum())
            torch.testing.assert_close(gradient(nanmean, x), want)
        # the sum of entries that are all NaN is 0
        x = torch.full((n,), nan, dtype=dtype)
        assert nansum(x) == 0 and (gradient(nansum, x) == 0).all()
        assert nanmean(x).isnan() and gradient(nanmean, x).isnan().all()
        assert nanmedian(x).isnan()
        torch.testing.assert_close(
            gradient(nanmedian, x), torch.full_like(x, 1 / n)
        )
for cotangent in (inf, nan):  # and what the 0 becomes
    for f in (nansum, nanmean, nan_to_num, nanmedian):
        x = torch.tensor([1.0, nan, 3.0], requires_grad=True)
        y = f(x)
        (g,) = torch.autograd.grad(y, x, torch.full_like(y, cotangent))
        assert g[1] == 0 if f is nanmedian else g[1].isnan()
        _, pull = torch.func.vjp(f, x.detach())
        assert pull(torch.full_like(y, cotangent))[0][1].isnan()
tie = gradient(nanmedian, torch.tensor([2.0, 2.0, 3.0, nan]))
assert tie.tolist() == [0.5, 0.5, 0, 0]
for x in ([2.0, 2.0, 3.0, nan], [nan, nan, nan]):  # with dim to one of them
    g = gradient(lambda x: x.nanmedian(0).values, torch.tensor(x))
    assert sorted(g.tolist())[-2:] == [0, 1] and g[2:].sum() == 0

# --8<-- [start:infinite]
x = torch.tensor([1.0, torch.nan, torch.inf, -torch.inf])
print(nan_to_num(x), gradient(nan_to_num, x))
print(nan_to_num(x.half()), nan_to_num(x.half()).square().sum())
# --8<-- [end:infinite]
for dtype in dtypes:
    x = nan_to_num(torch.tensor([inf, inf, -inf], dtype=dtype))
    assert (x * x).isinf().all()

# --8<-- [start:forward]
from torch.func import jvp

x = torch.tensor([4.0, 0.0])
for name, f in {
    "nansum    ": lambda x: nansum(x / x),
    "nan_to_num": lambda x: nan_to_num(x / x).sum(),
}.items():
    _, tangent = jvp(f, (x,), (torch.ones(2),))
    print(name, "forward", tangent.item(), "reverse", gradient(f, x).tolist())
# --8<-- [end:forward]
for dtype in dtypes:
    one = torch.ones(3, dtype=dtype)
    x = torch.tensor([4.0, 0.0, -0.0], dtype=dtype)
    assert jvp(lambda x: nansum(x / x), (x,), (one,))[1].isfinite()
    assert jvp(lambda x: nan_to_num(x / x).sum(), (x,), (one,))[1].isnan()

# --8<-- [start:errors]
for f, x in (
    (nanmean, torch.ones(2, dtype=torch.long)),
    (nansum, torch.ones(2, dtype=torch.complex64)),
    (nanmean, torch.ones(2, dtype=torch.complex64)),
):
    try:
        f(x)
    except RuntimeError as error:
        print("RuntimeError:", error)
# --8<-- [end:errors]

# --8<-- [start:complex]
z = torch.tensor([complex(torch.nan, 1), 3 + 4j], requires_grad=True)
print(nan_to_num(z.detach()))
try:
    nan_to_num(z).abs().sum().backward()
    print(z.grad)
except RuntimeError as error:
    print("RuntimeError:", error)
# --8<-- [end:complex]
if z.grad is not None:  # from 2.15 on
    assert z.grad[0] == 0
    (g,) = torch.autograd.grad(nan_to_num(z).imag.sum(), z)
    assert g.tolist() == [0, 1j]
