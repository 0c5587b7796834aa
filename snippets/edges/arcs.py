# --8<-- [start:infinite]
import torch


def gradient(f, *inputs):
    xs = [torch.as_tensor(x).clone().requires_grad_() for x in inputs]
    grads = torch.autograd.grad(f(*xs).sum(), xs)
    return grads[0] if len(grads) == 1 else grads


x = torch.tensor([-1.0, 0.0, 1.0])
for f in torch.asin, torch.acos, torch.atanh:
    print(f.__name__, gradient(f, x))
# --8<-- [end:infinite]
inf = float("inf")
torch.manual_seed(0)
dtypes = torch.float64, torch.float32, torch.bfloat16, torch.float16
for dtype in dtypes:
    for f, want in (
        (torch.asin, [inf, 1, inf]),
        (torch.acos, [-inf, -1, -inf]),
        (torch.atanh, [inf, 1, inf]),
    ):
        for n in 1, 33:
            x = torch.tensor([-1, 0, 1], dtype=dtype).repeat(n)
            assert gradient(f, x).tolist() == n * want
# claim: arccos, arcsin and the rest are other names of the same functions.
for name in "acos", "asin", "atan", "acosh", "asinh", "atanh":
    long = getattr(torch, name.replace("a", "arc", 1))
    x = torch.linspace(-3, 3, 301)
    for mine, its in (
        (long(x), getattr(torch, name)(x)),
        (gradient(long, x), gradient(getattr(torch, name), x)),
    ):
        torch.testing.assert_close(mine, its, rtol=0, atol=0, equal_nan=True)


# --8<-- [start:trap]
def angle_acos(u, v):
    cosine = (u * v).sum(-1) / (u.norm(dim=-1) * v.norm(dim=-1))
    return torch.acos(cosine)


u = torch.tensor([3.0, 4.0, 0.0])
for v in u, -u:
    g, _ = gradient(angle_acos, u, v)
    print(angle_acos(u, v).item(), g)
# --8<-- [end:trap]
assert g.isnan().all()
# with others rounding decides; three in four have NaN
for dtype in (torch.float64, torch.float32):
    many = torch.randn(10000, 3, dtype=dtype)
    for other in many, -many:
        no_value = angle_acos(many, other).isnan()
        no_slope = gradient(angle_acos, many, other)[0].isnan().all(-1)
        assert 0.2 < no_value.double().mean() < 0.35
        assert 0.7 < no_slope.double().mean() < 0.8
        assert no_slope[no_value].all()


# --8<-- [start:fix]
def unit(x):
    """Length 1; NaN for a vector of zeros, or with an infinity in it."""
    x = x / x.detach().abs().amax(-1, keepdim=True)  # squares stay finite
    return x / x.norm(dim=-1, keepdim=True)


def angle_kahan(u, v):
    """In any number of dimensions: half the angle from two lengths."""
    u, v = unit(u), unit(v)
    return 2 * torch.atan2((u - v).norm(dim=-1), (u + v).norm(dim=-1))


def angle_atan2(u, v):
    """In three dimensions: sine and cosine, both times |u| |v|."""
    sine = torch.linalg.cross(u, v).norm(dim=-1)
    return torch.atan2(sine, (u * v).sum(-1))


for f in angle_kahan, angle_atan2:
    for v in u, -u:
        g, _ = gradient(f, u, v)
        print(f.__name__, round(f(u, v).item(), 4), g + 0)  # no minus zeros
# --8<-- [end:fix]
# At equal and at opposite vectors the gradient of angle_kahan is 0.
for dtype in dtypes:
    for size in (2, 3, 17):
        many = torch.randn(200, size).to(dtype)
        for other in many, -many:
            assert (gradient(angle_kahan, many, other)[0] == 0).all()
# claim: At the same places its gradient is 0, or rounding decides its
#   direction.
for dtype in (torch.float64, torch.float32):
    many = torch.randn(500, 3, dtype=dtype)
    for other in many, -many:
        g, _ = gradient(angle_atan2, many, other)
        length = g.norm(dim=-1) * many.norm(dim=-1)
        assert (length < 1.00001).all() and (length > 0.1).any()
        assert g.sum(0).norm() < 0.2 * g.norm(dim=-1).sum()
    few = torch.tensor([[1, 0, 0], [3, 4, 0], [1, 2, 3]], dtype=dtype)
    for other in few, -few:
        assert (gradient(angle_atan2, few, other)[0] == 0).all()
