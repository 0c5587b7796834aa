"""One build of the site: what happens at each of MkDocs' events, all or nothing.

What notebooks need is imported with the first of them: it takes longer than a page.
"""

from __future__ import annotations

import atexit
import functools
import html
import json
import logging
import posixpath
import re
import shutil
import tempfile
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote, unquote, urljoin

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort, PluginError
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page as MkDocsPage
from mkdocs.structure.toc import AnchorLink
from mkdocs.utils import CountHandler

from livedocs.errors import DocsError
from livedocs.measured import short_name
from livedocs.pages import notebook
from livedocs.pages.fences import find_fences, includes
from livedocs.pages.page import Page, fill, second_cards
from livedocs.pages.project import Project
from livedocs.pages.tables import with_scopes
from livedocs.publish import downloads, kept, picture, policy, print_pages, search
from livedocs.publish.addresses import menu_sections, notebook_uri
from livedocs.publish.mathfont import math_font
from livedocs.publish.print_pages import Part
from livedocs.run.runner import Runner
from livedocs.show import data

log = logging.getLogger("mkdocs.livedocs")

PARTIAL = ".partial"
DATA = {"data/gradients.json": data.to_json, "data/gradients.csv": data.to_csv}


_runners: dict[Path, Runner] = {}
_entries: dict[str, tuple[Hashable, list[dict]]] = {}  # by page: what it was, and what the search found in it
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
def _room() -> Path:
    """A folder for executed notebooks: mkdocs-jupyter reads files."""
    folder = Path(tempfile.mkdtemp(prefix="livedocs-notebooks-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _address(page: MkDocsPage, link: str, *, files: Files, site_url: str | None) -> str:
    """The address of what a page links to, for its notebook: on the site, or relative to where the notebook stands."""
    path, mark, anchor = link.partition("#")
    source = posixpath.normpath(posixpath.join(posixpath.dirname(page.file.src_uri), unquote(path)))
    file = files.get_file_from_path(source) if path else page.file
    if file is None:  # none of the site's
        return link
    here = posixpath.dirname(page.file.dest_uri) or "."
    address = urljoin(site_url, file.url) if site_url else quote(posixpath.relpath(file.dest_uri, here))
    return address + mark + anchor if anchor else address


@dataclass(frozen=True)
class Chapter:
    """A section of the menu with more than one page, and the page that holds them all."""

    pages: list[MkDocsPage]
    whole: MkDocsPage

    @property
    def parts(self) -> list[Part]:
        """Its pages, as livedocs.publish.print_pages knows them."""
        return [Part(page.file.src_uri, page.url) for page in self.pages]


class Site:
    """One build of the site: MkDocs' events, in the order in which they come.

    Args:
        serving: True under ``mkdocs serve``, which has a temporary site folder of its own.
    """

    def __init__(self, *, serving: bool) -> None:
        self.serving = serving
        self.project: Project
        self.site_dir: Path
        self.pages: dict[str, Page] = {}  # ours, by the source of MkDocs'
        self.made_of: dict[str, Hashable] = {}  # by page: what its rendering depends on
        self.executed: dict[str, Future] = {}  # by page: its notebook
        self.chapters: list[Chapter] = []
        self.whole: tuple[str, dict] | None = None  # a page's content and meta while the search plugin reads it

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        root = Path(config.config_file_path).resolve().parent
        options = config.mdx_configs.setdefault("livedocs", {})
        snippets = root / options.get("snippets", "snippets")
        self.project = Project(root, snippets, shared_runner(root), chapters=menu_sections(config.nav))
        config.mdx_configs.setdefault("pymdownx.snippets", {})["base_path"] = [str(self.project.snippets)]
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
        """Start every notebook, every snippet that a page names, and every module of rules."""
        for file in list(files):
            if file.src_uri.startswith("notebooks/") and file.src_uri.endswith(".py"):
                files.remove(file)
                files.append(self._notebook(file, config))
        measured = self.project.measure()
        uris = frozenset(file.src_uri for file in files)
        config_text = Path(config.config_file_path).read_bytes()
        if measured:  # named now, so that pages can link to them; filled when all is measured
            for name in DATA:
                files.append(File.generated(config, name, content=""))
        files.append(File.generated(config, downloads.ARCHIVE, content=b""))
        for file in files.documentation_pages():
            lines = file.content_string.split("\n") if file.src_uri.endswith(".md") else []
            if any(line.startswith("/// explorer") for line in lines):
                self.project.explorer = self._name(file, config)
            runs = tuple(self._runs(lines, file.src_uri))
            made = self.executed.get(file.src_uri)
            self.made_of[file.src_uri] = (*lines, runs, self._rules(lines, file, measured), made, uris, config_text)
        return files

    def _name(self, file: File, config: MkDocsConfig) -> str:
        """A page's name in error messages."""
        return f"{Path(config.docs_dir).name}/{file.src_uri}"

    def _runs(self, lines: list[str], where: str) -> Iterable[Future]:
        """Start the snippets that a page names. The runner gives the same future again for what has not changed."""
        try:
            names = [include.path for fence in find_fences(lines, where) for include in includes(fence, where)]
        except DocsError:
            return  # told with its line when the page is rendered
        for name in names:
            path = (self.project.snippets / name).resolve()
            if self.project.snippets in path.parents and path.is_file():
                yield self.project.runner.submit(path)

    def _rules(self, lines: list[str], file: File, measured: dict[str, Future]) -> tuple[Future, ...]:
        """What a page shows of the rules: its own module, where it has nothing but cards, or all of them."""
        blocks = {line.split()[1] for line in lines if line.startswith("/// ") and len(line.split()) > 1}
        if not blocks:
            return ()
        own = measured.get(file.src_uri)
        return (own,) if blocks == {"rule"} and own is not None else tuple(measured.values())

    def _notebook(self, file: File, config: MkDocsConfig) -> File:
        """The executed notebook in place of its source; it is there once its page is asked for."""
        from livedocs.pages import jupyter

        uri = file.src_uri.removesuffix(".py") + ".ipynb"
        self.executed[uri] = jupyter.execute(self.project.runner, Path(file.abs_src_path))
        (_room() / uri).parent.mkdir(parents=True, exist_ok=True)
        return File(uri, str(_room()), config.site_dir, config.use_directory_urls)

    def on_nav(self, nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
        for section in nav.items:
            pages = list(_pages(section)) if isinstance(section, Section) else []
            if len(pages) < 2:
                continue
            sources = [page.file.src_uri for page in pages]
            try:
                uri = print_pages.print_uri(section.title, sources, lambda name: name in files.src_uris)
            except DocsError as error:
                raise PluginError(str(error)) from None
            text = print_pages.source_text(section.title, len(pages))
            file = File.generated(config, uri, content=text, inclusion=InclusionLevel.NOT_IN_NAV)
            files.append(file)
            self.chapters.append(Chapter(pages, MkDocsPage(None, file, config)))
        return nav

    def on_pre_page(self, page: MkDocsPage, config: MkDocsConfig, files: Files) -> MkDocsPage:
        """Write the notebook that mkdocs-jupyter is about to read."""
        executed = self.executed.get(page.file.src_uri)
        if executed is not None:
            try:
                text = json.dumps(executed.result(), ensure_ascii=False, indent=1) + "\n"
            except DocsError as error:
                raise PluginError(str(error)) from None
            Path(page.file.abs_src_path).write_text(text, encoding="utf-8")
        return page

    def on_page_markdown(self, markdown: str, page: MkDocsPage, config: MkDocsConfig, files: Files) -> str:
        uri = page.file.src_uri
        offset = page.file.content_string.count("\n") - markdown.count("\n")
        ours = Page(self.project, self._name(page.file, config), offset, aside=True)
        self._take(uri, ours)
        config.mdx_configs["livedocs"]["page"] = ours
        if self.serving and uri in self.made_of:
            kept.keep(page, ours, self.made_of[uri], functools.partial(self._take, uri))
        if uri in self.executed:
            page.meta.update(self.executed[uri].result()["metadata"]["front_matter"])
        if "description" in page.meta:  # the theme puts it into an attribute as it is
            page.meta["description"] = html.escape(page.meta["description"])
        return markdown

    def _take(self, uri: str, page: Page) -> None:
        self.pages[uri] = page

    def on_page_content(self, html: str, page: MkDocsPage, config: MkDocsConfig, files: Files) -> str:
        ours = self.pages[page.file.src_uri]
        self._shorten(page.toc, ours)
        if page.file.src_uri in self.executed:
            from livedocs.pages import jupyter

            if page.edit_url:  # that of its source, not that of what was made of it
                page.edit_url = page.edit_url.removesuffix(".ipynb") + ".py"
            html = self._name_pages(jupyter.to_site_html(html, ours), page, files)
        return with_scopes(html)

    def _name_pages(self, html: str, page: MkDocsPage, files: Files) -> str:
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

    def _shorten(self, items: Iterable[AnchorLink], page: Page) -> None:
        """Leave the module out of a card's entry in the table of contents: 12 em have no room for it."""
        for item in items:
            if item.title in page.placed:
                item.title = short_name(item.title)
                item.typeset = None
            self._shorten(item.children, page)

    def on_post_page(self, output: str, page: MkDocsPage, config: MkDocsConfig) -> str:
        for chapter in self.chapters:
            if chapter.whole is page:
                late = {key: text for part in chapter.parts for key, text in self.pages[part.source].late.items()}
                return print_pages.unite(fill(output, late), chapter.parts, page.url)
        ours = self.pages.get(page.file.src_uri)
        return fill(output, ours.late) if ours else output

    def on_env(self, env, config: MkDocsConfig, files: Files):
        env.bytecode_cache = kept.TEMPLATES
        pages = self.pages.values()
        shown = {section for page in pages for section in page.shown}
        placed = {name for page in pages for name in page.placed}
        for error in [*second_cards(pages), *self.project.unshown(shown), *self.project.unplaced(placed)]:
            log.warning(str(error))
        font = math_font("".join(sorted({glyph for page in pages for glyph in page.glyphs})))
        files.append(File.generated(config, "assets/math.woff2", content=font))
        files.append(File.generated(config, "assets/picture.png", content=picture.draw()))
        self._fill_data(config, files)
        self._fill_explorer(config, files)
        self._write_notebooks(config, files)
        self._name_for_the_search(files)
        for chapter in self.chapters:
            parts = zip(chapter.parts, chapter.pages, strict=True)
            content = [(part, str(page.title), page.content) for part, page in parts]
            chapter.whole.content = print_pages.with_parts(chapter.whole.content, content)
            chapter.whole.canonical_url = chapter.whole.abs_url = None  # the sitemap leaves out what has no address
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
            if file.src_uri in self.executed:
                content = notebook.for_download(self.executed[file.src_uri].result(), link, about)
            else:
                content = self._notebook_of(page, link, about)
            files.append(File.generated(config, notebook_uri(file.src_uri, file.dest_uri), content=content))

    def _notebook_of(self, page: MkDocsPage, link: Callable[[str], str], about: str) -> str:
        """A Markdown page as a notebook; made again only if something in it has changed."""
        uri = page.file.src_uri
        made_of = about, self.made_of.get(uri)
        if made_of[1] is None or uri not in _notebooks or _notebooks[uri][0] != made_of:
            text = page.markdown
            if not re.search(r"^# ", text, re.MULTILINE):
                text = f"# {page.title}\n\n{text}"
            _notebooks[uri] = made_of, notebook.to_notebook(text, self.pages[uri], link, about)
        return _notebooks[uri][1]

    def on_page_context(self, context: dict, page: MkDocsPage, config: MkDocsConfig, nav) -> dict:
        """Tell the template where the page's notebook is, and where Colab opens it."""
        uri = notebook_uri(page.file.src_uri, page.file.dest_uri)
        branch = config.extra.get("notebook_branch", config.remote_branch)
        colab = notebook.colab_address(config.repo_url or "", branch, uri)
        if not any(chapter.whole is page for chapter in self.chapters):
            context["notebook"] = {"file": posixpath.basename(uri), "colab": colab}
        return context

    def before_search(self, page: MkDocsPage, config: MkDocsConfig) -> None:
        """Let MkDocs' search plugin read a page that is quick to parse, or, for one that it knows, nothing."""
        plugin = config.plugins.get("material/search") or config.plugins.get("search")
        if plugin is None:
            return
        self.whole = page.content, page.meta
        key = page.file.src_uri, page.content, page.url, str(page.title), repr(page.meta)
        self.entries = plugin.search_index.entries
        self.known = _entries.get(page.file.src_uri) if self.serving else None
        self.fresh = key, len(self.entries)
        if self.known is not None and self.known[0] == key:
            self.entries.extend(dict(entry) for entry in self.known[1])
            page.meta = {**page.meta, "search": {"exclude": True}}
        page.content = search.for_the_plugin(page.content)

    def after_search(self, page: MkDocsPage) -> None:
        """Put back what the search plugin was not to read, and keep what it found."""
        if self.whole is None:
            return
        key, first = self.fresh
        _entries[page.file.src_uri] = key, [dict(entry) for entry in self.entries[first:]]
        page.content, page.meta = search.without_marks(self.whole[0]), self.whole[1]
        self.whole = None

    def _name_for_the_search(self, files: Files) -> None:
        """Note where people are to find what: cards by their functions' names, pages by those of their front matter."""
        pages = {file.src_uri: file for file in files.documentation_pages()}
        placed = {name: pages[uri].url for uri, page in self.pages.items() for name in page.placed}
        self.search_names = search.names_of_cards(self.project.rules.values(), placed)
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

        rows = data.data_rows(self.project.rules, url)
        for name, write in DATA.items():
            file = files.get_file_from_path(name)
            if file is not None:
                file.content_string = write(rows)

    def _fill_explorer(self, config: MkDocsConfig, files: Files) -> None:
        """Add the values that the explorer draws, if a page holds it."""
        if not self.project.explorer:
            return

        def url(page: str) -> str:
            file = files.get_file_from_path(page)
            return file.url if file else page

        for name, text in data.explorer_files(self.project.rules, url).items():
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
            search.finish(built, self.search_names, self.search_worker)
        try:
            if not self.serving:  # mkdocs serve puts a script of its own into every page that it sends
                policy.enforce(built)
        except DocsError as error:
            raise PluginError(str(error)) from None
        downloads.write_archive(built)

    def on_build_error(self, error: Exception) -> None:
        """Say it in our words, without a traceback, and leave nothing half-made behind."""
        if hasattr(self, "site_dir") and not self.serving:
            partial = self.site_dir.with_name(self.site_dir.name + PARTIAL)
            shutil.rmtree(partial, ignore_errors=True)
        if isinstance(error, DocsError):
            raise Abort("Nothing was published.") from None  # MkDocs has logged the error already

    def _discard(self, config: MkDocsConfig) -> None:
        shutil.rmtree(config.site_dir, ignore_errors=True)


def _pages(section: Section) -> Iterable[MkDocsPage]:
    for child in section.children:
        if isinstance(child, Section):
            yield from _pages(child)
        elif isinstance(child, MkDocsPage):
            yield child
