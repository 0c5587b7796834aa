"""Says what became of a mutant: told, harmless, or published although it is wrong."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import yaml
from bs4 import BeautifulSoup, Comment, Tag

from tests.fuzz.building import Ran
from tests.fuzz.mutant import Mutant
from tests.fuzz.plain import MARKER, Plain, Said, cells
from tests.fuzz.tree import LIST, NOTEBOOK, PAGES, Tree

GOOD = ("told", "told without line", "told without file", "harmless")
BAD = ("SILENT", "TRACEBACK", "HANG", "NEIGHBOR")
SOURCES = {
    "index.html": "docs/index.md",
    "kinks/index.html": f"docs/{LIST}",
    **{f"{page}/index.html": f"docs/{page}.md" for page in PAGES},
    "notebooks/line/index.html": NOTEBOOK,
}
PRINT = "corners/print/index.html"
DERIVED = {"kinks/index.html", PRINT}  # made of other pages
VOID = set("area base br col embed hr img input link meta param source track wbr path circle rect line use g".split())
RAW = (
    "```",
    "~~~",
    "///",
    "8<--",
    "$$",
    "](",
    "[^",
    "](",
    "**",
    "\\(",
    "\\[",
    "\x02",
    "wzxh",
    "{:",
    "{ #",
    "!!!",
    "???",
)
HELD = re.compile(r"livedocs[0-9a-f]{32}|<!--livedocs")
FENCE = re.compile(r"^(?P<indent>[ \t>]*)(?P<marks>`{3,}|~{3,})(?P<info>[^`]*)$")
SAFE = re.compile(r"(https?|mailto):|#|[^:]*$|[^/?#]*/[^:]*", re.IGNORECASE)


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant, and why."""

    outcome: str
    why: str = ""


