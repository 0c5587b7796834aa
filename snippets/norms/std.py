# --8<-- [start:run]
import torch


def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


def root_of_var(x):
    return torch.var(x).sqrt()


def by_hand(x):
    return ((x - x.mean()) ** 2).mean().sqrt()


x = torch.tensor([3.0, 3.0, 3.0])
for f in (torch.std, torch.var, root_of_var, by_hand):
    print(f"{f.__name__:12}", gradient(f, x).tolist())
# --8<-- [end:run]
inf, nan = float("inf"), float("nan")
torch.manual_seed(0)
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
stds = {
    "std": torch.std,
    "correction": lambda x: torch.std(x, correction=0),
    "dim": lambda x: torch.std(x, dim=-1),
    "std_mean": lambda x: torch.std_mean(x)[0],
    "var": torch.var,
    "var_mean": lambda x: torch.var_mean(x)[0],
}
# claim: The gradient of std is 0 where all numbers are equal and their mean is
#   exact
for dtype in dtypes:
    for n in (2, 3, 17, 33, 1001):
        for value in (0.0, -0.0, 1.0, -3.0, 8.0):
            x = torch.full((n,), value, dtype=dtype)
            for f in stds.values():
                assert (gradient(f, x) == 0).all()
            assert gradient(root_of_var, x).isnan().all()

# --8<-- [start:trap-tenth]
for dtype in (torch.float64, torch.float32):
    for n in (3, 7, 10):
        x = torch.full((n,), 0.1, dtype=dtype)
        g = gradient(torch.std, x)
        print(dtype, n, f"std {torch.std(x).item():.1e}", g[:2].tolist())
# --8<-- [end:trap-tenth]
# Where the mean of equal numbers is not exact: each entry gets one over the
# root of n (n - 1), with correction=0 of n * n.
seen = 0
for dtype in (torch.float64, torch.float32):
    for n in (2, 3, 7, 17, 33, 1001):
        for value in (0.1, 0.3, 0.7, 1e-30, 3.3e7, 1e20, 1e30):
            x = torch.full((n,), value, dtype=dtype)
            g = gradient(torch.std, x)
            if x.mean() != x[0]:
                seen += 1
                wanted = torch.full_like(g, (n * (n - 1)) ** -0.5)
                torch.testing.assert_close(g.abs(), wanted, rtol=1e-3, atol=0)
                g = gradient(stds["correction"], x).abs()
                wanted = torch.full_like(g, 1 / n)
                torch.testing.assert_close(g, wanted, rtol=1e-3, atol=0)
            else:
                assert (g == 0).all()
assert seen > 5
# Beyond that the deviation can underflow.
x = torch.full((7,), 1e-200, dtype=torch.float64)
assert x.mean() != x[0] and (gradient(torch.std, x) == 0).all()


# --8<-- [start:fix-shift]
def exact_std(x):
    """The standard deviation of the last dimension, 0 for equal numbers.

    A difference that overflows, above 65504 in float16, gives NaN:
    convert before.
    """
    return torch.std(x - x[..., :1].detach(), dim=-1)


for n in (3, 7, 10):
    x = torch.full((n,), 0.1, dtype=torch.float64)
    print(n, exact_std(x).item(), gradient(exact_std, x)[:2].tolist())
# --8<-- [end:fix-shift]
for dtype in dtypes:
    for n in (2, 3, 7, 17, 33, 1001):
        for value in (0.1, 0.3, 0.7, 1e-30, 3.3e4):
            x = torch.full((n, 2), value, dtype=torch.float64).to(dtype)
            for equal in (x.mT, x.mT.contiguous(), x[:, 0]):
                assert (exact_std(equal) == 0).all()
                assert (gradient(exact_std, equal) == 0).all()
    # For other numbers value and gradient are those of std.
    for n in (2, 5, 33, 1001):
        for size in (1e-30, 1e-20, 1e-3, 3.0, 3e3, 1e20, 1e30):
            x = (size * (torch.randn(n).double() + 1)).to(dtype)
            wanted = torch.std(x.double())
            if dtype == torch.float16 and not 1e-3 <= size <= 3e3:
                continue
            torch.testing.assert_close(exact_std(x), wanted.to(dtype))
            torch.testing.assert_close(
                gradient(exact_std, x).double(),
                gradient(torch.std, x.double()),
                rtol=0,
                atol=4 * torch.finfo(dtype).eps,
            )
x = torch.randn(2, 5, dtype=torch.float64, requires_grad=True)
assert torch.autograd.gradcheck(exact_std, x)
assert torch.autograd.gradgradcheck(exact_std, x)

# --8<-- [start:trap-one]
import warnings

scores = torch.tensor([[0.3], [0.7]], requires_grad=True)  # groups of one
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    spread = scores.std(dim=1)
print(str(caught[0].message).split(" (Triggered")[0])
spread.sum().backward()
print(spread.tolist(), scores.grad.tolist())
# --8<-- [end:trap-one]
assert spread.isnan().all() and scores.grad.isnan().all()


# --8<-- [start:fix-eps]
def std_eps(x, eps=1e-6):
    """The root of variance + eps in the last dimension, dividing by n.

    In float16 one entry 256 away from the mean gives inf: convert before.
    """
    d = x - x.mean(-1, keepdim=True)
    return ((d * d).mean(-1) + eps).sqrt()


