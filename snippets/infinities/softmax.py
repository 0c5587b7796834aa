# --8<-- [start:run]
import torch


def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


inf = torch.inf
for row in ([0.0, -inf, -inf], [-inf, -inf, -inf], [0.0, 0.0, inf]):
    x = torch.tensor(row)
    g = gradient(lambda x: x.softmax(0)[0], x)
    print(row, "softmax", x.softmax(0).tolist(), "gradient", g.tolist())
# --8<-- [end:run]
torch.manual_seed(0)
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
# claim: A row of −∞ alone, or with a +∞, is NaN in every entry of value and
#   gradient.
for dtype in dtypes:
    for n in (2, 3, 17, 33, 1001):
        x = (9 * torch.randn(n)).to(dtype)
        x[torch.rand(n) > 0.5] = -inf
        x[0], x[-1] = 0.3, -inf
        p = x.softmax(0)
        g = gradient(lambda x: x.softmax(0)[0], x)
        assert (p[x == -inf] == 0).all() and p.isfinite().all()
        assert (g[x == -inf] == 0).all() and g.isfinite().all()
        for bad in (torch.full((n,), -inf), torch.full((n,), inf)):
            bad = bad.to(dtype)
            assert bad.softmax(0).isnan().all()
            assert gradient(lambda x: x.softmax(0)[0], bad).isnan().all()
        for number in (inf, torch.nan):
            x[n // 2] = number
            assert x.softmax(0).isnan().all()
            assert gradient(lambda x: x.softmax(0)[0], x).isnan().all()
            rows = torch.stack([x, torch.zeros(n, dtype=dtype)])
            assert rows.softmax(1)[1].isfinite().all()

# --8<-- [start:trap-row]
w = torch.tensor(0.5)
features = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
keep = torch.tensor([[True, True, False], [False, False, False]])


def filled(w):
    return (w * features).masked_fill(~keep, -inf).softmax(-1)


def added(w):
    return (w * features + torch.where(keep, 0.0, -inf)).softmax(-1)


for f in (filled, added):
    first = gradient(lambda w, f=f: f(w)[0, 0], w).item()  # row 0 alone
    print(f"{f.__name__:6}", f(w)[1].tolist(), f"gradient {first:.4f}")
# --8<-- [end:trap-row]
assert filled(w)[1].isnan().all() and added(w)[1].isnan().all()
assert gradient(lambda w: filled(w)[0, 0], w).isfinite()
assert gradient(lambda w: added(w)[0, 0], w).isnan()
assert gradient(lambda w: added(w).nan_to_num(0.0)[:, 0], w).isnan()
# claim: The NaN of a row that is filled stops at masked_fill, whose gradient
#   is 0 wherever it filled
for dtype in dtypes:
    for n in (1, 3, 33):
        s = torch.randn(2, n).to(dtype)
        mask = torch.stack([torch.ones(n), torch.zeros(n)]).bool()
        g = gradient(
            lambda s, m=mask: s.masked_fill(~m, -inf).softmax(-1)[:, 0], s
        )
        assert g.isfinite().all() and (g[1] == 0).all()
        v = torch.randn(n, 2).to(dtype)
        g = gradient(
            lambda s, v, m=mask: (s.masked_fill(~m, -inf).softmax(-1) @ v)[0],
            s,
            v,
        )
        assert g[0].isfinite().all() and g[1].isnan().all()


# --8<-- [start:fix-row]
def masked_softmax(scores, keep, dim=-1):
    """The softmax of what is kept; 0 for the rest, for a whole row too."""
    scores, hidden = torch.broadcast_tensors(scores, ~keep)
    empty = hidden.all(dim, keepdim=True)
    scores = scores.masked_fill(hidden, -torch.inf).masked_fill(empty, 0.0)
    return scores.softmax(dim).masked_fill(hidden, 0.0)


print(masked_softmax(w * features, keep).tolist())
g = gradient(lambda w: masked_softmax(w * features, keep)[0, 0], w)
print("gradient", g.item())
# --8<-- [end:fix-row]
one = gradient(lambda w: (w * features[0, :2]).softmax(0)[0], w)
torch.testing.assert_close(g, one)
for axis in (-3, -2, -1, 0, 1, 2):  # a mask of fewer dimensions
    scores = torch.randn(2, 3, 4)
    mask = torch.tensor([[0, 1, 1, 1], [0] * 4, [0, 1, 0, 1]]).bool()
    whole = mask.expand(2, 3, 4)
    p = masked_softmax(scores, mask, axis)
    torch.testing.assert_close(p.sum(axis), whole.any(axis).float())
    torch.testing.assert_close(p, masked_softmax(scores, whole, axis))
    g = gradient(lambda s, m=mask, a=axis: masked_softmax(s, m, a)[0], scores)
    assert g.isfinite().all() and (g[~whole] == 0).all()
both = torch.randn(2, 3), torch.tensor([[[True, False, True]]] * 4)
assert masked_softmax(*both).shape == (4, 2, 3)
for dtype in dtypes:
    for n in (1, 3, 17, 33, 1001):
        scores = (7 * torch.randn(4, n)).to(dtype)
        mask = torch.rand(4, n) > 0.5
        mask[0], mask[1] = False, True
        scores[0, 0], scores[2, ~mask[2]] = torch.nan, inf
        for axis in (0, 1):
            p = masked_softmax(scores[:2], mask[:2], axis)
            assert (p[~mask[:2]] == 0).all() and p.isfinite().all()
        p = masked_softmax(scores, mask)
        g = gradient(lambda s, m=mask: masked_softmax(s, m)[:, 0], scores)
        assert (p[~mask] == 0).all() and p.isfinite().all()
        assert (g[~mask] == 0).all() and g.isfinite().all()
        torch.testing.assert_close(p[1], scores[1].softmax(-1))

# --8<-- [start:trap-min]
lowest = torch.finfo(torch.float32).min
padding = torch.where(keep, 0.0, lowest)
later = torch.where(torch.tensor([True, False, False]), 0.0, lowest)
scores = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 9.0]])
for name, mask in {
    "one mask  ": padding,
    "two masks ": padding + later,
    "one, twice": padding + padding,
}.items():
    g = gradient(lambda s, m=mask: (s + m).softmax(-1)[1, 0], scores)
    print(name, (scores + mask).softmax(-1)[1], "gradient", g[1])
