"""Bessel functions, more of the gamma family, and what cuts the graph: at poles, zeros, and where values overflow."""

import math

import sympy
import torch
from sympy import besseli, besselj, besselk, bessely, exp

from livedocs.declare import INF, MINUS_INF, NAN, VJP, Defect, Piece, Pieces, at, oo, uniform, x

SHAPES = [{"x": shape} for shape in ((), (5,), (2, 3))]
ZETA_5 = 1.0369277551433699
NO_FORWARD = {"forward": "PyTorch has not implemented forward mode for it"}
NO_ORDER = {
    "gammainc": "PyTorch says: the derivative for 'igamma: input' is not implemented",
    "gammaincc": "PyTorch says: the derivative for 'igammac: input' is not implemented",
    "zeta": "PyTorch says: the derivative for 'zeta' is not implemented",
}
OVERFLOW = "https://github.com/pytorch/pytorch/issues/192293"
CUT = r"\bar{x} \text{ does not exist: the output does not require grad}"


def _nan(point: str, what: str, reported: str = "") -> Defect:
    return Defect(point, what, {"gradient": {"x": math.nan}, "forward": {"x": math.nan}}, reported=reported)


def _has_gradient(name: str) -> bool:
    """Whether this release differentiates a function: before 2.15 some cut the graph."""
    return getattr(torch.special, name)(torch.ones((), requires_grad=True)).requires_grad


def _bessel(name, formula, pieces, points, span, *, also=(), defects=()):
    """A function of one variable, in a release that differentiates it or cuts the graph there."""
    function, call = f"torch.special.{name}", f"torch.special.{name}(x)"
    if _has_gradient(name):
        return Pieces(function, call, pieces=pieces, points=points, span=span, also=also, defects=defects)
    special = {"x = " + text.removeprefix("float('").removesuffix("')"): at(text) for text in points}
    return _cut(name, "x", rf"y = {sympy.latex(formula)}", special, also=also)


def _cut(name, arguments, formula, special, *, slope="", also=()):
    return VJP(
        f"torch.special.{name}",
        f"torch.special.{name}({arguments})",
        formula=formula,
        gradient=CUT + (rf", \text{{ although }} {slope}" if slope else ""),
        inputs={"x": uniform(0.1, 0.9)},
        shapes=SHAPES,
        special=special,
        also=also,
    )


def _whole(formula, derivative=None):
    return [Piece(formula, -oo, oo, derivative=derivative)]


def _right(formula, derivative=None):
    return [Piece(formula, 0, oo, derivative=derivative)]


ENDS = ("0.0", "-0.0", INF, MINUS_INF, NAN)
POLE = ("-0.0", "-1.0", "800.0", INF, NAN)
BOUNDED = "The function and its slope tend to 0. PyTorch returns NaN for both."
UNBOUNDED = "The function and its slope grow without bound. PyTorch returns NaN for both."
TOO_EARLY = (
    "The slope is 3.3·10³⁰⁶, which float64 can hold. PyTorch's I₀ and I₁ overflow, although the functions do not yet."
)
J0, J1, Y0, Y1 = besselj(0, x), besselj(1, x), bessely(0, x), bessely(1, x)
I0, I1, K0, K1 = besseli(0, x), besseli(1, x), besselk(0, x), besselk(1, x)


def _grows(gradient: float) -> tuple[Defect, ...]:
    """The defects of I₀ and I₁, and of their other names."""
    return (
        Defect("x = 710", TOO_EARLY, {"gradient": {"x": gradient}}, reported=OVERFLOW),
        _nan("x = inf", UNBOUNDED),
        _nan("x = -inf", UNBOUNDED),
    )


def _first_kind(name, formula, derivative, gradient, also=()):
    points = ("0.0", "710.0", INF, MINUS_INF, NAN)
    span = (-4.0, 4.0)
    return _bessel(name, formula, _whole(formula, derivative), points, span, also=also, defects=_grows(gradient))


