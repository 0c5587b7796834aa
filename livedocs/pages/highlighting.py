"""Finishes highlighted code: without the marks that change no color, and with the number of its lines.

The highlighter puts an element around each name, space, operator and mark of punctuation. They have the color of code
anyway, and are four of five of its elements: without them a phone lays out a long page in half the time.
"""

from __future__ import annotations

import re

PLAIN = ("n", "w", "p", "o")  # Pygments' classes: name, whitespace, punctuation, operator
LONG = 25  # lines: more than half a sheet of paper, which may part them (docs/assets/site.css)

_CODE = re.compile(r"<code\b.*?</code>", re.DOTALL)
_MARK = re.compile(rf'<span class="(?:{"|".join(PLAIN)})">([^<]*)</span>')
_BLOCK = re.compile(r"<pre>(<span></span><code>)(.*?)(?=</code>)", re.DOTALL)


def finish_code(html: str) -> str:
    """A page with its code finished; the text is the same."""
    return _BLOCK.sub(_block, _CODE.sub(lambda code: _MARK.sub(r"\1", code[0]), html))


def _block(match: re.Match[str]) -> str:
    """A block of code up to its end, with its lines counted: the style sheet keeps room for them."""
    lines = match[2].rstrip().count("\n") + 1
    long = ' class="long"' if lines > LONG else ""
    return f'<pre{long} data-lines="{lines}">{match[1]}{match[2]}'