# --8<-- [end:trap-min]
both = padding + later
assert both[1].tolist() == [lowest, -inf, -inf]
assert (scores + both).softmax(-1)[0].tolist() == [1, 0, 0]
# claim: such a row takes what only one of them hides, and is NaN where both
#   hide all.
for dtype in dtypes:
    for n in (2, 3, 17, 33):
        low = torch.tensor(torch.finfo(dtype).min, dtype=dtype)
        s, once = (15 * torch.rand(n)).to(dtype), torch.rand(n) > 0.5
        once[0] = True
        twice = s + (low + torch.where(once, torch.zeros_like(s), low))
        torch.testing.assert_close(
            twice.softmax(0)[once], torch.ones_like(s[once]) / once.sum()
        )
        assert (twice.softmax(0)[~once] == 0).all()
        assert (s + (low + low)).softmax(0).isnan().all()
# A row that one mask of finfo.min hides whole has the weight 1/n in each
# entry, where the mask rounds the scores away. Added, two masks are −∞.
for dtype in dtypes:
    low = torch.tensor(torch.finfo(dtype).min, dtype=dtype)
    assert low + low == -inf
    for n in (1, 3, 17, 33, 1001):
        s = (31.9 * torch.rand(n) - 15.95).to(dtype)
        torch.testing.assert_close(
            (s + low).softmax(0), torch.full((n,), 1 / n, dtype=dtype)
        )
        g = gradient(lambda s, m=low: (s + m).softmax(0)[0], s)
        g_0 = torch.tensor((n - 1) / n**2, dtype=dtype)
        torch.testing.assert_close(g[0], g_0, rtol=0.02, atol=1e-7)
        assert (s + low == low).all()
        assert (g == 0).all() == (n == 1)
low = torch.tensor(-65504.0).half()
for score in (-20.0, -16.0, 16.0, 20.0):  # not rounded away
    assert low + score != low

# --8<-- [start:fix-min]
keep_both = keep & torch.tensor([True, False, False])
p = masked_softmax(scores, keep_both)
print(p.tolist(), gradient(lambda s: masked_softmax(s, keep_both), scores)[1])
# --8<-- [end:fix-min]
assert p.tolist() == [[1, 0, 0], [0, 0, 0]]

# --8<-- [start:trap-log]
logits = torch.tensor([1.0, 2.0, -inf])
seen = torch.tensor([1.0, 1.0, 0.0])  # the third is not in the loss


def times(x):
    return -(x.log_softmax(0) * seen).sum()


print(times(logits).item(), gradient(times, logits).tolist())
print(torch.nn.functional.cross_entropy(logits, seen).item())
# --8<-- [end:trap-log]
assert times(logits).isnan()


# --8<-- [start:fix-log]
def chosen(x):
    return -(x.log_softmax(0).masked_fill(seen == 0, 0.0) * seen).sum()


