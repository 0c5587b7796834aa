"""The functions that pages offer to be copied, in one list, and what each is held to (test_fixes.py)."""

from __future__ import annotations

import contextlib
import functools
import io
import sys
import types
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from tests.conftest import ROOT

Inputs = tuple[torch.Tensor, ...]


@dataclass(frozen=True)
class Fix:
    """A function of a snippet, and inputs that it takes.

    Args:
        page: the page, and its snippet: ``"edges/sqrt"``.
        name: the function.
        draw: regular inputs, float64, given a generator and the shape of a batch. The first dimensions of each input
            are the batch.
        call: how it is called with these inputs; itself if it is None.
        extremes: inputs at which value and gradient are to be finite, in each dtype that has these numbers.
        leaves_out: checks that it does not pass, each with the words with which its docstring, or the page, says so.
        reduces: whether it gives one number for the whole batch.
    """

    page: str
    name: str
    draw: Callable[[torch.Generator, tuple[int, ...]], Inputs]
    call: Callable[..., torch.Tensor] | None = None
    extremes: Sequence[tuple[Any, ...]] = ()
    leaves_out: Mapping[str, str] = field(default_factory=dict)
    reduces: bool = False

    @property
    def function(self) -> Callable[..., torch.Tensor]:
        return load(self.page, self.name)

    def __call__(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.call(self.function, *inputs) if self.call else self.function(*inputs)

    def inputs(self, batch: tuple[int, ...], dtype: torch.dtype = torch.float64) -> Inputs:
        generator = torch.Generator().manual_seed(0)
        return tuple(x.to(dtype) if x.is_floating_point() else x for x in self.draw(generator, batch))


@functools.cache
def load(page: str, name: str) -> Callable[..., torch.Tensor]:
    """A function of a snippet, which is run down to the end of the section that defines it."""
    path = ROOT / "snippets" / f"{page}.py"
    before, found, after = path.read_text(encoding="utf-8").partition(f"\ndef {name}(")
    assert found, f"{path}: no function {name}"
    text = before + found + after.partition("\n# --8<-- [end:")[0]
    module = types.ModuleType(f"snippet_{page.replace('/', '_')}_{name}")
    sys.modules[module.__name__] = module  # torch.compile looks a function's globals up there
    dtype = torch.get_default_dtype()
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(text, str(path), "exec"), vars(module))
        finally:
            torch.set_default_dtype(dtype)
    return vars(module)[name]


def normal(generator: torch.Generator, shape: tuple[int, ...]) -> torch.Tensor:
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def numbers(count: int = 1, *, low: float | None = None, high: float | None = None) -> Callable:
    """So many inputs of numbers: standard normal, or uniform between two bounds."""

    def draw(generator: torch.Generator, batch: tuple[int, ...]) -> Inputs:
        if low is None:
            return tuple(normal(generator, batch) for _ in range(count))
        uniform = (torch.rand(batch, generator=generator, dtype=torch.float64) for _ in range(count))
        return tuple(low + (high - low) * u for u in uniform)

    return draw


def vectors(count: int, size: int) -> Callable:
    """So many inputs of vectors in the last dimension."""

    def draw(generator: torch.Generator, batch: tuple[int, ...]) -> Inputs:
        return tuple(normal(generator, (*batch, size)) for _ in range(count))

    return draw


