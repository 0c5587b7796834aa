# --8<-- [start:run]
import torch
from torch.func import grad, vmap
from torch.nn.functional import logsigmoid, softplus

pairs = {  # by hand, and the function for it
    "log(sigmoid(x))": (lambda x: x.sigmoid().log(), logsigmoid),
    "log(1+exp(x))": (lambda x: (1 + x.exp()).log(), softplus),
    "log(exp(x)+exp(x-1))": (
        lambda x: (x.exp() + (x - 1).exp()).log(),
        lambda x: torch.logaddexp(x, x - 1),
    ),
}
x = torch.tensor([-110.0, 20.0, 110.0])
for name, functions in pairs.items():
    print(name)
    for how, f in zip(("by hand ", "function"), functions, strict=True):
        both = f(x).tolist(), vmap(grad(f))(x).tolist()
        print("  ", how, *[[float(f"{v:.3g}") for v in t] for t in both])
# --8<-- [end:run]
inf, nan = float("inf"), float("nan")
torch.manual_seed(0)
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)

# --8<-- [start:likelihood]
score = torch.tensor([30.0, -30.0])  # both far on the wrong side
label = torch.tensor([0.0, 1.0])


def by_hand(score):
    p = score.sigmoid()
    return -(label * p.log() + (1 - label) * (1 - p).log()).sum()


def by_function(score):
    good = torch.where(label == 1, score, -score)
    return -logsigmoid(good).sum()


for f in by_hand, by_function:
    print(f.__name__, f(score).item(), grad(f)(score).tolist())
# --8<-- [end:likelihood]
bce = torch.nn.functional.binary_cross_entropy_with_logits
assert bce(score, label, reduction="sum") == by_function(score) == 60

# --8<-- [start:trap-large]
x = torch.tensor([1.0, 0.0])
for dtype, far in (
    (torch.float32, 1e7),
    (torch.bfloat16, 128),
    (torch.float16, 1e3),
):
    row = (x + far).to(dtype)
    g = grad(lambda x: x.logsumexp(0))(row)
    total = g.double().sum()
    print(f"{str(dtype)[6:]} at {far:g}: {g.tolist()}, sum {total:.2f}")
# --8<-- [end:trap-large]


# --8<-- [start:fix-large]
def centered_logsumexp(x, dim=-1):
    """Its gradient is the softmax, up to some eps of 1; NaN where a row is all
    -inf or has inf."""
    top = x.detach().amax(dim, keepdim=True)
    top = torch.where(top.isfinite(), top, 0.0)
    return (x - top).logsumexp(dim) + top.squeeze(dim)


for dtype, far in (
    (torch.float32, 1e7),
    (torch.bfloat16, 128),
    (torch.float16, 1e3),
):
    row = (x + far).to(dtype)
    print(
        str(dtype)[6:],
        grad(centered_logsumexp)(row).tolist(),
        row.softmax(0).tolist(),
    )
# --8<-- [end:fix-large]
for dtype in dtypes:
    eps = torch.finfo(dtype).eps
    for far in (0.0, 10, 1e3, 3e4):
        for sign in (-1, 1):
            for n in (1, 3, 33):
                x = (3 * torch.randn(2, n) + sign * far).to(dtype)
                g = vmap(grad(centered_logsumexp))(x)
                wanted = x.double().softmax(-1)
                torch.testing.assert_close(
                    g.double(), wanted, rtol=16 * eps, atol=4 * eps
                )
                torch.testing.assert_close(
                    centered_logsumexp(x), x.logsumexp(-1)
                )
# In bfloat16 small entries are then still off, the more the rows spread.
for how, spread, low, high in (
    (lambda x: x, 1, 0.03, 0.12),
    (lambda x: x, 10, 0.2, 1),
    (torch.Tensor.float, 1, 0, 0.01),
    (torch.Tensor.float, 10, 0, 0.01),
):
    x = (spread * torch.randn(8, 1001)).bfloat16()
    wanted = x.double().softmax(-1)
    g = vmap(grad(lambda x, h=how: centered_logsumexp(h(x))))(x).double()
    assert low <= (g / wanted - 1).abs().max() < high
    eps = torch.finfo(torch.bfloat16).eps
    assert (g - wanted).abs().max() < 4 * eps
rows = torch.tensor([[-inf, -inf], [-inf, 0.0], [0.0, inf], [nan, 0.0]])
torch.testing.assert_close(
    centered_logsumexp(rows)[:2], rows.logsumexp(-1)[:2]
)
assert vmap(grad(centered_logsumexp))(rows)[1].tolist() == [0, 1]
try:
    centered_logsumexp(torch.zeros(2, 0))
    raise AssertionError
