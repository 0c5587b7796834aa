# --8<-- [start:run]
import torch
from torch.nn.functional import ctc_loss

one = torch.tensor([[1]])


def sum_loss(log_p):
    return ctc_loss(log_p, one, (len(log_p),), (1,), reduction="sum")


def slopes(function, x, h=1e-6):
    moved = torch.eye(x.numel(), dtype=x.dtype).view(-1, *x.shape) * h
    rise = torch.stack([function(x + m) - function(x - m) for m in moved])
    return (rise / (2 * h)).detach().view(x.shape)


# 2 frames, 1 sequence, 2 classes of probability 1/2: the blank is 0
log_p = torch.full((2, 1, 2), 0.5, dtype=torch.float64).log()
x = log_p.clone().requires_grad_()
(g,) = torch.autograd.grad(sum_loss(x), x)
print("PyTorch        ", g[0, 0])
print("slopes         ", slopes(sum_loss, log_p)[0, 0])
print("slopes + exp(x)", (slopes(sum_loss, log_p) + log_p.exp())[0, 0])
# --8<-- [end:run]
assert torch.allclose(g, slopes(sum_loss, log_p) + log_p.exp())

# the mean divides by the length of the target and the number of sequences
torch.manual_seed(0)
few = torch.randn(6, 3, 4, dtype=torch.float64).log_softmax(2)
few.requires_grad_()
given = torch.tensor([[1, 2, 3], [1, 2, 0], [3, 0, 0]]), (6, 6, 5), (3, 2, 1)
parts, mean = (
    torch.autograd.grad(ctc_loss(few, *given, reduction=how), few)[0]
    for how in ("sum", "mean")
)
counts = torch.tensor(given[2])[:, None]
torch.testing.assert_close(mean, parts / counts / 3)

# --8<-- [start:after]
torch.manual_seed(0)
fixed = torch.log_softmax(torch.randn(4, 1, 3, dtype=torch.float64), 2)
scale = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)


def scaled(scale):
    return sum_loss(scale * fixed)  # no longer normalized


(g,) = torch.autograd.grad(scaled(scale), scale)
true = slopes(scaled, scale.detach()).item()
print(f"PyTorch {g.item():.4f}, slope {true:.4f}")
# --8<-- [end:after]
assert g < 0 < true and abs(g.item() - true) > 0.1


# --8<-- [start:after-fix]
def true_ctc(log_p, targets, input_lengths, target_lengths):
    """ctc_loss for each sequence, with its derivative for log_probs.

    The blank is 0, and log_p is finite, also behind the input lengths.
    """
    mass = log_p.logsumexp(-1)  # 0 where log_p is normalized
    steps = torch.arange(len(log_p), device=log_p.device)
    lengths = torch.as_tensor(input_lengths).to(steps.device)
    frames = steps < lengths[..., None]  # (N, T)
    loss = ctc_loss(
        log_p - mass[..., None],
        targets,
        input_lengths,
        target_lengths,
        reduction="none",
    )
    return loss - torch.where(frames, mass.movedim(0, -1), 0).sum(-1)


(g,) = torch.autograd.grad(true_ctc(scale * fixed, one, (4,), (1,)), scale)
print(f"corrected {g.item():.4f}")
normal = sum_loss(torch.log_softmax(scale * fixed, 2))
(g,) = torch.autograd.grad(normal, scale)
print(f"normalized again {g.item():.4f}")
# --8<-- [end:after-fix]
(g,) = torch.autograd.grad(true_ctc(scale * fixed, one, (4,), (1,)), scale)
assert abs(g.item() - true) < 1e-6
batch = torch.tensor([[1, 2, 2], [3, 1, 0]]), (6, 4), (3, 2)
x = torch.randn(6, 2, 4, dtype=torch.float64, requires_grad=True)
assert torch.autograd.gradcheck(lambda x: true_ctc(x, *batch), (x,))
its = ctc_loss(x, *batch, reduction="none")
torch.testing.assert_close(true_ctc(x, *batch), its)
for n, count in enumerate(batch[2]):  # without a batch: (T, C)
    alone = x[:, n], batch[0][n, :count], *torch.tensor(batch[1:])[:, n]
    torch.testing.assert_close(true_ctc(*alone), its[n])
