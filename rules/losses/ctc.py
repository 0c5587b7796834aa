"""ctc_loss of logits behind log_softmax, and targets that no path spells."""

import itertools
import math

import torch

from livedocs.declare import VJP, Defect, normal


def _collapse(path: tuple[int, ...]) -> list[int]:
    """What a path spells: repeats merged, then blanks (0) removed."""
    return [label for label, _ in itertools.groupby(path) if label]


def _occupancy(x: torch.Tensor, target: list[int]) -> torch.Tensor:
    """The share of the paths, by their probability, that are at label k in frame t: every path, one by one."""
    frames, classes = x.shape
    paths = [p for p in itertools.product(range(classes), repeat=frames) if _collapse(p) == target]
    weights = torch.softmax(torch.stack([x[range(frames), p].sum() for p in paths]), 0)
    one_hot = torch.nn.functional.one_hot(torch.tensor(paths), classes)
    return (weights[:, None, None] * one_hot).sum(0)


def _sum(v, x, y):
    gamma = torch.stack([_occupancy(x[:, n], target.tolist()) for n, target in enumerate(y)], 1)
    return (v * (x.exp() - gamma),)


def mean_of_batch(v, x, y):
    """What ctc_loss returns for log_probs, with the default reduction."""
    return _sum(v / y.shape[1] / len(y), x, y)


def _behind_log_softmax(vjp):
    """The same rule of log_softmax(z): what log_softmax takes away sums to 0."""
    return lambda v, z, y: vjp(v, torch.log_softmax(z, -1), y)


def labels(generator: torch.Generator, shape: tuple[int, ...]) -> torch.Tensor:
    """Labels 1 and 2: 0 is the blank."""
    return torch.randint(1, 3, shape, generator=generator)


LENGTHS = "(len({0}),) * len(y), (y.shape[1],) * len(y)"
SHAPES = ((4, 1, 3), (1, 2)), ((5, 2, 3), (2, 2)), ((3, 2, 4), (2, 1))


def shapes_of(name: str) -> list[dict]:
    """Frames, sequences and classes of the input with that name, and the targets for it."""
    return [{name: x, "y": y} for x, y in SHAPES]


def at(values: str, target: str, name: str = "x") -> dict[str, str]:
    """A special point: an input and its targets."""
    return {name: f"torch.tensor({values}, dtype=torch.float64)", "y": f"torch.tensor({target})"}


ZERO = "[[[0., 0.]]] * 2"
MASKED = "[[[0., 0., float('-inf')]]] * 2"
NOTHING = "[[]], dtype=torch.int64"
NO_SECOND = "PyTorch has no derivative of _ctc_loss_backward."
NO_FORWARD = "PyTorch has no forward mode for _ctc_loss."
NAN = math.nan

RULES = [
    VJP(
        "torch.nn.functional.ctc_loss",
        f"torch.nn.functional.ctc_loss(torch.log_softmax(z, -1), y, {LENGTHS.format('z')}, reduction='sum')",
        variant="reduction=sum, of logits",
        formula=r"L = -\sum_n \log \sum_{\pi\,\to\, y_n} \prod_t p_{t n \pi_t}, \quad p = \mathrm{softmax}(z)",
        gradient=r"\bar{z}_{tnk} = \bar{L}\, \bigl( p_{tnk} - \gamma_{tnk} \bigr), \qquad"
        r" \gamma_{tnk} = P(\pi_t = k \mid \pi \to y_n)",
        vjp=_behind_log_softmax(_sum),
        inputs={"z": normal, "y": labels},
        shapes=shapes_of("z"),
        special={
            "all alike": at(ZERO, "[[1]]", "z"),
            "repeated label": at(ZERO, "[[1, 1]]", "z"),
            "more labels than frames": at(ZERO, "[[1, 1, 1]]", "z"),
            "empty target": at(ZERO, NOTHING, "z"),
            "blank as label": at(ZERO, "[[0]]", "z"),
            "a logit of -inf": at(MASKED, "[[1]]", "z"),
            "NaN": at("[[[0., float('nan')]]] * 2", "[[1]]", "z"),
        },
        active={"blank as label": [[-0.5, 0.5, -0.5, 0.5]]},
        excluded={"gradgradcheck": NO_SECOND, "forward": NO_FORWARD},
        defects=(
            Defect(
                "blank as label",
                "A label that is the blank is not refused. The path of two blanks is counted three times, and the"
                " gradient is not the slope of that value.",
                {"gradient": {"z": [[[-0.5, 0.5]], [[-1 / 3, 1 / 3]]]}, "output": math.log(4 / 3)},
            ),
            Defect(
                "a logit of -inf",
                "No path needs that class, and the loss is finite. Its gradient is NaN, and log_softmax"
                " spreads it over the frame.",
                {"gradient": {"z": [[[NAN, NAN, NAN]]] * 2}, "output": math.log(4 / 3)},
            ),
        ),
    ),
    VJP(
        "torch.nn.functional.ctc_loss",
        f"torch.nn.functional.ctc_loss(torch.log_softmax(z, -1), y, {LENGTHS.format('z')}, zero_infinity=True)",
        variant="zero_infinity, of logits",
        formula=r"L = \frac{1}{N} \sum_n \frac{1}{S_n} \begin{cases} 0 & \ell_n = \infty \\ \ell_n &"
        r" \text{otherwise,} \end{cases} \quad \ell_n = -\log \sum_{\pi\,\to\, y_n} \prod_t p_{t n \pi_t}",
        gradient=r"\bar{z}_{tnk} = \frac{\bar{L}}{N S_n} \begin{cases} 0 & \ell_n = \infty \\ p_{tnk} - \gamma_{tnk} &"
        r" \text{otherwise} \end{cases}",
        vjp=_behind_log_softmax(mean_of_batch),
        inputs={"z": normal, "y": labels},
        shapes=shapes_of("z"),
        special={
            "all alike": at(ZERO, "[[1]]", "z"),
            "repeated label": at(ZERO, "[[1, 1]]", "z"),
            "more labels than frames": at(ZERO, "[[1, 1, 1]]", "z"),
            "a logit of -inf": at(MASKED, "[[1]]", "z"),
        },
        excluded={"gradgradcheck": NO_SECOND, "forward": NO_FORWARD},
    ),
]