def _polygamma(n, special, active, *, defects=()):
    return VJP(
        "torch.polygamma",
        f"torch.polygamma({n}, x)",
        variant=f"n={n}",
        formula=rf"y = \psi^{{({n})}}(x)",
        gradient=rf"\bar{{x}} = \bar{{y}}\, \psi^{{({n + 1})}}(x)",
        vjp=lambda v, x: (v * torch.polygamma(n + 1, x),),
        inputs={"x": uniform(0.5, 5.0)},
        shapes=SHAPES,
        special=special,
        active=active,
        defects=defects,
    )


def _incomplete(name, a, sign, special, *, defects=()):
    return VJP(
        f"torch.special.{name}",
        f"torch.special.{name}(a, x)",
        variant=f"a={a:g}",
        formula=rf"y = \texttt{{{name}}}(a, x), \quad a = {a:g}",
        gradient=rf"\bar{{x}} = {'-' if sign < 0 else ''}\bar{{y}}\, \frac{{x^{{a-1}} e^{{-x}}}}{{\Gamma(a)}}",
        vjp=lambda v, x: (sign * v * x ** (a - 1) * torch.exp(-x) / math.gamma(a),),
        inputs={"x": uniform(0.3, 4.0)},
        fixed=at(a=str(a)),
        shapes=SHAPES,
        special=special,
        excluded={**NO_FORWARD, "a": NO_ORDER[name]},
        defects=defects,
    )


def _polynomial(name, symbol, slope, formula):
    """An orthogonal polynomial of degree 2 (PyTorch differentiates none of them, with respect to x or n)."""
    return _cut(
        name,
        "x, 2",
        rf"y = {symbol}_n(x), \quad n = 2 \text{{: }} {formula}",
        # No NaN: PyTorch 2.13 returns whatever is in memory there.
        {"x = 0": at("0."), "x = 1": at("1."), "x = 2": at("2.")},
        slope=slope,
    )


FAR = "The slope tends to 0. PyTorch computes inf − inf."
FAR_GAMMA = Defect("x = inf", FAR, {"gradient": {"x": math.nan}})

