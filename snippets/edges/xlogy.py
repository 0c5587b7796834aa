# --8<-- [start:three-ways]
import torch
from torch.special import entr, xlog1py, xlogy


def gradient(f, *inputs):
    xs = [torch.as_tensor(x).clone().requires_grad_() for x in inputs]
    grads = torch.autograd.grad(f(*xs).sum(), xs)
    return grads[0] if len(grads) == 1 else grads


ways = {
    "x * log(x)": lambda x: x * x.log(),
    "xlogy(x, x)": lambda x: xlogy(x, x),
    "-entr(x)": lambda x: -entr(x),
}
x = torch.tensor([0.0, 1.0])
for name, f in ways.items():
    print(f"{name:12}", (f(x) + 0).tolist(), gradient(f, x).tolist())
# --8<-- [end:three-ways]
torch.manual_seed(0)
inf = float("inf")
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
# claim: Of the three gradients only the last is the limit.
for dtype in dtypes:
    for n in (1, 33):
        zero = torch.zeros(n, dtype=dtype)
        for name, f in ways.items():
            g = gradient(f, zero)
            assert (g == -inf if "entr" in name else g.isnan()).all()

# --8<-- [start:trap]
logits = torch.tensor([0.0, -200.0, 1.0])
p = torch.softmax(logits, 0)  # the second probability is 0 in float32
for name, f in ways.items():
    g = gradient(lambda x, f=f: -f(torch.softmax(x, 0)), logits)
    entropy = -f(p).sum().item()
    print(f"{name:12} entropy {entropy:.4f}", g.tolist())
# --8<-- [end:trap]
assert g.isnan().all() and abs(entropy - 0.5822) < 1e-4


# --8<-- [start:fix]
def entropy_of(logits):
    """Of the softmax along the last dim; some, not all, logits may be -inf."""
    logp = torch.log_softmax(logits, -1)
    logp = logp.clamp(min=torch.finfo(logp.dtype).min)  # 0 * -inf is NaN
    return -(logp.exp() * logp).sum(-1)


print(f"{entropy_of(logits).item():.4f}", gradient(entropy_of, logits))
# --8<-- [end:fix]
p = torch.softmax(logits.double(), 0)
expected = -p * (p.log() - (p * p.log()).sum())
for dtype in dtypes:
    for low in (-20.0, -200.0, -6e4, -inf):
        x = torch.tensor([[0.0, low, 1.0], [low, 0.0, low]], dtype=dtype)
        x = torch.cat([x, x + 6e4 * (low > -inf)])  # far apart in float16
        y, g = entropy_of(x[:2]), gradient(entropy_of, x[:2])
        assert y.dtype == g.dtype == dtype
        torch.testing.assert_close(
            y.double(), torch.tensor([0.5822, 0.0]).double(), atol=4e-3, rtol=0
        )
        torch.testing.assert_close(g[0].double(), expected, atol=2e-3, rtol=0)
        assert gradient(entropy_of, x).isfinite().all()
for shape in ((3,), (2, 4), (2, 0, 3), (0, 3)):
    x = torch.randn(shape, dtype=torch.float64)
    torch.testing.assert_close(
        entropy_of(x),
        torch.distributions.Categorical(logits=x).entropy()
        if x.numel()
        else torch.zeros(shape[:-1], dtype=torch.float64),
    )
x = torch.randn(2, 4, dtype=torch.float64)
assert torch.autograd.gradcheck(entropy_of, x.clone().requires_grad_())
assert torch.autograd.gradgradcheck(entropy_of, x.clone().requires_grad_())
rows = torch.func.vmap(torch.func.grad(entropy_of))(x)
torch.testing.assert_close(rows, gradient(entropy_of, x))
assert entropy_of(torch.full((3,), -inf)).isnan()  # no class is left


# --8<-- [start:probabilities]
def entropy_of_probabilities(p):
    """Along the last dimension; at p = 0 the slope is finite, not inf."""
    return -(p * p.clamp(min=torch.finfo(p.dtype).tiny).log()).sum(-1)


def from_softmax(logits):
    return entropy_of_probabilities(logits.softmax(-1))


print(f"{from_softmax(logits).item():.4f}", gradient(from_softmax, logits))
# --8<-- [end:probabilities]
for dtype in dtypes:
    x = torch.tensor([0.0, -200.0, 1.0], dtype=dtype)
    for low in (-200.0, -inf):
        x[1] = low
        g = gradient(from_softmax, x).double()
        torch.testing.assert_close(g, expected, atol=4e-3, rtol=0)
    p = torch.tensor([[0.0, 0.5, 0.5]], dtype=dtype)
    g = gradient(entropy_of_probabilities, p)
    assert g.isfinite().all() and g[0, 0] > 9
