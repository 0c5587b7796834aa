# --8<-- [start:detach]
import torch


def step_detach(x):
    """Way 1: what is added to x is a constant."""
    q = 0.5 * torch.round(x / 0.5)
    return x + (q - x).detach()


x = torch.tensor([-1.7, -0.6, 0.3, 1.2, 1.7], requires_grad=True)
y = step_detach(x)
(g,) = torch.autograd.grad(y.sum(), x)
print(y.tolist(), g.int().tolist())
# --8<-- [end:detach]
assert (g == 1).all()


# --8<-- [start:three]
class Step(torch.autograd.Function):
    """Way 2: say both passes."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return 0.5 * torch.round(x / 0.5)

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output

    @staticmethod
    def jvp(ctx, tangent):
        return tangent


def step_fake(x):
    """Way 3: PyTorch's own, clipped to five steps, -1 to 1."""
    return torch.fake_quantize_per_tensor_affine(x, 0.5, 0, -2, 2)


for f in (Step.apply, step_fake):
    y = f(x)
    (g,) = torch.autograd.grad(y.sum(), x)
    print(y.tolist(), g.int().tolist())
# --8<-- [end:three]
assert g.tolist() == [0, 1, 1, 1, 0]
inside = slice(1, 4)
assert step_detach(x)[inside].tolist() == step_fake(x)[inside].tolist()
assert torch.equal(Step.apply(x), step_detach(x))

# --8<-- [start:trap]
x = torch.tensor(0.3, requires_grad=True)
q = 0.5 * torch.round(x / 0.5)
for name, y in (
    ("x + (q - x).detach()", x + (q - x).detach()),
    ("q + (x - q).detach()", q + (x - q).detach()),
    ("x.detach() + (q - x)", x.detach() + (q - x)),
):
    (g,) = torch.autograd.grad(y, x, retain_graph=True)
    print(name, "value", round(y.item(), 2), "gradient", g.item() + 0)
# --8<-- [end:trap]
assert y == 0.5 and g == -1

# --8<-- [start:bounce]
w = torch.tensor(0.2, requires_grad=True)
seen = []
for step in range(100):
    q = w + (torch.round(w) - w).detach()
    loss = (q - 0.7) ** 2
    (g,) = torch.autograd.grad(loss, w)
    w = (w - 0.125 * g).detach().requires_grad_()
    seen.append(int(q.item()))
print(seen[:20], "last w", round(w.item(), 2))
# --8<-- [end:bounce]
assert set(seen[-10:]) == {0, 1} and abs(w.item() - 0.5) < 0.2

# --8<-- [start:anneal]
w = torch.tensor(0.2, requires_grad=True)
seen = []
for step in range(100):
    mix = step / 99  # from w itself to round(w)
    q = w + mix * (torch.round(w) - w).detach()
    loss = (q - 0.7) ** 2
    (g,) = torch.autograd.grad(loss, w)
    w = (w - 0.125 * (1 - mix) * g).detach().requires_grad_()
    seen.append(round(q.item(), 1))
print(seen[::20], "last", seen[-1])
# --8<-- [end:anneal]
assert seen[-1] == 1

# --8<-- [start:modes]
from torch.func import grad, jvp

one = torch.tensor(1.0)
for f in (step_detach, Step.apply, step_fake):
    second = grad(grad(lambda x, f=f: f(x) ** 2))(one).item()
    try:
        forward = jvp(f, (one,), (one,))[1].item()
    except NotImplementedError:
        forward = "not implemented"
    print("second derivative", second, "forward mode", forward)
    assert second == 2
# --8<-- [end:modes]
assert forward == "not implemented"
for beyond in torch.tensor([1.7, -9.0]):
    assert grad(grad(lambda x: step_fake(x) ** 2))(beyond) == 0
    assert grad(step_fake)(beyond) == 0 and grad(step_detach)(beyond) == 1

# --8<-- [start:clip]
x = torch.tensor([1.0, 1.2, 1.25, 1.3], requires_grad=True)
y = step_fake(x)
(g,) = torch.autograd.grad(y.sum(), x)
print(y.tolist(), g.tolist())
# --8<-- [end:clip]
assert g.tolist() == [1, 1, 1, 0]

# --8<-- [start:nan]
x = torch.tensor(float("nan"))
print("detach", step_detach(x).isnan().item())
print("fake  ", step_fake(x).isnan().item())
# --8<-- [end:nan]
assert step_detach(x).isnan() and not step_fake(x).isnan()

# --8<-- [start:exact]
inf = float("inf")


def sign_detach(x):
    return x + (torch.sign(x) - x).detach()


def sign_exact(x):
    return torch.sign(x).detach() + (x - x.detach())


x = torch.tensor([0.1, 1e8, inf], requires_grad=True)
print(sign_detach(x).tolist(), sign_exact(x).tolist())
x = torch.tensor([0.1, 1e8], requires_grad=True)
(g,) = torch.autograd.grad(sign_exact(x).sum(), x)
print(sign_exact(x).tolist(), g.tolist())
# --8<-- [end:exact]
assert sign_detach(x)[1] == 0 and sign_exact(x).tolist() == [1, 1]
torch.manual_seed(0)
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    v = torch.randn(9999) * torch.logspace(-6, 3, 9999)
    v = torch.cat([v, torch.tensor([-0.0, 0.5, -1.5, 6e4])]).to(dtype)
    for f in torch.round, torch.trunc:
        assert torch.equal(v + (f(v) - v), f(v))
    assert torch.equal(sign_exact(v), torch.sign(v))
    close = v.abs() < 1
    gap = (sign_detach(v) - torch.sign(v))[close].abs().max()
    assert gap <= torch.finfo(dtype).eps

