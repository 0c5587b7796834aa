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
print("(q-p)/N           ", ((log_q.exp() - p) / 2).detach())
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
# --8<-- [end:order]

# --8<-- [start:order-fix]
from torch.distributions import Categorical, kl_divergence

forward = kl_divergence(Categorical(data), Categorical(model))
print(f"KL(data || model) {forward.item():.4f}")
# --8<-- [end:order-fix]
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
for bound, near in (-1.0, 0.4417), (-5.0, 0.3792), (-104.0, 0.4055):
    x = kl_div(log_q, log_p.clamp(min=bound), reduction="sum", log_target=True)
    assert abs(x - near) < 1e-4

# --8<-- [start:equal]
log_q = torch.log(torch.tensor([[0.5, 0.5]])).requires_grad_()
p = torch.tensor([[0.5, 0.5]])
loss = kl_div(log_q, p, reduction="batchmean")
(by_input,) = torch.autograd.grad(loss, log_q)
logits = torch.zeros(1, 2, requires_grad=True)
loss = kl_div(torch.log_softmax(logits, 1), p, reduction="batchmean")
(by_logits,) = torch.autograd.grad(loss, logits)
print("loss", loss.item())
print("gradient of the input ", by_input.tolist())
print("gradient of the logits", by_logits.tolist())
# --8<-- [end:equal]
assert loss == 0 and by_input.tolist() == [[-0.5, -0.5]]
assert by_logits.tolist() == [[0, 0]]

# --8<-- [start:mass]
for p in torch.tensor([[0.25, 0.75]]), torch.tensor([[0.5, 1.5]]):
    loss = kl_div(torch.log_softmax(logits, 1), p, reduction="batchmean")
    (g,) = torch.autograd.grad(loss, logits)
    print("p sums to", p.sum().item(), "gradient", g.tolist())
# --8<-- [end:mass]
torch.testing.assert_close(g, torch.softmax(logits, 1) * p.sum() - p)

# --8<-- [start:negative]
log_q = torch.log_softmax(torch.tensor([1.0, 2, 3]), 0)
print(kl_div(log_q, torch.tensor([0.5, 0.6, -0.1]), reduction="none"))
# --8<-- [end:negative]
assert kl_div(log_q, torch.tensor([0.5, 0.6, -0.1]), reduction="sum").isnan()

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

# --8<-- [start:empty]
nothing = torch.zeros(0, 3)
for reduction in ("sum", "batchmean"):
    loss = kl_div(nothing, nothing, reduction=reduction)
    print(reduction, loss.item())
# --8<-- [end:empty]
assert loss.isnan()

# --8<-- [start:one]
log_q = torch.log_softmax(torch.tensor([1.0, 2, 3]), 0)  # no batch
p = torch.tensor([0.25, 0.25, 0.5])
print("(3,)   ", kl_div(log_q, p, reduction="batchmean").item())
print("(1, 3) ", kl_div(log_q[None], p[None], reduction="batchmean").item())
four = p.expand(4, 3)
print("against (4, 3):")
for x in (log_q, log_q[None], log_q.expand(4, 3)):
    loss = kl_div(x, four, reduction="batchmean")
    print(f"{str(tuple(x.shape)):7} {loss.item():.4f}")
# --8<-- [end:one]
torch.testing.assert_close(loss, kl_div(log_q, p, reduction="sum"))

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
