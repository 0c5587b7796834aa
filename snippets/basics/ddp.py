# --8<-- [start:run]
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel as DDP


def two():
    module = nn.Linear(1, 1)
    module.unused = nn.Linear(1, 1)  # forward() does not call it
    return module


dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
model, x = DDP(two()), torch.ones(1, 1)
model(x).sum().backward()  # the first step raises nothing
try:
    model(x)
except RuntimeError as error:
    lines = str(error).split("\n")
    print(lines[0].partition(". This")[0])
    print(lines[3])
# --8<-- [end:run]
assert lines[0].startswith("Expected to have finished reduction in the prior")
assert lines[3].endswith("for rank 0: 2 3")

# --8<-- [start:which]
model = DDP(two())
model(x).sum().backward()
learned = [
    (name, p) for name, p in model.module.named_parameters() if p.requires_grad
]
for number, (name, p) in enumerate(learned):
    if p.grad is None:
        print(number, name)
# --8<-- [end:which]
with torch.no_grad():
    model(x)  # no error: no graph
torch.manual_seed(0)
model = DDP(two())
for _ in range(2):
    model(x)
    x.clone().requires_grad_().sum().backward()  # used no parameter


def indices(module):
    """The numbers in the message, and of the parameters without .grad."""
    wrapped = DDP(module)
    wrapped(x).sum().backward()
    wanted = [p for p in module.parameters() if p.requires_grad]
    missing = [str(n) for n, p in enumerate(wanted) if p.grad is None]
    try:
        wrapped(x)
    except RuntimeError as error:
        return str(error).split("\n")[3].rpartition(": ")[2].split(), missing
    raise AssertionError


# The message counts the parameters that require a gradient, from 0.
assert indices(two()) == (["2", "3"], ["2", "3"])
half = two()
half.weight.requires_grad_(False)
assert indices(half) == (["1", "2"], ["1", "2"])


# --8<-- [start:frozen]
def two_steps(model, add=lambda module: 0):
    """The gradients of all parameters after two steps."""
    for _ in range(2):
        loss = model(x).sum() + add(model.module)
        loss.backward()
    grads = [p.grad for p in model.module.parameters()]
    return [g if g is None else g.item() for g in grads]


frozen = two()
frozen.unused.requires_grad_(False)  # before DDP looks at it
print("frozen", two_steps(DDP(frozen)))
# --8<-- [end:frozen]
assert two_steps(DDP(frozen)) == [4, 4, None, None]
late = two()
late.weight.requires_grad_(False)
model = DDP(late, find_unused_parameters=True)
late.weight.requires_grad_(True)
assert two_steps(model) == [2, 2, None, None]

# --8<-- [start:find]
print("find  ", two_steps(DDP(two(), find_unused_parameters=True)))
print("static", two_steps(DDP(two(), static_graph=True)))
# --8<-- [end:find]


# --8<-- [start:zero]
def zero_times(module):
    return 0 * sum(p.sum() for p in module.unused.parameters())


print("0 * p ", two_steps(DDP(two()), zero_times))
# --8<-- [end:zero]
assert two_steps(DDP(two()), zero_times) == [2, 2, 0, 0]
broken = two()
nn.init.constant_(broken.unused.weight, torch.inf)
assert two_steps(DDP(broken), zero_times)[2] == 0
assert zero_times(broken).isnan()
assert (0 * torch.ones(70000, dtype=torch.float16).sum()).isnan()


# --8<-- [start:output]
class Both(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.other = nn.Linear(1, 1), nn.Linear(1, 1)

    def forward(self, x):
        return self.one(x), self.other(x)


model = DDP(Both())
try:
    for _ in range(2):
        model(x)[0].sum().backward()  # the second output is not in the loss
except RuntimeError as error:
    print(str(error).partition(". This")[0])
# --8<-- [end:output]
frozen = Both()
frozen.other.requires_grad_(False)
model = DDP(frozen)
for _ in range(2):
    model(x)[0].sum().backward()
for option, passes in ("find_unused_parameters", 4), ("static_graph", 2):
    both, done = Both(), 0
    both.unused = nn.Linear(1, 1)  # without one DDP warns
    model = DDP(both, **{option: True})
    try:
        for _ in range(4):
            model(x)[0].sum().backward()
            done += 1
    except RuntimeError as error:
        assert "finished reduction in the prior iteration" in str(error)
    assert done == passes


class Keeps(Both):
    def forward(self, x):
        self.kept = self.other(x)  # not returned
        return self.one(x)


model = DDP(Keeps(), static_graph=True)
two_steps(model)
assert two_steps(model) == [4, 4, None, None]

# --8<-- [start:none]
try:
    DDP(nn.Linear(1, 1).requires_grad_(False))
except RuntimeError as error:
    print(error)
dist.destroy_process_group()
# --8<-- [end:none]
