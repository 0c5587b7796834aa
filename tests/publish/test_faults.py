"""One fault in a small project: the build stops and names it, and nothing that is wrong is published in silence."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from livedocs.publish import site as livedocs_site
from tests import projects
from tests.projects import build

pytestmark = pytest.mark.site

PAGE, SNIPPET, RULES = "docs/ties/max.md", "snippets/ties/max.py", "rules/ties/max.py"
INCLUDE = '--8<-- "ties/max.py:even-split"'
FENCE = f"```python\n{INCLUDE}\n```"
Change = Callable[[Path], None]


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Iterator[Path]:
    """A project that is in order, and what its snippets and rules gave."""
    folder = projects.make(tmp_path_factory.mktemp("sound") / "project")
    assert build(folder).ok
    shutil.rmtree(folder / "site")
    yield folder
    livedocs_site.close()


@pytest.fixture
def project(base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(base, tmp_path / "project"))


def swap(file: str, old: str, new: str) -> Change:
    def change(project: Path) -> None:
        text = (project / file).read_text(encoding="utf-8")
        assert old in text
        (project / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def add(file: str, text: str) -> Change:
    def change(project: Path) -> None:
        path = project / file
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as stream:
            stream.write(text)

    return change


def describe(text: str) -> Change:
    """Another description in the page's front matter."""

    def change(project: Path) -> None:
        page = project / PAGE
        page.write_text(re.sub(r"(?m)^description: .*$", text, page.read_text(encoding="utf-8"), count=1))

    return change


def of_rule(what: str) -> Change:
    """The first rule with something else in it."""
    return add(RULES, f"\nfrom dataclasses import replace\nRULES[0] = replace(RULES[0], {what})\n")


