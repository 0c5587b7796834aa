# --8<-- [start:run]
import torch
from torch.nn.functional import cross_entropy, nll_loss, softmax

x = torch.tensor([[0.0, 0, 0], [2, 0, 0], [0, 0, 9]])
t = torch.tensor([0, 0, -100])  # the last row is ignored
for reduction in ("none", "sum", "mean"):
    leaf = x.clone().requires_grad_()
    loss = cross_entropy(leaf, t, reduction=reduction)
    (g,) = torch.autograd.grad(loss.sum(), leaf)
    print(reduction, loss.detach(), "class 0:", g[:, 0])
# --8<-- [end:run]
rows = cross_entropy(x, t, reduction="none")
assert torch.isclose(cross_entropy(x, t), rows.sum() / 2)
assert torch.isclose(rows.mean(), rows.sum() / 3)
assert g[2].tolist() == [0, 0, 0]
torch.testing.assert_close(g[:2], (softmax(x, 1) - torch.eye(3)[0])[:2] / 2)

# --8<-- [start:weighted]
w = torch.tensor([1.0, 3.0, 1.0])
t = torch.tensor([0, 1, -100])
leaf = x.clone().requires_grad_()
loss = cross_entropy(leaf, t, weight=w)
(g,) = torch.autograd.grad(loss, leaf)
print("mean", round(loss.item(), 4), "class 0:", g[:, 0])
# --8<-- [end:weighted]
each = cross_entropy(x, t, reduction="none")  # without weights
by_hand = (1 * each[0] + 3 * each[1]) / (1 + 3)
torch.testing.assert_close(loss.detach(), by_hand)
expected = w[[0, 1], None] * (softmax(x[:2], 1) - torch.eye(3)[:2]) / 4
torch.testing.assert_close(g[:2], expected)

# --8<-- [start:micro]
torch.manual_seed(0)
x = torch.randn(8, 3, requires_grad=True)
t = torch.tensor([0, 1, 2, 0, 2, -100, -100, -100])  # three of padding
(whole,) = torch.autograd.grad(cross_entropy(x, t), x)

losses = [cross_entropy(x[i : i + 4], t[i : i + 4]) / 2 for i in (0, 4)]
(parts,) = torch.autograd.grad(sum(losses), x)
ratio = (parts / whole)[:5]
print("mean of means / mean:", [round(r, 3) for r in ratio[:, 0].tolist()])
# --8<-- [end:micro]
expected = torch.tensor([5 / 8] * 4 + [5 / 2])
torch.testing.assert_close(ratio[:, 0], expected)

# --8<-- [start:micro-fix]
count = (t != -100).sum()  # of the whole batch, before the first backward
losses = [
    cross_entropy(x[i : i + 4], t[i : i + 4], reduction="sum") / count
    for i in (0, 4)
]
(parts,) = torch.autograd.grad(sum(losses), x)
print("same as the whole:", torch.allclose(parts, whole))
# --8<-- [end:micro-fix]
torch.testing.assert_close(parts, whole)
w = torch.tensor([1.0, 3.0, 0.5])
(whole,) = torch.autograd.grad(cross_entropy(x, t, w), x)
total = w[t[t != -100]].sum()
losses = [
    cross_entropy(x[i : i + 4], t[i : i + 4], w, reduction="sum") / total
    for i in (0, 4)
]
torch.testing.assert_close(torch.autograd.grad(sum(losses), x)[0], whole)

# --8<-- [start:trap]
inf, nan = float("inf"), float("nan")
leaf = torch.tensor([[0.0, 0, 0], [1, 2, nan]], requires_grad=True)
for t in (torch.tensor([-100, -100]), torch.tensor([0, -100])):
    loss = cross_entropy(leaf, t)
    (g,) = torch.autograd.grad(loss, leaf)
    print("loss", round(loss.item(), 4), "padding:", g[1].tolist())
# --8<-- [end:trap]
assert g[1].isnan().all()


# --8<-- [start:fix]
def safe_cross_entropy(x, t, weight=None, ignore_index=-100):
    """What is ignored, or has weight 0, is not read. At least float32.

    x is (C,), (N, C) or (N, C, ...), and t holds indices.
    """
    assert not t.is_floating_point(), "no probabilities"
    kept = t.long() != ignore_index
    t = torch.where(kept, t, 0).long()
    w = kept if weight is None else torch.where(kept, weight[t[None]][0], 0)
    x = torch.where((w != 0).unsqueeze(min(1, x.dim() - 1)), x, 0)
    wide = torch.promote_types(x.dtype, torch.float32)  # half sums overflow
    losses = w * cross_entropy(x.to(wide), t, reduction="none")
    total = w.sum(dtype=wide)
    return losses.sum() / torch.where(total == 0, 1, total)  # 0, not NaN


