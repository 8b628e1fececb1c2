"""Kubernetes' manifests as kustomize renders them, and what the Dockerfile says of the image.

Only what the files here use: resources, components, JSON patches (RFC 6902) by kind and name, images and the
namespace. Anything else is refused, so that nothing is left out in silence.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonpatch
import yaml

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy/kubernetes"
KNOWN = {"apiVersion", "kind", "resources", "components", "patches", "images", "namespace"}
CLUSTER_WIDE = ("Namespace",)

Manifest = dict[str, Any]


def rendered(folder: Path, before: list[Manifest] | None = None) -> list[Manifest]:
    """What `kubectl kustomize FOLDER` prints. ``before``: what a component is laid over."""
    said = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    if unknown := set(said) - KNOWN:
        raise ValueError(f"{folder.name}: {sorted(unknown)}")
    found = list(before or [])
    for name in said.get("resources", []):
        path = (folder / name).resolve()
        found += rendered(path) if path.is_dir() else loaded(path)
    for name in said.get("components", []):
        found = rendered((folder / name).resolve(), found)
    for patch in said.get("patches", []):
        found = patched(found, patch["target"], (folder / patch["path"]).read_text(encoding="utf-8"))
    for manifest in found:
        if "namespace" in said and manifest["kind"] not in CLUSTER_WIDE:
            manifest["metadata"]["namespace"] = said["namespace"]
        for container in with_images(manifest):
            container["image"] = renamed(container["image"], said.get("images", []))
    return found


def loaded(path: Path) -> list[Manifest]:
    return [one for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if one]


def patched(found: list[Manifest], target: dict[str, str], text: str) -> list[Manifest]:
    """``found`` with the patch on its one target."""
    steps = yaml.safe_load(text)
    aim = (target["kind"], target["name"])
    hit = [(one["kind"], one["metadata"]["name"]) == aim for one in found]
    if sum(hit) != 1:
        raise ValueError(f"{aim}: {sum(hit)} such")
    return [
        jsonpatch.apply_patch(one, steps) if is_it else one for one, is_it in zip(found, hit, strict=True)
    ]


def renamed(image: str, images: list[dict[str, str]]) -> str:
    name, _, tag = image.partition(":")
    for rule in images:
        if rule["name"] == name:
            name, tag = rule.get("newName", name), rule.get("newTag", tag)
            break
    return f"{name}:{tag}" if tag else name


def with_images(part: Any) -> list[Manifest]:
    """Containers wherever they stand, as kustomize finds them: also in kinds that it does not know."""
    if isinstance(part, list):
        return [one for each in part for one in with_images(each)]
    if not isinstance(part, dict):
        return []
    here = [one for name in ("containers", "initContainers") for one in part.get(name) or []]
    return here + [one for each in part.values() for one in with_images(each)]


def containers(manifest: Manifest) -> list[Manifest]:
    if manifest["kind"] != "Deployment":
        return []
    made: list[Manifest] = pod(manifest)["containers"]
    return made


def pod(deployment: Manifest) -> Manifest:
    made: Manifest = deployment["spec"]["template"]["spec"]
    return made


def one(found: list[Manifest], kind: str) -> Manifest:
    """The one manifest of a kind."""
    hits = [manifest for manifest in found if manifest["kind"] == kind]
    assert len(hits) == 1, f"{len(hits)} of {kind}"
    return hits[0]


def dockerfile(instruction: str, target: str = "cpu") -> list[str]:
    """The arguments of each such instruction on the way to a target, the earliest stage first."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    stages = {stage.split("\n", 1)[0].split(" AS ")[1].strip(): stage for stage in text.split("\nFROM ")[1:]}
    found: list[str] = []
    while target in stages:
        stage = stages[target]
        found = re.findall(rf"(?m)^{instruction} (.+)$", stage) + found
        target = stage.split(" AS ")[0].strip()
    return found


def targets() -> set[str]:
    """Names of the Dockerfile's stages."""
    return set(re.findall(r"(?m)^FROM \S+ AS (\S+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8")))


def image_variables(target: str = "cpu") -> dict[str, str]:
    """What the image itself sets."""
    pairs = [pair.partition("=") for line in dockerfile("ENV", target) for pair in line.split()]
    return {name: value for name, _, value in pairs}
