# --8<-- [start:run]
import torch
from torch.nn.functional import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
)

z = torch.tensor([-2.0, 0.0, 0.0, 2.0], requires_grad=True)
y = torch.tensor([1.0, 0.0, 1.0, 1.0])
p = torch.sigmoid(z)
ways = {
    "of logits       ": binary_cross_entropy_with_logits(z, y),
    "of probabilities": binary_cross_entropy(p, y),
}
for name, loss in ways.items():
    (g,) = torch.autograd.grad(loss, z, retain_graph=True)
    print(name, round(loss.item(), 4), g)
(g_p,) = torch.autograd.grad(loss, p)
print("(σ(z) - y) / N ", "       ", ((p - y) / 4).detach())
# --8<-- [end:run]
p = p.detach()
torch.testing.assert_close(g, (p - y) / 4)
torch.testing.assert_close(g_p, (p - y) / (p * (1 - p)) / 4)


# --8<-- [start:trap]
def compare(z, y):
    z = torch.tensor(z, requires_grad=True)
    y = torch.full_like(z, y)
    loss = binary_cross_entropy(torch.sigmoid(z), y, reduction="none")
    (g,) = torch.autograd.grad(loss.sum(), z)
    return (loss + 0).detach(), g + 0


wrong = (-20.0, 1.0), (-30.0, 1.0), (-40.0, 1.0), (-104.0, 1.0), (17.0, 0.0)
for z, y in wrong:
    loss, g = compare(z, y)
    print(f"z = {z:g}, y = {y:g}: loss {loss:g}, gradient {g:.2g}")
# --8<-- [end:trap]
assert compare(-104.0, 1.0) == (100, 0) and compare(17.0, 0.0) == (100, 0)
assert -5e-6 < compare(-40.0, 1.0)[1] < 0

# --8<-- [start:fix]
z, y = torch.tensor(wrong).unbind(1)
z.requires_grad_()
loss = binary_cross_entropy_with_logits(z, y, reduction="none")
(g,) = torch.autograd.grad(loss.sum(), z)
print(loss.tolist(), g.tolist())
# --8<-- [end:fix]
torch.testing.assert_close(loss, z.abs())
torch.testing.assert_close(g, torch.tensor([-1.0, -1, -1, -1, 1]))


