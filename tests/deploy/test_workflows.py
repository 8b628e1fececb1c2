"""The workflows: valid, without known weaknesses, and with shell steps that do what they say.

GitHub itself is not here: what needs its runners, or Docker, is only linted.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from manifests import ROOT, dockerfile, targets
from unstill.version import __version__

FOLDER = ROOT / ".github/workflows"
FILES = sorted(FOLDER.glob("*.yml"))
PINNED = re.compile(r"uses: (?:\./\.github/workflows/[a-z]+\.yml|[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)")
DIGEST = f"sha256:{'0123456789abcdef' * 4}"
UNSAFE = """
name: Unsafe
on: pull_request_target
jobs:
  one:
    runs-on: ubuntu-24.04
    steps:
      - run: echo "${{ github.event.pull_request.title }}"
"""


def release() -> dict[str, Any]:
    made: dict[str, Any] = yaml.safe_load((FOLDER / "release.yml").read_text(encoding="utf-8"))
    return made


def schema(*paths: Path) -> subprocess.CompletedProcess[str]:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    return subprocess.run([*check, *map(str, paths)], capture_output=True, text=True, check=False)


def audit(*paths: Path) -> subprocess.CompletedProcess[str]:
    """From medium severity on: what a newer version merely likes better is no fault."""
    tool = Path(sysconfig.get_path("scripts")) / "zizmor"
    options = ["--offline", "--no-progress", "--no-config", "--min-severity=medium"]
    return subprocess.run([tool, *options, *paths], capture_output=True, text=True, check=False)


def step(job: str, name: str) -> str:
    """What a step of the release runs."""
    [found] = [one["run"] for one in release()["jobs"][job]["steps"] if one.get("name") == name]
    return str(found)


def run(script: str, folder: Path, **environ: str) -> tuple[int, dict[str, str]]:
    """A shell step as a runner runs it: its exit code, and its outputs."""
    said, summary = folder / "said", folder / "summary"
    said.write_text("")
    given = {"PATH": os.environ["PATH"], "GITHUB_OUTPUT": str(said), "GITHUB_STEP_SUMMARY": str(summary)}
    bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    done = subprocess.run(bash, cwd=ROOT, check=False, env={**given, **environ})
    return done.returncode, dict(line.split("=", 1) for line in said.read_text().splitlines())


def test_they_fit_the_schema(tmp_path: Path) -> None:
    """And one with a misspelled word does not."""
    found = schema(*FILES)
    assert found.returncode == 0, found.stdout
    broken = tmp_path / "broken.yml"
    broken.write_text((FOLDER / "ci.yml").read_text(encoding="utf-8").replace("runs-on:", "run-on:"))
    assert schema(broken).returncode == 1


def test_they_have_no_known_weakness(tmp_path: Path) -> None:
    """And one that runs a stranger's title as a command has."""
    found = audit(FOLDER)
    assert found.returncode == 0, found.stdout
    unsafe = tmp_path / "unsafe.yml"
    unsafe.write_text(UNSAFE)
    found = audit(unsafe)
    assert found.returncode > 10, found.stderr  # 11 to 14: findings, by the worst of them
    assert "template-injection" in found.stdout


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_actions_are_pinned_and_rights_are_few(path: Path) -> None:
    """Each action by a commit, nothing allowed beyond what a job names, no key left in a checkout."""
    text = path.read_text(encoding="utf-8")
    said = yaml.safe_load(text)
    uses = [line.strip().removeprefix("- ") for line in text.splitlines() if re.match(r"\s*(- )?uses:", line)]
    assert [line for line in uses if not PINNED.fullmatch(line)] == []
    assert said["permissions"] == {}
    for job in said["jobs"].values():
        writes = {right for right, level in job["permissions"].items() if level == "write"}
        assert writes <= {"packages", "id-token"}
    assert text.count("persist-credentials: false") == text.count("uses: actions/checkout@")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_shell_steps_are_shell(path: Path) -> None:
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    scripts = [s["run"] for job in said["jobs"].values() for s in job.get("steps", []) if "run" in s]
    assert scripts
    for script in scripts:
        assert "${{" not in script
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run(
            ["bash", "-n"], input="if true; then", text=True, check=True, stderr=subprocess.DEVNULL
        )


def test_images_are_targets_with_the_arguments_they_know() -> None:
    """Both processors for the small one; the base by its digest; SBOM and full provenance."""
    job = release()["jobs"]["image"]
    built = {one["target"]: one["platforms"].split(",") for one in job["strategy"]["matrix"]["include"]}
    assert built == {"cpu": ["linux/amd64", "linux/arm64"], "cuda": ["linux/amd64"]}
    assert built.keys() <= targets()
    known = {line.split("=")[0] for name in built for line in dockerfile("ARG", name)} | {"BASE_IMAGE"}
    assert "ARG BASE_IMAGE=" in (ROOT / "Dockerfile").read_text(encoding="utf-8")
    builds = [one["with"] for one in job["steps"] if "build-push-action" in one.get("uses", "")]
    for build in builds:
        given = dict(line.split("=", 1) for line in build["build-args"].splitlines())
        assert given.keys() <= known
        assert given["BASE_IMAGE"] == "${{ needs.base.outputs.base }}"
    assert builds[-1]["sbom"] is True
    assert builds[-1]["provenance"] == "mode=max"


def test_a_tag_must_say_the_version(tmp_path: Path) -> None:
    script = step("base", "Names")
    named = {"GITHUB_REPOSITORY": "Unstill/Unstill"}
    assert run(script, tmp_path, GITHUB_REF_NAME=f"v{__version__}", **named) == (
        0, {"version": __version__, "image": "ghcr.io/unstill/unstill"},
    )  # fmt: skip
    assert run(script, tmp_path, GITHUB_REF_NAME="v9.9.9", **named) == (1, {})


@pytest.mark.parametrize(("answer", "code"), [(f'"{DIGEST}"', 0), ("null", 1), ('"sha256:short"', 1)])
def test_the_base_is_pinned_or_nothing_is_built(tmp_path: Path, answer: str, code: int) -> None:
    """A program in docker's place answers as `imagetools inspect` does."""
    docker = tmp_path / "docker"
    docker.write_text(f"#!/bin/sh\ntest \"$3\" = inspect || exit 9\nprintf '%s\\n' '{answer}'\n")
    docker.chmod(0o755)
    done, said = run(step("base", "Digest"), tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done == code
    name = re.search(r"(?m)^ARG BASE_IMAGE=([^\s@]+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    assert name is not None
    assert said == ({"base": f"{name[1]}@{DIGEST}"} if code == 0 else {})


def test_tags_name_the_target_and_the_small_image_is_the_latest(tmp_path: Path) -> None:
    script, image = step("image", "Tags"), "ghcr.io/unstill/unstill"
    cpu, cuda = (
        run(script, tmp_path, IMAGE=image, VERSION="1.2.3", TARGET=name)[1] for name in ("cpu", "cuda")
    )
    assert cpu["tags"].split(",") == [f"{image}:{tag}" for tag in ("1.2.3-cpu", "cpu", "1.2.3", "latest")]
    assert cuda["tags"].split(",") == [f"{image}:{tag}" for tag in ("1.2.3-cuda", "cuda")]
