# --8<-- [start:run]
import torch
from torch.nn.functional import ctc_loss


def uniform(frames, batch=1):
    """Logits and log-probabilities of three classes, all alike."""
    z = torch.zeros(frames, batch, 3, requires_grad=True)
    return z, torch.log_softmax(z, 2)


z, log_p = uniform(frames=3)  # the blank is class 0
for target in ([1, 2], [1, 1, 1]):
    loss = ctc_loss(log_p, torch.tensor([target]), (3,), (len(target),))
    (g,) = torch.autograd.grad(loss, z, retain_graph=True)
    print(target, "loss", round(loss.item(), 4), "gradient", g[0, 0].tolist())
# --8<-- [end:run]
assert g.isnan().all() and loss.isinf()
# Unreduced, the gradient is p − γ. Of the five paths for 1, 2 one
# begins with the blank and four with 1. The mean is over two labels.
for reduction, count in ("none", 1), ("sum", 1), ("mean", 2):
    options = torch.tensor([[1, 2]]), (3,), (2,), 0, reduction
    loss = ctc_loss(log_p, *options).sum()
    (g,) = torch.autograd.grad(loss, z, retain_graph=True)
    want = torch.tensor([1 / 3 - 1 / 5, 1 / 3 - 4 / 5, 1 / 3])
    torch.testing.assert_close(g[0, 0] * count, want)

# --8<-- [start:trap]
inf = float("inf")
torch.manual_seed(0)
features = torch.randn(4, 2, 3)
targets = torch.tensor([[1, 2], [1, 1]])


def loss_and_gradient(frames, zero_infinity=False):
    weight = torch.eye(3, requires_grad=True)
    log_p = torch.log_softmax(features @ weight, 2)
    loss = ctc_loss(
        log_p, targets, frames, (2, 2), zero_infinity=zero_infinity
    )
    (g,) = torch.autograd.grad(loss, weight)
    return loss.item(), g


loss, g = loss_and_gradient(frames=(4, 2))  # the second sequence is too short
print(loss, g[0])
# --8<-- [end:trap]
assert loss == inf and g.isnan().all()

# --8<-- [start:fix]
loss, g = loss_and_gradient(frames=(4, 2), zero_infinity=True)
print(round(loss, 4), g[0])
# --8<-- [end:fix]
assert g.isfinite().all()


# --8<-- [start:filter]
def needed(target):
    """The frames that a target needs: a blank between equal neighbors."""
    return len(target) + sum(a == b for a, b in zip(target, target[1:]))


frames = torch.tensor([4, 2])
counts = torch.tensor([2, 2])
labels = [t[:n].tolist() for t, n in zip(targets, counts)]
fits = frames >= torch.tensor([needed(label) for label in labels])
weight = torch.eye(3, requires_grad=True)
log_p = torch.log_softmax(features @ weight, 2)
loss = ctc_loss(log_p[:, fits], targets[fits], frames[fits], counts[fits])
(kept,) = torch.autograd.grad(loss, weight)
print("kept", fits.tolist(), round(loss.item(), 4), kept[0])
# --8<-- [end:filter]
torch.testing.assert_close(kept, 2 * g)
# claim: With fewer the loss is inf, and the gradient NaN in every frame of
#   that sequence;
for trial in range(60):
    count = (3, 5, 17)[trial % 3]
    dtype = (torch.float32, torch.float64)[trial % 2]
    label = torch.randint(1, count, (torch.randint(1, 5, ()),)).tolist()
    own, longest = torch.randint(1, 4, (2,)).cumsum(0).tolist()
    z = torch.randn(longest, 2, count, dtype=dtype, requires_grad=True)
    log_p, sizes = torch.log_softmax(z, 2), (len(label),) * 2
    labels = torch.tensor([label] * 2)
    for zero_infinity in (False, True):
        loss = ctc_loss(
            log_p,
            labels,
            (own, longest),
            sizes,
            reduction="none",
            zero_infinity=zero_infinity,
        )
        (dz,) = torch.autograd.grad(loss.sum(), z, retain_graph=True)
        for n, length in enumerate((own, longest)):
            if length >= needed(label):
                assert loss[n] < inf and dz[:, n].isfinite().all()
            elif zero_infinity:
                assert loss[n] == 0 and not dz[:, n].any()
            else:
                assert loss[n] == inf and dz[:length, n].isnan().all()
            assert not dz[length:, n].any()
none = torch.zeros(2, dtype=torch.bool)
try:
    ctc_loss(log_p[:, none], labels[none], frames[none], counts[none])
except RuntimeError as error:
    assert "log_probs tensor must not be empty" in str(error)

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
print("log_softmax", round(loss.item(), 4), g[0, 0])
# --8<-- [end:raw-fix]
torch.testing.assert_close(loss, torch.tensor(27 / 5).log())
torch.testing.assert_close(g.sum(2), torch.zeros(3, 1), atol=1e-6, rtol=0)

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

