# --8<-- [start:run]
import torch
from torch.nn.functional import pairwise_distance, pdist


def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


x = torch.tensor([[1.0, 2.0]])  # and a second point, equal to it
print("cdist            ", gradient(torch.cdist, x, x)[0])
print("dist             ", gradient(torch.dist, x, x)[0])
print("pairwise_distance", gradient(pairwise_distance, x, x)[0])
print(
    "by hand          ",
    gradient(lambda x, y: (x - y).square().sum().sqrt(), x, x)[0],
)
print("pdist            ", gradient(pdist, x.expand(2, 2)))
# --8<-- [end:run]
inf, nan = float("inf"), float("nan")
torch.manual_seed(0)
MODES = (
    "use_mm_for_euclid_dist_if_necessary",
    "use_mm_for_euclid_dist",
    "donot_use_mm_for_euclid_dist",
)
# claim: Equal points get the gradient 0 from cdist, pdist and dist
for dtype in (torch.float64, torch.float32):
    for n in (1, 3, 17, 33):
        x = torch.randint(9, (1, n)).to(dtype)
        for p in (0.5, 1, 1.5, 2, 3, inf):
            for mode in MODES:
                for g in gradient(
                    lambda x, y, p=p, m=mode: torch.cdist(x, y, p, m), x, x
                ):
                    assert (g == 0).all()
            for f in (
                lambda x, y, p=p: torch.dist(x, y, p),
                lambda x, y, p=p: pdist(torch.cat([x, y]), p),
            ):
                assert all((g == 0).all() for g in gradient(f, x, x))
        for mode in MODES:  # through the matrix product too
            x = 1000 * torch.randn(30, n, dtype=dtype)
            for g in gradient(
                lambda x, y, m=mode: torch.cdist(x, y, 2, m).diagonal(), x, x
            ):
                assert (g == 0).all()
        x = x[:1]
        # claim: pairwise_distance with p = 2 pushes them apart with a length
        #   of 1
        for a, sign in zip(
            gradient(pairwise_distance, x, x), (1, -1), strict=True
        ):
            torch.testing.assert_close(
                a, torch.full_like(a, sign * n**-0.5), rtol=1e-3, atol=1e-3
            )


# --8<-- [start:trap-matrix]
def by_hand(x):
    return (x[:, None] - x).square().sum(-1).sqrt()


x = torch.tensor([[0.0, 0.0], [3.0, 4.0]])
print(by_hand(x).tolist(), gradient(by_hand, x).tolist())
# --8<-- [end:trap-matrix]


# --8<-- [start:fix-matrix]
def distances(x, y):
    """Distances of each row of x to each row of y; needs n * m * d numbers."""
    d = x.unsqueeze(-2) - y.unsqueeze(-3)
    same = torch.linalg.vector_norm(d, dim=-1) == 0
    d = torch.where(same.unsqueeze(-1), 1.0, d)  # no slope is taken at 0
    return torch.where(same, 0.0, torch.linalg.vector_norm(d, dim=-1))


print(gradient(lambda x: torch.cdist(x, x), x).tolist())
print(gradient(lambda x: distances(x, x), x).tolist())
# --8<-- [end:fix-matrix]
a, b = torch.randn(3, 2, dtype=torch.float64), torch.randn(4, 2).double()
torch.testing.assert_close(distances(a, b), torch.cdist(a, b))
for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
    for n in (1, 3, 30):
        x = torch.randn(n, 5).to(dtype)
        assert (distances(x, x).diagonal() == 0).all()
        assert gradient(lambda x: distances(x, x), x).isfinite().all()
        x.requires_grad_()  # two backward passes: a gradient penalty
        (g,) = torch.autograd.grad(
            distances(x, x)[0].sum(), x, create_graph=True
        )
        (g,) = torch.autograd.grad(g.square().sum(), x)
        assert g.isfinite().all() and g.dtype == dtype
points = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
assert torch.autograd.gradgradcheck(distances, (points, b))
for size in (1e-30, 2e-23, 1e30):  # whose squares do not fit
    x = torch.full((1, 2), size, requires_grad=True)
    d = distances(x, torch.zeros(1, 2))
    (g,) = torch.autograd.grad(d.sum(), x, create_graph=True)
    assert (d == 0) == (size < 1) and not g.any()
    assert not torch.autograd.grad(g.sum(), x)[0].any()

