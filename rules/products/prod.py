"""Products and running products: factors of 0, and what a division makes of NaN and underflow."""

import torch

from livedocs.declare import VJP, Defect, Plane, normal

inf, nan = float("inf"), float("nan")


def _vector(*entries: object) -> dict[str, str]:
    text = ", ".join(f"float('{e}')" if str(e).lstrip("-") in ("nan", "inf") else str(e) for e in entries)
    return {"x": f"torch.tensor([{text}], dtype=torch.float64)"}


EMPTY = {"x": "torch.zeros(0, dtype=torch.float64)"}


def _others(x: torch.Tensor) -> torch.Tensor:
    """For each entry along the first dimension, the product of the others."""
    rows = range(x.shape[0])
    return torch.stack([torch.cat([x[:i], x[i + 1 :]]).prod(0) for i in rows])


def _prod(v: torch.Tensor, x: torch.Tensor) -> tuple[torch.Tensor]:
    return (v * _others(x.reshape(-1)).view(x.shape),)


def _cumprod(v: torch.Tensor, x: torch.Tensor) -> tuple[torch.Tensor]:
    rows = [torch.zeros_like(x[0]) for _ in x]
    for k in range(len(x)):
        for i, others in enumerate(_others(x[: k + 1])):
            rows[i] = rows[i] + v[k] * others
    return (torch.stack(rows),)


ZEROS = {
    "no zero": _vector("2.", "3.", "4."),
    "one zero": _vector("2.", "0.", "4."),
    "two zeros": _vector("0.", "3.", "0."),
    "two factors, both 0": _vector("0.", "0."),
    "three zeros": _vector("0.", "0.", "0."),
    "minus zero": _vector("2.", "-0.", "4."),
}
SCALE = {
    "underflow": _vector("1e-200", "1e-200", "1e200"),
    "overflow": _vector("1e200", "1e200", "1e-200"),
}
OTHERS = {
    "NaN": _vector("2.", nan, "4."),
    "two zeros and NaN": _vector("0.", "0.", nan),
    "inf": _vector("2.", inf, "4."),
}

RANGE = {"float32": "two of the points need factors beyond its range"}


def _prod_defects() -> tuple[Defect, ...]:
    return (
        Defect(
            "underflow",
            "The product is 0 in float64, and the gradient is that product divided by the entries: 0."
            " The product of the other two is 1. torch.func multiplies the others, and gives 1.",
            {"gradient": {"x": [0.0, 0.0, 0.0]}, "forward": {"x": [1.0, 1.0, 0.0]}},
        ),
        Defect(
            "overflow",
            "The product is inf, and so is the gradient. The product of the other two is 1 for two of the entries.",
            {"gradient": {"x": [inf, inf, inf]}},
        ),
        Defect(
            "NaN",
            "The gradient of the NaN is the product of the others, 8. The product divided by the entry is NaN.",
            {"gradient": {"x": [nan, nan, nan]}},
        ),
    )


RULES = [
    VJP(
        "torch.prod",
        "torch.prod(x)",
        formula=r"p = \texttt{prod}(x) = \prod_j x_j",
        gradient=r"\bar{x}_i = \bar{p} \prod_{j \neq i} x_j",
        vjp=_prod,
        plane=Plane("two factors, both 0"),
        inputs={"x": normal},
        shapes=[{"x": (5,)}, {"x": (2, 3)}, {"x": (1,)}],
        special={**ZEROS, **SCALE, **OTHERS, "empty": EMPTY},
        also=("torch.Tensor.prod",),
        complex=True,
        excluded=RANGE,
        defects=(
            *_prod_defects(),
            Defect(
                "two zeros and NaN",
                "The value is NaN, and the gradient 0. With create_graph, in forward mode and in torch.func the two"
                " zeros get NaN.",
                {"gradient": {"x": [0.0, 0.0, 0.0]}, "create_graph": {"x": [nan, nan, 0.0]}},
            ),
        ),
    ),
    VJP(
        "torch.prod",
        "torch.prod(x, 0)",
        variant="dim",
        formula=r"p = \texttt{prod}(x, \texttt{dim}) = \prod_j x_j",
        gradient=r"\bar{x}_i = \bar{p} \prod_{j \neq i} x_j",
        vjp=lambda v, x: (v * _others(x),),
        inputs={"x": normal},
        shapes=[{"x": (5,)}, {"x": (4, 3)}, {"x": (2, 3, 2)}],
        special={**ZEROS, **SCALE, **OTHERS, "empty": EMPTY},
        complex=True,
        excluded=RANGE,
        defects=_prod_defects(),
    ),
    VJP(
        "torch.cumprod",
        "torch.cumprod(x, 0)",
        formula=r"y_k = \texttt{cumprod}(x)_k = \prod_{j \le k} x_j",
        gradient=r"\bar{x}_i = \sum_{k \ge i} \bar{y}_k \prod_{j \le k,\, j \neq i} x_j",
        vjp=_cumprod,
        inputs={"x": normal},
        shapes=[{"x": (5,)}, {"x": (4, 3)}, {"x": (1,)}],
        special={**ZEROS, **OTHERS, "empty": EMPTY},
        also=("torch.Tensor.cumprod",),
        complex=True,
    ),
    VJP(
        "torch.cumsum",
        "torch.cumsum(x, 0)",
        formula=r"y_k = \texttt{cumsum}(x)_k = \sum_{j \le k} x_j",
        gradient=r"\bar{x}_i = \sum_{k \ge i} \bar{y}_k",
        vjp=lambda v, x: (v.flip(0).cumsum(0).flip(0),),
        inputs={"x": normal},
        shapes=[{"x": (5,)}, {"x": (4, 3)}, {"x": (1,)}],
        special={
            "NaN": _vector("2.", nan, "4."),
            "inf": _vector("2.", inf, "4."),
            "inf and -inf": _vector(inf, -inf, "4."),
            "empty": EMPTY,
        },
        also=("torch.Tensor.cumsum",),
        complex=True,
    ),
]
