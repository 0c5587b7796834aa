"""Layers with weights: gates, norms, dropouts of whole channels, attention with its projections, recurrent cells."""

import math

import torch
from torch.nn.functional import dropout1d, dropout2d, dropout3d, feature_alpha_dropout

from livedocs.declare import INF, NAN, VJP, Defect, at, normal

F = "torch.nn.functional."
EPS = 0.1  # large enough for difference quotients inside of it


def _special(names: str, **points) -> dict[str, dict[str, str]]:
    """Special points; each gives its inputs in the order of their names."""
    inputs = names.split()
    return {
        label.replace("_", " "): at(**dict(zip(inputs, (texts,) if isinstance(texts, str) else texts, strict=True)))
        for label, texts in points.items()
    }


def _shapes(names: str, *shapes) -> list[dict[str, tuple[int, ...]]]:
    return [dict(zip(names.split(), found, strict=True)) for found in shapes]


def _rule(name, call, vjp, names, shapes, special, formula, gradient, **more) -> VJP:
    return VJP(
        name,
        call,
        formula=formula,
        gradient=gradient,
        vjp=vjp,
        inputs=dict.fromkeys(names.split(), normal),
        shapes=_shapes(names, *shapes),
        special=special,
        **more,
    )


# Gates and products


def _glu(v, x):
    a, b = x.chunk(2, -1)
    s = torch.sigmoid(b)
    return (torch.cat([v * s, v * a * s * (1 - s)], -1),)


PRODUCTS = [
    _rule(
        F + "glu",
        F + "glu(x)",
        _glu,
        "x",
        [((2,),), ((6,),), ((2, 3, 4),)],
        _special(
            "x",
            zeros="[0., 0.]",
            open_gate=f"[2., {INF}]",
            closed_gate=f"[2., -{INF}]",
            inf_behind_a_closed_gate=f"[{INF}, -{INF}]",
            NaN=f"[{NAN}, 0.]",
        ),
        r"y = a\, \sigma(b), \quad (a, b) = \text{the two halves of } x",
        r"\bar{a} = \bar{y}\, \sigma(b) \qquad \bar{b} = \bar{y}\, a\, \sigma(b)\, (1 - \sigma(b))",
    ),
]

# Dropout: random numbers, fixed by a seed


def _seeded(function, x):
    torch.manual_seed(0)
    return function(x)


def _affine(function):
    """The slope of a function that is affine once its draw is fixed."""

    def vjp(v, x):
        return (v * (_seeded(function, torch.ones_like(x)) - _seeded(function, torch.zeros_like(x))),)

    return vjp


def _dropout(name, call, function, shapes, special, formula, gradient, **more):
    return _rule(
        name,
        f"(torch.manual_seed(0), {call})[1]",
        _affine(function),
        "x",
        [(shape,) for shape in shapes],
        _special("x", **special),
        formula,
        gradient,
        random=True,
        **more,
    )


CHANNELS = r"y_{nci} = \frac{m_{nc}\, x_{nci}}{1 - p}, \quad m_{nc} \in \{0, 1\}"
CHANNELS_BACK = r"\bar{x}_{nci} = \frac{m_{nc}\, \bar{y}_{nci}}{1 - p}"


def _channels(dims):
    """Four channels of one entry each."""

    def row(*entries):
        return "[[" + ", ".join("[" * dims + entry + "]" * dims for entry in entries) + "]]"

    return {
        "four_channels": row("1.", "2.", "3.", "4."),
        "inf_in_each": row(*[INF] * 4),
        "empty_batch": ((0, 4, *[1] * dims),),
    }


DROPOUTS = [
    *(
        _rule(
            F + "dropout",
            F + f"dropout(x, {p})",
            vjp,
            "x",
            [((5,),), ((1,),), ((2, 3),)],
            _special("x", two_numbers="[1., 2.]", zeros="[0., 0.]", inf=f"[1., {INF}]", NaN=f"[1., {NAN}]"),
            formula,
            gradient,
            variant=f"p={p}",
        )
        for p, vjp, formula, gradient in (
            ("0.0", lambda v, x: (v,), "y = x", r"\bar{x} = \bar{y}"),
            ("1.0", lambda v, x: (torch.zeros_like(v),), r"y = 0 \cdot x", r"\bar{x} = 0"),
        )
    ),
    _dropout(
        "torch.native_dropout",
        "torch.native_dropout(x, 0.5, True)[0]",
        lambda x: torch.native_dropout(x, 0.5, True)[0],
        [(5,), (1,), (2, 3)],
        {"four_numbers": "[1., 2., 3., 4.]", "inf": f"[{INF}] * 4"},
        r"y_i = \frac{m_i\, x_i}{1 - p}, \quad m_i \in \{0, 1\}",
        r"\bar{x}_i = \frac{m_i\, \bar{y}_i}{1 - p}",
    ),
    *(
        _dropout(
            F + f"dropout{dims}d",
            F + f"dropout{dims}d(x, 0.5)",
            lambda x, function=function: function(x, 0.5),
            [(1, 4, *[1] * dims), (2, 3, *[2] * dims), (3, 2, *[3] * dims)],
            _channels(dims),
            CHANNELS,
            CHANNELS_BACK,
            also=("torch.feature_dropout",) if dims == 2 else (),
        )
        for dims, function in ((1, dropout1d), (2, dropout2d), (3, dropout3d))
    ),
    _dropout(
        F + "feature_alpha_dropout",
        F + "feature_alpha_dropout(x, 0.5, True)",
        lambda x: feature_alpha_dropout(x, 0.5, True),
        [(1, 4, 1), (2, 3, 2), (3, 2, 3)],
        _channels(1),
        r"y_{nci} = a\, \bigl(m_{nc}\, x_{nci} + (1 - m_{nc})\, \alpha'\bigr) + b",
        r"\bar{x}_{nci} = a\, m_{nc}\, \bar{y}_{nci}",
        also=("torch.feature_alpha_dropout",),
    ),
]

