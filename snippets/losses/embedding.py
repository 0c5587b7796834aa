# --8<-- [start:run]
import torch
from torch.nn.functional import triplet_margin_loss


def loss_and_gradients(loss, *inputs, **options):
    """Both as rounded numbers; one row, no batch dimension."""
    leaves = [torch.tensor(i, requires_grad=True) for i in inputs]
    out = loss(*leaves, **options)
    grads = torch.autograd.grad(out, leaves)
    return out.item(), [[round(e + 0, 3) for e in g.tolist()] for g in grads]


points = [0.0, 0.0], [0.0, 0.0], [0.3, 0.4]
loss, grads = loss_and_gradients(triplet_margin_loss, *points)
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
torch.manual_seed(0)
for scale in (1e-15, 1.0, 1e15):
    for size in ((2,), (5, 17), (2, 3, 33)):
        pair = [scale * torch.randn(size) for _ in range(2)]
        pair[0].requires_grad_()
        mine, its = distance(*pair), by_hand(*pair)
        torch.testing.assert_close(mine, its, rtol=1e-4, atol=0)
        mine, its = (
            torch.autograd.grad(v.sum(), pair[0]) for v in (mine, its)
        )
        torch.testing.assert_close(mine, its)
for dtype in (torch.float16, torch.bfloat16):
    x = torch.tensor([[300.0, 400.0], [3e-4, 4e-4]], dtype=dtype)
    y = torch.zeros_like(x, requires_grad=True)
    (g,) = torch.autograd.grad(distance(x, y).sum(), y)
    exact = torch.tensor([[-0.6, -0.8]] * 2, dtype=dtype)
    torch.testing.assert_close(g, exact, atol=0.01, rtol=0)
far = torch.full((512,), 20.0).half()  # the sum of the squares is 204,800
assert 452 < distance(far, 0 * far) < 453 and by_hand(far, 0 * far).isinf()
x, y = torch.rand(2, 4, 3, dtype=torch.float64, requires_grad=True)
assert torch.autograd.gradcheck(distance, (x, y))
rows = torch.func.vmap(torch.func.grad(distance))(x, y)
torch.testing.assert_close(rows, (x - y) / distance(x, y)[:, None])
assert torch.func.grad(distance)(x[0], x[0]).tolist() == [0, 0, 0]
twice = torch.func.jacrev(torch.func.jacrev(distance))
assert twice(x[0], x[0]).isnan().all()

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
    centers = torch.randn(2, 3)
    a, p, n = centers[[0, 0, 1]][:, None] + 0.1 * torch.randn(3, 64, 3)
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
assert train(1e-6, distance) < 0.1
for kind in ("vector_norm", "squared"):
    for optimizer in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW):
        w = torch.zeros(3, 4, requires_grad=True)
        options = {"momentum": 0.9} if optimizer is torch.optim.SGD else {}
        optimizer = optimizer([w], lr=0.1, **options)
        for step in range(5):
            a, p, n = torch.randn(3, 8, 3) @ w
            triplet_margin_with_distance_loss(
                a, p, n, distance_function=distances[kind]
            ).backward()
            optimizer.step()
        assert not w.any()

# --8<-- [start:eps]
zero, negative = [0.0, 0.0], [0.3, 0.4]
for eps in (1e-6, 0.1, 0.0):
    loss, (da, dp, dn) = loss_and_gradients(
        triplet_margin_loss, zero, zero, negative, eps=eps
    )
    print(f"eps={eps}: loss {loss:.3f}, positive {[e + 0 for e in dp]}")
for p in (1, 2, 3):
    loss, (da, dp, dn) = loss_and_gradients(
        triplet_margin_loss, zero, zero, negative, p=p
    )
    print(f"p={p}: positive {dp}")
# --8<-- [end:eps]
half, full = (torch.float16, torch.bfloat16), (torch.float32, torch.float64)
for size in (2, 16, 33):
    for dtype in (*half, *full):
        a = torch.zeros(size, dtype=dtype)
        p, c = a.clone().requires_grad_(), a + 0.01
        for eps in (1e-3, 1e-6) if dtype in half else (1e-3, 1e-6, 1e-20):
            (g,) = torch.autograd.grad(
                triplet_margin_loss(a, p, c, eps=eps), p
            )
            exact = torch.full_like(a, -(size**-0.5))
            torch.testing.assert_close(g, exact, rtol=0.02, atol=0)
near = torch.full((4,), 0.1)
for options, length in (
    ({}, 1),
    ({"swap": True}, 0.5),
    ({"p": 1}, 2),
    ({"p": 3}, 2 ** (-1 / 3)),
):
    p = torch.zeros(4, requires_grad=True)
    loss = triplet_margin_loss(p.detach(), p, near, **options)
    (g,) = torch.autograd.grad(loss, p)
    assert abs(g.norm() - length) < 1e-4
