# --8<-- [start:run]
import torch
import torch.nn.functional as F


def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


weight = torch.tensor([1.0, 2.0, 5.0])  # of the loss
layers = {
    "layer_norm": lambda x: F.layer_norm(x, (3,)),
    "rms_norm": lambda x: F.rms_norm(x, (3,)),
    "group_norm": lambda x: F.group_norm(x[None], 1)[0],
    "batch_norm": lambda x: F.batch_norm(
        x[:, None], None, None, training=True
    )[:, 0],
}
for name, f in layers.items():
    for x in (torch.zeros(3), torch.full((3,), 2.0)):
        g = gradient(lambda x, f=f: f(x) * weight, x)
        print(f"{name:10} {x[0].item()}", [round(t, 1) for t in g.tolist()])
# --8<-- [end:run]
torch.manual_seed(0)


def instance(x):
    return F.instance_norm(x[None, None])[0, 0]


# claim: For a constant input layer_norm multiplies the gradient, less its
#   mean, by 1/√eps
for dtype in (torch.float64, torch.float32):
    for n in (2, 3, 17, 33):
        v = torch.randn(n, dtype=dtype)
        for value in (0.0, 2.0, -8.0):
            x = torch.full((n,), value, dtype=dtype)
            wanted = (v - v.mean()) * 1e-5**-0.5
            for f in (
                lambda x, n=n: F.layer_norm(x, (n,)),
                layers["group_norm"],
                layers["batch_norm"],
                instance,
            ):
                got = gradient(lambda x, f=f, v=v: f(x) * v, x)
                torch.testing.assert_close(got, wanted, rtol=1e-3, atol=1e-2)
        # claim: rms_norm of zeros multiplies the whole gradient
        eps = torch.finfo(dtype).eps
        got = gradient(
            lambda x, n=n, v=v: F.rms_norm(x, (n,)) * v,
            torch.zeros(n, dtype=dtype),
        )
        torch.testing.assert_close(got, v * eps**-0.5, rtol=1e-3, atol=1e-2)
        # A constant up to 100, in float32, by rounding of the mean.
        for value in (0.1, 3.3, -33.3, 99.9):
            x = torch.full((n,), value, dtype=dtype)
            wanted = (v - v.mean()) * 1e-5**-0.5
            for f in (layers["group_norm"], layers["batch_norm"], instance):
                got = gradient(lambda x, f=f, v=v: f(x) * v, x)
                torch.testing.assert_close(got, wanted, rtol=5e-3, atol=2.0)
# claim: by 2896 in float32 and the half types
for dtype in (torch.float32, torch.bfloat16, torch.float16):
    got = gradient(lambda x: F.rms_norm(x, (3,)), torch.zeros(3, dtype=dtype))
    assert (got.round() == 2896).all()

# --8<-- [start:trap]
tokens = torch.zeros(2, 3)  # of padding
for dtype in (torch.float64, torch.float32, torch.bfloat16):
    x, w = tokens.to(dtype), weight.to(dtype)
    g = gradient(lambda x, w=w: F.rms_norm(x, (3,)) * w, x)
    print(dtype, "1/sqrt(eps)", g[0, 0].item())
# --8<-- [end:trap]

# --8<-- [start:fix-rms]
for dtype in (torch.float64, torch.float32, torch.bfloat16):
    x, w = tokens.to(dtype), weight.to(dtype)
    g = gradient(lambda x, w=w: F.rms_norm(x, (3,), eps=1e-4) * w, x)
    print(dtype, g[0, 0].item())
# --8<-- [end:fix-rms]

# claim: the factor is 1/√eps.
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    x = torch.zeros(2, 3, dtype=dtype)
    for eps in (1e-3, 1e-4, 1e-8, 1e-12):
        g = gradient(lambda x, e=eps: F.rms_norm(x, (3,), eps=e), x)
        if eps**-0.5 < torch.finfo(dtype).max:
            near = 2 * torch.finfo(dtype).eps
            assert (g.double() * eps**0.5 - 1).abs().max() < near
        else:
            assert g.isinf().all()

# --8<-- [start:eps-zero]
for x in (torch.zeros(3), torch.full((3,), 2.0)):
    for name, f in {
        "layer_norm": lambda x: F.layer_norm(x, (3,), eps=0.0),
        "rms_norm  ": lambda x: F.rms_norm(x, (3,), eps=0.0),
    }.items():
        print(
            name,
            f(x).tolist(),
            gradient(lambda x, f=f: f(x) * weight, x).tolist(),
        )
