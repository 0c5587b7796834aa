# --8<-- [start:run]
import torch
import torch.nn.functional as F

losses = {
    "mse_loss": F.mse_loss,
    "l1_loss": F.l1_loss,
    "smooth_l1_loss": F.smooth_l1_loss,
    "huber_loss": F.huber_loss,
    "poisson_nll_loss": F.poisson_nll_loss,
    "bce_with_logits": F.binary_cross_entropy_with_logits,
}
for name, loss in losses.items():
    x = torch.tensor([0.1, 1, 10, 1000], requires_grad=True)
    out = loss(x, torch.zeros(4), reduction="sum")
    (g,) = torch.autograd.grad(out, x)
    print(f"{name:16}", *[f"{slope:9.4g}" for slope in g.tolist()])
# --8<-- [end:run]
x = torch.tensor([0.1, 1, 10, 1000], requires_grad=True)
out = F.gaussian_nll_loss(x, torch.zeros(4), torch.ones(4), reduction="sum")
torch.testing.assert_close(torch.autograd.grad(out, x)[0], x.detach())
both = F.cross_entropy(torch.stack([x, 0 * x], 1), torch.ones(4).long())
assert (torch.autograd.grad(both * 4, x)[0] <= 1).all()


def check(loss, inputs, slopes, *fixed, **options):
    """The formula of the table, against autograd."""
    leaves = [x.detach().clone().requires_grad_() for x in inputs]
    out = loss(*leaves, *fixed, reduction="none", **options).sum()
    torch.testing.assert_close(
        torch.autograd.grad(out, leaves),
        tuple(slopes),
    )


torch.manual_seed(0)
# claim: is any shape.
for shape in ((), (0,), (1,), (33,), (4, 3), (2, 3, 4, 5, 6)):
    x, t = torch.randn(2, *shape, dtype=torch.float64)
    d, p, v, yes = x - t, torch.rand(shape).double(), t.exp(), (t > 0).double()
    sign, soft, w = 2 * yes - 1, x.sigmoid(), p * 0.98 + 0.01
    check(F.mse_loss, [x], [2 * d], t)
    check(F.l1_loss, [x], [d.sign()], t)
    check(F.smooth_l1_loss, [x], [(d / 0.7).clamp(-1, 1)], t, beta=0.7)
    check(F.huber_loss, [x], [d.clamp(-0.7, 0.7)], t, delta=0.7)
    check(F.poisson_nll_loss, [x], [x.exp() - v], v)
    check(F.gaussian_nll_loss, [x], [d / v], t, v)
    check(F.kl_div, [x], [-p], p)
    check(F.binary_cross_entropy_with_logits, [x], [soft - p], p)
    check(F.binary_cross_entropy, [w], [(w - yes) / (w * (1 - w))], yes)
    check(F.soft_margin_loss, [x], [-sign * (-sign * x).sigmoid()], sign)
    near = torch.where(sign > 0, 1, -(x < 0.3).double())
    check(F.hinge_embedding_loss, [x], [near], sign, margin=0.3)


