# --8<-- [start:run]
import torch
from torch.nn.functional import (
    cosine_embedding_loss,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)


def gradients(loss, *inputs, **options):
    """Loss and gradients, rounded; one row, no batch dimension."""
    leaves = [torch.tensor(i, requires_grad=True) for i in inputs]
    out = loss(*leaves, **options)
    grads = torch.autograd.grad(out, leaves)
    return out.item(), [[round(e + 0, 3) for e in g.tolist()] for g in grads]


zero, b = [0.0, 0.0], [3.0, 4.0]
same, different = torch.tensor(1.0), torch.tensor(-1.0)
print("cosine:", *gradients(cosine_embedding_loss, zero, b, target=same))

anchor, positive, negative = zero, zero, [0.3, 0.4]
triplet = gradients(triplet_margin_loss, anchor, positive, negative)
for name, g in zip(("anchor", "positive", "negative"), triplet[1]):
    print(f"triplet: {name:8}", g)
# --8<-- [end:run]
loss, (da, db) = gradients(cosine_embedding_loss, zero, b, target=same)
assert loss == 1 and db == [0, 0]
torch.testing.assert_close(torch.tensor(da), torch.tensor([-6e5, -8e5]))
assert triplet[1][1] == [-0.707, -0.707]
# The clamp inside changed between 2.13 and 2.14; see "Where it changed".
old = torch.__version__.startswith("2.13")

# --8<-- [start:trap-sqrt]
anchor = torch.tensor([[1.0, 2.0], [0.0, 0.0]], requires_grad=True)
positive = torch.tensor([[1.0, 2.0], [0.5, 0.0]])  # the first is a duplicate
negative = torch.tensor([[9.0, 9.0], [0.0, 1.0]])


def by_hand(x, y):
    return (x - y).square().sum(-1).sqrt()


loss = triplet_margin_with_distance_loss(
    anchor, positive, negative, distance_function=by_hand
)
(g,) = torch.autograd.grad(loss, anchor)
print(loss.item(), g.tolist())
# --8<-- [end:trap-sqrt]
assert loss == 0.25 and g[0].isnan().all()


# --8<-- [start:fix-sqrt]
def distance(x, y):
    return torch.linalg.vector_norm(x - y, dim=-1)


loss = triplet_margin_with_distance_loss(
    anchor, positive, negative, distance_function=distance
)
(g,) = torch.autograd.grad(loss, anchor)
print(loss.item(), (g + 0).tolist())
# --8<-- [end:fix-sqrt]
assert g.tolist() == [[0, 0], [-0.5, 0.5]]

# --8<-- [start:trap-collapse]
from torch.linalg import vector_norm
from torch.nn.functional import cosine_similarity

distances = {
    "default": None,
    "vector_norm": lambda x, y: vector_norm(x - y, dim=-1),
    "squared": lambda x, y: (x - y).square().sum(-1),
    "sqrt of squares": lambda x, y: (x - y).square().sum(-1).sqrt(),
    "1 - cosine": lambda x, y: 1 - cosine_similarity(x, y, dim=-1),
}


def train(start, distance, steps=200):
    """A linear embedding of two classes, three inputs to four outputs."""
    torch.manual_seed(0)
    centres = torch.randn(2, 3)
    a, p, n = centres[[0, 0, 1]][:, None] + 0.1 * torch.randn(3, 64, 3)
    w = (start * torch.randn(3, 4)).requires_grad_()
    for step in range(steps):
        loss = triplet_margin_with_distance_loss(
            a @ w, p @ w, n @ w, distance_function=distance
        )
        (g,) = torch.autograd.grad(loss, w)
        w = (w - 0.1 * g).detach().requires_grad_()
    return round(loss.item(), 3)


ends = {}
for name in ("vector_norm", "squared", "1 - cosine"):
    ends[name] = train(0.0, distances[name])
    print(f"{name + ',':12} w = 0:", ends[name])
# --8<-- [end:trap-collapse]
assert ends["vector_norm"] == ends["squared"] == 1

# --8<-- [start:fix-collapse]
small, pushed = train(0.01, distance), train(0.0, None)
print("vector_norm, small random w:", small)
print("default (eps), w = 0:       ", pushed)
# --8<-- [end:fix-collapse]
assert small < 0.1 and pushed < 0.1

# --8<-- [start:trap-half]
torch.manual_seed(0)
a = torch.randn(8, 512).half().requires_grad_()
b = (a + 0.1 * torch.randn(8, 512)).half().detach()
loss = cosine_embedding_loss(a, b, torch.ones(8))
(g,) = torch.autograd.grad(loss, a)
print("float16: loss", loss.item(), "gradient 0:", not g.any().item())
# --8<-- [end:trap-half]
assert loss == 1 and not g.any()

