# --8<-- [start:outside]
import torch

x = torch.tensor([1.0, 2, 3, 4, 5, 6, 7], requires_grad=True)
y = torch.clamp(x, 1.5, 5.5)
y.sum().backward()
print(y.detach())
print(x.grad)
# --8<-- [end:outside]
assert x.grad.tolist() == [0, 1, 1, 1, 1, 0, 0]

# --8<-- [start:trap]
x = torch.tensor(1.2, requires_grad=True)
optimizer = torch.optim.SGD([x], lr=0.25)
for step in range(100):
    optimizer.zero_grad()
    loss = (torch.clamp(x, 0.0, 1.0) - 0.25) ** 2
    loss.backward()
    optimizer.step()
print(x.item(), loss.item())
# --8<-- [end:trap]
# its gradient is 0, whatever the loss says of y
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for n in (1, 33, 1001):
        x = torch.linspace(1.1, 9, n).to(dtype) * (-1) ** torch.arange(n)
        x.requires_grad_()
        for loss in (torch.square, torch.exp, lambda y: -3 * y, torch.asinh):
            y = torch.clamp(x, -1.0, 1.0)
            assert not torch.autograd.grad(loss(y).sum(), x)[0].any()

# --8<-- [start:fix-project]
x = torch.tensor(1.2, requires_grad=True)
optimizer = torch.optim.SGD([x], lr=0.25)
for step in range(100):
    optimizer.zero_grad()
    loss = (x - 0.25) ** 2  # no clamp here
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        x.clamp_(0.0, 1.0)
print(x.item(), loss.item())
# --8<-- [end:fix-project]
torch.testing.assert_close(x.detach(), torch.tensor(0.25))


def project(optimizer_class, target, **options):
    x = torch.tensor([1.2, -7.0, 0.3], requires_grad=True)
    optimizer = optimizer_class([x], **options)
    for step in range(300):
        optimizer.zero_grad()
        ((x - target) ** 2).sum().backward()
        optimizer.step()
        with torch.no_grad():
            x.clamp_(0.0, 1.0)
    return x.detach()


for target in (0.25, 2.0, -1.0):
    for kind, options in (
        (torch.optim.SGD, {"lr": 0.25}),
        (torch.optim.SGD, {"lr": 0.05, "momentum": 0.9}),
        (torch.optim.Adam, {"lr": 0.05}),
    ):
        end = torch.full((3,), target).clamp(0, 1)
        found = project(kind, target, **options)
        torch.testing.assert_close(found, end, rtol=0, atol=1e-3)

# --8<-- [start:trap-both]
x = torch.tensor(1.0, requires_grad=True)
loss = (torch.clamp(x, 0.0, 1.0) - 0.25) ** 2
loss.backward()
print("PyTorch", torch.__version__[:4], "gradient", x.grad.item())
# --8<-- [end:trap-both]
# claim: With numbers as bounds, from 2.14 on, a parameter that was put
#   exactly onto its bound and is clamped again in the loss has the gradient 0
old = torch.__version__.startswith("2.13")
assert x.grad == (1.5 if old else 0)
for low, high in ((0.1, 0.3), (-1.0, 1.0)):
    for n in (1, 33):
        x = torch.tensor([low - 1, high + 1]).repeat(n).clamp_(low, high)
        y = x.requires_grad_().clamp(low, high)
        (g,) = torch.autograd.grad((y**2).sum(), x)
        assert g.all() if old else not g.any()


