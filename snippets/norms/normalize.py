# --8<-- [start:run]
import torch
from torch.nn.functional import cosine_similarity, normalize


def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


other = torch.tensor([3.0, 4.0])
for x in (torch.zeros(2), torch.tensor([1e-6, 0.0])):
    print("x         ", x)
    print(" x / norm ", gradient(lambda x: x / x.norm(), x))
    print(" normalize", gradient(lambda x: normalize(x, dim=0), x))
    print(" cosine   ", gradient(lambda x: cosine_similarity(x, other, 0), x))
# --8<-- [end:run]
inf, nan = float("inf"), float("nan")
torch.manual_seed(0)
wide = (torch.float64, torch.float32, torch.bfloat16)


def cosine(eps):
    return lambda x, y: cosine_similarity(x, y, dim=-1, eps=eps)


# claim: The gradient of normalize at a zero vector is 1/eps, 10¹² by default.
for dtype in wide:
    for n in (1, 3, 17, 33):
        x = torch.zeros(2, n, dtype=dtype)
        for p in (0.5, 1, 2, 3, inf):
            for eps in (1e-12, 1e-3):
                g = gradient(lambda x, p=p, e=eps: normalize(x, p, eps=e), x)
                assert (g.double() * eps - 1).abs().max() < 1e-2
        y = torch.randn(2, n).to(dtype)
        g, h = gradient(cosine(1e-8), x, y)
        unit = y.double() / y.double().norm(dim=-1, keepdim=True)
        assert (g.double() * 1e-8 - unit).abs().max() < 3e-2
        assert (h == 0).all()

# --8<-- [start:trap]
table = torch.nn.Embedding(3, 2, padding_idx=0)
with torch.no_grad():
    table.weight.copy_(torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]]))
goal = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
loss = -(normalize(table(torch.tensor([0, 1, 2]))) * goal).sum()
loss.backward()
print(table.weight.grad)
# --8<-- [end:trap]
assert table.weight.grad[2, 0] < -9e11 and (table.weight.grad[0] == 0).all()


# --8<-- [start:fix-unit]
def unit(x):
    """x over its computed length in the last dimension; 0 where that is 0."""
    zero = torch.linalg.vector_norm(x, dim=-1, keepdim=True) == 0
    x = torch.where(zero, 1.0, x)  # no slope is taken at 0
    y = x / torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return torch.where(zero, 0.0, y)


x = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]])
print("unit            ", gradient(lambda x: -(unit(x) * goal).sum(), x)[::2])
g = gradient(lambda x: -(normalize(x, eps=1e-3) * goal).sum(), x)
print("normalize(1e-3) ", g[::2])
# --8<-- [end:fix-unit]
for dtype in (*wide, torch.float16):
    for n in (1, 3, 17, 33):
        x = torch.zeros(2, n, dtype=dtype)
        x[1, 0] = 3
        g = gradient(unit, x)
        assert (unit(x)[0] == 0).all() and (g[0] == 0).all()
        assert unit(x)[1, 0] == 1 and unit(x).dtype == dtype
        if dtype == torch.float32:
            assert (unit(torch.full((n + 1,), 1e-24)) == 0).all()
            assert (unit(torch.full((n + 1,), 1e-22)) > 0).all()
            assert (unit(torch.full((n + 1,), 1e18)) > 0).all()
            # Squares that do not fit give 0.
            for size in (1e-24, 9.9e-24, 1.85e19, 1e30, 3.4e38):
                x = torch.full((n + 1,), size)
                assert (unit(x) == 0).all() and (gradient(unit, x) == 0).all()
                assert unit(x[:1]) == 1
            for size, zero in ((1.84e19, False), (1.85e19, True)):
                x = torch.ones(n + 1)
                x[-1] = size
                assert (unit(x) == 0).all() == zero
                x = torch.full((n + 1,), size / (n + 1) ** 0.5)
                assert (unit(x) == 0).all() == zero

        if dtype == torch.float16:
            for length, zero in ((65400.0, False), (65530.0, True)):
                x = torch.full((64,), length / 8, dtype=torch.float64)
                x[0] = (length**2 - (x[1:] ** 2).sum()).sqrt()
                assert (unit(x.to(dtype)) == 0).all() == zero
            # claim: In float16 the slope of unit overflows below a length of
            #   1.5·10⁻⁵.
            for length in (1e-6, 5e-6, 1.5e-5, 3e-5):
                x = torch.zeros(n, dtype=dtype)
                x[0] = length
                assert gradient(unit, x).isfinite().all() == (length > 2e-5)
        x = torch.randn(3, n).to(dtype)
        torch.testing.assert_close(
            unit(x), normalize(x, eps=1e-4), rtol=1e-2, atol=1e-2
        )
        # claim: Two backward passes at 0 give 0 for unit, NaN for normalize.
        x[1] = 0
        for f in (lambda x: normalize(x, eps=1e-3), unit):
            leaf = x.clone().requires_grad_()
            (g,) = torch.autograd.grad(f(leaf).sum(), leaf, create_graph=True)
            (g,) = torch.autograd.grad(g.square().sum(), leaf)
            assert (g[1] == 0).all() if f is unit else g[1].isnan().all()
            if n < 9:
                twice = torch.func.hessian(lambda x, f=f: f(x).sum())(x[1:2])
                assert (twice == 0).all()
