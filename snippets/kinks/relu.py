# --8<-- [start:at-zero]
import torch
from torch.nn.functional import (
    leaky_relu,
    prelu,
    relu,
    relu6,
    rrelu,
    threshold,
)

x = torch.tensor([-2.0, 0.0, 3.0], requires_grad=True)
y = relu(x)
y.sum().backward()
print(y.detach())
print(x.grad)
# --8<-- [end:at-zero]
assert x.grad.tolist() == [0, 0, 1]


# --8<-- [start:family]
def gradient(f, *inputs):
    xs = [torch.as_tensor(x).clone().requires_grad_() for x in inputs]
    grads = torch.autograd.grad(f(*xs).sum(), xs)
    return grads[0] if len(grads) == 1 else grads


w = torch.tensor([0.25])
for name, f in {
    "relu      ": relu,
    "relu6     ": relu6,
    "leaky_relu": lambda x: leaky_relu(x, 0.1),
    "prelu     ": lambda x: prelu(x, w),
    "rrelu     ": rrelu,
    "threshold ": lambda x: threshold(x, 0.0, 0.0),
}.items():
    print(name, gradient(f, 0.0))
# --8<-- [end:family]
DTYPES = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
torch.manual_seed(0)
for dtype in DTYPES:
    for n in (1, 33, 1001):
        zero = torch.zeros(n, dtype=dtype)
        assert not gradient(relu, zero).any()
        assert not gradient(relu6, zero).any()
        assert not gradient(lambda x: threshold(x, 0.0, 0.0), zero).any()
        for a in (-0.5, 0.1, 2.0):
            g = gradient(lambda x, a=a: leaky_relu(x, a), zero)
            assert (g == torch.tensor(a, dtype=dtype)).all()
        a = torch.tensor([0.3], dtype=dtype)
        assert (gradient(lambda x, a=a: prelu(x, a), zero) == a).all()
        # claim: 1, and 0 for x ≥ 6
        x = torch.rand(n).to(dtype) * 9 + 0.01
        x[0] = 6
        assert torch.equal(gradient(relu6, x), (x < 6).to(dtype))
assert abs(gradient(rrelu, 0.0) - 11 / 48) < 1e-7


# --8<-- [start:trap]
def train(activation, start):
    """Fit activation(w) to the target 1, in 100 steps."""
    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    for step in range(100):
        loss = (activation(w) - 1) ** 2
        (g,) = torch.autograd.grad(loss, w)
        w = (w - 0.25 * g).detach().requires_grad_()
    return round(w.item(), 4)


print("from  0  ", train(relu, 0.0))
print("from -0.5", train(relu, -0.5))
# --8<-- [end:trap]
assert train(relu, 0.0) == 0 and train(relu, -0.5) == -0.5
for kind, options in (
    (torch.optim.SGD, {"momentum": 0.9}),
    (torch.optim.Adam, {}),
    (torch.optim.Adagrad, {}),
    (torch.optim.ASGD, {"lambd": 0.0}),
):
    for start in (0.0, -0.5, -30.0):
        w0 = torch.tensor(start, requires_grad=True)
        optimizer = kind([w0], lr=0.1, **options)
        for step in range(5):
            optimizer.zero_grad()
            ((relu(w0) - 1) ** 2).backward()
            optimizer.step()
        assert w0 == start

for kind in (torch.optim.AdamW, torch.optim.ASGD, torch.optim.Muon):
    w0 = torch.full((2, 2), -0.5, requires_grad=True)
    optimizer = kind([w0], lr=0.1)  # weight decay by default
    ((relu(w0) - 1) ** 2).sum().backward()
    optimizer.step()
    assert (w0 != -0.5).all()

# --8<-- [start:fix]
print("a small start     ", train(relu, 0.01))
print("leaky_relu, from 0", train(lambda w: leaky_relu(w, 0.1), 0.0))
print("and from -0.5     ", train(lambda w: leaky_relu(w, 0.1), -0.5))
# --8<-- [end:fix]
assert train(relu, 0.01) == train(lambda w: leaky_relu(w, 0.1), 0.0) == 1
assert train(lambda w: leaky_relu(w, 0.1), -0.5) == 1

