# --8<-- [start:run]
import torch
from torch.nn.functional import cross_entropy, log_softmax, nll_loss, softmax


def gradient(loss, x, t, **options):
    x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    out = loss(x, torch.tensor(t), **options)
    (g,) = torch.autograd.grad(out.sum(), x)
    return (g + 0).tolist()  # + 0: no negative zeros


thirds = gradient(cross_entropy, [0.0, 0, 0], 0)
print("one sample :", [round(g, 4) for g in thirds])
sixths = gradient(cross_entropy, [[0.0, 0, 0], [0, 0, 0]], [0, 2])
for g in sixths:
    print("row of two :", [round(v, 4) for v in g])
# --8<-- [end:run]
close = torch.testing.assert_close
close(torch.tensor(thirds), torch.tensor([-2.0, 1, 1]) / 3)
close(torch.tensor(sixths), torch.tensor([[-2.0, 1, 1], [1, 1, -2]]) / 6)

# --8<-- [start:reductions]
x = torch.tensor([[0.0, 0, 0], [3, 1, 0]])
t = torch.tensor([0, 1])
for reduction in ("none", "sum", "mean"):
    leaf = x.clone().requires_grad_()
    loss = cross_entropy(leaf, t, reduction=reduction)
    (g,) = torch.autograd.grad(loss.sum(), leaf)
    print(reduction, loss.detach(), "\n     row 1:", g[1])
    by_hand = x.softmax(1) - torch.eye(3)[t]
    torch.testing.assert_close(g, by_hand / (2 if reduction == "mean" else 1))
# --8<-- [end:reductions]

# --8<-- [start:double-softmax]
x = torch.tensor([-10.0, 10, 0], dtype=torch.float64, requires_grad=True)
t = torch.tensor(0)
for name, logits in {"logits ": x, "softmax": softmax(x, 0)}.items():
    loss = cross_entropy(logits, t)
    (g,) = torch.autograd.grad(loss, x)
    print(f"{name} loss {loss.item():7.4f}, gradient {g[0].item():.1e}")
best = cross_entropy(torch.tensor([1.0, 0, 0]), t)  # a perfect softmax
print("lowest loss of a softmax of three:", round(best.item(), 4))
# --8<-- [end:double-softmax]
assert abs(g[0]) < 1e-8 and loss < 1.6
torch.testing.assert_close(best, torch.tensor(1 + 2 / torch.e).log())

# --8<-- [start:double-softmax-fix]
(g,) = torch.autograd.grad(cross_entropy(x, t), x)
p = softmax(x, 0)  # for metrics and for people
print("gradient", [round(v, 4) for v in g.tolist()], "p", f"{p[0]:.0e}")
# --8<-- [end:double-softmax-fix]
torch.testing.assert_close(g, p - torch.tensor([1.0, 0, 0]).double())


# --8<-- [start:raw-nll]
def descend(loss_of, steps=100):
    x = torch.zeros(1, 3, requires_grad=True)
    for _ in range(steps):
        loss = loss_of(x)
        (g,) = torch.autograd.grad(loss, x)
        x = (x - g).detach().requires_grad_()
    return round(loss.item(), 3), [round(v, 3) for v in g[0].tolist()]


t = torch.tensor([0])
print("nll_loss of logits:", descend(lambda x: nll_loss(x, t)))
# --8<-- [end:raw-nll]
assert descend(lambda x: nll_loss(x, t)) == (-99, [-1, 0, 0])

# --8<-- [start:raw-nll-fix]
both = descend(lambda x: nll_loss(log_softmax(x, 1), t))
print("nll_loss of log_softmax:", both)
print("cross_entropy          :", descend(lambda x: cross_entropy(x, t)))
# --8<-- [end:raw-nll-fix]
assert both == descend(lambda x: cross_entropy(x, t)) and both[0] > 0

# --8<-- [start:log-of-softmax]
x = torch.tensor([[0.0, 200.0]], requires_grad=True)
log_p = softmax(x, 1).log()
loss = nll_loss(log_p, t)
(g,) = torch.autograd.grad(loss, x)
print(log_p.tolist(), loss.item(), g.tolist())
# --8<-- [end:log-of-softmax]
assert loss.isinf() and g.isnan().any()

# --8<-- [start:log-of-softmax-fix]
loss = nll_loss(log_softmax(x, 1), t)
(g,) = torch.autograd.grad(loss, x)
print(log_softmax(x, 1).tolist(), loss.item(), g.tolist())
# --8<-- [end:log-of-softmax-fix]
assert g.tolist() == [[-1, 1]]


# --8<-- [start:classes-last]
def sums_to_zero(g):
    return [d for d in range(g.dim()) if (g.sum(d).abs() < 1e-6).all()]


torch.manual_seed(0)
x = torch.randn(2, 5, 5, requires_grad=True)  # (N, length, classes)
t = torch.randint(5, (2, 5))  # (N, length)
wrong = cross_entropy(x, t)  # no error: length and classes are both 5
(g,) = torch.autograd.grad(wrong, x)
print("loss", round(wrong.item(), 4), "sums to 0 along", sums_to_zero(g))
# --8<-- [end:classes-last]
assert sums_to_zero(g) == [1]

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