# --8<-- [start:trap-mm]
grid = torch.cartesian_prod(*3 * [torch.arange(3.0)])  # 27 points
x = 1000 + 0.01 * grid
y = x + torch.tensor([0.01, 0.0, 0.0])
for rows in (25, 26):
    a, b = x[:rows].clone().requires_grad_(), y[:rows]
    d = torch.cdist(a, b).diagonal()
    d.sum().backward()
    print(rows, "rows: distance", d[0].item(), "gradient", a.grad[0].tolist())
# --8<-- [end:trap-mm]

# --8<-- [start:fix-mm]
direct = "donot_use_mm_for_euclid_dist"
d = torch.cdist(x, y, compute_mode=direct).diagonal()
g = gradient(lambda x: torch.cdist(x, y, compute_mode=direct).diagonal(), x)
print("direct  ", d[0].item(), g[0].tolist())
middle = x.mean(0)
d = torch.cdist(x - middle, y - middle).diagonal()
g = gradient(lambda x: torch.cdist(x - middle, y - middle).diagonal(), x)
print("centered", d[0].item(), g[0].tolist())
# --8<-- [end:fix-mm]
assert (d - 0.01).abs().max() < 1e-3 and (g[:, 0] + 1).abs().max() < 0.1
# claim: From 26 rows on, on either side, p = 2 goes through a matrix product
for n, m in ((25, 25), (25, 1), (26, 1), (1, 26), (26, 26), (200, 3)):
    for d in (3, 64):
        x = 30 + torch.randn(n, d)
        y = 30 + torch.randn(m, d)
        one = torch.cdist(x, y)
        by = {mode: torch.cdist(x, y, compute_mode=mode) for mode in MODES}
        other = MODES[1] if max(n, m) > 25 else MODES[2]
        assert torch.equal(one, by[other]) and not torch.equal(
            by[MODES[1]], by[MODES[2]]
        )

for p in (0.5, 1.0, 3.0, inf):  # only p = 2 loses small distances
    x = 1000 + 0.01 * grid
    d = torch.cdist(x, x + torch.tensor([0.01, 0.0, 0.0]), p).diagonal()
    assert (d - 0.01).abs().max() < 1e-4
# claim: among points of size 1000 it can be above 1.
x = 1000 * torch.randn(200, 5)
assert 1 < torch.cdist(x, x).diagonal().max() < 3
assert (gradient(lambda x: torch.cdist(x, x).diagonal(), x) == 0).all()
y = x.clone()
others = 1 - torch.eye(200)  # in the whole matrix it is a rounding error
whole = gradient(lambda x: torch.cdist(x, y), x)
rest = gradient(lambda x: torch.cdist(x, y) * others, x)
assert (whole - rest).abs().max() < 0.01
x = torch.full((26, 2), 1e20)
assert gradient(torch.cdist, x, x)[0].isnan().all()
assert (gradient(torch.cdist, x[:25], x[:25])[0] == 0).all()

# --8<-- [start:ties]
x, y = torch.tensor([[3.0, 3.0]]), torch.zeros(1, 2)
inf = float("inf")
print("cdist      ", gradient(lambda x: torch.cdist(x, y, inf), x))
print("pdist      ", gradient(lambda x: pdist(torch.cat([x, y]), inf), x))
print("dist       ", gradient(lambda x: torch.dist(x, y, inf), x))
print("vector_norm", gradient(lambda x: torch.linalg.vector_norm(x, inf), x))
# --8<-- [end:ties]
# claim: With p = ∞ and k equal largest differences, cdist and pdist give ±1 to
#   each
for dtype in (torch.float64, torch.float32):
    for n in (2, 3, 17, 33):
        x = torch.full((1, n), 0.3, dtype=dtype)
        for f in (
            lambda x: torch.cdist(x, 0 * x.detach(), inf),
            lambda x: pdist(torch.cat([x, 0 * x.detach()]), inf),
        ):
            assert (gradient(f, x) == 1).all()
            x[0, 0] = -0.3  # their sizes have the sum n
            assert (gradient(f, x) == x.sign()).all()
            x[0, 0] = 0.3
        g = gradient(lambda x: torch.dist(x, 0 * x.detach(), inf), x)
        torch.testing.assert_close(g, torch.full_like(g, 1 / n))
        for eps in (1e-6, 0):
            g = gradient(
                lambda x, e=eps: pairwise_distance(x, 0 * x.detach(), inf, e),
                x,
            )
            torch.testing.assert_close(g, torch.full_like(g, 1 / n))
