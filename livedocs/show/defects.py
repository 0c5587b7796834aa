"""All known defects of PyTorch in one list: function, point, what is wrong, and the call that shows it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from markdown.util import AtomicString

from livedocs.measured import KnownDefect, MeasuredRule, Point
from livedocs.show.markdown import escape_cell
from livedocs.show.points import inputs_text

_GITHUB = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+)/(?:issues|pull)/(\d+)(?:#.*)?")


@dataclass(frozen=True)
class Row:
    """A defect, with the rule that declares it and the special point that it is about."""

    rule: MeasuredRule
    defect: KnownDefect
    point: Point | None

    @property
    def run(self) -> str:
        """What to differentiate, and where: ``torch.abs(x), x = [0.]``."""
        return f"{self.rule.call}, {inputs_text(self.point)}" if self.point else self.rule.call

    @property
    def report(self) -> str:
        """The report in short: ``#104675`` of pytorch/pytorch, or the name of its repository with it."""
        match = _GITHUB.fullmatch(self.defect.reported)
        if match is None:
            return "report"
        return f"#{match[2]}" if match[1] == "pytorch/pytorch" else f"{match[1].partition('/')[2]}#{match[2]}"


def all_defects(rules: Iterable[MeasuredRule]) -> list[Row]:
    """The defects of the running release, by function."""
    by_name = sorted(rules, key=lambda rule: (rule.short.lower(), rule.name))
    return [
        Row(rule, defect, next((point for point in rule.points if point.label == defect.point), None))
        for rule in by_name
        for defect in rule.defects
    ]


def add_list(parent: ET.Element, rules: Iterable[MeasuredRule], page: str) -> None:
    """Add the list: elements, not text: MkDocs turns their links into addresses. A phone has no room for tables.

    Args:
        parent: takes it.
        rules: all of them.
        page: the name of the page that shows them, as ``MeasuredRule.link`` takes it.
    """
    rows = all_defects(rules)
    ET.SubElement(parent, "p").text = _counted(rows)
    whole = ET.SubElement(parent, "ul")
    for row in rows:
        entry = ET.SubElement(whole, "li")
        link = ET.SubElement(entry, "a", {"href": row.rule.link(page)})
        ET.SubElement(link, "code").text = AtomicString(row.rule.short)
        link.tail = AtomicString(f" at {row.defect.point}: {row.defect.what} ")
        if row.defect.reported:
            ET.SubElement(entry, "a", {"href": row.defect.reported}).text = row.report
        ET.SubElement(entry, "br")
        ET.SubElement(entry, "code").text = AtomicString(row.run)


def _counted(rows: list[Row]) -> str:
    reported = sum(bool(row.defect.reported) for row in rows)
    functions = len({row.rule.function for row in rows})
    return f"{len(rows)} defects of {functions} functions; {reported} of them link to a public report."


def list_markdown(rules: Iterable[MeasuredRule], page: str) -> Iterator[str]:
    """The list in a notebook."""
    rows = all_defects(rules)
    yield from [_counted(rows), ""]
    for row in rows:
        address = quote(row.defect.reported, safe=":/?#[]@!$&*+,;=%~")  # a space would end it, and a bracket
        report = f" [{row.report}]({address})" if address else ""
        what = escape_cell(f" at {row.defect.point}: {row.defect.what}")
        yield f"- [{escape_cell(row.rule.short)}]({row.rule.link(page)}){what}{report} `{row.run}`"
    yield ""