x = torch.randn(4, 3, dtype=torch.float64)  # arguments that change the table
t, first = torch.rand(4, 3).double(), torch.zeros(4, dtype=torch.long)
check(F.kl_div, [x], [-t.exp()], t, log_target=True)
check(
    F.poisson_nll_loss, [t + 1], [1 - x / (t + 1)], x, log_input=False, eps=0
)
twice = ((1 - x[:, :1] + x).clamp(min=0) * 2 / 3)[:, 1:]
check(
    F.multi_margin_loss,
    [x],
    [torch.cat([-twice.sum(1, keepdim=True), twice], 1)],
    first,
    p=2,
)
labels = torch.tensor([[0, -1, -1]])  # one pair is in the margin
check(
    F.multilabel_margin_loss,
    [torch.tensor([[0.0, 0, -3]])],
    [torch.tensor([[-1.0, 1, 0]]) / 3],
    labels,
)
heavy = torch.tensor(9.0, requires_grad=True)  # weights move the bounds
three = torch.tensor(3.0)
assert torch.autograd.grad(F.huber_loss(heavy, 0 * three, delta=5), heavy) == (
    5,
)
flat = torch.zeros(3, requires_grad=True)  # so does label smoothing
out = F.cross_entropy(flat, first[0], label_smoothing=0.3)
torch.testing.assert_close(
    torch.autograd.grad(out, flat)[0], torch.tensor([-1.4, 0.7, 0.7]) / 3
)
for loss in (
    F.huber_loss(heavy, 0 * three, weight=three),
    F.l1_loss(heavy, 0 * three, weight=three, reduction="sum"),
    F.binary_cross_entropy_with_logits(heavy, 0 * three, weight=three),
):
    assert torch.autograd.grad(loss, heavy)[0] > 2.99


# --8<-- [start:trap-outlier]
def fit(loss, targets):
    x = torch.tensor(0.0, requires_grad=True)
    for step in range(300):
        (g,) = torch.autograd.grad(loss(x.expand_as(targets), targets), x)
        x = (x - 0.05 * g).detach().requires_grad_()
    return round(x.item(), 2)


clean = torch.tensor([0.8, 0.9, 1.0, 1.1, 1.2])
spoiled = torch.tensor([0.8, 0.9, 1.0, 1.1, 101.2])  # a typo
both = fit(F.mse_loss, clean), fit(F.mse_loss, spoiled)
print("mse  ", *both)
# --8<-- [end:trap-outlier]
assert both == (1, 21)

# --8<-- [start:fix-outlier]
for name, loss in {"huber": F.huber_loss, "l1   ": F.l1_loss}.items():
    both = fit(loss, clean), fit(loss, spoiled)
    print(name, *both)
    assert both[1] < 1.3
# --8<-- [end:fix-outlier]


# --8<-- [start:trap-sigmoid]
def learn(loss):
    x = torch.tensor(-10.0, requires_grad=True)  # sure, and wrong
    for step in range(200):
        (g,) = torch.autograd.grad(loss(x, torch.tensor(1.0)), x)
        x = (x - 0.5 * g).detach().requires_grad_()
    return round(x.sigmoid().item(), 5)


stuck = learn(lambda x, t: F.mse_loss(x.sigmoid(), t))
print("mse of a sigmoid", stuck)
# --8<-- [end:trap-sigmoid]
assert stuck < 1e-4
sure = torch.tensor(-10.0).sigmoid()
assert f"{sure * (1 - sure):.1e}" == "4.5e-05"

# --8<-- [start:fix-sigmoid]
free = learn(F.binary_cross_entropy_with_logits)
print("with logits     ", free)
# --8<-- [end:fix-sigmoid]
assert free > 0.9

# Figure: Four losses of the difference d from -3 to 3. Left: mse is a
# parabola, l1 a corner at 0, smooth_l1 and huber are parabolas up to 2 and
# lines beyond. Right: the gradient of mse is a line without end, that of l1
# steps from -1 to 1 at 0, those of smooth_l1 and huber are lines from -2 to 2,
# and stay at 1 and 2 beyond.
# --8<-- [start:regression]
import matplotlib.pyplot as plt


def draw(losses, x, xlabel, top):
    fig, (left, right) = plt.subplots(1, 2, figsize=(4.8, 3.6))
    for label, loss in losses.items():
        u = x.clone().requires_grad_()
        out = loss(u)
        (g,) = torch.autograd.grad(out.sum(), u)
        left.plot(x, out.detach())
        g[1:][g.diff().abs() > 0.4] = torch.nan  # no line across a jump
        right.plot(x, g, label=label)
    left.set_title("loss")
    left.set_ylim(top=top)
    right.set_title("its gradient")
    for ax in (left, right):
        ax.set_xlabel(xlabel)
    fig.legend(loc="outside lower center", ncols=2)
    plt.show()


