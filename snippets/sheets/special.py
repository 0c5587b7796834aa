"""Functions of torch.special that cut the graph, and where the others fail."""

# --8<-- [start:run]
import torch

x = torch.tensor(0.5, requires_grad=True)
y = torch.special.chebyshev_polynomial_t(x, 2)
print(y, y.requires_grad)

(y + x).backward()
print(x.grad)
# --8<-- [end:run]

polynomials = [n for n in dir(torch.special) if "_polynomial_" in n]
assert len(polynomials) == 12
half = torch.tensor(0.5, requires_grad=True)
for name in polynomials:
    assert not getattr(torch.special, name)(half, 2).requires_grad
others = (
    "airy_ai",
    "spherical_bessel_j0",
    "scaled_modified_bessel_k0",
    "scaled_modified_bessel_k1",
)
for name in others:
    assert not getattr(torch.special, name)(half).requires_grad

release = tuple(map(int, torch.__version__.split(".")[:2]))
bessel = [f"bessel_{n}" for n in ("j0", "j1", "y0", "y1")]
bessel += [f"modified_bessel_{n}" for n in ("i0", "i1", "k0", "k1")]
for name in bessel:
    output = getattr(torch.special, name)(half)
    assert output.requires_grad == (release >= (2, 15))

# I1 is finite at 710: e to the 710, over the root of 2 pi 710, nearly.
large = torch.tensor(710.0, dtype=torch.float64, requires_grad=True)
(grad,) = torch.autograd.grad(torch.special.i1(large), large)
assert grad.isnan()
for name in ("i0", "i1", "modified_bessel_i0", "modified_bessel_i1"):
    assert getattr(torch.special, name)(large.detach()).isinf()
scaled = torch.special.i1e(large.detach()).log() + 710
assert abs((scaled / torch.tensor(10.0).log()).item() - 306.5239) < 1e-3
