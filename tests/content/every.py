"""Every public function of the installed torch: which are differentiable, and which of these have no rule yet.

``python -m tests.content.every`` prints what calling all of them has shown, and ``--write`` writes it down:

``rules/not_yet.txt``       the differentiable functions that no rule declares
``rules/no_gradient.json``  the functions without a gradient, with the reason, and PyTorch's words
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from livedocs.pages.project import rule_modules
from livedocs.run.accept import release
from livedocs.show.no_gradient import FILE, in_order, read

NOT_YET = "rules/not_yet.txt"
HEAD = """\
# Public functions of torch that are differentiable and have no rule yet, one a line, by the name that stands for all
# its names. Behind a name are the releases that it is for, where it is not all of {releases}.
# A function that gets a rule leaves this list: `python -m tests.content.every --write`.
"""


def run(folder: Path | None = None) -> list[dict[str, Any]]:
    """Call every public function of torch; each as a dict (``tests.content.trial.Found``), by name.

    Args:
        folder: where livedocs.run.child has this run; nothing is written.
    """
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # what is found is the same on a machine with a GPU
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch

        logging.disable(logging.WARNING)  # what is called only to see what it returns has advice for its callers
        from tests.content.calls import calls, samples
        from tests.content.functions import families, known_functions
        from tests.content.trial import try_

        known = known_functions()
        entries, aliases = samples(known)
        with torch.sparse.check_sparse_tensor_invariants():
            found = [try_(family, calls(family, entries)) for family in families(aliases)]
    return sorted(map(asdict, found), key=lambda one: one["name"])


def ruled_names(root: Path) -> set[str]:
    """The names of all functions that a rule of the project declares."""
    rules = [rule for module in rule_modules(root) for rule in importlib.import_module(module).RULES]
    return {name for rule in rules for name in (rule.function, *rule.also)}


def not_yet(found: Iterable[Mapping[str, Any]], ruled: set[str]) -> list[str]:
    """The differentiable functions that have no rule under any of their names."""
    return [one["name"] for one in found if one["state"] == "differentiable" and not ruled & set(one["names"])]


def no_gradient(found: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The functions without a gradient, and those that could not be called, by name: names, reason, words."""
    kept = {}
    for one in found:
        if one["state"] in ("without", "uncalled"):
            kept[one["name"]] = {key: one[key] for key in ("names", "reason", "words")}
            if one["state"] == "uncalled":  # the words depend on the build of torch
                kept[one["name"]]["words"] = ""
    return kept


class NotYet:
    """The list of functions without a rule: each name with its releases.

    Args:
        releases: those that were looked at.
        names: of each function the releases that it is for.
    """

    def __init__(self, releases: set[str], names: Mapping[str, set[str]]) -> None:
        self.releases = releases
        self.names = {name: found for name, found in names.items() if found}

    @classmethod
    def read(cls, file: Path) -> NotYet:
        """The list that a file holds; an empty one if there is none."""
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        releases = {word for line in lines if line.startswith("# ") for word in line.split() if word[:2] == "2."}
        releases = {word.strip(".,") for word in releases}
        entries = [line.split() for line in lines if line and not line.startswith("#")]
        return cls(releases, {name: set(own) or set(releases) for name, *own in entries})

    def of(self, release: str) -> list[str]:
        """The names for a release."""
        return sorted(name for name, releases in self.names.items() if release in releases)

    def updated(self, release: str, names: Iterable[str], gone: Callable[[str], bool]) -> NotYet:
        """The list with these names for a release; a name of other releases stays unless it is ``gone``."""
        rest = {name: own - {release} for name, own in self.names.items() if not gone(name)}
        new = {name: rest.get(name, set()) | {release} for name in names}
        return NotYet(self.releases | {release}, {**rest, **new})

    def text(self) -> str:
        """The file."""
        lines = [
            name if own == self.releases else " ".join([name, *in_order(own)])
            for name, own in sorted(self.names.items())
        ]
        return HEAD.format(releases=", ".join(in_order(self.releases))) + "".join(f"{line}\n" for line in lines)


def no_gradient_text(found: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """The file: one line for each function, and for what releases disagree in one for each."""
    lines: dict[str, list[str]] = {}
    for own in in_order(found):
        for name, entry in found[own].items():
            lines.setdefault(json.dumps({"name": name, **entry}), []).append(own)
    entries = [json.dumps({**json.loads(line), "releases": own}) for line, own in sorted(lines.items())]
    return "[\n" + ",\n".join(entries) + "\n]\n"


def write(root: Path, found: list[dict[str, Any]]) -> None:
    """Write both files for the running release, and keep what they have of others."""
    own = release(version("torch"))
    ruled = ruled_names(root)
    with_rule = {one["name"] for one in found if ruled & set(one["names"])} | ruled
    listed = NotYet.read(root / NOT_YET).updated(own, not_yet(found, ruled), with_rule.__contains__)
    (root / NOT_YET).write_text(listed.text(), encoding="utf-8")
    others = read(root / FILE)
    (root / FILE).write_text(no_gradient_text({**others, own: no_gradient(found)}), encoding="utf-8")


def report(found: list[dict[str, Any]]) -> None:
    """Print how many there are of each kind, and all that are not differentiable."""
    print(dict(Counter(one["state"] for one in found)))
    for one in sorted(found, key=lambda one: (one["state"], one["reason"])):
        if one["state"] != "differentiable":
            print(f"{one['state']}: {one['name']}: {one['reason']}: {one['words']}")


if __name__ == "__main__":
    everything = run()
    report(everything)
    if "--write" in sys.argv:
        write(Path(__file__).parent.parent.parent, everything)
