# --8<-- [start:run]
import torch
import torch.nn.functional as F

torch.manual_seed(0)
x, y = torch.randn(2, 4, 3)
index, classes = torch.tensor([0, 1, 1, 2]), torch.tensor([1.0, 2, 5])
for loss, target, weight in (
    (F.mse_loss, y, None),
    (F.mse_loss, y, torch.full((4, 3), 2.0)),
    (F.huber_loss, y, torch.full((4, 3), 2.0)),
    (F.cross_entropy, index, None),
    (F.cross_entropy, index, classes),
    (F.multi_margin_loss, index, classes),
):
    total = loss(x, target, weight=weight, reduction="sum")
    ratio = total / loss(x, target, weight=weight)
    weighted = "" if weight is None else "with weights"
    print(f"{loss.__name__:17} {ratio:2.0f} {weighted}".rstrip())
# --8<-- [end:run]


# --8<-- [start:trap]
def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


targets = torch.zeros(4).long()
for size in (3, 30):
    ones = torch.ones(4, size)  # 4 samples
    mse = gradient(lambda x: F.mse_loss(x, torch.zeros_like(x)), ones)
    ce = gradient(lambda x: F.cross_entropy(x, targets), ones)
    print(f"{size:2} entries  {mse[0, 0]:.4f} {ce[0, 0]:.4f}")
# --8<-- [end:trap]


# --8<-- [start:fix]
for size in (3, 30):
    x = torch.ones(4, size, requires_grad=True)
    loss = F.mse_loss(x, torch.zeros_like(x), reduction="sum") / len(x)
    (g,) = torch.autograd.grad(loss, x)
    print(f"{size:2} entries  {g[0, 0]:.4f}")
# --8<-- [end:fix]
# claim: The gradient of an entry is then the same for 3 and for 30
for shape in ((4,), (4, 1), (4, 3), (4, 30), (4, 5, 6)):
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        x = torch.full(shape, 0.7, dtype=dtype, requires_grad=True)
        loss = F.mse_loss(x, torch.zeros_like(x), reduction="sum") / len(x)
        (g,) = torch.autograd.grad(loss, x)
        torch.testing.assert_close(g, torch.full_like(x, 0.35))
half = torch.full((2,), 181.0, dtype=torch.float16)  # 2 * 181 ** 2 = 65522
assert F.mse_loss(half, half * 0, reduction="sum").isinf()
assert F.mse_loss(half - 1, half * 0, reduction="sum").isfinite()
# claim: In float16 a sum from 65520 on is inf:
for last, over in (6.0, False), (6.9, False), (6.93, True):  # 65508, 65519.6
    pair = torch.tensor([255.875, last]).half()
    total = F.mse_loss(pair, 0 * pair, reduction="sum")
    assert total.isinf() == over == (pair.double().square().sum() >= 65520)

# --8<-- [start:divisor]
import warnings

warnings.filterwarnings("ignore", "reduction: 'mean'")  # of kl_div

torch.manual_seed(0)
x, y = torch.randn(2, 4, 3)  # 4 samples with 3 entries, or of 3 classes
x1, x2, x3 = torch.randn(3, 4, 5)
p, v, index = x.sigmoid(), x.exp(), torch.tensor([0, 1, 1, 2])
yes = (y > 0).float()
signs, sign = 2 * yes - 1, torch.tensor([1.0, -1, 1, -1])
ctc = torch.randn(6, 4, 3).log_softmax(2), torch.tensor([[1, 2]] * 4)
ctc = *ctc, torch.full((4,), 6), torch.full((4,), 2)  # lengths
lists = torch.tensor([[0, -1, -1]] * 4)
each = {"weight": torch.rand(4, 3)}  # one for each entry
per_class = {"weight": torch.tensor([1.0, 2, 5])}
skip, pos = {"ignore_index": 0}, {"pos_weight": torch.tensor([1.0, 2, 5])}

losses = {  # the inputs of each loss, and options
    "mse_loss": ((x, y), each),
    "l1_loss": ((x, y), each),
    "smooth_l1_loss": ((x, y), {}),
    "huber_loss": ((x, y), each),
    "poisson_nll_loss": ((x, v), {}),
    "gaussian_nll_loss": ((x, y, v), {}),
    "kl_div": ((x.log_softmax(1), p), {}),
    "ctc_loss": (ctc, {}),
    "cross_entropy": ((x, index), per_class | skip),
    "nll_loss": ((x, index), per_class | skip),
    "linear_cross_entropy": ((x1, x2[:3], index), per_class | skip),
    "multi_margin_loss": ((x, index), per_class),
    "binary_cross_entropy_with_logits": ((x, yes), each | pos),
    "binary_cross_entropy": ((p, yes), each),
    "soft_margin_loss": ((x, signs), {}),
    "multilabel_soft_margin_loss": ((x, yes), per_class),
    "multilabel_margin_loss": ((x, lists), {}),
    "margin_ranking_loss": ((x1[:, 0], x2[:, 0], sign), {}),
    "hinge_embedding_loss": ((x, signs), {}),
    "cosine_embedding_loss": ((x1, x2, sign), {}),
    "triplet_margin_loss": ((x1, x2, x3), {}),
    "triplet_margin_with_distance_loss": ((x1, x2, x3), {}),
}


