# --8<-- [start:run]
import torch
from torch.nn.functional import cross_entropy, log_softmax, nll_loss, softmax


def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


first, both = torch.tensor(0), torch.tensor([0, 2])  # the right classes
thirds = gradient(lambda x: cross_entropy(x, first), torch.zeros(3))
print("one sample :", thirds)
sixths = gradient(lambda x: cross_entropy(x, both), torch.zeros(2, 3))
print("rows of two:", sixths)
# --8<-- [end:run]
torch.testing.assert_close(thirds, torch.tensor([-2.0, 1, 1]) / 3)
expected = torch.tensor([[-2.0, 1, 1], [1, 1, -2]]) / 6
torch.testing.assert_close(sixths, expected)
kept = torch.tensor([0, -100, 2, -100])  # N is 2
halves = gradient(lambda x: cross_entropy(x, kept), torch.zeros(4, 3))
torch.testing.assert_close(halves[::2], expected)
assert not halves[1::2].any()
weight = torch.tensor([1.0, 1, 3])  # with weights it is not softmax - one-hot
weighted = gradient(
    lambda x: cross_entropy(x, both, weight), torch.zeros(2, 3)
)
one_hot = torch.eye(3)[both]
exact = weight[both][:, None] * (1 / 3 - one_hot) / weight[both].sum()
torch.testing.assert_close(weighted, exact)
assert not torch.allclose(weighted, sixths)
smooth = gradient(
    lambda x: cross_entropy(x, both, label_smoothing=0.3), torch.zeros(2, 3)
)
torch.testing.assert_close(smooth, 0.7 * sixths)

# --8<-- [start:reductions]
x = torch.tensor([[0.0, 0, 0], [3, 1, 0]])
t = torch.tensor([0, 1])
for reduction in ("none", "sum", "mean"):
    leaf = x.clone().requires_grad_()
    loss = cross_entropy(leaf, t, reduction=reduction)
    (g,) = torch.autograd.grad(loss.sum(), leaf)
    print(reduction, loss.detach(), "\n     row 1:", g[1])
    by_hand = x.softmax(1) - torch.eye(3)[t]
    torch.testing.assert_close(g, by_hand / (2 if reduction == "mean" else 1))
# --8<-- [end:reductions]

# --8<-- [start:double-softmax]
x = torch.tensor([-10.0, 10, 0], dtype=torch.float64, requires_grad=True)
t = torch.tensor(0)
for name, logits in {"logits ": x, "softmax": softmax(x, 0)}.items():
    loss = cross_entropy(logits, t)
    (g,) = torch.autograd.grad(loss, x)
    print(f"{name} loss {loss.item():7.4f}, gradient {g[0].item():.1e}")
best = cross_entropy(torch.tensor([1.0, 0, 0]), t)  # a perfect softmax
print("lowest loss of a softmax of three:", round(best.item(), 4))
# --8<-- [end:double-softmax]
assert abs(g[0]) < 1e-8 and loss < 1.6
torch.testing.assert_close(best, torch.tensor(1 + 2 / torch.e).log())
# claim: With another in front, the loss cannot go below
torch.manual_seed(0)
for classes in (2, 3, 10, 1001):
    rows = 30 * torch.randn(33, classes).double()
    rows[0], rows[0, 0] = 0, 1000
    loss = cross_entropy(softmax(rows, 1), rows.argmax(1), reduction="none")
    floor = torch.tensor(1 + (classes - 1) / torch.e).double().log()
    assert (loss > floor - 1e-6).all() and abs(loss[0] - floor) < 1e-6

# --8<-- [start:double-softmax-fix]
(g,) = torch.autograd.grad(cross_entropy(x, t), x)
p = softmax(x, 0)  # for metrics and for people
print("gradient", [round(v, 4) for v in g.tolist()], "p", f"{p[0]:.0e}")
# --8<-- [end:double-softmax-fix]
torch.testing.assert_close(g, p - torch.tensor([1.0, 0, 0]).double())


# --8<-- [start:raw-nll]
def descend(loss_of, steps=100):
    x = torch.zeros(1, 3, requires_grad=True)
    for _ in range(steps):
        loss = loss_of(x)
        (g,) = torch.autograd.grad(loss, x)
        x = (x - g).detach().requires_grad_()
    return round(loss.item(), 3), [round(v, 3) for v in g[0].tolist()]


t = torch.tensor([0])
print("nll_loss of logits:", descend(lambda x: nll_loss(x, t)))
# --8<-- [end:raw-nll]
assert descend(lambda x: nll_loss(x, t)) == (-99, [-1, 0, 0])

# --8<-- [start:raw-nll-fix]
both = descend(lambda x: nll_loss(log_softmax(x, 1), t))
print("nll_loss of log_softmax:", both)
print("cross_entropy          :", descend(lambda x: cross_entropy(x, t)))
# --8<-- [end:raw-nll-fix]
assert both == descend(lambda x: cross_entropy(x, t)) and both[0] > 0

