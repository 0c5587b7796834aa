# --8<-- [start:at-zero]
import torch
from torch.nn.functional import gelu, logsigmoid, mish, silu, softplus

cousins = {
    "relu": torch.relu,
    "softplus": softplus,
    "logaddexp(x, 0)": lambda x: torch.logaddexp(x, torch.zeros_like(x)),
    "-logsigmoid(-x)": lambda x: -logsigmoid(-x),
    "gelu": gelu,
    "gelu, tanh": lambda x: gelu(x, approximate="tanh"),
    "silu": silu,
    "mish": mish,
}
for name, f in cousins.items():
    x = torch.tensor(0.0, requires_grad=True)
    y = f(x)
    y.backward()
    print(f"{name:15}  value {y:.4f}  gradient {x.grad:.4f}")
# --8<-- [end:at-zero]
wanted = [0.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.6]
slopes = []
for f in cousins.values():
    x = torch.zeros((), requires_grad=True)
    slopes.append(torch.autograd.grad(f(x), x)[0].item())
torch.testing.assert_close(slopes, wanted, rtol=1e-6, atol=0)
# claim: softplus, logaddexp(x, 0) and -logsigmoid(-x) are, up to rounding,
#   the same function
x = torch.linspace(-30, 30, 6001, dtype=torch.float64)
plus = softplus(x)
for name in ("logaddexp(x, 0)", "-logsigmoid(-x)"):
    torch.testing.assert_close(cousins[name](x), plus, rtol=1e-9, atol=2.1e-9)
    assert (cousins[name](x) >= torch.relu(x)).all()
assert (plus >= torch.relu(x)).all() and plus[-1] == x[-1]
for dtype in (torch.float32, torch.bfloat16, torch.float16):  # and rounding
    low, eps = x.to(dtype), torch.finfo(dtype).eps
    for name in ("logaddexp(x, 0)", "-logsigmoid(-x)"):
        torch.testing.assert_close(
            cousins[name](low), softplus(low), rtol=2 * eps, atol=2.1e-9
        )
        assert (cousins[name](low) >= torch.relu(low)).all()
    assert (softplus(low) >= torch.relu(low)).all()

# Figure: Gradients from -6 to 6. relu steps from 0 to 1 at 0. softplus rises
# smoothly and stays between. gelu, silu and mish are below 0 on the left,
# least at -1.4, -2.4 and -2.3, and above 1 on the right, most at 1.4, 2.4 and
# 1.5.
# --8<-- [start:picture]
import matplotlib.pyplot as plt


def gradient(f, *inputs):
    xs = [torch.as_tensor(x).clone().requires_grad_() for x in inputs]
    grads = torch.autograd.grad(f(*xs).sum(), xs)
    return grads[0] if len(grads) == 1 else grads


shown = ("relu", "softplus", "gelu", "silu", "mish")
x = torch.linspace(-6, 6, 1201, dtype=torch.float64)
slopes = {name: gradient(cousins[name], x) for name in shown}
fig, ax = plt.subplots()
for name, g in slopes.items():
    ax.plot(x, g, label=name)
ax.set_xlabel("x")
ax.set_ylabel("gradient")
ax.legend()
plt.show()
for name, g in slopes.items():
    print(f"{name:9} from {g.min():6.3f} to {g.max():.3f}")
# --8<-- [end:picture]
assert slopes["softplus"].min() > 0 and slopes["softplus"].max() < 1
assert slopes["silu"].min() < 0 and slopes["silu"].max() > 1


# --8<-- [start:trap]
def naive(x):
    return torch.log(1 + torch.exp(x))


x = torch.tensor([-50.0, 0.0, 1000.0])
print("value   ", naive(x))
print("gradient", gradient(naive, x))
# --8<-- [end:trap]
assert naive(x)[0] == 0 and gradient(naive, x)[2].isnan()

# --8<-- [start:fix]
print("value   ", softplus(x))
print("gradient", gradient(softplus, x))
# --8<-- [end:fix]
assert gradient(softplus, x)[2] == 1 and softplus(x)[0] > 0


# --8<-- [start:masked]
def safe_silu(x):
    return silu(x.clamp(min=-1000))


scores = torch.tensor([float("-inf"), -2.0, 3.0])
for f in (silu, safe_silu):
    print(f.__name__, "value", f(scores), "gradient", gradient(f, scores))
