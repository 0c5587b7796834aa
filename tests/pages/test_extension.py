"""The extension in plain Python-Markdown: outputs below their code, wherever that is, and errors that say where."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from markdown import Markdown

from livedocs.errors import DocsError
from livedocs.pages.page import Page, fill
from livedocs.pages.project import Project
from livedocs.run.runner import Runner

pytestmark = pytest.mark.site

SNIPPET = """\
# --8<-- [start:one]
x = 1
print("one", x)
# --8<-- [end:one]
# --8<-- [start:two]
print("two", x + 1)
# --8<-- [end:two]
# --8<-- [start:quiet]
y = 3
# --8<-- [end:quiet]
# --8<-- [start:html]
print("</samp></code><script>alert(1)</script> & `--8<-- \\"a.py:one\\"`")
# --8<-- [end:html]
# Figure: A rising line,
# "x < 2"
# --8<-- [start:figure]
import matplotlib.pyplot as plt

fig, ax = plt.subplots()
ax.plot([0, 1], [0, 1])
plt.show()
# --8<-- [end:figure]
"""


@pytest.fixture(scope="module")
def runner(tmp_path_factory):
    root = tmp_path_factory.mktemp("project")
    (root / "snippets").mkdir()
    (root / "snippets" / "a.py").write_text(SNIPPET)
    (root / "snippets" / "whole.py").write_text("print('whole')\n")
    runner = Runner(root)
    yield runner
    runner.close()


@pytest.fixture
def page(runner: Runner) -> Page:
    return Page(Project(runner.root, runner.root / "snippets", runner), "docs/page.md", offset=10)


def convert(page: Page, text: str) -> BeautifulSoup:
    md = Markdown(
        extensions=[
            "admonition",
            "pymdownx.arithmatex",
            "pymdownx.snippets",
            "pymdownx.superfences",
            "pymdownx.tabbed",
            "toc",
            "livedocs",
        ],
        extension_configs={
            "pymdownx.arithmatex": {"generic": True},
            "pymdownx.snippets": {"base_path": [str(page.project.snippets)]},
            "pymdownx.tabbed": {"alternate_style": True},
            "livedocs": {"page": page},
        },
    )
    return BeautifulSoup(md.convert(text), "html.parser")


def error(page: Page, text: str) -> DocsError:
    with pytest.raises(DocsError) as caught:
        convert(page, text)
    return caught.value


def fence(*names: str) -> str:
    return "\n".join(["```python", *(f'--8<-- "{name}"' for name in names), "```"])


def test_the_output_stands_below_its_code(page: Page) -> None:
    shown = convert(page, f"Before.\n\n{fence('a.py:one')}\n\nBetween.\n\n{fence('a.py:two')}\n\nAfter.")
    texts = [child.get_text().strip() for child in shown.find_all(recursive=False)]
    assert texts == ["Before.", 'x = 1\nprint("one", x)', "one 1", "Between.", 'print("two", x + 1)', "two 2", "After."]
    assert shown.select_one("pre.output > samp")


def test_it_works_in_plain_markdown_with_nothing_shared(runner: Runner) -> None:
    import markdown

    html = markdown.markdown(
        fence("whole.py"),
        extensions=["pymdownx.snippets", "pymdownx.superfences", "livedocs"],
        extension_configs={
            "pymdownx.snippets": {"base_path": str(runner.root / "snippets")},
            "livedocs": {"root": str(runner.root)},
        },
    )
    assert "<samp>whole\n</samp>" in html


def test_pages_of_one_project_share_the_process_that_imports_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By plain Python-Markdown, which makes an extension for each page."""
    started, start = [], Runner._start
    monkeypatch.setattr(Runner, "_start", lambda self: started.append(start(self)) or started[-1])
    (tmp_path / "snippets").mkdir()
    for name in ("first", "second"):
        (tmp_path / "snippets" / f"{name}.py").write_text(f"print('{name}')\n")
        md = Markdown(
            extensions=["pymdownx.snippets", "pymdownx.superfences", "livedocs"],
            extension_configs={
                "pymdownx.snippets": {"base_path": str(tmp_path / "snippets")},
                "livedocs": {"root": str(tmp_path)},
            },
        )
        assert f"<samp>{name}\n</samp>" in md.convert(fence(f"{name}.py"))
    assert len(started) == 2 and started[0] is started[1]


