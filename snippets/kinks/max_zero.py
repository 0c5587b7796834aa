# --8<-- [start:five]
import torch

five = {
    "relu(x)": torch.relu,
    "clamp(x, min=0)": lambda x: torch.clamp(x, min=0),
    "maximum(x, zeros)": lambda x: torch.maximum(x, torch.zeros_like(x)),
    "where(x > 0, x, 0)": lambda x: torch.where(x > 0, x, 0),
    "x * (x > 0)": lambda x: x * (x > 0),
}


def gradient(f, *inputs):
    xs = [torch.as_tensor(x).clone().requires_grad_() for x in inputs]
    grads = torch.autograd.grad(f(*xs).sum(), xs)
    return grads[0] if len(grads) == 1 else grads


release = ".".join(torch.__version__.split(".")[:2])
print("PyTorch", release)
for name, f in five.items():
    print(f"{name:19}", gradient(f, 0.0).item())
# --8<-- [end:five]
old = release == "2.13"
at_zero = {name: gradient(f, 0.0) for name, f in five.items()}
assert list(at_zero.values()) == [0, 1 if old else 0, 0.5, 0, 0]
DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
for dtype in DTYPES:
    for n in (1, 33, 1001):
        for name, f in five.items():
            for sign in (1, -1):
                g = gradient(f, sign * torch.zeros(n, dtype=dtype))
                assert (g == at_zero[name]).all()


# --8<-- [start:trap]
def train(f, w):
    w = torch.tensor(w, requires_grad=True)
    for step in range(100):
        loss = (f(w) - 1) ** 2  # wants f(w) = 1
        (g,) = torch.autograd.grad(loss, w)
        w = (w - 0.25 * g).detach().requires_grad_()
    return round(w.item(), 4)


print("relu from 0:", train(torch.relu, 0.0))
# --8<-- [end:trap]
assert train(torch.relu, 0.0) == 0
for kind, options in (
    (torch.optim.SGD, {"momentum": 0.9}),
    (torch.optim.Adam, {}),
    (torch.optim.RMSprop, {}),
    (torch.optim.SGD, {"momentum": 0.9, "weight_decay": 0.1}),
    (torch.optim.AdamW, {}),
):
    w = torch.zeros(33, requires_grad=True)
    optimizer = kind([w], lr=0.1, **options)
    for step in range(20):
        optimizer.zero_grad()
        ((torch.relu(w) - 1) ** 2).sum().backward()
        optimizer.step()
    assert not w.any()

# --8<-- [start:fix]
print("relu from 0.01:", train(torch.relu, 0.01))
print("maximum from 0:", train(five["maximum(x, zeros)"], 0.0))
# --8<-- [end:fix]
assert train(torch.relu, 0.01) == 1
assert train(five["maximum(x, zeros)"], 0.0) == 1
# clamp was another up to 2.13
assert train(five["clamp(x, min=0)"], 0.0) == (1 if old else 0)

# --8<-- [start:mask-trap]
inf, nan = float("inf"), float("nan")
scores = torch.tensor([2.0, -1.0, -inf])
print("mask:", (scores * (scores > 0)).sum().item())
print("relu:", torch.relu(scores).sum().item())
# --8<-- [end:mask-trap]
assert (scores * (scores > 0)).sum().isnan() and torch.relu(scores).sum() == 2

# --8<-- [start:table]
x = torch.tensor([-inf, -1.0, 0.0, 1.0, inf, nan])


def row(entries):
    return "".join(f"{entry + 0:6g}" for entry in entries.tolist())


print("value              ", row(x))
for name, f in five.items():
    print(f"{name:19}", row(f(x)))
print("gradient           ", row(x))
for name, f in five.items():
    print(f"{name:19}", row(gradient(f, x)))
# --8<-- [end:table]
for name, f in five.items():
    value, slope = f(x), gradient(f, x)
    assert value[1:5].tolist() == [0, 0, 1, inf]
    assert value[0].isnan() == (name == "x * (x > 0)")
    assert value[5].isnan() == (name != "where(x > 0, x, 0)")
    assert slope[[0, 1, 3, 4]].tolist() == [0, 0, 1, 1]
