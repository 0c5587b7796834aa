# --8<-- [start:check]
import torch
from torch.func import hessian, jacfwd, jacrev

DERIVATIVES = {
    "value": lambda f: f,
    "reverse": jacrev,
    "forward": jacfwd,
    "reverse twice": lambda f: jacrev(jacrev(f)),
    "forward over reverse": hessian,
}


def check(name, f, x):
    """Print which derivatives of f at x have an entry that is not finite."""
    found = {key: derive(f)(x) for key, derive in DERIVATIVES.items()}
    bad = [key for key, value in found.items() if not value.isfinite().all()]
    print(f"{name}:", ", ".join(bad) or "all finite")


def root(x):
    return torch.where(x == 0, 0.0, x.sqrt())


check("root at 4", root, torch.tensor(4.0))
check("root at 0", root, torch.tensor(0.0))
# --8<-- [end:check]
nan, inf = float("nan"), float("inf")
torch.manual_seed(0)
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


# --8<-- [start:fix-root]
def safe_root(x):
    edge = x == 0  # True where the value is chosen
    inside = torch.where(edge, 1.0, x)  # what the root sees
    return torch.where(edge, 0.0, inside.sqrt())


check("safe_root at 0", safe_root, torch.tensor(0.0))
# --8<-- [end:fix-root]
for dtype in dtypes:
    for n in (1, 3, 17, 33, 1001):
        x = torch.rand(n).to(dtype) + 0.1
        x[n // 2] = 0
        x.requires_grad_()
        (g,) = torch.autograd.grad(safe_root(x).sum(), x)
        want = torch.where(x == 0, 0, 0.5 * x.detach().rsqrt())
        torch.testing.assert_close(g, want)


def bad(f, x):
    """What check prints."""
    found = {key: derive(f)(x) for key, derive in DERIVATIVES.items()}
    return [key for key, value in found.items() if not value.isfinite().all()]


for derive in list(DERIVATIVES.values())[1:]:  # 0 at the edge
    for zero in (0.0, -0.0):
        assert derive(safe_root)(torch.tensor(zero)) == 0
assert bad(root, torch.tensor(4.0)) == []
assert bad(root, torch.tensor(0.0)) == [
    "reverse",
    "reverse twice",
    "forward over reverse",
]


# --8<-- [start:squares]
def length_late(x):
    edge = (x == 0).all()
    inside = torch.where(edge, 1.0, x)
    return torch.where(edge, 0.0, inside.square().sum().sqrt())


check("length at 0    ", length_late, torch.zeros(2))
check("length at 1e-30", length_late, torch.full((2,), 1e-30))
# --8<-- [end:squares]
for dtype, finite in ((torch.float64, True), (torch.bfloat16, False)):
    x = torch.full((2,), 1e-30, dtype=dtype)
    assert jacrev(length_late)(x).isfinite().all() == finite


# --8<-- [start:fix-squares]
def length(x, dim=-1):
    """The length of a real x along dim; 0 where the squares sum to 0.

    The sum of squares overflows: in float16 from a length of about 256 on,
    in float32 and bfloat16 of 1.8e19.
    """
    squares = x.square().sum(dim)
    edge = squares == 0  # asked of what the root sees, and not of x
    inside = torch.where(edge, 1.0, squares)
    return torch.where(edge, 0.0, inside.sqrt())


check("length at 0    ", length, torch.zeros(2))
check("length at 1e-30", length, torch.full((2,), 1e-30))
# --8<-- [end:fix-squares]
for dtype in dtypes:
    for size in (-0.0, 1e-30, 1e-7, 1.0):
        for n in (1, 33):
            x = torch.full((n,), size, dtype=dtype)
            assert {"value", "reverse", "forward"}.isdisjoint(bad(length, x))
    assert bad(length, torch.zeros(3, dtype=dtype)) == []
    assert length(torch.tensor([3.0, 4.0], dtype=dtype)) == 5
x = torch.tensor([4e-23])
assert f"{jacrev(length)(x).item():.2f}" == "1.07"
torch.testing.assert_close(
    jacrev(torch.linalg.vector_norm)(x), torch.ones_like(x)
)
x = torch.arange(200, 300).half()[:, None]
assert (length(x).isinf() == (x[:, 0] >= 256)).all()
assert length(torch.tensor([181.0, 181.0]).half()).isinf()  # 255.97
for dtype in (torch.float32, torch.bfloat16):
    low, high = torch.tensor([[1.8e19], [1.9e19]], dtype=dtype)
    assert length(low).isfinite() and length(high).isinf()
for n in (4, 64):  # no entry is near 256, and the length is
    for size, infinite in ((250, False), (256, True)):
        x = torch.full((n,), size / n**0.5).half()
        assert length(x).isinf() == infinite


# --8<-- [start:series]
def sinc_half(x):
    near = x.abs() < 0.1
    large = torch.where(near, 1.0, x)
    s = x**2  # the series has no where of its own
    series = 1 - s / 6 * (1 - s / 20 * (1 - s / 42))
    return torch.where(near, series, large.sin() / large)


check("sinc at 0   ", sinc_half, torch.tensor(0.0))
check("sinc at 1e30", sinc_half, torch.tensor(1e30))
# --8<-- [end:series]


# --8<-- [start:fix-series]
def sinc(x):
    """sin(x) / x, and around 0 its Taylor series; NaN at ±inf."""
    near = x.abs() < 0.1
    small, large = torch.where(near, x, 0.0), torch.where(near, 1.0, x)
    s = small**2
    series = 1 - s / 6 * (1 - s / 20 * (1 - s / 42))
    return torch.where(near, series, large.sin() / large)


check("sinc at 0   ", sinc, torch.tensor(0.0))
check("sinc at 1e30", sinc, torch.tensor(1e30))
print("curvature at 0:", hessian(sinc)(torch.tensor(0.0)).item())
# --8<-- [end:fix-series]
for dtype in dtypes:
    for at in (0.0, -0.0, 1e-7, 0.0999, -0.1001, 250.0, -6e4, 1e30):
        x = torch.tensor(at).to(dtype)
        if x.isfinite():
            assert bad(sinc, x) == []
x = torch.linspace(-2, 2, 4001, dtype=torch.float64)
torch.testing.assert_close(
    sinc(x), torch.sinc(x / torch.pi), rtol=1e-13, atol=0
)
for dtype in (torch.bfloat16, torch.float16):
    x = torch.tensor(0.125, dtype=dtype)
    slopes = jacrev(sinc)(x), jacrev(lambda x: sinc(x.float()))(x)
    assert slopes[1] < -0.04
    assert abs(slopes[0] / slopes[1] - 1) > 0.02
x = torch.tensor(0.125, dtype=torch.bfloat16)
assert f"{jacrev(sinc)(x).item():.3f}" == "-0.031"
assert f"{jacrev(sinc)(x.double()).item():.3f}" == "-0.042"
for derive, want in ((jacrev, 0.0), (hessian, -1 / 3)):
    g = derive(sinc)(torch.tensor(0.0, dtype=torch.float64))
    assert abs(g - want) < 1e-15


# --8<-- [start:hide]
def hides(x):
    ok = x > 0
    return torch.where(ok, torch.where(ok, x, 1.0).sqrt(), 0.0)


for f in (hides, safe_root):
    values = [f(torch.tensor(v)).item() for v in (torch.nan, -1.0)]
    print(f"{f.__name__:9} of NaN and -1:", *values)
# --8<-- [end:hide]
# claim: x > 0 sends a NaN to the other branch, and −1 too.
for dtype in dtypes:
    for v in (nan, -1.0, -inf):
        x = torch.tensor(v, dtype=dtype)
        assert hides(x) == 0 and safe_root(x).isnan()
        assert jacrev(hides)(x) == 0 and jacrev(safe_root)(x).isnan()
for f in (safe_root, length, sinc):
    assert f(torch.tensor(nan)).isnan()
assert sinc(torch.tensor([inf, -inf])).isnan().all()

# Step 3 keeps NaN out of both modes. Step 5 alone has NaN in reverse mode.
for dtype in dtypes:
    for at, edge, f, value in (
        (torch.zeros(()), lambda x: x == 0, torch.sqrt, 0.0),
        (torch.zeros(2), lambda x: x.square().sum() == 0, None, 0.0),
        (torch.zeros(()), lambda x: x == 0, lambda x: x.sin() / x, 1.0),
    ):
        at = at.to(dtype)

        def third(x, f=f, edge=edge):
            if f is None:  # the length
                return torch.where(edge(x), 1.0, x.square().sum()).sqrt()
            return f(torch.where(edge(x), 1.0, x))

        def fifth(x, f=f, edge=edge, value=value):
            y = x.square().sum().sqrt() if f is None else f(x)
            return torch.where(edge(x), value, y)

        assert jacrev(third)(at).isfinite().all()
        assert jacfwd(third)(at).isfinite().all()
        assert jacrev(fifth)(at).isnan().all()
        assert jacfwd(fifth)(at).isfinite().all()

# --8<-- [start:gradcheck]
x = torch.linspace(-3, 3, 13, dtype=torch.float64, requires_grad=True)
for f in (sinc, length):
    print(
        f.__name__,
        torch.autograd.gradcheck(f, x, check_forward_ad=True),
        torch.autograd.gradgradcheck(f, x),
    )
# --8<-- [end:gradcheck]

# --8<-- [start:library]
zero = torch.tensor(0.0)
for name, f, x in (
    ("vector_norm at 0", torch.linalg.vector_norm, torch.zeros(2)),
    ("torch.sinc at 0 ", torch.sinc, zero),
    ("x ** 1.5 at 0   ", lambda x: x**1.5, zero),
    ("entr at 0       ", torch.special.entr, zero),
    ("log(1 + exp(x)) ", lambda x: (1 + x.exp()).log(), zero + 1000),
    ("softplus        ", torch.nn.functional.softplus, zero + 1000),
    ("sigmoid, log    ", lambda x: x.sigmoid().log(), zero - 200),
    ("logsigmoid      ", torch.nn.functional.logsigmoid, zero - 200),
):
    check(name, f, x)
# --8<-- [end:library]
assert (hessian(torch.linalg.vector_norm)(torch.zeros(2)) == 0).all()
assert jacrev(torch.special.entr)(zero) == inf
for f in (torch.linalg.vector_norm, torch.sinc):
    for n in (1, 3):
        for dtype in dtypes:
            at = torch.zeros(n, dtype=dtype)
            assert bad(f, at) == ["reverse twice"]
assert hessian(lambda x: x**1.5)(zero) == inf

# --8<-- [start:finite]
print("torch.sinc", hessian(torch.sinc)(zero).item())
print("sinc      ", hessian(lambda x: sinc(torch.pi * x))(zero).item())
print("-pi^2 / 3 ", -(torch.pi**2) / 3)
# --8<-- [end:finite]
for dtype in dtypes:
    at = torch.zeros((), dtype=dtype)
    assert hessian(torch.sinc)(at) == 0
    g = hessian(lambda x: sinc(torch.pi * x))(at)
    torch.testing.assert_close(g.item(), -(torch.pi**2) / 3, rtol=0.02, atol=0)

# --8<-- [start:near]
low, high = 1e-40, 1.0
for _ in range(25):
    middle = (low * high) ** 0.5
    if hessian(safe_root)(torch.tensor(middle)).isfinite():
        high = middle
    else:
        low = middle
print(f"second derivative of safe_root: finite from {high:.2e} up")
check("safe_root at 1e-30", safe_root, torch.tensor(1e-30))
# --8<-- [end:near]
assert 8.1e-27 < high < 8.2e-27
assert (
    abs(high / (0.25 / torch.finfo(torch.float32).max) ** (2 / 3) - 1) < 0.01
)
