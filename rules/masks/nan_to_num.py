"""nan_to_num and the sums that skip NaN: a constant where they replace an entry, and a product with 0 in backward."""

import torch

from livedocs.declare import INF, MINUS_INF, NAN, VJP, Defect, Piece, Pieces, at, normal, oo, x


def _middle(v, x):
    return (torch.zeros_like(x).index_fill(0, x.argsort()[(len(x) - 1) // 2], 1) * v,)


SPECIAL = {
    "a NaN": at("[1., float('nan'), 3.]"),
    "all NaN": at("[float('nan'), float('nan')]"),
    "an infinity": at("[1., float('inf'), float('nan')]"),
    "empty": at("[]"),
}
SHAPES = [{"x": (5,)}, {"x": (1,)}, {"x": (7,)}]

RULES = [
    Pieces(
        "torch.nan_to_num",
        "torch.nan_to_num(x)",
        pieces=[Piece(x, -oo, oo)],
        points=(NAN, INF, MINUS_INF, "0.0"),
        also=("torch.Tensor.nan_to_num",),
        plot=False,
        defects=tuple(
            Defect(
                point,
                "The infinity is replaced by a constant, the largest number with its sign, and the gradient is that of"
                " the constant, 0. The slope at each finite number is 1, and so is its limit.",
                {"gradient": {"x": 0.0}, "forward": {"x": 0.0}},
            )
            for point in ("x = inf", "x = -inf")
        ),
    ),
    VJP(
        "torch.nansum",
        "torch.nansum(x)",
        formula=r"s = \texttt{nansum}(x) = \sum_{x_i \ne \text{NaN}} x_i",
        gradient=r"\bar{x}_i = \bar{s} \cdot [\,x_i \ne \text{NaN}\,]",
        vjp=lambda v, x: (v.expand_as(x),),
        inputs={"x": normal},
        shapes=SHAPES,
        special=SPECIAL,
        also=("torch.Tensor.nansum",),
    ),
    VJP(
        "torch.nanmean",
        "torch.nanmean(x)",
        formula=r"m = \texttt{nanmean}(x) = \frac{1}{k} \sum_{x_i \ne \text{NaN}} x_i, \quad"
        r" k = \lvert\{i : x_i \ne \text{NaN}\}\rvert",
        gradient=r"\bar{x}_i = \frac{\bar{m}}{k} \cdot [\,x_i \ne \text{NaN}\,]",
        vjp=lambda v, x: ((v / x.numel()).expand_as(x),),
        inputs={"x": normal},
        shapes=SHAPES,
        special=SPECIAL,
        also=("torch.Tensor.nanmean",),
    ),
    VJP(
        "torch.nanmedian",
        "torch.nanmedian(x)",
        variant="NaN left out",
        formula=r"m = \texttt{nanmedian}(x): \text{ the lower middle one of the } x_i \ne \text{NaN}",
        gradient=r"\bar{x}_i = \frac{\bar{m}}{k}\,[x_i = m], \quad k = \lvert\{j : x_j = m\}\rvert",
        vjp=_middle,
        inputs={"x": normal},
        shapes=SHAPES,
        special={**SPECIAL, "a tie": at("[2., 2., 3., float('nan')]")},
        also=("torch.Tensor.nanmedian",),
        defects=(
            Defect(
                "all NaN",
                "The median is NaN. Reverse mode shares the gradient among the entries, as at a tie; forward mode finds"
                " no entry that is equal to NaN, and divides by 0.",
                {"gradient": {"x": [0.5, 0.5]}, "forward": {"x": [float("nan"), float("nan")]}},
            ),
        ),
    ),
]
