"""Distances: of two points, of rows, of each row to each."""

import torch

from livedocs.declare import INF, NAN, VJP, Defect, at, normal

FORWARD = {"forward": "not implemented", "gradgradcheck": "not implemented before 2.14"}


def _slope(d, p):
    """The gradient of the p-norm of the last dimension of ``d``, 0 where it is 0."""
    if p == torch.inf:
        return d.sign() * (d.abs() == d.abs().amax(-1, keepdim=True))
    size = torch.linalg.vector_norm(d, p, -1, keepdim=True)
    return (d.sign() * (d.abs() / size) ** (p - 1)).nan_to_num(0.0)


def _cdist(p):
    def vjp(v, x, y):
        g = v.unsqueeze(-1) * _slope(x.unsqueeze(-2) - y.unsqueeze(-3), p)
        return g.sum(-2), -g.sum(-3)

    return vjp


def _pdist(p):
    def vjp(v, x):
        i, j = torch.triu_indices(len(x), len(x), 1)
        g = v.unsqueeze(-1) * _slope(x[i] - x[j], p)
        return (torch.zeros_like(x).index_add(0, i, g).index_add(0, j, -g),)

    return vjp


def _rows(eps):
    def vjp(v, x, y):
        g = v.unsqueeze(-1) * _slope(x - y + eps, 2)
        return g, -g

    return vjp


def _dist(v, x, y):
    g = v * _slope((x - y).flatten(), 2).view(x.shape)
    return g, -g


EQUAL = {
    "equal points": at(x="[[1., 2.]]", y="[[1., 2.]]"),
    "equal, one entry": at(x="[[1.]]", y="[[1.]]"),
}
TIE = {"tie": at(x="[[3., 3.]]", y="[[0., 0.]]")}
ODD = {
    "inf": at(x=f"[[{INF}, 2.]]", y="[[1., 2.]]"),
    "NaN": at(x=f"[[{NAN}, 2.]]", y="[[1., 2.]]"),
}
SUM = r"\bar{x}_n = \sum_m \bar{d}_{nm}\, \nabla \lVert x_n - y_m \rVert_p"


def _matrix(order, p, variant, gradient, special, defects=()):
    return VJP(
        "torch.cdist",
        f"torch.cdist(x, y{order})",
        variant=variant,
        formula=r"d_{nm} = \texttt{cdist}(x, y)_{nm} = \lVert x_n - y_m \rVert_p",
        gradient=SUM + rf", \quad {gradient} \qquad \bar{{y}} \text{{ likewise, with the other sign}}",
        vjp=_cdist(p),
        inputs={"x": normal, "y": normal},
        shapes=[{"x": (3, 2), "y": (4, 2)}, {"x": (1, 5), "y": (1, 5)}, {"x": (2, 3, 2), "y": (2, 2, 2)}],
        special=special,
        excluded=FORWARD,
        defects=defects,
    )


def _tied(gradient):
    return (
        Defect(
            "tie",
            "Each of the equal largest differences gets the whole gradient. The subgradients have the sum 1;"
            " vector_norm and dist give one half to each.",
            {"gradient": gradient},
        ),
    )


def _condensed(order, p, variant, gradient, special, defects=()):
    return VJP(
        "torch.nn.functional.pdist",
        f"torch.nn.functional.pdist(x{order})",
        variant=variant,
        formula=r"d_{ij} = \texttt{pdist}(x)_{ij} = \lVert x_i - x_j \rVert_p, \quad i < j",
        gradient=r"\bar{x}_i = \sum_{j \ne i} \bar{d}_{ij}\, \nabla \lVert x_i - x_j \rVert_p,"
        rf" \quad {gradient}",
        vjp=_pdist(p),
        inputs={"x": normal},
        shapes=[{"x": (3, 2)}, {"x": (2, 5)}, {"x": (6, 3)}],
        special=special,
        excluded=FORWARD,
        also=("torch.pdist",),
        defects=defects,
    )