@pytest.mark.parametrize(
    ("before", "indent", "ancestor"),
    [
        ("!!! note\n\n", "    ", ".admonition"),
        ('=== "Tab"\n\n', "    ", ".tabbed-block"),
        ("1.  Item\n\n", "    ", "li"),
        ("", "> ", "blockquote"),
    ],
)
def test_the_output_stays_with_its_code(before: str, indent: str, ancestor: str, page: Page) -> None:
    block = "\n".join(indent + line for line in fence("a.py:one").split("\n"))
    shown = convert(page, f"{before}{block}\n")
    assert shown.select_one(f"{ancestor} pre.output").get_text() == "one 1\n"
    assert shown.select_one(f"{ancestor} .highlight")


def test_several_sections_in_one_fence(page: Page) -> None:
    shown = convert(page, fence("a.py:one", "a.py:two"))
    assert [samp.get_text() for samp in shown.select("samp")] == ["one 1\n", "two 2\n"]
    assert len(shown.select(".highlight")) == 1


def test_a_section_without_output_has_no_output_block(page: Page) -> None:
    shown = convert(page, fence("a.py:quiet"))
    assert shown.select(".highlight") and not shown.select("pre.output")


def test_output_cannot_become_markup(page: Page) -> None:
    shown = convert(page, fence("a.py:html"))
    assert not shown.find("script")
    assert shown.samp.get_text() == '</samp></code><script>alert(1)</script> & `--8<-- "a.py:one"`\n'


def test_a_figure_is_one_image_with_its_text(page: Page) -> None:
    shown = convert(page, fence("a.py:figure"))
    svg = shown.select_one("figure.plot > svg")
    assert svg["role"] == "img" and svg["aria-label"] == 'A rising line, "x < 2"'
    assert "style" not in str(svg.attrs) and not svg.select("[style]") and not svg.find("style")
    colors = {e[k] for e in svg.find_all() for k in ("fill", "stroke") if e.get(k)}
    assert colors <= {"none", "currentColor"} | {c for c in colors if c.startswith("var(--plot-")}, colors
    assert svg.find("text") and len(str(svg)) < 15_000


def test_the_code_of_a_figure_is_folded_and_the_figure_is_not(page: Page) -> None:
    shown = convert(page, fence("a.py:figure"))
    folded = shown.select_one("details.plot-code")
    assert "ax.plot" in folded.get_text() and "rising line" not in folded.get_text()
    assert not folded.find("figure") and shown.find("figure")
    assert not convert(page, fence("a.py:one")).find("details")


def test_a_section_on_two_pages_runs_once(page: Page) -> None:
    runs = page.project.runner.runs
    outputs = []
    for name in ("docs/one.md", "docs/two.md"):
        page.name = name
        outputs.append(convert(page, fence("a.py:one")).samp.get_text())
    assert outputs == ["one 1\n", "one 1\n"] and page.project.runner.runs - runs <= 1


def test_sections_that_no_page_shows_are_named(page: Page) -> None:
    convert(page, fence("a.py:one", "a.py:two", "a.py:html", "a.py:figure"))
    first, second = page.project.unshown(page.shown)
    assert (first.where, first.line, first.problem) == ("snippets/a.py", 9, "section 'quiet' is on no page")
    assert (second.where, second.problem) == ("snippets/whole.py", "the file is on no page")


def test_a_literal_fence_and_a_quoted_include_are_left_alone(page: Page) -> None:
    shown = convert(page, '```python\nx = 1\n```\n\n````text\n```python\n;--8<-- "a.py:one"\n```\n````\n')
    assert not shown.select("pre.output")
    assert '--8<-- "a.py:one"' in shown.get_text()