# --8<-- [end:masked]
inf, nan = float("inf"), float("nan")
DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
# at −1000 and below the functions are 0
for dtype in DTYPES:
    x = torch.tensor([-1000.0, -1e4, -6e4], dtype=dtype).repeat(11)
    for f in (silu, mish, gelu, cousins["gelu, tanh"]):
        assert not f(x).any() and not gradient(f, x).any()
        low = torch.full((33,), -inf, dtype=dtype)
        assert not f(low.clamp(min=-1000)).any()
        g = gradient(lambda x, f=f: f(x.clamp(min=-1000)), low)
        assert not g.any()


# --8<-- [start:twice]
def second(f, x):
    x = x.clone().requires_grad_()
    (first,) = torch.autograd.grad(f(x).sum(), x, create_graph=True)
    return torch.autograd.grad(first.sum(), x)[0] + 0  # + 0: no -0


def smooth_maximum(x, y):
    """logaddexp(x, y) for finite x and y, twice differentiable."""
    return torch.where(x > y, x + softplus(y - x), y + softplus(x - y))


def mish_in_parts(x):
    """mish; twice differentiable to half the largest number of the dtype."""
    return x * torch.tanh(softplus(x))


far = torch.tensor([-100.0, 0.0, 100.0])
zero = torch.tensor(0.0)
print("smooth_maximum", second(lambda x: smooth_maximum(x, zero), far))
print("mish_in_parts ", second(mish_in_parts, far))
# --8<-- [end:twice]
torch.manual_seed(0)
# claim: same values and gradients at finite numbers, up to rounding errors
for dtype in DTYPES:
    eps = 8 * torch.finfo(dtype).eps
    most = torch.finfo(dtype).max / 2
    x = torch.linspace(-60, 60, 601).to(dtype)
    x = torch.cat([x, torch.tensor([-most, most, 1e4, -1e4], dtype=dtype)])
    y = x[torch.randperm(len(x))]
    y[::2] = x[::2]  # equal numbers too
    two = torch.full((2,), 1e4, dtype=dtype)
    for g in gradient(smooth_maximum, two, two):
        assert (g == 0.5).all()
    for mine, theirs, inputs in (
        (smooth_maximum, torch.logaddexp, (x, y)),
        (mish_in_parts, mish, (x,)),
    ):
        torch.testing.assert_close(
            mine(*inputs), theirs(*inputs), rtol=eps, atol=60 * eps
        )
        torch.testing.assert_close(
            gradient(mine, *inputs),
            gradient(theirs, *inputs),
            rtol=eps,
            atol=3 * eps,
        )
    # small values too: the naive form has lost them at -50
    zeros, tiny = torch.zeros_like(x), torch.finfo(dtype).tiny
    value = torch.logaddexp(x, zeros)
    for mine in (smooth_maximum(x, zeros), smooth_maximum(zeros, x)):
        torch.testing.assert_close(mine, value, rtol=eps / 8, atol=tiny)
    for sign in (1, -1):
        mine = mish_in_parts(sign * x.abs())
        theirs = mish(sign * x.abs())
        torch.testing.assert_close(mine, theirs, rtol=eps, atol=eps / 8)
    assert second(lambda x, y=y: smooth_maximum(x, y), x).isfinite().all()
    assert second(lambda y, x=x: smooth_maximum(x, y), y).isfinite().all()
    assert second(mish_in_parts, x).isfinite().all()
    assert second(mish_in_parts, x.max() * 1.1).isnan()
x, y = (6 * torch.randn(2, 3, 4, dtype=torch.float64)).requires_grad_()
assert torch.autograd.gradgradcheck(smooth_maximum, (x, y[0]))
assert torch.autograd.gradgradcheck(mish_in_parts, (x,))
bend = torch.vmap(torch.func.grad(torch.func.grad(mish_in_parts)))(far)
torch.testing.assert_close(bend, second(mish_in_parts, far))

# --8<-- [start:far]
x = torch.tensor([float("-inf"), -1000.0, 1000.0, float("inf")])


def row(entries):
    return "".join(f"{entry + 0:9.3g}" for entry in entries.tolist())


print("value          ", row(x))
for name, f in cousins.items():
    print(f"{name:15}", row(f(x)))
print("gradient       ", row(x))
for name, f in cousins.items():
    print(f"{name:15}", row(gradient(f, x)))
