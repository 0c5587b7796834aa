# --8<-- [start:last-two]
import torch

x = torch.tensor([0.0, 0.25, 4.0], requires_grad=True)
(g,) = torch.autograd.grad((x.clamp(max=1) ** 0.5).sum(), x)
print(g.tolist())
# --8<-- [end:last-two]
assert g.tolist() == [float("inf"), 1, 0]

# --8<-- [start:pipeline]
from torch.nn.functional import affine_grid, conv2d, grid_sample


def shift(x, columns):
    """Move an image to the right, by 0.3 columns for example."""
    zero, one = torch.zeros_like(columns), torch.ones_like(columns)
    step = -2 * columns / x.shape[3]  # an image is 2 wide, from -1 to 1
    theta = torch.stack([one, zero, step, zero, one, zero]).view(1, 2, 3)
    grid = affine_grid(theta, x.shape, align_corners=False)
    return grid_sample(x, grid, padding_mode="border", align_corners=False)


def blur(x):
    row = torch.tensor([1.0, 2, 1]) / 4
    return conv2d(x, torch.outer(row, row)[None, None], padding=1)


def pipeline(x, columns, gamma):
    x = blur(shift(x, columns))
    x = (1.5 * x).clamp(max=1)  # more light, and what is too bright is cut
    return x**gamma


def square(ground):
    x = torch.full((1, 1, 12, 12), ground)
    x[0, 0, 3:9, 2:9] = 1
    return x.requires_grad_()


x = square(0.04)
columns = torch.tensor(1.5, requires_grad=True)
gamma = torch.tensor(0.5, requires_grad=True)
y = pipeline(x, columns, gamma)
light = y[..., 6:].sum()  # how much light is in the right half?
dx, dc, dg = torch.autograd.grad(light, (x, columns, gamma))
print(f"per column {dc.item():.2f}, per unit of gamma {dg.item():.2f}")
# --8<-- [end:pipeline]
assert dc > 0 and dg < 0


# --8<-- [start:trap]
def recover(pipeline, steps):
    """Find the shift 1.7 and the gamma 0.5 that made a picture."""
    ramp = torch.zeros(1, 1, 12, 12)
    ramp[0, 0, 3:9, 2:8] = torch.linspace(0.1, 0.6, 6)
    wanted = pipeline(ramp, torch.tensor(1.7), torch.tensor(0.5))
    columns = torch.tensor(0.3, requires_grad=True)
    gamma = torch.tensor(1.2, requires_grad=True)
    adam = torch.optim.Adam([columns, gamma], lr=0.1)
    for step in range(steps):
        adam.zero_grad()
        loss = ((pipeline(ramp, columns, gamma) - wanted) ** 2).sum()
        loss.backward()
        adam.step()
    return columns.item(), gamma.item()


for steps in (1, 2, 3):
    found, power = recover(pipeline, steps)
    print(f"after {steps}: shift {found:.2f}, gamma {power:.2f}")
# --8<-- [end:trap]
assert found != found


# --8<-- [start:fix]
def safe(x, columns, gamma):
    x = blur(shift(x, columns))
    x = (1.5 * x).clamp(1e-4, 1)  # never 0: no infinite slope
    return x**gamma


for steps in (3, 30, 120):
    found, power = recover(safe, steps)
    print(f"after {steps}: shift {found:.2f}, gamma {power:.2f}")
# --8<-- [end:fix]
assert abs(found - 1.7) < 0.005 and abs(power - 0.5) < 0.005
edge = torch.tensor([0.0, 5e-5, 1.01e-4, 0.1, 1], requires_grad=True)
(g,) = torch.autograd.grad((edge.clamp(1e-4, 1) ** 0.5).sum(), edge)
assert not g[:2].any() and 49 < g.max() < 50

# Figure: Three pictures of 12 by 12 squares. Input: a bright square on a dark
# ground. Output: the square further to the right, with soft edges, on a
# lighter ground. Gradient: nothing on the left and inside the square, strong
# on the ground above and below it, weak to its right.
# --8<-- [start:picture]
import matplotlib.pyplot as plt


def picture(ax, image, title):
    """The stronger a square, the larger the number. Red: below 0."""
    image, gap = image / image.abs().max(), float("nan")
    for color, side in ("C0", image), ("C1", -image):
        for level in (1, 2, 3, 4):
            row, col = torch.where((4 * side).round() == level)
            xs = [end for c in col for end in (c - 0.45, c + 0.45, gap)]
            ys = row.repeat_interleave(3)
            ax.plot(
                xs, ys, color, alpha=level / 4, lw=7.4, solid_capstyle="butt"
            )
    height, width = image.shape
    ax.set(xlim=(-1, width), ylim=(height, -1), aspect="equal")
    ax.set_title(title, size=11)
    ax.set(xticks=[], yticks=[])


