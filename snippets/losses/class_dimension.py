# --8<-- [start:run]
import torch
from torch.nn.functional import cross_entropy, softmax

torch.manual_seed(0)
C = 3
for shape in (C,), (4, C), (4, C, 5), (2, C, 4, 6), (2, C, 2, 3, 4):
    d = min(1, len(shape) - 1)  # the class dimension
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    t = torch.randint(C, shape[:d] + shape[d + 1 :])
    (g,) = torch.autograd.grad(cross_entropy(x, t), x)
    one_hot = torch.zeros_like(x).scatter(d, t.unsqueeze(d), 1.0)
    torch.testing.assert_close(g, (softmax(x, d) - one_hot) / t.numel())
    print("logits", shape, "target", tuple(t.shape), "classes in dim", d)
# --8<-- [end:run]
log_p = x.detach().log_softmax(d).requires_grad_()  # of nll_loss it does not
(g,) = torch.autograd.grad(torch.nn.functional.nll_loss(log_p, t), log_p)
torch.testing.assert_close(g.sum(d), torch.full_like(g.sum(d), -1 / t.numel()))
picked = softmax(x, d).gather(d, t.unsqueeze(d))
torch.testing.assert_close(cross_entropy(x, t), -picked.log().mean())


# --8<-- [start:classes-last]
def sums_to_zero(g):
    small = 1e-3 * g.abs().max()
    return [d for d in range(g.dim()) if (g.sum(d).abs() < small).all()]


torch.manual_seed(0)
x = torch.randn(2, 5, 5, requires_grad=True)  # (N, length, classes)
t = torch.randint(5, (2, 5))  # (N, length)
wrong = cross_entropy(x, t)  # no error: length and classes are both 5
(g,) = torch.autograd.grad(wrong, x)
print("loss", round(wrong.item(), 4), "sums to 0 along", sums_to_zero(g))
# --8<-- [end:classes-last]
assert sums_to_zero(g) == [1]
for sizes in (2, 3, 1_000_000), (64, 4096):  # a small gradient, many classes
    long = torch.randn(sizes, requires_grad=True)
    out = cross_entropy(long, torch.randint(sizes[1], sizes[:1] + sizes[2:]))
    assert sums_to_zero(torch.autograd.grad(out, long)[0]) == [1]
# claim: never in the last one of an image
for sizes in ((2, 5, 5), (2, 4, 4, 4), (3, 3, 3, 3, 3), (1, 7, 7, 7)):
    square = torch.randn(sizes, dtype=torch.float64, requires_grad=True)
    labels = torch.randint(sizes[1], (sizes[0], *sizes[2:]))
    for options in {}, {"label_smoothing": 0.1}, {"reduction": "sum"}:
        out = cross_entropy(square, labels, **options)
        assert sums_to_zero(torch.autograd.grad(out, square)[0]) == [1]
        p = square.detach().softmax(-1)  # probabilities, classes last
        out = cross_entropy(square, p, **options)
        assert sums_to_zero(torch.autograd.grad(out, square)[0]) == [1]

# --8<-- [start:classes-last-fix]
right = cross_entropy(x.movedim(-1, 1), t)
flat = cross_entropy(x.flatten(0, -2), t.flatten())
(g,) = torch.autograd.grad(right, x)
print("loss", round(right.item(), 4), "sums to 0 along", sums_to_zero(g))
print("loss", round(flat.item(), 4))
# --8<-- [end:classes-last-fix]
assert sums_to_zero(g) == [2]
torch.testing.assert_close(right, flat)
torch.testing.assert_close(g, (softmax(x, 2) - torch.eye(5)[t]) / 10)
assert not torch.isclose(wrong, right)

# --8<-- [start:view]
x = torch.tensor([[[5.0, 5, 5], [0, 0, 0]]])  # (N, C, L): class 0 everywhere
t = torch.tensor([[0, 0, 0]])
print("loss", round(cross_entropy(x, t).item(), 4))
mixed = x.view(-1, 2)
loss = cross_entropy(mixed, t.view(-1))
print("rows", mixed.tolist(), "loss", round(loss.item(), 4))
# --8<-- [end:view]

# --8<-- [start:view-fix]
rows = x.movedim(1, -1).reshape(-1, 2)
loss = cross_entropy(rows, t.view(-1))
print("rows", rows.tolist(), "loss", round(loss.item(), 4))
# --8<-- [end:view-fix]
torch.testing.assert_close(
    cross_entropy(rows, t.view(-1)), cross_entropy(x, t)
)

