"""Keeps results on disk, each under all that it depends on: what does not match is computed again.

``.cache/livedocs/<release>-<digest>/<subject>.json`` holds one result. The folder stands for what all results share
(Python, torch with its build, NumPy, matplotlib, SymPy, the processor's capabilities, the environment), the file for
its subject: a snippet, a module of rules, a notebook, a page, what was made of one. An entry also names its own key and
the project files that were imported, and carries a checksum: one that is truncated, foreign, or made of something else
is never believed.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import platform
import re
import shutil
import sys
import time
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from livedocs.errors import DocsError
from livedocs.run.leftovers import runs
from livedocs.run.limits import THREADS, environment

MODE = "LIVEDOCS_CACHE"  # in the environment: "off", nothing is read or kept; "fresh", nothing is read
PARTIAL = ".partial."  # between the name of a file that is being written and the number of who writes it
STALE = 30 * 24 * 3600  # seconds after which the folder of another release or machine is forgotten
PACKAGES = (
    *("torch", "numpy", "matplotlib", "contourpy", "sympy", "mpmath"),
    *("ipykernel", "ipython", "jupytext", "nbclient", "nbconvert"),
    *("markdown", "math-core", "mkdocs", "mkdocs-jupyter", "mkdocs-material", "pygments", "pymdown-extensions"),
)
# Variables that Python and the libraries read.
VARIABLES = (
    *("ATEN_", "CUDA_", "DNNL_", "GOMP_", "KMP_", "MKL_", "NPY_", "OMP_", "ONEDNN_", "OPENBLAS_", "PYTORCH_", "TORCH_"),
    *("LANG", "LC_", "MATPLOTLIBRC", "MPL", "PYTHON", "TZ"),
)
UNRELATED = ("PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONUTF8")  # where code lies, and how it is written out
OURS = re.compile(r"torch-.+-[0-9a-f]{12}")  # names of our folders: what else is in a cache folder is not ours


class Store:
    """Results of one project.

    Args:
        folder: where they are; None keeps nothing.
        fresh: True to read nothing of what others have kept: every result is computed, and then kept.
    """

    def __init__(self, folder: Path | None, *, fresh: bool = False) -> None:
        self.fresh = fresh
        self.written: set[str] = set()
        self.shared = _folder_name()  # what all results share, in one word
        self.folder = folder / self.shared if folder else None
        if self.folder:
            self._forget(folder)

    def get(self, root: Path, subject: str, key: str) -> tuple[dict[str, str], Any] | None:
        """The project files that were imported and the result, or None if there is none that still holds.

        Args:
            root: the project's root, to which imported files are relative.
            subject: what it is a result of, a path below the root.
            key: a digest of the rest that it depends on.
        """
        if self.folder is None or (self.fresh and subject not in self.written):
            return None
        try:
            entry = json.loads(self._file(subject).read_text(encoding="utf-8"))
            stands = entry["key"] == key and entry["checksum"] == _checksum(entry)
            if stands and entry["imports"] == digests(root, entry["imports"]):
                return entry["imports"], entry["result"]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass  # no entry, or none of ours
        return None

    def put(self, subject: str, key: str, imports: Mapping[str, str], result: Any) -> None:
        """Keep a result. A full or read-only disk costs the next build its time, and this one nothing."""
        if self.folder is None:
            return
        entry = {"key": key, "imports": dict(imports), "result": result}
        entry["checksum"] = _checksum(entry)
        if write_whole(self._file(subject), json.dumps(entry).encode()):
            self.written.add(subject)

    def _file(self, subject: str) -> Path:
        return self.folder / (subject + ".json")

    def _forget(self, folder: Path) -> None:
        """Remove what other releases or machines left here long ago, and say that this one is in use."""
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            os.utime(self.folder)
            for other in folder.iterdir():
                if OURS.fullmatch(other.name) and time.time() - other.stat().st_mtime > STALE:
                    shutil.rmtree(other, ignore_errors=True)
            for partial in self.folder.rglob(f"*{PARTIAL}*"):  # of those that were killed while they wrote
                number = partial.name.rpartition(PARTIAL)[2]
                if number.isdecimal() and not runs(int(number)):
                    partial.unlink(missing_ok=True)


def write_whole(file: Path, content: bytes) -> bool:
    """Write a file whole or not at all, whoever else writes it; False if the disk is full or read-only."""
    partial = file.with_name(f"{file.name}{PARTIAL}{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        return False
    return True


def open_store(root: Path) -> Store:
    """The store of a project, as the environment wants it."""
    mode = os.environ.get(MODE) or "on"
    if mode not in ("on", "off", "fresh"):
        raise DocsError(MODE, None, "an unknown way to use the cache", got=mode, wanted="on, off or fresh")
    return Store(None if mode == "off" else root / ".cache" / "livedocs", fresh=mode == "fresh")


def digests(root: Path, files: Iterable[str]) -> dict[str, str]:
    """The digest of each file, by its path below the root; ``missing`` for one that is not there."""
    return {name: _digest_of(root / name) for name in files}


def digest(*parts: str | bytes) -> str:
    """One digest of several texts; where one ends and the next begins counts too."""
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        whole.update(f"{len(data)}:".encode())
        whole.update(data)
    return whole.hexdigest()


@functools.cache
def digest_of_glue(*folders: str) -> str:
    """A digest of the glue's own code: files and folders below ``livedocs/``, read once in a process."""
    package = Path(__file__).parent.parent
    files = [f for name in folders for f in ((package / name).glob("*.py") if "." not in name else [package / name])]
    return digest(*(part for f in sorted(files) for part in (f.relative_to(package).as_posix(), f.read_bytes())))


def _digest_of(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "missing"


def _checksum(entry: Mapping[str, Any]) -> str:
    return digest(*(json.dumps(entry[name], sort_keys=True) for name in ("key", "imports", "result")))


@functools.cache
def _folder_name() -> str:
    """A name for what all results of this machine and environment share."""
    shared = digest(
        sys.version,
        sys.platform,
        *(f"{name} {_version(name)}" for name in PACKAGES),
        _torch_build(),
        _processor(),
        json.dumps(THREADS),
        *(f"{name}={value}" for name, value in _variables()),
    )
    return f"torch-{_version('torch')}-{shared[:12]}"


def _variables() -> list[tuple[str, str]]:
    """The variables of the environment that a result may depend on; those that limits.environment sets are the same."""
    found = {name: value for name, value in environment().items() if name.startswith(VARIABLES)}
    return sorted((name, value) for name, value in found.items() if name not in UNRELATED)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _torch_build() -> str:
    """What torch says of its own build, read without importing it: local version, commit, CUDA."""
    found = find_spec("torch")
    try:
        return Path(found.submodule_search_locations[0], "version.py").read_text(encoding="utf-8")
    except (AttributeError, OSError):
        return "unknown"


def _processor() -> str:
    """The processor and what it can do: kernels are chosen by that, and round differently."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    kept = ("flags", "Features", "model name", "CPU part")
    return "\n".join(dict.fromkeys(line for line in lines if line.startswith(kept)))
