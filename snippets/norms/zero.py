# --8<-- [start:run]
import torch
from torch.linalg import matrix_norm, norm, vector_norm


def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


def by_hand(x):
    return (x**2).sum().sqrt()


x = torch.zeros(1, 2)
for f in (torch.norm, vector_norm, norm, matrix_norm, by_hand):
    print(f"{f.__name__:18}", gradient(f, x).tolist())
# --8<-- [end:run]
inf, nan = float("inf"), float("nan")
torch.manual_seed(0)
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
norms = {
    "torch.norm": torch.norm,
    "torch.norm(p=2)": lambda x: torch.norm(x, p=2),
    "torch.norm(p=fro)": lambda x: torch.norm(x, p="fro"),
    "Tensor.norm": lambda x: x.norm(),
    "vector_norm": vector_norm,
    "vector_norm(dim)": lambda x: vector_norm(x, dim=-1),
    "norm": norm,
    "norm(dim)": lambda x: norm(x, dim=-1),
    "matrix_norm": matrix_norm,
}


def forward(f, x):
    return torch.func.jvp(f, (x,), (torch.ones_like(x),))[1]


# claim: The gradient of the Euclidean norm is 0 at a vector of zeros
for dtype in dtypes:
    for n in (1, 3, 17, 33, 1001):
        for zero in (0.0, -0.0):
            x = torch.full((2, n), zero, dtype=dtype)
            for f in norms.values():
                assert (gradient(f, x) == 0).all()
                assert (
                    torch.func.grad(lambda x, f=f: f(x).sum())(x) == 0
                ).all()
                assert (forward(f, x) == 0).all()
            assert gradient(by_hand, x).isnan().all()
            assert forward(by_hand, x).isnan().all()
            for other in (
                lambda x: (x**2).sum() ** 0.5,
                lambda x: (x * x).sum().pow(0.5),
                lambda x: (x.flatten() @ x.flatten()).sqrt(),
            ):
                assert gradient(other, x).isnan().all()

# --8<-- [start:trap]
a = torch.tensor([[3.0, 4.0], [1.0, 2.0]], requires_grad=True)
b = torch.tensor([[0.0, 0.0], [1.0, 2.0]])  # the second points are equal
loss = ((a - b) ** 2).sum(1).sqrt().mean()
loss.backward()
print("loss    ", loss.item())
print("gradient", a.grad.tolist())
# --8<-- [end:trap]
assert a.grad[1].isnan().all() and a.grad[0].isfinite().all()

# --8<-- [start:fix-norm]
a.grad = None
loss = vector_norm(a - b, dim=1).mean()
loss.backward()
print("loss    ", loss.item())
print("gradient", a.grad.tolist())
# --8<-- [end:fix-norm]
assert a.grad[1].tolist() == [0, 0]
torch.testing.assert_close(a.grad[0], torch.tensor([0.3, 0.4]))


# --8<-- [start:fix-smooth]
def smooth_norm(x, eps=1e-6):
    """The length of the last dimension with one more entry, eps.

    In float16 an eps of 2.9e-8 is 0.
    """
    more = torch.nn.functional.pad(x, (0, 1), value=eps)
    return torch.linalg.vector_norm(more, dim=-1)