# Figure: Three pictures of 8 by 8 pixels, larger squares for larger values.
# The image: a blurred bar and a brighter square. The target: both, sharp. The
# gradient of class 1: negative on the bar, most at three corners, where the
# blur has darkened it; positive elsewhere, most at the rim of the square,
# which is as gray as the bar.
# --8<-- [start:segmentation]
import matplotlib.pyplot as plt

target = torch.zeros(1, 8, 8, dtype=torch.int64)  # class 0: background
target[0, 1:4, 1:5] = 1  # a bar
target[0, 4:7, 4:7] = 2  # a square
image = torch.tensor([0.0, 1.0, 2.0])[target]  # (1, 8, 8): gray values
image = torch.nn.functional.avg_pool2d(image, 3, stride=1, padding=1)
logits = torch.stack([-3 * (image - k).abs() for k in (0, 1, 2)], 1)
logits.requires_grad_()  # (1, 3, 8, 8): how near the gray value of class k

loss = cross_entropy(logits, target)
(g,) = torch.autograd.grad(loss, logits)
print("logits", tuple(logits.shape), "target", tuple(target.shape))

of_class_1 = g[0, 1]
panels = {"image": image[0], "target": target[0], "∂ class 1": of_class_1}
fig, axes = plt.subplots(1, 3, figsize=(4.8, 1.9))
for ax, (name, values) in zip(axes, panels.items(), strict=True):
    for color, part in (
        ("C0", values.clamp(min=0)),
        ("C1", -values.clamp(max=0)),
    ):
        share = part / values.abs().max()
        row, column = (share > 0.04).nonzero(as_tuple=True)
        size = 90 * share[row, column]
        style = {"marker": "s", "linewidths": 0, "clip_on": False}
        ax.scatter(column, row, s=size, c=color, **style)
    ax.set(title=name, xlim=(-0.6, 7.6), ylim=(7.6, -0.6), aspect="equal")
    ax.set(xticks=[], yticks=[])
plt.show()
# --8<-- [end:segmentation]
assert (of_class_1[target[0] == 1] < 0).all()
corners = of_class_1[[1, 1, 3], [1, 4, 1]]
assert (of_class_1 <= corners.max()).sum() == 3  # no other is as low
rim = (of_class_1 > 0.75 * of_class_1.max()).nonzero() - 5
assert (rim.abs() <= 2).all() and (of_class_1[5, 5] < 0.1 * of_class_1.max())
assert (of_class_1[target[0] != 1] >= 0).all() and g.sum(1).abs().max() < 1e-8


# --8<-- [start:dtype]
def error(x, t):
    try:
        return round(cross_entropy(x, t).item(), 4)
    except (RuntimeError, ValueError, IndexError) as e:
        return f"{type(e).__name__}: {e}"


x, t = torch.zeros(4, 5), torch.tensor([0, 1, 2, 3])
for dtype in (torch.float32, torch.int32, torch.bool):
    print(error(x, t.to(dtype)))
# --8<-- [end:dtype]
# claim: Only a target of floats that has the shape of the logits is something
#   else:
for sizes in ((3,), (2, 3), (2, 3, 4), (2, 3, 4, 5)):
    places = sizes[:1] + sizes[2:] if len(sizes) > 1 else ()
    for dtype in (torch.float16, torch.float64, torch.int8, torch.int16):
        target = torch.ones(places).to(dtype)
        assert "Long or Byte" in error(torch.zeros(sizes), target)
        said = error(torch.zeros(sizes), torch.ones(sizes).to(dtype))
        assert isinstance(said, float) == dtype.is_floating_point
    try:
        torch.nn.functional.nll_loss(torch.zeros(sizes), torch.ones(sizes))
    except RuntimeError as e:
        assert "target" in str(e)
    else:
        raise AssertionError

# --8<-- [start:byte]
print("(4, 5)      ", error(x, t.byte()))
image = torch.zeros(2, 3, 8, 8)
mask = torch.zeros(2, 8, 8, dtype=torch.uint8)  # as a PNG has it
print("(2, 3, 8, 8)", error(image, mask))
print("long        ", error(image, mask.long()))
# --8<-- [end:byte]
assert error(x, t.byte()) == error(x, t)
# claim: uint8 is taken for logits of (C,) and (N, C) only
assert error(x[0], t[0].byte()) == error(x[0], t[0])
for d in 1, 2, 3:
    mask = torch.zeros(2, *d * [4], dtype=torch.uint8)
    assert "but found Byte" in error(torch.zeros(2, 3, *d * [4]), mask)