extra = torch.autograd.grad(its.sum(), x)[0]
extra -= torch.autograd.grad(true_ctc(x, *batch).sum(), x)[0]
shown = x.detach().exp()
shown[4:, 1] = 0  # beyond the length of the second sequence
torch.testing.assert_close(extra, shown)
hidden = torch.log_softmax(x.detach(), -1)
hidden[3, 0, 3] = -torch.inf
hidden.requires_grad_()
for loss in (true_ctc(hidden, *batch), ctc_loss(hidden, *batch)):
    assert loss.isfinite().all()
    assert torch.autograd.grad(loss.sum(), hidden)[0].isnan().any()
padded = x.detach().clone()
padded[5, 1] = -torch.inf  # behind the length of the second sequence
padded.requires_grad_()
(g,) = torch.autograd.grad(true_ctc(padded, *batch).sum(), padded)
assert g[5, 1].isnan().all() and g[:5].isfinite().all()
large = x.detach().float()
large[2, 0, 2] = 1000.0
large.requires_grad_()
far = large.detach().double().requires_grad_()
ours, exact = (
    torch.autograd.grad(true_ctc(v, *batch).sum(), v)[0] for v in (large, far)
)
torch.testing.assert_close(ours.double(), exact, atol=1e-6, rtol=1e-5)

# --8<-- [start:trap-twice]
torch.manual_seed(0)
z = torch.randn(4, 1, 3, dtype=torch.float64, requires_grad=True)


def of_logits(z):
    return sum_loss(torch.log_softmax(z, 2))


try:
    (g,) = torch.autograd.grad(of_logits(z), z, create_graph=True)
    g.square().sum().backward()
except RuntimeError as error:
    print(error)
# --8<-- [end:trap-twice]


# --8<-- [start:by-hand]
def ctc_by_hand(log_p, labels):
    """One sequence in float32 or float64.

    log_p is (T, C) with T > 0, and the blank is 0.
    """
    log_p = log_p.clamp(min=-1e30)  # -inf would give NaN
    states = [0]
    for label in labels:
        states += [label, 0]
    low = log_p.new_tensor(-1e30)
    alpha = [log_p[0, s] if i < 2 else low for i, s in enumerate(states)]
    for row in log_p[1:]:
        before = alpha
        alpha = []
        for i, s in enumerate(states):
            ways = before[max(i - 1, 0) : i + 1]
            if i > 1 and s != 0 and s != states[i - 2]:
                ways = [before[i - 2], *ways]
            alpha.append(torch.stack(ways).logsumexp(0) + row[s])
    return -torch.stack(alpha[-2:]).logsumexp(0)


torch.manual_seed(0)
x = torch.log_softmax(torch.randn(5, 3, dtype=torch.float64), 1)
x.requires_grad_()
loss = ctc_by_hand(x, [1, 2, 2])
same = ctc_loss(x, torch.tensor([1, 2, 2]), (5,), (3,), reduction="sum")
print(f"{loss.item():.4f} {same.item():.4f}")
print(torch.autograd.gradcheck(lambda x: ctc_by_hand(x, [1, 2, 2]), (x,)))
print(torch.autograd.gradgradcheck(lambda x: ctc_by_hand(x, [1, 2, 2]), (x,)))
# --8<-- [end:by-hand]
torch.testing.assert_close(loss, same)
masked = x.detach().clone()
masked[2, 1] = -torch.inf
masked.requires_grad_()
for labels in ([1, 2, 2], [1], []):
    wanted = ctc_loss(
        masked,
        torch.tensor(labels).long(),
        (5,),
        (len(labels),),
        reduction="sum",
    )
    loss = ctc_by_hand(masked, labels)
    torch.testing.assert_close(loss, wanted)
    (g,) = torch.autograd.grad(loss, masked)
    torch.testing.assert_close(g.sum(1), -torch.ones(5).double())  # -γ
