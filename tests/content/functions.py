"""The public functions of the installed torch, folded: one family for all names of one function.

No function is named here. What is left out, and what is folded into what, follows from rules, each a function below
whose docstring says it: ``is_public``, ``is_an_operation``, ``takes_a_tensor``, ``is_a_move``; ``_same_object``,
``_same_name``, ``_suffixed``, ``_said_by_torch``.
"""

from __future__ import annotations

import functools
import inspect
import re
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
import torch.overrides

# In this order a family takes its name from them.
NAMESPACES = (
    "torch",
    "torch.nn.functional",
    "torch.linalg",
    "torch.special",
    "torch.fft",
    "torch.signal",
    "torch.sparse",
    "torch.nested",
    "torch.Tensor",
)
SHARED = ("torch", "torch.Tensor", "torch.nn.functional", "torch.special")  # here one name means one function
SUFFIXES = ("_", "_copy", "_with_indices", "_ex")  # in place; a copy, no view; further outputs behind the first
POINTER = re.compile(
    r"(?:See|Alias (?:for|of)|In-place version of|Out-of-place version of)\s+:(?:func|meth|attr):`~?([\w.]+)"
)
TENSOR = re.compile(r"(?<!type\[)\bTensor\b")
DESCRIBED = re.compile(
    r"\A[\w.]+\(input\b|^\s*(?!out\b)\w+ ?(?:\([^)]*\b(?:Tensor|array_like)\b|(?:\([^)]*\))?: a tensor\b)", re.MULTILINE
)


@dataclass(frozen=True)
class Family:
    """All public names of one function.

    Args:
        name: the one that stands for all.
        functions: what each name stands for.
    """

    name: str
    functions: Mapping[str, Callable]

    @property
    def spoken(self) -> list[str]:
        """Its names, its own first."""
        return sorted(self.functions, key=lambda name: (name != self.name, *_rank(name)))


def known_functions() -> dict[str, Callable]:
    """All functions and methods by their full names; private ones (``_``) and classes are none."""
    return dict(_functions())


def families(aliases: Mapping[str, list[str]]) -> list[Family]:
    """All public functions that take a tensor, by name.

    Args:
        aliases: further names of a function, by one of its names, as torch's own tests know them.
    """
    known = known_functions()
    links = [*_same_object(known), *_same_name(known), *_suffixed(known), *_said_by_torch(known)]
    links += [(name, alias) for name, found in aliases.items() for alias in found if {name, alias} <= known.keys()]
    groups = [{name: known[name] for name in sorted(names, key=_rank)} for names in _groups(known, links)]
    found = [Family(_head(group), group) for group in groups if any(not _left_out(*item) for item in group.items())]
    return sorted(found, key=lambda family: _rank(family.name))


def left_out(aliases: Mapping[str, list[str]]) -> dict[str, str]:
    """The names that are in no family, each with the rule that leaves it out."""
    kept = {name for family in families(aliases) for name in family.functions}
    return {name: _left_out(name, function) for name, function in _functions() if name not in kept}


def _left_out(name: str, function: Callable) -> str:
    """The first line of the first rule that leaves a function out; nothing for one that is to be tried."""
    rules = (is_public, is_an_operation, takes_a_tensor)
    broken = [rule for rule in rules if not rule(function)] + [is_a_move] * is_a_move(name)
    return inspect.getdoc(broken[0]).partition("\n")[0] if broken else ""


def is_public(function: Callable) -> bool:
    """A public function is documented: what torch does not describe is its own business.

    A signature is no description, and neither is "In-place version of".

    Leaves out what only torch itself calls: ``torch.native_layer_norm``, ``torch.cudnn_convolution``,
    ``torch.batch_norm_stats``, ``torch.fbgemm_pack_quantized_matrix``.
    """
    return bool(re.sub(r"\A[\w.]+\(.*|In-place version of \S+", "", inspect.getdoc(function) or "").strip())


def is_an_operation(function: Callable) -> bool:
    """What torch's own ``__init__.py`` defines in Python is about torch or symbolic numbers, and no operation.

    Leaves out ``torch.set_default_dtype``, ``torch.is_tensor``, ``torch.compile``, ``torch.sym_max``, ``torch.cond``.
    """
    return not (isinstance(function, types.FunctionType) and function.__module__ == "torch")


def takes_a_tensor(function: Callable) -> bool:
    """A function of tensors is one that a subclass of Tensor can override, or whose description names a tensor.

    The first is torch's own list (``torch.overrides``), and its methods; the second an argument, not ``out``, that is
    annotated or documented as a Tensor or array_like, or called ``input``.

    Leaves out what makes tensors from numbers (``torch.zeros``, the windows of ``torch.signal``), and what sets and
    asks the state of torch (``torch.manual_seed``, ``torch.load``).
    """
    if function in _overridable() or getattr(torch.Tensor, getattr(function, "__name__", ""), None) is function:
        return True
    annotations = getattr(function, "__annotations__", {})
    if any(TENSOR.search(str(kind)) for name, kind in annotations.items() if name not in ("return", "out")):
        return True
    return bool(DESCRIBED.search(inspect.getdoc(function) or ""))


