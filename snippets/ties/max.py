# --8<-- [start:even-split]
import torch

x = torch.tensor([1.0, 2, 3, 4, 4, 0], requires_grad=True)
torch.max(x).backward()
print(x.grad)
# --8<-- [end:even-split]
assert x.grad.tolist() == [0, 0, 0, 0.5, 0.5, 0]

# --8<-- [start:one-index]
x.grad = None
value, index = torch.max(x, dim=0)
value.backward()
print("index", index.item())
print(x.grad)
# --8<-- [end:one-index]
assert index == 3 and x.grad.tolist() == [0, 0, 0, 1, 0, 0]

# --8<-- [start:relatives]
from torch.nn.functional import max_pool1d


def gradient(f, *inputs):
    xs = [torch.as_tensor(x).clone().requires_grad_() for x in inputs]
    grads = torch.autograd.grad(f(*xs).sum(), xs)
    return grads[0] if len(grads) == 1 else grads


x = [1.0, 2, 3, 4, 4, 0]
print("max()     ", gradient(lambda x: x.max(), x))
print("amax(0)   ", gradient(lambda x: x.amax(0), x))
print("max(0)    ", gradient(lambda x: x.max(0).values, x))
print("max_pool1d", gradient(lambda x: max_pool1d(x[None], 6), x))
# --8<-- [end:relatives]
amax, pool = torch.tensor([0, 0, 0, 0.5, 0.5, 0]), torch.eye(6)[3]
assert torch.equal(gradient(lambda x: x.amax(0), x), amax)
assert torch.equal(gradient(lambda x: max_pool1d(x[None], 6), x), pool)
for n in (2, 3):
    x = torch.tensor([1.0, 0] + n * [4.0])
    for f in (torch.max, torch.amax, lambda x: torch.aminmax(x).max):
        torch.testing.assert_close(gradient(f, x), (x == 4) / n)
    for f in (
        lambda x: x.max(0).values,
        lambda x: x.topk(1).values,
        lambda x: x.sort().values[-1],
        lambda x: x.kthvalue(len(x)).values,
        lambda x: max_pool1d(x[None], len(x)),
        lambda x: torch.max_pool2d(x[None, None], (1, len(x))),
    ):
        g = gradient(f, x)
        assert sorted(g.tolist()) == [0] * (n + 1) + [1] and g[:2].sum() == 0
for f in (torch.maximum, torch.minimum, torch.max, torch.min):
    assert [g.item() for g in gradient(f, 1.0, 1.0)] == [0.5, 0.5]
since = [0.5, 0.5] if torch.__version__ >= "2.14" else [1, 0]
assert [g.item() for g in gradient(torch.fmax, 1.0, 1.0)] == since

# --8<-- [start:trap]
w = torch.tensor([0.0, 0.0], requires_grad=True)
for step in range(100):
    loss = -torch.max(w)  # pull the larger one up
    (g,) = torch.autograd.grad(loss, w)
    w = (w - 0.125 * g).detach().requires_grad_()
print(w.detach())
# --8<-- [end:trap]
assert w[0] == w[1]
# claim: both get the same step
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for n in (2, 3, 17, 33):
        w, speed, square = torch.full((3, n), 0.3, dtype=dtype)
        for step in range(20):
            g = gradient(torch.max, w)
            speed = 0.9 * speed + g
            square = 0.999 * square + 0.001 * g * g
            adam = speed / (square.sqrt() + 1e-4)
            for move in (g, speed, adam):  # SGD, with momentum, as Adam
                w = w + 0.0137 * move
            assert (w == w[0]).all()
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for name, more in (("SGD", {"momentum": 0.9}), ("Adam", {})):
        w = torch.full((2,), 0.3, dtype=dtype, requires_grad=True)
        optimizer = getattr(torch.optim, name)([w], lr=0.0137, **more)
        for step in range(9):
            w.grad = gradient(lambda w: -torch.max(w), w.detach())
            optimizer.step()
        assert w[0] == w[1] > 0.3

# --8<-- [start:fix]
w = torch.tensor([0.0, 0.0], requires_grad=True)
for step in range(100):
    loss = -torch.max(w, dim=0).values  # one of them, always
    (g,) = torch.autograd.grad(loss, w)
    w = (w - 0.125 * g).detach().requires_grad_()
print(w.detach())
# --8<-- [end:fix]
assert w[0] > 12 and w[1] == 0
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for n in (2, 3, 16, 17, 33, 1001):
        for x in (
            torch.ones(n, dtype=dtype),
            torch.ones(2 * n, dtype=dtype)[::2],
        ):
            g = gradient(lambda x: x.max(dim=0).values, x)
            assert g[0] == 1 and g.sum() == 1

# --8<-- [start:every-maximum]
x = torch.tensor([1.0, 2, 3, 4, 4, 0], requires_grad=True)
is_max = x.detach() == x.detach().max()
torch.where(is_max, x, 0).sum().backward()
print(x.grad)
# --8<-- [end:every-maximum]
assert x.grad.tolist() == [0, 0, 0, 1, 1, 0]
torch.manual_seed(0)


def maxima(v):
    return torch.where(v.detach() == v.detach().max(), v, 0).sum()


# claim: The full gradient for every maximum.
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for n in (1, 3, 33, 1001):
        v = torch.randint(3, (n,)).to(dtype)
        assert torch.equal(gradient(maxima, v), (v == v.max()).to(dtype))
        rows = torch.func.vmap(torch.func.grad(maxima))(v.expand(2, -1))
        assert torch.equal(rows[1], (v == v.max()).to(dtype))
v[-1] = torch.nan
assert not (v == v.max()).any() and maxima(v) == 0

