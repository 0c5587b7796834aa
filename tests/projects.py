"""Small projects that tests may break, built in this process or by the command line."""

from __future__ import annotations

import logging
import os
import re
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path

import yaml
from mkdocs.commands import build as mkdocs_build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort, MkDocsException
from mkdocs.utils.yaml import yaml_load

from tests.conftest import ROOT

PARTS = ["basics/backward", "kinks/clamp", "ties/max"]


def make(folder: Path) -> Path:
    """Four pages of the project with all that they need; the glue is the project's own."""
    for name in ("docs/assets", "docs/data", "overrides"):
        shutil.copytree(ROOT / name, folder / name)
    files = ["docs/index.md", "snippets/index.py", "rules/__init__.py"]
    for part in PARTS:
        files += [f"docs/{part}.md", f"snippets/{part}.py", f"rules/{part}.py"]
    for name in filter(lambda n: (ROOT / n).exists(), files):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    kept = {"index.md", *(f"{part}.md" for part in PARTS)}
    for page in (folder / "docs").rglob("*.md"):  # lines that link to other pages stay behind
        lines = page.read_text(encoding="utf-8").split("\n")
        page.write_text("\n".join(line for line in lines if links(page, line) <= kept), encoding="utf-8")
    configure(folder, nav=["index.md", *(f"{part}.md" for part in PARTS)])
    return folder


def with_pages(folder: Path, pages: dict[str, str], snippets: dict[str, str]) -> Path:
    """A project of these pages and snippets, and of nothing else but the site's own assets and templates."""
    for name in ("docs/assets", "overrides"):
        shutil.copytree(ROOT / name, folder / name)
    for kind, files in (("docs", pages), ("snippets", snippets)):
        for name, text in files.items():
            (folder / kind / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / kind / name).write_text(text, encoding="utf-8")
    configure(folder, nav=list(pages), watch=["snippets"])
    return folder


def configure(folder: Path, **settings) -> None:
    """Write the project's own mkdocs.yml, with other settings, into a folder."""
    config = yaml_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))  # MkDocs' own: it knows !ENV
    own = {"hooks": [str(ROOT / hook) for hook in config["hooks"]], "watch": [], **settings}
    (folder / "mkdocs.yml").write_text(yaml.safe_dump({**config, **own}, sort_keys=False), encoding="utf-8")


def links(page: Path, line: str) -> set[str]:
    """The pages that a line of Markdown links to, relative to docs/."""
    docs = next(parent for parent in page.parents if parent.name == "docs")
    targets = re.findall(r"\]\(([^):#]+\.(?:md|ipynb))", line)
    return {os.path.relpath(page.parent / target, docs) for target in targets}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@dataclass
class Built:
    """How a build went, and what it said."""

    ok: bool
    log: str


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} - {self.format(record)}")


def build(folder: Path, **options) -> Built:
    """What ``mkdocs build --strict`` does, in this process. An error that MkDocs does not expect comes through."""
    log, logger = _Lines(), logging.getLogger("mkdocs")
    logger.addHandler(log)
    ok = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a library's own warnings are not the project's
            config = load_config(str(folder / "mkdocs.yml"), strict=True, **options)
            config.plugins.on_startup(command="build", dirty=False)
            try:
                mkdocs_build.build(config)
            finally:
                config.plugins.on_shutdown()
    except (Abort, MkDocsException) as error:
        ok = False
        log.lines.append(str(error))
    finally:
        logger.removeHandler(log)
    return Built(ok, "\n".join(log.lines))
