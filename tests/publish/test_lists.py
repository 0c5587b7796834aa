"""The pages that are made of other pages: the index of each chapter, and the list of symptoms."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin

import nbformat
import pytest
from bs4 import BeautifulSoup
from mkdocs.utils.yaml import yaml_load

from livedocs.publish import site as livedocs_site
from livedocs.publish.addresses import menu_sections
from tests import projects
from tests.conftest import ROOT

pytestmark = pytest.mark.site

# The pages that the site had before its menu had tabs. People have linked to them.
OLD = """
./ basics/backward/ basics/common/ basics/leaves/ basics/sgd_kink/ basics/training_loop/ changelog/ edges/arcs/
edges/division/ edges/exp/ edges/log/ edges/pow/ edges/special/ edges/sqrt/ edges/xlogy/ explorer/ flat/argmax/
flat/remainder/ flat/round/ flat/sampling/ flat/sign/ flat/straight_through/ foundations/rules/ functions/
images/conv2d/ images/grid_sample/ images/interpolate/ images/pipeline/ images/pooling/ kinks/abs/ kinks/clamp/
kinks/elu/ kinks/hard_activations/ kinks/huber/ kinks/max_zero/ kinks/relu/ kinks/softplus/ losses/bce/
losses/cross_entropy/ losses/ctc/ losses/embedding/ losses/ignore_index/ losses/kl_div/ losses/likelihood/ losses/map/
losses/multi_margin/ losses/ranking/ losses/regression/ losses/targets/ notebooks/linear_regression/
notebooks/nan_classifier/ symptoms/ ties/max/ basics/print/ edges/print/ flat/print/ images/print/ kinks/print/
losses/print/ notebooks/print/
""".split()

DOCS = ROOT / "docs"
CHAPTERS = sorted(path.parent.name for path in DOCS.glob("*/index.md"))
EVERY_KIND = ["error", "node", "warning", "nan", "zero", "other"]


def parsed(site: Path, address: str) -> BeautifulSoup:
    return BeautifulSoup((site / address / "index.html").read_text(encoding="utf-8"), "html.parser")


def test_every_old_address_is_still_there(site: Path) -> None:
    assert len(OLD) == 60
    missing = [address for address in OLD if not (site / address / "index.html").exists()]
    assert missing == []


def test_every_chapter_of_the_menu_has_an_index() -> None:
    """And no page of a folder with an index is left out of it."""
    nav = yaml_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    pages = menu_sections(nav, tabs=True)
    chapters = {page.partition("/")[0] for page in pages if "/" in page}
    assert chapters == set(CHAPTERS)
    for tab in nav:
        for entry in next(iter(tab.values())):
            section = next(iter(entry.values())) if isinstance(entry, dict) else entry
            if isinstance(section, list):
                first = next(iter(section[0].values()))
                assert first.endswith("/index.md") and len(section) > 1, "the index is the first of several pages"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_an_index_lists_the_pages_of_its_folder(chapter: str, site: Path) -> None:
    items = parsed(site, chapter).select(".chapter-pages > ul > li")
    sources = [*(DOCS / chapter).glob("*.md"), *(DOCS / chapter).glob("*.py")]
    wanted = {f"{source.stem}/" for source in sources if source.name != "index.md"}
    assert {item.a["href"].removeprefix("./") for item in items} == wanted and len(items) == len(wanted)
    notebook = nbformat.read(site / chapter / "index.ipynb", as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells)
    for item in items:
        title, sentence = (p.get_text() for p in item.select("p")[:2])
        assert 3 <= len(sentence.split()) <= 50 and sentence[-1] in '.?!"', title
        page = parsed(site, f"{chapter}/{item.a['href']}")
        assert {a.get_text() for a in item.select(".chapter-functions a")} == {
            re.sub(r"^(torch\.|nn\.functional\.|special\.)+", "", h.contents[0]) for h in page.select(".rule > h3")
        }, title
        answers = item.select("details li a")
        counted = item.summary.get_text().split()[0] if item.summary else 0
        assert len(answers) == int(counted)
        for link in item.select("a"):
            anchor = urldefrag(link["href"])[1]
            assert not anchor or page.find(id=unquote(anchor)), link["href"]
        assert re.sub(r"([|*_<])", r"\\\1", title) in text and text.count("(") >= len(item.select("a"))


def test_a_search_finds_the_pages_and_not_the_lists_of_them(site: Path) -> None:
    index = (site / "search/sections.json").read_text(encoding="utf-8")
    assert "symptoms that this page answers" not in index and "grad can be implicitly created" in index


def rows(site: Path) -> list[tuple[str, list[str]]]:
    """Each symptom of the list with its addresses."""
    found = parsed(site, "symptoms").select("article tbody tr")
    return [(row.td.get_text(), [urljoin("symptoms/", a["href"]) for a in row.select("a")]) for row in found]


def test_nothing_that_a_page_reproduces_is_missing_from_the_symptoms(site: Path) -> None:
    """Each line of an output that names an error, or a node that returned NaN, stands in the list with its page."""
    line = re.compile(r"Function '\w+' returned nan values in its \d+th output\.|(?<=Error: ).*\S")
    listed = [(re.sub(r"-?\d+", "0", text), {urldefrag(link)[0] for link in links}) for text, links in rows(site)]
    count = 0
    for path in sorted(site.rglob("index.html")):
        address = path.parent.relative_to(site).as_posix() + "/"
        if "/print/" in address:
            continue
        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for output in page.select("pre.output samp"):
            for text in line.findall(output.get_text()):
                text = re.sub(r"-?\d+", "0", text)
                count += 1
                held = [links for known, links in listed if known in text or text in known]
                assert any(address in links for links in held), f"{address}: {text}"
    assert count >= 40


def test_every_symptom_leads_to_a_place_that_is_there(site: Path) -> None:
    found = rows(site)
    assert len(found) > 200 and all(links for _, links in found)
    assert any(len(links) > 2 for _, links in found), "a text that several pages reproduce"
    wanted = {urldefrag(link) for _, links in found for link in links}
    for address in {address for address, _ in wanted}:
        page = (site / address / "index.html").read_text(encoding="utf-8")
        ids = {"", *re.findall(r'\sid="([^"]+)"', page)}
        lost = {anchor for other, anchor in wanted if other == address} - ids
        assert not lost, f"{address}: {lost}"


def test_every_kind_of_symptom_is_shown() -> None:
    text = (DOCS / "symptoms.md").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^/// symptoms \| (.+)$", text) == EVERY_KIND


LISTS = {
    "symptoms": "# List\n\n/// symptoms | error\n///\n\n/// symptoms | zero\n///\n",
    "ties/index": "# Ties\n\n/// pages\n///\n",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A small project that the tests below share, so that what none of them changes is run and measured once."""
    project = projects.make(tmp_path_factory.mktemp("small"))
    for name, text in LISTS.items():
        (project / f"docs/{name}.md").write_text(text, encoding="utf-8")
    pages = ["index.md", "symptoms.md", *(f"{part}.md" for part in projects.PARTS if part != "ties/max")]
    projects.configure(project, nav=[*pages, {"Tab": [{"Ties": ["ties/index.md", "ties/max.md"]}]}])
    yield project
    livedocs_site.close()


