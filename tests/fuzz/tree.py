"""The small project that mutants are made of: real files, and a way back to them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests import projects
from tests.conftest import ROOT

PAGES = ("kinks/max_zero", "ties/max")  # with a figure, two kinds of rules, a plane
LIST = "kinks/index.md"  # is made of the pages of its folder
NOTEBOOK = "docs/notebooks/line.py"
CELLS = 8  # of the notebook: what stands behind them is cut off
NAV = [
    {
        "Start": [
            {"Home": "index.md"},
            {
                "Corners": [
                    {"Kinks: overview": LIST},
                    {"max(x, 0) five ways": "kinks/max_zero.md"},
                    {"max, amax": "ties/max.md"},
                ]
            },
            {"A line": "notebooks/line.ipynb"},
        ]
    }
]
Files = Mapping[str, bytes | str | None]  # by path: the bytes of a file, the target of a link, None for a folder


def make(folder: Path) -> Path:
    """Four pages and a notebook of the project, with all that they are made of; links to other pages are left out."""
    for name in ("docs/assets", "docs/data", "overrides"):
        shutil.copytree(ROOT / name, folder / name)
    files = ["docs/index.md", f"docs/{LIST}", "snippets/index.py", "rules/__init__.py"]
    for page in PAGES:
        files += [f"docs/{page}.md", f"snippets/{page}.py", f"rules/{page}.py"]
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    kept = {"index.md", LIST, *(f"{page}.md" for page in PAGES)}
    for path in (folder / "docs").rglob("*.md"):
        lines = path.read_text(encoding="utf-8").split("\n")
        path.write_text("\n".join(line for line in lines if projects.links(path, line) <= kept), encoding="utf-8")
    (folder / NOTEBOOK).parent.mkdir()
    cells = (ROOT / "docs/notebooks/linear_regression.py").read_text(encoding="utf-8").split("\n# %%")
    (folder / NOTEBOOK).write_text("\n# %%".join(cells[:CELLS]) + "\n", encoding="utf-8")
    projects.configure(folder, nav=NAV)
    return folder


class Tree:
    """A project whose files may be broken, and are put back.

    Args:
        root: its folder, as ``make`` has filled it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sound = self.files()

    def files(self) -> Files:
        """All that is in it but what builds leave: the site and the cache."""
        found: dict[str, bytes | str | None] = {}
        for folder, names, files in os.walk(self.root):
            here = Path(folder)
            if here == self.root:
                names[:] = [name for name in names if not name.startswith(("site", ".cache"))]
            names[:] = [name for name in names if name != "__pycache__"]
            for name in [*names, *files]:
                path = here / name
                key = path.relative_to(self.root).as_posix()
                found[key] = os.readlink(path) if path.is_symlink() else None if path.is_dir() else _read(path)
        return found

    def put_back(self) -> list[str]:
        """Make the project sound again; the paths that were not."""
        now = self.files()
        changed = [key for key in {*now, *self.sound} if now.get(key, 0) != self.sound.get(key, 0)]
        for key in sorted(changed, reverse=True):  # what is in a folder before the folder
            path = self.root / key
            if path.is_symlink() or path.is_file() or (path.exists() and not path.is_dir()):
                path.unlink()
            elif path.is_dir():
                shutil.rmtree(path)
        for key, content in sorted(self.sound.items()):
            path = self.root / key
            if content is None:
                path.mkdir(exist_ok=True)
            elif key in changed or not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content) if isinstance(content, bytes) else path.symlink_to(content)
        for built in self.root.glob("site*"):
            shutil.rmtree(built, ignore_errors=True)
        return sorted(changed)

    def text(self, name: str) -> str:
        """The text of a file."""
        return (self.root / name).read_bytes().decode()

    def lines(self, name: str) -> list[str]:
        """The lines of a file, without their ends."""
        return self.text(name).split("\n")

    def write(self, name: str, content: str | bytes | list[str]) -> None:
        """Write a file, given its text, its bytes or its lines."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, list):
            content = "\n".join(content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:  # a snippet may take the right to read away
        return str(error).encode()
