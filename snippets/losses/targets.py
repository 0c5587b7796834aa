# --8<-- [start:run]
import torch
from torch.nn.functional import cross_entropy, one_hot, softmax


def value_and_gradient(x, t, **options):
    x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    loss = cross_entropy(x, t, **options)
    (g,) = torch.autograd.grad(loss, x)
    return loss.item() + 0, [round(v, 4) + 0 for v in g.tolist()]


logits = torch.tensor([0.5, 0.25, 0.25]).double().log().tolist()
index = torch.tensor(0)
certain = torch.tensor([1.0, 0, 0], dtype=torch.float64)
soft = torch.tensor([0.7, 0.2, 0.1], dtype=torch.float64)
for name, t, options in (
    ("index 0           ", index, {}),
    ("probabilities 1 0 0", certain, {}),
    ("probabilities soft", soft, {}),
    ("label_smoothing   ", index, {"label_smoothing": 0.1}),
):
    loss, g = value_and_gradient(logits, t, **options)
    print(f"{name:19} loss {loss:.4f}", g)
# --8<-- [end:run]
assert value_and_gradient([3.0, 1, 0], index) == value_and_gradient(
    [3.0, 1, 0], certain
)
assert value_and_gradient(logits, soft)[1] == [-0.2, 0.05, 0.15]

torch.manual_seed(0)
for shape in (3,), (4, 3), (2, 3, 4, 5):
    d = min(1, len(shape) - 1)
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    p = torch.rand(shape, dtype=torch.float64, requires_grad=True)  # any sum
    loss = cross_entropy(x, p)
    dx, dp = torch.autograd.grad(loss, (x, p))

    rows = x.numel() // shape[d]
    assert rows == {1: 1, 2: 4, 4: 40}[len(shape)]  # 1, N, N H W
    s = p.sum(d, keepdim=True)
    torch.testing.assert_close(dx, (x.softmax(d) * s - p) / rows)
    torch.testing.assert_close(dp, -x.log_softmax(d) / rows)

# --8<-- [start:one-logit]
x = torch.tensor([[2.0], [-1.0], [0.5]], requires_grad=True)  # one logit each
y = torch.tensor([[1.0], [0.0], [1.0]])
loss = cross_entropy(x, y)
(g,) = torch.autograd.grad(loss, x)
print("(3, 1):", loss.item() + 0, g.flatten().tolist())

flat = x.squeeze(1)
loss = cross_entropy(flat, y.squeeze(1))
(g,) = torch.autograd.grad(loss, flat)
print("(3,)  :", round(loss.item(), 4), [round(v, 4) for v in g.tolist()])
# --8<-- [end:one-logit]
torch.testing.assert_close(g, 2 * flat.softmax(0) - y.squeeze(1))

# --8<-- [start:one-logit-fix]
from torch.nn.functional import binary_cross_entropy_with_logits as bce

loss = bce(flat, y.squeeze(1))
(g,) = torch.autograd.grad(loss, flat)
print("bce        ", round(loss.item(), 4), g)

two = torch.stack([torch.zeros(3), flat], 1)  # logits of "no" and "yes"
loss = cross_entropy(two, y.squeeze(1).long())
(g2,) = torch.autograd.grad(loss, flat)
print("two classes", round(loss.item(), 4), g2)
# --8<-- [end:one-logit-fix]
# claim: with a 0 beside it they are the same.
for dtype in (torch.float64, torch.float32):
    row = torch.cat([30 * torch.randn(33), torch.tensor([0.0, 1e3, -1e3])])
    row = row.to(dtype).requires_grad_()
    labels = torch.randint(2, row.shape)
    pairs = torch.stack([torch.zeros_like(row), row], 1)
    for kind in ("none", "sum", "mean"):
        a = bce(row, labels.to(dtype), reduction=kind)
        b = cross_entropy(pairs, labels, reduction=kind)
        torch.testing.assert_close(a, b)
        (da,) = torch.autograd.grad(a.sum(), row)
        (db,) = torch.autograd.grad(b.sum(), row, retain_graph=True)
        torch.testing.assert_close(da, db)
torch.testing.assert_close(g, g2)
torch.testing.assert_close(g, (flat.sigmoid() - y.squeeze(1)) / 3)

