"""What the pages of a site say of themselves: their titles, sentences and cards, and the symptoms that they answer.

A page declares its symptoms in its front matter, as a list:

    symptoms:
      - Target 5 is out of bounds.                     a text that an output of the page holds, folded or not
      - {text: Target 5 is out of bounds., at: why}    the same, answered under another heading than the output's
      - {text: some text, older: true}                 only older releases print it, the page quotes it
      - {text: some text, quoted: true}                this build cannot print it, the page quotes it
      - {text: some text, warning: true}               it is a warning, and the output does not say so
      - {see: "`hardswish` returns NaN", at: minus-infinity}          what a person sees
      - {see: "an unused parameter moves", at: why, as: other}         the same, under nan, zero or other

What an output says of an error, a warning, or a node of the graph is listed without being declared.
"""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from livedocs.errors import DocsError
from livedocs.measured import MeasuredRules
from livedocs.show.chapter import Entry
from livedocs.show.symptoms import KINDS, PRINTED, Place, Symptom, in_order, kind_in_words

KEYS = {"at": str, "as": str, "older": bool, "quoted": bool, "warning": bool}  # beside text or see

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times as fast

_PARTS = re.compile(
    r'<h(?P<level>[1-6])\b[^<>]*?\bid="(?P<id>[^"]+)"|<pre class="output\b[^<>]*><samp>(?P<output>.*?)</samp>',
    re.DOTALL,
)
_NODE = re.compile(r"(?:Function '|Error detected in )\w*Backward\d*\b")
_FOUND = re.compile(
    r"(?P<node>Function '\w*Backward\d+' returned nan values in its \d+th output\.|Error detected in \w*Backward\d+)"
    r"|\b(?P<type>\w*(?:Error|Exception|Warning)): (?P<message>\S.*\S)"
)


@dataclass(frozen=True)
class Listed:
    """A page: its file below the folder of pages, its titles in the menu and on the page, and its sentence.

    Args:
        cards: the names of the rules whose cards stand on it.
        declared: the symptoms of its front matter, each with the page as its place.
        found: the kinds and texts of what its outputs say, each with its heading.
        outputs: its outputs, each with the heading that it stands under, and in one line.
    """

    page: str
    menu: str
    title: str
    sentence: str
    cards: tuple[str, ...]
    declared: tuple[Symptom, ...]
    found: tuple[tuple[str, str, str], ...]
    outputs: tuple[tuple[str, str], ...]


@dataclass
class Listing:
    """The pages that have been rendered so far."""

    pages: dict[str, Listed] = field(default_factory=dict)
    _sorted: list[Symptom] | None = field(default=None, repr=False)  # until another page is added

    def add(self, read: Reader) -> list[DocsError]:
        """Take a rendered page, and say what is wrong with its symptoms."""
        self.put(read.listed())
        return read.errors

    def put(self, page: Listed) -> None:
        """Take a page that has been read."""
        self.pages[page.page] = page
        self._sorted = None

    def entries(self, folder: str, rules: MeasuredRules, order: Iterable[str]) -> list[Entry]:
        """The pages of a folder, in this order.

        Args:
            folder: below the folder of pages.
            rules: all of them.
            order: all pages, as the menu has them.
        """
        order = list(order)
        symptoms = self.symptoms(order)
        found = []
        for page in self._in_order(order):
            if posixpath.dirname(page.page) == folder:
                own = tuple(s for s in symptoms if any(place.page == page.page for place in s.places))
                cards = tuple(rules[name] for name in page.cards if name in rules)
                found.append(Entry(page.page, page.title, page.sentence, cards, own))
        return found

    def symptoms(self, order: Iterable[str]) -> list[Symptom]:
        """All symptoms, sorted, each text once: with a place for each page that declares it or prints it.

        Args:
            order: all pages, as the menu has them.
        """
        if self._sorted is None:
            self._sorted = self._collect(self._in_order(order))
        return self._sorted

    def _collect(self, pages: list[Listed]) -> list[Symptom]:
        """The same, collected: first what is declared, then who else prints it, then what nobody declares."""
        found: dict[tuple[str, str], Symptom] = {}
        for page in pages:
            for symptom in page.declared:
                _add(found, symptom)
        for symptom in [symptom for symptom in found.values() if symptom.kind in PRINTED]:
            for page in pages:
                anchor = next((anchor for anchor, output in page.outputs if symptom.text in output), None)
                if anchor is not None:
                    _add(found, Symptom(symptom.kind, symptom.text, (Place(page.page, anchor, page.menu),)))
        texts = [symptom.text for symptom in found.values() if symptom.kind in PRINTED]
        for page in pages:
            for kind, text, anchor in page.found:
                if not any(known in text or text in known for known in texts):
                    _add(found, Symptom(kind, text, (Place(page.page, anchor, page.menu),)))
        return in_order(found.values())

    def _in_order(self, order: Iterable[str]) -> list[Listed]:
        """The pages as the menu has them; those that are not in it come last."""
        places = {page: number for number, page in enumerate(order)}
        return sorted(self.pages.values(), key=lambda page: (places.get(page.page, len(places)), page.page))


