"""Ways to call a function of torch without knowing it: the samples of torch's own tests, and a ladder of arguments.

A rung of the ladder is a kind of tensor: a vector, a positive definite matrix, an image, a sparse matrix, … The
parameters come from the function's signature or from the first line of its description; one whose name stands in
``VALUES`` gets that value, every other one the tensor of the rung.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import get_testing_overrides
from torch.utils._pytree import tree_leaves, tree_map

from tests.content.functions import Family, is_public, resolve

if TYPE_CHECKING:
    from torch.testing._internal.opinfo.core import OpInfo

SAMPLES = 6  # of one entry of torch's tests, and of how many: the first ones are often of empty tensors
LOOKED_AT = 60


@dataclass(frozen=True)
class Call:
    """A function with arguments; tensors that require grad say what is to be differentiated.

    Args:
        function, args, kwargs: the call.
        how: where it is from: a rung of the ladder, or torch's tests.
    """

    function: Callable
    args: tuple
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    how: str = ""

    @property
    def floats(self) -> list[torch.Tensor]:
        """Its floating-point tensors, in order."""
        return [value for value in tree_leaves((list(self.args), dict(self.kwargs))) if is_floating(value)]

    def made(self, leaves: list[int], *, change: Callable | None = None, cloned: bool = False) -> Made:
        """The call with copies of its tensors.

        Args:
            leaves: which of its floating-point tensors are leaves.
            change: what to do to their values.
            cloned: whether the function gets a copy of a leaf: it may write to that.
        """
        found: list[torch.Tensor] = []
        numbers = itertools.count()

        def copied(value: Any) -> Any:
            if not isinstance(value, torch.Tensor):
                return value
            new = value.detach().clone()
            if not is_floating(value) or next(numbers) not in leaves:
                return new
            found.append((change(new) if change else new).requires_grad_())
            return found[-1].clone() if cloned else found[-1]

        args, kwargs = tree_map(copied, (list(self.args), dict(self.kwargs)))
        return Made(self.function, args, kwargs, found)


@dataclass(frozen=True)
class Made:
    """A call with tensors of its own, and those of them that are leaves."""

    function: Callable
    args: list
    kwargs: dict
    leaves: list[torch.Tensor]

    def run(self) -> tuple[list[torch.Tensor], Any]:
        """The tensors that it returns and that are none of its arguments as they were, and all that it returns."""
        before = {id(v): (v, v.grad_fn) for v in tree_leaves((self.args, self.kwargs)) if isinstance(v, torch.Tensor)}
        output = self.function(*self.args, **self.kwargs)
        tensors = [v for v in tree_leaves(output) if isinstance(v, torch.Tensor)]
        return [t for t in tensors if id(t) not in before or before[id(t)][1] is not t.grad_fn], output


def seed() -> None:
    """Begin the same random numbers again; ``torch.manual_seed`` looks at the whole stack each time."""
    torch.default_generator.manual_seed(0)


def is_floating(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and (value.is_floating_point() or value.is_complex())


def samples(known: Mapping[str, Callable]) -> tuple[dict[str, list[OpInfo]], dict[str, list[str]]]:
    """The entries of torch's own tests by the name of their function, and further names of each."""
    # Here, and not above: to import torch's own tests changes torch, and warns where one of their packages is missing.
    from torch.testing._internal.common_methods_invocations import op_db

    names = {id(function): name for name, function in known.items()}
    entries: dict[str, list[OpInfo]] = {}
    aliases: dict[str, list[str]] = {}
    for entry in op_db:
        name = names.get(id(entry.op)) or resolve(entry.name, known)
        if name:
            entries.setdefault(name, []).append(entry)
            others = [found for alias in entry.aliases if (found := resolve(alias.name, known))]
            aliases.setdefault(name, []).extend(others)
    return entries, aliases


def calls(family: Family, entries: Mapping[str, list[OpInfo]]) -> Iterator[Iterator[Call]]:
    """Ways to call a function, the best first: real and complex samples of torch's tests, then the ladder."""
    found = [entry for name in family.functions for entry in entries.get(name, ())]
    for dtypes in ((torch.float64, torch.float32, torch.int64, torch.bool), (torch.complex128,)):
        for entry in found:
            yield _of_entry(entry, dtypes)
    for name in family.spoken:
        if is_public(family.functions[name]):
            yield _ladder(name, family.functions[name])


