"""What MkDocs has to be told: the state that pages share, notebooks, errors, and all-or-nothing publishing.

What notebooks need is imported with the first of them: it takes longer than a page.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import html
import logging
import posixpath
import re
import shutil
import tempfile
from collections.abc import Callable, Hashable, Iterable
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote, unquote, urljoin

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort, PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import AnchorLink
from mkdocs.utils import CountHandler

from livedocs import chapters, kept, offline, page_notebooks, picture, policy, search
from livedocs.errors import DocsError
from livedocs.extension import Book
from livedocs.fences import find_fences, includes
from livedocs.formulas import math_font
from livedocs.runner import Runner, modules
from livedocs.show import data, explorer

log = logging.getLogger("mkdocs.livedocs")

PARTIAL = ".partial"
DATA = {"data/gradients.json": data.to_json, "data/gradients.csv": data.to_csv}


_runners: dict[Path, Runner] = {}
_notebooks: dict[str, tuple[Hashable, str]] = {}  # by page: what its notebook was made from, and the notebook


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


def _where(page: Page, config: MkDocsConfig) -> str:
    """A page's name in error messages."""
    return f"{Path(config.docs_dir).name}/{page.file.src_uri}"


def _notebook_uri(file: File) -> str:
    """Where the notebook of a page stands in the site: beside the page, under its name."""
    name = posixpath.splitext(posixpath.basename(file.src_uri))[0]
    return posixpath.join(posixpath.dirname(file.dest_uri), name + ".ipynb")


def _address(page: Page, link: str, *, files: Files, site_url: str | None) -> str:
    """The address of what a page links to, for its notebook: on the site, or relative to where the notebook stands."""
    path, mark, anchor = link.partition("#")
    source = posixpath.normpath(posixpath.join(posixpath.dirname(page.file.src_uri), unquote(path)))
    file = files.get_file_from_path(source) if path else page.file
    if file is None:  # none of the site's
        return link
    here = posixpath.dirname(page.file.dest_uri) or "."
    address = urljoin(site_url, file.url) if site_url else quote(posixpath.relpath(file.dest_uri, here))
    return address + mark + anchor if anchor else address


def _with_scopes(html: str) -> str:
    """A page whose table headers all say what they head: neither Markdown nor a notebook's tables do."""

    def part(match: re.Match[str]) -> str:
        scope = "col" if match[1] == "thead" else "row"
        return re.sub(r"<th(?=[\s>])(?![^>]*\sscope=)", f'<th scope="{scope}"', match[0])

    return re.sub(r"<(thead|tbody)\b.*?</\1>", part, html, flags=re.DOTALL)


