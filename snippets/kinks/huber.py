# --8<-- [start:run]
import torch
from torch.nn.functional import huber_loss, smooth_l1_loss

x = torch.arange(-3.0, 4.0, requires_grad=True)
y = torch.zeros(7)
for name, loss in {
    "smooth_l1, beta=2:": smooth_l1_loss(x, y, beta=2.0, reduction="sum"),
    "huber,    delta=2:": huber_loss(x, y, delta=2.0, reduction="sum"),
}.items():
    (g,) = torch.autograd.grad(loss, x)
    print(name, g)
# --8<-- [end:run]
assert torch.equal(g, x.detach().clamp(-2, 2))

# --8<-- [start:factor]
x, y = torch.tensor([-3.0, -1, 0.5, 4]), torch.zeros(4)
for width in (0.5, 1.0, 2.0):
    one = huber_loss(x, y, reduction="none", delta=width)
    other = smooth_l1_loss(x, y, reduction="none", beta=width)
    print(width, one / other)
# --8<-- [end:factor]
assert (one / other == 2).all()


# --8<-- [start:trap]
def fit(loss, **options):
    x = torch.tensor(0.0, requires_grad=True)
    for step in range(100):
        out = loss(x, torch.tensor(5.0), **options)
        (g,) = torch.autograd.grad(out, x)
        x = (x - 0.125 * g).detach().requires_grad_()
    return round(x.item(), 3)


print("huber, delta=1:     ", fit(huber_loss, delta=1.0))
print("huber, delta=0.0625:", fit(huber_loss, delta=0.0625))
# --8<-- [end:trap]
assert fit(huber_loss, delta=1.0) == 5 and fit(huber_loss, delta=0.0625) < 1

# --8<-- [start:fix]
print("smooth_l1, beta=0.0625:", fit(smooth_l1_loss, beta=0.0625))
# --8<-- [end:fix]
assert abs(fit(smooth_l1_loss, beta=0.0625) - 5) <= 0.125


# --8<-- [start:smooth]
def gradient(f, *inputs):
    xs = [torch.as_tensor(x).clone().requires_grad_() for x in inputs]
    grads = torch.autograd.grad(f(*xs).sum(), xs)
    return grads[0] if len(grads) == 1 else grads


def huber(d, delta):
    zero = torch.zeros_like(d)
    return huber_loss(d, zero, reduction="none", delta=delta)


def smooth_l1(d, beta):
    zero = torch.zeros_like(d)
    return smooth_l1_loss(d, zero, reduction="none", beta=beta)


def curvature(f, d):
    d = torch.as_tensor(d, dtype=torch.float64).requires_grad_()
    (first,) = torch.autograd.grad(f(d).sum(), d, create_graph=True)
    return torch.autograd.grad(first.sum(), d)[0]


def pseudo_huber(x, y, delta=1.0):
    """delta² (sqrt(1 + r²) - 1), accurate near 0 and far out.

    Right while r = (x - y) / delta and delta * (x - y) are finite,
    and r does not underflow.
    """
    r = (x - y) / delta
    share = r / (1 + torch.hypot(r, torch.ones_like(r)))
    return (x - y) * (delta * share)


around = torch.tensor([1.99, 2.0, 2.01], dtype=torch.float64)
for name, f in (
    ("huber ", lambda d: huber(d, 2.0)),
    ("pseudo", lambda d: pseudo_huber(d, 0.0, 2.0)),
):
    slope = [round(g, 3) for g in gradient(f, around).tolist()]
    bend = [round(g, 3) for g in curvature(f, around).tolist()]
    print(name, "gradient", slope, "second", bend)
# --8<-- [end:smooth]
d = torch.arange(-3.0, 4.0)
g = gradient(lambda d: smooth_l1(d, 2.0), d)
assert torch.equal(g, (d / 2).clamp(-1, 1))
assert torch.equal(gradient(lambda d: huber(d, 2.0), d), d.clamp(-2, 2))
x = torch.tensor([[-3.0, -2, 0], [2, 9, 1e-3]], dtype=torch.float64)
y = torch.tensor([0.1, 0.0, -0.3], dtype=torch.float64)
x, y = x.requires_grad_(), y.requires_grad_()
torch.manual_seed(0)
for check in (torch.autograd.gradcheck, torch.autograd.gradgradcheck):
    assert check(lambda x, y: pseudo_huber(x, y, 2.0), (x, y))