def _of_entry(entry: OpInfo, wanted: tuple[torch.dtype, ...]) -> Iterator[Call]:
    supported = entry.supported_dtypes("cpu")
    dtype = next((dtype for dtype in wanted if dtype in supported), None)
    if dtype is None:
        return
    seed()
    try:  # sample_inputs of the entry itself looks at the whole stack each time
        drawn = entry.sample_inputs_func(entry, "cpu", dtype, dtype.is_floating_point or dtype.is_complex)
        found = (
            Call(entry.op, (s.input, *s.args), s.kwargs, "torch's tests") for s in itertools.islice(drawn, LOOKED_AT)
        )
        full = (call for call in found if all(tensor.numel() for tensor in call.floats))
        for call in itertools.islice(full, SAMPLES):
            if not call.floats:  # what does it say of floating-point numbers?
                args = tree_map(lambda v: v.double() if isinstance(v, torch.Tensor) else v, list(call.args))
                yield Call(call.function, tuple(args), call.kwargs)
            yield call
    except Exception:  # a sample that cannot be drawn here, for want of a device or a library
        return


def _tensor(*shape: int) -> torch.Tensor:
    return (0.1 + 0.8 * torch.rand(shape, dtype=torch.float64)).requires_grad_()


def _matrix(as_layout: Callable = torch.clone) -> torch.Tensor:
    dense = torch.eye(3, dtype=torch.float64) + 0.1 * torch.ones(3, 3, dtype=torch.float64)
    return as_layout(dense).requires_grad_()


@functools.cache
def rungs() -> dict[str, tuple[Any, ...]]:
    """What stands for the first parameter, for the second, and for all others that VALUES does not know."""
    seed()
    sparse, vector, matrix = _matrix(torch.Tensor.to_sparse), _tensor(3), _matrix()
    shapes = ((3,), (1, 4, 9), (1, 2, 4, 4))
    quantized = [torch.quantize_per_tensor(torch.rand(shape), 0.1, 0, torch.quint8) for shape in shapes]
    by_channel = torch.quantize_per_channel(torch.rand(3), VALUES["scales"], VALUES["zero_points"], 0, torch.quint8)
    return {
        "a vector": (vector,),
        "a matrix": (matrix,),
        "a matrix and a vector": (matrix, vector),
        "a scalar": (_tensor(),),
        "a matrix that is transposed": (_tensor(2, 3).detach().t().requires_grad_(),),
        "a stack of matrices": (_tensor(3, 3, 3), _tensor(3, 3, 3), vector),
        "a stack of numbers": (_tensor(3, 1, 1),),
        "a vector and two matrices": (vector, matrix, matrix),
        "an image": (_tensor(1, 2, 4, 4),),
        "a volume": (_tensor(1, 2, 4, 4, 4),),
        "columns": (_tensor(1, 4, 9),),
        "a list of vectors": ([vector, _tensor(3)], [vector, vector], vector),
        "a sparse matrix": (sparse, matrix),
        "two sparse matrices": (sparse, sparse, matrix),
        "a matrix and a sparse one": (matrix, sparse, matrix),
        "rows": (_matrix(torch.Tensor.to_sparse_csr), matrix),
        "columns of a sparse matrix": (_matrix(torch.Tensor.to_sparse_csc), matrix),
        "a quantized vector": (quantized[0],),
        "quantized columns": (quantized[1],),
        "a quantized image": (quantized[2], torch.rand(2), torch.rand(2), torch.rand(2), torch.rand(2)),
        "a vector that is quantized by channel": (by_channel,),
        "nested vectors": (torch.nested.nested_tensor([_tensor(2), _tensor(3)]).requires_grad_(), vector),
        "a vector, float32": (_tensor(3).detach().float().requires_grad_(),),
        "float32 and float64": (torch.rand(3).requires_grad_(), vector),
        "a stack of matrices, float32": (_tensor(4, 4, 4).detach().float().requires_grad_(),),
        "integers": (torch.tensor([0, 1, 2]),),
        "truth values": (torch.tensor([True, False, True]),),
        "numbers": (1, 2),
    }


