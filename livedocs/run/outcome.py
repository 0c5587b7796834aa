"""What a child left in its folder: the outputs of a snippet's sections, or the error that it stands for."""

from __future__ import annotations

import json
import re
import signal
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from livedocs.errors import DocsError
from livedocs.progress import noted
from livedocs.run.child import FULL
from livedocs.run.limits import Limits
from livedocs.run.sections import Section

LARGEST_OUTPUT = 20_000  # bytes for one section: more than that nobody reads on a page

TRACEBACK = re.compile(r"^Traceback \(most recent call last\):\n(?:(?:[ \t].*)?\n|During handling .*\n)*", re.M)
ADDRESS = re.compile(r"<[^<>\n]* at 0x[0-9a-f]+>")  # what Python shows of an object that does not say what it is
NO_ADDRESS, NAMES = "the output holds an address in memory", "what is the same in each run: a name, a value"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Figure:
    """A figure that a section drew: its SVG (light and dark in one) and its alt text."""

    svg: str
    alt: str


@dataclass(frozen=True)
class Output:
    """What one section printed and drew."""

    text: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Snippet:
    """A snippet file that ran to its end: its sections in order, and what each gave.

    ``cpu`` is the processor time that it took, in seconds.
    """

    where: str
    source: str
    sections: tuple[Section, ...]
    outputs: dict[str, Output]
    cpu: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """What running it gave, as JSON can hold it: all but what can be read from the file."""
        return {"outputs": {name: asdict(output) for name, output in self.outputs.items()}, "cpu": self.cpu}

    @classmethod
    def from_dict(cls, where: str, source: str, sections: tuple[Section, ...], found: dict[str, Any]) -> Snippet:
        """The snippet of this source, from what ``to_dict`` gave."""
        outputs = {
            name: Output(output["text"], tuple(Figure(**figure) for figure in output["figures"]))
            for name, output in found["outputs"].items()
        }
        return cls(where, source, sections, outputs, found["cpu"])


@dataclass(frozen=True)
class Ended:
    """How a child ended: its folder, exit code (negative for a signal), and what the helper saw.

    ``asleep`` says that it slept for longer than it may, ``left_behind`` that processes of its own still ran.
    """

    folder: Path
    exit: int | None
    asleep: bool
    left_behind: bool


def read_snippet(ended: Ended, where: str, source: str, sections: tuple[Section, ...], limits: Limits) -> Snippet:
    """The snippet that a child ran.

    Raises:
        DocsError: for whatever went wrong with it.
    """
    folder = ended.folder
    printed = (folder / "stdout").read_bytes() if (folder / "stdout").exists() else b""
    result = read_result(ended, where, limits)
    error = result["error"]
    if error is not None:
        if len(printed) > LARGEST_OUTPUT:
            raise _too_much(where, error["line"], len(printed))
        raise DocsError(
            where, error["line"], error["problem"], got=error["got"], wanted="a snippet that runs to its end, silently"
        )
    if ended.left_behind or result["left_behind"]:
        raise DocsError(
            where,
            noted(folder, "started"),
            "the snippet left a process behind",
            got="a child process that still ran after the last line",
            wanted="a snippet that waits for what it starts",
        )
    ran = result["value"]
    refuse_complaints(ended, where, noted(folder, "complained"))
    if ran["stray"] is not None:
        raise DocsError(
            where,
            ran["stray"],
            "output outside every section",
            got="a statement that prints or draws between the sections",
            wanted="it inside a section, so that a page shows it",
        )
    outputs = {}
    for section, shown in zip(sections, ran["sections"], strict=True):
        raw = b"".join(printed[a:b] for a, b in shown["output"])
        outputs[section.name] = Output(_checked(raw, where, section), tuple(_described(shown, where, section)))
    return Snippet(where, source, sections, outputs, result["cpu"])


def refuse_complaints(ended: Ended, where: str, line: int | None = None) -> None:
    """Nobody reads what a child wrote to standard error while all goes well.

    Args:
        ended: how it ended.
        where: what it ran.
        line: the statement that wrote there first, if that is known.

    Raises:
        DocsError: if it wrote anything there.
    """
    what = {"snippets": "the snippet", "rules": "the rules"}.get(where.partition("/")[0], "the notebook")
    if complaints := _text(ended.folder / "stderr"):
        got = complaints[:2000].rstrip()
        raise DocsError(where, line, f"{what} wrote to standard error", got=got, wanted="nothing there")


def read_result(ended: Ended, where: str, limits: Limits) -> dict[str, Any]:
    """What a child wrote last, as it ended well.

    Raises:
        DocsError: if it did not come so far.
    """
    result = _result(ended)
    if result is None:
        raise _died(ended, where, limits)
    return result


def imports_of(ended: Ended) -> list[str]:
    """The project files that a child imported, below the root; none for one that did not come to say so."""
    result = _result(ended)
    return result["imports"] if result else []


