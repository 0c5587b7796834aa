"""Sparse layouts: a negative dim, entries that are not stored, Hessians."""

import warnings

# --8<-- [start:run]
import torch


def grad_of(function, *entries):
    """The gradient of the sum of what a function returns."""
    x = torch.tensor([[*entries]], requires_grad=True)
    (grad,) = torch.autograd.grad(function(x).sum(), x)
    return grad.tolist()


def softmax(dim):
    return lambda x: torch.sparse.softmax(x.to_sparse(), dim).to_dense()


print("softmax, dim=1 ", grad_of(softmax(1), 1.0, 1.0))
print("softmax, dim=-1", grad_of(softmax(-1), 1.0, 1.0))
print("to_dense       ", grad_of(lambda x: x.to_sparse().to_dense(), 3.0, 0.0))
# --8<-- [end:run]


# --8<-- [start:hessian]
def cubes(values):
    """The cubes of values at the places 0 and 1 of a sparse vector."""
    places = torch.tensor([[0, 1]])
    vector = torch.sparse_coo_tensor(
        places, values, (2,), check_invariants=True
    )
    return (vector.to_dense() ** 3).sum()


values = torch.tensor([3.0, 1.0])
print("Hessian", torch.autograd.functional.hessian(cubes, values).tolist())
# --8<-- [end:hessian]
lost = torch.autograd.functional.hessian(cubes, values)
assert lost.eq(0).all()


def cubes_first(values):
    """The same number, from cubes that are put at their places."""
    places = torch.tensor([[0, 1]])
    vector = torch.sparse_coo_tensor(
        places, values**3, (2,), check_invariants=True
    )
    return vector.to_dense().sum()


assert cubes_first(values) == cubes(values)
kept = torch.autograd.functional.hessian(cubes_first, values)
assert kept.equal(torch.diag(6 * values))

# By hand: a penalty alone raises, and beside the loss it has no gradient.
leaf = values.clone().requires_grad_()
loss = cubes(leaf)
(grad,) = torch.autograd.grad(loss, leaf, create_graph=True)
assert torch.equal(grad, 3 * values**2) and not grad.requires_grad
try:
    grad.square().sum().backward()
except RuntimeError as error:
    assert "element 0 of tensors does not require grad" in str(error)
else:
    raise AssertionError
(loss + grad.square().sum()).backward()
assert torch.equal(leaf.grad, 3 * values**2)


# --8<-- [start:instead]
def kept(x):
    return x.to_sparse().to_dense(masked_grad=False)


def dense_cubes(values, *places):
    at = (torch.tensor(places),)
    vector = values.new_zeros(2).index_put(at, values, accumulate=True)
    return (vector**3).sum()


last = grad_of(lambda x: softmax(x.ndim - 1)(x), 1.0, 1.0)
print("softmax ", last)
print("to_dense", grad_of(kept, 3.0, 0.0))
hessian = torch.autograd.functional.hessian(
    lambda values: dense_cubes(values, 0, 1), values
)
print("Hessian ", hessian.tolist())
# --8<-- [end:instead]
assert last == [[0.0, 0.0]]
assert torch.equal(hessian, torch.diag(6 * values))


# In float64 too, and with two values at one place: of (3 + 1)³.
def at_one_place(values):
    return dense_cubes(values, 0, 0)


one = torch.autograd.functional.hessian(at_one_place, values.double())
assert torch.equal(one, torch.full((2, 2), 6.0 * (3 + 1), dtype=torch.float64))
places = torch.tensor([[0, 0]])
added = torch.sparse_coo_tensor(places, values, (2,), check_invariants=True)
assert torch.equal((added.to_dense() ** 3).sum(), at_one_place(values))

