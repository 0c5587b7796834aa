"""Refuses what must not be in a page's content: scripts, handlers, styles, includes and fences that never ran.

What Markdown does not understand it shows as it is written, and a tag that is not closed takes in what stands below it:
neither is an error to Markdown, so both are looked for here.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser

from livedocs.errors import DocsError
from livedocs.pages.fences import PYTHON, Fence, find_fences, includes
from livedocs.publish.lines import line_with

# Elements that load or run something, that are no part of a page's body, or whose content a browser does not read.
REFUSED = frozenset(
    "applet article audio base body embed form frame frameset head html iframe link main meta noembed noframes object"
    " plaintext script source style template textarea title video xmp".split()
)
ATTRIBUTES = frozenset(("hidden", "style", "srcdoc", "srcset", "ping", "formaction"))
VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
SUSPECT = re.compile(
    rf"<(?:{'|'.join(sorted(REFUSED))})\b|[\s/\"'](?:on\w+|{'|'.join(sorted(ATTRIBUTES))})\s*=|>\s*/{{3,}}\s|\[\^"
    r"|<\w[^<>]*\shidden(?=[\s/>])",
    re.I,
)
INCLUDE = re.compile(r"-+8<-+")
BLOCK = re.compile(r"^\s*/{3,}\s*\S.*", re.M)
FOOTNOTE = re.compile(r"\[\^[^\]\n]*\]")
SHOWN = re.compile(r'class="language-python highlight"|class="highlight-ipynb')
_HEADING = re.compile(r'<h([1-6])\b[^>]*\bid="([^"]*)"[^>]*>(.*?)</h[1-6]>', re.S)
_TAG = re.compile(r"<(/?)([a-zA-Z][\w:-]*)(?:[^<>\"']|\"[^\"]*\"|'[^']*')*?(/?)>")
_LITERAL = re.compile(r"<(pre|code|samp|math|svg|script|style)\b.*?</\1>", re.S)
# In Markdown, what may hold a tag and is none: code, formulas, comments.
_MEANT = re.compile(r"```.*?```|~~~.*?~~~|(`+)[^`]*\1|\$\$.*?\$\$|\$[^$\n]*\$|<!--.*?-->", re.S)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.S)
_LINK = re.compile(r"<(\w+)\s[^<>]*?\b(?:href|src)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]+)", re.I)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):|//", re.I)
# Markup that Markdown has not taken for markup. The dollar sign is that of a formula, the brackets are those of a link.
_RAW = re.compile(
    r"^[ \t]*(?:/{2,}(?=\s|$)|!!!|\?\?\?)|\]\(|\]\[[^\]\s]*[A-Za-z]|```|~~~"
    r"|\{[:#]|\{ [#.:]|\$|\\[(\[]|\x02|(?<![\w)*])\*\*\S|`",
    re.M,
)


def faults(content: str, lines: list[str], name: str, *, is_notebook: bool = False) -> Iterator[DocsError]:
    """What is wrong with the HTML of a page.

    Args:
        content: the HTML, as Markdown gave it.
        lines: the page's source.
        name: of the page, in messages.
        is_notebook: whether the source is a notebook, which has no fences.
    """
    content = re.sub(r"<!--.*?-->", "", content, flags=re.S)  # nobody sees what stands in a comment
    if SUSPECT.search(content) or "--8&lt;-" in re.sub(r"<[^>]*>", "", content):
        reader = _Reader()
        reader.feed(content)
        for problem, got, wanted in reader.found:
            yield DocsError(name, line_with(got, lines), problem, got=got, wanted=wanted)
    for problem, got, wanted in _headings(content):
        numbers = (number for number, line in enumerate(lines, 1) if re.match(r"(# )?#", line) and got in line)
        yield DocsError(name, max(numbers, default=None), problem, got=got, wanted=wanted)
    for problem, got, wanted in [*_addresses(content), *_raw(content)]:
        yield DocsError(name, line_with(got, lines), problem, got=got, wanted=wanted)
    for problem, got, wanted, hints in _unclosed(content):
        yield DocsError(name, _line_of(got, hints, lines), problem, got=got, wanted=wanted)
    if is_notebook:
        for cell in re.findall(r"(?ms)^# %% \[markdown\]\n(.*?)(?=^# %%|\Z)", "\n".join(lines)):
            text = _MEANT.sub(" ", re.sub(r"(?m)^# ?", "", cell))
            for problem, got, wanted, hints in _unclosed(text):
                yield DocsError(
                    name, _line_of(got, hints, lines), problem, got=got, wanted=f"{wanted}, in the same cell"
                )
        return
    fences = [fence for fence in find_fences(lines, name) if fence.language in PYTHON and any(includes(fence, name))]
    shown = len(SHOWN.findall(content))
    if lines and shown < len(fences):
        got = f"{shown} of {len(fences)} fences with code are shown as code"
        where, wanted = _first_in_a_comment(fences, "\n".join(lines)), "no fence in a comment or a code block"
        yield DocsError(name, where, "a fence that is not shown", got=got, wanted=wanted)


def _first_in_a_comment(fences: list[Fence], source: str) -> int | None:
    """The line of the first of these fences that stands in a comment of the source."""
    comments = [[source.count("\n", 0, end) + 1 for end in match.span()] for match in _COMMENT.finditer(source)]
    starts = [fence.first + 1 for fence in fences]
    return next((line for line in starts if any(first <= line <= last for first, last in comments)), None)


def _headings(content: str) -> Iterator[tuple[str, str, str]]:
    """Headings that stand in another one's place."""
    found = [
        (level, place, html.unescape(re.sub("<[^>]*>", "", text)).rstrip("¶# "))
        for level, place, text in _HEADING.findall(content)
    ]
    places = {place: text for _, place, text in found}
    for place, text in places.items():
        base = place.rpartition("_")[0] if re.search(r"_[0-9]+$", place) else None  # Markdown tells two apart so
        if base in places:
            wanted = f"an address of its own: other words, or {{ #another }}; {places[base]!r} has #{base}"
            yield "two headings with one address", text, wanted
    for text in [text for level, _, text in found if level == "1"][1:]:
        yield "a second title", text, "one line that begins with # and a space: a page has one title"