# --8<-- [start:fix-half]
loss = cosine_embedding_loss(a.float(), b.float(), torch.ones(8))
(g,) = torch.autograd.grad(loss, a)
print(f"float32: loss {loss.item():.3f}", "gradient 0:", not g.any().item())
# --8<-- [end:fix-half]
assert 0 < loss < 0.01 and g.any()

# --8<-- [start:zero-safe]
a = torch.tensor([[0.0, 0.0], [1.0, 0.0]], requires_grad=True)
b = torch.tensor([[3.0, 4.0], [3.0, 4.0]])
alive = a.detach().norm(dim=-1) > 1e-3  # a zero vector has no direction
loss = cosine_embedding_loss(a[alive], b[alive], torch.ones(1))
(g,) = torch.autograd.grad(loss, a)
print(g)
# --8<-- [end:zero-safe]
assert g.norm() < 1 and not g[0].any()

# --8<-- [start:tiny]
b = [3.0, 4.0]
for size in (1.0, 1e-3, 1e-6, 1e-9, 0.0):
    a = torch.tensor([size, 0.0], dtype=torch.float64, requires_grad=True)
    loss = cosine_embedding_loss(a, a.new_tensor(b), same)
    (g,) = torch.autograd.grad(loss, a)
    print(f"length {size:5}: loss {loss:.3f}, gradient {g.norm():9.1f}")
# --8<-- [end:tiny]
assert abs(g.norm() - 1e6) < 1

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
loss, (g, _) = gradients(cosine_embedding_loss, zero, b, target=different)
print("zero vector, y=-1:", loss, g)
right = [1.0, 0.0], [0.0, 1.0]
loss, (g, _) = gradients(cosine_embedding_loss, *right, target=different)
print("orthogonal,  y=-1:", loss, g)
options = {"target": different, "margin": 0.5}
loss, (g, _) = gradients(cosine_embedding_loss, *right, **options)
print("with margin=0.5:  ", loss, g)
loss, (g, _) = gradients(cosine_embedding_loss, zero, zero, target=same)
print("two zero vectors: ", loss, g)
# --8<-- [end:zero-negative]
loss, (g, _) = gradients(cosine_embedding_loss, *right, target=different)
assert loss == 0 and g == ([0, 1] if old else [0, 0])

# --8<-- [start:large]
unit = torch.tensor([0.6, 0.8])
for dtype, length in (
    (torch.float16, 10),
    (torch.float16, 16),
    (torch.float16, 300),
    (torch.bfloat16, 300),
    (torch.float32, 1e9),
    (torch.float32, 1e10),
):
    a = (length * unit).to(dtype)
    loss = cosine_embedding_loss(a, a, same)
    print(f"{dtype}, length {length:g}: loss {loss.item()}")
a = torch.zeros(2, dtype=torch.float16)
loss = cosine_embedding_loss(a, unit.half(), same)
print(f"torch.float16, zero vector: loss {loss.item()}")
# --8<-- [end:large]
a = (16 * unit).half()
assert cosine_embedding_loss(a, a, same) == 1 and loss.isnan()

# --8<-- [start:targets]
a, b = torch.tensor([[1.0, 0.0]] * 2), torch.tensor([[3.0, 4.0]] * 2)
a.requires_grad_()
for target in ([1, -1], [1, 0]):
    target = torch.tensor(target)
    loss = cosine_embedding_loss(a, b, target, reduction="none")
    (g,) = torch.autograd.grad(loss.sum(), a)
    rows = [[round(e + 0, 3) for e in row] for row in g.tolist()]
    print(target.tolist(), [round(v, 3) for v in loss.tolist()], rows)
# --8<-- [end:targets]
assert loss[1] == 0 and rows[1] == [0, 0]

# --8<-- [start:shapes]
x, y = torch.zeros(2, 3), torch.ones(2)
for call in (
    lambda: cosine_embedding_loss(x, x, torch.ones(2, 1)),
    lambda: cosine_embedding_loss(x, x, torch.tensor(1)),
    lambda: cosine_embedding_loss(x[0], x[0], y),
    lambda: cosine_embedding_loss(x, x, torch.ones(3)),
    lambda: triplet_margin_loss(x, x, x[0]),
    lambda: triplet_margin_loss(x, x, x, margin=-1.0),
    lambda: triplet_margin_with_distance_loss(x, x, x, margin=0.0),
):
    try:
        call()
    except (RuntimeError, ValueError) as error:
        print(error)
