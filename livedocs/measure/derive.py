"""Derives everything that is shown of a rule from its declaration, and refuses declarations that are not true.

This runs in a child of the helper process, next to torch.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

import sympy

# SymPy imports these when it simplifies for the first time, which takes a third of a second: here the helper does it,
# once, and not each child.
import sympy.codegen.ast
import sympy.combinatorics
import sympy.physics.units
import sympy.sets.setexpr
import sympy.tensor.tensor  # noqa: F401
import torch

from livedocs import chance
from livedocs.declare import Pieces, Rule
from livedocs.errors import DocsError
from livedocs.measure import latex, source
from livedocs.measure.checks import check_names, declaration_error
from livedocs.measure.curve import sample_curve
from livedocs.measure.judge import judge_tensors
from livedocs.measure.modes import Measurement, evaluate
from livedocs.measure.pieces import CheckedPieces, regular_points
from livedocs.measure.plane import sample_surface
from livedocs.measure.tensors import measure_tensors, regular_inputs
from livedocs.measure.wide import measure_wide
from livedocs.measured import Elsewhere, KnownDefect, MeasuredRule, Point
from livedocs.progress import Progress, files_of_streams


def run(folder: Path, *, root: str, module: str) -> list[dict[str, Any]]:
    """Measure a module of rules in a child (livedocs.run.child).

    Args:
        folder: of the job; takes the lines that a message may have to name (livedocs.progress).
        root: the project's root.
        module: the module's name, ``"rules.kinks.relu"``.

    Returns:
        The measured rules in their order (``MeasuredRule.to_dict``).

    Raises:
        DocsError: for a declaration that is wrong, with the rule's name, file and line.
    """
    warnings.simplefilter("ignore")  # measuring provokes what PyTorch warns of
    found = []
    for rule in load_rules(Path(root), module, Progress(folder)):
        torch.default_generator.seed()  # as if nobody had: a rule that seeds it does so for itself alone
        numbers = chance.Chance()
        try:
            found.append(derive_rule(Path(root), rule).to_dict())
        except DocsError:
            raise
        except BaseException as error:  # a declaration may call exit
            got = f"{type(error).__name__}: {error}"
            problem = "it cannot be measured"
            raise declaration_error(rule, place_of(Path(root), rule), problem, got, "a declaration that runs") from None
        if numbers.drawn():
            got = "a declaration that draws from PyTorch's generator"
            raise declaration_error(rule, place_of(Path(root), rule), chance.PROBLEM, got, chance.WANTED)
    return found


def load_rules(root: Path, module: str, progress: Progress) -> list[Rule]:
    """The rules of a module, whose lines are noted while it is imported.

    Raises:
        DocsError: for a module that does not import, or has no RULES.
    """
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    where = module.replace(".", "/") + ".py"
    before = _surroundings()
    try:
        with progress.following(where):
            loaded = importlib.import_module(module)
    except BaseException as error:  # SystemExit and KeyboardInterrupt too
        lines = [f.tb_lineno for f in _frames(error.__traceback__) if f.tb_frame.f_code.co_filename.endswith(where)]
        line = lines[-1] if lines else getattr(error, "lineno", None)
        raise DocsError(
            where, line, "the rules do not import", got=f"{type(error).__name__}: {error}", wanted="declarations"
        ) from None
    after = _surroundings()
    if progress.closed and None not in files_of_streams():
        got, wanted = "another file behind sys.stdout or sys.stderr", "the streams as they were"
        raise DocsError(where, progress.closed, "the rules change a stream", got=got, wanted=wanted)
    for name, value in before.items():
        if after.get(name) is not value and after.get(name) != value:
            got = f"{name} is {after.get(name)!r:.200}"
            line = _line_with(
                loaded, name.rpartition(".")[2].removesuffix("()").removeprefix("is_").removeprefix("get_")
            )
            line = line or progress.closed
            what = "a stream" if name.startswith("sys.") else "PyTorch"
            raise DocsError(where, line, f"the rules change {what}", got=got, wanted=f"{value!r:.200}")
    if not hasattr(loaded, "RULES"):
        raise DocsError(where, None, "a module of rules without RULES", got="no such list", wanted="RULES = [...]")
    if not isinstance(loaded.RULES, list) or not all(isinstance(rule, Rule) for rule in loaded.RULES):
        wanted = "RULES = [Pieces(...), VJP(...)]"
        line = _line_with(loaded, "RULES")
        raise DocsError(where, line, "RULES is no list of rules", got=repr(loaded.RULES)[:200], wanted=wanted)
    return loaded.RULES


def _line_with(module: ModuleType, word: str) -> int | None:
    """The last line of a module that holds a word, which is what counts in the end."""
    lines = inspect.getsource(module).split("\n")
    return next((n for n in range(len(lines), 0, -1) if re.search(rf"\b\w*{word}\b", lines[n - 1])), None)


def _surroundings() -> dict[str, Any]:
    """What a rule would be measured with: PyTorch's functions and methods, its settings, and the streams."""
    settings = (torch.get_default_dtype, torch.is_grad_enabled, torch.get_num_threads, torch.is_inference_mode_enabled)
    found: dict[str, Any] = {f"torch.{setting.__name__}()": setting() for setting in settings}
    found |= {f"sys.{name}": getattr(sys, name, None) for name in ("stdout", "stderr")}
    found |= {
        f"sys.{name} open": _is_open(name, file)
        for name, file in zip(("stdout", "stderr"), files_of_streams(), strict=True)
    }
    found |= {
        f"{namespace.__name__}.{name}": value
        for namespace in (torch, torch.nn.functional, torch.linalg, torch.special, torch.fft, torch.autograd)
        for name, value in vars(namespace).items()
        if callable(value)
    }
    return found | {f"torch.Tensor.{name}": value for name, value in vars(torch.Tensor).items() if callable(value)}


