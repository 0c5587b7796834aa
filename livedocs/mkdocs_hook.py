"""The MkDocs hook: it passes MkDocs' events on to livedocs.site.

MkDocs reads this file anew for every build. That makes it the place to notice, under
``mkdocs serve``, that the glue itself has been edited, and to load it again.
"""

import sys
from pathlib import Path

import livedocs


def _load_edited_glue() -> None:
    files = sorted(Path(livedocs.__file__).parent.glob("*.py"))
    stamp = [(file.name, file.stat().st_mtime_ns) for file in files]
    before = livedocs.__dict__.setdefault("stamp", stamp)
    if before == stamp:
        return
    if "livedocs.site" in sys.modules:
        sys.modules["livedocs.site"].close()
    for name in [n for n in sys.modules if n.partition(".")[0] == "livedocs" and n != "livedocs"]:
        del sys.modules[name]
    livedocs.stamp = stamp


_load_edited_glue()

from mkdocs.plugins import event_priority  # noqa: E402

from livedocs.site import Site  # noqa: E402

_site = Site(serving=livedocs.__dict__.get("serving", False))


def on_startup(command, dirty):
    livedocs.serving = _site.serving = command == "serve"


on_config = _site.on_config
on_page_content = _site.on_page_content
on_env = _site.on_env
on_build_error = _site.on_build_error
# First, so that mkdocs-jupyter meets executed notebooks and pages are seen as they were written.
on_files = event_priority(100)(lambda files, config: _site.on_files(files, config))
on_page_markdown = event_priority(100)(lambda markdown, **rest: _site.on_page_markdown(markdown, **rest))
# Last, when the search index and everything else is written.
on_post_build = event_priority(-100)(lambda config: _site.on_post_build(config))
