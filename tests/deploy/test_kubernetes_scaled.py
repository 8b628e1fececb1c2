"""The scaled manifests: they fit the schemas of Kubernetes and of KubeRay, and the product, and let nothing
through that is not meant.

No cluster runs them here.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

import scaled_rules
from manifests import (
    KUBERNETES,
    ROOT,
    Manifest,
    image_variables,
    one,
    patched,
    rendered,
    targets,
    with_images,
)
from scaled_mistakes import MISTAKES
from scaled_parts import groups, labels, pods
from scaled_rules import RAY_PORTS, SECRETS, faults
from unstill.adapters.ray_workers.cluster import LEAST
from unstill.core.room import GIB
from unstill.serving.run import FAREWELL_S
from unstill.settings import PREFIX, load_settings

SCALED = KUBERNETES / "overlays/scaled"
COMPONENTS = ("postgresql", "shared-folder", "api-autoscaling", "ingress")
WAYS: dict[str, tuple[str, ...]] = {"scaled": (), **{name: (name,) for name in COMPONENTS}, "all": COMPONENTS}
SCHEMA = Path(__file__).parent / "schemas/raycluster-1.6.2.json"
GUIDE = (ROOT / "docs" / "kubernetes-scaled.md").read_text(encoding="utf-8")
VERSIONS = ("1.31", "1.37")


def kustomization(folder: Path, way: str) -> Path:
    """A folder of one's own that lays components over the overlay, as the guide says."""
    folder.mkdir(parents=True, exist_ok=True)
    said = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [os.path.relpath(SCALED, folder)],
        "components": [os.path.relpath(KUBERNETES / "components" / name, folder) for name in WAYS[way]],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    return folder


@pytest.fixture(params=WAYS)
def found(request: pytest.FixtureRequest, tmp_path: Path) -> list[Manifest]:
    return rendered(kustomization(tmp_path / "own", request.param))


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return strict(json.loads(SCHEMA.read_text(encoding="utf-8")))


def strict(part: Any) -> Any:
    """The schema with fields refused that it does not name, as `kubectl apply --validate=strict` does it."""
    if isinstance(part, list):
        return [strict(each) for each in part]
    if not isinstance(part, dict):
        return part
    made = {name: strict(value) for name, value in part.items()}
    open_ended = part.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in part
    if isinstance(part.get("properties"), dict) and part.get("type") == "object" and not open_ended:
        made["additionalProperties"] = False
    return made


# --- form


def test_every_rule_holds(found: list[Manifest]) -> None:
    assert faults(found) == []


