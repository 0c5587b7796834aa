"""Finishes the tables of a page: every header says what it heads, and a name says where it may break.

Neither Markdown nor a notebook's tables do.
"""

from __future__ import annotations

import re

_CODE = re.compile(r"(<code>)([^<]+)(?=</code>)")


def finish_tables(html: str) -> str:
    """A page with ``scope`` on each ``<th>`` (a column's in the head of a table, a row's in its body), and breaks."""

    def part(match: re.Match[str]) -> str:
        scope = "col" if match[1] == "thead" else "row"
        scoped = re.sub(r"<th(?=[\s>])(?![^>]*\sscope=)", f'<th scope="{scope}"', match[0])
        return _CODE.sub(lambda code: code[1] + breakable(code[2]), scoped)

    return re.sub(r"<(thead|tbody)\b.*?</\1>", part, html, flags=re.DOTALL)


def breakable(name: str) -> str:
    """A name, as HTML, that a narrow column may break after a point or an underscore between letters."""
    return re.sub(r"(?<=[A-Za-z0-9])([._])(?=[A-Za-z])", r"\1<wbr>", name)
