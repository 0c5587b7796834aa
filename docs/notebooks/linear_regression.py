# ---
# description: 'Linear regression by hand and by autograd: the two gradients, the graph that autograd walks, and the path of gradient descent to the exact solution.'
# symptoms:
#   - {see: "how a whole fit is differentiated, step by step"}
# ---

# %% [markdown]
# # Linear regression and its computation graph
#
# Two gradients, $\partial L/\partial w$ and $\partial L/\partial b$, computed by hand, by finite differences and by autograd: they
# agree. Then the graph that autograd walks, and the path that the two parameters take.
#
# ## Data
#
# Eight points near the line $y = 2x - 1$.

# %%
import torch

torch.manual_seed(0)
x = torch.linspace(-1, 1, 8, dtype=torch.float64)
y = 2 * x - 1 + 0.1 * torch.randn(8, dtype=torch.float64)

# %% [markdown]
# ## The loss, by hand
#
# The model is $\hat{y}_i = w x_i + b$, the loss is the mean squared error
#
# $$L(w, b) = \frac{1}{n} \sum_{i=1}^{n} (w x_i + b - y_i)^2 .$$
#
# With the residual $r_i = w x_i + b - y_i$ the chain rule gives
#
# $$\frac{\partial L}{\partial w} = \frac{2}{n} \sum_{i=1}^{n} r_i x_i, \qquad \frac{\partial L}{\partial b} = \frac{2}{n} \sum_{i=1}^{n} r_i .$$

# %%
def by_hand(w, b):
    r = w * x + b - y
    return 2 * (r * x).mean(), 2 * r.mean()


print(*by_hand(0.5, 0.0))

# %% [markdown]
# ## The loss, by autograd

# %%
w = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
b = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)

prediction = w * x + b
residual = prediction - y
loss = (residual**2).mean()
loss.backward()
print(w.grad, b.grad)

torch.testing.assert_close((w.grad, b.grad), by_hand(0.5, 0.0))

# %% [markdown]
# ## The loss, by finite differences


# %%
def loss_at(w, b):
    return ((w * x + b - y) ** 2).mean()


h = 1e-6
dw = (loss_at(0.5 + h, 0.0) - loss_at(0.5 - h, 0.0)) / (2 * h)
db = (loss_at(0.5, h) - loss_at(0.5, -h)) / (2 * h)
print(dw, db)

torch.testing.assert_close((w.grad, b.grad), (dw, db), rtol=1e-8, atol=0)

# %% [markdown]
# ## The graph
#
# `grad_fn` is the backward of the operation that made a tensor; `next_functions` leads to
# the operations before it. Leaves end in `AccumulateGrad`: there the gradient is added to `.grad`.


# %%
def walk(node, depth=0):
    if node is None:
        return
    print("    " * depth + node.name().replace("torch::autograd::", ""))
    for parent, _ in node.next_functions:
        walk(parent, depth + 1)


walk(loss.grad_fn)

# %% [markdown]
# Read it from the top: the mean, the square, the subtraction of $y$, the addition of $b$ (a leaf), and the
# product $w x$, with the leaf $w$ below it. $x$ and $y$ want no gradient: no line leads to them.
#
# What comes back along the graph is the cotangent, the gradient of the loss with respect to each result:
#
# | Result | Cotangent |
# |---|---|
# | mean, the loss | $1$ |
# | $r^2$ | $1/n$ for each entry |
# | $r = \hat y - y$ | $2r/n$ |
# | $\hat y = wx + b$ | $2r/n$, unchanged |
# | $b$ | the sum of $2r/n$, because $b$ was broadcast to $n$ entries |
# | $wx$ | $2r/n$, unchanged |
# | $w$ | the sum of $2r/n \cdot x$, because $w$ was broadcast too |
#
# The same chain as a picture. Under each box stands the norm of the cotangent of its result, which `retain_grad()` keeps.

# %%
import matplotlib.pyplot as plt

w.grad = b.grad = None
product = w * x
prediction = product + b
residual = prediction - y
square = residual**2
loss = square.mean()
steps = {"w x": product, "+ b": prediction, "− y": residual, "( )²": square, "mean": loss}
for tensor in steps.values():
    tensor.retain_grad()
