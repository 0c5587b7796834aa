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
    torch.autograd.set_detect_anomaly(True, check_nan=False). Where a sum of
    finite gradients overflows, or a hook returns inf: the node that is given
    it. None: no node.
    """
    nodes = [loss.grad_fn] if loss.grad_fn else []
    seen, bad, handles = set(nodes), [], []
    for node in nodes:  # the list grows while it is read

        def look(outputs, inputs, node=node):
            grads = [g for g in (*inputs, *outputs) if g is not None]
            if not all(g.to_dense().isfinite().all() for g in grads):
                bad.append(node)

        handles.append(node.register_hook(look))
        new = [n for n, _ in node.next_functions if n and n not in seen]
        seen.update(new)
        nodes.extend(dict.fromkeys(new))
    try:
        loss.backward()
    finally:
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
assert name == "SqrtBackward0" and x.grad.isnan().all()  # it runs to the end
inf, nan = float("inf"), float("nan")


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


class Broken(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x + 1

    @staticmethod
    def backward(ctx, grad):
        return grad / 0


x = torch.ones(2, requires_grad=True)
assert first_bad_gradient(Broken.apply(x).sum())[0] == "BrokenBackward"
# Each gradient is finite, and their sum is not: at a leaf, and inside.
for wanted, f in {
    "torch::autograd::AccumulateGrad": lambda x: x,
    "SinBackward0": torch.sin,
}.items():

    def doubled(x, f=f):
        y = f(x)
        return (40000 * y + 40000 * y).sum()

    for lined in (False, True):
        x = torch.zeros(2, dtype=torch.float16, requires_grad=True)
        loss = recorded(doubled, x) if lined else doubled(x)
        name, line = first_bad_gradient(loss)
        assert name == wanted and x.grad.isinf().all()
        assert ("in doubled" in line) == lined


def in_part(x):
    y = 1 * x
    y[1:].sqrt_()
    return y.sum()


x = torch.zeros(2, requires_grad=True)
name, line = first_bad_gradient(recorded(in_part, x))
assert name == "torch::autograd::CopySlices" and "in in_part" in line
y = 1 * x
y.view(-1).sqrt_()  # a view of all entries
assert first_bad_gradient(y.sum())[0] == "torch::autograd::CopySlices"
x = torch.ones(2, requires_grad=True)
x.register_hook(lambda g: g * inf)  # what a hook of the leaf returned
name, _ = first_bad_gradient((2 * x).sum())
assert name == "torch::autograd::AccumulateGrad"
# A leaf, and a loss without a graph: what backward() does.
assert first_bad_gradient(torch.ones((), requires_grad=True)) is None
try:
    first_bad_gradient(torch.ones(()))
except RuntimeError as error:
    assert "element 0 of tensors does not require grad" in str(error)
# A pass that raises leaves no hook behind.
x = torch.zeros(2, requires_grad=True)
loss = (x * x).sum()
loss.backward()
try:
    first_bad_gradient(loss)
except RuntimeError as error:
    assert "second time" in str(error)
from torch.utils.checkpoint import checkpoint

for reentrant, wanted in (
    (False, "SqrtBackward0"),
    (True, "CheckpointFunctionBackward"),
):
    x = torch.zeros(2, requires_grad=True)
    loss = checkpoint(torch.sqrt, x, use_reentrant=reentrant).sum()
    assert first_bad_gradient(loss)[0] == wanted
# ... or none where it passes finite gradients on
w, x = (torch.full((), v, requires_grad=True) for v in (0.0, 1.0))
loss = checkpoint(lambda x: x * w.sqrt(), x, use_reentrant=True)
assert first_bad_gradient(loss) is None and w.grad.isinf()
# A hook of a tensor can return inf: the node that is given it.
y = torch.ones(2, requires_grad=True).sin()
y.register_hook(lambda g: g * inf)
assert first_bad_gradient(y.sum())[0] == "SinBackward0"
# A root at 0 need not make a NaN.
for f in (torch.sqrt, lambda x: x.relu().sqrt()):
    x = torch.zeros(2, requires_grad=True)
    with torch.autograd.set_detect_anomaly(True):
        f(x).sum().backward()
    assert not x.grad.isnan().any()

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


def has_nan(values):
    tensors = [t for t in tree_leaves(values) if isinstance(t, torch.Tensor)]
    return any(t.isnan().any() for t in tensors)


class CheckForward(TorchFunctionMode):
    """Raises at the first call of a forward pass that returns NaN."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        given = has_nan((args, kwargs))
        result = function(*args, **(kwargs or {}))
        fresh = "empty" in function.__name__  # it may hold anything
        if has_nan(result) and not fresh:
            verb = "was given" if given else "made"
            raise FloatingPointError(f"{function.__name__} {verb} NaN")
        return result