# claim: With p = ∞ it breaks a tie between 0.3 and −0.3: 1 and 0, not ½ and
#   −½.
for d in (0.3, 7.0):
    for dtype in (torch.float64, torch.float32, torch.float16):
        x = torch.tensor([[d, -d]], dtype=dtype)
        half = [[0.5, -0.5]]
        g = gradient(lambda x, y: pairwise_distance(x, y, inf), x, 0 * x)[0]
        assert g.tolist() == (half if dtype == torch.float16 else [[1, 0]])
        g = gradient(lambda x, y: pairwise_distance(x, y, inf, 0), x, 0 * x)[0]
        assert g.tolist() == half
        g = gradient(lambda x, y: torch.dist(x, y, inf), x, 0 * x)[0]
        assert g.tolist() == half

for n in (1, 3, 33):  # in float16 with p = 3 its square is 0
    x = torch.ones(1, n, dtype=torch.float16)
    for p, kind in ((2, torch.isfinite), (3, torch.isnan)):
        g = gradient(lambda x, y, p=p: pairwise_distance(x, y, p), x, x)[0]
        assert kind(g).all()

# --8<-- [start:eps]
x = torch.tensor([[1.0, 2.0, 3.0]])
print(pairwise_distance(x, x), gradient(pairwise_distance, x, x)[0])
print(pairwise_distance(x, x, eps=0), end=" ")
print(gradient(lambda x, y: pairwise_distance(x, y, eps=0), x, x)[0])
# --8<-- [end:eps]

# --8<-- [start:forward]
x, y = torch.tensor([[1.0, 2.0]]), torch.zeros(1, 2)
for f in (torch.cdist, distances):
    try:
        print(torch.func.hessian(lambda x, f=f: f(x, y).sum())(x).squeeze())
    except NotImplementedError as error:
        print(str(error).split(". ")[0][:70])
# --8<-- [end:forward]
# claim: From 26 rows on, with p = 2, the name in the message is
#   _euclidean_dist.
for rows, p, f, name in (
    (25, 2.0, torch.cdist, "_cdist_forward"),
    (26, 2.0, torch.cdist, "_euclidean_dist"),
    (26, 3.0, torch.cdist, "_cdist_forward"),
    (26, 2.0, lambda x, y, p: pdist(x, p), "_pdist_forward"),
):
    x = torch.randn(rows, 2)
    try:
        torch.func.jvp(lambda x, f=f, p=p: f(x, x + 1, p), (x,), (x,))
        raise AssertionError
    except NotImplementedError as error:
        assert f"forward AD with {name} that" in str(error)

# --8<-- [start:second]
x = torch.tensor([[1.0, 2.0]], requires_grad=True)
(g,) = torch.autograd.grad(
    torch.cdist(x, torch.zeros(1, 2)).sum(), x, create_graph=True
)
try:
    print(torch.autograd.grad(g[0, 0], x)[0])
except NotImplementedError as error:
    print(error)
# --8<-- [end:second]
# claim: cdist with p = 2 has it from 26 rows on.
new = torch.__version__ >= "2.14"
y = torch.randn(4, 2, dtype=torch.float64)
for p in (0.5, 1.0, 1.5, 2.0, 3.0, inf):
    for rows in (3, 26):
        for f in (
            lambda x, p=p: torch.cdist(x, y, p),
            lambda x, p=p: pdist(x, p),
        ):
            x = torch.randn(rows, 2, dtype=torch.float64, requires_grad=True)
            if new and rows == 3:
                assert torch.autograd.gradgradcheck(f, x)
            (g,) = torch.autograd.grad(f(x).sum(), x, create_graph=True)
            try:
                (twice,) = torch.autograd.grad(g[0, 0], x)
                has = bool(twice.isfinite().all())
            except NotImplementedError:
                has = False
            assert has == (new or (f(y).ndim, p, rows) == (2, 2.0, 26))