# --8<-- [start:fix-modes]
from torch.func import jvp


def prelu_both(x, w):
    """prelu whose two modes agree at 0, for finite x and broadcasting w."""
    return torch.where(x > 0, x, w * x)


zero, one = torch.zeros(1), torch.ones(1)
_, forward = jvp(lambda x: prelu_both(x, w), (zero,), (one,))
print("reverse", gradient(lambda x: prelu_both(x, w), zero))
print("forward", forward)
# --8<-- [end:fix-modes]
assert forward == 0.25 == gradient(lambda x: prelu_both(x, w), zero)
x = torch.randn(2, 3, 4, dtype=torch.float64)
a = torch.tensor([0.3, -0.2, 1.7], dtype=torch.float64)
for mine, theirs in zip(
    gradient(lambda x, a: prelu_both(x, a[:, None]), x, a),
    gradient(prelu, x, a),
    strict=True,
):
    torch.testing.assert_close(mine, theirs)
assert torch.autograd.gradgradcheck(
    prelu_both, (x.requires_grad_(), a[:, None].requires_grad_())
)
for dtype in DTYPES:
    x, a = torch.randn(33).to(dtype), torch.tensor([0.3], dtype=dtype)
    torch.testing.assert_close(prelu_both(x, a), prelu(x, a))

# --8<-- [start:special]
nan, inf = float("nan"), float("inf")
x = torch.tensor([-0.0, nan, inf, -inf])
print("relu      ", gradient(relu, x))
print("leaky_relu", gradient(leaky_relu, x))
# --8<-- [end:special]
for dtype in DTYPES:
    for n in (1, 33, 1001):
        at = torch.full((n,), nan, dtype=dtype)
        assert (gradient(relu, at) == 1).all()
        slope = torch.tensor(0.01, dtype=dtype)
        assert (gradient(leaky_relu, at) == slope).all()

x = torch.zeros(1, dtype=torch.float64, requires_grad=True)
try:
    torch.autograd.gradcheck(relu, x)
    raise AssertionError
except RuntimeError as error:
    assert "Jacobian mismatch for output 0 with respect to input 0" in str(
        error
    )
    assert "numerical:tensor([[0.5000]]" in str(error)
for at, passes in (
    *((-1e-3, True), (-1.01e-6, True), (1.01e-6, True)),
    *((-9.9e-7, False), (-5e-7, False), (5e-7, False), (9.9e-7, False)),
):
    x = torch.tensor([at], dtype=torch.float64, requires_grad=True)
    checked = torch.autograd.gradcheck(relu, x, raise_exception=False)
    assert checked == passes

# --8<-- [start:slopes]
for a in (0.1, -0.5, 2.0):
    g = gradient(lambda x, a=a: leaky_relu(x, a), 0.0)
    print(f"negative_slope {a} gives {g:.1f}")
# --8<-- [end:slopes]

# --8<-- [start:prelu]
_, forward = jvp(lambda x: prelu(x, w), (zero,), (one,))
print("reverse", gradient(lambda x: prelu(x, w), zero))
print("forward", forward)
# --8<-- [end:prelu]
# claim: For prelu that holds in reverse mode only
for dtype in DTYPES:
    for a in (-0.5, 0.0, 0.25, 3.0):
        at = torch.zeros(33, dtype=dtype), torch.tensor([a], dtype=dtype)
        _, forward = jvp(
            lambda x, a=at[1]: prelu(x, a), at[:1], (torch.ones_like(at[0]),)
        )
        assert (forward == 1).all()
        assert (gradient(lambda x, a=at[1]: prelu(x, a), at[0]) == a).all()

# the weight collects x wherever x ≤ 0
x = torch.tensor([-2.0, -1.0, 0.0, 3.0], requires_grad=True)
weight = torch.tensor([0.25], requires_grad=True)
prelu(x, weight).sum().backward()
assert x.grad.tolist() == [0.25, 0.25, 0.25, 1] and weight.grad.tolist() == [
    -3
]

