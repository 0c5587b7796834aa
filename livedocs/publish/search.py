"""What the search looks in: the sections of the site, the names of every function, and a glossary.

The index that MkDocs' search plugin writes holds headings and text. Here it gets the names under which people look for
a function, and loses what can be no answer. Its sections go into a file of their own, with the words of glossary.yaml;
that is fetched with the first query and not with every page. docs/assets/search_worker.js reads both, and ranks.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from livedocs.errors import DocsError
from livedocs.measured import MeasuredRule
from livedocs.publish.kept import Kept

INDEX = "search/search_index.json"
SECTIONS = "search/sections.json"
SCRIPT = "search/search_index.js"
GLOSSARY = Path(__file__).with_name("glossary.yaml")
THEME_WORKER = "assets/javascripts/workers/search.*.min.js"


def theme_worker(names: Iterable[str]) -> str:
    """The theme's own search worker, found among the names of the site's files.

    Raises:
        DocsError: if there is not exactly one.
    """
    found = [name for name in names if Path(name).match(THEME_WORKER)]
    if len(found) != 1:
        got = ", ".join(found) or "no such file"
        raise DocsError("mkdocs.yml", None, "the theme's search worker", got=got, wanted=f"one {THEME_WORKER}")
    return found[0]


def name(text: str) -> str:
    """A name as the index holds it, in one word: ``torch.nn.functional.leaky_relu`` is ``leakyrelu``."""
    return re.sub(r"^.*\.(?=[A-Za-z_])", "", text).replace("_", "").replace(" ", "").lower()


def names_of_cards(rules: Iterable[MeasuredRule], pages: Mapping[str, str]) -> dict[str, str]:
    """The names of every function, by the address of its card.

    A function with variants is looked for where its plain card is, wherever that exists.

    Args:
        rules: all of them.
        pages: the address of the page of each rule's card, by the rule's name.
    """
    rules = list(rules)
    plain = {rule.function for rule in rules if not rule.variant}
    found = {}
    for rule in rules:
        names = list(rule.names)
        if not rule.variant or rule.function not in plain:
            names.append(rule.function)
        if names and rule.name in pages:
            found[f"{pages[rule.name]}#{rule.anchor}"] = " ".join(dict.fromkeys(map(name, names)))
    return found


def names_of_page(where: str, meta: Mapping[str, Any]) -> str:
    """The names in a page's front matter: what people type for something that has no card.

    Raises:
        DocsError: for anything else than a list of texts.
    """
    names = meta.get("names", [])
    if not isinstance(names, list) or not all(isinstance(text, str) for text in names):
        raise DocsError(where, None, "names in the front matter", got=repr(names), wanted="a list of texts")
    return " ".join(dict.fromkeys("_".join(map(name, text.split())) for text in names))


@functools.lru_cache(maxsize=1)
def _parsed(text: str) -> dict[str, Any]:
    """The glossary; under ``mkdocs serve`` it is parsed once, which takes longer than a page."""
    return yaml.safe_load(text)


def glossary(names: Iterable[str]) -> dict[str, Any]:
    """The words of glossary.yaml as the worker reads them.

    Args:
        names: those that have a page, as the index holds them. Of what is asked for only the rest is without a page.
    """
    written = _parsed(GLOSSARY.read_text(encoding="utf-8"))
    lists = {key: [line.split(", ") for line in lines] for key, lines in written.items() if isinstance(lines, list)}
    there = set(names)

    def without(key: str) -> list[str]:
        return sorted({name(text) for line in lists[key] for text in line} - there)

    return {
        "same": lists["same"],
        "chinese": {str(term): str(english) for term, english in written["chinese"].items()},
        "missing": without("asked for"),
        "code": without("asked for as code"),
        "everyday": sum(lists["also words"], []),
        "filler": sum(lists["filler"], []),
    }


_CODE = re.compile(r"<pre\b[^>]*>.*?</pre>", re.DOTALL)
_SPAN = re.compile(r"</?span\b[^>]*>")


class Reading:
    """MkDocs' search plugin reading one page: without the colors of code, and nothing where it has read the same.

    The plugin parses every tag and keeps none of those that color code; they are nine of ten.

    Args:
        page: MkDocs' page; until ``end`` its content and its meta are what the plugin is to see.
        entries: the plugin's entries so far, to which it adds the page's.
        kept: what earlier builds have found.
    """

    def __init__(self, page: Any, entries: list[dict[str, Any]], kept: Kept) -> None:
        self.page, self.entries = page, entries
        self.content, self.meta, self.first = page.content, page.meta, len(entries)
        self.kept, self.subject = kept, f"search/{page.file.src_uri}"
        self.key = kept.key((page.content, page.url, str(page.title), repr(page.meta)))
        self.known = kept.find(self.subject, self.key)
        if self.known is not None:
            entries.extend(dict(entry) for entry in self.known)
            page.meta = {**page.meta, "search": {"exclude": True}}
        page.content = _CODE.sub(lambda match: _SPAN.sub("", match[0]), page.content)

    def end(self) -> None:
        """Put back what the plugin was not to read, less what only it reads, and keep what it found."""
        self.page.content = re.sub(r'\s?data-search-\w+="[^"]+"', "", self.content)
        self.page.meta = self.meta
        if (about := self.meta.get("description")) and len(self.entries) > self.first:
            self.entries[self.first]["about"] = about
        if self.known is None:
            self.kept.keep(self.subject, self.key, [dict(entry) for entry in self.entries[self.first :]])


def finish(site: Path, names: Mapping[str, str]) -> None:
    """Put names and glossary into the index, leave out sections without a text, and write it as it is read.

    A page from a server fetches the index with the first visit and the sections with the first query. A page that is a
    file may not fetch JSON: for it the whole stands in a script too, under the name that the theme asks for.

    Args:
        site: the built site, with the index of MkDocs' search plugin.
        names: names by the address of a page or section.
    """
    index = json.loads((site / INDEX).read_text(encoding="utf-8"))
    sections = []
    for section in index["docs"]:
        section["text"] = _plain(section["text"])
        if names.get(section["location"]):
            section["names"] = names[section["location"]]
        if section["text"].strip() or "names" in section or "#" not in section["location"]:
            sections.append(section)
    words = glossary({name(one) for text in names.values() for one in text.split()})
    _write(site / SECTIONS, _json({"sections": sections, "glossary": words}))
    whole = {**index, "config": {**index["config"], "glossary": words}, "docs": sections}
    _write(site / SCRIPT, f"var __index = {_json(whole)}")
    index["docs"] = []
    index["config"]["sections"] = SECTIONS
    _write(site / INDEX, _json(index))


def _plain(html: str) -> str:
    """The text of a section without its tags; what stands for a mark stays as it is."""
    return re.sub(r"[ \t]*\n\s*", "\n", re.sub(r"<[^>]*>", " ", html)).strip()


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