def divisor(name, inputs, **option):
    """The sum of the losses of a batch, divided by their mean."""
    loss = getattr(F, name)
    total = loss(*inputs, reduction="sum", **option)
    return (total / loss(*inputs, reduction="mean", **option)).item()


for name, (inputs, options) in losses.items():
    row = [f"{divisor(name, inputs):g}"]
    for key, option in options.items():
        row += [f"{key} {divisor(name, inputs, **{key: option}):.3g}"]
    print(f"{name:34}", ", ".join(row))
# --8<-- [end:divisor]
total = each["weight"].sum().item()
mean_by = divisor("mse_loss", (x, y), **each)
assert abs(mean_by - total) < 1e-4
assert per_class["weight"][index].sum() == 10
# claim: In the other five that take a weight the divisor stays:
#   all weights 2 double the loss.
weighted = {"mse_loss", "l1_loss", "cross_entropy", "nll_loss"}
weighted |= {"linear_cross_entropy"}
takes = [name for name, (_, options) in losses.items() if "weight" in options]
assert len(takes) == 10 and weighted < set(takes)
for name in takes:
    inputs, options = losses[name]
    two = torch.full_like(options["weight"], 2)
    times = getattr(F, name)(*inputs, weight=two) / getattr(F, name)(*inputs)
    torch.testing.assert_close(
        times, torch.tensor(1.0 if name in weighted else 2.0)
    )
    weights = options["weight"]
    loss = getattr(F, name)
    none = loss(*inputs, weight=weights, reduction="none").sum()
    ours = none / divisor(name, inputs, weight=weights)
    torch.testing.assert_close(ours, loss(*inputs, weight=weights))
# claim: With probabilities as targets, and not indices, the two cross_entropy
#   divide by 4 with weights too.
soft = torch.rand(4, 3).softmax(1)
assert abs(divisor("cross_entropy", (x, soft), **per_class) - 4) < 1e-4
none = F.cross_entropy(x, soft, reduction="none", **per_class)
torch.testing.assert_close(none.mean(), F.cross_entropy(x, soft, **per_class))
flat = x1, x2[:3], soft
assert abs(divisor("linear_cross_entropy", flat, **per_class) - 4) < 1e-4
tokens = torch.randn(4, 3, 5), torch.randint(0, 3, (4, 5))
assert abs(divisor("cross_entropy", tokens) - 20) < 1e-3
lengths = torch.tensor([2, 1, 2, 1])
uneven = *ctc[:3], lengths
none = F.ctc_loss(*uneven, reduction="none")
none = none / lengths
torch.testing.assert_close(none.sum() / 4, F.ctc_loss(*uneven))
for count in (1, 2, 7):  # ignore_index
    labels = torch.arange(8).clamp(max=count) // count  # 0 in `count` rows
    logits = torch.randn(8, 3)
    for name in ("cross_entropy", "nll_loss"):
        n = divisor(name, (logits, labels), ignore_index=0)
        assert round(n) == 8 - count


# --8<-- [start:kink]
def row(u):
    """One sample of two entries, u and 0."""
    return torch.stack([u, torch.zeros_like(u)], 1)


