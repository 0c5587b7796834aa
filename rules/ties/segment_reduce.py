"""Reductions of segments and bags: segment_reduce, and embedding_bag with mode="max"."""

import torch

from livedocs.declare import VJP, normal
from rules.ties.scatter_reduce import NAN, SHARES, WORDS


def _segments(how):
    def vjp(v, x, lengths):
        parts = [v[j] * SHARES[how](part) if len(part) else part for j, part in enumerate(x.split(lengths.tolist()))]
        return (torch.cat(parts),)

    word, share = WORDS[how]
    special = {
        "two-way tie": ("1., 1., 4." if how == "amin" else "4., 4., 1.", "3"),
        "an empty segment": ("4., 1.", "1, 0, 1"),
        "one zero": ("0., 3.", "2"),
        "NaN": (f"1., {NAN}, {NAN}", "3"),
    }
    if how in ("mean", "sum"):  # no entry is more than another
        special = {label: special[label] for label in ("an empty segment", "NaN")}
    elif how == "amin":
        del special["one zero"]
    kind = how.removeprefix("a")
    return VJP(
        "torch.segment_reduce",
        f"torch.segment_reduce(x, '{kind}', lengths=lengths)",
        variant=kind,
        formula=rf"z_j = {word}\, G_j, \qquad G_j = \text{{the entries of segment }} j",
        gradient=rf"\bar{{s}} = \bar{{z}}_j \, {share} \quad\text{{for each }} s \in G_j",
        vjp=vjp,
        inputs={"x": normal, "lengths": lambda generator, shape: torch.full(shape, 2)},
        shapes=[{"x": (2 * n,), "lengths": (n,)} for n in (2, 1, 3)],
        special={
            label: {"x": f"torch.tensor([{x}], dtype=torch.float64)", "lengths": f"torch.tensor([{lengths}])"}
            for label, (x, lengths) in special.items()
        },
        excluded={
            "forward": "segment_reduce has no forward mode.",
            "gradgradcheck": "segment_reduce has no second derivative.",
        },
    )


def _bags(v, x, index):
    grad = torch.zeros_like(x)
    for bag, rows in enumerate(index):
        best = rows[x[rows].argmax(0)]
        grad.scatter_add_(0, best[None], v[bag][None])
    return (grad,)


def _bag(x, index="0, 1, 2"):
    return {"x": f"torch.tensor([{x}], dtype=torch.float64).view(-1, 1)", "index": f"torch.tensor([[{index}]])"}


RULES = [
    *map(_segments, ("amax", "amin", "mean", "sum", "prod")),
    VJP(
        "torch.nn.functional.embedding_bag",
        "torch.nn.functional.embedding_bag(index, x, mode='max')",
        variant="max",
        formula=r"z_{bc} = \max_{r \in \texttt{index}_b} x_{rc}",
        gradient=r"\bar{x}_{rc} = \sum_b \bar{z}_{bc}\,[r = \texttt{row}_{bc}]",
        vjp=_bags,
        inputs={"x": normal, "index": lambda generator, shape: torch.arange(shape[0] * shape[1]).view(shape) % 4},
        shapes=[{"x": (4, 1), "index": (1, 4)}, {"x": (4, 3), "index": (2, 2)}, {"x": (5, 2), "index": (3, 2)}],
        special={
            "two-way tie": _bag("1., 4., 4."),
            "a row twice": _bag("1., 4., 2.", "1, 1"),
            "NaN first": _bag(f"{NAN}, 1., 2."),
            "NaN later": _bag(f"1., {NAN}, 2."),
        },
        excluded={
            "forward": "embedding_bag has no forward mode.",
            "gradgradcheck": "embedding_bag has no second derivative for mode='max'.",
        },
    ),
]
