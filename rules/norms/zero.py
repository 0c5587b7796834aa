"""The Euclidean length of a vector and the Frobenius norm of a matrix: a cone whose tip is at zero."""

import torch

from livedocs.declare import INF, NAN, VJP, Plane, at, normal


def _length(v, x):
    size = torch.sqrt((x * x).sum())
    return (v * torch.where(size == 0, 0.0, x / size),)


VECTORS = {
    "zero, one entry": at("[0.]"),
    "zero vector": at("[0., 0.]"),
    "one entry zero": at("[3., 0.]"),
    "empty": at("[]"),
    "inf": at(f"[{INF}, 1.]"),
    "NaN": at(f"[{NAN}, 1.]"),
}
MATRICES = {
    "zero, one entry": at("[[0.]]"),
    "zero matrix": at("[[0., 0.], [0., 0.]]"),
    "identity": at("[[1., 0.], [0., 1.]]"),
    "inf": at(f"[[{INF}, 1.]]"),
}


def _norm(function: str, symbol: str, shapes, special, also=(), plane=None):
    name = function.rsplit(".", 1)[1].replace("_", r"\_")
    return VJP(
        function,
        f"{function}(x)",
        formula=rf"\ell = \texttt{{{name}}}(x) = \Bigl( \sum_{{{symbol}}} \lvert x_{{{symbol}}} \rvert^2"
        r" \Bigr)^{1/2}",
        gradient=rf"\bar{{x}}_{{{symbol}}} = \bar{{\ell}} \begin{{cases}} x_{{{symbol}}} / \ell & \ell \ne 0 \\"
        r" 0 & \ell = 0 \end{cases}",
        vjp=_length,
        plane=plane,
        inputs={"x": normal},
        shapes=shapes,
        special=special,
        also=also,
    )


ROWS = [{"x": (5,)}, {"x": (1,)}, {"x": (17,)}]
RULES = [
    _norm("torch.linalg.vector_norm", "i", [*ROWS, {"x": (2, 3)}], VECTORS, plane=Plane("zero vector")),
    _norm("torch.norm", "i", [*ROWS, {"x": (2, 3)}], VECTORS, also=("torch.Tensor.norm",)),
    _norm("torch.linalg.norm", "i", [*ROWS, {"x": (2, 3)}], VECTORS),
    _norm("torch.linalg.matrix_norm", "ij", [{"x": (2, 3)}, {"x": (1, 1)}, {"x": (4, 4)}], MATRICES),
]