# --8<-- [start:fix-clip]
class Clip(torch.autograd.Function):
    """x.clamp(low, high), with a gradient outside.

    Outside, and at a bound, the gradient passes where descent leads back in,
    and is 0 where it leads farther out. low and high are numbers.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x, low, high):
        return x.clamp(low, high)

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, ctx.low, ctx.high = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        farther = ((x >= ctx.high) & (g < 0)) | ((x <= ctx.low) & (g > 0))
        return g.masked_fill(farther, 0), None, None


def descend(target):
    x = torch.tensor(1.2, requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=0.25)
    for step in range(200):
        optimizer.zero_grad()
        ((Clip.apply(x, 0.0, 1.0) - target) ** 2).backward()
        optimizer.step()
    return x.item()


print("target 0.25:", descend(0.25))
print("target 2:   ", descend(2.0))
# --8<-- [end:fix-clip]
assert abs(descend(0.25) - 0.25) < 1e-6 and abs(descend(2.0) - 1.2) < 1e-6
torch.manual_seed(0)
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for shape in ((), (0, 3), (33,), (3, 5)):
        x = (3 * torch.randn(shape)).to(dtype).requires_grad_()
        y = Clip.apply(x, -1.0, 1.0)
        assert torch.equal(y, x.clamp(-1, 1))
        for sign in (1, -1):  # the gradient of ±y
            wanted = sign * (x > -1 if sign > 0 else x < 1)
            (g,) = torch.autograd.grad((sign * y).sum(), x, retain_graph=True)
            assert torch.equal(g, wanted.to(dtype))
x = torch.tensor([-2.0, -0.5, 0.1, 0.9, 3.0], dtype=torch.float64)
inside = x[1:4].clone().requires_grad_()
for check in (torch.autograd.gradcheck, torch.autograd.gradgradcheck):
    assert check(lambda x: Clip.apply(x, -1.0, 1.0), (inside,))
each = torch.func.grad(lambda x: Clip.apply(x, -1.0, 1.0) ** 2)
assert torch.vmap(each)(x).tolist() == [-2, -1, 0.2, 1.8, 2]
nan = float("nan")
x = torch.tensor(nan, requires_grad=True)
assert Clip.apply(x, 0.0, 1.0).isnan()
# without it:
x = torch.tensor(1.2, requires_grad=True)
for step in range(200):
    through = x + (x.clamp(0, 1) - x).detach()
    (g,) = torch.autograd.grad((through - 2) ** 2, x)
    x = (x - 0.25 * g).detach().requires_grad_()
assert x > 100

# --8<-- [start:at-bound]
from torch.nn.functional import hardtanh, relu6

release = ".".join(torch.__version__.split(".")[:2])
x = torch.tensor([1.5, 5.5], requires_grad=True)

(at_bound,) = torch.autograd.grad(torch.clamp(x, 1.5, 5.5).sum(), x)
print("PyTorch", release, "clamp   ", at_bound)

(relative,) = torch.autograd.grad(hardtanh(x, 1.5, 5.5).sum(), x)
print("PyTorch", release, "hardtanh", relative)

x = torch.tensor([0.0, 6.0], requires_grad=True)
(relative,) = torch.autograd.grad(relu6(x).sum(), x)
print("PyTorch", release, "relu6   ", relative)
# --8<-- [end:at-bound]
assert at_bound.tolist() == ([1, 1] if old else [0, 0])
DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
sizes = (1, 3, 17, 33, 1001)
# claim: Exactly at a bound that is a number it is 0 from PyTorch 2.14 on, and
#   was 1 up to 2.13.
for dtype in DTYPES:
    for n in sizes:
        for low, high in ((-1.0, 1.0), (0.1, 0.3), (-0.0, 1e4)):
            x = torch.tensor([low, high], dtype=dtype).repeat(n)
            x.requires_grad_()
            (g,) = torch.autograd.grad(torch.clamp(x, low, high).sum(), x)
            assert (g == (1 if old else 0)).all()
            if low == -1 or dtype.itemsize > 2:
                (g,) = torch.autograd.grad(hardtanh(x, low, high).sum(), x)
                assert not g.any()
# claim: torch.clip is the same function under NumPy's name.
# it is one operator under another name: the same node, values, gradients
x = torch.tensor([-2.0, 0.0, 0.5, 1.0, 3.0, float("nan")] * 7)
x.requires_grad_()
for bounds in (
    (0.0, 1.0),
    (None, 0.5),
    (torch.tensor(0.0), torch.tensor(1.0)),
):
    y, z = torch.clip(x, *bounds), torch.clamp(x, *bounds)
    torch.testing.assert_close(y, z, rtol=0, atol=0, equal_nan=True)
    assert y.grad_fn.name() == z.grad_fn.name()
    g, h = (torch.autograd.grad(t.sum(), x)[0] for t in (y, z))
    assert torch.equal(g, h)
# claim: hardtanh computes the same values for low < high
for dtype in DTYPES:
    x = (2 * torch.randn(1001)).to(dtype)
    x[::7], x[1::7] = 0.1, nan
    y, z = hardtanh(x, 0.1, 0.7), torch.clamp(x, 0.1, 0.7)
    torch.testing.assert_close(y, z, rtol=0, atol=0, equal_nan=True)
assert relative.tolist() == [0, 0]

# Figure: Left: clamp rises with slope 1 between the bounds 1.5 and 5.5 and is
# flat outside. Right: its gradient is 1 between the bounds and 0 outside; open
# dots where the pieces end, filled dots where PyTorch puts the value at the
# bounds.
# --8<-- [start:picture]
import matplotlib.pyplot as plt

bound = torch.tensor([1.5, 5.5])
inside = torch.tensor([1.0, 1.0])
outside = torch.tensor([0.0, 0.0])
steps = ([0, 1.5], [0, 0]), ([1.5, 5.5], [1, 1]), ([5.5, 7], [0, 0])

fig, (left, right) = plt.subplots(1, 2)
grid = torch.linspace(0, 7, 141)
left.plot(grid, grid.clamp(1.5, 5.5))
left.set_title("clamp(x, 1.5, 5.5)")
for xs, ys in steps:
    right.plot(xs, ys, color="C0")
for ends in (inside, outside):
    right.plot(bound, ends, "o", color="C0", mfc="white")
right.plot(bound, at_bound, "o", color="C1")
right.set_title("its gradient")
plt.show()
# --8<-- [end:picture]

# --8<-- [start:tensor-bounds]
x = torch.tensor([0.0, 2, 4, 6, 9, 0], requires_grad=True)
low = torch.tensor([2.0, 2, 2, 2, 2, 4], requires_grad=True)
high = torch.tensor([6.0, 6, 6, 6, 6, 4], requires_grad=True)
y = torch.clamp(x, low, high)
dx, dlow, dhigh = torch.autograd.grad(y.sum(), (x, low, high))
print("PyTorch", release)
print("x   ", dx)
print("low ", dlow)
print("high", dhigh)
# --8<-- [end:tensor-bounds]
share = 1 if old else 0.5
assert dx.tolist() == [0, share, 1, share, 0, 0]
assert dlow.tolist() == [1, 1 - share, 0, 0, 0, 0 if old else 1]
assert (dx + dlow + dhigh).tolist() == [1, 1, 1, 1, 1, 0 if old else 1]


def three(x, low, high):
    leaves = [t.clone().requires_grad_() for t in (x, low, high)]
    return torch.autograd.grad(torch.clamp(*leaves).sum(), leaves)


torch.manual_seed(0)
for dtype in DTYPES:
    x, low, high = torch.randint(-3, 4, (3, 2000)).to(dtype)  # many ties
    dx, dlow, dhigh = three(x, low, high)
    # claim: ½ and ½ from 2.14 on, 1 for x up to 2.13.
    tie = ((x == low) ^ (x == high)) & (low < high)
    assert (dx[tie] == (1 if old else 0.5)).all()
    # for bounds of the shape of x the three gradients sum to 1
    assert old or (dx + dlow + dhigh == 1).all()
    # claim: low gets everything from 2.14 on.
    below = (low == high) & (x < low)
    wanted = [0, 0, 0] if old else [0, 1, 0]
    assert all(
        (g[below] == w).all()
        for g, w in zip((dx, dlow, dhigh), wanted, strict=True)
    )
    # claim: If x equals both bounds, x gets everything.
    both = (low == high) & (x == low)
    assert both.any() and (dx[both] == 1).all()
    assert not dlow[both].any() and not dhigh[both].any()

# above two equal bounds, and at them
x = torch.tensor([4.0, 9.0])
dx, dlow, dhigh = three(x, torch.full((2,), 4.0), torch.full((2,), 4.0))
assert dx.tolist() == [1, 0] and (dx + dlow + dhigh).tolist() == [1, 1]

# one bound
from torch.nn.functional import relu

x = torch.tensor(0.0, requires_grad=True)
zero = torch.tensor(0.0, requires_grad=True)
g = torch.autograd.grad(torch.maximum(x, zero), (x, zero))
assert [share.item() for share in g] == [0.5, 0.5]
g = torch.autograd.grad(torch.clamp_min(x, zero), (x, zero))
assert [share.item() for share in g] == ([1, 0] if old else [0.5, 0.5])
(g,) = torch.autograd.grad(torch.clamp_min(x, 0.0), x)
assert g == (1 if old else 0)
x = torch.full((33,), nan, requires_grad=True)
for f, slope in (relu, 1), (lambda x: torch.clamp_min(x, 0.0), 0):
    assert (torch.autograd.grad(f(x).sum(), x)[0] == slope).all()
if not old:
    for dtype in DTYPES:
        # claim: From 2.14 on clamp_min(x, 0.0) has value and gradient of relu
        x = torch.randint(-3, 4, (1001,)).to(dtype).requires_grad_()
        y, z = torch.clamp_min(x, 0.0), relu(x)
        g, h = (torch.autograd.grad(t.sum(), x)[0] for t in (y, z))
        assert torch.equal(y, z) and torch.equal(g, h)
        # with a tensor as bound those of maximum, at NaN too
        low = torch.randint(-3, 4, (1001,)).to(dtype).requires_grad_()
        x = x.detach().index_fill(0, torch.arange(0, 1001, 5), nan)
        x.requires_grad_()
        for t in (torch.clamp_min, torch.maximum):
            y, z = z, t(x, low)
            g, h = h, torch.cat(torch.autograd.grad(z.sum(), (x, low)))
        torch.testing.assert_close(y, z, rtol=0, atol=0, equal_nan=True)
        assert torch.equal(g, h)

# --8<-- [start:crossed]
x = torch.tensor([2.0, 4.0, 6.0], requires_grad=True)
y = torch.clamp(x, min=5.0, max=3.0)
y.sum().backward()
print(y.detach(), x.grad)
try:
    hardtanh(x, 5.0, 3.0)
except ValueError as error:
    print(error)
    message = str(error)
# --8<-- [end:crossed]
assert y.tolist() == [3, 3, 3] and x.grad.tolist() == [0, 0, 0]
assert "min_val cannot be greater than max_val" in message
# claim: The result is max for every number
for dtype in DTYPES:
    x = (9 * torch.randn(1001)).to(dtype).requires_grad_()
    y = torch.clamp(x, 5.0, 3.0)
    assert (y == 3).all() and not torch.autograd.grad(y.sum(), x)[0].any()

# --8<-- [start:nan]
nan = torch.nan
x = torch.tensor([nan, 0.5, 2.0], requires_grad=True)
low = torch.tensor([0.0, nan, nan])
for name, y in {
    "x is nan  ": torch.clamp(x, 0.0, 1.0),
    "low is nan": torch.clamp(x, nan, 1.0),
    "tensors   ": torch.clamp(x, low, torch.ones(3)),
}.items():
    (g,) = torch.autograd.grad(y.sum(), x)
    print(name, y.detach(), g)
# --8<-- [end:nan]
assert y.isnan().all() and g.tolist() == ([0, 0, 0] if old else [1, 1, 0])
(g,) = torch.autograd.grad(torch.clamp(x, torch.ones(3), low).sum(), x)
assert g[1] == 0 and torch.clamp(x, torch.ones(3), low)[1].isnan()
for bounds in (nan, 1.0), (0.0, nan), (nan, nan):
    y = torch.clamp(x, *bounds)
    assert y.isnan().all()
    assert not torch.autograd.grad(y.sum(), x)[0].any()
(g,) = torch.autograd.grad(torch.clamp(x, 0.0, 1.0).sum(), x)
assert g.tolist() == [0, 1, 0]
# claim: With two tensors as bounds it is 0 in 2.13, and 1 for x from 2.14 on.
for dtype in DTYPES:
    for n in (1, 33):
        x, a = torch.full((n,), nan, dtype=dtype), torch.ones(n, dtype=dtype)
        for pair in ((x, a), (a, x)):
            dx, dlow, dhigh = three(*pair, 2 * a)
            assert (dx == (0 if old else 1)).all() and not dlow.any()
            pair = [t.clone().requires_grad_() for t in pair]
            one = torch.autograd.grad(torch.clamp(*pair).sum(), pair)
            assert all((g == (0 if old else 1)).all() for g in one)

# --8<-- [start:nan-hardtanh]
x = torch.full((1001,), nan, requires_grad=True)
hardtanh(x).sum().backward()
print("hardtanh, 1001 times NaN:", x.grad.unique())

x.grad = None
torch.clamp(x, -1.0, 1.0).sum().backward()
print("clamp,    1001 times NaN:", x.grad.unique())
# --8<-- [end:nan-hardtanh]
assert x.grad.unique().tolist() == [0]
strided = torch.full((2002,), nan, requires_grad=True)
(g,) = torch.autograd.grad(hardtanh(strided[::2]).sum(), strided)
assert (g[::2] == 1).all()

# forward mode, at the bounds too
x = torch.tensor([1.5, 3.0, 5.5], requires_grad=True)
(reverse,) = torch.autograd.grad(torch.clamp(x, 1.5, 5.5).sum(), x)
_, forward = torch.func.jvp(
    lambda x: torch.clamp(x, 1.5, 5.5), (x,), (torch.ones(3),)
)
torch.testing.assert_close(reverse, forward.detach())

# --8<-- [start:beyond]
for dtype, bound in (
    (torch.float16, 1e5),
    (torch.bfloat16, 3.4e38),
    (torch.float32, 3.5e38),
):
    try:
        torch.clamp(torch.zeros(2, dtype=dtype), max=bound)
    except RuntimeError as error:
        print(bound, error)
# --8<-- [end:beyond]
for bound in (torch.inf, torch.finfo(torch.half).max):
    assert torch.clamp(torch.zeros(2).half(), max=bound).isfinite().all()
for function in (torch.clamp_max, torch.clip, hardtanh):
    try:
        function(torch.zeros(2).half(), -1e5)
        raise AssertionError(function)
    except RuntimeError as error:
        assert "without overflow" in str(error)

from itertools import product

# --8<-- [start:modes-tensor]
from torch.func import jvp

x = torch.tensor(2.0, requires_grad=True)
low = torch.tensor(2.0, requires_grad=True)
y = torch.clamp(x, low)
reverse = [g.item() for g in torch.autograd.grad(y, (x, low))]

one, none = torch.tensor(1.0), torch.tensor(0.0)
forward = [
    jvp(torch.clamp, (x, low), tangents)[1].item()
    for tangents in ((one, none), (none, one))
]
print("PyTorch", release, "reverse", reverse, "forward", forward)
# --8<-- [end:modes-tensor]
assert reverse == ([1, 0] if old else [0.5, 0.5])
assert forward == ([0, 1] if old else [0.5, 0.5])
equal = x - 1, low, low.detach()  # below two equal bounds
bound = one * 0, one, one * 0  # the tangent of low
_, forward = jvp(torch.clamp, equal, bound)
assert forward == 1 and three(*equal)[1] == (0 if old else 1)


def both_modes(f, *numbers):
    at = [torch.tensor(number) for number in numbers]
    unit = torch.eye(len(at)).unbind()
    forward = [jvp(f, tuple(at), tuple(row))[1].item() for row in unit]
    leaves = [t.requires_grad_() for t in at]
    return [g.item() for g in torch.autograd.grad(f(*leaves), leaves)], forward


# claim: In 2.13 the two modes disagree at a tie with a tensor as lower bound
#   alone
reverse, forward = both_modes(torch.clamp_max, 2.0, 2.0)
assert reverse == forward == ([1, 0] if old else [0.5, 0.5])
# and at a NaN, in both releases
for f in (torch.clamp_min, torch.clamp_max):
    for at in ((nan, 2.0), (2.0, nan)):
        reverse, forward = both_modes(f, *at)
        assert reverse == ([0, 0] if old else [1, 1]) and forward == [0, 1]
for at in product((nan, 0.0, 1.0, 2.0), repeat=3):
    x, low, high = at
    reverse, forward = both_modes(torch.clamp, *at)
    if nan not in at:
        assert (reverse != forward) == (old and x < low == high)
    elif old:
        assert (reverse != forward) == (reverse[2] == 0)
    else:
        beyond = x > high if low != low else x < low and high != high
        crossed = x != x and low > high
        assert (reverse != forward) == (beyond or crossed)
        assert reverse[0] == (not beyond)
# claim: a convex corner, and every number in [0, 1] is a subgradient.
near = torch.linspace(0.5, 2.5, 201, dtype=torch.float64)
near_b = near + 4
for g in torch.linspace(0, 1, 11, dtype=torch.float64):
    assert (near.clamp(1.5, 5.5) >= 1.5 + g * (near - 1.5)).all()
    # claim: a concave corner, and every number in [0, 1] is a supergradient.
    assert (near_b.clamp(1.5, 5.5) <= 5.5 + g * (near_b - 5.5)).all()
for g in (-0.01, 1.01):
    assert not (near.clamp(1.5, 5.5) >= 1.5 + g * (near - 1.5)).all()
