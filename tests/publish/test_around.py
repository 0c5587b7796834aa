"""Around the pages: the content security policy, the page for lost addresses, what a shared link shows."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup
from PIL import Image

from livedocs.errors import DocsError
from livedocs.publish.policy import enforce, inline_scripts
from tests import projects
from tests.browsing import until
from tests.conftest import ROOT

pytestmark = pytest.mark.site

VIOLATIONS = """
  window.violations = [];
  document.addEventListener("securitypolicyviolation", (e) =>
    violations.push(`${e.violatedDirective}: ${e.blockedURI} ${e.sample}`));
"""


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, str]:
    """The text of every built page."""
    read = [path for path in site.rglob("*.html") if not path.is_relative_to(site / "f")]  # those only lead to others
    return {path.relative_to(site).as_posix(): path.read_text(encoding="utf-8") for path in read}


def test_every_page_has_the_one_policy(pages: dict[str, str]) -> None:
    found = {
        name: re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', p) for name, p in pages.items()
    }
    assert all(len(policies) == 1 for policies in found.values()), found
    assert len({policies[0] for policies in found.values()}) == 1
    policy = found["index.html"][0]
    assert "default-src 'self'" in policy and "style-src 'self';" in policy and "unsafe" not in policy
    for name, page in pages.items():
        before = page[: page.index("Content-Security-Policy")]
        assert not re.search("<(script|link|style)", before), f"{name}: the policy comes too late"
        assert page.encode().index(b"charset") < 512, f"{name}: the charset must be among the first 1024 bytes"


def test_no_page_has_what_the_policy_forbids(pages: dict[str, str]) -> None:
    """No style attributes, no style elements, no handlers; inline scripts are the theme's few."""
    for name, page in pages.items():
        tags = re.findall(r"<[a-z][^<>]*>", re.sub(r"(?s)<(script)\b.*?</\1>", "", page))
        for tag in tags:
            assert not re.search(r'\s(style|on[a-z]+)=|^<style|"javascript:', tag), f"{name}: {tag}"
    assert len({script for page in pages.values() for script in inline_scripts(page)}) <= 9


def test_a_page_that_can_have_no_policy_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "plain.html").write_text("<p>no head</p>", encoding="utf-8")
    with pytest.raises(DocsError, match=r"plain.html: the page can have no content security policy"):
        enforce(tmp_path)


def test_the_policy_stops_what_does_not_belong(browser, served: str) -> None:
    """Else the test below would pass without a policy."""
    page = browser.new_page()
    page.add_init_script(VIOLATIONS)
    page.goto(served)
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')")
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: 'ran = 1'}))")
    until(page, "violations.length === 2")
    assert page.evaluate("typeof ran") == "undefined"
    page.close()


def test_using_a_page_breaks_no_policy(browser, served: str) -> None:
    """On a phone: drawer, palette, copy button, search, and the page that a hit leads to."""
    context = browser.new_context(viewport={"width": 360, "height": 800})
    context.add_init_script(VIOLATIONS)
    page = context.new_page()
    trouble = []
    page.on("console", lambda m: trouble.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: trouble.append(str(e)))
    page.goto(served + "ties/max/")
    page.locator(".md-header__button[for=__drawer]").click()
    page.locator(".md-nav__link >> visible=true").first.wait_for()
    page.locator("label.md-overlay").click(position={"x": 350, "y": 400})
    page.locator("form[data-palette] label >> visible=true").click()
    page.locator("article button[data-md-type=copy]").first.dispatch_event("click")  # it shows on hover only
    page.locator("label.md-header__button[for=__search]").click()
    page.locator(".md-search__input").press_sequentially("relu")
    page.locator(".md-search-result__link").first.wait_for()
    assert page.evaluate("violations") == []
    page.locator(".md-search-result__link").first.click()
    page.wait_for_url("**/relu/**")
    assert page.evaluate("violations") == [] and trouble == []
    context.close()


def test_a_lost_address_leads_on_from_any_depth(browser, served: str) -> None:
    page = browser.new_page()
    answers = {}
    page.on("response", lambda r: answers.setdefault(r.url, r.status))
    assert page.goto(served + "kinks/clampp/deep/er").status == 404
    assert page.title().startswith("No such page")
    assert [url for url, status in answers.items() if status >= 400] == [served + "kinks/clampp/deep/er"]
    links = page.evaluate("[...document.querySelectorAll('article a')].map(a => a.href)")
    assert len(links) >= 4
    for link in links:
        assert page.request.get(link).status == 200, link
    page.locator("article input[name=q]").fill("clamp")
    page.keyboard.press("Enter")
    page.locator(".md-search-result__link").first.click()
    page.wait_for_url(served + "kinks/clamp/?*")
    page.close()


