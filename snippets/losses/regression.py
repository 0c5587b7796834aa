# --8<-- [start:run]
from functools import partial

import torch
from torch.nn.functional import huber_loss, l1_loss, mse_loss, smooth_l1_loss


def gradient(f, x):
    x = torch.as_tensor(x).clone().requires_grad_()
    return torch.autograd.grad(f(x).sum(), x)[0]


x, y = torch.tensor([3.0, 1, 0, -4]), torch.zeros(4)
for reduction in ("none", "sum", "mean"):
    loss = partial(mse_loss, target=y, reduction=reduction)
    print(f"{reduction:14}", gradient(loss, x))
for loss in (l1_loss, smooth_l1_loss, huber_loss):
    print(f"{loss.__name__:14}", gradient(partial(loss, target=y), x))
# --8<-- [end:run]


def slopes(loss, x, y, **options):
    """The gradient at numbers, as numbers."""
    y = torch.tensor(y, dtype=torch.float64)
    x = torch.tensor(x, dtype=torch.float64)
    return gradient(partial(loss, target=y, **options), x).tolist()


x, y = x.tolist(), y.tolist()
assert slopes(mse_loss, x, y, reduction="none") == [6, 2, 0, -8]
assert slopes(mse_loss, x, y, reduction="sum") == [6, 2, 0, -8]
assert slopes(mse_loss, x, y) == [1.5, 0.5, 0, -2]
assert slopes(l1_loss, x, y) == [0.25, 0.25, 0, -0.25]
assert slopes(smooth_l1_loss, x, y) == slopes(huber_loss, x, y)
beta, delta = {"beta": 2.5, "reduction": "sum"}, {"delta": 2.5}
assert slopes(smooth_l1_loss, x, y, **beta) == [1, 0.4, 0, -1]
assert slopes(huber_loss, x, y, **delta) == [0.625, 0.25, 0, -0.625]

# --8<-- [start:trap-shape]
import warnings

y = torch.tensor([0.0, 3, 6])
x = torch.tensor([[0.0], [3], [6]], requires_grad=True)  # exactly right
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("default")  # once per place
    for step in range(100):
        loss = mse_loss(x, y)
        (g,) = torch.autograd.grad(loss, x)
        if step == 0:
            print("loss", loss.item(), "gradient", g.flatten().tolist())
        x = (x - 0.75 * g).detach().requires_grad_()
print(x.detach().flatten().round(decimals=3))
print(*str(caught[0].message).split(". "), sep=".\n")
# --8<-- [end:trap-shape]
assert len(caught) == 1
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("default")
    for count in (3, 3, 2, 2):  # another size is another text
        mse_loss(torch.ones(count, 1), torch.ones(count))
assert len(caught) == 2
torch.testing.assert_close(x.detach(), torch.full((3, 1), 3.0))
x = torch.tensor([[0.0], [3], [6]], requires_grad=True)
assert ((x - y) ** 2).mean() == 12 and (x - y).shape == (3, 3)
(g,) = torch.autograd.grad(((x - y) ** 2).mean(), x)
assert g.flatten().tolist() == [-2, 0, 2]
torch.manual_seed(0)
# claim: Every prediction ends at the mean of the targets.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for count in (2, 3, 17):
        y = torch.randn(count, dtype=torch.float64)
        x = torch.randn(count, 1, dtype=torch.float64)
        pairs = mse_loss(x, y, reduction="none")
        assert torch.equal(pairs, (x.expand(-1, count) - y) ** 2)
        for step in range(100):
            x = x - count / 4 * gradient(partial(mse_loss, target=y), x)
        torch.testing.assert_close(x, y.mean().expand(count, 1))
y = torch.tensor([0.0, 3, 6])

# --8<-- [start:fix-shape]
warnings.filterwarnings("error", message="Using a target size")
x = torch.tensor([[1.0], [1], [1]], requires_grad=True)
try:
    mse_loss(x, y)
except UserWarning:
    print("stopped at the first step")
for step in range(100):
    (g,) = torch.autograd.grad(mse_loss(x.squeeze(1), y), x)
    x = (x - 0.75 * g).detach().requires_grad_()
print(x.detach().flatten().round(decimals=3))
# --8<-- [end:fix-shape]
torch.testing.assert_close(x.detach().squeeze(1), y)

# --8<-- [start:trap-root]
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = torch.tensor([1.0, 2.0])
rmse = torch.sqrt(mse_loss(x, y))
(g,) = torch.autograd.grad(rmse, x)
print(rmse.item(), g.tolist())
# --8<-- [end:trap-root]
assert rmse == 0 and g.isnan().all()


# --8<-- [start:fix-root]
def rmse(x, y):
    assert x.shape == y.shape  # nothing warns here
    d = x - y
    wide = torch.promote_types(d.dtype, torch.float32)  # a half norm overflows
    return torch.linalg.vector_norm(d, dtype=wide) / d.numel() ** 0.5


