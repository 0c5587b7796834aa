"""The functions without a gradient: as the file has them, and as the page shows them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from livedocs.errors import DocsError
from livedocs.measured import MeasuredRule, MeasuredRules
from livedocs.show import no_gradient
from livedocs.show.no_gradient import ABOUT, Reason

STEP = MeasuredRule(
    "torch.heaviside", "", "", "rules/flat/sign.py", 1, True, "", "", (), also=("torch.Tensor.heaviside",)
)
RULES = MeasuredRules([STEP])
WORDS = "RuntimeError: derivative for aten::a|b is not implemented"


def entry(name: str, reason: Reason, words: str, *others: str, releases: tuple[str, ...] = ("2.13", "2.15")) -> dict:
    return {"name": name, "names": [name, *others], "reason": reason, "words": words, "releases": releases}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    entries = [
        entry("torch.argmax", Reason.NO_FLOATS_OUT, "no grad_fn"),
        entry("torch.gt", Reason.NO_FLOATS_OUT, "no grad_fn", "torch.Tensor.gt_", "torch.greater"),
        entry("torch.Tensor.heaviside", Reason.NO_FORMULA, WORDS, "torch.heaviside"),
        entry("torch.Tensor.all", Reason.NO_FLOATS_OUT, "no grad_fn"),
        entry("torch.new", Reason.CUT, "", releases=("2.15",)),
        entry("torch.device_only", Reason.UNCALLED, ""),
    ]
    (tmp_path / "rules").mkdir()
    (tmp_path / no_gradient.FILE).write_text(json.dumps(entries), encoding="utf-8")
    return tmp_path


def test_functions_stand_by_reason_and_words(root: Path) -> None:
    found = no_gradient.listed(root, "2.15")
    assert [(reason, [row.words for row in rows]) for reason, rows in found.groups.items()] == [
        (Reason.NO_FORMULA, [WORDS]),
        (Reason.CUT, [""]),
        (Reason.NO_FLOATS_OUT, ["no grad_fn"]),
        (Reason.UNCALLED, [""]),
    ]
    assert found.sentence == "5 functions, found with PyTorch 2.15. 1 more could not be called."


def test_a_release_that_nobody_looked_at_has_those_of_the_one_before(root: Path) -> None:
    assert [no_gradient.listed(root, name).release for name in ("2.13", "2.14", "2.20")] == ["2.13", "2.13", "2.15"]
    assert no_gradient.listed(root, "2.14").count(called=True) == 4
    with pytest.raises(DocsError, match="no functions of this release"):
        no_gradient.listed(root, "2.9")


def test_a_project_without_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DocsError, match="no file"):
        no_gradient.listed(tmp_path, "2.15")


def test_the_tables_link_to_cards_and_name_what_else_a_function_is_called(root: Path) -> None:
    whole = ET.Element("div")
    no_gradient.add_tables(whole, no_gradient.listed(root, "2.15"), RULES, "docs/sheets/page.md")
    lines = ["".join(line.itertext()) for line in whole.iter("tr")]
    assert [line for line in lines if not line.startswith("What it says")] == [
        f"{WORDS}torch.Tensor.heaviside",
        "torch.new",
        "no grad_fntorch.argmax, torch.gt (greater), torch.Tensor.all",
        "torch.device_only",
    ]
    assert [link.get("href") for link in whole.iter("a")] == ["../flat/sign.md#torch.heaviside"]
    assert [head.get("id") for head in whole.iter("h3")][0] == "pytorch-has-no-formula-for-the-derivative"
    assert [table.get("data-search-exclude") for table in whole.iter("table")] == ["true"] * 4


def test_the_tables_of_a_notebook_say_the_same(root: Path) -> None:
    lines = list(no_gradient.tables_markdown(no_gradient.listed(root, "2.15"), RULES, "docs/sheets/page.md"))
    assert "### PyTorch has no formula for the derivative" in lines
    link = "[torch.Tensor.heaviside](../flat/sign.md#torch.heaviside)"
    assert f"| {WORDS.replace('|', chr(92) + '|')} | {link} |" in lines
    assert "| no grad\\_fn | torch.argmax, torch.gt (greater), torch.Tensor.all |" in lines


def test_each_reason_is_explained() -> None:
    assert list(ABOUT) == list(Reason)