@pytest.fixture
def small(home: Path):
    """The same project; what a test does to its pages is undone."""
    before = {path: path.read_bytes() for path in (home / "docs").rglob("*.md")}
    yield home
    for path, content in before.items():
        path.write_bytes(content)
    shutil.rmtree(home / "site", ignore_errors=True)


def test_a_list_follows_the_front_matter_of_another_page(small: Path) -> None:
    """Both builds are of one process, as under ``mkdocs serve``: what is kept of the first is there for the second."""
    assert projects.build(small).ok
    assert "two equal weights" in (small / "site/ties/index.html").read_text(encoding="utf-8")
    projects.edit(small / "docs/ties/max.md", "two equal weights stay", "twins stay")
    projects.edit(small / "docs/ties/max.md", "description: torch.max(x) shares", "description: It shares")
    done = projects.build(small)
    assert done.ok, done.log
    for name in ("symptoms/index.html", "symptoms/symptoms.ipynb", "ties/index.html", "ties/index.ipynb"):
        text = (small / "site" / name).read_text(encoding="utf-8")
        assert "twins stay" in text and "two equal weights" not in text, name
    assert "It shares" in (small / "site/ties/index.html").read_text(encoding="utf-8")


def test_a_symptom_that_no_output_holds_stops_the_build(small: Path) -> None:
    projects.edit(small / "docs/ties/max.md", "symptoms:\n", "symptoms:\n  - no such text\n")
    done = projects.build(small)
    lines = (small / "docs/ties/max.md").read_text(encoding="utf-8").split("\n")
    assert not done.ok and not (small / "site").exists()
    assert (
        f"docs/ties/max.md:{lines.index('  - no such text') + 1}: a symptom that no output of the page holds"
        in done.log
    )
    assert "got:    no such text" in done.log


def test_a_kind_that_there_is_not_stops_the_build(small: Path) -> None:
    projects.edit(small / "docs/symptoms.md", "| zero", "| nought")
    done = projects.build(small)
    assert not done.ok and "docs/symptoms.md:6: a kind of symptom" in done.log
