"""Sums, differences, weighted means and their kin: linear in most arguments, so that the rule is one line."""

import math

import torch
from sympy import pi

from livedocs.declare import INF, MINUS_INF, NAN, VJP, Defect, Piece, Pieces, at, normal, oo, uniform, x

inf, nan = float("inf"), float("nan")


def _whole(x: str, y: str) -> dict[str, str]:
    return at(x=x, y=f"torch.tensor({y})")


def _masked(x: str, c: str) -> dict[str, str]:
    return at(x=x, c=f"torch.tensor({c})")


def _exponents(generator, shape):
    return torch.randint(0, 4, shape, generator=generator)


def _mask(generator, shape):
    """A mask whose first place is in."""
    c = torch.rand(shape, generator=generator) < 0.6
    c.view(-1)[0] = True
    return c


def _steps(generator, shape):
    """Increasing coordinates."""
    return uniform(0.5, 1.5)(generator, shape).cumsum(-1)


def _away_from_zero(generator, shape):
    draw = normal(generator, shape)
    return draw + 0.5 * draw.sign()


def _linear(a, b):
    return lambda v, x, y: ((a * v).sum_to_size(x.shape), (b * v).sum_to_size(y.shape))


def _mul(v, x, y):
    return (v * y).sum_to_size(x.shape), (v * x).sum_to_size(y.shape)


def _addcmul(v, x, y, w):
    return v.sum_to_size(x.shape), (2 * v * w).sum_to_size(y.shape), (2 * v * y).sum_to_size(w.shape)


def _addcdiv(v, x, y, w):
    return v.sum_to_size(x.shape), (2 * v / w).sum_to_size(y.shape), (-2 * v * y / w**2).sum_to_size(w.shape)


def _lerp(v, x, y, w):
    return tuple(g.sum_to_size(t.shape) for g, t in ((v * (1 - w), x), (v * w, y), (v * (y - x), w)))


def _ldexp(v, x, y):
    return (v * 2.0**y).sum_to_size(x.shape), (v * x * 2.0**y * math.log(2)).sum_to_size(y.shape)


def _copysign(v, x, y):
    sign = torch.where(torch.signbit(y), -1.0, 1.0)
    return (v * x.sign() * sign).sum_to_size(x.shape), torch.zeros_like(y)


def _nextafter(v, x, y):
    return (v * (x != y)).sum_to_size(x.shape), torch.zeros_like(y)


def _frexp(v, x):
    return (v * 2.0 ** -(x.abs().log2().floor() + 1),)


def _masked_mean(v, x, c):
    return (torch.where(c, v / c.sum(-1, keepdim=True), 0.0).expand(x.shape),)


def _diff(v):
    """The adjoint of a difference: a place is added where it is the later one, and taken off where it is the first."""
    none = torch.zeros_like(v[..., :1])
    return torch.cat([none, v], -1) - torch.cat([v, none], -1)


def _joined(v, x, y, w):
    g = _diff(v)
    return g[..., 1:-1], g[..., :1], g[..., -1:]


def _gradient(v, x):
    """Half of the central difference's two neighbors; the ends have a difference to one side."""
    g = torch.zeros_like(x)
    g[..., 2:] += v[..., 1:-1] / 2
    g[..., :-2] -= v[..., 1:-1] / 2
    for end, first, second in ((0, 0, 1), (-1, -2, -1)):
        g[..., first] -= v[..., end]
        g[..., second] += v[..., end]
    return (g,)


def _gradient_of_second_order(v, x):
    g = torch.zeros_like(x)
    g[..., 2:] += v[..., 1:-1] / 2
    g[..., :-2] -= v[..., 1:-1] / 2
    for place, weight in enumerate((-1.5, 2.0, -0.5)):
        g[..., place] += weight * v[..., 0]
        g[..., -1 - place] -= weight * v[..., -1]
    return (g,)


def _gradient_by_coordinates(v, x, y):
    h = y[1:] - y[:-1]
    slope = (x[1:] - x[:-1]) / h
    left, right = h[:-1], h[1:]
    inner, both = v[1:-1], h[:-1] + h[1:]
    of_slope = torch.zeros_like(h)  # inside, the two slopes are weighted with the width on the other side
    of_slope[:-1] += inner * right / both
    of_slope[1:] += inner * left / both
    of_slope[0] += v[0]
    of_slope[-1] += v[-1]
    of_width = -of_slope * slope / h
    bend = slope[1:] - slope[:-1]
    of_width[:-1] += inner * bend * right / both**2
    of_width[1:] -= inner * bend * left / both**2
    return _diff(of_slope / h), _diff(of_width)


