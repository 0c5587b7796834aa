# --8<-- [start:none]
import torch
from torch.nn.functional import one_hot

x = torch.tensor([0.5, 3.0, 2.0], requires_grad=True)
bounds = torch.tensor([0.0, 1.0, 2.0])
for name, y in (
    ("argmax", x.argmax()),
    ("argsort", x.argsort()),
    ("max(0).indices", x.max(0).indices),
    ("topk(2).indices", x.topk(2).indices),
    ("searchsorted", torch.searchsorted(bounds, x)),
    ("bucketize", torch.bucketize(x, bounds)),
    ("one_hot", one_hot(x.argmax())),
    ("long", x.long()),
    ("count_nonzero", x.count_nonzero()),
):
    print(f"{name:15} {y.tolist()!s:10} {y.requires_grad}")
    assert y.dtype == torch.int64 and not y.requires_grad
# --8<-- [end:none]

# --8<-- [start:error]
try:
    loss = (x.argmax() - 2.0) ** 2
    loss.backward()
except RuntimeError as error:
    no_graph = str(error)
    print(no_graph)
# --8<-- [end:error]
assert no_graph == (
    "element 0 of tensors does not require grad and does not have a grad_fn"
)

# --8<-- [start:trap]
x = torch.tensor([0.5, 3.0, 2.0], requires_grad=True)
for step in range(100):
    position = (x.argmax() - 2.0) ** 2  # the largest should be entry 2
    loss = position + 0.125 * (x**2).sum()
    (g,) = torch.autograd.grad(loss, x)
    x = (x - 0.25 * g).detach().requires_grad_()
print("argmax", x.argmax().item(), "first term", position.item())
# --8<-- [end:trap]
assert x.argmax() == 1 and position == 1


# --8<-- [start:soft]
def soft_argmax(x, sharp=1.0):
    """The mean index under softmax(sharp * x), for sharp > 0."""
    p = torch.softmax(sharp * x, dim=-1)
    return (p * torch.arange(x.shape[-1]).to(p)).sum(-1)


x = torch.tensor([0.5, 3.0, 2.0], dtype=torch.float64, requires_grad=True)
for sharp in (1.0, 4.0):
    mean = soft_argmax(x, sharp)
    (g,) = torch.autograd.grad(mean, x)
    print(sharp, round(mean.item(), 3), [round(v, 3) + 0 for v in g.tolist()])
    p = torch.softmax(sharp * x.detach(), 0)
    wanted = sharp * p * (torch.arange(3) - mean.detach())
    torch.testing.assert_close(g, wanted)
# --8<-- [end:soft]
assert torch.autograd.gradcheck(soft_argmax, x)
torch.manual_seed(0)
batch = torch.randn(2, 3, 5, dtype=torch.float64, requires_grad=True)
assert torch.autograd.gradcheck(soft_argmax, batch)
assert torch.autograd.gradgradcheck(soft_argmax, batch)
for dtype in (torch.float32, torch.bfloat16, torch.float16):
    peak = torch.zeros(2, 200, dtype=dtype)
    peak[:, 150] = 99
    assert soft_argmax(peak).tolist() == [150, 150]
wide = torch.zeros(2, 640)
wide[:, 601] = 99
assert soft_argmax(wide.half()).tolist() == [601, 601]
assert soft_argmax(wide.bfloat16()).tolist() == [600, 600]  # 601 is none
with torch.autocast("cpu", dtype=torch.bfloat16):  # @ would round
    assert soft_argmax(wide).tolist() == [601, 601]
for size, dtype in (257, torch.bfloat16), (2049, torch.float16):
    for index, exact in (size - 1, True), (size, False):
        wide = torch.zeros(size + 1, dtype=dtype)
        wide[index] = 99
        assert (soft_argmax(wide).item() == index) == exact

# --8<-- [start:fix]
for step in range(100):
    loss = (soft_argmax(x) - 2.0) ** 2 + 0.125 * (x**2).sum()
    (g,) = torch.autograd.grad(loss, x)
    x = (x - 0.25 * g).detach().requires_grad_()
print("argmax", x.argmax().item())
# --8<-- [end:fix]
assert x.argmax() == 2


# --8<-- [start:bucket]
def soft_bucket(x, bounds):
    """bucketize with a fraction, for two or more bounds that rise."""
    i = torch.bucketize(x.detach(), bounds).clamp(1, len(bounds) - 1)
    j = i.flatten()  # vmap does not index with a tensor without dimensions
    low, high = bounds[j - 1].view_as(x), bounds[j].view_as(x)
    return i - 1 + (x - low) / (high - low)


bounds = torch.tensor([0.0, 1.0, 5.0])
x = torch.tensor([0.25, 2.0, 4.0], requires_grad=True)
y = soft_bucket(x, bounds)
(g,) = torch.autograd.grad(y.sum(), x)
print(torch.bucketize(x, bounds).tolist(), y.tolist(), g.tolist())
# --8<-- [end:bucket]
assert y.tolist() == [0.25, 1.25, 1.75] and g.tolist() == [1, 0.25, 0.25]
outside = torch.tensor([-1.0, 7, torch.nan])
assert soft_bucket(outside, bounds)[:2].tolist() == [-1, 2.5]
leaf = outside[:2].clone().requires_grad_()
(steep,) = torch.autograd.grad(soft_bucket(leaf, bounds).sum(), leaf)
assert steep.tolist() == [1, 0.25]  # of the nearest interval
assert soft_bucket(outside, bounds)[2].isnan()
assert soft_bucket(bounds, bounds).tolist() == [0, 1, 2]
for dtype in (torch.float64, torch.bfloat16, torch.float16):
    y = soft_bucket(torch.tensor([[0.25, 2.0]], dtype=dtype), bounds.to(dtype))
    assert y.tolist() == [[0.25, 1.25]] and y.dtype == dtype
