"""What a build keeps for later ones."""

from __future__ import annotations

from pathlib import Path

from livedocs.publish.kept import Kept
from livedocs.run.store import Store


def test_what_lasts_is_made_once_for_all_processes_that_make_it_of_the_same(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> dict[str, list[int]]:
        made.append(len(made))
        return {"made": made[-1:]}

    def next_process(common: str, *made_of: str) -> dict[str, list[int]]:
        kept = Kept(tmp_path, Store(tmp_path / "cache"))
        kept.common = common
        first = kept.lasting("pages/a.md", made_of, make)
        assert kept.lasting("pages/a.md", made_of, make) == first
        return first

    assert next_process("menu", "text") == next_process("menu", "text") == {"made": [0]}
    assert next_process("menu", "other text") == {"made": [1]}
    assert next_process("other menu", "other text") == {"made": [2]}
    (file,) = (tmp_path / "cache").rglob("a.md.json")
    file.write_bytes(file.read_bytes()[:-9])
    assert next_process("other menu", "other text") == {"made": [3]}


def test_nothing_is_a_result_too(tmp_path: Path) -> None:
    kept = Kept(tmp_path, Store(tmp_path / "cache"))
    key = kept.key(["text"])
    assert kept.find("faults/a.md", key) is None
    kept.keep("faults/a.md", key, [])
    assert kept.find("faults/a.md", key) == [] == Kept(tmp_path, kept.store).find("faults/a.md", key)
