# --8<-- [start:run]
import torch
from torch.nn.functional import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
)

p = torch.tensor([0.1, 0.5, 0.9])  # of the student
y = torch.tensor([0.2, 0.5, 0.7], requires_grad=True)  # of a teacher
loss = binary_cross_entropy(p, y, reduction="sum")
print("of probabilities", torch.autograd.grad(loss, y)[0])
loss = binary_cross_entropy_with_logits(torch.logit(p), y, reduction="sum")
print("of logits       ", torch.autograd.grad(loss, y)[0] + 0)
# --8<-- [end:run]
softplus = torch.nn.functional.softplus
for target in (0.0, 0.3, 1.0):
    y = torch.full((3,), target, requires_grad=True)
    loss = binary_cross_entropy(p, y, reduction="sum")
    (g,) = torch.autograd.grad(loss, y)
    torch.testing.assert_close(g, -torch.logit(p))
z = torch.tensor([-3.0, 0.0, 200.0])
loss = binary_cross_entropy_with_logits(z, y, reduction="sum")
assert torch.equal(torch.autograd.grad(loss, y)[0], -z)
for options, slope in (
    (
        {"pos_weight": torch.tensor(3.0)},
        lambda z: 3 * softplus(-z) - softplus(z),
    ),
    ({"weight": torch.tensor(2.0)}, lambda z: -2 * z),
):
    loss = binary_cross_entropy_with_logits(z, y, reduction="sum", **options)
    torch.testing.assert_close(torch.autograd.grad(loss, y)[0], slope(z))
mean = binary_cross_entropy_with_logits(z, y)
torch.testing.assert_close(torch.autograd.grad(mean, y)[0], -z / 3)


# --8<-- [start:trap-teacher]
def step(detach):
    """One step of a teacher that should not move."""
    teacher = torch.tensor([2.0], requires_grad=True)
    y = torch.sigmoid(teacher.detach() if detach else teacher)
    z = torch.tensor([-1.0], requires_grad=True)
    loss = binary_cross_entropy_with_logits(z, y)
    loss.backward()
    return z.grad, teacher.grad


print("student, teacher:", *step(detach=False))
# --8<-- [end:trap-teacher]
assert step(detach=False)[1] > 0.1

# --8<-- [start:fix-teacher]
print("student, teacher:", *step(detach=True))
# --8<-- [end:fix-teacher]
assert step(detach=True)[1] is None
assert step(detach=True)[0] == step(detach=False)[0]
# claim: The gradient of the student is the same.
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    logits = torch.linspace(-4, 4, 33, dtype=dtype, requires_grad=True)
    y = torch.linspace(0, 1, 33, dtype=dtype, requires_grad=True)
    for options in {}, {"weight": torch.linspace(0, 2, 33, dtype=dtype)}:
        for f, to in (
            (binary_cross_entropy_with_logits, lambda z: z),
            (binary_cross_entropy, torch.sigmoid),
        ):
            a, b = (
                torch.autograd.grad(f(to(logits), t, **options), logits)[0]
                for t in (y, y.detach())
            )
            assert torch.equal(a, b)

# --8<-- [start:trap-negative]
x = torch.tensor([1.0, 100.0])
two = torch.tensor([2.0, 2.0])  # classes were counted from 1
print(binary_cross_entropy_with_logits(x, two, reduction="none"))
# --8<-- [end:trap-negative]
assert (binary_cross_entropy_with_logits(x, two, reduction="none") < 0).all()
for logit, outside in (-1e30, -1.0), (50.0, 1.05):
    loss = binary_cross_entropy_with_logits(
        torch.tensor(logit), torch.tensor(outside)
    )
    assert loss < 0

# --8<-- [start:fix-negative]
y = two - 1
assert ((y >= 0) & (y <= 1)).all()  # with logits nothing else looks
print(binary_cross_entropy_with_logits(x, y, reduction="none"))
# --8<-- [end:fix-negative]
assert (binary_cross_entropy_with_logits(x, y, reduction="none") >= 0).all()
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for kind, low, high, mapped in (
        (torch.int64, 1, 2, lambda y: y - 1),
        (torch.int64, -1, 1, lambda y: (y + 1) / 2),
        (torch.uint8, 0, 255, lambda y: y / 255),
    ):
        labels = torch.tensor([low, high]).to(kind)
        labels = mapped(labels.to(dtype))
        assert labels.dtype == dtype and labels.tolist() == [0, 1]

