"""Norms of other orders: powers below 1, sums, largest and smallest entries, singular values."""

import torch

from livedocs.declare import INF, NAN, VJP, Defect, Plane, at, normal


def _power(p):
    def vjp(v, x):
        size = (x.abs() ** p).sum() ** (1 / p)
        return (v * x.sign() * (x.abs() / size) ** (p - 1),)

    return vjp


def _extreme(pick):
    def vjp(v, x):
        ties = (x.abs() == pick(x.abs())).to(x.dtype)
        return (v * x.sign() * ties / ties.sum(),)

    return vjp


def _singular(weigh):
    def vjp(v, x):
        u, s, vh = torch.linalg.svd(x, full_matrices=False)
        return (v * (u * weigh(s)) @ vh,)

    return vjp


def _lines(dim, pick):
    def vjp(v, x):
        sums = x.abs().sum(dim, keepdim=True)
        return (v * x.sign() * (sums == pick(sums)),)

    return vjp


VECTORS = {
    "zero, one entry": at("[0.]"),
    "zero vector": at("[0., 0.]"),
    "one entry zero": at("[3., 0.]"),
    "tie": at("[3., -3.]"),
    "NaN": at(f"[{NAN}, 1.]"),
}
MATRICES = {
    "zero, one entry": at("[[0.]]"),
    "identity": at("[[1., 0.], [0., 1.]]"),
    "diagonal 2, 1": at("[[2., 0.], [0., 1.]]"),
    "rank 1": at("[[2., 0.], [0., 0.]]"),
}
SLOPE = r"\bar{x}_i = \bar{\ell}\, \operatorname{sgn}(x_i) \Bigl( \frac{\lvert x_i \rvert}{\ell} \Bigr)^{p-1}"
SHARED = r"\bar{x}_i = \frac{\bar{\ell}}{k} \operatorname{sgn}(x_i)\, [\, \lvert x_i \rvert = \ell \,]"


def _vector(order: str, formula: str, gradient: str, vjp, **rest):
    return VJP(
        "torch.linalg.vector_norm",
        f"torch.linalg.vector_norm(x, {order})",
        variant=f"ord={order.replace(INF, 'inf').replace('-', 'minus ')}",
        formula=formula,
        gradient=gradient,
        vjp=vjp,
        inputs={"x": normal},
        shapes=[{"x": (5,)}, {"x": (3,)}, {"x": (2, 3)}],
        **({"special": VECTORS} | rest),
    )


def _matrix(order: str, formula: str, gradient: str, vjp, **rest):
    return VJP(
        "torch.linalg.matrix_norm",
        f"torch.linalg.matrix_norm(x, {order})",
        variant=f"ord={order.replace(INF, 'inf').strip(chr(39)).replace('-', 'minus ')}",
        formula=formula,
        gradient=gradient,
        vjp=vjp,
        inputs={"x": normal},
        shapes=[{"x": (2, 3)}, {"x": (3, 3)}, {"x": (4, 2)}],
        special=MATRICES,
        **rest,
    )


def _sigma(what: str) -> str:
    return rf"\ell = {what} \quad \text{{of }} x = U \operatorname{{diag}}(\sigma) V^\top"


RULES = [
    _vector(
        "0",
        r"\ell = \lvert \{ i : x_i \ne 0 \} \rvert",
        r"\bar{x}_i = 0, \text{ returned as None}",
        lambda v, x: (torch.zeros_like(x),),
        excluded={
            "gradcheck": "there is no gradient to check",
            "forward": "there is no gradient to compare",
        },
    ),
    _vector(
        "0.5",
        r"\ell = \Bigl( \sum_i \lvert x_i \rvert^{1/2} \Bigr)^2",
        SLOPE,
        _power(0.5),
        defects=(
            Defect(
                "one entry zero",
                "The slope of the entry that is 0 is infinite to the right, and minus infinite to the left."
                " PyTorch gives 0, in both modes.",
                {"gradient": {"x": [1.0, 0.0]}, "forward": {"x": [1.0, 0.0]}},
            ),
        ),
    ),
    _vector(
        "1",
        r"\ell = \sum_i \lvert x_i \rvert",
        r"\bar{x}_i = \bar{\ell}\, \operatorname{sgn}(x_i)",
        _power(1),
        plane=Plane("zero vector"),
    ),
    _vector("3", r"\ell = \Bigl( \sum_i \lvert x_i \rvert^3 \Bigr)^{1/3}", SLOPE, _power(3)),
    _vector(
        INF,
        r"\ell = \max_i \lvert x_i \rvert",
        SHARED,
        _extreme(torch.max),
        plane=Plane("tie"),
    ),
    _vector("-" + INF, r"\ell = \min_i \lvert x_i \rvert", SHARED, _extreme(torch.min)),
    _matrix("'nuc'", _sigma(r"\sum_i \sigma_i"), r"\bar{x} = \bar{\ell}\, U V^\top", _singular(torch.ones_like)),
    _matrix(
        "2",
        _sigma(r"\max_i \sigma_i"),
        r"\bar{x} = \frac{\bar{\ell}}{k} \sum_{i : \sigma_i = \ell} u_i v_i^\top",
        _singular(lambda s: (s == s.max()).to(s.dtype)),
    ),
    _matrix(
        "-2",
        _sigma(r"\min_i \sigma_i"),
        r"\bar{x} = \frac{\bar{\ell}}{k} \sum_{i : \sigma_i = \ell} u_i v_i^\top",
        _singular(lambda s: (s == s.min()).to(s.dtype)),
    ),
    _matrix(
        "1",
        r"\ell = \max_j \sum_i \lvert x_{ij} \rvert",
        r"\bar{x}_{ij} = \frac{\bar{\ell}}{k} \operatorname{sgn}(x_{ij}) \text{ in the } k \text{ largest columns}",
        _lines(0, torch.max),
    ),
    _matrix(
        INF,
        r"\ell = \max_i \sum_j \lvert x_{ij} \rvert",
        r"\bar{x}_{ij} = \frac{\bar{\ell}}{k} \operatorname{sgn}(x_{ij}) \text{ in the } k \text{ largest rows}",
        _lines(1, torch.max),
    ),
]
