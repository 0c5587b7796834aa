"""The gradient of a factorization: what divides by 0, and what is read."""

import warnings

warnings.simplefilter("ignore")  # some functions here are deprecated

# --8<-- [start:run]
import torch

x = torch.tensor([[3.0, 0.0], [0.0, 1.0]], requires_grad=True)
torch.manual_seed(0)
u, s, v = torch.pca_lowrank(x)
s[0].backward()
print(f"{s[0]:.4f}", x.grad)

x.grad = None
s = torch.linalg.svdvals(x - x.mean(0))
s[0].backward()
print(f"{s[0]:.4f}", x.grad)
# --8<-- [end:run]

torch.manual_seed(1)
kinds = []
for _ in range(200):
    x = torch.randn(2, 2, requires_grad=True)
    exact = torch.linalg.svdvals(x - x.mean(0))[0]
    (wanted,) = torch.autograd.grad(exact, x)  # its norm is at most 1
    (one,) = torch.autograd.grad(torch.pca_lowrank(x, q=1)[1][0], x)
    assert torch.allclose(one, wanted, atol=1e-3)
    (grad,) = torch.autograd.grad(torch.pca_lowrank(x)[1][0], x)
    off = (grad - wanted).abs().max()
    kinds.append("NaN" if off.isnan() else "off" if off > 1000 else "")
    kinds.append("right" if off < 1e-3 else "")
assert {"NaN", "off", "right"} <= set(kinds)

# An upper triangular matrix is its own R; next to it a sign turns.
upper = torch.tensor([[2.0, 1.0], [0.0, 4.0]], dtype=torch.float64)
assert torch.linalg.qr(upper).R.equal(upper)
near = upper + torch.tensor([[0.0, 0.0], [1e-9, 0.0]])
assert torch.linalg.qr(near).R[0, 0].round() == -2

# What is above the diagonal is not read, and changes the gradient.
gradients = []
for above in (0.0, 7.0):
    factor = torch.tensor([[1.0, above], [2.0, 1.0]], requires_grad=True)
    inverse = torch.cholesky_inverse(factor)
    assert torch.allclose(inverse, torch.tensor([[5.0, -2.0], [-2.0, 1.0]]))
    inverse.sum().backward()
    gradients.append(factor.grad[1, 1].round().item())
    assert factor.grad[0, 1].round() == (-120 if above else 6)
assert gradients == [-2.0, 40.0]
factor = torch.tensor([[1.0, 7.0], [2.0, 1.0]], requires_grad=True)
column = torch.ones(2, 1)
torch.cholesky_solve(column, factor).sum().backward()
assert factor.grad.round().tolist() == [[-6.0, -120.0], [2.0, 40.0]]
# claim: Without upper=True, torch.cholesky_inverse and torch.cholesky_solve do
#   not read what is above the diagonal, and with it not what is below. Their
#   backward pass multiplies by it, and returns a gradient for it.
for function in (
    torch.cholesky_inverse,
    lambda factor, upper=False: torch.cholesky_solve(column, factor, upper),
):
    for unread in (0.0, 7.0):
        factor = torch.tensor([[1.0, unread], [2.0, 1.0]])
        results = []
        for upper in (False, True):
            leaf = (factor.T if upper else factor).clone().requires_grad_()
            half = leaf.triu() if upper else leaf.tril()
            value = function(leaf, upper=upper)
            assert torch.allclose(value, function(half, upper=upper))
            (grad,) = torch.autograd.grad(value.sum(), leaf)
            results.append(grad.T if upper else grad)
        assert torch.allclose(*results)
        wanted = [[-6.0, -120.0], [2.0, 40.0]]
        wanted = wanted if unread else [[-6.0, 6.0], [2.0, -2.0]]
        assert results[0].round().tolist() == wanted
for above in (0.0, 7.0):  # upper=True reads what is above
    factor = torch.tensor([[1.0, above], [2.0, 1.0]])
    upper_half = factor.triu()
    inverse = torch.cholesky_inverse(factor, upper=True)
    assert torch.allclose(inverse, torch.linalg.inv(upper_half.T @ upper_half))


