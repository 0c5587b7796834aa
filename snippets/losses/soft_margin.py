# --8<-- [start:run]
import torch
from torch.nn.functional import logsigmoid, soft_margin_loss


def loss_and_gradient(x, y, dtype=torch.float32):
    x = torch.tensor(x, dtype=dtype, requires_grad=True)
    loss = soft_margin_loss(x, torch.full_like(x, y), reduction="none")
    (g,) = torch.autograd.grad(loss.sum(), x)
    return loss.tolist(), g.tolist()


for x in (2.0, 0.0, -20.0, -88.0, -89.0, -1000.0):
    (loss,), (g,) = loss_and_gradient([x], 1.0)
    print(f"x = {x:7}: loss {loss:7.4f}, gradient {g:.4f}")
# --8<-- [end:run]
assert loss == float("inf") and g != g
assert loss_and_gradient([0.0], 1.0)[1] == [-0.5]

# --8<-- [start:trap-overflow]
x = torch.tensor([2.0, -100.0], requires_grad=True)
y = torch.ones(2)
loss = soft_margin_loss(x, y)
(g,) = torch.autograd.grad(loss, x)
print("soft_margin_loss:", loss.item(), g)
# --8<-- [end:trap-overflow]
assert loss.isinf() and g[1].isnan()

# --8<-- [start:fix-overflow]
loss = -logsigmoid(y * x).mean()
(g,) = torch.autograd.grad(loss, x)
print("-logsigmoid(y * x):", round(loss.item(), 3), g)
# --8<-- [end:fix-overflow]
assert loss.isfinite() and g.isfinite().all() and g[1] == -0.5
torch.manual_seed(0)
# claim: -logsigmoid(y x) is the same function
for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
    for size in (1, 17, 1001):
        x = (8 * torch.rand(size) - 4).to(dtype).requires_grad_()
        y = torch.randint(2, (size,)).to(dtype) * 2 - 1
        pair = -logsigmoid(y * x), soft_margin_loss(x, y, reduction="none")
        near = 4 * torch.finfo(dtype).eps
        torch.testing.assert_close(*pair, rtol=near, atol=near)
        pair = [torch.autograd.grad(v.sum(), x)[0] for v in pair]
        torch.testing.assert_close(*pair, rtol=near, atol=near)
layer = torch.nn.Linear(1, 1, bias=False)
torch.nn.init.ones_(layer.weight)
rows = torch.tensor([[2.0], [-100.0]])
soft_margin_loss(layer(rows), torch.ones(2, 1)).backward()
assert layer.weight.grad.isnan().all()
x64 = torch.linspace(-80, 80, 161, dtype=torch.float64, requires_grad=True)
one = torch.ones(161, dtype=torch.float64)
mine = torch.autograd.grad(-logsigmoid(one * x64).sum(), x64)
theirs = torch.autograd.grad(soft_margin_loss(x64, one, reduction="sum"), x64)
torch.testing.assert_close(mine, theirs)
for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
    far = torch.tensor([-1e4, -float("inf")], dtype=dtype, requires_grad=True)
    (g,) = torch.autograd.grad(-logsigmoid(far).sum(), far)
    assert g.tolist() == [-1, -1]
vmapped = torch.func.vmap(lambda x: -logsigmoid(x))(x64)
torch.testing.assert_close(vmapped, -logsigmoid(x64))

# --8<-- [start:trap-targets]
labels = torch.tensor([1.0, 0.0])  # 0 should have been -1
scores = torch.tensor([-2.0, 2.0], requires_grad=True)
(g,) = torch.autograd.grad(soft_margin_loss(scores, labels), scores)
print("gradient", g + 0)
fitted = torch.tensor([50.0, -50.0])
print("fitted: ", soft_margin_loss(fitted, labels).item())
# --8<-- [end:trap-targets]
assert g[1] == 0
half = torch.tensor(2.0).log() / 2
torch.testing.assert_close(soft_margin_loss(fitted, labels), half)
far = soft_margin_loss(torch.tensor([-3.0, 0.5, 3.0]), torch.zeros(3))
torch.testing.assert_close(far, torch.tensor(2.0).log())

# --8<-- [start:fix-targets]
signs = 2 * labels - 1
(g,) = torch.autograd.grad(soft_margin_loss(scores, signs), scores)
print(g)
bce = torch.nn.functional.binary_cross_entropy_with_logits
print(torch.autograd.grad(bce(scores, labels), scores)[0])
# --8<-- [end:fix-targets]
torch.testing.assert_close(
    g, torch.autograd.grad(bce(scores, labels), scores)[0]
)
torch.testing.assert_close(
    soft_margin_loss(scores, signs), bce(scores, labels)
)