DEFECT = "__import__('livedocs.declare').declare.Defect('NaN', 'x', {'gradient': {'x': [0.0, 1.0]}}, 'javascript:0')"
FAULTS: dict[str, tuple[Change, str]] = {
    "a colon": (describe("description: Max: shared"), f"{PAGE}:3: front matter that is not YAML"),
    "an unknown key": (describe("descripton: Max"), f"{PAGE}:3: an unknown key in front matter"),
    "a template for one page": (
        describe("description: Max\ntemplate: home.html"),
        f"{PAGE}:4: an unknown key in front matter",
    ),
    "an option that Markdown cannot read": (
        swap("mkdocs.yml", "permalink_title: Link to this section", "permalink_title: 3"),
        "Markdown cannot make a page of it\n  got:    ",
    ),
    "rules that leave a process behind": (
        add(RULES, "\nimport subprocess\nsubprocess.Popen(['sleep', '60'])\n"),
        f"{RULES}:105: it left a process behind",
    ),
    "an empty description": (describe("description:"), f"{PAGE}:3: front matter: description"),
    "a number for a description": (describe("description: 3"), f"{PAGE}:3: front matter: description"),
    "a script that is no file": (describe("description: Max\nscripts: [nope.js]"), "nope.js, which is no file"),
    "styles as a text": (describe("description: Max\nstyles: a.css"), f"{PAGE}:4: front matter: styles"),
    "no end of front matter": (
        lambda p: (p / PAGE).write_text("---\ntitle: x\n"),
        f"{PAGE}:1: front matter that never ends",
    ),
    "a title with markup": (
        swap(PAGE, 'title: "', 'title: "<script>alert(1)</script>'),
        f"{PAGE}:2: front matter: title",
    ),
    "a placeholder of Markdown's": (add(PAGE, "\nge\x02wzxhzdk:0\x03lu\n"), "a control character in a page"),
    "a mark of the build's own": (
        add(PAGE, f"\n<!--livedocs {'0' * 32}-->\n"),
        "a mark of the build's own in a page",
    ),
    "a heading that is hidden": (add(PAGE, "\n## Gone { hidden }\n\nText.\n"), "markup that is not published"),
    "a tag that closes nothing, in a notebook": (
        add(
            "docs/notebooks/tags.py",
            "# ---\n# title: x\n# description: x\n# ---\n\n# %% [markdown]\n# # x\n#\n# </div>\n",
        ),
        "docs/notebooks/tags.py:9: a tag that closes nothing\n  got:    </div>",
    ),
    "a notebook without cells": (
        lambda p: (p / "docs/ties/empty.ipynb").write_text("{}"),
        "docs/ties/empty.ipynb: a notebook without cells",
    ),
    "not UTF-8": (lambda p: (p / PAGE).write_bytes((p / PAGE).read_bytes() + b"\xe9"), "a page that is not UTF-8"),
    "a dangling link": (
        lambda p: (p / "docs/ties/no.md").symlink_to("nowhere"),
        "docs/ties/no.md: a page that cannot be read",
    ),
    "a snippet that is a link to itself": (
        lambda p: ((p / SNIPPET).unlink(), (p / SNIPPET).symlink_to("max.py")),
        "got:    snippets/ties/max.py",
    ),
    "a link to no page": (add(PAGE, "\n[x](nope.md)\n"), ": Doc file 'ties/max.md' contains a link 'nope.md'"),
    "a form": (add(PAGE, '\n<form action="//x.org"></form>\n'), "got:    <form>"),
    "a fence in a quotation": (
        swap(PAGE, FENCE, "\n".join(f"> {line}" for line in FENCE.split("\n"))),
        "an include that is shown as text",
    ),
    "a fence in a comment": (swap(PAGE, FENCE, f"<!--\n{FENCE}\n-->"), "a fence that is not shown"),
    "a fence in a block of code": (
        swap(PAGE, FENCE, FENCE.replace("\n", "\n    ").replace("```p", "    ```p", 1)),
        "a fence that is not shown",
    ),
    "an include in prose": (add(PAGE, f"\n{FENCE}\n\nSee --8<-- there.\n"), "an include that is shown as text"),
    "a block of two slashes": (
        add(PAGE, "\n// six-rules\n///\n"),
        "markup that is shown as text\n  got:    // six-rules",
    ),
    "an include of an address": (
        swap(PAGE, INCLUDE, '--8<-- "https://example.org/a.txt"'),
        f"{PAGE}:22: an include names nothing\n  got:    https://example.org/a.txt",
    ),
    "an include of a folder": (
        swap(PAGE, INCLUDE, '--8<-- "ties"'),
        f"{PAGE}:22: an include names nothing\n  got:    ties",
    ),
    "a bare include of nothing": (
        add(PAGE, '\n--8<-- "ties/nope.txt"\n'),
        "an include names nothing\n  got:    ties/nope.txt",
    ),
    "an include outside of a fence": (
        swap(PAGE, FENCE, INCLUDE),
        f"{PAGE}:21: an include outside of a fence\n  got:    {INCLUDE}",
    ),
    "a block that nothing closes": (
        swap(PAGE, "/// rule | torch.nn.functional.max_pool1d\n///", "/// rule | torch.nn.functional.max_pool1d"),
        "a block never closes\n  got:    /// rule | torch.nn.functional.max_pool1d",
    ),
    "text inside of a block": (
        swap(PAGE, "/// rule | torch.amax\n", "/// rule | torch.amax\n\nSome text.\n\n"),
        "text inside of a block\n  got:    Some text.",
    ),
    "a script": (add(PAGE, "\n<script>alert(1)</script>\n"), "got:    <script>"),
    "a handler": (add(PAGE, '\n<img src="x" alt="" onerror="alert(1)">\n'), 'got:    onerror="alert(1)"'),
    "a style": (add(PAGE, '\n<p style="color: red">x</p>\n'), 'got:    style="color: red"'),
    "an address that runs": (add(PAGE, "\n[x](javascript:alert(1))\n"), "got:    javascript:alert(1)"),
    "an address that runs, in disguise": (
        add(PAGE, "\n[x](java&#9;script:alert(1))\n"),
        "got:    java\tscript:alert(1)",
    ),
    "an address of another sort": (add(PAGE, "\n[x](htps://example.org)\n"), "wanted: an address of http, https"),
    "a handler behind a slash": (add(PAGE, "\n<svg/onload=alert(1)></svg>\n"), 'got:    onload="alert(1)"'),
    "an object": (add(PAGE, '\n<object data="x"></object>\n'), "got:    <object>"),
    "an image from elsewhere": (add(PAGE, "\n![x](https://example.org/a.png)\n"), "an image from elsewhere"),
    "an open tag": (add(PAGE, "\n<div>\n\nText.\n"), "a tag that is not closed\n  got:    <div>"),
    "a tag that closes nothing": (add(PAGE, "\nText.</b>\n"), "a tag that closes nothing\n  got:    </b>"),
    "an open link": (add(PAGE, "\nSee [x](max.md there.\n"), "markup that is shown as text\n  got:    See [x](max.md"),
    "an open formula": (add(PAGE, "\nThe slope is $x.\n"), "markup that is shown as text\n  got:    The slope is $x."),
    "open emphasis": (add(PAGE, "\nThis is **open.\n"), "got:    This is **open."),
    "an open line of code": (add(PAGE, "\nThis is `open.\n"), "got:    This is `open."),
    "a link in HTML": (add(PAGE, '\n<a href="nope.html">x</a>\n'), "a link that leads nowhere\n  got:    nope.html"),
    "a link in other marks": (add(PAGE, "\n<a href='nope/'>x</a>\n"), "a link that leads nowhere\n  got:    nope/"),
    "a link without marks": (add(PAGE, "\n<a href=nope>x</a>\n"), "a link that leads nowhere\n  got:    nope"),
    "an id twice in other marks": (add(PAGE, "\n<a id='why'></a>\n"), "an id that is there twice\n  got:    why"),
    "an image in HTML": (add(PAGE, '\n<img src="nope.png" alt="">\n'), "a link that leads nowhere\n  got:    nope.png"),
    "a place in HTML": (add(PAGE, '\n<a href="#nope">x</a>\n'), "wanted: a heading or another place of ties/max/"),
    "an id twice": (add(PAGE, '\n<a id="why"></a>\n'), "an id that is there twice\n  got:    why"),
    "a footnote": (add(PAGE, "\nA note[^nope].\n"), "a footnote without its text"),
    "a fence in a footnote": (
        add(PAGE, "\nA note[^1].\n\n[^1]: See:\n\n    ```text\n    x\n    ```\n"),
        "a fence in a footnote\n  got:    [^1]:",
    ),
    "a formula that is a number": (of_rule("formula=3"), "formula is no text\n  got:    3"),
    "a special point whose name is a number": (
        of_rule("special={3: {'x': 'torch.ones(2).double()'}}"),
        "a name in special is no text\n  got:    3",
    ),
    "no first mark of front matter": (
        lambda p: (p / PAGE).write_text((p / PAGE).read_text(encoding="utf-8").removeprefix("---\n"), encoding="utf-8"),
        f"{PAGE}:1: front matter without its first mark",
    ),
    "a template that is none": (
        add("overrides/sitemap.xml", "{% if page %}\n"),
        "a template cannot be filled\n  got:    TemplateSyntaxError: Unexpected end of template",
    ),
    "a template that raises": (
        add("overrides/partials/copyright.html", "{{ 1 / 0 }}\n"),
        "overrides/partials/copyright.html:10: a template cannot be filled\n  got:    ZeroDivisionError: division",
    ),
    "a map of the site that raises": (
        add("overrides/sitemap.xml", "{{ 1 / 0 }}\n"),
        "a template cannot be filled\n  got:    ZeroDivisionError: division by zero",
    ),
    "a block that there is not": (add(PAGE, "\n/// six-rule\n///\n"), "a block that is shown as text"),
    "a form that there is not": (add(PAGE, "\n/// six-rules | tabel\n///\n"), "a form of the six rules"),
    "a card without a name": (swap(PAGE, "/// rule | torch.amax", "/// rule"), "a card of an unknown rule"),
    "two cards": (
        swap(PAGE, "/// rule | torch.amax\n///", "/// rule | torch.amax\n///\n\n" * 2),
        "a second card of a rule",
    ),
    "rules that are a number": (add(RULES, "\nRULES = 5\n"), f"{RULES}:104: RULES is no list of rules"),
    "rules that are texts": (add(RULES, '\nRULES = ["x"]\n'), f"{RULES}:104: RULES is no list of rules"),
    "a draw that raises": (of_rule("inputs={'x': lambda *a: 1 / 0}"), "it cannot be measured"),
    "a report that runs": (of_rule(f"defects=({DEFECT},)"), "the link to a report"),
    "rules that change torch": (
        add(RULES, "\ntorch.amax = torch.amin\n"),
        f"{RULES}:104: the rules change PyTorch\n  got:    torch.amax is",
    ),
    "rules that change the default": (
        add(RULES, "\ntorch.set_default_dtype(torch.float64)\n"),
        "got:    torch.get_default_dtype() is torch.float64",
    ),
    "rules that take the output away": (
        add(RULES, "\nimport sys\nsys.stdout = None\n"),
        f"{RULES}:105: the rules change a stream\n  got:    sys.stdout is None",
    ),
    "rules that close a stream": (
        add(RULES, "\nimport sys\nsys.stdout.close()\n"),
        "the rules change a stream\n  got:    sys.stdout open is False",
    ),
    "rules that close a descriptor": (
        add(RULES, "\nimport os\nos.close(1)\n"),
        f"{RULES}:105: the rules change a stream\n  got:    sys.stdout open is False",
    ),
    "rules that put another descriptor there": (
        add(RULES, "\nimport os\nos.dup2(2, 1)\n"),
        f"{RULES}:105: the rules change a stream\n  got:    another file behind sys.stdout",
    ),
    "an entity in a title": (
        swap(PAGE, 'title: "', 'title: "&lt; '),
        f"{PAGE}:2: front matter: title",
    ),
    "rules that write a page": (
        add(RULES, f"\nimport pathlib\n_ = (pathlib.Path(__file__).parents[2] / '{PAGE}').open('a').write('More.')\n"),
        f"{PAGE}: a source changed while the site was built\n  got:    it was written again",
    ),
    "a comment that never ends": (
        add("overrides/partials/copyright.html", "<!-- and so on"),
        "a comment that never ends\n  got:    <!-- and so on",
    ),
    "a template that ends the page": (
        add("overrides/partials/copyright.html", "</html>\n"),
        "overrides/partials/copyright.html:10: 2 of </html> in a page",
    ),
    "an icon that is gone": (
        lambda p: (p / "overrides/.icons/kink.svg").unlink(),
        "a template cannot be filled\n  got:    TemplateNotFound: '.icons/kink.svg' not found",
    ),
    "a schema that is cut off": (
        add("docs/data/gradients.schema.json", "{"),
        "a file that is no JSON\n  got:    Extra data",
    ),
    "a picture that goes on": (add("docs/assets/favicon.svg", "<g>"), "a file that is no XML\n  got:    junk after"),
    "the address of another heading": (
        swap(PAGE, "## Where people met it", "## Where people met it { #why }"),
        "two headings with one address\n  got:    Why",
    ),
    "a footnote with a space": (add(PAGE, "\nA note[^ a].\n"), "a footnote without its text\n  got:    [^ a]"),
    "two titles": (swap(PAGE, "\n# ", "\n# Another\n\n# "), f"{PAGE}:12: a second title\n  got:    max, amax"),
    "a call that exits": (of_rule("call='exit()'"), "it cannot be measured\n  got:    SystemExit"),
    "rules that are interrupted": (add(RULES, "\nraise KeyboardInterrupt\n"), f"{RULES}:104: the rules do not import"),
    "rules that exit": (add(RULES, "\nraise SystemExit(3)\n"), "the rules do not import\n  got:    SystemExit: 3"),
    "rules that complain": (
        add(RULES, "\nimport os\n_ = os.write(2, b'oops')\n"),
        f"{RULES}:105: the rules wrote to standard error\n  got:    oops",
    ),
    "rules too deep": (
        add("rules/ties/deep/x.py", "RULES = []\n"),
        "rules/ties/deep/x.py: a module of rules that no page has",
    ),
    "a forgotten snippet": (
        add("snippets/ties/forgotten.py", "x = 1 / 0\n"),
        "snippets/ties/forgotten.py:1: the snippet raised",
    ),
    "a thread": (
        add(
            SNIPPET,
            "\nimport threading\nimport time\nthreading.Thread(target=time.sleep, args=(0.5,), name='late').start()\n",
        ),
        "the snippet left a thread behind",
    ),
    "a daemon thread": (
        add(
            SNIPPET,
            "\nimport threading\nimport time\nthreading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n",
        ),
        "the snippet left a thread behind\n  got:    Thread-",
    ),
    "a thread that threading does not know": (
        add(SNIPPET, "\nimport _thread\nimport time\n_thread.start_new_thread(time.sleep, (0.5,))\n"),
        "the snippet left a thread behind\n  got:    one that threading does not know",
    ),
    "an address in memory": (
        add(SNIPPET, "\n# --8<-- [start:odd]\nprint(object())\n# --8<-- [end:odd]\n"),
        "the output holds an address in memory\n  got:    <object object at 0x",
    ),
    "an exit function": (
        add(SNIPPET, '\nimport atexit\natexit.register(print, "bye")\n'),
        "registers an exit function",
    ),
}


@pytest.mark.parametrize(("change", "told"), FAULTS.values(), ids=FAULTS)
def test_a_fault_stops_the_build(change: Change, told: str, project: Path) -> None:
    change(project)
    done = build(project)
    assert not done.ok and told in done.log, done.log
    assert "Traceback" not in done.log
    assert not list(project.glob("site*"))


def test_without_an_extension_that_pages_need(project: Path) -> None:
    settings = project / "mkdocs.yml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("pymdownx.superfences", "pymdownx.caret"))
    done = build(project)
    assert not done.ok and "got:    no pymdownx.superfences" in done.log


def test_what_c_code_prints_stands_in_its_section(project: Path) -> None:
    """It waits in a buffer that Python does not know."""
    printed = 'import ctypes\nctypes.CDLL(None).printf(b"from C\\n")\n# --8<-- [end:even-split]'
    swap(SNIPPET, "# --8<-- [end:even-split]", printed)(project)
    assert build(project).ok
    page = (project / "site/ties/max/index.html").read_text(encoding="utf-8")
    assert page.index("from C") < page.index("one-index") if "one-index" in page else "from C" in page
    assert page.count("from C\n") == 1