# By the names of parameters; a list holds a first, a second and a third choice.
VALUES: Mapping[str, Any] = {
    **dict.fromkeys(("dim0", "start", "quant_min", "dense_dim", "output_zero_point", "axis"), 0),
    **dict.fromkeys(("groups", "dim1", "length", "k", "lambd"), 1),
    **dict.fromkeys(("kernel_size", "norm_type", "sparse_dim", "scale_factor"), 2),
    **{"dim": [0, 1], "dimension": 0, "p": [2, 0.5], "size": [(1, 2, 4, 4), (3,), (3, 3)], "blocksize": (1, 1)},
    **{
        "output_size": [(4, 4), None],
        "shape": (3, 3),
        "mask": [torch.tensor([True, False, True]), torch.eye(3).to_sparse()],
    },
    **{"theta": _tensor(1, 2, 3), "quant_max": 255, "fill_value": 2.0, "padding": 0.0},
    **{"scale": [0.1, torch.tensor([0.1, 0.1, 0.1])], "zero_point": [0, torch.zeros(3, dtype=torch.int32)]},
    **{"value": [2.0, _tensor()]},
    **{"output_scale": 0.1, "scales": torch.tensor([0.1, 0.1, 0.1]), "zero_points": torch.zeros(3, dtype=torch.int64)},
    **{"indices": torch.tensor([[0, 1, 2], [0, 1, 2]]), "lengths": torch.tensor([1, 2])},
    **{"offsets": torch.tensor([0, 1, 3]), "dtype": [torch.quint8, torch.float32]},
    **dict.fromkeys(("crow_indices", "ccol_indices", "compressed_indices"), torch.tensor([0, 1, 2, 3])),
    **dict.fromkeys(("col_indices", "row_indices", "plain_indices"), torch.tensor([0, 1, 2])),
    **{"layout": [torch.sparse_csr, torch.jagged], "reduce": "sum", "eps": 1e-5, "reduce_range": False},
    **dict.fromkeys(("callable", "hook"), lambda *values: values[0]),
    **{"cls": torch.Tensor, "b": True},
}


def _ladder(name: str, function: Callable) -> Iterator[Call]:
    """A call on each rung: with what a function must have, and with what it can have too."""
    found = _parameters(name, function)
    if found is None:
        return
    needed, optional = found
    extra = [parameter for parameter in optional if parameter in VALUES]
    for rung, parts in rungs().items():
        for more in ([], *([one] for one in extra), *([extra] if len(extra) > 1 else [])):
            for choice in range(max(len(_choices(p)) for p in (*needed, *more, ""))):
                rest = itertools.chain(parts, itertools.repeat(parts[-1]))
                args = tuple(_choose(p, choice) if p in VALUES else next(rest) for p in needed)
                yield Call(function, args, {p: _choose(p, choice) for p in more}, rung)


def _choices(parameter: str) -> list:
    value = VALUES.get(parameter)
    return value if isinstance(value, list) else [value]


def _choose(parameter: str, choice: int) -> Any:
    found = _choices(parameter)
    return found[min(choice, len(found) - 1)]


def _parameters(name: str, function: Callable) -> tuple[list[str], list[str]] | None:
    """The names of the parameters that a function must have, and of those that it can have."""
    for described in (function, _described(name, function), get_testing_overrides().get(function)):
        if isinstance(described, tuple):
            return described
        try:
            signature = inspect.signature(described)
        except (TypeError, ValueError):
            continue
        kinds = {p.name: p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD}
        if any(p.kind is p.VAR_POSITIONAL for p in kinds.values()):
            if len(kinds) < len(signature.parameters):
                continue  # a wrapper of the real function
            return [n for n, p in kinds.items() if p.default is p.empty] * 2, []  # any number of tensors: two
        needed = [n for n, p in kinds.items() if p.default is p.empty]
        return needed, [n for n in kinds if n not in needed]
    return None


def _described(name: str, function: Callable) -> tuple[list[str], list[str]] | None:
    """The same from the first line of a function's description."""
    text = re.match(r"[\w.]+\((.*?)\) *(?:->|$|\n)", (inspect.getdoc(function) or "").lstrip())
    if text is None:
        return None
    parts = re.sub(r"\[[^\]]*\]", "", text[1]).replace(" ", "").split(",")
    parts = [part for part in parts if not re.match(r"\*+\w", part)]
    own = ["self"] if name.startswith("torch.Tensor.") else []
    by_place = parts[: parts.index("*")] if "*" in parts else parts
    last = max((number for number, part in enumerate(by_place) if "=" not in part), default=-1)
    needed = [m[0] for part in by_place[: last + 1] if (m := re.match(r"\w+", part))]
    return own + needed, [m[0] for part in parts if (m := re.match(r"\w+", part)) and m[0] not in needed]
