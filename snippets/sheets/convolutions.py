"""The gradient of a convolution is the transposed one; two empty batches."""

# --8<-- [start:run]
import torch
from torch.nn.functional import conv1d, conv_transpose1d

x = torch.tensor([[[1.0, 2.0, 3.0, 4.0, 5.0]]], requires_grad=True)
w = torch.tensor([[[1.0, 10.0]]])
y = conv1d(x, w, stride=3)
y.sum().backward()
print(y.detach().tolist())
print(x.grad.tolist())
print(conv_transpose1d(torch.ones_like(y), w, stride=3).tolist())
# --8<-- [end:run]
from torch.nn.functional import (
    fold,
    interpolate,
    pixel_shuffle,
    pixel_unshuffle,
    unfold,
)


def gradient(f, *inputs):
    leaves = [t.detach().clone().requires_grad_() for t in inputs]
    return torch.autograd.grad(f(*leaves).sum(), leaves)


# claim: output_padding makes room for entries behind the last window
torch.manual_seed(0)
for length in (5, 6, 7):
    for stride in (1, 2, 3):
        x = torch.randn(1, 1, length)
        (grad,) = gradient(lambda x, s=stride: conv1d(x, w, stride=s), x)
        y = conv1d(x, w, stride=stride)
        behind = (length - 2) % stride
        turned = conv_transpose1d(
            torch.ones_like(y), w, stride=stride, output_padding=behind
        )
        assert torch.allclose(grad, turned)

# claim: their gradient is the same at every input
torch.manual_seed(0)
numbers = [torch.randn(2, 4, 1, 3), torch.full((2, 4, 1, 3), torch.nan)]
for f in (
    lambda x: unfold(x, (1, 2)),
    lambda x: fold(x.flatten(1)[:, :8].reshape(2, 4, 2), (1, 3), (1, 2)),
    lambda x: pixel_shuffle(x, 2),
    lambda x: interpolate(x, scale_factor=1.5, mode="bilinear"),
):
    some, others = (gradient(f, x)[0] for x in numbers)
    assert torch.equal(some, others)

# An empty batch has an empty gradient here; the weight has zeros.
for f, x, weight in (
    (conv1d, (0, 2, 3), (3, 2, 2)),
    (conv_transpose1d, (0, 2, 3), (2, 3, 2)),
    (torch.nn.functional.conv3d, (0, 2, 1, 1, 3), (3, 2, 1, 1, 2)),
):
    empty, zeros = gradient(f, torch.zeros(x), torch.ones(weight))
    assert empty.shape == x and not zeros.any()
for f, shape in (
    (pixel_shuffle, (0, 4, 1, 1)),
    (pixel_unshuffle, (0, 1, 2, 2)),
):
    try:
        gradient(lambda x, f=f: f(x, 2), torch.zeros(shape))
        raise AssertionError
    except RuntimeError:
        pass
