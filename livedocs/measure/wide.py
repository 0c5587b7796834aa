"""Measures a special point again where people meet it: in other dtypes, in long tensors, and with gaps in memory.

A card shows one point, in float64, as short as it can be. PyTorch has other code for other dtypes, and for the part of
a long tensor that fills whole vectors of the processor. What differs there from the card is kept (``Elsewhere``).

It needs torch, and what ``modes`` needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.autograd import forward_ad

from livedocs.measure.modes import Function, Measurement, differentiable, evaluate, listed
from livedocs.measured import Elsewhere

FLOATS = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
COMPLEX = (torch.complex128, torch.complex64)
LONG = 1001  # copies: many vectors of the processor, and some entries that fill none
SHORT = 33  # copies: more than fill one vector of any dtype; up to here the least number is looked for one by one
RELATIVE, ABSOLUTE = 16, 8  # of the dtype's epsilon: what other code may round otherwise
QUANTITIES = ("output", "gradient", "forward")

Copies = dict[str, torch.Tensor]  # of each input (of the output: under "") a row of entries for each copy
Measured = dict[str, Copies | str]  # of each quantity, or why there is none


@dataclass(frozen=True)
class Setting:
    """How a point is laid out: its dtype, its copies, and whether every other place in memory is left out."""

    dtype: torch.dtype
    copies: int = 1
    strided: bool = False


def measure_wide(call: str, found: Measurement, fixed: Mapping[str, str], *, is_complex: bool) -> list[Elsewhere]:
    """What differs from a measured point in other dtypes, lengths and layouts.

    A point is repeated only where the call takes its copies independently of each other, each along a new first
    dimension. Where an input is not a number of the dtype, the point is the nearest one that is, and what it is
    compared with is measured there, in float64. Complex dtypes are compared with complex128.

    Args:
        call: the rule's call.
        found: what was measured at the point; its texts are the inputs.
        fixed: further arguments, which are not differentiated.
        is_complex: whether complex dtypes are measured too.

    Returns:
        The differences, those of float64 first; each with the least number of copies that shows it.
    """
    values = {name: evaluate(text) for name, text in found.inputs.items() if name not in fixed}
    constants = {name: evaluate(text) for name, text in fixed.items()}
    if found.gradient is None or not any(map(differentiable, values.values())):
        return []
    differences = []
    for dtypes in (FLOATS, COMPLEX) if is_complex else (FLOATS,):
        point = _Point(call, values, constants, dtypes[0])
        for dtype in dtypes:
            differences += _differences(point, dtype)
    return differences


def _differences(point: _Point, dtype: torch.dtype) -> list[Elsewhere]:
    """Where a point in a dtype is not as in the widest one, the plainest setting of each quantity."""
    reference = point.at(Setting(point.widest), rounded_to=dtype)
    settings = [Setting(dtype)]
    if point.repeats:
        settings += [Setting(dtype, LONG), Setting(dtype, SHORT, strided=True)]
    there: dict[Setting, Elsewhere] = {}
    known: set[str] = set()
    for setting in settings:
        for quantity in QUANTITIES:
            if quantity in known or not point.difference(reference, setting, quantity):
                continue
            known.add(quantity)
            least = point.least(reference, setting, quantity)
            so_far = there.get(least) or Elsewhere(_name(dtype), least.copies, least.strided)
            got = point.difference(reference, least, quantity)
            there[least] = replace(so_far, **({"error": got} if isinstance(got, str) else {quantity: got}))
    return list(there.values())


class _Point:
    """A call at a point, to be run in any setting; each is run once.

    Args:
        call: the rule's call.
        values: the inputs.
        constants: the further arguments.
        widest: the dtype that the others are compared with.
    """

    def __init__(self, call: str, values: Mapping[str, Any], constants: Mapping[str, Any], widest: torch.dtype) -> None:
        self.call, self.values, self.constants, self.widest = call, values, constants, widest
        self.names = [name for name, value in values.items() if differentiable(value)]
        self.shapes = {name: values[name].shape for name in self.names}
        self.known: dict[tuple[Setting, torch.dtype], Measured] = {}
        self.exact: dict[torch.dtype, bool] = {}
        one = self.at(Setting(widest))
        few = next(n for n in range(2, 99) if n not in self._sizes())  # three copies of a triple would look transposed
        self.repeats = not any(self.difference(one, Setting(widest, few), quantity) for quantity in QUANTITIES)

    def at(self, setting: Setting, rounded_to: torch.dtype | None = None) -> Measured:
        """The quantities in a setting.

        Args:
            setting: how the point is laid out.
            rounded_to: a dtype whose nearest numbers are the inputs; the setting's own if it is None.
        """
        rounded_to = rounded_to or setting.dtype
        key = setting, self.widest if self._has(rounded_to) else rounded_to
        if key not in self.known:
            self.known[key] = self._measure(*key)
        return self.known[key]

    def difference(self, reference: Measured, setting: Setting, quantity: str) -> Any:
        """The first copy that is neither as the reference nor as the card; an error's text where there is only that.

        Returns:
            None where nothing differs.
        """
        card = self.at(Setting(self.widest))
        if reference is not card and not self.difference(card, setting, quantity):
            return None
        wanted, got = reference[quantity], self.at(setting)[quantity]
        if isinstance(got, str) or isinstance(wanted, str):
            # What is missing at the point too, or for another reason, is no difference.
            return None if isinstance(wanted, str) or got == "" else got
        apart = torch.stack([~_are_alike(got[name], wanted[name][0], setting.dtype) for name in got]).any(0)
        if not apart.any():
            return None
        first = int(apart.nonzero()[0, 0])
        found = {name: listed(copies[first].view(self.shapes[name])) for name, copies in got.items()}
        return found[""] if quantity == "output" else found

    def least(self, reference: Measured, setting: Setting, quantity: str) -> Setting:
        """The setting with the fewest copies that differs from the reference too."""

        def differs(copies: int) -> bool:
            return self.difference(reference, replace(setting, copies=copies), quantity) is not None

        if setting.copies <= SHORT or differs(SHORT):
            return replace(setting, copies=next(n for n in range(1, SHORT + 1) if differs(n)))
        low, high = SHORT, setting.copies
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if differs(middle) else (middle, high)
        return replace(setting, copies=high)

    def _sizes(self) -> set[int]:
        tensors = [
            value for value in (*self.values.values(), *self.constants.values()) if isinstance(value, torch.Tensor)
        ]
        return {size for shape in (*(tensor.shape for tensor in tensors), self.shapes.get("", ())) for size in shape}

    def _has(self, dtype: torch.dtype) -> bool:
        """Whether a dtype has all of the point's numbers."""
        if dtype not in self.exact:
            tensors = [v for v in (*self.values.values(), *self.constants.values()) if isinstance(v, torch.Tensor)]
            plain = [tensor.nan_to_num(0.5) for tensor in tensors if tensor.is_floating_point()]
            real = dtype.to_real()
            self.exact[dtype] = all(torch.equal(t.to(real).to(t.dtype).nan_to_num(0.5), t) for t in plain)
        return self.exact[dtype]

    def _measure(self, setting: Setting, rounded_to: torch.dtype) -> Measured:
        inputs, constants = (
            {name: _laid_out(value, setting, rounded_to) for name, value in some.items()}
            for some in (self.values, self.constants)
        )
        function = Function(self.call, inputs, constants, self.names)
        leaves = [inputs[name].requires_grad_() for name in self.names]
        try:
            output = function(*leaves)
        except (RuntimeError, NotImplementedError, IndexError, ValueError, TypeError) as error:
            return {**dict.fromkeys(QUANTITIES, ""), "output": _first_line(error)}
        if setting == Setting(self.widest):
            self.shapes[""] = output.shape
        if output.shape != (setting.copies, *self.shapes[""])[setting.copies == 1 :]:
            return dict.fromkeys(QUANTITIES, f"an output of shape {tuple(output.shape)}")
        found: Measured = {"output": {"": _by_copy(output, setting)}}
        for quantity, run in (
            ("gradient", lambda: self._reverse(output, setting, leaves)),
            ("forward", lambda: self._forward(function, setting, leaves)),
        ):
            try:
                found[quantity] = run()
            except (RuntimeError, NotImplementedError) as error:
                found[quantity] = _first_line(error)
        return found

    def _reverse(self, output: torch.Tensor, setting: Setting, leaves: list[torch.Tensor]) -> Copies:
        grads = torch.autograd.grad(output, leaves, torch.ones_like(output), allow_unused=True)
        return {
            name: _by_copy(torch.zeros_like(leaf) if grad is None else grad, setting)
            for name, leaf, grad in zip(self.names, leaves, grads, strict=True)
        }

    def _forward(self, function: Function, setting: Setting, leaves: list[torch.Tensor]) -> Copies:
        """One pass for each entry of the point, for all copies at once."""
        result = {}
        primals = [leaf.detach() for leaf in leaves]
        for number, name in enumerate(self.names):
            columns = []
            for entry in range(primals[number].numel() // setting.copies):
                tangents = [torch.zeros_like(primal, memory_format=torch.contiguous_format) for primal in primals]
                tangents[number].view(setting.copies, -1)[:, entry] = 1.0
                columns.append(_by_copy(_pushed(function, primals, tangents), setting).sum(1))
            result[name] = torch.stack(columns, 1) if columns else _by_copy(primals[number], setting)
        return result


def _pushed(function: Function, primals: list[torch.Tensor], tangents: list[torch.Tensor]) -> torch.Tensor:
    """The tangent of the output; torch.func.jvp gives the same at several times the cost."""
    with forward_ad.dual_level():
        output = function(*map(forward_ad.make_dual, primals, tangents))
        primal, tangent = forward_ad.unpack_dual(output)
        return torch.zeros_like(primal) if tangent is None else tangent


def _laid_out(value: Any, setting: Setting, rounded_to: torch.dtype) -> Any:
    """A tensor in a setting; anything else stays as it is."""
    if not isinstance(value, torch.Tensor):
        return value
    if value.is_floating_point():
        value = value.to(rounded_to).to(setting.dtype)
    if setting.copies > 1:
        value = value.expand(setting.copies, *value.shape)
    if setting.strided:
        wide = value.new_zeros((*value.shape, 2))
        wide[..., 0] = value
        return wide[..., 0]
    return value.detach().clone(memory_format=torch.contiguous_format)


def _by_copy(tensor: torch.Tensor, setting: Setting) -> torch.Tensor:
    """The entries of each copy: a row."""
    return tensor.detach().reshape(setting.copies, -1)


def _are_alike(copies: torch.Tensor, one: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Whether each copy is as one: equal, NaN like NaN, or apart by what rounding does."""
    if bool((copies == one).all()):  # a tenth of the time
        return torch.ones(len(copies), dtype=torch.bool)
    eps = torch.finfo(dtype).eps
    copies, one = (torch.view_as_real(t).flatten(-2) if t.is_complex() else t for t in (copies, one))
    return torch.isclose(copies.to(one.dtype), one, rtol=RELATIVE * eps, atol=ABSOLUTE * eps, equal_nan=True).all(1)


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
