# --8<-- [start:run]
import torch
from torch.nn.functional import conv2d, conv_transpose2d, pad

x = torch.arange(16.0).view(1, 1, 4, 4).requires_grad_()
w = torch.tensor([[1.0, 2], [3, 4]]).view(1, 1, 2, 2).requires_grad_()
b = torch.zeros(1, requires_grad=True)
y = conv2d(x, w, b)  # 3 × 3

v = torch.zeros(1, 1, 3, 3)  # the cotangent: what the loss wants of y
v[0, 0, 0, 0] = 1
v[0, 0, 2, 2] = 10
dx, dw, db = torch.autograd.grad(y, (x, w, b), v)
print("input ", dx[0, 0])
print("weight", dw[0, 0])
print("bias  ", db)
# --8<-- [end:run]
assert dx[0, 0, :2, :2].tolist() == w[0, 0].tolist() and db == 11

# --8<-- [start:by-hand]
stamped = conv_transpose2d(v, w)
full = conv2d(pad(v, (1, 1, 1, 1)), w.flip(2, 3))
compared = conv2d(x, v)
print("input: ", torch.equal(dx, stamped), torch.equal(dx, full))
print("weight:", torch.equal(dw, compared))
print("bias:  ", torch.equal(db, v.sum((0, 2, 3))))
# --8<-- [end:by-hand]
assert torch.equal(dx, stamped) and torch.equal(dx, full)
assert torch.equal(dw, compared) and torch.equal(db, v.sum((0, 2, 3)))
torch.manual_seed(0)
# claim: The gradient of the input is conv_transpose2d of the cotangent with
#   the same kernel
for dtype in (torch.float64, torch.float32):
    for size, kernel, stride, padding in ((5, 3, 1, 0), (9, 4, 2, 1)):
        many = torch.randn(2, 3, size, size, dtype=dtype, requires_grad=True)
        k = torch.randn(4, 3, kernel, kernel, dtype=dtype)
        out = conv2d(many, k, None, stride, padding)
        cotangent = torch.randn_like(out)
        (g,) = torch.autograd.grad(out, many, cotangent)
        rest = size - conv_transpose2d(out, k, None, stride, padding).shape[3]
        g2 = conv_transpose2d(cotangent, k, None, stride, padding, rest)
        torch.testing.assert_close(g, g2)


# --8<-- [start:trap]
def fit(kernel):
    """Find a picture whose features are those of a picture of ones."""
    w = torch.ones(1, 1, kernel, kernel) / kernel**2
    wanted = torch.ones(1, 1, 16, 16)
    x = torch.zeros(1, 1, 16, 16, requires_grad=True)
    for step in range(100):
        loss = ((conv2d(x - wanted, w, stride=2)) ** 2).sum()
        (g,) = torch.autograd.grad(loss, x)
        x = (x - 3 * g).detach().requires_grad_()
    return loss.item(), x.detach()[0, 0]


loss, x = fit(3)
print(f"loss {loss:.2f}")
print(x[5:10, 5:10].round(decimals=2))
# --8<-- [end:trap]
assert loss < 1e-6 and x[6, 6] > 1.4 and x[7, 7] < 0.4

# --8<-- [start:fix]
loss, x = fit(4)
print(f"loss {loss:.2f}")
print(x[5:10, 5:10].round(decimals=2))
# --8<-- [end:fix]
assert loss < 1e-3 and (x[4:12, 4:12] - 1).abs().max() < 0.02
torch.manual_seed(0)
uneven = torch.rand(1, 1, 4, 4)  # weights that are not equal
seen = torch.ones(1, 1, 16, 16, requires_grad=True)
(g,) = torch.autograd.grad(conv2d(seen, uneven, stride=2).sum(), seen)
assert g[0, 0, 5:9, 5:9].unique().numel() > 1
for stride in (1, 2, 3, 4):
    for kernel in range(1, 7):
        one = torch.ones(1, 1, 60, 60, requires_grad=True)
        k = torch.ones(1, 1, kernel, kernel)
        (g,) = torch.autograd.grad(conv2d(one, k, stride=stride).sum(), one)
        out = conv_transpose2d(one[..., :30, :30], k, stride=stride)
        for seen in g, out:
            inner = seen[0, 0, 8:-12, 8:-12]
            even = inner.numel() > 0 and inner.min() == inner.max()
            assert even == (kernel % stride == 0)
        (g,) = torch.autograd.grad(
            conv2d(one, k, stride=stride, dilation=2).sum(), one
        )
        if stride == 2 and kernel > 1:  # dilation: others are in no window
            assert not g[..., 1::2].any()
            if kernel == 3 and stride == 2:
                assert inner.unique().tolist() == [1, 2, 4]

