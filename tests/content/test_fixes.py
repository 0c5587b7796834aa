"""Each function that a page offers to be copied keeps a contract: it is what readers will run."""

from __future__ import annotations

import ast
import re

import pytest
import torch

from tests.conftest import ROOT
from tests.content.claims import plain
from tests.content.fixes import EXAMPLES, FIXES, Fix

DTYPES = (torch.float32, torch.bfloat16, torch.float16)
BATCH = (2, 3)


def name(value: object) -> str:
    return f"{value.page}:{value.name}" if isinstance(value, Fix) else str(value).removeprefix("torch.")


def each(check: str = ""):
    """Every function that does not say that it does not pass a check."""
    return pytest.mark.parametrize("fix", [fix for fix in FIXES if check not in fix.leaves_out], ids=name)


def gradients(fix: Fix, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    leaves = [x.detach().clone().requires_grad_(x.is_floating_point()) for x in inputs]
    return torch.autograd.grad(fix(*leaves).sum(), [leaf for leaf in leaves if leaf.requires_grad])


@each("gradcheck")
def test_gradcheck_in_both_modes(fix: Fix) -> None:
    leaves = [x.requires_grad_(x.is_floating_point()) for x in fix.inputs(BATCH)]
    assert torch.autograd.gradcheck(fix, leaves, check_forward_ad="forward" not in fix.leaves_out)


@pytest.mark.parametrize(
    ("fix", "dtype"), [(fix, dtype) for fix in FIXES for dtype in DTYPES if name(dtype) not in fix.leaves_out], ids=name
)
def test_dtypes(fix: Fix, dtype: torch.dtype) -> None:
    """The gradient has the input's dtype, and is that of float64 up to rounding."""
    inputs = fix.inputs(BATCH, dtype)
    wanted = gradients(fix, tuple(x.double() if x.is_floating_point() else x for x in inputs))
    for got, exact in zip(gradients(fix, inputs), wanted, strict=True):
        assert got.dtype == dtype
        near = 100 * torch.finfo(dtype).eps  # LAPACK rounds as the processor has it
        torch.testing.assert_close(got.double(), exact, rtol=near, atol=near)


@each()
@pytest.mark.parametrize("batch", [(0,), ()], ids=["empty", "0-d"])
def test_empty_and_zero_dimensions(fix: Fix, batch: tuple[int, ...]) -> None:
    inputs = fix.inputs(batch)
    assert fix.reduces or not torch.isnan(fix(*inputs)).any(), "only the mean of nothing may be NaN"
    for x, g in zip((x for x in inputs if x.is_floating_point()), gradients(fix, inputs), strict=True):
        assert g.shape == x.shape and g.isfinite().all()


@each()
def test_torch_func_grad(fix: Fix) -> None:
    inputs = fix.inputs(BATCH)
    places = tuple(n for n, x in enumerate(inputs) if x.is_floating_point())
    got = torch.func.grad(lambda *xs: fix(*xs).sum(), argnums=places)(*inputs)
    torch.testing.assert_close(tuple(got), gradients(fix, inputs))


@each("vmap")
def test_vmap_gives_what_a_loop_gives(fix: Fix) -> None:
    pair = [torch.stack([x, x.flip(0)]) for x in fix.inputs(BATCH)]
    looped = torch.stack([fix(*(x[n] for x in pair)) for n in range(2)])
    torch.testing.assert_close(torch.func.vmap(fix)(*pair), looped)


@each("compile")
def test_compile(fix: Fix) -> None:
    inputs = fix.inputs(BATCH)
    torch._dynamo.reset()
    function, call = fix.function, fix.call
    compiled = torch.compile(
        (lambda *xs: call(function, *xs)) if call else function, backend="aot_eager", fullgraph=True
    )
    leaves = [x.clone().requires_grad_(x.is_floating_point()) for x in inputs]
    got = torch.autograd.grad(compiled(*leaves).sum(), [leaf for leaf in leaves if leaf.requires_grad])
    torch.testing.assert_close(got, gradients(fix, inputs))


@each()
def test_extremes(fix: Fix) -> None:
    for numbers in fix.extremes:
        for dtype in (torch.float64, *DTYPES):
            if str(dtype).removeprefix("torch.") in fix.leaves_out:
                continue
            inputs = tuple(torch.as_tensor(x, dtype=torch.float64).to(dtype) for x in numbers)
            if not all(x.isfinite().all() for x in inputs):
                continue  # the dtype does not have the number
            assert fix(*inputs).isfinite().all(), (dtype, numbers)
            assert all(g.isfinite().all() for g in gradients(fix, inputs)), (dtype, numbers)


@each()
def test_what_it_does_not_survive_is_said(fix: Fix) -> None:
    page = plain((ROOT / "docs" / f"{fix.page}.md").read_text(encoding="utf-8"))
    said = f"{page} {plain(fix.function.__doc__ or '')}"
    for check, words in fix.leaves_out.items():
        assert words in said, f"{fix.page}: neither docstring nor page says of {fix.name} ({check}): {words}"


def test_every_function_below_what_to_write_instead_is_in_the_list() -> None:
    """A section whose name begins with fix holds what a page recommends."""
    known = {(fix.page, fix.name) for fix in FIXES} | EXAMPLES
    missing = []
    for path in sorted((ROOT / "snippets").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        page = path.relative_to(ROOT / "snippets").with_suffix("").as_posix()
        for section in re.findall(r"(?ms)^# --8<-- \[start:fix[\w-]*\]\n(.*?)^# --8<-- \[end:", text):
            tree = ast.parse(section)
            missing += [
                f"{page}: {n.name}" for n in tree.body if isinstance(n, ast.FunctionDef) and (page, n.name) not in known
            ]
    assert not missing, "\n".join(missing)
