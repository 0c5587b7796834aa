# --8<-- [start:run]
import torch
from torch.nn.functional import cosine_embedding_loss, cosine_similarity


def loss_and_gradient(a, b, y, dtype=torch.float32, **options):
    """Loss, and the gradient of the first vector."""
    a = torch.tensor(a, dtype=dtype, requires_grad=True)
    b, y = torch.tensor(b, dtype=dtype), torch.tensor(y)
    loss = cosine_embedding_loss(a, b, y, **options)
    (g,) = torch.autograd.grad(loss, a)
    return round(loss.item(), 3), [round(e + 0, 3) for e in g.tolist()]


zero, b = [0.0, 0.0], [3.0, 4.0]
print(*loss_and_gradient(zero, b, 1.0))
# --8<-- [end:run]
loss, da = loss_and_gradient(zero, b, 1.0)
torch.testing.assert_close(torch.tensor(da), torch.tensor([-6e5, -8e5]))
assert loss == 1
for length, size in (1.0, 1e6), (1e-3, 1e6), (1e-6, 1e6 / 2**0.5), (0.0, 0):
    loss, da = loss_and_gradient(zero, [0.0, length], 1.0)
    torch.testing.assert_close(torch.tensor(da), torch.tensor([0.0, -size]))
    assert loss == 1
# The clamp inside changed between 2.13 and 2.14; see "Where it changed".
old = torch.__version__.startswith("2.13")

# --8<-- [start:trap-zero]
a = torch.tensor([[0.0, 0.0], [1.0, 0.0]], requires_grad=True)
other = torch.tensor([[3.0, 4.0], [3.0, 4.0]])
y = torch.ones(2)
loss = cosine_embedding_loss(a, other, y)
(g,) = torch.autograd.grad(loss, a)
print("after a step of 0.1:", (a - 0.1 * g)[0].detach())
# --8<-- [end:trap-zero]
assert (a - 0.1 * g)[0].norm() > 4e4


# --8<-- [start:fix-zero]
def cosine_loss(a, b, y, **options):
    """The mean over pairs in which no vector is shorter than 1e-3, or 0."""
    wide = torch.promote_types(a.dtype, torch.float32)
    a, b = a.to(wide), b.to(wide)
    short = (a.detach().norm(dim=-1) < 1e-3) | (b.detach().norm(dim=-1) < 1e-3)
    a, b = (torch.where(short[..., None], 1, v) for v in (a, b))
    loss = cosine_embedding_loss(a, b, y, reduction="none", **options)
    return torch.where(short, 0, loss).sum() / (~short).sum().clamp(min=1)


(g,) = torch.autograd.grad(cosine_loss(a, other, y), a)
print(g)
# --8<-- [end:fix-zero]
assert g.norm() < 1 and not g[0].any()
none = torch.zeros(2, 2, requires_grad=True)
loss = cosine_loss(none, other, y)
assert loss == 0 and not torch.autograd.grad(loss, none)[0].any()
torch.manual_seed(0)
rows, others = torch.randn(5, 3), torch.randn(5, 3)
signs = torch.tensor([1.0, -1, 1, -1, 1])
torch.testing.assert_close(
    cosine_loss(rows, others, signs),
    cosine_embedding_loss(rows, others, signs),
)
torch.testing.assert_close(
    cosine_loss(rows, others, signs, margin=0.2),
    cosine_embedding_loss(rows, others, signs, margin=0.2),
)
tower = torch.tensor([[0.0, 0.0], [3.0, 4.0]], requires_grad=True)
for half in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
    loss = cosine_loss(other.to(half), tower.to(half), y)
    (g,) = torch.autograd.grad(loss, tower)
    assert loss.abs() < 1e-6 and not g[0].any()
bad = torch.tensor([[torch.nan, 0.0], [3.0, 4.0]])
assert cosine_loss(bad, other, y).isnan()  # not hidden
alone = torch.func.vmap(cosine_loss)(rows, others, signs)
torch.testing.assert_close(
    alone, cosine_embedding_loss(rows, others, signs, reduction="none")
)
near = torch.tensor([[1.1e-3, 0.0]], requires_grad=True)
(g,) = torch.autograd.grad(cosine_loss(near, other[:1], y[:1]), near)
assert 700 < g.norm() < 1000

# --8<-- [start:trap-half]
torch.manual_seed(0)
x = torch.randn(8, 512).half().requires_grad_()
near = (x + 0.1 * torch.randn(8, 512)).half().detach()
loss = cosine_embedding_loss(x, near, torch.ones(8))
(g,) = torch.autograd.grad(loss, x)
print("float16: loss", loss.item(), "gradient 0:", not g.any().item())
# --8<-- [end:trap-half]
assert loss == 1 and not g.any()

# --8<-- [start:fix-half]
loss = cosine_embedding_loss(x.float(), near.float(), torch.ones(8))
(g,) = torch.autograd.grad(loss, x)
print(f"float32: loss {loss.item():.3f}", "gradient 0:", not g.any().item())
# --8<-- [end:fix-half]
assert 0 < loss < 0.01 and g.any()