# --8<-- [start:zero-kernel]
x = torch.arange(9.0).view(1, 1, 3, 3).requires_grad_()
w = torch.zeros(1, 1, 2, 2, requires_grad=True)
dx, dw = torch.autograd.grad(conv2d(x, w).sum(), (x, w))
print("input ", dx[0, 0].tolist())
print("weight", dw[0, 0].tolist())

first = torch.zeros(1, 1, 2, 2, requires_grad=True)  # two of them in a row
second = torch.zeros(1, 1, 2, 2, requires_grad=True)
out = conv2d(conv2d(x, first), second).sum()
grads = torch.autograd.grad(out, (first, second))
print("two in a row:", [g.abs().max().item() for g in grads])
# --8<-- [end:zero-kernel]
assert not dx.any() and dw.all() and not any(g.any() for g in grads)
y = conv2d(x, w)
assert not torch.autograd.grad((y**2).sum(), w)[0].any()
y = conv2d(x, w, torch.ones(1))  # a bias: the cotangent is not 0
assert torch.autograd.grad((y**2).sum(), w)[0].all()

for bias in (0.0, 0.3):
    kernels = [torch.zeros(1, 1, 3, 3) for _ in range(2)]
    biases = [torch.full((1,), bias) for _ in range(2)]
    for step in range(3):
        leaves = [t.requires_grad_() for t in kernels + biases]
        y = conv2d(torch.ones(2, 1, 5, 5), leaves[0], leaves[2])
        y = conv2d(y, leaves[1], leaves[3])
        grads = torch.autograd.grad(((y - 1) ** 2).mean(), leaves)
        new = [(t - 0.1 * g).detach() for t, g in zip(leaves, grads)]
        kernels, biases = new[:2], new[2:]
    assert [bool(kernel.any()) for kernel in kernels] == 2 * [bias > 0]

# --8<-- [start:constant]
x = torch.full((1, 1, 4, 4), 7.0)
w = torch.arange(9.0).view(1, 1, 3, 3).requires_grad_()
(dw,) = torch.autograd.grad((conv2d(x, w) ** 2).sum(), w)
print(dw[0, 0].tolist())
# --8<-- [end:constant]
assert len(dw.unique()) == 1
# claim: Without padding, the entries of a kernel get the same gradient up to
#   rounding
for dtype in (torch.float64, torch.float32):
    for value in (7, 0.1):
        for stride, dilation in ((1, 1), (2, 1), (1, 2)):
            x = torch.full((2, 3, 9, 9), value, dtype=dtype)
            w = torch.randn(2, 3, 3, 3, dtype=dtype, requires_grad=True)
            y = conv2d(x, w, stride=stride, dilation=dilation)
            (dw,) = torch.autograd.grad((y**2).sum(), w)
            torch.testing.assert_close(dw, dw[..., :1, :1].expand_as(dw))

x = torch.ones(1, 1, 4, 4)
w = torch.ones(1, 1, 3, 3, requires_grad=True)
(dw,) = torch.autograd.grad(conv2d(x, w, padding=1).sum(), w)
assert len(dw.unique()) > 1

# --8<-- [start:nan]
x = torch.ones(1, 1, 7, 7)
x[0, 0, 3, 3] = float("nan")
x.requires_grad_()
w = torch.ones(1, 1, 3, 3, requires_grad=True)
y = conv2d(x, w, padding=1)
dx, dw = torch.autograd.grad(y[0, 0, 0, 0], (x, w))  # far from the NaN
for name, t in {"output": y, "input": dx, "weight": dw}.items():
    print(f"{name:6} {int(t.isnan().sum())} NaN of {t.numel()}")
