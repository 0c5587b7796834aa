"""Random functions, their draw fixed by a seed: what backward does where a sample is no function of its inputs."""

import torch
from torch.nn.functional import alpha_dropout, dropout

from livedocs.declare import VJP, Defect, at, normal, same_shapes, uniform

OTHER_DRAW = {"float32": "Numbers of another type are drawn differently from the same seed."}
FOUR = {"four numbers": {"x": "torch.tensor([1., 2., 3., 4.], dtype=torch.float64)"}}
VECTORS = [{"x": (5,)}, {"x": (3,)}, {"x": (2, 3)}]
Z = torch.randn((), generator=torch.Generator().manual_seed(0), dtype=torch.float64).item()


def _seeded(call):
    return f"(torch.manual_seed(0), {call})[1]"


def _zero(v, x):
    return (torch.zeros_like(x),)


def _affine(function):
    """The slope of a function of x that is affine once the seed is fixed."""

    def vjp(v, x):
        torch.manual_seed(0)
        one = function(torch.ones_like(x), 0.5)
        torch.manual_seed(0)
        return (v * (one - function(torch.zeros_like(x), 0.5)),)

    return vjp


def _promise(point):
    what = "Rule six of the autograd note promises an error in the backward pass. There is none: the gradient is 0."
    report = "https://github.com/pytorch/pytorch/issues/4159"
    return (Defect(point, what, measured={"gradient": {"x": 0.0}}, reported=report),)


RULES = [
    VJP(
        "torch.nn.functional.dropout",
        _seeded("torch.nn.functional.dropout(x, 0.5)"),
        formula=r"y_i = \texttt{dropout}(x, p)_i = \frac{m_i\,x_i}{1 - p}, \quad m_i \in \{0, 1\}",
        gradient=r"\bar{x}_i = \frac{m_i\,\bar{y}_i}{1 - p}",
        vjp=_affine(dropout),
        inputs={"x": normal},
        shapes=VECTORS,
        special=FOUR,
        also=("torch.dropout", "torch.nn.Dropout"),
        excluded=OTHER_DRAW,
        random=True,
    ),
    VJP(
        "torch.nn.functional.alpha_dropout",
        _seeded("torch.nn.functional.alpha_dropout(x, 0.5, True)"),
        formula=r"y_i = \texttt{alpha\_dropout}(x, p)_i = a\,(m_i\,x_i + (1 - m_i)\,\alpha') + b",
        gradient=r"\bar{x}_i = a\,m_i\,\bar{y}_i",
        vjp=_affine(lambda x, p: alpha_dropout(x, p, True)),
        inputs={"x": normal},
        shapes=VECTORS,
        special=FOUR,
        also=("torch.alpha_dropout", "torch.nn.AlphaDropout"),
        excluded=OTHER_DRAW,
        random=True,
    ),
    VJP(
        "torch.bernoulli",
        _seeded("torch.bernoulli(x)"),
        formula=r"P(\texttt{bernoulli}(x)_i = 1) = x_i",
        gradient=r"\bar{x} = 0",
        vjp=_zero,
        inputs={"x": uniform(0.1, 0.9)},
        shapes=VECTORS,
        special={"probability 0.3": at("0.3")},
        also=("torch.Tensor.bernoulli",),
        defects=_promise("probability 0.3"),
        excluded=OTHER_DRAW,
        random=True,
    ),
    VJP(
        "torch.poisson",
        _seeded("torch.poisson(x)"),
        formula=r"P(\texttt{poisson}(x)_i = k) = x_i^k\,e^{-x_i} / k!",
        gradient=r"\bar{x} = 0",
        vjp=_zero,
        inputs={"x": uniform(0.5, 5.0)},
        shapes=VECTORS,
        special={"rate 2": at("2.")},
        defects=_promise("rate 2"),
        excluded=OTHER_DRAW,
        random=True,
    ),
    VJP(
        "torch.normal",
        _seeded("torch.normal(x, y)"),
        formula=r"s_i = \texttt{normal}(x, y)_i = x_i + y_i z_i, \quad z_i \sim N(0, 1)",
        gradient=r"\bar{x} = 0 \qquad \bar{y} = 0",
        vjp=lambda v, x, y: (torch.zeros_like(x), torch.zeros_like(y)),
        inputs={"x": normal, "y": uniform(0.5, 2.0)},
        shapes=same_shapes("x", "y"),
        special={"mean 1, std 2": {**at("1."), "y": "torch.tensor(2., dtype=torch.float64)"}},
        active={"mean 1, std 2": [[1.0, Z]]},
        defects=(
            Defect(
                "mean 1, std 2",
                "Rule six of the autograd note promises an error in the backward pass. There is none: both gradients"
                " are 0, while the sample, its seed fixed, moves with slope 1 in the mean and z in the deviation.",
                measured={"gradient": {"x": 0.0, "y": 0.0}, "forward": {"x": 0.0, "y": 0.0}},
                reported="https://github.com/pytorch/pytorch/issues/4159",
            ),
        ),
        excluded={**OTHER_DRAW, "gradcheck": "Finite differences see the slopes 1 and z; autograd says 0."},
        random=True,
    ),
    VJP(
        "torch.binomial",
        _seeded("torch.binomial(x, y)"),
        formula=r"P(\texttt{binomial}(x, y)_i = k) = \tbinom{x_i}{k}\,y_i^k\,(1 - y_i)^{x_i - k}",
        gradient=r"\bar{x},\ \bar{y}\ \text{are not implemented}",
        inputs={"x": uniform(3.0, 9.0), "y": uniform(0.1, 0.9)},
        special={"10 trials": {**at("10."), "y": "torch.tensor(0.5, dtype=torch.float64)"}},
        random=True,
        excluded={"shapes": "Its output requires grad, but there is no derivative that could be compared."},
    ),
    VJP(
        "torch.multinomial",
        _seeded("torch.multinomial(x, 2)"),
        formula=r"P(\texttt{multinomial}(x, n)_1 = k) = x_k / \textstyle\sum_j x_j",
        gradient=r"\bar{x}\ \text{does not exist: the output does not require grad}",
        inputs={"x": uniform(0.1, 1.0)},
        shapes=VECTORS,
        special={"three weights": {"x": "torch.tensor([1., 2., 3.], dtype=torch.float64)"}},
        also=("torch.Tensor.multinomial",),
        random=True,
    ),
]
