"""``make upgrade``: constraints and hashes from what uv resolves, and that the two files agree."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from livedocs.run import pins
from tests.conftest import ROOT, WAIT

pytestmark = pytest.mark.site

RESOLVED = """\
appnope==1.0.0 ; sys_platform == 'darwin' \\
    --hash=sha256:aa
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:bb \\
    --hash=sha256:cc
numpy==2.5.5 ; python_full_version >= '3.12' \\
    --hash=sha256:dd
nvidia-nccl-cu13==2.30.7 ; sys_platform == 'linux' \\
    --hash=sha256:ee
setuptools==84.2.1 \\
    --hash=sha256:22
torch==2.15.0 \\
    --hash=sha256:ff
triton==3.9.0 ; sys_platform == 'linux' \\
    --hash=sha256:11
"""


def versions(text: str) -> dict[str, str]:
    found = re.findall(r"(?m)^([\w.-]+)==(\S+)", text)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def test_torch_has_no_hash_and_keeps_its_own_packages() -> None:
    constraints, hashes = pins.pins(RESOLVED, "# head\n")
    assert constraints == (
        "# head\nappnope==1.0.0\nnumpy==2.4.6 ; python_full_version < '3.12'\n"
        "numpy==2.5.5 ; python_full_version >= '3.12'\ntorch==2.15.0\n"
    )
    assert hashes.startswith(pins.HEAD + "appnope==1.0.0 \\\n    --hash=sha256:aa\nnumpy==2.4.6 ; ")
    assert re.findall(r"sha256:(\w+)", hashes) == ["aa", "bb", "cc", "dd"]


def test_the_hashes_are_of_the_versions_that_make_installs() -> None:
    constraints = versions((ROOT / pins.CONSTRAINTS).read_text(encoding="utf-8"))
    text = (ROOT / pins.HASHES).read_text(encoding="utf-8")
    hashed = versions(text)
    missing = constraints.keys() - hashed.keys() - {"torch"}
    assert not missing, f"python -m livedocs.run.pins --keep writes them: {sorted(missing)}"
    assert {name: version for name, version in hashed.items() if constraints.get(name, version) != version} == {}
    assert all(entry["hashes"] for entry in pins._ENTRY.finditer(text))


def test_a_file_with_another_hash_is_not_installed(tmp_path: Path) -> None:
    """By the command of the Makefile, with a wheel from a folder in the place of an index."""
    wheel = tmp_path / "one-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as target:
        target.writestr("one.py", "")
        target.writestr("one-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: one\nVersion: 1.0\n")
        target.writestr("one-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        target.writestr("one-1.0.dist-info/RECORD", "")
    (tmp_path / "constraints.txt").write_text("one==1.0\n", encoding="utf-8")
    venv.create(tmp_path / "venv", with_pip=False)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"(?m)^INSTALL = (.*\\\n)*.*--constraint hashes\.txt", makefile)

    def install(digest: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "hashes.txt").write_text(f"one==1.0 \\\n    --hash=sha256:{digest}\n", encoding="utf-8")
        command = [sys.executable, "-m", "uv", "pip", "install", "--no-cache", "--no-index", "--find-links", "."]
        command += ["--python", "venv", "--constraint", "constraints.txt", "--constraint", "hashes.txt", "one"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=WAIT)

    done = install("0" * 64)
    assert done.returncode != 0 and "Hash mismatch" in done.stderr
    assert install(hashlib.sha256(wheel.read_bytes()).hexdigest()).returncode == 0
