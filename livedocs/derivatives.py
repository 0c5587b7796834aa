"""PyTorch's own formulas: the entries of derivatives.yaml, as the installed package has them.

The file ships with torch (torchgen/packaged/autograd/derivatives.yaml). Autograd names a backward node after
its entry: the second entry of ``clamp`` makes ``ClampBackward1``.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

import torch
import torchgen


@functools.cache
def entries() -> dict[str, list[str]]:
    """Node name in lower case (``clampbackward1``) to its entry: the signature, then one line for each derivative."""
    path = Path(torchgen.__file__).parent / "packaged" / "autograd" / "derivatives.yaml"
    found: dict[str, list[str]] = {}
    counts: dict[str, int] = {}
    for block in re.split(r"(?m)^- name: ", path.read_text(encoding="utf-8"))[1:]:
        lines = [line for line in block.split("\n") if line.strip() and not line.lstrip().startswith("#")]
        name = re.match(r"\w+", lines[0].strip("\"' "))[0] if lines else ""
        node = name.replace("_", "").lower()
        number = counts.get(node, 0)
        counts[node] = number + 1
        body = [line.strip() for line in lines[1:] if re.match(r"  [\w, ]+: ", line)]
        found[f"{node}backward{number}"] = [lines[0].strip(), *body]
    return found


def lines_of(output: torch.Tensor | None) -> list[list[str]]:
    """The entries of all operations in the graph of an output, from the output back, each once."""
    if output is None or output.grad_fn is None:
        return []
    found: dict[str, list[str]] = {}
    queue = [output.grad_fn]
    seen = set()
    while queue:
        node = queue.pop(0)
        if node is None or node in seen:
            continue
        seen.add(node)
        entry = entries().get(node.name().lower())
        if entry and node.name() not in ("SumBackward0",):
            found.setdefault(node.name(), entry)
        queue += [parent for parent, _ in node.next_functions]
    return list(found.values())
