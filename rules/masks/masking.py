"""Masks: they select in both directions. What is left out has the gradient 0, even of an infinite cotangent."""

import torch

from livedocs.declare import VJP, Defect, normal, same_shapes


def _mask(generator, shape):
    return torch.rand(shape, generator=generator) > 0.4


def _places(generator, shape):
    return torch.randperm(5, generator=generator)[: shape[0]]


def _vector(text):
    return f"torch.tensor({text}, dtype=torch.float64)"


def _at(x, c, **others):
    others = {name: _vector(text) for name, text in others.items()}
    return {"x": _vector(x), "c": f"torch.tensor({c})", **others}


def _put(i, y):
    return {"x": _vector("[1., 2., 3.]"), "i": f"torch.tensor({i})", "y": _vector(y)}


def _fill(v, x, c, y):
    return v.masked_fill(c, 0), v[c].sum()


def _scatter(v, x, c, y):
    dy = torch.zeros_like(y)
    dy.view(-1)[: c.sum()] = v[c]
    return v.masked_fill(c, 0), dy


def _select(v, x, c):
    return (torch.zeros_like(x).masked_scatter(c, v),)


def _index_put(v, x, i, y):
    return v.index_fill(0, i, 0), v[i]


SECOND = "[False, True]"
OUT = {
    "one is left out": _at("[2., 3.]", "[True, False]"),
    "a NaN is left out": _at("[2., float('nan')]", "[True, False]"),
    "all are left out": _at("[2., 3.]", "[False, False]"),
}
SELECT = r"y = (x_i : c_i)"
SELECTED = r"\bar{x}_i = \begin{cases} \text{the entry of } \bar{y} \text{ that } x_i \text{ became} & c_i \\ 0 &"
SELECTED += r" \text{otherwise} \end{cases}"

RULES = [
    VJP(
        "torch.masked_fill",
        "torch.masked_fill(x, c, y)",
        formula=r"z_i = \texttt{masked\_fill}(x, c, y)_i = \begin{cases} y & c_i \\ x_i & \text{otherwise} \end{cases}",
        gradient=r"\bar{x}_i = \begin{cases} 0 & c_i \\ \bar{z}_i & \text{otherwise} \end{cases} \qquad"
        r" \bar{y} = \sum_{c_i} \bar{z}_i",
        vjp=_fill,
        inputs={"x": normal, "c": _mask, "y": normal},
        shapes=[{"x": s, "c": s, "y": ()} for s in ((), (5,), (2, 3))],
        special={
            "one is filled": _at("[2., 3.]", SECOND, y="1."),
            "a NaN is filled": _at("[2., float('nan')]", SECOND, y="1."),
            "an infinity is filled": _at("[2., float('inf')]", SECOND, y="1."),
        },
        also=("torch.Tensor.masked_fill",),
    ),
    VJP(
        "torch.masked_scatter",
        "torch.masked_scatter(x, c, y)",
        formula=r"z_i = \texttt{masked\_scatter}(x, c, y)_i = \begin{cases} y_k & c_i,\ \text{the } k\text{-th of them}"
        r" \\ x_i & \text{otherwise} \end{cases}",
        gradient=r"\bar{x}_i = \begin{cases} 0 & c_i \\ \bar{z}_i & \text{otherwise} \end{cases} \qquad"
        r" \bar{y}_k = \begin{cases} \bar{z}_i & x_i \text{ became } y_k \\ 0 & y_k \text{ is not used} \end{cases}",
        vjp=_scatter,
        inputs={"x": normal, "c": _mask, "y": normal},
        shapes=same_shapes("x", "c", "y"),
        special={
            "one is replaced, one source is left over": _at("[2., 3.]", SECOND, y="[7., 8.]"),
            "a NaN is replaced": _at("[2., float('nan')]", SECOND, y="[7., 8.]"),
            "a NaN is left over": _at("[2., 3.]", SECOND, y="[7., float('nan')]"),
        },
        also=("torch.Tensor.masked_scatter",),
    ),
    VJP(
        "torch.masked_select",
        "torch.masked_select(x, c)",
        formula=SELECT.replace("y =", r"y = \texttt{masked\_select}(x, c) ="),
        gradient=SELECTED,
        vjp=_select,
        inputs={"x": normal, "c": _mask},
        shapes=same_shapes("x", "c"),
        special=OUT,
        also=("torch.Tensor.masked_select",),
    ),
    VJP(
        "torch.Tensor.__getitem__",
        "x[c]",
        variant="mask",
        formula=SELECT.replace("y =", r"y = x[c] ="),
        gradient=SELECTED,
        vjp=_select,
        inputs={"x": normal, "c": _mask},
        shapes=same_shapes("x", "c"),
        special=OUT,
    ),
    VJP(
        "torch.index_put",
        "torch.index_put(x, (i,), y)",
        formula=r"z = \texttt{index\_put}(x, i, y): \quad z = x, \text{ then } z_{i_k} = y_k",
        gradient=r"\bar{x}_j = \begin{cases} 0 & j \text{ is in } i \\ \bar{z}_j & \text{otherwise} \end{cases} \qquad"
        r" \bar{y}_k = \bar{z}_{i_k}",
        vjp=_index_put,
        inputs={"x": normal, "i": _places, "y": normal},
        shapes=[{"x": (5,), "i": (n,), "y": (n,)} for n in (1, 2, 4)],
        special={
            "two places": _put("[0, 2]", "[7., 8.]"),
            "one place twice": _put("[0, 0]", "[7., 8.]"),
            "a NaN is put": _put("[0, 2]", "[7., float('nan')]"),
        },
        active={"one place twice": [[0.0, 1.0, 1.0, 0.0, 1.0]]},
        defects=(
            Defect(
                "one place twice",
                "Both numbers are written to one place, and the second one stays. Reverse mode gives each the gradient"
                " of that place, forward mode to the second alone. The documentation leaves the value undefined.",
                {
                    "gradient": {"x": [0.0, 1.0, 1.0], "y": [1.0, 1.0]},
                    "forward": {"x": [0.0, 1.0, 1.0], "y": [0.0, 1.0]},
                },
            ),
        ),
        also=("torch.Tensor.index_put",),
    ),
    VJP(
        "torch.index_put",
        "torch.index_put(x, (i,), y, accumulate=True)",
        variant="accumulate",
        formula=r"z_j = \texttt{index\_put}(x, i, y)_j = x_j + \sum_{i_k = j} y_k",
        gradient=r"\bar{x} = \bar{z} \qquad \bar{y}_k = \bar{z}_{i_k}",
        vjp=lambda v, x, i, y: (v, v[i]),
        inputs={"x": normal, "i": _places, "y": normal},
        shapes=[{"x": (5,), "i": (n,), "y": (n,)} for n in (1, 2, 4)],
        special={
            "two places": _put("[0, 2]", "[7., 8.]"),
            "one place twice": _put("[0, 0]", "[7., 8.]"),
        },
    ),
]
