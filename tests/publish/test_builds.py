"""Small builds: all or nothing is published, and what is wrong is said with its file and line."""

from __future__ import annotations

import json
import logging
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup

from livedocs.publish import site as livedocs_site
from livedocs.run.store import MODE
from tests import projects
from tests.conftest import ROOT, run_mkdocs
from tests.projects import build, edit

pytestmark = pytest.mark.site


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A project that all tests share, so that what none of them changes is run and measured once."""
    yield projects.make(tmp_path_factory.mktemp("small"))
    livedocs_site.close()


@pytest.fixture
def project(home: Path):
    """The same project; what a test does to it is undone."""
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    folders = set(home.rglob("*"))
    yield home
    for path in home.rglob("*"):
        if path in before and path.read_bytes() != before[path]:
            path.write_bytes(before[path])
    for path in [path for path in home.rglob("*") if path not in folders]:
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def test_two_builds_at_once_publish_a_whole_site(project: Path) -> None:
    """By the command line, started together: each ends well, and the site is that of one of them."""
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(run_mkdocs, "build", "--strict", cwd=project) for _ in range(2)]
    assert [done.result().returncode for done in both] == [0, 0], [done.result().stderr for done in both]
    together = {path.relative_to(project) for path in (project / "site").rglob("*")}
    assert build(project).ok and together == {path.relative_to(project) for path in (project / "site").rglob("*")}
    assert not list(project.glob("site.*"))


def test_a_failing_snippet_publishes_nothing_and_keeps_the_old_site(project: Path) -> None:
    """By the command line, as a user meets it."""
    assert build(project).ok
    before = {p: p.stat().st_mtime_ns for p in (project / "site").rglob("*")}
    edit(project / "snippets/ties/max.py", "torch.max(x).backward()", "torch.max(y).backward()")
    done = run_mkdocs("build", "--strict", cwd=project)
    assert done.returncode != 0
    assert "snippets/ties/max.py:5: the snippet raised" in done.stderr
    assert "got:    NameError: name 'y' is not defined" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("NameError") == 1
    assert {p: p.stat().st_mtime_ns for p in (project / "site").rglob("*")} == before
    assert not list(project.glob("site.*"))


def test_what_is_kept_gives_the_same_site_byte_by_byte(project: Path) -> None:
    """Nothing read, nothing kept, and everything from what is kept: each in a process of its own."""
    add_notebook(project)
    shutil.rmtree(project / ".cache", ignore_errors=True)
    sites = {}
    for mode in ("off", "fresh", "on"):
        done = run_mkdocs("build", "--strict", cwd=project, env={MODE: mode})
        assert done.returncode == 0, done.stderr
        sites[mode] = content(project / "site")
        assert (project / ".cache").exists() == (mode != "off")
    assert sites["off"] == sites["fresh"] == sites["on"]
    assert "notebooks/small/index.html" in sites["on"]


def test_a_notebook_that_the_plugin_leaves_out_stops_the_build(project: Path) -> None:
    add_notebook(project)
    edit(project / "mkdocs.yml", "'*.ipynb'", "'.ipynb'")
    done = run_mkdocs("build", "--strict", cwd=project)
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert "mkdocs.yml: a notebook that is no page\n  got:    docs/notebooks/small.ipynb" in done.stderr


def add_notebook(project: Path) -> None:
    """Give a project a notebook of this one, and a place for it in the menu."""
    (project / "docs/notebooks").mkdir()
    text = (ROOT / "docs/notebooks/linear_regression.py").read_text(encoding="utf-8")
    here = text.replace("../losses/regression.md", "../ties/max.md")  # of the pages this project has only that one
    (project / "docs/notebooks/small.py").write_text(here, encoding="utf-8")
    edit(project / "mkdocs.yml", "- ties/max.md\n", "- ties/max.md\n- notebooks/small.ipynb\n")


def test_the_whole_site_is_the_same_when_it_is_built_of_what_is_kept(site: Path, tmp_path: Path) -> None:
    done = run_mkdocs("build", "--strict", "--site-dir", str(tmp_path / "again"))
    assert done.returncode == 0, done.stderr
    first, again = content(site), content(tmp_path / "again")
    assert first.keys() == again.keys()
    assert not [name for name in first if first[name] != again[name]]


def content(site: Path) -> dict[str, bytes]:
    """Each file of a site, but for the two that hold the day on which it was built."""
    files = (path for path in site.rglob("*") if path.is_file() and not path.name.startswith("sitemap.xml"))
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("docs/index.md", "ties/max.md)", "ties/mux.md)", "ties/mux.md"),
        ("docs/index.md", "ties/max.md)", "ties/max.md#see-it-walk)", "#see-it-walk"),
        ("mkdocs.yml", "- ties/max.md", "- ties/mix.md", "ties/mix.md"),
        ("mkdocs.yml", "- ties/max.md\n", "", 'not included in the "nav"'),
        ("docs/ties/max.md", '```python\n--8<-- "ties/max.py:smooth"\n```', "", "section 'smooth' is on no page"),
        (
            "docs/ties/max.md",
            "also returns an index,",
            "It gives $x_i}$,",
            ": a formula does not convert",
        ),
        ("docs/ties/max.md", "ties/max.py:smooth", "ties/max.py:rough", "snippets/ties/max.py has no section 'rough'"),
    ],
    ids=["link", "anchor", "nav", "orphan", "unshown section", "formula", "no section"],
)
def test_strict_build_stops(file: str, old: str, new: str, message: str, project: Path) -> None:
    edit(project / file, old, new)
    done = build(project)
    assert not done.ok and message in done.log, done.log
    assert not list(project.glob("site*"))


def test_the_build_does_not_depend_on_the_working_folder(project: Path, monkeypatch) -> None:
    monkeypatch.chdir(project.parent)
    done = build(project)
    assert done.ok, done.log
    assert (project / "site" / "ties" / "max" / "index.html").exists()


@pytest.mark.parametrize("folder", ["taken", "taken/site", "/proc/site"], ids=["a file", "below a file", "read-only"])
def test_a_site_folder_that_cannot_be_written(folder: str, project: Path) -> None:
    (project / "taken").write_text("mine")
    done = build(project, site_dir=str(project / folder))
    assert not done.ok and "the site folder cannot be written" in done.log and "Traceback" not in done.log
    assert (project / "taken").read_text() == "mine"


def test_the_links_when_the_project_says_where_it_is(project: Path) -> None:
    """With ``site_url`` links lead there, with ``repo_url`` Colab can open them; two processes give the same bytes."""
    config = yaml.safe_load((project / "mkdocs.yml").read_text(encoding="utf-8"))
    config["site_url"] = "https://example.org/gradients/"
    built = []
    for extra in ({}, {"repo_url": "https://github.com/someone/gradients"}):
        (project / "mkdocs.yml").write_text(yaml.safe_dump({**config, **extra}, sort_keys=False), encoding="utf-8")
        if extra:
            done = run_mkdocs("build", "--strict", cwd=project)
            assert done.returncode == 0, done.stderr
        else:
            done = build(project)
            assert done.ok, done.log
        built.append({path.name: path.read_bytes() for path in (project / "site").rglob("*.ipynb")})
        page = BeautifulSoup((project / "site/ties/max/index.html").read_text(encoding="utf-8"), "html.parser")
        colab = page.find("a", string="Open in Colab")
        assert (colab is None) == (not extra)
    github = "https://colab.research.google.com/github/someone/gradients/blob/gh-pages/"
    assert colab["href"] == github + "ties/max/max.ipynb"
    assert built[0] == built[1] and len(built[0]) == 4
    prose = json.loads(built[0]["clamp.ipynb"])["cells"]
    addresses = set(re.findall(r"\]\(([^)]+)\)", "".join("".join(c["source"]) for c in prose)))
    assert "https://example.org/gradients/kinks/clamp/#torch.clamp" in addresses
    assert all(address.startswith("https://") for address in addresses), addresses


def test_a_notebook_that_fails_stops_the_build(project: Path) -> None:
    notebooks = project / "docs" / "notebooks"
    notebooks.mkdir()
    (notebooks / "bad.py").write_text("# %% [markdown]\n# # Bad\n\n# %%\nx = 1\nx / 0\n")
    done = build(project)
    assert not done.ok
    assert "docs/notebooks/bad.py:6: a notebook cell raised" in done.log
    assert "ZeroDivisionError: division by zero" in done.log and "Traceback" not in done.log
    assert not list(project.glob("site*"))


def test_a_notebook_that_warns_stops_the_build(project: Path) -> None:
    notebooks = project / "docs" / "notebooks"
    notebooks.mkdir()
    (notebooks / "warns.py").write_text("# %% [markdown]\n# # Warns\n\n# %%\nimport warnings\nwarnings.warn('old')\n")
    done = build(project)
    assert not done.ok
    assert "docs/notebooks/warns.py:4: a notebook cell wrote to standard error" in done.log


def test_what_c_code_complains_of_in_a_notebook_stops_the_build(project: Path) -> None:
    """It goes past Python's own standard error."""
    notebooks = project / "docs" / "notebooks"
    notebooks.mkdir()
    code = "import ctypes\nctypes.CDLL(None).perror(b'oops')"
    (notebooks / "complains.py").write_text(f"# %% [markdown]\n# # Complains\n\n# %%\n{code}\n")
    done = build(project)
    assert not done.ok
    assert "docs/notebooks/complains.py" in done.log and "wrote past sys.stderr" in done.log and "oops" in done.log