# Norms with weight and bias


def _through(g, x, dims, eps=EPS, *, center=True):
    """The gradient through (x − mean) / √(variance + eps), and what that is."""
    mean = x.mean(dims, keepdim=True) if center else 0
    size = ((x - mean).square().mean(dims, keepdim=True) + eps).sqrt()
    unit = (x - mean) / size
    back = g - unit * (g * unit).mean(dims, keepdim=True)
    return (back - g.mean(dims, keepdim=True) if center else back) / size, unit


def _channel(w, x):
    """A weight of each channel, beside the entries."""
    return w.view(-1, *[1] * (x.dim() - 2))


def _by_channel(v, unit):
    dims = [d for d in range(v.dim()) if d != 1]
    return (v * unit).sum(dims), v.sum(dims)


def _batch(v, x, w, b):
    dx, unit = _through(v * _channel(w, x), x, [d for d in range(x.dim()) if d != 1])
    return dx, *_by_channel(v, unit)


def _instance(v, x, w, b):
    dx, unit = _through(v * _channel(w, x), x, list(range(2, x.dim())))
    return dx, *_by_channel(v, unit)


def _group(v, x, w, b):
    """Two groups of channels."""
    grouped = [(v * _channel(w, x)).unflatten(1, (2, -1)), x.unflatten(1, (2, -1))]
    dx, unit = _through(*grouped, list(range(2, x.dim() + 1)))
    return dx.view_as(x), *_by_channel(v, unit.view_as(x))


def _layer(v, x, w, b):
    dx, unit = _through(v * w, x, -1)
    return dx, (v * unit).reshape(-1, len(w)).sum(0), v.reshape(-1, len(w)).sum(0)


def _root_mean_square(v, x, w):
    dx, unit = _through(v * w, x, -1, center=False)
    return dx, (v * unit).reshape(-1, len(w)).sum(0)


CURVED = -0.2178812922614579  # the second derivative of the input, which is right
LOST = (
    "The second derivative of the bias is 2 for each row. Without a weight the second backward pass loses what comes"
    " from the gradient of the bias."
)
NO_WEIGHT = (
    "Without a weight the second backward pass raises an error: Expected a proper Tensor but got None (or an undefined"
    " Tensor in C++) for argument #1 'other'."
)


def _squared(over):
    """The square of what is normalized and shifted."""

    def vjp(v, x, b):
        unit = _through(v, x, over)[1]
        back = 2 * v * (unit + b)
        return _through(back, x, over)[0], back.sum(0)

    return vjp


MEAN, VARIANCE = (1.0, -2.0), (4.0, 0.0)


def _kept(v, x, w, b):
    """With kept statistics the layer is affine in x."""
    mean, variance = x.new_tensor(MEAN), x.new_tensor(VARIANCE)
    size = (_channel(variance, x) + EPS).sqrt()
    return v * _channel(w, x) / size, *_by_channel(v, (x - _channel(mean, x)) / size)


KEPT = at(mean=str(list(MEAN)), variance=str(list(VARIANCE)))
OVER = r"z = \gamma u + \beta, \quad u = \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}}, \quad \varepsilon = 0.1 \quad"
OVER_BACK = (
    r"\bar{x} = \frac{\bar{u} - \operatorname{mean}(\bar{u}) - u \operatorname{mean}(\bar{u} u)}"
    r"{\sqrt{\sigma^2 + \varepsilon}}, \quad \bar{u} = \gamma\, \bar{z} \qquad"
    r" \bar{\gamma} = \sum \bar{z} u \qquad \bar{\beta} = \sum \bar{z}"
)
KEPT_BACK = (
    r"\bar{x} = \frac{\gamma\, \bar{z}}{\sqrt{\sigma^2 + \varepsilon}} \qquad"
    r" \bar{\gamma} = \sum \bar{z} u \qquad \bar{\beta} = \sum \bar{z}"
)
CHANNEL = [((4, 2), (2,), (2,)), ((2, 3, 4), (3,), (3,)), ((3, 1, 2, 2), (1,), (1,))]
PLACES = [((1, 2, 4), (2,), (2,)), ((2, 3, 3), (3,), (3,)), ((3, 1, 2, 2), (1,), (1,))]
TWO = [((4, 2), (2,), (2,)), ((2, 2, 3), (2,), (2,)), ((1, 2, 2, 2), (2,), (2,))]
GROUPS = [((1, 2, 3), (2,), (2,)), ((2, 4, 2), (4,), (4,)), ((3, 6), (6,), (6,))]
ROWS = [((3,), (3,), (3,)), ((2, 4), (4,), (4,)), ((2, 1, 3), (3,), (3,))]

