"""Keeps modules that were imported beforehand out of sight until somebody imports them.

What ``import matplotlib`` alone does not bring, a snippet must not find: a reader who pastes it would not.
"""

from __future__ import annotations

import importlib.machinery
import sys
import types
from collections.abc import Iterable
from importlib.abc import Loader, MetaPathFinder


class Aside(MetaPathFinder, Loader):
    """Modules that wait for their first import; with the first of them all are there again.

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
        sys.meta_path.insert(0, self)

    def find_spec(self, name, path=None, target=None):
        if name not in self._modules:
            return None
        sys.meta_path.remove(self)
        for other, module in self._modules.items():
            sys.modules.setdefault(other, module)
        for holder, part, module in self._parts:
            setattr(holder, part, module)
        return importlib.machinery.ModuleSpec(name, self)

    def create_module(self, spec):
        return self._modules[spec.name]

    def exec_module(self, module):
        """It has run already: only what it says of its origin is put back."""
        module.__spec__ = self._specs[module.__name__]
