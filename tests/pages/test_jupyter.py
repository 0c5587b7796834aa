"""The notebooks of the site, in percent format: executed in a kernel of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from livedocs.errors import DocsError
from livedocs.pages.jupyter import execute, to_site_html
from livedocs.pages.page import Page
from livedocs.pages.project import Project
from livedocs.run.runner import Runner

pytestmark = pytest.mark.site


def test_what_a_slow_cell_prints_is_one_output(tmp_path: Path) -> None:
    source = "# %%\nimport time\n\nprint(1, flush=True)\ntime.sleep(0.6)\nprint(2)\n"
    (tmp_path / "slow.py").write_text(source, encoding="utf-8")
    runner = Runner(tmp_path)
    try:
        (cell,) = execute(runner, tmp_path / "slow.py").result()["cells"]
    finally:
        runner.close()
    assert [output["text"] for output in cell["outputs"]] == [["1\n", "2\n"]]


def test_a_notebook_runs_again_when_what_it_imports_has_changed(tmp_path: Path) -> None:
    """Its kernel imports, in a process of its own."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "shared_by_notebooks.py").write_text("VALUE = 1\n")
    source = "# %%\nimport sys\n\nsys.path.insert(0, 'lib')\nimport shared_by_notebooks\n\n"
    source += "print(shared_by_notebooks.VALUE)\n"
    (tmp_path / "imports.py").write_text(source)
    for value in ("1\n", "2\n"):
        (tmp_path / "lib" / "shared_by_notebooks.py").write_text(f"VALUE = {value}")
        runner = Runner(tmp_path)
        try:
            (cell,) = execute(runner, tmp_path / "imports.py").result()["cells"]
        finally:
            runner.close()
        assert cell["outputs"][0]["text"] == [value]


def test_a_formula_on_lines_of_its_own_ends_its_paragraph(tmp_path: Path) -> None:
    """Paragraphs hold no blocks. A browser ends them, and takes the end that follows for an empty one."""
    (tmp_path / "snippets").mkdir()
    runner = Runner(tmp_path)
    try:
        page = Page(Project(tmp_path, tmp_path / "snippets", runner))
        cell = '<div class="jp-Cell"><div class="jp-RenderedMarkdown">{}</div></div>'
        got = to_site_html(cell.format("<p>of $$x$$ and $y$</p><p>$$z$$</p><p>w</p>"), page)
    finally:
        runner.close()
    block = '<div class="math"><math display="block"><mi>{}</mi></math></div>'
    inline = '<span class="math"><math><mi>y</mi></math></span>'
    assert got == f"<p>of </p>{block.format('x')}<p> and {inline}</p>{block.format('z')}<p>w</p>"


def test_a_figure_that_nobody_described_stops_the_build(tmp_path: Path) -> None:
    source = "# %%\nimport matplotlib.pyplot as plt\n\n# %%\nplt.subplots({name})\nplt.show()\n"
    runner = Runner(tmp_path)
    try:
        (tmp_path / "figure.py").write_text(source.format(name=""), encoding="utf-8")
        with pytest.raises(DocsError) as caught:
            execute(runner, tmp_path / "figure.py").result()
        assert (caught.value.where, caught.value.line) == ("figure.py", 4)
        assert caught.value.problem == "a figure without alt text"
        (tmp_path / "figure.py").write_text(source.format(name="num='a frame'"), encoding="utf-8")
        assert execute(runner, tmp_path / "figure.py").result()["cells"][1]["outputs"]
    finally:
        runner.close()


CELLS = {
    "HTML": (
        "from IPython.display import HTML\nHTML('<b>x</b>')",
        "an output of a notebook that no page shows",
        "text/html",
    ),
    "a table": (
        "class R:\n    def _repr_html_(self):\n        return '<table></table>'\n\n\nR()",
        "an output of a notebook that no page shows",
        "text/html",
    ),
    "a drawing with a script": (
        "from IPython.display import SVG\nSVG('<svg xmlns=\"http://www.w3.org/2000/svg\"><script>1</script></svg>')",
        "an output of a notebook that no page shows",
        "an SVG that matplotlib has not drawn",
    ),
    "a long line": ("print('x' * 1_000_000)", "a notebook cell printed too much", "1,000,001"),
    "a carriage return": ("print('a\\rb')", "the output holds a control character", "'\\r' in 'a\\rb"),
    "a color": ("print('\\x1b[31mred')", "the output holds a control character", "x1b"),
}


@pytest.fixture(scope="module")
def runner(tmp_path_factory):
    runner = Runner(tmp_path_factory.mktemp("notebooks"))
    yield runner
    runner.close()


def refused(runner: Runner, source: str) -> DocsError:
    (runner.root / "n.py").write_text(source, encoding="utf-8")
    with pytest.raises(DocsError) as caught:
        execute(runner, runner.root / "n.py").result()
    return caught.value


@pytest.mark.parametrize(("code", "problem", "got"), CELLS.values(), ids=CELLS)
def test_an_output_that_no_page_shows_stops_the_build(code: str, problem: str, got: str, runner: Runner) -> None:
    error = refused(runner, f"# %%\nx = 1\n\n# %%\n{code}\n")
    assert (error.where, error.line, error.problem) == ("n.py", 4, problem) and got in error.got


