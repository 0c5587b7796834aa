"""The site for people who read with a keyboard, a screen reader, large type or little contrast (WCAG 2.2 AA)."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from mkdocs.utils.yaml import yaml_load

from livedocs.run.sections import read_sections
from tests.browsing import CONTRAST, DESKTOP, FRAMES, KINDS, PHONE, SLOW, faults, until, visit
from tests.conftest import ROOT, WAIT

pytestmark = pytest.mark.site

PALETTES = {"light": "default", "dark": "slate"}
MENU = yaml_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
TAB = next(tab["Special points"] for tab in MENU if "Special points" in tab)
# The chapters of the tab that KINDS["rules"] is in, and the pages of each, as mkdocs.yml orders them.
CHAPTERS = {title: [name for page in pages for name in page] for entry in TAB for title, pages in entry.items()}


@pytest.fixture(scope="module")
def tabs(browser):
    """``tabs(size)``: a browser tab, the same one for the same size."""
    open_tabs = {}

    def tab(size: dict = DESKTOP):
        if size["width"] not in open_tabs:
            open_tabs[size["width"]] = browser.new_context(viewport=size, reduced_motion="reduce").new_page()
        page = open_tabs[size["width"]]
        page.emulate_media(color_scheme="light")
        return page

    yield tab
    for page in open_tabs.values():
        page.context.close()


def in_each_palette(page):
    """The names of the palettes, and the page in each of them."""
    for scheme, name in PALETTES.items():
        page.emulate_media(color_scheme=scheme)
        until(page, "document.body.dataset.mdColorScheme", name)
        yield scheme


FEWER = """() => {
  const others = 'tbody tr:nth-child(n+8), .census details:nth-of-type(n+12)';
  for (const other of document.querySelectorAll(others)) other.remove();
}"""


@pytest.mark.parametrize("path", KINDS.values(), ids=KINDS)
def test_axe_finds_nothing_on_a_page_of_each_kind(path: str, tabs, served: str) -> None:
    """Contrast and the size of targets too: the rest is looked at on every page, by test_browser.py.

    Of a long table some rows, and of a long list some folds: the others look the same.
    """
    page = tabs()
    visit(page, served + path)
    page.evaluate(FEWER)
    for scheme in in_each_palette(page):
        assert faults(page, rules=dict.fromkeys(SLOW, True)) == [], scheme


@pytest.mark.parametrize("path", ["", KINDS["rules"]], ids=["home", "rules"])
def test_axe_finds_nothing_in_the_open_search(path: str, tabs, served: str) -> None:
    page = tabs()
    visit(page, served + path)
    page.keyboard.press("/")
    page.keyboard.type("relu")
    page.locator(".md-search-result__link").first.wait_for()
    for scheme in in_each_palette(page):
        assert faults(page, [".md-header"]) == [], scheme


@pytest.mark.parametrize("path", KINDS.values(), ids=KINDS)
def test_axe_finds_nothing_on_a_phone(path: str, tabs, served: str) -> None:
    page = tabs(PHONE)
    visit(page, served + path)
    assert faults(page, rules=dict.fromkeys(SLOW, False)) == []
    page.get_by_role("button", name="Menu", exact=True).click()
    assert faults(page, rules=dict.fromkeys(SLOW, False)) == [], "with the menu open"
    if path in ("", KINDS["rules"]):  # the first pane, and that of a chapter
        for scheme in in_each_palette(page):
            assert faults(page, [".md-sidebar--primary"], rules=dict.fromkeys(SLOW, True)) == [], scheme


# Structure, in the files themselves


def articles(site: Path):
    for path in sorted(site.rglob("*.html")):
        html = path.read_text(encoding="utf-8")
        if article := re.search(r"<article.*?</article>", html, re.DOTALL):
            yield path.relative_to(site).as_posix(), article[0]


def test_headings_leave_out_no_level(site: Path) -> None:
    for name, article in articles(site):
        levels = [int(level) for level in re.findall(r"<h([1-6])[\s>]", article)]
        assert levels[:1] == [1] and levels.count(1) == 1, f"{name}: one h1, and it comes first: {levels}"
        jumps = [(a, b) for a, b in zip(levels, levels[1:], strict=False) if b > a + 1]
        assert not jumps, f"{name}: from h{jumps[0][0]} to h{jumps[0][1]}"


def test_every_table_header_says_what_it_heads(site: Path) -> None:
    for name, article in articles(site):
        for table in re.findall(r"<table.*?</table>", article, re.DOTALL):
            headers = re.findall(r"<th(?:\s[^>]*)?>", table)
            assert headers, f"{name}: a table without headers: {table[:200]}"
            assert all(re.search(r'\sscope="(col|row|rowgroup)"', th) for th in headers), (
                f"{name}: no scope: {table[:200]}"
            )


# The keyboard

FOCUS = """() => {
  const focused = document.activeElement;
  if (focused === document.body) return null;
  const shown = focused.matches('.md-option') ? focused.nextElementSibling : focused;  // a radio button and its icon
  const box = [...shown.getClientRects()].find((r) => r.width > 2 && r.height > 2);
  const at = box && { x: box.x + Math.min(box.width / 2, 15), y: Math.max(box.y, 0) + Math.min(box.height / 2, 9) };
  const top = box && document.elementFromPoint(at.x, at.y);
  const style = getComputedStyle(shown);
  return {
    what: focused.outerHTML.replace(/\\s+/g, ' ').slice(0, 120),
    visible: shown.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && Boolean(box),
    covered: !top || !(shown.contains(top) || top.contains(shown)),
    outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    inside: focused.closest('.md-sidebar--primary') ? 'menu' : focused.closest('article') ? 'article' : 'other',
    left: focused.scrollWidth > focused.clientWidth,
  };
}"""


def walk(page, limit: int = 400) -> list[dict]:
    """Press Tab until the page ends (or ``limit`` times); what had the focus, in order."""
    stops = []
    for _ in range(limit):
        page.keyboard.press("Tab")
        end = time.monotonic() + WAIT  # the theme opens the search of a phone some time after it has the focus
        while (stop := page.evaluate(FOCUS)) and not stop["visible"] and time.monotonic() < end:
            page.wait_for_timeout(50)
        if stop is None:
            break
        stops.append(stop)
    return stops


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_focus_can_be_seen_wherever_tab_takes_it(size: dict, tabs, served: str) -> None:
    page = tabs(size)
    visit(page, served + KINDS["rules"])
    stops = walk(page)
    assert "md-skip" in stops[0]["what"], "the link that skips the navigation comes first"
    assert len(stops) > 20 and stops[-1]["inside"] == "other", "Tab went through the article to the footer"
    for stop in stops:
        assert stop["visible"] and not stop["covered"] and stop["outlined"], stop
    if size is PHONE:
        assert not [stop for stop in stops if stop["inside"] == "menu"], "the closed menu took the focus"


def test_the_skip_link_leads_to_the_text(tabs, served: str) -> None:
    page = tabs()
    visit(page, served + KINDS["rules"])
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert walk(page, 1)[0]["inside"] == "article"


def test_the_menu_of_a_phone_works_by_keyboard(tabs, served: str) -> None:
    page = tabs(PHONE)
    visit(page, served + KINDS["rules"])
    opener = page.get_by_role("button", name="Menu", exact=True)
    assert opener.get_attribute("aria-expanded") == "false"
    opener.focus()
    page.keyboard.press("Enter")
    focused = page.locator(":focus")
    assert focused.get_attribute("aria-label") == "Close the menu" and opener.get_attribute("aria-expanded") == "true"
    stops = walk(page, 60)
    assert {stop["inside"] for stop in stops} == {"menu"}, "with the menu open, the page behind it took the focus"
    assert all(stop["visible"] and stop["outlined"] for stop in stops), stops

    page.get_by_role("button", name="Back from Kinks").focus()  # the pane of this page's chapter is the open one
    page.keyboard.press("Space")
    assert focused.inner_text().strip() == "Kinks" and focused.get_attribute("aria-expanded") == "false"
    page.get_by_role("button", name="Ties").focus()
    page.keyboard.press("Enter")
    assert focused.get_attribute("aria-label") == "Back from Ties"
    pages = [walk(page, 1) and focused.inner_text().strip() for _ in range(2)]
    assert pages == list(CHAPTERS["Ties"])[:2] and pages[0] == "Ties: overview"
    page.keyboard.press("Escape")
    assert opener.get_attribute("aria-expanded") == "false" and focused.get_attribute("aria-label") == "Menu"


def test_the_column_of_a_wide_window_works_by_keyboard(tabs, served: str) -> None:
    """It shows the chapters of the open tab alone, and the pages of the chapter that is open."""
    page = tabs()
    visit(page, served + KINDS["rules"])
    column = page.locator(".md-nav--primary")
    chapters = column.get_by_role("button").all_inner_texts()
    assert [chapter.strip() for chapter in chapters] == list(CHAPTERS)
    assert column.get_by_role("link", name="abs, l1_loss").is_visible()
    assert not column.get_by_role("link", name="max, amax, maximum").is_visible()
    ties = column.get_by_role("button", name="Ties")
    assert ties.get_attribute("aria-expanded") == "false"
    ties.focus()
    page.keyboard.press("Enter")
    assert ties.get_attribute("aria-expanded") == "true" and page.locator(":focus").inner_text().strip() == "Ties"
    assert "Ties: overview" in page.evaluate("document.activeElement.parentElement.innerText")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ties/table/")  # the second of its pages
    page.locator(".md-tabs").get_by_role("link", name="Families").click()
    page.wait_for_url("**/losses/")


def test_search_works_by_keyboard(tabs, served: str) -> None:
    page = tabs()
    visit(page, served)
    page.keyboard.press("/")
    page.keyboard.type("relu")
    page.locator(".md-search-result__link").first.wait_for()
    page.keyboard.press("ArrowDown")
    assert "md-search-result__link" in page.evaluate(FOCUS)["what"]
    page.keyboard.press("Escape")
    page.locator(".md-search__output").wait_for(state="hidden")
    page.keyboard.press("/")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("relu"))


def test_what_scrolls_takes_the_focus_and_what_fits_does_not(tabs, served: str) -> None:
    page = tabs(PHONE)
    for path in ("kinks/clamp/", KINDS["largest table"], KINDS["symptoms"]):
        visit(page, served + path)
        until(page, f"({SCROLLERS})().wrong", [])  # site.js sets tabindex where something scrolls, bit by bit
        assert path != "kinks/clamp/" or page.evaluate(SCROLLERS)["scrolling"] > 2


SCROLLERS = """() => {
  const inside = [...document.querySelectorAll('article *')].filter((e) => {
    const flow = getComputedStyle(e).overflowX;
    if (!e.checkVisibility() || !e.clientWidth || e.closest('svg, math')) return false;
    return flow === 'auto' || flow === 'scroll';
  });
  const scrolls = (e) => e.scrollWidth > e.clientWidth + 1;
  const wrong = inside.filter((e) => scrolls(e) !== (e.tabIndex === 0) && !e.querySelector(':scope > code'));
  return { scrolling: inside.filter(scrolls).length, wrong: wrong.map((e) => e.outerHTML.slice(0, 120)) };
}"""


# Light and dark


def scheme_becomes(page, scheme: str) -> None:
    """Wait for a palette: the system's changes come as events, before a frame is drawn. Those under way come first."""
    page.evaluate(FRAMES)
    until(page, "document.body.dataset.mdColorScheme", scheme)


