"""The exact version of everything that make installs, and the hashes of its files, resolved from pyproject.toml.

``make upgrade`` runs ``python -m livedocs.run.pins``: it takes the newest versions that fit, and writes constraints.txt
and hashes.txt. With ``--keep`` the versions stay, and only hashes.txt is written: after constraints.txt was edited.

The hashes have a file of their own: uv holds each package against those that it finds, while pip, given one hash, wants
one for everything, this project's own folder included. PyTorch has none: each of its indexes has other files. Its CUDA
packages and setuptools are left out as well: each release of PyTorch says which it takes.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

LEFT_TO_TORCH = re.compile(r"(nvidia|cuda)-.+|setuptools|triton")
INSTALLER = "uv"  # installs the others, and is pinned with them
CONSTRAINTS, HASHES = "constraints.txt", "hashes.txt"
HEAD = "# The hashes of what constraints.txt names. Written by make upgrade; uv compares what it downloads.\n"

_ENTRY = re.compile(
    r"(?m)^(?P<name>[\w.-]+)==(?P<version>\S+)(?P<marker> ;[^\\\n]*?)?(?P<hashes>(?: \\\n +--hash=\S+)*)$"
)


def resolve(root: Path, *, keep: bool) -> str:
    """What ``uv pip compile`` finds for all platforms.

    Args:
        root: the folder of pyproject.toml and constraints.txt.
        keep: whether the versions of constraints.txt stay.

    Raises:
        SystemExit: where nothing fits, or no index is reachable, with uv's own words.
    """
    with tempfile.TemporaryDirectory() as folder:
        installer = Path(folder, "installer.in")
        installer.write_text(f"{INSTALLER}\n", encoding="utf-8")
        command = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", str(installer), "--quiet"]
        command += ["--universal", "--fork-strategy", "fewest", "--all-extras", "--generate-hashes", "--no-header"]
        command += ["--no-annotate", "--python-version", _oldest(root), "--output-file", str(Path(folder, "found.txt"))]
        if keep:
            command += ["--constraint", CONSTRAINTS]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"uv finds no versions:\n{done.stderr}")
        return Path(folder, "found.txt").read_text(encoding="utf-8")


def _oldest(root: Path) -> str:
    """The oldest Python that the project supports."""
    return re.search(r'(?m)^requires-python = ">=([\d.]+)"', (root / "pyproject.toml").read_text(encoding="utf-8"))[1]


def pins(resolved: str, head: str) -> tuple[str, str]:
    """The texts of constraints.txt and hashes.txt.

    Args:
        resolved: what uv has found.
        head: the comments at the top of constraints.txt.
    """
    entries = [entry for entry in _ENTRY.finditer(resolved) if not LEFT_TO_TORCH.fullmatch(entry["name"])]
    times = Counter(entry["name"] for entry in entries)
    lines, hashes = [], []
    for entry in entries:  # a marker only where two versions need one: what is not installed needs no constraint
        pin = f"{entry['name']}=={entry['version']}{(entry['marker'] or '') if times[entry['name']] > 1 else ''}"
        lines.append(pin)
        if entry["name"] != "torch":
            hashes.append(pin + entry["hashes"])
    return head + "\n".join(lines) + "\n", HEAD + "\n".join(hashes) + "\n"


def main(arguments: Sequence[str] | None = None, root: Path | None = None) -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description="Pin what make installs.")
    parser.add_argument("--keep", action="store_true", help="keep the versions, and write their hashes")
    keep = parser.parse_args(arguments).keep
    root = root or Path.cwd()
    old = (root / CONSTRAINTS).read_text(encoding="utf-8")
    constraints, hashes = pins(resolve(root, keep=keep), "".join(re.findall(r"(?m)^#.*\n", old)))
    if not keep:
        (root / CONSTRAINTS).write_text(constraints, encoding="utf-8", newline="\n")
    (root / HASHES).write_text(hashes, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
