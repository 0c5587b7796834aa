# --8<-- [start:run]
import torch
from torch.nn import functional as F

y = torch.tensor([4.0, 4.0, 1.0, 3.0], requires_grad=True)
z = torch.segment_reduce(y, "max", lengths=torch.tensor([3, 1]))
print("segment_reduce", torch.autograd.grad(z.sum(), y)[0].tolist())

w = torch.tensor([[4.0], [4.0], [1.0]], requires_grad=True)
bag = torch.tensor([[0, 1, 2]])
z = F.embedding_bag(bag, w, mode="max")
print("embedding_bag ", torch.autograd.grad(z.sum(), w)[0].tolist())
# --8<-- [end:run]

nan, inf = float("nan"), float("inf")
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
sizes = (1, 3, 17, 33, 1001)

# --8<-- [start:trap]
y = torch.tensor([4.0, 2.0, 1.0], requires_grad=True)
lengths = torch.tensor([2, 0, 1])
for how in ("max", "mean"):
    z = torch.segment_reduce(y, how, lengths=lengths)
    print(how, z.tolist())
    loss = z.square().mean()
    (g,) = torch.autograd.grad(loss, y)
    print("  loss", loss.item(), "gradient", g.tolist())
weight = torch.tensor(0.5, requires_grad=True)
loss = (weight * torch.segment_reduce(y, "mean", lengths=lengths)).sum()
print("weight", torch.autograd.grad(loss, weight)[0].item())
# --8<-- [end:trap]
below = torch.tensor([-4.0, -2.0], requires_grad=True)
one = torch.tensor([2])
z = torch.segment_reduce(below, "max", lengths=one, initial=0)
assert z == 0 and torch.autograd.grad(z, below)[0].tolist() == [0, 0]


# --8<-- [start:fix]
def segment(y, how, lengths):
    """segment_reduce along dimension 0, with 0 for an empty segment. how is
    max, min, mean, sum or prod. It has neither forward mode nor
    second derivative, and vmap loops over it, with a warning."""
    z = torch.segment_reduce(y, how, lengths=lengths)
    full = (lengths > 0).view(-1, *[1] * (y.dim() - 1))
    return torch.where(full, z, 0)


for how in ("max", "mean"):
    z = segment(y, how, lengths)
    (g,) = torch.autograd.grad(z.square().mean(), y)
    print(how, z.tolist(), "gradient", [round(v, 3) for v in g.tolist()])
# --8<-- [end:fix]
# the loss, and the weights of the layer behind it, become infinite or NaN.
torch.manual_seed(0)
for how in ("max", "mean"):
    for width in (1, 3):
        layer = torch.nn.Linear(width, 1)
        z = torch.segment_reduce(torch.randn(3, width), how, lengths=lengths)
        loss = layer(z).square().mean()
        loss.backward()
        torch.optim.SGD(layer.parameters(), lr=0.1).step()
        assert not loss.isfinite() and not layer.weight.isfinite().any()

# --8<-- [start:twice]
y = torch.tensor([4.0, 2.0, 1.0], requires_grad=True)
lengths = torch.tensor([2, 1])
z = torch.segment_reduce(y, "sum", lengths=lengths)
(g,) = torch.autograd.grad(z.square().sum(), y, create_graph=True)
try:
    g.sum().backward()
except RuntimeError as error:
    print(error)

ids = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
z = torch.zeros(len(lengths)).index_add(0, ids, y)
(g,) = torch.autograd.grad(z.square().sum(), y, create_graph=True)
print("index_add", torch.autograd.grad(g.sum(), y)[0].tolist())
# --8<-- [end:twice]
# claim: `segment_reduce` has no second derivative, not even for `sum`
for how in ("max", "min", "mean", "sum", "prod"):
    z = torch.segment_reduce(y, how, lengths=lengths)
    (g,) = torch.autograd.grad(z.square().sum(), y, create_graph=True)
    try:
        g.sum().backward()
        raise AssertionError
    except RuntimeError as error:
        assert "_segment_reduce_backward is not implemented" in str(error)
