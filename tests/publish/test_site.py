"""The site under MkDocs: all or nothing is published, ``serve`` follows every edit, notebooks are executed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from mkdocs.utils.yaml import yaml_load

from livedocs.runner import Runner
from tests.conftest import ROOT, run_mkdocs

PARTS = ["basics/backward", "kinks/clamp", "ties/max"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Three pages of the project with all that they need: what a test may break, and quickly built."""
    for name in ("livedocs", "docs/assets", "docs/data", "overrides"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    files = ["docs/index.md", "snippets/index.py", "rules/__init__.py", "rules/declare.py"]
    for part in PARTS:
        files += [f"docs/{part}.md", f"snippets/{part}.py", f"rules/{part}.py"]
    for name in filter(lambda n: (ROOT / n).exists(), files):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    kept = {"index.md", *(f"{part}.md" for part in PARTS)}
    for page in (tmp_path / "docs").rglob("*.md"):  # lines that link to other pages stay behind
        lines = page.read_text(encoding="utf-8").split("\n")
        page.write_text("\n".join(line for line in lines if links(page, line) <= kept), encoding="utf-8")
    config = yaml_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))  # MkDocs' own: it knows !ENV
    config["nav"] = ["index.md", *(f"{part}.md" for part in PARTS)]
    (tmp_path / "mkdocs.yml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return tmp_path


def links(page: Path, line: str) -> set[str]:
    """The pages that a line of Markdown links to, relative to docs/."""
    docs = next(parent for parent in page.parents if parent.name == "docs")
    targets = re.findall(r"\]\(([^):#]+\.(?:md|ipynb))", line)
    return {os.path.relpath(page.parent / target, docs) for target in targets}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_every_page_is_there_with_its_outputs(site: Path, runner: Runner) -> None:
    max_page = BeautifulSoup((site / "ties/max/index.html").read_text(encoding="utf-8"), "html.parser")
    outputs = [samp.get_text() for samp in max_page.select("pre.output samp")]
    printed = [o.text.rstrip("\n") for o in runner.run(ROOT / "snippets/ties/max.py").outputs.values() if o.text]
    assert sorted(output.rstrip("\n") for output in outputs) == sorted(printed)


def test_formulas_are_in_headings_and_the_contents_and_not_in_the_search_index(site: Path) -> None:
    page = BeautifulSoup((site / "edges/special/index.html").read_text(encoding="utf-8"), "html.parser")
    heading = page.find(id="gammainc-at-x0")
    assert heading.math is not None and heading.math.get_text() == "x=0"
    links = page.select('.md-sidebar--secondary a[href="#gammainc-at-x0"]')
    assert links and all(link.math is not None for link in links)
    index = (site / "search/sections.json").read_text(encoding="utf-8")
    assert not re.search(r"<math|<svg|livedocs [0-9a-f]{32}", index)
    assert not re.search("[\U0001d400-\U0001d7ff]", index), "mathematical letters: a formula is in the index"
    for file in site.rglob("*.html"):
        assert "<!--livedocs" not in file.read_text(encoding="utf-8"), f"{file}: something was never put in its place"


def test_a_failing_snippet_publishes_nothing_and_keeps_the_old_site(project: Path) -> None:
    assert run_mkdocs("build", "--strict", cwd=project).returncode == 0
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
            "The derivative of $x_i$ is 1",
            "The derivative of $x_i}$ is 1",
            ": a formula does not convert",
        ),
        ("docs/ties/max.md", "ties/max.py:smooth", "ties/max.py:rough", "snippets/ties/max.py has no section 'rough'"),
    ],
    ids=["link", "anchor", "nav", "orphan", "unshown section", "formula", "no section"],
)
def test_strict_build_stops(file: str, old: str, new: str, message: str, project: Path) -> None:
    edit(project / file, old, new)
    done = run_mkdocs("build", "--strict", cwd=project)
    assert done.returncode != 0 and message in done.stderr, done.stderr
    assert not list(project.glob("site*"))


