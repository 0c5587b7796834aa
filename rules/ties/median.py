"""Order statistics: median, quantile, k-th value and mode, and who gets the gradient where entries are equal."""

import torch

from livedocs.declare import VJP, Defect, normal

NAN, INF = "float('nan')", "float('inf')"
SHAPES = [{"x": (5,)}, {"x": (4, 3)}, {"x": (2, 3, 2)}]
ONE = r"\bar{x}_i = \bar{m}\,[i = \texttt{index}]"
EVEN = r"\bar{x}_i = \frac{\bar{m}}{k}\,[x_i = m], \quad k = \lvert\{j : x_j = m\}\rvert"


def vector(text, **more):
    return {"x": f"torch.tensor([{text}], dtype=torch.float64)", **more}


SPECIAL = {
    "two-way tie": vector("1., 4., 4."),
    "three-way tie": vector("2., 2., 2."),
    "an even number of entries": vector("1., 2., 3., 4."),
    "NaN": vector(f"{NAN}, 1., {NAN}, 3."),
    "only NaN": vector(f"{NAN}, {NAN}"),
}
SHORT = {label: SPECIAL[label] for label in ("two-way tie", "an even number of entries")}


def _picked(rank):
    """The entry of some rank gets everything."""

    def vjp(v, x):
        index = x.argsort(dim=-1).select(-1, rank(x.shape[-1])).unsqueeze(-1)
        return (torch.zeros_like(x).scatter(-1, index, v.unsqueeze(-1)),)

    return vjp


def _even(v, x):
    ties = (x == x.median()).to(x.dtype)
    return (v * ties / ties.sum(),)


def _weights(q, n, interpolation):
    """The ranks below and above, and the weight of the upper one."""
    rank = q * (n - 1)
    low = int(rank)
    high = min(low + 1, n - 1) if rank > low else low
    weight = {"linear": rank - low, "lower": 0, "higher": 1, "midpoint": 0.5, "nearest": round(rank) - low}
    return low, high, weight[interpolation]


def _quantile(q, interpolation):
    def vjp(v, x):
        low, high, weight = _weights(q, x.shape[-1], interpolation)
        order = x.argsort(dim=-1)
        grad = torch.zeros_like(x)
        for rank, share in ((low, 1 - weight), (high, weight)):
            grad.scatter_add_(-1, order[..., rank : rank + 1], share * v.unsqueeze(-1))
        return (grad,)

    return vjp


def _level(v, x, q):
    """The gradients of the values and of the level."""
    (low, high, weight), order = _weights(float(q), len(x), "linear"), x.argsort()
    grad = torch.zeros_like(x)
    grad[order[low]] += v * (1 - weight)
    grad[order[high]] += v * weight
    return grad, v * (len(x) - 1) * (x[order[high]] - x[order[low]])


def _rule(function, call, formula, gradient, vjp, special=SPECIAL, **more):
    shapes = more.pop("shapes", SHAPES)
    return VJP(
        function,
        call,
        formula=formula,
        gradient=gradient,
        vjp=vjp,
        inputs={"x": normal},
        shapes=shapes,
        special=special,
        **more,
    )


ANY = [{"x": (5,)}, {"x": (2, 3)}, {"x": (4,)}]
MIX = (
    r"\bar{x}_i = \bar{m}\,\bigl((1 - \lambda)\,[i = \texttt{index}_{\lfloor r \rfloor}]"
    r" + \lambda\,[i = \texttt{index}_{\lceil r \rceil}]\bigr)"
)
LAMBDA = {
    "linear": r"\lambda = r - \lfloor r \rfloor",
    "lower": r"\lambda = 0",
    "higher": r"\lambda = 1",
    "midpoint": r"\lambda = \tfrac12",
    "nearest": r"\lambda = \operatorname{round}(r) - \lfloor r \rfloor",
}


