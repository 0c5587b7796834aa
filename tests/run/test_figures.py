"""Figures: coordinates are rounded, text is not."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import matplotlib
import matplotlib.figure
import pytest

from livedocs.run import figures

TEXTS = ["1.004", "0.35421 and 1e-06", "0.01745", "two  spaces", "<0.12345 & more>", "1.0000"]


@pytest.fixture
def drawn() -> ET.Element:
    matplotlib.use("svg")
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        figure = matplotlib.figure.Figure()
        axes = figure.add_subplot()
        axes.plot([0, 1.23456789], [0, 0.017453292])
        axes.set_yticks([0.01731, 0.01745])
        for place, text in enumerate(TEXTS):
            axes.text(0.123456 * place, 0.0123456, text)
        return ET.fromstring(figures.to_svg(figure))


def test_what_torch_said_stands_in_a_figure_as_it_was_drawn(drawn: ET.Element) -> None:
    shown = ["".join(element.itertext()) for element in drawn.iter() if element.tag.endswith("}text")]
    assert set(shown) >= {*TEXTS, "0.01731", "0.01745"}


def test_coordinates_have_two_decimals(drawn: ET.Element) -> None:
    values = [value for element in drawn.iter() for value in element.attrib.values()]
    assert any("." in value for value in values)
    assert not [value for value in values if re.search(r"\d\.\d{3,}", value) or "  " in value or "\n" in value]
