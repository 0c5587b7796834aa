"""Measured rows are the same with two threads and with other kernels of PyTorch, but for those that a page lists."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from benchmarks import settings
from livedocs.run.accept import release
from livedocs.run.limits import has_avx512
from livedocs.show import kernels
from tests.conftest import ROOT

pytestmark = pytest.mark.site  # one release has been looked at

LISTED = "AVX2"  # the kernels beside which rules/kernels.json was written

# Where the vectors of a kernel, the order of a sum or a tie could show. `python -m benchmarks.settings` takes all.
MODULES = ("rules.kinks.elu", "rules.ties.scatter_reduce", "rules.sheets.complex")

OTHERS = [(settings.PLAIN, "DEFAULT"), *([(settings.LONG, "AVX512")] if has_avx512() else [])]


@pytest.fixture(scope="module")
def base() -> dict:
    return settings.again({}, MODULES)


def test_two_threads_change_nothing(base: dict) -> None:
    other = settings.again(settings.SETTINGS["two threads"], MODULES)
    assert (base["threads"], other["threads"]) == (1, 2)
    assert settings.differences(base, other, "two threads") == []


@pytest.mark.parametrize(("setting", "chosen"), OTHERS)
def test_other_kernels_change_what_the_page_lists(setting: str, chosen: str, base: dict) -> None:
    other = settings.again(settings.SETTINGS[setting], MODULES)
    assert other["kernels"] == chosen
    names = {
        f"{rule['function']}({rule['variant']})" if rule["variant"] else rule["function"] for rule in base["rules"]
    }
    listed = kernels.read(ROOT / kernels.FILE, release(version("torch")))
    wanted = [one for one in listed if one.subject in names and one.setting == setting]
    found = settings.differences(base, other, setting)
    if base["kernels"] != LISTED:  # other vectors have other lengths, and none differ in nothing
        assert {one.subject for one in found} <= {one.subject for one in wanted}
    else:
        assert wanted and found == wanted, "python -m benchmarks.settings --write"


def test_what_differs_is_found(base: dict) -> None:
    rule = base["rules"][0]
    point = next(point for point in rule["points"] if point["elsewhere"])
    for name, value in (("output", 0.5), ("left", {"x": 0.5}), ("verdict", "none"), ("elsewhere", [])):
        changed = {**rule, "points": [{**p, name: value} if p is point else p for p in rule["points"]]}
        (found,) = settings.other_rows([rule], [changed], settings.PLAIN)
        assert found.subject == rule["function"] and found.here != found.there
    assert settings.are_alike([1.0, float("nan")], [1.0 + 1e-12, float("nan")], settings.EXACT)
    assert not settings.are_alike([1.0], [1.0 + 1e-8], settings.EXACT)
    (found,) = settings.other_outputs({"a.py": "1\n2"}, {"a.py": "1\n3"}, settings.PLAIN)
    assert (found.here, found.there) == ("2", "3")
    assert list(settings.other_outputs({"a.py": "1"}, {"a.py": "1"}, settings.PLAIN)) == []