# --8<-- [start:rrelu]
torch.manual_seed(0)
x = torch.tensor([-1.0, -1.0, 0.0, 2.0], requires_grad=True)

print("evaluation", gradient(rrelu, x))

y = rrelu(x, training=True)
(g,) = torch.autograd.grad(y.sum(), x)
print("training  ", g)
print("the drawn slope", torch.equal(g[:2], -y[:2]))
# --8<-- [end:rrelu]
# claim: In training every entry ≤ 0 draws its own slope
for dtype in (torch.float64, torch.float32):
    x = torch.randn(1001, dtype=dtype)
    x[::9] = 0
    x.requires_grad_()
    y = rrelu(x, training=True)
    (g,) = torch.autograd.grad(y.sum(), x)
    drawn = g[x <= 0]
    assert ((drawn >= 1 / 8) & (drawn <= 1 / 3)).all()
    assert len(drawn.unique()) > 0.99 * len(drawn)
    assert (g[x > 0] == 1).all() and torch.equal(y, g * x)

# --8<-- [start:threshold]
x = torch.tensor([0.5, 1.0, 1.5], requires_grad=True)
y = threshold(x, 1.0, 3.0)
y.sum().backward()
print(y.detach())
print(x.grad)
# --8<-- [end:threshold]
assert y.tolist() == [3, 3, 1.5] and x.grad.tolist() == [0, 0, 1]

# --8<-- [start:in-place]
x = torch.tensor([-1.0, 2.0], requires_grad=True)
y = leaky_relu(x.clone(), -0.5, inplace=True)
try:
    y.sum().backward()
except RuntimeError as error:
    print(error)
    message = str(error)
# --8<-- [end:in-place]
assert "call out-of-place version" in message

# --8<-- [start:in-place-relu]
import textwrap

x = torch.tensor([-1.0, 2.0], requires_grad=True)
for name, before in {"3 * x": lambda x: 3 * x, "exp(x)": torch.exp}.items():
    y = torch.nn.ReLU(inplace=True)(before(x))
    try:
        y.sum().backward()
        print(name, "works")
    except RuntimeError as error:
        message = str(error)
        print(name, textwrap.fill(message.split(": [")[0], 72))
# --8<-- [end:in-place-relu]
assert "has been modified by an inplace operation" in message
torch.manual_seed(0)
relu(torch.nn.Conv1d(1, 2, 1)(x.view(1, 1, 2)), inplace=True).sum().backward()
keepers = (torch.exp, torch.sigmoid, torch.tanh, torch.sqrt, torch.prod)
for before in keepers:
    y = relu(before(torch.tensor([0.5], requires_grad=True)), inplace=True)
    try:
        y.sum().backward()
        raise AssertionError(before)
    except RuntimeError as error:
        assert "has been modified by an inplace operation" in str(error)


# --8<-- [start:chain]
def line(x):
    """x, written as a difference."""
    return relu(x) - relu(-x)


def leaky_line(x):
    """1.01 x, written as a difference."""
    return leaky_relu(x) - leaky_relu(-x)


x = torch.tensor([-0.5, 0.0, 0.5])
print("x     ", gradient(line, x))
print("1.01 x", gradient(leaky_line, x))
# --8<-- [end:chain]
assert gradient(line, x).tolist() == [1, 0, 1]
slopes = torch.tensor([1.01, 0.02, 1.01])
torch.testing.assert_close(gradient(leaky_line, x), slopes)
# claim: For a le 1 the corner is convex, and every number in [a, 1]
y = torch.linspace(-2, 2, 401, dtype=torch.float64)
for a in (-0.5, 0.0, 0.1, 1.0):
    for g in torch.linspace(-1, 1.5, 26, dtype=torch.float64):
        below = (leaky_relu(y, a) >= g * y - 1e-12).all()
        assert below == (a - 1e-12 <= g <= 1 + 1e-12)

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in ("relu(", "leaky_relu(", "_prelu_kernel("):
    print(*text[text.index(f"- name: {name}") :].splitlines()[:3], sep="\n")
# --8<-- [end:source]
