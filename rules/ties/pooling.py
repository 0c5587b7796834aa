"""Max pools in one and three dimensions, adaptive and fractional ones, and max_unpool with an index twice."""

from itertools import product

import torch

from livedocs.declare import VJP, Defect, normal
from rules.images.pooling import fixed, winner

NAN, INF = "float('nan')", "float('inf')"
MAX = r"y_w = \max_{j \in w} x_j"
BACK = r"\bar{x}_j = \sum_w \bar{y}_w\,[\,j = \texttt{index}_w\,]"
BINS = r", \quad w_i = \bigl[\lfloor i\, n / m \rfloor, \lceil (i + 1)\, n / m \rceil\bigr)"


def _pool(axis):
    """Each window hands its cotangent to its winner."""

    def vjp(v, x):
        grad = torch.zeros_like(x)
        reaches = [axis(size, number) for number, size in enumerate(x.shape)]
        for place in product(*(range(len(reach)) for reach in reaches)):
            cells = tuple(slice(*reach[i]) for reach, i in zip(reaches, place, strict=True))
            grad[cells] += v[place] * winner(x[cells])
        return (grad,)

    return vjp


def _adaptive(*sizes):
    return lambda n, axis: [(i * n // sizes[axis], -(-(i + 1) * n // sizes[axis])) for i in range(sizes[axis])]


def _fractional(kernel, sizes):
    """With random samples of 0 the first of two windows starts at 0; the last one ends at the end."""
    return lambda n, axis: [(0, kernel[axis])] * (sizes[axis] - 1) + [(n - kernel[axis], n)]


def _rule(name, arguments, axis, shapes, special, formula=MAX, **more):
    return VJP(
        f"torch.nn.functional.{name}",
        f"torch.nn.functional.{name}(x[None], {arguments})[0]",
        formula=formula,
        gradient=BACK,
        vjp=_pool(axis),
        inputs={"x": normal},
        shapes=[{"x": shape} for shape in shapes],
        special={label: {"x": f"torch.tensor({text}, dtype=torch.float64)"} for label, text in special.items()},
        **more,
    )


def _unpool(dims, index, special):
    one = "x[None], index[None], 2"
    return VJP(
        f"torch.nn.functional.max_unpool{dims}d",
        f"torch.nn.functional.max_unpool{dims}d({one})[0]",
        formula=r"y_j = x_i \text{ where } \texttt{index}_i = j \text{, else } 0",
        gradient=r"\bar{x}_i = \bar{y}_{\texttt{index}_i}",
        vjp=lambda v, x, index: (v.reshape(-1)[index],),
        inputs={"x": normal, "index": index},
        shapes=[dict.fromkeys(("x", "index"), shape) for shape in ((2,) * dims, (3,) * dims, (1,) * dims)],
        special={
            label: {"x": f"torch.tensor({x}, dtype=torch.float64)", "index": f"torch.tensor({at})"}
            for label, (x, at) in special.items()
        },
        defects=(
            Defect(
                "an index twice",
                "Of two values for one place one is lost, and both have the gradient 1.",
                {"gradient": {"x": torch.ones((1,) * (dims - 1) + (2,)).tolist()}},
            ),
        ),
    )


def _apart(generator, shape):
    """Every other place."""
    count = torch.Size(shape).numel()
    return 2 * torch.arange(count).view(shape)


def _brackets(text, dims):
    return "[" * (dims - 1) + text + "]" * (dims - 1)


LINE = {
    "all equal": "[2., 2., 2., 2., 2.]",
    "NaN": f"[1., {NAN}, 3., {NAN}, 5.]",
    "all −inf": f"[-{INF}, -{INF}, -{INF}]",
}
CUBE = {
    "eight-way tie": "[[[2., 2.], [2., 2.]], [[2., 2.], [2., 2.]]]",
    "NaN": f"[[[1., {NAN}], [3., 4.]], [[{NAN}, 6.], [7., 8.]]]",
}
PLANE = {
    "a tie": "[[5., 5., 0.], [1., 2., 3.], [4., 0., 9.]]",
    "NaN": f"[[{NAN}, 2., 3.], [4., {NAN}, 6.], [7., 8., 9.]]",
}
ZEROS = "_random_samples=torch.zeros(1, 1, {}, dtype=x.dtype)"
RULES = [
    _rule(
        "max_pool3d", "2, stride=1", fixed(2, 1), [(2, 3, 4), (2, 2, 2), (3, 2, 3)], CUBE, also=("torch.max_pool3d",)
    ),
    _rule("adaptive_max_pool1d", "2", _adaptive(2), [(5,), (4,), (2,)], LINE, MAX + BINS),
    _rule("adaptive_max_pool3d", "(1, 1, 2)", _adaptive(1, 1, 2), [(2, 3, 4), (2, 2, 2), (3, 2, 3)], CUBE, MAX + BINS),
    _rule(
        "fractional_max_pool2d",
        f"2, output_size=2, {ZEROS.format(2)}",
        _fractional((2, 2), (2, 2)),
        [(3, 4), (3, 3), (5, 4)],
        PLANE,
        MAX + r"\text{, windows at random places}",
    ),
    _rule(
        "fractional_max_pool3d",
        f"(1, 1, 2), output_size=(1, 1, 2), {ZEROS.format(3)}",
        _fractional((1, 1, 2), (1, 1, 2)),
        [(2, 3, 4), (2, 2, 5), (3, 2, 4)],
        {"all equal": "[[[2., 2., 2., 2.]] * 2] * 2"},
        MAX + r"\text{, windows at random places}",
    ),
    *(
        _unpool(
            dims,
            _apart,
            {
                "two places": (_brackets("[5., 7.]", dims), _brackets("[1, 2]", dims)),
                "an index twice": (_brackets("[5., 7.]", dims), _brackets("[1, 1]", dims)),
            },
        )
        for dims in (1, 2, 3)
    ),
]
