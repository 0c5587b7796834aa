# --8<-- [start:run]
import torch


def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


x = torch.tensor([1.0, 4.0, 2.0, 4.0, 3.0])
values, indices = x.cummax(0)
print(values.tolist(), indices.tolist())
print("sum     ", gradient(lambda x: x.cummax(0).values, x).tolist())
print("last one", gradient(lambda x: x.cummax(0).values[-1], x).tolist())
# --8<-- [end:run]
torch.manual_seed(0)
nan, inf = float("nan"), float("inf")
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
# claim: At a tie the last of the equals so far gets the gradient
for dtype in dtypes:
    for n in (1, 3, 17, 33, 1001):
        for value in (0.3, 0.0, -inf, inf, nan):
            x = torch.full((n,), value, dtype=dtype)
            for f in (torch.cummax, torch.cummin):
                assert f(x, 0).indices.tolist() == list(range(n))
                g = gradient(lambda x, f=f: f(x, 0).values[-1], x)
                assert g[-1] == 1 and g.sum() == 1
        x = (torch.randint(3, (n,)) / 3).to(dtype)
        for f, top in ((torch.cummax, max), (torch.cummin, min)):
            for place in {0, n // 2, n - 1}:
                seen = x[: place + 1].tolist()
                last = max(i for i, v in enumerate(seen) if v == top(seen))
                assert f(x, 0).indices[place] == last

# --8<-- [start:trap-dead]
target = torch.tensor([1.0, 2.0, 3.0, 4.0])
w = torch.tensor([3.0, 0.0, 0.0, 0.0], requires_grad=True)
for step in range(100):
    loss = ((w.cummax(0).values - target) ** 2).sum()
    (g,) = torch.autograd.grad(loss, w)
    w = (w - 0.1 * g).detach().requires_grad_()
print("loss", round(loss.item(), 3), "w", [round(v, 2) for v in w.tolist()])
# --8<-- [end:trap-dead]
assert w[1:].tolist() == [0, 0, 0]

# --8<-- [start:fix-dead]
from torch.nn.functional import softplus


def rising(w):
    """Values that do not fall along the last dimension; they rise as far
    as the dtype can show the steps softplus(w)."""
    return torch.cat([w[..., :1], softplus(w[..., 1:])], -1).cumsum(-1)


w = torch.tensor([3.0, 0.0, 0.0, 0.0], requires_grad=True)
for step in range(100):
    loss = ((rising(w) - target) ** 2).sum()
    (g,) = torch.autograd.grad(loss, w)
    w = (w - 0.1 * g).detach().requires_grad_()
print("loss", round(loss.item(), 3), [round(v, 2) for v in rising(w).tolist()])
# --8<-- [end:fix-dead]
assert loss < 0.01
x = torch.randn(3, 17, dtype=torch.float64)
assert (rising(x).diff(dim=-1) > 0).all() and gradient(rising, x).all()
assert gradient(rising, torch.tensor([3.0, -103.9]))[1] > 0
for low in (-104.0, -104.1, -200.0, -1e6):
    assert softplus(torch.tensor(low)) == 0
    assert gradient(rising, torch.tensor([3.0, low]))[1] == 0
for dtype in dtypes:
    x = (torch.randn(3, 17) * 20).to(dtype)
    assert (rising(x).diff(dim=-1) >= 0).all()

# --8<-- [start:trap-nan]
nan = float("nan")
x = torch.tensor([1.0, nan, 3.0, 2.0])
print(x.cummax(0).values, gradient(lambda x: x.cummax(0).values, x))
# --8<-- [end:trap-nan]
assert gradient(lambda x: x.cummax(0).values, x).tolist() == [1, 3, 0, 0]


# --8<-- [start:fix-nan]
def nancummax(x, dim=-1):
    """cummax of the numbers; -inf before the first. A NaN gets 0. A
    maximum of -inf before a NaN loses its gradient to it."""
    return torch.where(x.isnan(), -torch.inf, x).cummax(dim).values


print(nancummax(x), gradient(nancummax, x))
# --8<-- [end:fix-nan]
for dtype in dtypes:
    for n in (3, 17, 33, 1001):
        x = torch.randn(n).to(dtype)
        x[1::2] = nan
        g = gradient(nancummax, x)
        assert (g[1::2] == 0).all()
        assert abs(g.double().sum() - n) < 4 * n * torch.finfo(dtype).eps
        assert nancummax(x)[-1] == x[~x.isnan()].max()
        assert gradient(nancummax, torch.full((n,), nan)).sum() == 0

# --8<-- [start:nan]
x = torch.tensor([1.0, nan, 3.0, nan, 2.0])
for f in (torch.cummax, torch.cummin):
    print(f.__name__, f(x, 0).values.tolist(), f(x, 0).indices.tolist())
    print("  gradient", gradient(lambda x, f=f: f(x, 0).values, x).tolist())
# --8<-- [end:nan]
# claim: From the first NaN on all results are NaN
for dtype in dtypes:
    for n in (3, 17, 33, 1001):
        x = torch.randn(n).to(dtype)
        x[n // 2] = nan
        for f in (torch.cummax, torch.cummin):
            y = f(x, 0).values
            assert y[n // 2 :].isnan().all() and y[: n // 2].isfinite().all()
            g = gradient(lambda x, f=f: f(x, 0).values, x)
            assert (g[n // 2 + 1 :] == 0).all()  # a number after a NaN
            two = x.clone()
            two[-1] = nan  # a later NaN is shown from its own place on
            g = gradient(lambda x, f=f: f(x, 0).values, two)
            assert g[n // 2] == n - 1 - n // 2 and g[-1] == 1
            assert (g[n // 2 + 1 : -1] == 0).all()

# --8<-- [start:zeros]
x = torch.tensor([0.0, -0.0, 0.0])
print(x.cummax(0).values.tolist(), x.cummax(0).indices.tolist())
# --8<-- [end:zeros]

# --8<-- [start:max]
x = torch.ones(3)
print("max(0)      ", gradient(lambda x: x.max(0).values, x).tolist())
print("cummax()[-1]", gradient(lambda x: x.cummax(0).values[-1], x).tolist())
backwards = gradient(lambda x: x.flip(0).cummax(0).values[-1], x)
print("flipped     ", backwards.tolist())
# --8<-- [end:max]
# claim: After a flip the end takes the first
for dtype in dtypes:
    for n in (1, 3, 17, 33, 1001):
        x = torch.full((n,), 0.3, dtype=dtype)
        g = gradient(lambda x: x.flip(0).cummax(0).values[-1], x)
        assert g[0] == 1 and g.sum() == 1

# --8<-- [start:errors]
x = torch.ones(3)
for call in (lambda: x.cummax(), lambda: x.cummax(1)):
    try:
        call()
    except (TypeError, IndexError) as error:
        print(f"{type(error).__name__}: {str(error).splitlines()[0]}")
print(torch.ones(0).cummax(0).values, torch.tensor(2.0).cummax(0).values)
# --8<-- [end:errors]

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
lines = text[text.index("- name: cummax(") :].splitlines()
print(*lines[1:3], sep="\n")
# --8<-- [end:source]
