"""A page of each kind on a phone with touch, as it is opened there; tests/reading/test_browser.py sees every page."""

from __future__ import annotations

import pytest

from livedocs.measured import short_name
from tests.browsing import CHAPTER, FRAMES, KINDS, SLOW, THROUGH, faults, visit
from tests.reading.phone import LIGHTEN, WIDTHS, WRONG

pytestmark = pytest.mark.site


@pytest.fixture(scope="module")
def phone(browser):
    """A tab of a phone: no mouse, nothing to hover with."""
    context = browser.new_context(
        viewport={"width": WIDTHS[0], "height": 740}, has_touch=True, is_mobile=True, reduced_motion="reduce"
    )
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", [*KINDS.values(), CHAPTER, "flat/sign/", "losses/map/", "sheets/special/"])
def test_a_page_on_a_phone(path: str, phone, served: str) -> None:
    phone.set_viewport_size({"width": WIDTHS[0], "height": 740})
    visit(phone, served + path)
    phone.evaluate(LIGHTEN)
    phone.evaluate(THROUGH)
    wrong = [f"axe: {fault}" for fault in faults(phone, rules=dict.fromkeys(SLOW, False))]
    for width in WIDTHS:
        phone.set_viewport_size({"width": width, "height": 740})
        phone.evaluate(FRAMES)
        wrong += [f"{width} px: {what}" for what in phone.evaluate(WRONG)]
    assert not wrong, "\n".join([f"/{path}", *wrong])


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
    visit(phone, served + "foundations/points/")
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
    words.fill("Not the limit")  # a verdict: its words stand in "NaN, although the function has a limit here" too
    verdicts = (
        "[...document.querySelectorAll('.census tbody tr{}')].map((e) => e.querySelector('.verdict').textContent)"
    )
    found, limits = phone.evaluate(verdicts.format(":not([hidden])")), phone.evaluate(verdicts.format(""))
    assert set(found) == {"not the limit"} and len(found) == limits.count("not the limit") > 50
    words.fill("")
    phone.get_by_label("only those that do not follow").check()
    left = phone.evaluate(names)
    assert 0 < len(left) < len(everything) and phone.evaluate(f"{shown}.every((e) => e.className === 'broken')")
    assert f"of {len(left)} functions" in phone.locator(".census-filter output").inner_text()
    phone.get_by_label("only those that do not follow").uncheck()
    assert phone.evaluate(names) == everything


def test_the_head_of_an_open_table_stays(browser, served: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 300})
    visit(page, served + "foundations/points/")
    fold = page.locator(".census details:has(tbody tr:nth-child(8))").first
    fold.locator("summary").click()
    fold.locator("tbody tr").nth(6).evaluate("(row) => row.scrollIntoView({ block: 'center' })")
    head = fold.locator("thead th").first.bounding_box()
    assert 0 <= head["y"] < 150, "it scrolled away with its rows"
    page.close()


def test_without_javascript_all_points_are_there(browser, served: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(served + "foundations/points/")
    assert not page.locator(".census-filter").is_visible()
    fold = page.locator(".census details").first
    fold.locator("summary").click()
    assert fold.locator("tbody tr").first.is_visible()
    context.close()


def test_the_table_of_functions_can_be_filtered(phone, served: str) -> None:
    visit(phone, served + "functions/")
    names = "[...document.querySelectorAll('table.functions tbody tr:not([hidden]) th code')].map((e) => e.textContent)"
    everything = phone.evaluate(names)
    assert len(everything) > 200
    words = phone.get_by_label("Filter")
    words.fill("clip")
    assert "clamp" in phone.evaluate(names), "another name of it is clip"
    words.fill("soft")
    few = phone.evaluate(names)
    assert 5 < len(few) < 40
    phone.get_by_label("Chapter").select_option("Kinks")
    assert 0 < len(phone.evaluate(names)) < len(few)
    assert phone.locator(".census-filter output").inner_text() == f"{len(phone.evaluate(names))} of {len(everything)}"
    words.fill("no such function")
    assert phone.evaluate(names) == []
    words.fill("")
    phone.get_by_label("Chapter").select_option("any")
    assert phone.evaluate(names) == everything