def test_a_notebook_with_a_dead_link_stops_the_build(project: Path) -> None:
    notebooks = project / "docs" / "notebooks"
    notebooks.mkdir()
    (notebooks / "dead.py").write_text("# %% [markdown]\n# # Dead\n#\n# [See](../ties/max.md), [see](../ties/mux.md)\n")
    done = build(project)
    assert not done.ok
    assert "docs/notebooks/dead.py: a link to no page\n  got:    ../ties/mux.md" in done.log, done.log


def test_a_warning_that_a_quiet_build_swallowed_is_heard_by_the_next(project: Path) -> None:
    edit(project / "docs/index.md", "# ", "[lost](nowhere.md)\n\n# ")
    quiet = logging.getLogger("mkdocs")
    before = quiet.level
    quiet.setLevel(logging.ERROR)
    try:
        build(project)
    finally:
        quiet.setLevel(before)
    done = build(project)
    assert not done.ok and "nowhere.md" in done.log


def test_text_that_is_included_from_elsewhere_is_read_again(project: Path) -> None:
    note = project / "snippets" / "note.md"
    note.write_text("The first note.\n")
    edit(project / "docs/index.md", "# PyTorch gradients\n", '--8<-- "note.md"\n\n# PyTorch gradients\n')
    assert build(project).ok
    note.write_text("The second note.\n")
    assert build(project).ok
    assert "The second note." in (project / "site/index.html").read_text(encoding="utf-8")


def test_a_card_of_another_pages_rule_follows_it(project: Path) -> None:
    rule = "/// rule | torch.maximum\n///\n"
    edit(project / "docs/ties/max.md", rule, "")
    with (project / "docs/kinks/clamp.md").open("a", encoding="utf-8") as page:
        page.write("\n" + rule)
    build(project)
    edit(project / "rules/ties/max.py", '"tie": {', '"tie of two": {')
    edit(project / "rules/ties/max.py", 'Plane("tie")', 'Plane("tie of two")')
    build(project)
    assert "tie of two" in (project / "site/kinks/clamp/index.html").read_text(encoding="utf-8")


def test_pages_with_other_addresses_have_other_links(project: Path) -> None:
    assert build(project).ok
    assert build(project, use_directory_urls=False).ok
    page = (project / "site/index.html").read_text(encoding="utf-8")
    assert 'href="ties/max.html"' in page and 'href="ties/max/"' not in page
