# --8<-- [start:run]
import torch


def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


places = torch.tensor([10.0, 20.0, 30.0, 40.0])
print("gradient", gradient(lambda x: places * x.sort().values, [3, 1, 1, 2.0]))

x = torch.ones(20)
for name, indices in {
    "sort       ": x.sort().indices,
    "argsort    ": x.argsort(),
    "topk(20)   ": x.topk(20).indices,
    "stable sort": x.sort(stable=True).indices,
}.items():
    print(name, "keeps the order:", torch.equal(indices, torch.arange(20)))
# --8<-- [end:run]
torch.manual_seed(0)
nan, inf = float("nan"), float("inf")
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
# The gradient is the inverse permutation of the cotangent.
for dtype in dtypes:
    for n in (1, 3, 17, 33, 1001):
        x, v = torch.randn(2, n).to(dtype)
        x = x.round(decimals=1)
        order = x.argsort()
        want = torch.zeros(n, dtype=dtype).scatter(0, order, v)
        assert torch.equal(
            gradient(lambda x, v=v: v * x.sort().values, x), want
        )

# --8<-- [start:trap]
w = torch.zeros(20)  # all equal at the start
print("sort ", w.sort(descending=True).indices[:3].sort().values.tolist())
print("topk ", w.topk(3).indices.sort().values.tolist())
# --8<-- [end:trap]


# --8<-- [start:fix]
def stable_topk(x, k):
    """The k largest of the last dimension; of equals the first ones."""
    values, indices = x.sort(stable=True, descending=True)
    return values.narrow(-1, 0, k), indices.narrow(-1, 0, k)


print("fix  ", stable_topk(w, 3)[1].tolist())
# --8<-- [end:fix]
# claim: The values are the same as those of topk
for dtype in dtypes:
    for n in (3, 17, 33, 1001):
        x = (torch.randint(5, (2, n)) / 3).to(dtype)
        x[0, 0], x[1, 1] = nan, -inf
        values, indices = stable_topk(x, 3)
        want = x.topk(3).values
        torch.testing.assert_close(values, want, equal_nan=True)
        for row in range(2):
            for a, b in zip(range(2), range(1, 3)):
                if values[row, a] == values[row, b]:
                    assert indices[row, a] < indices[row, b]

# --8<-- [start:share]
x = torch.tensor([5.0, 2.0, 2.0, 2.0, 1.0])
print("topk(2)", gradient(lambda x: x.topk(2).values, x))


def top_sum(x, k):
    """The sum of the k largest, without NaN, in float32 or float64; equals
    at the end share."""
    least = x.topk(k).values[..., -1:]
    above, level = x > least, x == least
    rest = (k - above.sum(-1, keepdim=True)).to(x.dtype)
    share = rest / level.sum(-1, keepdim=True)
    return torch.where(above, x, torch.where(level, share * x, 0)).sum(-1)


g = gradient(lambda x: top_sum(x, 2), x)
print("top_sum", [round(v, 3) for v in g.tolist()])
# --8<-- [end:share]
for dtype in dtypes[:2]:
    for n in (3, 17, 33, 1001):
        x = (torch.randint(9, (n,)) / 3 - 1).to(dtype)
        for k in (1, 2, 3):
            g = gradient(lambda x, k=k: top_sum(x, k), x)
            near = 20 * torch.finfo(dtype).eps
            total = g.double().sum().item()
            assert abs(total - k) < k * 8 * torch.finfo(dtype).eps
            value = x.topk(k).values.sum()
            torch.testing.assert_close(
                top_sum(x, k), value, atol=near, rtol=near
            )
            assert len(g[x == x.topk(k).values[-1]].unique()) == 1
many = torch.full((2, 70000), 1e-3)
torch.testing.assert_close(top_sum(many, 1), many[:, 0])
assert abs(top_sum(many[:, :30000].half(), 1) - 1e-3).min() > 7e-4  # not there


# --8<-- [start:lengths]
def keeps(order, n):
    return torch.equal(order(torch.ones(n)), torch.arange(n))


