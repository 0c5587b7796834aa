# --8<-- [start:poisson]
import torch
from torch.nn.functional import poisson_nll_loss

rates, t = torch.tensor([1.0, 2.0, 4.0]), torch.full((3,), 2.0)
logs = rates.log().requires_grad_()
loss = poisson_nll_loss(logs, t, reduction="sum")
(g,) = torch.autograd.grad(loss, logs)
print("log of the rate", g)

rates.requires_grad_()
loss = poisson_nll_loss(rates, t, log_input=False, reduction="sum")
(h,) = torch.autograd.grad(loss, rates)
print("rate           ", h)
# --8<-- [end:poisson]
torch.testing.assert_close(g, torch.tensor([-1.0, 0, 2]))
torch.testing.assert_close(h, torch.tensor([-1.0, 0, 0.5]))

# --8<-- [start:trap-rate]
t = torch.tensor([0.0, 0, 1])  # counts; the best rate is 1/3
rate = torch.tensor(1.0, requires_grad=True)
for step in range(4):
    loss = poisson_nll_loss(rate.expand(3), t, log_input=False)
    (g,) = torch.autograd.grad(loss, rate)
    print(f"rate {rate.item():6.3f}, loss {loss.item():6.3f}")
    rate = (rate - 2 * g).detach().requires_grad_()
# --8<-- [end:trap-rate]
assert rate < -1 and loss.isnan()

# --8<-- [start:fix-rate]
log_rate = torch.tensor(0.0, requires_grad=True)  # the same start
for step in range(100):
    loss = poisson_nll_loss(log_rate.expand(3), t)
    (g,) = torch.autograd.grad(loss, log_rate)
    log_rate = (log_rate - 2 * g).detach().requires_grad_()
print(round(log_rate.exp().item(), 4))
# --8<-- [end:fix-rate]
torch.testing.assert_close(log_rate.exp().detach(), torch.tensor(1 / 3))
for counts, rate in ([1.0, 2, 3], 0.5), ([3.0, 5, 4], 0.2), ([20.0, 30], 0.02):
    counts, x = torch.tensor(counts), torch.tensor(0.0)
    for step in range(200):
        x = x - rate * (x.exp() - counts.mean())
    torch.testing.assert_close(x.exp(), counts.mean())


# --8<-- [start:exact]
def poisson_nll(log_rate, t):
    """For t >= 0. NaN at a log rate of inf, and at -inf with t = 0.

    Not for float16, where its terms overflow.
    """
    return log_rate.exp() - t * log_rate + torch.lgamma(t + 1.0)


from torch.distributions import Poisson

t = torch.tensor([0.0, 1, 2, 5], requires_grad=True)
x = torch.zeros(4)
loss = poisson_nll(x, t)
(g,) = torch.autograd.grad(loss.sum(), t)
print(loss.detach())
print(g)
# --8<-- [end:exact]
torch.testing.assert_close(loss, -Poisson(x.exp()).log_prob(t))
assert g.isfinite().all()
torch.manual_seed(0)
# claim: It adds an approximation, and only for targets above 1.
for dtype in (torch.float64, torch.float32, torch.bfloat16):
    t = torch.tensor([0.0, 0.3, 1, 1.25, 2, 7.5, 100], dtype=dtype)
    x = torch.randn(7, dtype=dtype)
    full, plain = (
        poisson_nll_loss(x, t, full=some, reduction="none")
        for some in (True, False)
    )
    assert (full == plain).tolist() == 3 * [True] + 4 * [False]
    mine = poisson_nll(x, t).double()
    exact = plain.double() + torch.lgamma(t.double() + 1)
    torch.testing.assert_close(mine, exact, rtol=0.01, atol=0.02)
    t.requires_grad_()
    (g,) = torch.autograd.grad(poisson_nll(x, t).sum(), t)
    assert g.isfinite().all()
x, t = torch.rand(2, 3, 4, dtype=torch.float64, requires_grad=True)
assert torch.autograd.gradcheck(poisson_nll, (x, t))
rows = torch.func.vmap(torch.func.vmap(torch.func.grad(poisson_nll)))(x, t)
torch.testing.assert_close(rows, x.exp() - t)
assert poisson_nll(x[:0], t[:0]).shape == (0, 4)
assert poisson_nll(x, torch.arange(4)).isfinite().all()
for dtype, last in (torch.uint8, 255), (torch.int8, 127), (torch.int64, 127):
    counts = torch.tensor([0, 1, last], dtype=dtype)  # t + 1 would wrap
    wanted = poisson_nll(torch.ones(3), counts.float())
    torch.testing.assert_close(poisson_nll(torch.ones(3), counts), wanted)
for t, far in (8180.0, False), (8184.0, True):
    t = torch.tensor(t, dtype=torch.float16)
    assert poisson_nll(torch.zeros_like(t), t).isinf() == far
ends = torch.inf * torch.tensor([1, 1, -1, -1]), torch.tensor([0.0, 2, 0, 2])
assert poisson_nll(*ends).isnan().tolist() == [True, True, True, False]


# --8<-- [start:rate-zero]
def loss_and_gradients(loss, *numbers, **options):
    leaves = [
        torch.tensor(number, dtype=torch.float64, requires_grad=True)
        for number in numbers
    ]
    out = loss(*leaves, **options)
    grads = torch.autograd.grad(out.sum(), leaves)
    return out.item(), *[(g + 0).item() for g in grads]


for rate in (1e-2, 1e-4, 1e-6, 0.0):
    loss, dx, dt = loss_and_gradients(
        poisson_nll_loss, rate, 2.0, log_input=False
    )
    print(f"rate {rate:6}: loss {loss:6.2f}, gradient {dx:.6g}")
