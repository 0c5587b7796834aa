"""Reads what PyTorch itself says of a function: its entries in derivatives.yaml, and its other names.

The file ships with torch (torchgen/packaged/autograd/derivatives.yaml). Autograd names a backward node after
its entry: the second entry of ``clamp`` makes ``ClampBackward1``.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

import torch
import torchgen

from livedocs.declare import Rule


@functools.cache
def entries() -> dict[str, list[str]]:
    """Node name in lower case (``clampbackward1``) to its entry: the signature, then one line for each derivative."""
    path = Path(torchgen.__file__).parent / "packaged" / "autograd" / "derivatives.yaml"
    found: dict[str, list[str]] = {}
    counts: dict[str, int] = {}
    for block in re.split(r"(?m)^- name: ", path.read_text(encoding="utf-8"))[1:]:
        lines = [line for line in block.split("\n") if line.strip() and not line.lstrip().startswith("#")]
        name = re.match(r"\w+", lines[0].strip("\"' "))[0] if lines else ""
        node = name.replace("_", "").lower().removesuffix("forward")  # log_sigmoid_forward makes LogSigmoidBackward0
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


def other_names(rule: Rule, output: torch.Tensor | None) -> list[str]:
    """Further names of a rule's function, each once: declared ones, its class in ``torch.nn``, its node.

    Args:
        rule: the declaration.
        output: the rule's call at a regular input with gradients on; None where it cannot be called.
    """
    short = rule.function.rpartition(".")[2].replace("_", "")
    found = [module_classes()[name] for name in (short, f"{short}loss") if name in module_classes()]
    return list(dict.fromkeys([*rule.also, *found, *_nodes(short, output)]))


@functools.cache
def module_classes() -> dict[str, str]:
    """The classes of ``torch.nn``, by their names in lower case: ``leakyrelu`` to ``torch.nn.LeakyReLU``."""
    found = {name: getattr(torch.nn, name) for name in dir(torch.nn)}
    return {
        name.lower(): f"torch.nn.{name}"
        for name, value in found.items()
        if isinstance(value, type) and issubclass(value, torch.nn.Module)
    }


def _nodes(short: str, output: torch.Tensor | None) -> list[str]:
    """The names of the autograd nodes that stand for the function itself.

    That is the only node, or those that are called after the function. The others (a product in a dropout, a view)
    are helpers.
    """
    if output is None or output.grad_fn is None:
        return []
    found: list[str] = []
    queue = [output.grad_fn]
    while queue:
        node = queue.pop(0)
        if node is not None and not node.name().endswith("AccumulateGrad") and node.name() not in found:
            found.append(node.name())
            queue += [parent for parent, _ in node.next_functions]
    return [name for name in found if len(found) == 1 or name.lower().startswith(short)]