# --8<-- [start:infinite]
z = torch.zeros(2, 1, 3)
z[:, :, 2] = -inf  # class 2 is masked, and the target does not need it
z.requires_grad_()
log_p = torch.log_softmax(z, 2)
one = torch.tensor([[1]])
loss = ctc_loss(log_p, one, (2,), (1,), zero_infinity=True)
by_input, by_logits = torch.autograd.grad(loss, (log_p, z))
print("loss", round(loss.item(), 4))
print("with respect to log_probs", by_input[0, 0])
print("with respect to logits   ", by_logits[0, 0])
# --8<-- [end:infinite]
assert loss.isfinite() and by_logits.isnan().all()

# --8<-- [start:masked-fix]
z = torch.tensor([[[0.0, 0.0, -inf]]] * 2, requires_grad=True)
log_p = torch.log_softmax(z.clamp(min=torch.finfo(z.dtype).min), 2)
loss = ctc_loss(log_p, one, (2,), (1,))
(g,) = torch.autograd.grad(loss, z)
print(round(loss.item(), 4), g[0, 0])
# --8<-- [end:masked-fix]
torch.testing.assert_close(g[0, 0], torch.tensor([1 / 6, -1 / 6, 0]))
loss = ctc_loss(log_p, 2 * one, (2,), (1,), zero_infinity=True)
assert loss > 3.4e38 and loss.isfinite()
# claim: A target that needs the masked class in one frame has then a loss of
#   that size
for label, frames, counts in (
    ([2], 1, 1),
    ([2], 3, 1),
    ([1, 2], 3, 1),
    ([2, 2], 3, 2),
    ([2, 1, 2], 4, 2),
):
    for dtype, most in (torch.float32, 3.4e38), (torch.float64, 1.79e308):
        x = torch.zeros(frames, 1, 3, dtype=dtype)
        x[..., 2] = torch.finfo(x.dtype).min
        options = torch.tensor([label]), (frames,), (len(label),)
        loss = ctc_loss(torch.log_softmax(x, 2), *options, reduction="sum")
        x.requires_grad_()
        for zero_infinity in (False, True):
            loss = ctc_loss(
                torch.log_softmax(x, 2),
                *options,
                reduction="sum",
                zero_infinity=zero_infinity,
            )
            (g,) = torch.autograd.grad(loss, x)
            if counts == 1:
                assert most < loss < inf and g.isfinite().all()
            elif zero_infinity:  # no path of a finite log-probability
                assert loss == 0 and not g.any()
            else:
                assert loss == inf and g.isnan().all()
# The target 2 in three frames: a frame of 2 between blanks, p − γ is known.
x = torch.zeros(3, 1, 3)
x[..., 2] = torch.finfo(x.dtype).min
x.requires_grad_()
loss = ctc_loss(torch.log_softmax(x, 2), 2 * one, (3,), (1,))
(g,) = torch.autograd.grad(loss, x)
assert (g[:, 0] - torch.tensor([-1 / 6, 1 / 2, -1 / 3])).abs().max() > 0.3
for half in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    dtype = torch.promote_types(half, torch.float32)
    for row in [5.0, 1, -inf], [100.0, 1, -inf], [-inf] * 3, [-inf, 0.0, 0]:
        x = torch.tensor([[row]] * 2, dtype=half, requires_grad=True)
        finite = x.to(dtype).clamp(min=torch.finfo(dtype).min)
        log_p = torch.log_softmax(finite, 2)
        loss = ctc_loss(log_p, one, (2,), (1,))
        (g,) = torch.autograd.grad(loss, x)
        assert g.isfinite().all() and loss.isfinite()
# The lowest of float16, before log_softmax: it overflows again.
x = torch.tensor([[[100.0, 1, -inf]]] * 2, dtype=torch.float16)
x.requires_grad_()
log_p = torch.log_softmax(x.clamp(min=torch.finfo(x.dtype).min), 2)
(g,) = torch.autograd.grad(ctc_loss(log_p.float(), one, (2,), (1,)), x)
assert g.isnan().any()

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

# --8<-- [start:lengths]
z, log_p = uniform(frames=4)
same = torch.tensor([[1, 1]])
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
for row, spreads in (
    ([-inf, 0.0, 1.0], False),
    ([-inf] * 3, True),
    ([inf, 0.0, 0.0], True),
    ([float("nan"), 0.0, 0.0], True),
):  # behind the length
    z = torch.tensor([[[0.0, 1, 2]]] * 3 + [[row]], requires_grad=True)
    loss = ctc_loss(torch.log_softmax(z, 2), same, (3,), (2,))
    (g,) = torch.autograd.grad(loss, z)
    assert g[3].isnan().all() if spreads else not g[3].any()


