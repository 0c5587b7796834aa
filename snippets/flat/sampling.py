# --8<-- [start:dropout]
import torch
from torch.nn.functional import dropout, rrelu

torch.manual_seed(0)
x = torch.arange(1.0, 101.0, requires_grad=True)
y = dropout(x, p=0.75)
(g,) = torch.autograd.grad(y.sum(), x)
print("gradients", sorted(set(g.tolist())))
print("0 where the output is 0:", torch.equal(g == 0, y == 0))
# --8<-- [end:dropout]
assert set(g.tolist()) == {0, 4}  # 4 is 1 / (1 - p)
assert torch.equal(y, g * x)
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for p in (0.1, 0.25, 0.5, 0.9):
        v = torch.rand(1001, dtype=dtype, requires_grad=True)
        (g,) = torch.autograd.grad(dropout(v, p).sum(), v)
        kept = torch.tensor(1 / (1 - p), dtype=dtype)
        assert ((g == 0) | (g == kept)).all() and g.any()

# --8<-- [start:table]
x = torch.tensor([0.5, 0.25], requires_grad=True)
std = torch.tensor([1.0, 2.0], requires_grad=True)
count = torch.tensor([10.0, 10.0])
answers = {}
for name, f in {
    "bernoulli": lambda: torch.bernoulli(x),
    "normal": lambda: torch.normal(x, std),
    "poisson": lambda: torch.poisson(x),
    "binomial": lambda: torch.binomial(count, x),
    "multinomial": lambda: torch.multinomial(x, 1),
    "rand_like": lambda: torch.rand_like(x),
}.items():
    y = f()
    try:
        (g,) = torch.autograd.grad(y.sum(), x)
        answers[name] = g.tolist()
    except RuntimeError as error:
        answers[name] = str(error)
    print(f"{name:11} requires_grad={y.requires_grad!s:5} {answers[name]}")
# --8<-- [end:table]
for name in ("bernoulli", "normal", "poisson"):
    assert answers[name] == [0, 0]
assert (
    answers["binomial"] == "derivative for aten::binomial is not implemented"
)
assert "does not require grad" in answers["multinomial"]
for drawn in torch.multinomial(x, 1), torch.rand_like(x):  # a second term
    (g,) = torch.autograd.grad(drawn.sum() + x.sum(), x)
    assert g.tolist() == [1, 1]
for drawn in torch.binomial(count, x), torch.bernoulli(x, 0.5):
    try:
        (drawn.sum() + x.sum()).backward()
        raise AssertionError
    except RuntimeError as error:
        assert "is not implemented" in str(error)

# --8<-- [start:trap]
target = 3.0
mean = torch.tensor(0.0, requires_grad=True)
std = torch.tensor(0.5)
torch.manual_seed(0)
for step in range(200):
    sample = torch.normal(mean, std)
    loss = (sample - target) ** 2
    (g,) = torch.autograd.grad(loss, mean)
    mean = (mean - 0.05 * g).detach().requires_grad_()
print("mean", mean.item(), "gradient", g.item() + 0)
# --8<-- [end:trap]
assert mean == 0 and g == 0

# --8<-- [start:fix]
torch.manual_seed(0)
for step in range(200):
    sample = mean + std * torch.randn_like(mean)
    loss = (sample - target) ** 2
    (g,) = torch.autograd.grad(loss, mean)
    mean = (mean - 0.05 * g).detach().requires_grad_()
print("mean within 0.5 of 3:", abs(mean.item() - target) < 0.5)
# --8<-- [end:fix]
assert abs(mean.item() - target) < 0.5

# --8<-- [start:rsample]
from torch.distributions import Bernoulli, Gamma, Normal, Poisson

mean = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
std = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
torch.manual_seed(0)
y = Normal(mean, std).rsample()
dmean, dstd = torch.autograd.grad(y, (mean, std))
z = (y - mean) / std
print("mean", dmean.item(), "std is z:", torch.allclose(dstd, z))
for family in (Normal, Gamma, Bernoulli, Poisson):
    print(family.__name__, family.has_rsample)
# --8<-- [end:rsample]
assert dmean == 1 and torch.allclose(dstd, z)
assert not Bernoulli.has_rsample and not Poisson.has_rsample


# --8<-- [start:score]
def cost(y):
    return (y - 0.25) ** 2


p = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
exact = p * cost(1.0) + (1 - p) * cost(0.0)  # the two outcomes, weighed
(wanted,) = torch.autograd.grad(exact, p)
print("exact", wanted.item())