NORMS = [
    _rule(
        F + "batch_norm",
        F + "batch_norm(x, None, None, w, b, True, eps=0.1)",
        _batch,
        "x w b",
        CHANNEL,
        _special(
            "x w b",
            constant_channel=("[[2.], [2.]]", "[3.]", "[0.]"),
            weight_of_zero=("[[1.], [3.]]", "[0.]", "[0.]"),
            inf=(f"[[1.], [{INF}]]", "[3.]", "[0.]"),
            NaN=(f"[[1.], [{NAN}]]", "[3.]", "[0.]"),
            empty_batch=((0, 1), "[3.]", "[0.]"),
        ),
        OVER + r"\text{over the batch, for each channel}",
        OVER_BACK,
        variant="training, weight, bias",
        also=("torch.batch_norm", "torch.native_batch_norm"),
    ),
    _rule(
        F + "batch_norm",
        F + "batch_norm(x, mean, variance, w, b, False, eps=0.1)",
        _kept,
        "x w b",
        TWO,
        _special(
            "x w b",
            variance_of_zero=("[[1., -2.]]", "[3., 3.]", "[0., 0.]"),
            weights_of_zero=("[[1., 3.]]", "[0., 0.]", "[0., 0.]"),
            NaN=(f"[[1., {NAN}]]", "[3., 3.]", "[0., 0.]"),
            empty_batch=((0, 2), "[3., 3.]", "[0., 0.]"),
        ),
        OVER + r"\mu, \sigma^2 \text{ kept: } (1, -2), (4, 0)",
        KEPT_BACK,
        fixed=KEPT,
        variant="evaluation, weight, bias",
    ),
    _rule(
        F + "instance_norm",
        F + "instance_norm(x, None, None, w, b, eps=0.1)",
        _instance,
        "x w b",
        PLACES,
        _special(
            "x w b",
            constant_channel=("[[[2., 2.]]]", "[3.]", "[0.]"),
            weight_of_zero=("[[[1., 3.]]]", "[0.]", "[0.]"),
            NaN=(f"[[[1., {NAN}]]]", "[3.]", "[0.]"),
        ),
        OVER + r"\text{over the places of a channel}",
        OVER_BACK,
        variant="weight, bias",
        also=("torch.instance_norm",),
    ),
    _rule(
        F + "instance_norm",
        F + "instance_norm(x, mean, variance, w, b, False, eps=0.1)",
        _kept,
        "x w b",
        TWO[1:] + [((3, 2, 1), (2,), (2,))],
        _special(
            "x w b",
            variance_of_zero=("[[[1.], [-2.]]]", "[3., 3.]", "[0., 0.]"),
            weights_of_zero=("[[[1.], [3.]]]", "[0., 0.]", "[0., 0.]"),
            NaN=(f"[[[1.], [{NAN}]]]", "[3., 3.]", "[0., 0.]"),
        ),
        OVER + r"\mu, \sigma^2 \text{ kept: } (1, -2), (4, 0)",
        KEPT_BACK,
        fixed=KEPT,
        variant="use_input_stats=False",
    ),
    _rule(
        F + "group_norm",
        F + "group_norm(x, 2, w, b, eps=0.1)",
        _group,
        "x w b",
        GROUPS,
        _special(
            "x w b",
            one_entry_in_each_group=("[[1., 3.], [2., 4.]]", "[3., 3.]", "[0., 0.]"),
            constant_groups=("[[2., 2., 5., 5.]]", "[3.] * 4", "[0.] * 4"),
            NaN_in_one_group=(f"[[1., 3., {NAN}, 4.]]", "[3.] * 4", "[0.] * 4"),
            empty_batch=((0, 2), "[3., 3.]", "[0., 0.]"),
        ),
        OVER + r"\text{over two groups of channels}",
        OVER_BACK,
        variant="two groups, weight, bias",
        also=("torch.group_norm", "torch.native_group_norm"),
    ),
    _rule(
        F + "layer_norm",
        F + "layer_norm(x, w.shape, w, b, eps=0.1)",
        _layer,
        "x w b",
        ROWS,
        _special(
            "x w b",
            one_entry=("[[2.]]", "[3.]", "[0.]"),
            constant=("[[2., 2.]]", "[3., 5.]", "[0., 0.]"),
            weights_of_zero=("[[1., 3.]]", "[0., 0.]", "[0., 0.]"),
            NaN=(f"[[1., {NAN}]]", "[3., 5.]", "[0., 0.]"),
            empty_batch=((0, 2), "[3., 5.]", "[0., 0.]"),
        ),
        OVER + r"\text{over the last dimension}",
        OVER_BACK,
        variant="weight, bias",
        also=("torch.layer_norm", "torch.native_layer_norm"),
    ),
    *(
        _rule(
            F + name,
            F + f"{call}.square()",
            _squared(over),
            "x b",
            [((2, 3), (3,)), ((3, 4), (4,)), ((2, 2), (2,))],
            _special("x b", **points),
            r"z = (u + \beta)^2, \quad " + OVER.partition(", ")[2] + words,
            r"\bar{x} = \frac{\bar{u} - \operatorname{mean}(\bar{u}) - u \operatorname{mean}(\bar{u} u)}"
            r"{\sqrt{\sigma^2 + \varepsilon}} \qquad \bar{\beta} = \sum \bar{u}, \quad"
            r" \bar{u} = 2 (u + \beta)\, \bar{z}",
            variant="bias alone, squared",
            excluded={"gradgradcheck": NO_WEIGHT},
            defects=(Defect("two entries", LOST, {"second": second}),),
        )
        for name, call, over, words, points, second in (
            (
                "batch_norm",
                "batch_norm(x, None, None, None, b, True, eps=0.1)",
                0,
                r"\text{over the batch, for each channel}",
                {"two_entries": ("[[1.], [3.]]", "[0.]"), "constant_channel": ("[[2.], [2.]]", "[0.]")},
                {"x": [[CURVED], [CURVED]], "b": [0.0]},
            ),
            (
                "layer_norm",
                "layer_norm(x, b.shape, None, b, eps=0.1)",
                -1,
                r"\text{over the last dimension}",
                {"two_entries": ("[[1., 3.]]", "[0., 0.]"), "constant": ("[[2., 2.]]", "[0., 0.]")},
                {"x": [[CURVED, CURVED]], "b": [0.0, 0.0]},
            ),
        )
    ),
    _rule(
        F + "layer_norm",
        F + "layer_norm(x, x.shape[-1:], eps=0.)",
        lambda v, x: _through(v, x, -1, 0.0)[:1],
        "x",
        [((3,),), ((2, 4),), ((2, 1, 3),)],
        _special("x", two_entries="[1., 3.]", constant="[2., 2.]", one_entry="[2.]", inf=f"[1., {INF}]"),
        r"z = \frac{x - \mu}{\sigma}",
        r"\bar{x} = \frac{\bar{z} - \operatorname{mean}(\bar{z}) - z \operatorname{mean}(\bar{z} z)}{\sigma}",
        variant="eps=0",
    ),
    _rule(
        F + "rms_norm",
        F + "rms_norm(x, w.shape, w, eps=0.1)",
        _root_mean_square,
        "x w",
        [shapes[:2] for shapes in ROWS],
        _special(
            "x w",
            one_entry=("[[2.]]", "[3.]"),
            zeros=("[[0., 0.]]", "[3., 5.]"),
            constant=("[[2., 2.]]", "[3., 5.]"),
            NaN=(f"[[1., {NAN}]]", "[3., 5.]"),
            empty_batch=((0, 2), "[3., 5.]"),
        ),
        r"z = \gamma u, \quad u = \frac{x}{\sqrt{\operatorname{mean}(x^2) + \varepsilon}}, \quad \varepsilon = 0.1",
        r"\bar{x} = \frac{\bar{u} - u \operatorname{mean}(\bar{u} u)}{\sqrt{\operatorname{mean}(x^2) + \varepsilon}},"
        r" \quad \bar{u} = \gamma\, \bar{z} \qquad \bar{\gamma} = \sum \bar{z} u",
        variant="weight",
        also=("torch.rms_norm",),
    ),
    _rule(
        F + "rms_norm",
        F + "rms_norm(x, x.shape[-1:], eps=0.)",
        lambda v, x: _through(v, x, -1, 0.0, center=False)[:1],
        "x",
        [((3,),), ((2, 4),), ((2, 1, 3),)],
        _special("x", two_entries="[3., 4.]", zeros="[0., 0.]", one_entry="[2.]", one_zero="[0., 2.]"),
        r"z = \frac{x}{\sqrt{\operatorname{mean}(x^2)}}",
        r"\bar{x} = \frac{\bar{z} - z \operatorname{mean}(\bar{z} z)}{\sqrt{\operatorname{mean}(x^2)}}",
        variant="eps=0",
    ),
]


