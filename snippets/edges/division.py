# --8<-- [start:quotient]
import torch


def gradient(f, *inputs):
    xs = [torch.as_tensor(x).clone().requires_grad_() for x in inputs]
    grads = torch.autograd.grad(f(*xs).sum(), xs)
    return grads[0] if len(grads) == 1 else grads


print("   x    y   x/y, by x, by y")
for x, y in ((3.0, 2.0), (3.0, 0.25), (3.0, 0.0), (-3.0, 0.0), (0.0, 0.0)):
    x, y = torch.tensor(x), torch.tensor(y)
    dx, dy = gradient(torch.div, x, y)
    numbers = [v.item() + 0.0 for v in (x / y, dx, dy)]
    print(f"{x:4} {y:4}  ", *numbers)
# --8<-- [end:quotient]
torch.manual_seed(0)
inf, nan = float("inf"), float("nan")
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
for dtype in dtypes:
    for n in (1, 33):
        for x, y, want in (
            (3, 2, [1.5, 0.5, -0.75]),
            (3, 0, [inf, inf, -inf]),
            (-3, 0, [-inf, inf, inf]),
            (0, 0, [nan, inf, nan]),
        ):
            a, b = (torch.full((n,), v, dtype=dtype) for v in (x, y))
            found = torch.stack([a / b, *gradient(torch.div, a, b)])
            want = torch.tensor(want, dtype=dtype)[:, None].expand(3, n)
            torch.testing.assert_close(found, want, equal_nan=True)


# --8<-- [start:fix-where]
def safe_divide(x, n, otherwise=0.0):
    ok = n != 0
    divisor = torch.where(ok, n, 1.0)
    return torch.where(ok, x / divisor, otherwise)


x = torch.tensor([1.0, 1.0])
n = torch.tensor([2.0, 0.0])
print(safe_divide(x, n), *gradient(safe_divide, x, n))
# --8<-- [end:fix-where]
for dtype in dtypes:
    a = torch.tensor([1.0, inf, nan, 3.0, -2.0], dtype=dtype)
    b = torch.tensor([2.0, 0.0, -0.0, -4.0, 8.0], dtype=dtype)
    y = safe_divide(a, b)
    assert y.tolist() == [0.5, 0, 0, -0.75, -0.25] and y.dtype == dtype
    dx, dy = gradient(safe_divide, a, b)
    assert dx.tolist() == [0.5, 0, 0, -0.25, 0.125]
    assert dy.tolist() == [-0.25, 0, 0, -3 / 16, 2 / 64]
    assert safe_divide(a, b, inf)[1] == inf
assert safe_divide(torch.tensor([nan]), torch.tensor([1.0])).isnan()
whole = safe_divide(torch.tensor([1, 2]), torch.tensor([2, 0]))
assert whole.tolist() == [0.5, 0]
for shape in ((), (0,), (2, 3)):
    assert safe_divide(torch.ones(shape), torch.zeros(shape)).shape == shape
wide = torch.rand(3, 1, dtype=torch.float64) + 1
some = torch.tensor([[2.0, -0.5]], dtype=torch.float64)
pair = wide.requires_grad_(), some.requires_grad_()
assert torch.autograd.gradcheck(safe_divide, pair)
assert torch.autograd.gradgradcheck(safe_divide, pair)
rows = torch.func.vmap(torch.func.grad(safe_divide))(x, n)
assert rows.tolist() == [0.5, 0]


# --8<-- [start:fix-select]
def select(x, n):
    ok = n != 0
    return x[ok] / n[ok]


print(select(x, n), *gradient(select, x, n))
# --8<-- [end:fix-select]
assert gradient(select, x, n)[0].tolist() == [0.5, 0]
try:
    select(torch.ones(3, 1), n)
    raise AssertionError
except IndexError as error:
    assert "does not match" in str(error)

# --8<-- [start:fix-eps]
eps = 1e-6
for dtype in (torch.float64, torch.float16):
    for g in gradient(lambda x, n: x / (n + eps), x.to(dtype), n.to(dtype)):
        print(g)
