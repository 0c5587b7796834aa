"""The sites of several releases in one tree: addresses, what search engines see, and the switch in a browser."""

from __future__ import annotations

import base64
import functools
import hashlib
import http.server
import posixpath
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
from bs4 import BeautifulSoup
from mkdocs.utils.yaml import yaml_load

from livedocs.errors import DocsError
from livedocs.publish import site as livedocs_site
from livedocs.publish import versions
from livedocs.publish.policy import inline_scripts
from livedocs.publish.versions import ROOT_ONLY
from tests import projects
from tests.browsing import CONTRAST, DESKTOP, PHONE, faults, settle, until, visit
from tests.conftest import ROOT
from tests.projects import build, edit

pytestmark = pytest.mark.site

BASE = "https://example.org/gradients/"
NEW, OLD = "9.2", "9.1"
ONLY_NEW, ONLY_OLD = "kinks/newer/", "basics/older/"


@pytest.fixture(scope="module")
def sites(tmp_path_factory) -> Iterator[dict[str, Path]]:
    """The sites of two releases: each has a page that the other has not, and a home page that names the release."""
    project = projects.make(tmp_path_factory.mktemp("releases") / "project")
    nav = yaml_load((project / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    home = "# PyTorch gradients\n"
    built = {}
    for name, text, own, address in ((NEW, "newest", ONLY_NEW, BASE), (OLD, "older", ONLY_OLD, f"{BASE}{OLD}/")):
        edit(project / "docs/index.md", home, home := f"# PyTorch gradients\n\nThis is the {text} one.\n")
        page = project / f"docs/{own.removesuffix('/')}.md"
        page.write_text(f"# Of {name}\n", encoding="utf-8")
        projects.configure(project, nav=[*nav, page.relative_to(project / "docs").as_posix()], site_url=address)
        built[name] = project.parent / name
        done = build(project, site_dir=str(built[name]))
        assert done.ok, done.log
        page.unlink()
    livedocs_site.close()
    yield built


@pytest.fixture(scope="module")
def tree(sites: dict[str, Path]) -> Path:
    place = sites[NEW].parent / "published"
    versions.join(place, sites)
    return place


def pages(folder: Path) -> dict[str, str]:
    own = [path for path in folder.rglob("*.html") if "f" not in path.relative_to(folder).parts]  # those lead to others
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in own}


def test_each_release_has_the_site_that_it_built(tree: Path, sites: dict[str, Path]) -> None:
    for name, site in sites.items():
        files = {path.relative_to(site).as_posix(): path for path in site.rglob("*") if path.is_file()}
        inside = {path.relative_to(tree / name).as_posix() for path in (tree / name).rglob("*") if path.is_file()}
        assert inside == files.keys() - set(ROOT_ONLY) and "404.html" in files
        for file in inside:
            if not file.endswith(".html"):
                assert (tree / name / file).read_bytes() == files[file].read_bytes(), file
    assert "This is the newest one." in (tree / "index.html").read_text(encoding="utf-8")
    assert "This is the newest one." in (tree / NEW / "index.html").read_text(encoding="utf-8")
    assert "This is the older one." in (tree / OLD / "index.html").read_text(encoding="utf-8")
    assert sorted(path.name for path in tree.parent.iterdir()) == sorted([*sites, "project", "published"])


def test_a_site_that_is_built_alone_has_no_switch(sites: dict[str, Path]) -> None:
    for name, page in pages(sites[NEW]).items():
        assert 'class="releases"' not in page and "versions.json" not in page, name


def test_every_link_of_a_switch_leads_to_the_same_page_or_home(tree: Path, sites: dict[str, Path]) -> None:
    for name, page in pages(tree).items():
        if name == "404.html":
            continue
        (switch,) = BeautifulSoup(page, "html.parser").select("header details.releases")
        release = OLD if name.startswith(f"{OLD}/") else NEW
        own = name.removeprefix(f"{OLD}/").removeprefix(f"{NEW}/")
        assert switch.summary.get_text() == f"PyTorch {release}"
        assert [link.get_text() for link in switch.select("[aria-current]")] == [
            f"PyTorch {release}" + (" (newest)" if release == NEW else "")
        ]
        for link, (other, folder) in zip(switch.select("a"), {NEW: "", OLD: f"{OLD}/"}.items(), strict=True):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), link["href"], "index.html"))
            there = own if (sites[other] / own).exists() else "index.html"
            assert target == folder + there, name
    for lost in (f"{ONLY_NEW}index.html", f"{OLD}/{ONLY_OLD}index.html"):
        assert (tree / lost).exists(), "no page is in one release only: nothing was tested"


