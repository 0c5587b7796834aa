"""Makes of a page's HTML what the standard allows, where the theme's templates and Markdown write something else."""

from __future__ import annotations

import re

_VOID = re.compile(r"(<(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)\b[^<>]*?)\s*/>")
_TOGGLE = re.compile(r'(<input class="md-toggle"[^<>]*?) autocomplete="off">')


def conforming(page: str) -> str:
    """A page as the HTML standard has it; a browser shows it as before.

    Args:
        page: the whole page, as the templates gave it.
    """
    page = _VOID.sub(r"\1>", page)  # a void element has no end to mark
    page = page.replace(' tabindex=""', "")  # no number: the theme means that there is none
    # A checkbox has no autocomplete. Its form has: that, too, keeps Firefox from opening the drawer after a reload.
    page, toggles = _TOGGLE.subn(r'\1 form="toggles">', page)
    if toggles:
        at = page.index('<input class="md-toggle"')
        page = f'{page[:at]}<form id="toggles" autocomplete="off" hidden></form>\n    {page[at:]}'
    return page
