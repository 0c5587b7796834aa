# --8<-- [start:run]
import torch
from torch import nn

model = nn.Linear(2, 1)
model.requires_grad_(False)  # frozen, as a pretrained network is
loss = model(torch.ones(4, 2)).square().mean()
try:
    loss.backward()
except RuntimeError as error:
    message = str(error)
print(message)
print("requires_grad:", loss.requires_grad, " grad_fn:", loss.grad_fn)
# --8<-- [end:run]
assert message.startswith("element 0 of tensors does not require grad")

# --8<-- [start:trap]
model.requires_grad_(True)  # to be trained
head = nn.Linear(1, 1)
loss = head(model(torch.ones(4, 2)).detach()).square().mean()
loss.backward()  # no error: the head has a graph
print("head ", head.weight.grad is not None)
print("model", [p.grad for p in model.parameters()])
# --8<-- [end:trap]
head.requires_grad_(False)  # frozen, or before the cut: not enough
torch.manual_seed(0)
body = nn.Linear(2, 1)
assert not head(body(torch.ones(4, 2)).detach()).requires_grad
head.requires_grad_(True)
out = body(torch.ones(4, 2))
(head(out.detach()) + out).mean().backward()  # a path around the cut
assert (body.weight.grad == 1).all()

# --8<-- [start:fix]
model.weight.requires_grad_(False)  # not to be trained
loss = head(model(torch.ones(4, 2))).square().mean()
trained = [p for p in model.parameters() if p.requires_grad]
grads = torch.autograd.grad(loss, trained)
print("gets a gradient:", [tuple(g.shape) for g in grads])
# --8<-- [end:fix]
assert len(grads) == 1 and grads[0].shape == (1,)
cut = head(model(torch.ones(4, 2)).detach()).square().mean()
try:
    torch.autograd.grad(cut, trained)
except RuntimeError as error:
    assert "not have been used in the graph" in str(error)
else:
    raise AssertionError("no error")

# --8<-- [start:causes]
w = torch.tensor([1.0, -2.0], requires_grad=True)


def under(context):
    with context():
        return (w * w).sum()


causes = {
    "no parameter requires one": lambda: torch.tensor([1.0]).sum(),
    "under no_grad": lambda: under(torch.no_grad),
    "under inference_mode": lambda: under(torch.inference_mode),
    "detach": lambda: (w * w).detach().sum(),
    "item, built again": lambda: torch.tensor((w * w).sum().item()),
    "through NumPy": lambda: torch.from_numpy((w * w).detach().numpy()).sum(),
    "an integer": lambda: w.long().sum().float(),
    "a comparison": lambda: (w > 0).float().mean(),
    "argmax": lambda: w.argmax().float(),
    "one_hot of an index": lambda: (
        nn.functional.one_hot(w.argmax()).float().sum()
    ),
}
texts = []
for loss_of in causes.values():
    try:
        loss_of().backward()
    except RuntimeError as error:
        texts.append(str(error))
print(len(texts), "of", len(causes), "raise", set(texts))
# --8<-- [end:causes]
assert len(causes) == len(texts) == 10 and set(texts) == {message}
assert w.requires_grad  # a parameter that the loss does not use is no help

# --8<-- [start:find]
w = torch.tensor([1.0, -2.0], requires_grad=True)
steps = {"x": w, "square": w * w}
steps["half"] = steps["square"].detach() / 2
steps["loss"] = steps["half"].sum()
for name, t in steps.items():
    node = type(t.grad_fn).__name__
    print(f"{name:6} requires_grad {t.requires_grad!s:5} {node}")
# --8<-- [end:find]

# --8<-- [start:checkpoint]
import warnings

from torch.utils.checkpoint import checkpoint

torch.manual_seed(0)
layer, image = nn.Linear(2, 2), torch.randn(3, 2)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    out = checkpoint(layer, image, use_reentrant=True)
print(out.requires_grad, caught[-1].message, sep="\n")
for x, reentrant in ((image.clone().requires_grad_(), True), (image, False)):
    out = checkpoint(layer, x, use_reentrant=reentrant)
    print(f"use_reentrant={reentrant}:", out.requires_grad)
# --8<-- [end:checkpoint]
for x, reentrant in ((image.clone().requires_grad_(), True), (image, False)):
    layer.zero_grad()
    checkpoint(layer, x, use_reentrant=reentrant).sum().backward()
    assert layer.weight.grad.any()

# --8<-- [start:element]
losses = [(w * w).sum(), (w > 0).float().sum()]
try:
    torch.autograd.backward(losses)
except RuntimeError as error:
    print(error)
# --8<-- [end:element]

# --8<-- [start:other]
try:
    torch.autograd.grad((w * w).sum(), torch.ones(2))
except RuntimeError as error:
    print(error)
try:
    torch.autograd.grad((w * w).sum(), torch.ones(2, requires_grad=True))
except RuntimeError as error:
    print(str(error).split(". ")[0])
# --8<-- [end:other]

for cut in (w > 0, w.argmax(), w.long()):  # not differentiable: no node
    assert w.requires_grad and cut.grad_fn is None
assert (w > 0).float().mean().is_leaf

# --8<-- [start:requires]
loss = (w > 0).float().mean().requires_grad_()
loss.backward()
print("w.grad:", w.grad, " loss.grad:", loss.grad)
# --8<-- [end:requires]
assert w.grad is None and loss.grad == 1
# Here: an inference tensor and an integer refuse it
with torch.inference_mode():
    inference = (w * w).sum()
for loss in (inference, w.argmax()):
    try:
        loss.requires_grad_()
    except RuntimeError as error:
        assert str(error).startswith(("Setting requires_grad", "only Tensors"))
    else:
        raise AssertionError("not refused")