def is_a_move(name: str) -> bool:
    """A method that is named after a device moves a tensor there, and computes nothing.

    Leaves out ``torch.Tensor.cuda``, ``torch.Tensor.cpu`` and their like.
    """
    try:
        torch.device(name.rpartition(".")[2])
    except RuntimeError:
        return False
    return name.startswith("torch.Tensor.")


def resolve(name: str, known: Mapping[str, object]) -> str | None:
    """The full name of what torch calls ``abs``, ``torch.abs``, ``Tensor.abs`` or ``nn.functional.relu``."""
    short = name.removeprefix("torch.")
    return next((full for full in (f"torch.{short}", f"torch.Tensor.{short}") if full in known), None)


@functools.cache
def _overridable() -> frozenset[Callable]:
    return frozenset(f for found in torch.overrides.get_overridable_functions().values() for f in found)


def _functions() -> Iterator[tuple[str, Callable]]:
    """All functions and methods by their full names, private ones (``_``) left out."""
    for namespace in NAMESPACES:
        yield from _members(namespace, functools.reduce(getattr, namespace.split(".")[1:], torch))


def _members(namespace: str, place: object) -> Iterator[tuple[str, Callable]]:
    for name in dir(place):
        value = None if name.startswith("_") else inspect.getattr_static(place, name, None)
        value = getattr(place, name) if isinstance(value, classmethod | staticmethod) else value
        if inspect.isroutine(value):
            yield f"{namespace}.{name}", value
        elif isinstance(value, types.ModuleType) and value.__name__ == f"{namespace}.{name}" and place is torch.signal:
            yield from _members(value.__name__, value)


def _same_object(known: Mapping[str, Callable]) -> Iterator[tuple[str, str]]:
    """One object under two names is one function: ``torch.nn.functional.conv1d`` is ``torch.conv1d``."""
    first: dict[int, str] = {}
    for name, function in known.items():
        yield name, first.setdefault(id(function), name)


def _same_name(known: Mapping[str, Callable]) -> Iterator[tuple[str, str]]:
    """A name of torch means the same as a method, in torch.nn.functional and in torch.special.

    Only there: ``torch.linalg.svd`` is not ``torch.svd``, ``torch.sparse.sum`` not ``torch.sum``, and without a
    function in torch the method ``unfold`` is not ``torch.nn.functional.unfold``.
    """
    for name in known:
        namespace, _, last = name.rpartition(".")
        if namespace in SHARED and f"torch.{last}" in known:
            yield name, f"torch.{last}"


def _suffixed(known: Mapping[str, Callable]) -> Iterator[tuple[str, str]]:
    """What works in place, copies, or has further outputs belongs to the function without the suffix.

    ``torch.abs_`` is ``torch.abs``, ``torch.view_copy`` is ``torch.Tensor.view``, ``torch.linalg.inv_ex`` is
    ``torch.linalg.inv``.
    """
    for name in known:
        namespace, _, last = name.rpartition(".")
        places = dict.fromkeys([namespace, *(SHARED if namespace in SHARED else ())])
        for suffix in SUFFIXES:
            stem = last.removesuffix(suffix)
            found = [f"{place}.{stem}" for place in places if stem != last and f"{place}.{stem}" in known]
            yield from ((name, base) for base in found[:1])


def _said_by_torch(known: Mapping[str, Callable]) -> Iterator[tuple[str, str]]:
    """A description that begins with "Alias for", "See" or "In-place version of" names the function itself."""
    for name, function in known.items():
        target = pointer(function)
        found = target and resolve(target, known)
        if found:
            yield name, found


def pointer(function: Callable) -> str | None:
    """The function that a description begins with: what comes behind a signature is its beginning."""
    text = inspect.getdoc(function) or ""
    lines = [line for line in text.splitlines() if line.strip()]
    found = next((match for line in lines[:2] if (match := POINTER.match(line.strip()))), None)
    return found and found[1].rstrip(".").replace("Tensor.", "torch.Tensor.").replace("torch.torch.", "torch.")


def _groups(known: Mapping[str, Callable], links: list[tuple[str, str]]) -> list[set[str]]:
    """The names that links join, each in one group."""
    group = {name: {name} for name in known}
    for one, other in links:
        if group[one] is not group[other]:
            group[one] |= group[other]
            for name in group[other]:
                group[name] = group[one]
    return list({id(names): names for names in group.values()}.values())


def _head(group: Mapping[str, Callable]) -> str:
    """The name of a family: one that is described, and not as another one. What torch.special repeats is torch's."""

    def order(name: str) -> tuple:
        target = pointer(group[name]) or "torch.special."
        return not is_public(group[name]), name.endswith(SUFFIXES), not target.startswith("torch.special."), _rank(name)

    return min(group, key=order)


def _rank(name: str) -> tuple[int, str]:
    namespace = max((n for n in NAMESPACES if name.startswith(f"{n}.")), key=len)
    return NAMESPACES.index(namespace), name
