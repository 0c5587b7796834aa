"""What differs from a card in other dtypes, longer tensors and other layouts."""

from __future__ import annotations

import math

import pytest
import torch

from livedocs.measure.modes import Measurement
from livedocs.measure.wide import measure_wide
from livedocs.measured import Elsewhere

NAN = "float('nan')"


def elsewhere(call: str, *, is_complex: bool = False, fixed: dict | None = None, **inputs: str) -> list[Elsewhere]:
    texts = {name: f"torch.tensor({text}, dtype=torch.float64)" for name, text in inputs.items()}
    return measure_wide(call, Measurement("point", texts, gradient={}), fixed or {}, is_complex=is_complex)


def test_a_smooth_function_is_the_same_everywhere() -> None:
    assert elsewhere("torch.sin(x)", x="0.5", is_complex=True) == []
    assert elsewhere("torch.atan2(y, x)", x="0.1", y="-3.0") == [], "0.1 is no number of these dtypes"


def test_the_vector_part_is_found_and_the_least_length_is_the_least() -> None:
    found = elsewhere("torch.nn.functional.elu(x)", x=NAN)
    assert [one.dtype for one in found] == ["float64", "float32", "bfloat16", "float16"]
    for one in found:
        assert one.output is None and math.isnan(one.gradient["x"]) and math.isnan(one.forward["x"])
        for copies, differs in ((one.copies - 1, False), (one.copies, True)):
            x = torch.full((copies,), torch.nan, dtype=getattr(torch, one.dtype), requires_grad=True)
            torch.nn.functional.elu(x).sum().backward()
            assert bool(x.grad.isnan().any()) is differs


def test_what_a_dtype_cannot_hold() -> None:
    (found,) = elsewhere("torch.nn.functional.binary_cross_entropy(x, torch.ones_like(x))", x="0.0")
    assert (found.dtype, found.copies, found.gradient) == ("float16", 1, {"x": -math.inf})
    assert found.output is None, "the value, 100, is the same"


def test_what_a_dtype_does_not_have_is_an_error() -> None:
    found = elsewhere("torch.special.ndtri(x)", x="0.5")
    assert [(one.dtype, one.gradient) for one in found] == [("bfloat16", None), ("float16", None)]
    assert all("not implemented for" in one.error for one in found)


@pytest.mark.parametrize("call", ["torch.amax(x)", "torch.softmax(x, 0)", "x / x.sum()", "torch.cumsum(x, 0)"])
def test_copies_that_meet_are_not_taken(call: str) -> None:
    """Along a new first dimension they would be summed, compared, or shared with."""
    assert elsewhere(call, x="[1.0, 1.0]") == []


def test_copies_that_do_not_meet_are_taken() -> None:
    call = "torch.where(torch.tensor(x.dim() > 1 and len(x) > 20), 2 * x, x)"
    assert [(one.copies, one.gradient) for one in elsewhere(call, x="[1.0, 3.0]")] == [(21, {"x": [2.0, 2.0]})] * 4


def test_gaps_in_memory() -> None:
    (first, *_) = elsewhere("x if x.is_contiguous() else 3 * x", x="1.0")
    assert (first.dtype, first.strided, first.output, first.gradient) == ("float64", True, 3.0, {"x": 3.0})
    assert first.copies == 2, "one number has no gap"


def test_another_dtype_of_the_inputs_is_compared_where_it_is() -> None:
    """float16 has no 1e-8: the point is 0 there, and what PyTorch gives is right there."""
    assert elsewhere("torch.sqrt(x)", x="1e-8") == []


def test_fixed_arguments_have_the_dtype_too() -> None:
    fixed = {"weight": "torch.tensor(2.0, dtype=torch.float64)", "how": "'none'"}
    call = "torch.nn.functional.mse_loss(x, weight, reduction=how) + (x.dtype != weight.dtype)"
    assert elsewhere(call, x="1.0", fixed=fixed) == []


def test_complex_dtypes_are_compared_with_each_other() -> None:
    found = elsewhere("x * (1 + (x.dtype == torch.complex64))", x="1.0", is_complex=True)
    assert [(one.dtype, one.output) for one in found] == [("complex64", [2.0, 0.0])]