# --8<-- [start:multi-hot]
labels = torch.tensor([[1.0, 1.0, 0.0]])  # two labels are true


def descend(loss_of, steps=200):
    x = torch.zeros(1, 3, requires_grad=True)
    for _ in range(steps):
        (g,) = torch.autograd.grad(loss_of(x, labels), x)
        x = (x - 10 * g).detach().requires_grad_()
    return x


x = descend(cross_entropy)
print("softmax", [round(v, 2) for v in x.softmax(1)[0].tolist()])
# --8<-- [end:multi-hot]
torch.testing.assert_close(
    x.softmax(1)[0, :2], torch.full((2,), 0.5), atol=1e-3, rtol=0
)

# --8<-- [start:multi-hot-fix]
x = descend(bce)
print("sigmoid", [round(v, 2) for v in x.sigmoid()[0].tolist()])
# --8<-- [end:multi-hot-fix]
torch.testing.assert_close(x.sigmoid(), labels, atol=0.01, rtol=0)

# --8<-- [start:weights]
w = torch.tensor([1.0, 2.0, 4.0])
x = torch.tensor([[1.0, 0, 0], [0, 0, 2]])
t = torch.tensor([0, 2])
hot = one_hot(t, 3).float()
for reduction in ("sum", "mean"):
    a = cross_entropy(x, t, weight=w, reduction=reduction)
    b = cross_entropy(x, hot, weight=w, reduction=reduction)
    print(f"{reduction:4} indices {a:.4f}, one-hot {b:.4f}")
# --8<-- [end:weights]
torch.testing.assert_close(a * w[t].sum(), b * 2)

# --8<-- [start:weights-fix]
total = cross_entropy(x, hot, weight=w, reduction="sum")
row_weights = hot.movedim(1, -1) @ w  # of (N, C) or (N, C, ...)
print(f"{total / row_weights.sum():.4f}")
# --8<-- [end:weights-fix]
torch.testing.assert_close(total / row_weights.sum(), a)
for shape in (7,), (2, 3), (2, 4, 5):
    torch.manual_seed(0)
    places = torch.randint(3, shape)
    hot_places = one_hot(places, 3).movedim(-1, 1).float()
    wide = torch.randn(hot_places.shape)
    total = cross_entropy(wide, hot_places, weight=w, reduction="sum")
    torch.testing.assert_close(
        total / (hot_places.movedim(1, -1) @ w).sum(),
        cross_entropy(wide, places, weight=w),
    )

# --8<-- [start:minus-inf]
inf = float("inf")
x = torch.tensor([2.0, 0.0, -inf], requires_grad=True)  # one is masked
hot = torch.tensor([1.0, 0.0, 0.0])
t = torch.tensor(0)
print("index          ", round(cross_entropy(x, t).item(), 4))
print("one-hot        ", cross_entropy(x, hot).item())
print("label_smoothing", cross_entropy(x, t, label_smoothing=0.1).item())
# --8<-- [end:minus-inf]
assert cross_entropy(x, hot).isnan()
assert cross_entropy(x, torch.tensor([0.5, 0.0, 0.5])).isposinf()
for out in (
    cross_entropy(x, hot),
    cross_entropy(x, t, label_smoothing=0.1),
    cross_entropy(x, hot, label_smoothing=0.1),
):
    assert (
        not out.isfinite() and torch.autograd.grad(out, x)[0].isfinite().all()
    )


# --8<-- [start:minus-inf-fix]
def masked_cross_entropy(x, p, allowed, smoothing=0.0):
    """Of the classes that are allowed; p has no share outside of them."""
    d = min(1, x.dim() - 1)  # of the classes
    allowed = allowed.expand_as(x)
    x = x.masked_fill(~allowed, torch.finfo(x.dtype).min / 2)
    even = allowed.to(x.dtype) / allowed.sum(d, keepdim=True)
    q = (1 - smoothing) * p + smoothing * even
    return cross_entropy(x, q)


allowed = torch.tensor([True, True, False])
for smoothing in (0.0, 0.1):
    loss = masked_cross_entropy(x, hot, allowed, smoothing)
    (g,) = torch.autograd.grad(loss, x)
    print(smoothing, "loss", round(loss.item(), 4), g)
