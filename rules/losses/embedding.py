"""Losses of three embeddings: triplet_margin and triplet_margin_with_distance."""

import math

import torch

from livedocs.declare import INF, NAN, VJP, Defect, at, normal

DISTANCE_EPS = 1e-6  # pairwise_distance adds it to each entry of the difference


def _distance(x, y, p, eps=DISTANCE_EPS):
    """The distance and its gradient in ``x``; the one in ``y`` has the other sign."""
    d = x - y + eps
    size = torch.linalg.vector_norm(d, p, -1, keepdim=True)
    direction = d.sign() * d.abs() ** (p - 1) / size ** (p - 1)
    return size, direction.nan_to_num(0.0)


def _triplet(v, a, p, n, order=2, eps=DISTANCE_EPS, swap=False):
    near, to_positive = _distance(a, p, order, eps)
    far, to_negative = _distance(a, n, order, eps)
    between, from_positive = _distance(p, n, order, eps)
    use = (between < far).to(v.dtype) if swap else torch.zeros_like(far)
    far = far - use * (far - between)
    active = (1 + near - far > 0).to(v.dtype) * v / near.numel()
    return (
        active * (to_positive - (1 - use) * to_negative),
        active * (-to_positive - use * from_positive),
        active * ((1 - use) * to_negative + use * from_positive),
    )


TRIPLETS = [dict.fromkeys("apn", shape) for shape in ((4,), (3, 2), (1, 5))]
ZERO = "[0., 0.]"
REGULAR = {
    "violated": at(a=ZERO, p="[3., 4.]", n="[0.8, -0.6]"),
    "satisfied": at(a=ZERO, p="[0.8, -0.6]", n="[3., 4.]"),
}
# In one dimension the norm has two slopes at 0, and the verdict can be told; in more it has a ball of them.
EQUAL = {
    "anchor = positive": at(a="[0.]", p="[0.]", n="[0.5]"),
    "anchor = negative": at(a="[0.]", p="[0.5]", n="[0.]"),
    "all equal": at(a="[0.]", p="[0.]", n="[0.]"),
    "at the margin": at(a="[0.]", p="[1.]", n="[2.]"),
    "satisfied, anchor = positive": at(a="[0.]", p="[0.]", n="[3.]"),
}


def _triplets(
    function: str, arguments: str, variant: str, formula: str, gradient: str, special, *, also=(), defects=(), **rule
):
    return VJP(
        f"torch.nn.functional.{function}",
        f"torch.nn.functional.{function}(a, p, n{arguments})",
        variant=variant,
        formula=formula,
        gradient=gradient,
        vjp=lambda v, a, p, n: _triplet(v, a, p, n, **rule),
        inputs={"a": normal, "p": normal, "n": normal},
        shapes=TRIPLETS,
        special=special,
        also=also,
        defects=defects,
    )


