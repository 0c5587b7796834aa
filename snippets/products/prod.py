# --8<-- [start:zeros]
import torch


def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


def cumprod(x):
    return x.cumprod(0)


for entries in [2.0, 3, 4], [2.0, 0, 4], [0.0, 3, 0]:
    x = torch.tensor(entries)
    p, c = gradient(torch.prod, x), gradient(cumprod, x)
    print(entries, "prod", p.tolist(), "cumprod", c.tolist())
# --8<-- [end:zeros]
torch.manual_seed(0)
inf, nan = float("inf"), float("nan")
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


def with_graph(f, x):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(f(x).sum(), x, create_graph=True)[0].detach()


modes = {
    "backward": gradient,
    "create_graph": with_graph,
    "forward": lambda f, x: torch.func.jacfwd(lambda x: f(x).sum())(x),
    "torch.func": lambda f, x: torch.func.grad(lambda x: f(x).sum())(x),
}


def others(x):
    rows = range(len(x))
    return torch.stack([torch.cat([x[:i], x[i + 1 :]]).prod() for i in rows])


def by_hand(x, v):
    """The gradient of cumprod: what stands before, times what follows."""
    before = torch.cat([x.new_ones(1), x.cumprod(0)[:-1]])
    after = [v[-1]]
    for w, factor in zip(v[:-1].flip(0), x[1:].flip(0), strict=True):
        after.append(w + factor * after[-1])
    return before * torch.stack(after[::-1])


for dtype in dtypes:
    near = 64 * torch.finfo(dtype).eps
    for n in (1, 3, 17, 33):
        x = (0.9 + 0.2 * torch.rand(n)).to(dtype)
        for zeros in (0, 1, 2, 3):
            x[torch.randperm(n)[:zeros]] = 0.0
            wanted, zeros = others(x.double()), (x == 0).sum()
            g = gradient(torch.prod, x)
            # claim: With one 0 only that factor then gets a gradient, the
            #   product of the others
            if zeros == 1:
                assert (g[x != 0] == 0).all() and (g[x == 0] != 0).all()
            torch.testing.assert_close(g.double(), wanted, rtol=near, atol=0)
            # claim: with two or more, every factor gets 0
            if zeros > 1:
                assert (g == 0).all()
            # The modes return one gradient.
            sums = by_hand(x.double(), torch.ones(n).double())
            for mode in modes.values() if n < 33 else [gradient]:
                g, h = mode(torch.prod, x), mode(cumprod, x)
                torch.testing.assert_close(
                    g.double(), wanted, rtol=near, atol=0
                )
                torch.testing.assert_close(
                    h.double(), sums, rtol=near, atol=near
                )
# claim: From the second zero of the row on, backward() of cumprod gives 0.
for dtype in dtypes:
    for n in (3, 17, 1001):
        x = torch.randn(n).to(dtype)
        second = torch.randperm(n)[:2].sort().values
        x[second] = 0.0
        assert (gradient(cumprod, x)[second[1] :] == 0).all()
        for bad in (nan, inf):
            x[-1] = bad
            assert (gradient(cumprod, x)[second[1] :] == 0).all()

# --8<-- [start:trap-log]
x = torch.tensor([4.0, 1.0, 0.0])
for name, f in {
    "exp(sum(log))  ": lambda x: x.log().sum().exp(),
    "prod           ": torch.prod,
    "exp(mean(log)) ": lambda x: x.log().mean().exp(),
    "prod ** (1 / 3)": lambda x: x.prod() ** (1 / 3),
}.items():
    print(name, f(x).item(), gradient(f, x).tolist())
# --8<-- [end:trap-log]
# claim: exp(log(x).sum()) gives NaN to the zero.
for dtype in dtypes:
    for n in (2, 3, 17):
        x = (0.9 + 0.2 * torch.rand(n)).to(dtype)
        x[1] = 0.0
        for f in (
            lambda x: x.log().sum().exp(),
            lambda x: x.log().mean().exp(),
        ):
            assert f(x) == 0
            assert gradient(f, x).isnan().nonzero().tolist() == [[1]]


# --8<-- [start:fix-mean]
def geometric_mean(x, dim=-1):
    """Of finite entries from 0 on; a row with a 0 has gradient 0.

    Compute float16 in float32: near 0 its gradients lose digits.
    """
    zero = x == 0
    logs = torch.where(zero, 1.0, x).log()
    return torch.where(zero.any(dim), 0.0, logs.mean(dim).exp())


