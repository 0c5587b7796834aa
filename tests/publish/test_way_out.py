"""The way out: ProperDocs, which goes on where MkDocs 1.x ended, builds the same pages of the same files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import projects
from tests.conftest import PATIENCE

pytestmark = pytest.mark.site

GENERATOR = re.compile(rb'<meta name="generator" content="[^"]*">')


def built_by(tool: str, project: Path) -> dict[str, bytes]:
    """The files of the site, without the line that names the tool; the archive holds pages, so it has the line too."""
    site = project / tool
    command = [sys.executable, "-m", tool, "build", "--strict", "--config-file", "mkdocs.yml", "--site-dir", str(site)]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=PATIENCE, env=env)
    assert done.returncode == 0, done.stderr
    files = (path for path in site.rglob("*") if path.is_file() and path.suffix != ".zip")
    return {path.relative_to(site).as_posix(): GENERATOR.sub(b"", path.read_bytes()) for path in files}


def test_properdocs_builds_the_same_site(tmp_path: Path) -> None:
    project = projects.make(tmp_path)
    one, other = built_by("mkdocs", project), built_by("properdocs", project)
    assert one.keys() == other.keys()
    assert not [name for name in one if one[name] != other[name]]
    assert len([name for name in one if name.endswith("index.html")]) > len(projects.PARTS)
