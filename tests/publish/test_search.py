"""The search in a real browser: what people type brings the right page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

import pytest
from bs4 import BeautifulSoup

from livedocs.errors import DocsError
from livedocs.measured import MeasuredRule
from livedocs.publish import search
from tests.browsing import until
from tests.conftest import ROOT, WAIT
from tests.publish import asking
from tests.publish.asking import BOX, READY, RESULT, Answer
from tests.publish.search_queries import NOTHING, OPERATORS, PASTED, QUERIES, ROWS

pytestmark = pytest.mark.site

FIRST = 0.95  # of the queries bring the right page first; all bring it among the first three
FROZEN = ROOT / "tests/publish/queries"


@pytest.fixture(scope="module")
def page(browser, served):
    """A page of the site that notes what goes wrong, and what it fetches."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.trouble, page.fetched = [], []
    page.on("console", lambda m: page.trouble.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: page.trouble.append(str(e)))
    page.on("request", lambda r: page.fetched.append(urlsplit(r.url).path))
    page.goto(served + "basics/backward/")
    page.locator(READY).wait_for(state="attached")
    yield page
    context.close()


@pytest.fixture(scope="module")
def ask(page, served):
    """Type queries into the search box: for each what is answered."""

    def ask(queries: list[str]) -> list[Answer]:
        return asking.ask(page, served, queries, WAIT)

    return ask


