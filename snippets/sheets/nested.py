"""Nested tensors: parts of their own lengths, padding without a gradient."""

import warnings

warnings.filterwarnings(
    "ignore", "The PyTorch API of nested tensors is in pro"
)

# --8<-- [start:run]
import torch

x = torch.tensor([1.0], requires_grad=True)
y = torch.tensor([2.0, 3.0], requires_grad=True)

padded = torch.nested.as_nested_tensor([x, y]).to_padded_tensor(float("nan"))
print(padded.tolist())
cotangent = torch.tensor([[1.0, 10.0], [100.0, 1000.0]])
of_x, of_y = torch.autograd.grad(padded, (x, y), cotangent)
print(of_x.tolist(), of_y.tolist())

copied = torch.nested.nested_tensor([x, y]).to_padded_tensor(0.0)
print(copied.requires_grad)
# --8<-- [end:run]
assert of_x.tolist() == [1.0] and of_y.tolist() == [100.0, 1000.0]
assert not copied.requires_grad

# A tensor that is two parts gets the sum of their places.
twice = torch.nested.as_nested_tensor([y, y]).to_padded_tensor(0.0)
(grad,) = torch.autograd.grad(twice, y, cotangent)
assert grad.tolist() == [101.0, 1010.0]
