# --8<-- [start:pairs]
import torch


def value_and_gradients(f, x, y):
    x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    y = torch.tensor(y, dtype=torch.float64, requires_grad=True)
    z = f(x, y)
    dx, dy = torch.autograd.grad(z, (x, y))
    return z.item(), dx.item(), dy.item()


for x, y in ((7, 3), (-7, 3), (7, -3), (-7, -3)):
    print(f"x = {x:2}, y = {y:2}")
    for f in (torch.remainder, torch.fmod):
        z, dx, dy = value_and_gradients(f, x, y)
        print(f"  {f.__name__:9} {z:2.0f}   dx {dx:.0f}   dy {dy:2.0f}")
        assert z == x + dy * y and dx == 1
# --8<-- [end:pairs]


# --8<-- [start:div]
def floor_div(x, y):
    return torch.div(x, y, rounding_mode="floor")


def trunc_div(x, y):
    return torch.div(x, y, rounding_mode="trunc")


for f in (floor_div, trunc_div):
    z, dx, dy = value_and_gradients(f, -7, 3)
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

try:
    y = 1 * x
    y //= 2
    y.backward()
    raise AssertionError
except RuntimeError as error:
    assert (
        str(error) == "derivative for aten::floor_divide_ is not implemented"
    )

# --8<-- [start:floor-divide-fix]
x = torch.tensor([7.0, -7.0], requires_grad=True)
y = torch.div(x, 2, rounding_mode="floor")
(g,) = torch.autograd.grad(y.sum(), x)
print((x // 2).tolist(), y.tolist(), g.tolist())
# --8<-- [end:floor-divide-fix]
assert g.tolist() == [0, 0] and y.tolist() == (x // 2).tolist()
# claim: The values are the same.
special = [0, -0.0, torch.inf, -torch.inf, torch.nan, 1, -1, 0.1, 3e4]
special = torch.tensor(special)
torch.manual_seed(0)
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    a = torch.cat([50 * torch.randn(2000), special.repeat(9)]).to(dtype)
    b = torch.cat([7 * torch.randn(2000), special.repeat_interleave(9)])
    b = b.to(dtype)
    torch.testing.assert_close(
        floor_div(a, b), a // b, rtol=0, atol=0, equal_nan=True
    )

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
    """The angle from -pi to pi, for finite x; far out less exact."""
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
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    far = torch.cat([torch.linspace(-20, 20, 999), torch.tensor([-pi, pi])])
    far = far.to(dtype).requires_grad_()
    near = wrap(far)
    (g,) = torch.autograd.grad(near.sum(), far)
    assert (g == 1).all() and near.abs().max() <= torch.tensor(pi).to(dtype)
    gap = (torch.sin(near) - torch.sin(far)).abs().max()
    assert gap < 64 * torch.finfo(dtype).eps

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
    z, dx, dy = value_and_gradients(torch.remainder, 6, y)
    print(f"y = {y}   remainder {z:.3f}   dy {dy:.0f}")
# --8<-- [end:multiple]
assert value_and_gradients(torch.remainder, 6, 3) == (0, 1, -2)
assert value_and_gradients(torch.remainder, 6, 3.001)[2] == -1

# --8<-- [start:zero]
for f in (torch.remainder, torch.fmod, floor_div):
    print(
        f"{f.__name__:9}",
        value_and_gradients(f, 1, 0),
        value_and_gradients(f, 0, 0),
    )
# --8<-- [end:zero]
assert value_and_gradients(floor_div, 1, 0) == (float("inf"), 0, 0)
assert value_and_gradients(torch.fmod, 1, 0)[2] == float("-inf")
for f in torch.remainder, torch.fmod:
    assert value_and_gradients(f, 1, 0)[1:] == (1, -torch.inf)
    assert value_and_gradients(f, -1, 0)[1:] == (1, torch.inf)
    assert value_and_gradients(f, 1, -0.0)[1:] == (1, torch.inf)
    assert torch.tensor(value_and_gradients(f, 0, 0)).isnan().tolist() == [
        1,
        0,
        1,
    ]
for f in floor_div, trunc_div:
    for a, b in ((1, 0), (0, 0), (-1, -0.0)):
        assert value_and_gradients(f, a, b)[1:] == (0, 0)

# --8<-- [start:infinite]
inf = float("inf")
for x in (5, -5):
    for f in (torch.remainder, torch.fmod):
        z, dx, dy = value_and_gradients(f, x, inf)
        print(
            f"x = {x:2}  {f.__name__:9} {z:4}   dx {dx:.0f}   dy {dy + 0:.0f}"
        )
# --8<-- [end:infinite]
assert value_and_gradients(torch.remainder, -5, inf) == (inf, 1, 1)

# --8<-- [start:rounding]
for f in (torch.remainder, torch.fmod):
    z, dx, dy = value_and_gradients(f, 1.0, 0.1)
    print(f"{f.__name__:9} {z:.3f}   dy {dy:.0f}")
print("1 / 0.1 is", 1 / 0.1, "and 1 // 0.1 is", 1 // 0.1)
# --8<-- [end:rounding]
assert value_and_gradients(torch.remainder, 1.0, 0.1)[2] == -9
assert value_and_gradients(torch.fmod, 1.0, 0.1)[2] == -10
torch.manual_seed(0)
for dtype in (torch.float64, torch.float32):
    a = (torch.randint(1, 2000, (9999,)) / 10).to(dtype)
    b = (torch.randint(1, 50, (9999,)) / 10).to(dtype).requires_grad_()
    z = torch.remainder(a, b)
    (g,) = torch.autograd.grad(z.sum(), b)
    counted = ((a.double() - z.double()) / b.double()).round()
    assert torch.equal(counted, -g.double())