class Site:
    """One build of the site: MkDocs' events, in the order in which they come.

    Args:
        serving: True under ``mkdocs serve``, which has a temporary site folder of its own.
    """

    def __init__(self, *, serving: bool) -> None:
        self.serving = serving
        self.book: Book
        self.site_dir: Path
        self.made_of: dict[str, Hashable] = {}  # by page: what its rendering depends on
        self.chapters: list[chapters.Chapter] = []

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        root = Path(config.config_file_path).resolve().parent
        options = config.mdx_configs.setdefault("livedocs", {})
        self.book = Book(root, root / options.get("snippets", "snippets"), shared_runner(root))
        self.book.late = {}
        self.book.chapters = explorer.menu_sections(config.nav)
        self.book.runner.start()
        options["book"] = self.book
        config.mdx_configs.setdefault("pymdownx.snippets", {})["base_path"] = [str(self.book.snippets)]
        config.copyright = f"Every output on this site was printed by PyTorch {version('torch')}."
        if not config.repo_url:
            config.edit_uri = None  # without a repository there is nothing to edit
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
        derived = tuple(self.book.runner.derive(module) for module in modules(self.book.root))
        uris = frozenset(file.src_uri for file in files)
        config_text = Path(config.config_file_path).read_bytes()
        if modules(self.book.root):  # named now, so that pages can link to them; filled when all is measured
            for name in DATA:
                files.append(File.generated(config, name, content=""))
        files.append(File.generated(config, offline.ARCHIVE, content=b""))
        for file in files.documentation_pages():
            lines = file.content_string.split("\n") if file.src_uri.endswith(".md") else []
            if any(line.startswith("/// explorer") for line in lines):
                self.book.explorer = f"{Path(config.docs_dir).name}/{file.src_uri}"
            try:
                names = [i.path for fence in find_fences(lines, file.src_uri) for i in includes(fence, file.src_uri)]
            except DocsError:
                continue  # told with its line when the page is rendered
            paths = [(self.book.snippets / name).resolve() for name in names]
            runs = tuple(
                self.book.runner.submit(path)
                for path in paths
                if self.book.snippets.resolve() in path.parents and path.is_file()
            )
            # The runner gives the same future again for what has not changed.
            rules = derived if any("/// " in line for line in lines) else ()
            self.made_of[file.src_uri] = (*lines, runs, rules, uris, config_text)
        for file in list(files):
            if file.src_uri.startswith("notebooks/") and file.src_uri.endswith(".py"):
                files.remove(file)
                notebook = self._notebook(file, config)
                files.append(notebook)
                self.made_of[notebook.src_uri] = (notebook.abs_src_path, uris, config_text)
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

    def on_nav(self, nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
        try:
            self.chapters = chapters.plan(nav, files, config)
        except DocsError as error:
            raise PluginError(str(error)) from None
        return nav

    def on_page_markdown(self, markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
        self.book.page = _where(page, config)
        self.book.offset = page.file.content_string.count("\n") - markdown.count("\n")
        if self.serving and page.file.src_uri in self.made_of:
            kept.keep(page, self.book, self.made_of[page.file.src_uri])
        if page.file.src_uri.endswith(".ipynb"):
            from livedocs import notebooks

            page.meta.update(notebooks.front_matter(Path(page.file.abs_src_path)))
        if "description" in page.meta:  # the theme puts it into an attribute as it is
            page.meta["description"] = html.escape(page.meta["description"])
        return markdown

    def on_page_content(self, html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
        self._shorten(page.toc)
        if page.file.src_uri.endswith(".ipynb"):
            from livedocs import notebooks

            if page.edit_url:  # that of its source, not that of what was made of it
                page.edit_url = page.edit_url.removesuffix(".ipynb") + ".py"
            html = self._name_pages(notebooks.to_site_html(html, f"docs/{page.file.src_uri}", self.book), page, files)
        return _with_scopes(html)

    def _name_pages(self, html: str, page: Page, files: Files) -> str:
        """Turn a notebook's links to ``.md`` files into addresses, as MkDocs does on its own pages."""

        def address(match: re.Match[str]) -> str:
            uri = posixpath.normpath(posixpath.join(posixpath.dirname(page.file.src_uri), match[1]))
            target = files.get_file_from_path(uri)
            if target is None:
                where = f"docs/{page.file.src_uri}".removesuffix(".ipynb") + ".py"
                log.warning(str(DocsError(where, None, "a link to no page", got=match[1], wanted="a page in docs/")))
                return match[0]
            return f'href="{target.url_relative_to(page.file)}{match[2] or ""}"'

        return re.sub(r'href="([^":#?]+\.md)(#[^"]*)?"', address, html)

    def _shorten(self, items: Iterable[AnchorLink]) -> None:
        """Leave the module out of a card's entry in the table of contents: 12 em have no room for it."""
        for item in items:
            if item.title in self.book.placed:
                item.title = re.sub(r"^torch\.(nn\.functional\.|special\.)?", "", item.title)
                item.typeset = None
            self._shorten(item.children)

    def on_post_page(self, output: str, page: Page, config: MkDocsConfig) -> str:
        output = self.book.fill(output)
        for chapter in self.chapters:
            if chapter.whole is page:
                return chapter.unite(output)
        return output

    def on_env(self, env, config: MkDocsConfig, files: Files):
        env.bytecode_cache = kept.TEMPLATES
        for error in [*self.book.unshown(), *self.book.unplaced()]:
            log.warning(str(error))
        font = math_font("".join(sorted(self.book.glyphs)))
        files.append(File.generated(config, "assets/math.woff2", content=font))
        files.append(File.generated(config, "assets/picture.png", content=picture.draw()))
        self._fill_data(config, files)
        self._fill_explorer(config, files)
        self._write_notebooks(config, files)
        self._name_for_the_search(files)
        for chapter in self.chapters:
            chapter.fill()
        env.globals["chapters"] = {page.file.src_uri: chapter for chapter in self.chapters for page in chapter.pages}
        env.globals["theme_search_worker"] = self.search_worker
        return env

    def _write_notebooks(self, config: MkDocsConfig, files: Files) -> None:
        """Every page as a notebook, beside the page."""
        release = version("torch")
        for file in files.documentation_pages():
            page = file.page
            if page is None or page.markdown is None or any(chapter.whole is page for chapter in self.chapters):
                continue
            link = functools.partial(_address, page, files=files, site_url=config.site_url)
            about = f"---\n\nA page of {config.site_name}: [{page.title}]({link('#')}). "
            about += f"Its outputs were printed by PyTorch {release}."
            if file.src_uri.endswith(".ipynb"):
                executed = Path(file.abs_src_path).read_text(encoding="utf-8")
                content = page_notebooks.for_download(executed, link, about)
            else:
                content = self._notebook_of(page, link, about, _where(page, config))
            files.append(File.generated(config, _notebook_uri(file), content=content))

    def _notebook_of(self, page: Page, link: Callable[[str], str], about: str, where: str) -> str:
        """A Markdown page as a notebook; made again only if something in it has changed."""
        uri = page.file.src_uri
        made_of = about, self.made_of.get(uri)
        if made_of[1] is None or uri not in _notebooks or _notebooks[uri][0] != made_of:
            text = page.markdown
            if not re.search(r"^# ", text, re.MULTILINE):
                text = f"# {page.title}\n\n{text}"
            _notebooks[uri] = made_of, page_notebooks.to_notebook(text, self.book, where, link, about)
        return _notebooks[uri][1]

    def on_page_context(self, context: dict, page: Page, config: MkDocsConfig, nav) -> dict:
        """Tell the template where the page's notebook is, and where Colab opens it."""
        uri = _notebook_uri(page.file)
        branch = config.extra.get("notebook_branch", config.remote_branch)
        colab = page_notebooks.colab_address(config.repo_url or "", branch, uri)
        if not any(chapter.whole is page for chapter in self.chapters):
            context["notebook"] = {"file": posixpath.basename(uri), "colab": colab}
        return context

    def _name_for_the_search(self, files: Files) -> None:
        """Note where people are to find what: cards by their functions' names, pages by those of their front matter."""
        pages = {file.src_uri: file for file in files.documentation_pages()}
        placed = {name: pages[page.partition("/")[2]].url for name, page in self.book.placed.items()}
        self.search_names = search.names_of_cards(self.book.rules.values(), placed)
        try:
            self.search_worker = search.theme_worker(file.src_uri for file in files)
            for uri, file in pages.items():
                self.search_names[file.url] = search.names_of_page(f"docs/{uri}", file.page.meta)
        except DocsError as error:
            raise PluginError(str(error)) from None

    def _fill_data(self, config: MkDocsConfig, files: Files) -> None:
        """Give the data files their content, now that every page has its address."""

        def url(page: str) -> str:
            file = files.get_file_from_path(page)
            return (config.site_url or "") + (file.url if file else page)

        rows = data.data_rows(self.book.rules, url)
        for name, write in DATA.items():
            file = files.get_file_from_path(name)
            if file is not None:
                file.content_string = write(rows)

    def _fill_explorer(self, config: MkDocsConfig, files: Files) -> None:
        """Add the values that the explorer draws, if a page holds it."""
        if not self.book.explorer:
            return

        def url(page: str) -> str:
            file = files.get_file_from_path(page)
            return file.url if file else page

        for name, text in data.explorer_files(self.book.rules, url).items():
            files.append(File.generated(config, name, content=text))

    def on_post_build(self, config: MkDocsConfig) -> None:
        """Put the finished site in its place, unless strict mode is about to reject it."""
        if self.serving:
            self._wrap_up(config)
            return
        counters = [h for h in logging.getLogger("mkdocs").handlers if isinstance(h, CountHandler)]
        if any(counter.get_counts() for counter in counters):
            self._discard(config)
            return
        self._wrap_up(config)
        old = self.site_dir.with_name(self.site_dir.name + ".old")
        try:
            shutil.rmtree(old, ignore_errors=True)
            if self.site_dir.exists():
                self.site_dir.rename(old)
            Path(config.site_dir).rename(self.site_dir)
            shutil.rmtree(old, ignore_errors=True)
        except OSError as error:
            raise PluginError(str(self._unwritable(error))) from None

    def _wrap_up(self, config: MkDocsConfig) -> None:
        """What is made of the whole site: what the search needs, the security policy, the copy for reading offline."""
        built = Path(config.site_dir)
        if (built / search.INDEX).exists():
            search.complete(built, self.search_names, self.search_worker)
            offline.add_search_script(built)  # a folder has it in one piece
            search.split(built)
        try:
            if not self.serving:  # mkdocs serve puts a script of its own into every page that it sends
                policy.enforce(built)
        except DocsError as error:
            raise PluginError(str(error)) from None
        offline.write_archive(built)

    def on_build_error(self, error: Exception) -> None:
        """Say it in our words, without a traceback, and leave nothing half-made behind."""
        if hasattr(self, "site_dir") and not self.serving:
            partial = self.site_dir.with_name(self.site_dir.name + PARTIAL)
            shutil.rmtree(partial, ignore_errors=True)
        if isinstance(error, DocsError):
            raise Abort("Nothing was published.") from None  # MkDocs has logged the error already

    def _discard(self, config: MkDocsConfig) -> None:
        shutil.rmtree(config.site_dir, ignore_errors=True)