loss.backward()

fig, ax = plt.subplots(
    figsize=(7.2, 2.4),
    num="The computation graph of the loss as a chain of five boxes from left to right: w x,"
    " plus b, minus y, square, mean. An arrow leads forward between neighbors; under each"
    " box stands the norm of the cotangent of its result, 1 at the mean.",
)
for position, (name, tensor) in enumerate(steps.items()):
    ax.text(position, 1, name, ha="center", va="center", bbox={"boxstyle": "round,pad=0.5", "fc": "none", "ec": "C0"})
    ax.text(position, 0.35, f"{tensor.grad.norm():.3f}", ha="center", color="C1")
    if position:
        ax.annotate("", (position - 0.3, 1), (position - 0.7, 1), arrowprops={"arrowstyle": "->", "color": "C0"})
ax.text(-0.75, 0.35, "norm of the\ncotangent", ha="center", va="center", color="C1")
ax.set(xlim=(-1.2, 4.6), ylim=(0, 1.5))
ax.axis("off")
plt.show()

n, r = len(x), residual.detach()
torch.testing.assert_close(square.grad, torch.full_like(r, 1 / n))
torch.testing.assert_close(residual.grad, 2 * r / n)
torch.testing.assert_close(prediction.grad, residual.grad)
torch.testing.assert_close(product.grad, residual.grad)
torch.testing.assert_close(b.grad, residual.grad.sum())
torch.testing.assert_close(w.grad, (residual.grad * x).sum())

# %% [markdown]
# ## The same with nn.Linear and MSELoss
#
# `nn.Linear` wants a column of inputs and returns a column: (8, 1). The target must be a column too. With a target of shape (8,)
# `MSELoss` [compares all pairs](../losses/regression.md#what-to-write-instead), and warns.

# %%
layer = torch.nn.Linear(1, 1, dtype=torch.float64)
with torch.no_grad():
    layer.weight.fill_(0.5)
    layer.bias.zero_()
torch.nn.MSELoss()(layer(x[:, None]), y[:, None]).backward()
print(layer.weight.grad, layer.bias.grad)

torch.testing.assert_close(layer.weight.grad.squeeze(), w.grad)
torch.testing.assert_close(layer.bias.grad.squeeze(), b.grad)

# %% [markdown]
# ## Descent
#
# Sixty steps of gradient descent with step size 0.3. The exact solution comes from `torch.linalg.lstsq`.

# %%
path = []
for step in range(60):
    loss = ((w * x + b - y) ** 2).mean()
    path.append((w.item(), b.item(), loss.item()))
    dw, db = torch.autograd.grad(loss, (w, b))
    with torch.no_grad():
        w -= 0.3 * dw
        b -= 0.3 * db

exact = torch.linalg.lstsq(torch.stack([x, torch.ones(8, dtype=x.dtype)], 1), y).solution
print("descent", round(w.item(), 6), round(b.item(), 6))
print("exact  ", *(round(v, 6) for v in exact.tolist()))
torch.testing.assert_close(torch.stack([w, b]).detach(), exact, atol=1e-6, rtol=0)

# %%
ws, bs, losses = zip(*path)
fig, (left, right) = plt.subplots(
    1,
    2,
    figsize=(7.2, 3.2),
    num="Left: the path of w and b from (0.5, 0) to the exact solution near (2, −1), in steps"
    " that get smaller. Right: the loss on a logarithmic axis falls fast and then levels out at"
    " the noise of the data.",
)
left.plot(ws[:20], bs[:20], "o-", ms=3)  # the others lie on the star
left.plot(*exact.tolist(), "*", ms=14)
left.set(xlabel="w", ylabel="b", title="path")
right.semilogy(losses)
right.minorticks_off()
right.set(xlabel="step", title="loss")
plt.show()

# %% [markdown]
# ## See also
#
# [mse_loss, l1_loss, smooth_l1_loss, huber_loss: gradients and reduction](../losses/regression.md) ·
# [backward(): what it computes](../basics/backward.md) explains why a scalar is needed at the top of the graph.
