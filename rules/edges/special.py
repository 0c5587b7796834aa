"""Error functions, the normal distribution and the gamma family, at their poles and far out."""

import math

import torch
from sympy import Rational, erf, erfc, erfinv, exp, pi, sqrt

from livedocs.declare import INF, MINUS_INF, NAN, VJP, Defect, Piece, Pieces, at, oo, uniform, x

HALF = Rational(1, 2)
SHAPES = [{"x": ()}, {"x": (5,)}, {"x": (2, 3)}]
EULER = 0.5772156649015329
ZETA_3 = 1.2020569031595942
NO_FORWARD = {"forward": "PyTorch has not implemented forward mode for it"}


def _log_ndtr(v, x):
    return (v * torch.exp(-x * x / 2 - torch.special.log_ndtr(x)) / math.sqrt(2 * math.pi),)


RULES = [
    Pieces(
        "torch.erfinv",
        "torch.erfinv(x)",
        pieces=[Piece(erfinv(x), -1, 1, derivative=sqrt(pi) / 2 * exp(erfinv(x) ** 2))],
        points=("0.0", "1.1", NAN),
        span=(-1.0, 1.0),
        also=("torch.special.erfinv", "torch.Tensor.erfinv"),
    ),
    Pieces(
        "torch.special.ndtri",
        "torch.special.ndtri(x)",
        pieces=[Piece(sqrt(2) * erfinv(2 * x - 1), 0, 1, derivative=sqrt(2 * pi) * exp(erfinv(2 * x - 1) ** 2))],
        points=("0.5", "1.1", NAN),
        span=(0.0, 1.0),
    ),
    Pieces(
        "torch.erf",
        "torch.erf(x)",
        pieces=[Piece(erf(x), -oo, oo)],
        points=("0.0", INF, MINUS_INF, NAN),
        also=("torch.special.erf", "torch.Tensor.erf"),
    ),
    Pieces(
        "torch.erfc",
        "torch.erfc(x)",
        pieces=[Piece(erfc(x), -oo, oo)],
        points=("0.0", INF, MINUS_INF, NAN),
        also=("torch.special.erfc", "torch.Tensor.erfc"),
    ),
    Pieces(
        "torch.special.erfcx",
        "torch.special.erfcx(x)",
        pieces=[Piece(exp(x**2) * erfc(x), -oo, oo)],
        points=("0.0", INF, MINUS_INF, NAN),
        span=(-2.0, 4.0),
        defects=(
            Defect(
                "x = inf",
                "The slope tends to 0. The formula subtracts two equal numbers, and computes inf times 0 on the way.",
                {"gradient": {"x": math.nan}, "forward": {"x": math.nan}},
            ),
        ),
    ),
    Pieces(
        "torch.special.ndtr",
        "torch.special.ndtr(x)",
        pieces=[Piece(HALF + erf(x / sqrt(2)) / 2, -oo, oo, derivative=exp(-(x**2) / 2) / sqrt(2 * pi))],
        points=("0.0", INF, MINUS_INF, NAN),
    ),
    VJP(
        "torch.special.log_ndtr",
        "torch.special.log_ndtr(x)",
        formula=r"y = \texttt{log\_ndtr}(x) = \log \Phi(x), \quad \Phi(x) = \frac{1}{\sqrt{2\pi}} \int_{-\infty}^{x}"
        r" e^{-t^2/2}\, dt",
        gradient=r"\bar{x} = \bar{y}\, \frac{1}{\sqrt{2\pi}}\, e^{-x^2/2 - y}",
        vjp=_log_ndtr,
        inputs={"x": uniform(-6.0, 4.0)},
        shapes=SHAPES,
        special={"x = 0": at("0."), "x = -inf": at(MINUS_INF)},
        defects=(
            Defect(
                "x = -inf",
                "The slope tends to inf. The formula computes −inf + inf.",
                {"gradient": {"x": math.nan}, "forward": {"x": math.nan}},
            ),
        ),
    ),
    VJP(
        "torch.lgamma",
        "torch.lgamma(x)",
        formula=r"y = \texttt{lgamma}(x) = \log \lvert \Gamma(x) \rvert",
        gradient=r"\bar{x} = \bar{y}\, \psi(x)",
        vjp=lambda v, x: (v * torch.digamma(x),),
        inputs={"x": uniform(0.2, 5.0)},
        shapes=SHAPES,
        special={
            "x = 1": at("1."),
            "pole at 0": at("0."),
            "pole at -0.0": at("-0."),
            "pole at -1": at("-1."),
        },
        also=("torch.special.gammaln", "torch.Tensor.lgamma"),
        defects=(
            Defect(
                "pole at -1",
                "The slope is inf on the left and −inf on the right. PyTorch returns NaN, which is neither.",
                {"gradient": {"x": math.nan}, "forward": {"x": math.nan}},
            ),
        ),
    ),
    VJP(
        "torch.digamma",
        "torch.digamma(x)",
        formula=r"y = \texttt{digamma}(x) = \psi(x) = \frac{\Gamma'(x)}{\Gamma(x)}",
        gradient=r"\bar{x} = \bar{y}\, \psi^{(1)}(x)",
        vjp=lambda v, x: (v * torch.polygamma(1, x),),
        inputs={"x": uniform(0.2, 5.0)},
        shapes=SHAPES,
        special={"x = 1": at("1."), "pole at 0": at("0."), "pole at -0.0": at("-0.")},
        also=("torch.special.digamma", "torch.special.psi", "torch.Tensor.digamma"),
    ),
    VJP(
        "torch.polygamma",
        "torch.polygamma(1, x)",
        formula=r"y = \texttt{polygamma}(n, x) = \psi^{(n)}(x), \quad n = 1",
        gradient=r"\bar{x} = \bar{y}\, \psi^{(n + 1)}(x)",
        vjp=lambda v, x: (v * torch.polygamma(2, x),),
        inputs={"x": uniform(0.2, 5.0)},
        shapes=SHAPES,
        special={"x = 1": at("1."), "pole at 0": at("0.")},
        active={"x = 1": [[-2 * ZETA_3]]},
        also=("torch.special.polygamma", "torch.Tensor.polygamma"),
    ),
    VJP(
        "torch.special.multigammaln",
        "torch.special.multigammaln(x, 2)",
        formula=r"y = \texttt{multigammaln}(x, p) = \frac{p(p - 1)}{4} \log \pi + \sum_{j=0}^{p-1}"
        r" \log \lvert \Gamma(x - \tfrac{j}{2}) \rvert",
        gradient=r"\bar{x} = \bar{y} \sum_{j=0}^{p-1} \psi(x - \tfrac{j}{2})",
        vjp=lambda v, x: (v * (torch.digamma(x) + torch.digamma(x - 0.5)),),
        inputs={"x": uniform(0.7, 5.0)},
        shapes=SHAPES,
        special={"x = 1": at("1."), "pole at 1/2": at("0.5"), "x = 1/4, below the domain": at("0.25")},
        active={
            "x = 1": [[-2 * EULER - 2 * math.log(2)]],
            "x = 1/4, below the domain": [[4 - 2 * EULER - 6 * math.log(2)]],
        },
        also=("torch.mvlgamma", "torch.Tensor.mvlgamma"),
    ),
    VJP(
        "torch.special.zeta",
        "torch.special.zeta(s, x)",
        formula=r"y = \texttt{zeta}(s, x) = \sum_{k=0}^{\infty} \frac{1}{(k + x)^s}, \quad s = 2",
        gradient=r"\bar{x} = -s\, \bar{y}\, \texttt{zeta}(s + 1, x)",
        vjp=lambda v, x: (-2 * v * torch.special.zeta(3.0, x),),
        inputs={"x": uniform(0.5, 4.0)},
        fixed={"s": "torch.tensor(2., dtype=torch.float64)"},
        shapes=SHAPES,
        special={"x = 1": at("1."), "pole at 0": at("0."), "pole at -1": at("-1.")},
        active={"x = 1": [[-2 * ZETA_3]]},
        excluded=NO_FORWARD,
    ),
    VJP(
        "torch.special.gammainc",
        "torch.special.gammainc(a, x)",
        formula=r"y = \texttt{gammainc}(a, x) = \frac{1}{\Gamma(a)} \int_0^x t^{a-1} e^{-t}\, dt, \quad a = 1",
        gradient=r"\bar{x} = \bar{y}\, \frac{x^{a-1} e^{-x}}{\Gamma(a)}",
        vjp=lambda v, x: (v * torch.exp(-x),),
        inputs={"x": uniform(0.2, 4.0)},
        fixed={"a": "torch.tensor(1., dtype=torch.float64)"},
        shapes=SHAPES,
        special={"x = 1": at("1."), "x = 0": at("0.")},
        also=("torch.igamma", "torch.Tensor.igamma"),
        excluded=NO_FORWARD,
        defects=(
            Defect(
                "x = 0",
                "The slope is 1. The formula computes exp of (a − 1) log x, which is 0 times −inf for a = 1.",
                {"gradient": {"x": math.nan}},
            ),
        ),
    ),
    VJP(
        "torch.special.gammaincc",
        "torch.special.gammaincc(a, x)",
        formula=r"y = \texttt{gammaincc}(a, x) = 1 - \texttt{gammainc}(a, x), \quad a = 1",
        gradient=r"\bar{x} = -\bar{y}\, \frac{x^{a-1} e^{-x}}{\Gamma(a)}",
        vjp=lambda v, x: (-v * torch.exp(-x),),
        inputs={"x": uniform(0.2, 4.0)},
        fixed={"a": "torch.tensor(1., dtype=torch.float64)"},
        shapes=SHAPES,
        special={"x = 1": at("1."), "x = 0": at("0.")},
        also=("torch.igammac", "torch.Tensor.igammac"),
        excluded=NO_FORWARD,
        defects=(
            Defect(
                "x = 0",
                "The slope is −1. The formula computes exp of (a − 1) log x, which is 0 times −inf for a = 1.",
                {"gradient": {"x": math.nan}},
            ),
        ),
    ),
]
