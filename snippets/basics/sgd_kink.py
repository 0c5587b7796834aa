# --8<-- [start:cycle]
import torch


def descend(f, start, steps, lr=0.25, kind=torch.optim.SGD, **options):
    """The path of an optimizer on f."""
    x = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = kind([x], lr=lr, **options)
    path = [x.item()]
    for step in range(steps):
        optimizer.zero_grad()
        f(x).backward()
        optimizer.step()
        path.append(x.item())
    return path


print(descend(torch.abs, 0.9375, 8))
# --8<-- [end:cycle]
assert descend(torch.abs, 0.9375, 8)[-4:] == [0.1875, -0.0625] * 2

# --8<-- [start:rule]
for start, lr in (0.9375, 0.25), (0.9375, 0.5), (7.3, 0.25), (100.0, 0.75):
    low, high = sorted(descend(torch.abs, start, 150, lr)[-2:])
    print(f"start {start}, lr {lr}: {low:.4f} and {high:.4f}")
    r = start % lr
    assert abs(high - r) < 1e-9 and abs(low - (r - lr)) < 1e-9
# --8<-- [end:rule]
# claim: ends, in exact arithmetic, from any start x_0 > 0, in the two points
import random
from fractions import Fraction

random.seed(0)
for _ in range(300):
    at = Fraction(random.randint(1, 9999), random.randint(1, 999))
    lr = Fraction(random.randint(1, 99), random.randint(1, 99))
    at = min(at, 200 * lr + at % lr)
    r = at % lr
    for step in range(203):
        before = at
        at -= lr * ((at > 0) - (at < 0))
    assert {before, at} == ({r, r - lr} if r else {0})
torch.manual_seed(0)
for lr in (0.25, 0.1, 0.3, 1 / 3):
    x = 10 * torch.rand(200, dtype=torch.float64)
    r = x % lr
    x = x[(r > 1e-6) & (r < lr - 1e-6)]  # not where rounding decides
    r = (x % lr).sort().values
    ends = []
    for step in range(121):
        x = x - lr * torch.sign(x)
        ends.append(x.clone())
    low, high = torch.minimum(*ends[-2:]), torch.maximum(*ends[-2:])
    torch.testing.assert_close(high.sort().values, r, rtol=0, atol=1e-9)
    torch.testing.assert_close(low, high - lr, rtol=0, atol=1e-9)

# --8<-- [start:trap]
target = torch.tensor([3.0, 0.75, -0.25])


def lasso(w):
    return ((w - target) ** 2).sum() / 2 + w.abs().sum()


w = torch.zeros(3, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
for step in range(200):
    optimizer.zero_grad()
    lasso(w).backward()
    optimizer.step()
print([round(v, 3) + 0.0 for v in w.tolist()])
print("exact zeros:", (w == 0).sum().item())
# --8<-- [end:trap]
assert (w == 0).sum() == 0 and abs(w[0].item() - 2) < 1e-3

# --8<-- [start:fix-proximal]
from torch.nn.functional import softshrink

w = torch.zeros(3, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
for step in range(200):
    optimizer.zero_grad()
    (((w - target) ** 2).sum() / 2).backward()  # the smooth part
    optimizer.step()
    with torch.no_grad():
        w.copy_(softshrink(w, 0.1))  # the kink, exactly; lr times its weight
print([round(v, 3) + 0.0 for v in w.tolist()])
print("exact zeros:", (w == 0).sum().item())
# --8<-- [end:fix-proximal]
assert (w == 0).tolist() == [False, True, True]
torch.testing.assert_close(w.detach(), softshrink(target, 1.0))


# --8<-- [start:fix-decreasing]
def decrease(start, steps, lr, schedule):
    x = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=lr)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, schedule)
    path = [x.item()]
    for step in range(steps):
        optimizer.zero_grad()
        x.abs().backward()
        optimizer.step()
        scheduler.step()
        path.append(x.item())
    return path


path = decrease(3.1, 500, 1.0, lambda t: 1 / (t + 1))
print("start:", [round(x, 2) for x in path[:5]])
for t in (20, 100, 400):
    farthest = max(abs(x) for x in path[t:])
    print(f"from step {t} on: |x| <= {farthest:.4f}, 1/t = {1 / t}")
# --8<-- [end:fix-decreasing]
assert all(abs(path[t]) <= 1 / t + 1e-12 for t in range(20, 501))

# --8<-- [start:trap-geometric]
path = decrease(0.9375, 60, 0.25, lambda t: 0.5**t)
print(path[:4], "...", round(path[-1], 6))
# --8<-- [end:trap-geometric]
assert abs(path[-1] - (0.9375 - 0.5)) < 1e-9

