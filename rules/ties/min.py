"""min and its relatives: the smallest of several entries, or of two tensors, and what a NaN does."""

import torch

from livedocs.declare import VJP, Defect, Plane, normal, same_shapes
from rules.ties.max import NAN_ENTRY, THREE

TWO = {"x": "torch.tensor([1., 1., 4.], dtype=torch.float64)"}
ZEROS = {"x": "torch.tensor([0., -0.], dtype=torch.float64)"}
SPECIAL = {"two-way tie": TWO, "three-way tie": THREE, "0 and −0": ZEROS, "NaN": NAN_ENTRY}
EVEN = r"\bar{x}_i = \frac{\bar{m}}{k}\,[x_i = m], \quad k = \lvert\{j : x_j = m\}\rvert"
SHAPES = [{"x": (5,)}, {"x": (4, 3)}, {"x": (2, 3, 2)}]


def _even(extreme):
    def vjp(v, x):
        ties = x == extreme(x)
        return (v * ties / ties.sum(0),)

    return vjp


def _one(v, x):
    return (torch.zeros_like(x).scatter(0, x.argmin(0, keepdim=True), v.unsqueeze(0)),)


def _pair(sign, nan_loses):
    """The gradients of the larger (1) or smaller (-1) of two numbers."""

    def vjp(v, x, y):
        share = 0.5 + 0.5 * sign * ((x > y).to(x.dtype) - (y > x).to(x.dtype))
        if nan_loses:
            share = torch.where(x.isnan(), 0.0, share)
            share = torch.where(y.isnan(), 1.0, share)
        return v * share, v * (1 - share)

    return vjp


def pair(x, y):
    return {name: f"torch.tensor({text}, dtype=torch.float64)" for name, text in (("x", x), ("y", y))}


NAN = "float('nan')"
PAIRS = {
    "tie": pair("4.", "4."),
    "0 and −0": pair("0.", "-0."),
    "NaN first": pair(NAN, "4."),
    "NaN second": pair("4.", NAN),
    "NaN twice": pair(NAN, NAN),
}


def _two(name, sign, *, nan_loses=False):
    symbol, word = (">", r"\max") if sign > 0 else ("<", r"\min")
    other = "<" if sign > 0 else ">"
    nan = r" \text{ or } y_i = \text{NaN}" if nan_loses else ""
    rest = r"\text{otherwise}" if nan_loses else f"x_i {other} y_i"
    return VJP(
        f"torch.{name}",
        f"torch.{name}(x, y)",
        formula=rf"z_i = \texttt{{{name}}}(x, y)_i = {word}(x_i, y_i)",
        gradient=rf"\bar{{x}}_i = \bar{{z}}_i \begin{{cases}} 1 & x_i {symbol} y_i{nan} \\ \tfrac12 & x_i = y_i \\"
        rf" 0 & {rest} \end{{cases}} \qquad \bar{{y}}_i = \bar{{z}}_i - \bar{{x}}_i",
        vjp=_pair(sign, nan_loses),
        plane=Plane("tie"),
        inputs={"x": normal, "y": normal},
        shapes=same_shapes("x", "y"),
        special=PAIRS,
        also=(f"torch.Tensor.{name}",),
        defects=(_nan_in_2_14("NaN first"), _nan_in_2_14("NaN second")) if nan_loses else (),
    )


def _nan_in_2_14(point):
    both = {"gradient": {"x": 1.0, "y": 1.0}}
    return Defect(
        point, "The gradients sum to 2: the NaN, which is not the result, gets 1 too.", both, releases=("2.14",)
    )


def _aminmax(name, extreme, word):
    return VJP(
        "torch.aminmax",
        f"torch.aminmax(x, dim=0).{name}",
        variant=name,
        formula=rf"m = \texttt{{aminmax}}(x).\texttt{{{name}}} = \{word}_j x_j",
        gradient=EVEN,
        vjp=_even(extreme),
        inputs={"x": normal},
        shapes=SHAPES,
        special=SPECIAL,
    )


RULES = [
    VJP(
        "torch.min",
        "torch.min(x)",
        formula=r"m = \texttt{min}(x) = \min_j x_j",
        gradient=EVEN,
        vjp=lambda v, x: (v * (x == x.min()) / (x == x.min()).sum(),),
        inputs={"x": normal},
        shapes=[{"x": (5,)}, {"x": (2, 3)}, {"x": ()}],
        special=SPECIAL,
        also=("torch.Tensor.min",),
    ),
    VJP(
        "torch.min",
        "torch.min(x, dim=0).values",
        variant="dim",
        formula=r"m, \texttt{index} = \texttt{min}(x, \texttt{dim})",
        gradient=r"\bar{x}_i = \bar{m}\,[i = \texttt{index}]",
        vjp=_one,
        plane=Plane("0 and −0"),
        inputs={"x": normal},
        shapes=SHAPES,
        special=SPECIAL,
    ),
    VJP(
        "torch.amin",
        "torch.amin(x, 0)",
        formula=r"m = \texttt{amin}(x) = \min_j x_j",
        gradient=EVEN,
        vjp=_even(lambda x: x.amin(0)),
        inputs={"x": normal},
        shapes=SHAPES,
        special=SPECIAL,
        also=("torch.Tensor.amin",),
    ),
    _aminmax("min", lambda x: x.amin(0), "min"),
    _aminmax("max", lambda x: x.amax(0), "max"),
    _two("minimum", -1),
    _two("fmin", -1, nan_loses=True),
    _two("fmax", 1, nan_loses=True),
]
