# --8<-- [start:run]
import torch
from torch.nn.functional import multi_margin_loss, multilabel_margin_loss


def gradient(loss, x, y, **options):
    x = torch.tensor(x, requires_grad=True)
    y = torch.tensor(y)
    out = loss(x, y, reduction="sum", **options)
    (g,) = torch.autograd.grad(out, x)
    return [round(entry, 3) for entry in g.tolist()]


x = [0.5, 2.0, 0.0, -3.0]  # class 0 is right; 1 and 2 are too close, 3 is not
print("p=1       ", gradient(multi_margin_loss, x, 0))
print("p=2       ", gradient(multi_margin_loss, x, 0, p=2))
print("multilabel", gradient(multilabel_margin_loss, x, [0, -1, -1, -1]))
# --8<-- [end:run]
assert gradient(multi_margin_loss, x, 0) == [-0.5, 0.25, 0.25, 0]
assert gradient(multi_margin_loss, x, 0, p=2) == [-1.5, 1.25, 0.25, 0]
assert gradient(multilabel_margin_loss, x, [0, -1, -1, -1]) == [
    -0.5,
    0.25,
    0.25,
    0,
]

# --8<-- [start:trap-onehot]
x = torch.zeros(1, 4, requires_grad=True)
hot = torch.tensor([[0, 0, 1, 1]])  # classes 2 and 3, as 0 and 1
loss = multilabel_margin_loss(x, hot)
(g,) = torch.autograd.grad(loss, x)
print("loss", loss.item(), "gradient", g[0].tolist())
# --8<-- [end:trap-onehot]
# Read as the classes 0, 0, 1, 1: a step down raises the scores of 0 and 1.
assert g[0].tolist() == [-1, -1, 1, 1]


# --8<-- [start:fix-onehot]
def indices(hot):
    """Rows of 0 and 1 as class indices, padded with -1."""
    count = hot.shape[-1]
    classes = torch.arange(count).where(hot.bool(), count)  # absent: last
    classes = classes.sort(-1).values
    return classes.where(classes < count, -1)


print(indices(hot).tolist())
(g,) = torch.autograd.grad(multilabel_margin_loss(x, indices(hot)), x)
print("multilabel_margin", g[0].tolist())
# --8<-- [end:fix-onehot]
assert (g[0] > 0).tolist() == [True, True, False, False]

# --8<-- [start:trap-nan]
nan, inf = float("nan"), float("inf")
x = torch.tensor([[nan, nan, nan], [3.0, 0.0, 1.0]], requires_grad=True)
y = torch.tensor([0, 0])
print("multi_margin_loss:", multi_margin_loss(x, y).item())
# --8<-- [end:trap-nan]
assert multi_margin_loss(x, y) == 0


# --8<-- [start:fix-nan]
def multi_margin(x, y, p=1, margin=1.0):
    y = y[..., None]
    slack = torch.relu(margin - x.gather(-1, y) + x) ** p
    others = torch.arange(x.shape[-1]) != y
    return torch.where(others, slack, 0.0).sum(-1).mean() / x.shape[-1]


print("multi_margin:     ", multi_margin(x, y).item())
# --8<-- [end:fix-nan]
x = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
y = torch.tensor([0, 1, 2, 0, 1])
for p in (1, 2):
    mine, theirs = multi_margin(x, y, p), multi_margin_loss(x, y, p)
    torch.testing.assert_close(mine, theirs)
    torch.testing.assert_close(
        torch.autograd.grad(mine, x), torch.autograd.grad(theirs, x)
    )
    assert torch.autograd.gradgradcheck(
        lambda x, p=p: multi_margin(x, y, p), x
    )
assert multi_margin(torch.full((1, 3), nan), torch.tensor([0])).isnan()
cases = (multi_margin_loss, 0), (multilabel_margin_loss, [0, -1, -1])
for s, g in (0.99, 0), (1.0, 0), (1.01, 0.333):  # the margin is at 1
    for loss, y in cases:
        assert gradient(loss, [2.0, s, 0.0], y) == [-g, g, 0]

# --8<-- [start:margins]
equal = [1.0, 1.0, 1.0]
for margin in (2.0, 1.0, 0.0, -1.0):
    g = gradient(multi_margin_loss, equal, 0, margin=margin)
    print(f"margin={margin}: {g}")
# --8<-- [end:margins]
assert g == [0, 0, 0]
x = [0.0, 0.0, 0.0, 0.0]
first = gradient(multilabel_margin_loss, x, [0, 2, -1, -1])
assert first == gradient(multilabel_margin_loss, x, [0, 2, -1, 3])
assert first == gradient(multilabel_margin_loss, x, [2, 0, -1, -1])
assert gradient(multilabel_margin_loss, x, [-1, 0, 2, 3]) == [0, 0, 0, 0]
assert gradient(multilabel_margin_loss, x, [0, 1, 2, 3]) == [0, 0, 0, 0]
assert gradient(multilabel_margin_loss, x, [0, 0, -1, -1])[0] == -1.5

