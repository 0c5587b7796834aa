# --8<-- [start:run]
import torch
from torch.nn.functional import silu, softplus, softsign, tanhshrink


def gradient(f, *values):
    x = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    (g,) = torch.autograd.grad(f(x).sum(), x)
    return g


x = torch.linspace(-2, 2, 41, dtype=torch.float64)
s = torch.sigmoid(x)
for f, by_hand in (
    (softplus, s),
    (silu, s + x * s * (1 - s)),
    (softsign, 1 / (1 + x.abs()) ** 2),
    (tanhshrink, torch.tanh(x) ** 2),
):
    g = gradient(f, *x.tolist())
    torch.testing.assert_close(g, by_hand, rtol=1e-13, atol=1e-14)
    print(f"{f.__name__}: gradient at 2 is {g[-1].item():.6f}")
# --8<-- [end:run]

# --8<-- [start:softsign]
inf = float("inf")


def bounded_softsign(x):
    """softsign of real floating-point numbers, with its limit at ±inf."""
    most = torch.finfo(x.dtype).max  # there is no inf / inf below that
    return softsign(x.clamp(-most, most))


print("value:   ", bounded_softsign(torch.tensor([-inf, inf])).tolist())
print("gradient:", gradient(bounded_softsign, 0.0, 1.0, inf).tolist())
# --8<-- [end:softsign]
assert gradient(bounded_softsign, 0.0, 1.0, inf).tolist() == [1, 0.25, 0]
for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
    bits = torch.arange(-(2**15), 2**15).short().view(torch.float16)
    finite = bits[bits.isfinite()].to(dtype) * (
        1e30 if dtype.itemsize > 2 else 1
    )
    values, slopes = (
        (f(finite), torch.func.grad(lambda x, f=f: f(x).sum())(finite))
        for f in (softsign, bounded_softsign)
    )
    assert all(map(torch.equal, values, slopes))
    x = torch.tensor([-inf, inf, 0.0, 1.0, -3.0, 6e4, inf], dtype=dtype)
    x[-1] = torch.nan
    x.requires_grad_()
    y = bounded_softsign(x)
    (g,) = torch.autograd.grad(y.sum(), x)
    assert y[:2].tolist() == [-1, 1] and g[:2].tolist() == [0, 0]
    assert torch.equal(y[2:6], softsign(x)[2:6]) and y[6].isnan()
    assert g[2:4].tolist() == [1, 0.25]
# claim: 0 for finite inputs from 33,554,432 = 2²⁵ on.
x = torch.logspace(25, 127.99, 9999, base=2.0)
x = torch.cat([x, torch.arange(2.0**25, 2.0**25 + 4000, 4), -x])
x = torch.cat([x, torch.tensor([torch.finfo(x.dtype).max])])
x.requires_grad_()
(g,) = torch.autograd.grad(softsign(x).sum(), x)
assert x.isfinite().all() and not g.any()

# --8<-- [start:infinite]
for f in (
    torch.tanh,
    softsign,
    tanhshrink,
):
    value = f(torch.tensor(inf, dtype=torch.float64)).item()
    print(f"{f.__name__}(inf) = {value}, gradient", gradient(f, inf).item())
# --8<-- [end:infinite]
assert gradient(softsign, inf).isnan().all()
assert gradient(tanhshrink, inf).item() == 1
