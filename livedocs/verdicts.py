"""Says which of the rules for non-differentiable points a gradient was judged by, and whether it follows that rule.

The rules are those of PyTorch's autograd note
(https://docs.pytorch.org/docs/stable/notes/autograd.html#gradients-for-non-differentiable-functions), in order:
1. differentiable: the gradient; 2. locally convex: the subgradient of minimum norm; 3. locally concave: the
supergradient of minimum norm; 4. defined: by continuity, infinities included; 5. undefined: arbitrary; 6. not a
deterministic function: marked as non-differentiable.

A verdict is a code; livedocs.measure.judge gives it. What readers see of it stands in ``WORDS`` and nowhere else.
"""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What a measured gradient is, by the rule that applies at its point."""

    GRADIENT = "gradient"
    MINIMUM_SUB = "minimum-subgradient"
    OTHER_SUB = "other-subgradient"
    MINIMUM_SUPER = "minimum-supergradient"
    OTHER_SUPER = "other-supergradient"
    LIMIT = "limit"
    LIMIT_ALONE = "limit-alone"
    OUTSIDE = "outside"
    NOT_LIMIT = "not-limit"
    NAN = "nan"
    ARBITRARY = "arbitrary"
    NAN_INPUT = "nan-input"
    UNJUDGED = "unjudged"
    WRONG = "wrong"
    NONE = "none"

    @property
    def words(self) -> str:
        """The verdict as pages and data say it."""
        return WORDS[self]


WORDS = {
    Verdict.GRADIENT: "the gradient",
    Verdict.MINIMUM_SUB: "the minimum-norm subgradient",
    Verdict.OTHER_SUB: "a subgradient, not the minimum-norm one",
    Verdict.MINIMUM_SUPER: "the minimum-norm supergradient",
    Verdict.OTHER_SUPER: "a supergradient, not the minimum-norm one",
    Verdict.LIMIT: "the limit",
    Verdict.LIMIT_ALONE: "the limit; but the value is NaN",
    Verdict.OUTSIDE: "outside the subdifferential",
    Verdict.NOT_LIMIT: "not the limit",
    Verdict.NAN: "NaN, although the function has a limit here",
    Verdict.ARBITRARY: "arbitrary: the function is undefined here",
    Verdict.NAN_INPUT: "arbitrary: the input is NaN",
    Verdict.UNJUDGED: "not judged: no slope to compare with",
    Verdict.WRONG: "wrong at a smooth point",
    Verdict.NONE: "no gradient",
}

RULES = {
    Verdict.GRADIENT: 1,
    Verdict.WRONG: 1,
    Verdict.MINIMUM_SUB: 2,
    Verdict.OTHER_SUB: 2,
    Verdict.MINIMUM_SUPER: 3,
    Verdict.OTHER_SUPER: 3,
    Verdict.OUTSIDE: 4,
    Verdict.LIMIT: 4,
    Verdict.LIMIT_ALONE: 4,
    Verdict.NOT_LIMIT: 4,
    Verdict.NAN: 4,
    Verdict.ARBITRARY: 5,
    Verdict.NAN_INPUT: 5,
}

FOLLOWING = {
    Verdict.GRADIENT,
    Verdict.MINIMUM_SUB,
    Verdict.MINIMUM_SUPER,
    Verdict.LIMIT,
    Verdict.LIMIT_ALONE,
    Verdict.ARBITRARY,
    Verdict.NAN_INPUT,
}


def applying_rule(verdict: Verdict, *, random: bool) -> int | None:
    """The number of the rule that applies where a verdict was given.

    Args:
        verdict: the verdict.
        random: whether the function is one of random numbers: rule 6 is about these.

    Returns:
        1 to 6, or None where the output is an integer or nothing could be judged: no rule speaks of that.
    """
    return 6 if random else RULES.get(verdict)


def is_followed(verdict: Verdict, *, random: bool) -> bool:
    """Whether what PyTorch returned is what that rule asks for; the arguments are those of ``applying_rule``."""
    return verdict is Verdict.NONE if random else verdict in FOLLOWING
