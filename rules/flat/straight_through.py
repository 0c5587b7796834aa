"""Functions whose gradient is that of another function, on purpose: fake_quantize and the hard gumbel_softmax."""

import torch
from torch.nn.functional import gumbel_softmax

from livedocs.declare import VJP, Defect, at, normal
from rules.flat.sampling import OTHER_DRAW

FIRST = "(torch.manual_seed(0), torch.nn.functional.gumbel_softmax(x, hard={}))[1][..., 0]"
LOGITS = {"three logits": {"x": "torch.tensor([1., 2., 3.], dtype=torch.float64)"}}
SHAPES = [{"x": (3,)}, {"x": (5,)}, {"x": (2, 3)}]
ON_PURPOSE = "its gradient is, on purpose, not that of its values"


def _mask(v, x):
    q = torch.round(x / 0.5)
    return (v * ((q >= -2) & (q <= 2)),)


def _channel_mask(v, x):
    q = torch.round(x / torch.tensor([0.5, 1.0], dtype=torch.float64))
    return (v * ((q >= -2) & (q <= 2)),)


def _soft(v, x):
    torch.manual_seed(0)
    p = gumbel_softmax(x)
    first = torch.zeros_like(p)
    first[..., 0] = 1.0
    return (v.unsqueeze(-1) * p[..., :1] * (first - p),)


def _straight(point, gradient):
    measured = {"gradient": {"x": gradient}}
    return Defect(point, f"On purpose, {point}: {gradient:g} where the derivative of the values is 0.", measured)


INSIDE = {"on a step": "0.3"}

RULES = [
    VJP(
        "torch.fake_quantize_per_tensor_affine",
        "torch.fake_quantize_per_tensor_affine(x, 0.5, 0, -2, 2)",
        formula=r"q = \operatorname{round}(x / s) + z \qquad"
        r" \texttt{fake\_quantize}(x) = s\,(\min(\max(q, q_{\min}), q_{\max}) - z)",
        gradient=r"\bar{x} = \bar{y}\,[q_{\min} \le q \le q_{\max}]",
        vjp=_mask,
        inputs={"x": normal},
        shapes=[{"x": ()}, {"x": (5,)}, {"x": (2, 3)}],
        special={**{label: at(text) for label, text in INSIDE.items()}, "beyond the end": at("1.3")},
        active={label: [[0.0]] for label in INSIDE},
        defects=tuple(_straight(label, 1.0) for label in INSIDE),
        excluded={"gradcheck": f"Finite differences give 0: {ON_PURPOSE}.", "forward": "Not implemented in PyTorch."},
    ),
    VJP(
        "torch.fake_quantize_per_channel_affine",
        "torch.fake_quantize_per_channel_affine(x, torch.tensor([0.5, 1.]), torch.zeros(2), x.dim() - 1, -2, 2)",
        formula=r"q = \operatorname{round}(x_c / s_c) + z_c \qquad"
        r" y_c = s_c\,(\min(\max(q, q_{\min}), q_{\max}) - z_c), \quad s = (\tfrac{1}{2}, 1)",
        gradient=r"\bar{x}_c = \bar{y}_c\,[q_{\min} \le q \le q_{\max}]",
        vjp=_channel_mask,
        inputs={"x": normal},
        shapes=[{"x": (2,)}, {"x": (5, 2)}, {"x": (2, 3, 2)}],
        special={
            "beyond the end": at("[1.3, 2.6]"),
            "beyond the end of one": at("[1.3, 1.3]"),
        },
        active={"beyond the end of one": [[0.0, 0.0]]},
        defects=(
            Defect(
                "beyond the end of one",
                "On purpose, on a step: 1 in the second place, where the derivative of the values is 0.",
                {"gradient": {"x": [0.0, 1.0]}},
            ),
        ),
        excluded={"gradcheck": f"Finite differences give 0: {ON_PURPOSE}.", "forward": "Not implemented in PyTorch."},
    ),
    VJP(
        "torch.nn.functional.gumbel_softmax",
        FIRST.format(False),
        formula=r"y = \texttt{gumbel\_softmax}(x) = \operatorname{softmax}((x + g) / \tau), \quad"
        r" g_i \sim \text{Gumbel}(0, 1)",
        gradient=r"\bar{x} = \tfrac{1}{\tau}\,y\,(\bar{y} - \bar{y}^\top y)",
        vjp=_soft,
        inputs={"x": normal},
        shapes=SHAPES,
        special=LOGITS,
        excluded=OTHER_DRAW,
        random=True,
    ),
    VJP(
        "torch.nn.functional.gumbel_softmax",
        FIRST.format(True),
        variant="hard",
        formula=r"h = \texttt{one\_hot}(\operatorname{argmax} y), \quad y = \operatorname{softmax}((x + g) / \tau)",
        gradient=r"\bar{x} = \tfrac{1}{\tau}\,y\,(\bar{h} - \bar{h}^\top y)",
        vjp=_soft,
        inputs={"x": normal},
        shapes=SHAPES,
        special=LOGITS,
        active={"three logits": [[0.0, 0.0, 0.0]]},
        defects=(
            Defect(
                "three logits",
                "On purpose: the gradient of the soft sample, where the derivative of the hard one is 0.",
                {},
            ),
        ),
        excluded={**OTHER_DRAW, "gradcheck": f"Finite differences give 0: {ON_PURPOSE}."},
        random=True,
    ),
]