# --8<-- [start:smooth]
x = torch.tensor([1.0, 2, 3, 4, 4, 0], requires_grad=True)
torch.logsumexp(10 * x, dim=0).div(10).backward()
print(x.grad.round(decimals=3) + 0)
# --8<-- [end:smooth]
torch.testing.assert_close(x.grad, torch.softmax(10 * x.detach(), 0))
for v in torch.randn(20, 7), torch.ones(20, 7):
    above = torch.logsumexp(10 * v, 1) / 10 - v.amax(1)
    assert (above > -1e-6).all() and (above < 0.1946).all()  # log(7) / 10
# claim: Its value for n entries is, up to rounding, between the maximum and
#   log(n)/10 above it.
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for n in (1, 3, 17, 33, 1001):
        for scale in (1, 100):
            v = (torch.randn(20, n) * scale).to(dtype)
            near = 4 * torch.finfo(dtype).eps * v.abs().max().item() + 1e-12
            above = (torch.logsumexp(10 * v, 1) / 10).double() - v.amax(1)
            most = torch.tensor(n).log().item() / 10
            assert above.min() >= -near and above.max() <= most + near
two = torch.full((2,), 30.0, dtype=torch.bfloat16)
g = gradient(lambda v: torch.logsumexp(10 * v, 0) / 10, two)
assert g.tolist() == [1, 1]


# --8<-- [start:three]
x = [2.0, 2, 2]
print("max() ", gradient(lambda x: x.max(), x))
print("amax()", gradient(lambda x: x.amax(), x))
print("max(0)", gradient(lambda x: x.max(0).values, x))
# --8<-- [end:three]
torch.testing.assert_close(gradient(torch.max, x), torch.ones(3) / 3)

assert gradient(lambda x: x.max(0).values, x).tolist() == [1, 0, 0]

# --8<-- [start:maximum]
a = torch.tensor([1.0, 4.0, 2.0], requires_grad=True)
b = torch.tensor([3.0, 4.0, 0.0], requires_grad=True)
torch.maximum(a, b).sum().backward()
print(a.grad)
print(b.grad)
# --8<-- [end:maximum]
assert a.grad.tolist() == [0, 0.5, 1] and b.grad.tolist() == [1, 0.5, 0]

# --8<-- [start:windows]
x = [1.0, 2, 3, 4, 4, 0]
print(gradient(lambda x: max_pool1d(x[None], 2), x))
print(gradient(lambda x: max_pool1d(x[None], 2, stride=1), x))
# --8<-- [end:windows]
g = gradient(lambda x: max_pool1d(x[None], 2), x)
assert g.tolist() == [0, 1, 0, 1, 1, 0]
g = gradient(lambda x: max_pool1d(x[None], 2, stride=1), x)
assert g.tolist() == [0, 1, 1, 2, 1, 0]

# --8<-- [start:nan]
x = [1.0, float("nan"), float("nan")]
print("max() ", gradient(lambda x: x.max(), x))
print("amax()", gradient(lambda x: x.amax(), x))
print("max(0)", gradient(lambda x: x.max(0).values, x))
# --8<-- [end:nan]
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for n in (2, 3, 17, 33, 1001):
        x = torch.full((n,), torch.nan, dtype=dtype)
        x[0] = 1
        assert gradient(lambda x: x.amax(), x).isnan().all()
        assert gradient(torch.max, x)[0] == 0
        torch.testing.assert_close(
            gradient(torch.max, x)[1:].sum().item(), 1.0, rtol=0.01, atol=0
        )
        g = gradient(lambda x: x.max(0).values, x)
        assert g[1] == 1 and g.sum() == 1
assert torch.fmax(torch.tensor(torch.nan), torch.tensor(1.0)) == 1

# --8<-- [start:one-and-one]
x = torch.tensor([4.0, 4.0])
y = torch.tensor([5.0, 5.0])
for g in ([1.0, 1.0], [1.0, 0.0], [0.5, 0.5]):
    plane = x.max() + torch.tensor(g) @ (y - x)
    print(g, "promises", plane.item(), "and max(y) is", y.max().item())
# --8<-- [end:one-and-one]
assert x.max() + torch.ones(2) @ (y - x) > y.max()

# --8<-- [start:pieces]
x = torch.tensor([1.0, 2, 3, 4, 4, 0], requires_grad=True)
a = x.max().item()  # a number: nothing flows through it
torch.where(x < a, a, x).sum().backward()
print(x.grad)
# --8<-- [end:pieces]
assert x.grad.tolist() == [0, 0, 0, 1, 1, 0]

# Figure: The length of (t, 1 - t) for t from 0 to 1. It is 1 at both ends and
# smallest, 0.71, in the middle, at t = 0.5, the value torch.max gives.
# --8<-- [start:minimum-norm]
import matplotlib.pyplot as plt

t = torch.linspace(0, 1, 101)  # the gradient (t, 1 - t)
norm = torch.stack([t, 1 - t]).norm(dim=0)
best = t[norm.argmin()].item()

fig, ax = plt.subplots()
ax.plot(t, norm)
ax.plot(best, norm.min(), "o", color="C1", label="torch.max(x)")
ax.plot(1, 1, "o", color="C2", label="torch.max(x, dim=0)")
ax.set_xlabel("share t of the first maximum")
ax.set_ylabel("length of the gradient")
ax.legend()
plt.show()
print(best)
# --8<-- [end:minimum-norm]
assert best == 0.5
assert gradient(lambda x: x.max(0).values, x[3:5])[0] == 1

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in ("max(Tensor self)", "max.dim(", "amax("):
    lines = text[text.index(f"- name: {name}") :].splitlines()
    print(lines[0][8:], *lines[1:2], sep="\n")
# --8<-- [end:source]