fig, axes = plt.subplots(ncols=3, figsize=(4.8, 2.0))
picture(axes[0], x.detach()[0, 0], "input")
picture(axes[1], y.detach()[0, 0], "output")
picture(axes[2], dx[0, 0], "gradient")
plt.show()
# --8<-- [end:picture]
assert (dx[0, 0, 5:7, 4:7].abs() < 1e-5).all() and dx[0, 0, 5, 9] > 0.1
assert dx[0, 0, 3:9].max() < 1.2 < dx[0, 0, [0, 1, 10, 11], 4:9].min()

# --8<-- [start:clamp]
bright = 1.5 * blur(shift(x, columns))
print("cut:   ", (bright[0, 0, 5] > 1).int().tolist())
print("no use:", (dx[0, 0, 5].abs() < 1e-5).int().tolist())
# --8<-- [end:clamp]
spread = square(0.04)
(seen,) = torch.autograd.grad(blur(shift(spread, columns))[0, 0, 5, 6], spread)
assert (seen[0, 0] != 0).any(dim=0).sum() == 4
kept = (bright[0, 0, 5] <= 1) & (torch.arange(12) >= 6)  # what the loss sees
for column in range(11):  # the last one is shifted out of the image
    lost = not kept[column : column + 4].any()
    assert lost == (dx[0, 0, 5, column].abs() < 1e-5)

# --8<-- [start:black]
for ground in (1e-2, 1e-6, 0.0):
    x = square(ground)
    light = pipeline(x, columns, gamma)[..., 6:].sum()
    dx, dc, dg = torch.autograd.grad(light, (x, columns, gamma))
    print(f"{ground}: largest gradient of a pixel {dx.max().item():.0f}")
print(f"per column {dc.item()}, per unit of gamma {dg.item():.2f}")
# --8<-- [end:black]
assert dc.isnan() and dg.isfinite() and dx.isinf().any()
# The cotangent 0, a weight of 0 in the shift, the slope 0 of equal pixels.
for right, lost in ((6, True), (0, False)):
    x = square(0.0)
    shifted = shift(x, columns)
    bright = 1.5 * blur(shifted)
    light = (bright.clamp(max=1) ** gamma)[..., right:].sum()
    b, s, p, c = torch.autograd.grad(light, (bright, shifted, x, columns))
    assert b.isnan().any() == s.isnan().any() == lost
    assert b.isinf().any() and p.isnan().any() and c.isnan()

# --8<-- [start:order]
for name, f in {
    "power, then clamp(0, 1)": lambda x: (x**0.5).clamp(0, 1),
    "clamp(0, 1), then power": lambda x: x.clamp(0, 1) ** 0.5,
}.items():
    p = torch.tensor([-0.25, 0.25, 4], requires_grad=True)
    (g,) = torch.autograd.grad(f(p).sum(), p)
    print(name, (g + 0).tolist())
# --8<-- [end:order]
assert (g + 0).tolist() == [0, 1, 0]
black = torch.tensor(0.0, requires_grad=True)
(g,) = torch.autograd.grad(black.clamp(0, 1) ** 0.5, black)
release = ".".join(torch.__version__.split(".")[:2])
assert g == (float("inf") if release == "2.13" else 0)

# --8<-- [start:bytes]
y = pipeline(square(0.04), columns, gamma)
stored = (255 * y).round() / 255
(dc,) = torch.autograd.grad(stored[..., 6:].sum(), columns)
print("per column, after rounding to bytes:", dc.item() + 0)
# --8<-- [end:bytes]
assert dc == 0

# --8<-- [start:transposed]
x = square(0.04)
shifted = shift(x, columns)
bright = 1.5 * blur(shifted)
y = bright.clamp(max=1) ** gamma
v = torch.zeros_like(y)
v[..., 6:] = 1

with torch.no_grad():
    back = v * gamma * bright.clamp(max=1) ** (gamma - 1)  # power
    back = 1.5 * torch.where(bright > 1, 0, back)  # clamp, light
    back = blur(back)  # the kernel is symmetric: blur is its own transpose
_, transpose = torch.func.vjp(lambda x: shift(x, columns.detach()), x)
(by_hand,) = transpose(back)
(dx,) = torch.autograd.grad(y, x, v)
torch.testing.assert_close(by_hand, dx)
# --8<-- [end:transposed]