for z in (y, y + 3):
    (g,) = torch.autograd.grad(rmse(x, z), x)
    print(round(rmse(x, z).item(), 4), g.tolist())
# --8<-- [end:fix-root]
torch.testing.assert_close(rmse(x, y + 3), torch.sqrt(mse_loss(x, y + 3)))
(g,) = torch.autograd.grad(rmse(x, y), x)
assert g.tolist() == [0, 0]


def root(y, x):
    return mse_loss(x, y).sqrt()


for dtype in (torch.float32, torch.float64):
    for scale in (1e-15, 1.0, 1e15):
        for size in ((1,), (33,), (3, 1001)):
            a, b = scale * torch.randn(2, *size, dtype=dtype)
            mine, its = partial(rmse, y=b), partial(root, b)
            near = {"rtol": 1e-4, "atol": 0}
            torch.testing.assert_close(mine(a), its(a), **near)
            torch.testing.assert_close(
                gradient(mine, a), gradient(its, a), **near
            )
for a in (
    torch.full((10**6,), 0.7),
    torch.full((10**6,), 0.52),
    torch.rand(10**6),
):
    exact = a.double().square().mean().sqrt().item()
    assert abs(rmse(a, 0 * a) / exact - 1) < 1e-3
    g = gradient(partial(rmse, y=0 * a), a)
    near = {"rtol": 1.1e-3, "atol": 0}
    torch.testing.assert_close(g, a / (exact * 10**6), **near)
for dtype in (torch.float16, torch.bfloat16):
    a = torch.tensor([300.0, -300.0], dtype=dtype)
    assert (rmse(a, 0 * a) - 300).abs() <= 1
    whole = torch.tensor([0, 0])
    assert gradient(partial(rmse, y=whole), a).sum() == 0
    a = torch.full((10**5,), 240.0, dtype=dtype)  # its norm is 75,895
    (g,) = torch.autograd.grad(
        rmse(a.requires_grad_(), torch.zeros_like(a)), a
    )
    near = {"rtol": 0.01, "atol": 0}
    torch.testing.assert_close(rmse(a, 0 * a), torch.tensor(240.0), **near)
    torch.testing.assert_close(g, torch.full_like(g, 1e-5), **near)
    assert rmse(a, 0 * a.double()).dtype == torch.float64
a, b = torch.rand(2, 4, 3, dtype=torch.float64, requires_grad=True)
assert torch.autograd.gradcheck(rmse, (a, b), check_forward_ad=True)
rows = torch.func.vmap(torch.func.grad(rmse))(a, b)
torch.testing.assert_close(rows[1], torch.func.grad(rmse)(a[1], b[1]))
assert rmse(a[:0], b[:0]).isnan()
try:
    rmse(a[:, :1], b[:, 0])
except AssertionError:
    pass
else:
    raise RuntimeError

# --8<-- [start:zero]
losses = (mse_loss, l1_loss, smooth_l1_loss, huber_loss)
for loss in losses:
    x = torch.tensor(2.0, requires_grad=True)
    out = loss(x, torch.tensor(2.0))
    (g,) = torch.autograd.grad(out, x, create_graph=True)
    (second,) = torch.autograd.grad(g, x)
    print(f"{loss.__name__:14} {g.item()}, second {second.item()}")
# --8<-- [end:zero]
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
for dtype in dtypes:
    for count in (1, 17, 1001):
        x = torch.full((count,), 0.3, dtype=dtype)
        for loss in losses:
            assert not gradient(partial(loss, target=x), x).any()

# --8<-- [start:not-finite]
nan, inf = float("nan"), float("inf")
for loss in losses:
    loss_of = partial(loss, target=torch.zeros(2))
    with_nan = gradient(loss_of, torch.tensor([nan, 1.0]))
    with_inf = gradient(loss_of, torch.tensor([inf, 1.0]))
    print(f"{loss.__name__:14}", with_nan, with_inf)
