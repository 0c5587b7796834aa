"""Vectors divided by their length: the slope is one over the length, and epsilon is where that ends."""

from livedocs.declare import INF, NAN, VJP, Defect, normal


def _at(**inputs: str) -> dict[str, str]:
    return {name: f"torch.tensor({text}, dtype=torch.float64)" for name, text in inputs.items()}


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


ZERO = "[0., 0.]"
ROWS = [{"x": (5,)}, {"x": (3, 2)}, {"x": (1, 7)}]
PAIRS = [{"x": (5,), "y": (5,)}, {"x": (3, 2), "y": (3, 2)}, {"x": (1, 7), "y": (1, 7)}]
COSINE = r"c = \frac{x \cdot y}{\max(\lVert x \rVert, \varepsilon)\, \max(\lVert y \rVert, \varepsilon)}"
COSINE_SLOPE = (
    r"\bar{x} = \frac{\bar{c}}{\lVert x \rVert} \Bigl( \frac{y}{\lVert y \rVert} - c\, \frac{x}{\lVert x \rVert}"
    r" \Bigr), \quad \frac{\bar{c}}{\varepsilon} \frac{y}{\lVert y \rVert} \text{ at } x = 0 \qquad \bar{y}"
    r" \text{ likewise}"
)

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
            "unit vector": _at(x="[1., 0.]"),
            "inf": _at(x=f"[{INF}, 1.]"),
            "NaN": _at(x=f"[{NAN}, 1.]"),
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
        special={"zero vector": _at(x=ZERO), "shorter than eps": _at(x="[0.03, 0.04]")},
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
            "equal": _at(x="[3., 4.]", y="[3., 4.]"),
            "orthogonal": _at(x="[1., 0.]", y="[0., 1.]"),
            "inf": _at(x=f"[{INF}, 1.]", y="[3., 4.]"),
            "NaN": _at(x=f"[{NAN}, 1.]", y="[3., 4.]"),
        },
        also=("torch.cosine_similarity",),
    ),
    VJP(
        "torch.nn.functional.cosine_similarity",
        "torch.nn.functional.cosine_similarity(x, y, dim=-1, eps=0.5)",
        variant="eps=0.5",
        formula=COSINE + r", \quad \varepsilon = 0.5",
        gradient=r"\bar{x} = 2\, \bar{c}\, \frac{y}{\lVert y \rVert} \quad \text{where } \lVert x \rVert < 0.5",
        vjp=lambda v, x, y: _cosine(v, x, y, 0.5),
        inputs={"x": lambda g, shape: 1 + normal(g, shape).abs(), "y": lambda g, shape: 1 + normal(g, shape).abs()},
        shapes=PAIRS,
        special={
            "zero vector": _at(x=ZERO, y="[3., 4.]"),
            "both zero": _at(x=ZERO, y=ZERO),
            "shorter than eps": _at(x="[0.25, 0.]", y="[3., 4.]"),
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
]
