"""``make accept``: it writes what snippets print, and only what a release prints differently."""

from __future__ import annotations

import pytest

from livedocs.errors import DocsError
from livedocs.run.accept import accept, accepted_file
from livedocs.run.runner import Runner

pytestmark = pytest.mark.site


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """A project with one snippet, constraints that name release 9.9, and its runner."""
    root = tmp_path_factory.mktemp("other")
    (root / "snippets" / "a").mkdir(parents=True)
    (root / "constraints.txt").write_text("numpy==2.0\ntorch==9.9.0\n")
    runner = Runner(root)
    yield runner
    runner.close()


def test_accept_writes_the_default_release_and_then_only_differences(other: Runner) -> None:
    root = other.root
    snippet = root / "snippets" / "a" / "b.py"
    snippet.write_text("print('one')\n")
    assert accept(root, "9.9", other) == ["tests/outputs/a/b.txt"]
    assert accept(root, "9.9", other) == []
    assert accept(root, "9.8", other) == []  # it prints the same: no file of its own
    snippet.write_text("print('two')\n")
    assert accept(root, "9.8", other) == ["tests/outputs/torch-9.8/a/b.txt"]
    assert accepted_file(root, snippet, "9.8").read_text() == "[whole file]\ntwo\n"
    assert accepted_file(root, snippet, "9.9").read_text() == "[whole file]\none\n"
    assert accept(root, "9.9", other) == ["tests/outputs/a/b.txt"]
    assert accept(root, "9.8", other) == ["tests/outputs/torch-9.8/a/b.txt"]  # the same again: it goes
    assert not (root / "tests/outputs/torch-9.8/a/b.txt").exists()


def test_accept_writes_nothing_if_a_snippet_fails(other: Runner) -> None:
    good, bad = (other.root / "snippets" / "a" / name for name in ("b.py", "c.py"))
    good.write_text("print('new')\n")
    bad.write_text("print(1 / 0)\n")
    with pytest.raises(DocsError, match="c.py"):
        accept(other.root, "9.9", other)
    bad.unlink()
    assert "new" not in accepted_file(other.root, good, "9.9").read_text()


def test_accept_forgets_a_snippet_that_is_gone(other: Runner) -> None:
    (other.root / "snippets" / "a" / "b.py").unlink()
    assert accept(other.root, "9.9", other) == ["tests/outputs/a/b.txt"]
    assert not (other.root / "tests/outputs/a/b.txt").exists()
