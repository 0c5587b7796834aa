"""interpolate: a matrix of weights for each axis. The gradient is the transposed matrix times the cotangent."""

import math

import torch

from livedocs.declare import VJP, at, normal


def _near(offset: float):
    def weights(i: int, n: int, m: int) -> dict[int, float]:
        return {math.floor((i + offset) * n / m): 1.0}

    return weights


def _linear(i: int, n: int, m: int) -> dict[int, float]:
    place = max((i + 0.5) * n / m - 0.5, 0.0)
    return _between(place, n)


def _corners(i: int, n: int, m: int) -> dict[int, float]:
    return _between(i * (n - 1) / (m - 1), n)


def _between(place: float, n: int) -> dict[int, float]:
    left = min(math.floor(place), n - 1)
    share = place - left
    return _add([(left, 1 - share), (min(left + 1, n - 1), share)])


def _cubic(i: int, n: int, m: int) -> dict[int, float]:
    place = (i + 0.5) * n / m - 0.5
    left = math.floor(place)
    taps = range(left - 1, left + 3)
    return _add([(min(max(j, 0), n - 1), _keys(j - place, -0.75)) for j in taps])


def _area(i: int, n: int, m: int) -> dict[int, float]:
    cells = range(math.floor(i * n / m), math.ceil((i + 1) * n / m))
    return {j: 1 / len(cells) for j in cells}


def _smooth(kernel, width: int):
    """With antialias the kernel is as much wider as the image gets smaller."""

    def weights(i: int, n: int, m: int) -> dict[int, float]:
        scale = max(n / m, 1.0)
        center = (i + 0.5) * n / m
        low = max(math.floor(center - width * scale + 0.5), 0)
        high = min(math.floor(center + width * scale + 0.5), n)
        found = {j: kernel((j - center + 0.5) / scale) for j in range(low, high)}
        total = sum(found.values())
        return {j: value / total for j, value in found.items()}

    return weights


def _keys(t: float, a: float) -> float:
    """The cubic kernel of Keys."""
    t = abs(t)
    if t <= 1:
        return ((a + 2) * t - (a + 3)) * t * t + 1
    return (((t - 5) * t + 8) * t - 4) * a if t < 2 else 0.0


def _add(pairs) -> dict[int, float]:
    found: dict[int, float] = {}
    for j, value in pairs:
        found[j] = found.get(j, 0.0) + value
    return found


def _transposed(weights):
    """Along each axis the transposed matrix of weights."""

    def vjp(v, x):
        for axis in range(x.dim()):
            n, m = x.shape[axis], v.shape[axis]
            matrix = torch.zeros(n, m, dtype=x.dtype)
            for i in range(m):
                for j, value in weights(i, n, m).items():
                    matrix[j, i] = value
            v = torch.tensordot(matrix, v, ([1], [axis])).movedim(0, axis)
        return (v,)

    return vjp


LINE = {
    "six to three": at("[0., 1., 2., 3., 4., 5.]"),
    "two to three": at("[0., 1.]"),
    "NaN": at("[0., float('nan'), 2., 3., 4., 5.]"),
}
PLANE = {
    "four to two": at("[[0., 1., 2., 3.]]"),
    "five to two": at("[[0., 1., 2., 3., 4.]]"),
    "one pixel": at("[[1.]]"),
}
SPACE = {
    "four to two": at("[[[0., 1., 2., 3.]]]"),
    "one voxel": at("[[[1.]]]"),
}
WEIGHT = r"y_i = \sum_j A_{ij}\, x_j"
BACK = r"\bar{x}_j = \sum_i A_{ij}\, \bar{y}_i, \qquad "
PLANES = r"y = A\, x\, B^\top"
PLANES_BACK = r"\bar{x} = A^\top\, \bar{y}\, B, \qquad "
CUBES = r"y_{abc} = \sum_{i,j,k} A_{ai}\, B_{bj}\, C_{ck}\, x_{ijk}"
CUBES_BACK = r"\bar{x}_{ijk} = \sum_{a,b,c} A_{ai}\, B_{bj}\, C_{ck}\, \bar{y}_{abc}, \qquad "