def _addresses(content: str) -> Iterator[tuple[str, str, str]]:
    """Addresses that run, or that the policy of the site does not let a reader see."""
    for tag, quoted in _LINK.findall(content):
        written = html.unescape(quoted.strip("\"'"))
        match = _SCHEME.match(re.sub(r"[\x00-\x20]", "", written))  # a browser leaves them out as well
        if match is None:
            continue
        scheme = (match[1] or "").lower()
        if tag.lower() in ("img", "source"):
            yield "an image from elsewhere", written, "a file below docs/: the policy of the site loads no other"
        elif scheme not in ("http", "https", "mailto"):
            yield "markup that is not published", written, "an address of http, https or mailto"


def _unclosed(content: str) -> Iterator[tuple[str, str, str, tuple[str, str]]]:
    """The first tag of HTML without comments that is not closed, or that closes nothing.

    Yields:
        Problem, got, wanted, and hints at the line: the element that is open, or nothing, and the text in front.
    """
    wanted = "each element closed, in the element that it was opened in"
    if match := re.search(r"<[!?]", content):  # comments are gone by now
        got = content[match.start() :][:40].split("\n")[0]
        yield "markup that never ends", got, "text, or &lt; for the sign", ("", _text_before(content, match.start()))
    open_tags: list[tuple[str, int]] = []
    for match in _TAG.finditer(content):
        closes, tag, itself = match[1], match[2].lower(), match[3]
        if tag in VOID or itself:
            continue
        if not closes:
            open_tags.append((tag, match.start()))
            continue
        opened = open_tags.pop()[0] if open_tags else ""
        if opened != tag:
            yield "a tag that closes nothing", f"</{tag}>", wanted, (opened, _text_before(content, match.start()))
            return
    if open_tags:
        tag, start = open_tags[-1]
        yield "a tag that is not closed", f"<{tag}>", wanted, (tag, _text_before(content, start))


def _line_of(got: str, hints: tuple[str, str], lines: list[str]) -> int | None:
    """The line of a tag: that which has it; or else that which opens the element; or that of the text in front."""
    opened, before = hints
    found = line_with(got, lines)
    if found is None and opened:
        found = next((number for number, line in enumerate(lines, 1) if re.search(rf"<{opened}\b", line, re.I)), None)
    return found or line_with(before, lines)


def _text_before(content: str, place: int) -> str:
    """The last line of text in front of a place of HTML."""
    near = re.sub(r"\A[^<>]*>", "", content[max(0, place - 400) : place])  # it may begin within a tag
    text = html.unescape(re.sub(r"<[^>]*>", "", near))
    return next((line for line in reversed(text.split("\n")) if line.strip()), "")


def _raw(content: str) -> Iterator[tuple[str, str, str]]:
    """Markup that is shown as text."""
    text = html.unescape(re.sub(r"<[^>]*>", "", _LITERAL.sub(" ", content)))
    for match in _RAW.finditer(text):
        around = text[max(0, text.rfind("\n", 0, match.start()) + 1, match.start() - 30) : match.end() + 30]
        yield (
            "markup that is shown as text",
            around.split("\n")[0].strip(),
            "a backslash before it, or code, where it is meant",
        )


class _Reader(HTMLParser):
    """Notes each fault with the text that is at fault."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self.inside: list[str] = []
        self.code = ""  # what has been read of a block of code: its words are elements of their own

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.inside.append(tag)
        if tag in REFUSED:
            self._refuse(f"<{tag}>", "a file that the front matter names under scripts or styles")
        for key, value in attributes:
            if key.startswith("on") or key in ATTRIBUTES:
                self._refuse(f'{key}="{value or ""}"', "no such attribute: the policy of the site forbids it")

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass
        if tag == "pre":
            self._look_for_includes(self.code)
            self.code = ""

    def handle_data(self, data: str) -> None:
        if "pre" in self.inside:
            self.code += data
        elif "code" not in self.inside:  # in a line of text it is code that speaks of an include
            self._look_for_includes(data)
            if block := BLOCK.search(data):
                self.found.append(("a block that is shown as text", block[0].strip(), "a block of this project"))
        if "code" not in self.inside and (lost := FOOTNOTE.search(data)):
            self.found.append(("a footnote without its text", lost[0], f"a line that begins with {lost[0]}:"))

    def _look_for_includes(self, text: str) -> None:
        for line in filter(INCLUDE.search, text.split("\n")):
            self.found.append(("an include that is shown as text", line.strip()[:80], "a line of its own in a fence"))

    def _refuse(self, got: str, wanted: str) -> None:
        self.found.append(("markup that is not published", got, wanted))
