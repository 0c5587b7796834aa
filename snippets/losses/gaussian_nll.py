# --8<-- [start:run]
import torch
from torch.nn.functional import gaussian_nll_loss


def loss_and_gradients(loss, *numbers, **options):
    leaves = [
        torch.tensor(number, dtype=torch.float64, requires_grad=True)
        for number in numbers
    ]
    out = loss(*leaves, **options)
    grads = torch.autograd.grad(out.sum(), leaves)
    return out.item(), *[(g + 0).item() for g in grads]


for error in (0.0, 1.0, 2.0, 3.0):
    loss, dx, dt, dvar = loss_and_gradients(gaussian_nll_loss, error, 0.0, 4.0)
    print(f"error {error}, var 4: input {dx}, var {dvar:+.4f}")
# --8<-- [end:run]
assert dx == 3 / 4 and dvar == (1 / 4 - 9 / 16) / 2
assert loss_and_gradients(gaussian_nll_loss, 2.0, 0.0, 4.0)[3] == 0


# --8<-- [start:trap-var]
def train(variance, start, error, steps=100, rate=0.1):
    s = torch.tensor(start, requires_grad=True)
    e, zero = torch.tensor(error), torch.zeros(len(error))
    for step in range(steps):
        try:
            loss = gaussian_nll_loss(e, zero, variance(s).expand(len(e)))
        except ValueError as stopped:
            print(f"step {step}, var {variance(s).item():.3f}: {stopped}")
            break
        (g,) = torch.autograd.grad(loss, s)
        s = (s - rate * g).detach().requires_grad_()
    return s.detach(), loss.detach()


s, loss = train(lambda s: s, 1.0, [0.0, 0.0])
# --8<-- [end:trap-var]
assert s < 0

# --8<-- [start:trap-log]
error, u = torch.tensor(0.0), torch.tensor(0.0)  # u: log of the variance
for step in range(1, 181):
    u.requires_grad_()
    loss = 0.5 * (u + error**2 * torch.exp(-u))
    (g,) = torch.autograd.grad(loss, u)
    u = (u - g).detach()
    if step % 60 == 0:
        print(f"step {step}: loss {loss.item():.2f}, gradient {g.item()}")
# --8<-- [end:trap-log]
assert loss.isnan() and g.isnan()


# --8<-- [start:fix-var]
def positive(s, floor=0.01):
    return torch.nn.functional.softplus(s) + floor


ends = []
for error in ([0.0, 0.0], [2.0, -2.0]):
    s, loss = train(positive, 0.5, error, rate=4.0)
    ends.append((positive(s), loss))
    print(f"var {positive(s).item():.3f}, loss {loss.item():.3f}")
# --8<-- [end:fix-var]
(exact, lowest), (spread, _) = ends
assert 0.01 < exact < 0.02 and lowest > 0.5 * torch.tensor(0.01).log()
assert abs(spread - 4) < 1e-3

for floor in (0.01, 0.5):
    for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        s = torch.tensor([-1e4, -100, -5, 0, 5, 1e4], dtype=dtype)
        var = positive(s, floor)
        assert (var >= floor * 0.999).all() and var.isfinite().all()
        losses = gaussian_nll_loss(0 * s, 0 * s, var, reduction="none")
        assert (losses >= 0.5 * torch.tensor(floor).log() - 0.01).all()
torch.manual_seed(0)
assert torch.autograd.gradcheck(
    positive, torch.rand(3).double().requires_grad_()
)
for error in (0.0, 1.0, 0.3):  # and below eps
    for var in (0.0, 1e-7, 9e-7):
        at = loss_and_gradients(gaussian_nll_loss, error, 0.0, 1e-6)
        assert loss_and_gradients(gaussian_nll_loss, error, 0.0, var) == at
for error in (0.0, 1e-4, 9e-4, 1e-3, 1.1e-3, 0.1, 1.0, 30.0):
    _, dx, _, dvar = loss_and_gradients(gaussian_nll_loss, error, 0.0, 0.0)
    assert abs(dx - 1e6 * error) <= 1e-9 * dx
    assert abs(dvar - (5e5 - 5e11 * error**2)) <= 1e-6 * (1 + abs(dvar))
    assert (dvar > 1e-6) == (error < 1e-3)

# --8<-- [start:trap-weight]
x, t = torch.ones(2, requires_grad=True), torch.zeros(2)
var = torch.tensor([1.0, 100.0])
loss = gaussian_nll_loss(x, t, var, reduction="sum")
(g,) = torch.autograd.grad(loss, x)
print(g)
# --8<-- [end:trap-weight]
torch.testing.assert_close(g, torch.tensor([1.0, 0.01]))


