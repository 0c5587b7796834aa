# --8<-- [start:logs]
import torch


def value_and_gradient(f, *values):
    x = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    y = f(x)
    y.sum().backward()
    return [[round(v, 4) + 0.0 for v in t.tolist()] for t in (y, x.grad)]


for name, f, values in (
    ("log  ", torch.log, (2, 1, 0.5, 0, -1)),
    ("log2 ", torch.log2, (2, 1, 0.5, 0, -1)),
    ("log10", torch.log10, (2, 1, 0.5, 0, -1)),
    ("log1p", torch.log1p, (1, 0, -0.5, -1, -2)),
    ("logit", torch.logit, (0.9, 0.5, 0.1, 0, -1)),
):
    value, slope = value_and_gradient(f, *values)
    print(name, "of   ", list(values))
    print("      value", value)
    print("      slope", slope)
# --8<-- [end:logs]
torch.manual_seed(0)
inf = float("inf")
value, slope = value_and_gradient(torch.log, 2, 1, 0.5, 0, -1)
assert slope == [0.5, 1, 2, inf, -1]
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
value, slope = value_and_gradient(torch.log1p, 1, 0, -0.5, -1, -2)
assert slope == [0.5, 1, 2, inf, -1]

# --8<-- [start:trap]
logits = torch.tensor([0.0, 200.0], requires_grad=True)
p = torch.softmax(logits, dim=0)
loss = -torch.log(p[0])
loss.backward()
print("p       ", p.tolist())
print("loss    ", loss.item())
print("gradient", logits.grad.tolist())
# --8<-- [end:trap]
assert p[0] == 0 and loss == inf and logits.grad.isnan().all()
# claim: The logarithm of a softmax that has underflowed to 0 gives NaN to
#   every logit;
for dtype in dtypes:
    for entries in (2, 3, 17, 33, 1001):
        for k in (0, entries // 2, entries - 1):
            for low in (-1200.0, -inf):
                x = torch.randn(2, entries).to(dtype)
                x[:, k] = low
                x.requires_grad_()
                torch.log(x.softmax(1)[:, k]).sum().backward()
                assert x.grad.isnan().all()

# --8<-- [start:fix]
logits = torch.tensor([0.0, 200.0], requires_grad=True)
loss = -torch.log_softmax(logits, dim=0)[0]
loss.backward()
print("loss    ", loss.item())
print("gradient", logits.grad.tolist())
# --8<-- [end:fix]
assert loss == 200 and logits.grad.tolist() == [-1, 1]

# --8<-- [start:not-enough]
tiny = 1e-8
for name, f in {
    "log_softmax    ": lambda x: torch.log_softmax(x, 0)[0],
    "log(p + 1e-8)  ": lambda x: torch.log(x.softmax(0)[0] + tiny),
    "log(p.clamp()) ": lambda x: torch.log(x.softmax(0)[0].clamp(min=tiny)),
}.items():
    for logit in (20.0, 200.0):
        x = torch.tensor([0.0, logit], requires_grad=True)
        y = f(x)
        y.backward()
        print(name, round(y.item(), 2), round(x.grad[0].item(), 2))
# --8<-- [end:not-enough]
assert x.grad.tolist() == [0, 0]
for entries in (2, 33):  # the value is log(0) with either
    x = torch.zeros(entries, dtype=torch.float16)
    x[1] = 200
    x.requires_grad_()
    for y in (x.softmax(0) + tiny, x.softmax(0).clamp(min=tiny)):
        assert torch.log(y)[0] == -inf
    (g,) = torch.autograd.grad(torch.log(x.softmax(0) + tiny)[0], x)
    assert g.isnan().all()
    (g,) = torch.autograd.grad(torch.log(x.softmax(0).clamp(min=tiny))[0], x)
    assert g.isnan().any() == (torch.__version__ < "2.14")

# --8<-- [start:sigmoid]
from torch.nn.functional import logsigmoid

for name, f in {
    "log(sigmoid(x))     ": lambda x: torch.log(torch.sigmoid(x)),
    "logsigmoid(x)       ": logsigmoid,
    "log(1 - sigmoid(-x))": lambda x: torch.log(1 - torch.sigmoid(-x)),
}.items():
    x = torch.tensor(-200.0, requires_grad=True)
    y = f(x)
    y.backward()
    print(name, y.item(), x.grad.item())
# --8<-- [end:sigmoid]
assert x.grad.isnan()

# --8<-- [start:anomaly]
import warnings

blamed = []
with torch.autograd.set_detect_anomaly(True), warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the traceback of the forward call
    for name, f in {
        "log(softmax)": lambda x: x.softmax(0).log()[0],
        "log(sigmoid)": lambda x: (x - 200).sigmoid().log().sum(),
        "p * log(p)  ": lambda p: (p * p.log()).sum(),
        "0 * logit(p)": lambda p: (0 * p.logit()).sum(),
    }.items():
        x = torch.tensor([0.0, 200.0], requires_grad=True)
        try:
            f(x).backward()
        except RuntimeError as error:
            blamed.append(str(error).split("'")[1])
            print(name, error)
# --8<-- [end:anomaly]
assert blamed == [
    "SoftmaxBackward0",
    "SigmoidBackward0",
    "LogBackward0",
    "LogitBackward0",
]
zero = torch.zeros(1, requires_grad=True)  # no 0 before it, none above it
assert torch.autograd.grad(torch.log(2 * zero), zero)[0] == inf
for above in torch.exp, torch.reciprocal, lambda y: torch.where(y > 0, y, 0):
    y = torch.log(zero)  # a 0 from above, blamed on the logarithm
    assert torch.autograd.grad(above(y), y, retain_graph=True)[0] == 0
    assert torch.autograd.grad(above(y), zero)[0].isnan()

# --8<-- [start:zero]
print("log  ", value_and_gradient(torch.log, 0))
print("log1p", value_and_gradient(torch.log1p, -1))
print("minus", value_and_gradient(torch.log, -0.0))
print("tiny ", value_and_gradient(torch.log, 1e-12))
# --8<-- [end:zero]
assert value_and_gradient(torch.log, 0) == [[-inf], [inf]]
assert value_and_gradient(torch.log, -0.0) == [[-inf], [-inf]]

# --8<-- [start:negative]
w = torch.tensor(-0.5, dtype=torch.float64, requires_grad=True)
for step in range(3):
    loss = -torch.log(w)
    (g,) = torch.autograd.grad(loss, w)
    print("w", w.item(), "loss", loss.item(), "gradient", g.item())
    w = (w - 0.25 * g).detach().requires_grad_()
# --8<-- [end:negative]
assert loss.isnan() and g.isfinite()


# --8<-- [start:where]
def masked(f):
    return lambda x: torch.where(x > 0, f(x), 0.0)


print("log ", value_and_gradient(masked(torch.log), -1, 0, 2))
print("sqrt", value_and_gradient(masked(torch.sqrt), -1, 0, 2))
# --8<-- [end:where]
value, slope = value_and_gradient(masked(torch.log), -1, 0, 2)
assert value[:2] == [0, 0] and slope[0] == 0 and slope[1] != slope[1]
below = [-1e-30, -0.3, -1.0, -7.0, -1e30, -inf]
_, slope = value_and_gradient(masked(torch.log), *below)
assert slope == len(below) * [0]
_, slope = value_and_gradient(masked(torch.sqrt), *below, 0.0, -0.0)
assert all(g != g for g in slope)

# --8<-- [start:mask-first]
x = torch.tensor([-1.0, 0.5], requires_grad=True)
keep = x > -1
print("after ", torch.autograd.grad(torch.log1p(x)[keep].sum(), x)[0])
print("before", torch.autograd.grad(torch.log1p(x[keep]).sum(), x)[0])
# --8<-- [end:mask-first]
assert torch.autograd.grad(torch.log1p(x[keep]).sum(), x)[0][0] == 0

# --8<-- [start:logit]
for x in (0.0, 0.25, 0.5, 0.75, 1.0, 2.0):
    plain = value_and_gradient(torch.logit, x)
    bound = value_and_gradient(lambda x: torch.logit(x, eps=0.25), x)
    print(x, "plain", *plain, "eps", *bound)
# --8<-- [end:logit]
value, slope = value_and_gradient(
    lambda x: torch.logit(x, eps=0.25), 0, 0.25, 0.75, 1
)
assert slope == [0, 5.3333, 5.3333, 0]
for eps in [n / 1000 for n in range(1, 500)] + [1e-4, 1e-7, 1 / 3]:
    for entries in (1, 33):
        for at in (eps, 1 - eps):
            x = torch.full((entries,), at, dtype=torch.float64)
            (g,) = torch.autograd.grad(
                torch.logit(x.requires_grad_(), eps).sum(), x
            )
            torch.testing.assert_close(g, 1 / (x * (1 - x)).detach())
# in float32 the bound may be rounded to less than 1 - eps
x = torch.tensor(1 - 0.067, requires_grad=True)
assert torch.autograd.grad(torch.logit(x, 0.067), x)[0] == 0
assert torch.logit(torch.tensor([0.0, 1.0]), eps=1e-8)[1] == inf
assert torch.logit(torch.tensor([0.0]).half(), eps=1e-8) == -inf
assert torch.logit(torch.tensor([0.0, 1.0]), eps=1e-7).isfinite().all()

# --8<-- [start:logit-long]
for entries in (1, 33):
    x = torch.full((entries,), -0.0, requires_grad=True)
    torch.logit(x).sum().backward()
    print(entries, "times -0.0:", sorted(set(x.grad.tolist())))
    x = torch.full((entries,), torch.nan, requires_grad=True)
    torch.logit(x, eps=0.25).sum().backward()
    print(entries, "times NaN, eps:", x.grad[0].item(), x.grad[-1].item())
# --8<-- [end:logit-long]
for dtype in dtypes:
    # a vector of AVX-512 holds 32 numbers of 16 bits, and a loop takes two
    for entries in (65, 1001):
        x = torch.full((entries,), -0.0, dtype=dtype, requires_grad=True)
        torch.logit(x).sum().backward()
        assert set(x.grad.tolist()) == {inf, -inf}
        x = torch.full((entries,), torch.nan, dtype=dtype, requires_grad=True)
        torch.logit(x, eps=0.25).sum().backward()
        assert x.grad[0] == 0 and x.grad[-1].isnan()
        for at, eps in (-0.0, None), (torch.nan, 0.25):  # not contiguous
            x = torch.full((2 * entries,), at, dtype=dtype)[::2]
            x.requires_grad_()
            (g,) = torch.autograd.grad(torch.logit(x, eps).sum(), x)
            assert ((g == inf) if eps is None else g.isnan()).all()

# --8<-- [start:logit-bound]
release = ".".join(torch.__version__.split(".")[:2])


def clamped(x):
    return torch.logit(x.clamp(0.25, 0.75))


_, with_eps = value_and_gradient(lambda x: torch.logit(x, 0.25), 0.25, 0.75)
_, with_clamp = value_and_gradient(clamped, 0.25, 0.75)
print("PyTorch", release, "logit(x, eps)   ", with_eps)
print("PyTorch", release, "logit(x.clamp())", with_clamp)
# --8<-- [end:logit-bound]
old = release == "2.13"
assert with_clamp == (with_eps if old else [0, 0])


# --8<-- [start:complex]
z = torch.tensor(-1.0 + 0j, dtype=torch.complex128, requires_grad=True)
w = torch.log(z)
(g,) = torch.autograd.grad(w, z, torch.ones_like(w))
print(round(w.real.item(), 4), round(w.imag.item(), 4), g.real.item())
# --8<-- [end:complex]
torch.testing.assert_close(g, (1 / z).conj().detach())
for at in (-1.0, -0.3, -7.0, -1e-30, -1e30, 2.0):
    z = torch.tensor(at + 0j, dtype=torch.complex128, requires_grad=True)
    w = torch.log(z)
    (g,) = torch.autograd.grad(w, z, torch.ones_like(w))
    x = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    torch.log(x).backward()
    torch.testing.assert_close(g.real, x.grad)
