"""Highlighted code, finished: fewer marks, and its lines counted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from livedocs.pages.highlighting import LONG, PLAIN, finish_code


def test_the_text_stays_and_colors_stay() -> None:
    code = '<code><span class="n">x</span><span class="w"> </span><span class="o">&lt;</span><span class="mi">1</span>'
    code += '<span class="p">)</span></code>'
    assert finish_code(code) == '<code>x &lt;<span class="mi">1</span>)</code>'


def test_outside_of_code_nothing_changes() -> None:
    assert finish_code('<p><span class="n">x</span></p>') == '<p><span class="n">x</span></p>'


def test_code_says_how_many_lines_it_has_and_whether_that_is_more_than_half_a_sheet() -> None:
    for lines, start in (
        (LONG, f'<pre data-lines="{LONG}">'),
        (LONG + 1, f'<pre class="long" data-lines="{LONG + 1}">'),
    ):
        code = "<pre><span></span><code>" + "x\n" * lines + "</code></pre>"
        assert finish_code(code) == start + code[5:]


@pytest.mark.site
def test_no_page_has_plain_marks(site: Path) -> None:
    marks = re.compile(rf'<span class="(?:{"|".join(PLAIN)})">')
    kinds = set()
    for path in site.rglob("index.html"):
        code = "".join(re.findall(r"<code\b.*?</code>", path.read_text(encoding="utf-8"), re.DOTALL))
        assert not marks.search(code), path
        kinds |= set(re.findall(r'<span class="(\w+)">', code))
    assert {"k", "mi", "s2", "kn"} <= kinds, "keywords, numbers and strings have colors"