try:
    F.batch_norm(x[:, None], None, None, training=True, eps=0.0)
except ValueError as error:
    print(error)
# --8<-- [end:eps-zero]
for n in (2, 3, 33):  # group_norm too, and instance_norm returns 0
    v = torch.randn(n, generator=torch.Generator().manual_seed(n))
    for value in (0.0, 2.0):
        x = torch.full((1, n), value)
        for f, kind in (
            (lambda x: F.group_norm(x, 1, eps=0.0), torch.isnan),
            (
                lambda x: F.instance_norm(x[None], eps=0.0)[0],
                torch.logical_not,
            ),
        ):
            assert kind(f(x)).all()
            assert kind(gradient(lambda x, f=f, v=v: f(x) * v, x)).all()

# --8<-- [start:one]
x = torch.tensor([[5.0]])
print(
    "layer_norm",
    F.layer_norm(x, (1,)),
    gradient(lambda x: F.layer_norm(x, (1,)), x),
)
print("rms_norm  ", F.rms_norm(x, (1,)))
for f in (
    lambda: F.batch_norm(x, None, None, training=True),
    lambda: F.group_norm(x, 1),
    lambda: F.instance_norm(x[None]),
    lambda: print("batch of 2", F.group_norm(x.expand(2, 1), 1).tolist()),
):
    try:
        f()
    except ValueError as error:
        print(error)
# --8<-- [end:one]

# --8<-- [start:sum]
x = torch.tensor([1.0, 2.0, 4.0])
for name, f in layers.items():
    g = gradient(f, x)  # of the plain sum
    print(f"{name:10}", [f"{t:.0e}" for t in g.tolist()])
# --8<-- [end:sum]
# claim: The sum of an output of layer_norm, without weights, does not depend
#   on the input: it is 0.
for n in (2, 3, 17, 33):
    for f in (
        lambda x, n=n: F.layer_norm(x, (n,)),
        layers["group_norm"],
        layers["batch_norm"],
        instance,
    ):
        x = torch.randn(n, dtype=torch.float64)
        assert gradient(f, x).abs().max() < 1e-11 and f(x).sum().abs() < 1e-12

# A WGAN's critic that ends in a normalization: the gradient of its sum is 0.
with torch.random.fork_rng():
    critic = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.InstanceNorm2d(4)
    )
    images = torch.randn(2, 3, 8, 8)
    assert gradient(critic, images).abs().max() < 1e-5
    one = torch.nn.Conv2d(4, 1, 1)
    average = (
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(4, 1),
    )
    for behind, moves in (
        ((one,), False),
        (average, False),
        ((torch.nn.ReLU(), one), True),
        ((torch.nn.LeakyReLU(0.2), *average), True),
    ):
        whole = torch.nn.Sequential(*critic, *behind)
        steepest = gradient(whole, images).abs().max()
        assert steepest > 1e-3 if moves else steepest < 1e-5
# rms_norm of a constant: 0, but not where it is small beside the root of eps
for value, low, high in ((2.0, 0, 1e-6), (-30.0, 0, 1e-6), (0.0, 2896, 2897)):
    g = gradient(layers["rms_norm"], torch.full((3,), value)).abs()
    assert (low <= g).all() and (g < high).all()
# with running statistics v is divided, without a mean
v, mean, var = (
    torch.tensor([[1.0], [2], [5]]),
    torch.ones(1),
    3 * torch.ones(1),
)
for f in (
    lambda x: F.batch_norm(x, mean, var) * v,
    lambda x: (
        F.instance_norm(x.T[None], mean, var, use_input_stats=False) * v.T
    ),
):
    got = gradient(f, torch.full((3, 1), 2.0))
    torch.testing.assert_close(got, v * (3 + 1e-5) ** -0.5)

