"""Layers that divide by a deviation, a length or a power of the neighbors, most with epsilon inside the root."""

import torch

from livedocs.declare import INF, NAN, VJP, Defect, at, normal

EPS = 0.1  # large enough for difference quotients inside of it
WEIGHT = "torch.tensor([1., 2., 5.], dtype=torch.float64)"


def _normalized(g, x, dims, center=True):
    """The gradient through (x - mean) / sqrt(variance + eps) over these dimensions."""
    mean = x.mean(dims, keepdim=True) if center else 0
    size = ((x - mean).square().mean(dims, keepdim=True) + EPS).sqrt()
    unit = (x - mean) / size
    back = g - unit * (g * unit).mean(dims, keepdim=True)
    return (back - g.mean(dims, keepdim=True) if center else back) / size


def _over_channels(x):
    """The sum over a window of three channels, zeros beyond the first and the last."""
    padded = torch.cat([torch.zeros_like(x[:, :1]), x, torch.zeros_like(x[:, :1])], 1)
    return padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]


def _local_response(v, x, beta=0.75, k=1):
    """Each entry is divided by a power of its window, and is in the windows of its neighbors."""
    size = k + _over_channels(x * x) / 3
    return (v / size**beta - 2 * beta / 3 * x * _over_channels(v * x / size ** (beta + 1)),)


def _weight_norm(z, v, g):
    """The gradients of a direction and a length: across, and along."""
    size = v.square().sum(1, keepdim=True).sqrt()
    unit = v / size
    along = (z * unit).sum(1, keepdim=True)
    return g / size * (z - unit * along), along


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
        special={label: at(entries) for label, entries in special.items()},
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
    VJP(
        "torch.nn.functional.local_response_norm",
        "torch.nn.functional.local_response_norm(x, 3, alpha=1.)",
        variant="alpha=1",
        formula=r"z_i = \frac{x_i}{s_i^\beta}, \quad s_i = 1 + \frac{\alpha}{3} \sum_{j=i-1}^{i+1} x_j^2, \quad"
        r" \alpha = 1,\ \beta = 0.75 \quad \text{over three channels}",
        gradient=r"\bar{x}_i = \frac{\bar{z}_i}{s_i^\beta} - \frac{2 \alpha \beta}{3}\, x_i"
        r" \sum_{j=i-1}^{i+1} \frac{\bar{z}_j x_j}{s_j^{\beta + 1}}",
        vjp=_local_response,
        inputs={"x": normal},
        shapes=[{"x": (1, 3, 1)}, {"x": (2, 5, 3)}, {"x": (2, 4, 2)}],
        special={
            "zeros": at("[[[0.], [0.], [0.]]]"),
            "constant": at("[[[2.], [2.], [2.]]]"),
            "inf": at(f"[[[1.], [{INF}], [1.]]]"),
            "NaN": at(f"[[[{NAN}], [1.], [1.], [1.]]]"),
        },
        also=("torch.nn.LocalResponseNorm",),
    ),
    VJP(
        "torch.nn.functional.local_response_norm",
        "torch.nn.functional.local_response_norm(x, 3, alpha=1., k=0.)",
        variant="k=0",
        formula=r"z_i = \frac{x_i}{s_i^\beta}, \quad s_i = \frac{\alpha}{3} \sum_{j=i-1}^{i+1} x_j^2, \quad"
        r" \alpha = 1,\ \beta = 0.75",
        gradient=r"\bar{x}_i = \frac{\bar{z}_i}{s_i^\beta} - \frac{2 \alpha \beta}{3}\, x_i"
        r" \sum_{j=i-1}^{i+1} \frac{\bar{z}_j x_j}{s_j^{\beta + 1}}",
        vjp=lambda v, x: _local_response(v, x, k=0),
        inputs={"x": normal},
        shapes=[{"x": (1, 3, 1)}, {"x": (2, 5, 3)}, {"x": (2, 4, 2)}],
        special={
            "zeros": at("[[[0.], [0.], [0.]]]"),
            "a window of zeros": at("[[[0.], [0.], [2.]]]"),
        },
    ),
    VJP(
        "torch.nn.utils.parametrizations.weight_norm",
        "torch._weight_norm(v, g, 0)",  # what the parametrization calls; it is a module, and takes no tensors itself
        formula=r"w_k = g_k\, u_k, \quad u_k = \frac{v_k}{\lVert v_k \rVert} \quad \text{for each row } k",
        gradient=r"\bar{v}_k = \frac{g_k}{\lVert v_k \rVert} \bigl( \bar{w}_k - u_k\, (u_k \cdot \bar{w}_k) \bigr),"
        r" \quad \bar{g}_k = u_k \cdot \bar{w}_k",
        vjp=_weight_norm,
        inputs={"v": normal, "g": normal},
        shapes=[{"v": shape, "g": (shape[0], 1)} for shape in ((2, 3), (1, 5), (4, 2))],
        special={
            label: {
                "v": f"torch.tensor([[{v}]], dtype=torch.float64)",
                "g": f"torch.tensor([[{g}]], dtype=torch.float64)",
            }
            for label, (v, g) in {
                "direction of zero": ("0., 0.", "2."),
                "length 2": ("3., 4.", "2."),
                "length of zero": ("3., 4.", "0."),
                "both zero": ("0., 0.", "0."),
                "inf": (f"{INF}, 1.", "2."),
                "NaN": (f"{NAN}, 1.", "2."),
            }.items()
        },
        excluded={
            "forward": "_weight_norm_interface has no forward mode.",
            "gradgradcheck": "The second derivatives are wrong: the length of v is taken for a constant.",
        },
        defects=(
            Defect(
                "length 2",
                "The backward pass under create_graph=True takes the length of v for a constant. The second derivatives"
                " of v are -0.08704 and -0.02496; g * v / v.norm() has them.",
                {"second": {"v": [[-0.16, -0.176]], "g": [[0.0]]}},
            ),
        ),
    ),
]
