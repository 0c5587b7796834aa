# --8<-- [start:run]
import torch
from torch.nn.functional import affine_grid, grid_sample

image = torch.tensor([[0.0, 1, 4, 9]]).expand(1, 1, 2, 4)


def sample(place, **options):
    """Value and slope at a column, 0 to 3, between the two equal rows."""
    grid_x = torch.tensor((2 * place + 1) / 4 - 1, requires_grad=True)
    grid = torch.stack([grid_x, torch.zeros(())]).view(1, 1, 1, 2)
    y = grid_sample(image, grid, align_corners=False, **options)
    (slope,) = torch.autograd.grad(y.sum(), grid_x)
    return y.item(), slope.item() + 0


places = (0.5, 1.5, 2.5, 3.25, 3.75, 5.0)
print("place        ", *(f"{place:6.2f}" for place in places))
for mode in ("zeros", "border", "reflection"):
    slopes = [sample(place, padding_mode=mode)[1] for place in places]
    print(f"{mode:10} slope", *(f"{slope:6.1f}" for slope in slopes))
# --8<-- [end:run]
assert slopes == [2, 6, 10, 0, 0, -10]
assert sample(5.0)[1] == sample(5.0, padding_mode="border")[1] == 0
for place in (4.0, 4.5, 5.25, 6.5, 7.75, 9.5, 12.0, -1.25, -2.0, -7.0):
    assert sample(place)[1] == sample(place, padding_mode="border")[1] == 0
assert (
    sample(3.99)[1] == -18 and sample(4.0, padding_mode="reflection")[1] == 0
)
rows = torch.tensor([[0.0, 1, 4, 9], [1, 2, 5, 16]])[None, None]
for padding, wanted in ("zeros", 0), ("border", 7):  # outside in x alone
    beyond = torch.tensor([[[[2.0, 0.1]]]], requires_grad=True)
    y = grid_sample(rows, beyond, padding_mode=padding, align_corners=False)
    (g,) = torch.autograd.grad(y.sum(), beyond)
    assert g.flatten().tolist() == [0, wanted]


def mirrored(place):
    """The zigzag with mirrors at -0.5 and 3.5, and its slope."""
    turns, rest = divmod(place + 0.5, 4)
    return (rest - 0.5, 1) if turns % 2 == 0 else (3.5 - rest, -1)


for place in (-7.25, -3.75, -2.5, -1.25, 4.25, 5.5, 6.75, 8.5, 9.5, 11.25):
    at, sign = mirrored(place)
    slope = sample(place, padding_mode="reflection")[1]
    assert abs(slope - sign * sample(at)[1] * (0 < at < 3)) < 1e-4
for place in (3.25, 3.75, 7.25, 7.75, -0.25, -0.75, 11.75):
    assert sample(place, padding_mode="reflection")[1] == 0


# --8<-- [start:trap]
r = torch.arange(16.0) - 7.5
scene = torch.exp(-(r[:, None] ** 2 + r**2) / 18)[None, None]  # a bump


def window(x, padding_mode, look=lambda grid: grid):
    """The scene through a window that is moved to the right by x."""
    zero, one = torch.zeros(()), torch.ones(())
    theta = torch.stack([one, zero, x, zero, one, zero]).view(1, 2, 3)
    grid = look(affine_grid(theta, scene.shape, align_corners=False))
    return grid_sample(
        scene, grid, padding_mode=padding_mode, align_corners=False
    )


def register(start, *how):
    """Find the place 0.25 that a window was taken at."""
    wanted = window(torch.tensor(0.25), *how)
    x = torch.tensor(start, requires_grad=True)
    for step in range(140):
        loss = ((window(x, *how) - wanted) ** 2).sum()
        (g,) = torch.autograd.grad(loss, x)
        x = (x - 0.01 * g).detach().requires_grad_()
    return round(x.item(), 2), round(loss.item(), 2)


print("                        place, loss")
ends = {}
for mode in ("zeros", "border", "reflection"):
    for start in (1.0, 2.4):
        ends[mode] = register(start, mode)
        print(f"{mode:10} from {start}:", ends[mode])
# --8<-- [end:trap]
assert ends["zeros"][0] == ends["border"][0] == 2.4
for mode in ends:
    assert register(1.0, mode) == (0.25, 0)


# --8<-- [start:fix]
def inside(grid, image):
    """Look up to the outer pixel centers, and pass the gradient on.

    For finite grids in float32 or float64, images of 2 × 2 pixels or more,
    and align_corners=False.
    """
    most = 1 - 1.01 / grid.new_tensor(image.shape[:1:-1])  # width, height
    return grid.clamp(-most, most).detach() + (grid - grid.detach())


