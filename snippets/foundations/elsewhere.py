# --8<-- [start:length]
import torch
from torch.nn.functional import binary_cross_entropy, elu


def gradient(f, x):
    x = x.detach().requires_grad_()
    return torch.autograd.grad(f(x).sum(), x)[0]


for entries in (1, 3, 33, 1001):
    g = gradient(elu, torch.full((entries,), torch.nan))
    print(f"{entries:4} entries: NaN in {int(g.isnan().sum()):4} gradients")
# --8<-- [end:length]
assert not gradient(elu, torch.full((3,), torch.nan)).isnan().any()
assert gradient(elu, torch.full((1001,), torch.nan)).isnan().sum() > 900

# --8<-- [start:dtype]
for dtype in (torch.float32, torch.float16):
    p, y = torch.zeros(1, dtype=dtype), torch.ones(1, dtype=dtype)
    g = gradient(lambda p, y=y: binary_cross_entropy(p, y), p)
    print(dtype, g.item())
# --8<-- [end:dtype]
assert g.item() == -torch.inf

# --8<-- [start:fix-nan]
x = torch.full((3,), torch.nan)
print("gradient is finite:", gradient(elu, x).isfinite().all().item())
print("value is finite:   ", elu(x).isfinite().all().item())
# --8<-- [end:fix-nan]

# --8<-- [start:fix-half]
z = torch.tensor([-20.0], dtype=torch.float16)  # logits
y = torch.ones(1)
bce = torch.nn.functional.binary_cross_entropy_with_logits
print(gradient(lambda z: bce(z.float(), y), z))
# --8<-- [end:fix-half]
assert gradient(lambda z: bce(z.float(), y), z).dtype == torch.float16

# --8<-- [start:missing]
try:
    torch.special.ndtri(torch.tensor(0.5, dtype=torch.float16))
except NotImplementedError as error:
    print(error)
# --8<-- [end:missing]
