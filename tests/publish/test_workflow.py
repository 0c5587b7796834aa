"""The workflow that tests and publishes the site: it is valid, and calls what the project has."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import pytest
import yaml

from tests.conftest import ROOT, WAIT

pytestmark = pytest.mark.site

WORKFLOW = ROOT / ".github/workflows/site.yml"
JOBS = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
COMMANDS = [step["run"] for job in JOBS.values() for step in job["steps"] if "run" in step]


def test_it_is_a_workflow() -> None:
    """By the schema that check-jsonschema carries."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(WORKFLOW)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_commands_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {name for text in COMMANDS for name in re.findall(r"\bmake ([\w-]+)", text)}
    assert targets == {"test", "accept", "build", "publish-versions"}
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    variables = {name for text in COMMANDS for name in re.findall(r"\b([A-Z_]+)=", text)} - {"TORCH"}
    for name in variables - {"SITE_URL", "REPO_URL"}:
        assert re.search(rf"\b{name} [?:]?=|^ifndef {name}$", makefile, re.MULTILINE), name


def test_it_tests_the_oldest_release_and_the_default_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (bounds,) = [text for text in project["dependencies"] if text.startswith("torch")]
    releases = [entry["release"] for entry in JOBS["test"]["strategy"]["matrix"]["include"]]
    assert releases == ["default", re.search(r">=([\d.]+)", bounds)[1] + ".0"]


def test_it_publishes_the_default_release_and_the_oldest_one() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    oldest = JOBS["test"]["strategy"]["matrix"]["include"][1]["release"]
    assert re.search(r"^RELEASES \?= (.*)$", makefile, re.MULTILINE)[1] == f"$(DEFAULT_TORCH) {oldest}"
    (folder,) = [step["with"]["path"] for step in JOBS["versions"]["steps"] if "upload-pages" in step.get("uses", "")]
    assert folder == "published"


def test_the_bound_that_the_newest_release_crosses_can_be_moved() -> None:
    (script,) = [text for text in COMMANDS if "pip index versions" in text]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(r'"torch>=[0-9.]*,<[0-9.]*"', project), "the pattern of the workflow finds nothing"
    assert r's/"torch>=\([0-9.]*\),<[0-9.]*"/"torch>=\1"/' in script


def test_only_main_is_published_and_only_after_all_tests() -> None:
    publish = JOBS["publish"]
    assert publish["needs"] == ["test", "versions"] and "refs/heads/main" in publish["if"]
    main = "github.ref == 'refs/heads/main'"
    assert main in JOBS["versions"]["if"] and main.replace("==", "!=") in JOBS["build"]["if"]
    assert [name for name, job in JOBS.items() if "id-token" in job.get("permissions", {})] == ["publish"]
