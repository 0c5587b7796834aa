# --8<-- [start:run]
import torch
from torch.nn.functional import interpolate


def weights(x, **options):
    """How much each entry of x counts in the sum of the result."""
    x = x.clone().requires_grad_()
    (g,) = torch.autograd.grad(interpolate(x, **options).sum(), x)
    return g.squeeze()


line = torch.zeros(1, 1, 8, dtype=torch.float64)
for mode in ("nearest", "nearest-exact", "linear", "area"):
    for size in (4, 16):
        g = weights(line, size=size, mode=mode)
        text = " ".join(f"{v:.2f}" for v in g.tolist())
        print(f"{mode:13} 8 to {size:2}: {text}")
# --8<-- [end:run]
assert (weights(line, size=4, mode="nearest") == 0).sum() == 4
assert (weights(line, size=4, mode="area") == 0.5).all()


# --8<-- [start:trap]
def fit(**options):
    """Fit an 8 × 8 image to a 4 × 4 target through a smaller copy of it."""
    target = torch.arange(16.0).view(1, 1, 4, 4) / 16 + 1
    x = torch.zeros(1, 1, 8, 8, requires_grad=True)
    for step in range(60):
        small = interpolate(x, size=(4, 4), **options)
        loss = ((small - target) ** 2).sum()
        (g,) = torch.autograd.grad(loss, x)
        x = (x - 0.4 * g).detach().requires_grad_()
    still = (x == 0).sum().item()
    print(f"loss {loss.item():.3f}, {still} of 64 pixels never moved")
    return x.detach()[0, 0]


x = fit(mode="nearest")
# --8<-- [end:trap]
# claim: A mode that reads every pixel, given a size.
for n in range(2, 14):
    row = torch.eye(n, dtype=torch.float64)[:, None, None]
    for m in range(1, n):
        for mode, smooth in ("area", {}), ("bilinear", 1), ("bicubic", 1):
            options = {"antialias": True} if smooth else {}
            out = interpolate(row, size=(1, m), mode=mode, **options)
            assert (out.abs() > 1e-9).any(dim=-1).all()
assert (x == 0).sum() == 48

# --8<-- [start:fix]
for options in {"mode": "area"}, {"mode": "bilinear", "antialias": True}:
    assert (fit(**options) != 0).all()
# --8<-- [end:fix]
for dtype, d in (
    (torch.float32, 1),
    (torch.float32, 3),
    (torch.float16, 2),
    (torch.bfloat16, 2),
):
    for mode in ("bilinear", "bicubic"):
        try:
            small = torch.zeros(1, 1, *[4] * d, dtype=dtype)
            interpolate(small, size=[2] * d, mode=mode, antialias=True)
        except (ValueError, NotImplementedError, RuntimeError):
            continue
        raise AssertionError("antialias does not refuse it")

# --8<-- [start:unseen]
image = torch.zeros(1, 1, 8, 8, dtype=torch.float64)
corners, smooth = {"align_corners": True}, {"antialias": True}
counts = {}
for mode, options in (
    ("nearest", {}),
    ("nearest-exact", {}),
    ("bilinear", {}),
    ("bilinear", corners),
    ("bilinear", smooth),
    ("bicubic", {}),
    ("bicubic", smooth),
    ("area", {}),
):
    unseen = []
    for size in (4, 2):
        g = weights(image, size=(size, size), mode=mode, **options)
        unseen.append((g.abs() < 1e-9).sum().item())
    counts[mode, *options] = unseen
    print(f"{mode:13}", *options, unseen)
# --8<-- [end:unseen]
assert counts["nearest",] == counts["nearest-exact",] == [48, 60]
assert counts["bilinear",] == [0, 48]
assert counts["bilinear", "align_corners"] == [28, 60]
assert counts["bicubic",] == counts["area",] == [0, 0]
assert counts["bilinear", "antialias"] == [0, 0]
assert counts["bicubic", "antialias"] == [0, 0]
for size in (4, 16):
    nans = torch.zeros(64, 1, 64).masked_fill_(
        torch.eye(64, dtype=torch.bool)[:, None], float("nan")
    )
    for mode, most in ("bilinear", 4), ("bicubic", 16):
        y = interpolate(nans.view(64, 1, 8, 8), size=(size, size), mode=mode)
        read = y.isnan().sum(0)  # by each output
        assert read.max() == most
        assert (read.min() < most) == (mode == "bicubic" or size == 16)