x = torch.tensor([1.0, 3.0], requires_grad=True)
try:
    with CheckForward():
        loss = (x - 2).log().exp().sum()
except FloatingPointError as error:
    print(error)
# --8<-- [end:forward]
nan = float("nan")


def stopped(f, *inputs):
    try:
        with CheckForward():
            f(*inputs)
    except FloatingPointError as error:
        return str(error)


def assigned(x):
    x[0] = nan
    return x + 1


one = torch.tensor([-1.0])
# backward names an operation that saved a NaN: for x.log().exp() at -1 the
# exponential, and for x.log().sum() none; a root made the NaN, and saved it.
for f, made, named in (
    (lambda x: x.log().exp(), "log", "ExpBackward0"),
    (lambda x: x.log(), "log", None),
    (torch.sqrt, "sqrt", "SqrtBackward0"),
):
    x = one.clone().requires_grad_()
    found = first_bad_gradient(recorded(f, x).sum())
    assert (found and found[0]) == named
    assert stopped(f, x) == f"{made} made NaN"
assert stopped(lambda x: x.log_(), one.clone()) == "log_ made NaN"
assert stopped(torch.log, one) == "log made NaN"
assert stopped(lambda x: torch.where(x > 0, x.log(), 0.0), one)
assert stopped(assigned, one.clone()) == "add was given NaN"
assert stopped(torch.mul, one * nan, 2) == "mul was given NaN"
assert stopped(torch.mul, one, 2) is None
x = torch.zeros(2, requires_grad=True)  # NaN in backward
assert stopped(lambda: distance(x).backward()) is None and x.grad.isnan().all()
lost = stopped(lambda: torch.autograd.grad(distance(x), x))
assert lost == "grad made NaN"
torch.use_deterministic_algorithms(True)  # fills what is empty with NaN
assert torch.empty(3).isnan().all() and one.new_empty(3).isnan().all()
assert stopped(torch.empty, 3) is stopped(torch.empty_like, one) is None
assert stopped(one.new_empty, 3) is None
assert stopped(lambda: torch.empty(3) + 1) == "add was given NaN"
torch.use_deterministic_algorithms(False)
torch.manual_seed(0)
layer = torch.nn.TransformerEncoderLayer(4, 2, 8, batch_first=True).eval()
tokens, padding = torch.randn(1, 3, 4), torch.ones(1, 3, dtype=torch.bool)
with torch.no_grad():
    assert layer(tokens, src_key_padding_mask=padding).isnan().all()
    assert not stopped(lambda: layer(tokens, src_key_padding_mask=padding))
try:
    stopped(torch.func.vmap(torch.log), one)
except RuntimeError as error:
    assert "data-dependent control flow" in str(error)

# --8<-- [start:saved]
from torch.autograd.graph import saved_tensors_hooks


def check(saved):
    bad = saved[~saved.isfinite()]
    if len(bad):
        raise FloatingPointError(f"saved {bad[0]}")
    return saved


for name, f, at in (
    ("exp, then where", lambda x: torch.where(x < 9, x.exp(), x), 1000.0),
    ("log, then exp  ", lambda x: x.log().exp(), -1.0),
    ("log            ", torch.log, -1.0),
    ("sqrt           ", torch.sqrt, 0.0),
):
    x = torch.tensor(at, requires_grad=True)
    try:
        with saved_tensors_hooks(check, lambda saved: saved):
            y = f(x)
        (g,) = torch.autograd.grad(y, x)
        print(name, f"value {y.item()}, gradient {g.item()}")
    except FloatingPointError as error:
        print(name, error)
