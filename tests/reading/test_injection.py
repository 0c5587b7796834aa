"""Text that reaches a page stays text: markup from each place that a page is made of, looked for in a browser.

A small site has it in its outputs, figures, titles, rules, records and notebooks. The browser does not apply the site's
content policy here: what the pages say has to be harmless without it.
"""

from __future__ import annotations

import functools
import http.server
import json
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import nbformat
import pytest
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt

from tests import projects
from tests.browsing import settle
from tests.conftest import ROOT

pytestmark = pytest.mark.site


def ends(name: str) -> str:
    """Attributes that end the attribute, or the tag, that they may stand in, with their origin; no markup."""
    mark, run = f"data-hostile={name}", "window.ran=1"
    return f"{name}\" {mark} onfocus={run} autofocus x=' {mark} onmouseover={run} y=\"'"


def entities(name: str) -> str:
    """The same, and markup that is written in entities."""
    return f"{ends(name)} &lt;img src=x data-hostile={name} onerror=window.ran=1&gt;"


def hostile(name: str) -> str:
    """The same, and markup that ends what it may stand in, then runs, points to a script, or restyles the page."""
    mark, run = f"data-hostile={name}", "window.ran=1"
    return (
        f"{entities(name)}--></samp></code></pre></option></title></svg></math></textarea></noscript></style></script>"
        f"<script {mark}>{run}</script><img src=x {mark} onerror={run}><svg {mark} onload={run}></svg>"
        f"<a {mark} href=javascript:{run}>x</a><style {mark}>body{{display:none}}</style>"
        f"<math><mtext><table><mglyph><style><!--</style><img src=x {mark} onerror={run}>"
    )


def small(name: str) -> str:
    """Markup that fits into a figure, and into the name of a rule."""
    return f"{name}&lt;</text></svg><img src=x data-hostile={name} onerror=window.ran=1>"


NOTEBOOK_META = ("notebook_title", "notebook_description")
# Of the others all is hostile. Markup and entities in front matter and in a title are told before the build begins.
KINDS = dict.fromkeys(("title", "description", "summary", *NOTEBOOK_META), ends)
KINDS |= dict.fromkeys(("legend", "drawn", "axis", "variant"), small)  # a variant is in the name of a file
KINDS["formula"] = lambda name: re.sub("&[lg]t;", "", hostile(name))  # of LaTeX & is a command

SNIPPET = """# --8<-- [start:print]
import torch
import matplotlib.pyplot as plt

print({output!r})
try:
    raise RuntimeError({error!r})
except RuntimeError as error:
    print(f"RuntimeError: {{error}}")
# --8<-- [end:print]

# Figure: {alt}
# --8<-- [start:draw]
figure, axes = plt.subplots(layout="none")
axes.plot([0, 1], label={legend!r})
axes.set_title({drawn!r}, fontsize=4)
axes.set_xlabel({axis!r}, fontsize=4)
axes.legend(fontsize=4)
plt.show()
# --8<-- [end:draw]

# --8<-- [start:named]
plt.subplots(num={figure!r})
plt.show()
# --8<-- [end:named]
"""
RULES = """from livedocs.declare import VJP, Defect, Piece, Pieces, Plane, normal, oo, same_shapes, x

def tie(text):
    return {{name: "torch.tensor(1.0, dtype=torch.float64)" + text for name in ("x", "y")}}

MEASURED = {{"gradient": {{"x": 0.0}}}}
RULES = [
    Pieces(
        "torch.abs",
        "torch.abs(x) # " + {call!r},
        variant={variant!r},
        pieces=[Piece(-x, -oo, 0), Piece(x, 0, oo)],
        excluded={{"gradcheck": {reason!r}}},
        defects=[Defect("x = 0", {defect!r}, MEASURED, reported="https://example.org/" + {report!r})],
    ),
    VJP(
        "torch.maximum",
        "torch.maximum(x, y)",
        formula=r"\\max(x, y) \\text{{" + {formula!r} + "}}",
        gradient=r"\\bar{{x}}_i",
        vjp=lambda v, x, y: (v * (x > y) + v * (x == y) / 2, v * (x < y) + v * (x == y) / 2),
        inputs=dict(x=normal, y=normal),
        shapes=same_shapes("x", "y"),
        special={{{label!r}: tie(" # " + {input!r})}},
        plane=Plane({label!r}),
    ),
]
"""
PAGE = """---
title: {title}
description: {description}
summary: {summary}
names: [{names}]
symptoms:
  - {{see: {see}}}
  - {{text: {quoted}, quoted: true}}
---

# A page

{quoted_here}

```python
--8<-- "kinks/hostile.py:print"
```

```python
--8<-- "kinks/hostile.py:draw"
```

```python
--8<-- "kinks/hostile.py:named"
```

/// points
///

/// rule | torch.abs({variant})
///

/// rule | torch.maximum
///
"""
LISTS = """# Lists

/// pages
///

/// symptoms | error
///

/// symptoms | other
///

/// atlas
///

/// defects
///

/// elsewhere
///

/// six-rules
///

/// six-rules | table
///
"""
EXPLORER = """---
title: Explorer
styles: [assets/explorer.css]
scripts: [assets/explorer.js]
---

# Explorer

/// explorer | torch.abs({variant})
///

/// sheet | torch.abs({variant})
///
"""
NOTEBOOK = """# ---
# title: {notebook_title}
# description: {notebook_description}
# ---

# %% [markdown]
# # A notebook

# %%
print({stream!r})

# %%
{value!r}
"""
PAGE_AT = "kinks/hostile/"
# The pages, with the origins of the texts that each shows, or has in an attribute.
MENU = {"tab", "section", "menu"}
RULE = {"variant", "call", "label", "report", "defect"}
OUTPUT = {"output", "error", "quoted", "alt", "figure", "legend", "drawn", "axis"}
SHOWN: dict[str, set[str]] = {
    PAGE_AT: MENU | RULE | OUTPUT | {"title", "description", "formula", "input", "reason"},
    "kinks/print/": MENU | RULE | OUTPUT | {"formula", "input", "reason"},
    "kinks/": MENU | RULE | {"error", "quoted", "see", "summary", "title"},
    "explorer/": MENU | {"variant", "call"},
    "notebooks/hostile/": MENU | {"notebook-title", "notebook-description", "stream", "value"},
}


