# --8<-- [start:three]
import torch

x = torch.tensor(2.0, requires_grad=True)
half = torch.tensor(0.5)

(g,) = torch.autograd.grad(torch.sign(x), x)
print("sign     ", g)
try:
    torch.autograd.grad(torch.heaviside(x, half), x)
except RuntimeError as error:
    heaviside_error = str(error)
    print("heaviside", heaviside_error)
try:
    torch.autograd.grad((x > 0).float(), x)
except RuntimeError as error:
    comparison_error = str(error)
    print("x > 0    ", comparison_error)
# --8<-- [end:three]
assert g == 0
assert heaviside_error == "derivative for aten::heaviside is not implemented"
assert comparison_error == (
    "element 0 of tensors does not require grad and does not have a grad_fn"
)

# --8<-- [start:requires-grad]
for name, y in (
    ("sign", torch.sign(x)),
    ("heaviside", torch.heaviside(x, half)),
    ("x > 0", x > 0),
    ("x == 0", x == 0),
    ("isnan", torch.isnan(x)),
    ("signbit", torch.signbit(x)),
):
    kind = str(y.dtype).removeprefix("torch.")
    print(name.ljust(9), kind.ljust(7), y.requires_grad)
    assert y.requires_grad == (y.dtype == torch.float32)
# --8<-- [end:requires-grad]

# --8<-- [start:trap]
logit = torch.tensor([1.0, -2.0, 0.5], requires_grad=True)
label = torch.tensor([1.0, 1.0, 0.0])
correct = (logit > 0) == (label > 0.5)
try:
    (-correct.float().mean()).backward()
except RuntimeError as error:
    trap_error = str(error)
    print(trap_error)

margin = torch.sign(logit) * (2 * label - 1)
(-margin.mean()).backward()
print(logit.grad + 0)
# --8<-- [end:trap]
assert trap_error == comparison_error
assert logit.grad.tolist() == [0, 0, 0]

# --8<-- [start:fix]
from torch.nn.functional import binary_cross_entropy_with_logits

logit = torch.tensor([1.0, -2.0, 0.5], requires_grad=True)
for step in range(100):
    loss = binary_cross_entropy_with_logits(logit, label)
    (g,) = torch.autograd.grad(loss, logit)
    logit = (logit - g).detach().requires_grad_()
print("accuracy", ((logit > 0) == (label > 0.5)).float().mean().item())
# --8<-- [end:fix]
assert ((logit > 0) == (label > 0.5)).all() and (g != 0).all()
torch.manual_seed(0)
for dtype in (torch.float64, torch.float32):
    v = (3 * torch.randn(1001, dtype=dtype)).requires_grad_()
    wanted = torch.randint(2, (1001,)).to(dtype)
    bce = binary_cross_entropy_with_logits(v, wanted)
    (g,) = torch.autograd.grad(bce, v)
    assert torch.equal(-g.sign(), 2 * wanted - 1)
assert (logit.sign() == 2 * label - 1).all()

# --8<-- [start:soft]
x = torch.tensor([0.2, 0.9, 1.4], dtype=torch.float64, requires_grad=True)


def soft_count(x, bound=1.0, sharp=10.0):
    return torch.sigmoid(sharp * (x - bound)).sum()


count = (x > 1).sum()
soft = soft_count(x)
(g,) = torch.autograd.grad(soft, x)
print(count.item(), round(soft.item(), 2))
print([round(v, 2) for v in g.tolist()])
# --8<-- [end:soft]
s = torch.sigmoid(10 * (x.detach() - 1))
torch.testing.assert_close(g, 10 * s * (1 - s))
assert torch.autograd.gradcheck(soft_count, x)

# --8<-- [start:heaviside-fix]
x = torch.tensor([-1.0, 0.0, 2.0], requires_grad=True)
step = torch.heaviside(x.detach(), half)  # a number: nothing flows
y = step * x
(g,) = torch.autograd.grad(y.sum(), x)
print((y + 0).tolist(), g.tolist())
# --8<-- [end:heaviside-fix]
assert g.tolist() == [0, 0.5, 1]
torch.manual_seed(0)
for dtype in (torch.float64, torch.bfloat16, torch.float16):
    v = torch.randn(3, 5).to(dtype).requires_grad_()
    mask = torch.heaviside(v.detach(), half.to(dtype))
    assert torch.equal(torch.autograd.grad((mask * v).sum(), v)[0], mask)
try:
    torch.heaviside(v.detach(), half)
except RuntimeError as error:
    assert "different dtypes" in str(error)

# --8<-- [start:zero]
nan = float("nan")
x = torch.tensor([0.0, -0.0, nan], requires_grad=True)
for f in (torch.sign, torch.sgn):
    y = f(x)
    (g,) = torch.autograd.grad(y.sum(), x)
    print(f.__name__, (y + 0).tolist(), g)
