# ---
# description: A classifier trains for 51 steps, then its loss is NaN. Found with anomaly mode, with hooks and by looking at gradients, explained and fixed.
# names: [loss nan, nan loss, training nan, anomaly mode, binary entropy, mixed precision, GradScaler, nan after some steps, where nan comes from]
# symptoms:
#   - "Function 'XlogyBackward0' returned nan values in its 1th output."
#   - "The total norm of order 2.0 for gradients from `parameters` is non-finite, so it cannot be clipped."
#   - "Error detected in XlogyBackward0. Traceback of forward call that caused the error:"
#   - {see: "the loss is NaN after some steps, without a spike before"}
#   - {see: "the gradient of `log(1 - sigmoid(x))`, or of an entropy with `1 - p`, is NaN for x from 16.64 on in float32"}
# ---

# %% [markdown]
# # Loss becomes NaN in training: found and fixed
#
# A small classifier learns for 51 steps and its loss falls to 0.020. In step 52 the loss is NaN, and it stays NaN. What
# broke is the gradient of step 51: a probability had been rounded to exactly 1, and one entry of that gradient was 0/0.
# Where does the NaN come from? Here it is found in three ways, and fixed in two lines.
#
# ## A classifier and an entropy
#
# Two half moons of 100 points each. The network has three layers and one output $z$; the probability of the second moon
# is $p = \sigma(z)$.

# %%
from math import isfinite, isnan

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

torch.manual_seed(0)
t = torch.pi * torch.rand(100)
above = torch.stack([t.cos(), t.sin()], 1)
below = torch.stack([1 - t.cos(), 0.5 - t.sin()], 1)
x = torch.cat([above, below]) + 0.1 * torch.randn(200, 2)
y = torch.cat([torch.zeros(100), torch.ones(100)])


def new_model():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(2, 16),
        nn.ReLU(),
        nn.Linear(16, 16),
        nn.ReLU(),
        nn.Linear(16, 1),
    )


# %% [markdown]
# The loss is the cross-entropy and a share of the predictions' own entropy, so that the network makes up its mind:
#
# $$
# \begin{aligned}
# L &= \frac1n \sum_{i=1}^{n} \bigl( \mathrm{CE}(z_i, y_i) + 0.3\, H(p_i) \bigr), \\
# H(p) &= -p \ln p - (1 - p) \ln (1 - p) .
# \end{aligned}
# $$
#
# The entropy is written with `torch.xlogy`, because `0 * log(0)` is NaN and `xlogy(0, 0)` is 0.


# %%
def entropy(z):
    p = torch.sigmoid(z)
    q = 1 - p
    yes = torch.xlogy(p, p)
    no = torch.xlogy(q, q)
    return -(yes + no)


def loss_of(model, entropy):
    z = model(x).squeeze(1)
    cross_entropy = binary_cross_entropy_with_logits(z, y)
    return cross_entropy + 0.3 * entropy(z).mean()


def train(entropy, steps, check=lambda step, model: None):
    model, losses = new_model(), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)
    for step in range(1, steps + 1):
        loss = loss_of(model, entropy)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        check(step, model)
        optimizer.step()
    return model, losses


_, broken = train(entropy, 60)
for step in range(48, 55):
    print(f"step {step}  loss {broken[step - 1]:.3f}")

assert all(map(isfinite, broken[:51])) and all(map(isnan, broken[51:]))
assert broken[40:51] == sorted(broken[40:51], reverse=True)

# %% [markdown]
# Nothing announces it: the loss falls in each of the ten steps up to 51.
#
# ## The gradient breaks first
#
# `check` runs after `backward()` and before the optimizer. The first time that a gradient is not finite, `note` writes down
# where, and keeps the parameters, which are still sound. From them that step can be repeated as often as needed.

# %%
from copy import deepcopy

first = {}


def note(step, model):
    bad = [(~p.grad.isfinite()).sum().item() for p in model.parameters()]
    if any(bad) and not first:
        parameters = deepcopy(model.state_dict())
        first.update(step=step, bad=bad, parameters=parameters)


model, losses = train(entropy, 51, note)
print(f"step {first['step']}  loss {losses[-1]:.3f}")
for (name, p), bad in zip(model.named_parameters(), first["bad"]):
    print(f"{name:8}  not finite: {bad:3} of {p.numel()}")

