"""Mistakes that the rules of the scaled manifests must find: what is changed, where, and to what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from manifests import Manifest, patched

POD, RAY_GROUPS = "/spec/template/spec", "/spec/workerGroupSpecs"
SERVER, NODE = f"{POD}/containers/0", f"{POD}/initContainers/0"
MOTION, CARDS = f"{RAY_GROUPS}/0", f"{RAY_GROUPS}/1"
HEAD = "/spec/headGroupSpec"


@dataclass(frozen=True)
class Mistake:
    """One step of a JSON patch on one manifest. ``op`` is add, replace or remove."""

    kind: str
    op: str
    path: str
    value: Any = None
    name: str = "unstill"

    def made(self, found: list[Manifest]) -> list[Manifest]:
        step = {"op": self.op, "path": self.path, "value": self.value}
        return patched(found, {"kind": self.kind, "name": self.name}, yaml.safe_dump([step]))


def settings(name: str, value: str) -> Mistake:
    return Mistake("ConfigMap", "add", f"/data/{name}", value)


def cluster(op: str, path: str, value: Any = None) -> Mistake:
    return Mistake("RayCluster", op, path, value)


def servers(op: str, path: str, value: Any = None) -> Mistake:
    return Mistake("Deployment", op, path, value)


def policy(op: str, path: str, value: Any = None, name: str = "unstill") -> Mistake:
    return Mistake("NetworkPolicy", op, path, value, name)


ANYWHERE = "0.0.0.0/0"
IN_THE_OPEN = {"name": "UNSTILL_DATABASE_URL", "value": "postgresql://a:b@c/d"}
MISTAKES: Mapping[str, Mistake] = {
    "an unknown setting": settings("UNSTILL_DATABASE", "x"),
    "workers of its own": settings("UNSTILL_WORKERS", "2"),
    "more slots than cards": settings("UNSTILL_RAY_POOLS", "cpu=0-8,gpu80=0-5"),
    "a pool without nodes": settings("UNSTILL_RAY_POOLS", "cpu=0-8,gpu80=0-4,gpu24=0-2"),
    "another card's memory": cluster("replace", f"{CARDS}/labels/unstill.gpu-memory-gib", "24"),
    "labels where KubeRay refuses them": cluster("add", f"{MOTION}/rayStartParams/labels", "a=b"),
    "no token": cluster("remove", "/spec/authOptions"),
    "no autoscaling": cluster("remove", "/spec/enableInTreeAutoscaling"),
    "videos on the head": cluster("replace", f"{HEAD}/rayStartParams/num-cpus", "4"),
    "motion on a card's node": cluster("replace", f"{CARDS}/rayStartParams/num-cpus", "4"),
    "two cards of one": cluster("replace", f"{CARDS}/rayStartParams/num-gpus", "2"),
    "another port": cluster("replace", f"{MOTION}/rayStartParams/node-manager-port", "9"),
    "a port behind the policy": cluster("replace", f"{HEAD}/rayStartParams/max-worker-port", "19999"),
    "a root that can be written": cluster(
        "replace", f"{MOTION}/template/spec/containers/0/securityContext/readOnlyRootFilesystem", False
    ),
    "a key to Kubernetes": cluster("remove", f"{CARDS}/template/spec/automountServiceAccountToken"),
    "an autoscaler with every right": cluster("remove", "/spec/autoscalerOptions/securityContext"),
    "an unknown secret": servers("replace", f"{SERVER}/env/1/valueFrom/secretKeyRef/key", "uri"),
    "a secret in the open": servers("replace", f"{SERVER}/env/1", IN_THE_OPEN),
    "a key that may be missing": servers("add", f"{SERVER}/env/0/valueFrom/secretKeyRef/optional", True),
    "a volume that is not there": servers(
        "replace", f"{POD}/volumes/1/persistentVolumeClaim/claimName", "other"
    ),
    "a folder that nobody mounts": servers("remove", f"{SERVER}/volumeMounts/1"),
    "no memory in common": servers("replace", f"{NODE}/volumeMounts/1/mountPath", "/shm"),
    "another image beside the server": servers("replace", f"{NODE}/image", "ray:2.54"),
    "a node that ends": servers("remove", f"{NODE}/restartPolicy"),
    "another head": servers("replace", f"{NODE}/command/3", "--address=other:6379"),
    "root": servers("remove", f"{POD}/securityContext/runAsNonRoot"),
    "a Service for Ray's pods, too": Mistake(
        "Service", "replace", "/spec/selector", {"unstill-ray": "member"}
    ),
    "a Service that leads nowhere": Mistake("Service", "replace", "/spec/ports/0/targetPort", "web"),
    "a budget for nobody": Mistake(
        "PodDisruptionBudget", "replace", "/spec/selector/matchLabels", {"app": "other"}
    ),
    "the whole world": policy("replace", "/spec/egress/0/to/0/ipBlock/cidr", ANYWHERE),
    "a wider net": policy("replace", "/spec/egress/0/to/0/ipBlock/cidr", "192.0.2.0/24"),
    "no list of peers": policy("remove", "/spec/egress/0/to", name="unstill-storage"),
    "no list of ports": policy("remove", "/spec/egress/0/ports", name="unstill-storage"),
    "everybody to the servers": policy("remove", "/spec/ingress/0/from"),
    "no names": policy("remove", "/spec/egress/1", name="unstill-ray"),
    "no way to the storage": policy("replace", "/spec/egress", [], name="unstill-storage"),
    "workers to Kubernetes": policy(
        "replace", "/spec/podSelector/matchLabels", {"unstill-ray": "member"}, name="unstill-ray-head"
    ),
    "a policy for nobody": policy(
        "replace", "/spec/podSelector/matchLabels", {"app": "other"}, name="unstill-ray-head"
    ),
    "fewer of Ray's ports": policy("remove", "/spec/ingress/0/ports/1", name="unstill-ray"),
    "ingress without a policy": policy("replace", "/spec/policyTypes", ["Egress"]),
}