# --8<-- [start:log-of-softmax]
x = torch.tensor([[0.0, 200.0]], requires_grad=True)
log_p = softmax(x, 1).log()
loss = nll_loss(log_p, t)
(g,) = torch.autograd.grad(loss, x)
print(log_p.tolist(), loss.item(), g.tolist())
# --8<-- [end:log-of-softmax]
assert loss.isinf() and g.isnan().any()

# --8<-- [start:log-of-softmax-fix]
loss = nll_loss(log_softmax(x, 1), t)
(g,) = torch.autograd.grad(loss, x)
print(log_softmax(x, 1).tolist(), loss.item(), g.tolist())
# --8<-- [end:log-of-softmax-fix]
assert g.tolist() == [[-1, 1]]
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    far = torch.tensor([0.0, 0, 3e4], dtype=dtype)
    assert log_softmax(far, 0).isfinite().all()

# --8<-- [start:half]
for n in (65_519, 65_520):
    x, t = torch.zeros(n, 2).half(), torch.zeros(n).long()
    g = gradient(lambda x, t=t: cross_entropy(x, t), x)
    print(f"{n} rows: loss {cross_entropy(x, t):.4f}, gradient {g[0]}")

image, mask = torch.zeros(1, 2, 256, 256).half(), torch.zeros(1, 256, 256)
image[:, 1] = 3  # all pixels are wrong
loss = cross_entropy(image, mask.long())
g = gradient(lambda x: cross_entropy(x, mask.long()), image)
print(f"256 × 256: loss {loss:.4f}, gradient all 0: {(g == 0).all()}")
# --8<-- [end:half]
assert loss.isnan() and not g.any()
for dtype in (torch.bfloat16, torch.float32):  # no such end
    x = torch.zeros(65_536, 2, dtype=dtype)
    t = torch.zeros(65_536).long()
    g = gradient(lambda x, t=t: cross_entropy(x, t), x)
    assert (g[:, 1] == 0.5 / 65_536).all()
wrong, t = torch.tensor([[0.0, 3]]).half().expand(40_000, 2), t[:40_000]
assert cross_entropy(wrong, t).isinf()  # the sum of the losses is
g = gradient(lambda x: cross_entropy(x, t), wrong)
assert g[0, 0] < 0 < g[0, 1] and g.isfinite().all()

# --8<-- [start:half-fix]
loss = cross_entropy(image.float(), mask.long())
g = gradient(lambda x: cross_entropy(x.float(), mask.long()), image)
print(f"256 × 256: loss {loss:.4f}, gradient {g[0, :, 0, 0]}")
# --8<-- [end:half-fix]
torch.testing.assert_close(loss, torch.tensor(3.0).exp().add(1).log())
assert (g[0, 0] < 0).all() and (g[0, 1] > 0).all()
with torch.autocast("cpu", dtype=torch.float16):
    assert cross_entropy(image, mask.long()) == loss

# --8<-- [start:special]
inf, nan = float("inf"), float("nan")
rows = {
    "right, by far": [1000.0, 0, 0],
    "wrong, by far": [0.0, 1000, 0],
    "-inf, another class": [0.0, 0, -inf],
    "-inf, the target": [-inf, 0, 0],
    "all -inf": [-inf, -inf, -inf],
    "+inf": [inf, 0, 0],
    "nan": [0.0, 0, nan],
}
for name, row in rows.items():
    loss = cross_entropy(torch.tensor(row), first).item()
    g = gradient(lambda x: cross_entropy(x, first), torch.tensor(row))
    print(f"{name:19} loss {loss:6.4g}", (g + 0).tolist())
# --8<-- [end:special]
for name, slopes in (
    ("right, by far", [0, 0, 0]),
    ("wrong, by far", [-1, 1, 0]),
    ("-inf, another class", [-0.5, 0.5, 0]),
    ("-inf, the target", [-1, 0.5, 0.5]),
):
    g = gradient(lambda x: cross_entropy(x, first), torch.tensor(rows[name]))
    assert g.tolist() == slopes
smoothed = cross_entropy(
    torch.tensor(rows["-inf, another class"]), first, label_smoothing=0.1
)
assert smoothed.isinf()
# claim: A row of nothing but −inf, a +inf, or a NaN, and the whole row is NaN.
zeros = torch.zeros(5, dtype=torch.int64)
torch.manual_seed(0)
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    for classes in (2, 3, 16, 17, 33, 1001):
        x = torch.randn(5, classes).to(dtype)
        x[0] = -inf
        x[1, 0], x[2, -1], x[3, 0], x[4, -1] = inf, inf, nan, nan
        g = gradient(lambda x: cross_entropy(x, zeros, reduction="none"), x)
        assert g.isnan().all()
        assert cross_entropy(x, zeros, reduction="none").isnan().all()

