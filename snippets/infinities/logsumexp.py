# --8<-- [start:run]
import torch


def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


inf = torch.inf
for row in ([0.0, -inf], [-inf, -inf], [0.0, inf], [inf, inf]):
    x = torch.tensor(row)
    for f in (lambda x: x.logsumexp(0), lambda x: torch.logaddexp(*x)):
        print(row, f(x).item(), "gradient", gradient(f, x).tolist())
# --8<-- [end:run]
from torch.nn.functional import pad

torch.manual_seed(0)
# claim: Beside a finite number −∞ gets the gradient 0 from logsumexp and
#   logaddexp.
for low in ([-inf, 0.3], [0.3, -inf], [-7.3, -inf]):
    x = torch.tensor(low)
    for f in (lambda x: x.logsumexp(0), lambda x: torch.logaddexp(*x)):
        assert gradient(f, x).equal((x > -inf).float())
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
# claim: logsumexp of −∞ alone is −∞, which is right, and its gradient is NaN.
for dtype in dtypes:
    for n in (1, 2, 3, 17, 33, 1001):
        none = torch.full((n,), -inf, dtype=dtype)
        assert none.logsumexp(0) == -inf
        assert gradient(lambda x: x.logsumexp(0), none).isnan().all()
        some = pad((9 * torch.randn(n)).to(dtype), (1, 2), value=-inf)
        g = gradient(lambda x: x.logsumexp(0), some)
        assert g.isfinite().all() and (g[some == -inf] == 0).all()
        some[0] = inf
        g = gradient(lambda x: x.logsumexp(0), some)
        assert g[0].isnan() and (g[1:] == 0).all()

# --8<-- [start:trap]
stay = torch.tensor(0.5).log()
move = torch.tensor([[0.0, 0.0, -inf], [-inf, 0.0, 0.0], [-inf, -inf, 0.0]])
start = torch.tensor([0.0, -inf, -inf])  # in the first state


def last(stay, total):
    log_p = start
    for _ in range(3):  # from row to column, each with one half
        log_p = total((log_p + stay).unsqueeze(1) + move, 0)
    return log_p[2]


print(last(stay, torch.logsumexp).item())
print("gradient", gradient(lambda s: last(s, torch.logsumexp), stay).item())
# --8<-- [end:trap]
assert gradient(lambda s: last(s, torch.logsumexp), stay).isnan()


# --8<-- [start:fix]
def safe_logsumexp(x, dim):
    """Of -inf alone: -inf, with the gradient 0. +inf is not repaired."""
    none = (x == -torch.inf).all(dim, keepdim=True)
    y = x.masked_fill(none, 0.0).logsumexp(dim)
    return y.masked_fill(none.squeeze(dim), -torch.inf)


print(last(stay, safe_logsumexp).item())
print("gradient", gradient(lambda s: last(s, safe_logsumexp), stay).item())
# --8<-- [end:fix]
torch.testing.assert_close(
    last(stay, safe_logsumexp), 3 * stay + torch.tensor(3.0).log()
)
for dtype in dtypes:
    for n in (0, 1, 3, 17, 33, 1001):
        for axis in (0, 1):
            x = (9 * torch.randn(n, n % 7 + 2)).to(dtype)
            x[x < 0] = -inf
            x[:, 0] = -inf
            x[:1] = -inf
            y, want = safe_logsumexp(x, axis), x.logsumexp(axis)
            torch.testing.assert_close(y, want, rtol=0, atol=0)
            g = gradient(lambda x, a=axis: safe_logsumexp(x, a), x)
            assert g.isfinite().all() and (g[x == -inf] == 0).all()
            kept = x.logsumexp(axis, keepdim=True).expand_as(x) > -inf
            want = gradient(lambda x, a=axis: x.logsumexp(a), x)
            torch.testing.assert_close(g[kept], want[kept])
none = torch.full((3,), -inf, dtype=torch.float64)
for derivative in (torch.func.jacfwd, torch.func.jacrev, torch.func.hessian):
    assert (derivative(lambda x: safe_logsumexp(x, 0))(none) == 0).all()

# --8<-- [start:fix-two]
x = torch.tensor([-inf, -inf, 0.0, 800.0])
y = torch.tensor([-inf, 0.0, 0.0, 0.0])


def add(x, y):
    return safe_logsumexp(torch.stack(torch.broadcast_tensors(x, y)), 0)


for f in (torch.logaddexp, add):
    print(f.__name__, f(x, y).tolist())
    print("  gradient", gradient(f, x, y)[1].tolist())
    second = gradient(
        lambda y, f=f: torch.autograd.grad(
            f(x, y).sum(), y, create_graph=True
        )[0],
        y,
    )
    print("  second  ", second.tolist())