def _mix(function, interpolation, **more):
    name = function.removeprefix("torch.")
    option = "" if interpolation == "linear" else f", interpolation='{interpolation}'"
    return _rule(
        function,
        f"{function}(x, 0.4, dim=-1{option})",
        rf"m = \texttt{{{name}}}(x, q), \quad r = q (n - 1), \quad {LAMBDA[interpolation]}",
        MIX,
        _quantile(0.4, interpolation),
        SPECIAL if interpolation == "linear" else SHORT,
        variant="" if interpolation == "linear" else interpolation,
        **more,
    )


LEVEL = {"gradient": {"x": [0.0, 1.0, 0.0], "q": 0.0}}
RULES = [
    _rule(
        "torch.median",
        "torch.median(x)",
        r"m = \texttt{median}(x)",
        EVEN,
        _even,
        shapes=ANY,
        also=("torch.Tensor.median",),
    ),
    _rule(
        "torch.median",
        "torch.median(x, dim=-1).values",
        r"m, \texttt{index} = \texttt{median}(x, \texttt{dim})",
        ONE,
        _picked(lambda n: (n - 1) // 2),
        variant="dim",
    ),
    _rule(
        "torch.nanmedian",
        "torch.nanmedian(x)",
        r"m = \texttt{nanmedian}(x)",
        EVEN,
        _even,
        shapes=ANY,
        also=("torch.Tensor.nanmedian",),
    ),
    _rule(
        "torch.nanmedian",
        "torch.nanmedian(x, dim=-1).values",
        r"m, \texttt{index} = \texttt{nanmedian}(x, \texttt{dim})",
        ONE,
        _picked(lambda n: (n - 1) // 2),
        variant="dim",
    ),
    *(_mix("torch.quantile", name) for name in LAMBDA),
    VJP(
        "torch.quantile",
        "torch.quantile(x, q)",
        variant="q learned",
        formula=r"m = \texttt{quantile}(x, q), \quad r = q (n - 1), \quad \lambda = r - \lfloor r \rfloor",
        gradient=MIX + r", \qquad \bar{q} = \bar{m}\,(n - 1)\,(x_{\lceil r \rceil} - x_{\lfloor r \rfloor})",
        vjp=_level,
        inputs={"x": normal, "q": lambda generator, shape: torch.rand(shape, generator=generator, dtype=torch.float64)},
        shapes=[{"x": (n,), "q": ()} for n in (5, 3, 8)],
        special={
            "between two entries": vector("1., 2., 4.", q="torch.tensor(0.25, dtype=torch.float64)"),
            "on an entry": vector("1., 2., 3.", q="torch.tensor(0.5, dtype=torch.float64)"),
            "on an entry, two slopes": vector("1., 2., 5.", q="torch.tensor(0.5, dtype=torch.float64)"),
        },
        defects=(
            Defect("on an entry", "The quantile rises with slope 2 on both sides; the gradient of q is 0.", LEVEL),
            Defect("on an entry, two slopes", "The slopes are 2 and 6; the gradient of q is 0.", LEVEL),
        ),
    ),
    _mix("torch.nanquantile", "linear", also=("torch.Tensor.nanquantile",)),
    _rule(
        "torch.kthvalue",
        "torch.kthvalue(x, 2).values",
        r"m, \texttt{index} = \texttt{kthvalue}(x, 2)",
        ONE,
        _picked(lambda n: 1),
        also=("torch.Tensor.kthvalue",),
    ),
    _rule(
        "torch.mode",
        "torch.mode(x).values",
        r"m, \texttt{index} = \texttt{mode}(x)",
        ONE,
        _picked(lambda n: 0),
        also=("torch.Tensor.mode",),
        defects=(
            Defect(
                "two-way tie",
                "Move one of the equals, and the mode jumps from 4 to 1: there is no slope.",
                {"gradient": {"x": [0.0, 0.0, 1.0]}},
            ),
        ),
    ),
]
