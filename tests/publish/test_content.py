"""What Markdown shows as it is written, and what takes in the rest of a page, is found in its HTML, with its line."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from livedocs.publish.content import faults
from livedocs.publish.lines import LINKS, WithLines, line_with

pytestmark = pytest.mark.site


@pytest.mark.parametrize(
    ("content", "problem", "got"),
    [
        ("<div><p>x</p>", "a tag that is not closed", "<div>"),
        ("<p>x</b></p>", "a tag that closes nothing", "</b>"),
        ("<p><b><i>x</b></i></p>", "a tag that closes nothing", "</b>"),
        ("<p>x</p><!-- never", "markup that never ends", "<!-- never"),
        ("<p>[x](y.md</p>", "markup that is shown as text", "[x](y.md"),
        ("<p>[x][y]</p>", "markup that is shown as text", "[x][y]"),
        ("<p>a $x and</p>", "markup that is shown as text", "a $x and"),
        ("<p>!!! note</p>", "markup that is shown as text", "!!! note"),
        ("<h2>x { #own</h2>", "markup that is shown as text", "x { #own"),
        ("<p>**x</p>", "markup that is shown as text", "**x"),
        ('<p><a href="vbscript:x">x</a></p>', "markup that is not published", "vbscript:x"),
        ("<p><a href=java&#9;script:x>x</a></p>", "markup that is not published", "java\tscript:x"),
        ('<p><img alt="" src="//x.org/a.png"></p>', "an image from elsewhere", "//x.org/a.png"),
        ('<base href="/">', "markup that is not published", "<base>"),
        ('<p srcset="a">x</p>', "markup that is not published", 'srcset="a"'),
        ("<svg/onload=x></svg>", "markup that is not published", 'onload="x"'),
    ],
)
def test_a_fault(content: str, problem: str, got: str) -> None:
    found = [(error.problem, error.got) for error in faults(content, [], "docs/a.md")]
    assert (problem, got) in found


@pytest.mark.parametrize(
    "content",
    [
        '<p>x<br>y <img alt="a > b" src="a.png"/> <code>$x **y [a](b) `</code></p>',
        "<p>x**0.5 and 2 ** 3, [0, 1][0] and [1, 0][0, 1]</p>",
        '<pre><code>**x $y <span class="p">](</span></code></pre>',
        '<p><a href="https://x.org">x</a> <a href="mailto:a@x.org">x</a> <a href="../x/#a:b">x</a></p>',
        '<div class="math"><math><mi>x</mi><mspace width="1em"/></math></div><!-- $x <div> -->',
        "<details open><summary>x</summary><p>y</p></details>",
    ],
)
def test_no_fault(content: str) -> None:
    assert not list(faults(content, [], "docs/a.md"))


@pytest.mark.parametrize(
    ("content", "source", "line"),
    [
        ("<p>One.</p>\n<p>Windows that overlap **share it</p>", "One.\n\nWindows that `overlap` **share it", 3),
        ("<p>One word.\n<div>\n</p>", "# Title\n\nOne *word*.\n<div>", 4),
        ("<p>One long word.</p></b>", "# Title\n\nOne *long* word.", 3),
        ("<p>x</p>", '<!-- and\n```python\n--8<-- "a.py"\n```\n-->', 2),
    ],
)
def test_the_line_of_a_fault(content: str, source: str, line: int) -> None:
    found = list(faults(content, source.split("\n"), "docs/a.md"))
    assert [error.line for error in found] == [line], found


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("b c", 2),
        ("the gradient of b is", 3),
        ("b z", None),
        ("the gradient is shared by none of them", None),
        ("", None),
    ],
)
def test_the_line_with_a_text(text: str, line: int | None) -> None:
    assert line_with(text, ["a", "a b c", "the **gradient** of `b`", "the gradient is", "gradient the is"]) == line


@pytest.mark.parametrize(
    ("message", "prefix"),
    [
        ("Doc file 'a.md' contains a link 'no.md', but the target is not found.", "docs/a.md:3: "),
        ("Doc file 'a.md' contains an absolute link '/x', it was left as is.", "docs/a.md:1: "),
        ("Doc file 'n.ipynb' contains a link 'no.md', but the target is not found.", "docs/n.py:2: "),
        ("Doc file 'a.md' contains a link 'gone.md', but the target is not found.", ""),
        ("Doc file 'b.md' contains a link 'no.md', but the target is not found.", ""),
        ("100 % of it", ""),
    ],
)
def test_mkdocs_names_the_line_of_a_link(message: str, prefix: str, tmp_path: Path, caplog) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("[x](/x)\n\n[y](no.md)\n", encoding="utf-8")
    (docs / "n.py").write_text("# %% [markdown]\n# [y](no.md)\n", encoding="utf-8")
    logger, before = logging.getLogger(LINKS), list(logging.getLogger(LINKS).filters)
    try:
        WithLines(tmp_path / "none").install()
        WithLines(docs).install()
        logger.warning(message)
    finally:
        logger.filters[:] = before
    assert caplog.messages == [prefix + message]