torch.manual_seed(0)
coin = Bernoulli(p.expand(100_000))
y = coin.sample()
(zero,) = torch.autograd.grad(cost(torch.bernoulli(p)), p)
print("through the sample", zero.item() + 0)
surrogate = (coin.log_prob(y) * cost(y)).mean()
(g,) = torch.autograd.grad(surrogate, p)
print("score function", round(g.item(), 1))
# --8<-- [end:score]
assert wanted == cost(1.0) - cost(0.0) == 0.5
assert abs(g - wanted) < 0.03 and zero == 0

# --8<-- [start:normal]
mean = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
std = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)


def sample(mean, std):
    torch.manual_seed(0)
    return torch.normal(mean, std)


y = sample(mean, std)
print("gradient  ", [g.item() for g in torch.autograd.grad(y, (mean, std))])
with torch.no_grad():
    slope_mean = (sample(mean + 1, std) - y).item()
    slope_std = (sample(mean, std + 1) - y).item()
    z = ((y - mean) / std).item()
print("same seed, mean + 1: the sample moves by", round(slope_mean, 6))
print("same seed, std + 1: it moves by z:", abs(slope_std - z) < 1e-12)
# --8<-- [end:normal]
assert abs(slope_mean - 1) < 1e-12 and abs(slope_std - z) < 1e-12

# --8<-- [start:rrelu]
torch.manual_seed(0)
x = torch.tensor([-2.0, -2.0, 0.0, 2.0], requires_grad=True)
y = rrelu(x, training=True)
(g,) = torch.autograd.grad(y.sum(), x)
print("the drawn slopes:", torch.allclose(g[:2], (y / x)[:2]))
print("between 1/8 and 1/3:", [bool(1 / 8 <= v <= 1 / 3) for v in g])

y = rrelu(x, training=False)
(g,) = torch.autograd.grad(y.sum(), x)
print("evaluation:", [round(v * 48) for v in g.tolist()], "/ 48")
# --8<-- [end:rrelu]
torch.testing.assert_close(g, torch.tensor([11 / 48, 11 / 48, 11 / 48, 1]))
for value, many in (-2, True), (0, True), (-0.0, True), (torch.nan, False):
    x = torch.full((99,), float(value), requires_grad=True)
    (g,) = torch.autograd.grad(rrelu(x, training=True).sum(), x)
    assert (len(g.unique()) > 9) == many
    assert (g.min() >= 1 / 8 and g.max() <= 1 / 3) if many else (g == 1).all()
one = torch.tensor(0.0) + torch.ones(3) * torch.randn_like(torch.tensor(0.0))
assert one.unique().numel() == 1
assert Normal(0.0, torch.ones(3)).rsample().unique().numel() == 3
torch.manual_seed(0)
p = torch.tensor(0.25, dtype=torch.float64, requires_grad=True)
coin = Bernoulli(p.expand(100_000))
y = coin.sample()  # cost p * y: the mean is p * p, the slope 2 * p
cost = p * y
(g,) = torch.autograd.grad((coin.log_prob(y) * cost.detach() + cost).mean(), p)
assert abs(g - 0.5) < 0.02

# --8<-- [start:dropout-edge]
inf = float("inf")
torch.manual_seed(0)
x = torch.full((100,), inf, requires_grad=True)
y = dropout(x)
(g,) = torch.autograd.grad(y.sum(), x)
print(
    "inf in: NaN out", y.isnan().any().item(), "in g", g.isnan().any().item()
)

x = torch.tensor([1.0, inf], requires_grad=True)
for p, training in ((1.0, True), (0.5, False)):
    y = dropout(x, p, training)
    (g,) = torch.autograd.grad(y.sum(), x)
    print(f"p = {p}, training={training}:", y.tolist(), g.tolist())
# --8<-- [end:dropout-edge]
assert g.tolist() == [1, 1]
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    x = torch.full((100,), inf, dtype=dtype, requires_grad=True)
    y = dropout(x)
    (g,) = torch.autograd.grad(y.sum(), x)
    assert set(g.tolist()) == {0, 2}

# --8<-- [start:in-place]
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = (3 * x).normal_()  # what was there is overwritten
(g,) = torch.autograd.grad(y.sum(), x)
print(g.tolist())
# --8<-- [end:in-place]
assert g.tolist() == [0, 0]
for draw in torch.Tensor.bernoulli_, torch.Tensor.exponential_:
    assert not torch.autograd.grad(draw(3 * x).sum(), x)[0].any()