PROBLEMS = {
    "no such file": (fence("b.py:one"), 2, "an include names no file", "snippets/b.py", "one of: a.py, whole.py"),
    "no such section": (
        fence("a.py:three"),
        2,
        "snippets/a.py has no section 'three'",
        "a.py:three",
        "one of: one, two, quiet, html, figure",
    ),
    "section of a whole file": (
        fence("whole.py:one"),
        2,
        "snippets/whole.py has no section 'one'",
        "whole.py:one",
        "the whole file",
    ),
    "the whole of a file with sections": (
        fence("a.py"),
        2,
        "an include of the whole file, which has sections",
        "a.py",
        "one of: one",
    ),
    "parent folder": (fence("../secret.py"), 2, "an include leaves snippets/", "../secret.py", "inside snippets/"),
    "hidden parent": (fence("x/../../a.py:one"), 2, "an include leaves snippets/", "x/../../a.py", "inside snippets/"),
    "absolute path": (fence("/etc/passwd.py"), 2, "an include leaves snippets/", "/etc/passwd.py", "inside snippets/"),
    "line range": (fence("a.py:1:3"), 2, "an include of a line range", "a.py:1:3", "a section"),
    "twice": (
        '```python\n--8<-- "a.py:one"\n--8<-- "a.py:one"\n```',
        3,
        "a section twice in one fence",
        "a.py:one",
        "each section once",
    ),
    "block of includes": ("```python\n--8<--\na.py:one\n--8<--\n```", 2, "a block of includes", "--8<--", "--8<-- "),
    "code and include": (
        '```python\nx = 1\n--8<-- "a.py:one"\n```',
        2,
        "code beside an include in one fence",
        "x = 1",
        "includes only",
    ),
    "not Python": (
        '```text\n--8<-- "a.py:one"\n```',
        2,
        "a snippet in a fence that is not Python",
        "```text",
        "```python",
    ),
    "never closes": ("Text.\n\n```python\nx = 1\n", 3, "a fence never closes", "```python", "a line with ```"),
    "list marker": ("- ```python\n  x = 1\n  ```\n", 1, "a fence on the line of a list marker", "- ```python", "own"),
    "formula": ("Text.\n\n$$\n\\frac{1}{\n$$\n", 4, "a formula does not convert", "\\frac{1}{", "math-core"),
    "formula with a length": ("$a \\\\[1ex] b$", 1, "a formula does not convert", "a line break", "math-core"),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_problem_names_page_line_got_and_wanted(name: str, page: Page) -> None:
    text, line, problem, got, wanted = PROBLEMS[name]
    caught = error(page, text)
    assert (caught.where, caught.line, caught.problem) == ("docs/page.md", line + 10, problem)
    assert got in caught.got and wanted in caught.wanted


def test_a_snippet_that_fails_names_the_page_too(page: Page) -> None:
    (page.project.snippets / "fails.py").write_text("x = 1\n1 / 0\n")
    try:
        caught = error(page, "Text.\n\n" + fence("fails.py"))
    finally:
        (page.project.snippets / "fails.py").unlink()
    assert str(caught).splitlines() == [
        "snippets/fails.py:2: the snippet raised",
        "  got:    ZeroDivisionError: division by zero",
        "  wanted: a snippet that runs to its end, silently",
        "  page:   docs/page.md:14",
    ]


def test_formulas_become_mathml_also_in_headings(page: Page) -> None:
    shown = convert(
        page, "# The slope of $x^2$\n\n$a < b$ and\n\n$$\\begin{cases} 1 & x > 0 \\\\ 0 & x < 0 \\end{cases}$$\n"
    )
    assert len(shown.select("math")) == 3 and shown.h1.math
    assert shown.select_one("div.math > math")["display"] == "block"
    assert not shown.select("math [style]") and "$" not in shown.get_text()
    assert {"𝑥", "𝑎"} < page.glyphs and "x" not in page.glyphs  # what MathML shows for a letter that stands alone


def test_what_stands_aside_is_put_in_place_when_the_page_is_finished(page: Page) -> None:
    text = "# The slope of $x^2$\n\n$a < b$ and\n\n$$y = 1$$\n"
    at_once = convert(page, text)
    page.aside = True
    try:
        shown = convert(page, text)
        assert shown.h1.math and not shown.p.math, "a heading keeps its formula, the text does not"
        filled = BeautifulSoup(fill(str(shown), page.late), "html.parser")
    finally:
        page.aside = False
    assert re.sub(r"\n\s*", "", str(filled)) == re.sub(r"\n\s*", "", str(at_once))