# --8<-- [end:nan]
assert y.isnan().sum() == 9 and dw.isnan().all() and not dx.isnan().any()

# --8<-- [start:nan-mask]
clean = torch.where(x.isfinite(), x, 0)
y = conv2d(clean, w, padding=1)
dx, dw = torch.autograd.grad(y[0, 0, 0, 0], (x, w))
print("weight", dw[0, 0].tolist())
# --8<-- [end:nan-mask]
assert dw.isfinite().all()
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for bad in (torch.nan, torch.inf):
        for place in ((0, 0), (0, 3), (3, 3)):
            for padding in (0, 1):
                x = torch.ones(2, 3, 7, 7, dtype=dtype)
                x[0, 1, *place] = bad
                w = torch.ones(4, 3, 3, 3, dtype=dtype, requires_grad=True)
                y = conv2d(x, w, padding=padding)
                (dw,) = torch.autograd.grad(y[1, 0, 0, 0], w)
                i, j = (
                    [0 <= p + padding - k < y.shape[2] for k in range(3)]
                    for p in place
                )
                meets = torch.outer(torch.tensor(i), torch.tensor(j))
                assert torch.equal(dw[0, 1].isnan(), meets)
                assert dw.isnan().sum() == 4 * meets.sum()
                y = conv2d(torch.where(x.isfinite(), x, 0), w, padding=padding)
                (dw,) = torch.autograd.grad(y[0, 0].sum(), w)
                assert dw.isfinite().all() and dw.dtype == dtype

# --8<-- [start:options]
from torch.nn.grad import conv2d_input, conv2d_weight

torch.manual_seed(0)
x = torch.randn(2, 4, 8, 8, dtype=torch.float64, requires_grad=True)
for options in (
    {"stride": 2},
    {"padding": 1},
    {"dilation": 2},
    {"groups": 2},
    {"stride": 2, "padding": 1, "dilation": 2, "groups": 2},
):
    channels = 4 // options.get("groups", 1)
    w = torch.randn(6, channels, 3, 3, dtype=torch.float64)
    w.requires_grad_()
    y = conv2d(x, w, **options)
    v = torch.randn_like(y)
    dx, dw = torch.autograd.grad(y, (x, w), v)

    back = conv_transpose2d(v, w, **options)
    rest = x.shape[3] - back.shape[3]  # columns that are missing
    back = conv_transpose2d(v, w, output_padding=rest, **options)
    torch.testing.assert_close(dx, back)
    torch.testing.assert_close(dx, conv2d_input(x.shape, w, v, **options))
    torch.testing.assert_close(dw, conv2d_weight(x, w.shape, v, **options))
    print(f"{rest} columns added, all equal: {options}")
# --8<-- [end:options]
assert rest == 1 and dx[..., -1].any()  # the column that was added is read
w = torch.randn(6, 4, 3, 3, dtype=torch.float64)
(dx,) = torch.autograd.grad(conv2d(x, w, stride=2).sum(), x)
assert not dx[..., -1].any()  # this one is not
for options in (
    {"stride": 2},
    {"padding": 1},
    {"dilation": 2},
    {"stride": 2, "padding": 1, "dilation": 2},
):  # stride and dilation change places
    w = torch.randn(6, 4, 3, 3, dtype=torch.float64, requires_grad=True)
    y = conv2d(x, w, **options)
    v = torch.randn_like(y)
    (dw,) = torch.autograd.grad(y, w, v)
    correlation = conv2d(
        x.transpose(0, 1),
        v.transpose(0, 1),
        stride=options.get("dilation", 1),
        padding=options.get("padding", 0),
        dilation=options.get("stride", 1),
    ).transpose(0, 1)
    torch.testing.assert_close(dw, correlation[:, :, :3, :3])

# --8<-- [start:unseen]
for size, kernel in (6, 3), (4, 1):
    x = torch.ones(1, 1, size, size, requires_grad=True)
    w = torch.ones(1, 1, kernel, kernel)
    (dx,) = torch.autograd.grad(conv2d(x, w, stride=2).sum(), x)
    print(dx[0, 0].int())