# --8<-- [end:fix-two]
assert second.isfinite().all()


def twice(f, x, y):
    """Second derivatives with respect to x, and to y."""
    xs = [t.clone().requires_grad_() for t in (x, y)]
    slopes = torch.autograd.grad(f(*xs).sum(), xs, create_graph=True)
    return [
        torch.autograd.grad(g.sum(), t, retain_graph=True)[0]
        for g, t in zip(slopes, xs, strict=True)
    ]


# claim: that of logaddexp is NaN in an argument of −∞, and in one that is
#   smaller by 89 in float32.
gaps = torch.arange(300.0)
larger, smaller = twice(torch.logaddexp, gaps, 0 * gaps)
assert larger.isfinite().all()
assert smaller.isnan().equal(gaps >= 89)
assert all(t.isfinite().all() for t in twice(add, gaps, 0 * gaps))
for dtype in dtypes:
    number = torch.tensor([-7.3, 0.0, 0.3, 20.0]).to(dtype)
    larger, smaller = twice(torch.logaddexp, number, 0 * number - inf)
    assert larger.isfinite().all() and smaller.isnan().all()
    assert all(
        t.isfinite().all() for t in twice(add, number, 0 * number - inf)
    )
torch.testing.assert_close(add(x, y), torch.logaddexp(x, y))
torch.testing.assert_close(add(x, y[:, None]), torch.logaddexp(x, y[:, None]))
assert gradient(add, 0.0, inf)[1].isnan()
assert gradient(torch.logaddexp, 0.0, inf)[1] == 1
torch.testing.assert_close(
    gradient(add, x[1:], y[1:]), gradient(torch.logaddexp, x[1:], y[1:])
)


# --8<-- [start:fix-cumulative]
def running(x):
    """logcumsumexp of the last dimension; needs n * n numbers for n."""
    later = x.new_ones(x.shape[-1], x.shape[-1], dtype=torch.bool).triu(1)
    prefixes = x.unsqueeze(-2).masked_fill(later, -torch.inf)
    return safe_logsumexp(prefixes, -1)


x = torch.tensor([-inf, -inf, 0.0, 30.0])
for f in (lambda x: x.logcumsumexp(0), running):
    slope = torch.func.jvp(f, (x,), (torch.ones(4),))[1]
    print(f(x).tolist())
    print("  gradient", gradient(f, x).tolist())
    print("  forward ", slope.tolist())
