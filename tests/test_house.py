"""The rooms of livedocs: data flows one way through them, and each library has its place."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.site

PACKAGE = ROOT / "livedocs"
FILES = {
    ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p for p in PACKAGE.rglob("*.py")
}
# Who may import whom: a room and those before it. The plain files lie below all rooms.
MAY_IMPORT = {
    "livedocs": set(),
    "run": {"livedocs"},
    "measure": {"livedocs"},
    "show": {"livedocs", "run"},
    "pages": {"livedocs", "run", "show"},
    "publish": {"livedocs", "run", "show", "pages"},
}


def room(module: str) -> str:
    """The room of a module; the plain files are in the house itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and (PACKAGE / parts[1]).is_dir() else "livedocs"


def imports(module: str) -> set[str]:
    """All that a module imports, wherever in the file: full names of modules."""
    found = set()
    for node in ast.walk(ast.parse(FILES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import"
            found |= {
                f"{node.module}.{a.name}" if f"{node.module}.{a.name}" in FILES else node.module for a in node.names
            }
    return found


@pytest.mark.parametrize("module", FILES)
def test_a_module_imports_only_from_rooms_before_its_own(module: str) -> None:
    own = room(module)
    for other in imports(module):
        if other.partition(".")[0] == "livedocs" and room(other) != own:
            assert room(other) in MAY_IMPORT[own], f"{module} imports {other}"


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {module: {other for other in imports(module) if other in FILES} for module in FILES}
    assert len(list(TopologicalSorter(graph).static_order())) == len(FILES)  # raises CycleError, which names the circle


def test_each_library_has_its_place() -> None:
    where = {name: set() for name in ("mkdocs", "torch", "sympy", "matplotlib", "nbclient")}
    for module in FILES:
        for other in imports(module):
            if (library := other.partition(".")[0]) in where:
                where[library].add(module)
    assert where["mkdocs"] == {"livedocs.publish.mkdocs_hook", "livedocs.publish.site"}
    for library in ("torch", "sympy"):
        others = {module for module in where[library] if room(module) != "measure"}
        assert others <= {"livedocs.declare", "livedocs.run.helper"}, f"{library}: {others}"
    assert {room(module) for module in where["matplotlib"] | where["nbclient"]} == {"run"}


def test_every_module_says_in_one_sentence_what_it_is_for() -> None:
    for module, path in FILES.items():
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        first = (text or "").split("\n\n")[0]
        assert first.endswith(".") and len(first.split()) >= 4, f"{module}: {first!r}"


def test_the_tests_stand_in_the_rooms_of_what_they_test() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms == set(MAY_IMPORT) - {"livedocs"}
    for name in rooms:
        assert list((ROOT / "tests" / name).glob("test_*.py")), f"tests/{name} has no test"