def test_the_process_that_renders_pages_does_not_import_torch() -> None:
    code = "import sys, livedocs.site; sys.exit(not {'torch', 'nbclient', 'nbformat'}.isdisjoint(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_the_build_does_not_depend_on_the_working_folder(project: Path) -> None:
    done = run_mkdocs("build", "--strict", "-f", str(project / "mkdocs.yml"), cwd=project.parent)
    assert done.returncode == 0, done.stderr
    assert (project / "site" / "ties" / "max" / "index.html").exists()


@pytest.mark.parametrize("folder", ["taken", "taken/site", "/proc/site"], ids=["a file", "below a file", "read-only"])
def test_a_site_folder_that_cannot_be_written(folder: str, project: Path) -> None:
    (project / "taken").write_text("mine")
    done = run_mkdocs("build", "--strict", "--site-dir", str(project / folder), cwd=project)
    assert done.returncode != 0
    assert "the site folder cannot be written" in done.stderr and "Traceback" not in done.stderr
    assert (project / "taken").read_text() == "mine"


class Served:
    """A running ``mkdocs serve`` on a project."""

    def __init__(self, project: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        self.url = f"http://{address}/"
        self.log = project / "serve.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mkdocs", "serve", "--dev-addr", address],
                cwd=project,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(project)},
            )

    def wait_for(self, page: str, text: str, seconds: float) -> float:
        """Seconds until a page holds a text."""
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            try:
                with urllib.request.urlopen(self.url + page, timeout=seconds) as answer:
                    if text in answer.read().decode():
                        return time.monotonic() - start
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"no {text!r} on {page} within {seconds} s\n{self.log.read_text()}")

    def wait_for_log(self, text: str, seconds: float) -> None:
        start = time.monotonic()
        while text not in self.log.read_text():
            assert time.monotonic() - start < seconds, self.log.read_text()
            time.sleep(0.05)

    def close(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=20)


@pytest.mark.skipif(sys.platform == "win32", reason="the server is ended by a signal that Windows does not have")
def test_serve_follows_an_edit_of_snippet_page_and_glue(project: Path) -> None:
    served = Served(project)
    try:
        served.wait_for("ties/max/", "<samp>tensor([0.0000", 120)
        with urllib.request.urlopen(served.url) as answer:
            page = answer.read().decode()
        assert "livereload(" in page and "Content-Security-Policy" not in page, "the policy would stop the reloading"
        edit(project / "snippets/index.py", "print(x.grad.item())", 'print("edited", x.grad.item())')
        served.wait_for("", "<samp>edited 0.0", 30)
        edit(project / "docs/index.md", "Three numbers that surprise", "Three odd numbers")
        served.wait_for("", "Three odd numbers", 30)
        edit(project / "rules/ties/max.py", '"two-way tie"', '"tie of two"')
        served.wait_for("ties/max/", "tie of two", 60)
        edit(project / "docs/basics/backward.md", "## Why", "## Why so")
        served.wait_for("basics/backward/", "Why so", 30)
        assert "tie of two" in urllib.request.urlopen(served.url + "ties/max/").read().decode()
        edit(project / "livedocs/extension.py", 'class="output"', 'class="output edited-glue"')
        served.wait_for("", "edited-glue", 60)
        edit(project / "snippets/index.py", 'print("edited", x.grad.item())', "print(x.grad.items())")
        served.wait_for_log("has no attribute 'items'", 30)
        edit(project / "snippets/index.py", "print(x.grad.items())", 'print("mended", x.grad.item())')
        served.wait_for("", "<samp>mended 0.0", 30)
    finally:
        served.close()
    assert "Traceback" not in served.log.read_text()