assert torch.autograd.gradcheck(
    entropy_of_probabilities, p.double().add(0.1).requires_grad_()
)
assert (torch.func.vmap(entropy_of_probabilities)(p) > 0.69).all()

many = torch.full((50000,), 2e-5, dtype=torch.float64)  # the entropy: 10.82
for dtype in dtypes:
    off = (entropy_of_probabilities(many.to(dtype)) - 10.8198).abs()
    assert off < 0.1 or (dtype == torch.float16 and off > 1)
least = torch.finfo(torch.float16).tiny
assert 6.1e-5 < least < 6.11e-5

# --8<-- [start:masked]
masked = torch.tensor([0.0, -torch.inf, 1.0])


def without_clamp(logits):
    logp = torch.log_softmax(logits, -1)
    return -(logp.exp() * logp).sum(-1)


print("without the clamp", gradient(without_clamp, masked))
print("entropy_of       ", gradient(entropy_of, masked))
# --8<-- [end:masked]
torch.testing.assert_close(gradient(entropy_of, masked), expected.float())


# --8<-- [start:both]
def value_and_gradient(f, x, y):
    x, y = torch.tensor(x), torch.tensor(y)
    return [(t + 0).item() for t in (f(x, y), *gradient(f, x, y))]


for x, y in (0.0, 1.0), (0.0, 0.0), (0.0, -1.0), (1.0, 0.0):
    print(
        "x =", x, "y =", y, "value, dx, dy:", value_and_gradient(xlogy, x, y)
    )
print("xlog1py at 0 and -1:", value_and_gradient(xlog1py, 0.0, -1.0))
# --8<-- [end:both]
value, dx, dy = value_and_gradient(xlogy, 0.0, 0.0)
assert (value, dx) == (0, 0) and dy != dy
# claim: xlog1py has the same corners at y = −1.
for x, y in (0.0, 1.0), (0.0, 0.0), (0.0, -1.0), (1.0, 0.0), (-2.0, 0.0):
    mine, its = (
        torch.tensor(value_and_gradient(f, x, y - d))
        for f, d in ((xlogy, 0), (xlog1py, 1))
    )
    torch.testing.assert_close(mine, its, equal_nan=True)

# --8<-- [start:modes]
from torch.func import jvp

one, zero = torch.tensor(1.0), torch.tensor(0.0)
_, forward = jvp(xlogy, (one, zero), (one, zero))
value, reverse, _ = value_and_gradient(xlogy, 1.0, 0.0)
print("dx at (1, 0): reverse", reverse, "forward", forward.item())
# --8<-- [end:modes]
assert reverse == float("-inf") and forward.isnan()

# --8<-- [start:kl]
from torch.nn.functional import kl_div


def kl(x, t):
    return kl_div(x, t, reduction="sum")


print("target 0            ", value_and_gradient(kl, -1.0, 0.0))
print("target 0, input -inf", value_and_gradient(kl, -torch.inf, 0.0))


def kl_log(x, t):
    return kl_div(x, t, reduction="sum", log_target=True)


print("log target -200     ", value_and_gradient(kl_log, -1.0, -200.0))
print("log target -inf     ", value_and_gradient(kl_log, -1.0, -torch.inf))
# --8<-- [end:kl]
value, dx, dt = value_and_gradient(kl, -1.0, 0.0)
assert value == 0 and dx == 0 and dt != dt
for below in (-1.0, -0.01, -inf):
    value, g = value_and_gradient(lambda x, _: entr(x) + 0 * _, below, 0.0)[:2]
    assert value == -inf and g != g

# --8<-- [start:slope]
x = torch.tensor([1e-2, 1e-4, 1e-8, 1e-16])
print(gradient(lambda x: x * x.log(), x).round().tolist())
# --8<-- [end:slope]
g = gradient(lambda x: x * x.log(), x)
assert g.round().tolist() == [-4, -8, -17, -36]

# What the page quotes of derivatives.yaml.
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for line in (
    "self: at::xlogy(grad, other)"
    ".masked_fill((self == 0.) & (other <= 0.), 0.)",
    "other: grad * self / other",
    "self: grad * (-(1 + self.log()))",
):
    assert line in text
