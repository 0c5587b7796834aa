# --8<-- [start:run]
import torch
from torch.nn.functional import hinge_embedding_loss, margin_ranking_loss


def gradient(loss, x, *others, **options):
    x = x.clone().requires_grad_()
    out = loss(x, *others, reduction="sum", **options)
    return torch.autograd.grad(out, x)[0] + 0  # no -0


x, y = torch.tensor([-1.0, 0.0, 0.99, 1.0, 1.01]), torch.ones(5)
g = gradient(margin_ranking_loss, x, torch.zeros(5), y, margin=1.0)
print("margin_ranking,  y=1: ", g)
print("hinge_embedding, y=-1:", gradient(hinge_embedding_loss, x, -y))
print("hinge_embedding, y=1: ", gradient(hinge_embedding_loss, x, y))
# --8<-- [end:run]


def slopes(loss, x, y, **options):
    """The gradient at numbers, as numbers, for one target."""
    x = torch.tensor(x, requires_grad=True)
    y = torch.full_like(x, y)
    out = loss(x, y, reduction="sum", **options)
    (g,) = torch.autograd.grad(out, x)
    return g.tolist()


x = [-1.0, 0.0, 0.99, 1.0, 1.01]
# The clamp inside changed between 2.13 and 2.14; see "Where it changed".
old = torch.__version__.startswith("2.13")
at_margin = -1 if old else 0
assert g.tolist() == [-1, -1, -1, at_margin, 0]
assert slopes(hinge_embedding_loss, x, -1.0) == [-1, -1, -1, at_margin, 0]
assert slopes(hinge_embedding_loss, x, 1.0) == [1, 1, 1, 1, 1]


# --8<-- [start:trap-targets]
def ranking(x, y, **options):
    """margin_ranking_loss of the difference x = input1 - input2."""
    return margin_ranking_loss(x, torch.zeros_like(x), y, **options)


labels = torch.tensor([1.0, 0.0])  # 0 should have been -1
scores = torch.tensor([-2.0, 2.0], requires_grad=True)
distances = torch.tensor([2.0, 0.5], requires_grad=True)
cases = {
    "margin_ranking, margin=1": (ranking, scores, {"margin": 1.0}),
    "hinge_embedding, margin=1": (hinge_embedding_loss, distances, {}),
}
for name, (loss, x, options) in cases.items():
    (g,) = torch.autograd.grad(loss(x, labels, **options), x)
    print(f"{name:25}", [round(entry + 0, 3) for entry in g.tolist()])
# --8<-- [end:trap-targets]
assert g[1] == 0

# --8<-- [start:fix-targets]
signs = 2 * labels - 1
for name, (loss, x, options) in cases.items():
    (g,) = torch.autograd.grad(loss(x, signs, **options), x)
    print(f"{name:25}", [round(entry + 0, 3) for entry in g.tolist()])
# --8<-- [end:fix-targets]
assert g.tolist() == [0.5, -0.5]
assert (2 * labels.byte() - 1).tolist() == [1, 255]


# --8<-- [start:trap-margin]
def train(margin):
    """A linear score for pairs whose first member should win."""
    torch.manual_seed(0)
    winners, losers = torch.rand(64, 3) + 0.5, torch.rand(64, 3)
    w = torch.zeros(3, requires_grad=True)
    for step in range(100):
        loss = margin_ranking_loss(
            winners @ w, losers @ w, torch.ones(64), margin=margin
        )
        (g,) = torch.autograd.grad(loss, w)
        w = (w - 0.5 * g).detach().requires_grad_()
    right = (winners @ w > losers @ w).float().mean().item()
    return f"loss {loss.item():.2f}, pairs in order {right:.0%}"


end = train(0.0)
print("margin=0:", end)
# --8<-- [end:trap-margin]
assert ("pairs in order 0%" in end) == (not old)

# --8<-- [start:fix-margin]
end = train(1.0)
print("margin=1:", end)
# --8<-- [end:fix-margin]
assert int(end.split()[-1].rstrip("%")) > 90

# --8<-- [start:no-floor]
x = torch.tensor(0.5, requires_grad=True)  # a score, not a distance
for step in range(100):
    loss = hinge_embedding_loss(x, torch.tensor(1.0))
    (g,) = torch.autograd.grad(loss, x)
    x = (x - 0.1 * g).detach().requires_grad_()
