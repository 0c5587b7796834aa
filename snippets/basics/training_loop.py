# --8<-- [start:loop]
import torch
from torch.nn.functional import mse_loss

x = torch.tensor([[-1.0], [1.0]])
y = 2 * x + 1  # the line to find


def start():
    """A model with weight 0 and bias 0."""
    model = torch.nn.Linear(1, 1)
    torch.nn.init.zeros_(model.weight)
    torch.nn.init.zeros_(model.bias)
    return model


model = start()
optimizer = torch.optim.SGD(model.parameters(), lr=0.25)
for step in range(5):
    optimizer.zero_grad()
    loss = mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    print(loss.item(), model.weight.item(), model.bias.item())
# --8<-- [end:loop]
assert model.weight.item() == 2 - 2**-4 and model.bias.item() == 1 - 2**-5

# --8<-- [start:line-by-line]
w, b = model.weight, model.bias
print("before  ", w.grad.item(), b.grad.item())
optimizer.zero_grad()
print("zeroed  ", w.grad, b.grad)

prediction = model(x)
print("forward ", prediction.detach().flatten(), prediction.grad_fn.name())
loss = mse_loss(prediction, y)
print("loss    ", loss.item(), loss.grad_fn.name(), w.grad)

loss.backward()
print("backward", w.grad.item(), b.grad.item(), " w", w.item())
residual = (prediction - y).detach()
assert w.grad.item() == (2 * x * residual).mean()
assert b.grad.item() == (2 * residual).mean()

before = w.detach().clone()
optimizer.step()
print("step    ", before.item(), "->", w.item(), w.is_leaf, w.grad.item())
assert torch.equal(w, before - 0.25 * w.grad)
# --8<-- [end:line-by-line]
torch.testing.assert_close(prediction, before * x + 1 - 2**-5)
assert loss.item() == ((prediction - y) ** 2).mean().item()
assert w.is_leaf and before == 2 - 2**-4 and w.item() == 2 - 2**-5


# --8<-- [start:trap-forgotten]
def train(steps, zero_grad=True, **options):
    model = start()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.25, **options)
    losses = []
    for step in range(steps):
        if zero_grad:
            optimizer.zero_grad()
        loss = mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(round(loss.item(), 4))
    return losses


print(train(8, zero_grad=False))
# --8<-- [end:trap-forgotten]
torch.manual_seed(0)
forgotten = train(100, zero_grad=False)
assert max(forgotten[50:]) > 4 and forgotten == train(100, momentum=1.0)
# z² - (2 - 2 lr) z + 1 has two roots of modulus 1: it swings forever
for lr in (0.25, 0.1, 0.01, 1e-3):
    e, before = 1.0, 1.0
    largest = []
    for step in range(20000):
        e, before = (2 - 2 * lr) * e - before, e
        largest.append(abs(e))
    assert max(largest[-7000:]) > 0.9

# Figure: The loss over 25 steps. With zero_grad it falls from 5 to less than
# 0.01 in five steps. Without, it goes up and down between nearly 0 and 5.7.
# --8<-- [start:fix-forgotten]
import matplotlib.pyplot as plt

print(train(8))

fig, ax = plt.subplots()
ax.plot(train(25, zero_grad=False), "C1.-", label="without zero_grad")
ax.plot(train(25), "C0.-", label="with zero_grad")
ax.set(xlabel="step", ylabel="loss", ylim=(-0.3, 8.5))
ax.legend(loc="upper right")
plt.show()
# --8<-- [end:fix-forgotten]
assert train(8) == [round(5 * 4.0**-k, 4) for k in range(8)]
assert train(25)[5] < 0.01 and f"{max(forgotten[:25]):.1f}" == "5.7"
assert 0 < min(forgotten[:25]) < 0.01


# --8<-- [start:orders]
def run(order, steps=4):
    """The losses of a loop whose lines stand in this order."""
    model = start()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.25)
    losses = []
    for step in range(steps):
        for line in order.split():
            if line == "zero":
                optimizer.zero_grad()
            elif line == "loss":
                loss = mse_loss(model(x), y)
                losses.append(loss.item())
            elif line == "backward":
                loss.backward()
            elif line == "step":
                optimizer.step()
    return losses


for order in (
    "loss backward zero step",  # moves nothing
    "zero loss step backward",  # moves nothing
    "zero loss backward step",
    "loss zero backward step",
    "loss backward step zero",
):
    print(order, run(order))
# --8<-- [end:orders]
assert run("loss backward zero step") == [5] * 4
assert run("zero loss step backward") == [5] * 4
assert (
    run(order)
    == run("loss zero backward step")
    == run("zero loss backward step")
    == [5, 1.25, 0.3125, 5 / 64]
)
# Of all orders with a loss before backward(), those are right where step()
# is the next line after backward(), in this pass or at the start of the next.
from itertools import permutations

