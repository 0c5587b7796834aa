# --8<-- [start:run]
import torch
from torch.nn.functional import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
)

z = torch.zeros(2, 3, requires_grad=True)
y = torch.tensor([[1.0, 1, 1], [0, 0, 0]])
loss = binary_cross_entropy_with_logits(
    z,
    y,
    weight=torch.tensor([1.0, 2, 0]),
    pos_weight=torch.tensor([3.0, 1, 1]),
    reduction="sum",
)
(g,) = torch.autograd.grad(loss, z)
print(g + 0)  # + 0: no negative zeros
# --8<-- [end:run]
assert g.tolist() == [[-1.5, -1, 0], [0.5, 1, 0]]

# --8<-- [start:mean]
z, y = torch.zeros(4), torch.ones(4)
weight = torch.tensor([1.0, 1, 0, 0])  # two entries are left out
print(binary_cross_entropy_with_logits(z, y))
print(binary_cross_entropy_with_logits(z, y, weight=weight))
# --8<-- [end:mean]
mean = binary_cross_entropy_with_logits(z, y, weight=weight)
torch.testing.assert_close(2 * mean, binary_cross_entropy_with_logits(z, y))

# --8<-- [start:mean-fix]
total = binary_cross_entropy_with_logits(z, y, weight=weight, reduction="sum")
print(total / weight.expand_as(z).sum())
# --8<-- [end:mean-fix]
torch.testing.assert_close(
    total / weight.expand_as(z).sum(), binary_cross_entropy_with_logits(z, y)
)

# --8<-- [start:samples]
half, y = torch.full((3, 3), 0.5), torch.ones(3, 3)
keep = torch.tensor([1.0, 0.0, 0.0])  # the first sample
loss = binary_cross_entropy(half, y, weight=keep, reduction="none")
print((loss > 0).int())
# --8<-- [end:samples]
assert (loss > 0).tolist() == [[True, False, False]] * 3

# --8<-- [start:samples-fix]
loss = binary_cross_entropy(half, y, weight=keep.view(3, 1), reduction="none")
print((loss > 0).int())
# --8<-- [end:samples-fix]
assert (loss > 0).tolist() == [[True] * 3, [False] * 3, [False] * 3]

# --8<-- [start:channels]
z, y = torch.zeros(1, 2, 2, 2), torch.ones(1, 2, 2, 2)  # W = C = 2
q = torch.tensor([1.0, 3.0])  # meant for the two channels
loss = binary_cross_entropy_with_logits(z, y, pos_weight=q, reduction="none")
print("channel 0", loss[0, 0])
print("channel 1", loss[0, 1])
# --8<-- [end:channels]
torch.testing.assert_close(loss[..., 1], 3 * loss[..., 0])

# --8<-- [start:channels-fix]
loss = binary_cross_entropy_with_logits(
    z, y, pos_weight=q.view(2, 1, 1), reduction="none"
)
print("channel 0", loss[0, 0])
print("channel 1", loss[0, 1])
# --8<-- [end:channels-fix]
torch.testing.assert_close(loss[:, 1], 3 * loss[:, 0])

# --8<-- [start:masked]
inf = float("inf")
z = torch.tensor([-inf, 1.0], requires_grad=True)
y = torch.tensor([0.0, 1.0])
keep = torch.tensor([0.0, 1.0])
print(binary_cross_entropy_with_logits(z, y, weight=keep).item())
# --8<-- [end:masked]
assert binary_cross_entropy_with_logits(z, y, weight=keep).isnan()

# --8<-- [start:masked-fix]
kept = keep.bool()
selected = binary_cross_entropy_with_logits(z[kept], y[kept])
filled = binary_cross_entropy_with_logits(
    torch.where(kept, z, 0), y, weight=keep
)
for loss in (selected, filled):
    (g,) = torch.autograd.grad(loss, z)
    print(f"{loss.item():.4f}", g)
