"""What a module of rules writes a special input with."""

from __future__ import annotations

import pytest
import torch

from livedocs.declare import INF, NAN, at


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        (at("[1., 2.]"), {"x": "torch.tensor([1., 2.], dtype=torch.float64)"}),
        (at(x="-0."), at("-0.")),
        (at(NAN), {"x": "torch.tensor(float('nan'), dtype=torch.float64)"}),
        (at(f"[{INF}]", y="[]"), at(f"[{INF}]") | at(y="[]")),
        (at(t="torch.tensor(1)"), {"t": "torch.tensor(1)"}),
        (at((0, 2)), {"x": "torch.zeros(0, 2, dtype=torch.float64)"}),
        (at(), {}),
    ],
)
def test_a_special_input_is_text_of_torch(got: dict[str, str], wanted: dict[str, str]) -> None:
    assert got == wanted
    for text in got.values():
        assert isinstance(eval(text, {"torch": torch}), torch.Tensor)


def test_the_inputs_keep_their_order() -> None:
    assert list(at(y="1.", x="2.")) == ["y", "x"]
    assert list(at("2.", y="1.")) == ["x", "y"]