# --8<-- [end:saved]


def saves_bad(f, at):
    x = torch.tensor(at, requires_grad=True)
    try:
        with saved_tensors_hooks(check, lambda saved: saved):
            f(x)
    except FloatingPointError:
        return True
    return False


for f, at in (
    (torch.exp, [1000.0, 0.0]),
    (torch.reciprocal, [0.3, 0.0]),
    (torch.sqrt, [-0.7]),
    (lambda x: (x - nan).square(), [0.3]),
    (lambda x: (1 + x.exp()).log(), [1000.0]),
    (lambda x: (x - torch.inf).softmax(0), [0.0, 0.0]),
):
    assert saves_bad(f, at)
for f, at in (
    (torch.log, [-0.7, 0.0]),
    (torch.sqrt, [0.0]),
    (torch.acos, [1.0]),
    (distance, [0.0, 0.0]),
    (lambda x: x + nan, [0.3]),
    (lambda x: x / torch.zeros(1), [0.3]),
):
    assert not saves_bad(f, at)
# register_multi_grad_hook, and Node.register_prehook
a, b = torch.zeros(2, requires_grad=True), torch.ones(2, requires_grad=True)
root = a.sqrt()
given, seen = [], []
root.grad_fn.register_prehook(lambda grads: given.extend(grads))
torch.autograd.graph.register_multi_grad_hook(
    [a, b], lambda grads: seen.append([g.isfinite().all() for g in grads])
)
(root + b).sum().backward()
assert given[0].tolist() == [1, 1] and seen == [[False, True]]

# --8<-- [start:modules]
from torch import nn


class Length(nn.Module):
    def forward(self, x):
        return (x**2).sum(-1, keepdim=True).sqrt()


def report(module, inputs, output):
    kind = type(module).__name__
    for y in tree_leaves(output):  # of a tuple too, as an LSTM returns
        if isinstance(y, torch.Tensor):
            print(f"{kind:6} output finite: {y.isfinite().all().item()}")
            if y.requires_grad:
                y.register_hook(
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


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return x * self.weight.sqrt()


# Where all are finite, look at the gradients of the parameters.
chain, finite = nn.Sequential(nn.Linear(2, 2), Scaled(), nn.Tanh()), []
for part in chain:
    part.register_forward_hook(
        lambda module, inputs, y: (
            y.register_hook(lambda g: finite.append(g.isfinite().all()))
            and None
        )
    )
chain(torch.ones(1, 2)).sum().backward()
assert len(finite) == 3 and all(finite) and chain[1].weight.grad.isinf()
# The first gradient that is not finite counts: a ReLU that is off stops a NaN.
chain, finite = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), Length()), []
nn.init.zeros_(chain[0].weight)
nn.init.constant_(chain[0].bias, -1.0)
for part in chain:
    part.register_forward_hook(
        lambda module, inputs, y: (
            y.register_hook(lambda g: finite.append(bool(g.isfinite().all())))
            and None
        )
    )
chain(torch.ones(1, 2)).sum().backward()
assert finite == [True, False, True]
finite.clear()  # the cause is the loss
chain(torch.ones(1, 2)).sum().sqrt().backward()
assert not finite[0]
import contextlib
import io

# How many outputs and gradients of a tuple, a None, a frozen layer.
for part, wanted in (
    (nn.LSTM(4, 2), (3, 1)),
    (nn.MultiheadAttention(4, 2), (1, 1)),
    (nn.Linear(4, 2).requires_grad_(False), (1, 0)),
):
    part.register_forward_hook(report)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        if isinstance(part, nn.MultiheadAttention):
            y = part(*[tokens] * 3, need_weights=False)[0]
        else:
            y = part(tokens)
            y = y[0] if isinstance(y, tuple) else y
        if y.requires_grad:
            y.sum().backward()
    lines = printed.getvalue()
    assert (lines.count("output"), lines.count("gradient")) == wanted