class Judge:
    """Knows the sound site, and what plain Python prints.

    Args:
        tree: the project.
        plain: runs code without this project.
    """

    def __init__(self, tree: Tree, plain: Plain) -> None:
        self.tree, self.plain = tree, plain
        self.site = tree.root / "site"
        self.sound = self._files()
        self.usual = {name: set(self._faults_of(name, None)) for name in SOURCES}  # what the checks cannot read

    def judge(self, mutant: Mutant, ran: Ran) -> Verdict:
        """The verdict on a build."""
        if ran.hung:
            return Verdict("HANG", f"still there after {ran.seconds:.0f} s")
        if ran.trace:
            return Verdict("TRACEBACK", ran.trace)
        if not ran.ok:
            return Verdict(_told(mutant, ran.log), ran.log)
        neighbors = self._neighbors(mutant)
        if neighbors:
            return Verdict("NEIGHBOR", ", ".join(neighbors))
        faults = list(dict.fromkeys(self._faults(mutant)))
        return Verdict("SILENT", "; ".join(faults[:6])) if faults else Verdict("harmless")

    def _files(self) -> dict[str, bytes]:
        return {p.relative_to(self.site).as_posix(): p.read_bytes() for p in self.site.rglob("*") if p.is_file()}

    def _neighbors(self, mutant: Mutant) -> list[str]:
        """The pages that another page's fault has changed."""
        if mutant.file.startswith(("mkdocs.yml", "overrides/", "docs/assets/", "docs/data/")):
            return []
        found = []
        for name, source in SOURCES.items():
            path = self.site / name
            if name in DERIVED or _page(mutant.file) == source or not path.exists():
                continue
            if _article(path.read_text(encoding="utf-8")) != _article(self.sound[name].decode()):
                found.append(name)
        return found

    def _faults(self, mutant: Mutant) -> Iterator[str]:
        """What is wrong with the site."""
        named = re.search(
            r"(?m)^site_dir: *(.+?)[ \r]*$", (self.tree.root / "mkdocs.yml").read_text("utf-8", "replace")
        )
        if named and (folder := self.tree.root / named[1].strip("'\"")) != self.site:
            if not (folder / "index.html").is_file():
                yield f"no site in {named[1]}"
            return  # all of it stands elsewhere
        now = self._files()
        other_names = f"{PAGES[0]}.html" in now
        own = {name for name, source in SOURCES.items() if source == _page(mutant.file)}
        gone = [name for name in self.sound if name not in now and not (other_names and "index" in name)]
        mine = mutant.file.removeprefix("docs/")  # an asset that is gone, and that nothing uses
        if gone and not other_names:
            lost = [name for name in gone if name != mine and (name != PRINT or mutant.file != "mkdocs.yml")]
            if mutant.file.startswith("rules/"):  # a name that the rules have no more
                rules = (self.tree.root / mutant.file).read_text("utf-8", "replace")
                lost = [name for name in lost if not name.startswith("f/") or f'"{name.split("/")[1]}"' in rules]
            if lost:
                yield f"missing from the site: {', '.join(lost[:3])}"
        for name in SOURCES:
            text = now.get(name, b"").decode(errors="replace")
            if name not in now:
                continue
            if name in own or text != self.sound[name].decode():
                snippet = mutant.file if mutant.file.startswith("snippets/") and name in own else None
                usual = self.usual[name] | ({"<script> in a page"} if mutant.file.startswith("overrides/") else set())
                yield from (f"{name}: {fault}" for fault in self._faults_of(name, snippet) if fault not in usual)
        if mutant.file.startswith("rules/"):
            yield from self._measured(mutant.file, now)
        for name, content in now.items():
            if name.endswith((".json", ".ipynb")):
                try:
                    json.loads(content)
                except ValueError:
                    yield f"{name} is not JSON"
        if PRINT in now and now[PRINT] != self.sound.get(PRINT):
            whole = now[PRINT].decode()
            for page in PAGES:
                text = now.get(f"{page}/index.html", b"").decode()
                if any(samp not in whole for samp in re.findall(r"<samp>.*?</samp>", text, re.DOTALL)):
                    yield f"an output of {page} is not on the page for printing"

    def _faults_of(self, name: str, snippet: str | None) -> Iterator[str]:
        """What is wrong with one page, held against its source and plain Python."""
        source = self.tree.root / SOURCES[name]
        page = (self.site / name).read_text(encoding="utf-8")
        if not source.is_file():
            yield "a page without a source"
            return
        article = _article(page)
        soup = BeautifulSoup(article, "html.parser")
        yield from _dangers(article, soup)
        yield from _unbalanced(article)
        yield from self._links(page, name)
        text = source.read_text(encoding="utf-8")
        if name.startswith("notebooks/"):
            yield from self._notebook(source, soup)
            return
        front, body = _front(text)
        title = BeautifulSoup(page.partition("</head>")[0] + "</head>", "html.parser")
        if isinstance(front, dict) and front.get("title") and str(front["title"]) not in title.get_text():
            if name != "index.html":
                yield "its title is not that of the front matter"
        described = title.find("meta", attrs={"name": "description"})
        if isinstance(front, dict) and front.get("description"):
            if described is None or described["content"] != str(front["description"]):
                yield "its description is not that of the front matter"
        yield from _raw(soup)
        yield from _words(body, soup)
        yield from _headings(body, soup)
        yield from self._code(body, soup, snippet)
        yield from self._cards(body, soup)

    def _code(self, body: str, soup: BeautifulSoup, snippet: str | None) -> Iterator[str]:
        """Code and outputs in their order, held against the snippet and what it prints in plain Python."""
        wanted: list[tuple[str, str]] = []
        said: dict[str, Said] = {}
        for language, lines in fences(body):
            included = [
                re.fullmatch(r'\s*-+8<-+\s+(["\'])([^":]+)(?::([\w-]+))?\1\s*', line) for line in lines if line.strip()
            ]
            if not included or not all(included):
                if language in ("python", "py", "python3"):
                    wanted.append(("code", "\n".join(lines).strip("\n")))
                continue
            code, output = [], ""
            for match in included:
                path = self.tree.root / "snippets" / match[2]
                if not path.is_file():
                    yield f"an include of no file: {match[0].strip()}"
                    return
                text = path.read_text(encoding="utf-8")
                code.append(sections(text).get(match[3] or "", ""))
                if match[2].endswith(".py"):
                    if match[2] not in said:
                        said[match[2]] = self._said(path, snippet)
                    output += said[match[2]].parts.get(match[3] or "", "")
            wanted.append(("code", "\n".join(code).strip("\n")))
            if output.strip():
                wanted.append(("output", _ends(output)))
        if snippet:
            run = said.get(snippet.removeprefix("snippets/"))
            if run is not None and (run.status != 0 or run.complaints or run.outside.strip()):
                told = run.complaints.strip().split("\n")[-1] or run.outside.strip()
                yield f"plain Python ends with {run.status} and says {told[:200]!r}"
        for title in soup.select("div.highlight span.filename"):
            title.decompose()  # stands above the code
        shown = [
            ("output" if node.name == "pre" else "code", _ends(node.get_text()))
            for node in soup.select("div.highlight, pre.output")
            if not node.find_parent(class_=["rule", "card"])
            and (node.name == "pre" or "language-python" in _classes(node))
        ]
        by_c = snippet is not None and "ctypes" in (self.tree.root / snippet).read_text(encoding="utf-8")
        if [_same(*block, by_c) for block in shown] != [_same(*block, by_c) for block in wanted]:
            first = next((pair for pair in zip(wanted, shown, strict=False) if pair[0] != pair[1]), None)
            first = first or (f"{len(wanted)} blocks wanted", f"{len(shown)} shown")
            yield f"code or output differs from plain Python: wanted {first[0]!r:.160}, shown {first[1]!r:.160}"

    def _said(self, path: Path, snippet: str | None) -> Said:
        """What a snippet prints; what the sound ones print is known."""
        text = path.read_text(encoding="utf-8")
        key = path.relative_to(self.tree.root).as_posix()
        known = self.__dict__.setdefault("_known", {})
        if (key, text) not in known:
            known[key, text] = self.plain.snippet(path)
        return known[key, text]

    def _notebook(self, source: Path, soup: BeautifulSoup) -> Iterator[str]:
        """The outputs of a notebook, held against plain Python."""
        text = source.read_text(encoding="utf-8")
        known = self.__dict__.setdefault("_known", {})
        if ("notebook", text) not in known:
            known["notebook", text] = self.plain.notebook(source)
        said = known["notebook", text]
        yield from _raw(soup)
        prose = "\n".join(
            "\n".join(line.removeprefix("#").strip() for line in body.split("\n")) for kind, body in cells(text) if kind
        )
        yield from _words(prose, soup)
        if said is None:
            return
        wanted = [_nameless(part) for part in said.parts.values() if part.strip()]
        shown = [_nameless(node.get_text()) for node in soup.select("pre.output")]
        if " ".join(wanted).split() != " ".join(shown).split():  # a value has a box of its own
            first = next((pair for pair in zip(wanted, shown, strict=False) if pair[0] != pair[1]), None)
            yield f"outputs differ from plain Python: {first or (len(wanted), len(shown))!r:.300}"
        if said.status != 0 or said.complaints:
            yield f"plain Python ends with {said.status} and says {said.complaints.strip()[-200:]!r}"

    def _cards(self, body: str, soup: BeautifulSoup) -> Iterator[str]:
        """The cards that a page asks for."""
        asked = re.findall(
            r"(?mi)^(?: {0,3}|[ >]*> ?|[-*] )/// ?rule \| *(.*?)\s*$", _without_comments(_without_fences(body))
        )
        shown = [_without_permalink(node) for node in soup.select(".rule > :is(h2, h3, h4, h5)")]
        if asked != shown:
            yield f"cards: wanted {asked}, shown {shown}"

    def _links(self, page: str, name: str) -> Iterator[str]:
        """Ids that are there twice, and links inside the site that lead nowhere."""
        ids = Counter(re.findall(r'\sid=["\']?([^"\'\s>]+)', re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)))
        yield from (f"the id {key} is there twice" for key, count in ids.items() if count > 1)
        for link in set(
            re.findall(r'<(?:a|img|script|link)\s[^>]*?(?:href|src)\s*=\s*["\']?([^"\'\s>]+)', _article(page), re.I)
        ):
            link = html.unescape(link)
            if not SAFE.match(link):
                yield f"a link of another kind: {link}"
            if re.match(r"[a-zA-Z][\w+.-]*:|//", link):
                continue
            path, _, anchor = link.partition("#")
            target = ((self.site / name).parent / unquote(path)) if path else self.site / name
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file():
                yield f"a link to nowhere: {link}"
            elif (
                anchor
                and target.suffix == ".html"
                and not re.search(
                    rf'\s(?:id|name)=["\']?{re.escape(html.escape(unquote(anchor)))}["\'\s>]',
                    target.read_text(encoding="utf-8"),
                )
            ):
                yield f"a link to no place: {link}"

    def _measured(self, file: str, now: dict[str, bytes]) -> Iterator[str]:
        """The published values, held against PyTorch; and the rules that a plain import of the module finds."""
        page = file.removeprefix("rules/").removesuffix(".py")
        rows = json.loads(now.get("data/gradients.json", b'{"rows": []}'))["rows"]
        rows = [row for row in rows if row["page"].startswith(page)]
        script = HONEST.format(
            root=str(self.tree.root),
            own=str(Path(__file__).parents[2]),
            module=file.removesuffix(".py").replace("/", "."),
            rows=json.dumps(rows),
        )
        said = self.plain.script(self.tree.root / file, script)
        if said.status != 0:
            yield f"plain Python cannot measure: {said.complaints.strip()[-200:]}"
        for line in said.outside.split("\n"):
            if line.startswith("\x1e"):
                yield line[1:400]


