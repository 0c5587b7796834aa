# --8<-- [start:run]
import torch


def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


x = [1.0, 1.0, 4.0]
print("min()      ", gradient(lambda x: x.min(), x))
print("amin(0)    ", gradient(lambda x: x.amin(0), x))
print("aminmax()  ", gradient(lambda x: x.aminmax().min, x))
print("min(0)     ", gradient(lambda x: x.min(0).values, x))
print("minimum    ", gradient(torch.minimum, 1.0, 1.0))
print("fmin, fmax ", gradient(torch.fmin, 1.0, 1.0), end=" ")
print(gradient(torch.fmax, 1.0, 1.0))
# --8<-- [end:run]
torch.manual_seed(0)
nan, inf = float("nan"), float("inf")
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
for dtype in dtypes:
    for n in (1, 3, 17, 33, 1001):
        x = (torch.randint(3, (n,)) / 3 - 0.1).to(dtype)
        ties = (x == x.min()).double()
        even = (ties / ties.sum()).to(dtype)
        for f in (torch.min, torch.amin, lambda x: x.aminmax(dim=0).min):
            torch.testing.assert_close(gradient(f, x), even)
        first = gradient(lambda x: x.min(0).values, x)
        assert first.sum() == 1 and first[ties.argmax()] == 1
for f in (torch.fmin, torch.fmax):
    got = tuple(g.item() for g in gradient(f, 1.0, 1.0))
    shares = torch.__version__ >= "2.14"
    assert got == ((0.5, 0.5) if shares else (1, 0))

