"""Vectors divided by their length: the slope is one over the length, and epsilon is where that ends."""

import math

import torch

from livedocs.declare import INF, NAN, VJP, Defect, at, normal


def _normalize(v, x, eps=1e-12):
    size = (x * x).sum(-1, keepdim=True).sqrt()
    long = (size > eps).to(x.dtype)
    size = size.clamp(min=eps)
    return (v / size - long * x * (v * x).sum(-1, keepdim=True) / size**3,)


def _cosine(v, x, y, eps=1e-8):
    sizes = [(t * t).sum(-1, keepdim=True).sqrt().clamp(min=eps) for t in (x, y)]
    unit = [t / size for t, size in zip((x, y), sizes, strict=True)]
    back = (v.unsqueeze(-1) * unit[1], v.unsqueeze(-1) * unit[0])
    return tuple(_normalize(g, t, eps)[0] for g, t in zip(back, (x, y), strict=True))


def _renorm(p):
    def vjp(v, x):
        size = (x.abs() ** p).sum(1, keepdim=True) ** (1 / p)
        slope = x.sign() * (x.abs() / size) ** (p - 1)
        back = (v - slope * (v * x).sum(1, keepdim=True) / (size + 1e-7)) / (size + 1e-7)
        return (torch.where(size > 1, back, v),)

    return vjp


ZERO = "[0., 0.]"
ROWS = [{"x": (5,)}, {"x": (3, 2)}, {"x": (1, 7)}]
PAIRS = [{"x": (5,), "y": (5,)}, {"x": (3, 2), "y": (3, 2)}, {"x": (1, 7), "y": (1, 7)}]
COSINE = r"c = \frac{x \cdot y}{\max(\lVert x \rVert, \varepsilon)\, \max(\lVert y \rVert, \varepsilon)}"
COSINE_SLOPE = (
    r"\begin{aligned} \bar{x} &= \frac{\bar{c}}{\lVert x \rVert} \Bigl( \frac{y}{\lVert y \rVert} - c\,"
    r" \frac{x}{\lVert x \rVert} \Bigr), \quad \frac{\bar{c}}{\varepsilon} \frac{y}{\lVert y \rVert} \text{ at } x = 0,"
    r" \\ & \phantom{=} \text{ for } \lVert x \rVert > \varepsilon \text{ or } x = 0,\ \lVert y \rVert > \varepsilon"
    r" \qquad \bar{y} \text{ likewise} \end{aligned}"
)
AT_ONE = "as long as maxnorm"
RENORM = {"zero row": "0., 0.", "inf": f"{INF}, 1.", "NaN": f"{NAN}, 1."}

