"""Highlighted code without the marks that change no color."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from livedocs.pages.highlighting import PLAIN, without_plain_marks


def test_the_text_stays_and_colors_stay() -> None:
    code = '<code><span class="n">x</span><span class="w"> </span><span class="o">&lt;</span><span class="mi">1</span>'
    code += '<span class="p">)</span></code>'
    assert without_plain_marks(code) == '<code>x &lt;<span class="mi">1</span>)</code>'


def test_outside_of_code_nothing_changes() -> None:
    assert without_plain_marks('<p><span class="n">x</span></p>') == '<p><span class="n">x</span></p>'


@pytest.mark.site
def test_no_page_has_plain_marks(site: Path) -> None:
    marks = re.compile(rf'<span class="(?:{"|".join(PLAIN)})">')
    kinds = set()
    for path in site.rglob("index.html"):
        code = "".join(re.findall(r"<code\b.*?</code>", path.read_text(encoding="utf-8"), re.DOTALL))
        assert not marks.search(code), path
        kinds |= set(re.findall(r'<span class="(\w+)">', code))
    assert {"k", "mi", "s2", "kn"} <= kinds, "keywords, numbers and strings have colors"
