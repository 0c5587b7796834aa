"""Pages on paper, and the page that holds a whole chapter."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from mkdocs.config import load_config
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import get_navigation
from mkdocs.utils.yaml import yaml_load

from livedocs.publish.print_pages import Chapter, Part, unite, with_parts
from livedocs.publish.site import Site
from tests.browsing import settle
from tests.conftest import ROOT

pytestmark = pytest.mark.site

NAV = yaml_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
SECTIONS = [next(iter(entry.items())) for tab in NAV for entry in next(iter(tab.values())) if isinstance(entry, dict)]
CHAPTERS = {
    title: [next(iter(p.values())) if isinstance(p, dict) else p for p in pages[1:]]
    for title, pages in SECTIONS
    if isinstance(pages, list) and len(pages) > 2  # an index and two pages
}
SHEET = {"width": 680, "height": 1000}  # A4 between its margins, in CSS pixels


def whole(site: Path, title: str) -> str:
    return (site / CHAPTERS[title][0]).parent.joinpath("print", "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def paper(browser):
    """A tab of a reader with a dark system, about to print."""
    context = browser.new_context(color_scheme="dark", viewport=SHEET)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", ["kinks/relu/", "foundations/points/", "symptoms/", "flat/print/"])
def test_a_page_on_paper(path: str, paper, served: str) -> None:
    paper.emulate_media(media="screen")
    paper.goto(served + path, wait_until="load")
    settle(paper)
    assert paper.evaluate("document.body.dataset.mdColorScheme") == "slate"
    light = paper.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--plot-1')")
    paper.emulate_media(media="print")
    found = paper.evaluate(PAPER)
    assert found.pop("plot") in (light, None)
    assert found == {
        "white": ["rgb(255, 255, 255)"] * 2 + ["light only"],
        "hidden": [],
        "wide": [],
        "closed": 0,
        "split": 0,
        "inner": 0,
        "outer": 0,
        "large": 0,
        "long": 0,
        "numbered": True,
    }, "see @media print in docs/assets/site.css"


PAPER = r"""() => {
  const style = (e, part) => getComputedStyle(e, part);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const edge = document.documentElement.clientWidth;
  const navigation =
    '.md-header, .md-sidebar, .md-footer, .md-skip, .md-top, .md-code__nav, .headerlink, .notebook';
  const plot = document.querySelector('figure.plot');
  const size = (e) => parseFloat(style(e).fontSize);
  const address = (a) => style(a, '::after').content;
  return {
    plot: plot && style(plot).getPropertyValue('--plot-1'),
    white: [style(document.body).backgroundColor, style(document.documentElement).backgroundColor,
            style(document.documentElement).colorScheme],
    hidden: all(navigation).filter((e) => e.checkVisibility()).map((e) => e.className),
    wide: all('article :is(pre, pre > code, table, math, svg, p)').filter((e) => !e.parentElement.closest('svg, math'))
      .filter((e) => (e.matches('pre, code') && e.scrollWidth > e.clientWidth + 1) ||
                     e.getBoundingClientRect().right > edge + 1).map((e) => e.outerHTML.slice(0, 200)),
    closed: all('article details > :not(summary)').filter((e) => !e.getBoundingClientRect().height).length,
    split: all('figure.plot, article tr').filter((e) => style(e).breakInside !== 'avoid').length,
    inner: all('article a:not([href^="http"])').filter((a) => address(a) !== 'none').length,
    outer: all('article a[href^="http"]').filter((a) => !address(a).includes(a.getAttribute('href'))).length,
    large: all('article td').filter((e) => size(e) > size(e.closest('article'))).length,
    long: all('article pre > code').filter((e) => {
      const lines = e.parentElement.dataset.lines;  // output and PyTorch's own lines have none
      return lines && (lines > 25) !== (style(e).breakInside === 'auto');
    }).length,
    numbered: all('link[rel=stylesheet]').flatMap(({ sheet }) => [...sheet.cssRules])
      .flatMap((rule) => [...(rule.media?.mediaText === 'print' ? rule.cssRules : [])])
      .some((rule) => rule instanceof CSSPageRule && /@bottom-right.*counter\(page\)/s.test(rule.cssText)),
  };
}"""


def test_what_is_folded_is_open_on_paper_without_the_themes_script(browser, served: str) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=SHEET)
    page = context.new_page()
    page.emulate_media(media="print")
    page.goto(served + "kinks/relu/", wait_until="load")
    folded = page.locator("details > pre").all()
    assert folded and all(block.bounding_box()["height"] > 20 for block in folded)
    context.close()


@pytest.mark.parametrize("title", CHAPTERS)
def test_a_chapter_on_one_page_is_one_document(title: str, site: Path) -> None:
    html = whole(site, title)
    ids = re.findall(r'<[^<>]*\sid="([^"]*)"', html)
    assert not [name for name, count in Counter(ids).items() if count > 1]
    broken = {link for link in re.findall(r'href="#([^"]*)"', html)} - set(ids)
    assert not broken, f"links that lead nowhere: {sorted(broken)[:5]}"
    assert '<meta name="robots" content="noindex">' in html and 'rel="canonical"' not in html
    article = re.search(r"<article.*?</article>", html, re.DOTALL)[0]
    for page in CHAPTERS[title]:
        own = (site / page).with_suffix("").joinpath("index.html").read_text(encoding="utf-8")
        own = re.search(r"<article.*?</article>", own, re.DOTALL)[0]
        for kind in ("<samp>", "<math", "<svg", 'class="rule"', "<code>"):
            assert article.count(kind) >= own.count(kind) > -1, f"{page}: {kind}"
        assert f'href="../{Path(page).stem}/' not in article, f"a link that leaves the page for {page}"
        assert '<a class="chapter-link" href="../print/">' in own
    assert 'class="chapter-pages"' not in article, "the list of its pages a second time"
    assert (
        '<a class="chapter-link" href="print/">'
        in (site / CHAPTERS[title][0]).parent.joinpath("index.html").read_text()
    )
    parts = re.findall(r'<section class="chapter-part" id="([^"]*)">\s*<h2', article)
    assert parts == [Path(page).with_suffix("").as_posix().replace("/", "-") for page in CHAPTERS[title]]


def test_a_chapter_on_one_page_is_for_paper_only(site: Path) -> None:
    assert CHAPTERS, "no chapter of more than one page in mkdocs.yml"
    assert "/print/" not in (site / "search/search_index.json").read_text(encoding="utf-8")
    home = (site / "index.html").read_text(encoding="utf-8")
    assert "/print/" not in home, "the navigation names it"
    alone = [folder for folder in site.iterdir() if folder.is_dir() and len(list(folder.glob("*/index.html"))) == 1]
    assert not [folder.name for folder in alone if (folder / "print").exists()], "a chapter of one page needs no other"


def test_what_is_put_in_late_is_made_unique_too() -> None:
    """Formulas, cards and plots may come into a page after its Markdown is rendered."""

    links = '<a href="../y/#why">y</a> <a href="#x">x</a> <a href="../../b/?q#z">b</a>'
    first = f'<h1 id="x">X</h1>TOKEN{links}'
    second = '<h1 id="y">Y</h1><h6>deep</h6><code>&lt;h1 id="no"&gt;</code>TOKEN<a href="x.csv">x</a>'
    parts = [Part("a/x.md", "a/x/"), Part("a/y.md", "a/y/")]
    content = with_parts("<h1>A</h1>", [(parts[0], "X", first), (parts[1], "Y", second)])
    late = '<h3 id="k"></h3><svg><clipPath id="c"/><g clip-path="url(#c)"/></svg><input name="n" id="i"><label for="i">'
    html = unite(content.replace("TOKEN", late), parts, "a/print/")
    for name in ("a-x", "a-y"):
        assert f'<h4 id="{name}--k"></h4>' in html
        assert f'<clipPath id="{name}--c"/><g clip-path="url(#{name}--c)"/>' in html
        assert f'<input name="{name}--n" id="{name}--i"><label for="{name}--i">' in html
    assert '<a href="#a-y--why">y</a> <a href="#a-x--x">x</a> <a href="../../b/?q#z">b</a>' in html
    assert '<h6>deep</h6><code>&lt;h1 id="no"&gt;</code>' in html
    assert '<a href="../y/x.csv">' in html
    assert html.count("<h1") == 1 and html.count("<h2") == 2


def chapters(nav: list, *uris: str) -> list[Chapter]:
    config = load_config(str(ROOT / "mkdocs.yml"), nav=nav)
    config.plugins._current_plugin = "a test"  # MkDocs sets it while it calls a plugin
    files = Files([File.generated(config, uri, content="") for uri in uris])
    site = Site(serving=False)
    site.on_nav(get_navigation(files, config), config, files)
    return site.chapters


def test_where_the_print_page_of_a_chapter_is() -> None:
    (one,) = chapters(
        [{"Tab": [{"One": ["a/x.md", {"Deeper": ["a/b/y.md"]}]}, {"Short": ["c/z.md"]}]}],
        "a/x.md",
        "a/b/y.md",
        "c/z.md",
    )
    assert one.whole.url == "a/print/" and [page.url for page in one.pages] == ["a/x/", "a/b/y/"]
    (two,) = chapters([{"Tab": [{"Two things": ["a/x.md", "c/z.md"]}, "d.md"]}], "a/x.md", "c/z.md", "d.md")
    assert two.whole.url == "two-things/print/", "pages of several folders: named by the title"
    with pytest.raises(PluginError, match="needs this address"):
        chapters([{"Tab": [{"One": ["a/x.md", "a/y.md"]}]}], "a/x.md", "a/y.md", "a/print.md")