# --8<-- [start:class-dimension]
torch.manual_seed(0)
C = 3
for shape in (C,), (4, C), (4, C, 5), (2, C, 4, 6), (2, C, 2, 3, 4):
    d = min(1, len(shape) - 1)  # the class dimension
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    t = torch.randint(C, shape[:d] + shape[d + 1 :])
    loss = cross_entropy(x, t)
    (g,) = torch.autograd.grad(loss, x)

    p = x.exp() / x.exp().sum(d, keepdim=True)
    picked = p.gather(d, t.unsqueeze(d))
    one_hot = torch.zeros_like(p).scatter(d, t.unsqueeze(d), 1.0)
    torch.testing.assert_close(loss, -picked.log().mean())
    torch.testing.assert_close(g, (p - one_hot) / t.numel())
    print("logits", shape, "target", tuple(t.shape), "classes in dim", d)
# --8<-- [end:class-dimension]

# Figure: Three pictures of 8 by 8 pixels, larger squares for larger values.
# The image: a blurred bar and a brighter square. The target: both, sharp. The
# gradient of class 1: negative on the bar, most at its corners, where the blur
# has darkened it; positive elsewhere, most at the rim of the square, which is
# as grey as the bar.
# --8<-- [start:segmentation]
import matplotlib.pyplot as plt

target = torch.zeros(1, 8, 8, dtype=torch.int64)  # class 0: background
target[0, 1:4, 1:5] = 1  # a bar
target[0, 4:7, 4:7] = 2  # a square
image = torch.tensor([0.0, 1.0, 2.0])[target]  # (1, 8, 8): grey values
image = torch.nn.functional.avg_pool2d(image, 3, stride=1, padding=1)
logits = torch.stack([-3 * (image - k).abs() for k in (0, 1, 2)], 1)
logits.requires_grad_()  # (1, 3, 8, 8): how near the grey value of class k

loss = cross_entropy(logits, target)
(g,) = torch.autograd.grad(loss, logits)
print("logits", tuple(logits.shape), "target", tuple(target.shape))

of_class_1 = g[0, 1]
panels = {"image": image[0], "target": target[0], "∂ class 1": of_class_1}
fig, axes = plt.subplots(1, 3, figsize=(4.8, 1.9))
for ax, (name, values) in zip(axes, panels.items(), strict=True):
    for colour, part in (
        ("C0", values.clamp(min=0)),
        ("C1", -values.clamp(max=0)),
    ):
        share = part / values.abs().max()
        row, column = (share > 0.04).nonzero(as_tuple=True)
        size = 90 * share[row, column]
        style = {"marker": "s", "linewidths": 0, "clip_on": False}
        ax.scatter(column, row, s=size, c=colour, **style)
    ax.set(title=name, xlim=(-0.6, 7.6), ylim=(7.6, -0.6), aspect="equal")
    ax.set(xticks=[], yticks=[])
plt.show()
# --8<-- [end:segmentation]
assert (of_class_1[target[0] == 1] < 0).all()
assert (of_class_1[target[0] != 1] >= 0).all() and g.sum(1).abs().max() < 1e-8

# --8<-- [start:special]
inf, nan = float("inf"), float("nan")
rows = {
    "right, by far": [1000.0, 0, 0],
    "wrong, by far": [0.0, 1000, 0],
    "-inf, another class": [0.0, 0, -inf],
    "-inf, the target": [-inf, 0, 0],
    "all -inf": [-inf, -inf, -inf],
    "+inf": [inf, 0, 0],
    "nan": [0.0, 0, nan],
}
for name, row in rows.items():
    loss = cross_entropy(torch.tensor(row), torch.tensor(0)).item()
    print(f"{name:19} loss {loss:6.4g}", gradient(cross_entropy, row, 0))
# --8<-- [end:special]
assert gradient(cross_entropy, rows["right, by far"], 0) == [0, 0, 0]
assert gradient(cross_entropy, rows["wrong, by far"], 0) == [-1, 1, 0]
assert gradient(cross_entropy, rows["-inf, another class"], 0) == [
    -0.5,
    0.5,
    0,
]
assert gradient(cross_entropy, rows["-inf, the target"], 0) == [-1, 0.5, 0.5]
for name in ("all -inf", "+inf", "nan"):
    g = torch.tensor(gradient(cross_entropy, rows[name], 0))
    assert g.isnan().all(), name

# --8<-- [start:empty]
none = torch.zeros(0, dtype=torch.int64)
for reduction in ("mean", "sum"):
    x = torch.zeros(0, 3, requires_grad=True)
    bias = torch.zeros(3, requires_grad=True)
    loss = cross_entropy(x + bias, none, reduction=reduction)
    (g,) = torch.autograd.grad(loss, bias)
    print(reduction, loss.item(), g)
    assert g.tolist() == [0, 0, 0]
# --8<-- [end:empty]
assert cross_entropy(x, none).isnan()


