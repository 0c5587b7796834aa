# --8<-- [start:order]
import torch


def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


x = torch.tensor([2.0, 0.0])
bad = x == 0
print("after ", gradient(lambda x: x.log().masked_fill(bad, 0.0), x))
print("before", gradient(lambda x: x.masked_fill(bad, 1.0).log(), x))
# --8<-- [end:order]
nan, inf = float("nan"), float("inf")
torch.manual_seed(0)
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


# --8<-- [start:side]
def assign(t):
    t = t.clone()
    t[bad] = 1.0
    return t


masks = {  # of the bad entry of t
    "where         ": lambda t: torch.where(bad, 1.0, t),
    "masked_fill   ": lambda t: t.masked_fill(bad, 1.0),
    "masked_scatter": lambda t: t.masked_scatter(bad, torch.ones_like(t)),
    "index_put     ": lambda t: t.index_put((bad,), t.new_ones(())),
    "t[bad] = 1    ": assign,
    "masked_select ": lambda t: t.masked_select(~bad),
    "t[~bad]       ": lambda t: t[~bad],
    "t * ~bad + bad": lambda t: t * ~bad + bad,
    "nan_to_num    ": lambda t: t.nan_to_num(1.0, 1.0, 1.0),
    "clamp(1, 3)   ": lambda t: t.clamp(1, 3),
    "detach        ": lambda t: torch.where(bad, t.detach(), t),
}
bad = torch.tensor([False, True])
functions = {
    "log(x)        ": (torch.log, torch.tensor([2.0, 0.0])),
    "(x - 1) ** 2  ": (lambda x: (x - 1) ** 2, torch.tensor([3.0, torch.nan])),
}


def measure(first, then, x):
    g = gradient(lambda x: then(first(x)), x)[1].item() + 0.0
    return f"{then(first(x)).sum().item():6.2g} {g:5.0f}"


print(" " * 19, "mask after     mask before")
for name, (f, x) in functions.items():
    print(name, "    value  grad     value  grad")
    for label, mask in masks.items():
        print(label, "  ", measure(f, mask, x), "  ", measure(mask, f, x))
# --8<-- [end:side]
# After the operation none of them stops the NaN, before it the first seven do.
for f, x in functions.values():
    for dtype in dtypes:
        for at in ("0.0", "-0.0") if f is torch.log else ("nan", "inf"):
            for label, mask in masks.items():
                x = torch.tensor([2.0, float(at)], dtype=dtype)
                late = gradient(lambda x, f=f, m=mask: m(f(x)), x)
                early = gradient(lambda x, f=f, m=mask: f(m(x)), x)
                assert late[1].isnan()
                if list(masks).index(label) < 7:
                    assert early[1] == 0 and early[0].isfinite()
                    assert f(mask(x)).isfinite().all()

# --8<-- [start:times]
from torch.nn.functional import mse_loss

target = torch.tensor([1.0, torch.nan])
keep = ~target.isnan()
y = torch.tensor([3.0, 3.0], requires_grad=True)
each = mse_loss(y, target, reduction="none")
for name, loss in {
    "times the mask ": (each * keep).sum(),
    "picked too late": each[keep].sum(),
}.items():
    (g,) = torch.autograd.grad(loss, y, retain_graph=True)
    print(name, loss.item(), g.tolist())
    assert g[1].isnan()
# --8<-- [end:times]
assert loss == 4 and (each * keep).sum().isnan()

# --8<-- [start:fix-times]
for name, loss in {
    "picked before": mse_loss(y[keep], target[keep], reduction="sum"),
    "filled before": mse_loss(
        y, torch.where(keep, target, y.detach()), reduction="sum"
    ),
}.items():
    (g,) = torch.autograd.grad(loss, y)
    print(name, loss.item(), g.tolist())
    assert loss == 4 and g.tolist() == [4, 0]