# --8<-- [start:fix-weight]
def beta_nll(x, t, var, beta=0.5):
    """var is a tensor. Not under vmap or fullgraph: its values are read."""
    var = var.expand_as(x)  # one for each sample: var[:, None]
    loss = gaussian_nll_loss(x, t, var, reduction="none")
    return (loss * var.detach() ** beta).mean()


for beta in (0.0, 0.5, 1.0):
    (g,) = torch.autograd.grad(2 * beta_nll(x, t, var, beta), x)
    print(f"beta={beta}: {g}")
# --8<-- [end:fix-weight]
torch.testing.assert_close(g, torch.ones(2))
x, t, var = torch.rand(3, 5, 4, dtype=torch.float64) + 0.1
for beta in (0.0, 0.3, 1.0):
    for squared in (False, True):  # at var = squared error its gradient is 0
        leaves = [v.clone().requires_grad_() for v in (x, t, var)]
        if squared:
            leaves[2] = ((x - t) ** 2 + 1e-3).requires_grad_()
            leaves[1] = x - (leaves[2].detach()) ** 0.5
        g, dvar = torch.autograd.grad(
            beta_nll(*leaves, beta), (leaves[0], leaves[2])
        )
        exact = (leaves[0] - leaves[1]) * leaves[2] ** (beta - 1) / 20
        torch.testing.assert_close(g, exact)
        assert not squared or dvar.abs().max() < 1e-9
e, share = torch.ones(2, requires_grad=True), {0.0: 0, 1e-8: 0.01, 1e-6: 1}
for tiny, part in share.items():
    loss = beta_nll(e, torch.zeros(2), torch.full((2,), tiny), 1.0)
    torch.testing.assert_close(
        torch.autograd.grad(loss, e)[0], torch.full((2,), part / 2)
    )
for small in (var[:, :1], var[:1], var[0], var[0, 0]):
    one, full = (v.clone().requires_grad_() for v in (small, var))
    whole = small.expand(5, 4).clone().requires_grad_()
    mine, wanted = beta_nll(x, t, one), beta_nll(x, t, whole)
    torch.testing.assert_close(mine, wanted)
    (a,), (b,) = (
        torch.autograd.grad(v, s) for v, s in ((mine, one), (wanted, whole))
    )
    torch.testing.assert_close(a, b.sum_to_size(small.shape))
try:
    torch.func.vmap(beta_nll)(x, t, var)
except RuntimeError as error:
    assert "vmap" in str(error)
else:
    raise AssertionError
torch.testing.assert_close(
    torch.func.grad(beta_nll)(x, t, var, 1.0), (x - t) / 20
)

# --8<-- [start:var-zero]
for error in (0.0, 1.0):
    for var in (1e-5, 1e-6, 1e-7, 0.0):
        loss, dx, _, dvar = loss_and_gradients(
            gaussian_nll_loss, error, 0.0, var
        )
        print(f"error {error}, var {var:5}: loss {loss:12.4f}", end=" ")
        print(f"input {dx:9.0f}, var {dvar:.6g}")
# --8<-- [end:var-zero]
assert loss_and_gradients(gaussian_nll_loss, 0.0, 0.0, 0.0)[3] == 0.5 / 1e-6

# --8<-- [start:var-modes]
from torch.func import grad, jvp

one, zero = torch.tensor(1.0), torch.tensor(0.0)


def loss_of(var):
    return gaussian_nll_loss(one, zero, var, eps=0.5)


var = torch.tensor(0.25)  # below eps
print("reverse", grad(loss_of)(var).item())
print("forward", jvp(loss_of, (var,), (one,))[1].item())
print("slope  ", ((loss_of(var + 0.1) - loss_of(var)) / 0.1).item())
# --8<-- [end:var-modes]
assert grad(loss_of)(var) == -1 and jvp(loss_of, (var,), (one,))[1] == 0

# Figure: gaussian_nll_loss with an error of 1 and eps = 0.5, for var from 0 to
# 3. Left: the loss is flat up to 0.5, falls to its minimum at 1 and rises
# slowly. Right: PyTorch's gradient is -1 up to 0.5, where the slope is 0; from
# there on both are one curve, which crosses 0 at 1.
# --8<-- [start:picture]
import matplotlib.pyplot as plt

var = torch.linspace(0.01, 3, 150, requires_grad=True)
loss = gaussian_nll_loss(
    torch.ones(150), torch.zeros(150), var, eps=0.5, reduction="none"
)
(g,) = torch.autograd.grad(loss.sum(), var)
v = var.detach()

