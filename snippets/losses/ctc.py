# --8<-- [start:run]
import torch
from torch.nn.functional import ctc_loss

# 3 frames, 1 sequence, 3 classes: the blank is 0
z = torch.zeros(3, 1, 3, dtype=torch.float64, requires_grad=True)
log_p = torch.log_softmax(z, dim=2)
target = torch.tensor([[1, 2]])
loss = ctc_loss(log_p, target, (3,), (2,), reduction="sum")
(g,) = torch.autograd.grad(loss, z)
print("loss", round(loss.item(), 4))
print(g[:, 0])
# --8<-- [end:run]

# --8<-- [start:paths]
import itertools
import math


def spells(path):
    """Repeats merged, then blanks removed."""
    return [k for k, _ in itertools.groupby(path) if k != 0]


paths = [
    p for p in itertools.product(range(3), repeat=3) if spells(p) == [1, 2]
]
print(paths)
gamma = torch.zeros(3, 3, dtype=torch.float64)
for path in paths:  # all equally likely here
    for t, k in enumerate(path):
        gamma[t, k] += 1 / len(paths)
print(gamma)
print("loss", round(math.log(27 / len(paths)), 4))
# --8<-- [end:paths]
torch.testing.assert_close(g[:, 0], 1 / 3 - gamma)
assert abs(loss.item() - math.log(27 / 5)) < 1e-9


# --8<-- [start:reductions]
def uniform(frames, batch=1):
    """Logits and log-probabilities of three classes, all alike."""
    z = torch.zeros(frames, batch, 3, requires_grad=True)
    return z, torch.log_softmax(z, 2)


_, log_p = uniform(frames=4, batch=2)
targets, lengths = torch.tensor([[1, 0, 0], [1, 2, 1]]), (1, 3)
for reduction in ("none", "sum", "mean"):
    loss = ctc_loss(log_p, targets, (4, 4), lengths, reduction=reduction)
    print(f"{reduction:4}", [round(v, 4) for v in loss.view(-1).tolist()])
# --8<-- [end:reductions]
each = ctc_loss(log_p, targets, (4, 4), lengths, reduction="none")
torch.testing.assert_close(loss, (each / torch.tensor(lengths)).mean())

# --8<-- [start:trap]
inf = float("inf")
torch.manual_seed(0)
features = torch.randn(4, 2, 3)
targets = torch.tensor([[1, 2], [1, 1]])


def gradients(frames, zero_infinity=False):
    weight = torch.eye(3, requires_grad=True)
    log_p = torch.log_softmax(features @ weight, 2)
    loss = ctc_loss(
        log_p, targets, frames, (2, 2), zero_infinity=zero_infinity
    )
    (g,) = torch.autograd.grad(loss, weight)
    return loss.item(), g


loss, g = gradients(frames=(4, 2))  # the second sequence is too short
print(loss, g[0])
# --8<-- [end:trap]
assert loss == inf and g.isnan().all()

# --8<-- [start:fix]
loss, g = gradients(frames=(4, 2), zero_infinity=True)
print(round(loss, 4), g[0])
# --8<-- [end:fix]
assert g.isfinite().all()


# --8<-- [start:filter]
def needed(target):
    """The frames that a target needs: a blank between equal neighbours."""
    return len(target) + sum(a == b for a, b in zip(target, target[1:]))


frames = torch.tensor([4, 2])
counts = torch.tensor([2, 2])
fits = frames >= torch.tensor([needed(t.tolist()) for t in targets])
weight = torch.eye(3, requires_grad=True)
log_p = torch.log_softmax(features @ weight, 2)
loss = ctc_loss(log_p[:, fits], targets[fits], frames[fits], counts[fits])
(kept,) = torch.autograd.grad(loss, weight)
print("kept", fits.tolist(), round(loss.item(), 4), kept[0])
# --8<-- [end:filter]
torch.testing.assert_close(kept, 2 * g)

# --8<-- [start:raw]
z = torch.full((3, 1, 3), 10.0, requires_grad=True)
loss = ctc_loss(z, torch.tensor([[1, 2]]), (3,), (2,), reduction="sum")
(g,) = torch.autograd.grad(loss, z)
print("logits     ", round(loss.item(), 4), g[0, 0].tolist())
# --8<-- [end:raw]
assert loss < 0 and (g > 2e4).all()

# --8<-- [start:raw-fix]
log_p = torch.log_softmax(z, 2)
loss = ctc_loss(log_p, torch.tensor([[1, 2]]), (3,), (2,), reduction="sum")
(g,) = torch.autograd.grad(loss, z)
print(
    "log_softmax",
    round(loss.item(), 4),
    [round(v, 4) for v in g[0, 0].tolist()],
)
# --8<-- [end:raw-fix]
torch.testing.assert_close(g[:, 0].double(), 1 / 3 - gamma)


# --8<-- [start:after]
def slopes(function, x, h=1e-6):
    moved = torch.eye(x.numel(), dtype=x.dtype).view(-1, *x.shape) * h
    rise = torch.stack([function(x + m) - function(x - m) for m in moved])
    return (rise / (2 * h)).detach().view(x.shape)


