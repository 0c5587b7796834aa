"""What a function leaves out, or overwrites, has the gradient 0."""

# --8<-- [start:run]
import torch

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = torch.tensor([7.0, 8.0])

z = torch.as_strided_scatter(x, y, (2,), (1,))
(wrong,) = torch.autograd.grad(z.sum(), x)
z = torch.slice_scatter(x, y, 0, 0, 2)
(right,) = torch.autograd.grad(z.sum(), x)
print(z.detach(), wrong, right)

windows = x.unfold(0, 2, 1)
print(windows.detach(), torch.autograd.grad(windows.sum(), x)[0])
# --8<-- [end:run]

# claim: Forward mode of both functions gives 0, 0 and 1.
ones = torch.ones(3)
for function in (
    lambda t: torch.as_strided_scatter(t, y, (2,), (1,)),
    lambda t: torch.slice_scatter(t, y, 0, 0, 2),
):
    _, tangent = torch.func.jvp(function, (x.detach(),), (ones,))
    assert tangent.tolist() == [0.0, 0.0, 1.0]
assert right.tolist() == [0.0, 0.0, 1.0] and wrong.tolist() == [1.0, 1.0, 0.0]

# Beyond its input as_strided has no gradient.
outside = x[:1].as_strided((3,), (1,))
assert outside.tolist() == x.tolist()
(grad,) = torch.autograd.grad(outside.sum(), x)
assert grad.tolist() == [1.0, 0.0, 0.0]