zero, e = torch.zeros(301), {"reduction": "none"}
regression = {
    "mse": lambda d: F.mse_loss(d, zero, **e),
    "l1": lambda d: F.l1_loss(d, zero, **e),
    "smooth_l1, beta=2": lambda d: F.smooth_l1_loss(d, zero, beta=2, **e),
    "huber, delta=2": lambda d: F.huber_loss(d, zero, delta=2, **e),
}
draw(regression, torch.linspace(-3, 3, 301), "d = input - target", 5)
# --8<-- [end:regression]

# Figure: Five losses of the margin u from -2 to 3. Left: all fall as u grows.
# margin_ranking is 0 from its margin on, 1 or 0; multi_margin with two classes
# is half of it, with p=2 half of its square; soft_margin is smooth and never
# 0. Right: the gradients are -1, -1, -0.5, a line that ends at u = 1, and a
# part of a sigmoid, from -0.88 to -0.05; the hinges have 0 beyond.
# --8<-- [start:margins]
ones, right = torch.ones(301), torch.zeros(301, dtype=torch.long)


def pair(u):  # two classes, the first is right and leads by u
    return torch.stack([u, zero], 1)


margins = {
    "margin_ranking, margin=1": lambda u: F.margin_ranking_loss(
        u, zero, ones, margin=1, **e
    ),
    "margin_ranking": lambda u: F.margin_ranking_loss(u, zero, ones, **e),
    "multi_margin": lambda u: F.multi_margin_loss(pair(u), right, **e),
    "multi_margin, p=2": lambda u: F.multi_margin_loss(
        pair(u), right, p=2, **e
    ),
    "soft_margin": lambda u: F.soft_margin_loss(u, ones, **e),
}
draw(margins, torch.linspace(-2, 3, 301), "margin u", 3)
# --8<-- [end:margins]


# --8<-- [start:far-margins]
def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


margins["cross_entropy"] = lambda u: F.cross_entropy(pair(u), right, **e)
places = [torch.full((301,), u) for u in (-1000.0, -10.0, 10.0, 1000.0)]
for name, loss in margins.items():
    at = [gradient(loss, u)[0].item() + 0 for u in places]
    print(f"{name:25}", *[f"{g:10.4g}" for g in at])
# --8<-- [end:far-margins]


def slope(loss, at):
    return gradient(loss, torch.full((301,), at))[0].item()


assert slope(margins["soft_margin"], 10.0) < 0
assert f"{slope(margins['soft_margin'], -2.0):.2f}" == "-0.88"
assert f"{slope(margins['soft_margin'], 3.0):.2f}" == "-0.05"
assert slope(margins["soft_margin"], -1000.0) != -1  # it is NaN
assert slope(margins["multi_margin, p=2"], -1000.0) == -1001
# claim: On the wrong side (−1000, −10) only multi_margin_loss with p=2 grows
for name, loss in margins.items():
    size = [abs(slope(loss, u)) for u in (-10.0, -30.0, -80.0)]
    assert (size[0] < size[1] < size[2]) == (name == "multi_margin, p=2")
    assert name == "multi_margin, p=2" or max(size) <= 1

# --8<-- [start:probability]
for p in (1e-2, 1e-6, 1e-30):
    x = torch.tensor(p, requires_grad=True)
    loss = F.binary_cross_entropy(x, torch.tensor(1.0))
    (g,) = torch.autograd.grad(loss, x)
    print(f"probability {p}: loss {loss.item():.1f}, gradient {g.item():.4g}")
# --8<-- [end:probability]
assert abs(g + 1e12) < 1e6
for size in (0.1, 10.0, 1e4, 1e30):
    x = size * torch.randn(33, 5)
    p, t, sign = torch.rand(33, 5), torch.randint(5, (33,)), x.sign()
    for loss, target in (
        (F.binary_cross_entropy_with_logits, p),
        (F.cross_entropy, t),
    ):
        leaf = x.clone().requires_grad_()
        out = loss(leaf, target, reduction="none").sum()
        assert torch.autograd.grad(out, leaf)[0].abs().max() <= 1

