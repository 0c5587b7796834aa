"""Keeps modules that were imported beforehand out of sight until somebody imports them.

What ``import matplotlib`` alone does not bring, or Python itself, a snippet must not find: a reader who pastes it would
not.
"""

from __future__ import annotations

import importlib.machinery
import inspect
import re
import sys
import types
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder

# Modules that the helper has imported for its own work, and that importing torch does not bring.
_noted: set[str] = set()


@contextmanager
def noting(packages: Collection[str] = ()) -> Iterator[None]:
    """Note the parts of Python, and of these packages, that are imported in this block: for ``put_aside``.

    A package that is new itself, and imports anything at its head, is taken to bring all of its parts.
    """
    before = set(sys.modules)
    yield
    new = [name for name in set(sys.modules) - before if "." in name]
    of_python = {_package(name) for name in new} & sys.stdlib_module_names
    bare = {name for name in of_python if name in before or not _imports(sys.modules[name])}
    _noted.update(name for name in new if _package(name) in {*bare, *packages})


def put_aside() -> None:
    """In a process that runs what readers read: hide what was noted, until it is imported there."""
    Aside(name for name in _noted if name in sys.modules)


class Aside(MetaPathFinder, Loader):
    """Modules that wait for their first import; with the first one of a package all of that package are there again.

    Args:
        names: the modules, each of them in ``sys.modules``.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._modules = {name: sys.modules.pop(name) for name in names}
        self._specs = {name: module.__spec__ for name, module in self._modules.items()}
        self._parts: list[tuple[types.ModuleType, str, types.ModuleType]] = []
        for name, module in self._modules.items():
            parent, _, part = name.rpartition(".")
            holder = self._modules.get(parent) or sys.modules.get(parent)
            if holder is not None and vars(holder).get(part) is module:
                self._parts.append((holder, part, module))
                delattr(holder, part)
        self._hidden = set(self._modules)
        sys.meta_path.insert(0, self)

    def find_spec(self, name, path=None, target=None):
        if name not in self._hidden:
            return None
        whole = {other for other in self._hidden if _package(other) == _package(name)}
        self._hidden -= whole
        for other in whole:
            sys.modules.setdefault(other, self._modules[other])
        for holder, part, module in self._parts:
            if any(self._modules[other] is module for other in whole):
                setattr(holder, part, module)
        return importlib.machinery.ModuleSpec(name, self)

    def create_module(self, spec):
        return self._modules[spec.name]

    def exec_module(self, module):
        """It has run already: only what it says of its origin is put back."""
        module.__spec__ = self._specs[module.__name__]


def _imports(module: types.ModuleType) -> bool:
    """Whether the code of a module itself, as far as it is to be read, imports anything."""
    try:
        return re.search(r"(?m)^\s*(from|import)\b", inspect.getsource(module)) is not None
    except (OSError, TypeError):
        return True


def _package(name: str) -> str:
    return name.partition(".")[0]
