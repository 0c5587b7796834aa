# --8<-- [start:run]
import torch
from torch.nn.functional import kl_div

z = torch.tensor([[1.0, 2, 3], [0, 0, 0]], requires_grad=True)
log_q = torch.log_softmax(z, dim=1)  # the model
p = torch.tensor([[0.25, 0.25, 0.5], [0.5, 0.25, 0.25]])  # the data
loss = kl_div(log_q, p, reduction="batchmean")
by_input, by_logits = torch.autograd.grad(loss, (log_q, z))
print("loss              ", round(loss.item(), 4))
print("gradient of log_q ", by_input.tolist())
print("gradient of logits", by_logits)
# --8<-- [end:run]
assert (by_input == -p / 2).all()
torch.testing.assert_close(by_logits, (log_q.exp() - p) / 2)


# --8<-- [start:trap]
def descend(wrong):
    z = torch.zeros(1, 3, requires_grad=True)
    p = torch.tensor([[0.25, 0.25, 0.5]])
    for _ in range(200):
        x = torch.softmax(z, 1) if wrong else torch.log_softmax(z, 1)
        loss = kl_div(x, p, reduction="batchmean")
        (g,) = torch.autograd.grad(loss, z)
        z = (z - 2 * g).detach().requires_grad_()
    return loss.item(), torch.softmax(z, 1).detach()


loss, q = descend(wrong=True)
print(f"probabilities: loss {loss:.4f}, q {q}")
# --8<-- [end:trap]
assert loss < 0 and q[0, 2] > 0.99
torch.manual_seed(0)
# claim: The loss falls as the model puts everything on the most likely class:
for classes in (2, 3, 17):
    share = torch.rand(4, classes).sort(1).values + torch.arange(classes)
    share = share / share.sum(1, keepdim=True)  # the last is the likeliest
    shares = []
    for weight in torch.linspace(0, 1, 20):
        one = torch.eye(classes)[-1]
        model = (1 - weight) / classes + weight * one.expand(4, classes)
        shares.append(kl_div(model, share, reduction="none").sum(1))
    assert (torch.stack(shares).diff(dim=0) < 0).all()

# --8<-- [start:fix]
loss, q = descend(wrong=False)
print(f"logarithms:    loss {loss:.4f}, q {q}")
# --8<-- [end:fix]
torch.testing.assert_close(q, torch.tensor([[0.25, 0.25, 0.5]]))

# --8<-- [start:order]
model = torch.tensor([[0.25, 0.75]])
data = torch.tensor([[0.5, 0.5]])
right = kl_div(model.log(), data, reduction="batchmean")
swapped = kl_div(data.log(), model, reduction="batchmean")
print(f"kl_div(log model, data) {right:.4f}")
print(f"kl_div(log data, model) {swapped:.4f}")

from torch.distributions import Categorical, kl_divergence

forward = kl_divergence(Categorical(data), Categorical(model))
print(f"KL(data || model) {forward.item():.4f}")
# --8<-- [end:order]
torch.testing.assert_close(forward[0], right)

# --8<-- [start:mean]
import warnings

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    mean = kl_div(log_q, p)  # reduction="mean" is the default
(g,) = torch.autograd.grad(mean, log_q, retain_graph=True)
print(f"mean      {mean.item():.4f}", "gradient = -p /", (-p / g)[0, 0].item())
print(caught[0].message)
# --8<-- [end:mean]
torch.testing.assert_close(mean * 6, kl_div(log_q, p, reduction="sum"))
assert (torch.kl_div(log_q, p, 1) == mean).all()

# --8<-- [start:reductions]
for reduction, divisor in ("sum", 1), ("batchmean", 2):
    loss = kl_div(log_q, p, reduction=reduction)
    (g,) = torch.autograd.grad(loss, log_q, retain_graph=True)
    print(f"{reduction:9} {loss.item():.4f}", "gradient = -p /", divisor)
    assert (g == -p / divisor).all()
each = kl_div(log_q, p, reduction="none")
print("none     ", tuple(each.shape), [f"{v:.4f}" for v in each.sum(1)])
# --8<-- [end:reductions]
entropy = torch.special.entr(p).sum()
torch.testing.assert_close(each.sum(), -(p * log_q).sum() - entropy)

# --8<-- [start:masked]
inf = float("inf")
masked = torch.tensor([[0.0, 0.0, -inf]])  # class 2 does not occur
log_p = torch.log_softmax(masked, 1)
log_q = torch.log_softmax(torch.zeros(1, 3), 1)
print(kl_div(log_q, log_p, reduction="sum", log_target=True))
# --8<-- [end:masked]
assert kl_div(log_q, log_p, reduction="sum", log_target=True).isnan()
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    x, target = (v.to(dtype) for v in (log_q, log_p))
    assert kl_div(x, target, reduction="sum", log_target=True).isnan()
    low = target.clamp(min=torch.finfo(dtype).min)
    bounded = kl_div(x, low, reduction="sum", log_target=True)
    assert abs(bounded - 0.4055) < 5e-3