def double(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


zero, one, right = double(0), double(1), torch.tensor([0])
kinks = {  # where, the number u there, and the loss as a function of u
    "mse_loss": ("d = 0", 0, lambda u: F.mse_loss(u, zero)),
    "l1_loss": ("d = 0", 0, lambda u: F.l1_loss(u, zero)),
    "smooth_l1_loss": ("d = beta", 1, lambda u: F.smooth_l1_loss(u, zero)),
    "huber_loss": ("d = delta", 1, lambda u: F.huber_loss(u, zero)),
    "poisson_nll_loss": (
        "rate 0",
        0,
        lambda u: F.poisson_nll_loss(u, one, log_input=False),
    ),
    "gaussian_nll_loss": (
        "var = 0",
        0,
        lambda u: F.gaussian_nll_loss(zero, zero, u),
    ),
    "kl_div": ("target 0", 0, lambda u: F.kl_div(-one, u, reduction="sum")),
    "cross_entropy": (
        "logit -inf",
        -torch.inf,
        lambda u: F.cross_entropy(row(u), right),
    ),
    "multi_margin_loss": (
        "margin",
        1,
        lambda u: F.multi_margin_loss(row(u), right),
    ),
    "binary_cross_entropy": (
        "p = 0, t = 1",
        0,
        lambda u: F.binary_cross_entropy(u, one),
    ),
    "bce_with_logits": (
        "logit -inf",
        -torch.inf,
        lambda u: F.binary_cross_entropy_with_logits(u, one),
    ),
    "soft_margin_loss": (
        "x = -1000",
        -1000,
        lambda u: F.soft_margin_loss(u, one),
    ),
    "multilabel_soft_margin": (
        "logit -inf",
        -torch.inf,
        lambda u: F.multilabel_soft_margin_loss(u[None], one[None]),
    ),
    "multilabel_margin_loss": (
        "margin",
        1,
        lambda u: F.multilabel_margin_loss(row(u), torch.tensor([[0, -1]])),
    ),
    "margin_ranking_loss": (
        "tie",
        0,
        lambda u: F.margin_ranking_loss(u, zero, one),
    ),
    "hinge_embedding_loss": (
        "margin",
        1,
        lambda u: F.hinge_embedding_loss(u, -one),
    ),
    "cosine_embedding_loss": (
        "margin",
        0,
        lambda u: F.cosine_embedding_loss(
            row(u) + double(0, 1), double([1, 0]), -one
        ),
    ),
    "triplet_margin_loss": (
        "margin",
        2,
        lambda u: F.triplet_margin_loss(zero[None], one[None], u[None], eps=0),
    ),
}


def measured(loss, number):
    """Value, gradient, forward mode and second derivative, as text."""
    u = double(number).requires_grad_()
    value = loss(u)
    (g,) = torch.autograd.grad(value.sum(), u, create_graph=True)
    try:
        _, slope = torch.func.jvp(loss, (double(number),), (one,))
        forward = f"{slope.item():.4g}"
    except NotImplementedError:
        forward = "none"
    try:
        (h,) = torch.autograd.grad(g.sum() + 0 * u.sum(), u)
        second = f"{h.item():.4g}"
    except RuntimeError:
        second = "none"
    return f"{value.item():.4g}", f"{g.item() + 0:.4g}", forward, second


print(f"{'':38} value  gradient   forward    second")
for name, (where, number, loss) in kinks.items():
    cells = [f"{cell:>9}" for cell in measured(loss, number)]
    print(f"{name:23}{where:12}", *cells)
# --8<-- [end:kink]
assert measured(*kinks["kl_div"][:0:-1])[1:3] == ("nan", "nan")
other = "-1" if torch.__version__.startswith("2.13") else "0"
for loss in (
    kinks["triplet_margin_loss"][2],  # eps=0: exactly at the margin
    lambda u: F.triplet_margin_with_distance_loss(
        zero, one, u, distance_function=lambda a, b: (a - b).abs()
    ),
):
    assert measured(loss, 2)[:2] == ("0", other)
assert measured(*kinks["soft_margin_loss"][:0:-1])[1] == "nan"


# --8<-- [start:dtype]
def dtype_of(name, inputs, dtype, autocast=False):
    """The dtype of the loss of inputs of a dtype, or what fails."""
    inputs = [a.to(dtype) if a.is_floating_point() else a for a in inputs]
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        try:
            x = inputs[0].requires_grad_()
            loss = getattr(F, name)(x, *inputs[1:])
            loss.backward()
        except RuntimeError as error:
            return "autocast" if "autocast" in str(error) else "none"
    return str(loss.dtype).removeprefix("torch.")


print(f"{'':34} float16  bfloat16  autocast")
for name, (inputs, _) in losses.items():
    cells = [
        dtype_of(name, inputs, torch.float16),
        dtype_of(name, inputs, torch.bfloat16),
        dtype_of(name, inputs, torch.bfloat16, autocast=True),
    ]
    print(f"{name:34}", *[f"{cell:9}" for cell in cells])
# --8<-- [end:dtype]
three = {"gaussian_nll_loss", "multilabel_soft_margin_loss"}
three |= {"triplet_margin_with_distance_loss"}
for name, (inputs, _) in losses.items():
    low = [a.bfloat16() if a.is_floating_point() else a for a in inputs]
    wide = [a.float() if a.is_floating_point() else a for a in low]
    exact = getattr(F, name)(*wide)
    with torch.autocast("cpu", torch.bfloat16):
        loss = getattr(F, name)(*low)
    assert (loss.dtype == torch.bfloat16) == (name in three)
    off = abs(loss.double() / exact.double() - 1)
    if name in three | {"linear_cross_entropy"}:
        assert 0 < off < 5e-3
    else:
        assert off == 0