batch = (5 * torch.rand(3, 4)).double().requires_grad_()
assert torch.autograd.gradcheck(lambda x: soft_bucket(x, bounds), batch)
assert soft_bucket(torch.zeros(0), bounds).shape == (0,)
each = torch.func.vmap(torch.func.grad(lambda x: soft_bucket(x, bounds)))
assert torch.equal(each(torch.tensor([0.25, 2, 4])), g)
rise = bounds.double().requires_grad_()
assert torch.autograd.gradcheck(soft_bucket, (batch, rise))
assert soft_bucket(torch.tensor(0.5), bounds) == 0.5

# --8<-- [start:cast]
x = torch.tensor([1.75, -1.75], requires_grad=True)
whole = x.long()  # the graph ends
kept = x.trunc()  # the same numbers, gradient 0
passed = x + (x.trunc() - x).detach()  # the same numbers, gradient 1
print(whole.tolist(), kept.tolist(), passed.tolist())
(zero,) = torch.autograd.grad(kept.sum(), x)
(one,) = torch.autograd.grad(passed.sum(), x)
print(zero.tolist(), one.tolist())
# --8<-- [end:cast]
assert zero.tolist() == [0, 0] and one.tolist() == [1, 1]
assert whole.tolist() == kept.tolist() == passed.tolist()
# claim: Between −2⁶³ and 2⁶³ trunc gives the numbers of long() as floats.
for dtype in (torch.float32, torch.float64):
    for size in (1e-3, 1.0, 1e3, 1e9, 9.2e18):
        v = size * (2 * torch.rand(33, dtype=dtype) - 1)
        assert torch.equal(v.trunc(), v.long().to(dtype))
    beyond = torch.tensor([1e20, -1e20], dtype=dtype)
    assert (beyond.trunc() != beyond.long().to(dtype)).all()
# claim: every integer cast has requires_grad=False.
for size in (0, 1, 33):
    for (
        kind
    ) in "int8 uint8 int16 int32 int64 uint16 uint32 uint64 bool".split():
        v = torch.rand(size, requires_grad=True)
        for cast in (v.to, v.type):
            assert not cast(getattr(torch, kind)).requires_grad
    for name in "long int short char byte bool".split():
        assert not getattr(v, name)().requires_grad
for f in (torch.argmax, torch.argmin, torch.argsort):
    assert not f(v).requires_grad

# --8<-- [start:not-back]
n = x.long()
for name, attempt in (
    ("float()", lambda: n.float().sum().backward()),
    ("requires_grad_()", lambda: n.requires_grad_()),
    ("tensor()", lambda: torch.tensor([0, 3], requires_grad=True)),
):
    try:
        attempt()
    except RuntimeError as error:
        message = str(error)
        print(f"{name:16} {message}")
# --8<-- [end:not-back]
assert message.startswith("Only Tensors of floating point and complex dtype")

# --8<-- [start:one-hot-float]
try:
    one_hot(torch.tensor([0.0, 2.0], requires_grad=True))
except RuntimeError as error:
    float_index = str(error)
    print(float_index)
# --8<-- [end:one-hot-float]
assert "LongTensor" in float_index
for kind in torch.int32, torch.uint8, torch.bool:
    try:
        one_hot(torch.tensor([0, 1], dtype=kind))
        raise AssertionError
    except RuntimeError as error:
        assert str(error) == float_index

# --8<-- [start:histc]
x = torch.tensor([0.5, 3.0, 2.0], requires_grad=True)
counts = torch.histc(x, bins=4, min=0.0, max=4.0)
print(counts, counts.requires_grad)
try:
    torch.unique(x).sum().backward()
except NotImplementedError as error:
    unique_error = str(error)
    print(unique_error)
# --8<-- [end:histc]
assert counts.dtype == torch.float32 and not counts.requires_grad
assert unique_error == "the derivative for '_unique2' is not implemented."

# --8<-- [start:value]
x = torch.tensor([0.5, 3.0, 2.0], requires_grad=True)
by_index = x[x.argmax()]
(g,) = torch.autograd.grad(by_index, x)
print(by_index.item(), g.tolist())

in_order = x.gather(0, x.argsort())  # x.sort().values
weights = torch.tensor([1.0, 10.0, 100.0])
(g,) = torch.autograd.grad(in_order @ weights, x)
print(in_order.tolist(), g.tolist())
# --8<-- [end:value]
assert g.tolist() == [1, 100, 10]
for shape in ((), (5,), (3, 4), (2, 3, 4)):
    x = torch.randn(shape, requires_grad=True)
    value = x.take(x.argmax())
    (g,) = torch.autograd.grad(value, x)
    assert value == x.max() and torch.equal(g == 1, x == x.max())
    assert g.sum() == 1
