"""grid_sample and affine_grid: weights that depend on places. One gradient for the image, one for the places."""

import math
from pathlib import Path
from typing import Any

import torch
import torchgen

from livedocs.declare import VJP, normal, uniform

YAML = (Path(torchgen.__file__).parent / "packaged" / "autograd" / "derivatives.yaml").read_text(encoding="utf-8")
FORWARD = {} if "grid_sampler_2d_jvp" in YAML else {"forward": "grid_sample has no forward mode in this release."}


def _keys(t: float) -> tuple[float, float]:
    """The cubic kernel with a = −0.75, and its derivative."""
    s, a, sign = abs(t), -0.75, math.copysign(1.0, t)
    if s <= 1:
        return ((a + 2) * s - (a + 3)) * s * s + 1, (3 * (a + 2) * s - 2 * (a + 3)) * s * sign
    return (((s - 5) * s + 8) * s - 4) * a, ((3 * s - 10) * s + 8) * a * sign


def _reflect(place: float, low: float, high: float) -> tuple[float, float]:
    """A place mirrored at both ends until it lies between them, and the sign that its slope gets."""
    turns, rest = divmod(abs(place - low), high - low)
    sign = 1.0 if place >= low else -1.0
    return (low + rest, sign) if turns % 2 == 0 else (high - rest, -sign)


def _put(place: float, n: int, padding: str, corners: bool) -> tuple[float, float]:
    """Where a place falls with a padding mode, and the derivative of that."""
    slope = 1.0
    if padding == "reflection":
        place, slope = _reflect(place, *((0.0, n - 1.0) if corners else (-0.5, n - 0.5)))
    if padding != "zeros" and not 0 < place < n - 1:
        return min(max(place, 0.0), n - 1.0), 0.0
    return place, slope


def _taps(g: float, n: int, mode: str, padding: str, corners: bool) -> list[tuple[int, float, float]]:
    """The entries that a place of the grid reads along an axis: index, weight, derivative of the weight."""
    scale = (n - 1) / 2 if corners else n / 2
    place = (g + 1) * scale if corners else (g + 1) * scale - 0.5
    if mode == "bicubic":  # the place stays, each of its entries is put inside
        left = math.floor(place)
        found = [(j, _keys(place - j)) for j in range(left - 1, left + 3)]
        return [(int(_put(j, n, padding, corners)[0]), w, d * scale) for j, (w, d) in found]
    place, slope = _put(place, n, padding, corners)
    if mode == "nearest":
        return [(round(place), 1.0, 0.0)]
    left = math.floor(place)
    share = place - left
    return [(left, 1 - share, -slope * scale), (left + 1, share, slope * scale)]


def _sample(mode: str = "bilinear", padding: str = "zeros", *, corners: bool = False):
    def vjp(v, x, g):
        dx, dg = torch.zeros_like(x), torch.zeros_like(g)
        height, width = x.shape
        for p, (gx, gy) in enumerate(g.tolist()):
            for i, wy, sy in _taps(gy, height, mode, padding, corners):
                for j, wx, sx in _taps(gx, width, mode, padding, corners):
                    if 0 <= i < height and 0 <= j < width:
                        dx[i, j] += v[p] * wy * wx
                        dg[p, 0] += v[p] * wy * sx * x[i, j]
                        dg[p, 1] += v[p] * sy * wx * x[i, j]
        return dx, dg

    return vjp


def _tensor(text: str) -> str:
    return f"torch.tensor({text}, dtype=torch.float64)"


def places(**grids: str) -> dict[str, dict[str, str]]:
    """Special places on an image with equal rows, half-way between them."""
    image = _tensor("[[0., 1., 4., 9.], [0., 1., 4., 9.]]")
    return {label.replace("_", " "): {"x": image, "g": _tensor(f"[[{text}, 0.]]")} for label, text in grids.items()}


def declared(
    mode="bilinear", padding="zeros", *, corners=False, variant="", formula, gradient, special, **more
) -> dict[str, Any]:
    """What a rule of grid_sample declares; a rule belongs to the page of the module that makes a VJP of it."""
    options = f'mode="{mode}", padding_mode="{padding}", align_corners={corners}'
    return {
        "function": "torch.nn.functional.grid_sample",
        "call": f"torch.nn.functional.grid_sample(x[None, None], g[None, None], {options}).flatten()",
        "variant": variant,
        "formula": formula,
        "gradient": gradient,
        "vjp": _sample(mode, padding, corners=corners),
        "inputs": {"x": normal, "g": uniform(-1.4, 1.4)},
        "shapes": [{"x": (3, 4), "g": (3, 2)}, {"x": (2, 2), "g": (5, 2)}, {"x": (5, 3), "g": (2, 2)}],
        "special": special,
        "excluded": FORWARD,
        **more,
    }


def _rule(*what, **more) -> VJP:
    return VJP(**declared(*what, **more))


