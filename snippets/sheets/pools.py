"""A pool of norm 1 is a sum, but the gradient of a sum of 0 or NaN is 0."""

# --8<-- [start:run]
import torch
from torch.nn.functional import lp_pool1d

for row in ([1.0, -2.0], [1.0, -1.0]):
    x = torch.tensor([row], requires_grad=True)
    y = lp_pool1d(x, 1.0, 2)
    y.sum().backward()
    print(y.item(), x.grad.tolist())
# --8<-- [end:run]
from torch.nn.functional import avg_pool1d, lp_pool2d, lp_pool3d

# What is a sum of 0 in other sizes and dtypes.
for dtype in (torch.float64, torch.float32):
    for value in (0.3, 1.0, 7.0):
        x = torch.tensor([[[[value, -value]]]], dtype=dtype)
        for f, window in (
            (lp_pool1d, 2),
            (lp_pool2d, (1, 2)),
            (lp_pool3d, (1, 1, 2)),
        ):
            leaf = (x[0] if f is lp_pool1d else x).clone().requires_grad_()
            f(leaf, 1.0, window).sum().backward()
            assert not leaf.grad.any()
    leaf = torch.tensor([[1.0, float("nan")]], dtype=dtype, requires_grad=True)
    lp_pool1d(leaf, 1.0, 2).sum().backward()
    assert not leaf.grad.any()

# avg_pool1d times the size of the window is that sum, with its gradient.
x = torch.tensor([[1.0, -1.0]], requires_grad=True)
y = 2 * avg_pool1d(x, 2)
y.sum().backward()
assert y.item() == 0 and x.grad.tolist() == [[1, 1]]

# claim: A window that ceil_mode=True cuts off counts with its full size
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    x = torch.tensor([[1.0, 2.0, 3.0]], dtype=dtype, requires_grad=True)
    y = lp_pool1d(x, 1.0, 2, ceil_mode=True)
    y.sum().backward()
    assert y.tolist() == [[3, 6]] and x.grad.tolist() == [[1, 1, 2]]