torch.manual_seed(0)
y = torch.tensor([0, 1, 2, 0])
import warnings

x, z = torch.randn(4, 3), torch.rand(4, 3)
v, w = torch.randn(4), torch.randn(4)
sign = z.round() * 2 - 1
lists = torch.tensor([[0, -1, -1]] * 4)
entries = (
    (F.mse_loss, x, z),
    (F.l1_loss, x, z),
    (F.smooth_l1_loss, x, z),
    (F.huber_loss, x, z),
    (F.poisson_nll_loss, x, z),
    (F.gaussian_nll_loss, x, z, z + 1),
    (F.binary_cross_entropy, z, z),
    (F.binary_cross_entropy_with_logits, x, z),
    (F.kl_div, x, z),
    (F.soft_margin_loss, x, sign),
    (F.hinge_embedding_loss, x, sign),
)
samples = (
    (F.cross_entropy, x, y),
    (F.nll_loss, x, y),
    (F.linear_cross_entropy, x, torch.eye(3), y),
    (F.multi_margin_loss, x, y),
    (F.multilabel_margin_loss, x, lists),
    (F.multilabel_soft_margin_loss, x, z),
    (F.cosine_embedding_loss, x, z, sign[:, 0]),
    (F.margin_ranking_loss, v, w, sign[:, 0]),
    (F.triplet_margin_loss, x, z, x + 1),
    (F.triplet_margin_with_distance_loss, x, z, x + 1),
)
for count, losses in ((12, entries), (4, samples)):
    for loss, *inputs in losses:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # kl_div has batchmean
            ratio = loss(*inputs, reduction="sum") / loss(*inputs)
        torch.testing.assert_close(ratio, torch.tensor(float(count)))
rows, three = torch.randn(4, 3), torch.randn(4, 5, 3)
for loss, inputs, count in (
    (F.margin_ranking_loss, (rows, -rows, -rows.sign()), 12),
    (F.triplet_margin_loss, (three, -three, three + 1), 20),
    (F.cross_entropy, (three.mT, torch.randint(3, (4, 5))), 20),
):
    ratio = loss(*inputs, reduction="sum") / loss(*inputs)
    torch.testing.assert_close(ratio, torch.tensor(float(count)))
ctc = torch.randn(6, 4, 3).log_softmax(2), torch.tensor([[1, 2, 1]] * 4)
ctc += torch.full((4,), 6), torch.tensor([1, 2, 3, 3])
torch.testing.assert_close(
    F.ctc_loss(*ctc), (F.ctc_loss(*ctc, reduction="none") / ctc[3]).mean()
)
batch = F.kl_div(x, z, reduction="batchmean") * 4
torch.testing.assert_close(batch, F.kl_div(x, z, reduction="sum"))

# --8<-- [start:natural]
x, s = torch.tensor([2.0, -1.0, 0.5]), {"reduction": "sum"}
predictions = {
    "half of mse": (lambda x, t: F.mse_loss(x, t, **s) / 2, x),
    "poisson_nll": (lambda x, t: F.poisson_nll_loss(x, t, **s), x.exp()),
    "bce_with_logits": (
        lambda x, t: F.binary_cross_entropy_with_logits(x, t, **s),
        x.sigmoid(),
    ),
    "cross_entropy": (lambda x, t: F.cross_entropy(x, t, **s), x.softmax(0)),
}
t = torch.tensor([0.0, 1, 0])
for name, (loss, prediction) in predictions.items():
    leaf = x.clone().requires_grad_()
    (g,) = torch.autograd.grad(loss(leaf, t), leaf)
    torch.testing.assert_close(g, prediction - t)
    print(f"{name:16}", g)
# --8<-- [end:natural]
