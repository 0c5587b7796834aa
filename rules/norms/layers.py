"""Layers that take the mean away and divide by the deviation, with epsilon inside the root."""

from livedocs.declare import VJP, normal

EPS = 0.1  # large enough for difference quotients inside of it
WEIGHT = "torch.tensor([1., 2., 5.], dtype=torch.float64)"


def _normalized(g, x, dims, center=True):
    """The gradient through (x - mean) / sqrt(variance + eps) over these dimensions."""
    mean = x.mean(dims, keepdim=True) if center else 0
    size = ((x - mean).square().mean(dims, keepdim=True) + EPS).sqrt()
    unit = (x - mean) / size
    back = g - unit * (g * unit).mean(dims, keepdim=True)
    return (back - g.mean(dims, keepdim=True) if center else back) / size


def _at(text: str) -> dict[str, str]:
    return {"x": f"torch.tensor({text}, dtype=torch.float64)"}


def _weight(x, *shape):
    return x.new_tensor([1.0, 2.0, 5.0]).view(*shape)


CENTERED = r"z = \gamma\, u, \quad u = \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}}"
SLOPE = (
    r"\bar{x} = \frac{\bar{u} - \operatorname{mean}(\bar{u}) - u \operatorname{mean}(\bar{u} u)}"
    r"{\sqrt{\sigma^2 + \varepsilon}}, \quad \bar{u} = \gamma\, \bar{z}"
)


def _layer(name, call, over, vjp, shapes, special, formula=CENTERED, gradient=SLOPE, weight="weight", text=WEIGHT):
    return VJP(
        f"torch.nn.functional.{name}",
        f"torch.nn.functional.{name}({call}",
        variant="eps=0.1",
        formula=formula + rf", \quad \varepsilon = 0.1 \quad \text{{over {over}}}",
        gradient=gradient,
        vjp=vjp,
        inputs={"x": normal},
        fixed={weight: text},
        shapes=[{"x": shape} for shape in shapes],
        special={label: _at(entries) for label, entries in special.items()},
        also=(f"torch.{name}",),
    )


VECTORS = {"zeros": "[0., 0., 0.]", "constant": "[2., 2., 2.]"}
ROW = {"zeros": "[[0., 0., 0.]]", "constant": "[[2., 2., 2.]]"}
COLUMN = {"zeros": "[[0.], [0.], [0.]]", "constant": "[[2.], [2.], [2.]]"}
IMAGE = {"zeros": "[[[0., 0., 0.]]]", "constant": "[[[2., 2., 2.]]]"}
RULES = [
    _layer(
        "layer_norm",
        "x, (3,), weight, eps=0.1)",
        "the last dimensions",
        lambda v, x: (_normalized(v * _weight(x, 3), x, -1),),
        [(3,), (2, 3), (4, 3)],
        VECTORS,
    ),
    _layer(
        "rms_norm",
        "x, (3,), weight, eps=0.1)",
        "the last dimensions",
        lambda v, x: (_normalized(v * _weight(x, 3), x, -1, center=False),),
        [(3,), (2, 3), (4, 3)],
        VECTORS,
        r"z = \gamma\, u, \quad u = \frac{x}{\sqrt{\operatorname{mean}(x^2) + \varepsilon}}",
        r"\bar{x} = \frac{\bar{u} - u \operatorname{mean}(\bar{u} u)}{\sqrt{\operatorname{mean}(x^2) + \varepsilon}}"
        r", \quad \bar{u} = \gamma\, \bar{z}",
    ),
    _layer(
        "group_norm",
        "x, 1, weight, eps=0.1)",
        "the channels of a group",
        lambda v, x: (_normalized(v * _weight(x, 3), x, -1),),
        [(1, 3), (2, 3), (4, 3)],
        ROW,
    ),
    _layer(
        "batch_norm",
        "x, None, None, training=True, eps=0.1) * gamma",
        "the batch, for each channel",
        lambda v, x: (_normalized(v * _weight(x, 3, 1), x, 0),),
        [(3, 1), (3, 2), (3, 4)],
        COLUMN,
        weight="gamma",
        text=WEIGHT.replace("[1., 2., 5.]", "[[1.], [2.], [5.]]"),
    ),
    _layer(
        "instance_norm",
        "x, eps=0.1) * gamma",
        "the places of a channel",
        lambda v, x: (_normalized(v * _weight(x, 3), x, -1),),
        [(1, 1, 3), (2, 1, 3), (2, 2, 3)],
        IMAGE,
        weight="gamma",
    ),
]