assert gradient(five["relu(x)"], nan) == 1
assert gradient(five["clamp(x, min=0)"], nan) == 0
for dtype in DTYPES:
    at = torch.full((1001,), nan, dtype=dtype)
    for name, f in five.items():
        passes = name in ("relu(x)", "maximum(x, zeros)")
        assert (gradient(f, at) == passes).all()

# --8<-- [start:forward]
from torch.func import jvp

points = torch.tensor([-0.0, 0.0, nan])
for name, f in five.items():
    _, forward = jvp(f, (points,), (torch.ones(3),))
    print(f"{name:19}", "reverse", row(gradient(f, points)))
    print(" " * 19, "forward", row(forward))
# --8<-- [end:forward]

# --8<-- [start:others]
others = {
    "clamp_min(x, 0)": lambda x: torch.clamp_min(x, 0),
    "where(x >= 0, x, 0)": lambda x: torch.where(x >= 0, x, 0),
    "x * (x >= 0)": lambda x: x * (x >= 0),
    "(x + x.abs()) / 2": lambda x: (x + x.abs()) / 2,
    "masked_fill": lambda x: x.masked_fill(x <= 0, 0),
    "stack, max(dim)": lambda x: (
        torch.stack([x, torch.zeros_like(x)]).max(0).values
    ),
}
for name, f in others.items():
    print(f"{name:19}", gradient(f, 0.0).item())
# --8<-- [end:others]
assert gradient(others["where(x >= 0, x, 0)"], 0.0) == 1
assert gradient(others["(x + x.abs()) / 2"], 0.0) == 0.5

# --8<-- [start:not-these]
x = torch.tensor([1.0, -1.0, 2.0], requires_grad=True)
print(torch.max(x, 0))  # 0 is a dimension here

for wrong in (
    lambda: torch.maximum(x, 0),
    lambda: max(x, 0),
    lambda: max(x[1], 0).backward(),
):
    try:
        wrong()
    except (TypeError, RuntimeError, AttributeError) as error:
        print(f"{type(error).__name__}: {error}")
# --8<-- [end:not-these]
assert torch.max(x, 0).values == 2 and max(x[1], 0) == 0

# --8<-- [start:two-arguments]
x = torch.tensor(0.0, requires_grad=True)
zero = torch.tensor(0.0, requires_grad=True)
print(torch.autograd.grad(torch.maximum(x, zero), (x, zero)))
# --8<-- [end:two-arguments]

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in ("relu(", "maximum(", "where.self("):
    lines = text[text.index(f"- name: {name}") :].splitlines()
    print(name[:-1], next(line for line in lines if "  self: " in line))
# --8<-- [end:source]

# --8<-- [start:identity]
for name, f in five.items():
    whole = gradient(lambda x, f=f: f(x) - f(-x), 0.0).item()
    size = gradient(lambda x, f=f: f(x) + f(-x), 0.0).item() + 0
    print(f"{name:19}", "x:", whole, " |x|:", size)
# --8<-- [end:identity]
f = five["maximum(x, zeros)"]
assert gradient(lambda x: f(x) - f(-x), 0.0) == 1
for name, f in five.items():
    whole = gradient(lambda x, f=f: f(x) - f(-x), 0.0)
    assert whole == 2 * gradient(f, 0.0)
    assert (whole == 1) == (name == "maximum(x, zeros)")
    assert gradient(lambda x, f=f: f(x) + f(-x), 0.0) == 0
# claim: Each number in [0, 1] is a subgradient
y = torch.linspace(-2, 2, 401, dtype=torch.float64)
for g in torch.linspace(-0.5, 1.5, 21, dtype=torch.float64):
    inside = -1e-12 <= g <= 1 + 1e-12
    assert (torch.relu(y) >= g * y - 1e-12).all() == inside
