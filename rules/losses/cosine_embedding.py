"""cosine_embedding_loss: the angle between two vectors, at zero vectors and at its margin."""

import torch

from livedocs.declare import INF, NAN, VJP, normal

COSINE_EPS = 1e-12  # added to each squared norm


def _sign(generator: torch.Generator, shape: tuple[int, ...]) -> torch.Tensor:
    """Targets of −1 and 1: integers, since a target is not differentiated."""
    return 2 * torch.randint(0, 2, shape, generator=generator) - 1


def _cosine(v, a, b, y, margin=0.0):
    aa, bb = (t.square().sum(-1, keepdim=True) + COSINE_EPS for t in (a, b))
    size = (aa * bb).sqrt()
    cos = (a * b).sum(-1, keepdim=True) / size
    slope = torch.where(y[..., None] == 1, -1.0, (cos > margin).to(v.dtype)) * v / y.numel()
    return slope * (b / size - cos * a / aa), slope * (a / size - cos * b / bb)


def _pair(y: str, a: str, b: str) -> dict[str, str]:
    tensors = {name: f"torch.tensor({text}, dtype=torch.float64)" for name, text in (("a", a), ("b", b))}
    return {**tensors, "y": f"torch.tensor({y})"}


PAIRS = [{"a": (4,), "b": (4,), "y": ()}, {"a": (3, 2), "b": (3, 2), "y": (3,)}, {"a": (1, 5), "b": (1, 5), "y": (1,)}]
ZERO = "[0., 0.]"
COSINE = (
    r"\begin{aligned} \ell &= \texttt{cosine\_embedding\_loss}(a, b, y) = \frac1N \sum_n"
    r" \begin{cases} 1 - c_n & y_n = 1 \\ \max(0,\ c_n - m) & y_n = -1 \end{cases} \\"
    r" c &= \frac{a \cdot b}{s}, \quad s = \sqrt{(a \cdot a + \varepsilon)(b \cdot b + \varepsilon)},"
    r" \quad \varepsilon = 10^{-12} \end{aligned}"
)
COSINE_SLOPE = (
    r"\bar{a}_n = \frac{\bar{\ell}}{N} \begin{cases} -1 & y_n = 1 \\ {[\,c_n > m\,]} & y_n = -1 \end{cases}"
    r" \cdot \Bigl( \frac{b_n}{s_n} - \frac{c_n\, a_n}{a_n \cdot a_n + \varepsilon} \Bigr)"
    r" \qquad \bar{b} \text{ likewise}"
)
SMALL = 1e-6


def _small(v, a, b, y):
    slope_a, slope_b = _cosine(v, SMALL * a, b, y)
    return SMALL * slope_a, slope_b


RULES = [
    VJP(
        "torch.nn.functional.cosine_embedding_loss",
        "torch.nn.functional.cosine_embedding_loss(a, b, y)",
        formula=COSINE,
        gradient=COSINE_SLOPE,
        vjp=_cosine,
        inputs={"a": normal, "b": normal, "y": _sign},
        shapes=PAIRS,
        special={
            "orthogonal, y = 1": _pair("1", "[1., 0.]", "[0., 1.]"),
            "orthogonal, y = -1": _pair("-1", "[1., 0.]", "[0., 1.]"),
            "y = 0": _pair("0", "[1., 0.]", "[3., 4.]"),
            "inf": _pair("1", f"[{INF}, 0.]", "[3., 4.]"),
            "NaN": _pair("1", f"[{NAN}, 0.]", "[3., 4.]"),
        },
        also=("torch.cosine_embedding_loss",),
    ),
    VJP(
        "torch.nn.functional.cosine_embedding_loss",
        "torch.nn.functional.cosine_embedding_loss(1e-6 * a, b, y)",
        variant="first argument in millionths",
        formula=r"\ell = \texttt{cosine\_embedding\_loss}(10^{-6} a, b, y)",
        gradient=r"\bar{a} = -\bar{\ell}\, \frac{b}{\lVert b \rVert} \quad \text{at } a = 0,\ y = 1",
        vjp=_small,
        inputs={"a": normal, "b": normal, "y": _sign},
        shapes=PAIRS,
        special={
            "a = 0, y = 1": _pair("1", ZERO, "[3., 4.]"),
            "a = 0, y = -1": _pair("-1", ZERO, "[3., 4.]"),
            "a of length 1e-6, y = 1": _pair("1", "[1., 0.]", "[3., 4.]"),
        },
    ),
    VJP(
        "torch.nn.functional.cosine_embedding_loss",
        "torch.nn.functional.cosine_embedding_loss(a, b, y, margin=0.5)",
        variant="margin=0.5",
        formula=r"\ell = \texttt{cosine\_embedding\_loss}(a, b, y), \quad m = \tfrac12",
        gradient=r"\bar{a} = 0 \quad \text{where } y = -1,\ c \le \tfrac12",
        vjp=lambda v, a, b, y: _cosine(v, a, b, y, 0.5),
        inputs={"a": normal, "b": normal, "y": _sign},
        shapes=PAIRS,
        special={
            "orthogonal, y = -1": _pair("-1", "[1., 0.]", "[0., 1.]"),
            "cosine above the margin, y = -1": _pair("-1", "[2., 1.]", "[1., 1.]"),
        },
    ),
]
