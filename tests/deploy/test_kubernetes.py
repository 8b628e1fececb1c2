"""The manifests: they fit Kubernetes' schemas, render as kustomize renders them, and fit the product."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from manifests import (
    KUBERNETES,
    Manifest,
    containers,
    dockerfile,
    image_variables,
    one,
    patched,
    pod,
    rendered,
    targets,
)
from unstill.apps.api.guard.origin import check_host
from unstill.apps.api.guard.settings import GuardSettings, upload_routes
from unstill.apps.api.health import router
from unstill.core.room import GIB
from unstill.domain.service_errors import ForeignHost
from unstill.serving.run import FAREWELL_S
from unstill.settings import PREFIX, Settings, load_settings
from unstill.settings.fields import PORT

OVERLAYS = ("base", "overlays/gpu", "overlays/ingress")
VERSIONS = ("1.31", "1.37")
"""The oldest and the newest schemas that the files are held against: each takes a while to read."""
UNITS = {"Gi": 2**30, "Mi": 2**20}


@pytest.fixture(params=[*OVERLAYS, "gpu and ingress"], scope="module")
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    """Each way to install it, and the overlays put together by hand as the guide says."""
    if request.param in OVERLAYS:
        return rendered(KUBERNETES / request.param)
    folder = tmp_path_factory.mktemp("own")
    said = {
        "resources": [os.path.relpath(KUBERNETES / "overlays/gpu", folder)],
        "components": [os.path.relpath(KUBERNETES / "components/ingress", folder)],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    return rendered(folder)


def settings_of(found: list[Manifest]) -> dict[str, str]:
    """Variables that the container is given, the key's aside."""
    container = containers(one(found, "Deployment"))[0]
    assert container["envFrom"] == [{"configMapRef": {"name": one(found, "ConfigMap")["metadata"]["name"]}}]
    made: dict[str, str] = one(found, "ConfigMap")["data"]
    return made


def unknown(names: list[str]) -> list[str]:
    """Names of variables that are no setting."""
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    return [name for name in names if name not in known]


def size(text: str) -> int:
    return int(text[:-2]) * UNITS[text[-2:]]


# --- form


@pytest.mark.parametrize(
    ("overlay", "version"), [("overlays/gpu", VERSIONS[1]), ("overlays/ingress", VERSIONS[0])]
)
def test_they_fit_the_schemas(overlay: str, version: str) -> None:
    """Strictly: a field that no schema knows is a fault. The base is in each overlay."""
    for manifest in rendered(KUBERNETES / overlay):
        assert kubernetes_validate.validate(manifest, version, strict=True) == version


def test_a_misspelled_field_and_a_wrong_type_are_refused() -> None:
    """The check above can fail."""
    deployment = one(rendered(KUBERNETES / "base"), "Deployment")
    steps = (
        "[{op: add, path: /spec/template/spec/terminationGracePeriod, value: 40}]",
        "[{op: replace, path: /spec/replicas, value: one}]",
    )
    for step in steps:
        [broken] = patched([deployment], {"kind": "Deployment", "name": "unstill"}, step)
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(broken, VERSIONS[-1], strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kustomize_makes_the_same_of_them(overlay: str) -> None:
    """What the other tests look at is what a cluster gets."""
    tools = {"kustomize": ["build"], "kubectl": ["kustomize"]}
    tool = next((name for name in tools if shutil.which(name)), None)
    if tool is None:
        pytest.skip("neither kustomize nor kubectl is here")
    made = subprocess.run(
        [tool, *tools[tool], str(KUBERNETES / overlay)], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    theirs = {(m["kind"], m["metadata"]["name"]): m for m in yaml.safe_load_all(made.stdout)}
    assert {(m["kind"], m["metadata"]["name"]): m for m in rendered(KUBERNETES / overlay)} == theirs


def test_a_patch_that_hits_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="0 such"):
        patched([], {"kind": "Deployment", "name": "unstill"}, "[]")


# --- what the product says


def test_probes_ask_for_paths_that_need_no_key(found: list[Manifest]) -> None:
    """The server has them, they are open, and a pod that is merely not ready is not killed."""
    container = containers(one(found, "Deployment"))[0]
    paths = {
        kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")
    }
    routes = {getattr(route, "path", None) for route in router.routes}
    assert paths == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}
    for path in paths.values():
        assert path in routes
        assert GuardSettings().is_public(path)


def test_every_setting_exists_and_is_right(
    found: list[Manifest], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    given = settings_of(found)
    keys = [variable["name"] for variable in containers(one(found, "Deployment"))[0]["env"]]
    assert unknown([*given, *keys]) == []
    for name, value in {**image_variables(), **given}.items():
        monkeypatch.setenv(name, value)
    assert load_settings().claim is False
    assert unknown(["UNSTILL_CLAIMS"]) == ["UNSTILL_CLAIMS"]


def test_nothing_of_the_cluster_is_taken_for_a_setting(found: list[Manifest]) -> None:
    """Links to a Service `unstill` would be UNSTILL_PORT=tcp://10.0.0.1:7860, which is no port."""
    link = f"{one(found, 'Service')['metadata']['name']}_PORT".upper().replace("-", "_")
    assert unknown([link]) == []  # this is why
    assert pod(one(found, "Deployment"))["enableServiceLinks"] is False


def test_ports_agree(found: list[Manifest]) -> None:
    """Settings, image, container, Service, policy and Ingress."""
    assert {int(port) for port in dockerfile("EXPOSE")} == {PORT}
    [port] = containers(one(found, "Deployment"))[0]["ports"]
    assert port["containerPort"] == PORT
    service = one(found, "Service")
    assert service["spec"]["ports"] == [{"name": "http", "port": PORT, "targetPort": port["name"]}]
    [rule] = one(found, "NetworkPolicy")["spec"]["ingress"]
    assert rule["ports"] == [{"port": port["name"]}]
    for ingress in (m for m in found if m["kind"] == "Ingress"):
        for path in (path for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]):
            assert path["backend"]["service"] == {
                "name": service["metadata"]["name"],
                "port": {"name": service["spec"]["ports"][0]["name"]},
            }


