"""Discrete Fourier transforms: linear, so the gradient is the transform's adjoint at every point."""

import torch

from livedocs.declare import INF, NAN, VJP, at, normal

# Each helper is the adjoint of one step. A step along several dimensions is taken along the last one, then the others.


def _complex(v):
    return torch.view_as_complex(v.contiguous())


def _parts(x):
    """The gradients of a complex input's real and imaginary part."""
    return x.real, x.imag


def _whole(half, n):
    """The adjoint of leaving out half of a spectrum: what is missing counts as zero, and is not mirrored."""
    whole = torch.zeros(*half.shape[:-1], n, dtype=half.dtype)
    whole[..., : half.shape[-1]] = half
    return whole


def _doubled(half, n):
    """The adjoint of mirroring half of a spectrum: what has a mirror image counts twice."""
    weights = torch.full((half.shape[-1],), 2.0, dtype=torch.float64)
    weights[0] = 1.0
    if n % 2 == 0:
        weights[-1] = 1.0
    return half * weights


def _sum(x, dim, sign):
    """The sum of x with the factors exp(sign 2 pi i j k / n), along some dimensions."""
    if not dim:
        return x
    return torch.fft.fftn(x, dim=dim) if sign < 0 else torch.fft.ifftn(x, dim=dim, norm="forward")


def _size(x, dim):
    return torch.tensor([x.shape[d] for d in dim]).prod()


def _dims(x, count):
    """The last dimensions, so many of them; all for None."""
    return tuple(range(-(count or x.dim()), 0))


def _fft(count=None, sign=-1):
    """Transforms from complex to complex numbers: fft has the sign −1; ifft has 1, and is divided by n."""

    def vjp(v, a, b):
        dim = _dims(a, count)
        x = _sum(_complex(v), dim, -sign)
        return _parts(x if sign < 0 else x / _size(a, dim))

    return vjp


def _rfft(count=None, sign=-1):
    """Transforms from real numbers to half a spectrum: rfft has the sign −1; ihfft has 1, and is divided by n."""

    def vjp(v, x):
        dim = _dims(x, count)
        half = _sum(_complex(v), dim[:-1], -sign)
        out = _sum(_whole(half, x.shape[-1]), dim[-1:], -sign).real
        return (out if sign < 0 else out / _size(x, dim),)

    return vjp


def _irfft(count=None, sign=1):
    """Transforms from half a spectrum to real numbers: hfft has the sign −1; irfft has 1, and is divided by n."""

    def vjp(v, a, b):
        n, dim = v.shape[-1], _dims(a, count)
        half = torch.fft.rfft(v) if sign > 0 else torch.fft.rfft(v).conj()
        x = _sum(_doubled(half, n), dim[:-1], -sign)
        return _parts(x if sign < 0 else x / _size(v, dim))

    return vjp


def _real(v, x):
    return (_sum(_complex(v), (-1,), 1).real,)


def _trimmed(v, x):
    out = torch.zeros_like(x)
    out[..., :2] = _real(v, x)[0]
    return (out,)


def _padded(v, x):
    return (_real(v, x)[0][..., : x.shape[-1]],)


