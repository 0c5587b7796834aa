# --8<-- [start:center]
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


for place in (0.99, 1.0, 1.01):
    print(place, "slope", round(sample(place)[1], 3))
# --8<-- [end:center]
assert sample(1.0)[1] == 6

torch.manual_seed(0)
# claim: With bilinear the slope jumps at each pixel center, and there PyTorch
#   returns the one to the right, but 0 on the first and the last column
#   with border and reflection.
for size in (4, 8, 32):  # powers of two: the places are exact
    for dtype in (torch.float64, torch.float32):
        row = torch.rand(size, dtype=dtype)
        at = (2 * torch.arange(1, size - 1, dtype=dtype) + 1) / size - 1
        grid = torch.stack([at, 0 * at], -1)[None, None].requires_grad_()
        for mode, slope in (
            ("bilinear", row[2:] - row[1:-1]),
            ("bicubic", 0.75 * (row[2:] - row[:-2])),
            ("nearest", 0 * row[2:]),
        ):
            y = grid_sample(
                row.view(1, 1, 1, -1), grid, mode, align_corners=False
            )
            (g,) = torch.autograd.grad(y.sum(), grid)
            torch.testing.assert_close(g[0, 0, :, 0], slope * size / 2)
        at = (2 * torch.arange(size, dtype=dtype) + 1) / size - 1
        grid = torch.stack([at, 0 * at], -1)[None, None].requires_grad_()
        right = row[1:] - row[:-1]
        for padding in ("zeros", "border", "reflection"):
            y = grid_sample(
                row.view(1, 1, 1, -1),
                grid,
                padding_mode=padding,
                align_corners=False,
            )
            (g,) = torch.autograd.grad(y.sum(), grid)
            slope = torch.cat([right, -row[-1:]])
            if padding != "zeros":
                slope[0] = slope[-1] = 0
            torch.testing.assert_close(g[0, 0, :, 0], slope * size / 2)
for mode in ("bilinear", "bicubic", "nearest"):
    for padding in ("zeros", "border"):
        for place in (-20.0, -2.51, 5.51, 9.0, 1e6):
            options = {"mode": mode, "padding_mode": padding}
            assert abs(sample(place, **options)[1]) < 1e-5
assert sample(4.9, mode="bicubic")[1] != 0 == sample(5.0, mode="bicubic")[1]
edge = {"mode": "bicubic", "padding_mode": "border"}
assert sample(3.9, **edge)[1] != 0 == sample(4.0, **edge)[1]


# --8<-- [start:identity]
start = torch.eye(3)[None, :2]
for width in (32, 224):
    grid = affine_grid(start, (1, 1, 1, width), align_corners=False)
    place = ((grid[..., 0] + 1) * width - 1) / 2
    off = (place - torch.arange(width)).sign().int().flatten()
    sides = {"left": -1, "on it": 0, "right": 1}
    print(width, "columns:", [s for s in sides if (off == sides[s]).any()])
# --8<-- [end:identity]
assert 20 < (off == -1).sum() < 40

# --8<-- [start:nan]
nan = float("nan")
for mode in ("bilinear", "nearest", "bicubic"):
    for padding in ("zeros", "border", "reflection"):
        grid = torch.tensor([[[[nan, 0.0]]]])
        options = {"mode": mode, "padding_mode": padding}
        y = grid_sample(image, grid, align_corners=False, **options)
        print(f"{mode:8} {padding:10} {y.item()}")
# --8<-- [end:nan]
for size in (1, 3, 33):
    for dtype in (torch.float64, torch.float32):
        for mode in ("bilinear", "nearest", "bicubic"):
            for padding in ("zeros", "border", "reflection"):
                grid = torch.zeros(1, 1, size, 2, dtype=dtype)
                grid[..., 0] = nan
                y = grid_sample(
                    image.to(dtype) + 10,
                    grid,
                    mode,
                    padding,
                    align_corners=False,
                )
                zeros = mode == "bilinear" and padding == "zeros"
                first = 0 if padding == "zeros" else 10
                passed = zeros or mode == "bicubic"
                assert y.isnan().all() if passed else y.eq(first).all()

# --8<-- [start:nan-fix]
grid = torch.tensor([[[[nan, 0.0], [0.5, 0.0]]]], requires_grad=True)
seen = torch.where(grid.isfinite(), grid, 9.0)  # 9: far outside
y = grid_sample(image, seen, padding_mode="zeros", align_corners=False)
(g,) = torch.autograd.grad(y.sum(), grid)
print(y.flatten().tolist(), g.flatten().tolist())
# --8<-- [end:nan-fix]
assert g.isfinite().all()
for mode in ("bilinear", "nearest", "bicubic"):
    for padding in ("zeros", "border", "reflection"):
        wide = torch.rand(2, 3, 5, 7, dtype=torch.float64)
        grid = torch.rand(2, 4, 4, 2, dtype=torch.float64)
        grid[:, 0] = nan
        grid[:, 1], grid[:, 2] = torch.inf, -torch.inf
        grid.requires_grad_()
        seen = torch.where(grid.isfinite(), grid, 9.0)
        y = grid_sample(wide, seen, mode, padding, align_corners=False)
        (g,) = torch.autograd.grad(y.sum(), grid)
        assert y.isfinite().all() and g.isfinite().all()
        assert not g[:, :3].any()
        y = grid_sample(wide, grid[:, 1:3], mode, padding, align_corners=False)
        zeros = mode == "bilinear" and padding == "zeros"
        assert y.isnan().all() == (zeros or mode == "bicubic")

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

# --8<-- [start:zoom]
scale = torch.tensor(2.0, requires_grad=True)
zero = torch.zeros(())
theta = torch.stack([1 / scale, zero, zero, zero, 1 / scale, zero])
grid = affine_grid(theta.view(1, 2, 3), (1, 1, 8, 8), align_corners=False)
x = torch.arange(16.0).view(1, 1, 4, 4)
y = grid_sample(x, grid, align_corners=False)
(g,) = torch.autograd.grad(y[0, 0, 0, 0], scale)
print(f"zoom 2, top left pixel {y[0, 0, 0, 0].item()}, slope {g.item():.4f}")
# --8<-- [end:zoom]
# the place is 1.5 - 1.75 / zoom in both directions, the image rises by 5
assert y[0, 0, 0, 0] == 5 * (1.5 - 1.75 / 2) and g == 5 * 1.75 / 4

# --8<-- [start:nearest]
for mode in ("bilinear", "nearest", "bicubic"):
    inside, outside = sample(1.25, mode=mode), sample(3.75, mode=mode)
    print(f"{mode:8} inside {inside}, outside {outside}")
value, slope = sample(3.75, mode="bicubic", padding_mode="border")
print(f"bicubic, border: outside {(value, slope)}")
# --8<-- [end:nearest]
assert sample(1.25, mode="nearest")[1] == 0 and slope != 0

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
