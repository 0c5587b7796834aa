# --8<-- [start:sum]
import torch

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = torch.tensor([4.0, 5.0, 6.0], requires_grad=True)
z = x**2 + y**2
z.sum().backward()
print(x.grad)
print(y.grad)
# --8<-- [end:sum]
torch.testing.assert_close(x.grad, 2 * x.detach())
torch.testing.assert_close(y.grad, 2 * y.detach())

# --8<-- [start:twice]
x.grad = None
for step in range(2):
    (x**2).sum().backward()
    print(x.grad)
# --8<-- [end:twice]
torch.testing.assert_close(x.grad, 2 * 2 * x.detach())

# --8<-- [start:twice-fixed]
for step in range(2):
    x.grad = None  # optimizer.zero_grad() does this
    (x**2).sum().backward()
    print(x.grad)
# --8<-- [end:twice-fixed]
torch.testing.assert_close(x.grad, 2 * x.detach())

# --8<-- [start:refused]
z = x**2 + y**2
try:
    z.backward()
except RuntimeError as error:
    message = str(error)
print(message)
# --8<-- [end:refused]
for shape in ((), (1,), (1, 1)):
    for dtype in (torch.float32, torch.float64, torch.complex64):
        one = torch.ones(shape, dtype=dtype, requires_grad=True)
        try:
            (2 * one).backward()
            assert (one.grad == 2).all() and not dtype.is_complex
        except RuntimeError as error:
            assert dtype.is_complex and "real scalar outputs" in str(error)

# --8<-- [start:cotangent]
x.grad = y.grad = None
v = torch.tensor([1.0, 10.0, 100.0])
z = x**2 + y**2
z.backward(v)
print(x.grad)
print(y.grad)
# --8<-- [end:cotangent]
torch.testing.assert_close(x.grad, v * 2 * x.detach())

# --8<-- [start:ones]
x.grad = y.grad = None
z = x**2 + y**2
z.backward(torch.ones(3))  # the same as z.sum().backward()
print(x.grad)
# --8<-- [end:ones]
torch.testing.assert_close(x.grad, 2 * x.detach())

# --8<-- [start:autograd-grad]
z = x**2 + y**2
dx, dy = torch.autograd.grad(z.sum(), (x, y))
print(dx)
print(dy)
# --8<-- [end:autograd-grad]
torch.testing.assert_close(dy, 2 * y.detach())

# --8<-- [start:func]
from torch.func import grad, jacrev, vjp


def f(x, y):
    return x**2 + y**2


dx, dy = grad(lambda x, y: f(x, y).sum(), argnums=(0, 1))(x, y)
print(dx.detach())

J = jacrev(f)(x, y)  # ∂z/∂x in full, 3 by 3
print(J.detach())

_, pull_back = vjp(f, x, y)
dx, dy = pull_back(v)  # vᵀJ, without J
print(dx.detach())
# --8<-- [end:func]
torch.testing.assert_close(dx, v @ J)

# --8<-- [start:second]
loss = (x**3).sum()
(first,) = torch.autograd.grad(loss, x, create_graph=True)
(product,) = torch.autograd.grad(first, x, v)  # vᵀH; H is diag(6x)
print(product)

(first,) = torch.autograd.grad((x**3).sum(), x)
try:
    torch.autograd.grad(first.sum(), x)
except RuntimeError as error:
    print(error)
# --8<-- [end:second]
torch.testing.assert_close(product, v * 6 * x.detach())
hessian = torch.func.hessian(lambda x: (x**3).sum())(x.detach())
torch.testing.assert_close(product, v @ hessian)
(first,) = torch.autograd.grad((3 * x).sum(), x, create_graph=True)
assert not first.requires_grad  # of a linear function it is a constant

assert len(dx) == len(dy) == 3 and J.shape == (3, 3)  # for x alone

# --8<-- [start:jvp]
from torch.func import jvp

value, change = jvp(lambda x: x**2, (x.detach(),), (torch.ones(3),))
print(value, change)
# --8<-- [end:jvp]
torch.testing.assert_close(change, 2 * x.detach())
with torch.no_grad():
    _, quiet = jvp(lambda x: x**2, (x.detach(),), (torch.ones(3),))
assert torch.equal(quiet, change) and quiet.grad_fn is None
before = x.grad.clone()
torch.autograd.grad((x**2).sum(), x)
assert torch.equal(x.grad, before)
middle = 2 * x  # not a leaf
middle.retain_grad()
torch.autograd.grad((middle**2).sum(), x)
assert torch.equal(x.grad, before) and middle.grad is not None
torch.manual_seed(0)
# backward(v) is v @ J, for random functions, shapes and cotangents
for shape in ((), (3,), (2, 5)):
    a = torch.randn(shape, dtype=torch.float64)
    for h in (torch.exp, torch.square, lambda t: t.flatten().cumsum(0)):
        leaf = a.clone().requires_grad_()
        out = h(leaf)
        w = torch.randn_like(out)
        out.backward(w)
        J = jacrev(h)(a).reshape(out.numel(), -1)
        torch.testing.assert_close(leaf.grad.flatten(), w.flatten() @ J)