# claim: neither has `embedding_bag`, in each of its modes
for mode in ("max", "mean", "sum"):
    w = torch.tensor([[1.0], [4.0], [2.0]], requires_grad=True)
    z = F.embedding_bag(bag, w, mode=mode)
    (g,) = torch.autograd.grad(z.square().sum(), w, create_graph=True)
    try:
        g.sum().backward()
        raise AssertionError
    except RuntimeError as error:
        assert "_embedding_bag_backward' is not implemented" in str(error)
    try:
        torch.func.jvp(
            lambda w, m=mode: F.embedding_bag(bag, w, mode=m), (w,), (w,)
        )
        raise AssertionError
    except NotImplementedError:
        pass
for how in ("max", "min", "mean", "sum", "prod"):
    try:
        torch.func.jvp(
            lambda y, h=how: torch.segment_reduce(y, h, lengths=lengths),
            (y,),
            (y,),
        )
        raise AssertionError
    except NotImplementedError:
        pass


# --8<-- [start:share]
def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


def bag_max(w):
    return F.embedding_bag(bag, w, mode="max")


def shared(w):
    return F.embedding(bag, w).amax(-2)


w = torch.tensor([[4.0], [4.0], [1.0]])
print("embedding_bag", gradient(bag_max, w).view(-1).tolist())
print("amax         ", gradient(shared, w).view(-1).tolist())
# --8<-- [end:share]
torch.manual_seed(0)
# In half precision the values for sum and mean stop growing.
for dtype, most, n in ((dtypes[2], 256, 1000), (dtypes[3], 2048, 4000)):
    for shape in ((n,), (n, 2)):
        y, ends = torch.ones(shape, dtype=dtype), torch.tensor([n])
        for how, total, slope in (("sum", most, 1), ("mean", most / n, 1 / n)):
            z = torch.segment_reduce(y, how, lengths=ends)
            near = {"rtol": torch.finfo(dtype).eps, "atol": 0}
            torch.testing.assert_close(z, torch.full_like(z, total), **near)
            g = gradient(
                lambda y, h=how, e=ends: torch.segment_reduce(y, h, lengths=e),
                y,
            )
            torch.testing.assert_close(g, torch.full_like(g, slope), **near)
