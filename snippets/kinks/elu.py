# --8<-- [start:at-zero]
from functools import partial

import torch
from torch.nn.functional import celu, elu, selu


def gradient(f, *inputs):
    xs = [torch.as_tensor(x).clone().requires_grad_() for x in inputs]
    grads = torch.autograd.grad(f(*xs).sum(), xs)
    return grads[0] if len(grads) == 1 else grads


for alpha in (0.5, 1.0, 2.0):
    g = gradient(partial(elu, alpha=alpha), 0.0)
    print(f"elu,  alpha={alpha}: {g:.4f}")
for alpha in (0.5, 1.0, 2.0):
    g = gradient(partial(celu, alpha=alpha), 0.0)
    print(f"celu, alpha={alpha}: {g:.4f}")
print(f"selu:            {gradient(selu, 0.0):.4f}")
# --8<-- [end:at-zero]
DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
for dtype in DTYPES:
    for n in (1, 33):
        zero = torch.zeros(n, dtype=dtype)
        for alpha in (0.3, 0.5, 1.0, 2.0, 7.1):
            wanted = torch.tensor(alpha, dtype=dtype)
            assert (gradient(partial(elu, alpha=alpha), zero) == wanted).all()
            g = gradient(partial(celu, alpha=alpha), zero)
            assert ((g - 1).abs() < 1e-7).all()  # not exact
assert round(gradient(selu, 0.0).item(), 4) == 1.7581
# celu gives 1 and has no corner
for dtype in DTYPES:
    for size in (1e-37, 1e-30, 1e-3, 0.3, 1.7, 1e5, 1e30, 1e37):
        for alpha in (size, -size):
            ends = torch.tensor([-0.0, 0.0, 1e-3], dtype=dtype).repeat(11)
            g = gradient(partial(celu, alpha=alpha), ends)
            assert ((g - 1).abs() < 1e-7).all()
            near = torch.tensor(-1e-4 * min(size, 1.0), dtype=torch.float64)
            left = gradient(partial(celu, alpha=alpha), near)
            assert abs(left - 1) < 2e-4


# --8<-- [start:trap]
def naive(x, alpha):
    return torch.where(x >= 0, x, alpha * torch.expm1(x))


x = torch.tensor([0.0, 1000.0])
print("value   ", naive(x, 2.0))
print("gradient", gradient(partial(naive, alpha=2.0), x))
# --8<-- [end:trap]
assert gradient(partial(naive, alpha=2.0), 1000.0).isnan()


# --8<-- [start:fix]
def safe_elu(x, alpha=1.0):
    left = x.clamp(max=0)  # the exponential never sees a large number
    return torch.where(x >= 0, x, alpha * torch.expm1(left))


points = torch.tensor([-1.0, 0.0, 1000.0])
for name, f in (("elu     ", elu), ("safe_elu", safe_elu)):
    print(name, gradient(partial(f, alpha=2.0), points))
# --8<-- [end:fix]
inf, nan = float("inf"), float("nan")
for dtype in DTYPES:
    x = [-inf, -30.0, -1.1, -1e-3, 0.0, 0.3, 6e4, inf]
    x = torch.tensor(x, dtype=dtype)
    eps = torch.finfo(dtype).eps
    for alpha in (-0.7, 0.3, 1.0, 2.0):
        torch.testing.assert_close(
            safe_elu(x, alpha), elu(x, alpha), rtol=2 * eps, atol=2 * eps
        )
        g = gradient(partial(safe_elu, alpha=alpha), x)
        off = gradient(partial(elu, alpha=alpha), x)
        off[4] = 1  # at 0 it is the slope on the right
        torch.testing.assert_close(g, off, rtol=4 * eps, atol=4 * eps)
    y = safe_elu(torch.tensor([nan], dtype=dtype))
    assert y.isnan()
for n in (1, 33):
    for at, dead in ((-16.63, False), (-16.64, True), (-30.0, True)):
        x = torch.full((n,), at)
        assert (gradient(safe_elu, x) == 0).all() == dead
        assert (gradient(elu, x) > 0).all()
torch.manual_seed(0)
batch = torch.randn(3, 5, dtype=torch.float64).requires_grad_()
assert torch.autograd.gradcheck(safe_elu, (batch, 1.7))
assert torch.autograd.gradgradcheck(safe_elu, (batch, 1.7))
each = torch.vmap(torch.vmap(torch.func.grad(safe_elu)))(batch.detach())
torch.testing.assert_close(each, gradient(safe_elu, batch))
assert safe_elu(torch.empty(0, 3)).shape == (0, 3)

# claim: for alpha > 0 the same limit at −∞, -alpha, without the corner.
for alpha in (0.3, 1.0, 2.0, 7.1):
    torch.testing.assert_close(
        celu(torch.tensor([-inf, -1e4]), alpha), torch.tensor([-alpha, -alpha])
    )
    torch.testing.assert_close(
        elu(torch.tensor([-inf, -1e4]), alpha), torch.tensor([-alpha, -alpha])
    )
# --8<-- [start:smooth]
for h in (1e-2, 1e-4, 1e-6):
    ends = torch.tensor([-h, h], dtype=torch.float64)
    for name, f in (("elu ", elu), ("celu", celu)):
        left, right = gradient(partial(f, alpha=2.0), ends)
        print(name, f"from -{h:g} to {h:g}: {right - left:.4f}")
# --8<-- [end:smooth]
assert abs(right - left) < 1e-6

near = torch.tensor([-1e-6, 0.0, 1e-6], dtype=torch.float64)
left, at, right = gradient(lambda x: elu(x, 2.0), near)
assert abs(left - 2) < 1e-5 and at == 2 and right == 1

