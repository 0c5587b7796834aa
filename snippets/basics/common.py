# --8<-- [start:run]
import math

import torch


def gradient(f, *inputs):
    xs = [torch.as_tensor(x).clone().requires_grad_() for x in inputs]
    grads = torch.autograd.grad(f(*xs).sum(), xs)
    return grads[0] if len(grads) == 1 else grads


x = torch.linspace(-2, 2, 41, dtype=torch.float64)
for f, by_hand in (
    (torch.square, 2 * x),
    (torch.exp, torch.exp(x)),
    (torch.sin, torch.cos(x)),
    (torch.tanh, 1 - torch.tanh(x) ** 2),
):
    g = gradient(f, x)
    torch.testing.assert_close(g, by_hand, rtol=1e-14, atol=1e-14)
    print(f"{f.__name__}: gradient at 2 is {g[-1].item():.6f}")
# --8<-- [end:run]

# --8<-- [start:degrees]
print("sin of 30:", torch.sin(torch.tensor(30.0)).item())
print("gradient: ", gradient(torch.sin, 30.0).item())
# --8<-- [end:degrees]
assert torch.sin(torch.tensor(30.0)) < 0


# --8<-- [start:radians]
def sin_of_degrees(x):
    return torch.sin(torch.deg2rad(x))


g = gradient(sin_of_degrees, 30.0).item()
print(f"sin of 30°: {sin_of_degrees(torch.tensor(30.0)):.3f}")
print(f"gradient:   {g:.6f} for each degree")
# --8<-- [end:radians]
assert math.isclose(g, math.pi / 180 * math.cos(math.pi / 6), rel_tol=1e-6)

# --8<-- [start:pole]
at = torch.tensor(math.pi / 2, dtype=torch.float64)  # 6e-17 beside the pole
print(f"tan:      {torch.tan(at):.3g}")
print(f"gradient: {gradient(torch.tan, at).item():.3g}")
print(f"float32:  {torch.tan(at.float()):.3g}")
# --8<-- [end:pole]
assert torch.tan(at.float()) < 0  # beyond the pole
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    near = at.to(dtype)
    inf = torch.full_like(near, torch.inf)
    for other in (near, near.nextafter(inf), near.nextafter(-inf)):
        g = gradient(torch.tan, other.repeat(33))
        assert torch.tan(other).isfinite()
        assert g.isfinite().all() or dtype is torch.float16
assert gradient(torch.tan, at.half()).isinf()

# --8<-- [start:chain]
# d/dx exp(-x²/2) = exp(-x²/2) · (-x): the outer gradient times the inner one
bell = torch.exp(-x.square() / 2)
chained = gradient(lambda x: torch.exp(-x.square() / 2), x)
torch.testing.assert_close(chained, bell * -x)
# --8<-- [end:chain]
