"""Singular values and eigenvalues, and what is made of the vectors again: the matrix, and its orthogonal part."""

import torch

from livedocs.declare import VJP, Defect, normal


def _svdvals(v, x):
    u, _, vh = torch.linalg.svd(x, full_matrices=False)
    return ((u * v.unsqueeze(-2)) @ vh,)


def _eigvalsh(v, x):
    q = torch.linalg.eigh(x + x.mT).eigenvectors
    return (2 * (q * v.unsqueeze(-2)) @ q.mT,)


def _itself(v, x):
    return (v,)


def _twice(v, x):
    return (v + v.mT,)


def _orthogonal(v, x):
    """The gradient of U Vᵀ for a square matrix: in the basis of the singular vectors the skew part, over σᵢ + σⱼ."""
    u, s, vh = torch.linalg.svd(x)
    inside = u.mT @ v @ vh.mT
    return (u @ ((inside - inside.mT) / (s.unsqueeze(-1) + s.unsqueeze(-2))) @ vh,)


def _at(rows: str) -> dict[str, str]:
    return {"x": f"torch.tensor([{rows}], dtype=torch.float64)"}


SHAPES = [{"x": shape} for shape in ((2, 2), (3, 3), (4, 4))]
POINTS = {
    "3 and 1": _at("[3., 0.], [0., 1.]"),
    "equal": _at("[1., 0.], [0., 1.]"),
    "one zero": _at("[2., 0.], [0., 0.]"),
    "zeros": _at("[0., 0.], [0., 0.]"),
}
TURNED = POINTS | {"equal": _at("[0., -1.], [1., 0.]")}
del TURNED["zeros"]

ALL_NAN = [[float("nan")] * 2] * 2
THERE_IS_ONE = "The function is smooth here. PyTorch differentiates the vectors, and divides by a difference of 0."


def _defects(*points: str) -> tuple[Defect, ...]:
    return tuple(Defect(point, THERE_IS_ONE, {"gradient": {"x": ALL_NAN}}) for point in points)


RULES = [
    VJP(
        "torch.linalg.svdvals",
        "torch.linalg.svdvals(x)",
        formula=r"x = U \operatorname{diag}(\sigma)\, V^\top, \quad \sigma_1 \ge \sigma_2 \ge \dots \ge 0",
        gradient=r"\bar{x} = U \operatorname{diag}(\bar{\sigma})\, V^\top",
        vjp=_svdvals,
        inputs={"x": normal},
        shapes=[*SHAPES, {"x": (2, 4)}],
        # At zeros the subdifferential of their sum is a ball of matrices, which no finite hull is.
        special={label: POINTS[label] for label in ("3 and 1", "equal", "one zero")},
    ),
    VJP(
        "torch.linalg.eigvalsh",
        "torch.linalg.eigvalsh(x + x.mT)",
        formula=r"x + x^\top = Q \operatorname{diag}(\lambda)\, Q^\top, \quad \lambda_1 \le \lambda_2 \le \dots",
        gradient=r"\bar{x} = 2\, Q \operatorname{diag}(\bar{\lambda})\, Q^\top",
        vjp=_eigvalsh,
        inputs={"x": normal},
        shapes=SHAPES,
        special=POINTS,
    ),
    VJP(
        "torch.linalg.svd",
        "(lambda u, s, vh: u * s @ vh)(*torch.linalg.svd(x))",
        variant="U S Vh",
        formula=r"U \operatorname{diag}(\sigma)\, V^\top = x",
        gradient=r"\bar{x} = \bar{z}",
        vjp=_itself,
        inputs={"x": normal},
        shapes=SHAPES,
        special=POINTS,
        defects=_defects("equal", "zeros"),
    ),
    VJP(
        "torch.linalg.eigh",
        "(lambda values, q: q * values @ q.mT)(*torch.linalg.eigh(x + x.mT))",
        variant="Q L Qh",
        formula=r"Q \operatorname{diag}(\lambda)\, Q^\top = x + x^\top",
        gradient=r"\bar{x} = \bar{z} + \bar{z}^\top",
        vjp=_twice,
        inputs={"x": normal},
        shapes=SHAPES,
        special=POINTS,
        defects=_defects("equal", "zeros"),
    ),
    VJP(
        "torch.linalg.svd",
        "(lambda u, s, vh: u @ vh)(*torch.linalg.svd(x))",
        variant="U Vh",
        formula=r"z = U V^\top \quad \text{the orthogonal matrix nearest to } x",
        gradient=r"\bar{x} = U\, T\, V^\top, \quad T_{ij} = \frac{B_{ij} - B_{ji}}{\sigma_i + \sigma_j}, \quad"
        r" B = U^\top \bar{z}\, V",
        vjp=_orthogonal,
        inputs={"x": normal},
        shapes=SHAPES,
        special=TURNED,
        defects=_defects("equal"),
    ),
]
