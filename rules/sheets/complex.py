"""Functions of complex numbers, as functions of the real and the imaginary part: at zero and on the branch cuts."""

import math

import torch

from livedocs.declare import INF, NAN, VJP, Defect, at, normal, uniform

Z = "torch.complex(x, y)"
ONE = "torch.view_as_real({})"
INPUTS = {"x": normal, "y": normal}
SHAPES = [{"x": shape, "y": shape} for shape in ((), (5,), (2, 3))]
BROADCAST = [*SHAPES, {"x": (3,), "y": (2, 3)}, {"x": (2, 1), "y": (3,)}]


def _complex(v):
    return torch.view_as_complex(v.contiguous())


def _parts(z):
    return z.real, z.imag


def _to(tensor, like):
    """The gradient of a broadcast input: summed to its shape."""
    return tensor.sum_to_size(like.shape)


ZERO, REGULAR = {"0": at("0.", y="0.")}, {"3 + 4i": at("3.", y="4.")}
CUT = {"−1 + 0i": at("-1.", y="0."), "−1 − 0i": at("-1.", y="-0.")}
INFINITE, A_NAN = {"inf": at(INF, y="0.")}, {"NaN": at("1.", y=NAN)}
NANS = {"x": math.nan, "y": math.nan}
PARTS = r", \quad \bar{x} = \operatorname{Re} \bar{z}, \enspace \bar{y} = \operatorname{Im} \bar{z}"
INFINITE_SLOPE = "The slope is infinite."
OVERFLOW = "The slope is finite, and greater than float64 can hold."
MODES = (
    " Of the real part both modes return {0} for {1} and NaN for {3}, of the imaginary part {2} for {3} and NaN for"
    " {1}: complex arithmetic multiplies inf by 0. For the sum of both parts forward mode adds inf and NaN."
)
BRANCH_POINT = "The slope is infinite at the branch point. PyTorch returns NaN."
LIMIT_ZERO = "The slope tends to 0. PyTorch returns NaN."
OTHER_SIDE = (
    "The value is that of this side of the branch cut. The gradient is that of the other side, and has the wrong sign."
)


def _modes(point, x=math.inf, y=math.inf, *, what=INFINITE_SLOPE, of_real="x"):
    """Infinite slopes; ``of_real`` is the part of the input that the real part of the output has its slope along."""
    along = [(f"{slope:g}".replace("-", "−"), name) for slope, name in ((x, "x"), (y, "y"))]
    first, second = along if of_real == "x" else along[::-1]
    return Defect(point, what + MODES.format(*first, *second), {"gradient": {"x": x, "y": y}, "forward": NANS})


def _lost(point, what=LIMIT_ZERO):
    return Defect(point, what, {"gradient": NANS})


def _side(point, x, y):
    return Defect(point, OTHER_SIDE, {"gradient": {"x": x, "y": y}})


def _holomorphic(name, formula, slope, derivative, special, *, call="", variant="complex", also=(), defects=()):
    """The rule of a function with a complex derivative.

    Args:
        formula: LaTeX of its value.
        slope: LaTeX of its derivative.
        derivative: of the complex input.
    """

    def vjp(v, x, y):
        return _parts(_complex(v) * derivative(torch.complex(x, y)).conj())

    left, right = (r"\Bigl(", r"\Bigr)") if r"\frac" in slope else "()"

    return VJP(
        f"torch.{name}",
        ONE.format(call or f"torch.{name}({Z})"),
        variant=variant,
        formula=rf"w = {formula}, \quad z = x + \mathrm{{i}} y",
        gradient=rf"\bar{{z}} = \bar{{w}}\, {left}{slope}{right}^*" + PARTS,
        vjp=vjp,
        inputs=INPUTS,
        shapes=SHAPES,
        special=special,
        also=also,
        defects=defects,
    )


def _linear(name, call, formula, gradient, vjp, special, *, also=(), variant="", defects=()):
    return VJP(
        f"torch.{name}",
        call,
        variant=variant,
        formula=formula,
        gradient=gradient,
        vjp=vjp,
        inputs=INPUTS,
        shapes=SHAPES,
        special=special,
        also=also,
        defects=defects,
    )


def _conj(v, x, y):
    return v[..., 0], -v[..., 1]


def _abs(v, x, y):
    r = (x * x + y * y).sqrt()
    return v * x / r, v * y / r