# --8<-- [end:fix-times]
for entry in (nan, inf):  # a prediction that is not finite
    y = torch.tensor([3.0, entry], requires_grad=True)
    filled = torch.where(keep, target, y.detach())
    assert mse_loss(y, filled).isnan()
    loss = mse_loss(y[keep], target[keep])
    assert torch.autograd.grad(loss, y)[0].tolist() == [4, 0]
y = torch.tensor([3.0, 3.0], requires_grad=True)
loss = mse_loss(y[keep & False], target[keep & False])  # no known target
assert loss.isnan()
assert torch.autograd.grad(loss, y)[0].tolist() == [0, 0]
# a mean divides by all entries
assert mse_loss(y, torch.where(keep, target, y.detach())) == 4 / len(y)

# --8<-- [start:layer]
linear = torch.nn.Linear(2, 1)
data = torch.tensor([[1.0, 2.0], [torch.nan, 3.0]])  # one row is missing
seen = torch.tensor([True, False])

output = linear(data)[:, 0]
output.masked_fill(~seen, 0.0).sum().backward()
print("after the layer ", linear.weight.grad)

linear.zero_grad()
output = linear(data.masked_fill(~seen[:, None], 0.0))[:, 0]
output.masked_fill(~seen, 0.0).sum().backward()
print("before the layer", linear.weight.grad)
# --8<-- [end:layer]
assert linear.weight.grad.tolist() == [[1, 2]]
assert linear.bias.grad == 1

# --8<-- [start:assign]
x = torch.tensor([2.0, 0.0, -1.0], requires_grad=True)
good = x > 0

y = x.log()
y[~good] = 0.0  # too late
print("log, then assign", *torch.autograd.grad(y.sum(), x))

y = torch.zeros_like(x)
y[good] = x[good].log()  # the logarithm sees the good entries alone
print("assign the log  ", *torch.autograd.grad(y.sum(), x))
# --8<-- [end:assign]
assert torch.autograd.grad(x[good].log().sum(), x)[0].tolist() == [0.5, 0, 0]

# --8<-- [start:select]
x = torch.tensor([4.0, torch.nan])
fills = {  # the bad entry becomes 0, where the root has the slope inf
    "where      ": lambda x: torch.where(bad, 0.0, x),
    "masked_fill": lambda x: x.masked_fill(bad, 0.0),
    "index_put  ": lambda x: x.index_put((bad,), torch.zeros(())),
    "nan_to_num ": lambda x: x.nan_to_num(0.0),
}
for name, fill in fills.items():

    def root(x, fill=fill):
        return fill(x).sqrt()

    print(name, gradient(root, x))
x = torch.tensor([4.0, 9.0])
print("x * ~bad   ", gradient(lambda x: (x * ~bad).sqrt(), x))
# --8<-- [end:select]
bad = torch.tensor([False, True])
for label, mask in masks.items():
    for cotangent in (nan, inf):
        for entry in (nan, inf) if "nan" in label else (nan, inf, -5.0, 9.0):
            x = torch.tensor([2.0, entry], requires_grad=True)
            y = mask(x)
            v = torch.tensor([1.0, cotangent])[: len(y)]
            (g,) = torch.autograd.grad(y, x, v)
            multiplies = "bad + bad" in label or "nan" in label
            assert g[1].isnan() if multiplies else g[1] == 0, label
            assert g[0] == 1
x = torch.tensor([2.0, nan], requires_grad=True)  # tensors as bounds
(g,) = torch.autograd.grad(x.clamp(torch.tensor(1.0), None).sum(), x)
assert g.tolist() == [1, torch.__version__ >= "2.14"]
# A product with a mask keeps a NaN
for entry in (nan, inf, -inf):
    for dtype in dtypes:
        assert (torch.tensor(entry, dtype=dtype) * False).isnan()
for name, fill in fills.items():
    for dtype in dtypes:
        x = torch.tensor([4.0, nan], dtype=dtype)
        if "put" in name:
            x = x.float()  # index_put wants one dtype
        g = gradient(lambda x, fill=fill: fill(x).sqrt(), x)
        assert g[1].isnan() if "num" in name else g[1] == 0