def project(folder: Path) -> Path:
    """A project whose texts are hostile."""
    for name in ("docs/assets", "docs/data", "overrides"):
        shutil.copytree(ROOT / name, folder / name)
    names = {name for text in (SNIPPET, RULES, PAGE, NOTEBOOK) for name in re.findall(r"(?<!{){(\w+)(?:!r)?}", text)}
    texts = {name: KINDS.get(name, hostile)(name.replace("_", "-")) for name in names}
    quoted = {name: json.dumps(text) for name, text in texts.items()}  # as YAML reads it
    quoted["quoted_here"] = f"`` {texts['quoted']} ``"
    texts["alt"] = texts["alt"].replace("Figure: ", "")
    written = {
        "docs/index.md": "# Home\n\n[List](kinks/index.md)\n",
        "docs/kinks/index.md": LISTS,
        "docs/kinks/hostile.md": PAGE.format(**{**quoted, "variant": texts["variant"]}),
        "docs/kinks/plain.md": "# A second page of the chapter\n",
        "docs/explorer.md": EXPLORER.format(**texts),
        "docs/notebooks/hostile.py": NOTEBOOK.format(**texts | {name: quoted[name] for name in NOTEBOOK_META}),
        "snippets/kinks/hostile.py": SNIPPET.format(**texts),
        "rules/__init__.py": '"""Rules."""\n',
        "rules/kinks/hostile.py": RULES.format(**texts),
    }
    for name, text in written.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    pages = ["kinks/index.md", {ends("menu"): "kinks/hostile.md"}, "kinks/plain.md"]
    nav = [{ends("tab"): ["index.md", {ends("section"): pages}, "explorer.md", "notebooks/hostile.ipynb"]}]
    projects.configure(folder, nav=nav, site_url="https://example.org/")
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The small site."""
    folder = project(tmp_path_factory.mktemp("hostile"))
    built = projects.build(folder)
    assert built.ok, built.log
    return folder / "site"


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Where it is served."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def tab(browser):
    """A page of a browser that applies no policy."""
    context = browser.new_context(bypass_csp=True)
    yield context.new_page()
    context.close()


# What a document has of the hostile texts: whether one ran, elements and attributes that only they can have brought,
# and the origins of those that it shows, or has in an attribute.
LOOK = """(document_) => {
  const all = [...document_.querySelectorAll("*")];
  const attributes = all.flatMap((element) => [...element.attributes]);
  const shown = [document_.documentElement.textContent, ...attributes.map((one) => one.value)].join(" ");
  return {
    ran: window.ran ?? null,
    elements: all.filter((one) => one.hasAttribute("data-hostile")).map((one) => one.outerHTML.slice(0, 200)),
    handlers: attributes.filter((one) => /^on/i.test(one.name)).map((one) => one.name),
    addresses: attributes.filter((one) => /^[\\0-\\x20]*javascript:/i.test(one.value)).map((one) => one.value),
    styles: all.filter((one) => one.matches("article style, article link, [style*=display]")).length,
    shown: [...new Set([...shown.matchAll(/data-hostile=([\\w-]+)/g)].map((match) => match[1]))].sort(),
  };
}"""
CLEAN = {"ran": None, "elements": [], "handlers": [], "addresses": [], "styles": 0}


@pytest.mark.parametrize(
    "setting",
    [
        {"nav": [{hostile("refused"): ["index.md"]}]},
        {"nav": [{"Chapter": [{hostile("refused"): "index.md"}]}]},
        {"nav": [{entities("refused"): ["index.md"]}]},
        {"site_name": hostile("refused")},
        {"site_name": ends("refused")},
        {"site_description": ends("refused")},
    ],
    ids=["chapter", "page", "entity", "site", "site, attributes", "description"],
)
def test_markup_in_the_names_of_mkdocs_yml_stops_the_build(setting: dict, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text("# Home\n", encoding="utf-8")
    shutil.copytree(ROOT / "overrides", tmp_path / "overrides")
    projects.configure(tmp_path, **{"nav": ["index.md"], **setting})
    built = projects.build(tmp_path)
    assert (
        not built.ok
        and "wanted: a text without markup" in built.log
        and "got:    refused" in built.log.replace("'", "")
    )


def look(tab) -> tuple[dict, set[str]]:
    """What the browser's page has, and the origins of what it shows."""
    found = tab.evaluate(f"({LOOK})(document)")
    return found, set(found.pop("shown"))


