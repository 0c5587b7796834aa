"""What PyTorch says of a function."""

from __future__ import annotations

import torch

from livedocs.measure.source import lines_of


def test_pytorchs_own_lines_are_found_by_the_graph() -> None:
    leaf = torch.ones(1, requires_grad=True)
    (clamp,), (relu,) = lines_of(leaf.clamp(0, 2)), lines_of(leaf.relu())
    assert clamp[0].startswith("clamp(Tensor self, Scalar? min") and "clamp_backward" in clamp[1]
    assert relu[0].startswith("relu(Tensor self)")
    (logsigmoid,) = lines_of(torch.nn.functional.logsigmoid(leaf))  # named after its operation's forward pass
    assert logsigmoid[0].startswith("log_sigmoid_forward(Tensor self)") and "log_sigmoid_backward" in logsigmoid[1]
