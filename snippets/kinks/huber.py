# --8<-- [start:run]
import torch
from torch.nn.functional import huber_loss, smooth_l1_loss


def gradient(loss, d, **options):
    x = torch.tensor(d, dtype=torch.float64, requires_grad=True)
    out = loss(x, torch.zeros_like(x), reduction="sum", **options)
    (g,) = torch.autograd.grad(out, x)
    return (g + 0).tolist()  # + 0: no negative zeros


d = [-3.0, -2, -1, 0, 1, 2, 3]  # input - target
print("smooth_l1, beta=2:", gradient(smooth_l1_loss, d, beta=2))
print("huber,    delta=2:", gradient(huber_loss, d, delta=2))
# --8<-- [end:run]
assert gradient(smooth_l1_loss, d, beta=2) == [-1, -1, -0.5, 0, 0.5, 1, 1]
assert gradient(huber_loss, d, delta=2) == [-2, -2, -1, 0, 1, 2, 2]

# --8<-- [start:factor]
x, y = torch.tensor([-3.0, -1, 0.5, 4]), torch.zeros(4)
for width in (0.5, 1.0, 2.0):
    huber = huber_loss(x, y, reduction="none", delta=width)
    smooth = smooth_l1_loss(x, y, reduction="none", beta=width)
    print(width, (huber / smooth).tolist())
# --8<-- [end:factor]
assert (huber / smooth).tolist() == [2, 2, 2, 2]


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
def curvature(loss, d, **options):
    x = torch.tensor(d, dtype=torch.float64, requires_grad=True)
    out = loss(x, torch.zeros_like(x), reduction="sum", **options)
    (first,) = torch.autograd.grad(out, x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    return second.tolist()


def pseudo_huber(x, y, delta=1.0, reduction="mean"):
    r = (x - y) / delta
    # delta² (sqrt(1 + r²) - 1), without the cancellation near 0
    loss = delta**2 * r**2 / (1 + torch.sqrt(1 + r**2))
    return {"none": loss, "sum": loss.sum(), "mean": loss.mean()}[reduction]


around = [1.99, 2.0, 2.01]
for loss in (huber_loss, pseudo_huber):
    slope = [round(g, 3) for g in gradient(loss, around, delta=2)]
    bend = [round(g, 3) for g in curvature(loss, around, delta=2)]
    print(loss.__name__, slope, bend)
# --8<-- [end:smooth]
x = torch.tensor([-3.0, -2, 0, 2, 9], dtype=torch.float64, requires_grad=True)
assert torch.autograd.gradgradcheck(
    lambda x: pseudo_huber(x, torch.zeros_like(x), delta=2.0), (x,)
)
assert gradient(pseudo_huber, [0.0], delta=2) == [0]

# --8<-- [start:knee]
around = [1.99, 2.0, 2.01]
print("huber     slope    ", gradient(huber_loss, around, delta=2))
print("huber     curvature", curvature(huber_loss, around, delta=2))
print("smooth_l1 curvature", curvature(smooth_l1_loss, around, beta=2))
# --8<-- [end:knee]
assert gradient(huber_loss, around, delta=2) == [1.99, 2, 2]
assert curvature(huber_loss, around, delta=2) == [1, 0, 0]
assert curvature(smooth_l1_loss, around, beta=2) == [0.5, 0, 0]

# --8<-- [start:zero]
for width in (1.0, 0.5, 0.125):
    huber = curvature(huber_loss, 0.0, delta=width)
    smooth = curvature(smooth_l1_loss, 0.0, beta=width)
    print(f"{width}: huber {huber}, smooth_l1 {smooth}")
# --8<-- [end:zero]
assert huber == 1 and smooth == 8

# --8<-- [start:beta-zero]
nan = float("nan")
points = [-1.0, 0.0, 1.0, nan]
for beta in (0.0, 0.001):
    print(f"beta={beta}:", gradient(smooth_l1_loss, points, beta=beta))
value = smooth_l1_loss(torch.tensor(nan), torch.tensor(0.0), beta=0.0)
print("loss at nan:", value.item())
# --8<-- [end:beta-zero]
assert gradient(smooth_l1_loss, points, beta=0.0) == [-1, 0, 1, 0]
assert value.isnan()

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

inf = float("inf")
print("huber:", gradient(huber_loss, [inf, -inf, 1.0]))
print("mse:  ", gradient(mse_loss, [inf, -inf, 1.0]))
same = torch.tensor(inf, requires_grad=True)
(g,) = torch.autograd.grad(huber_loss(same, torch.tensor(inf)), same)
print("huber of inf and inf:", g.item())
# --8<-- [end:infinite]
assert gradient(huber_loss, [inf, -inf, 1.0]) == [1, -1, 1] and g.isnan()

# --8<-- [start:target]
x = torch.tensor([3.0, 0.5], requires_grad=True)
y = torch.tensor([0.0, 0.0], requires_grad=True)
dx, dy = torch.autograd.grad(huber_loss(x, y, reduction="sum"), (x, y))
print(dx, dy)
# --8<-- [end:target]
assert (dx + dy).tolist() == [0, 0]

# --8<-- [start:clipped]
d = torch.linspace(-5, 5, 101, dtype=torch.float64)
huber = torch.tensor(gradient(huber_loss, d.tolist(), delta=2))
smooth = torch.tensor(gradient(smooth_l1_loss, d.tolist(), beta=2))
torch.testing.assert_close(huber.double(), d.clamp(-2, 2))
torch.testing.assert_close(smooth.double(), (d / 2).clamp(-1, 1))
# --8<-- [end:clipped]

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
lines = text[text.index("- name: huber_loss(Tensor") :].splitlines()
print(lines[1], lines[2], sep="\n")
# --8<-- [end:source]