HONEST = """
import json, math, os, sys
import torch
sys.path[:0] = [{root!r}, {own!r}]
rows, faults = json.loads({rows!r}), []

def plain(value):
    if isinstance(value, torch.Tensor):
        return plain(value.detach().tolist())
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    return ("nan" if math.isnan(value) else "inf" if value > 0 else "-inf") if not math.isfinite(value) else value

def same(a, b):
    if isinstance(a, list) or isinstance(b, list):
        return isinstance(a, list) and isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    numbers = not isinstance(a, str) and not isinstance(b, str)
    return a == b or numbers and math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9)

for row in rows:
    if row["output"] is None:
        continue
    inputs = {{name: eval(text, {{"torch": torch}}) for name, text in row["inputs"].items()}}
    for name, value in inputs.items():
        value = value if isinstance(value, torch.Tensor) else torch.as_tensor(value, dtype=torch.float64)
        inputs[name] = value.clone().requires_grad_() if value.is_floating_point() else value
    output = eval(row["call"], {{"torch": torch, **inputs}})
    if not same(plain(output), row["output"]):
        faults.append((row["call"], row["point"], "gives", plain(output), "and not", row["output"]))
    if row["gradient"] is not None and output.requires_grad:
        output.backward(torch.ones_like(output))
        for name, found in row["gradient"].items():
            if found is not None and inputs[name].grad is not None and not same(plain(inputs[name].grad), found):
                faults.append((row["call"], row["point"], "has", plain(inputs[name].grad), "and not", found))
import importlib
declared = sorted({{(rule.function, rule.variant) for rule in importlib.import_module({module!r}).RULES}})
measured = sorted({{(row["function"], row["variant"]) for row in rows}})
if declared != measured:
    faults.append(("declared", declared, "measured", measured))
sys.stdout.flush()
os.write(1, "".join(f"\\n\\x1e{{' '.join(map(str, fault))}}\\n" for fault in faults).encode())
"""