def _unit_sum(v, x):
    size = x.abs().sum(0)
    back = v / size - x.sign() * (v * x).sum(0) / size**2
    return (torch.where(size > EPS, back, v / EPS),)


def _unit_max(v, x):
    """The largest entry moves all others; the first one of equals."""
    largest = torch.zeros_like(x).scatter_(0, x.abs().argmax(0, keepdim=True), 1.0)
    size = x.abs().amax(0)
    back = v / size - largest * x.sign() * (v * x).sum(0) / size**2
    return (torch.where(size > EPS, back, v / EPS),)


LENGTHS = [
    _rule(
        F + "normalize",
        F + f"normalize(x, p={p}, dim=0, eps=0.1)",
        vjp,
        "x",
        [((3,),), ((1,),), ((4, 2),)],
        special,
        rf"z = \frac{{x}}{{\max(\lVert x \rVert_{{{norm}}}, \varepsilon)}}, \quad \varepsilon = 0.1",
        gradient,
        variant=f"p={label}, eps=0.1",
    )
    for p, label, norm, vjp, special, gradient in (
        (
            "1.",
            "1",
            "1",
            _unit_sum,
            _special("x", regular="[1., -3.]", one_zero="[0., 2.]", zeros="[0., 0.]", NaN=f"[1., {NAN}]"),
            r"\bar{x} = \frac{\bar{z}}{\lVert x \rVert_1} - \frac{\operatorname{sign}(x)\, (\bar{z} \cdot x)}"
            r"{\lVert x \rVert_1^2}; \quad \bar{z} / \varepsilon \text{ where } \lVert x \rVert_1 \le \varepsilon",
        ),
        (
            "float('inf')",
            "inf",
            r"\infty",
            _unit_max,
            _special("x", regular="[1., -3.]", tie="[2., 2.]", tie_of_signs="[-2., 2.]", zeros="[0., 0.]"),
            r"\bar{x}_i = \frac{\bar{z}_i}{\lVert x \rVert_\infty} - [\,i = k\,]\,"
            r"\frac{\operatorname{sign}(x_k)\, (\bar{z} \cdot x)}{\lVert x \rVert_\infty^2},"
            r" \quad k = \operatorname{argmax} \lvert x \rvert \text{, equal ones share}; \quad"
            r" \bar{z} / \varepsilon \text{ where } \lVert x \rVert_\infty \le \varepsilon",
        ),
    )
]

