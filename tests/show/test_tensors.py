"""Tensors in the cells of tables."""

from __future__ import annotations

import math

from livedocs.show.tensors import html_of, html_of_input, lines_of, text_lines, text_of


def test_a_matrix_is_a_line_for_each_row() -> None:
    assert lines_of([[1.0, 2.0], [3.0, -0.5]]) == ["[1, 2]", "[3, −0.5]"]
    assert lines_of([[[1.0, 2.0]], [[3.0, 4.0]]]) == ["[1, 2]", "[3, 4]"]
    assert lines_of(2.0) == ["2"] and lines_of(None) == ["–"] and lines_of([]) == ["[]"]


def test_equal_entries_are_said_in_a_word() -> None:
    assert lines_of([[math.nan] * 3] * 2) == ["all NaN (2 × 3)"]
    assert lines_of([0.0] * 5) == ["all 0 (5)"]
    assert lines_of([0.5] * 4) == ["[0.5, 0.5, 0.5, 0.5]"], "a short row is plainer than the word"
    assert lines_of([0.0, -0.0, 0.0]) == ["[0, −0, 0]"], "they do not look equal"


def test_each_input_has_its_name_where_there_are_several() -> None:
    assert text_of({"x": [[1.0], [2.0]], "y": 3.0}) == "x: [1], [2]; y: 3" and text_of({"x": 3.0}) == "3"
    assert html_of({"x": 1.0}) == "1"
    assert html_of({"x": 1.0, "y": 2.0}).count('<span class="line"><span class="input">') == 2


def test_a_tensor_that_is_equal_to_its_neighbor_is_not_printed_twice() -> None:
    assert html_of_input("", [1.0, 2.0], [1.0, 2.0]) == "the same"
    assert html_of_input("", 1.0, 1.0) == "1", "a number is shorter than the word"
    assert "the same" not in html_of_input("", [1.0, math.nan], [1.0, 2.0])
    assert html_of_input("", [1.0, math.nan], [1.0, math.nan]) == "the same"
    assert html_of_input("", [1.0, 2.00001], [1.0, 2.0]) == "the same", "its digits are: a slope is not exact"


def test_a_quantity_as_text_has_the_same_lines() -> None:
    assert text_lines({"x": [[1.0, 2.0], [3.0, 4.0]]}) == "[1, 2]\n[3, 4]"
    assert text_lines({"x": [0.5, 0.5], "w": 1.0}) == "x: [0.5, 0.5]\nw: 1" and text_lines(None) == "–"