# --8<-- [start:trap-nan]
nan = float("nan")
x = [nan, 3.0, 1.0]
print("amin   ", gradient(lambda x: x.amin(0), x))
print("min(0) ", gradient(lambda x: x.min(0).values, x))
# --8<-- [end:trap-nan]
for dtype in dtypes:
    for n in (2, 3, 17, 33, 1001):
        row = torch.randn(n).to(dtype)
        row[n // 2] = nan
        for f in (
            torch.amin,
            lambda x: x.aminmax().min,
            lambda x: x.aminmax(dim=0).max,
        ):
            assert gradient(f, row).isnan().all()


# --8<-- [start:fix-nan]
def nanmin(x, dim=-1):
    """amin of the numbers; inf of NaN alone. A NaN gets 0."""
    return torch.where(x.isnan(), torch.inf, x).amin(dim)


print("nanmin ", nanmin(torch.tensor(x)).item(), gradient(nanmin, x))
a, b = torch.tensor([nan, 3.0]), torch.tensor([1.0, nan])
print("fmin   ", torch.fmin(a, b), gradient(torch.fmin, a, b))
# --8<-- [end:fix-nan]
# claim: A NaN gets 0
for dtype in dtypes:
    for n in (1, 3, 17, 33, 1001):
        x = torch.randn(n).to(dtype)
        x[::2] = nan
        g = gradient(nanmin, x)
        assert (g[::2] == 0).all() and g.isfinite().all()
        if n > 1:
            assert nanmin(x) == x[~x.isnan()].min() and g.sum() == 1
        else:
            assert nanmin(x) == inf


# --8<-- [start:trap-scale]
x = [3.0, 3.0, 3.0]


def scale(x):
    low, high = x.aminmax()
    return (x - low) / (high - low)


print(scale(torch.tensor(x)), gradient(scale, x))
# --8<-- [end:trap-scale]
assert gradient(scale, x).isnan().all()


# --8<-- [start:fix-scale]
def safe_scale(x, dim=-1):
    """Finite entries to the range from 0 to 1; equal ones to 0."""
    low = x.amin(dim, keepdim=True)
    span = x.amax(dim, keepdim=True) - low
    return (x - low) / torch.where(span == 0, 1, span)


print(safe_scale(torch.tensor(x)))
g = gradient(lambda x: safe_scale(x)[0], x)
print([round(v, 3) for v in g.tolist()])
# --8<-- [end:fix-scale]
for dtype in dtypes:
    for value in (0.1, 0.0, -7.0, 1e4, 1e-30):
        x = torch.full((2, 17), value, dtype=dtype)
        assert (safe_scale(x) == 0).all()
        assert gradient(safe_scale, x).isfinite().all()
x = torch.randn(3, 7, dtype=torch.float64)
assert safe_scale(x).amin(1).tolist() == [0] * 3
assert safe_scale(x).amax(1).tolist() == [1] * 3

# --8<-- [start:nan-pairs]
for f in (torch.minimum, torch.fmin):
    for pair in ((nan, 1.0), (1.0, nan), (nan, nan)):
        value = f(*map(torch.tensor, pair)).item()
        grads = [g.item() for g in gradient(f, *pair)]
        print(f"{f.__name__:8}{pair} value {value}, gradients {grads}")
# --8<-- [end:nan-pairs]
# claim: minimum and maximum give 1 to both where one of them is NaN
for dtype in dtypes:
    for n in (1, 3, 17, 33, 1001):
        a = torch.randn(n).to(dtype)
        b = torch.full((n,), nan, dtype=dtype)
        for f in (torch.minimum, torch.maximum):
            for g in (*gradient(f, a, b), *gradient(f, b, a)):
                assert (g == 1).all()
# claim: fmin and fmax give 1 to the other one
for dtype in dtypes:
    for n in (1, 3, 17, 33, 1001):
        a = torch.randn(n).to(dtype)
        b = torch.full((n,), nan, dtype=dtype)
        for f in (torch.fmin, torch.fmax):
            if torch.__version__.startswith("2.14"):
                break  # 1 to both
            ga, gb = gradient(f, a, b)
            assert (ga == 1).all() and (gb == 0).all()
            gb, ga = gradient(f, b, a)
            assert (ga == 1).all() and (gb == 0).all()

# --8<-- [start:forward]
x = torch.tensor([nan, 1.0])
for name, f in {
    "min()   ": lambda x: x.min(),
    "min(0)  ": lambda x: x.min(0).values,
    "amin(0) ": lambda x: x.amin(0),
}.items():
    slopes = [torch.func.jvp(f, (x,), (e,))[1].item() for e in torch.eye(2)]
    print(name, "reverse", gradient(f, x).tolist(), "forward", slopes)
# --8<-- [end:forward]


# --8<-- [start:both]
def span(x):
    low, high = x.aminmax()
    return high - low


print(gradient(span, [1.0, 4.0, 4.0]), gradient(span, [4.0, 4.0, 4.0]))
# --8<-- [end:both]
assert gradient(span, [4.0, 4.0, 4.0]).tolist() == [0, 0, 0]

# --8<-- [start:zeros]
x = [0.0, -0.0]
print("min()  ", torch.tensor(x).min().item(), gradient(torch.min, x))
print("minimum", gradient(torch.minimum, 0.0, -0.0))
# --8<-- [end:zeros]
for n in (2, 16, 34):
    x = torch.tensor([0.0, -0.0]).repeat(n // 2)
    for f in (torch.min, torch.amin, lambda x: x.aminmax(dim=0).max):
        torch.testing.assert_close(gradient(f, x), torch.full((n,), 1 / n))
    for row in (x, x.flip(0)):
        assert gradient(lambda x: x.min(0).values, row)[0] == 1

# --8<-- [start:errors]
for call in (
    lambda: torch.zeros(0).min(),
    lambda: torch.zeros(0).min(0),
    lambda: torch.zeros(0).amin(),
    lambda: torch.zeros(0).aminmax(),
    lambda: torch.minimum(torch.ones(2), 1.0),
):
    try:
        call()
    except (RuntimeError, IndexError, TypeError) as error:
        print(f"{type(error).__name__}: {error}")
print(torch.ones(2, 0).amin(0), torch.ones(2, 3).amin((0, 1)))
# --8<-- [end:errors]

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in ("min(Tensor self)", "min.dim(", "minimum("):
    lines = text[text.index(f"- name: {name}") :].splitlines()
    print(next(line for line in lines if line.startswith("  self:")))
# --8<-- [end:source]
