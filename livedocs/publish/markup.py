"""Makes of a page's HTML what the standard allows and what is cheap to show, where the theme has something else."""

from __future__ import annotations

import re
from collections.abc import Callable

from livedocs.errors import DocsError

_VOID = re.compile(r"(<(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)\b[^<>]*?)\s*/>")
_TOGGLE = re.compile(r'(<input class="md-toggle"[^<>]*?) autocomplete="off">')
_TABLE = re.compile(r"<table>(.*?)</table>", re.DOTALL)


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


def check_whole(page: str, where: Callable[[str], tuple[str, int | None]]) -> None:
    """Check what no content of a page can break, and a template can.

    Args:
        page: the whole page.
        where: gives a text's file and line.

    Raises:
        DocsError: for a page that does not begin and end once, and for a comment that never ends.
    """
    for tag in ("html", "head", "body"):
        if (count := page.count(f"</{tag}>")) != 1:
            wanted = "one: the theme's templates have it"
            raise DocsError(*where(f"</{tag}>"), f"{count} of </{tag}> in a page", got=f"</{tag}>", wanted=wanted)
    start = page.rfind("<!--")
    if start >= 0 and "-->" not in page[start:]:
        got = page[start : start + 60].partition("\n")[0]
        raise DocsError(*where(got), "a comment that never ends", got=got, wanted="--> at its end")


def as_scripts_leave_it(page: str) -> str:
    """A page with what scripts would do to each table and formula: done later, all of the page is styled anew.

    The theme's script puts each table without a class into a box that scrolls; what scrolls has a role and a name.

    Args:
        page: the whole page; a table or formula with other attributes stays as it is.
    """
    page = page.replace('<div class="math">', '<div class="math" role="group" aria-label="Formula">')
    return _TABLE.sub(
        r'<div class="md-typeset__scrollwrap" role="group" aria-label="Table"><div class="md-typeset__table">'
        r'<table class="plain">\1</table></div></div>',
        page,
    )