one = torch.tensor([[1]])


def sum_loss(log_p):
    return ctc_loss(log_p, one, (len(log_p),), (1,), reduction="sum")


fixed = torch.log_softmax(torch.randn(4, 1, 3, dtype=torch.float64), 2)
scale = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)


def scaled(scale):
    return sum_loss(scale * fixed)  # no longer normalised


(g,) = torch.autograd.grad(scaled(scale), scale)
true = slopes(scaled, scale.detach()).item()
print(f"PyTorch {g.item():.4f}, slope {true:.4f}")
# --8<-- [end:after]
assert abs(g.item() - true) > 0.1


# --8<-- [start:after-fix]
def true_ctc(log_p):
    extra = log_p.exp().sum()  # its gradient is what PyTorch adds
    return sum_loss(log_p) - extra + extra.detach()


(g,) = torch.autograd.grad(true_ctc(scale * fixed), scale)
print(f"corrected {g.item():.4f}")
normal = sum_loss(torch.log_softmax(scale * fixed, 2))
(g,) = torch.autograd.grad(normal, scale)
print(f"normalised again {g.item():.4f}")
# --8<-- [end:after-fix]
(g,) = torch.autograd.grad(true_ctc(scale * fixed), scale)
assert abs(g.item() - true) < 1e-6
x = fixed.clone().requires_grad_()
assert torch.autograd.gradcheck(true_ctc, (x,))

# --8<-- [start:shape]
from torch.nn.functional import one_hot


def attempt(log_p, target, input_lengths, target_lengths, **options):
    try:
        ctc_loss(log_p, target, input_lengths, target_lengths, **options)
    except (RuntimeError, NotImplementedError) as error:
        print(error)


# 2 sequences of 3 frames, each of them right: label 1, label 2, blank
z = 8.0 * one_hot(torch.tensor([[1, 2, 0]] * 2), 3)
targets = torch.tensor([[1, 2]] * 2)
attempt(torch.log_softmax(z, 2), targets, (3,) * 2, (2,) * 2)

z = 8.0 * one_hot(torch.tensor([[1, 2, 0]] * 3), 3)
targets = torch.tensor([[1, 2]] * 3)  # as many sequences as frames
mixed = ctc_loss(torch.log_softmax(z, 2), targets, (3,) * 3, (2,) * 3)
print(f"loss {mixed:.4f}")
# --8<-- [end:shape]

# --8<-- [start:shape-fix]
log_p = torch.log_softmax(z, 2).transpose(0, 1)  # (T, N, C)
loss = ctc_loss(log_p, targets, (3,) * 3, (2,) * 3)
print(f"loss {loss:.4f}")
# --8<-- [end:shape-fix]
assert loss < 0.01 and mixed > 1

# --8<-- [start:masked-fix]
lowest = torch.finfo(torch.float32).min
z = torch.tensor([[[0.0, 0.0, -inf]]] * 2, requires_grad=True)
log_p = torch.log_softmax(z.clamp(min=lowest), 2)
loss = ctc_loss(log_p, one, (2,), (1,))
(g,) = torch.autograd.grad(loss, z)
print(round(loss.item(), 4), g[0, 0])
# --8<-- [end:masked-fix]
torch.testing.assert_close(g[0, 0], torch.tensor([1 / 6, -1 / 6, 0]))


# --8<-- [start:by-hand]
def ctc_by_hand(log_p, labels):
    """One sequence: log_p is (T, C). Differentiable as often as wanted."""
    states = [0]
    for label in labels:
        states += [label, 0]
    low = log_p.new_tensor(-1e30)  # -inf would give NaN
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


x = torch.log_softmax(torch.randn(5, 3, dtype=torch.float64), 1)
x.requires_grad_()
loss = ctc_by_hand(x, [1, 2, 2])
same = ctc_loss(x, torch.tensor([1, 2, 2]), (5,), (3,), reduction="sum")
print(f"{loss.item():.4f} {same.item():.4f}")
print(torch.autograd.gradcheck(lambda x: ctc_by_hand(x, [1, 2, 2]), (x,)))
print(torch.autograd.gradgradcheck(lambda x: ctc_by_hand(x, [1, 2, 2]), (x,)))
# --8<-- [end:by-hand]
torch.testing.assert_close(loss, same)

# --8<-- [start:needed]
for target in [1, 2], [1, 1], [1, 1, 1], [1, 2, 2, 1]:
    n = needed(target)
    short, enough = (
        ctc_loss(uniform(t)[1], torch.tensor([target]), (t,), (len(target),))
        for t in (n - 1, n)
    )
    print(target, f"{n - 1} frames: {short:.4f}, {n} frames: {enough:.4f}")
    assert short.isinf() and enough.isfinite()
# --8<-- [end:needed]