# --8<-- [end:far]
for dtype in DTYPES:
    for name, f in cousins.items():
        g = gradient(f, x.to(dtype))
        product = name in ("gelu", "gelu, tanh", "silu", "mish")
        assert g.isnan().tolist() == [product, False, False, product]
        at_ends = f(x.to(dtype)).isnan().tolist()
        assert at_ends[:3] == [product, False, False]
        # with AVX-512 gelu of infinity is NaN, but in float64
        assert not at_ends[3] or (name == "gelu" and dtype != torch.float64)

# --8<-- [start:threshold]
at = torch.tensor([20.0, 20.000001], dtype=torch.float64)
print("value - x:   ", softplus(at) - at)
print("1 - gradient:", 1 - gradient(softplus, at))


def early(x):
    return softplus(x, threshold=2.0)


x = torch.tensor([2.0, 2.0001])
print("threshold=2:", early(x), "gradient", gradient(early, x))
# --8<-- [end:threshold]
assert (gradient(softplus, at) == 1).tolist() == [False, True]
assert early(x)[0] > early(x)[1]

# the threshold is one for beta * x
at = torch.tensor([0.03, 0.039, 0.041, 0.05])
on_line = softplus(at, beta=10, threshold=0.4) == at
assert on_line.tolist() == [False, False, True, True]

# --8<-- [start:gelu-tanh]
x = torch.tensor([-2e19, -1e19, 1e19, 2e19])
for name in ("gelu", "gelu, tanh"):
    print(f"{name:10}", gradient(cousins[name], x))
# --8<-- [end:gelu-tanh]
tanh_form = cousins["gelu, tanh"]
for dtype in (torch.float32, torch.bfloat16):
    g = gradient(tanh_form, x.to(dtype))
    assert g.isnan().tolist() == [True, False, False, True]
at = torch.arange(0, 65504, 32, dtype=torch.float16)
assert (gradient(tanh_form, at)[1:] == 1).sum() > 2000
assert gradient(tanh_form, at).isfinite().all()

# far out they tend to 0; logaddexp is NaN on the left, mish on the right
for dtype, x in ((torch.float32, 100.0), (torch.float64, 1000.0)):
    x = torch.tensor([-x, x], dtype=dtype)
    for name in ("softplus", "silu", "gelu", "-logsigmoid(-x)"):
        assert (second(cousins[name], x).abs() < 1e-30).all()
    bend = second(cousins["logaddexp(x, 0)"], x)
    assert bend[0].isnan() and bend[1].abs() < 1e-30
    bend = second(mish, x)
    assert bend[0].abs() < 1e-30 and bend[1].isnan()


# --8<-- [start:bisect]
def nan_from(f, dtype, sign):
    """Where does the second derivative of f become NaN?"""
    low, high = 1.0, torch.finfo(dtype).max
    for step in range(70):
        middle = low**0.5 * high**0.5 if high / low > 2 else (low + high) / 2
        at = torch.tensor(sign * middle, dtype=dtype)
        low, high = (low, middle) if second(f, at).isnan() else (middle, high)
    return sign * high


for name, sign in (
    ("logaddexp(x, 0)", -1),
    ("mish", 1),
    ("gelu", 1),
    ("gelu, tanh", 1),
):
    found = [
        f"{nan_from(cousins[name], dtype, sign):.3g}"
        for dtype in (torch.float16, torch.float32, torch.float64)
    ]
    print(
        f"{name:15} float16 {found[0]}, float32 {found[1]}, float64 {found[2]}"
    )
# --8<-- [end:bisect]
for at, bad in ((1.844e19, False), (1.845e19, True), (1e30, True)):
    assert second(gelu, torch.tensor([-at, at])).isnan().all() == bad
for dtype in DTYPES:
    most = torch.finfo(dtype).max
    at = most ** torch.linspace(0, 0.999, 300, dtype=torch.float64)
    for name in ("softplus", "-logsigmoid(-x)", "silu"):
        for sign in (1, -1):
            assert (
                second(cousins[name], (sign * at).to(dtype)).isfinite().all()
            )

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in ("logaddexp(", "mish(", "softplus("):
    lines = text[text.index(f"- name: {name}") :].splitlines()
    print(lines[1].strip())
# --8<-- [end:source]
# claim: mish has two formulas, one of them only for create_graph=True
lines = text[text.index("- name: mish(") :].splitlines()
assert "GradMode::is_enabled() ? infinitely_differentiable_mish" in lines[1]
