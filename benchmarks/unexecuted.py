"""The MkDocs hook of the trees that livedocs does not run: its formulas and its font, and nothing else of it.

A build with this hook in the place of livedocs does everything but the execution.
"""

from pathlib import Path

from markdown import Markdown
from markdown.extensions import Extension
from mkdocs.structure.files import File

from livedocs.extension import Book
from livedocs.formulas import FormulaTreeprocessor, math_font

# The formulas keep their glyphs in it, and stand aside in it until a page is finished. It has no runner: nothing runs.
_book = Book(Path("."), Path("."), runner=None, late={})


class _Formulas(Extension):
    """Registers the formulas at the place where livedocs registers them."""

    def extendMarkdown(self, md: Markdown) -> None:
        md.treeprocessors.register(FormulaTreeprocessor(md, _book), "livedocs-formulas", 15)


def on_config(config):
    """Add the formulas to the Markdown extensions."""
    config.markdown_extensions.append(_Formulas())
    return config


def on_env(env, config, files):
    """Write the font, cut down to the glyphs of this site."""
    files.append(File.generated(config, "assets/math.woff2", content=math_font("".join(sorted(_book.glyphs)))))
    return env


def on_post_page(output, page, config):
    """Put the formulas in their place."""
    return _book.fill(output)