# --8<-- [end:minus-inf-fix]
for smoothing in (0.0, 0.1):
    two = x.detach()[:2].requires_grad_()
    loss = masked_cross_entropy(x, hot, allowed, smoothing)
    few = cross_entropy(two, t, label_smoothing=smoothing)
    torch.testing.assert_close(loss, few)
    (g,) = torch.autograd.grad(loss, x)
    torch.testing.assert_close(g[:2], torch.autograd.grad(few, two)[0])
    assert g[2] == 0
    for kind in (torch.bool, torch.int64, torch.float16, torch.float64):
        same = masked_cross_entropy(x, hot.to(kind), allowed, smoothing)
        torch.testing.assert_close(same.float(), loss, atol=1e-3, rtol=0)
torch.manual_seed(0)
rows, shares = torch.randn(2, 3, 4), torch.rand(2, 3, 4)
for few in (allowed[:, None], allowed[None, :, None]):
    kept = few.expand(2, 3, 4)
    for smoothing in (0.0, 0.1):
        a, b = (
            masked_cross_entropy(rows, shares * few, mask, smoothing)
            for mask in (few, kept)
        )
        assert torch.equal(a, b) and a.isfinite()
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    batch = torch.randn(4, 3, 2).to(dtype)
    mask = torch.ones(4, 3, 2, dtype=torch.bool)
    mask[0, 2, 1] = mask[3, 0] = False
    batch.masked_fill_(~mask, -inf).requires_grad_()
    p = mask / mask.sum(1, keepdim=True)
    loss = masked_cross_entropy(batch, p.to(dtype), mask, 0.1)
    (g,) = torch.autograd.grad(loss, batch)
    assert loss.isfinite() and g.isfinite().all() and not g[~mask].any()
    if dtype == torch.float64:
        by_hand = (batch.softmax(1) - p) / 8
        torch.testing.assert_close(g, by_hand)
        flat = [v.movedim(1, 2).flatten(0, 1) for v in (batch, p, mask)]
        each = torch.func.vmap(masked_cross_entropy)(*flat)
        loss = masked_cross_entropy(batch, p, mask)
        torch.testing.assert_close(each.mean(), loss)
assert torch.autograd.gradcheck(
    lambda v: masked_cross_entropy(v, hot.double(), allowed, 0.1),
    torch.randn(3).double().requires_grad_(),
)

# --8<-- [start:any-sum]
for p in ([1.0, 0, 0], [2.0, 0, 0], [1.0, 1, 0], [0.0, 0, 0], [2.0, -1, 0]):
    loss, g = value_and_gradient(
        [1.0, 0, 0], torch.tensor(p, dtype=torch.float64)
    )
    print(p, f"loss {loss:.4f}", g)
# --8<-- [end:any-sum]
for p in torch.randn(5, 3, dtype=torch.float64):
    (loss, g), (two, g2) = (
        value_and_gradient([1.0, 0, 0], k * p) for k in (1, 2)
    )
    assert abs(two - 2 * loss) < 1e-9
    torch.testing.assert_close(
        torch.tensor(g2), 2 * torch.tensor(g), atol=2e-4, rtol=0
    )
signed = torch.tensor([2.0, -1, 0], dtype=torch.float64)
assert value_and_gradient([0.0, 0, 0], signed)[0] > 0

# --8<-- [start:saturated]
for smoothing in (0.0, 0.1):
    for row in ([10.0, 0, 0], [1000.0, 0, 0]):
        loss, g = value_and_gradient(row, index, label_smoothing=smoothing)
        print(f"{smoothing}, lead {row[0]:4.0f}, loss {loss:7.4f}", g)
# --8<-- [end:saturated]
assert value_and_gradient([1000.0, 0, 0], index) == (0, [0, 0, 0])
# claim: the right logit gets varepsilon,frac{C-1}{C} and every other
#   -frac{varepsilon}{C}
for dtype in (torch.float64, torch.float32):
    for classes in (2, 3, 17, 1001):
        for smoothing in (0.05, 0.3, 1.0):
            x = torch.zeros(classes, dtype=dtype)
            x[1] = 1000
            out = cross_entropy(
                x.requires_grad_(), torch.tensor(1), label_smoothing=smoothing
            )
            (g,) = torch.autograd.grad(out, x)
            expected = torch.full_like(x, -smoothing / classes)
            expected[1] = smoothing * (classes - 1) / classes
            torch.testing.assert_close(g, expected)