w = torch.tensor(1.3, requires_grad=True)  # between the mask and the root
for number in (0.0, 1.0):
    filled = torch.tensor([4.0, nan]).masked_fill(bad, number)
    root = torch.where(bad, 0.0, (w * filled).sqrt())
    (g,) = torch.autograd.grad(root.sum(), w)
    assert g.isnan() if number == 0 else g.isfinite()
# nor in a second pass
for number in (0.0, 1.0):
    x = torch.tensor([4.0, 9.0], requires_grad=True)
    y = x * x.masked_fill(bad, number).sqrt()
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    assert g.isfinite().all()
    (g,) = torch.autograd.grad(g.sum(), x)
    assert g[1].isnan() if number == 0 else g[1] == 0
# in forward mode it may not
for number in (0.0, 1.0):
    _, tangent = torch.func.jvp(
        lambda x, number=number: x.masked_fill(bad, number).sqrt(),
        (torch.tensor([4.0, nan]),),
        (torch.ones(2),),
    )
    assert tangent[1].isnan() if number == 0 else tangent[1] == 0

# --8<-- [start:vmap]
from torch.func import vmap

x = torch.tensor([[2.0, 0.0], [0.0, 3.0]])
print(vmap(lambda x: x.masked_fill(x == 0, 1.0).log())(x).tolist())
for f in (lambda x: x[x > 0], lambda x: x.masked_select(x > 0)):
    try:
        vmap(f)(x)
    except RuntimeError as error:
        print("RuntimeError:", str(error).partition(". ")[0])
# --8<-- [end:vmap]
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # masked_scatter has no batching rule
    for f in (
        lambda x: torch.where(x == 0, 1.0, x),
        lambda x: x.masked_scatter(x == 0, torch.ones_like(x)),
    ):
        assert vmap(f)(x).tolist() == [[2, 1], [1, 3]]


def put_at(x, c=1.0):
    x = x.clone()
    x[x == 0] = c
    return x


refused = [lambda x: x.index_put((x == 0,), x.new_ones(()))]
for size in ((), (1,)):  # a tensor, and not a number
    refused.append(lambda x, s=size: put_at(x, torch.ones(s)))
if torch.__version__.startswith(("2.13", "2.14")):
    refused.append(put_at)
else:
    assert vmap(put_at)(x).tolist() == [[2, 1], [1, 3]]
for f in refused:
    try:
        vmap(f)(x)
    except RuntimeError as error:
        assert "dynamic shape" in str(error)
    else:
        raise AssertionError("not refused")
one = torch.tensor([True, False])  # one mask for all rows


def put_one(x):
    x = x.clone()
    x[one] = 1.0
    return x


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for f in (
        lambda x: x[one],
        lambda x: x.masked_select(one),
        lambda x: x.masked_fill(one, 1.0),
        lambda x: x.masked_scatter(one, torch.ones_like(x)),
        lambda x: x.index_put((one,), x.new_ones(())),
        put_one,
    ):
        assert torch.equal(vmap(f)(x), torch.stack([f(row) for row in x]))

# --8<-- [start:twice]
value = torch.tensor([5.0, 7.0], requires_grad=True)
index = torch.tensor([0, 0])  # the same place for both
y = torch.zeros(3).index_put((index,), value)
print("written ", y.tolist())
print("gradient", *torch.autograd.grad(y.sum(), value))
# --8<-- [end:twice]
assert y.tolist() == [7, 0, 0]

# --8<-- [start:twice-fix]
order = torch.arange(len(index))
last = torch.zeros(3, dtype=torch.long).index_put((index,), order)
wins = last[index] == order  # one writer for each place
y = torch.zeros(3).index_put((index[wins],), value[wins])
print("written ", y.tolist())
print("gradient", *torch.autograd.grad(y.sum(), value))
# --8<-- [end:twice-fix]
(g,) = torch.autograd.grad(
    torch.zeros(3).index_put((index[wins],), value[wins]).sum(), value
)
assert g.sum() == 1 and y.sum() == value[wins].sum()