# --8<-- [start:fix-smooth]
from torch.nn.functional import huber_loss, smooth_l1_loss

zero = torch.tensor(0.0, dtype=torch.float64)
ends = {}
for name, f in {
    "smooth_l1, beta=1   ": lambda x: smooth_l1_loss(x, zero, beta=1.0),
    "smooth_l1, beta=1/16": lambda x: smooth_l1_loss(x, zero, beta=1 / 16),
    "huber, delta=1/16   ": lambda x: huber_loss(x, zero, delta=1 / 16),
}.items():
    path = descend(f, 0.9375, 200)
    ends[name.strip()] = [round(x, 4) + 0.0 for x in path[-2:]]
    print(name, "ends in", *ends[name.strip()])
# --8<-- [end:fix-smooth]
assert ends["smooth_l1, beta=1"] == ends["huber, delta=1/16"] == [0, 0]
assert sorted(ends["smooth_l1, beta=1/16"]) == [-0.0625, 0.1875]

# --8<-- [start:fix-average]
path = descend(torch.abs, 0.9375, 100)
print("fixed step: last", path[-1], " mean", sum(path[-50:]) / 50)

torch.manual_seed(0)
data = torch.tensor([0.0, 1.0, 2.0, 4.0, 8.0], dtype=torch.float64)
noisy = descend(lambda x: (x - data[torch.randint(5, ())]).abs(), 2.0, 1000)
tail = noisy[200:]
print(f"one datum a step: {min(tail)} to {max(tail)}", end=", ")
print(f"mean {sum(tail) / len(tail):.1f}, median of the data {data.median()}")
# --8<-- [end:fix-average]
assert sum(path[-50:]) / 50 == 0.1875 - 0.25 / 2
assert abs(sum(tail) / len(tail) - 2) < 0.3 and max(tail) - min(tail) > 2


# --8<-- [start:fix-polyak]
def loss(w):
    return torch.relu(1 - w) + w / 4  # slopes -3/4 and 1/4: lowest at 1


def polyak(f, start, steps, lowest):
    x = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    for step in range(steps):
        loss = f(x)
        (g,) = torch.autograd.grad(loss, x)
        if g.any():
            with torch.no_grad():
                x -= (loss - lowest) / (g**2).sum() * g
    return x.tolist()


print("|x|:              ", polyak(torch.abs, 0.9375, 1, lowest=0.0))
print("relu(1 - w) + w/4:", polyak(loss, 0.0, 1, lowest=0.25))
# --8<-- [end:fix-polyak]
assert (
    polyak(torch.abs, 0.9375, 1, 0.0) == 0 and polyak(loss, 0.0, 1, 0.25) == 1
)
for start in (8 * torch.rand(50, dtype=torch.float64) - 4).tolist():
    assert polyak(torch.abs, start, 1, 0.0) == 0
    assert abs(polyak(loss, start, 1, 0.25) - 1) < 1e-14

# Figure: Three paths on the absolute value from 0.7, over 16 steps. With step
# 1/t the path jumps from side to side of 0, less and less. smooth_l1 comes
# down in a curve that flattens out. The proximal step is at 0 after three
# steps and stays there.
# --8<-- [start:picture-fixes]
import matplotlib.pyplot as plt

x = torch.tensor(0.7)
proximal = [x.item()]
for step in range(16):
    x = softshrink(x, 0.25)
    proximal.append(x.item())
smooth = descend(lambda x: smooth_l1_loss(x, zero), 0.7, 16)
smaller = decrease(0.7, 16, 1.0, lambda t: 1 / (t + 1))

fig, ax = plt.subplots()
ax.plot(smaller, "C0.-", label="step 1/t")
ax.plot(smooth, "C1.-", label="smooth_l1")
ax.plot(proximal, "C2.-", label="proximal")
ax.set(xlabel="step", ylabel="x", xticks=range(0, 17, 4))
ax.legend()
plt.show()
# --8<-- [end:picture-fixes]
assert proximal[3:] == [0] * 14 and smaller[1] < 0 < smaller[2]

# --8<-- [start:lands]
quarter = descend(torch.abs, 1.0, 14, lr=0.25)
tenth = descend(torch.abs, 1.0, 14, lr=0.1)
for path in (quarter, tenth):
    print([round(x, 4) for x in path[-4:]], "exactly 0:", path[-1] == 0)
# --8<-- [end:lands]
assert quarter[4:] == [0] * 11
assert (
    0 not in tenth and abs(tenth[-1]) < 1e-12 and abs(tenth[-2] + 0.1) < 1e-9
)
# with momentum a path does not stay at the 0 that it hits
assert descend(torch.abs, 1.0, 3, lr=1, momentum=0.5) == [1, 0, -0.5, 0.25]