def rounding(z, labels):
    """How far the gradient in float32 is from that in float64."""
    slopes = []
    for dtype in (torch.float32, torch.float64):
        x = z.to(dtype).requires_grad_()
        options = labels, (len(z),), (labels.numel(),)
        loss = ctc_loss(torch.log_softmax(x, 2), *options, reduction="sum")
        slopes.append(torch.autograd.grad(loss, x)[0].double())
    return (slopes[0] - slopes[1]).abs().max().item()


offs, four = [], torch.tensor([[1, 2, 2, 3]])
for seed in range(8):
    torch.manual_seed(seed)
    z, many = torch.randn(2000, 1, 30), torch.randint(1, 30, (1, 200))
    offs.append(rounding(z, many if seed % 2 else four))
assert 8e-3 < max(offs) < 0.03 and min(offs) > 1e-3

# --8<-- [start:range]
_, log_p = uniform(frames=2)
loss = ctc_loss(log_p, torch.tensor([[0]]), (2,), (1,))
print(f"label 0, the blank: {loss:.4f}, which is -log(3/9)")

wide = torch.full((2, 1, 4), -0.5)
wide[:, :, 3] = 0.0  # not a part of the next line's tensor
three = wide[:, :, :3]
with torch.no_grad():
    before = ctc_loss(three, torch.tensor([[3]]), (2,), (1,)).item()
    wide[:, :, 3] = -5.0
    after = ctc_loss(three, torch.tensor([[3]]), (2,), (1,)).item()
print(tuple(three.shape), "label 3:", round(before, 4), round(after, 4))
# --8<-- [end:range]
torch.testing.assert_close(loss, -torch.tensor(3 / 9).log())
assert before != after

# --8<-- [start:reductions]
_, log_p = uniform(frames=4, batch=2)
targets, lengths = torch.tensor([[1, 0, 0], [1, 2, 1]]), (1, 3)
for reduction in ("none", "sum", "mean"):
    loss = ctc_loss(log_p, targets, (4, 4), lengths, reduction=reduction)
    print(f"{reduction:4}", [round(v, 4) for v in loss.view(-1).tolist()])
joined = torch.tensor([1, 1, 2, 1])  # the same labels, end to end
print("mean", round(ctc_loss(log_p, joined, (4, 4), lengths).item(), 4))
# --8<-- [end:reductions]
each = ctc_loss(log_p, targets, (4, 4), lengths, reduction="none")
torch.testing.assert_close(loss, (each / torch.tensor(lengths)).mean())
assert ctc_loss(log_p, joined, (4, 4), lengths) == loss
# claim: Padded and joined targets give the same loss.
for pad in (0, 2, -1, 99, 10**9):
    for sizes in (1, 3), (0, 2), (2, 2):
        labels = [torch.randint(1, 3, (size,)) for size in sizes]
        padded = torch.full((2, 4), pad)
        for row, label in zip(padded, labels):
            row[: len(label)] = label
        z = torch.randn(6, 2, 3, requires_grad=True)
        log_p = torch.log_softmax(z, 2)
        values, slopes = [], []
        for form in (padded, torch.cat(labels)):
            loss = ctc_loss(log_p, form, (6, 6), sizes)
            values.append(loss)
            slopes.append(torch.autograd.grad(loss, z, retain_graph=True)[0])
        assert values[0] == values[1] and torch.equal(*slopes)
_, log_p = uniform(frames=4, batch=2)
nothing = torch.zeros(1, 0, dtype=torch.long)  # the mean divides it by 1
alone = [
    ctc_loss(log_p[:, :1], nothing, (4,), (0,), reduction=reduction).item()
    for reduction in ("mean", "sum")
]
assert alone[0] == alone[1] > 0

# --8<-- [start:input-count]
_, log_p = uniform(frames=2)  # one sequence
attempt(log_p, one, (2, 2), (1,))
# --8<-- [end:input-count]

# --8<-- [start:target-count]
attempt(log_p, one, (2,), (1, 1))
# --8<-- [end:target-count]

# --8<-- [start:frames]
attempt(log_p, one, (3,), (1,))
# --8<-- [end:frames]

# --8<-- [start:padding]
attempt(log_p, one, (2,), (2,))
# --8<-- [end:padding]

# --8<-- [start:joined]
attempt(log_p, torch.tensor([1, 2]), (2,), (1,))
# --8<-- [end:joined]

# --8<-- [start:negative]
attempt(log_p, one, (2,), (-1,))
# --8<-- [end:negative]

# --8<-- [start:blank-range]
attempt(log_p, one, (2,), (1,), blank=3)
# --8<-- [end:blank-range]

# --8<-- [start:half]
attempt(log_p.half(), one, (2,), (1,))
# --8<-- [end:half]
assert ctc_loss(log_p.bfloat16().float(), one, (2,), (1,)).isfinite()
try:
    ctc_loss(log_p.bfloat16(), one, (2,), (1,))
except (RuntimeError, NotImplementedError) as error:
    assert "\"ctc_loss_cpu\" not implemented for 'BFloat16'" in str(error)
else:
    raise AssertionError