rows = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
assert torch.autograd.gradgradcheck(unit, rows)


# --8<-- [start:parallel]
def cosine_of_start(x):
    return cosine_similarity(x, other, dim=0)


for name, x in {
    "parallel": 2 * other,
    "opposite": -other,
    "beside  ": 2 * other + torch.tensor([0.5, 0.0]),
}.items():
    value, g = cosine_of_start(x).item(), gradient(cosine_of_start, x)
    print(name, round(value, 4), [round(t, 4) + 0.0 for t in g.tolist()])
# --8<-- [end:parallel]
# claim: Parallel vectors longer than eps, whose squares fit, have the cosine
#   1, its maximum, and so the gradient 0, up to rounding.
own = torch.Generator().manual_seed(0)
for dtype in wide:
    for n in (1, 3, 17, 1001):
        for factor in (0.3, 1.0, 70.0, -1.0):
            a = torch.randn(n, generator=own).to(dtype)
            g = gradient(lambda x, a=a: cosine_similarity(x, a, 0), factor * a)
            room = 8 * torch.finfo(dtype).eps * (1 + n**0.5)
            assert g.norm() * (factor * a).norm() < room
x = torch.full((2,), 1e20)  # whose squares do not fit
assert cosine_similarity(x, x, 0) == 0
# Plain SGD multiplies rounding errors by 1 + lr/ℓ² in a step, where the loss
# is the cosine; Adam scales them up.
for length in (0.01, 0.3, 2.0, 50.0):
    for n in (2, 3, 17):
        for lr in (0.05, 0.7):
            a, e = torch.randn(2, n, generator=own, dtype=torch.float64)
            a = a / a.norm()
            e = 1e-6 * length * (e - a * (a @ e))
            x = (length * a + e).requires_grad_()
            cosine_similarity(x, a, 0).backward()
            torch.optim.SGD([x], lr=lr).step()
            x = x.detach()
            grown = (x - a * (a @ x)).norm() / e.norm() - 1
            torch.testing.assert_close(grown.item(), lr / length**2)
seen = set()
for n in (2, 3, 17):
    for sign in (1, -1):
        a = torch.randn(n, generator=own)
        for name in ("SGD", "Adam"):
            x = (2 * sign * a).requires_grad_()
            steps = getattr(torch.optim, name)([x], lr=0.05)
            for _ in range(60):
                steps.zero_grad()
                (sign * cosine_similarity(x, a, 0)).backward()
                steps.step()
            stays = sign * cosine_similarity(x, a, 0).item() > 0.9999
            seen.add((name, stays))
assert ("SGD", False) not in seen and ("Adam", False) in seen