for t in (torch.tensor([-100, -100]), torch.tensor([0, -100])):
    loss = safe_cross_entropy(leaf, t)
    (g,) = torch.autograd.grad(loss, leaf)
    print("loss", round(loss.item(), 4), "padding:", g[1].tolist())
# --8<-- [end:fix]
assert loss.isfinite() and g.isfinite().all()
assert g[1].tolist() == [0, 0, 0]
nothing = safe_cross_entropy(leaf, torch.tensor([-100, -100]))
(g,) = torch.autograd.grad(nothing, leaf)
assert nothing == 0 and (g == 0).all()
# claim: With class indices and finite logits, where cross_entropy is finite,
#   value and gradient are the same;
uneven = torch.tensor([1.0, 3.0, 0.0]).double()
for shape in ((3,), (7, 3), (2, 3, 4), (2, 3, 4, 5), (2, 3, 2, 2, 2)):
    for w in (None, uneven, uneven.float(), uneven - 1.4):
        for padding in (-100, 255, 1):
            x = torch.randn(shape, dtype=getattr(w, "dtype", None))
            x.requires_grad_()
            t = torch.randint(2, shape[:1] + shape[2:] if x.dim() > 1 else ())
            if x.dim() > 1:
                t.view(-1)[1::3] = padding
            options = {"weight": w, "ignore_index": padding}
            pair = [
                f(x, t, **options) for f in (safe_cross_entropy, cross_entropy)
            ]
            if not pair[1].isfinite():  # all were of class 1
                assert pair[0] == 0
                continue
            mine, its = (torch.autograd.grad(out, x)[0] for out in pair)
            torch.testing.assert_close(*pair)
            torch.testing.assert_close(mine, its)
assert torch.autograd.gradcheck(
    lambda x: safe_cross_entropy(x, torch.tensor([0, -100, 2, 1]), uneven),
    torch.randn(4, 3).double().requires_grad_(),
)
for absent in (inf, nan):  # 1 / count, of a class without rows
    few = torch.randn(2, 3), torch.tensor([1, -100])
    w = torch.tensor([absent, 3, 1])
    pair = [f(*few, weight=w) for f in (safe_cross_entropy, cross_entropy)]
    torch.testing.assert_close(*pair)
t, bad = torch.tensor([0, -100, 1, 2]), torch.randn(4, 3)
bad[1], bad[3] = nan, -inf  # ignored, and of weight 0
rows = torch.func.vmap(torch.func.grad(safe_cross_entropy), (0, 0, None))(
    bad, t, uneven.float()
)
assert rows.isfinite().all() and not rows[[1, 3]].any()
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    loss = safe_cross_entropy(bad.to(dtype), t, uneven.to(dtype))
    torch.testing.assert_close(
        loss.float(),
        cross_entropy(bad[[0, 2]], t[[0, 2]], uneven.float()),
        atol=0.02,
        rtol=0,
    )
    many = torch.zeros(70_000, 2, dtype=dtype)
    loss = safe_cross_entropy(many, torch.zeros(70_000).long())
    assert abs(loss - 0.693147) < 1e-5
assert safe_cross_entropy(torch.zeros(0, 3), t[:0]) == 0
try:
    safe_cross_entropy(torch.zeros(2, 3), torch.full((2, 3), 1 / 3))
except AssertionError as e:
    assert str(e) == "no probabilities"
else:
    raise AssertionError
assert safe_cross_entropy(bad[0], t[:1]) == safe_cross_entropy(bad[0], t[0])
image, mask = torch.randn(2, 3, 4, 5), torch.randint(3, (2, 4, 5))
loss = safe_cross_entropy(image, mask.byte())  # a mask read from a PNG
torch.testing.assert_close(loss, cross_entropy(image, mask))
many, t = torch.randn(2, 200), torch.tensor([156, 1])  # 156 is -100 in uint8
torch.testing.assert_close(
    safe_cross_entropy(many, t.byte()), cross_entropy(many, t.byte())
)