assert first["step"] == 51 and isfinite(losses[-1])
assert all(p.isfinite().all() for p in first["parameters"].values())
# The optimizer has been there:
assert not any(p.isfinite().all() for p in model.parameters())

# %% [markdown]
# So the loss of step 51 is a number, its gradient is not, and the optimizer writes the NaN into the parameters. Step 52
# is the first to use the spoiled parameters: a check of the loss comes one step too late.
#
# ## Found with anomaly mode
#
# Step 51 again, from the parameters that were kept. Anomaly mode raises an error at the first operation whose backward
# returns NaN. A warning tells where that operation was called; it is caught here and cut to the last call.

# %%
import warnings

model.load_state_dict(first["parameters"])
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    with torch.autograd.set_detect_anomaly(True):
        try:
            loss_of(model, entropy).backward()
        except RuntimeError as error:
            message = str(error)
print(message)

(warning,) = caught
heading, *calls, _ = str(warning.message).splitlines()
*_, place, line = calls
print(heading)
print("   ", place.rpartition(", ")[2], "→", line.strip())

assert "'XlogyBackward0' returned nan values in its 1th output." in message
assert place.endswith("in entropy") and "torch.xlogy(q, q)" in line

# %% [markdown]
# The “1th” output is the second: the counting starts at 0. It is the gradient of the second argument of `xlogy(q, q)`.
# Anomaly mode looks for NaN. An infinity passes, and may become NaN later: for the bare root of a sum of squares at 0 it names
# [the operation before the root](../edges/sqrt.md#what-to-write-instead).
#
# ## Found with hooks
#
# `Tensor.register_hook` calls a function with the gradient of that tensor. A forward hook on each module hangs one on the
# module's output, so the layers need no change. The entropy alone will do as a loss. The report is in the order in which
# backward gets there.

# %%
report = []


def watch(name, tensor):
    assert tensor.isfinite().all()  # forward, nothing is wrong

    def look(gradient):
        bad = (~gradient.isfinite()).sum().item()
        report.append((name, bad, gradient.numel()))

    tensor.register_hook(look)


def hook(name):
    return lambda module, inputs, output: watch(name, output)


for name, module in model.named_children():
    kind = type(module).__name__
    module.register_forward_hook(hook(f"{name} {kind}"))

z = model(x).squeeze(1)
p = torch.sigmoid(z)
q = 1 - p
no = torch.xlogy(q, q)
for name, tensor in {"z": z, "p": p, "q": q, "xlogy(q, q)": no}.items():
    watch(name, tensor)
(-(torch.xlogy(p, p) + no)).mean().backward()

for name, bad, size in report:
    print(f"{name:12}  not finite: {bad:2} of {size}")

order = [name for name, _, _ in report]
assert order[:4] == ["xlogy(q, q)", "q", "p", "z"] and order[-1] == "0 Linear"
assert [bad for _, bad, _ in report][:5] == [0, 1, 1, 1, 1]

# %% [markdown]
# The gradient that arrives at `xlogy(q, q)` is finite, the one that leaves it for `q` is not: one entry of 200. One point of
# the data is enough: from there the NaN runs down its row. [A ReLU that is off](../kinks/relu.md)
# passes 0 and not NaN: some entries of the first two layers were spared.
#
# ## Why in step 51
#
# The gradient is NaN for the one point whose $q = 1 - p$ is exactly 0. The largest output, and how many probabilities are 1:


# %%
history = []


def remember(step, model):
    z = model(x)
    ones = (torch.sigmoid(z) == 1).sum().item()
    history.append((z.max().item(), ones))


train(entropy, 51, remember)
for step in range(49, 52):
    z, ones = history[step - 1]
    print(f"step {step}  largest z {z:.1f}  p = 1: {ones} of 200")

assert [ones for _, ones in history] == 50 * [0] + [1]

# %% [markdown]
# In float32 the spacing above 1 is $2^{-23}$, and $1 + e^{-z}$ is rounded to 1 when $e^{-z}$ is at most half of it. Then
# $\sigma(z) = 1/(1 + e^{-z})$ is 1:
#
# $$e^{-z} \le 2^{-24} \quad\Longleftrightarrow\quad z \ge 24 \ln 2 = 16.636 .$$
#
# In step 51 the network passes this mark for the first time. $\sigma(-z)$, which is what $q$
# should be, is a number like any other there.