RULES = [
    VJP(
        "torch.nn.functional.normalize",
        "torch.nn.functional.normalize(x, dim=-1)",
        formula=r"z = \texttt{normalize}(x) = \frac{x}{\max(\lVert x \rVert, \varepsilon)},"
        r" \quad \varepsilon = 10^{-12}",
        gradient=r"\bar{x} = \frac{\bar{z} - z\, (z \cdot \bar{z})}{\lVert x \rVert},"
        r" \quad \frac{\bar{z}}{\varepsilon} \text{ where } \lVert x \rVert < \varepsilon",
        vjp=_normalize,
        inputs={"x": normal},
        shapes=ROWS,
        special={
            "unit vector": at(x="[1., 0.]"),
            "inf": at(x=f"[{INF}, 1.]"),
            "NaN": at(x=f"[{NAN}, 1.]"),
        },
    ),
    VJP(
        "torch.nn.functional.normalize",
        "torch.nn.functional.normalize(x, dim=-1, eps=0.1)",
        variant="eps=0.1",
        formula=r"z = \frac{x}{\max(\lVert x \rVert, \varepsilon)}, \quad \varepsilon = 0.1",
        gradient=r"\bar{x} = 10\, \bar{z} \quad \text{where } \lVert x \rVert < 0.1",
        vjp=lambda v, x: _normalize(v, x, 0.1),
        inputs={"x": normal},
        shapes=ROWS,
        special={"zero vector": at(x=ZERO), "shorter than eps": at(x="[0.03, 0.04]")},
    ),
    VJP(
        "torch.nn.functional.cosine_similarity",
        "torch.nn.functional.cosine_similarity(x, y, dim=-1)",
        formula=COSINE + r", \quad \varepsilon = 10^{-8}",
        gradient=COSINE_SLOPE,
        vjp=_cosine,
        inputs={"x": normal, "y": normal},
        shapes=PAIRS,
        special={
            "equal": at(x="[3., 4.]", y="[3., 4.]"),
            "orthogonal": at(x="[1., 0.]", y="[0., 1.]"),
            "inf": at(x=f"[{INF}, 1.]", y="[3., 4.]"),
            "NaN": at(x=f"[{NAN}, 1.]", y="[3., 4.]"),
        },
        also=("torch.cosine_similarity",),
    ),
    VJP(
        "torch.nn.functional.cosine_similarity",
        "torch.nn.functional.cosine_similarity(x, y, dim=-1, eps=0.5)",
        variant="eps=0.5",
        formula=COSINE + r", \quad \varepsilon = 0.5",
        gradient=r"\bar{x} = 2\, \bar{c}\, \frac{y}{\lVert y \rVert}"
        r" \quad \text{where } \lVert x \rVert < 0.5 < \lVert y \rVert",
        vjp=lambda v, x, y: _cosine(v, x, y, 0.5),
        inputs={"x": lambda g, shape: 1 + normal(g, shape).abs(), "y": lambda g, shape: 1 + normal(g, shape).abs()},
        shapes=PAIRS,
        special={
            "zero vector": at(x=ZERO, y="[3., 4.]"),
            "both zero": at(x=ZERO, y=ZERO),
            "shorter than eps": at(x="[0.25, 0.]", y="[3., 4.]"),
        },
        active={"shorter than eps": [[1.2, 1.6, 0.064, -0.048]]},  # in both modes but one
        defects=(
            Defect(
                "shorter than eps",
                "The backward pass takes the length for a variable, although the value is divided by the constant eps."
                " Forward mode and the difference quotient have 1.2 in the first entry.",
                {
                    "gradient": {"x": [0.6, 1.6], "y": [0.064, -0.048]},
                    "forward": {"x": [1.2, 1.6], "y": [0.064, -0.048]},
                },
            ),
        ),
    ),
    *(
        VJP(
            "torch.renorm",
            f"torch.renorm(x, {p}, 0, 1.)",
            variant=f"p={p}",
            formula=r"z_k = \begin{cases} x_k & \lVert x_k \rVert_p \le 1 \\ \dfrac{x_k}{\lVert x_k \rVert_p + 10^{-7}}"
            rf" & \lVert x_k \rVert_p > 1 \end{{cases}} \quad p = {p}, \text{{ for each row }} k",
            gradient=rf"\bar{{x}}_k = \bar{{z}}_k, \quad \frac{{\bar{{z}}_k - {slope}\, (z_k \cdot \bar{{z}}_k)}}"
            r"{\lVert x_k \rVert_p + 10^{-7}} \text{ where } \lVert x_k \rVert_p > 1",
            vjp=_renorm(p),
            inputs={"x": normal},
            shapes=[{"x": (4, 2)}, {"x": (3, 5)}, {"x": (2, 1)}],
            special={label: at(x=f"[[{row}]]") for label, row in special.items()},
            also=("torch.Tensor.renorm",) if p == 2 else (),
            defects=(
                Defect(
                    "zero row",
                    "The row is returned as it is, and so are its neighbors: the second derivatives are 0. PyTorch"
                    " chooses between two gradients, and the one that it leaves out is differentiated to 0/0.",
                    {"second": {"x": [[math.nan, math.nan]]}},
                ),
            )
            if p == 2
            else (),
        )
        for p, slope, special in (
            (2, r"\frac{x_k}{\lVert x_k \rVert_2}", RENORM | {AT_ONE: "1., 0."}),
            (
                1,
                r"\operatorname{sign}(x_k)",
                RENORM | {AT_ONE: "0.5, 0.5", "longer, one entry 0": "2., 0."},
            ),
        )
    ),
]