torch.manual_seed(0)
x, half = torch.rand(1, 1, 8, 8), {"size": (4, 4), "mode": "bilinear"}
y = torch.nn.UpsamplingBilinear2d((4, 4))(x)
assert torch.equal(y, interpolate(x, **half, **corners))
y = interpolate(x, **half, align_corners=False)
assert torch.equal(y, interpolate(x, **half))

# Figure: Six pictures of 8 by 8 squares, the gradient of six modes. Nearest:
# nine single squares on an empty ground. Bilinear: groups with empty lines
# between them. Bicubic: the same groups with some pale red squares. Area and
# antialias: every square is filled. Corners: four single squares in the
# corners, and groups between.
# --8<-- [start:picture]
import matplotlib.pyplot as plt


def picture(ax, image, title):
    """The stronger a square, the larger the number. Red: below 0."""
    image, gap = image / image.abs().max(), float("nan")
    for color, side in ("C0", image), ("C1", -image):
        for level in (1, 2, 3, 4):
            row, col = torch.where((4 * side).round() == level)
            xs = [end for c in col for end in (c - 0.45, c + 0.45, gap)]
            ys = row.repeat_interleave(3)
            ax.plot(
                xs, ys, color, alpha=level / 4, lw=9, solid_capstyle="butt"
            )
    height, width = image.shape
    ax.set(xlim=(-1, width), ylim=(height, -1), aspect="equal")
    ax.set_title(title, size=11)
    ax.set(xticks=[], yticks=[])


SHOWN = {
    "nearest": {},
    "bilinear": {},
    "bicubic": {},
    "area": {},
    "bilinear, corners": {"mode": "bilinear", "align_corners": True},
    "bilinear, antialias": {"mode": "bilinear", "antialias": True},
}
fig, axes = plt.subplots(2, 3, figsize=(4.8, 3.5))
for ax, (name, options) in zip(axes.flat, SHOWN.items(), strict=True):
    g = weights(image, size=(3, 3), **{"mode": name, **options})
    picture(ax, g, name)
plt.show()
# --8<-- [end:picture]
assert (weights(image, size=(3, 3), mode="nearest") == 0).sum() == 55
assert (weights(image, size=(3, 3), mode="bicubic") < -1e-9).any()
assert weights(image, size=(3, 3), mode="area").min() > 0

torch.manual_seed(0)
# --8<-- [start:scale]
x = torch.rand(1, 1, 4, 4)
scale = torch.tensor(2.0, requires_grad=True)
try:
    interpolate(x, scale_factor=scale, mode="bilinear")
except TypeError as error:
    print(str(error).splitlines()[0])
y = interpolate(x, scale_factor=scale.item(), mode="bilinear")
print("a number instead:", y.requires_grad)
# --8<-- [end:scale]
assert not y.requires_grad
assert not interpolate(x, scale_factor=scale, mode="area").requires_grad
for mode in ("bilinear", "area"):
    try:
        interpolate(x, scale_factor=scale, mode=mode)
        assert mode == "area"
    except TypeError:
        assert mode != "area"

# --8<-- [start:recompute]
x = torch.arange(5.0).view(1, 1, 5)
for recompute in (False, True):
    options = {"scale_factor": 1.5, "recompute_scale_factor": recompute}
    g = weights(x, mode="linear", **options)
    print(recompute, [round(v, 3) for v in g.tolist()])

kept = torch.arange(3.0).view(1, 1, 3)  # 3.3 entries: the size stays
read = interpolate(kept, scale_factor=1.1).flatten()  # nearest
print("read", read.tolist(), end=" ")
print("gradient", weights(kept, scale_factor=1.1).tolist())  # of a copy
# --8<-- [end:recompute]
assert read.tolist() == [0, 0, 1]
assert abs(g.sum().item() - 7) < 1e-5
g = weights(torch.ones(1, 1, 7), mode="nearest", scale_factor=1.2)
assert g.sum() == 8 and g[6] == 0


def both_ways(x, **options):
    """The matrix of the value and that of the gradient."""
    units = torch.eye(x.numel(), dtype=x.dtype).view(-1, *x.shape)
    ahead = [interpolate(e, **options).flatten() for e in units]
    x = x.clone().requires_grad_()
    y = interpolate(x, **options)
    back = [
        torch.autograd.grad(y, x, e.view_as(y), retain_graph=True)[0].flatten()
        for e in torch.eye(y.numel(), dtype=x.dtype)
    ]
    return torch.stack(ahead, 1), torch.stack(back)


