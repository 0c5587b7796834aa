"""The built site in headless Chromium: outputs, formulas, plots, and nothing fetched from elsewhere."""

from __future__ import annotations

import pytest

from tests.browsing import CONTRAST, PAGES

WIDTHS = {"phone": 360, "desktop": 1280}


@pytest.fixture(params=WIDTHS)
def page(request, browser, served):
    """A browser page that notes console messages, failed answers, and requests to other hosts."""
    context = browser.new_context(viewport={"width": WIDTHS[request.param], "height": 800})
    page = context.new_page()
    page.trouble = []
    page.on("console", lambda m: page.trouble.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: page.trouble.append(str(e)))
    page.on("response", lambda r: page.trouble.append(f"{r.status} {r.url}") if r.status >= 400 else None)
    page.on("request", lambda r: page.trouble.append(r.url) if not r.url.startswith((served, "data:")) else None)
    yield page
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_shows_what_it_should(path: str, page, served: str) -> None:
    page.goto(served + path)
    page.evaluate("document.fonts.ready")
    shown = page.locator("pre.output samp, .points td, article td")
    if path != "changelog/":  # which has neither outputs nor values
        assert shown.count() > 0 and shown.first.is_visible()
    text = page.locator("article").inner_text()
    assert not any(mark in text for mark in ("$$", r"\frac", r"\begin", r"\(", r"\[", "--8<--", "livedocs"))
    for formula in page.locator("article math").all():
        box = formula.bounding_box()
        assert box["width"] > 3 and box["height"] > 3
    for figure in page.locator("figure.plot [role=img]").all():
        assert figure.get_attribute("aria-label") and figure.bounding_box()["width"] > 100
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    assert page.trouble == []


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


def test_a_brace_is_as_tall_as_its_cases(page, served: str) -> None:
    page.goto(served + "ties/max/")
    page.evaluate("document.fonts.ready")
    braces = page.locator("div.math mo", has_text="{").all()
    assert max(brace.bounding_box()["height"] for brace in braces) > 30, "the brace of cases does not stretch"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_code_output_and_plots_can_be_read(scheme: str, browser, served: str) -> None:
    """Contrast of text and lines with what is behind them, at least 4.5 and 3 (WCAG 2.2, 1.4.3 and 1.4.11)."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(served + "kinks/clamp/")
    page.evaluate(CONTRAST)
    assert page.evaluate("contrast('pre.output samp', 'color')") >= 4.5
    assert page.evaluate("contrast('figure.plot svg text', 'fill')") >= 4.5
    for line in page.evaluate("strokes()"):
        assert line["contrast"] >= 3, line
    context.close()