# claim: angle_kahan works in any number of dimensions, for vectors of any
#   length but 0
for dtype in dtypes:
    info = torch.finfo(dtype)
    for size in (1, 2, 3, 33):
        a = torch.rand(5, size).to(dtype) + 1
        b = torch.rand(5, size).to(dtype) - 2
        want = angle_kahan(a.double(), b.double()).to(dtype)
        slope = gradient(angle_kahan, a.double(), b.double())[0].to(dtype)
        for scale in (info.max / 4, 1.0, info.tiny):
            scaled = a * scale
            found = angle_kahan(scaled, b)
            torch.testing.assert_close(found, want, rtol=0.02, atol=0.02)
            g, _ = gradient(angle_kahan, scaled, b)
            assert g.isfinite().all()
            if dtype.itemsize >= 4 and scale < info.max / 4:
                g = (g.double() * scale).to(dtype)
                torch.testing.assert_close(g, slope, rtol=1e-2, atol=1e-3)
a, b = (torch.randn(4, 3, dtype=torch.float64) for _ in range(2))
for f in angle_kahan, angle_atan2:
    leaves = a.clone().requires_grad_(), b.clone().requires_grad_()
    assert torch.autograd.gradcheck(f, leaves)
    assert torch.autograd.gradgradcheck(f, leaves)
    rows = torch.func.vmap(torch.func.grad(f))(a, b)
    torch.testing.assert_close(rows, gradient(f, a, b)[0])
torch.testing.assert_close(angle_kahan(a, b), angle_acos(a, b))
torch.testing.assert_close(angle_atan2(a, b), angle_acos(a, b))
for f in angle_kahan, angle_atan2:
    assert f(a[:0], b[:0]).shape == (0,)
assert angle_kahan(0 * a, b).isnan().all()
assert angle_kahan(a.clamp(min=inf), b).isnan().all()
assert (angle_atan2(0 * a, b) == 0).all()
assert gradient(angle_atan2, 1e25 * a.float(), b.float())[0].isnan().all()

# --8<-- [start:small]


def between(f, t):
    v = torch.stack([torch.cos(t), torch.sin(t), 0 * t])
    return f(torch.tensor([1.0, 0.0, 0.0]), v)


for f in angle_acos, angle_kahan, angle_atan2:
    for size in 0.1, 0.001, 0.0001:
        t = torch.tensor(size)
        g = gradient(lambda t, f=f: between(f, t), t)
        print(f.__name__, size, f"{between(f, t):.5f}", f"{g.item():.3f}")
# --8<-- [end:small]
assert abs(between(f, t) - 1e-4) < 1e-9 and abs(g.item() - 1) < 1e-5

# --8<-- [start:clamp]
x = torch.tensor([0.5, 1.0, 1.0000001], requires_grad=True)
y = torch.acos(torch.clamp(x, -1, 1))
(at_one,) = torch.autograd.grad(y.sum(), x)
release = ".".join(torch.__version__.split(".")[:2])
print("PyTorch", release, "clamped to [-1, 1]    ", at_one)

eps = 1e-6
y = torch.acos(torch.clamp(x, -1 + eps, 1 - eps))
(inside,) = torch.autograd.grad(y.sum(), x)
print("PyTorch", release, "clamped inside by 1e-6", inside)
# --8<-- [end:clamp]
assert (
    at_one[1] == (float("-inf") if release == "2.13" else 0) and at_one[2] == 0
)
assert inside[1:].tolist() == [0, 0]
# claim: In float64 the gradient is 0 for every angle within 0.0014 of 0 or π
t = torch.linspace(1e-5, 3.14158, 20001, dtype=torch.float64)
steep = gradient(
    lambda c: torch.acos(c.clamp(-1 + eps, 1 - eps)), torch.cos(t)
)
assert (
    (steep == 0) == ((t < 0.001414214) | (t > torch.pi - 0.001414214))
).all()
for dtype in (torch.float16, torch.bfloat16):
    x = torch.tensor([1.0], dtype=dtype)
    close = gradient(lambda x: torch.acos(x.clamp(-1 + eps, 1 - eps)), x)
    assert close == (-inf if release == "2.13" else 0)  # 1 - 1e-6 is 1


