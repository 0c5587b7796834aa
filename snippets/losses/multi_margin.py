# --8<-- [start:run]
import torch
from torch.nn.functional import multi_margin_loss, multilabel_margin_loss


def gradient(f, *inputs):
    xs = [torch.as_tensor(x).clone().requires_grad_() for x in inputs]
    grads = torch.autograd.grad(f(*xs).sum(), xs)
    return grads[0] if len(grads) == 1 else grads


# Class 0 is right; 1 and 2 are too close, 3 is not.
x = torch.tensor([0.5, 2.0, 0.0, -3.0])
y, ys = torch.tensor(0), torch.tensor([0, -1, -1, -1])
print("p=1       ", gradient(lambda x: multi_margin_loss(x, y), x))
print("p=2       ", gradient(lambda x: multi_margin_loss(x, y, p=2), x))
print("multilabel", gradient(lambda x: multilabel_margin_loss(x, ys), x))
# --8<-- [end:run]


from functools import partial


def slopes(loss, x, y, **options):
    """The gradient at numbers, as numbers."""
    loss = partial(loss, target=torch.tensor(y), reduction="sum", **options)
    return gradient(loss, torch.tensor(x)).tolist()


x = x.tolist()
assert slopes(multi_margin_loss, x, 0) == [-0.5, 0.25, 0.25, 0]
assert slopes(multi_margin_loss, x, 0, p=2) == [-1.5, 1.25, 0.25, 0]
assert slopes(multilabel_margin_loss, x, ys.tolist()) == [-0.5, 0.25, 0.25, 0]

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
    classes = torch.arange(count, device=hot.device)
    classes = classes.where(hot.bool(), count)  # absent: last
    classes = classes.sort(-1).values
    return classes.where(classes < count, -1)


print(indices(hot).tolist())
(g,) = torch.autograd.grad(multilabel_margin_loss(x, indices(hot)), x)
print("multilabel_margin", g[0].tolist())
# --8<-- [end:fix-onehot]
assert (g[0] > 0).tolist() == [True, True, False, False]
several = torch.tensor([[0, 1, 0], [0, 0, 0], [1, 1, 1]])
wanted = [[1, -1, -1], [-1, -1, -1], [0, 1, 2]]
for kind in (torch.bool, torch.int64, torch.float32):
    assert indices(several.to(kind)).tolist() == wanted
    assert indices(several[0].to(kind)).tolist() == wanted[0]
assert torch.func.vmap(indices)(several).tolist() == wanted
assert indices(several.to("meta")).is_meta

# --8<-- [start:trap-nan]
nan, inf = float("nan"), float("inf")
x = torch.tensor([[nan, nan, nan], [3.0, 0.0, 1.0]], requires_grad=True)
y = torch.tensor([0, 0])
print("multi_margin_loss:", multi_margin_loss(x, y).item())
# --8<-- [end:trap-nan]
assert multi_margin_loss(x, y) == 0


# --8<-- [start:fix-nan]
def multi_margin(x, y, p=1, margin=1.0):
    """The mean. NaN for a slack of NaN or no rows. float16 may overflow."""
    y = y[..., None]
    others = torch.arange(x.shape[-1], device=x.device) != y
    slack = torch.where(others, margin - x.gather(-1, y) + x, 0)
    return (torch.relu(slack) ** p).sum(-1).mean() / x.shape[-1]


print("multi_margin:     ", multi_margin(x, y).item())
# --8<-- [end:fix-nan]
torch.manual_seed(0)
# claim: The same loss from differentiable parts lets the NaN through.
for p in (1, 2):
    for margin in (1.0, 0.3, -0.5):
        for size in ((5, 3), (4, 17), (3,)):
            x = torch.randn(size, dtype=torch.float64)
            y = torch.randint(size[-1], size[:-1])
            mine = partial(multi_margin, y=y, p=p, margin=margin)
            its = partial(multi_margin_loss, target=y, p=p, margin=margin)
            torch.testing.assert_close(mine(x), its(x))
            torch.testing.assert_close(gradient(mine, x), gradient(its, x))
    for at in range(3):
        row = torch.randn(2, 3).index_fill(1, torch.tensor(at), nan)
        assert multi_margin(row, torch.tensor([0, 2]), p).isnan()
    for row in [inf, 0.0, 1.0], [-inf, 0.0, 1.0], [0.0, inf, 1.0]:
        mine = partial(multi_margin, y=torch.tensor(0), p=p)
        g = gradient(mine, torch.tensor(row)).tolist()
        assert g == slopes(multi_margin_loss, row, 0, p=p)
x = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
y = torch.tensor([0, 1, 2, 0, 1])
for p in (1, 2):
    mine = partial(multi_margin, y=y, p=p)
    assert torch.autograd.gradcheck(mine, x, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(mine, x)
each = torch.func.vmap(torch.func.grad(multi_margin))(x, y)
torch.testing.assert_close(each / 5, gradient(lambda x: multi_margin(x, y), x))
for dtype in (torch.float16, torch.bfloat16):
    close = multi_margin(x.to(dtype), y) - multi_margin(x, y)
    assert close.abs() < 0.02 and multi_margin(x.to(dtype), y).dtype == dtype
assert multi_margin(x[:0], y[:0]).isnan()
# claim: Exactly at the margin the gradient is 0.
cases = (multi_margin_loss, 0), (multilabel_margin_loss, [0, -1, -1])
for s, g in (0.99, 0), (1.0, 0), (1.01, 0.333):  # the margin is at 1
    for loss, classes in cases:
        three = slopes(loss, [2.0, s, 0.0], classes)
        assert [round(v, 3) for v in three] == [-g, g, 0]

# --8<-- [start:margins]
equal = torch.tensor([1.0, 1.0, 1.0])
for margin in (2.0, 1.0, 0.0, -1.0):
    x = equal.clone().requires_grad_()
    (g,) = torch.autograd.grad(multi_margin_loss(x, y[0], margin=margin), x)
    print(f"margin={margin}: {g}")
# --8<-- [end:margins]
assert g.tolist() == [0, 0, 0]
x = [0.0, 0.0, 0.0, 0.0]
first = slopes(multilabel_margin_loss, x, [0, 2, -1, -1])
assert first == slopes(multilabel_margin_loss, x, [0, 2, -1, 3])
assert slopes(multilabel_margin_loss, x, [0, 0, -1, -1])[0] == -1.5

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
# claim: A hinge whose slack is NaN adds nothing;
for size in (2, 17, 33):
    for dtype in (torch.float32, torch.float64):
        for p in (1, 2):
            row = torch.randn(1, size, dtype=dtype)
            row[0, 1:2] = nan
            rest = torch.cat([row[:, :1], row[:, 2:]], 1)
            loss, less = (multi_margin_loss(v, target, p) for v in (row, rest))
            torch.testing.assert_close(loss, less * (size - 1) / size)
            for bad in (nan, inf, -inf):  # of a wrong class
                row[0, 1] = bad
                g = slopes(multi_margin_loss, row[0].tolist(), 0, p=p)
                alone = slopes(multi_margin_loss, rest[0].tolist(), 0, p=p)
                g, alone = torch.tensor(g), torch.tensor(alone)
                torch.testing.assert_close(
                    g[2:], alone[1:] * (size - 1) / size
                )
            row[0, 0] = nan
            assert not any(slopes(multi_margin_loss, row[0].tolist(), 0, p=p))
            assert multi_margin_loss(row, target, p) == 0
x, two = torch.tensor([nan, 0.0, 0.5]), torch.tensor([0, 1, -1])
assert multilabel_margin_loss(x, two) == 0.5  # class 1 has its hinge
g = slopes(multilabel_margin_loss, x.tolist(), two.tolist())
assert g[0] == 0 and g[1] == -g[2] < 0

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
spoiled = torch.tensor([[0.0, inf, 0, 0], [0.0, 0, 0, 0]])
assert multi_margin_loss(spoiled, y, weight=weight).isnan()

# --8<-- [start:empty]
torch.use_deterministic_algorithms(True)  # fills new memory with NaN
x, y = torch.zeros(0, 3), torch.zeros(0, dtype=torch.long)
print(multi_margin_loss(x, y, reduction="sum"))
print(multilabel_margin_loss(x, x.long(), reduction="sum"))
torch.use_deterministic_algorithms(False)
# --8<-- [end:empty]
for loss, target in (multi_margin_loss, y), (multilabel_margin_loss, x.long()):
    assert loss(x, target, reduction="none").shape == (0,)
    torch.use_deterministic_algorithms(True)
    assert loss(x, target).isnan()
    torch.use_deterministic_algorithms(False)


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
# claim: a class below 0, or from C on.
for count in (1, 4, 33):
    for label in (-7, -1, 0, count - 1, count, count + 9):
        try:
            multi_margin_loss(torch.zeros(1, count), torch.tensor([label]))
        except RuntimeError:
            assert not 0 <= label < count
        else:
            assert 0 <= label < count


# --8<-- [start:range-multi]
attempt(multilabel_margin_loss, x, torch.tensor([[4, -1, -1, -1]]))
attempt(multilabel_margin_loss, x, torch.tensor([[0, -2, -1, -1]]))
# --8<-- [end:range-multi]
for place in range(4):  # in front of the end and behind it
    for label in (-7, -2, -1, 0, 3, 4, 99):
        ys = torch.tensor([[0, -1, -1, -1]])
        ys[0, place] = label
        try:
            multilabel_margin_loss(x, ys)
        except RuntimeError as error:
            assert not -1 <= label < 4 and "out of range" in str(error)
        else:
            assert -1 <= label < 4

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
ys = torch.tensor([[0, -1, -1, -1]])
for dtype in (torch.float16, torch.bfloat16):
    for loss, target in (
        (multi_margin_loss, zero),
        (multilabel_margin_loss, ys),
    ):
        try:
            loss(x.to(dtype), target)
        except NotImplementedError:
            continue
        raise AssertionError(loss, dtype)

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
for name in ("multi_margin_loss", "multilabel_margin_loss"):
    assert f"- name: {name}_backward" not in text
