"""One build of the site: what happens at each of MkDocs' events, all or nothing.

What notebooks and the font need is imported where it is used: it takes longer than a page.
"""

from __future__ import annotations

import atexit
import base64
import contextlib
import errno
import functools
import html
import json
import logging
import os
import posixpath
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort, MkDocsException, PluginError
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page as MkDocsPage
from mkdocs.structure.toc import AnchorLink, TableOfContents
from mkdocs.utils import CountHandler
from pymdownx.snippets import SnippetMissingError

from livedocs.errors import DocsError
from livedocs.measured import short_name
from livedocs.pages import notebook
from livedocs.pages.blocks import AROUND, LISTS
from livedocs.pages.fences import find_fences, includes
from livedocs.pages.highlighting import finish_code
from livedocs.pages.listing import Listed, Reader
from livedocs.pages.page import Page, fill, second_cards
from livedocs.pages.project import Project
from livedocs.pages.tables import finish_tables
from livedocs.publish import (
    content,
    downloads,
    feed,
    inventory,
    kept,
    links,
    picture,
    policy,
    print_pages,
    search,
    sources,
    texts,
)
from livedocs.publish.addresses import address_of, menu_sections, notebook_uri, with_addresses
from livedocs.publish.folder import SiteFolder
from livedocs.publish.lines import WithLines
from livedocs.publish.markup import as_scripts_leave_it, check_whole, conforming
from livedocs.publish.print_pages import Chapter
from livedocs.publish.progress import Progress
from livedocs.publish.templates import Templates
from livedocs.run import leftovers
from livedocs.run.runner import Runner
from livedocs.run.store import digest, digest_of_glue
from livedocs.show import data

log = logging.getLogger("mkdocs.livedocs")

DATA = {"data/gradients.json": data.to_json, "data/gradients.csv": data.to_csv}

# What the theme would ship and nothing of this site asks for: its search, in whose place stands
# docs/assets/search_worker.js, a favicon beside the site's own, and maps of style sheets that do not name them.
UNUSED = (
    "assets/javascripts/lunr/*",
    "assets/images/favicon.png",
    "assets/stylesheets/*.map",
    f"{search.THEME_WORKER}*",
)

FILE_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ENOENT)
NEEDED = ("pymdownx.snippets", "pymdownx.superfences", "pymdownx.arithmatex", "livedocs")  # what pages are written in
OWN = {"rule", "points"}  # blocks that show no rules but those of their page

Job = tuple[str, Future]  # the file that it is about, below the root, and its result

_runners: dict[Path, Runner] = {}
_kept: dict[Path, kept.Kept] = {}


def shared_runner(root: Path) -> Runner:
    """One runner for all builds of this process: ``mkdocs serve`` runs again only what has changed."""
    return _runners.setdefault(root, Runner(root))


def shared_kept(root: Path) -> kept.Kept:
    """What the builds of this process have made, and what the store has of earlier ones."""
    return _kept.setdefault(root, kept.Kept(root, shared_runner(root).store))


def close() -> None:
    """End the helper processes and forget what they gave."""
    for runner in _runners.values():
        runner.close()
    _runners.clear()
    _kept.clear()


@functools.cache
def _room() -> Path:
    """A folder for executed notebooks: mkdocs-jupyter reads files."""
    folder = leftovers.room()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