print(f"loss {loss.item():.1f}")
# --8<-- [end:no-floor]
assert loss < -9

# --8<-- [start:floor-fix]
x = torch.tensor(0.5, requires_grad=True)
for step in range(100):
    loss = hinge_embedding_loss(x.abs(), torch.tensor(1.0))  # a distance
    (g,) = torch.autograd.grad(loss, x)
    x = (x - 0.1 * g).detach().requires_grad_()
print("loss at least 0:", loss.item() >= 0)
# --8<-- [end:floor-fix]
assert 0 <= loss <= 0.1

# --8<-- [start:at-margin]
for y in (1.0, -1.0):
    for margin in (0.0, 1.0, -0.5):
        corner = y * margin  # where y * x equals the margin
        around = corner + torch.tensor([-0.01, 0, 0.01])
        g = gradient(ranking, around, torch.full((3,), y), margin=margin)
        print(f"y={y:+.0f}, margin={margin:+}, around {corner:+}:", g)
# --8<-- [end:at-margin]
g = g.tolist()
assert g == ([0, 1, 1] if old else [0, 0, 1])
# claim: Exactly at the margin the gradient of both is 0 from PyTorch 2.14 on,
#   for hinge_embedding_loss with y = −1.
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for count in (1, 17, 1001):
        for margin in (0.0, 1.0, -0.5, 0.375):
            for y in (1.0, -1.0):
                sign = torch.full((count,), y, dtype=dtype)
                a = (margin * sign).requires_grad_()
                b = torch.zeros_like(a, requires_grad=True)
                loss = margin_ranking_loss(a, b, sign, margin=margin)
                da, db = torch.autograd.grad(loss, (a, b))
                assert loss == 0 and (da * old == -sign * old / count).all()
                assert (da.any() == old) and torch.equal(da, -db)
            a = torch.full((count,), margin, dtype=dtype, requires_grad=True)
            loss = hinge_embedding_loss(a, 0 * sign - 1, margin=margin)
            assert torch.autograd.grad(loss, a)[0].any() == old
torch.manual_seed(0)
for name, options in (
    ("SGD", {"momentum": 0.9, "weight_decay": 0.1}),
    ("Adam", {}),
    ("AdamW", {}),
    ("RMSprop", {}),
):
    w = torch.zeros(3, requires_grad=True)
    optimizer = getattr(torch.optim, name)([w], lr=0.1, **options)
    for step in range(0 if old else 5):
        winners, losers = torch.rand(2, 64, 3)
        loss = margin_ranking_loss(winners @ w, losers @ w, torch.ones(64))
        loss.backward()
        optimizer.step()
    assert not w.any()
a = torch.tensor(0.5, requires_grad=True)
b = torch.tensor(0.5, requires_grad=True)
for margin, share in (0.0, at_margin), (0.1, -1):
    loss = margin_ranking_loss(a, b, torch.tensor(1.0), margin=margin)
    assert torch.autograd.grad(loss, (a, b)) == (share, -share)


# --8<-- [start:zero-target]
x, zero = torch.tensor([-3.0, 0.5, 3.0]), torch.zeros(3)
print("margin_ranking ", gradient(ranking, x, zero, margin=1.0))
print("hinge_embedding", gradient(hinge_embedding_loss, x, zero))

for loss in (ranking, hinge_embedding_loss):
    options = {"margin": 1.0} if loss is ranking else {}
    out = loss(x, torch.zeros(3), reduction="none", **options)
    print("values", [round(v, 3) for v in out.tolist()])
# --8<-- [end:zero-target]
for margin, value in (1.0, 1.0), (0.3, 0.3), (0.0, 0.0), (-0.5, 0.0):
    out = ranking(x, zero, margin=margin, reduction="none")
    torch.testing.assert_close(out, torch.full((3,), value))
    assert slopes(ranking, x.tolist(), 0.0, margin=margin) == [0, 0, 0]
for y in (0.0, 0.5, -0.5, 2.0):
    assert slopes(hinge_embedding_loss, x.tolist(), y) == [0, 0, 1]

