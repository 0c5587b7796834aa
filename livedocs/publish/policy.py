"""The content security policy of the built site: nothing from elsewhere, and of inline scripts only the templates' own.

The templates have a few inline scripts; their hashes let them run. What a page would take in by a fault, a script or a
style from the text of a page, does not run. It is one policy for all pages, so a host can send it as a header too.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from livedocs.errors import DocsError

_SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script>", re.DOTALL | re.IGNORECASE)
_HEAD = re.compile(r"<head>", re.IGNORECASE)
_CHARSET = re.compile(r'<meta charset="?utf-8"?>', re.IGNORECASE)
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="[^"]*">')


def enforce(site: Path) -> None:
    """Write the policy into every page of a built site, before all that a page loads, in place of the one it may have.

    Raises:
        DocsError: for a page that does not begin as the theme's pages do.
    """
    pages = {path: _POLICY.sub("", path.read_text(encoding="utf-8"), count=1) for path in sorted(site.rglob("*.html"))}
    text = policy(pages.values())
    for path, page in pages.items():
        head, charset = _HEAD.search(page), _CHARSET.search(page)
        if not head or not charset:
            raise DocsError(
                path.relative_to(site).as_posix(),
                None,
                "the page can have no content security policy",
                got="no <head>" if not head else "no <meta charset>",
                wanted='<head> and in it <meta charset="utf-8">',
            )
        # The charset goes first: it must be among a page's first 1024 bytes.
        page = page[: charset.start()] + page[charset.end() :]
        metas = f'{charset[0]}<meta http-equiv="Content-Security-Policy" content="{text}">'
        path.write_text(page[: head.end()] + metas + page[head.end() :], encoding="utf-8", newline="\n")


def policy(pages: Iterable[str]) -> str:
    """The policy that lets the inline scripts of these pages run.

    ``data:`` images are the icons in the theme's style sheet.
    """
    scripts = {script for page in pages for script in inline_scripts(page)}
    hashes = sorted(base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(["'self'", *(f"'sha256-{value}'" for value in hashes)])
    return (
        f"default-src 'self'; script-src {allowed}; style-src 'self'; img-src 'self' data:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'"
    )


def inline_scripts(page: str) -> list[str]:
    """The scripts in a page's text that a browser runs: not those of a file, and not data."""
    return [
        text
        for attributes, text in _SCRIPT.findall(page)
        if not re.search(r"\bsrc=|\btype=\"?application/(?:ld\+)?json", attributes)
    ]
