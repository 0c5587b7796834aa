"""The names of functions, under which people look for their gradients."""

from __future__ import annotations

from livedocs.measured import MeasuredRules


def test_names_of_a_function_are_measured(rules: MeasuredRules) -> None:
    names = {name: list(rule.names) for name, rule in rules.items()}
    assert names["torch.nn.functional.leaky_relu"] == ["torch.nn.LeakyReLU", "LeakyReluBackward0"]
    assert names["torch.nn.functional.prelu"] == [
        "torch.prelu",
        "torch.Tensor.prelu",
        "torch.nn.PReLU",
        "PreluKernelBackward0",
    ]