# --8<-- [start:step]
def attempt(function, x, y):
    try:
        return function(x, y)
    except (RuntimeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


p = torch.tensor(0.0, requires_grad=True)
optimizer = torch.optim.SGD([p], lr=1e-3)
binary_cross_entropy(p, torch.tensor(1.0)).backward()
optimizer.step()
print(f"p = {p.item():g}")
print(attempt(binary_cross_entropy, p, torch.tensor(1.0)))
# --8<-- [end:step]
assert p > 1e8

# --8<-- [start:step-fix]
z = torch.tensor(-104.0, requires_grad=True)  # p = sigmoid(z)
optimizer = torch.optim.SGD([z], lr=1.0)
for _ in range(120):
    optimizer.zero_grad()
    binary_cross_entropy_with_logits(z, torch.tensor(1.0)).backward()
    optimizer.step()
print(f"z = {z.item():.2f}, p = {torch.sigmoid(z).item():.3f}")
# --8<-- [end:step-fix]
assert torch.sigmoid(z) > 0.9

# --8<-- [start:twice]
z = torch.tensor([-10.0, 10.0], requires_grad=True)
y = torch.tensor([0.0, 1.0])  # both are right
for name, x in ("sigmoid twice", torch.sigmoid(z)), ("once", z):
    loss = binary_cross_entropy_with_logits(x, y)
    (g,) = torch.autograd.grad(loss, z)
    print(f"{name:13} loss {loss.item():.4f}, gradient {g.tolist()}")
# --8<-- [end:twice]
assert loss < 1e-4
# claim: The loss cannot get below 0.3133 for target 1 and 0.6931 for target 0.
x = torch.linspace(0, 1, 1001)
for target, floor in (1.0, 0.3133), (0.0, 0.6931):
    low = binary_cross_entropy_with_logits(
        x, torch.full_like(x, target), reduction="none"
    ).min()
    assert round(low.item(), 4) == floor


# --8<-- [start:near]
def bce(p, y, dtype=torch.float32):
    """Loss, its gradient and the target's gradient."""
    p = torch.tensor(p, dtype=dtype, requires_grad=True)
    y = torch.tensor(y, dtype=dtype, requires_grad=True)
    loss = binary_cross_entropy(p, y, reduction="none")
    dp, dy = torch.autograd.grad(loss.sum(), (p, y))
    return [(t + 0).detach() for t in (loss, dp, dy)]


for p in (0.0, 1e-20, 1e-13, 1e-12, 1e-11):
    (loss, wrong, _), (_, right, _) = bce(p, 1.0), bce(p, 0.0)
    print(f"p = {p:g}, y = 1: loss {loss:.2f}, dp {wrong:.3g}", end="; ")
    print(f"y = 0: dp {right:.3g}")
last = torch.nextafter(torch.tensor(1.0), torch.tensor(0.0)).item()
print(f"p = 1 - 6e-8, y = 0: dp {bce(last, 0.0)[1]:.3g}")
# --8<-- [end:near]
for p, y, values in (
    (0.0, 1.0, (100, -1e12, float("inf"))),
    (0.0, 0.0, (0, 0, float("inf"))),
    (1.0, 0.0, (100, 1e12, float("-inf"))),
    (1.0, 1.0, (0, 0, float("-inf"))),
):
    assert bce(p, y) == [torch.tensor(value) for value in values]
small = [1e-20, 1e-13, 1e-12]
assert (bce(small, [1.0] * 3)[1] == -1e12).all()
assert bce(1e-20, 0.0)[1] < 1e-7
# The bound is a float32 number for float64 too, hence the odd digits.
eps32 = torch.tensor(1e-12, dtype=torch.float32).double()
dp = bce(0.0, 1.0, torch.float64)[1]
assert dp == -1 / eps32 and f"{dp.item():.1f}" == "-1000000003995.8"

# --8<-- [start:half]
for dtype in (torch.bfloat16, torch.float16):
    _, dp, _ = bce([0.0, 0.0], [1.0, 0.0], dtype)
    print(f"{str(dtype):14}", dp.tolist())

z = torch.tensor([-9.0, -12, -20], dtype=torch.float16, requires_grad=True)
loss = binary_cross_entropy(torch.sigmoid(z), torch.ones(3).half())
print("sigmoid before:", torch.autograd.grad(loss, z)[0].tolist())
# --8<-- [end:half]
assert dp[0].isneginf() and dp[1].isnan()
(g,) = torch.autograd.grad(
    binary_cross_entropy_with_logits(z, torch.ones(3).half()), z
)
torch.testing.assert_close(g, torch.full((3,), -1 / 3).half())
# claim: a logit with target 0 gets the gradient 0 from 6.25 on.
high = torch.arange(0x4000, 0x42C8, dtype=torch.int16).view(torch.bfloat16)
high.requires_grad_()  # every number from 2 to 100
loss = binary_cross_entropy(high.sigmoid(), torch.zeros_like(high))
(g,) = torch.autograd.grad(loss, high)
assert torch.equal(g == 0, high >= 6.25)
with torch.autocast("cpu", dtype=torch.float16):
    try:
        loss = binary_cross_entropy(torch.sigmoid(z), torch.ones(3).half())
    except RuntimeError as error:
        assert "unsafe to autocast" in str(error)

# --8<-- [start:infinite]
inf, nan = float("inf"), float("nan")
z = torch.tensor([inf, inf, -inf, -inf, nan], requires_grad=True)
y = torch.tensor([1.0, 0.0, 1.0, 0.0, 1.0])
loss = binary_cross_entropy_with_logits(z, y, reduction="none")
(g,) = torch.autograd.grad(loss.sum(), z)
for row in zip(z.tolist(), y.tolist(), loss.tolist(), (g + 0).tolist()):
    print("z = {}, y = {}: loss {}, gradient {}".format(*row))
# --8<-- [end:infinite]
assert g[:4].tolist() == [0, 1, -1, 0]
# claim: Any −∞ gives NaN, and a weight of 0 does not remove it.
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for size in (1, 3, 17, 33):
        for target in (0.0, 0.3, 1.0):
            for options in (
                {},
                {"weight": torch.zeros(size, dtype=dtype)},
                {"pos_weight": torch.full((size,), 3.0, dtype=dtype)},
            ):
                x = torch.full((size,), -inf, dtype=dtype, requires_grad=True)
                t = torch.full((size,), target, dtype=dtype)
                loss = binary_cross_entropy_with_logits(
                    x, t, reduction="none", **options
                )
                assert loss.isnan().all()
                (g,) = torch.autograd.grad(loss.sum(), x)
                if not options:
                    assert torch.equal(g, -t)
                assert g.isfinite().all()
                up = binary_cross_entropy_with_logits(-x, t, reduction="none")
                assert up.isnan().all() if target == 1 else up.isinf().all()
                (g,) = torch.autograd.grad(up.sum(), x)
                assert torch.equal(-g, 1 - t)
loss = binary_cross_entropy(torch.sigmoid(z[:4]), y[:4], reduction="none")
assert loss.tolist() == [0, 100, 100, 0]

# Figure: Gradient of the loss over the logit from -45 to 30, in float32. Left,
# target 1: of logits it goes from -1 to 0; of probabilities it leaves -1 at
# -28 and is nearly 0 from -35 down. Right, target 0: of logits it goes from 0
# to 1; of probabilities it falls from 1 to 0 at 16.6.
# --8<-- [start:picture]
import matplotlib.pyplot as plt

logits = torch.arange(-45.0, 30.5, 0.5)
fig, axes = plt.subplots(1, 2, sharey=True)
for axis, target in zip(axes, (1.0, 0.0), strict=True):
    y = torch.full_like(logits, target)
    for name, loss, inner in (
        ("of logits", binary_cross_entropy_with_logits, lambda z: z),
        ("of probabilities", binary_cross_entropy, torch.sigmoid),
    ):
        z = logits.clone().requires_grad_()
        out = loss(inner(z), y, reduction="sum")
        (g,) = torch.autograd.grad(out, z)
        axis.plot(logits, g, label=name)
    axis.set_title(f"target {target:g}")
    axis.set_xlabel("logit")
axes[0].set_ylabel("gradient")
axes[0].legend()
plt.show()
# --8<-- [end:picture]
assert g[logits > 17].abs().max() == 0

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in ("binary_cross_entropy(", "binary_cross_entropy_with_logits("):
    lines = text[text.index(f"- name: {name}") :].splitlines()
    print(name[:-1], lines[1], lines[2], sep="\n")
# --8<-- [end:source]
