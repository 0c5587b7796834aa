# --8<-- [start:who]
import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)  # made by hand: a leaf
c = torch.tensor([3.0, 5.0])  # a leaf that asks for nothing
y = c * x  # computed: not a leaf
y.sum().backward()

for name, t in {"x": x, "c": c, "y": y}.items():
    node = t.grad_fn and t.grad_fn.name()
    print(f"{name}: leaf {t.is_leaf}, requires_grad {t.requires_grad}, {node}")
print("x.grad", x.grad)
print("c.grad", c.grad)
# --8<-- [end:who]
assert (x.is_leaf, c.is_leaf, y.is_leaf) == (True, True, False)
assert (x.requires_grad, c.requires_grad, y.requires_grad) == (1, 0, 1)
assert x.grad_fn is None and y.grad_fn is not None
assert torch.equal(x.grad, c) and c.grad is None

torch.manual_seed(0)
# --8<-- [start:trap-scaled]
w = torch.randn(3, requires_grad=True) * 0.1
print("leaf:", w.is_leaf)
try:
    torch.optim.SGD([w], lr=0.1)
except ValueError as error:
    message = str(error)
print(message)
converted = torch.randn(3, requires_grad=True).double()
print("converted, a leaf:", converted.is_leaf)
# --8<-- [end:trap-scaled]
assert message == "can't optimize a non-leaf Tensor" and not w.is_leaf
assert not converted.is_leaf
for computed in (w, converted):
    for kind in (torch.optim.SGD, torch.optim.Adam):
        try:
            kind([computed], lr=0.1)
            raise AssertionError(kind)
        except ValueError as error:
            assert str(error) == message
same = torch.randn(3, requires_grad=True)
assert same.float() is same  # no conversion: the leaf itself
made = 2 * torch.ones(2)  # an operation, not recorded
assert made.is_leaf and made.grad_fn is None

# --8<-- [start:fix-scaled]
w = (torch.randn(3) * 0.1).requires_grad_()
v = torch.nn.Parameter(torch.randn(3).double() * 0.1)
print("leaves:", w.is_leaf, v.is_leaf)
optimizer = torch.optim.SGD([w, v], lr=0.1)
# --8<-- [end:fix-scaled]
assert w.is_leaf and v.is_leaf and v.dtype is torch.double


# --8<-- [start:trap-history]
def nodes(tensor):
    """How many nodes of a graph does this tensor keep alive?"""
    todo, seen = [getattr(tensor, "grad_fn", None)], set()
    while todo:
        node = todo.pop()
        if node is not None and node not in seen:
            seen.add(node)
            todo += [before for before, _ in node.next_functions]
    return len(seen)


total = 0
for step in range(3):
    loss = (x**2).sum()
    loss.backward()
    total += loss
    print("kept:", nodes(total))
# --8<-- [end:trap-history]
assert nodes(total) == 10
with torch.no_grad():
    assert nodes(total + (x**2).sum()) == 0
square = loss.grad_fn.next_functions[0][0]
try:
    saved = square._saved_self
except RuntimeError as error:
    message = str(error)  # backward() has let go of what it had saved
assert message.startswith("Trying to backward through the graph a second")
fresh = (x**2).sum().grad_fn.next_functions[0][0]
assert torch.equal(fresh._saved_self, x)

# --8<-- [start:fix-history]
total = 0
for step in range(3):
    loss = (x**2).sum()
    loss.backward()
    total += loss.item()  # or loss.detach()
    print("kept:", nodes(total))
# --8<-- [end:fix-history]
assert nodes(total) == 0 and total == 15

# --8<-- [start:warning]
import textwrap
import warnings


def show(text):
    print(textwrap.fill(str(text), 68, break_on_hyphens=False))


with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print("y.grad", y.grad)
text = str(caught[0].message).split(" (Triggered")[0]
show(text)
# --8<-- [end:warning]
assert text.startswith("The .grad attribute of a Tensor that is not a leaf")

# --8<-- [start:retain]
x = torch.tensor([1.0, 2.0], requires_grad=True)
c = torch.tensor([3.0, 5.0])
y = c * x
y.retain_grad()
(y**2).sum().backward()
print("y.grad", y.grad)
print("x.grad", x.grad)
# --8<-- [end:retain]
assert torch.equal(y.grad, 2 * y) and torch.equal(x.grad, 2 * c**2 * x)

