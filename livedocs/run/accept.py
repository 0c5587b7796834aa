"""``python -m livedocs.run.accept``: write what every snippet prints to tests/outputs, to be read as a diff.

The default release (the torch line of constraints.txt) writes ``tests/outputs/<snippet>.txt``. Another
release writes only what it prints differently, to ``tests/outputs/torch-<major.minor>/``.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import version
from pathlib import Path

from livedocs.errors import DocsError
from livedocs.run.runner import Runner, Snippet, read_source
from livedocs.run.sections import read_sections


def release(text: str) -> str:
    """``2.13`` for ``2.13.0+cpu``."""
    return ".".join(text.partition("+")[0].split(".")[:2])


def default_release(root: Path) -> str:
    """The release that constraints.txt names."""
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return release(next(line for line in lines if line.startswith("torch==")).removeprefix("torch=="))


def transcript(snippet: Snippet) -> str:
    """What the sections of a snippet printed and drew, as text."""
    parts = []
    for section in snippet.sections:
        output = snippet.outputs[section.name]
        figures = [f"[figure: {' '.join(figure.alt.split())}]\n" for figure in output.figures]
        text = output.text if output.text.endswith("\n") or not output.text else output.text + "\n"
        parts.append(f"[{section.name or 'whole file'}]\n{text}{''.join(figures)}")
    return "\n".join(parts)


def accepted_file(root: Path, snippet: Path, torch: str) -> Path:
    """Where the accepted output of a snippet under a release is: its own file if it has one."""
    outputs = root / "tests" / "outputs"
    name = snippet.relative_to(root / "snippets").with_suffix(".txt")
    own = outputs / f"torch-{torch}" / name
    return own if own.exists() else outputs / name


def accepted_sections(root: Path, snippet: Path, torch: str) -> dict[str, str]:
    """What each section of a snippet printed when that was accepted, by the section's name; empty for no such file."""
    file = accepted_file(root, snippet, torch)
    if not file.exists():
        return {}
    text = file.read_text(encoding="utf-8")
    where = snippet.relative_to(root).as_posix()
    names = [section.name for section in read_sections(read_source(snippet, where)[1], where)]
    heads = [f"[{name or 'whole file'}]\n" for name in names]
    found = {}
    for name, head, after in zip(names, heads, [*(f"\n{head}" for head in heads[1:]), ""], strict=True):
        text = text.removeprefix(head)
        end = text.index(after) if after else len(text)
        body, text = text[:end], text[end + 1 :]
        found[name] = re.sub(r"(?m)^\[figure: .*\]\n", "", body)
    return found


def accept(root: Path, torch: str, runner: Runner) -> list[str]:
    """Write the outputs of all snippets; the names of the files that changed.

    Args:
        root: the project's root.
        torch: the release that runs, as ``major.minor``.
        runner: runs the snippets of that project.

    Raises:
        DocsError: for a snippet that fails; nothing is written then.
    """
    default = default_release(root)
    outputs = root / "tests" / "outputs"
    found = {path: transcript(runner.run(path)) for path in sorted((root / "snippets").rglob("*.py"))}
    wanted: dict[Path, str | None] = {}
    for path, text in found.items():
        name = path.relative_to(root / "snippets").with_suffix(".txt")
        base = outputs / name
        if torch == default:
            wanted[base] = text
        else:
            same = base.exists() and base.read_text(encoding="utf-8") == text
            wanted[outputs / f"torch-{torch}" / name] = None if same else text
    mine = outputs if torch == default else outputs / f"torch-{torch}"
    for stale in mine.rglob("*.txt"):
        if not (torch == default and stale.relative_to(outputs).parts[0].startswith("torch-")):
            wanted.setdefault(stale, None)
    return [path.relative_to(root).as_posix() for path, text in wanted.items() if _write(path, text)]


def _write(path: Path, text: str | None) -> bool:
    """Make a file hold ``text``, or not exist for None; True if that changed anything."""
    before = path.read_text(encoding="utf-8") if path.exists() else None
    if before == text:
        return False
    if text is None:
        path.unlink()
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return True


def main() -> None:
    torch = release(version("torch"))
    runner = Runner(Path.cwd())
    try:
        changed = accept(runner.root, torch, runner)
    except DocsError as error:
        sys.exit(f"{error}\nNothing was written.")
    finally:
        runner.close()
    print("\n".join(changed) or f"nothing changed under PyTorch {torch}")


if __name__ == "__main__":
    main()
