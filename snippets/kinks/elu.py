# --8<-- [start:at-zero]
import torch
from torch.nn.functional import celu, elu, selu


def gradient(f, x, *alpha):
    x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    (g,) = torch.autograd.grad(f(x, *alpha).sum(), x)
    return g.tolist()


for alpha in (0.5, 1.0, 2.0):
    print(f"elu,  alpha={alpha}:", gradient(elu, 0.0, alpha))
for alpha in (0.5, 1.0, 2.0):
    print(f"celu, alpha={alpha}:", gradient(celu, 0.0, alpha))
print("selu:", round(gradient(selu, 0.0), 4))
# --8<-- [end:at-zero]
for alpha in (0.5, 1.0, 2.0):
    assert gradient(elu, 0.0, alpha) == alpha
    assert gradient(celu, 0.0, alpha) == 1
assert round(gradient(selu, 0.0), 4) == 1.7581


# --8<-- [start:trap]
def naive(x, alpha):
    return torch.where(x >= 0, x, alpha * torch.expm1(x))


print("value   ", naive(torch.tensor([0.0, 1000.0]), 2.0).tolist())
print("gradient", gradient(naive, [0.0, 1000.0], 2.0))
# --8<-- [end:trap]
assert str(gradient(naive, 1000.0, 2.0)) == "nan"


# --8<-- [start:fix]
def safe(x, alpha):
    left = x.clamp(max=0)  # the exponential never sees a large number
    return torch.where(x >= 0, x, alpha * torch.expm1(left))


points = [-1.0, 0.0, 1000.0]
for name, f in (("elu ", elu), ("safe", safe)):
    g = gradient(f, points, 2.0)
    print(name, [round(entry, 4) for entry in g])
# --8<-- [end:fix]
x = torch.linspace(-20, 20, 81, dtype=torch.float64)
torch.testing.assert_close(safe(x, 2.0), elu(x, 2.0))
assert gradient(safe, [0.0, 1000.0], 2.0) == [1, 1]

# --8<-- [start:smooth]
for h in (1e-2, 1e-4, 1e-6):
    for name, f in (("elu ", elu), ("celu", celu)):
        jump = gradient(f, h, 2.0) - gradient(f, -h, 2.0)
        print(name, f"from -{h:g} to {h:g} the slope changes by {jump:.4f}")
# --8<-- [end:smooth]
assert abs(jump) < 1e-6

# --8<-- [start:sides]
around = [-1e-6, 0.0, 1e-6]
for name, f, *alpha in (
    ("elu,  alpha=2.0", elu, 2.0),
    ("elu,  alpha=0.5", elu, 0.5),
    ("celu, alpha=2.0", celu, 2.0),
    ("selu           ", selu),
):
    print(name, [round(g, 4) for g in gradient(f, around, *alpha)])
# --8<-- [end:sides]
left, at, right = gradient(elu, around, 2.0)
assert abs(left - 2) < 1e-5 and at == 2 and right == 1

# --8<-- [start:second]
for name, f, alpha in (
    ("elu,  alpha=1.0", elu, 1.0),
    ("elu,  alpha=2.0", elu, 2.0),
    ("celu, alpha=2.0", celu, 2.0),
):
    x = torch.tensor(around, dtype=torch.float64, requires_grad=True)
    (first,) = torch.autograd.grad(f(x, alpha).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    print(name, [round(g, 4) for g in second.tolist()])
# --8<-- [end:second]
assert second[1] == 0 and abs(second[0] - 0.5) < 1e-6

# --8<-- [start:far]
inf, nan = float("inf"), float("nan")
far = [-inf, inf, nan]
print("value   ", elu(torch.tensor(far)).tolist())
print("gradient", gradient(elu, far))
# --8<-- [end:far]
assert gradient(elu, far) == [0, 1, 1]
assert gradient(selu, [nan])[0] > 1 and gradient(celu, [nan]) == [1]

# --8<-- [start:in-place]
x = torch.tensor([-5.0, -10.0, -18.0], requires_grad=True)
(plain,) = torch.autograd.grad(elu(x).sum(), x)
(in_place,) = torch.autograd.grad(elu(x.clone(), inplace=True).sum(), x)
print("exp(x)  ", [f"{g:.3g}" for g in x.exp().tolist()])
print("plain   ", [f"{g:.3g}" for g in plain.tolist()])
print("in place", [f"{g:.3g}" for g in in_place.tolist()])
# --8<-- [end:in-place]
torch.testing.assert_close(plain, x.exp().detach(), rtol=1e-5, atol=0)
assert plain[2] > 0 and in_place[2] == 0

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
try:
    celu(x, 0.0)
except RuntimeError as error:
    assert "alpha cannot be 0 for CELU" in str(error)

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in ("elu(Tensor", "celu(Tensor"):
    lines = text[text.index(f"- name: {name}") :].splitlines()
    print(lines[1].strip())
# --8<-- [end:source]