# claim: With False the value and the gradient can belong to two matrices
for n in range(2, 8):
    for scale in (1.02, 1.1, 2.1):
        for mode, d, options in (
            ("nearest", 1, {}),
            ("nearest", 2, {}),
            ("nearest", 3, {}),
            ("nearest-exact", 1, {}),
            ("nearest-exact", 2, {}),
            ("linear", 1, {}),
            ("area", 2, {}),
            ("bilinear", 2, {}),
            ("bilinear", 2, {"antialias": True}),
            ("bicubic", 2, {}),
            ("bicubic", 2, {"antialias": True}),
        ):
            x = torch.zeros(1, 1, *(1,) * (d - 1), n, dtype=torch.float64)
            options = {"mode": mode, **options}
            ahead, back = both_ways(
                x, scale_factor=(*(1.0,) * (d - 1), scale), **options
            )
            stays, copy = len(ahead) == n, torch.eye(n, dtype=x.dtype)
            if mode == "nearest" and d != 2:
                two = copy.repeat_interleave(1 if stays else 2, 0)
                assert torch.equal(back, two) and not torch.equal(ahead, two)
            elif stays and "antialias" in options:
                assert torch.equal(ahead, copy) and not back.allclose(copy)
            elif stays and mode == "bicubic":
                assert torch.equal(back, copy) and not ahead.allclose(copy)
            else:
                torch.testing.assert_close(ahead, back)
            torch.testing.assert_close(
                *both_ways(x, size=(*(1,) * (d - 1), len(ahead)), **options)
            )

# --8<-- [start:overshoot]
x = torch.tensor([0.0, 0, 0, 1, 1, 1]).expand(1, 1, 6, 6)
for mode in ("bilinear", "bicubic"):
    y = interpolate(x, size=(12, 12), mode=mode)
    print(f"{mode:8} from {y.min().item():.3f} to {y.max().item():.3f}")
# --8<-- [end:overshoot]
assert y.min() < -0.1 and y.max() > 1.1

# --8<-- [start:nan]
x = torch.tensor([1.0, float("nan"), 1, 1]).view(1, 1, 4)
for mode in ("nearest", "linear", "area"):
    y = interpolate(x, size=2, mode=mode).flatten().tolist()
    print(f"{mode:7} {y} gradient {weights(x, size=2, mode=mode).tolist()}")
# --8<-- [end:nan]
assert not weights(x, size=2, mode="area").isnan().any()

# --8<-- [start:one-column]
column = torch.arange(4.0).view(1, 1, 4, 1)
options = {"mode": "bilinear", "antialias": True}
for x, size in (column, (2, 1)), (column.mT, (1, 2)):
    y = interpolate(x, size=size, **options)
    g = weights(x, size=size, **options)
    print(list(size), y.flatten(), "gradient", g)
# --8<-- [end:one-column]
for columns in (1, 5):
    for mode in ("bilinear", "bicubic"):
        many = torch.rand(2, 3, 9, columns, dtype=torch.float64)
        options = {"mode": mode, "antialias": True}
        right = interpolate(many.mT, size=(1, 4), **options).mT
        y = interpolate(many, size=(4, 1), **options)
        assert torch.equal(y, y[..., :1, :].expand_as(y))
        torch.testing.assert_close(y[..., :1, :], right[..., :1, :])
        torch.testing.assert_close(
            weights(many, size=(4, 1), **options).view(many.shape),
            weights(many.mT, size=(1, 4), **options).view(many.mT.shape).mT,
        )
        last = many.contiguous(memory_format=torch.channels_last)
        y = interpolate(last, size=(4, 1), **options)
        torch.testing.assert_close(y, right)
        gray = many[:, :1].contiguous(memory_format=torch.channels_last)
        y = interpolate(gray, size=(4, 1), **options)
        assert torch.equal(y, y[..., :1, :].expand_as(y))
        for size in ((4, 2), (9, 1)):
            y = interpolate(many, size=size, **options)
            right = interpolate(many.mT, size=size[::-1], **options).mT
            torch.testing.assert_close(y, right)