right = 0
for order in permutations(("zero", "loss", "backward", "step")):
    if order.index("loss") < order.index("backward"):
        follows = order[(order.index("backward") + 1) % 4] == "step"
        losses = run(" ".join(order))
        assert (losses == [5, 1.25, 0.3125, 5 / 64]) == follows
        right += follows
assert right == 5

# --8<-- [start:trap-copies]
model = start()
try:
    torch.optim.SGD([p.clone() for p in model.parameters()], lr=0.25)
except ValueError as error:
    print(error)


def three_steps(optimizer):
    losses = []
    for step in range(3):
        optimizer.zero_grad()
        loss = mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


copies = [p.detach().clone() for p in model.parameters()]
print(three_steps(torch.optim.SGD(copies, lr=0.25)))
# --8<-- [end:trap-copies]
assert three_steps(torch.optim.SGD(copies, lr=0.25)) == [5, 5, 5]

# --8<-- [start:fix-copies]
optimizer = torch.optim.SGD(model.parameters(), lr=0.25)
held = {id(p) for group in optimizer.param_groups for p in group["params"]}
assert all(id(p) in held for p in model.parameters())
print(three_steps(optimizer))
# --8<-- [end:fix-copies]
assert three_steps(optimizer)[0] == 5 / 64
# a parameter that is replaced later is not the one that the optimizer holds
model = start()
optimizer = torch.optim.SGD(model.parameters(), lr=0.25)
model.weight = torch.nn.Parameter(torch.zeros(1, 1))
mse_loss(model(x), y).backward()
optimizer.step()
assert model.weight.item() == 0 and model.bias.item() == 0.5


# --8<-- [start:by-hand]
def by_hand(w, steps, lr, mu=0.0, decay=0.0, damp=0.0, nesterov=False):
    buffer = None
    for step in range(steps):
        g = 2 * w + decay * w  # the gradient of w², and the decay
        if buffer is None:
            buffer = g  # the first one is not damped
        else:
            buffer = mu * buffer + (1 - damp) * g
        w = w - lr * (g + mu * buffer if nesterov else buffer)
    return w


def by_torch(w, steps, lr, mu=0.0, decay=0.0, damp=0.0, nesterov=False):
    w = torch.tensor(w, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr, mu, damp, decay, nesterov)
    for step in range(steps):
        optimizer.zero_grad()
        (w**2).backward()
        optimizer.step()
    return w.item()


for name, options in {
    "momentum              ": {"mu": 0.5},
    "momentum, dampening   ": {"mu": 0.5, "damp": 0.5},
    "momentum, nesterov    ": {"mu": 0.5, "nesterov": True},
    "momentum, weight decay": {"mu": 0.5, "decay": 1.0},
}.items():
    path = [by_torch(1.0, steps, 0.25, **options) for steps in range(1, 4)]
    print(name, path)
    for steps, w in enumerate(path, 1):
        assert w == by_hand(1.0, steps, 0.25, **options)
# --8<-- [end:by-hand]
assert path == [0.25, -0.3125, -0.359375]
for options in (
    {"mu": 0.9},
    {"mu": 0.9, "damp": 0.3},
    {"mu": 0.7, "nesterov": True},
    {"mu": 0.9, "decay": 0.01},
    {"decay": 0.3},
):
    one, other = (f(0.7, 30, 0.1, **options) for f in (by_torch, by_hand))
    assert abs(one - other) < 1e-6
# without momentum the buffer is the gradient
assert by_torch(1.0, 3, 0.25) == by_hand(1.0, 3, 0.25) == 0.125
assert by_torch(1.0, 3, 0.25, damp=0.5) == 0.125  # no damping either

# --8<-- [start:nesterov-error]
try:
    torch.optim.SGD([torch.ones(1)], lr=0.1, nesterov=True)
except ValueError as error:
    print(error)
# --8<-- [end:nesterov-error]

# the decay moves the weight and is not in .grad
w = torch.tensor(1.0, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.25, weight_decay=1.0)
(w**2).backward()
optimizer.step()
assert w.grad.item() == 2 and w.item() == 1 - 0.25 * (2 + 1)


# --8<-- [start:adam]
def first_step(optimizer_class, gradient):
    w = torch.zeros(len(gradient), dtype=torch.float64, requires_grad=True)
    optimizer = optimizer_class([w], lr=0.125)
    w.grad = torch.tensor(gradient, dtype=torch.float64)
    optimizer.step()
    return [round(move, 4) + 0.0 for move in w.tolist()]


gradient = [1000.0, 1.0, 0.001, -0.001, 1e-8, 0.0]
print("Adam", first_step(torch.optim.Adam, gradient))
print("SGD ", first_step(torch.optim.SGD, gradient))
# --8<-- [end:adam]
moves = first_step(torch.optim.Adam, gradient)
assert moves == [-0.125, -0.125, -0.125, 0.125, -0.0625, 0]
for dtype in (torch.float32, torch.bfloat16):
    w = torch.zeros(6, dtype=dtype, requires_grad=True)
    w.grad = torch.tensor(gradient, dtype=dtype)
    torch.optim.Adam([w], lr=0.125).step()
    wanted = torch.tensor(moves, dtype=dtype)
    torch.testing.assert_close(w.detach(), wanted, rtol=2e-2, atol=0)

