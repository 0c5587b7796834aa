"""The MkDocs hook: it passes MkDocs' events on to livedocs.publish.site.

MkDocs loads this file once. Under ``mkdocs serve`` it is the place that outlives a build, so here it is
noticed that the glue itself has been edited, and the glue is loaded again.
"""

from __future__ import annotations

import signal
import socket
import sys
import threading
from pathlib import Path

from mkdocs.exceptions import PluginError
from mkdocs.plugins import CombinedEvent, event_priority
from watchdog.events import FileModifiedEvent
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingEmitter

import livedocs
from livedocs.errors import DocsError

LOOK = 0.1  # seconds between two looks at the watched files: a look takes 7 ms

_serving = False
_site = None
_began: dict[str, int] = {}  # each watched file, and when it was written, as the first build began


def _load_edited_glue() -> None:
    files = sorted(Path(livedocs.__file__).parent.rglob("*.py"))
    stamp = [(str(file), file.stat().st_mtime_ns) for file in files]
    if livedocs.__dict__.setdefault("stamp", stamp) == stamp:
        return
    livedocs.stamp = stamp
    if "livedocs.publish.site" in sys.modules:
        sys.modules["livedocs.publish.site"].close()
    for name in [name for name in sys.modules if name.startswith("livedocs.")]:
        del sys.modules[name]
        vars(livedocs).pop(name.removeprefix("livedocs."), None)  # "from livedocs import data" looks here first


def on_startup(command, dirty):
    global _serving
    _serving = command == "serve"


def _stamps(path):
    """Each file at a path or below it, and when it was written; Python's own files are no edits."""
    path = Path(path)
    files = [path] if path.is_file() else (file for file in path.rglob("*") if file.is_file())
    return {str(file): file.stat().st_mtime_ns for file in files if "__pycache__" not in file.parts}


class _Emitter(PollingEmitter):
    """Tells of what was saved since the first build began: a file may be saved before the first look at it."""

    def on_thread_start(self):
        super().on_thread_start()
        for path, stamp in _stamps(self.watch.path).items():
            if _began.get(path) != stamp:
                self.queue_event(FileModifiedEvent(path))


def _refuse_a_taken_address(address):
    """MkDocs would notice after the first build, and tell it with a traceback."""
    host, port = address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            probe.bind((host, port))
        except OSError as error:
            where, got = f"{host}:{port}", error.strerror or str(error)
            wanted = "a free one: mkdocs serve --dev-addr 127.0.0.1:8001, make serve ADDRESS=127.0.0.1:8001"
            told = DocsError(where, None, "the site cannot be served here", got=got, wanted=wanted)
            raise PluginError(str(told)) from None


def on_serve(server, config, builder):
    """Look more often whether a file was saved, MkDocs looks twice a second; and look back to the first build."""
    watched = [config.docs_dir, config.config_file_path]  # what MkDocs watches by now
    for path in watched:
        server.unwatch(path)
    server.observer = BaseObserver(_Emitter, timeout=LOOK)
    for path in watched:
        server.watch(path)
    _end_at_the_first_signal(server)
    return server


def _end_at_the_first_signal(server):
    """Let no second Ctrl-C interrupt the ending: MkDocs then waits forever for its thread that answers browsers."""
    shutdown = server.shutdown
    server.serve_thread.daemon = True  # the second may come before the first line below

    def undisturbed(*args, **kwargs):
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # until the process ends: its folder is yet to be removed
        shutdown(*args, **kwargs)

    server.shutdown = undisturbed


def on_config(config):
    global _site
    if _serving and not _began:
        for path in (config.docs_dir, config.config_file_path, *config.watch):
            _began.update(_stamps(path))
        _refuse_a_taken_address(config.dev_addr)
    _load_edited_glue()
    from livedocs.publish.site import Site

    _site = Site(serving=_serving)
    return _site.on_config(config)


# First, so that mkdocs-jupyter meets executed notebooks and pages are seen as they were written.
@event_priority(100)
def on_files(files, config):
    return _site.on_files(files, config)


def on_nav(nav, config, files):
    return _site.on_nav(nav, config, files)


@event_priority(100)
def on_pre_page(page, config, files):
    return _site.on_pre_page(page, config, files)


@event_priority(100)
def on_page_markdown(markdown, page, config, files):
    return _site.on_page_markdown(markdown, page, config, files)


def on_page_content(html, page, config, files):
    return _site.on_page_content(html, page, config, files)


def on_env(env, config, files):
    return _site.on_env(env, config, files)


@event_priority(100)
def _before_search(context, page, config, nav):
    _site.before_search(page, config)
    return context


@event_priority(-100)
def _after_search(context, page, config, nav):
    _site.after_search(page)
    return _site.on_page_context(context, page, config, nav)


on_page_context = CombinedEvent(_before_search, _after_search)


def on_post_page(output, page, config):
    return _site.on_post_page(output, page, config)


def on_post_template(output_content, template_name, config):
    return _site.on_post_template(output_content, template_name)


# Last, when the search index and everything else is written.
@event_priority(-100)
def on_post_build(config):
    _site.on_post_build(config)


def on_build_error(error):
    if _site is not None:
        _site.on_build_error(error)