def _ends(v):
    """What an interval gives to both of its ends."""
    none = torch.zeros_like(v[..., :1])
    return torch.cat([none, v], -1) + torch.cat([v, none], -1)


def _of_intervals(v, x):
    """The cotangent of a sum for each of its intervals."""
    return v.unsqueeze(-1).expand(*v.shape, x.shape[-1] - 1)


def _trapezoid(v, x):
    return (_ends(_of_intervals(v, x)) / 4,)


def _by_coordinates(v, x, y):
    """From cotangents of the intervals; one width may serve several rows."""
    width, middle = y[..., 1:] - y[..., :-1], (x[..., 1:] + x[..., :-1]) / 2
    return _ends(v * width) / 2, _diff(v * middle).sum_to_size(y.shape)


def _later(v):
    """A running sum gives an interval the cotangents of all places from its own."""
    return v.flip(-1).cumsum(-1).flip(-1)


VECTORS = [{"x": (5,)}, {"x": (2, 3)}, {"x": (3,)}]
ONE = [{"x": ()}, {"x": (5,)}, {"x": (2, 3)}, {"x": (1,)}]
PAIRS = [{"x": x, "y": y} for x, y in (((), ()), ((5,), (5,)), ((2, 3), (3,)), ((1,), (2, 3)))]
WIDER = [{"x": x, "y": y} for x, y in (((), ()), ((5,), (5,)), ((2, 3), (3,)), ((2, 3), (1,)))]
TRIPLES = [
    {"x": x, "y": y, "w": w}
    for x, y, w in (((), (), ()), ((5,), (5,), (5,)), ((1,), (2, 3), (3,)), ((2, 3), (3,), (1,)))
]
POINTS = ("0.0", "-0.0", INF, MINUS_INF, NAN)
SUMS = {
    "inf and −inf": at(x=INF, y=MINUS_INF),
    "NaN and 1": at(x=NAN, y="1."),
    "0 and −0": at(x="0.", y="-0."),
    "equal": at(x="2.", y="2."),
}
SUMMED = {
    "inf and −inf": at(x=f"[{INF}, {MINUS_INF}]"),
    "inf": at(x=f"[{INF}, 1.]"),
    "NaN": at(x=f"[{NAN}, 1.]"),
    "empty": at(x=(0,)),
}
COORDINATES = [{"y": (5,), "x": (5,)}, {"y": (2, 3), "x": (3,)}, {"y": (2, 3), "x": (2, 3)}]
WIDTHS = {
    "equal coordinates": at(y="[1., 2., 4.]", x="[0., 1., 1.]"),
    "inf over no width": at(y=f"[1., {INF}, {INF}]", x="[0., 1., 1.]"),
    "NaN": at(y=f"[1., {NAN}, 4.]", x="[0., 1., 2.]"),
    "one entry": at(y="[3.]", x="[1.]"),
}
INTERVALS = {
    "NaN": at(y=f"[1., {NAN}, 4.]"),
    "inf and −inf": at(y=f"[{INF}, 1., {MINUS_INF}]"),
    "one entry": at(y="[3.]"),
}
SMALL = {"float32": "one of the points needs float64's range"}


def _pole(label: str, text: str, sign: float) -> Defect:
    return Defect(
        label,
        f"At {text} the value is infinite for every x nearby and has no slope along x; reverse mode returns 1."
        " Forward mode adds tangents of 0 times an infinite slope: NaN.",
        {"gradient": {"x": 1.0, "y": sign * inf, "w": -inf}, "forward": {"x": nan, "y": nan, "w": nan}},
    )


