# --8<-- [start:edges]
import torch


def gradient(f, *inputs):
    xs = [torch.as_tensor(x).clone().requires_grad_() for x in inputs]
    grads = torch.autograd.grad(f(*xs).sum(), xs)
    return grads[0] if len(grads) == 1 else grads


inf = float("inf")
functions = "exp", "exp2", "expm1", "sinh", "cosh", "tanh", "sigmoid"
x = torch.tensor([-inf, 0.0, inf])
for name in functions:
    f = getattr(torch, name)
    print(f"{name:8}", f(x), gradient(f, x))
# --8<-- [end:edges]
dtypes = torch.float64, torch.float32, torch.bfloat16, torch.float16
# claim: At ±inf every gradient is the limit.
limits = [[0, inf]] * 3 + [[inf, inf], [-inf, inf], [0, 0], [0, 0]]
for dtype in dtypes:
    ends = torch.tensor([-inf, inf], dtype=dtype)
    for name, limit in zip(functions, limits, strict=True):
        for n in 1, 33:
            g = gradient(getattr(torch, name), ends.repeat(n))
            assert g.tolist() == n * limit
    # The NaN comes from what surrounds them.
    many = torch.linspace(-1200, 1200, 4801, dtype=torch.float64).to(dtype)
    many = torch.cat([many, ends, torch.tensor([-0.0], dtype=dtype)])
    for name in functions:
        f = getattr(torch, name)
        assert (
            not f(many).isnan().any() and not gradient(f, many).isnan().any()
        )
assert gradient(lambda x: 0 * torch.exp(x), 200.0).isnan()


# --8<-- [start:trap-where]
def late(x):
    return torch.where(x <= 0, torch.exp(x), 1 + x)


x = torch.tensor([-1.0, 2.0, 100.0])
print(late(x), gradient(late, x))
# --8<-- [end:trap-where]
assert late(x).isfinite().all() and gradient(late, x)[2].isnan()


# --8<-- [start:fix-where]
def early(x):
    small = torch.where(x <= 0, x, 0.0)  # the exponential sees no 100
    return torch.where(x <= 0, torch.exp(small), 1 + x)


print(early(x), gradient(early, x))
# --8<-- [end:fix-where]
for dtype in dtypes:
    x = torch.tensor([-inf, -1e4, -1, -0.0, 0, 1e-3, 2, 100, 6e4, inf]).to(
        dtype
    )
    want = torch.where(x <= 0, torch.exp(x.clamp(max=0)), 1 + x)
    torch.testing.assert_close(early(x), want, rtol=0, atol=0)
    g = gradient(early, x)
    assert (g[:4] == torch.exp(x[:4])).all() and (g[4:] == 1).all()
assert early(torch.tensor([torch.nan])).isnan()
assert early(torch.zeros(2, 0)).shape == (2, 0)
apart = torch.tensor([[-2.0, -0.5], [0.5, 2]], dtype=torch.float64)
assert torch.autograd.gradcheck(early, apart.clone().requires_grad_())
torch.manual_seed(0)
assert torch.autograd.gradgradcheck(early, apart.clone().requires_grad_())
x = torch.tensor([-1.0, 100.0])
assert torch.func.vmap(torch.func.grad(early))(x)[1] == 1


# --8<-- [start:trap-sigmoid]
def by_minus(x):
    return 1 / (1 + torch.exp(-x))


def by_plus(x):
    return torch.exp(x) / (1 + torch.exp(x))


x = torch.tensor([-200.0, 0.0, 200.0])
for f in by_minus, by_plus, torch.sigmoid:
    print(f"{f.__name__:8} {f(x).tolist()} {gradient(f, x).tolist()}")
# --8<-- [end:trap-sigmoid]
assert gradient(by_minus, x)[0].isnan() and by_plus(x)[2].isnan()
assert gradient(torch.sigmoid, x).tolist() == [0, 0.25, 0]
# NaN from an input of −3.55 at slope 25.
z = torch.exp(25 * torch.tensor([3.54, 3.55]))
assert (z / (1 + z) ** 2).isnan().tolist() == [False, True]

# --8<-- [start:trap-clamp]
import math

x = torch.tensor([0.5, 100.0])
for name, f in {
    "clamp after exp ": lambda x: torch.exp(x).clamp(max=10),
    "clamp before exp": lambda x: torch.exp(x.clamp(max=math.log(10))),
}.items():
    print(name, f(x), gradient(f, x))
# --8<-- [end:trap-clamp]
assert gradient(f, x)[1] == 0

# --8<-- [start:trap-log]
from torch.nn.functional import logsigmoid

x = torch.tensor(20.0)
for name, f in {
    "log of sigmoid": lambda x: -torch.log(1 - torch.sigmoid(x)),
    "logsigmoid    ": lambda x: -logsigmoid(-x),
}.items():
    print(name, f(x).item(), gradient(f, x).item())