# %%
edge = torch.tensor([16.63, 16.64])
p, q = torch.sigmoid(edge), torch.sigmoid(-edge)
print("1 - p       ", [f"{v:.1e}" for v in (1 - p).tolist()])
print("sigmoid(-z) ", [f"{v:.1e}" for v in q.tolist()])

assert p[0] < 1 and p[1] == 1 and q.all()

# %% [markdown]
# On paper the derivative of the entropy is harmless for $z \to \infty$:
#
# $$
# \begin{aligned}
# \frac{\partial}{\partial q} (-q \ln q) &= -(\ln q + 1) & &\to \infty , \\
# \frac{\mathrm{d}q}{\mathrm{d}z} &= -p\,q & &\to 0 , \\
# \frac{\mathrm{d}H}{\mathrm{d}z} &= -z\,p\,q & &\to 0 .
# \end{aligned}
# $$
#
# The zero wins against the logarithm. Autograd multiplies the factors one by one, after $q$ has been rounded to 0: that is $\infty \cdot 0$, and NaN
# in floating point. `xlogy(q, q)` adds its two partial derivatives, one of which is $q/q = 0/0$
# ([xlogy at (0, 0)](../edges/xlogy.md#both-arguments-of-xlogy)). `q * log(q)` is NaN in the value too, so the loss breaks one
# step earlier, with the gradient.
#
# ## The fix
#
# Do not subtract from 1: $1 - \sigma(z) = \sigma(-z)$. And take the logarithm inside the function that knows it:
# $\ln \sigma(z)$ is `logsigmoid(z)`.


# %%
def safe_entropy(z):
    p, q = torch.sigmoid(z), torch.sigmoid(-z)
    return -(p * logsigmoid(z) + q * logsigmoid(-z))


def naive_entropy(z):
    p = torch.sigmoid(z)
    q = 1 - p
    return -(p * p.log() + q * q.log())


z = torch.tensor(20.0, requires_grad=True)
print("at z = 20        value  gradient")
for f in naive_entropy, entropy, safe_entropy:
    value = f(z)
    (g,) = torch.autograd.grad(value, z)
    print(f"{f.__name__:13} {value.item() + 0:8.1e}  {g.item():8.1e}")

z = torch.linspace(-200, 200, 4001, requires_grad=True)
safe_entropy(z).sum().backward()
exact = z.detach().double()
exact = -exact * exact.sigmoid() * (-exact).sigmoid()
torch.testing.assert_close(z.grad, exact.float(), rtol=1e-4, atol=1e-7)
assert safe_entropy(torch.tensor([torch.inf, -torch.inf])).isnan().all()

_, losses = train(naive_entropy, 51)
assert isfinite(losses[49]) and isnan(losses[50])

# %% [markdown]
# The gradient of the last row is $-20\, p\, q$; the assertion compares it with $-z\, p\, q$ in float64, from −200 to 200. At ±∞ `safe_entropy` is 0 · ∞, NaN. In
# [xlogy, entr, kl_div](../edges/xlogy.md#what-to-write-instead) the same is done for a softmax, with `log_softmax`, and in
# [log, log1p, logit](../edges/log.md#what-to-write-instead) it is shown what an epsilon or a clamp costs.
#
# The same network, trained for 150 steps. Dozens of probabilities are exactly 1 at the end.

# %%
model, mended = train(safe_entropy, 150)
right = ((model(x).squeeze(1) > 0) == (y == 1)).sum().item()
print("finite losses", sum(map(isfinite, mended)), "of 150")
print("right answers", right, "of 200")

assert all(map(isfinite, mended)) and right == 200
assert (torch.sigmoid(model(x)) == 1).sum() > 24
assert all(p.isfinite().all() for p in model.parameters())
for one, other in zip(broken[:51], mended):
    assert abs(one - other) < 1e-3 * other

# %%
import matplotlib.pyplot as plt

fig, ax = plt.subplots(
    num="The loss on a logarithmic axis against the step. Two curves fall"
    " together from 0.9 to 0.02 in step 51. There the one with xlogy ends"
    " in a dot, with the words: NaN from step 52. The one with logsigmoid"
    " falls on to step 150.",
)
ax.semilogy(range(1, 52), broken[:51], "C1", lw=6, label="xlogy(q, q)")
ax.semilogy(range(1, 151), mended, "C0", label="logsigmoid")
ax.semilogy(51, broken[50], "C1o", ms=9)
ax.text(56, broken[50], "NaN from step 52")
ax.set(xlabel="step", ylabel="loss")
ax.legend()
plt.show()

