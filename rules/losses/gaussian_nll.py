"""gaussian_nll_loss: a variance at its bound, below it, and at infinity."""

from livedocs.declare import INF, NAN, VJP, Defect, normal, same_shapes, uniform


def _three(x: str, t: str, s: str) -> dict[str, str]:
    return {name: f"torch.tensor({text}, dtype=torch.float64)" for name, text in (("x", x), ("t", t), ("s", s))}


def _gaussian(v, x, t, s):
    d = x - t
    dx = v * d / s
    return dx, -dx, v * (1 / s - d**2 / s**2) / 2


FLAT = (
    "Below eps the loss does not depend on var: its slope there is 0, and forward mode says so. Reverse mode returns"
    " the slope at var = eps."
)

RULES = [
    VJP(
        "torch.nn.functional.gaussian_nll_loss",
        "torch.nn.functional.gaussian_nll_loss(x, t, s, reduction='none')",
        formula=r"z = \texttt{gaussian\_nll\_loss}(x, t, s) = \frac12 \Bigl(\log m + \frac{(x - t)^2}{m}\Bigr), \qquad"
        r" m = \max(s, 10^{-6})",
        gradient=r"\bar{x} = \bar{z}\, \frac{x - t}{m} \qquad \bar{t} = -\bar{x} \qquad"
        r" \bar{s} = \frac{\bar{z}}{2} \Bigl(\frac{1}{m} - \frac{(x - t)^2}{m^2}\Bigr)",
        vjp=_gaussian,
        inputs={"x": normal, "t": normal, "s": uniform(0.3, 3.0)},
        shapes=same_shapes("x", "t", "s"),
        special={
            "var is the squared error": _three("3.", "1.", "4."),
            "no error": _three("1.", "1.", "4."),
            "var = inf": _three("3.", "1.", INF),
            "NaN": _three("3.", "1.", NAN),
        },
    ),
    VJP(
        "torch.nn.functional.gaussian_nll_loss",
        "torch.nn.functional.gaussian_nll_loss(x, t, s, eps=0.5, reduction='none')",
        variant="eps=0.5",
        formula=r"z = \texttt{gaussian\_nll\_loss}(x, t, s) = \frac12 \Bigl(\log m + \frac{(x - t)^2}{m}\Bigr), \qquad"
        r" m = \max(s, \tfrac12)",
        gradient=r"\bar{x} = \bar{z}\, \frac{x - t}{m} \qquad \bar{t} = -\bar{x} \qquad"
        r" \bar{s} = \frac{\bar{z}}{2} \Bigl(\frac{1}{m} - \frac{(x - t)^2}{m^2}\Bigr)",
        vjp=_gaussian,
        inputs={"x": normal, "t": normal, "s": uniform(0.6, 3.0)},
        shapes=same_shapes("x", "t", "s"),
        special={
            "var = eps": _three("3.", "1.", "0.5"),
            "var below eps": _three("3.", "1.", "0.25"),
            "var below eps, no error": _three("1.", "1.", "0.25"),
        },
        active={
            "var = eps": [[4, -4, 0], [4, -4, -7]],
            "var below eps": [[4, -4, 0]],
            "var below eps, no error": [[0, 0, 0]],
        },
        defects=(
            Defect(
                "var below eps",
                FLAT,
                {
                    "gradient": {"x": 4.0, "t": -4.0, "s": -7.0},
                    "forward": {"x": 4.0, "t": -4.0, "s": 0.0},
                },
            ),
            Defect(
                "var below eps, no error",
                "The same, with the other sign: reverse mode pushes var further down, where nothing is gained.",
                {"gradient": {"x": 0.0, "t": 0.0, "s": 1.0}, "forward": {"x": 0.0, "t": 0.0, "s": 0.0}},
            ),
        ),
    ),
]