# --8<-- [end:fix-eps]
# ±∞ becomes 1/ε for the numerator and −x/ε² for the divisor.
for value in (1.0, -3.0, 0.7):
    for e in (1e-3, 1e-6, 1e-8):
        a, zero = torch.tensor([value, 0.0], dtype=torch.float64)
        dx, dy = gradient(lambda x, n, e=e: x / (n + e), a, zero)
        torch.testing.assert_close(dx.item(), 1 / e)
        torch.testing.assert_close(dy.item(), -value / e**2)
# n + eps * n.sign() adds 0 at 0.
for zero in (0.0, -0.0):
    at = torch.tensor(zero, dtype=torch.float64)
    assert (1 / (at + eps * at.sign())).isinf()
assert gradient(lambda n: 1 / (n + 1e-8), n.half())[1] == -inf
for e in (1e-3, 1e-6):  # 1 / e**2 overflows for both
    dx, dy = gradient(lambda x, n, e=e: x / (n + e), x.half(), n.half())
    assert dx[1].isinf() == (e == 1e-6) and dy[1] == -inf


# --8<-- [start:mean]
def masked_mean(x, mask):
    return (x * mask).sum() / mask.sum()


def safe_masked_mean(x, mask):
    """The mask is bool, or 0 and 1; it broadcasts to x. Nothing: 0.

    In float16 the sum overflows from 65,520 on: take x.float().
    """
    mask = mask.bool().expand_as(x)
    return torch.where(mask, x, 0).sum() / mask.sum().clamp(min=1)


x = torch.tensor([3.0, 5.0])
for f in (masked_mean, safe_masked_mean):
    for mask in (torch.tensor([1, 0]), torch.tensor([0, 0])):
        g = gradient(lambda x, f=f, mask=mask: f(x, mask), x)
        print(f.__name__, mask.tolist(), f(x, mask).item(), g.tolist())
# --8<-- [end:mean]
assert safe_masked_mean(x, mask) == 0 and g.tolist() == [0, 0]
# claim: clamp(min=1) changes it only where it is 0.
counts = torch.arange(1000)
assert ((counts.clamp(min=1) != counts) == (counts == 0)).all()
for dtype in dtypes:
    a = torch.tensor([nan, 2.0, inf, 4.0], dtype=dtype)
    for mask in (torch.tensor([0, 1, 0, 1]), torch.tensor([0.0, 1, 0, 1])):
        assert safe_masked_mean(a, mask) == 3
        g = gradient(lambda x, m=mask: safe_masked_mean(x, m), a)
        assert g.tolist() == [0, 0.5, 0, 0.5] and g.dtype == dtype
    # The count does not overflow in float16; the sum does.
    many = torch.full((70000,), 0.5, dtype=dtype)
    mean = safe_masked_mean(many, torch.ones(70000, dtype=dtype))
    assert abs(mean - 0.5) < 0.01
    large = torch.full((200,), 500, dtype=dtype)
    large = safe_masked_mean(large, torch.ones(1))
    assert large.isinf() if dtype == torch.float16 else abs(large - 500) < 3
for more in 15.0, 16.0:  # 65,519 rounds to 65,504
    some = safe_masked_mean(
        torch.tensor([65504.0, more]).half(), torch.ones(2)
    )
    assert some.isinf() == (more == 16)
deep = torch.rand(2, 3, 4, dtype=torch.float64)
tokens = torch.tensor([[1, 1, 0], [1, 0, 0]])[..., None]
torch.testing.assert_close(
    safe_masked_mean(deep, tokens), deep[tokens[..., 0].bool()].mean()
)
assert torch.autograd.gradcheck(
    lambda x: safe_masked_mean(x, tokens), deep.requires_grad_()
)
rows = torch.func.vmap(torch.func.grad(safe_masked_mean))(
    deep.detach(), tokens
)
assert rows[1, 0].tolist() == [0.25] * 4 and not rows[1, 1:].any()
assert safe_masked_mean(torch.zeros(0), torch.zeros(0)) == 0
assert safe_masked_mean(torch.tensor(2.0), torch.tensor(True)) == 2

# --8<-- [start:anomaly]
import warnings

