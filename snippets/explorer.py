"""What the explorer shows at one point, by hand."""

# --8<-- [start:point]
import torch

kink = torch.tensor(0.0, dtype=torch.float64)
places = {
    "one float to the left": torch.nextafter(kink, kink - 1),
    "at the kink": kink,
    "one float to the right": torch.nextafter(kink, kink + 1),
}
slopes = []
for name, x in places.items():
    x.requires_grad_()
    torch.abs(x).backward()
    slopes.append(x.grad.item())
    print(f"{name:22}  gradient {x.grad.item():+g}")

assert slopes == [-1, 0, 1]
# --8<-- [end:point]
