"""What Markdown shows as it is written, and what takes in the rest of a page, is found in a page's HTML."""

from __future__ import annotations

import pytest

from livedocs.publish.content import faults

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
