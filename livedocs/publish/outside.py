"""The links of the pages to other sites: which answer, which have moved, and which are dead.

``python -m livedocs.publish.outside docs`` asks for each. One request at a time goes to a host, with a pause after it.
Exit status 1: there are dead ones; 2: no network is reachable. The place behind a ``#`` is not looked for.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

import requests

HOSTS = 4  # at once
PAUSE = 0.5  # seconds between two requests to a host
TIMEOUT = 20.0
AGENT = {"User-Agent": "link check of a documentation site (one request at a time)"}

# How a link is: the order is that of the report.
DEAD, UNCLEAR, MOVED, FINE = "dead", "unclear", "moved", "fine"
_SHY = {401, 403, 405, 429}  # a host's answer to a program, which says nothing about the page
_LASTING = {301, 308}

_FENCE = re.compile(r"(?ms)^( *)(`{3,}).*?^\1\2`*\s*$")
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
_LINK = re.compile(r"https?://(?:[^\s<>()\[\]\"'`\\]|\([^\s<>()]*\))+")


@dataclass(frozen=True)
class State:
    """What became of a link.

    Args:
        kind: ``"dead"``, ``"unclear"``, ``"moved"`` or ``"fine"``.
        said: the status of the answer, or what stood in its way.
        to: where it has moved to.
        reached: whether anything answered at all.
    """

    kind: str
    said: str
    to: str = ""
    reached: bool = True


def links(folder: Path) -> dict[str, list[str]]:
    """Every link of the pages below a folder to another site, with the places where it stands: ``docs/a.md:3``.

    A notebook is Python; its comments are prose. Code is not: an address in it is an example.
    """
    found: dict[str, list[str]] = {}
    for path in sorted(path for path in folder.rglob("*") if path.suffix in (".md", ".py")):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".py":
            text = "\n".join(line if line.startswith("#") else "" for line in text.split("\n"))
        text = _FENCE.sub(lambda match: "\n" * match[0].count("\n"), text)
        for number, line in enumerate(text.split("\n"), 1):
            for link in _LINK.findall(_CODE.sub("", line)):
                address = urldefrag(link.rstrip(".,;:!?*_")).url
                found.setdefault(address, []).append(f"{folder.name}/{path.relative_to(folder).as_posix()}:{number}")
    return found


def check(addresses: Iterable[str], *, pause: float = PAUSE, timeout: float = TIMEOUT) -> dict[str, State]:
    """The state of each address, a few hosts at a time.

    Args:
        addresses: to be asked for.
        pause: seconds after each request to a host.
        timeout: seconds until a host that says nothing is left alone.
    """

    def ask_host(group: Sequence[str]) -> list[tuple[str, State]]:
        found = []
        with requests.Session() as session:
            session.headers.update(AGENT)
            for address in group:
                found.append((address, _ask(session, address, timeout)))
                time.sleep(pause)
        return found

    def host(address: str) -> str:
        return urlsplit(address).netloc

    groups = [list(group) for _, group in groupby(sorted(addresses, key=host), key=host)]
    with ThreadPoolExecutor(HOSTS) as pool:
        return dict(pair for found in pool.map(ask_host, groups) for pair in found)


def _ask(session: requests.Session, address: str, timeout: float) -> State:
    """Ask for the head of a page, and for the page itself where a host does not give the head."""
    try:
        answer = session.head(address, timeout=timeout, allow_redirects=True)
        if not answer.ok:
            with session.get(address, timeout=timeout, stream=True) as answer:
                pass
    except requests.Timeout:
        return State(UNCLEAR, f"no answer in {timeout:g} s", reached=False)
    except requests.ConnectionError:
        return State(DEAD, "no connection", reached=False)
    except requests.RequestException as error:  # redirects without an end, an address that is none
        return State(DEAD, type(error).__name__)
    status = answer.status_code
    if status >= 500 or status in _SHY:
        return State(UNCLEAR, str(status))
    if not answer.ok:
        return State(DEAD, str(status))
    first = answer.history[0].status_code if answer.history else status
    moved = bool(answer.history) and all(one.status_code in _LASTING for one in answer.history)
    return State(MOVED if moved else FINE, str(first), answer.url if answer.history else "")


def report(states: dict[str, State], places: dict[str, list[str]]) -> Iterator[str]:
    """The lines of the report: each link, the dead ones first, and how many there are of each kind."""
    order = [DEAD, UNCLEAR, MOVED, FINE]
    for address, state in sorted(states.items(), key=lambda entry: (order.index(entry[1].kind), entry[0])):
        to = f" -> {state.to}" if state.to else ""
        where = ", ".join(places[address][:3]) + (", …" if len(places[address]) > 3 else "")
        yield f"{state.kind:8}{state.said:>5}  {address}{to}  ({where})"
    counts = Counter(state.kind for state in states.values())
    yield f"{len(states)} links: " + ", ".join(f"{counts[kind]} {kind}" for kind in order)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; the exit status is that of the module."""
    parser = argparse.ArgumentParser(description="The state of every link to another site.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pause", type=float, default=PAUSE)
    parser.add_argument("--timeout", type=float, default=TIMEOUT)
    options = parser.parse_args(arguments)
    places = links(options.folder)
    states = check(places, pause=options.pause, timeout=options.timeout)
    if states and not any(state.reached for state in states.values()):
        print(f"No network is reachable: none of {len(states)} links answered, so nothing is known about them.")
        return 2
    print("\n".join(report(states, places)))
    return int(any(state.kind == DEAD for state in states.values()))


if __name__ == "__main__":
    sys.exit(main())