# --8<-- [end:masked-fix]
torch.testing.assert_close(2 * filled, selected)
assert binary_cross_entropy_with_logits(z[:0], y[:0]).isnan()
assert binary_cross_entropy_with_logits(0 * y, y, weight=0 * keep) == 0
missing = torch.tensor([float("nan"), 1.0])
for t, lost in (missing, True), (torch.where(kept, missing, 0), False):
    loss = binary_cross_entropy_with_logits(torch.where(kept, z, 0), t, keep)
    assert loss.isnan() == lost
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for bad in (inf, -inf, float("nan"), torch.finfo(dtype).max):
        for target in (0.0, 1.0):
            x = torch.tensor([[bad, 1.0], [2.0, bad]], dtype=dtype)
            t = torch.tensor([[target, 1.0], [0.0, target]], dtype=dtype)
            some = torch.eye(2, dtype=dtype).flip(0)
            for positive in (0.5, 3.0):
                x.requires_grad_()
                loss = binary_cross_entropy_with_logits(
                    torch.where(some.bool(), x, 0),
                    t,
                    some,
                    pos_weight=torch.tensor(positive, dtype=dtype),
                    reduction="sum",
                )
                (g,) = torch.autograd.grad(loss, x)
                assert loss.isfinite() and g.isfinite().all()
                assert g[0, 0] == g[1, 1] == 0 and (g != 0).sum() == 2

# --8<-- [start:reductions]
z, y = torch.zeros(2, 3, requires_grad=True), torch.ones(2, 3)
weight = torch.tensor([1.0, 4, 0])
for reduction in ("mean", "sum", "none"):
    loss = binary_cross_entropy_with_logits(z, y, weight, reduction=reduction)
    (g,) = torch.autograd.grad(loss.sum(), z)
    print(f"{reduction:4}", tuple(loss.shape), g[0] + 0)
# --8<-- [end:reductions]
assert g.tolist() == [[-0.5, -2, 0]] * 2

# --8<-- [start:learn]
z, y = torch.zeros(2, 3), torch.ones(2, 3)
w = torch.ones(3, requires_grad=True)
try:
    binary_cross_entropy_with_logits(z, y, weight=w)
except RuntimeError as error:
    print(error)
loss = binary_cross_entropy_with_logits(z, y, reduction="none")
(g,) = torch.autograd.grad((w * loss).sum(), w)
print("weight * loss:", g)
# --8<-- [end:learn]
torch.testing.assert_close(g, loss.sum(0))

# --8<-- [start:learn-pos]
try:
    binary_cross_entropy_with_logits(z, y, pos_weight=w)
except RuntimeError as error:
    print(error)
entry = torch.where(y == 1, w, 1.0)  # pos_weight, as a weight
(g,) = torch.autograd.grad((entry * loss).sum(), w)
print("as a weight:", g)
# --8<-- [end:learn-pos]
torch.testing.assert_close(
    (entry * loss).detach(),
    binary_cross_entropy_with_logits(
        z, y, pos_weight=w.detach(), reduction="none"
    ),
)

# --8<-- [start:sizes]
try:
    binary_cross_entropy_with_logits(
        torch.zeros(1, 2, 4, 5), torch.ones(1, 2, 4, 5), pos_weight=q
    )
except RuntimeError as error:
    print(error)
# --8<-- [end:sizes]

# --8<-- [start:odds]
y = torch.tensor([1.0, 0, 0, 0])  # one positive of four
for factor in (1.0, 3.0, 9.0):
    z = torch.full((4,), factor / 3).log()  # odds: factor times 1 to 3
    loss = binary_cross_entropy_with_logits(
        z.requires_grad_(), y, pos_weight=torch.tensor(factor)
    )
    (g,) = torch.autograd.grad(loss, z)
    p = torch.sigmoid(z[0]).item()
    print(f"pos_weight {factor:g}: p = {p:.2f}, slope {g.sum():.4f}")
    assert abs(g.sum()) < 1e-6
# --8<-- [end:odds]
assert abs(p - 0.75) < 1e-6

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
start = text.index("- name: binary_cross_entropy_with_logits(")
lines = text[start:].splitlines()
print(*lines[1:3], sep="\n")
# --8<-- [end:source]
