# --8<-- [start:numbers]
import torch
import torch.nn.functional as F

checked = []


def check(name, loss, x, formula):
    """The gradient by autograd, held against the formula of the table."""
    x = x.double().requires_grad_()
    (g,) = torch.autograd.grad(loss(x), x)
    torch.testing.assert_close(g, formula(x.detach()))
    checked.append(name)
    print(name, [round(n + 0, 4) for n in g.flatten().tolist()])


s = {"reduction": "sum"}
x = torch.tensor([3.0, 0.5, -2.0])
t = torch.tensor([0.0, 1, 1]).double()
check("mse_loss", lambda x: F.mse_loss(x, t, **s), x, lambda x: 2 * (x - t))
check("l1_loss", lambda x: F.l1_loss(x, t, **s), x, lambda x: (x - t).sgn())
check(
    "smooth_l1_loss",
    lambda x: F.smooth_l1_loss(x, t, beta=2, **s),
    x,
    lambda x: ((x - t) / 2).clamp(-1, 1),
)
check(
    "huber_loss",
    lambda x: F.huber_loss(x, t, delta=2, **s),
    x,
    lambda x: (x - t).clamp(-2, 2),
)
# --8<-- [end:numbers]

# --8<-- [start:distributions]
log_p = torch.log_softmax(x, 0)
v = torch.tensor([1.0, 2, 4]).double()
check(
    "poisson_nll_loss",
    lambda x: F.poisson_nll_loss(x, t, **s),
    x,
    lambda x: x.exp() - t,
)
check(
    "gaussian_nll_loss",
    lambda x: F.gaussian_nll_loss(x, t, v, **s),
    x,
    lambda x: (x - t) / v,
)
q = torch.tensor([0.2, 0.3, 0.5]).double()
check("kl_div", lambda x: F.kl_div(x, q, **s), log_p, lambda x: -q)
check(
    "ctc_loss",  # one step, one symbol: it is symbol 1 for sure
    lambda x: F.ctc_loss(x[None], torch.tensor([1]), (1,), (1,), **s),
    log_p,
    lambda x: x.exp() - torch.tensor([0, 1, 0]),
)
# --8<-- [end:distributions]

# --8<-- [start:classes]
logits = torch.tensor([[3.0, 0.5, -2.0]])
y = torch.tensor([1])
hot = F.one_hot(y, 3).double()
check(
    "cross_entropy",
    lambda x: F.cross_entropy(x, y),
    logits,
    lambda x: x.softmax(1) - hot,
)
check("nll_loss", lambda x: F.nll_loss(x, y), log_p[None], lambda x: -hot)
W = torch.tensor([[1.0, 0], [0, 1], [1, 1]]).double()
check(
    "linear_cross_entropy",
    lambda x: F.linear_cross_entropy(x, W, y),
    torch.tensor([[3.0, 0.5]]),
    lambda x: ((x @ W.T).softmax(1) - hot) @ W,
)
check(
    "multi_margin_loss",  # classes 0 and 1: within the margin of each other
    lambda x: F.multi_margin_loss(x, y),
    logits,
    lambda x: torch.tensor([[1.0, -1, 0]]).double() / 3,
)
# --8<-- [end:classes]

# --8<-- [start:labels]
x = torch.tensor([[3.0, 0.5, -2.0]])
t = torch.tensor([[0.0, 1, 1]]).double()
sign = 2 * t - 1
check(
    "binary_cross_entropy",
    lambda p: F.binary_cross_entropy(p, t, **s),
    x.sigmoid(),
    lambda p: (p - t) / (p * (1 - p)),
)
check(
    "binary_cross_entropy_with_logits",
    lambda x: F.binary_cross_entropy_with_logits(x, t, **s),
    x,
    lambda x: x.sigmoid() - t,
)
check(
    "soft_margin_loss",
    lambda x: F.soft_margin_loss(x, sign, **s),
    x,
    lambda x: -sign * (-sign * x).sigmoid(),
)
check(
    "multilabel_soft_margin_loss",
    lambda x: F.multilabel_soft_margin_loss(x, t, **s),
    x,
    lambda x: (x.sigmoid() - t) / 3,
)
labels = torch.tensor([[1, 2, -1]])  # labels 1 and 2; -1 ends the list
check(
    "multilabel_margin_loss",  # class 0 is above both
    lambda x: F.multilabel_margin_loss(x, labels, **s),
    x,
    lambda x: torch.tensor([[2.0, -1, -1]]).double() / 3,
)
# --8<-- [end:labels]