# --8<-- [start:weights]
w = torch.tensor([1.0, 1.0, 0.0])
leaf = torch.zeros(2, 3, requires_grad=True)
t = torch.tensor([2, 2])  # both of weight 0
for loss in (cross_entropy, safe_cross_entropy):
    (g,) = torch.autograd.grad(loss(leaf, t, weight=w), leaf)
    print(f"{loss.__name__:18}", (g + 0)[0])
# --8<-- [end:weights]
assert not g.any()
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    x = torch.randn(4, 3).to(dtype).requires_grad_()
    for t in (torch.tensor([2, 2, 2, 2]), torch.tensor([2, -100, 2, -100])):
        loss = cross_entropy(x, t, weight=w.to(dtype))
        (g,) = torch.autograd.grad(loss, x)
        assert loss.isnan() and g[t == 2].isnan().all()
        assert not g[t != 2].any()
x, t = torch.randn(4, 3), torch.tensor([0, 1, 1, 2])
torch.testing.assert_close(
    nll_loss(x.log_softmax(1), t, weight=w), cross_entropy(x, t, weight=w)
)

# --8<-- [start:all-ignored]
x = torch.tensor([[0.0, 0, 0], [2, 0, 0], [0, 0, 9]])
nobody = torch.tensor([-100, -100, -100])
for reduction in ("mean", "sum"):
    leaf = x.clone().requires_grad_()
    loss = cross_entropy(leaf, nobody, reduction=reduction)
    (g,) = torch.autograd.grad(loss, leaf)
    print(f"{reduction:4} {loss.item()}, gradient all 0: {(g == 0).all()}")
_, forward = torch.func.jvp(
    lambda x: cross_entropy(x, nobody), (x,), (torch.ones_like(x),)
)
print("mean in forward mode:", forward.item())
# --8<-- [end:all-ignored]
assert cross_entropy(x, nobody).isnan() and forward.isnan()

# --8<-- [start:parameters]
layer = torch.nn.Linear(3, 3)
optimizer = torch.optim.SGD(layer.parameters(), lr=1.0)
before = layer.weight.detach().clone()
loss = cross_entropy(layer(x), nobody)
loss.backward()
optimizer.step()
same = torch.equal(layer.weight, before)
print("loss", loss.item(), "- layer unchanged by the step:", same)

scale = torch.tensor(1.0, requires_grad=True)  # a weight that is learned
(g,) = torch.autograd.grad(scale * cross_entropy(layer(x), nobody), scale)
print("gradient of a learned scale:", g.item())
# --8<-- [end:parameters]
assert same and g.isnan()
optimizer.zero_grad()
other = layer.weight.square().sum()
(other + cross_entropy(layer(x), nobody)).backward()
torch.testing.assert_close(layer.weight.grad, 2 * layer.weight.detach())
for options in ({"momentum": 0.9}, {"weight_decay": 0.1}):
    optimizer = torch.optim.SGD(layer.parameters(), lr=1.0, **options)
    for target in (torch.tensor([0, 1, 2]), nobody):
        before = layer.weight.detach().clone()
        optimizer.zero_grad()
        cross_entropy(layer(x), target).backward()
        optimizer.step()
    assert not torch.equal(layer.weight, before)
w = torch.tensor([1.0, 1.0, 0.0])
leaf = torch.zeros(2, 3, requires_grad=True)
loss = cross_entropy(leaf, torch.tensor([0, 2]), weight=w)
(g,) = torch.autograd.grad(loss, leaf)
assert loss.isfinite() and g[1].abs().max() == 0
loss = cross_entropy(leaf, torch.tensor([2, 2]), weight=w)
assert loss.isnan()


# --8<-- [start:which]
def error(t, **options):
    try:
        return round(cross_entropy(x, torch.tensor(t), **options).item(), 4)
    except IndexError as e:
        return f"{type(e).__name__}: {e}"


print(error([0, 0, -100]))
print(error([0, 0, 255], ignore_index=255))
print(error([0, 0, -1]))
print(error([0, 0, -100], ignore_index=255))
# --8<-- [end:which]
assert error([0, 0, -100]) == error([0, 0, 255], ignore_index=255)
assert error([0, 0, -100]) == error([0, 0, -1], ignore_index=-1)
# claim: any int64 will do
for value in (-(2**63), 2**63 - 1, -100, -1, 0, 2, 255):
    for shape in ((3,), (4, 3), (4, 3, 5), (2, 3, 4, 5)):
        places = shape[:1] + shape[2:] if len(shape) > 1 else ()
        out = torch.zeros(shape, requires_grad=True)
        loss = cross_entropy(out, torch.full(places, value), None, None, value)
        assert loss.isnan()
        assert not torch.autograd.grad(loss, out)[0].any()

