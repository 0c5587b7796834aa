"""Nested tensors: each part's gradient is its own place in the cotangent, and padding has none."""

import logging
import warnings

import torch

from livedocs.declare import INF, NAN, VJP, at, normal

# A jagged tensor asks whether it is traced, and the question is logged as one that has a better name.
logging.getLogger("torch.fx._symbolic_trace").setLevel(logging.ERROR)


def _padded(v, x, y):
    """What stands where each part was put: the first places of its row."""
    return tuple(row[tuple(map(slice, part.shape))] for row, part in zip(v, (x, y), strict=True))


def _joined(v, x, y):
    return v.split([len(x), len(y)])


def _both(v, x):
    return (v[0] + v[1],)


def _rows(v, x):
    """The rows of two and of three entries, without the padding of the first."""
    return (torch.cat([v[0, :2], v[1]]),)


def _holes(v, x):
    """The first entry, and the next two after a hole; holes stand at the places 1 and 4."""
    zero = torch.zeros_like(v[0])
    return (torch.stack([v[0], zero, v[1], v[2], zero]),)


def _narrowed(v, x):
    """Two entries of the first row from place 0, three of the second from place 1."""
    zero = torch.zeros_like(v[0])
    return (torch.stack([torch.stack([v[0], v[1], zero, zero]), torch.stack([zero, v[2], v[3], v[4]])]),)


def _band(v, x):
    grad = torch.zeros_like(x)
    grad[:, 1:3] = v
    return (grad,)


def _selected(v, x):
    """Row by row; of the first three entries, of the second one."""
    zero = torch.zeros_like(v[0])
    return (torch.stack([torch.stack([v[0], zero, v[1], v[2]]), torch.stack([zero, v[3], zero, zero])]),)


def _selected_padded(v, x):
    return _selected(torch.cat([v[0, :3], v[1, :1]]), x)


with warnings.catch_warnings():  # said once in a process, then no more
    warnings.filterwarnings("ignore", "The PyTorch API of nested tensors is in prototype stage")
    torch.nested.nested_tensor([torch.ones(1)])

PARTS = "torch.nested.as_nested_tensor([x, y])"
JAGGED = "torch.nested.as_nested_tensor([x, y], layout=torch.jagged)"
STARTS_AND_LENGTHS = "torch.tensor([0, 1]), torch.tensor([2, 3])"
OFFSETS = "torch.tensor([0, 2, 5])"
MASK = "torch.tensor([[True, False, True, True], [False, True, False, False]])"
PAIRS = [{"x": (n, *rest), "y": (m, *rest)} for n, m, rest in ((2, 3, ()), (1, 1, ()), (3, 1, ()), (1, 2, (2,)))]
LINES = [{"x": (5,)}, {"x": (5, 1)}, {"x": (5, 2)}]
GRIDS = [{"x": (2, 4)}, {"x": (2, 4, 1)}, {"x": (2, 4, 2)}]
POINTS = {
    "one and two": at(x="[1.]", y="[2., 3.]"),
    "NaN and inf": at(x=f"[{NAN}]", y=f"[2., {INF}]"),
    "one is empty": at(x="[]", y="[2., 3.]"),
}
LINE = {
    "regular": at(x="[1., 2., 3., 4., 5.]"),
    "NaN and inf": at(x=f"[{NAN}, 2., {INF}, 4., 5.]"),
}
GRID = {
    "regular": at(x="[[1., 2., 3., 4.], [5., 6., 7., 8.]]"),
    "NaN and inf, left out": at(x=f"[[1., 2., {INF}, 4.], [{NAN}, 6., 7., 8.]]"),
}
FORWARD = {"forward": "“Trying to use forward AD with _nested_tensor_from_tensor_list that does not support it”"}
VIEWED = {"forward": "“Trying to use forward AD with _nested_view_from_jagged that does not support it”"}
OFFSETS_FAIL = {"gradgradcheck": "“aten._nested_tensor_storage_offsets.default”"}
VIEW_FAIL = {"gradgradcheck": "“A view was created in no_grad mode and is being modified inplace”"}
SEQLEN = (
    "“The function '_nested_from_padded_tensor' is not differentiable with respect to argument '{}'. This input"
    " cannot have requires_grad True.”"
)
PADDED = r"z_{ij} = \text{part}_{i,j} \text{ where there is one, else } p"
PADDED_BACK = r"\bar{x}_j = \bar{z}_{0j}, \; j < n_x, \quad \bar{y}_j = \bar{z}_{1j}, \; j < n_y"


def _two(function, call, formula, gradient, vjp, excluded, variant="", also=(), special=None, shapes=None):
    return VJP(
        function,
        call,
        variant=variant,
        formula=formula,
        gradient=gradient,
        vjp=vjp,
        inputs={"x": normal, "y": normal},
        shapes=shapes or PAIRS,
        special=special or POINTS,
        also=also,
        excluded=excluded,
    )


def _one(function, call, formula, gradient, vjp, excluded, shapes, special, variant=""):
    return VJP(
        function,
        call,
        variant=variant,
        formula=formula,
        gradient=gradient,
        vjp=vjp,
        inputs={"x": normal},
        shapes=shapes,
        special=special,
        excluded=excluded,
    )