# --8<-- [start:range]
print(error(x, torch.tensor([0, 1, 2, 5])))
print(error(x, torch.tensor([0, 1, 2, -1])))
print(error(x, torch.tensor([0, 1, 2, -100])))  # ignored
# --8<-- [end:range]
assert "Target 5 is out of bounds." in error(x, t + 2)
# claim: Only the one value of ignore_index, −100 where nothing else was said,
#   is let through.
for sizes in ((5,), (4, 5), (2, 5, 3), (2, 5, 3, 3)):
    places = sizes[:1] + sizes[2:] if len(sizes) > 1 else ()
    for value in (5, 6, 255, -1, -2, -99, -101, -100, 2**40):
        said = error(torch.zeros(sizes), torch.full(places, value))
        assert value == -100 or f"Target {value} is out of bounds." in said
        assert isinstance(said, float) == (value == -100)

# --8<-- [start:multi-target]
print("(4, 1)", error(x, t[:, None]))
print("(4,)  ", error(x, t[:, None].squeeze(1)))
# --8<-- [end:multi-target]
assert "multi-target not supported" in error(x, t[:, None])

# --8<-- [start:batch-size]
print("(3,)", error(x, t[:3]))
print("()  ", error(x, t[0]))
print("(3, 8, 8), (8, 8)", error(image[0], torch.zeros(8, 8).long()))
# --8<-- [end:batch-size]
assert error(x, t[:0]) == error(x, t[0])
image, mask = image[:1], torch.zeros(1, 8, 8, dtype=torch.int64)
assert error(image[0][None], mask[0][None]) == error(image, mask)
torch.manual_seed(0)
cube, labels = torch.randn(8, 8, 8), torch.randint(8, (8, 8))  # C = H
assert error(cube, labels) != error(cube[None], labels[None])
assert isinstance(error(cube, labels), float)

# --8<-- [start:one-sample]
for target in (t[:2], t[0], t[:1]):
    print(tuple(target.shape), error(x[0], target))
# --8<-- [end:one-sample]
assert error(torch.zeros(1), torch.tensor(0)) == 0  # one class
assert "class probabilities" in error(torch.zeros(1), torch.tensor([0]))
assert not torch.nn.functional.nll_loss(torch.zeros(1), torch.tensor([0]))
# claim: With label_smoothing a target of (1,) raises output with shape []
#   doesn't match the broadcast shape [1]: write target[0].
for reduction in "mean", "sum", "none":
    options = {"label_smoothing": 0.1, "reduction": reduction}
    cross_entropy(x[0], t[:1][0], **options)
    try:
        cross_entropy(x[0], t[:1], **options)
    except RuntimeError as e:
        assert "[] doesn't match the broadcast shape [1]" in str(e)
    else:
        raise AssertionError


# --8<-- [start:size-mismatch]
def of_shapes(logits, target):
    x, t = torch.zeros(logits), torch.zeros(target, dtype=torch.int64)
    return error(x, t)


print("classes last", of_shapes((2, 8, 8, 3), (2, 8, 8)))
print("other size  ", of_shapes((2, 3, 8, 8), (2, 4, 4)))
# --8<-- [end:size-mismatch]

# --8<-- [start:channel]
print(of_shapes((2, 3, 8, 8), (2, 1, 8, 8)))
# --8<-- [end:channel]
# claim: only batches of spatial targets supported (3D tensors) but got targets
#   of dimension:
for target in ((2, 1, 8, 8), (2, 8), (2,), (2, 8, 8, 3), (2, 1, 8, 8, 1)):
    words = f"(3D tensors) but got targets of dimension: {len(target)}"
    assert words in of_shapes((2, 3, 8, 8), target)

# --8<-- [start:target-size]
print("a sequence", of_shapes((2, 7, 5), (2, 7)))
print("a volume  ", of_shapes((2, 2, 3, 4, 5), (2, 2, 3, 4)))
print("a channel ", of_shapes((2, 3, 4, 4, 4), (2, 1, 4, 4, 4)))
# --8<-- [end:target-size]
for moved in (
    ((2, 5, 7), (2, 7)),
    ((2, 3, 8, 8), (2, 8, 8)),
    ((2, 5, 2, 3, 4), (2, 2, 3, 4)),
    ((2, 3, 4, 4, 4), (2, 4, 4, 4)),
):
    assert isinstance(of_shapes(*moved), float)
