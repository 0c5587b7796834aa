"""The drawing of a function of two numbers: what it says in words, where its dots are, how large it is."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import pytest

from livedocs.declare import Plane
from livedocs.measure.derive import derive_rule
from livedocs.show.plane import POINT, WIDTH, plane_plot
from tests.conftest import ROOT
from tests.planes import of_two, of_vector

LARGEST = 15_000  # bytes


def drawn(call: str, **point: tuple[str, str]) -> str:
    (label,) = point
    return plane_plot(derive_rule(ROOT, of_two(call, Plane(label), **point)))


def said(drawing: str) -> str:
    return re.search('aria-label="([^"]*)"', drawing)[1]


CALLS = [
    "torch.maximum(x, y)",
    "torch.hypot(x, y)",
    "torch.atan2(x, y)",
    "torch.pow(x, y)",
    "x * y",
    "torch.fmod(x, y)",
]


@pytest.mark.parametrize("call", CALLS)
def test_it_is_small_and_fits_on_a_phone(call: str) -> None:
    drawing = drawn(call, zero=("0.", "0."))
    assert len(drawing.encode()) < LARGEST
    ET.fromstring(drawing)
    assert {int(width) for width in re.findall(r'<svg viewBox[^>]*width="(\d+)"', drawing)} == {WIDTH}
    assert WIDTH < 360 - 40
    assert not re.search(r'"[^"]*\b(nan|inf)\b[^"]*"', re.sub('aria-label="[^"]*"', "", drawing)), (
        "SVG has no such number"
    )


def test_a_kink_in_words() -> None:
    drawing = drawn("torch.maximum(x, y)", tie=("4.", "4."))
    for text in (said(drawing), drawing.partition("<figcaption>")[2]):
        assert "the segment from (0, 1) to (1, 0)" in text and "(0.5, 0.5), the minimum-norm subgradient" in text
    assert drawing.count("<svg viewBox") == 2 and drawing.count('<circle cx="') == 2
    assert f'stroke="{POINT}"' in drawing, "the gradient at the point is an arrow of its own"


def test_a_disk_and_no_gradient_in_words() -> None:
    drawing = drawn("torch.hypot(x, y)", zero=("0.", "0."))
    assert "the disk of radius 1" in said(drawing) and "PyTorch returns (NaN, NaN)." in said(drawing)
    assert drawing.count("<circle") == 1, "NaN is no place"


def test_gradients_without_bound_have_no_panel() -> None:
    drawing = drawn("torch.atan2(x, y)", zero=("0.", "0."))
    assert drawing.count("<svg viewBox") == 1 and "are not bounded" in said(drawing)


def test_a_smooth_point_has_no_panel_of_its_own() -> None:
    """The gradients near it are one, and PyTorch returns it: the caption says so."""
    drawing = drawn("x * y", p=("1.", "2."))
    assert drawing.count("<svg viewBox") == 1 and "tend to (2, 1)" in said(drawing)


def test_labels_of_contours_stand_free(numbers=re.compile(r'<text x="([\d.]+)" y="([\d.]+)">')) -> None:
    """Of each other, of the dot and of the names of the axes."""
    drawing = drawn("x * y", p=("1.", "2."))
    labels = re.search(r'<g font-size="11" text-anchor="middle"[^>]*>(.*?)</g>', drawing)[1]
    spots = [tuple(map(float, spot)) for spot in numbers.findall(labels)]
    (dot,) = [tuple(map(float, s)) for s in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', drawing)]
    others = [*spots, (dot[0], dot[1] + 4), (10, 13)]
    assert len(spots) >= 3
    assert all(math.dist(a, b) > 20 for n, a in enumerate(others) for b in others[:n])


def test_an_arrow_points_uphill() -> None:
    """y grows upwards on the page, and downwards in the file."""
    drawing = drawn("y + 0 * x", p=("1.", "1."))
    path = re.search(r'<path stroke-width="1.2" d="(M[^"]*)"', drawing)[1]
    (x0, y0), (x1, y1) = [tuple(map(float, spot.split())) for spot in re.match(r"M([\d. ]+)L([\d. ]+)M", path).groups()]
    assert x0 == pytest.approx(x1, abs=0.1) and y1 < y0 - 10


def test_the_first_of_several_outputs_is_named() -> None:
    drawing = plane_plot(derive_rule(ROOT, of_vector("torch.softmax(x, 0)", "equal", equal="[0., 0.]")))
    assert ">softmax(x, 0)[0]<" in drawing and "tend to (0.25, −0.25)" in said(drawing)