def test_a_shared_link_shows_what_the_page_says(site: Path, pages: dict[str, str]) -> None:
    for name in ("index.html", "flat/sign/index.html", "changelog/index.html"):
        head = BeautifulSoup(pages[name].split("</head>")[0], "html.parser")
        shown = {m.get("property") or m.get("name"): m["content"] for m in head.select("meta[content]")}
        said = yaml.safe_load(source(name).split("---")[1])
        assert shown["og:title"] == said["title"]
        assert shown["og:description"] == shown["description"] == said["description"], "a quotation mark not escaped?"
        assert shown["twitter:card"] == "summary_large_image"
        picture = (site / name).parent / shown["og:image"]
        with Image.open(picture) as image:
            assert image.size == (int(shown["og:image:width"]), int(shown["og:image:height"]))


def test_titles_and_descriptions_fit_into_a_list_of_results(pages: dict[str, str]) -> None:
    """A title gets the name of the site only where there is room for both; no description is cut."""
    for name, page in pages.items():
        head = BeautifulSoup(page.split("</head>")[0], "html.parser")
        title = head.title.text
        own, _, name_of_site = title.partition(" - ")
        assert own != name_of_site, f"{name}: {title}"
        assert len(title) <= 60 or " - PyTorch gradients" not in title, f"{name}: {title}"
        description = head.select_one("meta[name=description]")
        assert description and len(description["content"]) <= 155, f"{name}: {description}"


def source(built: str) -> str:
    """The Markdown of a built page."""
    name = "index.md" if built == "index.html" else built.replace("/index.html", ".md")
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_without_an_address_nothing_claims_one(site: Path, pages: dict[str, str]) -> None:
    assert not (site / "sitemap.xml").exists() and not (site / "robots.txt").exists()
    assert not any(re.search(r'rel="(canonical|edit)"|"og:url"', page) for page in pages.values())


def test_the_mark_is_drawn_and_named(pages: dict[str, str]) -> None:
    page = BeautifulSoup(pages["kinks/relu/index.html"], "html.parser")
    logo = page.select_one("a.md-header__button.md-logo")
    assert logo["aria-label"] == "PyTorch gradients" and logo.svg.path
    assert page.select_one("link[rel=icon]")["href"].endswith("assets/favicon.svg")


def test_a_published_site_says_where_it_is(tmp_path: Path, monkeypatch) -> None:
    """The project's own mkdocs.yml, templates and assets, around two pages that need no snippet."""
    address, repository = "https://example.org/gradients/", "https://github.com/example/gradients"
    monkeypatch.setenv("SITE_URL", address)
    monkeypatch.setenv("REPO_URL", repository)
    shutil.copytree(ROOT / "docs/assets", tmp_path / "docs/assets")
    shutil.copytree(ROOT / "overrides", tmp_path / "overrides")
    (tmp_path / "docs/ties").mkdir()
    (tmp_path / "docs/index.md").write_text("# Home\n", encoding="utf-8")
    (tmp_path / "docs/ties/max.md").write_text("# Ties\n", encoding="utf-8")
    (tmp_path / "docs/ties/min.md").write_text("# More ties\n", encoding="utf-8")
    projects.configure(tmp_path, nav=["index.md", {"Tab": [{"Ties": ["ties/max.md", "ties/min.md"]}]}])
    done = projects.build(tmp_path)
    assert done.ok, done.log

    built = tmp_path / "site"
    page = BeautifulSoup((built / "ties/max/index.html").read_text(encoding="utf-8"), "html.parser")
    assert page.select_one("link[rel=canonical]")["href"] == address + "ties/max/"
    assert page.select_one("meta[property='og:url']")["content"] == address + "ties/max/"
    assert page.select_one("meta[property='og:image']")["content"] == address + "assets/picture.png"
    assert page.select_one("a[rel=edit]")["href"] == repository + "/edit/main/docs/ties/max.md"
    assert page.select("a.md-source") and not page.select("[data-md-component=source]"), "the theme asks api.github.com"
    sitemap = (built / "sitemap.xml").read_text(encoding="utf-8")
    assert "lastmod" not in sitemap, "the day of the build is not the day of a change"
    listed = re.findall(r"<loc>(.+?)</loc>", sitemap)
    assert sorted(listed) == [address, address + "ties/max/", address + "ties/min/"], "and not ties/print/"
    assert f"Sitemap: {address}sitemap.xml" in (built / "robots.txt").read_text(encoding="utf-8")
    lost = BeautifulSoup((built / "404.html").read_text(encoding="utf-8"), "html.parser")
    local = [e.get("href") or e.get("src") or e.get("action") for e in lost.select("[href], [src], [action]")]
    local = [link for link in local if not link.startswith(("#", "https:"))]
    assert local and all(link.startswith("/gradients/") for link in local), local
