# --8<-- [start:run]
import torch


def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


def who(f, n=20):
    """Which of n equal values get the gradient."""
    g = gradient(f, torch.ones(n))
    if (g == g[0]).all():
        return f"{g[0]:.2f} each"
    taken = g.nonzero().flatten().tolist()
    if len(taken) > 1:
        return f"{len(taken)} of them"
    return {0: "the first", n - 1: "the last"}.get(taken[0], "another")


print("max()        ", who(lambda x: x.max()))
print("max(0)       ", who(lambda x: x.max(0).values))
print("topk(1)      ", who(lambda x: x.topk(1).values))
print("cummax()[-1] ", who(lambda x: x.cummax(0).values[-1]))
print("quantile(0.5)", who(lambda x: x.quantile(0.5)))
# --8<-- [end:run]

# --8<-- [start:trap]
x = torch.ones(20)
print("max(0) is topk(1):", bool(x.max(0).values == x.topk(1).values))
same = x.max(0).indices == x.topk(1).indices
print("and its index is: ", bool(same))
# --8<-- [end:trap]
assert not same


# --8<-- [start:fix]
def share(x, value):
    """value, as it was selected from the last dimension of x: all entries
    of x that are equal to it share its gradient. NaNs are equal here.
    Their sum can differ from value by a rounding."""
    value = value.unsqueeze(-1)
    ties = (x == value) | (x.isnan() & value.isnan())
    count = ties.sum(-1, keepdim=True)
    return torch.where(ties, x / count, 0).sum(-1)


print("topk(1)      ", who(lambda x: share(x, x.topk(1).values[0])))
print("median(0)    ", who(lambda x: share(x, x.median(0).values)))
print("kthvalue(3)  ", who(lambda x: share(x, x.kthvalue(3).values)))

first = torch.sort(x, stable=True, descending=True)
print("stable sort  ", first.indices[0].item())
# --8<-- [end:fix]
torch.manual_seed(0)
nan, inf = float("nan"), float("inf")
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
for dtype in dtypes:
    for n in (1, 3, 17, 33, 1001):
        x = (torch.randint(3, (n,)) / 3 - 0.1).to(dtype)
        for select in (
            lambda x: x.median(-1).values,
            lambda x: x.topk(1).values.squeeze(-1),
            lambda x: x.kthvalue(1).values,
            lambda x: x.min(-1).values,
        ):
            got = share(x, select(x))
            near = 8 * torch.finfo(dtype).eps
            torch.testing.assert_close(got, select(x), rtol=near, atol=near)
            g = gradient(lambda x, f=select: share(x, f(x)), x)
            equal = (x == select(x)).to(dtype)
            wanted = (equal.double() / equal.double().sum()).to(dtype)
            torch.testing.assert_close(g, wanted, rtol=near, atol=near)
for values, wanted in (
    ([inf, inf, 1.0], [0.5, 0.5, 0]),
    ([nan, 1.0, nan], [0.5, 0, 0.5]),
    ([0.0, -0.0, -1.0], [0.5, 0.5, 0]),
    ([6e4, 6e4, 1.0], [0.5, 0.5, 0]),
):
    for dtype in dtypes:
        x = torch.tensor(values, dtype=dtype)
        m = share(x, x.max(-1).values)
        assert m.isnan() if x.isnan().any() else m == x.max()
        g = gradient(lambda x: share(x, x.max(-1).values), x)
        assert g.tolist() == wanted
wide = torch.rand(2, 3, 5, dtype=torch.float64, requires_grad=True)
assert torch.autograd.gradcheck(lambda x: share(x, x.median(-1).values), wide)

# --8<-- [start:reductions]
from torch.linalg import vector_norm

nan, inf = float("nan"), float("inf")


def at_nan(f):
    """Who gets the gradient of [1, nan, nan, 2]."""
    g = gradient(f, [1.0, nan, nan, 2.0])
    if g.isnan().any():
        return "all NaN"
    return {
        (0, 0, 0, 0): "nobody",
        (0, 0.5, 0.5, 0): "NaNs, even",
        (0, 1, 0, 0): "first NaN",
        (0, 0, 1, 0): "last NaN",
        (0, 1, 1, 0): "both NaNs",
    }.get(tuple(g.tolist()), "numbers")