x = torch.tensor([[0.0, 0.0], [3.0, 4.0]])
print("length  ", smooth_norm(x).tolist())
print("gradient", gradient(smooth_norm, x).tolist())
bend = torch.func.hessian(smooth_norm)(x[0])
print("second  ", bend.diagonal().tolist())
# --8<-- [end:fix-smooth]
torch.testing.assert_close(bend, 1e6 * torch.eye(2))
# claim: its second derivative 1/ε; that is 10⁶ here, too large for float16.
for dtype in dtypes:
    for eps in (1e-6, 1e-3):
        x = torch.zeros(3, dtype=dtype, requires_grad=True)
        (g,) = torch.autograd.grad(smooth_norm(x, eps), x, create_graph=True)
        (twice,) = torch.autograd.grad(g[0], x)
        bend = torch.func.hessian(lambda x, e=eps: smooth_norm(x, e))(x)[0]
        for second in (twice[0], bend[0]):
            if dtype == torch.float16 and eps < 1e-5:
                assert not second.isfinite()
            else:
                assert abs(second * eps - 1) < 2e-2
    for n in (0, 1, 3, 17, 33, 1001):
        x = torch.zeros(2, n, dtype=dtype)
        eps = torch.full((2,), 1e-6, dtype=dtype)
        torch.testing.assert_close(smooth_norm(x), eps)
        assert (gradient(smooth_norm, x) == 0).all()
    for size in (1e-6, 1e-3, 0.3, 300.0):
        x = size * torch.randn(4, 5, dtype=torch.float64)
        wanted = (x.to(dtype).double().square().sum(-1) + 1e-12).sqrt()
        got = smooth_norm(x.to(dtype)).double()
        torch.testing.assert_close(
            got, wanted, rtol=2 * torch.finfo(dtype).eps, atol=4e-8
        )
for dtype, low, high in (
    (torch.float32, 2.6e-23, 2.7e-23),
    (torch.float16, 2.9e-8, 3e-8),
):
    for n in (1, 3, 33):
        x = torch.zeros(n, dtype=dtype)
        assert smooth_norm(x, low) == 0 < smooth_norm(x, high)
low, high = torch.tensor([[1.8e19], [1.9e19]])
assert smooth_norm(low).isfinite() and smooth_norm(high) == inf
rows = torch.randn(2, 3, dtype=torch.float64)
for leaf in (rows.clone().requires_grad_(), (0 * rows).requires_grad_()):
    assert torch.autograd.gradcheck(lambda x: smooth_norm(x, 0.1), leaf)
    assert torch.autograd.gradgradcheck(lambda x: smooth_norm(x, 0.1), leaf)


# --8<-- [start:places]
eps = 1e-6
places = {
    "inside the root": lambda x: ((x**2).sum() + eps**2).sqrt(),
    "outside": lambda x: (x**2).sum().sqrt() + eps,
    "in the entries": lambda x: ((x + eps) ** 2).sum().sqrt(),
    "clamp, then root": lambda x: (x**2).sum().clamp(min=eps**2).sqrt(),
    "root, then clamp": lambda x: (x**2).sum().sqrt().clamp(min=eps),
    "vector_norm": vector_norm,
}
print("                 value at 0   slope at 0  at eps  at 10 eps")
for name, f in places.items():
    slopes = []
    for length in (0, eps, 10 * eps):
        x = torch.tensor([length, 0], dtype=torch.float64)
        slopes.append(f"{gradient(f, x)[0]:9.4f}")
    print(f"{name:16} {f(0 * x).item():10.3g}", *slopes)
# --8<-- [end:places]
zero = torch.zeros(2, dtype=torch.float64)
slopes = {name: gradient(f, zero)[0].item() for name, f in places.items()}
assert slopes["inside the root"] == 0 and slopes["clamp, then root"] == 0
assert abs(slopes["in the entries"] - 0.5**0.5) < 1e-12
assert slopes["outside"] != slopes["outside"]
assert slopes["root, then clamp"] != slopes["root, then clamp"]
# claim: Outside of the root, and in a clamp behind it, it comes too late:
#   the gradient at zero stays NaN.
for dtype in dtypes:
    for n in (1, 3, 33):
        x = torch.zeros(n, dtype=dtype)
        for name in ("outside", "root, then clamp"):
            assert gradient(places[name], x).isnan().all()
# claim: a step from 0 to 1 at length ε
clamped = places["clamp, then root"]
for dtype in (torch.float64, torch.float32):
    for factor, slope in ((0.3, 0), (0.99, 0), (1.01, 1), (7.3, 1)):
        x = torch.tensor([factor * eps, 0], dtype=dtype)
        torch.testing.assert_close(
            gradient(clamped, x)[0], torch.tensor(slope, dtype=dtype)
        )