orders = {
    "sort": lambda x: x.sort().indices,
    "argsort": lambda x: x.argsort(),
    "topk(n)": lambda x: x.topk(len(x)).indices,
    "stable": lambda x: x.argsort(stable=True),
}
for name, order in orders.items():
    lost = [n for n in range(1, 200) if not keeps(order, n)]
    print(
        f"{name:8}", f"loses it at {lost[0]} entries" if lost else "keeps it"
    )
# --8<-- [end:lengths]
for dtype in dtypes:
    for name, order in orders.items():
        lost = [
            n
            for n in range(1, 40)
            if not torch.equal(
                order(torch.full((n,), 0.3, dtype=dtype)), torch.arange(n)
            )
        ]
        limit = {"topk(n)": 4, "stable": 40}.get(name, 17)
        assert lost == list(range(limit, 40))
# claim: Here a sort of up to 16 entries keeps the order of equals; a longer
#   one can lose it, for two equals too
for dtype in dtypes:
    for n in (2, 3, 15, 16, 17, 33, 1001):
        lost = []
        for _ in range(20):
            x = torch.randn(n).to(dtype)
            x[0] = x[-1] = 0.3
            for down in (False, True):
                kept = x.argsort(stable=True, descending=down)
                lost.append(not torch.equal(kept, x.argsort(descending=down)))
        assert any(lost) == (n > 16)
# sort(stable=True) keeps their order.
for dtype in dtypes:
    for n in (1, 3, 17, 33, 1001):
        for value in (0.3, nan, -inf):
            x = torch.full((n,), value, dtype=dtype)
            for down in (False, True):
                order = x.argsort(stable=True, descending=down)
                assert torch.equal(order, torch.arange(n))

# --8<-- [start:nan]
nan = float("nan")
x = torch.tensor([nan, 1.0, nan, 3.0])
print("sort      ", x.sort().indices.tolist())
print("descending", x.sort(descending=True).indices.tolist())
print("topk(2)   ", x.topk(2).indices.tolist())
print("smallest 2", x.topk(2, largest=False).indices.tolist())
print("gradient  ", gradient(lambda x: x.topk(1).values, x))
# --8<-- [end:nan]
# claim: A NaN is the largest for all of them
for dtype in dtypes:
    for n in (3, 17, 33, 1001):
        x = torch.randn(n).to(dtype)
        x[n // 2] = nan
        x[0] = inf
        assert x.argsort()[-1] == n // 2 and x.msort()[-1].isnan()
        assert x.argsort(descending=True)[0] == n // 2
        assert x.topk(1).indices == n // 2
        assert not x.topk(n - 1, largest=False).values.isnan().any()

# --8<-- [start:zeros]
x = torch.tensor([0.0, -0.0, -1.0])
print(x.sort(stable=True))
# --8<-- [end:zeros]
assert x.argsort(stable=True).tolist() == [2, 0, 1]
assert x.flip(0).argsort(stable=True).tolist() == [0, 1, 2]

# --8<-- [start:ranks]
x = torch.tensor([3.0, 1.0, 2.0], requires_grad=True)
print("argsort requires grad:", x.argsort().requires_grad)
print("x[x.argsort()]       :", x[x.argsort()])
# --8<-- [end:ranks]

# --8<-- [start:errors]
for call in (
    lambda: torch.ones(3).topk(4),
    lambda: torch.ones(3).topk(2, stable=True),
    lambda: torch.ones(2, 3).sort(2),
):
    try:
        call()
    except (RuntimeError, IndexError, TypeError) as error:
        print(f"{type(error).__name__}: {str(error).splitlines()[0]}")
print(torch.ones(0).sort().values, torch.tensor(3.0).sort().indices)
# --8<-- [end:errors]

# --8<-- [start:source]
import pathlib

import torchgen

folder = pathlib.Path(torchgen.__file__).parent
text = (folder / "packaged/autograd/derivatives.yaml").read_text()
for name in ("sort(", "topk("):
    lines = text[text.index(f"- name: {name}") :].splitlines()
    print(lines[1].strip())
# --8<-- [end:source]