for start in (2.4, -2.4):
    found = register(start, "border", lambda grid: inside(grid, scene))
    print(f"border, inside, from {start}:", found)
# --8<-- [end:fix]
assert found[1] > 25
sharp, ends = scene, {}
for sigma in (1, 3):
    near = torch.arange(-3.0 * sigma, 3 * sigma + 1)
    weights = torch.exp(-(near**2) / (2 * sigma**2))
    weights = torch.outer(weights, weights) / weights.sum() ** 2
    padded = torch.nn.functional.pad(sharp, (3 * sigma,) * 4, "replicate")
    scene = torch.nn.functional.conv2d(padded, weights[None, None])
    ends[sigma] = register(-2.4, "border", lambda grid: inside(grid, sharp))
scene = sharp
assert ends[3] == (0.25, 0) and ends[1][1] > 25
torch.manual_seed(0)
for size in (2, 4, 7, 16, 224):
    row = (torch.arange(float(size)) ** 2).expand(1, 1, 2, size)
    far = torch.tensor([2.4, 0.0], requires_grad=True)
    place = inside(far.view(1, 1, 1, 2), row)
    y = grid_sample(row, place, padding_mode="border", align_corners=False)
    (g,) = torch.autograd.grad(y.sum(), far)
    wanted = (2 * size - 3) * size / 2  # of the last two pixels
    torch.testing.assert_close(g[0].item(), wanted, rtol=1e-3, atol=0)
    noise = torch.rand(1, 1, size, size)
    same = affine_grid(
        torch.eye(3)[None, :2], noise.shape, align_corners=False
    )
    y = grid_sample(noise, inside(same, noise), align_corners=False)
    assert (y - noise).abs().max() < 0.02
solid = torch.rand(1, 1, 3, 4, 5)
most = inside(torch.full((1, 1, 1, 1, 3), 1e30), solid).flatten()
torch.testing.assert_close(most, 1 - 1.01 / torch.tensor([5.0, 4.0, 3.0]))

# Figure: Value and slope at the columns -2 to 6 of the row 0, 1, 4, 9. Zeros:
# the value falls to 0 within one column outside, with slope -18, then both are
# 0. Border: the value stays 9, the slope is 0. Reflection: the value stays 9
# for one column and comes down again, with a slope of the other sign.
# --8<-- [start:picture]
import matplotlib.pyplot as plt

fig, axes = plt.subplots(2, sharex=True, figsize=(4.8, 4.2))
on = [column / 4 for column in range(-8, 25)]
between = [place + 0.125 for place in on]  # off the kinks
for mode, line in ("zeros", "-"), ("border", "--"), ("reflection", ":"):
    values = [sample(place, padding_mode=mode)[0] for place in on]
    slopes = [sample(place, padding_mode=mode)[1] for place in between]
    axes[0].plot(on, values, line, label=mode)
    axes[1].plot(between, slopes, line, drawstyle="steps-mid")
axes[0].plot([0, 1, 2, 3], image[0, 0, 0], "o", color="k")
axes[0].set_ylabel("value")
axes[0].legend()
axes[1].set(xlabel="column", ylabel="slope for grid x")
plt.show()
# --8<-- [end:picture]

# --8<-- [start:border]
for mode in ("zeros", "border", "reflection"):
    first, last = (sample(place, padding_mode=mode)[1] for place in (0.0, 3.0))
    print(f"{mode:10} at the first column {first}, at the last {last}")
# --8<-- [end:border]
assert first == last == 0 and sample(3.0)[1] == -18

# --8<-- [start:corners]
ramp = torch.arange(5.0).expand(1, 1, 5, 5)
theta = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]])  # the identity
grid = affine_grid(theta, (1, 1, 5, 5), align_corners=True)
grid.requires_grad_()
for mode in ("zeros", "border", "reflection"):
    y = grid_sample(ramp, grid, padding_mode=mode, align_corners=True)
    (g,) = torch.autograd.grad(y.sum(), grid)
    print(f"{mode:10}", (g[0, 2, :, 0] + 0).tolist())
# --8<-- [end:corners]
assert (g[0, 2, :, 0] + 0).tolist() == [0, 2, 2, 2, 0]

# --8<-- [start:beyond]
image_grad = image.clone().requires_grad_()
grid = torch.tensor([[[[3.0, 0.0]]]])
for mode in ("zeros", "border", "reflection"):
    y = grid_sample(image_grad, grid, padding_mode=mode, align_corners=False)
    (g,) = torch.autograd.grad(y.sum(), image_grad)
    print(f"{mode:10} value {y.item()}, pixels {g[0, 0, 0].tolist()}")
# --8<-- [end:beyond]
assert g.sum() == 1