assert (2 * labels.byte() - 1).tolist() == [1, 255]
assert soft_margin_loss(-fitted, labels) > 20  # not fitted: above the half
loss = soft_margin_loss(scores, labels > 0)
torch.testing.assert_close(loss, soft_margin_loss(scores, labels))
try:
    loss.backward()
except (RuntimeError, NotImplementedError) as error:
    assert "on a bool tensor is not supported" in str(error)
else:
    raise AssertionError


# --8<-- [start:overflow]
def bisected(dtype):
    """The last x with a finite loss, and the first with inf."""
    good, bad = (torch.tensor(x, dtype=dtype) for x in (-1.0, -1000.0))
    while True:
        x = ((good.double() + bad.double()) / 2).to(dtype)
        if x in (good, bad):
            return good, bad
        if soft_margin_loss(x, torch.ones_like(x)).isinf():
            bad = x
        else:
            good = x


for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
    good, bad = bisected(dtype)
    print(f"{str(dtype):14} finite {good.item()}, inf {bad.item()}")
# --8<-- [end:overflow]
for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
    good, bad = bisected(dtype)
    for n in (1, 17, 1001):
        many = bad.repeat(n).requires_grad_()
        loss = soft_margin_loss(many, torch.ones_like(many), reduction="none")
        (g,) = torch.autograd.grad(loss.sum(), many)
        assert loss.isinf().all() and g.isnan().all()
        many = good.repeat(n)
        loss = soft_margin_loss(many, torch.ones_like(many), reduction="none")
        assert loss.isfinite().all()
assert loss_and_gradient([-88.72283], 1.0)[0][0] < 89
for x in (-88.72284, -89.0, -1e4, -3e38):
    (loss,), (g,) = loss_and_gradient([x], 1.0)
    assert loss == float("inf") and g != g
for x, over in (-11.086, False), (-11.094, True):
    (_, (g,)) = loss_and_gradient([x], 1.0, torch.float16)
    assert (g != g) == over

# --8<-- [start:nan]
inf, nan = float("inf"), float("nan")
for x in (inf, -inf, nan):
    (loss,), (g,) = loss_and_gradient([x], 1.0)
    print(f"x = {x}: loss {loss}, gradient {g + 0}")
# --8<-- [end:nan]
assert g != g
for x in (-3e38, -88.0, 0.0, 3e38):
    assert loss_and_gradient([x], 0.0)[1] == [0]

# --8<-- [start:log1p]
x = torch.tensor(20.0)
print(f"soft_margin_loss: {soft_margin_loss(x, torch.tensor(1.0)):.2e}")
print(f"log(1 + exp(-x)): {(1 + (-x).exp()).log():.2e}")
# --8<-- [end:log1p]
assert soft_margin_loss(x, torch.tensor(1.0)) > 0
x = torch.linspace(0, 87, 2001)
out = soft_margin_loss(x, torch.ones(2001), reduction="none").double()
wanted = (-x.double()).exp().log1p()
torch.testing.assert_close(out, wanted, rtol=5e-7, atol=0)

# --8<-- [start:shapes]
scores, column = torch.zeros(3), torch.ones(3, 1)
try:
    soft_margin_loss(scores, column)
except RuntimeError as error:
    print(error)
print(tuple((scores * column).shape), "with scores * column")
# --8<-- [end:shapes]
for y in (torch.ones(1), torch.tensor(1.0)):
    assert soft_margin_loss(scores, y, reduction="none").shape == (3,)
assert soft_margin_loss(torch.zeros(2, 3), torch.ones(3)).isfinite()

# --8<-- [start:target]
try:
    soft_margin_loss(scores, torch.ones(3, requires_grad=True))
except RuntimeError as error:
    print(error)
# --8<-- [end:target]

# --8<-- [start:hessian]
from torch.func import grad, jvp

ones = torch.ones(3)
try:
    jvp(grad(lambda x: soft_margin_loss(x, ones)), (scores,), (ones,))
except NotImplementedError as error:
    print(str(error).splitlines()[0])
_, row = jvp(grad(lambda x: -logsigmoid(x * ones).mean()), (scores,), (ones,))
print("-logsigmoid:", row)
# --8<-- [end:hessian]
table = torch.autograd.functional.hessian(
    lambda x: soft_margin_loss(x, ones), scores
)
torch.testing.assert_close(table.diag(), row)
x = torch.randn(4, dtype=torch.float64, requires_grad=True)
assert torch.autograd.gradgradcheck(
    lambda x: soft_margin_loss(x, torch.ones(4).double()), (x,)
)

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
lines = text[text.index("- name: soft_margin_loss(Tensor") :].splitlines()
print(lines[0], lines[1], sep="\n")
# --8<-- [end:source]
