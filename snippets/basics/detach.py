# --8<-- [start:half]
import torch
from torch.autograd import grad

x = torch.tensor([1.0, 2.0], requires_grad=True)
print(grad((x * x).sum(), x)[0], grad((x * x.detach()).sum(), x)[0])
# --8<-- [end:half]
assert torch.equal(grad((x * x.detach()).sum(), x)[0], x.detach())

# --8<-- [start:trap-data]
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = x**2
x.data.zero_()  # autograd does not see it
y.sum().backward()
print(x.grad)
# --8<-- [end:trap-data]
assert x.grad.tolist() == [0, 0]

# --8<-- [start:fix-data]
import textwrap


def show(text):
    print(textwrap.fill(str(text), 68, break_on_hyphens=False))


x = torch.tensor([1.0, 2.0], requires_grad=True)
y = x**2
x.detach().zero_()
try:
    y.sum().backward()
except RuntimeError as error:
    message = str(error)
show(message)
# --8<-- [end:fix-data]
assert "has been modified by an inplace operation" in message
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = x**2
x.detach().clone().zero_()  # a copy
assert grad(y.sum(), x)[0].tolist() == [2, 4]


# --8<-- [start:trap-inference]
x = torch.tensor([1.0, 2.0], requires_grad=True)
with torch.inference_mode():
    scale = torch.tensor([3.0, 5.0])
try:
    (x * scale).sum()
except RuntimeError as error:
    message = str(error)
show(message)
# --8<-- [end:trap-inference]
assert message.startswith("Inference tensors cannot be saved for backward.")
assert grad((x + scale).sum(), x)[0].tolist() == [1, 1]  # nothing is saved
node = (x * scale.clone()).grad_fn  # scale is saved, x is not
assert node._saved_self is None and torch.equal(node._saved_other, scale)
try:
    count = scale._version
except RuntimeError as error:
    assert "do not track version counter" in str(error)
else:
    raise AssertionError(count)

# --8<-- [start:fix-inference]
print(grad((x * scale.clone()).sum(), x)[0])
with torch.no_grad():
    quiet = 3 * torch.tensor([1.0, 2.0])
print(grad((x * quiet).sum(), x)[0])
# --8<-- [end:fix-inference]
assert grad((x * scale.clone()).sum(), x)[0].tolist() == [3, 5]
with torch.inference_mode():
    assert scale.clone().is_inference()
assert not scale.clone().is_inference()

# --8<-- [start:cut]
cut = x.detach()
with torch.no_grad():
    quiet = x * 2
with torch.inference_mode():
    frozen = x * 2
for name, t in {"detach": cut, "no_grad": quiet, "inference": frozen}.items():
    print(f"{name:9} leaf {t.is_leaf}, requires_grad {t.requires_grad}")
print("same memory:", cut.data_ptr() == x.data_ptr())
# --8<-- [end:cut]
assert cut.data_ptr() == x.data_ptr()
assert not (cut.requires_grad or quiet.requires_grad or frozen.requires_grad)
assert cut.is_leaf and quiet.is_leaf and frozen.is_leaf
for mode in (torch.no_grad, torch.inference_mode):
    with mode():
        results = [2 * x, x + 1, torch.exp(x), x.sum(), x @ x, x.clone()]
        assert not any(r.requires_grad or r.grad_fn for r in results)

# --8<-- [start:view]
x = torch.tensor([1.0, 2.0], requires_grad=True)
with torch.no_grad():
    first = x[:1]
