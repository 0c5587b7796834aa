# --8<-- [start:run]
import torch
from torch.nn.functional import scaled_dot_product_attention

x = torch.tensor([[1.0, 2], [3, 5]], requires_grad=True)  # two tokens
keep = torch.tensor([[True, False], [False, False]])  # no key for the second


def by_hand(x):
    scores = x @ x.mT / x.shape[-1] ** 0.5
    return scores.masked_fill(~keep, -torch.inf).softmax(-1) @ x


def fused(x):
    return scaled_dot_product_attention(x, x, x, attn_mask=keep)


for f in (by_hand, fused):
    print(f.__name__, f(x).tolist())
    (g,) = torch.autograd.grad(f(x)[0].sum(), x)  # of row 0
    print("  gradient of row 0", g.tolist())


# --8<-- [end:run]
# --8<-- [start:trap-hand]
def gradient(f, *inputs):
    leaves = [torch.as_tensor(x).detach().clone() for x in inputs]
    leaves = [x.requires_grad_() for x in leaves]
    grads = torch.autograd.grad(f(*leaves).sum(), leaves)
    return grads[0] if len(grads) == 1 else grads


used = torch.tensor([[True], [False]])
for name, f in {
    "leave it out": lambda x: by_hand(x)[:1],
    "nan_to_num  ": lambda x: by_hand(x).nan_to_num(0.0),
    "where       ": lambda x: torch.where(used, by_hand(x), 0.0),
}.items():
    print(name, f(x).sum().item(), "gradient", gradient(f, x).tolist())
# --8<-- [end:trap-hand]
assert gradient(lambda x: by_hand(x)[0], x).isnan().all()
assert gradient(lambda x: fused(x)[0], x).tolist() == [[1, 1], [0, 0]]
assert fused(x).tolist() == [[1, 2], [0, 0]]
assert by_hand(x)[0].tolist() == [1, 2] and by_hand(x)[1].isnan().all()
for f in (
    lambda x: by_hand(x)[:1],
    lambda x: by_hand(x).nan_to_num(0.0),
    lambda x: torch.where(used, by_hand(x), 0.0),
    lambda x: by_hand(x).masked_fill(~used, 0.0),
):
    assert f(x).sum() == 3 and gradient(f, x).isnan().all()


# --8<-- [start:fix-hand]
def masked_softmax(scores, keep, dim=-1):
    """The softmax of what is kept; 0 for the rest, for a whole row too."""
    scores, hidden = torch.broadcast_tensors(scores, ~keep)
    empty = hidden.all(dim, keepdim=True)
    scores = scores.masked_fill(hidden, -torch.inf).masked_fill(empty, 0.0)
    return scores.softmax(dim).masked_fill(hidden, 0.0)


def attention(x):
    return masked_softmax(x @ x.mT / x.shape[-1] ** 0.5, keep) @ x


print(attention(x).tolist())
print("gradient", gradient(attention, x).tolist())
# --8<-- [end:fix-hand]
torch.testing.assert_close(attention(x), fused(x))
torch.testing.assert_close(gradient(attention, x), gradient(fused, x))
torch.manual_seed(0)
dtypes = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
for dtype in dtypes:
    for n in (1, 3, 17, 1001):
        scores = (7 * torch.randn(4, n)).to(dtype)
        mask = torch.rand(4, n) > 0.5
        mask[0], mask[1] = False, True
        scores[0, 0], scores[2, ~mask[2]] = torch.nan, torch.inf
        p = masked_softmax(scores, mask)
        g = gradient(lambda s, m=mask: masked_softmax(s, m)[:, 0], scores)
        assert (p[~mask] == 0).all() and p.isfinite().all()
        assert (g[~mask] == 0).all() and g.isfinite().all()
        torch.testing.assert_close(p[1], scores[1].softmax(-1))
scores = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
mask = torch.rand(3, 4) > 0.5
mask[1] = False
assert torch.autograd.gradcheck(masked_softmax, (scores, mask))
assert torch.autograd.gradgradcheck(masked_softmax, (scores, mask))
wide = mask[:, None, None, :]  # batch, heads, queries, keys
y = masked_softmax(torch.randn(3, 2, 5, 4), wide)
assert y.isfinite().all() and (y[1] == 0).all()
keys = torch.tensor([[1.0, 2.0], [torch.nan, 3.0]])  # the second is hidden
seen = torch.tensor([[True, False], [True, False]])
grads = gradient(
    lambda q, k, v: masked_softmax(q @ k.mT, seen) @ v, x, keys, x
)
assert [g.isnan().any().item() for g in grads] == [True, False, False]
assert (masked_softmax(x @ keys.mT, seen) @ x).isfinite().all()
assert (masked_softmax(x @ x.mT, seen) @ keys).isnan().any(-1).all()