# --8<-- [start:second]
around = torch.tensor([-1e-6, 0.0, 1e-6], dtype=torch.float64)
for name, f, alpha in (
    ("elu,  alpha=1.0", elu, 1.0),
    ("elu,  alpha=2.0", elu, 2.0),
    ("celu, alpha=2.0", celu, 2.0),
):
    x = around.clone().requires_grad_()
    (first,) = torch.autograd.grad(f(x, alpha).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    print(name, [round(g, 4) for g in second.tolist()])
# --8<-- [end:second]
assert second[1] == 0 and abs(second[0] - 0.5) < 1e-6

# --8<-- [start:far]
inf, nan = torch.inf, torch.nan
for n in (1, 33):
    for at in (-inf, inf, nan):
        g = gradient(elu, torch.full((n,), at))
        print(f"{n:2} times {at}: first {g[0]}, last {g[-1]}")
# --8<-- [end:far]
# claim: its gradient is 1 in a short tensor, in a long one NaN or, in the last
#   entries, 1
for f, slope in ((elu, 1), (selu, 1.0507009873554805), (celu, 1)):
    for dtype in DTYPES:
        for n in (1, 3, 64, 65, 1001):
            x = torch.full((n,), nan, dtype=dtype)
            assert f(x).isnan().all()
            g = gradient(f, x)
            short = g == torch.tensor(slope, dtype=dtype)
            assert (short | g.isnan()).all() and short.all() == (n <= 3)
            assert g.isnan().any() == (n > 3)
            assert n <= 3 or g[:64].isnan().all()
            assert g[-1].isnan() == (n == 64)

# --8<-- [start:in-place]
x = torch.tensor([-5.0, -10.0, -18.0])
print("exp(x)  ", torch.exp(x))
print("plain   ", gradient(elu, x))
print("in place", gradient(lambda x: elu(x.clone(), inplace=True), x))
# --8<-- [end:in-place]
# claim: In place, PyTorch keeps the result y
for dtype in DTYPES:
    for alpha in (0.3, 1.0, 2.0):
        x = -torch.rand(100, dtype=dtype) * 12
        y = elu(x, alpha)
        in_place = partial(elu, alpha=alpha, inplace=True)
        g = gradient(lambda x, f=in_place: f(x.clone()), x)
        torch.testing.assert_close(
            g, y + alpha, rtol=0, atol=4 * torch.finfo(dtype).eps
        )
x = torch.tensor([-17.0, -18.0, -40.0])
g = gradient(lambda x: elu(x.clone(), inplace=True), x)
assert g.tolist()[1:] == [0, 0] and (gradient(elu, x) > 0).all()

# --8<-- [start:negative]
x = torch.tensor([-1.0, 0.0, 1.0], requires_grad=True)
(g,) = torch.autograd.grad(elu(x, -1.0).sum(), x)
print([round(entry, 4) for entry in g.tolist()])
try:
    torch.autograd.grad(elu(x.clone(), -1.0, inplace=True).sum(), x)
except RuntimeError as error:
    print(error)
# --8<-- [end:negative]
assert g[1] == -1
for alpha in (-0.01, -1.0, -3.3):  # out of place it is right
    x = torch.tensor([-2.2, -0.3, 0.7], dtype=torch.float64)
    x.requires_grad_()
    assert torch.autograd.gradcheck(partial(elu, alpha=alpha), (x,))

# claim: They agree for alpha = 1 and for no other alpha
for alpha in (-1.0, 0.0, 0.5, 0.999, 1.0, 1.001, 2.0, 10.0):
    left, right = gradient(partial(elu, alpha=alpha), around)[[0, 2]]
    assert (abs(left - right) < 1e-5) == (alpha == 1)
# claim: For 0 le alpha le 1, elu is convex.
pair = 5 * torch.randn(2, 1000, dtype=torch.float64)


def above_chord(alpha):
    middle, ends = elu(pair.mean(0), alpha), elu(pair, alpha).mean(0)
    return (middle > ends + 1e-12).any()


assert not any(above_chord(alpha) for alpha in (0.0, 0.3, 0.9, 1.0))
assert above_chord(-1.0) and above_chord(1.1) and above_chord(2.0)
# claim: left of 0 the exponential is convex, so no neighborhood
for f in (partial(elu, alpha=1.1), partial(elu, alpha=2.0), selu):
    for h in (1e-3, 1e-2, 0.1, 1.0):
        x = torch.tensor([[-h, -h / 2, 0], [-h / 100, 0, h / 100]]).double()
        (a, left, _), (b, corner, c) = f(x)
        assert left < a / 2 and corner > (b + c) / 2

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in ("elu(Tensor", "celu(Tensor"):
    lines = text[text.index(f"- name: {name}") :].splitlines()
    print(lines[1].strip())
# --8<-- [end:source]
# In float64 the slope of celu just left of 0 is right to 7 digits
x = torch.rand(1000, dtype=torch.float64) * -3
far = torch.tensor([-30.0], dtype=torch.float64)
off = gradient(partial(celu, alpha=0.3), far) / torch.exp(far / 0.3) - 1
assert 1e-6 < off.abs() < 1e-5
for alpha in (0.1, 0.3, 7.1):
    exact = torch.exp(x / alpha)
    off = gradient(partial(elu, alpha=alpha), x) / torch.exp(x) / alpha - 1
    assert off.abs().max() < 1e-15
    off = gradient(partial(celu, alpha=alpha), x) / exact - 1
    assert 1e-9 < off.abs().max() < 5e-7
    rounded = alpha * (1 / torch.tensor(alpha, dtype=torch.float32).double())
    torch.testing.assert_close(
        gradient(partial(celu, alpha=alpha), torch.zeros_like(x)),
        rounded.expand(1000),
        rtol=1e-12,
        atol=0,
    )
