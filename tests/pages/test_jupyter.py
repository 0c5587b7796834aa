"""The notebooks of the site, in percent format: executed in a kernel of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from livedocs.errors import DocsError
from livedocs.pages.jupyter import execute
from livedocs.run.runner import Runner

pytestmark = pytest.mark.site


def test_what_a_slow_cell_prints_is_one_output(tmp_path: Path) -> None:
    source = "# %%\nimport time\n\nprint(1, flush=True)\ntime.sleep(0.6)\nprint(2)\n"
    (tmp_path / "slow.py").write_text(source, encoding="utf-8")
    runner = Runner(tmp_path)
    try:
        (cell,) = execute(runner, tmp_path / "slow.py").result()["cells"]
    finally:
        runner.close()
    assert [output["text"] for output in cell["outputs"]] == [["1\n", "2\n"]]


def test_a_notebook_runs_again_when_what_it_imports_has_changed(tmp_path: Path) -> None:
    """Its kernel imports, in a process of its own."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "shared_by_notebooks.py").write_text("VALUE = 1\n")
    source = "# %%\nimport sys\n\nsys.path.insert(0, 'lib')\nimport shared_by_notebooks\n\n"
    source += "print(shared_by_notebooks.VALUE)\n"
    (tmp_path / "imports.py").write_text(source)
    for value in ("1\n", "2\n"):
        (tmp_path / "lib" / "shared_by_notebooks.py").write_text(f"VALUE = {value}")
        runner = Runner(tmp_path)
        try:
            (cell,) = execute(runner, tmp_path / "imports.py").result()["cells"]
        finally:
            runner.close()
        assert cell["outputs"][0]["text"] == [value]


def test_a_figure_that_nobody_described_stops_the_build(tmp_path: Path) -> None:
    source = "# %%\nimport matplotlib.pyplot as plt\n\n# %%\nplt.subplots({name})\nplt.show()\n"
    runner = Runner(tmp_path)
    try:
        (tmp_path / "figure.py").write_text(source.format(name=""), encoding="utf-8")
        with pytest.raises(DocsError) as caught:
            execute(runner, tmp_path / "figure.py").result()
        assert (caught.value.where, caught.value.line) == ("figure.py", 4)
        assert caught.value.problem == "a figure without alt text"
        (tmp_path / "figure.py").write_text(source.format(name="num='a frame'"), encoding="utf-8")
        assert execute(runner, tmp_path / "figure.py").result()["cells"][1]["outputs"]
    finally:
        runner.close()