# claim: this moves the corner to $(-\varepsilon, -\varepsilon)$
x = torch.full((2,), -eps, dtype=torch.float64)
assert gradient(places["in the entries"], x).isnan().all()
assert gradient(lambda x: vector_norm(x + eps), x).tolist() == [0, 0]
x = torch.tensor([-eps, 0.0], dtype=torch.float64)
assert gradient(places["in the entries"], x).tolist() == [0, 1]
# The smooth one of above is the one inside the root.
x = torch.tensor([2.7e-6, -1.3e-6], dtype=torch.float64)
torch.testing.assert_close(
    gradient(smooth_norm, x), gradient(places["inside the root"], x)
)

# Figure: Left: the length near 0, and with eps in three places. Exact is a
# corner at 0, eps inside the root a hyperbola that is eps at 0, eps in the
# entry a corner at -eps, clamp before the root is flat at eps between -eps and
# eps. Right: their slopes. Exact steps from -1 to 1 at 0, inside rises
# smoothly, in the entry steps at -eps, clamp is 0 between -eps and eps.
# --8<-- [start:figure]
import matplotlib.pyplot as plt

t = torch.linspace(-3, 3, 602, dtype=torch.float64)  # in units of eps
curves = {
    "exact": lambda x: x.abs(),
    "inside the root": lambda x: (x**2 + 1).sqrt(),
    "in the entry": lambda x: (x + 1).abs(),
    "clamp, then root": lambda x: (x**2).clamp(min=1).sqrt(),
}
fig, (left, right) = plt.subplots(1, 2, figsize=(4.8, 3.6))
for name, f in curves.items():
    slope = gradient(f, t)
    slope[1:][slope.diff().abs() > 0.4] = torch.nan  # no line across a jump
    left.plot(t, f(t))
    right.plot(t, slope, label=name)
left.set_title("length / ε")
right.set_title("its slope")
for ax in (left, right):
    ax.set_xlabel("x / ε")
fig.legend(loc="outside lower center", ncols=2)
plt.show()
# --8<-- [end:figure]

# --8<-- [start:underflow]
x = torch.full((2,), 1e-30)
print("vector_norm", vector_norm(x).item(), gradient(vector_norm, x))
print("by hand    ", by_hand(x).item(), gradient(by_hand, x))
print("scaled     ", (1e-30 * vector_norm(x * 1e30)).item())
x = torch.full((2,), 1e30)
print("1e30       ", vector_norm(x).item(), gradient(vector_norm, x))
# --8<-- [end:underflow]


def bisect(f, low, high):
    """The least number, in float32, at which f is true."""
    low, high = (torch.tensor(t).view(torch.int32).item() for t in (low, high))
    while high - low > 1:
        mid = (low + high) // 2
        x = torch.tensor(mid, dtype=torch.int32).view(torch.float32)
        low, high = (low, mid) if f(x.expand(2)) else (mid, high)
    return torch.tensor(high, dtype=torch.int32).view(torch.float32).item()


small = bisect(lambda x: vector_norm(x) > 0, 1e-30, 1.0)
large = bisect(lambda x: vector_norm(x).isinf(), 1.0, 1e30)
# Two entries of 2.6·10⁻²³ have the length 0, of 1.305·10¹⁹ the length inf.
assert 2.6e-23 < small < 2.7e-23
assert 1.304e19 < large < 1.305e19
for size, far in ((2.6e-23, 0), (1.305e19, inf)):
    x = torch.full((2,), size)
    for f in (vector_norm, torch.norm, norm):
        assert f(x) == far and (gradient(f, x) == 0).all()
    y = matrix_norm(x[None])
    assert y == far and (gradient(matrix_norm, x[None]) == 0).all()
    want = (inf, 0)[far == inf]
    assert (gradient(by_hand, x) == want).all()
for n in (2, 3, 33, 1001):
    x = torch.full((n,), 1e-30)
    assert vector_norm(x) == 0 and (gradient(vector_norm, x) == 0).all()
    assert (gradient(by_hand, x) == inf).all()
    x = torch.full((n,), 1e30)
    assert vector_norm(x) == inf and (gradient(vector_norm, x) == 0).all()