print(round(chosen(logits).item(), 4), gradient(chosen, logits))
# --8<-- [end:fix-log]
torch.testing.assert_close(
    gradient(chosen, logits)[:2],
    gradient(lambda x: -x.log_softmax(0), logits[:2]),
)
assert gradient(chosen, logits)[2] == 0
seen = torch.tensor([0.3, 0.7, 0.0])  # class probabilities
cross_entropy = torch.nn.functional.cross_entropy
assert cross_entropy(logits, seen).isnan()
assert cross_entropy(logits, seen.flip(0)) == inf  # 0.3 on the hidden class
torch.testing.assert_close(chosen(logits), cross_entropy(logits[:2], seen[:2]))
torch.testing.assert_close(
    gradient(chosen, logits)[:2],
    gradient(lambda x: cross_entropy(x, seen[:2]), logits[:2]),
)

# --8<-- [start:fix-plus]
x = torch.tensor([0.0, 1.0, inf])
finite = x.clamp(max=torch.finfo(x.dtype).max)
print("softmax", x.softmax(0).tolist(), "clamped", finite.softmax(0).tolist())
# --8<-- [end:fix-plus]
for dtype in dtypes:
    for row, want in (
        ([0, 1, inf], [0, 0, 1]),
        ([inf, -inf, inf], [0.5, 0, 0.5]),
    ):
        x = torch.tensor(row, dtype=dtype)
        top = torch.finfo(dtype).max
        assert x.clamp(max=top).softmax(0).tolist() == want
        g = gradient(lambda x, t=top: x.clamp(max=t).softmax(0)[0], x)
        assert g.isfinite().all()

# --8<-- [start:overflow]
for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
    lowest = torch.tensor(torch.finfo(dtype).min, dtype=dtype)
    low, high = 0.0, -lowest.item()
    while low < (middle := (low + high) / 2) < high:
        score = torch.tensor(-middle, dtype=dtype)
        if (lowest + score).isinf():
            high = middle
        else:
            low = middle
    score = torch.tensor(-high, dtype=dtype)
    p = torch.stack([lowest + score, lowest + score]).softmax(0)
    print(f"{dtype}: {lowest.item():.4g} {score.item():.4g}", p.tolist())
# --8<-- [end:overflow]
assert torch.tensor(-65504.0).half() - torch.tensor(15.98).half() == -65504
assert torch.tensor(-65504.0).half() - torch.tensor(16.0).half() == -inf

# --8<-- [start:fill]
half = torch.zeros(3).half()
for value in (-1e9, torch.finfo(torch.float32).min, -inf):
    try:
        print(value, half.masked_fill(half == 0, value).tolist())
    except RuntimeError as error:
        print(value, error)
# --8<-- [end:fill]
assert half.masked_fill(half == 0, torch.finfo(half.dtype).min)[0] == -65504

# --8<-- [start:log]
x = torch.tensor([0.0, 1.0, -inf])
for index in (1, 2):
    g = gradient(lambda x, i=index: x.log_softmax(0)[i], x)
    print(index, x.log_softmax(0)[index].item(), "gradient", g)
# --8<-- [end:log]
assert g[2] == 1 and x.log_softmax(0)[2] == -inf
# claim: A cross entropy with a hidden target is ∞, and its gradient is finite.
for dtype in dtypes[:2]:
    for n in (2, 3, 17, 33):
        x_n = torch.randn(1, n, dtype=dtype)
        x_n[0, -1] = -inf
        for index in range(n):

            def loss(x, i=index):
                return cross_entropy(x, torch.tensor([i]))

            assert loss(x_n).isinf() == (index == n - 1)
            assert gradient(loss, x_n).isfinite().all()

# --8<-- [start:softmin]
from torch.nn.functional import softmin

for row in ([0.0, 1.0, inf], [0.0, 1.0, -inf], [inf, inf, inf]):
    print(row, softmin(torch.tensor(row), dim=0).tolist())
# --8<-- [end:softmin]
for n in (1, 3, 33):
    x = torch.randn(n)
    x[1:2] = inf
    torch.testing.assert_close(softmin(x, 0), (-x).softmax(0))
    assert softmin(torch.full((n,), inf), 0).isnan().all()
    x[0] = -inf
    assert softmin(x, 0).isnan().all()

# --8<-- [start:gumbel]
from torch.nn.functional import gumbel_softmax

torch.manual_seed(0)
x = torch.tensor([0.0, 1.0, -inf]).expand(1000, 3)
print("drawn:", gumbel_softmax(x, hard=True).sum(0)[2].item(), "times")
for hard in (False, True):
    print(hard, gumbel_softmax(torch.full((3,), -inf), hard=hard).tolist())