# --8<-- [start:vectors]
def distance(a, b):
    return (a - b).norm(dim=1)


def unit(v):
    return v / v.norm()


a = torch.tensor([[3.0, 4]])
p = torch.tensor([[0.0, 0]]).double()  # is to be near a
n = torch.tensor([[6.0, 4]]).double()  # is to be farther away
one = torch.ones(1).double()
check(
    "margin_ranking_loss",  # the first is to be larger, and is not
    lambda x: F.margin_ranking_loss(x, one, one, margin=0.5),
    torch.tensor([0.25]),
    lambda x: -one,
)
check(
    "hinge_embedding_loss",  # a distance that is to be larger than 1
    lambda x: F.hinge_embedding_loss(x, -one),
    torch.tensor([0.25]),
    lambda x: -one,
)
check(
    "cosine_embedding_loss",  # two vectors that are to be one direction
    lambda x: F.cosine_embedding_loss(x, n, one),
    a,
    lambda x: -(unit(n) - F.cosine_similarity(x, n) * unit(x)) / 5,
)

check(
    "triplet_margin_loss",
    lambda x: F.triplet_margin_loss(x, p, n, eps=0),
    a,
    lambda x: unit(x - p) - unit(x - n),
)
check(
    "triplet_margin_with_distance_loss",
    lambda x: F.triplet_margin_with_distance_loss(
        x, p, n, distance_function=distance
    ),
    a,
    lambda x: unit(x - p) - unit(x - n),
)
# --8<-- [end:vectors]

# --8<-- [start:list]
ends = ("loss", "cross_entropy", "with_logits", "kl_div")
public = [n for n in dir(F) if n.endswith(ends) and not n.startswith("_")]
assert sorted(checked) == public
print(len(public), "losses, none missing")
# --8<-- [end:list]

# Figure: Four losses of the difference d from -3 to 3. Left: mse is a
# parabola, l1 a corner at 0, smooth_l1 and huber are parabolas up to 2 and
# lines beyond. Right: the gradient of mse is a line without end, that of l1
# steps from -1 to 1 at 0, that of smooth_l1 and huber rises evenly and stays
# at 1 and 2 from d = 2 on.
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


zero = torch.zeros(301)
e = {"reduction": "none"}
regression = {
    "mse": lambda d: F.mse_loss(d, zero, **e),
    "l1": lambda d: F.l1_loss(d, zero, **e),
    "smooth_l1, beta=2": lambda d: F.smooth_l1_loss(d, zero, beta=2, **e),
    "huber, delta=2": lambda d: F.huber_loss(d, zero, delta=2, **e),
}
draw(
    regression,
    torch.linspace(-3, 3, 301),
    "d = input - target",
    5,
)
# --8<-- [end:regression]

# Figure: Five losses of the margin u from -2 to 3. Left: all fall as u grows.
# margin_ranking is 0 from its margin on, 1 or 0; multi_margin with two classes
# is half of it, with p=2 half of its square; soft_margin is smooth and never
# 0. Right: the gradients are -1, -1, -0.5, a line that ends at u = 1, and a
# sigmoid from -1 to 0; the hinges have 0 beyond.
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
draw(
    margins,
    torch.linspace(-2, 3, 301),
    "margin u",
    3,
)
# --8<-- [end:margins]

