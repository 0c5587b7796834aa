"""Reading and writing by index: a number that is read twice gets both gradients."""

import torch

from livedocs.declare import INF, NAN, VJP, Defect, at, normal


def _read(x, index):
    return at(x, i=f"torch.tensor({index}, dtype=torch.long)")


def _write(x, index, y):
    return _read(x, index) | at(y=y)


def _any(generator, shape):
    """Places among the first two, so that some come twice."""
    return torch.randint(0, 2, shape, generator=generator)


def _places(generator, shape):
    """Places among the first five, each once."""
    return torch.randperm(5, generator=generator)[: shape[0]]


def _places_in_rows(generator, shape):
    """For each column places among its rows, each once."""
    return torch.rand(shape, generator=generator).argsort(0)


def _gathered(v, x, i):
    """Each cotangent goes to the place that was read, in its column; what comes twice is added."""
    grad = torch.zeros_like(x)
    for k in range(i.shape[0]):
        if i.ndim == 1:
            grad[i[k]] += v[k]
        else:
            for column in range(i.shape[1]):
                grad[i[k, column], column] += v[k, column]
    return (grad,)


def _taken(v, x, i):
    grad = torch.zeros_like(x).reshape(-1)
    for place, one in zip(i.reshape(-1).tolist(), v.reshape(-1), strict=True):
        grad[place] += one
    return (grad.reshape(x.shape),)


def _rows(v, x, i):
    grad = torch.zeros_like(x)
    for place, one in zip(i.reshape(-1).tolist(), v.reshape(i.numel(), *x.shape[1:]), strict=True):
        grad[place] += one
    return (grad,)


def _not_padding(v, x, i):
    (grad,) = _rows(v, x, i)
    grad[0] = 0
    return (grad,)


def _mean(v, x, i):
    (grad,) = _rows(v, x, i)
    counts = torch.stack([(i == row).sum() for row in range(len(x))])
    return (grad / counts.clamp(min=1).unsqueeze(-1),)


def _written(v, x, i, y):
    outside = v.clone()
    outside[i] = 0
    return outside, v[i]


def _written_once(v, x, i, y):
    return _written(v, x, i, y)[0], v[i.unique()].sum()


def _added(v, x, i, y):
    return v, v[i]


def _columns(v, x, i, y, *, kept):
    """As ``_written`` and ``_added``, for places in each column."""
    if i.ndim == 1:
        return (v if kept else _written(v, x, i, y)[0]), v[i]
    outside, found = v.clone(), torch.zeros_like(y)
    for k in range(i.shape[0]):
        for column in range(i.shape[1]):
            found[k, column] = v[i[k, column], column]
            if not kept:
                outside[i[k, column], column] = 0
    return outside, found


READ = r"\bar{x}_j = \sum_{i_k = j} \bar{z}_k"
WRITE = r"\bar{x}_j = \begin{cases} 0 & j \text{ is in } i \\ \bar{z}_j & \text{otherwise} \end{cases} \qquad"
WRITE += r" \bar{y}_k = \bar{z}_{i_k}"
LINES = [{"x": (2,), "i": (n,)} for n in (1, 3, 5)]
GRIDS = [*LINES, {"x": (2, 3), "i": (4, 3)}, {"x": (3, 2), "i": (1, 2)}]
READS = {
    "each once": _read("[1., 2.]", "[1, 0]"),
    "one place twice": _read("[1., 2.]", "[1, 1]"),
    "no place": _read("[1., 2.]", "[]"),
    "a NaN is left out": _read(f"[1., {NAN}]", "[0, 0]"),
}
ONE_PLACE = {
    "one place": _write("[1., 2.]", "[1]", "[7.]"),
    "no place": _write("[1., 2.]", "[]", "[]"),
    "a NaN is overwritten": _write(f"[1., {NAN}]", "[1]", "[7.]"),
}
TWICE = {"one place twice": _write("[1., 2.]", "[0, 0]", "[7., 8.]")}
WRITES = ONE_PLACE | TWICE
ADDS = {
    "each once": _write("[1., 2.]", "[1, 0]", "[7., 8.]"),
    "one place twice": _write("[1., 2.]", "[0, 0]", "[7., 8.]"),
    "no place": _write("[1., 2.]", "[]", "[]"),
    "a NaN is added": _write("[1., 2.]", "[1]", f"[{NAN}]"),
}
SECOND = [[0.0, 1.0, 0.0, 1.0]]
STAYS = (
    "Both numbers are written to one place, and the second one stays. Reverse mode gives each the gradient of that"
    " place, forward mode the second alone. The documentation leaves open which number stays."
)
SHORT = {
    "the index is shorter than y": _write("[1., 2.]", "[1]", "[7., 8.]"),
}
LEFT_OVER = (
    "The second entry of y is not used, and its gradient is 0. The backward pass raises an error: it has a gradient in"
    " the shape of the index, not of y."
)