# Every dimension that is counted from the end, for tensors of 1 to 3
# dimensions: the gradient is that of rows of one entry each.
generator = torch.Generator().manual_seed(0)
for shape in (3,), (2, 3), (3, 2, 2):
    x = torch.randn(shape, generator=generator, dtype=torch.float64)
    v = torch.randn(shape, generator=generator, dtype=torch.float64)
    x.requires_grad_()
    for dim in range(len(shape)):
        for sparse, dense in (
            (torch.sparse.softmax, torch.softmax),
            (torch.sparse.log_softmax, torch.log_softmax),
        ):
            y = dense(x, dim)
            (right,) = torch.autograd.grad(y, x, v)
            positive = sparse(x.to_sparse(), dim).to_dense()
            (grad,) = torch.autograd.grad(positive, x, v)
            assert torch.allclose(grad, right)
            negative = sparse(x.to_sparse(), dim - len(shape)).to_dense()
            assert torch.allclose(negative, y)
            (grad,) = torch.autograd.grad(negative, x, v)
            p = torch.softmax(x, dim)
            alone = v - p * v
            if sparse is torch.sparse.softmax:
                alone = p * alone
            assert torch.allclose(grad, alone)
            assert not torch.allclose(grad, right)

# An entry that is not stored counts as −inf, and its output is 0.
row = torch.tensor([[3.0, 0.0, 1.0]], dtype=torch.float64)
without = torch.softmax(torch.tensor([3.0, 1.0], dtype=torch.float64), 0)
for sparse, expected in (
    (torch.sparse.softmax, without),
    (torch.sparse.log_softmax, without.log()),
):
    found = sparse(row.to_sparse(), 1).to_dense()[0]
    assert torch.allclose(found[[0, 2]], expected) and found[1] == 0

warnings.filterwarnings("ignore", "Sparse .* tensor support is in beta")

# What to_dense masks, a product with a dense matrix does not.
x = torch.tensor([[3.0, 0.0], [1.0, 2.0]], requires_grad=True)
y = torch.tensor([[1.0, 2.0], [3.0, 5.0]])
(right,) = torch.autograd.grad((x @ y).sum(), x)
for product in x.to_sparse() @ y, x.to_sparse_csr() @ y:
    (grad,) = torch.autograd.grad(product.sum(), x)
    assert torch.equal(grad, right)

# With a sparse one the row of zeros has the gradient 0.
x = torch.tensor([[3.0, 0.0], [0.0, 0.0]], requires_grad=True)
for other in (y, y.to_sparse()):
    product = x.to_sparse() @ other
    product = product.to_dense() if other.is_sparse else product
    (grad,) = torch.autograd.grad(product.sum(), x)
    assert grad[1].any() != other.is_sparse

# --8<-- [start:missing]
with torch.sparse.check_sparse_tensor_invariants():
    mask = torch.eye(2).to_sparse(layout=torch.sparse_csc)
x = torch.ones(2, 2, requires_grad=True)
calls = {
    "a mask in CSC": lambda: x.sparse_mask(mask).to_dense(),
    "three dimensions": lambda: (
        x.expand(2, 2, 2).to_sparse(layout=torch.sparse_csc).to_dense()
    ),
}
errors = []
for name, call in calls.items():
    output = call()
    try:
        output.sum().backward()
    except RuntimeError as error:
        errors.append(str(error))
        print(f"{name}: {error}")
# --8<-- [end:missing]
assert len(errors) == len(calls)

# The same in each compressed layout; masked_grad=False helps to_sparse.
x = torch.tensor([[3.0, 0.0], [1.0, 2.0]], requires_grad=True)
blocks = torch.sparse_bsr, torch.sparse_bsc
for layout in torch.sparse_csr, torch.sparse_csc, *blocks:
    block = (1, 1) if layout in blocks else None
    mask = torch.eye(2).to_sparse(layout=layout, blocksize=block)
    cube = x.expand(2, 2, 2).to_sparse(layout=layout, blocksize=block)
    for output in x.sparse_mask(mask).to_dense(), cube.to_dense():
        try:
            output.sum().backward()
        except RuntimeError:
            continue
        raise AssertionError
    for sparse, copies in (
        (cube, 2),
        (x.to_sparse(layout=layout, blocksize=block), 1),
    ):
        dense = sparse.to_dense(masked_grad=False)
        (grad,) = torch.autograd.grad(dense.sum(), x)
        assert torch.equal(grad, torch.full((2, 2), float(copies)))