# --8<-- [start:large]
x = torch.full((3,), 100000.3)
print("rounding  ", (x.mean() - x[0]).item())
f = layers["batch_norm"]
print("batch_norm", f(x).tolist())
print("shifted   ", f(x - x[0]).tolist())
g = gradient(lambda x: f(x - x[0].detach()) * weight, x)
print("gradient  ", [round(t, 1) for t in g.tolist()])
# --8<-- [end:large]
torch.set_num_threads(1)  # the mean is summed up in another order by more
# For contiguous images it is right there.
for shape in ((1, 1, 33), (2, 3, 7), (4, 3, 16, 16)):
    places = [d for d in range(len(shape)) if d != 1]
    for value in torch.linspace(1000, 1300, 8):
        x, v = torch.full(shape, value), torch.arange(float(shape[-1]))
        v = v.expand(shape)
        got = gradient(
            lambda x, v=v: F.batch_norm(x, None, None, training=True) * v, x
        )
        wanted = (v - v.mean(places, keepdim=True)) * 1e-5**-0.5
        torch.testing.assert_close(got, wanted, rtol=1e-3, atol=1e-2)
# claim: For an input of shape (N, C) the gradient of batch_norm at 1000 can be
#   off by 5 percent with 33 entries, and by 99 with 1001.
for n, low, high in ((33, 0.04, 0.06), (1001, 0.985, 0.995)):
    worst = 0
    for value in torch.linspace(1000, 1300, 32):
        v = torch.arange(float(n))
        got = gradient(lambda x, v=v: f(x) * v, value.repeat(n))
        wanted = (v - v.mean()) * 1e-5**-0.5
        worst = max(worst, ((got - wanted).abs().max() / wanted.max()).item())
    assert low < worst < high, worst
# claim: Those of layer_norm and group_norm can be off by more than 100 percent
#   at 100000.
for n in (3, 33, 1001):
    v = torch.arange(float(n))
    wanted = (v - v.mean()) * 1e-5**-0.5
    for norm in (lambda x, n=n: F.layer_norm(x, (n,)), layers["group_norm"]):
        for low, high in ((1000, 1300), (100000, 130000)):
            worst = 0
            for value in torch.linspace(low, high, 32):
                got = gradient(
                    lambda x, f=norm, v=v: f(x) * v, value.repeat(n)
                )
                off = ((got - wanted).abs().max() / wanted.max()).item()
                worst = max(worst, off)
            assert worst < 0.01 if low == 1000 else worst > 1, (n, worst)
# instance_norm takes one element where it uses running statistics.
one = torch.full((1, 1, 1), 5.0)
zero = torch.zeros(1)
assert F.instance_norm(one, zero, zero + 1, use_input_stats=False) > 4.9
# rms_norm of one element, and of a constant beside eps
eps = torch.finfo(torch.float32).eps
for value in (5.0, -2.0, 1e-2, 1e-4, -1e-6, 0.0):
    one = F.rms_norm(torch.tensor([[value]]), (1,)).item()
    assert abs(one - value / (value**2 + eps) ** 0.5) < 1e-6
# claim: layer_norm returns that, with the gradient 0 for the input
for value in (5.3, -0.7, 33.3, 1000.3, 3e4):
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        one = torch.full((4, 1), value, dtype=dtype)
        left = F.layer_norm(one, (1,)).abs().max()
        assert left <= (0 if dtype.itemsize > 2 else 0.5)
        assert (gradient(lambda x: F.layer_norm(x, (1,)), one) == 0).all()
        assert (F.group_norm(one[:2], 1) == 0).all()
# claim: the weight of LayerNorm(1) can get a large rounding error: above 20
#   from four entries of 10⁶.
layer = torch.nn.LayerNorm(1)
layer(torch.full((4, 1), 1e6)).sum().backward()
assert layer.weight.grad.abs() > 20
# From 1.85e19 on the square overflows in float32.
for value, fits in ((1.84e19, True), (1.85e19, False), (1e30, False)):
    one = torch.full((2, 1), value)
    for y in (F.layer_norm(one, (1,)), F.group_norm(one, 1)):
        assert (y == 0).all() if fits else y.isnan().all()
    assert (F.rms_norm(one, (1,)) == fits).all()
for value, right in ((30.0, True), (0.02, True), (1e-4, False)):
    x = torch.full((3,), value)
    got = gradient(lambda x: F.rms_norm(x, (3,)) * weight, x)
    wanted = (weight - weight.mean()) / value
    assert torch.allclose(got, wanted, rtol=0.01) == right
step = torch.zeros(1001, dtype=torch.float64)
step[0] = 1e-3
assert 0.31 < F.layer_norm(step, (1001,)).max() < 0.32

# --8<-- [start:weight-norm]
layer = torch.nn.utils.parametrizations.weight_norm(
    torch.nn.Linear(2, 2, bias=False)
)
with torch.no_grad():
    layer.parametrizations.weight.original1[0] = 0  # the direction of row 0