def _defect(reported):
    both = {"x": [0.0, 1.0], "y": [1.0, 1.0]}
    second = {"x": [0.0, 1.0], "y": [0.0, 1.0]}
    return (Defect("one place twice", STAYS, {"gradient": both, "forward": second}, reported=reported),)


def _unused(reported):
    return Defect("the index is shorter than y", LEFT_OVER, {"gradient": None}, reported=reported)


def _reads(function, call, formula, vjp, shapes, special, gradient=READ, **rule):
    return VJP(
        function,
        call,
        formula=formula,
        gradient=gradient,
        vjp=vjp,
        inputs={"x": normal, "i": _any},
        shapes=shapes,
        special=special,
        **rule,
    )


def _writes(function, call, formula, vjp, shapes, special, gradient=WRITE, draw=_places, **rule):
    return VJP(
        function,
        call,
        formula=formula,
        gradient=gradient,
        vjp=vjp,
        inputs={"x": normal, "i": draw, "y": normal},
        shapes=shapes,
        special=special,
        **rule,
    )


FIVE = [{"x": (5,), "i": (n,), "y": (n,)} for n in (1, 3, 5)]
COLUMNS = [{"x": s, "i": s, "y": s} for s in ((3,), (3, 2), (1, 4))]
TABLES = [{"x": (2, n), "i": places} for n, places in ((1, (3,)), (2, (5,)), (3, (2, 2)))]
ROWS = {
    "each row once": _read("[[1.], [2.]]", "[0, 1]"),
    "one row twice": _read("[[1.], [2.]]", "[1, 1]"),
    "no row": _read("[[1.], [2.]]", "[]"),
    "a NaN is left out": _read(f"[[{NAN}], [2.]]", "[1]"),
}
NUMBERS = [{"x": (5,), "i": (n,), "y": ()} for n in (1, 3, 5)]