# --8<-- [start:tiny]
for size in (1.0, 1e-3, 1e-6, 1e-9, 0.0):
    loss, g = loss_and_gradient([size, 0.0], b, 1.0, torch.float64)
    length = torch.tensor(g, dtype=torch.float64).norm().item()
    print(f"length {size:5}: loss {loss:.3f}, gradient {length:9.1f}")
# --8<-- [end:tiny]
assert abs(length - 1e6) < 1

# Figure: Size of the gradient against the length of the vector, both on
# logarithmic axes. Both curves rise as one over the length; that of
# cosine_embedding_loss levels off at 10 to the 6, that of cosine_similarity at
# 10 to the 8.
# --8<-- [start:picture]
import matplotlib.pyplot as plt

lengths = torch.logspace(-10, 0, 41, dtype=torch.float64)
a = torch.stack([lengths, 0 * lengths], 1).requires_grad_()
other = torch.tensor([b], dtype=torch.float64)
loss = cosine_embedding_loss(a, other.expand(41, 2), torch.ones(41))
(mine,) = torch.autograd.grad(41 * loss, a)
(theirs,) = torch.autograd.grad(cosine_similarity(a, other).sum(), a)

plt.subplots()
plt.loglog(lengths, mine.norm(dim=1), label="cosine_embedding_loss")
plt.loglog(lengths, theirs.norm(dim=1), "--", label="cosine_similarity")
plt.xlabel("length of the vector")
plt.ylabel("size of its gradient")
plt.xticks([1e-8, 1e-6, 1e-3, 1])
plt.yticks([1, 1e3, 1e6, 1e8])
plt.legend()
plt.show()
# --8<-- [end:picture]
assert abs(mine.norm(dim=1).max() - 1e6) < 1
assert 0.5e8 < theirs.norm(dim=1).max() < 1.5e8

# --8<-- [start:zero-negative]
right = [1.0, 0.0], [0.0, 1.0]
print("zero vector, y=-1:", *loss_and_gradient(zero, b, -1.0))
print("orthogonal,  y=-1:", *loss_and_gradient(*right, -1.0))
print("with margin=0.5:  ", *loss_and_gradient(*right, -1.0, margin=0.5))
print("two zero vectors: ", *loss_and_gradient(zero, zero, 1.0))
# --8<-- [end:zero-negative]
for margin in (-0.5, -0.001):
    loss, da = loss_and_gradient(zero, b, -1.0, margin=margin)
    torch.testing.assert_close(torch.tensor(da), torch.tensor([6e5, 8e5]))
# claim: With y = −1 and the default margin, 0, vectors of length 0.25 to 255
#   whose cosine comes out as 0 get the gradient 0.
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for size in (2, 3, 17, 512):
        for scale in (0.25, 1.0, 3.0, 20.0, 255.0):
            for factor in (0.25, 255.0, scale):
                a, b = torch.eye(size, dtype=dtype)[:2]
                a = (scale * a).requires_grad_()
                loss = cosine_embedding_loss(a, factor * b, torch.tensor(-1))
                (g,) = torch.autograd.grad(loss, a)
                assert loss == 0 and (old or not g.any())
                assert not old or scale * factor > 255 or g.any()
torch.manual_seed(0)
lost = 0
for trial in range(200):  # orthogonal, but for rounding
    a, c = torch.randint(-2000, 2000, (2, 3)).float()
    c = torch.linalg.cross(a, c).requires_grad_()
    loss = cosine_embedding_loss(c, a, torch.tensor(-1))
    (g,) = torch.autograd.grad(loss, c)
    assert g.any() if loss > 0 else old or not g.any()
    lost += (loss > 0).item()
assert lost
b = [3.0, 4.0]

# --8<-- [start:large]
unit = torch.tensor([0.6, 0.8])
for dtype, *lengths in (
    (torch.float16, 0.0, 0.001, 0.012, 0.014, 15.5, 16, 255, 256),
    (torch.bfloat16, 0.001, 300),
    (torch.float32, 0.001, 4.29e9, 4.3e9, 1.84e19, 1.85e19),
):
    for length in lengths:
        a = (length * unit).to(dtype)
        loss = cosine_embedding_loss(a, a, torch.tensor(1))
        print(f"{dtype}, length {length:g}: loss {loss.item():.3f}")
