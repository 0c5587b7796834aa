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
    # from 1e30 on it is 1 in every bit; there is no inf / inf below that
    return softsign(x.clamp(-1e30, 1e30))


print("value:   ", bounded_softsign(torch.tensor([-inf, inf])).tolist())
print("gradient:", gradient(bounded_softsign, 0.0, 1.0, inf).tolist())
# --8<-- [end:softsign]
assert gradient(bounded_softsign, 0.0, 1.0, inf).tolist() == [1, 0.25, 0]

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
