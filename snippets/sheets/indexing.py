"""What is read twice gets both gradients; of two on one place one stays."""

# --8<-- [start:run]
import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
y = torch.tensor([7.0, 8.0], requires_grad=True)
twice = torch.tensor([0, 0])

print(torch.autograd.grad(x[twice].sum(), x)[0])

z = x.scatter(0, twice, y)
print(z.detach(), torch.autograd.grad(z.sum(), y)[0])


def total(source):
    return x.detach().scatter(0, twice, source).sum()


print(torch.func.jacfwd(total)(y.detach()))
# --8<-- [end:run]

source = y.detach()

# claim: scatter, put, index_copy and index_put do the same
for write in (
    lambda t: x.detach().scatter(0, twice, t),
    lambda t: x.detach().put(twice, t),
    lambda t: x.detach().index_copy(0, twice, t),
    lambda t: x.detach().index_put((twice,), t),
):
    assert write(source).tolist() == [8.0, 2.0]
    (grad,) = torch.autograd.grad(write(y).sum(), y)
    assert grad.tolist() == [1.0, 1.0]
    forward = [
        torch.func.jvp(write, (source,), (unit,))[1].sum().item()
        for unit in torch.eye(2)
    ]
    assert forward == [0.0, 1.0]

# claim: What these functions overwrite gets the gradient 0, even of an
#   infinite or NaN cotangent.
place, zero = torch.tensor([0]), torch.zeros(1)
for write in (
    lambda t: t.scatter(0, place, 0.0),
    lambda t: t.scatter(0, place, zero),
    lambda t: t.index_fill(0, place, 0.0),
    lambda t: t.index_copy(0, place, zero),
    lambda t: t.index_put((place,), zero),
    lambda t: t.put(place, zero),
):
    for bad in (float("inf"), float("nan")):
        cotangent = torch.tensor([bad, 5.0])
        (grad,) = torch.autograd.grad(write(x), x, cotangent)
        assert grad.tolist() == [0.0, 5.0]

# claim: One index for a source of two entries is an error in the backward
#   pass of scatter and of scatter_add, if the source requires grad
for add in (torch.scatter, torch.scatter_add):
    try:
        add(x, 0, place, y).sum().backward()
    except RuntimeError as error:
        assert "returned an invalid gradient at index 1" in str(error)
    else:
        raise AssertionError("no error")
    torch.autograd.grad(add(x, 0, place, y.detach()).sum(), x)

# claim: so is a negative index of index_fill, if the value does.
for last in (torch.tensor(7.0, requires_grad=True), torch.tensor(7.0), 7.0):
    filled = x.index_fill(0, torch.tensor([-1]), last)
    assert filled.tolist() == [1.0, 7.0]
    try:
        filled.sum().backward()
    except IndexError:
        assert last.requires_grad
    else:
        assert not isinstance(last, torch.Tensor) or not last.requires_grad

# claim: scatter with reduce="add" has no derivative
try:
    x.scatter(0, place, 2.0, reduce="add").sum().backward()
except RuntimeError as error:
    assert str(error) == "derivative for aten::scatter is not implemented"
else:
    raise AssertionError("no error")

# claim: With padding_idx the row is in the output, and its gradient is 0.
table = torch.tensor([[3.0], [4.0]], requires_grad=True)
row = torch.nn.functional.embedding(twice, table, padding_idx=0)
row.sum().backward()
assert row.tolist() == [[3.0], [3.0]]
assert table.grad.tolist() == [[0.0], [0.0]]