def _rule(mode, weights, formula, *, options="", variant="", also=(), dimensions=1) -> VJP:
    call = {1: "x[None, None], size=3", 2: "x[None, None], size=(2, 2)", 3: "x[None, None], size=(2, 2, 2)"}[dimensions]
    squeeze = {1: "flatten()", 2: "reshape(2, 2)", 3: "reshape(2, 2, 2)"}[dimensions]
    return VJP(
        "torch.nn.functional.interpolate",
        f'torch.nn.functional.interpolate({call}, mode="{mode}"{options}).{squeeze}',
        variant=variant or mode,
        formula={1: WEIGHT, 2: PLANES, 3: CUBES}[dimensions],
        gradient={1: BACK, 2: PLANES_BACK, 3: CUBES_BACK}[dimensions] + formula,
        vjp=_transposed(weights),
        inputs={"x": normal},
        shapes={
            1: [{"x": (7,)}, {"x": (3,)}, {"x": (2,)}],
            2: [{"x": (5, 3)}, {"x": (2, 2)}, {"x": (1, 7)}],
            3: [{"x": (3, 2, 4)}, {"x": (2, 2, 2)}, {"x": (1, 5, 2)}],
        }[dimensions],
        special={1: LINE, 2: PLANE, 3: SPACE}[dimensions],
        also=also,
    )


CLIPPED = r"s_i = \min\Bigl(\max\bigl(\tfrac{n}{m}\bigl(i + \tfrac12\bigr) - \tfrac12,\ 0\bigr),\ n - 1\Bigr)"
CENTER = r"s_i = \tfrac{n}{m}\bigl(i + \tfrac12\bigr) - \tfrac12,\ r = \max\bigl(\tfrac{n}{m}, 1\bigr)"

RULES = [
    _rule(
        "nearest", _near(0.0), r"A_{ij} = [\,j = \lfloor i\, n / m \rfloor\,]", also=("torch.nn.functional.upsample",)
    ),
    _rule("nearest-exact", _near(0.5), r"A_{ij} = [\,j = \lfloor (i + \tfrac12)\, n / m \rfloor\,]"),
    _rule("linear", _linear, rf"A_{{ij}} = \max\bigl(0, 1 - \lvert s_i - j \rvert\bigr), \quad {CLIPPED}"),
    _rule(
        "linear",
        _corners,
        r"A_{ij} = \max\bigl(0, 1 - \lvert s_i - j \rvert\bigr), \quad s_i = i\, \frac{n - 1}{m - 1},\ s_0 = 0",
        options=", align_corners=True",
        variant="linear, align_corners=True",
    ),
    _rule(
        "area",
        _area,
        r"A_{ij} = \frac{1}{b_i - a_i}\,[a_i \le j < b_i], \quad a_i = \lfloor i\, n / m \rfloor,"
        r"\ b_i = \lceil (i + 1)\, n / m \rceil",
    ),
    _rule(
        "bilinear",
        _linear,
        rf"A_{{ij}} = \max\bigl(0, 1 - \lvert s_i - j \rvert\bigr), \quad {CLIPPED}",
        dimensions=2,
    ),
    _rule(
        "bilinear",
        _corners,
        r"A_{ij} = \max\bigl(0, 1 - \lvert s_i - j \rvert\bigr), \quad s_i = i\, \frac{n - 1}{m - 1},\ s_0 = 0",
        options=", align_corners=True",
        variant="bilinear, align_corners=True",
        dimensions=2,
    ),
    _rule(
        "bilinear",
        _smooth(lambda t: max(0.0, 1 - abs(t)), 1),
        rf"A_{{ij}} \propto \max\bigl(0, 1 - \lvert s_i - j \rvert / r\bigr), \quad {CENTER}",
        options=", antialias=True",
        variant="bilinear, antialias=True",
        dimensions=2,
    ),
    _rule(
        "bicubic",
        _cubic,
        r"A_{ij} = \sum_{p:\ j = \min(\max(p,\, 0),\ n - 1)} k_{-0.75}(s_i - p), \quad"
        r" s_i = \tfrac{n}{m}\bigl(i + \tfrac12\bigr) - \tfrac12",
        dimensions=2,
    ),
    _rule(
        "bicubic",
        _smooth(lambda t: _keys(t, -0.5), 2),
        rf"A_{{ij}} \propto k_{{-0.5}}\bigl((s_i - j) / r\bigr), \quad {CENTER}",
        options=", antialias=True",
        variant="bicubic, antialias=True",
        dimensions=2,
    ),
    _rule(
        "trilinear",
        _linear,
        rf"A_{{ij}} = \max\bigl(0, 1 - \lvert s_i - j \rvert\bigr), \quad {CLIPPED}",
        dimensions=3,
    ),
]
