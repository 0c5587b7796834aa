"""Every page has the parts that a reader of one page looks for on the next, in the same order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

pytestmark = pytest.mark.site

# Who comes here is in distress: symptom, cause and fix stand before the mathematics.
ORDER = [
    "See it run",
    "What to write instead",
    "The rule",
    "At the edge",
    "Why",
    "Measured",
    "Where it changed",
    "Elsewhere",
    "Where people met it",
    "See also",
]
NEEDED = {"The rule", "See it run", "At the edge", "Why", "What to write instead"}
SHEET = {"See it run", "Measured", "See also"}  # a sheet has cards, and a run of what surprises most
APART = {
    "index.md",
    "changelog.md",
    "symptoms.md",
    "functions.md",
    "explorer.md",
    "defects.md",
    "testing.md",
    "foundations/rules.md",
    "foundations/points.md",
    "foundations/cards.md",
}  # they are about the whole site
SOURCES = sorted((ROOT / "docs").rglob("*.md"))
CHAPTERS = [p for p in SOURCES if p.name == "index.md" and p.parent != ROOT / "docs"]
PAGES = [p for p in SOURCES if p.relative_to(ROOT / "docs").as_posix() not in APART and p not in CHAPTERS]


def name(page: Path) -> str:
    return page.relative_to(ROOT / "docs").as_posix()


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return re.sub(r"(?ms)^(`{3,}|~{3,}).*?^\1", "", page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_parts_are_there_and_in_order(page: Path) -> None:
    parts = re.findall(r"(?m)^## (.+)$", prose(page))
    assert parts == [part for part in ORDER if part in parts], f"{name(page)}: {parts}"
    needed = SHEET if name(page).startswith("sheets/") else NEEDED
    assert set(parts) >= needed, f"{name(page)} lacks {needed - set(parts)}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_cards_stand_in_one_part_and_their_points_in_one_table(page: Path) -> None:
    text = prose(page)
    cards, all_cards = (text.count("\n/// rule | "), part(text, "Measured").count("\n/// rule | "))
    assert cards == all_cards, f"{name(page)}: a card outside of “Measured”"
    table = cards > 0 and not name(page).startswith("sheets/")  # a sheet's table would be as long as its cards
    assert part(text, "The rule").count("\n/// points\n") == table, f"{name(page)}: one table, of all cards"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_what_is_seen_also_is_a_list_of_links(page: Path) -> None:
    lines = part(prose(page), "See also").strip().split("\n")
    assert all(re.match(r"- \[.+\]\(.+\)", line) for line in lines if line), f"{name(page)}: {lines}"
    assert "See also:" not in prose(page)


def part(text: str, title: str) -> str:
    """The part of a page below a heading; empty where there is none."""
    found = re.search(rf"(?ms)^## {title}\n(.*?)(?=^## |\Z)", text)
    return "\n" + found[1] if found else ""


@pytest.mark.parametrize("page", [*PAGES, *CHAPTERS], ids=name)
def test_front_matter_says_title_and_description(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    meta = yaml.safe_load(text.split("---")[1])
    heading = re.search(r"(?m)^# (.+)$", text)[1].replace("\\", "")
    assert meta["title"] == heading, f"{name(page)}: title and heading differ"
    assert 50 <= len(meta["description"]) <= 250, f"{name(page)}: {len(meta['description'])} characters"


@pytest.mark.parametrize("page", CHAPTERS, ids=name)
def test_a_chapter_has_a_lead_and_its_pages(page: Path) -> None:
    lead, _, rest = prose(page).partition("# ")[2].partition("\n/// pages\n")
    assert 25 <= len(lead.split()) <= 80 and rest == "///\n", name(page)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_lead_stands_before_the_first_part(page: Path) -> None:
    lead = re.search(r"(?ms)^# .+?\n(.*?)^## ", page.read_text(encoding="utf-8"))[1]
    assert len(lead.split()) >= 12, f"{name(page)}: the answer comes first"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_page_has_its_own_snippet(page: Path) -> None:
    assert (ROOT / "snippets" / name(page)).with_suffix(".py").exists()


def test_headings_of_a_page_are_its_own() -> None:
    """Two equal headings on a page would give the second an address that nobody can guess."""
    for page in PAGES:
        headings = re.findall(r"(?m)^#+ (.+)$", prose(page))
        assert len(headings) == len(set(headings)), f"{name(page)}: {headings}"