# --8<-- [start:trap-half]
z = torch.tensor([7e4, 1.0], requires_grad=True)  # float32
y = torch.tensor([0.0, 1.0])
loss = binary_cross_entropy_with_logits(z, y.half(), reduction="none")
print(loss.detach())
# --8<-- [end:trap-half]
assert loss.dtype == torch.float16 and loss[0].isinf()

# --8<-- [start:fix-half]
loss = binary_cross_entropy_with_logits(z, y.to(z.dtype), reduction="none")
print(loss.detach())
# --8<-- [end:fix-half]
assert loss.dtype == torch.float32 and loss.isfinite().all()
for dtype in (torch.float64, torch.bfloat16):
    loss = binary_cross_entropy_with_logits(z, y.to(dtype))
    assert loss.dtype == dtype

# --8<-- [start:ends]
ends = torch.tensor([0.0, 1.0], requires_grad=True)
p = torch.zeros(2)
loss = binary_cross_entropy(p, ends, reduction="none")
(g,) = torch.autograd.grad(loss.sum(), ends)
print("loss at p = 0, y = 0 and 1:", (loss + 0).tolist())
print("gradient of the target:    ", g.tolist())
# --8<-- [end:ends]
assert g.isposinf().all() and loss[1] - loss[0] == 100


# --8<-- [start:input]
def attempt(function, x, y):
    try:
        return function(x, y)
    except (RuntimeError, ValueError, NotImplementedError) as error:
        return f"{type(error).__name__}: {error}"


one = torch.tensor([1.0])
for p in 1.5, float("nan"):
    print(attempt(binary_cross_entropy, torch.tensor([p]), one))
# --8<-- [end:input]

# --8<-- [start:target]
for target in 2.0, float("nan"):
    target = torch.tensor([target])
    print(attempt(binary_cross_entropy, one / 2, target))
    print("with logits:", binary_cross_entropy_with_logits(one, target).item())
# --8<-- [end:target]

# --8<-- [start:found]
labels = torch.tensor([1])
for p, y in (
    (one, labels),
    (one, one.double()),  # from NumPy
    (one.half(), one),
):
    print(attempt(binary_cross_entropy, p, y))
    print(attempt(binary_cross_entropy, p, y.to(p.dtype)).item())
# --8<-- [end:found]
floats = torch.float16, torch.bfloat16, torch.float32, torch.float64
for wanted in floats:
    for dtype in (torch.bool, torch.int64, *floats):
        said = attempt(binary_cross_entropy, one.to(wanted), one.to(dtype))
        if dtype != wanted:
            assert "Found dtype" in said and "but expected" in said
        else:
            assert said == 0

# --8<-- [start:cast]
print(attempt(binary_cross_entropy_with_logits, one, labels))
print(attempt(binary_cross_entropy_with_logits, one, labels.float()))
# --8<-- [end:cast]

# --8<-- [start:bool]
print(attempt(binary_cross_entropy_with_logits, one, labels == 1))
print(attempt(binary_cross_entropy_with_logits, one, (labels == 1).float()))
# --8<-- [end:bool]

# --8<-- [start:sizes]
p, y = torch.full((2, 1), 0.5), torch.tensor([1.0, 0.0])
print(attempt(binary_cross_entropy, p, y))
print(attempt(binary_cross_entropy, p.squeeze(1), y))
# --8<-- [end:sizes]
# claim: Please ensure they have the same size.
for sizes in ((3, 2), (2,)), ((2,), (1,)), ((1,), ()), ((4, 1, 2), (4, 2, 1)):
    said = attempt(binary_cross_entropy, *(torch.zeros(s) for s in sizes))
    assert said.endswith("Please ensure they have the same size."), said

# --8<-- [start:sizes-logits]
print(attempt(binary_cross_entropy_with_logits, p, y))
print(attempt(binary_cross_entropy_with_logits, p.squeeze(1), y))
# --8<-- [end:sizes-logits]

# --8<-- [start:source]
import inspect

for function in (binary_cross_entropy, binary_cross_entropy_with_logits):
    code = inspect.getsource(function).splitlines()
    print(next(line.strip() for line in code if "target.size()" in line))
# --8<-- [end:source]
