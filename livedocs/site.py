"""What MkDocs has to be told: the state that pages share, notebooks, errors, and all-or-nothing publishing.

What notebooks need is imported with the first of them: it takes longer than a page.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import logging
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort, PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import CountHandler

from livedocs import data
from livedocs.errors import DocsError
from livedocs.extension import Book
from livedocs.fences import find_fences, includes
from livedocs.formulas import math_font
from livedocs.runner import Runner, modules

log = logging.getLogger("mkdocs.livedocs")

PARTIAL = ".partial"
DATA = {"data/gradients.json": data.to_json, "data/gradients.csv": data.to_csv}


_runners: dict[Path, Runner] = {}


def shared_runner(root: Path) -> Runner:
    """One runner for all builds of this process: ``mkdocs serve`` runs again only what has changed."""
    return _runners.setdefault(root, Runner(root))


def close() -> None:
    """End the helper processes and forget what they gave."""
    for runner in _runners.values():
        runner.close()
    _runners.clear()


@functools.cache
def _executed(path: Path, where: str, uri: str, digest: str) -> str:
    """A folder with a notebook's executed ``.ipynb`` at ``uri``; made once for each content of its source."""
    import nbformat

    from livedocs import notebooks

    notebook = notebooks.execute(path, where)
    folder = Path(tempfile.mkdtemp(prefix="livedocs-notebook-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / uri).parent.mkdir(parents=True)
    nbformat.write(notebook, folder / uri)
    return str(folder)


class Site:
    """One build of the site: MkDocs' events, in the order in which they come.

    Args:
        serving: True under ``mkdocs serve``, which has a temporary site folder of its own.
    """

    def __init__(self, *, serving: bool) -> None:
        self.serving = serving
        self.book: Book
        self.site_dir: Path

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        root = Path(config.config_file_path).resolve().parent
        options = config.mdx_configs.setdefault("livedocs", {})
        self.book = Book(root, root / options.get("snippets", "snippets"), shared_runner(root))
        self.book.runner.start()
        options["book"] = self.book
        config.mdx_configs.setdefault("pymdownx.snippets", {})["base_path"] = [str(self.book.snippets)]
        config.copyright = f"Every output on this site was printed by PyTorch {version('torch')}."
        self.site_dir = Path(config.site_dir)
        if not self.serving:
            config.site_dir = str(self._make_partial())
        return config

    def _make_partial(self) -> Path:
        """An empty folder beside the site folder; the build goes there first."""
        partial = self.site_dir.with_name(self.site_dir.name + PARTIAL)
        try:
            if self.site_dir.exists() and not self.site_dir.is_dir():
                raise NotADirectoryError(None, "it is a file")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
        except OSError as error:
            raise PluginError(str(self._unwritable(error))) from None
        return partial

    def _unwritable(self, error: OSError) -> DocsError:
        return DocsError(
            str(self.site_dir),
            None,
            "the site folder cannot be written",
            got=error.strerror or str(error),
            wanted="a folder that can be made here (site_dir in mkdocs.yml, or --site-dir)",
        )

    def on_files(self, files: Files, config: MkDocsConfig) -> Files:
        """Start every snippet that a page names, and execute the notebooks meanwhile."""
        for module in modules(self.book.root):
            self.book.runner.derive(module)
        if modules(self.book.root):  # named now, so that pages can link to them; filled when all is measured
            for name in DATA:
                files.append(File.generated(config, name, content=""))
        for file in files.documentation_pages():
            lines = file.content_string.split("\n") if file.src_uri.endswith(".md") else []
            try:
                names = [i.path for fence in find_fences(lines, file.src_uri) for i in includes(fence, file.src_uri)]
            except DocsError:
                continue  # told with its line when the page is rendered
            for name in names:
                path = (self.book.snippets / name).resolve()
                if self.book.snippets.resolve() in path.parents and path.is_file():
                    self.book.runner.submit(path)
        for file in list(files):
            if file.src_uri.startswith("notebooks/") and file.src_uri.endswith(".py"):
                files.remove(file)
                files.append(self._notebook(file, config))
        return files

    def _notebook(self, file: File, config: MkDocsConfig) -> File:
        path = Path(file.abs_src_path)
        where = path.resolve().relative_to(self.book.root).as_posix()
        uri = file.src_uri.removesuffix(".py") + ".ipynb"
        try:
            folder = _executed(path, where, uri, hashlib.sha256(path.read_bytes()).hexdigest())
        except DocsError as error:
            raise PluginError(str(error)) from None
        return File(uri, folder, config.site_dir, config.use_directory_urls)

    def on_page_markdown(self, markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
        self.book.page = f"{Path(config.docs_dir).name}/{page.file.src_uri}"
        self.book.offset = page.file.content_string.count("\n") - markdown.count("\n")
        return markdown

    def on_page_content(self, html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
        if not page.file.src_uri.endswith(".ipynb"):
            return html
        from livedocs import notebooks

        return notebooks.to_site_html(html, Path(page.file.src_uri).name, f"docs/{page.file.src_uri}", self.book.glyphs)

    def on_env(self, env, config: MkDocsConfig, files: Files):
        for error in [*self.book.unshown(), *self.book.unplaced()]:
            log.warning(str(error))
        font = math_font("".join(sorted(self.book.glyphs)))
        files.append(File.generated(config, "assets/math.woff2", content=font))
        self._fill_data(config, files)
        return env

    def _fill_data(self, config: MkDocsConfig, files: Files) -> None:
        """Give the data files their content, now that every page has its address."""

        def url(page: str) -> str:
            file = files.get_file_from_path(page)
            return (config.site_url or "") + (file.url if file else page)

        rows = data.rows(self.book.cards(), url)
        for name, write in DATA.items():
            file = files.get_file_from_path(name)
            if file is not None:
                file.content_string = write(rows)

    def on_post_build(self, config: MkDocsConfig) -> None:
        """Put the finished site in its place, unless strict mode is about to reject it."""
        if self.serving:
            return
        counters = [h for h in logging.getLogger("mkdocs").handlers if isinstance(h, CountHandler)]
        if any(counter.get_counts() for counter in counters):
            self._discard(config)
            return
        old = self.site_dir.with_name(self.site_dir.name + ".old")
        try:
            shutil.rmtree(old, ignore_errors=True)
            if self.site_dir.exists():
                self.site_dir.rename(old)
            Path(config.site_dir).rename(self.site_dir)
            shutil.rmtree(old, ignore_errors=True)
        except OSError as error:
            raise PluginError(str(self._unwritable(error))) from None

    def on_build_error(self, error: Exception) -> None:
        """Say it in our words, without a traceback, and leave nothing half-made behind."""
        if hasattr(self, "site_dir") and not self.serving:
            partial = self.site_dir.with_name(self.site_dir.name + PARTIAL)
            shutil.rmtree(partial, ignore_errors=True)
        if isinstance(error, DocsError):
            raise Abort("Nothing was published.") from None  # MkDocs has logged the error already

    def _discard(self, config: MkDocsConfig) -> None:
        shutil.rmtree(config.site_dir, ignore_errors=True)