def _angle(v, x, y):
    s = x * x + y * y
    return -v * y / s, v * x / s


def _sgn(v, x, y):
    z, v = torch.complex(x, y), _complex(v)
    w = z / z.abs()
    return _parts((v - (v * w.conj()).real * w) / z.abs())


def _join(v, x, y):
    return _to(v[..., 0], x), _to(v[..., 1], y)


def _polar(v, r, t):
    along = v[..., 0] * t.cos() + v[..., 1] * t.sin()
    across = v[..., 1] * t.cos() - v[..., 0] * t.sin()
    return _to(along, r), _to(r * across, t)


def _power(v, x, y, p, q):
    v, z, e = _complex(v), torch.complex(x, y), torch.complex(p, q)
    w = (e * z.log()).exp()
    return *_parts(v * (e * w / z).conj()), *_parts(v * (w * z.log()).conj())


NO_SIGN = "The gradient of r is cos t + sin t. PyTorch multiplies it by the sign of r. Forward mode is right."
CONJ = r"\bar{x} = \operatorname{Re} \bar{w}, \enspace \bar{y} = -\operatorname{Im} \bar{w}"
JOINED = r"\bar{x} = \operatorname{Re} \bar{w}, \enspace \bar{y} = \operatorname{Im} \bar{w}"
CONJUGATE = r"w = x - \mathrm{i} y"
IMAGINARY = {"1 − 0i": at("1.", y="-0."), "1 + inf i": at("1.", y=INF), **A_NAN}
ONE_OVER = r"\frac{1}{%s}"