# --8<-- [end:trap-log]
assert f(x) == 20 and gradient(f, x) == 1
bce = torch.nn.functional.binary_cross_entropy_with_logits
assert bce(x, torch.tensor(0.0)) == 20
assert gradient(lambda x: bce(x, torch.tensor(0.0)), x) == 1

# --8<-- [start:thresholds]
dtypes = torch.float64, torch.float32, torch.bfloat16, torch.float16


def row(name, side, wanted):
    """Where the gradient is first so: halve the interval until it is empty."""
    found = []
    for dtype in dtypes:
        low, high = torch.tensor([0, 1200 * side], dtype=dtype)
        while (middle := (low + high) / 2) not in (low, high):
            if wanted(gradient(getattr(torch, name), middle)):
                high = middle
            else:
                low = middle
        found.append(high.item())
    print(f"{name:8}", *(f"{value:9.3f}" for value in found))
    return found


print("gradient:   float64   float32  bfloat16   float16")
print("infinite from")
table = {}
for name in "exp", "exp2", "expm1":
    table[name, 1] = row(name, 1, torch.isinf)
print("zero from")
for name in "exp", "exp2", "sigmoid":
    table[name, -1] = row(name, -1, lambda g: g == 0)
for name in "tanh", "sigmoid":
    table[name, 1] = row(name, 1, lambda g: g == 0)
# --8<-- [end:thresholds]
# claim: In float32 that of sigmoid is exactly 0 from 16.64 on, that of tanh
#   from 9.011 on.
for name, bound in ("sigmoid", 16.64), ("tanh", 9.011):
    x = torch.linspace(bound, 1200, 10**5)
    assert (gradient(getattr(torch, name), x) == 0).all()
    before = torch.linspace(0, bound - 0.01, 10**5)
    assert (gradient(getattr(torch, name), before) > 0).all()
for (name, side), row_found in table.items():
    for dtype, found in zip(dtypes, row_found, strict=True):
        x = side * torch.linspace(abs(found), 1250, 5000, dtype=torch.float64)
        g = gradient(getattr(torch, name), x.to(dtype))[1:]
        nothing = side < 0 or name in ("tanh", "sigmoid")
        assert ((g == 0) if nothing else g.isinf()).all()
for dtype, found in zip(dtypes, table["exp", 1], strict=True):
    largest = torch.tensor(torch.finfo(dtype).max, dtype=torch.float64)
    assert abs(found - largest.log()) <= 0.3
    for name in "sinh", "cosh":
        for n in 1, 33:
            x = torch.full((n,), found + 1).to(dtype)
            assert gradient(getattr(torch, name), x).isinf().all()
            x = torch.full((n,), found - 1).to(dtype)
            assert gradient(getattr(torch, name), x).isfinite().all()
# claim: In float16 the gradient of exp is inf from 11.094 on, in float32 from
#   88.72284 on.
for dtype, last, first, limit in (
    (torch.float16, 11.086, 11.094, inf),
    (torch.float32, 88.72283, 88.72284, inf),
    (torch.float32, -103.9, -104.0, 0),
):
    for n in 1, 33:
        x = torch.tensor([last, first, 100 * first]).to(dtype).repeat(n, 1)
        g = gradient(torch.exp, x)
        assert (g[:, 1:] == limit).all()
        assert (g[:, 0] > 0).all() and g[:, 0].isfinite().all()

# --8<-- [start:saturated]
x = torch.tensor([-18.0, 18.0])
for name in "sigmoid", "expm1":
    print(f"{name:8}", gradient(getattr(torch, name), x))
# --8<-- [end:saturated]
# claim: The slope of sigmoid is the same at −18 and 18.
slopes = gradient(torch.sigmoid, x.double())
torch.testing.assert_close(slopes[0], slopes[1], rtol=1e-7, atol=0)
assert gradient(torch.sigmoid, x)[1] == 0
assert torch.sigmoid(x)[1] == 1 and torch.expm1(x)[0] == -1
assert gradient(torch.expm1, x)[0] == 0 and gradient(torch.exp, x)[0] > 0

# What the page says of derivatives.yaml.
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name, rule in {
    "exp(": "grad * result.conj()",
    "exp2(": "grad * result.conj()",
    "expm1(": "grad * (result.conj() + 1)",
    "tanh(": "tanh_backward(grad, result)",
    "sigmoid(": "sigmoid_backward(grad, result)",
    "sinh(": "grad * self.cosh().conj()",
    "cosh(": "grad * self.sinh().conj()",
}.items():
    lines = text[text.index(f"- name: {name}") :].splitlines()
    assert rule in lines[1], lines[1]
