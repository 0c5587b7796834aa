"""What tests in a browser share: the pages, visits that wait until a page is ready, axe, and the contrast of colors."""

from __future__ import annotations

import time

from axe_playwright_python.sync_playwright import Axe

from tests.conftest import ROOT, WAIT

SOURCES = [*(ROOT / "docs").rglob("*.md"), *(ROOT / "docs").rglob("notebooks/*.py")]
PAGES = sorted(source.relative_to(ROOT / "docs").with_suffix("").as_posix() + "/" for source in SOURCES)
PAGES = [f"/{page}".replace("/index/", "/")[1:] for page in PAGES]
KINDS = {
    "home": "",
    "rules": "kinks/abs/",
    "largest table": "foundations/points/",
    "notebook": "notebooks/linear_regression/",
    "symptoms": "symptoms/",
    "chapter": "kinks/",
    "not found": "404.html",
}
CHAPTER = "flat/print/"
PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
# They look at every word. On each page of the site that takes too long: the tests below look at one page of a kind.
SLOW = ("color-contrast", "link-in-text-block")
SETTLED = """async () => {
  await document.fonts.ready;
  await new Promise(requestAnimationFrame);
}"""


def until(page, expression: str, wanted=True) -> None:
    """Wait for a JavaScript expression to be true, or to be what is wanted; if it never is, say what it is.

    Playwright's own ``wait_for_function`` evaluates a text inside the page, which the site's security policy forbids.
    """
    end = time.monotonic() + WAIT
    while (got := page.evaluate(expression)) != wanted:
        assert time.monotonic() < end, f"{expression} is {got!r}, and not {wanted!r}"
        page.wait_for_timeout(50)


def visit(page, address: str) -> None:
    page.goto("about:blank")  # the same address with another fragment would not load the page again
    page.goto(address, wait_until="load")
    settle(page)


def settle(page) -> None:
    """Wait until site.js has run, and the fonts are there; of what is far below it asks with the first key."""
    page.locator(".menu-close").wait_for(state="attached")
    page.evaluate(SETTLED)
    page.keyboard.press("Shift")


# Code gets its copy button when it comes into sight.
THROUGH = """async () => {
  for (let y = 0; y < document.body.scrollHeight && document.querySelector('article pre > code'); y += innerHeight) {
    scrollTo(0, y);
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  }
  scrollTo(0, 0);
}"""
# Until what a change of the window, or of the system's colors, has set off is done: the second frame comes after it.
FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def faults(page, context: list[str] | None = None, rules: dict[str, bool] | None = None) -> list[str]:
    """What axe-core finds, on the page or in the elements that ``context`` selects."""
    options = {
        "resultTypes": ["violations"],
        "preload": False,
        "rules": {name: {"enabled": on} for name, on in (rules or {}).items()},
    }
    found = Axe().run(page, context={"include": [[c] for c in context]} if context else None, options=options)
    return [
        f"{fault['id']}: {node['html'][:160]}\n  {' '.join(node['failureSummary'].split())}"
        for fault in found.response["violations"]
        for node in fault["nodes"]
    ]


CONTRAST = """() => {
  const rgb = (color) => {
    const canvas = document.createElement('canvas').getContext('2d');
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (c) => c.slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = rgb(getComputedStyle(e).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const ratio = (a, b) => {
    const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  window.contrast = (selector, property) => {
    const element = document.querySelector(selector);
    return ratio(rgb(getComputedStyle(element)[property]), behind(element));
  };
  window.strokes = () => [...document.querySelectorAll('figure.plot [stroke^="var(--plot-"]')]
    .filter((e) => !e.getAttribute('stroke').match(/grid|paper/))
    .map((e) => ({ stroke: e.getAttribute('stroke'), contrast: ratio(rgb(getComputedStyle(e).stroke), behind(e)) }));
}"""
