"""pytest-markdown-docs runs every Python fence of every page, each once: none hides."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from livedocs.pages.doctests import PageParser
from tests.conftest import ROOT

PAGES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"]


def count_fences(text: str) -> int:
    """Python fences of a page, counted without a parser: any indentation, any quote."""
    outside, closing, count = True, "", 0
    for line in text.split("\n"):
        match = re.match(r"[\s>]*(`{3,}|~{3,})\s*(.*)$", line)
        if match and outside:
            outside, closing = False, match[1]
            count += re.match(r"\{?\s*\.?(python3?|py)\b", match[2]) is not None
        elif match and match[1].startswith(closing) and not match[2]:
            outside = True
    return count


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_fence_of_a_page_is_run(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(PageParser(ROOT / "snippets").fences(text)) == count_fences(text)


EVERYWHERE = """
```python
a = 1
```

!!! note

    ```python
    b = a + 1
    ```

=== "Tab"

    ~~~py
    c = b + 1
    ~~~

> ```{.python title="quoted"}
> assert c == 3
> ```

```text
not Python
```
"""


def test_a_fence_counts_wherever_it_is(pytester: pytest.Pytester) -> None:
    assert count_fences(EVERYWHERE) == 4
    pytester.makefile(".md", page=EVERYWHERE)
    result = pytester.runpytest_subprocess("-p", "livedocs.pages.doctests", "--markdown-docs", "page.md")
    result.assert_outcomes(passed=1)
    pytester.makefile(".md", page=EVERYWHERE.replace("c == 3", "c == 4"))
    result = pytester.runpytest_subprocess("-p", "livedocs.pages.doctests", "--markdown-docs", "page.md")
    result.assert_outcomes(failed=1)


def test_the_count_notices_a_hidden_fence(pytester: pytest.Pytester) -> None:
    """pytest-markdown-docs alone does not see a fence in a note, which is why there is a count."""
    pytester.makefile(".md", page=EVERYWHERE)
    result = pytester.runpytest_subprocess("--markdown-docs", "--collect-only", "-q")
    seen = sum("CodeFence#" in line for line in result.outlines)
    assert seen < count_fences(EVERYWHERE)


def test_a_page_that_is_wrong_when_pasted_fails(pytester: pytest.Pytester) -> None:
    pytester.makefile(".md", page="```python\nx = 1\n```\n\n```python\nassert x == 2\n```\n")
    result = pytester.runpytest_subprocess("-p", "livedocs.pages.doctests", "--markdown-docs", "page.md")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*page.md*line 6*"])


def test_a_fence_that_no_test_could_run_is_an_error(pytester: pytest.Pytester) -> None:
    pytester.makefile(".md", page='```python\nx = 1\n--8<-- "a.py"\n```\n')
    result = pytester.runpytest_subprocess("-p", "livedocs.pages.doctests", "--markdown-docs", "page.md")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*line:2: code beside an include in one fence*"])


PROJECT = {
    "snippets/a.py": (
        "# --8<-- [start:one]\nx = 1\nprint(x)\n# --8<-- [end:one]\n\n"
        "# --8<-- [start:two]\nprint(x + 1)\n# --8<-- [end:two]\n"
    ),
    "tests/outputs/a.txt": "[one]\n1\n\n[two]\n2\n",
    "constraints.txt": "torch==2.15.0\n",
    "page.md": '```python\n--8<-- "a.py:one"\n```\n\nText.\n\n```python\n--8<-- "a.py:two"\n```\n',
}


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("page.md", "", "", None),
        ("tests/outputs/a.txt", "2\n", "3\n", ["*got:    2", "*wanted: 3"]),
        ("tests/outputs/a.txt", "2\n", "2\n4\n", ["*got:    (the end)", "*wanted: 4"]),
    ],
    ids=["as accepted", "another line", "a line more"],
)
def test_a_pasted_page_prints_what_it_shows(
    file: str, old: str, new: str, said: list[str] | None, pytester: pytest.Pytester
) -> None:
    for name, text in PROJECT.items():
        path = pytester.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(old, new) if name == file and old else text)
    result = pytester.runpytest_subprocess("-p", "livedocs.pages.doctests", "--markdown-docs", "page.md")
    result.assert_outcomes(failed=1) if said else result.assert_outcomes(passed=1)
    if said:
        result.stdout.fnmatch_lines(said)
