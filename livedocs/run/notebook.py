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
from livedocs.run import figures
from livedocs.run.child import IMPORTED
from livedocs.run.kernels import CellFailed, execute
from livedocs.run.limits import Limits
from livedocs.run.outcome import ADDRESS, CONTROL, LARGEST_OUTPUT, NAMES, NO_ADDRESS
from livedocs.run.runner import read_source

SHOWN = {"text/plain", "image/svg+xml"}  # the kinds of outputs that pages have a place for


def run(folder: Path, *, file: str, where: str, limits: dict[str, Any]) -> dict[str, Any]:
    """Run a percent-format notebook from top to bottom in a fresh kernel.

    Args:
        folder: of the job: takes the lines that a message may have to name. The kernel works beside the notebook.
        file: the ``.py`` file.
        where: its name in error messages.
        limits: what the kernel may use (livedocs.run.limits.Limits, as a dict).

    Returns:
        The executed notebook, as JSON. What stood in its front matter is in ``metadata.front_matter``.

    Raises:
        DocsError: for a file that is not UTF-8, front matter that is no mapping, a marker that there is not; for a cell
            that raises, warns, writes to standard error, uses up a limit, or ends its kernel; and for an output that
            a page cannot show.
    """
    warnings.simplefilter("ignore")  # Jupyter's own; the kernel has filters of its own
    source = read_source(Path(file), where)[1]
    _check_markers(source, where)
    notebook = jupytext.reads(source, fmt="py:percent")
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata.pop("jupytext", None)
    for index, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{index}"
    notebook.metadata["front_matter"] = _take_front_matter(notebook, where)
    starts = _cell_lines(source)
    try:
        files = execute(notebook, Path(file).parent, Limits(**limits), folder, starts or [1])
    except CellFailed as failed:
        line = starts[failed.index] if failed.index < len(starts) else None
        if line and failed.line:
            line += failed.line
        wanted = "a cell that runs to its end"
        raise DocsError(where, line, f"a notebook cell {failed.problem}", got=failed.got, wanted=wanted) from None
    for index, cell in enumerate(notebook.cells):
        line = starts[index] if index < len(starts) else None
        if "outputs" in cell:
            cell.outputs = _joined(cell.outputs)
        for output in cell.get("outputs", []):
            _check_output(output, where, line)
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


def _check_markers(source: str, where: str) -> None:
    """Refuse what looks like the marker of a cell and is none: the cell would be a part of another, or nowhere.

    Raises:
        DocsError: for the first such line, for text above the first cell that is no front matter, and for code that
            would be shown as prose.
    """
    lines = source.split("\n")
    first = next((n for n, line in enumerate(lines) if line.startswith("# %%")), len(lines))
    marks = [n for n, line in enumerate(lines[:first]) if line == "# ---"]
    above = [n for n, line in enumerate(lines[:first]) if line.strip()]
    if above and (marks[:1] != [0] or len(marks) != 2 or above[-1] != marks[1]):
        wanted = "# --- on the first line and below the front matter, or # %%"
        raise DocsError(where, above[0] + 1, "text above the first cell", got=lines[above[0]], wanted=wanted)
    for number, line in enumerate(lines, 1):
        if re.match(r"\s*#\s*%%", line) and line.rstrip() not in ("# %%", "# %% [markdown]"):
            wanted = "# %% or # %% [markdown]"
            raise DocsError(where, number, "a marker of a cell that there is not", got=line.strip(), wanted=wanted)
    is_prose = False
    for number, line in enumerate(lines, 1):
        if line.startswith("# %%"):
            is_prose = "[markdown]" in line
        elif is_prose and line.strip() and not line.startswith("#"):
            wanted = "# before each line of prose, or # %% above the code"
            raise DocsError(where, number, "code in a cell of prose", got=line, wanted=wanted)


def _joined(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Outputs with the parts of a stream, which come as they are written, in one: a page shows one block."""
    joined: list[nbformat.NotebookNode] = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last is not None and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


def _check_output(output: nbformat.NotebookNode, where: str, line: int | None) -> None:
    """Refuse an output that a page would not show, or not as it is.

    Raises:
        DocsError: for it.
    """
    wanted = "text, or a figure of matplotlib"
    if output.output_type == "error":
        got = f"{output.ename}: {output.evalue}"
        raise DocsError(where, line, "a notebook cell raised", got=got, wanted="a cell that runs to its end")
    if lost := set(output.get("data", {})) - SHOWN:
        got = ", ".join(sorted(lost))
        raise DocsError(where, line, "an output of a notebook that no page shows", got=got, wanted=wanted)
    drawing = output.get("data", {}).get("image/svg+xml")
    if drawing is not None and not figures.is_standalone(drawing):
        got = "an SVG that matplotlib has not drawn"
        raise DocsError(where, line, "an output of a notebook that no page shows", got=got, wanted=wanted)
    text = output.get("text") or output.get("data", {}).get("text/plain", "")
    if len(text.encode("utf-8", "replace")) > LARGEST_OUTPUT:
        problem, got = "a notebook cell printed too much", f"{len(text):,} characters"
        raise DocsError(where, line, problem, got=got, wanted=f"at most {LARGEST_OUTPUT:,} bytes")
    if address := ADDRESS.search(text):
        raise DocsError(where, line, NO_ADDRESS, got=address[0], wanted=NAMES)
    if control := CONTROL.search(text):
        got = f"{control[0]!r} in {text[max(0, control.start() - 10) : control.end() + 10]!r}"
        raise DocsError(where, line, "the output holds a control character", got=got, wanted="plain text")


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
