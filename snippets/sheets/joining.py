"""A tensor that was joined to others gets its part of the cotangent."""

# --8<-- [start:run]
import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
y = torch.tensor([3.0], requires_grad=True)
weight = torch.tensor([10.0, 20.0, 30.0, 40.0, 50.0])

(torch.cat((x, y, x)) * weight).sum().backward()
print(x.grad, y.grad)

grid, _ = torch.meshgrid(x, torch.zeros(3), indexing="ij")
(grad,) = torch.autograd.grad(grid.sum(), x)
print(grad)
# --8<-- [end:run]

# claim: An infinite or NaN cotangent of such padding does not reach the tensor
for mode in (torch.float16, torch.float32, torch.float64):
    part = torch.ones(2, dtype=mode, requires_grad=True)
    padded = torch.nn.functional.pad(part, (1, 2), value=7.0)
    cotangent = torch.tensor([float("inf"), 1, 1, float("nan"), 1], dtype=mode)
    padded.backward(cotangent)
    assert part.grad.tolist() == [1.0, 1.0]

pad_sequence = torch.nn.utils.rnn.pad_sequence
short = torch.ones(1, requires_grad=True)
pad_sequence([x, short], batch_first=True).backward(
    torch.tensor([[1.0, 1.0], [1.0, float("nan")]])
)
assert short.grad.tolist() == [1.0]
for mode in ("reflect", "replicate", "circular"):
    part = torch.ones(1, 3, requires_grad=True)
    padded = torch.nn.functional.pad(part, (1, 1), mode=mode)
    padded.backward(torch.tensor([[float("inf"), 1, 1, 1, 1]]))
    assert part.grad.isinf().any()

# claim: a tensor without entries has a gradient without entries
empty = torch.zeros(0, requires_grad=True)
torch.cat((x, empty)).sum().backward()
assert empty.grad.shape == (0,)

# claim: unpad_sequence without batch_first=True transposes its input in place
unpad_sequence = torch.nn.utils.rnn.unpad_sequence
steps = torch.ones(3, 2)
unpad_sequence(steps, torch.tensor([3, 1]))
assert steps.shape == (2, 3)
try:
    unpad_sequence(torch.ones(3, 2, requires_grad=True), torch.tensor([3, 1]))
except RuntimeError as error:
    assert "a leaf Variable that requires grad" in str(error)
else:
    raise AssertionError("no error")