# --8<-- [start:scale-error]
x = torch.tensor([0.3, 1.7], requires_grad=True)
s = torch.tensor(0.5, requires_grad=True)
zero = torch.tensor(0, dtype=torch.int32)
try:
    torch.fake_quantize_per_tensor_affine(x, s, zero, -2, 2)
except RuntimeError as error:
    scale_error = str(error)
    print(scale_error)
# --8<-- [end:scale-error]
assert "not differentiable with respect to argument 'scale'" in scale_error


# --8<-- [start:scale]
def quantize(x, s, low=-2, high=2):
    """s * round(x / s), clipped; gradients for x and s if x / s is finite."""
    u = x / s
    r = torch.round(u).detach()
    q = r.clamp(low, high)  # what rounds to the last step is inside
    return s * torch.where(r == q, u + (q - u).detach(), q)


y = quantize(x, s)
dx, ds = torch.autograd.grad(y, (x, s), torch.tensor([1.0, 0.0]))
print("inside ", dx.tolist(), round(ds.item(), 3))
dx, ds = torch.autograd.grad(quantize(x, s), (x, s), torch.tensor([0.0, 1.0]))
print("outside", dx.tolist(), round(ds.item(), 3))
# --8<-- [end:scale]
assert dx.tolist() == [0, 0] and ds == 2
_, ds = torch.autograd.grad(quantize(x, s), (x, s), torch.tensor([1.0, 0.0]))
torch.testing.assert_close(ds, torch.tensor(1 - 0.3 / 0.5))
learnable = torch._fake_quantize_learnable_per_tensor_affine
many = torch.tensor([-9, -1.3, -1.25, -1.2, -1, -0.6, 0, 0.3, 1, 1.2, 1.3, 9])
for v in many:
    leaves = [v.clone().requires_grad_(), torch.tensor([0.5]).requires_grad_()]
    mine = torch.autograd.grad(quantize(*leaves), leaves)
    its = torch.autograd.grad(
        learnable(*leaves, torch.zeros(1), -2, 2), leaves
    )
    torch.testing.assert_close(mine, its)
for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
    values = quantize(many.to(dtype), torch.tensor(0.5, dtype=dtype))
    assert torch.equal(values, step_fake(many.to(dtype).float()).to(dtype))
rows = torch.func.vmap(torch.func.grad(quantize, (0, 1)), (0, None))
dx, ds = rows(many, torch.tensor(0.5))
fake = many.clone().requires_grad_()
assert torch.equal(dx, torch.autograd.grad(step_fake(fake).sum(), fake)[0])
assert quantize(torch.zeros(0), torch.tensor(0.5)).shape == (0,)
channel = torch.fake_quantize_per_channel_affine
fake = torch.rand(2, 3, requires_grad=True)
y = channel(fake, torch.ones(2), torch.zeros(2).int(), 0, -2, 2)
assert (torch.autograd.grad(y.sum(), fake)[0] == 1).all()

# --8<-- [start:gumbel]
from torch.nn.functional import gumbel_softmax

logits = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64, requires_grad=True)
cost = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)
gradients = []
for hard in (False, True):
    torch.manual_seed(0)
    sample = gumbel_softmax(logits, tau=0.5, hard=hard)
    gradients += torch.autograd.grad(sample @ cost, logits)
print("sorted hard sample", [round(v, 6) for v in sorted(sample.tolist())])
print("same gradient     ", torch.allclose(*gradients))
# --8<-- [end:gumbel]
torch.manual_seed(0)
y = gumbel_softmax(logits, tau=0.5).detach()
torch.testing.assert_close(gradients[1], y * (cost - y @ cost) / 0.5)
hard_values = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
torch.testing.assert_close(sample.sort().values, hard_values)

# --8<-- [start:gumbel-sum]
torch.manual_seed(0)
sample = gumbel_softmax(logits, hard=True)
(g,) = torch.autograd.grad(sample.sum(), logits)
print([round(v, 6) + 0 for v in g.tolist()])
# --8<-- [end:gumbel-sum]
assert g.abs().max() < 1e-12
for dtype in (torch.float64, torch.float32):
    v = (9 * torch.randn(50, 7, dtype=dtype)).requires_grad_()
    (g,) = torch.autograd.grad(gumbel_softmax(v, hard=True).sum(), v)
    assert g.abs().max() < 4 * torch.finfo(dtype).eps
import inspect

assert "y_hard - y_soft.detach() + y_soft" in inspect.getsource(gumbel_softmax)

# --8<-- [start:rule]
x = torch.tensor([0.3, 0.8, -0.6], dtype=torch.float64, requires_grad=True)
target = torch.tensor([1.0, 1.0, 1.0], dtype=torch.float64)


def loss(y):
    return ((y - target) ** 2).sum()


(g,) = torch.autograd.grad(loss(step_detach(x)), x)
q = step_detach(x).detach()
print("q       ", q.tolist())
print("gradient", g.tolist())
# --8<-- [end:rule]
torch.testing.assert_close(g, 2 * (q - target))  # L'(q), not L'(x)

# --8<-- [start:gradcheck]
try:
    torch.autograd.gradcheck(step_fake, x[:1].detach().requires_grad_())
except RuntimeError as error:
    mismatch = str(error).strip()
    print(mismatch)
# --8<-- [end:gradcheck]
assert "numerical:tensor([[0.]]" in mismatch
assert "analytical:tensor([[1.]]" in mismatch
