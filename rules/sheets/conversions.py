"""Other dtypes and classes, and numbers written over a tensor: the gradient goes to what is left of each number."""

import warnings

import torch

from livedocs.declare import INF, MINUS_INF, NAN, VJP, Piece, Pieces, at, normal, oo, x

with warnings.catch_warnings():  # it warns, once in a process, that complex float16 is experimental
    warnings.simplefilter("ignore")
    torch.ones(()).chalf()

POINTS = ("0.0", "-0.0", INF, MINUS_INF, NAN)
SHAPES = [{"x": shape} for shape in ((), (5,), (2, 3))]
SMALL = {"1 and 1/3": at("[1., 1 / 3]"), "1e-50 becomes 0": at("[1e-50, 1.]")}
STRANGE = {"a NaN, an infinity": at(f"[{NAN}, {INF}]")}
ROUNDED = {
    "gradcheck": "Rounding is a staircase, and differences see its steps.",
    "forward": "The tangent is rounded too.",
}


def _rounded(dtype):
    return lambda v, x: (v.to(dtype).to(x.dtype),)


def _to_float32(function, call, **more):
    return VJP(
        f"torch.{function}",
        call,
        formula=r"z_i = x_i \text{ rounded to float32}",
        gradient=r"\bar{x} = \bar{z} \text{ in the dtype of } x",
        vjp=_rounded(torch.float32),
        inputs={"x": normal},
        shapes=SHAPES,
        special=SMALL | {"1e39 overflows": at("[1e39, 1.]")} | STRANGE,
        excluded=ROUNDED,
        **more,
    )


def _to_complex(name, dtype, special, **more):
    return VJP(
        f"torch.Tensor.{name}",
        f"torch.view_as_real(x.{name}())",
        formula=r"w = x + 0\, \mathrm{i}, \quad x \text{ real" + (f", rounded to {dtype}}}" if more else "}"),
        gradient=r"\bar{x} = \operatorname{Re} \bar{w}",
        vjp=lambda v, x: (v[..., 0].to(getattr(torch, dtype)).to(x.dtype),),
        inputs={"x": normal},
        shapes=SHAPES,
        special=special | STRANGE,
        **more,
    )


def _copy(v, x, y):
    return torch.zeros_like(x), v.sum_to_size(y.shape)


def _off_diagonal(v, x):
    dx = v.clone()
    for i in range(min(x.shape)):
        dx[(i,) * x.dim()] = 0
    return (dx,)


def _off_wrapped(v, x):
    """The diagonal begins anew one row below its end."""
    dx = v.clone()
    for i in range(x.shape[0]):
        if i % (x.shape[1] + 1) < x.shape[1]:
            dx[i, i % (x.shape[1] + 1)] = 0
    return (dx,)


def _fill(arguments, vjp, shapes, special, gradient, **more):
    return VJP(
        "torch.Tensor.fill_diagonal_",
        f"x.clone().fill_diagonal_({arguments})",
        formula=rf"z_{{ij}} = \begin{{cases}} 5 & {gradient} \\ x_{{ij}} & \text{{otherwise}} \end{{cases}}",
        gradient=rf"\bar{{x}}_{{ij}} = \begin{{cases}} 0 & {gradient} \\"
        r" \bar{z}_{ij} & \text{otherwise} \end{cases}",
        vjp=vjp,
        inputs={"x": normal},
        shapes=[{"x": shape} for shape in shapes],
        special=special,
        **more,
    )