# --8<-- [start:nan]
inf, nan = float("inf"), float("nan")
x, y = torch.tensor([nan, inf, -inf]), torch.ones(3)
print("margin_ranking,  y=1: ", gradient(ranking, x, y, margin=1.0))
print("hinge_embedding, y=-1:", gradient(hinge_embedding_loss, x, -y))
print("hinge_embedding, y=1: ", gradient(hinge_embedding_loss, x, y))

a = torch.tensor(inf, requires_grad=True)
loss = margin_ranking_loss(a, torch.tensor(inf), torch.tensor(1.0))
(g,) = torch.autograd.grad(loss, a)
print("inf against inf: loss", loss.item(), "gradient", g.item() + 0)
# --8<-- [end:nan]
assert slopes(ranking, x.tolist(), 1.0) == [0, 0, -1]
assert loss.isnan() and g == 0
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for count in (1, 17, 1001):
        x = torch.full((count,), nan, dtype=dtype, requires_grad=True)
        for loss, y, slope in (
            (ranking, 1, 0),
            (ranking, -1, 0),
            (hinge_embedding_loss, -1, 0),
            (hinge_embedding_loss, 1, 1),
        ):
            out = loss(x, torch.full_like(x, y), reduction="none")
            (g,) = torch.autograd.grad(out.sum(), x)
            assert out.isnan().all() and (g == slope).all()

# --8<-- [start:reductions]
a = torch.tensor([0.0, 3.0, 0.0, 0.0], requires_grad=True)
y = torch.ones(4)
for reduction in ("none", "sum", "mean"):
    loss = ranking(a, y, margin=1.0, reduction=reduction)
    (g,) = torch.autograd.grad(loss.sum(), a)
    print(f"{reduction:5}", loss.tolist(), (g + 0).tolist())

empty = torch.zeros(0, requires_grad=True)
for reduction in ("none", "sum", "mean"):
    for loss in (ranking, hinge_embedding_loss):
        out = loss(empty, torch.zeros(0), reduction=reduction)
        (g,) = torch.autograd.grad(out.sum(), empty)
    print(f"{reduction:5} of an empty batch", out.tolist(), g.tolist())
# --8<-- [end:reductions]
assert out.isnan() and g.numel() == 0
torch.manual_seed(0)
layer = torch.nn.Linear(3, 1)
ranking(layer(torch.zeros(0, 3)), torch.ones(0, 1)).backward()
assert not layer.weight.grad.any() and not layer.bias.grad.any()

# --8<-- [start:broadcast]
row, column = torch.ones(1, 3), torch.ones(3, 1)
print(hinge_embedding_loss(row[0], column, reduction="none").shape)
print(margin_ranking_loss(column, column, row, reduction="none").shape)
# --8<-- [end:broadcast]

# --8<-- [start:shapes]
try:
    margin_ranking_loss(row[0], row[0], column)
except RuntimeError as error:
    print(error)
# --8<-- [end:shapes]
table = torch.margin_ranking_loss(row[0], row[0], column, 0.0, 0)
assert table.shape == torch.hinge_embedding_loss(row[0], column, 1, 0).shape

# --8<-- [start:target]
x = torch.tensor([-1.0, 2.0], requires_grad=True)
y = torch.tensor([1, -1])  # integers are fine
print(ranking(x, y).item() == ranking(x, y.float()).item())
try:
    ranking(x, y > 0)
except RuntimeError as error:
    print(error)
# --8<-- [end:target]
for kind in (torch.int8, torch.int16, torch.int32, torch.int64):
    for loss in (ranking, hinge_embedding_loss):
        assert loss(x, y.to(kind)) == loss(x, y.float())
one = torch.ones(2, dtype=torch.uint8)
assert ranking(x, one) == 255 and ranking(x, one.float()) == 0.5
no = torch.zeros(2)
assert hinge_embedding_loss(x, no.bool()) == hinge_embedding_loss(x, no)

# --8<-- [start:composite]
x = torch.tensor([0.0], requires_grad=True)
one = torch.ones(1)
for loss in (ranking, hinge_embedding_loss):
    node = loss(x, one, reduction="none").grad_fn
    names = []
    while node is not None and node.next_functions:
        names.append(node.name())
        node = node.next_functions[0][0]
    print(loss.__name__, *names, sep="\n   ")
# --8<-- [end:composite]
assert "ClampMinBackward0" in names
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in ("margin_ranking_loss", "hinge_embedding_loss"):
    assert f"- name: {name}(" not in text