# --8<-- [start:impossible]
z, log_p = uniform(frames=2)
same = torch.tensor([[1, 1]])
for zero_infinity in (False, True):
    loss = ctc_loss(log_p, same, (2,), (2,), zero_infinity=zero_infinity)
    (g,) = torch.autograd.grad(loss, z, retain_graph=True)
    print(f"zero_infinity={zero_infinity}: {loss.item()}", g[:, 0].tolist())
# --8<-- [end:impossible]
assert loss == 0 and (g == 0).all()

# --8<-- [start:lengths]
z, log_p = uniform(frames=4)
for input_length, label_count in (0, 1), (0, 0), (4, 0), (2, 1):
    loss = ctc_loss(log_p, same, (input_length,), (label_count,))
    (g,) = torch.autograd.grad(loss, z, retain_graph=True)
    print(
        f"{input_length} frames, {label_count} labels: loss {loss + 0:.4f},",
        "gradient of class 2",
        [round(v, 4) for v in (g[:, 0, 2] + 0).tolist()],
    )
# --8<-- [end:lengths]
assert (g[2:] == 0).all()

# --8<-- [start:forms]
_, log_p = uniform(frames=4, batch=2)
padded, lengths = torch.tensor([[1, 0, 0], [1, 2, 1]]), (1, 3)
joined = torch.tensor([1, 1, 2, 1])  # the same labels, end to end
a = ctc_loss(log_p, padded, (4, 4), lengths)
b = ctc_loss(log_p, joined, (4, 4), lengths)
print(a.item() == b.item())
# --8<-- [end:forms]
assert a == b

# --8<-- [start:infinite]
z = torch.zeros(2, 1, 3)
z[:, :, 2] = -inf  # class 2 is masked, and the target does not need it
z.requires_grad_()
log_p = torch.log_softmax(z, 2)
loss = ctc_loss(log_p, one, (2,), (1,), zero_infinity=True)
by_input, by_logits = torch.autograd.grad(loss, (log_p, z))
print("loss", round(loss.item(), 4))
print("by log_probs", by_input[0, 0])
print("by logits   ", by_logits[0, 0])
# --8<-- [end:infinite]
assert loss.isfinite() and by_logits.isnan().all()

# --8<-- [start:errors]
_, log_p = uniform(frames=2)
attempt(log_p, one, (2, 2), (1,))
attempt(log_p, one, (2,), (1, 1))
attempt(log_p, one, (3,), (1,))
attempt(log_p, one, (2,), (2,))
attempt(log_p, torch.tensor([1, 2]), (2,), (1,))
attempt(log_p, one, (2,), (-1,))
attempt(log_p, one, (2,), (1,), blank=3)
attempt(log_p.half(), one, (2,), (1,))
# --8<-- [end:errors]

# --8<-- [start:blank]
loss = ctc_loss(log_p, torch.tensor([[0]]), (2,), (1,))
print(f"label 0, the blank: {loss:.4f}, which is -log(3/9)")
# --8<-- [end:blank]
torch.testing.assert_close(loss, -torch.tensor(3 / 9).log())

# --8<-- [start:range]
wide = torch.full((2, 1, 4), -0.5)
wide[:, :, 3] = 0.0  # not a part of the next line's tensor
three = wide[:, :, :3]
with torch.no_grad():
    before = ctc_loss(three, torch.tensor([[3]]), (2,), (1,)).item()
    wide[:, :, 3] = -5.0
    after = ctc_loss(three, torch.tensor([[3]]), (2,), (1,)).item()
print(tuple(three.shape), "label 3:", round(before, 4), round(after, 4))
# --8<-- [end:range]
assert before != after

# --8<-- [start:slopes]
log_p = torch.full((2, 1, 2), 0.5, dtype=torch.float64).log()


x = log_p.clone().requires_grad_()
(g,) = torch.autograd.grad(sum_loss(x), x)
for name, values in (
    ("PyTorch        ", g),
    ("slopes         ", slopes(sum_loss, log_p)),
    ("slopes + exp(x)", slopes(sum_loss, log_p) + log_p.exp()),
):
    print(name, values[:, 0].numpy().round(4).tolist())
# --8<-- [end:slopes]
assert torch.allclose(g, slopes(sum_loss, log_p) + log_p.exp())

# --8<-- [start:gradcheck]
z = torch.randn(4, 1, 3, dtype=torch.float64, requires_grad=True)
x = torch.log_softmax(z, 2).detach().requires_grad_()


def of_logits(z):
    return sum_loss(torch.log_softmax(z, 2))


for name, function, at in ("log_probs", sum_loss, x), ("logits", of_logits, z):
    ok = torch.autograd.gradcheck(function, (at,), raise_exception=False)
    print(f"gradcheck by {name}: {ok}")
try:
    torch.autograd.gradgradcheck(of_logits, (z,))
except RuntimeError as error:
    print(error)
# --8<-- [end:gradcheck]
assert ok

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
lines = text[text.index("- name: _ctc_loss(") :].splitlines()
print(lines[1])
print("- name: _ctc_loss_backward" in text)
# --8<-- [end:source]