except IndexError as error:
    assert "non-zero size" in str(error)
for k in (0, 2, 3):
    assert grad(centered_logsumexp)(rows[k]).isnan().any()

by_hand_of = {name: f for name, (f, _) in pairs.items()}
for name, dtype, last, first, end, slope in (
    ("log(sigmoid(x))", torch.float32, -88.72283, -88.72284, -inf, nan),
    ("log(sigmoid(x))", torch.float16, -17.33, -17.344, -inf, nan),
    ("log(1+exp(x))", torch.float32, 88.72283, 88.72284, inf, nan),
    ("log(1+exp(x))", torch.float16, 11.086, 11.094, inf, nan),
):
    # claim: log(1 + exp(x)) is ∞ from 88.72284 on, again with NaN.
    f = by_hand_of[name]
    for n in (1, 33):
        x = torch.tensor([last, first, 2 * first]).to(dtype).repeat(n, 1)
        y, g = f(x), torch.func.grad(lambda x, f=f: f(x).sum())(x)
        assert y[:, 0].isfinite().all() and (y[:, 0] != 0).all()
        assert (y[:, 1:] == end).all() and not g[:, 0].isnan().any()
        wanted = torch.full_like(g[:, 1:], slope)
        torch.testing.assert_close(g[:, 1:], wanted, equal_nan=True)
# claim: from 16.64 on both are 0.
f = by_hand_of["log(sigmoid(x))"]
for n in (1, 33):
    x = torch.tensor([16.63, 16.64, 20.0, 1e30]).repeat(n, 1)
    y, g = f(x), torch.func.grad(lambda x: f(x).sum())(x)
    for found in (y, g, 1 / (1 - x.sigmoid()).log()):
        assert (found[:, 0] != 0).all() and not found[:, 1:].any()

x = torch.tensor([-10.0, -12.0, -17.0, -18.0]).half()
y, g = (
    pairs["log(sigmoid(x))"][0](x),
    vmap(grad(pairs["log(sigmoid(x))"][0]))(x),
)
assert y.isfinite().tolist() == [True, True, True, False]
assert g[0] == 1 and (g[1:3] == inf).all() and g[3].isnan()

# --8<-- [start:trap-log1mexp]
x = torch.tensor([-1e-9, -20.0])
for name, f in {
    "log(1 - exp(x)) ": lambda x: (1 - x.exp()).log(),
    "log1p(-exp(x))  ": lambda x: (-x.exp()).log1p(),
    "log(-expm1(x))  ": lambda x: (-x.expm1()).log(),
}.items():
    print(name, f(x).tolist(), vmap(grad(f))(x).tolist())
# --8<-- [end:trap-log1mexp]


# --8<-- [start:fix-log1mexp]
def log1mexp(x):
    """log(1 - exp(x)) for x < 0: the probability of the other case."""
    near = x > -0.6931  # -log(2)
    left, right = torch.where(near, -1.0, x), torch.where(near, x, -0.5)
    return torch.where(near, (-right.expm1()).log(), (-left.exp()).log1p())


print(
    "log1mexp        ", log1mexp(x).tolist(), vmap(grad(log1mexp))(x).tolist()
)
# --8<-- [end:fix-log1mexp]
for dtype in dtypes[1:]:
    eps = torch.finfo(dtype).eps
    tiny_number = torch.finfo(dtype).smallest_normal
    x = -torch.logspace(-4, 0.9, 300, dtype=torch.float64).to(dtype)
    for f in (log1mexp, vmap(grad(log1mexp))):
        torch.testing.assert_close(
            f(x).double(), f(x.double()), rtol=8 * eps, atol=tiny_number
        )
x = -torch.logspace(-2, 1, 99, dtype=torch.float64)
torch.testing.assert_close(log1mexp(x), (1 - x.exp()).log())


# --8<-- [start:edges]
def both(x):
    return torch.stack([x, x - 1])


pairs["log(1-sigmoid(x))"] = (
    lambda x: (1 - x.sigmoid()).log(),
    lambda x: logsigmoid(-x),
)
pairs["log(sum(exp(…)))"] = (
    lambda x: both(x).exp().sum(0).log(),
    lambda x: both(x).logsumexp(0),
)
far_out = dict(pairs)
pairs["exp(x)-1"] = (lambda x: x.exp() - 1, torch.expm1)
pairs["log(1+x)"] = (lambda x: (1 + x).log(), torch.log1p)
tiny = ("exp(x)-1", "log(1+x)")  # these fail near 0, the others far out