RULES = [
    _linear(
        "real",
        f"torch.real({Z})",
        r"w = \operatorname{Re} (x + \mathrm{i} y) = x",
        r"\bar{x} = \bar{w}, \enspace \bar{y} = 0",
        lambda v, x, y: (v, torch.zeros_like(v)),
        IMAGINARY,
        also=("torch.Tensor.real",),
    ),
    _linear(
        "imag",
        f"torch.imag({Z})",
        r"w = \operatorname{Im} (x + \mathrm{i} y) = y",
        r"\bar{x} = 0, \enspace \bar{y} = \bar{w}",
        lambda v, x, y: (torch.zeros_like(v), v),
        IMAGINARY,
        also=("torch.Tensor.imag",),
    ),
    _linear(
        "conj",
        ONE.format(f"torch.conj({Z}).resolve_conj()"),
        CONJUGATE,
        CONJ,
        _conj,
        IMAGINARY,
        also=("torch.Tensor.conj", "torch.resolve_conj", "torch.Tensor.resolve_conj"),
    ),
    _linear(
        "conj_physical",
        ONE.format(f"torch.conj_physical({Z})"),
        CONJUGATE,
        CONJ,
        _conj,
        IMAGINARY,
        also=("torch.Tensor.conj_physical",),
    ),
    _linear(
        "resolve_neg",
        f"torch.resolve_neg({Z}.conj().imag)",
        r"w = \operatorname{Im} (x - \mathrm{i} y) = -y",
        r"\bar{x} = 0, \enspace \bar{y} = -\bar{w}",
        lambda v, x, y: (torch.zeros_like(v), -v),
        IMAGINARY,
        also=("torch.Tensor.resolve_neg",),
    ),
    VJP(
        "torch.view_as_real",
        f"torch.view_as_real({Z} * 1j)",
        formula=r"w = (\operatorname{Re} u, \operatorname{Im} u), \quad u = \mathrm{i} (x + \mathrm{i} y)",
        gradient=r"\bar{u} = \bar{w}_1 + \mathrm{i}\, \bar{w}_2, \quad \bar{x} = \bar{w}_2, \enspace"
        r" \bar{y} = -\bar{w}_1",
        vjp=lambda v, x, y: (v[..., 1], -v[..., 0]),
        inputs=INPUTS,
        shapes=SHAPES,
        special=IMAGINARY,
    ),
    VJP(
        "torch.view_as_complex",
        "torch.view_as_complex(x).imag",
        formula=r"w = \operatorname{Im} u, \quad u = x_1 + \mathrm{i}\, x_2",
        gradient=r"\bar{x}_1 = \operatorname{Re} \bar{u} = 0, \enspace \bar{x}_2 = \operatorname{Im} \bar{u} = \bar{w}",
        vjp=lambda v, x: (torch.stack([torch.zeros_like(v), v], -1),),
        inputs={"x": normal},
        shapes=[{"x": shape} for shape in ((2,), (3, 2), (2, 3, 2))],
        special={"1 + 2i": at("[1., 2.]"), "NaN + 2i": at(f"[{NAN}, 2.]")},
    ),
    VJP(
        "torch.complex",
        ONE.format("torch.complex(x, y)"),
        formula=r"w = x + \mathrm{i} y",
        gradient=JOINED,
        vjp=_join,
        inputs=INPUTS,
        shapes=BROADCAST,
        special=IMAGINARY | {"a broadcast y": at("[1., 2., 3.]", y="[1.]")},
    ),
    VJP(
        "torch.polar",
        ONE.format("torch.polar(r, t)"),
        formula=r"w = r\, \mathrm{e}^{\mathrm{i} t}",
        gradient=r"\bar{r} = \operatorname{Re}(\bar{w}\, \mathrm{e}^{-\mathrm{i} t}), \quad"
        r" \bar{t} = r \operatorname{Im}(\bar{w}\, \mathrm{e}^{-\mathrm{i} t})",
        vjp=_polar,
        inputs={"r": uniform(0.1, 3.0), "t": normal},
        shapes=[{"r": s["x"], "t": s["y"]} for s in BROADCAST],
        special={
            "r = 2, t = 0": at(r="2.", t="0."),
            "r = 0": at(r="0.", t="0."),
            "r = −1": at(r="-1.", t="0."),
            "r = inf": at(r=INF, t="0."),
        },
        # What autograd gives around the point has the defect too.
        active={"r = 0": [[1.0, 0.0]], "r = −1": [[1.0, -1.0]]},
        defects=(
            Defect("r = 0", NO_SIGN, {"gradient": {"r": 0.0, "t": 0.0}, "forward": {"r": 1.0, "t": 0.0}}),
            Defect(
                "r = −1",
                NO_SIGN + " Its documentation leaves a negative r undefined.",
                {"gradient": {"r": -1.0, "t": -1.0}, "forward": {"r": 1.0, "t": -1.0}},
            ),
        ),
    ),
    _linear(
        "abs",
        f"torch.abs({Z})",
        r"w = \lvert x + \mathrm{i} y \rvert = \sqrt{x^2 + y^2}",
        r"\bar{z} = \bar{w}\, \frac{z}{\lvert z \rvert}" + PARTS,
        _abs,
        REGULAR | ZERO | INFINITE | A_NAN,
        variant="complex",
        defects=(_lost("inf", "The slope of x tends to 1, that of y to 0. PyTorch computes inf / inf."),),
    ),
    _linear(
        "angle",
        f"torch.angle({Z})",
        r"w = \arg (x + \mathrm{i} y)",
        r"\bar{z} = \mathrm{i}\, \bar{w}\, \frac{z}{\lvert z \rvert^2}" + PARTS,
        _angle,
        ZERO | CUT | INFINITE,
        variant="complex",
        defects=(_lost("inf"),),
    ),
    _linear(
        "sgn",
        ONE.format(f"torch.sgn({Z})"),
        r"w = \frac{z}{\lvert z \rvert}, \quad z = x + \mathrm{i} y",
        r"\bar{z} = \frac{\bar{w} - w \operatorname{Re}(\bar{w}\, w^*)}{\lvert z \rvert}" + PARTS,
        _sgn,
        REGULAR | ZERO | INFINITE,
        variant="complex",
        defects=(
            Defect(
                "0",
                "Every direction has its own value next to 0, and the slopes grow without bound. PyTorch returns 0.",
                {"gradient": {"x": 0.0, "y": 0.0}},
            ),
        ),
    ),
    _holomorphic(
        "sqrt",
        r"\sqrt{z}",
        ONE_OVER % r"2 \sqrt{z}",
        lambda z: 0.5 / z.sqrt(),
        ZERO | CUT | INFINITE,
        defects=(_modes("0"), _lost("inf")),
    ),
    _holomorphic(
        "rsqrt",
        r"z^{-1/2}",
        r"-\tfrac{1}{2} z^{-3/2}",
        lambda z: -0.5 / (z * z.sqrt()),
        ZERO | CUT | INFINITE,
    ),
    _holomorphic("reciprocal", ONE_OVER % "z", r"-\frac{1}{z^2}", lambda z: -1 / (z * z), REGULAR | ZERO | INFINITE),
    _holomorphic("log", r"\log z", ONE_OVER % "z", lambda z: 1 / z, ZERO | CUT | INFINITE, defects=(_modes("0"),)),
    _holomorphic(
        "log2",
        r"\log_2 z",
        ONE_OVER % r"z \log 2",
        lambda z: 1 / (z * math.log(2)),
        ZERO | CUT | INFINITE,
        defects=(_modes("0"), _lost("inf")),
    ),
    _holomorphic(
        "log10",
        r"\log_{10} z",
        ONE_OVER % r"z \log 10",
        lambda z: 1 / (z * math.log(10)),
        ZERO | CUT | INFINITE,
        defects=(_modes("0"), _lost("inf")),
    ),
    _holomorphic(
        "log1p",
        r"\log (1 + z)",
        ONE_OVER % "1 + z",
        lambda z: 1 / (1 + z),
        {"−1": at("-1.", y="0."), "−2 + 0i": at("-2.", y="0."), "−2 − 0i": at("-2.", y="-0.")},
        defects=(_modes("−1"),),
    ),
    _holomorphic(
        "exp",
        r"\mathrm{e}^z",
        r"\mathrm{e}^z",
        torch.exp,
        ZERO | INFINITE | {"−inf": at(f"-{INF}", y="0.")},
        defects=(_modes("inf"),),
    ),
    _holomorphic(
        "pow",
        "z^2",
        "2 z",
        lambda z: 2 * z,
        REGULAR | ZERO | INFINITE,
        call=f"torch.pow({Z}, 2)",
        variant="complex, exponent 2",
    ),
    _holomorphic(
        "pow",
        r"z^{1/2}",
        r"\tfrac{1}{2} z^{-1/2}",
        lambda z: 0.5 / z.sqrt(),
        ZERO | CUT | INFINITE,
        call=f"torch.pow({Z}, 0.5)",
        variant="complex, exponent 0.5",
        defects=(
            Defect(
                "0",
                "The slope is infinite. torch.sqrt gives inf, pow NaN.",
                {"gradient": NANS, "forward": NANS},
                reported="https://github.com/pytorch/pytorch/issues/78903",
            ),
        ),
    ),
    VJP(
        "torch.pow",
        ONE.format(f"torch.pow({Z}, torch.complex(p, q))"),
        variant="complex exponent",
        formula=r"w = z^e = \mathrm{e}^{e \log z}, \quad z = x + \mathrm{i} y, \enspace e = p + \mathrm{i} q",
        gradient=r"\bar{z} = \bar{w}\, (e\, z^{e - 1})^*, \quad \bar{e} = \bar{w}\, (z^e \log z)^*, \quad"
        r" \bar{x}, \bar{p} \text{: real parts}, \enspace \bar{y}, \bar{q} \text{: imaginary parts}",
        vjp=_power,
        inputs={"x": normal, "y": normal, "p": normal, "q": normal},
        shapes=[dict.fromkeys("xypq", shape) for shape in ((), (5,), (2, 3))],
        special={
            "1 to the power i": at("1.", y="0.", p="0.", q="1."),
            "0 to the power 2": at("0.", y="0.", p="2.", q="0."),
            "0 to the power 1": at("0.", y="0.", p="1.", q="0."),
            "0 to the power 0": at("0.", y="0.", p="0.", q="0."),
        },
        defects=(
            Defect(
                "0 to the power 1",
                "z to the power 1 is z, with slope 1. PyTorch multiplies by 0 to the power 0, which is NaN for complex"
                " numbers.",
                {"gradient": {"x": math.nan, "y": math.nan, "p": 0.0, "q": 0.0}},
                reported="https://github.com/pytorch/pytorch/issues/54622",
            ),
        ),
    ),
    *(
        _holomorphic(
            name,
            rf"\{name} z",
            slope,
            derivative,
            ZERO | {"800 i": at("0.", y="800.")} | INFINITE,
            defects=(_modes("800 i", *overflow, what=OVERFLOW, of_real=along),) if overflow else (),
        )
        for name, slope, derivative, overflow, along in (
            ("sin", r"\cos z", torch.cos, (math.inf, math.inf), "x"),
            ("cos", r"-\sin z", lambda z: -torch.sin(z), (-math.inf, math.inf), "y"),
            ("tan", r"\tfrac{1}{\cos^2 z}", lambda z: 1 + z.tan() ** 2, (), ""),
        )
    ),
    *(
        _holomorphic(
            name,
            rf"\{name} z",
            slope,
            derivative,
            ZERO | {"800": at("800.", y="0."), "−800": at("-800.", y="0.")} | {"inf i": at("0.", y=INF)},
            defects=(_modes("800", what=OVERFLOW), _modes("−800", *below, what=OVERFLOW)) if below else (),
        )
        for name, slope, derivative, below in (
            ("sinh", r"\cosh z", torch.cosh, (math.inf, math.inf)),
            ("cosh", r"\sinh z", torch.sinh, (-math.inf, -math.inf)),
            ("tanh", r"\tfrac{1}{\cosh^2 z}", lambda z: 1 - z.tanh() ** 2, ()),
        )
    ),
    _holomorphic(
        "sigmoid",
        ONE_OVER % r"1 + \mathrm{e}^{-z}",
        r"w\, (1 - w)",
        lambda z: z.sigmoid() * (1 - z.sigmoid()),
        ZERO | {"−800": at("-800.", y="0."), "−800 + i": at("-800.", y="1.")} | INFINITE,
        defects=(
            Defect(
                "−800 + i",
                "The value is 0 to within 10⁻³⁴⁷, and so is the slope. PyTorch divides by an overflowing exponential:"
                " both are NaN.",
                {"gradient": NANS, "forward": NANS},
                reported="https://github.com/pytorch/pytorch/issues/121588",
            ),
        ),
    ),
    _holomorphic(
        "acos",
        r"\arccos z",
        r"-(1 - z^2)^{-1/2}",
        lambda z: -1 / ((1 - z).sqrt() * (1 + z).sqrt()),
        {"1": at("1.", y="0."), "2 + 0i": at("2.", y="0."), "2 − 0i": at("2.", y="-0.")},
        defects=(
            _lost("1", BRANCH_POINT),
            _side("2 + 0i", 1 / math.sqrt(3), -1 / math.sqrt(3)),
        ),
    ),
    _holomorphic(
        "asin",
        r"\arcsin z",
        r"(1 - z^2)^{-1/2}",
        lambda z: 1 / ((1 - z).sqrt() * (1 + z).sqrt()),
        {"1": at("1.", y="0."), "2 + 0i": at("2.", y="0."), "2 − 0i": at("2.", y="-0.")},
        defects=(
            _lost("1", BRANCH_POINT),
            _side("2 + 0i", -1 / math.sqrt(3), 1 / math.sqrt(3)),
        ),
    ),
    _holomorphic(
        "atan",
        r"\arctan z",
        ONE_OVER % "1 + z^2",
        lambda z: 1 / (1 + z * z),
        {"i": at("0.", y="1."), "0 + 2i": at("0.", y="2."), "−0 + 2i": at("-0.", y="2."), **INFINITE},
        defects=(_modes("i"), _lost("inf")),
    ),
    _holomorphic(
        "acosh",
        r"\operatorname{arcosh} z",
        r"(z - 1)^{-1/2} (z + 1)^{-1/2}",
        lambda z: 1 / ((z - 1).sqrt() * (z + 1).sqrt()),
        {"1": at("1.", y="0."), "0 + 0i": at("0.", y="0."), "0 − 0i": at("0.", y="-0."), **INFINITE},
        defects=(
            _lost("1", BRANCH_POINT),
            _side("0 − 0i", -1.0, 1.0),
        ),
    ),
    _holomorphic(
        "asinh",
        r"\operatorname{arsinh} z",
        r"(z^2 + 1)^{-1/2}",
        lambda z: 1 / (z * z + 1).sqrt(),
        {"i": at("0.", y="1."), "0 + 2i": at("0.", y="2."), "−0 + 2i": at("-0.", y="2."), **INFINITE},
        defects=(_lost("i", BRANCH_POINT), _side("−0 + 2i", -1 / math.sqrt(3), 1 / math.sqrt(3)), _lost("inf")),
    ),
    _holomorphic(
        "atanh",
        r"\operatorname{artanh} z",
        ONE_OVER % "1 - z^2",
        lambda z: 1 / (1 - z * z),
        {"1": at("1.", y="0."), "2 + 0i": at("2.", y="0."), "2 − 0i": at("2.", y="-0."), **INFINITE},
        defects=(_modes("1"), _lost("inf")),
    ),
]
