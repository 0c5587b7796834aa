"""Complex functions: what PyTorch returns at zero and on branch cuts."""

# --8<-- [start:run]
import torch

r = torch.tensor([2.0, 0.0, -1.0], requires_grad=True)
t = torch.zeros(3)
torch.polar(r, t).real.sum().backward()
print(r.grad)

(grad,) = torch.autograd.grad((r * t.cos()).sum(), r)
print(grad)
# --8<-- [end:run]

# The gradient of r is multiplied by its sign; forward mode is right.
lengths = torch.linspace(-3, 3, 7, dtype=torch.float64).requires_grad_()
angles = torch.linspace(0, 6, 7, dtype=torch.float64)
for part in ("real", "imag"):
    wanted = angles.cos() if part == "real" else angles.sin()

    def of_length(r, part=part):
        return getattr(torch.polar(r, angles), part)

    (reverse,) = torch.autograd.grad(of_length(lengths).sum(), lengths)
    assert torch.allclose(reverse, wanted * lengths.detach().sign())
    ones = torch.ones_like(angles)
    _, forward = torch.func.jvp(of_length, (lengths.detach(),), (ones,))
    assert torch.allclose(forward, wanted)


def slope_along(function, at, direction):
    """The slope of Re + Im along the cut, by autograd and measured."""
    z = torch.tensor(at, dtype=torch.complex128, requires_grad=True)
    output = function(z)
    (grad,) = torch.autograd.grad(output.real + output.imag, z)
    mine = (grad.conj() * direction).real.item()
    step = 2.0**-20
    re, im = at.real + direction.real * step, at.imag + direction.imag * step
    # The zero beside the cut keeps its sign.
    near = complex(
        re if direction.real else at.real, im if direction.imag else at.imag
    )
    moved = function(torch.tensor(near, dtype=torch.complex128))
    seen = ((moved.real + moved.imag) - (output.real + output.imag)) / step
    return mine, seen.item()


# On one side of a branch cut these have the gradient of the other side.
for function, right, wrong, direction in (
    (torch.acos, complex(2, -0.0), complex(2, 0.0), 1),
    (torch.acos, complex(-2, 0.0), complex(-2, -0.0), 1),
    (torch.asin, complex(2, -0.0), complex(2, 0.0), 1),
    (torch.asin, complex(-2, 0.0), complex(-2, -0.0), 1),
    (torch.acosh, complex(0.5, 0.0), complex(0.5, -0.0), 1),
    (torch.acosh, complex(-0.5, 0.0), complex(-0.5, -0.0), 1),
    (torch.asinh, complex(0.0, 2), complex(-0.0, 2), 1j),
    (torch.asinh, complex(-0.0, -2), complex(0.0, -2), 1j),
):
    mine, seen = slope_along(function, right, complex(direction))
    assert abs(mine - seen) < 1e-4
    mine, seen = slope_along(function, wrong, complex(direction))
    assert abs(mine + seen) < 1e-4

# Where the slope is infinite both modes have inf and NaN, part by part.
for function, at in (
    (torch.sqrt, 0j),
    (torch.log, 0j),
    (torch.log2, 0j),
    (torch.log10, 0j),
    (torch.log1p, -1 + 0j),
    (torch.exp, complex("inf")),
    (torch.atan, 1j),
    (torch.atanh, 1 + 0j),
):
    z = torch.tensor(at, dtype=torch.complex128, requires_grad=True)
    for part, place in ((1, 0), (1j, 1)):
        part = torch.tensor(part, dtype=z.dtype)
        (reverse,) = torch.autograd.grad(function(z), z, part)
        _, forward = torch.func.jvp(function, (z.detach(),), (part,))
        for found in map(torch.view_as_real, (reverse, forward)):
            assert found[place].isinf() and found[1 - place].isnan()

# Where it overflows too; the slope of cos has the real part 0 there.
inf = float("inf")
for function, at, of_real, slopes in (
    (torch.sin, 800j, 0, (inf, inf)),
    (torch.cos, 800j, 1, (-inf, inf)),
    (torch.sinh, 800 + 0j, 0, (inf, inf)),
    (torch.sinh, -800 + 0j, 0, (inf, inf)),
    (torch.cosh, 800 + 0j, 0, (inf, inf)),
    (torch.cosh, -800 + 0j, 0, (-inf, -inf)),
):
    z = torch.tensor(at, dtype=torch.complex128, requires_grad=True)
    ways = torch.tensor([1, 1j], dtype=z.dtype)
    for part in (0, 1):
        (reverse,) = torch.autograd.grad(function(z), z, ways[part])
        forward = [
            torch.view_as_real(
                torch.func.jvp(function, (z.detach(),), (w,))[1]
            )
            for w in ways
        ]
        along = of_real if part == 0 else 1 - of_real
        for found in (
            torch.view_as_real(reverse),
            torch.stack(forward)[:, part],
        ):
            assert found[along] == slopes[along] and found[1 - along].isnan()

# polar has the gradient NaN at an infinite and at a subnormal length.
for length, dtype in (
    (inf, torch.float32),
    (-inf, torch.float32),
    (1e-40, torch.float32),
    (1e-310, torch.float64),
):
    r = torch.tensor(length, dtype=dtype, requires_grad=True)
    half = torch.tensor(0.5, dtype=dtype)
    torch.polar(r, half).real.backward()
    assert r.grad.isnan()
    _, slope = torch.func.jvp(
        lambda r, t=half: torch.polar(r, t).real,
        (r.detach(),),
        (torch.ones_like(r),),
    )
    assert torch.allclose(slope, half.cos())

# The other cut of acosh, below -1, is right on both sides.
for side in (0.0, -0.0):
    mine, seen = slope_along(torch.acosh, complex(-2, side), 1 + 0j)
    assert abs(mine - seen) < 1e-4
