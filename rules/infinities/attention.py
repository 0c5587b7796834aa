"""scaled_dot_product_attention, with a boolean mask and with one that is added and learned."""

import math

import torch

from livedocs.declare import VJP, normal


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


def _tensor(rows: str) -> str:
    return f"torch.tensor([[{rows}]], dtype=torch.float64)"


def _at(mask: str, text: str, *, key: str = "[[1., 2.], [-1., 3.]]", query: str = "[[1., 1.], [2., 0.]]") -> dict:
    value = _tensor("[[1., 2.], [3., 5.]]")
    return {"query": _tensor(query), "key": _tensor(key), "value": value, mask: text}


KEEP = "torch.tensor([[True, False], [{}]])"
BIAS = "torch.tensor([[0., float('-inf')], [{}]], dtype=torch.float64)"
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
        formula=FORMULA.format(
            r"\begin{cases} Q K^\top / \sqrt{d} & \text{kept} \\ -\infty & \text{hidden} \end{cases}"
        ),
        gradient=GRADIENT.format(""),
        vjp=_boolean,
        inputs={"query": normal, "key": normal, "value": normal, "keep": _mask},
        shapes=_shapes("keep"),
        special={
            "one key": _at("keep", KEEP.format("True, False")),
            "a row without a key": _at("keep", KEEP.format("False, False")),
            "NaN in a hidden key": _at("keep", KEEP.format("True, False"), key="[[1., 2.], [float('nan'), 3.]]"),
            "NaN in the query without a key": _at(
                "keep", KEEP.format("False, False"), query="[[1., 1.], [float('nan'), 0.]]"
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
    ),
]