def _is_open(name: str, file: tuple[int, int] | None) -> bool:
    return file is not None and not getattr(getattr(sys, name, None), "closed", True)


def derive_rule(root: Path, rule: Rule) -> MeasuredRule:
    """Measure one rule.

    Args:
        root: the project's root; messages name files relative to it.
        rule: the declaration.

    Raises:
        DocsError: for a declaration that is wrong, with the rule's name, file and line.
    """
    where = place_of(root, rule)
    check_names(rule, where)
    found: dict[str, Any]
    if isinstance(rule, Pieces):
        pieces = CheckedPieces(rule, where)
        judged = [pieces.measure(*point) for point in pieces.special()]
        points = [point for point, _ in judged]
        measured = [
            Point(**vars(p), verdict=v, latex=latex.label_of(pieces, p.label), elsewhere=_elsewhere(rule, p))
            for p, v in judged
        ]
        found = {
            "scalar": True,
            "formula": latex.formula_of(pieces, points),
            "gradient": latex.gradient_of(pieces, points),
            "parameters": tuple((sympy.latex(s), float(v)) for s, v in rule.parameters.items()),
            "curve": sample_curve(pieces, measured),
            "plot": rule.plot,
        }
    else:
        points = list(measure_tensors(rule, where))
        measured = [Point(**vars(p), verdict=judge_tensors(rule, p), elsewhere=_elsewhere(rule, p)) for p in points]
        found = {"scalar": False, "formula": rule.formula, "gradient": rule.gradient}
        found["surface"] = rule.plane and sample_surface(rule, where, measured)
    labels = [point.label for point in points]
    for defect in rule.defects:
        if defect.reported and not defect.reported.startswith("https://"):
            raise declaration_error(rule, where, "the link to a report", defect.reported, "https://…")
        if defect.point not in labels:
            wanted = f"one of: {', '.join(labels)}"
            raise declaration_error(rule, where, "a defect at no special point", defect.point, wanted)
    output = _regular_output(rule)
    return MeasuredRule(
        function=rule.function,
        variant=rule.variant,
        call=rule.call,
        file=where[0],
        line=where[1],
        points=tuple(measured),
        also=tuple(rule.also),
        random=rule.random,
        complex=rule.complex,
        names=tuple(source.other_names(rule, output)),
        derivatives=tuple(map(tuple, source.lines_of(output))),
        excluded=dict(rule.excluded),
        defects=tuple(
            KnownDefect(d.point, d.what, d.reported)
            for d in rule.defects
            if d.releases is None or running_release() in d.releases
        ),
        **found,
    )


def _elsewhere(rule: Rule, point: Measurement) -> tuple[Elsewhere, ...]:
    """What differs from a point in other dtypes and longer tensors; random numbers are drawn otherwise there."""
    if rule.random:
        return ()
    return tuple(measure_wide(rule.call, point, getattr(rule, "fixed", {}), is_complex=rule.complex))


def running_release() -> str:
    """The running torch as ``major.minor``."""
    return ".".join(torch.__version__.split(".")[:2])


def place_of(root: Path, rule: Rule) -> tuple[str, int]:
    """File (relative to the project) and line of a declaration."""
    file, line = rule.place
    path = Path(file)
    return (path.relative_to(root).as_posix() if root in path.parents else path.name), line


def _frames(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _regular_output(rule: Rule) -> torch.Tensor | None:
    """The call at a regular input with gradients on: its graph names PyTorch's formulas."""
    generator = torch.Generator().manual_seed(0)
    if isinstance(rule, Pieces):
        sample = regular_points(rule, 1)[0]
        return evaluate(rule.call, {"x": torch.tensor(sample, dtype=torch.float64, requires_grad=True)})
    if not rule.shapes:
        return None
    return evaluate(rule.call, regular_inputs(rule, rule.shapes[-1], generator))
