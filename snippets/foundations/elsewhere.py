# --8<-- [start:length]
import torch
from torch.nn.functional import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    elu,
)


def gradient(f, *inputs):
    xs = [torch.as_tensor(x).clone().requires_grad_() for x in inputs]
    grads = torch.autograd.grad(f(*xs).sum(), xs)
    return grads[0] if len(grads) == 1 else grads


for entries in (1, 3, 33, 1001):
    g = gradient(elu, torch.full((entries,), torch.nan))
    print(f"{entries:4} entries: NaN in {int(g.isnan().sum()):4} gradients")
g = gradient(lambda x: elu(x[::2]), torch.full((2002,), torch.nan))
print(f"1001 with gaps: NaN in {int(g.isnan().sum()):4} gradients")
# --8<-- [end:length]
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
for dtype in dtypes:
    for entries in (1, 2, 3):
        x = torch.full((entries,), torch.nan, dtype=dtype)
        assert (gradient(elu, x) == 1).all()
    # two vectors of AVX-512 hold 64 numbers of 16 bits
    for entries in (65, 1001, 4099):
        x = torch.full((entries,), torch.nan, dtype=dtype)
        assert gradient(elu, x).isnan().sum() > entries / 2
        wide = torch.full((2 * entries,), torch.nan, dtype=dtype)
        assert (gradient(lambda x: elu(x[::2]), wide)[::2] == 1).all()


# --8<-- [start:dtype]
y = torch.ones(1)
for dtype in (torch.float32, torch.float16):
    p = torch.zeros(1, dtype=dtype)
    g = gradient(lambda p: binary_cross_entropy(p, y.to(p.dtype)), p)
    print(dtype, g.item())
# --8<-- [end:dtype]
assert g.item() == -torch.inf

# --8<-- [start:fix-nan]
x = torch.full((3,), torch.nan)
print("gradient is finite:", gradient(elu, x).isfinite().all().item())
print("value is finite:   ", elu(x).isfinite().all().item())
# --8<-- [end:fix-nan]
for dtype in dtypes:
    for entries in (1, 3, 33, 1001):
        assert (
            elu(torch.full((entries,), torch.nan, dtype=dtype)).isnan().all()
        )

# --8<-- [start:fix-half]
z = torch.tensor([-20.0], dtype=torch.float16)  # logits
for name, loss in {
    "sigmoid, then the loss": lambda z: binary_cross_entropy(
        z.sigmoid(), y.half()
    ),
    "p.float()             ": lambda z: binary_cross_entropy(
        z.sigmoid().float(), y
    ),
    "logits                ": lambda z: binary_cross_entropy_with_logits(
        z.float(), y
    ),
}.items():
    print(name, loss(z).item(), gradient(loss, z).item())
# --8<-- [end:fix-half]
assert z.sigmoid() == 0 and z.bfloat16().sigmoid() > 0
for dtype in dtypes:
    for value in (-20.0, -200.0, -2e4, 0.0, 3.0, -torch.inf, torch.inf):
        z = torch.tensor([value], dtype=dtype)
        g = gradient(loss, z)
        assert g.dtype == dtype
        want = torch.sigmoid(z.double()) - 1
        torch.testing.assert_close(g.double(), want, atol=2e-3, rtol=1e-2)

# --8<-- [start:missing]
try:
    torch.special.ndtri(torch.tensor(0.5, dtype=torch.float16))
except NotImplementedError as error:
    print(error)
# --8<-- [end:missing]
