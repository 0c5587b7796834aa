"""Standard deviation, variance, covariance, correlation: lengths and angles of what is left without the mean."""

import torch

from livedocs.declare import INF, NAN, VJP, Defect, at, normal


def _var(correction):
    def vjp(v, x):
        return (v * 2 * (x - x.mean()) / (x.numel() - correction),)

    return vjp


def _std(correction):
    def vjp(v, x):
        d = x - x.mean()
        size = ((d * d).sum() / (x.numel() - correction)).sqrt()
        return (v * d / (size * (x.numel() - correction)),)

    return vjp


def _cov(v, x):
    return ((v + v.mT) @ (x - x.mean(-1, keepdim=True)) / (x.shape[-1] - 1),)


def _corrcoef(v, x):
    d = x - x.mean(-1, keepdim=True)
    size = torch.linalg.vector_norm(d, dim=-1, keepdim=True)
    unit = d / size
    back = (v + v.mT) @ unit
    return ((back - unit * (unit * back).sum(-1, keepdim=True)) / size,)


VECTORS = {
    "constant": at("[2., 2., 2.]"),
    "constant, two entries": at("[2., 2.]"),
    "inf": at(f"[{INF}, 1.]"),
    "NaN": at(f"[{NAN}, 1.]"),
}
ROWS = {
    "one row constant": at("[[1., 2., 4.], [2., 2., 2.]]"),
    "parallel rows": at("[[1., 2., 4.], [2., 4., 8.]]"),
}
SHAPES = [{"x": (5,)}, {"x": (2,)}, {"x": (2, 3)}]
MEAN = r"\mu = \frac1n \sum_i x_i"
VAR = rf"\sigma^2 = \frac{{1}}{{n - c}} \sum_i (x_i - \mu)^2, \quad {MEAN}"
VAR_SLOPE = r"\bar{x}_i = \frac{2\, \bar{v}}{n - c} (x_i - \mu), \quad v = \sigma^2"
STD_SLOPE = r"\bar{x}_i = \frac{\bar{\sigma}}{n - c}\, \frac{x_i - \mu}{\sigma}, \quad 0 \text{ where } \sigma = 0"


def _spread(function, call, variant="", *, root=True, correction=1, special=VECTORS, **rest):
    return VJP(
        f"torch.{function}",
        f"torch.{function}({call}",
        variant=variant,
        formula=VAR + rf", \quad c = {correction}",
        gradient=STD_SLOPE if root else VAR_SLOPE,
        vjp=(_std if root else _var)(correction),
        inputs={"x": normal},
        shapes=SHAPES,
        special=special,
        **rest,
    )


RULES = [
    _spread("std", "x)", also=("torch.Tensor.std",)),
    _spread("std", "x, correction=0)", "correction=0", correction=0, special=VECTORS | {"one entry": at("[2.]")}),
    _spread(
        "std",
        "x, correction=1)",
        "mean that is rounded",
        special={"0.1, three times": at("[0.1, 0.1, 0.1]")},
        excluded={"float32": "there the mean of three times 0.1 is exact"},
        defects=(
            Defect(
                "0.1, three times",
                "The mean is rounded, so that all entries lie on one side of it. The gradient is the direction of that"
                " error; its entries add up to -1.2, and those of a subgradient to 0.",
                {"gradient": {"x": [-0.4082482904638631] * 3}},
            ),
        ),
    ),
    _spread("var", "x)", root=False, also=("torch.Tensor.var",)),
    _spread("std_mean", "x)[0]"),
    _spread("var_mean", "x)[0]", root=False),
    VJP(
        "torch.cov",
        "torch.cov(x)",
        formula=r"C = \texttt{cov}(x) = \frac{1}{n - 1} (x - \mu)(x - \mu)^\top,"
        r" \quad \mu \text{ the means of the rows}",
        gradient=r"\bar{x} = \frac{1}{n - 1} (\bar{C} + \bar{C}^\top)(x - \mu)",
        vjp=_cov,
        inputs={"x": normal},
        shapes=[{"x": (3, 5)}, {"x": (4, 4)}, {"x": (2, 2)}],
        special=ROWS,
    ),
    VJP(
        "torch.corrcoef",
        "torch.corrcoef(x)",
        formula=r"R = \texttt{corrcoef}(x) = u u^\top, \quad u_k = \frac{x_k - \mu_k}{\lVert x_k - \mu_k \rVert}",
        gradient=r"\bar{x}_k = \frac{\bar{u}_k - u_k (u_k \cdot \bar{u}_k)}{\lVert x_k - \mu_k \rVert},"
        r" \quad \bar{u} = (\bar{R} + \bar{R}^\top) u",
        vjp=_corrcoef,
        inputs={"x": normal},
        shapes=[{"x": (3, 5)}, {"x": (2, 4)}, {"x": (4, 7)}],
        special=ROWS,
    ),
]