def _told(mutant: Mutant, log: str) -> str:
    names = [mutant.file, *mutant.others]
    if mutant.line is None and any(_named(name, log) for name in names):
        return "told"
    if any(re.search(rf"{re.escape(name)}:\d+", log) for name in names):
        return "told"
    if mutant.file == "mkdocs.yml" and re.search(r"line \d+, column", log):
        return "told"
    return "told without line" if any(_named(name, log) for name in names) else "told without file"


def _named(name: str, log: str) -> bool:
    """Whether a message names a file; MkDocs names pages below docs/, and of its settings the key."""
    short = name.removeprefix("docs/").removeprefix("overrides/").removeprefix("snippets/")
    return short in log or (
        name == "mkdocs.yml" and bool(re.search(r"Config value|\"nav\"|'nav'|markdown_ext|plugin|edit_uri", log))
    )


def _page(file: str) -> str:
    """The page that a file belongs to."""
    if file == NOTEBOOK or file.startswith("docs/"):
        return file
    return f"docs/{file.partition('/')[2].removesuffix('.py')}.md"


def _article(page: str) -> str:
    start, end = page.find("<article"), page.rfind("</article>")
    return page[start : end + 10] if start >= 0 else page


def _front(text: str) -> tuple[object, str]:
    match = re.match(r"\ufeff?---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*\n", text, re.DOTALL | re.MULTILINE)
    if not match:
        return {}, text
    try:
        return yaml.safe_load(match[1]), text[match.end() :]
    except yaml.YAMLError:
        return {}, text


