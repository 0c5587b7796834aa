"""Says how far a build is, once it takes longer than two seconds."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Mapping

log = logging.getLogger("mkdocs.livedocs")

PATIENCE = 2.0  # seconds until the first word
PAUSE = {True: 0.2, False: 5.0}  # seconds between two words: on a terminal, elsewhere


class Progress:
    """A line that rewrites itself on a terminal, and plain lines elsewhere.

    Args:
        counts: gives what has been done so far and what there is to do, by what it is: ``{"snippets run": (3, 47)}``.
    """

    def __init__(self, counts: Callable[[], Mapping[str, tuple[int, int]]]) -> None:
        self.counts = counts
        self.since = time.monotonic()
        self.terminal = sys.stderr.isatty()
        self.ended = threading.Event()
        self.width = 0
        self.thread = threading.Thread(target=self._tell, daemon=True)

    def start(self) -> None:
        """Begin, unless nobody wants to hear it (``mkdocs --quiet``)."""
        if log.isEnabledFor(logging.INFO):
            self.thread.start()

    def stop(self) -> None:
        """End, and leave the terminal's line to whoever is next."""
        self.ended.set()
        if self.thread.is_alive():
            self.thread.join()
        if self.width:
            sys.stderr.write("\r" + " " * self.width + "\r")
            sys.stderr.flush()

    def _tell(self) -> None:
        said = ""
        wait = PATIENCE
        while not self.ended.wait(wait):
            wait = PAUSE[self.terminal]
            parts = [f"{what} {done}/{of}" for what, (done, of) in self.counts().items() if of]
            text = ", ".join(parts)
            if not text or (text == said and not self.terminal):
                continue
            said = text
            if self.terminal:
                line = f"{time.monotonic() - self.since:.0f} s: {text}"
                sys.stderr.write("\r" + line.ljust(self.width))
                sys.stderr.flush()
                self.width = max(self.width, len(line))
            else:
                log.info(text)