# --8<-- [end:not-finite]
# claim: The gradients of the other entries stay what they are.
for dtype in dtypes:
    for count in (1, 17, 33):
        x = torch.rand(count).to(dtype)
        for loss in losses:
            loss_of = partial(loss, target=0 * x)
            good = gradient(loss_of, x)
            for bad in (nan, inf, -inf):
                spoiled = x.clone()
                spoiled[count // 2] = bad
                assert not loss_of(spoiled).isfinite()
                g = gradient(loss_of, spoiled)
                own = g[count // 2].item()
                if bad == bad:
                    assert (abs(own) == inf) == (loss is mse_loss)
                else:
                    assert own == 0 if loss is l1_loss else own != own
                g[count // 2] = good[count // 2]
                assert torch.equal(g, good)

edge = torch.tensor([255.0, 256.0], dtype=torch.float16)
squares = mse_loss(edge, torch.zeros_like(edge), reduction="none")
assert squares.isinf().tolist() == [False, True]
for count in (1, 2, 1000):
    x = torch.zeros(count, dtype=torch.float16)
    x[0] = 256
    assert mse_loss(x, 0 * x).isinf()

# --8<-- [start:empty]
w = torch.tensor(3.0, requires_grad=True)
x = w * torch.ones(4)
none = torch.zeros(4, dtype=torch.bool)  # nothing is selected
for reduction in ("mean", "sum"):
    loss = mse_loss(x[none], torch.ones(4)[none], reduction=reduction)
    (g,) = torch.autograd.grad(loss, w, retain_graph=True)
    print(f"{reduction:4} loss", loss.item(), "gradient of w", g.item())
# --8<-- [end:empty]
assert loss == 0 and g == 0
torch.manual_seed(0)
for loss in losses:
    layer = torch.nn.Linear(3, 1)
    mean = loss(layer(torch.zeros(0, 3)), torch.zeros(0, 1))
    mean.backward()
    assert mean.isnan()
    assert not layer.weight.grad.any() and not layer.bias.grad.any()

x = torch.zeros(2, 3, requires_grad=True)  # 2 samples, 3 features
(g,) = torch.autograd.grad(mse_loss(x, torch.ones(2, 3)), x)
torch.testing.assert_close(g, torch.full((2, 3), -1 / 3))
per_sample = mse_loss(x, torch.ones(2, 3), reduction="none").sum(1)
(g,) = torch.autograd.grad(per_sample.mean(), x)
assert (g == -1).all()

# --8<-- [start:target]
x = torch.tensor([3.0, 0.5], requires_grad=True)
y = torch.tensor([0.0, 1.0], requires_grad=True)
for loss in losses:
    dx, dy = torch.autograd.grad(loss(x, y), (x, y))
    print(f"{loss.__name__:14}", dx.tolist(), dy.tolist())
# --8<-- [end:target]
torch.manual_seed(0)
for dtype in dtypes:
    for count in (1, 17, 1001):
        pair = torch.randn(2, count).to(dtype)
        for loss in losses:
            for reduction in ("none", "sum", "mean"):
                a, b = pair.clone().requires_grad_().unbind()
                out = loss(a, b, reduction=reduction).sum()
                dx, dy = torch.autograd.grad(out, (a, b))
                assert torch.equal(dx, -dy)

# --8<-- [start:integer]
whole = torch.tensor([0, 2])
cases = [(loss, whole) for loss in losses] + [(huber_loss, whole.double())]
for loss, target in cases:
    try:
        g = gradient(partial(loss, target=target), [1.0, 5.0])
        print(f"{loss.__name__:14}", g)
    except RuntimeError as error:
        print(f"{loss.__name__:14}", error)
# --8<-- [end:integer]
x = torch.tensor([1.0, 5.0])
for kind in (
    torch.uint8,
    torch.int32,
    torch.float16,
    torch.float64,
):
    target = torch.tensor([0, 1]).to(kind)
    for loss in losses:
        works = loss is not huber_loss
        try:
            gradient(partial(loss, target=target), x)
            assert works
            wide = torch.promote_types(kind, torch.float32)
            assert loss(x, target).dtype == wide
        except (RuntimeError, NotImplementedError):
            assert not works
        fixed = gradient(partial(loss, target=target.to(x.dtype)), x)
        assert torch.equal(
            fixed, gradient(partial(loss, target=target.float()), x)
        )

# --8<-- [start:integer-input]
from torch.func import jvp

for loss in losses:
    try:
        loss(whole, whole)
    except RuntimeError as error:
        print(error)
try:
    x = torch.tensor([1.0, 5.0])
    jvp(lambda x: mse_loss(x, whole), (x,), (x,))
except RuntimeError as error:
    print("forward mode:", error)
# --8<-- [end:integer-input]
assert mse_loss(whole, x) == 5

# --8<-- [start:reduction]
x, y = torch.tensor([1.0, 5.0]), torch.tensor([0.0, 2.0])
try:
    mse_loss(x, y, reduction="avg")
except ValueError as error:
    print(error)
for options in ({"reduction": "elementwise_mean"}, {"size_average": False}):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = mse_loss(x, y, **options)
    print(value.item(), caught[0].message)
# --8<-- [end:reduction]
assert mse_loss(x, y) == 5 and value == mse_loss(x, y, reduction="sum") == 10

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
lines = text[text.index("- name: mse_loss(Tensor") :].splitlines()
print(lines[1], lines[2], sep="\n")
# --8<-- [end:source]
assert "self: mse_loss_backward(grad, self, target" in lines[1]
assert "target: mse_loss_backward(grad, target, self" in lines[2]