# --8<-- [start:cosine]
def f(x):
    return cosine_similarity(x, other, dim=0, eps=0.5)


x = torch.tensor([0.25, 0.0])  # shorter than eps
h = 2**-8
step = torch.tensor([h, 0.0])
print("difference  ", ((f(x + step) - f(x - step)) / (2 * h)).item())
print("forward mode", torch.func.jvp(f, (x,), (step / h,))[1].item())
print("backward    ", gradient(f, x)[0].item())
# --8<-- [end:cosine]
torch.testing.assert_close(gradient(f, x), torch.tensor([0.6, 1.6]))
double = other.double()
assert not torch.autograd.gradcheck(
    lambda x: cosine_similarity(x, double, dim=0, eps=0.5),
    x.double().requires_grad_(),
    raise_exception=False,
)
# At 0 with the default eps it fails by its step; the gradient is right.
for step, passes in ((1e-6, False), (1e-10, True)):
    assert passes == torch.autograd.gradcheck(
        lambda x: cosine_similarity(x, double, dim=0),
        torch.zeros(2, dtype=torch.float64, requires_grad=True),
        eps=step,
        raise_exception=False,
    )
# claim: Where a vector is shorter than eps, but not 0, the backward pass of
#   cosine_similarity is off by its value divided by eps.
for dtype in (torch.float64, torch.float32):
    for ratio in (0.9, 0.3, 1e-3, 1e-9):
        for n in (1, 3, 33):
            a, b = torch.randn(2, n, dtype=dtype)
            b = b * (1e-4 if ratio == 0.3 else 1)
            short = ratio * 1e-3 * unit(a)
            got = gradient(cosine(1e-3), short, b)[0] * 1e-3
            right = b / b.norm().clamp(min=1e-3)
            off = (right - got).norm()
            value = cosine(1e-3)(short, b).abs()
            torch.testing.assert_close(off, value, rtol=1e-4, atol=1e-6)
for dtype in (torch.float64, torch.float32):
    for eps in (1e-8, 1e-3, 0.5):
        for n in (2, 3, 17, 33):
            a, b = torch.randn(2, n, dtype=dtype)
            b = 2 * unit(b)
            short = 0.3 * eps * a / a.norm()
            got = gradient(cosine(eps), short, b)[0]
            exact = b / (eps * b.norm())
            lost = cosine(eps)(short, b) * short / short.norm() / eps
            torch.testing.assert_close(got, exact - lost, rtol=1e-3, atol=1e-3)
            long = 3 * eps * a / a.norm()
            torch.testing.assert_close(
                gradient(cosine(eps), long, b)[0],
                gradient(lambda x, b=b: unit(x) @ unit(b), long),
                rtol=1e-3,
                atol=1e-3,
            )


# --8<-- [start:fix-cosine]
def cosine_of(x, y, eps=1e-3):
    """The cosine in the last dimension, of one size in both.

    Shorter vectors count as eps long.
    """
    x, y = (normalize(v, dim=-1, eps=eps) for v in (x, y))
    return (x * y).sum(-1)


x = torch.tensor([0.25, 0.0])
print(gradient(lambda x: cosine_of(x, other, eps=0.5), x)[0].item())
# --8<-- [end:fix-cosine]
for n in (2, 3, 17):
    a, b = torch.randn(2, 4, n, dtype=torch.float64)
    a[0] = 0
    a[1] *= 0.1 / a[1].norm()
    assert torch.autograd.gradcheck(
        lambda a, b: cosine_of(a, b, 0.5),
        (a.requires_grad_(), b.requires_grad_()),
    )
    for f in (cosine(1e-3), cosine_of):  # NaN by two backward passes at 0
        x, y = a.detach()[:1].requires_grad_(), b.detach()[:1]
        (g,) = torch.autograd.grad(f(x, y).sum(), x, create_graph=True)
        (g,) = torch.autograd.grad(g.square().sum(), x)
        twice = torch.func.hessian(lambda x, f=f, y=y: f(x, y).sum())
        assert g.isnan().all() and not twice(x.detach()).any()
    # claim: the value of cosine_similarity with the same eps
    for eps in (0.5, 1e-3, 1e-8):
        for size in (1, 1e-6, 1e-12):
            x, y = size * a.detach(), b.detach()
            torch.testing.assert_close(cosine_of(x, y, eps), cosine(eps)(x, y))