# %% [markdown]
# Up to step 51 the two losses are the same within a thousandth: the fix changes what is computed, not what is meant.
#
# ## A guard
#
# `clip_grad_norm_` with `error_if_nonfinite=True` refuses a norm that is not finite. In the default
# NaN makes all gradients NaN; an infinite gradient becomes NaN, and the finite ones 0.

# %%
from textwrap import fill

model.load_state_dict(first["parameters"])
model.zero_grad()
loss_of(model, entropy).backward()
try:
    nn.utils.clip_grad_norm_(model.parameters(), 1.0, error_if_nonfinite=True)
except RuntimeError as error:
    message = str(error)
print(fill(message, 76))

assert "is non-finite, so it cannot be clipped" in message

nn.utils.clip_grad_norm_(model.parameters(), 1.0)
assert all(p.grad.isnan().all() for p in model.parameters())

one, other = (nn.Parameter(torch.ones(2)) for _ in range(2))
one.grad, other.grad = torch.tensor([1.0, torch.inf]), torch.ones(2)
nn.utils.clip_grad_norm_([one, other], 1.0)
print("clipped by inf", one.grad, other.grad)
assert one.grad[0] == 0 and one.grad[1].isnan() and not other.grad.any()

# %% [markdown]
# It does not say which. This loop does, and stops before the optimizer spoils the parameters:


# %%
def guard(step, model):
    for name, p in model.named_parameters():
        bad = (~p.grad.isfinite()).sum().item()
        if bad:
            text = f"gradient of {name}: {bad} of {p.numel()} not finite"
            raise FloatingPointError(f"step {step}: {text}")


try:
    train(entropy, 150, guard)
except FloatingPointError as error:
    print(error)
    message = str(error)

assert message.startswith("step 51: gradient of 0.weight")

# %% [markdown]
# A `GradScaler` looks for NaN too, and
# [skips the step of the optimizer](https://docs.pytorch.org/docs/stable/notes/amp_examples.html#typical-mixed-precision-training) where it finds one.
# That saves the parameters and says nothing. Each skipped step halves the scale. After 144 of them in a row, from the default scale, 1/scale is inf: the next step
# with finite gradients is taken, and its parameters are lost. Watch `get_scale()`. In this training the steps 51 to 194 are skipped:

# %%
model, scaler = new_model(), torch.amp.GradScaler("cpu")
optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)
model.load_state_dict(first["parameters"])
for step in range(51, 51 + 144):
    optimizer.zero_grad()
    scaler.scale(loss_of(model, entropy)).backward()
    scaler.step(optimizer)
    scaler.update()
print("scale", scaler.get_scale(), "1/scale", 1 / torch.tensor(scaler.get_scale()))
kept = zip(model.state_dict().values(), first["parameters"].values())
assert all(torch.equal(*pair) for pair in kept)

w = nn.Parameter(torch.ones(1))
scaler.scale(2 * w).backward()  # a finite gradient
scaler.step(torch.optim.SGD([w], lr=0.1))
print("parameter", w.item())
assert not w.isfinite()

# %% [markdown]
# ## Where people met it
#
# - [Efficient-Computing#143](https://github.com/huawei-noah/Efficient-Computing/issues/143): an entropy of a softmax, and `Function 'XlogyBackward0'
#   returned nan values in its 1th output.`
# - [Remote-Sensing-Images-Classification#4](https://github.com/TangXu-Group/Remote-Sensing-Images-Classification/issues/4): the same text from
#   `kl_div` with a softmax as its target.
# - [#46849](https://github.com/pytorch/pytorch/issues/46849): `clip_grad_norm_` passes over NaN in silence.
#   [#53843](https://github.com/pytorch/pytorch/pull/53843) added `error_if_nonfinite`, [#55169](https://github.com/pytorch/pytorch/pull/55169)
#   made False its default.
#
# ## See also
#
# [Symptoms](../symptoms.md) lists error texts and odd gradients with their pages ·
# [xlogy, entr, kl_div](../edges/xlogy.md) · [log, log1p, logit](../edges/log.md) · [sqrt and norms at 0](../edges/sqrt.md) ·
# [Find the operation that made a gradient NaN or inf](../foundations/find_operation.md) ·
# [Mixed precision](../basics/mixed_precision.md)
