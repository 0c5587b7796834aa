"""Knows the threads that code has started and not waited for, those that threading does not know included."""

from __future__ import annotations

import _thread
import sys
import threading
from collections.abc import Callable
from typing import Any

RAW = "one that threading does not know (_thread)"


class Threads:
    """The threads from now on.

    Python's own functions that start and join one are wrapped: make it once in a process.

    Args:
        file: the name of the code whose own threads have to be joined; a library may have reasons not to.
    """

    def __init__(self, file: str | None = None) -> None:
        self._known = set(threading.enumerate())
        self._raw: set[object] = set()
        self._alone: list[threading.Thread] = []  # those that nobody has joined yet
        start, begin, join = _thread.start_new_thread, threading.Thread.start, threading.Thread.join

        def start_and_note(function: Callable, args: tuple, kwargs: dict[str, Any] | None = None) -> int:
            def run_and_forget() -> None:
                try:
                    function(*args, **(kwargs or {}))
                finally:
                    self._raw.discard(key)

            # Noted here: Python counts a thread only when it begins to run, which may be much later.
            self._raw.add(key := object())
            return start(run_and_forget, ())

        def begin_and_note(thread: threading.Thread) -> None:
            begin(thread)
            if sys._getframe(1).f_code.co_filename == file:
                self._alone.append(thread)

        def join_and_note(thread: threading.Thread, timeout: float | None = None) -> None:
            join(thread, timeout)
            if not thread.is_alive() and thread in self._alone:
                self._alone.remove(thread)

        _thread.start_new_thread = _thread.start_new = start_and_note
        threading.Thread.start, threading.Thread.join = begin_and_note, join_and_note

    def never_joined(self) -> list[str]:
        """The names of those that nobody has joined, ended or not: when they ran was left to chance."""
        return [thread.name for thread in self._alone]

    def left(self) -> list[str]:
        """The names of those that still run, daemons included."""
        new = [thread for thread in threading.enumerate() if thread not in self._known]
        # In a kernel pyzmq starts one of its own, when it sends its first long message.
        names = [thread.name for thread in new if not type(thread).__module__.startswith("zmq.")]
        return names + [RAW] * bool(self._raw)
