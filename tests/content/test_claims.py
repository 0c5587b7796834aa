"""What a page claims of more than one case is tested over its range by the page's snippet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.content.claims import claims_of, plain, snippet_of, unclaimed, wide_sentences

DOCS, SNIPPETS = ROOT / "docs", ROOT / "snippets"
FILES = sorted(SNIPPETS.rglob("*.py"))
PAGES = [page for page in sorted(DOCS.rglob("*.md")) if snippet_of(page, DOCS, SNIPPETS).exists()]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("snippet", FILES, ids=name)
def test_a_claim_stands_on_the_page_and_is_tested(snippet: Path) -> None:
    page = (DOCS / snippet.relative_to(SNIPPETS)).with_suffix(".md")
    text = plain(page.read_text(encoding="utf-8")) if page.exists() else ""
    for claim in claims_of(snippet):
        where = f"{name(snippet)}:{claim.line}"
        assert claim.text in text, f"{where}: {name(page)} does not say “{claim.text}”"
        assert claim.tested, f"{where}: nothing is asserted before the next claim"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_what_is_said_of_more_than_one_case_is_a_claim(page: Path) -> None:
    left = unclaimed(page, snippet_of(page, DOCS, SNIPPETS))
    told = "\n".join(f"  {sentence}" for sentence in left)
    assert not left, f"{name(page)}: {len(left)} claims without a test in its snippet, or a narrower word:\n{told}"


def test_words_that_claim_a_range_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "---\ndescription: never\n---\n\n# Title\n\nEvery `x`. Some.\n\n```python\nonly\n```\n\n"
        "| `any()` | from 16 on |\n\n## See also\n\nAlways.\n",
        encoding="utf-8",
    )
    assert wide_sentences(page) == ["Every x.", "from 16 on"]
    snippet = tmp_path / "page.py"
    snippet.write_text("# claim: Every\n#   `x`.\nassert True\n# claim: from 16 on\nprint()\n", encoding="utf-8")
    assert [(claim.text, claim.tested) for claim in claims_of(snippet)] == [("Every x.", True), ("from 16 on", False)]