# --8<-- [start:errors]
x = torch.zeros(1, 1, 4, 4)
for options in (
    {"scale_factor": 2, "align_corners": True},
    {"scale_factor": 2, "size": 8},
    {},
    {"scale_factor": 2, "mode": "linear"},
    {"scale_factor": 2, "antialias": True},
    {"size": 2, "mode": "lanczos"},
    {"size": 3, "recompute_scale_factor": True},
):
    try:
        interpolate(x, **options)
    except (ValueError, NotImplementedError) as error:
        print(error)
# --8<-- [end:errors]
from torch.autograd.functional import jacobian

torch.manual_seed(0)
MODES = {
    "nearest": {},
    "nearest-exact": {},
    "linear": {},
    "linear, corners": {"mode": "linear", "align_corners": True},
    "area": {},
    "bilinear": {},
    "bilinear, corners": {"mode": "bilinear", "align_corners": True},
    "bilinear, antialias": {"mode": "bilinear", "antialias": True},
    "bicubic": {},
    "bicubic, corners": {"mode": "bicubic", "align_corners": True},
    "bicubic, antialias": {"mode": "bicubic", "antialias": True},
    "lanczos, antialias": {"mode": "lanczos", "antialias": True},
    "trilinear": {},
}
DIMENSIONS = {
    "linear": 1,
    "bilinear": 2,
    "bicubic": 2,
    "lanczos": 2,
    "trilinear": 3,
}
try:
    interpolate(torch.zeros(1, 1, 2, 2), size=2, mode="all")
except NotImplementedError as error:
    known = str(error).partition("modes: ")[2].partition(" (got")[0]
# claim: the gradient of every mode
modes = {name.partition(",")[0] for name in MODES}
assert set(known.split(" | ")) <= modes
# claim: Every mode is a fixed matrix of weights, and given a size the
#   gradient is the transposed matrix times the cotangent
for name, options in MODES.items():
    options = {"mode": name, **options}
    d = DIMENSIONS.get(options["mode"], 2)
    for size in (3, 6):  # down and up from 4
        x = torch.randn(1, 1, *[4] * d, dtype=torch.float64)

        def f(x, size=[size] * d, options=options):
            return interpolate(x, size=size, **options)

        matrix = jacobian(f, x).view(size**d, 4**d)
        y, back = torch.func.vjp(f, x)
        v = torch.randn_like(y)
        torch.testing.assert_close(y.flatten(), matrix @ x.flatten())
        (g,) = back(v)
        torch.testing.assert_close(g.flatten(), matrix.T @ v.flatten())
        ones = torch.ones_like(matrix[:, 0])  # the weights of an output
        torch.testing.assert_close(matrix.sum(1), ones)
# claim: from 26 to 22 nearest reads pixel 12 where the formula has 13. For
#   float64 vectors and contiguous volumes backward rounds it and forward does
#   not: pixel 13 is read, and 12 gets the gradient.
assert 11 * 26 // 22 == 13
for dtype in (torch.float32, torch.float64):
    for d in (1, 2, 3):
        row = torch.arange(26, dtype=dtype).view(1, 1, *(1,) * (d - 1), 26)
        options = {"size": (*(1,) * (d - 1), 22), "mode": "nearest"}
        read = interpolate(row, **options).flatten()[11]
        assert read == (13 if dtype == torch.float64 and d != 2 else 12)
        assert weights(row, **options)[12:14].tolist() == [1, 0]
        row = torch.arange(6, dtype=dtype).view(1, 1, *(1,) * (d - 1), 6)
        options = {"size": (*(1,) * (d - 1), 37), "mode": "nearest-exact"}
        read = interpolate(row, **options).flatten()
        times = torch.bincount(read.long()).tolist()
        same = weights(row, **options).tolist() == times
        assert same == (dtype == torch.float32 or d == 2)
        # claim: nearest-exact from 2 to 41 differs in float32 too.
        row = torch.arange(2, dtype=dtype).view(1, 1, *(1,) * (d - 1), 2)
        options = {"size": (*(1,) * (d - 1), 41), "mode": "nearest-exact"}
        read = interpolate(row, **options).flatten()
        assert read.sum() == (20 if d == 2 else 21)  # reads of pixel 1
        assert weights(row, **options)[1] == 20
# with antialias the others are scaled: bicubic also by less than 1
row = torch.eye(4, dtype=torch.float64)[:, None, None]
options = {"mode": "bicubic", "antialias": True}
inner = interpolate(row, size=(1, 8), **options)[1, 0, 0, 3]
border = interpolate(row, size=(1, 8), **options)[0, 0, 0, 1]
assert border < inner  # one kernel value, 0.25 from its center