# --8<-- [start:errors]
x = torch.ones(2)
ones = torch.tensor([1, 0])
for f in (
    lambda: x.masked_fill(ones, 0.0),
    lambda: x.masked_select(ones),
    lambda: x.half().masked_fill(bad, -1e9),
    lambda: x.masked_fill(bad, torch.zeros(2)),
    lambda: x.masked_scatter(torch.tensor([True, True]), torch.ones(1)),
    lambda: x[torch.tensor([True, False, True])],
):
    try:
        f()
    except (RuntimeError, IndexError) as error:
        print(f"{type(error).__name__}: {error}")
print(x[ones])  # integers are positions: entries 1 and 0
# --8<-- [end:errors]
# as an index int32 and int64 are positions, and floats raise
for dtype in (torch.int32, torch.int64):
    assert torch.tensor([3.0, 4.0])[ones.to(dtype)].tolist() == [4, 3]
for low in (-torch.inf, torch.finfo(torch.float16).min):
    assert x.half().masked_fill(bad, low)[1] == low

# --8<-- [start:masked]
import warnings

from torch.masked import as_masked_tensor

x = torch.tensor([0.0, 4.0], requires_grad=True)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    as_masked_tensor(x, x > 0).sqrt().sum().backward()
print(str(caught[0].message).partition(" and ")[0])
print(x.grad, x.grad.to_tensor(0.0))
# --8<-- [end:masked]
warnings.simplefilter("ignore")  # each call of as_masked_tensor warns
assert x.grad.get_data()[0] == inf
for optimizer, raised in (
    (torch.optim.SGD, ValueError),
    (torch.optim.Adam, TypeError),
):
    try:
        optimizer([x]).step()
    except raised as error:
        said = "len(kwargs) must equal 0" if raised is ValueError else "aten"
        assert said in str(error)
    else:
        raise AssertionError("not refused")
for dtype in (torch.float64, torch.float32, torch.float16):
    for n in (1, 3, 17, 33, 1001):
        for entry in (0.0, -0.0, -0.7, -inf, nan):
            entries = (torch.rand(n) + 0.1).to(dtype)
            entries[n // 2] = entry
            good = torch.arange(n) != n // 2
            want = (0.5 * entries.rsqrt()).masked_fill(~good, 0)
            for f in (
                lambda x, good=good: as_masked_tensor(x, good).sqrt(),
                lambda x, good=good: as_masked_tensor(x.sqrt(), good),
            ):
                g = gradient(f, entries)
                assert torch.equal(g.get_mask(), good)
                plain = g.to_tensor(0.0)
                assert type(plain) is torch.Tensor
                torch.testing.assert_close(plain, want)
x = torch.tensor([0.0, 4.0], requires_grad=True)  # plain on the way
x.register_hook(lambda g: g.to_tensor(0.0))
for total in (0.25, 0.5):
    as_masked_tensor(x, x > 0).sqrt().sum().backward()
    assert type(x.grad) is torch.Tensor and x.grad.tolist() == [0, total]
layer = torch.nn.Linear(2, 2)
with torch.no_grad():
    layer.weight.copy_(torch.tensor([[1.3, 1.3], [-1.0, -1.0]]))
    layer.bias.zero_()
for hook in (True, False):
    layer.zero_grad()
    h = layer(torch.ones(3, 2))
    if hook:
        h.register_hook(lambda g: g.to_tensor(0.0))
    try:
        as_masked_tensor(h, h > 0).sqrt().sum().backward()
    except TypeError:
        assert not hook
    else:
        assert hook and layer.weight.grad.isfinite().all()
        assert (layer.weight.grad[1] == 0).all() and layer.bias.grad[1] == 0
some = torch.tensor([False, True])
for f in (
    lambda x: as_masked_tensor(x, some).relu().sum(),
    lambda x: torch.nn.functional.mse_loss(as_masked_tensor(x, some), x),
):
    try:
        f(torch.tensor([0.0, 4.0]))
    except (TypeError, RuntimeError):
        pass
    else:
        raise AssertionError("not refused")