RULES = [
    _two(
        "torch.nested.as_nested_tensor",
        f"torch.cat({PARTS}.unbind())",
        r"z = (x, y)",
        r"\bar{x}, \bar{y} = \text{their parts of } \bar{z}",
        _joined,
        FORWARD,
    ),
    _two(
        "torch.nested.as_nested_tensor",
        f"{JAGGED}.values()",
        r"z = (x, y)",
        r"\bar{x}, \bar{y} = \text{their parts of } \bar{z}",
        _joined,
        VIEWED | OFFSETS_FAIL,
        variant="jagged",
    ),
    _one(
        "torch.nested.as_nested_tensor",
        "torch.nested.as_nested_tensor([x, x]).to_padded_tensor(0.0)",
        r"z = (x, x)",
        r"\bar{x} = \bar{z}_0 + \bar{z}_1",
        _both,
        FORWARD,
        [{"x": shape} for shape in ((1,), (3,), (2, 2))],
        {"two entries": at(x="[1., 2.]"), "NaN and inf": at(x=f"[{NAN}, {INF}]")},
        variant="a tensor twice",
    ),
    _two(
        "torch.nested.to_padded_tensor",
        f"torch.nested.to_padded_tensor({PARTS}, 0.0)",
        PADDED,
        PADDED_BACK,
        _padded,
        FORWARD,
        also=("torch.Tensor.to_padded_tensor",),
    ),
    _two(
        "torch.nested.to_padded_tensor",
        f"torch.nested.to_padded_tensor({PARTS}, 0.0, (2, 4, *x.shape[1:]))",
        PADDED + r", \quad j < 4",
        PADDED_BACK,
        _padded,
        FORWARD,
        variant="output_size",
    ),
    _two(
        "torch.nested.to_padded_tensor",
        f"torch.nested.to_padded_tensor({JAGGED}, 0.0)",
        PADDED,
        PADDED_BACK,
        _padded,
        VIEWED | {"gradgradcheck": SEQLEN.format("min_seqlen")},
        variant="jagged",
    ),
    _one(
        "torch.nested.nested_tensor_from_jagged",
        f"torch.nested.nested_tensor_from_jagged(x, {OFFSETS}, max_seqlen=3).to_padded_tensor(0.0)",
        r"z = \begin{pmatrix} x_0 & x_1 & 0 \\ x_2 & x_3 & x_4 \end{pmatrix}",
        r"\bar{x} = (\bar{z}_{00}, \bar{z}_{01}, \bar{z}_{10}, \bar{z}_{11}, \bar{z}_{12})",
        _rows,
        VIEWED | {"gradgradcheck": SEQLEN.format("max_seqlen")},
        LINES,
        LINE,
    ),
    _one(
        "torch.nested.nested_tensor_from_jagged",
        f"torch.cat(torch.nested.nested_tensor_from_jagged(x, {OFFSETS}, torch.tensor([1, 2])).unbind())",
        r"z = (x_0, x_2, x_3), \quad \text{the rows are shorter than their places}",
        r"\bar{x} = (\bar{z}_0, 0, \bar{z}_1, \bar{z}_2, 0)",
        _holes,
        VIEWED | VIEW_FAIL,
        LINES,
        {
            "regular": LINE["regular"],
            "NaN and inf, left out": at(x=f"[1., {NAN}, 3., 4., {INF}]"),
        },
        variant="lengths",
    ),
    _one(
        "torch.nested.narrow",
        f"torch.cat(torch.nested.narrow(x, 1, {STARTS_AND_LENGTHS}, layout=torch.jagged).unbind())",
        r"z = (x_{00}, x_{01}, x_{11}, x_{12}, x_{13})",
        r"\bar{x} = \begin{pmatrix} \bar{z}_0 & \bar{z}_1 & 0 & 0 \\ 0 & \bar{z}_2 & \bar{z}_3 & \bar{z}_4"
        r" \end{pmatrix}",
        _narrowed,
        VIEWED | VIEW_FAIL,
        GRIDS,
        GRID,
    ),
    _one(
        "torch.nested.narrow",
        "torch.stack(torch.nested.narrow(x, 1, 1, 2, layout=torch.jagged).unbind())",
        r"z_{ij} = x_{i,j+1}, \quad j < 2",
        r"\bar{x}_{i,j+1} = \bar{z}_{ij}, \quad \text{else } 0",
        _band,
        VIEWED | VIEW_FAIL,
        GRIDS,
        {
            "regular": at(x="[[1., 2., 3., 4.]]"),
            "NaN and inf, left out": at(x=f"[[{NAN}, 2., 3., {INF}]]"),
        },
        variant="numbers",
    ),
    _one(
        "torch.nested.masked_select",
        f"torch.nested.masked_select(x, {MASK}).values()",
        r"z = (x_{00}, x_{02}, x_{03}, x_{11})",
        r"\bar{x} = \begin{pmatrix} \bar{z}_0 & 0 & \bar{z}_1 & \bar{z}_2 \\ 0 & \bar{z}_3 & 0 & 0 \end{pmatrix}",
        _selected,
        VIEWED | OFFSETS_FAIL,
        [{"x": (2, 4)}] * 3,
        {
            "regular": GRID["regular"],
            "NaN and inf, left out": at(x=f"[[1., {NAN}, 3., 4.], [{INF}, 6., 7., 8.]]"),
        },
    ),
    _one(
        "torch.nested.masked_select",
        f"torch.nested.masked_select(x, {MASK}).to_padded_tensor(0.0)",
        r"z = \begin{pmatrix} x_{00} & x_{02} & x_{03} & 0 \\ x_{11} & 0 & 0 & 0 \end{pmatrix}",
        r"\bar{x} = \begin{pmatrix} \bar{z}_{00} & 0 & \bar{z}_{01} & \bar{z}_{02} \\ 0 & \bar{z}_{10} & 0 & 0"
        r" \end{pmatrix}",
        _selected_padded,
        VIEWED | OFFSETS_FAIL,
        [{"x": (2, 4)}] * 3,
        {
            "regular": GRID["regular"],
            "NaN and inf, left out": at(x=f"[[1., {NAN}, 3., 4.], [{INF}, 6., 7., 8.]]"),
        },
        variant="padded",
    ),
]
