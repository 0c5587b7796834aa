"""Refuses declarations that cannot be measured: an unknown name, a call or an input that does not evaluate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from livedocs.declare import Rule
from livedocs.errors import DocsError
from livedocs.measure.modes import evaluate

Where = tuple[str, int]  # file, relative to the project, and line of a declaration


def declaration_error(rule: Rule, where: Where, problem: str, got: Any, wanted: str) -> DocsError:
    """The error for a declaration that is wrong."""
    return DocsError(where[0], where[1], f"rule {rule.name}: {problem}", got=str(got), wanted=wanted)


def check_names(rule: Rule, where: Where) -> None:
    """What a rule says must be text, and every public name that it gives must exist in torch.

    Raises:
        DocsError: for what does not.
    """
    for name in ("formula", "gradient", "call", "variant"):
        if not isinstance(text := getattr(rule, name, ""), str):
            raise declaration_error(rule, where, f"{name} is no text", repr(text), "a text")
    for name in ("special", "fixed", "inputs", "active", "excluded"):
        names = getattr(rule, name, {})
        if isinstance(names, Mapping) and (odd := [key for key in names if not isinstance(key, str)]):
            raise declaration_error(rule, where, f"a name in {name} is no text", repr(odd[0]), "a text")
    for name in (rule.function, *rule.also):
        found: Any = torch
        for part in name.split(".")[1:]:
            found = getattr(found, part, None)
        if not name.startswith("torch.") or found is None:
            raise declaration_error(
                rule, where, "an unknown torch function", name, "a public name, such as torch.clamp"
            )


def check_inputs(rule: Rule, where: Where, texts: Mapping[str, str]) -> None:
    """Every input's text must evaluate to a tensor (or, for fixed arguments, to anything).

    Raises:
        DocsError: for one that does not.
    """
    for name, text in texts.items():
        try:
            evaluate(text)
        except Exception as error:
            got = f"{name} = {text}: {type(error).__name__}: {error}"
            wanted = "Python text that needs only torch"
            raise declaration_error(rule, where, "an input does not evaluate", got, wanted) from None


def checked_call(rule: Rule, where: Where, names: Mapping[str, Any]) -> torch.Tensor:
    """The call at some inputs.

    Raises:
        DocsError: for a call that raises, or gives something else than a tensor.
    """
    try:
        value = evaluate(rule.call, names)
    except Exception as error:
        got = f"{rule.call}: {type(error).__name__}: {error}"
        raise declaration_error(rule, where, "the call does not evaluate", got, "Python text") from None
    if not isinstance(value, torch.Tensor):
        got = f"{rule.call}: {type(value).__name__}"
        raise declaration_error(rule, where, "the call gives no tensor", got, "one tensor")
    return value
