"""Nested tensors: parts of their own lengths, padding without a gradient."""

import logging
import warnings

warnings.filterwarnings(
    "ignore", "The PyTorch API of nested tensors is in pro"
)

# A jagged tensor asks whether it is traced, and the question is logged.
logging.getLogger("torch.fx._symbolic_trace").setLevel(logging.ERROR)

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

# The cotangent of the padding is dropped, in both layouts; the parts of
# nested_tensor have no gradient, those of as_nested_tensor have one.
cotangent[0, 1] = float("nan")
for layout in torch.strided, torch.jagged:
    nested = torch.nested.as_nested_tensor([x, y], layout=layout)
    grads = torch.autograd.grad(
        nested.to_padded_tensor(0.0), (x, y), cotangent
    )
    assert [grad.tolist() for grad in grads] == [[1.0], [100.0, 1000.0]]
    assert not torch.nested.nested_tensor([x, y], layout=layout).requires_grad

# A second derivative of what was made jagged raises.
line = torch.arange(1.0, 6.0, requires_grad=True)
grid = torch.arange(8.0).reshape(2, 4).requires_grad_()
offsets, starts = torch.tensor([0, 2, 5]), torch.tensor([0, 1])
lengths = {"lengths": torch.tensor([1, 2])}
mask = grid.detach() % 3 == 0
holes = (
    (line, torch.nested.nested_tensor_from_jagged(line, offsets, **lengths)),
    (grid, torch.nested.narrow(grid, 1, starts, 3, layout=torch.jagged)),
)
jagged = (
    (y, torch.nested.as_nested_tensor([x, y], layout=torch.jagged)),
    (line, torch.nested.nested_tensor_from_jagged(line, offsets)),
    (
        line,
        torch.nested.nested_tensor_from_jagged(line, offsets, max_seqlen=3),
    ),
    (grid, torch.nested.masked_select(grid, mask)),
    *holes,
)
for source, nested in jagged:
    outputs = [nested.values(), torch.cat(nested.unbind())]
    if all(nested is not holed for _, holed in holes):
        outputs.append(nested.to_padded_tensor(0.0))
    for output in outputs:
        squared = (output**2).sum()
        torch.autograd.grad(squared, source, retain_graph=True)
        try:
            (grad,) = torch.autograd.grad(squared, source, create_graph=True)
            assert grad.requires_grad
            grad.sum().backward()
        except (RuntimeError, NotImplementedError):
            continue
        raise AssertionError

# What no row takes: 0 after unbind, and a gradient by values.
for source, nested in holes:
    (grad,) = torch.autograd.grad(torch.cat(nested.unbind()).sum(), source)
    assert (grad == 0).any() and (grad == 1).any()
    (grad,) = torch.autograd.grad(nested.values().sum(), source)
    assert (grad == 1).all()

# claim: of two rows of 4, with starts 0 and 1 and lengths 4 and 3, the first
#   part has 5 entries
long = torch.nested.narrow(
    grid, 1, starts, torch.tensor([4, 3]), layout=torch.jagged
)
assert len(long.unbind()[0]) == 5
