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


def gradient(f, x, dtype=torch.float64):
    x = torch.tensor(x, dtype=dtype, requires_grad=True)
    (g,) = torch.autograd.grad(f(x).sum(), x)
    return (g + 0).tolist()  # + 0: no negative zeros


for name, f in cousins.items():
    value = f(torch.tensor(0.0)).item()
    slope = gradient(f, 0.0)
    print(f"{name:15}  value {value:.4f}  gradient {slope:.4f}")
# --8<-- [end:at-zero]
slopes = [gradient(f, 0.0) for f in cousins.values()]
wanted = [0.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.6]
torch.testing.assert_close(slopes, wanted, rtol=1e-12, atol=0)

# Figure: Gradients from -6 to 6. relu steps from 0 to 1 at 0. softplus rises
# evenly and stays between. gelu, silu and mish fall below 0 near -2 and rise
# above 1 near 2.
# --8<-- [start:picture]
import matplotlib.pyplot as plt

shown = ("relu", "softplus", "gelu", "silu", "mish")
x = torch.linspace(-6, 6, 1201, dtype=torch.float64)
slopes = {
    name: torch.tensor(gradient(cousins[name], x.tolist())) for name in shown
}
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


x = [-50.0, 0.0, 1000.0]
print("value   ", [f"{y:.4g}" for y in naive(torch.tensor(x)).tolist()])
print("gradient", [f"{g:.4g}" for g in gradient(naive, x)])
# --8<-- [end:trap]
assert (
    naive(torch.tensor(-50.0)) == 0 and str(gradient(naive, 1000.0)) == "nan"
)

# --8<-- [start:fix]
print("value   ", [f"{y:.4g}" for y in softplus(torch.tensor(x)).tolist()])
print("gradient", [f"{g:.4g}" for g in gradient(softplus, x)])
# --8<-- [end:fix]
assert gradient(softplus, 1000.0) == 1 and softplus(torch.tensor(-50.0)) > 0

# --8<-- [start:masked]
inf, nan = float("inf"), float("nan")
scores = [-inf, -2.0, 3.0]
for name, f in (
    ("silu      ", silu),
    ("silu.clamp", lambda x: silu(x.clamp(min=-1000))),
):
    print(name, [round(g, 4) for g in gradient(f, scores)])
# --8<-- [end:masked]
torch.testing.assert_close(
    gradient(lambda x: silu(x.clamp(min=-1000)), scores)[1:],
    gradient(silu, scores[1:]),
)


# --8<-- [start:twice]
def second(f, x, dtype):
    x = torch.tensor(x, dtype=dtype, requires_grad=True)
    (first,) = torch.autograd.grad(f(x).sum(), x, create_graph=True)
    (g,) = torch.autograd.grad(first.sum(), x)
    return (g + 0).tolist()


def row(entries):
    return "".join(f"{round(entry, 4) + 0:8g}" for entry in entries)


def smooth_maximum(x, y=0.0):
    return y + softplus(x - y)  # logaddexp(x, y)


def mish_in_parts(x):
    return x * torch.tanh(softplus(x))


far = [-100.0, 0.0, 100.0]

print("smooth_maximum", row(second(smooth_maximum, far, torch.float32)))
print("mish_in_parts ", row(second(mish_in_parts, far, torch.float32)))
# --8<-- [end:twice]
near = torch.linspace(-9, 9, 37, dtype=torch.float64)
torch.testing.assert_close(
    smooth_maximum(near), cousins["logaddexp(x, 0)"](near)
)
torch.testing.assert_close(mish_in_parts(near), mish(near))
assert (
    torch.tensor(second(smooth_maximum, far, torch.float32)).isfinite().all()
)
assert torch.tensor(second(mish_in_parts, far, torch.float32)).isfinite().all()

# --8<-- [start:far]
x = [-inf, -1000.0, 1000.0, inf]


print("value          ", row(x))
for name, f in cousins.items():
    value = f(torch.tensor(x, dtype=torch.float64))
    print(f"{name:15}", row(value.tolist()))
print("gradient       ", row(x))
for name, f in cousins.items():
    print(f"{name:15}", row(gradient(f, x)))
# --8<-- [end:far]
for name, f in cousins.items():
    g = torch.tensor(gradient(f, x))
    product = name in ("gelu", "gelu, tanh", "silu", "mish")
    assert g.isnan().tolist() == [product, False, False, product]

# --8<-- [start:threshold]
at = torch.tensor(20.0, dtype=torch.float64)
print(f"value at 20:    20 + {softplus(at) - 20:.2e}")
print(f"gradient at 20:  1 - {1 - gradient(softplus, 20.0):.2e}")
print("just above:     ", gradient(softplus, 20.000001))


def early(x):
    return softplus(x, threshold=2.0)


x = torch.tensor([2.0, 2.0001])
print("threshold=2:", [round(y, 4) for y in early(x).tolist()])
print("gradient:   ", [round(g, 4) for g in gradient(early, x.tolist())])
# --8<-- [end:threshold]
assert gradient(softplus, 20.0) < 1 and gradient(softplus, 20.000001) == 1
assert early(x)[0] > early(x)[1]

# --8<-- [start:beta]
for x in (0.03, 0.05):
    y = softplus(torch.tensor(x), beta=10, threshold=0.4)
    print(f"x = {x}: {y:.4f}")
# --8<-- [end:beta]
assert softplus(torch.tensor(0.05), beta=10, threshold=0.4) == 0.05

# --8<-- [start:gelu-tanh]
x = [-2e19, -1e19, 1e19, 2e19]
for name in ("gelu", "gelu, tanh"):
    print(f"{name:10}", gradient(cousins[name], x, torch.float32))
# --8<-- [end:gelu-tanh]
g = torch.tensor(gradient(cousins["gelu, tanh"], x, torch.float32))
assert g.isnan().tolist() == [True, False, False, True]
assert str(gradient(cousins["gelu, tanh"], 2e19, torch.bfloat16)) == "nan"
assert gradient(cousins["gelu, tanh"], 6e4, torch.float16) == 1

# --8<-- [start:second]
for dtype, x in (
    (torch.float32, [-100.0, 0.0, 100.0]),
    (torch.float64, [-1000.0, 0.0, 1000.0]),
):
    print(dtype, x)
    for name in ("softplus", "logaddexp(x, 0)", "silu", "mish"):
        print(f"  {name:15}", row(second(cousins[name], x, dtype)))
# --8<-- [end:second]
for dtype, x in ((torch.float32, 100.0), (torch.float64, 1000.0)):
    assert str(second(mish, x, dtype)) == "nan"
    assert str(second(cousins["logaddexp(x, 0)"], -x, dtype)) == "nan"

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in ("logaddexp(", "mish(", "softplus("):
    lines = text[text.index(f"- name: {name}") :].splitlines()
    print(lines[1].strip())
# --8<-- [end:source]
