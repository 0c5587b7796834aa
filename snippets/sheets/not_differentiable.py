"""Where a function without a gradient says so: the call, backward, nowhere."""

# --8<-- [start:run]
import torch

x = torch.tensor([3.0, 1.0, 2.0], requires_grad=True)

for call in (
    lambda: x.numpy(),  # raises at once
    lambda: torch.unique(x),  # has a node
    lambda: torch.heaviside(x, x),  # has a node
    lambda: torch.histc(x, bins=2),  # has none
    lambda: torch.argmax(x),  # an integer has none
):
    try:
        output = call()
        print("node:", output.grad_fn and output.grad_fn.name())
        output.sum().backward()
    except RuntimeError as error:
        print(error)
# --8<-- [end:run]

# --8<-- [start:silent]
w = torch.tensor([3.0, 1.0, 2.0], requires_grad=True)
terms = {"sum": w.sum(), "bins": torch.histc(w, bins=2).max()}
sum(terms.values()).backward()
print(w.grad)  # of the sum alone, and without an error
# --8<-- [end:silent]
assert w.grad.tolist() == [1, 1, 1]

# --8<-- [start:find]
print([name for name, term in terms.items() if not term.requires_grad])
# --8<-- [end:find]
assert not terms["bins"].requires_grad

# --8<-- [start:vander]
v = torch.tensor([2.0, 3.0], requires_grad=True)
try:
    torch.vander(v, 3).sum().backward()
except RuntimeError as error:
    print(str(error).split(":")[0])
torch.linalg.vander(v, N=3).sum().backward()
print(v.grad)  # of 1 + x + x²
# --8<-- [end:vander]


def gradient_of(function, entries, columns):
    t = torch.linspace(0.5, 2, entries, requires_grad=True)
    try:
        return torch.autograd.grad(function(t, N=columns).sum(), t)[0]
    except RuntimeError as error:
        assert "modified by an inplace operation" in str(error)


# claim: From two columns on, the backward pass of torch.vander raises,
#   and that of torch.linalg.vander does not
for entries in range(1, 6):
    for columns in range(2, 7):
        assert gradient_of(torch.vander, entries, columns) is None
        assert gradient_of(torch.linalg.vander, entries, columns) is not None
