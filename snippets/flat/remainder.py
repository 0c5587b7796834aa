# --8<-- [start:pairs]
import torch


def gradients(f, x, y):
    x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    y = torch.tensor(y, dtype=torch.float64, requires_grad=True)
    z = f(x, y)
    dx, dy = torch.autograd.grad(z, (x, y))
    return z.item(), dx.item(), dy.item()


for x, y in ((7, 3), (-7, 3), (7, -3), (-7, -3)):
    print(f"x = {x:2}, y = {y:2}")
    for f in (torch.remainder, torch.fmod):
        z, dx, dy = gradients(f, x, y)
        print(f"  {f.__name__:9} {z:2.0f}   dx {dx:.0f}   dy {dy:2.0f}")
        assert z == x + dy * y and dx == 1
# --8<-- [end:pairs]


# --8<-- [start:div]
def floor_div(x, y):
    return torch.div(x, y, rounding_mode="floor")


def trunc_div(x, y):
    return torch.div(x, y, rounding_mode="trunc")


for f in (floor_div, trunc_div):
    z, dx, dy = gradients(f, -7, 3)
    print(f"{f.__name__} {z:.0f}   dx {dx:.0f}   dy {dy:.0f}")
    assert dx == dy == 0
# --8<-- [end:div]

# --8<-- [start:not-implemented]
x = torch.tensor(7.0, requires_grad=True)
messages = []
for name, f in (
    ("x // 2", lambda: x // 2),
    ("floor_divide(x, 2)", lambda: torch.floor_divide(x, 2)),
    ("10 % x", lambda: 10 % x),
):
    try:
        f().backward()
    except RuntimeError as error:
        messages.append(str(error))
        print(f"{name:18} {error}")
# --8<-- [end:not-implemented]
assert messages == [
    "derivative for aten::floor_divide is not implemented",
    "derivative for aten::floor_divide is not implemented",
    "derivative for aten::remainder is not implemented",
]

# --8<-- [start:floor-divide-fix]
x = torch.tensor([7.0, -7.0], requires_grad=True)
y = torch.div(x, 2, rounding_mode="floor")
(g,) = torch.autograd.grad(y.sum(), x)
print((x // 2).tolist(), y.tolist(), g.tolist())
# --8<-- [end:floor-divide-fix]
assert g.tolist() == [0, 0] and y.tolist() == (x // 2).tolist()

# --8<-- [start:number-fix]
x = torch.tensor(4.0, requires_grad=True)
y = torch.remainder(x.new_tensor(10.0), x)
(g,) = torch.autograd.grad(y, x)
print((10 % x).item(), y.item(), g.item())
# --8<-- [end:number-fix]
assert y == 2 and g == -2

# --8<-- [start:trap]
from math import pi


def wrap(x):
    """An angle in [-pi, pi)."""
    return torch.remainder(x + pi, 2 * pi) - pi


target = torch.tensor(pi - 0.1)
angle = torch.tensor(-pi + 0.2, requires_grad=True)  # 0.3 away, across pi
(g,) = torch.autograd.grad((angle - target) ** 2, angle)
print("difference first", round(g.item(), 2))
(g,) = torch.autograd.grad((wrap(angle) - wrap(target)) ** 2, angle)
print("wrapped angles  ", round(g.item(), 2))
(g,) = torch.autograd.grad(wrap(angle - target) ** 2, angle)
print("wrap outside    ", round(g.item(), 2))
# --8<-- [end:trap]
torch.testing.assert_close(g, torch.tensor(0.6))

# --8<-- [start:fix]
for step in range(50):
    (g,) = torch.autograd.grad(wrap(angle - target) ** 2, angle)
    angle = (angle - 0.25 * g).detach().requires_grad_()
print(round(abs(wrap(angle - target)).item(), 4))

(g,) = torch.autograd.grad(1 - torch.cos(angle + 0.3 - target), angle)
print("with cos        ", round(g.item(), 3))
# --8<-- [end:fix]
torch.testing.assert_close(g, torch.sin(torch.tensor(0.3)))

# --8<-- [start:multiple]
for y in (2.999, 3.0, 3.001):
    z, dx, dy = gradients(torch.remainder, 6, y)
    print(f"y = {y}   remainder {z:.3f}   dy {dy:.0f}")
# --8<-- [end:multiple]
assert gradients(torch.remainder, 6, 3) == (0, 1, -2)
assert gradients(torch.remainder, 6, 3.001)[2] == -1

# --8<-- [start:zero]
for f in (torch.remainder, torch.fmod, floor_div):
    print(f"{f.__name__:9}", gradients(f, 1, 0), gradients(f, 0, 0))
# --8<-- [end:zero]
assert gradients(floor_div, 1, 0) == (float("inf"), 0, 0)
assert gradients(torch.fmod, 1, 0)[2] == float("-inf")

# --8<-- [start:infinite]
inf = float("inf")
for x in (5, -5):
    for f in (torch.remainder, torch.fmod):
        z, dx, dy = gradients(f, x, inf)
        print(
            f"x = {x:2}  {f.__name__:9} {z:4}   dx {dx:.0f}   dy {dy + 0:.0f}"
        )
# --8<-- [end:infinite]
assert gradients(torch.remainder, -5, inf) == (inf, 1, 1)

# --8<-- [start:rounding]
for f in (torch.remainder, torch.fmod):
    z, dx, dy = gradients(f, 1.0, 0.1)
    print(f"{f.__name__:9} {z:.3f}   dy {dy:.0f}")
print("1 / 0.1 is", 1 / 0.1, "and 1 // 0.1 is", 1 // 0.1)
# --8<-- [end:rounding]
assert gradients(torch.remainder, 1.0, 0.1)[2] == -9
assert gradients(torch.fmod, 1.0, 0.1)[2] == -10