# --8<-- [start:trap-module]
from torch import nn

torch.manual_seed(0)
mha = nn.MultiheadAttention(4, 2, batch_first=True)
tokens = torch.randn(2, 3, 4)
padding = torch.tensor([[False, False, True], [True, True, True]])

output, weights = mha(tokens, tokens, tokens, key_padding_mask=padding)
output[0].sum().backward()  # the second sequence is not in the loss
for name, p in mha.named_parameters():
    print(f"{name:16}", p.grad.isnan().sum().item(), "NaN of", p.numel())
# --8<-- [end:trap-module]
lost = [n for n, p in mha.named_parameters() if p.grad.isnan().all()]
assert lost == ["in_proj_weight", "in_proj_bias", "out_proj.weight"]
assert output[0].isfinite().all() and output[1].isnan().all()
assert weights[1].isnan().all()

# --8<-- [start:fix-module]
empty = padding.all(1, keepdim=True)  # nothing but padding


def attend(**options):
    y, _ = mha(
        tokens, tokens, tokens, key_padding_mask=padding & ~empty, **options
    )
    return y.masked_fill(empty[..., None], 0.0)


for need_weights in (True, False):
    mha.zero_grad()
    attend(need_weights=need_weights).sum().backward()
    bad = sum(p.grad.isnan().sum().item() for p in mha.parameters())
    print(f"need_weights={need_weights}: {bad} NaN")
with torch.no_grad():
    mha.eval()
    print("eval:", attend(need_weights=False).isnan().sum().item(), "NaN")
# --8<-- [end:fix-module]
for training in (True, False):
    mha.train(training)
    for need_weights in (True, False):
        for enabled in (True, False):
            with torch.set_grad_enabled(enabled):
                y = attend(need_weights=need_weights)
            assert y.isfinite().all() and (y[1] == 0).all()
            torch.testing.assert_close(y[0], output[0])


# --8<-- [start:trap-eval]
layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
with torch.no_grad():
    for training in (True, False):
        y = layer.train(training)(tokens, src_key_padding_mask=padding)
        print(f"training={training}: {y.isnan().sum().item()} NaN")
# --8<-- [end:trap-eval]
assert y[0].isfinite().all() and y[1].isnan().all()

layer.train()(tokens, src_key_padding_mask=padding)[0].sum().backward()
assert all(p.grad.isfinite().all() for p in layer.parameters())
layer.eval()
import warnings

with warnings.catch_warnings(), torch.no_grad():
    warnings.simplefilter("ignore")  # nested tensors are a prototype
    at_left = padding.clone()
    at_left[0] = torch.tensor([True, False, False])
    for depth in (1, 2, 3):
        encoder = nn.TransformerEncoder(layer, depth).eval()
        y = encoder(tokens, src_key_padding_mask=padding)
        assert y[0, :2].isfinite().all() and (y[1] == 0).all()
        y = encoder(tokens, src_key_padding_mask=at_left)
        assert y[1].isnan().all() and y[0, 1].isfinite().all()

# --8<-- [start:fix-eval]
with torch.no_grad():
    y = layer(tokens, src_key_padding_mask=padding & ~empty)
    print("open mask: ", y.isnan().sum().item(), "NaN")
    torch.backends.mha.set_fastpath_enabled(False)  # for the whole process
    z = layer(tokens, src_key_padding_mask=padding)
    print("slow path: ", z.isnan().sum().item(), "NaN")
    torch.backends.mha.set_fastpath_enabled(True)
# --8<-- [end:fix-eval]
torch.testing.assert_close(y[0], z[0])
assert y.isfinite().all() and z.isfinite().all()
for dtype in dtypes:
    for heads, nan in ((2, True), (1, False)):
        one = nn.TransformerEncoderLayer(
            4, heads, 8, batch_first=True, dtype=dtype
        ).eval()
        rows = tokens.to(dtype)
        with torch.no_grad():
            y = one(rows, src_key_padding_mask=padding)
            assert y[1].isnan().all() == nan and y[0].isfinite().all()
            z = one(rows, src_key_padding_mask=padding & ~empty)
            assert z.isfinite().all()
        y = one(rows, src_key_padding_mask=padding)  # gradients on
        assert y.isfinite().all()
one = nn.TransformerEncoderLayer(4, 2, 8).eval()  # not batch_first
with torch.no_grad():
    y = one(tokens.transpose(0, 1), src_key_padding_mask=padding)
assert y.isfinite().all()

