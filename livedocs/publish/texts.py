"""The pages as Markdown: each beside its HTML, a list of them, and all of them in one file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

LIST, WHOLE = "llms.txt", "llms-full.txt"  # as https://llmstxt.org has it


@dataclass(frozen=True)
class Text:
    """A page as Markdown.

    Args:
        chapter: the title of its chapter.
        title: its own.
        description: one or two sentences that say what it answers.
        address: of the Markdown: a path below the site, or the whole address where the site knows its own.
        content: the Markdown.
    """

    chapter: str
    title: str
    description: str
    address: str
    content: str


def of_notebook(text: str) -> str:
    """A notebook's cells as Markdown; what a cell printed follows it, and a figure is its alternative text."""
    parts = []
    for cell in json.loads(text)["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code":
            parts.append(source)
            continue
        if source.strip():
            parts.append(_fenced(source, "python"))
        for output in cell["outputs"]:
            data = output.get("data", {})
            printed = "".join(output.get("text", data.get("text/plain", "")))
            if "image/svg+xml" in data or "image/png" in data:
                parts.append(f"*Figure: {printed.strip()}*")
            elif printed.strip():
                parts.append(_fenced(printed, "text"))
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _fenced(text: str, language: str) -> str:
    """A text in a fence that is longer than any in it."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.strip(chr(10))}\n{fence}"


def list_of(texts: Iterable[Text], name: str, description: str) -> str:
    """What stands in ``llms.txt``: the site in a sentence, and its pages by chapter.

    Args:
        texts: the pages, in the order of the menu.
        name: of the site.
        description: of the site.
    """
    lines, chapter = [f"# {name}", "", f"> {description}"], None
    for text in texts:
        if text.chapter != chapter:
            chapter = text.chapter
            lines += ["", f"## {chapter}", ""]
        about = f": {text.description}" if text.description else ""
        lines.append(f"- [{text.title}]({text.address}){about}")
    return "\n".join(lines) + "\n"


def whole_of(texts: Iterable[Text]) -> str:
    """What stands in ``llms-full.txt``: all pages, one after the other."""
    return "\n\n---\n\n".join(f"<!-- {text.address} -->\n\n{text.content.strip()}" for text in texts) + "\n"
