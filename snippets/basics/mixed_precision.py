# --8<-- [start:run]
import torch

for dtype in (torch.float16, torch.bfloat16):
    info = torch.finfo(dtype)
    print(
        f"{str(dtype)[6:]:8} largest {info.max:.4g}, epsilon {info.eps:.2g},",
        end=" ",
    )
    one = torch.ones((), dtype=dtype)
    print(
        "1e-8 is", (1e-8 * one).item(), "and 1 + 0.001 is", (one + 1e-3).item()
    )
# --8<-- [end:run]
assert (1e-8 * torch.ones((), dtype=torch.float16)) == 0
# the largest number is 65,504 and 65,520 is inf; between them it is rounded
large = torch.tensor([65504.0, 65519.9, 65520.0]).half()
assert large.tolist() == [65504, 65504, torch.inf]
# rounded to 0, up to
for dtype, power in (
    (torch.float16, -25),
    (torch.bfloat16, -134),
    (torch.float32, -150),
):
    half = torch.tensor(2.0**power, dtype=torch.float64)
    assert half.to(dtype) == 0 and (half * 1.0001).to(dtype) > 0
for dtype, last, first in (  # neighbors
    (torch.float16, 11.086, 11.094),
    (torch.bfloat16, 88.5, 89.0),
    (torch.float32, 88.72283, 88.72284),
):
    for size in (1, 33):
        below = torch.full((size,), last, dtype=dtype)
        above = torch.full((size,), first, dtype=dtype)
        assert below.exp().isfinite().all() and above.exp().isinf().all()

# --8<-- [start:trap-eps]
x = torch.zeros(3, dtype=torch.float16, requires_grad=True)
(x.square().sum() + 1e-8).sqrt().backward()
print("float16, + 1e-8:", x.grad)
# --8<-- [end:trap-eps]
assert x.grad.isnan().all()

# --8<-- [start:fix-eps]
x.grad = None
(x.float().square().sum() + 1e-8).sqrt().backward()
print("float32 inside: ", x.grad)
x.grad = None
(x.square().sum() + torch.finfo(x.dtype).tiny).sqrt().backward()
print("finfo(…).tiny:  ", x.grad)
# --8<-- [end:fix-eps]
# a number of 2.98e-8 or less is 0 in float16; the eps of a layer is no such
# number: a layer computes in float32
small = torch.logspace(-20, -7.5258, 999, dtype=torch.float64)
assert (small.half() == 0).all() and torch.tensor(2.981e-8).half() > 0
zeros = torch.zeros(4, dtype=torch.float16)
assert not torch.nn.functional.layer_norm(zeros, (4,), eps=1e-8).any()

# --8<-- [start:trap-sum]
x = torch.full((70_000,), 1.0, dtype=torch.float16, requires_grad=True)
print("sum:", x.sum().item(), "mean:", x.mean().item())
y = torch.tensor([300.0, 1.0], dtype=torch.float16, requires_grad=True)
y.square().sum().sqrt().backward()
print("norm by hand:", y.grad)
# --8<-- [end:trap-sum]

# --8<-- [start:fix-sum]
y.grad = None
torch.linalg.vector_norm(y).backward()
print("vector_norm:", y.grad)
print("sum in float32:", x.sum(dtype=torch.float32).item())
# --8<-- [end:fix-sum]
# a norm of 65,520 or more is inf still, with gradient 0; it takes a dtype
for entry, overflows in ((46312.0, False), (46336.0, True), (6e4, True)):
    z = torch.full((2,), entry, dtype=torch.float16, requires_grad=True)
    for dtype in (None, torch.float32):
        norm = torch.linalg.vector_norm(z, dtype=dtype)
        (g,) = torch.autograd.grad(norm, z)
        lost = overflows and dtype is None
        assert norm.isinf() == lost and (g == 0).all() == lost
        exact = torch.linalg.vector_norm(z.double())
        assert (exact >= 65520) == overflows