# claim: At equal points the second derivative is 0 for distances, NaN for dist
for dtype in (torch.float64, torch.float32):
    for n in (1, 3, 17):
        x = torch.randn(1, n, dtype=dtype).requires_grad_()
        y = x.detach().expand(25, n)
        for f, kind in (
            (torch.cdist, torch.logical_not),
            (lambda x, y: pdist(torch.cat([x, y[:1]])), torch.logical_not),
            (distances, torch.logical_not),
            (lambda x, y: torch.dist(x, y[:1]), torch.isnan),
        ):
            if new or f is distances or kind == torch.isnan:
                (g,) = torch.autograd.grad(f(x, y).sum(), x, create_graph=True)
                assert kind(torch.autograd.grad(g.sum(), x)[0]).all()
# claim: and may be huge for cdist from 26 rows on.
x = torch.randn(200, 3, requires_grad=True)
for f in (torch.cdist, distances):
    d = f(x, x.detach()).diagonal()  # rounding makes it more than 0
    (g,) = torch.autograd.grad(d.sum(), x, create_graph=True)
    (twice,) = torch.autograd.grad(g.sum(), x)
    assert (twice.abs().max() > 1000) == (f is torch.cdist)

# --8<-- [start:half]
x = torch.tensor([[1.0, 2.0]], dtype=torch.float16)
for f in (torch.cdist, lambda x, y: pdist(torch.cat([x, y])), distances):
    try:
        print(f(x, 0 * x))
    except NotImplementedError as error:
        print(error)
far = torch.full((26, 2), 300.0, dtype=torch.float16)
for f in (torch.cdist, distances):
    print("26 rows", f(far, 0 * far)[0, 0])
# --8<-- [end:half]
# claim: cdist with p = 2 works from 26 rows on
for dtype in (torch.float16, torch.bfloat16):
    for rows in (3, 25, 26, 30):
        x = torch.randn(rows, 3).to(dtype)
        for p in (1.0, 2.0):
            try:
                works = torch.cdist(x, x, p).dtype == dtype
            except NotImplementedError:
                works = False
            assert works == (p == 2 and rows > 25)
        try:
            pdist(x)
            raise AssertionError
        except NotImplementedError:
            pass

# --8<-- [start:zero-order]
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = torch.zeros(2, requires_grad=True)
try:
    torch.dist(x, y, p=0).backward()
except RuntimeError as error:
    print(error)
# --8<-- [end:zero-order]
torch.dist(x, y.detach(), p=0).backward()
assert x.grad is None

# --8<-- [start:half-power]
x = torch.tensor([[1.0, 1e-12, 0.0]])
print(gradient(lambda x: torch.cdist(x, 0 * x.detach(), 0.5), x))
# --8<-- [end:half-power]
# claim: With p = ½ an entry with the difference 0 gets 0 from cdist, pdist and
#   dist
for dtype in (torch.float64, torch.float32):
    for p in (0.1, 0.5, 0.9):
        for n in (1, 3, 17):
            x = torch.randn(1, n, dtype=dtype)
            x[0, n // 2] = 0
            for f, none in (
                (torch.cdist, True),
                (lambda x, y, p: pdist(torch.cat([x, y]), p), True),
                (torch.dist, True),
                (pairwise_distance, False),
            ):
                g = gradient(lambda x, f=f, p=p: f(x, 0 * x.detach(), p), x)
                assert (g[0, n // 2] == 0) == none
x = torch.full((1, 500), 1e38)  # the distance is inf
x[0, 3] = 0
for f in (
    torch.cdist,
    lambda x, y, p: pdist(torch.cat([x, y]), p),
    torch.dist,
):
    g = gradient(lambda x, f=f: f(x, 0 * x.detach(), 0.5), x)
    assert f(x, 0 * x, 0.5).isinf()
    assert g[0, 3].isnan() if f is torch.dist else g[0, 3] == 0