# Equal eigenvalues: lobpcg has a value, and raises or has a gradient.
def largest_twice(*diagonal, start=None):
    x = torch.diag(torch.tensor(diagonal, dtype=torch.float64) / 2)
    if start is None:
        start = torch.eye(3, dtype=torch.float64)[:, :1].clone()
    x.requires_grad_()
    values, _ = torch.lobpcg(x + x.mT, X=start, tol=1e-12, niter=30)
    assert abs(values.item() - diagonal[0]) < 1e-9
    return torch.autograd.grad(values.sum(), x)[0]


assert largest_twice(4.0, 4.0, 1.0).diagonal().tolist() == [2, 0, 0]
for diagonal in ((2.0, 2.0, 0.0), (0.0, 0.0, 0.0)):
    try:
        largest_twice(*diagonal)
        raise AssertionError
    except torch.linalg.LinAlgError as error:
        assert "cholesky" in str(error)
torch.manual_seed(0)
raised = 0
for _ in range(20):
    start = torch.randn(3, 1, dtype=torch.float64)
    try:
        largest_twice(4.0, 4.0, 1.0, start=start)
    except torch.linalg.LinAlgError as error:
        assert "cholesky" in str(error)
        raised += 1
assert 0 < raised < 20


# Forward mode follows the iteration: from the eigenvector it returns 0.
def projector(x, start):
    start = torch.tensor(start, dtype=x.dtype).unsqueeze(1)
    _, u = torch.lobpcg(x + x.mT, X=start, tol=1e-12, niter=30)
    return u @ u.mT


x = torch.diag(torch.tensor([3.0, 1.0, 0.5], dtype=torch.float64))
tangent = torch.ones_like(x)
for start in ([1.0, 0.0, 0.0], [1.0, 1.0, 1.0]):
    _, slope = torch.func.jvp(
        lambda x, start=start: projector(x, start), (x,), (tangent,)
    )
    step = 1e-6 * tangent
    seen = (projector(x + step, start) - projector(x - step, start)) / 2e-6
    assert slope.any() == (start[1] == 1)
    assert torch.allclose(slope, seen, atol=1e-6) == (start[1] == 1)

# The polar factor H is unique where x loses rank: its first row and its
# first column have slopes there, and the gradient is NaN.
if hasattr(torch.linalg, "polar"):
    x = torch.tensor([[3.0, 0.0], [0.0, 0.0]], dtype=torch.float64)
    for place in ((0, 0), (0, 1), (1, 0)):
        for i in range(4):
            step = torch.zeros(4, dtype=x.dtype)
            step[i] = 1e-6
            right, left = (
                torch.linalg.polar(x + sign * step.view(2, 2)).H[place]
                for sign in (1, -1)
            )
            at = torch.linalg.polar(x).H[place]
            assert abs((right - at) - (at - left)) < 1e-11
    for matrix in (x, torch.zeros_like(x)):
        for i in range(4):
            leaf = matrix.clone().requires_grad_()
            entry = torch.linalg.polar(leaf).H.flatten()[i]
            assert torch.autograd.grad(entry, leaf)[0].isnan().all()


# --8<-- [start:errors]
tall = torch.eye(3, 2, requires_grad=True)
square = torch.eye(2, requires_grad=True)
pivots = torch.tensor([1, 2], dtype=torch.int32)
for function in (
    lambda: torch.linalg.qr(square, mode="r").R,
    lambda: torch.linalg.qr(tall, mode="complete").R,
    lambda: torch.geqrf(square).a,
    lambda: torch.linalg.ldl_factor(square).LD,
    lambda: torch.linalg.ldl_solve(square, pivots, square),
):
    try:
        function().sum().backward()
    except RuntimeError as error:
        print(error)
# --8<-- [end:errors]


def message(function, x):
    """What the backward pass raises."""
    try:
        function(x.clone().requires_grad_()).sum().backward()
    except RuntimeError as error:
        return str(error)
    return ""


for x in (tall.detach(), square.detach(), tall.detach().T):
    text = message(lambda x: torch.linalg.qr(x, "r").R, x)
    assert text.startswith(
        "The derivative of linalg.qr depends on Q, which is"
    )
    text = message(lambda x: torch.linalg.qr(x, "complete").R, x)
    assert bool(text) == (len(x) > x.shape[1])