# claim: backward(inputs=[y]) fills y.grad too, and not x.grad.
leaf = torch.tensor([1.0, 2.0], requires_grad=True)
result = c * leaf
(result**2).sum().backward(inputs=[result])
assert torch.equal(result.grad, 2 * result) and leaf.grad is None
result = c * leaf
square = result**2
square.retain_grad()  # a tensor on the way keeps its own
square.sum().backward(inputs=[result])
assert leaf.grad is None and square.grad.tolist() == [1, 1]

# --8<-- [start:retain-else]
x.retain_grad()  # a leaf: nothing to do
print("leaf:", x.retains_grad)
try:
    c.retain_grad()
except RuntimeError as error:
    print(error)
# --8<-- [end:retain-else]
assert not x.retains_grad and y.retains_grad
# what is computed keeps None unless it asks; a leaf gets its gradient
for operation in (torch.exp, torch.neg, lambda t: t[:1], lambda t: t.T):
    leaf = torch.ones(2, 3, requires_grad=True)
    result, asked = operation(leaf), operation(leaf)
    asked.retain_grad()
    (result.sum() + asked.sum()).backward(retain_graph=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert result.grad is None
    assert asked.grad is not None and leaf.grad is not None
    asked.sum().backward()
    assert (asked.grad == 2).all()  # added

# --8<-- [start:adds]
x.grad = None
for step in range(3):
    (c * x).sum().backward()
    print(x.grad)
# --8<-- [end:adds]
assert torch.equal(x.grad, 3 * c)

# --8<-- [start:zero-or-none]
w = torch.tensor([1.0], requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.5)

(3 * w).sum().backward()
optimizer.zero_grad()
print("zero_grad()                 ", w.grad)

(3 * w).sum().backward()
optimizer.zero_grad(set_to_none=False)
print("zero_grad(set_to_none=False)", w.grad)
# --8<-- [end:zero-or-none]
assert w.grad.item() == 0
optimizer.zero_grad()
assert w.grad is None
optimizer.zero_grad(set_to_none=False)
assert w.grad is None


# --8<-- [start:optimizers]
def second_step(optimizer_class, grad, **options):
    """One step with gradient 1, then one with `grad`: what moved?"""
    w = torch.tensor([1.0], requires_grad=True)
    optimizer = optimizer_class([w], lr=0.5, **options)
    w.grad = torch.tensor([1.0])
    optimizer.step()
    before = w.item()
    w.grad = grad
    optimizer.step()
    return round(w.item() - before, 4)


SGD, Adam = torch.optim.SGD, torch.optim.Adam
zero = torch.tensor([0.0])
for name, kind, options in (
    ("SGD              ", SGD, {}),
    ("SGD, momentum    ", SGD, {"momentum": 0.5}),
    ("SGD, weight decay", SGD, {"weight_decay": 0.5}),
    ("Adam             ", Adam, {}),
):
    skipped = second_step(kind, None, **options)
    moved = second_step(kind, zero, **options)
    print(f"{name}  None: {skipped}  0: {moved}")
# --8<-- [end:optimizers]
assert second_step(Adam, None) == 0 and second_step(Adam, zero) < -0.3
assert second_step(SGD, None, momentum=0.5, weight_decay=0.5) == 0
assert second_step(SGD, zero) == 0
assert second_step(SGD, zero, momentum=0.5) == -0.25
assert second_step(SGD, zero, weight_decay=0.5) == -0.0625
# claim: SGD with momentum skips None, and may move on 0.
still = torch.tensor([1.0], requires_grad=True)
still.grad = zero
SGD([still], lr=0.5, momentum=0.5).step()  # no step went before
assert still.item() == 1

# --8<-- [start:frozen]
w = torch.tensor([1.0], requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.25)
(3 * w).sum().backward()

w.requires_grad_(False)  # frozen, with 3 in .grad
optimizer.step()
print("with the old .grad:", w)
w.grad = None
optimizer.step()
print("after .grad = None:", w)
# --8<-- [end:frozen]
assert w.item() == 0.25
for to_none, moved in (True, False), (False, True):  # unless zero_grad()
    w = torch.tensor([1.0], requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.25, weight_decay=0.5)
    (3 * w).sum().backward()
    w.requires_grad_(False)
    optimizer.zero_grad(set_to_none=to_none)
    optimizer.step()
    assert (w != 1) == moved

# --8<-- [start:unused]
x = torch.tensor([1.0, 2.0], requires_grad=True)
u = torch.tensor([7.0], requires_grad=True)
loss = x[0] ** 2  # neither x[1] nor u
loss.backward()
print("x.grad", x.grad)
print("u.grad", u.grad)
# --8<-- [end:unused]
assert x.grad.tolist() == [2, 0] and u.grad is None
used = torch.tensor([7.0], requires_grad=True)
with torch.no_grad():
    view = used[:1]
(0 * used + view).sum().backward()  # 0 * x is a path
assert used.grad.item() == 0
assert view.is_leaf and view.requires_grad and view.grad is None
torch.linalg.vector_norm(u, 0).backward()  # a path, but no gradient
assert u.grad is None

# --8<-- [start:unused-error]
from torch.autograd import grad

try:
    grad(x[0] ** 2, (x, u))
except RuntimeError as error:
    message = str(error)
show(message)
# --8<-- [end:unused-error]
assert "appears to not have been used in the graph" in message

# --8<-- [start:allow-unused]
print(grad(x[0] ** 2, (x, u), allow_unused=True))
print(grad(x[0] ** 2, (x, u), materialize_grads=True))
# --8<-- [end:allow-unused]
assert grad(x[0] ** 2, u, allow_unused=True) == (None,)
assert grad(x[0] ** 2, u, materialize_grads=True)[0].tolist() == [0]

# --8<-- [start:again]
loss = (x**2).sum()
loss.backward()
try:
    loss.backward()
except RuntimeError as error:
    message = str(error)
show(message)
# --8<-- [end:again]
assert message.startswith("Trying to backward through the graph a second")
total = torch.ones(3, requires_grad=True)
loss = total.sum()
for step in range(2):
    loss.backward()  # a sum saves no tensor
assert (total.grad == 2).all()

# --8<-- [start:again-fixed]
x.grad = None
loss = (x**2).sum()
loss.backward(retain_graph=True)
loss.backward()
print("the same graph, kept:", x.grad)

x.grad = None
for step in range(2):
    loss = (x**2).sum()  # a new graph for each pass
    loss.backward()
print("two graphs:          ", x.grad)
# --8<-- [end:again-fixed]
assert torch.equal(x.grad, 4 * x)
# claim: Where the loss hangs on to the previous iteration, the remedy is
#   detach().
for cut in (True, False):
    h, leaf = torch.ones(2), torch.ones(2, requires_grad=True)
    try:
        for step in range(3):
            h = torch.tanh(h.detach() * leaf if cut else h * leaf)
            h.sum().backward()
        assert cut
    except RuntimeError as error:
        assert not cut and "a second time" in str(error)


# --8<-- [start:integers]
for make in (
    lambda: torch.tensor([1, 2], requires_grad=True),
    lambda: torch.tensor([1, 2]).requires_grad_(),
):
    try:
        make()
    except RuntimeError as error:
        print(error)
print(torch.tensor([1.0, 2.0]).requires_grad_())
print(torch.tensor([1 + 2j]).requires_grad_())
# --8<-- [end:integers]
assert torch.tensor([1 + 2j]).requires_grad_().requires_grad

# --8<-- [start:graph]
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = c * x
for node, _ in y.grad_fn.next_functions:
    print(node and node.name())
sink = y.grad_fn.next_functions[1][0]
print("it holds x:", sink.variable is x)
# --8<-- [end:graph]
assert sink.variable is x and y.grad_fn.next_functions[0][0] is None

# --8<-- [start:paths]
loss = (2 * x + 3 * x).sum()  # two ways from x to the loss
loss.backward()
print(x.grad)
# --8<-- [end:paths]
assert x.grad.tolist() == [5, 5]
# within one pass the engine adds, and the node of the leaf runs once
y = 2 * x
arrived = []
y.grad_fn.next_functions[0][0].register_prehook(arrived.extend)
for step in range(2):
    (2 * x + 3 * x + y).sum().backward(retain_graph=True)
assert [g.tolist() for g in arrived] == [[7, 7], [7, 7]]
assert x.grad.tolist() == [19, 19]