@pytest.mark.parametrize("daemon", [False, True])
def test_a_thread_that_outlives_a_notebook_stops_the_build(daemon: bool, runner: Runner) -> None:
    thread = f"threading.Thread(target=time.sleep, args=(2,), name='late', daemon={daemon})"
    late = f"import threading\nimport time\n\n{thread}.start()\n"
    error = refused(runner, f"# %%\nx = 1\n\n# %%\n{late}")
    assert (error.line, error.problem, error.got) == (4, "a notebook cell left a thread behind", "late")


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("quit()", "ended its kernel"),
        ("import os; os.fork()", "forked its kernel"),
        ("import os; os.system('echo said')", "wrote past sys.stdout, as a child process or C code does"),
        ("import os; os.write(2, b'said')", "wrote past sys.stderr, as a child process or C code does"),
        ("import os; os.close(1)", "closed a stream"),
        ("import os; os.dup2(2, 1);", "closed a stream"),
        ("import _thread, time; _thread.start_new_thread(time.sleep, (1,))", "left a thread behind"),
        ("get_ipython().kernel.do_shutdown(False)", "ended its kernel"),
        ("import torch; torch.rand(1)", "has random numbers that are not seeded"),
        ("import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))", "changed a limit of its process"),
    ],
)
def test_a_cell_that_does_what_none_may_stops_the_build(code: str, problem: str, runner: Runner) -> None:
    error = refused(runner, f"# %%\nx = 1\n\n# %%\n{code}\n\n# %%\nprint(x)\n")
    assert (error.line, error.problem) == (4, f"a notebook cell {problem}")


@pytest.mark.parametrize(
    "code",
    [
        "import builtins; builtins.print = lambda *a: None",
        "import builtins, sys; builtins.print = lambda *a: sys.stdout.write('5')",
        "%config Application.log_level=0",
    ],
)
def test_a_cell_that_changes_what_a_kernel_says_stops_the_build(code: str, runner: Runner) -> None:
    error = refused(runner, f"# %%\nx = 1\n\n# %%\n{code}\n")
    assert (error.line, error.problem) == (4, "a notebook cell changed what a kernel says")


def test_a_process_that_outlives_a_notebook_stops_the_build(runner: Runner) -> None:
    error = refused(runner, "# %%\nx = 1\n\n# %%\nimport os\n\nos.system('(sleep 9; echo late) &');\n\n# %%\nx = 2\n")
    assert (error.where, error.line, error.problem) == ("n.py", 4, "it left a process behind")


def test_a_figure_that_is_not_shown_stops_the_build(runner: Runner) -> None:
    drawn = "import matplotlib.pyplot as plt\n\nfigure, axes = plt.subplots(num='a frame')\n"
    error = refused(runner, f"# %%\nx = 1\n\n# %%\n{drawn}")
    assert (error.line, error.problem) == (4, "a notebook cell drew a figure that is not shown")
    (runner.root / "n.py").write_text(f"# %%\n{drawn}\n# %%\nplt.show()\n", encoding="utf-8")
    assert execute(runner, runner.root / "n.py").result()["cells"][1]["outputs"]


def test_a_cell_may_use_processes(runner: Runner) -> None:
    pool = "import multiprocessing\n\nwith multiprocessing.Pool(1) as pool:\n    print(pool.map(abs, [-1]))\n"
    (runner.root / "n.py").write_text(f"# %%\n{pool}", encoding="utf-8")
    assert execute(runner, runner.root / "n.py").result()["cells"][0]["outputs"][0]["text"] == ["[1]\n"]


@pytest.mark.parametrize(
    ("source", "line", "problem"),
    [
        ("# %%\nx = 1\n# %% [raw]\n# lost\n", 3, "a marker of a cell that there is not"),
        ("# %%\nx = 1\n#%%\ny = 1\n", 3, "a marker of a cell that there is not"),
        ("# %% [markdwn]\n# lost\n", 1, "a marker of a cell that there is not"),
        ('# %% tags=["skip-execution"]\n1 / 0\n', 1, "a marker of a cell that there is not"),
        ("# %% [markdown]\n# Text.\n\nx = 1\n# %%\ny = 1\n", 4, "code in a cell of prose"),
        ("x = 1\n# %%\ny = 1\n", 1, "text above the first cell"),
        ("# ---\n# description: x\n# %%\ny = 1\n", 1, "text above the first cell"),
        ("# --\n# description: x\n# ---\n# %%\ny = 1\n", 1, "text above the first cell"),
    ],
)
def test_a_marker_that_is_none_stops_the_build(source: str, line: int, problem: str, runner: Runner) -> None:
    error = refused(runner, source)
    assert (error.line, error.problem) == (line, problem)


def test_a_notebook_that_is_not_utf8_stops_the_build(runner: Runner) -> None:
    (runner.root / "n.py").write_bytes(b"# %%\nx = '\xe9'\n")
    with pytest.raises(DocsError, match="the file is not UTF-8") as caught:
        execute(runner, runner.root / "n.py").result()
    assert caught.value.line == 2