# --8<-- [start:masked-fix]
lowest = torch.finfo(log_p.dtype).min
bounded = log_p.clamp(min=lowest)
print(kl_div(log_q, bounded, reduction="sum", log_target=True))
print(kl_div(log_q, log_p.exp(), reduction="sum"))
# --8<-- [end:masked-fix]
torch.testing.assert_close(
    kl_div(log_q, bounded, reduction="sum", log_target=True),
    torch.tensor(1.5).log(),
)

# --8<-- [start:masked-both]
z = torch.tensor([[1.0, 2.0, -inf]], requires_grad=True)  # masked as well
log_q, p = torch.log_softmax(z, 1), log_p.exp()
for x in (log_q, log_q.masked_fill(p == 0, 0)):
    loss = kl_div(x, p, reduction="batchmean")
    (g,) = torch.autograd.grad(loss, z, retain_graph=True)
    print(f"{loss.item():.4f}", g)
# --8<-- [end:masked-both]
assert loss > 0 and not g[0, 2]
two = z[:, :2].log_softmax(1)
few = kl_div(two, p[:, :2], reduction="batchmean")
torch.testing.assert_close(loss, few)
torch.testing.assert_close(g, torch.autograd.grad(few, z)[0])
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    logits = torch.randn(4, 5, 3).to(dtype)
    logits[0, 0, 1] = logits[3, :, 2] = -inf
    teacher = torch.randn(4, 5, 3).to(dtype)
    teacher = teacher.masked_fill(logits.isinf(), -inf).softmax(-1)
    logits.requires_grad_()
    x = logits.log_softmax(-1).masked_fill(teacher == 0, 0)
    loss = kl_div(x, teacher, reduction="sum")
    (g,) = torch.autograd.grad(loss, logits)
    assert loss.isfinite() and not g[logits.isinf()].any()
    torch.testing.assert_close(
        g, logits.softmax(-1) - teacher, atol=0.01, rtol=0
    )
log_q = torch.log_softmax(torch.zeros(1, 3), 1)

# Equal distributions.
log_q = torch.log(torch.tensor([[0.5, 0.5]])).requires_grad_()
p = torch.tensor([[0.5, 0.5]])
loss = kl_div(log_q, p, reduction="batchmean")
(by_input,) = torch.autograd.grad(loss, log_q)
logits = torch.zeros(1, 2, requires_grad=True)
loss = kl_div(torch.log_softmax(logits, 1), p, reduction="batchmean")
(by_logits,) = torch.autograd.grad(loss, logits)
assert loss == 0 and by_input.tolist() == [[-0.5, -0.5]]
assert by_logits.tolist() == [[0, 0]]
for n in (3, 17, 1001):
    z = torch.randn(9, n, requires_grad=True)
    p = torch.softmax(z.detach(), 1)
    each = kl_div(torch.log_softmax(z, 1), p, reduction="none").sum(1)
    (g,) = torch.autograd.grad(each.sum(), z)
    assert each.abs().max() < 1e-6 and g.abs().max() < 1e-6

# --8<-- [start:mass]
logits = torch.zeros(1, 2, requires_grad=True)
for p in torch.tensor([[0.25, 0.75]]), torch.tensor([[0.5, 1.5]]):
    loss = kl_div(torch.log_softmax(logits, 1), p, reduction="batchmean")
    (g,) = torch.autograd.grad(loss, logits)
    print("p sums to", p.sum().item(), "gradient", g.tolist())
# --8<-- [end:mass]
torch.testing.assert_close(g, torch.softmax(logits, 1) * p.sum() - p)

log_q = torch.log_softmax(torch.tensor([1.0, 2, 3]), 0)
assert kl_div(log_q, torch.tensor([0.5, 0.6, -0.1]), reduction="sum").isnan()
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for below in (-1e-4, -1.0, -inf):
        x = torch.tensor([-3.0, 0.0, -inf], dtype=dtype)
        target = torch.full_like(x, below)
        assert kl_div(x, target, reduction="none").isnan().all()
for n in (3, 17, 1001):
    z = torch.randn(4, n, dtype=torch.float64, requires_grad=True)
    p = torch.rand(4, n, dtype=torch.float64)
    p[:, 0] = -0.2
    q = torch.softmax(z, 1)
    loss = kl_div(q.log(), p, reduction="sum")
    (g,) = torch.autograd.grad(loss, z)
    assert loss.isnan()
    torch.testing.assert_close(g, q.detach() * p.sum(1, keepdim=True) - p)

# --8<-- [start:log-target]
log_q = torch.log_softmax(torch.tensor([[1.0, 2, 3]]), 1).requires_grad_()
log_p = torch.log_softmax(torch.tensor([[0.0, 1, -200]]), 1)
for name, target, log_target in (
    ("probabilities", log_p.exp(), False),
    ("logarithms   ", log_p, True),
):
    target = target.requires_grad_()
    loss = kl_div(log_q, target, reduction="sum", log_target=log_target)
    g, dt = torch.autograd.grad(loss, (log_q, target))
    print(name, f"{loss.item():.4f}", (g + 0).tolist()[0])
    print("  gradient of the target", dt)