def _shift(sign):
    def vjp(v, x):
        dims = tuple(range(x.dim()))
        return (torch.roll(v, [-sign * (x.shape[d] // 2) for d in dims], dims),)

    return vjp


def _stft(center):
    """The adjoint of frames of 4, each 2 after the last one, times the window; of the reflected ends if there are."""

    def vjp(v, x, w):
        n = x.shape[-1]
        # Where each place of the signal with its reflected ends comes from.
        places = [*range(2, 0, -1), *range(n), n - 2, n - 3] if center else [*range(n)]
        places = torch.tensor(places).unfold(-1, 4, 2)
        frames = x[..., places]
        framed = _sum(_whole(_complex(v).mT, 4), (-1,), 1).real
        dx = torch.zeros_like(x).index_add(-1, places.flatten(), (framed * w).flatten(-2))
        return dx, (framed * frames).flatten(0, -2).sum(0)

    return vjp


def _istft(v, a, b, w):
    """The quotient of overlapping frames and overlapping squares of the window, without two places at each end."""
    frames = torch.fft.irfft(torch.complex(a, b).mT)
    count = frames.shape[-2]
    places = torch.arange(2 * count + 2).unfold(-1, 4, 2)
    flat = places.flatten()
    power = torch.zeros(2 * count + 2, dtype=w.dtype).index_add(0, flat, (w * w).repeat(count))
    total = torch.zeros(*a.shape[:-2], 2 * count + 2, dtype=w.dtype)
    total = total.index_add(-1, flat, (frames * w).flatten(-2))
    dtotal = torch.nn.functional.pad(v, (2, 2)) / power
    dpower = -dtotal * total / power
    dframes = dtotal[..., places]
    x = _doubled(torch.fft.rfft(dframes * w, norm="forward"), 4).mT
    dw = dframes * frames + 2 * w * dpower[..., places]
    return x.real, x.imag, dw.flatten(0, -2).sum(0)


ZEROS, ONES = "[0., 0., 0.]", "[1., 1., 1.]"
VECTORS = [{"x": shape} for shape in ((1,), (4,), (5,), (2, 3))]
MATRICES = [{"x": shape} for shape in ((1, 1), (2, 3), (3, 4), (2, 2, 3))]
BLOCKS = [{"x": shape} for shape in ((4,), (2, 3), (2, 2, 3))]
HALVES = [{"x": shape} for shape in ((2,), (3,), (2, 3))]
ODD = [{"x": shape} for shape in ((2,), (2, 2), (2, 2, 2))]
HALF_MATRICES = [{"x": shape} for shape in ((1, 2), (2, 3), (3, 2), (2, 2, 3))]
HALF_BLOCKS = [{"x": shape} for shape in ((3,), (2, 3), (2, 2, 2))]
REAL = {
    "zeros": at("[0., 0., 0., 0.]"),
    "one NaN": at(f"[1., {NAN}, 2., 0.]"),
    "one infinity": at(f"[1., {INF}, 2., 0.]"),
}
COMPLEX = {
    "zeros": at(a=ZEROS, b=ZEROS),
    "real numbers": at(a="[1., 2., 0.]", b=ZEROS),
    "one NaN": at(a=f"[1., {NAN}, 2.]", b=ZEROS),
    "one infinity": at(a=f"[1., {INF}, 2.]", b=ONES),
}
HALF = {
    "zeros": at(a=ZEROS, b=ZEROS),
    "imaginary at both ends": at(a="[0., 0., 0.]", b="[1., 0., 1.]"),
    "NaN in the ignored part": at(a=ONES, b=f"[{NAN}, 1., 0.]"),
    "one infinity": at(a=f"[1., {INF}, 2.]", b=ONES),
}
HALF_ODD = {
    "zeros": at(a="[0., 0.]", b="[0., 0.]"),
    "imaginary at both ends": at(a="[0., 0.]", b="[1., 1.]"),
    "NaN in the ignored part": at(a="[1., 1.]", b=f"[{NAN}, 1.]"),
}
REAL_MATRIX = {"zeros": at("[[0., 0.], [0., 0.]]"), "one NaN": at(f"[[1., {NAN}], [0., 2.]]")}
COMPLEX_MATRIX = {
    "zeros": at(a="[[0., 0.]]", b="[[0., 0.]]"),
    "one infinity": at(a=f"[[1., {INF}]]", b="[[0., 0.]]"),
}
HALF_MATRIX = {
    "zeros": at(a="[[0., 0.]]", b="[[0., 0.]]"),
    "imaginary at both ends": at(a="[[0., 0.]]", b="[[1., 1.]]"),
    "one NaN": at(a=f"[[1., {NAN}]]", b="[[0., 0.]]"),
}
EXP = r"\mathrm{e}^{%s 2 \pi \mathrm{i} j k / n}"
MINUS, PLUS = EXP % "-", EXP % ""
BOTH = r"\mathrm{e}^{%s 2 \pi \mathrm{i}\, j \cdot (k / n)}"  # of vectors of indices
MINUS_BOTH, PLUS_BOTH = BOTH % "-", BOTH % ""
SUMS = {"": (MINUS, PLUS, "n"), "2": (MINUS_BOTH, PLUS_BOTH, "n_1 n_2"), "n": (MINUS_BOTH, PLUS_BOTH, r"\prod n")}
WEIGHT = r"w_k = 1 \text{ for } k_{\text{last}} \in \{0, n_{\text{last}}/2\}, \text{ else } 2"
COUNTS = {"": 1, "2": 2, "n": None}
X = "torch.complex(a, b)"


def _pairs(shapes):
    return [{"a": shape["x"], "b": shape["x"]} for shape in shapes]


def _of_complex(name, end, sign, shapes, special, variant=""):
    minus, plus, n = SUMS[end]
    forward, back = (minus, plus) if sign < 0 else (plus, minus)
    scale = "" if sign < 0 else rf"\tfrac{{1}}{{{n}}} "
    return VJP(
        f"torch.fft.{name}{end}",
        f"torch.view_as_real(torch.fft.{name}{end}({X}))",
        variant=variant,
        formula=rf"z_k = {scale}\sum_j x_j\, {forward}, \quad x = a + \mathrm{{i}} b",
        gradient=rf"\bar{{x}}_j = {scale}\sum_k \bar{{z}}_k\, {back}, \quad \bar{{a}} = \operatorname{{Re}} \bar{{x}},"
        r" \enspace \bar{b} = \operatorname{Im} \bar{x}",
        vjp=_fft(COUNTS[end], sign),
        inputs={"a": normal, "b": normal},
        shapes=_pairs(shapes),
        special=special,
    )


def _to_half(name, end, sign, shapes, special):
    minus, plus, n = SUMS[end]
    forward, back = (minus, plus) if sign < 0 else (plus, minus)
    scale = "" if sign < 0 else rf"\tfrac{{1}}{{{n}}} "
    last = "k" if end == "" else r"k_{\text{last}}"
    size = "n" if end == "" else r"n_{\text{last}}"
    return VJP(
        f"torch.fft.{name}{end}",
        f"torch.view_as_real(torch.fft.{name}{end}(x){'' if sign < 0 else '.resolve_conj()'})",
        formula=rf"z_k = {scale}\sum_j x_j\, {forward}, \quad 0 \le {last} \le {size} / 2",
        gradient=rf"\bar{{x}}_j = {scale}\operatorname{{Re}} \sum_{{{last} \le {size}/2}} \bar{{z}}_k\, {back}",
        vjp=_rfft(COUNTS[end], sign),
        inputs={"x": normal},
        shapes=shapes,
        special=special,
    )


def _from_half(name, end, sign, shapes, special, n="", variant=""):
    minus, plus, size = SUMS[end]
    forward, back = (minus, plus) if sign < 0 else (plus, minus)
    scale = "" if sign < 0 else rf"\tfrac{{1}}{{{size}}} "
    weight = WEIGHT if end else WEIGHT.replace(r"_{\text{last}}", "")
    return VJP(
        f"torch.fft.{name}{end}",
        f"torch.fft.{name}{end}({X}{n})",
        variant=variant,
        formula=rf"z_j = {scale}\operatorname{{Re}} \sum_k w_k\, x_k\, {forward}, \quad {weight},"
        r" \quad x = a + \mathrm{i} b",
        gradient=rf"\bar{{x}}_k = {scale}w_k \sum_j \bar{{z}}_j\, {back},"
        r" \quad \bar{a} = \operatorname{Re} \bar{x}, \enspace \bar{b} = \operatorname{Im} \bar{x}",
        vjp=_irfft(COUNTS[end], sign),
        inputs={"a": normal, "b": normal},
        shapes=_pairs(shapes),
        special=special,
    )


FRAMES = r"z_{kt} = \sum_{j=0}^{3} w_j\, x_{2t+j}\, \mathrm{e}^{-2 \pi \mathrm{i} j k / 4}, \quad 0 \le k \le 2"
FRAMES_BACK = (
    r"\bar{f}_{tj} = \operatorname{Re} \sum_{k \le 2} \bar{z}_{kt}\, \mathrm{e}^{2 \pi \mathrm{i} j k / 4},"
    r" \quad \bar{w}_j = \sum_t \bar{f}_{tj}\, x_{2t+j}, \quad \bar{x}_i = \sum_{2t+j=i} w_j\, \bar{f}_{tj}"
)
STFT = "torch.view_as_real(torch.stft(x, 4, 2, window=w, center={}, return_complex=True))"
WINDOW = "[0., 1., 1., 1.]"

RULES = [
    VJP(
        "torch.fft.fft",
        "torch.view_as_real(torch.fft.fft(x))",
        formula=rf"z_k = \sum_j x_j\, {MINUS}",
        gradient=rf"\bar{{x}}_j = \operatorname{{Re}} \sum_k \bar{{z}}_k\, {PLUS}",
        vjp=_real,
        inputs={"x": normal},
        shapes=VECTORS,
        special=REAL,
    ),
    _of_complex("fft", "", -1, VECTORS, COMPLEX, variant="complex"),
    VJP(
        "torch.fft.fft",
        "torch.view_as_real(torch.fft.fft(x, 2))",
        variant="n=2, which cuts",
        formula=r"z = \texttt{fft}(x_0, x_1)",
        gradient=r"\bar{x}_j = \operatorname{Re} (\bar{z}_0 + (-1)^j\, \bar{z}_1) \text{ for } j < 2, \text{ else } 0",
        vjp=_trimmed,
        inputs={"x": normal},
        shapes=[{"x": shape} for shape in ((3,), (4,), (2, 3))],
        special={"zeros": REAL["zeros"], "NaN behind the cut": at(f"[1., 2., {NAN}, 0.]")},
    ),
    VJP(
        "torch.fft.fft",
        "torch.view_as_real(torch.fft.fft(x, 6))",
        variant="n=6, which pads",
        formula=rf"z_k = \sum_{{j < m}} x_j\, {MINUS}, \quad n = 6, \text{{ of }} m \text{{ numbers}}",
        gradient=rf"\bar{{x}}_j = \operatorname{{Re}} \sum_{{k < n}} \bar{{z}}_k\, {PLUS}, \quad j < m",
        vjp=_padded,
        inputs={"x": normal},
        shapes=[{"x": shape} for shape in ((1,), (4,), (2, 3))],
        special={"zeros": REAL["zeros"], "one NaN": REAL["one NaN"]},
    ),
    _of_complex("ifft", "", 1, VECTORS, COMPLEX),
    _to_half("rfft", "", -1, VECTORS, REAL),
    _from_half("irfft", "", 1, HALVES, HALF),
    _from_half("irfft", "", 1, ODD, HALF_ODD, ", n=3", "n=3, odd"),
    _from_half("hfft", "", -1, HALVES, HALF),
    _from_half("hfft", "", -1, ODD, HALF_ODD, ", n=3", "n=3, odd"),
    _to_half("ihfft", "", 1, VECTORS, REAL),
    *(
        rule
        for end, square, half in (("2", MATRICES, HALF_MATRICES), ("n", BLOCKS, HALF_BLOCKS))
        for rule in (
            _of_complex("fft", end, -1, square, COMPLEX_MATRIX),
            _of_complex("ifft", end, 1, square, COMPLEX_MATRIX),
            _to_half("rfft", end, -1, square, REAL_MATRIX),
            _from_half("irfft", end, 1, half, HALF_MATRIX),
            _from_half("hfft", end, -1, half, HALF_MATRIX),
            _to_half("ihfft", end, 1, square, REAL_MATRIX),
        )
    ),
    VJP(
        "torch.fft.fftshift",
        "torch.fft.fftshift(x)",
        formula=r"z_k = x_{(k - \lfloor n/2 \rfloor) \bmod n} \text{ along each dimension}",
        gradient=r"\bar{x}_j = \bar{z}_{(j + \lfloor n/2 \rfloor) \bmod n}",
        vjp=_shift(1),
        inputs={"x": normal},
        shapes=VECTORS,
        special={"odd": at("[1., 2., 3.]"), "one NaN": at(f"[1., {NAN}, 2., 0.]")},
    ),
    VJP(
        "torch.fft.ifftshift",
        "torch.fft.ifftshift(x)",
        formula=r"z_k = x_{(k + \lfloor n/2 \rfloor) \bmod n} \text{ along each dimension}",
        gradient=r"\bar{x}_j = \bar{z}_{(j - \lfloor n/2 \rfloor) \bmod n}",
        vjp=_shift(-1),
        inputs={"x": normal},
        shapes=VECTORS,
        special={"odd": at("[1., 2., 3.]"), "one NaN": at(f"[1., {NAN}, 2., 0.]")},
    ),
    VJP(
        "torch.stft",
        STFT.format("False"),
        variant="center=False",
        formula=FRAMES,
        gradient=FRAMES_BACK,
        vjp=_stft(center=False),
        inputs={"x": normal, "w": normal},
        shapes=[{"x": shape, "w": (4,)} for shape in ((4,), (7,), (8,), (2, 6))],
        special={
            "a window with a zero": at("[1., 2., 3., 4.]", w=WINDOW),
            "one NaN under the zero": at(f"[{NAN}, 2., 3., 4.]", w=WINDOW),
            "behind the last frame": at("[1., 1., 1., 1., 5.]", w="[1., 1., 1., 1.]"),
        },
        also=("torch.Tensor.stft",),
    ),
    VJP(
        "torch.stft",
        STFT.format("True"),
        variant="center=True",
        formula=FRAMES.replace("x_{2t+j}", r"\tilde{x}_{2t+j}")
        + r", \quad \tilde{x} = x_2, x_1, x_0, x_1, \dots, x_{n-1},"
        r" x_{n-2}, x_{n-3}",
        gradient=FRAMES_BACK.replace("x_{2t+j}", r"\tilde{x}_{2t+j}").replace(r"\bar{x}_i", r"\bar{\tilde{x}}_i")
        + r", \quad \bar{x}_i \text{: the sum over its copies in } \tilde{x}",
        vjp=_stft(center=True),
        inputs={"x": normal, "w": normal},
        shapes=[{"x": shape, "w": (4,)} for shape in ((4,), (7,), (2, 6))],
        special={
            "a window with a zero": at("[1., 2., 3., 4.]", w=WINDOW),
            "one infinity": at(f"[{INF}, 2., 3., 4.]", w="[1., 1., 1., 1.]"),
        },
    ),
    VJP(
        "torch.istft",
        "torch.istft(torch.complex(a, b), 4, 2, window=w)",
        formula=r"y_i = \frac{\sum_{2t+j=i} w_j\, f_{tj}}{p_i}, \quad p_i = \sum_{2t+j=i} w_j^2, \quad"
        r" f_t = \texttt{irfft}(a_t + \mathrm{i} b_t), \quad 2 \le i < 2 T \text{ for } T \text{ frames}",
        gradient=r"\bar{f}_{tj} = \frac{w_j\, \bar{y}_{2t+j}}{p_{2t+j}}, \quad \bar{w}_j = \sum_t"
        r" \frac{\bar{y}_{2t+j}}{p_{2t+j}} (f_{tj} - 2 w_j\, y_{2t+j}),"
        r" \quad \bar{y} = 0 \text{ at the other } i, \quad \bar{a}, \bar{b} \text{: those of } \texttt{irfft}",
        vjp=_istft,
        inputs={"a": normal, "b": normal, "w": normal},
        shapes=[{"a": (3, t), "b": (3, t), "w": (4,)} for t in (2, 3)] + [{"a": (2, 3, 4), "b": (2, 3, 4), "w": (4,)}],
        special={
            "zeros": at(a=(3, 2), b=(3, 2), w="[1., 1., 1., 1.]"),
            "a window with a zero": at(a="torch.ones(3, 2, dtype=torch.float64)", b=(3, 2), w=WINDOW),
        },
        also=("torch.Tensor.istft",),
    ),
]
