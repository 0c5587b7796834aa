"""A norm with a bias and no weight, and its second derivatives."""

# --8<-- [start:run]
import torch
from torch.nn.functional import layer_norm

x = torch.tensor([[1.0, 3.0], [4.0, 2.0]])
bias = torch.zeros(2, requires_grad=True)
for weight in (None, torch.ones(2)):
    y = layer_norm(x, (2,), weight, bias)
    loss = y.square().sum()
    (first,) = torch.autograd.grad(loss, bias, create_graph=True)
    (second,) = torch.autograd.grad(first[0], bias, allow_unused=True)
    print(second)
# --8<-- [end:run]
from torch.nn.functional import (
    batch_norm,
    dropout,
    grouped_mm,
    instance_norm,
    scaled_dot_product_attention,
)

inf, nan = float("inf"), float("nan")


def penalty(f, *inputs):
    """The second backward pass through all gradients of a function."""
    leaves = [t.detach().clone().requires_grad_() for t in inputs]
    loss = f(*leaves).square().sum()
    grads = torch.autograd.grad(loss, leaves, create_graph=True)
    sum(g.square().sum() for g in grads).backward()


torch.manual_seed(0)
x, three = torch.randn(2, 3, 3), torch.randn(3)
for f in (
    lambda x, b: layer_norm(x, (3,), None, b),
    lambda x, b: batch_norm(x, None, None, None, b, True),
    lambda x, b: instance_norm(x, None, None, None, b),
):
    try:
        penalty(f, x, three)
        raise AssertionError
    except RuntimeError as error:
        assert "Expected a proper Tensor but got None" in str(error)
for f in (
    lambda x, b: layer_norm(x, (3,), torch.ones(3), b),
    lambda x, b: batch_norm(x, None, None, torch.ones(3), b, True),
    lambda x, b: instance_norm(x, None, None, torch.ones(3), b),
):
    penalty(f, x, three)
penalty(lambda x: layer_norm(x, (3,)), x)
# torch.func.hessian with respect to the bias is right without a weight.
for f, rows in (
    (lambda b: layer_norm(x, (3,), None, b), 6),
    (lambda b: batch_norm(x, None, None, None, b, True), 6),
    (lambda b: instance_norm(x, None, None, None, b), 6),
):
    bent = torch.func.hessian(lambda b, f=f: f(b).square().sum())(three)
    assert torch.allclose(bent, 2.0 * rows * torch.eye(3))

# p=1 multiplies by 0.
assert dropout(torch.tensor([1.0, inf]), 1.0).isnan().tolist() == [False, True]

# claim: With a query of NaN in four dimensions and one or two keys
#   scaled_dot_product_attention returns 0 on the CPU, and with 33 keys NaN.
#   The gradient of the query is NaN in both.
avx2 = torch.backends.cpu.get_cpu_capability() == "AVX2"
for dtype, least in (
    (torch.float64, 4),
    (torch.float32, 8),
    (torch.bfloat16, 8),
    (torch.float16, 8),
):
    for keys in (1, 2, *((least - 1, least) if avx2 else ()), 33, 65):
        for mask in (
            None,
            torch.ones(3, keys, dtype=torch.bool),
            torch.zeros(3, keys, dtype=dtype),
        ):
            for dims, p in ((4, 0.0), (4, 0.1), (2, 0.0)):
                query = torch.full((1, 1, 3, 2)[-dims:], nan, dtype=dtype)
                key = torch.ones((1, 1, keys, 2)[-dims:], dtype=dtype)
                query.requires_grad_()
                y = scaled_dot_product_attention(query, key, key, mask, p)
                y.sum().backward()
                assert query.grad.isnan().all()
                if mask is None:
                    causal = scaled_dot_product_attention(
                        query, key, key, None, p, is_causal=True
                    )
                    assert causal.isnan().equal(y.isnan())
                if mask is None and keys < least and dims == 4 and p == 0:
                    assert not y.any()
                else:
                    assert y.isnan().all()

# Other strides, and values of another size, are computed another way.
key = torch.ones(1, 1, 1, 2)
for query, size in (
    (torch.full((1, 1, 2, 3), nan).mT, 2),
    (torch.full((1, 1, 3, 2), nan), 5),
):
    value = torch.ones(1, 1, 1, size)
    assert scaled_dot_product_attention(query, key, value).isnan().all()

# grouped_mm takes no float64, and no cotangent of sum().
a, b = torch.ones(1, 4, 8, requires_grad=True), torch.ones(1, 8, 8)
for cast in (lambda t: t.double(), lambda t: t):
    try:
        grouped_mm(cast(a), cast(b)).sum().backward()
        raise AssertionError
    except RuntimeError as error:
        assert "Float32" in str(error) or "Invalid strides" in str(error)
y = grouped_mm(a, b)
y.backward(torch.ones_like(y))
assert a.grad.eq(8).all()