@pytest.mark.parametrize("way", WAYS)
def test_kustomize_makes_the_same_of_them(way: str, tmp_path: Path) -> None:
    """What the other tests look at is what a cluster gets."""
    tools = {"kustomize": ["build"], "kubectl": ["kustomize"]}
    tool = next((name for name in tools if shutil.which(name)), None)
    if tool is None:
        pytest.skip("neither kustomize nor kubectl is here")
    folder = kustomization(tmp_path / "own", way)
    made = subprocess.run([tool, *tools[tool], str(folder)], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    theirs = {(m["kind"], m["metadata"]["name"]): m for m in yaml.safe_load_all(made.stdout)}
    assert {(m["kind"], m["metadata"]["name"]): m for m in rendered(folder)} == theirs


@pytest.mark.parametrize("version", VERSIONS)
def test_they_fit_kubernetes_schemas(version: str, tmp_path: Path) -> None:
    """Strictly; Ray's pods are held against the schema of pods, too, which says more than KubeRay's."""
    found = rendered(kustomization(tmp_path / "own", "all")) + rendered(SCALED)
    for manifest in (m for m in found if m["kind"] != "RayCluster"):
        assert kubernetes_validate.validate(manifest, version, strict=True) == version
    for group in groups(found[: len(found) // 2 + 1]).values():
        assert kubernetes_validate.validate(as_pod(group), version, strict=True) == version


def as_pod(group: Manifest) -> Manifest:
    return {"apiVersion": "v1", "kind": "Pod", **copy.deepcopy(group["template"])}


def test_the_cluster_fits_kuberays_schema(found: list[Manifest], schema: dict[str, Any]) -> None:
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.Draft7Validator(schema).validate(one(found, "RayCluster"))


def test_the_schema_names_its_source() -> None:
    said = SCHEMA.read_text(encoding="utf-8").partition("\n")[0]
    assert "KubeRay v1.6.2" in said
    assert "https://github.com/ray-project/kuberay" in said
    assert "Apache-2.0" in said
    assert "KubeRay 1.6" in GUIDE


@pytest.mark.parametrize(
    "step",
    [
        "{op: add, path: /spec/enableInTreeAutoscalling, value: true}",
        "{op: replace, path: /spec/authOptions/mode, value: tokens}",
        "{op: replace, path: /spec/workerGroupSpecs/0/maxReplicas, value: four}",
        "{op: remove, path: /spec/headGroupSpec}",
        "{op: add, path: /spec/workerGroupSpecs/1/template/spec/terminationGracePeriod, value: 40}",
        "{op: replace, path: /spec/headGroupSpec/rayStartParams/num-cpus, value: 0}",
        "{op: replace, path: /spec/autoscalerOptions/upscalingMode, value: Eager}",
    ],
)
def test_a_wrong_cluster_is_refused_by_the_schema(step: str, schema: dict[str, Any]) -> None:
    """The check above can fail."""
    [broken] = patched(
        [one(rendered(SCALED), "RayCluster")], {"kind": "RayCluster", "name": "unstill"}, f"[{step}]"
    )
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(schema).validate(broken)


# --- what must be caught


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_caught(name: str) -> None:
    assert faults(MISTAKES[name].made(rendered(SCALED)))


def test_a_secret_in_the_files_is_caught() -> None:
    shipped: Manifest = {"kind": "Secret", "metadata": {"name": "unstill"}, "data": {}}
    assert faults([*rendered(SCALED), shipped]) == ["no_secret_is_shipped: a Secret: unstill"]


# --- what the product says


def test_settings_load_as_a_server_reads_them(
    found: list[Manifest], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    secret = {
        "UNSTILL_API_KEY": "a-key-of-a-secret", "UNSTILL_DATABASE_URL": "postgresql://unstill:x@db.example.org/unstill",
        "UNSTILL_S3_KEY_ID": "key", "UNSTILL_S3_SECRET": "secret",
    }  # fmt: skip
    given = one(found, "ConfigMap")["data"]
    for name, value in {**image_variables(), **given, **secret}.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.workers == "ray"
    assert settings.ray_address == "auto"
    assert str(settings.storage) == given["UNSTILL_STORAGE"]
    assert (
        settings.grace_s + FAREWELL_S + 10 <= pods(found)["unstill"]["spec"]["terminationGracePeriodSeconds"]
    )


def test_servers_are_several_and_own_nothing(found: list[Manifest]) -> None:
    """A data folder of each, which goes with it; one stays when nodes are emptied; they are spread."""
    deployment = one(found, "Deployment")
    scaler = [m for m in found if m["kind"] == "HorizontalPodAutoscaler"]
    least = scaler[0]["spec"]["minReplicas"] if scaler else deployment["spec"]["replicas"]
    assert least >= 2
    assert ("replicas" in deployment["spec"]) is not bool(scaler)
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    spec = pods(found)["unstill"]["spec"]
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    assert "emptyDir" in volumes["data"]
    [spread] = spec["topologySpreadConstraints"]
    assert spread["topologyKey"] == "kubernetes.io/hostname"
    assert spread["labelSelector"]["matchLabels"].items() <= labels(found, "unstill").items()
    assert one(found, "PodDisruptionBudget")["spec"]["minAvailable"] < least


def test_ray_start_knows_every_word() -> None:
    """The installed Ray's own list of options; the version is none that a server refuses."""
    pytest.importorskip("ray")
    asked = "from ray.scripts.scripts import start; print(*(o for p in start.params for o in p.opts))"
    text = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    known = {word.removeprefix("--") for word in text.split()}
    found = rendered(SCALED)
    words = {word for group in groups(found).values() for word in group["rayStartParams"]}
    words |= {
        word[2:].partition("=")[0]
        for word in pods(found)["unstill"]["spec"]["initContainers"][0]["command"][2:]
    }
    assert words | {"labels"} <= known
    assert set(RAY_PORTS) <= words
    version = one(found, "RayCluster")["spec"]["rayVersion"]
    assert tuple(map(int, version.split(".")[:2])) >= LEAST
    assert version in GUIDE


def test_probes_ask_ports_that_ray_opens(found: list[Manifest]) -> None:
    """KubeRay's own probes ask an HTTP agent that a plain Ray does not have."""
    for name, group in groups(found).items():
        [container] = group["template"]["spec"]["containers"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        for kind in ("startup", "liveness", "readiness"):
            asked = ports[container[f"{kind}Probe"]["tcpSocket"]["port"]]
            assert asked == int(group["rayStartParams"]["port" if name == "head" else "node-manager-port"])


def test_workers_have_the_memory_that_a_card_needs(found: list[Manifest]) -> None:
    """Weights pass through the computer's memory on their way to the card."""
    memory = groups(found)["gpu"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"]
    assert int(memory.removesuffix("Gi")) * GIB >= 64 * GIB


def test_images_are_one_product(found: list[Manifest]) -> None:
    names = {image["image"] for manifest in found for image in with_images(manifest)}
    ours = {name for name in names if "postgres" not in name}
    assert ours == {"ghcr.io/unstill/unstill:cpu-ray", "ghcr.io/unstill/unstill:cuda-ray"}
    assert {name.rpartition(":")[2] for name in ours} <= targets()
    [gpu] = groups(found)["gpu"]["template"]["spec"]["containers"]
    assert gpu["image"].endswith("cuda-ray")


# --- the guide


def test_the_guide_has_every_secret_made() -> None:
    """With the names and keys that the manifests ask for."""
    made: dict[str, set[str]] = {}
    for name, rest in re.findall(r"create secret generic ([a-z0-9-]+)((?:[^\n]*\\\n)*[^\n]*)", GUIDE):
        made.setdefault(name, set()).update(re.findall(r"--from-literal=([a-z_-]+)=", rest))
    assert made == SECRETS


def test_the_guide_names_what_there_is() -> None:
    """Folders, addresses to be replaced, and that it was not run."""
    for path in re.findall(r"deploy/kubernetes/[\w./-]+\w", GUIDE):
        assert (ROOT / path).exists(), path
    policy = (SCALED / "network-policy.yaml").read_text(encoding="utf-8")
    for address in (scaled_rules.DATABASE, scaled_rules.STORAGE, scaled_rules.KUBERNETES_API):
        assert address in GUIDE
        assert f"cidr: {address}/32" in policy
    assert "not run on a cluster" in re.sub(r"\s+", " ", GUIDE).lower()
    for name in COMPONENTS:
        assert f"components/{name}" in GUIDE
