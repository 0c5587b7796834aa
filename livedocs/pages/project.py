"""The project that all pages of a build share: its snippets, its measured rules, and who runs them."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from pathlib import Path

from livedocs.errors import DocsError
from livedocs.measured import MeasuredRule, MeasuredRules
from livedocs.run.limits import RULES
from livedocs.run.runner import Runner

# What a measured rule depends on besides its own module and what that imports.
MEASURING = ("measure", "declare.py", "measured.py", "verdicts.py", "errors.py", "run/child.py", "run/limits.py")


class Project:
    """What pages are made of.

    Args:
        root: the project's root; messages name files relative to it.
        snippets: the folder of the snippets, below the root.
        runner: runs the snippets and measures the rules.
        chapters: each page, below the folder of pages, with the title of its section of the menu, in the menu's order.
        explorer: the page that holds the explorer, or nothing.
    """

    def __init__(
        self,
        root: Path,
        snippets: Path,
        runner: Runner,
        *,
        chapters: Mapping[str, str] | None = None,
        explorer: str = "",
    ) -> None:
        self.root = root
        self.snippets = snippets.resolve()
        self.runner = runner
        self.chapters = dict(chapters or {})
        self.explorer = explorer

    def measure(self) -> dict[str, Future]:
        """Start measuring every module of rules that has changed; by page, ``kinks/relu.md``, what will be found.

        The runner gives the same future again for what has not changed.
        """
        return {
            module.replace(".", "/").removeprefix("rules/") + ".md": self.runner.call(
                "livedocs.measure.derive:run",
                {"root": str(self.root), "module": module},
                about=module.replace(".", "/") + ".py",
                glue=MEASURING,
                limits=RULES,
                uses=["torch", "torch.func", "livedocs.measure.derive"],
            )
            for module in rule_modules(self.root)
        }

    def rule_files(self) -> list[str]:
        """The modules of rules, as files below the root."""
        return [module.replace(".", "/") + ".py" for module in rule_modules(self.root)]

    @functools.cached_property
    def rules(self) -> MeasuredRules:
        """All rules, measured, in the order of their files; the first page that asks waits for them.

        Raises:
            DocsError: for a declaration that is wrong, and for two rules of one name.
        """
        futures = self.measure().values()
        return MeasuredRules(MeasuredRule.from_dict(found) for future in futures for found in future.result())

    def unshown(self, shown: Iterable[tuple[str, str]]) -> list[DocsError]:
        """One error for every section of every snippet that is not among these: (file, section)."""
        known = set(shown)
        errors = []
        for path in sorted(self.snippets.rglob("*.py")):
            snippet = self.runner.run(path)
            for section in snippet.sections:
                if (snippet.where, section.name) not in known:
                    name = f"section '{section.name}'" if section.name else "the file"
                    errors.append(
                        DocsError(
                            snippet.where,
                            section.start,
                            f"{name} is on no page",
                            got="no page that includes it",
                            wanted="a page that shows it, or no such section",
                        )
                    )
        return errors

    def unplaced(self, placed: Iterable[str]) -> list[DocsError]:
        """One error for every rule that is not among these: the names of those that have a card on a page."""
        known = set(placed)
        return [
            rule.error("is on no page", "no card of it", f"/// rule | {rule.name}")
            for rule in self.rules.values()
            if rule.name not in known
        ]


def rule_modules(root: Path) -> list[str]:
    """The names of a project's modules of rules, in the folders of their pages: ``rules.kinks.clamp``, …"""
    return [".".join(path.relative_to(root).with_suffix("").parts) for path in sorted((root / "rules").glob("*/*.py"))]