def test_the_palette_follows_the_system_until_a_reader_chooses(browser, served: str) -> None:
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.route("**/bundle*.js", lambda route: route.abort())
    page.goto(served, wait_until="load")
    scheme_becomes(page, "slate")  # before the theme's script, or the first page would flash white
    page.unroute("**/bundle*.js")
    visit(page, served)
    page.emulate_media(color_scheme="light")
    scheme_becomes(page, "default")
    page.get_by_role("radio", name="As the system").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    scheme_becomes(page, "slate")
    assert page.get_by_role("radio", name="Dark").is_checked()
    visit(page, served + "symptoms/")
    scheme_becomes(page, "slate")  # the choice is kept
    page.emulate_media(color_scheme="dark")
    page.get_by_role("radio", name="Dark").focus()
    page.keyboard.press("ArrowLeft")
    visit(page, served)
    scheme_becomes(page, "default")  # against the system too
    context.close()


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_nothing_moves_for_those_who_ask_for_it(motion: str, browser, served: str) -> None:
    context = browser.new_context(viewport=PHONE, reduced_motion=motion)
    page = context.new_page()
    visit(page, served)
    running = page.evaluate("""() => {
      document.getElementById('__drawer').click();
      document.body.offsetWidth;
      return document.getAnimations().length;
    }""")
    assert (running > 0) == (motion == "no-preference"), running
    context.close()