RULES = [
    _bessel("bessel_j0", J0, _whole(J0), ENDS, (-5.0, 5.0), defects=(_nan("x = inf", BOUNDED),)),
    _bessel("bessel_j1", J1, _whole(J1, J0 - J1 / x), ENDS, (-5.0, 5.0), defects=(_nan("x = inf", BOUNDED),)),
    _bessel("bessel_y0", Y0, _right(Y0), ("-0.0", "-1.0", INF, NAN), (0.0, 5.0), defects=(_nan("x = inf", BOUNDED),)),
    _bessel(
        "bessel_y1",
        Y1,
        _right(Y1, Y0 - Y1 / x),
        ("-0.0", "-1.0", INF, NAN),
        (0.0, 5.0),
        defects=(_nan("x = inf", BOUNDED),),
    ),
    _first_kind("modified_bessel_i0", I0, I1, math.inf),
    _first_kind("modified_bessel_i1", I1, I0 - I1 / x, math.nan),
    _bessel("modified_bessel_k0", K0, _right(K0), POLE, (0.0, 4.0)),
    _bessel(
        "modified_bessel_k1",
        K1,
        _right(K1, -K0 - K1 / x),
        POLE,
        (0.0, 4.0),
        defects=(_nan("x = -0", "At 0 the gradient is −inf. At −0 PyTorch computes inf − inf."),),
    ),
    _first_kind("i0", I0, I1, math.inf, also=("torch.i0", "torch.Tensor.i0")),
    _first_kind("i1", I1, I0 - I1 / x, math.nan),
    _bessel(
        "i0e",
        exp(-abs(x)) * I0,
        [Piece(exp(x) * I0, -oo, 0), Piece(exp(-x) * I0, 0, oo)],
        (INF, MINUS_INF, NAN),
        (-4.0, 4.0),
        defects=(
            Defect(
                "x = 0",
                "The slope is 1 on the left and −1 on the right. The formula multiplies by sgn(x), which is 0 at 0.",
                {"gradient": {"x": 0.0}},
            ),
        ),
    ),
    _bessel(
        "i1e",
        exp(-abs(x)) * I1,
        [Piece(exp(x) * I1, -oo, 0), Piece(exp(-x) * I1, 0, oo)],
        (INF, MINUS_INF, NAN),
        (-4.0, 4.0),
    ),
    _polygamma(0, {"x = 1": at("1."), "pole at 0": at("0."), "x = inf": at(INF)}, {"x = 1": [[math.pi**2 / 6]]}),
    _polygamma(
        2,
        {"x = 1": at("1."), "pole at 0": at("0."), "pole at -1": at("-1."), "x = inf": at(INF)},
        {"x = 1": [[math.pi**4 / 15]]},
        defects=(_nan("x = inf", "The function and its slope tend to 0. PyTorch returns NaN for both."),),
    ),
    _polygamma(3, {"x = 1": at("1."), "pole at 0": at("0."), "pole at -0.0": at("-0.")}, {"x = 1": [[-24 * ZETA_5]]}),
    VJP(
        "torch.special.multigammaln",
        "torch.special.multigammaln(x, 1)",
        variant="p=1",
        formula=r"y = \log \lvert \Gamma(x) \rvert",
        gradient=r"\bar{x} = \bar{y}\, \psi(x)",
        vjp=lambda v, x: (v * torch.digamma(x),),
        inputs={"x": uniform(0.3, 5.0)},
        shapes=SHAPES,
        special={"x = 1": at("1."), "pole at 0": at("0."), "pole at -0.0": at("-0.")},
        active={"x = 1": [[-0.5772156649015329]]},
    ),
    VJP(
        "torch.special.multigammaln",
        "torch.special.multigammaln(x, 3)",
        variant="p=3",
        formula=r"y = \tfrac{3}{2} \log \pi + \sum_{j=0}^{2} \log \lvert \Gamma(x - \tfrac{j}{2}) \rvert",
        gradient=r"\bar{x} = \bar{y} \sum_{j=0}^{2} \psi(x - \tfrac{j}{2})",
        vjp=lambda v, x: (v * (torch.digamma(x) + torch.digamma(x - 0.5) + torch.digamma(x - 1)),),
        inputs={"x": uniform(1.3, 5.0)},
        shapes=SHAPES,
        special={"x = 3": at("3."), "pole at 1": at("1."), "two poles at 0": at("0.")},
        defects=(
            Defect(
                "two poles at 0",
                "The slope is inf on the left and −inf on the right. PyTorch adds −inf and the NaN of digamma at −1.",
                {"gradient": {"x": math.nan}, "forward": {"x": math.nan}},
            ),
        ),
    ),
    _incomplete("gammainc", 0.5, 1, {"x = 1": at("1."), "x = 0": at("0."), "x = inf": at(INF)}),
    _incomplete(
        "gammainc",
        2.0,
        1,
        {"x = 1": at("1."), "x = 0": at("0."), "x = inf": at(INF)},
        defects=(FAR_GAMMA,),
    ),
    _incomplete("gammaincc", 0.5, -1, {"x = 1": at("1."), "x = 0": at("0."), "x = inf": at(INF)}),
    _incomplete(
        "gammaincc",
        2.0,
        -1,
        {"x = 1": at("1."), "x = 0": at("0."), "x = inf": at(INF)},
        defects=(FAR_GAMMA,),
    ),
    VJP(
        "torch.special.zeta",
        "torch.special.zeta(3., x)",
        variant="s=3",
        formula=r"y = \sum_{k=0}^{\infty} \frac{1}{(k + x)^3}",
        gradient=r"\bar{x} = -3\, \bar{y}\, \texttt{zeta}(4, x)",
        vjp=lambda v, x: (-3 * v * torch.special.zeta(4.0, x),),
        inputs={"x": uniform(0.5, 4.0)},
        shapes=SHAPES,
        special={"x = 1": at("1."), "pole at 0": at("0."), "pole at -1": at("-1."), "x = inf": at(INF)},
        active={"x = 1": [[-(math.pi**4) / 30]]},
        excluded={**NO_FORWARD, "s": NO_ORDER["zeta"]},
        defects=(
            Defect(
                "x = inf",
                "The function and its slope tend to 0. PyTorch returns NaN for both.",
                {"gradient": {"x": math.nan}},
            ),
        ),
    ),
    _cut(
        "airy_ai",
        "x",
        r"y = \operatorname{Ai}(x)",
        {"x = 0": at("0."), "x = inf": at(INF), "NaN": at(NAN)},
        slope=r"\operatorname{Ai}'(0) = -0.2588",
    ),
    _cut(
        "spherical_bessel_j0",
        "x",
        r"y = \frac{\sin x}{x}",
        {"x = 0": at("0."), "x = inf": at(INF), "NaN": at(NAN)},
        slope=r"y' = \frac{x \cos x - \sin x}{x^2}",
    ),
    _cut(
        "scaled_modified_bessel_k0",
        "x",
        r"y = \mathrm{e}^x K_0(x)",
        {"x = 0": at("0."), "x = -1": at("-1."), "x = inf": at(INF)},
        slope=r"y' = \mathrm{e}^x (K_0(x) - K_1(x))",
    ),
    _cut(
        "scaled_modified_bessel_k1",
        "x",
        r"y = \mathrm{e}^x K_1(x)",
        {"x = 0": at("0."), "x = -1": at("-1."), "x = inf": at(INF)},
        slope=r"y' = \mathrm{e}^x (K_1(x) - K_0(x) - K_1(x) / x)",
    ),
    _polynomial("chebyshev_polynomial_t", "T", r"T_n'(x) = n\, U_{n-1}(x)", "2 x^2 - 1"),
    _polynomial("chebyshev_polynomial_u", "U", "U_2'(x) = 8 x", "4 x^2 - 1"),
    _polynomial("chebyshev_polynomial_v", "V", "V_2'(x) = 8 x - 2", "4 x^2 - 2 x - 1"),
    _polynomial("chebyshev_polynomial_w", "W", "W_2'(x) = 8 x + 2", "4 x^2 + 2 x - 1"),
    _polynomial("shifted_chebyshev_polynomial_t", "T^*", "T^{*\\prime}_2(x) = 16 x - 8", "8 x^2 - 8 x + 1"),
    _polynomial("shifted_chebyshev_polynomial_u", "U^*", "U^{*\\prime}_2(x) = 32 x - 16", "16 x^2 - 16 x + 3"),
    _polynomial("shifted_chebyshev_polynomial_v", "V^*", "V^{*\\prime}_2(x) = 32 x - 20", "16 x^2 - 20 x + 5"),
    _polynomial("shifted_chebyshev_polynomial_w", "W^*", "W^{*\\prime}_2(x) = 32 x - 12", "16 x^2 - 12 x + 1"),
    _polynomial("hermite_polynomial_h", "H", r"H_n'(x) = 2 n\, H_{n-1}(x)", "4 x^2 - 2"),
    _polynomial("hermite_polynomial_he", r"\mathit{He}", r"\mathit{He}_n'(x) = n\, \mathit{He}_{n-1}(x)", "x^2 - 1"),
    _polynomial("laguerre_polynomial_l", "L", "L_2'(x) = x - 2", r"\tfrac{1}{2} x^2 - 2 x + 1"),
    _polynomial("legendre_polynomial_p", "P", "P_2'(x) = 3 x", r"\tfrac{3}{2} x^2 - \tfrac{1}{2}"),
]