RULES = [
    _reads(
        "torch.gather",
        "torch.gather(x, 0, i)",
        r"z_{kj} = x_{i_{kj}\,j}",
        _gathered,
        GRIDS,
        READS,
        gradient=r"\bar{x}_{lj} = \sum_{i_{kj} = l} \bar{z}_{kj}",
        also=("torch.Tensor.gather",),
    ),
    _reads(
        "torch.take_along_dim",
        "torch.take_along_dim(x, i, 0)",
        r"z_{kj} = x_{i_{kj}\,j}",
        _gathered,
        GRIDS,
        READS,
        gradient=r"\bar{x}_{lj} = \sum_{i_{kj} = l} \bar{z}_{kj}",
        also=("torch.Tensor.take_along_dim",),
    ),
    _reads(
        "torch.take",
        "torch.take(x, i)",
        r"z_k = \text{ entry } i_k \text{ of all entries of } x",
        _taken,
        [*LINES, {"x": (2, 2), "i": (3,)}, {"x": (1, 3), "i": (2, 2)}],
        READS,
        also=("torch.Tensor.take",),
    ),
    _reads(
        "torch.index_select",
        "torch.index_select(x, 0, i)",
        r"z_k = x_{i_k}",
        _rows,
        [*LINES, {"x": (2, 3), "i": (4,)}],
        READS,
        also=("torch.Tensor.index_select",),
    ),
    _reads(
        "torch.Tensor.__getitem__",
        "x[i]",
        r"z_k = x_{i_k}",
        _rows,
        [*LINES, {"x": (2, 3), "i": (4,)}, {"x": (2,), "i": (2, 2)}],
        READS,
        variant="integers",
    ),
    _writes(
        "torch.index_add",
        "torch.index_add(x, 0, i, y, alpha=2)",
        r"z_j = x_j + 2 \sum_{i_k = j} y_k",
        lambda v, x, i, y: (v, 2 * v[i]),
        [*FIVE, {"x": (5, 2), "i": (3,), "y": (3, 2)}],
        ADDS,
        gradient=r"\bar{x} = \bar{z} \qquad \bar{y}_k = 2\, \bar{z}_{i_k}",
        also=("torch.Tensor.index_add",),
    ),
    _writes(
        "torch.scatter_add",
        "torch.scatter_add(x, 0, i, y)",
        r"z_{lj} = x_{lj} + \sum_{i_{kj} = l} y_{kj}",
        lambda v, x, i, y: _columns(v, x, i, y, kept=True),
        [*COLUMNS, {"x": (2,), "i": (4,), "y": (4,)}],
        ADDS | SHORT,
        gradient=r"\bar{x} = \bar{z} \qquad \bar{y}_{kj} = \bar{z}_{i_{kj}\,j}",
        draw=lambda generator, shape: torch.randint(0, min(shape[0], 2), shape, generator=generator),
        also=("torch.Tensor.scatter_add",),
        defects=(_unused("https://github.com/pytorch/pytorch/issues/27614"),),
    ),
    _writes(
        "torch.put",
        "torch.put(x, i, y, accumulate=True)",
        r"z_j = x_j + \sum_{i_k = j} y_k",
        _added,
        FIVE,
        ADDS,
        gradient=r"\bar{x} = \bar{z} \qquad \bar{y}_k = \bar{z}_{i_k}",
        variant="accumulate",
    ),
    _writes(
        "torch.put",
        "torch.put(x, i, y)",
        r"z = x, \text{ then } z_{i_k} = y_k",
        _written,
        FIVE,
        WRITES,
        active={"one place twice": SECOND},
        also=("torch.Tensor.put",),
        defects=_defect("https://github.com/pytorch/pytorch/issues/146299"),
    ),
    _writes(
        "torch.index_copy",
        "torch.index_copy(x, 0, i, y)",
        r"z = x, \text{ then } z_{i_k} = y_k",
        _written,
        [*FIVE, {"x": (5, 2), "i": (3,), "y": (3, 2)}],
        WRITES,
        active={"one place twice": SECOND},
        also=("torch.Tensor.index_copy",),
        defects=_defect("https://github.com/pytorch/pytorch/issues/473"),
    ),
    _writes(
        "torch.scatter",
        "torch.scatter(x, 0, i, y)",
        r"z = x, \text{ then } z_{i_{kj}\,j} = y_{kj}",
        lambda v, x, i, y: _columns(v, x, i, y, kept=False),
        COLUMNS,
        WRITES | SHORT,
        gradient=r"\bar{x}_{lj} = \begin{cases} 0 & x_{lj} \text{ is overwritten} \\ \bar{z}_{lj} & \text{otherwise}"
        r" \end{cases} \qquad \bar{y}_{kj} = \bar{z}_{i_{kj}\,j}",
        draw=_places_in_rows,
        active={"one place twice": SECOND},
        also=("torch.Tensor.scatter",),
        defects=(
            *_defect("https://github.com/pytorch/pytorch/issues/146299"),
            _unused("https://github.com/pytorch/pytorch/issues/94336"),
        ),
    ),
    _reads(
        "torch.scatter",
        "torch.scatter(x, 0, i, 7.)",
        r"z = x, \text{ then } z_{i_k} = 7",
        lambda v, x, i: (_written(v, x, i, None)[0],),
        LINES,
        {label: point for label, point in READS.items() if label != "a NaN is left out"}
        | {"a NaN is overwritten": _read(f"[1., {NAN}]", "[1]")},
        gradient=r"\bar{x}_j = \begin{cases} 0 & j \text{ is in } i \\ \bar{z}_j & \text{otherwise} \end{cases}",
        variant="number",
    ),
    _writes(
        "torch.index_fill",
        "torch.index_fill(x, 0, i, y)",
        r"z_j = \begin{cases} y & j \text{ is in } i \\ x_j & \text{otherwise} \end{cases}",
        _written_once,
        NUMBERS,
        {
            "one place": _write("[1., 2.]", "[1]", "7."),
            "one place twice": _write("[1., 2.]", "[1, 1]", "7."),
            "no place": _write("[1., 2.]", "[]", "7."),
            "a NaN is overwritten": _write(f"[1., {NAN}]", "[1]", "7."),
        },
        gradient=r"\bar{x}_j = \begin{cases} 0 & j \text{ is in } i \\ \bar{z}_j & \text{otherwise} \end{cases} \qquad"
        r" \bar{y} = \sum_{j \text{ in } i} \bar{z}_j, \text{ each } j \text{ once}",
        also=("torch.Tensor.index_fill",),
    ),
    _reads(
        "torch.nn.functional.embedding",
        "torch.nn.functional.embedding(i, x)",
        r"z_k = x_{i_k} \text{, a row}",
        _rows,
        TABLES,
        ROWS,
        also=("torch.embedding",),
    ),
    _reads(
        "torch.nn.functional.embedding",
        "torch.nn.functional.embedding(i, x, padding_idx=0)",
        r"z_k = x_{i_k} \text{, a row}",
        _not_padding,
        TABLES,
        {label: ROWS[label] for label in ("each row once", "one row twice", "a NaN is left out")},
        gradient=r"\bar{x}_j = \sum_{i_k = j} \bar{z}_k, \quad \bar{x}_0 = 0 \text{ whatever it is}",
        variant="padding_idx=0",
        active={"each row once": [[1.0, 1.0]]},
        excluded={
            "gradcheck": "The gradient of row 0 is 0 on purpose.",
            "forward": "Forward mode knows no padding_idx.",
        },
        defects=(
            Defect(
                "each row once",
                "Row 0 is in the output, with the slope 1. Reverse mode returns 0, forward mode 1.",
                {"gradient": {"x": [[0.0], [1.0]]}, "forward": {"x": [[1.0], [1.0]]}},
                reported="https://github.com/pytorch/pytorch/issues/93950",
            ),
        ),
    ),
    _reads(
        "torch.nn.functional.embedding",
        "torch.nn.functional.embedding(i, x, scale_grad_by_freq=True)",
        r"z_k = x_{i_k} \text{, a row}",
        _mean,
        TABLES,
        {label: ROWS[label] for label in ("each row once", "one row twice", "a NaN is left out")},
        gradient=r"\bar{x}_j = \frac{1}{n_j} \sum_{i_k = j} \bar{z}_k, \quad j \text{ is in } i\ n_j \text{ times}",
        variant="scale_grad_by_freq",
        active={"one row twice": [[0.0, 2.0]]},
        excluded={
            "gradcheck": "The gradient is divided on purpose.",
            "forward": "Forward mode knows no scale_grad_by_freq.",
        },
        defects=(
            Defect(
                "one row twice",
                "The sum of the outputs has the slope 2 in row 1. Reverse mode divides by the number of times that the"
                " row was read, as the option says; forward mode returns 2.",
                {"gradient": {"x": [[0.0], [1.0]]}, "forward": {"x": [[0.0], [2.0]]}},
            ),
        ),
    ),
    _reads(
        "torch.nn.functional.embedding",
        "torch.nn.functional.embedding(i, x.clone(), max_norm=1.)",
        r"z_k = x_{i_k} \text{, a row; a longer one than } 1 \text{ is divided by } \lVert x_{i_k} \rVert + 10^{-7}",
        _rows,
        TABLES,
        {
            "a short row": _read("[[0.3, 0.4]]", "[0]"),
            "a long row": _read("[[3., 4.]]", "[0]"),
            "a long row, not read": _read("[[3., 4.]]", "[]"),
            "an infinity": _read(f"[[3., {INF}]]", "[0]"),
        },
        gradient=r"\bar{x}_j = \sum_{i_k = j} \bar{z}_k \text{, as if nothing were scaled}",
        variant="max_norm=1",
        active={"a long row": [[0.032, -0.024]]},
        excluded={"gradcheck": "The scale is not differentiated.", "forward": "The scale is not differentiated."},
        defects=(
            Defect(
                "a long row",
                "The row is scaled in place, without autograd. The sum of the scaled row has the gradient"
                " [0.032, -0.024] in x; PyTorch returns its gradient in the scaled row.",
                {"gradient": {"x": [[1.0, 1.0]]}},
            ),
        ),
    ),
]
