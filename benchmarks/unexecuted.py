"""The MkDocs hook of the trees that livedocs does not run: its formulas and its font, and nothing else of it.

A build with this hook in the place of livedocs does everything but the execution.
"""

from types import SimpleNamespace

from markdown import Markdown
from markdown.extensions import Extension
from mkdocs.structure.files import File

from livedocs.formulas import FormulaTreeprocessor, math_font

# What the formulas need of a livedocs.extension.Book: where a message points, and the glyphs they use.
_book = SimpleNamespace(page="page.md", offset=0, text=[], glyphs=set())


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
