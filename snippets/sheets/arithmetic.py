"""Sums and their kin, at the few points where the gradient surprises."""

# --8<-- [start:run]
import torch

inf = float("inf")


def both(f, *entries):
    """The value of f, and the gradient with respect to each argument."""
    leaves = [torch.tensor(e, dtype=torch.float64) for e in entries]
    value = f(*[leaf.requires_grad_() for leaf in leaves])
    return value.item(), [g.item() for g in torch.autograd.grad(value, leaves)]


exponent = torch.tensor(-150)
print("2**-150       ", 2.0**-150)
print("ldexp         ", *both(lambda x: torch.ldexp(x, exponent), 1.0))
print("copysign      ", *both(lambda x: torch.copysign(x, -1.0), inf))
print("add, alpha=0  ", *both(lambda x, y: torch.add(x, y, alpha=0), 1.0, inf))
print("lerp, w=0.25  ", *both(lambda x, y: torch.lerp(x, y, 0.25), 1.0, inf))
print("lerp, w=0.5   ", *both(lambda x, y: torch.lerp(x, y, 0.5), 1.0, inf))
# --8<-- [end:run]

for power in (-150, -200, -1000):
    whole = torch.tensor(power)
    value, (slope,) = both(lambda x, e=whole: torch.ldexp(x, e), 1.0)
    assert value == 2.0**power and slope == 0
    value, (slope,) = both(lambda x, e=whole: torch.ldexp(x, e.double()), 1.0)
    assert value == slope == 2.0**power  # a float exponent is right
# In 2.13 the power of two is taken in integers.
for power in range(-200, 0):
    whole = torch.tensor(power)
    _, (slope,) = both(lambda x, e=whole: torch.ldexp(x, e), 1.0)
    in_integers = torch.__version__.startswith("2.13")
    assert slope == (0 if in_integers or power < -149 else 2.0**power)
if not in_integers:
    whole = torch.tensor(-149)
    _, (slope,) = both(lambda x: torch.ldexp(x, whole), 1.0)
    assert slope == 2.0**-149
    torch.set_default_dtype(torch.float64)
    whole = torch.tensor(-150)
    _, (slope,) = both(lambda x: torch.ldexp(x, whole), 1.0)
    assert slope == 2.0**-150
    torch.set_default_dtype(torch.float32)
for power in (128, 1000):
    value, (slope,) = both(
        lambda x, e=power: torch.ldexp(x, torch.tensor(e)), 1.0
    )
    assert value == 2.0**power != slope

# The slope of a mantissa is a power of two, the larger the nearer to 0.
for at, wanted in (0.0, 1.0), (0.01, 64.0), (1e-30, 2.0**99):
    _, (slope,) = both(lambda x: torch.frexp(x).mantissa, at)
    assert slope == wanted

for sign in 1.0, -1.0:
    for x in inf, -inf:
        value, (slope,) = both(lambda x, s=sign: torch.copysign(x, s), x)
        assert value == sign * inf and slope != slope
    x = torch.zeros((), dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(
        torch.copysign(x, sign), x, create_graph=True
    )
    (bend,) = torch.autograd.grad(slope, x)
    assert slope == 0 and bend.isnan()

for bad in inf, -inf, float("nan"):
    value, slopes = both(lambda x, y: torch.add(x, y, alpha=0), 1.0, bad)
    assert value != value and slopes == [1.0, 0.0]

for w in (-1.0, -0.5, -0.25, 0.0, 0.25, 0.499, 0.5, 0.75, 1.0):
    weight = torch.tensor(w, dtype=torch.float64)
    for mean in (
        lambda x, y, w=w: torch.lerp(x, y, w),
        lambda x, y, w=weight: torch.lerp(x, y, w),
    ):
        value, slopes = both(mean, 1.0, inf)
        assert slopes == [1 - w, w]
        assert (value == inf) == (0 < w < 0.5)
        assert (value == -inf) == (-0.5 < w < 0)
        value, slopes = both(mean, inf, 1.0)
        assert slopes == [1 - w, w]
        assert (value == inf) == (w < 0 or 0.5 <= w < 1)