def test_the_notebook_is_executed_and_downloadable(site: Path) -> None:
    page = BeautifulSoup((site / "notebooks/linear_regression/index.html").read_text(encoding="utf-8"), "html.parser")
    link = page.select_one("a[download]")
    notebook = nbformat.read(site / "notebooks/linear_regression" / link["href"], as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    shown = [samp.get_text().rstrip("\n") for samp in page.select("article samp")]
    printed = [o.text.rstrip("\n") for cell in code for o in cell.outputs if o.output_type == "stream"]
    assert shown == printed and len(printed) >= 4
    assert len(page.select("article figure.plot > svg[aria-label]")) == 2
    assert page.select("article math") and "$" not in page.article.get_text().replace("$…$", "")
    assert not page.select("article style") and not page.select("article script")


def test_the_links_when_the_project_says_where_it_is(project: Path) -> None:
    """With ``site_url`` links lead to the site, with ``repo_url`` Colab can open it; builds give the same bytes."""
    config = yaml.safe_load((project / "mkdocs.yml").read_text(encoding="utf-8"))
    config["site_url"] = "https://example.org/gradients/"
    built = []
    for extra in ({}, {"repo_url": "https://github.com/someone/gradients"}):
        (project / "mkdocs.yml").write_text(yaml.safe_dump({**config, **extra}, sort_keys=False), encoding="utf-8")
        done = run_mkdocs("build", "--strict", cwd=project)
        assert done.returncode == 0, done.stderr
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
    done = run_mkdocs("build", "--strict", cwd=project)
    assert done.returncode != 0
    assert "docs/notebooks/bad.py:6: a notebook cell raised" in done.stderr
    assert "ZeroDivisionError: division by zero" in done.stderr and "Traceback" not in done.stderr
    assert not list(project.glob("site*"))


def test_a_notebook_that_warns_stops_the_build(project: Path) -> None:
    notebooks = project / "docs" / "notebooks"
    notebooks.mkdir()
    (notebooks / "warns.py").write_text("# %% [markdown]\n# # Warns\n\n# %%\nimport warnings\nwarnings.warn('old')\n")
    done = run_mkdocs("build", "--strict", cwd=project)
    assert done.returncode != 0
    assert "docs/notebooks/warns.py:4: a notebook cell wrote to standard error" in done.stderr


def test_a_notebook_with_a_dead_link_stops_the_build(project: Path) -> None:
    notebooks = project / "docs" / "notebooks"
    notebooks.mkdir()
    (notebooks / "dead.py").write_text("# %% [markdown]\n# # Dead\n#\n# [See](../ties/max.md), [see](../ties/mux.md)\n")
    done = run_mkdocs("build", "--strict", cwd=project)
    assert done.returncode != 0
    assert "docs/notebooks/dead.py: a link to no page\n  got:    ../ties/mux.md" in done.stderr, done.stderr


def test_the_footer_names_the_release(site: Path) -> None:
    from importlib.metadata import version

    assert f"PyTorch {version('torch')}" in (site / "index.html").read_text(encoding="utf-8")


def test_the_search_index_holds_outputs_and_error_texts(site: Path) -> None:
    sections = json.loads((site / "search/sections.json").read_text(encoding="utf-8"))
    text = " ".join(section["text"] for section in sections)
    assert "grad can be implicitly created only for scalar outputs" in text


def test_every_figure_is_small(site: Path) -> None:
    """A phone on a slow line waits for each of them: 15 kB at most, before compression. Both panels of a card count."""
    sizes = {}
    for page in site.rglob("index.html"):
        if page.parent.name == "print":
            continue  # the same figures, with longer ids
        for figure in re.findall(r'<figure class="plot">.*?</figure>', page.read_text(encoding="utf-8"), re.DOTALL):
            sizes[page.relative_to(site).as_posix(), re.search(r'aria-label="(.*?)"', figure)[1][:60]] = len(figure)
    assert len(sizes) > 100
    assert {where: size for where, size in sizes.items() if size > 15_000} == {}


def test_the_font_of_the_formulas_is_small(site: Path) -> None:
    """Every page with a formula waits for it."""
    assert (site / "assets/math.woff2").stat().st_size < 25_000
