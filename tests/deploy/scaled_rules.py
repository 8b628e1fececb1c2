"""What must hold of the scaled manifests: each rule gives the faults that it finds, as words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from manifests import Manifest, one
from scaled_parts import all_containers, groups, labels, passes, pods, selected
from unstill.adapters.ray_workers.pools import LABEL, parse_pools
from unstill.settings import PREFIX, Settings
from unstill.settings.fields import PORT

SECRETS: Mapping[str, set[str]] = {
    "unstill": {"api-key"},
    "unstill-database": {"url", "password"},
    "unstill-ray": {"auth_token"},
    "unstill-s3": {"key-id", "secret"},
}
"""What the guide has its reader make."""
DATABASE, STORAGE, KUBERNETES_API, WORLD = "192.0.2.10", "192.0.2.20", "192.0.2.30", "203.0.113.1"
NEAR = "192.0.2.99"
"""An address beside the others."""
OUTSIDE = (53, 80, 443, 5432, 6379, 6443, PORT)
RAY_PORTS = (
    "port", "node-manager-port", "object-manager-port", "runtime-env-agent-port",
    "dashboard-agent-grpc-port", "metrics-export-port", "dashboard-agent-listen-port", "min-worker-port",
    "max-worker-port",
)  # fmt: skip
SECURE = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


# --- rules


def references(found: list[Manifest]) -> Iterator[str]:
    """What is named exists: secrets by the guide, the rest in the manifests; nothing optional or unused."""
    maps = {m["metadata"]["name"] for m in found if m["kind"] == "ConfigMap"}
    claims = {m["metadata"]["name"] for m in found if m["kind"] == "PersistentVolumeClaim"}
    for name, template in pods(found).items():
        volumes = {volume["name"]: volume for volume in template["spec"].get("volumes", [])}
        for volume in volumes.values():
            claim = volume.get("persistentVolumeClaim", {}).get("claimName")
            if claim and claim not in claims:
                yield f"{name}: no volume claim {claim}"
        mounted = {mount["name"] for c in all_containers(template) for mount in c.get("volumeMounts", [])}
        kept = {"data"} if name == "unstill-postgresql" else set()  # from its own claims' template
        if mounted - volumes.keys() != kept or volumes.keys() - mounted:
            yield f"{name}: volumes {sorted(mounted ^ volumes.keys())}"
        for container in all_containers(template):
            yield from _variables(name, container, maps)


def _variables(name: str, container: Manifest, maps: set[str]) -> Iterator[str]:
    known = {f"{PREFIX}{field}".upper() for field in Settings.model_fields}
    for source in container.get("envFrom", []):
        if source.get("configMapRef", {}).get("name") not in maps:
            yield f"{name}: no settings {source}"
    for variable in container.get("env", []):
        if variable["name"].startswith(PREFIX) and variable["name"] not in known:
            yield f"{name}: {variable['name']} is no setting"
        secret = variable.get("valueFrom", {}).get("secretKeyRef")
        if secret and (secret["key"] not in SECRETS.get(secret["name"], ()) or secret.get("optional")):
            yield f"{name}: no secret {secret}"
        if (
            any(word in variable["name"] for word in ("SECRET", "PASSWORD", "TOKEN", "KEY", "URL"))
            and not secret
        ):
            yield f"{name}: {variable['name']} stands in the open"


def settings(found: list[Manifest]) -> Iterator[str]:
    known = {f"{PREFIX}{field}".upper() for field in Settings.model_fields}
    given = one(found, "ConfigMap")["data"]
    yield from (f"{name} is no setting" for name in given if name not in known)
    if given.get("UNSTILL_WORKERS") != "ray":
        yield "workers are not Ray's"


def no_secret_is_shipped(found: list[Manifest]) -> Iterator[str]:
    yield from (f"a Secret: {m['metadata']['name']}" for m in found if m["kind"] == "Secret")


def selectors(found: list[Manifest]) -> Iterator[str]:
    """The Service and the budget mean the servers and nobody else; each policy means some pod."""
    for kind, path in (("Service", ("selector",)), ("PodDisruptionBudget", ("selector", "matchLabels"))):
        for manifest in (m for m in found if m["kind"] == kind and m["metadata"]["name"] == "unstill"):
            wanted = manifest["spec"]
            for step in path:
                wanted = wanted[step]
            meant = [name for name in pods(found) if wanted.items() <= labels(found, name).items()]
            if meant != ["unstill"]:
                yield f"{kind} means {meant}"
    for policy in (m for m in found if m["kind"] == "NetworkPolicy"):
        if not [n for n in pods(found) if selected(policy["spec"]["podSelector"], labels(found, n))]:
            yield f"policy {policy['metadata']['name']} means no pod"
    service = next(m for m in found if m["kind"] == "Service" and m["metadata"]["name"] == "unstill")
    ports = {p["name"]: p["containerPort"] for p in all_containers(pods(found)["unstill"])[-1]["ports"]}
    if [(p["port"], ports.get(p["targetPort"])) for p in service["spec"]["ports"]] != [(PORT, PORT)]:
        yield "the Service leads to no port of the server"


def security(found: list[Manifest]) -> Iterator[str]:
    """Pod Security Standards, "restricted", and a root that cannot be written."""
    for name, template in pods(found).items():
        context = template["spec"].get("securityContext", {})
        if context.get("runAsNonRoot") is not True or context.get("seccompProfile") != {
            "type": "RuntimeDefault"
        }:
            yield f"{name}: {context}"
        if template["spec"].get("automountServiceAccountToken", True) and name != "ray-head":
            yield f"{name}: has a key to Kubernetes"
        yield from (
            f"{name}: {c['name']}" for c in all_containers(template) if c.get("securityContext") != SECURE
        )
        for container in all_containers(template):
            if not {"cpu", "memory"} <= container["resources"]["requests"].keys():
                yield f"{name}: {container['name']} asks for nothing"
    if one(found, "RayCluster")["spec"]["autoscalerOptions"].get("securityContext") != SECURE:
        yield "the autoscaler beside the head"


def ray(found: list[Manifest]) -> Iterator[str]:
    """Tokens, cards with their memory, pools that the groups can hold, one set of ports."""
    spec = one(found, "RayCluster")["spec"]
    if spec.get("authOptions") != {"mode": "token", "secretName": "unstill-ray"}:
        yield "Ray without a token"
    if not spec.get("enableInTreeAutoscaling"):
        yield "no autoscaling"
    most: dict[str | None, float] = {}
    for name, group in groups(found).items():
        start, container = group["rayStartParams"], group["template"]["spec"]["containers"][0]
        cards = int(container["resources"]["limits"].get("nvidia.com/gpu", 0))
        if int(start.get("num-gpus", 0)) != cards:
            yield f"{name}: {cards} cards"
        if "labels" in start:
            yield f"{name}: KubeRay refuses labels among rayStartParams"
        if (LABEL in group.get("labels", {})) is not bool(cards):
            yield f"{name}: label of its cards' memory"
        if (cards or name == "head") and start["num-cpus"] != "0":
            yield f"{name}: camera motion would go there"
        if name != "head":
            memory = group["labels"].get(LABEL) if cards else None
            most[memory] = most.get(memory, 0) + group["maxReplicas"] * (cards or int(start["num-cpus"]))
    pools = {
        pool.gib: pool.high * pool.part
        for pool in parse_pools(one(found, "ConfigMap")["data"]["UNSTILL_RAY_POOLS"])
    }
    if pools != most:
        yield f"pools {pools}, groups {most}"
    yield from _beside(found)


def _beside(found: list[Manifest]) -> Iterator[str]:
    """The node beside a server: no cores, no cards, the cluster's ports, the same folder and memory."""
    template = pods(found)["unstill"]
    [node] = template["spec"]["initContainers"]
    [server] = template["spec"]["containers"]
    said = dict(word[2:].partition("=")[::2] for word in node["command"][3:])
    head = f"{one(found, 'RayCluster')['metadata']['name']}-head-svc"
    if said.pop("address") != f"{head}:{groups(found)['head']['rayStartParams']['port']}":
        yield "the servers' nodes ask for another head"
    expected = {
        **groups(found)["cpu"]["rayStartParams"],
        "num-cpus": "0",
        "num-gpus": "0",
        "disable-usage-stats": "",
    }
    if said != expected:
        yield f"the servers' nodes differ: {sorted(set(said.items()) ^ set(expected.items()))}"
    if node.get("restartPolicy") != "Always" or not template["spec"].get("shareProcessNamespace"):
        yield "no sidecar"
    shared = [{m["name"]: m["mountPath"] for m in c["volumeMounts"]} for c in (node, server)]
    if not {"tmp": "/tmp", "shm": "/dev/shm"}.items() <= shared[0].items() & shared[1].items():
        yield "the server does not see its node"
    images = {c["image"] for c in (node, server)} | {
        groups(found)[name]["template"]["spec"]["containers"][0]["image"] for name in ("head", "cpu")
    }
    if len(images) != 1:
        yield f"images: {sorted(images)}"


