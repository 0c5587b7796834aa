"""The table of all special points, and the examples of the six rules."""

from __future__ import annotations

from livedocs.measured import MeasuredRules
from livedocs.show.census import COLUMNS, RULES, all_rows, examples, tally


def test_examples_are_the_plainest_points(rules: MeasuredRules) -> None:
    """Scalar functions of one variable, wherever a rule has one, with one number each."""
    rows = all_rows(rules.values())
    for example in examples(rules):
        for follows in (True, False):
            shown = [row for row in example.rows if row.follows is follows]
            kind = [row for row in rows if row.number == example.number and row.follows is follows]
            assert bool(shown) == bool(kind)
            assert len({row.name for row in shown}) == len(shown)
            if sum(row.rule.scalar for row in kind) > 1:
                assert all(row.rule.scalar for row in shown), f"rule {example.number}"
    names = {row.name.rpartition(".")[2] for example in examples(rules) for row in example.rows}
    assert {"relu", "sqrt", "round"} <= names


def test_a_row_has_a_cell_for_each_column_and_breaks_only_a_rule_that_applies(rules: MeasuredRules) -> None:
    for row in all_rows(rules.values()):
        assert len(row.cells()) == len(COLUMNS) - 2
        assert row.number in {None, *RULES} and not (row.breaks and row.number is None)


def test_a_tally_counts_every_point(rules: MeasuredRules) -> None:
    for rule in rules.values():
        rows = all_rows([rule])
        said = tally(rows)
        assert sum(int(word) for word in said.split() if word.isdigit()) == len(rows), said
        assert ("not" in said) == any(row.breaks for row in rows)