# --8<-- [start:dtype]
def error(f, x, t):
    try:
        return round(f(x, t).item(), 4)
    except (RuntimeError, ValueError, IndexError) as e:
        return f"{type(e).__name__}: {e}"


x, t = torch.zeros(4, 5), torch.tensor([0, 1, 2, 3])
for dtype in (torch.float32, torch.int32, torch.bool, torch.uint8):
    print(error(cross_entropy, x, t.to(dtype)))
# --8<-- [end:dtype]
assert "Long or Byte, but got Float" in error(cross_entropy, x, t.float())
assert error(cross_entropy, x, t.byte()) == error(cross_entropy, x, t)

# --8<-- [start:range]
print(error(cross_entropy, x, torch.tensor([0, 1, 2, 5])))
print(error(cross_entropy, x, torch.tensor([0, 1, 2, -1])))
print(error(cross_entropy, x, torch.tensor([0, 1, 2, -100])))  # ignored
# --8<-- [end:range]
assert "Target 5 is out of bounds." in error(cross_entropy, x, t + 2)

# --8<-- [start:two-d]
print("(4, 5), (4, 1):", error(cross_entropy, x, t[:, None]))
print("(4, 5), (3,)  :", error(cross_entropy, x, t[:3]))
print("(4, 5), ()    :", error(cross_entropy, x, t[0]))
print("(5,), (2,)    :", error(cross_entropy, x[0], t[:2]))
print("(5,), ()      :", error(cross_entropy, x[0], t[0]))
print("(5,), (1,)    :", error(cross_entropy, x[0], t[:1]))
# --8<-- [end:two-d]
assert "multi-target not supported" in error(cross_entropy, x, t[:, None])

# --8<-- [start:spatial]
shapes = {
    "classes last   ": [(2, 8, 8, 3), (2, 8, 8)],
    "other size     ": [(2, 3, 8, 8), (2, 4, 4)],
    "a channel      ": [(2, 3, 8, 8), (2, 1, 8, 8)],
    "no batch       ": [(3, 8, 8), (8, 8)],
    "sequences, last": [(2, 7, 5), (2, 7)],
    "a volume       ": [(2, 5, 2, 3, 4), (2, 2, 3, 5)],
}
for name, (logits, target) in shapes.items():
    x, t = torch.zeros(logits), torch.zeros(target, dtype=torch.int64)
    print(name, error(cross_entropy, x, t))
# --8<-- [end:spatial]

# --8<-- [start:linear]
from torch.nn.functional import linear, linear_cross_entropy

torch.manual_seed(0)
x = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
w = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
b = torch.randn(5, dtype=torch.float64, requires_grad=True)
t = torch.tensor([0, 1, 2, 4])
fused = linear_cross_entropy(x, w, t, linear_bias=b)
apart = cross_entropy(linear(x, w, b), t)
torch.testing.assert_close(
    torch.autograd.grad(fused, (x, w, b)),
    torch.autograd.grad(apart, (x, w, b)),
)
sequences = torch.zeros(2, 7, 3, dtype=torch.float64)
try:
    linear_cross_entropy(sequences, w, torch.zeros(2, 7, dtype=torch.int64))
except RuntimeError as e:
    print(e)
flat = sequences.flatten(0, 1)  # (14, 3), and the target (14,)
loss = linear_cross_entropy(flat, w, torch.zeros(14, dtype=torch.int64))
print(round(loss.item(), 4))
# --8<-- [end:linear]

# --8<-- [start:chunked]
in_chunks = torch.nn.LinearCrossEntropyOptions()


def slopes(options):
    def loss(x):
        return linear_cross_entropy(x, w.detach(), t, options=options)

    point, ones = x.detach(), torch.ones_like(x)
    (g,) = torch.autograd.grad(loss(x), x)
    _, forward = torch.func.jvp(loss, (point,), (ones,))
    hessian = torch.autograd.functional.hessian(loss, point)
    return g, forward, hessian


for options in (None, in_chunks):
    g, forward, hessian = slopes(options)
    print("plain: " if options is None else "chunks:", end=" ")
    print(f"reverse {g.sum():.4f}, forward {forward:.4f},", end=" ")
    print(f"largest second derivative {hessian.max():.4f}")
# --8<-- [end:chunked]
torch.testing.assert_close(g, slopes(None)[0])
torch.testing.assert_close(slopes(None)[1], g.sum())
assert forward == 0 and hessian.abs().max() == 0

# --8<-- [start:sum-to-zero]
x = torch.randn(4, 5, dtype=torch.float64, requires_grad=True)
t = torch.tensor([0, 1, 2, 4])
(g,) = torch.autograd.grad(cross_entropy(x, t), x)
shifted = cross_entropy(x + torch.randn(4, 1), t)
torch.testing.assert_close(g.sum(1), torch.zeros(4, dtype=torch.float64))
torch.testing.assert_close(shifted, cross_entropy(x, t))
# --8<-- [end:sum-to-zero]

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in ("_log_softmax(", "nll_loss_forward("):
    lines = text[text.index(f"- name: {name}") :].splitlines()
    print(name[:-1], lines[1].strip(), sep=": ")
# --8<-- [end:source]