# --8<-- [end:large]
# claim: In float16 and with y = 1 two equal vectors of length 17 to 255 have
#   the loss 1 and the gradient 0, from 257 on NaN, and below about 0.013 −inf
#   or NaN.
one = torch.tensor(1)
torch.manual_seed(0)
random = [torch.randn(size) for size in (2, 3, 64, 512, 4096)]
random = [v / v.norm() for v in random]
full = torch.full((512,), 512**-0.5)
for u in (torch.tensor([1.0, 0]), unit, full, *random):
    for length in (17, 20, 100, 255):
        a = (length * u).half().requires_grad_()
        loss = cosine_embedding_loss(a, a.detach(), one)
        assert loss == 1 and not torch.autograd.grad(loss, a)[0].any()
    for length in (257, 300, 1000, 30000):
        a = (length * u).half().requires_grad_()
        loss = cosine_embedding_loss(a, a.detach(), one)
        assert loss.isnan() and torch.autograd.grad(loss, a)[0].isnan().any()
    for length in (0.001, 0.005, 0.0125):
        a = (length * u).half().requires_grad_()
        loss = cosine_embedding_loss(a, a.detach(), one)
        assert not loss.isfinite()  # -inf, or NaN if a·b is 0 too
        assert torch.autograd.grad(loss, a)[0].isnan().any()
    for length in (0.014, 0.02, 0.03, 0.04, 0.05, 0.052, 0.054, 0.06, 0.1):
        for target in (one, -one):
            a = (length * u).half().requires_grad_()
            loss = cosine_embedding_loss(a, a.detach(), target)
            (g,) = torch.autograd.grad(loss, a)
            assert loss.isfinite()
            assert g.isfinite().all() == (length > 0.053)
with torch.autocast("cpu", dtype=torch.float16):
    a = (20 * unit).half()
    assert cosine_embedding_loss(a, a, one) == 0

# --8<-- [start:targets]
a = torch.tensor([[1.0, 0.0]] * 2, requires_grad=True)
for target in ([1, -1], [1, 0]):
    target = torch.tensor(target)
    loss = cosine_embedding_loss(a, other, target, reduction="none")
    (g,) = torch.autograd.grad(loss.sum(), a)
    rows = [[round(e + 0, 3) for e in row] for row in g.tolist()]
    print(target.tolist(), [round(v, 3) for v in loss.tolist()], rows)
# --8<-- [end:targets]
assert loss[1] == 0 and rows[1] == [0, 0]
flags = cosine_embedding_loss(
    a, other, torch.tensor([True, False]), reduction="none"
)
assert torch.equal(flags, loss)
# claim: In float16 a zero vector gets NaN with each target.
for target in (1, -1, 0):
    for margin in (0.0, 0.5, -0.5):
        x = torch.zeros(2).half().requires_grad_()
        loss = cosine_embedding_loss(
            x, other[0].half(), torch.tensor(target), margin
        )
        assert torch.autograd.grad(loss, x)[0].isnan().all()
        assert loss == 0 if target == 0 else loss.isnan()
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for u in (unit, unit.flip(0), full, *random):
        for length in (0.1, 1, 16, 255):
            for w in (u, -u, u.roll(1)):
                x = (length * u).to(dtype).requires_grad_()
                for scale in (0.1, 255):
                    loss = cosine_embedding_loss(
                        x, (scale * w).to(dtype), torch.tensor(0)
                    )
                    assert loss == 0
                    assert not torch.autograd.grad(loss, x)[0].any()
pairs = torch.zeros(32, 2, requires_grad=True)  # a mean over N pairs
loss = cosine_embedding_loss(pairs, other[:1].expand(32, 2), torch.ones(32))
(g,) = torch.autograd.grad(loss, pairs)
torch.testing.assert_close(g.norm(dim=1), torch.full((32,), 1e6 / 32))
assert loss_and_gradient(zero, zero, 1.0) == (1, [0, 0])

# --8<-- [start:nan]
nan, inf = float("nan"), float("inf")
for bad in (nan, inf):
    print(*loss_and_gradient([bad, 0.0], b, 1.0))
x = torch.zeros(0, 3)
for reduction in ("none", "sum", "mean"):
    loss = cosine_embedding_loss(x, x, x[:, 0], reduction=reduction)
    print("empty batch,", reduction, loss.tolist())
# --8<-- [end:nan]
assert loss.isnan()
for bad in (nan, inf, -inf):
    for target in (1.0, -1.0):
        loss, da = loss_and_gradient([bad, 0.0], b, target)
        assert loss != loss and all(entry != entry for entry in da)


# --8<-- [start:column]
def attempt(*inputs):
    try:
        cosine_embedding_loss(*inputs)
    except RuntimeError as error:
        print(error)


x = torch.zeros(2, 3)
attempt(x, x, torch.ones(2, 1))
# --8<-- [end:column]

# --8<-- [start:scalar]
attempt(x, x, torch.tensor(1))
# --8<-- [end:scalar]

# --8<-- [start:one]
attempt(x[0], x[0], torch.ones(2))
# --8<-- [end:one]

# --8<-- [start:size]
attempt(x, x, torch.ones(3))
# --8<-- [end:size]

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
print("has a line:", "- name: cosine_embedding_loss(" in text)
a = torch.ones(2, requires_grad=True)
loss = cosine_embedding_loss(a, a.detach(), torch.tensor(-1))
nodes = [loss.grad_fn]
for node in nodes:  # it grows
    nodes += [n for n, _ in node.next_functions if n is not None]
names = [node.name() for node in nodes]
print(*names[: names.index("ClampMinBackward0") + 2])
# --8<-- [end:source]
assert "ClampMinBackward0" in names