# --8<-- [end:zero]
assert y.tolist() == [0, 0, 0] and (g == 0).all()
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for size in (1, 3, 17, 1001):
        v = torch.full((size,), nan, dtype=dtype)
        assert not torch.sign(v).any() and not torch.sgn(v).any()

# --8<-- [start:zero-tensor]
x = torch.tensor([1.0, 2.0], requires_grad=True)
torch.sgn(x).sum().backward()
print(x.grad)
for change in (
    lambda: torch.nn.utils.clip_grad_norm_([x], 1.0),
    lambda: (3 * x).sum().backward(),  # a second gradient is added
    lambda: torch.optim.SGD([x]).zero_grad(set_to_none=False),
):
    try:
        change()
    except RuntimeError as error:
        immutable = str(error)
        print(immutable)
        assert immutable.startswith("ZeroTensors are immutable.")
try:
    x.grad.numpy()
except RuntimeError as error:
    no_numpy = str(error).strip()
    print(no_numpy)
# --8<-- [end:zero-tensor]
assert no_numpy.startswith("Cannot convert a ZeroTensor to numpy.")
x.grad = torch.ones(2)
torch.sgn(x).sum().backward()  # .grad is not empty
assert x.grad.add_(1).tolist() == [2, 2]
for y in (torch.ones(2, 3), torch.ones(3, 2).t()):  # contiguous, or not
    torch.sgn(y.requires_grad_()).sum().backward()
    assert y.grad._is_zerotensor() == y.is_contiguous()

# --8<-- [start:zero-tensor-fix]
x = torch.tensor([1.0, 2.0], requires_grad=True)
torch.sign(x).sum().backward()
(3 * x).sum().backward()
print(x.grad)
# --8<-- [end:zero-tensor-fix]
assert x.grad.tolist() == [3, 3]

# --8<-- [start:complex]
z = torch.tensor([3 + 4j, 0j], dtype=torch.complex128, requires_grad=True)
y = torch.sgn(z)
(g,) = torch.autograd.grad(y.real.sum(), z)
print([complex(round(v.real, 3), round(v.imag, 3)) for v in g.tolist()])
# --8<-- [end:complex]
wanted = torch.tensor([(16 - 12j) / 125, 0], dtype=torch.complex128)
torch.testing.assert_close(g, wanted)
try:
    torch.sign(z)
    raise AssertionError
except RuntimeError as error:
    assert "complex" in str(error)

# --8<-- [start:in-place]
x = torch.tensor([-1.0, 2.0], requires_grad=True)
y = (1 * x).gt_(0)  # in place: it stays a float tensor
(g,) = torch.autograd.grad(y.sum(), x)
print(y.tolist(), g.tolist())
# --8<-- [end:in-place]
assert g.tolist() == [0, 0] and y.dtype == torch.float32

# --8<-- [start:mask]
x = torch.tensor([-1.0, 1.0, 3.0], requires_grad=True)
y = (x > 1) * (x - 1)
(g,) = torch.autograd.grad(y.sum(), x)
print((y + 0).tolist(), g.tolist())

y = torch.sign(x) * x  # the absolute value
(g,) = torch.autograd.grad(y.sum(), x)
print(y.tolist(), g.tolist())
# --8<-- [end:mask]
assert g.tolist() == [-1, 1, 1]
numbers = torch.cat([4 * torch.randn(1001), torch.tensor([0.0, 1, -0.0])])
for f, g in (
    (lambda v: (v > 1) * (v - 1), lambda v: torch.relu(v - 1)),
    (lambda v: torch.sign(v) * v, torch.abs),
):
    assert torch.equal(f(numbers), g(numbers))
    v = numbers.clone().requires_grad_()
    mine, its = (torch.autograd.grad(h(v).sum(), v)[0] for h in (f, g))
    assert torch.equal(mine, its)
for end in (lambda v: v.detach(), lambda v: v.argmax(), lambda v: v.long()):
    for mode in torch.enable_grad, torch.no_grad, torch.inference_mode:
        with mode():
            y = (end(x) if mode is torch.enable_grad else 2 * x).sum()
        try:
            y.backward()
        except RuntimeError as error:
            assert str(error) == comparison_error
        else:
            raise AssertionError(mode)

# --8<-- [start:bool-leaf]
try:
    torch.tensor([True, False], requires_grad=True)
except RuntimeError as error:
    bool_error = str(error)
    print(bool_error)
# --8<-- [end:bool-leaf]
assert bool_error == (
    "Only Tensors of floating point and complex dtype can require gradients"
)