# --8<-- [end:unseen]
assert (dx == 0).sum() == 12
# With a finite kernel, a pixel that no window reaches gets 0.
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for size in (6, 8, 34):
        x = torch.ones(2, 3, size, size, dtype=dtype, requires_grad=True)
        y = conv2d(x, torch.ones(4, 3, 3, 3, dtype=dtype), stride=2)
        for cotangent in (1, torch.nan, torch.inf):
            v = torch.full_like(y, cotangent)
            (dx,) = torch.autograd.grad(y, x, v, retain_graph=True)
            assert not dx[..., -1].any() and not dx[..., -1, :].any()

# --8<-- [start:empty]
x = torch.ones(0, 1, 5, 5, requires_grad=True)
w = torch.ones(2, 1, 3, 3, requires_grad=True)
b = torch.ones(2, requires_grad=True)
y = conv2d(x, w, b)
dx, dw, db = torch.autograd.grad(y.sum(), (x, w, b))
print(tuple(y.shape), tuple(dx.shape), dw.abs().max().item(), db.tolist())
# --8<-- [end:empty]
assert not dw.any() and not db.any()

# --8<-- [start:errors]
image, rgb = torch.ones(1, 1, 3, 3), torch.ones(1, 3, 8, 8)
for call in (
    lambda: conv2d(image, torch.ones(1, 1, 4, 4)),
    lambda: conv2d(rgb, torch.ones(4, 1, 3, 3)),
    lambda: conv2d(rgb, torch.ones(4, 3, 3, 3), padding="same", stride=2),
):
    try:
        call()
    except RuntimeError as error:
        print(error)
# --8<-- [end:errors]

# Figure: Three pictures of 12 by 12 squares. Image: a filled square. Output: a
# column pair of positive numbers along the square's left side, of negative
# ones along its right. Gradient: along each side a positive pair of columns
# next to a negative pair, the positive one inside.
# --8<-- [start:picture]
import matplotlib.pyplot as plt


def picture(ax, image, title):
    """The stronger a square, the larger the number. Red: below 0."""
    image = image / image.abs().max()
    for color, side in ("C0", image), ("C1", -image):
        for level in (1, 2, 3, 4):
            row, col = torch.where((4 * side).round() == level)
            ax.plot(col, row, "s", c=color, alpha=level / 4, ms=6.6, mew=0)
    height, width = image.shape
    ax.set(xlim=(-1, width), ylim=(height, -1), aspect="equal")
    ax.set_title(title, size=11)
    ax.set(xticks=[], yticks=[])


image = torch.zeros(12, 12)
image[3:9, 3:9] = 1
x = image[None, None].requires_grad_()
edge = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
y = conv2d(x, edge[None, None], padding=1)
(dx,) = torch.autograd.grad((y**2).sum() / 2, x)

fig, axes = plt.subplots(ncols=3, figsize=(4.8, 2.0))
picture(axes[0], x.detach()[0, 0], "image x")
picture(axes[1], y.detach()[0, 0], "output y")
picture(axes[2], dx[0, 0], "gradient")
plt.show()
# --8<-- [end:picture]
twice = conv_transpose2d(y, edge[None, None], padding=1)
torch.testing.assert_close(dx, twice)
assert dx[0, 0, 5].int().tolist() == [
    *(0, -16, -16, 16, 16, 0),
    *(0, 16, 16, -16, -16, 0),
]
# claim: the gradient is the flipped edge filter, applied to the output: for
#   this kernel its negative.
assert torch.equal(dx, -conv2d(y, edge[None, None], padding=1))
# claim: With padding_mode="reflect" the first is the gradient of the padded
#   image, and that of pad follows.
layer = torch.nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect")
image = torch.randn(1, 1, 4, 4, requires_grad=True)
padded = pad(image.detach(), (1, 1, 1, 1), mode="reflect").requires_grad_()
v = torch.randn(1, 1, 4, 4)
inner = conv_transpose2d(v, layer.weight)
(g,) = torch.autograd.grad(conv2d(padded, layer.weight), padded, v)
torch.testing.assert_close(g, inner)
again = pad(image, (1, 1, 1, 1), mode="reflect")
(wanted,) = torch.autograd.grad(again, image, inner)
(g,) = torch.autograd.grad(layer(image), image, v)
torch.testing.assert_close(g, wanted)
