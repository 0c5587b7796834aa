# --8<-- [start:three-ways]
import torch
from torch.special import entr, xlog1py, xlogy

ways = {
    "x * log(x)": lambda x: x * x.log(),
    "xlogy(x, x)": lambda x: xlogy(x, x),
    "-entr(x)": lambda x: -entr(x),
}
for name, f in ways.items():
    x = torch.tensor([0.0, 1.0], requires_grad=True)
    y = f(x)
    (g,) = torch.autograd.grad(y.sum(), x)
    print(f"{name:12}", (y + 0).tolist(), g.tolist())
# --8<-- [end:three-ways]
assert g[0].isneginf() and g[1] == 1

# --8<-- [start:trap]
logits = torch.tensor([0.0, -200.0, 1.0], requires_grad=True)
p = torch.softmax(logits, 0)  # the second probability is 0 in float32
for name, f in ways.items():
    entropy = -f(p).sum()
    (g,) = torch.autograd.grad(entropy, logits, retain_graph=True)
    print(f"{name:12} entropy {entropy.item():.4f}", g.tolist())
# --8<-- [end:trap]
assert g.isnan().all() and abs(entropy.item() - 0.5822) < 1e-4


# --8<-- [start:fix]
def entropy_of(logits):
    logp = torch.log_softmax(logits, 0)
    return -(logp.exp() * logp).sum()


entropy = entropy_of(logits)
(g,) = torch.autograd.grad(entropy, logits)
print(f"{entropy.item():.4f}", g)
# --8<-- [end:fix]
p = torch.softmax(logits.detach().double(), 0)
expected = -p * (p.log() - (p * p.log()).sum())
torch.testing.assert_close(g, expected.float())

# --8<-- [start:probabilities]
p = torch.softmax(logits, 0)
tiny = torch.finfo(p.dtype).tiny
entropy = -(p * p.clamp(min=tiny).log()).sum()
(g,) = torch.autograd.grad(entropy, logits)
print(f"{entropy.item():.4f}", g)
# --8<-- [end:probabilities]
torch.testing.assert_close(g, expected.float())

# --8<-- [start:masked]
inf = float("inf")
masked = torch.tensor([0.0, -inf, 1.0], requires_grad=True)
(g,) = torch.autograd.grad(entropy_of(masked), masked)
print("log_softmax        ", g)

logp = torch.log_softmax(masked, 0)
lowest = torch.finfo(logp.dtype).min
entropy = -(logp.exp() * logp.clamp(min=lowest)).sum()
(g,) = torch.autograd.grad(entropy, masked)
print("log_softmax, clamp ", g)
# --8<-- [end:masked]
torch.testing.assert_close(g, expected.float())


# --8<-- [start:both]
def partials(f, x, y):
    x = torch.tensor(x, requires_grad=True)
    y = torch.tensor(y, requires_grad=True)
    z = f(x, y)
    dx, dy = torch.autograd.grad(z, (x, y))
    return [(t + 0).item() for t in (z.detach(), dx, dy)]


for x, y in (0.0, 1.0), (0.0, 0.0), (0.0, -1.0), (1.0, 0.0):
    print("x =", x, "y =", y, "value, dx, dy:", partials(xlogy, x, y))
print("xlog1py at 0 and -1:", partials(xlog1py, 0.0, -1.0))
# --8<-- [end:both]
value, dx, dy = partials(xlogy, 0.0, 0.0)
assert (value, dx) == (0, 0) and dy != dy

# --8<-- [start:modes]
from torch.func import jvp

one, zero = torch.tensor(1.0), torch.tensor(0.0)
_, forward = jvp(xlogy, (one, zero), (one, zero))
value, reverse, _ = partials(xlogy, 1.0, 0.0)
print("dx at (1, 0): reverse", reverse, "forward", forward.item())
# --8<-- [end:modes]
assert reverse == float("-inf") and forward.isnan()

# --8<-- [start:kl]
from torch.nn.functional import kl_div


def kl(x, t):
    return kl_div(x, t, reduction="sum")


print("target 0            ", partials(kl, -1.0, 0.0))
print("target 0, input -inf", partials(kl, -inf, 0.0))


def kl_log(x, t):
    return kl_div(x, t, reduction="sum", log_target=True)


print("log target -200     ", partials(kl_log, -1.0, -200.0))
print("log target -inf     ", partials(kl_log, -1.0, -inf))
# --8<-- [end:kl]
value, dx, dt = partials(kl, -1.0, 0.0)
assert value == 0 and dx == 0 and dt != dt
assert partials(kl_log, -1.0, -200.0) == [0, 0, 0]

# --8<-- [start:slope]
x = torch.tensor([1e-2, 1e-4, 1e-8, 1e-16], requires_grad=True)
(g,) = torch.autograd.grad((x * x.log()).sum(), x)
print(g.round().tolist())
# --8<-- [end:slope]
assert g.round().tolist() == [-4, -8, -17, -36]

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name, count in ("xlogy.Tensor(", 3), ("special_entr(", 2):
    lines = text[text.index(f"- name: {name}") :].splitlines()
    print(lines[0][8:], *lines[1:count], sep="\n")
# --8<-- [end:source]