# --8<-- [end:log-target]
assert dt.isfinite().all() and round(log_p[0, 2].item(), 1) == -201.3
# claim: A target of 0 adds nothing to the value, and its own gradient is NaN
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    x = torch.tensor([-0.0, -1, -300, -6e4], dtype=dtype)
    zero = torch.zeros(4, dtype=dtype, requires_grad=True)
    none = kl_div(x, zero, reduction="none")
    assert not none.any()
    assert torch.autograd.grad(none.sum(), zero)[0].isnan().all()
torch.testing.assert_close(g, -log_p.exp())

# --8<-- [start:target]
student = torch.tensor([[1.0, 2, 3]], requires_grad=True)
teacher = torch.tensor([[0.0, 1, 1]], requires_grad=True)
log_q = torch.log_softmax(student, 1)
log_p = torch.log_softmax(teacher, 1)
loss = kl_div(log_q, log_p, reduction="batchmean", log_target=True)
by_student, by_teacher = torch.autograd.grad(loss, (student, teacher))
print("student", by_student)
print("teacher", by_teacher)
# --8<-- [end:target]
p, ratio = log_p.exp(), log_p - log_q
torch.testing.assert_close(by_teacher, p * (ratio - loss))
torch.testing.assert_close(by_student, log_q.exp() - p)
student, teacher = torch.randn(2, 5, 3, dtype=torch.float64)
for reduction, divisor in ("sum", 1), ("batchmean", 5):
    teacher.requires_grad_()
    log_q, log_p = torch.log_softmax(student, 1), torch.log_softmax(teacher, 1)
    p, ratio = log_p.exp(), log_p - log_q
    own = (p * ratio).sum(1, keepdim=True)
    loss = kl_div(log_q, log_p, reduction=reduction, log_target=True)
    (g,) = torch.autograd.grad(loss, teacher)
    torch.testing.assert_close(g, (p * (ratio - own) / divisor).detach())

# --8<-- [start:temperature]
student = torch.tensor([[1.0, 2, 3]], requires_grad=True)
teacher = torch.tensor([[3.0, 0, 1]])
for T in (1, 4, 16):
    log_q = torch.log_softmax(student / T, 1)
    p = torch.softmax(teacher / T, 1)
    loss = kl_div(log_q, p, reduction="batchmean")
    (g,) = torch.autograd.grad(loss, student)
    size = g.norm().item()
    print(f"T = {T:2}: gradient {size:.4f}, times T² {size * T * T:.4f}")
# --8<-- [end:temperature]
torch.testing.assert_close(g, (log_q.exp() - p) / T)
for T in (100, 1000):  # for large T it is the difference of the logits
    s, t = student.double(), teacher.double()
    log_q = torch.log_softmax(s / T, 1)
    loss = kl_div(log_q, torch.softmax(t / T, 1), reduction="batchmean")
    (g,) = torch.autograd.grad(loss * T * T, student)
    limit = ((s - s.mean()) - (t - t.mean())) / 3
    torch.testing.assert_close(g.double(), limit, atol=0.03, rtol=0)

# --8<-- [start:one]
log_q = torch.log_softmax(torch.tensor([1.0, 2, 3]), 0)  # no batch
p = torch.tensor([0.25, 0.25, 0.5])
for x, y in ((log_q, p), (log_q[None], p[None]), (log_q, p.expand(4, 3))):
    loss = kl_div(x, y, reduction="batchmean")
    print(tuple(x.shape), "against", tuple(y.shape), f"{loss:.4f}")
tokens = log_q.expand(2, 5, 3), p.expand(2, 5, 3)  # 2 sequences, 5 long
loss = kl_div(*tokens, reduction="batchmean")
flat = kl_div(*(v.flatten(0, 1) for v in tokens), reduction="batchmean")
print(f"(2, 5, 3) {loss.item():.4f}, (10, 3) {flat.item():.4f}")
# --8<-- [end:one]
torch.testing.assert_close(flat, kl_div(log_q, p, reduction="sum"))
wide = log_q, p.expand(4, 3)  # 12 terms, of an input of 3
torch.testing.assert_close(
    kl_div(*wide, reduction="sum"), 12 * torch.kl_div(*wide, 1)
)
torch.testing.assert_close(loss, 5 * flat)

# --8<-- [start:targets]
try:
    kl_div(log_q, torch.tensor([0, 0, 1]), reduction="sum")
except RuntimeError as error:
    print(error)
# --8<-- [end:targets]

# --8<-- [start:source]
import inspect

code = inspect.getsource(kl_div).splitlines()
start = next(i for i, line in enumerate(code) if "reduced = torch" in line)
print(*code[start:], sep="\n")
# --8<-- [end:source]
