"""Running maxima and minima: each place of the result points back at one entry, at a tie at the last one so far."""

import torch

from livedocs.declare import VJP, normal

NAN, INF = "float('nan')", "float('inf')"


def vector(text):
    return {"x": f"torch.tensor([{text}], dtype=torch.float64)"}


def _running(sign):
    def vjp(v, x):
        grad = torch.zeros_like(x)
        for place in range(x.shape[-1]):
            best = (sign * x[..., : place + 1]).argmax(-1, keepdim=True)
            grad.scatter_add_(-1, best, v[..., place : place + 1])
        return (grad,)

    return vjp


def _rule(name, sign, word, tie):
    return VJP(
        f"torch.{name}",
        f"torch.{name}(x, -1).values",
        formula=rf"y_j, \texttt{{index}}_j = \texttt{{{name}}}(x)_j, \quad y_j = \{word}_{{i \le j}} x_i",
        gradient=r"\bar{x}_i = \sum_j \bar{y}_j\,[\texttt{index}_j = i]",
        vjp=_running(sign),
        inputs={"x": normal},
        shapes=[{"x": (5,)}, {"x": (4, 3)}, {"x": (2, 3, 2)}],
        special={
            "two-way tie": vector(tie),
            "three-way tie": vector("2., 2., 2."),
            "0 and −0": vector("0., -0., 0."),
            "NaN": vector(f"1., {NAN}, 3., {NAN}, 5."),
            "±inf": vector(f"{INF}, 1., -{INF}"),
        },
        also=(f"torch.Tensor.{name}",),
    )


RULES = [_rule("cummax", 1, "max", "4., 1., 4., 2."), _rule("cummin", -1, "min", "1., 4., 1., 2.")]