def test_the_browser_finds_what_is_let_through(tab) -> None:
    tab.set_content(f'<article><p title="{hostile("control")}">x</p></article>')
    tab.wait_for_function("window.ran")
    found, shown = look(tab)
    assert all(found.values()) and shown == {"control"}, found


@pytest.mark.parametrize("path", SHOWN)
def test_a_page_shows_it_as_text(path: str, tab, address: str) -> None:
    tab.goto(address + path)
    settle(tab)
    found, shown = look(tab)
    assert found == CLEAN
    assert shown == SHOWN[path]
    # Without JavaScript a browser also reads what stands in <noscript>.
    source = tab.request.get(address + path).text()
    found = tab.evaluate(f"(text) => ({LOOK})(new DOMParser().parseFromString(text, 'text/html'))", source)
    assert MENU < set(found.pop("shown")) <= SHOWN[path] and found == CLEAN  # the explorer's script adds one


def test_search_shows_it_as_text(tab, address: str) -> None:
    """What the index holds in the list of results, and what an address asks for."""
    tab.goto(address + "?q=" + quote(hostile("query")))
    tab.locator(".md-search__input").fill("window.ran data hostile onerror")
    tab.locator(".md-search-result__link").first.wait_for()
    found, shown = look(tab)
    assert found == CLEAN and shown > MENU
    tab.goto(f"{address}{PAGE_AT}?h={quote(hostile('highlight'))}#{quote(hostile('fragment'))}")
    settle(tab)
    assert look(tab)[0] == CLEAN


def test_a_downloaded_notebook_shows_it_as_text(site: Path) -> None:
    """As CommonMark makes HTML of its cells, with less care than Jupyter, which takes the formulas out before."""
    read = MarkdownIt("commonmark").enable("table")
    showing = set()
    for path in sorted(site.rglob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        prose = [cell.source for cell in cells if cell.cell_type == "markdown"]
        text = "".join(read.render(re.sub(r"\$\$.*?\$\$", "", source, flags=re.DOTALL)) for source in prose)
        found = BeautifulSoup(text, "html.parser").select("[data-hostile], script, style, img, [href^=javascript]")
        assert found == [], path
        showing |= {path.parent.name} if "data-hostile" in text else set()
    assert showing == {"hostile", "kinks", "explorer"}


def test_what_programs_read_stays_whole(site: Path) -> None:
    for path in site.rglob("*.xml"):
        tree = ElementTree.parse(path)
        assert not [element for element in tree.iter() if element.get("data-hostile")]
    rows = json.loads((site / "data/gradients.json").read_text(encoding="utf-8"))["rows"]
    assert hostile("label") in {row["point"] for row in rows}
