"""Leaves out of highlighted code the marks that change no color.

The highlighter puts an element around each name, space, operator and mark of punctuation. They have the color of code
anyway, and are four of five of its elements: without them a phone lays out a long page in half the time.
"""

from __future__ import annotations

import re

PLAIN = ("n", "w", "p", "o")  # Pygments' classes: name, whitespace, punctuation, operator

_CODE = re.compile(r"<code\b.*?</code>", re.DOTALL)
_MARK = re.compile(rf'<span class="(?:{"|".join(PLAIN)})">([^<]*)</span>')


def without_plain_marks(html: str) -> str:
    """A page whose code holds no element for what has the color of code; its text is the same."""
    return _CODE.sub(lambda code: _MARK.sub(r"\1", code[0]), html)
