"""The built site in headless Chromium, each page in one visit: what it shows wide and narrow, what axe finds there."""

from __future__ import annotations

import pytest

from tests.browsing import CHAPTER, CONTRAST, DESKTOP, FRAMES, PAGES, PHONE, SLOW, THROUGH, faults, until, visit
from tests.reading import phone

pytestmark = pytest.mark.site


@pytest.fixture(scope="module")
def context(browser):
    context = browser.new_context(reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture
def tab(context, served: str):
    """A new browser tab that notes console messages, failed answers, and requests to other hosts."""
    tab = context.new_page()
    tab.trouble = []
    tab.on("console", lambda m: tab.trouble.append(m.text) if m.type in ("error", "warning") else None)
    tab.on("pageerror", lambda e: tab.trouble.append(str(e)))
    tab.on("response", lambda r: tab.trouble.append(f"{r.status} {r.url}") if r.status >= 400 else None)
    own = (served, "data:", "about:")
    tab.on("request", lambda r: tab.trouble.append(r.url) if not r.url.startswith(own) else None)
    yield tab
    tab.close()


@pytest.mark.parametrize("path", [*PAGES, CHAPTER])
def test_a_page_shows_what_it_should(path: str, tab, served: str) -> None:
    """Wide, as it is opened, and unfolded; then on a phone with touch, unfolded, by axe too: all in one visit.

    A page of each kind is looked at by axe in a wide window (test_access.py), and opened on a phone (test_phone.py).
    """
    tab.set_viewport_size(DESKTOP)
    visit(tab, served + path)
    wrong = [
        f"{what} at {at:.1f} screens, and not within {LIMITS[what]}"
        for what, at in tab.evaluate(SCREENS).items()
        if at > LIMITS[what]
    ]
    tab.evaluate(UNFOLD)
    tab.evaluate(THROUGH)
    wrong += [f"wide: {what}" for what in tab.evaluate(WRONG)]
    session = tab.context.new_cdp_session(tab)
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    narrow(tab, session, phone.WIDTHS[0])
    wrong += [f"narrow: {what}" for what in tab.evaluate(WRONG)]
    tab.evaluate(phone.LIGHTEN)
    wrong += [f"axe: {fault}" for fault in faults(tab, rules=dict.fromkeys(SLOW, False))]
    for width in phone.WIDTHS:
        narrow(tab, session, width)
        wrong += [f"{width} px: {what}" for what in tab.evaluate(phone.WRONG)]
    wrong += [f"heard: {what}" for what in tab.trouble]
    assert not wrong, "\n".join([f"/{path}", *wrong])


def narrow(tab, session, width: int) -> None:
    """Make the tab a phone's, of so many pixels; Playwright can do that only before a page is opened."""
    size = {"width": width, "height": PHONE["height"], "deviceScaleFactor": 1, "mobile": True}
    session.send("Emulation.setDeviceMetricsOverride", size)
    tab.evaluate(FRAMES)
    tab.keyboard.press("Shift")


@pytest.mark.parametrize("path", ["", "ties/max/", "foundations/points/"])
def test_a_page_that_is_opened_on_a_phone_shows_the_same(path: str, tab, served: str) -> None:
    """Not made narrow afterwards, as above."""
    tab.set_viewport_size(PHONE)
    visit(tab, served + path)
    assert tab.evaluate(WRONG) == [] and tab.trouble == []


UNFOLD = "() => document.querySelectorAll('article details').forEach((part) => { part.open = true; })"
# Where a page of functions answers, in screens of a desktop: people in distress see symptom, cause and fix.
LIMITS = {"the first output": 1.2, "what to write instead": 3, "the end": 12}
SCREENS = """() => {
  if (!document.getElementById('what-to-write-instead') || location.pathname.endsWith('/print/')) return {};
  const down = (element) => (element.getBoundingClientRect().top + scrollY) / innerHeight;
  return {
    'the first output': down(document.querySelector('article :is(pre.output, figure.plot)')),
    'what to write instead': down(document.getElementById('what-to-write-instead')),
    'the end': document.querySelector('article').getBoundingClientRect().height / innerHeight,
  };
}"""


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "narrow"])
def test_a_link_to_a_card_opens_it(size: dict, tab, served: str) -> None:
    tab.set_viewport_size(size)
    card = "document.getElementById('torch.nn.functional.relu6').parentElement.querySelector('details').open"
    visit(tab, f"{served}kinks/relu/#torch.nn.functional.relu6")
    until(tab, card)
    visit(tab, f"{served}kinks/relu/")
    assert not tab.evaluate(card)
    tab.locator('article a[href="#torch.nn.functional.relu6"]').first.click()
    until(tab, card)


