# --8<-- [start:infinite]
import torch

x = torch.tensor([-1.0, 0.0, 1.0], requires_grad=True)
for f in torch.asin, torch.acos, torch.atanh:
    (g,) = torch.autograd.grad(f(x).sum(), x)
    print(f.__name__, g)
# --8<-- [end:infinite]
assert g.isposinf().tolist() == [True, False, True] and g[1] == 1


# --8<-- [start:trap]
def angle_acos(u, v):
    cosine = (u * v).sum(-1) / (u.norm(dim=-1) * v.norm(dim=-1))
    return torch.acos(cosine)


u = torch.tensor([3.0, 4.0, 0.0], requires_grad=True)
for v in u.detach(), -u.detach():
    angle = angle_acos(u, v)
    (g,) = torch.autograd.grad(angle, u)
    print(angle.item(), g)
# --8<-- [end:trap]
assert g.isnan().all()

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


# --8<-- [start:fix]
def angle_atan2(u, v):
    """In three dimensions: sine and cosine, both times |u| |v|."""
    sine = torch.linalg.cross(u, v).norm(dim=-1)
    return torch.atan2(sine, (u * v).sum(-1))


def angle_kahan(u, v):
    """In any number of dimensions: half the angle from two lengths."""
    u = u / u.norm(dim=-1, keepdim=True)
    v = v / v.norm(dim=-1, keepdim=True)
    return 2 * torch.atan2((u - v).norm(dim=-1), (u + v).norm(dim=-1))


for f in angle_atan2, angle_kahan:
    for v in u.detach(), -u.detach():
        angle = f(u, v)
        (g,) = torch.autograd.grad(angle, u)
        print(f.__name__, round(angle.item(), 4), g + 0)  # no minus zeros
        assert (g == 0).all()
# --8<-- [end:fix]

# --8<-- [start:small]
for f in angle_acos, angle_atan2, angle_kahan:
    for size in 0.1, 0.001, 0.0001:
        t = torch.tensor(size, requires_grad=True)
        v = torch.stack([torch.cos(t), torch.sin(t), 0 * t])
        angle = f(torch.tensor([1.0, 0.0, 0.0]), v)
        (g,) = torch.autograd.grad(angle, t)
        print(f.__name__, size, f"{angle.item():.5f}", f"{g.item():.3f}")
# --8<-- [end:small]
assert abs(angle.item() - 1e-4) < 1e-9 and abs(g.item() - 1) < 1e-5

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
    x = torch.nextafter(one, 0 * one).requires_grad_()
    (g,) = torch.autograd.grad(torch.acos(x), x)
    print(dtype, round(g.item()))
# --8<-- [end:nearest]
assert round(g.item()) == round(-(2**11.5))

# --8<-- [start:outside]
inputs = [-2.0, -1.25, 0.5, 1.25, 2.0]
x = torch.tensor(inputs, requires_grad=True)
for f in torch.asin, torch.acosh, torch.atanh:
    (g,) = torch.autograd.grad(f(x).sum(), x)
    print(f.__name__, "value   ", f(x).detach())
    print(f.__name__, "gradient", g)
# --8<-- [end:outside]
x = torch.tensor(-1.25, dtype=torch.float64, requires_grad=True)
assert torch.acosh(x).isnan()
(g,) = torch.autograd.grad(torch.acosh(x), x)
assert abs(g.item() - 4 / 3) < 1e-12  # the slope at +1.25

# --8<-- [start:infinity]
inf = float("inf")
x = torch.tensor(inf, requires_grad=True)
for f in torch.atan, torch.asinh, torch.acosh:
    y = f(x)
    (first,) = torch.autograd.grad(y, x, create_graph=True)
    (second,) = torch.autograd.grad(first, x)
    print(f.__name__, first.item(), second.item())
# --8<-- [end:infinity]
assert first == 0 and second.isnan()

# --8<-- [start:complex]
for z in 2 + 0j, 1 + 0j:
    z = torch.tensor(z, requires_grad=True)
    y = torch.acos(z)
    (g,) = torch.autograd.grad(y.imag, z)
    print("acos at", z.item(), "is", y.detach(), "gradient", g)
# --8<-- [end:complex]
assert y == 0 and g.isnan()

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in ("acos(", "atanh(", "acosh("):
    lines = text[text.index(f"- name: {name}") :].splitlines()
    rule = next(line for line in lines if line.startswith("  self:"))
    print(lines[0][8:], rule, sep="\n")
# --8<-- [end:source]
