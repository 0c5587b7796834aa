"""The published data: valid by its schema, and every row can be run again with nothing but torch."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import jsonschema
import pytest

from livedocs.show.data import to_csv, to_json
from livedocs.show.numbers import to_json_value

# What a reader would write to run the rows again: it knows torch and the JSON, nothing of this project.
AGAIN = """
import json, math, sys, torch
rows = json.load(open(sys.argv[1]))["rows"]
wrong = []
def flat(v):
    if isinstance(v, list): return [e for w in v for e in flat(w)]
    return [float(v)]
def equal(a, b):
    return len(a) == len(b) and all(
        x == y or (math.isnan(x) and math.isnan(y)) or math.isclose(x, y, rel_tol=1e-12) for x, y in zip(a, b))
for row in rows:
    inputs = {name: eval(text, {"torch": torch}) for name, text in row["inputs"].items()}
    leaves = {}
    for name in row["gradient"] or {}:
        leaves[name] = inputs[name] = inputs[name].requires_grad_()
    output = eval(row["call"], {"torch": torch}, inputs)
    if not equal(flat(output.tolist()), flat(row["output"])):
        wrong.append((row["function"], row["point"], "output", output.tolist(), row["output"]))
    if row["gradient"] is None:
        continue
    output.backward(torch.ones_like(output))
    for name, leaf in leaves.items():
        wanted = row["gradient"][name]
        if (leaf.grad is None) != (wanted is None):
            wrong.append((row["function"], row["point"], name, leaf.grad, wanted))
        elif wanted is not None:
            got = torch.empty_like(leaf.grad).copy_(leaf.grad)  # sgn leaves a tensor without memory
            got = torch.view_as_real(got) if got.is_complex() else got
            if not equal(flat(got.tolist()), flat(wanted)):
                wrong.append((row["function"], row["point"], name, got.tolist(), wanted))
print(len(rows), "rows")
sys.exit("\\n".join(map(str, wrong)) if wrong else 0)
"""


@pytest.fixture(scope="session")
def published(site) -> dict:
    return json.loads((site / "data/gradients.json").read_text(encoding="utf-8"))


def test_the_data_is_valid_by_its_schema(site, published: dict) -> None:
    schema = json.loads((site / "data/gradients.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(published, schema)


def test_the_schema_refuses_what_is_not_a_row(site, published: dict) -> None:
    schema = json.loads((site / "data/gradients.schema.json").read_text(encoding="utf-8"))
    for change in ({"gradient": {"x": "NaN"}}, {"function": "clamp"}, {"page": "kinks/clamp/"}, {"more": 1}):
        bad = {**published, "rows": [{**published["rows"][0], **change}]}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, schema)


def test_every_row_can_be_run_again_in_a_fresh_process(site, tmp_path, published: dict) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", AGAIN, str(site / "data/gradients.json")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{len(published['rows'])} rows\n"


def test_every_row_points_to_its_card(site, published: dict) -> None:
    for row in published["rows"]:
        page, _, anchor = row["page"].partition("#")
        assert f'id="{anchor}"' in (site / page / "index.html").read_text(encoding="utf-8"), row["page"]


def test_the_table_has_the_same_rows(site, published: dict) -> None:
    with (site / "data/gradients.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(published["rows"])
    for row, wanted in zip(rows, published["rows"], strict=True):
        assert row["call"] == wanted["call"] and json.loads(row["gradient"]) == wanted["gradient"]


def test_numbers_that_json_does_not_have_become_strings() -> None:
    rows = [{"a": to_json_value({"x": [float("nan"), float("-inf"), 1.0, None]}), "b": "text, with a comma"}]
    assert rows[0]["a"] == {"x": ["nan", "-inf", 1.0, None]}
    assert json.loads(to_json(rows))["rows"] == rows
    assert list(csv.DictReader(to_csv(rows).splitlines())) == [{"a": json.dumps(rows[0]["a"]), "b": rows[0]["b"]}]