# --8<-- [start:same]
u = torch.linspace(-2, 3, 301)
hinge, at_zero, halved, _, soft = [loss(u) for loss in margins.values()]
axis = torch.tensor([[1.0, 0]])
two = torch.tensor([[0, -1]]).expand(301, 2)  # label 0 of two
same = {
    "hinge_embedding": (F.hinge_embedding_loss(u, -ones, **e), hinge),
    "triplet": (
        F.triplet_margin_with_distance_loss(
            zero, zero, u, distance_function=lambda a, b: b - a, **e
        ),
        hinge,
    ),
    "multilabel_margin": (F.multilabel_margin_loss(pair(u), two, **e), halved),
    "multilabel_soft_margin": (
        F.multilabel_soft_margin_loss(u[:, None], ones[:, None], **e),
        soft,
    ),
    "binary_cross_entropy_with_logits": (
        F.binary_cross_entropy_with_logits(u, ones, **e),
        soft,
    ),
    "cross_entropy, two classes": (
        F.cross_entropy(pair(u), right, **e),
        soft,
    ),
}
for name, (values, curve) in same.items():
    torch.testing.assert_close(values, curve)
    print(name)
# --8<-- [end:same]
c = torch.tensor([[0.6, 0.8]])
cosine = F.cosine_embedding_loss(c, axis, -torch.ones(1))
torch.testing.assert_close(cosine, torch.tensor(0.6))


# --8<-- [start:trap-outlier]
def fit(loss, targets):
    x = torch.tensor(0.0, requires_grad=True)
    for step in range(300):
        (g,) = torch.autograd.grad(loss(x.expand_as(targets), targets), x)
        x = (x - 0.05 * g).detach().requires_grad_()
    return round(x.item(), 2)


clean = torch.tensor([0.8, 0.9, 1.0, 1.1, 1.2])
spoilt = torch.tensor([0.8, 0.9, 1.0, 1.1, 101.2])  # a typing error
print("mse  ", fit(F.mse_loss, clean), fit(F.mse_loss, spoilt))
# --8<-- [end:trap-outlier]
assert fit(F.mse_loss, spoilt) == 21

# --8<-- [start:fix-outlier]
print("huber", fit(F.huber_loss, clean), fit(F.huber_loss, spoilt))
print("l1   ", fit(F.l1_loss, clean), fit(F.l1_loss, spoilt))
# --8<-- [end:fix-outlier]
assert abs(fit(F.huber_loss, spoilt) - 1.2) < 0.01


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

# --8<-- [start:fix-sigmoid]
free = learn(F.binary_cross_entropy_with_logits)
print("with logits     ", free)
# --8<-- [end:fix-sigmoid]
assert free > 0.9

# --8<-- [start:trap-overflow]
u = torch.tensor([-80.0, -100.0], requires_grad=True)
loss = F.soft_margin_loss(u, torch.ones(2), reduction="none")
(g,) = torch.autograd.grad(loss.sum(), u)
print(loss.detach(), g)
# --8<-- [end:trap-overflow]
assert loss[1].isinf() and g[1].isnan()
edge = F.soft_margin_loss(
    torch.tensor([-88.0, -89.0]), torch.ones(2), reduction="none"
)
assert edge.isinf().tolist() == [False, True]

# --8<-- [start:fix-overflow]
y = torch.ones(2)
loss = F.softplus(-y * u)  # log(1 + exp(-y u)), the same function
(g,) = torch.autograd.grad(loss.sum(), u)
print(loss.detach(), g)
# --8<-- [end:fix-overflow]
assert loss.tolist() == [80, 100] and g.tolist() == [-1, -1]
labels = (y + 1) / 2  # 1 and -1 become 1 and 0
logits = F.binary_cross_entropy_with_logits(u, labels, reduction="none")
assert logits.tolist() == [80, 100]