def fences(body: str) -> Iterator[tuple[str, list[str]]]:
    """The language and the lines of each fence that is not in a comment."""
    lines, number = _without_comments(body).split("\n"), 0
    while number < len(lines):
        match = FENCE.match(lines[number])
        number += 1
        if match:
            inside = []
            while number < len(lines) and not re.match(
                rf"^[ \t>]*{match['marks'][0]}{{{len(match['marks'])},}}[ \t]*$", lines[number]
            ):
                inside.append(lines[number].removeprefix(match["indent"]))
                number += 1
            number += 1
            info = match["info"].strip().strip("{}").split()
            yield (info[0].lstrip(".").lower() if info else ""), inside


def _without_fences(body: str) -> str:
    result, close = [], None
    for line in body.split("\n"):
        match = FENCE.match(line)
        if close is None and match:
            close = re.compile(rf"^[ \t>]*{match['marks'][0]}{{{len(match['marks'])},}}[ \t]*$")
        elif close is not None:
            close = None if close.match(line) else close
        else:
            result.append(line)
    return "\n".join(result)


def _without_comments(body: str) -> str:
    return re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)


def sections(source: str) -> dict[str, str]:
    """The code between the markers of a snippet; the whole file under no name."""
    found, name = {"": source}, None
    for line in source.split("\n"):
        match = MARKER.match(line)
        if match:
            name = match[2] if match[1].lower() == "start" else None
            if name:
                found[name] = ""
        elif name:
            found[name] += line + "\n"
    return found


def _same(sort: str, text: str, by_c: bool) -> tuple[str, list[str]]:
    """A block as it is compared: by words, and in any order where two buffers are written to."""
    return sort, sorted(text.split()) if by_c and sort == "output" else text.split()


def _nameless(text: str) -> str:
    """Words, without what is another in each run, or in IPython: addresses and times in a representation."""
    text = re.sub(r"<([\w.]+)( object)? at 0x[0-9a-f]+>", "<object>", text)
    return " ".join(re.sub(r"\bwhen=[0-9.]+", "when=", text).split())


def _ends(text: str) -> str:
    return text.replace("\r\n", "\n").strip("\n")


def _classes(node) -> str:
    return " ".join(node.get("class", []))


def _dangers(article: str, soup: BeautifulSoup) -> Iterator[str]:
    for node in soup.find_all(["script", "style", "iframe", "object", "embed", "base", "meta", "form", "plaintext"]):
        yield f"<{node.name}> in a page"
    for node in soup.find_all(True):
        for key, value in node.attrs.items():
            if key.startswith("on") or key in ("style", "srcdoc", "ping", "formaction", "srcset"):
                yield f"an attribute {key}"
            if key in ("href", "src") and re.match(r"\s*(java\s*script|vbscript|data):", str(value), re.I):
                yield f"an address that runs: {value!r:.40}"
    if HELD.search(re.sub(r"<pre.*?</pre>", "", article, flags=re.DOTALL)):  # a program may print such a text
        yield "what should stand aside is on the page"


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: Counter[str] = Counter()

    def handle_starttag(self, tag, attrs) -> None:
        self.open[tag] += tag not in VOID

    def handle_startendtag(self, tag, attrs) -> None:
        pass

    def handle_endtag(self, tag) -> None:
        self.open[tag] -= tag not in VOID


