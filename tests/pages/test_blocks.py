"""The blocks that show rules, on pages of a small project."""

from __future__ import annotations

import json
import re
from importlib.metadata import version

import pytest

from livedocs.errors import DocsError
from livedocs.pages.notebook import to_notebook
from livedocs.pages.page import Page, second_cards
from livedocs.run.accept import release
from livedocs.run.runner import Runner
from tests.rule_project import HEAD, RULE, make_project, write_rules


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory):
    runner = make_project(tmp_path_factory.mktemp("project"))
    yield runner
    runner.close()


def page_with(project: Runner, text: str, name: str = "docs/a/b.md") -> tuple[Page, str]:
    from markdown import Markdown

    page = write_rules(
        project, f"{HEAD}RULES = [\n    {RULE},\n    {RULE.replace('torch.abs', 'torch.absolute')},\n]\n"
    )
    page.name = name
    md = Markdown(extensions=["pymdownx.arithmatex", "toc", "livedocs"], extension_configs={"livedocs": {"page": page}})
    return page, md.convert(text)


def test_a_card_has_formula_table_plot_and_permalink(project: Runner) -> None:
    page, html = page_with(project, "# Title\n\n/// rule | torch.abs\n///\n")
    assert 'id="torch.abs"' in html and html.count("<math") >= 3
    assert (
        html.count("<svg viewBox") == 2 and '<div class="panels" role="img" aria-label="abs and its derivative' in html
    )
    assert "the minimum-norm subgradient" in html and "self: grad * self.sgn()" in html
    assert page.placed == {"torch.abs": 3}
    (missing,) = page.project.unplaced(page.placed)
    assert (missing.where, missing.line) == ("rules/a/b.py", 5) and "torch.absolute" in missing.problem


def test_a_card_is_folded_below_its_name_and_says_how_many_points_it_has(project: Runner) -> None:
    _, html = page_with(project, "# Title\n\n/// rule | torch.abs\n///\n")
    before, folded = html.split('<details class="card">')
    assert 'id="torch.abs"' in before and "the minimum-norm subgradient" not in before
    assert re.search(r"<summary>.*1 special point</span>.*</summary>", folded, re.DOTALL)


def test_a_card_has_a_sentence_in_its_place_where_the_release_has_no_such_function(project: Runner) -> None:
    this = release(version("torch"))
    for without, is_there in ((this, False), (f"2.9, {this}", False), ("2.9", True)):
        _, html = page_with(project, f'# Title\n\n/// rule | torch.abs\n    without: "{without}"\n///\n')
        assert ('id="torch.abs"' in html) is is_there
        assert (f"<p><code>torch.abs</code> is not in PyTorch {this}.</p>" in html) is not is_there
    page, _ = page_with(project, "# Title\n")
    for without, words in ((this, f"`torch.abs` is not in PyTorch {this}."), ("2.9", "### `torch.abs`")):
        text = f'/// rule | torch.abs\n    without: "{without}"\n///\n'
        cells = json.loads(to_notebook(text, page, str, "About."))["cells"]
        assert words in "".join("".join(cell["source"]) for cell in cells)


def test_the_points_of_a_page_are_those_of_its_cards(project: Runner) -> None:
    text = "# Title\n\n/// points\n///\n\n/// rule | torch.abs\n///\n"
    _, html = page_with(project, text)
    table = html.split('<table class="special all">')[1].split("</table>")[0]
    cells = re.findall(r"<t[hd](?:\s[^>]*)?>(.*?)</t[hd]>", table)
    assert cells[:4] == ["Point", "Value", "Gradient", "Verdict"] and '<a href="#torch.abs">' in cells[4]
    assert cells[6:] == ["0", "0", "the minimum-norm subgradient"]


def test_a_table_of_points_on_a_page_without_cards(project: Runner) -> None:
    with pytest.raises(DocsError) as caught:
        page_with(project, "# Title\n\n/// points\n///\n")
    assert (caught.value.where, caught.value.line) == ("docs/a/b.md", 3)
    assert caught.value.got == "no card on the page"


def test_a_card_of_an_unknown_rule(project: Runner) -> None:
    with pytest.raises(DocsError) as caught:
        page_with(project, "# Title\n\n/// rule | torch.abc\n///\n")
    assert (caught.value.where, caught.value.line) == ("docs/a/b.md", 3)
    assert caught.value.problem == "a card of an unknown rule" and "torch.abs" in caught.value.wanted


def test_a_second_card_on_another_page(project: Runner) -> None:
    first, _ = page_with(project, "/// rule | torch.abs\n///\n")
    second, _ = page_with(project, "Text.\n\n/// rule | torch.abs\n///\n", name="docs/a/c.md")
    (error,) = second_cards([first, second])
    assert (error.where, error.line, error.problem) == ("docs/a/c.md", 3, "a second card of torch.abs")
    assert "docs/a/b.md" in error.got


def test_the_six_rules_count_what_follows_and_what_does_not(project: Runner) -> None:
    _, html = page_with(project, "/// six-rules\n///\n\n/// six-rules | table\n///\n", name="docs/foundations/rules.md")
    assert "2 special points on this site follow it, 0 do not." in html
    assert 'href="../a/b.md#torch.abs"' in html and html.count("2: follows") == 4  # two examples, two in the table


def test_the_explorer_names_what_it_cannot_show(project: Runner) -> None:
    with pytest.raises(DocsError) as caught:
        page_with(project, "# Title\n\n/// explorer | torch.abs, torch.abc\n///\n", name="docs/explorer.md")
    assert (caught.value.where, caught.value.line) == ("docs/explorer.md", 3)
    assert caught.value.got == "torch.abc" and "torch.abs" in caught.value.wanted