# --8<-- [start:far]
def slope(loss, at):
    x = torch.full((301,), at, dtype=torch.float32, requires_grad=True)
    return torch.autograd.grad(loss(x)[0], x)[0][0].item()


regression["poisson_nll"] = lambda x: F.poisson_nll_loss(x, ones, **e)
regression["gaussian_nll, var=1"] = lambda x: F.gaussian_nll_loss(
    x, zero, ones, **e
)
for name, loss in regression.items():
    print(f"{name:20}", slope(loss, 10.0), slope(loss, 1000.0))
# --8<-- [end:far]
assert slope(regression["mse"], 1000.0) == 2000
assert slope(regression["huber, delta=2"], 1000.0) == 2

# --8<-- [start:far-margins]
margins["cross_entropy"] = lambda u: F.cross_entropy(pair(u), right, **e)
for name, loss in margins.items():
    at = [slope(loss, u) + 0 for u in (-1000.0, -10.0, 10.0, 1000.0)]
    print(f"{name:25}", *[f"{g:10.4g}" for g in at])
# --8<-- [end:far-margins]
assert slope(margins["soft_margin"], 10.0) < 0
assert slope(margins["soft_margin"], -1000.0) != -1  # it is NaN
assert slope(margins["multi_margin, p=2"], -1000.0) == -1001

# --8<-- [start:probability]
for p in (1e-2, 1e-6, 1e-30):
    x = torch.tensor(p, requires_grad=True)
    loss = F.binary_cross_entropy(x, torch.tensor(1.0))
    (g,) = torch.autograd.grad(loss, x)
    print(f"probability {p}: loss {loss.item():.1f}, gradient {g.item():.4g}")
# --8<-- [end:probability]
assert abs(g + 1e12) < 1e6

# --8<-- [start:mean]
import warnings

torch.manual_seed(0)
x, z = torch.randn(4, 3), torch.rand(4, 3)
v, w = torch.randn(4), torch.randn(4)
sign, y = z.round() * 2 - 1, torch.tensor([0, 1, 2, 0])
lists = torch.tensor([[0, -1, -1]] * 4)
means = {
    "mse, l1, smooth_l1, huber": lambda **r: F.mse_loss(x, z, **r),
    "poisson_nll": lambda **r: F.poisson_nll_loss(x, z, **r),
    "gaussian_nll": lambda **r: F.gaussian_nll_loss(x, z, z + 1, **r),
    "bce, with and without logits": lambda **r: F.binary_cross_entropy(
        x.sigmoid(), z, **r
    ),
    "kl_div": lambda **r: F.kl_div(x, z, **r),
    "soft_margin": lambda **r: F.soft_margin_loss(x, sign, **r),
    "hinge_embedding": lambda **r: F.hinge_embedding_loss(x, sign, **r),
    "cross_entropy, nll": lambda **r: F.cross_entropy(x, y, **r),
    "multi_margin": lambda **r: F.multi_margin_loss(x, y, **r),
    "multilabel_margin": lambda **r: F.multilabel_margin_loss(x, lists, **r),
    "multilabel_soft_margin": lambda **r: F.multilabel_soft_margin_loss(
        x, z, **r
    ),
    "cosine_embedding": lambda **r: F.cosine_embedding_loss(
        x, z, sign[:, 0], **r
    ),
    "margin_ranking": lambda **r: F.margin_ranking_loss(v, w, sign[:, 0], **r),
    "triplet": lambda **r: F.triplet_margin_loss(x, z, x + 1, **r),
}
for name, loss in means.items():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # kl_div would rather be batchmean
        ratio = loss(reduction="sum") / loss(reduction="mean")
    print(f"{name:28} {ratio:.0f}")
# --8<-- [end:mean]
batch = F.kl_div(x, z, reduction="batchmean") * 4
torch.testing.assert_close(batch, F.kl_div(x, z, reduction="sum"))

# --8<-- [start:natural]
x = torch.tensor([2.0, -1.0, 0.5])
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