# Attention


def _attended(v, query, key, value, bias=0.0):
    """The gradients of query, key and value; a row without a key is 0."""
    scale = 1 / math.sqrt(query.shape[-1])
    scores = scale * query @ key.mT + bias
    empty = scores.isneginf().all(-1, keepdim=True)
    p = scores.masked_fill(empty, 0).softmax(-1).masked_fill(empty, 0)
    g = v @ value.mT
    s = p * (g - (p * g).sum(-1, keepdim=True))
    return scale * s @ key, scale * s.mT @ query, p.mT @ v


def _causal(v, query, key, value):
    later = torch.ones(query.shape[-2], key.shape[-2]).triu(1).bool()
    return _attended(v, query, key, value, torch.zeros_like(later, dtype=query.dtype).masked_fill(later, -torch.inf))


def _shared(v, query, key, value):
    """Two heads of the query read one of the key and the value, which add up what comes back."""
    dq, dk, dv = _attended(v, query, key, value)
    return dq, dk.sum(1, keepdim=True), dv.sum(1, keepdim=True)


def _projected(v, x, w, b, out, c):
    """Self-attention of two heads: the gradients of the input, both projections and their biases."""
    width = x.shape[-1]
    q, k, u = ((x @ part.mT + shift) for part, shift in zip(w.chunk(3), b.chunk(3), strict=True))
    heads = [t.unflatten(-1, (2, -1)).transpose(0, 1) for t in (q, k, u)]  # head, place, entry
    scale = 1 / math.sqrt(width / 2)
    read = ((scale * heads[0] @ heads[1].mT).softmax(-1) @ heads[2]).transpose(0, 1).flatten(1)
    back = (v @ out).unflatten(-1, (2, -1)).transpose(0, 1)
    inside = torch.cat([g.transpose(0, 1).flatten(1) for g in _attended(back, *heads)], -1)
    return inside @ w, inside.mT @ x, inside.sum(0), v.mT @ read, v.sum(0)


