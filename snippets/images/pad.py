# --8<-- [start:run]
import torch
from torch.nn.functional import pad


def counts(x, widths, **options):
    """How often each entry of x stands in the padded tensor."""
    x = x.clone().requires_grad_()
    (g,) = torch.autograd.grad(pad(x, widths, **options).sum(), x)
    return g.squeeze()


row = torch.tensor([[1.0, 2, 3, 4]])
for mode in ("constant", "reflect", "replicate", "circular"):
    print(f"{mode:9}", pad(row, (2, 2), mode=mode)[0].int().tolist(), end=" ")
    print("gradient", counts(row, (2, 2), mode=mode).int().tolist())
# --8<-- [end:run]
assert counts(row, (2, 2), mode="reflect").tolist() == [1, 3, 3, 1]
assert counts(row, (2, 2), mode="replicate").tolist() == [3, 1, 1, 3]
assert counts(row, (2, 2), mode="circular").tolist() == [2, 2, 2, 2]
torch.manual_seed(0)
# claim: A constant is not a copy: with widths of 0 or more every entry counts
#   once.
for value in (0, 3.5, torch.nan, -torch.inf):
    for widths in ((2, 2), (0, 7), (1, 2, 3, 4)):
        for shape in ((1, 1), (3, 33), (2, 3, 5)):
            g = counts(torch.rand(shape), widths, value=value)
            assert (g == 1).all()
# claim: every entry counts once.
for dtype in (torch.float64, torch.float16, torch.bfloat16):
    assert (counts(row.to(dtype), (2, 1), value=5) == 1).all()

# --8<-- [start:trap]
x = torch.tensor([[0.0, 6, 0, 0]], requires_grad=True)
padded = pad(x, (1, 1), mode="reflect")
loss = padded.mean()
(g,) = torch.autograd.grad(loss, x)
print("mean", loss.item(), "gradient", [round(v, 3) for v in g[0].tolist()])
# --8<-- [end:trap]
assert loss == 2 and g[0, 1] == 2 * g[0, 0]

# --8<-- [start:fix]
loss = pad(x, (1, 1), mode="reflect")[..., 1:-1].mean()
(g,) = torch.autograd.grad(loss, x)
print("mean", loss.item(), "gradient", g[0].tolist())
# --8<-- [end:fix]
assert loss == x.mean() and (g == 0.25).all()

# --8<-- [start:padding]
for mode in ("zeros", "reflect", "replicate", "circular"):
    layer = torch.nn.Conv2d(1, 1, 3, padding=1, padding_mode=mode, bias=False)
    torch.nn.init.ones_(layer.weight)
    x = torch.ones(1, 1, 5, 5, requires_grad=True)
    (dx,) = torch.autograd.grad(layer(x).sum(), x)
    first, second, *_ = dx[0, 0].int().tolist()
    print(f"{mode:9} {first} then {second}")
# --8<-- [end:padding]
assert (dx == 9).all()
copies = counts(x[0].detach(), (1, 1, 1, 1), mode="reflect")
assert copies[0, 0] == 1 and copies[1, 1] == 4  # itself and three
# --8<-- [start:negative]
print(pad(row, (-1, 0)).tolist(), counts(row, (-1, 0)).tolist())
# --8<-- [end:negative]
for mode in ("constant", "reflect", "replicate", "circular"):
    assert counts(row, (-1, 0), mode=mode).tolist() == [0, 1, 1, 1]
    first = counts(row, (-1, 3), mode=mode)[0]  # cut off, and copied
    assert first == (mode == "reflect")

torch.use_deterministic_algorithms(True)  # fills such memory with NaN
for n, widths in (1, (-1, 1)), (4, (-4, 2)), (4, (2, -4)):
    assert pad(torch.ones(1, n), widths, mode="circular").isnan().all()
torch.use_deterministic_algorithms(False)

# --8<-- [start:errors]
image = torch.ones(1, 1, 3, 3)
for widths, mode in (
    ((3, 3, 3, 3), "reflect"),
    ((4, 4, 4, 4), "circular"),
):
    try:
        pad(image, widths, mode=mode)
    except RuntimeError as error:
        print(error)
# --8<-- [end:errors]
assert pad(image, (3,) * 4, mode="circular").shape[2:] == (9, 9)

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in ("constant_pad_nd(", "reflection_pad1d(", "replication_pad1d("):
    lines = text[text.index(f"- name: {name}") :].splitlines()
    print(lines[1])
# --8<-- [end:source]
# claim: of a row that is cut off whole replicate still copies one
for widths, wanted in (((-4, 2), [0, 0, 0, 2]), ((2, -4), [2, 0, 0, 0])):
    row = torch.ones(1, 4, requires_grad=True)
    cut = torch.nn.functional.pad(row, widths, mode="replicate")
    (g,) = torch.autograd.grad(cut.sum(), row)
    assert g.tolist() == [wanted]