x = torch.tensor([[4.0, 1.0, 0.0], [4.0, 1.0, 2.0]])
print(geometric_mean(x))
print(gradient(geometric_mean, x))
# --8<-- [end:fix-mean]
for dtype in dtypes:
    near = 16 * torch.finfo(dtype).eps
    for n in (1, 2, 3, 33, 1001):
        x = (0.1 + 7 * torch.rand(2, n)).to(dtype)
        mean = geometric_mean(x)
        wanted = mean.double()[:, None] / (n * x.double())
        g = gradient(geometric_mean, x)
        assert mean.dtype == g.dtype == dtype
        torch.testing.assert_close(g.double(), wanted, rtol=near, atol=0)
        x[0, n // 2] = 0.0
        assert geometric_mean(x)[0] == 0
        assert (gradient(geometric_mean, x)[0] == 0).all()
small = torch.full((2,), 2.0**-24, dtype=torch.float16)
assert (gradient(geometric_mean, small) == 0).all()  # 1/2 in float32
assert (gradient(geometric_mean, small.float()) - 0.5).abs().max() < 1e-4
assert geometric_mean(torch.tensor(3.0)) == torch.tensor(3.0).log().exp()

# --8<-- [start:trap-loss]
p = torch.full((50,), 0.1)
for name, loss in {
    "-log(prod)": lambda p: -p.prod().log(),
    "-sum(log) ": lambda p: -p.log().sum(),
}.items():
    print(name, round(loss(p).item(), 4), gradient(loss, p)[:3])
# --8<-- [end:trap-loss]
assert gradient(lambda p: -p.prod().log(), p).isnan().all()
torch.testing.assert_close(
    gradient(lambda p: -p.log().sum(), p), torch.full((50,), -10.0)
)

# --8<-- [start:second]
from torch.func import hessian, jacfwd, jacrev

x = torch.tensor([2.0, 0.0, 4.0])


def last(x):
    return x.cumprod(0)[-1]


print("prod            ", hessian(torch.prod)(x).tolist())
print("cumprod         ", hessian(last)(x).tolist())
print("jacfwd of jacfwd", jacfwd(jacfwd(last))(x).tolist())
print("jacrev of jacfwd", jacrev(jacfwd(last))(x)[0].tolist(), "…")
# --8<-- [end:second]


def pairs(x):
    """The Hessian of a product: for each pair, the product of the others."""
    n = len(x)
    h = torch.zeros(n, n, dtype=x.dtype)
    for i in range(n):
        for j in range(n):
            if i != j:
                h[i, j] = x[[k for k in range(n) if k not in (i, j)]].prod()
    return h


def backward_twice(f):
    def matrix(x):
        x = x.clone().requires_grad_()
        (g,) = torch.autograd.grad(f(x), x, create_graph=True)
        rows = [torch.autograd.grad(e, x, retain_graph=True)[0] for e in g]
        return torch.stack(rows)

    return matrix


# Third derivatives of prod with one 0: some orders of the modes are wrong.
for n in (3, 4):
    for place in (0, n - 2):
        x = 0.5 + torch.rand(n, dtype=torch.float64)
        x[place] = 0.0
        right = jacrev(pairs)(x)
        assert (right != 0).any()
        assert jacrev(hessian(torch.prod))(x).isnan().any()
        forward = jacfwd(jacfwd(jacfwd(torch.prod)))(x)
        assert (forward[right != 0] == 0).any()
        kept = forward != 0
        torch.testing.assert_close(forward[kept], right[kept])
        torch.testing.assert_close(
            jacrev(jacrev(jacrev(torch.prod)))(x), right
        )

for n in (2, 3, 4):
    for zeros in range(n + 1):
        x = 0.5 + torch.rand(n, dtype=torch.float64)
        x[torch.randperm(n)[:zeros]] = 0.0
        right = pairs(x)
        # claim: At zeros the Hessian of prod is right in every order of
        #   jacrev and jacfwd.
        for h in (
            hessian(torch.prod),
            jacfwd(jacfwd(torch.prod)),
            jacrev(jacfwd(torch.prod)),
            jacrev(jacrev(torch.prod)),
            backward_twice(torch.prod),
            hessian(last),
            jacrev(jacrev(last)),
            backward_twice(last),
        ):
            torch.testing.assert_close(h(x), right)
        # claim: Of an entry of cumprod at the first 0 or behind it, forward
        #   over forward along one direction is half of the right second
        #   derivative.
        first = (x == 0).nonzero()[0].item() if zeros else n
        along = torch.randn(n, dtype=torch.float64)
        for k in range(n):

            def entry(x, k=k):
                return x.cumprod(0)[k]

            right = jacrev(jacrev(entry))(x)
            forward = jacfwd(jacfwd(entry))(x)
            if k >= first:
                torch.testing.assert_close(forward + forward.T, right)
                assert (forward * forward.T == 0).all()
                torch.testing.assert_close(
                    along @ forward @ along, along @ right @ along / 2
                )
            else:
                torch.testing.assert_close(forward, right)
            # claim: jacrev of jacfwd has only NaN where the row has a 0.
            mixed = jacrev(jacfwd(entry))(x)
            if zeros:
                assert mixed.isnan().all()
            else:
                torch.testing.assert_close(mixed, right)
# a sum of all entries mixes both
x = torch.tensor([2.0, 3.0, 0.0, 5.0], dtype=torch.float64)
forward = jacfwd(jacfwd(lambda x: x.cumprod(0).sum()))(x)
assert forward[0, 1] == forward[1, 0] == 1
assert forward[2, 0] == 18 and forward[0, 2] == 0

# --8<-- [start:underflow]
from torch.func import grad


def least(bad, f, factor, dtype, low=1, high=2048):
    """The least number of factors with which f is bad."""
    while low < high:
        n = (low + high) // 2
        if bad(f(torch.full((n,), factor, dtype=dtype))):
            high = n
        else:
            low = n + 1
    return low


for dtype in torch.float64, torch.float32, torch.bfloat16, torch.float16:
    small = least(lambda p: p == 0, torch.prod, 0.5, dtype)
    large = least(torch.isinf, torch.prod, 2.0, dtype)
    print(f"{dtype}: 0 from {small} halves, inf from {large} twos")
x = torch.tensor([1e-30, 1e-30, 1e30])
print("backward  ", gradient(torch.prod, x).tolist())
print("torch.func", grad(torch.prod)(x).tolist())
for second in [1.0, 2, 3], [0.0, 2, 3]:
    rows = torch.stack([x, torch.tensor(second)])
    grads = gradient(lambda x: x.prod(1), rows)
    print(f"a row {second} below it:", grads[0].tolist())
# --8<-- [end:underflow]
for dtype in dtypes:
    small = least(lambda p: p == 0, torch.prod, 0.5, dtype)
    x = torch.full((small,), 0.5, dtype=dtype)
    assert torch.prod(x) == 0 and torch.prod(x[1:]) > 0
    assert (gradient(torch.prod, x) == 0).all()
    assert (grad(torch.prod)(x) == torch.prod(x[1:])).all()
    large = least(torch.isinf, torch.prod, 2.0, dtype)
    x = torch.full((large,), 2.0, dtype=dtype)
    assert torch.prod(x) == inf and torch.prod(x[1:]) < inf
    assert (gradient(torch.prod, x) == inf).all()
    assert (grad(torch.prod)(x) == torch.prod(x[1:])).all()
x = torch.tensor([0.0, 0.0, 300.0, 300.0], dtype=torch.float16)  # 0 * inf
assert (gradient(torch.prod, x) == 0).all()
assert gradient(lambda x: x.prod(0), x).isnan().any()
assert grad(torch.prod)(x).isnan().any()
assert modes["forward"](torch.prod, x).isnan().any()
x = torch.tensor([300.0, 2.0, 0.0, 300.0], dtype=torch.float16)
assert not gradient(torch.prod, x).isnan().any()
x = torch.tensor([1e-4, 0.0, 300.0, 300.0], dtype=torch.float16)
assert gradient(torch.prod, x).tolist() == [0, inf, 0, 0]
torch.testing.assert_close(others(x)[1].item(), 9.0, rtol=0.01, atol=0)
assert modes["forward"](torch.prod, x).isnan().any()
x = torch.tensor([1e-4, 1e-4, 0.0, 200.0, 200.0], dtype=torch.float16)
slopes = [modes[m](cumprod, x)[2].item() for m in ("backward", "forward")]
assert slopes[0] == 0 and slopes[1] > 3e-4  # 1e-4 * 1e-4 is 0
for dtype in dtypes:
    huge = torch.finfo(dtype).max ** 0.6  # two of them overflow
    x = torch.tensor([0.0, 2.0, huge, huge], dtype=dtype)
    for f in (torch.prod, lambda x: x.prod(0)):
        for g in (gradient(f, x), with_graph(f, x), grad(f)(x)):
            assert g.isnan().tolist() == [False, True, False, False]

# --8<-- [start:nan]
inf, nan = float("inf"), float("nan")
for entries in [2.0, nan, 4.0], [2.0, inf, 4.0], [0.0, 0.0, nan]:
    x = torch.tensor(entries)
    print(
        f"{str(entries):15} prod {x.prod().item()},",
        f"backward {gradient(torch.prod, x).tolist()},",
        f"torch.func {grad(torch.prod)(x).tolist()}",
    )
# --8<-- [end:nan]
for dtype in dtypes:
    x = torch.tensor([2.0, nan, 4.0], dtype=dtype)
    assert gradient(torch.prod, x).isnan().all()
    assert grad(torch.prod)(x)[1] == 8
    x = torch.tensor([0.0, 0.0, nan], dtype=dtype)
    assert x.prod().isnan() and (gradient(torch.prod, x) == 0).all()
    assert with_graph(torch.prod, x).isnan().tolist() == [True, True, False]
    assert gradient(lambda x: x.prod(0), x).isnan().any()
    for bad in (nan, inf, -inf):
        for place in range(3):
            x = torch.tensor([2.0, 2.0, 2.0], dtype=dtype)
            x[place] = bad
            assert gradient(torch.prod, x)[place].isnan()
            rows = torch.stack([x, torch.tensor([0.0, 1, 1]).to(dtype)])
            g = gradient(lambda x: x.prod(1), rows)  # a 0 in another row
            assert g[0, place] == 4
            assert grad(torch.prod)(x)[place] == 4
            x[place - 1] = 0.0
            assert gradient(torch.prod, x)[place] == 0

# --8<-- [start:padding]
x = torch.tensor([2.0, 3.0, nan])
real = torch.tensor([True, True, False])


def last_real(x):
    return x.cumprod(0)[1]  # 2 * 3: the NaN comes later


print("cumprod           ", gradient(last_real, x))
print("padding set to 1  ", gradient(lambda x: last_real(x.where(real, 1)), x))
print("cumsum, same place", gradient(lambda x: x.cumsum(0)[1], x))
# --8<-- [end:padding]
for dtype in dtypes:
    for n in (3, 17):
        for bad in (nan, inf, -inf):
            x = (0.5 + torch.rand(n)).to(dtype)
            x[n // 2] = bad
            for k in range(n // 2):
                # claim: A NaN or an infinity in the padding gives NaN to every
                #   factor before it, if none of these is 0
                g = gradient(lambda x, k=k: x.cumprod(0)[k], x)
                assert g[: n // 2 + 1].isnan().all()
                forward = torch.func.jacfwd(lambda x, k=k: x.cumprod(0)[k])(x)
                assert forward.isfinite().all()
                # claim: the loss uses only entries before the padding.
                every = gradient(cumprod, x)
                assert every[: n // 2].isnan().all() == (bad != bad)
                # With a single 0 among them that 0 alone gets it.
                for place in {0, n // 2 - 1}:
                    y = x.clone()
                    y[place] = 0.0
                    g = gradient(lambda x, k=k: x.cumprod(0)[k], y)
                    lost = g.isnan().nonzero().tolist()
                    assert lost == [[place]], (n, k, place, g)
                if n > 3:  # with two none does
                    y[:2] = 0.0
                    g = gradient(lambda x, k=k: x.cumprod(0)[k], y)
                    assert g.isfinite().all()
                # claim: no value of its input reaches any gradient
                g = gradient(lambda x, k=k: x.cumsum(0)[k], x)
                assert g.tolist() == [float(i <= k) for i in range(n)]
        x = (0.5 + torch.rand(n)).to(dtype)
        x[n // 2 : n // 2 + 2] = torch.finfo(dtype).max
        for k in range(n // 2):
            g = gradient(lambda x, k=k: x.cumprod(0)[k], x)
            assert g[: n // 2].isnan().all()
            y = x.clone()
            y[0] = 0.0
            g = gradient(lambda x, k=k: x.cumprod(0)[k], y)
            assert g.isnan().nonzero().tolist() == [[0]]

# --8<-- [start:empty]
empty = torch.zeros(0)
print("empty", torch.prod(empty).item(), gradient(torch.prod, empty))
x = torch.ones(2, 3, requires_grad=True)
try:
    x.prod((0, 1))
except TypeError as error:
    print(error)
try:
    x.cumprod()
except TypeError as error:
    print(error)
# --8<-- [end:empty]
# claim: The product of nothing is 1.
assert torch.prod(empty) == 1 and cumprod(empty).shape == (0,)
assert torch.prod(torch.zeros(0, 3), 0).tolist() == [1, 1, 1]
assert gradient(lambda x: x.prod(0), torch.zeros(0, 3)).shape == (0, 3)

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for rule in text.split("- name: ")[1:]:
    if rule.startswith(("prod(Tensor self, *", "cumprod(", "cumsum(")):
        print("\n".join(rule.splitlines()[:2]))
# --8<-- [end:source]
for words in (
    "prod_backward(grad, self.to(grad.scalar_type()), result)",
    "cumprod_backward(grad.to(self.scalar_type()), self, dim, result)",
):
    assert words in text
