"""Synthesises a site: pages of prose, formulas and a table, and a snippet of three sections for each.

One content, four forms: livedocs runs the sections; nobody does; markdown-exec does; mkdocs-jupyter does. The
configuration of each is the project's own mkdocs.yml with what that form needs changed, and nothing else.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml
from mkdocs.utils.yaml import yaml_load

ROOT = Path(__file__).resolve().parent.parent
SECTIONS = ("square", "ties", "softmax")

# The code of the sections. SCALE is all that differs from one snippet to the next.
CODE = {
    "square": """\
import torch

scale = SCALE
x = torch.linspace(-1, 1, 5, requires_grad=True)
y = (scale * x).square().sum()
y.backward()
print("twice the scale:", 2 * scale)
print(x.grad)
""",
    "ties": """\
x = torch.tensor([1.0, 200.0 + scale, 200.0 + scale, 0.0], requires_grad=True)
(shared,) = torch.autograd.grad(x.amax(), x)
(single,) = torch.autograd.grad(x.max(dim=0).values, x)
assert shared.sum() == single.sum() == 1
print("amax  ", shared.tolist())
print("max(0)", single.tolist())
""",
    "softmax": """\
def loss(w):
    return torch.logsumexp(w / scale, dim=0) * scale


w = torch.arange(3.0, dtype=torch.float64, requires_grad=True)
(gradient,) = torch.autograd.grad(loss(w), w)
torch.testing.assert_close(gradient, torch.softmax(w.detach() / scale, 0))
print(gradient)
""",
}

# The prose that stands above each section, and below the last.
PROSE = (
    r"""# Page SCALE: squares, ties and a softmax

The gradient of a scaled square grows with the square of the scale, here SCALE. At a tie `amax` shares the gradient
among the equal entries; `max(dim)` gives it to one. `logsumexp` has no tie: it is smooth; its gradient is a softmax.

## The rule

With a scale $c$ and $f(x) = \sum_i (c\,x_i)^2$ every entry has a gradient of its own:

$$
\frac{\partial f}{\partial x_i} = 2\,c^2\,x_i,
\qquad
\frac{\partial}{\partial x_i}\,\texttt{amax}(x) =
\begin{cases}
1/k & x_i = m \\
0 & x_i < m
\end{cases}
$$

where $m = \max_j x_j$ and $k$ entries equal $m$.

| Function | Two equal maxima | Three |
|---|---|---|
| `torch.amax(x, dim)` | ½, ½ | ⅓, ⅓, ⅓ |
| `torch.max(x, dim).values` | 1, 0 | 1, 0, 0 |
| `torch.logsumexp(x, dim)` | ½, ½ | ⅓, ⅓, ⅓ |

## See it run

Five points between -1 and 1. The gradient is 0 in the middle, and at both ends its size is twice the scale squared.""",
    r"""## At the edge

Two entries are the largest. The sum of the gradient is 1 in both cases, since raising every entry by $t$ raises the
maximum by $t$:

$$
\max(x + t\,\mathbf{1}) = \max(x) + t
\quad\Longrightarrow\quad
\sum_i g_i = 1 .
$$

- `amax` compares the result with every entry, and **shares**.
- `max(dim)` knows an *index*, and sends everything there.""",
    r"""## What to write instead

A maximum without a kink. For a temperature $\tau$ the gradient of $\tau \log \sum_i e^{x_i / \tau}$ is

$$
g_i = \frac{e^{x_i / \tau}}{\sum_j e^{x_j / \tau}} , \qquad \sum_i g_i = 1 .
$$""",
    r"""As $\tau \to 0$ this tends to the even split. Where the entries are close, they share; where one is far ahead,
it takes all. The [autograd note](https://docs.pytorch.org/docs/stable/notes/autograd.html) has the rules for points
without a gradient.
""",
)


def snippet(scale: int) -> str:
    """A snippet file: the three sections between their markers."""
    parts = [f"# --8<-- [start:{name}]\n{CODE[name]}# --8<-- [end:{name}]\n" for name in SECTIONS]
    return "\n".join(parts).replace("SCALE", str(scale))


def page(number: int, info: str) -> str:
    """A Markdown page; ``info`` is the info string of its fences."""
    fences = [f'```{info}\n--8<-- "{stem(number)}.py:{name}"\n```' for name in SECTIONS]
    parts = [f"---\ntitle: Page {number}\n---", *_alternate(fences)]
    return "\n\n".join(parts).replace("SCALE", str(number))


def notebook(number: int) -> str:
    """The same page as a percent-format notebook."""
    cells = []
    for index, text in enumerate(_alternate([CODE[name] for name in SECTIONS])):
        if index % 2:
            cells.append("# %%\n" + text)
        else:
            cells.append("# %% [markdown]\n" + "\n".join(f"# {line}".rstrip() for line in text.splitlines()) + "\n")
    return "\n".join(cells).replace("SCALE", str(number))


def stem(number: int) -> str:
    """The name of a page and of its snippet."""
    return f"page-{number:03}"


def write(folder: Path, form: str, pages: int) -> Path:
    """Write the tree of one form and give back its folder.

    Args:
        folder: where the tree's own folder is made.
        form: ``livedocs``, ``unexecuted``, ``markdown-exec`` or ``mkdocs-jupyter``.
        pages: how many pages it has.
    """
    tree = folder / f"{form}-{pages}"
    shutil.copytree(ROOT / "docs" / "assets", tree / "docs" / "assets")
    (tree / "snippets").mkdir()
    (tree / "mkdocs.yml").write_text(yaml.safe_dump(configuration(form)), encoding="utf-8")
    for number in range(1, pages + 1):
        name = stem(number)
        if form == "mkdocs-jupyter":
            (tree / "docs" / f"{name}.py").write_text(notebook(number), encoding="utf-8")
        else:
            info = f'python exec="on" source="above" result="text" session="{name}"'
            text = page(number, info if form == "markdown-exec" else "python")
            (tree / "docs" / f"{name}.md").write_text(text, encoding="utf-8")
            (tree / "snippets" / f"{name}.py").write_text(snippet(number), encoding="utf-8")
    return tree


def configuration(form: str) -> dict:
    """The project's mkdocs.yml as a form needs it: no nav, no notebooks of the project, and its own way to run code."""
    config = yaml_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))  # MkDocs' own: it knows !ENV
    del config["nav"]
    config["theme"]["custom_dir"] = str(ROOT / "overrides")
    config["watch"] = ["snippets", str(ROOT / "livedocs")]
    config["plugins"] = [plugin for plugin in config["plugins"] if "mkdocs-jupyter" not in plugin]
    if form == "livedocs":
        config["hooks"] = [str(ROOT / hook) for hook in config["hooks"]]
        return config
    config["markdown_extensions"].remove("livedocs")
    config["hooks"] = [str(ROOT / "benchmarks" / "unexecuted.py")]
    if form == "markdown-exec":
        config["plugins"].append("markdown-exec")
    elif form == "mkdocs-jupyter":
        options = {"include": ["*.py"], "execute": True, "allow_errors": False, "cache": False}
        config["plugins"].append({"mkdocs-jupyter": options})
    return config


def _alternate(code: list[str]) -> list[str]:
    """Prose, code, prose, code, … prose."""
    parts = [PROSE[0]]
    for block, prose in zip(code, PROSE[1:], strict=True):
        parts += [block, prose]
    return parts