# --8<-- [start:chain]
t = torch.tensor(0.0, requires_grad=True)
c = torch.cos(t)
angle = torch.acos(c)
to_c, to_t = torch.autograd.grad(angle, (c, t))
print(angle.item(), to_c.item(), to_t.item())
# --8<-- [end:chain]
assert to_c.isneginf() and to_t.isnan()

# --8<-- [start:nearest]
for dtype in torch.float64, torch.float32:
    one = torch.ones((), dtype=dtype)
    x = torch.nextafter(one, 0 * one)
    print(dtype, round(gradient(torch.acos, x).item()))
# --8<-- [end:nearest]
assert gradient(torch.acos, 1.0) == -inf

# --8<-- [start:outside]
inputs = [-2.0, -1.25, 0.5, 1.25, 2.0]
x = torch.tensor(inputs)
for f in torch.asin, torch.acosh, torch.atanh:
    print(f.__name__, "value   ", f(x))
    print(f.__name__, "gradient", gradient(f, x))
# --8<-- [end:outside]
x = torch.tensor(-1.25, dtype=torch.float64)
assert torch.acosh(x).isnan()
assert abs(gradient(torch.acosh, x) - 4 / 3) < 1e-12  # the slope at +1.25
# Outside of the domain the value is NaN.
for dtype in dtypes:
    far = torch.tensor([1.01, 1.25, 2, 7, 1e4, inf], dtype=dtype)
    for f in torch.asin, torch.acos, torch.atanh:
        for x in far, -far:
            assert f(x).isnan().all()
            g = gradient(f, x)
            bad = ~g.isfinite() if f is torch.atanh else ~g.isnan()
            assert not bad.any()
    left = torch.tensor([-1, -1.25, -2, -7, -1e4, -inf], dtype=dtype)
    middle = torch.tensor([-0.99, -0.5, 0, 0.5, 0.99], dtype=dtype)
    assert torch.acosh(left).isnan().all()
    g = gradient(torch.acosh, left)
    assert g[0] == inf and (g[1:] >= 0).all() and g[1:].isfinite().all()
    assert torch.acosh(middle).isnan().all()
    assert gradient(torch.acosh, middle).isnan().all()

# --8<-- [start:infinity]
x = torch.tensor(torch.inf, requires_grad=True)
for f in torch.atan, torch.asinh, torch.acosh:
    y = f(x)
    (first,) = torch.autograd.grad(y, x, create_graph=True)
    (second,) = torch.autograd.grad(first, x)
    print(f.__name__, first.item(), second.item())
# --8<-- [end:infinity]
assert first == 0 and second.isnan()
# claim: in float16 from 256 on.
for dtype in dtypes:
    root = torch.finfo(dtype).max ** 0.5
    for f in torch.atan, torch.asinh, torch.acosh:
        for n in 1, 33:
            x = torch.full((n,), 1.01 * root, dtype=dtype)
            assert (gradient(f, x) == 0).all() and f(x).isfinite().all()
            assert (gradient(f, 0.9 * x) > 0).all()
halves = torch.arange(200, 60000).half().unique()
for f in torch.asinh, torch.acosh, torch.atan:
    assert torch.equal(gradient(f, halves) == 0, halves >= 256)

# --8<-- [start:complex]
for z in 2 + 0j, 1 + 0j:
    z = torch.tensor(z)
    g = gradient(lambda z: torch.acos(z).imag, z)
    print("acos at", z.item(), "is", torch.acos(z), "gradient", g)
# --8<-- [end:complex]
assert g.isnan()

# What the page quotes of derivatives.yaml.
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for line in (
    "self: grad * -((-self * self + 1).rsqrt()).conj()",
    "self: grad * 1 / (1 - self.pow(2)).conj()",
    "grad * (self * self - 1).rsqrt()",
):
    assert line in text