PAIRS = [{"x": (5,), "y": (5,)}, {"x": (3, 2), "y": (3, 2)}, {"x": (2, 3, 4), "y": (2, 3, 4)}]
TWO = r"\nabla \lVert d \rVert_2 = d / \lVert d \rVert_2, \quad 0 \text{ at } 0"
LARGEST = (
    r"\nabla \lVert d \rVert_\infty = \operatorname{sgn}(d_i)\,"
    r" [\, \lvert d_i \rvert = \lVert d \rVert_\infty \,]"
)
RULES = [
    _matrix("", 2, "", TWO, EQUAL | ODD),
    _matrix(", p=1", 1, "p=1", r"\nabla \lVert d \rVert_1 = \operatorname{sgn}(d)", EQUAL | TIE),
    _matrix(f", p={INF}", torch.inf, "p=inf", LARGEST, EQUAL | TIE, _tied({"x": [[1.0, 1.0]], "y": [[-1.0, -1.0]]})),
    _condensed("", 2, "", TWO, {"equal points": at(x="[[1., 2.], [1., 2.]]"), "one point": at(x="[[1., 2.]]")}),
    _condensed(
        f", {INF}",
        torch.inf,
        "p=inf",
        LARGEST,
        {"tie": at(x="[[3., 3.], [0., 0.]]")},
        _tied({"x": [[1.0, 1.0], [-1.0, -1.0]]}),
    ),
    VJP(
        "torch.nn.functional.pairwise_distance",
        "torch.nn.functional.pairwise_distance(x, y)",
        formula=r"d_n = \texttt{pairwise\_distance}(x, y)_n = \lVert x_n - y_n + \varepsilon \rVert_2,"
        r" \quad \varepsilon = 10^{-6}",
        gradient=r"\bar{x}_n = \bar{d}_n\, \frac{x_n - y_n + \varepsilon}{d_n} \qquad \bar{y} = -\bar{x}",
        vjp=_rows(1e-6),
        inputs={"x": normal, "y": normal},
        shapes=PAIRS,
        special=ODD,
        also=("torch.pairwise_distance",),
    ),
    VJP(
        "torch.nn.functional.pairwise_distance",
        "torch.nn.functional.pairwise_distance(x, y, eps=0.1)",
        variant="eps=0.1",
        formula=r"d_n = \lVert x_n - y_n + \varepsilon \rVert_2, \quad \varepsilon = 0.1",
        gradient=r"\bar{x}_n = \frac{\bar{d}_n}{\sqrt{D}} (1, \dots, 1) \quad \text{where } x_n = y_n",
        vjp=_rows(0.1),
        inputs={"x": normal, "y": normal},
        shapes=PAIRS,
        special=EQUAL,
    ),
    VJP(
        "torch.nn.functional.pairwise_distance",
        "torch.nn.functional.pairwise_distance(x, y, eps=0)",
        variant="eps=0",
        formula=r"d_n = \lVert x_n - y_n \rVert_2",
        gradient=r"\bar{x}_n = \bar{d}_n\, \frac{x_n - y_n}{d_n}, \quad 0 \text{ where } d_n = 0",
        vjp=_rows(0.0),
        inputs={"x": normal, "y": normal},
        shapes=PAIRS,
        special=EQUAL,
    ),
    VJP(
        "torch.dist",
        "torch.dist(x, y)",
        formula=r"d = \texttt{dist}(x, y) = \lVert x - y \rVert_2 \quad \text{over all entries}",
        gradient=r"\bar{x} = \bar{d}\, \frac{x - y}{d}, \quad 0 \text{ where } d = 0 \qquad \bar{y} = -\bar{x}",
        vjp=_dist,
        inputs={"x": normal, "y": normal},
        shapes=[{"x": (5,), "y": (5,)}, {"x": (2, 3), "y": (2, 3)}, {"x": (7,), "y": (7,)}],
        special=EQUAL | ODD,
    ),
]