# --8<-- [start:empty]
none = torch.zeros(0, dtype=torch.int64)
for reduction in ("mean", "sum"):
    x = torch.zeros(0, 3, requires_grad=True)
    bias = torch.zeros(3, requires_grad=True)
    loss = cross_entropy(x + bias, none, reduction=reduction)
    (g,) = torch.autograd.grad(loss, bias)
    print(reduction, loss.item(), g)
    assert g.tolist() == [0, 0, 0]
# --8<-- [end:empty]
assert cross_entropy(x, none).isnan()

# --8<-- [start:linear]
from torch.nn.functional import linear, linear_cross_entropy

torch.manual_seed(0)
x = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
w = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
b = torch.randn(5, dtype=torch.float64, requires_grad=True)
t = torch.tensor([0, 1, 2, 4])
fused = linear_cross_entropy(x, w, t, linear_bias=b)
apart = cross_entropy(linear(x, w, b), t)
print(f"fused {fused:.4f}, apart {apart:.4f}")
torch.testing.assert_close(
    torch.autograd.grad(fused, (x, w, b)),
    torch.autograd.grad(apart, (x, w, b)),
)
# --8<-- [end:linear]

# --8<-- [start:chunked]
in_chunks = torch.nn.LinearCrossEntropyOptions()
for options in (None, in_chunks):

    def loss(x, options=options):
        return linear_cross_entropy(x, w.detach(), t, options=options)

    (g,) = torch.autograd.grad(loss(x), x, create_graph=True)
    _, forward = torch.func.jvp(loss, (x.detach(),), (torch.ones_like(x),))
    print("plain: " if options is None else "chunks:", end=" ")
    print(f"reverse {g.sum():.4f}, forward {forward:.4f},", end=" ")
    print("the gradient has a gradient:", g.requires_grad)
# --8<-- [end:chunked]
assert forward == 0 and not g.requires_grad
plain = linear_cross_entropy(x, w.detach(), t)
torch.testing.assert_close(g, torch.autograd.grad(plain, x)[0])


def refused(function, words):
    try:
        function()
    except RuntimeError as error:
        assert words in str(error), error
    else:
        raise AssertionError(words)


def twice(options):
    chunked = linear_cross_entropy(x, w, t, options=options)
    torch.autograd.grad(chunked, x, retain_graph=True)
    torch.autograd.grad(chunked, x)


refused(lambda: g.square().sum().backward(), "does not require grad")
(part,) = torch.autograd.grad(g.square().sum() + x.sum(), x)
assert (part == 1).all()  # of the other term
refused(lambda: torch.func.grad(loss)(x.detach()), "setup_context")
hessian = torch.autograd.functional.hessian
assert not hessian(loss, x.detach()).any()
refused(lambda: hessian(loss, x.detach(), strict=True), "independent of")
refused(lambda: twice(in_chunks), "called twice")
twice(torch.nn.LinearCrossEntropyOptions(allow_retain_graph=True))

# --8<-- [start:chunked-ignored]
nobody = torch.full((4,), -100)
for options in (None, in_chunks):
    loss = linear_cross_entropy(x, w.detach(), nobody, options=options)
    (g,) = torch.autograd.grad(loss, x)
    print("plain: " if options is None else "chunks:", loss.item(), g[0])
# --8<-- [end:chunked-ignored]
assert g.isnan().all()

# --8<-- [start:linear-dimensions]
sequences = torch.zeros(2, 7, 3, dtype=torch.float64)
t2 = torch.zeros(2, 7, dtype=torch.int64)
try:
    linear_cross_entropy(sequences, w, t2)
except RuntimeError as e:
    print(e)
loss = linear_cross_entropy(sequences.flatten(0, 1), w, t2.flatten())
print(round(loss.item(), 4))
# --8<-- [end:linear-dimensions]

x = torch.randn(4, 5, dtype=torch.float64, requires_grad=True)
t = torch.tensor([0, 1, 2, 4])
(g,) = torch.autograd.grad(cross_entropy(x, t), x)
torch.testing.assert_close(g.sum(1), torch.zeros(4, dtype=torch.float64))
for dtype, rounding in ((torch.float64, 1e-15), (torch.float32, 1e-6)):
    x = 20 * torch.randn(33, 1001, dtype=dtype)
    t = torch.randint(1001, (33,))
    g = gradient(lambda x, t=t: cross_entropy(x, t, reduction="sum"), x)
    assert g.abs().max() <= 1 and g.sum(1).abs().max() < rounding

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in ("_log_softmax(", "nll_loss_forward("):
    lines = text[text.index(f"- name: {name}") :].splitlines()
    print(name[:-1], lines[1].strip(), sep=": ")
# --8<-- [end:source]