# --8<-- [start:half]
x = torch.zeros(2, dtype=torch.float16)
print("eps", torch.tensor([1e-12, 1e-8, 1e-4], dtype=torch.float16))
print("normalize ", normalize(x, dim=0))
print("cosine    ", cosine_similarity(x, other.half(), dim=0))
print("eps=1e-4  ", normalize(x, dim=0, eps=1e-4))
print("gradient  ", gradient(lambda x: normalize(x, dim=0, eps=1e-4), x))
# --8<-- [end:half]
# claim: In float16 an eps of 2.98·10⁻⁸ or less rounds to 0
for eps, zero in ((1e-12, True), (2.98e-8, True), (2.981e-8, False)):
    assert (torch.tensor(eps, dtype=torch.float16) == 0) == zero
for n in (1, 3, 33):
    x = torch.zeros(n, dtype=torch.float16)
    assert normalize(x, dim=0).isnan().all()
    # 1/eps is inf for an eps below 1.5e-5.
    for eps, is_inf in ((1.5e-5, True), (1.6e-5, False)):
        g = gradient(lambda x, e=eps: normalize(x, dim=0, eps=e), x)
        assert (g.isinf() == is_inf).all()
    assert cosine_similarity(x, x + 1, dim=0).isnan()
for long, zero in ((46000.0, False), (46400.0, True)):  # √2 times that
    x = torch.full((2,), long, dtype=torch.float16)
    assert (normalize(x, dim=0, eps=1e-4) == 0).all() == zero
    assert (cosine_similarity(x, x, dim=0, eps=1e-4) == 0) == zero
    assert (normalize(x.float(), dim=0) > 0.7).all()
    assert cosine_similarity(x.float(), x.float(), dim=0) > 0.99
    for f in (
        lambda x: normalize(x, dim=0, eps=1e-4),
        lambda x: cosine_similarity(x, other.half(), dim=0, eps=1e-4),
    ):
        assert not zero or (gradient(f, x) == 0).all()
for size in (1e-7, 1e-9, 1e-12, 0.0):  # beside a short vector
    x, y = torch.zeros(2), torch.tensor([size, 0.0])
    g = gradient(cosine(1e-8), x, y)[0][0].item()
    assert abs(g - 1e8 * min(size / 1e-8, 1)) <= 1e-3 * g

# --8<-- [start:tiny]
for length in (1.0, 1e-3, 1e-6, 1e-9, 1e-12, 1e-15):
    x = torch.tensor([length, 0.0], dtype=torch.float64)
    value, slope = (
        normalize(x, dim=0)[0],
        gradient(lambda x: normalize(x, dim=0)[1], x),
    )
    print(f"{length:5.0e}", value.item(), slope.tolist())
# --8<-- [end:tiny]

# --8<-- [start:nan]
for x in ([float("inf"), 1.0], [float("nan"), 1.0]):
    print(x, normalize(torch.tensor(x), dim=0).tolist())
print([], normalize(torch.zeros(0), dim=0).tolist())
both = torch.zeros(2)
print(gradient(lambda x, y: cosine_similarity(x, y, 0), both, both))
# --8<-- [end:nan]

# --8<-- [start:boundary]
x = torch.tensor([2.0**-40, 0.0])  # exactly as long as eps
print(gradient(lambda x: normalize(x, dim=0, eps=2.0**-40), x) * 2.0**-40)
y = torch.ones(2)
g = gradient(lambda x: cosine_similarity(x, y, dim=0, eps=2.0**-40), x)
print(g * 2.0**-40)  # along x it is 0
# --8<-- [end:boundary]
