"""The blocks that take their content from the rules or from other pages: what they show is livedocs.show's.

``/// rule | torch.clamp``                  the card of a rule, under a heading that is its permalink; with ``without:
                                            2.13`` below it a sentence on the site of that release
``/// points``                             the special points of all rules whose cards are on the page, as one table
``/// six-rules`` and ``/// six-rules | table``  PyTorch against its own rules
``/// elsewhere``                          what differs from the cards in other dtypes and longer tensors
``/// sheet | torch.sqrt, torch.square``    an entry for each function
``/// explorer | torch.relu, torch.clamp``  the explorer; the plots of these stand there without JavaScript
``/// atlas``                            all functions, with a filter
``/// defects``                          what is known to be wrong in PyTorch
``/// pages``                               the pages of the folder that the page is in
``/// symptoms | error``                    the symptoms of a kind that the pages of the site answer
``/// counts``                             how many snippets, rules and claims the site has
``/// not-differentiable``                 the functions that have no gradient, by reason
``/// kernels``                          what PyTorch gives otherwise without vectors, or with longer ones
``/// licenses``                           what the site ships that others have made, and what writes its pages

Each ends with ``///`` on a line of its own.
"""

from __future__ import annotations

import posixpath
import re
import xml.etree.ElementTree as ET
from importlib.metadata import version

from markdown.util import AtomicString
from pymdownx.blocks.block import Block, type_string

from livedocs.errors import DocsError
from livedocs.measured import MeasuredRule, MeasuredRules
from livedocs.pages.page import Page
from livedocs.run.accept import release
from livedocs.show import (
    atlas,
    card,
    census,
    chapter,
    defects,
    elsewhere,
    explorer,
    kernels,
    no_gradient,
    points,
    sheet,
    supply,
    symptoms,
    tally,
)
from livedocs.show.chapter import Entry
from livedocs.show.tally import Count


def named_rules(page: Page, block: str, argument: str, known: MeasuredRules, problem: str) -> list[MeasuredRule]:
    """The rules that a block names in its argument, between commas.

    Args:
        page: the page.
        block: the block's name.
        argument: what it names; a comma inside parentheses belongs to a name.
        known: the rules that it may name.
        problem: what is wrong with a name that is not known.

    Raises:
        DocsError: for such a name, with the line of the block.
    """
    names = [name.strip() for name in re.split(r",(?![^()]*\))", argument)]
    for name in names:
        if name not in known:
            line = page.line_of_block(block, name)
            raise DocsError(page.name, line, problem, got=name, wanted=known.nearest_names(name))
    return [known[name] for name in names]


def sheet_rules(page: Page, argument: str) -> list[MeasuredRule]:
    """The functions that a sheet names; only scalar ones of one variable have a curve."""
    problem = "a sheet names no function of one variable"
    return named_rules(page, "sheet", argument, page.rules.with_curve(), problem)


def own_rules(page: Page) -> list[MeasuredRule]:
    """The rules whose cards stand on the page, above or below, in order.

    Raises:
        DocsError: where there are none.
    """
    names = [match[1] for line in page.lines if (match := re.match(r"\s*/{3,}\s*rule\s*\|\s*(.*?)\s*$", line))]
    if not names:
        line = page.line_of(re.compile(r"\s*/{3,}\s*points").match)
        raise DocsError(page.name, line, "a table of special points", got="no card on the page", wanted="/// rule | …")
    return [rule for name in names if (rule := page.project.find_rule(name, page.source))]  # others: told at their card


def chapter_entries(page: Page) -> list[Entry]:
    """The other pages of a page's folder, as they have been rendered before it."""
    project = page.project
    return project.listing.entries(posixpath.dirname(page.source), project.rules, project.chapters)


def site_counts(page: Page) -> list[Count]:
    """How much the site has of what."""
    project = page.project
    return tally.counts(project.root, project.snippets, project.chapters, project.rules)


def functions_without_gradient(page: Page) -> no_gradient.Listed:
    """The functions that have no gradient in the running release.

    Raises:
        DocsError: if the project has no list of them.
    """
    return no_gradient.listed(page.project.root, release(version("torch")))


def of_other_kernels(page: Page) -> list[kernels.Other] | None:
    """What differs on another processor in the running release; None if nobody has looked."""
    return kernels.read(page.project.root / kernels.FILE, release(version("torch")))


def symptom_kind(page: Page, argument: str) -> str:
    """The kind of symptoms that a block names.

    Raises:
        DocsError: for one that there is not, with the line of the block.
    """
    if argument not in symptoms.KINDS:
        line = page.line_of_block("symptoms", argument)
        wanted = f"one of: {', '.join(symptoms.KINDS)}"
        raise DocsError(page.name, line, "a kind of symptom", got=argument, wanted=wanted)
    return argument


def way_up(page: Page) -> str:
    """From a page to the folder of pages: nothing, or ``../`` once or more."""
    return "../" * page.source.count("/")


def is_missing(without: str) -> bool:
    """Whether the running release is one of those, between commas, that do not have the function of a card."""
    return release(version("torch")) in re.findall(r"[\d.]+", without)