def forward(f):
    """Whether forward mode gives the same, and the same with NaN."""
    answers = []
    for x in (torch.ones(20), torch.tensor([1, nan, nan, 2])):
        try:
            slopes = [
                torch.func.jvp(f, (x,), (e,))[1].sum()
                for e in torch.eye(len(x))
            ]
        except NotImplementedError:
            return "none"
        wanted = gradient(f, x)
        same = torch.stack(slopes).allclose(wanted, equal_nan=True)
        answers.append("same" if same else "differs")
    if answers[0] == answers[1]:
        return answers[0]
    return f"{answers[0]}, NaN {answers[1]}"


def empty(f):
    """The value for an empty input."""
    try:
        return str([round(v, 3) for v in f(torch.ones(0)).view(-1).tolist()])
    except (RuntimeError, IndexError):
        return "error"


def table(functions):
    layout = "{:16} {:10} {:15} {:18} {}"
    heads = "20 equal", "1, nan, nan, 2", "forward mode", "empty"
    print(layout.format("", *heads))
    for name, f in functions.items():
        cells = who(f), at_nan(f), forward(f), empty(f)
        print(layout.format(name, *cells))


reductions = {
    "max()": lambda x: x.max(),
    "min()": lambda x: x.min(),
    "amax(0)": lambda x: x.amax(0),
    "amin(0)": lambda x: x.amin(0),
    "aminmax().max": lambda x: x.aminmax().max,
    "max(0)": lambda x: x.max(0).values,
    "min(0)": lambda x: x.min(0).values,
    "norm(x, inf)": lambda x: vector_norm(x, inf),
    "norm(x, -inf)": lambda x: vector_norm(x, -inf),
    "median()": lambda x: x.median(),
    "nanmedian()": lambda x: x.nanmedian(),
    "median(0)": lambda x: x.median(0).values,
    "nanmedian(0)": lambda x: x.nanmedian(0).values,
    "quantile(0.5)": lambda x: x.quantile(0.5),
    "nanquantile(0.5)": lambda x: x.nanquantile(0.5),
    "kthvalue(1)": lambda x: x.kthvalue(1).values,
    "mode()": lambda x: x.mode().values,
}
table(reductions)
# --8<-- [end:reductions]

# --8<-- [start:sorts]
sorts = {
    "sort()[0]": lambda x: x.sort().values[0],
    "stable sort()[0]": lambda x: x.sort(stable=True).values[0],
    "msort()[0]": lambda x: x.msort()[0],
    "x[argsort()][0]": lambda x: x[x.argsort()][0],
    "topk(1)": lambda x: x.topk(1).values,
    "topk(2)": lambda x: x.topk(2).values,
    "cummax()[-1]": lambda x: x.cummax(0).values[-1],
    "cummin()[-1]": lambda x: x.cummin(0).values[-1],
}
table(sorts)
# --8<-- [end:sorts]

# --8<-- [start:pools]
import torch.nn.functional as F


def fractional(x):
    plane = x.expand(1, 2, -1)  # two rows, the pool takes the first
    samples = torch.zeros(1, 1, 2, dtype=x.dtype)
    return F.fractional_max_pool2d(
        plane, (1, len(x)), output_size=1, _random_samples=samples
    )


pools = {
    "max_pool1d": lambda x: F.max_pool1d(x[None], len(x)),
    "max_pool2d": lambda x: F.max_pool2d(x[None, None], (1, len(x))),
    "max_pool3d": lambda x: F.max_pool3d(x[None, None, None], (1, 1, len(x))),
    "adaptive 1d": lambda x: F.adaptive_max_pool1d(x[None], 1),
    "adaptive 2d": lambda x: F.adaptive_max_pool2d(x[None, None], 1),
    "adaptive 3d": lambda x: F.adaptive_max_pool3d(x[None, None, None], 1),
    "fractional 2d": fractional,
}
table(pools)
# --8<-- [end:pools]

# --8<-- [start:groups]
import warnings

warnings.filterwarnings("ignore", "index_reduce.* is in beta")


def one_group(x):
    return x.new_zeros(1), 0, torch.zeros(len(x), dtype=torch.int64), x