# What is wrong with a page as it is laid out now.
WRONG = """() => {
  const wrong = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const box = (element) => element.getBoundingClientRect();
  const say = (element) => element.outerHTML.replace(/\\s+/g, ' ').slice(0, 160);
  const visible = (e) => e.checkVisibility({ visibilityProperty: true }) && box(e).width > 0 && box(e).height > 0;
  const shown = document.querySelector(
    'pre.output samp, .census summary, .points td, article td, .chapter-pages li, .defects li');
  if (location.pathname !== '/changelog/' && !(shown && visible(shown)))  // which has neither outputs nor values
    wrong.push('no output, no table, and no list of pages');
  const text = document.querySelector('article').innerText;
  for (const mark of ['$$', '\\\\frac', '\\\\begin', '\\\\(', '\\\\[', '--8<--', 'livedocs'])
    if (text.includes(mark)) wrong.push(`the text holds ${mark}`);
  for (const formula of all('article math'))
    if (!(box(formula).width > 3 && box(formula).height > 3)) wrong.push(`a formula without a size: ${say(formula)}`);
  for (const figure of all('figure.plot [role=img]'))
    if (!figure.getAttribute('aria-label') || !(box(figure).width > 100))
      wrong.push(`a figure without a text, or too small: ${say(figure)}`);
  for (const link of all('a[href]'))
    if (visible(link) && !(link.textContent.trim() || link.getAttribute('aria-label') || link.title))
      wrong.push(`a link without a name: ${say(link)}`);
  const { scrollWidth } = document.documentElement;
  if (scrollWidth > innerWidth) wrong.push(`it scrolls sideways: ${scrollWidth} px in ${innerWidth}`);
  return wrong;
}"""


@pytest.mark.parametrize("path", ["ties/max/", "edges/special/", "notebooks/linear_regression/"])
def test_every_character_of_a_formula_is_in_the_maths_font(path: str, browser, served: str) -> None:
    """Not in a font of this machine, which a reader's phone may lack."""
    page = browser.new_page()
    page.goto(served + path)
    page.evaluate("document.fonts.ready")
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument", {"depth": -1})["root"]["nodeId"]
    tokens = {"nodeId": root, "selector": "article :is(mi, mn, mo, mtext):not(:has(code))"}
    found = session.send("DOM.querySelectorAll", tokens)["nodeIds"]
    assert len(found) > 10
    for node in found:
        fonts = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
        other = [font["familyName"] for font in fonts if not font["isCustomFont"]]
        assert not other, f"{session.send('DOM.getOuterHTML', {'nodeId': node})['outerHTML']} is drawn in {other}"
    page.close()


def test_a_brace_is_as_tall_as_its_cases(tab, served: str) -> None:
    visit(tab, served + "ties/max/")
    for size in (DESKTOP, PHONE):
        tab.set_viewport_size(size)
        braces = tab.locator("div.math mo", has_text="{")
        heights = braces.evaluate_all("(found) => found.map((brace) => brace.getBoundingClientRect().height)")
        assert max(heights) > 30, "the brace of cases does not stretch"


def test_code_output_and_plots_can_be_read(tab, served: str) -> None:
    """Contrast of text and lines with what is behind them, at least 4.5 and 3 (WCAG 2.2, 1.4.3 and 1.4.11)."""
    visit(tab, served + "kinks/clamp/")
    tab.evaluate(CONTRAST)
    for scheme, name in (("dark", "slate"), ("light", "default")):
        tab.emulate_media(color_scheme=scheme)
        until(tab, "document.body.dataset.mdColorScheme", name)
        assert tab.evaluate("contrast('pre.output samp', 'color')") >= 4.5, scheme
        assert tab.evaluate("contrast('figure.plot svg text', 'fill')") >= 4.5, scheme
        lines = tab.evaluate("strokes()")
        assert lines and [line for line in lines if line["contrast"] < 3] == [], scheme
