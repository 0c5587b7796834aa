"""The MkDocs hook of the trees that livedocs does not run: its formulas and its font, and nothing else of it.

A build with this hook in the place of livedocs does everything but the execution.
"""

from markdown import Markdown
from markdown.extensions import Extension
from mkdocs.structure.files import File

from livedocs.pages.formulas import FormulaTreeprocessor
from livedocs.pages.page import Page, fill
from livedocs.publish.mathfont import math_font

# All formulas keep their glyphs in it, and stand aside in it until a page is finished. It has no project: nothing runs.
_page = Page(project=None, aside=True)


class _Formulas(Extension):
    """Registers the formulas at the place where livedocs registers them."""

    def extendMarkdown(self, md: Markdown) -> None:
        md.treeprocessors.register(FormulaTreeprocessor(md, _page), "livedocs-formulas", 15)


def on_config(config):
    """Add the formulas to the Markdown extensions."""
    config.markdown_extensions.append(_Formulas())
    return config


def on_env(env, config, files):
    """Write the font, cut down to the glyphs of this site."""
    files.append(File.generated(config, "assets/math.woff2", content=math_font("".join(sorted(_page.glyphs)))))
    return env


def on_post_page(output, page, config):
    """Put the formulas in their place."""
    return fill(output, _page.late)
