"""A matplotlib backend whose ``plt.show()`` keeps each figure as SVG for the page.

Selected with ``MPLBACKEND=module://livedocs.run.backend``. In a notebook ``show`` displays the SVG
instead, in fixed colors. A figure's name (``plt.subplots(num="…")``) is its alt text, unless the comment above the
section has one (livedocs.run.sections).
"""

from __future__ import annotations

import sys

import matplotlib
from matplotlib._pylab_helpers import Gcf
from matplotlib.backends.backend_svg import FigureCanvasSVG as FigureCanvas  # noqa: F401  the backend's interface

from livedocs.run import figures

matplotlib.rcdefaults()  # a reader's own settings are not the site's
matplotlib.rcParams.update(figures.STYLE)
_shown: list[dict[str, str]] = []


def show(*, block: bool | None = None) -> None:
    """Keep every open figure, in the order of their numbers, and close it."""
    for manager in Gcf.get_all_fig_managers():
        figure = manager.canvas.figure
        kept = {"svg": figures.to_svg(figure), "alt": figure.get_label()}
        if "IPython" in sys.modules and sys.modules["IPython"].get_ipython():
            _display(kept)
        else:
            _shown.append(kept)
    Gcf.destroy_all()


def take_figures() -> list[dict[str, str]]:
    """The figures shown since the last call: ``svg`` and ``alt`` of each."""
    taken = list(_shown)
    _shown.clear()
    return taken


def _display(kept: dict[str, str]) -> None:
    from IPython.display import display

    display({"image/svg+xml": figures.standalone(**kept), "text/plain": kept["alt"]}, raw=True)