for heads, first, batched, bare in (
    (2, True, True, True),  # the fast path
    (1, True, True, False),
    (2, False, True, False),
    (2, True, False, False),
):
    one = nn.MultiheadAttention(4, heads, batch_first=first).eval()
    nn.init.normal_(one.out_proj.bias)
    rows = tokens if first else tokens.transpose(0, 1)
    mask = (
        padding
        if batched
        else torch.zeros(2, 3).masked_fill(padding, -torch.inf)
    )
    with torch.no_grad():
        y, _ = one(rows, rows, rows, key_padding_mask=mask, need_weights=False)
        z, _ = one(
            rows,
            rows.clone(),
            rows,
            key_padding_mask=mask,
            need_weights=False,
        )
    y, z = (t if first else t.transpose(0, 1) for t in (y, z))
    assert y[1].isnan().all() == bare
    torch.testing.assert_close(z[1], one.out_proj.bias.detach().expand(3, 4))

# --8<-- [start:left]
left = torch.tensor([[True, True, False], [False, False, False]])
later = torch.ones(3, 3, dtype=torch.bool).triu(1)
mha.train()
y, _ = mha(tokens, tokens, tokens, key_padding_mask=left, attn_mask=later)
print("two masks:", y.isnan().any(-1).tolist())

hidden = later | left[:, None, :]  # batch, queries, keys
hidden = hidden & ~hidden.all(-1, keepdim=True)
hidden = hidden.repeat_interleave(2, 0)  # once for each head
y, _ = mha(tokens, tokens, tokens, attn_mask=hidden)
print("one mask: ", y.isnan().any(-1).tolist())
# --8<-- [end:left]
with_two, _ = mha(
    tokens, tokens, tokens, key_padding_mask=left, attn_mask=later
)
real = ~with_two.isnan().any(-1)
assert real.tolist() == [[False, False, True], [True, True, True]]
torch.testing.assert_close(y[real], with_two[real])
mha.zero_grad()
y[real].sum().backward()
assert all(p.grad.isfinite().all() for p in mha.parameters())
with torch.no_grad():
    again, _ = mha.eval()(tokens, tokens, tokens, attn_mask=hidden)
torch.testing.assert_close(again, y)

# --8<-- [start:backends]
from torch.nn.attention import SDPBackend, sdpa_kernel

torch.manual_seed(0)
q, k, v = torch.randint(-2, 3, (3, 1, 1, 2, 2)).float()
lowest = torch.finfo(q.dtype).min
masks = [torch.where(keep, 0.0, low) for low in (-torch.inf, lowest)]
print("mean of all values", v.mean(-2).tolist())
for backend in (SDPBackend.MATH, SDPBackend.FLASH_ATTENTION):
    for mask in (keep, *masks):
        with sdpa_kernel(backend):
            y = scaled_dot_product_attention(q, k, v, attn_mask=mask)
        kind = "bool" if mask is keep else mask[1, 1].item()
        print(f"{backend.name:16} {kind!s:23}", y[0, 0, 1].tolist())