print("requires_grad", first.requires_grad, "leaf", first.is_leaf)
(3 * first).sum().backward()
print("gradients", first.grad, x.grad)
# --8<-- [end:view]
assert first.grad is None and x.grad is None
for mode in (torch.no_grad, torch.inference_mode):
    with mode():
        views = [x[:1], x.view(2, 1), x.unsqueeze(0), x.t(), x.expand(2, 2)]
        dtypes = torch.float16, torch.float32, torch.float64, torch.int32
        constants = [x.detach(), x.data, *map(x.view, dtypes)]
    assert all(v.requires_grad and v.is_leaf for v in views)
    assert all(v.grad_fn is None for v in views)
    (3 * views[0]).sum().backward()
    assert x.grad is None and views[0].grad is None
    assert not any(c.requires_grad for c in constants)
    # Only new tensors are inference tensors: a view can be saved.
    weight = torch.ones(2, requires_grad=True)
    for saved in (views[3], *constants[:2]):
        assert not saved.is_inference()
        assert torch.equal(grad((weight * saved).sum(), weight)[0], saved)
    # A view of a parameter, after the optimizer has changed it.
    for kind in (torch.optim.SGD, torch.optim.Adam):
        parameter = torch.nn.Parameter(torch.ones(2))
        with mode():
            old = parameter[:1]
        kind([parameter], lr=0.1).step()  # no gradient: not changed
        assert (2 * old).requires_grad and parameter._version == 0
        parameter.grad = torch.ones(2)
        kind([parameter], lr=0.1).step()
        try:
            2 * old
        except RuntimeError as error:
            name = mode.__name__.replace("_mode", "")
            start = f"A view was created in {name} mode and its base or "
            start += "another view of its base has been modified inplace"
            assert str(error).startswith(start), error
        else:
            raise AssertionError("the view is not refused")
        parameter = torch.nn.Parameter(torch.ones(2))
        with mode():
            old = parameter[:1]
        parameter.grad = torch.ones(2)
        kind([parameter], lr=0.1, fused=True).step()  # not counted
        assert (2 * old).requires_grad and parameter._version == 0
y = 2 * x
assert y.detach_() is y and y.is_leaf and not y.requires_grad
try:
    (2 * x)[:1].detach_()
except RuntimeError as error:
    assert str(error).startswith("Can't detach views in-place.")
else:
    raise AssertionError("a view was detached")
y = torch.ones(2)
shared, own = y.detach(), y.data
own.add_(1)
y.numpy()[0] = 3
assert (y._version, shared._version, own._version) == (0, 0, 1)
y.add_(1)
assert (y._version, shared._version, own._version) == (1, 1, 1)
y.apply_(lambda number: 0.0)  # not counted
assert y._version == 1 and y.tolist() == [0, 0]

# --8<-- [start:no-graph]
with torch.no_grad():
    quiet = 2 * x
frozen = torch.nn.Linear(2, 1).requires_grad_(False)
losses = {
    "no_grad": quiet,
    "detach": 2 * x.detach(),
    ".data": 2 * x.data,
    "NumPy": torch.from_numpy(2 * x.detach().numpy()),
    "torch.tensor": torch.tensor(x.tolist()),
    "frozen": frozen(torch.ones(2)),
}
for name, y in losses.items():
    try:
        y.sum().backward()
    except RuntimeError as error:
        print(f"{name:12} requires_grad {y.requires_grad}")
        message = str(error)
show(message)
# --8<-- [end:no-graph]
assert not any(y.requires_grad for y in losses.values())

# --8<-- [start:in-place]
try:
    x += 1
except RuntimeError as error:
    show(error)
try:
    x[0] = 5.0
except RuntimeError as error:
    show(error)
# --8<-- [end:in-place]
assert x.tolist() == [1, 2]

# --8<-- [start:in-place-allowed]
with torch.no_grad():
    x += 1
    x[0] = 5.0
print(x)
# --8<-- [end:in-place-allowed]
assert x.tolist() == [5, 3] and x.is_leaf and x.requires_grad


# --8<-- [start:forward-mode]
def kept(x):
    with torch.no_grad():
        c = x * x
    return c * x  # to backward(), c is a constant


at, one = torch.tensor(2.0), torch.tensor(1.0)
for f in (kept, lambda x: (x * x).detach() * x):
    reverse = torch.func.grad(f)(at).item()
    _, forward = torch.func.jvp(f, (at,), (one,))
    print("reverse", reverse, "forward", forward.item())
# --8<-- [end:forward-mode]
assert torch.func.jacfwd(kept)(at) == 12 and torch.func.grad(kept)(at) == 4