# --8<-- [end:fix-cumulative]
torch.testing.assert_close(running(x), x.logcumsumexp(0))
for dtype in dtypes:
    for n in (0, 1, 3, 33):
        some = torch.randn(2, n).to(dtype)
        some[:, : n // 3] = -inf
        torch.testing.assert_close(
            running(some), some.logcumsumexp(-1), rtol=0.02, atol=0.02
        )
        assert gradient(running, some).isfinite().all()
assert gradient(running, x).tolist() == [0, 0, 1, 1]
assert slope.tolist() == [0, 0, 1, 1]


# --8<-- [start:hand]
def plain(x):
    return x.exp().sum(0).log()


def shifted(x):
    top = x.max()
    return top + (x - top).exp().sum(0).log()


for row in ([0.0, 0.0], [0.0, 100.0], [0.0, -inf], [-inf, -inf], [0.0, inf]):
    x = torch.tensor(row)
    print(row)
    for f in (plain, shifted):
        print(f"  {f.__name__:8}{f(x).item():9.4f}", gradient(f, x).tolist())
# --8<-- [end:hand]
assert plain(torch.tensor([0.0, 100.0]).double()) == 100
none = torch.tensor([-inf, -inf])
assert plain(none) == -inf and shifted(none).isnan()
assert gradient(plain, none).isnan().all()
assert gradient(shifted, none).isnan().all()

# --8<-- [start:prefix]
x = torch.tensor([-inf, -inf, 0.0, -inf, 1.0])
print(x.logcumsumexp(0).tolist())
print("gradient", gradient(lambda x: x.logcumsumexp(0), x).tolist())
# --8<-- [end:prefix]
# claim: Leading −∞ get NaN, a later one 0.
for dtype in dtypes:
    for n in (2, 3, 17, 33, 1001):
        for lead in {1, n // 2, n - 1}:
            x = (5 * torch.randn(n)).to(dtype)
            x[torch.rand(n) > 0.5] = -inf
            x[:lead], x[lead] = -inf, 1.0
            g = gradient(lambda x: x.logcumsumexp(0), x)
            assert g[:lead].isnan().all() and g[lead:].isfinite().all()
            assert (g[lead:][x[lead:] == -inf] == 0).all()

# --8<-- [start:forward]
from torch.func import jacfwd, jacrev

for gap in (10.0, 20.0, 30.0, 40.0):
    x = torch.tensor([0.0, gap], dtype=torch.float64)
    slope = jacfwd(lambda x: x.logcumsumexp(0)[0])(x)[0]  # of x[0] itself
    print(gap, "slope", slope.item())

low, high = 0.0, 100.0
while low < (middle := (low + high) / 2) < high:
    x = torch.tensor([0.0, middle], dtype=torch.float64)
    if jacfwd(lambda x: x.logcumsumexp(0)[0])(x)[0] < 0.99:
        high = middle
    else:
        low = middle
print(f"off by one percent from {high:.3f}")
# --8<-- [end:forward]
for dtype in (torch.float64, torch.float32, torch.bfloat16):
    x = torch.tensor([0.0, 30.0], dtype=dtype)
    slope = jacfwd(lambda x: x.logcumsumexp(0)[0])(x)[0]
    assert 0.47 < slope < 0.49
    assert jacrev(lambda x: x.logcumsumexp(0)[0])(x)[0] == 1
# claim: where the largest entry of the row is larger by 30 than the first, the
#   slope of the first in its own sum is 0.48 instead of 1.
for dtype in (torch.float64, torch.float32, torch.bfloat16):
    for row in ([0.0, 30.0], [0.0, 7.0, 30.0, -inf], [-8.0, 22.0, 0.0]):
        x = torch.tensor(row, dtype=dtype)
        slope = jacfwd(lambda x: x.logcumsumexp(0)[0])(x)[0]
        assert 0.475 < slope < 0.49


# --8<-- [start:infinite]
x = torch.tensor([0.0, inf])
for name, f in {
    "logsumexp   ": lambda x: x.logsumexp(0),
    "logaddexp   ": lambda x: torch.logaddexp(x[0], x[1]),
    "logcumsumexp": lambda x: x.logcumsumexp(0)[1],
}.items():
    print(name, "reverse", jacrev(f)(x).tolist(), end=" ")
    print("forward", jacfwd(f)(x).tolist())
# --8<-- [end:infinite]
assert jacfwd(lambda x: x.logsumexp(0))(x).isnan().all()

# --8<-- [start:rounded]
for dtype, number in (
    (torch.bfloat16, 20.0),
    (torch.bfloat16, 100.0),
    (torch.bfloat16, 300.0),
    (torch.float16, 3000.0),
    (torch.float32, 1e8),
):
    x = torch.full((2,), number, dtype=dtype)
    one = gradient(lambda x: x.logsumexp(0), x)
    two = gradient(lambda x: torch.logaddexp(x[0], x[1]), x)
    print(f"{dtype} {number:g}: {one.tolist()}, logaddexp {two.tolist()}")
# --8<-- [end:rounded]
assert gradient(lambda x: x.logsumexp(0), torch.full((2,), 1e8)).sum() == 2
x = torch.full((2,), 300.0, dtype=torch.bfloat16)
assert gradient(lambda x: x.float().logsumexp(0), x).tolist() == [0.5, 0.5]


# --8<-- [start:finite]
for low in (-inf, -1e30, torch.finfo(torch.float32).min):
    x = torch.full((2,), low)
    g = gradient(lambda x: x.logsumexp(0), x).tolist()
    print(f"{low:.4g} gradient", g, "and doubled", (x + x)[0].item())
# --8<-- [end:finite]
assert g == [1, 1] and (x + x)[0] == -inf
for dtype in dtypes[:3]:
    g = gradient(lambda x: x.logsumexp(0), torch.full((2,), -1e30).to(dtype))
    assert g.tolist() == [1, 1]
    x = torch.tensor([-1e30, -1e30, 0.3]).to(dtype)  # an ordinary number
    assert gradient(lambda x: x.logsumexp(0), x).tolist() == [0, 0, 1]
x = torch.full((2,), torch.finfo(torch.float32).min)
assert (x + torch.tensor(0.5).log() == x).all()  # an ordinary number: no -inf
finite = gradient(
    lambda s: last(s, lambda x, d: x.clamp(min=-1e30).logsumexp(d)), stay
)
torch.testing.assert_close(finite, torch.tensor(3.0))

# --8<-- [start:empty]
x = torch.zeros(2, 0)
print("logsumexp   ", x.logsumexp(1).tolist(), gradient(plain, x.T).shape)
print("logcumsumexp", x.logcumsumexp(1).tolist())
try:
    shifted(x.T)
except RuntimeError as error:
    print(error)
# --8<-- [end:empty]
assert x.logsumexp(1).tolist() == [-inf, -inf]
assert safe_logsumexp(x, 1).tolist() == [-inf, -inf]
g = gradient(lambda x: x.logsumexp(1), x)
assert g.shape == x.shape