# Figure: Gradient of the right class's logit against its lead, from −4 to 12.
# Without smoothing it rises from −0.99 toward 0 and stays below. With 0.1 it
# rises from −0.92, crosses 0 at 3.33 and goes to 0.067.
# --8<-- [start:lead]
import matplotlib.pyplot as plt

lead = torch.linspace(-4, 12, 65, dtype=torch.float64)
curves = {}
for smoothing in (0.0, 0.1):
    x = torch.stack([lead, 0 * lead, 0 * lead], 1).requires_grad_()
    loss = cross_entropy(
        x,
        torch.zeros(65, dtype=torch.int64),
        label_smoothing=smoothing,
        reduction="sum",
    )
    curves[smoothing] = torch.autograd.grad(loss, x)[0][:, 0]

fig, ax = plt.subplots()
for smoothing, g in curves.items():
    ax.plot(lead, g, label=f"label_smoothing={smoothing}")
ax.axhline(0, color="k", linewidth=1)
ax.set(xlabel="lead of the right logit over two others", ylabel="its gradient")
ax.legend()
plt.show()

q = torch.tensor([0.9 + 0.1 / 3, 0.1 / 3, 0.1 / 3], dtype=torch.float64)
best = (q[0] / q[1]).log().item()
loss, g = value_and_gradient([best, 0.0, 0.0], index, label_smoothing=0.1)
print(f"lead {best:.4f}: loss {loss:.4f}", g)
# --8<-- [end:lead]
assert abs(loss + (q * q.log()).sum()) < 1e-9  # the entropy of q
assert (curves[0.0] < 0).all() and f"{curves[0.0][0]:.2f}" == "-0.99"
assert [f"{curves[0.1][k]:.3f}" for k in (0, -1)] == ["-0.924", "0.067"]
assert f"{best:.2f}" == "3.33"
assert value_and_gradient([best, 0.0, 0.0], index, label_smoothing=0.1)[1] == [
    0,
    0,
    0,
]

# --8<-- [start:target-gradient]
x = torch.tensor([2.0, 0, 0], requires_grad=True)
p = torch.tensor([0.8, 0.1, 0.1], requires_grad=True)
dx, dp = torch.autograd.grad(cross_entropy(x, p), (x, p))
print("student", dx)
print("teacher", dp)
# --8<-- [end:target-gradient]
torch.testing.assert_close(dp, -x.log_softmax(0))
far = torch.tensor([1e3, 0.0, 0.0])  # the first one stays
(dp,) = torch.autograd.grad(cross_entropy(far, p), p)
assert dp.tolist() == [0, 1000, 1000]

# label smoothing is a target of probabilities
torch.manual_seed(0)
x, t = torch.randn(4, 3, dtype=torch.float64), torch.tensor([0, 1, 2, 0])
hot = one_hot(t, 3).double()
both = cross_entropy(x, hot, label_smoothing=0.1)
torch.testing.assert_close(both, cross_entropy(x, 0.9 * hot + 0.1 / 3))
torch.testing.assert_close(both, cross_entropy(x, t, label_smoothing=0.1))

# --8<-- [start:smoothing-half]
x = torch.zeros(1, 10_000).half().requires_grad_()
zero = torch.tensor([0])
for way in (x, x.float()):
    loss = cross_entropy(way, zero, label_smoothing=0.1)
    (g,) = torch.autograd.grad(loss, x)
    print(way.dtype, f"loss {loss:.4f}, gradient {g[0, 0]:.4f}")
# --8<-- [end:smoothing-half]
assert cross_entropy(x, zero, label_smoothing=0.1).isinf()
assert cross_entropy(x, zero).isfinite()
sure = one_hot(zero, 10_000).half()
assert cross_entropy(x, sure, label_smoothing=0.1).isfinite()
torch.testing.assert_close(loss, torch.tensor(1e4).log())
hidden = torch.randn(3, 10_000).half().requires_grad_()
ways = [
    cross_entropy(v, torch.tensor([0, 1, 2]), label_smoothing=0.1)
    for v in (hidden, hidden.float())
]
assert ways[0].isinf() and ways[1].isfinite()
a, b = (torch.autograd.grad(v, hidden)[0] for v in ways)
torch.testing.assert_close(a, b, atol=1e-6, rtol=0.01)