class Site:
    """One build of the site: MkDocs' events, in the order in which they come.

    Args:
        serving: True under ``mkdocs serve``, which has a temporary site folder of its own.
    """

    def __init__(self, *, serving: bool) -> None:
        self.serving = serving
        self.project: Project
        self.folder: SiteFolder
        self.pages: dict[str, Page] = {}  # ours, by the source of MkDocs'
        self.jobs: dict[str, list[Job]] = {}  # by page: what has to be run for it
        self.signatures: dict[str, str | None] = {}  # by page: what its rendering depends on, if all of that is there
        self.common = ""  # what the rendering of every page depends on
        self.executed: dict[str, Future] = {}  # by page: its notebook
        self.order: list[str] = []  # the pages, as MkDocs has them
        self.lists: set[str] = set()  # the pages that are made of what the others say
        self.around: set[str] = set()  # the pages that are made of files that no job stands for
        self.notebooks: dict[str, str] = {}  # of each page, by its name in the site
        self.chapters: list[Chapter] = []
        self.texts: dict[str, str] = {}  # pages as Markdown, by their names in the site
        self.rendering = False  # while MkDocs makes the pages' HTML of Markdown, and logs what fails
        self.reading: search.Reading | None = None  # while the search plugin reads a page

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        root = Path(config.config_file_path).resolve().parent
        WithLines(Path(config.docs_dir)).install()
        self.began = sources.stamps(map(Path, (config.docs_dir, config.config_file_path, *config.watch)))
        if missing := [name for name in NEEDED if name not in config.markdown_extensions]:
            where, wanted = Path(config.config_file_path).name, "all of: " + ", ".join(NEEDED)
            with _plainly():
                raise DocsError(where, None, "markdown_extensions", got=f"no {', '.join(missing)}", wanted=wanted)
        with _plainly():
            sources.check_titles(config, Path(config.config_file_path).name)
        options = config.mdx_configs.setdefault("livedocs", {})
        snippets = root / options.get("snippets", "snippets")
        self.project = Project(
            root, snippets, shared_runner(root), chapters=menu_sections(config.nav, tabs=_has_tabs(config))
        )
        self.kept = shared_kept(root)
        config.mdx_configs.setdefault("pymdownx.snippets", {})["base_path"] = [str(self.project.snippets)]
        self.torch = version("torch")
        config.copyright = f"Every output on this site was printed by PyTorch {self.torch}."
        if not config.repo_url:
            config.edit_uri = None  # without a repository there is nothing to edit
        self.asked, self.done = Counter(self.project.runner.asked), Counter(self.project.runner.done)
        self.progress = Progress(self._counts)
        self.progress.start()
        self.folder = SiteFolder(Path(config.site_dir))
        if self.serving:
            leftovers.note_served(Path(config.site_dir))
            self._keep_names_of_templates(config)
        else:
            with _plainly():
                config.site_dir = str(self.folder.begin())
        return config

    def _counts(self) -> dict[str, tuple[int, int]]:
        """What this build has done so far, and what it has to do."""
        runner = self.project.runner
        names = {"rules": "modules of rules measured", "snippets": "snippets run", "docs": "notebooks run"}
        found = {
            name: (runner.done[kind] - self.done[kind], runner.asked[kind] - self.asked[kind])
            for kind, name in names.items()
        }
        return {**found, "pages rendered": (len(self.pages.keys() & self.jobs.keys()), len(self.jobs))}

    def on_files(self, files: Files, config: MkDocsConfig) -> Files:
        """Start every notebook, every snippet that a page names, and every module of rules."""
        scripts = [f for f in files if f.src_uri.startswith("notebooks/") and f.src_uri.endswith(".py")]
        for file in scripts:
            files.remove(file)
            files.append(self._notebook(file, config))
        for file in files:
            is_data = file.src_uri.endswith((".json", ".svg", ".xml")) and file.inclusion.is_included()
            if is_data and Path(file.abs_src_path or "").is_relative_to(config.docs_dir):
                with _plainly():
                    sources.check_data(Path(file.abs_src_path), self._name(file, config))
        for file in files:  # a notebook is no page until mkdocs-jupyter says so
            if file.src_uri.endswith(".ipynb") and file.src_uri not in self.executed and file.inclusion.is_included():
                with _plainly():
                    sources.check_notebook(Path(file.abs_src_path), self._name(file, config))
        blocks = {}
        for file in files.documentation_pages():
            if file.src_uri.endswith(".md"):
                with _plainly():
                    sources.check(
                        lambda file=file: file.content_string, self._name(file, config), Path(config.docs_dir)
                    )
                blocks[file] = set(re.findall(r"(?m)^[ \t>]*/{3,}[ \t]*([\w-]+)", file.content_string))
                if "explorer" in blocks[file]:
                    self.project.explorer = self._name(file, config)
        # What shows all rules is rendered late: the other pages are done meanwhile. What shows other pages comes last.
        self.order = [file.src_uri for file in files.documentation_pages()]
        waiting = {file.src_uri for file, kinds in blocks.items() if kinds - OWN}
        self.lists = {file.src_uri for file, kinds in blocks.items() if kinds & LISTS}
        self.around = {file.src_uri for file, kinds in blocks.items() if kinds & AROUND}
        pages = [uri for uri in sorted(self.order, key=waiting.__contains__) if uri not in self.lists]
        _reorder(files, [*pages, *self.executed, *(uri for uri in self.order if uri in self.lists)])
        modules = self.project.rule_files()
        measured: dict[str, Future] = {}
        for file in files.documentation_pages():  # in this order, so that the first pages wait for few
            if file in blocks:
                self.jobs[file.src_uri] = list(self._runs(file.content_string.split("\n"), file.src_uri))
                if file.src_uri in modules:
                    measured[file.src_uri] = self.project.measure(modules[file.src_uri])
        measured |= {uri: self.project.measure(module) for uri, module in modules.items() if uri not in measured}
        for file, kinds in blocks.items():
            self.jobs[file.src_uri] += self._rules(kinds, file, measured)
        if measured:  # named now, so that pages can link to them; filled when all is measured
            for name in DATA:
                files.append(File.generated(config, name, content=""))
        files.append(File.generated(config, downloads.ARCHIVE, content=b""))
        settings = {name: value for name, value in config.mdx_configs.items() if name != "livedocs"}
        self.common = digest(
            *sorted(f"{file.src_uri} {file.url}" for file in files),
            repr(config.markdown_extensions),
            repr(settings),
            Path(config.config_file_path).read_bytes(),
            f"{config.site_url} {config.repo_url} {self.project.explorer}",
            digest_of_glue("pages", "publish", "run", "show", "errors.py", "measured.py", "progress.py", "verdicts.py"),
        )
        self.kept.common = self.common
        self.rendering = True
        return files

    def _name(self, file: File, config: MkDocsConfig) -> str:
        """A page's name in error messages."""
        uri = file.src_uri
        if uri in self.executed:  # a notebook is written as Python
            uri = uri.removesuffix(".ipynb") + ".py"
        return f"{Path(config.docs_dir).name}/{uri}"

    def _runs(self, lines: list[str], where: str) -> Iterable[Job]:
        """Start the snippets that a page names."""
        try:
            names = [include.path for fence in find_fences(lines, where) for include in includes(fence, where)]
        except DocsError:
            return  # told with its line when the page is rendered
        for name in dict.fromkeys(names):
            path = Path(os.path.realpath(self.project.snippets / name))
            if self.project.snippets in path.parents and path.is_file():
                yield path.relative_to(self.project.root).as_posix(), self.project.runner.submit(path)

    def _rules(self, blocks: set[str], file: File, measured: dict[str, Future]) -> list[Job]:
        """What a page shows of the rules: its own module, where it has nothing but cards, or all of them."""
        if not blocks:
            return []
        own = {file.src_uri} if blocks <= OWN and file.src_uri in measured else set(measured)
        return [(f"rules/{uri.removesuffix('.md')}.py", measured[uri]) for uri in measured if uri in own]

    def _signature(self, page: MkDocsPage, markdown: str) -> str | None:
        """What a page's rendering depends on, once all of that is there; None if something of it has failed."""
        jobs = self.jobs.get(page.file.src_uri, [])
        if any(future.exception() for _, future in jobs):
            return None
        if page.file.src_uri in self.around or self._foreign(page, markdown):
            return None
        found = (self.project.runner.signature(subject) for subject, _ in jobs)
        others = repr(self.project.listing) if page.file.src_uri in self.lists else ""
        return digest(self.common, markdown, repr(sorted(page.meta.items(), key=str)), others, *found)

    def _notebook(self, file: File, config: MkDocsConfig) -> File:
        """The executed notebook in place of its source; it is there once its page is asked for."""
        from livedocs.pages import jupyter

        uri = file.src_uri.removesuffix(".py") + ".ipynb"
        path = Path(os.path.realpath(file.abs_src_path))
        self.executed[uri] = jupyter.execute(self.project.runner, path)
        self.jobs[uri] = [(path.relative_to(self.project.root).as_posix(), self.executed[uri])]
        (_room() / uri).parent.mkdir(parents=True, exist_ok=True)
        return File(uri, str(_room()), config.site_dir, config.use_directory_urls)

    def _foreign(self, page: MkDocsPage, markdown: str) -> bool:
        """Whether a page shows what no job stands for: text from elsewhere, or a card of another page's rule."""
        lines = markdown.split("\n")
        try:
            fences = list(find_fences(lines, page.file.src_uri))
        except DocsError:
            return True  # told with its line when the page is rendered
        inside = {number for fence in fences for number in range(fence.first, fence.last + 1)}
        if any("8<-" in line for number, line in enumerate(lines) if number not in inside):
            return True
        modules = self.project.rule_files()
        if page.file.src_uri not in modules:
            return False  # then it depends on all rules
        own = {rule.name for rule in self.project.rules_of(modules[page.file.src_uri])}
        shown = re.findall(r"(?m)^[ \t>]*/{3,}[ \t]*rule[ \t]*\|[ \t]*(.*?)[ \t]*$", markdown)
        return not own.issuperset(shown)

    def on_nav(self, nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
        for uri in self.executed:
            if not files.get_file_from_path(uri).is_documentation_page():
                where, wanted = Path(config.config_file_path).name, "mkdocs-jupyter with include: ['*.ipynb']"
                with _plainly():
                    raise DocsError(where, None, "a notebook that is no page", got=f"docs/{uri}", wanted=wanted)
        # MkDocs looks for the home page on the top level of the menu, and here it is in a tab.
        nav.homepage = next((page for page in nav.pages if page.url in (".", "./")), nav.homepage)
        for section in _chapters(nav, tabs=_has_tabs(config)):
            inside = list(_pages(section))
            pages = [page for page in inside if page.file.src_uri not in self.lists]
            if len(pages) < 2:
                continue
            sources = [page.file.src_uri for page in pages]
            with _plainly():
                uri = print_pages.print_uri(section.title, sources, lambda name: name in files.src_uris)
            text = print_pages.source_text(section.title, len(pages))
            file = File.generated(config, uri, content=text, inclusion=InclusionLevel.NOT_IN_NAV)
            files.append(file)
            lists = [page for page in inside if page.file.src_uri in self.lists]
            self.chapters.append(Chapter(pages, MkDocsPage(None, file, config), lists))
        return nav

    def on_pre_page(self, page: MkDocsPage, config: MkDocsConfig, files: Files) -> MkDocsPage:
        """Write the notebook that mkdocs-jupyter is about to read."""
        executed = self.executed.get(page.file.src_uri)
        if executed is not None:
            with _plainly():
                text = json.dumps(executed.result(), ensure_ascii=False, indent=1) + "\n"
            Path(page.file.abs_src_path).write_text(text, encoding="utf-8")
        return page

    def on_page_markdown(self, markdown: str, page: MkDocsPage, config: MkDocsConfig, files: Files) -> str:
        uri = page.file.src_uri
        offset = page.file.content_string.count("\n") - markdown.count("\n")
        ours = self.pages[uri] = Page(self.project, self._name(page.file, config), offset, aside=True)
        config.mdx_configs["livedocs"]["page"] = ours
        if uri in self.executed:
            page.meta.update(self.executed[uri].result()["metadata"]["front_matter"])
            sources.check_values(page.meta, self._name(page.file, config), Path(config.docs_dir))
        if "description" in page.meta:  # the theme puts it into an attribute as it is
            page.meta["description"] = html.escape(page.meta["description"])
        self.signatures[uri] = self._signature(page, markdown)
        page.render = functools.partial(self._render, page, page.render)
        return markdown

    def _render(self, page: MkDocsPage, render: Callable, config: MkDocsConfig, files: Files) -> None:
        """MkDocs' rendering of a page, or what it gave before."""
        uri = page.file.src_uri

        def anew() -> None:
            try:
                render(config, files)
            except SnippetMissingError as error:
                raise self.pages[uri].missing(str(error)) from None
            except IsADirectoryError as error:  # of pymdownx, which opens what there is
                raise self.pages[uri].missing(f"'{Path(error.filename).name}'") from None
            except (DocsError, MkDocsException, OSError):
                raise
            except Exception as error:  # an extension that was given what it does not understand
                log.debug("The traceback of what follows", exc_info=True)
                problem, got = "Markdown cannot make a page of it", f"{type(error).__name__}: {error}"
                wanted = "text, and in mkdocs.yml options of markdown_extensions, that it can read"
                raise DocsError(self.pages[uri].name, None, problem, got=got, wanted=wanted) from None
            if uri in self.executed:
                from livedocs.pages import jupyter

                html = jupyter.to_site_html(page.content, self.pages[uri])
                page.content = with_addresses(html, page, files, functools.partial(self._lost, uri))
            page.content = finish_code(finish_tables(page.content))

        self.kept.render(page, self.pages[uri], self.signatures[uri], anew, _contents)
        page.links_to_anchors = {
            files.get_file_from_path(file) if isinstance(file, str) else file: links
            for file, links in (page.links_to_anchors or {}).items()
        }

    def on_page_content(self, html: str, page: MkDocsPage, config: MkDocsConfig, files: Files) -> str:
        self._shorten(page.toc, self.pages[page.file.src_uri])
        if page.file.src_uri in self.jobs:  # now, while children still run
            name = notebook_uri(page.file.src_uri, page.file.dest_uri)
            self.notebooks[name] = self._notebook_of(page, config, files)
            if page.file.src_uri not in self.lists:
                self._list(page, html)
            name, is_notebook = self._name(page.file, config), page.file.src_uri in self.executed
            source = (self.project.root / name).read_text(encoding="utf-8") if is_notebook else page.file.content_string

            def look() -> list[dict[str, Any]]:
                found = content.faults(html, source.split("\n"), name, is_notebook=is_notebook)
                return [error.to_dict() for error in found]

            for fault in self.kept.lasting(f"faults/{page.file.src_uri}", (html, source, name), look):
                log.warning(str(DocsError.from_dict(fault)))
        if page.file.src_uri in self.executed and page.edit_url:  # that of its source, not that of what was made of it
            page.edit_url = page.edit_url.removesuffix(".ipynb") + ".py"
        return html

    def _list(self, page: MkDocsPage, content: str) -> None:
        """Note what a page says of itself, for the pages that are made of it."""
        uri, ours = page.file.src_uri, self.pages[page.file.src_uri]
        name, lines = ours.name, page.file.content_string.split("\n") if uri not in self.executed else []
        if uri in self.executed:
            name = f"docs/{uri}".removesuffix(".ipynb") + ".py"
            lines = (self.project.root / name).read_text(encoding="utf-8").split("\n")

        def read() -> tuple[Listed, list[DocsError]]:
            reader = Reader(name, uri, lines, page.meta, str(page.title), content, ours.placed)
            return reader.listed(), reader.errors

        made_of = name, lines, repr(page.meta), str(page.title), content, tuple(ours.placed)
        listed, errors = self.kept.once(("listed", uri), made_of, read)
        self.project.listing.put(listed)
        for error in errors:
            log.warning(str(error))

    def _lost(self, uri: str, link: str) -> None:
        """Warn of a notebook's link to no page."""
        where = f"docs/{uri}".removesuffix(".ipynb") + ".py"
        log.warning(str(DocsError(where, None, "a link to no page", got=link, wanted="a page in docs/")))

    def _shorten(self, items: Iterable[AnchorLink], page: Page) -> None:
        """Leave the module out of a card's entry in the table of contents: 12 em have no room for it."""
        for item in items:
            if item.title in page.placed:
                item.title = short_name(item.title)
                item.typeset = None
            self._shorten(item.children, page)

    def on_post_page(self, output: str, page: MkDocsPage, config: MkDocsConfig) -> str:
        with _plainly():
            check_whole(output, functools.partial(self._template_with, f"docs/{page.file.src_uri}"))
        output = conforming(output)
        for chapter in self.chapters:
            if chapter.whole is page:
                # What stands aside is named by its content: an equal output is an equal page.
                unite = functools.partial(self._unite, chapter, output)
                return self.kept.lasting(f"chapters/{page.file.src_uri}", [output], unite)
        ours = self.pages.get(page.file.src_uri)
        return as_scripts_leave_it(fill(output, ours.late) if ours else output)

    def on_post_template(self, output: str, name: str) -> str:
        """Finish a file that a template makes alone; the page for lost addresses is one."""
        if not name.endswith(".html"):
            return output
        with _plainly():
            check_whole(output, functools.partial(self._template_with, f"overrides/{name}"))
        return conforming(output)

    def _template_with(self, page: str, text: str) -> tuple[str, int | None]:
        """The file and the line of a template that holds a text, or, where none does, of what a page is made."""
        for path in sorted((self.project.root / "overrides").rglob("*.html")):
            for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
                if text in line:
                    return path.relative_to(self.project.root).as_posix(), number
        return f"{page}, or a template of it", None

    def _unite(self, chapter: Chapter, output: str) -> str:
        """The finished print page of a chapter."""
        late = {key: text for part in chapter.parts for key, text in self.pages[part.source].late.items()}
        return as_scripts_leave_it(print_pages.unite(fill(output, late), chapter.parts, chapter.whole.url))

    def on_env(self, env, config: MkDocsConfig, files: Files):
        self.rendering = False
        self._keep_templates(env, files)
        pages = self.pages.values()
        shown = {section for page in pages for section in page.shown}
        placed = {name for page in pages for name in page.placed}
        for error in [*second_cards(pages), *self.project.unshown(shown), *self.project.unplaced(placed)]:
            log.warning(str(error))
        glyphs = "".join(sorted({glyph for page in pages for glyph in page.glyphs}))
        files.append(File.generated(config, "assets/math.woff2", content=self._font(glyphs)))
        files.append(File.generated(config, "assets/picture.png", content=picture.draw()))
        self._fill_data(config, files)
        self._fill_explorer(config, files)
        for name, text in self.notebooks.items():
            files.append(File.generated(config, name, content=text))
        self._fill_for_programs(config, files)
        self._name_for_the_search(files)
        for file in [file for file in files if any(fnmatch(file.src_uri, pattern) for pattern in UNUSED)]:
            files.remove(file)
        for chapter in self.chapters:
            chapter.fill()
        others = [file.src_uri for file in files.documentation_pages() if file.src_uri not in self.order]
        _reorder(files, [*self.order, *others])  # written, and listed, in MkDocs' own order
        env.globals["chapters"] = {page.file.src_uri: chapter for chapter in self.chapters for page in chapter.all}
        env.globals["theme_search_worker"] = self.search_worker
        return env

    def _font(self, glyphs: str) -> bytes:
        """The font of the formulas; what cuts it down is imported only where that has not been done."""

        def cut() -> str:
            from livedocs.publish.mathfont import math_font

            return base64.b64encode(math_font(glyphs)).decode()

        made_of = glyphs, version("ziamath"), version("fonttools")
        return base64.b64decode(self.kept.lasting("font", made_of, cut))

    def _keep_names_of_templates(self, config: MkDocsConfig) -> None:
        """Have the theme's files listed once: they are 14,000, and MkDocs lists them for each build."""
        get_env = config.theme.get_env
        made_of = Path(config.config_file_path).read_bytes(), kept.digest_of_folder(self.project.root / "overrides")

        def get_env_with_names():
            env = get_env()
            list_templates = env.list_templates
            env.list_templates = lambda *args, **options: self.kept.once(
                "templates", made_of, lambda: list_templates(*args, **options)
            )
            return env

        config.theme.get_env = get_env_with_names

    def _keep_templates(self, env, files: Files) -> None:
        """Have templates compiled once, and filled again only for a page in which something changed."""
        if self.project.runner.store.folder is not None:
            env.bytecode_cache = Templates(self.project.runner.store.folder / "templates")
        get_template = env.get_template
        shown = [file.page for file in files.documentation_pages() if file.page]
        # The theme's menu shows what its plugin typeset has found: a title with its code and formulas.
        menu = [(page.file.src_uri, str(page.title), getattr(page, "typeset", None)) for page in shown]
        shared = digest(repr(menu), kept.digest_of_folder(self.project.root / "overrides"))

        def get_kept(name: str, parent: str | None = None, globals: dict | None = None):
            with kept.in_templates(self.project.root):
                template = get_template(name, parent, globals)
            # What a template includes comes here too; MkDocs asks for a page's own without a parent.
            return template if parent else kept.KeptTemplate(template, self.kept, shared)

        env.get_template = get_kept

    def _notebook_of(self, page: MkDocsPage, config: MkDocsConfig, files: Files) -> str:
        """A page as a notebook; made again only if something in it has changed."""
        uri = page.file.src_uri
        link = functools.partial(address_of, page=page, files=files, site_url=config.site_url)
        about = f"---\n\nA page of {config.site_name}: [{page.title}]({link('#')}). "
        about += f"Its outputs were printed by PyTorch {self.torch}."
        if uri in self.executed:
            return notebook.for_download(self.executed[uri].result(), link, about)
        text = page.markdown
        if not re.search(r"^# ", text, re.MULTILINE):
            text = f"# {page.title}\n\n{text}"
        signature = self.signatures.get(uri)
        make = functools.partial(notebook.to_notebook, text, self.pages[uri], link, about)
        return self.kept.lasting(f"downloads/{uri}", (signature, text, about), make) if signature else make()

    def on_page_context(self, context: dict, page: MkDocsPage, config: MkDocsConfig, nav) -> dict:
        """Tell the template where the page's notebook is, and where Colab opens it."""
        uri = notebook_uri(page.file.src_uri, page.file.dest_uri)
        branch = config.extra.get("notebook_branch", config.remote_branch)
        colab = notebook.colab_address(config.repo_url or "", branch, uri)
        if not any(chapter.whole is page for chapter in self.chapters):
            file = posixpath.basename(uri)
            context["notebook"] = {"file": file, "colab": colab, "text": file.removesuffix(".ipynb") + ".md"}
            context["feed"] = feed.FEED if config.site_url else None
        return context

    def before_search(self, page: MkDocsPage, config: MkDocsConfig) -> None:
        """Let MkDocs' search plugin read a page that is quick to parse, or, for one that it knows, nothing."""
        plugin = config.plugins.get("material/search") or config.plugins.get("search")
        self.reading = search.Reading(page, plugin.search_index.entries, self.kept) if plugin else None

    def after_search(self, page: MkDocsPage) -> None:
        """Put back what the search plugin was not to read, and keep what it found."""
        if self.reading is not None:
            self.reading.end()

    def _name_for_the_search(self, files: Files) -> None:
        """Note where people are to find what: cards by their functions' names, pages by those of their front matter."""
        pages = {file.src_uri: file for file in files.documentation_pages()}
        placed = {name: pages[uri].url for uri, page in self.pages.items() for name in page.placed}
        self.search_names = search.names_of_cards(self.project.rules.values(), placed)
        with _plainly():
            self.search_worker = search.theme_worker(file.src_uri for file in files)
            for uri, file in pages.items():
                self.search_names[file.url] = search.names_of_page(f"docs/{uri}", file.page.meta)

    def _fill_data(self, config: MkDocsConfig, files: Files) -> None:
        """Give the data files their content, now that every page has its address."""

        def url(page: str) -> str:
            file = files.get_file_from_path(page)
            return (config.site_url or "") + (file.url if file else page)

        made_of = self._measured(), config.site_url or ""

        def write() -> dict[str, str]:
            rows = data.data_rows(self.project.rules, url)
            return {name: write(rows) for name, write in DATA.items()}

        for name, text in self.kept.lasting("data", made_of, write).items():
            file = files.get_file_from_path(name)
            if file is not None:
                file.content_string = text

    def _fill_explorer(self, config: MkDocsConfig, files: Files) -> None:
        """Add the values that the explorer draws, if a page holds it."""
        if not self.project.explorer:
            return

        def url(page: str) -> str:
            file = files.get_file_from_path(page)
            return file.url if file else page

        make = functools.partial(data.explorer_files, self.project.rules, url)
        found = self.kept.lasting("explorer", [self._measured()], make)
        for name, text in found.items():
            files.append(File.generated(config, name, content=text))

    def _fill_for_programs(self, config: MkDocsConfig, files: Files) -> None:
        """Add what programs read: an inventory, an address for each function, each page as Markdown, a feed."""

        def add(name: str, content: str | bytes) -> None:
            files.append(File.generated(config, name, content=content))

        pages = {file.src_uri: file for file in files.documentation_pages()}
        if len(self.project.rules):
            ordered = self.project.rules.in_menu_order(self.project.chapters).values()
            found = inventory.places(ordered, lambda page: pages[page].url if page in pages else page)
            add(inventory.INVENTORY, inventory.sphinx_inventory(found, config.site_name, self.torch))
            for name, text in inventory.function_pages(found).items():
                add(name, text)
        listed = []
        for uri, chapter in self.project.chapters.items():
            file = pages.get(uri) or pages.get(uri.removesuffix(".py") + ".ipynb")
            name = file and notebook_uri(file.src_uri, file.dest_uri)
            if name not in self.notebooks:
                continue
            name, content = name.removesuffix(".ipynb") + ".md", texts.of_notebook(self.notebooks[name])
            self.texts[name] = content  # not added: MkDocs would make a page of it
            title = html.unescape(re.sub(r"<[^>]+>", "", str(file.page.title)))
            about = html.unescape(file.page.meta.get("description", ""))
            address = (config.site_url or "") + quote(name)
            listed.append(texts.Text(chapter, title, about, address, content))
        add(texts.LIST, texts.list_of(listed, config.site_name, config.site_description or ""))
        add(texts.WHOLE, texts.whole_of(listed))
        changes = pages.get("changelog.md")
        if changes and config.site_url:
            where, address = self._name(changes, config), urljoin(config.site_url, changes.url)
            with _plainly():
                shown = changes.page.content
                add(feed.FEED, feed.of_changelog(shown, where, address, config.site_url, config.site_name))

    def _measured(self) -> str:
        """What all measured rules depend on."""
        return digest(*map(self.project.runner.signature, self.project.rule_files().values()))

    def on_post_build(self, config: MkDocsConfig) -> None:
        """Put the finished site in its place, unless strict mode is about to reject it."""
        self.progress.stop()
        if self.serving:
            self._wrap_up(config)
            return
        counters = [h for h in logging.getLogger("mkdocs").handlers if isinstance(h, CountHandler)]
        if any(counter.get_counts() for counter in counters):
            self.folder.discard()
            return
        self._wrap_up(config)
        with _plainly():
            sources.check_unchanged(self.began, self.project.root)
            self.folder.publish()

    def _wrap_up(self, config: MkDocsConfig) -> None:
        """What is made of the whole site: what the search needs, the security policy, the copy for reading offline."""
        built = Path(config.site_dir)
        if (built / search.INDEX).exists():
            search.finish(built, self.search_names)
        with _plainly():
            if not self.serving:  # mkdocs serve puts a script of its own into every page that it sends
                policy.enforce(built)
        for name, text in self.texts.items():
            (built / name).write_text(text, encoding="utf-8")
        downloads.write_archive(built, whole=not self.serving)
        if not self.serving:
            with _plainly():
                links.check(built, config.site_url or "", Path(config.docs_dir))

    def on_build_error(self, error: Exception) -> None:
        """Say it in our words, without a traceback, and leave nothing half-made behind."""
        if hasattr(self, "progress"):
            self.progress.stop()
        if hasattr(self, "folder") and not self.serving:
            self.folder.discard()
        if isinstance(error, OSError) and error.errno in FILE_ERRORS:
            error, self.rendering = _unwritten(error, self.project.root), False
        if isinstance(error, DocsError):
            if not self.rendering:
                log.error(str(error))  # MkDocs logs those of pages, and no others
            raise Abort("Nothing was published.") from None


def _unwritten(error: OSError, root: Path) -> DocsError:
    """The error for a file that the system did not let MkDocs, or a plugin of it, read or write."""
    where = os.path.relpath(error.filename, root) if isinstance(error.filename, str) else "the site"
    got = error.strerror or str(error)
    wanted = "the file there, room, and the right to do so"
    return DocsError(where, None, "a file cannot be read or written", got=got, wanted=wanted)


@contextlib.contextmanager
def _plainly() -> Iterator[None]:
    """Have an error of ours told by MkDocs in its few lines, without a traceback."""
    try:
        yield
    except DocsError as error:
        raise PluginError(str(error)) from None


def _reorder(files: Files, order: Iterable[str]) -> None:
    """Put the files of these sources into this order, behind all others."""
    for uri in order:
        file = files.get_file_from_path(uri)
        files.remove(file)
        files.append(file)


def _has_tabs(config: MkDocsConfig) -> bool:
    """Whether the sections on the top level of the menu are tabs."""
    return "navigation.tabs" in config.theme.get("features", [])


def _chapters(nav: Navigation, *, tabs: bool) -> Iterable[Section]:
    """The sections of the menu that are chapters: those on its top level, or with tabs those in them."""
    for section in nav.items:
        if isinstance(section, Section):
            yield from (child for child in section.children if isinstance(child, Section)) if tabs else [section]


def _pages(section: Section) -> Iterable[MkDocsPage]:
    for child in section.children:
        if isinstance(child, Section):
            yield from _pages(child)
        elif isinstance(child, MkDocsPage):
            yield child


def _contents(entries: list[dict]) -> TableOfContents:
    """MkDocs' table of contents from our entries."""

    def link(entry: dict) -> AnchorLink:
        made = AnchorLink(entry["title"], entry["id"], entry["level"])
        made.children = list(map(link, entry["children"]))
        return made

    return TableOfContents(list(map(link, entries)))