RULES = [
    _to_float32("Tensor.type", "x.type(torch.float32)"),
    VJP(
        "torch.Tensor.type_as",
        "x.type_as(y)",
        formula=r"z_i = x_i \text{ rounded to the dtype of } y, \text{ here float32}",
        gradient=r"\bar{x} = \bar{z} \text{ in the dtype of } x, \quad \bar{y} \text{ does not exist}",
        vjp=_rounded(torch.float32),
        inputs={"x": normal},
        fixed={"y": "torch.zeros((), dtype=torch.float32)"},
        shapes=SHAPES,
        special=SMALL | {"1e39 overflows": at("[1e39, 1.]")} | STRANGE,
        excluded=ROUNDED,
    ),
    _to_float32("as_tensor", "torch.as_tensor(x, dtype=torch.float32)"),
    _to_float32("asarray", "torch.asarray(x, dtype=torch.float32, requires_grad=True)"),
    VJP(
        "torch.asarray",
        "torch.asarray(x, requires_grad=False)",
        variant="requires_grad=False",
        formula=r"z = x",
        gradient=r"\bar{x} \text{ does not exist: the output does not require grad, nor does a leaf } x \text{ then}",
        inputs={"x": normal},
        shapes=SHAPES,
        special={"two numbers": at("[1., 2.]"), "one number, 0-d": at("3."), **STRANGE},
    ),
    Pieces(
        "torch.Tensor.as_subclass",
        "x.as_subclass(torch.Tensor)",
        pieces=[Piece(x, -oo, oo)],
        points=POINTS,
        complex=True,
        plot=False,
    ),
    _to_complex("cdouble", "float64", {"1 and 1/3": at("[1., 1 / 3]"), "0 and −0": at("[0., -0.]")}),
    _to_complex("cfloat", "float32", SMALL | {"1e39 overflows": at("[1e39, 1.]")}, excluded=ROUNDED),
    _to_complex("chalf", "float16", {"1e5 overflows": at("[1e5, 1.]")}, excluded=ROUNDED),
    VJP(
        "torch.Tensor.copy_",
        "x.clone().copy_(y)",
        formula=r"z = y, \text{ broadcast to the shape of } x",
        gradient=r"\bar{x} = 0, \quad \bar{y} = \text{the sum of } \bar{z} \text{ over the copies}",
        vjp=_copy,
        inputs={"x": normal, "y": normal},
        shapes=[{"x": a, "y": b} for a, b in (((), ()), ((5,), (5,)), ((2, 3), (3,)), ((2, 3), (2, 1)), ((1, 3), ()))],
        special={
            "two and two": at("[1., 2.]", y="[3., 4.]"),
            "one number for three": at("[1., 2., 3.]", y="4."),
            "a NaN is overwritten": at(f"[{NAN}, 2.]", y="[3., 4.]"),
            "a NaN is written": at("[1., 2.]", y=f"[{NAN}, 4.]"),
            "empty": at((0,), y=(0,)),
        },
    ),
    _fill(
        "5.",
        _off_diagonal,
        ((2, 2), (4, 2), (2, 4), (3, 3, 3), (1, 1)),
        {
            "two by two": at("[[1., 2.], [3., 4.]]"),
            "one row": at("[[1., 2., 3.]]"),
            "a NaN on the diagonal": at(f"[[{NAN}, 2.], [3., 4.]]"),
            "a NaN beside it": at(f"[[1., {NAN}], [3., 4.]]"),
        },
        "i = j",
    ),
    _fill(
        "5., wrap=True",
        _off_wrapped,
        ((4, 2), (7, 2), (5, 1)),
        {
            "four rows of one": at("[[1.], [2.], [3.], [4.]]"),
            "two by two": at("[[1., 2.], [3., 4.]]"),
            "a NaN between two diagonals": at(f"[[1.], [{NAN}], [3.]]"),
        },
        r"i \bmod (n + 1) = j \quad (n \text{ columns})",
        variant="wrap=True",
    ),
    VJP(
        "torch.dequantize",
        "torch.dequantize(x * 1)",
        formula=r"z = x \text{ in float32, for a tensor that is not quantized}",
        gradient=r"\bar{x} \text{ does not exist: backward raises}",
        inputs={"x": normal},
        shapes=SHAPES,
        special={"two numbers": at("[1., 2.]"), "one number, 0-d": at("3."), **STRANGE},
        also=("torch.Tensor.dequantize",),
        excluded={
            "gradient": "PyTorch says: derivative for dequantize is not implemented",
            "gradcheck": "There is no gradient.",
            "forward": "Not implemented in PyTorch.",
        },
    ),
]