# --8<-- [end:gumbel]
# In float16 some row in 10 million is NaN.
for dtype in dtypes:
    draws = gumbel_softmax(x.to(dtype), hard=True)
    assert (draws[:, 2] == 0).all()
    g = gradient(lambda x: gumbel_softmax(x)[:, 0], x.to(dtype))
    assert g.isfinite().all() and (g[:, 2] == 0).all()

# --8<-- [start:categorical]
from torch.distributions import Categorical

d = Categorical(logits=torch.tensor([0.0, 1.0, -inf]))
print("log_prob", d.log_prob(torch.tensor(2)).item())
print("entropy ", round(d.entropy().item(), 4))


def masked_entropy(d):
    log_p = d.logits.masked_fill(d.logits == -inf, 0.0)
    return -(log_p * d.probs).sum(-1)


x = torch.tensor([0.0, 1.0, -inf])
for name, f in (("entropy", Categorical.entropy), ("masked ", masked_entropy)):
    for factor in (1, 2):
        g = gradient(lambda x, f=f, c=factor: c * f(Categorical(logits=x)), x)
        print(f"gradient of {factor} * {name}", g)

none = torch.full((3,), -inf)
try:
    Categorical(logits=none)
except ValueError as error:
    print(str(error).splitlines()[0][:58], "…")
unchecked = Categorical(logits=none, validate_args=False)
print("entropy ", unchecked.entropy().item())
try:
    unchecked.sample()
except RuntimeError as error:
    print(error)
# --8<-- [end:categorical]
assert g.isfinite().all() and g[2] == 0
# claim: With a factor above 1 behind it, such as the scale of a GradScaler,
#   that number overflows, and the gradient is NaN.
plain = Categorical.entropy
for dtype in dtypes:
    for n in (3, 33):
        x = torch.randn(2, n).to(dtype)
        x[:, n // 2 :] = -inf
        torch.testing.assert_close(
            masked_entropy(Categorical(logits=x)), plain(Categorical(logits=x))
        )
        one = gradient(lambda x: plain(Categorical(logits=x)), x)
        assert one.isfinite().all() and (one[:, n // 2 :] == 0).all()
        for factor in (-2.0, -1.0, 0.3, 1.0, 1.001, 1.01, 2.0, 1000.0):
            g, h = (
                gradient(
                    lambda x, f=f, c=factor: c * f(Categorical(None, x)), x
                )
                for f in (plain, masked_entropy)
            )
            size = torch.tensor(factor, dtype=dtype).abs()
            above = size > 1  # 1.001 may not be
            assert g.isnan().all() if above else g.isfinite().all()
            torch.testing.assert_close(
                h, factor * one, rtol=0.02, atol=0.01 * abs(factor)
            )
assert unchecked.log_prob(torch.tensor(0)).isnan()
import inspect

assert "torch.finfo(self.logits.dtype).min" in inspect.getsource(
    Categorical.entropy
)

# --8<-- [start:modes]
from torch.func import hessian, jacfwd

for row in ([0.0, 1.0, -inf], [-inf, -inf, -inf]):
    x = torch.tensor(row, dtype=torch.float64)
    for name, f in {
        "softmax    ": lambda x: x.softmax(0)[0],
        "log_softmax": lambda x: x.log_softmax(0)[0],
    }.items():
        slope, second = jacfwd(f)(x), hessian(f)(x)
        print(name, row, slope.isnan().sum().item(), "NaN in forward mode,")
        print(
            "           ", second.isnan().sum().item(), "of 9 in the hessian"
        )
# --8<-- [end:modes]
assert slope.isnan().all() and second.isnan().all()
for row in (
    [0.3, -1.7, -inf],
    [-inf, 0.3, -inf],
    [-inf] * 3,
    [0.3, inf, 1.0],
    [torch.nan, 0.3, 1.0],
    [1e30, -1e30, 0.0],
):
    x = torch.tensor(row, dtype=torch.float64)
    for name in ("softmax", "log_softmax"):
        for index in range(3):

            def entry(x, name=name, i=index):
                return getattr(x, name)(0)[i]

            bad = gradient(entry, x).isnan()
            assert jacfwd(entry)(x).isnan().equal(bad)
            assert hessian(entry)(x).isnan().any(1).equal(bad)

# --8<-- [start:why]
x = torch.tensor([-inf, -inf])
shifted = x - x.max()
print("x - max(x)", shifted.tolist())
e = torch.exp(x)  # without the shift
print("exp(x) / sum", (e / e.sum()).tolist())
# --8<-- [end:why]
assert shifted.isnan().all() and (e / e.sum()).isnan().all()