def _result(ended: Ended) -> dict[str, Any] | None:
    """What a child wrote last; None for one that did not come so far, or did not write it itself."""
    try:
        found = json.loads((ended.folder / "result.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.keys() >= {"error", "value", "imports"} else None


def _died(ended: Ended, where: str, limits: Limits) -> DocsError:
    """The error for a child that ended without a result: a limit, a signal, or an early exit."""
    if ended.exit == FULL:
        got, wanted = "No space left on device, or a quota", "room in the folder for temporary files (TMPDIR)"
        return DocsError(where, None, "what it gives cannot be written", got=got, wanted=wanted)
    what = "snippet" if where.startswith("snippets/") else "file"
    trace = _text(ended.folder / "trace")
    lines = re.findall(rf'File "[^"]*{re.escape(where)}", line (\d+)', trace)
    line = int(lines[0]) if lines else noted(ended.folder, "line")
    used_up = not ended.asleep and ended.exit == -getattr(signal, "SIGXCPU", 0)
    if used_up or ended.asleep or trace.startswith("Timeout"):
        got = f"{limits.cpu:g} s of processor time used" if used_up else f"asleep for {limits.patience:g} s"
        return DocsError(where, line, f"the {what} did not end", got=got, wanted="an end before that")
    printed = (ended.folder / "stdout").stat().st_size if (ended.folder / "stdout").exists() else 0
    if printed > LARGEST_OUTPUT:
        return _too_much(where, line, printed)
    if ended.exit is not None and ended.exit < 0:
        got = f"{signal.Signals(-ended.exit).name} ({signal.strsignal(-ended.exit)})"
        return DocsError(where, line, f"the {what} died of a signal", got=got, wanted=f"a {what} that runs to its end")
    got = f"exit code {ended.exit} before the last line"
    written = _text(ended.folder / "stderr")
    if line is None and (raised := re.findall(rf'File "[^"]*{re.escape(where)}", line (\d+)', written)):
        line = int(raised[-1])
    complaints = _without_ours(written).strip()
    if not where.startswith("snippets/"):  # of a notebook or of rules they are those of Jupyter and of this project
        complaints = TRACEBACK.sub("", complaints)
    if complaints:
        got += "\n" + complaints[-2000:]
    return DocsError(where, line, f"the {what} ended its process", got=got, wanted=f"a {what} that runs to its end")


def _without_ours(complaints: str) -> str:
    """What a child has said without the traceback of this glue, of which the last line stays."""
    parts = re.split(r"(?m)^Process (?:Fork|Spawn)Process-", complaints, maxsplit=1)
    if len(parts) == 1:
        return complaints
    said, trace = parts
    kind = re.sub(r": '[^']*'$", "", trace.rstrip().rpartition("\n")[2])  # without the path of a folder of ours
    return f"{said}{kind}"


def _too_much(where: str, line: int | None, size: int) -> DocsError:
    return DocsError(
        where, line, "the snippet printed too much", got=f"{size:,} bytes", wanted=f"at most {LARGEST_OUTPUT:,} bytes"
    )


def _checked(raw: bytes, where: str, section: Section) -> str:
    """The output of a section as text that a page can show."""
    if len(raw) > LARGEST_OUTPUT:
        raise _too_much(where, section.start, len(raw))
    try:
        text = raw.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise DocsError(
            where,
            section.start,
            "the output is not UTF-8",
            got=f"byte {error.object[error.start]:#04x}",
            wanted="UTF-8 text",
        ) from None
    if match := ADDRESS.search(text):
        raise DocsError(where, section.start, NO_ADDRESS, got=match[0], wanted=NAMES)
    match = CONTROL.search(text)
    if match:
        around = text[max(0, match.start() - 10) : match.end() + 10]
        raise DocsError(
            where,
            section.start,
            "the output holds a control character",
            got=f"{match[0]!r} in {around!r}",
            wanted="plain text: colors and cursor codes mean nothing on a page",
        )
    return text


def _described(shown: dict[str, Any], where: str, section: Section) -> list[Figure]:
    """The figures of a section with their texts: those of the comment above it, in order, else their own names."""
    texts = [figure["alt"].strip() for figure in shown["figures"]]
    if section.figures and len(section.figures) != len(texts):
        raise DocsError(
            where,
            section.start - 1,
            "each figure has one text",
            got=f"{len(section.figures)} of `# Figure: …` above the section, and {len(texts)} figures in it",
            wanted="as many",
        )
    texts = list(section.figures) or texts
    if not all(texts):
        raise DocsError(
            where,
            section.start,
            "a figure without alt text",
            got="no comment above the section, and a figure without a name",
            wanted="what is seen: # Figure: …",
        )
    return [Figure(figure["svg"], text) for figure, text in zip(shown["figures"], texts, strict=True)]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
