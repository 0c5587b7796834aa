"""Executes a percent-format notebook in a child: every error is fatal, with its file and line.

mkdocs-jupyter renders what comes out. Executing here and not there also shows the figures in the site's style.
"""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import yaml

from livedocs.errors import DocsError
from livedocs.run.child import IMPORTED
from livedocs.run.kernels import CellFailed, execute
from livedocs.run.limits import Limits


def run(folder: Path, *, file: str, where: str, limits: dict[str, Any]) -> dict[str, Any]:
    """Run a percent-format notebook from top to bottom in a fresh kernel.

    Args:
        folder: of the job, not used: the kernel works beside the notebook.
        file: the ``.py`` file.
        where: its name in error messages.
        limits: what the kernel may use (livedocs.run.limits.Limits, as a dict).

    Returns:
        The executed notebook, as JSON. What stood in its front matter is in ``metadata.front_matter``.

    Raises:
        DocsError: for front matter that is no mapping, and for a cell that raises, warns, writes to standard
            error, uses up a limit, or ends its kernel.
    """
    warnings.simplefilter("ignore")  # Jupyter's own; the kernel has filters of its own
    source = Path(file).read_text(encoding="utf-8")
    notebook = jupytext.reads(source, fmt="py:percent")
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata.pop("jupytext", None)
    for index, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{index}"
    notebook.metadata["front_matter"] = _take_front_matter(notebook, where)
    starts = _cell_lines(source)
    try:
        files = execute(notebook, Path(file).parent, Limits(**limits))
    except CellFailed as failed:
        line = starts[failed.index] if failed.index < len(starts) else None
        if line and failed.line:
            line += failed.line
        wanted = "a cell that runs to its end"
        raise DocsError(where, line, f"a notebook cell {failed.problem}", got=failed.got, wanted=wanted) from None
    for index, cell in enumerate(notebook.cells):
        line = starts[index] if index < len(starts) else None
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                problem, got = "a notebook cell wrote to standard error", output.text.strip()
                raise DocsError(where, line, problem, got=got, wanted="nothing there")
            data = output.get("data", {})
            if "image/svg+xml" in data and not data.get("text/plain", "").strip():
                problem, wanted = "a figure without alt text", 'what is seen, as its name: plt.subplots(num="…")'
                raise DocsError(where, line, problem, got="a figure without a name", wanted=wanted)
    IMPORTED.extend(files)
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times of day: two builds of one source must agree
    return json.loads(nbformat.writes(notebook))  # with lists of lines, as a file has them


def _take_front_matter(notebook: nbformat.NotebookNode, where: str) -> dict:
    """Take the front matter, which jupytext reads as a raw cell, off a notebook."""
    if not notebook.cells or notebook.cells[0].cell_type != "raw":
        return {}
    text = notebook.cells.pop(0).source.strip().strip("-")
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        found = None
    if not isinstance(found, dict):
        raise DocsError(
            where, 1, "the front matter of a notebook", got=text.strip(), wanted="name: value, line by line"
        )
    return found


def _cell_lines(source: str) -> list[int]:
    """The line of each cell's ``# %%`` marker."""
    return [n for n, line in enumerate(source.split("\n"), 1) if re.match(r"# %%", line)]
