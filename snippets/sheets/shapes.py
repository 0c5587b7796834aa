"""A number that is copied gets the sum of the gradients of its copies."""

# --8<-- [start:run]
import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
x.expand(3, 2).sum().backward()
print(x.grad)

x.grad = None
loss = (x.half().float() * 1e-9).sum()  # 1e-9 is 0 in float16
loss.backward()
print(loss.detach(), x.grad)
# --8<-- [end:run]

# claim: below about 3e-8 a gradient that passes through float16 becomes 0
for scale, is_zero in ((2.9e-8, True), (3.1e-8, False)):
    (grad,) = torch.autograd.grad((x.half().float() * scale).sum(), x)
    assert (grad == 0).all() == is_zero

# claim: A conversion to a floating dtype has the slope 1, although rounding
#   is a staircase; integers have no gradient.
for dtype in (torch.float16, torch.bfloat16, torch.float64):
    (grad,) = torch.autograd.grad(x.to(dtype).sum(), x)
    assert grad.tolist() == [1.0, 1.0]
for dtype in (torch.int64, torch.int8, torch.bool):
    assert not x.to(dtype).requires_grad

# claim: In float16, 1e5 is infinite, and the gradient is 1.
big = torch.tensor(1e5, requires_grad=True)
half = big.half()
half.backward()
assert half.isinf() and big.grad == 1.0
assert big.bfloat16() == 99840.0
# A float64 is rounded twice: just above a tie, and yet to the even number.
for dtype, bits in ((torch.float16, 11), (torch.bfloat16, 8)):
    above = torch.tensor(1 + 2.0**-bits + 2.0**-40, dtype=torch.float64)
    assert above.to(dtype) == 1 and above.to(torch.float32).to(dtype) == 1

# claim: Of a matrix torch.t(x), x.T and x.mT have one gradient,
#   the transpose.
matrix = torch.zeros(2, 3, requires_grad=True)
cotangent = torch.arange(6.0).view(3, 2)
for turned in (torch.t(matrix), matrix.t(), matrix.T, matrix.mT, matrix.H):
    (grad,) = torch.autograd.grad(turned, matrix, cotangent)
    assert grad.tolist() == [[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]]

# claim: view(dtype) reads the memory as another dtype: its output does not
#   require grad.
pair = torch.tensor([1.0, 2.0], requires_grad=True)
assert not pair.view(torch.complex64).requires_grad
assert not pair.view(torch.int32).view(torch.float32).requires_grad
assert torch.view_as_complex(pair).requires_grad