long = ctc_by_hand(x, [1, 1, 1, 1])  # does not fit
(g,) = torch.autograd.grad(long, x)
assert abs(long / 1e30 - 1) < 1e-6 and g.sum() < -6  # more than five frames
masked = x.detach().clone()
masked[:, 2] = -torch.inf
for labels in ([2], [1, 2], [2, 1, 2]):  # in need of the masked class
    assert abs(ctc_by_hand(masked, labels) / 1e30 - 1) < 1e-6
    given = torch.tensor(labels), (5,), (len(labels),)
    assert ctc_loss(masked, *given).isinf()
masked = x.detach().clone()
masked[2:4] = -torch.inf  # two frames without a class
assert abs(ctc_by_hand(masked, [1, 2]) / 2e30 - 1) < 1e-6
rows = torch.func.vmap(lambda row: ctc_by_hand(row, [1, 2]))(
    torch.stack([x, x])
)
torch.testing.assert_close(rows[0], ctc_by_hand(x, [1, 2]))

# --8<-- [start:gradcheck]
x = torch.log_softmax(z, 2).detach().requires_grad_()
for name, function, at in ("log_probs", sum_loss, x), ("logits", of_logits, z):
    ok = torch.autograd.gradcheck(function, (at,), raise_exception=False)
    print(f"gradcheck with respect to {name}: {ok}")
# --8<-- [end:gradcheck]
assert ok

# --8<-- [start:forward]
try:
    torch.func.jvp(of_logits, (z.detach(),), (torch.ones_like(z),))
except NotImplementedError as error:
    print(str(error).splitlines()[0])
# --8<-- [end:forward]


# --8<-- [start:func]
def mean_of_logits(z, frames, labels):
    return ctc_loss(torch.log_softmax(z, 2), one, frames, labels)


try:
    torch.func.grad(mean_of_logits)(z.detach(), (4,), (1,))
except RuntimeError as error:
    print(error)
lengths = torch.tensor([4]), torch.tensor([1])
print(torch.func.grad(mean_of_logits)(z.detach(), *lengths)[0, 0])
# --8<-- [end:func]
(g,) = torch.autograd.grad(mean_of_logits(z, *lengths), z)
func = torch.func.grad(mean_of_logits)(z.detach(), *lengths)
torch.testing.assert_close(func, g)
torch.testing.assert_close(torch.func.grad(of_logits)(z.detach()), g)

# --8<-- [start:paths]
import itertools
import math


def spells(path):
    """Repeats merged, then blanks removed."""
    return [k for k, _ in itertools.groupby(path) if k != 0]


logits = torch.zeros(3, 1, 3, dtype=torch.float64, requires_grad=True)
log_p = torch.log_softmax(logits, 2)
loss = ctc_loss(log_p, torch.tensor([[1, 2]]), (3,), (2,), reduction="sum")
(g,) = torch.autograd.grad(loss, logits)

paths = [
    p for p in itertools.product(range(3), repeat=3) if spells(p) == [1, 2]
]
print(paths)
gamma = torch.zeros(3, 3, dtype=torch.float64)
for path in paths:  # all equally likely here
    for t, k in enumerate(path):
        gamma[t, k] += 1 / len(paths)
print(gamma)
print(f"loss {loss.item():.4f}, by hand {math.log(27 / len(paths)):.4f}")
print(g[0, 0], "is 1/3 - γ in the first frame")
# --8<-- [end:paths]
torch.testing.assert_close(g[:, 0], 1 / 3 - gamma)
assert abs(loss.item() - math.log(27 / 5)) < 1e-9

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
line = text[text.index("- name: _ctc_loss(") :].splitlines()[1]
print(line.partition("(")[0])
print("- name: _ctc_loss_backward" in text)
# --8<-- [end:source]
