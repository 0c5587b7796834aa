"""The names of functions, under which people look for their gradients."""

from __future__ import annotations

from livedocs.runner import Runner


def test_names_of_a_function_are_measured(runner: Runner) -> None:
    cards = {c["name"]: c["names"] for c in runner.derive("rules.kinks.relu").result()}
    assert cards["torch.nn.functional.leaky_relu"] == ["torch.nn.LeakyReLU", "LeakyReluBackward0"]
    assert cards["torch.nn.functional.prelu"] == [
        "torch.prelu",
        "torch.Tensor.prelu",
        "torch.nn.PReLU",
        "PreluKernelBackward0",
    ]