def _add(found: dict[tuple[str, str], Symptom], symptom: Symptom) -> None:
    """Add a symptom, or its place to the same one: errors that differ in their numbers alone are the same."""
    same = re.sub(r"-?\d+", "0", symptom.text) if symptom.kind == "error" else symptom.text
    known = found.setdefault((symptom.kind, same), symptom)
    if known is not symptom and symptom.places[0].page not in {place.page for place in known.places}:
        older = known.older and symptom.older
        found[symptom.kind, same] = replace(known, places=known.places + symptom.places, older=older)


class Reader:
    """Reads what a rendered page says of itself.

    Args:
        name: the page's in messages: ``docs/ties/max.md``, or the file that a notebook is made of.
        source: its file below the folder of pages.
        lines: the file that has the front matter.
        meta: the front matter.
        menu: the page's title in the menu.
        content: the rendered page.
        cards: the names of the rules whose cards stand on it.
    """

    def __init__(
        self,
        name: str,
        source: str,
        lines: Iterable[str],
        meta: Mapping[str, Any],
        menu: str,
        content: str,
        cards: Iterable[str],
    ) -> None:
        self.name, self.source, self.lines, self.meta, self.menu = name, source, list(lines), meta, menu
        self.content, self.cards = content, tuple(cards)
        self.errors: list[DocsError] = []
        self.headings: list[tuple[int, str]] = []  # where each heading is, and its id; nothing for the title
        self.outputs: list[tuple[str, str]] = []
        for match in _PARTS.finditer(content):
            if match["output"] is None:
                self.headings.append((match.start(), "" if match["level"] == "1" else match["id"]))
            else:
                self.outputs.append((self._heading(match.start()), html.unescape(match["output"])))

    def listed(self) -> Listed:
        """The page; what is wrong with it stands in ``errors``."""
        title = str(self.meta.get("title") or self.menu)
        sentence = self.meta.get("summary") or _first_sentence(html.unescape(self.meta.get("description", "")))
        found = dict.fromkeys(entry for anchor, output in self.outputs for entry in _found(anchor, output))
        declared = tuple(filter(None, map(self._symptom, *self._declared())))
        outputs = tuple((anchor, _one_line(output)) for anchor, output in self.outputs)
        return Listed(self.source, self.menu, title, sentence, self.cards, declared, tuple(found), outputs)

    def _declared(self) -> tuple[list[Any], list[int | None]]:
        """The entries of the front matter, and the line of each."""
        entries = self.meta.get("symptoms", [])
        if not isinstance(entries, list):
            self._wrong(None, "symptoms in the front matter", repr(entries), "a list")
            return [], []
        lines = _lines_of_entries(self.lines)
        return entries, lines if len(lines) == len(entries) else [None] * len(entries)

    def _symptom(self, entry: Any, line: int | None) -> Symptom | None:
        """A symptom of the front matter; None if something is wrong with it."""
        entry = {"text": entry} if isinstance(entry, str) else entry
        if not _is_symptom(entry):
            keys = ", ".join(KEYS)
            self._wrong(line, "a symptom", repr(entry), f"a text, or a mapping with text or see, and of: {keys}")
            return None
        anchor = entry.get("at", "")
        if anchor and f' id="{anchor}"' not in self.content:
            headings = ", ".join(heading for _, heading in self.headings if heading)
            self._wrong(line, "a symptom is answered under no heading", anchor, f"one of: {headings}")
            return None
        if "see" in entry:
            kind = entry.get("as") or kind_in_words(entry["see"])
            if kind not in KINDS or kind in PRINTED:
                wanted = ", ".join(kind for kind in KINDS if kind not in PRINTED)
                self._wrong(line, "a kind of symptom", kind, f"one of: {wanted}")
                return None
            return self._at(kind, entry["see"], anchor)
        text = entry["text"]
        if entry.get("older") or entry.get("quoted"):
            words = map(re.escape, html.escape(text, quote=False).split())
            quoted = re.search(r"\s+".join(words), self.content)
            if quoted is None:
                self._wrong(line, "a text that the page does not quote", text, "a text that stands on the page")
                return None
            under = self._heading(quoted.start())
        else:
            held = [anchor for anchor, output in self.outputs if text in _one_line(output)]
            if not held:
                self._wrong(line, "a symptom that no output of the page holds", text, self._nearest(text))
                return None
            under = held[0]
        kind = "node" if _NODE.search(text) else "error"
        said = re.compile(rf"\w*Warning: {re.escape(text)}")
        if entry.get("warning") or any(said.search(_one_line(output)) for _, output in self.outputs):
            kind = "warning"
        return self._at(kind, text, anchor or under, older=bool(entry.get("older")))

    def _at(self, kind: str, text: str, anchor: str, *, older: bool = False) -> Symptom:
        return Symptom(kind, text, (Place(self.source, anchor, self.menu),), older)

    def _heading(self, position: int) -> str:
        """The id of the last heading before a place in the content; nothing for the title's."""
        return next((name for start, name in reversed(self.headings) if start <= position), "")

    def _nearest(self, text: str) -> str:
        """The line of an output that has most words in common with a text."""
        lines = [line.strip() for _, output in self.outputs for line in output.split("\n")]
        words = set(text.split())
        best = max(lines, key=lambda line: len(words & set(line.split())), default="")
        return f"a text of an output, such as: {best}" if best else "a page with outputs"

    def _wrong(self, line: int | None, problem: str, got: str, wanted: str) -> None:
        self.errors.append(DocsError(self.name, line, problem, got=got, wanted=wanted))