def traffic(found: list[Manifest]) -> Iterator[str]:
    """What has to be reached is, and nothing else."""
    own_database = "unstill-postgresql" in pods(found)
    shared = one(found, "ConfigMap")["data"]["UNSTILL_STORAGE"].startswith("/")
    members = ("unstill", "ray-head", "ray-cpu", "ray-gpu")
    ways: dict[tuple[str, str, int], bool] = {}
    start = groups(found)["head"]["rayStartParams"]
    for source in members:
        for target in members:
            ways.update({(source, target, int(start[port])): True for port in RAY_PORTS})
            ways.update({(source, target, port): False for port in (22, 8265, 10001)})
        ways |= {(source, "dns", 53): True, (source, STORAGE, 80): False}
        ways |= {(source, other, port): False for other in (WORLD, NEAR) for port in OUTSIDE}
        ways[source, STORAGE, 443] = source != "ray-head" and not shared
        ways[source, DATABASE, 5432] = source == "unstill" and not own_database
        ways[source, KUBERNETES_API, 443] = source == "ray-head"
        ways["dns", source, PORT] = False
        ways["client", source, PORT] = source == "unstill"
        ways["stranger", source, PORT] = ways["stranger", source, 6379] = False
    if own_database:
        ways |= {
            (source, "unstill-postgresql", 5432): source == "unstill" for source in (*members, "stranger")
        }
        ways["unstill-postgresql", WORLD, 443] = False
    for (source, target, port), wanted in ways.items():
        if passes(found, source, target, port) is not wanted:
            yield f"{source} to {target}:{port} should {'pass' if wanted else 'be stopped'}"


RULES = (references, settings, no_secret_is_shipped, selectors, security, ray, traffic)


def faults(found: list[Manifest]) -> list[str]:
    return [f"{rule.__name__}: {fault}" for rule in RULES for fault in rule(found)]
