# --8<-- [start:run]
import torch
from torch.nn.functional import triplet_margin_loss


def gradients(loss, *inputs, **options):
    """Loss and gradients, rounded; one row, no batch dimension."""
    leaves = [torch.tensor(i, requires_grad=True) for i in inputs]
    out = loss(*leaves, **options)
    grads = torch.autograd.grad(out, leaves)
    return out.item(), [[round(e + 0, 3) for e in g.tolist()] for g in grads]


anchor, positive, negative = [0.0, 0.0], [0.0, 0.0], [0.3, 0.4]
loss, grads = gradients(triplet_margin_loss, anchor, positive, negative)
for name, g in zip(("anchor", "positive", "negative"), grads):
    print(f"{name:8}", g)
# --8<-- [end:run]
assert grads[1] == [-0.707, -0.707]
# The clamp inside changed between 2.13 and 2.14; see "Where it changed".
old = torch.__version__.startswith("2.13")

# --8<-- [start:trap-sqrt]
from torch.nn.functional import triplet_margin_with_distance_loss

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

# --8<-- [start:eps]
zero, negative = [0.0, 0.0], [0.3, 0.4]
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
points = [0.0, 0.0], [1.0, 0.0], [2.0, 0.0]  # distances 1 and 2, margin 1
loss, (da, dp, dn) = gradients(triplet_margin_loss, *points, eps=0.0)
assert loss == 0 and dp == ([1, 0] if old else [0, 0])
points = [0.0, 0.0], [2.0, 0.0], [1.0, 0.0]
for swap in (False, True):
    loss, grads = gradients(triplet_margin_loss, *points, swap=swap, eps=0.0)
assert grads == [[-0.5, 0], [0.5, 0], [0, 0]]

# --8<-- [start:own]
points = [3.0, 4.0], [3.0, 4.0], [3.0, 4.5]
for name, distance in distances.items():
    loss, (da, dp, dn) = gradients(
        triplet_margin_with_distance_loss, *points, distance_function=distance
    )
    print(f"{name:15} positive {dp}, negative {dn}")
# --8<-- [end:own]

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

x = torch.zeros(2, 3)
assert triplet_margin_loss(x[:0], x[:0], x[:0], reduction="sum") == 0
assert triplet_margin_loss(x[:0], x[:0], x[:0]).isnan()

# --8<-- [start:shapes]
x = torch.zeros(2, 3)
try:
    triplet_margin_loss(x, x, x[0])
except RuntimeError as error:
    print(error)
# --8<-- [end:shapes]

# --8<-- [start:margin]
for loss in (triplet_margin_loss, triplet_margin_with_distance_loss):
    try:
        loss(x, x, x, margin=0.0)
    except ValueError as error:
        print(error)
# --8<-- [end:margin]

# Neither loss has a formula of its own: their gradients are those of these.
a = torch.zeros(1, 2, requires_grad=True)
loss = triplet_margin_loss(a, a.detach(), a.detach(), reduction="none")
node, names = loss.grad_fn, []
while node is not None and node.next_functions:
    names.append(node.name())
    node = node.next_functions[0][0]
assert names[0] == "ClampMinBackward0" and "NormBackward1" in names
