"""Products: what 0 times infinity, alpha, beta and a sparse layout do."""

import warnings

# --8<-- [start:run]
import torch

inf, nan = float("inf"), float("nan")


def both(f, *entries):
    """The value of f, and the gradient with respect to each argument."""
    leaves = [torch.as_tensor(e, dtype=torch.float64) for e in entries]
    value = f(*[leaf.requires_grad_() for leaf in leaves])
    grads = torch.autograd.grad(value.sum(), leaves)
    return value.tolist(), *[g.tolist() for g in grads]


x, y, w = [[1.0]], [[inf]], [[3.0]]
print("alpha=0", *both(lambda x, y, w: torch.addmm(x, y, w, alpha=0), x, y, w))
x, y = [[nan]], [[2.0]]
print("beta=0 ", *both(lambda x, y, w: torch.addmm(x, y, w, beta=0), x, y, w))
x, y = [[0.0, 1.0]], [[5.0], [2.0]]
print("dense  ", *both(torch.mm, x, y))
print("sparse ", *both(lambda x, y: torch.sparse.mm(x.to_sparse(), y), x, y))
# --8<-- [end:run]
dense = both(torch.mm, x, y)
assert both(lambda x, y: x.to_sparse() @ y, x, y) == dense

depths = {
    torch.addmm: (2, 2, 2),
    torch.addmv: (1, 2, 1),
    torch.addbmm: (2, 3, 3),
    torch.baddbmm: (3, 3, 3),
    torch.addr: (2, 1, 1),
}


def of_one_entry(function, dtype, x, y, w, **weights):
    """Value and gradients of a sum with a product, each of one entry."""
    leaves = [
        torch.full((1,) * depth, e, dtype=dtype, requires_grad=True)
        for e, depth in zip((x, y, w), depths[function], strict=True)
    ]
    value = function(*leaves, **weights)
    grads = torch.autograd.grad(value.sum(), leaves)
    return [found.item() for found in (value, *grads)]


# claim: The value of baddbmm and addr of one entry is NaN.
full = torch.float32, torch.float64
for dtype in (*full, torch.float16, torch.bfloat16):
    for function in depths:
        for bad in inf, -inf, nan:
            found = of_one_entry(function, dtype, bad, 2.0, 3.0, beta=0)
            assert found == [6.0, 0.0, 3.0, 2.0], (function, found)
            value, of_x, of_y, of_w = of_one_entry(
                function, dtype, 1.0, bad, 3.0, alpha=0
            )
            assert of_x == 1.0 and of_y == 0.0 and of_w != of_w
            if function in (torch.baddbmm, torch.addr) or dtype not in full:
                assert value != value
            else:
                assert value == 1.0

# The value is the first argument in larger tensors too.
for dtype in full:
    for n in (2, 3, 17, 33):
        square, row = torch.ones(n, n, dtype=dtype), torch.ones(n, dtype=dtype)
        bad = torch.full((n, n), inf, dtype=dtype)
        for function, first, *factors in (
            (torch.addmm, square, bad, square),
            (torch.addmm, square, square, bad),
            (torch.addmv, row, bad, row),
            (torch.addbmm, square, bad[None], square[None]),
        ):
            assert function(first, *factors, alpha=0).equal(first)

# What a COO or CSR matrix does not store gets 0 from torch.sparse.mm alone.
warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")
for layout in torch.sparse_coo, torch.sparse_csr:
    for product, wanted in (
        (lambda x, y: torch.sparse.mm(x, y), [[0.0, 2.0]]),
        (lambda x, y: x @ y, [[5.0, 2.0]]),
    ):
        _, grad, _ = both(
            lambda x, y, f=product, to=layout: f(x.to_sparse(layout=to), y),
            x,
            y,
        )
        assert grad == wanted

# --8<-- [start:missing]
sparse = torch.eye(2).to_sparse().requires_grad_()
dense = torch.ones(2, 2, requires_grad=True)
missing = {
    "hspmm": lambda: torch.hspmm(sparse, dense),
    "smm": lambda: torch.smm(sparse, dense),
    "sspaddmm": lambda: torch.sspaddmm(sparse, sparse, dense),
}
errors = []
for name, product in missing.items():
    try:
        product().to_dense().sum().backward()
    except RuntimeError as error:
        errors.append(str(error))
        print(f"{name:8} {error}")
# --8<-- [end:missing]
assert len(errors) == len(missing)
assert all("is not implemented" in error for error in errors)