def _is_symptom(entry: Any) -> bool:
    """Whether an entry of the front matter has the keys that it needs, and values of their types."""
    if not isinstance(entry, dict) or ("text" in entry) == ("see" in entry):
        return False
    types = {"text": str, "see": str, **KEYS}
    return all(key in types and isinstance(value, types[key]) for key, value in entry.items())


def _found(anchor: str, output: str) -> Iterable[tuple[str, str, str]]:
    """What an output says of errors, warnings and nodes: kind, text, heading."""
    for match in _FOUND.finditer(output):
        if match["node"]:
            yield "node", match["node"], anchor
        else:
            yield "warning" if match["type"].endswith("Warning") else "error", match["message"], anchor


def _one_line(output: str) -> str:
    """An output without the ends of its lines, where a page folds what is too long for it."""
    return " ".join(output.split())


def _first_sentence(text: str) -> str:
    match = re.match(r'.+?[.?!]["”)]?(?=\s|$)', text, re.DOTALL)
    return match[0] if match else text


def _lines_of_entries(lines: list[str]) -> list[int]:
    """The line of each entry of ``symptoms`` in the front matter of a page, or of a percent-format notebook."""
    if not lines or lines[0].strip() not in ("---", "# ---"):
        return []  # what looks like front matter elsewhere is text
    comment = "# " if lines[0].strip() == "# ---" else ""
    end = next((n for n, line in enumerate(lines[1:], 1) if line.strip() in (f"{comment}---", "...")), 0)
    front = "\n".join(line.removeprefix(comment) for line in lines[1:end])
    node = yaml.compose(front, Loader=_LOADER)
    for key, value in node.value if isinstance(node, yaml.MappingNode) else []:
        if key.value == "symptoms" and isinstance(value, yaml.SequenceNode):
            return [entry.start_mark.line + 2 for entry in value.value]
    return []