RULES = [
    VJP(
        "torch.add",
        "torch.add(x, y, alpha=3)",
        formula=r"z = \texttt{add}(x, y, \alpha) = x + \alpha y, \quad \alpha = 3",
        gradient=r"\bar{x} = \bar{z}, \quad \bar{y} = \alpha\, \bar{z}",
        vjp=_linear(1, 3),
        inputs={"x": normal, "y": normal},
        shapes=PAIRS,
        special=SUMS,
        also=("torch.Tensor.add",),
    ),
    VJP(
        "torch.add",
        "torch.add(x, y, alpha=0)",
        variant="alpha=0",
        formula=r"z = x + 0 \cdot y",
        gradient=r"\bar{x} = \bar{z}, \quad \bar{y} = 0",
        vjp=_linear(1, 0),
        inputs={"x": normal, "y": normal},
        shapes=PAIRS,
        special={"0 times inf": at(x="1.", y=INF), "0 times NaN": at(x="1.", y=NAN), "finite": at(x="1.", y="2.")},
    ),
    VJP(
        "torch.sub",
        "torch.sub(x, y, alpha=3)",
        formula=r"z = \texttt{sub}(x, y, \alpha) = x - \alpha y, \quad \alpha = 3",
        gradient=r"\bar{x} = \bar{z}, \quad \bar{y} = -\alpha\, \bar{z}",
        vjp=_linear(1, -3),
        inputs={"x": normal, "y": normal},
        shapes=PAIRS,
        special=SUMS | {"inf and inf": at(x=INF, y=INF)},
        also=("torch.subtract", "torch.Tensor.sub", "torch.Tensor.subtract"),
    ),
    VJP(
        "torch.rsub",
        "torch.rsub(x, y, alpha=3)",
        formula=r"z = \texttt{rsub}(x, y, \alpha) = y - \alpha x, \quad \alpha = 3",
        gradient=r"\bar{x} = -\alpha\, \bar{z}, \quad \bar{y} = \bar{z}",
        vjp=_linear(-3, 1),
        inputs={"x": normal, "y": normal},
        shapes=PAIRS,
        special={label: SUMS[label] for label in ("NaN and 1", "equal")} | {"inf and inf": at(x=INF, y=INF)},
    ),
    VJP(
        "torch.mul",
        "torch.mul(x, y)",
        formula=r"z = \texttt{mul}(x, y) = x\, y",
        gradient=r"\bar{x} = \bar{z}\, y, \quad \bar{y} = \bar{z}\, x",
        vjp=_mul,
        inputs={"x": normal, "y": normal},
        shapes=PAIRS,
        special={
            "zeros": at(x="0.", y="0."),
            "zero times inf": at(x="0.", y=INF),
            "zero times NaN": at(x="0.", y=NAN),
            "minus zero times two": at(x="-0.", y="2."),
        },
        also=("torch.multiply", "torch.Tensor.mul", "torch.Tensor.multiply"),
    ),
    Pieces(
        "torch.positive",
        "torch.positive(x)",
        pieces=[Piece(x, -oo, oo)],
        points=POINTS,
        also=("torch.Tensor.positive",),
        complex=True,
    ),
    Pieces(
        "torch.rad2deg",
        "torch.rad2deg(x)",
        pieces=[Piece(x * 180 / pi, -oo, oo)],
        points=POINTS,
        span=(-0.1, 0.1),
        also=("torch.Tensor.rad2deg",),
    ),
    VJP(
        "torch.addcmul",
        "torch.addcmul(x, y, w, value=2)",
        formula=r"z = \texttt{addcmul}(x, y, w, c) = x + c\, y\, w, \quad c = 2",
        gradient=r"\bar{x} = \bar{z}, \quad \bar{y} = c\, \bar{z}\, w, \quad \bar{w} = c\, \bar{z}\, y",
        vjp=_addcmul,
        inputs={"x": normal, "y": normal, "w": normal},
        shapes=TRIPLES,
        special={
            "zeros": at(x="1.", y="0.", w="0."),
            "zero times inf": at(x="1.", y="0.", w=INF),
            "NaN": at(x=NAN, y="2.", w="3."),
        },
        also=("torch.Tensor.addcmul",),
    ),
    VJP(
        "torch.addcdiv",
        "torch.addcdiv(x, y, w, value=2)",
        formula=r"z = \texttt{addcdiv}(x, y, w, c) = x + c\, \frac{y}{w}, \quad c = 2",
        gradient=r"\bar{x} = \bar{z}, \quad \bar{y} = \frac{c\, \bar{z}}{w}, \quad"
        r" \bar{w} = -\frac{c\, \bar{z}\, y}{w^2}",
        vjp=_addcdiv,
        inputs={"x": normal, "y": normal, "w": uniform(0.5, 2.0)},
        shapes=TRIPLES,
        special={
            "one by zero": at(x="1.", y="1.", w="0."),
            "one by minus zero": at(x="1.", y="1.", w="-0."),
            "zero by zero": at(x="1.", y="0.", w="0."),
            "zero by two": at(x="1.", y="0.", w="2."),
        },
        also=("torch.Tensor.addcdiv",),
        defects=(_pole("one by zero", "1/0", 1.0), _pole("one by minus zero", "1/(-0)", -1.0)),
    ),
    VJP(
        "torch.lerp",
        "torch.lerp(x, y, 0.5)",
        variant="number",
        formula=r"z = \texttt{lerp}(x, y, w) = (1 - w)\, x + w\, y, \quad w = \frac{1}{2}",
        gradient=r"\bar{x} = (1 - w)\, \bar{z}, \quad \bar{y} = w\, \bar{z}",
        vjp=_linear(0.5, 0.5),
        inputs={"x": normal, "y": normal},
        shapes=PAIRS,
        special={
            "equal": at(x="2.", y="2."),
            "from inf": at(x=INF, y="1."),
            "to inf": at(x="1.", y=INF),
            "from inf to inf": at(x=INF, y=INF),
        },
    ),
    VJP(
        "torch.lerp",
        "torch.lerp(x, y, w)",
        formula=r"z = \texttt{lerp}(x, y, w) = (1 - w)\, x + w\, y",
        gradient=r"\bar{x} = (1 - w)\, \bar{z}, \quad \bar{y} = w\, \bar{z}, \quad \bar{w} = (y - x)\, \bar{z}",
        vjp=_lerp,
        inputs={"x": normal, "y": normal, "w": uniform(-0.5, 1.5)},
        shapes=TRIPLES,
        special={
            "weight 1/2": at(x="1.", y="3.", w="0.5"),
            "weight 0": at(x="1.", y="3.", w="0."),
            "weight 2": at(x="1.", y="3.", w="2."),
            "weight 0, to inf": at(x="1.", y=INF, w="0."),
            "weight 1/4, to inf": at(x="1.", y=INF, w="0.25"),
        },
        also=("torch.Tensor.lerp",),
    ),
    VJP(
        "torch.ldexp",
        "torch.ldexp(x, y)",
        formula=r"z = \texttt{ldexp}(x, y) = x\, 2^y",
        gradient=r"\bar{x} = \bar{z}\, 2^y, \quad \bar{y} = \bar{z}\, z \log 2",
        vjp=_ldexp,
        inputs={"x": normal, "y": normal},
        shapes=PAIRS,
        special={
            "zero": at(x="0.", y="2."),
            "zero, exponent 1024": at(x="0.", y="1024."),
            "exponent inf": at(x="1.", y=INF),
            "exponent −inf": at(x="1.", y=MINUS_INF),
        },
        also=("torch.Tensor.ldexp",),
        excluded=SMALL,
        defects=(
            Defect(
                "zero, exponent 1024",
                "The value is 0, but PyTorch returns 0 times 2¹⁰²⁴, an overflow: NaN, in the value as in the slope"
                " with respect to y, which is 0.",
                {"output": nan, "gradient": {"x": inf, "y": nan}},
                reported="https://github.com/pytorch/pytorch/issues/133265",
            ),
        ),
    ),
    VJP(
        "torch.ldexp",
        "torch.ldexp(x, y)",
        variant="integer exponent",
        formula=r"z = x\, 2^y, \quad y \text{ a tensor of integers}",
        gradient=r"\bar{x} = \bar{z}\, 2^y",
        vjp=lambda v, x, y: ((v * 2.0 ** y.double()).sum_to_size(x.shape),),
        inputs={"x": normal, "y": _exponents},
        shapes=WIDER,
        special={
            "exponent 3": _whole("1.", "3"),
            "exponent −1": _whole("1.", "-1"),
            "exponent 128": _whole("1.", "128"),
            "exponent −150": _whole("1.", "-150"),
        },
        defects=(
            Defect(
                "exponent −1",
                "The slope is 2⁻¹. PyTorch 2.13 takes this power of two in integers: 0.",
                {"gradient": {"x": 0.0}, "forward": {"x": 0.0}},
                reported="https://github.com/pytorch/pytorch/issues/186556",
                releases=("2.13",),
            ),
            Defect(
                "exponent 128",
                "The slope is 2¹²⁸, and the value is right. The backward pass takes the power of two in the"
                " default dtype, float32, where it overflows.",
                {"gradient": {"x": inf}, "forward": {"x": inf}},
                releases=("2.14", "2.15"),
            ),
            Defect(
                "exponent 128",
                "The slope is 2¹²⁸, and the value is right. The backward pass takes the power of two in integers: 0.",
                {"gradient": {"x": 0.0}, "forward": {"x": 0.0}},
                releases=("2.13",),
            ),
            Defect(
                "exponent −150",
                "The slope is 2⁻¹⁵⁰, and the value is right. The backward pass returns 0.",
                {"gradient": {"x": 0.0}, "forward": {"x": 0.0}},
            ),
        ),
    ),
    VJP(
        "torch.copysign",
        "torch.copysign(x, y)",
        formula=r"z = \texttt{copysign}(x, y) = \begin{cases} \lvert x \rvert & \text{the sign bit of } y \text{ is 0}"
        r" \\ -\lvert x \rvert & \text{it is 1} \end{cases}",
        gradient=r"\bar{x} = \pm \bar{z} \operatorname{sgn}(x), \quad \bar{y} = 0",
        vjp=_copysign,
        inputs={"x": _away_from_zero, "y": _away_from_zero},
        shapes=PAIRS,
        special={
            "zero": at(x="0.", y="1."),
            "sign of minus zero": at(x="2.", y="-0."),
            "zero, minus zero": at(x="0.", y="-0."),
            "inf": at(x=INF, y="-1."),
            "sign of NaN": at(x="2.", y=NAN),
        },
        also=("torch.Tensor.copysign",),
        defects=(
            Defect(
                "inf",
                "The slope is −1 for every positive x. PyTorch divides the result by x: −inf/inf is NaN.",
                {"gradient": {"x": nan, "y": 0.0}, "forward": {"x": nan, "y": nan}},
            ),
            Defect(
                "zero",
                "The second derivative is 0 on both sides. A second backward pass differentiates the quotient 0/0,"
                " and returns NaN.",
                {"second": {"x": nan, "y": 0.0}},
            ),
        ),
    ),
    VJP(
        "torch.nextafter",
        "torch.nextafter(x, y)",
        formula=r"z = \texttt{nextafter}(x, y) = \text{the next float after } x \text{ toward } y",
        gradient=r"\bar{x} = \bar{z}\, [x \ne y], \quad \bar{y} = 0",
        vjp=_nextafter,
        inputs={"x": normal, "y": normal},
        shapes=PAIRS,
        special={
            "one, toward two": at(x="1.", y="2."),
            "equal": at(x="1.", y="1."),
            "zero, toward one": at(x="0.", y="1."),
            "inf, toward zero": at(x=INF, y="0."),
            "toward NaN": at(x="1.", y=NAN),
        },
        also=("torch.Tensor.nextafter",),
        defects=(
            Defect(
                "equal",
                "The result is x up to one place of rounding, for finite x and y: its slope is 1 here too. PyTorch"
                " returns 0.",
                {"gradient": {"x": 0.0, "y": 0.0}},
            ),
        ),
    ),
    VJP(
        "torch.frexp",
        "torch.frexp(x).mantissa",
        formula=r"x = m\, 2^e, \quad \frac{1}{2} \le \lvert m \rvert < 1",
        gradient=r"\bar{x} = \bar{m}\, 2^{-e}",
        vjp=_frexp,
        inputs={"x": normal},
        shapes=ONE,
        special={
            "three": at(x="3."),
            "one": at(x="1."),
            "one hundredth": at(x="0.01"),
            "inf": at(x=INF),
        },
        also=("torch.Tensor.frexp",),
    ),
    VJP(
        "torch.sum",
        "torch.sum(x)",
        formula=r"z = \texttt{sum}(x) = \sum_j x_j",
        gradient=r"\bar{x}_i = \bar{z}",
        vjp=lambda v, x: (v.expand(x.shape),),
        inputs={"x": normal},
        shapes=ONE,
        special=SUMMED,
        also=("torch.Tensor.sum",),
        complex=True,
    ),
    VJP(
        "torch.mean",
        "torch.mean(x)",
        formula=r"z = \texttt{mean}(x) = \frac{1}{n} \sum_j x_j",
        gradient=r"\bar{x}_i = \frac{\bar{z}}{n}",
        vjp=lambda v, x: ((v / x.numel()).expand(x.shape),),
        inputs={"x": normal},
        shapes=ONE,
        special=SUMMED,
        also=("torch.Tensor.mean",),
        complex=True,
    ),
    VJP(
        "torch.Tensor.sum_to_size",
        "x.sum_to_size(1, 2)",
        formula=r"z_j = \texttt{sum\_to\_size}(x)_j ="
        r" \text{the sum of all } x_i \text{ where broadcasting would put } z_j",
        gradient=r"\bar{x}_i = \bar{z}_j",
        vjp=lambda v, x: (v.expand(x.shape),),
        inputs={"x": normal},
        shapes=[{"x": (3, 2)}, {"x": (1, 2)}, {"x": (2, 3, 2)}],
        special={
            "inf and −inf": at(x=f"[[{INF}, 1.], [{MINUS_INF}, 2.]]"),
            "NaN": at(x=f"[[{NAN}, 1.], [3., 2.]]"),
            "no rows": at((0, 2)),
        },
    ),
    VJP(
        "torch.masked.sum",
        "torch.masked.sum(x, -1, mask=c)",
        formula=r"z = \texttt{masked.sum}(x, c) = \sum_{c_j} x_j",
        gradient=r"\bar{x}_i = \bar{z}\,[c_i]",
        vjp=lambda v, x, c: (torch.where(c, v.unsqueeze(-1), 0.0).expand(x.shape),),
        inputs={"x": normal, "c": _mask},
        shapes=[{"x": (5,), "c": (5,)}, {"x": (2, 3), "c": (3,)}, {"x": (1,), "c": (1,)}],
        special={
            "NaN left out": _masked(f"[1., {NAN}]", "[True, False]"),
            "NaN kept": _masked(f"[1., {NAN}]", "[True, True]"),
            "all left out": _masked("[1., 2.]", "[False, False]"),
        },
    ),
    VJP(
        "torch.masked.mean",
        "torch.masked.mean(x, -1, mask=c)",
        formula=r"z = \texttt{masked.mean}(x, c) = \frac{1}{n} \sum_{c_j} x_j, \quad n = \text{the number of } c_j",
        gradient=r"\bar{x}_i = \frac{\bar{z}}{n}\,[c_i]",
        vjp=lambda v, x, c: _masked_mean(v.unsqueeze(-1), x, c),
        inputs={"x": normal, "c": _mask},
        shapes=[{"x": (5,), "c": (5,)}, {"x": (2, 3), "c": (3,)}, {"x": (1,), "c": (1,)}],
        special={
            "NaN left out": _masked(f"[1., {NAN}]", "[True, False]"),
            "NaN kept": _masked(f"[1., {NAN}]", "[True, True]"),
            "all left out": _masked("[1., 2.]", "[False, False]"),
        },
    ),
    VJP(
        "torch.diff",
        "torch.diff(x)",
        formula=r"z_i = \texttt{diff}(x)_i = x_{i+1} - x_i",
        gradient=r"\bar{x}_i = \bar{z}_{i-1} - \bar{z}_i, \quad \bar{z} = 0 \text{ beyond both ends}",
        vjp=lambda v, x: (_diff(v),),
        inputs={"x": normal},
        shapes=VECTORS,
        special={
            "equal": at(x="[2., 2., 2.]"),
            "two of inf": at(x=f"[{INF}, {INF}, 1.]"),
            "NaN": at(x=f"[1., {NAN}, 3.]"),
            "one entry": at(x="[3.]"),
        },
        also=("torch.Tensor.diff",),
    ),
    VJP(
        "torch.diff",
        "torch.diff(x, 2)",
        variant="n=2",
        formula=r"z_i = x_{i+2} - 2 x_{i+1} + x_i",
        gradient=r"\bar{x}_i = \bar{z}_{i-2} - 2 \bar{z}_{i-1} + \bar{z}_i",
        vjp=lambda v, x: (_diff(_diff(v)),),
        inputs={"x": normal},
        shapes=VECTORS,
        special={"a line": at(x="[1., 2., 3.]"), "inf": at(x=f"[1., {INF}, 3.]"), "two entries": at(x="[1., 2.]")},
    ),
    VJP(
        "torch.diff",
        "torch.diff(x, prepend=y, append=w)",
        variant="prepend, append",
        formula=r"z = \texttt{diff}(y, x_1, \dots, x_n, w)",
        gradient=r"\bar{y} = -\bar{z}_1, \quad \bar{x}_i = \bar{z}_i - \bar{z}_{i+1}, \quad \bar{w} = \bar{z}_{n+1}",
        vjp=_joined,
        inputs={"x": normal, "y": normal, "w": normal},
        shapes=[{"x": x, "y": y, "w": y} for x, y in (((5,), (1,)), ((2, 3), (2, 1)), ((1,), (1,)))],
        special={
            "equal": at(x="[2.]", y="[2.]", w="[2.]"),
            "inf and inf": at(x=f"[{INF}]", y=f"[{INF}]", w="[2.]"),
            "nothing between": at(x=(0,), y="[1.]", w="[2.]"),
        },
    ),
    VJP(
        "torch.gradient",
        "torch.gradient(x)[0]",
        formula=r"g_i = \texttt{gradient}(x)_i = \frac{x_{i+1} - x_{i-1}}{2}, \quad g_1 = x_2 - x_1, \quad"
        r" g_n = x_n - x_{n-1}",
        gradient=r"\bar{x}_1 = -\bar{g}_1 - \frac{\bar{g}_2}{2}, \quad"
        r" \bar{x}_2 = \bar{g}_1 - \frac{\bar{g}_3}{2}, \quad"
        r" \bar{x}_i = \frac{\bar{g}_{i-1} - \bar{g}_{i+1}}{2} \quad (3 \le i \le n - 2, \; n \ge 4)",
        vjp=_gradient,
        inputs={"x": normal},
        shapes=[{"x": (5,)}, {"x": (2,)}, {"x": (3,)}, {"x": (7,)}],
        special={
            "two entries": at(x="[1., 3.]"),
            "NaN in the middle": at(x=f"[1., {NAN}, 3.]"),
            "inf at both ends": at(x=f"[{INF}, 1., {INF}]"),
        },
    ),
    VJP(
        "torch.gradient",
        "torch.gradient(x, edge_order=2)[0]",
        variant="edge_order=2",
        formula=r"g_1 = -\frac{3}{2} x_1 + 2 x_2 - \frac{1}{2} x_3, \quad g_n \text{ likewise, with the other sign}",
        gradient=r"\bar{x}_1 = -\frac{3}{2} \bar{g}_1 - \frac{1}{2} \bar{g}_2, \quad"
        r" \bar{x}_2 = 2 \bar{g}_1 - \frac{1}{2} \bar{g}_3, \quad"
        r" \bar{x}_3 = -\frac{1}{2} \bar{g}_1 + \frac{1}{2} \bar{g}_2 - \frac{1}{2} \bar{g}_4 \quad (n \ge 6)",
        vjp=_gradient_of_second_order,
        inputs={"x": normal},
        shapes=[{"x": (5,)}, {"x": (3,)}, {"x": (7,)}],
        special={"three entries": at(x="[1., 2., 4.]"), "NaN in the middle": at(x=f"[1., {NAN}, 3.]")},
    ),
    VJP(
        "torch.gradient",
        "torch.gradient(x, spacing=(y,))[0]",
        variant="coordinates",
        formula=r"g_i = \frac{h_i\, s_{i-1} + h_{i-1}\, s_i}{h_{i-1} + h_i}, \quad h_i = y_{i+1} - y_i, \quad"
        r" s_i = \frac{x_{i+1} - x_i}{h_i}, \quad g_1 = s_1, \quad g_n = s_{n-1}",
        gradient=r"\bar{s}_i = \frac{h_{i+1}\, \bar{g}_{i+1}}{h_i + h_{i+1}}"
        r" + \frac{h_{i-1}\, \bar{g}_i}{h_{i-1} + h_i}, \quad"
        r" \bar{x}_i = \frac{\bar{s}_{i-1}}{h_{i-1}} - \frac{\bar{s}_i}{h_i}, \quad"
        r" \bar{y}_i = \bar{h}_{i-1} - \bar{h}_i, \quad \bar{h}_i = \frac{h_{i+1} (s_{i+1} - s_i)\, \bar{g}_{i+1}}"
        r"{(h_i + h_{i+1})^2} - \frac{h_{i-1} (s_i - s_{i-1})\, \bar{g}_i}{(h_{i-1} + h_i)^2}"
        r" - \frac{\bar{s}_i s_i}{h_i} \quad \text{inside}",
        vjp=_gradient_by_coordinates,
        inputs={"x": normal, "y": _steps},
        shapes=[{"x": (n,), "y": (n,)} for n in (5, 3, 7)],
        special={
            "steps of 1": at(x="[1., 2., 4.]", y="[0., 1., 2.]"),
            "equal coordinates": at(x="[1., 2., 4.]", y="[0., 1., 1.]"),
            "two entries": at(x="[1., 2.]", y="[0., 2.]"),
        },
    ),
    VJP(
        "torch.trapezoid",
        "torch.trapezoid(y, dx=0.5)",
        formula=r"z = \texttt{trapezoid}(y) = h \sum_i \frac{y_i + y_{i+1}}{2}, \quad h = \frac{1}{2}",
        gradient=r"\bar{y}_i = h\, \bar{z}, \quad \text{half of it at both ends} \quad (n \ge 2)",
        vjp=_trapezoid,
        inputs={"y": normal},
        shapes=[{"y": (5,)}, {"y": (2, 3)}, {"y": (2,)}],
        special=INTERVALS,
        also=("torch.trapz",),
    ),
    VJP(
        "torch.trapezoid",
        "torch.trapezoid(y, x)",
        variant="coordinates",
        formula=r"z = \sum_i (x_{i+1} - x_i)\, \frac{y_i + y_{i+1}}{2}",
        gradient=r"\bar{y}_i = \bar{z}\, \frac{x_{i+1} - x_{i-1}}{2}, \quad"
        r" \bar{x}_i = \bar{z}\, \frac{y_{i-1} - y_{i+1}}{2}, \quad \text{with } x_0 = x_1, \; y_0 = -y_1, \;"
        r" x_{n+1} = x_n, \; y_{n+1} = -y_n",
        vjp=lambda v, y, x: _by_coordinates(_of_intervals(v, y), y, x),
        inputs={"y": normal, "x": _steps},
        shapes=COORDINATES,
        special=WIDTHS,
    ),
    VJP(
        "torch.cumulative_trapezoid",
        "torch.cumulative_trapezoid(y, dx=0.5)",
        formula=r"z_k = \texttt{cumulative\_trapezoid}(y)_k = h \sum_{i \le k} \frac{y_i + y_{i+1}}{2}, \quad"
        r" h = \frac{1}{2}",
        gradient=r"t_i = \sum_{k \ge i} \bar{z}_k, \enspace t_0 = 0, \quad \bar{y}_i = h\, \frac{t_{i-1} + t_i}{2}",
        vjp=lambda v, y: (_ends(_later(v)) / 4,),
        inputs={"y": normal},
        shapes=[{"y": (5,)}, {"y": (2, 3)}, {"y": (2,)}],
        special=INTERVALS,
    ),
    VJP(
        "torch.cumulative_trapezoid",
        "torch.cumulative_trapezoid(y, x)",
        variant="coordinates",
        formula=r"z_k = \sum_{i \le k} (x_{i+1} - x_i)\, \frac{y_i + y_{i+1}}{2}",
        gradient=r"t_i = \sum_{k \ge i} \bar{z}_k, \enspace t_0 = 0, \quad"
        r" \bar{y}_i = \frac{t_{i-1} (x_i - x_{i-1}) + t_i (x_{i+1} - x_i)}{2}, \quad"
        r" \bar{x}_i = \frac{t_{i-1} (y_{i-1} + y_i) - t_i (y_i + y_{i+1})}{2}",
        vjp=lambda v, y, x: _by_coordinates(_later(v), y, x),
        inputs={"y": normal, "x": _steps},
        shapes=COORDINATES,
        special=WIDTHS,
    ),
    VJP(
        "torch.fill",
        "torch.fill(x, y)",
        formula=r"z_i = \texttt{fill}(x, y)_i = y",
        gradient=r"\bar{x} = 0, \quad \bar{y} = \sum_i \bar{z}_i",
        vjp=lambda v, x, y: (torch.zeros_like(x), v.sum()),
        inputs={"x": normal, "y": normal},
        shapes=[{"x": shape, "y": ()} for shape in ((), (5,), (2, 3))],
        special={
            "NaN overwritten": at(x=f"[{NAN}, 1.]", y="3."),
            "with NaN": at(x="[1., 2.]", y=NAN),
            "empty": at(x=(0,), y="3."),
        },
    ),
    VJP(
        "torch.Tensor.zero_",
        "x.clone().zero_()",
        formula=r"z = 0",
        gradient=r"\bar{x} = 0",
        vjp=lambda v, x: (torch.zeros_like(x),),
        inputs={"x": normal},
        shapes=ONE,
        special={"NaN": at(x=f"[{NAN}, 1.]"), "inf": at(x=f"[{INF}, 1.]"), "empty": at(x=(0,))},
        also=("torch.zero_",),
    ),
]