assert gradient(lambda d: pseudo_huber(d, 0.0, 2.0), torch.zeros(())) == 0
assert pseudo_huber(torch.empty(0, 2), torch.zeros(2)).shape == (0, 2)
inf, nan = float("inf"), float("nan")
# claim: has the same parabola near 0 and the same slopes far out
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    big = torch.finfo(dtype).max / 4
    eps = torch.finfo(dtype).eps
    for delta in (1.0, 2.0):
        at = torch.tensor([1e-3, -300.0, 3e4, 2e19, big], dtype=dtype)
        at = at[at.abs() <= big]
        f = pseudo_huber(at, torch.zeros_like(at), delta)
        g = gradient(lambda d, w=delta: pseudo_huber(d, 0.0, w), at)
        wanted = huber(at.double(), delta)
        wanted[1:] -= delta**2 / 2
        torch.testing.assert_close(
            f.double(), wanted, rtol=4 * eps + 5e-5, atol=6e-8
        )
        slope = at.double().clamp(-delta, delta)
        torch.testing.assert_close(
            g.double(), slope, rtol=4 * eps + 5e-5, atol=6e-8
        )
for delta in (100.0, 300.0, 1000.0):  # whose square is inf in float16
    at = torch.tensor([0.0, 0.01, 1.0, 30.0], dtype=torch.float16)
    f = pseudo_huber(at, torch.zeros_like(at), delta)
    torch.testing.assert_close(
        f.double(), at.double() ** 2 / 2, rtol=0.03, atol=1e-6
    )
    g = gradient(lambda d, w=delta: pseudo_huber(d, 0.0, w), at)
    r = at.double() / delta
    wanted = at.double() / torch.hypot(r, torch.ones_like(r))
    torch.testing.assert_close(g.double(), wanted, rtol=4e-3, atol=1e-6)
second = torch.func.vmap(torch.func.grad(torch.func.grad(pseudo_huber)))
bend = second(torch.tensor([0.0, 1.0, 1e30]), torch.zeros(3))
torch.testing.assert_close(bend, torch.tensor([1, 0.5**1.5, 0]))

# --8<-- [start:knee]
print("huber     gradient", gradient(lambda d: huber(d, 2.0), around))
print("huber     second  ", curvature(lambda d: huber(d, 2.0), around))
print("smooth_l1 second  ", curvature(lambda d: smooth_l1(d, 2.0), around))
# --8<-- [end:knee]
assert gradient(lambda d: huber(d, 2.0), around).tolist() == [1.99, 2, 2]
bend = curvature(lambda d: smooth_l1(d, 2.0), around)
assert bend.tolist() == [0.5, 0, 0]
assert curvature(lambda d: huber(d, 2.0), around).tolist() == [1, 0, 0]
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for width in (2.0, -2.0):
        knee = torch.tensor([width], dtype=dtype)
        for f, most in (huber, 1), (smooth_l1, 0):
            bend = torch.func.hessian(lambda d, f=f: f(d, 2.0).sum())(knee)
            assert bend == most
            assert curvature(lambda d, f=f: f(d, 2.0), knee) == 0

# --8<-- [start:zero]
for width in (1.0, 0.5, 0.125):
    one = curvature(lambda d, w=width: huber(d, w), 0.0)
    other = curvature(lambda d, w=width: smooth_l1(d, w), 0.0)
    print(f"{width}: huber {one}, smooth_l1 {other}")
# --8<-- [end:zero]
assert one == 1 and other == 8

# --8<-- [start:beta-zero]
points = torch.tensor([-1.0, 0.0, 1.0, float("nan")])
for beta in (0.0, 0.001):
    g = gradient(lambda d, beta=beta: smooth_l1(d, beta), points)
    print(f"beta={beta}: loss {smooth_l1(points, beta)[-1]}, gradient", g)