# --8<-- [end:shapes]

# --8<-- [start:eps]
negative = [0.3, 0.4]
for eps in (1e-6, 0.1, 0.0):
    loss, (da, dp, dn) = gradients(
        triplet_margin_loss, zero, zero, negative, eps=eps
    )
    print(f"eps={eps}: loss {loss:.3f}, positive {[e + 0 for e in dp]}")
for p in (1, 2, 3):
    loss, (da, dp, dn) = gradients(
        triplet_margin_loss, zero, zero, negative, p=p
    )
    print(f"p={p}: positive {dp}")
# --8<-- [end:eps]
for size in (2, 16):
    a, c = torch.zeros(size), torch.full((size,), 0.1)
    p = torch.zeros(size, requires_grad=True)
    (g,) = torch.autograd.grad(triplet_margin_loss(a, p, c), p)
    torch.testing.assert_close(g, -torch.ones(size) / size**0.5)

# --8<-- [start:at-margin]
points = [0.0, 0.0], [1.0, 0.0], [2.0, 0.0]  # distances 1 and 2, margin 1
loss, (da, dp, dn) = gradients(triplet_margin_loss, *points, eps=0.0)
print("loss", loss, "positive", dp, "negative", dn)
# --8<-- [end:at-margin]
assert loss == 0 and dp == ([1, 0] if old else [0, 0])

# --8<-- [start:swap]
points = [0.0, 0.0], [2.0, 0.0], [1.0, 0.0]
for swap in (False, True):
    loss, grads = gradients(triplet_margin_loss, *points, swap=swap, eps=0.0)
    print(f"swap={swap}:", grads)
# --8<-- [end:swap]
assert grads == [[-0.5, 0], [0.5, 0], [0, 0]]

# --8<-- [start:own]
points = [3.0, 4.0], [3.0, 4.0], [3.0, 4.5]
for name, distance in distances.items():
    loss, (da, dp, dn) = gradients(
        triplet_margin_with_distance_loss, *points, distance_function=distance
    )
    print(f"{name:15} positive {dp}, negative {dn}")
# --8<-- [end:own]

# --8<-- [start:reductions]
x = torch.zeros(2, 3)
for reduction in ("none", "sum", "mean"):
    full = triplet_margin_loss(x, x, x, reduction=reduction)
    empty = triplet_margin_loss(x[:0], x[:0], x[:0], reduction=reduction)
    print(f"{reduction:5}", full.tolist(), "empty batch:", empty.tolist())
    other = cosine_embedding_loss(x[:0], x[:0], x[:0, 0], reduction=reduction)
    torch.testing.assert_close(empty, other, equal_nan=True)
# --8<-- [end:reductions]
assert empty.isnan()

# --8<-- [start:nan]
nan, inf = float("nan"), float("inf")
for bad in (nan, inf):
    loss, grads = gradients(triplet_margin_loss, zero, [bad, 0.0], [3.0, 4.0])
    print("triplet", loss, *grads)
    loss, grads = gradients(
        cosine_embedding_loss, [bad, 0.0], [3.0, 4.0], target=same
    )
    print("cosine ", loss, *grads)
# --8<-- [end:nan]
assert all(entry != entry for g in grads for entry in g)

# --8<-- [start:collapsed]
point = torch.zeros(1, 4, requires_grad=True)
embeddings = [point.clone() for _ in range(3)]  # all three are one point
loss = triplet_margin_loss(*embeddings)
grads = torch.autograd.grad(loss, embeddings, retain_graph=True)
for name, g in zip(("anchor", "positive", "negative"), grads):
    print(f"{name:8}", [entry + 0 for entry in g[0].tolist()])
(g,) = torch.autograd.grad(loss, point)
print("their sum", g[0].tolist(), "loss", loss.item())
# --8<-- [end:collapsed]
assert not g.any() and abs(loss.item() - 1) < 1e-6

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in ("cosine_embedding_loss", "triplet_margin_loss"):
    print(name, "has a line:", f"- name: {name}(" in text)
a = torch.zeros(1, 2, requires_grad=True)
loss = triplet_margin_loss(a, a.detach(), a.detach(), reduction="none")
node, names = loss.grad_fn, []
while node is not None and node.next_functions:
    names.append(node.name())
    node = node.next_functions[0][0]
print(*names)
# --8<-- [end:source]
assert names[0] == "ClampMinBackward0"