def _affine(v, t, corners: bool):
    x, y = (torch.linspace(-1, 1, n, dtype=v.dtype) * (1 if corners else (n - 1) / n) for n in (3, 2))
    places = torch.stack([x.expand(2, 3), y[:, None].expand(2, 3), torch.ones(2, 3, dtype=v.dtype)], -1)
    return (torch.einsum("ijk,ijl->kl", v, places),)


PLACE = r"u = \tfrac{W}{2}(g_x + 1) - \tfrac12"
CORNERS = r"u = \tfrac{W - 1}{2}(g_x + 1)"
HALF, HALF_CORNERS = r"\tfrac{W}{2}", r"\tfrac{W-1}{2}"
OUTSIDE = r"x = 0 \text{ outside}"
CLIPPED = r"0 \text{ where } u \text{ was clipped}"


def _lines(*lines: str) -> str:
    return r"\begin{aligned} " + r" \\ ".join(lines) + r" \end{aligned}"


def hat(place: str, note: str = "") -> str:
    return _lines(
        r"y &= \sum_{i,j} h(r - i)\, h(u - j)\, x_{ij}, \quad h(t) = \max(0, 1 - \lvert t \rvert)",
        place.replace("=", "&=", 1) + (rf",\ \text{{ {note}}}" if note else ""),
    )


def slope(scale: str, note: str = "") -> str:
    return _lines(
        r"\bar{x}_{ij} &= h(r - i)\, h(u - j)\, \bar{y}",
        rf"\bar{{g}}_x &= {scale}\, \bar{{y}}\, \sum_i h(r - i)\,"
        r"\bigl(x_{i,\lfloor u \rfloor + 1} - x_{i,\lfloor u \rfloor}\bigr)" + (rf", \quad {note}" if note else ""),
    )


CUBIC = _lines(r"y &= \sum_{i,j} k(r - i)\, k(u - j)\, x_{ij}", PLACE.replace("=", "&=", 1))

RULES = [
    _rule(
        formula=hat(PLACE),
        gradient=slope(HALF, OUTSIDE),
        special=places(
            between_columns="0.0",
            on_a_column="-0.25",
            on_the_last_column="0.75",
            at_the_border="1.0",
            beyond="2.0",
            NaN="float('nan')",
        ),
    ),
    _rule(
        "nearest",
        variant="nearest",
        formula=r"y = x_{[r],\,[u]}, \quad " + PLACE,
        gradient=r"\bar{x}_{ij} = \bar{y}\,[\,i = [r],\ j = [u]\,] \qquad \bar{g} = 0",
        special=places(on_a_column="-0.25", between_columns="0.0", beyond="2.0", NaN="float('nan')"),
    ),
    _rule(
        "bicubic",
        variant="bicubic",
        formula=CUBIC,
        gradient=_lines(
            r"\bar{x}_{ij} &= k(r - i)\, k(u - j)\, \bar{y}",
            r"\bar{g}_x &= \tfrac{W}{2}\, \bar{y} \sum_{i,j} k(r - i)\, k'(u - j)\, x_{ij}",
        ),
        special=places(on_a_column="-0.25", at_the_border="1.0", beyond="2.0", NaN="float('nan')"),
    ),
    _rule(
        "bicubic",
        "border",
        variant="bicubic, border",
        formula=CUBIC,
        gradient=_lines(
            r"\bar{x}_{ij} &= k(r - i)\, k(u - j)\, \bar{y} \text{, added at the clipped } i, j",
            r"\bar{g}_x &= \tfrac{W}{2}\, \bar{y} \sum_{i,j} k(r - i)\, k'(u - j)\, x_{ij} \text{, indices clipped}",
        ),
        special=places(on_the_last_column="0.75", at_the_border="1.0", beyond="2.0"),
    ),
    *(
        VJP(
            "torch.nn.functional.affine_grid",
            f"torch.nn.functional.affine_grid(t[None], (1, 1, 2, 3), align_corners={corners})[0]",
            variant="align_corners=True" if corners else "",
            formula=r"g_{ij} = \theta\, (x_j, y_i, 1)^\top, \qquad x_j = " + place,
            gradient=r"\bar{\theta} = \sum_{i,j} \bar{g}_{ij}\, (x_j, y_i, 1)",
            vjp=lambda v, t, corners=corners: _affine(v, t, corners),
            inputs={"t": normal},
            shapes=[{"t": (2, 3)}] * 3,
            special={
                "identity": {"t": _tensor("[[1., 0., 0.], [0., 1., 0.]]")},
                "all zero": {"t": _tensor("[[0., 0., 0.], [0., 0., 0.]]")},
                "NaN": {"t": _tensor("[[1., 0., float('nan')], [0., 1., 0.]]")},
            },
        )
        for corners, place in (
            (False, r"\frac{2j + 1}{W} - 1"),
            (True, r"\frac{2j}{W - 1} - 1"),
        )
    ),
]