# --8<-- [start:in-range]
leaf = torch.zeros(2, 3, requires_grad=True)
loss = cross_entropy(leaf, torch.tensor([0, 1]), ignore_index=0)
(g,) = torch.autograd.grad(loss, leaf)
print(g)
# --8<-- [end:in-range]
assert g[0].tolist() == [0, 0, 0] and g[1, 0] > 0
w = torch.tensor([0.0, 1.0, 1.0])
loss = cross_entropy(leaf, torch.tensor([0, 1]), weight=w)
assert torch.equal(torch.autograd.grad(loss, leaf)[0], g)

# --8<-- [start:leak]
t = torch.tensor([0, -100])
for row in ([0.0, -inf], [-inf, -inf], [inf, 0.0], [nan, 0.0]):
    leaf = torch.tensor([[0.0, 0.0], row], requires_grad=True)
    loss = cross_entropy(leaf, t)
    (g,) = torch.autograd.grad(loss, leaf)
    print(row, "loss", round(loss.item(), 4), "gradient", g.tolist())
# --8<-- [end:leak]
assert loss.isfinite() and g[0].tolist() == [-0.5, 0.5] and g[1].isnan().all()
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for classes in (2, 3, 17, 33, 1001):
        for place in (0, classes // 2, classes - 1):
            for value in (nan, inf, -inf, torch.finfo(dtype).max):
                x = torch.zeros(2, classes, dtype=dtype)
                x[1, place] = value
                loss = cross_entropy(x.requires_grad_(), t)
                (g,) = torch.autograd.grad(loss, x)
                assert loss.isfinite() and g[0].isfinite().all()
                if value in (-inf, torch.finfo(dtype).max):
                    assert not g[1].any()
                else:
                    assert g[1].isnan().all()

# --8<-- [start:one-row]
row, t = torch.zeros(1, 3), torch.tensor([1])
for w in (None, torch.tensor([1.0, 3.0, 1.0])):
    mean = cross_entropy(row, t, weight=w).item()
    total = cross_entropy(row, t, weight=w, reduction="sum").item()
    print("weights:", w, f"mean {mean:.4f}, sum {total:.4f}")
# --8<-- [end:one-row]
each = cross_entropy(row, t, weight=w, reduction="none")
assert each == 3 * cross_entropy(row, t)


# --8<-- [start:errors]
def refused(w, x, t):
    try:
        cross_entropy(x, t, weight=w)
    except RuntimeError as e:
        print(e)


x, t = torch.zeros(4, 5), torch.tensor([0, 1, 2, 3])
refused(torch.ones(4), x, t)
# --8<-- [end:errors]
mask = torch.zeros(1, 2, 2, dtype=torch.int64)
try:
    cross_entropy(torch.zeros(1, 5, 2, 2), mask, weight=torch.ones(4))
except RuntimeError as e:
    assert "should be defined either for all or no classes" in str(e)
else:
    raise AssertionError

# --8<-- [start:weight-dtype]
refused(torch.ones(5, dtype=torch.float64), x, t)
# --8<-- [end:weight-dtype]
for dtype in (torch.float64, torch.float16, torch.int64):
    try:
        cross_entropy(x, t, torch.ones(5, dtype=dtype))
    except RuntimeError as e:
        assert "expected scalar type Float but found" in str(e)
    else:
        raise AssertionError
    cross_entropy(x, t, torch.ones(5, dtype=dtype).to(x.dtype))

# --8<-- [start:learned]
refused(torch.ones(5, requires_grad=True), x, t)
# --8<-- [end:learned]
w = torch.ones(5, requires_grad=True)
loss = cross_entropy(x, torch.nn.functional.one_hot(t, 5).float(), weight=w)
(g,) = torch.autograd.grad(loss, w)  # with probabilities
torch.testing.assert_close(
    g[:4], torch.full((4,), 5.0).log() / 4
)  # By hand it is 0/0 too.
leaf = torch.zeros(2, 3, requires_grad=True)
picked = -torch.log_softmax(leaf, 1)[:, 0]
w = torch.tensor([0.0, 0.0])
(g,) = torch.autograd.grad((w * picked).sum() / w.sum(), leaf)
assert g.isnan().all()

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
lines = text[text.index("- name: nll_loss_forward(") :].splitlines()
print(lines[1].strip())
# --8<-- [end:source]
