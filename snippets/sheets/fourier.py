"""Fourier transforms are linear: the gradient is the same at every input."""

# --8<-- [start:run]
import torch

x = torch.tensor([3.0, -1.0, 2.0, 0.5], requires_grad=True)
power = torch.fft.rfft(x).abs().square()
power.sum().backward()
print(power.detach())
print(x.grad)
# --8<-- [end:run]

spectrum = torch.fft.rfft(x.detach(), norm="backward")
assert torch.allclose(power.detach(), spectrum.abs() ** 2)
assert not torch.allclose(x.grad, 8 * x.detach())

# The adjoint of fft is n times ifft, that of ifft is fft divided by n.
torch.manual_seed(0)
for n in (1, 3, 6, 17):
    for there, back, factor in (
        (torch.fft.fft, torch.fft.ifft, n),
        (torch.fft.ifft, torch.fft.fft, 1 / n),
    ):
        leaf = torch.randn(n, dtype=torch.complex128, requires_grad=True)
        cotangent = torch.randn(n, dtype=torch.complex128)
        (grad,) = torch.autograd.grad(there(leaf), leaf, cotangent)
        assert torch.allclose(grad, factor * back(cotangent))
        output = there(leaf, norm="ortho")
        (grad,) = torch.autograd.grad(output, leaf, cotangent)
        assert torch.allclose(grad, back(cotangent, norm="ortho"))

# The adjoint of rfft is n times irfft of one and two numbers, not of more.
torch.manual_seed(0)
for n in (1, 2, 3, 4, 17):
    leaf = torch.randn(n, dtype=torch.float64, requires_grad=True)
    cotangent = torch.randn(n // 2 + 1, dtype=torch.complex128)
    (grad,) = torch.autograd.grad(torch.fft.rfft(leaf), leaf, cotangent)
    back = torch.fft.irfft(cotangent, n=n)
    assert torch.allclose(grad, n * back) == (n < 3)
    assert not torch.allclose(grad, back) or n == 1

# The imaginary part at 0, and at n/2 for an even n, changes no output.
for n, ignored in ((4, [True, False, True]), (5, [True, False, False])):
    for k, is_ignored in enumerate(ignored):
        imaginary = torch.zeros(3, dtype=torch.float64)
        imaginary[k] = float("nan")
        changed = torch.complex(torch.ones_like(imaginary), imaginary)
        changed.requires_grad_()
        output = torch.fft.irfft(changed, n=n)
        assert output.isfinite().all() == is_ignored
        weights = torch.arange(1.0, n + 1, dtype=torch.float64)
        (grad,) = torch.autograd.grad(output, changed, weights)
        assert (grad.imag[k] == 0) == is_ignored

# The frequencies between 0 and n/2 count twice, the ends once.
half = torch.zeros(3, dtype=torch.complex128, requires_grad=True)
(grad,) = torch.autograd.grad(torch.fft.irfft(half, n=4)[0], half)
assert torch.allclose(grad.real * 4, torch.tensor([1.0, 2.0, 1.0]).double())
