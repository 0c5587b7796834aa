"""Knows the threads that code has started and not waited for, those that threading does not know included."""

from __future__ import annotations

import _thread
import threading
from collections.abc import Callable
from typing import Any

RAW = "one that threading does not know (_thread)"


class Threads:
    """The threads from now on. Python's own function that starts one is wrapped: it is made once in a process."""

    def __init__(self) -> None:
        self._known = set(threading.enumerate())
        self._raw: set[object] = set()
        start = _thread.start_new_thread

        def start_and_note(function: Callable, args: tuple, kwargs: dict[str, Any] | None = None) -> int:
            def run_and_forget() -> None:
                try:
                    function(*args, **(kwargs or {}))
                finally:
                    self._raw.discard(key)

            # Noted here: Python counts a thread only when it begins to run, which may be much later.
            self._raw.add(key := object())
            return start(run_and_forget, ())

        _thread.start_new_thread = _thread.start_new = start_and_note

    def left(self) -> list[str]:
        """The names of those that still run, daemons included."""
        new = [thread for thread in threading.enumerate() if thread not in self._known]
        # In a kernel pyzmq starts one of its own, when it sends its first long message.
        names = [thread.name for thread in new if not type(thread).__module__.startswith("zmq.")]
        return names + [RAW] * bool(self._raw)