def _unbalanced(article: str) -> Iterator[str]:
    reader = _Tags()
    was = ""
    while was != article:  # a drawing may stand in a drawing
        was, article = article, re.sub(r"<(svg|math)\b(?:(?!<svg|<math).)*?</\1>", "", article, flags=re.DOTALL)
    reader.feed(article)
    for tag, count in reader.open.items():
        if count:
            yield f"<{tag}> is open {count} times"


def _visible(soup: BeautifulSoup, *without: str) -> str:
    """The text that readers see, without what stands in these elements."""
    parts = []
    for node in soup.find_all(string=True):
        if isinstance(node, Comment) or type(node).__name__ in (
            "Script",
            "Stylesheet",
            "TemplateString",
            "Declaration",
            "Doctype",
        ):
            continue
        if without and node.find_parent(list(without)):
            continue
        parent = node.find_parent(attrs={"hidden": True})
        if parent is None:
            parts.append(str(node))
    return "".join(parts)


def _raw(soup: BeautifulSoup) -> Iterator[str]:
    """Markup that is shown as text."""
    text = _visible(soup, "code", "pre", "samp", "math", "svg")
    yield from (f"markup shown as text: {mark!r} {text.count(mark)} times" for mark in RAW if mark in text)


def _without_permalink(heading: Tag) -> str:
    """The text of a heading, whatever mkdocs.yml has the link to it say."""
    return "".join(text for text in heading.find_all(string=True) if not text.find_parent(class_="headerlink")).strip()


def _words(body: str, soup: BeautifulSoup) -> Iterator[str]:
    """Words of the source that are not on the page."""
    text = _without_comments(_without_fences(body))
    text = re.sub(r"(?m)^[ \t>]*(?:[-*] )?/{2,}.*$|^!!! \w+|^\s*\[[^\]]+\]:.*$", "", text)
    text = re.sub(r"\$\$.*?\$\$|\$[^$\n]*\$|\\\(.*?\\\)", " ", text, flags=re.DOTALL)
    text = re.sub(r"\]\([^)]*\)|\{[^}\n]*\}|\]\[[^\]]*\]|\[\^[^\]]*\]", "] ", text)
    text = re.sub(r"</?[a-zA-Z!][^<>]*>|&\S+?;|!\[[^\]]*\]", " ", text)
    wanted = Counter(re.findall(r"[A-Za-z]{4,}", text))
    shown = Counter(re.findall(r"[A-Za-z]{4,}", _visible(soup)))
    missing = wanted - shown
    if missing:
        yield f"words that are not on the page: {sorted(missing)[:8]}"


def _headings(body: str, soup: BeautifulSoup) -> Iterator[str]:
    """Headings, in their order."""
    text = _without_comments(_without_fences(body))
    wanted = [
        " ".join(re.findall(r"[A-Za-z]{3,}", line)) for line in re.findall(r"(?m)^#{1,6} (.*?)(?:\{[^{}]*\} *)?$", text)
    ]
    shown = [
        " ".join(re.findall(r"[A-Za-z]{3,}", node.get_text()))
        for node in soup.find_all(["h1", "h2", "h3", "h4", "h5", "h6"])
        if not node.find_parent(class_=["rule", "card", "symptoms", "chapter"])
    ]
    if len([h for h in soup.find_all("h1")]) != 1:
        yield f"{len(soup.find_all('h1'))} titles"
    elif wanted and not _in_order(wanted, shown):
        yield f"headings: wanted {wanted!r:.200}, shown {shown!r:.200}"


def _in_order(wanted: list[str], shown: list[str]) -> bool:
    rest = iter(shown)
    return all(any(word == other or word in other for other in rest) for word in wanted)