# Code


def test_every_color_of_code_can_be_read(site: Path, tabs, served: str) -> None:
    """All classes that the highlighter used anywhere, each on the background of code: at least 4.5."""
    blocks = " ".join(
        block
        for path in site.rglob("*.html")
        for block in re.findall(r"<code>.*?</code>", path.read_text(encoding="utf-8"), re.DOTALL)
    )
    classes = sorted(set(re.findall(r'<span class="([\w ]+)">', blocks)))
    assert len(classes) >= 15, classes
    page = tabs()
    visit(page, served + KINDS["rules"])
    page.evaluate(CONTRAST)
    page.evaluate(
        """(classes) => {
          const spans = classes.map((c) => `<span class="${c}" id="token-${c.replace(' ', '-')}">x</span>`).join('');
          document.querySelector('article .highlight code').innerHTML = spans + '<a href="#" id="token-link">x</a>';
        }""",
        classes,
    )
    ids = [name.replace(" ", "-", 1) for name in [*classes, "link"]]
    for scheme in in_each_palette(page):
        ratios = page.evaluate("(ids) => ids.map((id) => contrast(`#token-${id}`, 'color'))", ids)
        faint = {name: round(ratio, 2) for name, ratio in zip(ids, ratios, strict=True) if ratio < 4.5}
        assert faint == {}, f"{scheme}: set --md-code-hl-…-color in docs/assets/site.css"


