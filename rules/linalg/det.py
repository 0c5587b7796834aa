"""Determinants, inverses, linear systems and the Cholesky factor: what fails at a singular matrix."""

import warnings

import torch

from livedocs.declare import VJP, Defect, normal


def _cofactors(x):
    """The determinants of the minors, with their signs."""
    n = len(x)
    out = torch.ones_like(x)
    for i in range(n):
        for j in range(n):
            rows, columns = ([k for k in range(n) if k != left_out] for left_out in (i, j))
            out[i, j] = (-1) ** (i + j) * torch.linalg.det(x[rows][:, columns])
    return out


def _det(v, x):
    return (v * _cofactors(x),)


def _log(v, x):
    return (v * torch.linalg.inv(x).mT,)


def _inv(v, x):
    z = torch.linalg.inv(x)
    return (-z.mT @ v @ z.mT,)


def _pinv(v, x):
    """Golub and Pereyra (1973), for a matrix whose rank does not change."""
    z = torch.linalg.pinv(x)
    left, right = torch.eye(len(x), dtype=x.dtype) - x @ z, torch.eye(len(z), dtype=x.dtype) - z @ x
    return (-z.mT @ v @ z.mT + left @ v.mT @ z @ z.mT + z.mT @ z @ v.mT @ right,)


def _solve(v, x, y):
    dy = torch.linalg.solve(x.mT, v)
    return -dy @ torch.linalg.solve(x, y).mT, dy


def _cholesky(v, x):
    factor = torch.linalg.cholesky(x + x.mT)
    inside = (factor.mT @ v).tril()
    inside = inside - inside.diagonal().diag() / 2
    half = torch.linalg.solve_triangular(factor.mT, inside, upper=True)
    both = torch.linalg.solve_triangular(factor, half, upper=False, left=False)
    return (both + both.mT,)


def _old_cholesky() -> tuple[str, ...]:
    """The older names of the Cholesky factor, in a release that has not removed what they do."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            torch.cholesky(torch.eye(1))
        except RuntimeError:
            return ()
    return ("torch.cholesky", "torch.Tensor.cholesky")


def _positive(generator, shape):
    """Half of a positive definite matrix, and a part that x + xᵀ takes out again."""
    x = torch.randn(shape, generator=generator, dtype=torch.float64)
    return (x @ x.mT + torch.eye(len(x), dtype=torch.float64)) / 2 + x - x.mT


def _at(rows: str) -> dict[str, str]:
    return {"x": f"torch.tensor([{rows}], dtype=torch.float64)"}


def _system(rows: str) -> dict[str, str]:
    return _at(rows) | {"y": "torch.tensor([[1.], [1.]], dtype=torch.float64)"}


SHAPES = [{"x": shape} for shape in ((2, 2), (3, 3), (4, 4))]
REGULAR = {"regular": _at("[2., 0.], [0., 4.]")}
SINGULAR = REGULAR | {"singular": _at("[1., 2.], [2., 4.]"), "zeros": _at("[0., 0.], [0., 0.]")}
NEGATIVE = REGULAR | {"negative": _at("[2., 0.], [0., -4.]"), "singular": _at("[2., 0.], [0., 0.]")}
LOST = "The cofactors are [[4, -2], [-2, 1]]; the backward pass without create_graph=True returns 0."

RULES = [
    VJP(
        "torch.linalg.det",
        "torch.linalg.det(x)",
        formula=r"z = \det x",
        gradient=r"\bar{x}_{ij} = \bar{z}\, (-1)^{i+j} \det x_{\text{without row } i, \text{ column } j}",
        vjp=_det,
        inputs={"x": normal},
        shapes=[*SHAPES, {"x": (1, 1)}],
        special=SINGULAR,
        also=("torch.det", "torch.Tensor.det"),
        defects=(
            Defect(
                "singular",
                LOST,
                {"gradient": {"x": [[0.0, 0.0], [0.0, 0.0]]}},
                reported="https://github.com/pytorch/pytorch/issues/104675",
            ),
        ),
    ),
    VJP(
        "torch.linalg.slogdet",
        "torch.linalg.slogdet(x)[1]",
        formula=r"z = \log \lvert \det x \rvert",
        gradient=r"\bar{x} = \bar{z}\, x^{-\top}",
        vjp=_log,
        inputs={"x": normal},
        shapes=SHAPES,
        special=NEGATIVE,
        also=("torch.slogdet", "torch.Tensor.slogdet"),
    ),
    VJP(
        "torch.logdet",
        "torch.logdet(x + x.mT)",
        formula=r"z = \log \det (x + x^\top)",
        gradient=r"\bar{x} = 2\, \bar{z}\, (x + x^\top)^{-1}",
        vjp=lambda v, x: (2 * v * torch.linalg.inv(x + x.mT),),
        inputs={"x": _positive},
        shapes=SHAPES,
        special=NEGATIVE,
        also=("torch.Tensor.logdet",),
    ),
    VJP(
        "torch.linalg.inv",
        "torch.linalg.inv(x)",
        formula=r"z = x^{-1}",
        gradient=r"\bar{x} = -z^\top\, \bar{z}\, z^\top",
        vjp=_inv,
        inputs={"x": normal},
        shapes=SHAPES,
        special=REGULAR | {"nearly singular": _at("[1., 0.], [0., 1e-3]")},
        also=("torch.inverse", "torch.Tensor.inverse"),
    ),
    VJP(
        "torch.linalg.pinv",
        "torch.linalg.pinv(x)",
        formula=r"z = x^{+}",
        gradient=r"\bar{x} = -z^\top \bar{z} z^\top + (1 - x z)\, \bar{z}^\top z z^\top"
        r" + z^\top z\, \bar{z}^\top (1 - z x)",
        vjp=_pinv,
        inputs={"x": normal},
        shapes=[*SHAPES, {"x": (2, 4)}, {"x": (4, 2)}],
        special=REGULAR,
        also=("torch.pinverse", "torch.Tensor.pinverse"),
    ),
    VJP(
        "torch.linalg.solve",
        "torch.linalg.solve(x, y)",
        formula=r"z = x^{-1} y",
        gradient=r"\bar{y} = x^{-\top} \bar{z}, \quad \bar{x} = -\bar{y}\, z^\top",
        vjp=_solve,
        inputs={"x": normal, "y": normal},
        shapes=[{"x": (n, n), "y": (n, k)} for n, k in ((2, 1), (3, 2), (4, 4))],
        special={"regular": _system("[2., 0.], [0., 4.]"), "nearly singular": _system("[1., 0.], [0., 1e-3]")},
    ),
    VJP(
        "torch.linalg.cholesky",
        "torch.linalg.cholesky(x + x.mT)",
        formula=r"L L^\top = x + x^\top",
        gradient=r"\bar{x} = S + S^\top, \quad S = L^{-\top}\, T\, L^{-1},"
        r" \quad T = \text{the lower half of } L^\top \bar{L}, \text{ its diagonal halved}",
        vjp=_cholesky,
        inputs={"x": _positive},
        shapes=SHAPES,
        special={"regular": _at("[2., 0.], [1., 4.]")},
        also=_old_cholesky(),
    ),
]