x = torch.tensor([1.0, 0.0], requires_grad=True)
n = torch.tensor([2.0, 0.0], requires_grad=True)
blamed = []
ok = n != 0
with torch.autograd.set_detect_anomaly(True), warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the traceback of the forward call
    for name, loss in {
        "masked  ": torch.where(ok, x / n.detach(), 0.0).sum(),
        "0/0     ": (x.detach() / n).sum(),
        "softmax ": ((99 * n).exp() / (99 * n).exp().sum()).sum(),
        "1/n     ": torch.where(ok, n.reciprocal(), 0.0).sum(),
    }.items():
        try:
            loss.backward()
        except RuntimeError as error:
            blamed.append(str(error).split("'")[1])
            print(name, error)
# --8<-- [end:anomaly]
assert blamed == 3 * ["DivBackward0"] + ["ReciprocalBackward0"]
p = torch.tensor([0.0, 1.0, 2.0], requires_grad=True)
with torch.autograd.set_detect_anomaly(True), warnings.catch_warnings():
    warnings.simplefilter("ignore")
    try:
        torch.log(p / p.sum()).sum().backward()
        raise AssertionError
    except RuntimeError as error:
        assert "'DivBackward0' returned nan values in its 1th" in str(error)

# --8<-- [start:reciprocal]
x = torch.tensor([2.0, 0.0, -0.0, torch.inf])
print(torch.reciprocal(x))
print(gradient(torch.reciprocal, x) + 0.0)
# --8<-- [end:reciprocal]
for dtype in dtypes:
    for n in (1, 33):
        x = torch.tensor([2.0, 0.0, -0.0, inf], dtype=dtype).repeat(n)
        assert torch.reciprocal(x)[:4].tolist() == [0.5, inf, -inf, 0]
        g = gradient(torch.reciprocal, x)
        assert g.tolist() == n * [-0.25, -inf, -inf, 0]

# --8<-- [start:same]
x = torch.tensor([2.0, 0.0])
print(x / x, gradient(lambda x: x / x, x))
# --8<-- [end:same]

# --8<-- [start:forward]
from torch.func import jvp

x, y = torch.tensor(1.0), torch.tensor(0.0)
one, zero = torch.tensor(1.0), torch.tensor(0.0)

_, exact = jvp(lambda x: x / y, (x,), (one,))
_, mixed = jvp(torch.div, (x, y), (one, zero))
print("along x, y is a constant:   ", exact.item())
print("along x, y has a tangent, 0:", mixed.item())
# --8<-- [end:forward]
assert exact == inf and mixed.isnan()

# --8<-- [start:complex]
z = torch.tensor(0j, dtype=torch.complex128, requires_grad=True)
w = 1 / z
(g,) = torch.autograd.grad(w, z, torch.ones_like(w))
print("value NaN:", w.isnan().item(), "gradient NaN:", g.isnan().item())
# --8<-- [end:complex]
assert w.isnan() and g.isnan()

# --8<-- [start:trap]
n = torch.tensor([2.0, 0.0])  # the second one is not to count
ok = n != 0

for name, mask in {
    "where      ": lambda y: torch.where(ok, y, 0.0),
    "masked_fill": lambda y: y.masked_fill(~ok, 0.0),
    "y[ok]      ": lambda y: y[ok],
    "nan_to_num ": lambda y: y.nan_to_num(0.0, 0.0, 0.0),
    "times mask ": lambda y: y * ok,
}.items():
    x = torch.tensor([1.0, 1.0])
    g = gradient(lambda x, mask=mask: mask(x / n), x)
    print(name, mask(x / n).sum().item(), g.tolist())
    assert g[1].isnan()
# --8<-- [end:trap]

# --8<-- [start:unused]
x = torch.tensor([1.0, 1.0])
late = gradient(lambda x: (x / n)[0], x)  # the second is not in the loss
early = gradient(lambda x: x[0] / n[0], x)
print("divide, then pick", late.tolist())
print("pick, then divide", early.tolist())
# --8<-- [end:unused]
assert late[1].isnan() and early[1] == 0
g = gradient(lambda d: torch.where(d != 0, 3 / d, 0.0), n)
assert g[1].isnan()
