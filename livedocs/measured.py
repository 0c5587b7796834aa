"""What was measured of a rule, as plain data that pages, tables and files are made of.

livedocs.measure makes these values in a child process, next to torch; as JSON they come to the process that renders
pages, which needs no torch.
"""

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from livedocs.errors import DocsError
from livedocs.verdicts import Verdict

Quantity = Mapping[str, Any]  # of each input, as nested lists of numbers

MODULES = ("torch.", "nn.functional.", "special.")


@dataclass(frozen=True)
class Elsewhere:
    """What differs from a special point's card in another dtype, a longer tensor, or one with gaps in memory.

    Args:
        dtype: ``"float16"``.
        copies: how many copies of the point there are in the shortest tensor that shows it.
        strided: whether every other place in memory is left out.
        output, gradient, forward: of the first copy that differs, as a ``Point`` has them; None where they do not.
        error: PyTorch's own words where the call, or one of its modes, raises.
    """

    dtype: str
    copies: int
    strided: bool
    output: Any = None
    gradient: Quantity | None = None
    forward: Quantity | None = None
    error: str = ""


@dataclass(frozen=True)
class Point:
    """What was measured at one special point, in float64.

    Args:
        label: the point's name: ``"x = 0"``, ``"two-way tie"``.
        inputs: the Python text of each input.
        output: the value, as nested lists.
        gradient: by reverse mode, with a cotangent of ones. Like those that follow it maps each input to nested lists,
            and is None where it does not exist.
        forward: the same by forward mode.
        create_graph: the gradient under ``create_graph=True``.
        second: the derivative of each entry's gradient with respect to that entry.
        hessian: the whole matrix over the entries of all inputs, where there are 2 to 4 of them.
        left, right: the slope on each side, entry by entry.
        reasons: why a quantity does not exist, in PyTorch's own words.
        verdict: what the gradient is.
        latex: the label as a formula, where there is a shorter one than the inputs.
        elsewhere: what differs in other dtypes and longer tensors.
    """

    label: str
    inputs: Mapping[str, str]
    output: Any = None
    gradient: Quantity | None = None
    forward: Quantity | None = None
    create_graph: Quantity | None = None
    second: Quantity | None = None
    hessian: list[list[float]] | None = None
    left: Quantity | None = None
    right: Quantity | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)
    verdict: Verdict = Verdict.UNJUDGED
    latex: str | None = None
    elsewhere: tuple[Elsewhere, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The point as JSON holds it."""
        return {**vars(self), "elsewhere": [dict(vars(one)) for one in self.elsewhere]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Point:
        """The point that ``to_dict`` has written."""
        elsewhere = tuple(Elsewhere(**one) for one in data["elsewhere"])
        return cls(**{**data, "verdict": Verdict(data["verdict"]), "elsewhere": elsewhere})


@dataclass(frozen=True)
class CurvePoint:
    """A special point of a curve.

    Args:
        x, f, g: where it is, the value and the gradient; None where there is none.
        left, right: the slope on each side, None where there is none.
        is_break: whether pieces begin or end there.
        limits: of the value from the left and from the right; None where no piece is.
        verdict: what the gradient is.
    """

    x: float
    f: float | None
    g: float | None
    left: float | None
    right: float | None
    is_break: bool
    limits: tuple[float | None, float | None]
    verdict: Verdict


@dataclass(frozen=True)
class Curve:
    """A scalar function of one variable, sampled from left to right.

    Args:
        x, f, g: the samples, the values there, and the gradients; None where there is none.
        view: of ``"x"``, ``"f"`` and ``"g"``: the lowest and the highest that a panel shows.
        ticks: the round numbers between these.
        points: the special ones, from left to right.
    """

    x: list[float]
    f: list[float]
    g: list[float | None]
    view: Mapping[str, list[float]]
    ticks: Mapping[str, list[float]]
    points: tuple[CurvePoint, ...]

    def to_dict(self) -> dict[str, Any]:
        """The curve as JSON holds it."""
        return {**vars(self), "points": [dict(vars(point)) for point in self.points]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Curve:
        """The curve that ``to_dict`` has written."""
        points = [
            CurvePoint(**{**point, "limits": tuple(point["limits"]), "verdict": Verdict(point["verdict"])})
            for point in data["points"]
        ]
        return cls(**{**data, "points": tuple(points)})


@dataclass(frozen=True)
class Surface:
    """A function of two numbers around a special point.

    Args:
        axes: the names of the two numbers.
        at: the label of the point.
        place: its two numbers.
        entry: whether the function has several outputs; then it is the first.
        view: of ``"x"``, ``"y"``, ``"gx"`` and ``"gy"``: the lowest and the highest that a panel shows.
        ticks: the round numbers between these.
        contours: levels, each with its lines, which are lists of places.
        arrows: places and PyTorch's gradients there: x, y, and its two entries.
        hull: the corners, in order, of the convex hull of the gradients close to the point; empty where they are
            not bounded.
        gradient: what PyTorch returns at the point.
        verdict: what that is.
    """

    axes: tuple[str, str]
    at: str
    place: tuple[float, float]
    entry: bool
    view: Mapping[str, list[float]]
    ticks: Mapping[str, list[float]]
    contours: list[tuple[float, list[list[tuple[float, float]]]]]
    arrows: list[tuple[float, float, float, float]]
    hull: list[tuple[float, float]]
    gradient: tuple[float, float]
    verdict: Verdict

    def to_dict(self) -> dict[str, Any]:
        """The surface as JSON holds it."""
        return dict(vars(self))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Surface:
        """The surface that ``to_dict`` has written; lists that JSON has made of tuples become tuples again."""
        pairs = {name: tuple(data[name]) for name in ("axes", "place", "gradient")}
        lists = {name: list(map(tuple, data[name])) for name in ("arrows", "hull")}
        contours = [(level, [list(map(tuple, line)) for line in lines]) for level, lines in data["contours"]]
        return cls(**{**data, **pairs, **lists, "contours": contours, "verdict": Verdict(data["verdict"])})


@dataclass(frozen=True)
class KnownDefect:
    """What is known to be wrong at a special point: one sentence, and a link to the report, if there is one."""

    point: str
    what: str
    reported: str = ""


@dataclass(frozen=True)
class MeasuredRule:
    """A rule beside torch: what its card shows.

    Args:
        function, variant, call, also, random, complex: as it declares them (livedocs.declare).
        file, line: where it is declared, relative to the project.
        scalar: whether it is a scalar function of one variable.
        formula, gradient: LaTeX.
        points: its special points.
        names: what else people type who mean the function.
        parameters: LaTeX and value of each.
        derivatives: the entries of PyTorch's derivatives.yaml, each a list of lines.
        excluded: the checks that are left out, with the reason.
        defects: those of the running release.
        curve: of a scalar function, None if it was not sampled.
        plot: whether its card shows the curve.
        surface: of a function of two numbers that declares a plane.
    """

    function: str
    variant: str
    call: str
    file: str
    line: int
    scalar: bool
    formula: str
    gradient: str
    points: tuple[Point, ...]
    also: tuple[str, ...] = ()
    random: bool = False
    complex: bool = False
    names: tuple[str, ...] = ()
    parameters: tuple[tuple[str, float], ...] = ()
    derivatives: tuple[tuple[str, ...], ...] = ()
    excluded: Mapping[str, str] = field(default_factory=dict)
    defects: tuple[KnownDefect, ...] = ()
    curve: Curve | None = None
    plot: bool = False
    surface: Surface | None = None

    @property
    def name(self) -> str:
        """The rule's own name: the function's, and the variant if there is one."""
        return f"{self.function}({self.variant})" if self.variant else self.function

    @property
    def short(self) -> str:
        """The name as people type it: without the modules."""
        return short_name(self.name)

    @property
    def anchor(self) -> str:
        """The id of the card on its page: the function's name, and the variant if there is one."""
        return anchor_of(self.function, self.variant)

    @property
    def page(self) -> str:
        """The page of the card, below the folder of the pages: ``"kinks/relu.md"``."""
        return self.file.removeprefix("rules/").removesuffix(".py") + ".md"

    def link(self, from_page: str) -> str:
        """The card, as a page links to it.

        Args:
            from_page: the page's name in messages, with the folder of the pages in front: ``"docs/kinks/abs.md"``.
        """
        here = posixpath.dirname(from_page.partition("/")[2])
        return f"{posixpath.relpath(self.page, here)}#{self.anchor}"

    def error(self, problem: str, got: str, wanted: str) -> DocsError:
        """An error that names the rule and where it is declared."""
        return DocsError(self.file, self.line, f"rule {self.name}: {problem}", got=got, wanted=wanted)

    def to_dict(self) -> dict[str, Any]:
        """The rule as JSON holds it."""
        return {
            **vars(self),
            "points": [point.to_dict() for point in self.points],
            "defects": [dict(vars(defect)) for defect in self.defects],
            "curve": self.curve and self.curve.to_dict(),
            "surface": self.surface and self.surface.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MeasuredRule:
        """The rule that ``to_dict`` has written; lists that JSON has made of tuples become tuples again."""
        read = {
            **{name: tuple(data[name]) for name in ("also", "names")},
            **{name: tuple(map(tuple, data[name])) for name in ("parameters", "derivatives")},
            "points": tuple(map(Point.from_dict, data["points"])),
            "defects": tuple(KnownDefect(**defect) for defect in data["defects"]),
            "curve": data["curve"] and Curve.from_dict(data["curve"]),
            "surface": data["surface"] and Surface.from_dict(data["surface"]),
        }
        return cls(**{**data, **read})


class MeasuredRules(Mapping[str, MeasuredRule]):
    """The rules of a project by name, in the order in which they were given.

    Args:
        rules: all of them, one module after the other.

    Raises:
        DocsError: for two rules of one name.
    """

    def __init__(self, rules: Iterable[MeasuredRule]) -> None:
        self._rules: dict[str, MeasuredRule] = {}
        for rule in rules:
            first = self._rules.setdefault(rule.name, rule)
            if first is not rule:
                got = f"the same name at {first.file}:{first.line}"
                raise rule.error("the name is taken", got, "a variant that tells them apart")

    def __getitem__(self, name: str) -> MeasuredRule:
        return self._rules[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)

    def in_menu_order(self, pages: Iterable[str]) -> MeasuredRules:
        """The same rules in the order of their pages; those of other pages come last."""
        order = {page: number for number, page in enumerate(pages)}
        return MeasuredRules(sorted(self.values(), key=lambda rule: order.get(rule.page, len(order))))

    def with_curve(self) -> MeasuredRules:
        """The scalar functions among them."""
        return MeasuredRules(rule for rule in self.values() if rule.curve)

    def nearest_names(self, name: str) -> str:
        """What to say was wanted where a name is not among them."""
        near = difflib.get_close_matches(name, list(self), n=4, cutoff=0.5)
        return "one of: " + ", ".join(near or self)


def anchor_of(function: str, variant: str) -> str:
    """The id of a rule's card: ``"torch.clamp"``, ``"torch.where-x-0-x-0"``."""
    told_apart = re.sub(r"[^a-z0-9.]+", "-", variant.lower()).strip("-")
    return f"{function}-{told_apart}" if told_apart else function


def short_name(name: str) -> str:
    """A name without the modules: ``"torch.nn.functional.relu"`` is ``"relu"``."""
    for module in MODULES:
        name = name.removeprefix(module)
    return name