layer(torch.ones(1, 2)).sum().backward()
print(
    layer.weight.detach()[0], layer.parametrizations.weight.original1.grad[0]
)
# --8<-- [end:weight-norm]

# --8<-- [start:fix-weight-norm]
v = torch.tensor([[3.0, 4.0]], dtype=torch.float64, requires_grad=True)
g = torch.tensor([[2.0]], dtype=torch.float64)


def plain(v, g):
    """weight_norm of a matrix or kernel: one length for each row."""
    rest = tuple(range(1, v.dim()))
    return g * v / torch.linalg.vector_norm(v, dim=rest, keepdim=True)


for name, weight in (
    ("weight_norm", torch._weight_norm(v, g, 0)),
    ("by hand    ", plain(v, g)),
):
    (first,) = torch.autograd.grad(weight[0, 0], v, create_graph=True)
    (second,) = torch.autograd.grad(first[0, 0], v)
    print(name, first.tolist(), [round(x, 5) for x in second[0].tolist()])
# --8<-- [end:fix-weight-norm]
h = 1e-5
ahead, back = (
    torch.autograd.grad(plain(x, g)[0, 0], x)[0]
    for step in (h, -h)
    for x in [(v + torch.tensor([[step, 0.0]])).detach().requires_grad_()]
)
slope = ((ahead - back) / (2 * h))[0]
torch.testing.assert_close(second[0], slope, rtol=1e-6, atol=1e-8)
torch.manual_seed(0)
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for shape in ((2, 3), (4, 2, 3, 3)):
        v = torch.randn(shape, dtype=dtype, requires_grad=True)
        g = torch.rand(shape[0], *[1] * (len(shape) - 1), dtype=dtype)
        near = 16 * torch.finfo(dtype).eps
        a, b = torch._weight_norm(v, g, 0), plain(v, g)
        torch.testing.assert_close(a, b, rtol=near, atol=near)
        z = torch.randn(shape, dtype=dtype)
        (da,) = torch.autograd.grad((z * a).sum(), v)
        (db,) = torch.autograd.grad((z * b).sum(), v)
        torch.testing.assert_close(da, db, rtol=4 * near, atol=4 * near)
# With dim=None or -1 the second derivative is right, with the others wrong.
both = (0, 1)
for dim, rest, right in (
    (0, 1, False),
    (1, 0, False),
    (None, both, True),
    (-1, both, True),
):
    torch.manual_seed(0)
    layer = torch.nn.utils.parametrizations.weight_norm(
        torch.nn.Linear(3, 2, dtype=torch.float64), dim=dim
    )
    v = layer.parametrizations.weight.original1
    g = layer.parametrizations.weight.original0.detach()
    twice = []
    for weight in (
        layer.weight,
        g * v / torch.linalg.vector_norm(v, dim=rest, keepdim=True),
    ):
        (a,) = torch.autograd.grad(weight[0, 0], v, create_graph=True)
        twice += torch.autograd.grad(a[0, 0], v)
    assert torch.allclose(*twice) == right
# claim: a gradient penalty with respect to the input does not, and is right.
with torch.random.fork_rng():
    torch.manual_seed(0)
    normed = torch.nn.utils.parametrizations.weight_norm
    critic = torch.nn.Sequential(
        normed(torch.nn.Linear(3, 4)), torch.nn.Tanh(), torch.nn.Linear(4, 1)
    ).double()
    critic[2] = normed(critic[2])
    x = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)


def penalty(inputs):
    """The squared gradient of the critic's sum, with respect to these."""
    leaves = [x] if inputs else list(critic.parameters())
    grads = torch.autograd.grad(
        critic(x).square().sum(), leaves, create_graph=True
    )
    return sum(g.square().sum() for g in grads)


moved = critic[0].parametrizations.weight.original1
for inputs in (True, False):
    (g,) = torch.autograd.grad(penalty(inputs), moved)
    slopes = []
    for i in range(g.numel()):
        values = []
        for step in (h, -2 * h, h):  # ahead, back, home
            with torch.no_grad():
                moved.view(-1)[i] += step
            values.append(penalty(inputs).item())
        slopes.append((values[0] - values[1]) / (2 * h))
    wanted = torch.tensor(slopes, dtype=g.dtype).view_as(g)
    assert torch.allclose(g, wanted, rtol=1e-4, atol=1e-6) == inputs
