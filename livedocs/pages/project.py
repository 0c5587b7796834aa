"""The project that all pages of a build share: its snippets, its measured rules, and who runs them."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from pathlib import Path

from livedocs.errors import DocsError
from livedocs.measured import MeasuredRule, MeasuredRules
from livedocs.pages.listing import Listing
from livedocs.run.limits import RULES
from livedocs.run.runner import Runner

# What a measured rule depends on besides its own module and what that imports.
MEASURING = (
    "measure",
    "chance.py",
    "declare.py",
    "measured.py",
    "progress.py",
    "verdicts.py",
    "errors.py",
    "run/child.py",
    "run/limits.py",
)


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
        self.listing = Listing()  # filled by who renders the pages
        self._read: dict[str, list[MeasuredRule]] = {}

    def rule_files(self) -> dict[str, str]:
        """The modules of rules, as files below the root, by the page that they belong to: ``kinks/relu.md``."""
        return self._rule_files

    @functools.cached_property
    def _rule_files(self) -> dict[str, str]:
        """The same, looked for once: a build has the rules that were there when it began."""
        files = [module.replace(".", "/") + ".py" for module in rule_modules(self.root)]
        return {file.removeprefix("rules/").removesuffix(".py") + ".md": file for file in files}

    def measure(self, file: str) -> Future:
        """Start measuring a module of rules if it has changed; else the runner gives the same future again.

        Args:
            file: the module, below the root.

        Returns:
            A future of the measured rules, each as a dict (``MeasuredRule.to_dict``).
        """
        return self.runner.call(
            "livedocs.measure.derive:run",
            {"root": str(self.root), "module": file.removesuffix(".py").replace("/", ".")},
            about=file,
            glue=MEASURING,
            limits=RULES,
            uses=["torch", "torch.func", "livedocs.measure.derive"],
        )

    @functools.cached_property
    def rules(self) -> MeasuredRules:
        """All rules, measured, in the order of their files; the first page that asks waits for them.

        Raises:
            DocsError: for a declaration that is wrong, and for two rules of one name.
        """
        files = self.rule_files().values()
        for file in files:
            self.measure(file)
        return MeasuredRules(rule for file in files for rule in self.rules_of(file))

    def rules_of(self, file: str) -> list[MeasuredRule]:
        """The rules of one module, measured, without waiting for the others."""
        if file not in self._read:
            self._read[file] = [MeasuredRule.from_dict(found) for found in self.measure(file).result()]
        return self._read[file]

    def find_rule(self, name: str, page: str) -> MeasuredRule | None:
        """The rule of this name, None if there is none; one of the page's own does not wait for other modules.

        Args:
            name: the rule's.
            page: the source of a page, ``kinks/relu.md``.
        """
        own = self.rule_files().get(page)
        near = {rule.name: rule for rule in self.rules_of(own)} if own else {}
        return near.get(name) or self.rules.get(name)

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
    """The names of a project's modules of rules, in the folders of their pages: ``rules.kinks.clamp``, …

    Raises:
        DocsError: for a module in another place, whose rules would be missing.
    """
    for path in sorted((root / "rules").rglob("*.py")):
        if len(path.relative_to(root).parts) != 3 and path.name != "__init__.py":
            where = path.relative_to(root).as_posix()
            raise DocsError(
                where, None, "a module of rules that no page has", got=where, wanted="rules/<folder>/<page>.py"
            )
    return [".".join(path.relative_to(root).with_suffix("").parts) for path in sorted((root / "rules").glob("*/*.py"))]
