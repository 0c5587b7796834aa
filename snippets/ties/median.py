# --8<-- [start:run]
import torch


def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


for x in ([1.0, 4.0, 4.0], [1.0, 2.0, 3.0, 4.0]):
    print(x)
    for name, f in {
        "median()     ": lambda x: x.median(),
        "median(0)    ": lambda x: x.median(0).values,
        "quantile(0.5)": lambda x: x.quantile(0.5),
        "kthvalue(2)  ": lambda x: x.kthvalue(2).values,
    }.items():
        print("  ", name, f(torch.tensor(x)).item(), gradient(f, x).tolist())
# --8<-- [end:run]
torch.manual_seed(0)
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
# claim: quantile gives it to one entry or to two
for dtype in dtypes:
    for n in (1, 3, 17, 33, 1001):
        x = (torch.randint(3, (n,)) / 3 - 0.1).to(dtype)
        for f in (torch.median, torch.nanmedian):
            ties = (x == f(x)).double()
            want = (ties / ties.sum()).to(dtype)
            torch.testing.assert_close(gradient(f, x), want)
            g = gradient(lambda x, f=f: f(x, 0).values, x)
            assert g.sum() == 1 and g[x == f(x)].count_nonzero() == 1
        for f in (torch.mode, lambda x, n=n: x.kthvalue((n + 1) // 2)):
            g = gradient(lambda x, f=f: f(x).values, x)
            assert g.sum() == 1 and g[x == f(x).values].count_nonzero() == 1
        if dtype in dtypes[:2]:
            for f in (torch.quantile, torch.nanquantile):
                g = gradient(lambda x, f=f: f(x, 0.3), x)
                assert g.count_nonzero() in (1, 2)

# --8<-- [start:trap-even]
x = torch.tensor([1.0, 2.0, 3.0, 10.0])
print("median  ", x.median().item(), -(-x).median().item())
try:
    x.half().quantile(0.5)
except RuntimeError as error:
    print("quantile", x.quantile(0.5).item(), error)
# --8<-- [end:trap-even]


# --8<-- [start:fix-even]
def middle(x):
    """The mean of the two middle entries of the last dimension, or the
    middle one, in half precision too. A NaN counts as the largest, and
    halves of subnormal numbers are rounded."""
    n = x.shape[-1]
    low = x.kthvalue((n + 1) // 2).values
    high = x.kthvalue(n // 2 + 1).values
    return low / 2 + high / 2


print("middle  ", middle(x.half()).item(), -middle(-x.half()).item())
print("gradient", gradient(middle, x).tolist())
# --8<-- [end:fix-even]
for dtype in dtypes:
    for n in (1, 2, 3, 4, 17, 34, 1001):
        x = torch.randn(2, n).to(dtype)
        near = 4 * torch.finfo(dtype).eps
        want = x.double().quantile(0.5, dim=-1).to(dtype)
        torch.testing.assert_close(middle(x), want, rtol=near, atol=near)
        torch.testing.assert_close(middle(x), -middle(-x))
        assert gradient(middle, x).sum() == 2

# --8<-- [start:trap-level]
x = torch.tensor([1.0, 2.0, 3.0])
for q in (0.4, 0.5, 0.6):
    slope = gradient(lambda q: x.quantile(q), q)
    print("q", q, "quantile", round(x.quantile(q).item(), 3), "slope", slope)
# --8<-- [end:trap-level]
assert gradient(lambda q: x.quantile(q), 0.5) == 0


# --8<-- [start:fix-level]
def level_quantile(x, q):
    """The quantile of the last dimension, of finite numbers; beyond
    0 and 1 its ends go on. Its slope in q at an entry is that on
    the right, at the last on the left; q * (n - 1) may round below it."""
    x = x.sort().values
    last = x.shape[-1] - 1
    rank = q * last
    low = rank.detach().floor().clamp(0, max(last - 1, 0))
    index, shape = low.long().flatten(), (*x.shape[:-1], *q.shape)
    below = x[..., index].view(shape)
    above = x[..., (index + 1).clamp(max=last)].view(shape)
    return below + (rank - low) * (above - below)


for q in (0.4, 0.5, 0.6):
    print("q", q, "slope", gradient(lambda q: level_quantile(x, q), q))
# --8<-- [end:fix-level]
for dtype in (torch.float64, torch.float32):
    for n in (1, 2, 3, 17, 33, 1001):
        y = torch.randn(2, n, dtype=dtype)
        for q in (0.0, 0.1, 0.5, 0.77, 1.0):
            q = torch.tensor(q, dtype=dtype)
            want = torch.quantile(y, q, dim=-1)
            torch.testing.assert_close(level_quantile(y, q), want)
        for k in range(min(n, 33)):  # at an entry
            y = torch.randn(n, dtype=dtype)
            gaps = y.sort().values.diff() * (n - 1)
            q = torch.tensor(k, dtype=dtype) / max(n - 1, 1)
            right = gaps[min(k, n - 2) :][:1].sum()
            if q * (n - 1) >= k:
                g = gradient(lambda q, y=y: level_quantile(y, q), q)
                torch.testing.assert_close(g, right)

slope = torch.func.grad(lambda q: level_quantile(x, q))
levels = torch.tensor([0.25, 0.5, 0.75])
assert torch.func.vmap(slope)(levels).tolist() == [2, 2, 2]
ends = level_quantile(x, torch.tensor([-0.5, 1.5]))  # of (1, 2, 3)
assert ends.tolist() == [0, 4]
rows = level_quantile(torch.stack([x, 2 * x]), levels)
assert rows.tolist() == [[1.5, 2, 2.5], [3, 4, 5]]

# --8<-- [start:interpolation]
x = torch.tensor([1.0, 2.0, 3.0, 10.0])
for way in ("linear", "lower", "higher", "midpoint", "nearest"):
    g = gradient(lambda x, w=way: x.quantile(0.4, interpolation=w), x)
    value = x.quantile(0.4, interpolation=way).item()
    print(f"{way:9} {value:.1f}", [round(v, 2) for v in g.tolist()])
# --8<-- [end:interpolation]

# --8<-- [start:rank]
six = torch.arange(6.0)
for x in (six, six.double()):
    for way in ("lower", "higher", "midpoint"):
        value = x.quantile(0.2, interpolation=way).item()
        print(x.dtype, way, value)
# --8<-- [end:rank]
wide = not torch.__version__.startswith("2.13")  # ranks in float64
for k in (1, 2, 3, 4):
    for f in (torch.quantile, torch.nanquantile):
        value = f(six, k / 5, interpolation="higher")
        assert value == k + wide
        assert f(six.double(), k / 5, interpolation="higher") == k
        level = torch.tensor(k / 5)
        assert gradient(lambda q, f=f: f(six, q), level) == 5 * wide
        level = torch.tensor(k / 5, dtype=torch.float64)
        assert gradient(lambda q, f=f: f(six.double(), q), level) == 0
for k in range(9):  # eighths are exact: a whole rank, and the gradient 0
    for dtype in dtypes[:2]:
        level = torch.tensor(k / 8, dtype=dtype)
        y = torch.randn(9, dtype=dtype)
        assert gradient(lambda q, y=y: y.quantile(q), level) == 0

# --8<-- [start:func]
x = torch.ones(4)
print("backward()     ", gradient(lambda x: x.quantile(0.5), x).tolist())
print(
    "torch.func.grad", torch.func.grad(lambda x: x.quantile(0.5))(x).tolist()
)
# --8<-- [end:func]
three = torch.zeros(3, dtype=torch.float64)
for q in (0.0, 0.5, 1.0):
    g = torch.func.grad(lambda x, q=q: x.quantile(q))(three)
    assert torch.equal(g, gradient(lambda x, q=q: x.quantile(q), three))
for dtype in dtypes:  # a stable sort takes entry k in both
    for n in (3, 4, 17, 33, 1001):
        for k in (0, n // 2, n - 1):

            def entry(x, k=k):
                return x.sort(stable=True).values[k]

            equal = torch.full((n,), 0.3, dtype=dtype)
            for g in (torch.func.grad(entry)(equal), gradient(entry, equal)):
                assert g.nonzero().item() == k and g[k] == 1

# --8<-- [start:nan]
nan, inf = float("nan"), float("inf")
x = torch.tensor([nan, 1.0, 2.0, nan])
for name, f in {
    "median()        ": lambda x: x.median(),
    "median(0)       ": lambda x: x.median(0).values,
    "nanmedian()     ": lambda x: x.nanmedian(),
    "nanmedian(0)    ": lambda x: x.nanmedian(0).values,
    "nanquantile(0.5)": lambda x: x.nanquantile(0.5),
    "kthvalue(3)     ": lambda x: x.kthvalue(3).values,
}.items():
    print(name, f"{f(x).item():3}", gradient(f, x).tolist())
# --8<-- [end:nan]
# claim: nanmedian and nanquantile give 0 to every NaN where there is a number
for dtype in dtypes:
    for n in (3, 17, 33, 1001):
        x = torch.randn(n).to(dtype)
        x[1:-1][torch.rand(n - 2) < 0.5] = nan
        some = [torch.nanmedian, lambda x: x.nanmedian(0).values]
        if dtype in dtypes[:2]:
            some.append(lambda x: x.nanquantile(0.3))
        for f in some:
            g = gradient(f, x)
            assert (g[x.isnan()] == 0).all() and abs(g.sum() - 1) < 1e-6
            assert not f(x).isnan()

# claim: At an infinite entry quantile gives ∞ − ∞
for row, q in (
    ([inf, inf], 0.5),
    ([1.0, 2.0, inf], 1.0),
    ([-inf, 1.0, 2.0], 0.0),
    ([1.0, inf, inf], 0.5),
):
    for dtype in dtypes[:2]:
        x = torch.tensor(row, dtype=dtype)
        assert x.quantile(q).isnan()
        assert x.quantile(q, interpolation="lower").isinf()

# --8<-- [start:errors]
for call in (
    lambda: torch.ones(0).quantile(0.5),
    lambda: torch.ones(3).quantile(1.5),
    lambda: torch.ones(3).quantile(torch.tensor(0.5, dtype=torch.float64)),
    lambda: torch.ones(0).median(0),
    lambda: torch.ones(3).kthvalue(4),
    lambda: torch.ones(3).mode(1),
):
    try:
        call()
    except (RuntimeError, IndexError) as error:
        print(f"{type(error).__name__}: {error}")
print("median of nothing:", torch.ones(0).median().item())
# --8<-- [end:errors]
