"""The site without a server and without a network: the built folder, and the zip that holds it."""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import zipfile
from pathlib import Path

import pytest

from livedocs.publish.downloads import ARCHIVE, write_archive
from tests.browsing import until

pytestmark = pytest.mark.site

TOP = ARCHIVE.removesuffix(".zip")


@pytest.fixture(scope="module")
def unpacked(site: Path, tmp_path_factory) -> Path:
    """The folder that the zip unpacks to."""
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(site / ARCHIVE) as archive:
        archive.extractall(folder)
    return folder / TOP


def test_the_built_folder_reads_navigates_and_searches(site: Path, browser) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    page = context.new_page()
    trouble = []
    page.on("console", lambda m: trouble.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: trouble.append(str(e)))
    page.on("requestfailed", lambda r: trouble.append(r.url))
    page.on("request", lambda r: trouble.append(r.url) if not r.url.startswith((site.as_uri(), "data:")) else None)
    page.goto((site / "index.html").as_uri())
    assert not page.get_by_role("link", name="zip").count(), "a copy offers a download that it does not contain"

    page.locator("nav.md-tabs").get_by_role("link", name="Special points").click()
    page.wait_for_url("**/kinks/index.html", wait_until="networkidle")
    page.locator("nav.md-nav--primary").get_by_role("link", name="relu and its family").click()
    page.wait_for_url("**/kinks/relu/index.html")
    assert page.locator("article math").first.bounding_box()["width"] > 3
    page.locator("article details.card:has(figure.plot) > summary").first.click()
    assert page.locator("figure.plot svg").first.bounding_box()["width"] > 100
    assert page.locator("pre.output samp").first.is_visible()
    until(page, "[...document.fonts].some(f => f.family.includes('STIX') && f.status === 'loaded')")

    page.locator(".md-search__input").press_sequentially("clamp")
    page.locator(".md-search-result__link").first.click()
    page.wait_for_url("**/kinks/clamp/index.html?*")
    assert "clamp" in page.locator("h1").inner_text()

    page.locator("h1").click()
    page.keyboard.press("n")  # the theme's key for the next page
    page.wait_for_url("**/kinks/hard_activations/index.html")
    # Chromium preloads no font from a folder, and says so; it loads it all the same, as was seen above.
    assert [t for t in trouble if "math.woff2" not in t and t != "Failed to load resource: net::ERR_FAILED"] == []
    context.close()


def test_the_zip_holds_every_page_and_all_that_pages_name(site: Path, unpacked: Path) -> None:
    files = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    pages = {path.relative_to(site).as_posix() for path in site.rglob("*.html")} - {"404.html"}
    assert pages <= files and len(pages) >= 30
    for page in sorted(pages):
        text = (unpacked / page).read_text(encoding="utf-8")
        assert text == (site / page).read_text(encoding="utf-8"), (
            f"{page}: what a browser does with one, it does with both"
        )
        for address in set(re.findall(r'<(?:a|link|script|img)\b[^>]*?\b(?:href|src)="([^"#?:]+)(?=["#?])', text)):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(page), address))
            if target == ARCHIVE:
                continue  # docs/assets/offline.js hides the link
            if (unpacked / target).is_dir():
                target = posixpath.normpath(target + "/index.html")
            assert target in files, f"{page} names {address}, which is not in {ARCHIVE}"


def test_the_same_files_give_the_same_zip(site: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    shutil.copytree(site, copy)
    for path in copy.rglob("*"):
        os.utime(path, (0, 1_000_000_000))
    assert write_archive(copy).read_bytes() == (site / ARCHIVE).read_bytes()