# --8<-- [end:backends]
# claim: Both backends of the CPU, and both kinds of mask, give exactly 0 for
#   the row and for the gradient of its query.
backends = (SDPBackend.MATH, SDPBackend.FLASH_ATTENTION)
for dtype in dtypes:
    for n, size in ((1, 1), (3, 8), (17, 3), (33, 33)):
        q_n, k_n, v_n = (5 * torch.randn(3, 2, 2, n, size)).to(dtype)
        wide = torch.rand(2, 1, n, n) > 0.5
        wide[:, :, n // 2] = False
        minus = torch.zeros(wide.shape, dtype=dtype).masked_fill(
            ~wide, -torch.inf
        )
        for backend in backends:
            for mask in (wide, minus):
                with sdpa_kernel(backend):
                    g_q, g_k, g_v = gradient(
                        lambda q, k, v, m=mask: scaled_dot_product_attention(
                            q, k, v, attn_mask=m
                        ),
                        q_n,
                        k_n,
                        v_n,
                    )
                    y = scaled_dot_product_attention(
                        q_n, k_n, v_n, attn_mask=mask
                    )
                assert (y[:, :, n // 2] == 0).all() and y.isfinite().all()
                assert (g_q[:, :, n // 2] == 0).all() and g_q.isfinite().all()
                assert g_k.isfinite().all() and g_v.isfinite().all()

# claim: mean of all values; in float16 as if unmasked
for dtype in dtypes:
    for n, size in ((1, 1), (3, 8), (17, 3), (33, 33)):
        q_n, k_n, v_n = torch.randn(3, 2, 2, n, size).to(dtype)
        low = torch.zeros(n, n, dtype=dtype)
        low[n // 2] = torch.finfo(dtype).min
        if dtype == torch.float16:
            want = scaled_dot_product_attention(q_n, k_n, v_n)[:, :, n // 2]
        else:
            want = v_n.mean(-2)
        for backend in backends:
            with sdpa_kernel(backend):
                y = scaled_dot_product_attention(q_n, k_n, v_n, attn_mask=low)
            torch.testing.assert_close(
                y[:, :, n // 2], want, rtol=0.02, atol=0.02
            )

# --8<-- [start:modes]
from torch.func import grad, jvp


def first(q):
    return scaled_dot_product_attention(q, k, v, attn_mask=keep)[0, 0, 1]


for backend in (SDPBackend.MATH, SDPBackend.FLASH_ATTENTION):
    for name, f in {
        "forward": lambda q: jvp(first, (q,), (torch.ones_like(q),))[1],
        "second": grad(lambda q: grad(lambda q: first(q).sum())(q).sum()),
    }.items():
        try:
            with sdpa_kernel(backend):
                print(backend.name, name, f(q).abs().max().item())
        except (RuntimeError, NotImplementedError) as error:
            print(backend.name, name, str(error).partition(".")[0])
# --8<-- [end:modes]
from torch.func import jacfwd, jacrev

for dtype in dtypes[:2]:
    q_n, k_n, v_n = torch.randn(3, 1, 1, 3, 4, dtype=dtype)
    wide = torch.tensor([[True, False, True], [False] * 3, [True] * 3])

    def whole(q, k=k_n, v=v_n, mask=wide):
        return scaled_dot_product_attention(q, k, v, attn_mask=mask)

    with sdpa_kernel(SDPBackend.MATH):
        slope = jacfwd(whole)(q_n)
        second = jacrev(jacrev(whole))(q_n)
        torch.testing.assert_close(slope, jacrev(whole)(q_n))
    assert slope.isfinite().all() and (slope[0, 0, 1] == 0).all()
    assert second.isfinite().all() and (second[0, 0, 1] == 0).all()
# claim: FLASH_ATTENTION, which the CPU takes by itself for these inputs, has
#   neither.
for f in (
    lambda q: jvp(first, (q,), (torch.ones_like(q),))[1],
    grad(lambda q: grad(lambda q: first(q).sum())(q).sum()),
):
    try:
        f(q)
        raise AssertionError
    except (RuntimeError, NotImplementedError) as error:
        assert "flash_attention_for_cpu" in str(error)

# --8<-- [start:nan]
keep_one = torch.tensor([[True, False], [True, False]])
for i, mask in enumerate((keep, keep_one, keep_one)):
    inputs = [q.clone(), k.clone(), v.clone()]
    inputs[i][0, 0, 1] = torch.nan
    y = scaled_dot_product_attention(*inputs, mask)
    print("NaN in", "qkv"[i], "rows with NaN:", y.isnan().any(-1).tolist())
# --8<-- [end:nan]
for backend in backends:
    for inputs, rows in (
        ((q.clone(), k, v, keep), [False, True]),
        ((q, k.clone(), v, keep_one), [True, True]),
        ((q, k, v.clone(), keep_one), [True, True]),
    ):
        changed = next(
            a for a, b in zip(inputs, (q, k, v), strict=False) if a is not b
        )
        changed[0, 0, 1] = torch.nan
        with sdpa_kernel(backend):
            y = scaled_dot_product_attention(*inputs)
        assert y.isnan().any(-1)[0, 0].tolist() == rows

# --8<-- [start:causal]
queries, keys = torch.ones(1, 1, 4, 2), torch.ones(1, 1, 3, 2)
lower = {"attn_mask": torch.ones(4, 3, dtype=torch.bool).tril(3 - 4)}
causal, none = {"is_causal": True}, keys[:, :, :0]
for k, options in (keys, causal), (keys, lower), (none, {}):
    y = scaled_dot_product_attention(queries, k, k, **options)
    print(y[0, 0, :, 0].tolist(), *options)
# --8<-- [end:causal]
# claim: With is_causal each query sees key 0: no row is empty.
for n, m in ((1, 1), (4, 3), (3, 4), (33, 1), (1, 33)):
    y = scaled_dot_product_attention(
        torch.randn(1, 1, n, 2),
        torch.randn(1, 1, m, 2),
        torch.ones(1, 1, m, 2),
        is_causal=True,
    )
    torch.testing.assert_close(y, torch.ones_like(y))

# A mask by masked_fill: NaN in the gradient of v. One that is added: in all.
for dtype in dtypes:
    for n in (1, 3, 17, 33):
        q, k, v = torch.randn(3, n, 2).to(dtype)
        mask = torch.rand(n, n) > 0.5
        mask[:, 0], mask[-1] = True, False
        bias = torch.zeros(n, n, dtype=dtype).masked_fill(~mask, -torch.inf)
        for f, count in (
            (lambda s, m=mask: s.masked_fill(~m, -torch.inf), 1),
            (lambda s, b=bias: s + b, 3),
        ):
            grads = gradient(
                lambda q, k, v, f=f: (f(q @ k.mT).softmax(-1) @ v)[:1], q, k, v
            )
            bad = [g.isnan().any().item() for g in grads]
            assert bad == ([True] * 3 if count == 3 else [False, False, True])
