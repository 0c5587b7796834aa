"""Where each function stands, for programs: an inventory for Sphinx, and an address that does not move."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape

import sphobjinv

from livedocs.measured import MeasuredRule
from livedocs.publish.addresses import relative

INVENTORY = "objects.inv"
FUNCTIONS = "f"  # the folder with an address for each function: f/torch.clamp/


def places(rules: Iterable[MeasuredRule], url: Callable[[str], str]) -> dict[str, str]:
    """Each function, under every name that it has, with the place of its card; of several cards it is the first.

    Args:
        rules: all of them, in the order in which people meet them.
        url: the address of a page below the site, given its source below docs/.
    """
    rules = list(rules)
    found: dict[str, str] = {}
    for rule in rules:
        found.setdefault(rule.function, f"{url(rule.page)}#{rule.anchor}")
    for rule in rules:  # a function's own card comes before one that names it too
        for name in rule.also:
            found.setdefault(name, f"{url(rule.page)}#{rule.anchor}")
    return dict(sorted(found.items()))


def sphinx_inventory(found: dict[str, str], project: str, version: str) -> bytes:
    """What ``sphinx.ext.intersphinx`` reads: ``:py:func:`torch.clamp``` in another project's pages leads to the card.

    Args:
        found: what ``places`` gives.
        project: the name of the site.
        version: the release of torch that it was built with.
    """
    inventory = sphobjinv.Inventory()
    inventory.project, inventory.version = project, version
    for name, place in found.items():
        inventory.objects.append(sphobjinv.DataObjStr(name, "py", "function", "1", place, "-"))
    return sphobjinv.compress(inventory.data_file())


def function_pages(found: dict[str, str]) -> dict[str, str]:
    """A page for each function that leads to its card, by its name in the site: ``f/torch.clamp/index.html``."""
    pages = {}
    for name, place in found.items():
        here = f"{FUNCTIONS}/{name}/index.html"
        path, _, anchor = place.partition("#")
        target, title = escape(f"{relative(path, here)}#{anchor}"), escape(name)
        pages[here] = (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            '<meta name="robots" content="noindex"><meta name="viewport" content="width=device-width">'
            f'<meta http-equiv="refresh" content="0; url={target}"></head>'
            f'<body><p>The gradient of <a href="{target}">{title}</a></p></body></html>\n'
        )
    return pages