# One entry is not squared.
for x in (torch.tensor([1e-30]), torch.tensor([1e30])):
    assert vector_norm(x) == x and gradient(vector_norm, x) == 1

# --8<-- [start:half]
x = torch.tensor([300.0, 400.0], dtype=torch.float16)
print("vector_norm", vector_norm(x).item(), gradient(vector_norm, x))
print("by hand    ", by_hand(x).item(), gradient(by_hand, x))
x = x / 10**6
print("vector_norm", vector_norm(x).item(), gradient(vector_norm, x))
print("by hand    ", by_hand(x).item(), gradient(by_hand, x))
print("eps**2     ", gradient(places["inside the root"], 0 * x))
print("smooth_norm", gradient(smooth_norm, 0 * x))
# --8<-- [end:half]
# Added to the entries, an eps of 1e-6 makes it inf by hand.
for n in (1, 2, 33):
    x = torch.zeros(n, dtype=torch.float16)
    assert (gradient(places["in the entries"], x) == inf).all()
    g = gradient(lambda x: vector_norm(x + eps), x)
    assert ((g - n**-0.5).abs() < 0.01).all()
# claim: vector_norm sums in float32 there
for n in (2, 3, 33, 99):
    for size in (1e-3, 1e-2, 60.0, 300.0, 3000.0):
        for dtype in (torch.float16, torch.bfloat16):
            x = (size * torch.randn(n).double()).to(dtype)
            torch.testing.assert_close(
                vector_norm(x), vector_norm(x.float()).to(dtype)
            )
# claim: By hand, squares overflow from 256 on, and are subnormal or 0 below
#   0.0078.
x = torch.arange(1, 2**15 - 2**10, dtype=torch.int16).view(torch.float16)
assert ((x**2).isinf() == (x >= 256)).all()
least = torch.finfo(torch.float16).smallest_normal
assert ((x**2 < least) == (x < 2**-7)).all()

# --8<-- [start:second]
x = torch.zeros(2, requires_grad=True)
(g,) = torch.autograd.grad(vector_norm(x), x, create_graph=True)
print("first          ", g.tolist())
print("backward twice ", torch.autograd.grad(g.sum(), x)[0].tolist())
print("func.hessian   ", torch.func.hessian(vector_norm)(x).tolist())
# --8<-- [end:second]
# claim: A second derivative at zero is NaN by two backward passes, and 0 by
#   torch.func.hessian.
for dtype in (torch.float64, torch.float32):
    for n in (1, 3, 17, 33):
        for f in (vector_norm, torch.norm, norm):
            x = torch.zeros(n, dtype=dtype, requires_grad=True)
            (g,) = torch.autograd.grad(f(x), x, create_graph=True)
            (twice,) = torch.autograd.grad(g.sum(), x)
            assert twice.isnan().all()
            assert (torch.func.hessian(f)(x.detach()) == 0).all()

# --8<-- [start:nan]
inf, nan = float("inf"), float("nan")
for x in ([inf, 1.0], [inf, inf], [nan, 1.0]):
    print(x, gradient(vector_norm, x).tolist())
empty = torch.zeros(0)
print([], vector_norm(empty).item(), gradient(vector_norm, empty).tolist())
# --8<-- [end:nan]
for dtype in dtypes:
    for f in (vector_norm, torch.norm, norm, by_hand):
        g = gradient(f, torch.tensor([inf, 1.0, -7.3], dtype=dtype))
        assert g[0].isnan() and (g[1:] == 0).all()
        for x in ([nan, 1.0], [inf, nan, 1.0]):  # a NaN gives NaN to all
            assert gradient(f, torch.tensor(x, dtype=dtype)).isnan().all()

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
lines = text[text.index("- name: linalg_vector_norm(") :].splitlines()
print(lines[1].strip())
# --8<-- [end:source]
assert "linalg_vector_norm_backward" in lines[1]