def broken(f, exact, x, dtype):
    """Not finite, or 0 where the function is not."""
    x = torch.tensor(x, dtype=dtype)
    y, wanted = f(x), exact(x)
    return not y.isfinite() or (y == 0 and wanted != 0)


def edge(f, exact, sign, name, dtype):
    """The last x, outward or inward, that is not broken."""
    good = 0.9 if name in tiny else 3.0
    candidates = [1e-9, 1e-7] if name in tiny else [6e4, 100, 50, 20, 12]
    for bad in candidates:
        if broken(f, exact, sign * bad, dtype):
            break
    else:
        return "none"
    for _ in range(40):
        middle = (good * bad) ** 0.5
        if broken(f, exact, sign * middle, dtype):
            bad = middle
        else:
            good = middle
    return f"{sign * good:.3g}"


for name, (f, exact) in pairs.items():
    for dtype in torch.float32, torch.float16:
        args = name, dtype
        slopes = grad(f), grad(exact)
        value = [edge(f, exact, sign, *args) for sign in (-1, 1)]
        slope = [edge(*slopes, sign, *args) for sign in (-1, 1)]
        ends = f"{', '.join(value):15} gradient {', '.join(slope)}"
        print(f"{name:20} {str(dtype)[6:]}: value {ends}")
# --8<-- [end:edges]
slopes_of = {name: vmap(grad(f)) for name, (_, f) in far_out.items()}
# claim: From −60 to 60 the three functions are right up to rounding, but for
#   softplus in float64 above 20.
for name, (_, f) in far_out.items():
    for dtype in dtypes:
        eps = torch.finfo(dtype).eps
        x = torch.cat([torch.linspace(-60, 60, 20001), torch.randn(33)])
        x = x.to(dtype)
        mine, exact = f(x).double(), f(x.double())
        torch.testing.assert_close(mine, exact, rtol=eps, atol=eps)
        slope = slopes_of[name]
        off = (slope(x).double() - slope(x.double())).abs().max()
        if "sum" not in name:
            assert off <= eps, (name, dtype, off)
        elif dtype in dtypes[2:]:
            most = 0.12 if dtype == torch.bfloat16 else 0.016
            for n in (2, 3, 33):
                rows = (120 * torch.rand(1000, n) - 60).to(dtype)
                g = vmap(grad(lambda x: x.logsumexp(0)))(rows).double()
                off = (g - rows.double().softmax(1)).abs().max()
                assert off < 1.02 * most and (n > 2 or off > 0.8 * most), off
        else:
            assert off < 20 * eps, (dtype, off)
    for far in (1e3, 6e4):
        x = torch.tensor([-far, far], dtype=torch.float16)
        assert f(x).isfinite().all() and slopes_of[name](x).isfinite().all()

import decimal  # float64 against 60 digits

decimal.getcontext().prec = 60
eps = torch.finfo(torch.float64).eps
x = torch.linspace(-60, 60, 301, dtype=torch.float64)
powers = [decimal.Decimal(v).exp() for v in x.tolist()]
right = x.new_tensor([float((1 + e).ln()) for e in powers])
slope = x.new_tensor([float(e / (1 + e)) for e in powers])
for mine, wanted in ((softplus, right), (lambda x: -logsigmoid(-x), right)):
    f = vmap(grad(mine))
    for found, exact in ((mine(x), wanted), (f(x), slope)):
        off = (found / exact - 1).abs()
        assert (off[x <= 20] <= 2 * eps).all()
        late = off[x > 20].max()
        assert late < 2.1e-9 and (late > 1e-11) == (mine is softplus)
more = float((1 + decimal.Decimal(-1).exp()).ln())
found = torch.logaddexp(x, x - 1)
torch.testing.assert_close(found, x + more, rtol=eps, atol=eps)

# --8<-- [start:small]
x = torch.tensor([1e-3, 1e-6, 1e-8])
print("exp(x) - 1", (x.exp() - 1).tolist())
print("expm1(x)  ", x.expm1().tolist())
print("log(1 + x)", (1 + x).log().tolist())
print("log1p(x)  ", x.log1p().tolist())
# --8<-- [end:small]
assert (x.exp() - 1)[2] == 0 and (1 + x).log()[2] == 0
