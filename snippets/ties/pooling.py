# --8<-- [start:run]
import torch
import torch.nn.functional as F


def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


row = torch.ones(1, 6)
print("max_pool1d", gradient(lambda x: F.max_pool1d(x, 3), row).tolist())
print(
    "adaptive  ", gradient(lambda x: F.adaptive_max_pool1d(x, 2), row).tolist()
)
cube = torch.ones(1, 2, 2, 2)
print(
    "max_pool3d",
    gradient(lambda x: F.max_pool3d(x, 2), cube).view(-1).tolist(),
)
# --8<-- [end:run]
torch.manual_seed(0)
nan, inf = float("nan"), float("inf")
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


def line(x):
    return x.view(1, 1, -1)


pools = {
    "1d": lambda x: F.max_pool1d(line(x), len(x)),
    "2d": lambda x: F.max_pool2d(line(x), (1, len(x))),
    "3d": lambda x: F.max_pool3d(line(x)[None], (1, 1, len(x))),
    "adaptive 1d": lambda x: F.adaptive_max_pool1d(line(x), 1),
    "adaptive 3d": lambda x: F.adaptive_max_pool3d(line(x)[None], 1),
    "fractional 2d": lambda x: F.fractional_max_pool2d(
        line(x), (1, len(x)), output_size=1
    ),
}
# claim: Of equals in a window the first gets everything, of NaNs the last.
for dtype in dtypes:
    for n in (1, 3, 17, 33, 1001):
        for pool in pools.values():
            for value in (0.3, 0.0, -inf, inf):
                g = gradient(pool, torch.full((n,), value, dtype=dtype))
                assert g[0] == 1 and g.sum() == 1
            x = torch.randn(n).to(dtype)
            x[: n // 2 + 1] = nan
            g = gradient(pool, x)
            assert g[n // 2] == 1 and g.sum() == 1

for dtype in dtypes:
    for n in (2, 3, 17, 33):  # the window is the last n - 1 entries

        def solid(x, n=n):
            x = line(x)[None].expand(1, 1, 2, 2, -1)
            return F.fractional_max_pool3d(x, (1, 1, n - 1), output_size=1)

        g = gradient(solid, torch.full((n,), 0.3, dtype=dtype))
        assert g[1] == 1 and g.sum() == 1
        g = gradient(solid, torch.full((n,), nan, dtype=dtype))
        assert g[-1] == 1 and g.sum() == 1

# --8<-- [start:trap]
values = torch.tensor([[5.0, 5.0]])
index = torch.tensor([[1, 1]])  # one peak that two windows found


def unpooled(values):
    return F.max_unpool1d(values, index, 2)


print("value   ", unpooled(values).tolist())
print("backward", gradient(unpooled, values).tolist())
forward = [
    torch.func.jvp(unpooled, (values,), (e,))[1].sum().item()
    for e in (torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]))
]
print("forward ", [forward])
# --8<-- [end:trap]
assert gradient(unpooled, values).tolist() == [[1, 1]]


# --8<-- [start:fix]
def unpool(values, index, length):
    """max_unpool1d to a length. Of the values for one place the largest
    stays, and equals share the gradient. A value of -inf becomes 0; a
    NaN stays, with the gradient NaN for all values of its place."""
    low = values.new_full((*values.shape[:-1], length), -torch.inf)
    best = low.scatter_reduce(-1, index, values, "amax")
    return torch.where(best == -torch.inf, 0, best)


print("value   ", unpool(values, index, 4).tolist())
print("backward", gradient(lambda v: unpool(v, index, 4), values).tolist())
# --8<-- [end:fix]
assert gradient(lambda v: unpool(v, index, 4), values).tolist() == [[0.5, 0.5]]
# claim: The result is that of max_unpool1d where no index comes twice, and for
#   windows that overlap too
for dtype in dtypes:
    for n in (1, 3, 17, 33):
        x = torch.randn(2, 2 * n).to(dtype)
        y, i = F.max_pool1d(x, 2, return_indices=True)
        assert torch.equal(unpool(y, i, 2 * n), F.max_unpool1d(y, i, 2))
        for size in (2, 3, 5):
            x = (torch.randn(2, n + 4) / 3).to(dtype)
            x[0, 0] = torch.finfo(dtype).max
            y, i = F.max_pool1d(x, size, stride=1, return_indices=True)
            want = F.max_unpool1d(y, i, size, stride=1, output_size=[n + 4])
            assert torch.equal(unpool(y, i, n + 4), want)
            g = gradient(lambda y, i=i, n=n: unpool(y, i, n + 4), y)
            zeros = torch.zeros(2, n + 4, dtype=torch.float64)
            total, found = zeros.scatter_add(1, i, g.double()), zeros.clone()
            found.scatter_(1, i, 1.0)
            near = 4 * torch.finfo(dtype).eps
            torch.testing.assert_close(total, found, atol=near, rtol=0)

odd, places = (
    torch.tensor([[nan, 3.0, -inf, 2.0]]),
    torch.tensor([[0, 2, 4, 0]]),
)
y = unpool(odd, places, 5)
assert y[0, 0].isnan() and y[0, 1:].tolist() == [0, 3, 0, 0]
g = gradient(lambda v: unpool(v, places, 5), odd)[0]
assert g[[0, 3]].isnan().all() and g[1:3].tolist() == [1, 0]