NO_SECOND = "PyTorch has no derivative of _scaled_dot_product_flash_attention_for_cpu_backward."
NO_FORWARD = "PyTorch has no forward mode for _scaled_dot_product_flash_attention_for_cpu."
HIDDEN_NAN = Defect(
    "NaN",
    "With these two keys the value is 0 on the CPU, and not NaN.",
    {"output": [[[[0.0]]]]},
    reported="https://github.com/pytorch/pytorch/issues/141128",
)
ATTENTION = r"y = P V, \quad P = \texttt{softmax}(S), \quad S = Q K^\top / \sqrt{d}"
ATTENTION_BACK = (
    r"\begin{aligned} \bar{V} &= P^\top \bar{y}, \quad \bar{P} = \bar{y} V^\top, \quad"
    r" \bar{S}_{ij} = P_{ij} \bigl(\bar{P}_{ij} - \textstyle\sum_k P_{ik} \bar{P}_{ik}\bigr) \\"
    r" \bar{Q} &= \bar{S} K / \sqrt{d}, \quad \bar{K} = \bar{S}^\top Q / \sqrt{d} \end{aligned}"
)
SIZES = [
    ((n, h, q, d), (n, h, k, d), (n, h, k, d)) for n, h, q, k, d in ((1, 1, 2, 3, 2), (2, 1, 3, 2, 1), (1, 2, 4, 5, 3))
]
ATTENTIONS = [
    _rule(
        F + "scaled_dot_product_attention",
        F + f"scaled_dot_product_attention(query, key, value{options})",
        vjp,
        "query key value",
        shapes,
        special,
        ATTENTION + formula,
        ATTENTION_BACK + gradient,
        variant=variant,
        excluded={"gradgradcheck": NO_SECOND, "forward": NO_FORWARD},
        defects=(HIDDEN_NAN,) if variant == "no mask" else (),
    )
    for variant, options, vjp, shapes, special, formula, gradient in (
        (
            "no mask",
            "",
            _attended,
            SIZES,
            _special(
                "query key value",
                one_key=("[[[[2.]]]]", "[[[[3.]]]]", "[[[[5.]]]]"),
                equal_keys=("[[[[2.]]]]", "[[[[3.], [3.]]]]", "[[[[5.], [7.]]]]"),
                large_score=("[[[[1000.]]]]", "[[[[1.], [0.]]]]", "[[[[5.], [7.]]]]"),
                NaN=(f"[[[[{NAN}]]]]", "[[[[3.], [0.]]]]", "[[[[5.], [7.]]]]"),
            ),
            "",
            "",
        ),
        (
            "is_causal=True",
            ", is_causal=True",
            _causal,
            SIZES,
            _special(
                "query key value",
                first_of_two=("[[[[2.], [2.]]]]", "[[[[3.], [3.]]]]", "[[[[5.], [7.]]]]"),
                NaN_in_a_later_value=("[[[[2.]]]]", "[[[[3.], [3.]]]]", f"[[[[5.], [{NAN}]]]]"),
                zeros=("[[[[0.], [0.]]]]", "[[[[0.], [0.]]]]", "[[[[0.], [0.]]]]"),
            ),
            r" \text{, } -\infty \text{ for } j > i",
            "",
        ),
        (
            "enable_gqa=True",
            ", enable_gqa=True",
            _shared,
            [((n, 2, q, d), (n, 1, k, d), (n, 1, k, d)) for n, q, k, d in ((1, 2, 3, 2), (2, 3, 2, 1), (1, 4, 5, 3))],
            _special(
                "query key value",
                two_heads_one_key=("[[[[2.]], [[2.]]]]", "[[[[3.]]]]", "[[[[5.]]]]"),
                zeros=("[[[[0.]], [[0.]]]]", "[[[[0.]]]]", "[[[[0.]]]]"),
                NaN_in_one_head=(f"[[[[{NAN}]], [[2.]]]]", "[[[[3.]]]]", "[[[[5.]]]]"),
            ),
            r"\text{, two heads of } Q \text{ to one of } K, V",
            r"\text{, } \bar{K}, \bar{V} \text{ summed over both heads}",
        ),
    )
]
HEADS = [
    _rule(
        F + "multi_head_attention_forward",
        F + "multi_head_attention_forward(x, x, x, x.shape[-1], 2, w, b, None, None, False, 0.0, out, c)[0]",
        _projected,
        "x w b out c",
        [((n, d), (3 * d, d), (3 * d,), (d, d), (d,)) for n, d in ((2, 2), (1, 2), (3, 4))],
        _special(
            "x w b out c",
            one_place=("[[1., 2.]]", "[[1., 0.], [0., 1.]] * 3", "[0.] * 6", "[[1., 0.], [0., 1.]]", "[0., 0.]"),
            zeros=("[[0., 0.]]", "[[1., 0.], [0., 1.]] * 3", "[0.] * 6", "[[1., 0.], [0., 1.]]", "[0., 0.]"),
            NaN=(f"[[{NAN}, 2.]]", "[[1., 0.], [0., 1.]] * 3", "[0.] * 6", "[[1., 0.], [0., 1.]]", "[0., 0.]"),
        ),
        r"y = R\, O^\top + c, \quad R = \text{heads of } P V, \quad (Q, K, V) = x\, W^\top + b",
        r"\bar{O} = \bar{y}^\top R \qquad \bar{c} = \sum \bar{y} \qquad (\bar{Q}, \bar{K}, \bar{V}) \text{ from }"
        r" \bar{R} = \bar{y}\, O \qquad \bar{W} = (\bar{Q}, \bar{K}, \bar{V})^\top x \qquad"
        r" \bar{x} = (\bar{Q}, \bar{K}, \bar{V})\, W",
        variant="self-attention, projections, bias",
    )
]

# Recurrent cells, and what a sequence makes of them


def _step(g_in, g_out, x, h, a, b):
    """The gradients of both linear maps of a cell from those of what they return."""
    return g_in @ a, g_out @ b, g_in.mT @ x, g_out.mT @ h, g_in.sum(0), g_out.sum(0)


def _plain(slope):
    def vjp(v, x, h, a, b, c, d):
        g = v * slope(x @ a.mT + c + h @ b.mT + d)
        return _step(g, g, x, h, a, b)

    return vjp


_tanh_cell = _plain(lambda z: 1 - z.tanh() ** 2)
_relu_cell = _plain(lambda z: (z > 0).to(z.dtype))


