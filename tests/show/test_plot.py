"""The plots of scalar functions: where the lines and dots are, and how large the drawings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from livedocs.declare import Piece, Pieces, oo, x
from livedocs.measure.derive import derive_rule
from livedocs.measured import MeasuredRule
from livedocs.show.plot import F, G, card_plot, small_plot
from tests.browsing import until
from tests.conftest import ROOT

LARGEST = 6_000  # bytes of the plot of a card
SMALLEST = 12.0  # CSS pixels of its numbers, on a phone too


@pytest.fixture(scope="module")
def absolute() -> MeasuredRule:
    return derive_rule(ROOT, Pieces("torch.abs", "torch.abs(x)", pieces=[Piece(-x, -oo, 0), Piece(x, 0, oo)]))


@pytest.fixture(scope="module")
def reciprocal() -> MeasuredRule:
    pieces = [Piece(1 / x, -oo, 0), Piece(1 / x, 0, oo)]
    return derive_rule(ROOT, Pieces("torch.reciprocal", "torch.reciprocal(x)", pieces=pieces, jumps=(0,)))


def subpaths(drawing: str, color: str) -> list[list[tuple[float, float]]]:
    """The points of a curve in a plot, by its pieces."""
    path = re.search(rf'<path stroke="{re.escape(color)}" [^>]*d="([^"]*)"', drawing)[1]
    return [[tuple(map(float, point.split())) for point in piece.split("L")] for piece in path.split("M")[1:]]


def height(drawing: str) -> float:
    """That of the area inside the axes."""
    return float(re.search(r'<svg x=[^>]*height="(\d+)"', drawing)[1])


def test_abs_is_drawn_as_two_lines_that_meet_and_two_that_do_not(absolute: MeasuredRule) -> None:
    drawing = small_plot(absolute)
    (left, right), (below, above) = subpaths(drawing, F), subpaths(drawing, G)
    assert len(left) == len(right) == len(below) == len(above) == 2, "a line has two ends"
    assert left[1] == right[0] and left[0][1] < left[1][1] > right[1][1], "y grows downwards"
    assert below[0][1] == below[1][1] > above[0][1] == above[1][1]
    assert drawing.count("<circle") == 1 and "at x = 0 the gradient is 0" in drawing


def test_a_card_tells_what_is_returned_from_what_is_only_a_limit(absolute: MeasuredRule) -> None:
    f, g = card_plot(absolute).split("<svg viewBox")[1:]
    assert "<circle" not in f, "abs does not jump"
    dots = re.findall(r'<circle [^>]*cy="([\d.]+)" r="4" fill="([^"]*)"', g)
    (low, paper), (high, paper_too), (middle, color) = sorted(dots, key=lambda dot: dot[1] == G)
    assert paper == paper_too == "var(--plot-paper)" and color == G
    assert float(high) < float(middle) < float(low) or float(low) < float(middle) < float(high)


def test_the_numbers_of_a_panel_are_its_ticks(absolute: MeasuredRule) -> None:
    _, f, g = card_plot(absolute).split("<svg viewBox")
    shown = [re.findall(r">([^<>]+)</text>", panel) for panel in (f, g)]
    assert shown[0][0] == "f(x)" and {"−4", "0", "4"} <= set(shown[0])
    assert shown[1][0] == "f′(x)" and {"−1", "−0.5", "0", "0.5", "1"} <= set(shown[1])


def test_a_pole_leaves_the_plot_and_comes_back(reciprocal: MeasuredRule) -> None:
    drawing = small_plot(reciprocal)
    left, right = subpaths(drawing, F)
    assert left[-1][1] > height(drawing) and right[0][1] < 0
    assert drawing.count(f'<path fill="{G}"') == 1, "a triangle points to the infinite gradient"


def test_the_plots_of_all_cards_are_small(site: Path) -> None:
    sizes = {}
    for page in site.rglob("index.html"):
        for figure in re.findall(
            r'<figure class="plot"><div class="panels".*?</figure>', page.read_text("utf-8"), re.S
        ):
            if 'aria-label="Contours of ' not in figure:  # test_plane.py has those
                sizes[page.relative_to(site).as_posix(), figure[60:120]] = len(figure.encode())
    assert len(sizes) > 60
    assert {where: size for where, size in sizes.items() if size > LARGEST} == {}


@pytest.mark.parametrize("path", ["kinks/relu/", "basics/common/"])
def test_the_numbers_are_legible_on_a_phone(path: str, browser, served: str) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 800})
    page.goto(served + path)
    until(page, "document.readyState === 'complete'")
    sizes = page.evaluate("""() => [...document.querySelectorAll('article :is(.panels, .sheet div) > svg')].map((svg) =>
      parseFloat(getComputedStyle(svg.querySelector('text')).fontSize) * svg.getScreenCTM().a)""")
    folded = [size for size in sizes if size == 0]
    assert len(sizes) > 3 and min(size for size in sizes if size) >= SMALLEST and len(folded) < len(sizes)
    page.close()
