# --8<-- [start:at-zero]
import torch

x = torch.tensor([-2.0, 0.0, 3.0], requires_grad=True)
torch.abs(x).sum().backward()
print(x.grad)
# --8<-- [end:at-zero]
assert x.grad.tolist() == [-1, 0, 1]


# --8<-- [start:seven]
def gradient(f, *inputs):
    xs = [torch.as_tensor(x).clone().requires_grad_() for x in inputs]
    grads = torch.autograd.grad(f(*xs).sum(), xs)
    return grads[0] if len(grads) == 1 else grads


ways = {
    "abs(x)              ": torch.abs,
    "maximum(x, -x)      ": lambda x: torch.maximum(x, -x),
    "relu(x) + relu(-x)  ": lambda x: torch.relu(x) + torch.relu(-x),
    "x * sign(x)         ": lambda x: x * torch.sign(x),
    "where(x >= 0, x, -x)": lambda x: torch.where(x >= 0, x, -x),
    "where(x > 0, x, -x) ": lambda x: torch.where(x > 0, x, -x),
    "sqrt(x * x)         ": lambda x: torch.sqrt(x * x),
}
for name, f in ways.items():
    print(name, gradient(f, 0.0).item())
# --8<-- [end:seven]
found = [gradient(f, 0.0).item() for f in ways.values()]
assert found[:6] == [0, 0, 0, 0, 1, -1] and found[6] != found[6]
inf, nan = float("inf"), float("nan")
REAL = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


def numbers(dtype):
    """Random numbers of every size, of both signs, without 0."""
    x = torch.randn(2000, dtype=torch.float64)
    x = (x * 10 ** (60 * torch.rand_like(x) - 30)).to(dtype)
    ends = torch.tensor([1, -1]) * torch.finfo(dtype).max
    return torch.cat([x[(x != 0) & x.isfinite()], ends.to(dtype)])


torch.manual_seed(0)
for dtype in REAL:
    x = numbers(dtype)
    # claim: At every other number the gradient has size 1.
    assert (gradient(torch.abs, x).abs() == 1).all()
    # claim: where(x >= 0, x, -x) is the same function and gives 1.
    at = torch.cat([x, torch.tensor([0, -0.0, inf, -inf], dtype=dtype)])
    assert torch.equal(ways["where(x >= 0, x, -x)"](at), at.abs())
    zero = torch.zeros(33, dtype=dtype)
    assert (gradient(ways["where(x >= 0, x, -x)"], zero) == 1).all()
    # claim: The first six agree at every number but 0.
    tiny = torch.finfo(dtype).smallest_normal / 4
    x = torch.cat([x, torch.tensor([inf, -inf, tiny, -tiny], dtype=dtype)])
    for f in list(ways.values())[:6]:
        assert torch.equal(f(x), x.abs())
        assert torch.equal(gradient(f, x), x.sign())
root = ways["sqrt(x * x)         "]
at = torch.tensor([1e-23, 1e20])
assert root(at).tolist() == [0, inf]
assert gradient(root, at).tolist() == [inf, 0]


# --8<-- [start:trap-where]
def descend(f, start, steps=6):
    w = torch.tensor(start, requires_grad=True)
    path = [w.item()]
    for step in range(steps):
        (g,) = torch.autograd.grad(f(w), w)
        w = (w - 0.25 * g).detach().requires_grad_()
        path.append(w.item())
    return path


print(descend(lambda w: torch.where(w >= 0, w, -w), 0.0))
# --8<-- [end:trap-where]
assert descend(ways["where(x >= 0, x, -x)"], 0.0) == [0, -0.25] * 3 + [0]

# --8<-- [start:fix-where]
print(descend(torch.abs, 0.0))
# --8<-- [end:fix-where]
assert descend(torch.abs, 0.0) == [0] * 7

# --8<-- [start:trap-step]
print(descend(torch.abs, 0.625))
# --8<-- [end:trap-step]
assert descend(torch.abs, 0.625)[-2:] == [-0.125, 0.125]
assert descend(torch.abs, 0.5)[2:] == [0] * 5  # it hits 0

# --8<-- [start:fix-step]
from torch.nn.functional import softshrink

w = torch.tensor(0.625)
path = [w.item()]
for step in range(6):
    w = softshrink(w, 0.25)  # the step of size 0.25 on |w|, done exactly
    path.append(w.item())
print(path)
# --8<-- [end:fix-step]
assert path[3:] == [0, 0, 0, 0]

# --8<-- [start:trap-sqrt]
x = torch.tensor([-2.0, 0.0, 3.0], requires_grad=True)
torch.sqrt(x * x).sum().backward()
print(x.grad)
# --8<-- [end:trap-sqrt]
assert x.grad[1].isnan()

# --8<-- [start:fix-sqrt]
x.grad = None
torch.abs(x).sum().backward()
print("abs      ", x.grad)

x.grad = None
torch.sqrt(x * x + 1e-6).sum().backward()
print("smoothed ", x.grad)
# --8<-- [end:fix-sqrt]
torch.testing.assert_close(x.grad, torch.tensor([-1.0, 0, 1]))


def smoothed(x):
    return torch.sqrt(x * x + 1e-6)


for dtype in REAL:
    zero = torch.zeros(33, dtype=dtype)
    assert not gradient(smoothed, zero).any()
    assert ((smoothed(zero) - 1e-3).abs() < 3e-5).all()
x = torch.randn(3, 5, dtype=torch.float64).requires_grad_()
assert torch.autograd.gradgradcheck(smoothed, (x,))

# --8<-- [start:special]
inf, nan = torch.inf, torch.nan
x = torch.tensor([-0.0, nan, inf, -inf], requires_grad=True)
y = torch.abs(x)
y.sum().backward()
print(y.detach())
print(x.grad)
# --8<-- [end:special]
assert x.grad.tolist() == [0, 0, 1, -1]