def _gates(x, h, a, b, c, d):
    (ri, ui, ni), (rh, uh, nh) = (x @ a.mT + c).chunk(3, -1), (h @ b.mT + d).chunk(3, -1)
    r, u = torch.sigmoid(ri + rh), torch.sigmoid(ui + uh)
    return r, u, torch.tanh(ni + r * nh), nh


def _gru_cell(v, x, h, a, b, c, d):
    r, u, n, nh = _gates(x, h, a, b, c, d)
    dn = v * (1 - u) * (1 - n * n)
    dr, du = dn * nh * r * (1 - r), v * (h - n) * u * (1 - u)
    dx, dh, *rest = _step(torch.cat([dr, du, dn], -1), torch.cat([dr, du, dn * r], -1), x, h, a, b)
    return dx, dh + v * u, *rest


def _memory(x, h, m, a, b, c, d):
    i, f, g, o = (x @ a.mT + c + h @ b.mT + d).chunk(4, -1)
    i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
    return i, f, g, o, f * m + i * g


def _lstm_cell(v, x, h, m, a, b, c, d):
    """v: the cotangents of the state and of the memory, side by side."""
    i, f, g, o, new = _memory(x, h, m, a, b, c, d)
    vh, vm = v.chunk(2, -1)
    t = new.tanh()
    dm = vm + vh * o * (1 - t * t)
    parts = dm * g * i * (1 - i), dm * m * f * (1 - f), dm * i * (1 - g * g), vh * t * o * (1 - o)
    g_all = torch.cat(parts, -1)
    dx, dh, *rest = _step(g_all, g_all, x, h, a, b)
    return dx, dh, dm * f, *rest


def _through_time(cell, forward):
    """Back through the time steps of a sequence; each hands the gradient of its state to the one before."""

    def vjp(v, x, h, *weights):
        states = [h[0]]
        for moment in x:
            states.append(forward(moment, states[-1], *weights))
        dx, carried = torch.zeros_like(x), torch.zeros_like(h[0])
        sums = [torch.zeros_like(w) for w in weights]
        for t in reversed(range(len(x))):
            dx[t], carried, *grads = cell(v[t] + carried, x[t], states[t], *weights)
            sums = [total + grad for total, grad in zip(sums, grads, strict=True)]
        return dx, carried[None], *sums

    return vjp


def _through_memory(v, x, h, m, *weights):
    states = [(h[0], m[0])]
    for moment in x:
        *_, o, new = _memory(moment, *states[-1], *weights)
        states.append((o * new.tanh(), new))
    dx, dh, dm = torch.zeros_like(x), torch.zeros_like(h[0]), torch.zeros_like(m[0])
    sums = [torch.zeros_like(w) for w in weights]
    for t in reversed(range(len(x))):
        dx[t], dh, dm, *grads = _lstm_cell(torch.cat([v[t] + dh, dm], -1), x[t], *states[t], *weights)
        sums = [total + grad for total, grad in zip(sums, grads, strict=True)]
    return dx, dh[None], dm[None], *sums


def _next_gru(x, h, *weights):
    _, u, n, _ = _gates(x, h, *weights)
    return (1 - u) * n + u * h


def _cell_shapes(gates, states):
    return [
        ((n, i), *[(n, h)] * states, (gates * h, i), (gates * h, h), (gates * h,), (gates * h,))
        for n, i, h in ((1, 1, 1), (2, 3, 2), (3, 1, 2))
    ]


def _sequence_shapes(gates, states):
    return [
        ((t, n, i), *[(1, n, h)] * states, (gates * h, i), (gates * h, h), (gates * h,), (gates * h,))
        for t, n, i, h in ((1, 1, 1, 1), (3, 2, 1, 2), (2, 1, 3, 2))
    ]


def _cell_points(gates, states, x="[[{}]]", h="[[{}]]", **points):
    """A cell of one number: its input, its states, and a weight and a bias that are the same for each gate."""
    found = {}
    for label, (entry, state, weight, bias) in points.items():
        weights = f"[[{weight}]] * {gates}"
        biases = f"[{bias}] * {gates}"
        found[label] = (x.format(entry), *[h.format(state)] * states, weights, weights, biases, biases)
    return found