# --8<-- [start:trap-adam]
for optimizer in (torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop):
    w = torch.ones(3, dtype=torch.float16, requires_grad=True)
    w.grad = torch.tensor([1.0, 0.0, 1e-4], dtype=torch.float16)
    optimizer([w], lr=0.1).step()
    print(f"{optimizer.__name__:8}", w.tolist())
    assert w[1].isnan() and w[2] == -torch.inf
# --8<-- [end:trap-adam]
for optimizer in (torch.optim.Adam, torch.optim.AdamW):
    for options, finite in (
        ({"foreach": True}, False),
        ({"fused": True}, True),
        ({"eps": 1e-4}, True),
    ):
        w = torch.ones(3, dtype=torch.float16, requires_grad=True)
        w.grad = torch.tensor([1.0, 0.0, 1e-4], dtype=torch.float16)
        optimizer([w], lr=0.1, **options).step()
        assert w.isfinite().all() == finite

# in the first step: after a gradient of 1 one of 0 is harmless
for optimizer in (torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop):
    w = torch.ones(3, dtype=torch.float16, requires_grad=True)
    step = optimizer([w], lr=0.1).step
    for g in (1.0, 0.0):
        w.grad = torch.full_like(w, g)
        step()
    assert w.isfinite().all()

# claim: one of 0 moves the weight by 474
w = torch.ones(1, dtype=torch.float16, requires_grad=True)
optimizer = torch.optim.Adam([w], lr=0.1, fused=True)
places = [w.item()]
for g in (1e-4, 0.0):
    w.grad = torch.full_like(w, g)
    optimizer.step()
    places.append(w.item())
assert abs(places[1] - 0.9) < 1e-3 and round(places[1] - places[2]) == 474

# --8<-- [start:fix-adam]
w = torch.ones(2, requires_grad=True)  # float32 parameters
optimizer = torch.optim.Adam([w], lr=0.1)
with torch.autocast("cpu", dtype=torch.bfloat16):
    loss = (torch.ones(1, 2) @ torch.stack([w, 0 * w])).sum()
loss.backward()
optimizer.step()
print("autocast:", w.detach(), loss.dtype)
# --8<-- [end:fix-adam]
assert w.dtype == w.grad.dtype == torch.float32

# --8<-- [start:step]
w = torch.ones((), dtype=torch.bfloat16)
for _ in range(1000):
    w -= 1e-3  # a learning rate times a gradient of 1
print("bfloat16:", w.item())
w = torch.ones(())
for _ in range(1000):
    w -= 1e-3
print("float32: ", round(w.item(), 4))
# --8<-- [end:step]

# --8<-- [start:underflow]
w = torch.tensor(1.0, dtype=torch.float16, requires_grad=True)
for scale in (1.0, 2.0**12):
    (1e-4 * (1e-4 * w) * scale).backward()
    print(
        f"scale {scale:4.0f}: gradient / scale = {w.grad.item() / scale:.2g}"
    )
    w.grad = None
# --8<-- [end:underflow]