def silent(function: Callable[..., torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """Call a function of ``std``, which warns of an empty batch."""
    if len(x.shape) > 1 and x.shape[0] == 0:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(x)
    return function(x)


def images(generator: torch.Generator, batch: tuple[int, ...]) -> Inputs:
    """Gray images, as many as the first dimension of the batch has."""
    count = batch[0] if batch else 1
    return (torch.rand((count, 1, 5, 5), generator=generator, dtype=torch.float64),)


def classes(generator: torch.Generator, batch: tuple[int, ...]) -> Inputs:
    """Logits (N, 4) and a class for each row, or (4,) and one class."""
    rows = batch[:1]
    return normal(generator, (*rows, 4)), torch.randint(4, rows, generator=generator)


def pairs_and_signs(generator: torch.Generator, batch: tuple[int, ...]) -> Inputs:
    """Two vectors (N, 3), and 1 or −1 for each pair."""
    rows = batch[:1]
    signs = 2 * torch.randint(2, rows, generator=generator) - 1
    return normal(generator, (*rows, 3)), normal(generator, (*rows, 3)), signs


def weights(generator: torch.Generator, batch: tuple[int, ...]) -> Inputs:
    """Two tensors of numbers, and a mask of 0 and 1 that keeps most."""
    keep = (torch.rand(batch, generator=generator) > 0.3).long()
    return normal(generator, batch), normal(generator, batch), keep


def distributions(generator: torch.Generator, batch: tuple[int, ...]) -> Inputs:
    """Mean, observation and variance."""
    mean, seen, low = (normal(generator, batch) for _ in range(3))
    return mean, seen, low.exp()


ZERO, LARGE = 0.0, 1e4  # the largest that float16 has too
INF, NAN = float("inf"), float("nan")

FIXES = [
    Fix("edges/sqrt", "safe_sqrt", numbers(low=0.1, high=3.0), extremes=[(ZERO,), (LARGE,)]),
    Fix("edges/sqrt", "rmse", numbers(2), extremes=[(ZERO, ZERO), ([1.0, 2.0], [1.0, 2.0])], reduces=True),
    Fix("edges/division", "safe_divide", numbers(2), extremes=[(1.0, ZERO), (ZERO, ZERO)]),
    Fix(
        "edges/arcs", "angle_kahan", vectors(2, 4), extremes=[([1.0, 2, 3], [1.0, 2, 3]), ([1.0, 2, 3], [-1.0, -2, -3])]
    ),
    Fix("edges/arcs", "angle_atan2", vectors(2, 3), extremes=[([1.0, 2, 3], [1.0, 2, 3])]),
    Fix("edges/xlogy", "entropy_of", vectors(1, 5), extremes=[([ZERO, -INF],), ([LARGE, -LARGE],)]),
    Fix("images/lp_pool", "lp_norm", images, lambda f, x: f(x, 3, 2)),
    Fix("images/pooling", "even_max_pool", images, lambda f, x: f(x, 2)),
    Fix("images/tensor", "edges_safe", images),
    Fix("images/tensor", "total_variation_safe", images),
    Fix("images/tensor", "psnr_loss", images, lambda f, x: f(x, 0.5 * torch.ones_like(x)), reduces=True),
    Fix("kinks/elu", "safe_elu", numbers(), extremes=[(ZERO,), (LARGE,), (-LARGE,)]),
    Fix("kinks/hard_activations", "hardsigmoid_twice", numbers(), extremes=[(-LARGE,), (LARGE,)]),
    Fix("kinks/relu", "prelu_both", numbers(2), extremes=[(ZERO, 0.25), (-LARGE, 0.25)]),
    Fix("losses/cosine_embedding", "cosine_loss", pairs_and_signs, reduces=True),
    Fix("losses/embedding", "distance", vectors(2, 3), extremes=[([ZERO, ZERO], [ZERO, ZERO]), ([1.0, 2], [1.0, 2])]),
    Fix("losses/gaussian_nll", "positive", numbers(), extremes=[(-LARGE,), (LARGE,)]),
    Fix(
        "losses/gaussian_nll",
        "beta_nll",
        distributions,
        leaves_out={
            "gradcheck": "Multiply by a power β of the detached variance",
            "vmap": "Not under vmap or fullgraph",
            "compile": "Not under vmap or fullgraph",
        },
        reduces=True,
    ),
    Fix("losses/ignore_index", "safe_cross_entropy", classes, reduces=True),
    Fix("losses/multi_margin", "multi_margin", classes, reduces=True),
    Fix("losses/regression", "rmse", numbers(2), extremes=[(ZERO, ZERO)], reduces=True),
    Fix(
        "losses/weighted",
        "weighted_mean",
        weights,
        lambda f, x, y, w: f(torch.nn.functional.mse_loss, x, y, w),
        extremes=[(INF, 1.0, ZERO), (NAN, 1.0, ZERO)],
        reduces=True,
    ),
    Fix(
        "masks/where",
        "where_safe",
        numbers(),
        lambda f, x: f(x > 0, torch.sqrt, x, 1.0, 0.0),
        extremes=[(ZERO,), (-LARGE,), (LARGE,)],
    ),
    Fix("masks/nan_to_num", "nan_mse", numbers(2), extremes=[(1.0, NAN), ([1.0, 2.0], [NAN, 1.0])], reduces=True),
    Fix("masks/nan_safe", "safe_root", numbers(low=0.1, high=3.0), extremes=[(ZERO,), (-ZERO,), (LARGE,)]),
    Fix("masks/nan_safe", "length", vectors(1, 3), extremes=[([ZERO, ZERO],), ([1e-30, 1e-30],), ([1e-7, ZERO],)]),
    Fix("masks/nan_safe", "sinc", numbers(), extremes=[(ZERO,), (LARGE,), (-LARGE,), (1e30,)]),
    Fix("products/prod", "geometric_mean", numbers(low=0.2, high=4.0), extremes=[(ZERO,)], reduces=True),
    Fix("products/sinc", "sinc_where", numbers(low=1.0, high=4.0), extremes=[(ZERO,), (1e-30,), (1e4,)]),
    Fix("products/sinc", "sin_over_x", numbers(low=-2.0, high=3.0), extremes=[(ZERO,), (1e-30,), (1e4,)]),
    Fix("products/sinc", "sinc", numbers(low=-2.0, high=3.0), extremes=[(ZERO,), (1e-30,), (1e4,)]),
    Fix("products/sinc", "one_minus_cos_over_x2", numbers(low=-2.0, high=3.0), extremes=[(ZERO,), (1e-30,), (1e4,)]),
    Fix("products/sinc", "rotate", vectors(2, 3), extremes=[([ZERO] * 3, [1.0, 2.0, 3.0]), ([1e-7] * 3, [1.0] * 3)]),
    Fix("products/removable", "expm1_over_x_where", numbers(low=1.0, high=4.0), extremes=[(ZERO,), (1e-30,)]),
    Fix("products/removable", "expm1_over_x", numbers(low=-2.0, high=3.0), extremes=[(ZERO,), (1e-30,), (-1e4,)]),
    Fix("products/removable", "log1p_over_x", numbers(low=-0.8, high=3.0), extremes=[(ZERO,), (1e-30,), (1e4,)]),
    Fix("products/removable", "x_over_1_minus_exp", numbers(low=-2.0, high=3.0), extremes=[(ZERO,), (-1e4,), (1e4,)]),
    Fix("products/removable", "box_cox", numbers(2, low=0.2, high=3.0), extremes=[(2.0, ZERO), (2.0, 1e-30)]),
    Fix("products/stable", "centered_logsumexp", vectors(1, 5), extremes=[([LARGE, 0.0],), ([-LARGE, -LARGE],)]),
    Fix("products/stable", "log1mexp", numbers(low=-3.0, high=-0.2), extremes=[(-1e-3,), (-1e4,)]),
    Fix(
        "infinities/attention",
        "masked_softmax",
        lambda generator, batch: weights(generator, (*batch, 4))[1:],
        lambda f, scores, keep: f(scores, keep > 0),
    ),
    Fix(
        "infinities/softmax",
        "masked_softmax",
        lambda generator, batch: weights(generator, (*batch, 4))[1:],
        lambda f, scores, keep: f(scores, keep > 0),
    ),
    Fix(
        "infinities/logsumexp",
        "safe_logsumexp",
        vectors(1, 4),
        lambda f, x: f(x, -1),
        extremes=[([LARGE, -LARGE, ZERO],), ([-LARGE, -LARGE],)],
    ),
    Fix("infinities/logsumexp", "running", vectors(1, 4), extremes=[([LARGE, -LARGE, ZERO],), ([-LARGE, -LARGE],)]),
    Fix("ties/min", "nanmin", vectors(1, 5), extremes=[([NAN, 1.0, ZERO],), ([LARGE, LARGE],)]),
    Fix("ties/min", "safe_scale", vectors(1, 5), extremes=[([ZERO, ZERO],), ([LARGE, LARGE],), ([-LARGE, LARGE],)]),
    Fix("ties/sort", "stable_topk", vectors(1, 5), lambda f, x: f(x, 2)[0], extremes=[([ZERO, ZERO, ZERO],)]),
    Fix("ties/cummax", "rising", vectors(1, 4), extremes=[([ZERO, -LARGE, -LARGE],)]),
    Fix("ties/cummax", "nancummax", vectors(1, 5), extremes=[([ZERO, NAN, 1.0],), ([LARGE, LARGE],)]),
    Fix("ties/median", "middle", vectors(1, 4), extremes=[([ZERO, ZERO],), ([LARGE, LARGE],), ([-LARGE, LARGE],)]),
    Fix("ties/median", "level_quantile", vectors(1, 5), lambda f, x: f(x, torch.tensor(0.3, dtype=x.dtype))),
    Fix("ties/pooling", "unpool", vectors(1, 3), lambda f, x: f(x, torch.tensor([1, 4, 1]).expand_as(x), 6)),
    Fix(
        "linalg/svd",
        "matrix_function",
        vectors(3, 3),
        lambda f, *rows: f((a := torch.stack(rows, -2)) @ a.mT + 2 * torch.eye(3, dtype=a.dtype), torch.exp, torch.exp),
        leaves_out=dict.fromkeys(("float16", "bfloat16"), "no half type, since eigh has none"),
    ),
    Fix(
        "linalg/svd",
        "polar",
        vectors(3, 3),
        lambda f, *rows: f((a := torch.stack(rows, -2)) + 3 * torch.eye(3, dtype=a.dtype)),
        leaves_out=dict.fromkeys(("float16", "bfloat16"), "no half type, since svd has none"),
    ),
    Fix(
        "linalg/det",
        "determinant",
        vectors(3, 3),
        lambda f, *rows: f(torch.stack(rows, -2)),
        extremes=[([ZERO, ZERO], [ZERO, ZERO]), ([1.0, 2.0], [2.0, 4.0])],
        leaves_out=dict.fromkeys(("float16", "bfloat16"), "no half type, since svd has none"),
    ),
    Fix("ties/scatter_reduce", "group_max", vectors(1, 5), lambda f, x: f(x, torch.arange(x.shape[0]) % 2, 3)),
    Fix(
        "ties/segment_reduce",
        "segment",
        vectors(1, 5),
        lambda f, x: f(x, "mean", torch.tensor([0, x.shape[0]])),
        leaves_out={"forward": "neither forward mode nor second derivative", "vmap": "vmap loops over it"},
    ),
    Fix(
        "ties/table",
        "share",
        vectors(1, 5),
        lambda f, x: f(x, x.median(-1).values),
        extremes=[([ZERO, ZERO, ZERO],), ([LARGE, LARGE, LARGE],), ([-LARGE, -LARGE, ZERO],)],
    ),
    Fix(
        "norms/layers",
        "plain",
        lambda generator, batch: (vectors(1, 3)(generator, batch)[0], vectors(1, 1)(generator, batch)[0] + 2),
    ),
    Fix("norms/zero", "smooth_norm", vectors(1, 4), extremes=[([ZERO, ZERO],), ([LARGE, -LARGE],)]),
    Fix("norms/other_p", "sparsity", numbers(), extremes=[(ZERO,), (LARGE,)], reduces=True),
    Fix("norms/normalize", "unit", vectors(1, 4), extremes=[([ZERO, ZERO],), ([LARGE, -LARGE],)]),
    Fix(
        "norms/normalize", "cosine_of", vectors(2, 4), extremes=[([ZERO, ZERO], [1.0, 2.0]), ([1e-6, ZERO], [1.0, 2.0])]
    ),
    Fix("norms/distances", "distances", lambda g, batch: (normal(g, (*batch, 3, 2)), normal(g, (*batch, 4, 2)))),
    Fix("norms/std", "exact_std", vectors(1, 4), silent, extremes=[([ZERO, ZERO],), ([0.1, 0.1, 0.1],)]),
    Fix("norms/std", "std_eps", vectors(1, 4), extremes=[([ZERO, ZERO],), ([0.1],)]),
    Fix("norms/angle", "safe_hypot", numbers(2), extremes=[(ZERO, ZERO), (LARGE, LARGE)]),
    Fix(
        "norms/angle",
        "scaled_atan2",
        numbers(2),
        extremes=[(ZERO, ZERO), (-ZERO, -ZERO), (LARGE, LARGE), (1e-4, -1e-4)],
    ),
]

# Functions of sections named fix that belong to the example there, and are not meant to be copied.
EXAMPLES = {
    ("basics/detach", "show"),
    ("basics/sgd_kink", "decrease"),
    ("basics/sgd_kink", "loss"),
    ("basics/sgd_kink", "polyak"),
    ("edges/division", "select"),
    ("edges/exp", "early"),
    ("edges/pow", "polynomial"),
    ("edges/sqrt", "inside"),
    ("edges/sqrt", "outside"),
    ("edges/arcs", "unit"),
    ("images/pipeline", "safe"),
    ("infinities/attention", "attend"),
    ("linalg/svd", "root"),
    ("infinities/attention", "attention"),
    ("infinities/logsumexp", "add"),
    ("infinities/softmax", "chosen"),
    ("kinks/clamp", "descend"),
    ("products/removable", "far_from_zero"),
    ("products/removable", "near_zero"),
    # The gradient is meant to be another one: their snippets test it.
    ("images/grid_border", "inside"),
    ("kinks/hard_activations", "through"),
    # Of integers: there is no gradient.
    ("losses/multi_margin", "indices"),
    ("losses/multilabel_soft_margin", "zeros_and_ones"),
}