RULES = [
    _triplets(
        "triplet_margin_loss",
        "",
        "",
        r"\begin{aligned} \ell &= \texttt{triplet\_margin\_loss}(a, p, n) = \frac1N \sum"
        r" \max(0,\ m + d(a, p) - d(a, n)) \\"
        r" d(x, y) &= \lVert x - y + \varepsilon \rVert_2, \quad \varepsilon = 10^{-6} \end{aligned}",
        r"\begin{aligned} \bar{a} &= \frac{\bar{\ell}}{N} [\,\ell > 0\,]"
        r" \Bigl( \frac{a - p + \varepsilon}{d(a, p)} - \frac{a - n + \varepsilon}{d(a, n)} \Bigr) \\"
        r" \bar{p} &= -\frac{\bar{\ell}}{N} [\,\ell > 0\,] \frac{a - p + \varepsilon}{d(a, p)}"
        r" \qquad \bar{n} = -\bar{a} - \bar{p} \end{aligned}",
        {
            **REGULAR,
            "inf": at(a=ZERO, p=f"[{INF}, 0.]", n="[0., 1.]"),
            "NaN": at(a=f"[{NAN}, 0.]", p="[1., 0.]", n="[0., 1.]"),
        },
        also=("torch.triplet_margin_loss",),
    ),
    _triplets(
        "triplet_margin_loss",
        ", eps=0.1",
        "eps=0.1",
        r"d(x, y) = \lVert x - y + \varepsilon \rVert_2, \quad \varepsilon = 0.1",
        r"\bar{p} = -\frac{\bar{\ell}}{\sqrt{D}} (1, \dots, 1) \quad \text{where } a = p",
        {
            "anchor = positive": at(a=ZERO, p=ZERO, n="[0.3, 0.4]"),
            "anchor = negative": at(a=ZERO, p="[0.3, 0.4]", n=ZERO),
            "all equal": at(a=ZERO, p=ZERO, n=ZERO),
        },
        eps=0.1,
    ),
    _triplets(
        "triplet_margin_loss",
        ", p=1",
        "p=1",
        r"d(x, y) = \lVert x - y + \varepsilon \rVert_1",
        r"\bar{p} = -\frac{\bar{\ell}}{N} [\,\ell > 0\,] \operatorname{sign}(a - p + \varepsilon)",
        REGULAR,
        order=1,
    ),
    _triplets(
        "triplet_margin_loss",
        ", eps=0",
        "eps=0",
        r"d(x, y) = \lVert x - y \rVert_2",
        r"\bar{p} = -\frac{\bar{\ell}}{N} [\,\ell > 0\,] \frac{a - p}{d(a, p)}, \quad 0 \text{ where } a = p",
        EQUAL,
        eps=0.0,
    ),
    _triplets(
        "triplet_margin_loss",
        ", swap=True, eps=0",
        "swap=True, eps=0",
        r"\ell = \frac1N \sum \max\bigl(0,\ m + d(a, p) - \min(d(a, n), d(p, n))\bigr)",
        r"\text{of the smaller one of } d(a, n), d(p, n); \quad \tfrac12 \text{ of each where they are equal}",
        {"equal distances": at(a="[0.]", p="[2.]", n="[1.]"), "all equal": EQUAL["all equal"]},
        eps=0.0,
        swap=True,
    ),
    _triplets(
        "triplet_margin_with_distance_loss",
        "",
        "",
        r"\begin{aligned} \ell &= \texttt{triplet\_margin\_with\_distance\_loss}(a, p, n) \\"
        r" &= \frac1N \sum \max(0,\ m + d(a, p) - d(a, n)) \end{aligned}",
        r"\bar{a} = \frac{\bar{\ell}}{N} [\,\ell > 0\,] \bigl( \nabla_1 d(a, p) - \nabla_1 d(a, n) \bigr)"
        r" \qquad d = \texttt{pairwise\_distance}",
        REGULAR,
    ),
    _triplets(
        "triplet_margin_with_distance_loss",
        ", distance_function=lambda x, y: torch.linalg.vector_norm(x - y, dim=-1)",
        "vector_norm",
        r"d(x, y) = \texttt{vector\_norm}(x - y)",
        r"\nabla_1 d(x, y) = \begin{cases} \frac{x - y}{\lVert x - y \rVert} & x \ne y \\ 0 & x = y \end{cases}",
        EQUAL,
        eps=0.0,
    ),
    _triplets(
        "triplet_margin_with_distance_loss",
        ", distance_function=lambda x, y: (x - y).square().sum(-1).sqrt()",
        "sqrt of a sum of squares",
        r"d(x, y) = \sqrt{\textstyle\sum_i (x_i - y_i)^2}",
        r"\nabla_1 d(x, y) = \frac{x - y}{\sqrt{\sum_i (x_i - y_i)^2}}, \quad \text{NaN where } x = y",
        {point: inputs for point, inputs in EQUAL.items() if point != "anchor = negative"},
        eps=0.0,
        defects=(
            Defect(
                "anchor = positive",
                "The slope of the root at 0 is infinite, that of the squares inside it 0. Their product is NaN.",
                {"gradient": {"a": [math.nan], "p": [math.nan], "n": [-1.0]}},
            ),
            Defect(
                "all equal",
                "Both distances are 0, and all three gradients are NaN.",
                {"gradient": {"a": [math.nan], "p": [math.nan], "n": [math.nan]}},
            ),
            Defect(
                "satisfied, anchor = positive",
                "The loss is 0 and so is its slope. Reverse mode multiplies 0 by infinity, forward mode gives 0.",
                {
                    "gradient": {"a": [math.nan], "p": [math.nan], "n": [0.0]},
                    "forward": {"a": [0.0], "p": [0.0], "n": [0.0]},
                },
            ),
        ),
    ),
]