# claim: In `segment_reduce` the equal maxima of a segment share the gradient
for dtype in dtypes:
    for n in sizes:
        for how, best in (("max", torch.amax), ("min", torch.amin)):
            y = torch.randint(3, (n,)).to(dtype) / 3
            ends = torch.tensor([n // 2, n - n // 2])
            g = gradient(
                lambda y, h=how, e=ends: torch.segment_reduce(y, h, lengths=e),
                y,
            )
            for part, got in zip(
                y.split(ends.tolist()), g.split(ends.tolist())
            ):
                if len(part):
                    ties = (part == best(part)).double()
                    want = (ties / ties.sum()).to(dtype)
                    torch.testing.assert_close(got, want)
# claim: the first of them takes the whole gradient
for dtype in dtypes:
    for n in sizes:
        w = torch.randint(3, (n, 2)).to(dtype) / 3
        g = gradient(
            lambda w, n=n: F.embedding_bag(
                torch.arange(n)[None], w, mode="max"
            ),
            w,
        )
        for column, got in zip(w.T, g.T):
            first = (column == column.max()).nonzero()[0].item()
            assert got[first] == 1 and got.sum() == 1
for dtype in dtypes:
    for n in sizes:
        for how in ("max", "min", "mean", "sum", "prod"):
            y = torch.randn(n, 2).to(dtype)
            ends = torch.tensor([0, n // 3, 0, n - n // 3])
            z = segment(y, how, ends)
            raw = torch.segment_reduce(y, how, lengths=ends)
            for j, end in enumerate(ends.tolist()):
                assert torch.equal(z[j], raw[j] if end else 0 * z[j])
            g = gradient(lambda y, h=how, e=ends: segment(y, h, e), y)
            plain = gradient(
                lambda y, h=how, e=ends: torch.segment_reduce(y, h, lengths=e),
                y,
            )
            assert torch.equal(g, plain)
for dtype in dtypes:
    for n in sizes:
        w = torch.randn(n, 3).to(dtype)
        rows = torch.randint(n, (4, 5))
        a = F.embedding_bag(rows, w, mode="max")
        assert torch.equal(a, F.embedding(rows, w).amax(-2))

# --8<-- [start:initial]
y = torch.tensor([4.0, 4.0, 1.0])
lengths = torch.tensor([2, 1])
for initial in (0, 4, 9):

    def f(y, initial=initial):
        return torch.segment_reduce(y, "max", lengths=lengths, initial=initial)

    print(initial, f(y).tolist(), gradient(f, y).tolist())
for initial in (0, 4):

    def f(y, initial=initial):
        return torch.segment_reduce(
            y, "mean", lengths=lengths, initial=initial
        )

    print("mean", initial, f(y).tolist(), gradient(f, y).tolist())
# --8<-- [end:initial]


# --8<-- [start:nan]
nan = float("nan")
y = torch.tensor([nan, 2.0, 3.0])
for how in ("max", "mean", "prod"):

    def f(y, how=how):
        return torch.segment_reduce(y, how, lengths=lengths)

    print("segment", how, f(y).tolist(), gradient(f, y).tolist())
for rows in ([nan, 1.0, 2.0], [1.0, nan, 2.0]):
    w = torch.tensor(rows).view(3, 1)
    g = gradient(bag_max, w).view(-1).tolist()
    print("bag", rows, "value", bag_max(w).item(), "gradient", g)
# --8<-- [end:nan]
# claim: In a bag a NaN counts if it comes first, and is passed over later.
for dtype in dtypes:
    for n in (3, 17, 33):
        for place in (0, 1, n - 1):
            w = torch.randn(n, 2).to(dtype)
            w[place] = nan
            z = F.embedding_bag(torch.arange(n)[None], w, mode="max")
            assert z.isnan().all() if place == 0 else z.isfinite().all()
# claim: NaN, but for the NaN's own
for dtype in dtypes:
    for place in (0, 1, 2):
        y = torch.full((3,), 3.0, dtype=dtype)
        y[place] = nan
        g = gradient(
            lambda y: torch.segment_reduce(
                y, "prod", lengths=torch.tensor([3])
            ),
            y,
        )
        others = torch.arange(3) != place
        assert g[place] == 9 and g[others].isnan().all()


def prod(y):
    return torch.segment_reduce(y, "prod", lengths=torch.tensor([len(y)]))


# claim: the product of the others, unless one is ±∞ or the product of all
#   underflows or overflows
for dtype in dtypes:
    tiny, huge = torch.finfo(dtype).tiny, torch.finfo(dtype).max
    for n in (1, 3, 17):
        for zeros in (0, 1, 2):
            y = (0.5 + torch.rand(n)).to(dtype)
            y[:zeros] = 0
            want = [torch.cat([y[:i], y[i + 1 :]]).prod() for i in range(n)]
            torch.testing.assert_close(
                gradient(prod, y),
                torch.stack(want),
                rtol=n * torch.finfo(dtype).eps,
                atol=0,
            )
    for entries in ((inf, 2.0), (tiny, tiny), (huge, huge)):
        g = gradient(prod, torch.tensor(entries, dtype=dtype))
        assert g[0] != entries[1]

# --8<-- [start:empty]
y = torch.tensor([2.0])
for how in ("max", "min", "mean", "prod", "sum"):
    values = torch.segment_reduce(y, how, lengths=torch.tensor([0, 1]))
    print("segment", how, values.tolist())
weight, row = torch.tensor([[2.0]]), torch.tensor([0])
offsets = torch.tensor([0, 0])
for mode in ("max", "mean", "sum"):
    print(
        "bag", mode, F.embedding_bag(row, weight, offsets, mode=mode).tolist()
    )
# --8<-- [end:empty]

# --8<-- [start:errors]
two, w = torch.ones(2), torch.ones(3, 1, requires_grad=True)
z = F.embedding_bag(bag, w, mode="sum").square().sum()
(g,) = torch.autograd.grad(z, w, create_graph=True)
for call in (
    lambda: g.sum().backward(),  # the second derivative of embedding_bag
    lambda: torch.segment_reduce(two, "max", lengths=torch.tensor([1])),
    lambda: torch.segment_reduce(two, "max", indices=torch.tensor([0, 1])),
    lambda: torch.segment_reduce(two.long(), "max", lengths=torch.tensor([2])),
    lambda: F.embedding_bag(bag, torch.ones(3, 1), mode="max", sparse=True),
):
    try:
        call()
    except (RuntimeError, ValueError, NotImplementedError) as error:
        print(f"{type(error).__name__}: {error}")
# --8<-- [end:errors]