loss, dx, dt = loss_and_gradients(poisson_nll_loss, 0.0, 0.0, log_input=False)
print("target 0: loss", loss, "gradient", dx)
# --8<-- [end:rate-zero]
assert dx == 1
loss, dx, dt = loss_and_gradients(poisson_nll_loss, 0.0, 2.0, log_input=False)
assert abs(dx - (1 - 2e8)) < 1e-3

# --8<-- [start:log-far]
inf = float("inf")
for x in (-10.0, -1000.0, -inf):
    loss, dx, dt = loss_and_gradients(poisson_nll_loss, x, 2.0)
    print(f"log rate {x}: loss {loss:.4g}, gradient {dx:.4g}")
loss, dx, dt = loss_and_gradients(poisson_nll_loss, -inf, 0.0)
print("target 0: loss", loss, "gradient", dx)
x = torch.tensor(88.73, requires_grad=True)  # exp(x) is too large
loss = poisson_nll_loss(x, torch.tensor(2.0))
(g,) = torch.autograd.grad(loss, x)
print("log rate 88.73, float32: loss", loss.item(), "gradient", g.item())
# --8<-- [end:log-far]
assert g == inf and loss_and_gradients(poisson_nll_loss, -inf, 2.0)[1] == -2
# claim: in float32 the loss and the gradient are inf from 88.72284 up.
for x, far in (88.72283, False), (88.72284, True), (1e30, True):
    x = torch.tensor(x)
    slope = torch.func.grad(poisson_nll_loss)(x, torch.tensor(2.0))
    assert (
        slope.isinf() == poisson_nll_loss(x, torch.tensor(2.0)).isinf() == far
    )
for t in (0.1, 1.0, 37.0):
    x = torch.linspace(-200, torch.tensor(t).log().item(), 99)[:-1]
    x.requires_grad_()
    loss = poisson_nll_loss(x, torch.full((98,), t), reduction="sum")
    (g,) = torch.autograd.grad(loss, x)
    assert (-t <= g).all() and (g < 0).all()

# --8<-- [start:negative-rate]
for rate in (-1.0, -1e-8, -5e-9):
    loss, dx, dt = loss_and_gradients(
        poisson_nll_loss, rate, 2.0, log_input=False
    )
    print(f"rate {rate}: loss {loss}, gradient {dx}")
# --8<-- [end:negative-rate]
loss, dx, dt = loss_and_gradients(poisson_nll_loss, -1.0, 2.0, log_input=False)
assert loss != loss and 3 < dx < 3.001
for dtype in (torch.float64, torch.float32, torch.bfloat16):
    x = torch.tensor([-1.1e-8, -0.3, -100], dtype=dtype)
    for t in (0.0, 2.0):
        rate = x.clone().requires_grad_()
        loss = poisson_nll_loss(
            rate, 0 * x + t, log_input=False, reduction="none"
        )
        (g,) = torch.autograd.grad(loss.sum(), rate)
        assert loss.isnan().all() and (g >= 1).all()

# --8<-- [start:stirling]
for t in (0.0, 1.0, 1.5, 2.0, 5.0):
    plain, dx, _ = loss_and_gradients(poisson_nll_loss, 0.5, t)
    full, dx_full, _ = loss_and_gradients(poisson_nll_loss, 0.5, t, full=True)
    exact = torch.lgamma(torch.tensor(t + 1)).item()
    print(f"t = {t}: adds {full - plain:.4f}, log t! is {exact:.4f}", end=" ")
    print("gradient of the input the same:", dx == dx_full)
# --8<-- [end:stirling]
assert dx == dx_full

# --8<-- [start:stirling-target]
for t in (0.0, 0.5, 1.0, 1.001):
    loss, dx, dt = loss_and_gradients(poisson_nll_loss, 0.0, t, full=True)
    print(f"t = {t}: loss {loss:.4f}, gradient of the target {dt:.4f}")
# --8<-- [end:stirling-target]
loss, dx, dt = loss_and_gradients(poisson_nll_loss, 0.0, 0.0, full=True)
assert dx == 1 and dt != dt
dt = loss_and_gradients(poisson_nll_loss, 0.0, -0.5, full=True)[2]
assert dt != dt
at, above = (
    loss_and_gradients(poisson_nll_loss, 0.0, t, full=True)[0]
    for t in (1.0, 1 + 1e-9)
)
assert abs(above - at + 0.081) < 1e-3

# --8<-- [start:half]
x = torch.tensor(0.0, dtype=torch.float16, requires_grad=True)
t = torch.tensor(2.0, dtype=torch.float16)
loss = poisson_nll_loss(x, t, log_input=False)
(g,) = torch.autograd.grad(loss, x)
print("rate 0: loss", loss.item(), "gradient", g.item())
# --8<-- [end:half]
empty = poisson_nll_loss(x, 0 * t, log_input=False)
assert empty.isnan() and torch.autograd.grad(empty, x)[0].isnan()
assert torch.tensor(1e-8, dtype=torch.float16) == 0
assert loss == inf and g == -inf

# --8<-- [start:target-shape]
x, t = torch.zeros(3, 1), torch.zeros(3)
print(poisson_nll_loss(x, t, reduction="none").shape)
none = torch.zeros(0)
print("mean of nothing:", poisson_nll_loss(none, none).item())
# --8<-- [end:target-shape]

# --8<-- [start:reduction]
try:
    poisson_nll_loss(t, t, reduction="avg")
except ValueError as error:
    print(error)
# --8<-- [end:reduction]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
formulas = (folder / "packaged/autograd/derivatives.yaml").read_text()
assert "poisson_nll" not in formulas
