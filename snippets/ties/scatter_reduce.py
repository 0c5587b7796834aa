# --8<-- [start:run]
import torch


def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


index = torch.tensor([0, 0, 0, 1])
y = [4.0, 4.0, 1.0, 3.0]  # three in group 0, one in group 1
x = [4.0, 3.5]  # what is there before


def amax(x, y):
    return x.scatter_reduce(0, index, y, "amax")


print("values", amax(torch.tensor(x), torch.tensor(y)).tolist())
gx, gy = gradient(amax, x, y)
print("x", [round(v, 3) for v in gx.tolist()])
print("y", [round(v, 3) for v in gy.tolist()])
# --8<-- [end:run]
torch.manual_seed(0)
import warnings

warnings.filterwarnings("ignore", "index_reduce.* is in beta")
nan, inf = float("nan"), float("inf")
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
kinds = (torch.scatter_reduce, torch.index_reduce)
# claim: The tensor that is written to counts as one of the equals
for dtype in dtypes:
    near = 4 * torch.finfo(dtype).eps
    for n in (1, 3, 17, 33, 1001):
        x, y = torch.randn(2, dtype=dtype), torch.randint(3, (n,)).to(dtype)
        group = torch.randint(2, (n,))
        for reduce in kinds:
            for how, best in (("amax", max), ("amin", min)):
                gx, gy = gradient(
                    lambda x, y, f=reduce, i=group, h=how: f(x, 0, i, y, h),
                    x,
                    y,
                )
                for j in range(2):
                    mine = [x[j].item(), *y[group == j].tolist()]
                    k = sum(v == best(mine) for v in mine)
                    got = [gx[j].item(), *gy[group == j].tolist()]
                    for g, v in zip(got, mine):
                        assert abs(g - (v == best(mine)) / k) < near

# --8<-- [start:trap]
y = torch.tensor([-1.0, 0.0, 2.0]).relu()  # 0, 0 and 2
index = torch.tensor([0, 1, 1])
zeros = torch.zeros(2)


def pooled(y):
    return zeros.scatter_reduce(0, index, y, "amax", include_self=False)


print("values  ", pooled(y).tolist())
print("gradient", gradient(pooled, y).tolist())
# --8<-- [end:trap]
assert gradient(pooled, y).tolist() == [0.5, 0, 1]


# --8<-- [start:fix]
def group_max(y, index, groups):
    """The largest of each group along dimension 0, 0 in an empty group.
    Equals share. A group of nothing but -inf counts as empty."""
    index = index.view(-1, *[1] * (y.dim() - 1)).expand_as(y)
    low = y.new_full((groups, *y.shape[1:]), -torch.inf)
    best = low.scatter_reduce(0, index, y, "amax")
    return torch.where(best == -torch.inf, 0, best)


print("values  ", group_max(y, index, 3).tolist())
print("gradient", gradient(lambda y: group_max(y, index, 3), y).tolist())
# --8<-- [end:fix]
assert gradient(lambda y: group_max(y, index, 3), y).tolist() == [1, 0, 1]
for dtype in dtypes:
    for n in (1, 3, 17, 33, 1001):
        y = torch.randint(3, (n, 2)).to(dtype) - 1
        group = torch.randint(4, (n,))
        value = group_max(y, group, 5)
        g = gradient(lambda y, i=group: group_max(y, i, 5), y)
        for j in range(5):
            mine = y[group == j]
            if len(mine):
                ties = (mine == mine.amax(0)).double()
                want = (ties / ties.sum(0)).to(dtype)
                torch.testing.assert_close(g[group == j], want)
                assert torch.equal(value[j], mine.amax(0))
            else:
                assert (value[j] == 0).all()