def missing_words() -> str:
    """What stands behind the name of such a function, in the place of its card."""
    return f" is not in PyTorch {release(version('torch'))}."


class _RulesBlock(Block):
    """What the blocks have in common: the page that they stand on, and HTML that Markdown does not read."""

    @property
    def page(self) -> Page:
        return self.config["page"]

    def stash(self, markup: str) -> str:
        return self.md.htmlStash.store(self.page.later(markup))

    @property
    def head(self) -> str:
        """Its first line, with single spaces."""
        return f"/// {self.NAME}" + (f" | {self.argument.strip()}" if self.argument else "")

    @property
    def line(self) -> int | None:
        """The line on which the first block with this head begins; spaces may differ."""
        bare = re.compile(r"[/\s]+")
        return self.page.line_of(lambda line: bare.sub("", line) == bare.sub("", self.head))

    def on_init(self) -> None:
        self.inside = ET.Element("div")

    def on_add(self, block: ET.Element) -> ET.Element:
        """What stands inside of a block is collected apart: none of them has a place for it."""
        if self not in self.page.open:
            self.page.open.append(self)
        return self.inside

    def on_end(self, block: ET.Element) -> None:
        """Refuse text inside of a block.

        Raises:
            DocsError: if there is any, with the line of the first block that begins so.
        """
        self.page.open.remove(self)
        if len(self.inside) or (self.inside.text or "").strip():
            got = " ".join("".join(self.inside.itertext()).split())[:100]
            wanted = "/// on a line of its own right below it"
            raise DocsError(self.page.name, self.line, "text inside of a block", got=got, wanted=wanted)


class RuleBlock(_RulesBlock):
    """``/// rule | torch.clamp``, with the option ``without`` of the releases that do not have the function"""

    NAME = "rule"
    ARGUMENT = True
    OPTIONS = {"without": ["", type_string]}

    def on_create(self, parent: ET.Element) -> ET.Element:
        page, name = self.page, self.argument.strip()
        if is_missing(self.options["without"]):
            last = ET.SubElement(parent, "p")
            ET.SubElement(last, "code").text = AtomicString(name)
            last[0].tail = missing_words()
            return last
        rule = page.place(name)
        section = ET.SubElement(parent, "div", {"class": "rule"})
        ET.SubElement(section, "h3", {"id": rule.anchor}).text = AtomicString(rule.name)
        is_sheet = page.source.startswith(SHEETS)
        if is_sheet:
            above = ET.SubElement(section, "div", {"class": "formulas"})
            above.text = AtomicString(self.stash(card.formulas(rule, page.glyphs)))
        folded = ET.SubElement(section, "details", {"class": "card"})
        summary = ET.SubElement(folded, "summary")
        summary.text = AtomicString(self.stash(card.summary(rule, page.glyphs, formulas_above=is_sheet)))
        inside = card.html(rule, page.glyphs, formulas_above=is_sheet)
        ET.SubElement(folded, "div").text = AtomicString(self.stash(inside))
        last = ET.SubElement(folded, "p", {"class": "measured"})
        if page.project.explorer and rule.curve:
            target = posixpath.relpath(page.project.explorer, posixpath.dirname(page.name))
            link = ET.SubElement(last, "a", {"href": f"{target}#{rule.anchor}"})
            link.text = AtomicString(f"Explore {rule.name} point by point")
        if LEGEND in page.project.chapters:
            link = ET.SubElement(last, "a", {"href": way_up(page) + LEGEND})
            link.text = "How to read a card"
        return section


class PointsBlock(_RulesBlock):
    """``/// points``"""

    NAME = "points"
    ARGUMENT = False

    def on_create(self, parent: ET.Element) -> ET.Element:
        whole = ET.SubElement(parent, "div", {"class": "all-points", "data-search-exclude": ""})
        whole.text = AtomicString(self.stash(points.of_page(own_rules(self.page), self.page.glyphs)))
        return whole


class SixRulesBlock(_RulesBlock):
    """``/// six-rules``, with the argument ``table`` all special points"""

    NAME = "six-rules"
    ARGUMENT = None

    def on_create(self, parent: ET.Element) -> ET.Element:
        if self.argument not in (None, "", "table"):
            line = self.page.line_of_block("six-rules", self.argument)
            wanted = "/// six-rules, or /// six-rules | table"
            raise DocsError(self.page.name, line, "a form of the six rules", got=self.argument, wanted=wanted)
        section = ET.SubElement(parent, "div", {"class": "census"})
        if self.argument == "table":
            census.add_folds(section, self.page.rules, self.page.name)
        else:
            census.add_examples(section, self.page.rules, self.page.name)
        return section


class ElsewhereBlock(_RulesBlock):
    """``/// elsewhere``"""

    NAME = "elsewhere"

    def on_create(self, parent: ET.Element) -> ET.Element:
        section = ET.SubElement(parent, "div", {"class": "elsewhere"})
        elsewhere.add_table(section, self.page.rules, self.page.name)
        return section


