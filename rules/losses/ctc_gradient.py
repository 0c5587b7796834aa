"""ctc_loss of log-probabilities: the gradient that it returns, and the derivative that it has."""

from livedocs.declare import VJP, Defect, normal
from rules.losses.ctc import LENGTHS, NO_FORWARD, NO_SECOND, NOTHING, ZERO, at, labels, mean_of_batch, shapes_of

REPORTED = "https://github.com/pytorch/pytorch/issues/52241"
HALF = "-0.69314718056"  # log(1/2)
ALIKE = f"[[[{HALF}, {HALF}]]] * 2"  # two frames, a blank and one label
SHARES = (
    1 / 3,
    2 / 3,
)  # of the three paths for one label in two frames: how many are at the blank, how many at the label


def _not_the_slope(point: str, gradient: list[float]) -> Defect:
    """A point with two frames that are alike, and what PyTorch returns for one of them."""
    return Defect(point, "The slopes are −γ. PyTorch returns e^x − γ.", {"gradient": {"x": [[gradient]] * 2}}, REPORTED)


RULES = [
    VJP(
        "torch.nn.functional.ctc_loss",
        f"torch.nn.functional.ctc_loss(x, y, {LENGTHS.format('x')})",
        formula=r"L = \frac{1}{N} \sum_n \frac{1}{S_n} \Bigl( -\log \sum_{\pi\,\to\, y_n} \prod_t e^{x_{t n \pi_t}}"
        r" \Bigr)",
        gradient=r"\begin{aligned} \bar{x}_{tnk} &= \frac{\bar{L}}{N S_n} \bigl( e^{x_{tnk}} - \gamma_{tnk} \bigr),"
        r" \quad"
        r" \gamma_{tnk} = P(\pi_t = k \mid \pi \to y_n) \\ \frac{\partial L}{\partial x_{tnk}} &="
        r" -\frac{\gamma_{tnk}}{N S_n} \end{aligned}",
        vjp=mean_of_batch,
        inputs={"x": normal, "y": labels},
        shapes=shapes_of("x"),
        special={
            "all alike": at(ALIKE, "[[1]]"),
            "not normalized": at(ZERO, "[[1]]"),
            "empty target": at(ALIKE, NOTHING),
            "repeated label": at(ALIKE, "[[1, 1]]"),
            "NaN": at("[[[0., float('nan')]]] * 2", "[[1]]"),
        },
        active={
            "all alike": [[-share for share in SHARES * 2]],
            "not normalized": [[-share for share in SHARES * 2]],
            "empty target": [[-1.0, 0.0, -1.0, 0.0]],
        },
        excluded={
            "gradcheck": "It fails: what is returned is not the derivative with respect to log_probs.",
            "gradgradcheck": NO_SECOND,
            "forward": NO_FORWARD,
        },
        defects=(
            _not_the_slope("all alike", [1 / 6, -1 / 6]),
            _not_the_slope("not normalized", [2 / 3, 1 / 3]),
            _not_the_slope("empty target", [-0.5, 0.5]),
        ),
    ),
]