# --8<-- [start:smoothing-weights]
w = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)
x = torch.tensor([[1.0, 0, 0], [0, 0, 2]]).double().requires_grad_()
t, ignored = torch.tensor([0, 2]), torch.tensor([0, -100])

loss = cross_entropy(x, t, weight=w, label_smoothing=0.3)
(g,) = torch.autograd.grad(loss, x)
q = (0.7 * one_hot(t, 3) + 0.1) * w  # every share has its own weight
by_hand = (softmax(x, 1) * q.sum(1, keepdim=True) - q) / w[t].sum()
torch.testing.assert_close(g, by_hand)

out = cross_entropy(x, ignored, weight=w, label_smoothing=0.3)
(g,) = torch.autograd.grad(out, x)
print("second row ignored:", g[1].tolist())
# --8<-- [end:smoothing-weights]
assert g[1].tolist() == [0, 0, 0]
for row in ([-inf, 0.0, 1.0], [inf, 0, 1], [float("nan"), 0, 1], 3 * [-inf]):
    spoiled = torch.tensor([[1.0, 0, 0], row], requires_grad=True)
    for smoothing in (0.0, 0.3):
        left = cross_entropy(spoiled, ignored, label_smoothing=smoothing)
        (g,) = torch.autograd.grad(left, spoiled)
        kept = row == [-inf, 0.0, 1.0]
        assert not g[1].any() if kept else g[1].isnan().all()
torch.testing.assert_close(loss, -(q * x.log_softmax(1)).sum() / w[t].sum())
torch.testing.assert_close(
    out, cross_entropy(x[:1], t[:1], weight=w, label_smoothing=0.3)
)


# --8<-- [start:dtype]
def error(x, t, **options):
    try:
        return round(cross_entropy(x, t, **options).item(), 4)
    except (RuntimeError, ValueError, IndexError) as e:
        return f"{type(e).__name__}: {e}"


x, t = torch.zeros(4, 3), torch.tensor([0, 1, 2, 0])
hot = one_hot(t, 3)
print("(4, 3) int64  ", error(x, hot))
print("(4, 3) float32", error(x, hot.float()))
print("(4,)   int64  ", error(x, t))
print("(4,)   float32", error(x, t.float()))
print("(4, 1) float32", error(x, t[:, None].float()))
# --8<-- [end:dtype]
labels = torch.tensor([1, 0, 1])  # one logit, and indices
assert "out of bounds" in error(torch.zeros(3, 1), labels)
assert "Expected floating point type" in error(torch.zeros(3), labels)
assert error(torch.zeros(3, 1), labels[:, None].float()) == 0
assert error(x, hot[:, :2].float()) == error(x, t[:, None].float())
assert error(x, hot.float()) == error(x, t) == 1.0986
assert "Expected floating point type" in error(x, hot)
for dtype in (torch.bool, torch.uint8, torch.int32, torch.int64):
    assert "Expected floating point type" in error(x, hot.to(dtype))
for dtype in (torch.float16, torch.bfloat16, torch.float64):
    assert error(x, hot.to(dtype)) == 1.0986

# --8<-- [start:ignored]
p = hot.float()
print("ignore_index=0 :", error(x, p, ignore_index=0))
print("ignore_index=-1:", error(x, p, ignore_index=-1))
# --8<-- [end:ignored]
# claim: It is refused from 0 on, and disregarded below 0.
for index in (0, 1, 2, 3, 255, 2**63 - 1):
    assert "is not supported" in error(x, p, ignore_index=index)
for index in (-1, -2, -100, -(2**63)):
    assert error(x, p, ignore_index=index) == error(x, p)

# --8<-- [start:smoothing]
print("1.5 :", error(x, t, label_smoothing=1.5))
print("-0.5:", error(x, t, label_smoothing=-0.5))
# --8<-- [end:smoothing]
some = torch.randn(4, 3)
for target in (t, p):
    for smoothing in (-0.5, -1e-9, -inf, float("nan")):
        assert error(some, target, label_smoothing=smoothing) == error(
            some, target
        )
    for smoothing in (1.0001, 1.5, inf):
        assert "must be between" in error(
            some, target, label_smoothing=smoothing
        )