class SheetBlock(_RulesBlock):
    """``/// sheet | torch.sqrt, torch.square``"""

    NAME = "sheet"
    ARGUMENT = True

    def on_create(self, parent: ET.Element) -> ET.Element:
        whole = ET.SubElement(parent, "ul", {"class": "sheet", "data-search-exclude": "true"})
        for rule in sheet_rules(self.page, self.argument):
            entry = ET.SubElement(whole, "li")
            link = ET.SubElement(ET.SubElement(entry, "p"), "a", {"href": rule.link(self.page.name)})
            link.text = AtomicString(rule.short)
            ET.SubElement(entry, "div").text = AtomicString(self.stash(sheet.html(rule, self.page.glyphs)))
        return whole


class ExplorerBlock(_RulesBlock):
    """``/// explorer | torch.clamp``"""

    NAME = "explorer"
    ARGUMENT = True

    def on_create(self, parent: ET.Element) -> ET.Element:
        page = self.page
        rules = page.rules.with_curve().in_menu_order(page.project.chapters)
        drawn = MeasuredRules(rule for rule in rules.values() if rule.plot)
        shown = named_rules(page, "explorer", self.argument, drawn, "the explorer names no function with a plot")
        whole = ET.SubElement(parent, "div", {"data-search-exclude": ""})
        explorer.add_controls(whole, rules, page.project.chapters, shown[0])
        explorer.add_fallback(ET.SubElement(whole, "noscript"), shown, rules, page.name, self.stash)
        return whole


class AtlasBlock(_RulesBlock):
    """``/// atlas``"""

    NAME = "atlas"

    def on_create(self, parent: ET.Element) -> ET.Element:
        page = self.page
        whole = ET.SubElement(parent, "div", {"class": "atlas", "data-search-exclude": ""})
        atlas.add_table(whole, page.rules.values(), page.name, page.project.chapters, page.glyphs, self.stash)
        return whole


class DefectsBlock(_RulesBlock):
    """``/// defects``"""

    NAME = "defects"

    def on_create(self, parent: ET.Element) -> ET.Element:
        whole = ET.SubElement(parent, "div", {"class": "defects", "data-search-exclude": ""})
        defects.add_list(whole, self.page.rules.values(), self.page.name)
        return whole


class PagesBlock(_RulesBlock):
    """``/// pages``"""

    NAME = "pages"

    def on_create(self, parent: ET.Element) -> ET.Element:
        whole = ET.SubElement(parent, "div")
        chapter.add_entries(whole, chapter_entries(self.page), self.page.name)
        return whole


class SymptomsBlock(_RulesBlock):
    """``/// symptoms | error``"""

    NAME = "symptoms"
    ARGUMENT = True

    def on_create(self, parent: ET.Element) -> ET.Element:
        page = self.page
        kind = symptom_kind(page, self.argument.strip())
        whole = ET.SubElement(parent, "div", {"class": "symptoms"})
        symptoms.add_table(whole, kind, page.project.listing.symptoms(page.project.chapters), way_up(page))
        return whole


class CountsBlock(_RulesBlock):
    """``/// counts``"""

    NAME = "counts"

    def on_create(self, parent: ET.Element) -> ET.Element:
        whole = ET.SubElement(parent, "div", {"class": "counts"})
        tally.add_table(whole, site_counts(self.page))
        return whole


class NotDifferentiableBlock(_RulesBlock):
    """``/// not-differentiable``"""

    NAME = "not-differentiable"

    def on_create(self, parent: ET.Element) -> ET.Element:
        page = self.page
        whole = ET.SubElement(parent, "div", {"class": "not-differentiable"})
        no_gradient.add_tables(whole, functions_without_gradient(page), page.rules, page.name)
        return whole


class KernelsBlock(_RulesBlock):
    """``/// kernels``"""

    NAME = "kernels"

    def on_create(self, parent: ET.Element) -> ET.Element:
        whole = ET.SubElement(parent, "div", {"class": "elsewhere"})
        kernels.add_table(whole, of_other_kernels(self.page), self.page.rules, self.page.name)
        return whole


class LicensesBlock(_RulesBlock):
    """``/// licenses``"""

    NAME = "licenses"

    def on_create(self, parent: ET.Element) -> ET.Element:
        whole = ET.SubElement(parent, "div", {"class": "licenses", "data-search-exclude": ""})
        supply.add_tables(whole)
        return whole


SHEETS = "sheets/"  # the chapter whose cards show formula and gradient without being opened
LEGEND = "foundations/cards.md"  # the page that explains a card, where the site has it
LISTS = {"pages", "symptoms"}  # the blocks that are made of other pages
# Those that are made of files of the project, or of installed packages.
AROUND = {"counts", "kernels", "licenses", "not-differentiable"}
BLOCKS = (
    RuleBlock,
    SixRulesBlock,
    ElsewhereBlock,
    PointsBlock,
    SheetBlock,
    AtlasBlock,
    DefectsBlock,
    ExplorerBlock,
    PagesBlock,
    SymptomsBlock,
    CountsBlock,
    NotDifferentiableBlock,
    KernelsBlock,
    LicensesBlock,
)