@pytest.fixture(scope="module")
def index(site: Path) -> dict:
    """What the worker fetches: sections and glossary."""
    return json.loads((site / search.SECTIONS).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def names(site: Path, rules) -> dict[str, set[str]]:
    """The names of every function, full and short, and the pages of its cards: the plain ones, if there are any."""
    rows = json.loads((site / "data/gradients.json").read_text(encoding="utf-8"))["rows"]
    where = {(row["function"], row["variant"]): urldefrag(row["page"])[0] for row in rows}
    cards = list(rules.values())
    plain = {card.function for card in cards if not card.variant}
    found: dict[str, set[str]] = {}
    for card in cards:
        page = where[card.function, card.variant]
        own = list(card.names)
        if not card.variant or card.function not in plain:
            own.append(card.function)
        for name in own:
            short = name.rpartition(".")[2]
            spellings = {name, short}
            if name.startswith("torch.nn.functional."):
                spellings |= {f"F.{short}", f"nn.functional.{short}"}
            if name not in plain or name == card.function:
                for spelling in spellings:
                    found.setdefault(spelling, set()).add(page)
    return found


def symptoms(site: Path) -> dict[str, set[str]]:
    """The texts of the list of symptoms that PyTorch prints, and the pages that they lead to."""
    page = BeautifulSoup((site / "symptoms/index.html").read_text(encoding="utf-8"), "html.parser")
    tables = [table for table in page.select("article table") if table.th.get_text() != "What you see"]
    rows = [row for table in tables for row in table.select("tbody tr")]
    links = [(row.code.get_text(), [link["href"] for link in row.select("a")]) for row in rows]
    return {error: {urldefrag(link)[0].removeprefix("../") for link in found} for error, found in links}


def prints(sections: list[dict], error: str) -> set[str]:
    """The pages that print an error text, other than the list of them."""
    text = error.partition("Error: ")[2] or error
    return {section["location"].partition("#")[0] for section in sections if text in section["text"]} - {"symptoms/"}


def test_the_right_page_comes_first(ask, names, index, site: Path) -> None:
    wanted = dict(names)
    wanted |= {query: {page} for page, queries in QUERIES.items() for query in queries}
    wanted |= {query: {page, "symptoms/"} for query, page in ROWS.items()}
    wanted |= {error: pages | prints(index["sections"], error) for error, pages in symptoms(site).items()}
    wanted |= {error: set(pages) for error, pages in PASTED.items()}
    assert len(symptoms(site)) >= 100 and len(wanted) >= 500
    said = dict(zip(wanted, ask(list(wanted)), strict=True))
    assert {query: answer.missing for query, answer in said.items() if answer.missing} == {}
    answers = {query: answer.pages for query, answer in said.items()}
    ranks = {q: next((n for n, page in enumerate(answers[q]) if page in wanted[q]), 3) for q in wanted}
    misses = [
        f"{query!r}: wanted {' or '.join(sorted(wanted[query]))}, got {', '.join(answers[query]) or 'nothing'}"
        for query, rank in sorted(ranks.items(), key=lambda item: -item[1])
        if rank
    ]
    first = sum(rank == 0 for rank in ranks.values())
    report = f"{first} of {len(ranks)} queries bring the right page first.\n" + "\n".join(misses)
    assert first >= FIRST * len(ranks), report
    lost = sum(rank == 3 for rank in ranks.values())
    assert lost == 0, f"{lost} queries do not bring it among the first three. {report}"


@pytest.mark.parametrize(
    ("file", "first", "three"),
    [
        ("seen.yaml", 0.90, 0.97),
        ("unseen.yaml", 0.90, 0.97),
        ("second_seen.yaml", 0.88, 0.97),
        ("second_unseen.yaml", 0.86, 0.93),
    ],
)
def test_frozen_queries_bring_the_right_page(ask, file: str, first: float, three: float) -> None:
    queries = asking.read(FROZEN / file)
    answers = ask([query.text for query in queries])
    report = asking.report(queries, answers, misses=True)
    assert len(queries) >= 80
    got = asking.shares(queries, answers)
    assert got[0] >= first and got[1] >= three, report


def test_a_name_without_a_page_is_told(ask, index) -> None:
    """Alone, as code and in a sentence; no neighbor by its letters comes before that."""
    names = index["glossary"]["missing"]
    queries = [form.format(name) for name in names for form in ("{}", "torch.{}", "what is the gradient of {} at zero")]
    answers = dict(zip(queries, ask(queries), strict=True))
    assert len(names) > 20
    assert [query for query, answer in answers.items() if not answer.missing] == []
    alone = {name: answers[name].pages for name in names if answers[name].pages}
    text = {section["location"].partition("#")[0]: "" for section in index["sections"]}
    for section in index["sections"]:
        text[section["location"].partition("#")[0]] += f" {section['title']} {section['text']}".lower().replace("_", "")
    assert {name: pages for name, pages in alone.items() if not all(name in text[page] for page in pages)} == {}


def test_words_that_are_nowhere_find_nothing(ask) -> None:
    assert ask(["zzqx vlorp", "烤面包"]) == [Answer(()), Answer(())]


def test_operators_are_text(ask, page) -> None:
    answers = dict(zip(OPERATORS, ask(OPERATORS), strict=True))
    assert {query: answer.pages for query, answer in answers.items() if "kinks/relu/" not in answer.pages} == {}
    ask(NOTHING)
    assert page.trouble == []


def test_nothing_of_the_search_is_fetched_before_it_is_used(browser, served: str) -> None:
    """And a text that is pasted with the mouse is searched for, though no key was pressed."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    fetched: list[str] = []
    page.on("request", lambda r: fetched.append(urlsplit(r.url).path.rpartition("/")[2]))
    page.goto(served + "kinks/clamp/")
    page.locator(READY).wait_for(state="attached")
    assert not [name for name in fetched if name == "sections.json" or re.fullmatch(r"search\.\w+\.min\.js", name)]
    assert len(fetched) <= 12, fetched
    page.focus(BOX)
    page.evaluate("document.execCommand('insertText', false, 'x**0.5')")
    page.wait_for_selector(f"{RESULT} a[href*='edges/sqrt/']")
    assert "sections.json" in fetched
    context.close()


def test_escape_gives_the_focus_back(browser, served: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(served + "kinks/clamp/")
    page.locator(READY).wait_for(state="attached")
    link = page.locator(".md-content a").nth(3)
    link.focus()
    page.keyboard.press("/")
    page.keyboard.type("relu")
    page.locator(f"{RESULT} .md-search-result__item a").first.wait_for()
    page.keyboard.press("ArrowDown")  # into the results
    page.keyboard.press("Escape")
    until(page, "document.activeElement.href", link.evaluate("(link) => link.href"))
    context.close()


def test_search_on_a_phone_leads_to_the_page(browser, served: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    page = context.new_page()
    page.goto(served)
    page.locator("header .md-header__button[for=__search]").tap()
    page.locator(BOX).press_sequentially("clmap")
    first = page.locator(f"{RESULT} .md-search-result__item a").first
    first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the results scroll sideways"
    first.tap()
    page.wait_for_url("**/kinks/clamp/**")
    context.close()


def card(function: str, variant: str = "", names: tuple[str, ...] = ()) -> MeasuredRule:
    return MeasuredRule(function, variant, "", "", 1, True, "", "", (), names=names)


def test_a_function_is_found_at_its_plain_card() -> None:
    cards = [
        card("torch.div", names=("torch.true_divide", "DivBackward0")),
        card("torch.div", "floor", names=("DivBackward2",)),
        card("torch.where", "x > 0, x, 0"),
        card("torch.abs"),  # on no page: told elsewhere
    ]
    pages = {"torch.div": "edges/", "torch.div(floor)": "flat/", "torch.where(x > 0, x, 0)": "kinks/"}
    assert search.names_of_cards(cards, pages) == {
        "edges/#torch.div": "truedivide divbackward0 div",
        "flat/#torch.div-floor": "divbackward2",
        "kinks/#torch.where-x-0-x-0": "where",
    }


@pytest.mark.parametrize("meta", [{"names": "norm"}, {"names": [1]}])
def test_names_in_the_front_matter_are_texts(meta: dict) -> None:
    with pytest.raises(DocsError, match="names in the front matter"):
        search.names_of_page("docs/page.md", meta)
    assert search.names_of_page("docs/page.md", {"names": ["nan gradient", "x**0"]}) == "nan_gradient x**0"


@pytest.mark.parametrize("files", [["index.md"], [f"assets/javascripts/workers/search.{n}.min.js" for n in "ab"]])
def test_a_theme_without_its_search_worker_is_told(files: list[str]) -> None:
    with pytest.raises(DocsError, match="the theme's search worker"):
        search.theme_worker(files)


def test_the_glossary_leads_somewhere(index) -> None:
    """Every Chinese term is said in words of the site, or names what has no page; no list says a word twice."""
    glossary = index["glossary"]
    there = set(glossary["missing"]) | set(glossary["code"])
    for section in index["sections"]:
        words = f"{section['title']} {section['text']} {section.get('about', '')} {section.get('names', '')}".lower()
        there |= set(re.findall(r"[^\W_]+", words))
    lost = {
        chinese: english
        for chinese, english in glossary["chinese"].items()
        if not any(word in there for word in re.findall(r"[^\W_]+", english.lower()))
    }
    assert lost == {}
    for key in ("filler", "everyday"):
        assert len(glossary[key]) == len(set(glossary[key])), key
