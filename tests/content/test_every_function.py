"""Every public differentiable function of the installed torch has a rule, or stands in the list of those without."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from livedocs.run.accept import release
from livedocs.run.limits import Limits
from livedocs.show import no_gradient
from tests.conftest import ROOT
from tests.content import every
from tests.content.every import NotYet

RELEASE = release(version("torch"))
COMMAND = "`python -m tests.content.every --write` writes it"


@pytest.fixture(scope="module")
def found(runner) -> list[dict]:
    """What calling every function has shown, in a child: torch's own tests change torch when they are imported."""
    here = "tests/content/every.py"
    made_of = ("run/child.py", "run/accept.py", "pages/project.py", "show/no_gradient.py")
    return runner.call(
        "tests.content.every:run", {}, about=here, glue=made_of, limits=Limits(cpu=300), uses=["torch"]
    ).result()


def test_every_differentiable_function_has_a_rule_or_is_listed(found) -> None:
    missing = every.not_yet(found, every.ruled_names(ROOT))
    listed = NotYet.read(ROOT / every.NOT_YET).of(RELEASE)
    assert sorted(set(missing) - set(listed)) == [], f"neither a rule nor a line in {every.NOT_YET}; {COMMAND}"
    assert sorted(set(listed) - set(missing)) == [], f"{every.NOT_YET}: they have a rule, or are not there; {COMMAND}"


def test_functions_without_a_gradient_are_those_that_are_written_down(found) -> None:
    written = no_gradient.read(ROOT / no_gradient.FILE)[RELEASE]
    measured = every.no_gradient(found)
    assert {name for name in measured.keys() | written.keys() if measured.get(name) != written.get(name)} == set(), (
        f"{no_gradient.FILE} says something else; {COMMAND}"
    )


def test_nearly_every_function_could_be_called(found) -> None:
    states = {one["name"]: one["state"] for one in found}
    assert len(states) > 600  # of torch 2.13
    assert states["torch.sin"] == states["torch.Tensor.unfold"] == states["torch.fft.fft"] == "differentiable"
    assert states["torch.argmax"] == states["torch.Tensor.numpy"] == "without"
    uncalled = [name for name, state in states.items() if state == "uncalled"]
    assert len(uncalled) <= 12, uncalled


def test_a_family_has_all_names_of_its_function(found) -> None:
    names = {one["name"]: set(one["names"]) for one in found}
    assert {"torch.absolute", "torch.abs_", "torch.Tensor.absolute_"} < names["torch.abs"]
    assert {"torch.softmax", "torch.special.softmax", "torch.Tensor.softmax"} < names["torch.nn.functional.softmax"]
    assert "torch.linalg.inv_ex" in names["torch.linalg.inv"] and "torch.inverse" in names["torch.linalg.inv"]
    assert "torch.nn.functional.unfold" not in names["torch.Tensor.unfold"]  # sliding windows are not im2col
    everything = [name for family in names.values() for name in family]
    assert len(everything) == len(set(everything))


def test_the_list_keeps_what_other_releases_have(tmp_path) -> None:
    first = NotYet(set(), {}).updated("2.13", ["torch.old", "torch.sin"], lambda name: False)
    both = first.updated("2.15", ["torch.new", "torch.sin"], lambda name: False)
    file = tmp_path / "list.txt"
    file.write_text(both.text(), encoding="utf-8")
    assert file.read_text(encoding="utf-8").splitlines()[3:] == ["torch.new 2.15", "torch.old 2.13", "torch.sin"]
    read = NotYet.read(file)
    assert (read.of("2.13"), read.of("2.15")) == (["torch.old", "torch.sin"], ["torch.new", "torch.sin"])
    ruled = read.updated("2.15", ["torch.new"], lambda name: name == "torch.sin")
    assert (ruled.of("2.13"), ruled.of("2.15")) == (["torch.old"], ["torch.new"])