# --8<-- [start:nan]
target = torch.tensor([0])
for row in (
    [nan, nan, nan],
    [1.0, nan, 0.0],
    [inf, inf, 0.0],
    [1.0, nan, 3.0],
    [1.0, inf, 0.0],
):
    x = torch.tensor([row], requires_grad=True)
    loss = multi_margin_loss(x, target)
    (g,) = torch.autograd.grad(loss, x)
    print(row, "loss", loss.item(), "gradient", g[0].tolist())
    other = multilabel_margin_loss(x, torch.tensor([[0, -1, -1]]))
    assert other == loss
# --8<-- [end:nan]
assert loss.isinf()

# --8<-- [start:reductions]
x = torch.zeros(2, 4, requires_grad=True)  # two rows, four classes
y = torch.tensor([0, 1])
for reduction in ("none", "sum", "mean"):
    loss = multi_margin_loss(x, y, reduction=reduction)
    (g,) = torch.autograd.grad(loss.sum(), x)
    print(f"{reduction:5}", loss.tolist(), g[0].tolist())
# --8<-- [end:reductions]
row = multi_margin_loss(x[0], y[0])
batch = multi_margin_loss(x[:1], y[:1])
assert loss == 0.75 and row == batch == 0.75

# --8<-- [start:weights]
weight = torch.tensor([0.0, 5.0, 1.0, 1.0])
print(multi_margin_loss(x, y, weight=weight, reduction="none").tolist())
print(multi_margin_loss(x, y, weight=weight).item())
(g,) = torch.autograd.grad(multi_margin_loss(x, y, weight=weight), x)
print(g.tolist())

# --8<-- [end:weights]
# The mean divides by the two rows, not by the sum of their weights, 0 + 5.
assert multi_margin_loss(x, y, weight=weight) == (0 * 0.75 + 5 * 0.75) / 2
assert not g[0].any()

# --8<-- [start:empty]
torch.use_deterministic_algorithms(True)  # fills new memory with NaN
x, y = torch.zeros(0, 3), torch.zeros(0, dtype=torch.long)
print(multi_margin_loss(x, y, reduction="sum"))
print(multilabel_margin_loss(x, x.long(), reduction="sum"))
torch.use_deterministic_algorithms(False)
# --8<-- [end:empty]
for loss, target in (multi_margin_loss, y), (multilabel_margin_loss, x.long()):
    assert loss(x, target, reduction="none").shape == (0,)


# --8<-- [start:range]
def attempt(loss, *inputs, **options):
    try:
        loss(*inputs, **options)
    except (RuntimeError, ValueError) as error:
        print(error)


x, zero = torch.zeros(1, 4), torch.tensor([0])
attempt(multi_margin_loss, x, torch.tensor([4]))
attempt(multi_margin_loss, x, torch.tensor([-1]))
# --8<-- [end:range]


# --8<-- [start:range-multi]
attempt(multilabel_margin_loss, x, torch.tensor([[4, -1, -1, -1]]))
attempt(multilabel_margin_loss, x, torch.tensor([[0, -2, -1, -1]]))
# --8<-- [end:range-multi]

# --8<-- [start:count]
attempt(multi_margin_loss, x, torch.tensor([0, 1]))
# --8<-- [end:count]

# --8<-- [start:padding]
attempt(multilabel_margin_loss, x, torch.tensor([[0, -1]]))
# --8<-- [end:padding]

# --8<-- [start:dtype]
attempt(multi_margin_loss, x, zero.int())
attempt(multilabel_margin_loss, x, torch.ones(1, 4))
# --8<-- [end:dtype]

# --8<-- [start:power]
attempt(multi_margin_loss, x, zero, p=3)
# --8<-- [end:power]

# --8<-- [start:weight-size]
attempt(multi_margin_loss, x, zero, weight=torch.ones(3))
# --8<-- [end:weight-size]

# --8<-- [start:half]
attempt(multi_margin_loss, x.half(), zero)
# --8<-- [end:half]

# --8<-- [start:twice]
x = torch.tensor([[0.0, 0.5, -1.0]], requires_grad=True)
losses = (
    lambda x: multi_margin_loss(x, zero, p=2),
    lambda x: multilabel_margin_loss(x, torch.tensor([[0, -1, -1]])),
)
for loss in losses:
    (g,) = torch.autograd.grad(loss(x), x, create_graph=True)
    try:
        torch.autograd.grad(g.square().sum(), x)
    except RuntimeError as error:
        print(error)
# --8<-- [end:twice]


# --8<-- [start:forward]
for loss in losses:
    try:
        torch.func.jvp(loss, (x.detach(),), (torch.ones(1, 3),))
    except NotImplementedError as error:
        print(str(error).splitlines()[0])
# --8<-- [end:forward]

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in ("multi_margin_loss(", "multilabel_margin_loss_forward("):
    lines = text[text.index(f"- name: {name}") :].splitlines()
    print(lines[0].partition("(")[0], *lines[1:3], sep="\n")
# --8<-- [end:source]