ONE = {"zeros": ("0.", "0.", "0.", "0."), "saturated": ("100.", "1.", "1.", "0."), "NaN": (NAN, "0.", "1.", "0.")}
KINK = {"zeros": ("0.", "0.", "1.", "0."), "below_0": ("-1.", "0.", "1.", "0."), "NaN": (NAN, "0.", "1.", "0.")}
PLAIN, LONG = "x h a b c d", "x h m a b c d"
LINEAR = (
    r" \qquad \bar{x} = \bar{g} A, \quad \bar{h} = \bar{g} B, \quad \bar{A} = \bar{g}^\top x, \quad"
    r" \bar{B} = \bar{g}^\top h, \quad \bar{c} = \bar{d} = \sum \bar{g}"
)
RELU = r"y = \max(0, g), \quad g = x A^\top + c + h B^\top + d"
RELU_BACK = r"\bar{g} = \bar{y}\, [\,g > 0\,]" + LINEAR
TANH = r"y = \tanh g, \quad g = x A^\top + c + h B^\top + d"
TANH_BACK = r"\bar{g} = \bar{y}\, (1 - y^2)" + LINEAR
GRU = (
    r"\begin{aligned} y &= (1 - u)\, n + u\, h, \quad n = \tanh(g_n + r\, k_n), \\"
    r" r &= \sigma(g_r + k_r), \quad u = \sigma(g_u + k_u), \quad g = x A^\top + c, \quad k = h B^\top + d"
    r" \end{aligned}"
)
GRU_BACK = (
    r"\begin{aligned} \bar{g}_n &= \bar{y}\, (1 - u) (1 - n^2), \quad \bar{g}_u = \bar{y}\, (h - n)\, u (1 - u), \quad"
    r" \bar{g}_r = \bar{g}_n k_n\, r (1 - r), \\ \bar{k} &= (\bar{g}_r, \bar{g}_u, r\, \bar{g}_n), \quad"
    r" \bar{x} = \bar{g} A, \quad \bar{h} = \bar{k} B + u\, \bar{y}, \quad \bar{A} = \bar{g}^\top x, \quad"
    r" \bar{B} = \bar{k}^\top h, \quad \bar{c} = \sum \bar{g}, \quad \bar{d} = \sum \bar{k} \end{aligned}"
)
LSTM = (
    r"\begin{aligned} y &= o \tanh m', \quad m' = f m + i \tanh g, \\ (i, f, g, o) &= x A^\top + c + h B^\top + d"
    r" \text{, } i, f, o \text{ through } \sigma \end{aligned}"
)
LSTM_BACK = (
    r"\begin{aligned} \bar{m}' &\mathrel{+}= \bar{y}\, o\, (1 - \tanh^2 m'), \quad \bar{m} = f\, \bar{m}', \\"
    r" \bar{i} &= \bar{m}' \tanh(g)\, i (1 - i), \quad \bar{f} = \bar{m}' m f (1 - f), \\"
    r" \bar{g} &= \bar{m}' i\, (1 - \tanh^2 g), \quad \bar{o} = \bar{y} \tanh(m')\, o (1 - o)" + r" \end{aligned}"
)
IN_TIME = r"\text{, for each time step } t, \quad h_t = y_{t-1}"
BACK_IN_TIME = r" \qquad \bar{y}_{t-1} \mathrel{+}= \bar{h}_t"
SEQUENCE = ", True, 1, 0.0, False, False, False)[0]"  # bias, one layer, no dropout, one direction
CELLS = [
    rule
    for name, gates, cell, forward, points, formula, gradient in (
        (
            "rnn_tanh",
            1,
            _tanh_cell,
            lambda x, h, a, b, c, d: torch.tanh(x @ a.mT + c + h @ b.mT + d),
            ONE,
            TANH,
            TANH_BACK,
        ),
        (
            "rnn_relu",
            1,
            _relu_cell,
            lambda x, h, a, b, c, d: torch.relu(x @ a.mT + c + h @ b.mT + d),
            KINK,
            RELU,
            RELU_BACK,
        ),
        ("gru", 3, _gru_cell, _next_gru, ONE, GRU, GRU_BACK),
    )
    for rule in (
        _rule(
            f"torch.{name}_cell",
            f"torch.{name}_cell(x, h, a, b, c, d)",
            cell,
            PLAIN,
            _cell_shapes(gates, 1),
            _special(PLAIN, **_cell_points(gates, 1, **points)),
            formula,
            gradient,
            also=("torch.nn.RNNCell",) if name == "rnn_tanh" else (),
        ),
        _rule(
            f"torch.{name}",
            f"torch.{name}(x, h, (a, b, c, d){SEQUENCE}",
            _through_time(cell, forward),
            PLAIN,
            _sequence_shapes(gates, 1),
            _special(PLAIN, **_cell_points(gates, 1, x="[[[{0}]], [[{0}]]]", h="[[[{}]]]", **points)),
            formula + IN_TIME,
            gradient + BACK_IN_TIME,
            also=("torch.nn.RNN",) if name == "rnn_tanh" else (),
        ),
    )
]
MEMORY = [
    _rule(
        "torch.lstm_cell",
        "torch.cat(torch.lstm_cell(x, (h, m), a, b, c, d), 1)",
        _lstm_cell,
        LONG,
        _cell_shapes(4, 2),
        _special(LONG, **_cell_points(4, 2, **ONE)),
        LSTM,
        LSTM_BACK,
    ),
    _rule(
        "torch.lstm",
        f"torch.lstm(x, (h, m), (a, b, c, d){SEQUENCE}",
        _through_memory,
        LONG,
        _sequence_shapes(4, 2),
        _special(LONG, **_cell_points(4, 2, x="[[[{0}]], [[{0}]]]", h="[[[{}]]]", **ONE)),
        LSTM + IN_TIME,
        LSTM_BACK + BACK_IN_TIME,
    ),
]

RULES = [*PRODUCTS, *DROPOUTS, *NORMS, *LENGTHS, *ATTENTIONS, *HEADS, *CELLS, *MEMORY]