# --8<-- [start:unscale]
w = torch.tensor(1.0, dtype=torch.float16, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
scaler = torch.amp.GradScaler("cpu")
scaler.scale(2 * w).backward()
try:
    scaler.step(optimizer)
except ValueError as error:
    print("ValueError:", error)
# --8<-- [end:unscale]
for kind in (torch.optim.SGD, torch.optim.Adam):
    half = torch.ones(3, dtype=torch.float16, requires_grad=True)
    optimizer = kind([half], lr=0.25, fused=True)
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    scaler.scale(2 * half.sum()).backward()
    try:  # before clipping
        scaler.unscale_(optimizer)
        raise AssertionError(kind)
    except ValueError as error:
        assert "Attempting to unscale FP16 gradients" in str(error)
    half = torch.ones(3, dtype=torch.float16, requires_grad=True)
    optimizer = kind([half], lr=0.25, fused=True)
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    scaler.scale(2 * half.sum()).backward()
    scaler.step(optimizer)
    assert (half < 0.8).all()

# --8<-- [start:scaler]
w = torch.tensor(1.0, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
scaler = torch.amp.GradScaler("cpu", init_scale=2.0**16)


def step(loss):
    optimizer.zero_grad()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()


step(
    w * torch.inf
)  # an infinite gradient: the step is skipped, the scale halved
print("skipped: w", w.item(), "scale", scaler.get_scale())
step(w * 2)
print("taken:   w", round(w.item(), 4), "scale", scaler.get_scale())
# --8<-- [end:scaler]
assert scaler.get_scale() == 2.0**15 and abs(w.item() - 0.8) < 1e-6

# --8<-- [start:scaler-limit]
skipped = 0
w = torch.tensor(1.0, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
while 1 / torch.tensor(scaler.get_scale()) < torch.inf:
    step(w * torch.inf)
    skipped += 1
print(skipped, "steps skipped, scale", scaler.get_scale(), "w", w.item())
step(w * 2)
print("the next healthy step: w", w.item())

w = torch.tensor(1.0, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
scaler = torch.amp.GradScaler("cpu")
for _ in range(200):
    step(w * torch.inf)
    if scaler.get_scale() < 1:
        scaler.update(1.0)
step(w * 2)
print("held at 1: scale", scaler.get_scale(), "w", round(w.item(), 4))
# --8<-- [end:scaler-limit]
assert scaler.get_scale() == 1 and abs(w.item() - 0.8) < 1e-6
# claim: The next healthy step writes −∞, and after 22 more skipped NaN.
for skipped, wanted in (
    (143, "-inf"),
    (143 + 21, "-inf"),
    (143 + 22, "nan"),
    (200, "nan"),
):
    w = torch.tensor(1.0, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**15)
    for _ in range(skipped):
        step(w * torch.inf)
    step(w * 2)
    assert str(w.item()) == wanted, (skipped, w, scaler.get_scale())

# no scale helps: the forward pass overflowed or underflowed in float16
for power in range(0, -15, -1):
    w = torch.zeros(1, dtype=torch.float16, requires_grad=True)
    loss = (w + 1e-8).sqrt().float().sum() * 2.0**power
    assert torch.autograd.grad(loss, w)[0].isinf()
# at a scale below 1 the loss is too large
torch.manual_seed(0)
layer = torch.nn.Linear(4, 1)
for scale, finite in ((1.0, False), (2.0**-6, True)):
    with torch.autocast("cpu", dtype=torch.float16):
        loss = 1e6 * layer(torch.ones(3, 4)).float().mean()
    (g,) = torch.autograd.grad(scale * loss, layer.weight)
    assert g.isfinite().all() == finite

# --8<-- [start:autocast]
x = torch.randn(4, 4, generator=torch.Generator().manual_seed(0))

with torch.autocast("cpu", dtype=torch.bfloat16):
    product = x @ x
    for name, y in {
        "matmul       ": product,
        "sum          ": product.sum(),
        "exp          ": product.exp(),
        "mse_loss     ": torch.nn.functional.mse_loss(product, x),
        "cross_entropy": torch.nn.functional.cross_entropy(
            product, torch.arange(4)
        ),
    }.items():
        print(name, y.dtype)
with torch.autocast("cpu", dtype=torch.float16):
    zero = torch.zeros(1, 2) @ torch.zeros(2, 1)
    print("a product of 0 + 1e-8:", (zero + 1e-8).item())
# --8<-- [end:autocast]
for dtype in (torch.bfloat16, torch.float16):
    with torch.autocast("cpu", dtype=dtype):
        product = x @ x
        assert (x.double() @ x.double()).dtype == torch.float64
        assert product.exp().dtype == product.sum().dtype == dtype
        assert product.prod().dtype == torch.float32
        loss = torch.nn.functional.mse_loss(product, product)
        assert loss.dtype == torch.float32