def test_labels_lead_to_the_pod(found: list[Manifest]) -> None:
    deployment = one(found, "Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    for selector in (
        deployment["spec"]["selector"]["matchLabels"],
        one(found, "Service")["spec"]["selector"],
        one(found, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    ):
        assert selector.items() <= labels.items()


def test_who_it_runs_as_is_who_the_image_makes(found: list[Manifest]) -> None:
    """User, group and the volume's group; the folder is the one that the image declares."""
    spec = pod(one(found, "Deployment"))
    context = spec["securityContext"]
    ids = f"{context['runAsUser']}:{context['runAsGroup']}"
    assert set(dockerfile("USER")) == {ids}
    assert context["fsGroup"] == context["runAsGroup"]
    assert context["fsGroupChangePolicy"] == "OnRootMismatch"
    mounts = {
        mount["name"]: mount["mountPath"] for mount in containers(one(found, "Deployment"))[0]["volumeMounts"]
    }
    assert {mounts["data"]} == set(dockerfile("VOLUME")) == {image_variables()["UNSTILL_DATA_DIR"]}
    assert mounts["tmp"] == "/tmp"
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    assert volumes.keys() == mounts.keys()
    claim = volumes["data"]["persistentVolumeClaim"]["claimName"]
    assert claim == one(found, "PersistentVolumeClaim")["metadata"]["name"]


def test_it_keeps_the_restricted_standard(found: list[Manifest]) -> None:
    """Pod Security Standards, "restricted", which its namespace enforces, and more."""
    labels = one(found, "Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    spec = pod(one(found, "Deployment"))
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    for container in containers(one(found, "Deployment")):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
    assert all({"persistentVolumeClaim", "emptyDir"} & volume.keys() for volume in spec["volumes"])


def test_images_are_ones_that_are_built(found: list[Manifest]) -> None:
    container = containers(one(found, "Deployment"))[0]
    name, tag = container["image"].rsplit(":", 1)
    assert name == "ghcr.io/unstill/unstill"
    assert tag in targets()
    assert ("nvidia.com/gpu" in container["resources"]["limits"]) is (tag == "cuda")


def test_one_server_has_the_folder_and_time_to_end(found: list[Manifest]) -> None:
    deployment = one(found, "Deployment")
    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    grace = Settings.model_fields["grace_s"].default
    assert pod(deployment)["terminationGracePeriodSeconds"] >= grace + FAREWELL_S + 10


def test_the_volume_holds_what_settings_allow(found: list[Manifest]) -> None:
    asked = size(one(found, "PersistentVolumeClaim")["spec"]["resources"]["requests"]["storage"])
    fields = Settings.model_fields
    assert asked > (fields["outputs_gibibytes"].default + fields["free_gibibytes"].default) * GIB


def test_names_in_the_cluster_and_outside_are_answered_to(found: list[Manifest]) -> None:
    """A kubelet asks by the pod's address, pods by the Service's names, browsers by the Ingress's."""
    hosts = tuple(settings_of(found)["UNSTILL_HOSTS"].split(","))
    guard = GuardSettings(bind=image_variables()["UNSTILL_HOST"], hosts=hosts)
    metadata = one(found, "Service")["metadata"]
    short = f"{metadata['name']}.{metadata['namespace']}"
    names = [metadata["name"], short, f"{short}.svc", f"{short}.svc.cluster.local"]
    ways = [f"{name}:{PORT}" for name in names] + [f"10.42.0.7:{PORT}", f"127.0.0.1:{PORT}"]
    ways += [rule["host"] for m in found if m["kind"] == "Ingress" for rule in m["spec"]["rules"]]
    for host in ways:
        check_host([(b"host", host.encode())], guard)
    with pytest.raises(ForeignHost):
        check_host([(b"host", b"elsewhere.example")], guard)


def test_an_ingress_lets_pass_what_the_server_takes() -> None:
    """Bodies as large as the largest upload, and TLS for each name."""
    ingress = one(rendered(KUBERNETES / "overlays/ingress"), "Ingress")
    largest = max(max(route.form, route.json) for route in upload_routes())
    notes = ingress["metadata"]["annotations"]
    sizes = [value for name, value in notes.items() if name.endswith("body-size")]
    assert len(sizes) == 2
    for text in sizes:
        assert re.fullmatch(r"\d+m", text)
        assert int(text[:-1]) * 2**20 >= largest
    assert {r["host"] for r in ingress["spec"]["rules"]} == {
        h for t in ingress["spec"]["tls"] for h in t["hosts"]
    }


def test_no_secret_is_shipped(found: list[Manifest]) -> None:
    """A key in a file that everybody has is none; without one the server makes its own."""
    assert not [manifest for manifest in found if manifest["kind"] == "Secret"]
    [key] = containers(one(found, "Deployment"))[0]["env"]
    assert key["name"] == "UNSTILL_API_KEY"
    assert key["valueFrom"]["secretKeyRef"]["optional"] is True