# --8<-- [start:l1]
from torch.nn.functional import l1_loss

x = torch.tensor([1.0, 2.0, 5.0], requires_grad=True)
target = torch.tensor([1.0, 4.0, 3.0])
l1_loss(x, target, reduction="sum").backward()
print(x.grad)
# --8<-- [end:l1]
assert x.grad.tolist() == [0, -1, 1]

# --8<-- [start:l1-nan]
x = torch.tensor([nan, 2.0], requires_grad=True)
loss = l1_loss(x, torch.tensor([1.0, 0.0]))
loss.backward()
print(loss.item(), x.grad)
# --8<-- [end:l1-nan]
assert loss.isnan() and x.grad.tolist() == [0, 0.5]
for dtype in REAL:
    for n in (1, 33, 1001):
        x = torch.full((n,), nan, dtype=dtype)
        g = gradient(lambda x: l1_loss(x, torch.ones_like(x)), x)
        assert not g.any()

# --8<-- [start:sgn]
x = torch.tensor([-2.0, 0.0, 3.0, nan], requires_grad=True)
(g,) = torch.autograd.grad(torch.abs(x).sum(), x, create_graph=True)
print("sgn     ", torch.sgn(x).detach())
print("gradient", g.detach())

(second,) = torch.autograd.grad(g.sum(), x)
print("second  ", second)
# --8<-- [end:sgn]
assert torch.equal(torch.sgn(x), g) and not second.any()
for dtype in REAL:
    x = torch.tensor([0, -0.0, inf, -inf, nan], dtype=dtype).repeat(9)
    x = torch.cat([numbers(dtype), x]).requires_grad_()
    (g,) = torch.autograd.grad(torch.abs(x).sum(), x, create_graph=True)
    assert torch.equal(torch.sgn(x), g)
    # claim: The second derivative is 0 everywhere
    assert not torch.autograd.grad(g.sum(), x)[0].any()

# --8<-- [start:complex]
z = torch.tensor([0j, 3 + 4j], requires_grad=True)
torch.abs(z).sum().backward()
print(z.grad)
# --8<-- [end:complex]
torch.testing.assert_close(z.grad, torch.tensor([0j, 0.6 + 0.8j]))

# --8<-- [start:complex-square]
z = torch.tensor([3 + 4j, -1e-23 + 0j], requires_grad=True)
print("|z|  ", torch.autograd.grad(z.abs().sum(), z)[0])
print("|z|^2", torch.autograd.grad((z.abs() ** 2).sum(), z)[0])
print("z^2  ", torch.autograd.grad((z**2).real.sum(), z)[0])
# --8<-- [end:complex-square]
real, imaginary = (
    t.clone().requires_grad_() for t in (z.real.detach(), z.imag.detach())
)
(torch.complex(real, imaginary) ** 2).real.sum().backward()
got = torch.autograd.grad((z**2).real.sum(), z)[0]
torch.testing.assert_close(torch.complex(real.grad, imaginary.grad), got)
for dtype, least in (
    (torch.complex64, 2.94e-39),
    (torch.complex128, 5.6e-309),
):
    z = torch.polar(
        torch.logspace(-300, 300, 1001).double(),
        torch.linspace(0, 6, 1001).double(),
    ).to(dtype)
    z = z[(z.abs() > least) & z.abs().isfinite()]
    for at in (z, *z[::50]):
        g = gradient(torch.abs, at)
        torch.testing.assert_close(g.abs(), torch.ones_like(at.real))
        unit = at.to(torch.complex128) / at.to(torch.complex128).abs()
        torch.testing.assert_close(g, unit.to(dtype))
    at = torch.tensor(0.99 * least + 0j, dtype=dtype)
    assert gradient(torch.abs, at).isnan()
# claim: Every number in [-1, 1] is a subgradient
y = torch.linspace(-3, 3, 601, dtype=torch.float64)
for g in torch.linspace(-1.1, 1.1, 23, dtype=torch.float64):
    assert (y.abs() >= g * y).all() == (abs(g) <= 1)

# --8<-- [start:binomial]
from torch.distributions import Binomial
from torch.nn.functional import softplus

count = torch.tensor(2.0, dtype=torch.float64)  # of 5


def by_hand(logits):  # up to a constant
    return count * logits - 5 * softplus(logits)


for name, f in {
    "Binomial": lambda logits: Binomial(5, logits=logits).log_prob(count),
    "by hand ": by_hand,
}.items():
    for at in (0.0, 0.001):
        logits = torch.tensor(at, dtype=torch.float64, requires_grad=True)
        (g,) = torch.autograd.grad(f(logits), logits, create_graph=True)
        (second,) = torch.autograd.grad(g, logits)
        second = round(second.item(), 4) + 0.0
        print(f"{name} at {at}: {g.item():.4f}, second {second}")
# --8<-- [end:binomial]
logits = torch.linspace(-6, 6, 25, dtype=torch.float64)
value = Binomial(5, logits=logits).log_prob(count)
constant = torch.log(torch.tensor(10.0, dtype=torch.float64))
torch.testing.assert_close(value, by_hand(logits) + constant)
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for n in (1, 5, 10):
        x = torch.zeros(3, dtype=dtype, requires_grad=True)
        k = torch.tensor(1.0, dtype=dtype)
        y = Binomial(n, logits=x).log_prob(k)
        (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        assert (g == 1 - n / 2).all()
        assert (torch.autograd.grad(g.sum(), x)[0] == 0).all()

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
print(*text[text.index("- name: abs(") :].splitlines()[:2], sep="\n")
# --8<-- [end:source]