def scatter(x):
    return torch.scatter_reduce(*one_group(x), "amax", include_self=False)


def index(x):
    return torch.index_reduce(*one_group(x), "amax", include_self=False)


def segment(x):
    return torch.segment_reduce(x, "max", lengths=torch.tensor([len(x)]))


def bag(x):
    return F.embedding_bag(torch.arange(len(x))[None], x[:, None], mode="max")


groups = {
    "scatter_reduce": scatter,
    "index_reduce": index,
    "segment_reduce": segment,
    "embedding_bag": bag,
    "logsumexp(0)": lambda x: x.logsumexp(0),
    "sum of softmax·x": lambda x: (x.softmax(0) * x).sum(),
}
table(groups)
# --8<-- [end:groups]


# --8<-- [start:pairs]
def both(f, *pair):
    """The gradients of the two numbers; forward mode's if they differ."""
    pair = [torch.tensor(x) for x in pair]
    slow = [g.item() for g in gradient(f, *pair)]
    one, zero = torch.tensor(1.0), torch.tensor(0.0)
    tangents = (one, zero), (zero, one)
    fast = [torch.func.jvp(f, tuple(pair), t)[1].item() for t in tangents]
    cell = "{:g}, {:g}".format(*slow)
    return cell if slow == fast else cell + " ({:g}, {:g})".format(*fast)


pairs = (1.0, 1.0), (0.0, -0.0), (nan, 1.0), (1.0, nan), (nan, nan)
layout = "{:8} {:14}{:14}{:14}{:14}{}"
print(layout.format("", *("{:g}, {:g}".format(*pair) for pair in pairs)))
for f in (torch.maximum, torch.minimum, torch.fmax, torch.fmin):
    print(layout.format(f.__name__, *(both(f, *pair) for pair in pairs)))
# --8<-- [end:pairs]
everything = {**reductions, **sorts, **pools, **groups}
# claim: The first two columns are the same in float64, bfloat16 and float16
for name, f in everything.items():
    kinds = [torch.float64, torch.bfloat16, torch.float16]
    for dtype in kinds[:1] if "quantile" in name else kinds:
        got = gradient(f, torch.ones(20, dtype=dtype))
        assert got.dtype == dtype
        want = gradient(f, torch.ones(20)).double()
        torch.testing.assert_close(got.double(), want, atol=0.001, rtol=0)
        x = torch.tensor([1.0, nan, nan, 2.0])
        got, want = gradient(f, x.to(dtype)), gradient(f, x)
        torch.testing.assert_close(got.float(), want, equal_nan=True)
    # 0 and -0 are a tie.
    if "norm" not in name and name not in ("scatter_reduce", "index_reduce"):
        zeros = gradient(f, torch.tensor([0.0, -0.0]))
        assert torch.equal(zeros, gradient(f, torch.ones(2))), name
    else:
        zeros = gradient(f, torch.tensor([0.0, -0.0]))
        right = 0 if "norm" in name else torch.tensor(1 / 3)
        assert (zeros == right).all()
for p in (inf, -inf):
    g = gradient(lambda x, p=p: vector_norm(x, p), [2.0, -2.0])
    assert g.tolist() == [0.5, -0.5]
for f in (torch.max, torch.min, torch.median):
    for x in ([nan, 1.0, 2.0], [nan, nan], [0.3, nan]):
        x = torch.tensor(x)
        for e in torch.eye(len(x)):
            assert torch.func.jvp(f, (x,), (e,))[1].isnan()
# claim: In float16, 65,520 or more equals in several rows get 0 from amax,
#   amin, aminmax and the ∞-norm
shares = {
    "amax": lambda x: x.amax(-1),
    "amin": lambda x: x.amin(-1),
    "aminmax": lambda x: x.aminmax(dim=-1).min,
    "norm": lambda x: vector_norm(x, inf, dim=-1),
}
for name, f in shares.items():
    for n in (65519, 65520, 70000):
        rows = torch.ones(2, n, dtype=torch.float16)
        g = gradient(f, rows)
        assert (g == 0).all() if n > 65519 else (g > 1e-5).all(), name
        assert (gradient(f, rows[:1]) > 1e-5).all()
