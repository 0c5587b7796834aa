"""scaled_dot_product_attention with a boolean mask and with a learned one, and multi_head_attention_forward."""

import math

import torch

from livedocs.declare import VJP, Defect, normal


def _attention(v, query, key, value, bias):
    """The gradients of query, key, value and of what is added to the scores. A row without a key is 0."""
    scale = 1 / math.sqrt(query.shape[-1])
    scores = scale * query @ key.mT + bias
    empty = scores.isneginf().all(-1, keepdim=True)
    p = scores.masked_fill(empty, 0).softmax(-1).masked_fill(empty, 0)
    g = v @ value.mT
    s = p * (g - (p * g).sum(-1, keepdim=True))
    return scale * s @ key, scale * s.mT @ query, p.mT @ v, s.sum_to_size(bias.shape)


def _boolean(v, query, key, value, keep):
    bias = torch.zeros(keep.shape, dtype=query.dtype).masked_fill(~keep, -torch.inf)
    return _attention(v, query, key, value, bias)[:3]


def _with_weights(v, query, key, value, keep):
    """As above for one head, with projections that change nothing. A row without a key is 0/0."""
    scale = 1 / math.sqrt(query.shape[-1])
    p = (scale * query @ key.mT).masked_fill(~keep, -torch.inf).softmax(-1)
    g = v @ value.mT
    s = p * (g - (p * g).sum(-1, keepdim=True))
    return scale * s @ key, scale * s.mT @ query, p.mT @ v


def _mask(generator, shape):
    """True for about half of the keys, and for the first one."""
    keep = torch.rand(shape, generator=generator) > 0.5
    keep[..., 0] = True
    return keep


def _shapes(mask: str) -> list[dict[str, tuple[int, ...]]]:
    sizes = [(1, 1, 2, 3, 2), (2, 1, 3, 2, 1), (1, 2, 4, 5, 3)]
    return [
        {"query": (n, h, q, d), "key": (n, h, k, d), "value": (n, h, k, d), mask: (q, k)} for n, h, q, k, d in sizes
    ]


def _at(mask, text, *, key="[1., 2.], [-1., 3.]", query="[1., 1.], [2., 0.]", rows="[[[{}]]]"):
    inputs = {"query": query, "key": key, "value": "[1., 2.], [3., 5.]"}
    return {name: f"torch.tensor({rows.format(x)}, dtype=torch.float64)" for name, x in inputs.items()} | {mask: text}


KEEP = "torch.tensor([[True, False], [{}]])"
BIAS = "torch.tensor([[0., float('-inf')], [{}]], dtype=torch.float64)"
HIDDEN = r"\begin{cases} Q K^\top / \sqrt{d} & \text{kept} \\ -\infty & \text{hidden} \end{cases}"
FORMULA = (
    r"\begin{{aligned}} y &= P V, \quad P = \texttt{{softmax}}(S), \quad S = {}, \\"
    r" P_i &= 0 \text{{ where }} S_i = -\infty \end{{aligned}}"
)
GRADIENT = (
    r"\begin{{aligned}} \bar{{V}} &= P^\top \bar{{y}}, \quad \bar{{P}} = \bar{{y}} V^\top, \quad"
    r" \bar{{S}}_{{ij}} = P_{{ij}} \bigl(\bar{{P}}_{{ij}} - \textstyle\sum_k P_{{ik}} \bar{{P}}_{{ik}}\bigr) \\"
    r" \bar{{Q}} &= \bar{{S}} K / \sqrt{{d}}, \quad \bar{{K}} = \bar{{S}}^\top Q / \sqrt{{d}}{} \end{{aligned}}"
)
NO_SECOND = "PyTorch has no derivative of _scaled_dot_product_flash_attention_for_cpu_backward."
NO_FORWARD = "PyTorch has no forward mode for _scaled_dot_product_flash_attention_for_cpu."

RULES = [
    VJP(
        "torch.nn.functional.scaled_dot_product_attention",
        "torch.nn.functional.scaled_dot_product_attention(query, key, value, keep)",
        formula=FORMULA.format(HIDDEN),
        gradient=GRADIENT.format(""),
        vjp=_boolean,
        inputs={"query": normal, "key": normal, "value": normal, "keep": _mask},
        shapes=_shapes("keep"),
        special={
            "one key": _at("keep", KEEP.format("True, False")),
            "a row without a key": _at("keep", KEEP.format("False, False")),
            "NaN in a hidden key": _at("keep", KEEP.format("True, False"), key="[1., 2.], [float('nan'), 3.]"),
            "NaN in the query without a key": _at(
                "keep", KEEP.format("False, False"), query="[1., 1.], [float('nan'), 0.]"
            ),
        },
        excluded={"gradgradcheck": NO_SECOND, "forward": NO_FORWARD},
    ),
    VJP(
        "torch.nn.functional.scaled_dot_product_attention",
        "torch.nn.functional.scaled_dot_product_attention(query, key, value, bias)",
        variant="mask with a gradient",
        formula=FORMULA.format(r"Q K^\top / \sqrt{d} + B"),
        gradient=GRADIENT.format(r", \quad \bar{B} = \bar{S}"),
        vjp=_attention,
        inputs={"query": normal, "key": normal, "value": normal, "bias": normal},
        shapes=_shapes("bias"),
        special={
            "one key": _at("bias", BIAS.format("0., float('-inf')")),
            "a row of nothing but -inf": _at("bias", BIAS.format("float('-inf'), float('-inf')")),
            "a row of -1e30": _at("bias", "torch.tensor([[0., -1e30], [-1e30, -1e30]], dtype=torch.float64)"),
        },
        excluded={"forward": NO_FORWARD},
        defects=(
            Defect(
                "a row of -1e30",
                "The scores are rounded away beside −10³⁰: the row is the mean of the values, and the slopes in query,"
                " key and bias are 0. The gradients are those of equal scores.",
                {
                    "gradient": {
                        "query": [[[[0.0, 0.0], [-1.7677669529663687, 0.8838834764831843]]]],
                        "key": [[[[-1.7677669529663687, 0.0], [1.7677669529663687, 0.0]]]],
                        "value": [[[[1.5, 1.5], [0.5, 0.5]]]],
                        "bias": [[0.0, 0.0], [-1.25, 1.25]],
                    },
                },
            ),
        ),
    ),
    VJP(
        "torch.nn.functional.multi_head_attention_forward",
        "torch.nn.functional.multi_head_attention_forward(query, key, value, 2, 1, weight, None, None, None,"
        " False, 0.0, out, None, attn_mask=~keep)[0]",
        variant="need_weights=True",
        formula=r"y = P V, \quad P = \texttt{softmax}(S), \quad S = " + HIDDEN,
        gradient=GRADIENT.format(""),
        vjp=_with_weights,
        inputs={"query": normal, "key": normal, "value": normal, "keep": _mask},
        fixed={  # one head, and projections that change nothing
            "weight": "torch.eye(2, dtype=torch.float64).repeat(3, 1)",
            "out": "torch.eye(2, dtype=torch.float64)",
        },
        shapes=[{"query": (q, 2), "key": (k, 2), "value": (k, 2), "keep": (q, k)} for q, k in ((2, 3), (3, 2), (4, 5))],
        special={"a row without a key": _at("keep", KEEP.format("False, False"), rows="[{}]")},
        also=("torch.nn.MultiheadAttention",),
    ),
]