# --8<-- [start:trap-random]
x = torch.arange(25.0).view(1, 5, 5)


def pool(x):
    return F.fractional_max_pool2d(x, 2, output_size=3)


torch.manual_seed(0)
seen = {str(gradient(pool, x).int().tolist()) for _ in range(50)}
print("gradients in 50 calls:", len(seen))
# --8<-- [end:trap-random]

# --8<-- [start:fix-random]
import torch.nn as nn

samples = torch.rand(1, 1, 2)
fixed = nn.FractionalMaxPool2d(2, output_size=3, _random_samples=samples)
seen = {str(gradient(fixed, x).int().tolist()) for _ in range(50)}
print("gradients in 50 calls:", len(seen))
# --8<-- [end:fix-random]
assert len(seen) == 1


# --8<-- [start:even]
def even_max_pool1d(x, size, stride=None):
    """max_pool1d without padding: equals share. A NaN makes the gradient
    of each entry of its windows NaN."""
    return x.unfold(-1, size, stride or size).amax(-1)


g = gradient(lambda x: even_max_pool1d(x, 3), row)
print([round(v, 3) for v in g[0].tolist()])
# --8<-- [end:even]
for dtype in dtypes:
    for size, stride in ((2, None), (3, 1), (4, 3)):
        x = torch.randn(2, 3, 17).to(dtype)
        got, want = (
            even_max_pool1d(x, size, stride),
            F.max_pool1d(x, size, stride),
        )
        assert torch.equal(got, want)
    x = torch.tensor([1.0, nan, 3.0, 4.0, 5.0, 5.0], dtype=dtype)
    g = gradient(lambda x: even_max_pool1d(x, 3), x)
    assert g[:3].isnan().all() and g[3:].tolist() == [0, 0.5, 0.5]
    g = gradient(lambda x: even_max_pool1d(x, 3, 1), x)  # windows 012, 123
    assert g[:4].isnan().all() and g[4:].isfinite().all()

# --8<-- [start:nan]
nan = float("nan")
x = torch.tensor([[1.0, nan, 3.0, nan, 5.0]])
for name, f in {
    "max_pool1d": lambda x: F.max_pool1d(x, 5),
    "adaptive  ": lambda x: F.adaptive_max_pool1d(x, 1),
    "max(1)    ": lambda x: x.max(1).values,
}.items():
    print(name, f(x).view(-1).tolist(), gradient(f, x)[0].tolist())
# --8<-- [end:nan]

# --8<-- [start:dilation]
x = torch.ones(1, 5)
g = gradient(lambda x: F.max_pool1d(x, 2, stride=1, dilation=2), x)
print("windows 0 2, 1 3, 2 4:", g[0].tolist())
g = gradient(lambda x: F.max_pool1d(x, 3, stride=1), x)
print("windows 012, 123, 234:", g[0].tolist())
x = torch.full((1, 3), -torch.inf)
g = gradient(lambda x: F.max_pool1d(x, 2, padding=1), x)
print("-inf, and padding    :", g[0].tolist())
# --8<-- [end:dilation]
for dtype in dtypes:
    for n in (3, 5, 33):
        x = torch.full((1, n), -inf, dtype=dtype)
        g = gradient(lambda x: F.max_pool1d(x, 2, padding=1), x)
        assert (
            (g[0, 1::2] == 1).all() and g[0, 0] == 1 and g.sum() == n // 2 + 1
        )
    x = torch.full((1, 3, 2, 2, 2), -inf, dtype=dtype)
    g = gradient(lambda x: F.max_pool3d(x, 2, padding=1), x)
    assert (g == 1).all()  # eight windows of one entry each

# --8<-- [start:unpool]
for dims, f in enumerate((F.max_unpool1d, F.max_unpool2d, F.max_unpool3d), 1):
    values = torch.tensor([5.0, 7.0]).view(1, *[1] * (dims - 1), 2)
    index = torch.ones_like(values).long()
    kernel = (*[1] * (dims - 1), 2)
    g = gradient(lambda v, f=f, i=index, k=kernel: f(v, i, k), values)
    left = f(values, index, kernel).count_nonzero().item()
    print(f"{dims}d: values left {left}, gradients {g.view(-1).tolist()}")
# --8<-- [end:unpool]

torch.use_deterministic_algorithms(True)
try:
    F.max_unpool2d(torch.ones(1, 1, 2), torch.tensor([[[0, 1]]]), (1, 2))
    raise AssertionError
except RuntimeError as error:
    assert "deterministic" in str(error)
finally:
    torch.use_deterministic_algorithms(False)

# --8<-- [start:errors]
x = torch.ones(1, 5, 5)
cube = torch.ones(1, 2, 2, 2)
for call in (
    lambda: F.max_pool1d(torch.ones(3), 2),
    lambda: F.max_unpool2d(cube[0, :1], torch.full((1, 2, 2), 99), 2),
    lambda: F.fractional_max_pool2d(cube[0], 2),
    lambda: F.fractional_max_pool3d(cube, 2, output_size=1),
    lambda: F.adaptive_max_pool1d(torch.ones(1, 0), 1),
    lambda: fixed(x.double()),
):
    try:
        call()
    except (RuntimeError, ValueError) as error:
        print(f"{type(error).__name__}: {error}")
print(F.fractional_max_pool2d(cube[0], 2, output_size=1).shape)
# --8<-- [end:errors]