def test_the_copy_button_gives_the_code_and_nothing_else(browser, served: str) -> None:
    """Through the real clipboard. That this code runs, block after block, is what the doctest of each page says."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    visit(page, served + "kinks/abs/")
    source = (ROOT / "snippets/kinks/abs.py").read_text(encoding="utf-8")
    lines = source.split("\n")
    shown = ["\n".join(lines[s.start - 1 : s.end]).strip("\n") for s in read_sections(source, "snippets/kinks/abs.py")]
    blocks = page.locator("article .highlight").all()
    assert len(blocks) == len(shown) >= 3
    copied = []
    for block in blocks:
        page.evaluate("navigator.clipboard.writeText('nothing yet')")
        block.scroll_into_view_if_needed()
        block.locator(".md-code__button").click()
        until(page, "navigator.clipboard.readText().then((text) => text !== 'nothing yet')")
        copied.append(page.evaluate("navigator.clipboard.readText()"))
    assert sorted(copied) == sorted(shown)  # a page may show the sections of its snippet in another order
    context.close()


def test_output_is_a_block_of_its_own(tabs, served: str) -> None:
    page = tabs(PHONE)
    visit(page, served + "kinks/relu/")
    output = page.evaluate("""() => {
      const output = [...document.querySelectorAll('pre.output')].find((e) => e.scrollWidth > e.clientWidth);
      getSelection().selectAllChildren(output);
      output.scrollLeft = 50;
      const color = (e) => getComputedStyle(e).backgroundColor;
      return {
        chosen: getSelection().toString().trim() === output.textContent.trim(),
        alone: output.scrollLeft === 50 && document.scrollingElement.scrollLeft === 0,
        apart: color(output) !== color(document.querySelector('.highlight code')) && !output.closest('.highlight'),
      };
    }""")
    assert output == {"chosen": True, "alone": True, "apart": True}