fig, (left, right) = plt.subplots(1, 2)
left.plot(v, loss.detach())
left.set_title("loss")
right.plot(v, g, label="gradient")
right.plot([0, 0.5], [0, 0], color="C1", label="slope")
right.set_title("its gradient")
right.legend(loc="lower right")
for ax in (left, right):
    ax.set_xlabel("var")
plt.show()
# --8<-- [end:picture]
assert (g[v < 0.5] == -1).all() and (loss[v < 0.5] == loss[0]).all()

# --8<-- [start:half]
one = torch.ones((), dtype=torch.float16)


def half(var):
    var = torch.tensor(var, dtype=torch.float16, requires_grad=True)
    loss = gaussian_nll_loss(one, 0 * one, var)
    return loss.item(), torch.autograd.grad(loss, var)[0].item()


least = 1.0
while half(least)[1] > -torch.inf:
    least *= 0.99
for var in (0.01, round(least, 4), 0.0):
    print("var", var, "loss and gradient", half(var))
# --8<-- [end:half]
assert half(0.0)[1] != half(0.0)[1] and half(0.0)[0] == torch.inf
with torch.autocast("cpu", dtype=torch.float16):
    assert gaussian_nll_loss(one, 0 * one, one).dtype == torch.float16

# --8<-- [start:var-shape]
x = torch.zeros(3, 2)  # 3 samples, 2 features
for shape in ((3, 2), (3, 1), (1, 2), (3,), (2,), (), (1, 1)):
    try:
        gaussian_nll_loss(x, x, torch.ones(shape))
        print(f"{shape!s:6} is taken")
    except ValueError as error:
        print(f"{shape!s:6} {error}")
gaussian_nll_loss(x, x, 1.0)
y = torch.zeros(4, 3, 2)
for shape in ((4, 3, 2), (1, 3, 2), (4, 1, 2), (4, 3, 1), (4, 3)):
    assert not gaussian_nll_loss(y, y, torch.ones(shape))
for shape in ((4, 1, 1), (1, 1, 2), (4,), (3, 2), (2,), (1,), (2, 4, 3, 2)):
    try:
        gaussian_nll_loss(y, y, torch.ones(shape))
    except ValueError as error:
        assert "incorrect size" in str(error)
    else:
        raise AssertionError(shape)
# --8<-- [end:var-shape]

# --8<-- [start:var-square]
x = torch.zeros(2, 2)
loss = gaussian_nll_loss(
    x, x, torch.tensor([1.0, 4.0]), reduction="none", eps=0.5
)
print(loss)
# --8<-- [end:var-square]
half_log = torch.tensor([[1.0], [4.0]]).log() / 2
torch.testing.assert_close(loss, half_log.expand(2, 2))

# --8<-- [start:target-shape]
x, t = torch.zeros(3, 1), torch.zeros(3)
print(gaussian_nll_loss(x, t, torch.ones(3, 1), reduction="none").shape)
none = torch.zeros(0)
print("mean of nothing:", gaussian_nll_loss(none, none, none).item())
# --8<-- [end:target-shape]

# --8<-- [start:var-negative]
for var in (-1.0, torch.tensor([1.0, -1e-9])):
    try:
        gaussian_nll_loss(torch.zeros(2), torch.zeros(2), var)
    except ValueError as error:
        print(error)
# --8<-- [end:var-negative]
gaussian_nll_loss(torch.zeros(2), torch.zeros(2), torch.tensor([torch.nan, 1]))

# --8<-- [start:errors]
for options in ({"var": 1}, {"var": 1.0, "reduction": "avg"}):
    try:
        gaussian_nll_loss(t, t, **options)
    except (TypeError, ValueError) as error:
        print(f"{options}:", str(error).splitlines()[0])
# --8<-- [end:errors]


# --8<-- [start:mechanism]
def clamped(var, eps):
    var = var.clone()
    with torch.no_grad():
        var.clamp_(min=eps)  # reverse mode does not see this
    return var


var = torch.tensor([0.25, 2.0], requires_grad=True)
(through,) = torch.autograd.grad(clamped(var, 0.5).sum(), var)
(clamp,) = torch.autograd.grad(var.clamp(min=0.5).sum(), var)
print("as in gaussian_nll_loss", through)
print("a clamp                ", clamp)
# --8<-- [end:mechanism]
assert through.tolist() == [1, 1] and clamp.tolist() == [0, 1]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
formulas = (folder / "packaged/autograd/derivatives.yaml").read_text()
assert "gaussian_nll" not in formulas
