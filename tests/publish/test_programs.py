"""What programs read of the site: its inventory, the address of each function, its pages as Markdown, its feed."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import unquote, urljoin

import pytest
import sphobjinv
import yaml

from livedocs.errors import DocsError
from livedocs.publish import feed, texts
from tests.conftest import ROOT

pytestmark = pytest.mark.site

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def functions(site: Path) -> set[str]:
    """Every function that has a measured row."""
    return {row["function"] for row in json.loads((site / "data/gradients.json").read_text("utf-8"))["rows"]}


def test_sphinx_finds_the_card_of_every_function(site: Path, functions: set[str]) -> None:
    inventory = sphobjinv.Inventory(site / "objects.inv")
    found = {entry.name: entry.uri_expanded for entry in inventory.objects if entry.domain == "py"}
    assert found.keys() >= functions and found.keys() >= {"torch.clip", "torch.Tensor.clamp"}
    for name, place in found.items():
        page, _, anchor = place.partition("#")
        assert f'id="{anchor}"' in (site / page / "index.html").read_text("utf-8"), name


def test_each_function_has_an_address_that_leads_to_its_card(site: Path, functions: set[str]) -> None:
    assert functions
    for name in functions:
        text = (site / "f" / name / "index.html").read_text("utf-8")
        target = re.search(r'content="0; url=([^"]+)"', text)[1]
        page, _, anchor = urljoin(f"http://site/f/{name}/", target).removeprefix("http://site/").partition("#")
        assert f'id="{anchor}"' in (site / page / "index.html").read_text("utf-8"), name


def test_each_page_stands_beside_its_html_as_markdown(site: Path) -> None:
    listed = re.findall(r"(?m)^- \[.+?\]\((.+?\.md)\): \S", (site / texts.LIST).read_text("utf-8"))
    whole = (site / texts.WHOLE).read_text("utf-8")
    assert len(listed) == len(set(listed)) > 100
    notebooks = {path.relative_to(site).as_posix() for path in site.rglob("*.ipynb")}  # each page has one
    assert {Path(unquote(name)).with_suffix(".ipynb").as_posix() for name in listed} == notebooks
    for name in map(unquote, listed):
        page = (site / name).with_name("index.html").read_text("utf-8")
        assert f'href="{Path(name).name}"' in page, name
        assert (site / name).read_text("utf-8").strip() in whole, name
    text = (site / "kinks/abs/abs.md").read_text("utf-8")
    assert "```python\nimport torch\n" in text and "```text\n" in text and "$$" in text
    assert "/// " not in text and "--8<--" not in text


def test_a_fence_is_longer_than_what_it_holds() -> None:
    printed = {"output_type": "stream", "name": "stdout", "text": ["```\n"]}
    cell = {"cell_type": "code", "source": ["print('```')"], "outputs": [printed]}
    assert texts.of_notebook(json.dumps({"cells": [cell]})) == "````python\nprint('```')\n````\n\n````text\n```\n````\n"


PAGE = (
    '<h1>Changelog</h1><h2 id="a">26 November 2026<a class="headerlink" href="#a">#</a></h2>'
    '<p><a href="../b/">New</a></p>'
)


def test_the_feed_has_an_entry_for_each_date() -> None:
    where = "docs/changelog.md", "https://site.test/changelog/", "https://site.test/"
    read = ET.fromstring(feed.of_changelog(f'{PAGE}<h2 id="c">1 October 2026</h2><ul></ul>', *where, "Site"))
    entries = read.findall(f"{ATOM}entry")
    assert [entry.find(f"{ATOM}updated").text for entry in entries] == ["2026-11-26T00:00:00Z", "2026-10-01T00:00:00Z"]
    assert read.find(f"{ATOM}updated").text == "2026-11-26T00:00:00Z"
    assert entries[0].find(f"{ATOM}content").text == '<p><a href="https://site.test/b/">New</a></p>'
    assert entries[0].find(f"{ATOM}id").text == "https://site.test/changelog/#a"
    with pytest.raises(DocsError, match=r"docs/changelog.md: a heading of the changelog is no date"):
        feed.of_changelog('<h2 id="x">Soon</h2>', *where, "Site")


def test_the_project_says_how_to_cite_it() -> None:
    """The keys that version 1.2.0 of the format asks for, and the license and title of the project itself."""
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited.keys() >= {"cff-version", "message", "title", "authors"}
    assert cited["license"] == ["MIT", "CC-BY-4.0"] and cited["type"] == "software"
