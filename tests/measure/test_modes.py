"""One-sided slopes of known functions, and a file that runs where nothing of this project is."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from livedocs.measure import modes
from livedocs.measure.modes import one_sided


@pytest.mark.parametrize(
    ("function", "start", "left", "right"),
    [
        (abs, 0.0, -1.0, 1.0),
        (math.exp, 0.0, 1.0, 1.0),
        (lambda t: 0.0 if t < 0 else 1.0, 0.0, 0.0, 0.0),
        (lambda t: math.copysign(abs(t) ** 0.5, t), 0.0, math.inf, math.inf),
        (lambda t: math.log(t) if t > 0 else math.nan, 0.0, math.nan, math.inf),
        (lambda t: t * math.sin(1 / t) if t else 0.0, 0.0, math.nan, math.nan),
        (lambda t: (3 + t) ** 2, 3.0, 6.0, 6.0),
    ],
)
def test_one_sided_slopes(function, start: float, left: float, right: float) -> None:
    for side, wanted in ((-1.0, left), (1.0, right)):
        got = one_sided(function, start, side)
        assert (math.isnan(got) and math.isnan(wanted)) or got == pytest.approx(wanted, abs=1e-6)


def test_it_needs_nothing_but_torch(tmp_path: Path) -> None:
    shutil.copy(modes.__file__, tmp_path / "modes.py")
    code = "import modes; print(modes.measure('torch.relu(x)', 'zero', {'x': 'torch.zeros(1)'}, {}).gradient)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, env={})
    assert done.stdout == "{'x': [0.0]}\n", done.stderr
