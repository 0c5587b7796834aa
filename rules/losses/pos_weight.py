"""binary_cross_entropy of probabilities and of logits, with weight and pos_weight."""

import torch

from livedocs.declare import VJP, normal, uniform
from rules.losses.bce import at, of_logits, of_probabilities

WEIGHT = torch.tensor([1.0, 2.0, 0.0], dtype=torch.float64)
POS_WEIGHT = torch.tensor([3.0, 1.0, 0.5], dtype=torch.float64)


RULES = [
    VJP(
        "torch.nn.functional.binary_cross_entropy",
        "torch.nn.functional.binary_cross_entropy(p, y, weight, reduction='sum')",
        variant="weight, reduction=sum",
        formula=r"L = -\sum_i w_i \bigl( y_i \log p_i + (1 - y_i) \log(1 - p_i) \bigr)",
        gradient=r"\bar{p}_i = \bar{L}\, w_i\, \frac{p_i - y_i}{\max(p_i (1 - p_i),\, 10^{-12})} \qquad"
        r" \bar{y}_i = \bar{L}\, w_i \log\frac{1 - p_i}{p_i}",
        vjp=lambda v, p, y: of_probabilities(v, p, y, WEIGHT),
        inputs={"p": uniform(0.1, 0.9), "y": uniform(0.0, 1.0)},
        fixed={"weight": "torch.tensor([1., 2., 0.], dtype=torch.float64)"},
        shapes=[{"p": s, "y": s} for s in ((3,), (2, 3), (4, 3))],
        special={"weight 0": at("[0.5, 0.5, 0.5]", "[0.25, 0.25, 0.25]")},
    ),
    VJP(
        "torch.nn.functional.binary_cross_entropy_with_logits",
        "torch.nn.functional.binary_cross_entropy_with_logits(z, y, weight, reduction='sum', pos_weight=pos_weight)",
        variant="weight, pos_weight, reduction=sum",
        formula=r"L = \sum_i w_i \bigl( q_i\, y_i \log(1 + e^{-z_i}) + (1 - y_i) \log(1 + e^{z_i}) \bigr), \quad"
        r" q = \texttt{pos\_weight}",
        gradient=r"\begin{aligned} \bar{z}_i &= \bar{L}\, w_i \bigl( (1 - y_i)\, \sigma(z_i) - q_i\, y_i\, (1 -"
        r" \sigma(z_i)) \bigr) \\ \bar{y}_i &= \bar{L}\, w_i \bigl( q_i \log(1 + e^{-z_i}) - \log(1 + e^{z_i}) \bigr)"
        r" \end{aligned}",
        vjp=lambda v, z, y: of_logits(v, z, y, WEIGHT, POS_WEIGHT),
        inputs={"z": normal, "y": uniform(0.0, 1.0)},
        fixed={
            "weight": "torch.tensor([1., 2., 0.], dtype=torch.float64)",
            "pos_weight": "torch.tensor([3., 1., 0.5], dtype=torch.float64)",
        },
        shapes=[{"z": s, "y": s} for s in ((3,), (2, 3), (4, 3))],
        special={"weight 0": at("[0., 0., 0.]", "[1., 1., 1.]", "zy")},
    ),
]