for p, n, side in (-1.0, 2.0, 1), (1.0, -2.0, -1):  # moved by the eps
    far = [torch.tensor([v], dtype=torch.float64) for v in (0.0, p, n)]
    excess = triplet_margin_loss(*far, margin=2.0) - 1
    assert abs(excess - side * 2e-6) < 1e-9
# claim: Exactly at the margin the gradient is 0.
euclid = distances["vector_norm"]
for dtype in (*half, *full):
    for size in (1, 2, 33):
        for margin in (1.0, 0.5, 4.0):  # distances 1 and 1 + margin
            axis = torch.eye(size, dtype=dtype)[-1]
            for row in (False, True):
                three = [s * axis for s in (0, 1, 1 + margin)]
                three = [(v[None] if row else v) for v in three]
                three = [v.requires_grad_() for v in three]
                for loss in (
                    triplet_margin_loss(*three, margin=margin, eps=0),
                    triplet_margin_with_distance_loss(
                        *three, margin=margin, distance_function=euclid
                    ),
                ):
                    grads = torch.autograd.grad(loss, three)
                    assert loss == 0 and grads[1].any() == old
points = [0.0, 0.0], [2.0, 0.0], [1.0, 0.0]
for swap in (False, True):
    loss, grads = loss_and_gradients(
        triplet_margin_loss, *points, swap=swap, eps=0.0
    )
assert grads == [[-0.5, 0], [0.5, 0], [0, 0]]
points = [0.0], [2.0], [1.0]  # the default eps parts the distances
loss, grads = loss_and_gradients(triplet_margin_loss, *points, swap=True)
assert grads == [[0], [1], [-1]]
# The shortest of a norm is not the shortest of a difference of two.
values = [
    loss_and_gradients(triplet_margin_loss, [a], [0.0], [0.5], eps=0.0)
    for a in (-0.25, 0.0, 0.25)
]
(below, _), (at, grads), (above, _) = values
assert at - below == 0 and (above - at) / 0.25 == 2 and grads[0] == [1]

# --8<-- [start:own]
points = [3.0, 4.0], [3.0, 4.0], [3.0, 4.5]
for name, distance in distances.items():
    loss, (da, dp, dn) = loss_and_gradients(
        triplet_margin_with_distance_loss, *points, distance_function=distance
    )
    print(f"{name:15} positive {dp}, negative {dn}")
# --8<-- [end:own]

# A collapsed batch.
point = torch.zeros(1, 4, requires_grad=True)
embeddings = [point.clone() for _ in range(3)]  # all three are one point
loss = triplet_margin_loss(*embeddings)
grads = torch.autograd.grad(loss, embeddings, retain_graph=True)
for g, entry in zip(grads, (0, -0.5, 0.5)):
    torch.testing.assert_close(g, torch.full((1, 4), float(entry)))
(g,) = torch.autograd.grad(loss, point)
assert not g.any() and abs(loss.item() - 1) < 1e-6

three = torch.zeros(3, 6, 4).unbind()  # a mean over six triplets
three = [v.requires_grad_() for v in three]
grads = torch.autograd.grad(triplet_margin_loss(*three), three)
for g, entry in zip(grads, (0, -1 / 12, 1 / 12)):
    torch.testing.assert_close(g, torch.full((6, 4), float(entry)))
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
# claim: are expected to have the same number of dimensions, but got:
for loss in (triplet_margin_loss, triplet_margin_with_distance_loss):
    for dims in (
        (1, 2, 3),
        (2, 2, 1),
        (1, 2, 2),
        (3, 2, 3),
        (1, 1, 1),
        (3, 3, 3),
    ):
        three = [torch.zeros((2,) * count) for count in dims]
        try:
            loss(*three)
        except RuntimeError as error:
            assert "number of dimensions" in str(error)
            assert len(set(dims)) > 1
        else:
            assert len(set(dims)) == 1

# --8<-- [start:margin]
try:
    triplet_margin_loss(x, x, x, margin=0.0)
except ValueError as error:
    print(error)
# --8<-- [end:margin]
try:
    triplet_margin_with_distance_loss(x, x, x, margin=0.0)
except ValueError as error:
    assert "margin must be greater than 0, got 0.0" in str(error)
else:
    raise AssertionError
assert not torch.triplet_margin_loss(x, x, x, margin=-1.0).any()
try:
    torch.nn.TripletMarginLoss(margin=0.0)
except ValueError as error:
    said = "expected margin to be greater than 0, got 0.0 instead"
    assert said in str(error)
else:
    raise AssertionError

# Neither loss has a formula of its own: their gradients are those of these.
a = torch.zeros(1, 2, requires_grad=True)
loss = triplet_margin_loss(a, a.detach(), a.detach(), reduction="none")
node, names = loss.grad_fn, []
while node is not None and node.next_functions:
    names.append(node.name())
    node = node.next_functions[0][0]
assert names[0] == "ClampMinBackward0" and "NormBackward1" in names
