# --8<-- [start:run]
import warnings

import torch


def distance(x):
    squares = x**2
    return squares.sum().sqrt()


x = torch.tensor([0.0, 0.0], requires_grad=True)
with torch.autograd.set_detect_anomaly(True), warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the traceback of the forward call
    try:
        distance(x).backward()
    except RuntimeError as error:
        print(error)
# --8<-- [end:run]


# --8<-- [start:find]
def first_bad_gradient(loss):
    """Instead of loss.backward(): the first operation that returns NaN or inf.

    Its name, and the line that called it, if the forward pass has run inside
    torch.autograd.set_detect_anomaly(True, check_nan=False). None: all finite.
    """
    nodes, seen, bad, handles = [loss.grad_fn], {loss.grad_fn}, [], []
    for node in nodes:  # the list grows while it is read

        def look(outputs, inputs, node=node):
            grads = [g.to_dense() for g in outputs if g is not None]
            bad.extend(node for g in grads if not g.isfinite().all())

        handles.append(node.register_hook(look))
        new = [n for n, _ in node.next_functions if n and n not in seen]
        seen.update(new)
        nodes.extend(dict.fromkeys(new))
    loss.backward()
    for handle in handles:
        handle.remove()
    if bad:
        stack = bad[0].metadata.get("traceback_", [])
        ours = [line for line in stack if torch.__path__[0] not in line]
        return bad[0].name(), ours[-1].strip() if ours else "no forward trace"


# --8<-- [end:find]


# --8<-- [start:found]
def recorded(f, *inputs):
    with torch.autograd.set_detect_anomaly(True, check_nan=False):
        return f(*inputs)


name, line = first_bad_gradient(recorded(distance, x))
print(name, "called", line.splitlines()[0].split(", ")[-1])
# --8<-- [end:found]
assert name == "SqrtBackward0"
inf, nan = float("inf"), float("nan")


def softmax_log(x):
    return torch.stack([x[0], x[1] - 200]).softmax(0).log()[1]


def with_where(f):
    return lambda x: torch.where(x != 0, f(x), 0.0).sum()


traps = {
    "SqrtBackward0": distance,
    "LogBackward0": with_where(torch.log),
    "ReciprocalBackward0": with_where(lambda x: 1 / x),
    "XlogyBackward0": lambda x: torch.xlogy(x, x).sum(),
    "AcosBackward0": lambda x: (x + 1).acos().sum(),
    "DivBackward0": lambda x: (x.sin() / x).sum(),
    "LogsumexpBackward0": lambda x: (x - inf).logsumexp(0),
    "SoftmaxBackward0": lambda x: (x - inf).softmax(0).sum(),
    "ExpBackward0": lambda x: (1 + (x + 100).exp()).log().sum(),
    "PowBackward0": lambda x: (0 * x**0.5).sum(),
    "LgammaBackward0": lambda x: x.lgamma().sum(),
    "LogitBackward0": lambda x: x.logit().sum(),
}
# On twelve traps of this site, also under autocast.
assert len(traps) == 12
for wanted, f in traps.items():
    for half in (False, True):
        x = torch.zeros(2, requires_grad=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = recorded(f, x)
        name, line = first_bad_gradient(loss)
        assert name == wanted and "line" in line
        loss = f(torch.zeros(2, requires_grad=True))
        assert first_bad_gradient(loss) == (wanted, "no forward trace")
for f in (torch.linalg.vector_norm, lambda x: (x * x).sum()):
    assert first_bad_gradient(f(torch.zeros(3, requires_grad=True))) is None

# --8<-- [start:misses]
x = torch.tensor([1.0, -1.0], requires_grad=True)
with torch.autograd.set_detect_anomaly(True):
    x.acos().sum().backward()
print("infinite gradient:", x.grad)
x.grad = None
with torch.autograd.set_detect_anomaly(True):
    loss = (x - 2).log().sum()
    loss.backward()
print("loss", loss.item(), "gradient", x.grad)
# --8<-- [end:misses]
assert loss.isnan() and x.grad.isfinite().all()

# --8<-- [start:forward]
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves


class CheckForward(TorchFunctionMode):
    """Raises at the call that makes the first NaN of a forward pass."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for t in tree_leaves(result):
            if isinstance(t, torch.Tensor) and t.isnan().any():
                raise FloatingPointError(f"{function.__name__} made NaN")
        return result


x = torch.tensor([1.0, 3.0], requires_grad=True)
try:
    with CheckForward():
        loss = (x - 2).log().exp().sum()
except FloatingPointError as error:
    print(error)
# --8<-- [end:forward]

# --8<-- [start:modules]
from torch import nn


class Length(nn.Module):
    def forward(self, x):
        return (x**2).sum(-1, keepdim=True).sqrt()


def report(module, inputs, output):
    kind, finite = type(module).__name__, output.isfinite().all().item()
    print(f"{kind:6} output finite: {finite}")
    output.register_hook(
        lambda g: print(f"{kind:6} its gradient: {g.tolist()}")
    )


torch.manual_seed(0)
model = nn.Sequential(nn.Linear(2, 2), Length(), nn.Linear(1, 1))
nn.init.zeros_(model[0].weight)
nn.init.zeros_(model[0].bias)
for part in model:
    part.register_forward_hook(report)
model(torch.ones(1, 2)).sum().backward()
# --8<-- [end:modules]
assert model[0].weight.grad.isnan().all()
assert model[2].weight.grad.isfinite().all()
