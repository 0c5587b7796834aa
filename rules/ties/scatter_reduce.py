"""Reductions of groups: scatter_reduce and index_reduce."""

import warnings

import torch

from livedocs.declare import VJP, Defect, normal

NAN = "float('nan')"

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    torch.index_reduce(torch.ones(1), 0, torch.tensor([0]), torch.ones(1), "amax")  # says once that it is in beta

SHAPES = [{"x": (2,), "index": (n,), "y": (n,)} for n in (5, 2, 4)]


def _alternate(generator, shape):
    """0, 1, 0, 1, …: two groups."""
    return torch.arange(shape[0]) % 2


def _even(values, best):
    ties = (values == best(values)).to(values.dtype)
    return ties / ties.sum()


def _others(values):
    return torch.stack([torch.cat([values[:i], values[i + 1 :]]).prod() for i in range(len(values))])


SHARES = {
    "amax": lambda values: _even(values, torch.amax),
    "amin": lambda values: _even(values, torch.amin),
    "prod": _others,
    "mean": lambda values: torch.full_like(values, 1 / len(values)),
    "sum": torch.ones_like,
}
WORDS = {
    "amax": (r"\max", r"\frac{1}{k_j}\,[s = z_j]"),
    "amin": (r"\min", r"\frac{1}{k_j}\,[s = z_j]"),
    "prod": (r"\prod", r"\prod_{t \ne s} t"),
    "mean": (r"\operatorname{mean}", r"\frac{1}{\lvert G_j \rvert}"),
    "sum": (r"\sum", ""),
}


def _grouped(how, include):
    """Each group hands its cotangent to its members, in the shares of its kind."""

    def vjp(v, x, index, y):
        dx, dy = torch.zeros_like(x), torch.zeros_like(y)
        for j in range(len(x)):
            mine = index == j
            if include or not mine.any():
                shares = SHARES[how](torch.cat([x[j : j + 1], y[mine]]))
                dx[j], dy[mine] = v[j] * shares[0], v[j] * shares[1:]
            else:
                dy[mine] = v[j] * SHARES[how](y[mine])
        return dx, dy

    return vjp


def _at(x, y, index="0, 0"):
    return {
        "x": f"torch.tensor([{x}], dtype=torch.float64)",
        "index": f"torch.tensor([{index}])",
        "y": f"torch.tensor([{y}], dtype=torch.float64)",
    }


TIES = {
    "two equal in y": _at("1.", "4., 4."),
    "equal to x": _at("4.", "4., 4."),
    "one entry, equal to x": _at("0.", "0.", "0"),
    "no entry": _at("1., 7.", "4., 2."),
    "NaN": _at("1.", f"{NAN}, 4."),
}
LEAST = {"two equal in y": _at("9.", "4., 4."), "equal to x": TIES["equal to x"]}
MEAN = {"equal to x": TIES["equal to x"], "NaN": TIES["NaN"]}
ZEROS = {
    "one zero": _at("2.", "0., 3."),
    "two zeros": _at("2.", "0., 0."),
    "x is zero": _at("0.", "2., 3."),
    "NaN": _at("1.", f"{NAN}, 4."),
}
COUNTED = (
    "x counts as one of the equals, though include_self=False leaves it out",
    {"equal to x": ([0.0], [1 / 3, 1 / 3]), "one entry, equal to x": ([0.0], [0.5])},
)
NO_FORWARD = "The tangent of prod is missing, and forward mode gives 0."


def _reduce(name, how, include, special, **more):
    word, share = WORDS[how]
    who = r"\{x_j\} \cup " if include else ""
    defects = []
    if not include and how != "mean":
        what, points = COUNTED
        defects = [Defect(p, what + ".", {"gradient": {"x": x, "y": y}}) for p, (x, y) in points.items()]
    if name == "scatter_reduce" and how == "prod":
        both = {"forward": {"x": [0.0], "y": [0.0, 0.0]}}
        defects = [Defect("one zero", NO_FORWARD, both), Defect("x is zero", NO_FORWARD, both)]
    excluded = {"forward": NO_FORWARD} if defects and how == "prod" else {}
    if name == "index_reduce":
        excluded = {"forward": "index_reduce has no forward mode."}
    return VJP(
        f"torch.{name}",
        f"torch.{name}(x, 0, index, y, '{how}', include_self={include})",
        variant=how + ("" if include else ", include_self=False"),
        formula=rf"z_j = {word}\, G_j, \qquad G_j = {who}\{{y_i : \texttt{{index}}_i = j\}}",
        gradient=rf"\bar{{s}} = \bar{{z}}_j \, {share} \quad\text{{for each }} s \in G_j",
        vjp=_grouped(how, include),
        inputs={"x": normal, "index": _alternate, "y": normal},
        shapes=SHAPES,
        special=special,
        also=(f"torch.Tensor.{name}",) if how == ("prod" if name == "index_reduce" else "amax") and include else (),
        defects=tuple(defects),
        excluded=excluded,
        **more,
    )


RULES = [
    _reduce("scatter_reduce", "amax", True, TIES),
    _reduce("scatter_reduce", "amax", False, TIES),
    _reduce("scatter_reduce", "amin", True, LEAST),
    _reduce("scatter_reduce", "prod", True, ZEROS),
    _reduce("scatter_reduce", "mean", True, MEAN),
    _reduce("index_reduce", "amax", False, TIES),
    _reduce("index_reduce", "prod", True, ZEROS),
    _reduce("index_reduce", "mean", True, MEAN),
]