# --8<-- [end:beta-zero]
g = gradient(lambda d: smooth_l1(d, 0.0), points)
assert g.tolist() == [-1, 0, 1, 0] and smooth_l1(points, 0.0)[-1].isnan()
# with another beta the gradient is NaN
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for n in (1, 33, 1001):
        at = torch.full((n,), nan, dtype=dtype)
        for beta in (1e-30, 1e-3, 0.7, 1.0, 1e10):
            g = gradient(lambda d, b=beta: smooth_l1(d, b), at)
            assert g.isnan().all()
        assert not gradient(lambda d: smooth_l1(d, 0.0), at).any()

# --8<-- [start:not-allowed]
x, y = torch.tensor([-3.0, -1, 0.5, 4]), torch.zeros(4)
for loss, options in (
    (huber_loss, {"delta": 0.0}),
    (smooth_l1_loss, {"beta": -1.0}),
):
    try:
        loss(x, y, **options)
    except RuntimeError as error:
        print(options, error)
# --8<-- [end:not-allowed]

# --8<-- [start:infinite]
from torch.nn.functional import mse_loss

far = torch.tensor([float("inf"), float("-inf"), 1.0])
zero = torch.zeros(3)
print("huber:", gradient(lambda d: huber(d, 1.0), far))
print("mse:  ", gradient(lambda d: mse_loss(d, zero, reduction="sum"), far))
g = gradient(lambda x: huber_loss(x, far, reduction="none"), far)
print("huber of equal infinities:", g)
# --8<-- [end:infinite]
assert gradient(lambda d: huber(d, 1.0), far).tolist() == [1, -1, 1]
assert g[:2].isnan().all()

# --8<-- [start:target]
x = torch.tensor([3.0, 0.5], requires_grad=True)
y = torch.tensor([0.0, 0.0], requires_grad=True)
dx, dy = torch.autograd.grad(huber_loss(x, y, reduction="sum"), (x, y))
print(dx, dy)
# --8<-- [end:target]
assert (dx + dy).tolist() == [0, 0]
# claim: A target of the input's shape gets the same gradient with the other
#   sign.
torch.manual_seed(0)
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    x, y = torch.randn(2, 1001).to(dtype)
    for reduction in ("sum", "mean"):
        for loss in (huber_loss, smooth_l1_loss):
            dx, dy = gradient(
                lambda x, y, f=loss, r=reduction: f(x, y, reduction=r), x, y
            )
            assert torch.equal(dx, -dy)

# --8<-- [start:clipped]
d = 5 * torch.randn(1000)
g = gradient(lambda d: huber(d, 2.0), d)
assert torch.equal(g, d.clamp(-2, 2))
g = gradient(lambda d: smooth_l1(d, 2.0), d)
assert torch.equal(g, (d / 2).clamp(-1, 1))
# --8<-- [end:clipped]
# claim: The same knees, at −2 and 2.
for at in (-2.0, 2.0):
    for f in (huber, smooth_l1):
        ends = torch.tensor([at - 1e-6, at + 1e-6], dtype=torch.float64)
        left, right = curvature(lambda d, f=f: f(d, 2.0), ends)
        assert (left == 0) != (right == 0)
# claim: The slope of huber_loss in d is at most delta
for delta in (1.0, 0.3, 0.0625, 1e-3):
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        g = gradient(lambda d, w=delta: huber(d, w), d.to(dtype))
        assert g.abs().max() == torch.tensor(delta, dtype=dtype)
# claim: on the lines the steps of SGD shrink with it
for delta in (1.0, 0.3, 0.0625, 1e-3):
    g = gradient(lambda d, w=delta: huber(d, w), d)
    assert (g.abs() <= torch.tensor(delta)).all()
    far = d.abs() > delta
    torch.testing.assert_close(g[far].abs(), torch.full_like(g[far], delta))
w = torch.tensor(0.0, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
huber_loss(w, torch.tensor(5.0), delta=0.1).backward()
optimizer.step()
assert abs(w.item() - 0.01) < 1e-6

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
lines = text[text.index("- name: huber_loss(Tensor") :].splitlines()
print(lines[1], lines[2], sep="\n")
# --8<-- [end:source]
