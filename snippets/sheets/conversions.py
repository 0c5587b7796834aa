"""Conversions that keep the gradient, that cut it, and that change a leaf."""

import warnings

# --8<-- [start:run]
import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
loss = (x * x).sum()
torch.asarray(x, requires_grad=False)
loss.backward()
print(x.requires_grad, x.grad)

x = torch.tensor([1.0, 2.0], requires_grad=True)
torch.dequantize(x)
try:
    (x * x).sum().backward()
except RuntimeError as error:
    print(error)
print(x.is_leaf)
# --8<-- [end:run]
assert not x.is_leaf


def leaf(dtype=torch.float32):
    return torch.tensor([1.0, 2.0], dtype=dtype, requires_grad=True)


# claim: a loss that was computed before adds nothing to x.grad.
x = leaf()
x.sum().backward()
loss = (x * x).sum()
torch.asarray(x, requires_grad=False)
loss.backward()
assert x.grad.tolist() == [1, 1]

# A copy, another dtype and an intermediate result leave the argument alone.
for more in ({"copy": True}, {"dtype": torch.float64}):
    x = leaf()
    assert not torch.asarray(x, requires_grad=False, **more).requires_grad
    assert x.requires_grad
x = leaf() * 1
assert not torch.asarray(x, requires_grad=False).requires_grad
assert x.requires_grad
x = leaf()
assert torch.asarray(x, requires_grad=True) is x and x.requires_grad
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    assert torch.asarray(x) is x and x.requires_grad
said = str(caught[0].message)
assert "requires_grad now defaults to obj.requires_grad" in said
assert not x.detach().requires_grad and x.requires_grad
cast = torch.asarray(x, dtype=torch.float64, requires_grad=True)
assert cast.grad_fn is not None
for dtype in (torch.float64, torch.bfloat16, torch.float16):
    x = leaf(dtype)
    y = torch.dequantize(x)
    assert x.is_leaf and y.dtype == torch.float32

# Of a leaf that does not require grad there is nothing to lose; a loss that
# was computed before is lost. A cast has a gradient.
x = leaf().detach()
assert torch.dequantize(x) is x and x.is_leaf
with torch.no_grad():
    x = leaf()
    assert torch.dequantize(x) is x and x.is_leaf
x = leaf()
loss = (x * x).sum()
assert torch.dequantize(x) is x and not x.is_leaf
try:
    loss.backward()
except RuntimeError as error:
    assert "leaf variable has been moved into the graph interior" in str(error)
else:
    raise AssertionError
for dtype in (torch.float32, torch.float64, torch.bfloat16, torch.float16):
    x = leaf(dtype)
    (grad,) = torch.autograd.grad(x.float().sum(), x)
    assert grad.tolist() == [1, 1] and grad.dtype == dtype

# A gradient is rounded to the dtype of the output; integers have none.
x = leaf()
(grad,) = torch.autograd.grad((x.type(torch.float16).float() * 1e-9).sum(), x)
assert grad.tolist() == [0, 0] and grad.dtype == torch.float32
assert not x.type(torch.int64).requires_grad

# The second argument of type_as has no gradient.
x, like = leaf(torch.float64), leaf()
grads = torch.autograd.grad(
    x.type_as(like).sum(), (x, like), allow_unused=True
)
assert grads[0].tolist() == [1, 1] and grads[1] is None

# as_tensor and asarray of a list read the numbers, and cut the graph.
for function in (torch.as_tensor, torch.asarray):
    numbers = [leaf().detach()[0], leaf().detach()[1]]
    assert not function(numbers).requires_grad
assert torch.as_tensor(x) is x

# as_subclass is another object with the same numbers, and no leaf.
y = x.as_subclass(torch.Tensor)
assert not y.is_leaf and y.data_ptr() == x.data_ptr()

# What copy_ overwrites has the gradient 0; in a leaf it raises.
try:
    x.copy_(torch.zeros(2))
except RuntimeError as error:
    assert "a leaf Variable that requires grad" in str(error)
else:
    raise AssertionError
