"""Functions of a matrix: half precision, and two without backward."""

import warnings

warnings.simplefilter("ignore")  # a deprecated function is called

# --8<-- [start:run]
import torch

x = torch.eye(2) / 2
print(torch.linalg.matrix_exp(x))
print(torch.linalg.matrix_exp(x.half()))
print(torch.linalg.matrix_exp(x.half().float()).half())
# --8<-- [end:run]

ONE = torch.ones(2, dtype=torch.float64)
for dtype, entry in (torch.float16, -21040), (torch.bfloat16, -1.3e30):
    bad = torch.linalg.matrix_exp((torch.eye(2) / 2).to(dtype))
    assert torch.allclose(bad.diagonal().double() / entry, ONE, rtol=5e-3)
    x = (torch.eye(2) / 2).to(dtype).requires_grad_()
    torch.linalg.matrix_exp(x).sum().backward()
    assert x.grad.diagonal().isnan().all()  # 1.65 in float32


def raised(function, x):
    x = x.clone().requires_grad_()
    try:
        function(x).sum().backward()
    except RuntimeError as error:
        return str(error)
    return ""


IN_PLACE = "has been modified by an inplace operation"
inf = float("inf")
for dtype in (torch.float32, torch.float64):
    square = torch.tensor([[2.0, 1.0], [0.0, 1.0]], dtype=dtype)
    for p in ("fro", 1, -1, inf, -inf):
        assert IN_PLACE in raised(
            lambda x, p=p: torch.linalg.cond(x, p), square
        )
    for p in (None, 2, -2, "nuc"):
        assert not raised(lambda x, p=p: torch.linalg.cond(x, p), square)
    for n in (3, 4):
        ladder = torch.arange(1, n + 1).to(dtype)
        assert IN_PLACE in raised(torch.vander, ladder)
        assert not raised(torch.linalg.vander, ladder)
        # claim: torch.linalg.vander(x).flip(-1) has the same value for a
        #   vector of 3 or 4, and a gradient.
        leaf = ladder.clone().requires_grad_()
        same = torch.linalg.vander(leaf).flip(-1)
        assert torch.vander(ladder).equal(same.detach())
        same.sum().backward()
        slopes = sum(k * ladder ** (k - 1) for k in range(1, n))
        assert torch.allclose(leaf.grad, slopes)

# claim: From two columns on, the backward pass of torch.vander raises
for entries in (2, 3, 4, 5):
    for columns in (2, 3, 5):
        for increasing in (False, True):
            assert IN_PLACE in raised(
                lambda x, n=columns, up=increasing: torch.vander(x, n, up),
                torch.linspace(0.5, 2, entries),
            )

# The condition number by hand, where PyTorch cannot differentiate its own.
one = torch.tensor([[2.0, 1.0], [0.0, 1.0]])
batch = torch.stack([one, one.T, one + 1])
for x in (one, batch, one.double(), torch.tensor([[3.0]])):
    x = x.clone().requires_grad_()
    for p in ("fro", 1, -1, inf, -inf):
        norms = [
            torch.linalg.matrix_norm(m, p) for m in (x, torch.linalg.inv(x))
        ]
        number = norms[0] * norms[1]
        assert torch.allclose(number, torch.linalg.cond(x.detach(), p))
        (grad,) = torch.autograd.grad(number.sum(), x)
        assert grad.isfinite().all()