# Adam's rule in a few lines of Python
w = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
optimizer = torch.optim.Adam([w], lr=0.1)
at, m, s = 0.7, 0.0, 0.0
for t in range(1, 31):
    optimizer.zero_grad()
    (w**2).backward()
    optimizer.step()
    m, s = 0.9 * m + 0.1 * 2 * at, 0.999 * s + 0.001 * (2 * at) ** 2
    at -= 0.1 * (m / (1 - 0.9**t)) / ((s / (1 - 0.999**t)) ** 0.5 + 1e-8)
    assert abs(w.item() - at) < 1e-12

# --8<-- [start:adam-half]
for eps in (1e-8, 1e-4):
    w = torch.zeros(3, dtype=torch.float16, requires_grad=True)
    optimizer = torch.optim.Adam([w], lr=0.125, eps=eps)
    w.grad = torch.tensor([1.0, 0.001, 0.0], dtype=torch.float16)
    optimizer.step()
    print(f"eps={eps}:", w.tolist())
# --8<-- [end:adam-half]
assert w.tolist() == [-0.125, -1.25, 0]  # the second is 10 times too large
w = torch.zeros_like(w).requires_grad_()
w.grad = torch.tensor([1.0, 0.001, 0.0], dtype=torch.float16)
torch.optim.Adam([w], lr=0.125, fused=True).step()
assert w.tolist() == [-0.125, -0.125, 0]
for size, finite in ((1e-5, 0), (5.4e-3, 0), (5.5e-3, 1), (0.02, 1)):
    w = torch.zeros(1, dtype=torch.float16, requires_grad=True)
    w.grad = torch.tensor([size], dtype=torch.float16)
    torch.optim.Adam([w], lr=0.125).step()
    assert w.isfinite() == finite

# --8<-- [start:nan]
for kind in (torch.optim.SGD, torch.optim.Adam):
    w = torch.tensor(1.0, requires_grad=True)
    optimizer = kind([w], lr=0.25)
    w.grad = torch.tensor(float("nan"))
    optimizer.step()
    with torch.no_grad():
        w.fill_(1.0)  # put the weight back
    w.grad = torch.tensor(1.0)
    optimizer.step()
    print(kind.__name__, w.item())
# --8<-- [end:nan]
assert w.isnan()
for kind, options, recovers in (
    (torch.optim.SGD, {}, True),
    (torch.optim.SGD, {"momentum": 0.9}, False),
    (torch.optim.AdamW, {}, False),
):
    w = torch.ones(33, requires_grad=True)
    optimizer = kind([w], lr=0.1, **options)
    for g in (torch.nan, 1.0):
        w.grad = torch.full((33,), g)
        with torch.no_grad():
            w.fill_(1.0)
        optimizer.step()
    assert w.isfinite().all() == recovers

# --8<-- [start:between]
import textwrap

net = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Linear(1, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.25)
mse_loss(net(x), y).backward()
loss = mse_loss(net(x), y)
optimizer.step()  # the second layer is not what it was
try:
    loss.backward()
except RuntimeError as error:
    message = str(error)
print(textwrap.fill(message.split(": [")[0], 68))
# --8<-- [end:between]
assert "has been modified by an inplace operation" in message
# claim: A step with fused=True is not counted: there is no error, and the
#   gradient is wrong.
for kind in (
    torch.optim.SGD,
    torch.optim.Adam,
    torch.optim.AdamW,
    torch.optim.Adagrad,
):
    for fused in (False, True):
        optimizer = kind(net.parameters(), lr=0.25, fused=fused)
        optimizer.zero_grad()
        mse_loss(net(x), y).backward()
        loss = mse_loss(net(x), y)
        first = net[0].weight
        (right,) = torch.autograd.grad(loss, first, retain_graph=True)
        counted = net[1].weight._version
        optimizer.step()
        assert (net[1].weight._version == counted) == fused
        optimizer.zero_grad()
        try:
            loss.backward()
            assert fused and abs(first.grad - right) > 1e-3
        except RuntimeError as error:
            assert not fused and "inplace operation" in str(error)

# --8<-- [start:modes]
drop = torch.nn.Dropout(0.5)
ones = torch.ones(1000, requires_grad=True)
drop.train()
with torch.no_grad():
    out = drop(ones)
print("train, no_grad:", sorted(set(out.tolist())), out.requires_grad)

drop.eval()
out = drop(ones)
print("eval:          ", sorted(set(out.tolist())), out.requires_grad)
# --8<-- [end:modes]
assert out.requires_grad and torch.equal(out, ones)
