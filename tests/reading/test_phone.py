"""Every page on a phone with touch, in one visit: what can be hit, reached, read and found to go on sideways."""

from __future__ import annotations

import pytest

from livedocs.measured import short_name
from tests.browsing import CHAPTER, FRAMES, PAGES, SLOW, faults, visit

pytestmark = pytest.mark.site

WIDTHS = (360, 390)


@pytest.fixture(scope="module")
def phone(browser):
    """A tab of a phone: no mouse, nothing to hover with."""
    context = browser.new_context(
        viewport={"width": WIDTHS[0], "height": 740}, has_touch=True, is_mobile=True, reduced_motion="reduce"
    )
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", [*PAGES, CHAPTER])
def test_a_page_on_a_phone(path: str, phone, served: str) -> None:
    phone.set_viewport_size({"width": WIDTHS[0], "height": 740})
    visit(phone, served + path)
    phone.evaluate(LIGHTEN)
    wrong = [f"axe: {fault}" for fault in faults(phone, rules=dict.fromkeys(SLOW, False))]
    for width in WIDTHS:
        phone.set_viewport_size({"width": width, "height": 740})
        phone.evaluate(FRAMES)
        wrong += [f"{width} px: {what}" for what in phone.evaluate(WRONG)]
    assert not wrong, "\n".join([f"/{path}", *wrong])


# All that is folded is opened. Of the folds of the long list some: the others are made alike.
LIGHTEN = """async () => {
  for (const fold of document.querySelectorAll('.census details:nth-of-type(n+12)')) fold.remove();
  for (const fold of document.querySelectorAll('article details')) fold.open = true;
  // Nor is anything left for the time when it comes into sight.
  for (const late of document.querySelectorAll('.rule > div, .sheet > li, .highlight > pre'))
    late.style.contentVisibility = 'visible';
  for (let frame = 0; frame < 4; frame++) await new Promise(requestAnimationFrame);
}"""

WRONG = """() => {
  const wrong = new Set();
  const all = (selector) => [...document.querySelectorAll(selector)];
  const say = (element) => element.outerHTML.replace(/\\s+/g, ' ').slice(0, 140);
  const seen = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true });

  // Letters of 12 px and more. Formulas make their exponents smaller, and drawings keep their proportions.
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = words.nextNode()); ) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest('math, svg, script, noscript, template, sup') || !seen(element)) continue;
    const size = parseFloat(getComputedStyle(element).fontSize);
    if (size < 11.99) wrong.add(`letters of ${size} px: ${say(element)}`);
  }

  // An underscore is above the line that marks a link.
  for (const link of all('article :is(p, li, td, th) a:not(.headerlink)'))
    if (link.textContent.includes('_')) {
      const { fontSize, textUnderlineOffset } = getComputedStyle(link);
      if (!(parseFloat(textUnderlineOffset) >= 0.3 * parseFloat(fontSize)))
        wrong.add(`its underscores are under its line: ${say(link)}`);
    }

  // What goes on sideways is shaded at its edge, and takes the focus.
  for (const e of all('article :is(.points, .md-typeset__scrollwrap, div.math, pre > code, pre.output)')) {
    if (e.closest('svg, math') || e.scrollWidth <= e.clientWidth + 1) continue;
    const { backgroundImage, backgroundAttachment, overflowX } = getComputedStyle(e);
    if (overflowX !== 'auto') continue;
    if (!backgroundImage.includes('gradient') || !backgroundAttachment.includes('local'))
      wrong.add(`cut without a hint: ${say(e)}`);
    if (e.tabIndex !== 0) wrong.add(`no key scrolls it: ${say(e)}`);
  }

  // The copy button stands beside the code.
  for (const code of all('article .highlight pre > code')) {
    const button = code.parentElement.querySelector('.md-code__nav');
    if (!button) continue;
    const text = document.createRange();
    text.selectNodeContents(code);
    if (button.getBoundingClientRect().bottom > text.getBoundingClientRect().top + 1)
      wrong.add(`the copy button covers code: ${say(code)}`);
  }

  // Point, gradient and verdict of every table of points are inside the width of a phone.
  for (const table of all('.points table:not(.elsewhere *)')) {
    const verdict = [...table.querySelectorAll('thead th')].find((th) => th.textContent === 'Verdict');
    if (verdict.getBoundingClientRect().right > innerWidth + 1) wrong.add(`no room for the verdict: ${say(table)}`);
  }
  return [...wrong];
}"""


def test_the_sheet_of_functions_has_no_margin_of_its_own(phone, served: str) -> None:
    visit(phone, served + "basics/common/")
    margins = phone.evaluate("[...document.querySelectorAll('ul.sheet > li')].map((e) => getComputedStyle(e).margin)")
    assert set(margins) == {"0px"}


def test_the_slider_of_the_explorer_stays_in_sight(phone, served: str) -> None:
    visit(phone, served + "explorer/")
    phone.locator(".explorer-panels svg").first.scroll_into_view_if_needed()
    phone.evaluate("document.querySelector('.explorer-panels').scrollIntoView()")
    dock = phone.locator(".explorer-dock").bounding_box()
    assert dock["y"] + dock["height"] <= 741, "below the edge of the window"
    assert dock["height"] < 200, "it leaves no room for the plots"


def test_the_table_of_points_can_be_filtered(phone, served: str) -> None:
    visit(phone, served + "foundations/rules/")
    shown = "[...document.querySelectorAll('.census details')].filter((e) => e.checkVisibility())"
    names = f"{shown}.map((e) => e.querySelector('summary code').textContent)"
    everything = phone.evaluate(names)
    assert len(everything) > 100 and everything == sorted(
        everything, key=lambda name: short_name(f"torch.{name}").lower()
    )
    assert phone.evaluate(f"{shown}.every((e) => !e.open)")
    words = phone.get_by_label("Filter")
    words.fill("sqrt not the limit")
    assert phone.evaluate(names) == ["rsqrt", "sqrt"] or set(phone.evaluate(names)) <= {
        n for n in everything if "sqrt" in n
    }
    assert phone.evaluate(f"{shown}.every((e) => e.open && e.querySelector('tbody tr:not([hidden])'))")
    words.fill("")
    phone.get_by_label("only those that do not follow").check()
    left = phone.evaluate(names)
    assert 0 < len(left) < len(everything) and phone.evaluate(f"{shown}.every((e) => e.className === 'broken')")
    assert f"of {len(left)} functions" in phone.locator(".census-filter output").inner_text()
    phone.get_by_label("only those that do not follow").uncheck()
    assert phone.evaluate(names) == everything


def test_the_head_of_an_open_table_stays(browser, served: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 300})
    visit(page, served + "foundations/rules/")
    fold = page.locator(".census details:has(tbody tr:nth-child(8))").first
    fold.locator("summary").click()
    fold.locator("tbody tr").nth(6).evaluate("(row) => row.scrollIntoView({ block: 'center' })")
    head = fold.locator("thead th").first.bounding_box()
    assert 0 <= head["y"] < 150, "it scrolled away with its rows"
    page.close()


def test_without_javascript_all_points_are_there(browser, served: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(served + "foundations/rules/")
    assert not page.locator(".census-filter").is_visible()
    fold = page.locator(".census details").first
    fold.locator("summary").click()
    assert fold.locator("tbody tr").first.is_visible()
    context.close()
