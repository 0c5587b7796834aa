"""The other names of a rule's function: what else people type, or find in an error text, who mean it.

This runs next to torch, like the rest of a rule's derivation.
"""

from __future__ import annotations

import functools

import torch


def other_names(rule, output: torch.Tensor | None) -> list[str]:
    """Further names of a rule's function, each once: declared ones, its class in ``torch.nn``, its node.

    Args:
        rule: the declaration.
        output: the rule's call at a regular input with gradients on; None where it cannot be called.
    """
    short = rule.function.rpartition(".")[2].replace("_", "")
    found = [modules()[name] for name in (short, f"{short}loss") if name in modules()]
    return list(dict.fromkeys([*rule.also, *found, *_nodes(short, output)]))


@functools.cache
def modules() -> dict[str, str]:
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
