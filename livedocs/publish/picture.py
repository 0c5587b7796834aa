"""The picture that stands beside a link to the site where people share it: its mark, its name, what it is about."""

from __future__ import annotations

import functools
import io
from importlib.util import find_spec
from pathlib import Path

SIZE = (1200, 630)  # what the readers of og:image show in full
_FINER = 2  # drawn larger and made smaller: smooth edges
_GROUND, _LINE, _POINT, _FAINT = "#12395b", "#ffffff", "#ff9a5c", "#a9c4dc"


@functools.cache
def draw() -> bytes:
    """The picture as PNG; the same bytes every time."""
    from PIL import Image, ImageDraw, ImageFont

    # Found, not imported: only its fonts are wanted.
    fonts = Path(find_spec("matplotlib").submodule_search_locations[0], "mpl-data", "fonts", "ttf")

    def font(name: str, size: int):
        return ImageFont.truetype(fonts / name, size * _FINER)

    def at(*points: tuple[int, int]) -> list[tuple[int, int]]:
        return [(x * _FINER, y * _FINER) for x, y in points]

    image = Image.new("RGB", (SIZE[0] * _FINER, SIZE[1] * _FINER), _GROUND)
    canvas = ImageDraw.Draw(image)
    canvas.line(at((640, 500), (880, 500), (1110, 200)), fill=_LINE, width=18 * _FINER, joint="curve")
    for end in at((640, 500), (1110, 200)):
        canvas.circle(end, 9 * _FINER, fill=_LINE)
    canvas.circle(at((880, 500))[0], 30 * _FINER, fill=_POINT)
    canvas.text(at((80, 90))[0], "PyTorch gradients", font=font("DejaVuSans-Bold.ttf", 84), fill=_LINE)
    below = "at ties, kinks,\nbounds and NaN:\nwhat, why, and what\nto write instead"
    canvas.multiline_text(at((80, 240))[0], below, font=font("DejaVuSans.ttf", 46), fill=_FAINT, spacing=18 * _FINER)
    target = io.BytesIO()
    image.resize(SIZE, Image.Resampling.LANCZOS).quantize(48).save(target, "PNG", optimize=True)
    return target.getvalue()
