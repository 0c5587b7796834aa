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

# Figure: Value and slope at the columns -2 to 6 of the row 0, 1, 4, 9. Zeros:
# the value falls to 0 within one column outside, with slope -18, then both are
# 0. Border: the value stays 9, the slope is 0. Reflection: the value comes
# down again, the slope has the other sign.
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
    for step in range(80):
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


# --8<-- [start:fix]
def inside(grid):
    """Look at most up to 0.9, and pass the gradient on all the same."""
    return grid + (grid.clamp(-0.9, 0.9) - grid).detach()


found = register(2.4, "border", inside)
print("border, inside, from 2.4:", found)
# --8<-- [end:fix]
assert found == (0.25, 0)

# --8<-- [start:centre]
for place in (0.99, 1.0, 1.01):
    print(place, "slope", round(sample(place)[1], 3))
# --8<-- [end:centre]
assert sample(1.0)[1] == 6

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

# --8<-- [start:nearest]
for mode in ("bilinear", "nearest", "bicubic"):
    inside, outside = sample(1.25, mode=mode), sample(3.75, mode=mode)
    print(f"{mode:8} inside {inside}, outside {outside}")
value, slope = sample(3.75, mode="bicubic", padding_mode="border")
print(f"bicubic, border: outside {(value, slope)}")
# --8<-- [end:nearest]
assert sample(1.25, mode="nearest")[1] == 0 and slope != 0

# --8<-- [start:nan]
nan = float("nan")
for mode in ("bilinear", "nearest", "bicubic"):
    for padding in ("zeros", "border", "reflection"):
        grid = torch.tensor([[[[nan, 0.0]]]])
        options = {"mode": mode, "padding_mode": padding}
        y = grid_sample(image, grid, align_corners=False, **options)
        print(f"{mode:8} {padding:10} {y.item()}")
# --8<-- [end:nan]
value, slope = sample(nan)
assert value != value and slope == 0

# --8<-- [start:crash]
import subprocess
import sys

program = """
import torch
image = torch.ones(1, 1, 2, 4, requires_grad=True)
grid = torch.full((1, 1, 1, 2), float("nan"))
y = torch.nn.functional.grid_sample(
    image, grid, padding_mode="border", align_corners=False
)
print("forward: ", y.item())
y.sum().backward()
print("backward:", image.grad)
"""
command = [sys.executable, "-u", "-W", "ignore", "-c", program]
done = subprocess.run(command, capture_output=True, text=True)
print(done.stdout, end="")
print("ended by a signal:", done.returncode < 0)
# --8<-- [end:crash]
assert "forward" in done.stdout

# --8<-- [start:nan-fix]
grid = torch.tensor([[[[nan, 0.0], [0.5, 0.0]]]], requires_grad=True)
seen = torch.where(grid.isnan(), 9.0, grid)  # 9: far outside
y = grid_sample(image, seen, padding_mode="zeros", align_corners=False)
(g,) = torch.autograd.grad(y.sum(), grid)
print(y.flatten().tolist(), g.flatten().tolist())
# --8<-- [end:nan-fix]
assert g.isfinite().all()

release = ".".join(torch.__version__.split(".")[:2])
try:
    _, slope = torch.func.jvp(
        lambda grid: grid_sample(image, grid, align_corners=False),
        (torch.zeros(1, 1, 1, 2),),
        (torch.tensor([[[[1.0, 0.0]]]]),),
    )
except NotImplementedError:
    assert release in ("2.13", "2.14")
else:
    assert release != "2.13" and slope.item() == sample(1.5)[1]
try:
    volume, places = torch.ones(1, 1, 2, 2, 2), torch.zeros(1, 1, 1, 1, 3)
    grid_sample(volume, places, mode="bicubic", align_corners=False)
except RuntimeError:
    assert release in ("2.13", "2.14")
else:
    assert release != "2.13"

# --8<-- [start:affine]
theta = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]], requires_grad=True)
for corners in (False, True):
    grid = affine_grid(theta, (1, 1, 2, 3), align_corners=corners)
    (g,) = torch.autograd.grad(grid[0, 0, 2, 0], theta)
    print(f"corners {corners}: x of the last column, by theta", g[0].tolist())
# --8<-- [end:affine]
assert g[0, 0, 0] == 1

# --8<-- [start:errors]
import warnings

grid = torch.zeros(1, 2, 2, 2)
for call in (
    lambda: grid_sample(image, torch.zeros(1, 2, 2, 3)),
    lambda: grid_sample(image, torch.zeros(2, 2, 2, 2)),
    lambda: grid_sample(image, grid, mode="linear"),
    lambda: grid_sample(image, grid, padding_mode="reflect"),
    lambda: grid_sample(image, grid.double()),
    lambda: affine_grid(torch.zeros(1, 3, 3), (1, 1, 3, 3)),
):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            call()
        except (RuntimeError, ValueError) as error:
            print(error)
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    grid_sample(image, grid)
print("Warning:", seen[0].message)
# --8<-- [end:errors]
assert len(seen) == 1

# --8<-- [start:by-hand]
row = torch.tensor([0.0, 1, 4, 9])
place = torch.tensor(1.25, requires_grad=True)
left = int(place.floor())
share = place - left
value = (1 - share) * row[left] + share * row[left + 1]
(slope,) = torch.autograd.grad(value, place)
columns_per_unit = 4 / 2  # the grid is 2 wide, the image 4 columns
print(value.item(), (slope * columns_per_unit).item())
print(*sample(1.25))
# --8<-- [end:by-hand]
assert sample(1.25) == (value.item(), (slope * columns_per_unit).item())

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
lines = text[text.index("- name: grid_sampler_2d(") :].splitlines()
print(lines[0].partition("(")[0], lines[1].partition(" : ")[0], sep="\n")
# --8<-- [end:source]