def test_search_engines_see_one_address(tree: Path) -> None:
    for name, page in pages(tree).items():
        if name == "404.html":
            continue
        head = BeautifulSoup(page.split("</head>")[0], "html.parser")
        own = name.removeprefix(f"{OLD}/").removeprefix(f"{NEW}/").removesuffix("index.html")
        wanted = BASE + (f"{OLD}/{own}" if own == ONLY_OLD else own)
        assert [link["href"] for link in head.select("link[rel=canonical]")] == [wanted], name
        assert [meta["content"] for meta in head.select("meta[property='og:url']")] == [wanted], name
    listed = re.findall("<loc>(.*?)</loc>", (tree / "sitemap.xml").read_text(encoding="utf-8"))
    assert len(listed) >= 4 and not [address for address in listed if f"/{OLD}/" in address or f"/{NEW}/" in address]
    assert [path.parent for path in tree.rglob("sitemap.xml*")] == [tree] * 2


def test_every_inline_script_is_in_its_policy(tree: Path) -> None:
    for name, page in pages(tree).items():
        (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
        assert page.index("Content-Security-Policy") < page.index("<script"), name
        for script in inline_scripts(page):
            assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy, f"{name}: {script}"


def test_a_release_that_was_not_built_leaves_the_tree_as_it_is(tree: Path, sites: dict[str, Path]) -> None:
    before = {path: path.stat().st_mtime_ns for path in tree.rglob("*")}
    with pytest.raises(DocsError, match=r"no site of 9\.0"):
        versions.join(tree, {**sites, "9.0": tree.parent / "nowhere"})
    assert {path: path.stat().st_mtime_ns for path in tree.rglob("*")} == before


def test_a_page_without_a_place_for_the_switch_is_told(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site/index.html").write_text('<head><meta charset="utf-8"></head>', encoding="utf-8")
    with pytest.raises(DocsError, match=r"9\.2/index.html: no place for the switch"):
        versions.join(tmp_path / "published", {NEW: tmp_path / "site"})
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


@pytest.mark.parametrize("arguments", [[], ["2.15"], ["2.15="], ["=site"], ["2.15=a", "2.15=b"], ["2.15.0=a"]])
def test_the_command_line_says_what_it_wants(arguments: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="usage: "):
        versions.main([str(tmp_path / "published"), *arguments])


def test_the_makefile_calls_it_as_it_is(tmp_path: Path, sites: dict[str, Path]) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "-m livedocs.publish.versions" in makefile
    versions.main([str(tmp_path / "published"), *(f"{name}={site}" for name, site in sites.items())])
    assert (tmp_path / "published" / OLD / "index.html").is_file()


# In a browser


@pytest.fixture(scope="module")
def host(tree: Path) -> Iterator[str]:
    """The address of the tree on this machine, in a subfolder of its host."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            assert path.startswith("/gradients/") or path == "/favicon.ico", path
            return super().translate_path(path.removeprefix("/gradients"))

        def log_message(self, *args) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=tree))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/gradients/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def tab(browser, host: str) -> Iterator:
    """A page that notes what it asks other hosts for, and whatever its console has to say."""
    context = browser.new_context(viewport=DESKTOP, reduced_motion="reduce")
    page = context.new_page()
    trouble: list[str] = []
    page.on("console", lambda m: trouble.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: trouble.append(str(e)))
    page.on("response", lambda r: trouble.append(f"{r.status} {r.url}") if r.status >= 400 else None)
    page.on("request", lambda r: trouble.append(r.url) if not r.url.startswith((host, "data:", "file:")) else None)
    yield page
    context.close()
    assert not [text for text in trouble if "favicon.ico" not in text and "math.woff2" not in text]


def test_it_leads_to_the_same_place_by_keyboard_and_keeps_the_palette(tab, host: str) -> None:
    visit(tab, host + "ties/max/#see-it-run")
    tab.locator("form[data-palette] label >> visible=true").click()
    tab.locator("form[data-palette] label >> visible=true").click()
    until(tab, "document.body.dataset.mdColorScheme", "slate")
    tab.locator(".releases summary").focus()
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == f"PyTorch {NEW} (newest)"
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    tab.wait_for_url(f"{host}{OLD}/ties/max/#see-it-run")
    settle(tab)
    assert tab.locator(".releases summary").inner_text() == f"PyTorch {OLD}"
    assert tab.evaluate("document.body.dataset.mdColorScheme") == "slate"
    tab.locator("form[data-palette] label >> visible=true").click()  # and the choice made here counts there
    chosen = tab.evaluate("__md_get('__palette').index")
    tab.locator(".releases summary").click()
    tab.locator(".releases a").first.click()
    tab.wait_for_url(f"{host}ties/max/#see-it-run")
    assert tab.evaluate("__md_get('__palette').index") == chosen == 0


def test_a_page_that_is_missing_there_leads_home(tab, host: str) -> None:
    for start, end in ((ONLY_NEW, f"{OLD}/"), (f"{OLD}/{ONLY_OLD}", "")):
        visit(tab, host + start)
        tab.locator(".releases summary").click()
        tab.locator(".releases a:not([aria-current])").click()
        tab.wait_for_url(urljoin(host, end) if end else host)
        assert tab.locator("h1").inner_text().startswith("PyTorch gradients")


def test_it_closes_as_a_menu_does(tab, host: str) -> None:
    visit(tab, host)
    summary, is_open = tab.locator(".releases summary"), "document.querySelector('.releases').open"
    summary.click()
    tab.keyboard.press("Escape")
    assert not tab.evaluate(is_open)
    assert tab.evaluate("document.activeElement.localName") == "summary"
    tab.keyboard.press("Enter")
    assert tab.evaluate(is_open)
    tab.locator("h1").click()
    until(tab, is_open, False)
    summary.click()
    for _ in range(3):
        tab.keyboard.press("Tab")
    until(tab, is_open, False)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_it_can_be_read_and_hit(size: dict, tab, host: str) -> None:
    """In both palettes; targets are as large as a finger on a phone, and nothing is cut off."""
    tab.set_viewport_size(size)
    visit(tab, f"{host}{OLD}/ties/max/")
    tab.locator(".releases summary").click()
    tab.evaluate(CONTRAST)
    for scheme, name in (("dark", "slate"), ("light", "default")):
        tab.emulate_media(color_scheme=scheme)
        until(tab, "document.body.dataset.mdColorScheme", name)
        assert faults(tab, [".md-header"], rules={"color-contrast": True, "target-size": True}) == [], scheme
        for part in ("summary", "li:first-child a", "li:last-child a"):
            assert tab.evaluate(f"contrast('.releases {part}', 'color')") >= 4.5, f"{scheme}: {part}"
    for part in (tab.locator(".releases summary"), *tab.locator(".releases a").all()):
        box = part.bounding_box()
        assert 0 <= box["x"] and box["x"] + box["width"] <= size["width"]
        assert box["height"] >= 32 and box["width"] >= 32
    assert tab.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert tab.get_by_text(f"PyTorch {OLD}", exact=True).first.is_visible()
    title = tab.locator(".md-header__topic").first.bounding_box()
    assert title["width"] >= 100, "no room for the title"


def test_it_works_without_scripts(browser, host: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(host + "ties/max/")
    page.locator(".releases summary").click()
    page.locator(".releases a").last.click()
    page.wait_for_url(f"{host}{OLD}/ties/max/")
    context.close()


def test_the_tree_reads_from_a_folder_too(tab, tree: Path) -> None:
    tab.goto((tree / "ties/max/index.html").as_uri())
    tab.locator(".releases summary").click()
    tab.locator(".releases a").last.click()
    tab.wait_for_url((tree / OLD / "ties/max/index.html").as_uri() + "*")
    assert tab.locator(".releases summary").inner_text() == f"PyTorch {OLD}"