# claim: of index_reduce in a vector stops at 256 in bfloat16, where each of
#   1,000 equals gets 1/256, and at 2,048 in float16.
for dtype, most in ((torch.bfloat16, 256), (torch.float16, 2048)):
    for n in (most // 2, most, 1000 if most == 256 else 5000):
        group = torch.zeros(n, dtype=torch.int64)
        for how in ("amax", "amin", "mean"):
            for reduce in kinds:
                g = gradient(
                    lambda y, f=reduce, i=group, h=how: f(
                        y.new_zeros(1), 0, i, y, h, include_self=False
                    ),
                    torch.ones(n, dtype=dtype),
                )
                stops = reduce is torch.index_reduce and n > most
                right = 1 / (most if stops else n)
                near = torch.finfo(dtype).eps
                assert ((g.double() / right - 1).abs() < near).all()


# --8<-- [start:forward]
index = torch.tensor([0, 0])
y = torch.tensor([2.0, 3.0])
for how in ("amax", "mean", "prod"):

    def reduced(y, how=how):
        return torch.ones(1).scatter_reduce(0, index, y, how)

    reverse = torch.func.jacrev(reduced)(y)[0]
    forward = torch.func.jacfwd(reduced)(y)[0]
    print(f"{how}: reverse {reverse}, forward {forward}")
# --8<-- [end:forward]
# claim: Forward mode of prod is 0, without a word
for dtype in dtypes[:2]:
    for n in (1, 3, 17):
        y = torch.rand(n, dtype=dtype) + 0.5
        for include in (True, False):
            one, group = torch.ones_like(y[:1]), torch.zeros_like(y).long()
            _, slope = torch.func.jvp(
                lambda y, x=one, j=group, i=include: x.scatter_reduce(
                    0, j, y, "prod", include_self=i
                ),
                (y,),
                (torch.ones_like(y),),
            )
            assert slope == 0
two, one = torch.ones(2), torch.ones(1)
for how in ("amax", "amin", "prod", "mean"):
    try:
        torch.func.jvp(
            lambda y, h=how: torch.index_reduce(one, 0, index, y, h),
            (two,),
            (two,),
        )
        raise AssertionError
    except NotImplementedError:
        pass

# --8<-- [start:nan]
nan = float("nan")
y = [nan, 2.0, 3.0]
index = torch.tensor([0, 0, 1])


def scatter(how):
    return lambda y: torch.ones(2).scatter_reduce(0, index, y, how)


for name, f in {
    "scatter amax ": scatter("amax"),
    "scatter prod ": scatter("prod"),
    "scatter mean ": scatter("mean"),
}.items():
    g = gradient(f, y).tolist()
    print(name, f(torch.tensor(y)).tolist(), [round(v, 3) for v in g])
# --8<-- [end:nan]

# --8<-- [start:empty]
index = torch.tensor([1])
y = torch.tensor([2.0])
into = torch.tensor([7.0, 7.0])
for how in ("amax", "mean", "prod", "sum"):
    kept = into.scatter_reduce(0, index, y, how, include_self=False)
    print("scatter", how, kept.tolist())
# --8<-- [end:empty]

y = torch.tensor([0.0, 3.0], requires_grad=True)
z = torch.tensor([2.0]).scatter_reduce(0, torch.tensor([0, 0]), y, "prod")
assert torch.autograd.grad(z, y)[0].tolist() == [6, 0]
# claim: the product of the others, unless one is ±∞ or the product of all
#   underflows or overflows


def products(y):
    group = torch.zeros(len(y), dtype=torch.int64)
    one = torch.ones(1, dtype=y.dtype)
    yield one.scatter_reduce(0, group, y, "prod")
    yield torch.index_reduce(one, 0, group, y, "prod")


for dtype in dtypes[:2]:
    for zeros in (0, 1, 2):
        y = (torch.randn(5) + 0.1).to(dtype)
        y[:zeros] = 0
        y.requires_grad_()
        rest = [torch.cat([y[:i], y[i + 1 :]]).prod() for i in range(5)]
        for z in products(y):
            (g,) = torch.autograd.grad(z.sum(), y)
            near = 16 * torch.finfo(dtype).eps
            torch.testing.assert_close(
                g, torch.stack(rest).detach(), atol=near, rtol=near
            )
for value, found in ((1e-30, 0.0), (1e30, inf)):
    y = torch.full((2,), value, requires_grad=True)
    for z in products(y):
        assert torch.autograd.grad(z.sum(), y)[0].tolist() == [found, found]

# --8<-- [start:short]
one_index, two = torch.tensor([0]), torch.tensor([0, 1])
y = [2.0, 2.0, 3.0]
for how, index in (
    *((how, two) for how in ("scatter", "scatter_add", "sum", "amax")),
    *((how, one_index) for how in ("amax", "amin", "prod")),
):

    def short(y, how=how, index=index):
        if how.startswith("scatter"):
            return getattr(torch, how)(torch.ones(2), 0, index, y)
        return torch.ones(2).scatter_reduce(0, index, y, how)

    name = f"{how}, {len(index)} of 3:"
    try:
        values = short(torch.tensor(y)).tolist()
        print(name, values, "gradient", gradient(short, y).tolist())
    except RuntimeError as error:
        print(name, error)


def cut(source, index):
    return source[tuple(map(slice, index.shape))]


print("cut", gradient(lambda y: short(cut(y, one_index)), y).tolist())
index = torch.zeros(2, 2, dtype=torch.long)


def square(y):
    return torch.zeros(3, 3).scatter_add(0, index, cut(y, index))


print("cut, 3 × 3 to 2 × 2:", gradient(square, torch.ones(3, 3)).tolist())
# --8<-- [end:short]
for wide, shape in (((3,), (2,)), ((3, 3), (2, 3)), ((3, 3), (3, 2))):
    index = torch.zeros(shape, dtype=torch.long)
    whole, into = torch.rand(wide), torch.ones(wide)
    for how, error in (
        *((how, "ScatterReduceBackward0") for how in ("sum", "mean")),
        *((how, "size of tensor a (3)") for how in ("amax", "amin", "prod")),
        ("scatter", "ScatterBackward0 returned"),
        ("scatter_add", "ScatterAddBackward0 returned"),
    ):

        def short(y, how=how, index=index, into=into):
            if how.startswith("scatter"):
                return getattr(torch, how)(into, 0, index, y)
            return into.scatter_reduce(0, index, y, how)

        try:
            gradient(short, whole)
            raise AssertionError(how)
        except RuntimeError as got:
            assert error in str(got)
        g = gradient(lambda y, f=short, i=index: f(cut(y, i)), whole)
        assert g.shape == wide and g.isfinite().all()
for how in ("sum", "mean", "amax", "amin", "prod"):
    for into in (torch.ones(2), torch.zeros(2), torch.full((2,), 5.0)):

        def short(y, how=how, into=into):
            return into.scatter_reduce(0, one_index, y, how)

        x = torch.tensor([2.0, 2.0, 3.0])
        whole = into.scatter_reduce(0, one_index, x[:1], how)
        assert torch.equal(short(x), whole)
        g = gradient(lambda x, f=short: f(x[:1]), x)
        assert (g[1:] == 0).all()
        try:
            gradient(short, x)
            assert how not in ("sum", "mean")
        except RuntimeError:
            assert how in ("sum", "mean")
        try:  # two indices for three entries
            gradient(
                lambda x, h=how, i=into: i.scatter_reduce(
                    0, torch.tensor([0, 1]), x, h
                ),
                x,
            )
            raise AssertionError
        except RuntimeError:
            pass

row, whole = torch.zeros(1, 3, dtype=torch.long), torch.ones(3, 3)
for how in ("amax", "amin", "prod"):  # one row of an index is broadcast
    g = gradient(
        lambda y, h=how: torch.ones(3, 3).scatter_reduce(0, row, y, h), whole
    )
    assert (g[1:] > 0).all()  # in no group

# --8<-- [start:errors]
two, zeros = torch.ones(2), torch.zeros(2, requires_grad=True)
prod = two.scatter_reduce(0, torch.tensor([0, 0]), zeros, "prod").sum()
(g,) = torch.autograd.grad(prod, zeros, create_graph=True)
for call in (
    lambda: g.sum().backward(),  # the second derivative of two zeros
    lambda: two.scatter_reduce(0, torch.tensor([5]), torch.ones(1), "amax"),
    lambda: two.scatter_reduce(0, torch.tensor([0]), two.double(), "amax"),
    lambda: two.index_reduce(0, torch.tensor([0]), torch.ones(1), "sum"),
):
    try:
        call()
    except RuntimeError as error:
        print(error)
# --8<-- [end:errors]