x = torch.tensor([[3.0, 3.0], [0.1, 0.1], [1.0, 2.0]])
print(std_eps(x).tolist(), gradient(std_eps, x).tolist())
print(std_eps(scores).tolist(), gradient(std_eps, scores).tolist())
# --8<-- [end:fix-eps]
for spread, fits in ((255.5, True), (256.0, False)):
    x = torch.tensor([spread, -spread] + 30 * [0.0]).half()
    assert std_eps(x).isfinite() == fits
x = torch.tensor([40000.0, -40000.0, 1.0])
assert exact_std(x.half()).isnan() and exact_std(x).isfinite()
# A constant below 1e20 fits.
for n in (1, 3, 7, 33, 1001):
    for value in (1e10, 1e15, 9e19):
        x = torch.full((n,), value)
        assert std_eps(x).isfinite() and gradient(std_eps, x).isfinite().all()
# claim: the result is finite for one entry, and about 10⁻³ at least.
for dtype in dtypes:
    for n in (1, 2, 3, 7, 17, 33, 1001):
        for value in (0.0, 0.1, 0.7, 33.0):
            x = torch.full((2, n), value, dtype=dtype)
            assert std_eps(x).isfinite().all() and (std_eps(x) > 9e-4).all()
            assert gradient(std_eps, x).isfinite().all()
            assert gradient(std_eps, x).abs().max() < 0.6

# --8<-- [start:correction]
x = torch.tensor([1.0, 2.0])
warnings.simplefilter("ignore")  # from correction = 2 on it warns
for c in (0, 1, 1.5, 2, 3):
    std, var = (
        gradient(lambda x, f=f, c=c: f(x, correction=c), x).tolist()
        for f in (torch.std, torch.var)
    )
    print(f"correction={c:<3} std {std} var {var}")
# --8<-- [end:correction]
# claim: From correction = n on, the variance of different numbers is inf, and
#   without dim the gradient of std is NaN.
for n in (2, 3, 17):
    x = torch.randn(n, dtype=torch.float64)
    for c in (n, n + 1, n + 0.5, 5 * n):
        assert torch.var(x, correction=c) == inf
        assert (
            gradient(lambda x, c=c: torch.var(x, correction=c), x)
            .isinf()
            .all()
        )
        assert (
            gradient(lambda x, c=c: torch.std(x, correction=c), x)
            .isnan()
            .all()
        )
    assert torch.var(x, correction=n - 0.01).isfinite()
x = torch.tensor([1.0, 2.0, 3.0])
g = gradient(lambda x: torch.var(x, correction=3), x)
assert g[0] == g[2] == inf and g[1].isnan()

# --8<-- [start:one]
one = torch.tensor([5.0])
for c in (1, 0):
    f = torch.std(one, correction=c)
    g = gradient(lambda x, c=c: torch.std(x, correction=c), one)
    print(f"correction={c}", f.item(), g.tolist())
# --8<-- [end:one]
# One element gives NaN, value and gradient, unless the correction is below 1.
for c in (1.5, 1.0, 0.99, 0.5, 0.0, -1.0):
    for f in (torch.std, torch.var):
        x = torch.tensor([5.3])
        g = gradient(lambda x, f=f, c=c: f(x, correction=c), x)
        for t in (f(x, correction=c), g):
            assert t.isnan().all() if c >= 1 else (t == 0).all()

# --8<-- [start:corrcoef]
x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 4.0, 4.0], [1.0, 3.0, 2.0]])
print(torch.corrcoef(x))
print(gradient(lambda x: torch.corrcoef(x)[0, 2], x))
print(gradient(lambda x: torch.corrcoef(x[[0, 2]])[0, 1], x))
print(gradient(lambda x: torch.cov(x)[0, 1], x))
x = torch.tensor([[0.1, 0.1, 0.1], [1.0, 2.0, 4.0]], dtype=torch.float64)
g = gradient(lambda x: torch.corrcoef(x)[0, 1], x)
print("0.1: above 1e15", bool(g.abs().max() > 1e15))
# --8<-- [end:corrcoef]
assert torch.corrcoef(x).isfinite().all() and g.isfinite().all()

# --8<-- [start:second]
x = torch.tensor([3.0, 3.0], requires_grad=True)
(g,) = torch.autograd.grad(torch.std(x), x, create_graph=True)
print("backward twice", torch.autograd.grad(g[0], x)[0].tolist())
print("func.hessian  ", torch.func.hessian(torch.std)(x.detach()).tolist())
# --8<-- [end:second]
for dtype in (torch.float64, torch.float32):
    for n in (2, 3, 17, 33):
        x = torch.full((n,), 3.0, dtype=dtype, requires_grad=True)
        smooth = (torch.eye(n) - 1 / n).to(dtype) / (n * 1e-6**0.5)
        for f, wanted in (
            (torch.std, 0 * smooth),
            (exact_std, 0 * smooth),
            (std_eps, smooth),
        ):
            (g,) = torch.autograd.grad(f(x), x, create_graph=True)
            (twice,) = torch.autograd.grad(g[0], x)
            for found in (twice, torch.func.hessian(f)(x.detach())[0]):
                torch.testing.assert_close(
                    found, wanted[0], rtol=1e-4, atol=1e-3 * smooth.max()
                )
                assert f is std_eps or not found.any()
x = torch.full((3,), 0.1, dtype=torch.float64)
assert 1e15 < torch.func.hessian(torch.std)(x).abs().max() < 1e17

# --8<-- [start:pairs]
x = torch.full((3,), 0.1, dtype=torch.float64)
print("std      ", torch.std(x).item())
print("std_mean ", torch.std_mean(x)[0].item())
print("std dim=0", torch.std(x.expand(4, 3).T, dim=0)[0].item())
# --8<-- [end:pairs]