# --8<-- [start:walks-on]
path = descend(loss, 0.0, 16)
print(path[6:])
# --8<-- [end:walks-on]
near = torch.linspace(0, 3, 301, dtype=torch.float64)
for g in torch.linspace(-1, 0.5, 31, dtype=torch.float64):
    inside = -0.75 - 1e-9 <= g <= 0.25 + 1e-9
    assert (loss(near) >= 0.25 + g * (near - 1) - 1e-9).all() == inside
assert path[8] == 1 and path[9] == 0.9375 and path[8:12] == path[12:16]


# --8<-- [start:widths]
def widths(kind, lr=0.25, **options):
    """From 101 starts: how wide is the path of steps 150 to 300?"""
    x = torch.linspace(1.001, 9.001, 101, dtype=torch.float64)
    x.requires_grad_()
    optimizer = kind([x], lr=lr, **options)
    low, high = torch.full_like(x, 9.0), torch.full_like(x, -9.0)
    for step in range(300):
        optimizer.zero_grad()
        x.abs().sum().backward()
        optimizer.step()
        if step >= 150:
            low, high = low.minimum(x.detach()), high.maximum(x.detach())
    w = high - low
    return [round(v.item(), 2) for v in (w.min(), w.median(), w.max())]


SGD, Adam = torch.optim.SGD, torch.optim.Adam
wide = {
    "SGD                   ": widths(SGD),
    "momentum 0.5          ": widths(SGD, momentum=0.5),
    "momentum 0.9          ": widths(SGD, momentum=0.9),
    "momentum 0.9, lr 0.025": widths(SGD, lr=0.025, momentum=0.9),
    "Adam                  ": widths(Adam),
}
print(" " * 22, "narrowest, median, widest")
for name, found in wide.items():
    print(name, found)
# --8<-- [end:widths]
wide = {name.strip(): found for name, found in wide.items()}
assert wide["SGD"] == [0.25] * 3
narrowest, median, widest = (w / 0.25 for w in wide["momentum 0.9"])
assert narrowest < 1 and 4.5 < median < 5.5 and 9 < widest < 10
assert wide["momentum 0.9, lr 0.025"][1] == 0.12
assert widths(SGD, lr=2.5) == [2.5] * 3  # the steps of momentum 0.9, added up
mu = torch.tensor([0.2, 0.5, 0.65, 0.8, 0.95], dtype=torch.float64)[:, None]
x = torch.linspace(1.001, 9.001, 101, dtype=torch.float64).expand(2, 5, -1)
buffer, path = torch.zeros_like(x), []
lr = 0.25 * torch.stack([torch.ones_like(mu), 1 - mu])
for step in range(400):
    buffer = mu * buffer + torch.sign(x)
    x = x - lr * buffer
    path.append(x)
path = torch.stack(path[200:])
wider = (path.amax(0) - path.amin(0) > 0.25 + 1e-9).double().mean(-1)
assert (wider[0, 1:] > 0.7).all() and (wider[1, 1:] < 0.3).all()
assert wider[0, 0] < 0.5  # with momentum 0.2 most are not
for buffer in (-9.0, -9.5, -10.0):  # the far side: the gradient is 1
    far = [buffer := 0.9 * buffer + 1 for _ in range(7)]
    assert [b > 0 for b in far] == [False] * 6 + [True]

# Figure: Two paths on the absolute value from 3.6, over 60 steps. Plain SGD
# goes straight down and then jumps between 0.1 and -0.15. Momentum 0.9
# overshoots to -2.3 and keeps swinging, several times as wide.
# --8<-- [start:picture]
plain = descend(torch.abs, 3.6, 60)
heavy = descend(torch.abs, 3.6, 60, momentum=0.9)
fig, ax = plt.subplots()
ax.plot(heavy, "C1", label="momentum 0.9")
ax.plot(plain, "C0", label="SGD")
ax.set(xlabel="step", ylabel="x")
ax.legend()
plt.show()
# --8<-- [end:picture]
assert round(plain[-1], 2) in (0.1, -0.15)
assert round(min(heavy), 1) == -2.3 and max(heavy[40:]) > 0.5

# --8<-- [start:bound]
for start in (0.9375, 3.1, 7.3):
    best = min(abs(x) for x in descend(torch.abs, start, 100))
    print(f"start {start}: best value {best:.4f}, bound {0.25 / 2}")
    assert best <= 0.25 / 2 + 1e-12
# --8<-- [end:bound]
best = min(abs(x) for x in descend(torch.abs, 0.875, 100))
assert best == 0.125  # the bound is reached
